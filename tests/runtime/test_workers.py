from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

import pytest

from conversations._runtime.waiters import Deadline
from conversations._runtime.workers import WorkerPool, _Job
from conversations.errors import ClientForkedError, ClientShutdownError
from tests.net.raw_server import in_background
from tests.runtime.fakes import Recorder
from tests.timing import limit


class Gate:
    """
    A job that ends when it is opened.
    """

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.opened.wait(limit())
        return threading.current_thread().name


class Setting:
    def __init__(self, size: int = 2, idle_seconds: float = 60.0) -> None:
        self.quiet: Recorder[str] = Recorder()
        self.pool = WorkerPool(
            number=7,
            size=size,
            on_quiet=lambda: self.quiet.add("quiet"),
            idle_seconds=idle_seconds,
        )

    def close(self) -> None:
        self.pool.close()
        self.pool.fail_waiting(ClientShutdownError())
        assert self.pool.join(Deadline(limit())) == []


@pytest.fixture
def setting() -> Iterator[Setting]:
    made = Setting()
    yield made
    made.close()


def worker_names() -> list[str]:
    return sorted(
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("conversations-worker-7-")
    )


def test_no_thread_before_there_is_work(setting: Setting) -> None:
    assert worker_names() == []


def test_a_job_runs_on_a_named_daemon_thread(setting: Setting) -> None:
    future = setting.pool.submit(threading.current_thread)

    thread = future.result(limit())
    assert thread.name == "conversations-worker-7-1"
    assert thread.daemon


def test_an_exception_goes_into_the_future(setting: Setting) -> None:
    def broken() -> None:
        raise LookupError("my fault")

    assert isinstance(setting.pool.submit(broken).exception(limit()), LookupError)


def test_even_an_exception_that_ends_programs_stays_in_the_future(setting: Setting) -> None:
    def quitting() -> None:
        raise SystemExit(1)

    assert isinstance(setting.pool.submit(quitting).exception(limit()), SystemExit)
    assert setting.pool.submit(lambda: 1).result(limit()) == 1


def test_at_most_so_many_jobs_run_at_once(setting: Setting) -> None:
    gates = [Gate() for _ in range(3)]
    futures = [setting.pool.submit(gate) for gate in gates]
    assert gates[0].entered.wait(limit())
    assert gates[1].entered.wait(limit())

    assert not gates[2].entered.is_set()
    assert len(worker_names()) == 2
    for gate in gates:
        gate.opened.set()
    for future in futures:
        future.result(limit())


def test_a_worker_takes_the_next_job() -> None:
    setting = Setting(size=1)

    names = {
        setting.pool.submit(lambda: threading.current_thread().name).result(limit())
        for _ in range(3)
    }

    assert names == {"conversations-worker-7-1"}
    setting.close()


def test_an_idle_worker_ends_after_a_while() -> None:
    setting = Setting(idle_seconds=0.0)

    setting.pool.submit(lambda: None).result(limit())
    for thread in list(setting.pool._threads):
        thread.join(limit())
    assert worker_names() == []

    assert setting.pool.submit(lambda: 1).result(limit()) == 1
    setting.close()


def test_a_dedicated_thread_does_not_queue_behind_jobs(setting: Setting) -> None:
    gates = [Gate() for _ in range(3)]
    for gate in gates:
        setting.pool.submit(gate)
    done = threading.Event()

    setting.pool.start_thread(done.set, "something urgent")

    assert done.wait(limit())
    for gate in gates:
        gate.opened.set()


