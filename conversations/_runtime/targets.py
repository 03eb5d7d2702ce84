"""
Where users want content to go: memory, paths, open files. Written on worker threads.
"""

from __future__ import annotations

import contextlib
import io
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

import attrs

from conversations._net.failures import HttpFailure, TargetFailure
from conversations._net.http import Write
from conversations.errors import InvalidArgumentError


class OpenableTarget(Protocol):
    """
    A target as the workers use it.
    """

    @property
    def is_repeatable(self) -> bool:
        """
        Whether it can be opened (again).
        """

    def opened(self) -> AbstractContextManager[Write]:
        """
        Begin to write it from the start. It counts if the block ends without an exception.
        """


@attrs.define(eq=False)
class MemoryTarget:
    """
    Memory.

    Attributes:
        content: What has come, once all of it has.
    """

    content: bytes = attrs.field(default=b"", init=False, repr=False)

    @property
    def is_repeatable(self) -> bool:
        """
        Always.
        """
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Write]:
        """
        Begin with nothing.
        """
        pieces: list[bytes] = []
        yield pieces.append
        self.content = b"".join(pieces)


@attrs.frozen
class PathTarget:
    """
    A file that is there as soon as it is complete, and not before.
    """

    path: Path = attrs.field(repr=False)

    @property
    def is_repeatable(self) -> bool:
        """
        Always.
        """
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Write]:
        """
        Begin a file beside it, which takes its place in the end.
        """
        unfinished = self.path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with unfinished.open("xb") as file:
                yield _writing_all(file.write)
            unfinished.replace(self.path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


@attrs.define(eq=False)
class FileTarget:
    """
    A file object of the user's: written from where it stands, and never closed.
    """

    file: IO[bytes] = attrs.field(repr=False)
    _start: int | None = attrs.field(init=False, default=None, repr=False)
    _is_used: bool = attrs.field(init=False, default=False, repr=False)

    @property
    def is_repeatable(self) -> bool:
        """
        Unless something has been written and cannot be overwritten.
        """
        return not self._is_used or self._start is not None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Write]:
        """
        Begin where it stood at first.
        """
        if self._start is None:
            self._start = _position(self.file)
        elif self._is_used:
            self.file.seek(self._start)

        def write(piece: bytes) -> None:
            self._is_used = True
            _writing_all(self.file.write)(piece)

        yield write


class GuardedTarget(AbstractContextManager[Write]):
    """
    A target that is being written; whatever goes wrong in it is a :class:`TargetFailure`.

    Args:
        target: To be opened.
        count: Told the length of each piece that is written.
    """

    def __init__(self, target: OpenableTarget, count: Callable[[int], None]) -> None:
        self._count = count
        self._opened = target.opened()

    def __enter__(self) -> Write:
        with _as_target_failure():
            write = self._opened.__enter__()

        def counted(piece: bytes) -> None:
            with _as_target_failure():
                write(piece)
            self._count(len(piece))

        return counted

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            with _as_target_failure():
                self._opened.__exit__(None, None, None)
        else:
            with contextlib.suppress(Exception):  # the error that is under way counts
                self._opened.__exit__(kind, error, traceback)


def target_of(value: object, name: str = "target") -> OpenableTarget:
    """
    The target that a user means.

    Args:
        value: A path or a binary file object.
        name: Of the argument, for errors.

    Raises:
        InvalidArgumentError: It is neither, or there can be no such file.
    """
    if isinstance(value, str | os.PathLike):
        raw = os.fspath(value)
        path = Path(os.fsdecode(raw))
        if not raw or path.is_dir() or not path.parent.is_dir():
            message = f"{name} must be the path of a file, in a folder that exists"
            raise InvalidArgumentError(message)
        return PathTarget(path)
    if isinstance(value, io.TextIOBase):
        message = f"{name} must be a file of bytes, not of text: open it with 'wb'"
        raise InvalidArgumentError(message)
    if callable(getattr(value, "write", None)):
        return FileTarget(value)  # type: ignore[arg-type]  # whatever has write() will do
    message = f"{name} must be a path or a binary file, not {type(value).__name__}"
    raise InvalidArgumentError(message)


@contextlib.contextmanager
def _as_target_failure() -> Iterator[None]:
    try:
        yield
    except HttpFailure:
        raise
    except Exception as error:
        message = f"the target cannot be written: {type(error).__name__}"
        raise TargetFailure(message) from error


def _writing_all(write: Callable[[bytes], Any]) -> Write:
    """
    Write every byte: an unbuffered file may take fewer than it is given.
    """

    def write_all(piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            taken = write(bytes(rest))
            if taken is None:  # it does not say, so it took all
                return
            if not taken:
                message = "the target takes nothing more"
                raise TargetFailure(message)
            rest = rest[taken:]

    return write_all


def _position(file: IO[bytes]) -> int | None:
    try:
        return file.tell() if file.seekable() else None
    except (OSError, ValueError, AttributeError):
        return None
