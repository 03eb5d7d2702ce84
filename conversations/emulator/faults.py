"""
What tests have ordered to go wrong. Emulator thread only; the controls are in controls.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .fault_kinds import (
    ConnectionRefusal,
    DamagedContinuation,
    Direction,
    EventFault,
    EventTrouble,
    FailedRequest,
    Fault,
    Hold,
    HoldKind,
    InitRefusal,
    LostOutcome,
    ReplayCut,
    Request,
    SlowTransfer,
    Throttle,
    TransferCut,
    TransferFaults,
    TransferHold,
    named,
)
from .sync.events import Event
from .sync.subscriptions import BATCH_SIZE, ESTIMATED_DELIVERY_MS

FaultType = TypeVar("FaultType", bound=Fault)


class Faults:
    """
    All of them, in order of their arrival: the first that applies is taken.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._be_normal()

    def _be_normal(self) -> None:
        self.max_batch_size = BATCH_SIZE
        self.estimated_delivery_ms = ESTIMATED_DELIVERY_MS
        self.are_pings_stopped = False

    def add(self, fault: FaultType) -> FaultType:
        """
        Order one.
        """
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """
        Lift everything; what is held goes on.
        """
        self._be_normal()
        faults, self._faults = self._faults, []
        for fault in faults:
            if isinstance(fault, Hold):
                fault.release()
            fault.lift()

    def for_connection(self) -> ConnectionRefusal | None:
        """
        What happens to a websocket handshake.
        """
        return self._take(ConnectionRefusal, lambda fault: not fault.is_spent)

    def for_init(self, identity: str | None) -> InitRefusal | None:
        """
        What happens to an ``init``.
        """
        return self._take(InitRefusal, lambda fault: fault.concerns(identity))

    def throttle(self, request: Request, identity: str) -> Throttle | None:
        """
        Whether Twilsock refuses a request.
        """
        return self._take(Throttle, lambda fault: fault.matches(request, identity))

    def failure(self, request: Request, identity: str | None) -> FailedRequest | None:
        """
        Whether a request fails.
        """
        return self._take(FailedRequest, lambda fault: fault.matches(request, identity))

    def hold(self, kind: HoldKind, request: Request, identity: str | None) -> Hold | None:
        """
        Whether something has to wait.
        """
        return self._take(
            Hold, lambda fault: fault.kind is kind and fault.matches(request, identity)
        )

    def event(self, trouble: EventTrouble, name: str, identity: str) -> EventFault | None:
        """
        What happens to an event of the object of that name.
        """
        return self._take(
            EventFault,
            lambda fault: fault.trouble is trouble and fault.matches(named(name), identity),
        )

    def loses_outcome(self, identity: str) -> bool:
        """
        Whether the outcome of subscriptions is not told.
        """
        return self._take(LostOutcome, lambda fault: fault.concerns(identity)) is not None

    def damages_continuation(self, identity: str) -> bool:
        """
        Whether the continuation token of an ``init`` is damaged.
        """
        return self._take(DamagedContinuation, lambda fault: fault.concerns(identity)) is not None

    def for_transfer(self, direction: Direction, identity: str | None) -> TransferFaults:
        """
        What happens to a content that is about to be transferred.
        """

        def applies(fault: TransferCut | TransferHold | SlowTransfer) -> bool:
            return fault.direction is direction and fault.concerns(identity)

        return TransferFaults(
            cut=self._take(TransferCut, applies),
            hold=self._take(TransferHold, applies),
            slow=self._take(SlowTransfer, applies),
        )

    def cut_replay(self, events: list[Event]) -> list[Event] | None:
        """
        The part of a replay that is told before it is interrupted, or ``None`` for all of it.
        """
        cut = self._take(
            ReplayCut, lambda fault: not fault.is_spent and len(events) > fault.after_events
        )
        return None if cut is None else events[: cut.after_events]

    def _take(
        self, fault_type: type[FaultType], applies: Callable[[FaultType], bool]
    ) -> FaultType | None:
        for fault in self._faults:
            if isinstance(fault, fault_type) and applies(fault):
                fault.use()
                self._faults = [fault for fault in self._faults if not fault.is_over]
                return fault
        return None
