"""
Maps: items by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .collection import SyncCollection
from .entities import EntityHost
from .item_cache import ItemCache, ItemEvent
from .notifications import ItemDeleted, ItemWritten, NumberedChange
from .objects import ItemPage, MapItem, ObjectType, order_of_keys
from .queries import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Order, Send
from .roots import PageDecoder, Root, decode_map_item
from .sharing import SharedCalls

_DECODER = PageDecoder(decode_map_item)


class SyncMap(SyncCollection):
    """
    A replicated map. It keeps the items it comes to know.
    """

    object_type: ClassVar[ObjectType] = ObjectType.MAP

    def __init__(self, host: EntityHost, root: Root, opened_as: str) -> None:
        super().__init__(host, root, opened_as)
        self._cache = ItemCache()
        self._loading: SharedCalls[None, None] = SharedCalls(host.scheduler)
        self._is_complete = False
        # All items up to this key are known. Only reading from the beginning moves it.
        self._loaded_through: str | None = None
        if root.items is not None:
            for item in root.items:
                self._cache.read(item)
            self._is_complete = root.sent_items < DEFAULT_PAGE_SIZE
            keys = [item.key for item in root.items]
            self._loaded_through = max(keys, key=order_of_keys, default=None)

    @property
    def items(self) -> Mapping[str, MapItem]:
        """
        The items that are known, in the order of their keys: a snapshot.
        """
        return self._cache.items

    @property
    def is_complete(self) -> bool:
        """
        Whether all items of the map are known.
        """
        return self._is_complete

    async def load_all(self) -> None:
        """
        Read the items that are not known yet. Concurrent calls share the requests.
        """
        if not self._is_complete:
            await self._loading.join(None, self._load_all)

    async def query(
        self,
        *,
        from_: str | None = None,
        inclusive: bool = False,
        page_size: int = DEFAULT_PAGE_SIZE,
        order: Order = "asc",
        send: Send | None = None,
    ) -> ItemPage[str]:
        """
        Read a page of items, and keep them.

        Args:
            from_: Start at this key, which need not exist; from the beginning (descending:
                from the end) without it.
            inclusive: Whether an item of that key is part of the page.
            page_size: Number of items, at most 100.
            order: ``asc`` or ``desc``.
            send: Sends the request instead of what the client was given for reading.

        Returns:
            The page. Items about which something newer is known come in that version, or not
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
        for item in page.items:
            self._emit_change(self._cache.read(item))
        known = (self._cache.get(item.key) for item in page.items)
        return ItemPage(
            items=tuple(item for item in known if item is not None),
            has_next=page.has_next,
            has_previous=page.has_previous,
            last_key=page.last_key,
        )

    def merge(self, root: Root) -> None:
        """
        Keep the items that came with another reading. It can be older than this map, so it
        does not make it complete.
        """
        for item in root.items or ():
            self._emit_change(self._cache.read(item))

    async def adopt(self, root: Root) -> None:
        """
        Read all items, and tell the difference.
        """
        items = await self._read_all(self._host.reader.items_url(self.object_type, root))
        if self.is_closed:
            return
        position, is_same = self._complete_through, root.sid == self.sid
        self._continue_at(root)
        if is_same:
            new_since = None if self._is_complete else position
            events = self._cache.replace(items, position=root.position, new_since=new_since)
        else:
            events = self._cache.restart(items, position=root.position)
        self._is_complete = True
        for event in events:
            self.emit(event)
        self._order.resume()

    def _apply(self, change: NumberedChange) -> None:
        if isinstance(change, ItemWritten):
            item = MapItem(key=str(change.key), data=change.data, event_id=change.id)
            self._emit_change(self._cache.write(item, is_addition=change.is_addition))
        elif isinstance(change, ItemDeleted):
            self._emit_change(self._cache.remove(str(change.key), change.id, change.data))

    def _emit_change(self, event: ItemEvent | None) -> None:
        if event is not None:
            self.emit(event)

    async def _load_all(self) -> None:
        while not self._is_complete and not self.is_closed:
            sid, from_ = self.sid, self._loaded_through
            page = await self.query(from_=from_, page_size=MAX_PAGE_SIZE)
            if self.sid == sid and not self._is_complete:  # not read again meanwhile
                self._loaded_through = page.last_key
                self._is_complete = not _leads_on(page, from_)

    async def _read_all(self, items_url: str) -> list[MapItem]:
        items: list[MapItem] = []
        from_: str | None = None
        has_next = True
        while has_next and not self.is_closed:
            page = await self._read_page(
                _DECODER,
                items_url,
                from_=from_,
                inclusive=False,
                page_size=MAX_PAGE_SIZE,
                order="asc",
            )
            items += page.items
            has_next = _leads_on(page, from_)
            from_ = page.last_key
        return items


def _leads_on(page: ItemPage[str], from_: str | None) -> bool:
    """
    Whether another page follows, and asking for it gets us further.
    """
    if not page.has_next or page.last_key is None:
        return False
    return from_ is None or order_of_keys(page.last_key) > order_of_keys(from_)
