"""
Keeps the server informed about which entities are listened to.

Each subscription moves by the table of :mod:`.phases`. A *round* sends requests for all that
need one; it runs soon after something changed, so that a wave of openings shares a request
(docs/protocol/sync.md, Subscriptions).
"""

from __future__ import annotations

import random
from typing import Protocol

from conversations._core.ids import Ids
from conversations._core.scheduler import Scheduler, Timer
from conversations._logs import ClientLog
from conversations.errors import ServiceError, service_error

from .batches import Action, Subscription
from .entities import SyncEntity
from .notifications import Outcome, OutcomeKind
from .phases import TRANSITIONS, Input, Phase
from .queries import Send
from .subscription_requests import BACKOFF, Requests, is_final

logger = ClientLog("conversations.sync")

COALESCING = 0.015
"""
Seconds that a round waits for more of the same wave.
"""

MAX_INTERRUPTIONS = 5
"""
After so many interruptions in a row without progress the replay counts as impossible.
"""

REPETITION_INTERVAL = 10.0
"""
Seconds that a live subscription is left alone: it is not repeated earlier because of a gap,
and a server that ends it earlier is not asked again at once.
"""


class SubscriptionsHost(Protocol):
    """
    Who is told what the subscriptions cannot settle by themselves.
    """

    def subscription_refused(self, entity: SyncEntity, error: ServiceError) -> None:
        """
        The server does not allow it. It is not asked again.
        """

    def history_lost(self, entity: SyncEntity, *, is_missing: bool) -> None:
        """
        There will be no replay: the entity must be read again, and then
        :meth:`Subscriptions.recovered` or :meth:`Subscriptions.refuse` be called.
        """

    def request_refused(self, error: ServiceError) -> None:
        """
        The server refuses subscription requests as such. They are repeated nevertheless.
        """


