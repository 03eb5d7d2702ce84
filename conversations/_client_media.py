"""
Media, as a part of the client's class.
"""

from __future__ import annotations

from collections.abc import Iterable

from conversations._client_base import ClientBase
from conversations.media import Media, checked_sids, sids_of_media, temporary_urls


class ClientMedia(ClientBase):
    """
    Addresses of media.
    """

    def get_temporary_content_urls_for_media(
        self, media: Iterable[Media], *, timeout: float | None = None
    ) -> dict[str, str]:
        """
        Addresses for downloading some media, by the sids of the media; one request.

        They last some minutes, and whoever has one has access: do not store or log them.

        Args:
            media: Of messages of this client.
            timeout: Seconds; by default ``Properties.command_timeout``.

        Returns:
            ``{}`` without a request for no media.

        Raises:
            InvalidArgumentError: One of them is no :class:`Media` of this client.
            MediaError: The service gives none for one of them (reason ``MEDIA_FETCH_ERROR``).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Media.
        """
        name = "get_temporary_content_urls_for_media"
        return temporary_urls(self._objects, name, sids_of_media(self._objects, media), timeout)

    def get_temporary_content_urls_for_media_sids(
        self, sids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, str]:
        """
        The same for some sids.

        Args:
            sids: ``ME…``.
            timeout: Seconds; by default ``Properties.command_timeout``.

        Raises:
            InvalidArgumentError: One of them is empty or no string.
            MediaError: The service gives none for one of them (reason ``MEDIA_FETCH_ERROR``).
            ConversationsError: Anything else that went wrong.
        """
        name = "get_temporary_content_urls_for_media_sids"
        return temporary_urls(self._objects, name, checked_sids(sids), timeout)
