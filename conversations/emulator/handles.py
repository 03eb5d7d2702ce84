"""
What a control returns: the way to end what was ordered, and to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from .fault_kinds import Fault, Hold

if TYPE_CHECKING:
    from .backend import Backend

Result = TypeVar("Result")
Found = TypeVar("Found")

WAIT_TIMEOUT = 10.0


class Caller(Protocol):
    """
    The way onto the emulator's thread.
    """

    def call(self, action: Callable[[Backend], Result]) -> Result:
        """
        Run *action* there and return its result.
        """
        ...


class FaultHandle:
    """
    An ordered fault. As a context manager it is lifted at the end of the block.
    """

    def __init__(self, caller: Caller, fault: Fault) -> None:
        self._caller = caller
        self._fault = fault

    @property
    def remaining(self) -> int | None:
        """
        How often it will still happen; ``None`` for until it is lifted.
        """
        return self._caller.call(lambda _backend: self._fault.remaining)

    def lift(self) -> None:
        """
        Let it not happen any more.
        """
        self._caller.call(lambda _backend: self._fault.lift())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lift()


class HoldHandle(FaultHandle):
    """
    Requests or replies that wait. At the end of a ``with`` block they are released.
    """

    def __init__(self, caller: Caller, hold: Hold) -> None:
        super().__init__(caller, hold)
        self._hold = hold

    @property
    def held(self) -> int:
        """
        How many wait now.
        """
        return self._caller.call(lambda _backend: len(self._hold.waiting))

    def release(self) -> None:
        """
        Let go what waits, in order, and hold nothing more.
        """
        self._caller.call(lambda _backend: self._hold.release())

    lift = release

    def wait_until_held(self, count: int = 1, *, timeout: float = WAIT_TIMEOUT) -> None:
        """
        Wait until so many requests or replies are held.

        Raises:
            TimeoutError: They did not come in time.
        """
        wait_for(
            self._caller,
            lambda _backend: len(self._hold.waiting) >= count or None,
            timeout=timeout,
            what=f"{count} held requests or replies",
        )


def order(caller: Caller, fault: Fault) -> FaultHandle:
    """
    Let a fault be in force.
    """
    caller.call(lambda backend: backend.faults.add(fault))
    return FaultHandle(caller, fault)


def hold(caller: Caller, ordered: Hold) -> HoldHandle:
    """
    Let a hold be in force.
    """
    caller.call(lambda backend: backend.faults.add(ordered))
    return HoldHandle(caller, ordered)


def wait_for(
    caller: Caller, probe: Callable[[Backend], Found | None], *, timeout: float, what: str
) -> Found:
    """
    Wait until *probe*, which runs on the emulator's thread after every change, finds something.

    Raises:
        TimeoutError: It did not in time.
    """
    future = caller.call(lambda backend: backend.watch.add(lambda: probe(backend)))
    try:
        return future.result(timeout)
    except TimeoutError:
        if not future.cancel():  # it came at the last moment
            return future.result(timeout)
        raise TimeoutError(f"{what} did not come within {timeout} s") from None
