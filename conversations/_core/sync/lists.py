"""
Lists: items by index.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from .collection import SyncCollection
from .entities import EntityHost
from .events import HistoryLost, ItemAdded, ItemRemoved, ItemUpdated, JSONObject
from .notifications import ItemDeleted, ItemWritten, NumberedChange
from .objects import ItemPage, ListItem, ObjectType
from .queries import DEFAULT_PAGE_SIZE, Order, Send
from .roots import PageDecoder, Root, decode_list_item

MAX_RECENT = 200
"""
So many items are remembered, in case something older about them comes late.
"""

_DECODER = PageDecoder(decode_list_item)


@attrs.frozen(kw_only=True)
class _Recent:
    """
    What was last told about an item. Without data it is gone.
    """

    event_id: int
    data: JSONObject | None = attrs.field(repr=False)
    is_announced: bool


class SyncList(SyncCollection):
    """
    A replicated list. It keeps no items: lists are long, and read in parts.

    Each item is announced once as added, whether it was read before or not.
    """

    object_type: ClassVar[ObjectType] = ObjectType.LIST

    def __init__(self, host: EntityHost, root: Root, opened_as: str) -> None:
        super().__init__(host, root, opened_as)
        self._replay_start = root.position
        self._recent: dict[int, _Recent] = {}  # by index, the longest untouched first

    async def query(
        self,
        *,
        from_: int | None = None,
        inclusive: bool = False,
        page_size: int = DEFAULT_PAGE_SIZE,
        order: Order = "asc",
        send: Send | None = None,
    ) -> ItemPage[int]:
        """
        Read a page of items.

        Args:
            from_: Start at this index, which need not exist; from the beginning (descending:
                from the end) without it.
            inclusive: Whether an item of that index is part of the page.
            page_size: Number of items, at most 100.
            order: ``asc`` or ``desc``.
            send: Sends the request instead of what the client was given for reading.

        Returns:
            The page. Items about which something newer was told come in that version, or not
            at all if they are gone.
        """
        sid = self.sid
        page = await self._read_page(
            _DECODER,
            self._items_url,
            from_=from_,
            inclusive=inclusive,
            page_size=page_size,
            order=order,
            send=send,
        )
        if self.sid != sid:
            return page
        newest = (self._newest(item) for item in page.items)
        return ItemPage(
            items=tuple(item for item in newest if item is not None),
            has_next=page.has_next,
            has_previous=page.has_previous,
            last_key=page.last_key,
        )

    def merge(self, root: Root) -> None:
        """
        Another reading is of no use: events bring what is newer.
        """

    async def adopt(self, root: Root) -> None:
        """
        Go on from the new position, and tell the owner that events are missing.
        """
        if root.sid == self.sid:
            # First of all: what the owner is told after this has to wait for what is missing.
            self.emit(HistoryLost(self._complete_through))
            self._continue_at(root)
        else:
            self._recent.clear()
            self._continue_at(root)
            self.emit(HistoryLost(None))
        self._order.resume()

    def replay_expected(self) -> None:
        """
        A replay from the position is asked for, or will be: live events wait for its end.
        """
        self._replay_start = self.position
        super().replay_expected()

    def _receive_numbered(self, change: NumberedChange, *, is_replayed: bool) -> None:
        if self._order.receive(change, is_replayed=is_replayed) or not is_replayed:
            return
        # Told before, but from a position after the one that this replay started from an
        # update can be what is an addition from there.
        if self._replay_start is None or change.id > self._replay_start:
            self._announce_late(change)

    def _apply(self, change: NumberedChange) -> None:
        if not isinstance(change, (ItemWritten, ItemDeleted)):
            return
        recent = self._recent.get(int(change.key))
        if recent is not None and recent.event_id > change.id:
            self._announce_late(change)
        elif isinstance(change, ItemDeleted):
            self._remove(change, recent)
        else:
            self._write(change, recent)

    def _write(self, change: ItemWritten, recent: _Recent | None) -> None:
        index = int(change.key)
        was_announced = recent is not None and recent.is_announced
        self._remember(
            index,
            _Recent(
                event_id=change.id,
                data=change.data,
                is_announced=was_announced or change.is_addition,
            ),
        )
        if change.is_addition and not was_announced:
            self.emit(ItemAdded(key=index, data=change.data, event_id=change.id))
        else:
            previous = None if recent is None else recent.data
            self.emit(
                ItemUpdated(key=index, data=change.data, event_id=change.id, previous=previous)
            )

    def _remove(self, change: ItemDeleted, recent: _Recent | None) -> None:
        index = int(change.key)
        previous = change.data if recent is None or change.data is not None else recent.data
        self._remember(index, _Recent(event_id=change.id, data=None, is_announced=False))
        self.emit(ItemRemoved(key=index, event_id=change.id, previous=previous))

    def _announce_late(self, change: NumberedChange) -> None:
        """
        An addition that an update has overtaken: announce the item as it is by now.
        """
        if not isinstance(change, ItemWritten) or not change.is_addition:
            return
        index = int(change.key)
        recent = self._recent.get(index)
        if recent is None or recent.is_announced or recent.data is None:
            return
        self._remember(index, attrs.evolve(recent, is_announced=True))
        self.emit(ItemAdded(key=index, data=recent.data, event_id=recent.event_id))

    def _remember(self, index: int, recent: _Recent) -> None:
        self._recent.pop(index, None)
        self._recent[index] = recent
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]

    def _newest(self, item: ListItem) -> ListItem | None:
        recent = self._recent.get(item.key)
        if recent is None or recent.event_id <= item.event_id:
            return item
        if recent.data is None:
            return None
        return ListItem(key=item.key, data=recent.data, event_id=recent.event_id)
