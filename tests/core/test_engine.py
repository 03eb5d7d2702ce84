"""
The engine: creation and its failures, connection states, tokens, the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.conversations import events
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations.enums import ConnectionState, ErrorReason
from conversations.errors import (
    ClientShutdownError,
    ConnectError,
    ConversationsError,
    ErrorInfo,
    InvalidArgumentError,
    NotReadyError,
    RequestTimeoutError,
    ServerError,
    TlsError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
)
from tests.core.simulated_objects import Response
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import LOST, START, World, endpoints, make_token

SERVER_DOWN = ConnectionFailure(FailureKind.UPGRADE, status=503, description="unavailable")


def failure(kind: FailureKind) -> ConnectionFailure:
    return ConnectionFailure(kind, description="words", cause=OSError("deep down"))


def failed(world: World, **arguments: Any) -> ConversationsError:
    """
    The error that creation ends with; listeners are told the same, and nothing after it.
    """
    creation = world.start(**arguments)
    world.settle()
    error = creation.error
    assert isinstance(error, ConversationsError)
    last = world.told[-1]
    assert isinstance(last, events.InitializationFailed)
    assert last.error_info == error.error_info
    assert "ErrorOccurred" not in world.words
    assert "Initialized" not in world.words
    world.take()
    world.engine.close(world.now)
    world.settle()
    assert world.told == []
    return error


def connection_errors(world: World) -> list[tuple[ErrorInfo, bool]]:
    return [
        (event.error_info, event.terminal)
        for event in world.told
        if isinstance(event, events.ConnectionErrorOccurred)
    ]


# Creation that fails


@pytest.mark.parametrize(
    ("kind", "error", "reason"),
    [
        (FailureKind.NAME_RESOLUTION, ConnectError, ErrorReason.NETWORK_BECAME_UNREACHABLE),
        (FailureKind.CONNECT, ConnectError, ErrorReason.NETWORK_BECAME_UNREACHABLE),
        (FailureKind.TLS_VERIFICATION, TlsError, ErrorReason.HOSTNAME_UNVERIFIED),
        (FailureKind.TLS, TlsError, ErrorReason.SSL_HANDSHAKE_ERROR),
    ],
)
def test_a_wrong_address_fails_at_the_first_attempt(
    kind: FailureKind, error: type[ConversationsError], reason: ErrorReason
) -> None:
    world = World()
    world.attempts.append(failure(kind))
    raised = failed(world)
    assert type(raised) is error
    assert raised.reason is reason
    assert raised.operation == "create"
    assert isinstance(raised.__cause__, OSError)


@pytest.mark.parametrize(
    "kind", [FailureKind.NAME_RESOLUTION, FailureKind.CONNECT, FailureKind.TLS]
)
def test_an_address_that_worked_before_is_tried_again(kind: FailureKind) -> None:
    for earlier in (SERVER_DOWN, None):
        world = World()
        world.attempts.extend([earlier, failure(kind), failure(kind)])
        if earlier is None:
            world.cut_at = ("after", 2)  # connected, and lost while the client is created
        creation = world.start()
        world.settle()
        creation.result()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 20101, TokenRejectedError),
        (403, 0, TokenRejectedError),
        (401, 20104, TokenExpiredError),
        (400, 20104, TokenExpiredError),
    ],
)
def test_a_token_that_is_refused(status: int, code: int, error: type[TokenError]) -> None:
    token = make_token()
    service = SimulatedService()
    service.refused_tokens[token] = (status, code)
    world = World(service)
    raised = failed(world, token=token)
    assert type(raised) is error
    assert (raised.status, raised.code) == (status, code)
    assert token not in str(raised) + repr(raised)


def test_the_events_of_a_refused_token() -> None:
    token = make_token()
    service = SimulatedService()
    service.refused_tokens[token] = (401, 20104)
    world = World(service)
    world.start(token=token)
    world.settle()
    assert world.words == [
        "CONNECTING",
        "ConnectionErrorOccurred",
        "DENIED",
        "TokenExpired",
        "InitializationFailed",
    ]
    ((info, terminal),) = connection_errors(world)
    assert terminal
    assert info.reason is ErrorReason.TOKEN_EXPIRED


@pytest.mark.parametrize("status", [406, 417])
def test_a_connection_closed_for_good(status: int) -> None:
    world = World()
    world.cut_at = None
    creation = world.start()
    world.run(0.25)
    for connection in world.service.connections:
        connection.identity = "alice"
    world.service.close_connections(status)
    world.settle()
    assert type(creation.error) is TransportError
    assert creation.error.status == status
    assert creation.error.reason is ErrorReason.CLOSE_MESSAGE_RECEIVED
    assert world.engine.connection_state is ConnectionState.FATAL_ERROR
    assert world.words[-1] == "InitializationFailed"


def refuse_init(code: int) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.service.refused_tokens[make_token()] = (code, 0)

    return prepare


def lose_at(moment: str, number: int) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        receive = world.service.receive

        def cutting(connection: Any, data: bytes) -> None:
            connection.count = getattr(connection, "count", 0)
            receive(connection, data)
            if len(connection.frames) == number:
                world.cut()

        world.service.receive = cutting  # type: ignore[method-assign]

    return prepare


def silent(path: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.service.fault(path, is_silent=True, times=99)

    return prepare


def attempts(kind: FailureKind, **more: Any) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.attempts.extend([ConnectionFailure(kind, **more)] * 99)

    return prepare


def no_answer_to_init(world: World) -> None:
    world.service.receive = lambda connection, data: None  # type: ignore[assignment, method-assign]


@pytest.mark.parametrize(
    ("prepare", "step", "cause"),
    [
        (attempts(FailureKind.UPGRADE, status=503), "a connection", "503"),
        (attempts(FailureKind.CONNECT_TIMEOUT), "a connection", "connect timeout"),
        (attempts(FailureKind.SOCKET), "a connection", "socket lost"),
        (refuse_init(429), "a connection", "429"),
        (refuse_init(500), "a connection", "500"),
        (silent("Configuration"), "the configuration", None),
        (silent("alice.channels"), "the own user and the map of conversations", None),
        (silent(".info"), "the own user and the map of conversations", None),
        (no_answer_to_init, "the answer to init", None),
    ],
)
def test_what_may_pass_is_retried_until_the_time_is_over(
    prepare: Callable[[World], None], step: str, cause: str | None
) -> None:
    world = World()
    prepare(world)
    raised = failed(world, timeout=8.0)
    assert isinstance(raised, RequestTimeoutError)
    assert str(raised) == f"create: TIMEOUT: no result within 8 s; it waited for {step}"
    assert not raised.may_have_been_sent
    if cause is None:
        assert raised.__cause__ is None
    else:
        assert isinstance(raised.__cause__, TransportError)
        assert cause in str(raised.__cause__)


def test_a_time_out_after_a_reconnection_names_the_step_and_the_connection_error() -> None:
    world = World()
    world.service.fault("Configuration", cut="before")
    world.service.fault("Configuration", is_silent=True, times=9)
    creation = world.start(timeout=5.0)
    world.settle()
    assert isinstance(creation.error, RequestTimeoutError)
    assert "it waited for the configuration" in str(creation.error)
    assert isinstance(creation.error.__cause__, TransportError)
    assert creation.error.__cause__.error_info.message == LOST.description


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize("path", ["Configuration", "alice.channels", ".info"])
def test_a_service_that_refuses_is_an_error_of_creation(path: str, status: int) -> None:
    world = World()
    world.service.fault(path, status=status)
    raised = failed(world)
    assert type(raised) is ConversationsError
    assert raised.reason is ErrorReason.CREATE_CLIENT_ERROR
    assert (raised.status, raised.code) == (status, 20000 + status)
    assert isinstance(raised.__cause__, ConversationsError)
    assert raised.__cause__.status == status


@pytest.mark.parametrize(
    "change",
    [
        {"identity": None},
        {"identity": ""},
        {"sync_objects": None},
        {"sync_objects": {}},
        {"links": []},
        {"links": {"conversations": "https://x/a"}},
        {"links": {"conversations": "ftp://x/a"}},
        {"links": {"conversations": "https://[/a"}},
        {"links": {"conversations": "https:///a"}},
        {"links": {"conversations": "https://x/a?b=c"}},
        {"links": {"conversations": "https://x/a#b"}},
        {"links": {"conversations": 3}},
    ],
)
def test_a_configuration_that_lacks_something_is_an_error_of_creation(
    change: dict[str, Any],
) -> None:
    world = World()
    world.service.configuration_changes = change
    raised = failed(world)
    assert raised.reason is ErrorReason.CREATE_CLIENT_ERROR
    assert raised.__cause__ is not None
    assert raised.__cause__.reason is ErrorReason.CANNOT_PARSE  # type: ignore[attr-defined]


def test_an_own_user_that_is_not_understood_is_an_error_of_creation() -> None:
    world = World()
    world.service.fault(".info", response=Response(200, {"odd": True}))
    assert failed(world).reason is ErrorReason.CREATE_CLIENT_ERROR


def test_a_bug_in_the_start_is_an_error_of_creation(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("bug")

    monkeypatch.setattr("conversations._core.conversations.service.decode_configuration", broken)
    raised = failed(World())
    assert raised.reason is ErrorReason.CREATE_CLIENT_ERROR
    assert isinstance(raised.__cause__, KeyError)
    assert "the start failed unexpectedly" in caplog.text


def test_settings_without_an_address_are_an_error_of_creation() -> None:
    def no_address(_: str | None) -> Any:
        raise InvalidArgumentError("CONVERSATIONS_EMULATOR_URL names no host")

    world = World(endpoints=no_address)
    raised = failed(world)
    assert isinstance(raised, InvalidArgumentError)
    assert world.opened == 0


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("no token", TokenRejectedError),
        (make_token(padding="x" * 40_000), InvalidArgumentError),
    ],
)
def test_a_token_that_cannot_be_sent_is_an_error_of_creation(
    token: str, error: type[ConversationsError]
) -> None:
    world = World()
    assert isinstance(failed(world, token=token), error)
    assert world.opened == 0


def test_the_step_of_the_creation_can_be_read() -> None:
    world = World()
    world.start()
    assert world.engine._creation.step == "a connection"
    world.run(0.15)
    assert world.engine._creation.step == "the answer to init"
    world.settle()
    assert world.engine._creation.step == "the own user and the map of conversations"


def test_creation_may_have_failed_before_anybody_waits_for_it() -> None:
    world = World()
    world.attempts.append(failure(FailureKind.CONNECT))
    world.engine.start(world.now, make_token())
    world.settle()
    creation = world.engine.created(5.0)
    world.settle()
    assert isinstance(creation.error, ConnectError)
    assert world.words[-1] == "InitializationFailed"


def test_before_the_service_is_there_nothing_can_be_called() -> None:
    world = World()
    with pytest.raises(NotReadyError):
        world.engine.ready_service()


def test_the_token_may_name_the_region() -> None:
    import jwt

    regions: list[str | None] = []

    def noting(region: str | None) -> Any:
        regions.append(region)
        return endpoints(region)

    claims = jwt.decode(make_token(), options={"verify_signature": False})
    token = jwt.encode(claims, "k" * 32, headers={"twr": "ie1"})
    world = World(endpoints=noting).ready(token=token)
    assert regions == ["ie1"]
    assert world.engine.endpoints == endpoints("ie1")
    assert world.engine.twilsock_url() == "wss://x/"


def test_there_is_no_address_before_there_is_a_token() -> None:
    from conversations._core.twilsock.errors import LocalProtocolError

    with pytest.raises(LocalProtocolError):
        World(provider=make_token).engine.twilsock_url()


# Connection states


def test_a_lost_connection_is_told_and_made_anew() -> None:
    world = World().ready()
    world.take()
    world.cut()
    world.settle()
    assert world.words == [
        "ConnectionErrorOccurred",
        "ErrorOccurred",
        "ERROR",
        "CONNECTING",
        "CONNECTED",
    ]
    ((info, terminal),) = connection_errors(world)
    assert not terminal
    assert info.reason is ErrorReason.TRANSPORT_DISCONNECTED
    assert info.message == "reset by peer"


def test_requests_and_reconnections_are_counted() -> None:
    world = World()
    assert (world.engine.sent_requests, world.engine.reconnections) == (0, 0)
    world.ready()
    assert world.engine.sent_requests == len(world.service.requests)
    assert world.engine.reconnections == 0
    world.cut()
    world.settle()
    assert world.engine.reconnections == 1


def test_a_throttled_connection_counts_as_connected() -> None:
    world = World().ready()
    world.take()
    world.service.fault("/Conversations/x", twilsock=(429, 51202), times=9)
    promise = world.call(lambda s, call: s.conversation_commands.get(call, "x"))
    world.run(0.5)
    assert world.engine._session.state.name == "THROTTLED"
    assert world.engine.connection_state is ConnectionState.CONNECTED
    world.settle()
    assert promise.error is not None
    assert promise.error.reason is ErrorReason.TOO_MANY_REQUESTS  # type: ignore[attr-defined]
    assert world.words == []


def test_a_connection_lost_while_throttled_is_lost() -> None:
    world = World().ready()
    world.service.fault("/Conversations/x", twilsock=(429, 51202))
    world.call(lambda s, call: s.conversation_commands.get(call, "x"))
    world.run(0.5)
    world.cut()
    world.settle()
    assert world.engine.connection_state is ConnectionState.CONNECTED
    conversation = world.service.create("bob", "alice")
    world.settle()
    assert conversation.sid in world.list.records


def test_silence_is_noticed() -> None:
    world = World().ready()
    line = world._line
    assert line is not None
    line.is_up = False  # nothing gets through, nobody says so
    world.take()
    world.run(100.0)
    assert world.words[0] == "ConnectionErrorOccurred"
    assert world.engine.connection_state is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("status", "code", "reason", "state"),
    [
        (308, 0, ErrorReason.CLOSE_MESSAGE_RECEIVED, ConnectionState.CONNECTED),
        (308, 51232, ErrorReason.UNAUTHORIZED, ConnectionState.DENIED),
        (401, 0, ErrorReason.UNAUTHORIZED, ConnectionState.DENIED),
        (401, 20104, ErrorReason.TOKEN_EXPIRED, ConnectionState.DENIED),
        (403, 0, ErrorReason.CLOSE_MESSAGE_RECEIVED, ConnectionState.CONNECTED),
        (410, 0, ErrorReason.TOKEN_EXPIRED, ConnectionState.DENIED),
        (429, 0, ErrorReason.TOO_MANY_REQUESTS, ConnectionState.CONNECTED),
        (500, 20104, ErrorReason.CLOSE_MESSAGE_RECEIVED, ConnectionState.CONNECTED),
        (406, 0, ErrorReason.CLOSE_MESSAGE_RECEIVED, ConnectionState.FATAL_ERROR),
    ],
)
def test_close_frames(status: int, code: int, reason: ErrorReason, state: ConnectionState) -> None:
    world = World().ready()
    world.take()
    world.service.close_connections(status, code)
    world.settle()
    ((info, terminal),) = connection_errors(world)
    assert (info.reason, info.status, info.code) == (reason, status, code)
    assert terminal == (state is not ConnectionState.CONNECTED)
    assert world.engine.connection_state is state
    assert world.words[1] == "ErrorOccurred"


def test_waiting_until_connected() -> None:
    world = World().ready()
    connected = world.engine.call("wait", 5.0, world.engine.wait_until_connected)
    world.run(0.0)
    connected.result()
    world.cut()
    world.run(0.05)
    waiting = world.engine.call("wait", 5.0, world.engine.wait_until_connected)
    world.run(0.05)
    assert not waiting.is_settled
    world.settle()
    waiting.result()


@pytest.mark.parametrize(("status", "error"), [(410, TokenExpiredError), (406, TransportError)])
def test_waiting_for_a_connection_that_will_not_come(
    status: int, error: type[ConversationsError]
) -> None:
    world = World().ready()
    world.cut()
    world.run(0.12)
    waiting = world.engine.call("wait", 9.0, world.engine.wait_until_connected)
    world.run_until(lambda: world.engine.connection_state is ConnectionState.CONNECTED)
    world.settle()
    waiting.result()
    world.service.close_connections(status)
    world.settle()
    late = world.engine.call("wait", 9.0, world.engine.wait_until_connected)
    world.run(0.0)
    assert type(late.error) is error


def test_synchronization_ends_when_hope_ends() -> None:
    for status in (406, 417):
        service = SimulatedService()
        service.create("bob", "alice")
        service.fault("/Users/", "GET", is_silent=True, times=9)
        world = World(service)
        creation = world.start()
        world.run_until(lambda creation=creation: creation.is_settled)
        waiting = world.engine.call("wait", 60.0, world.engine.wait_for_synchronization)
        world.run(0.2)
        service.close_connections(status)
        world.settle()
        assert isinstance(waiting.error, TransportError)
        assert "FAILED" in world.words


def test_synchronization_goes_on_with_the_next_token() -> None:
    service = SimulatedService()
    service.create("bob", "alice")
    service.fault("/Users/", "GET", is_silent=True, times=1)
    world = World(service)
    creation = world.start()
    world.run_until(lambda: creation.is_settled)
    world.run(0.2)
    service.close_connections(410)
    world.run(200.0)
    assert world.list.status.name == "STARTED"
    token = make_token(issued=1)
    update = world.engine.call("update", 5.0, lambda call: world.engine.update_token(call, token))
    world.settle()
    update.result()
    assert world.words[-1] == "COMPLETED"


def test_a_background_request_that_is_refused_for_its_token_waits_for_the_next() -> None:
    service = SimulatedService()
    service.create("bob", "alice")
    service.fault(".roster", twilsock=(401, 20104))
    world = World(service)
    creation = world.start()
    world.run(50.0)
    creation.result()
    assert world.engine.connection_state is ConnectionState.DENIED
    assert "COMPLETED" not in world.words
    token = make_token(issued=1)
    world.engine.call("update", 5.0, lambda call: world.engine.update_token(call, token))
    world.settle()
    assert "COMPLETED" in world.words
    (record,) = world.list.records.values()
    assert record.snapshot.synchronization_status.name == "ALL"


def test_a_background_request_that_is_forbidden_is_not_repeated() -> None:
    service = SimulatedService()
    service.create("bob", "alice")
    service.fault(".roster", twilsock=(403, 20003), times=9)
    world = World(service).ready()
    (record,) = world.list.records.values()
    assert record.snapshot.synchronization_status.name == "FAILED"
    assert sum(".roster" in request.path for request in service.requests) == 1


def test_what_came_in_counts_before_the_timers_however_late() -> None:
    world = World().ready()
    world.service.fault("/Conversations/x", response=Response(404, {}))
    promise = world.call(lambda s, call: s.conversation_commands.get(call, "x"), timeout=1.0)
    world.run(0.05)  # answered; the answer is on its way
    assert [str(r) for r in world.service.requests][-1].endswith("/Conversations/x")
    # The process stands still for a minute, with the answer in the socket.
    (_, _, _, arrive), *rest = sorted(world._due)[:1]
    assert not rest
    world._due.clear()
    world._under_way = 0
    world.now += 60.0
    world.engine.socket_active(world.now, 1)
    arrive()
    assert not promise.is_settled
    world._look()
    assert promise.error is not None
    assert promise.error.status == 404  # type: ignore[attr-defined]


# Updating the token


def update(world: World, token: str, *, timeout: float = 10.0) -> Any:
    promise = world.engine.call(
        "update_token", timeout, lambda call: world.engine.update_token(call, token)
    )
    world._look()
    return promise


def test_a_token_is_updated_on_the_open_connection() -> None:
    world = World().ready()
    world.take()
    token = make_token(issued=5, lifetime=7200)
    updating = update(world, token)
    world.settle()
    updating.result()
    assert world.connection.token == token
    assert world.opened == 1
    assert world.words == []
    assert world.engine.tokens.expires_at is not None
    assert world.engine.tokens.is_current(token)


def test_the_same_token_needs_no_traffic() -> None:
    token = make_token()
    world = World().ready(token=token)
    before = dict(world.sent)
    updating = update(world, token)
    world.settle()
    updating.result()
    assert world.sent == before


def test_the_token_of_another_identity_is_refused_here() -> None:
    world = World().ready()
    updating = update(world, make_token("bob"))
    world.settle()
    assert type(updating.error) is TokenError
    assert updating.error.code == ErrorInfo.MISMATCHING_TOKEN_UPDATE
    assert not any(frame.method == "update" for frame in world.connection.frames)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("no token", TokenRejectedError),
        ("", InvalidArgumentError),
        (make_token(padding="x" * 40_000), InvalidArgumentError),
    ],
)
def test_what_is_no_token_is_refused_here(token: str, error: type[ConversationsError]) -> None:
    world = World().ready()
    updating = update(world, token)
    world.settle()
    assert isinstance(updating.error, error)
    assert world.engine.connection_state is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("status", "code", "error", "state"),
    [
        (401, 51215, TokenRejectedError, ConnectionState.DENIED),
        (403, 0, TokenRejectedError, ConnectionState.DENIED),
        (401, 20104, TokenExpiredError, ConnectionState.DENIED),
        (429, 51202, TokenError, ConnectionState.CONNECTED),
    ],
)
def test_an_update_that_the_server_refuses(
    status: int, code: int, error: type[ConversationsError], state: ConnectionState
) -> None:
    world = World().ready()
    world.take()
    token = make_token(issued=5)
    world.service.refused_tokens[token] = (status, code)
    updating = update(world, token)
    world.settle()
    assert type(updating.error) is error
    assert (updating.error.status, updating.error.code) == (status, code)
    assert world.engine.connection_state is state
    # Told as a connection error, not as one that nobody receives.
    assert "ConnectionErrorOccurred" in world.words
    assert "ErrorOccurred" not in world.words
    # Another token revives it.
    good = make_token(issued=6)
    updating = update(world, good)
    world.settle()
    updating.result()
    assert world.engine.connection_state is ConnectionState.CONNECTED


def test_an_update_that_was_not_heard_can_be_repeated() -> None:
    world = World().ready()
    token = make_token(issued=5)
    world.service.refused_tokens[token] = (429, 51202)
    assert update(world, token) is not None
    world.settle()
    world.service.refused_tokens.clear()
    updating = update(world, token)
    world.settle()
    updating.result()
    assert world.connection.token == token


def test_an_update_without_an_answer_is_an_error_in_time() -> None:
    world = World().ready()
    world.service._update = lambda *_: None  # type: ignore[assignment, method-assign]
    updating = update(world, make_token(issued=5), timeout=60.0)
    world.run(40.0)
    assert type(updating.error) is TokenError
    assert updating.error.reason is ErrorReason.UPDATE_TOKEN_ERROR


def test_an_update_that_the_server_fails_at_reconnects() -> None:
    world = World().ready()
    token = make_token(issued=5)
    world.service.refused_tokens[token] = (500, 0)
    updating = update(world, token)
    world.run(0.15)
    world.service.refused_tokens.clear()
    world.settle()
    assert type(updating.error) is TokenError
    assert world.connection.token == token
    assert world.engine.connection_state is ConnectionState.CONNECTED


def test_an_update_while_there_is_no_connection_succeeds_at_once() -> None:
    world = World().ready()
    world.cut()
    world.run(0.05)
    token = make_token(issued=5)
    updating = update(world, token)
    assert updating.is_settled
    world.settle()
    assert world.connection.token == token


def test_an_update_revives_a_denied_client() -> None:
    world = World().ready()
    world.service.close_connections(410)
    world.settle()
    assert world.engine.connection_state is ConnectionState.DENIED
    world.take()
    updating = update(world, make_token(issued=5))
    assert updating.is_settled
    world.settle()
    assert world.words == ["CONNECTING", "CONNECTED"]


def test_an_update_of_a_client_that_failed_for_good_is_refused() -> None:
    token = make_token()
    world = World().ready(token=token)
    world.service.close_connections(406)
    world.settle()
    updating = update(world, make_token(issued=5))
    world.settle()
    assert isinstance(updating.error, TransportError)
    assert world.engine.tokens.is_current(token)


def test_a_connection_lost_during_an_update_carries_the_token_over() -> None:
    world = World().ready()
    world.take()
    token = make_token(issued=5)
    updating = update(world, token)
    world.cut()
    world.settle()
    updating.result()
    assert world.connection.token == token
    assert "ErrorOccurred" not in world.words


# Expiry


def test_expiry_is_announced_before_it_comes() -> None:
    world = World().ready(token=make_token(lifetime=3600))
    world.run(3600 - 120 - 5)
    assert "TokenAboutToExpire" not in world.words
    world.run(10)
    assert world.words.count("TokenAboutToExpire") == 1
    world.service.announce_expiry()
    world.settle()
    assert world.words.count("TokenAboutToExpire") == 1


def test_the_servers_announcement_counts_if_it_is_first() -> None:
    world = World().ready()
    world.service.announce_expiry()
    world.settle()
    world.run(3599)
    assert world.words.count("TokenAboutToExpire") == 1
    update(world, make_token(issued=3600, lifetime=100))
    world.run(3600 + 100)
    assert world.words.count("TokenAboutToExpire") == 2


def test_an_expired_token_ends_the_connection() -> None:
    world = World().ready()
    world.take()
    world.service.close_connections(410)
    world.settle()
    assert world.words == ["ConnectionErrorOccurred", "ErrorOccurred", "DENIED", "TokenExpired"]


# Tokens from a provider


class Provider:
    """
    Answers in order: returns tokens, raises exceptions; the last one again and again.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __call__(self) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_provider_is_asked_at_the_start() -> None:
    world = World(provider=Provider(make_token()))
    creation = world.start()
    world.settle()
    creation.result()
    assert world.questions == 1
    assert world.words[0] == "CONNECTING"


