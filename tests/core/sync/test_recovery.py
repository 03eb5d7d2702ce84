"""
What happens when there is no replay: reading again, and telling the difference.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.sync import (
    DocumentUpdated,
    EntityRemoved,
    HistoryLost,
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    SubscriptionRefused,
    SyncEvent,
)
from conversations.errors import ConnectionLostError, NotFoundError, service_error
from tests.core.sync.harness import World
from tests.core.sync.service import REPLAY, Entity, terminal


def opened(
    kind: str, data: Any = None, *, name: str | None = "x"
) -> tuple[World, Entity, Any, Any]:
    """
    A world with one live entity.
    """
    world = World()
    entity = world.service.add(kind, name, data)
    observed, events = getattr(world, f"open_{kind}")(entity)
    world.settle()
    return world, entity, observed, events


def make_anew(world: World, entity: Entity, data: Any = None) -> Entity:
    """
    Lose an entity and make another under its name.
    """
    world.service.entities.remove(entity)
    return world.service.add(entity.kind, entity.name, data)


def interrupt(world: World, times: int) -> None:
    """
    Reconnect and interrupt the replay so often, without having replayed anything.
    """
    world.service.confirms = False
    world.reconnect()
    for _ in range(times):
        body = world.posts[-1]
        for entry in body["requests"]:
            fields = {"replay_status": "interrupted"}
            world.client.receive(*terminal("established", body, entry, **fields))
        world.run(1)


def root_path(entity: Entity, entity_id: str | None = None) -> str:
    return f"/v3/{entity.kind.capitalize()}s/{entity_id or entity.name}"


def items_path(entity: Entity) -> str:
    return f"/v3/Services/IS1/{entity.kind.capitalize()}s/{entity.sid}/Items"


# gone


@pytest.mark.parametrize("kind", ["document", "map", "list"])
def test_an_entity_that_was_removed_while_away_says_so(kind: str) -> None:
    world, entity, observed, events = opened(kind)
    world.drop_connection()
    world.service.entities.remove(entity)
    world.client.connected()
    world.settle()
    assert events == [EntityRemoved()]
    assert observed.is_closed
    assert len(world.service.reads) == 2  # looked for once, by its name
    world.reconnect()
    world.settle()
    assert len(world.posts) == 2


def test_an_entity_known_by_its_sid_alone_is_not_looked_for() -> None:
    world, entity, _, events = opened("list", name=None)
    world.service.entities.remove(entity)
    world.reconnect()
    world.settle()
    assert events == [EntityRemoved()]
    assert len(world.service.reads) == 1


def test_an_entity_without_a_unique_name_is_looked_for_by_what_it_was_opened_with() -> None:
    world = World()
    entity = world.service.add("list", "x")
    world.service.answers[root_path(entity)] = [{**entity.root(), "unique_name": None}]
    _, events = world.open_list("x")
    world.service.entities.remove(entity)
    world.settle()
    assert events == [EntityRemoved()]
    assert [request.url.rpartition("/")[2] for request in world.service.reads] == ["x", "x"]


def test_found_again_but_still_not_to_be_subscribed_it_counts_as_gone() -> None:
    world, entity, _, events = opened("list")
    world.service.entities.remove(entity)
    world.service.answers[root_path(entity)] = entity.root()
    world.reconnect()
    world.settle()
    assert [type(event) for event in events] == [HistoryLost, EntityRemoved]
    assert len(world.service.reads) == 2


def test_after_a_success_it_is_looked_for_again() -> None:
    world, entity, _, events = opened("list")
    for _ in range(2):
        world.service.entities.remove(entity)
        world.service.answers[root_path(entity)] = [entity.root()]
        world.reconnect()
        world.service.is_holding = True
        world.deliver()
        world.service.entities.append(entity)
        world.service.is_holding = False
        world.service.release()
        world.settle()
    assert [type(event) for event in events] == [HistoryLost, HistoryLost]
    assert len(world.service.reads) == 3


def test_an_entity_removed_while_its_items_are_read_again_is_gone() -> None:
    world, entity, _, events = opened("map")
    anew = make_anew(world, entity)
    world.service.answers[items_path(anew)] = NotFoundError()
    world.reconnect()
    world.settle()
    assert events == [EntityRemoved()]


# made anew


def test_a_document_made_anew_is_the_same_object_with_other_content() -> None:
    world, entity, document, events = opened("document", {"n": 0})
    world.service.replace(entity, {"n": 1})
    world.deliver()
    events.clear()
    anew = make_anew(world, entity, {"n": 7})
    world.reconnect()
    world.settle()
    assert events == [DocumentUpdated(data={"n": 7}, previous={"n": 1})]
    assert (document.sid, document.position, document.data) == (anew.sid, 0, {"n": 7})
    assert world.posts[-1]["requests"] == [
        {"object_sid": anew.sid, "object_type": "document", "last_event_id": 0}
    ]
    world.service.replace(anew, {"n": 8})
    world.deliver()
    assert document.data == {"n": 8}


def test_a_document_made_anew_with_the_same_content_says_nothing() -> None:
    world, entity, document, events = opened("document", {"n": 0})
    anew = make_anew(world, entity, {"n": 0})
    world.reconnect()
    world.settle()
    assert events == []
    assert document.sid == anew.sid


def test_a_map_made_anew_is_the_same_object_and_tells_the_difference() -> None:
    world, entity, sync_map, events = opened("map")
    for key in ("same", "changed", "gone"):
        world.service.put(entity, key, {"n": 0})
    world.deliver()
    events.clear()
    anew = make_anew(world, entity)
    anew.put("new", {"n": 9})
    anew.put("same", {"n": 0})
    anew.put("changed", {"n": 1})
    world.reconnect()
    world.settle()
    assert events == [
        ItemRemoved(key="gone", event_id=2, previous={"n": 0}),
        ItemAdded(key="new", data={"n": 9}, event_id=0),
        ItemUpdated(key="changed", data={"n": 1}, event_id=2, previous={"n": 0}),
    ]
    assert (sync_map.sid, sync_map.position, sync_map.is_complete) == (anew.sid, 2, True)
    world.service.drop(anew, "same")
    world.deliver()
    assert list(sync_map.items) == ["changed", "new"]
    assert world.open_map("x")[0] is sync_map
    assert world.open_map(anew.sid)[0] is sync_map


def test_a_list_made_anew_is_the_same_object_and_knows_nothing_any_more() -> None:
    world, entity, messages, events = opened("list")
    world.service.append(entity, {"n": 0})
    world.deliver()
    events.clear()
    anew = make_anew(world, entity)
    world.reconnect()
    world.settle()
    assert events == [HistoryLost(None)]
    assert (messages.sid, messages.position) == (anew.sid, -1)
    world.service.append(anew, {"n": 7})
    world.deliver()
    assert events[1:] == [ItemAdded(key=0, data={"n": 7}, event_id=0)]
    assert [item.data for item in world.get(messages.query()).items] == [{"n": 7}]


def test_events_of_the_old_one_that_still_waited_are_dropped() -> None:
    world, entity, _, events = opened("list")
    entity.append({})
    held = entity.notification(entity.append({}))
    world.drop_connection()
    world.client.connected()
    world.client.receive(*held)
    make_anew(world, entity)
    world.settle()
    assert events == [HistoryLost(None)]


def test_an_entity_whose_successor_is_open_already_counts_as_gone() -> None:
    world, entity, _, events = opened("list")
    anew = make_anew(world, entity)
    other, other_events = world.open_list(anew.sid)
    world.reconnect()
    world.settle()
    assert events == [EntityRemoved()]
    assert other_events == []
    assert not other.is_closed
    world.service.append(anew, {})
    world.deliver()
    assert len(other_events) == 1


def test_who_closes_on_the_news_of_the_new_one_is_unsubscribed() -> None:
    world = World()
    entity = world.service.add("list", "x")
    events: list[SyncEvent] = []

    def observer(event: SyncEvent) -> None:
        events.append(event)
        messages.close()

    messages = world.get(world.client.open_list("x", observer))
    world.settle()
    make_anew(world, entity)
    world.reconnect()
    world.settle()
    assert events == [HistoryLost(None)]
    assert len(world.posts) == 2
    again, _ = world.open_list("x")
    assert again is not messages


def test_reading_of_the_old_one_does_not_mix_with_the_new_one() -> None:
    world, entity, sync_map, events = opened("map")
    entity.put("old", {})
    world.service.is_holding = True
    query = world.start(sync_map.query())
    load = world.start(sync_map.load_all())
    (of_query, of_load), world.service.held = world.service.held, []
    world.service.is_holding = False
    old_page = entity.page({})
    anew = make_anew(world, entity)
    anew.put("new", {})
    world.reconnect()
    world.settle()
    world.service.answers[items_path(entity)] = old_page
    of_query.resolve(None)
    of_load.resolve(None)
    world.run()
    assert [item.key for item in query.result().items] == ["old"]
    assert load.error is None
    assert list(sync_map.items) == ["new"]
    assert [type(event) for event in events] == [ItemAdded]


def test_reading_a_page_of_the_old_list_does_not_mix_with_the_new_one() -> None:
    world, entity, messages, _ = opened("list")
    entity.append({"n": "old"})
    world.service.is_holding = True
    query = world.start(messages.query())
    (held,), world.service.held = world.service.held, []
    world.service.is_holding = False
    old_page = entity.page({})
    anew = make_anew(world, entity)
    world.reconnect()
    world.settle()
    world.service.append(anew, {"n": "new"})
    world.service.put(anew, 0, {"n": "newer"})
    world.deliver()
    world.service.answers[items_path(entity)] = old_page
    held.resolve(None)
    world.run()
    assert [item.data for item in query.result().items] == [{"n": "old"}]


# interrupted again and again


def test_a_list_that_cannot_be_replayed_tells_where_the_history_ends() -> None:
    world, entity, messages, events = opened("list")
    world.service.append(entity, {})
    world.deliver()
    events.clear()
    world.drop_connection()
    for _ in range(3):
        entity.append({})
    interrupt(world, 4)
    assert events == []
    interrupt(world, 5)
    assert events == [HistoryLost(0)]
    assert messages.position == 3
    assert world.posts[-1]["requests"][0]["last_event_id"] == 3
    assert len(world.service.reads) == 2


def test_after_that_the_list_goes_on_live() -> None:
    world, entity, messages, events = opened("list")
    entity.append({})
    interrupt(world, 5)
    world.service.confirms = True
    world.service.confirm(world.posts[-1])
    world.deliver()
    world.service.append(entity, {})
    world.deliver()
    assert events == [HistoryLost(-1), ItemAdded(key=1, data={}, event_id=1)]
    assert messages.position == 1


def test_a_map_that_cannot_be_replayed_tells_the_difference() -> None:
    world, entity, sync_map, events = opened("map")
    for key in ("same", "changed", "gone"):
        world.service.put(entity, key, {"n": 0})
    world.deliver()
    world.get(sync_map.load_all())
    events.clear()
    world.drop_connection()
    entity.put("changed", {"n": 1})
    entity.put("new", {"n": 2})
    entity.drop("gone")
    interrupt(world, 5)
    assert events == [
        ItemRemoved(key="gone", event_id=5, previous={"n": 0}),
        ItemUpdated(key="changed", data={"n": 1}, event_id=3, previous={"n": 0}),
        ItemAdded(key="new", data={"n": 2}, event_id=4),
    ]
    assert sync_map.position == 5
    assert world.posts[-1]["requests"][0]["last_event_id"] == 5


def test_an_incomplete_map_adds_only_what_is_new_since_its_position() -> None:
    world, entity, sync_map, events = opened("map")
    entity.put("before", {})
    world.client._hub.registry.by_sid(entity.sid)
    world.reconnect()
    world.settle()
    events.clear()
    world.drop_connection()
    entity.put("since", {})
    sync_map._cache._items.clear()  # as if it had never been read
    sync_map._cache._sorted = None
    interrupt(world, 5)
    assert events == [ItemAdded(key="since", data={}, event_id=1)]
    assert list(sync_map.items) == ["before", "since"]
    assert sync_map.is_complete


def test_all_pages_of_a_map_are_read_again() -> None:
    world, entity, sync_map, events = opened("map")
    for number in range(250):
        entity.put(f"k{number:03}", {})
    interrupt(world, 5)
    assert len(events) == 250
    assert list(sync_map.items) == entity.ordered_keys()
    assert len(world.service.reads) == 2 + 3


def test_live_events_wait_until_the_map_has_been_read_again() -> None:
    world, entity, sync_map, events = opened("map")
    world.service.put(entity, "a", {"n": 0})
    world.deliver()
    world.get(sync_map.load_all())
    events.clear()
    world.service.is_holding = True
    world.service.confirms = False
    world.reconnect()
    world.service.is_holding = False
    world.service.release()
    world.run()
    for _ in range(4):
        interrupt_once(world)
    world.service.is_holding = True
    interrupt_once(world)
    entity.put("b", {"n": 1})
    world.client.receive(*entity.notification(entity.put("a", {"n": 2})))
    assert events == []
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert events == [
        ItemUpdated(key="a", data={"n": 2}, event_id=2, previous={"n": 0}),
        ItemAdded(key="b", data={"n": 1}, event_id=1),
    ]


def interrupt_once(world: World) -> None:
    body = world.posts[-1]
    for entry in body["requests"]:
        world.client.receive(*terminal("established", body, entry, replay_status="interrupted"))
    world.run(1)


def test_loading_gives_way_to_reading_again() -> None:
    world, entity, sync_map, _ = opened("map")
    for number in range(150):
        entity.put(f"k{number:03}", {})
    world.service.is_holding = True
    load = world.start(sync_map.load_all())
    (held,), world.service.held = world.service.held, []
    world.service.is_holding = False
    interrupt(world, 5)
    assert sync_map.is_complete
    before = len(world.service.reads)
    held.resolve(None)
    world.run()
    assert load.error is None
    assert len(world.service.reads) == before


def test_a_document_that_cannot_be_replayed_is_read_again() -> None:
    world, entity, document, events = opened("document", {"n": 0})
    entity.replace({"n": 1})
    interrupt(world, 5)
    assert events == [DocumentUpdated(data={"n": 1}, previous={"n": 0})]
    assert document.position == 1
    interrupt(world, 5)
    assert len(events) == 1


def test_a_server_that_can_never_replay_is_asked_less_and_less() -> None:
    world, _, _, events = opened("list")
    world.service.confirms = False
    world.reconnect()
    for _ in range(30):
        interrupt_once(world)
        world.run(200)
    assert 2 <= len(world.service.reads) <= 8
    assert all(event == HistoryLost(-1) for event in events)
    interrupt_once(world)
    before = len(world.posts)
    world.run(60)
    assert len(world.posts) == before


def test_an_entity_known_by_its_sid_alone_is_read_again_by_its_sid() -> None:
    world, entity, _, events = opened("list", name=None)
    interrupt(world, 5)
    assert events == [HistoryLost(-1)]
    assert world.service.reads[-1].url.endswith(f"/v3/Lists/{entity.sid}")


# reading again fails


@pytest.mark.parametrize("error", [service_error(503), ConnectionLostError()])
def test_if_reading_again_fails_it_is_tried_again_later(error: Exception) -> None:
    world, entity, _, events = opened("list")
    world.service.answers[root_path(entity)] = [error]
    entity.append({})
    interrupt(world, 5)
    assert events == []
    assert world.errors == (
        [(f"read list {entity.sid} again", 503)]
        if isinstance(error, type(service_error(503)))
        else []
    )
    world.run(5)
    interrupt_once(world)
    assert events == [HistoryLost(-1)]


def test_a_missing_entity_that_cannot_be_looked_for_now_is_looked_for_later() -> None:
    world, entity, _, events = opened("list")
    anew = make_anew(world, entity)
    world.service.answers[root_path(entity)] = [service_error(500)]
    world.reconnect()
    world.settle()
    world.run(0.2)
    world.settle()
    assert events == [HistoryLost(None)]
    assert world.posts[-1]["requests"][0]["object_sid"] == anew.sid
    assert world.errors == [(f"read list {entity.sid} again", 500)]


def test_a_map_keeps_its_items_while_reading_again_fails() -> None:
    world, entity, sync_map, events = opened("map")
    world.service.put(entity, "a", {"n": 0})
    world.deliver()
    events.clear()
    entity.put("a", {"n": 1})
    world.service.answers[items_path(entity)] = [service_error(500)]
    interrupt(world, 5)
    assert sync_map.items["a"].data == {"n": 0}
    world.run(5)
    world.service.confirms = True
    world.service.confirm(world.posts[-1])
    world.deliver()
    assert events == [ItemUpdated(key="a", data={"n": 1}, event_id=1, previous={"n": 0})]


def test_an_entity_that_may_not_be_read_any_more_is_refused() -> None:
    world, entity, messages, events = opened("list")
    world.service.answers[root_path(entity)] = service_error(403, code=54007)
    entity.append({})
    interrupt(world, 5)
    (refused,) = events
    assert isinstance(refused, SubscriptionRefused)
    assert refused.error.code == 54007
    assert not messages.is_closed
    before = len(world.posts)
    world.reconnect()
    world.settle()
    assert len(world.posts) == before


def test_a_bug_while_reading_again_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world, entity, _, _ = opened("list")
    world.service.answers[root_path(entity)] = ValueError("bug")
    interrupt(world, 5)
    assert "reading an entity again failed" in caplog.text
    assert "ValueError" in caplog.text


# closing meanwhile


@pytest.mark.parametrize("kind", ["document", "map", "list"])
@pytest.mark.parametrize("answer", ["root", "error"])
def test_closing_while_the_root_is_read_again_is_safe(kind: str, answer: str) -> None:
    world, entity, observed, events = opened(kind)
    if answer == "error":
        world.service.answers[root_path(entity)] = service_error(500)
    else:
        make_anew(world, entity)
    interrupt(world, 4)
    world.service.is_holding = True
    interrupt_once(world)
    observed.close()
    world.service.is_holding = False
    world.service.release()
    world.settle()
    assert events == []
    assert world.errors == []
    assert len(world.posts) == 6


def test_closing_while_items_are_read_again_is_safe() -> None:
    world, entity, sync_map, events = opened("map")
    for number in range(150):
        entity.put(f"k{number:03}", {})
    interrupt(world, 4)
    world.service.is_holding = True
    interrupt_once(world)
    world.service.release()
    world.run()
    sync_map.close()
    world.service.is_holding = False
    world.service.release()
    world.settle()
    assert events == []
    assert len(world.service.reads) == 3


def test_closing_and_opening_while_it_is_read_again_starts_afresh() -> None:
    world, entity, messages, events = opened("list")
    interrupt(world, 4)
    world.service.is_holding = True
    interrupt_once(world)
    (held,), world.service.held = world.service.held, []
    world.service.is_holding = False
    world.service.confirms = True
    messages.close()
    _again, again_events = world.open_list(entity)
    world.settle()
    held.resolve(None)
    world.settle()
    world.service.append(entity, {})
    world.deliver()
    assert events == []
    assert len(again_events) == 1


def test_a_lost_connection_does_not_end_the_reading_again() -> None:
    world, entity, messages, events = opened("list")
    entity.append({})
    interrupt(world, 4)
    world.service.is_holding = True
    interrupt_once(world)
    world.service.is_holding = False
    before = len(world.posts)
    world.reconnect()
    assert len(world.posts) == before
    world.service.confirms = True
    world.service.release()
    world.settle()
    assert events == [HistoryLost(-1)]
    assert len(world.posts) == before + 1
    assert messages.position == 0


def test_reading_again_may_end_while_disconnected() -> None:
    world, entity, _, events = opened("list")
    entity.append({})
    interrupt(world, 4)
    world.service.is_holding = True
    interrupt_once(world)
    world.drop_connection()
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert events == [HistoryLost(-1)]
    before = len(world.posts)
    world.client.connected()
    world.run()
    assert len(world.posts) == before + 1
    assert world.posts[-1]["requests"][0]["last_event_id"] == 0


def test_an_entity_refused_after_it_was_renamed_and_reopened_is_left_alone() -> None:
    world, _, messages, _ = opened("list")
    subscriptions = world.client._hub.subscriptions
    subscriptions.refuse(messages)  # it is live: nothing to refuse
    subscriptions.recovered(messages, is_done=True)
    messages.close()
    subscriptions.refuse(messages)
    subscriptions.unwant(messages)
    subscriptions.forget(messages)
    subscriptions.repeat(messages)
    world.settle()
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


# a document whose newest content was kept back


def confirm(world: World, last_event_id: int) -> None:
    body = world.posts[-1]
    fields = {"replay_status": "completed", "last_event_id": last_event_id}
    for entry in body["requests"]:
        world.client.receive(*terminal("established", body, entry, **fields))
    world.run()


def behind(data: Any) -> tuple[World, Entity, Any, Any]:
    """
    A document that was changed while the connection was lost, and is connected again.
    """
    world, entity, document, events = opened("document", {"n": 0})
    world.service.confirms = False
    world.drop_connection()
    entity.replace(data)
    world.client.connected()
    world.run()
    return world, entity, document, events


def test_a_document_confirmed_beyond_what_it_knows_is_read() -> None:
    world, _, document, events = behind({"n": 1})
    confirm(world, 1)
    assert events == [DocumentUpdated(data={"n": 1}, previous={"n": 0})]
    assert document.position == 1
    assert len(world.service.reads) == 2
    world.run(600)
    assert len(world.posts) == 2


def test_a_confirmation_alone_does_not_move_a_document() -> None:
    world, entity, document, events = behind({"n": 1})
    world.service.answers[root_path(entity, entity.sid)] = service_error(500)
    confirm(world, 1)
    assert document.position == 0
    assert events == []
    assert world.errors == [(f"read document {entity.sid} again", 500)]
    world.reconnect()
    assert world.posts[-1]["requests"][0]["last_event_id"] == 0


def test_an_event_that_is_faster_than_the_reading_wins() -> None:
    world, entity, document, events = behind({"n": 1})
    world.service.is_holding = True
    confirm(world, 1)
    world.client.receive(*entity.notification(entity.replace({"n": 2})))
    old = {**entity.root(), "data": {"n": 1}, "last_event_id": 1}
    world.service.answers[root_path(entity, entity.sid)] = old
    world.service.release()
    world.run()
    assert len(events) == 1
    assert document.data == {"n": 2}


def test_a_document_gone_when_it_is_read_is_removed() -> None:
    world, entity, _, events = behind({"n": 1})
    world.service.entities.remove(entity)
    confirm(world, 1)
    assert events == [EntityRemoved()]


def test_an_answer_about_another_document_is_ignored() -> None:
    world, entity, document, events = behind({"n": 1})
    other = world.service.add("document", "other", {"n": 7})
    world.service.answers[root_path(entity, entity.sid)] = other.root()
    confirm(world, 1)
    assert events == []
    assert document.sid == entity.sid


@pytest.mark.parametrize("answer", ["root", "missing", "error"])
def test_closing_while_a_document_is_read_is_safe(answer: str) -> None:
    world, entity, document, events = behind({"n": 1})
    world.service.is_holding = True
    confirm(world, 1)
    document.close()
    if answer != "root":
        error = NotFoundError() if answer == "missing" else service_error(500)
        world.service.answers[root_path(entity, entity.sid)] = error
    world.service.release()
    world.run()
    assert events == []
    assert world.errors == []


def test_replayed_events_of_a_document_count_although_live() -> None:
    world, entity, document, _ = behind({"n": 1})
    body = world.posts[-1]
    payload = entity.notification(entity.log[-1])[1]
    world.client.receive(REPLAY, {**payload, "correlation_id": body["correlation_id"]})
    confirm(world, 1)
    assert document.data == {"n": 1}
    assert len(world.service.reads) == 1
