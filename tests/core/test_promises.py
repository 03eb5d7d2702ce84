"""
Promises and the coroutines that wait for them.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from conversations._core.promises import Cancelled, Promise, Task, gather, sleep, spawn
from conversations._core.scheduler import Scheduler


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


async def wait_for(promise: Promise[Any]) -> Any:
    return await promise


def test_a_promise_is_settled_once(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    assert not promise.is_settled
    promise.resolve(1)
    promise.resolve(2)
    promise.reject(ValueError())
    assert promise.is_settled
    assert promise.result() == 1
    assert promise.error is None


def test_a_rejected_promise_raises_its_error(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    error = ValueError("no")
    promise.reject(error)
    promise.resolve(1)
    assert promise.error is error
    with pytest.raises(ValueError, match="no"):
        promise.result()


def test_none_is_a_value(scheduler: Scheduler) -> None:
    promise: Promise[None] = Promise(scheduler)
    promise.resolve(None)
    assert promise.is_settled
    assert promise.result() is None


def test_an_open_promise_has_no_result(scheduler: Scheduler) -> None:
    with pytest.raises(RuntimeError, match="not settled"):
        Promise[int](scheduler).result()


def test_callbacks_run_from_the_queue_in_order_whenever_they_were_added(
    scheduler: Scheduler,
) -> None:
    promise: Promise[str] = Promise(scheduler)
    seen: list[tuple[int, str]] = []
    promise.add_done_callback(lambda settled: seen.append((1, settled.result())))
    promise.add_done_callback(lambda settled: seen.append((2, settled.result())))
    promise.resolve("value")
    promise.add_done_callback(lambda settled: seen.append((3, settled.result())))
    assert seen == []
    scheduler.run(0.0)
    assert seen == [(1, "value"), (2, "value"), (3, "value")]


def test_taking_back_the_last_callback_abandons_the_promise_once(scheduler: Scheduler) -> None:
    abandoned: list[str] = []
    promise: Promise[int] = Promise(scheduler, on_abandon=lambda: abandoned.append("gone"))
    first, second = (lambda _: None), (lambda _: None)
    promise.add_done_callback(first)
    promise.add_done_callback(second)
    promise.remove_done_callback(first)
    assert abandoned == []
    promise.remove_done_callback(second)
    promise.remove_done_callback(second)
    assert abandoned == ["gone"]


def test_a_settled_promise_is_not_abandoned(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler, on_abandon=lambda: pytest.fail("abandoned"))
    promise.add_done_callback(print)
    promise.resolve(1)
    promise.remove_done_callback(print)


def test_a_promise_without_use_for_it_may_be_abandoned(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    promise.add_done_callback(print)
    promise.remove_done_callback(print)
    assert not promise.is_settled


def test_a_task_runs_from_the_queue_and_returns_a_value(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    task = spawn(scheduler, wait_for(promise))
    scheduler.run(0.0)
    assert not task.is_settled
    promise.resolve(7)
    scheduler.run(0.0)
    assert task.result() == 7


def test_a_task_does_not_wait_for_what_is_there(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    promise.resolve(7)
    task = spawn(scheduler, wait_for(promise))
    scheduler.run(0.0)
    assert task.result() == 7


def test_an_error_comes_out_of_the_task(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    task = spawn(scheduler, wait_for(promise))
    scheduler.run(0.0)
    promise.reject(KeyError("k"))
    scheduler.run(0.0)
    assert isinstance(task.error, KeyError)


def test_a_task_can_wait_for_a_task(scheduler: Scheduler) -> None:
    inner = spawn(scheduler, wait_for(sleep(scheduler, 1.0)))
    outer = spawn(scheduler, wait_for(inner))
    scheduler.run(1.0)
    assert outer.is_settled


def test_a_cancelled_task_can_clean_up(scheduler: Scheduler) -> None:
    cleaned: list[str] = []

    async def operation() -> None:
        try:
            await Promise[int](scheduler)
        finally:
            cleaned.append("cleaned")

    task = spawn(scheduler, operation())
    scheduler.run(0.0)
    task.cancel()
    task.cancel()
    assert cleaned == []
    scheduler.run(0.0)
    assert cleaned == ["cleaned"]
    assert isinstance(task.error, Cancelled)
    task.cancel()


def test_a_task_cancelled_before_its_first_step_does_nothing(scheduler: Scheduler) -> None:
    async def operation() -> None:
        pytest.fail("ran")

    task = spawn(scheduler, operation())
    task.cancel()
    scheduler.run(0.0)
    assert isinstance(task.error, Cancelled)


def test_a_task_may_survive_its_cancellation(scheduler: Scheduler) -> None:
    async def operation() -> str:
        try:
            await Promise[int](scheduler)
        except Cancelled:
            await sleep(scheduler, 1.0)
        return "survived"

    task = spawn(scheduler, operation())
    scheduler.run(0.0)
    task.cancel()
    scheduler.run(0.0)
    scheduler.run(1.0)
    assert task.result() == "survived"


def test_a_task_may_cancel_itself(scheduler: Scheduler) -> None:
    async def operation() -> None:
        task.cancel()
        await sleep(scheduler, 1.0)

    task: Task[None] = spawn(scheduler, operation())
    scheduler.run(0.0)
    assert isinstance(task.error, Cancelled)


def test_cancellation_wins_over_a_value_that_is_on_its_way(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    task = spawn(scheduler, wait_for(promise))
    scheduler.run(0.0)
    promise.resolve(1)
    task.cancel()
    scheduler.run(0.0)
    assert isinstance(task.error, Cancelled)


def test_a_task_is_cancelled_when_nobody_waits_for_it_any_more(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler, on_abandon=lambda: abandoned.append("gone"))
    abandoned: list[str] = []
    inner = spawn(scheduler, wait_for(promise))
    outer = spawn(scheduler, wait_for(inner))
    scheduler.run(0.0)
    outer.cancel()
    scheduler.run(0.0)
    assert isinstance(inner.error, Cancelled)
    assert abandoned == ["gone"]


def test_a_stray_step_does_nothing(scheduler: Scheduler) -> None:
    promise: Promise[int] = Promise(scheduler)
    task = spawn(scheduler, wait_for(promise))
    scheduler.run(0.0)
    task._step()
    assert not task.is_settled
    promise.resolve(7)
    scheduler.run(0.0)
    task._step()
    assert task.result() == 7


def test_a_cancelled_sleep_leaves_no_timer(scheduler: Scheduler) -> None:
    task = spawn(scheduler, wait_for(sleep(scheduler, 60.0)))
    scheduler.run(0.0)
    assert scheduler.next_deadline() == 60.0
    task.cancel()
    scheduler.run(0.0)
    assert scheduler.next_deadline() is None


async def later(scheduler: Scheduler, delay: float, outcome: Any) -> Any:
    await sleep(scheduler, delay)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def run_gather(scheduler: Scheduler, *coroutines: Coroutine[Any, Any, Any]) -> Task[list[Any]]:
    task = spawn(scheduler, gather(scheduler, coroutines))
    scheduler.run(0.0)
    return task


def test_gather_runs_at_the_same_time_and_keeps_the_order(scheduler: Scheduler) -> None:
    task = run_gather(scheduler, later(scheduler, 2.0, "a"), later(scheduler, 1.0, "b"))
    scheduler.run(2.0)
    assert task.result() == ["a", "b"]


def test_gather_waits_for_all_and_raises_the_first_error_in_order(scheduler: Scheduler) -> None:
    task = run_gather(
        scheduler,
        later(scheduler, 2.0, ValueError("first")),
        later(scheduler, 1.0, ValueError("second")),
        later(scheduler, 3.0, "value"),
    )
    scheduler.run(2.5)
    assert not task.is_settled
    scheduler.run(3.0)
    with pytest.raises(ValueError, match="first"):
        task.result()


def test_a_cancelled_gather_cancels_everything(scheduler: Scheduler) -> None:
    task = run_gather(scheduler, later(scheduler, 5.0, "a"), later(scheduler, 6.0, "b"))
    scheduler.run(1.0)
    task.cancel()
    scheduler.run(1.0)
    assert isinstance(task.error, Cancelled)
    assert scheduler.next_deadline() is None


def test_gather_of_nothing_is_an_empty_list(scheduler: Scheduler) -> None:
    task = run_gather(scheduler)
    scheduler.run(0.0)
    assert task.result() == []
