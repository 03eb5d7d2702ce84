from __future__ import annotations

from typing import Any

import pytest

from conversations._core.sync import (
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    ListItem,
    SyncEvent,
    SyncList,
)
from conversations._core.sync.lists import MAX_RECENT
from tests.core.sync.harness import World
from tests.core.sync.service import REPLAY, Entity, Event


def opened(count: int = 0) -> tuple[World, Entity, SyncList, list[SyncEvent]]:
    world = World()
    entity = world.service.add("list", "l")
    for number in range(count):
        entity.append({"n": number})
    sync_list, events = world.open_list(entity)
    world.settle()
    return world, entity, sync_list, events


def live(world: World, entity: Entity, *events: Event) -> None:
    for event in events:
        world.client.receive(*entity.notification(event))


def replay(world: World, entity: Entity, *events: Event) -> None:
    """
    Reconnect, replay these events, and confirm.
    """
    world.service.confirms = False
    world.reconnect()
    body = world.posts[-1]
    for event in events:
        payload = entity.notification(event)[1]
        world.client.receive(REPLAY, {**payload, "correlation_id": body["correlation_id"]})
    world.service.confirms = True
    last = {"replay_status": "completed", "last_event_id": entity.last_event_id}
    world.client.receive(
        REPLAY,
        {
            "event_type": "subscription_established",
            "correlation_id": body["correlation_id"],
            "events": [{"object_sid": entity.sid, "object_type": "list", **last}],
        },
    )
    world.run()


def added(events: list[SyncEvent]) -> list[Any]:
    return [event.key for event in events if isinstance(event, ItemAdded)]


def test_items_are_told_as_they_change() -> None:
    world, entity, sync_list, events = opened()
    world.service.append(entity, {"n": 0})
    world.service.put(entity, 0, {"n": 1})
    world.service.drop(entity, 0)
    world.deliver()
    assert events == [
        ItemAdded(key=0, data={"n": 0}, event_id=0),
        ItemUpdated(key=0, data={"n": 1}, event_id=1, previous={"n": 0}),
        ItemRemoved(key=0, event_id=2, previous={"n": 1}),
    ]
    assert sync_list.position == 2


def test_changes_of_older_items_are_told_too() -> None:
    world, entity, _, events = opened(2)
    world.service.put(entity, 0, {"n": "new"})
    world.service.drop(entity, 1)
    world.deliver()
    assert events == [
        ItemUpdated(key=0, data={"n": "new"}, event_id=2),
        ItemRemoved(key=1, event_id=3, previous={"n": 1}),
    ]


def test_a_removal_without_content_tells_the_last_that_is_known() -> None:
    world, entity, _, events = opened()
    world.service.append(entity, {"n": 0})
    world.deliver()
    payload = {"id": 1, "list_sid": entity.sid, "item_index": 0}
    for event_id in (1, 2):  # the second one about an item that is gone
        world.client.receive(
            REPLAY, {"event_type": "list_item_removed", "event": {**payload, "id": event_id}}
        )
    assert events[1:] == [
        ItemRemoved(key=0, event_id=1, previous={"n": 0}),
        ItemRemoved(key=0, event_id=2),
    ]


def test_reading_an_item_does_not_prevent_its_announcement() -> None:
    world, entity, sync_list, events = opened()
    world.service.append(entity, {"n": 0})
    page = world.get(sync_list.query(order="desc"))
    assert page.items == (ListItem(key=0, data={"n": 0}, event_id=0),)
    assert events == []
    world.deliver()
    assert added(events) == [0]


def test_reading_announces_nothing_and_moves_nothing() -> None:
    world, _, sync_list, events = opened(3)
    world.get(sync_list.query())
    assert events == []
    assert sync_list.position == 2


def test_pages_go_from_an_index_in_both_directions() -> None:
    world, entity, sync_list, _ = opened(5)
    page = world.get(sync_list.query(from_=3, page_size=2, order="desc"))
    assert [item.key for item in page.items] == [2, 1]
    assert (page.has_next, page.has_previous, page.last_key) == (True, True, 1)
    page = world.get(sync_list.query(from_=1, page_size=2, order="desc"))
    assert [item.key for item in page.items] == [0]
    assert not page.has_next
    page = world.get(sync_list.query(from_=0, inclusive=True, page_size=2))
    assert [item.key for item in page.items] == [0, 1]
    assert not page.has_previous
    assert [request.url.partition("?") for request in world.service.reads[1:]] == [
        (entity.root()["links"]["items"], "?", query)
        for query in (
            "HideExpired=true&From=3&Bounds=exclusive&PageSize=2&Order=desc",
            "HideExpired=true&From=1&Bounds=exclusive&PageSize=2&Order=desc",
            "HideExpired=true&From=0&PageSize=2&Order=asc",
        )
    ]


def test_a_page_that_is_older_than_an_event_comes_in_the_newer_version() -> None:
    world, entity, sync_list, _ = opened(3)
    old = entity.page({})
    world.service.put(entity, 0, {"n": "new"})
    world.service.drop(entity, 1)
    world.deliver()
    world.service.answers[f"/v3/Services/IS1/Lists/{entity.sid}/Items"] = old
    page = world.get(sync_list.query())
    assert page.items == (
        ListItem(key=0, data={"n": "new"}, event_id=3),
        ListItem(key=2, data={"n": 2}, event_id=2),
    )


