"""
One conversation: opening its objects, following their events, its synchronization status.

The core's side of a conversation. What other threads see of it is its record; everything
here is the network thread's alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

import attrs

from conversations._core.promises import Promise, Task, spawn
from conversations._core.sync.documents import SyncDocument
from conversations._core.sync.events import (
    DocumentUpdated,
    EntityRemoved,
    SubscriptionRefused,
    SyncEvent,
)
from conversations._core.sync.lists import SyncList
from conversations._core.sync.maps import SyncMap
from conversations._core.upstream import UpstreamRequest
from conversations._logs import ClientLog
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
from .failures import copied
from .messages import MessageCache
from .records import ConversationRecord
from .roster import Roster
from .snapshots import ConversationSnapshot, update_reasons
from .typing_participants import TypingParticipants

_log = ClientLog("conversations.client")

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
        self._typing = TypingParticipants(context.scheduler, self.record, self._tell)
        self.messages = MessageCache(context, self.record, self.record.messages, self._typing)
        self.roster = Roster(context, self.record, self._typing)
        self.is_told_by_sync = False
        self._is_joining = False
        self.is_listed = False
        self._is_announced = False
        self._callers = 0  # who hear of a failure themselves
        self._document: SyncDocument | None = None
        self._list: SyncList | None = None
        self._roster_map: SyncMap | None = None
        self._opening: Task[None] | None = None
        self._failure: ConversationsError | None = None
        self._early_typing: dict[str | None, float] = {}  # until when, by identity
        self._accepted_horizon: tuple[int | None] | None = None  # until the list tells of one
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
    def is_readable(self) -> bool:
        """
        Whether its own properties are loaded, whatever else could not be opened.
        """
        return self._document is not None

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
        was_joined, before = self.is_joined, self.record.snapshot
        after = decoding.changed_conversation(before, changes)
        joined = after.status is ConversationStatus.JOINED
        if was_joined and not joined:
            self._typing.end_all()
            self._stop_following_contents()
        if "last_read_message_index" in changes:
            self._accepted_horizon = None
        self.record.snapshot = after
        self._is_joining = self._is_joining and "status" not in changes
        self._tell_update(before)
        if joined and not was_joined:
            self._set_level(Level.IDENTIFIER)
            self._tell(ConversationJoined(self.record))
        elif was_joined and not joined:
            self._tell(ConversationLeft(self.record))
            self._set_level(self._level_of_document)
            self._wake()  # whoever waits for ALL waits no longer
        self._announce()
        is_failed = self.record.snapshot.synchronization_status is Level.FAILED
        if is_failed:  # what was refused may be allowed by now
            self._set_level(self._level_of_document)
        if joined != was_joined or self._opening is None or is_failed:
            self.open()

    def join_accepted(self) -> None:
        """
        The service has let the user in; whoever waits for ALL waits for the event of that, too.
        """
        self._is_joining = not self.is_joined

    @property
    def horizon(self) -> int | None:
        """
        How far the user has read, as far as this client knows.
        """
        if self._accepted_horizon is not None:
            return self._accepted_horizon[0]
        return self.record.snapshot.last_read_message_index

    def horizon_accepted(self, message_index: int | None) -> None:
        """
        The service has taken a new read horizon; the list may tell of it before or after.
        """
        self._accepted_horizon = (message_index,)

    def typing_noticed(self, identity: str | None, seconds: float) -> None:
        """
        Somebody else types. While it is not known yet who that is, it waits.
        """
        if self._is_announced and self.roster.is_loaded:
            self._typing.noticed(identity, seconds)
        elif self.is_joined:
            self._early_typing[identity] = self._context.scheduler.now + seconds

    def _tell_early_typing(self) -> None:
        early, self._early_typing = self._early_typing, {}
        for identity, until in early.items():
            if until > self._context.scheduler.now:
                self.typing_noticed(identity, until - self._context.scheduler.now)

    def typing_closed(self) -> None:
        """
        The client ends: nobody is shown as typing for ever.
        """
        self._typing.close()

    def forget(self) -> None:
        """
        The conversation left the user's list, or is gone.
        """
        if self.record.is_forgotten:
            return
        self.record.is_forgotten = True
        was_joined, before = self.is_joined, self.record.snapshot
        self._typing.close()
        self._stop_following_contents()
        self._close_document()
        self.record.snapshot = decoding.changed_conversation(
            before, {"status": ConversationStatus.NOT_PARTICIPATING}
        )
        self._tell_update(before)
        if was_joined:
            self._tell(ConversationLeft(self.record))
        self._tell(ConversationDeleted(self.record))
        self._wake()

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
        contents: list[Task[None]] = []
        if self.is_joined:
            opening = (self._open_list(), self._open_roster())
            contents = [spawn(self._context.scheduler, part) for part in opening]
        try:
            await self._open_document()
            for part in contents:
                await part
        except ConversationsError as error:
            self._fail(error)
        finally:
            for part in contents:
                part.cancel()
        if self._failure is None and self.is_joined:
            self._set_level(Level.ALL)
            self._tell_early_typing()

    async def _open_document(self) -> None:
        if self._document is None:
            try:
                self._document = await self._context.sync.open_document(
                    self.names.document, self._document_changed
                )
            except ConversationsError as error:
                raise _opening_error(error, ErrorReason.OPEN_DOCUMENT_ERROR) from error
            self._apply_document(decoding.mapping(self._document.data))
            self.messages.existed_up_to(self.record.snapshot.last_message_index)
        self._announce()
        if self._failure is None:
            self._set_level(Level.METADATA)

    async def _open_list(self) -> None:
        if self._list is None:
            if self.names.messages is None:
                await self.reached(Level.METADATA)
            name = self.name_of_messages
            try:
                self._list = await self._context.sync.open_list(name, self._messages_changed)
            except ConversationsError as error:
                raise _opening_error(error, ErrorReason.OPEN_COLLECTION_ERROR) from error
            self.messages.followed(self._list)

    async def _open_roster(self) -> None:
        if self.roster.is_loaded:
            return
        if self.names.roster is None:
            await self.reached(Level.METADATA)
        try:
            roster = self._roster_map  # still there if an earlier opening was broken off
            if roster is None:
                roster = self._roster_map = await self._context.sync.open_map(
                    self.name_of_roster, self._roster_changed, include_items=True
                )
            await roster.load_all()
        except ConversationsError as error:
            self._close_roster()
            raise _opening_error(error, ErrorReason.OPEN_COLLECTION_ERROR) from error
        if self._roster_map is roster:  # not refused meanwhile
            self.roster.loaded(roster)

    @property
    def name_of_messages(self) -> str:
        """
        Of the list of messages, as far as it is known by now.
        """
        return self.names.messages or self._name_in_document("messages")

    @property
    def name_of_roster(self) -> str:
        """
        Of the roster, as far as it is known by now.
        """
        return self.names.roster or self._name_in_document("roster")

    def _name_in_document(self, member: str) -> str:
        data = decoding.mapping(self._document.data if self._document is not None else None)
        return decoding.text(data.get(member)) or f"{self.sid}.{member}"

    def concerns(self, request: UpstreamRequest) -> bool:
        """
        Whether a request of the client's own reads one of the conversation's objects.
        """
        opened = (self._document, self._list, self._roster_map)
        ids = {self.names.document, self.name_of_messages, self.name_of_roster}
        ids.update(entity.sid for entity in opened if entity is not None)
        path = request.url.partition("?")[0].split("/")
        return any(quote(known, safe="") in path for known in ids)

    def _fail(self, error: ConversationsError) -> None:
        if self._failure is not None:
            return  # one reason is enough
        self._failure = error
        _log.warning("%s could not be opened: %s", self.sid, error.reason.name)
        if self._callers == 0:
            self._context.report(error, f"opening {self.sid}")
        self._set_level(Level.FAILED)

    def _stop_following_contents(self) -> None:
        """
        Close list and roster and forget the cached messages: the user is not in any more.
        """
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        self._close_list()
        self._close_roster()
        self.roster.unload()
        self._early_typing.clear()
        self.messages.clear()

    def _close_document(self) -> None:
        if self._document is not None:
            self._document.close(self._document_changed)
            self._document = None

    def _close_list(self) -> None:
        if self._list is not None:
            self._list.close(self._messages_changed)
            self._list = None
        self.messages.stop_rereading()

    def _close_roster(self) -> None:
        if self._roster_map is not None:
            self._roster_map.close(self._roster_changed)
            self._roster_map = None
        self.roster.interrupted()

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
        if level is Level.METADATA and self._document is not None:
            return
        self._callers += 1
        try:
            if self.record.snapshot.synchronization_status is Level.FAILED:
                self._set_level(self._level_of_document)
                self.open()
            await self.reached(level)
        finally:
            self._callers -= 1
        if self._failure is not None:
            raise copied(self._failure)

    @property
    def _level_of_document(self) -> Level:
        return Level.IDENTIFIER if self._document is None else Level.METADATA

    def _is_settled_for(self, level: Level) -> bool:
        current = self.record.snapshot.synchronization_status
        is_reached = current.is_at_least(level)
        if is_reached or current is Level.FAILED or self.record.is_forgotten:
            return True
        is_outside = not self.is_joined and not self._is_joining
        return level is Level.ALL and current is Level.METADATA and is_outside

    def _set_level(self, level: Level) -> None:
        if self.record.is_forgotten or level is self.record.snapshot.synchronization_status:
            return
        self.record.snapshot = attrs.evolve(self.record.snapshot, synchronization_status=level)
        self._tell(ConversationSynchronizationChanged(self.record))
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for wanted, promise in waiters:
            if self._is_settled_for(wanted):
                promise.resolve(None)
            else:
                self._waiters.append((wanted, promise))

    # Telling it

    def _announce(self) -> None:
        """
        Say once that it is there: when it is listed and its document is known.
        """
        if self._is_announced or not self.is_listed or self._document is None:
            return
        self._is_announced = True
        self._context.emit(ConversationAdded(self.record))
        if self.is_joined:
            self._context.emit(ConversationJoined(self.record))

    def _tell(self, event: object) -> None:
        """
        Nobody hears of a conversation before it is announced.
        """
        if self._is_announced:
            self._context.emit(event)

    def enter_list(self) -> None:
        """
        The user has just created it: it counts as listed, and is announced once it is open.
        """
        self.is_listed = True
        self._announce()

    # What the objects say

    def _apply_document(self, data: decoding.Item) -> None:
        before = self.record.snapshot
        changes = decoding.document(data, self.sid)
        self.record.snapshot = decoding.changed_conversation(before, changes)
        self._tell_update(before)

    def _tell_update(self, before: ConversationSnapshot) -> None:
        reasons = update_reasons(before, self.record.snapshot, ConversationUpdateReason)
        if reasons:
            self._tell(ConversationUpdated(self.record, reasons))

    def _document_changed(self, event: SyncEvent) -> None:
        if isinstance(event, DocumentUpdated):
            self._apply_document(decoding.mapping(event.data))
        elif isinstance(event, EntityRemoved):
            self._on_gone(self)
        elif isinstance(event, SubscriptionRefused):
            self._close_document()  # so that the next attempt opens it anew
            self._fail(_opening_error(event.error, ErrorReason.OPEN_DOCUMENT_ERROR))

    def _messages_changed(self, event: SyncEvent) -> None:
        if self._list is None:
            return
        if isinstance(event, (EntityRemoved, SubscriptionRefused)):
            self.messages.lost(self._list)
            self._close_list()
            self._contents_lost(event)
        else:
            self.messages.list_changed(event, self._list)

    def _roster_changed(self, event: SyncEvent) -> None:
        if isinstance(event, (EntityRemoved, SubscriptionRefused)):
            self._close_roster()
            self._contents_lost(event)
        else:
            self.roster.map_changed(event)

    def _contents_lost(self, event: EntityRemoved | SubscriptionRefused) -> None:
        """
        List or roster are followed no more although the user has not left. Of one that was
        removed another may have taken the place; if not, the conversation is on its way out.
        """
        if isinstance(event, SubscriptionRefused):
            self._fail(_opening_error(event.error, ErrorReason.OPEN_COLLECTION_ERROR))
        elif self._failure is None:
            self._set_level(self._level_of_document)
            self.open()


def _opening_error(error: ConversationsError, reason: ErrorReason) -> ConversationsError:
    """
    The same error with the reason that says which kind of object could not be opened.
    """
    renamed = type(error)(attrs.evolve(error.error_info, reason=reason))
    renamed.__cause__ = error
    return renamed
