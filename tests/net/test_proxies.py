from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import trustme

from conversations._net.failures import ConnectFailure, ConnectTimeout, SocketFailure, SocketLost
from conversations._net.opening import AbortHandle
from conversations._net.proxies import Proxy, proxy_for
from conversations._net.websocket import WebSocketTransport, open_socket
from tests.net.raw_server import BINARY, RawServer, in_background
from tests.net.test_tls import serving, trusting
from tests.timing import limit

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def abort() -> Iterator[AbortHandle]:
    handle = AbortHandle()
    yield handle
    handle.close()


@pytest.fixture
def proxy() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


def start(
    url: str, abort: AbortHandle, *, timeout: float | None = None, use_proxy: bool = True
) -> Future[WebSocketTransport]:
    return in_background(
        lambda: open_socket(
            url,
            ssl_context=None,
            timeout=limit() if timeout is None else timeout,
            use_proxy=use_proxy,
            abort=abort,
        )
    )


def failure(opened: Future[WebSocketTransport]) -> SocketFailure:
    error = opened.exception(limit())
    assert isinstance(error, SocketFailure), error
    return error


def test_no_proxy_without_the_environment() -> None:
    assert proxy_for("example.test", 443, is_secure=True) is None


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("https_proxy", "http://p.test:3128", Proxy(scheme="http", host="p.test", port=3128)),
        ("HTTPS_PROXY", "http://p.test:3128", Proxy(scheme="http", host="p.test", port=3128)),
        ("https_proxy", "p.test:3128", Proxy(scheme="http", host="p.test", port=3128)),
        ("https_proxy", "http://p.test", Proxy(scheme="http", host="p.test", port=80)),
        ("all_proxy", "socks5h://p.test", Proxy(scheme="socks5h", host="p.test", port=1080)),
        ("http_proxy", "http://p.test:3128", None),
    ],
)
def test_the_proxy_of_a_secure_connection(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, found: Proxy | None
) -> None:
    monkeypatch.setenv(variable, value)

    assert proxy_for("example.test", 443, is_secure=True) == found


@pytest.mark.parametrize("exception", ["example.test", ".example.test", "*", "10.0.0.0/8"])
def test_no_proxy_names_what_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch, exception: str
) -> None:
    monkeypatch.setenv("https_proxy", "http://p.test:3128")
    monkeypatch.setenv("no_proxy", exception)

    host = "10.1.2.3" if exception[0].isdigit() else "tsock.example.test"
    assert proxy_for(host, 443, is_secure=True) is None
    if exception != "*":
        assert proxy_for("elsewhere.test", 443, is_secure=True) is not None


def test_credentials_are_decoded_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://us%40er:s%3Aecret@p.test:3128")

    found = proxy_for("example.test", 443, is_secure=True)

    assert found is not None
    assert (found.user, found.password) == ("us@er", "s:ecret")
    assert "ecret" not in repr(found)
    assert "us@er" not in repr(found)


@pytest.mark.parametrize("value", ["ftp://p.test:21", "http://p.test:99999", "https://p.test"])
def test_a_proxy_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, abort: AbortHandle, value: str
) -> None:
    monkeypatch.setenv("http_proxy", value)

    assert isinstance(failure(start("ws://example.test/", abort)), ConnectFailure)


