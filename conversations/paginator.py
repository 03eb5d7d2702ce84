"""
Pages of things that are read from the server piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from conversations.errors import InvalidArgumentError

T = TypeVar("T")


class Paginator(Generic[T]):
    """
    One page, and the way to its neighbours.

    Iterating goes over this page and all that follow in the direction of reading; for
    messages that are read backwards it goes from the newest to the oldest.

    Threading: any thread. ``next_page``, ``prev_page`` and iterating block.
    """

    def __init__(
        self,
        items: Sequence[T],
        *,
        next_page: Callable[[float | None], Paginator[T]] | None,
        prev_page: Callable[[float | None], Paginator[T]] | None,
        is_backwards: bool = False,
    ) -> None:
        self._items = list(items)
        self._next_page = next_page
        self._prev_page = prev_page
        self._is_backwards = is_backwards

    @property
    def items(self) -> list[T]:
        """
        What is on this page. Messages are always in the order of rising indexes.
        """
        return list(self._items)

    @property
    def has_next_page(self) -> bool:
        """
        Whether something follows; for messages, whether there are newer ones.
        """
        return self._next_page is not None

    @property
    def has_prev_page(self) -> bool:
        """
        Whether something precedes; for messages, whether there are older ones.
        """
        return self._prev_page is not None

    def next_page(self, *, timeout: float | None = None) -> Paginator[T]:
        """
        Read the page after this one.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: There is none.
            ConversationsError: It could not be read.
        """
        if self._next_page is None:
            message = "there is no next page"
            raise InvalidArgumentError(message)
        return self._next_page(timeout)

    def prev_page(self, *, timeout: float | None = None) -> Paginator[T]:
        """
        Read the page before this one.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: There is none.
            ConversationsError: It could not be read.
        """
        if self._prev_page is None:
            message = "there is no previous page"
            raise InvalidArgumentError(message)
        return self._prev_page(timeout)

    def __iter__(self) -> Iterator[T]:
        page = self
        while True:
            yield from reversed(page._items) if self._is_backwards else page._items
            follow = page._prev_page if self._is_backwards else page._next_page
            if follow is None:
                return
            page = follow(None)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, position: int) -> T:
        return self._items[position]

    def __repr__(self) -> str:
        return f"<Paginator {len(self._items)} items>"
