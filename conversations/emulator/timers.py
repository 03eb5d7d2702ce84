"""
Callbacks at a later time on the emulator's thread, by whichever clock it was given.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from itertools import count

from .clock import Clock

_logger = logging.getLogger("conversations.emulator")


class Timer:
    """
    One callback to come.
    """

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def is_active(self) -> bool:
        """
        Whether the callback is still to come.
        """
        return self._callback is not None

    def cancel(self) -> None:
        """
        Forget the callback.
        """
        self._callback = None

    def fire(self) -> None:
        """
        Run the callback, once.
        """
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Timers:
    """
    A heap of timers and one wake-up of the event loop for the earliest. Emulator thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._age = count()
        self._wake_up: asyncio.TimerHandle | None = None

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """
        Run *callback* in *delay* seconds.
        """
        timer = Timer(callback)
        heapq.heappush(self._heap, (self._clock.monotonic() + delay, next(self._age), timer))
        self._plan()
        return timer

    def run_due(self) -> None:
        """
        Run what is due. Comes by itself, except when a clock was moved by hand.
        """
        while self._heap and self._heap[0][0] <= self._clock.monotonic():
            timer = heapq.heappop(self._heap)[2]
            try:
                timer.fire()
            except Exception:  # one timer's bug must not stop the others
                _logger.exception("a timer of the emulator failed")
        self._plan()

    def close(self) -> None:
        """
        Forget everything.
        """
        self._heap.clear()
        self._plan()

    def _plan(self) -> None:
        while self._heap and not self._heap[0][2].is_active:
            heapq.heappop(self._heap)
        if self._wake_up is not None:
            self._wake_up.cancel()
            self._wake_up = None
        if self._heap:
            delay = self._heap[0][0] - self._clock.monotonic()
            self._wake_up = self._loop.call_later(max(delay, 0.0), self.run_due)
