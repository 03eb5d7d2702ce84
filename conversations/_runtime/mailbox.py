"""
What the listener thread hands to threads that want it as a queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .bell import Bell
from .waiters import Deadline, WaitExpired

T = TypeVar("T")


class MailboxEnded(Exception):
    """
    Nothing is left, and nothing more will come.
    """


class Mailbox(Generic[T]):
    """
    Filled by the listener thread, emptied by any others. Each item is taken once.

    Args:
        bell: Of the client. Whoever fills is waited for with it, and who empties as well.
        capacity: With so many items in it, :meth:`put` waits; 0 for no limit.
        is_ending: Whether the client is shutting down: from then on nobody is held up.
        is_over: Whether the listener thread has ended: from then on nothing comes.
    """

    __slots__ = ("_bell", "_capacity", "_is_closed", "_is_ending", "_is_over", "_items")

    def __init__(
        self,
        bell: Bell,
        *,
        capacity: int,
        is_ending: Callable[[], bool],
        is_over: Callable[[], bool],
    ) -> None:
        self._bell = bell
        self._capacity = capacity
        self._is_ending = is_ending
        self._is_over = is_over
        self._items: deque[T] = deque()  # appending and popping are atomic
        self._is_closed = False

    def __len__(self) -> int:
        """
        How many items wait to be taken.
        """
        return len(self._items)

    @property
    def is_closed(self) -> bool:
        """
        Whether nobody takes anything any more.
        """
        return self._is_closed

    def put(self, item: T) -> None:
        """
        Add an item; waits while there are too many, unless the end has come.
        """
        if self._capacity:
            self._bell.wait_for(self._has_room, Deadline(None))
        if not self._is_closed:
            self._items.append(item)
            self._bell.ring()

    def _has_room(self) -> bool:
        return len(self._items) < self._capacity or self._is_closed or self._is_ending()

    def take(self, deadline: Deadline) -> T:
        """
        The oldest item, which is waited for.

        Raises:
            MailboxEnded: There is none, and none will come.
            WaitExpired: There is none yet.
        """
        found: list[T] = []

        def is_decided() -> bool:
            # In this order: what was put in before the end must not be overlooked.
            is_over = self._is_closed or self._is_over()
            found.extend(self.poll())
            return bool(found) or is_over

        if not self._bell.wait_for(is_decided, deadline):
            raise WaitExpired
        if not found:
            raise MailboxEnded
        return found[0]

    def poll(self) -> tuple[T, ...]:
        """
        The oldest item, if there is one; does not wait.
        """
        try:
            item = self._items.popleft()
        except IndexError:
            return ()
        if self._capacity:
            self._bell.ring()
        return (item,)

    def close(self) -> None:
        """
        Nobody wants anything more: forget what is left and hold up nobody.

        Takes no lock: works in a finalizer.
        """
        self._is_closed = True
        self._items.clear()
        self._bell.ring()
