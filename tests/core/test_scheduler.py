"""
Deferred work: order, time, cancellation.
"""

from __future__ import annotations

from conversations._core.scheduler import Scheduler


def test_callbacks_run_first_in_first_out_and_only_inside_run() -> None:
    scheduler, ran = Scheduler(), []
    scheduler.call_soon(lambda: ran.append(1))
    scheduler.call_soon(lambda: ran.append(2))
    assert ran == []
    scheduler.run(0.0)
    assert ran == [1, 2]


def test_a_callback_made_by_a_callback_runs_in_the_same_run() -> None:
    scheduler, ran = Scheduler(), []
    scheduler.call_soon(lambda: scheduler.call_soon(lambda: ran.append("inner")))
    scheduler.run(0.0)
    assert ran == ["inner"]


def test_timers_run_by_time_then_by_age() -> None:
    scheduler, ran = Scheduler(10.0), []
    scheduler.call_later(2.0, lambda: ran.append("late"))
    scheduler.call_at(11.0, lambda: ran.append("early, older"))
    scheduler.call_at(11.0, lambda: ran.append("early, younger"))
    scheduler.run(10.9)
    assert ran == []
    scheduler.run(12.0)
    assert ran == ["early, older", "early, younger", "late"]


def test_queued_callbacks_run_between_two_due_timers() -> None:
    scheduler, ran = Scheduler(), []

    def first() -> None:
        ran.append("timer 1")
        scheduler.call_soon(lambda: ran.append("callback"))

    scheduler.call_at(1.0, first)
    scheduler.call_at(1.0, lambda: ran.append("timer 2"))
    scheduler.run(1.0)
    assert ran == ["timer 1", "callback", "timer 2"]


def test_a_timer_that_is_made_due_runs_in_the_same_run() -> None:
    scheduler, ran = Scheduler(), []
    scheduler.call_at(1.0, lambda: scheduler.call_later(0.0, lambda: ran.append("now")))
    scheduler.run(1.0)
    assert ran == ["now"]


def test_a_cancelled_timer_never_runs_and_sets_no_deadline() -> None:
    scheduler, ran = Scheduler(), []
    timer = scheduler.call_at(1.0, lambda: ran.append("cancelled"))
    scheduler.call_at(2.0, lambda: ran.append("kept"))
    assert timer.is_active
    timer.cancel()
    timer.cancel()
    assert not timer.is_active
    assert scheduler.next_deadline() == 2.0
    scheduler.run(2.0)
    assert ran == ["kept"]


def test_a_timer_cancelled_while_due_does_not_run() -> None:
    scheduler, ran = Scheduler(), []

    def cancel() -> None:
        timer.cancel()

    scheduler.call_at(1.0, cancel)
    timer = scheduler.call_at(1.0, lambda: ran.append("cancelled"))
    scheduler.run(1.0)
    assert ran == []


def test_a_timer_fires_once() -> None:
    ran: list[int] = []
    timer = Scheduler().call_at(1.0, lambda: ran.append(1))
    timer.fire()
    timer.fire()
    assert ran == [1]
    assert timer.when == 1.0


def test_the_deadline_is_now_with_callbacks_and_none_without_anything() -> None:
    scheduler = Scheduler(5.0)
    assert scheduler.next_deadline() is None
    scheduler.call_soon(lambda: None)
    assert scheduler.next_deadline() == 5.0
    scheduler.run(6.0)
    assert scheduler.next_deadline() is None


def test_time_never_goes_back() -> None:
    scheduler = Scheduler(5.0)
    scheduler.run(4.0)
    assert scheduler.now == 5.0
    scheduler.run(6.0)
    assert scheduler.now == 6.0
