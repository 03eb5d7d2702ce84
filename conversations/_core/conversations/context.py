"""
What the parts of the conversations layer share.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from conversations._core.promises import Cancelled, Promise
from conversations._core.scheduler import Scheduler
from conversations._core.sync.client import SyncClient
from conversations._logs import ClientLog
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, ErrorInfo

from .configuration import Configuration
from .events import ErrorOccurred
from .exchange import Exchange

_log = ClientLog("conversations.client")


@attrs.define(eq=False, kw_only=True)
class Context:
    """
    The services that the parts use, and the way events go up.

    Attributes:
        emit: Hands an event to the layers above. Its values are in place before.
        token: The access token in force, for what does not travel inside the connection.
        allows_plain_http: Whether that may go unencrypted.
    """

    scheduler: Scheduler
    exchange: Exchange
    sync: SyncClient
    configuration: Configuration
    emit: Callable[[object], None]
    token: Callable[[], str | None] = lambda: None
    allows_plain_http: bool = False

    def report(
        self, error: ConversationsError, what: str, reason: ErrorReason | None = None
    ) -> None:
        """
        Tell ``on_error`` about an error that no call of the user's is there to receive.

        That the client is shut down meanwhile is none.
        """
        if error.reason is ErrorReason.CLIENT_SHUTDOWN:
            return
        info = error.error_info if reason is None else attrs.evolve(error.error_info, reason=reason)
        _log.warning("%s: %s (status %s, code %s)", what, info.reason.name, info.status, info.code)
        self.emit(ErrorOccurred(attrs.evolve(info, message=f"{what}: {info.message}")))

    def watch(self, promise: Promise[None], what: str) -> None:
        """
        Report the failure of work that runs on its own.
        """

        def ended(settled: Promise[None]) -> None:
            error = settled.error
            if error is None or isinstance(error, Cancelled):
                return
            if not isinstance(error, ConversationsError):
                _log.error("%s failed unexpectedly", what, exc_info=error)
                error = ConversationsError(
                    ErrorInfo(reason=ErrorReason.UNKNOWN, message=type(error).__name__)
                )
            self.report(error, what)

        promise.add_done_callback(ended)


class PassOver:
    """
    An observer for an object that is open for one reading only: nothing is followed.
    """

    def __call__(self, _event: object) -> None:
        """
        Pass over what changes.
        """
