"""
The moving part of a session: state, socket, timers of the state, outputs and events.

It follows the table of :mod:`.states` and knows nothing about what frames say. What has to
happen to requests and tokens on the way is its owner's business, told through
:class:`LinkHooks`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from functools import partial

import attrs

from conversations._core.scheduler import Scheduler, Timer

from .config import SessionConfig
from .errors import ConnectionFailure, FailureKind
from .events import (
    CloseSocket,
    ConnectionFailed,
    OpenSocket,
    SendMessage,
    SessionEvent,
    SocketOutput,
    StateChanged,
)
from .log import ConnectionLog
from .messages import BackoffPolicy
from .states import (
    OPEN_STATES,
    SOCKET_STATES,
    UNAVAILABLE_STATES,
    SessionInput,
    SessionState,
    next_state,
)
from .watchdog import Watchdog


@attrs.frozen(kw_only=True)
class LinkHooks:
    """
    What the owner does on the way.

    Attributes:
        opened: The socket is open; ``init`` is due.
        accepted: ``init`` was accepted. Followed by ``ready``.
        ready: CONNECTED; what is queued may go out.
        lost: The socket is gone, and with it all replies that were awaited.
        ended: No connection, and none comes by itself.
    """

    opened: Callable[[], None]
    accepted: Callable[[], None]
    ready: Callable[[], None]
    lost: Callable[[ConnectionFailure], None]
    ended: Callable[[ConnectionFailure], None]


class Link:
    """
    The state of the connection, and what follows from it.

    Attributes:
        state: Where it stands.
        failure: Why there is no connection, or why there was none the last time.
        generation: Number of the newest socket.
        log: For lines about the state.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        rng: random.Random,
        config: SessionConfig,
        hooks: LinkHooks,
    ) -> None:
        self.state = SessionState.IDLE
        self.failure = ConnectionFailure(FailureKind.DISCONNECTED)
        self.generation = 0
        self.log = ConnectionLog("conversations.connection", config.label)
        self._scheduler = scheduler
        self._rng = rng
        self._config = config
        self._hooks = hooks
        self._attempts_failed = 0  # in a row
        self._state_timer: Timer | None = None  # the one timer that belongs to the state
        self._watchdog = Watchdog(scheduler, config.watchdog, self._on_silence)
        self._outputs: list[SocketOutput] = []
        self._events: deque[SessionEvent] = deque()

    def is_current(self, generation: int) -> bool:
        """
        Whether that socket exists and is not replaced by a newer one.
        """
        return self.state in SOCKET_STATES and generation == self.generation

    def feed_watchdog(self) -> None:
        """
        Something came in.
        """
        self._watchdog.feed()

    def forget_failures(self) -> None:
        """
        The next wait is the shortest one again.
        """
        self._attempts_failed = 0

    def send(self, data: bytes) -> None:
        """
        Send one message on the current socket.
        """
        self._outputs.append(SendMessage(self.generation, data))

    def report(self, event: SessionEvent) -> None:
        """
        Hand an event to the layers above.
        """
        self._events.append(event)

    def outputs(self) -> list[SocketOutput]:
        """
        What is to be done with the socket, in order. Each is handed out once.
        """
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_event(self) -> SessionEvent | None:
        """
        The oldest event that was not handed out yet.
        """
        return self._events.popleft() if self._events else None

    def move(
        self,
        cause: SessionInput,
        failure: ConnectionFailure | None = None,
        policy: BackoffPolicy | None = None,
    ) -> None:
        """
        Follow the table, and do what leaving and entering a state requires.

        Args:
            cause: What happened.
            failure: The failure it means, if it is one.
            policy: How long the server wants to be left alone, if it said so.

        Raises:
            IllegalTransition: The table has no entry. Nothing has changed then.
        """
        previous, following = self.state, next_state(self.state, cause)
        if failure is not None:
            if cause is not SessionInput.CLOSE:
                is_terminal = following in UNAVAILABLE_STATES
                self._events.append(ConnectionFailed(failure, terminal=is_terminal))
            if following not in OPEN_STATES:
                self.failure = failure
        if following is not previous:
            self.state = following
            self._events.append(StateChanged(following, previous))
            reason = cause.value if failure is None else failure.summary
            self.log.info("%s -> %s (%s)", previous.name, following.name, reason)
            self._leave(previous)
            self._enter(previous, policy)

    def _leave(self, previous: SessionState) -> None:
        if self._state_timer is not None:
            self._state_timer.cancel()
            self._state_timer = None
        if previous in SOCKET_STATES and self.state not in SOCKET_STATES:
            self._watchdog.stop()
            self._outputs.append(CloseSocket(self.generation))
            self._hooks.lost(self.failure)

    def _enter(self, previous: SessionState, policy: BackoffPolicy | None) -> None:
        if self.state is SessionState.CONNECTING:
            self.generation += 1
            self.log.generation = self.generation
            self._outputs.append(OpenSocket(self.generation))
            self._time_out(
                self._config.connect_timeout,
                SessionInput.CONNECT_TIMEOUT,
                FailureKind.CONNECT_TIMEOUT,
            )
        elif self.state is SessionState.INITIALIZING:
            self._time_out(
                self._config.init_timeout, SessionInput.INIT_TIMEOUT, FailureKind.INIT_TIMEOUT
            )
            self._hooks.opened()
        elif self.state is SessionState.CONNECTED:
            if previous is SessionState.INITIALIZING:
                self.forget_failures()
                self._watchdog.start()
                self._hooks.accepted()
            self._hooks.ready()
        elif self.state is SessionState.THROTTLED:
            self._move_later(
                (policy or BackoffPolicy()).draw(self._rng), SessionInput.THROTTLE_OVER
            )
        elif self.state is SessionState.WAITING:
            self._move_later(self._next_wait(policy), SessionInput.RECONNECT_DUE)
            self._attempts_failed += 1
        else:
            self._hooks.ended(self.failure)

    def _next_wait(self, policy: BackoffPolicy | None) -> float:
        """
        What the server asked for, but never less than the client's own series.
        """
        wait = self._config.backoff.delay(self._attempts_failed, self._rng)
        return wait if policy is None else max(wait, policy.draw(self._rng))

    def _move_later(
        self, delay: float, cause: SessionInput, failure: ConnectionFailure | None = None
    ) -> None:
        self._state_timer = self._scheduler.call_later(delay, partial(self.move, cause, failure))

    def _time_out(self, delay: float, cause: SessionInput, kind: FailureKind) -> None:
        self._move_later(delay, cause, ConnectionFailure(kind))

    def _on_silence(self) -> None:
        self.move(SessionInput.WATCHDOG, ConnectionFailure(FailureKind.WATCHDOG))
