"""
One client's connection: the server's half of Twilsock (docs/protocol/twilsock.md).

No socket here: frames come in and go out as bytes, so that every rule can be tried alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .._core.twilsock.frames import Frame, MalformedFrame, decode_frame
from . import twilsock
from .fault_kinds import Backoff, HoldKind, Target, TwilsockStatus
from .handshake import Accepted, accept_init, accept_update
from .requests import Requests
from .timers import Timer
from .tokens import TokenClaims

if TYPE_CHECKING:
    from .backend import Backend

_logger = logging.getLogger("conversations.emulator")

SILENT_INTERVALS = 3


class ConnectionState(Enum):
    """
    Where a connection is in its life.
    """

    AWAIT_INIT = "await_init"
    READY = "ready"
    CLOSING = "closing"
    ENDED = "ended"


class Socket(Protocol):
    """
    What a connection needs of the websocket. Nothing blocks.
    """

    def send(self, data: bytes | str) -> None:
        """
        Queue one message: binary, or text, which is never right.
        """
        ...

    def close(self, code: int, reason: str) -> None:
        """
        Send what is queued, then the websocket's own close.
        """
        ...

    def abort(self) -> None:
        """
        Cut the TCP connection.
        """
        ...


class Connection:
    """
    One connection. Emulator thread only.

    Args:
        backend: What it shares with the others.
        socket: Where frames go.
        base_url: Scheme and host that the client connected to.
    """

    def __init__(self, backend: Backend, socket: Socket, base_url: str) -> None:
        self.backend = backend
        self.base_url = base_url
        self.number = backend.connections.next_number()
        self.state = ConnectionState.AWAIT_INIT
        self.identity = ""
        self.capabilities: tuple[str, ...] = ()
        self.message_types: tuple[str, ...] = ()
        self.contexts: dict[str, tuple[str, ...]] = {}
        self.claims: TokenClaims | None = None
        self.unanswered_pings: set[str] = set()
        self._socket = socket
        self._requests = Requests(self)
        self._timers: dict[str, Timer] = {}
        self._last_received = backend.clock.monotonic()
        backend.connections.add(self)
        self._set_timer("init", backend.settings.init_timeout, self._init_missing)

    @property
    def is_ready(self) -> bool:
        """
        Whether ``init`` was accepted and nothing has ended the connection since.
        """
        return self.state is ConnectionState.READY

    @property
    def known_identity(self) -> str | None:
        """
        Whose it is, once that is known.
        """
        return self.identity or None

    # What comes in ---------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """
        One binary websocket message.
        """
        if self.state is ConnectionState.ENDED:
            return
        self._last_received = self.backend.clock.monotonic()
        try:
            frame = decode_frame(data)
        except MalformedFrame as malformed:
            self._receive_malformed(malformed)
        else:
            self._receive_safely(frame)

    def receive_text(self) -> None:
        """
        A text message: never right.
        """
        self._refuse_frame("a text message")

    def socket_lost(self) -> None:
        """
        The socket is gone, for whatever reason. Everything that hung on it goes too.
        """
        if self.state is ConnectionState.ENDED:
            return
        self.state = ConnectionState.ENDED
        for timer in self._timers.values():
            timer.cancel()
        self.backend.service.store.unsubscribe_all(self)
        self.backend.connections.remove(self)
        _logger.info("connection %d of %s ended", self.number, self.identity or "nobody")
        if self.identity:
            self.backend.user_went(self.identity)

    # What goes out ---------------------------------------------------------------------------

    def send(self, data: bytes | str) -> None:
        """
        Queue one message, unless the connection has ended.
        """
        if self.state is not ConnectionState.ENDED:
            self._socket.send(data)

    def notify(self, message_type: str, payload: bytes) -> None:
        """
        Send a notification.
        """
        if self.is_ready:
            self.send(twilsock.notification(self._frame_id(), message_type, payload))

    def hears(self, message_type: str) -> bool:
        """
        Whether the client has registered for notifications of a type, or put a context for it.
        """
        return message_type in self.message_types or any(
            message_type in types for types in self.contexts.values()
        )

    def announce_expiry(self, notice: float | None = None) -> None:
        """
        Tell the client that its token ends soon, if it listens to that.
        """
        if self.is_ready and "client_update" in self.capabilities:
            left = self.backend.settings.expiry_notice if notice is None else notice
            self.send(twilsock.token_about_to_expire(self._frame_id(), left))

    def close(self, status: TwilsockStatus, backoff: Backoff | None = None) -> None:
        """
        End the connection with a ``close`` frame. The client has a moment to close itself.
        """
        self.send(twilsock.close(self._frame_id(), status, backoff))
        self._begin_closing(self.backend.settings.close_grace)

    def close_socket(self, code: int = 1000, reason: str = "") -> None:
        """
        End the connection with a websocket close alone.
        """
        if self.state is not ConnectionState.ENDED:
            self._socket.close(code, reason)
            self.socket_lost()

    def abort(self) -> None:
        """
        Cut the connection without a word.
        """
        if self.state is not ConnectionState.ENDED:
            self._socket.abort()
            self.socket_lost()

    def expire(self) -> None:
        """
        End the connection because its token's time is over.
        """
        if self.is_ready:
            self.close(twilsock.TOKEN_EXPIRED)

    # Rules -----------------------------------------------------------------------------------

    def _receive_malformed(self, malformed: MalformedFrame) -> None:
        frame = malformed.frame
        if frame is None or self.state is not ConnectionState.READY:
            self._refuse_frame(malformed.reason)
        elif frame.method == "message" and self._requests.ignores_body(frame):
            self._receive_safely(Frame(frame.header))
        else:
            self.send(twilsock.reply(frame.id, twilsock.BAD_REQUEST))

    def _receive_safely(self, frame: Frame) -> None:
        """
        A bug costs one frame its answer, not everybody the connection.
        """
        try:
            self._receive_frame(frame)
        except Exception:  # whatever it is, it is ours
            _logger.exception("a frame %s failed on connection %d", frame.method, self.number)
            self.send(twilsock.reply(frame.id, twilsock.INTERNAL_ERROR))

    def _receive_frame(self, frame: Frame) -> None:
        match self.state:
            case ConnectionState.AWAIT_INIT if frame.method == "init":
                self._timers["init"].cancel()
                self._hold_or(self._receive_init, frame)
            case ConnectionState.AWAIT_INIT:
                self._refuse_frame("no init")
            case ConnectionState.READY:
                self._receive_ready(frame)
            case _ if frame.method == "close":
                self.close_socket()

    def _receive_ready(self, frame: Frame) -> None:
        match frame.method:
            case "message":
                self._requests.receive(frame)
            case "reply":
                self.unanswered_pings.discard(frame.id)
            case "update":
                self._hold_or(self._receive_update, frame)
            case "put_notification_ctx" | "delete_notification_ctx":
                self._receive_context(frame)
            case "telemetry.v1":
                pass  # nobody waits for an answer
            case "close":
                self.close_socket()
            case _:
                self.send(twilsock.reply(frame.id, twilsock.BAD_REQUEST))

    def _hold_or(self, receive: Callable[[Frame], None], frame: Frame) -> None:
        hold = self.backend.faults.hold(HoldKind.HANDSHAKE, Target(frame.method), self.identity)
        if hold is None:
            receive(frame)
        else:
            hold.waiting.append(partial(receive, frame))
            self.backend.watch.changed()

    def _receive_init(self, frame: Frame) -> None:
        if self.state is not ConnectionState.AWAIT_INIT:
            return  # it ended while this was held
        outcome = accept_init(self.backend, frame, self.number)
        if not isinstance(outcome, Accepted):
            self.send(twilsock.reply(frame.id, outcome.status, backoff=outcome.backoff))
            self._begin_closing(min(self.backend.settings.close_grace, 1.0))
            return
        self.identity = outcome.claims.identity
        self.capabilities = outcome.capabilities
        self.message_types = outcome.message_types
        self.state = ConnectionState.READY
        self.send(twilsock.reply(frame.id, twilsock.OK, fields=outcome.reply_fields))
        self._use_token(outcome.claims)
        self._set_timer("ping", self.backend.settings.ping_interval, self._ping)
        _logger.info("connection %d of %s is ready", self.number, self.identity)
        self.backend.user_came(self.identity)
        self.backend.watch.changed()

    def _receive_update(self, frame: Frame) -> None:
        if not self.is_ready:
            return  # it ended while this was held
        outcome = accept_update(self.backend, frame, self.number, self.claims)
        if isinstance(outcome, Accepted):
            self._use_token(outcome.claims)
            self.send(twilsock.reply(frame.id, twilsock.OK))
        else:
            self.send(twilsock.reply(frame.id, outcome.status, backoff=outcome.backoff))
            self._begin_closing(min(self.backend.settings.close_grace, 1.0))
        self.backend.watch.changed()

    def _receive_context(self, frame: Frame) -> None:
        context_id = frame.header.get("notification_ctx_id")
        if not isinstance(context_id, str):
            self.send(twilsock.reply(frame.id, twilsock.BAD_REQUEST))
            return
        if frame.method == "put_notification_ctx":
            listed = frame.payload.get("message_types") if isinstance(frame.payload, dict) else None
            types = listed if isinstance(listed, list) else []
            self.contexts[context_id] = tuple(str(message_type) for message_type in types)
        else:
            self.contexts.pop(context_id, None)
        self.send(twilsock.reply(frame.id, twilsock.OK))

    def _refuse_frame(self, reason: str) -> None:
        if self.state in {ConnectionState.AWAIT_INIT, ConnectionState.READY}:
            _logger.warning("connection %d sent no acceptable frame: %s", self.number, reason)
            self.close(twilsock.NOT_ACCEPTABLE)

    # Time ------------------------------------------------------------------------------------

    def _use_token(self, claims: TokenClaims) -> None:
        """
        Plan the announcement of the token's end and the end itself.

        A token with little time left is announced at half of it, so that it is not renewed in
        a loop.
        """
        self.claims = claims
        notice = self.backend.settings.expiry_notice
        left = max(claims.expires - self.backend.clock.time(), 0.0)
        wait = left - notice if left >= 2 * notice else left / 2
        self._set_timer("announcement", wait, lambda: self.announce_expiry(left - wait))
        self._set_timer("expiry", left, self.expire)

    def _init_missing(self) -> None:
        self.close_socket(1000, "no-init-from-client")

    def _ping(self) -> None:
        settings, faults = self.backend.settings, self.backend.faults
        silence = self.backend.clock.monotonic() - self._last_received
        if faults.are_pings_stopped:
            self._last_received = self.backend.clock.monotonic()  # it has nothing to answer
        elif silence >= SILENT_INTERVALS * settings.ping_interval:
            _logger.info("connection %d is silent and is closed", self.number)
            self.close_socket()
            return
        else:
            ping_id = self._frame_id()
            self.unanswered_pings.add(ping_id)
            self.send(twilsock.ping(ping_id))
        self._set_timer("ping", settings.ping_interval, self._ping)

    def _begin_closing(self, grace: float) -> None:
        """
        Nothing is handled or notified any more; the socket is closed after *grace* seconds.
        """
        if self.state is ConnectionState.ENDED:
            return
        self.state = ConnectionState.CLOSING
        for timer in self._timers.values():
            timer.cancel()
        self.backend.service.store.unsubscribe_all(self)
        self._set_timer("grace", grace, self.close_socket)
        self.backend.watch.changed()

    def _frame_id(self) -> str:
        return self.backend.ids.sid("TM")

    def _set_timer(self, name: str, delay: float, callback: Callable[[], None]) -> None:
        earlier = self._timers.get(name)
        if earlier is not None:
            earlier.cancel()
        self._timers[name] = self.backend.timers.call_later(delay, callback)
