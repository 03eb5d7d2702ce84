"""
The conversations of the user: the map that follows them, the list they are loaded from.

The map is opened before the list is read, so nothing falls between the two. What the map
has said counts more than what the list says: the list may be older
(docs/protocol/conversations.md, Start-up).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
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
from conversations._core.upstream import UpstreamRequest
from conversations.enums import (
    ConversationSynchronizationStatus,
    ErrorReason,
    SynchronizationStatus,
)
from conversations.errors import ConversationsError

from . import decoding
from .context import Context
from .conversation import ConversationModel, ObjectNames
from .events import SynchronizationChanged
from .records import ConversationRecord

_log = logging.getLogger("conversations.client")

Level: TypeAlias = ConversationSynchronizationStatus


class ConversationList:
    """
    All conversations that the client knows, and the client's synchronization status.

    Attributes:
        records: By sid, in no particular order; replaced as a whole, readable from anywhere.
                Those of the user's list, not those that were merely looked up.
        status: ``None`` before the configuration has come.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._models: dict[str, ConversationModel] = {}
        self._map: SyncMap | None = None
        self._removed: set[str] = set()
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

    def _changed(self, event: SyncEvent) -> None:
        if isinstance(event, (ItemAdded, ItemUpdated)):
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
        names = ObjectNames(
            document=decoding.text(item.get("channel")) or f"{sid}.channel",
            messages=decoding.text(item.get("messages")),
            roster=decoding.text(item.get("roster")),
        )
        model = self._model(sid, names)
        model.is_told_by_sync = True
        self._removed.discard(sid)
        model.list_entry(decoding.own_entry(item))
        self._publish()

    def _entry_removed(self, sid: str) -> None:
        self._removed.add(sid)
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
        listed = [model for model in self._models.values() if model.record.sid in self.records]
        for model in listed:
            await model.reached(Level.METADATA)
        self.set_status(SynchronizationStatus.CONVERSATIONS_COMPLETED)
        for model in listed:
            await model.reached(Level.ALL)
        self._removed.clear()
        self.set_status(SynchronizationStatus.COMPLETED)

    async def _read_pages(self) -> None:
        """
        One page after another; what a page names is opened while the next one is fetched.
        """
        base = self._context.configuration.links.my_conversations
        url: str | None = base
        while url is not None:
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
            if sid is not None and sid not in self._removed:
                self.entry_answered(sid, item)
        self._publish()

    def entry_answered(self, sid: str, entry: decoding.Item) -> ConversationModel:
        """
        The model of a conversation that REST says is in the user's list.
        """
        model = self._model(sid, _answered_names(sid, entry))
        if not model.is_told_by_sync:
            model.list_entry(decoding.listed_entry(entry))
        return model

    def conversation_answered(self, sid: str, resource: decoding.Item) -> ConversationModel:
        """
        The model of a conversation that REST has shown, in the user's list or not.
        """
        known = self._models.get(sid)
        if known is not None:
            return known
        model = self._model(sid, _answered_names(sid, resource))
        model.open()
        return model

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
        self._publish()
        model.forget()

    def publish(self, model: ConversationModel) -> None:
        """
        A conversation that the user has just created belongs to the list.
        """
        model.enter_list()
        self._publish()

    def _model(self, sid: str, names: ObjectNames) -> ConversationModel:
        model = self._models.get(sid)
        if model is None:
            model = ConversationModel(self._context, sid, names, on_gone=self.forget)
            self._models[sid] = model
        return model

    def _publish(self) -> None:
        listed = {sid: model.record for sid, model in self._models.items() if model.is_listed}
        if listed.keys() != self.records.keys() or any(
            self.records[sid] is not record for sid, record in listed.items()
        ):
            self.records = MappingProxyType(listed)

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


def _answered_names(sid: str, entry: decoding.Item) -> ObjectNames:
    names = decoding.mapping(entry.get("sync_objects"))
    return ObjectNames(
        document=decoding.text(names.get("conversation")) or f"{sid}.channel",
        messages=decoding.text(names.get("messages")),
        roster=decoding.text(names.get("participants")),
    )