def test_each_item_is_announced_once_however_often_the_connection_is_lost() -> None:
    world, entity, _, events = opened()
    for number in range(6):
        world.service.append(entity, {"n": number})
        if number % 2:
            world.deliver(1)
        world.reconnect()
        world.settle()
    assert added(events) == list(range(6))


def test_an_update_that_overtakes_the_addition_does_not_swallow_it() -> None:
    world, entity, _, events = opened()
    addition = entity.append({"n": 0})
    update = entity.put(0, {"n": 1})
    live(world, entity, update)
    world.run(1)
    live(world, entity, addition)
    assert events == [
        ItemUpdated(key=0, data={"n": 1}, event_id=1),
        ItemAdded(key=0, data={"n": 1}, event_id=1),
    ]


def test_an_addition_that_comes_after_the_removal_is_not_told() -> None:
    world, entity, _, events = opened()
    addition, removal = entity.append({"n": 0}), entity.drop(0)
    live(world, entity, removal)
    world.run(1)
    live(world, entity, addition)
    assert events == [ItemRemoved(key=0, event_id=1, previous={"n": 0})]


def test_an_update_that_comes_after_a_newer_one_is_not_told() -> None:
    world, entity, _, events = opened(1)
    first, second = entity.put(0, {"n": "first"}), entity.put(0, {"n": "second"})
    live(world, entity, second)
    world.run(1)
    live(world, entity, first)
    assert events == [ItemUpdated(key=0, data={"n": "second"}, event_id=2)]


def test_an_addition_that_an_update_has_overtaken_comes_from_the_shortened_replay() -> None:
    # The replay has but the newest event of the item, one that was told before: as an
    # addition, because from our position the item is new.
    world, entity, _, events = opened()
    entity.append({"n": 0})
    update = entity.put(0, {"n": 1})
    live(world, entity, update)
    world.run(1)
    (replayed,) = entity.replay(-1, shortened=True)
    assert (replayed.kind, replayed.id) == ("item_added", update.id)
    replay(world, entity, replayed)
    assert events == [
        ItemUpdated(key=0, data={"n": 1}, event_id=1),
        ItemAdded(key=0, data={"n": 1}, event_id=1),
    ]
    replay(world, entity, replayed)
    assert len(events) == 2


def test_a_shortened_replay_does_not_announce_what_was_announced_live() -> None:
    world, entity, sync_list, events = opened()
    entity.append({"n": "lost"})
    live(world, entity, entity.append({"n": 1}))
    world.run(1)
    entity.put(1, {"n": 2})
    replay(world, entity, *entity.replay(sync_list.position, shortened=True))
    assert events == [
        ItemAdded(key=1, data={"n": 1}, event_id=1),
        ItemAdded(key=0, data={"n": "lost"}, event_id=0),
        ItemUpdated(key=1, data={"n": 2}, event_id=2, previous={"n": 1}),
    ]


def test_a_repeated_addition_of_an_item_that_was_there_before_is_not_told() -> None:
    world, entity, _, events = opened(1)
    world.service.put(entity, 0, {"n": "new"})
    world.deliver()
    replay(world, entity, entity.log[0])
    live(world, entity, entity.log[0])
    assert [type(event) for event in events] == [ItemUpdated]


def test_a_replay_from_null_may_repeat_what_was_told() -> None:
    world = World()
    entity = world.service.add("list", "l")
    entity.extra_root = {"last_event_id": None}
    world.service.confirms = False
    _, events = world.open_list(entity)
    world.run(0.02)
    live(world, entity, entity.append({}))
    world.run(10)
    live(world, entity, entity.log[0])
    replay(world, entity, entity.log[0])
    assert added(events) == [0]


def test_context_updates_are_passed_over_but_count() -> None:
    world, entity, sync_list, events = opened()
    live(world, entity, entity.record("context_updated"))
    world.service.append(entity, {})
    world.deliver()
    assert added(events) == [0]
    assert sync_list.position == 1


@pytest.mark.parametrize("count", [MAX_RECENT, MAX_RECENT + 1])
def test_so_many_items_are_remembered_and_no_more(count: int) -> None:
    world, entity, sync_list, _ = opened(1)
    old = entity.page({})
    world.service.put(entity, 0, {"n": "new"})
    for _ in range(count - 1):
        world.service.append(entity, {})
    world.deliver()
    world.service.answers[f"/v3/Services/IS1/Lists/{entity.sid}/Items"] = old
    (item,) = world.get(sync_list.query()).items
    assert item.data == ({"n": "new"} if count == MAX_RECENT else {"n": 0})


def test_a_page_of_a_closed_list_is_just_a_page() -> None:
    world, _, sync_list, events = opened(1)
    world.service.is_holding = True
    task = world.start(sync_list.query())
    sync_list.close()
    world.service.release()
    world.run()
    assert len(task.result().items) == 1
    assert events == []
