"""
What conversations._net relies on in websocket-client. If an upgrade of it breaks one of
these, the adapter has to change before anything else is looked at.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable

import pytest
import websocket

from tests.net.raw_server import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_data, frame


class Starved(Exception):
    pass


class Feed:
    """
    Hands out single bytes; raises when there are none, like a socket that would block.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sizes: list[int] = []

    def __call__(self, size: int) -> bytes:
        self.sizes.append(size)
        if not self.data:
            raise Starved
        taken, self.data = self.data[:1], self.data[1:]
        return taken


def buffer(feed: Callable[[int], bytes]) -> websocket.frame_buffer:
    return websocket.frame_buffer(feed, skip_utf8_validation=True)


def test_recv_frame_keeps_its_place_at_every_interruption() -> None:
    data = frame(BINARY, b"x" * 300) + frame(PING, b"abc")
    feed = Feed(b"")
    frames = buffer(feed)
    seen = []

    for position in range(len(data)):
        feed.data = data[position : position + 1]
        try:
            seen.append(frames.recv_frame())
        except Starved:
            continue

    assert [(each.opcode, each.data) for each in seen] == [(BINARY, b"x" * 300), (PING, b"abc")]


def test_header_and_length_are_known_before_the_content_is_asked_for() -> None:
    feed = Feed(frame(BINARY, b"y" * 70_000)[:10])
    frames = buffer(feed)

    with pytest.raises(Starved):
        frames.recv_frame()

    assert frames.length == 70_000
    assert frames.header == (1, 0, 0, 0, BINARY, 0, 127)
    assert max(feed.sizes) <= 16_384


def test_header_and_length_are_forgotten_with_the_frame() -> None:
    frames = buffer(Feed(frame(BINARY, b"z")))

    frames.recv_frame()

    assert frames.header is None
    assert frames.length is None


@pytest.mark.parametrize(
    "data",
    [
        frame(3, b""),  # an opcode that means nothing
        frame(11, b""),
        bytes([0x80 | 0x40 | BINARY, 0]),  # a reserved bit
        frame(CLOSE, b"x"),  # half a code
        frame(CLOSE, close_data(1005)),  # codes that are never sent
        frame(CLOSE, close_data(999)),
    ],
)
def test_what_the_library_itself_refuses(data: bytes) -> None:
    with pytest.raises(websocket.WebSocketProtocolException):
        buffer(Feed(data)).recv_frame()


@pytest.mark.parametrize(
    "data",
    [
        frame(BINARY, b"abc", mask=True),
        frame(PING, b"x" * 126),
        frame(PING + 1, b"", fin=False),
        frame(CONTINUATION, b"without a beginning"),
        frame(CLOSE, struct.pack("!H", 1000) + b"\xff"),
    ],
)
def test_what_the_library_leaves_to_its_blocking_methods(data: bytes) -> None:
    buffer(Feed(data)).recv_frame()


def test_a_masked_frame_says_so() -> None:
    received = buffer(Feed(frame(BINARY, b"abc", mask=True))).recv_frame()

    assert received.mask_value == 1
    assert received.data == b"abc"


def test_a_formatted_frame_is_masked_bytes() -> None:
    formatted = websocket.ABNF.create_frame(b"hello", websocket.ABNF.OPCODE_BINARY).format()

    assert isinstance(formatted, bytes)
    assert formatted[:2] == bytes([0x80 | BINARY, 0x80 | 5])
    assert websocket.ABNF.mask(formatted[2:6], formatted[6:]) == b"hello"


def test_text_can_be_left_unvalidated() -> None:
    assert buffer(Feed(frame(TEXT, b"\xff"))).recv_frame().data == b"\xff"


class Script:
    """
    A stand-in for a socket, as far as the opening handshake uses one.
    """

    def __init__(self) -> None:
        self.sent = b""
        self.calls: list[str] = []

    def gettimeout(self) -> float:
        return 0.0

    def send(self, data: bytes) -> int:
        self.calls.append("send")
        self.sent += data
        return len(data)

    def recv(self, size: int) -> bytes:
        raise Starved

    def close(self) -> None:
        self.calls.append("close")


def test_the_handshake_uses_the_given_socket_and_sends_one_request() -> None:
    script = Script()
    client = websocket.WebSocket(enable_multithread=False, skip_utf8_validation=True)

    with pytest.raises(Starved):
        client.connect(
            "wss://example.com/path?a=b",
            socket=script,
            redirect_limit=0,
            suppress_origin=True,
            header=["User-Agent: test"],
        )

    lines = script.sent.decode().split("\r\n")
    assert lines[0] == "GET /path?a=b HTTP/1.1"
    assert lines[-2:] == ["", ""]
    names = {line.partition(":")[0].lower() for line in lines[1:-2]}
    assert names == {
        *("host", "upgrade", "connection", "user-agent"),
        *("sec-websocket-key", "sec-websocket-version"),
    }
    assert script.calls == ["send", "close"]


def test_a_non_blocking_socket_is_called_directly() -> None:
    # With any other timeout the library would catch this and wait in a selector of its own.
    class Blocking(Script):
        def recv(self, size: int) -> bytes:
            raise BlockingIOError(errno.EAGAIN, "would block")

    with pytest.raises(BlockingIOError):
        websocket.WebSocket().connect("ws://example.com", socket=Blocking(), redirect_limit=0)
