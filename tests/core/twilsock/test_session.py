"""
The connection: opening, init, loss, frames of the server, closing.

Requests, token updates and waits have files of their own.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    IllegalTransition,
    LocalProtocolError,
    TransportUnavailable,
)
from conversations._core.twilsock.events import (
    CloseSocket,
    ConnectionFailed,
    NotificationReceived,
    OpenSocket,
    SendMessage,
    StateChanged,
    TokenAboutToExpire,
    TokenExpired,
)
from conversations._core.twilsock.frames import decode_frame
from conversations._core.twilsock.messages import AccountDescriptor
from conversations._core.twilsock.states import OPEN_STATES, SessionState
from tests.core.twilsock.harness import SOCKET_LOST, Wire, error_of, server_frame, status

IDLE, CONNECTING, INITIALIZING, CONNECTED, THROTTLED, WAITING, DENIED, FAILED, CLOSED = SessionState
OPEN = sorted(OPEN_STATES, key=lambda state: state.value)


@pytest.fixture
def wire() -> Wire:
    return Wire()


# Commands


def test_a_new_session_does_nothing(wire: Wire) -> None:
    assert (wire.state, wire.outputs(), wire.events()) == (IDLE, [], [])
    assert wire.session.token is None
    assert wire.session.failure == ConnectionFailure(FailureKind.DISCONNECTED)
    assert wire.scheduler.next_deadline() is None


@pytest.mark.parametrize("state", [IDLE, DENIED, WAITING])
def test_connect_opens_a_socket(state: SessionState) -> None:
    wire = Wire().in_state(state)
    before = wire.generation
    wire.session.connect("token-b")
    assert wire.outputs() == [OpenSocket(before + 1)]
    assert wire.events() == [StateChanged(CONNECTING, state)]
    assert wire.session.token == "token-b"


@pytest.mark.parametrize("state", [CONNECTING, INITIALIZING, CONNECTED, THROTTLED])
def test_connect_does_nothing_if_a_connection_is_there_or_on_its_way(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.session.connect("token-b")
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])
    assert wire.session.token == "token-a"


@pytest.mark.parametrize("state", [FAILED, CLOSED])
def test_connect_is_refused_after_the_end(state: SessionState) -> None:
    wire = Wire().in_state(state)
    with pytest.raises(TransportUnavailable) as caught:
        wire.session.connect("token-b")
    assert caught.value.failure == wire.session.failure
    assert wire.state is state


@pytest.mark.parametrize("token", ["", "x" * 40_000])
def test_what_cannot_be_a_token_is_refused(wire: Wire, token: str) -> None:
    with pytest.raises(LocalProtocolError):
        wire.session.connect(token)
    with pytest.raises(LocalProtocolError):
        wire.session.update_token(token)
    assert (wire.state, wire.session.token) == (IDLE, None)


@pytest.mark.parametrize("state", list(SessionState))
def test_close_ends_every_state(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.session.close()
    outputs = wire.outputs()
    if state in OPEN:
        goodbye, closing = outputs
        assert isinstance(goodbye, SendMessage)
        assert decode_frame(goodbye.data).method == "close"
        assert closing == CloseSocket(wire.generation)
    else:
        assert outputs == ([CloseSocket(wire.generation)] if state is CONNECTING else [])
    assert wire.events() == ([] if state is CLOSED else [StateChanged(CLOSED, state)])
    assert wire.session.failure == ConnectionFailure(FailureKind.CLOSED)
    wire.session.close()
    assert (wire.state, wire.outputs(), wire.events()) == (CLOSED, [], [])
    assert wire.scheduler.next_deadline() is None


# Opening a socket


def test_the_open_socket_gets_init_first(wire: Wire) -> None:
    wire.connecting()
    init = wire.open()
    assert (wire.state, init.header["token"]) == (INITIALIZING, "token-a")
    assert "continuation_token" not in init.header
    assert wire.events()[-1] == StateChanged(INITIALIZING, CONNECTING)


def test_init_says_what_the_configuration_says() -> None:
    wire = Wire(metadata={"app": "test"}, capabilities=["client_update"], registrations=[])
    init = wire.connecting().open()
    assert init.header["metadata"] == {"app": "test"}
    assert init.header["capabilities"] == ["client_update"]
    assert init.header["registrations"] == []


def test_init_offers_both_capabilities_and_registers_by_default(wire: Wire) -> None:
    init = wire.connecting().open()
    assert init.header["capabilities"] == ["client_update", "account_descriptor"]
    (registration,) = init.header["registrations"]
    assert (registration["product"], registration["notification_protocol_version"]) == (
        "ip_messaging",
        4,
    )


@pytest.mark.parametrize(
    ("kind", "following"),
    [
        (FailureKind.TLS_VERIFICATION, FAILED),
        (FailureKind.TLS, WAITING),
        (FailureKind.NAME_RESOLUTION, WAITING),
        (FailureKind.CONNECT, WAITING),
        (FailureKind.UPGRADE, WAITING),
        (FailureKind.SOCKET, WAITING),
    ],
)
def test_only_an_untrusted_server_fails_for_good(
    wire: Wire, kind: FailureKind, following: SessionState
) -> None:
    wire.connecting().events()
    failure = ConnectionFailure(kind, status=503)
    wire.session.socket_failed(1, failure)
    assert wire.session.outputs() == [CloseSocket(1)]
    assert wire.session.next_event() == ConnectionFailed(failure, terminal=following is FAILED)
    assert wire.session.next_event() == StateChanged(following, CONNECTING)
    assert wire.session.failure == failure


def test_an_attempt_may_take_a_minute(wire: Wire) -> None:
    wire.connecting().events()
    wire.run(59.9)
    assert wire.state is CONNECTING
    wire.scheduler.run(1060.0)
    assert wire.failures() == [(FailureKind.CONNECT_TIMEOUT, False)]
    assert wire.outputs() == [CloseSocket(1), OpenSocket(2)]


def test_the_timeout_of_an_attempt_ends_with_the_attempt(wire: Wire) -> None:
    wire.connected()
    wire.run(40.0)
    wire.session.socket_active(1)
    wire.run(30.0)
    assert wire.state is CONNECTED


# The answer to init


def test_an_accepted_init_makes_the_connection(wire: Wire) -> None:
    wire.initializing().events()
    wire.answer_init(200, capabilities=["client_update"])
    assert wire.events() == [StateChanged(CONNECTED, INITIALIZING)]
    assert wire.session.capabilities == {"client_update"}
    assert wire.session.account is None


def test_a_status_alone_is_enough(wire: Wire) -> None:
    wire.initializing()
    wire.receive({"method": "reply", "id": wire.init_id, "status": {"code": 299}})
    assert wire.state is CONNECTED
    assert wire.session.capabilities == frozenset()


def test_the_account_is_known_once_the_server_names_it(wire: Wire) -> None:
    account = {"account_sid": "AC1", "identity": "alice", "instance_sids": {"chat": "IS1"}}
    wire.connected(account_descriptor=account)
    assert wire.session.account == AccountDescriptor(
        account_sid="AC1", identity="alice", instance_sids={"chat": "IS1"}
    )


@pytest.mark.parametrize(
    ("code", "error_code", "following", "expired"),
    [
        (401, 20101, DENIED, False),
        (401, 20104, DENIED, True),
        (403, 0, DENIED, False),
        (500, 20104, DENIED, True),
        (429, 51202, WAITING, False),
        (500, 0, WAITING, False),
        (400, 0, WAITING, False),
        (302, 0, WAITING, False),
    ],
)
def test_a_refused_init(
    wire: Wire, code: int, error_code: int, following: SessionState, expired: bool
) -> None:
    wire.initializing().waiting_after(1).events()
    wire.answer_init(code, error_code)
    failure = wire.session.failure
    assert (failure.kind, failure.status, failure.code) == (
        FailureKind.INIT_REFUSED,
        code,
        error_code,
    )
    expected: list[Any] = [
        ConnectionFailed(failure, terminal=following is DENIED),
        StateChanged(following, INITIALIZING),
    ]
    assert wire.events() == expected + [TokenExpired()] * expired
    assert wire.outputs() == [CloseSocket(wire.generation)]


@pytest.mark.parametrize(
    "header", [{}, {"status": None}, {"status": {}}, {"status": {"code": "200"}}]
)
def test_an_answer_to_init_without_a_code_is_a_failed_init(
    wire: Wire, header: dict[str, Any]
) -> None:
    wire.initializing().events()
    wire.receive({"method": "reply", "id": wire.init_id, **header})
    assert wire.failures() == [(FailureKind.INIT_REFUSED, False)]
    assert wire.state is CONNECTING


def test_an_unreadable_answer_to_init_is_a_failed_init(wire: Wire) -> None:
    wire.initializing().events()
    wire.reply(wire.init_id, 200, body=b"not json")
    assert wire.failures() == [(FailureKind.INIT_REFUSED, False)]


def test_init_must_be_answered_within_ten_seconds(wire: Wire) -> None:
    wire.initializing().events()
    wire.run(9.9)
    assert wire.state is INITIALIZING
    wire.scheduler.run(1010.0)
    assert wire.failures() == [(FailureKind.INIT_TIMEOUT, False)]


def test_a_late_answer_to_an_old_init_is_ignored(wire: Wire) -> None:
    wire.initializing()
    late = server_frame({"method": "reply", "id": wire.init_id, "status": status(200)})
    wire.lose()
    wire.outputs()
    wire.open()
    wire.session.receive_data(wire.generation, late)
    assert wire.state is INITIALIZING


# Losing the socket


@pytest.mark.parametrize("state", [CONNECTING, *OPEN])
def test_a_lost_socket_is_replaced(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.session.socket_failed(1, SOCKET_LOST)
    assert wire.state is WAITING
    assert wire.outputs() == [CloseSocket(1), OpenSocket(2)]
    assert wire.events() == [
        ConnectionFailed(SOCKET_LOST, terminal=False),
        StateChanged(WAITING, state),
        StateChanged(CONNECTING, WAITING),
    ]


def test_an_open_socket_is_never_untrusted(wire: Wire) -> None:
    wire.connected()
    wire.session.socket_failed(1, ConnectionFailure(FailureKind.TLS_VERIFICATION))
    assert wire.state is WAITING


@pytest.mark.parametrize("state", list(SessionState))
def test_what_comes_from_an_old_socket_is_ignored(state: SessionState) -> None:
    wire = Wire().in_state(state)
    for generation in (0, 99) if wire.session.state in {*OPEN, CONNECTING} else (0, 1, 99):
        wire.session.socket_opened(generation)
        wire.session.socket_failed(generation, SOCKET_LOST)
        wire.session.socket_active(generation)
        wire.session.receive_data(generation, server_frame({"method": "ping", "id": "TM1"}))
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])


def test_data_before_the_socket_is_open_is_ignored(wire: Wire) -> None:
    wire.connecting().events()
    wire.session.receive_data(1, server_frame({"method": "ping", "id": "TM1"}))
    assert (wire.state, wire.outputs(), wire.events()) == (CONNECTING, [], [])


def test_a_socket_that_opens_twice_is_a_bug_and_changes_nothing(wire: Wire) -> None:
    wire.initializing().events()
    with pytest.raises(IllegalTransition, match="SOCKET_OPENED in state INITIALIZING"):
        wire.session.socket_opened(1)
    assert (wire.state, wire.outputs(), wire.events()) == (INITIALIZING, [], [])


# Frames of the server


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    "header",
    [
        {"method": "ping"},
        {"method": "notification", "message_type": "t"},
        {"method": "client_update", "client_update_type": "unheard-of"},
        {"method": "close", "status": status(308)},
        {"method": "unheard-of"},
        {"method": "message"},
    ],
    ids=lambda header: header["method"],
)
def test_every_frame_but_a_reply_is_acknowledged_first(
    state: SessionState, header: dict[str, Any]
) -> None:
    wire = Wire().in_state(state)
    wire.receive({**header, "id": "TM9"})
    first, *others = wire.outputs()
    assert isinstance(first, SendMessage)
    frame = decode_frame(first.data)
    assert (frame.method, frame.id) == ("reply", "TM9")
    assert frame.header["status"] == {"code": 200, "status": "OK"}
    assert others == ([CloseSocket(1)] if header["method"] == "close" else [])


@pytest.mark.parametrize("state", OPEN)
def test_a_reply_is_not_acknowledged(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.reply("TMunknown", 401)
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])


@pytest.mark.parametrize("state", OPEN)
def test_notifications_are_handed_on(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.receive(
        {"method": "notification", "id": "TM9", "message_type": "twilio.sync.event"}, {"a": 1}
    )
    wire.receive({"method": "notification", "id": "TM10", "message_type": 5}, {"a": 2})
    assert wire.events() == [NotificationReceived("twilio.sync.event", {"a": 1})]


@pytest.mark.parametrize("state", OPEN)
def test_the_end_of_the_token_is_announced(state: SessionState) -> None:
    wire = Wire().in_state(state)
    wire.receive(
        {"method": "client_update", "id": "TM9", "client_update_type": "token_about_to_expire"}
    )
    wire.receive({"method": "client_update", "id": "TM10"})
    assert wire.events() == [TokenAboutToExpire()]


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        server_frame({"method": "ping", "id": "TM1"})[:-5],
        server_frame({"method": "notification", "id": "TM1", "message_type": "t"}, b"{"),
        server_frame({"method": "reply", "id": "TM1", "status": status(401)}, b"{"),
        b"TWILSOCK V3.0 18\r\n" + b'{"method":"reply"}\r\n',
    ],
)
def test_a_malformed_frame_is_dropped_without_acknowledgement(
    state: SessionState, data: bytes
) -> None:
    wire = Wire().in_state(state)
    wire.session.receive_data(1, data)
    assert (wire.state, wire.outputs(), wire.events()) == (state, [], [])


CLOSES = [
    (308, 0, WAITING, False),
    (308, 51232, DENIED, False),
    (401, 0, DENIED, False),
    (401, 20104, DENIED, True),
    (410, 51207, DENIED, True),
    (406, 51214, FAILED, False),
    (417, 0, FAILED, False),
    (500, 0, WAITING, False),
    (500, 20104, WAITING, False),
    (200, 0, WAITING, False),
    (0, 0, WAITING, False),
]


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(("code", "error_code", "following", "expired"), CLOSES)
def test_a_close_frame(
    state: SessionState, code: int, error_code: int, following: SessionState, expired: bool
) -> None:
    wire = Wire().in_state(state).waiting_after(1)
    wire.close(code, error_code)
    assert wire.state is following
    acknowledgement, closing = wire.outputs()[:2]
    assert isinstance(acknowledgement, SendMessage)
    assert closing == CloseSocket(1)
    failure = wire.session.failure
    assert (failure.kind, failure.status, failure.code) == (
        FailureKind.CLOSE_FRAME,
        code,
        error_code,
    )
    events = wire.events()
    assert events[:2] == [
        ConnectionFailed(failure, terminal=following is not WAITING),
        StateChanged(following, state),
    ]
    assert (TokenExpired() in events[2:]) is expired


def test_a_close_frame_without_status_is_like_any_other_loss(wire: Wire) -> None:
    wire.connected()
    wire.receive({"method": "close", "id": "TM9"})
    assert wire.states() == [WAITING, CONNECTING]


# Continuation token


def test_the_newest_continuation_token_goes_into_the_next_init(wire: Wire) -> None:
    wire.connected(continuation_token="c-1")
    wire.lose()
    assert wire.open().header["continuation_token"] == "c-1"
    wire.answer_init(200)
    wire.lose()
    assert wire.open().header["continuation_token"] == "c-1"
    wire.answer_init(500, continuation_token="of a refusal")
    wire.run(1.0)
    assert wire.accept(continuation_token="c-2").header["continuation_token"] == "c-1"
    wire.lose()
    assert wire.open().header["continuation_token"] == "c-2"


def test_a_continuation_token_may_come_with_any_successful_reply(wire: Wire) -> None:
    wire.connected(continuation_token="c-1")
    wire.request()
    wire.reply(wire.sent()[0].id, 200, continuation_token="c-2")
    wire.lose()
    assert wire.open().header["continuation_token"] == "c-2"


@pytest.mark.parametrize("odd", ["", None, 5, "x" * 40_000])
def test_an_odd_continuation_token_is_not_kept(wire: Wire, odd: Any) -> None:
    wire.connected(continuation_token=odd)
    wire.lose()
    assert "continuation_token" not in wire.open().header


# Inspection


def test_a_session_shows_its_state_and_nothing_else(wire: Wire) -> None:
    wire.connected()
    assert repr(wire.session) == "<Session CONNECTED #1>"


def test_secrets_are_in_no_repr(wire: Wire) -> None:
    wire.initializing("secret")
    wire.answer_init(200, continuation_token="secret")
    wire.session.update_token("secret-2")
    wire.request("/secret")
    wire.receive({"method": "notification", "id": "TM9", "message_type": "t"}, "secret")
    wire.outputs()
    wire.lose()
    assert "secret" not in repr([wire.session, wire.seen, wire.events()])
    assert "secret" not in repr(vars(wire.session))


def test_the_queue_of_a_closed_session_is_refused(wire: Wire) -> None:
    promise = wire.connecting().request()
    wire.session.close()
    assert error_of(promise, TransportUnavailable).failure.kind is FailureKind.CLOSED
