"""
The changes of one object, kept for subscribers that come back.
"""

from __future__ import annotations

from .events import Event


class History:
    """
    All events of an object in ascending order, and what a returning subscriber is told.

    The whole history is kept in memory. For tests it can be *shortened* (of each item only the
    newest event is told) or *lost* (the events are gone) up to a certain one.
    """

    def __init__(self, first_position: int) -> None:
        self._events: list[Event] = []
        self._first_position = first_position
        self._shortened_to = first_position
        self._lost_to = first_position

    @property
    def position(self) -> int:
        """
        The id of the newest event; before the first one the object's starting position.
        """
        return self._events[-1].id if self._events else self._first_position

    def append(self, event: Event) -> None:
        """
        Keep *event*, whose id must be the next one.
        """
        self._events.append(event)

    def shorten(self) -> None:
        """
        From now on tell only the newest change of each item, of those until here.
        """
        self._shortened_to = self.position

    def lose(self) -> None:
        """
        From now on tell nothing of what happened until here.
        """
        self._lost_to = self.position

    def since(self, position: int) -> list[Event]:
        """
        The events to replay to someone who knows everything up to *position*.
        """
        start = max(position, self._lost_to) - self._first_position
        events = self._events[max(start, 0) :]
        if position < self._shortened_to:
            return self._newest_of_each_item(events, position)
        return events

    def _newest_of_each_item(self, events: list[Event], position: int) -> list[Event]:
        known = {
            event.key: event.kind != "item_removed"
            for event in self._events
            if event.id <= position
        }
        newest = {event.key: event for event in events}
        return [
            _as_seen_from_before(event, existed=known.get(event.key, False))
            for event in sorted(newest.values(), key=lambda event: event.id)
        ]


def _as_seen_from_before(event: Event, *, existed: bool) -> Event:
    """
    The kind matters to clients: whether the item was there at their position.
    """
    if event.kind not in {"item_added", "item_updated"}:
        return event
    kind = "item_updated" if existed else "item_added"
    return Event(id=event.id, kind=kind, time=event.time, key=event.key, data=event.data)
