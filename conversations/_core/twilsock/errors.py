"""
What goes wrong on the connection, in the words of the transport.

The layers above turn these into the errors of the public API.
"""

from __future__ import annotations

from enum import Enum

import attrs

from conversations._core.upstream import JSONValue


class FailureKind(Enum):
    """
    Where a connection attempt, or an open connection, came to its end.

    Attributes:
        NAME_RESOLUTION: The host name has no address.
        CONNECT: Nobody answers, or the connection was refused.
        TLS_VERIFICATION: Certificate or host name do not fit. The only socket failure that
            is not tried again.
        TLS: Any other failure of the TLS handshake.
        UPGRADE: The websocket upgrade was answered with another status.
        SOCKET: An open socket was lost, or closed by the server.
        CONNECT_TIMEOUT: The attempt took too long.
        INIT_REFUSED: ``init`` was answered with a status that is not 2xx, or unreadably.
        INIT_TIMEOUT: ``init`` was not answered.
        UPDATE_REFUSED: A token update was refused, or not answered in time.
        REQUEST_REFUSED: The answer to a request says that the connection is not authorized.
        CLOSE_FRAME: The server sent ``close``.
        WATCHDOG: Nothing came in for too long.
        DISCONNECTED: Not connected yet.
        CLOSED: Closed by this program.
    """

    NAME_RESOLUTION = "name resolution"
    CONNECT = "connect"
    TLS_VERIFICATION = "certificate verification"
    TLS = "TLS handshake"
    UPGRADE = "websocket upgrade"
    SOCKET = "socket lost"
    CONNECT_TIMEOUT = "connect timeout"
    INIT_REFUSED = "init refused"
    INIT_TIMEOUT = "init timeout"
    UPDATE_REFUSED = "token update refused"
    REQUEST_REFUSED = "request refused"
    CLOSE_FRAME = "closed by the server"
    WATCHDOG = "no sign of life"
    DISCONNECTED = "not connected"
    CLOSED = "closed"


@attrs.frozen
class ConnectionFailure:
    """
    Why there is no connection.

    Attributes:
        kind: At which point.
        status: HTTP-like status of the server's answer, 0 without one.
        code: Twilio's error code, 0 without one.
        description: In words, the server's if it gave any.
        cause: The exception behind it. Not compared and not shown.
    """

    kind: FailureKind
    status: int = attrs.field(default=0, kw_only=True)
    code: int = attrs.field(default=0, kw_only=True)
    description: str = attrs.field(default="", kw_only=True)
    cause: BaseException | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)

    @property
    def summary(self) -> str:
        """
        Kind and numbers, without the server's words: for log lines.
        """
        return " ".join(filter(None, (self.kind.value, _numbers(self.status, self.code))))

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.summary, self.description)))


class TwilsockError(Exception):
    """
    Base of the errors that end a request or a token update.
    """


class TransportLost(TwilsockError):
    """
    The connection broke while the answer was awaited.

    Attributes:
        failure: How it broke.
        was_sent: Whether the server may have seen the request.
    """

    def __init__(self, failure: ConnectionFailure, was_sent: bool) -> None:
        super().__init__(f"connection lost: {failure}")
        self.failure = failure
        self.was_sent = was_sent
        self.__cause__ = failure.cause


class TransportUnavailable(TwilsockError):
    """
    There is no connection, and none will come by itself. Nothing was sent.

    Attributes:
        failure: Why.
    """

    def __init__(self, failure: ConnectionFailure) -> None:
        super().__init__(f"no connection: {failure}")
        self.failure = failure
        self.__cause__ = failure.cause


class ReplyTimeout(TwilsockError):
    """
    Sent, and not answered in time.
    """

    def __init__(self) -> None:
        super().__init__("no reply in time")


class ReplyRefused(TwilsockError):
    """
    Twilsock itself refused, or gave an answer that cannot be read.

    Attributes:
        code: HTTP-like status, 0 for an answer that cannot be read.
        status: Its name, as ``TOO_MANY_REQUESTS``.
        description: The server's words.
        error_code: Twilio's error code, 0 without one.
        payload: What came with it.
    """

    def __init__(
        self,
        code: int,
        status: str = "",
        description: str = "",
        error_code: int = 0,
        payload: JSONValue | bytes = None,
    ) -> None:
        words = (_numbers(code, error_code), status, description)
        super().__init__(" ".join(filter(None, ("refused by Twilsock:", *words))))
        self.code = code
        self.status = status
        self.description = description
        self.error_code = error_code
        self.payload = payload


class LocalProtocolError(ValueError):
    """
    The layer above asks for something that cannot be sent. A bug there, nothing was sent.
    """


class IllegalTransition(AssertionError):
    """
    Something happened in a state that has no rule for it. A bug here, or in who drives this.
    """


def _numbers(status: int, code: int) -> str:
    return " ".join(filter(None, (str(status or ""), f"({code})" if code else "")))
