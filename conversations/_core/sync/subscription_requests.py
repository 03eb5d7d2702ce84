"""
Sending of subscription requests: correlation ids, pauses after failures, the delivery watch.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Protocol

from conversations._core.backoff import ExponentialBackoff
from conversations._core.ids import Ids
from conversations._core.promises import spawn
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamRequest, json_body
from conversations._logs import ClientLog
from conversations.errors import ConversationsError, ServiceError, TransportError

from .batches import Action, Batch, Reply, Subscription, decode_reply
from .phases import Input
from .queries import Send, sync_headers

logger = ClientLog("conversations.sync")

INITIAL_BATCH_SIZE = 1000
"""
Entries of a request until a reply sets a limit.
"""

BACKOFF = ExponentialBackoff(first=0.1, cap=120.0)


class RequestsHost(Protocol):
    """
    Who hears what became of requests.
    """

    def given_up(self, action: Action, entries: tuple[Subscription, ...], cause: Input) -> None:
        """
        These entries will not be answered: the request failed, its connection is lost, or
        time is over.
        """

    def lifetime_received(self, lifetime: float) -> None:
        """
        Subscriptions last so many seconds.
        """

    def request_refused(self, error: ServiceError) -> None:
        """
        The server refuses such requests. They are repeated nevertheless.
        """


class Requests:
    """
    The subscription requests of one client that are pending.

    Args:
        scheduler: For timers and requests.
        ids: Makes request ids.
        rng: For the jitter of delays.
        url: Where requests go.
        post: Sends one, once.
        first_correlation_id: The others count on from it.
        host: Hears what became of them.

    Attributes:
        paused_until: Nothing is to be sent before this time.
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
        host: RequestsHost,
    ) -> None:
        self._scheduler = scheduler
        self._ids = ids
        self._rng = rng
        self._url = url
        self._post = post
        self._correlation_ids = count(first_correlation_id)
        self._host = host
        self._batches: dict[int, Batch] = {}
        self._max_batch_size = INITIAL_BATCH_SIZE
        self._failures = 0  # requests in a row that failed as a whole
        self.paused_until = float("-inf")

    def portions(self, entries: Iterable[Subscription]) -> Iterator[list[Subscription]]:
        """
        Divide entries into as many requests as they need.
        """
        remaining = list(entries)
        while remaining:
            yield remaining[: self._max_batch_size]
            remaining = remaining[self._max_batch_size :]

    def send(self, action: Action, entries: list[Subscription], *, reason: str | None) -> None:
        """
        Send one request. Its id is known before it leaves: answers may overtake the reply.
        """
        batch = Batch(
            correlation_id=next(self._correlation_ids),
            action=action,
            pending={entry.sid: entry for entry in entries},
            last_arrival=self._scheduler.now,
        )
        self._batches[batch.correlation_id] = batch
        for entry in entries:
            entry.batch = batch
        request = UpstreamRequest(
            method="POST",
            url=self._url,
            headers=sync_headers(self._ids),
            body=json_body(batch.body(reason=reason)),
            description=f"subscriptions ({action.value})",
        )
        logger.debug("%s %d subscriptions (%d)", action.value, len(entries), batch.correlation_id)
        spawn(self._scheduler, self._exchange(batch, request))

    def pending(self, sid: str, correlation_id: int | None) -> Subscription | None:
        """
        The subscription of *sid*, if it waits for an answer with this correlation id.
        """
        batch = None if correlation_id is None else self._batches.get(correlation_id)
        return None if batch is None else batch.pending.get(sid)

    def note_arrival(self, correlation_id: int | None) -> None:
        """
        Something bearing *correlation_id* came: its answers are on their way.
        """
        batch = None if correlation_id is None else self._batches.get(correlation_id)
        if batch is not None:
            batch.last_arrival = self._scheduler.now

    def leave(self, entry: Subscription) -> None:
        """
        The subscription does not wait for an answer any more.
        """
        batch, entry.batch = entry.batch, None
        entry.is_outdated = False
        if batch is not None:
            del batch.pending[entry.sid]
            if not batch.pending and batch.watch is not None:  # its reply has been here
                self._discard(batch)

    def reset(self) -> None:
        """
        The connection is lost or new: no request is pending, no failure counts.
        """
        for batch in tuple(self._batches.values()):
            for entry in tuple(batch.pending.values()):
                self.leave(entry)
            self._discard(batch)
        self._failures = 0
        self.paused_until = float("-inf")

    async def _exchange(self, batch: Batch, request: UpstreamRequest) -> None:
        try:
            response = await self._post(request)
        except ConversationsError as error:
            self._failed(batch, error)
        except Exception as error:
            logger.exception("sending subscriptions failed")
            self._failed(batch, error)
        else:
            self._accepted(batch, decode_reply(response.body))

    def _accepted(self, batch: Batch, reply: Reply) -> None:
        if batch.correlation_id not in self._batches:
            return  # of another connection
        self._failures = 0
        if reply.max_batch_size is not None:
            self._max_batch_size = reply.max_batch_size
        if batch.pending:
            batch.last_arrival = self._scheduler.now
            self._watch(batch, reply.delivery, reply.delivery)
        else:
            self._discard(batch)
        if reply.lifetime is not None:
            self._host.lifetime_received(reply.lifetime)

    def _failed(self, batch: Batch, error: Exception) -> None:
        if batch.correlation_id not in self._batches:
            return  # of another connection
        logger.info("subscription request failed (%s)", type(error).__name__)
        retry_after = error.retry_after if isinstance(error, ServiceError) else None
        delay = BACKOFF.delay(self._failures, self._rng) if retry_after is None else retry_after
        self._failures += 1
        self.paused_until = max(self.paused_until, self._scheduler.now + delay)
        is_connection_lost = isinstance(error, TransportError)  # we may be the first to hear
        self._give_up(batch, Input.DISCONNECTED if is_connection_lost else Input.POST_FAILED)
        if self._failures == 1 and isinstance(error, ServiceError) and is_final(error.status):
            self._host.request_refused(error)

    def _watch(self, batch: Batch, delay: float, delivery: float) -> None:
        batch.watch = self._scheduler.call_later(delay, lambda: self._watch_over(batch, delivery))

    def _watch_over(self, batch: Batch, delivery: float) -> None:
        remaining = batch.last_arrival + delivery - self._scheduler.now
        if remaining > 0:
            self._watch(batch, remaining, delivery)
            return
        logger.info("%d subscriptions unanswered", len(batch.pending))
        for entry in batch.pending.values():
            entry.unanswered += 1
        self._give_up(batch, Input.EXPIRED)

    def _give_up(self, batch: Batch, cause: Input) -> None:
        entries = tuple(batch.pending.values())
        self._discard(batch)
        self._host.given_up(batch.action, entries, cause)

    def _discard(self, batch: Batch) -> None:
        batch.stop_watch()
        self._batches.pop(batch.correlation_id, None)


def is_final(status: int) -> bool:
    """
    Whether a refusal with *status* would be repeated for the same request.
    """
    return 400 <= status < 500 and status != 429  # noqa: PLR2004  # HTTP: client errors, too many requests
