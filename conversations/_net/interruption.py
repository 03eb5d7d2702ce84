"""
Calling off an HTTP request from another thread, wherever it stands.

While the connection is being opened, the opening is aborted. After that the thread that
talks to the server sits in a blocking send or receive; shutting the connection down makes
that return. It is done through a second descriptor of the same connection: the first one
belongs to that thread alone, which may close it at any moment, and no TLS state is touched
(docs/threads.md, Media).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from .failures import HttpStopped
from .opening import AbortHandle


class Interruption:
    """
    Of one request. Any thread may interrupt it; everything else is for the one that makes it.

    Args:
        lock: A new one, for this object alone.
    """

    def __init__(self, lock: threading.Lock) -> None:
        # Guards what follows: a descriptor is not closed while interrupt() uses it.
        self._lock = lock
        self._opening: AbortHandle | None = None
        self._connection: socket.socket | None = None
        self._is_interrupted = False

    def interrupt(self) -> None:
        """
        Let the request end with :class:`~.failures.HttpStopped`, now or when it is begun.
        """
        with self._lock:
            self._is_interrupted = True
            if self._opening is not None:
                self._opening.abort()
            if self._connection is not None:
                _shut_down(self._connection)

    def check(self) -> None:
        """
        Raises:
            HttpStopped: The request has been called off.
        """
        if self._is_interrupted:
            message = "the request was called off"
            raise HttpStopped(message)

    @contextlib.contextmanager
    def opening(self) -> Iterator[AbortHandle]:
        """
        While a connection is being opened with the handle.
        """
        handle = AbortHandle()
        with self._lock:
            self._opening = handle
            if self._is_interrupted:
                handle.abort()
        try:
            yield handle
        finally:
            with self._lock:
                self._opening = None
                handle.close()

    def watch(self, connection: socket.socket) -> None:
        """
        From now on the request uses *connection*, until :meth:`release`.
        """
        duplicate = socket.fromfd(connection.fileno(), connection.family, connection.type)
        with self._lock:
            self._close_connection()
            self._connection = duplicate
            if self._is_interrupted:
                _shut_down(duplicate)

    def release(self) -> None:
        """
        The request is over.
        """
        with self._lock:
            self._close_connection()

    def discard(self) -> None:
        """
        In a forked child: close what was inherited. Takes no lock: nobody would release it.
        """
        if self._opening is not None:
            self._opening.discard()
        self._close_connection()

    def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        connection.shutdown(socket.SHUT_RDWR)
