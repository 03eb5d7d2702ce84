"""
The life of a conversation: by hand, by activity, by time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations.emulator import Emulator, ManualClock, Refusal, Settings
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]

MINUTE = 60.0


@pytest.fixture
def lunch(timed: Emulator) -> str:
    return timed.create_conversation(unique_name="lunch", identities=["alice", "bob"]).sid


def state(emulator: Emulator, sid: str) -> str:
    return emulator.get_conversation(sid).state


def document(emulator: Emulator, sid: str) -> Any:
    return emulator.call(lambda backend: backend.service.conversations[sid].document.data)


def test_without_timers_nothing_changes(timed: Emulator, clock: ManualClock, lunch: str) -> None:
    clock.advance(1_000_000)
    assert state(timed, lunch) == "active"


def test_time_makes_a_conversation_inactive_and_then_closed(
    timed: Emulator, clock: ManualClock, lunch: str
) -> None:
    timed.set_timers(lunch, inactive=MINUTE, closed=10 * MINUTE)
    clock.advance(MINUTE - 1)
    assert state(timed, lunch) == "active"
    clock.advance(1)
    assert document(timed, lunch)["state"] == {
        "current": "inactive",
        "dateUpdated": "2026-01-01T00:01:00.000Z",
    }
    assert document(timed, lunch)["dateUpdated"] == "2026-01-01T00:00:00.000Z"
    clock.advance(9 * MINUTE - 1)
    assert state(timed, lunch) == "inactive"
    assert timed.get_user("bob").conversations == {lunch: "joined"}
    clock.advance(1)
    assert state(timed, lunch) == "closed"
    assert timed.get_user("bob").conversations == {}


@pytest.mark.parametrize(
    "act",
    [
        lambda emulator: emulator.send_message("lunch", "hello"),
        lambda emulator: emulator.add_participant("lunch", "carol"),
        lambda emulator: emulator.add_address("lunch", "+15550001", "+15559999"),
        lambda emulator: emulator.update_conversation("lunch", state="active"),
    ],
)
def test_activity_ends_inactivity_and_starts_the_timers_again(
    act: Callable[[Emulator], object], timed: Emulator, clock: ManualClock, lunch: str
) -> None:
    timed.set_timers("lunch", inactive=MINUTE, closed=10 * MINUTE)
    clock.advance(9 * MINUTE)
    assert state(timed, lunch) == "inactive"
    act(timed)
    assert document(timed, lunch)["state"]["current"] == "active"
    clock.advance(MINUTE - 1)
    assert state(timed, lunch) == "active"
    clock.advance(1)
    assert state(timed, lunch) == "inactive"
    clock.advance(9 * MINUTE)
    assert state(timed, lunch) == "closed"


def test_what_is_no_activity_starts_nothing_again(
    timed: Emulator, clock: ManualClock, lunch: str
) -> None:
    timed.send_message(lunch, "hello")
    timed.set_timers(lunch, inactive=MINUTE)
    clock.advance(MINUTE - 1)
    timed.update_conversation(lunch, friendly_name="x")
    timed.update_message(lunch, 0, body="x")
    timed.set_read_horizon(lunch, "alice", 0)
    timed.remove_participant(lunch, "bob")
    clock.advance(1)
    assert state(timed, lunch) == "inactive"


def test_an_inactive_conversation_can_be_closed_by_time(
    timed: Emulator, clock: ManualClock, lunch: str
) -> None:
    timed.set_timers(lunch, closed=10 * MINUTE)
    clock.advance(MINUTE)
    timed.update_conversation(lunch, state="inactive")
    clock.advance(9 * MINUTE)
    assert state(timed, lunch) == "closed"


def test_timers_can_be_taken_away(timed: Emulator, clock: ManualClock, lunch: str) -> None:
    timed.set_timers(lunch, inactive=MINUTE, closed=10 * MINUTE)
    timed.set_timers(lunch, inactive=None)
    clock.advance(10 * MINUTE - 1)
    assert state(timed, lunch) == "active"
    timed.set_timers(lunch, closed=0)
    clock.advance(100 * MINUTE)
    assert state(timed, lunch) == "active"


def test_timers_have_a_least_time(timed: Emulator, lunch: str) -> None:
    with pytest.raises(Refusal, match="50375"):
        timed.set_timers(lunch, inactive=59.9)
    with pytest.raises(Refusal, match="50376"):
        timed.set_timers(lunch, closed=599.9)
    timed.update_conversation(lunch, state="closed")
    with pytest.raises(Refusal, match="50377"):
        timed.set_timers(lunch, closed=600)


def test_a_closed_or_deleted_conversation_has_no_timers(
    timed: Emulator, clock: ManualClock, lunch: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = timed.create_conversation().sid
    for sid in (lunch, other):
        timed.set_timers(sid, inactive=MINUTE, closed=10 * MINUTE)
    timed.update_conversation(lunch, state="closed")
    timed.remove_conversation(other)
    timed.create_conversation(unique_name="third")
    timed.set_timers("third", inactive=MINUTE)
    timed.reset_data()
    clock.advance(100 * MINUTE)
    assert caplog.records == []


def test_new_conversations_can_have_timers(clock: ManualClock) -> None:
    settings = Settings(inactive_timer=MINUTE, closed_timer=10 * MINUTE)
    with Emulator(clock=clock, settings=settings) as emulator:
        sid = emulator.create_conversation().sid
        clock.advance(MINUTE)
        assert state(emulator, sid) == "inactive"
        clock.advance(9 * MINUTE)
        assert state(emulator, sid) == "closed"


def test_a_client_is_told_when_time_closes_its_conversation(
    timed: Emulator, clock: ManualClock, connect: Connect, lunch: str
) -> None:
    client = connect(timed)
    timed.stop_pings()
    objects = timed.call(
        lambda backend: (
            backend.service.conversations[lunch].document.sid,
            backend.service.users["alice"].channels.sid,
        )
    )
    client.subscribe({objects[0]: ("document", None), objects[1]: ("map", None)})
    timed.set_timers(lunch, closed=10 * MINUTE)
    clock.advance(10 * MINUTE)
    kinds = [client.next_notification() for _ in range(3)]
    assert [notification.kind for notification in kinds[1:]] == [
        "document_updated",
        "map_item_removed",
    ]
    assert kinds[1].events[0]["document_data"]["state"]["current"] == "closed"
