"""
Where the JavaScript SDK slips: that it does, as far as that can be seen without waiting for
time to pass, and that this package does not.

The slips are those of docs/protocol/conversations.md, Slips of the JavaScript SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ConnectionState,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    FCMToken,
    ForbiddenError,
    MessageUpdateReason,
    TokenRejectedError,
)
from conversations._core.upstream import JSONValue
from conversations.emulator import Settings
from conversations.testing import RecordingListener
from tests.interop.js_client import Create, JsClient, JsError, JsProcess, Start
from tests.interop.ours import Ours, connect
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator
    from conversations.emulator.backend import Backend


def is_conversation(event: Any, sid: str) -> bool:
    return bool(event["sid"] == sid)


# Reading


@pytest.mark.parametrize("emulator", [Settings(http_cache_interval="PT1H")], indirect=True)
def test_the_service_says_how_long_counts_are_good(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It takes seconds for tenths of seconds. Here they are seconds.
    """
    assert shared.get_messages_count() == 0
    bob.send(shared.sid, "one more")
    alice.hear("on_message_added")

    emulator.clear_requests()
    assert shared.get_messages_count() == 0
    assert shared.get_participants_count() == 2
    assert [record for record in emulator.requests if record.identity == "alice"] == []


def test_reading_goes_on_after_a_lost_connection(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    What it reads when the connection breaks fails. Here it is read again.
    """
    hold = emulator.hold_requests("*/Conversations/CH*", method="GET", times=2)
    theirs = bob.begin("counts", shared.sid)
    ours = alice.client.submit(shared.get_participants_count, timeout=limit())
    hold.wait_until_held(2)

    emulator.drop_connections()

    with pytest.raises(JsError) as failed:
        theirs.result()
    assert "disconnected" in str(failed.value)
    assert ours.result(limit()) == 2


def test_media_are_asked_for_again(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It means to repeat a failed GET of media, and never does.
    """
    shared.send_message(media=[(b"content", "text/plain")], timeout=limit())
    bob.wait_for("messageAdded")
    (media,) = shared.get_last_messages()[0].attached_media
    emulator.fail_requests("*/Media/ME*", status=503, code=20503, times=1, method="GET")
    with pytest.raises(JsError):
        bob.call("media", shared.sid, message=0, categories=["media"])

    emulator.fail_requests("*/Media/ME*", status=503, code=20503, times=1, method="GET")
    assert media.download(timeout=limit()) == b"content"


def test_a_refusal_is_not_asked_for_again(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It asks six times for what is forbidden or not there.
    """
    emulator.send_message(shared.sid, "flagged", channel_metadata=("sms", {}))
    (message,) = alice.hear("on_message_added")
    bob.wait_for("messageAdded")
    emulator.fail_requests("*/ChannelMetadata", status=403, code=50107)

    with pytest.raises(JsError):
        bob.call("channelMetadata", shared.sid, message=0)
    with pytest.raises(ForbiddenError) as refused:
        message.get_channel_metadata()

    assert (refused.value.status, refused.value.code) == (403, 50107)
    asked = [record for record in emulator.requests if record.path.endswith("/ChannelMetadata")]
    assert [record.identity for record in asked] == ["bob"] * 6 + ["alice"]


def test_recipients_that_are_listed_twice_are_not_doubled(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    """
    Each listing adds to the recipients of a message that it keeps.
    """
    shared.add_participant_by_address("bo@example.com", "support@example.com", email_name="Bo")
    mail = shared.send_message("mail")
    bob.wait_for("messageAdded")
    for _ in range(2):
        bob.call("recipientsOfAll", shared.sid)
        shared.get_message_recipients()

    once = len(mail.get_message_recipients())

    assert once == len(shared.get_message_recipients().items)
    assert len(bob.call("recipients", shared.sid, message=0)) == 2 * once


@pytest.mark.parametrize("removed", [0, 3])
def test_a_page_is_full_beside_what_was_removed(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator, removed: int
) -> None:
    """
    A message that it saw being removed takes a place on its page.
    """
    for number in range(15):
        emulator.send_message(shared.sid, f"message {number}")
    emulator.remove_message(shared.sid, removed)
    alice.hear("on_message_deleted")
    bob.wait_for("messageRemoved")

    theirs = bob.messages(shared.sid, 12, anchor=removed, direction="forward")
    ours = shared.get_messages(12, removed, "forward")

    assert len(ours) == min(12, 14 - removed)
    assert [message.message_index for message in ours][: len(theirs["items"])] == [
        message["index"] for message in theirs["items"]
    ]


def test_a_stale_answer_does_not_undo_what_events_have_told(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It takes the answer to a look-up for news, however old it is.
    """
    hold = emulator.hold_replies("*/Conversations/*", method="GET")
    theirs = bob.begin("peek", sid=shared.sid)
    hold.wait_until_held()
    ours = alice.client.submit(alice.client.peek_conversation, shared.sid, timeout=limit())

    shared.set_friendly_name("newest")
    bob.wait_for(
        "conversationUpdated", lambda event: event["conversation"]["friendlyName"] == "newest"
    )
    alice.client.wait_until(lambda: shared.friendly_name == "newest", timeout=limit())
    hold.release()

    assert theirs.result()["friendlyName"] == "Lunch ☕"
    assert ours.result(limit()) is shared
    assert shared.friendly_name == "newest"


# Conversations


def test_a_conversation_survives_a_passing_fault(
    start: Start, emulator: Emulator, create: Create
) -> None:
    """
    If an object of a conversation cannot be opened at once, it drops the conversation for good.
    """
    sid = emulator.create_conversation(identities=["alice", "bob"]).sid
    emulator.send_message(sid, "hello")
    for identity in ("alice", "bob"):
        emulator.fail_requests(f"*/Lists/{sid}*", status=500, times=1, identity=identity)

    bob = start("bob")
    emulator.wait_for_request(
        lambda record: (
            record.identity == "bob" and "/Lists/" in record.path and record.status == 500
        )
    )
    emulator.send_message(sid, "is anybody there?")
    other = create(bob)
    assert [one["sid"] for one in bob.events("conversationAdded")] == [other]
    assert bob.events("messageAdded") == []

    with connect(emulator, "alice") as alice:
        (conversation,) = alice.client.my_conversations
        alice.wait_for("on_error")
        assert conversation.synchronization_status is ConversationSynchronizationStatus.FAILED
        assert [message.body for message in conversation.get_last_messages()] == [
            "hello",
            "is anybody there?",
        ]
        assert conversation.synchronization_status is ConversationSynchronizationStatus.ALL
        emulator.send_message(sid, "and more")
        assert alice.hear("on_message_added")[-1].body == "and more"


def test_a_peeked_conversation_is_not_announced(alice: Ours, bob: JsClient, create: Create) -> None:
    """
    It says that a conversation was added when it was only looked at.
    """
    ours = alice.client.create_conversation("ours")
    ours.join()
    alice.enter(ours.sid)
    ours.leave()
    theirs = create(bob, friendlyName="theirs")
    bob.call("leave", theirs)
    bob.wait_for("conversationRemoved")
    alice.wait_for("on_conversation_deleted")

    peeked = alice.client.peek_conversation(ours.sid)
    bob.call("peek", sid=theirs)

    assert peeked.friendly_name == "ours"
    assert peeked.status is ConversationStatus.NOT_PARTICIPATING
    bob.wait_for("conversationAdded", lambda one: is_conversation(one, theirs), count=2)
    assert len(alice.heard.calls("on_conversation_added")) == 1


def test_a_new_conversation_was_never_read(alice: Ours, bob: JsClient, emulator: Emulator) -> None:
    """
    It takes the horizon of a conversation that it has just made for 0.
    """
    held = emulator.hold_events("*.channels")

    theirs = bob.call("create")
    ours = alice.client.create_conversation()

    assert theirs["lastReadMessageIndex"] == 0
    assert ours.last_read_message_index is None
    held.release()


def edit_document(emulator: Emulator, sid: str, **members: JSONValue) -> None:
    """
    Change a conversation's document as no request can.
    """

    def edit(backend: Backend) -> None:
        document: Any = next(
            one for one in backend.service.store if one.unique_name == f"{sid}.channel"
        )
        document.set_data({**document.data, **members})

    emulator.call(edit)


def test_a_state_that_only_has_a_new_date_is_new(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It does not notice the date of the state.
    """
    later = "2031-02-03T04:05:06.000Z"
    edit_document(
        emulator,
        shared.sid,
        state={"current": "active", "dateUpdated": later},
        friendlyName="changed too",
    )

    alice.wait_for(
        "on_conversation_updated",
        lambda one, reason: reason is ConversationUpdateReason.STATE and one is shared,
    )
    assert shared.state_date_updated is not None
    assert shared.state_date_updated.year == 2031
    event = bob.wait_for(
        "conversationUpdated", lambda event: "friendlyName" in event["updateReasons"]
    )
    assert event["updateReasons"] == ["friendlyName"]


def edit_message(emulator: Emulator, sid: str, **members: JSONValue) -> None:
    """
    Change the first message as no request can; ``None`` leaves a member out.
    """

    def edit(backend: Backend) -> None:
        messages: Any = next(
            one for one in backend.service.store if one.unique_name == f"{sid}.messages"
        )
        item = {**messages.get(0).data, **members}
        messages.set_item(0, {name: value for name, value in item.items() if value is not None})

    emulator.call(edit)


def test_a_message_that_names_no_content_has_none(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It tells a missing sid of content from none, without harm.
    """
    mine = shared.send_message("plain")
    alice.hear("on_message_added")
    bob.wait_for("messageAdded")

    edit_message(emulator, shared.sid, contentSid=None, text="edited")

    alice.wait_for("on_message_updated")
    bob.wait_for("messageUpdated")
    assert mine.content_sid is None
    assert mine.get_content_data() is None
    assert bob.call("contentData", shared.sid, message=0) is None


def test_a_subject_that_becomes_empty_is_told(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    It ignores an empty subject.
    """
    mine = shared.send_message("with a subject", subject="subject")
    alice.hear("on_message_added")
    bob.wait_for("messageAdded")

    emulator.update_message(shared.sid, 0, subject="", body="edited")

    alice.wait_for("on_message_updated", lambda _, reason: reason is MessageUpdateReason.SUBJECT)
    assert mine.subject is None
    event = bob.wait_for("messageUpdated")
    assert "subject" not in event["updateReasons"]
    assert event["message"]["subject"] == "subject"


def test_a_receipt_for_nobody_is_none(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    """
    Both pass over a delivery whose total is 0.
    """
    mine = shared.send_message("to nobody else")
    alice.hear("on_message_added")
    bob.wait_for("messageAdded")
    nobody: JSONValue = {
        "total": 0,
        **dict.fromkeys(("sent", "delivered", "read", "undelivered", "failed"), "none"),
    }

    edit_message(emulator, shared.sid, delivery=nobody, text="edited")

    event = bob.wait_for("messageUpdated")
    assert event["updateReasons"] == ["body"]
    alice.wait_for("on_message_updated")
    assert mine.aggregated_delivery_receipt is None
    assert [call["reason"] for call in alice.heard.calls("on_message_updated")] == [
        MessageUpdateReason.BODY
    ]


# The start


def test_a_start_that_is_slow_does_not_fail(own_js: JsProcess, emulator: Emulator) -> None:
    """
    It says that the start has failed, once or twice, and then that it has succeeded.
    """
    emulator.refuse_connections(times=1)
    bob = own_js.client("bob", emulator.token("bob"), emulator.twilsock_url)
    bob.wait_until_initialized()
    assert "initFailed" in bob.events()

    emulator.refuse_connections(times=1)
    with connect(emulator, "alice") as alice:
        alice.wait_for("on_initialized")
        assert alice.heard.calls("on_init_failed") == []
        assert len(alice.heard.calls("on_initialized")) == 1
        assert len(alice.heard.calls("on_connection_error")) == 1


def test_a_start_that_fails_is_told_once(own_js: JsProcess, emulator: Emulator) -> None:
    """
    It says twice that its token was refused.
    """
    emulator.refuse_init(identity="bob")
    bob = own_js.client("bob", emulator.token("bob"), emulator.twilsock_url)
    bob.wait_for("initFailed", count=2)

    emulator.refuse_init(identity="alice")
    heard = RecordingListener()
    with pytest.raises(TokenRejectedError):
        ConversationsClient.create(
            emulator.token("alice"), emulator.properties(), heard, timeout=limit()
        )
    assert len(heard.calls("on_init_failed")) == 1
    assert heard.calls("on_initialized") == []


# Tokens


def test_a_new_token_works_after_the_first_was_refused(
    own_js: JsProcess, emulator: Emulator
) -> None:
    """
    A new token after a refused start is a TypeError, and works nevertheless. Here the start asks
    for another token.
    """
    emulator.refuse_init(times=1, identity="bob")
    bob = own_js.client("bob", emulator.token("bob"), emulator.twilsock_url)
    bob.wait_for("connectionStateChanged", lambda state: state == "denied")
    with pytest.raises(JsError) as failed:
        bob.call("updateToken", token=emulator.token("bob"))
    assert failed.value.name == "TypeError"
    bob.wait_until_initialized()

    emulator.refuse_init(times=1, identity="alice")
    with ConversationsClient.create(
        lambda: emulator.token("alice"), emulator.properties(), timeout=limit()
    ) as client:
        assert client.my_identity == "alice"


class RenewsAtTheLastMoment(ConversationsClientListener):
    """
    Takes a new token when the old one is over.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.client: ConversationsClient | None = None

    def on_token_expired(self) -> None:
        assert self.client is not None
        self.client.update_token(self.token, timeout=limit())


def test_a_new_token_works_at_once_when_the_old_one_has_ended(
    own_js: JsProcess, emulator: Emulator
) -> None:
    """
    For three seconds after the end it loses a new token, and leaves the call open.
    """
    bob = own_js.client("bob", emulator.token("bob"), emulator.twilsock_url)
    bob.wait_until_initialized()
    listener = RenewsAtTheLastMoment(emulator.token("alice"))
    with connect(emulator, "alice") as alice:
        listener.client = alice.client
        alice.client.add_listener(listener)

        emulator.expire_token()
        bob.wait_for("tokenExpired")
        lost = bob.begin("updateToken", token=emulator.token("bob"))
        bob.call("nothing")

        alice.wait_for(
            "on_connection_state_change", lambda state: state is ConnectionState.CONNECTED, count=2
        )
        assert alice.client.create_conversation().sid
        bob.wait_for("connectionStateChanged", lambda state: state == "disconnected")
        assert not lost.is_done
        bob.call("updateToken", token=emulator.token("bob"))
        bob.wait_for("connectionStateChanged", lambda state: state == "connected", count=2)


def test_a_connection_lost_under_a_new_token_is_no_accident(
    alice: Ours, bob: JsClient, js: JsProcess, emulator: Emulator
) -> None:
    """
    If the connection breaks before a new token is answered, it rejects a promise that nobody
    can handle.
    """
    hold = emulator.hold_handshakes("update")
    theirs = bob.begin("updateToken", token=emulator.token("bob"))
    new = emulator.token("alice", ttl=7200)
    ours = alice.client.submit(alice.client.update_token, new, timeout=limit())
    hold.wait_until_held(2)

    emulator.drop_connections()
    hold.release()

    js.wait_for_unhandled_rejection()
    theirs.result()
    ours.result(limit())
    alice.client.wait_until_connected(timeout=limit())
    assert alice.heard.calls("on_error") == []


# Push


def test_registering_after_unregistering_is_as_before(emulator: Emulator) -> None:
    """
    After one unregistering it tries a registration three times only. Here the call decides.
    """
    with connect(emulator, "alice", backoff_min=0.01, backoff_max=0.02) as alice:
        alice.client.register_fcm_token(FCMToken("first"))
        alice.client.unregister_fcm_token(FCMToken("first"))
        emulator.fail_requests("/v1/registrations", status=503, code=20503, times=2)
        alice.client.register_fcm_token(FCMToken("second"), timeout=limit())

    assert [one.token for one in emulator.push_registrations] == ["second"]
