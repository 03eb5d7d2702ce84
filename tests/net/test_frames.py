from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._net.frames import (
    INVALID_DATA,
    NO_STATUS,
    PROTOCOL_ERROR,
    TOO_BIG,
    Close,
    FrameDecoder,
    FrameEvent,
    Message,
    Ping,
    Pong,
    ProtocolViolation,
    TextMessage,
    binary_frame,
    close_frame,
    pong_frame,
)
from tests.net.raw_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_data,
    frame,
)

Outcome = FrameEvent | int


def decode(*pieces: bytes, decoder: FrameDecoder | None = None) -> list[Outcome]:
    """
    The events; the close code stands for a violation, which is the last.
    """
    decoder = decoder or FrameDecoder()
    outcomes: list[Outcome] = []
    for piece in pieces:
        decoder.receive_data(piece)
        try:
            while (event := decoder.next_event()) is not None:
                outcomes.append(event)
        except ProtocolViolation as violation:
            return [*outcomes, violation.code]
    return outcomes


RESERVED = bytes([0x80 | 0x40 | BINARY, 0])

CONFORMANCE: dict[str, tuple[bytes, list[Outcome]]] = {
    # Sizes: each form of the length, at its borders.
    "empty": (frame(BINARY), [Message(b"")]),
    "125 bytes": (frame(BINARY, b"a" * 125), [Message(b"a" * 125)]),
    "126 bytes": (frame(BINARY, b"a" * 126), [Message(b"a" * 126)]),
    "65535 bytes": (frame(BINARY, b"a" * 65535), [Message(b"a" * 65535)]),
    "65536 bytes": (frame(BINARY, b"a" * 65536), [Message(b"a" * 65536)]),
    # Fragments.
    "two fragments": (
        frame(BINARY, b"ab", fin=False) + frame(CONTINUATION, b"cd"),
        [Message(b"abcd")],
    ),
    "empty fragments": (
        frame(BINARY, fin=False) + frame(CONTINUATION, fin=False) + frame(CONTINUATION),
        [Message(b"")],
    ),
    "a ping between fragments": (
        frame(BINARY, b"ab", fin=False) + frame(PING, b"?") + frame(CONTINUATION, b"cd"),
        [Ping(b"?"), Message(b"abcd")],
    ),
    "a message after a fragmented one": (
        frame(BINARY, b"a", fin=False) + frame(CONTINUATION, b"b") + frame(BINARY, b"c"),
        [Message(b"ab"), Message(b"c")],
    ),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), [PROTOCOL_ERROR]),
    "a message inside a message": (
        frame(BINARY, b"a", fin=False) + frame(BINARY, b"b"),
        [PROTOCOL_ERROR],
    ),
    "text inside a message": (
        frame(BINARY, b"a", fin=False) + frame(TEXT, b"b"),
        [PROTOCOL_ERROR],
    ),
    "a continuation after the end": (
        frame(BINARY, b"a") + frame(CONTINUATION, b"b"),
        [Message(b"a"), PROTOCOL_ERROR],
    ),
    # Text is not for us.
    "text": (frame(TEXT, b"hello"), [TextMessage(5)]),
    "fragmented text": (
        frame(TEXT, b"he", fin=False) + frame(CONTINUATION, b"llo"),
        [TextMessage(5)],
    ),
    "text that is none": (frame(TEXT, b"\xff\xfe"), [TextMessage(2)]),
    # Control frames.
    "ping": (frame(PING), [Ping(b"")]),
    "ping with data": (frame(PING, b"d" * 125), [Ping(b"d" * 125)]),
    "pong": (frame(PONG, b"whatever"), [Pong()]),
    "a long ping": (frame(PING, b"d" * 126), [PROTOCOL_ERROR]),
    "a long pong": (frame(PONG, b"d" * 126), [PROTOCOL_ERROR]),
    "a fragmented ping": (frame(PING, fin=False), [PROTOCOL_ERROR]),
    "a fragmented pong": (frame(PONG, fin=False), [PROTOCOL_ERROR]),
    "a fragmented close": (frame(CLOSE, close_data(1000), fin=False), [PROTOCOL_ERROR]),
    # Close frames.
    "close": (frame(CLOSE, close_data(1000, "bye")), [Close(1000, "bye")]),
    "close without a code": (frame(CLOSE), [Close(NO_STATUS, "")]),
    "close with a private code": (frame(CLOSE, close_data(4999)), [Close(4999, "")]),
    "close with half a code": (frame(CLOSE, b"\x03"), [PROTOCOL_ERROR]),
    "close with 999": (frame(CLOSE, close_data(999)), [PROTOCOL_ERROR]),
    "close with 1005": (frame(CLOSE, close_data(1005)), [PROTOCOL_ERROR]),
    "close with 1006": (frame(CLOSE, close_data(1006)), [PROTOCOL_ERROR]),
    "close with 1015": (frame(CLOSE, close_data(1015)), [PROTOCOL_ERROR]),
    "close with 2999": (frame(CLOSE, close_data(2999)), [PROTOCOL_ERROR]),
    "close with 5000": (frame(CLOSE, close_data(5000)), [PROTOCOL_ERROR]),
    "close with a long reason": (frame(CLOSE, close_data(1000, "r" * 124)), [PROTOCOL_ERROR]),
    "close with a reason that is no text": (
        frame(CLOSE, struct.pack("!H", 1000) + b"\xff"),
        [INVALID_DATA],
    ),
    # Everything else that a server must not do.
    "masked": (frame(BINARY, b"x", mask=True), [PROTOCOL_ERROR]),
    "masked and empty": (frame(BINARY, b"", mask=True), [PROTOCOL_ERROR]),
    "a masked ping": (frame(PING, b"x", mask=True), [PROTOCOL_ERROR]),
    "a reserved bit": (RESERVED, [PROTOCOL_ERROR]),
    **{
        f"opcode {opcode}": (frame(opcode), [PROTOCOL_ERROR])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
}


