"""
What a user can ask about content templates, and about messages that are made of them.
"""

from __future__ import annotations

from conversations.content import ContentTemplate
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, MediaError

from . import rich_content
from .calls import Call
from .context import Context
from .failures import with_reason
from .http import Carrier, Target
from .media_commands import MediaCommands
from .requests import Requests
from .rest_pages import RestPage, all_entries, decode_page, with_query
from .snapshots import MediaSnapshot

TEMPLATES_PAGE_SIZE = 100
TEMPLATES_LIFETIME = 5.0
"""Seconds for which the templates are used again."""


class ContentCommands:
    """
    Reading templates and contents.

    Args:
        context: What the parts share.
        media: For the contents.
        api_url: Base of the REST API, without a slash at the end.
    """

    def __init__(self, context: Context, media: MediaCommands, api_url: str) -> None:
        self._scheduler = context.scheduler
        self._requests = Requests(context.exchange)
        self._media = media
        self._url = f"{api_url}/Client/v2/ContentTemplates"
        self._kept: tuple[ContentTemplate, ...] = ()
        self._kept_until = 0.0

    async def templates(self, call: Call) -> tuple[ContentTemplate, ...]:
        """
        All templates, or those that were read in the last seconds.
        """
        if self._scheduler.now < self._kept_until:
            return self._kept

        async def read(token: str | None) -> RestPage:
            url = with_query(self._url, {"PageSize": TEMPLATES_PAGE_SIZE, "PageToken": token})
            answer = await self._requests.get(call, url, about="the content templates")
            return decode_page(answer, "templates")

        try:
            entries = await all_entries(read)
        except ConversationsError as error:
            raise with_reason(error, ErrorReason.CONTENT_TEMPLATES_FETCH_ERROR) from error
        found = (rich_content.template(entry) for entry in entries)
        self._kept = tuple(template for template in found if template is not None)
        self._kept_until = self._scheduler.now + TEMPLATES_LIFETIME
        return self._kept

    async def download(
        self, call: Call, carrier: Carrier, media: MediaSnapshot, target: Target
    ) -> None:
        """
        Bring the content of a rich message into *target*.

        Raises:
            MediaError: It cannot be had.
        """
        try:
            await self._media.download(call, carrier, media, target)
        except MediaError as error:
            raise with_reason(error, ErrorReason.CONTENT_MEDIA_DOWNLOAD_ERROR) from error
