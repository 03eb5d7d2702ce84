"""
What documents, maps and lists have in common.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from conversations._core.scheduler import Scheduler

from .events import Observer, SyncEvent
from .notifications import Change, EntityDeleted, NumberedChange
from .objects import ObjectType
from .queries import Reader
from .roots import Root


class EntityHost(Protocol):
    """
    What an entity needs around it.
    """

    scheduler: Scheduler
    reader: Reader

    def entity_attached(self, entity: SyncEntity) -> None:
        """
        The entity has its first observer: subscribe it.
        """

    def entity_closed(self, entity: SyncEntity) -> None:
        """
        Nobody listens to the entity any more: unsubscribe and forget it.
        """

    def entity_renamed(self, entity: SyncEntity, old_sid: str) -> None:
        """
        The entity was made anew by the server, and has another sid.
        """

    def entity_removed(self, entity: SyncEntity) -> None:
        """
        The server removed the entity.
        """

    def gap_found(self, entity: SyncEntity) -> None:
        """
        Events of the entity are missing and may have been lost.
        """

    def content_missed(self, entity: SyncEntity) -> None:
        """
        The replay has ended without the newest content.
        """

    def notify(self, observer: Observer, entity: SyncEntity, event: SyncEvent) -> None:
        """
        Call one observer.
        """


class SyncEntity(ABC):
    """
    One replicated object, as long as somebody listens to it.

    Attributes:
        sid: Its identity. Changes if the server lost the object and made it anew under the
            same unique name.
        unique_name: Its other id, if it has one.
        opened_as: The id it was opened with.
        is_closed: Whether it is out of use: closed, or removed by the server.
        was_reopened: Whether it was looked for after a subscription failed because it was
            gone, and has not been subscribed since.
    """

    object_type: ClassVar[ObjectType]

    def __init__(self, host: EntityHost, root: Root, opened_as: str) -> None:
        self._host = host
        self._observers: list[Observer] = []
        self.sid = root.sid
        self.unique_name = root.unique_name
        self.opened_as = opened_as
        self.is_closed = False
        self.was_reopened = False

    # for the owner

    @property
    @abstractmethod
    def position(self) -> int | None:
        """
        All events up to this id are known; ``None`` if nothing is known about the order.
        """

    def close(self, observer: Observer | None = None) -> None:
        """
        Stop listening. Closing twice does nothing.

        Args:
            observer: Only this one stops; the entity is closed with the last of them. Without
                it, all stop.
        """
        if observer is None:
            self._observers.clear()
        elif observer in self._observers:
            self._observers.remove(observer)
        if not self._observers and not self.is_closed:
            self.finish()
            self._host.entity_closed(self)

    # for the layer

    @property
    def reopening_id(self) -> str | None:
        """
        The id under which it would be found again if it had been made anew.
        """
        if self.unique_name is not None:
            return self.unique_name
        return self.opened_as if self.opened_as != self.sid else None

    def attach(self, observer: Observer) -> None:
        """
        Call *observer* with every event from now on.
        """
        self._observers.append(observer)
        if len(self._observers) == 1:
            self._host.entity_attached(self)

    def receive(self, change: Change, *, is_replayed: bool) -> None:
        """
        Take a change from the wire. *is_replayed*: it belongs to the replay that is pending.
        """
        if change.object_type is not self.object_type:
            return
        if isinstance(change, EntityDeleted):
            self._host.entity_removed(self)
        else:
            self._receive_numbered(change, is_replayed=is_replayed)

    def finish(self) -> None:
        """
        Go out of use.
        """
        self.is_closed = True

    def emit(self, event: SyncEvent) -> None:
        """
        Tell all observers, except those that stop listening meanwhile.
        """
        for observer in tuple(self._observers):
            if observer in self._observers:
                self._host.notify(observer, self, event)

    @abstractmethod
    def merge(self, root: Root) -> None:
        """
        Use what another reading of the same entity brought along.
        """

    @abstractmethod
    async def adopt(self, root: Root) -> None:
        """
        Take over what was read after the history had been lost, and tell the difference.
        """

    # hooks of the subscription

    @abstractmethod
    def replay_expected(self) -> None:
        """
        A replay from the position is asked for, or will be: live events wait for its end.
        """

    @abstractmethod
    def replay_completed(self, last_event_id: int | None) -> None:
        """
        The replay has ended with the event *last_event_id*; the subscription is live.
        """

    @abstractmethod
    def replay_interrupted(self) -> None:
        """
        The replay has ended too early, another will follow.
        """

    @abstractmethod
    def replay_abandoned(self) -> None:
        """
        The replay does not come, at least not for a while: nothing waits for it any more.
        """

    @abstractmethod
    def _receive_numbered(self, change: NumberedChange, *, is_replayed: bool) -> None: ...

    def _rename(self, root: Root) -> None:
        old_sid, self.sid = self.sid, root.sid
        self.unique_name = root.unique_name
        if self.sid != old_sid:
            self._host.entity_renamed(self, old_sid)
