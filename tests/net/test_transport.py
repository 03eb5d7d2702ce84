from __future__ import annotations

import errno
import select
import socket
import ssl
from collections.abc import Iterator

import pytest

from conversations._net.failures import SocketLost
from conversations._net.frames import FrameDecoder, Message
from conversations._net.websocket import (
    MAX_BYTES_BEHIND_PONG,
    READ_BYTES_PER_CALL,
    Activity,
    Received,
    WebSocketTransport,
)
from tests.net.raw_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawConnection,
    close_data,
    frame,
)
from tests.timing import limit


@pytest.fixture
def pair() -> Iterator[tuple[WebSocketTransport, RawConnection]]:
    """
    An open connection without a handshake: the transport, and the server's side.
    """
    ours, theirs = socket.socketpair()
    transport, server = WebSocketTransport(ours), RawConnection(theirs)
    assert transport.receive() == []
    yield transport, server
    transport.close()
    server.close()


def wait_readable(transport: WebSocketTransport) -> None:
    readable, _, _ = select.select([transport], [], [], limit())
    assert readable


def receive(transport: WebSocketTransport) -> list[Received]:
    if not transport.has_pending_input:
        wait_readable(transport)
    return transport.receive()


def receive_messages(transport: WebSocketTransport, count: int) -> list[Message]:
    messages: list[Message] = []
    while len(messages) < count:
        messages += [each for each in receive(transport) if isinstance(each, Message)]
    return messages


def lost(transport: WebSocketTransport) -> SocketLost:
    try:
        while True:
            receive(transport)
    except SocketLost as failure:
        return failure


