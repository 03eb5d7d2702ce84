"""
The way to an open stream: name lookup, TCP, TLS; with one deadline, and abortable.

Everything here blocks and runs on a worker thread. The sockets are non-blocking all the
same: each wait is for the socket or the :class:`AbortHandle`, whichever comes first, so
nobody has to touch a socket of another thread in order to wake it.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import time
from collections import deque
from typing import Any

import attrs

from .failures import (
    ConnectAborted,
    ConnectFailure,
    ConnectTimeout,
    NameResolutionFailure,
    SocketLost,
    TlsFailure,
    TlsVerificationFailure,
    UpgradeFailure,
)

NEXT_ADDRESS_AFTER = 0.25  # seconds; RFC 8305 section 5, "Connection Attempt Delay"
MAX_HEAD_BYTES = 64 * 1024

# Of all selectors the one that needs no descriptor: nothing that a forked child inherits.
# Windows has no poll.
Selector: type[selectors.BaseSelector] = getattr(
    selectors, "PollSelector", selectors.SelectSelector
)

_UNDER_WAY = {
    0,
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
}


class AbortHandle:
    """
    Calls off an opening that another thread is waiting in.

    One thread owns the handle: it alone calls :meth:`abort`, and :meth:`close` once the
    opening has returned. A name lookup under way cannot be stopped; it is given up right
    after.
    """

    def __init__(self) -> None:
        self.is_aborted = False
        self._wake_up, self._waker = socket.socketpair()
        self._under_way: set[socket.socket] = set()

    def abort(self) -> None:
        """
        Let the opening end with :class:`ConnectAborted`. Aborting twice does nothing.
        """
        if not self.is_aborted:
            self.is_aborted = True
            self._waker.send(b"\0")

    def check(self) -> None:
        """
        Raises:
            ConnectAborted: The opening was called off.
        """
        if self.is_aborted:
            message = "the opening of the connection was called off"
            raise ConnectAborted(message)

    def fileno(self) -> int:
        """
        Becomes readable with :meth:`abort`.
        """
        return self._wake_up.fileno()

    def close(self) -> None:
        """
        Release the descriptors. The opening must be over.
        """
        self._wake_up.close()
        self._waker.close()

    def watch(self, connection: socket.socket) -> None:
        """
        Note a socket that is being opened, for :meth:`discard`.
        """
        self._under_way.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """
        The socket is closed, or in other hands.
        """
        self._under_way.discard(connection)

    def discard(self) -> None:
        """
        In a forked child: close what was inherited, the sockets under way included.
        """
        self.is_aborted = True
        for connection in list(self._under_way):
            connection.close()
        self.close()


@attrs.frozen
class Attempt:
    """
    What bounds one opening.

    Attributes:
        deadline: When it must be over, by the monotonic clock.
        abort: Ends it before.
    """

    deadline: float
    abort: AbortHandle

    def remaining(self) -> float:
        """
        The seconds that are left.

        Raises:
            ConnectTimeout: None.
            ConnectAborted: The opening was called off.
        """
        self.abort.check()
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            message = "the connection could not be opened in time"
            raise ConnectTimeout(message)
        return remaining


Address = tuple[Any, ...]  # as from getaddrinfo: its form depends on the family


def addresses_of(host: str, port: int, attempt: Attempt) -> list[tuple[int, Address]]:
    """
    Family and address of each way to *host*, best first.

    Raises:
        NameResolutionFailure: There is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"the name {host} cannot be resolved: {error}"
        raise NameResolutionFailure(message) from error
    finally:
        attempt.remaining()
    return [(family, address) for family, _, _, _, address in found]


def connect(host: str, port: int, attempt: Attempt) -> socket.socket:
    """
    A non-blocking connection to the first address of *host* that takes it.

    The next address is tried as soon as one fails, or is silent for a moment; all go on
    side by side, so one that is dead costs no more than that moment.

    Raises:
        ConnectFailure: None took it.
        ConnectTimeout: None took it in time.
    """
    waiting = deque(addresses_of(host, port, attempt))
    errors: list[OSError] = []
    with Selector() as selector:
        selector.register(attempt.abort, selectors.EVENT_READ)
        pending: set[socket.socket] = set()
        next_at = 0.0
        try:
            while waiting or pending:
                now = time.monotonic()
                if waiting and (not pending or now >= next_at):
                    next_at = now + NEXT_ADDRESS_AFTER
                    started = _start_connecting(*waiting.popleft(), attempt, errors)
                    if started is not None:
                        pending.add(started)
                        selector.register(started, selectors.EVENT_WRITE)
                    continue
                timeout = attempt.remaining()
                ready = selector.select(min(timeout, next_at - now) if waiting else timeout)
                attempt.remaining()
                for connection in [key.fileobj for key, _ in ready]:
                    if isinstance(connection, socket.socket):
                        selector.unregister(connection)
                        pending.discard(connection)
                        if _is_connected(connection, attempt, errors):
                            return connection
        finally:
            for connection in pending:
                attempt.abort.forget(connection)
                connection.close()
    message = f"no connection to {host}:{port}: {errors[0] if errors else 'no address'}"
    raise ConnectFailure(message) from (errors[0] if errors else None)


