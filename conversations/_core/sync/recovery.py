"""
Reading an entity again after its history was lost (docs/protocol/sync.md, Reading again).
"""

from __future__ import annotations

from typing import Protocol

from conversations._logs import ClientLog
from conversations.errors import (
    ConversationsError,
    ForbiddenError,
    NotFoundError,
    ServiceError,
)

from .entities import SyncEntity
from .queries import Reader

logger = ClientLog("conversations.sync")


class RecoveryHost(Protocol):
    """
    Who hears how a recovery ended.
    """

    def is_open(self, sid: str) -> bool:
        """
        Whether there is an entity with this sid.
        """

    def entity_recovered(self, entity: SyncEntity, *, is_done: bool) -> None:
        """
        The entity can be subscribed: from its new position, or if reading failed for now from
        the old one.
        """

    def entity_removed(self, entity: SyncEntity) -> None:
        """
        There is no such entity any more.
        """

    def recovery_refused(self, entity: SyncEntity, error: ServiceError) -> None:
        """
        The server does not allow reading it.
        """

    def recovery_failed(self, entity: SyncEntity, error: ConversationsError) -> None:
        """
        Reading it failed for another reason.
        """


class Recovery:
    """
    Reads entities again, and makes them take over what is there.
    """

    def __init__(self, host: RecoveryHost, reader: Reader) -> None:
        self._host = host
        self._reader = reader

    async def recover(self, entity: SyncEntity, *, is_missing: bool) -> None:
        """
        Find out what became of an entity that cannot be subscribed from its position.

        Args:
            entity: The entity.
            is_missing: Whether the server says that there is none with its sid. Then it is
                looked for by its name, but not twice without success in between.
        """
        entity_id = entity.reopening_id
        if is_missing:
            if entity_id is None or entity.was_reopened:
                self._host.entity_removed(entity)
                return
            entity.was_reopened = True
        try:
            root = await self._reader.root(entity.object_type, entity_id or entity.sid)
            if entity.is_closed:
                return
            if root.sid != entity.sid and self._host.is_open(root.sid):
                self._host.entity_removed(entity)  # another one has taken its place
                return
            await entity.adopt(root)
        except ConversationsError as error:
            if not entity.is_closed:
                self._failed(entity, error)
        else:
            if not entity.is_closed:
                logger.info("%s was read again", entity.sid)
                self._host.entity_recovered(entity, is_done=True)

    async def refresh(self, entity: SyncEntity) -> None:
        """
        Read the newest content of an entity that is subscribed.
        """
        try:
            root = await self._reader.root(entity.object_type, entity.sid)
            if root.sid == entity.sid and not entity.is_closed:
                await entity.adopt(root)
        except NotFoundError:
            if not entity.is_closed:
                self._host.entity_removed(entity)
        except ConversationsError as error:
            if not entity.is_closed:
                self._host.recovery_failed(entity, error)

    def _failed(self, entity: SyncEntity, error: ConversationsError) -> None:
        logger.info("reading %s again failed (%s)", entity.sid, type(error).__name__)
        if isinstance(error, NotFoundError):
            self._host.entity_removed(entity)
        elif isinstance(error, ForbiddenError):
            self._host.recovery_refused(entity, error)
        else:
            entity.was_reopened = False
            self._host.recovery_failed(entity, error)
            self._host.entity_recovered(entity, is_done=False)
