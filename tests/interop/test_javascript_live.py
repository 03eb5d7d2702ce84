"""
The official JavaScript SDK on the emulator: typing, users, reachability, push.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conversations.emulator import Settings
from tests.interop.js_client import JsClient, JsError, Pair, Start

if TYPE_CHECKING:
    from conversations.emulator import Emulator

QUICK = pytest.mark.parametrize("emulator", [Settings(typing_timeout=1)], indirect=True)
"""Typing is over after two seconds."""

REACHABLE = pytest.mark.parametrize(
    "emulator", [Settings(reachability_enabled=True, reachability_grace=0.0)], indirect=True
)


def is_typing(client: JsClient, sid: str, identity: str) -> bool:
    return next(
        one["isTyping"] for one in client.call("participants", sid) if one["identity"] == identity
    )


@QUICK
def test_typing_is_seen_by_the_other_and_ends_by_itself(pair: Pair) -> None:
    for typist in pair[:2]:
        typist.call("typing", pair[2])

    for typist, watcher in (pair[:2], pair[1::-1]):
        started = watcher.wait_for("typingStarted")
        assert (started["identity"], started["isTyping"]) == (typist.identity, True)
        ended = watcher.wait_for("typingEnded")
        assert (ended["identity"], ended["isTyping"]) == (typist.identity, False)

    for client in pair[:2]:
        assert len(client.events("typingStarted")) == 1
        assert len(client.events("typingEnded")) == 1


def test_typing_ends_with_the_message(pair: Pair) -> None:
    for typist, watcher in (pair[:2], pair[1::-1]):
        typist.call("typing", pair[2])
        watcher.wait_for("typingStarted")
        assert is_typing(watcher, pair[2], typist.identity)

        typist.send(pair[2], "that was it")

        watcher.wait_for("typingEnded")
        watcher.wait_for(
            "messageAdded", lambda message, author=typist.identity: message["author"] == author
        )
        assert not is_typing(watcher, pair[2], typist.identity)
        names = watcher.events()
        message = len(names) - 1 - names[::-1].index("messageAdded")
        assert names.index("typingEnded") < message


def test_nobody_is_told_of_their_own_typing(pair: Pair, start: Start) -> None:
    alice, bob, sid = pair
    elsewhere = start("alice", name="alice elsewhere")
    elsewhere.wait_for("conversationJoined")
    elsewhere.call("participants", sid)

    alice.call("typing", sid)
    bob.wait_for("typingStarted")
    bob.call("typing", sid)
    for client in (alice, elsewhere):
        client.wait_for("typingStarted")

    for client in (alice, elsewhere):
        assert [one["identity"] for one in client.events("typingStarted")] == ["bob"]


def test_whoever_is_not_a_participant_cannot_type(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    emulator.remove_participant(sid, "bob")
    bob.wait_for("conversationRemoved")

    emulator.start_typing(sid, "alice")
    emulator.send_message(sid, "after the typing", author="alice")

    alice.wait_for("messageAdded")
    assert bob.events("typingStarted") == []


def test_users_are_followed_until_they_are_let_go(pair: Pair, start: Start) -> None:
    alice, bob, sid = pair
    assert bob.call("participantUser", sid, identity="alice")["isSubscribed"]
    assert [one["identity"] for one in bob.call("subscribedUsers")] == ["bob", "alice"]
    assert [one["identity"] for one in bob.events("userSubscribed")] == ["bob", "alice"]

    assert not bob.call("unsubscribeUser", identity="alice")["isSubscribed"]
    assert bob.wait_for("userUnsubscribed")["identity"] == "alice"

    alice.call("setUserFriendlyName", value="Alice 🐇")
    alice.wait_for("userUpdated", lambda event: event["user"]["friendlyName"] == "Alice 🐇")
    assert bob.call("user", identity="alice")["friendlyName"] == "Alice 🐇"


@pytest.mark.parametrize("emulator", [Settings(user_infos_to_subscribe=2)], indirect=True)
def test_the_oldest_of_too_many_users_is_let_go(start: Start) -> None:
    alice = start("alice")
    for identity in ("bob", "carol", "dave"):
        start(identity)
        alice.call("user", identity=identity)

    assert alice.wait_for("userUnsubscribed")["identity"] == "bob"
    assert [one["identity"] for one in alice.call("subscribedUsers")] == ["alice", "carol", "dave"]


def test_users_of_others_cannot_be_changed_nor_found_if_there_are_none(start: Start) -> None:
    alice = start("alice")

    with pytest.raises(JsError) as unknown:
        alice.call("user", identity="nobody")

    assert (unknown.value.status, unknown.value.code) == (404, 50200)


@REACHABLE
def test_who_is_online_is_shown(start: Start) -> None:
    alice, bob = start("alice"), start("bob")
    assert alice.call("state")["reachabilityEnabled"] is True
    assert alice.call("state")["user"]["isOnline"] is True

    assert alice.call("user", identity="bob")["isOnline"] is True
    bob.call("shutdown")

    alice.wait_for("userUpdated", lambda event: event["user"]["isOnline"] is False)
    start("bob", name="bob again")
    back = alice.wait_for(
        "userUpdated",
        lambda event: (
            event["user"]["isOnline"] and event["updateReasons"] == ["reachabilityOnline"]
        ),
    )
    assert back["user"]["identity"] == "bob"


@REACHABLE
def test_a_push_registration_makes_a_user_notifiable(start: Start, emulator: Emulator) -> None:
    alice, bob = start("alice"), start("bob")
    assert alice.call("user", identity="bob")["isNotifiable"] is False

    bob.call("registerPush", channelType="fcm", token="device token")

    event = alice.wait_for("userUpdated", lambda event: event["user"]["isNotifiable"])
    assert event["updateReasons"] == ["reachabilityNotifiable"]
    (registration,) = emulator.push_registrations
    assert (registration.identity, registration.channel_type, registration.token) == (
        "bob",
        "fcm",
        "device token",
    )
    assert "twilio.conversations.new_message" in registration.message_types

    bob.call("removePush", channelType="fcm", token="device token")
    alice.wait_for("userUpdated", lambda event: event["user"]["isNotifiable"] is False)
    assert emulator.push_registrations == ()


def test_the_notifications_that_the_emulator_would_send_are_understood(
    pair: Pair, emulator: Emulator
) -> None:
    alice, bob, sid = pair
    bob.call("setLastReadMessageIndex", sid, index=alice.send(sid, "read already"))
    emulator.configure_push(badge=True)
    for channel_type in ("fcm", "apn"):
        bob.call("registerPush", channelType=channel_type, token=f"{channel_type} token")
    emulator.wait_for_request(
        lambda record: record.path == "/v1/registrations" and record.status == 201, count=2
    )

    alice.send(sid, "hello")

    pushes = {
        channel_type: emulator.wait_for_push(
            lambda push, channel_type=channel_type: push.channel_type == channel_type
        ).payload
        for channel_type in ("fcm", "apn")
    }
    for payload in pushes.values():
        parsed = bob.call("parsePush", payload=payload)
        assert parsed["type"] == "twilio.conversations.new_message"
        assert parsed["body"] == "Lunch;alice: hello"
        assert parsed["data"]["conversationSid"] == sid
        assert parsed["data"]["conversationTitle"] == "Lunch"
        assert parsed["data"]["messageIndex"] == 1
        bob.call("handlePush", payload=payload)
    assert [event["badge"] for event in bob.events("pushNotification")] == [None, 1]


def test_what_is_no_notification_is_refused(start: Start) -> None:
    alice = start("alice")

    for payload in ({}, {"data": {}}, {"aps": {"alert": "hello"}}):
        with pytest.raises(JsError):
            alice.call("parsePush", payload=payload)
