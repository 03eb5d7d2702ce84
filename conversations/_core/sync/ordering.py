"""
Exactly once and in order: what stands between the notifications and an entity.

The server's live events can overtake each other, and the newest can overtake a replay that
then leaves it out (docs/protocol/sync.md, Order). So live events wait while a replay is
pending, and every event waits up to a second for ids missing before it. What comes later
still is delivered late rather than lost.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

import attrs

from conversations._core.scheduler import Scheduler, Timer

from .known_ids import KnownIds
from .notifications import NumberedChange

GAP_PATIENCE = 1.0
"""
Seconds that an event waits for the ids missing before it.
"""

MAX_HELD = 1000
"""
So many events wait at most; with one more the oldest is delivered.
"""


@attrs.define(eq=False)
class _Held:
    change: NumberedChange
    deadline: float | None


class EventOrder:
    """
    Puts the numbered changes of one entity in order and takes out what was delivered before.

    A new order waits for a replay: nothing is delivered until the first subscription is
    confirmed or given up.

    Args:
        scheduler: For the gap's timer.
        position: Changes up to this id are known.
        deliver: Called with each change once. May close this order.
        on_gap: Called when live changes were delivered although ids before them are missing.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        position: int | None,
        deliver: Callable[[NumberedChange], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._scheduler = scheduler
        self._deliver = deliver
        self._on_gap = on_gap
        self._known = KnownIds(position)
        self._held: dict[int, _Held] = {}
        self._held_ids: list[int] = []  # a heap of the keys of _held
        self._is_replaying = True
        self._replayed_through: int | None = None  # of the replay under way
        self._timer: Timer | None = None

    @property
    def position(self) -> int | None:
        """
        The highest id whose predecessors are all known: where the next replay starts.
        """
        return self._known.position

    def receive(self, change: NumberedChange, *, is_replayed: bool) -> bool:
        """
        Take a change as it comes from the wire.

        Args:
            change: The change.
            is_replayed: Whether it belongs to the replay that is pending.

        Returns:
            Whether it is a new one; otherwise it was delivered before and nothing happens.
        """
        if change.id in self._held:
            if is_replayed:  # its kind is relative to our position, a live one's is not
                self._held[change.id] = self._hold(change, is_replayed=True)
                self._release()
            return True
        if change.id in self._known:
            return False
        highest = self._known.highest
        if highest is not None and change.id < highest:
            self._pass_on(change)
            return True
        self._held[change.id] = self._hold(change, is_replayed=is_replayed)
        heapq.heappush(self._held_ids, change.id)
        self._release()
        return True

    def replay_expected(self) -> None:
        """
        A replay from the position is asked for, or will be: live changes wait for its end.
        """
        self._is_replaying = True
        self._replayed_through = None
        self._stop_timer()
        for held in self._held.values():
            held.deadline = None

    def replay_completed(self, last_event_id: int | None) -> bool:
        """
        The replay has ended with all changes up to *last_event_id*, it says.

        Returns:
            Whether that one has come: a replay may leave changes out, but not the last one.
        """
        self._is_replaying = False
        through = _highest((last_event_id, self._replayed_through))
        has_come = last_event_id is None or self._has_come(last_event_id)
        self._release(through)
        if through is not None:
            self._known.advance(through)
        for held in self._held.values():
            held.deadline = self._scheduler.now + GAP_PATIENCE
        self._release()
        return has_come

    def replay_interrupted(self) -> None:
        """
        The replay has ended too early, another will follow: what came of it is delivered.
        """
        self._release(self._replayed_through)

    def replay_abandoned(self) -> None:
        """
        The replay does not come, at least not for a while: nothing waits for it any more.
        """
        self._is_replaying = False
        self._release(_highest(self._held))

    def restart(self, position: int | None) -> None:
        """
        The entity was read again and stands at *position*.
        """
        self._release(position)
        self._known.restart(position)

    def resume(self) -> None:
        """
        After :meth:`restart`, when what was read has been told: deliver what need not wait.
        """
        self._release()

    def close(self) -> None:
        """
        Forget what waits.
        """
        self._held.clear()
        self._held_ids.clear()
        self._stop_timer()

    def _has_come(self, event_id: int) -> bool:
        """
        Whether a change has come, or is part of what was read at the beginning.
        """
        if self.position is None:  # nothing was read, so nothing can be missing
            return True
        return event_id in self._known or event_id in self._held

    def _hold(self, change: NumberedChange, *, is_replayed: bool) -> _Held:
        deadline: float | None = self._scheduler.now + GAP_PATIENCE
        if is_replayed:
            self._replayed_through = _highest((self._replayed_through, change.id))
        elif self._is_replaying:
            deadline = None
        return _Held(change=change, deadline=deadline)

    def _release(self, through: int | None = None) -> None:
        """
        Deliver what need not wait: all up to *through*, and what follows without a gap.
        """
        while self._held_ids and self._is_due(self._held_ids[0], through):
            self._pass_on(self._held.pop(heapq.heappop(self._held_ids)).change)
        if self._held:
            self._start_timer()
        else:
            self._stop_timer()

    def _is_due(self, event_id: int, through: int | None) -> bool:
        if len(self._held) > MAX_HELD or (through is not None and event_id <= through):
            return True
        replayed_through = self._replayed_through
        if self._is_replaying and (replayed_through is None or event_id > replayed_through):
            return False
        highest = self._known.highest
        return highest is None or event_id == highest + 1

    def _pass_on(self, change: NumberedChange) -> None:
        # A gap in a replay is no proof that nothing is missing: only its end is. A shortened
        # replay that breaks off may have kept an older addition for later, under a newer id;
        # asked from beyond the gap, the server would call it an update.
        self._known.add(change.id)
        self._deliver(change)

    def _start_timer(self) -> None:
        if self._timer is not None:  # deadlines rise with time: none is earlier
            return
        if self._is_replaying and self._replayed_through is None:  # there are no deadlines
            return
        deadlines = [held.deadline for held in self._held.values() if held.deadline is not None]
        if deadlines:
            self._timer = self._scheduler.call_at(min(deadlines), self._on_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_time(self) -> None:
        self._timer = None
        now = self._scheduler.now
        overdue = _highest(
            event_id
            for event_id, held in self._held.items()
            if held.deadline is not None and held.deadline <= now
        )
        self._release(overdue)
        if overdue is not None and not self._is_replaying:
            self._on_gap()


def _highest(ids: Iterable[int | None]) -> int | None:
    return max((event_id for event_id in ids if event_id is not None), default=None)
