"""
How threads wait for something to become true that other threads bring about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from .waiters import Deadline


class Bell:
    """
    Rung whenever something may have changed; whoever waits looks again.

    No lock is ever held: ringing works in finalizers and in the middle of anything. A thread
    that waits has a bare lock of its own, which ringing opens (as in :class:`~.waiters.Waiter`).
    """

    __slots__ = ("_latches",)

    def __init__(self) -> None:
        # Adding, discarding and copying to a list are atomic.
        self._latches: set[threading.Lock] = set()

    def ring(self) -> None:
        """
        Have every thread that waits look again.
        """
        for latch in list(self._latches):
            with suppress(RuntimeError):  # it is open already: that thread will look anyway
                latch.release()

    def wait_for(self, is_true: Callable[[], object], deadline: Deadline) -> bool:
        """
        Wait until *is_true* returns something true. A signal may interrupt it.

        Looks at once, after each ring, and for the last time when the deadline has come. A
        ring during a look is not lost: it leads to another one.

        Args:
            is_true: Called on this thread. What it raises ends the waiting.
            deadline: When to give up.

        Returns:
            Whether it became true in time.
        """
        latch = threading.Lock()
        latch.acquire()  # ringing releases it
        self._latches.add(latch)
        try:
            while not is_true():
                remaining = deadline.remaining()
                timeout = -1 if remaining is None else min(remaining, threading.TIMEOUT_MAX)
                if not latch.acquire(timeout=timeout):
                    return bool(is_true())
            return True
        finally:
            self._latches.discard(latch)
