"""
The media of a message, as a part of its class.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.http import Carrier
from conversations._core.conversations.service import ConversationsService
from conversations._filenames import SafeNames
from conversations._message_base import MessageBase
from conversations._runtime.targets import PathTarget
from conversations.enums import MediaCategory
from conversations.errors import InvalidArgumentError
from conversations.media import Media, checked_sids, sids_of_media, temporary_urls


class MessageMedia(MessageBase):
    """
    Attachments, and the bodies and histories of e-mails.
    """

    __slots__ = ()

    @property
    def attached_media(self) -> list[Media]:
        """
        The attachments, in the order of the message; ``[]`` if there are none.
        """
        return self.get_media_by_categories([MediaCategory.MEDIA])

    def get_media_by_categories(self, categories: Iterable[MediaCategory]) -> list[Media]:
        """
        The media of some categories, in the order of the message. No traffic.

        Args:
            categories: Which.

        Raises:
            InvalidArgumentError: One of them is no :class:`MediaCategory`.
        """
        wanted = arguments.iterable(categories, "categories")
        for category in wanted:
            arguments.instance(category, "each of categories", MediaCategory)
        return [
            Media(self._objects, snapshot)
            for snapshot in self._record.snapshot.media
            if snapshot.category in wanted
        ]

    def get_email_body(self, content_type: str = "text/plain") -> Media | None:
        """
        The body of an e-mail in one content type. No traffic.

        Args:
            content_type: Which.

        Raises:
            InvalidArgumentError: *content_type* is empty or no string.
        """
        return self._first(MediaCategory.BODY, content_type)

    def get_email_history(self, content_type: str = "text/plain") -> Media | None:
        """
        The history of an e-mail in one content type. No traffic.

        Args:
            content_type: Which.

        Raises:
            InvalidArgumentError: *content_type* is empty or no string.
        """
        return self._first(MediaCategory.HISTORY, content_type)

    def get_temporary_content_urls_for_attached_media(
        self, *, timeout: float | None = None
    ) -> dict[str, str]:
        """
        Addresses for downloading the attachments, by the sids of the media; one request.

        They last some minutes, and whoever has one has access: do not store or log them.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Returns:
            ``{}`` without a request if there are no attachments.

        Raises:
            MediaError: The service gives none for one of them.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Media.
        """
        return self.get_temporary_content_urls_for_media(self.attached_media, timeout=timeout)

    def get_temporary_content_urls_for_media(
        self, media: Iterable[Media], *, timeout: float | None = None
    ) -> dict[str, str]:
        """
        The same for some media, of whatever message.

        Args:
            media: Of this client.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: One of them is no :class:`Media` of this client.
            MediaError: The service gives none for one of them.
            ConversationsError: Anything else that went wrong.
        """
        return self._urls(sids_of_media(self._objects, media), timeout)

    def get_temporary_content_urls_for_media_sids(
        self, sids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, str]:
        """
        The same for some sids.

        Args:
            sids: ``ME…``.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: One of them is empty or no string.
            MediaError: The service gives none for one of them.
            ConversationsError: Anything else that went wrong.
        """
        return self._urls(checked_sids(sids), timeout)

    def download_media(
        self, directory: str | os.PathLike[str], *, timeout: float | None = None
    ) -> list[Path]:
        """
        Download all attachments into a folder.

        Each file gets the name that its sender gave it, as far as that is safe: without
        folders, and without what file systems refuse. Without a name, or if there is such a
        file already, the sid of the media becomes the name or a part of it.

        Args:
            directory: A folder that exists.
            timeout: Seconds for everything; by default the client's ``command_timeout`` for
                each stretch without progress.

        Returns:
            Where the files are, in the order of :attr:`attached_media`.

        Raises:
            InvalidArgumentError: There is no such folder.
            MediaError: A content cannot be had, or not be written. Those before it are there.
            ConversationsError: Anything else that went wrong.

        Threading: blocks; a worker thread does the work.
        """
        is_path = isinstance(directory, str | os.PathLike) and os.fspath(directory)
        if not is_path or not Path(directory).is_dir():
            message = "directory must be the path of a folder that exists"
            raise InvalidArgumentError(message)
        self._objects.checked(timeout)
        attached = [
            media for media in self._record.snapshot.media if media.category is MediaCategory.MEDIA
        ]
        names = SafeNames(Path(directory))
        paths = [names.path(media.sid, media.filename, media.content_type) for media in attached]

        async def run(service: ConversationsService, call: Call, carrier: Carrier) -> None:
            for media, path in zip(attached, paths, strict=True):
                await service.media_commands.download(call, carrier, media, PathTarget(path))

        if attached:
            self._objects.call_with_http(f"download_media of {self.sid}", timeout, run)
        return paths

    def _first(self, category: MediaCategory, content_type: str) -> Media | None:
        wanted = arguments.text(content_type, "content_type")
        found = (
            media
            for media in self.get_media_by_categories([category])
            if media.content_type == wanted
        )
        return next(found, None)

    def _urls(self, sids: list[str], timeout: float | None) -> dict[str, str]:
        name = f"get_temporary_content_urls of {self.sid}"
        return temporary_urls(self._objects, name, sids, timeout)
