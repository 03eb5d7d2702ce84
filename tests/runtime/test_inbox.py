from __future__ import annotations

import select
from collections import deque
from typing import Any

import pytest

from conversations._runtime.inbox import Action, Inbox, Waker
from tests.timing import limit


def action() -> Action:
    return Action(lambda _: None, lambda: None)


def is_awake(waker: Waker) -> bool:
    return bool(select.select([waker], [], [], 0)[0])


def test_actions_are_taken_in_their_order() -> None:
    woken: list[None] = []
    inbox = Inbox(lambda: woken.append(None))
    actions = [action() for _ in range(3)]

    assert all(inbox.put(each) for each in actions)

    assert len(inbox) == 3
    assert inbox.take() == actions
    assert inbox.take() == []
    assert len(woken) == 3


def test_closing_hands_back_what_was_waiting() -> None:
    inbox = Inbox(lambda: None)
    waiting = action()
    inbox.put(waiting)

    assert inbox.close() == [waiting]
    assert not inbox.put(action())
    assert inbox.close() == []


class Interrupting(deque[Action]):
    """
    A deque in which something happens right after an append.
    """

    def __init__(self, inbox: Inbox, happening: str) -> None:
        super().__init__()
        self.inbox = inbox
        self.happening = happening
        self.handed_back: list[Action] = []

    def append(self, item: Action) -> None:
        if self.happening == "closed before":
            self.handed_back = self.inbox.close()
        super().append(item)
        if self.happening == "closed after":
            self.handed_back = self.inbox.close()


@pytest.mark.parametrize("happening", ["closed before", "closed after"])
def test_an_action_that_meets_the_closing_has_exactly_one_fate(happening: str) -> None:
    inbox = Inbox(lambda: None)
    actions = Interrupting(inbox, happening)
    inbox._actions = actions
    late = action()

    is_taken_care_of = inbox.put(late)

    assert is_taken_care_of == (late in actions.handed_back)
    assert late not in inbox._actions


def test_waking_makes_readable_and_draining_undoes_it() -> None:
    waker = Waker()

    assert not is_awake(waker)
    waker.wake()
    waker.wake()
    assert is_awake(waker)
    waker.drain()
    assert not is_awake(waker)
    waker.drain()

    waker.close()


def test_waking_never_blocks_however_often() -> None:
    waker = Waker()

    for _ in range(100_000):
        waker.wake()
    waker.drain()

    assert not is_awake(waker)
    waker.close()


def test_waking_after_the_end_does_nothing() -> None:
    waker = Waker()
    waker.close()

    waker.wake()
    waker.close()

    assert waker.fileno() == -1


class Reentrant:
    """
    A socket during whose send a finalizer runs that wakes as well.
    """

    def __init__(self, waker: Waker) -> None:
        self.waker = waker
        self.socket: Any = waker._writer
        self.sent = 0

    def send(self, data: bytes) -> int:
        self.sent += 1
        if self.sent == 1:
            self.waker.wake()
        return int(self.socket.send(data))

    def close(self) -> None:
        self.socket.close()


def test_a_finalizer_may_wake_in_the_middle_of_waking() -> None:
    waker = Waker()
    writer = waker._writer = Reentrant(waker)  # type: ignore[assignment]

    waker.wake()

    assert writer.sent == 2  # its wake-up came after the first byte
    assert select.select([waker], [], [], limit())[0]
    waker.close()
