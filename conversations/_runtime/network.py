"""
The network thread: the only one that touches the core and the socket.

It waits in one selector for the socket, for other threads, and for the core's next
deadline, whichever comes first. It never waits for anything else.
"""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._core.twilsock.events import CloseSocket, OpenSocket, SendMessage, SocketOutput
from conversations._logs import label_thread
from conversations._net.failures import SocketLost
from conversations._net.frames import Message
from conversations._net.opening import Selector
from conversations._net.websocket import WebSocketTransport

from .inbox import Action, Inbox, Waker
from .opening import Connect, Opening, connection_failure
from .points import pass_point
from .waiters import Deadline

if TYPE_CHECKING:
    from conversations._core.engine import Engine

LONGEST_WAIT = 86_400.0  # a selector refuses some 25 days and more
GOODBYE_SECONDS = 1.0

_log = logging.getLogger("conversations.connection")


@attrs.frozen(kw_only=True)
class NetworkHooks:
    """
    What the network thread asks of the rest of the runtime. None of it may wait.

    Attributes:
        connect: Opens a socket, on a worker thread.
        start_thread: Starts a worker thread for something that is described in words.
        deliver: Takes one event of the core.
        ending: The core is about to be closed: take no more work.
        is_quiet: Whether the goodbye may end before its time, as far as others go.
        ended: The thread is about to end; nothing is open any more.
    """

    connect: Connect
    start_thread: Callable[[Callable[[], None], str], None]
    deliver: Callable[[object], None]
    ending: Callable[[], None]
    is_quiet: Callable[[], bool]
    ended: Callable[[], None]


@attrs.define(eq=False)
class _Connection:
    """
    An open socket.

    Attributes:
        generation: The core's number of it.
        transport: Reads and writes it.
        is_ready: Whether the selector named it, or it was never looked at.
        closes_at: When a goodbye that is not answered ends; ``None`` before the goodbye.
    """

    generation: int
    transport: WebSocketTransport
    is_ready: bool = True
    closes_at: float | None = None


