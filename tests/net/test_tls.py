from __future__ import annotations

import contextlib
import select
import ssl
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import trustme

from conversations._net.failures import (
    ConnectAborted,
    ConnectTimeout,
    SocketLost,
    TlsFailure,
    TlsVerificationFailure,
)
from conversations._net.frames import Message
from conversations._net.opening import AbortHandle
from conversations._net.tls import client_context
from conversations._net.websocket import WebSocketTransport, open_socket
from conversations.errors import InvalidArgumentError
from tests.net.raw_server import BINARY, RawConnection, RawServer, frame, in_background
from tests.net.test_transport import lost, receive_messages
from tests.timing import limit


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def abort() -> Iterator[AbortHandle]:
    handle = AbortHandle()
    yield handle
    handle.close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return client_context(ssl_context=context)


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def start(
    url: str, abort: AbortHandle, context: ssl.SSLContext | None, timeout: float | None = None
) -> Future[WebSocketTransport]:
    return in_background(
        lambda: open_socket(
            url,
            ssl_context=context,
            timeout=limit() if timeout is None else timeout,
            use_proxy=False,
            abort=abort,
        )
    )


@contextlib.contextmanager
def connected(
    authority: trustme.CA, abort: AbortHandle
) -> Iterator[tuple[WebSocketTransport, RawConnection]]:
    with RawServer(context=serving(authority, "127.0.0.1")) as server:
        opened = start(server.url, abort, trusting(authority))
        connection = server.accept_websocket()
        transport = opened.result(limit())
        try:
            yield transport, connection
        finally:
            transport.close()


def test_messages_go_both_ways(authority: trustme.CA, abort: AbortHandle) -> None:
    with connected(authority, abort) as (transport, server):
        transport.queue_message(b"hello")
        transport.flush()
        assert server.read_frame() == (BINARY, b"hello")

        server.send_message(b"world")
        assert receive_messages(transport, 1) == [Message(b"world")]


def test_a_message_in_many_records(authority: trustme.CA, abort: AbortHandle) -> None:
    data = bytes(range(256)) * 4096  # 1 MiB; a record holds 16 KiB

    with connected(authority, abort) as (transport, server):
        sent = in_background(lambda: server.send_message(data))
        assert receive_messages(transport, 1) == [Message(data)]
        sent.result(limit())


def test_several_messages_in_one_record_leave_nothing_behind(
    authority: trustme.CA, abort: AbortHandle
) -> None:
    # The selector knows nothing of what TLS has decrypted already.
    with connected(authority, abort) as (transport, server):
        server.send(b"".join(frame(BINARY, bytes([number])) for number in range(100)))

        messages = receive_messages(transport, 100)

        assert [message.data for message in messages] == [bytes([n]) for n in range(100)]


def test_a_message_in_the_record_of_the_agreement_is_seen_without_the_selector(
    authority: trustme.CA, abort: AbortHandle
) -> None:
    with RawServer(context=serving(authority, "127.0.0.1")) as server:
        opened = start(server.url, abort, trusting(authority))
        server.accept().accept_upgrade(after=frame(BINARY, b"first"))
        transport = opened.result(limit())

        assert transport.has_pending_input
        assert transport.receive() == [Message(b"first")]
        transport.close()


def test_a_large_message_out_while_a_large_one_comes_in(
    authority: trustme.CA, abort: AbortHandle
) -> None:
    # With blocking sends on both sides this is where both would hang.
    data = b"x" * (8 << 20)

    with connected(authority, abort) as (transport, server):
        transport.queue_message(data)
        transport.flush()
        assert transport.wants_write
        served = in_background(lambda: (server.send_message(data), server.read_frame()))
        messages: list[Message] = []
        while not messages or transport.has_unsent_output:
            _wait(transport)
            messages += [each for each in transport.receive() if isinstance(each, Message)]
            transport.flush()

        assert messages == [Message(data)]
        assert served.result(limit())[1] == (BINARY, data)


