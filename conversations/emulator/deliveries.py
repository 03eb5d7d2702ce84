"""
Events and outcomes on their way from the objects to the subscribers, with what tests have
ordered for them: held, late, twice, out of order, lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .fault_kinds import EventTrouble, HoldKind, named
from .faults import Faults
from .sync.objects import Subscriber
from .watch import Watch

CallLater = Callable[[float, Callable[[], None]], object]


class Deliveries:
    """
    Carries notifications. Without faults each goes at once and in order. Emulator thread only.
    """

    def __init__(self, faults: Faults, call_later: CallLater, watch: Watch) -> None:
        self._faults = faults
        self._call_later = call_later
        self._watch = watch
        self._swapped: dict[tuple[str, Subscriber], Callable[[], None]] = {}

    def event(self, name: str, subscriber: Subscriber, message_type: str, payload: bytes) -> None:
        """
        A live event of the object of that name.
        """
        send = partial(subscriber.notify, message_type, payload)
        if self._has(EventTrouble.LOST, name, subscriber):
            return
        if self._has(EventTrouble.TWICE, name, subscriber):
            send = partial(_twice, send)
        if self._is_held(HoldKind.EVENT, name, subscriber, send):
            return
        late = self._faults.event(EventTrouble.LATE, name, subscriber.identity)
        if late is not None:
            self._call_later(late.seconds, send)
            return
        earlier = self._swapped.pop((name, subscriber), None)
        if earlier is None and self._has(EventTrouble.SWAPPED, name, subscriber):
            self._swapped[name, subscriber] = send
            return
        send()
        if earlier is not None:
            earlier()

    def outcome(self, subscriber: Subscriber, message_type: str, payload: bytes) -> None:
        """
        What became of subscriptions.
        """
        send = partial(subscriber.notify, message_type, payload)
        if self._faults.loses_outcome(subscriber.identity):
            return
        if not self._is_held(HoldKind.OUTCOME, "", subscriber, send):
            send()

    def flush(self) -> None:
        """
        Send what waits for a successor.
        """
        swapped, self._swapped = self._swapped, {}
        for send in swapped.values():
            send()

    def _has(self, trouble: EventTrouble, name: str, subscriber: Subscriber) -> bool:
        return self._faults.event(trouble, name, subscriber.identity) is not None

    def _is_held(
        self, kind: HoldKind, name: str, subscriber: Subscriber, send: Callable[[], None]
    ) -> bool:
        hold = self._faults.hold(kind, named(name), subscriber.identity)
        if hold is None:
            return False
        hold.waiting.append(send)
        self._watch.changed()
        return True


def _twice(send: Callable[[], None]) -> None:
    send()
    send()
