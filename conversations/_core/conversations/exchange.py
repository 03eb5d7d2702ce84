"""
Three ways of asking the service, and what each repeats (docs/protocol/conversations.md,
What is repeated).

* :meth:`Exchange.background`: what the client reads by itself, through the window, until 90 s
  of connected time have gone by;
* :meth:`Exchange.read`: a GET for a call of the user's;
* :meth:`Exchange.command`: a change for a call of the user's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

import attrs

from conversations._core.backoff import ExponentialBackoff
from conversations._core.ids import Ids
from conversations._core.promises import Promise, sleep
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.errors import (
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)
from conversations._core.twilsock.session import Session
from conversations._core.upstream import JSON_TYPE, UpstreamRequest, UpstreamResponse
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, ErrorInfo, ServiceError

from .calls import Call
from .failures import RECOVERABLE_STATUSES, answer_error, retry_after, transport_error
from .window import RequestWindow

_log = logging.getLogger("conversations.client")

NOT_FOUND = 404
ACCEPTED = 202
THROTTLED = 429

BACKGROUND_BUDGET = 90.0
"""Seconds of connected time for which the client repeats a request of its own."""

BACKGROUND_REPLY_TIMEOUT = 30.0
BACKGROUND_BACKOFF = ExponentialBackoff(first=1.0, cap=16.0)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """
    How the requests of a user's call are repeated (``Properties.backoff_…``).
    """

    backoff: ExponentialBackoff = ExponentialBackoff(first=1.0, cap=4.0)
    max_attempts: int = 3
    retry_when_throttled: bool = True


class ConnectedTime:
    """
    Counts the seconds during which there was a connection, and waits for one.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._passed = 0.0
        self._since: float | None = None
        self._waiters: list[Promise[None]] = []

    @property
    def seconds(self) -> float:
        """
        Connected time so far.
        """
        return self._passed + (0.0 if self._since is None else self._scheduler.now - self._since)

    def connected(self) -> None:
        """
        There is a connection now.
        """
        if self._since is None:
            self._since = self._scheduler.now
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.resolve(None)

    def disconnected(self) -> None:
        """
        There is none any more.
        """
        self._passed = self.seconds
        self._since = None

    def given_up(self, error: ConversationsError) -> None:
        """
        There will never be one again: fail whoever waits.
        """
        self.disconnected()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.reject(error)

    def until_connected(self) -> Promise[None]:
        """
        Resolved at once while there is a connection, else with the next one.
        """
        promise: Promise[None] = Promise(self._scheduler)
        if self._since is not None:
            promise.resolve(None)
        else:
            self._waiters.append(promise)
        return promise


