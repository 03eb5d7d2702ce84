"""
The JavaScript SDK and this package: typing, reading, users, reachability.

Alice uses this package, Bob the JavaScript SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conversations import (
    Conversation,
    ConversationsClient,
    NotificationLevel,
    Participant,
    UserUpdateReason,
)
from conversations.emulator import Settings
from tests.interop.js_client import JsClient, Start
from tests.interop.ours import Ours
from tests.interop.samples import VALUES
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

QUICK = pytest.mark.parametrize("emulator", [Settings(typing_timeout=1)], indirect=True)
REACHABLE = pytest.mark.parametrize(
    "emulator", [Settings(reachability_enabled=True, reachability_grace=0.0)], indirect=True
)


def participant(conversation: Conversation, identity: str) -> Participant:
    found = conversation.get_participant_by_identity(identity)
    assert found is not None
    return found


# Typing


@QUICK
def test_typing_is_seen_both_ways_and_ends_by_itself(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    shared.typing()
    bob.call("typing", shared.sid)

    started = alice.wait_for("on_typing_started")
    assert started["conversation"] is shared
    assert started["participant"] is participant(shared, "bob")
    assert bob.wait_for("typingStarted")["identity"] == "alice"
    bob.wait_for("typingEnded")
    alice.wait_for("on_typing_ended")
    assert not participant(shared, "bob").is_typing
    assert shared.typing_participants == []
    assert len(alice.heard.calls("on_typing_started", "on_typing_ended")) == 2


def test_typing_ends_both_ways_with_the_message(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    shared.typing()
    bob.wait_for("typingStarted")
    shared.send_message("mine")
    bob.wait_for("messageAdded")
    told = [name for name in bob.events() if name in ("typingEnded", "messageAdded")]
    assert told == ["typingEnded", "messageAdded"]

    bob.call("typing", shared.sid)
    alice.wait_for("on_typing_started")
    assert shared.typing_participants == [participant(shared, "bob")]
    bob.send(shared.sid, "his")
    alice.hear("on_message_added", 2)
    calls = alice.heard.calls("on_typing_ended", "on_message_added")
    assert [call.callback for call in calls][1:] == ["on_typing_ended", "on_message_added"]
    assert not participant(shared, "bob").is_typing


def test_typing_that_is_repeated_is_told_once_by_us(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    for _ in range(3):
        emulator.start_typing(shared.sid, "bob")
    bob.send(shared.sid, "done")

    alice.hear("on_message_added")
    assert len(alice.heard.calls("on_typing_started")) == 1
    assert len(alice.heard.calls("on_typing_ended")) == 1


@QUICK
def test_a_typing_scope_keeps_it_alive_at_his_side(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    with shared.typing_scope():
        bob.wait_for("typingStarted", count=2)
        assert bob.events("typingEnded") == []
    bob.wait_for("typingEnded")


# Reading


def test_horizons_and_counts_agree(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    for number in range(4):
        bob.send(shared.sid, f"message {number}")
    alice.hear("on_message_added", 4)
    assert shared.get_unread_messages_count() is None
    assert bob.call("counts", shared.sid)["unread"] is None
    assert shared.get_messages_count() == bob.call("counts", shared.sid)["messages"] == 4
    assert shared.get_participants_count() == 2

    assert shared.set_last_read_message_index(1) == 2
    seen = bob.wait_for(
        "participantUpdated", lambda event: event["participant"]["lastReadMessageIndex"] == 1
    )
    assert seen["participant"]["identity"] == "alice"
    alice.client.wait_until(lambda: shared.last_read_message_index == 1, timeout=limit())
    stamp = participant(shared, "alice").last_read_timestamp
    assert stamp is not None
    theirs = seen["participant"]["lastReadTimestamp"]
    assert theirs == stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert shared.advance_last_read_message_index(0) == 2
    assert shared.advance_last_read_message_index(2) == 1
    alice.client.wait_until(lambda: shared.last_read_message_index == 2, timeout=limit())
    assert shared.set_all_messages_read() == 0
    assert shared.set_all_messages_unread() is None

    assert bob.call("setLastReadMessageIndex", shared.sid, index=2) == 1
    alice.wait_for(
        "on_participant_updated",
        lambda who, _: who.identity == "bob" and who.last_read_message_index == 2,
    )
    bob.wait_for(
        "conversationUpdated", lambda event: event["conversation"]["lastReadMessageIndex"] == 2
    )
    assert bob.call("advanceLastReadMessageIndex", shared.sid, index=0) == 1
    assert bob.call("setAllMessagesRead", shared.sid) == 0
    assert bob.call("setAllMessagesUnread", shared.sid) is None
    alice.client.wait_until(
        lambda: participant(shared, "bob").last_read_message_index is None, timeout=limit()
    )


def test_the_horizon_of_one_user_moves_at_both_sdks(
    bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    shared.send_message("read me")
    with ConversationsClient.create(
        emulator.token("bob"), emulator.properties(), timeout=limit()
    ) as other:
        other.wait_for_synchronization(timeout=limit())
        same = other.get_conversation(shared.sid)

        bob.call("setLastReadMessageIndex", shared.sid, index=0)
        other.wait_until(lambda: same.last_read_message_index == 0, timeout=limit())
        same.set_all_messages_unread()
        bob.wait_for(
            "conversationUpdated",
            lambda event: (
                "lastReadMessageIndex" in event["updateReasons"]
                and event["conversation"]["lastReadMessageIndex"] is None
            ),
        )
        assert other.get_total_unread_messages_count() == 0


def test_the_notification_level_of_one_user_is_the_same_at_both_sdks(
    bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    with ConversationsClient.create(
        emulator.token("bob"), emulator.properties(), timeout=limit()
    ) as other:
        other.wait_for_synchronization(timeout=limit())
        same = other.get_conversation(shared.sid)

        bob.call("setNotificationLevel", shared.sid, value="muted")
        other.wait_until(
            lambda: same.notification_level is NotificationLevel.MUTED, timeout=limit()
        )
        same.set_notification_level(NotificationLevel.DEFAULT)
        bob.wait_for(
            "conversationUpdated",
            lambda event: (
                event["updateReasons"] == ["notificationLevel"]
                and event["conversation"]["notificationLevel"] == "default"
            ),
        )
    assert shared.notification_level is NotificationLevel.DEFAULT


# Users


def test_users_are_seen_changing_both_ways(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    his = participant(shared, "bob").get_and_subscribe_user()
    assert (his.identity, his.friendly_name, his.is_subscribed) == ("bob", "bob", True)
    bob.call("participantUser", shared.sid, identity="alice")
    emulator.wait_for_subscription(f"{emulator.get_user('alice').sid}.info", identity="bob")

    bob.call("setUserFriendlyName", value="Bob 🐢")
    told = alice.wait_for("on_user_updated", lambda user, _: user.friendly_name == "Bob 🐢")
    assert told["user"] is his
    assert told["reason"] is UserUpdateReason.FRIENDLY_NAME
    alice.client.my_user.set_friendly_name("Alice 🐇")
    event = bob.wait_for("userUpdated", lambda event: event["user"]["friendlyName"] == "Alice 🐇")
    assert (event["user"]["identity"], event["updateReasons"]) == ("alice", ["friendlyName"])

    for value in VALUES[1:]:
        bob.call("setUserAttributes", value=value)
        alice.client.wait_until(lambda value=value: his.attributes.value == value, timeout=limit())
        alice.client.my_user.set_attributes(value)
        bob.wait_for(
            "userUpdated",
            lambda event, value=value: (
                event["user"]["identity"] == "alice" and event["user"]["attributes"] == value
            ),
        )


def test_a_user_that_is_let_go_is_not_followed(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    his = alice.client.get_and_subscribe_user("bob")
    his.unsubscribe()
    alice.wait_for("on_user_unsubscribed", lambda user: user is his)

    bob.call("setUserFriendlyName", value="Bob 🐢")
    bob.send(shared.sid, "changed my name")
    alice.hear("on_message_added")
    assert his.friendly_name == "bob"
    again = alice.client.get_and_subscribe_user("bob")
    assert again.friendly_name == "Bob 🐢"


@REACHABLE
def test_both_see_each_other_come_and_go(
    alice: Ours, bob: JsClient, start: Start, emulator: Emulator
) -> None:
    assert alice.client.is_reachability_enabled
    assert alice.client.my_user.is_online is True
    his = alice.client.get_and_subscribe_user("bob")
    assert his.is_online is True
    carol = start("carol")
    assert carol.call("user", identity="alice")["isOnline"] is True

    bob.call("shutdown")
    alice.wait_for(
        "on_user_updated",
        lambda user, reason: (
            user is his
            and reason is UserUpdateReason.REACHABILITY_ONLINE
            and user.is_online is False
        ),
    )
    alice.client.shutdown()
    carol.wait_for(
        "userUpdated",
        lambda event: event["user"]["identity"] == "alice" and event["user"]["isOnline"] is False,
    )
