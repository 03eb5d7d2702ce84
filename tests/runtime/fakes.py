"""
A small core on the real scheduler and promises, and things that record what happens.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Generic, Self, TypeVar

from conversations._core.promises import Promise, sleep
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.errors import ConnectionFailure
from conversations._core.twilsock.events import CloseSocket, OpenSocket, SendMessage, SocketOutput
from conversations._net.opening import AbortHandle
from conversations._net.websocket import WebSocketTransport, open_socket
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.runtime import Runtime
from conversations.errors import ClientShutdownError
from tests.timing import limit

T = TypeVar("T")


class Recorder(Generic[T]):
    """
    A list that threads append to and a test waits for.
    """

    def __init__(self) -> None:
        self._items: list[T] = []
        self._changed = threading.Condition()

    def add(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def items(self) -> list[T]:
        with self._changed:
            return list(self._items)

    def wait_for(self, *expected: T) -> None:
        """
        Wait until exactly these have come.
        """
        self.wait_until(lambda items: items == list(expected))

    def wait_until(self, predicate: Callable[[list[T]], bool]) -> list[T]:
        with self._changed:
            if not self._changed.wait_for(lambda: predicate(self._items), limit()):
                raise AssertionError(f"still {self._items}")
            return list(self._items)


class FakeEngine:
    """
    The surface of the core that the runtime drives, with commands for tests.
    """

    def __init__(self, *, connects: bool = False, reconnects: bool = False) -> None:
        self.scheduler = Scheduler(time.monotonic())
        self.inputs: Recorder[Any] = Recorder()
        self.failures: Recorder[ConnectionFailure] = Recorder()
        self.tokens: Recorder[Any] = Recorder()
        self.started: Recorder[str] = Recorder()
        self.threads: set[str] = set()
        self.is_closed = False
        self.raises_in: dict[str, Exception] = {}
        self._connects = connects
        self._reconnects = reconnects
        self._generation = 0
        self._outputs: list[SocketOutput] = []
        self._events: list[object] = []
        self._pending: list[Promise[Any]] = []
        self._asked: deque[Promise[bytes]] = deque()

    # What the runtime calls

    def start(self, now: float, token: str | None) -> None:
        self._note("start")
        self.tokens.add(token)
        if self._connects:
            self.open()

    def socket_opened(self, now: float, generation: int) -> None:
        self._note("socket_opened")
        self.inputs.add(("opened", generation))

    def socket_failed(self, now: float, generation: int, failure: ConnectionFailure) -> None:
        self._note("socket_failed")
        self.inputs.add(("failed", generation))
        self.failures.add(failure)
        if self._reconnects and not self.is_closed:
            self._outputs.append(CloseSocket(generation))
            self.open()

    def receive_data(self, now: float, generation: int, data: bytes) -> None:
        self._note("receive_data")
        self.inputs.add(data)
        if self._asked:
            self._asked.popleft().resolve(data)

    def socket_active(self, now: float, generation: int) -> None:
        self._note("socket_active")
        self.inputs.add(("active", generation))

    def on_time(self, now: float) -> None:
        self._note("on_time")
        self.scheduler.run(now)

    def outputs(self) -> list[SocketOutput]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def events(self) -> list[object]:
        events, self._events = self._events, []
        return events

    def next_deadline(self) -> float | None:
        return self.scheduler.next_deadline()

    def close(self, now: float) -> None:
        self._note("close")
        self.is_closed = True
        for promise in [*self._pending, *self._asked]:
            promise.reject(ClientShutdownError())
        if self._generation:
            self.send(b"goodbye")
            self._outputs.append(CloseSocket(self._generation))
        self.emit("closed")
        self.on_time(now)

    def token_provided(self, token: object) -> None:
        self.tokens.add(token)

    def token_failed(self, error: BaseException) -> None:
        self.tokens.add(error)

    # What tests do with it, on the network thread

    def open(self) -> None:
        self._generation += 1
        self._outputs.append(OpenSocket(self._generation))

    def close_socket(self) -> None:
        self._outputs.append(CloseSocket(self._generation))

    def send(self, data: bytes) -> None:
        self._outputs.append(SendMessage(self._generation, data))

    def emit(self, *events: object) -> None:
        self._events += events

    def echo(self, value: T) -> Promise[T]:
        promise: Promise[T] = Promise(self.scheduler)
        promise.resolve(value)
        return promise

    def refuse(self, error: Exception) -> Promise[Any]:
        promise: Promise[Any] = Promise(self.scheduler)
        promise.reject(error)
        return promise

    def never(self, on_abandon: Callable[[], None] | None = None) -> Promise[Any]:
        promise: Promise[Any] = Promise(self.scheduler, on_abandon)
        self._pending.append(promise)
        self.started.add("never")
        return promise

    def forgotten(self) -> Promise[Any]:
        """
        Not even settled by :meth:`close`: a bug.
        """
        self.started.add("forgotten")
        return Promise(self.scheduler)

    def later(self, delay: float) -> Promise[None]:
        return sleep(self.scheduler, delay)

    def ask(self, data: bytes) -> Promise[bytes]:
        """
        Send *data*; the next message is the answer.
        """
        promise: Promise[bytes] = Promise(self.scheduler)
        self._asked.append(promise)
        self.send(data)
        return promise

    def _note(self, method: str) -> None:
        self.threads.add(threading.current_thread().name)
        error = self.raises_in.pop(method, None)
        if error is not None:
            raise error


class FakeClient:
    """
    Knows listeners, as a client does: for each event every listener is called.
    """

    def __init__(self) -> None:
        self.listeners: list[tuple[str, Callable[[Any], None]]] = []
        self.reports: Recorder[tuple[str, Exception]] = Recorder()
        self.on_error: Callable[[Exception], None] | None = None

    def plan(self, event: object) -> Iterator[ListenerCall]:
        for listener in list(self.listeners):
            if listener in self.listeners:  # removed meanwhile?
                name, function = listener
                yield ListenerCall(name, partial(function, event))

    def failed(self, call: ListenerCall, error: Exception) -> Iterator[ListenerCall]:
        self.reports.add((call.name, error))
        if self.on_error is not None:
            yield ListenerCall("on_error", partial(self.on_error, error))


def no_connect(abort: AbortHandle) -> WebSocketTransport:
    raise AssertionError("nobody wanted a socket")


def connect_to(url: str) -> Callable[[AbortHandle], WebSocketTransport]:
    """
    Opens a real socket.
    """
    return lambda abort: open_socket(
        url, ssl_context=None, timeout=limit(), use_proxy=False, abort=abort
    )


class Harness:
    """
    A runtime with its fake core and client. Shuts down at the end.
    """

    def __init__(
        self,
        engine: FakeEngine | None = None,
        *,
        connect: Callable[[AbortHandle], WebSocketTransport] = no_connect,
        **options: Any,
    ) -> None:
        self.engine = engine or FakeEngine()
        self.client = FakeClient()
        self.events: Recorder[Any] = Recorder()
        self.client.listeners.append(("recorder", self.events.add))
        self.runtime = Runtime(
            self.engine,  # type: ignore[arg-type]
            target=weakref.ref(self.client),
            connect=connect,
            **options,
        )

    def start(self, token: str | None = "token") -> Self:  # noqa: S107  # a fake one
        self.runtime.start(token)
        return self

    def call(self, operation: Callable[[Any], Promise[T]], timeout: float | None = None) -> T:
        return self.runtime.call(
            operation, name="test", timeout=limit() if timeout is None else timeout
        )

    def emit(self, *events: object) -> None:
        self.runtime.post(lambda engine: engine.emit(*events))

    def threads(self) -> list[str]:
        """
        The names of its threads that run, without its number.
        """
        marks = ("conversations-network-", "conversations-listeners-", "conversations-worker-")
        numbered = tuple(f"{mark}{self.runtime.number}" for mark in marks)
        return sorted(
            thread.name
            for thread in threading.enumerate()
            if thread.name.startswith(numbered) and thread.is_alive()
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.runtime.shutdown()
