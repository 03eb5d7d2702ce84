"""
What the parts of a conversation's class share.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import ConversationRecord
from conversations._core.conversations.service import ConversationsService
from conversations._objects import Objects
from conversations.attributes import JSONValue

T = TypeVar("T")


class ConversationBase:
    """
    A conversation's record, and the way to the network thread.
    """

    __slots__ = ("__weakref__", "_objects", "_record")

    def __init__(self, objects: Objects, record: ConversationRecord) -> None:
        self._objects = objects
        self._record = record

    @property
    def sid(self) -> str:
        """
        ``CH…``.
        """
        return self._record.sid

    def _is_same(self, other: ConversationBase) -> bool:
        """
        Whether *other* is this conversation too: the object that has taken its place since the
        user was added again, or that of before.
        """
        return other.sid == self.sid and other._objects is self._objects

    def _call(
        self,
        name: str,
        timeout: float | None,
        operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]],
    ) -> T:
        return self._objects.call(f"{name} {self.sid}", timeout, operation)

    def _change(self, name: str, timeout: float | None, change: dict[str, JSONValue]) -> None:
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.update(call, sid, change)

        self._call(name, timeout, run)
