"""
What waits for the listener thread, and how it gives way when there is too much of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any

import attrs


@attrs.define(eq=False)
class _Place:
    """
    A place in the queue. Its item may be replaced by a merged one while it waits.
    """

    item: Any


class Backlog:
    """
    A queue that merges updates of one object while it is longer than its high-water mark.

    An event that can be merged has a ``merge_key``, equal for those that can be merged with
    each other, and ``merged_with(later)``, which returns one event for both. Nothing else
    is ever merged, and nothing dropped.

    Not thread-safe: it belongs to the dispatcher, which calls it with its lock held. Events
    are values: asking them for their key and merging them runs nobody's code.

    Args:
        high_water_mark: So many items are normal.

    Attributes:
        high_water_marks: How often the mark was passed.
    """

    def __init__(self, high_water_mark: int) -> None:
        self._high_water_mark = high_water_mark
        self._places: deque[_Place] = deque()
        self._mergeable: dict[Hashable, _Place] = {}  # empty while the queue is short
        self._is_high = False
        self.high_water_marks = 0

    def __len__(self) -> int:
        return len(self._places)

    def append(self, item: object) -> bool:
        """
        Queue *item*, or merge it into one that waits.

        Returns:
            Whether the mark has been passed just now.
        """
        if self._is_high and self._merge(item):
            return False
        self._places.append(_Place(item))
        if self._is_high:
            self._remember(self._places[-1])
            return False
        if len(self._places) <= self._high_water_mark:
            return False
        self._is_high = True
        self.high_water_marks += 1
        self._merge_all()
        return True

    def popleft(self) -> object:
        """
        Take the oldest item.
        """
        place = self._places.popleft()
        if self._mergeable:
            key = _key(place.item)
            if self._mergeable.get(key) is place:
                del self._mergeable[key]
        # Well below the mark, so that a queue which hovers there does not warn each time.
        if self._is_high and len(self._places) <= self._high_water_mark // 2:
            self._is_high = False
            self._mergeable.clear()
        return place.item

    def clear(self) -> None:
        """
        Forget everything.
        """
        self._places.clear()
        self._mergeable.clear()

    def _merge_all(self) -> None:
        places, self._places = self._places, deque()
        for place in places:
            if not self._merge(place.item):
                self._places.append(place)
                self._remember(place)

    def _merge(self, item: object) -> bool:
        place = self._mergeable.get(_key(item))
        if place is None:
            return False
        place.item = place.item.merged_with(item)
        return True

    def _remember(self, place: _Place) -> None:
        key = _key(place.item)
        if key is not None:
            self._mergeable[key] = place


def _key(item: Any) -> Hashable:
    key: Hashable = getattr(item, "merge_key", None)
    return key
