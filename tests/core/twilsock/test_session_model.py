"""
The session under random commands, frames, losses and time.

Whatever happens, it stays inside its table, loses nobody who waits, and gives the socket
only orders that make sense.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from conversations._core.ids import Ids
from conversations._core.promises import Promise, Task, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.twilsock.config import SessionConfig
from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)
from conversations._core.twilsock.events import (
    CloseSocket,
    ConnectionFailed,
    OpenSocket,
    SendMessage,
    StateChanged,
    TokenExpired,
)
from conversations._core.twilsock.frames import Frame, decode_frame
from conversations._core.twilsock.requests import RequestPromise
from conversations._core.twilsock.session import Session
from conversations._core.twilsock.states import (
    OPEN_STATES,
    SOCKET_STATES,
    TRANSITIONS,
    UNAVAILABLE_STATES,
    SessionState,
    published_states,
)
from conversations._core.upstream import UpstreamRequest
from conversations.enums import ConnectionState
from tests.core.twilsock.harness import START, policy, server_frame, status
from tests.core.twilsock.test_session_requests import wait_for

TOKENS = st.sampled_from(["token-a", "token-b", "token-c"])
CODES = st.sampled_from([200] * 5 + [429] * 4 + [308, 400, 401, 403, 410, 500])
CLOSE_CODES = st.sampled_from([308] * 3 + [500] * 3 + [401, 410, 406, 417])
ERROR_CODES = st.sampled_from([0, 0, 0, 20101, 20104, 51202, 51215, 51232])
BODIES = st.sampled_from([None, policy(1, 2), policy(500, 8000), {"a": 1}, b"not json"])
SOCKET_FAILURES = [
    FailureKind.NAME_RESOLUTION,
    FailureKind.CONNECT,
    FailureKind.TLS,
    FailureKind.UPGRADE,
    FailureKind.SOCKET,
] * 4 + [FailureKind.TLS_VERIFICATION]

# What users may see follow what; `ERROR` never stays.
PUBLIC_STEPS = {
    ConnectionState.DISCONNECTED: {ConnectionState.CONNECTING},
    ConnectionState.CONNECTING: {
        ConnectionState.CONNECTED,
        ConnectionState.ERROR,
        ConnectionState.DENIED,
        ConnectionState.FATAL_ERROR,
        ConnectionState.DISCONNECTED,
    },
    ConnectionState.CONNECTED: {
        ConnectionState.ERROR,
        ConnectionState.DENIED,
        ConnectionState.FATAL_ERROR,
        ConnectionState.DISCONNECTED,
    },
    ConnectionState.ERROR: {ConnectionState.CONNECTING},
    ConnectionState.DENIED: {ConnectionState.CONNECTING, ConnectionState.DISCONNECTED},
    ConnectionState.FATAL_ERROR: {ConnectionState.DISCONNECTED},
}


class SessionMachine(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 100))
    def create(self, seed: int) -> None:
        self.scheduler = Scheduler(START)
        rng = random.Random(seed)
        self.session = Session(self.scheduler, Ids(rng), rng, SessionConfig())
        self.state = SessionState.IDLE
        self.public = ConnectionState.DISCONNECTED
        self.generation = 0  # of the newest socket
        self.is_open = self.is_there = self.is_new = False
        self.unanswered: list[Frame] = []  # frames of the client on this socket
        self.sent_paths: list[str] = []
        self.requests: list[RequestPromise] = []
        self.updates: list[Promise[None]] = []
        self.tasks: list[Task[Any]] = []
        self.requests_made = 0
        self.expired_token: str | None = None
        if seed % 4:
            self.session.connect("token-a")

    # Commands

    @precondition(lambda self: self.state not in {SessionState.FAILED, SessionState.CLOSED})
    @rule(token=TOKENS)
    def connect(self, token: str) -> None:
        self.session.connect(token)

    @rule(token=TOKENS)
    def update_token(self, token: str) -> None:
        self.updates.append(self.session.update_token(token))

    @rule(reply_timeout=st.sampled_from([None, 5.0, 30.0]), is_awaited=st.booleans())
    def request(self, reply_timeout: float | None, is_awaited: bool) -> None:
        self.requests_made += 1
        request = UpstreamRequest(method="GET", url=f"https://host/{self.requests_made}")
        promise = self.session.request(request, reply_timeout=reply_timeout)
        if is_awaited:
            self.tasks.append(spawn(self.scheduler, wait_for(promise)))
        else:
            self.requests.append(promise)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def stop_waiting(self, data: st.DataObject) -> None:
        self.tasks.pop(data.draw(st.integers(0, len(self.tasks) - 1))).cancel()

    @precondition(lambda self: self.state is not SessionState.CLOSED)
    @rule(really=st.sampled_from([False] * 19 + [True]))
    def close(self, really: bool) -> None:
        if really:
            self.session.close()

    @precondition(lambda self: self.state is SessionState.FAILED)
    @rule(seed=st.integers(0, 100))
    def start_again(self, seed: int) -> None:
        self.teardown()
        self.create(seed)

    @precondition(lambda self: self.is_there and self.state is not SessionState.CONNECTED)
    @rule()
    def connection_succeeds(self) -> None:
        if not self.is_open:
            self.socket_opens()
            self.orders_make_sense()
        self.accept_everything()

    # The socket

    @precondition(lambda self: self.is_there and not self.is_open)
    @rule()
    def socket_opens(self) -> None:
        self.is_open = True
        self.session.socket_opened(self.generation)

    @precondition(lambda self: self.is_there)
    @rule(kind=st.sampled_from(SOCKET_FAILURES))
    def socket_fails(self, kind: FailureKind) -> None:
        self.session.socket_failed(self.generation, ConnectionFailure(kind))

    @rule(back=st.integers(1, 3))
    def something_stale(self, back: int) -> None:
        old = self.generation - back
        self.session.socket_opened(old)
        self.session.socket_active(old)
        self.session.receive_data(old, server_frame({"method": "close", "id": "TMold"}))
        self.session.socket_failed(old, ConnectionFailure(FailureKind.SOCKET))

    # The server

    def receive(self, header: dict[str, Any], body: Any = None) -> None:
        self.session.receive_data(self.generation, server_frame(header, body))

    @precondition(lambda self: self.is_open and self.unanswered)
    @rule(data=st.data(), code=CODES, error_code=ERROR_CODES, body=BODIES)
    def reply(self, data: st.DataObject, code: int, error_code: int, body: Any) -> None:
        frame = self.unanswered.pop(data.draw(st.integers(0, len(self.unanswered) - 1)))
        self.receive({"method": "reply", "id": frame.id, "status": status(code, error_code)}, body)

    @precondition(lambda self: self.is_open and self.unanswered)
    @rule()
    def accept_everything(self) -> None:
        for frame in self.unanswered:
            self.receive({"method": "reply", "id": frame.id, "status": status(200)})
        self.unanswered.clear()

    @precondition(lambda self: self.state is SessionState.CONNECTED)
    @rule(body=BODIES)
    def throttle(self, body: Any) -> None:
        self.request(None, is_awaited=False)
        self.orders_make_sense()
        frame = self.unanswered.pop()
        self.receive({"method": "reply", "id": frame.id, "status": status(429)}, body)

    @precondition(lambda self: self.is_open)
    @rule(code=CLOSE_CODES, error_code=ERROR_CODES, body=BODIES)
    def close_frame(self, code: int, error_code: int, body: Any) -> None:
        self.receive({"method": "close", "id": "TMclose", "status": status(code, error_code)}, body)

    @precondition(lambda self: self.is_there)
    @rule(method=st.sampled_from(["ping", "notification", "client_update", "odd", "reply"]))
    def other_frame(self, method: str) -> None:
        self.receive({"method": method, "id": "TMother", "message_type": "t"})

    @precondition(lambda self: self.is_there)
    @rule(data=st.binary(max_size=30))
    def garbage(self, data: bytes) -> None:
        self.session.receive_data(self.generation, data)

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 10.0, 45.0, 60.0, 500.0]))
    def time_passes(self, seconds: float) -> None:
        self.scheduler.run(self.scheduler.now + seconds)

    # What must hold

    @invariant()
    def orders_make_sense(self) -> None:
        self.scheduler.run(self.scheduler.now)
        for output in self.session.outputs():
            if isinstance(output, OpenSocket):
                assert not self.is_there, "the old socket is closed first"
                assert output.generation == self.generation + 1
                self.generation, self.is_there = output.generation, True
                self.unanswered, self.is_new = [], True
                continue
            assert self.is_there
            assert output.generation == self.generation
            if isinstance(output, CloseSocket):
                self.is_there = self.is_open = False
                continue
            assert isinstance(output, SendMessage)
            assert self.is_open, "nothing is sent before the socket is open"
            self.look_at(decode_frame(output.data))
        assert self.is_there == (self.session.state in SOCKET_STATES)
        assert self.is_open == (self.session.state in OPEN_STATES)

    def look_at(self, frame: Frame) -> None:
        if self.is_new:
            assert frame.method == "init"
            self.is_new = False
        else:
            assert frame.method in {"update", "message", "reply", "close"}
        if frame.method in {"init", "update", "message"}:
            self.unanswered.append(frame)
        if frame.method == "message":
            request: Any = frame.header["http_request"]
            assert request["path"] not in self.sent_paths, "never sent twice"
            self.sent_paths.append(request["path"])

    @invariant()
    def states_follow_the_table(self) -> None:
        previous_failure: ConnectionFailed | None = None
        while (event := self.session.next_event()) is not None:
            if isinstance(event, StateChanged):
                assert event.previous is self.state
                assert event.state in TRANSITIONS[event.previous].values()
                self.state = event.state
                for public in published_states(event.state):
                    if public is not self.public:
                        assert public in PUBLIC_STEPS[self.public]
                        self.public = public
                if previous_failure is not None:
                    assert previous_failure.terminal == (event.state in UNAVAILABLE_STATES)
            if isinstance(event, TokenExpired):
                assert self.state is SessionState.DENIED
                assert self.expired_token != self.session.token, "once for each token"
                self.expired_token = self.session.token
            previous_failure = event if isinstance(event, ConnectionFailed) else None
        assert self.state is self.session.state
        assert self.public is not ConnectionState.ERROR
        if self.expired_token != self.session.token:
            self.expired_token = None

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        state = self.session.state
        open_requests = [promise for promise in self.requests if not promise.is_settled]
        if state in UNAVAILABLE_STATES:
            assert not open_requests
            assert all(update.is_settled for update in self.updates)
        else:
            assert self.scheduler.next_deadline() is not None, "something will happen"
        if state not in {SessionState.CONNECTED, SessionState.THROTTLED}:
            assert not any(promise.was_sent for promise in open_requests)
        if state is SessionState.CONNECTED:
            assert all(promise.was_sent for promise in open_requests), "nothing stays queued"
        for promise in self.requests:
            error = promise.error
            assert error is None or isinstance(
                error, (TransportLost, TransportUnavailable, ReplyRefused, ReplyTimeout)
            )
            if isinstance(error, TransportUnavailable):
                assert not promise.was_sent
            elif promise.is_settled:
                assert promise.was_sent

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.close()
        self.orders_make_sense()
        self.states_follow_the_table()
        self.nobody_waits_in_vain()
        assert all(task.is_settled for task in self.tasks)
        assert self.scheduler.next_deadline() is None, "no timer is left"


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
