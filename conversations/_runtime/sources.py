"""
What users give to be sent: bytes, paths, open files. Read on worker threads, piece by piece.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

import attrs

from conversations._net.failures import SourceFailure
from conversations._net.http import CHUNK_BYTES
from conversations.errors import InvalidArgumentError


@attrs.frozen
class Reading:
    """
    A source that is being read.

    Attributes:
        size: So many bytes will come; ``None`` if that is not known.
        read: Returns the next bytes, at most as many as it is asked for; none at the end.
    """

    size: int | None
    read: Callable[[int], Any]


class OpenableSource(Protocol):
    """
    A source as the workers use it.
    """

    @property
    def size(self) -> int | None:
        """
        In bytes, as far as it can be told now.
        """

    @property
    def is_repeatable(self) -> bool:
        """
        Whether it can be opened (again).
        """

    def opened(self) -> AbstractContextManager[Reading]:
        """
        Begin to read it from the start.
        """


@attrs.frozen
class BytesSource:
    """
    Bytes in memory.
    """

    data: bytes = attrs.field(repr=False)

    @property
    def size(self) -> int:
        """
        In bytes.
        """
        return len(self.data)

    @property
    def is_repeatable(self) -> bool:
        """
        Always.
        """
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Reading]:
        """
        Begin to read them from the start.
        """
        yield Reading(self.size, io.BytesIO(self.data).read)


@attrs.frozen
class PathSource:
    """
    A file that is opened for each reading.
    """

    path: Path = attrs.field(repr=False)

    @property
    def size(self) -> int | None:
        """
        In bytes; ``None`` for what is no ordinary file, or not there now.
        """
        try:
            return _size_of(self.path.stat())
        except OSError:
            return None

    @property
    def is_repeatable(self) -> bool:
        """
        Always.
        """
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Reading]:
        """
        Begin to read it from the start.
        """
        with self.path.open("rb") as file:
            yield Reading(_size_of(os.fstat(file.fileno())), file.read)


@attrs.define(eq=False)
class FileSource:
    """
    A file object of the user's: read from where it stands to its end, and never closed.
    """

    file: IO[bytes] = attrs.field(repr=False)
    _start: int | None = attrs.field(init=False, repr=False)
    _is_used: bool = attrs.field(init=False, default=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """
        Note where it stands.
        """
        self._start = _position(self.file)

    @property
    def size(self) -> int | None:
        """
        In bytes; ``None`` for a stream that cannot tell.
        """
        if self._start is None:
            return None
        try:
            before = self.file.tell()
            end = self.file.seek(0, os.SEEK_END)
            self.file.seek(before)
        except (OSError, ValueError):  # closed meanwhile: reading it will say so
            return None
        return max(0, end - self._start)

    @property
    def is_repeatable(self) -> bool:
        """
        Unless it has been read and cannot be wound back.
        """
        return self._start is not None or not self._is_used

    @contextlib.contextmanager
    def opened(self) -> Iterator[Reading]:
        """
        Begin to read it from where it stood at first.
        """
        if not self.is_repeatable:
            message = "the source has been read already and cannot be read again"
            raise SourceFailure(message)
        self._is_used = True
        size = self.size
        if self._start is not None:
            self.file.seek(self._start)
        yield Reading(size, self.file.read)


def source_of(value: object, name: str = "source") -> OpenableSource:
    """
    The source that a user means.

    Args:
        value: Bytes, a path, or a binary file object.
        name: Of the argument, for errors.

    Raises:
        InvalidArgumentError: It is none of these, is empty, or is no file.
    """
    source: OpenableSource
    if isinstance(value, bytes | bytearray | memoryview):
        source = BytesSource(bytes(value))
    elif isinstance(value, str | os.PathLike):
        source = PathSource(_path(value, name))
    elif callable(getattr(value, "read", None)):
        if isinstance(value, io.TextIOBase):
            message = f"{name} must be a file of bytes, not of text: open it with 'rb'"
            raise InvalidArgumentError(message)
        source = FileSource(value)  # type: ignore[arg-type]  # whatever has read() will do
    else:
        kind = type(value).__name__
        message = f"{name} must be bytes, a path or a binary file, not {kind}"
        raise InvalidArgumentError(message)
    if source.size == 0:
        message = f"{name} must not be empty"
        raise InvalidArgumentError(message)
    return source


class SourceBody:
    """
    A source on its way into a request.

    Args:
        reading: The source, opened.
        max_size: So many bytes may come if the source does not know its size.
        count: Told the length of each piece once it is through.

    Raises:
        SourceFailure: It is empty, or cannot be read.
    """

    def __init__(
        self, reading: Reading, *, max_size: int | None, count: Callable[[int], None]
    ) -> None:
        self.size = reading.size
        self._reading = reading
        self._max_size = max_size
        self._count = count
        self._first = self._next()  # before anything is sent
        if not self._first:
            message = "the source is empty"
            raise SourceFailure(message)

    def __iter__(self) -> Iterator[bytes]:
        total, piece = 0, self._first
        while piece:
            total += len(piece)
            if self._max_size is not None and total > self._max_size:
                message = f"the source has more than {self._max_size} bytes"
                raise SourceFailure(message)
            yield piece
            self._count(len(piece))
            piece = self._next()

    def _next(self) -> bytes:
        try:
            piece = self._reading.read(CHUNK_BYTES)
        except Exception as error:  # the user's code
            message = f"the source cannot be read: {type(error).__name__}"
            raise SourceFailure(message) from error
        if not isinstance(piece, bytes):
            message = f"the source gave {type(piece).__name__}, not bytes"
            raise SourceFailure(message)
        return piece


def _path(value: str | os.PathLike[Any], name: str) -> Path:
    raw = os.fspath(value)
    if not raw:
        message = f"{name} must not be empty"
        raise InvalidArgumentError(message)
    path = Path(os.fsdecode(raw))
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        message = f"{name} is the path of no file that can be read: {type(error).__name__}"
        raise InvalidArgumentError(message) from error
    if stat.S_ISDIR(mode):
        message = f"{name} is the path of a folder"
        raise InvalidArgumentError(message)
    return path


def _position(file: IO[bytes]) -> int | None:
    """
    Where a file stands; ``None`` if it cannot be wound back.
    """
    try:
        return file.tell() if file.seekable() else None
    except (OSError, ValueError, AttributeError):
        return None


def _size_of(status: os.stat_result) -> int | None:
    return status.st_size if stat.S_ISREG(status.st_mode) else None
