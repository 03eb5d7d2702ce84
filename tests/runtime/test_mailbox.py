from __future__ import annotations

import threading
from typing import Any

import pytest

from conversations._runtime.bell import Bell
from conversations._runtime.mailbox import Mailbox, MailboxEnded
from conversations._runtime.waiters import Deadline, WaitExpired
from tests.net.raw_server import in_background
from tests.timing import limit

NOW = Deadline(0)


class Client:
    """
    What a mailbox knows of its client.
    """

    def __init__(self, capacity: int = 0) -> None:
        self.bell = Bell()
        self.is_ending = False
        self.is_over = False
        self.asked = threading.Semaphore(0)
        self.mailbox: Mailbox[Any] = Mailbox(
            self.bell, capacity=capacity, is_ending=self._ask, is_over=lambda: self.is_over
        )

    def _ask(self) -> bool:
        self.asked.release()
        return self.is_ending

    def take(self) -> Any:
        return self.mailbox.take(Deadline(limit()))


def test_items_are_taken_in_order_and_once() -> None:
    client = Client()
    for item in (1, 2, 3):
        client.mailbox.put(item)
    assert len(client.mailbox) == 3
    assert [client.take() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(WaitExpired):
        client.mailbox.take(NOW)
    assert client.mailbox.poll() == ()


def test_an_item_is_waited_for() -> None:
    client = Client()
    taking = in_background(client.take)
    client.mailbox.put("it")
    assert taking.result(limit()) == "it"


def test_several_takers_share_the_items() -> None:
    client = Client()
    taking = [in_background(client.take) for _ in range(4)]
    for item in range(4):
        client.mailbox.put(item)
    assert sorted(future.result(limit()) for future in taking) == [0, 1, 2, 3]


def test_a_full_mailbox_holds_up_whoever_fills_it_until_one_is_taken() -> None:
    client = Client(capacity=2)
    client.mailbox.put(1)
    client.mailbox.put(2)
    putting = in_background(lambda: client.mailbox.put(3))
    assert client.asked.acquire(timeout=limit())  # it has found no room
    assert not putting.done()
    assert client.take() == 1
    putting.result(limit())
    assert [client.take(), client.take()] == [2, 3]


def test_at_the_end_of_the_client_nobody_is_held_up_and_nothing_is_lost() -> None:
    client = Client(capacity=1)
    client.mailbox.put(1)
    putting = in_background(lambda: client.mailbox.put(2))
    assert client.asked.acquire(timeout=limit())
    client.is_ending = True
    client.bell.ring()
    putting.result(limit())
    client.mailbox.put(3)
    client.is_over = True
    assert [client.take() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(MailboxEnded):
        client.take()


def test_whoever_waits_is_told_of_the_end() -> None:
    client = Client()
    taking = in_background(client.take)
    client.is_over = True
    client.bell.ring()
    with pytest.raises(MailboxEnded):
        taking.result(limit())


def test_closing_forgets_what_is_left_and_holds_up_nobody() -> None:
    client = Client(capacity=1)
    client.mailbox.put(1)
    putting = in_background(lambda: client.mailbox.put(2))
    assert client.asked.acquire(timeout=limit())
    client.mailbox.close()
    putting.result(limit())
    client.mailbox.put(3)
    assert client.mailbox.is_closed
    assert len(client.mailbox) == 0
    with pytest.raises(MailboxEnded):
        client.take()


def test_closing_ends_the_waiting() -> None:
    client = Client()
    taking = in_background(client.take)
    client.mailbox.close()
    with pytest.raises(MailboxEnded):
        taking.result(limit())


def test_what_was_put_in_before_the_end_is_not_overlooked() -> None:
    # The end comes between two questions of whoever takes.
    client = Client()

    def is_over() -> bool:
        client.mailbox.put("last")
        return True

    mailbox: Mailbox[str] = client.mailbox
    mailbox._is_over = is_over
    assert mailbox.take(NOW) == "last"
