"""
A WebSocket server that does nothing by itself: the test says what it reads and sends.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from tests.timing import limit

T = TypeVar("T")

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0


def in_background(function: Callable[[], T]) -> Future[T]:
    """
    Run *function* in a thread of its own.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001  # the future carries it
            future.set_exception(error)

    threading.Thread(target=run, name="test-background", daemon=True).start()
    return future


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, mask: bool = False) -> bytes:
    """
    One frame, as a server sends it.
    """
    head = bytes([(0x80 if fin else 0) | opcode])
    mask_bit = 0x80 if mask else 0
    if len(data) < 126:
        head += bytes([mask_bit | len(data)])
    elif len(data) < 1 << 16:
        head += bytes([mask_bit | 126]) + struct.pack("!H", len(data))
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", len(data))
    if not mask:
        return head + data
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


def close_data(code: int, reason: str = "") -> bytes:
    """
    The content of a close frame.
    """
    return struct.pack("!H", code) + reason.encode()


class RawConnection:
    """
    The server's side of one connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.settimeout(limit())
        self.request = b""

    def read_exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            received = self.connection.recv(size - len(data))
            if not received:
                raise EOFError(data)
            data += received
        return data

    def read_head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.read_exactly(1)
        return head

    def header(self, name: str) -> str | None:
        for line in self.request.decode().split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def accept_upgrade(self, *extra_lines: str, after: bytes = b"") -> None:
        """
        Read the request and say yes; *after* follows in the same packet.
        """
        self.request = self.read_head()
        self.send(self.agreement(*extra_lines) + after)

    def agreement(self, *extra_lines: str) -> bytes:
        key = self.header("Sec-WebSocket-Key") or ""
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()  # noqa: S324  # RFC 6455 wants it
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
            *extra_lines,
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def refuse(self, status: str, *lines: str, body: bytes = b"") -> None:
        self.request = self.read_head()
        self.send("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def send_message(self, data: bytes) -> None:
        self.send(frame(BINARY, data))

    def read_frame(self) -> tuple[int, bytes]:
        """
        Opcode and content of the next frame of the client, which must be masked.
        """
        first, second = self.read_exactly(2)
        assert first & 0x80
        assert second & 0x80
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.read_exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read_exactly(8))
        key = self.read_exactly(4)
        data = self.read_exactly(length)
        mask = (key * (length // 4 + 1))[:length]
        number = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
        return first & 0x0F, number.to_bytes(length, "big")

    def read_to_end(self) -> bytes:
        """
        What comes until the client closes the connection.
        """
        data = b""
        while True:
            try:
                received = self.connection.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return data
            if not received:
                return data
            data += received

    def close(self) -> None:
        self.connection.close()


class RawServer:
    """
    Listens on a free port of the loopback interface.
    """

    def __init__(self, *, context: ssl.SSLContext | None = None, backlog: int = 16) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self._listener.settimeout(limit())
        self._connections: list[RawConnection] = []
        self.port: int = self._listener.getsockname()[1]
        scheme = "ws" if context is None else "wss"
        self.url = f"{scheme}://127.0.0.1:{self.port}/v3/wsconnect"

    def accept(self) -> RawConnection:
        """
        The next connection; with TLS, after its handshake.
        """
        connection, _ = self._listener.accept()
        if self._context is not None:
            connection.settimeout(limit())
            try:
                connection = self._context.wrap_socket(connection, server_side=True)
            except BaseException:
                connection.close()
                raise
        raw = RawConnection(connection)
        self._connections.append(raw)
        return raw

    def accept_websocket(self) -> RawConnection:
        raw = self.accept()
        raw.accept_upgrade()
        return raw

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
