"""
From answers about a message on other channels to receipts, channel metadata and recipients.

Never raises (docs/protocol/conversations.md, Delivery receipts and what follows there).
"""

from __future__ import annotations

from conversations._core.upstream import json_text
from conversations._logs import ClientLog
from conversations.attributes import Attributes
from conversations.delivery import DetailedDeliveryReceipt
from conversations.enums import DeliveryStatus
from conversations.errors import InvalidArgumentError
from conversations.recipients import (
    ChannelMetadata,
    EmailRecipientDescriptor,
    RecipientDescriptor,
    UnknownRecipientDescriptor,
)

from .decoding import Item, answered_index, date, text

_log = ClientLog("conversations.client")


def detailed_receipt(
    item: Item, conversation_sid: str, message_sid: str
) -> DetailedDeliveryReceipt:
    """
    One receipt of that message.
    """
    return DetailedDeliveryReceipt(
        sid=text(item.get("sid")) or "",
        message_sid=text(item.get("message_sid")) or message_sid,
        conversation_sid=text(item.get("conversation_sid")) or conversation_sid,
        channel_message_sid=text(item.get("channel_message_sid")),
        participant_sid=text(item.get("participant_sid")),
        status=DeliveryStatus.from_wire(item.get("status")),
        error_code=answered_index(item.get("error_code")) or 0,
        date_created=date(item.get("date_created")),
        date_updated=date(item.get("date_updated")),
    )


def channel_metadata(item: Item, message_sid: str) -> ChannelMetadata:
    """
    What a channel knows about that message.
    """
    try:
        data = Attributes(item.get("data"))
    except InvalidArgumentError:
        _log.warning("The channel metadata of %s is nested too deeply", message_sid)
        data = Attributes(None)
    return ChannelMetadata(type=text(item.get("type")) or "", data=data)


def recipient(item: Item, message_sid: str = "") -> RecipientDescriptor:
    """
    One recipient.

    Args:
        item: What the service says.
        message_sid: The message, if it does not say that.
    """
    sid = text(item.get("message_sid")) or message_sid
    channel = text(item.get("type")) or ""
    if channel != "email":
        return UnknownRecipientDescriptor(
            type=channel, message_sid=sid, raw_data=json_text(dict(item))
        )
    return EmailRecipientDescriptor(
        message_sid=sid,
        level=text(item.get("level")) or "",
        name=text(item.get("name")),
        address=text(item.get("address")) or "",
    )
