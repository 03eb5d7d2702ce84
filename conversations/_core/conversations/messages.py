"""
The messages of one conversation: which are cached, which have been announced, reading pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import attrs

from conversations._core.promises import Promise, Task, spawn
from conversations._core.sync.events import (
    HistoryLost,
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    SyncEvent,
)
from conversations._core.sync.lists import SyncList
from conversations._core.sync.objects import ListItem
from conversations._core.sync.queries import Order, Send
from conversations.enums import MessageUpdateReason
from conversations.errors import ErrorInfo, NotFoundError

from . import decoding
from .context import Context
from .events import MessageAdded, MessageDeleted, MessageUpdated
from .records import ConversationRecord, MessageRecord
from .snapshots import MessageSnapshot, update_reasons
from .typing_participants import TypingParticipants

MAX_PAGE = 100
"""Most items the service answers with, whatever page size is asked for."""

ANNOUNCED_MEMORY = 2000
"""How many announced indexes are remembered one by one."""

FROM_ANSWER = -1
"""Event id of a message that is known from the answer to sending it only."""

OTHER_LIST = -2
"""Event id of a message that was known from a list which has been made anew since."""


class Announced:
    """
    Remembers which indexes have been announced, in bounded memory.

    Indexes rise, so what is far below the newest ones counts as announced for good.
    """

    def __init__(self) -> None:
        self._floor = 0
        self._indexes: set[int] = set()

    def __contains__(self, message_index: int) -> bool:
        return message_index < self._floor or message_index in self._indexes

    def add(self, message_index: int) -> None:
        """
        Remember one more.
        """
        self._indexes.add(message_index)
        if len(self._indexes) > ANNOUNCED_MEMORY:
            kept = sorted(self._indexes)[ANNOUNCED_MEMORY // 2 :]
            self._floor = kept[0]
            self._indexes = set(kept)


@attrs.frozen(kw_only=True)
class MessagePage:
    """
    Messages by rising index, and whether there are older and newer ones.
    """

    messages: list[MessageRecord]
    has_older: bool
    has_newer: bool


class MessageCache:
    """
    The messages of a conversation that are known, one record for each index.

    A message enters by an event, by a page that was read, or by the answer to sending it;
    updates and removals of others change nothing and are not told. With a limit, those that
    were fetched or announced longest ago leave it and are like any that was never known. What
    has been announced is remembered all the same.

    Args:
        context: The shared services.
        conversation: Whose messages.
        records: Where they are kept.
        typing: Told of new messages.
    """

    def __init__(
        self,
        context: Context,
        conversation: ConversationRecord,
        records: dict[int, MessageRecord],
        typing: TypingParticipants | None = None,
    ) -> None:
        self._context = context
        self._conversation = conversation
        self._typing = typing
        self._records = records
        self._limit = context.configuration.message_cache_limit
        self._recency: dict[int, None] = {}  # the least recent first; only if there is a limit
        self._announced = Announced()
        self._highest = -1
        self._arrivals: dict[int, list[Promise[MessageRecord]]] = {}
        self._left_off: tuple[str, int | None] | None = None  # list and position, if it was lost
        self._rereading: Task[None] | None = None
        self._held: list[SyncEvent] = []  # what came while the list was read again

    def __iter__(self) -> Iterator[MessageRecord]:
        """
        The cached messages by rising index.
        """
        return iter([self._records[key] for key in sorted(self._records)])

    def get(self, message_index: int) -> MessageRecord | None:
        """
        The cached message of that index.
        """
        return self._records.get(message_index)

    def fetch(self, message_index: int) -> MessageRecord | None:
        """
        The same, for a user who asks for it.
        """
        record = self._records.get(message_index)
        if record is not None:
            self._use(message_index)
        return record

    def clear(self) -> None:
        """
        Forget all of them, as when the user has left.
        """
        self._records.clear()
        self._recency.clear()
        self._left_off = None

    def evict(self, keep_last: int) -> None:
        """
        Forget all but the newest, as far as they may be forgotten.
        """
        indexes = sorted(self._records)
        for key in indexes[: max(0, len(indexes) - keep_last)]:
            if self._may_be_forgotten(key):
                self._drop(key)

    def _keep(self, message_index: int, record: MessageRecord) -> None:
        self._records[message_index] = record
        self._use(message_index)
        self._shrink()

    def _use(self, message_index: int) -> None:
        """
        Note that a message was fetched or announced now.
        """
        if self._limit is not None:
            self._recency.pop(message_index, None)
            self._recency[message_index] = None

    def _shrink(self) -> None:
        if self._limit is None or len(self._records) <= self._limit:
            return
        candidates = (key for key in self._recency if self._may_be_forgotten(key))
        for key in list(islice(candidates, len(self._records) - self._limit)):
            self._drop(key)

    def _may_be_forgotten(self, message_index: int) -> bool:
        """
        Not a message that was sent and not announced yet: its event announces the same object.
        """
        return self._records[message_index].event_id != FROM_ANSWER

    def _drop(self, message_index: int) -> MessageRecord | None:
        self._recency.pop(message_index, None)
        return self._records.pop(message_index, None)

    def existed_up_to(self, message_index: int | None) -> None:
        """
        Messages up to that index were there before the list was subscribed.
        """
        if self._left_off is None and message_index is not None:
            self._highest = max(self._highest, message_index)

    # What the list says

    def followed(self, messages: SyncList) -> None:
        """
        The list has been opened: from now on it tells what changes.

        What was told by it before, until it was lost, goes on from there. Messages that were
        sent before it was opened are looked for: they may have been removed already.
        """
        self.existed_up_to(self._conversation.snapshot.last_message_index)
        left_off, self._left_off = self._left_off, None
        if left_off is not None:
            sid, position = left_off
            lost = HistoryLost(position if sid == messages.sid else None)
            self.list_changed(lost, messages)
        elif self._records:
            self.check(messages)

    def lost(self, messages: SyncList) -> None:
        """
        The list is followed no more, although the user is still in the conversation.
        """
        self._left_off = (messages.sid, messages.position)
        self.stop_rereading()

    def check(self, messages: SyncList) -> None:
        """
        Compare what is cached with the list: nobody has told what became of it.
        """
        self.list_changed(HistoryLost(messages.position), messages)

    def list_changed(self, event: SyncEvent, messages: SyncList) -> None:
        """
        Take an event of the list. While the list is read again, newer events wait: messages
        are announced by rising index.
        """
        if self._rereading is not None:
            self._held.append(event)
        elif isinstance(event, ItemAdded):
            self.added(event)
        elif isinstance(event, ItemUpdated):
            self.updated(event)
        elif isinstance(event, ItemRemoved):
            self.removed(event)
        elif isinstance(event, HistoryLost):
            self._start_rereading(event, messages)

    def stop_rereading(self) -> None:
        """
        The list is followed no more.
        """
        rereading, self._rereading = self._rereading, None
        if rereading is not None:
            rereading.cancel()
        self._held = []

    def _start_rereading(self, lost: HistoryLost, messages: SyncList) -> None:
        task = spawn(self._context.scheduler, self._reread(messages, lost.position))
        self._rereading = task
        self._context.watch(task, f"reading the messages of {self._conversation.sid} again")

        def ended(_: Promise[None]) -> None:
            if self._rereading is not task:
                return
            self._rereading = None
            held, self._held = self._held, []
            for event in held:
                self.list_changed(event, messages)

        task.add_done_callback(ended)

    def added(self, event: ItemAdded) -> None:
        """
        The list says that a message was added.
        """
        key = int(event.key)
        if key in self._announced:
            self.updated(ItemUpdated(key=key, data=event.data, event_id=event.event_id))
            return
        record = self._records.get(key)
        item = decoding.mapping(event.data)
        if record is None:
            snapshot = decoding.message(key, item)
            record = MessageRecord(self._conversation, snapshot, event.event_id)
        elif record.event_id < event.event_id:
            record.snapshot = decoding.message(key, item, record.snapshot)
            record.event_id = event.event_id
        self._keep(key, record)
        self._announced.add(key)
        self._highest = max(self._highest, key)
        if self._typing is not None:
            self._typing.message_added(record)
        self._context.emit(MessageAdded(record))
        for promise in self._arrivals.pop(key, ()):
            promise.resolve(record)

    def updated(self, event: ItemUpdated) -> None:
        """
        The list says that a message changed.
        """
        record = self._records.get(int(event.key))
        if record is not None:
            self._replace(record, decoding.mapping(event.data), event.event_id)

    def removed(self, event: ItemRemoved) -> None:
        """
        The list says that a message was removed.
        """
        self._removed(int(event.key))

    def _removed(self, message_index: int) -> None:
        record = self._drop(message_index)
        if record is not None:
            record.is_removed = True
            self._context.emit(MessageDeleted(record))

    def read(self, items: Iterable[ListItem]) -> list[MessageRecord]:
        """
        The records of items that were read, cached from now on.
        """
        records = []
        for item in items:
            key = item.key
            record = self._records.get(key)
            if record is None:
                snapshot = decoding.message(key, decoding.mapping(item.data))
                record = MessageRecord(self._conversation, snapshot, item.event_id)
                self._records[key] = record
            else:
                self._replace(record, decoding.mapping(item.data), item.event_id)
            records.append(record)
        for record in sorted(records, key=lambda record: record.snapshot.message_index):
            self._use(record.snapshot.message_index)
        self._shrink()
        return records

    def sent(self, message_index: int, snapshot: MessageSnapshot) -> MessageRecord:
        """
        The record of a message that the service has accepted, announced already or not.
        """
        record = self._records.get(message_index)
        if record is None:
            record = MessageRecord(self._conversation, snapshot, FROM_ANSWER)
            if message_index not in self._announced:  # else it is removed already
                self._keep(message_index, record)
        return record

    def arrival(self, message_index: int) -> Promise[MessageRecord]:
        """
        The record of a message that is known to exist: at once, or with its event.
        """
        promise: Promise[MessageRecord] = Promise(
            self._context.scheduler,
            on_abandon=lambda: self._arrivals[message_index].remove(promise),
        )
        record = self._records.get(message_index)
        if record is not None:
            promise.resolve(record)
        else:
            self._arrivals.setdefault(message_index, []).append(promise)
        return promise

    async def _reread(self, messages: SyncList, position: int | None) -> None:
        """
        Find out what happened while no event could reach us, and tell the difference.

        Args:
            messages: The list.
            position: Events after this one may be missing. ``None``: the list was made anew,
                the event ids that are known mean nothing.
        """
        if position is None:
            for record in self._records.values():
                record.event_id = OTHER_LIST
        added = await self._read_newer(messages, position)
        await self._reread_cached(messages)
        for item in added:
            self.added(ItemAdded(key=item.key, data=item.data, event_id=item.event_id))

    async def _read_newer(self, messages: SyncList, position: int | None) -> list[ListItem]:
        """
        What was added above the highest index that is known, by rising index.
        """
        newer: list[ListItem] = []
        start: int | None = None
        while True:
            page = await messages.query(
                from_=start, inclusive=False, page_size=MAX_PAGE, order="desc"
            )
            for item in page.items:
                is_old = position is not None and item.event_id <= position
                if is_old or item.key <= self._highest:
                    return newer[::-1]  # and all below it are older still
                newer.append(item)
            if not page.has_next or page.last_key in (None, start):
                return newer[::-1]
            start = page.last_key

    async def _reread_cached(self, messages: SyncList) -> None:
        """
        Compare what is cached, page by page, with what the list holds now.
        """
        cached = sorted(self._records)
        found: dict[int, ListItem] = {}
        start, inclusive = (cached[0] if cached else None), True
        while start is not None:
            page = await messages.query(
                from_=start, inclusive=inclusive, page_size=MAX_PAGE, order="asc"
            )
            found.update((item.key, item) for item in page.items)
            is_end = not page.has_next or page.last_key is None or page.last_key >= cached[-1]
            start, inclusive = None if is_end else page.last_key, False
        for key in cached:
            record, item = self._records.get(key), found.get(key)
            if record is None:
                continue
            if item is not None:
                self._replace(record, decoding.mapping(item.data), item.event_id)
            else:
                self._removed(key)

    def _replace(self, record: MessageRecord, data: decoding.Item, event_id: int) -> None:
        if event_id <= record.event_id:
            return
        before = record.snapshot
        is_announcement_due = record.event_id == FROM_ANSWER
        record.snapshot = decoding.message(before.message_index, data, before)
        record.event_id = event_id
        reasons = update_reasons(before, record.snapshot, MessageUpdateReason)
        if reasons and not is_announcement_due:
            self._context.emit(MessageUpdated(record, reasons))


async def read_messages(
    cache: MessageCache,
    messages: SyncList,
    send: Send,
    *,
    start: int | None,
    count: int,
    order: Order,
    inclusive: bool = True,
) -> MessagePage:
    """
    Up to *count* messages from *start* on, in as many requests as it takes.

    Args:
        cache: Where they are kept.
        messages: The list they are read from.
        send: How to ask (a call's reads go by the rules of calls).
        start: Index to begin with; ``None``: at the end that *order* begins with.
        count: Any positive number.
        order: Descending for older messages, ascending for newer ones.
        inclusive: Whether *start* itself counts.
    """
    records: list[MessageRecord] = []
    has_before: bool | None = None
    while True:
        page = await messages.query(
            from_=start,
            inclusive=inclusive,
            page_size=min(count - len(records), MAX_PAGE),
            order=order,
            send=send,
        )
        has_before = page.has_previous if has_before is None else has_before
        items = page.items[: count - len(records)]  # whatever the service thought was wanted
        records += cache.read(items)  # at once: from here on events keep them up to date
        has_after = page.has_next or len(items) < len(page.items)
        is_stuck = page.last_key is None or (page.last_key == start and not inclusive)
        if is_stuck or not has_after or len(records) >= count:
            break
        start, inclusive = page.last_key, False
    # Without those that were removed while further pages came.
    found = [record for record in records if not record.is_removed]
    if order == "desc":
        return MessagePage(messages=found[::-1], has_older=has_after, has_newer=has_before)
    return MessagePage(messages=found, has_older=has_before, has_newer=has_after)


def no_such_message(message_index: int) -> NotFoundError:
    """
    The error for an index without a message.
    """
    return NotFoundError(
        ErrorInfo(
            code=ErrorInfo.CANNOT_GET_MESSAGE_BY_INDEX,
            message=f"there is no message with index {message_index}",
        )
    )
