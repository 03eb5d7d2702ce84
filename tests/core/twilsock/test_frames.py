"""
The frame codec: exact bytes, malformed input, limits.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversations._core.twilsock import frames
from conversations._core.twilsock.errors import LocalProtocolError
from conversations._core.twilsock.frames import (
    Frame,
    Malformation,
    MalformedFrame,
    decode_frame,
    encode_frame,
)
from tests.core.twilsock.frame_vectors import VECTORS, Vector

REPLY = b'{"method":"reply","id":"TM1"}'


def raw(header: bytes, rest: bytes = b"\r\n", size: int | None = None) -> bytes:
    return b"TWILSOCK V3.0 %d\r\n" % (len(header) if size is None else size) + header + rest


def with_payload(payload: bytes, size: Any = None, **header: Any) -> bytes:
    fields = {"method": "m", "id": "i", "payload_size": len(payload) if size is None else size}
    return raw(json.dumps(fields | header).encode(), b"\r\n" + payload + b"\r\n")


def malformed(data: bytes) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        decode_frame(data)
    return caught.value


# Exact bytes


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_known_frame_is_read(vector: Vector) -> None:
    data = base64.b64decode(vector.base64)
    assert hashlib.sha256(data).hexdigest() == vector.sha256
    frame = decode_frame(data)
    header = json.loads(vector.header)
    assert frame.header == header
    assert (frame.method, frame.id) == (header["method"], header["id"])
    if header.get("payload_type", "").startswith("text/plain"):
        assert frame.payload == vector.payload.decode()
    else:
        assert frame.payload == (json.loads(vector.payload) if vector.payload else None)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_known_frame_is_written(vector: Vector) -> None:
    written = encode_frame(
        json.loads(vector.header),
        vector.payload,
        crlf_after_payload=vector.crlf_after_payload,
        ensure_ascii=False,
    )
    assert written == base64.b64decode(vector.base64)


def test_headers_are_ascii_by_default() -> None:
    data = encode_frame({"method": "m", "id": "i", "app": "Чат"})
    assert data == (
        b'TWILSOCK V3.0 67\r\n{"method":"m","id":"i","app":"\\u0427\\u0430\\u0442","payload_size":0}\r\n'
    )
    assert decode_frame(data).header["app"] == "Чат"


def test_a_client_writes_nothing_after_the_payload_and_a_server_writes_crlf() -> None:
    header = {"method": "m", "id": "i"}
    assert encode_frame(header, b"{}").endswith(b"}\r\n{}")
    assert encode_frame(header, b"{}", crlf_after_payload=True).endswith(b"}\r\n{}\r\n")
    assert encode_frame(header, crlf_after_payload=True).endswith(b"}\r\n")


def test_the_payload_size_is_written_last_and_never_taken_from_the_header() -> None:
    data = encode_frame({"payload_size": 99, "method": "m", "id": "i"}, b"{}")
    assert b'{"method":"m","id":"i","payload_size":2}' in data


def test_a_lone_surrogate_is_escaped_whatever_was_asked_for() -> None:
    data = encode_frame({"method": "m", "id": "\ud800"}, ensure_ascii=False)
    assert rb'"\ud800"' in data
    assert decode_frame(data).id == "\ud800"


@pytest.mark.parametrize(
    "value", [float("nan"), object(), b"bytes"], ids=["nan", "object", "bytes"]
)
def test_a_header_that_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="not JSON"):
        encode_frame({"method": "m", "id": "i", "x": value})


# Payloads


@pytest.mark.parametrize(
    ("payload_type", "expected"),
    [
        ("application/json", {"a": 1}),
        ("application/json;charset=utf-8", {"a": 1}),
        ("Application/JSON; charset=utf-8", {"a": 1}),
        (None, {"a": 1}),
        ("text/plain", '{"a":1}'),
        ("text/plain; charset=utf-8", '{"a":1}'),
        ("application/x-www-form-urlencoded", b'{"a":1}'),
        ("", b'{"a":1}'),
        ("text/html", b'{"a":1}'),
    ],
)
def test_the_payload_type_decides_how_the_payload_is_read(
    payload_type: str | None, expected: object
) -> None:
    assert decode_frame(with_payload(b'{"a":1}', payload_type=payload_type)).payload == expected


def test_a_payload_without_a_type_is_json() -> None:
    assert decode_frame(with_payload(b"[1]")).payload == [1]


@pytest.mark.parametrize("size", [0, None])
def test_a_payload_of_no_size_is_not_read(size: int | None) -> None:
    fields = {"method": "m", "id": "i", "payload_size": size, "payload_type": "text/plain"}
    data = raw(json.dumps(fields).encode(), b"\r\nignored")
    assert decode_frame(data).payload is None


def test_what_follows_the_payload_is_ignored() -> None:
    assert decode_frame(with_payload(b"[1]") + b"TWILSOCK and more").payload == [1]


def test_a_payload_size_counts_bytes() -> None:
    assert decode_frame(with_payload("ж".encode(), payload_type="text/plain")).payload == "ж"


# What is tolerated


def test_the_crlf_may_be_missing_at_the_very_end() -> None:
    assert decode_frame(raw(REPLY, b"")).method == "reply"


def test_spaces_may_follow_the_header_size() -> None:
    data = raw(REPLY).replace(b"29\r\n", b"29  \r\n")
    assert decode_frame(data).id == "TM1"


def test_unknown_fields_and_methods_are_read() -> None:
    frame = decode_frame(raw(b'{"method":"unheard-of","id":"i","new":[1]}'))
    assert frame.method == "unheard-of"
    assert frame.header["new"] == [1]


# Malformed frames


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"TWILSOCK",
        b"twilsock v3.0 29\r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.1 29\r\n" + REPLY + b"\r\n",
        b"\xef\xbb\xbf" + raw(REPLY),
        b"TWILSOCK V3.0 \r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.0 abc\r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.0 +29\r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.0 2_9\r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.0 -1\r\n" + REPLY + b"\r\n",
        "TWILSOCK V3.0 ٢٩\r\n".encode() + REPLY + b"\r\n",
        b"TWILSOCK V3.0  29\r\n" + REPLY + b"\r\n",
        b"TWILSOCK V3.0 29\n" + REPLY + b"\n",
        b"TWILSOCK V3.0 29" + b" " * 40 + b"\r\n" + REPLY + b"\r\n",
        raw(REPLY, size=28),
        raw(REPLY, size=30),
        raw(REPLY, size=999),
        raw(REPLY, b"{}"),
        raw(REPLY, b"\n"),
        raw(REPLY, b"\r"),
        raw(b"\xff\xfe"),
        raw(b"not json"),
        raw(b"\xef\xbb\xbf" + REPLY),
        raw(b"null"),
        raw(b"[]"),
        raw(b'"text"'),
        raw(b"{}"),
        raw(b'{"method":"reply"}'),
        raw(b'{"id":"TM1"}'),
        raw(b'{"method":1,"id":"TM1"}'),
        raw(b'{"method":"reply","id":1}'),
        raw(b'{"method":"reply","id":null}'),
        raw(b'{"method":"reply","id":"TM1","x":NaN}'),
        raw(b'{"method":"reply","id":"TM1","x":' + b"9" * 5000 + b"}"),
        raw(b"[" * 100_000),
        with_payload(b"[1]", size=-1),
        with_payload(b"[1]", size=1.5),
        with_payload(b"[1]", size=True),
        with_payload(b"[1]", size="3"),
        with_payload(b"[1]", size=99),
        with_payload(b"[1]", payload_type=1),
    ],
)
def test_a_malformed_frame_calls_for_the_close_of_the_connection(data: bytes) -> None:
    assert malformed(data).kind is Malformation.FRAME
    assert malformed(data).frame is None


@pytest.mark.parametrize(
    ("payload", "payload_type"),
    [
        (b"ip_messaging", "application/json"),
        (b"{", None),
        (b'"\xff"', "application/json"),
        (b"NaN", None),
        (b"[" * 100_000, None),
        (b"\xff", "text/plain"),
    ],
)
def test_an_undecodable_payload_calls_for_an_answer(
    payload: bytes, payload_type: str | None
) -> None:
    error = malformed(with_payload(payload, method="message", payload_type=payload_type))
    assert error.kind is Malformation.PAYLOAD
    assert (error.method, error.id) == ("message", "i")
    assert error.frame is not None
    assert error.frame.payload == payload


def test_a_malformed_frame_is_named_as_far_as_its_header_could_be_read() -> None:
    error = malformed(with_payload(b"[1]", size=99))
    assert (error.method, error.id) == ("m", "i")
    error = malformed(raw(REPLY, b"{}"))
    assert (error.method, error.id) == ("reply", "TM1")
    error = malformed(raw(b'{"method":"reply","id":7}'))
    assert (error.method, error.id) == ("reply", None)
    error = malformed(b"hello")
    assert (error.method, error.id) == (None, None)


def test_the_value_of_a_malformation_is_the_answer_of_a_server() -> None:
    assert [member.value for member in Malformation] == [406, 400]


# Limits


def test_a_header_may_have_a_mebibyte_and_no_more() -> None:
    room = frames.MAX_HEADER_BYTES - len('{"method":"m","id":"","payload_size":0}')
    data = encode_frame({"method": "m", "id": "x" * room})
    assert decode_frame(data).method == "m"
    with pytest.raises(LocalProtocolError, match="header"):
        encode_frame({"method": "m", "id": "x" * (room + 1)})
    assert "header" in malformed(raw(b" ", size=frames.MAX_HEADER_BYTES + 1)).reason


def test_a_message_may_have_16_mebibytes_and_no_more() -> None:
    header = {"method": "m", "id": "i", "payload_type": "x"}
    overhead = len(encode_frame(header, b"x" * 10_000_000)) - 10_000_000
    room = frames.MAX_MESSAGE_BYTES - overhead
    data = encode_frame(header, b"x" * room)
    assert len(data) == frames.MAX_MESSAGE_BYTES
    assert decode_frame(data).header["payload_size"] == room
    with pytest.raises(LocalProtocolError, match="frame has"):
        encode_frame(header, b"x" * (room + 1))
    assert malformed(data + b"x").kind is Malformation.FRAME


# Secrets


def test_neither_frames_nor_errors_show_what_is_in_them() -> None:
    frame = Frame({"method": "init", "id": "TM1", "token": "secret"}, "secret")
    assert repr(frame) == "<Frame 'init' 'TM1'>"
    error = malformed(with_payload(b"secret", token="secret"))
    assert "secret" not in f"{error!r} {error} {error.frame!r}"
    assert error.__context__ is None  # a JSON error would carry the whole document


# Any bytes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
HEADERS = st.builds(
    lambda fields, method, frame_id: fields | {"method": method, "id": frame_id},
    st.dictionaries(st.text(), JSON, max_size=5),
    st.text(),
    st.text(),
).map(lambda header: {k: v for k, v in header.items() if not k.startswith("payload_")})


@given(HEADERS, JSON, st.booleans(), st.booleans())
def test_what_is_written_is_read_again(
    header: dict[str, Any], body: Any, crlf: bool, ensure_ascii: bool
) -> None:
    payload = json.dumps(body).encode()
    data = encode_frame(header, payload, crlf_after_payload=crlf, ensure_ascii=ensure_ascii)
    frame = decode_frame(data)
    assert frame.header == header | {"payload_size": len(payload)}
    assert frame.payload == body


@given(HEADERS, st.binary(min_size=1))
def test_any_bytes_travel_as_they_are(header: dict[str, Any], payload: bytes) -> None:
    data = encode_frame({**header, "payload_type": "application/octet-stream"}, payload)
    assert decode_frame(data).payload == payload


def read(data: bytes) -> Frame | MalformedFrame:
    try:
        return decode_frame(data)
    except MalformedFrame as error:
        return error


@given(st.binary())
@example(b"TWILSOCK V3.0 1\r\n{\r\n")
def test_any_bytes_are_a_frame_or_malformed(data: bytes) -> None:
    read(data)
    read(b"TWILSOCK V3.0 " + data)
    read(raw(data))


@given(
    st.sampled_from(sorted(VECTORS)),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=5),
    st.integers(0, 500),
)
def test_a_damaged_frame_is_a_frame_or_malformed(
    name: str, damage: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(base64.b64decode(VECTORS[name].base64))
    for position, byte in damage:
        data[position % len(data)] = byte
    read(bytes(data[:length]))
    read(bytes(data))
