"""
Token updates in every state, their replies, and the end of a token.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.promises import spawn
from conversations._core.twilsock.errors import (
    FailureKind,
    ReplyRefused,
    ReplyTimeout,
    TransportUnavailable,
)
from conversations._core.twilsock.events import (
    CloseSocket,
    ConnectionFailed,
    OpenSocket,
    StateChanged,
    TokenExpired,
)
from conversations._core.twilsock.states import SessionState
from tests.core.twilsock.harness import Wire, error_of, policy
from tests.core.twilsock.test_session_requests import wait_for

IDLE, CONNECTING, INITIALIZING, CONNECTED, THROTTLED, WAITING, DENIED, FAILED, CLOSED = SessionState


@pytest.fixture
def wire() -> Wire:
    return Wire()


NEW_TOKEN = "token-b"


def update(wire: Wire, token: str = NEW_TOKEN) -> str:
    """
    The id of the ``update`` frame that was just sent with *token*.
    """
    (frame,) = wire.sent()
    assert (frame.method, frame.header["token"]) == ("update", token)
    return frame.id


# Where nothing is sent


@pytest.mark.parametrize("state", [state for state in SessionState if state is not CLOSED])
def test_the_current_token_is_accepted_without_traffic(state: SessionState) -> None:
    wire = Wire().in_state(state)
    if state is IDLE:
        wire.session.update_token("token-a")
    promise = wire.session.update_token("token-a")
    assert promise.is_settled
    assert promise.error is None
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])


@pytest.mark.parametrize("state", [IDLE, CONNECTING])
def test_a_token_is_stored_for_the_init_to_come(state: SessionState) -> None:
    wire = Wire().in_state(state)
    promise = wire.session.update_token("token-b")
    assert promise.is_settled
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])
    assert wire.session.token == "token-b"


def test_the_init_carries_the_stored_token(wire: Wire) -> None:
    wire.connecting().session.update_token("token-b")
    assert wire.open().header["token"] == "token-b"


@pytest.mark.parametrize("state", [DENIED, WAITING])
def test_a_new_token_starts_connecting_at_once(state: SessionState) -> None:
    wire = Wire().in_state(state).waiting_after(9)
    promise = wire.session.update_token("token-b")
    assert promise.is_settled
    assert wire.outputs() == [OpenSocket(wire.generation)]
    assert wire.events() == [StateChanged(CONNECTING, state)]
    assert wire.open().header["token"] == "token-b"
    wire.lose()
    assert wire.states()[-2:] == [WAITING, CONNECTING]  # the wait began anew, with none


@pytest.mark.parametrize("state", [FAILED, CLOSED])
def test_a_new_token_is_refused_after_the_end(state: SessionState) -> None:
    wire = Wire().in_state(state)
    promise = wire.session.update_token("token-b")
    assert error_of(promise, TransportUnavailable).failure == wire.session.failure
    assert wire.session.token != "token-b"


def test_even_the_current_token_is_refused_once_closed(wire: Wire) -> None:
    wire.connected().session.close()
    error_of(wire.session.update_token("token-a"), TransportUnavailable)


# Sending and answers


def test_a_connected_session_sends_the_token_and_waits(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    frame_id = update(wire)
    assert not promise.is_settled
    assert wire.session.token == "token-b"
    wire.reply(frame_id, 200)
    assert promise.is_settled
    assert promise.error is None
    assert (wire.state, wire.events()) == (CONNECTED, [])


@pytest.mark.parametrize("state", [INITIALIZING, THROTTLED])
def test_an_update_waits_until_it_can_be_sent_and_goes_before_requests(
    state: SessionState,
) -> None:
    wire = Wire().in_state(state)
    request = wire.request()
    promise = wire.session.update_token("token-b")
    assert wire.sent() == []
    if state is INITIALIZING:
        wire.answer_init(200)
    else:
        wire.run(1.0)
    first, second = wire.sent()
    assert (first.method, second.method) == ("update", "message")
    wire.reply(first.id, 200)
    assert promise.is_settled
    assert not request.is_settled


def test_several_queued_updates_become_one_with_the_newest_token(wire: Wire) -> None:
    wire.throttled()
    first, second = (wire.session.update_token(f"token-{name}") for name in "bc")
    wire.run(1.0)
    wire.reply(update(wire, "token-c"), 200)
    assert first.is_settled
    assert second.is_settled


def test_two_updates_on_the_way_have_their_own_results(wire: Wire) -> None:
    first = wire.connected().session.update_token("token-b")
    one = update(wire)
    second = wire.session.update_token("token-c")
    two = update(wire, "token-c")
    again = wire.session.update_token("token-c")
    wire.reply(one, 200)
    assert first.is_settled
    assert not second.is_settled
    wire.reply(two, 200)
    assert second.is_settled
    assert again.is_settled


@pytest.mark.parametrize("state", [CONNECTED, THROTTLED, INITIALIZING])
def test_the_same_token_again_shares_the_result(state: SessionState) -> None:
    wire = Wire().in_state(state)
    first, second = (wire.session.update_token("token-b") for _ in range(2))
    assert not second.is_settled
    if state is INITIALIZING:
        wire.answer_init(200)
    wire.run(1.0)
    wire.reply(update(wire), 500)
    assert error_of(first, ReplyRefused) is not error_of(second, ReplyRefused)


@pytest.mark.parametrize(
    ("code", "error_code"), [(401, 20101), (401, 20104), (401, 51215), (403, 0), (500, 20104)]
)
@pytest.mark.parametrize("paused", [False, True])
def test_a_refused_token_ends_the_connection(
    wire: Wire, code: int, error_code: int, paused: bool
) -> None:
    promise = wire.connected().session.update_token("token-b")
    frame_id = update(wire)
    if paused:
        wire.refuse_request(429)
        wire.events()
    other, before = wire.request(), wire.state
    wire.outputs()
    wire.reply(frame_id, code, error_code)
    refused = error_of(promise, ReplyRefused)
    assert (refused.code, refused.error_code) == (code, error_code)
    assert other.error is not None
    failure = wire.session.failure
    assert failure.kind is FailureKind.UPDATE_REFUSED
    expected: list[Any] = [
        ConnectionFailed(failure, terminal=True),
        StateChanged(DENIED, before),
    ]
    assert wire.events() == expected + [TokenExpired()] * (error_code == 20104)
    assert wire.outputs() == [CloseSocket(1)]


@pytest.mark.parametrize("paused", [False, True])
def test_a_throttled_update_fails_and_pauses(wire: Wire, paused: bool) -> None:
    promise = wire.connected().session.update_token("token-b")
    frame_id = update(wire)
    if paused:
        wire.refuse_request(429)
        wire.events()
    wire.reply(frame_id, 429, 51202, policy(5000, 6000))
    assert error_of(promise, ReplyRefused).code == 429
    assert wire.state is THROTTLED
    failed, *others = wire.events()
    assert isinstance(failed, ConnectionFailed)
    assert (failed.failure.kind, failed.terminal) == (FailureKind.UPDATE_REFUSED, False)
    assert others == ([] if paused else [StateChanged(THROTTLED, CONNECTED)])
    wire.run(1.0)
    assert wire.state is (CONNECTED if paused else THROTTLED)


def test_a_throttled_token_may_be_tried_again(wire: Wire) -> None:
    wire.connected().session.update_token("token-b")
    wire.reply(update(wire), 429)
    promise = wire.session.update_token("token-b")
    assert not promise.is_settled
    wire.run(1.0)
    wire.reply(update(wire), 200)
    assert promise.is_settled


def test_a_throttled_token_that_was_replaced_is_forgotten(wire: Wire) -> None:
    wire.connected().session.update_token("token-b")
    one = update(wire)
    wire.session.update_token("token-c")
    update(wire, "token-c")
    wire.reply(one, 429)
    wire.run(1.0)
    assert wire.session._credentials.offered == "token-c"


@pytest.mark.parametrize("code", [400, 500, 302])
@pytest.mark.parametrize("paused", [False, True])
def test_any_other_answer_drops_the_socket(wire: Wire, code: int, paused: bool) -> None:
    promise = wire.connected().session.update_token("token-b")
    frame_id = update(wire)
    if paused:
        wire.refuse_request(429)
    wire.outputs()
    wire.events()
    wire.reply(frame_id, code, 51202, policy(60_000, 60_001))
    assert error_of(promise, ReplyRefused).code == code
    assert wire.failures() == [(FailureKind.UPDATE_REFUSED, False)]
    assert wire.outputs() == [CloseSocket(1), OpenSocket(2)]  # at once: no policy counts here
    assert wire.open().header["token"] == "token-b"


def test_an_unreadable_answer_drops_the_socket(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    wire.receive({"method": "reply", "id": update(wire)})
    assert error_of(promise, ReplyRefused).code == 0
    assert wire.states() == [WAITING, CONNECTING]


@pytest.mark.parametrize("paused", [False, True])
def test_an_update_must_be_answered_in_time(wire: Wire, paused: bool) -> None:
    promise = wire.connected().session.update_token("token-b")
    update(wire)
    if paused:
        wire.refuse_request(429, body=policy(60_000, 60_001))
    wire.events()
    wire.run(29.9)
    assert not promise.is_settled
    wire.scheduler.run(1030.0)
    error_of(promise, ReplyTimeout)
    assert wire.failures() == [(FailureKind.UPDATE_REFUSED, False)]


def test_an_answered_update_leaves_no_timer(wire: Wire) -> None:
    wire.connected().session.update_token("token-b")
    wire.reply(update(wire), 200)
    assert wire.scheduler.next_deadline() == 1045.0  # the watchdog


def test_an_update_that_nobody_waits_for_goes_on(wire: Wire) -> None:
    wire.throttled()
    task = spawn(wire.scheduler, wait_for(wire.session.update_token("token-b")))
    wire.run()
    task.cancel()
    wire.run(1.0)
    update(wire)


# Unanswered when the connection breaks


@pytest.mark.parametrize("queued", [False, True])
def test_an_unanswered_update_gets_the_result_of_the_next_init(wire: Wire, queued: bool) -> None:
    if queued:
        wire.throttled()
    else:
        wire.connected()
    promise = wire.session.update_token("token-b")
    wire.lose()
    assert not promise.is_settled
    init = wire.open()
    assert init.header["token"] == "token-b"
    wire.answer_init(200)
    assert promise.is_settled
    assert promise.error is None
    assert wire.sent() == []


def test_a_failed_init_decides_nothing_yet(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    wire.lose()
    for code in (500, 429):
        wire.open()
        wire.answer_init(code)
        assert not promise.is_settled
        wire.run(2.0)
    wire.accept()
    assert promise.is_settled


def test_a_refused_init_refuses_the_update_it_carried(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    wire.lose()
    wire.open()
    wire.answer_init(401, 20104)
    assert error_of(promise, ReplyRefused).error_code == 20104


def test_a_refused_init_leaves_a_later_token_without_a_chance(wire: Wire) -> None:
    promise = wire.initializing().session.update_token("token-b")
    wire.answer_init(401, 20101)
    assert error_of(promise, TransportUnavailable).failure.kind is FailureKind.INIT_REFUSED
    wire.outputs()
    again = wire.session.update_token("token-b")  # it was never put before the server
    assert again.is_settled
    assert wire.open().header["token"] == "token-b"


def test_a_late_answer_to_a_lost_update_is_ignored(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    frame_id = update(wire)
    wire.lose()
    wire.open()
    wire.reply(frame_id, 401)
    assert wire.state is INITIALIZING
    assert not promise.is_settled


def test_a_lost_update_leaves_no_timer(wire: Wire) -> None:
    wire.connected().session.update_token("token-b")
    wire.lose()
    wire.outputs()
    assert wire.scheduler.next_deadline() == 1060.0  # the connect timeout


@pytest.mark.parametrize("end", ["close frame", "shutdown"])
@pytest.mark.parametrize("queued", [False, True])
def test_the_end_of_the_connection_fails_updates(wire: Wire, end: str, queued: bool) -> None:
    if queued:
        wire.throttled()
    else:
        wire.connected()
    promise = wire.session.update_token("token-b")
    if end == "shutdown":
        wire.session.close()
    else:
        wire.close(410)
    assert error_of(promise, TransportUnavailable).failure == wire.session.failure


def test_a_shutdown_fails_the_update_that_waits_for_an_init(wire: Wire) -> None:
    promise = wire.connected().session.update_token("token-b")
    wire.lose()
    wire.session.close()
    error_of(promise, TransportUnavailable)


# Expiry


def expiries(wire: Wire) -> int:
    return wire.events().count(TokenExpired())


def test_a_token_expires_once(wire: Wire) -> None:
    wire.connected()
    wire.close(410)
    assert expiries(wire) == 1
    wire.session.connect("token-a")
    wire.open()
    wire.answer_init(401, 20104)
    assert expiries(wire) == 0
    wire.session.update_token("token-b")
    wire.open()
    wire.answer_init(401, 20104)
    assert expiries(wire) == 1
