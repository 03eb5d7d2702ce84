"""
Replays of maps and lists that end without the newest event: what is missing is read.
"""

from __future__ import annotations

from typing import Any

from conversations._core.sync import HistoryLost, ItemAdded, ItemRemoved, ItemUpdated
from conversations.errors import service_error
from tests.core.sync.harness import World
from tests.core.sync.service import Entity, terminal


def behind(kind: str) -> tuple[World, Entity, Any, Any]:
    """
    A map or list with two known items that is connected again, its replay still to come.
    """
    world = World()
    entity = world.service.add(kind, "x", None)
    observed, events = getattr(world, f"open_{kind}")(entity)
    world.settle()
    for number in range(2):
        if kind == "list":
            world.service.append(entity, {"n": number})
        else:
            world.service.put(entity, f"key {number}", {"n": number})
    world.deliver()
    if kind == "map":
        world.get(observed.load_all())
    events.clear()
    world.service.reads.clear()
    world.service.confirms = False
    world.drop_connection()
    world.client.connected()
    world.run()
    return world, entity, observed, events


def complete(world: World, last_event_id: int) -> None:
    """
    Say that the replay has ended, whatever has come of it.
    """
    body = world.posts[-1]
    fields = {"replay_status": "completed", "last_event_id": last_event_id}
    for entry in body["requests"]:
        world.client.receive(*terminal("established", body, entry, **fields))
    world.run()


def test_a_list_tells_after_which_event_some_are_missing() -> None:
    world, entity, messages, events = behind("list")
    entity.append({})
    entity.append({})

    complete(world, 3)

    assert events == [HistoryLost(1)]
    assert messages.position == 3
    assert len(world.service.reads) == 1
    assert len(world.posts) == 2  # the subscription is live, and stays so


def test_a_map_tells_the_difference() -> None:
    world, entity, sync_map, events = behind("map")
    entity.put("new", {"n": 2})
    entity.put("key 0", {"n": 3})
    entity.drop("key 1")

    complete(world, 4)

    assert events == [
        ItemRemoved(key="key 1", event_id=4, previous={"n": 1}),
        ItemAdded(key="new", data={"n": 2}, event_id=2),
        ItemUpdated(key="key 0", data={"n": 3}, event_id=3, previous={"n": 0}),
    ]
    assert sync_map.position == 4


def test_nothing_is_read_if_the_newest_event_has_come() -> None:
    for kind in ("list", "map"):
        world, _, observed, events = behind(kind)
        complete(world, 1)
        assert (events, observed.position, world.service.reads) == ([], 1, [])


def test_nothing_is_read_if_the_newest_event_has_come_live() -> None:
    world, entity, messages, events = behind("list")
    live = entity.notification(entity.append({}))
    world.client.receive(*live)
    world.run()

    complete(world, 2)

    assert events == [ItemAdded(key=2, data={}, event_id=2)]
    assert messages.position == 2
    assert world.service.reads == []


def test_live_events_come_after_the_news_that_some_are_missing() -> None:
    world, entity, messages, events = behind("list")
    entity.append({})
    world.service.is_holding = True
    complete(world, 2)
    world.client.receive(*entity.notification(entity.append({"live": True})))
    entity.append({})  # on its way as well, behind a gap
    world.client.receive(*entity.notification(entity.append({"after a gap": True})))
    world.service.release()
    world.run()

    assert HistoryLost(1) in events
    added = [event for event in events if isinstance(event, ItemAdded)]
    assert [event.key for event in added] == sorted(event.key for event in added)
    assert messages.position is not None
    assert messages.position >= 3


def test_if_reading_fails_it_is_tried_again_with_the_next_connection() -> None:
    world, entity, messages, events = behind("list")
    entity.append({})
    world.service.answers[f"/v3/Lists/{entity.sid}"] = service_error(500)
    complete(world, 2)
    assert events == []
    assert world.errors == [(f"read list {entity.sid} again", 500)]

    del world.service.answers[f"/v3/Lists/{entity.sid}"]
    world.reconnect()
    complete(world, 2)

    assert events == [HistoryLost(1)]
    world.reconnect()
    complete(world, 2)
    assert events == [HistoryLost(1)]
    assert messages.position == 2


def test_a_list_that_is_closed_on_the_news_stays_closed() -> None:
    world, entity, messages, events = behind("list")
    entity.append({})
    messages.attach(lambda _: messages.close())

    complete(world, 2)
    world.settle()

    assert messages.is_closed
    assert events == [HistoryLost(1)]
