from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import trustme

from conversations._core.twilsock.errors import FailureKind
from conversations._net.failures import (
    ConnectAborted,
    ConnectFailure,
    ConnectTimeout,
    NameResolutionFailure,
    SocketFailure,
    SocketLost,
    TlsFailure,
    TlsVerificationFailure,
    UpgradeFailure,
)
from conversations._net.opening import AbortHandle
from conversations._net.websocket import WebSocketTransport
from conversations._runtime import network
from conversations._runtime.opening import connection_failure, connector
from conversations.errors import ClientShutdownError, InvalidArgumentError
from conversations.properties import Properties
from tests.net.raw_server import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    RawConnection,
    RawServer,
    close_data,
    frame,
    in_background,
)
from tests.runtime.fakes import FakeEngine, Harness, Recorder, connect_to
from tests.timing import limit


@pytest.fixture(autouse=True)
def _short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "GOODBYE_SECONDS", 0.1)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


@pytest.fixture
def harness(server: RawServer) -> Iterator[Harness]:
    made = Harness(FakeEngine(connects=True), connect=connect_to(server.url))
    made.start()
    yield made
    made.runtime.shutdown()


def accept(harness: Harness, server: RawServer, generation: int = 1) -> RawConnection:
    connection = server.accept_websocket()
    harness.engine.inputs.wait_until(lambda items: ("opened", generation) in items)
    return connection


def test_the_core_lives_on_the_network_thread_alone(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)
    connection.send_message(b"hello")
    harness.call(lambda engine: engine.echo(1))
    harness.engine.inputs.wait_for(("opened", 1), b"hello")
    harness.runtime.shutdown()

    number = harness.runtime.number
    assert harness.engine.threads == {f"conversations-network-{number}"}
    assert harness.engine.tokens.items == ["token"]


def test_messages_go_up_and_down(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)

    answer = in_background(lambda: harness.call(lambda engine: engine.ask(b"question")))
    assert connection.read_frame() == (BINARY, b"question")
    connection.send_message(b"answer")

    assert answer.result(limit()) == b"answer"


def test_control_frames_are_signs_of_life(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)

    connection.send(frame(PING, b"?"))

    assert connection.read_frame() == (PONG, b"?")
    harness.engine.inputs.wait_for(("opened", 1), ("active", 1))


def test_a_message_that_comes_with_the_agreement_is_not_overlooked(
    harness: Harness, server: RawServer
) -> None:
    server.accept().accept_upgrade(after=frame(BINARY, b"first"))

    harness.engine.inputs.wait_for(("opened", 1), b"first")


def test_more_than_the_pipe_takes_is_sent_in_the_end(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)
    data = b"x" * (8 << 20)

    harness.runtime.post(lambda engine: engine.send(data))
    harness.runtime.post(lambda engine: engine.send(b"behind it"))

    assert connection.read_frame() == (BINARY, data)
    assert connection.read_frame() == (BINARY, b"behind it")


def test_large_messages_both_ways_at_once(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)
    data = b"x" * (8 << 20)

    harness.runtime.post(lambda engine: engine.send(data))
    sending = in_background(lambda: connection.send_message(data))
    assert connection.read_frame() == (BINARY, data)
    sending.result(limit())

    harness.engine.inputs.wait_until(lambda items: items[-1] == data)


def test_a_lost_socket_is_reported_after_what_came_before(
    harness: Harness, server: RawServer
) -> None:
    connection = accept(harness, server)

    connection.send(frame(BINARY, b"last words") + frame(CLOSE, close_data(1001)))

    harness.engine.inputs.wait_for(("opened", 1), b"last words", ("failed", 1))
    (failure,) = harness.engine.failures.items
    assert failure.kind is FailureKind.SOCKET
    assert isinstance(failure.cause, SocketLost)
    assert connection.read_frame() == (CLOSE, close_data(1001))
    assert connection.read_to_end() == b""


