from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations._net import opening
from conversations._net.failures import (
    ConnectAborted,
    ConnectFailure,
    ConnectTimeout,
    NameResolutionFailure,
    SocketFailure,
    SocketLost,
    UpgradeFailure,
)
from conversations._net.frames import Message
from conversations._net.opening import MAX_HEAD_BYTES, AbortHandle, Attempt, OpeningStream
from conversations._net.websocket import IDENTIFICATION, WebSocketTransport, open_socket
from tests.net.raw_server import BINARY, RawServer, frame, in_background
from tests.timing import limit


@pytest.fixture
def abort() -> Iterator[AbortHandle]:
    handle = AbortHandle()
    yield handle
    handle.close()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


def start(
    url: str, abort: AbortHandle, *, timeout: float | None = None
) -> Future[WebSocketTransport]:
    return in_background(
        lambda: open_socket(
            url,
            ssl_context=None,
            timeout=limit() if timeout is None else timeout,
            use_proxy=False,
            abort=abort,
        )
    )


def failure(opened: Future[WebSocketTransport]) -> SocketFailure:
    error = opened.exception(limit())
    assert isinstance(error, SocketFailure), error
    return error


def addresses(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """
    Let every name have these ports of this machine as its addresses.
    """
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(opening.socket, "getaddrinfo", lambda *_, **__: found)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """
    A port that takes no connection and refuses none: its queue is full.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_the_request_says_who_asks_and_nothing_more(server: RawServer, abort: AbortHandle) -> None:
    opened = start(server.url, abort)
    connection = server.accept_websocket()
    opened.result(limit()).close()

    lines = connection.request.decode().split("\r\n")
    assert lines[0] == "GET /v3/wsconnect HTTP/1.1"
    assert connection.header("User-Agent") == IDENTIFICATION
    assert connection.header("Host") == f"127.0.0.1:{server.port}"
    names = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert names == {
        *("host", "upgrade", "connection", "user-agent"),
        *("sec-websocket-key", "sec-websocket-version"),
    }


def test_what_follows_the_agreement_at_once_is_not_lost(
    server: RawServer, abort: AbortHandle
) -> None:
    opened = start(server.url, abort)
    server.accept().accept_upgrade(after=frame(BINARY, b"first"))

    transport = opened.result(limit())

    assert transport.has_pending_input
    assert transport.receive() == [Message(b"first")]
    transport.close()


def test_a_name_without_addresses(monkeypatch: pytest.MonkeyPatch, abort: AbortHandle) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(opening.socket, "getaddrinfo", fail)

    error = failure(start("wss://tsock.example.test/v3/wsconnect", abort))

    assert isinstance(error, NameResolutionFailure)
    assert isinstance(error.__cause__, socket.gaierror)
    assert "tsock.example.test" in str(error)


@pytest.mark.parametrize("host", [f"{'a' * 70}.example", ".example.test"])
def test_a_name_that_is_none(host: str, abort: AbortHandle) -> None:
    assert isinstance(failure(start(f"ws://{host}/", abort)), NameResolutionFailure)


@pytest.mark.parametrize("url", ["http://example.test/", "ws:///path", "ws://h:99999/", "ws://["])
def test_an_address_that_is_none(url: str, abort: AbortHandle) -> None:
    assert isinstance(failure(start(url, abort)), ConnectFailure)


def test_nobody_there(closed_port: int, abort: AbortHandle) -> None:
    error = failure(start(f"ws://127.0.0.1:{closed_port}/", abort))

    assert isinstance(error, ConnectFailure)
    assert isinstance(error.__cause__, ConnectionRefusedError)


def test_the_next_address_is_tried_when_one_refuses(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, closed_port: int, abort: AbortHandle
) -> None:
    addresses(monkeypatch, closed_port, server.port)

    opened = start("ws://example.test/", abort)
    server.accept_websocket()

    opened.result(limit()).close()


def test_the_next_address_is_tried_when_one_is_silent(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, silent_port: int, abort: AbortHandle
) -> None:
    addresses(monkeypatch, silent_port, server.port)

    opened = start("ws://example.test/", abort)
    server.accept_websocket()

    opened.result(limit()).close()


def test_a_family_that_is_missing_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, abort: AbortHandle
) -> None:
    found = [
        (9999, socket.SOCK_STREAM, 6, "", ("nowhere", 1)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
    ]
    monkeypatch.setattr(opening.socket, "getaddrinfo", lambda *_, **__: found)

    opened = start("ws://example.test/", abort)
    server.accept_websocket()

    opened.result(limit()).close()


def test_all_addresses_refuse(
    monkeypatch: pytest.MonkeyPatch, closed_port: int, abort: AbortHandle
) -> None:
    addresses(monkeypatch, closed_port, closed_port)

    assert isinstance(failure(start("ws://example.test/", abort)), ConnectFailure)


@pytest.mark.parametrize("silence", ["before the connection", "before the answer", "drip by drip"])
def test_one_deadline_for_everything(
    silence: str, server: RawServer, silent_port: int, abort: AbortHandle
) -> None:
    port = silent_port if silence == "before the connection" else server.port

    opened = start(f"ws://127.0.0.1:{port}/", abort, timeout=0.3)
    if silence == "drip by drip":
        # Each byte comes in time, all together never do.
        connection = server.accept()
        connection.read_head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nX-Long: ")
        with contextlib.suppress(OSError):
            while not opened.done():
                connection.send(b"x")
                select_a_moment(opened)

    error = failure(opened)
    assert isinstance(error, ConnectTimeout)


def select_a_moment(opened: Future[WebSocketTransport]) -> None:
    with contextlib.suppress(TimeoutError):
        opened.exception(0.02)


def test_a_deadline_that_is_over_before_it_begins(server: RawServer, abort: AbortHandle) -> None:
    assert isinstance(failure(start(server.url, abort, timeout=0.0)), ConnectTimeout)


@pytest.mark.parametrize("place", ["connecting", "upgrading"])
def test_abort_from_another_thread(
    place: str, server: RawServer, silent_port: int, abort: AbortHandle
) -> None:
    port = silent_port if place == "connecting" else server.port
    opened = start(f"ws://127.0.0.1:{port}/", abort)
    if place == "upgrading":
        server.accept().read_head()

    abort.abort()
    abort.abort()

    assert isinstance(failure(opened), ConnectAborted)


def test_abort_before_the_beginning(server: RawServer, abort: AbortHandle) -> None:
    abort.abort()

    assert isinstance(failure(start(server.url, abort)), ConnectAborted)


def test_abort_during_the_name_lookup_counts_after_it(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, abort: AbortHandle
) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        abort.abort()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]

    monkeypatch.setattr(opening.socket, "getaddrinfo", look_up)

    assert isinstance(failure(start("ws://example.test/", abort)), ConnectAborted)


@pytest.mark.parametrize(
    ("status", "number"),
    [
        ("401 Unauthorized", 401),
        ("503 Service Unavailable", 503),
        ("200 OK", 200),
        ("302 Found", 302),
        ("500", 500),
    ],
)
def test_another_status_than_101(
    status: str, number: int, server: RawServer, abort: AbortHandle
) -> None:
    opened = start(server.url, abort)
    # A redirect is not followed, and a body is not waited for.
    server.accept().refuse(
        status, "Location: ws://127.0.0.1:1/", "Content-Length: 1000000", body=b"never complete"
    )

    error = failure(opened)

    assert isinstance(error, UpgradeFailure)
    assert error.status == number


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: bm90IGl0\r\n\r\n"
        ),
        b"HTTP/1.1 101 Switching Protocols\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\xff: \xff\r\n\r\n",
        b"x" * (MAX_HEAD_BYTES + 1),
    ],
)
def test_an_answer_that_is_no_handshake(
    answer: bytes, server: RawServer, abort: AbortHandle
) -> None:
    opened = start(server.url, abort)
    connection = server.accept()
    connection.read_head()
    with contextlib.suppress(ConnectionError):
        connection.send(answer)

    error = failure(opened)

    assert isinstance(error, UpgradeFailure)
    assert error.status == 0


@pytest.mark.parametrize(
    "line",
    ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"],
)
def test_a_choice_that_was_not_offered(line: str, server: RawServer, abort: AbortHandle) -> None:
    opened = start(server.url, abort)
    server.accept().accept_upgrade(line)

    assert isinstance(failure(opened), UpgradeFailure)


def test_an_end_before_the_answer(server: RawServer, abort: AbortHandle) -> None:
    opened = start(server.url, abort)
    connection = server.accept()
    connection.read_head()
    connection.close()

    assert isinstance(failure(opened), SocketLost)


def test_cookies_are_neither_kept_nor_sent(server: RawServer, abort: AbortHandle) -> None:
    opened = start(server.url, abort)
    server.accept().accept_upgrade("Set-Cookie: session=1; Domain=127.0.0.1")
    opened.result(limit()).close()

    opened = start(server.url, abort)
    connection = server.accept_websocket()
    opened.result(limit()).close()

    assert connection.header("Cookie") is None


def test_cookies_that_others_left_in_the_library_are_not_sent(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, abort: AbortHandle
) -> None:
    import websocket._handshake as library

    monkeypatch.setattr(library, "CookieJar", type(library.CookieJar)())
    library.CookieJar.set("session=1; Domain=127.0.0.1")

    opened = start(server.url, abort)
    connection = server.accept_websocket()
    opened.result(limit()).close()

    assert connection.header("Cookie") is None


def test_a_user_and_password_in_the_address_are_not_shown(abort: AbortHandle) -> None:
    assert "secret" not in str(failure(start("http://user:secret@example.test/", abort)))


@settings(max_examples=50, deadline=None)
@given(head=st.binary(max_size=200), is_http=st.booleans())
def test_any_answer_gives_a_socket_failure(head: bytes, is_http: bool) -> None:
    answer = (b"HTTP/1.1 101 Switching Protocols\r\n" if is_http else b"") + head + b"\r\n\r\n"
    with RawServer() as server, contextlib.closing(AbortHandle()) as handle:
        opened = start(server.url, handle)
        connection = server.accept()
        connection.read_head()
        with contextlib.suppress(OSError):  # it may have seen enough
            connection.send(answer)
            connection.connection.shutdown(socket.SHUT_WR)

        failure(opened)


def test_discarding_closes_what_is_under_way(server: RawServer) -> None:
    # What a forked child does; here with a thread that does not run.
    handle = AbortHandle()
    attempt = Attempt(time.monotonic() + limit(), handle)
    connection = opening.connect("127.0.0.1", server.port, attempt)

    handle.discard()

    assert connection.fileno() == -1


def test_the_selector_needs_no_descriptor() -> None:
    with opening.Selector() as selector:
        assert not hasattr(selector, "fileno")


class ScriptedSocket:
    """
    A socket whose every call does what the test says, around a real descriptor that is
    readable and writable.
    """

    family = socket.AF_UNIX

    def __init__(self, *steps: Any) -> None:
        self._socket, self._peer = socket.socketpair()
        self._peer.send(b"something to read")
        self.steps = list(steps)

    def _step(self, *_: Any) -> Any:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    recv = send = do_handshake = _step

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()
        self._peer.close()


@pytest.fixture
def attempt(abort: AbortHandle) -> Attempt:
    return Attempt(time.monotonic() + limit(), abort)


def test_reading_goes_on_whatever_tls_waits_for(attempt: Attempt) -> None:
    connection = ScriptedSocket(
        BlockingIOError(), ssl.SSLWantReadError(), ssl.SSLWantWriteError(), b"\r", b"\n"
    )
    stream = OpeningStream(connection, attempt)  # type: ignore[arg-type]
    connection.steps += [b"\r", b"\n"]

    assert stream.read_head() == b"\r\n\r\n"
    stream.close()


def test_writing_goes_on_whatever_tls_waits_for(attempt: Attempt) -> None:
    connection = ScriptedSocket(
        *(2, BlockingIOError(), ssl.SSLWantReadError(), ssl.SSLWantWriteError(), 4)
    )
    stream = OpeningStream(connection, attempt)  # type: ignore[arg-type]

    assert stream.send(b"abcdef") == 6
    stream.close()


def test_an_error_while_reading_or_writing_is_a_loss(attempt: Attempt) -> None:
    connection = ScriptedSocket(ConnectionResetError("reset"), BrokenPipeError("broken"))
    stream = OpeningStream(connection, attempt)  # type: ignore[arg-type]

    with pytest.raises(SocketLost, match="reset"):
        stream.read_head()
    with pytest.raises(SocketLost, match="broken"):
        stream.send(b"x")
    stream.close()


def test_the_tls_handshake_goes_on_whatever_it_waits_for(attempt: Attempt) -> None:
    connection = ScriptedSocket(ssl.SSLWantReadError(), ssl.SSLWantWriteError(), None)
    stream = OpeningStream(connection, attempt)  # type: ignore[arg-type]

    class Context:
        def wrap_socket(self, connection: Any, **_: Any) -> Any:
            return connection

    stream.start_tls(Context(), "example.test")  # type: ignore[arg-type]
    assert connection.steps == []
    stream.close()


def test_an_address_that_fails_at_once_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, attempt: Attempt
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("255.255.255.255", server.port)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
    ]
    monkeypatch.setattr(opening.socket, "getaddrinfo", lambda *_, **__: found)

    connection = opening.connect("example.test", server.port, attempt)

    assert connection.getpeername() == ("127.0.0.1", server.port)
    connection.close()
