"""
What users give to be sent.
"""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from conversations._net.failures import SourceFailure
from conversations._net.http import CHUNK_BYTES
from conversations._runtime.sources import (
    BytesSource,
    FileSource,
    PathSource,
    Reading,
    SourceBody,
    source_of,
)
from conversations.errors import InvalidArgumentError

CONTENT = bytes(range(256)) * 200


def content_of(source: Any, **more: Any) -> bytes:
    with source.opened() as reading:
        body = SourceBody(reading, max_size=None, count=lambda _: None, **more)
        return b"".join(body)


class Pipe(io.RawIOBase):
    """
    A stream that can neither tell its size nor be wound back.
    """

    def __init__(self, *pieces: Any) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> Any:
        return self.pieces.pop(0) if self.pieces else b""


class Minimal:
    """
    The least that counts as a file.
    """

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._data.read(size)


@pytest.mark.parametrize("value", [CONTENT, bytearray(CONTENT), memoryview(CONTENT)])
def test_bytes(value: Any) -> None:
    source = source_of(value)

    assert isinstance(source, BytesSource)
    assert (source.size, source.is_repeatable) == (len(CONTENT), True)
    assert content_of(source) == CONTENT
    assert content_of(source) == CONTENT


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    source = source_of(kind(path))

    assert isinstance(source, PathSource)
    assert (source.size, source.is_repeatable) == (len(CONTENT), True)
    assert content_of(source) == CONTENT
    assert content_of(source) == CONTENT


def test_a_path_is_read_as_it_is_when_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    source = source_of(path)
    path.write_bytes(b"and after")

    assert content_of(source) == b"and after"
    path.unlink()
    assert source.size is None
    with pytest.raises(FileNotFoundError), source.opened():
        pass


def test_a_named_pipe_has_no_size(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    source = source_of(path)

    assert source.size is None
    writer = threading.Thread(target=path.write_bytes, args=(b"through",))
    writer.start()
    assert content_of(source) == b"through"
    writer.join()


def test_an_open_file_is_read_from_where_it_stands_and_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        file.seek(100)
        source = source_of(file)

        assert isinstance(source, FileSource)
        assert (source.size, source.is_repeatable) == (len(CONTENT) - 100, True)
        assert content_of(source) == CONTENT[100:]
        assert content_of(source) == CONTENT[100:]
        assert not file.closed


def test_a_stream_serves_one_time() -> None:
    source = source_of(Pipe(b"one", b"two"))

    assert (source.size, source.is_repeatable) == (None, True)
    assert content_of(source) == b"onetwo"
    assert not source.is_repeatable
    with pytest.raises(SourceFailure, match="already"), source.opened():
        pass


def test_whatever_can_be_read_will_do() -> None:
    source = source_of(Minimal(CONTENT))

    assert source.size is None
    assert content_of(source) == CONTENT


def test_a_file_that_was_closed_meanwhile_has_no_size() -> None:
    file = io.BytesIO(CONTENT)
    source = source_of(file)
    file.close()

    assert source.size is None
    with pytest.raises(ValueError, match="closed"), source.opened():
        pass


@pytest.mark.parametrize(
    "value",
    [
        b"",
        bytearray(),
        "",
        io.BytesIO(),
        io.StringIO("text"),
        None,
        5,
        ["x"],
        object(),
        "/no/such/file",
        "with\0zero",
        Path("/no/such/file"),
    ],
)
def test_what_cannot_be_sent_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^source "):
        source_of(value)


def test_folders_and_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    for path in (tmp_path, tmp_path / "empty"):
        with pytest.raises(InvalidArgumentError):
            source_of(path)


def test_a_file_at_its_end_is_empty() -> None:
    file = io.BytesIO(CONTENT)
    file.seek(0, io.SEEK_END)

    with pytest.raises(InvalidArgumentError, match="must not be empty"):
        source_of(file)


# On its way


def test_pieces_are_counted_once_they_are_through() -> None:
    counted: list[int] = []
    body = SourceBody(
        Reading(len(CONTENT), io.BytesIO(CONTENT).read), max_size=None, count=counted.append
    )
    pieces = iter(body)

    assert len(next(pieces)) == CHUNK_BYTES
    assert counted == []
    next(pieces)
    assert counted == [CHUNK_BYTES]
    assert sum(map(len, pieces)) + 2 * CHUNK_BYTES == len(CONTENT) == sum(counted)


def body_of(*pieces: Any, max_size: int | None = None) -> bytes:
    reading = Reading(None, Pipe(*pieces).read)
    return b"".join(SourceBody(reading, max_size=max_size, count=lambda _: None))


def test_a_stream_that_has_nothing_is_noticed_before_anything_is_sent() -> None:
    with pytest.raises(SourceFailure, match="is empty"):
        body_of()


@pytest.mark.parametrize("piece", ["text", None, 5])
def test_what_is_not_bytes_is_refused(piece: Any) -> None:
    with pytest.raises(SourceFailure, match=type(piece).__name__):
        body_of(b"good", piece)


def test_a_stream_beyond_the_limit_is_refused() -> None:
    assert body_of(b"12345", max_size=5) == b"12345"
    with pytest.raises(SourceFailure, match="more than 5 bytes"):
        body_of(b"123", b"456", max_size=5)


def test_what_the_users_file_raises_is_kept_as_the_cause() -> None:
    def read(_: int) -> bytes:
        raise RuntimeError("canary")

    with pytest.raises(SourceFailure) as caught:
        SourceBody(Reading(None, read), max_size=None, count=lambda _: None)

    assert str(caught.value) == "the source cannot be read: RuntimeError"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_nothing_of_a_source_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "canary"
    path.write_bytes(b"x")

    shown = [repr(source_of(value)) for value in (b"canary", path, io.BytesIO(b"canary"))]
    assert "canary" not in "".join(shown)