def test_a_provider_that_raises_at_the_start_fails_creation() -> None:
    cause = OSError("no token today")
    raised = failed(World(provider=Provider(cause)))
    assert type(raised) is TokenError
    assert raised.__cause__ is cause
    assert "no token today" not in str(raised)
    assert "OSError" in str(raised)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, InvalidArgumentError),
        (b"bytes", InvalidArgumentError),
        ("", InvalidArgumentError),
        ("junk", TokenRejectedError),
        (make_token(grants={"identity": "alice"}), TokenRejectedError),
        (make_token(lifetime=-5), TokenExpiredError),
        (TokenExpiredError("from elsewhere"), TokenExpiredError),
        (make_token(padding="x" * 40_000), InvalidArgumentError),
    ],
)
def test_a_provider_that_gives_no_good_token_fails_creation(
    answer: Any, error: type[ConversationsError]
) -> None:
    world = World(provider=Provider(answer))
    assert type(failed(world)) is error
    assert world.opened == 0


def test_a_provider_that_does_not_answer_is_named_by_the_time_out() -> None:
    world = World(provider=Provider(make_token()))
    world.provider_delay = 60.0
    raised = failed(world, timeout=5.0)
    assert isinstance(raised, RequestTimeoutError)
    assert "the token provider" in str(raised)


