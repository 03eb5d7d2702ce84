"""
The conversations of the user: the map that follows them, the list they are loaded from.

The map is opened before the list is read, so nothing falls between the two. What the map
has said counts more than what the list says: the list may be older
(docs/protocol/conversations.md, Start-up).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import quote

from conversations._core.promises import Promise
from conversations._core.sync.events import (
    EntityRemoved,
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    SubscriptionRefused,
    SyncEvent,
)
from conversations._core.sync.maps import SyncMap
from conversations._core.sync.objects import ItemPage, MapItem
from conversations._core.sync.queries import Order, Send
from conversations._core.sync.roots import Root
from conversations._core.upstream import UpstreamRequest
from conversations._logs import ClientLog
from conversations.enums import (
    ConversationSynchronizationStatus,
    ErrorReason,
    SynchronizationStatus,
)
from conversations.errors import ConversationsError, NotReadyError

from . import decoding
from .context import Context
from .conversation import ConversationModel, ObjectNames
from .events import SynchronizationChanged
from .records import ConversationRecord
from .typing_participants import ALLOWANCE, TypingNotice

_log = ClientLog("conversations.client")

Level: TypeAlias = ConversationSynchronizationStatus

FROM_LIST = -1
"""Event id of an entry that is known from REST only: older than whatever the map says."""


class ConversationList:
    """
    All conversations that the client knows, and the client's synchronization status.

    Args:
        context: The shared services.
        on_forgotten: Told the sid of a conversation that is gone.

    Attributes:
        records: By sid, in no particular order; replaced as a whole, readable from anywhere.
                Those of the user's list, not those that were merely looked up.
        status: ``None`` before the configuration has come.
    """

    def __init__(self, context: Context, on_forgotten: Callable[[str], None]) -> None:
        self._context = context
        self._on_forgotten = on_forgotten
        self._models: dict[str, ConversationModel] = {}
        self._map: SyncMap | None = None
        self._listed: dict[str, ConversationRecord] = {}
        self._early: list[SyncEvent] | None = []  # what came before the client was initialized
        self.records: Mapping[str, ConversationRecord] = MappingProxyType({})
        self.status: SynchronizationStatus | None = None
        self.failure: ConversationsError | None = None
        self._waiters: list[Promise[None]] = []

    # Following the map

    async def follow(self) -> None:
        """
        Open the map, so that from now on every change is told.
        """
        self._map = await self._context.sync.open_map(
            self._context.configuration.my_conversations, self._changed
        )

    def begin(self) -> None:
        """
        The client is initialized: from now on conversations may be told of.
        """
        early, self._early = self._early or [], None
        for event in early:
            self._changed(event)

    def _changed(self, event: SyncEvent) -> None:
        if self._early is not None:
            self._early.append(event)
        elif isinstance(event, (ItemAdded, ItemUpdated)):
            self._entry_told(str(event.key), decoding.mapping(event.data))
        elif isinstance(event, ItemRemoved):
            self._entry_removed(str(event.key))
        elif isinstance(event, EntityRemoved):
            _log.warning("the user's list of conversations was removed")
        elif isinstance(event, SubscriptionRefused):
            self._context.report(
                event.error, "following the conversations", ErrorReason.OPEN_COLLECTION_ERROR
            )

    def _entry_told(self, sid: str, item: decoding.Item) -> None:
        model = self._model(sid, _names(sid, item))
        model.is_told_by_sync = True
        self._list(model, item)

    def _list(self, model: ConversationModel, item: decoding.Item) -> None:
        self._publish(model)
        model.list_entry(decoding.own_entry(item))

    def _entry_removed(self, sid: str) -> None:
        model = self._models.get(sid)
        if model is not None:
            self.forget(model)

    # Reading the list

    async def load(self) -> None:
        """
        Read the list, open everything in it, and tell the status on the way.
        """
        self.failure = None
        self.set_status(SynchronizationStatus.STARTED)
        try:
            await self._read_pages()
        except ConversationsError as error:
            self.failure = error
            self._context.report(error, "loading the conversations")
            self.set_status(SynchronizationStatus.FAILED)
            return
        await self._reached(Level.METADATA)
        self.set_status(SynchronizationStatus.CONVERSATIONS_COMPLETED)
        await self._reached(Level.ALL)
        self.set_status(SynchronizationStatus.COMPLETED)

    async def _reached(self, level: Level) -> None:
        """
        Wait for all conversations of the list, those included that enter it meanwhile.
        """
        seen: set[ConversationModel] = set()
        while waiting := [
            model for model in self._models.values() if model.is_listed and model not in seen
        ]:
            for model in waiting:
                await model.reached(level)
            seen.update(waiting)

    async def _read_pages(self) -> None:
        """
        One page after another; what a page names is opened while the next one is fetched.
        """
        base = self._context.configuration.links.my_conversations
        url: str | None = base
        asked: set[str] = set()
        while url is not None and url not in asked:
            asked.add(url)
            request = UpstreamRequest(
                method="GET", url=url, description="the list of conversations"
            )
            response = await self._context.exchange.background(request)
            body = decoding.mapping(response.body)
            entries = body.get("conversations")
            self._entries_listed(entries if isinstance(entries, list) else [])
            token = decoding.text(decoding.mapping(body.get("meta")).get("next_token"))
            url = None if token is None else f"{base}?PageToken={quote(token, safe='')}"

    def _entries_listed(self, entries: Iterable[object]) -> None:
        for entry in entries:
            item = decoding.mapping(entry)
            sid = decoding.text(item.get("conversation_sid"))
            if sid is not None:
                self._entry_listed(sid, item)

    def _entry_listed(self, sid: str, entry: decoding.Item) -> bool:
        """
        REST says that a conversation is in the user's list. Returns whether the map agrees.

        The map is told, since it has not read its items: so it knows what is removed later. It
        refuses what it has seen removed.
        """
        item = decoding.listed_item(entry)
        if self._map is not None:
            listed = MapItem(key=sid, data=item, event_id=FROM_LIST)
            self._map.merge(
                Root(sid=self._map.sid, unique_name=None, position=None, items=(listed,))
            )
            if sid not in self._map.items:
                return False
        model = self._model(sid, _names(sid, item))
        if not model.is_told_by_sync:
            self._list(model, item)
        return True

    def entry_answered(self, sid: str, entry: decoding.Item) -> ConversationModel:
        """
        The model of a conversation that REST has shown as one of the user's list.
        """
        if self._entry_listed(sid, entry):
            return self._models[sid]
        return self.conversation_answered(sid, entry)

    def conversation_answered(self, sid: str, resource: decoding.Item) -> ConversationModel:
        """
        The model of a conversation that REST has shown, in the user's list or not.
        """
        known = self._models.get(sid)
        if known is not None:
            return known
        model = self._model(sid, _names(sid, decoding.listed_item(resource)))
        model.open()
        return model

    async def read_entries(
        self, *, start: str | None, page_size: int, order: Order, send: Send
    ) -> ItemPage[str]:
        """
        Read a page of the map. What it names for the first time is known from then on.

        Args:
            start: The key that it begins after; ``None``: at the end that *order* begins with.
            page_size: How many at most.
            order: Of the keys.
            send: How to ask.
        """
        followed = self._map
        if followed is None:
            raise NotReadyError
        page = await followed.query(from_=start, page_size=page_size, order=order, send=send)
        for item in page.items:
            model = self._models.get(item.key)
            if model is None or not model.is_told_by_sync:
                self._entry_told(item.key, decoding.mapping(item.data))
        return page

    # Looking up

    def get(self, sid: str) -> ConversationModel | None:
        """
        The model of that sid, if it is known.
        """
        return self._models.get(sid)

    def with_unique_name(self, unique_name: str) -> ConversationModel | None:
        """
        The model of that unique name, if it is known.
        """
        for model in self._models.values():
            if model.record.snapshot.unique_name == unique_name:
                return model
        return None

    def forget(self, model: ConversationModel) -> None:
        """
        Take a conversation out: it left the list, or is gone.
        """
        if self._models.get(model.sid) is model:
            del self._models[model.sid]
            if self._listed.pop(model.sid, None) is not None:
                self.records = MappingProxyType(dict(self._listed))
            self._on_forgotten(model.sid)
        model.forget()

    def typing_noticed(self, notice: TypingNotice) -> None:
        """
        The service says that somebody is typing. Nobody is shown as typing to himself.
        """
        configuration = self._context.configuration
        model = self._models.get(notice.conversation_sid)
        if model is None or notice.identity == configuration.identity:
            return
        chosen = configuration.typing_timeout
        model.typing_noticed(
            notice.identity, notice.seconds if chosen is None else chosen + ALLOWANCE
        )

    def close(self) -> None:
        """
        The client ends.
        """
        for model in self._models.values():
            model.typing_closed()

    def publish(self, model: ConversationModel) -> None:
        """
        A conversation that the user has just created belongs to the list.
        """
        self._publish(model)
        model.enter_list()

    def _model(self, sid: str, names: ObjectNames) -> ConversationModel:
        model = self._models.get(sid)
        if model is None:
            model = ConversationModel(self._context, sid, names, on_gone=self.forget)
            self._models[sid] = model
        return model

    def _publish(self, model: ConversationModel) -> None:
        if model.sid not in self._listed:
            self._listed[model.sid] = model.record
            self.records = MappingProxyType(dict(self._listed))

    # The client's status

    def set_status(self, status: SynchronizationStatus) -> None:
        """
        Tell a new status, and wake whoever waits for the outcome.
        """
        if status is self.status:
            return
        self.status = status
        self._context.emit(SynchronizationChanged(status))
        if status not in (
            SynchronizationStatus.STARTED,
            SynchronizationStatus.CONVERSATIONS_COMPLETED,
        ):
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter.resolve(None)

    @property
    def is_completed(self) -> bool:
        """
        Whether everything is loaded.
        """
        return self.status is SynchronizationStatus.COMPLETED

    def outcome(self) -> Promise[None]:
        """
        Resolved once the loading has come to an end, whatever it is.
        """
        promise: Promise[None] = Promise(self._context.scheduler)
        if self.status in (
            None,
            SynchronizationStatus.STARTED,
            SynchronizationStatus.CONVERSATIONS_COMPLETED,
        ):
            self._waiters.append(promise)
        else:
            promise.resolve(None)
        return promise


def _names(sid: str, item: decoding.Item) -> ObjectNames:
    return ObjectNames(
        document=decoding.text(item.get("channel")) or f"{sid}.channel",
        messages=decoding.text(item.get("messages")),
        roster=decoding.text(item.get("roster")),
    )
