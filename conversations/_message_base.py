"""
What the parts of a message's class share.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._objects import Objects

T = TypeVar("T")


class MessageBase:
    """
    A message's record, and the way to the network thread.
    """

    __slots__ = ("__weakref__", "_objects", "_record")

    def __init__(self, objects: Objects, record: MessageRecord) -> None:
        self._objects = objects
        self._record = record

    @property
    def sid(self) -> str:
        """
        ``IM…``.
        """
        return self._record.snapshot.sid

    def _call(
        self,
        name: str,
        timeout: float | None,
        operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]],
    ) -> T:
        return self._objects.call(f"{name} {self.sid}", timeout, operation)
