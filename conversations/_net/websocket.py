"""
The WebSocket connection: opened by a worker thread, then owned by the network thread.

websocket-client does the opening handshake and parses frames. None of its methods touches
the socket afterwards: they would block, and answer control frames by themselves. Two
threads in one TLS socket corrupt memory, so only the owner of a
:class:`WebSocketTransport` may call it (docs/threads.md, TLS).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from typing import Union
from urllib.parse import urlsplit

import attrs
import websocket

from conversations._logs import ClientLog
from conversations._version import __version__

from . import frames
from .failures import (
    ConnectFailure,
    NameResolutionFailure,
    SocketFailure,
    SocketLost,
    UpgradeFailure,
)
from .opening import AbortHandle, Attempt, OpeningStream
from .proxies import status_of
from .streams import open_stream
from .tls import client_context

IDENTIFICATION = f"conversations-client-python/{__version__}"
READ_BYTES = 64 * 1024
READ_BYTES_PER_CALL = 4 * READ_BYTES  # then others get their turn
SEND_BYTES = 64 * 1024
MAX_BYTES_BEHIND_PONG = 1024 * 1024  # a server that only pings and never reads gets no more

_log = ClientLog("conversations.connection")


def open_socket(
    url: str,
    *,
    ssl_context: ssl.SSLContext | None,
    timeout: float,
    use_proxy: bool,
    abort: AbortHandle,
) -> WebSocketTransport:
    """
    Connect to *url* and upgrade to WebSocket. Blocks; for a worker thread.

    Args:
        url: ``wss://…``, or ``ws://…`` for a server that was named explicitly.
        ssl_context: From :func:`~conversations._net.tls.client_context`; ``None`` for the
            platform's trust.
        timeout: Seconds for everything together. Only a name lookup may take longer.
        use_proxy: Whether to heed ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``.
        abort: With which the owner may call it off.

    Raises:
        SocketFailure: One of its subclasses, whatever happens.

    Wire: docs/protocol/twilsock.md, WebSocket handshake.
    """
    attempt = Attempt(time.monotonic() + timeout, abort)
    host, port, is_secure = _parse(url)
    stream = open_stream(
        host,
        port,
        attempt,
        ssl_context=(ssl_context or client_context()) if is_secure else None,
        use_proxy=use_proxy,
    )
    try:
        _upgrade(stream, url)
        attempt.remaining()
        return WebSocketTransport(stream.detach())
    except BaseException:
        stream.close()
        raise


def _parse(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        message = "the address of the server cannot be read"
        raise ConnectFailure(message) from error
    if parts.scheme not in {"ws", "wss"} or not host:
        message = f"the address of the server is not one of WebSocket: {parts.scheme}://{host}"
        raise ConnectFailure(message)
    try:
        host.encode("idna")  # a proxy or TLS would find out only later, in ways of their own
    except UnicodeError as error:
        message = f"the name {host} cannot be resolved: {error}"
        raise NameResolutionFailure(message) from error
    is_secure = parts.scheme == "wss"
    return host, port or (443 if is_secure else 80), is_secure


def _upgrade(stream: OpeningStream, url: str) -> None:
    client = websocket.WebSocket(enable_multithread=False, skip_utf8_validation=True)
    try:
        client.connect(  # type: ignore[no-untyped-call]  # the library's own annotations are few
            url,
            socket=_UpgradeSocket(stream),
            redirect_limit=0,
            suppress_origin=True,
            header=[f"User-Agent: {IDENTIFICATION}"],
        )
    except SocketFailure:
        raise
    except (websocket.WebSocketException, OSError, ValueError, LookupError) as error:
        message = f"the server's answer is no WebSocket handshake: {error}"
        raise UpgradeFailure(message) from error
    headers: dict[str, str] = client.headers or {}
    for name in ("sec-websocket-extensions", "sec-websocket-protocol"):
        if name in headers:
            message = f"the server chose what was not offered: {name}"
            raise UpgradeFailure(message)


class _UpgradeSocket:
    """
    What websocket-client sees of the stream during the opening handshake.

    It says that it is non-blocking, so that the library calls straight through, without
    timeouts of its own for each byte. An answer other than 101 never reaches the library:
    it would follow redirects and read bodies of any size. Neither do cookies, which it
    keeps in a jar for the whole process.
    """

    def __init__(self, stream: OpeningStream) -> None:
        self._stream = stream
        self._head: memoryview | None = None

    def gettimeout(self) -> float:
        """
        Non-blocking, as the library understands it.
        """
        return 0.0

    def send(self, data: bytes) -> int:
        """
        Send the request, without cookies.
        """
        self._stream.send(_without_header(data, b"cookie"))
        return len(data)

    def recv(self, size: int) -> bytes:
        """
        The next bytes of the answer's head.
        """
        if self._head is None:
            head = self._stream.read_head()
            status, reason = status_of(head)
            if status != 101:  # noqa: PLR2004  # switching protocols
                message = f"the server refused the upgrade: {status} {reason}".rstrip()
                raise UpgradeFailure(message, status)
            self._head = memoryview(_without_header(head, b"set-cookie"))
        data = bytes(self._head[:size])
        self._head = self._head[size:]
        return data

    def close(self) -> None:
        """
        Close the stream.
        """
        self._stream.close()


def _without_header(head: bytes, name: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if line.partition(b":")[0].strip().lower() != name)


@attrs.frozen
class Activity:
    """
    Something arrived that is not a message (yet). The server is alive.
    """


Received = Union[frames.Message, Activity]


class WebSocketTransport:
    """
    An open WebSocket on a non-blocking socket. Nothing here waits. Owner's thread only.

    The owner calls :meth:`receive` when the socket is readable or
    :attr:`has_pending_input`, and :meth:`flush` when it is writable or something was
    queued. Pings are answered, close frames too. However the connection ends,
    :meth:`receive` says so, after everything that came before.

    Args:
        connection: Connected and upgraded; belongs to the transport from now on.
        decoder: Reads the frames.
    """

    def __init__(
        self, connection: socket.socket, decoder: frames.FrameDecoder | None = None
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._decoder = frames.FrameDecoder() if decoder is None else decoder
        # TLS may hold decrypted bytes that no selector sees: look before the first wait.
        self._has_more = True
        self._output = bytearray()
        self._reading_wants_write = False
        self._writing_wants_read = False
        self._write_error: OSError | None = None
        self._end: SocketLost | None = None
        self._is_closing = False

    def fileno(self) -> int:
        """
        For the selector.
        """
        return self._connection.fileno()

    @property
    def has_pending_input(self) -> bool:
        """
        Whether :meth:`receive` has something although the socket may not be readable.
        """
        return self._has_more or self._end is not None or self._write_error is not None

    @property
    def wants_write(self) -> bool:
        """
        Whether to wait until the socket is writable, then to call both methods.
        """
        return self._reading_wants_write or (bool(self._output) and not self._writing_wants_read)

    @property
    def has_unsent_output(self) -> bool:
        """
        Whether something queued is not with the operating system yet.
        """
        return bool(self._output)

    def receive(self) -> list[Received]:
        """
        What has arrived, in order; empty if nothing has.

        Raises:
            SocketLost: The connection is over. Close it.
        """
        received: list[Received] = []
        if self._end is None:
            self._read(received)
        if self._end is not None and not received:
            raise self._end
        return received

    def queue_message(self, data: bytes) -> None:
        """
        Send one binary message with the next :meth:`flush`. Nothing is sent after a close.
        """
        if not self._is_closing:
            self._output += frames.binary_frame(data)

    def flush(self) -> None:
        """
        Give the operating system as much as it takes now.
        """
        self._writing_wants_read = False
        while self._output and self._write_error is None:
            with memoryview(self._output) as everything, everything[:SEND_BYTES] as chunk:
                try:
                    sent = self._connection.send(chunk)
                except (BlockingIOError, ssl.SSLWantWriteError):
                    return
                except ssl.SSLWantReadError:
                    self._writing_wants_read = True
                    return
                except OSError as error:
                    # What was received before it broke may say why: receive() reads on.
                    self._write_error = error
                    return
            del self._output[:sent]

    def start_close(self, code: int = frames.NORMAL_CLOSURE) -> None:
        """
        Send a close frame after what is queued. :meth:`receive` raises when it is answered.
        """
        if not self._is_closing:
            self._output += frames.close_frame(code)
            self._is_closing = True
            self.flush()

    def close(self) -> None:
        """
        Release the descriptor, with a TLS goodbye if that needs no waiting.
        """
        if isinstance(self._connection, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):
                self._connection.unwrap()
        self._connection.close()

    def discard(self) -> None:
        """
        In a forked child: release the descriptor; the parent still uses the connection.
        """
        self._connection.close()

    def _read(self, received: list[Received]) -> None:
        read_bytes = 0
        self._has_more = self._reading_wants_write = False
        while self._end is None:
            if read_bytes >= READ_BYTES_PER_CALL:
                self._has_more = True
                break
            data = self._read_some()
            if not data:
                break
            read_bytes += len(data)
            self._decode(data, received)
        if read_bytes and not received:
            received.append(Activity())

    def _read_some(self) -> bytes:
        try:
            data = self._connection.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            if self._write_error is not None:
                self._lose("the connection was lost while sending", cause=self._write_error)
            return b""
        except ssl.SSLWantWriteError:
            self._reading_wants_write = True
            return b""
        except OSError as error:
            self._lose("the connection was lost", cause=error)
            return b""
        if not data:
            self._lose("the server closed the connection without a close frame")
        return data

    def _decode(self, data: bytes, received: list[Received]) -> None:
        self._decoder.receive_data(data)
        while self._end is None:
            try:
                event = self._decoder.next_event()
            except frames.ProtocolViolation as violation:
                _log.warning("the server violates the WebSocket protocol: %s", violation.message)
                self.start_close(violation.code)
                self._lose(violation.message, code=violation.code, cause=violation)
                return
            if event is None:
                return
            self._handle(event, received)

    def _handle(self, event: frames.FrameEvent, received: list[Received]) -> None:
        if isinstance(event, frames.Message):
            received.append(event)
        elif isinstance(event, frames.TextMessage):
            _log.debug("text message of %d bytes ignored", event.size_bytes)
        elif isinstance(event, frames.Ping):
            if not self._is_closing and len(self._output) < MAX_BYTES_BEHIND_PONG:
                self._output += frames.pong_frame(event.data)
                self.flush()
        elif isinstance(event, frames.Close):
            self.start_close(event.code)
            words = f": {event.reason}" if event.reason else ""
            self._lose(f"the connection was closed with code {event.code}{words}", code=event.code)

    def _lose(self, message: str, *, code: int = 0, cause: BaseException | None = None) -> None:
        details = f"{message}: {cause}" if isinstance(cause, OSError) else message
        self._end = SocketLost(details, code)
        self._end.__cause__ = cause
