"""
What a message has besides its text, as a part of its class: how it fares on other channels,
whom it was addressed to, rich content.
"""

from __future__ import annotations

from conversations._core.conversations import rich_content
from conversations._core.conversations.calls import Call
from conversations._core.conversations.http import Carrier
from conversations._core.conversations.service import ConversationsService
from conversations._message_base import MessageBase
from conversations._runtime.targets import MemoryTarget
from conversations.content import ContentData
from conversations.delivery import AggregatedDeliveryReceipt, DetailedDeliveryReceipt
from conversations.errors import MediaError
from conversations.recipients import ChannelMetadata, RecipientDescriptor


class MessageDetails(MessageBase):
    """
    Delivery receipts, channel metadata, recipients and rich content.
    """

    __slots__ = ()

    @property
    def aggregated_delivery_receipt(self) -> AggregatedDeliveryReceipt | None:
        """
        How the message fares with the participants of channels other than chat.

        ``None`` where there are none. ``on_message_updated`` tells changes with the reason
        ``DELIVERY_RECEIPT``.
        """
        return self._record.snapshot.aggregated_delivery_receipt

    def get_detailed_delivery_receipt_list(
        self, *, timeout: float | None = None
    ) -> list[DetailedDeliveryReceipt]:
        """
        The delivery receipts, one for each participant on a channel other than chat.

        Args:
            timeout: Seconds for all pages; by default the client's ``command_timeout``.

        Returns:
            All of them, as the service orders them; ``[]`` where there are none.

        Raises:
            ForbiddenError: The user is not in the conversation.
            NotFoundError: The message is removed.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Delivery receipts.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> list[DetailedDeliveryReceipt]:
            return await service.channel_commands.receipts(call, record)

        return self._call("get_detailed_delivery_receipt_list of", timeout, run)

    def get_channel_metadata(self, *, timeout: float | None = None) -> ChannelMetadata | None:
        """
        What the channel that the message came over knows about it.

        Asked for once; later calls repeat the answer, as long as the client keeps it
        (``Properties.channel_metadata_cache_capacity``).

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Returns:
            ``None`` if there is nothing; no request for a message that says so itself.

        Raises:
            ForbiddenError: The user may not read it.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Channel metadata.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> ChannelMetadata | None:
            return await service.channel_commands.metadata(call, record)

        return self._call("get_channel_metadata of", timeout, run)

    def get_message_recipients(self, *, timeout: float | None = None) -> list[RecipientDescriptor]:
        """
        Whom the message was addressed to, on channels that have addresses.

        Asked for once, unless there was nobody; later calls repeat the answer, as long as the
        client keeps it (``Properties.message_recipients_cache_capacity``).

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Returns:
            E-mail addresses and what may come to them; ``[]`` for a message of other channels.

        Raises:
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Recipients.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> tuple[RecipientDescriptor, ...]:
            return await service.channel_commands.recipients_of_message(call, record)

        return list(self._call("get_message_recipients of", timeout, run))

    @property
    def content_sid(self) -> str | None:
        """
        ``HX…`` of the template that it was made of; ``None`` if it is no rich message.
        """
        return self._record.snapshot.content_sid

    def get_content_data(self, *, timeout: float | None = None) -> ContentData | None:
        """
        The content of a rich message: text with buttons, a card and so on.

        Downloaded with each call: it does not change, so keep it if it is needed again.

        Args:
            timeout: Seconds for everything; by default the client's ``command_timeout`` for
                each stretch without progress.

        Returns:
            An object of the class that stands for its kind. ``None`` for a message that is
            not rich, and for one that the service has given no content; no request then.

        Raises:
            MediaError: The content cannot be had (reason ``CONTENT_MEDIA_DOWNLOAD_ERROR``).
            ConversationsError: Anything else that went wrong.

        Threading: blocks; a worker thread downloads.

        Wire: docs/protocol/conversations.md, The content of a message.
        """
        media = rich_content.rich_media(self._record.snapshot)
        if media is None:
            self._objects.checked(timeout)
            return None
        target, name = MemoryTarget(), f"get_content_data of {self.sid}"

        async def run(service: ConversationsService, call: Call, carrier: Carrier) -> None:
            await service.content_commands.download(call, carrier, media, target)

        self._objects.call_with_http(name, timeout, run)
        try:
            return rich_content.downloaded(media.content_type, target.content)
        except MediaError as error:
            error.operation = name
            raise