class Subscriptions:
    """
    The subscriptions of one client.

    Args: as of :class:`~conversations._core.sync.subscription_requests.Requests`.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ids: Ids,
        rng: random.Random,
        *,
        url: str,
        post: Send,
        first_correlation_id: int,
        host: SubscriptionsHost,
    ) -> None:
        self._scheduler = scheduler
        self._rng = rng
        self._host = host
        self._requests = Requests(
            scheduler,
            ids,
            rng,
            url=url,
            post=post,
            first_correlation_id=first_correlation_id,
            host=self,
        )
        self._is_connected = False
        self._subscriptions: dict[str, Subscription] = {}
        self._unsettled: dict[str, Subscription] = {}  # those that need something
        self._reason: str | None = None  # of the next request
        self._round: Timer | None = None
        self._lifetime: Timer | None = None

    # what is wanted

    def want(self, entity: SyncEntity) -> None:
        """
        Subscribe to an entity, from its position.
        """
        subscription = self._subscriptions.get(entity.sid)
        if subscription is None:
            subscription = Subscription(
                sid=entity.sid, object_type=entity.object_type, entity=entity
            )
            self._subscriptions[entity.sid] = subscription
        else:
            subscription.entity = entity
            subscription.start_afresh()
            if subscription.batch is None:
                self._move(subscription, Input.REPLACED)
            else:  # never two requests for one sid: the answer comes first
                subscription.is_outdated = True
        self._tidy(subscription, COALESCING)

    def unwant(self, entity: SyncEntity) -> None:
        """
        Unsubscribe.
        """
        subscription = self._of(entity)
        if subscription is not None:
            subscription.entity = None
            self._tidy(subscription, COALESCING)

    def forget(self, entity: SyncEntity) -> None:
        """
        The entity is gone, and its subscription with it.
        """
        subscription = self._of(entity)
        if subscription is not None:
            self._drop(subscription)

    def rename(self, entity: SyncEntity, old_sid: str) -> None:
        """
        The entity was made anew under another sid: subscribe to that.
        """
        self._drop(self._subscriptions[old_sid])
        self.want(entity)

    def recovered(self, entity: SyncEntity, *, is_done: bool) -> None:
        """
        The entity was read again, so it can be subscribed from its new position.

        Args:
            entity: The entity.
            is_done: False if reading failed for now, and the old position is to be tried again.
        """
        subscription = self._of(entity)
        if subscription is None or subscription.phase is not Phase.RECOVERING:
            return  # it has got a new sid, and with it a new subscription
        if is_done:  # failures count on until a replay succeeds: it may be impossible again
            subscription.interruptions = 0
        else:
            self._back_off(subscription)
        self._move(subscription, Input.RECOVERED)
        self._tidy(subscription)

    def refuse(self, entity: SyncEntity) -> None:
        """
        The entity was to be read again, and the server does not allow it.
        """
        subscription = self._of(entity)
        if subscription is not None and subscription.phase is Phase.RECOVERING:
            self._move(subscription, Input.FORBIDDEN)

    def repeat(self, entity: SyncEntity) -> None:
        """
        Establish a live subscription again, soon: events before others are missing.
        """
        subscription = self._of(entity)
        if subscription is None or subscription.phase is not Phase.ESTABLISHED:
            return  # a replay from the same position is coming anyway
        if subscription.repetition is None:
            when = max(self._scheduler.now, subscription.established_at + REPETITION_INTERVAL)
            subscription.repetition = self._scheduler.call_at(
                when, lambda: self._repeat(subscription)
            )

    # what happens to the connection

    def connected(self) -> None:
        """
        The connection is new: establish everything that is wanted.
        """
        self._is_connected = True
        self._reset()

    def disconnected(self) -> None:
        """
        The connection is lost, and all subscriptions with it.
        """
        self._is_connected = False
        self._reset()
        for entity in [each.entity for each in self._subscriptions.values() if each.entity]:
            entity.replay_expected()

    # what arrives

    def note_arrival(self, correlation_id: int | None) -> None:
        """
        Something bearing *correlation_id* came: its answers are on their way.
        """
        self._requests.note_arrival(correlation_id)

    def is_replay(self, sid: str, correlation_id: int | None) -> bool:
        """
        Whether a change of *sid* with this id belongs to the replay that is pending.
        """
        pending = self._requests.pending(sid, correlation_id)
        return (
            pending is not None and pending.phase is Phase.ESTABLISHING and not pending.is_outdated
        )

    def receive(
        self, outcome: Outcome, correlation_id: int | None, *, is_unsolicited: bool
    ) -> None:
        """
        Take a terminal event.
        """
        if is_unsolicited and outcome.kind is OutcomeKind.CANCELED:
            self._canceled_by_server(outcome.sid)
            return
        subscription = self._requests.pending(outcome.sid, correlation_id)
        if subscription is None:
            logger.debug("late %s of %s dropped", outcome.kind.value, outcome.sid)
        elif subscription.is_outdated:
            self._settle(subscription, Input.OUTDATED)
        elif subscription.phase is Phase.CANCELING:
            if outcome.kind in {OutcomeKind.CANCELED, OutcomeKind.FAILED}:
                self._settle(subscription, Input.CANCELED)
        else:
            self._establish_answered(subscription, outcome)

    def _establish_answered(self, subscription: Subscription, outcome: Outcome) -> None:
        if outcome.kind is OutcomeKind.COMPLETED:
            self._completed(subscription, outcome.last_event_id)
        elif outcome.kind is OutcomeKind.INTERRUPTED:
            self._interrupted(subscription)
        elif outcome.kind is OutcomeKind.FAILED:
            self._failed(subscription, outcome)
        else:  # canceled makes no sense here; the delivery watch asks again
            logger.debug("%s canceled instead of established", outcome.sid)

    def _completed(self, subscription: Subscription, last_event_id: int | None) -> None:
        subscription.start_afresh()
        subscription.established_at = self._scheduler.now
        self._settle(subscription, Input.COMPLETED)
        if subscription.entity is not None:
            subscription.entity.replay_completed(last_event_id)

    def _interrupted(self, subscription: Subscription) -> None:
        if subscription.entity is not None:
            subscription.entity.replay_interrupted()
        entity = subscription.entity  # may have been closed because of what was replayed
        if entity is None:
            self._settle(subscription, Input.INTERRUPTED)
        elif entity.position != subscription.requested_position:
            subscription.start_afresh()
            self._settle(subscription, Input.INTERRUPTED)
        elif subscription.interruptions + 1 < MAX_INTERRUPTIONS:
            subscription.interruptions += 1
            self._back_off(subscription)
            self._settle(subscription, Input.INTERRUPTED)
        else:
            logger.info("%s cannot be replayed, reading it again", subscription.sid)
            self._settle(subscription, Input.HISTORY_LOST)
            self._host.history_lost(entity, is_missing=False)

    def _failed(self, subscription: Subscription, outcome: Outcome) -> None:
        entity = subscription.entity
        logger.info("subscription of %s failed: %d", outcome.sid, outcome.status)
        if outcome.status == 404:  # noqa: PLR2004  # HTTP: not found
            self._settle(subscription, Input.HISTORY_LOST)
            if entity is not None:
                self._host.history_lost(entity, is_missing=True)
        elif is_final(outcome.status):
            self._settle(subscription, Input.FORBIDDEN)
            if entity is not None:
                error = service_error(
                    outcome.status,
                    code=outcome.code,
                    message=outcome.message,
                    operation=f"subscription of {outcome.sid}",
                )
                self._host.subscription_refused(entity, error)
        else:
            self._back_off(subscription)
            self._settle(subscription, Input.UNAVAILABLE)
            if entity is not None:
                entity.replay_abandoned()

    def _canceled_by_server(self, sid: str) -> None:
        subscription = self._subscriptions.get(sid)
        if subscription is None or subscription.phase is not Phase.ESTABLISHED:
            return
        logger.info("subscription of %s canceled by the server", sid)
        if self._scheduler.now >= subscription.established_at + REPETITION_INTERVAL:
            subscription.cancellations = 0
        if subscription.cancellations:
            delay = BACKOFF.delay(subscription.cancellations - 1, self._rng)
            subscription.not_before = self._scheduler.now + delay
        subscription.cancellations += 1
        self._move(subscription, Input.REPEATED)
        self._tidy(subscription)

    # what becomes of requests

    def given_up(self, action: Action, entries: tuple[Subscription, ...], cause: Input) -> None:
        """
        These entries will not be answered: the request failed, its connection is lost, or
        time is over.
        """
        waiting = [entry.entity for entry in entries if not entry.is_outdated]
        for entry in entries:
            if entry.is_outdated:
                self._settle(entry, Input.OUTDATED)
            elif cause is Input.EXPIRED and action is Action.ESTABLISH and entry.entity is None:
                self._settle(entry, Input.COMPLETED)  # may be live: cancel it
            else:
                self._settle(entry, cause)
        if action is Action.ESTABLISH and cause is not Input.DISCONNECTED:
            for entity in waiting:
                if entity is not None:
                    entity.replay_abandoned()

    def lifetime_received(self, lifetime: float) -> None:
        """
        Subscriptions last so many seconds: establish them again by then.
        """
        if self._lifetime is None:
            self._lifetime = self._scheduler.call_later(lifetime, self._lifetime_over)

    def request_refused(self, error: ServiceError) -> None:
        """
        The server refuses subscription requests.
        """
        self._host.request_refused(error)

    def _lifetime_over(self) -> None:
        self._lifetime = None
        for subscription in self._subscriptions.values():
            if subscription.phase is Phase.ESTABLISHED and subscription.entity is not None:
                self._reason = "ttl"
                self._repeat(subscription)

    def _repeat(self, subscription: Subscription) -> None:
        if subscription.phase is Phase.ESTABLISHED and subscription.entity is not None:
            self._move(subscription, Input.REPEATED)
            self._tidy(subscription)

    # rounds

    def _request_round(self, delay: float) -> None:
        if not self._is_connected:
            return  # every connection starts with a round
        when = self._scheduler.now + delay
        if self._round is not None and self._round.is_active:
            if self._round.when <= when:
                return
            self._round.cancel()
        self._round = self._scheduler.call_at(when, self._run_round)

    def _run_round(self) -> None:
        now = self._scheduler.now
        if now < self._requests.paused_until:
            self._request_round(self._requests.paused_until - now)
            return
        unsettled = tuple(self._unsettled.values())
        to_establish = [entry for entry in unsettled if entry.needs is Action.ESTABLISH]
        for portion in self._requests.portions(e for e in to_establish if e.not_before <= now):
            self._establish(portion)
        for portion in self._requests.portions(e for e in unsettled if e.needs is Action.CANCEL):
            self._requests.send(Action.CANCEL, portion, reason=None)
            for entry in portion:
                self._move(entry, Input.CANCEL_SENT)
                self._tidy(entry)
        later = [entry.not_before for entry in to_establish if entry.not_before > now]
        if later:
            self._request_round(min(later) - now)

    def _establish(self, entries: list[Subscription]) -> None:
        for entry, entity in [(entry, entry.entity) for entry in entries if entry.entity]:
            entry.requested_position = entity.position
            entry.stop_repetition()
            entity.replay_expected()
        reason, self._reason = self._reason, None
        self._requests.send(Action.ESTABLISH, entries, reason=reason)
        for entry in entries:
            self._move(entry, Input.ESTABLISH_SENT)
            self._tidy(entry)

    # bookkeeping

    def _of(self, entity: SyncEntity) -> Subscription | None:
        subscription = self._subscriptions.get(entity.sid)
        return subscription if subscription and subscription.entity is entity else None

    def _back_off(self, subscription: Subscription) -> None:
        delay = BACKOFF.delay(subscription.failures, self._rng)
        subscription.failures += 1
        subscription.not_before = self._scheduler.now + delay

    def _settle(self, subscription: Subscription, what: Input) -> None:
        """
        The pending request is answered as far as this subscription is concerned.
        """
        self._requests.leave(subscription)
        self._move(subscription, what)
        self._tidy(subscription)

    def _move(self, subscription: Subscription, what: Input) -> None:
        subscription.phase = TRANSITIONS[subscription.phase][what]

    def _tidy(self, subscription: Subscription, delay: float = 0.0) -> None:
        """
        Keep the books after a change, and request a round if one is needed.
        """
        if subscription.is_over:
            self._drop(subscription)
        elif subscription.needs is None:
            self._unsettled.pop(subscription.sid, None)
        else:
            self._unsettled[subscription.sid] = subscription
            self._request_round(delay)

    def _drop(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.sid]
        self._unsettled.pop(subscription.sid, None)
        subscription.stop_repetition()
        self._requests.leave(subscription)

    def _reset(self) -> None:
        for timer in (self._round, self._lifetime):
            if timer is not None:
                timer.cancel()
        self._round = self._lifetime = None
        self._reason = None
        self._requests.reset()
        for subscription in tuple(self._subscriptions.values()):
            subscription.stop_repetition()
            subscription.start_afresh()
            subscription.cancellations = 0
            self._move(subscription, Input.DISCONNECTED)
            self._tidy(subscription)