def test_a_provider_gets_a_second_chance() -> None:
    bad, good = make_token(), make_token(issued=1)
    service = SimulatedService()
    service.refused_tokens[bad] = (401, 20101)
    world = World(service, provider=Provider(bad, good)).ready()
    assert world.questions == 2
    assert world.words[:6] == [
        "CONNECTING",
        "ConnectionErrorOccurred",
        "DENIED",
        "CONNECTING",
        "CONNECTED",
        "STARTED",
    ]
    assert "ErrorOccurred" not in world.words


def test_a_provider_whose_second_token_is_refused_too_fails_creation() -> None:
    tokens = [make_token(issued=number) for number in range(3)]
    service = SimulatedService()
    for token in tokens:
        service.refused_tokens[token] = (401, 20101)
    world = World(service, provider=Provider(*tokens))
    raised = failed(world)
    assert type(raised) is TokenRejectedError
    assert world.questions == 2


def test_a_provider_that_has_nothing_better_fails_creation() -> None:
    token = make_token()
    service = SimulatedService()
    service.refused_tokens[token] = (401, 20101)
    raised = failed(World(service, provider=Provider(token)))
    assert type(raised) is TokenError
    assert isinstance(raised.__cause__, TokenRejectedError)


def test_a_provider_that_raises_after_a_refusal_fails_creation() -> None:
    token = make_token()
    service = SimulatedService()
    service.refused_tokens[token] = (401, 20101)
    cause = OSError()
    raised = failed(World(service, provider=Provider(token, cause)))
    assert type(raised) is TokenError
    assert raised.__cause__ is cause