def test_messages_arrive_whole_and_in_order(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    server.send(frame(BINARY, b"one") + frame(BINARY, b"t", fin=False))
    assert receive(transport) == [Message(b"one")]
    server.send(frame(CONTINUATION, b"wo") + frame(BINARY, b"three"))

    assert receive(transport) == [Message(b"two"), Message(b"three")]


def test_nothing_there_gives_nothing(pair: tuple[WebSocketTransport, RawConnection]) -> None:
    transport, _ = pair

    assert transport.receive() == []
    assert not transport.has_pending_input
    assert not transport.wants_write


@pytest.mark.parametrize(
    "data", [frame(PONG), frame(TEXT, b"hello"), frame(BINARY, b"half of it")[:5]]
)
def test_whatever_is_no_message_is_activity(
    pair: tuple[WebSocketTransport, RawConnection], data: bytes
) -> None:
    transport, server = pair

    server.send(data)

    assert receive(transport) == [Activity()]


def test_a_message_is_sent_masked_and_binary(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    transport.queue_message(b"hello")
    transport.queue_message(b"x" * 70_000)
    transport.flush()

    assert server.read_frame() == (BINARY, b"hello")
    assert server.read_frame() == (BINARY, b"x" * 70_000)


def test_a_ping_is_answered_with_its_data(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    server.send(frame(PING, b"are you there"))

    assert receive(transport) == [Activity()]
    assert server.read_frame() == (PONG, b"are you there")


def test_what_does_not_fit_into_the_pipe_is_kept(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair
    data = bytes(range(256)) * 16 * 1024  # 4 MiB, more than any buffer of the system

    transport.queue_message(data)
    transport.flush()
    assert transport.wants_write
    transport.queue_message(b"behind it")
    server.connection.setblocking(False)
    received = bytearray()
    while transport.has_unsent_output:
        received += server.connection.recv(1 << 20)
        transport.flush()
    server.connection.settimeout(limit())
    server.connection.shutdown(socket.SHUT_WR)

    again = RawConnection(_replay(bytes(received) + _rest(server, transport)))
    assert again.read_frame() == (BINARY, data)
    assert again.read_frame() == (BINARY, b"behind it")
    again.close()
    assert not transport.wants_write


def _rest(server: RawConnection, transport: WebSocketTransport) -> bytes:
    transport.close()
    return server.read_to_end()


def _replay(data: bytes) -> socket.socket:
    """
    A socket from which *data* can be read.
    """
    import threading

    reader, writer = socket.socketpair()

    def write() -> None:
        with writer:
            writer.sendall(data)

    threading.Thread(target=write).start()
    return reader


def test_a_flood_is_taken_in_portions(pair: tuple[WebSocketTransport, RawConnection]) -> None:
    transport, server = pair
    server.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * READ_BYTES_PER_CALL)
    server.connection.setblocking(False)
    message = frame(BINARY, b"x" * 1000)
    sent = 0
    try:
        while True:
            server.connection.send(message)  # nothing is read meanwhile: it ends
            sent += 1
    except BlockingIOError:
        pass
    if sent * len(message) < READ_BYTES_PER_CALL:
        pytest.skip("the system's buffers are too small")

    first = transport.receive()

    assert transport.has_pending_input
    assert sum(len(each.data) for each in first if isinstance(each, Message)) < sent * 1000


def test_a_close_frame_is_answered_and_ends_the_connection(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    server.send(frame(BINARY, b"last words") + frame(CLOSE, close_data(1001, "restart")))

    assert receive(transport) == [Message(b"last words")]
    failure = lost(transport)
    assert failure.code == 1001
    assert str(failure) == "the connection was closed with code 1001: restart"
    assert server.read_frame() == (CLOSE, close_data(1001))


def test_a_close_frame_without_a_code_is_answered_without_one(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    server.send(frame(CLOSE))

    assert lost(transport).code == 1005
    assert server.read_frame() == (CLOSE, b"")


def test_closing_is_a_handshake(pair: tuple[WebSocketTransport, RawConnection]) -> None:
    transport, server = pair

    transport.queue_message(b"before")
    transport.start_close()
    transport.queue_message(b"after")
    transport.start_close()
    assert server.read_frame() == (BINARY, b"before")
    assert server.read_frame() == (CLOSE, close_data(1000))
    server.send(frame(CLOSE, close_data(1000)))

    assert lost(transport).code == 1000
    transport.close()
    assert server.read_to_end() == b""


def test_pings_behind_our_close_frame_are_not_answered(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    transport.start_close()
    server.send(frame(PING, b"?") + frame(CLOSE))

    lost(transport)
    transport.close()
    assert server.read_frame() == (CLOSE, close_data(1000))
    assert server.read_to_end() == b""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(BINARY, b"x", mask=True), 1002),
        (frame(CONTINUATION, b"x"), 1002),
        (frame(3), 1002),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        (bytes([0x80 | BINARY, 127]) + (1 << 40).to_bytes(8, "big"), 1009),
    ],
)
def test_a_violation_is_answered_with_its_code(
    pair: tuple[WebSocketTransport, RawConnection], data: bytes, code: int
) -> None:
    transport, server = pair

    server.send(frame(BINARY, b"before") + data + frame(BINARY, b"after"))

    assert receive(transport) == [Message(b"before")]
    assert transport.has_pending_input
    assert lost(transport).code == code
    assert server.read_frame() == (CLOSE, close_data(code))


def test_an_assembled_message_that_is_too_long_is_answered_with_1009() -> None:
    ours, theirs = socket.socketpair()
    transport = WebSocketTransport(ours, FrameDecoder(max_message_bytes=8))
    server = RawConnection(theirs)

    server.send(frame(BINARY, b"01234", fin=False) + frame(CONTINUATION, b"5678"))

    assert lost(transport).code == 1009
    assert server.read_frame() == (CLOSE, close_data(1009))
    transport.close()
    server.close()


def test_an_end_without_a_close_frame_is_a_loss(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair

    server.send(frame(BINARY, b"last words"))
    server.close()

    assert receive(transport) == [Message(b"last words")]
    assert lost(transport).code == 0


def test_a_broken_pipe_is_reported_by_receiving(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair
    server.send(frame(BINARY, b"last words"))
    server.connection.shutdown(socket.SHUT_RD)

    transport.queue_message(b"nobody reads this")
    transport.flush()

    assert transport.has_pending_input
    assert not transport.wants_write or transport.has_unsent_output
    assert receive(transport) == [Message(b"last words")]
    failure = lost(transport)
    assert isinstance(failure.__cause__, OSError)
    assert failure.__cause__.errno == errno.EPIPE


def test_a_server_that_only_pings_does_not_fill_the_memory(
    pair: tuple[WebSocketTransport, RawConnection],
) -> None:
    transport, server = pair
    transport.queue_message(b"x" * (MAX_BYTES_BEHIND_PONG + (4 << 20)))
    transport.flush()
    before = len(transport._output)
    assert before >= MAX_BYTES_BEHIND_PONG

    server.send(100 * frame(PING, b"?" * 125))
    receive(transport)

    assert len(transport._output) == before


def test_close_releases_the_descriptor(pair: tuple[WebSocketTransport, RawConnection]) -> None:
    transport, server = pair
    assert transport.fileno() >= 0

    transport.close()
    transport.close()

    assert transport.fileno() == -1
    assert server.read_to_end() == b""


class TlsSocket:
    """
    A TLS socket in a state that is hard to bring about: each call does what is scripted.
    """

    def __init__(self) -> None:
        self.receives: list[bytes | Exception] = []
        self.sends: list[int | Exception] = []
        self.sent: list[bytes] = []

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def recv(self, size: int) -> bytes:
        step = self.receives.pop(0) if self.receives else ssl.SSLWantReadError()
        if isinstance(step, Exception):
            raise step
        return step

    def send(self, data: memoryview) -> int:
        step = self.sends.pop(0) if self.sends else len(data)
        if isinstance(step, Exception):
            raise step
        self.sent.append(bytes(data[:step]))
        return step


def test_reading_that_must_write_waits_until_that_is_possible() -> None:
    connection = TlsSocket()
    transport = WebSocketTransport(connection)
    connection.receives = [ssl.SSLWantWriteError(), frame(BINARY, b"x")]

    assert transport.receive() == []
    assert transport.wants_write
    assert transport.receive() == [Message(b"x")]
    assert not transport.wants_write


def test_writing_that_must_read_waits_until_that_is_possible() -> None:
    connection = TlsSocket()
    transport = WebSocketTransport(connection)
    connection.sends = [ssl.SSLWantReadError()]

    transport.queue_message(b"x")
    transport.flush()
    assert transport.has_unsent_output
    assert not transport.wants_write  # it would be writable at once, in vain
    transport.flush()

    assert not transport.has_unsent_output


def test_a_write_that_is_tried_again_starts_with_the_same_bytes() -> None:
    # OpenSSL wants it so: the record is encrypted already.
    connection = TlsSocket()
    transport = WebSocketTransport(connection)
    connection.sends = [3, ssl.SSLWantWriteError()]

    transport.queue_message(b"abcdef")
    transport.flush()
    transport.queue_message(b"ghi")
    transport.flush()

    sent = RawConnection(_replay(b"".join(connection.sent)))
    assert sent.read_frame() == (BINARY, b"abcdef")
    assert sent.read_frame() == (BINARY, b"ghi")
    sent.close()


def test_an_error_of_tls_is_a_loss() -> None:
    connection = TlsSocket()
    transport = WebSocketTransport(connection)
    connection.receives = [ssl.SSLError(1, "bad record")]

    failure = lost(transport)

    assert isinstance(failure.__cause__, ssl.SSLError)
