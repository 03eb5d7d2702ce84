"""
Notices a connection that is silently dead.
"""

from __future__ import annotations

from collections.abc import Callable

from conversations._core.scheduler import Scheduler, Timer


class Watchdog:
    """
    Calls *on_silence* once nothing came in for *timeout* seconds.

    Feeding it only notes the time; the one timer there is looks at the note when it fires.
    So a busy connection does not fill the scheduler with cancelled timers.
    """

    def __init__(
        self, scheduler: Scheduler, timeout: float, on_silence: Callable[[], None]
    ) -> None:
        self._scheduler = scheduler
        self._timeout = timeout
        self._on_silence = on_silence
        self._last_sign = 0.0
        self._timer: Timer | None = None

    def start(self) -> None:
        """
        Begin to watch.
        """
        self.feed()
        self._plan()

    def feed(self) -> None:
        """
        Something came in.
        """
        self._last_sign = self._scheduler.now

    def stop(self) -> None:
        """
        Watch no longer.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self) -> None:
        self._timer = self._scheduler.call_at(self._last_sign + self._timeout, self._look)

    def _look(self) -> None:
        if self._last_sign + self._timeout > self._scheduler.now:
            self._plan()
        else:
            self._on_silence()