def test_a_provider_is_asked_before_the_token_expires() -> None:
    second = make_token(issued=1000, lifetime=3600)
    world = World(provider=Provider(make_token(lifetime=1200), second)).ready()
    world.take()
    world.run(1200 - 120 + 1)
    assert world.questions == 2
    assert world.words == ["TokenAboutToExpire"]
    assert world.connection.token == second
    assert world.opened == 1


def test_a_provider_that_fails_is_asked_again_and_again() -> None:
    good = make_token(issued=1100)
    provider = Provider(make_token(lifetime=1200), OSError(), "junk", None, good)
    world = World(provider=provider).ready()
    world.take()
    world.run(1200 - 120 + 30)
    assert world.words == ["TokenAboutToExpire", *["ErrorOccurred"] * 3]
    assert world.connection.token == good
    assert world.questions == 5
    # Success is remembered: the next question is not delayed.
    world.take()
    world.run(3600)
    assert world.words[0] == "TokenAboutToExpire"


def test_the_token_of_another_identity_from_a_provider_is_told() -> None:
    world = World(provider=Provider(make_token(lifetime=1200), make_token("bob"))).ready()
    world.take()
    world.run(1200 - 120 + 1.5)
    (told, *_) = [event for event in world.told if isinstance(event, events.ErrorOccurred)]
    assert told.error_info.code == ErrorInfo.MISMATCHING_TOKEN_UPDATE
    assert world.engine.connection_state is ConnectionState.CONNECTED


