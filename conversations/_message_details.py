"""
What a message has besides its text, as a part of its class: how it fares on other channels,
whom it was addressed to, rich content.
"""

from __future__ import annotations

from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations._message_base import MessageBase
from conversations.delivery import AggregatedDeliveryReceipt, DetailedDeliveryReceipt
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
