"""
A whole engine, the simulated service, and a network between them on a clock of its own.

Nothing waits in real time: :meth:`World.run` jumps from one thing that happens to the next.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from itertools import count
from typing import Any, TypeVar

import attrs
import jwt

from conversations._core.conversations import events
from conversations._core.conversations.calls import Call
from conversations._core.conversations.conversation import ConversationModel
from conversations._core.conversations.records import ConversationRecord, MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.engine import Engine, EngineSettings
from conversations._core.promises import Promise
from conversations._core.twilsock.config import SessionConfig
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._core.twilsock.events import CloseSocket, OpenSocket, SendMessage
from conversations.properties import Endpoints
from tests.core.simulated_objects import API, CDS
from tests.core.simulated_service import Connection, SimulatedService

T = TypeVar("T")

START = 1000.0
TIME_OF_DAY = 1_800_000_000.0
LOST = ConnectionFailure(FailureKind.SOCKET, description="reset by peer")
PING_INTERVAL = 30.0


class SteadyRandom(random.Random):
    """
    Draws the lowest value: waits have no jitter.
    """

    def uniform(self, a: float, b: float) -> float:
        return a


def make_token(
    identity: str = "alice", *, lifetime: float = 3600.0, issued: float = 0.0, **claims: Any
) -> str:
    """
    A token of *identity*, issued that many seconds after the world began.
    """
    at = int(TIME_OF_DAY + issued)
    payload = {
        "jti": f"SK-{at}",
        "iat": at,
        "exp": int(at + lifetime),
        "grants": {"identity": identity, "chat": {"service_sid": "IS" + "0" * 32}},
        **claims,
    }
    return jwt.encode(payload, "k" * 32, algorithm="HS256")


def endpoints(region: str | None) -> Endpoints:
    return Endpoints(region=region or "us1", twilsock_url="wss://x/", api_url=API, sync_url=CDS)


@attrs.define(eq=False)
class _Line:
    """
    One socket: what is under way on it is lost with it.
    """

    connection: Connection
    generation: int
    is_up: bool = True


class World:
    """
    Drives one engine.

    Args:
        service: The other side.
        latency: Of a round trip.
        provider: Called for tokens; raises or returns one.
        settings: Of the engine, instead of the usual ones.

    Attributes:
        told: The events of the engine, those for the runtime left out.
        words: Short words for the same events, as things stood when they were told.
        attempts: What happens to the next connection attempts: a failure, or ``None``.
        heard_at: When the last message of the server arrived.
        cut_at: The connection breaks with the client's message of that number, "before" it
            arrives or "after" it was carried out, or with the server's ("reply").
    """

    def __init__(
        self,
        service: SimulatedService | None = None,
        *,
        latency: float = 0.1,
        provider: Callable[[], Any] | None = None,
        **settings: Any,
    ) -> None:
        self.service = service or SimulatedService()
        self.latency = latency
        self.provider = provider
        self.provider_delay = 0.05
        self.now = START
        self.told: list[Any] = []
        self.words: list[str] = []
        self.attempts: deque[ConnectionFailure | None] = deque()
        self.opened = 0
        self.questions = 0
        self.cut_at: tuple[str, int] | None = None
        self.sent = {"client": 0, "server": 0}
        self.cuts = 0
        self.heard_at = START
        self._due: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._order = count()
        self._under_way = 0
        self._line: _Line | None = None
        self.service.now = lambda: self.now
        self.service.later = self._later
        usual = {
            "endpoints": endpoints,
            "session": SessionConfig(),
            "has_token_provider": provider is not None,
        }
        self.engine = Engine(
            EngineSettings(**{**usual, **settings}),
            now=self.now,
            time_of_day=TIME_OF_DAY,
            rng=SteadyRandom(7),
        )

    # The client's side

    def start(self, token: str | None = None, *, timeout: float = 10.0) -> Promise[None]:
        """
        Begin to create the client.
        """
        if token is None and self.provider is None:
            token = make_token()
        self.engine.start(self.now, token)
        creation = self.engine.created(timeout)
        self._look()
        return creation

    def ready(self, **arguments: Any) -> World:
        """
        Create the client and wait until everything is quiet.
        """
        creation = self.start(**arguments)
        self.settle()
        creation.result()
        return self

    def call(
        self,
        operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]],
        *,
        timeout: float = 10.0,
        name: str = "call",
    ) -> Promise[T]:
        """
        A call of the user's, as the public objects make it.
        """

        async def run(call: Call) -> T:
            return await operation(self.engine.ready_service(), call)

        promise = self.engine.call(name, timeout, run)
        self._look()
        return promise

    def result(
        self, operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]], **more: Any
    ) -> T:
        """
        The same, to its end.
        """
        promise = self.call(operation, **more)
        self.run_until(lambda: promise.is_settled)
        return promise.result()

    @property
    def list(self) -> Any:
        return self.engine.ready_service().conversations

    def record(self, sid: str) -> ConversationRecord:
        return self.model(sid).record

    def model(self, sid: str) -> ConversationModel:
        model = self.list.get(sid)
        assert model is not None
        return model  # type: ignore[no-any-return]

    def take(self) -> list[Any]:
        """
        What was told since the last time.
        """
        told, self.told, self.words = self.told, [], []
        return told

    def take_words(self) -> list[str]:
        """
        The same in short words.
        """
        words, self.told, self.words = self.words, [], []
        return words

    # The network

    @property
    def connection(self) -> Connection:
        """
        The server's side of the newest socket.
        """
        return self.service.connections[-1]

    @property
    def is_up(self) -> bool:
        return self._line is not None and self._line.is_up

    def cut(self) -> None:
        """
        The connection breaks.
        """
        line = self._line
        if line is not None and line.is_up:
            self.cuts += 1
            self._hang_up(line)
            self._soon(lambda: self.engine.socket_failed(self.now, line.generation, LOST))

    def _hang_up(self, line: _Line) -> None:
        line.is_up = False
        line.connection.is_closed = True

    def _soon(self, action: Callable[[], None], delay: float = 0.0, *, counts: bool = True) -> None:
        self._under_way += counts
        heapq.heappush(self._due, (self.now + delay, next(self._order), counts, action))

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        self._soon(action, delay)

    def _open(self, generation: int) -> None:
        self.opened += 1
        failure = self.attempts.popleft() if self.attempts else None
        if failure is not None:
            self._soon(
                lambda: self.engine.socket_failed(self.now, generation, failure), self.latency
            )
            return
        connection = Connection(
            number=len(self.service.connections),
            send=lambda data: self._to_client(line, data),
            cut=self.cut,
        )
        line = _Line(connection, generation)
        self.service.connections.append(connection)
        self._line = line
        self._soon(
            lambda: line.is_up and self.engine.socket_opened(self.now, generation), self.latency
        )
        self._ping(line)

    def _ping(self, line: _Line) -> None:
        def ping() -> None:
            if line.is_up:
                self.engine.socket_active(self.now, line.generation)
                self._soon(ping, PING_INTERVAL, counts=False)

        self._soon(ping, PING_INTERVAL, counts=False)

    def _to_server(self, line: _Line, data: bytes) -> None:
        self.sent["client"] += 1
        number = self.sent["client"]

        def arrive() -> None:
            if not line.is_up:
                return
            if self.cut_at == ("before", number):
                self.cut()
                return
            self.service.receive(line.connection, data)
            if self.cut_at == ("after", number):
                self.cut()

        self._soon(arrive, self.latency / 2)

    def _to_client(self, line: _Line, data: bytes) -> None:
        self.sent["server"] += 1
        number = self.sent["server"]

        def arrive() -> None:
            if not line.is_up:
                return
            if self.cut_at == ("reply", number):
                self.cut()
                return
            self.heard_at = self.now
            self.engine.receive_data(self.now, line.generation, data)

        self._soon(arrive, self.latency / 2)

    # Time

    def _look(self) -> None:
        """
        Carry out what the engine wants now.
        """
        while True:
            self.engine.on_time(self.now)
            outputs, told = self.engine.outputs(), self.engine.events()
            for output in outputs:
                line = self._line
                if isinstance(output, OpenSocket):
                    self._open(output.generation)
                elif line is None or line.generation != output.generation or not line.is_up:
                    continue
                elif isinstance(output, SendMessage):
                    self._to_server(line, output.data)
                elif isinstance(output, CloseSocket):
                    self._soon(partial(self._hang_up, line), self.latency / 2)
            for event in told:
                if isinstance(event, events.TokenWanted):
                    self._ask_provider()
                else:
                    self.told.append(event)
                    self.words.append(_word(event))
            if not outputs and not told:
                return

    def _ask_provider(self) -> None:
        self.questions += 1
        provider = self.provider
        assert provider is not None

        def answer() -> None:
            try:
                token = provider()
            except Exception as error:  # noqa: BLE001  # as the runtime does
                self.engine.token_failed(error)
            else:
                self.engine.token_provided(token)

        self._soon(answer, self.provider_delay)

    def _next(self) -> float | None:
        times = [self._due[0][0]] if self._due else []
        deadline = self.engine.next_deadline()
        return min([*times, *([] if deadline is None else [deadline])], default=None)

    def _step(self) -> None:
        """
        Do what comes next: all that comes at the same time is there before the timers run.
        """
        following = self._next()
        assert following is not None
        self.now = max(self.now, following)
        while self._due and self._due[0][0] <= self.now:
            _, _, counts, action = heapq.heappop(self._due)
            self._under_way -= counts
            action()
        self._look()

    def run(self, seconds: float) -> None:
        """
        Let time pass.
        """
        end = self.now + seconds
        self._look()
        while (following := self._next()) is not None and following <= end:
            self._step()
        self.now = end
        self._look()

    def run_until(self, is_done: Callable[[], bool], *, limit: float = 1000.0) -> None:
        """
        Go on until something is the case.
        """
        end = self.now + limit
        self._look()
        while not is_done():
            following = self._next()
            assert following is not None, "it never happens"
            assert following <= end, "it does not happen in time"
            self._step()

    def settle(self, *, quiet: float = 20.0, limit: float = 3000.0) -> None:
        """
        Go on until nothing is under way and the engine plans nothing within *quiet* seconds.
        """
        end = self.now + limit
        self._look()
        while True:
            deadline = self.engine.next_deadline()
            is_idle = deadline is None or deadline > self.now + quiet
            if is_idle and not self._under_way:
                return
            assert self.now < end, "it does not come to rest"
            self._step()


def _word(event: Any) -> str:
    word = type(event).__name__
    if isinstance(event, events.ConnectionStateChanged):
        return str(event.state.name)
    if isinstance(event, events.SynchronizationChanged):
        return str(event.status.name)
    if isinstance(event, events.Updated):
        kind = type(event.record).__name__.removesuffix("Record")
        return f"{kind}Updated {' '.join(reason.name for reason in event.reasons)}"
    if isinstance(event, events.ConversationSynchronizationChanged):
        return f"level {event.conversation.snapshot.synchronization_status.name}"
    if isinstance(event, (events.TypingStarted, events.TypingEnded)):
        snapshot = event.participant.snapshot
        return f"{word} {snapshot.identity or snapshot.channel}"
    message = getattr(event, "message", None)
    return word if message is None else f"{word} {message.snapshot.message_index}"


def bodies(messages: Iterable[MessageRecord]) -> list[str | None]:
    return [message.snapshot.body for message in messages]
