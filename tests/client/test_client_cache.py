"""
The message cache as a program sees it: what is in it, its limit, eviction, single messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ErrorInfo,
    ForbiddenError,
    InvalidArgumentError,
    Message,
    MessageAdded,
    NotFoundError,
    Properties,
)
from tests.client.people import Connect, Person
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def fill(emulator: Emulator, sid: str, count: int) -> None:
    for number in range(count):
        emulator.send_message(sid, f"m{number}", author="bob")


def indexes(messages: list[Message]) -> list[int]:
    return [message.message_index for message in messages]


def item_reads(emulator: Emulator) -> int:
    return sum(one.path.endswith("/Items") for one in emulator.requests)


# What is in it


def test_nothing_is_cached_until_it_is_asked_for(
    emulator: Emulator, room: str, alice: Person
) -> None:
    fill(emulator, room, 5)
    conversation = alice.enter(room)
    alice.catch_up()
    cached = indexes(conversation.cached_messages)
    assert cached == indexes([call["message"] for call in alice.heard.calls("on_message_added")])


def test_fetched_announced_and_sent_messages_are_cached_by_rising_index(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    fill(emulator, room, 5)
    alice = connect("alice")
    conversation = alice.enter(room)
    assert conversation.cached_messages == []
    fetched = conversation.get_messages_before(3, 2)
    sent = conversation.send_message("mine")
    emulator.send_message(room, "theirs")
    announced = alice.hear("on_message_added", lambda message: message.body == "theirs")
    cached = conversation.cached_messages
    assert indexes(cached) == [2, 3, 5, 6]
    assert cached == [*fetched, sent, announced["message"]]
    before = item_reads(emulator)
    assert conversation.get_message_by_index(2) is fetched[0]
    assert item_reads(emulator) == before


def test_the_cache_is_emptied_when_the_conversation_is_left(
    alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello")
    lunch.leave()
    alice.hear("on_conversation_left")
    assert lunch.cached_messages == []
    assert message.body == "hello"


def test_it_can_be_read_when_the_client_is_gone(alice: Person, lunch: Conversation) -> None:
    message = lunch.send_message("hello")
    alice.client.shutdown()
    assert lunch.cached_messages == [message]


def test_it_can_be_read_while_it_changes(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    def read() -> int:
        longest = 0
        while longest < 200:
            found = indexes(lunch.cached_messages)
            assert found == sorted(found)
            longest = max(longest, len(found))
        return longest

    reading = in_background(read)
    fill(emulator, lunch.sid, 200)
    assert reading.result(limit(60)) == 200
    alice.catch_up()


# The limit


def test_beyond_the_limit_old_messages_become_unknown(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    alice = connect("alice", message_cache_limit=3)
    conversation = alice.enter(room)
    fill(emulator, room, 6)
    alice.hear("on_message_added", count=6)
    assert indexes(conversation.cached_messages) == [3, 4, 5]
    first = alice.heard.calls("on_message_added")[0]["message"]
    emulator.update_message(room, first.sid, body="changed")
    alice.catch_up()
    assert alice.heard.calls("on_message_updated") == []
    assert first.body == "m0"
    again = conversation.get_message_by_index(0)
    assert again is not first
    assert again.body == "changed"
    assert indexes(conversation.cached_messages) == [0, 4, 5]


def test_reading_more_than_the_limit_gives_all_of_it(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    fill(emulator, room, 130)
    conversation = connect("alice", message_cache_limit=10).enter(room)
    assert indexes(conversation.get_last_messages(120)) == list(range(10, 130))
    assert indexes(list(conversation.iter_messages("forward"))) == list(range(130))
    assert len(conversation.cached_messages) == 10


@pytest.mark.usefixtures("quick_reconnects")
def test_with_a_limit_each_message_is_announced_once_across_reconnections(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    alice = connect("alice", message_cache_limit=2)
    conversation = alice.enter(room)
    for number in range(5):
        fill(emulator, room, 3)
        emulator.drop_connections()
        alice.client.wait_until(
            lambda number=number: alice.client.stats.reconnections > number, timeout=limit()
        )
        conversation.send_message(f"own {number}", timeout=limit())
        if number == 2:
            emulator.forget_history(f"{room}.messages")
    alice.hear("on_message_added", count=20)
    alice.catch_up()
    announced = [call["message"].message_index for call in alice.heard.calls("on_message_added")]
    assert announced == list(range(20))


@pytest.mark.parametrize("wrong", [-1, True, "3", 1.5])
def test_the_limit_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="message_cache_limit"):
        Properties(message_cache_limit=wrong)


@pytest.mark.parametrize("right", [None, 0, 1, 10**9])
def test_the_limit_may_be_any_number_or_none(right: int | None) -> None:
    assert Properties(message_cache_limit=right).message_cache_limit == right


# Eviction


def test_messages_can_be_dropped_but_the_newest(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    fill(emulator, lunch.sid, 5)
    alice.hear("on_message_added", count=5)
    kept = lunch.cached_messages[3:]
    lunch.evict_messages(keep_last=2)
    assert lunch.cached_messages == kept
    emulator.update_message(lunch.sid, emulator.get_messages(lunch.sid)[0].sid, body="changed")
    emulator.update_message(lunch.sid, kept[0].sid, body="changed too")
    alice.hear("on_message_updated", lambda message, _: message.body == "changed too")
    assert {call["message"] for call in alice.heard.calls("on_message_updated")} == {kept[0]}
    lunch.evict_messages()
    assert lunch.cached_messages == []
    emulator.remove_message(lunch.sid, kept[0].sid)
    alice.catch_up()
    assert alice.heard.calls("on_message_deleted") == []
    assert len(alice.heard.calls("on_message_added")) == 5


def test_a_callback_may_drop_messages(alice: Person, lunch: Conversation) -> None:
    alice.client.add_callbacks(on_message_added=lambda _: lunch.evict_messages())
    lunch.send_message("hello")
    alice.catch_up()
    assert lunch.cached_messages == []
    assert alice.heard.calls("on_error") == []


def test_a_message_sent_and_dropped_at_once_is_announced_as_the_same_object(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    with emulator.hold_events(f"{lunch.sid}.messages"):
        sent = lunch.send_message("hello", timeout=limit())
        lunch.evict_messages()
        assert lunch.cached_messages == [sent]
    assert alice.hear("on_message_added")["message"] is sent
    lunch.evict_messages()
    assert lunch.cached_messages == []


@pytest.mark.parametrize("wrong", [-1, True, "3", None])
def test_so_many_are_a_whole_number(lunch: Conversation, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="keep_last"):
        lunch.evict_messages(wrong)


# Single messages


def test_the_nearest_message_of_a_gap(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    fill(emulator, lunch.sid, 6)
    alice.hear("on_message_added", count=6)
    for message in lunch.cached_messages[2:5]:
        emulator.remove_message(lunch.sid, message.sid)
    alice.hear("on_message_deleted", count=3)
    with pytest.raises(NotFoundError) as caught:
        lunch.get_message_by_index(3)
    assert caught.value.code == ErrorInfo.CANNOT_GET_MESSAGE_BY_INDEX
    nearest = [lunch.get_message_by_index(index, nearest=True) for index in (1, 2, 3, 4, 5, 99)]
    assert indexes(nearest) == [1, 1, 5, 5, 5, 5]
    assert nearest[0] is lunch.cached_messages[1]
    horizon = [lunch.get_message_for_read_index(index) for index in (1, 2, 4, 5)]
    assert indexes([one for one in horizon if one is not None]) == [1, 5, 5, 5]
    assert lunch.get_message_for_read_index(6) is None


def test_an_empty_conversation_has_no_message_at_all(lunch: Conversation) -> None:
    assert lunch.get_message_for_read_index(0) is None
    with pytest.raises(NotFoundError):
        lunch.get_message_by_index(0, nearest=True)


def test_single_messages_are_for_participants(alice: Person, emulator: Emulator) -> None:
    sid = emulator.create_conversation(created_by="alice").sid
    fill(emulator, sid, 1)
    conversation = alice.client.get_conversation(sid, timeout=limit())
    for call in (conversation.get_message_by_index, conversation.get_message_for_read_index):
        with pytest.raises(ForbiddenError):
            call(0, timeout=limit())


def test_arguments_are_checked(alice: Person, lunch: Conversation) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: lunch.get_message_by_index(-1),
        lambda: lunch.get_message_by_index(1, nearest=1),  # type: ignore[arg-type]
        lambda: lunch.get_message_for_read_index(-1),
        lambda: lunch.get_message_for_read_index("0"),  # type: ignore[arg-type]
    ]
    for call in wrong:
        with pytest.raises(InvalidArgumentError):
            call()
    alice.client.shutdown()
    with pytest.raises(ClientShutdownError):
        lunch.evict_messages()
    with pytest.raises(ClientShutdownError):
        lunch.get_message_for_read_index(0)


def test_an_announced_message_that_was_evicted_is_still_the_event_s(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    with alice.client.event_queue([MessageAdded]) as queue:
        emulator.send_message(lunch.sid, "hello")
        alice.hear("on_message_added")
        lunch.evict_messages()
        event = queue.get(limit())
        assert isinstance(event, MessageAdded)
        assert event.message.body == "hello"
