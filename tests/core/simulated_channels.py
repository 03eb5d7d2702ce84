"""
What the simulated service knows besides chat: templates, receipts, channel metadata, recipients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from tests.core.simulated_objects import Request, Response, refusal

if TYPE_CHECKING:
    from tests.core.simulated_service import Conversation, SimulatedService


@attrs.define
class Channels:
    """
    Answers for what does not go through Sync objects.

    Attributes:
        templates: All of them.
        receipts: By the sid of their message.
        metadata: By the sid of their message.
        recipients: By the sid of their message, in the order of the messages.
        page_size: Of the lists, unless the request says another.
    """

    service: SimulatedService
    templates: list[Any] = attrs.field(factory=list)
    receipts: dict[str, list[Any]] = attrs.field(factory=dict)
    metadata: dict[str, Any] = attrs.field(factory=dict)
    recipients: dict[str, list[Any]] = attrs.field(factory=dict)
    page_size: int = 50

    def answer(self, request: Request, segments: list[str]) -> Response | None:
        """
        The answer, if the address is one of these.

        Args:
            request: The request.
            segments: Of its path, without ``Client/v2``.
        """
        if segments == ["ContentTemplates"]:
            return self._page(request, "templates", self.templates)
        match segments:
            case ["Services", _, "Conversations", sid, *resource] if resource:
                conversation = self.service.conversations.get(sid)
            case _:
                return None
        if conversation is None or conversation.is_deleted:
            return None
        match resource:
            case ["MessageRecipients"]:
                answer = self._recipients(request)
            case ["Messages", sid, "Receipts"]:
                answer = self._page(request, "delivery_receipts", self.receipts.get(sid, []))
            case ["Messages", sid, "ChannelMetadata"]:
                is_known = sid in self.metadata
                answer = Response(200, self.metadata[sid]) if is_known else refusal(404, 50530)
            case _:
                return None
        return answer if request.identity in conversation.members else refusal(403, 50430)

    def _recipients(self, request: Request) -> Response:
        sid = request.params.get("MessageSid")
        if sid is not None:
            return Response(200, {"message_recipients": self.recipients.get(sid, []), "meta": {}})
        groups = list(self.recipients.values())
        found = self._page(request, "message_recipients", groups)
        entries = [entry for group in found.body["message_recipients"] for entry in group]
        return Response(200, {**found.body, "message_recipients": entries})

    def _page(self, request: Request, member: str, entries: list[Any]) -> Response:
        """
        Tokens carry the page size, and need escaping.
        """
        token = request.params.get("PageToken", f"0/{request.params.get('PageSize', 0)}")
        start, size = (int(number) for number in token.split("/"))
        size = size or self.page_size
        rest = entries[start + size :]
        return Response(
            200,
            {
                member: entries[start : start + size],
                "meta": {
                    "previous_token": f"{max(start - size, 0)}/{size}" if start else None,
                    "next_token": f"{start + size}/{size}" if rest else None,
                },
            },
        )


def deliver(
    service: SimulatedService, conversation: Conversation, index: int, **amounts: Any
) -> None:
    """
    The aggregated receipt of a message changes.
    """
    nothing = dict.fromkeys(("sent", "delivered", "read", "undelivered", "failed"), "none")
    delivery = {"total": 2, **nothing, **amounts}
    service.edit(conversation, index, lastUpdatedBy=None, delivery=delivery)
