"""
Requests: queue, sending, replies, loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.promises import Promise, spawn
from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    LocalProtocolError,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)
from conversations._core.twilsock.events import (
    ConnectionFailed,
    OpenSocket,
    SendMessage,
    StateChanged,
    TokenExpired,
)
from conversations._core.twilsock.states import UNAVAILABLE_STATES, SessionState
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from tests.core.twilsock.harness import SOCKET_LOST, Wire, error_of, policy, status

IDLE, CONNECTING, INITIALIZING, CONNECTED, THROTTLED, WAITING, DENIED, FAILED, CLOSED = SessionState
QUEUING = [CONNECTING, INITIALIZING, WAITING, THROTTLED]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def paths(wire: Wire) -> list[str]:
    """
    The paths of the requests sent since the last look.
    """
    return [
        frame.header["http_request"]["path"] for frame in wire.sent() if frame.method == "message"
    ]


async def wait_for(promise: Promise[Any]) -> Any:
    return await promise


# Sending


def test_a_request_is_sent_at_once_when_connected(wire: Wire) -> None:
    promise = wire.connected().request("/path?a=1")
    (frame,) = wire.sent()
    assert frame.method == "message"
    assert frame.header["active_grant"] == "ip_messaging"
    assert frame.header["http_request"]["path"] == "/path"
    assert promise.was_sent
    assert not promise.is_settled


@pytest.mark.parametrize("state", QUEUING)
def test_a_request_waits_for_the_connection(state: SessionState) -> None:
    wire = Wire().in_state(state)
    promise = wire.request()
    assert wire.sent() == []
    assert not promise.is_settled
    assert not promise.was_sent


@pytest.mark.parametrize("state", sorted(UNAVAILABLE_STATES, key=lambda state: state.value))
def test_a_request_fails_at_once_when_no_connection_will_come(state: SessionState) -> None:
    wire = Wire().in_state(state)
    promise = wire.request()
    assert error_of(promise, TransportUnavailable).failure == wire.session.failure
    assert not promise.was_sent
    assert wire.outputs() == []


def test_before_connecting_the_failure_says_so(wire: Wire) -> None:
    failure = error_of(wire.request(), TransportUnavailable).failure
    assert failure == ConnectionFailure(FailureKind.DISCONNECTED)


def test_the_queue_is_sent_in_order_once_init_is_accepted(wire: Wire) -> None:
    wire.connecting().request("/1")
    wire.open()
    wire.request("/2")
    wire.answer_init(200)
    wire.request("/3")
    assert paths(wire) == ["/1", "/2", "/3"]


def test_the_queue_is_sent_in_order_after_a_pause(wire: Wire) -> None:
    wire.throttled()
    wire.request("/1")
    wire.request("/2")
    assert paths(wire) == []
    wire.run(1.0)
    assert wire.states()[-1] is CONNECTED
    assert paths(wire) == ["/1", "/2"]


def test_the_queue_survives_losses_and_failed_inits(wire: Wire) -> None:
    wire.connecting().request("/1")
    wire.lose()
    wire.open()
    wire.answer_init(500)
    wire.run(1.0)
    wire.request("/2")
    wire.accept()
    assert paths(wire) == ["/1", "/2"]


def test_a_request_that_cannot_be_written_is_refused_at_once(wire: Wire) -> None:
    wire.connected()
    with pytest.raises(LocalProtocolError):
        wire.session.request(UpstreamRequest(method="GET", url="no url"))
    with pytest.raises(LocalProtocolError):
        wire.session.request(
            UpstreamRequest(method="POST", url="https://h/p", body=b"x" * (16 << 20))
        )
    assert wire.outputs() == []


def test_whoever_asks_is_told_when_the_request_goes_out(wire: Wire) -> None:
    told: list[str] = []
    promise = wire.connecting().request()
    promise.when_sent(lambda: told.append("sent"))
    assert told == []
    wire.accept()
    assert told == ["sent"]
    promise.when_sent(lambda: told.append("was sent"))
    assert told == ["sent", "was sent"]


# Replies


def test_the_answer_of_the_service_is_the_result_whatever_its_status(wire: Wire) -> None:
    promise = wire.connected().request()
    wire.reply(
        wire.sent()[0].id,
        200,
        body={"code": 50300},
        http_status={"code": 404, "status": "Not Found"},
        http_headers={"etag": "1"},
    )
    assert promise.result() == UpstreamResponse(
        status=404, reason="Not Found", headers={"etag": "1"}, body={"code": 50300}
    )
    assert (wire.state, wire.events()) == (CONNECTED, [])


def test_replies_may_come_in_any_order(wire: Wire) -> None:
    first, second = wire.connected().request(), wire.request()
    one, two = wire.sent()
    wire.reply(two.id, 200, body="two")
    assert not first.is_settled
    wire.reply(one.id, 200, body="one")
    assert (first.result().body, second.result().body) == ("one", "two")


@pytest.mark.parametrize("code", [400, 403, 404, 500, 302])
def test_a_refusal_by_twilsock_fails_the_request_alone(wire: Wire, code: int) -> None:
    other = wire.connected().request()
    promise = wire.refuse_request(code, 20001, {"x": 1})
    refused = error_of(promise, ReplyRefused)
    assert (refused.code, refused.error_code, refused.status) == (code, 20001, "TEXT")
    assert (refused.description, refused.payload) == ("words about 20001", {"x": 1})
    assert not other.is_settled
    assert (wire.state, wire.outputs(), wire.events()) == (CONNECTED, [], [])


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({}, None),
        ({"status": {"code": "200"}}, None),
        ({"status": status(200), "http_status": {"code": "200"}}, None),
        ({"status": status(200)}, b"not json"),
    ],
)
def test_an_unreadable_answer_fails_the_request_alone(
    wire: Wire, header: dict[str, Any], body: Any
) -> None:
    promise = wire.connected().request()
    wire.receive({"method": "reply", "id": wire.sent()[0].id, **header}, body)
    assert error_of(promise, ReplyRefused).code == 0
    assert (wire.state, wire.events()) == (CONNECTED, [])


@pytest.mark.parametrize(("code", "error_code"), [(401, 0), (401, 20104), (500, 20104)])
@pytest.mark.parametrize("paused", [False, True])
def test_an_unauthorized_request_ends_the_connection(
    wire: Wire, code: int, error_code: int, paused: bool
) -> None:
    wire.connected()
    promise, other = wire.request(), wire.request()
    one, _ = wire.sent()
    if paused:
        wire.refuse_request(429)
        wire.events()
    before = wire.state
    wire.reply(one.id, code, error_code)
    failure = ConnectionFailure(
        FailureKind.REQUEST_REFUSED,
        status=code,
        code=error_code,
        description=f"words about {error_code}" if error_code else "",
    )
    assert error_of(promise, ReplyRefused).code == code
    lost = error_of(other, TransportLost)
    assert (lost.failure, lost.was_sent) == (failure, True)
    expected = [ConnectionFailed(failure, terminal=True), StateChanged(DENIED, before)]
    assert wire.events() == expected + [TokenExpired()] * (error_code == 20104)


def test_a_throttled_request_pauses_the_connection(wire: Wire) -> None:
    other = wire.connected().request()
    (frame,) = wire.sent()
    promise = wire.refuse_request(429, 51202, policy(3000, 5000))
    assert error_of(promise, ReplyRefused).code == 429
    assert wire.events() == [StateChanged(THROTTLED, CONNECTED)]
    wire.reply(frame.id, 200)
    assert other.is_settled
    wire.run(2.9)
    assert wire.state is THROTTLED
    wire.scheduler.run(1003.0)
    assert wire.events() == [StateChanged(CONNECTED, THROTTLED)]


def test_a_pause_without_a_policy_takes_a_second_at_least(wire: Wire) -> None:
    wire.throttled()
    wire.scheduler.run(1000.9)
    assert wire.state is THROTTLED
    wire.scheduler.run(1001.0)
    assert wire.state is CONNECTED


def test_throttled_again_while_paused_changes_nothing(wire: Wire) -> None:
    promise = wire.connected().request()
    (frame,) = wire.sent()
    wire.refuse_request(429)
    wire.events()
    wire.reply(frame.id, 429, 51202, policy(60_000, 60_001))
    assert error_of(promise, ReplyRefused).code == 429
    assert wire.events() == []
    wire.run(1.0)
    assert wire.state is CONNECTED


def test_a_request_may_wait_thirty_seconds_for_its_reply(wire: Wire) -> None:
    promise = wire.connected().request()
    (frame,) = wire.sent()
    wire.run(29.9)
    assert not promise.is_settled
    wire.scheduler.run(1030.0)
    error_of(promise, ReplyTimeout)
    wire.reply(frame.id, 401)
    assert (wire.state, wire.events()) == (CONNECTED, [])


def test_the_time_counts_from_sending(wire: Wire) -> None:
    promise = wire.connecting().request(reply_timeout=5.0)
    wire.run(50.0)
    wire.accept()
    wire.run(4.9)
    assert not promise.is_settled
    wire.run(0.2)
    error_of(promise, ReplyTimeout)


def test_a_request_without_limit_waits_as_long_as_the_connection_lasts(wire: Wire) -> None:
    promise = wire.connected().request(reply_timeout=None)
    for _ in range(10):
        wire.run(40.0)
        wire.session.socket_active(1)
    assert not promise.is_settled


# Nobody waits any more


@pytest.mark.parametrize("state", QUEUING)
def test_an_abandoned_request_leaves_the_queue(state: SessionState) -> None:
    wire = Wire().in_state(state)
    task = spawn(wire.scheduler, wait_for(wire.request("/abandoned")))
    wire.request("/kept")
    wire.run()
    task.cancel()
    if state is WAITING:
        wire.run(1.0)
    if state is THROTTLED:
        wire.run(1.0)
    elif state is INITIALIZING:
        wire.answer_init(200)
    else:
        wire.accept()
    assert paths(wire) == ["/kept"]


def test_a_late_reply_to_an_abandoned_request_is_ignored(wire: Wire) -> None:
    task = spawn(wire.scheduler, wait_for(wire.connected().request()))
    (frame,) = wire.sent()
    task.cancel()
    wire.run()
    wire.reply(frame.id, 401)
    assert (wire.state, wire.events()) == (CONNECTED, [])


def test_an_abandoned_request_leaves_no_timer(wire: Wire) -> None:
    wire.connected()
    quiet = wire.scheduler.next_deadline()
    task = spawn(wire.scheduler, wait_for(wire.request(reply_timeout=5.0)))
    wire.run()
    assert wire.scheduler.next_deadline() == 1005.0
    task.cancel()
    wire.run()
    assert wire.scheduler.next_deadline() == quiet


# Loss

LOSSES: dict[str, Callable[[Wire], None]] = {
    "socket": lambda wire: wire.session.socket_failed(1, SOCKET_LOST),
    "close 308": lambda wire: wire.close(308),
    "close 410": lambda wire: wire.close(410),
    "close 406": lambda wire: wire.close(406),
    "close 500": lambda wire: wire.close(500),
    "watchdog": lambda wire: wire.scheduler.run(1045.0),
    "shutdown": lambda wire: wire.session.close(),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("paused", [False, True])
def test_what_is_in_flight_fails_at_once_in_every_case(loss: str, paused: bool) -> None:
    wire = Wire().connected()
    promise = wire.request(reply_timeout=None)
    if paused:
        wire.refuse_request(429, body=policy(60_000, 60_001))
    LOSSES[loss](wire)
    lost = error_of(promise, TransportLost)
    assert (lost.failure, lost.was_sent) == (wire.session.failure, True)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_queue_survives_what_does_not_last(loss: str) -> None:
    wire = Wire().connected()
    wire.refuse_request(429, body=policy(60_000, 60_001))
    promise = wire.request("/queued")
    LOSSES[loss](wire)
    if wire.state in UNAVAILABLE_STATES:
        assert error_of(promise, TransportUnavailable).failure == wire.session.failure
    else:
        assert not promise.is_settled
        wire.run(2.0)  # the policy of close 308
        wire.accept()
        assert paths(wire) == ["/queued"]


def test_every_request_gets_an_error_of_its_own(wire: Wire) -> None:
    first, second = wire.connected().request(), wire.request()
    wire.lose()
    assert error_of(first, TransportLost) is not error_of(second, TransportLost)


def test_nothing_is_sent_again_after_a_loss(wire: Wire) -> None:
    wire.connected().request("/lost")
    wire.lose()
    wire.accept()
    assert paths(wire) == []


def test_outputs_keep_their_order_across_a_loss(wire: Wire) -> None:
    wire.connected()
    wire.request("/sent")
    wire.close(500)
    wire.request("/queued")
    kinds = [type(output).__name__ for output in wire.outputs()]
    assert kinds == ["SendMessage", "SendMessage", "CloseSocket", "OpenSocket"]
    assert isinstance(wire.seen[-1], OpenSocket)
    assert not isinstance(wire.seen[-1], SendMessage)
