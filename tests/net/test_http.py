"""
The HTTP of media, against a server that does only what the test says.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from conversations._net import http as http_module
from conversations._net.failures import (
    BadAnswer,
    ConnectFailure,
    HttpFailure,
    HttpLost,
    HttpStopped,
    HttpTimeout,
    NameResolutionFailure,
    SocketFailure,
    SourceFailure,
    TargetFailure,
    TlsFailure,
    TlsVerificationFailure,
)
from conversations._net.http import (
    CHUNK_BYTES,
    MAX_ANSWER_BYTES,
    MAX_REDIRECTS,
    HttpAnswer,
    HttpCall,
    HttpTransport,
)
from conversations._net.interruption import Interruption
from tests.net.raw_server import RawServer, in_background
from tests.net.test_tls import serving, trusting
from tests.net.web_server import answer, read_request
from tests.timing import limit

TOKEN = "canary-token"
SIGNATURE = "canary-signature"


def no_tls() -> ssl.SSLContext:
    raise AssertionError("nothing here is encrypted")


@attrs.define
class Client:
    """
    A transport whose requests run in threads of their own, which leave nothing open.
    """

    transport: HttpTransport
    interruption: Interruption

    def run(self, work: Callable[[HttpTransport], Any]) -> Future[Any]:
        def on_thread() -> Any:
            try:
                return work(self.transport)
            finally:
                self.transport.release_thread()

        return in_background(on_thread)

    def send(self, call: HttpCall) -> Future[HttpAnswer]:
        return self.run(lambda transport: transport.send(call, self.interruption))


def client_of(context: Callable[[], ssl.SSLContext] = no_tls, *, use_proxy: bool = False) -> Client:
    transport = HttpTransport(ssl_context=context, use_proxy=use_proxy)
    return Client(transport, transport.interruption())


@pytest.fixture
def client() -> Client:
    return client_of()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


def url_of(server: RawServer, path: str = f"/v1/Media?Signature={SIGNATURE}") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def get(server: RawServer, path: str = "/x", **changes: Any) -> HttpCall:
    call = HttpCall(
        method="GET",
        url=url_of(server, path),
        headers={"X-Twilio-Token": TOKEN},
        patience=limit(),
    )
    return attrs.evolve(call, **changes)


def post(server: RawServer, body: Any, **changes: Any) -> HttpCall:
    return get(server, method="POST", body=body, **changes)


@attrs.define
class Pieces:
    """
    A body made of pieces, which says how many were asked for.
    """

    pieces: list[bytes]
    size: int | None = None
    asked: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.asked += 1
            yield piece


@attrs.define
class Sink:
    """
    A target that remembers whether it was finished.
    """

    content: bytes = b""
    outcome: str = "never opened"

    @contextlib.contextmanager
    def open(self) -> Iterator[Callable[[bytes], None]]:
        self.outcome = "open"
        try:
            yield self.write
        except BaseException as error:
            self.outcome = type(error).__name__
            raise
        self.outcome = "complete"

    def write(self, piece: bytes) -> None:
        assert len(piece) <= CHUNK_BYTES
        self.content += piece


def fails(future: Future[Any]) -> BaseException:
    error = future.exception(limit())
    assert error is not None
    return error


# Answers


def test_an_answer_has_its_status_headers_in_lower_case_and_body(
    client: Client, server: RawServer
) -> None:
    sent = client.send(get(server, "/v1/Media/ME1?a=b%20c"))
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK", "Content-Type: application/json", "X-Odd-NAME: x", body=b'{"a":1}')
    got = sent.result(limit())

    assert (got.status, got.reason, got.body) == (200, "OK", b'{"a":1}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-odd-name"] == "x"
    assert connection.request.startswith(b"GET /v1/Media/ME1?a=b%20c HTTP/1.1\r\n")
    assert connection.header("X-Twilio-Token") == TOKEN
    assert connection.header("Host") == f"127.0.0.1:{server.port}"
    assert connection.header("Accept-Encoding") == "identity"
    assert (connection.header("User-Agent") or "").startswith("conversations-client-python/")
    assert connection.header("Cookie") is None
    assert connection.header("Authorization") is None


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "503 Sorry", "599 "])
def test_an_answer_of_any_status_is_an_answer(
    client: Client, server: RawServer, status: str
) -> None:
    sent = client.send(get(server))
    connection = server.accept()
    read_request(connection)
    answer(connection, status)

    assert sent.result(limit()).status == int(status[:3])


def test_the_next_request_of_a_thread_uses_its_connection_again(
    client: Client, server: RawServer
) -> None:
    def twice(transport: HttpTransport) -> list[int]:
        return [transport.send(get(server), transport.interruption()).status for _ in range(2)]

    sent = client.run(twice)
    connection = server.accept()
    for status in ("200 OK", "201 Created"):
        read_request(connection)
        answer(connection, status, "Set-Cookie: session=1; Path=/")
        assert connection.header("Cookie") is None
    assert sent.result(limit()) == [200, 201]
    assert connection.read_to_end() == b""  # the end of the thread has closed it


def test_another_thread_has_a_connection_of_its_own(client: Client, server: RawServer) -> None:
    first, second = (
        client.send(get(server)),
        client.run(lambda transport: transport.send(get(server), transport.interruption())),
    )
    connections = [server.accept(), server.accept()]
    for connection in connections:
        read_request(connection)
        answer(connection, "200 OK")

    assert {first.result(limit()).status, second.result(limit()).status} == {200}


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used_again(
    client: Client, server: RawServer
) -> None:
    closed = threading.Event()

    def twice(transport: HttpTransport) -> int:
        transport.send(get(server), transport.interruption())
        assert closed.wait(limit())
        return transport.send(get(server), transport.interruption()).status

    sent = client.run(twice)
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK")
    connection.connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    closed.set()
    again = server.accept()
    read_request(again)
    answer(again, "202 Accepted")

    assert sent.result(limit()) == 202


def test_a_netrc_file_and_certificates_of_the_environment_are_not_looked_at(
    client: Client, server: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))

    sent = client.send(get(server))
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK")

    assert sent.result(limit()).status == 200
    assert connection.header("Authorization") is None


def test_an_answer_without_end_is_refused(client: Client, server: RawServer) -> None:
    sent = client.send(get(server))
    connection = server.accept()
    read_request(connection)
    with contextlib.suppress(OSError):
        answer(connection, "200 OK", body=bytes(MAX_ANSWER_BYTES + 1))

    assert isinstance(fails(sent), BadAnswer)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"this is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_half_an_answer_is_a_lost_connection(
    client: Client, server: RawServer, data: bytes
) -> None:
    sent = client.send(get(server))
    connection = server.accept()
    read_request(connection)
    connection.send(data)
    connection.close()

    assert isinstance(fails(sent), HttpLost)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_a_silent_server_is_given_up(client: Client, server: RawServer, data: bytes) -> None:
    sent = client.send(get(server, patience=0.2))
    connection = server.accept()
    read_request(connection)
    connection.send(data)

    error = fails(sent)
    assert isinstance(error, HttpTimeout)
    assert str(error) == "127.0.0.1 was silent for 0.2 s"
    assert isinstance(error.__cause__, TimeoutError)


def test_nobody_there(client: Client, server: RawServer) -> None:
    server.close()

    assert isinstance(fails(client.send(get(server))), ConnectFailure)


def test_a_name_without_an_address(client: Client, server: RawServer) -> None:
    call = get(server, url="http://nowhere.invalid/x")

    assert isinstance(fails(client.send(call)), NameResolutionFailure)


@pytest.mark.parametrize(
    "url", ["http://[::1/", "http://", "ftp://127.0.0.1/", "nonsense", "http://127.0.0.1:99999/"]
)
def test_an_address_that_is_none(client: Client, server: RawServer, url: str) -> None:
    assert isinstance(fails(client.send(get(server, url=url))), (HttpFailure, SocketFailure))


# Bodies


def test_bytes_are_sent_with_their_length(client: Client, server: RawServer) -> None:
    sent = client.send(post(server, b'{"a": 1}'))
    connection = server.accept()
    body = read_request(connection)
    answer(connection, "200 OK")

    assert sent.result(limit()).status == 200
    assert body == b'{"a": 1}'
    assert connection.header("Content-Length") == "8"


@pytest.mark.parametrize("size", [1, CHUNK_BYTES, 5 * CHUNK_BYTES + 7])
def test_a_content_of_known_size_is_sent_with_its_length(
    client: Client, server: RawServer, size: int
) -> None:
    content = bytes(index % 251 for index in range(size))
    pieces = [content[at : at + CHUNK_BYTES] for at in range(0, size, CHUNK_BYTES)]

    sent = client.send(post(server, Pieces(pieces, size)))
    connection = server.accept()
    body = read_request(connection)
    answer(connection, "201 Created")

    assert sent.result(limit()).status == 201
    assert body == content
    assert connection.header("Content-Length") == str(size)
    assert connection.header("Transfer-Encoding") is None


def test_a_content_of_unknown_size_is_sent_in_chunks(client: Client, server: RawServer) -> None:
    sent = client.send(post(server, Pieces([b"one", b"two", b"x" * CHUNK_BYTES])))
    connection = server.accept()
    body = read_request(connection)
    answer(connection, "201 Created")

    assert sent.result(limit()).status == 201
    assert body == b"onetwo" + b"x" * CHUNK_BYTES
    assert connection.header("Content-Length") is None


def test_sizes_beyond_32_bits_are_announced(client: Client, server: RawServer) -> None:
    sent = client.send(post(server, Pieces([b"only this"], 5_000_000_000)))
    connection = server.accept()
    connection.request = connection.read_head()

    assert connection.header("Content-Length") == "5000000000"
    assert isinstance(fails(sent), SourceFailure)


@pytest.mark.parametrize("pieces", [[b"ab"], [b"abc", b"d"], [b"abcd"]])
def test_a_content_that_is_not_as_long_as_announced_is_not_sent_whole(
    client: Client, server: RawServer, pieces: list[bytes]
) -> None:
    sent = client.send(post(server, Pieces(pieces, 3)))
    connection = server.accept()
    connection.request = connection.read_head()

    error = fails(sent)
    assert isinstance(error, SourceFailure)
    assert len(connection.read_to_end()) <= 3


def test_a_large_content_never_lies_in_memory_as_a_whole(client: Client, server: RawServer) -> None:
    piece = bytes(CHUNK_BYTES)
    count = 2048  # 32 MiB

    class Large:
        size = count * CHUNK_BYTES

        def __iter__(self) -> Iterator[bytes]:
            return iter([piece] * count)

    received = 0

    def serve() -> None:
        nonlocal received
        connection = server.accept()
        connection.request = connection.read_head()
        buffer = bytearray(CHUNK_BYTES)
        while received < Large.size:
            received += connection.connection.recv_into(buffer)
        answer(connection, "201 Created")

    serving_it = in_background(serve)
    gc.collect()
    tracemalloc.start()
    try:
        sent = client.send(post(server, Large()))
        assert sent.result(limit(60)).status == 201
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    serving_it.result(limit())

    assert received == Large.size
    assert peak < 16 * 1024 * 1024  # the import of requests included


def test_a_refusal_in_the_middle_of_an_upload_is_heard(client: Client, server: RawServer) -> None:
    pieces = Pieces([bytes(CHUNK_BYTES)] * 2000)

    sent = client.send(post(server, pieces))
    connection = server.accept()
    connection.request = connection.read_head()
    answer(connection, "413 Too Large", "Connection: close", body=b"no")
    connection.close()  # with the rest unread, so the sender's connection is reset

    assert sent.result(limit()).status == 413
    assert pieces.asked < 2000


def test_what_the_source_raises_comes_through(client: Client, server: RawServer) -> None:
    class Broken:
        size = None

        def __iter__(self) -> Iterator[bytes]:
            yield b"some"
            raise SourceFailure("broken")

    sent = client.send(post(server, Broken()))
    server.accept()

    with pytest.raises(SourceFailure, match="broken"):
        sent.result(limit())


# Redirections


def test_credentials_are_not_sent_on(client: Client, server: RawServer) -> None:
    sent = client.send(get(server, into=Sink().open))
    connection = server.accept()
    read_request(connection)
    answer(connection, "302 Found", f"Location: {url_of(server, '/elsewhere')}")

    assert sent.result(limit()).status == 302


def test_a_content_may_lie_elsewhere(client: Client, server: RawServer) -> None:
    sink = Sink()

    sent = client.send(get(server, "/a/b", headers={}, into=sink.open))
    connection = server.accept()
    read_request(connection)
    answer(connection, "302 Found", "Location: ../c?d=e", body=b"over there")
    read_request(connection)
    answer(connection, "200 OK", body=b"content")

    assert sent.result(limit()).status == 200
    assert connection.request.startswith(b"GET /c?d=e HTTP/1.1\r\n")
    assert (sink.content, sink.outcome) == (b"content", "complete")


@pytest.mark.parametrize(
    ("before", "location", "after"),
    [
        ("https://a.test/x", "http://a.test/x", None),
        ("https://a.test/x", "//b.test/y", "https://b.test/y"),
        ("http://a.test/x", "https://b.test/y", "https://b.test/y"),
        ("http://a.test/x", "file:///etc/passwd", None),
        ("http://a.test/x", "http://[", None),
        ("http://a.test/x", "", None),
    ],
)
def test_a_redirection_never_gives_up_encryption(
    before: str, location: str, after: str | None
) -> None:
    call = HttpCall(method="GET", url=before, into=Sink().open, patience=1.0)
    found = HttpAnswer(status=302, reason="", headers={"location": location})

    assert http_module._redirection(call, found) == after


def test_going_round_in_circles_ends(client: Client, server: RawServer) -> None:
    sent = client.send(get(server, headers={}, into=Sink().open))
    connection = server.accept()
    for _ in range(MAX_REDIRECTS + 1):
        read_request(connection)
        answer(connection, "307 Temporary Redirect", "Location: /x")

    assert isinstance(fails(sent), BadAnswer)


# Downloads


@pytest.mark.parametrize("size", [None, 100_000])
def test_a_content_is_written_piece_by_piece(
    client: Client, server: RawServer, size: int | None
) -> None:
    sink, content = Sink(), bytes(range(250)) * 400

    sent = client.send(get(server, into=sink.open, size=size))
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK", "Content-Encoding: gzip", body=content)

    assert sent.result(limit()).body == b""
    assert sink.content == content  # as it came: what it says about itself does not matter
    assert sink.outcome == "complete"


@pytest.mark.parametrize(("status", "body"), [("403 Forbidden", b"expired"), ("404 Nope", b"")])
def test_a_refusal_is_not_written(
    client: Client, server: RawServer, status: str, body: bytes
) -> None:
    sink = Sink()

    sent = client.send(get(server, into=sink.open))
    connection = server.accept()
    read_request(connection)
    answer(connection, status, body=body)

    assert sent.result(limit()).body == body
    assert sink.outcome == "never opened"


def test_a_content_of_another_size_is_refused_before_it_is_written(
    client: Client, server: RawServer
) -> None:
    sink = Sink()

    sent = client.send(get(server, into=sink.open, size=5))
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK", body=b"four")

    with pytest.raises(BadAnswer, match="4 bytes instead of 5"):
        sent.result(limit())
    assert sink.outcome == "never opened"


@pytest.mark.parametrize("content", [b"four", b"sixsix"])
def test_a_content_that_turns_out_to_have_another_size_is_refused(
    client: Client, server: RawServer, content: bytes
) -> None:
    sink = Sink()

    sent = client.send(get(server, into=sink.open, size=5))
    connection = server.accept()
    read_request(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + content)
    connection.connection.shutdown(socket.SHUT_WR)

    assert isinstance(fails(sent), BadAnswer)
    assert sink.outcome == "BadAnswer"


def test_a_content_that_breaks_off_is_a_lost_connection(client: Client, server: RawServer) -> None:
    sink = Sink()

    sent = client.send(get(server, into=sink.open, size=100_000))
    connection = server.accept()
    read_request(connection)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(50_000))
    connection.close()

    assert isinstance(fails(sent), HttpLost)
    assert sink.outcome not in {"complete", "never opened"}


def test_what_the_target_raises_comes_through(client: Client, server: RawServer) -> None:
    sink = Sink()

    def refuse(_: bytes) -> None:
        raise TargetFailure("full")

    @contextlib.contextmanager
    def into() -> Iterator[Callable[[bytes], None]]:
        with sink.open():
            yield refuse

    sent = client.send(get(server, into=into))
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK", body=b"content")

    with pytest.raises(TargetFailure, match="full"):
        sent.result(limit())


# Calling it off


def test_a_request_that_was_called_off_is_not_begun(client: Client, server: RawServer) -> None:
    client.interruption.interrupt()
    client.interruption.interrupt()

    assert isinstance(fails(client.send(get(server))), HttpStopped)


def test_a_request_is_called_off_while_it_connects() -> None:
    with RawServer() as silent:  # it never answers the TLS handshake
        client = client_of(ssl.create_default_context)
        sent = client.send(get(silent, url=f"https://127.0.0.1:{silent.port}/"))
        connection = silent.accept()
        connection.read_exactly(5)
        client.interruption.interrupt()

        assert isinstance(fails(sent), HttpStopped)


def test_a_request_is_called_off_while_it_sends(client: Client, server: RawServer) -> None:
    pieces = Pieces([bytes(CHUNK_BYTES)] * 100_000)
    sent = client.send(post(server, pieces))
    connection = server.accept()
    connection.request = connection.read_head()  # and no more: the sender must come to a stop
    client.interruption.interrupt()

    assert isinstance(fails(sent), HttpStopped)
    assert pieces.asked < 100_000


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_a_request_is_called_off_while_it_waits(
    client: Client, server: RawServer, data: bytes
) -> None:
    sent = client.send(get(server))
    connection = server.accept()
    read_request(connection)
    connection.send(data)
    client.interruption.interrupt()

    assert isinstance(fails(sent), HttpStopped)
    assert connection.read_to_end() == b""


def test_a_request_over_tls_is_called_off_while_it_waits() -> None:
    authority = trustme.CA()
    with RawServer(context=serving(authority, "127.0.0.1")) as server:
        client = client_of(lambda: trusting(authority))
        sent = client.send(get(server, url=f"https://127.0.0.1:{server.port}/"))
        read_request(server.accept())
        client.interruption.interrupt()

        assert isinstance(fails(sent), HttpStopped)


def test_a_request_on_a_kept_connection_is_called_off(client: Client, server: RawServer) -> None:
    def twice(transport: HttpTransport) -> None:
        transport.send(get(server), transport.interruption())
        transport.send(get(server), client.interruption)

    sent = client.run(twice)
    connection = server.accept()
    read_request(connection)
    answer(connection, "200 OK")
    read_request(connection)
    client.interruption.interrupt()

    assert isinstance(fails(sent), HttpStopped)


def test_calling_off_too_late_harms_nobody(client: Client, server: RawServer) -> None:
    def twice(transport: HttpTransport) -> int:
        transport.send(get(server), client.interruption)
        client.interruption.interrupt()
        return transport.send(get(server), transport.interruption()).status

    sent = client.run(twice)
    connection = server.accept()
    for _ in range(2):
        read_request(connection)
        answer(connection, "200 OK")

    assert sent.result(limit()) == 200


def test_an_interruption_holds_for_whatever_comes_after_it() -> None:
    interruption = Interruption(threading.Lock())
    interruption.interrupt()

    with interruption.opening() as handle:
        assert handle.is_aborted
    ours, theirs = socket.socketpair()
    with ours, theirs:
        interruption.watch(ours)
        assert theirs.recv(1) == b""
        interruption.release()
        interruption.release()
    with pytest.raises(HttpStopped):
        interruption.check()


def test_a_forked_child_can_close_what_is_being_opened() -> None:
    interruption = Interruption(threading.Lock())
    ours, theirs = socket.socketpair()
    with interruption.opening() as handle:
        handle.watch(ours)
        interruption.discard()
        assert theirs.recv(1) == b""
    theirs.close()


# TLS and proxies


def test_the_context_alone_says_whom_to_trust() -> None:
    authority = trustme.CA()
    with RawServer(context=serving(authority, "127.0.0.1")) as server:
        client = client_of(lambda: trusting(authority))
        sent = client.send(get(server, url=f"https://127.0.0.1:{server.port}/x?y=z"))
        connection = server.accept()
        read_request(connection)
        answer(connection, "200 OK", body=b"secret")

        assert sent.result(limit()).body == b"secret"
        assert connection.request.startswith(b"GET /x?y=z HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("names", "is_trusted", "expected"),
    [
        (("127.0.0.1",), False, TlsVerificationFailure),
        (("other.test",), True, TlsVerificationFailure),
    ],
)
def test_a_certificate_that_does_not_fit(
    names: tuple[str, ...], is_trusted: bool, expected: type[Exception]
) -> None:
    authority, other = trustme.CA(), trustme.CA()
    with RawServer(context=serving(authority, *names)) as server:
        context = partial(trusting, authority if is_trusted else other)
        client = client_of(context)
        sent = client.send(get(server, url=f"https://127.0.0.1:{server.port}/"))
        accepted = in_background(server.accept)

        assert isinstance(fails(sent), expected)
        assert accepted.exception(limit()) is not None


def test_a_server_that_speaks_no_tls() -> None:
    with RawServer() as server:
        client = client_of(ssl.create_default_context)
        sent = client.send(get(server, url=f"https://127.0.0.1:{server.port}/"))
        server.accept().send(b"HTTP/1.1 200 OK\r\n\r\n")

        assert isinstance(fails(sent), TlsFailure)


@pytest.mark.parametrize("use_proxy", [True, False])
def test_the_proxy_of_the_environment_is_used_if_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, use_proxy: bool
) -> None:
    with RawServer() as proxy, RawServer() as direct:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        client = client_of(use_proxy=use_proxy)
        sent = client.send(get(direct, "/x"))
        connection = (proxy if use_proxy else direct).accept()
        if use_proxy:
            head = connection.read_head()
            assert head.startswith(f"CONNECT 127.0.0.1:{direct.port} ".encode())
            assert TOKEN.encode() not in head
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        read_request(connection)
        answer(connection, "200 OK")

        assert sent.result(limit()).status == 200
        assert connection.request.startswith(b"GET /x HTTP/1.1\r\n")


# Secrets


def test_no_secret_is_logged_or_raised(
    client: Client, server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/media/ME1?Expires=1&Signature={SIGNATURE}"
    with caplog.at_level(logging.DEBUG):
        for lines in (["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], ["nonsense\r\n\r\n"], []):
            sent = client.send(get(server, path))
            connection = server.accept()
            read_request(connection)
            for line in lines:
                connection.send(line.encode())
            connection.close()
            error = sent.exception(limit())
            words = "".join(_everything(error))
            assert SIGNATURE not in words
            assert TOKEN not in words

    assert SIGNATURE not in caplog.text
    assert TOKEN not in caplog.text
    call = get(server, path)
    assert SIGNATURE not in repr(call)
    assert TOKEN not in repr(call)


def _everything(error: BaseException | None) -> Iterator[str]:
    """
    What a report of an error might show: words, and what the libraries have attached.
    """
    while error is not None:
        yield f"{type(error)} {error!r} {error.args!r} {vars(error)!r}"
        request = getattr(error, "request", None)
        yield f"{getattr(request, 'headers', '')} {getattr(request, 'url', '')}"
        error = error.__cause__ or error.__context__


# Forks


def test_a_forked_child_can_close_everything(client: Client, server: RawServer) -> None:
    read = threading.Event()

    def keep(transport: HttpTransport) -> None:
        transport.send(get(server), transport.interruption())
        assert read.wait(limit())

    kept = client.run(keep)
    idle = server.accept()
    read_request(idle)
    answer(idle, "200 OK")
    waiting = client.send(get(server))
    busy = server.accept()
    read_request(busy)

    inherited = [reference() for reference in client.transport._sockets.valuerefs()]
    assert len(inherited) == 2

    client.transport.discard()  # as it happens in the child, which has descriptors of its own

    assert {one.fileno() for one in inherited if one is not None} == {-1}
    assert idle.read_to_end() == b""
    busy.close()
    assert isinstance(fails(waiting), HttpFailure)
    read.set()
    kept.exception(limit())
