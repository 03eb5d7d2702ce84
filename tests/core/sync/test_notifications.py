from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.sync.notifications import (
    Changes,
    DocumentWritten,
    EntityDeleted,
    ItemDeleted,
    ItemWritten,
    NothingSeen,
    Outcome,
    OutcomeKind,
    Outcomes,
    decode_notification,
)
from conversations._core.sync.objects import ObjectType


def decode_change(event_type: str, event: Any) -> Any:
    notification = decode_notification({"event_type": event_type, "event": event})
    assert isinstance(notification, Changes)
    return notification.members[0] if notification.members else None


def decode_outcome(event_type: str, event: Any) -> Any:
    notification = decode_notification({"event_type": event_type, "events": [event]})
    assert isinstance(notification, Outcomes)
    return notification.members[0] if notification.members else None


@pytest.mark.parametrize(
    ("event_type", "is_addition"), [("map_item_added", True), ("map_item_updated", False)]
)
def test_a_written_map_item(event_type: str, is_addition: bool) -> None:
    event = {
        "id": 431,
        "map_sid": "MP1",
        "map_revision": "1b0",
        "item_key": "CH1",
        "item_data": {"status": "joined"},
        "date_expires": None,
    }
    assert decode_change(event_type, event) == ItemWritten(
        object_type=ObjectType.MAP,
        sid="MP1",
        id=431,
        key="CH1",
        data={"status": "joined"},
        is_addition=is_addition,
    )


@pytest.mark.parametrize("index", [12, 12.0, "12"])
def test_a_list_index_is_a_number_or_digits(index: object) -> None:
    event = {"id": 5, "list_sid": "ES1", "item_index": index, "item_data": {}}
    assert decode_change("list_item_added", event).key == 12


def test_a_removed_item_may_bring_its_last_content() -> None:
    event = {"id": 5, "list_sid": "ES1", "item_index": 0}
    removed = ItemDeleted(object_type=ObjectType.LIST, sid="ES1", id=5, key=0, data=None)
    assert decode_change("list_item_removed", event) == removed
    assert decode_change("list_item_removed", {**event, "item_data": {"a": 1}}).data == {"a": 1}


def test_a_written_document() -> None:
    event = {"id": 3, "document_sid": "ET1", "document_data": {"a": 1}}
    assert decode_change("document_updated", event) == DocumentWritten(
        object_type=ObjectType.DOCUMENT, sid="ET1", id=3, data={"a": 1}
    )


@pytest.mark.parametrize("kind", ["document", "map", "list"])
def test_a_removed_entity_needs_no_id(kind: str) -> None:
    change = decode_change(f"{kind}_removed", {f"{kind}_sid": "X"})
    assert isinstance(change, EntityDeleted)
    assert change.object_type.wire_name == kind


@pytest.mark.parametrize(
    ("event_type", "event"),
    [
        ("list_context_updated", {"id": 7, "list_sid": "ES1", "context_data": {}}),
        ("map_item_moved", {"id": 7, "map_sid": "MP1", "item_key": "a", "item_data": {}}),
        ("map_item_added", {"id": 7, "map_sid": "MP1", "item_data": {}}),
        ("map_item_added", {"id": 7, "map_sid": "MP1", "item_key": "a", "item_data": "no"}),
        ("list_item_added", {"id": 7, "list_sid": "ES1", "item_index": True, "item_data": {}}),
        ("list_item_added", {"id": 7, "list_sid": "ES1", "item_index": "-1", "item_data": {}}),
        ("document_updated", {"id": 7, "document_sid": "ET1", "document_data": None}),
        ("document_renamed", {"id": 7, "document_sid": "ET1", "document_data": {}}),
    ],
)
def test_the_id_of_what_is_not_understood_counts(event_type: str, event: Any) -> None:
    change = decode_change(event_type, event)
    assert isinstance(change, NothingSeen)
    assert change.id == 7


