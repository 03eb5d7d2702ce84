"""
What time it is: the system's clock, or one that a test moves by hand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """
    Where the emulator takes the time from.
    """

    def time(self) -> float:
        """
        Seconds since the epoch: what dates and the times in tokens are compared with.
        """
        ...

    def monotonic(self) -> float:
        """
        Seconds since any moment, never going back: what timers are measured with.
        """
        ...


class SystemClock:
    """
    The clock of the machine.
    """

    def time(self) -> float:
        """
        Seconds since the epoch.
        """
        return time.time()

    def monotonic(self) -> float:
        """
        Seconds that never go back.
        """
        return time.monotonic()


class ManualClock:
    """
    A clock that stands still until it is moved. Any thread.

    An emulator that was given one runs its timers (pings, expiry of tokens, time limits) when
    the clock is moved past them, before :meth:`advance` returns.

    Args:
        start: Seconds since the epoch at the beginning.
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._lock = threading.Lock()  # guards the three below; nothing is called under it
        self._start = start
        self._passed = 0.0
        self._observers: list[Callable[[], None]] = []

    def time(self) -> float:
        """
        Seconds since the epoch.
        """
        with self._lock:
            return self._start + self._passed

    def monotonic(self) -> float:
        """
        Seconds since the beginning.
        """
        with self._lock:
            return self._passed

    def advance(self, seconds: float) -> None:
        """
        Let *seconds* pass and wait until everything that falls due has run.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._lock:
            self._passed += seconds
            observers = list(self._observers)
        for observer in observers:
            observer()

    def add_observer(self, observer: Callable[[], None]) -> None:
        """
        Call *observer* after each move, on the thread that moved the clock.
        """
        with self._lock:
            self._observers.append(observer)

    def remove_observer(self, observer: Callable[[], None]) -> None:
        """
        Undo :meth:`add_observer`.
        """
        with self._lock:
            if observer in self._observers:
                self._observers.remove(observer)


def iso_date(seconds: float) -> str:
    """
    The date format of the client API and of Sync: UTC with milliseconds.
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