class NetworkLoop:
    """
    Drives the core.

    Args:
        engine: The core. Nobody else may call it from now on.
        number: The client's.
        hooks: The rest of the runtime.
    """

    def __init__(self, engine: Engine, *, number: int, hooks: NetworkHooks) -> None:
        self._engine = engine
        self._number = number
        self._hooks = hooks
        self._waker: Waker | None = None
        self._inbox = Inbox(self.wake)
        self._thread: threading.Thread | None = None
        self._stop_requested = False
        # Network thread only:
        self._selector = Selector()
        self._due: deque[Action] = deque()  # taken out of the inbox
        self._current: _Connection | None = None
        self._leaving: list[_Connection] = []
        self._openings: set[Opening] = set()  # those whose worker has not reported
        self._wanted_opening: Opening | None = None
        self._was_fed = False  # the core got an input since it ran last
        self.waits = 0

    # Any thread

    def start(self, token: str | None) -> None:
        """
        Start the thread and, on it, the core.
        """
        self._waker = Waker()
        self._thread = threading.Thread(
            target=self._run,
            args=(token,),
            name=f"conversations-network-{self._number}",
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
            self._waker.close()
            raise

    def put(self, action: Action) -> bool:
        """
        Have the thread run *action*; returns whether it will be run or refused.
        """
        return self._inbox.put(action)

    def request_stop(self) -> None:
        """
        Let the thread end. Returns at once and takes no lock that matters: for finalizers.
        """
        self._stop_requested = True
        self.wake()

    @property
    def is_stopping(self) -> bool:
        """
        Whether the end has begun.
        """
        return self._stop_requested

    @property
    def is_current_thread(self) -> bool:
        """
        Whether the calling thread is the network thread.
        """
        return self._thread is threading.current_thread()

    def wake(self) -> None:
        """
        Have the thread look around.
        """
        if self._waker is not None:
            self._waker.wake()

    def join(self, deadline: Deadline) -> bool:
        """
        Wait for the end of the thread; returns whether it has ended.
        """
        if self._thread is None:
            return True
        self._thread.join(deadline.remaining())
        return not self._thread.is_alive()

    def become_inherited(self) -> None:
        """
        In a forked child: close what the parent still uses, without a word to the server.
        """
        self._stop_requested = True
        self._inbox.close()
        for connection in self._connections():
            connection.transport.discard()
        for opening in self._openings:
            opening.discard()
        self._selector.close()
        if self._waker is not None:
            self._waker.discard()

    # The network thread

    def _run(self, token: str | None) -> None:
        label_thread(str(self._number))
        try:
            self._selector.register(self._the_waker, selectors.EVENT_READ)
            self._engine.start(time.monotonic(), token)
            self._settle()
            while not self._stop_requested:
                self._turn()
        except BaseException:  # noqa: BLE001  # the thread's root
            _log.exception("[%d] the client is closed because of a bug in it", self._number)
        self._stop_requested = True
        try:
            self._say_goodbye()
        except BaseException:  # noqa: BLE001  # the thread's root
            _log.exception("[%d] the client could not be closed in order", self._number)
        finally:
            self._release()

    def _turn(self) -> None:
        """
        Wait for something, then do what there is to do.
        """
        self._wait(self._timeout())
        # First the time, then what has come in, at last the timers: after a pause of the
        # whole process no answer may count as late that is here already.
        now = time.monotonic()
        self._engine.scheduler.now = max(self._engine.scheduler.now, now)
        self._due.extend(self._inbox.take())
        while self._due:
            self._due.popleft().run(self._engine)
        self._read()
        self._forget_silent(now)
        self._settle()

    def _settle(self) -> None:
        """
        Let the core run until it wants nothing more now.
        """
        self._engine.on_time(time.monotonic())
        while True:
            self._was_fed = False
            for output in self._engine.outputs():
                self._carry_out(output)
            for event in self._engine.events():
                self._hooks.deliver(event)
            if not self._was_fed:
                break
            self._engine.on_time(time.monotonic())
        if self._current is not None:
            self._current.transport.flush()

    # Waiting

    @property
    def _the_waker(self) -> Waker:
        assert self._waker is not None  # noqa: S101  # made before the thread
        return self._waker

    def _connections(self) -> list[_Connection]:
        return [*self._leaving, *([self._current] if self._current is not None else [])]

    def _wait(self, timeout: float | None) -> None:
        for connection in self._connections():
            write = selectors.EVENT_WRITE if connection.transport.wants_write else 0
            self._selector.modify(connection.transport, selectors.EVENT_READ | write, connection)
        self.waits += 1
        for key, _ in self._selector.select(timeout):
            if key.data is not None:
                key.data.is_ready = True
        self._the_waker.drain()

    def _timeout(self) -> float | None:
        """
        How long nothing is to be done; ``None`` for as long as nobody says something.
        """
        connections = self._connections()
        if self._inbox or self._stop_requested or any(map(_has_input, connections)):
            return 0.0
        deadlines = [connection.closes_at for connection in connections]
        deadlines.append(self._engine.next_deadline())
        known = [deadline for deadline in deadlines if deadline is not None]
        if not known:
            return None
        return min(max(0.0, min(known) - time.monotonic()), LONGEST_WAIT)

    # The socket

    def _read(self) -> None:
        for connection in self._connections():
            if _has_input(connection):
                connection.is_ready = False
                self._receive(connection)

    def _receive(self, connection: _Connection) -> None:
        try:
            received = connection.transport.receive()
        except SocketLost as lost:
            self._forget(connection)
            if connection.closes_at is None:
                self._failed(connection.generation, connection_failure(lost))
            return
        connection.transport.flush()
        if connection.closes_at is not None:
            return  # the core has closed it: nothing on it counts any more
        now = time.monotonic()
        for item in received:
            if isinstance(item, Message):
                self._engine.receive_data(now, connection.generation, item.data)
            else:
                self._engine.socket_active(now, connection.generation)

    def _carry_out(self, output: SocketOutput) -> None:
        if isinstance(output, OpenSocket):
            self._open(output.generation)
        elif isinstance(output, SendMessage):
            if self._current is not None and self._current.generation == output.generation:
                self._current.transport.queue_message(output.data)
        elif isinstance(output, CloseSocket):
            self._close(output.generation)

    def _open(self, generation: int) -> None:
        # The old sockets are closed before there is a new one, answered or not.
        for connection in list(self._leaving):
            self._forget(connection)
        opening = Opening(generation, self._hooks.connect, self._report)
        self._openings.add(opening)
        self._wanted_opening = opening
        try:
            self._hooks.start_thread(opening.run, "opening the connection")
        except RuntimeError as error:  # the system gives no more threads
            self._openings.discard(opening)
            self._wanted_opening = None
            opening.dispose()
            failure = ConnectionFailure(FailureKind.CONNECT, description=str(error), cause=error)
            self._failed(generation, failure)

    def _report(self, opening: Opening) -> bool:
        """
        Worker thread: the attempt is over.
        """
        return self._inbox.put(
            Action(lambda _: self._opened(opening), lambda: self._came_too_late(opening))
        )

    def _came_too_late(self, opening: Opening) -> None:
        self._openings.discard(opening)
        opening.dispose()

    def _opened(self, opening: Opening) -> None:
        if opening is not self._wanted_opening:
            self._came_too_late(opening)
            return
        self._openings.discard(opening)
        self._wanted_opening = None
        transport = opening.take_transport()
        now = time.monotonic()
        if transport is not None:
            duration = now - opening.started
            _log.info("[%d] the WebSocket is open after %.3f s", self._number, duration)
            self._current = _Connection(opening.generation, transport)
            self._selector.register(transport, selectors.EVENT_READ, self._current)
            self._engine.socket_opened(now, opening.generation)
        elif opening.failure is not None:
            self._failed(opening.generation, opening.failure)

    def _failed(self, generation: int, failure: ConnectionFailure) -> None:
        self._was_fed = True
        self._engine.socket_failed(time.monotonic(), generation, failure)

    def _close(self, generation: int) -> None:
        opening, connection = self._wanted_opening, self._current
        if opening is not None and opening.generation == generation:
            self._wanted_opening = None
            opening.abort()
        if connection is not None and connection.generation == generation:
            self._current = None
            self._leaving.append(connection)
            connection.closes_at = time.monotonic() + GOODBYE_SECONDS
            connection.transport.start_close()

    def _forget(self, connection: _Connection) -> None:
        if connection is self._current:
            self._current = None
        else:
            self._leaving.remove(connection)
        self._selector.unregister(connection.transport)
        connection.transport.close()

    def _forget_silent(self, now: float) -> None:
        for connection in list(self._leaving):
            if connection.closes_at is not None and connection.closes_at <= now:
                self._forget(connection)

    # The end

    def _say_goodbye(self) -> None:
        """
        Close the core and the socket, and give the server and the workers a moment.
        """
        for opening in self._openings:  # before their workers find the inbox closed
            opening.abort()
        pass_point("network.before_closing_inbox")
        self._hooks.ending()
        for action in [*self._due, *self._inbox.close()]:
            action.refuse()
        self._engine.close(time.monotonic())
        self._settle()
        if self._current is not None:
            self._close(self._current.generation)
        deadline = Deadline(GOODBYE_SECONDS)
        while self._leaving or not self._hooks.is_quiet():
            has_input = any(map(_has_input, self._leaving))
            remaining = deadline.remaining()
            if not remaining:
                break
            self._wait(0.0 if has_input else remaining)
            self._read()

    def _release(self) -> None:
        try:
            for connection in self._connections():
                self._forget(connection)
            self._selector.close()
            self._the_waker.close()
        finally:
            self._hooks.ended()


def _has_input(connection: _Connection) -> bool:
    return connection.is_ready or connection.transport.has_pending_input