def test_a_provider_is_asked_when_the_connection_is_ended_for_the_token() -> None:
    world = World(provider=Provider(make_token(), make_token(issued=1))).ready()
    world.take()
    world.service.close_connections(410)
    world.settle()
    assert world.words == [
        "ConnectionErrorOccurred",
        "ErrorOccurred",
        "DENIED",
        "TokenExpired",
        "CONNECTING",
        "CONNECTED",
    ]
    assert world.questions == 2


def test_refused_tokens_of_a_provider_are_told_and_asked_for_more_and_more_slowly() -> None:
    service = SimulatedService()
    tokens = [make_token(issued=number) for number in range(50)]
    for token in tokens[1:]:
        service.refused_tokens[token] = (401, 20101)
    world = World(service, provider=Provider(*tokens)).ready()
    world.take()
    service.close_connections(410)
    world.run(60.0)
    assert 6 <= world.questions <= 9
    assert world.words.count("ErrorOccurred") == world.words.count("ConnectionErrorOccurred")
    assert world.engine.connection_state is ConnectionState.DENIED


def test_a_provided_token_that_is_refused_on_the_open_connection_is_told() -> None:
    service = SimulatedService()
    bad = make_token(issued=1)
    service.refused_tokens[bad] = (401, 20101)
    world = World(service, provider=Provider(make_token(), bad, make_token(issued=2))).ready()
    world.take()
    service.announce_expiry()
    world.settle()
    assert world.words == [
        "TokenAboutToExpire",
        "ConnectionErrorOccurred",
        "ErrorOccurred",
        "DENIED",
        "CONNECTING",
        "CONNECTED",
    ]


