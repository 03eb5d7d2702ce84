"""
The creation of a client: what it waits for, what ends it at once, and how it ended.
"""

from __future__ import annotations

import attrs

from conversations._core.conversations.calls import Call
from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._logs import ClientLog
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, ErrorInfo, TokenError, TransportError

_log = ClientLog("conversations.connection")

HOPELESS_AT_FIRST = frozenset(
    {
        FailureKind.NAME_RESOLUTION,
        FailureKind.CONNECT,
        FailureKind.TLS_VERIFICATION,
        FailureKind.TLS,
    }
)
"""What ends a creation at the first attempt: a wrong address, mostly."""


class Creation:
    """
    The creation of the client: what it waits for, and how it ended.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._outcome: Promise[None] = Promise(scheduler)
        self._call: Call | None = None
        self._step = "a connection"
        self._progress = "the configuration"
        self._refusals = 0
        self.last_failure: ConnectionFailure | None = None
        self.is_over = False

    async def wait(self, call: Call) -> None:
        """
        The call that waits for it.
        """
        self._call = call
        call.step = self._step
        await self._outcome

    @property
    def step(self) -> str:
        """
        What it waits for.
        """
        return self._step

    @step.setter
    def step(self, step: str) -> None:
        self._step = step
        if self._call is not None:
            self._call.step = step

    def waits_for(self, step: str) -> None:
        """
        Note what it waits for while there is a connection.
        """
        self.step = self._progress = step

    def connected(self) -> None:
        """
        There is a connection, for the first time or again.
        """
        self.step = self._progress

    def failed_attempt(self, failure: ConnectionFailure) -> None:
        """
        Note why there is no connection.
        """
        self.last_failure = failure
        self.step = "a connection"

    def may_ask_again(self) -> bool:
        """
        Whether the provider gets another chance: once.
        """
        self._refusals += 1
        return self._refusals == 1

    @property
    def is_awaited(self) -> bool:
        """
        Whether its errors are raised where the client is created, or have been: one that fails
        can be over before anybody has begun to wait for it.
        """
        return not self.is_over or self._outcome.error is not None

    def succeed(self) -> None:
        """
        The client can be used.
        """
        self.is_over = True
        self._outcome.resolve(None)

    def fail(self, error: ConversationsError) -> None:
        """
        It cannot be created.
        """
        if not self._outcome.is_settled:
            self.is_over = True
            self._outcome.reject(error)


def creation_error(error: BaseException) -> ConversationsError:
    """
    The error that ``create`` raises for one that ended its start.
    """
    if isinstance(error, (TransportError, TokenError)):
        return error
    if isinstance(error, ConversationsError):
        info = error.error_info
    else:
        _log.error("the start failed unexpectedly", exc_info=error)
        info = ErrorInfo(message=f"unexpected {type(error).__name__}")
    wrapped = ConversationsError(attrs.evolve(info, reason=ErrorReason.CREATE_CLIENT_ERROR))
    wrapped.__cause__ = error
    return wrapped
