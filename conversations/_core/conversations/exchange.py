"""
Three ways of asking the service, and what each repeats (docs/protocol/conversations.md,
What is repeated).

* :meth:`Exchange.background`: what the client reads by itself, through the window, until 90 s
  of connected time have gone by;
* :meth:`Exchange.read`: a GET for a call of the user's, and :meth:`Exchange.read_cached`;
* :meth:`Exchange.command`: a change for a call of the user's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import attrs

from conversations._core.backoff import ExponentialBackoff
from conversations._core.ids import Ids
from conversations._core.promises import Cancelled, Promise, sleep
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.errors import (
    LocalProtocolError,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
    TwilsockError,
)
from conversations._core.twilsock.requests import RequestPromise
from conversations._core.twilsock.session import Session
from conversations._core.upstream import JSON_TYPE, UpstreamRequest, UpstreamResponse
from conversations._logs import ClientLog
from conversations.enums import ErrorReason
from conversations.errors import (
    RECOVERABLE_STATUSES,
    ConversationsError,
    ErrorInfo,
    InvalidArgumentError,
    ServiceError,
    TokenError,
)

from .answer_cache import AnswerCache
from .calls import Call
from .failures import answer_error, retry_after, transport_error
from .window import Matches, RequestWindow, Ticket

_log = ClientLog("conversations.client")

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
        self._end: ConversationsError | None = None
        self._waiters: list[Promise[None]] = []

    @property
    def is_connected(self) -> bool:
        """
        Whether there is a connection now.
        """
        return self._since is not None

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
        There will never be one again: fail whoever waits, now or later.
        """
        self.disconnected()
        self._end = error
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.reject(error)

    def until_connected(self) -> Promise[None]:
        """
        Resolved at once while there is a connection, else with the next one.
        """
        promise: Promise[None] = Promise(self._scheduler)
        if self._end is not None:
            promise.reject(self._end)
        elif self.is_connected:
            promise.resolve(None)
        else:
            self._waiters.append(promise)
        return promise


