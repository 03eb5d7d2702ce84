"""
What a message is to carry, before it is uploaded.
"""

from __future__ import annotations

import os
from functools import partial
from typing import IO, Any, TypeAlias, Union

import attrs

from conversations import _arguments as arguments
from conversations._core.conversations.media_commands import Upload
from conversations._listeners import check_upload_listener
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.runtime import Runtime
from conversations._runtime.sources import OpenableSource, PathSource, source_of
from conversations.enums import MediaCategory
from conversations.errors import ErrorInfo, InvalidArgumentError
from conversations.listeners import MediaUploadListener

MediaSource: TypeAlias = Union[bytes, str, os.PathLike[str], IO[bytes]]
"""
Bytes, the path of a file, or a binary file object that stands at the start of the content.
"""

EmailSource: TypeAlias = Union[str, bytes, os.PathLike[str], IO[bytes]]
"""
The text itself, its bytes in UTF-8 or what the content type says, a path, or a binary file.
"""


@attrs.frozen(kw_only=True)
class Part:
    """
    One media that is to be uploaded, checked as far as possible.
    """

    category: MediaCategory
    content_type: str
    filename: str | None = attrs.field(default=None, repr=False)
    source: OpenableSource
    listener: MediaUploadListener | None = None

    def upload(self, runtime: Runtime, attempts: int) -> Upload:
        """
        The upload that the core is to do.
        """
        return Upload(
            category=self.category,
            content_type=self.content_type,
            filename=self.filename,
            source=self.source,
            observer=None if self.listener is None else _Reports(runtime, self.listener),
            attempts=attempts,
        )


def attachment(
    source: MediaSource,
    content_type: str,
    filename: str | None = None,
    listener: MediaUploadListener | None = None,
) -> Part:
    """
    An attachment; a path gives it a name if nothing else does.

    Raises:
        InvalidArgumentError: Something is empty or of a wrong type.
    """
    checked = source_of(source)
    name = arguments.optional_text(filename, "filename")
    if name is None and isinstance(checked, PathSource):
        # What the system itself cannot decode has stand-ins in it.
        name = checked.path.name.encode("utf-8", "replace").decode("utf-8")
    if name is not None and not _is_encodable(name):
        message = "filename cannot be written in UTF-8"
        raise InvalidArgumentError(message)
    check_upload_listener(listener)
    return Part(
        category=MediaCategory.MEDIA,
        content_type=_content_type(content_type),
        filename=name,
        source=checked,
        listener=listener,
    )


def email_part(
    category: MediaCategory,
    source: EmailSource,
    content_type: str,
    listener: MediaUploadListener | None = None,
) -> Part:
    """
    The body or the history of an e-mail in one content type.

    Raises:
        InvalidArgumentError: Something is empty or of a wrong type.
    """
    if isinstance(source, str) and not _is_encodable(source):
        message = "source cannot be written in UTF-8"
        raise InvalidArgumentError(message)
    checked = source_of(source.encode("utf-8") if isinstance(source, str) else source)
    check_upload_listener(listener)
    return Part(
        category=category,
        content_type=_content_type(content_type),
        source=checked,
        listener=listener,
    )


def _content_type(value: object) -> str:
    """
    A content type: it becomes a header, which no part of it may break out of.
    """
    text = arguments.text(value, "content_type")
    if not text.isascii() or not text.isprintable() or text != text.strip():
        message = "content_type contains characters that do not belong into one"
        raise InvalidArgumentError(message)
    return text


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a character
        return False
    return True


class _Reports:
    """
    Tells a listener of the user's how one upload gets on, on the listener thread.
    """

    def __init__(self, runtime: Runtime, listener: MediaUploadListener) -> None:
        self._runtime = runtime
        self._listener = listener

    def started(self) -> None:
        """
        It begins.
        """
        self._tell("on_started")

    def progressed(self, bytes_sent: int) -> None:
        """
        So many bytes are through.
        """
        self._tell("on_progress", bytes_sent)

    def completed(self, sid: str) -> None:
        """
        The service has it.
        """
        self._tell("on_completed", sid)

    def failed(self, error_info: ErrorInfo) -> None:
        """
        It will not come to that.
        """
        self._tell("on_failed", error_info)

    def _tell(self, callback: str, *values: Any) -> None:
        function = partial(getattr(self._listener, callback), *values)
        name = f"{type(self._listener).__name__}.{callback}"
        self._runtime.call_back(ListenerCall(name, function))
