"""
The small parts: decoding, errors, events, connected time.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from conversations._core.conversations import decoding, failures
from conversations._core.conversations.context import Context, PassOver
from conversations._core.conversations.events import Updated
from conversations._core.conversations.exchange import ConnectedTime
from conversations._core.conversations.records import (
    ConversationRecord,
    MessageRecord,
    ParticipantRecord,
    UserRecord,
)
from conversations._core.conversations.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    ParticipantSnapshot,
    UserSnapshot,
    update_reasons,
)
from conversations._core.promises import Cancelled, Promise
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)
from conversations.attributes import Attributes
from conversations.enums import (
    ConversationState,
    ConversationStatus,
    ConversationUpdateReason,
    ErrorReason,
    MessageUpdateReason,
    NotificationLevel,
)
from conversations.errors import (
    ConnectionLostError,
    ConversationsError,
    NotFoundError,
    RequestTimeoutError,
    TransportError,
)

ODD: list[Any] = [None, True, 3, -1, 1.5, "", "odd", [], [1], {}, {"a": 1}]


# Decoding


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-05-01T12:00:00.000Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T14:00:00+02:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T12:00:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (1_777_636_800_000, datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        (1e30, None),
        (-1e30, None),
        ("yesterday", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_dates(value: Any, expected: datetime | None) -> None:
    assert decoding.date(value) == expected


def test_indexes() -> None:
    found = [value for value in ODD if decoding.index(value) is not None]
    assert found == [3]
    assert decoding.answered_index("17") == 17
    assert decoding.answered_index("9" * 19) is None


@pytest.mark.parametrize("odd", ODD)
def test_odd_members_never_raise(odd: Any) -> None:
    members = [
        *("status", "notificationLevel", "lastConsumedMessageIndex", "friendlyName"),
        *("uniqueName", "createdBy", "dateCreated", "dateUpdated", "bindings", "attributes"),
        *("state", "lastMessage", "identity", "type", "userInfo", "lastConsumptionTimestamp"),
        *("roleSid", "sid", "memberSid", "text", "subject", "author", "lastUpdatedBy"),
        *("timestamp", "value", "online", "notifiable", "messaging_binding", "sync_objects"),
        *("body", "role_sid", "participant_sid", "date_created", "date_updated"),
    ]
    item = dict.fromkeys(members, odd)
    decoding.own_entry(item)
    decoding.own_entry(decoding.listed_item(item))
    decoding.document(item, "CH1")
    decoding.participant("MB1", item)
    decoding.answered_participant(item)
    decoding.message(3, item)
    decoding.answered_message(3, item)
    for key in ("friendlyName", "attributes", "reachability", "other"):
        decoding.user_item(key, item, reachability=True)
    assert decoding.mapping(odd) == (odd if isinstance(odd, dict) else {})


def test_unknown_words_become_unknown() -> None:
    entry = decoding.own_entry({"status": "new word", "notificationLevel": "new word"})
    assert entry["status"] is ConversationStatus.UNKNOWN
    assert entry["notification_level"] is NotificationLevel.UNKNOWN
    changes = decoding.document({"state": {"current": "new word"}}, "CH1")
    assert changes["state"] is ConversationState.UNKNOWN
    assert decoding.document({"state": None}, "CH1")["state"] is ConversationState.UNDEFINED


def test_absent_members_change_nothing() -> None:
    assert decoding.own_entry({}) == {}
    assert decoding.document({}, "CH1") == {}
    assert decoding.listed_item({}) == {}
    assert decoding.own_entry({"notificationLevel": None}) == {
        "notification_level": NotificationLevel.DEFAULT
    }


def test_attributes_of_a_document_may_be_plain_those_of_others_are_a_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain = {"attributes": {"a": 1}, "sid": "IM1"}
    assert decoding.document(plain, "CH1")["attributes"] == Attributes({"a": 1})
    assert decoding.message(0, plain).attributes == Attributes.DEFAULT
    assert decoding.participant("MB1", plain).attributes == Attributes.DEFAULT
    assert decoding.user_item("attributes", {"value": {"a": 1}}, reachability=False) == {
        "attributes": Attributes.DEFAULT
    }
    for owner in ("IM1", "MB1", "a user"):
        assert f"The attributes of {owner} are malformed" in caplog.text


def test_a_malformed_text_is_empty_and_named_without_its_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = decoding.document({"attributes": "{canary"}, "CH1")["attributes"]
    assert found == Attributes.DEFAULT
    assert "The attributes of CH1 are malformed" in caplog.text
    assert "canary" not in caplog.text


def test_reachability_counts_only_if_it_is_on() -> None:
    item = {"online": True, "notifiable": False}
    assert decoding.user_item("reachability", item, reachability=False) == {}
    assert decoding.user_item("reachability", item, reachability=True) == {
        "is_online": True,
        "is_notifiable": False,
    }


def test_a_user_from_its_items() -> None:
    snapshot = decoding.user(
        "bob",
        {"friendlyName": {"value": "Bob"}, "attributes": {"value": "[1]"}, "x": {}},
        reachability=False,
    )
    assert snapshot == UserSnapshot(
        identity="bob", is_subscribed=True, friendly_name="Bob", attributes=Attributes([1])
    )


def test_content_stays_out_of_the_repr() -> None:
    shown = repr(MessageSnapshot(sid="IM1", message_index=0, body="canary", subject="canary"))
    assert "canary" not in shown


# Updates


def test_reasons_of_equal_snapshots_are_none() -> None:
    snapshot = MessageSnapshot(sid="IM1", message_index=0)
    assert update_reasons(snapshot, snapshot, MessageUpdateReason) == ()


def test_updates_of_one_object_are_merged() -> None:
    record = ConversationRecord(ConversationSnapshot(sid="CH1"))
    other = ConversationRecord(ConversationSnapshot(sid="CH1"))
    reasons = ConversationUpdateReason
    first = Updated(record, (reasons.FRIENDLY_NAME, reasons.BINDINGS))
    second = Updated(record, (reasons.ATTRIBUTES, reasons.FRIENDLY_NAME))
    assert first.merge_key == second.merge_key != Updated(other, (reasons.STATE,)).merge_key
    assert first.merged_with(second).reasons == (
        reasons.ATTRIBUTES,
        reasons.FRIENDLY_NAME,
        reasons.BINDINGS,
    )
    assert first.merged_with(second).record is record


def test_records_keep_their_identity() -> None:
    conversation = ConversationRecord(ConversationSnapshot(sid="CH1"))
    records: list[Any] = [
        conversation,
        ParticipantRecord(conversation, ParticipantSnapshot(sid="MB1")),
        MessageRecord(conversation, MessageSnapshot(sid="IM1", message_index=0), 3),
        UserRecord(UserSnapshot(identity="a")),
    ]
    assert len(set(records)) == 4
    assert conversation.sid == "CH1"
    assert not conversation.is_forgotten
    assert conversation.participants == {}


# Errors


def test_transport_errors() -> None:
    cause = OSError()
    lost = ConnectionFailure(FailureKind.SOCKET, status=5, code=6, description="words", cause=cause)
    error = failures.transport_error(TransportLost(lost, was_sent=True), "CH1")
    assert type(error) is ConnectionLostError
    assert (error.status, error.code) == (5, 6)
    assert "CH1" in str(error)
    error = failures.transport_error(ReplyTimeout(), "CH1")
    assert type(error) is RequestTimeoutError
    assert error.may_have_been_sent
    error = failures.transport_error(TransportUnavailable(lost), "CH1")
    assert type(error) is TransportError
    assert isinstance(error.__cause__, TransportUnavailable)
    known = NotFoundError("x")
    assert failures.transport_error(known, "CH1") is known
    error = failures.transport_error(KeyError("x"), "CH1")
    assert (type(error), error.reason) == (ConversationsError, ErrorReason.UNKNOWN)


def test_refusals_of_twilsock() -> None:
    error = failures.refusal_error(ReplyRefused(0, description="cannot be read"))
    assert error.reason is ErrorReason.CANNOT_PARSE
    error = failures.refusal_error(ReplyRefused(401))
    assert error.error_info.message == "the server refused the token"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FailureKind.WATCHDOG, ErrorReason.TRANSPORT_DISCONNECTED),
        (FailureKind.INIT_TIMEOUT, ErrorReason.TIMEOUT),
        (FailureKind.CLOSED, ErrorReason.CLIENT_SHUTDOWN),
        (FailureKind.CLOSE_FRAME, ErrorReason.CLOSE_MESSAGE_RECEIVED),
    ],
)
def test_failures_have_a_reason_and_words(kind: FailureKind, reason: ErrorReason) -> None:
    info = failures.failure_info(ConnectionFailure(kind))
    assert info.reason is reason
    assert info.message == kind.value


def test_a_copy_of_an_error_has_all_but_the_traceback() -> None:
    error = RequestTimeoutError("x", may_have_been_sent=True, operation="a")
    error.__cause__ = KeyError()
    copy = failures.copied(error)
    assert copy is not error
    assert (copy.operation, copy.may_have_been_sent) == ("a", True)
    assert copy.__cause__ is error.__cause__
    assert copy.error_info is error.error_info


# Connected time


def test_connected_time_counts_connected_seconds_only() -> None:
    scheduler = Scheduler(10.0)
    time = ConnectedTime(scheduler)
    assert (time.seconds, time.is_connected) == (0.0, False)
    scheduler.now = 15.0
    time.connected()
    scheduler.now = 18.0
    time.connected()  # once more makes no difference
    assert time.seconds == 3.0
    scheduler.now = 20.0
    time.disconnected()
    scheduler.now = 100.0
    assert time.seconds == 5.0


def test_waiting_for_a_connection() -> None:
    scheduler = Scheduler()
    time = ConnectedTime(scheduler)
    waiting = time.until_connected()
    assert not waiting.is_settled
    time.connected()
    assert waiting.is_settled
    assert time.until_connected().is_settled
    time.disconnected()
    waiting = time.until_connected()
    error = TransportError("over")
    time.given_up(error)
    assert waiting.error is error
    assert time.until_connected().error is error  # also for whoever comes later


# Context


class Watching:
    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.told: list[Any] = []
        unused: Any = None
        self.context = Context(
            scheduler=self.scheduler,
            exchange=unused,
            sync=unused,
            configuration=unused,
            emit=self.told.append,
        )

    def end(self, error: BaseException | None) -> list[Any]:
        promise: Promise[None] = Promise(self.scheduler)
        self.context.watch(promise, "doing it")
        if error is None:
            promise.resolve(None)
        else:
            promise.reject(error)
        self.scheduler.run(0.0)
        return self.told


@pytest.mark.parametrize("error", [None, Cancelled()])
def test_work_that_ends_well_or_is_cancelled_is_not_told(error: BaseException | None) -> None:
    assert Watching().end(error) == []


def test_work_that_fails_is_told() -> None:
    (told,) = Watching().end(NotFoundError("gone"))
    assert told.error_info.message == "doing it: gone"


def test_work_that_fails_unexpectedly_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "conversations")
    (told,) = Watching().end(KeyError("secret"))
    assert told.error_info.reason is ErrorReason.UNKNOWN
    assert told.error_info.message == "doing it: KeyError"
    assert "doing it failed unexpectedly" in caplog.text


def test_an_observer_that_passes_over() -> None:
    PassOver()(object())