@pytest.mark.parametrize("case", CONFORMANCE)
def test_frame_conformance(case: str) -> None:
    data, outcomes = CONFORMANCE[case]

    assert decode(data) == outcomes


@pytest.mark.parametrize("case", CONFORMANCE)
def test_frame_conformance_byte_by_byte(case: str) -> None:
    data, outcomes = CONFORMANCE[case]

    assert decode(*(data[i : i + 1] for i in range(len(data)))) == outcomes


def test_a_message_that_announces_too_much_is_refused_before_its_content() -> None:
    head = bytes([0x80 | BINARY, 127]) + struct.pack("!Q", 1 << 40)

    assert decode(head[:-1]) == []
    assert decode(head) == [TOO_BIG]


def test_a_message_of_the_largest_size_is_taken() -> None:
    decoder = FrameDecoder(max_message_bytes=10)

    assert decode(frame(BINARY, b"0123456789"), decoder=decoder) == [Message(b"0123456789")]


def test_one_byte_more_is_refused() -> None:
    decoder = FrameDecoder(max_message_bytes=10)

    assert decode(frame(BINARY, b"0123456789a"), decoder=decoder) == [TOO_BIG]


@pytest.mark.parametrize("opcode", [BINARY, TEXT])
def test_fragments_count_together(opcode: int) -> None:
    decoder = FrameDecoder(max_message_bytes=10)
    data = frame(opcode, b"012345", fin=False) + frame(CONTINUATION, b"6789a")

    assert decode(data, decoder=decoder) == [TOO_BIG]


def test_a_message_may_have_so_many_fragments() -> None:
    decoder = FrameDecoder(max_fragments=3)
    data = frame(BINARY, b"a", fin=False) + frame(CONTINUATION, b"b", fin=False)

    assert decode(data + frame(CONTINUATION, b"c"), decoder=decoder) == [Message(b"abc")]


def test_one_fragment_more_is_refused() -> None:
    decoder = FrameDecoder(max_fragments=3)
    data = frame(BINARY, fin=False) + 2 * frame(CONTINUATION, fin=False)

    assert decode(data + frame(CONTINUATION), decoder=decoder) == [TOO_BIG]


def test_limits_start_anew_with_each_message() -> None:
    decoder = FrameDecoder(max_message_bytes=10, max_fragments=2)
    data = frame(BINARY, b"01234", fin=False) + frame(CONTINUATION, b"56789")

    assert decode(3 * data, decoder=decoder) == 3 * [Message(b"0123456789")]


def test_frames_of_the_client_are_masked_and_whole() -> None:
    assert binary_frame(b"abc")[:2] == bytes([0x80 | BINARY, 0x80 | 3])
    assert pong_frame(b"abc")[:2] == bytes([0x80 | PONG, 0x80 | 3])
    assert close_frame(1000)[:2] == bytes([0x80 | CLOSE, 0x80 | 2])
    assert close_frame(NO_STATUS)[:2] == bytes([0x80 | CLOSE, 0x80])


def test_data_is_not_shown() -> None:
    assert "secret" not in repr(Message(b"secret"))
    assert "secret" not in repr(Ping(b"secret"))


FRAMES = st.lists(
    st.builds(
        frame,
        st.sampled_from([BINARY, TEXT, PING, PONG, CONTINUATION]),
        st.binary(max_size=200),
        fin=st.booleans(),
    ),
    max_size=8,
).map(b"".join)


@given(data=FRAMES | st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=10))
def test_any_split_of_the_bytes_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(borders)]

    assert decode(*pieces) == decode(data)


@given(pieces=st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_give_events_or_a_violation(pieces: list[bytes]) -> None:
    decode(*pieces)
