"""
Whatever arrives, the connection answers as it should and nothing breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations._core.twilsock.frames import Frame, decode_frame, encode_frame
from conversations._core.upstream import json_body
from conversations.emulator import ManualClock, Settings
from conversations.emulator.backend import Backend
from conversations.emulator.connection import Connection
from conversations.emulator.continuation import ContinuationTokens
from conversations.emulator.fault_kinds import InitRefusal, TwilsockStatus
from conversations.emulator.ids import ServiceIds
from conversations.emulator.timers import Timers
from conversations.emulator.tokens import mint

FRAME_FIELDS = [
    *("token", "continuation_token", "metadata", "registrations", "capabilities"),
    *("http_request", "notification_ctx_id", "tweaks"),
]
BODY_FIELDS = [
    *("friendly_name", "unique_name", "attributes", "identity", "messaging_binding"),
    *("body", "subject", "media_sids", "content_sid", "content_variables"),
    *("notification_level", "last_read_message_index"),
    *("action", "correlation_id", "requests", "event_protocol_version"),
    *("channel_type", "message_types", "data", "endpoint_platform", "binding_type", "address"),
]


@attrs.define
class FakeSocket:
    """
    Keeps what it is given.
    """

    sent: list[bytes] = attrs.field(factory=list)
    ended: str | None = None

    def send(self, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        self.sent.append(data)

    def close(self, code: int, reason: str) -> None:
        self.ended = f"close {code}"

    def abort(self) -> None:
        self.ended = "abort"

    def take(self) -> list[Frame]:
        frames = [decode_frame(data) for data in self.sent]
        self.sent.clear()
        return frames


@pytest.fixture
def timers(clock: ManualClock) -> Iterator[Timers]:
    loop = asyncio.new_event_loop()
    yield Timers(loop, clock)
    loop.close()


@pytest.fixture
def backend(clock: ManualClock, timers: Timers) -> Backend:
    return Backend(Settings(), clock, timers, 1)


def connect(backend: Backend, *, ready: bool = True) -> tuple[Connection, FakeSocket]:
    socket = FakeSocket()
    connection = Connection(backend, socket, "http://127.0.0.1")
    if ready:
        token = mint(
            backend.settings.credentials, "alice", now=backend.clock.time(), ttl=60, number=1
        )
        connection.receive(encode_frame({"method": "init", "id": "1", "token": token}))
        assert connection.is_ready
        socket.take()
    return connection, socket


texts = st.text(st.characters() | st.just("\ud83d"), max_size=20)  # with half a character
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
relaxed = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)


@relaxed
@given(data=st.binary(max_size=200))
@pytest.mark.parametrize("ready", [False, True])
def test_any_bytes_end_in_a_close_frame_and_nothing_else(
    ready: bool, data: bytes, backend: Backend
) -> None:
    connection, socket = connect(backend, ready=ready)
    connection.receive(data)
    (frame,) = socket.take()
    status: Any = frame.header["status"]
    assert (frame.method, status["code"]) == ("close", 406)
    connection.receive(data)
    assert socket.take() == []


@relaxed
@given(
    method=st.sampled_from(
        ["init", "update", "message", "put_notification_ctx", "delete_notification_ctx", "x"]
    ),
    fields=st.dictionaries(
        st.sampled_from(FRAME_FIELDS),
        json_values,
    ),
    payload=st.none() | json_values,
    ready=st.booleans(),
)
def test_any_fields_get_exactly_one_answer(
    method: str, fields: dict[str, Any], payload: Any, ready: bool, backend: Backend
) -> None:
    connection, socket = connect(backend, ready=ready)
    body = b"" if payload is None else json_body(payload)
    connection.receive(encode_frame({**fields, "method": method, "id": "2"}, body))
    (frame,) = socket.take()
    if ready or method == "init":
        assert (frame.method, frame.id) == ("reply", "2")
    else:
        assert frame.method == "close"


@relaxed
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "delete", ""]),
    path=st.sampled_from(
        [
            "/Client/v2/Configuration",
            "/Client/v2/Services/{service}/Conversations",
            "/Client/v2/Services/{service}/Conversations/{sid}",
            "/Client/v2/Services/{service}/Conversations/{sid}/Participants",
            "/Client/v2/Services/{service}/Conversations/{sid}/Participants/alice",
            "/Client/v2/Services/{service}/Conversations/{sid}/Messages",
            "/Client/v2/Services/{service}/Conversations/{sid}/Messages/{message}",
            "/Client/v2/Services/{service}/Conversations/{sid}/Messages/{message}/Receipts",
            "/Client/v2/Services/{service}/Conversations/{sid}/Messages/{message}/ChannelMetadata",
            "/Client/v2/Services/{service}/Conversations/{sid}/MessageRecipients",
            "/Client/v2/ContentTemplates",
            "/v1/Instances/{service}/Typing",
            "/v1/registrations",
            "/v1/registrations/1",
            "/Client/v2/Services/{service}/Users/alice",
            "/Client/v2/Services/{service}/Users/alice/Conversations",
            "/Client/v2/Services/{service}/Users/alice/Conversations/{sid}",
            "/v3/Maps/alice.channels/Items",
            "/v3/Lists/{sid}.messages/Items",
            "/v4/Subscriptions",
            "/%",
            "",
            "//",
        ]
    ),
    params=st.dictionaries(
        st.sampled_from(["PageSize", "PageToken", "From", "Order", "Bounds", "Key", "Index"]),
        st.text(max_size=6) | json_values,
    ),
    body=st.dictionaries(
        st.sampled_from(BODY_FIELDS),
        json_values
        | st.sampled_from(["establish", "cancel", "{}", "muted", [{}], "fcm", "apn"])
        | st.fixed_dictionaries({"registration_id": json_values})
        | st.just([{"object_sid": "x", "object_type": "map", "last_event_id": True}]),
    )
    | json_values,
)
def test_no_request_is_a_server_error(
    method: str, path: str, params: dict[str, Any], body: Any, backend: Backend
) -> None:
    from conversations.emulator.domain import conversations, messages, participants
    from conversations.emulator.domain.fields import ConversationFields, MessageFields
    from conversations.emulator.domain.records import SERVER, Caller

    backend.reset()
    connection, socket = connect(backend)
    service = backend.service
    made = conversations.create(service, Caller(identity="alice"), ConversationFields())
    participants.add_user(service, SERVER, made, "alice")
    message = messages.send(service, SERVER, made, MessageFields(body="x"))
    path = path.format(service=service.sid, sid=made.sid, message=message.sid)
    header: dict[str, Any] = {
        "method": "message",
        "id": "2",
        "http_request": {"host": "x", "path": path, "method": method, "params": params},
    }
    connection.receive(encode_frame(header, json_body(body)))
    replies = [frame for frame in socket.take() if frame.method == "reply"]
    (reply,) = replies
    status: Any = reply.header.get("http_status")
    assert status["code"] < 500


def test_a_bug_outside_the_requests_costs_one_frame_its_answer(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connection, socket = connect(backend)
    with monkeypatch.context() as patched:
        patched.setattr(backend, "validate_token", lambda token: 1 / 0)
        connection.receive(encode_frame({"method": "update", "id": "2", "token": "x"}))
    (reply,) = socket.take()
    assert reply.header["status"] == {"code": 500, "status": "INTERNAL_SERVER_ERROR"}
    assert "ZeroDivisionError" in caplog.text
    assert connection.is_ready


# Small things --------------------------------------------------------------------------------


def test_a_failing_timer_does_not_stop_the_others(
    timers: Timers, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    timers.call_later(1, lambda: ran.append(str(1 / 0)))
    timers.call_later(1, lambda: ran.append("second"))
    cancelled = timers.call_later(0.5, lambda: ran.append("cancelled"))
    cancelled.cancel()
    assert not cancelled.is_active
    clock.advance(1)
    timers.run_due()
    timers.run_due()
    assert ran == ["second"]
    assert "ZeroDivisionError" in caplog.text
    timers.close()


def test_a_continuation_token_is_for_one_service() -> None:
    tokens = ContinuationTokens(ServiceIds(1))
    first = tokens.answer(None, identity="alice", service="IS1")
    other = tokens.answer(first.token, identity="alice", service="IS2")
    assert other.reason == "DIFFERENT_GRANTS"
    assert first.token not in repr(first)


def test_a_fault_of_somebody_else_is_left_alone(backend: Backend) -> None:
    status = TwilsockStatus(code=429, status="TOO_MANY_REQUESTS")
    fault = backend.faults.add(InitRefusal(remaining=1, identity="bob", status=status))
    connect(backend)
    assert fault.remaining == 1


def test_an_ended_connection_takes_nothing_more(backend: Backend) -> None:
    connection, socket = connect(backend)
    connection.abort()
    connection.abort()
    connection.close_socket()
    connection.socket_lost()
    connection.send(b"x")
    connection.notify("x", b"{}")
    connection.announce_expiry()
    connection.expire()
    connection.receive(b"x")
    connection.receive_text()
    assert socket.sent == []
    assert socket.ended == "abort"
    assert backend.connections.all() == []


def test_old_mutations_are_forgotten(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.emulator.api.dispatch.REMEMBERED_MUTATIONS", 2)
    connection, socket = connect(backend)

    def post(mutation_id: str) -> None:
        path = f"/Client/v2/Services/{backend.service.sid}/Conversations"
        header: dict[str, Any] = {
            "method": "message",
            "id": "2",
            "http_request": {
                "path": path,
                "method": "POST",
                "headers": {"X-Twilio-Mutation-Id": mutation_id},
            },
        }
        connection.receive(encode_frame(header, b"{}"))

    for mutation_id in ("a", "b", "c", "c", "b", "a"):
        post(mutation_id)
    assert len(backend.service.conversations) == 4
    assert len(socket.take()) == 6
