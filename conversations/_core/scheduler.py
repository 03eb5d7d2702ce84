"""
Deferred work of the core: callbacks that are due now and timers that are due later.

The core has no clock. Whoever drives it says what time it is with every call, and asks
:meth:`Scheduler.next_deadline` when to come back.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count


class Timer:
    """
    One callback that runs once at a given time, unless it is cancelled before.
    """

    __slots__ = ("_callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self._callback: Callable[[], None] | None = callback

    @property
    def is_active(self) -> bool:
        """
        Whether the callback is still to come.
        """
        return self._callback is not None

    def cancel(self) -> None:
        """
        Forget the callback. Cancelling twice, or after it ran, does nothing.
        """
        self._callback = None

    def fire(self) -> None:
        """
        Run the callback, once.
        """
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Scheduler:
    """
    The core's run queue and timer heap.

    Everything runs inside :meth:`run`, on the thread that calls it, in a fixed order:
    callbacks first in, first out; then due timers by time, then by age.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._ready: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._age = count()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """
        Run *callback* in the current or next :meth:`run`, after what is queued already.
        """
        self._ready.append(callback)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """
        Run *callback* as soon as the time is *when* (seconds, same clock as ``now``).
        """
        timer = Timer(when, callback)
        heapq.heappush(self._timers, (when, next(self._age), timer))
        return timer

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """
        Run *callback* in *delay* seconds.
        """
        return self.call_at(self.now + delay, callback)

    def next_deadline(self) -> float | None:
        """
        The time at which :meth:`run` has something to do, or ``None`` if nothing is planned.
        """
        if self._ready:
            return self.now
        while self._timers and not self._timers[0][2].is_active:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run(self, now: float) -> None:
        """
        Run everything that is due at *now*, and everything which that makes due.

        Time never goes back: an older *now* counts as the newest one seen.
        """
        self.now = max(self.now, now)
        while True:
            while self._ready:
                self._ready.popleft()()
            if not self._timers or self._timers[0][0] > self.now:
                return
            heapq.heappop(self._timers)[2].fire()
