"""
Subscription requests: their bodies, their replies, and whom they are about.
"""

from __future__ import annotations

import enum

import attrs

from conversations._core.scheduler import Timer
from conversations._core.upstream import JSONValue

from .entities import SyncEntity
from .objects import ObjectType
from .phases import Phase
from .wire import as_integer, as_object, as_positive

EVENT_PROTOCOL_VERSION = 4

DEFAULT_DELIVERY = 10.0
"""
Seconds within which answers come if the reply does not say.
"""


class Action(enum.Enum):
    """
    What a request asks for.
    """

    ESTABLISH = "establish"
    CANCEL = "cancel"


@attrs.define(eq=False, kw_only=True)
class Subscription:
    """
    What is known about the subscription of one sid.

    Attributes:
        entity: Who wants it; ``None``: it is to end.
        phase: How far it is.
        batch: The request that is pending.
        is_outdated: Whether that request was sent before *entity* came.
        requested_position: Where the last replay started.
        unanswered: How often in a row no answer came in time.
        failures: Attempts in a row that failed, or were interrupted without progress.
        interruptions: Those of them that were interrupted.
        cancellations: How often in a row the server ended it soon after it was confirmed.
        not_before: Do not establish before this time.
        established_at: When it was confirmed last.
        repetition: Timer for establishing it again although it is live.
    """

    sid: str
    object_type: ObjectType
    entity: SyncEntity | None
    phase: Phase = Phase.IDLE
    batch: Batch | None = None
    is_outdated: bool = False
    requested_position: int | None = None
    unanswered: int = 0
    failures: int = 0
    interruptions: int = 0
    cancellations: int = 0
    not_before: float = float("-inf")
    established_at: float = float("-inf")
    repetition: Timer | None = None

    @property
    def needs(self) -> Action | None:
        """
        What the server is to be asked for as things are.
        """
        if self.phase is Phase.IDLE and self.entity is not None:
            return Action.ESTABLISH
        if self.phase is Phase.ESTABLISHED and self.entity is None:
            return Action.CANCEL
        return None

    @property
    def is_over(self) -> bool:
        """
        Whether neither side knows about it any more.
        """
        return self.entity is None and self.phase in {
            Phase.IDLE,
            Phase.REFUSED,
            Phase.RECOVERING,
        }

    def start_afresh(self) -> None:
        """
        Forget what went wrong before.
        """
        self.unanswered = self.failures = self.interruptions = 0
        self.not_before = float("-inf")

    def stop_repetition(self) -> None:
        """
        It is established again anyway, or not at all.
        """
        if self.repetition is not None:
            self.repetition.cancel()
            self.repetition = None


@attrs.define(eq=False, kw_only=True)
class Batch:
    """
    One request that is pending.

    Attributes:
        correlation_id: What its answers carry.
        action: What it asks for.
        pending: Those that have no answer yet, by sid.
        last_arrival: When something bearing the id came last.
        watch: Timer of the delivery watch.
    """

    correlation_id: int
    action: Action
    pending: dict[str, Subscription]
    last_arrival: float
    watch: Timer | None = None

    def body(self, *, reason: str | None) -> JSONValue:
        """
        The request's body.
        """
        body: dict[str, JSONValue] = {
            "event_protocol_version": EVENT_PROTOCOL_VERSION,
            "action": self.action.value,
            "correlation_id": self.correlation_id,
            "retried_requests": sum(entry.unanswered > 0 for entry in self.pending.values()),
            "ttl_in_s": -1,
            "requests": [self._entry(entry) for entry in self.pending.values()],
        }
        if reason is not None:
            body["reason"] = reason
        return body

    def stop_watch(self) -> None:
        """
        Wait for nothing any more.
        """
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None

    def _entry(self, subscription: Subscription) -> JSONValue:
        entry: dict[str, JSONValue] = {
            "object_sid": subscription.sid,
            "object_type": subscription.object_type.wire_name,
        }
        if self.action is Action.ESTABLISH:
            entry["last_event_id"] = subscription.requested_position
        return entry


@attrs.frozen(kw_only=True)
class Reply:
    """
    The reply to a request: it was accepted.

    Attributes:
        max_batch_size: Entries that the next requests may have, if the server says so.
        delivery: Seconds within which answers come.
        lifetime: Seconds after which to establish again, if the server says so.
    """

    max_batch_size: int | None
    delivery: float
    lifetime: float | None


def decode_reply(body: JSONValue | bytes) -> Reply:
    """
    What the reply says, with defaults for what it leaves out.
    """
    reply = as_object(body) or {}
    max_batch_size = as_integer(reply.get("max_batch_size"))
    delivery_in_ms = as_positive(reply.get("estimated_delivery_in_ms"))
    return Reply(
        max_batch_size=max_batch_size
        if max_batch_size is not None and max_batch_size > 0
        else None,
        delivery=DEFAULT_DELIVERY if delivery_in_ms is None else delivery_in_ms / 1000,
        lifetime=as_positive(reply.get("ttl_in_s")),
    )
