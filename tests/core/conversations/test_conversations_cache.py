"""
The message cache: its limit, eviction, and what becomes of messages that are unknown again.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations.calls import Call
from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.messages import MessagePage
from conversations._core.conversations.records import MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations.attributes import Attributes
from conversations.errors import NotFoundError
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World


def world_with(count: int = 0, limit: int | None = None) -> tuple[World, Conversation]:
    """
    Alice and bob are in a conversation with so many messages, and nothing told is left over.
    """
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    for number in range(count):
        service.send(conversation, "bob", f"m{number}")
    world = World(service, choices=Choices(message_cache_limit=limit)).ready()
    world.take()
    return world, conversation


def cached(world: World, conversation: Conversation) -> list[int]:
    return sorted(world.record(conversation.sid).messages)


def read(world: World, conversation: Conversation, count: int, **more: Any) -> list[int]:
    record = world.record(conversation.sid)
    usual: dict[str, Any] = {"start": None, "count": count, "order": "desc", **more}

    async def run(service: ConversationsService, call: Call) -> MessagePage:
        return await service.message_commands.page(call, record, **usual)

    return [one.snapshot.message_index for one in world.result(run).messages]


def by_index(world: World, conversation: Conversation, index: int, **more: Any) -> MessageRecord:
    record = world.record(conversation.sid)

    async def run(service: ConversationsService, call: Call) -> MessageRecord:
        return await service.message_commands.by_index(call, record, index, **more)

    return world.result(run)


def from_index(world: World, conversation: Conversation, index: int) -> int | None:
    record = world.record(conversation.sid)

    async def run(service: ConversationsService, call: Call) -> MessageRecord | None:
        return await service.message_commands.from_index(call, record, index)

    found = world.result(run)
    return None if found is None else found.snapshot.message_index


def evict(world: World, conversation: Conversation, keep_last: int = 0) -> None:
    world.engine.ready_service().message_commands.evict(conversation.sid, keep_last)


def item_reads(world: World) -> int:
    return sum(one.path.endswith("/Items") for one in world.service.requests)


# The limit


def test_without_a_limit_everything_stays() -> None:
    world, conversation = world_with(250)
    assert len(read(world, conversation, 250)) == 250
    assert len(cached(world, conversation)) == 250


def test_beyond_the_limit_those_fetched_longest_ago_leave() -> None:
    world, conversation = world_with(10, limit=4)
    read(world, conversation, 3, start=5)  # 3 4 5
    read(world, conversation, 3, start=9)  # 7 8 9
    assert cached(world, conversation) == [5, 7, 8, 9]
    by_index(world, conversation, 5)  # fetched again, though it was cached
    by_index(world, conversation, 0)
    assert cached(world, conversation) == [0, 5, 8, 9]


def test_an_announcement_counts_as_a_fetch() -> None:
    world, conversation = world_with(3, limit=2)
    read(world, conversation, 2)  # 1 2
    world.service.send(conversation, "bob", "new")
    world.settle()
    assert cached(world, conversation) == [2, 3]


def test_a_page_larger_than_the_limit_is_handed_out_whole() -> None:
    world, conversation = world_with(250, limit=3)
    assert read(world, conversation, 250) == list(range(250))
    assert cached(world, conversation) == [47, 48, 49]  # of what was fetched last, the newest
    assert read(world, conversation, 5) == [245, 246, 247, 248, 249]
    assert cached(world, conversation) == [247, 248, 249]


def test_a_limit_of_none_at_all_caches_nothing() -> None:
    world, conversation = world_with(2, limit=0)
    assert read(world, conversation, 2) == [0, 1]
    assert cached(world, conversation) == []
    world.service.send(conversation, "bob", "new")
    world.service.edit(conversation, 2, text="changed")
    world.settle()
    assert world.words[0] == "MessageAdded 2"
    assert not any(word.startswith("MessageUpdated") for word in world.words)


def test_a_sent_message_is_kept_until_its_event_has_announced_the_same_object() -> None:
    world, conversation = world_with(5, limit=1)
    world.service.events_after_replies = True
    record = world.record(conversation.sid)

    async def send(service: ConversationsService, call: Call) -> MessageRecord:
        sent = await service.message_commands.send(
            call, record, body="mine", attributes=Attributes.DEFAULT, subject=None
        )
        service.message_commands.evict(conversation.sid, 0)
        return sent

    sent = world.result(send)
    world.settle()
    (told,) = [event.message for event in world.told if hasattr(event, "message")]
    assert told is sent
    assert cached(world, conversation) == [5]


# Eviction


def test_evicted_messages_are_unknown_again() -> None:
    world, conversation = world_with(3)
    read(world, conversation, 3)
    before = world.record(conversation.sid).messages[1]
    evict(world, conversation)
    assert cached(world, conversation) == []
    world.service.edit(conversation, 1, text="changed")
    world.service.remove_message(conversation, 2)
    world.settle()
    assert not any(word.startswith("Message") for word in world.words)
    assert before.snapshot.body == "m1"
    again = by_index(world, conversation, 1)
    assert again is not before
    assert again.snapshot.body == "changed"
    world.service.edit(conversation, 1, text="twice")
    world.settle()
    assert "MessageUpdated BODY" in world.words
    assert again.snapshot.body == "twice"


@pytest.mark.parametrize(
    ("keep_last", "left"), [(0, []), (1, [4]), (3, [2, 3, 4]), (5, [0, 1, 2, 3, 4]), (9, range(5))]
)
def test_the_newest_can_be_kept(keep_last: int, left: Any) -> None:
    world, conversation = world_with(5)
    read(world, conversation, 5)
    evict(world, conversation, keep_last)
    assert cached(world, conversation) == list(left)


def test_an_evicted_message_is_not_announced_a_second_time() -> None:
    world, conversation = world_with()
    for number in range(3):
        world.service.send(conversation, "bob", f"n{number}")
    world.settle()
    evict(world, conversation)
    world.take()
    world.service.remake(conversation.messages.name)  # its history is lost with it
    world.cut()
    world.settle()
    world.service.send(conversation, "bob", "one more")
    world.settle()
    assert [word for word in world.words if word.startswith("MessageAdded")] == ["MessageAdded 3"]
    assert cached(world, conversation) == [3]


@pytest.mark.parametrize("limit", [None, 1])
def test_eviction_while_the_list_is_read_again_loses_nothing(limit: int | None) -> None:
    world, conversation = world_with(3, limit=limit)
    read(world, conversation, 3)
    world.cut()
    world.service.send(conversation, "bob", "missed")
    conversation.messages.interruptions = 0
    world.service.remake(conversation.messages.name)
    world.service.fault("/Items", "GET", delay=3.0)
    world.run(8.0)
    evict(world, conversation)
    world.settle()
    added = [word for word in world.words if word.startswith("MessageAdded")]
    assert added == ["MessageAdded 3"]
    assert not any(word.startswith("MessageDeleted") for word in world.words)


def test_evicting_in_a_conversation_that_is_gone_does_nothing() -> None:
    world, conversation = world_with(1)
    read(world, conversation, 1)
    record = world.record(conversation.sid)
    world.service.remove(conversation, "alice")
    world.settle()
    assert record.messages == {}
    evict(world, conversation)


@pytest.mark.parametrize(("limit", "missing"), [(None, {149, 60}), (10, {149})])
def test_what_is_removed_while_further_pages_come_is_not_handed_out(
    limit: int | None, missing: set[int]
) -> None:
    world, conversation = world_with(150, limit=limit)
    world.service.fault("/Items", "GET", delay=0.0)
    world.service.fault("/Items", "GET", delay=5.0)
    for index in (149, 60):  # both on the first page
        world.service.later(
            2.0, lambda index=index: world.service.remove_message(conversation, index)
        )
    # With a limit, 60 has become unknown again by then: nobody hears of its removal.
    assert set(range(150)) - set(read(world, conversation, 150)) == missing


# By index


def test_the_nearest_message_of_a_gap() -> None:
    world, conversation = world_with(10)
    for index in (3, 4, 5, 6, 9):
        world.service.remove_message(conversation, index)
    world.settle()

    def nearest(index: int) -> int:
        return by_index(world, conversation, index, nearest=True).snapshot.message_index

    assert [nearest(index) for index in (2, 3, 4, 5, 6, 7)] == [2, 2, 2, 7, 7, 7]
    assert nearest(9) == 8
    assert nearest(500) == 8
    world.service.remove_message(conversation, 2)  # 1 … 7: the middle is 4
    assert nearest(4) == 7
    world.service.remove_message(conversation, 0)
    world.service.remove_message(conversation, 1)
    assert nearest(0) == 7
    with pytest.raises(NotFoundError):
        by_index(world, conversation, 4)


def test_an_empty_conversation_has_no_nearest_message() -> None:
    world, conversation = world_with()
    with pytest.raises(NotFoundError):
        by_index(world, conversation, 0, nearest=True)


def test_the_message_of_a_horizon_is_the_next_one_in_a_gap() -> None:
    world, conversation = world_with(4)
    world.service.remove_message(conversation, 1)
    world.service.remove_message(conversation, 3)
    assert [from_index(world, conversation, index) for index in range(5)] == [0, 2, 2, None, None]


def test_what_is_cached_needs_no_request() -> None:
    world, conversation = world_with(3)
    read(world, conversation, 3)
    before = item_reads(world)
    assert by_index(world, conversation, 1, nearest=True).snapshot.message_index == 1
    assert from_index(world, conversation, 2) == 2
    assert item_reads(world) == before
