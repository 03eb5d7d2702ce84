"""
What a session hands out: orders for the socket below, events for the layers above.
"""

from __future__ import annotations

from typing import Union

import attrs

from conversations._core.upstream import JSONValue

from .errors import ConnectionFailure
from .states import SessionState


@attrs.frozen
class OpenSocket:
    """
    Open a websocket, then tell the session ``socket_opened`` or ``socket_failed``.

    Attributes:
        generation: Names this socket in every input and output.
    """

    generation: int


@attrs.frozen
class SendMessage:
    """
    Send one binary websocket message. May hold the token: never shown.
    """

    generation: int
    data: bytes = attrs.field(repr=False)


@attrs.frozen
class CloseSocket:
    """
    Send what is queued for this socket, then close it; or give up opening it.

    Comes exactly once for each :class:`OpenSocket`, before the next one, also for a socket
    that has failed by itself.
    """

    generation: int


SocketOutput = Union[OpenSocket, SendMessage, CloseSocket]


@attrs.frozen
class StateChanged:
    """
    The session is in another state now. Connected anew: from INITIALIZING to CONNECTED.
    """

    state: SessionState
    previous: SessionState


@attrs.frozen
class ConnectionFailed:
    """
    An attempt failed, the connection broke, or a token update was refused.

    Comes before the :class:`StateChanged` it causes.

    Attributes:
        failure: What happened.
        terminal: No further attempt follows by itself.
    """

    failure: ConnectionFailure
    terminal: bool


@attrs.frozen
class NotificationReceived:
    """
    The server pushed something. It is acknowledged already.
    """

    message_type: str
    payload: JSONValue | bytes = attrs.field(repr=False)


@attrs.frozen
class TokenAboutToExpire:
    """
    The server announces that the token is about to expire.
    """


@attrs.frozen
class TokenExpired:
    """
    The server says that the token has expired. Once for each token, after the change of state.
    """


SessionEvent = Union[
    StateChanged, ConnectionFailed, NotificationReceived, TokenAboutToExpire, TokenExpired
]
