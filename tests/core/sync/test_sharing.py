from __future__ import annotations

import pytest

from conversations._core.promises import Cancelled, Promise, Task, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.sync.sharing import SharedCalls


class Shared:
    """
    A shared operation that waits for a gate.
    """

    def __init__(self) -> None:
        self.scheduler = Scheduler(0.0)
        self.calls: SharedCalls[str, int] = SharedCalls(self.scheduler)
        self.started = 0
        self.gate: Promise[int] = Promise(self.scheduler)
        self.ended: list[str] = []

    async def operation(self) -> int:
        self.started += 1
        try:
            return await self.gate
        except Cancelled:
            self.ended.append("cancelled")
            raise

    def caller(self) -> Task[int]:
        async def call() -> int:
            return await self.calls.join("key", self.operation)

        task = spawn(self.scheduler, call())
        self.scheduler.run(0.0)
        return task


def test_concurrent_calls_share_one_run() -> None:
    shared = Shared()
    callers = [shared.caller(), shared.caller()]
    assert shared.started == 1
    assert "key" in shared.calls
    shared.gate.resolve(7)
    shared.scheduler.run(0.0)
    assert [caller.result() for caller in callers] == [7, 7]
    assert "key" not in shared.calls


def test_concurrent_calls_share_the_error() -> None:
    shared = Shared()
    callers = [shared.caller(), shared.caller()]
    shared.gate.reject(ValueError("no"))
    shared.scheduler.run(0.0)
    for caller in callers:
        with pytest.raises(ValueError, match="no"):
            caller.result()


def test_a_later_call_runs_anew() -> None:
    shared = Shared()
    shared.caller()
    shared.gate.resolve(7)
    shared.scheduler.run(0.0)
    assert shared.caller().result() == 7
    assert shared.started == 2


def test_it_goes_on_as_long_as_anybody_waits() -> None:
    shared = Shared()
    first, second = shared.caller(), shared.caller()
    first.cancel()
    shared.scheduler.run(0.0)
    shared.gate.resolve(7)
    shared.scheduler.run(0.0)
    assert second.result() == 7


def test_it_is_cancelled_with_the_last_who_waits_and_can_start_again_at_once() -> None:
    shared = Shared()
    shared.caller().cancel()
    assert "key" not in shared.calls
    again = shared.caller()
    assert shared.started == 2
    assert shared.ended == ["cancelled"]
    shared.gate.resolve(7)
    shared.scheduler.run(0.0)
    assert again.result() == 7
