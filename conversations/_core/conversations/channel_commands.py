"""
What a user can ask about a message on other channels than chat: how far it has come there,
what the channel knows about it, whom it was addressed to.
"""

from __future__ import annotations

from itertools import groupby
from urllib.parse import quote

import attrs

from conversations._core.lru import LruCache
from conversations._core.upstream import UpstreamResponse
from conversations.delivery import DetailedDeliveryReceipt
from conversations.errors import NotFoundError
from conversations.recipients import ChannelMetadata, RecipientDescriptor

from . import channels
from .calls import Call
from .context import Context
from .exchange import missing
from .records import ConversationRecord, MessageRecord
from .requests import Requests
from .rest_pages import RestPage, all_entries, decode_page, with_query

NO_CHANNEL_METADATA = 50530
"""Code of the answer for a message of which no channel knows anything."""


@attrs.frozen(kw_only=True)
class RecipientsPage:
    """
    Recipients of some messages, and the tokens of the neighbouring pages.
    """

    recipients: tuple[RecipientDescriptor, ...]
    previous_token: str | None
    next_token: str | None


_MessageKey = tuple[str, str]


class ChannelCommands:
    """
    Delivery receipts, channel metadata and recipients.

    The last two do not change, so answers are kept, those used longest ago least.
    """

    def __init__(self, context: Context) -> None:
        configuration = context.configuration
        self._requests = Requests(context.exchange)
        self._links = configuration.links
        self._metadata: LruCache[_MessageKey, ChannelMetadata | None] = LruCache(
            configuration.channel_metadata_cache_capacity
        )
        self._recipients: LruCache[_MessageKey, tuple[RecipientDescriptor, ...]] = LruCache(
            configuration.message_recipients_cache_capacity
        )

    async def receipts(self, call: Call, message: MessageRecord) -> list[DetailedDeliveryReceipt]:
        """
        The receipts of a message, one for each participant that it was sent to.
        """
        url = self._links.message_receipts(message.conversation.sid, message.snapshot.sid)
        if url is None:
            raise missing("link messages_receipts")

        async def read(token: str | None) -> RestPage:
            answer = await self._get(call, with_query(url, {"PageToken": token}), message)
            return decode_page(answer, "delivery_receipts")

        conversation_sid, sid = _key(message)
        return [
            channels.detailed_receipt(entry, conversation_sid, sid)
            for entry in await all_entries(read)
        ]

    async def metadata(self, call: Call, message: MessageRecord) -> ChannelMetadata | None:
        """
        What the channel of a message knows about it; no request if it is said to be nothing.
        """
        if not message.snapshot.has_channel_metadata:
            return None
        key = _key(message)
        if key in self._metadata:
            return self._metadata[key]
        conversation_sid, sid = key
        conversation_url = self._links.conversation(conversation_sid)
        url = f"{conversation_url}/Messages/{quote(sid, safe='')}/ChannelMetadata"
        found: ChannelMetadata | None = None
        try:
            answer = await self._get(call, url, message)
        except NotFoundError as error:
            if error.code != NO_CHANNEL_METADATA:
                raise
        else:
            if not isinstance(answer.body, dict):
                raise missing("channel metadata")
            found = channels.channel_metadata(answer.body, sid)
        self._metadata[key] = found
        return found

    async def recipients_of_message(
        self, call: Call, message: MessageRecord
    ) -> tuple[RecipientDescriptor, ...]:
        """
        Whom a message was addressed to.
        """
        key = _key(message)
        if key in self._recipients:
            return self._recipients[key]
        conversation_sid, sid = key
        url = with_query(self._recipients_url(conversation_sid), {"MessageSid": sid})
        page = decode_page(await self._get(call, url, message), "message_recipients")
        recipients = tuple(channels.recipient(entry, sid) for entry in page.entries)
        if recipients:
            self._recipients[key] = recipients
        return recipients

    async def recipients_of_conversation(
        self,
        call: Call,
        conversation: ConversationRecord,
        *,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> RecipientsPage:
        """
        One page of the recipients of all messages.

        Args:
            call: The user's call.
            conversation: Which.
            page_size: Of so many messages.
            page_token: Of the page; without it, the first one.
        """
        url = with_query(
            self._recipients_url(conversation.sid), {"PageToken": page_token, "PageSize": page_size}
        )
        answer = await self._requests.get(call, url, about=conversation.sid)
        page = decode_page(answer, "message_recipients")
        recipients = tuple(channels.recipient(entry) for entry in page.entries)
        # All recipients of a message are on one page: its size counts messages.
        for sid, group in groupby(sorted(recipients, key=_message_sid), key=_message_sid):
            if sid:
                self._recipients[conversation.sid, sid] = tuple(group)
        return RecipientsPage(
            recipients=recipients,
            previous_token=page.previous_token,
            next_token=page.next_token,
        )

    async def _get(self, call: Call, url: str, message: MessageRecord) -> UpstreamResponse:
        return await self._requests.get(call, url, about=message.snapshot.sid)

    def _recipients_url(self, conversation_sid: str) -> str:
        return f"{self._links.conversation(conversation_sid)}/MessageRecipients"


def _key(message: MessageRecord) -> _MessageKey:
    return (message.conversation.sid, message.snapshot.sid)


def _message_sid(recipient: RecipientDescriptor) -> str:
    return recipient.message_sid
