"""
The JavaScript SDK and this package: lost connections and new tokens.

Alice uses this package, Bob the JavaScript SDK.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conversations import ConnectionState, Conversation, ConversationsClient
from tests.interop.js_client import JsClient, JsProcess
from tests.interop.ours import Ours
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def test_every_change_meanwhile_is_told_us_once(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    his = alice.client.get_and_subscribe_user("bob")
    emulator.wait_for_subscription(f"{emulator.get_user('bob').sid}.info", identity="alice")
    shared.send_message("first")
    shared.send_message("second")
    bob.wait_for("messageAdded", count=2)
    alice.hear("on_message_added", 2)
    alice.heard.clear()

    with emulator.refuse_connections():
        emulator.drop_connections("alice")
        bob.send(shared.sid, "meanwhile")
        bob.call("setBody", shared.sid, message=0, value="edited meanwhile")
        bob.call("removeMessage", shared.sid, message=1)
        bob.call("setFriendlyName", shared.sid, value="named meanwhile")
        bob.call("setUserFriendlyName", value="Bobby")
        bob.call("add", shared.sid, identity="carol")
        bob.call("setLastReadMessageIndex", shared.sid, index=0)
        other = bob.call("create", friendlyName="made meanwhile")["sid"]
        bob.call("join", other)
        bob.call("add", other, identity="alice")
    alice.client.wait_until_connected(timeout=limit())
    bob.send(shared.sid, "and then")
    alice.wait_for("on_message_added", lambda message: message.body == "and then")
    alice.client.wait_until(lambda: his.friendly_name == "Bobby", timeout=limit())
    alice.client.wait_until(lambda: shared.friendly_name == "named meanwhile", timeout=limit())
    alice.enter(other)

    told = Counter(call.callback for call in alice.heard.calls())
    assert told["on_message_added"] == 2
    assert told["on_message_deleted"] == 1
    assert told["on_participant_added"] == 1
    assert told["on_user_updated"] == 1
    assert told["on_conversation_added"] == told["on_conversation_joined"] == 1
    edits = [
        call["reason"].value
        for call in alice.heard.calls("on_message_updated")
        if call["message"].message_index == 0
    ]
    assert sorted(edits) == ["body", "dateUpdated", "lastUpdatedBy"]
    assert [message.body for message in shared.get_last_messages()] == [
        "edited meanwhile",
        "meanwhile",
        "and then",
    ]


def test_every_change_meanwhile_is_told_him_once(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    first = shared.send_message("first")
    second = shared.send_message("second")
    bob.wait_for("messageAdded", count=2)
    before = len(bob.events())

    with emulator.refuse_connections():
        emulator.drop_connections("bob")
        shared.send_message("meanwhile")
        first.update_body("edited meanwhile")
        second.remove()
        shared.add_participant_by_identity("carol")
        other = alice.client.create_conversation("made meanwhile")
        other.join()
        other.add_participant_by_identity("bob")
    bob.wait_for("connectionStateChanged", lambda state: state == "connected", count=2)
    shared.send_message("and then")
    bob.wait_for("messageAdded", lambda message: message["body"] == "and then")
    bob.wait_for("conversationJoined", lambda one: one["sid"] == other.sid)

    told = Counter(bob.events()[before:])
    assert told["messageAdded"] == 2
    assert told["messageUpdated"] == told["messageRemoved"] == 1
    assert told["participantJoined"] == 1
    assert told["conversationAdded"] == told["conversationJoined"] == 1


def test_both_come_back_when_they_are_sent_elsewhere(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    emulator.close_connections(code=308, backoff=(10, 20))
    bob.wait_for("connectionStateChanged", lambda state: state == "connected", count=2)
    alice.client.wait_until_connected(timeout=limit())

    bob.send(shared.sid, "his")
    shared.send_message("mine")

    assert [message.body for message in alice.hear("on_message_added", 2)] == ["his", "mine"]
    bob.wait_for("messageAdded", count=2)


def test_both_take_a_new_token_without_losing_the_connection(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    alice.client.update_token(emulator.token("alice", ttl=7200))
    bob.call("updateToken", token=emulator.token("bob", ttl=7200))

    shared.send_message("mine")
    bob.send(shared.sid, "his")
    alice.hear("on_message_added", 2)
    bob.wait_for("messageAdded", count=2)
    states = [call["state"] for call in alice.heard.calls("on_connection_state_change")]
    assert states == [ConnectionState.CONNECTING, ConnectionState.CONNECTED]
    assert bob.events("connectionStateChanged") == ["connecting", "connected"]
    updates = [one for one in emulator.handshakes if one.method == "update"]
    assert [(one.identity, one.status) for one in updates] == [("alice", 200), ("bob", 200)]


def test_both_are_told_before_a_token_ends(alice: Ours, bob: JsClient, emulator: Emulator) -> None:
    emulator.announce_token_expiry()

    alice.wait_for("on_token_about_to_expire")
    bob.wait_for("tokenAboutToExpire")


def test_a_new_token_while_connecting_is_handed_in_afterwards(
    js: JsProcess, emulator: Emulator
) -> None:
    hold = emulator.hold_handshakes()
    bob = js.client("bob", emulator.token("bob"), emulator.twilsock_url)
    ours = ConversationsClient.create_with_callback(emulator.token("alice"), emulator.properties())
    hold.wait_until_held(2)
    theirs = bob.begin("updateToken", token=emulator.token("bob"))
    bob.call("nothing")
    hold.release()
    bob.wait_until_initialized()
    theirs.result()

    with ours.result(limit()) as alice:
        alice.update_token(emulator.token("alice"), timeout=limit())

    updates = [one for one in emulator.handshakes if one.method == "update"]
    assert [(one.identity, one.status) for one in updates] == [("bob", 200), ("alice", 200)]
