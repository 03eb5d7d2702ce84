"""
Sending media, and listeners that wait for what becomes of it.
"""

from __future__ import annotations

import io
import threading
from typing import Any

from conversations import (
    CallbackListener,
    Conversation,
    ErrorInfo,
    MediaUploadListener,
    Message,
)
from conversations.emulator import Emulator
from tests.timing import limit

CONTENT = bytes(range(256)) * 400  # 100 KiB
LARGE = bytes(8 * 1024 * 1024)
SECRET_CONTENT = b"canary-content"
SECRET_NAME = "canary-name.txt"


class Reports(MediaUploadListener):
    """
    Remembers what an upload's listener was told, and on which thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.told: list[tuple[Any, ...]] = []
        self.threads: set[str] = set()

    def on_started(self) -> None:
        self._note("started")

    def on_progress(self, bytes_sent: int) -> None:
        self._note("progress", bytes_sent)

    def on_completed(self, media_sid: str) -> None:
        self._note("completed", media_sid)

    def on_failed(self, error_info: ErrorInfo) -> None:
        self._note("failed", error_info)

    def _note(self, *what: Any) -> None:
        with self._changed:
            self.told.append(what)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def wait_for(self, kind: str) -> tuple[Any, ...]:
        with self._changed:
            assert self._changed.wait_for(lambda: self._find(kind), limit()), self.told
            return self._find(kind)

    def _find(self, kind: str) -> tuple[Any, ...]:
        return next((what for what in self.told if what[0] == kind), ())

    @property
    def counts(self) -> list[int]:
        return [what[1] for what in self.told if what[0] == "progress"]


class Outcome(CallbackListener[Message]):
    """
    Waits for how something in the background ended.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()
        self.calls: list[Any] = []

    def on_success(self, result: Message) -> None:
        self.calls.append(result)
        self._ended.set()

    def on_error(self, error_info: ErrorInfo) -> None:
        self.calls.append(error_info)
        self._ended.set()

    def wait(self) -> Any:
        assert self._ended.wait(limit())
        return self.calls[0]


class Pipe(io.RawIOBase):
    """
    A stream of unknown size.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._content.read(size)


def send(lunch: Conversation, *media: Any, **more: Any) -> Message:
    return lunch.send_message(media=media, timeout=limit(), **more)


def posted(emulator: Emulator) -> list[str]:
    """
    The paths of messages that were posted.
    """
    return [
        request.path
        for request in emulator.requests
        if request.method == "POST" and request.path.endswith("/Messages")
    ]


def uploads(emulator: Emulator) -> list[Any]:
    return [request for request in emulator.requests if request.path.endswith("/Media")]