def test_a_core_that_wants_it_gets_the_next_socket(server: RawServer) -> None:
    harness = Harness(FakeEngine(connects=True, reconnects=True), connect=connect_to(server.url))
    with harness:
        accept(harness, server).close()
        connection = accept(harness, server, generation=2)
        connection.send_message(b"again")

        harness.engine.inputs.wait_for(("opened", 1), ("failed", 1), ("opened", 2), b"again")


def test_a_socket_that_cannot_be_opened_is_a_failure_in_the_cores_words() -> None:
    def connect(abort: AbortHandle) -> WebSocketTransport:
        raise UpgradeFailure("refused", 503)

    with Harness(FakeEngine(connects=True), connect=connect) as harness:
        harness.engine.inputs.wait_for(("failed", 1))
        (failure,) = harness.engine.failures.items

    assert failure.kind is FailureKind.UPGRADE
    assert failure.status == 503
    assert failure.description == "refused"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (NameResolutionFailure("x"), FailureKind.NAME_RESOLUTION),
        (ConnectFailure("x"), FailureKind.CONNECT),
        (TlsVerificationFailure("x"), FailureKind.TLS_VERIFICATION),
        (TlsFailure("x"), FailureKind.TLS),
        (UpgradeFailure("x", 401), FailureKind.UPGRADE),
        (ConnectTimeout("x"), FailureKind.CONNECT_TIMEOUT),
        (ConnectAborted("x"), FailureKind.DISCONNECTED),
        (SocketLost("x", 1000), FailureKind.SOCKET),
    ],
)
def test_every_failure_has_its_kind(failure: SocketFailure, kind: FailureKind) -> None:
    translated = connection_failure(failure)

    assert translated.kind is kind
    assert translated.cause is failure


def test_every_failure_of_sockets_is_translated() -> None:
    from conversations._runtime.opening import _KINDS

    assert set(_KINDS) == set(SocketFailure.__subclasses__())


def test_a_bug_in_opening_is_a_failure_too(caplog: pytest.LogCaptureFixture) -> None:
    def connect(abort: AbortHandle) -> WebSocketTransport:
        raise ZeroDivisionError

    with Harness(FakeEngine(connects=True), connect=connect) as harness:
        harness.engine.inputs.wait_for(("failed", 1))

    assert harness.engine.failures.items[0].kind is FailureKind.CONNECT
    assert "ZeroDivisionError" in caplog.text


def test_a_system_without_threads_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Harness() as harness:
        harness.call(lambda engine: engine.echo(1))
        monkeypatch.setattr(threading.Thread, "start", refuse)
        harness.runtime.post(lambda engine: engine.open())

        harness.engine.inputs.wait_for(("failed", 1))
        (failure,) = harness.engine.failures.items
        assert failure.kind is FailureKind.CONNECT
        assert failure.description == "can't start new thread"


def test_the_core_closes_a_socket(harness: Harness, server: RawServer) -> None:
    connection = accept(harness, server)

    def last_words(engine: FakeEngine) -> None:
        engine.send(b"last words")
        engine.close_socket()
        engine.send(b"too late")

    harness.runtime.post(last_words)

    assert connection.read_frame() == (BINARY, b"last words")
    assert connection.read_frame() == (CLOSE, close_data(1000))
    connection.send(frame(BINARY, b"in between") + frame(CLOSE, close_data(1000)))
    assert connection.read_to_end() == b""
    assert harness.engine.inputs.items == [("opened", 1)]  # what comes after it does not count


def test_a_close_frame_that_nobody_answers_is_not_waited_for_long(
    harness: Harness, server: RawServer
) -> None:
    connection = accept(harness, server)

    harness.runtime.post(lambda engine: engine.close_socket())

    assert connection.read_frame() == (CLOSE, close_data(1000))
    assert connection.read_to_end() == b""


