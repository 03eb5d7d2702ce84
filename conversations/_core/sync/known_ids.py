"""
Which event ids of one entity are accounted for, in bounded memory.
"""

from __future__ import annotations

from collections import deque

MAX_BEYOND_GAP = 1000
"""
So many ids are remembered beyond a gap; with one more the gap is given up.
"""

MAX_GAPS = 100
"""
So many gaps below the position are remembered, in which a late event may still appear.
"""


class KnownIds:
    """
    The set of the ids that are accounted for.

    Attributes:
        position: All ids up to this one are accounted for: the highest such. ``None``, which
            is below every id, as long as nothing is known about the beginning.
    """

    def __init__(self, position: int | None) -> None:
        self.position = position
        self._beyond: set[int] = set()
        # Ids below the position that were passed over without having been seen: merged away
        # by a shortened replay, or still on their way.
        self._missing: deque[range] = deque(maxlen=MAX_GAPS)

    @property
    def highest(self) -> int | None:
        """
        The highest id that is accounted for.
        """
        return max(self._beyond) if self._beyond else self.position

    def __contains__(self, event_id: int) -> bool:
        if self.position is not None and event_id <= self.position:
            return not any(event_id in gap for gap in self._missing)
        return event_id in self._beyond

    def add(self, event_id: int) -> None:
        """
        Account for one id.
        """
        if self.position is not None and event_id <= self.position:
            self._fill(event_id)
            return
        self._beyond.add(event_id)
        self._absorb()
        if len(self._beyond) > MAX_BEYOND_GAP:
            self.advance(min(self._beyond))

    def advance(self, event_id: int) -> None:
        """
        Account for all ids up to *event_id*. Those not seen by then may still come late.
        """
        if self.position is not None:
            start = self.position + 1
            for seen in sorted(seen for seen in self._beyond if seen <= event_id):
                self._miss(range(start, seen))
                start = seen + 1
            self._miss(range(start, event_id + 1))
        self._move_to(event_id)

    def restart(self, event_id: int | None) -> None:
        """
        Account for all ids up to *event_id*, none of which is worth anything any more.
        """
        self._missing.clear()
        if event_id is not None:
            self._move_to(event_id)

    def _move_to(self, event_id: int) -> None:
        if self.position is None or event_id > self.position:
            self.position = event_id
            self._beyond = {seen for seen in self._beyond if seen > event_id}
            self._absorb()

    def _absorb(self) -> None:
        while self.position is not None and self.position + 1 in self._beyond:
            self.position += 1
            self._beyond.remove(self.position)

    def _miss(self, gap: range) -> None:
        if gap:
            self._missing.append(gap)

    def _fill(self, event_id: int) -> None:
        for gap in self._missing:
            if event_id in gap:
                self._missing.remove(gap)
                self._miss(range(gap.start, event_id))
                self._miss(range(event_id + 1, gap.stop))
                return
