"""
A client that does what a test tells it and nothing else, and the same without any socket.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

import attrs
import websocket

from conversations._core.twilsock.frames import Frame, decode_frame, encode_frame
from conversations._core.upstream import JSONValue, json_body
from tests.timing import limit

API = "aim.us1.twilio.com"
REGISTRATIONS: list[JSONValue] = [
    {
        "product": "ip_messaging",
        "type": "ers",
        "notification_protocol_version": 4,
        "message_types": ["twilio.sync.event", "com.twilio.rtd.cds.map"],
    }
]


@attrs.frozen(kw_only=True)
class Reply:
    """
    The answer of the service: HTTP status, headers, body.
    """

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> tuple[int, int]:
        """
        Status and code of an error answer.
        """
        return self.status, self.body["code"]


@attrs.frozen(kw_only=True)
class Notification:
    """
    One notification: its type and its payload.
    """

    type: str
    body: Any

    @property
    def kind(self) -> str:
        return str(self.body["event_type"])

    @property
    def events(self) -> list[Any]:
        """
        The events, whether one or many.
        """
        return list(self.body["events"]) if "events" in self.body else [self.body["event"]]


class SocketClosed(Exception):
    """
    The server closed the websocket, with this code and reason, or cut it (code ``None``).
    """

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class TwilsockClient:
    """
    One websocket. Not a thread: what arrives is read when somebody asks for it.
    """

    def __init__(self, url: str) -> None:
        self.socket = websocket.create_connection(url, timeout=limit())
        self.notifications: deque[Notification] = deque()
        self._frames: deque[Frame] = deque()
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown()

    # Frames

    def send(self, method: str, payload: bytes = b"", **fields: JSONValue) -> str:
        """
        Send one frame. Returns its id.
        """
        self._number += 1
        frame_id = f"TM{self._number}"
        header: dict[str, JSONValue] = {"method": method, "id": frame_id, **fields}
        self.socket.send_binary(encode_frame(header, payload))
        return frame_id

    def receive(self) -> Frame:
        """
        The next frame that is no notification; those are kept.
        """
        while True:
            frame = self._frames.popleft() if self._frames else self._read()
            if frame.method != "notification":
                return frame
            self._keep(frame)

    def next_notification(self) -> Notification:
        """
        The next notification; other frames are kept.
        """
        while not self.notifications:
            frame = self._read()
            if frame.method == "notification":
                self._keep(frame)
            else:
                self._frames.append(frame)
        return self.notifications.popleft()

    def reply_to(self, frame_id: str) -> Frame:
        """
        The reply to a frame that was sent. Other frames before it are acknowledged.
        """
        while True:
            frame = self.receive()
            if frame.method == "reply" and frame.id == frame_id:
                return frame
            if frame.method != "reply":
                self.acknowledge(frame)

    def acknowledge(self, frame: Frame) -> None:
        """
        Reply 200 to a frame of the server.
        """
        header: dict[str, JSONValue] = {
            "method": "reply",
            "id": frame.id,
            "status": {"code": 200, "status": "OK"},
        }
        self.socket.send_binary(encode_frame(header))

    def wait_until_closed(self) -> SocketClosed:
        """
        Read until the server closes.
        """
        try:
            while True:
                self._read()
        except SocketClosed as closed:
            return closed

    # Twilsock

    def init(self, token: JSONValue, **fields: JSONValue) -> Frame:
        """
        Send ``init``, return the reply.
        """
        usual: dict[str, JSONValue] = {
            "continuation_token": None,
            "metadata": {"sdk": "Test"},
            "registrations": REGISTRATIONS,
            "capabilities": ["client_update", "offline_storage", "telemetry.v1"],
        }
        return self.reply_to(self.send("init", token=token, **(usual | fields)))

    def send_request(
        self,
        method: str,
        path: str,
        params: Mapping[str, JSONValue] | None = None,
        body: JSONValue | bytes = None,
        **headers: str,
    ) -> str:
        """
        Send a request without waiting for its reply.
        """
        payload = body if isinstance(body, bytes) else b"" if body is None else json_body(body)
        encoded = {
            name: [quote(str(entry), safe="") for entry in value]
            if isinstance(value, list)
            else quote(str(value), safe="")
            for name, value in (params or {}).items()
        }
        return self.send(
            "message",
            payload,
            active_grant="ip_messaging",
            payload_type="application/json; charset=utf-8",
            http_request={
                "host": API,
                "path": path,
                "method": method,
                "params": encoded,
                "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, JSONValue] | None = None,
        body: JSONValue | bytes = None,
        **headers: str,
    ) -> Reply:
        """
        One request and its answer.
        """
        return decode_reply(self.reply_to(self.send_request(method, path, params, body, **headers)))

    def subscribe(
        self, entries: Mapping[str, tuple[str, JSONValue]], correlation: int = 1
    ) -> Reply:
        """
        Establish subscriptions: SID to type and position.
        """
        requests: list[JSONValue] = [
            {"object_sid": sid, "object_type": kind, "last_event_id": position}
            for sid, (kind, position) in entries.items()
        ]
        return self.request(
            "POST",
            "/v4/Subscriptions",
            body={
                "event_protocol_version": 4,
                "action": "establish",
                "correlation_id": correlation,
                "retried_requests": 0,
                "ttl_in_s": -1,
                "requests": requests,
            },
        )

    # Inside

    def _read(self) -> Frame:
        try:
            opcode, data = self.socket.recv_data(control_frame=True)
        except (ConnectionError, websocket.WebSocketConnectionClosedException):
            raise SocketClosed(None) from None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = struct.unpack("!H", data[:2])[0] if data else None
            raise SocketClosed(code, data[2:].decode())
        if opcode == websocket.ABNF.OPCODE_PING:
            return self._read()
        assert opcode == websocket.ABNF.OPCODE_BINARY
        return decode_frame(data)

    def _keep(self, frame: Frame) -> None:
        self.acknowledge(frame)
        self.notifications.append(
            Notification(type=str(frame.header["message_type"]), body=frame.payload)
        )


def decode_reply(frame: Frame) -> Reply:
    """
    What the service answered, from the frame around it.
    """
    assert frame.header["status"] == {"code": 200, "status": "OK"}, frame.header
    http_status: Any = frame.header["http_status"]
    headers: Any = frame.header["http_headers"]
    assert all(isinstance(value, str) for value in headers.values())
    return Reply(status=http_status["code"], headers=headers, body=frame.payload)


def json_text(value: JSONValue) -> str:
    """
    A value as attributes travel.
    """
    return json.dumps(value)
