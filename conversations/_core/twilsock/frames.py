"""
Twilsock frames: bytes of one websocket message to and from header and payload.

Client and emulator share this module. Layout, limits and what a malformed frame causes are
in docs/protocol/twilsock.md, Frames.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import NoReturn

import attrs

from conversations._core.upstream import JSONValue

from .errors import LocalProtocolError

MAGIC = b"TWILSOCK V3.0 "
CRLF = b"\r\n"
MAX_HEADER_BYTES = 1 << 20
MAX_MESSAGE_BYTES = 16 << 20

_SIZE_LINE_BYTES = 32  # far more than the digits of MAX_HEADER_BYTES
_UNREADABLE = object()


class Malformation(Enum):
    """
    How bad it is. The value is the code a server answers; a client drops the frame.

    Attributes:
        FRAME: Not a frame, or no header to be trusted: ``close`` 406.
        PAYLOAD: The header is in order, the payload cannot be decoded: ``reply`` 400.
    """

    FRAME = 406
    PAYLOAD = 400


@attrs.frozen(repr=False)
class Frame:
    """
    One decoded frame.

    Attributes:
        header: As parsed, with ``method`` and ``id`` strings. May hold tokens: never shown.
        payload: Parsed JSON, text, raw bytes for other types, ``None`` if it is empty.
    """

    header: dict[str, JSONValue]
    payload: JSONValue | bytes = None

    @property
    def method(self) -> str:
        """
        What kind of frame it is.
        """
        return str(self.header["method"])

    @property
    def id(self) -> str:
        """
        The correlation id.
        """
        return str(self.header["id"])

    def __repr__(self) -> str:
        return f"<Frame {self.method!r} {self.id!r}>"


class MalformedFrame(Exception):
    """
    Bytes that are no valid frame. Says what is wrong, never what was in it.

    Attributes:
        reason: What is wrong.
        kind: How bad it is.
        method: The frame's method, if the header could be read that far.
        id: The frame's id, likewise.
        frame: For ``PAYLOAD`` alone: the frame with its payload as raw bytes.
    """

    def __init__(
        self,
        reason: str,
        kind: Malformation = Malformation.FRAME,
        *,
        method: str | None = None,
        id: str | None = None,  # noqa: A002  # the name on the wire
        frame: Frame | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.method = method
        self.id = id
        self.frame = frame


def encode_frame(
    header: Mapping[str, JSONValue],
    payload: bytes = b"",
    *,
    crlf_after_payload: bool = False,
    ensure_ascii: bool = True,
) -> bytes:
    """
    Write one frame.

    Args:
        header: Keys in the order in which they are written; ``payload_size`` is set here
            and comes last.
        payload: Already encoded; empty for none.
        crlf_after_payload: End a frame that has a payload with CRLF, as the server does.
        ensure_ascii: Escape what is not ASCII in the header. Without it the header is
            UTF-8, as the JavaScript client writes it; lone surrogates force the escapes.

    Raises:
        LocalProtocolError: The header is not JSON, or the frame exceeds a limit.
    """
    fields = {key: value for key, value in header.items() if key != "payload_size"}
    head = _header_bytes({**fields, "payload_size": len(payload)}, ensure_ascii=ensure_ascii)
    if len(head) > MAX_HEADER_BYTES:
        message = f"the frame's header has {len(head)} bytes, more than {MAX_HEADER_BYTES}"
        raise LocalProtocolError(message)
    end = CRLF if payload and crlf_after_payload else b""
    data = b"".join((MAGIC, b"%d" % len(head), CRLF, head, CRLF, payload, end))
    if len(data) > MAX_MESSAGE_BYTES:
        message = f"the frame has {len(data)} bytes, more than {MAX_MESSAGE_BYTES}"
        raise LocalProtocolError(message)
    return data


def decode_frame(data: bytes) -> Frame:
    """
    Read one frame, which is one binary websocket message.

    Raises:
        MalformedFrame: And nothing else, whatever the bytes.
    """
    head, rest = _split(data)
    header = _read_header(head)
    if rest and not rest.startswith(CRLF):
        _refuse("no CRLF after the header", header)
    return Frame(header=header, payload=_read_payload(header, rest[len(CRLF) :]))


def _header_bytes(fields: Mapping[str, JSONValue], *, ensure_ascii: bool) -> bytes:
    try:
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=ensure_ascii, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = "the frame's header is not JSON"
        raise LocalProtocolError(message) from error
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: only an escape can carry it
        return _header_bytes(fields, ensure_ascii=True)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """
    The header's bytes, and everything after them.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        _refuse(f"more than {MAX_MESSAGE_BYTES} bytes")
    if not data.startswith(MAGIC):
        _refuse("no Twilsock frame of version 3.0")
    line_end = data.find(CRLF, len(MAGIC), len(MAGIC) + _SIZE_LINE_BYTES)
    if line_end < 0:
        _refuse("no end of the first line")
    digits = data[len(MAGIC) : line_end].rstrip(b" ")
    if not digits.isdigit():
        _refuse("no header size")
    size = int(digits)
    if size > MAX_HEADER_BYTES:
        _refuse(f"a header of more than {MAX_HEADER_BYTES} bytes")
    start = line_end + len(CRLF)
    if len(data) - start < size:
        _refuse("shorter than the header size says")
    return data[start : start + size], data[start + size :]


def _read_header(head: bytes) -> dict[str, JSONValue]:
    header = _parse_json(head)
    if not isinstance(header, dict):
        _refuse("the header is no JSON object")
    if not isinstance(header.get("method"), str) or not isinstance(header.get("id"), str):
        _refuse("a header without method or id", header)
    return header


def _read_payload(header: dict[str, JSONValue], rest: bytes) -> JSONValue | bytes:
    size, kind = header.get("payload_size"), header.get("payload_type")
    if size is None:
        size = 0
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        _refuse("payload_size is no size", header)
    if not (kind is None or isinstance(kind, str)):
        _refuse("payload_type is no text", header)
    if len(rest) < size:
        _refuse("shorter than payload_size says", header)
    if size == 0:
        return None
    raw = rest[:size]
    if kind is None or kind.lower().startswith("application/json"):
        payload = _parse_json(raw)
    elif kind.startswith("text/plain"):
        payload = _decode_text(raw)
    else:
        return raw
    if payload is _UNREADABLE:
        _refuse("the payload is not what its type says", header, raw)
    return payload  # type: ignore[return-value]  # what a JSON parser returns is a JSONValue


def _parse_json(raw: bytes) -> object:
    """
    The value, or ``_UNREADABLE``: no exception that carries the document is kept as context.
    """
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _decode_text(raw: bytes) -> object:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _UNREADABLE


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _refuse(
    reason: str, header: dict[str, JSONValue] | None = None, payload: bytes | None = None
) -> NoReturn:
    method, frame_id = (header or {}).get("method"), (header or {}).get("id")
    raise MalformedFrame(
        reason,
        Malformation.FRAME if payload is None else Malformation.PAYLOAD,
        method=method if isinstance(method, str) else None,
        id=frame_id if isinstance(frame_id, str) else None,
        frame=None if header is None or payload is None else Frame(header, payload),
    )
