"""
Content templates, as a part of the client's class.
"""

from __future__ import annotations

from conversations._client_base import ClientBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations.content import ContentTemplate


class ClientContent(ClientBase):
    """
    What rich messages can be made of.
    """

    def get_content_templates(self, *, timeout: float | None = None) -> list[ContentTemplate]:
        """
        The templates that rich messages can be made of.

        Answers are used again for 5 s.

        Args:
            timeout: Seconds for all pages.

        Raises:
            ConversationsError: They could not be read (reason
                ``CONTENT_TEMPLATES_FETCH_ERROR``).

        Wire: docs/protocol/conversations.md, Content templates.
        """

        async def run(service: ConversationsService, call: Call) -> tuple[ContentTemplate, ...]:
            return await service.content_commands.templates(call)

        return list(self._objects.call("get_content_templates", timeout, run))
