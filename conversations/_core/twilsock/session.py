"""
One user's Twilsock connection, over any number of sockets, without input and output.

Commands and what the socket brings come in through methods; what is to be done with the
socket and what happened leaves through :meth:`Session.outputs` and
:meth:`Session.next_event`. Which state follows which is data in :mod:`.states` and carried
out in :mod:`.link`; what the server's codes mean is in :mod:`.rules`. All of it is described
in docs/protocol/twilsock.md.
"""

from __future__ import annotations

import random
from functools import partial

from conversations._core.ids import Ids
from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamRequest

from .config import SessionConfig
from .credentials import Credentials, check_token
from .errors import ConnectionFailure, FailureKind, TransportUnavailable
from .events import SessionEvent, SocketOutput
from .inbound import Inbound
from .link import Link, LinkHooks
from .log import ConnectionLog
from .messages import AccountDescriptor, close_frame, message_frame, update_frame
from .requests import RequestPromise, Requests
from .states import OPEN_STATES, TRANSITIONS, UNAVAILABLE_STATES, SessionInput, SessionState
from .updates import TokenUpdate, TokenUpdates


class Session:
    """
    The connection state machine.

    The scheduler's ``now`` must be up to date whenever an input or a command arrives.

    Args:
        scheduler: Time, timers, and the queue from which promises call back.
        ids: Makes the frames' ids.
        rng: For the random part of waits.
        config: What stays the same for all connections.

    Attributes:
        sent_requests: So many requests went out, on all connections.
    """

    def __init__(
        self, scheduler: Scheduler, ids: Ids, rng: random.Random, config: SessionConfig
    ) -> None:
        self._scheduler = scheduler
        self._ids = ids
        self._config = config
        self._log = ConnectionLog("conversations.twilsock", config.label)
        self._credentials = Credentials()
        self._requests = Requests(scheduler)
        self.sent_requests = 0
        self._updates = TokenUpdates(scheduler)
        self._link = Link(
            scheduler,
            rng,
            config,
            LinkHooks(
                opened=self._send_init,
                accepted=self._updates.complete_carried,
                ready=self._flush,
                lost=self._on_lost,
                ended=self._on_ended,
            ),
        )
        self._inbound = Inbound(
            self._link, self._requests, self._updates, self._credentials, self._log
        )

    def __repr__(self) -> str:
        return f"<Session {self.state.name} #{self._link.generation}>"

    @property
    def state(self) -> SessionState:
        """
        Where the connection stands.
        """
        return self._link.state

    @property
    def failure(self) -> ConnectionFailure:
        """
        Why there is no connection, or why there was none the last time.
        """
        return self._link.failure

    @property
    def token(self) -> str | None:
        """
        The token for the next ``init``. A secret.
        """
        return self._credentials.token

    @property
    def capabilities(self) -> frozenset[str]:
        """
        What the server granted in the last accepted ``init``.
        """
        return self._inbound.capabilities

    @property
    def account(self) -> AccountDescriptor | None:
        """
        Whose connection it is, if the server said so in the last accepted ``init``.
        """
        return self._inbound.account

    # Commands

    def connect(self, token: str) -> None:
        """
        Start connecting now, without what is left of a wait.

        Does nothing, also with the token, if a connection is there or on its way.

        Raises:
            TransportUnavailable: FAILED or CLOSED.
        """
        check_token(token)
        following = TRANSITIONS[self.state].get(SessionInput.CONNECT)
        if following is None:
            raise TransportUnavailable(self.failure)
        if following is not self.state:
            self._store_token(token)
            self._link.move(SessionInput.CONNECT)

    def request(
        self, request: UpstreamRequest, *, reply_timeout: float | None = 30.0
    ) -> RequestPromise:
        """
        Send a request now, or as soon as there is a connection.

        It is never sent twice. Whoever stops waiting for it takes it out of the queue; a
        reply that comes later is ignored.

        Args:
            request: What to send.
            reply_timeout: Seconds from sending, ``None`` for no limit. The time in the
                queue is not limited here.

        Returns:
            The answer. Rejected with :class:`.TransportLost`, :class:`.ReplyTimeout`,
            :class:`.ReplyRefused` or :class:`.TransportUnavailable`.

        Raises:
            LocalProtocolError: The request cannot be written as a frame.
        """
        frame_id = self._ids.frame()
        data = message_frame(frame_id, request, active_grant=self._config.active_grant)
        if self.state in UNAVAILABLE_STATES:
            refused = RequestPromise(self._scheduler)
            refused.reject(TransportUnavailable(self.failure))
            return refused
        promise = self._requests.queue(
            frame_id, data, description=request.description, reply_timeout=reply_timeout
        )
        self._flush()
        return promise

    def update_token(self, token: str) -> Promise[None]:
        """
        Replace the token. That it names the same identity is for the caller to check.

        Returns:
            Settles with the server's verdict if the connection is open, else at once.
            Rejected with :class:`.ReplyRefused`, :class:`.ReplyTimeout` or
            :class:`.TransportUnavailable`.
        """
        check_token(token)
        if token == self.token and self.state is not SessionState.CLOSED:
            joined = self._updates.join(token)
            if joined is not None:
                return joined
            if not self._is_unheard(token):
                return self._resolved()
        if SessionInput.UPDATE_TOKEN not in TRANSITIONS[self.state]:
            refused: Promise[None] = Promise(self._scheduler)
            refused.reject(TransportUnavailable(self.failure))
            return refused
        self._store_token(token)
        result = self._updates.queue(token) if self.state in OPEN_STATES else self._resolved()
        self._link.move(SessionInput.UPDATE_TOKEN)
        self._flush()
        return result

    def close(self) -> None:
        """
        End the session for good. Whatever waits fails. Closing twice does nothing.
        """
        if self.state in OPEN_STATES:
            frame_id = self._ids.frame()
            self._send("close", frame_id, close_frame(frame_id))
        self._link.move(SessionInput.CLOSE, ConnectionFailure(FailureKind.CLOSED))

    # What the socket brings

    def socket_opened(self, generation: int) -> None:
        """
        The websocket is open.
        """
        if self._link.is_current(generation):
            self._link.move(SessionInput.SOCKET_OPENED)

    def socket_failed(self, generation: int, failure: ConnectionFailure) -> None:
        """
        The attempt failed, or the open websocket was lost or closed by the other side.
        """
        if not self._link.is_current(generation):
            return
        is_untrusted = failure.kind is FailureKind.TLS_VERIFICATION
        if is_untrusted and self.state is SessionState.CONNECTING:
            self._link.move(SessionInput.SOCKET_UNTRUSTED, failure)
        else:
            self._link.move(SessionInput.SOCKET_LOST, failure)

    def receive_data(self, generation: int, data: bytes) -> None:
        """
        One binary websocket message came in.
        """
        if not self._link.is_current(generation) or self.state not in OPEN_STATES:
            return
        self._link.feed_watchdog()
        self._inbound.receive(data)

    def socket_active(self, generation: int) -> None:
        """
        Something else came in, like a websocket ping: the connection is alive.
        """
        if self._link.is_current(generation):
            self._link.feed_watchdog()

    # What leaves

    def outputs(self) -> list[SocketOutput]:
        """
        What is to be done with the socket, in order. Each is handed out once.
        """
        return self._link.outputs()

    def next_event(self) -> SessionEvent | None:
        """
        The oldest event that was not handed out yet.
        """
        return self._link.next_event()

    # On the way

    def _store_token(self, token: str) -> None:
        self._credentials.store(token)
        self._link.forget_failures()

    def _is_unheard(self, token: str) -> bool:
        """
        Whether the stored token waits for a chance that will not come by itself: the server
        had no time for it, or denied the connection because of an older one.
        """
        is_decided = self.state in OPEN_STATES or self.state is SessionState.DENIED
        return is_decided and token != self._credentials.offered

    def _resolved(self) -> Promise[None]:
        promise: Promise[None] = Promise(self._scheduler)
        promise.resolve(None)
        return promise

    def _send(self, method: str, frame_id: str, data: bytes, description: str = "") -> None:
        purpose = f" ({description})" if description else ""
        self._log.debug("sent %s %s, %d bytes%s", method, frame_id, len(data), purpose)
        self._link.send(data)

    def _send_init(self) -> None:
        self._log.generation = self._link.generation
        frame_id = self._inbound.init_id = self._ids.frame()
        data = self._config.init_frame(
            frame_id,
            token=self._credentials.offer(),
            continuation_token=self._credentials.continuation_token,
        )
        self._send("init", frame_id, data)

    def _flush(self) -> None:
        """
        Send what is queued, a token update first, if anything may be sent now.
        """
        if self.state is not SessionState.CONNECTED:
            return
        if (update := self._updates.take_queued()) is not None:
            self._send_update(update)
        while (sent := self._requests.send_next()) is not None:
            request, data = sent
            self.sent_requests += 1
            self._send("message", request.frame_id, data, request.description)

    def _send_update(self, update: TokenUpdate) -> None:
        frame_id, token = self._ids.frame(), self._credentials.offer()
        update.timer = self._scheduler.call_later(
            self._config.update_timeout, partial(self._on_update_timeout, frame_id)
        )
        self._updates.sent(frame_id, update)
        self._send("update", frame_id, update_frame(frame_id, token))

    def _on_update_timeout(self, frame_id: str) -> None:
        self._updates.time_out(frame_id)
        self._link.move(
            SessionInput.UPDATE_TIMEOUT,
            ConnectionFailure(FailureKind.UPDATE_REFUSED, description="no reply in time"),
        )

    def _on_lost(self, failure: ConnectionFailure) -> None:
        self._inbound.init_id = None
        self._requests.fail_sent(failure)
        self._updates.carry()

    def _on_ended(self, failure: ConnectionFailure) -> None:
        self._requests.fail_queued(failure)
        self._updates.fail_all(failure)
