"""
The token in use: when it runs out, and getting the next one.

The server is the authority on expiry; the timer here only asks for the next token in time,
for lifetimes so short that the server's announcement does not come
(docs/protocol/tokens.md, Renewal).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

from conversations._logs import ClientLog
from conversations.enums import ErrorReason
from conversations.errors import (
    ConversationsError,
    ErrorInfo,
    InvalidArgumentError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
)
from conversations.tokens import Claims, check_token, read_claims

from .backoff import ExponentialBackoff
from .scheduler import Scheduler, Timer
from .twilsock.config import MAX_TOKEN_LENGTH

_log = ClientLog("conversations.connection")

RETRY = ExponentialBackoff(first=1.0, cap=60.0)


class TokenKeeper:
    """
    Watches the expiry of the token in use and asks for the next one.

    Args:
        scheduler: The core's.
        rng: For the pauses between questions to the provider.
        clock_offset: Seconds to add to the scheduler's time to get the time of day.
        margin: ``Properties.token_refresh_margin``.
        has_provider: Whether there is anyone to ask.
        ask: Asks the provider, which answers with :meth:`provided` or :meth:`failed`.
        use: Takes a new token into use.
        about_to_expire: Tells listeners, once per token.
        report: Tells listeners about an error.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        rng: random.Random,
        clock_offset: float,
        margin: float,
        has_provider: bool,
        ask: Callable[[], None],
        use: Callable[[str], None],
        about_to_expire: Callable[[], None],
        report: Callable[[ConversationsError], None],
    ) -> None:
        self._scheduler = scheduler
        self._rng = rng
        self._clock_offset = clock_offset
        self._margin = margin
        self.has_provider = has_provider
        self._ask = ask
        self._use = use
        self._about_to_expire = about_to_expire
        self._report = report
        self._token: str | None = None
        self._accepted_token: str | None = None
        self.claims: Claims | None = None
        self._is_decided = False  # the server has said yes or no to it
        self._is_announced = False
        self._is_asking = False
        self._is_closed = False
        self._failures = 0
        self._announcement: Timer | None = None
        self._question: Timer | None = None

    @property
    def expires_at(self) -> datetime | None:
        """
        From the token's own words; ``None`` if it does not say.
        """
        return self.claims.expires_at if self.claims is not None else None

    @property
    def in_force(self) -> str | None:
        """
        The newest token that the server has accepted. A secret.
        """
        return self._accepted_token

    def is_current(self, token: str) -> bool:
        """
        Whether *token* is the one in use.
        """
        return token == self._token

    def check(self, token: str) -> None:
        """
        Refuse what cannot be sent, and a token of somebody else.

        Raises:
            TokenError: Code ``MISMATCHING_TOKEN_UPDATE``.
            TokenRejectedError: It is not an access token.
            InvalidArgumentError: It is too long.
        """
        claims = read_claims(token)
        if len(token) > MAX_TOKEN_LENGTH:
            message = f"the token has {len(token)} characters, more than {MAX_TOKEN_LENGTH}"
            raise InvalidArgumentError(message)
        if self.claims is not None and claims.identity != self.claims.identity:
            raise TokenError(
                ErrorInfo(
                    reason=ErrorReason.UPDATE_TOKEN_ERROR,
                    code=ErrorInfo.MISMATCHING_TOKEN_UPDATE,
                    message="the new token is one of another identity; the one in use stays. "
                    "To change the user, shut this client down and create another one",
                )
            )

    def now_in_use(self, token: str) -> None:
        """
        *token*, which :meth:`check` has let pass, is the one in use from now on.
        """
        self._is_asking = False
        _stop(self._question)
        if self.is_current(token):
            return
        self._token = token
        self._is_decided = self._is_announced = False
        self.claims = claims = read_claims(token)
        _stop(self._announcement)
        expiry = claims.expires_at
        if expiry is None:
            return
        now = self._scheduler.now + self._clock_offset
        issued = claims.issued_at or claims.not_before
        started = min(issued.timestamp(), now) if issued is not None else now
        lead = min(self._margin, max(expiry.timestamp() - started, 0.0) / 5)
        due = expiry.timestamp() - lead - self._clock_offset
        self._announcement = self._scheduler.call_at(max(due, self._scheduler.now), self.announce)

    def announce(self) -> None:
        """
        The token will expire soon, says the server or the clock: once per token.
        """
        if self._is_announced:
            return
        self._is_announced = True
        self._about_to_expire()
        self.want()

    def want(self) -> None:
        """
        Ask the provider for a new token, if there is one and it is not being asked.
        """
        if not self.has_provider or self._is_asking:
            return
        self._is_asking = True
        if self._failures == 0:
            self._ask()
        else:
            delay = RETRY.delay(self._failures - 1, self._rng)
            self._question = self._scheduler.call_later(delay, self._ask)

    def rejected(self) -> None:
        """
        The server refused the token in use: ask for another, more and more slowly.
        """
        self._is_decided = True
        self.want()
        self._failures += 1

    def accepted(self) -> None:
        """
        The server accepted the token in use.
        """
        self._accepted_token = self._token
        self._is_decided = True
        self._failures = 0

    def not_heard(self) -> None:
        """
        The server had no time for the token in use: ask again, the same will do.
        """
        self._failures += 1
        self.want()

    def provided(self, token: object) -> ConversationsError | None:
        """
        The provider returned *token*. Returns the error if it cannot be used.
        """
        if self._is_closed:
            return None
        try:
            if not isinstance(token, str):
                kind = type(token).__name__
                message = f"the token provider returned {kind}, not text"
                raise InvalidArgumentError(message)
            self.check(token)
            check_token(
                token, datetime.fromtimestamp(self._scheduler.now + self._clock_offset, UTC)
            )
            if self.is_current(token) and self._is_decided:
                message = "the token provider returned the token that is in use already"
                raise TokenError(message)
        except ConversationsError as error:
            self.failed(error)
            return error
        self._is_asking = False
        self._use(token)
        return None

    def failed(self, error: ConversationsError) -> None:
        """
        The provider raised, or what it returned cannot be used: tell, and ask again later.
        """
        if self._is_closed:
            return
        _log.warning("the token provider failed: %s", error.reason.name)
        self._is_asking = False
        self._failures += 1
        self._report(error)
        self.want()

    def close(self) -> None:
        """
        Ask nobody any more.
        """
        self._is_closed = True
        self.has_provider = False
        _stop(self._announcement)
        _stop(self._question)


def _stop(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()


def provider_error(cause: BaseException) -> TokenError:
    """
    The error for a token provider that raised.
    """
    if isinstance(cause, (TokenRejectedError, TokenExpiredError)):
        return cause
    error = TokenError(f"the token provider raised {type(cause).__name__}")
    error.__cause__ = cause
    return error
