"""
Event ids, revisions, live events, and what is kept for those who come back.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations.emulator import ManualClock
from conversations.emulator.domain.service import Service
from conversations.emulator.ids import is_sid
from conversations.emulator.sync.errors import SyncError
from conversations.emulator.sync.objects import SyncDocument, SyncList, SyncMap
from conversations.emulator.sync.reads import root
from conversations.emulator.sync.store import ObjectType
from tests.emulator.recorder import BASE, Recorder


def create(
    service: Service, object_type: type[ObjectType], name: str, reader: str | None = None
) -> ObjectType:
    return service.store.create(
        object_type,
        name,
        created_by="system",
        may_read=lambda identity: reader in {None, identity},
    )


def test_new_objects_begin_as_on_the_real_service(service: Service) -> None:
    positions = {
        object_type.kind: (target.position, target.revision, target.sid[:2])
        for object_type in (SyncDocument, SyncMap, SyncList)
        for target in [create(service, object_type, "x")]
    }
    assert positions == {
        "document": (0, "0", "ET"),
        "map": (-1, "0", "MP"),
        "list": (-1, "0", "ES"),
    }


def test_every_change_takes_the_next_id(service: Service, clock: ManualClock) -> None:
    target = create(service, SyncMap, "m")
    recorder = Recorder()
    recorder.subscribe(target)
    target.set_item("a", {"x": 1})
    clock.advance(1.5)
    target.set_item("a", {"x": 2})
    target.remove_item("a")
    target.remove_item("a")  # nothing there, nothing happens
    target.set_item("a", {"x": 3})
    events = [notification.events[0] for notification in recorder.take()]
    assert [event["id"] for event in events] == [0, 1, 2, 3]
    assert [event["map_revision"] for event in events] == ["1", "2", "3", "4"]
    assert [event["item_revision"] for event in events] == ["0", "1", "2", "3"]
    assert target.position == 3
    assert root(target, BASE)["date_updated"] == "2026-01-01T00:00:01.500Z"


def test_revisions_are_hexadecimal(service: Service) -> None:
    target = create(service, SyncMap, "m")
    for number in range(432):
        target.set_item("a", {"number": number})
    assert (target.position, target.revision) == (431, "1b0")
    item = target.get("a")
    assert item is not None
    assert item.event_id == 431


def test_a_map_tells_of_added_updated_and_removed_items(service: Service) -> None:
    target = create(service, SyncMap, "alice.channels")
    recorder = Recorder()
    recorder.subscribe(target)
    target.set_item("a b", {"x": 1})
    target.set_item("a b", {"x": 2})
    target.remove_item("a b")
    added, updated, removed = recorder.take()
    assert {added.type, updated.type, removed.type} == {"com.twilio.rtd.cds.map"}
    url = f"{BASE}/v3/Services/{service.sid}/Maps/{target.sid}/Items/a%20b"
    assert added.body == {
        "event_type": "map_item_added",
        "event_protocol_version": 4,
        "event": {
            "id": 0,
            "map_sid": target.sid,
            "map_unique_name": "alice.channels",
            "map_revision": "1",
            "item_key": "a b",
            "item_url": url,
            "item_revision": "0",
            "item_data": {"x": 1},
            "date_created": "2026-01-01T00:00:00.000Z",
            "date_expires": None,
        },
    }
    assert updated.kind == "map_item_updated"
    assert removed.body == {
        "event_type": "map_item_removed",
        "event_protocol_version": 4,
        "event": {
            "id": 2,
            "map_sid": target.sid,
            "map_revision": "3",
            "item_key": "a b",
            "item_revision": "2",
            "item_data": {"x": 2},
            "date_created": "2026-01-01T00:00:00.000Z",
        },
    }


def test_a_list_numbers_its_items_and_never_reuses_a_number(service: Service) -> None:
    target = create(service, SyncList, "l")
    recorder = Recorder()
    recorder.subscribe(target)
    assert [target.append({}), target.append({})] == [0, 1]
    target.remove_item(1)
    assert target.append({}) == 2
    events = [notification.events[0] for notification in recorder.take()]
    assert [event["item_index"] for event in events] == [0, 1, 1, 2]


def test_a_document_tells_its_whole_content(service: Service) -> None:
    target = create(service, SyncDocument, "d")
    recorder = Recorder()
    recorder.subscribe(target)
    target.set_data({"x": 1})
    (updated,) = recorder.take()
    assert updated.type == "com.twilio.rtd.cds.document"
    assert updated.body["event"] == {
        "id": 1,
        "document_sid": target.sid,
        "document_unique_name": "d",
        "document_revision": "1",
        "document_data": {"x": 1},
        "date_created": "2026-01-01T00:00:00.000Z",
        "date_expires": None,
    }


@pytest.mark.parametrize("object_type", [SyncDocument, SyncMap, SyncList])
def test_removal_is_told_and_ends_the_subscription(
    object_type: type[SyncDocument], service: Service
) -> None:
    target = create(service, object_type, "x")
    recorder = Recorder()
    recorder.subscribe(target)
    service.store.remove(target)
    (removed,) = recorder.take()
    assert removed.body == {
        "event_type": f"{target.kind}_removed",
        "event_protocol_version": 4,
        "event": {
            "id": target.first_position + 1,
            f"{target.kind}_sid": target.sid,
            "date_created": "2026-01-01T00:00:00.000Z",
        },
    }
    assert list(target.subscribers) == []
    assert service.store.find(object_type, "x") is None
    assert service.store.find(object_type, target.sid) is None


def test_urls_have_the_host_that_the_subscriber_used(service: Service) -> None:
    target = create(service, SyncMap, "m")
    recorder, other = Recorder(), Recorder("bob")
    recorder.subscribe(target)
    other.subscribe(target, version=3)
    target.set_item("a", {})
    assert recorder.take()[0].body["event"]["item_url"].startswith(BASE)
    assert other.take()[0].body["event_protocol_version"] == 3


def test_strangers_are_dropped_without_a_word(service: Service) -> None:
    target = create(service, SyncMap, "m", reader="alice")
    alice, bob = Recorder("alice"), Recorder("bob")
    alice.subscribe(target)
    bob.subscribe(target)
    target.drop_strangers()
    target.set_item("a", {})
    assert len(alice.take()) == 1
    assert bob.take() == []


def test_names_belong_to_a_type_and_sids_to_nobody_else(service: Service) -> None:
    target = create(service, SyncMap, "m", reader="alice")
    assert service.store.read(SyncMap, "m", identity="alice") is target
    assert service.store.read(SyncMap, target.sid, identity="alice") is target
    for object_type, name, identity, code in [
        (SyncList, "m", "alice", 54300),
        (SyncMap, "other", "alice", 54300),
        (SyncMap, "MP" + "0" * 32, "alice", 54200),
        (SyncList, "ES" + "0" * 32, "alice", 54150),
        (SyncDocument, "ET" + "0" * 32, "alice", 54100),
        (SyncList, target.sid, "alice", 54150),
        (SyncMap, "m", "bob", 54007),
    ]:
        with pytest.raises(SyncError) as raised:
            service.store.read(object_type, name, identity=identity)
        assert raised.value.code == code
        assert raised.value.status == (403 if code == 54007 else 404)


def test_an_empty_collection_is_found_all_the_same(service: Service) -> None:
    target = create(service, SyncList, "l")
    assert service.store.find(SyncList, target.sid) is target


# Replay --------------------------------------------------------------------------------------


def changes(target: Any, position: int) -> list[tuple[int, str, Any, Any]]:
    return [
        (event.id, event.kind, event.key, event.data) for event in target.history.since(position)
    ]


def changed_map(service: Service) -> SyncMap:
    target = create(service, SyncMap, "m")
    target.set_item("a", 1)
    target.set_item("b", 2)
    target.set_item("a", 3)
    target.remove_item("b")
    target.set_item("c", 4)
    target.set_item("c", 5)
    return target


def test_everything_after_a_position_is_told_as_it_was(service: Service) -> None:
    target = changed_map(service)
    assert changes(target, 1) == [
        (2, "item_updated", "a", 3),
        (3, "item_removed", "b", 2),
        (4, "item_added", "c", 4),
        (5, "item_updated", "c", 5),
    ]
    assert changes(target, 5) == []
    assert changes(target, 99) == []
    assert len(changes(target, -1)) == 6


def test_a_shortened_history_tells_the_newest_of_each_item_with_the_right_kind(
    service: Service,
) -> None:
    target = changed_map(service)
    target.history.shorten()
    assert changes(target, -1) == [
        (2, "item_added", "a", 3),
        (3, "item_removed", "b", 2),
        (5, "item_added", "c", 5),
    ]
    assert changes(target, 0) == [
        (2, "item_updated", "a", 3),
        (3, "item_removed", "b", 2),
        (5, "item_added", "c", 5),
    ]
    assert changes(target, 4) == [(5, "item_updated", "c", 5)]
    target.set_item("a", 6)
    target.set_item("a", 7)
    assert changes(target, 5) == [(6, "item_updated", "a", 6), (7, "item_updated", "a", 7)]


def test_an_item_that_came_back_is_added_again(service: Service) -> None:
    target = create(service, SyncMap, "m")
    target.set_item("a", 1)
    target.remove_item("a")
    target.set_item("a", 2)
    target.history.shorten()
    assert changes(target, 1) == [(2, "item_added", "a", 2)]
    assert changes(target, 0) == [(2, "item_updated", "a", 2)]


def test_of_a_document_a_shortened_history_tells_the_last_state(service: Service) -> None:
    target = create(service, SyncDocument, "d")
    for number in range(3):
        target.set_data(number)
    target.history.shorten()
    assert changes(target, 0) == [(3, "updated", None, 2)]


def test_a_lost_history_leaves_a_gap(service: Service) -> None:
    target = changed_map(service)
    target.history.lose()
    assert changes(target, 1) == []
    target.set_item("d", 6)
    assert changes(target, 1) == [(6, "item_added", "d", 6)]
    assert target.position == 6


def test_sids_are_sids(service: Service) -> None:
    assert is_sid(service.ids.sid("CH"), "CH")
    assert not is_sid(service.ids.sid("CH"), "MP")
    assert not is_sid("CH" + "g" * 32)
    assert not is_sid("CH" + "0" * 33)
