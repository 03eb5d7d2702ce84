from __future__ import annotations

from typing import Any

import pytest

from conversations._core.sync import (
    ItemAdded,
    ItemPage,
    ItemRemoved,
    ItemUpdated,
    MapItem,
    SyncEvent,
    SyncMap,
)
from conversations.errors import ServerError, service_error
from tests.core.sync.harness import World
from tests.core.sync.service import Entity


def filled(world: World, count: int) -> Entity:
    entity = world.service.add("map", "m")
    for number in range(count):
        entity.put(f"k{number:03}", {"n": number})
    return entity


def page_queries(world: World) -> list[str]:
    return [
        request.url.partition("?")[2] for request in world.service.reads if "/Items?" in request.url
    ]


def opened(count: int, *, include_items: bool = False) -> tuple[World, Entity, SyncMap, Any]:
    world = World()
    entity = filled(world, count)
    sync_map, events = world.open_map(entity, include_items=include_items)
    world.settle()
    return world, entity, sync_map, events


def test_a_map_opened_without_items_knows_none() -> None:
    _, _, sync_map, _ = opened(3)
    assert dict(sync_map.items) == {}
    assert not sync_map.is_complete


@pytest.mark.parametrize("count", [0, 1, 49])
def test_below_fifty_items_that_came_along_are_all(count: int) -> None:
    world, _, sync_map, _ = opened(count, include_items=True)
    assert sync_map.is_complete
    assert len(sync_map.items) == count
    world.get(sync_map.load_all())
    assert page_queries(world) == []


def test_from_fifty_items_on_the_rest_is_read_behind_the_last_key() -> None:
    world, entity, sync_map, events = opened(180, include_items=True)
    assert len(sync_map.items) == 50
    assert not sync_map.is_complete
    world.get(sync_map.load_all())
    assert sync_map.is_complete
    assert list(sync_map.items) == entity.ordered_keys()
    assert page_queries(world) == [
        "HideExpired=true&From=k049&Bounds=exclusive&PageSize=100&Order=asc",
        "HideExpired=true&From=k149&Bounds=exclusive&PageSize=100&Order=asc",
    ]
    assert all(
        request.url.startswith(entity.root()["links"]["items"] + "?")
        for request in world.service.reads[1:]
    )
    assert events == []


def test_exactly_fifty_items_need_a_look_behind_them() -> None:
    world, _, sync_map, _ = opened(50, include_items=True)
    assert not sync_map.is_complete
    world.get(sync_map.load_all())
    assert sync_map.is_complete
    assert len(page_queries(world)) == 1


def test_an_item_that_is_not_understood_counts_for_the_fifty() -> None:
    world = World()
    entity = filled(world, 49)
    root = {**entity.root(), "items": [*entity.page({})["items"], {"key": "odd"}]}
    world.service.answers["/v3/Maps/m"] = root
    sync_map, _ = world.open_map(entity, include_items=True)
    assert len(sync_map.items) == 49
    assert not sync_map.is_complete


def test_all_items_can_be_read_from_the_beginning() -> None:
    world, entity, sync_map, events = opened(150)
    world.get(sync_map.load_all())
    assert list(sync_map.items) == entity.ordered_keys()
    assert page_queries(world)[0] == "HideExpired=true&PageSize=100&Order=asc"
    assert sync_map.is_complete
    assert events == []


def test_concurrent_loading_shares_the_requests() -> None:
    world, _, sync_map, _ = opened(150)
    world.service.is_holding = True
    tasks = [world.start(sync_map.load_all()) for _ in range(3)]
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert all(task.is_settled for task in tasks)
    assert len(page_queries(world)) == 2


def test_loading_goes_on_where_it_failed() -> None:
    world, entity, sync_map, _ = opened(150)
    path = f"/v3/Services/IS1/Maps/{entity.sid}/Items"
    world.service.answers[path] = [None, service_error(500)]
    with pytest.raises(ServerError):
        world.get(sync_map.load_all())
    assert not sync_map.is_complete
    assert len(sync_map.items) == 100
    del world.service.answers[path]
    world.get(sync_map.load_all())
    assert len(sync_map.items) == 150
    assert len(page_queries(world)) == 3


def test_loading_ends_when_the_map_is_closed() -> None:
    world, _, sync_map, events = opened(150)
    world.service.is_holding = True
    task = world.start(sync_map.load_all())
    sync_map.close()
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert task.error is None
    assert len(page_queries(world)) == 1
    assert not sync_map.is_complete
    assert events == []


def test_loading_ends_although_the_server_goes_round_in_circles() -> None:
    world, _, sync_map, _ = opened(3)

    def spoil(page: dict[str, Any]) -> None:
        page["meta"]["next_token"] = "more"
        page["items"] = [{"key": "k001", "data": {}, "last_event_id": 0}]

    world.service.page_hook = spoil
    world.get(sync_map.load_all())
    assert sync_map.is_complete
    assert len(page_queries(world)) == 2


def test_loading_ends_at_an_empty_page() -> None:
    world, _, sync_map, _ = opened(3)

    def spoil(page: dict[str, Any]) -> None:
        page["meta"]["next_token"] = "more"
        page["items"] = []

    world.service.page_hook = spoil
    world.get(sync_map.load_all())
    assert sync_map.is_complete
    assert len(page_queries(world)) == 1


