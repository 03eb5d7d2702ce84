"""
Values that arrive later, and coroutines that wait for them.

The core's operations take several steps with answers of the server in between. They are
written as ``async`` functions so that they read from top to bottom, but there is no event
loop and no thread: a :class:`Task` is stepped by the :class:`Scheduler`, on whatever thread
drives the core. Not related to :mod:`asyncio`, and never mixed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, Generic, TypeVar, cast

from .scheduler import Scheduler

T = TypeVar("T")

_PENDING: Any = object()


class Cancelled(Exception):
    """
    The task was cancelled; raised inside its coroutine, and by :meth:`Promise.result`.
    """


class Promise(Generic[T]):
    """
    A value or an error that is settled once. Core thread only.

    Callbacks never run inside :meth:`resolve` or :meth:`reject` but from the scheduler's
    queue, so that whoever settles a promise is not re-entered.

    Args:
        scheduler: Runs the callbacks.
        on_abandon: Called once if the last waiting task goes away before the promise is
            settled, so that work nobody waits for can be dropped.
    """

    def __init__(self, scheduler: Scheduler, on_abandon: Callable[[], None] | None = None) -> None:
        self.scheduler = scheduler
        self._on_abandon = on_abandon
        self._value: T = _PENDING
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Promise[T]], None]] = []

    @property
    def is_settled(self) -> bool:
        """
        Whether there is a value or an error.
        """
        return self._error is not None or self._value is not _PENDING

    @property
    def error(self) -> BaseException | None:
        """
        The error, or ``None`` if there is none (yet).
        """
        return self._error

    def result(self) -> T:
        """
        The value; raises the error. Must be settled.
        """
        if self._error is not None:
            raise self._error
        if self._value is _PENDING:
            message = "the promise is not settled"
            raise RuntimeError(message)
        return self._value

    def resolve(self, value: T) -> None:
        """
        Settle with *value*. Does nothing if it is settled already.
        """
        if not self.is_settled:
            self._value = value
            self._settled()

    def reject(self, error: BaseException) -> None:
        """
        Settle with *error*. Does nothing if it is settled already.
        """
        if not self.is_settled:
            self._error = error
            self._settled()

    def add_done_callback(self, callback: Callable[[Promise[T]], None]) -> None:
        """
        Call *callback* with this promise from the scheduler's queue once it is settled.
        """
        if self.is_settled:
            self.scheduler.call_soon(lambda: callback(self))
        else:
            self._callbacks.append(callback)

    def remove_done_callback(self, callback: Callable[[Promise[T]], None]) -> None:
        """
        Take a callback back; without any left the promise counts as abandoned.
        """
        if callback in self._callbacks:
            self._callbacks.remove(callback)
        if not self._callbacks and not self.is_settled and self._on_abandon is not None:
            on_abandon, self._on_abandon = self._on_abandon, None
            on_abandon()

    def __await__(self) -> Generator[Promise[Any], None, T]:
        """
        Wait inside a :class:`Task`.
        """
        if not self.is_settled:
            yield self
        return self.result()

    def _settled(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        self._on_abandon = None
        for callback in callbacks:
            self.scheduler.call_soon(lambda callback=callback: callback(self))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


class Task(Promise[T]):
    """
    A running coroutine, and the promise of what it returns.
    """

    def __init__(self, scheduler: Scheduler, coroutine: Coroutine[Any, Any, T]) -> None:
        super().__init__(scheduler, on_abandon=self.cancel)
        self._coroutine = coroutine
        self._awaited: Promise[Any] | None = None
        self._is_cancelled = False
        scheduler.call_soon(self._step)

    def cancel(self) -> None:
        """
        Raise :class:`Cancelled` inside the coroutine at the point where it waits.
        """
        if self.is_settled or self._is_cancelled:
            return
        self._is_cancelled = True
        self._detach()

    def _wake(self, settled: Promise[Any]) -> None:
        if settled is self._awaited:  # not one that a cancellation has left behind
            self._awaited = None
            self._step()

    def _step(self) -> None:
        if self.is_settled or self._awaited is not None:
            return
        throw, self._is_cancelled = self._is_cancelled, False
        try:
            awaited = self._coroutine.throw(Cancelled()) if throw else self._coroutine.send(None)
        except StopIteration as stop:
            self.resolve(cast("T", stop.value))
        except Exception as error:  # noqa: BLE001  # the promise carries it to whoever waits
            self.reject(error)
        else:
            self._awaited = cast("Promise[Any]", awaited)
            self._awaited.add_done_callback(self._wake)
            if self._is_cancelled:  # by something the coroutine itself called
                self._detach()

    def _detach(self) -> None:
        if self._awaited is not None:
            awaited, self._awaited = self._awaited, None
            awaited.remove_done_callback(self._wake)
            self.scheduler.call_soon(self._step)


def spawn(scheduler: Scheduler, coroutine: Coroutine[Any, Any, T]) -> Task[T]:
    """
    Run *coroutine* as a task of its own. Its first step comes from the scheduler's queue.

    A task is cancelled when the last one that waited for it stops waiting; one that nobody
    ever waits for runs to its end.
    """
    return Task(scheduler, coroutine)


def sleep(scheduler: Scheduler, delay: float) -> Promise[None]:
    """
    A promise that resolves in *delay* seconds.
    """
    promise: Promise[None] = Promise(scheduler, on_abandon=lambda: timer.cancel())  # noqa: PLW0108  # made below
    timer = scheduler.call_later(delay, lambda: promise.resolve(None))
    return promise


async def gather(scheduler: Scheduler, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """
    Run several coroutines at the same time and return their results in the same order.

    Waits for all of them, then raises the first error in that order, if there is one.
    """
    tasks = [spawn(scheduler, coroutine) for coroutine in coroutines]
    first_error: BaseException | None = None
    results: list[T] = []
    try:
        for task in tasks:
            try:
                results.append(await task)
            except Cancelled:
                raise
            except Exception as error:  # noqa: BLE001  # raised below, after the others ended
                first_error = first_error or error
    except Cancelled:
        for task in tasks:
            task.cancel()
        raise
    if first_error is not None:
        raise first_error
    return results
