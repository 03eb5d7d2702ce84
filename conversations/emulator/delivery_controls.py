"""
What a test can do to notifications and to media on their way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .fault_kinds import (
    Direction,
    EventFault,
    EventTrouble,
    Hold,
    HoldKind,
    LostOutcome,
    SlowTransfer,
    TransferCut,
    TransferHold,
)
from .handles import FaultHandle, HoldHandle, hold, order
from .remote import Remote

if TYPE_CHECKING:
    from .backend import Backend

Way = Literal["upload", "download"]


class DeliveryControls(Remote):
    """
    The controls of what is on its way.

    *name_pattern* is matched with the name of a replicated object: ``CH….messages``,
    ``CH….roster``, ``CH….channel``, ``US….info``, ``<identity>.channels``. ``*`` stands for any
    text. Only live events are meant; replays are whole and in order. Where more than one is
    ordered for an event, losing it comes first, then doubling, holding, delaying, swapping.
    """

    # Events ----------------------------------------------------------------------------------

    def hold_events(
        self,
        name_pattern: str = "*",
        *,
        times: int | None = None,
        identity: str | None = None,
    ) -> HoldHandle:
        """
        Keep events back until they are released.
        """
        return hold(
            self,
            Hold(
                remaining=times, identity=identity, path_pattern=name_pattern, kind=HoldKind.EVENT
            ),
        )

    def delay_events(
        self,
        seconds: float,
        name_pattern: str = "*",
        *,
        times: int | None = None,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Send events so much later, by the emulator's clock.
        """
        return order(
            self, _event_fault(EventTrouble.LATE, name_pattern, times, identity, seconds=seconds)
        )

    def duplicate_events(
        self,
        name_pattern: str = "*",
        *,
        times: int | None = 1,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Send events twice.
        """
        return order(self, _event_fault(EventTrouble.TWICE, name_pattern, times, identity))

    def reorder_events(
        self,
        name_pattern: str = "*",
        *,
        times: int | None = 1,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Send an event after the next one of the same object, to the same connection.
        """
        return order(self, _event_fault(EventTrouble.SWAPPED, name_pattern, times, identity))

    def drop_events(
        self,
        name_pattern: str = "*",
        *,
        times: int | None = 1,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Do not send events. A replay has them.
        """
        return order(self, _event_fault(EventTrouble.LOST, name_pattern, times, identity))

    # Subscriptions ---------------------------------------------------------------------------

    def hold_outcomes(self, *, times: int | None = None, identity: str | None = None) -> HoldHandle:
        """
        Keep back what became of subscriptions. They are in force nevertheless.
        """
        return hold(self, Hold(remaining=times, identity=identity, kind=HoldKind.OUTCOME))

    def drop_outcomes(self, *, times: int | None = 1, identity: str | None = None) -> FaultHandle:
        """
        Do not tell what became of subscriptions.
        """
        return order(self, LostOutcome(remaining=times, identity=identity))

    def set_estimated_delivery(self, milliseconds: int) -> None:
        """
        How soon the answers to Subscriptions promise their outcome from now on.
        """

        def set_time(backend: Backend) -> None:
            backend.faults.estimated_delivery_ms = milliseconds

        self.call(set_time)

    # Media -----------------------------------------------------------------------------------

    def interrupt_media(
        self,
        way: Way,
        *,
        after_bytes: int = 0,
        times: int | None = 1,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Cut the connection in the middle of a content that is larger than *after_bytes*.

        Downloads from temporary URLs are nobody's: *identity* does not find them.
        """
        return order(
            self,
            TransferCut(
                remaining=times,
                identity=identity,
                direction=Direction(way),
                after_bytes=after_bytes,
            ),
        )

    def hold_media(
        self,
        way: Way,
        *,
        after_bytes: int = 0,
        times: int | None = None,
        identity: str | None = None,
    ) -> HoldHandle:
        """
        Let contents stand still in the middle until they are released. What the network holds
        by itself comes on top.
        """
        return hold(
            self,
            TransferHold(
                remaining=times,
                identity=identity,
                direction=Direction(way),
                after_bytes=after_bytes,
            ),
        )

    def slow_media(
        self,
        way: Way,
        bytes_per_second: float,
        *,
        times: int | None = None,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Take or give contents slowly, by the emulator's clock.
        """
        return order(
            self,
            SlowTransfer(
                remaining=times,
                identity=identity,
                direction=Direction(way),
                bytes_per_second=bytes_per_second,
            ),
        )

    def expire_media_urls(self) -> None:
        """
        Let every temporary URL that was given out so far be refused.
        """
        self.call(lambda backend: backend.temporary_urls.end_all())


def _event_fault(
    trouble: EventTrouble,
    name_pattern: str,
    times: int | None,
    identity: str | None,
    *,
    seconds: float = 0.0,
) -> EventFault:
    return EventFault(
        remaining=times,
        identity=identity,
        path_pattern=name_pattern,
        trouble=trouble,
        seconds=seconds,
    )
