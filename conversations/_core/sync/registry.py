"""
The entities that are open, by sid and by the ids they were opened with.
"""

from __future__ import annotations

from .entities import SyncEntity
from .objects import ObjectType


class Registry:
    """
    Finds entities.
    """

    def __init__(self) -> None:
        self._by_sid: dict[str, SyncEntity] = {}
        self._by_id: dict[tuple[ObjectType, str], SyncEntity] = {}

    def by_sid(self, sid: str) -> SyncEntity | None:
        """
        The entity of whatever kind with this sid.
        """
        return self._by_sid.get(sid)

    def find(self, object_type: ObjectType, entity_id: str) -> SyncEntity | None:
        """
        The entity of this kind with this sid or unique name.
        """
        return self._by_id.get((object_type, entity_id))

    def add(self, entity: SyncEntity, *also_known_as: str) -> None:
        """
        Enter an entity under its ids, and those it was opened with.
        """
        self._by_sid[entity.sid] = entity
        for entity_id in (entity.sid, entity.unique_name, *also_known_as):
            if entity_id is not None:
                self._by_id[entity.object_type, entity_id] = entity

    def rename(self, entity: SyncEntity, old_sid: str) -> None:
        """
        An entity has another sid than before.
        """
        del self._by_sid[old_sid]
        self._by_id.pop((entity.object_type, old_sid), None)
        self.add(entity)

    def remove(self, entity: SyncEntity) -> None:
        """
        Strike an entity out, under all its ids.
        """
        if self._by_sid.get(entity.sid) is entity:
            del self._by_sid[entity.sid]
        for entry in [key for key, known in self._by_id.items() if known is entity]:
            del self._by_id[entry]
