"""
Notifications that come late, twice, in another order or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from conversations.emulator import Emulator, ManualClock
from tests.emulator.twilsock_client import TwilsockClient
from tests.timing import limit

Connect = Callable[..., TwilsockClient]


@attrs.define
class Listener:
    """
    A client that is subscribed to the messages of a conversation.
    """

    emulator: Emulator
    client: TwilsockClient
    sid: str
    list_sid: str

    def next_ids(self, count: int) -> list[int]:
        """
        Event ids, in the order they come.
        """
        return [
            event["id"] for _ in range(count) for event in self.client.next_notification().events
        ]

    def hears_nothing(self) -> bool:
        """
        Ask something; whatever was on its way has come before the answer.
        """
        self.client.request("GET", "/Client/v2/Configuration")
        return not self.client.notifications

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            self.emulator.send_message(self.sid, "x")


@pytest.fixture
def listener(timed: Emulator, connect: Connect) -> Listener:
    sid = timed.create_conversation(identities=["alice", "bob"]).sid
    list_sid = timed.call(lambda backend: backend.service.conversations[sid].list.sid)
    client = connect(timed)
    client.subscribe({list_sid: ("list", -1)})
    assert client.next_notification().kind == "subscription_established"
    return Listener(timed, client, sid, list_sid)


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as executor:
        yield executor


def test_events_can_be_held(timed: Emulator, listener: Listener) -> None:
    hold = timed.hold_events("*.messages", times=2)
    listener.send(3)
    assert listener.next_ids(1) == [2]
    assert hold.held == 2
    hold.wait_until_held(2)
    hold.release()
    assert listener.next_ids(2) == [0, 1]
    listener.send()
    assert listener.next_ids(1) == [3]


def test_all_held_events_keep_their_order(timed: Emulator, listener: Listener) -> None:
    with timed.hold_events(f"{listener.sid}.*"):
        listener.send(3)
        assert listener.hears_nothing()
    assert listener.next_ids(3) == [0, 1, 2]


def test_a_waiting_test_learns_of_held_events(
    timed: Emulator, listener: Listener, background: ThreadPoolExecutor
) -> None:
    hold = timed.hold_events("*.messages")
    waiting = background.submit(hold.wait_until_held, 1, timeout=limit())
    listener.send()
    waiting.result(limit())


def test_events_can_be_late(timed: Emulator, clock: ManualClock, listener: Listener) -> None:
    timed.delay_events(5, "*.messages", times=1)
    listener.send(2)
    assert listener.next_ids(1) == [1]
    clock.advance(4.9)
    assert listener.hears_nothing()
    clock.advance(0.1)
    assert listener.next_ids(1) == [0]


def test_events_can_come_twice(timed: Emulator, listener: Listener) -> None:
    timed.duplicate_events("*.messages")
    listener.send(2)
    assert listener.next_ids(3) == [0, 0, 1]


def test_events_can_change_places(timed: Emulator, listener: Listener) -> None:
    timed.reorder_events("*.messages", times=2)
    listener.send(5)
    assert listener.next_ids(5) == [1, 0, 3, 2, 4]


def test_the_last_event_waits_for_the_next_or_for_the_end_of_faults(
    timed: Emulator, listener: Listener
) -> None:
    timed.reorder_events("*.messages")
    listener.send()
    assert listener.hears_nothing()
    timed.clear_faults()
    assert listener.next_ids(1) == [0]


def test_events_can_be_lost_but_not_their_replay(timed: Emulator, listener: Listener) -> None:
    timed.drop_events("*.messages")
    listener.send(2)
    assert listener.next_ids(1) == [1]
    listener.client.subscribe({listener.list_sid: ("list", -1)}, correlation=2)
    assert listener.next_ids(1) == [0, 1]
    assert listener.client.next_notification().kind == "subscription_established"


def test_faults_are_for_objects_and_users(
    timed: Emulator, listener: Listener, connect: Connect
) -> None:
    bob = connect(timed, "bob")
    bob.subscribe({listener.list_sid: ("list", None)})
    bob.next_notification()
    timed.drop_events("*.roster", times=None)
    timed.drop_events("*.messages", identity="bob")
    listener.send(2)
    assert listener.next_ids(2) == [0, 1]
    assert bob.next_notification().events[0]["id"] == 1


def test_doubled_events_can_be_held(timed: Emulator, listener: Listener) -> None:
    timed.duplicate_events("*.messages")
    with timed.hold_events("*.messages"):
        listener.send()
    assert listener.next_ids(2) == [0, 0]


def test_what_is_held_for_a_connection_that_has_ended_goes_nowhere(
    timed: Emulator, listener: Listener
) -> None:
    hold = timed.hold_events("*.messages")
    listener.send()
    timed.drop_connections()
    hold.release()
    timed.reorder_events("*.messages")
    listener.send()
    timed.clear_faults()


# Subscriptions ---------------------------------------------------------------------------------


def subscribe(listener: Listener) -> Any:
    return listener.client.subscribe({listener.list_sid: ("list", -1)}, correlation=7).body


def test_outcomes_can_be_held(timed: Emulator, listener: Listener) -> None:
    with timed.hold_outcomes() as hold:
        subscribe(listener)
        assert hold.held == 1
        listener.send()
        assert listener.next_ids(1) == [0]  # it is in force
    assert listener.client.next_notification().body["correlation_id"] == 7


def test_outcomes_can_be_lost(timed: Emulator, listener: Listener) -> None:
    timed.drop_outcomes(times=1)
    subscribe(listener)
    assert listener.hears_nothing()
    subscribe(listener)
    assert listener.client.next_notification().kind == "subscription_established"


def test_the_promised_time_can_be_chosen(timed: Emulator, listener: Listener) -> None:
    timed.set_estimated_delivery(50)
    assert subscribe(listener)["estimated_delivery_in_ms"] == 50
    timed.clear_faults()
    assert subscribe(listener)["estimated_delivery_in_ms"] == 10_000


# Continuation tokens ---------------------------------------------------------------------------


def test_a_continuation_token_can_be_damaged(
    timed: Emulator, open_socket: Callable[[Emulator], TwilsockClient]
) -> None:
    timed.corrupt_continuation_tokens()
    token = open_socket(timed).init(timed.token("alice")).header["continuation_token"]
    reply = open_socket(timed).init(timed.token("alice"), continuation_token=token)
    status: Any = reply.header["continuation_token_status"]
    assert (status["reissued"], status["reissue_reason"]) == (True, "MALFORMED")
    good = reply.header["continuation_token"]
    reply = open_socket(timed).init(timed.token("alice"), continuation_token=good)
    assert reply.header["continuation_token_status"] == {"reissued": False}
