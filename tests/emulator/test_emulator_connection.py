"""
A connection that is ready: frames, pings, what is not acceptable any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import websocket

from conversations._core.twilsock.frames import encode_frame
from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator, ManualClock, Settings
from tests.emulator.twilsock_client import TwilsockClient, decode_reply
from tests.timing import limit

Connect = Callable[..., TwilsockClient]

BAD_REQUEST: JSONValue = {"code": 400, "status": "BAD_REQUEST"}
CONFIGURATION = "/Client/v2/Configuration"


def test_frames_of_the_server_are_binary_and_end_with_crlf(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    client.send_request("GET", CONFIGURATION)
    opcode, data = client.socket.recv_data()
    assert opcode == websocket.ABNF.OPCODE_BINARY
    assert data.endswith(b"}\r\n")
    client.send("put_notification_ctx", notification_ctx_id="1")
    _, data = client.socket.recv_data()
    assert data.endswith(b"}\r\n")
    assert data.count(b"\r\n") == 2


def test_pings_come_every_30_seconds_and_answers_are_counted(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    client = connect(timed)
    clock.advance(29)
    assert timed.connections[0].unanswered_pings == 0
    clock.advance(1)
    ping = client.receive()
    assert (ping.method, ping.payload, ping.header["payload_size"]) == ("ping", None, 0)
    assert timed.connections[0].unanswered_pings == 1
    client.acknowledge(ping)
    client.request("GET", CONFIGURATION)
    assert timed.connections[0].unanswered_pings == 0
    clock.advance(30)
    assert client.receive().method == "ping"


def test_a_silent_client_is_closed_after_three_intervals(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    client = connect(timed)
    for _ in range(3):
        clock.advance(30)
    assert client.wait_until_closed().code == 1000
    assert timed.connections == ()


def test_the_form_of_acknowledgements_does_not_matter(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    client = connect(timed)
    clock.advance(30)
    ping = client.receive()
    head = b'{"method":"reply","id":"%s","status":{"status":"ok","code":200}}' % ping.id.encode()
    client.socket.send_binary(b"TWILSOCK V3.0 %d\r\n%s\r\n" % (len(head), head))
    client.send("reply", status={"code": 200})  # of a frame that never was
    assert client.request("GET", CONFIGURATION).status == 200
    assert timed.connections[0].unanswered_pings == 0


def test_telemetry_is_swallowed(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    client.send("telemetry.v1", events=[{"start": -1, "end": 0, "title": "x", "details": ""}])
    assert client.request("GET", CONFIGURATION).status == 200


def test_contexts_are_taken_and_given_back(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    for method, payload in [
        ("put_notification_ctx", b'{"product_id":"ip_messaging","message_types":["x"]}'),
        ("delete_notification_ctx", b""),
        ("delete_notification_ctx", b""),
    ]:
        reply = client.reply_to(client.send(method, payload, notification_ctx_id="c1"))
        assert reply.header["status"] == {"code": 200, "status": "OK"}
    reply = client.reply_to(client.send("put_notification_ctx"))
    assert reply.header["status"] == BAD_REQUEST


def test_an_unknown_method_is_a_bad_request(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    assert client.reply_to(client.send("dance")).header["status"] == BAD_REQUEST


def test_a_close_frame_of_the_client_ends_the_connection(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    client.send("close")
    assert client.wait_until_closed().code == 1000
    assert emulator.connections == ()


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.socket.send_binary(b"twilsock v3.0 2\r\n{}\r\n"),
        lambda client: client.socket.send_binary(b"TWILSOCK V3.0 2\r\n{}\r\n"),
        lambda client: client.socket.send("text"),
        lambda client: client.socket.send_binary(
            encode_frame({"method": "message", "id": "1"}, b"abc")[:-1]
        ),
    ],
)
def test_a_malformed_frame_ends_the_connection(
    send: Callable[[TwilsockClient], object], emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    send(client)
    frame: Any = client.receive()
    assert (frame.method, frame.header["status"]["code"]) == ("close", 406)
    assert frame.header["status"]["errorCode"] == 51214
    client.acknowledge(frame)
    client.send("close")
    assert client.wait_until_closed().code == 1000


def test_a_payload_that_is_no_json_is_a_bad_request(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    frame_id = client.send_request("POST", "/v4/Subscriptions", body=b"{")
    assert client.reply_to(frame_id).header["status"] == BAD_REQUEST
    assert client.request("GET", CONFIGURATION).status == 200


def test_the_body_of_a_delete_is_not_looked_at(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    path = f"/Client/v2/Services/{emulator.credentials.service}/Conversations/CH1"
    assert client.request("DELETE", path, body=b"ip_messaging").error == (404, 50350)


def test_a_message_that_is_no_request_is_refused_and_the_socket_stays(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    for request in (None, "x", {"method": "GET"}, {"path": "/", "method": 7}):
        reply = decode_reply(client.reply_to(client.send("message", http_request=request)))
        assert reply.error == (400, 20001)
    assert client.request("GET", CONFIGURATION).status == 200


def test_a_bug_becomes_a_500_and_the_socket_stays(
    emulator: Emulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    client = connect(emulator)
    monkeypatch.setattr(
        "conversations.emulator.domain.conversations.find", lambda *_: 1 / 0, raising=True
    )
    path = f"/Client/v2/Services/{emulator.credentials.service}/Conversations/CH1"
    reply = client.request("GET", path)
    assert reply.error == (500, 20500)
    assert "ZeroDivisionError" in caplog.text
    assert client.request("GET", CONFIGURATION).status == 200


def test_an_unknown_path_is_a_404_of_the_service(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    for path in ("/", "/Client/v2", "/v1", "/v1/Instances", "/v3/x/y"):
        reply = client.request("GET", path)
        assert reply.error == (404, 20404)
        assert reply.headers["content-type"] == "application/json"
        assert set(reply.body) == {"status", "code", "message", "more_info"}


def test_another_method_on_a_known_path_is_a_405(emulator: Emulator, connect: Connect) -> None:
    assert connect(emulator).request("PUT", CONFIGURATION).error == (405, 20004)


def test_another_service_is_unknown(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    path = f"/Client/v2/Services/IS{'f' * 32}/Conversations"
    assert client.request("POST", path, body={}).error == (404, 20404)


def test_values_may_be_texts_or_arrays_of_texts(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    request: JSONValue = {
        "host": "cds.us1.twilio.com",
        "path": "/v3/Maps/alice.channels/Items",
        "method": "GET",
        "params": {"PageSize": ["7"], "Order": "desc"},
        "headers": {"Twilio-Request-Id": ["RQ0"]},
    }
    reply = decode_reply(client.reply_to(client.send("message", http_request=request)))
    assert reply.status == 200
    assert reply.headers["twilio-request-id"] == "RQ0"
    (record,) = emulator.requests
    assert record.query == {"PageSize": ("7",), "Order": ("desc",)}


def test_a_no_content_answer_has_no_payload(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    conversation = emulator.create_conversation(created_by="alice")
    path = f"/Client/v2/Services/{emulator.credentials.service}/Conversations/{conversation.sid}"
    frame: Any = client.reply_to(client.send_request("DELETE", path))
    assert frame.header["http_status"] == {"code": 204, "status": "No Content"}
    assert frame.header["payload_size"] == 0
    assert "payload_type" not in frame.header
    assert set(frame.header["http_headers"]) == {"twilio-request-id"}


def test_a_client_that_does_not_read_is_dropped(connect: Connect) -> None:
    settings = Settings(outgoing_limit_bytes=200_000)
    with Emulator(settings=settings) as emulator:
        client = connect(emulator)
        conversation = emulator.create_conversation(identities=["alice"])
        sid = emulator.call(
            lambda backend: backend.service.conversations[conversation.sid].list.sid
        )
        assert client.subscribe({sid: ("list", None)}).status == 202
        client.next_notification()
        others = connect(emulator, "bob")
        for _ in range(2000):  # far more than the buffers between the two take
            emulator.send_message(conversation.sid, "x" * 30_000)
            if not emulator.call(lambda backend: backend.connections.all("alice")):
                break
        emulator.wait_for_connections(0, identity="alice", timeout=limit())
        assert others.request("GET", CONFIGURATION).status == 200


def test_a_message_over_the_limit_closes_the_socket(connect: Connect) -> None:
    with Emulator(settings=Settings(message_limit_bytes=10_000)) as emulator:
        client = connect(emulator)
        client.socket.send_binary(b"x" * 20_000)
        assert client.wait_until_closed().code in {1009, None}
        emulator.wait_for_connections(0)