def test_the_old_socket_is_closed_before_there_is_a_new_one(
    harness: Harness, server: RawServer
) -> None:
    old = accept(harness, server)

    def replace(engine: FakeEngine) -> None:
        engine.close_socket()
        engine.open()

    harness.runtime.post(replace)
    assert old.read_frame() == (CLOSE, close_data(1000))
    assert old.read_to_end() == b""  # although its close frame was not answered
    new = accept(harness, server, generation=2)
    new.send_message(b"new")

    harness.engine.inputs.wait_until(lambda items: items[-1] == b"new")


def test_an_opening_that_is_called_off_is_not_heard_of_again(
    harness: Harness, server: RawServer
) -> None:
    first = server.accept()
    first.read_head()  # the answer never comes

    def replace(engine: FakeEngine) -> None:
        engine.close_socket()
        engine.open()

    harness.runtime.post(replace)
    accept(harness, server, generation=2)

    assert first.read_to_end() == b""
    assert harness.engine.inputs.items == [("opened", 2)]


class Openings:
    """
    A connect function that hands out what the test gives it, when it gives it.
    """

    def __init__(self) -> None:
        self.entered: Recorder[AbortHandle] = Recorder()
        self.go_on = threading.Semaphore(0)
        self.results: list[Any] = []

    def __call__(self, abort: AbortHandle) -> WebSocketTransport:
        self.entered.add(abort)
        assert self.go_on.acquire(timeout=limit())
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, WebSocketTransport)
        return result


def test_a_socket_that_opens_although_it_was_called_off_is_closed() -> None:
    ours, theirs = socket.socketpair()
    openings = Openings()
    openings.results.append(WebSocketTransport(ours))
    with Harness(FakeEngine(connects=True), connect=openings) as harness:
        openings.entered.wait_until(lambda items: len(items) == 1)
        harness.runtime.post(lambda engine: engine.close_socket())
        harness.call(lambda engine: engine.echo(1))
        assert openings.entered.items[0].is_aborted

        openings.go_on.release()

        server = RawConnection(theirs)
        assert server.read_to_end() == b""
        assert harness.engine.inputs.items == []
        server.close()


def test_timers_of_the_core_are_kept() -> None:
    with Harness() as harness:
        assert harness.call(lambda engine: engine.later(0.01)) is None


def test_an_idle_client_waits_for_its_next_deadline_or_for_ever() -> None:
    with Harness() as harness:
        timeouts: Recorder[float | None] = Recorder()
        network = harness.runtime._network
        harness.call(lambda engine: engine.echo(1))

        harness.runtime.post(lambda _: timeouts.add(network._timeout()))
        timeouts.wait_for(None)

        harness.runtime.post(lambda engine: engine.scheduler.call_later(1000.0, list))
        harness.runtime.post(lambda _: timeouts.add(network._timeout()))
        _, timeout = timeouts.wait_until(lambda items: len(items) == 2)
        assert timeout is not None
        assert 900.0 < timeout <= 1000.0


def test_events_go_up_in_order() -> None:
    with Harness() as harness:
        harness.emit(1, 2)
        harness.emit(3)

        harness.events.wait_for(1, 2, 3)


def test_a_command_is_timed_from_now_and_not_from_the_last_wake_up() -> None:
    with Harness() as harness:
        harness.call(lambda engine: engine.echo(1))
        times: Recorder[float] = Recorder()
        before = time.monotonic()

        harness.runtime.post(lambda engine: times.add(engine.scheduler.now))

        (now,) = times.wait_until(lambda items: len(items) == 1)
        assert now >= before


def error_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def break_down(engine: FakeEngine) -> None:
    raise ZeroDivisionError


def break_in(method: str) -> Callable[[FakeEngine], None]:
    def prepare(engine: FakeEngine) -> None:
        engine.raises_in[method] = ZeroDivisionError("a bug of ours")

    return prepare


