"""
A session under test: a clock that stands still, a server made of scripted frames.
"""

from __future__ import annotations

import random
from typing import Any

from conversations._core.ids import Ids
from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.config import SessionConfig
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._core.twilsock.events import (
    ConnectionFailed,
    OpenSocket,
    SendMessage,
    SessionEvent,
    SocketOutput,
    StateChanged,
)
from conversations._core.twilsock.frames import Frame, decode_frame, encode_frame
from conversations._core.twilsock.requests import RequestPromise
from conversations._core.twilsock.session import Session
from conversations._core.twilsock.states import SessionState
from conversations._core.upstream import UpstreamRequest, json_body

START = 1000.0
TOKEN = "token-a"
SOCKET_LOST = ConnectionFailure(FailureKind.SOCKET, description="reset by peer")


class LowestRandom(random.Random):
    """
    Every draw gives the lowest value: waits without jitter.
    """

    def uniform(self, a: float, b: float) -> float:
        return a


class HighestRandom(random.Random):
    """
    Every draw gives the highest value.
    """

    def uniform(self, a: float, b: float) -> float:
        return b


def server_frame(header: dict[str, Any], body: Any = None) -> bytes:
    """
    A frame as the server writes it; *body* becomes JSON unless it is bytes.
    """
    payload = b"" if body is None else body if isinstance(body, bytes) else json_body(body)
    typed = {"payload_type": "application/json"} if payload else {}
    return encode_frame({**typed, **header}, payload, crlf_after_payload=True)


def status(code: int, error_code: int = 0, text: str = "TEXT") -> dict[str, Any]:
    fields: dict[str, Any] = {"code": code, "status": text}
    if error_code:
        fields |= {"errorCode": error_code, "description": f"words about {error_code}"}
    return fields


def policy(min_ms: Any, max_ms: Any) -> dict[str, Any]:
    return {"backoff_policy": {"reconnect_min_ms": min_ms, "reconnect_max_ms": max_ms}}


class Wire:
    """
    Drives one session.
    """

    def __init__(self, rng: random.Random | None = None, **config: Any) -> None:
        self.scheduler = Scheduler(START)
        self.session = Session(
            self.scheduler, Ids(random.Random(1)), rng or LowestRandom(1), SessionConfig(**config)
        )
        self.seen: list[SocketOutput] = []
        self.generation = 0

    # Time and what comes out

    def run(self, seconds: float = 0.0) -> None:
        self.scheduler.run(self.scheduler.now + seconds)

    def outputs(self) -> list[SocketOutput]:
        """
        The outputs since the last call.
        """
        self.run()
        outputs = self.session.outputs()
        self.seen += outputs
        for output in outputs:
            if isinstance(output, OpenSocket):
                self.generation = output.generation
        return outputs

    def sent(self) -> list[Frame]:
        """
        The frames sent since the last call to this or :meth:`outputs`.
        """
        return [
            decode_frame(output.data)
            for output in self.outputs()
            if isinstance(output, SendMessage)
        ]

    def sent_methods(self) -> list[str]:
        return [frame.method for frame in self.sent()]

    def events(self) -> list[SessionEvent]:
        self.run()
        events = []
        while (event := self.session.next_event()) is not None:
            events.append(event)
        return events

    def states(self) -> list[SessionState]:
        """
        The states entered since the events were last taken.
        """
        return [event.state for event in self.events() if isinstance(event, StateChanged)]

    def failures(self) -> list[tuple[FailureKind, bool]]:
        return [
            (event.failure.kind, event.terminal)
            for event in self.events()
            if isinstance(event, ConnectionFailed)
        ]

    @property
    def state(self) -> SessionState:
        return self.session.state

    # The way to a connection

    def connecting(self, token: str = TOKEN) -> Wire:
        self.session.connect(token)
        self.outputs()
        return self

    def initializing(self, token: str = TOKEN) -> Wire:
        self.connecting(token)
        self.open()
        return self

    def connected(self, token: str = TOKEN, **header: Any) -> Wire:
        self.connecting(token)
        self.accept(**header)
        self.sent()
        self.events()
        return self

    def throttled(self) -> Wire:
        """
        CONNECTED, then paused for a second.
        """
        self.connected()
        self.refuse_request(429)
        assert self.state is SessionState.THROTTLED
        return self

    def waiting(self) -> Wire:
        """
        An attempt failed twice: the second wait is a second long.
        """
        self.connecting()
        self.lose()
        self.outputs()
        self.lose()
        self.outputs()
        self.events()
        assert self.state is SessionState.WAITING
        return self

    def waiting_after(self, failures: int) -> Wire:
        """
        The next losses count as the ones after *failures* failed attempts in a row, so that
        WAITING lasts.
        """
        self.session._link._attempts_failed = failures
        return self

    def in_state(self, state: SessionState) -> Wire:
        """
        A new session brought to *state*, everything on the way taken.
        """
        if state is SessionState.CLOSED:
            self.session.close()
        elif state is SessionState.DENIED:
            self.initializing()
            self.answer_init(401)
        elif state is SessionState.FAILED:
            self.connecting()
            self.session.socket_failed(
                self.generation, ConnectionFailure(FailureKind.TLS_VERIFICATION)
            )
        elif state is not SessionState.IDLE:
            getattr(self, state.value)()
        self.outputs()
        self.events()
        assert self.state is state
        return self

    def open(self) -> Frame:
        """
        The socket opens; returns the ``init`` frame.
        """
        self.outputs()
        self.session.socket_opened(self.generation)
        (init,) = self.sent()
        assert init.method == "init"
        self.init_id = init.id
        return init

    def accept(self, **header: Any) -> Frame:
        """
        The socket opens and ``init`` is accepted; returns the ``init`` frame.
        """
        init = self.open()
        self.answer_init(200, **header)
        return init

    def answer_init(self, code: int, error_code: int = 0, body: Any = None, **header: Any) -> None:
        self.reply(self.init_id, code, error_code, body, **header)

    def lose(self) -> None:
        self.outputs()
        self.session.socket_failed(self.generation, SOCKET_LOST)
        # Timers run with the next look at the outputs, so that WAITING can be seen.

    # What the server sends

    def receive(self, header: dict[str, Any], body: Any = None) -> None:
        self.session.receive_data(self.generation, server_frame(header, body))

    def reply(
        self, frame_id: str, code: int, error_code: int = 0, body: Any = None, **header: Any
    ) -> None:
        self.receive(
            {"method": "reply", "id": frame_id, "status": status(code, error_code), **header},
            body,
        )

    def close(self, code: int, error_code: int = 0, body: Any = None) -> None:
        self.receive({"method": "close", "id": "TMclose", "status": status(code, error_code)}, body)

    # Requests

    def request(self, path: str = "/x", **options: Any) -> RequestPromise:
        request = UpstreamRequest(method="GET", url=f"https://aim.us1.twilio.com{path}")
        return self.session.request(request, **options)

    def refuse_request(self, code: int, error_code: int = 0, body: Any = None) -> RequestPromise:
        """
        Send a request and have Twilsock itself refuse it.
        """
        promise = self.request()
        self.reply(self.sent()[-1].id, code, error_code, body)
        return promise


def error_of(promise: Promise[Any], kind: type[Exception]) -> Any:
    """
    The error that settled *promise*, which must be of that kind.
    """
    assert promise.is_settled, "not settled"
    assert isinstance(promise.error, kind), promise.error
    return promise.error
