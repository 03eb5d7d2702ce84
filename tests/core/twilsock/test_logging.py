"""
What the connection writes to the log, and what it never writes.
"""

from __future__ import annotations

import logging

import pytest

from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._core.upstream import UpstreamRequest
from tests.core.twilsock.harness import Wire, server_frame, status

CANARY = "canary-7f3a"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.DEBUG, logger="conversations")
    return caplog.messages


def test_every_change_of_state_is_one_line(
    lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(label="client 3").connected()
    wire.close(410, 51207)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.INFO] == [
        "[client 3#0] IDLE -> CONNECTING (command: connect)",
        "[client 3#1] CONNECTING -> INITIALIZING (socket open)",
        "[client 3#1] INITIALIZING -> CONNECTED (init: 2xx)",
        "[client 3#1] CONNECTED -> DENIED (closed by the server 410 (51207))",
    ]
    assert {record.name for record in caplog.records} == {
        "conversations.connection",
        "conversations.twilsock",
    }


def test_frames_are_logged_by_method_id_and_size(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="conversations.twilsock")
    wire = Wire().connected()
    caplog.clear()
    wire.session.request(
        UpstreamRequest(method="GET", url="https://h/p", description="the roster of CH1")
    )
    (frame,) = wire.sent()
    data = server_frame({"method": "reply", "id": frame.id, "status": status(200)})
    wire.session.receive_data(1, data)
    sent, received = caplog.messages
    assert sent.startswith(f"[#1] sent message {frame.id}, ")
    assert sent.endswith(" bytes (the roster of CH1)")
    assert received == f"[#1] received 'reply' '{frame.id}', {len(data)} bytes"


def test_odd_frames_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire().connected()
    caplog.clear()
    caplog.set_level(logging.WARNING, logger="conversations.twilsock")
    wire.session.receive_data(1, b"garbage")
    wire.receive({"method": "new\nline" + "x" * 1000, "id": "TM1"})
    wire.receive({"method": "notification", "id": "TM2"})
    dropped, unknown, untyped = caplog.messages
    assert dropped == (
        "[#1] dropped a malformed frame: no Twilsock frame of version 3.0 (None None, 7 bytes)"
    )
    assert "'new\\nlinexxx" in unknown
    assert len(unknown) < 150
    assert untyped == "[#1] ignored a notification without type: 'TM2'"


def test_no_secret_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Wire(metadata={"app": CANARY}).initializing(CANARY)
    wire.answer_init(200, continuation_token=CANARY)
    wire.session.request(
        UpstreamRequest(
            method="POST",
            url=f"https://h/{CANARY}?{CANARY}={CANARY}",
            headers={"X": CANARY},
            body=f'"{CANARY}"'.encode(),
        )
    )
    wire.reply(wire.sent()[-1].id, 200, body={"x": CANARY}, http_headers={"x": CANARY})
    wire.receive({"method": "notification", "id": "TM1", "message_type": "t"}, {"x": CANARY})
    wire.receive({"method": "notification", "id": "TM1", "message_type": "t"}, CANARY.encode())
    wire.session.update_token(CANARY + "2")
    wire.session.receive_data(1, CANARY.encode())
    wire.receive(
        {
            "method": "reply",
            "id": wire.sent()[-1].id,
            "status": {"code": 401, "status": CANARY, "description": CANARY},
        }
    )
    wire.session.connect(CANARY)
    wire.outputs()
    failure = ConnectionFailure(FailureKind.UPGRADE, description=CANARY, cause=OSError(CANARY))
    wire.session.socket_failed(wire.generation, failure)
    assert caplog.records
    assert CANARY not in caplog.text
    for record in caplog.records:
        assert CANARY not in repr(vars(record))


def test_a_label_cannot_break_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="conversations")
    Wire(label="100%s %d").connected()
    assert caplog.messages[0].startswith("[100s d#")