@pytest.mark.parametrize(
    "action", [break_down, break_in("on_time")], ids=["in an action", "in the core"]
)
def test_a_bug_closes_the_client_and_loses_no_waiter(
    caplog: pytest.LogCaptureFixture, action: Callable[[FakeEngine], None]
) -> None:
    with Harness() as harness:
        waiting = in_background(lambda: harness.call(lambda engine: engine.never()))
        harness.engine.started.wait_for("never")

        harness.runtime.post(action)
        harness.runtime.post(lambda engine: engine.emit("never delivered"))

        assert isinstance(waiting.exception(limit()), ClientShutdownError)
        assert harness.runtime.is_shutdown
        harness.events.wait_until(lambda items: items[-1:] == ["closed"])
        with pytest.raises(ClientShutdownError):
            harness.call(lambda engine: engine.echo(1))

    number = harness.runtime.number
    assert error_lines(caplog) == [f"[{number}] the client is closed because of a bug in it"]
    assert "ZeroDivisionError" in caplog.text
    assert harness.threads() == []


def test_a_bug_that_even_closing_meets_loses_no_waiter(caplog: pytest.LogCaptureFixture) -> None:
    with Harness() as harness:
        waiting = in_background(lambda: harness.call(lambda engine: engine.never()))
        harness.engine.started.wait_for("never")

        harness.runtime.post(break_in("close"))
        harness.runtime.post(break_down)

        assert isinstance(waiting.exception(limit()), ClientShutdownError)

    assert len(error_lines(caplog)) == 2
    assert harness.threads() == []


def test_a_bug_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    engine = FakeEngine()
    engine.raises_in["start"] = ZeroDivisionError("a bug of ours")

    with Harness(engine) as harness, pytest.raises(ClientShutdownError):
        harness.call(lambda engine: engine.never())

    assert "a bug of ours" in caplog.text


def test_a_bug_closes_the_socket(
    harness: Harness, server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    connection = accept(harness, server)

    harness.runtime.post(break_down)

    assert connection.read_frame() == (BINARY, b"goodbye")
    assert connection.read_frame() == (CLOSE, close_data(1000))
    connection.close()
    assert len(caplog.records) >= 1


def test_a_connector_opens_by_the_properties(server: RawServer) -> None:
    connect = connector(lambda: server.url, Properties(use_proxy=False))

    with Harness(FakeEngine(connects=True), connect=connect) as harness:
        accept(harness, server)


def test_a_connector_trusts_the_platform() -> None:
    with RawServer() as server:
        connect = connector(lambda: server.url.replace("ws:", "wss:"), Properties(use_proxy=False))
        with Harness(FakeEngine(connects=True), connect=connect) as harness:
            server.accept().close()
            harness.engine.inputs.wait_for(("failed", 1))

    assert harness.engine.failures.items[0].kind is FailureKind.TLS


def test_a_connector_refuses_a_context_that_verifies_nothing() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False

    with pytest.raises(InvalidArgumentError):
        connector(lambda: "wss://example.test/", Properties(ssl_context=context))


def test_many_messages_both_ways_over_tls() -> None:
    # One thread alone touches the TLS socket. Two would crash the interpreter here.
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    count = 2000

    with RawServer(context=serving) as server:
        properties = Properties(use_proxy=False, ssl_context=trusting)
        connect = connector(lambda: server.url, properties)
        with Harness(FakeEngine(connects=True), connect=connect) as harness:
            connection = accept(harness, server)

            def send_from_many_threads(thread: int) -> None:
                for number in range(count // 4):
                    data = f"{thread}/{number}".encode() * 50
                    harness.runtime.post(lambda engine, data=data: engine.send(data))

            sending = [in_background(partial(send_from_many_threads, each)) for each in range(4)]
            received = set()
            for number in range(count):  # the server's socket belongs to one thread, too
                connection.send_message(f"{number}".encode() * 50)
                received.add(connection.read_frame()[1])
            for each in sending:
                each.result(limit())

            assert len(received) == count
            harness.engine.inputs.wait_until(lambda items: len(items) == count + 1)
            connection.close()