def _wait(transport: WebSocketTransport) -> None:
    if not transport.has_pending_input:
        wants_write = [transport] if transport.wants_write else []
        assert any(select.select([transport], wants_write, [], limit()))


def test_the_server_gets_a_goodbye(authority: trustme.CA, abort: AbortHandle) -> None:
    with connected(authority, abort) as (transport, server):
        server.connection.suppress_ragged_eofs = False

        transport.close()

        assert server.connection.recv(1) == b""  # close_notify, else an exception


def test_an_end_of_the_server_is_a_loss(authority: trustme.CA, abort: AbortHandle) -> None:
    with connected(authority, abort) as (transport, server):
        server.close()

        assert isinstance(lost(transport), SocketLost)


def refused(server: RawServer) -> Future[RawConnection]:
    """
    The server's view of a handshake that fails.
    """
    return in_background(server.accept)


def test_the_platform_does_not_trust_anybody(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer(context=serving(authority, "127.0.0.1")) as server:
        accepted = refused(server)

        error = start(server.url, abort, None).exception(limit())

        assert isinstance(error, TlsVerificationFailure)
        assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
        assert accepted.exception(limit()) is not None


def test_a_certificate_of_an_unknown_authority(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer(context=serving(trustme.CA(), "127.0.0.1")) as server:
        accepted = refused(server)

        error = start(server.url, abort, trusting(authority)).exception(limit())

        assert isinstance(error, TlsVerificationFailure)
        assert accepted.exception(limit()) is not None


def test_a_certificate_of_another_host(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer(context=serving(authority, "tsock.example.test")) as server:
        accepted = refused(server)

        error = start(server.url, abort, trusting(authority)).exception(limit())

        assert isinstance(error, TlsVerificationFailure)
        assert "127.0.0.1" in str(error)
        with contextlib.suppress(ssl.SSLError, OSError):
            accepted.result(limit())


def test_a_server_that_does_not_speak_tls(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer() as server:
        opened = start(server.url.replace("ws:", "wss:"), abort, trusting(authority))
        server.accept().send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        error = opened.exception(limit())

        assert isinstance(error, TlsFailure)
        assert isinstance(error.__cause__, ssl.SSLError)


def test_an_end_during_the_handshake(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer() as server:
        opened = start(server.url.replace("ws:", "wss:"), abort, trusting(authority))
        server.accept().close()

        assert isinstance(opened.exception(limit()), TlsFailure)


def test_a_silent_server_costs_the_timeout(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer() as server:
        url = server.url.replace("ws:", "wss:")
        opened = start(url, abort, trusting(authority), timeout=0.2)

        assert isinstance(opened.exception(limit()), ConnectTimeout)


def test_abort_during_the_handshake(authority: trustme.CA, abort: AbortHandle) -> None:
    with RawServer() as server:
        opened = start(server.url.replace("ws:", "wss:"), abort, trusting(authority))
        assert server.accept().read_exactly(1) == b"\x16"  # the client's hello

        abort.abort()

        assert isinstance(opened.exception(limit()), ConnectAborted)


@pytest.mark.parametrize("trusts_platform", [True, False])
def test_the_context_verifies_and_speaks_nothing_old(trusts_platform: bool) -> None:
    context = client_context(defer_certificate_trust_to_platform=trusts_platform)

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_certifi_instead_of_the_platform() -> None:
    assert client_context(defer_certificate_trust_to_platform=False).cert_store_stats()["x509_ca"]


def test_the_users_context_is_taken_as_it_is() -> None:
    context = ssl.create_default_context()

    assert client_context(ssl_context=context) is context


def test_a_context_that_verifies_nothing_is_refused() -> None:
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    with pytest.raises(InvalidArgumentError, match="verify"):
        client_context(ssl_context=unverified)

    unverified.verify_mode = ssl.CERT_NONE
    with pytest.raises(InvalidArgumentError, match="verify"):
        client_context(ssl_context=unverified)