def test_a_provided_token_that_was_not_heard_is_given_again() -> None:
    service = SimulatedService()
    token = make_token(issued=1)
    service.refused_tokens[token] = (429, 51202)
    world = World(service, provider=Provider(make_token(), token)).ready()
    world.take()
    service.announce_expiry()
    world.run(0.3)
    service.refused_tokens.clear()
    world.settle()
    assert world.connection.token == token
    assert world.words == ["TokenAboutToExpire", "ConnectionErrorOccurred", "ErrorOccurred"]
    assert world.questions == 3


def test_a_user_may_update_the_token_meanwhile() -> None:
    world = World(provider=Provider(make_token(), OSError())).ready()
    world.service.announce_expiry()
    world.run(0.5)
    questions = world.questions
    updating = update(world, make_token(issued=7))
    world.settle()
    updating.result()
    assert world.questions == questions


def test_a_provided_token_after_the_first_failure_for_good_changes_nothing() -> None:
    world = World(provider=Provider(make_token(), make_token(issued=1))).ready()
    world.service.close_connections(406)
    world.run(0.1)
    world.engine.token_provided(make_token(issued=1))
    world.settle()
    assert world.engine.connection_state is ConnectionState.FATAL_ERROR


# The end


def test_closing_says_goodbye_and_tells_one_more_state() -> None:
    world = World().ready()
    world.take()
    world.engine.close(world.now)
    world.settle()
    assert world.words == ["DISCONNECTED"]
    assert world.connection.frames[-1].method == "close"
    world.engine.close(world.now)
    world.run(100.0)
    assert world.words == ["DISCONNECTED"]


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75])
def test_closing_at_any_moment_of_the_start_tells_nothing_after_it(moment: float) -> None:
    service = SimulatedService()
    for _ in range(3):
        service.create("bob", "alice")
    world = World(service)
    creation = world.start()
    world.run(moment)
    was_created = creation.is_settled
    world.take()
    world.engine.close(world.now)
    world._look()
    expected = ["DISCONNECTED"] if was_created else ["DISCONNECTED", "InitializationFailed"]
    assert world.take_words() == expected
    if not was_created:
        assert isinstance(creation.error, ClientShutdownError)
    world.run(200.0)
    assert world.take_words() == []


