from __future__ import annotations

import threading

import pytest

from conversations._runtime.bell import Bell
from conversations._runtime.waiters import Deadline
from tests.net.raw_server import in_background
from tests.timing import limit


def test_what_is_true_already_needs_no_ring() -> None:
    assert Bell().wait_for(lambda: "yes", Deadline(0))


def test_what_never_becomes_true_is_given_up_after_a_last_look() -> None:
    looks: list[int] = []
    assert not Bell().wait_for(lambda: looks.append(1), Deadline(0))
    assert len(looks) == 2


def test_something_that_becomes_true_with_the_deadline_counts() -> None:
    answers = iter([False, True])
    assert Bell().wait_for(lambda: next(answers), Deadline(0))


def test_a_ring_leads_to_another_look() -> None:
    bell = Bell()
    looked = threading.Semaphore(0)
    is_true = threading.Event()

    def look() -> bool:
        looked.release()
        return is_true.is_set()

    waiting = in_background(lambda: bell.wait_for(look, Deadline(limit())))
    assert looked.acquire(timeout=limit())
    bell.ring()
    assert looked.acquire(timeout=limit())
    is_true.set()
    bell.ring()
    assert waiting.result(limit())


def test_a_ring_during_a_look_is_not_lost() -> None:
    bell = Bell()
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        if len(looks) == 1:
            bell.ring()
            bell.ring()  # twice is no error
        return len(looks) == 2

    assert bell.wait_for(look, Deadline(limit()))


def test_all_who_wait_look_again() -> None:
    bell = Bell()
    is_true = threading.Event()
    looked = threading.Semaphore(0)

    def look() -> bool:
        looked.release()
        return is_true.is_set()

    waiting = [in_background(lambda: bell.wait_for(look, Deadline(limit()))) for _ in range(3)]
    for _ in waiting:
        assert looked.acquire(timeout=limit())
    is_true.set()
    bell.ring()
    assert [future.result(limit()) for future in waiting] == [True] * 3


def test_what_a_look_raises_ends_the_waiting_and_leaves_nothing() -> None:
    bell = Bell()
    with pytest.raises(LookupError):
        bell.wait_for(lambda: {}["missing"], Deadline(limit()))
    assert not bell._latches
    bell.ring()
