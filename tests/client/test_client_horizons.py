"""
Read horizons, the notification level and counts, against an emulator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    Conversation,
    ConversationUpdateReason,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    NotificationLevel,
    ParticipantUpdateReason,
)
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@pytest.fixture
def talk(emulator: Emulator, room: str, alice: Person) -> Conversation:
    """
    A conversation with four messages, loaded completely.
    """
    for number in range(4):
        emulator.send_message(room, f"m{number}", author="bob")
    return alice.enter(room)


def test_the_horizon_moves_where_it_is_put(alice: Person, talk: Conversation) -> None:
    assert talk.last_read_message_index is None

    assert talk.set_last_read_message_index(2, timeout=limit()) == 1
    alice.hear(
        "on_conversation_updated",
        lambda _, reason: reason is ConversationUpdateReason.LAST_READ_MESSAGE_INDEX,
    )
    assert talk.last_read_message_index == 2
    assert talk.set_last_read_message_index(0, timeout=limit()) == 3
    assert talk.set_last_read_message_index(None, timeout=limit()) is None


def test_others_see_how_far_somebody_has_read(
    alice: Person, bob: Person, talk: Conversation
) -> None:
    theirs = bob.enter(talk.sid)

    theirs.set_last_read_message_index(1, timeout=limit())

    told = alice.hear(
        "on_participant_updated",
        lambda _, reason: reason is ParticipantUpdateReason.LAST_READ_MESSAGE_INDEX,
    )
    assert told["participant"].identity == "bob"
    assert told["participant"].last_read_message_index == 1
    assert told["participant"].last_read_timestamp is not None


def test_advancing_goes_forwards_only(
    emulator: Emulator, alice: Person, talk: Conversation
) -> None:
    assert talk.advance_last_read_message_index(2, timeout=limit()) == 1
    assert talk.advance_last_read_message_index(0, timeout=limit()) == 1
    assert talk.advance_last_read_message_index(3, timeout=limit()) == 0


def test_a_horizon_set_on_another_device_arrives(
    connect: Connect, alice: Person, talk: Conversation
) -> None:
    elsewhere = connect("alice").enter(talk.sid)

    elsewhere.set_last_read_message_index(1, timeout=limit())

    alice.hear(
        "on_conversation_updated",
        lambda _, reason: reason is ConversationUpdateReason.LAST_READ_MESSAGE_INDEX,
    )
    assert talk.last_read_message_index == 1


def test_all_read_and_all_unread(emulator: Emulator, alice: Person, talk: Conversation) -> None:
    assert talk.set_all_messages_read(timeout=limit()) == 0
    emulator.send_message(talk.sid, "one more", author="bob")
    assert talk.set_all_messages_read(timeout=limit()) == 0
    assert talk.get_unread_messages_count(timeout=limit()) == 0
    assert talk.set_all_messages_unread(timeout=limit()) is None
    assert talk.get_unread_messages_count(timeout=limit()) is None


def test_all_of_nothing_is_read(alice: Person, emulator: Emulator) -> None:
    empty = alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    before = len(emulator.requests)

    assert empty.set_all_messages_read(timeout=limit()) == 0

    assert [request.method for request in emulator.requests[before:]] == ["GET"]
    assert empty.last_read_message_index is None


def test_unread_is_none_until_the_horizon_is_set(talk: Conversation) -> None:
    assert talk.get_unread_messages_count(timeout=limit()) is None
    assert talk.get_unread_messages_count(or_all=True, timeout=limit()) == 4
    talk.set_last_read_message_index(1, timeout=limit())
    assert talk.get_unread_messages_count(timeout=limit()) == 2
    assert talk.get_unread_messages_count(or_all=True, timeout=limit()) == 2


def test_counts(talk: Conversation) -> None:
    assert talk.get_messages_count(timeout=limit()) == 4
    assert talk.get_participants_count(timeout=limit()) == 2


def test_a_count_is_used_again_until_the_interval_is_over_or_the_client_changes_something(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", http_cache_interval=1000.0)
    lunch = alice.enter(room)
    assert lunch.get_messages_count(timeout=limit()) == 0
    emulator.send_message(room, "theirs", author="bob")
    assert lunch.get_messages_count(timeout=limit()) == 0
    lunch.send_message("mine", timeout=limit())
    assert lunch.get_messages_count(timeout=limit()) == 2


def test_without_an_interval_each_count_is_asked_for(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", http_cache_interval=0.0)
    lunch = alice.enter(room)
    for number in range(3):
        assert lunch.get_messages_count(timeout=limit()) == number
        emulator.send_message(room, "theirs", author="bob")


def test_the_total_is_over_all_conversations(emulator: Emulator, connect: Connect) -> None:
    for unread in (3, 0, 2):
        sid = emulator.create_conversation(identities=["alice", "bob"]).sid
        for _ in range(unread + 1):
            emulator.send_message(sid, "m", author="bob")
        emulator.set_read_horizon(sid, "alice", 0)
    never_read = emulator.create_conversation(identities=["alice", "bob"]).sid
    emulator.send_message(never_read, "m", author="bob")
    alice = connect("alice", synchronize_on_startup=False, synchronize=False)

    assert alice.client.get_total_unread_messages_count(timeout=limit()) == 5


def test_the_notification_level_is_set(
    emulator: Emulator, alice: Person, talk: Conversation
) -> None:
    assert talk.notification_level is NotificationLevel.DEFAULT

    talk.set_notification_level(NotificationLevel.MUTED, timeout=limit())

    alice.hear(
        "on_conversation_updated",
        lambda _, reason: reason is ConversationUpdateReason.NOTIFICATION_LEVEL,
    )
    assert talk.notification_level is NotificationLevel.MUTED


def test_who_has_not_joined_has_no_horizon(alice: Person) -> None:
    created = alice.client.create_conversation("mine", timeout=limit())

    for refused in (
        lambda: created.set_last_read_message_index(0, timeout=limit()),
        lambda: created.advance_last_read_message_index(0, timeout=limit()),
        lambda: created.set_all_messages_read(timeout=limit()),
        lambda: created.set_all_messages_unread(timeout=limit()),
        lambda: created.set_notification_level(NotificationLevel.MUTED, timeout=limit()),
    ):
        with pytest.raises(ForbiddenError):
            refused()


def test_a_conversation_that_was_left_has_no_unread_count(
    alice: Person, talk: Conversation
) -> None:
    talk.leave(timeout=limit())
    alice.hear("on_conversation_deleted")

    with pytest.raises(NotFoundError) as caught:
        talk.get_unread_messages_count(timeout=limit())
    assert caught.value.code == 50350


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("set_last_read_message_index", [-1]),
        ("set_last_read_message_index", ["1"]),
        ("set_last_read_message_index", [True]),
        ("advance_last_read_message_index", [None]),
        ("advance_last_read_message_index", [1.0]),
        ("set_notification_level", ["muted"]),
        ("set_notification_level", [None]),
        ("set_notification_level", [NotificationLevel.UNKNOWN]),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    emulator: Emulator, talk: Conversation, method: str, arguments: list[Any]
) -> None:
    before = len(emulator.requests)

    with pytest.raises(InvalidArgumentError):
        getattr(talk, method)(*arguments)
    with pytest.raises(InvalidArgumentError):
        talk.get_unread_messages_count(or_all=1)  # type: ignore[call-overload]

    assert len(emulator.requests) == before
