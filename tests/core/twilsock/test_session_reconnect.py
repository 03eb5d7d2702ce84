"""
How long the session waits, and how it notices that a connection is dead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.backoff import FibonacciBackoff
from conversations._core.twilsock.errors import FailureKind
from conversations._core.twilsock.states import SessionState
from tests.core.twilsock.harness import HighestRandom, Wire, policy, server_frame

CONNECTED, THROTTLED, WAITING, CONNECTING = (
    SessionState.CONNECTED,
    SessionState.THROTTLED,
    SessionState.WAITING,
    SessionState.CONNECTING,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def wait_of(wire: Wire) -> float:
    """
    How long the session waits from now on; it is CONNECTING afterwards.
    """
    assert wire.state is WAITING
    begin = wire.scheduler.now
    deadline = wire.scheduler.next_deadline()
    assert deadline is not None
    wire.scheduler.run(deadline)
    assert wire.state is CONNECTING
    return deadline - begin


def fail(wire: Wire) -> float:
    """
    The attempt fails; returns the wait that follows.
    """
    wire.lose()
    return wait_of(wire)


# The client's own series


def test_waits_grow_until_the_cap(wire: Wire) -> None:
    wire.connecting()
    waits = [fail(wire) for _ in range(13)]
    assert waits == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 45, 45, 45]


def test_waits_have_up_to_a_fifth_on_top() -> None:
    wire = Wire(HighestRandom()).connecting()
    assert [fail(wire) for _ in range(11)] == pytest.approx(
        [wait * 1.2 for wait in (0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 45)]
    )


def test_the_series_can_be_configured() -> None:
    wire = Wire(backoff=FibonacciBackoff(unit=0.01, cap=0.02)).connecting()
    assert [fail(wire) for _ in range(6)] == pytest.approx([0, 0.01, 0.01, 0.02, 0.02, 0.02])


def test_failed_inits_and_failed_sockets_count_alike(wire: Wire) -> None:
    wire.connecting()
    fail(wire)
    wire.open()
    wire.answer_init(500)
    assert wait_of(wire) == 1
    wire.open()
    wire.run(9.0)
    wire.scheduler.run(wire.scheduler.now + 1.0)
    assert wait_of(wire) == 1
    wire.lose()
    assert wait_of(wire) == 2


def test_a_connection_resets_the_series(wire: Wire) -> None:
    wire.connecting()
    for _ in range(5):
        fail(wire)
    wire.accept()
    assert fail(wire) == 0


def test_connect_ends_the_wait_and_resets_the_series(wire: Wire) -> None:
    wire.waiting()
    wire.session.connect("token-a")
    assert wire.state is CONNECTING
    assert fail(wire) == 0


@pytest.mark.parametrize("state", [CONNECTING, SessionState.INITIALIZING, CONNECTED])
def test_a_new_token_resets_the_series_in_any_state(state: SessionState) -> None:
    wire = Wire().in_state(state).waiting_after(9)
    wire.session.update_token("token-b")
    assert fail(wire) == 0


def test_the_current_token_does_not_end_the_wait(wire: Wire) -> None:
    wire.waiting().session.update_token("token-a")
    assert wait_of(wire) == 1


# The server's policy


def throttled_init(wire: Wire, body: Any) -> None:
    wire.open()
    wire.answer_init(429, 51202, body)


def offload(wire: Wire, body: Any) -> None:
    wire.accept()
    wire.close(308, body=body)


POLICIES: dict[str, Callable[[Wire, Any], None]] = {
    "init 429": throttled_init,
    "close 308": offload,
}


@pytest.mark.parametrize("refuse", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize(
    ("body", "shortest", "longest"),
    [
        (policy(2500, 4000), 2.5, 4.0),
        (policy(4000, 2500), 4.0, 4.0),
        (policy(None, "x"), 1.0, 2.0),
        (None, 1.0, 2.0),
    ],
)
def test_the_server_decides_the_wait(
    refuse: Callable[[Wire, Any], None], body: Any, shortest: float, longest: float
) -> None:
    for rng, expected in ((None, shortest), (HighestRandom(), longest)):
        wire = Wire(rng).connecting()
        refuse(wire, body)
        assert wait_of(wire) == pytest.approx(expected)


def test_repeated_failures_wait_at_least_as_long_as_without_a_policy(wire: Wire) -> None:
    wire.connecting().waiting_after(7)
    throttled_init(wire, policy(1000, 2000))
    assert wait_of(wire) == 13
    throttled_init(wire, policy(60_000, 70_000))
    assert wait_of(wire) == 60
    throttled_init(wire, policy(1000, 2000))
    assert wait_of(wire) == 34


@pytest.mark.parametrize("code", [500, 503])
def test_other_refusals_have_no_policy(wire: Wire, code: int) -> None:
    wire.initializing()
    wire.answer_init(code, body=policy(60_000, 70_000))
    assert wait_of(wire) == 0
    wire.accept()
    wire.close(code, body=policy(60_000, 70_000))
    assert wait_of(wire) == 0


# Keep-alive


def test_a_silent_connection_is_given_up_after_45_seconds(wire: Wire) -> None:
    wire.connected()
    wire.scheduler.run(1044.9)
    assert wire.state is CONNECTED
    wire.scheduler.run(1045.0)
    assert wire.failures() == [(FailureKind.WATCHDOG, False)]


@pytest.mark.parametrize("what", ["frame", "malformed frame", "control frame"])
def test_anything_that_comes_in_keeps_the_connection(wire: Wire, what: str) -> None:
    wire.connected()
    for _ in range(5):
        wire.run(44.0)
        if what == "control frame":
            wire.session.socket_active(1)
        elif what == "frame":
            wire.session.receive_data(1, server_frame({"method": "ping", "id": "TM1"}))
        else:
            wire.session.receive_data(1, b"garbage")
    wire.run(44.9)
    assert wire.state is CONNECTED
    wire.run(0.2)
    assert wire.failures() == [(FailureKind.WATCHDOG, False)]


def test_a_pause_does_not_stop_the_watch(wire: Wire) -> None:
    wire.connected()
    wire.refuse_request(429, body=policy(60_000, 60_001))
    wire.scheduler.run(1045.0)
    assert wire.failures() == [(FailureKind.WATCHDOG, False)]


def test_the_end_of_a_pause_does_not_feed_the_watch(wire: Wire) -> None:
    wire.throttled()
    wire.run(1.0)
    wire.scheduler.run(1045.0)
    assert wire.failures() == [(FailureKind.WATCHDOG, False)]


def test_nothing_is_watched_without_a_connection(wire: Wire) -> None:
    wire.connected()
    wire.lose()
    wire.outputs()
    wire.run(59.0)
    assert wire.state is CONNECTING


def test_a_busy_connection_keeps_a_single_timer(wire: Wire) -> None:
    wire.connected()
    for _ in range(1000):
        wire.run(0.01)
        wire.session.socket_active(1)
    assert len(wire.scheduler._timers) < 10
