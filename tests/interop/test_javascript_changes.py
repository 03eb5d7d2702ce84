"""
The official JavaScript SDK on the emulator: what changes, and what each side is told of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.js_client import Create, JsError, Pair, Start

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def reasons(event: dict[str, Any]) -> set[str]:
    return set(event["updateReasons"])


ACTS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("add", {"identity": "bob"}, ["participantJoined"]),
    ("send", {"body": "hello"}, ["messageAdded", "conversationUpdated"]),
    ("setBody", {"message": 0, "value": "edited"}, ["messageUpdated"]),
    ("setLastReadMessageIndex", {"index": 0}, ["conversationUpdated", "participantUpdated"]),
    ("setNotificationLevel", {"value": "muted"}, ["conversationUpdated"]),
    ("removeMessage", {"message": 0}, ["messageRemoved", "conversationUpdated"]),
    ("setFriendlyName", {"value": "named"}, ["conversationUpdated"]),
    ("setUserFriendlyName", {"value": "Al"}, ["userUpdated"]),
    ("removeParticipant", {"participant": "bob"}, ["participantLeft"]),
    ("leave", {}, ["conversationLeft", "conversationRemoved"]),
]
"""What an act is told as to whoever acts."""


def test_whoever_acts_is_told_of_it_in_the_order_of_the_service(
    start: Start, create: Create
) -> None:
    alice = start("alice")
    sid = create(alice)

    for command, arguments, expected in ACTS:
        before = alice.events()
        alice.call(command, sid, **arguments)
        alice.wait_for(expected[-1], count=before.count(expected[-1]) + 1)
        assert alice.events()[len(before) :] == expected, command


def test_a_message_is_edited_and_removed(pair: Pair) -> None:
    alice, bob, sid = pair
    for text in ("first", "second"):
        alice.send(sid, text)
    for client in pair[:2]:
        client.wait_for("messageAdded", count=2)

    alice.call("setBody", sid, message=1, value="zweite ✏️")
    edited = bob.wait_for("messageUpdated", lambda event: "body" in event["updateReasons"])
    assert reasons(edited) == {"body", "lastUpdatedBy", "dateUpdated"}
    assert edited["message"]["body"] == "zweite ✏️"
    assert edited["message"]["lastUpdatedBy"] == "alice"

    alice.call("setMessageAttributes", sid, message=1, value=[None])
    changed = bob.wait_for("messageUpdated", lambda event: "attributes" in event["updateReasons"])
    assert changed["message"]["attributes"] == [None]

    alice.call("removeMessage", sid, message=1)
    assert bob.wait_for("messageRemoved")["index"] == 1
    alice.wait_for("messageRemoved")
    assert [message["body"] for message in bob.messages(sid)["items"]] == ["first"]
    assert alice.send(sid, "third") == 2


def test_the_properties_of_a_conversation_change_for_everybody(pair: Pair) -> None:
    alice, bob, sid = pair

    for command, value, reason in (
        ("setFriendlyName", "Mittagessen", "friendlyName"),
        ("setAttributes", {"where": "here"}, "attributes"),
        ("setUniqueName", "mittag", "uniqueName"),
    ):
        alice.call(command, sid, value=value)
        for client in (alice, bob):
            event = client.wait_for(
                "conversationUpdated",
                lambda event, reason=reason, value=value: event["conversation"][reason] == value,
            )
            assert reasons(event) == {reason, "dateUpdated"}

    alice.call("setUniqueName", sid, value=None)
    bob.wait_for("conversationUpdated", lambda event: event["conversation"]["uniqueName"] is None)
    with pytest.raises(JsError) as unknown:
        bob.call("conversationByUniqueName", uniqueName="mittag")
    assert (unknown.value.status, unknown.value.code) == (404, 50350)


def test_the_notification_level_is_ones_own(pair: Pair) -> None:
    alice, bob, sid = pair

    alice.call("setNotificationLevel", sid, value="muted")

    event = alice.wait_for(
        "conversationUpdated", lambda event: "notificationLevel" in event["updateReasons"]
    )
    assert event["conversation"]["notificationLevel"] == "muted"
    assert bob.call("conversation", sid)["notificationLevel"] == "default"


def test_reading_moves_the_horizon_and_counts_what_is_unread(pair: Pair) -> None:
    alice, bob, sid = pair
    for number in range(4):
        alice.send(sid, f"message {number}")
    bob.wait_for("messageAdded", count=4)
    assert bob.call("counts", sid) == {"unread": None, "messages": 4, "participants": 2}

    assert bob.call("setLastReadMessageIndex", sid, index=1) == 2
    event = bob.wait_for(
        "conversationUpdated", lambda event: "lastReadMessageIndex" in event["updateReasons"]
    )
    assert event["conversation"]["lastReadMessageIndex"] == 1
    seen = alice.wait_for("participantUpdated")
    assert (seen["participant"]["identity"], seen["participant"]["lastReadMessageIndex"]) == (
        "bob",
        1,
    )
    assert reasons(seen) == {"lastReadMessageIndex", "lastReadTimestamp", "dateUpdated"}

    assert bob.call("advanceLastReadMessageIndex", sid, index=2) == 1
    bob.wait_for(
        "conversationUpdated", lambda event: event["conversation"]["lastReadMessageIndex"] == 2
    )
    assert bob.call("advanceLastReadMessageIndex", sid, index=0) == 1
    assert bob.call("setLastReadMessageIndex", sid, index=0) == 3
    assert bob.call("setAllMessagesRead", sid) == 0
    assert bob.call("setAllMessagesUnread", sid) is None
    bob.wait_for(
        "conversationUpdated",
        lambda event: (
            event["updateReasons"] == ["lastReadMessageIndex"]
            and event["conversation"]["lastReadMessageIndex"] is None
        ),
    )


def test_a_participants_attributes_change_for_everybody(pair: Pair) -> None:
    alice, bob, sid = pair
    (itself,) = (one for one in bob.call("participants", sid) if one["identity"] == "bob")

    bob.call("setParticipantAttributes", sid, participant=itself["sid"], value={"mood": "🙂"})

    event = alice.wait_for("participantUpdated")
    assert event["participant"]["attributes"] == {"mood": "🙂"}
    assert reasons(event) == {"attributes", "dateUpdated"}


def test_somebody_without_an_identity_takes_part(pair: Pair) -> None:
    alice, bob, sid = pair

    answer = alice.call("addNonChat", sid, proxyAddress="+15559999", address="+15550001")

    assert answer["messaging_binding"] == {
        "type": "sms",
        "address": "+15550001",
        "proxy_address": "+15559999",
    }
    came = bob.wait_for("participantJoined")
    assert (came["identity"], came["type"]) == (None, "sms")


def test_deleting_a_conversation_ends_it_for_everybody(pair: Pair) -> None:
    alice, bob, sid = pair

    alice.call("delete", sid)

    for client in (alice, bob):
        client.wait_for("conversationRemoved")
        assert client.events("conversationLeft")[0]["sid"] == sid
        assert client.call("subscribedConversations")["items"] == []


def test_a_user_changes_for_whoever_follows_it(pair: Pair) -> None:
    alice, bob, _ = pair
    assert bob.call("user", identity="alice")["friendlyName"] == "alice"

    alice.call("setUserFriendlyName", value="Alice 🐇")
    alice.call("setUserAttributes", value={"likes": ["tea"]})

    bob.wait_for("userUpdated", lambda event: event["user"]["attributes"] == {"likes": ["tea"]})
    assert bob.call("user", identity="alice")["friendlyName"] == "Alice 🐇"
    with pytest.raises(JsError):
        bob.call("user", identity="nobody")


def test_what_the_server_does_by_itself_arrives(pair: Pair, emulator: Emulator) -> None:
    _, bob, sid = pair

    emulator.send_message(sid, "from the back office", author="support")
    message = bob.wait_for("messageAdded")
    emulator.remove_participant(sid, "bob")

    assert (message["author"], message["body"]) == ("support", "from the back office")
    bob.wait_for("conversationLeft")
    bob.wait_for("conversationRemoved")
    with pytest.raises(JsError) as refused:
        bob.call("peek", sid=sid)
    assert (refused.value.status, refused.value.code) == (403, 50430)


def test_a_replay_that_is_cut_short_goes_on(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    with emulator.refuse_connections():
        emulator.drop_connections("alice")
        for number in range(5):
            bob.send(sid, f"message {number}")
        emulator.interrupt_replays(after_events=2)

    alice.wait_for("messageAdded", count=5)
    assert [message["index"] for message in alice.events("messageAdded")] == list(range(5))
