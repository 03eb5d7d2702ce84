"""
The items of one map as far as they are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .events import ItemAdded, ItemRemoved, ItemUpdated, JSONObject
from .objects import MapItem, order_of_keys

MAX_TOMBSTONES = 1000
"""
So many removals are remembered, in case something older comes late.
"""

ItemEvent = ItemAdded | ItemUpdated | ItemRemoved


class ItemCache:
    """
    Items and tombstones, each with the id of the event that made it: what is older than
    what is known is ignored, wherever it comes from (docs/protocol/sync.md, Maps).
    """

    def __init__(self) -> None:
        self._items: dict[str, MapItem] = {}
        self._tombstones: dict[str, int] = {}  # the oldest first
        self._sorted: Mapping[str, MapItem] | None = None

    @property
    def items(self) -> Mapping[str, MapItem]:
        """
        The items in the order of their keys: a snapshot that does not change.
        """
        if self._sorted is None:
            keys = sorted(self._items, key=order_of_keys)
            self._sorted = MappingProxyType({key: self._items[key] for key in keys})
        return self._sorted

    def get(self, key: str) -> MapItem | None:
        """
        One item, if it is known.
        """
        return self._items.get(key)

    def write(self, item: MapItem, *, is_addition: bool) -> ItemEvent | None:
        """
        Apply an event that wrote an item.
        """
        known = self._items.get(item.key)
        if self._is_stale(item):
            return None
        self._store(item)
        if known is not None:
            return _updated(item, known)
        if is_addition:
            return ItemAdded(key=item.key, data=item.data, event_id=item.event_id)
        return _updated(item, None)

    def remove(self, key: str, event_id: int, data: JSONObject | None) -> ItemEvent | None:
        """
        Apply an event that removed an item.
        """
        known = self._items.get(key)
        if known is not None and known.event_id >= event_id:
            return None
        if known is None and self._tombstones.get(key, event_id) > event_id:
            return None
        self._bury(key, event_id)
        if known is None:
            return None
        previous = known.data if data is None else data
        return ItemRemoved(key=key, event_id=event_id, previous=previous)

    def read(self, item: MapItem) -> ItemEvent | None:
        """
        Take an item that was read: silently if it is not known, else like an update.
        """
        known = self._items.get(item.key)
        if self._is_stale(item):
            return None
        self._store(item)
        return None if known is None else _updated(item, known)

    def replace(
        self, items: Iterable[MapItem], *, position: int | None, new_since: int | None
    ) -> list[ItemEvent]:
        """
        Take all items of the map, read after its history had been lost.

        Args:
            items: All there are.
            position: Where the map stood when the reading began.
            new_since: Unknown items are only new if written after this event; ``None``: all
                of them are new.

        Returns:
            The difference: removals first, then what was written, by event id.
        """
        current = {item.key: item for item in items}
        events: list[ItemEvent] = []
        for known in [item for key, item in self._items.items() if key not in current]:
            event_id = known.event_id if position is None else max(position, known.event_id)
            self._bury(known.key, event_id)
            events.append(ItemRemoved(key=known.key, event_id=event_id, previous=known.data))
        for item in sorted(current.values(), key=lambda item: item.event_id):
            is_new = new_since is None or item.event_id > new_since
            event = self.write(item, is_addition=True) if is_new else self.read(item)
            if event is not None:
                events.append(event)
        return events

    def restart(self, items: Iterable[MapItem], *, position: int | None) -> list[ItemEvent]:
        """
        Take all items of the map, which was made anew: event ids known so far are worth
        nothing, content is compared.

        Args:
            items: All there are.
            position: Where the map stood when the reading began.

        Returns:
            The difference, as of :meth:`replace`.
        """
        before = self._items
        self._items = {item.key: item for item in items}
        self._tombstones.clear()
        self._sorted = None
        events: list[ItemEvent] = [
            ItemRemoved(
                key=key,
                event_id=known.event_id if position is None else position,
                previous=known.data,
            )
            for key, known in before.items()
            if key not in self._items
        ]
        for item in sorted(self._items.values(), key=lambda item: item.event_id):
            known = before.get(item.key)
            if known is None:
                events.append(ItemAdded(key=item.key, data=item.data, event_id=item.event_id))
            elif known.data != item.data:
                events.append(_updated(item, known))
        return events

    def _is_stale(self, item: MapItem) -> bool:
        known = self._items.get(item.key)
        if known is not None:
            return known.event_id >= item.event_id
        return self._tombstones.get(item.key, item.event_id - 1) >= item.event_id

    def _store(self, item: MapItem) -> None:
        self._items[item.key] = item
        self._tombstones.pop(item.key, None)
        self._sorted = None

    def _bury(self, key: str, event_id: int) -> None:
        if self._items.pop(key, None) is not None:
            self._sorted = None
        self._tombstones.pop(key, None)
        self._tombstones[key] = event_id
        if len(self._tombstones) > MAX_TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]


def _updated(item: MapItem, known: MapItem | None) -> ItemUpdated:
    previous = None if known is None else known.data
    return ItemUpdated(key=item.key, data=item.data, event_id=item.event_id, previous=previous)
