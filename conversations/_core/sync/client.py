"""
The Sync layer's front: opens entities, and brings them what the connection brings.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from conversations._core.ids import Ids
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import JSONValue
from conversations._logs import ClientLog
from conversations.errors import ServiceError

from .documents import SyncDocument
from .entities import SyncEntity
from .events import Observer
from .hub import Hub
from .lists import SyncList
from .maps import SyncMap
from .notifications import MESSAGE_TYPES, Changes, Outcomes, decode_notification
from .objects import ObjectType
from .queries import Send
from .roots import Root, not_understood
from .sharing import SharedCalls

logger = ClientLog("conversations.sync")

E = TypeVar("E", bound=SyncEntity)


class SyncClient:
    """
    Replicated objects over one Twilsock connection.

    All methods belong to the core's thread. Observers are called from within
    :meth:`receive`, timers and answers; an exception in one is logged and goes no further.

    Args:
        scheduler: For timers and operations.
        ids: Makes request ids.
        rng: For the jitter of delays.
        base_url: Scheme and host of the Sync service, without a slash at the end.
        read: Sends a GET and returns the 2xx response; repeats it where that may help.
        post: Sends a POST once and returns the 2xx response.
        first_correlation_id: The current time in milliseconds, so that ids do not repeat
            those of an earlier client.
        on_error: Called with what was attempted and the error, when the server refuses
            something that no observer would hear of: subscription requests as such, and
            reading an entity again. The attempt is repeated later.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ids: Ids,
        rng: random.Random,
        *,
        base_url: str,
        read: Send,
        post: Send,
        first_correlation_id: int,
        on_error: Callable[[str, ServiceError], None],
    ) -> None:
        self._hub = Hub(
            scheduler,
            ids,
            rng,
            base_url=base_url,
            read=read,
            post=post,
            first_correlation_id=first_correlation_id,
            on_error=on_error,
        )
        self._openings: SharedCalls[tuple[ObjectType, str, bool], Root] = SharedCalls(scheduler)

    async def open_document(self, entity_id: str, observer: Observer) -> SyncDocument:
        """
        Open a document and subscribe to it.

        Args:
            entity_id: Sid or unique name.
            observer: Called with each event. One observer opens an entity once.

        Returns:
            The document; the same object for all who have it open.

        Raises:
            ConversationsError: It does not exist, may not be read, or could not be.
        """
        return await self._open(SyncDocument, entity_id, observer)

    async def open_map(
        self, entity_id: str, observer: Observer, *, include_items: bool = False
    ) -> SyncMap:
        """
        Open a map and subscribe to it.

        Args:
            entity_id: Sid or unique name.
            observer: Called with each event. One observer opens an entity once.
            include_items: Ask for the first items in the same request. Without effect if the
                map is open already.

        Returns:
            The map; the same object for all who have it open.

        Raises:
            ConversationsError: It does not exist, may not be read, or could not be.
        """
        return await self._open(SyncMap, entity_id, observer, include_items=include_items)

    async def open_list(self, entity_id: str, observer: Observer) -> SyncList:
        """
        Open a list and subscribe to it.

        Args:
            entity_id: Sid or unique name.
            observer: Called with each event. One observer opens an entity once.

        Returns:
            The list; the same object for all who have it open.

        Raises:
            ConversationsError: It does not exist, may not be read, or could not be.
        """
        return await self._open(SyncList, entity_id, observer)

    def connected(self) -> None:
        """
        The connection is up (again): subscribe all that is open.
        """
        self._hub.subscriptions.connected()

    def disconnected(self) -> None:
        """
        The connection is lost.
        """
        self._hub.subscriptions.disconnected()

    def receive(self, message_type: str, payload: JSONValue | bytes) -> None:
        """
        Take a notification. What is not understood is logged and skipped.
        """
        if message_type not in MESSAGE_TYPES:
            return
        notification = decode_notification(payload)
        if notification is None:
            return
        self._hub.subscriptions.note_arrival(notification.correlation_id)
        if isinstance(notification, Changes):
            self._receive_changes(notification)
        else:
            self._receive_outcomes(notification)

    def _receive_changes(self, changes: Changes) -> None:
        for change in changes.members:
            entity = self._hub.registry.by_sid(change.sid)
            if entity is None:
                logger.debug("change of %s dropped: it is not open", change.sid)
                continue
            is_replayed = self._hub.subscriptions.is_replay(change.sid, changes.correlation_id)
            entity.receive(change, is_replayed=is_replayed)

    def _receive_outcomes(self, outcomes: Outcomes) -> None:
        for outcome in outcomes.members:
            self._hub.subscriptions.receive(
                outcome, outcomes.correlation_id, is_unsolicited=outcomes.is_unsolicited
            )

    async def _open(
        self,
        entity_class: type[E],
        entity_id: str,
        observer: Observer,
        *,
        include_items: bool = False,
    ) -> E:
        object_type = entity_class.object_type
        entity = self._hub.registry.find(object_type, entity_id)
        if entity is None:
            root = await self._read(object_type, entity_id, include_items=include_items)
            entity = self._hub.registry.by_sid(root.sid)
            if entity is None:
                entity = entity_class(self._hub, root, entity_id)
            elif entity.object_type is object_type:  # opened meanwhile, or under another id
                entity.merge(root)
                self._hub.registry.add(entity, entity_id)
        if not isinstance(entity, entity_class):  # the server has one sid for two kinds
            raise not_understood(f"open {entity_id}")
        entity.attach(observer)
        return entity

    async def _read(self, object_type: ObjectType, entity_id: str, *, include_items: bool) -> Root:
        if not include_items:  # who gets more than asked for does not mind
            include_items = (object_type, entity_id, True) in self._openings
        return await self._openings.join(
            (object_type, entity_id, include_items),
            lambda: self._hub.reader.root(object_type, entity_id, include_items=include_items),
        )