def test_closing_before_the_first_token() -> None:
    world = World(provider=Provider(make_token()))
    creation = world.start()
    world.engine.close(world.now)
    world.settle()
    assert isinstance(creation.error, ClientShutdownError)
    assert world.words == ["InitializationFailed"]
    world.engine.token_failed(OSError())
    world.settle()
    assert world.opened == 0


def test_closing_ends_every_kind_of_waiting() -> None:
    service = SimulatedService()
    service.fault("/Users/", "GET", is_silent=True, times=9)
    world = World(service)
    creation = world.start()
    world.run_until(lambda: creation.is_settled)
    world.cut()
    world.run(0.05)
    engine = world.engine
    waiting = [
        engine.call("connected", 60.0, engine.wait_until_connected),
        engine.call("synchronized", 60.0, engine.wait_for_synchronization),
        world.call(lambda s, call: s.conversation_commands.get(call, "x")),
        update(world, make_token(issued=9)),
    ]
    world.run(0.0)
    engine.close(world.now)
    world._look()
    assert all(isinstance(promise.error, ClientShutdownError) for promise in waiting[:3])
    assert waiting[3].is_settled
    assert not world.connection.subscribed


def test_events_keep_the_place_in_which_others_are_told() -> None:
    world = World().ready()
    world.take()
    world.engine.tell("something of the runtime's")
    world.service.announce_expiry()
    world.settle()
    assert world.told[0] == "something of the runtime's"
    assert world.words[1:] == ["TokenAboutToExpire"]


