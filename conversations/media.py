"""
A media of a message: an attachment, or a body or history of an e-mail.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.http import Carrier, Target
from conversations._core.conversations.service import ConversationsService
from conversations._core.conversations.snapshots import MediaSnapshot
from conversations._objects import Objects
from conversations._plain import plain_dict
from conversations._runtime.targets import MemoryTarget, target_of
from conversations.attributes import JSONValue
from conversations.enums import MediaCategory
from conversations.errors import InvalidArgumentError

__all__ = ["Media"]


class Media:
    """
    One media of a message. Two are equal if they are the same media of the same client.

    Reading a property never blocks. The content lies with the service until it is downloaded.

    Threading: any thread.
    """

    __slots__ = ("__weakref__", "_objects", "_snapshot")

    def __init__(self, objects: Objects, snapshot: MediaSnapshot) -> None:
        self._objects = objects
        self._snapshot = snapshot

    @property
    def sid(self) -> str:
        """
        ``ME…``.
        """
        return self._snapshot.sid

    @property
    def category(self) -> MediaCategory:
        """
        What it is of the message.
        """
        return self._snapshot.category

    @property
    def content_type(self) -> str:
        """
        The type of its content, such as ``image/png``.
        """
        return self._snapshot.content_type

    @property
    def filename(self) -> str | None:
        """
        The name that the sender has given it. Not safe to be used as a path as it is:
        :meth:`Message.download_media` makes safe names.
        """
        return self._snapshot.filename

    @property
    def size(self) -> int:
        """
        In bytes; 0 if the service has not told.
        """
        return self._snapshot.size or 0

    def get_temporary_content_url(self, *, timeout: float | None = None) -> str:
        """
        An address from which anybody can download the content for some minutes.

        A fresh one with each call. Whoever has it has access: do not store or log it.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            MediaError: The service gives none (reason ``MEDIA_FETCH_ERROR``).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Media.
        """
        sid = self.sid

        async def run(service: ConversationsService, call: Call, carrier: Carrier) -> str:
            return await service.media_commands.temporary_url(call, carrier, sid)

        name = f"get_temporary_content_url of {sid}"
        return self._objects.call_with_http(name, timeout, run, moves_media=False)

    def download(self, *, timeout: float | None = None) -> bytes:
        """
        The content, all of it in memory.

        Args:
            timeout: Seconds for everything; by default the client's ``command_timeout`` for
                each stretch without progress.

        Raises:
            MediaError: It cannot be had, or is not as long as it should be.
            ConversationsError: Anything else that went wrong.

        Threading: blocks; a worker thread does the work.

        Wire: docs/protocol/conversations.md, Media.
        """
        target = MemoryTarget()
        download(self._objects, self._snapshot, target, timeout)
        return target.content

    def download_to(
        self,
        path_or_file: str | os.PathLike[str] | IO[bytes],
        *,
        timeout: float | None = None,
    ) -> None:
        """
        Write the content to a file, piece by piece.

        Args:
            path_or_file: A path: the file is there once it is complete, and replaces one of
                the same name. Or a binary file object, written from where it stands, and not
                closed; after an error it may hold a part.
            timeout: As for :meth:`download`.

        Raises:
            InvalidArgumentError: It is neither, or the folder does not exist.
            MediaError: The content cannot be had, or not be written.
            ConversationsError: Anything else that went wrong.

        Threading: blocks; a worker thread does the work.
        """
        target = target_of(path_or_file, "path_or_file")
        download(self._objects, self._snapshot, target, timeout)

    def to_dict(self) -> dict[str, JSONValue]:
        """
        Its data, ready for JSON: by the names of the properties, the category as its value.
        """
        return plain_dict(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Media):
            return NotImplemented
        return self.sid == other.sid and self._objects is other._objects

    def __hash__(self) -> int:
        return hash(self.sid)

    def __repr__(self) -> str:
        word = self._snapshot.category_word
        return f"<Media {self.sid} {word} {self.content_type} {self.size} bytes>"


def download(
    objects: Objects, snapshot: MediaSnapshot, target: Target, timeout: float | None
) -> None:
    """
    Bring the content of one media into *target*.
    """

    async def run(service: ConversationsService, call: Call, carrier: Carrier) -> None:
        await service.media_commands.download(call, carrier, snapshot, target)

    objects.call_with_http(f"download of {snapshot.sid}", timeout, run)


def temporary_urls(
    objects: Objects, name: str, sids: list[str], timeout: float | None
) -> dict[str, str]:
    """
    Fresh addresses, by sid; no request for none.
    """

    async def run(service: ConversationsService, call: Call, carrier: Carrier) -> dict[str, str]:
        return await service.media_commands.temporary_urls(call, carrier, sids)

    objects.checked(timeout)
    if not sids:
        return {}
    return objects.call_with_http(name, timeout, run, moves_media=False)


def sids_of_media(objects: Objects, media: Iterable[Media]) -> list[str]:
    """
    The sids of media that a user has given, each once.

    Raises:
        InvalidArgumentError: One is no media of this client.
    """
    sids = []
    for one in arguments.iterable(media, "media"):
        arguments.instance(one, "each of media", Media)
        if one._objects is not objects:  # noqa: SLF001  # its own class
            message = f"{one.sid} is a media of another client"
            raise InvalidArgumentError(message)
        sids.append(one.sid)
    return list(dict.fromkeys(sids))


def checked_sids(sids: Iterable[str]) -> list[str]:
    """
    Sids that a user has given, each once.

    Raises:
        InvalidArgumentError: One is no text, or empty.
    """
    given = arguments.iterable(sids, "sids")
    return list(dict.fromkeys(arguments.text(sid, "each of sids") for sid in given))
