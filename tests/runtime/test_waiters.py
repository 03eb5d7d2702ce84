from __future__ import annotations

import gc
import signal
import threading
import weakref

import pytest

from conversations._runtime.waiters import Deadline, Waiter, WaitExpired
from tests.net.raw_server import in_background
from tests.timing import limit


def test_a_deadline_that_never_comes() -> None:
    assert Deadline(None).remaining() is None


def test_a_deadline_in_the_past_leaves_nothing() -> None:
    assert Deadline(-1.0).remaining() == 0.0


def test_a_result_that_is_there_already() -> None:
    waiter: Waiter[str] = Waiter()
    waiter.complete("done")

    assert waiter.wait(Deadline(0.0)) == "done"


def test_a_result_that_comes_later() -> None:
    waiter: Waiter[str] = Waiter()
    waiting = in_background(lambda: waiter.wait(Deadline(limit())))

    waiter.complete("done")

    assert waiting.result(limit()) == "done"


def test_none_is_a_result() -> None:
    waiter: Waiter[None] = Waiter()
    waiter.complete(None)

    assert waiter.wait(Deadline(0.0)) is None


def test_an_error_is_raised_in_the_waiting_thread() -> None:
    waiter: Waiter[str] = Waiter()
    waiting = in_background(lambda: waiter.wait(Deadline(None)))

    waiter.fail(LookupError("nothing"))

    assert isinstance(waiting.exception(limit()), LookupError)


def test_the_first_outcome_counts() -> None:
    waiter: Waiter[str] = Waiter()

    waiter.complete("first")
    waiter.complete("second")
    waiter.fail(LookupError())

    assert waiter.is_settled
    assert waiter.wait(Deadline(0.0)) == "first"


def test_no_result_in_time() -> None:
    waiter: Waiter[str] = Waiter()

    with pytest.raises(WaitExpired):
        waiter.wait(Deadline(0.0))
    with pytest.raises(WaitExpired):
        waiter.wait(Deadline(0.001))


def test_a_deadline_beyond_what_the_system_can_wait() -> None:
    waiter: Waiter[str] = Waiter()
    waiter.complete("done")

    assert waiter.wait(Deadline(1e300)) == "done"


def test_ctrl_c_interrupts_the_wait() -> None:
    waiter: Waiter[str] = Waiter()
    main = threading.main_thread().ident
    assert main is not None

    def wait() -> None:
        in_background(lambda: signal.pthread_kill(main, signal.SIGINT))
        waiter.wait(Deadline(limit()))

    with pytest.raises(KeyboardInterrupt):
        wait()

    assert not waiter.is_settled


def test_an_error_leaves_no_cycle_behind() -> None:
    class Marked(Exception):
        pass

    waiter: Waiter[str] = Waiter()
    waiter.fail(Marked())
    gc.disable()
    try:
        try:
            waiter.wait(Deadline(0.0))
        except Marked as error:
            reference = weakref.ref(error)

        assert reference() is None
    finally:
        gc.enable()
