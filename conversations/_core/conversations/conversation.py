"""
One conversation: opening its objects, following their events, its synchronization status.

The core's side of a conversation. What other threads see of it is its record; everything
here is the network thread's alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from conversations._core.promises import Cancelled, Promise, Task, gather, spawn
from conversations._core.sync.documents import SyncDocument
from conversations._core.sync.events import (
    DocumentUpdated,
    EntityRemoved,
    HistoryLost,
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    SubscriptionRefused,
    SyncEvent,
)
from conversations._core.sync.lists import SyncList
from conversations._core.sync.maps import SyncMap
from conversations.enums import (
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    ErrorReason,
)
from conversations.errors import ConversationsError

from . import decoding
from .context import Context
from .events import (
    ConversationAdded,
    ConversationDeleted,
    ConversationJoined,
    ConversationLeft,
    ConversationSynchronizationChanged,
    ConversationUpdated,
)
from .messages import MessageCache
from .records import ConversationRecord
from .roster import Roster
from .snapshots import ConversationSnapshot, update_reasons

_log = logging.getLogger("conversations.client")

Level: TypeAlias = ConversationSynchronizationStatus


@attrs.frozen(kw_only=True)
class ObjectNames:
    """
    Names or sids of a conversation's Sync objects; list and roster may be unknown at first.
    """

    document: str
    messages: str | None = None
    roster: str | None = None


class ConversationModel:
    """
    The state of one conversation and the only code that changes it.

    Args:
        context: The shared services.
        sid: ``CH…``.
        names: Of its Sync objects.
        on_gone: Called when its document is removed.
    """

    def __init__(
        self,
        context: Context,
        sid: str,
        names: ObjectNames,
        on_gone: Callable[[ConversationModel], None],
    ) -> None:
        self._context = context
        self._on_gone = on_gone
        self.names = names
        self.record = ConversationRecord(ConversationSnapshot(sid=sid))
        self.messages = MessageCache(context, self.record)
        self.roster = Roster(context, self.record)
        self.is_told_by_sync = False
        self._is_joining = False
        self.is_listed = False
        self._is_announced = False
        self._document: SyncDocument | None = None
        self._list: SyncList | None = None
        self._roster_map: SyncMap | None = None
        self._opening: Task[None] | None = None
        self._failure: ConversationsError | None = None
        self._waiters: list[tuple[Level, Promise[None]]] = []

    @property
    def sid(self) -> str:
        """
        ``CH…``.
        """
        return self.record.sid

    @property
    def is_joined(self) -> bool:
        """
        Whether the user is a participant.
        """
        return self.record.snapshot.status is ConversationStatus.JOINED

    @property
    def message_list(self) -> SyncList | None:
        """
        The subscribed list of messages, while there is one.
        """
        return self._list

    # What the user's own list says

    def list_entry(self, changes: Mapping[str, Any]) -> None:
        """
        The user's list has this conversation, with this in the user's own entry for it.
        """
        self.is_listed = True
        was_joined = self.is_joined
        self._is_joining = self._is_joining and "status" not in changes
        before = self.record.snapshot
        after = decoding.changed_conversation(before, changes)
        joined = after.status is ConversationStatus.JOINED
        if was_joined and not joined:
            self._stop_following_contents()
        self.record.snapshot = after
        if self._is_announced:
            self._tell_update(before)
            if joined and not was_joined:
                self._set_level(Level.IDENTIFIER)
                self._context.emit(ConversationJoined(self.record))
            elif was_joined and not joined:
                self._context.emit(ConversationLeft(self.record))
                self._set_level(Level.METADATA)
        if joined != was_joined or self._opening is None:
            self.open()

    def join_accepted(self) -> None:
        """
        The service has let the user in; whoever waits for ALL waits for the event of that, too.
        """
        self._is_joining = not self.is_joined

    def forget(self) -> None:
        """
        The conversation left the user's list, or is gone.
        """
        if self.record.is_forgotten:
            return
        self.record.is_forgotten = True
        was_joined = self.is_joined
        before = self.record.snapshot
        self._stop_following_contents()
        if self._document is not None:
            self._document.close(self._document_changed)
            self._document = None
        self.record.snapshot = decoding.changed_conversation(
            before, {"status": ConversationStatus.NOT_PARTICIPATING}
        )
        if self._is_announced:
            self._tell_update(before)
            if was_joined:
                self._context.emit(ConversationLeft(self.record))
            self._context.emit(ConversationDeleted(self.record))
        waiters, self._waiters = self._waiters, []
        for _, promise in waiters:
            promise.resolve(None)

    # Opening

    def open(self) -> None:
        """
        Open what the user may see of it: the document; list and roster too once joined.
        """
        if self._opening is not None:
            self._opening.cancel()
        self._failure = None
        self._opening = spawn(self._context.scheduler, self._open())
        self._context.watch(self._opening, f"opening {self.sid}")

    async def _open(self) -> None:
        parts = [self._open_document()]
        if self.is_joined:
            parts += [self._open_list(), self._open_roster()]
        try:
            await gather(self._context.scheduler, parts)
        except Cancelled:
            raise
        except ConversationsError as error:
            self._fail(error)
            return
        if self.is_joined:
            self._set_level(Level.ALL)

    async def _open_document(self) -> None:
        if self._document is None:
            try:
                document = await self._context.sync.open_document(
                    self.names.document, self._document_changed
                )
            except ConversationsError as error:
                raise _opening_error(error, ErrorReason.OPEN_DOCUMENT_ERROR) from error
            self._document = document
            self._apply_document(decoding.mapping(document.data))
            self.messages.existed_up_to(self.record.snapshot.last_message_index)
        self._set_level(Level.METADATA)

    async def _open_list(self) -> None:
        if self._list is None:
            name = self.names.messages or await self._name_from_document("messages")
            try:
                self._list = await self._context.sync.open_list(name, self._messages_changed)
            except ConversationsError as error:
                raise _opening_error(error, ErrorReason.OPEN_COLLECTION_ERROR) from error

    async def _open_roster(self) -> None:
        if self._roster_map is None:
            name = self.names.roster or await self._name_from_document("roster")
            try:
                roster = await self._context.sync.open_map(
                    name, self._roster_changed, include_items=True
                )
                self._roster_map = roster
                await roster.load_all()
            except ConversationsError as error:
                self._close_roster()
                raise _opening_error(error, ErrorReason.OPEN_COLLECTION_ERROR) from error
            self.roster.loaded(roster)

    async def _name_from_document(self, member: str) -> str:
        await self.reached(Level.METADATA)
        data = decoding.mapping(self._document.data if self._document is not None else None)
        return decoding.text(data.get(member)) or f"{self.sid}.{member}"

    def _fail(self, error: ConversationsError) -> None:
        self._failure = error
        _log.warning("%s could not be opened: %s", self.sid, error.reason.name)
        self._context.report(error, f"opening {self.sid}")
        self._set_level(Level.FAILED)

    def _stop_following_contents(self) -> None:
        """
        Close list and roster and forget the cached messages: the user is not in any more.
        """
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._list is not None:
            self._list.close(self._messages_changed)
            self._list = None
        self._close_roster()
        self.roster.unload()
        self.messages.clear()

    def _close_roster(self) -> None:
        if self._roster_map is not None:
            self._roster_map.close(self._roster_changed)
            self._roster_map = None

    # Waiting for a level

    def reached(self, level: Level) -> Promise[None]:
        """
        Resolved once the status is at least *level*, or will not rise to it any more.

        That is: it failed, the conversation was forgotten, or *level* is ALL and the user is
        not in it. Never rejected; :meth:`synchronized` raises.
        """
        promise: Promise[None] = Promise(self._context.scheduler)
        if self._is_settled_for(level):
            promise.resolve(None)
        else:
            self._waiters.append((level, promise))
        return promise

    async def synchronized(self, level: Level) -> None:
        """
        Wait for *level*; opens again what has failed.

        Raises:
            ConversationsError: It could not be opened.
        """
        if self.record.snapshot.synchronization_status is Level.FAILED:
            self._set_level(Level.IDENTIFIER if self._document is None else Level.METADATA)
            self.open()
        await self.reached(level)
        if self._failure is not None:
            raise self._failure

    def _is_settled_for(self, level: Level) -> bool:
        current = self.record.snapshot.synchronization_status
        is_reached = current.is_at_least(level)
        if is_reached or current is Level.FAILED or self.record.is_forgotten:
            return True
        is_outside = not self.is_joined and not self._is_joining
        return level is Level.ALL and current is Level.METADATA and is_outside

    def _set_level(self, level: Level) -> None:
        current = self.record.snapshot.synchronization_status
        is_lower = level is not Level.FAILED and current.is_at_least(level)
        falls = level in (Level.IDENTIFIER, Level.METADATA) and current in (Level.ALL, Level.FAILED)
        joins = level is Level.IDENTIFIER and current is Level.METADATA
        if self.record.is_forgotten or (is_lower and not (falls or joins)):
            return
        if level is Level.METADATA and current is Level.ALL and self.is_joined:
            return
        self.record.snapshot = attrs.evolve(self.record.snapshot, synchronization_status=level)
        if level is Level.METADATA:
            self._announce()
        if self._is_announced:
            self._context.emit(ConversationSynchronizationChanged(self.record))
        waiters, self._waiters = self._waiters, []
        for wanted, promise in waiters:
            if self._is_settled_for(wanted):
                promise.resolve(None)
            else:
                self._waiters.append((wanted, promise))

    def _announce(self) -> None:
        if self._is_announced or not self.is_listed:
            return
        self._is_announced = True
        self._context.emit(ConversationAdded(self.record))
        if self.is_joined:
            self._context.emit(ConversationJoined(self.record))

    def enter_list(self) -> None:
        """
        The user has just created it: it counts as listed, and is announced once it is open.
        """
        self.is_listed = True
        if self.record.snapshot.synchronization_status.is_at_least(Level.METADATA):
            self._announce()

    # What the objects say

    def _apply_document(self, data: decoding.Item) -> None:
        before = self.record.snapshot
        self.record.snapshot = decoding.changed_conversation(before, decoding.document(data))
        if self._is_announced:
            self._tell_update(before)

    def _tell_update(self, before: ConversationSnapshot) -> None:
        reasons = update_reasons(before, self.record.snapshot, ConversationUpdateReason)
        if reasons:
            self._context.emit(ConversationUpdated(self.record, reasons))

    def _document_changed(self, event: SyncEvent) -> None:
        if isinstance(event, DocumentUpdated):
            self._apply_document(decoding.mapping(event.data))
        elif isinstance(event, EntityRemoved):
            self._on_gone(self)
        elif isinstance(event, SubscriptionRefused):
            self._fail(_opening_error(event.error, ErrorReason.OPEN_DOCUMENT_ERROR))

    def _messages_changed(self, event: SyncEvent) -> None:
        if isinstance(event, ItemAdded):
            self.messages.added(event)
        elif isinstance(event, ItemUpdated):
            self.messages.updated(event)
        elif isinstance(event, ItemRemoved):
            self.messages.removed(event)
        elif isinstance(event, HistoryLost) and self._list is not None:
            reread = self.messages.reread(self._list, is_new_list=event.position is None)
            task = spawn(self._context.scheduler, reread)
            self._context.watch(task, f"reading the messages of {self.sid} again")
        elif isinstance(event, SubscriptionRefused):
            self._fail(_opening_error(event.error, ErrorReason.OPEN_COLLECTION_ERROR))

    def _roster_changed(self, event: SyncEvent) -> None:
        if isinstance(event, ItemAdded):
            self.roster.added(event)
        elif isinstance(event, ItemUpdated):
            self.roster.updated(event)
        elif isinstance(event, ItemRemoved):
            self.roster.removed(event)
        elif isinstance(event, SubscriptionRefused):
            self._fail(_opening_error(event.error, ErrorReason.OPEN_COLLECTION_ERROR))


def _opening_error(error: ConversationsError, reason: ErrorReason) -> ConversationsError:
    """
    The same error with the reason that says which kind of object could not be opened.
    """
    renamed = type(error)(attrs.evolve(error.error_info, reason=reason))
    renamed.__cause__ = error
    return renamed