def test_pages_can_be_read_in_both_directions() -> None:
    world, _, sync_map, _ = opened(5)
    page: ItemPage[str] = world.get(
        sync_map.query(from_="k003", inclusive=True, page_size=2, order="desc")
    )
    assert [item.key for item in page.items] == ["k003", "k002"]
    assert (page.has_next, page.has_previous, page.last_key) == (True, True, "k002")
    page = world.get(sync_map.query(from_="k003", page_size=2))
    assert [item.key for item in page.items] == ["k004"]
    assert (page.has_next, page.has_previous) == (False, True)
    assert list(sync_map.items) == ["k002", "k003", "k004"]


def test_reading_never_moves_the_position() -> None:
    world, entity, sync_map, _ = opened(3)
    entity.put("new", {})
    world.get(sync_map.load_all())
    assert "new" in sync_map.items
    assert sync_map.position == 2


def test_an_event_about_an_item_read_already_is_silent() -> None:
    world, entity, sync_map, events = opened(0)
    world.service.put(entity, "a", {"n": 1})
    world.get(sync_map.load_all())
    world.deliver()
    assert events == []
    assert sync_map.position == 0


def test_an_event_may_come_before_the_items_are_read() -> None:
    world, entity, sync_map, events = opened(1)
    old = entity.page({})
    world.service.put(entity, "k000", {"n": "new"})
    world.deliver()
    world.service.answers[f"/v3/Services/IS1/Maps/{entity.sid}/Items"] = old
    world.get(sync_map.load_all())
    assert sync_map.items["k000"].data == {"n": "new"}
    assert [type(event) for event in events] == [ItemUpdated]


def test_a_page_that_is_newer_than_what_is_known_updates_it() -> None:
    world, entity, sync_map, events = opened(1, include_items=True)
    world.service.put(entity, "k000", {"n": "new"})
    page = world.get(sync_map.query())
    assert page.items[0].data == {"n": "new"}
    assert events == [ItemUpdated(key="k000", data={"n": "new"}, event_id=1, previous={"n": 0})]
    world.deliver()
    assert len(events) == 1


def test_a_page_never_brings_back_what_was_removed() -> None:
    world, entity, sync_map, events = opened(2, include_items=True)
    old = entity.page({})
    world.service.drop(entity, "k000")
    world.deliver()
    world.service.answers[f"/v3/Services/IS1/Maps/{entity.sid}/Items"] = old
    page = world.get(sync_map.query())
    assert [item.key for item in page.items] == ["k001"]
    assert list(sync_map.items) == ["k001"]
    assert [type(event) for event in events] == [ItemRemoved]


def test_a_page_shows_the_newest_known_version() -> None:
    world, entity, sync_map, _ = opened(1, include_items=True)
    old = entity.page({})
    world.service.put(entity, "k000", {"n": "new"})
    world.deliver()
    world.service.answers[f"/v3/Services/IS1/Maps/{entity.sid}/Items"] = old
    page = world.get(sync_map.query())
    assert page.items == (MapItem(key="k000", data={"n": "new"}, event_id=1),)


def test_changes_are_told_with_their_event_ids() -> None:
    world, entity, sync_map, events = opened(0, include_items=True)
    world.service.put(entity, "a", {"n": 1})
    world.service.put(entity, "a", {"n": 2})
    world.service.drop(entity, "a")
    world.deliver()
    assert events == [
        ItemAdded(key="a", data={"n": 1}, event_id=0),
        ItemUpdated(key="a", data={"n": 2}, event_id=1, previous={"n": 1}),
        ItemRemoved(key="a", event_id=2, previous={"n": 2}),
    ]
    assert sync_map.position == 2


def test_the_map_is_in_step_with_what_is_told() -> None:
    world = World()
    entity = world.service.add("map", "m")
    seen: list[list[str]] = []
    sync_map: SyncMap = world.get(
        world.client.open_map("m", lambda event: seen.append(list(sync_map.items)))
    )
    world.settle()
    world.service.put(entity, "a", {})
    world.service.put(entity, "b", {})
    world.service.drop(entity, "a")
    world.deliver()
    assert seen == [["a"], ["a", "b"], ["b"]]


def test_a_removal_of_an_unknown_item_is_silent() -> None:
    world, entity, sync_map, events = opened(1)
    world.service.drop(entity, "k000")
    world.deliver()
    assert events == []
    assert sync_map.position == 1


def test_an_event_that_is_not_understood_holds_nothing_up() -> None:
    world, entity, _, events = opened(0)
    world.client.receive(*entity.notification(entity.record("item_moved", "a", {})))
    world.service.put(entity, "b", {})
    world.deliver()
    assert [type(event) for event in events] == [ItemAdded]


def test_closing_while_a_page_is_read_is_safe() -> None:
    world, entity, sync_map, events = opened(1, include_items=True)
    entity.put("k000", {"n": "new"})
    world.service.is_holding = True
    task = world.start(sync_map.query())
    sync_map.close()
    world.service.release()
    world.run()
    assert len(task.result().items) == 1
    assert events == []


def test_observers_may_close_while_events_are_told() -> None:
    world = World()
    entity = filled(world, 3)
    events: list[SyncEvent] = []

    def observer(event: SyncEvent) -> None:
        events.append(event)
        sync_map.close()

    sync_map = world.get(world.client.open_map("m", observer, include_items=True))
    world.settle()
    for key in entity.ordered_keys():
        entity.put(key, {"n": "new"})
    world.get(sync_map.query())
    assert len(events) == 1