@pytest.mark.parametrize(
    "event",
    [
        {"id": 7, "item_key": "a", "item_data": {}},
        {"id": 7, "map_sid": 7, "item_key": "a", "item_data": {}},
        {"map_sid": "MP1", "item_key": "a", "item_data": {}},
        {"id": "7", "map_sid": "MP1", "item_key": "a", "item_data": {}},
        {"id": True, "map_sid": "MP1", "item_key": "a", "item_data": {}},
        {"id": 7.5, "map_sid": "MP1", "item_key": "a", "item_data": {}},
        "event",
        None,
    ],
)
def test_an_event_without_sid_or_id_is_logged_and_skipped(
    event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert decode_change("map_item_added", event) is None
    assert caplog.record_tuples[-1][:2] == ("conversations.sync", logging.WARNING)


def test_events_take_precedence_and_odd_members_do_not_spoil_the_rest() -> None:
    good = {"id": 1, "map_sid": "MP1", "item_key": "a", "item_data": {}}
    notification = decode_notification(
        {
            "event_type": "map_item_added",
            "correlation_id": 8,
            "events": [good, 5, {**good, "id": 2}],
            "event": {**good, "id": 9},
        }
    )
    assert isinstance(notification, Changes)
    assert [change.id for change in notification.members if isinstance(change, ItemWritten)] == [
        1,
        2,
    ]
    assert notification.correlation_id == 8
    assert not notification.is_unsolicited


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        b"binary",
        "text",
        {},
        {"event_type": None},
        {"event_type": 5},
        {"event_type": ""},
        {"event_type": "stream_message_published", "event": {}},
        {"event_type": "subscription_renewed", "event": {}},
        {"event_type": "live_query_updated", "event": {"query_id": "QR1"}},
    ],
)
def test_unknown_notifications_are_skipped(payload: Any) -> None:
    assert decode_notification(payload) is None


def test_an_established_subscription() -> None:
    event = {"object_sid": "MP1", "object_type": "map", "last_event_id": 19}
    completed = {**event, "replay_status": "completed"}
    interrupted = {**event, "replay_status": "interrupted"}
    assert decode_outcome("subscription_established", completed) == Outcome(
        kind=OutcomeKind.COMPLETED, sid="MP1", last_event_id=19
    )
    assert decode_outcome("subscription_established", interrupted) == Outcome(
        kind=OutcomeKind.INTERRUPTED, sid="MP1"
    )


@pytest.mark.parametrize("fields", [{}, {"replay_status": "pending"}, {"replay_status": {}}])
def test_an_unknown_replay_status_is_not_terminal(fields: dict[str, Any]) -> None:
    assert decode_outcome("subscription_established", {"object_sid": "MP1", **fields}) is None


def test_the_single_form_of_older_servers_is_understood() -> None:
    event = {"object_sid": "ET1", "replay_status": "completed", "last_event_id": 5}
    notification = decode_notification(
        {
            "event_type": "subscription_established",
            "correlation_id": 1649773425339,
            "event_protocol_version": 3,
            "event": event,
        }
    )
    assert isinstance(notification, Outcomes)
    assert notification.members == (
        Outcome(kind=OutcomeKind.COMPLETED, sid="ET1", last_event_id=5),
    )


def test_a_failed_subscription() -> None:
    error = {"status": 404, "code": 54150, "message": "List not found"}
    failed = Outcome(
        kind=OutcomeKind.FAILED, sid="ES1", status=404, code=54150, message="List not found"
    )
    unexplained = Outcome(kind=OutcomeKind.FAILED, sid="ES1")
    event = {"object_sid": "ES1"}
    assert decode_outcome("subscription_failed", {**event, "error": error}) == failed
    assert decode_outcome("subscription_failed", {**event, "error": 5}) == unexplained


def test_a_canceled_subscription_can_be_unsolicited() -> None:
    def unsolicited(**fields: Any) -> bool:
        payload = {"event_type": "subscription_canceled", "events": [{"object_sid": "ES1"}]}
        notification = decode_notification({**payload, **fields})
        assert isinstance(notification, Outcomes)
        assert notification.members == (Outcome(kind=OutcomeKind.CANCELED, sid="ES1"),)
        return notification.is_unsolicited

    assert unsolicited(correlation_id=None)
    assert not unsolicited()
    assert not unsolicited(correlation_id=5)


def test_an_outcome_without_a_sid_is_skipped() -> None:
    assert decode_outcome("subscription_canceled", {"object_type": "map"}) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "map_sid", "item_key", "item_data", "object_sid", "error", "x"]),
            children,
            max_size=4,
        )
    ),
    max_leaves=8,
)
event_types = st.sampled_from(
    [
        *(f"{kind}_removed" for kind in ("map", "list", "document")),
        *("map_item_added", "map_item_removed", "list_item_updated", "document_updated"),
        *("subscription_established", "subscription_failed", "subscription_canceled"),
        "map",
        "",
    ]
)
envelopes = st.fixed_dictionaries(
    {"event_type": event_types | json_values},
    optional={"events": json_values, "event": json_values, "correlation_id": json_values},
)


@given(envelopes | json_values)
def test_any_json_gives_members_or_nothing(payload: Any) -> None:
    notification = decode_notification(payload)
    assert notification is None or isinstance(notification, (Changes, Outcomes))


def test_content_never_shows_in_a_repr() -> None:
    event = {"id": 1, "map_sid": "MP1", "item_key": "a", "item_data": {"secret": "canary"}}
    assert "canary" not in repr(decode_change("map_item_added", event))
    assert "canary" not in repr(decode_change("map_item_removed", event))