def test_a_tunnel_through_an_http_proxy(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    # The name is the proxy's to look up: this machine could not.
    monkeypatch.setenv("http_proxy", f"http://user:pass@127.0.0.1:{proxy.port}")

    opened = start("ws://tsock.example.test:8080/v3/wsconnect", abort)
    connection = proxy.accept()
    connection.request = connection.read_head()
    connection.send(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
    request = connection.request
    authorization = connection.header("Proxy-Authorization")
    connection.accept_upgrade()
    transport = opened.result(limit())
    transport.queue_message(b"through")
    transport.flush()

    assert request.startswith(b"CONNECT tsock.example.test:8080 HTTP/1.1\r\n")
    assert authorization == "Basic dXNlcjpwYXNz"
    assert connection.header("Proxy-Authorization") is None
    assert connection.header("Host") == "tsock.example.test:8080"
    assert connection.read_frame() == (BINARY, b"through")
    transport.close()


def test_the_tunnel_of_a_secure_connection_ends_at_the_server(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    authority = trustme.CA()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")

    opened = in_background(
        lambda: open_socket(
            "wss://tsock.example.test/",
            ssl_context=trusting(authority),
            timeout=limit(),
            use_proxy=True,
            abort=abort,
        )
    )
    connection = proxy.accept()
    assert connection.read_head().startswith(b"CONNECT tsock.example.test:443 ")
    connection.send(b"HTTP/1.0 200 OK\r\n\r\n")
    connection.connection = serving(authority, "tsock.example.test").wrap_socket(
        connection.connection, server_side=True
    )
    connection.accept_upgrade()

    opened.result(limit()).close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No\r\n\r\n", b"SSH-2.0\r\n\r\n"])
def test_a_proxy_that_refuses(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle, answer: bytes
) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:pass@127.0.0.1:{proxy.port}")

    opened = start("ws://tsock.example.test/", abort)
    connection = proxy.accept()
    connection.read_head()
    connection.send(answer)

    error = failure(opened)
    assert isinstance(error, ConnectFailure)
    assert "pass" not in str(error)


def test_a_proxy_that_hangs_up(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")

    opened = start("ws://tsock.example.test/", abort)
    connection = proxy.accept()
    connection.read_head()
    connection.close()

    assert isinstance(failure(opened), SocketLost)


def test_a_silent_proxy_costs_the_timeout(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")

    assert isinstance(
        failure(start("ws://tsock.example.test/", abort, timeout=0.2)), ConnectTimeout
    )


def test_proxies_can_be_left_aside(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    opened = start(proxy.url, abort, use_proxy=False)
    proxy.accept_websocket()

    opened.result(limit()).close()


def test_socks_needs_the_extra(monkeypatch: pytest.MonkeyPatch, abort: AbortHandle) -> None:
    monkeypatch.setenv("http_proxy", "socks5h://127.0.0.1:1080")
    monkeypatch.setitem(__import__("sys").modules, "python_socks", None)

    error = failure(start("ws://tsock.example.test/", abort))

    assert isinstance(error, ConnectFailure)
    assert "conversations-client[proxy]" in str(error)


def test_a_connection_through_socks(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    pytest.importorskip("python_socks")
    monkeypatch.setenv("http_proxy", f"socks5h://127.0.0.1:{proxy.port}")

    opened = start("ws://tsock.example.test:8080/", abort)
    connection = proxy.accept()
    assert connection.read_exactly(1) == b"\x05"
    connection.read_exactly(connection.read_exactly(1)[0])
    connection.send(b"\x05\x00")
    assert connection.read_exactly(4) == b"\x05\x01\x00\x03"
    assert connection.read_exactly(connection.read_exactly(1)[0]) == b"tsock.example.test"
    assert connection.read_exactly(2) == (8080).to_bytes(2, "big")
    connection.send(b"\x05\x00\x00\x01" + socket.inet_aton("127.0.0.1") + b"\x00\x00")
    connection.accept_upgrade()

    opened.result(limit()).close()


def test_a_socks_proxy_that_refuses(
    monkeypatch: pytest.MonkeyPatch, proxy: RawServer, abort: AbortHandle
) -> None:
    pytest.importorskip("python_socks")
    monkeypatch.setenv("http_proxy", f"socks4://127.0.0.1:{proxy.port}")

    opened = start("ws://127.0.0.1:8080/", abort)
    connection = proxy.accept()
    connection.read_exactly(9)
    connection.send(b"\x00\x5b" + bytes(6))

    assert isinstance(failure(opened), ConnectFailure)