def test_notifications_of_any_kind_are_survived() -> None:
    world = World().ready()
    world.take()
    for payload in (None, [], "text", 3, {"event_type": 3}, {"event_type": "map_item_added"}):
        world.service.notify_raw("com.twilio.rtd.cds.map", payload)
        world.service.notify_raw("twilio.sync.event", payload)
        world.service.notify_raw("twilio.ipmsg.typing_indicator", payload)
    world.service.notify_raw("twilio.sync.event", b"\x00\x01", "application/octet-stream")
    world.service.notify_raw("unheard of", {})
    world.service.ping()
    world.settle()
    assert world.words == []
    assert world.engine.connection_state is ConnectionState.CONNECTED


def test_errors_of_subscriptions_as_such_are_told() -> None:
    service = SimulatedService()
    service.fault("Subscriptions", status=400)
    service.fault("Subscriptions", twilsock=(503, 0))
    world = World(service).ready()
    (told,) = [event for event in world.told if isinstance(event, events.ErrorOccurred)]
    assert told.error_info.status == 400
    assert told.error_info.message.startswith("subscribe")
    assert len(world.connection.subscribed) == 2


def test_every_step_of_the_start_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "conversations")
    token = make_token()
    World().ready(token=token)
    assert "start: configuration after 0.100 s" in caplog.text
    assert "start: own user after 0.200 s" in caplog.text
    assert "connection: CONNECTED" in caplog.text
    assert token not in caplog.text


def test_a_server_error_of_the_list_is_chained(caplog: pytest.LogCaptureFixture) -> None:
    service = SimulatedService()
    service.fault("/Users/", "GET", status=500)
    world = World(service).ready()
    waiting = world.engine.call("wait", 1.0, world.engine.wait_for_synchronization)
    world.run(0.0)
    assert isinstance(waiting.error, ServerError)
    assert waiting.error.operation == "wait"
    assert "loading the conversations" in caplog.text
    assert world.now > START
