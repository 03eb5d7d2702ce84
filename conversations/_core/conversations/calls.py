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
    RequestTimeoutError,
)

from .failures import copied

T = TypeVar("T")


class Call:
    """
    One blocking call under way.

    Attributes:
        name: Operation and object, as errors name it: ``send_message to CH…``.
        deadline: When it ends, on the scheduler's clock.
        step: What it waits for at the moment.
        may_have_been_sent: Whether a change is on its way whose outcome is not known.
        last_error: What went wrong last on the way, chained to a time-out.
    """

    def __init__(self, name: str, deadline: float) -> None:
        self.name = name
        self.deadline = deadline
        self.step = "its turn"
        self.may_have_been_sent = False
        self.last_error: BaseException | None = None

    def timed_out(self, timeout: float) -> RequestTimeoutError:
        """
        The error for a call whose time is over.
        """
        error = RequestTimeoutError(
            ErrorInfo(
                reason=ErrorReason.TIMEOUT,
                message=f"no result within {timeout:g} s; it waited for {self.step}",
            ),
            operation=self.name,
            may_have_been_sent=self.may_have_been_sent,
        )
        error.__cause__ = self.last_error
        return error


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
    ) -> Promise[T]:
        """
        Run *operation* until it returns, raises, or *timeout* seconds are over.

        The promise is settled in any case, with a :class:`ConversationsError` if it fails;
        abandoning it cancels the operation.
        """
        call = Call(name, self._scheduler.now + timeout)
        call.last_error = self._connection_error
        result: Promise[T] = Promise(self._scheduler, on_abandon=lambda: task.cancel())  # noqa: PLW0108  # made below
        if self._is_closed:
            result.reject(shut_down(name))
            return result
        task = spawn(self._scheduler, operation(call))
        self._under_way[result] = (call, task)

        def expire() -> None:
            self._under_way.pop(result, None)
            result.reject(call.timed_out(timeout))
            task.cancel()

        timer = self._scheduler.call_at(call.deadline, expire)

        def finish(ended: Promise[T]) -> None:
            timer.cancel()
            self._under_way.pop(result, None)
            if ended.error is None:
                result.resolve(ended.result())
            else:
                result.reject(_named(ended.error, name))

        task.add_done_callback(finish)
        return result

    def close(self) -> None:
        """
        Fail every call with :class:`ClientShutdownError`, also those that come later.
        """
        self._is_closed = True
        under_way, self._under_way = self._under_way, {}
        for promise, (call, task) in under_way.items():
            promise.reject(shut_down(call.name))
            task.cancel()


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
