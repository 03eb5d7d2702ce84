"""
The messages of one conversation: which are cached, which have been announced, reading pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from conversations._core.promises import Promise
from conversations._core.sync.events import ItemAdded, ItemRemoved, ItemUpdated
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
    updates and removals of others change nothing and are not told.
    """

    def __init__(self, context: Context, conversation: ConversationRecord) -> None:
        self._context = context
        self._conversation = conversation
        self._records: dict[int, MessageRecord] = {}
        self._announced = Announced()
        self._highest = -1
        self._arrivals: dict[int, list[Promise[MessageRecord]]] = {}

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

    def clear(self) -> None:
        """
        Forget all of them, as when the user has left.
        """
        self._records = {}

    def existed_up_to(self, message_index: int | None) -> None:
        """
        Messages up to that index were there before the list was subscribed.
        """
        self._highest = max(self._highest, -1 if message_index is None else message_index)

    def added(self, event: ItemAdded) -> None:
        """
        The list says that a message was added.
        """
        key = int(event.key)
        if key in self._announced:
            self.updated(ItemUpdated(key=key, data=event.data, event_id=event.event_id))
            return
        record = self._records.get(key)
        snapshot = decoding.message(key, decoding.mapping(event.data))
        if record is None:
            record = MessageRecord(self._conversation, snapshot, event.event_id)
            self._records[key] = record
        elif record.event_id < event.event_id:
            record.snapshot, record.event_id = snapshot, event.event_id
        self._announced.add(key)
        self._highest = max(self._highest, key)
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
        record = self._records.pop(int(event.key), None)
        if record is not None:
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
        return records

    def sent(self, message_index: int, snapshot: MessageSnapshot) -> MessageRecord:
        """
        The record of a message that the service has accepted, announced already or not.
        """
        record = self._records.get(message_index)
        if record is None:
            record = MessageRecord(self._conversation, snapshot, FROM_ANSWER)
            self._records[message_index] = record
        return record

    def arrival(self, message_index: int) -> Promise[MessageRecord]:
        """
        The record of a message that is known to exist: at once, or with its event.
        """
        promise: Promise[MessageRecord] = Promise(self._context.scheduler)
        record = self._records.get(message_index)
        if record is not None:
            promise.resolve(record)
        else:
            self._arrivals.setdefault(message_index, []).append(promise)
        return promise

    async def reread(self, messages: SyncList, *, is_new_list: bool) -> None:
        """
        Find out what happened while no event could reach us, and tell the difference.

        Args:
            messages: The list.
            is_new_list: It was made anew: the event ids that are known mean nothing.
        """
        if is_new_list:
            for record in self._records.values():
                record.event_id = OTHER_LIST
        added = await self._read_newer(messages)
        await self._reread_cached(messages)
        for item in added:
            self.added(ItemAdded(key=item.key, data=item.data, event_id=item.event_id))

    async def _read_newer(self, messages: SyncList) -> list[ListItem]:
        """
        What lies above the highest index that is known, by rising index.
        """
        newer: list[ListItem] = []
        start: int | None = None
        while True:
            page = await messages.query(
                from_=start, inclusive=False, page_size=MAX_PAGE, order="desc"
            )
            newer += [item for item in page.items if item.key > self._highest]
            start = page.last_key
            if not page.has_next or start is None or start <= self._highest:
                return newer[::-1]

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
            start, inclusive = page.last_key, False
            if not page.has_next or start is None or start >= cached[-1]:
                break
        for key in cached:
            record, item = self._records.get(key), found.get(key)
            if record is None:
                continue
            if item is not None:
                self._replace(record, decoding.mapping(item.data), item.event_id)
            else:
                del self._records[key]
                self._context.emit(MessageDeleted(record))

    def _replace(self, record: MessageRecord, data: decoding.Item, event_id: int) -> None:
        if event_id <= record.event_id:
            return
        before = record.snapshot
        is_announcement_due = record.event_id == FROM_ANSWER
        record.snapshot = decoding.message(before.message_index, data)
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
    items: list[ListItem] = []
    has_before: bool | None = None
    while True:
        page = await messages.query(
            from_=start,
            inclusive=inclusive,
            page_size=min(count - len(items), MAX_PAGE),
            order=order,
            send=send,
        )
        has_before = page.has_previous if has_before is None else has_before
        items += page.items
        start, inclusive = page.last_key, False
        if not page.has_next or start is None or len(items) >= count:
            break
    if order == "desc":
        return MessagePage(
            messages=cache.read(reversed(items)), has_older=page.has_next, has_newer=has_before
        )
    return MessagePage(messages=cache.read(items), has_older=has_before, has_newer=page.has_next)


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
