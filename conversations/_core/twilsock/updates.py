"""
Token updates that wait for a verdict of the server.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler, Timer

from .errors import ConnectionFailure, ReplyTimeout, TransportUnavailable


@attrs.define(eq=False)
class TokenUpdate:
    """
    One ``update`` frame, sent or to be sent, and everyone who waits for its result.
    """

    token: str = attrs.field(repr=False)
    waiters: list[Promise[None]] = attrs.field(factory=list, repr=False)
    timer: Timer | None = attrs.field(default=None, repr=False)

    def complete(self) -> None:
        """
        The server took the token.
        """
        for waiter in self.waiters:
            waiter.resolve(None)

    def fail(self, error: Callable[[], BaseException]) -> None:
        """
        The token did not come into force. Each waiter gets an error of its own.
        """
        for waiter in self.waiters:
            waiter.reject(error())


class TokenUpdates:
    """
    Updates in their three stations: queued, sent, and carried by the next ``init``.

    Several queued ones become a single frame with the newest token. One that loses its
    connection is decided by the next ``init``, which has the newest token anyway.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._queued: TokenUpdate | None = None
        self._sent: dict[str, TokenUpdate] = {}
        self._carried = TokenUpdate("")

    def queue(self, token: str) -> Promise[None]:
        """
        Send *token* as soon as possible.
        """
        if self._queued is None:
            self._queued = TokenUpdate(token)
        self._queued.token = token
        return self._wait_for(self._queued)

    def join(self, token: str) -> Promise[None] | None:
        """
        The result of an update to *token* that is under way, if there is one.
        """
        if self._queued is not None and self._queued.token == token:
            return self._wait_for(self._queued)
        for update in self._sent.values():
            if update.token == token:
                return self._wait_for(update)
        return None

    def take_queued(self) -> TokenUpdate | None:
        """
        The queued update, if there is one, which is to be sent now.
        """
        update, self._queued = self._queued, None
        return update

    def sent(self, frame_id: str, update: TokenUpdate) -> None:
        """
        *update* went out under this id.
        """
        self._sent[frame_id] = update

    def take(self, frame_id: str) -> TokenUpdate | None:
        """
        The sent update with this id, which is decided now.
        """
        update = self._sent.pop(frame_id, None)
        if update is not None and update.timer is not None:
            update.timer.cancel()
        return update

    def time_out(self, frame_id: str) -> None:
        """
        No reply came for the sent update with this id.
        """
        self._sent.pop(frame_id).fail(ReplyTimeout)

    def carry(self) -> None:
        """
        The connection is lost: what is queued or sent is up to the next ``init``.
        """
        self._carried.waiters += self._withdraw()

    def complete_carried(self) -> None:
        """
        The ``init`` that carried the token was accepted.
        """
        self._carried.complete()
        self._carried.waiters = []

    def fail_carried(self, error: Callable[[], BaseException]) -> None:
        """
        The ``init`` that carried the token was refused.
        """
        self._carried.fail(error)
        self._carried.waiters = []

    def fail_all(self, failure: ConnectionFailure) -> None:
        """
        No connection comes any more.
        """
        self.carry()
        self.fail_carried(lambda: TransportUnavailable(failure))

    def _wait_for(self, update: TokenUpdate) -> Promise[None]:
        promise: Promise[None] = Promise(self._scheduler)
        update.waiters.append(promise)
        return promise

    def _withdraw(self) -> list[Promise[None]]:
        """
        Everyone who waits for an update that is queued or sent, in order.
        """
        updates = list(self._sent.values())
        if self._queued is not None:
            updates.append(self._queued)
        self._sent, self._queued = {}, None
        for update in updates:
            if update.timer is not None:
                update.timer.cancel()
        return [waiter for update in updates for waiter in update.waiters]
