"""
The adaptive window over the client's own requests (docs/protocol/conversations.md, Start-up).

Like congestion control: the window grows while answers come and is halved when the service
says "too many". Requests that belong to a call of the user's do not pass through it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import attrs

from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler, Timer
from conversations._core.upstream import UpstreamRequest

Matches: TypeAlias = Callable[[UpstreamRequest], bool]

INITIAL_SIZE = 300
"""Requests in flight at the beginning; the service takes 500 a second on a connection."""


@attrs.define(eq=False)
class Ticket:
    """
    The permission for one attempt; give it back with :meth:`RequestWindow.answered`,
    :meth:`~RequestWindow.throttled` or :meth:`~RequestWindow.dropped`.
    """

    epoch: int
    is_counted: bool = True


@attrs.define(eq=False)
class _Waiting:
    request: UpstreamRequest
    promise: Promise[Ticket]


class RequestWindow:
    """
    Says when the next of the client's own requests may be sent.

    Args:
        scheduler: Runs the pauses.
        cap: Most requests in flight at any time (``Properties.max_outstanding_requests``).
    """

    def __init__(self, scheduler: Scheduler, cap: int) -> None:
        self._scheduler = scheduler
        self._cap = cap
        self._size = float(min(INITIAL_SIZE, cap))
        self._threshold = float(cap)
        self._in_flight = 0
        self._epoch = 0
        self._waiting: deque[_Waiting] = deque()
        self._urgent: dict[object, Matches] = {}
        self._pause: Timer | None = None

    @property
    def size(self) -> int:
        """
        How many requests may be in flight now.
        """
        return int(self._size)

    @property
    def in_flight(self) -> int:
        """
        How many are.
        """
        return self._in_flight

    def enter(self, request: UpstreamRequest) -> Promise[Ticket]:
        """
        A promise of the permission to send *request*, first come, first served.

        Whoever stops waiting for it gives back what it may have got by then:
        :meth:`abandoned`.
        """
        waiting: _Waiting
        promise: Promise[Ticket] = Promise(
            self._scheduler, on_abandon=lambda: self._waiting.remove(waiting)
        )
        waiting = _Waiting(request, promise)
        self._waiting.append(waiting)
        self._expedite(waiting)
        self._admit()
        return promise

    def abandoned(self, entrance: Promise[Ticket]) -> None:
        """
        Nobody waits for *entrance* any more, which may have been granted in the same moment.
        """
        if entrance.is_settled:
            self._leave(entrance.result())

    @contextmanager
    def expedited(self, matches: Matches) -> Iterator[None]:
        """
        Inside, the requests that match go at once, those that wait already and those that
        come: a user waits for them.
        """
        key = object()
        self._urgent[key] = matches
        for waiting in tuple(self._waiting):
            self._expedite(waiting)
        try:
            yield
        finally:
            del self._urgent[key]

    def _expedite(self, waiting: _Waiting) -> None:
        if any(matches(waiting.request) for matches in self._urgent.values()):
            self._waiting.remove(waiting)
            waiting.promise.resolve(Ticket(self._epoch, is_counted=False))

    def answered(self, ticket: Ticket) -> None:
        """
        The service answered; the window grows.
        """
        grown = self._size + (1 if self._size < self._threshold else 1 / self._size)
        self._size = min(float(self._cap), grown)
        self._leave(ticket)

    def throttled(self, ticket: Ticket, retry_after: float | None) -> None:
        """
        The service answered 429. Halved at most once for all that was in flight together.

        Args:
            ticket: Of the request that was refused.
            retry_after: Seconds for which nothing more may be sent, if the service said.
        """
        if ticket.epoch == self._epoch:
            self._epoch += 1
            self._size = max(1.0, self._size / 2)
            self._threshold = self._size
        if retry_after is not None and retry_after > 0:
            self._pause_for(retry_after)
        self._leave(ticket)

    def dropped(self, ticket: Ticket) -> None:
        """
        There was no answer; the window stays as it is.
        """
        self._leave(ticket)

    def _pause_for(self, seconds: float) -> None:
        until = self._scheduler.now + seconds
        if self._pause is not None and self._pause.is_active:
            if self._pause.when >= until:
                return
            self._pause.cancel()
        self._pause = self._scheduler.call_at(until, self._admit)

    def _leave(self, ticket: Ticket) -> None:
        if ticket.is_counted:
            self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        if self._pause is not None and self._pause.is_active:
            return
        while self._waiting and self._in_flight < int(self._size):
            self._in_flight += 1
            self._waiting.popleft().promise.resolve(Ticket(self._epoch))