class Exchange:
    """
    Sends requests through the session and turns what comes back into answers or errors.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        session: Session,
        *,
        ids: Ids,
        rng: random.Random,
        window: RequestWindow,
        policy: RetryPolicy,
        connected_time: ConnectedTime,
    ) -> None:
        self._scheduler = scheduler
        self._session = session
        self._ids = ids
        self._rng = rng
        self._window = window
        self._policy = policy
        self._connected_time = connected_time

    async def background(self, request: UpstreamRequest) -> UpstreamResponse:
        """
        Read something nobody waits for by name.

        Raises:
            ServiceError: The service refused, or was not able to answer for 90 s.
            ConversationsError: The connection is gone for good.
        """
        started: float | None = None
        failures = 0
        while True:
            error = await self._background_attempt(request)
            if isinstance(error, UpstreamResponse):
                return error
            if isinstance(error.__cause__, TransportUnavailable):
                await self._connected_time.until_connected()
                continue
            if not _is_worth_repeating(error):
                raise error
            started = self._connected_time.seconds if started is None else started
            delay = _delay(error, BACKGROUND_BACKOFF.delay(failures, self._rng))
            failures += 1
            if self._connected_time.seconds - started + delay > BACKGROUND_BUDGET:
                raise error
            _log.info(
                "%s: repeated in %.1f s after %s", request.description, delay, error.reason.name
            )
            await sleep(self._scheduler, delay)

    async def _background_attempt(
        self, request: UpstreamRequest
    ) -> UpstreamResponse | ConversationsError:
        ticket = await self._window.enter(request)
        is_open = True
        try:
            response = await self._session.request(request, reply_timeout=BACKGROUND_REPLY_TIMEOUT)
            is_open = False
            if response.status == THROTTLED:
                self._window.throttled(ticket, retry_after(response))
            else:
                self._window.answered(ticket)
            return response if response.is_success else answer_error(response)
        except ReplyRefused as refused:
            is_open = False
            if refused.code == THROTTLED:
                self._window.throttled(ticket, None)
            else:
                self._window.dropped(ticket)
            return transport_error(refused, request.description)
        except (TransportLost, ReplyTimeout, TransportUnavailable) as lost:
            return transport_error(lost, request.description)
        finally:
            if is_open:
                self._window.dropped(ticket)

    def expedite(self, matches: Callable[[UpstreamRequest], bool]) -> None:
        """
        Let the client's own requests that match pass the window: a user waits for them.
        """
        self._window.expedite(matches)

    async def once(self, request: UpstreamRequest) -> UpstreamResponse:
        """
        One attempt for the client itself; whoever asks repeats by rules of their own.
        """
        try:
            response = await self._session.request(request, reply_timeout=BACKGROUND_REPLY_TIMEOUT)
        except (TransportLost, ReplyTimeout, ReplyRefused, TransportUnavailable) as lost:
            raise transport_error(lost, request.description) from lost
        if not response.is_success:
            raise answer_error(response)
        return response

    async def read(self, call: Call, request: UpstreamRequest) -> UpstreamResponse:
        """
        Read something for *call*, repeating what a read may repeat.
        """
        return await self._attempts(call, request, is_repeatable=True)

    async def command(
        self,
        call: Call,
        request: UpstreamRequest,
        *,
        is_repeatable: bool,
        is_removal: bool = False,
    ) -> UpstreamResponse:
        """
        Change something for *call*.

        Args:
            call: The user's call.
            request: Without the mutation id, which is added here.
            is_repeatable: Whether doing it twice is the same as doing it once. Only then it
                is repeated after it was sent, with the same mutation id.
            is_removal: A 404 to a repetition then means that the first one did it.
        """
        headers = {
            "Content-Type": JSON_TYPE,
            "X-Twilio-Mutation-Id": self._ids.mutation(),
            **request.headers,
        }
        marked = attrs.evolve(request, headers=headers)
        response = await self._attempts(
            call, marked, is_repeatable=is_repeatable, is_change=True, is_removal=is_removal
        )
        if response.status == ACCEPTED and isinstance(response.body, dict):
            # Somebody changed it at the same time: the result stands elsewhere.
            url = response.body.get("resource_url")
            if isinstance(url, str) and url:
                resource = UpstreamRequest(method="GET", url=url, description=request.description)
                return await self.read(call, resource)
        return response

    async def _attempts(
        self,
        call: Call,
        request: UpstreamRequest,
        *,
        is_repeatable: bool,
        is_change: bool = False,
        is_removal: bool = False,
    ) -> UpstreamResponse:
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._attempt(call, request, is_change=is_change)
            if isinstance(outcome, UpstreamResponse):
                if outcome.is_success or (
                    is_removal and attempt > 1 and outcome.status == NOT_FOUND
                ):
                    return outcome
                error: ConversationsError = answer_error(outcome)
            else:
                error = outcome
            if (
                not is_repeatable
                or attempt >= self._policy.max_attempts
                or not self._may_repeat(error)
            ):
                raise error
            if isinstance(error, ServiceError):
                call.step = f"another attempt after status {error.status}"
                wait = self._policy.backoff.delay(attempt - 1, self._rng)
                await sleep(self._scheduler, _delay(error, wait))

    async def _attempt(
        self, call: Call, request: UpstreamRequest, *, is_change: bool
    ) -> UpstreamResponse | ConversationsError:
        promise = self._session.request(request, reply_timeout=None)
        call.step = (
            f"the answer about {request.description}" if promise.was_sent else "a connection"
        )

        def sent() -> None:
            call.step = f"the answer about {request.description}"
            call.may_have_been_sent = call.may_have_been_sent or is_change

        promise.when_sent(sent)
        try:
            response = await promise
        except (TransportLost, ReplyTimeout, ReplyRefused, TransportUnavailable) as lost:
            if isinstance(lost, ReplyRefused):
                call.may_have_been_sent = False
            return transport_error(lost, request.description)
        call.may_have_been_sent = False
        return response

    def _may_repeat(self, error: ConversationsError) -> bool:
        if error.status == THROTTLED and not self._policy.retry_when_throttled:
            return False
        return _is_worth_repeating(error)


def _is_worth_repeating(error: ConversationsError) -> bool:
    if isinstance(error, ServiceError):
        return error.status in RECOVERABLE_STATUSES
    return error.reason in (ErrorReason.TRANSPORT_DISCONNECTED, ErrorReason.TIMEOUT) and isinstance(
        error.__cause__, (TransportLost, ReplyTimeout)
    )


def _delay(error: ConversationsError, planned: float) -> float:
    wanted = getattr(error, "retry_after", None)
    return planned if wanted is None else float(wanted)


def missing(what: str) -> ConversationsError:
    """
    The error for an answer that lacks what it must have.
    """
    return ConversationsError(
        ErrorInfo(reason=ErrorReason.CANNOT_PARSE, message=f"the answer has no usable {what}")
    )
