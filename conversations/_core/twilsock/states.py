"""
The states of a Twilsock connection and every transition between them, as data.

docs/protocol/twilsock.md, States has the same table, generated from this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from conversations.enums import ConnectionState

from .errors import IllegalTransition


class SessionState(Enum):
    """
    Where the connection stands.

    Attributes:
        IDLE: New, not connected yet.
        CONNECTING: A socket is being opened.
        INITIALIZING: The socket is open, ``init`` is not answered yet.
        CONNECTED: Requests are sent.
        THROTTLED: Connected, but the server asked for a pause: requests are queued.
        WAITING: The connection is lost, the next attempt is planned.
        DENIED: The token was refused or has expired; only a new one helps.
        FAILED: Broken for good; only a new client helps.
        CLOSED: Closed by this program, for good.
    """

    IDLE = "idle"
    CONNECTING = "connecting"
    INITIALIZING = "initializing"
    CONNECTED = "connected"
    THROTTLED = "throttled"
    WAITING = "waiting"
    DENIED = "denied"
    FAILED = "failed"
    CLOSED = "closed"


class SessionInput(Enum):
    """
    What can move the connection from one state to another.

    The value says what happened, in the words of the documentation.
    """

    CONNECT = "command: connect"
    UPDATE_TOKEN = "command: new token"  # noqa: S105  # not a token
    CLOSE = "command: close"
    SOCKET_OPENED = "socket open"
    SOCKET_UNTRUSTED = "certificate or host name does not fit"
    SOCKET_LOST = "socket failed or closed"
    CONNECT_TIMEOUT = "connect timeout"
    INIT_ACCEPTED = "init: 2xx"
    INIT_DENIED = "init: 401, 403, or code 20104"
    INIT_THROTTLED = "init: 429"
    INIT_FAILED = "init: anything else"
    INIT_TIMEOUT = "init: no reply"
    UPDATE_ACCEPTED = "update: 2xx"
    UPDATE_DENIED = "update: 401, 403, or code 20104"
    UPDATE_THROTTLED = "update: 429"
    UPDATE_FAILED = "update: anything else"
    UPDATE_TIMEOUT = "update: no reply"
    REQUEST_DENIED = "request: 401, or code 20104"
    REQUEST_THROTTLED = "request: 429"
    THROTTLE_OVER = "throttle timer"
    CLOSE_DENIED = "close frame: 401, 410, or 308 with code 51232"
    CLOSE_FATAL = "close frame: 406, 417"
    CLOSE_RETRIED = "close frame: 308 and any other"
    WATCHDOG = "watchdog"
    RECONNECT_DUE = "reconnect timer"


_Row = dict[SessionInput, SessionState]

# Rows that several states share. A command is refused where it has no entry; for anything
# else a missing entry means a bug.
_WHILE_SOCKET: _Row = {
    SessionInput.CLOSE: SessionState.CLOSED,
    SessionInput.SOCKET_LOST: SessionState.WAITING,
}
_WHILE_OPEN: _Row = {
    **_WHILE_SOCKET,
    SessionInput.CLOSE_DENIED: SessionState.DENIED,
    SessionInput.CLOSE_FATAL: SessionState.FAILED,
    SessionInput.CLOSE_RETRIED: SessionState.WAITING,
}
_WHILE_ACCEPTED: _Row = {
    **_WHILE_OPEN,
    SessionInput.UPDATE_DENIED: SessionState.DENIED,
    SessionInput.UPDATE_THROTTLED: SessionState.THROTTLED,
    SessionInput.UPDATE_FAILED: SessionState.WAITING,
    SessionInput.UPDATE_TIMEOUT: SessionState.WAITING,
    SessionInput.REQUEST_DENIED: SessionState.DENIED,
    SessionInput.REQUEST_THROTTLED: SessionState.THROTTLED,
    SessionInput.WATCHDOG: SessionState.WAITING,
}

TRANSITIONS: Mapping[SessionState, Mapping[SessionInput, SessionState]] = MappingProxyType(
    {
        SessionState.IDLE: {
            SessionInput.CONNECT: SessionState.CONNECTING,
            SessionInput.UPDATE_TOKEN: SessionState.IDLE,
            SessionInput.CLOSE: SessionState.CLOSED,
        },
        SessionState.CONNECTING: {
            **_WHILE_SOCKET,
            SessionInput.CONNECT: SessionState.CONNECTING,
            SessionInput.UPDATE_TOKEN: SessionState.CONNECTING,
            SessionInput.SOCKET_OPENED: SessionState.INITIALIZING,
            SessionInput.SOCKET_UNTRUSTED: SessionState.FAILED,
            SessionInput.CONNECT_TIMEOUT: SessionState.WAITING,
        },
        SessionState.INITIALIZING: {
            **_WHILE_OPEN,
            SessionInput.CONNECT: SessionState.INITIALIZING,
            SessionInput.UPDATE_TOKEN: SessionState.INITIALIZING,
            SessionInput.INIT_ACCEPTED: SessionState.CONNECTED,
            SessionInput.INIT_DENIED: SessionState.DENIED,
            SessionInput.INIT_THROTTLED: SessionState.WAITING,
            SessionInput.INIT_FAILED: SessionState.WAITING,
            SessionInput.INIT_TIMEOUT: SessionState.WAITING,
        },
        SessionState.CONNECTED: {
            **_WHILE_ACCEPTED,
            SessionInput.CONNECT: SessionState.CONNECTED,
            SessionInput.UPDATE_TOKEN: SessionState.CONNECTED,
            SessionInput.UPDATE_ACCEPTED: SessionState.CONNECTED,
        },
        SessionState.THROTTLED: {
            **_WHILE_ACCEPTED,
            SessionInput.CONNECT: SessionState.THROTTLED,
            SessionInput.UPDATE_TOKEN: SessionState.THROTTLED,
            SessionInput.UPDATE_ACCEPTED: SessionState.THROTTLED,
            SessionInput.THROTTLE_OVER: SessionState.CONNECTED,
        },
        SessionState.WAITING: {
            SessionInput.CONNECT: SessionState.CONNECTING,
            SessionInput.UPDATE_TOKEN: SessionState.CONNECTING,
            SessionInput.CLOSE: SessionState.CLOSED,
            SessionInput.RECONNECT_DUE: SessionState.CONNECTING,
        },
        SessionState.DENIED: {
            SessionInput.CONNECT: SessionState.CONNECTING,
            SessionInput.UPDATE_TOKEN: SessionState.CONNECTING,
            SessionInput.CLOSE: SessionState.CLOSED,
        },
        SessionState.FAILED: {
            SessionInput.CLOSE: SessionState.CLOSED,
        },
        SessionState.CLOSED: {
            SessionInput.CLOSE: SessionState.CLOSED,
        },
    }
)

COMMANDS = frozenset({SessionInput.CONNECT, SessionInput.UPDATE_TOKEN, SessionInput.CLOSE})

SOCKET_STATES = frozenset(
    state for state, row in TRANSITIONS.items() if SessionInput.SOCKET_LOST in row
)
"""
There is a socket, open or being opened.
"""

OPEN_STATES = frozenset(
    state for state, row in TRANSITIONS.items() if SessionInput.CLOSE_RETRIED in row
)
"""
The socket is open: frames go to and fro.
"""

UNAVAILABLE_STATES = frozenset(
    state for state, row in TRANSITIONS.items() if row.keys() <= COMMANDS
)
"""
No connection, and none comes by itself: requests fail at once.
"""

PUBLIC_STATE: Mapping[SessionState, ConnectionState] = MappingProxyType(
    {
        SessionState.IDLE: ConnectionState.DISCONNECTED,
        SessionState.CONNECTING: ConnectionState.CONNECTING,
        SessionState.INITIALIZING: ConnectionState.CONNECTING,
        SessionState.CONNECTED: ConnectionState.CONNECTED,
        SessionState.THROTTLED: ConnectionState.CONNECTED,
        SessionState.WAITING: ConnectionState.CONNECTING,
        SessionState.DENIED: ConnectionState.DENIED,
        SessionState.FAILED: ConnectionState.FATAL_ERROR,
        SessionState.CLOSED: ConnectionState.DISCONNECTED,
    }
)


def next_state(state: SessionState, cause: SessionInput) -> SessionState:
    """
    Where *cause* leads from *state*.

    Raises:
        IllegalTransition: The table has no entry.
    """
    following = TRANSITIONS[state].get(cause)
    if following is None:
        message = f"{cause.name} in state {state.name}"
        raise IllegalTransition(message)
    return following


def published_states(state: SessionState) -> tuple[ConnectionState, ...]:
    """
    The public states that entering *state* publishes, in order.

    A loss shows as ``ERROR`` and at once ``CONNECTING``, which lasts through the pause and
    the attempt. Whoever publishes leaves out a state that equals the one before.
    """
    public = PUBLIC_STATE[state]
    return (ConnectionState.ERROR, public) if state is SessionState.WAITING else (public,)