def _start_connecting(
    family: int, address: Address, attempt: Attempt, errors: list[OSError]
) -> socket.socket | None:
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:  # a family that this machine does not have
        errors.append(error)
        return None
    attempt.abort.watch(connection)
    connection.setblocking(False)
    number = connection.connect_ex(address)
    if number in _UNDER_WAY:
        return connection
    errors.append(OSError(number, os.strerror(number)))
    attempt.abort.forget(connection)
    connection.close()
    return None


def _is_connected(connection: socket.socket, attempt: Attempt, errors: list[OSError]) -> bool:
    number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number == 0:
        return True
    errors.append(OSError(number, os.strerror(number)))
    attempt.abort.forget(connection)
    connection.close()
    return False


class OpeningStream:
    """
    A connected socket on which both sides still agree about what comes next.

    Reads and writes block until the attempt's deadline. Nothing is read beyond the end of
    what was asked for: the rest belongs to whoever takes the socket over.
    """

    def __init__(self, connection: socket.socket, attempt: Attempt) -> None:
        connection.setblocking(False)
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connection = connection
        self._attempt = attempt
        attempt.abort.watch(connection)

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """
        Shake hands as a client that talks to *host*.

        Raises:
            TlsVerificationFailure: The certificate is not accepted.
            TlsFailure: Anything else went wrong.
        """
        try:
            tls = context.wrap_socket(
                self._connection, server_hostname=host, do_handshake_on_connect=False
            )
            self._replace_connection(tls)
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    self._wait(selectors.EVENT_READ)
                except ssl.SSLWantWriteError:
                    self._wait(selectors.EVENT_WRITE)
                else:
                    return
        except ssl.SSLCertVerificationError as error:
            message = f"the certificate of {host} is not accepted: {error.verify_message}"
            raise TlsVerificationFailure(message) from error
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            message = f"the TLS handshake with {host} failed: {error}"
            raise TlsFailure(message) from error

    def send(self, data: bytes) -> int:
        """
        Send all of *data*.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._connection.send(rest) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except OSError as error:
                message = f"the connection was lost while it was opened: {error}"
                raise SocketLost(message) from error
        return len(data)

    def read_head(self) -> bytes:
        """
        Read the head of an HTTP answer up to its empty line.

        Raises:
            UpgradeFailure: It is too long.
            SocketLost: The stream ended before.
        """
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            if len(head) == MAX_HEAD_BYTES:
                message = "the answer of the server has no end"
                raise UpgradeFailure(message)
            head += self._receive_byte()
        return bytes(head)

    def detach(self) -> socket.socket:
        """
        Hand the socket over, non-blocking.
        """
        self._attempt.abort.forget(self._connection)
        return self._connection

    def close(self) -> None:
        """
        Close the socket. Closing twice does nothing.
        """
        self._attempt.abort.forget(self._connection)
        self._connection.close()

    def _receive_byte(self) -> bytes:
        while True:
            try:
                data = self._connection.recv(1)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)
            except OSError as error:
                message = f"the connection was lost while it was opened: {error}"
                raise SocketLost(message) from error
            else:
                if not data:
                    message = "the server closed the connection while it was opened"
                    raise SocketLost(message)
                return data

    def _replace_connection(self, connection: socket.socket) -> None:
        self._attempt.abort.forget(self._connection)
        self._connection = connection
        self._attempt.abort.watch(connection)

    def _wait(self, event: int) -> None:
        with Selector() as selector:
            selector.register(self._connection, event)
            selector.register(self._attempt.abort, selectors.EVENT_READ)
            selector.select(self._attempt.remaining())
        self._attempt.remaining()
