"""
How a thread waits for a result of the network thread.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_NOTHING: Any = object()


class WaitExpired(Exception):
    """
    The deadline came before the result.
    """


class Deadline:
    """
    A point in time, made of one timeout, for any number of steps.

    Args:
        timeout: Seconds from now; ``None`` for never.
    """

    __slots__ = ("_end",)

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def remaining(self) -> float | None:
        """
        The seconds that are left, at least 0; ``None`` if it never comes.
        """
        return None if self._end is None else max(0.0, self._end - time.monotonic())


class Waiter(Generic[T]):
    """
    One result, settled once by the network thread, awaited by one other.

    It is a bare lock that is locked until the result is there, not a condition: there is no
    section in which a signal or a finalizer could interrupt its owner and leave it locked.
    After a fork the child's only thread settles it instead (docs/threads.md, Fork).
    """

    __slots__ = ("_error", "_latch", "_value", "is_settled")

    def __init__(self) -> None:
        self.is_settled = False
        self._value: T = _NOTHING
        self._error: BaseException | None = None
        self._latch = threading.Lock()
        self._latch.acquire()

    def complete(self, value: T) -> None:
        """
        Let :meth:`wait` return *value*. Does nothing if it is settled already.
        """
        if not self.is_settled:
            self._value = value
            self._settle()

    def fail(self, error: BaseException) -> None:
        """
        Let :meth:`wait` raise *error*. Does nothing if it is settled already.
        """
        if not self.is_settled:
            self._error = error
            self._settle()

    def wait(self, deadline: Deadline) -> T:
        """
        Wait for the result. A signal may interrupt it; call it once.

        Raises:
            WaitExpired: There is none yet.
        """
        remaining = deadline.remaining()
        timeout = -1 if remaining is None else min(remaining, threading.TIMEOUT_MAX)
        if not self._latch.acquire(timeout=timeout):
            raise WaitExpired
        return self._result()

    def _result(self) -> T:
        error, self._error = self._error, None
        if error is None:
            return self._value
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _settle(self) -> None:
        self.is_settled = True
        self._latch.release()


class WorkingWaiter(Waiter[T]):
    """
    One result, awaited by a worker that meanwhile does what the operation wants done.

    Nobody else could be trusted to do it: all workers may be waiting like this one.
    """

    __slots__ = ("_jobs",)

    def __init__(self) -> None:
        super().__init__()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def hand_over(self, job: Callable[[], None]) -> None:
        """
        Have the waiting thread run *job*, which must not raise.
        """
        self._jobs.put(job)

    def wait(self, deadline: Deadline) -> T:
        """
        Run jobs until there is a result.

        Raises:
            WaitExpired: There is none yet.
        """
        while True:
            remaining = deadline.remaining()
            timeout = None if remaining is None else min(remaining, threading.TIMEOUT_MAX)
            try:
                job = self._jobs.get(timeout=timeout)
            except queue.Empty:
                raise WaitExpired from None
            if job is None:
                return self._result()
            job()

    def _settle(self) -> None:
        super()._settle()
        self._jobs.put(None)
