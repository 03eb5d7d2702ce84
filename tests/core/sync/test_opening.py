"""
Opening and closing entities.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from conversations._core.promises import Cancelled, Task
from conversations._core.sync import (
    DocumentUpdated,
    EntityRemoved,
    ItemAdded,
    ItemUpdated,
    SyncDocument,
    SyncEvent,
    SyncList,
    SyncMap,
)
from conversations.errors import ConversationsError, ForbiddenError, NotFoundError, service_error
from tests.core.sync.harness import World
from tests.core.sync.service import BASE_URL


def ignore(event: SyncEvent) -> None:
    pass


def test_entities_are_opened_by_name_or_sid() -> None:
    world = World()
    document = world.service.add("document", "CH1.channel", {"a": 1})
    roster = world.service.add("map", None)
    messages = world.service.add("list", "CH1.messages")
    opened_document, _ = world.open_document(document)
    opened_map, _ = world.open_map(roster)
    opened_list, _ = world.open_list(messages)
    assert isinstance(opened_document, SyncDocument)
    assert isinstance(opened_map, SyncMap)
    assert isinstance(opened_list, SyncList)
    assert (opened_document.sid, opened_document.unique_name) == (document.sid, "CH1.channel")
    assert (opened_map.sid, opened_map.unique_name) == (roster.sid, None)
    assert (opened_document.position, opened_map.position, opened_list.position) == (0, -1, -1)
    assert opened_document.data == {"a": 1}


def test_a_missing_entity_fails_and_can_be_tried_again() -> None:
    world = World()
    for _ in range(2):
        with pytest.raises(NotFoundError):
            world.open_map("nobody.channels")
    world.service.answers["/v3/Maps/m"] = service_error(403, code=54007)
    with pytest.raises(ForbiddenError):
        world.open_map("m")
    world.settle()
    assert len(world.service.reads) == 3
    assert world.posts == []


def test_an_answer_without_a_sid_is_an_error() -> None:
    world = World()
    world.service.answers["/v3/Lists/l"] = {}
    with pytest.raises(ConversationsError, match="not understood"):
        world.open_list("l")


def test_concurrent_openings_share_the_request_and_the_object() -> None:
    world = World()
    world.service.is_holding = True
    entity = world.service.add("list", "l")
    told: list[tuple[str, SyncEvent]] = []

    def observer(name: str) -> Any:
        return lambda event: told.append((name, event))

    tasks = [world.start(world.client.open_list("l", observer(name))) for name in "ab"]
    assert len(world.service.reads) == 1
    world.service.is_holding = False
    world.service.release()
    world.run()
    first, second = (task.result() for task in tasks)
    assert first is second
    world.settle()
    assert world.actions() == [("establish", [entity.sid])]
    world.service.append(entity, {})
    world.deliver()
    assert [name for name, _ in told] == ["a", "b"]


def test_what_is_open_is_opened_without_a_request_by_any_of_its_ids() -> None:
    world = World()
    entity = world.service.add("map", "m")
    opened, _ = world.open_map(entity)
    assert world.open_map("m")[0] is opened
    assert world.open_map(entity.sid)[0] is opened
    assert len(world.service.reads) == 1


def test_the_same_id_of_another_kind_is_another_entity() -> None:
    world = World()
    world.service.answers["/v3/Maps/x"] = {"sid": "MP_x", "last_event_id": 0}
    world.service.answers["/v3/Lists/x"] = {"sid": "ES_x", "last_event_id": 0}
    opened_map, _ = world.open_map("x")
    opened_list, _ = world.open_list("x")
    assert (opened_map.sid, opened_list.sid) == ("MP_x", "ES_x")


def test_a_second_id_of_an_open_entity_leads_to_the_same_object_and_is_remembered() -> None:
    world = World()
    entity = world.service.add("map", "m")
    opened, _ = world.open_map(entity.sid)
    world.service.answers["/v3/Maps/alias"] = entity.root()
    assert world.open_map("alias")[0] is opened
    assert world.open_map("alias")[0] is opened
    assert len(world.service.reads) == 2


def test_of_two_openings_under_different_ids_the_first_object_stays() -> None:
    world = World()
    entity = world.service.add("map", "m")
    world.service.is_holding = True
    by_name = world.start(world.client.open_map("m", ignore))
    by_sid = world.start(world.client.open_map(entity.sid, ignore))
    assert len(world.service.reads) == 2
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert by_name.result() is by_sid.result()
    world.settle()
    assert world.actions() == [("establish", [entity.sid])]


def test_one_sid_for_two_kinds_is_an_error() -> None:
    world = World()
    entity = world.service.add("map", "m")
    opened, _ = world.open_map(entity)
    world.service.answers["/v3/Lists/l"] = {"sid": entity.sid}
    with pytest.raises(ConversationsError, match="not understood"):
        world.open_list("l")
    assert not opened.is_closed


def test_an_opening_without_items_joins_one_with_items() -> None:
    world = World()
    world.service.is_holding = True
    world.service.add("map", "m").put("a", {})
    with_items = world.start(world.client.open_map("m", ignore, include_items=True))
    without = world.start(world.client.open_map("m", ignore))
    world.service.release()
    world.run()
    assert without.result() is with_items.result()
    assert len(world.service.reads) == 1


def test_an_opening_with_items_does_not_join_one_without() -> None:
    world = World()
    world.service.is_holding = True
    world.service.add("map", "m").put("a", {})
    without = world.start(world.client.open_map("m", ignore))
    with_items = world.start(world.client.open_map("m", ignore, include_items=True))
    world.service.release()
    world.run()
    assert without.result() is with_items.result()
    assert len(world.service.reads) == 2
    assert list(with_items.result().items) == ["a"]


def test_an_opening_nobody_waits_for_is_dropped() -> None:
    world = World()
    world.service.add("list", "l")
    world.service.is_holding = True
    task: Task[SyncList] = world.start(world.client.open_list("l", ignore))
    task.cancel()
    world.run()
    with pytest.raises(Cancelled):
        task.result()
    world.service.is_holding = False
    world.service.release()
    world.settle()
    assert world.posts == []
    world.open_list("l")
    assert len(world.service.reads) == 2


def test_an_opening_cancelled_in_the_very_moment_of_success_leaves_nothing_behind() -> None:
    world = World()
    world.service.add("list", "l")
    world.service.is_holding = True
    task = world.start(world.client.open_list("l", ignore))
    (held,) = world.service.held
    held.resolve(None)
    # The answer wakes the reading, which settles what is shared: the caller would be next.
    world.scheduler._ready.popleft()()
    world.scheduler._ready.popleft()()
    assert not task.is_settled
    task.cancel()
    world.settle()
    assert isinstance(task.error, Cancelled)
    assert world.posts == []


def test_one_of_those_who_opened_at_the_same_time_may_close_at_once() -> None:
    world = World()
    entity = world.service.add("list", "l")
    world.service.is_holding = True

    async def open_and_close() -> SyncList:
        opened = await world.client.open_list("l", ignore)
        opened.close()
        return opened

    first = world.start(open_and_close())
    second = world.start(world.client.open_list("l", ignore))
    world.service.is_holding = False
    world.service.release()
    world.run()
    assert first.result().is_closed
    assert not second.result().is_closed
    assert len(world.service.reads) == 1
    world.settle()
    assert world.actions() == [("establish", [entity.sid])]


def test_closing_unsubscribes_and_forgets() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, events = world.open_list(entity)
    world.settle()
    opened.close()
    opened.close()
    assert opened.is_closed
    world.client.receive(*entity.notification(entity.append({})))
    world.settle()
    assert world.actions() == [("establish", [entity.sid]), ("cancel", [entity.sid])]
    assert events == []
    again, _ = world.open_list(entity)
    assert again is not opened
    assert len(world.service.reads) == 2


def test_an_entity_stays_open_until_the_last_observer_closes_it() -> None:
    world = World()
    entity = world.service.add("list", "l")
    told: list[str] = []

    def first(event: SyncEvent) -> None:
        told.append("first")

    def second(event: SyncEvent) -> None:
        told.append("second")

    opened = world.get(world.client.open_list("l", first))
    world.get(world.client.open_list("l", second))
    world.settle()
    opened.close(first)
    opened.close(first)
    assert not opened.is_closed
    world.service.append(entity, {})
    world.deliver()
    assert told == ["second"]
    opened.close(second)
    assert opened.is_closed
    world.settle()
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


def test_closing_without_an_observer_ends_it_for_all() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.open_list(entity)
    opened.close()
    assert opened.is_closed


def test_an_observer_that_another_one_closes_hears_no_more() -> None:
    world = World()
    entity = world.service.add("list", "l")
    told: list[str] = []

    def closing(event: SyncEvent) -> None:
        told.append("closing")
        opened.close(other)

    def other(event: SyncEvent) -> None:
        told.append("other")

    opened = world.get(world.client.open_list("l", closing))
    world.get(world.client.open_list("l", other))
    world.settle()
    world.service.append(entity, {})
    world.deliver()
    assert told == ["closing"]


def test_an_exception_of_an_observer_is_logged_and_keeps_nothing_from_coming(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    entity = world.service.add("list", "l")
    told: list[Any] = []

    def broken(event: SyncEvent) -> None:
        told.append("broken")
        message = "bug"
        raise LookupError(message)

    world.get(world.client.open_list("l", broken))
    world.get(world.client.open_list("l", told.append))
    world.settle()
    world.service.append(entity, {})
    world.service.append(entity, {})
    world.deliver()
    assert [each if each == "broken" else each.key for each in told] == [
        *("broken", 0),
        *("broken", 1),
    ]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert errors[0].name == "conversations.sync"
    assert errors[0].exc_info is not None
    assert entity.sid in errors[0].getMessage()


@pytest.mark.parametrize("kind", ["document", "map", "list"])
def test_a_removed_entity_says_so_once_and_needs_no_cancel(kind: str) -> None:
    world = World()
    entity = world.service.add(kind, "x", {})
    opened, events = getattr(world, f"open_{kind}")(entity)
    world.settle()
    removed = {"event_type": f"{kind}_removed", "event": {"id": 9, f"{kind}_sid": entity.sid}}
    for _ in range(2):
        world.client.receive(f"com.twilio.rtd.cds.{kind}", removed)
    opened.close()
    world.settle()
    assert events == [EntityRemoved()]
    assert opened.is_closed
    assert len(world.posts) == 1
    world.reconnect()
    world.settle()
    assert len(world.posts) == 1


def test_what_waits_is_told_before_the_removal() -> None:
    world = World()
    entity = world.service.add("list", "l")
    _, events = world.open_list(entity)
    world.settle()
    entity.append({})
    world.client.receive(*entity.notification(entity.append({})))
    world.client.receive(
        "com.twilio.rtd.cds.list",
        {"event_type": "list_removed", "event": {"id": 2, "list_sid": entity.sid}},
    )
    assert [type(event) for event in events] == [ItemAdded, EntityRemoved]


def test_who_closes_on_what_waited_is_not_told_of_the_removal() -> None:
    world = World()
    entity = world.service.add("list", "l")
    events: list[SyncEvent] = []

    def observer(event: SyncEvent) -> None:
        events.append(event)
        opened.close()

    opened = world.get(world.client.open_list("l", observer))
    world.settle()
    entity.append({})
    world.client.receive(*entity.notification(entity.append({})))
    world.client.receive(
        "com.twilio.rtd.cds.list",
        {"event_type": "list_removed", "event": {"id": 2, "list_sid": entity.sid}},
    )
    assert [type(event) for event in events] == [ItemAdded]


def test_an_event_of_another_kind_with_the_same_sid_is_ignored() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, events = world.open_list(entity)
    world.settle()
    event = {"id": 0, "map_sid": entity.sid, "item_key": "a", "item_data": {}}
    world.client.receive("com.twilio.rtd.cds.map", {"event_type": "map_item_added", "event": event})
    assert events == []
    assert opened.position == -1


def test_requests_of_a_start_go_out_together_and_none_twice() -> None:
    """
    Three entities for each of several conversations, in parallel, one subscription request.
    """
    world = World()
    tasks: list[Task[Any]] = []
    for number in range(10):
        for kind, name in (("document", "channel"), ("list", "messages"), ("map", "roster")):
            world.service.add(kind, f"CH{number}.{name}", {})
        tasks += [
            world.start(world.client.open_document(f"CH{number}.channel", ignore)),
            world.start(world.client.open_list(f"CH{number}.messages", ignore)),
            world.start(world.client.open_map(f"CH{number}.roster", ignore, include_items=True)),
        ]
    world.settle()
    assert all(task.error is None for task in tasks)
    urls = [request.url for request in world.service.reads]
    assert len(urls) == len(set(urls)) == 30
    assert all(url.startswith(BASE_URL) for url in urls)
    assert len(world.posts) == 1
    assert len(world.posts[0]["requests"]) == 30


# documents


def test_a_document_follows_its_events() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    opened, events = world.open_document(entity)
    world.settle()
    world.service.replace(entity, {"n": 1})
    world.deliver()
    assert events == [DocumentUpdated(data={"n": 1}, previous={"n": 0})]
    assert opened.data == {"n": 1}
    assert opened.position == 1


def test_a_document_ignores_what_is_not_newer_and_waits_for_nothing() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    opened, events = world.open_document(entity)
    first, second = (entity.replace({"n": number}) for number in (1, 2))
    for event in (second, first, second):
        world.client.receive(*entity.notification(event))
    assert events == [DocumentUpdated(data={"n": 2}, previous={"n": 0})]
    assert opened.position == 2


def test_a_document_that_is_written_without_a_change_says_nothing_but_moves_on() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    opened, events = world.open_document(entity)
    world.settle()
    world.service.replace(entity, {"n": 0})
    world.deliver()
    assert events == []
    assert opened.position == 1


def test_a_document_without_a_position_takes_any_event() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    entity.extra_root = {"last_event_id": None}
    opened, events = world.open_document(entity)
    assert opened.position is None
    world.client.receive(*entity.notification(entity.replace({"n": 1})))
    assert len(events) == 1
    assert opened.position == 1


def test_a_document_passes_over_events_without_content() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    opened, events = world.open_document(entity)
    world.client.receive(
        "com.twilio.rtd.cds.document",
        {"event_type": "document_touched", "event": {"id": 1, "document_sid": entity.sid}},
    )
    assert events == []
    assert opened.position == 0


def test_a_document_missed_while_away_is_replayed() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    _, events = world.open_document(entity)
    world.settle()
    world.drop_connection()
    entity.replace({"n": 1})
    world.client.connected()
    world.settle()
    assert events == [DocumentUpdated(data={"n": 1}, previous={"n": 0})]
    assert len(world.service.reads) == 1


def test_a_second_reading_of_a_document_changes_nothing() -> None:
    world = World()
    entity = world.service.add("document", "d", {"n": 0})
    opened, events = world.open_document(entity)
    entity.replace({"n": 1})
    again, _ = world.open_document(entity.sid)
    world.service.answers["/v3/Documents/alias"] = entity.root()
    alias, _ = world.open_document("alias")
    assert again is alias is opened
    assert opened.data == {"n": 0}
    assert events == []


def test_a_second_reading_of_a_list_changes_nothing() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    entity.append({})
    world.service.answers["/v3/Lists/alias"] = entity.root()
    assert world.open_list("alias")[0] is opened
    assert opened.position == -1


def test_a_second_reading_of_a_map_brings_items_but_no_completeness() -> None:
    world = World()
    entity = world.service.add("map", "m")
    entity.put("a", {"n": 1})
    opened, events = world.open_map(entity)
    world.get(opened.query())
    entity.put("a", {"n": 2})
    entity.put("b", {"n": 3})
    world.service.answers["/v3/Maps/alias"] = {
        **entity.root(),
        "items": [entity.item("a"), entity.item("b")],
    }
    assert world.open_map("alias", include_items=True)[0] is opened
    assert events == [ItemUpdated(key="a", data={"n": 2}, event_id=1, previous={"n": 1})]
    assert list(opened.items) == ["a", "b"]
    assert not opened.is_complete
