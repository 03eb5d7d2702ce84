"""
The only way of other threads to the network thread: a queue, and a socket that wakes it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from .lifecycle import new_lock

if TYPE_CHECKING:
    from conversations._core.engine import Engine


@attrs.frozen(eq=False)
class Action:
    """
    Something that the network thread is to do.

    Attributes:
        run: Does it.
        refuse: Called instead, exactly one of the two, if the network thread is ending.
    """

    run: Callable[[Engine], None]
    refuse: Callable[[], None]


class Waker:
    """
    A pair of sockets: one byte into it ends the network thread's wait.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        # Keeps close() and a send in another thread apart: a number that is closed may
        # belong to somebody else's file the next moment.
        self._lock = new_lock("inbox")
        self._holder: int | None = None  # guarded by _lock
        self._is_wanted = False
        self._is_closed = False  # guarded by _lock

    def fileno(self) -> int:
        """
        Readable after :meth:`wake`.
        """
        return self._reader.fileno()

    def wake(self) -> None:
        """
        End the wait, or the next one. Any thread, a finalizer included.
        """
        thread = threading.get_ident()
        self._is_wanted = True
        if self._holder == thread:
            return  # a finalizer that interrupted the block below, which looks again
        with self._lock:
            self._holder = thread
            try:
                while self._is_wanted:
                    self._is_wanted = False
                    if not self._is_closed:
                        with contextlib.suppress(BlockingIOError):  # full: it will wake anyway
                            self._writer.send(b"\0")
            finally:
                self._holder = None

    def drain(self) -> None:
        """
        Sleep again. Network thread only; look for what woke it after this, not before.
        """
        with contextlib.suppress(BlockingIOError):
            while len(self._reader.recv(1024)) == 1024:  # noqa: PLR2004  # the same number
                pass

    def close(self) -> None:
        """
        Release the descriptors; waking does nothing from now on.
        """
        with self._lock:
            self._holder = threading.get_ident()
            try:
                self.discard()
            finally:
                self._holder = None

    def discard(self) -> None:
        """
        In a forked child, where no other thread exists: the same.
        """
        self._is_closed = True
        self._writer.close()
        self._reader.close()


class Inbox:
    """
    Actions in the order in which they came.

    It needs no lock: the operations of a deque are atomic, and :meth:`put` looks after
    itself when it meets :meth:`close`.

    Args:
        wake: Called after each :meth:`put`.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._actions: deque[Action] = deque()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._actions)

    def put(self, action: Action) -> bool:
        """
        Have the network thread run *action*.

        Returns:
            Whether somebody takes care of it. If not, neither of its functions is called.
        """
        if self._is_closed:
            return False
        self._actions.append(action)
        if not self._stays(action):
            return False
        self._wake()
        return True

    def take(self) -> list[Action]:
        """
        What is there now. Network thread only.
        """
        return [self._actions.popleft() for _ in range(len(self._actions))]

    def close(self) -> list[Action]:
        """
        Take no more; returns what was waiting, to be refused.
        """
        self._is_closed = True
        left = []
        with contextlib.suppress(IndexError):
            while True:
                left.append(self._actions.popleft())
        return left

    def _stays(self, action: Action) -> bool:
        """
        Whether *action*, just queued, is taken care of although the inbox may be closed by now.
        """
        if self._is_closed:
            try:
                self._actions.remove(action)
            except ValueError:
                return True  # close() has found it
            return False
        return True
