"""
Calling off what runs in the background.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["CancellationToken"]


class CancellationToken:
    """
    Calls off one operation that was begun in the background.

    Threading: any thread.
    """

    __slots__ = ("_cancel",)

    def __init__(self, cancel: Callable[[], object]) -> None:
        # Not for users: operations hand out their tokens.
        self._cancel = cancel

    def cancel(self) -> None:
        """
        Call it off. Its callback is told an error with the reason ``CANCELLED``.

        An upload under way is broken off. Too late, it has no effect: once a message is on its
        way to the service it cannot be taken back, and the callback is told how it ended.
        Returns at once; never raises.
        """
        self._cancel()

    def __repr__(self) -> str:
        return "<CancellationToken>"