def test_a_dedicated_thread_that_fails_is_logged(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("a bug of ours")

    setting.pool.start_thread(broken, "something urgent")
    setting.close()

    assert [record.getMessage() for record in caplog.records] == [
        "[7] the thread for something urgent failed"
    ]


def test_a_worker_knows_that_it_is_one(setting: Setting) -> None:
    assert setting.pool.submit(lambda: setting.pool.is_worker).result(limit())
    assert not setting.pool.is_worker


def test_a_cancelled_job_does_not_run(setting: Setting) -> None:
    gates = [Gate(), Gate()]
    for gate in gates:
        setting.pool.submit(gate)
    ran = threading.Event()
    future = setting.pool.submit(ran.set)

    assert future.cancel()
    for gate in gates:
        gate.opened.set()
    setting.close()

    assert not ran.is_set()
    with pytest.raises(CancelledError):
        future.result()


def test_done_callbacks_run_on_the_worker_or_at_once(setting: Setting) -> None:
    # The rules of concurrent.futures.
    gate = Gate()
    names: Recorder[str] = Recorder()
    future = setting.pool.submit(gate)
    future.add_done_callback(lambda _: names.add(threading.current_thread().name))
    gate.opened.set()
    future.result(limit())
    names.wait_for("conversations-worker-7-1")

    future.add_done_callback(lambda _: names.add(threading.current_thread().name))

    names.wait_for("conversations-worker-7-1", threading.current_thread().name)


def test_a_closed_pool_takes_nothing(setting: Setting) -> None:
    setting.pool.close()

    with pytest.raises(ClientShutdownError):
        setting.pool.submit(lambda: None)


def test_closing_lets_the_job_under_way_finish_and_fails_the_others() -> None:
    setting = Setting(size=1)
    gate, other = Gate(), Gate()
    running, waiting = setting.pool.submit(gate), setting.pool.submit(other)
    assert gate.entered.wait(limit())

    setting.pool.close()
    assert not setting.pool.is_quiet
    setting.pool.fail_waiting(ClientShutdownError())
    assert isinstance(waiting.exception(0), ClientShutdownError)
    assert not running.done()
    assert not setting.pool.is_quiet
    gate.opened.set()

    assert running.result(limit()) == "conversations-worker-7-1"
    setting.quiet.wait_until(lambda items: len(items) == 2)
    assert setting.pool.is_quiet
    setting.close()
    assert not other.entered.is_set()


def test_failing_the_waiting_leaves_cancelled_ones_cancelled() -> None:
    setting = Setting(size=1)
    gate = Gate()
    setting.pool.submit(gate)
    waiting = setting.pool.submit(lambda: None)
    waiting.cancel()

    setting.pool.close()
    setting.pool.fail_waiting(ClientShutdownError())

    assert waiting.cancelled()
    gate.opened.set()
    setting.close()


def test_the_job_that_waits_for_the_end_is_not_waited_for() -> None:
    setting = Setting()

    def close() -> tuple[bool, bool]:
        before = setting.pool.is_quiet
        setting.pool.leave_out()
        return before, setting.pool.is_quiet

    assert setting.pool.submit(close).result(limit()) == (False, True)
    setting.quiet.wait_for("quiet")
    setting.pool.leave_out()  # no worker: nothing to leave out
    setting.close()


def test_joining_names_what_does_not_end() -> None:
    setting = Setting()
    gate = Gate()

    def named_job() -> None:
        gate()

    setting.pool.submit(partial(partial(named_job)))
    setting.pool.start_thread(gate, "the token provider")  # type: ignore[arg-type]
    assert gate.entered.wait(limit())
    setting.pool.submit(lambda: None).result(limit())
    setting.pool.close()

    stuck = setting.pool.join(Deadline(0.0))

    assert sorted(name.rpartition(".")[2] for name in stuck) == ["named_job", "the token provider"]
    gate.opened.set()
    setting.close()


class CallableObject:
    def __call__(self) -> None:
        pass


def test_a_callable_object_has_a_name_too() -> None:
    assert _Job(Future(), CallableObject()).name == "CallableObject"


def test_no_more_threads_and_no_worker_fails_the_job(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    future = setting.pool.submit(lambda: None)
    assert isinstance(future.exception(0), RuntimeError)
    with pytest.raises(RuntimeError):
        setting.pool.start_thread(lambda: None, "anything")

    monkeypatch.undo()
    assert setting.pool.submit(lambda: 1).result(limit()) == 1


def test_no_more_threads_but_a_worker_leaves_the_job_to_it(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    gate = Gate()
    setting.pool.submit(gate)
    assert gate.entered.wait(limit())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        future = setting.pool.submit(lambda: 1)

    assert not future.done()
    gate.opened.set()
    assert future.result(limit()) == 1


class Thing:
    pass


@pytest.mark.parametrize("outcome", ["result", "error"])
def test_an_idle_worker_holds_nothing_of_the_users(setting: Setting, outcome: str) -> None:
    def job(thing: Thing) -> None:
        if outcome == "error":
            raise LookupError

    collected = threading.Event()
    thing = Thing()
    weakref.finalize(thing, collected.set)
    gc.disable()
    try:
        setting.pool.submit(partial(job, thing))
        del thing

        assert collected.wait(limit())
    finally:
        gc.enable()


def test_in_a_forked_child_all_futures_fail() -> None:
    # Called as the child would, but in a process in which the threads still run.
    setting = Setting(size=1)
    gate = Gate()
    running, waiting = setting.pool.submit(gate), setting.pool.submit(lambda: None)
    assert gate.entered.wait(limit())
    threads = list(setting.pool._threads)

    setting.pool.become_inherited()

    assert isinstance(running.exception(0), ClientForkedError)
    assert isinstance(waiting.exception(0), ClientForkedError)
    with pytest.raises(ClientShutdownError):
        setting.pool.submit(lambda: None)
    running._state = "RUNNING"  # what the thread expects, which in a child does not exist
    gate.opened.set()
    for thread in threads:
        thread.join(limit())


def test_many_threads_submit_at_once() -> None:
    setting = Setting(size=4, idle_seconds=0.0)

    def submit_many() -> list[int]:
        futures = [setting.pool.submit(partial(int, number)) for number in range(100)]
        return [future.result(limit()) for future in futures]

    done = [in_background(submit_many) for _ in range(8)]

    assert all(each.result(limit()) == list(range(100)) for each in done)
    setting.close()
