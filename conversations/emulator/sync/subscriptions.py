"""
The subscription protocol (docs/protocol/sync.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import attrs

from ..._core.upstream import JSONValue, json_body
from .errors import SyncError
from .events import ARRAYS_SINCE_VERSION, Event, replay_messages
from .objects import Subscriber, Subscription, SyncObject
from .store import OBJECT_TYPES, SyncStore

MESSAGE_TYPE = "twilio.sync.event"
ESTIMATED_DELIVERY_MS = 10_000
BATCH_SIZE = 1000
LIFETIME_SECONDS = 86_400
OUTCOMES_IN_ONE_MESSAGE = 100

ReplayCut = Callable[[list[Event]], list[Event] | None]
OutcomeCarrier = Callable[[Subscriber, str, bytes], None]


@attrs.frozen(kw_only=True)
class Entry:
    """
    One object that a request names. Its position is checked when it is used.
    """

    object_sid: str
    object_type: str
    last_event_id: JSONValue = None


@attrs.frozen(kw_only=True)
class SubscriptionsRequest:
    """
    The body of ``POST /v4/Subscriptions``.
    """

    action: str
    correlation_id: JSONValue
    version: int
    entries: tuple[Entry, ...]

    @classmethod
    def decode(cls, body: JSONValue) -> SubscriptionsRequest:
        """
        Read the body; only what makes the whole request meaningless is refused here.

        Raises:
            SyncError: It is malformed.
        """
        match body:
            case {
                "action": "establish" | "cancel" as action,
                "correlation_id": int() | float() | str() as correlation_id,
                "requests": list(requests),
                **others,
            }:
                version = others.get("event_protocol_version")
                return cls(
                    action=action,
                    correlation_id=correlation_id,
                    version=version if isinstance(version, int) else ARRAYS_SINCE_VERSION,
                    entries=tuple(_entry(request) for request in requests),
                )
        raise SyncError(400, 20001, "Malformed subscriptions request")


def accepted_body(
    batch_size: int = BATCH_SIZE, estimated_delivery_ms: int = ESTIMATED_DELIVERY_MS
) -> dict[str, JSONValue]:
    """
    The answer to every request that is understood; the outcomes come as notifications.
    """
    return {
        "estimated_delivery_in_ms": estimated_delivery_ms,
        "max_batch_size": batch_size,
        "ttl_in_s": LIFETIME_SECONDS,
    }


class Subscribing:
    """
    Carries out one request for one subscriber. The HTTP answer must be on its way before.

    Args:
        store: Where the objects are.
        subscriber: Who asks.
        base_url: Scheme and host of the request.
        cut_replay: A fault of tests: given the events of a replay, those that are told before
            it is interrupted, or ``None`` to tell all.
        tell_outcome: Brings an outcome to the subscriber.
    """

    def __init__(
        self,
        store: SyncStore,
        subscriber: Subscriber,
        base_url: str,
        *,
        cut_replay: ReplayCut,
        tell_outcome: OutcomeCarrier,
    ) -> None:
        self._store = store
        self._subscriber = subscriber
        self._base_url = base_url
        self._cut_replay = cut_replay
        self._tell_outcome = tell_outcome

    def run(self, request: SubscriptionsRequest) -> None:
        """
        Establish or cancel, and notify the outcome of every entry.

        Nothing else happens on the emulator's thread meanwhile, so no event of an object can
        slip between its replay, its registration and its outcome.
        """
        if request.action == "cancel":
            outcomes = [self._cancel(entry) for entry in request.entries]
            self._notify_outcomes(request, "subscription_canceled", outcomes)
            return
        established: list[JSONValue] = []
        failed: list[JSONValue] = []
        for entry in request.entries:
            try:
                established.append(self._establish(request, entry))
            except SyncError as error:
                failed.append({**_named(entry), "error": error.body})
        self._notify_outcomes(request, "subscription_established", established)
        self._notify_outcomes(request, "subscription_failed", failed)

    def _establish(self, request: SubscriptionsRequest, entry: Entry) -> JSONValue:
        target = self._look_up(entry)
        position = entry.last_event_id
        if position is not None and (not isinstance(position, int) or isinstance(position, bool)):
            raise SyncError(400, 20001, "Malformed last_event_id")
        missed = [] if position is None else target.history.since(position)
        told = self._cut_replay(missed)
        if told is None:
            target.subscribe(
                Subscription(
                    subscriber=self._subscriber, version=request.version, base_url=self._base_url
                )
            )
        else:
            target.unsubscribe(self._subscriber)
        for message in replay_messages(
            target,
            missed if told is None else told,
            self._base_url,
            version=request.version,
            correlation_id=request.correlation_id,
        ):
            self._notify(message)
        reached: JSONValue = target.position
        if told is not None:
            reached = told[-1].id if told else position
        return {
            **_named(entry),
            "replay_status": "completed" if told is None else "interrupted",
            "last_event_id": reached,
        }

    def _look_up(self, entry: Entry) -> SyncObject:
        object_type = OBJECT_TYPES.get(entry.object_type)
        if object_type is None:
            raise SyncError(404, 54300, "Unknown object type")
        target = self._store.find(object_type, entry.object_sid)
        if target is None or target.sid != entry.object_sid:  # names do not count here
            raise SyncError.not_found(object_type)
        if not target.may_read(self._subscriber.identity):
            raise SyncError.no_access()
        return target

    def _cancel(self, entry: Entry) -> JSONValue:
        object_type = OBJECT_TYPES.get(entry.object_type)
        target = self._store.find(object_type, entry.object_sid) if object_type else None
        if target is not None:
            target.unsubscribe(self._subscriber)
        return _named(entry)

    def _notify_outcomes(
        self, request: SubscriptionsRequest, event_type: str, outcomes: list[JSONValue]
    ) -> None:
        head: dict[str, JSONValue] = {
            "event_type": event_type,
            "correlation_id": request.correlation_id,
            "event_protocol_version": request.version,
        }
        if request.version < ARRAYS_SINCE_VERSION:
            for outcome in outcomes:
                self._tell({**head, "event": outcome})
            return
        remaining: Iterator[JSONValue] = iter(outcomes)
        while chunk := list(islice(remaining, OUTCOMES_IN_ONE_MESSAGE)):
            self._tell({**head, "events": chunk})

    def _tell(self, outcome: dict[str, JSONValue]) -> None:
        self._tell_outcome(self._subscriber, MESSAGE_TYPE, json_body(outcome))

    def _notify(self, message: dict[str, JSONValue]) -> None:
        self._subscriber.notify(MESSAGE_TYPE, json_body(message))


def _entry(request: JSONValue) -> Entry:
    if isinstance(request, dict):
        object_sid, object_type = request.get("object_sid"), request.get("object_type")
        if isinstance(object_sid, str) and isinstance(object_type, str):
            return Entry(
                object_sid=object_sid,
                object_type=object_type,
                last_event_id=request.get("last_event_id"),
            )
    raise SyncError(400, 20001, "Malformed entry in a subscriptions request")


def _named(entry: Entry) -> dict[str, JSONValue]:
    return {"object_sid": entry.object_sid, "object_type": entry.object_type}
