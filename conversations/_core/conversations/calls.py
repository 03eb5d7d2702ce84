"""
Calls of the user's: one clock for everything that happens inside, one outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from conversations._core.promises import Cancelled, Promise, Task, spawn
from conversations._core.scheduler import Scheduler
from conversations.enums import ErrorReason
from conversations.errors import (
    ClientShutdownError,
    ConversationsError,
    ErrorInfo,
    OperationCancelledError,
    RequestTimeoutError,
)

from .failures import copied

T = TypeVar("T")


class Call:
    """
    One blocking call under way.

    Args:
        name: As the attribute.
        now: The time, on the scheduler's clock.
        timeout: Seconds for everything.
        is_extended: Seconds for each stretch without progress instead.

    Attributes:
        name: Operation and object, as errors name it: ``send_message to CH…``.
        timeout: Seconds, for everything or for each stretch without progress.
        deadline: When it ends, on the scheduler's clock.
        step: What it waits for at the moment.
        may_have_been_sent: Whether a change is on its way whose outcome is not known.
        last_error: What went wrong last on the way, chained to a time-out.
        ended_by: Why it was ended from outside: its time, shutdown, or the user.
    """

    def __init__(self, name: str, *, now: float, timeout: float, is_extended: bool = False) -> None:
        self.name = name
        self.timeout = timeout
        self.deadline = now + timeout
        self.step = "its turn"
        self.may_have_been_sent = False
        self.last_error: BaseException | None = None
        self.ended_by: ConversationsError | None = None
        self._is_extended = is_extended

    def progressed(self, now: float) -> None:
        """
        Something got on. For a call whose stretches count, the next stretch begins.
        """
        if self._is_extended:
            self.deadline = now + self.timeout

    def timed_out(self) -> RequestTimeoutError:
        """
        The error for a call whose time is over.
        """
        lacking = "no progress for" if self._is_extended else "no result within"
        error = RequestTimeoutError(
            ErrorInfo(
                reason=ErrorReason.TIMEOUT,
                message=f"{lacking} {self.timeout:g} s; it waited for {self.step}",
            ),
            operation=self.name,
            may_have_been_sent=self.may_have_been_sent,
        )
        error.__cause__ = self.last_error
        return error


class _Alarm:
    """
    Goes off at a call's deadline, wherever that moves.
    """

    def __init__(self, scheduler: Scheduler, call: Call, on_time: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._call = call
        self._on_time = on_time
        self._timer = scheduler.call_at(call.deadline, self._look)

    def stop(self) -> None:
        """
        The call is over.
        """
        self._timer.cancel()

    def _look(self) -> None:
        if self._call.deadline > self._scheduler.now:  # it got on meanwhile
            self._timer = self._scheduler.call_at(self._call.deadline, self._look)
        else:
            self._on_time()


class Calls:
    """
    All calls under way: starts them, ends them in time, fails them on shutdown.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._under_way: dict[Promise[Any], tuple[Call, Task[Any]]] = {}
        self._connection_error: ConversationsError | None = None
        self._is_closed = False

    def connection_failed(self, error: ConversationsError) -> None:
        """
        Note why there is no connection, for those that time out because of it.
        """
        self._connection_error = error
        for call, _ in self._under_way.values():
            call.last_error = error

    def connected(self) -> None:
        """
        There is a connection: what was wrong before does not concern new calls.
        """
        self._connection_error = None

    def start(
        self,
        name: str,
        timeout: float,
        operation: Callable[[Call], Coroutine[Any, Any, T]],
        *,
        is_extended: bool = False,
    ) -> Promise[T]:
        """
        Run *operation* until it returns, raises, or *timeout* seconds are over.

        The promise is settled in any case, with a :class:`ConversationsError` if it fails;
        abandoning it cancels the operation.

        Args:
            name: Operation and object, as errors name it.
            timeout: Seconds.
            operation: Gets the call.
            is_extended: Whether *timeout* bounds each stretch without progress
                (:meth:`Call.progressed`), not the whole.
        """
        call = Call(name, now=self._scheduler.now, timeout=timeout, is_extended=is_extended)
        call.last_error = self._connection_error
        result: Promise[T] = Promise(self._scheduler, on_abandon=lambda: task.cancel())  # noqa: PLW0108  # made below
        if self._is_closed:
            result.reject(shut_down(name))
            return result
        task = spawn(self._scheduler, operation(call))
        self._under_way[result] = (call, task)

        alarm = _Alarm(self._scheduler, call, lambda: self._end(result, call.timed_out()))

        def finish(ended: Promise[T]) -> None:
            alarm.stop()
            self._under_way.pop(result, None)
            if ended.error is None:
                result.resolve(ended.result())
            else:
                result.reject(_named(ended.error, name))

        task.add_done_callback(finish)
        return result

    def cancel(self, promise: Promise[Any]) -> None:
        """
        Call off the call with that promise.

        Does nothing if it is over, or if a change is on its way: what has been asked of the
        service cannot be taken back, and its answer is worth more than "cancelled".
        """
        call, _ = self._under_way.get(promise, (None, None))
        if call is not None and not call.may_have_been_sent:
            self._end(promise, OperationCancelledError(operation=call.name))

    def close(self) -> None:
        """
        Fail every call with :class:`ClientShutdownError`, also those that come later.
        """
        self._is_closed = True
        for promise, (call, _) in list(self._under_way.items()):
            self._end(promise, shut_down(call.name))

    def _end(self, promise: Promise[Any], error: ConversationsError) -> None:
        found = self._under_way.pop(promise, None)
        if found is not None:  # else its time comes while it is being ended
            call, task = found
            call.ended_by = error
            task.cancel()  # what it tells on its way out comes before the outcome
            promise.reject(error)


def shut_down(operation: str) -> ClientShutdownError:
    """
    The error of every call on a client that is shut down.
    """
    return ClientShutdownError(
        ErrorInfo(reason=ErrorReason.CLIENT_SHUTDOWN, message="the client is shut down"),
        operation=operation,
    )


def _named(error: BaseException, name: str) -> BaseException:
    if isinstance(error, ConversationsError):
        named = copied(error)
        named.operation = name
        return named
    if isinstance(error, Cancelled):
        return shut_down(name)
    unknown = ConversationsError(
        ErrorInfo(reason=ErrorReason.UNKNOWN, message=f"unexpected {type(error).__name__}"),
        operation=name,
    )
    unknown.__cause__ = error
    return unknown
