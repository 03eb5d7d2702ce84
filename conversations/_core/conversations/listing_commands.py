"""
The user's conversations page by page, in the order of the server's keys.

Read from the map of the user's conversations, not from the REST list: the map is what follows
them (docs/protocol/conversations.md, The map of the user's conversations).
"""

from __future__ import annotations

import attrs

from conversations._core.promises import gather
from conversations._core.sync.queries import Order
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from conversations.enums import ConversationSynchronizationStatus

from .calls import Call
from .context import Context
from .conversation import ConversationModel
from .conversation_list import ConversationList
from .records import ConversationRecord


@attrs.frozen(kw_only=True)
class ConversationPage:
    """
    Some of the user's conversations, and where the pages before and after them begin.

    Attributes:
        records: By rising key; without those that could not be opened.
        previous: The page before ends before this key; ``None``: there is none.
        following: The page after begins after this key; ``None``: there is none.
    """

    records: list[ConversationRecord]
    previous: str | None
    following: str | None


class ListingCommands:
    """
    Reading the list of conversations on request.
    """

    def __init__(self, context: Context, conversations: ConversationList) -> None:
        self._context = context
        self._conversations = conversations

    async def page(
        self, call: Call, *, start: str | None, page_size: int, order: Order = "asc"
    ) -> ConversationPage:
        """
        One page. What it names is known from then on, and followed.

        Args:
            call: The user's call.
            start: The key that it begins after; ``None``: at the end that *order* begins with.
            page_size: How many at most, up to 100.
            order: Descending for the page before.
        """

        async def send(request: UpstreamRequest) -> UpstreamResponse:
            return await self._context.exchange.read(call, request)

        page = await self._conversations.read_entries(
            start=start, page_size=page_size, order=order, send=send
        )
        keys = [item.key for item in page.items]
        models = [model for key in keys if (model := self._conversations.get(key)) is not None]
        call.step = "the conversations of the page"
        opened = await gather(self._context.scheduler, [self._opened(model) for model in models])
        records = [record for record in opened if record is not None]
        before = keys[0] if keys and page.has_previous else None
        after = page.last_key if page.has_next else None
        if order == "desc":
            return ConversationPage(records=records[::-1], previous=after, following=before)
        return ConversationPage(records=records, previous=before, following=after)

    async def _opened(self, model: ConversationModel) -> ConversationRecord | None:
        """
        A conversation once it can be shown; ``None`` if it cannot be opened, or is gone.
        """
        with self._context.exchange.expedited(model.concerns):
            await model.reached(ConversationSynchronizationStatus.METADATA)
        is_there = model.is_readable and not model.record.is_forgotten
        return model.record if is_there else None
