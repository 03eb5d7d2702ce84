"""
What other threads have the network thread do, and where its results go.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from conversations._core.promises import Promise
from conversations.errors import ClientShutdownError

from .dispatcher import ListenerCall

if TYPE_CHECKING:
    from conversations._core.engine import Engine

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Outcome(Protocol[T_contra]):
    """
    Where the result of a command goes. Settled once, by the network thread.
    """

    def complete(self, value: T_contra, /) -> None:
        """
        It is there.
        """

    def fail(self, error: BaseException, /) -> None:
        """
        It will never be there.
        """


class ToldOutcome(Generic[T]):
    """
    Tells a listener, for want of anybody who waits.
    """

    def __init__(
        self,
        put_call: Callable[[ListenerCall], None],
        report: Callable[[Future[T]], ListenerCall] | None,
    ) -> None:
        self.is_settled = False
        self._put_call = put_call
        self._report = report

    def complete(self, value: T) -> None:
        """
        It is there.
        """
        future: Future[T] = Future()
        future.set_result(value)
        self._settle(future)

    def fail(self, error: BaseException) -> None:
        """
        It will never be there.
        """
        future: Future[T] = Future()
        future.set_exception(error)
        self._settle(future)

    def _settle(self, future: Future[T]) -> None:
        self.is_settled = True
        if self._report is not None:
            self._put_call(self._report(future))


class Command:
    """
    One operation, from the inbox to its waiter. Network thread only.
    """

    def __init__(
        self, operation: Callable[[Engine], Promise[T]], waiter: Outcome[T], name: str
    ) -> None:
        self._operation = operation
        self._name = name
        self._waiter: Outcome[Any] = waiter
        self._promise: Promise[Any] | None = None

    def start(self, engine: Engine) -> None:
        """
        Start the operation.
        """
        try:
            self._promise = self._operation(engine)
        except Exception as error:  # noqa: BLE001  # the caller gets it
            self._waiter.fail(error)
        else:
            self._promise.add_done_callback(self._settle)

    def refuse(self) -> None:
        """
        The network thread is ending.
        """
        self._waiter.fail(ClientShutdownError(operation=self._name))

    def cancel(self, engine: Engine) -> None:
        """
        The user has thought better of it.
        """
        if self._promise is not None:
            engine.cancel(self._promise)

    def give_up(self) -> None:
        """
        Nobody waits any more: the operation is abandoned.
        """
        if self._promise is not None:
            self._promise.remove_done_callback(self._settle)

    def _settle(self, promise: Promise[Any]) -> None:
        if promise.error is not None:
            self._waiter.fail(promise.error)
        else:
            self._waiter.complete(promise.result())
