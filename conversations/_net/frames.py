"""
WebSocket frames: bytes in, whole messages and control frames out.

The parser of websocket-client reads single frames and keeps its place when bytes run out.
The rest is done here: limits before a frame is read on, fragments, and the rules that the
library leaves to its blocking methods, which are not used (docs/threads.md, TLS).
"""

from __future__ import annotations

import struct
from typing import Union, cast

import attrs
import websocket

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_FRAGMENTS = 16_384

NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
NO_STATUS = 1005  # never on the wire: says that a close frame named no code
INVALID_DATA = 1007
TOO_BIG = 1009

_LONGEST_CONTROL_FRAME = 125
_FIRST_CONTROL_OPCODE = websocket.ABNF.OPCODE_CLOSE


@attrs.frozen
class Message:
    """
    A whole binary message.
    """

    data: bytes = attrs.field(repr=False)


@attrs.frozen
class TextMessage:
    """
    A whole text message. Nobody wants its content, so it is not kept.
    """

    size_bytes: int


@attrs.frozen
class Ping:
    """
    Wants a pong with the same data.
    """

    data: bytes = attrs.field(repr=False)


@attrs.frozen
class Pong:
    """
    Answers a ping, or comes by itself.
    """


@attrs.frozen
class Close:
    """
    The last frame of a side.
    """

    code: int
    reason: str


FrameEvent = Union[Message, TextMessage, Ping, Pong, Close]


class ProtocolViolation(Exception):
    """
    The server sent what it must not send.

    Args:
        code: The close code with which to answer.
        message: What was wrong.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class _OutOfBytes(Exception):
    """
    The parser wants more than there is; it keeps its place.
    """


class FrameDecoder:
    """
    Turns the bytes of a server into events.

    Args:
        max_message_bytes: A longer message is refused as soon as a frame announces it.
        max_fragments: So many frames may make up one message.
    """

    def __init__(
        self, *, max_message_bytes: int = MAX_MESSAGE_BYTES, max_fragments: int = MAX_FRAGMENTS
    ) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_fragments = max_fragments
        self._frames = websocket.frame_buffer(self._take, skip_utf8_validation=True)
        self._input = bytearray()
        self._opcode: int | None = None  # of the message that is being assembled
        self._fragments: list[bytes] = []
        self._fragment_count = 0
        self._assembled_bytes = 0

    def receive_data(self, data: bytes) -> None:
        """
        Take the next bytes.
        """
        self._input += data

    def next_event(self) -> FrameEvent | None:
        """
        The next event, or ``None`` until there are more bytes.

        Raises:
            ProtocolViolation: Nothing after it can be understood; read no further.
        """
        while True:
            try:
                frame = self._frames.recv_frame()
            except _OutOfBytes:
                return None
            except websocket.WebSocketException as error:
                raise ProtocolViolation(PROTOCOL_ERROR, str(error)) from error
            data = cast("bytes", frame.data)  # text is for frames to be sent
            self._check(frame.fin, frame.opcode, frame.mask_value, len(data))
            if frame.opcode >= _FIRST_CONTROL_OPCODE:
                return _control_event(frame.opcode, data)
            message = self._assemble(frame.fin, frame.opcode, data)
            if message is not None:
                return message

    def _take(self, size: int) -> bytes:
        """
        Hand the parser *size* bytes; called by it whenever it wants some.

        It would take fewer, but it adds up the lengths of all its pieces at every call.
        """
        header, length = self._frames.header, self._frames.length
        if header is not None and length is not None:
            fin, _, _, _, opcode, has_mask, _ = header
            self._check(fin, opcode, has_mask, length)
        if len(self._input) < size:
            raise _OutOfBytes
        taken = bytes(self._input[:size])
        del self._input[:size]
        return taken

    def _check(self, fin: int, opcode: int, has_mask: int, length: int) -> None:
        """
        Refuse a frame for what its header says, before its content is waited for.
        """
        if has_mask:
            raise ProtocolViolation(PROTOCOL_ERROR, "a frame of the server is masked")
        if opcode >= _FIRST_CONTROL_OPCODE:
            if not fin or length > _LONGEST_CONTROL_FRAME:
                raise ProtocolViolation(PROTOCOL_ERROR, "a control frame is fragmented or too long")
            return
        if (opcode == websocket.ABNF.OPCODE_CONT) != (self._opcode is not None):
            raise ProtocolViolation(PROTOCOL_ERROR, "a fragment is out of place")
        if self._assembled_bytes + length > self._max_message_bytes:
            raise ProtocolViolation(TOO_BIG, "a message is too long")
        if self._fragment_count == self._max_fragments:
            raise ProtocolViolation(TOO_BIG, "a message has too many fragments")

    def _assemble(self, fin: int, opcode: int, data: bytes) -> Message | TextMessage | None:
        if opcode != websocket.ABNF.OPCODE_CONT:
            self._opcode = opcode
        self._fragment_count += 1
        self._assembled_bytes += len(data)
        is_text = self._opcode == websocket.ABNF.OPCODE_TEXT
        if not is_text:
            self._fragments.append(data)
        if not fin:
            return None
        size, fragments = self._assembled_bytes, self._fragments
        self._opcode, self._fragments = None, []
        self._fragment_count = self._assembled_bytes = 0
        if is_text:
            return TextMessage(size)
        return Message(fragments[0] if len(fragments) == 1 else b"".join(fragments))


def binary_frame(data: bytes) -> bytes:
    """
    A whole binary message in one masked frame.
    """
    return _frame(data, websocket.ABNF.OPCODE_BINARY)


def pong_frame(data: bytes) -> bytes:
    """
    The answer to a ping with *data*.
    """
    return _frame(data, websocket.ABNF.OPCODE_PONG)


def close_frame(code: int) -> bytes:
    """
    The last frame of the client; without a code for :data:`NO_STATUS`.
    """
    data = b"" if code == NO_STATUS else struct.pack("!H", code)
    return _frame(data, websocket.ABNF.OPCODE_CLOSE)


def _frame(data: bytes, opcode: int) -> bytes:
    return websocket.ABNF.create_frame(data, opcode).format()


def _control_event(opcode: int, data: bytes) -> FrameEvent:
    if opcode == websocket.ABNF.OPCODE_PING:
        return Ping(data)
    if opcode == websocket.ABNF.OPCODE_PONG:
        return Pong()
    if not data:
        return Close(NO_STATUS, "")
    try:
        reason = data[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolViolation(INVALID_DATA, "the reason of a close frame is no text") from error
    return Close(struct.unpack("!H", data[:2])[0], reason)
