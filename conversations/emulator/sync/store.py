"""
All objects of one service, found by SID or by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ..ids import ServiceIds, is_sid
from .errors import SyncError
from .objects import Ownership, Subscriber, SyncDocument, SyncList, SyncMap, SyncObject

ObjectType = TypeVar("ObjectType", bound=SyncObject)

OBJECT_TYPES: dict[str, type[SyncObject]] = {
    kind.kind: kind for kind in (SyncDocument, SyncMap, SyncList)
}
_SID_PREFIXES: dict[type[SyncObject], str] = {
    SyncDocument: "ET",
    SyncMap: "MP",
    SyncList: "ES",
}


class SyncStore:
    """
    The objects of one service. Emulator thread only.
    """

    def __init__(self, owner: Ownership, ids: ServiceIds) -> None:
        self._owner = owner
        self._ids = ids
        self._by_sid: dict[str, SyncObject] = {}
        self._by_name: dict[tuple[type[SyncObject], str], SyncObject] = {}

    def create(
        self,
        object_type: type[ObjectType],
        unique_name: str,
        *,
        created_by: str,
        may_read: Callable[[str], bool],
    ) -> ObjectType:
        """
        Make an empty object. The name must be free.
        """
        created = object_type(
            sid=self._ids.sid(_SID_PREFIXES[object_type]),
            unique_name=unique_name,
            owner=self._owner,
            created_by=created_by,
            may_read=may_read,
        )
        self._by_sid[created.sid] = created
        self._by_name[object_type, unique_name] = created
        return created

    def remove(self, target: SyncObject) -> None:
        """
        Remove an object and tell its subscribers.
        """
        del self._by_sid[target.sid]
        del self._by_name[type(target), target.unique_name]
        target.removed()

    def find(self, object_type: type[ObjectType], sid_or_name: str) -> ObjectType | None:
        """
        The object of that type, or nothing.
        """
        found = self._by_sid.get(sid_or_name) or self._by_name.get((object_type, sid_or_name))
        return found if isinstance(found, object_type) else None

    def read(self, object_type: type[ObjectType], sid_or_name: str, *, identity: str) -> ObjectType:
        """
        The object, for somebody who wants to read it.

        Raises:
            SyncError: There is none, or this identity may not see it.
        """
        found = self.find(object_type, sid_or_name)
        if found is None and is_sid(sid_or_name):
            raise SyncError.not_found(object_type)
        if found is None:
            raise SyncError(404, 54300, "Unique name not found")
        if not found.may_read(identity):
            raise SyncError.no_access()
        return found

    def unsubscribe_all(self, subscriber: Subscriber) -> None:
        """
        Forget a connection that has ended.
        """
        for target in self._by_sid.values():
            target.unsubscribe(subscriber)

    def __iter__(self) -> Iterator[SyncObject]:
        return iter(self._by_sid.values())
