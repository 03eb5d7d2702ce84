"""
The JavaScript SDK and this package: who is in a conversation, and what becomes of it.

Alice uses this package, Bob the JavaScript SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    BadRequestError,
    ChannelType,
    ConflictError,
    Conversation,
    ConversationState,
    ConversationStatus,
    ConversationUpdateReason,
    ForbiddenError,
    NotFoundError,
    ParticipantUpdateReason,
)
from tests.interop.js_client import Create, JsClient, JsError, follow
from tests.interop.ours import Ours, connect
from tests.interop.samples import TEXTS, VALUES
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def went(alice: Ours, conversation: Conversation) -> None:
    """
    Wait until a conversation is left and gone, in this order.
    """
    alice.wait_for("on_conversation_deleted", lambda one: one is conversation)
    told = alice.heard.calls("on_conversation_left", "on_conversation_deleted")
    assert [call.callback for call in told if call["conversation"] is conversation] == [
        "on_conversation_left",
        "on_conversation_deleted",
    ]
    assert conversation.status is ConversationStatus.NOT_PARTICIPATING


def test_names_and_attributes_are_the_same_at_both_sides(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    # An empty name is none to one side and a name to the other; half a pair is no UTF-8.
    names = [text for text in TEXTS if text][:5]
    for number, name in enumerate(names):
        if number % 2:
            bob.call("setFriendlyName", shared.sid, value=name)
            bob.call("setUniqueName", shared.sid, value=f"unique {name}")
        else:
            shared.set_friendly_name(name)
            shared.set_unique_name(f"unique {name}")
        alice.client.wait_until(
            lambda name=name: (
                (shared.friendly_name, shared.unique_name) == (name, f"unique {name}")
            ),
            timeout=limit(),
        )
        bob.wait_for(
            "conversationUpdated",
            lambda event, name=name: (
                (event["conversation"]["friendlyName"], event["conversation"]["uniqueName"])
                == (name, f"unique {name}")
            ),
        )
        assert alice.client.get_conversation(f"unique {name}") is shared
        found = bob.call("conversationByUniqueName", uniqueName=f"unique {name}")
        assert found["sid"] == shared.sid

    shared.set_unique_name(None)
    bob.wait_for("conversationUpdated", lambda event: event["conversation"]["uniqueName"] is None)


def test_attributes_of_every_json_type_change_at_both_sides(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    def check(value: Any) -> None:
        alice.client.wait_until(lambda: shared.attributes.value == value, timeout=limit())
        bob.wait_for(
            "conversationUpdated", lambda event: event["conversation"]["attributes"] == value
        )

    for value in VALUES:
        shared.set_attributes(value)
        check(value)
        bob.call("setAttributes", shared.sid, value=["by bob", value])
        check(["by bob", value])


def test_attributes_of_participants_change_at_both_sides(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    mine, his = (shared.get_participant_by_identity(one) for one in ("alice", "bob"))
    assert mine is not None
    assert his is not None

    mine.set_attributes({"mood": "🙂"})
    event = bob.wait_for("participantUpdated")
    assert event["participant"]["attributes"] == {"mood": "🙂"}
    assert sorted(event["updateReasons"]) == ["attributes", "dateUpdated"]

    bob.call("setParticipantAttributes", shared.sid, participant=his.sid, value=[None])
    alice.wait_for(
        "on_participant_updated",
        lambda who, reason: (
            who is his
            and reason is ParticipantUpdateReason.ATTRIBUTES
            and who.attributes.value == [None]
        ),
    )


def test_whoever_takes_part_over_another_channel_is_seen_alike(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    ours = shared.add_participant_by_address("+15550001", "+15559999", {"from": "alice"})
    bob.wait_for("participantJoined")
    bob.call(
        "addNonChat",
        shared.sid,
        proxyAddress="help@example.com",
        address="bo@example.com",
        attributes={"from": "bob"},
        binding={"email": {"name": "Bo", "level": "to"}},
    )
    theirs = alice.wait_for("on_participant_added", lambda who: who.channel == "email")
    bob.wait_for("participantJoined", count=2)

    assert (ours.channel_type, ours.identity) == (ChannelType.SMS, None)
    his = {one["sid"]: one for one in bob.call("participants", shared.sid)}
    for one in (ours, theirs["participant"]):
        same = his[one.sid]
        assert (one.channel, one.identity, one.attributes.value) == (
            same["type"],
            same["identity"],
            same["attributes"],
        )
        assert dict(one.bindings) == same["bindings"]

    ours.remove()
    assert bob.wait_for("participantLeft")["sid"] == ours.sid


def test_he_is_kicked_comes_back_and_leaves(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    shared.remove_participant_by_identity("bob")
    bob.wait_for("conversationRemoved")
    with pytest.raises(JsError) as refused:
        bob.call("peek", sid=shared.sid)
    assert refused.value.status == 403
    shared.send_message("without him")

    shared.add_participant_by_identity("bob")
    follow(emulator, bob, shared.sid, time=2)
    shared.send_message("with him")
    assert bob.wait_for("messageAdded")["body"] == "with him"
    bob.send(shared.sid, "back again")
    assert alice.hear("on_message_added", 3)[2].body == "back again"

    bob.call("leave", shared.sid)
    bob.wait_for("conversationRemoved", count=2)
    alice.wait_for("on_participant_deleted", count=2)
    assert [one.identity for one in shared.get_participants()] == ["alice"]


def test_we_are_kicked_come_back_and_leave(
    alice: Ours, bob: JsClient, create: Create, emulator: Emulator
) -> None:
    sid = create(bob, friendlyName="his")
    bob.call("add", sid, identity="alice")
    first = alice.enter(sid)
    bob.send(sid, "one")
    alice.hear("on_message_added")

    bob.call("removeParticipant", sid, participant="alice")
    went(alice, first)
    bob.send(sid, "without us")
    with pytest.raises(ForbiddenError):
        first.get_last_messages()

    bob.call("add", sid, identity="alice")
    second = alice.enter(sid, time=2)
    emulator.wait_for_subscription(f"{sid}.messages", identity="alice")
    assert second is not first
    assert [message.body for message in second.get_last_messages()] == ["one", "without us"]
    bob.send(sid, "three")
    assert [message.body for message in alice.hear("on_message_added", 2)] == ["one", "three"]
    second.send_message("four")

    second.leave()
    went(alice, second)
    bob.wait_for("participantLeft", count=2)
    assert alice.client.my_conversations == []


def test_we_delete_it_for_both(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    shared.destroy()

    went(alice, shared)
    bob.wait_for("conversationRemoved")
    with pytest.raises(NotFoundError):
        alice.client.get_conversation(shared.sid)


def test_he_deletes_it_for_both(alice: Ours, bob: JsClient, create: Create) -> None:
    sid = create(bob)
    bob.call("add", sid, identity="alice")
    conversation = alice.enter(sid)

    bob.call("delete", sid)

    bob.wait_for("conversationRemoved")
    went(alice, conversation)


def test_inactivity_is_seen_and_closing_ends_it(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    shared.send_message("kept")
    bob.wait_for("messageAdded")

    emulator.update_conversation(shared.sid, state="inactive")
    alice.wait_for(
        "on_conversation_updated",
        lambda one, reason: (
            reason is ConversationUpdateReason.STATE and one.state is ConversationState.INACTIVE
        ),
    )
    bob.wait_for("conversationUpdated", lambda event: event["conversation"]["state"] == "inactive")
    bob.send(shared.sid, "awake again")
    alice.wait_for(
        "on_conversation_updated",
        lambda one, reason: (
            reason is ConversationUpdateReason.STATE and one.state is ConversationState.ACTIVE
        ),
    )

    emulator.update_conversation(shared.sid, state="closed")
    went(alice, shared)
    bob.wait_for("conversationRemoved")
    assert shared.state is ConversationState.CLOSED
    with pytest.raises(BadRequestError) as ours:
        shared.send_message("too late")
    with pytest.raises(JsError) as theirs:
        bob.send(shared.sid, "too late")
    assert (ours.value.status, ours.value.code) == (400, 50377)
    assert (theirs.value.status, theirs.value.code) == (400, 50377)


def test_a_name_is_given_once_whoever_asks(alice: Ours, bob: JsClient) -> None:
    alice.client.create_conversation(unique_name="ours")
    bob.call("create", uniqueName="theirs")

    with pytest.raises(ConflictError) as ours:
        alice.client.create_conversation(unique_name="theirs")
    with pytest.raises(JsError) as theirs:
        bob.call("create", uniqueName="ours")

    assert ours.value.code == theirs.value.code == 50353


def test_a_conversation_that_is_not_ones_own_is_refused_alike(
    alice: Ours, bob: JsClient, create: Create
) -> None:
    his = create(bob)
    ours = alice.client.create_conversation().sid

    with pytest.raises(ForbiddenError) as refused:
        alice.client.peek_conversation(his)
    with pytest.raises(JsError) as refused_too:
        bob.call("peek", sid=ours)

    assert refused.value.code == refused_too.value.code == 50430


def test_one_user_sees_the_same_at_both_sdks(
    bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    with connect(emulator, "bob") as ours:
        same = ours.enter(shared.sid)
        made = bob.call("create", friendlyName="made elsewhere")["sid"]
        bob.call("join", made)
        assert ours.enter(made).friendly_name == "made elsewhere"

        same.leave()
        bob.wait_for("conversationRemoved")
        assert [one["sid"] for one in bob.call("subscribedConversations")["items"]] == [made]
        ours.client.wait_until(
            lambda: [one.sid for one in ours.client.my_conversations] == [made], timeout=limit()
        )