class Exchange:
    """
    Sends requests through the session and turns what comes back into answers or errors.

    Args:
        scheduler: The core's.
        session: Where requests go.
        ids: Makes mutation ids.
        rng: For the pauses between attempts.
        window: Over the client's own requests.
        policy: Of the requests that belong to calls.
        connected_time: Of the session.
        is_token_coming: Whether the session stands still for a token that is under way.

    Attributes:
        answers: Those of :meth:`read` that may be used again.
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
        is_token_coming: Callable[[], bool],
    ) -> None:
        self._scheduler = scheduler
        self._session = session
        self._ids = ids
        self._rng = rng
        self._window = window
        self._policy = policy
        self._connected_time = connected_time
        self._is_token_coming = is_token_coming
        self.answers = AnswerCache(scheduler)

    @property
    def is_connected(self) -> bool:
        """
        Whether what is sent now goes out now.
        """
        return self._connected_time.is_connected

    @property
    def policy(self) -> RetryPolicy:
        """
        Of the requests that belong to calls.
        """
        return self._policy

    async def pause(
        self, call: Call, error: ConversationsError, attempt: int, *, retry_after: float | None
    ) -> None:
        """
        Wait before a call's next attempt.

        Args:
            call: The user's call.
            error: What went wrong.
            attempt: Number of the one that failed, from 1.
            retry_after: Seconds, if the service has said it; else the policy counts.

        Raises:
            ConversationsError: *error* itself, because the next attempt would come too late.
        """
        planned = self._policy.backoff.delay(attempt - 1, self._rng)
        wait = planned if retry_after is None else retry_after
        if self._scheduler.now + wait >= call.deadline:
            raise error
        status = f"status {error.status}" if error.status else error.reason.name
        call.step = f"another attempt after {status}"
        await sleep(self._scheduler, wait)

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
            if self._needs_a_connection(error):
                await self._connected_time.until_connected()
                continue
            if not _is_worth_repeating(error):
                raise error
            started = self._connected_time.seconds if started is None else started
            delay = _delay(error, BACKGROUND_BACKOFF.delay(failures, self._rng))
            if failures == 0 and isinstance(error.__cause__, TransportLost):
                delay = 0.0  # it waits for the next connection anyway
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
        entrance = self._window.enter(request)
        try:
            ticket = await entrance
        except Cancelled:
            self._window.abandoned(entrance)
            raise
        release: Callable[[Ticket], None] = self._window.dropped
        try:
            response = await self._send(request, reply_timeout=BACKGROUND_REPLY_TIMEOUT)
            release = self._window.answered
            if response.status == THROTTLED:
                release = partial(self._window.throttled, retry_after=retry_after(response))
            return response if response.is_success else answer_error(response)
        except TwilsockError as lost:
            if isinstance(lost, ReplyRefused) and lost.code == THROTTLED:
                release = partial(self._window.throttled, retry_after=None)
            return transport_error(lost, request.description)
        finally:
            release(ticket)

    def _needs_a_connection(self, error: ConversationsError) -> bool:
        """
        Whether it failed because there is none, or because the token was refused: then the
        next connection comes with the next token.
        """
        if isinstance(error.__cause__, TransportUnavailable):
            return True
        return isinstance(error, TokenError) and not self._connected_time.is_connected

    def _send(self, request: UpstreamRequest, *, reply_timeout: float | None) -> RequestPromise:
        try:
            return self._session.request(request, reply_timeout=reply_timeout)
        except LocalProtocolError as error:
            raise unsendable(error, request) from error

    def expedited(self, matches: Matches) -> AbstractContextManager[None]:
        """
        Inside, the client's own requests that match pass the window: a user waits for them.
        """
        return self._window.expedited(matches)

    async def once(
        self, request: UpstreamRequest, *, reply_timeout: float = BACKGROUND_REPLY_TIMEOUT
    ) -> UpstreamResponse:
        """
        One attempt for the client itself; whoever asks repeats by rules of their own.
        """
        try:
            response = await self._send(request, reply_timeout=reply_timeout)
        except TwilsockError as lost:
            raise transport_error(lost, request.description) from lost
        if not response.is_success:
            raise answer_error(response)
        return response

    async def read(self, call: Call, request: UpstreamRequest) -> UpstreamResponse:
        """
        Read something for *call*, repeating what a read may repeat.
        """
        return await self._attempts(call, request, is_repeatable=True)

    async def read_cached(self, call: Call, request: UpstreamRequest) -> UpstreamResponse:
        """
        The same, for what need not be quite new: an answer of the last seconds does.
        """
        known = self.answers.get(request.url)
        if known is not None:
            return known
        changes = self.answers.changes
        response = await self.read(call, request)
        self.answers.keep(request.url, response, changes=changes)
        return response

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
        try:
            response = await self._attempts(
                call, marked, is_repeatable=is_repeatable, is_change=True, is_removal=is_removal
            )
        finally:
            self.answers.changed(request.url)
        if response.status == ACCEPTED and isinstance(response.body, dict):
            # Somebody changed it at the same time: the result stands elsewhere.
            url = response.body.get("resource_url")
            if isinstance(url, str) and url:
                resource = UpstreamRequest(
                    method="GET", url=_absolute(url, request.url), description=request.description
                )
                return await self.read(call, resource)
        return response

    async def idempotent(
        self, call: Call, request: UpstreamRequest, *, is_removal: bool = False
    ) -> UpstreamResponse:
        """
        Change something for *call* that is the same whether done once or twice, where nobody
        looks at mutation ids.
        """
        return await self._attempts(
            call, request, is_repeatable=True, is_change=True, is_removal=is_removal
        )

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
            call.last_error = error
            if self._needs_a_connection(error) and self._is_token_coming():
                attempt -= 1  # it did not get further than Twilsock
                call.step = "a new token"
                await self._connected_time.until_connected()
            elif not is_repeatable or attempt >= self._policy.max_attempts:
                raise error
            elif isinstance(error, ServiceError):
                if not self._may_repeat(error):
                    raise error
                await self.pause(call, error, attempt, retry_after=error.retry_after)
            elif not _is_worth_repeating(error):
                raise error

    async def _attempt(
        self, call: Call, request: UpstreamRequest, *, is_change: bool
    ) -> UpstreamResponse | ConversationsError:
        promise = self._send(request, reply_timeout=None)
        was_open = call.may_have_been_sent
        call.step = "a connection"

        def sent() -> None:
            call.step = f"the answer about {request.description}"
            call.may_have_been_sent = was_open or is_change

        promise.when_sent(sent)
        try:
            response = await promise
        except TwilsockError as lost:
            if isinstance(lost, ReplyRefused):  # it went no further than Twilsock
                call.may_have_been_sent = was_open
            return transport_error(lost, request.description)
        if response.status == THROTTLED:
            call.may_have_been_sent = was_open
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


def _absolute(url: str, asked: str) -> str:
    """
    *url* itself, or as a path on the server that was asked.
    """
    if url.startswith(("http://", "https://")):
        return url
    scheme, _, rest = asked.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{url.strip('/')}"


def unsendable(error: LocalProtocolError, request: UpstreamRequest) -> ConversationsError:
    """
    The error for a request that cannot be written as a frame.
    """
    if request.body:
        return InvalidArgumentError(f"{request.description}: {error}")
    # Addresses come from the service.
    return ConversationsError(
        f"there is no usable address of {request.description}", reason=ErrorReason.CANNOT_PARSE
    )


def missing(what: str) -> ConversationsError:
    """
    The error for an answer that lacks what it must have.
    """
    return ConversationsError(
        ErrorInfo(reason=ErrorReason.CANNOT_PARSE, message=f"the answer has no usable {what}")
    )
