"""
Where users want content to go.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from conversations._net.failures import HttpLost, TargetFailure
from conversations._runtime.targets import (
    FileTarget,
    GuardedTarget,
    MemoryTarget,
    PathTarget,
    target_of,
)
from conversations.errors import InvalidArgumentError


def fill(target: Any, *pieces: bytes, error: Exception | None = None) -> list[int]:
    counted: list[int] = []
    with GuardedTarget(target, counted.append) as write:
        for piece in pieces:
            write(piece)
        if error is not None:
            raise error
    return counted


class Unbuffered(io.RawIOBase):
    """
    A file that takes at most three bytes at a time, and only so many altogether.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)[: min(3, self.room)]
        self.room -= len(taken)
        self.content += taken
        return len(taken)


def test_memory() -> None:
    target = MemoryTarget()

    assert fill(target, b"ab", b"c") == [2, 1]
    assert target.content == b"abc"
    with pytest.raises(HttpLost):
        fill(target, b"half", error=HttpLost())
    assert target.content == b"abc"
    assert target.is_repeatable


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_there_once_it_is_complete(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "file"
    target = target_of(kind(path))
    assert isinstance(target, PathTarget)

    with GuardedTarget(target, lambda _: None) as write:
        write(b"ab")
        assert not path.exists()
        write(b"c")

    assert path.read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_is_not_completed_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    target = target_of(path)

    with pytest.raises(HttpLost):
        fill(target, b"half", error=HttpLost())

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
    assert target.is_repeatable
    fill(target, b"after")
    assert path.read_bytes() == b"after"


def test_a_folder_that_has_gone_is_a_failure_of_the_target(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    target = target_of(folder / "file")
    folder.rmdir()

    with pytest.raises(TargetFailure, match="FileNotFoundError") as caught:
        fill(target, b"x")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_file_is_written_from_where_it_stands_and_stays_open() -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    target = target_of(file)
    assert isinstance(target, FileTarget)

    fill(target, b"ab", b"c")

    assert file.getvalue() == b"0123abc789"
    assert not file.closed


def test_a_file_that_can_be_wound_back_is_written_again() -> None:
    file = io.BytesIO()
    target = target_of(file)

    with pytest.raises(HttpLost):
        fill(target, b"half", error=HttpLost())
    assert target.is_repeatable
    fill(target, b"whole!")

    assert file.getvalue() == b"whole!"


def test_a_stream_is_written_once() -> None:
    file = Unbuffered(100)
    target = target_of(file)

    assert target.is_repeatable
    fill(target, b"12345678")

    assert file.content == b"12345678"  # three bytes at a time
    assert not target.is_repeatable


def test_a_full_target_is_a_failure() -> None:
    with pytest.raises(TargetFailure, match="nothing more"):
        fill(target_of(Unbuffered(5)), b"12345678")


def test_whatever_can_be_written_will_do() -> None:
    class Minimal:
        def __init__(self) -> None:
            self.content = b""

        def write(self, data: bytes) -> None:
            self.content += data

    file = Minimal()
    fill(target_of(file), b"ab", b"c")

    assert file.content == b"abc"


def test_what_the_users_file_raises_is_kept_as_the_cause() -> None:
    class Broken(io.BytesIO):
        def write(self, _: Any) -> int:
            raise RuntimeError("canary")

    with pytest.raises(TargetFailure) as caught:
        fill(target_of(Broken()), b"x")

    assert str(caught.value) == "the target cannot be written: RuntimeError"
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "value", ["", None, 5, object(), io.StringIO(), "/no/such/folder/file", Path("/")]
)
def test_what_cannot_be_written_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^target "):
        target_of(value)
