"""
Waiting, from another thread, until the emulator has come into some state.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Waiting(Generic[Found]):
    """
    Somebody who waits for *probe* to return something else than ``None``.
    """

    def __init__(self, probe: Callable[[], Found | None]) -> None:
        self.future: Future[Found] = Future()
        self._probe = probe

    def look(self) -> bool:
        """
        Whether the waiting is over, with what the probe found or raised.
        """
        try:
            found, error = self._probe(), None
        except Exception as raised:  # noqa: BLE001  # raised again where it is waited for
            found, error = None, raised
        if found is None and error is None:
            return self.future.cancelled()
        if self.future.set_running_or_notify_cancel():
            if error is not None:
                self.future.set_exception(error)
            elif found is not None:
                self.future.set_result(found)
        return True


class Watch:
    """
    All who wait. Their probes run on the emulator's thread whenever something has changed.
    """

    def __init__(self) -> None:
        self._waiting: list[Waiting[object]] = []

    def add(self, probe: Callable[[], Found | None]) -> Future[Found]:
        """
        Begin to wait. The future is settled at once if there is nothing to wait for.
        """
        waiting = Waiting(probe)
        if not waiting.look():
            self._waiting.append(waiting)  # type: ignore[arg-type]  # what it finds is its own affair
        return waiting.future

    def changed(self) -> None:
        """
        Something happened that somebody may wait for.
        """
        if self._waiting:
            self._waiting = [waiting for waiting in self._waiting if not waiting.look()]

    def close(self, error: Exception) -> None:
        """
        Nothing will change any more.
        """
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.future.set_running_or_notify_cancel():
                waiter.future.set_exception(error)
