"""
Operations in flight that several callers share.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from conversations._core.promises import Promise, Task, spawn
from conversations._core.scheduler import Scheduler

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SharedCalls(Generic[Key, T]):
    """
    Runs an operation once for all who ask for it while it runs.

    It is cancelled when the last of them stops waiting; who asks after that starts it anew.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._running: dict[Key, Promise[T]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._running

    def join(self, key: Key, start: Callable[[], Coroutine[Any, Any, T]]) -> Promise[T]:
        """
        The result of the operation *key*, which *start* makes unless it is running.
        """
        running = self._running.get(key)
        if running is not None:
            return running

        def abandon() -> None:
            del self._running[key]
            task.cancel()

        def settle(finished: Promise[T]) -> None:
            if self._running.get(key) is not promise:  # abandoned
                return
            del self._running[key]
            if finished.error is not None:
                promise.reject(finished.error)
            else:
                promise.resolve(finished.result())

        promise: Promise[T] = Promise(self._scheduler, on_abandon=abandon)
        self._running[key] = promise
        task: Task[T] = spawn(self._scheduler, start())
        task.add_done_callback(settle)
        return promise
