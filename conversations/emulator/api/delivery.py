"""
What is known about messages outside the chat.
"""

from __future__ import annotations

from ..._core.upstream import JSONValue
from ..clock import iso_date
from ..domain import delivery, messages
from ..domain.access import require_participant
from ..domain.records import Conversation, DeliveryReceipt, Message, Recipient
from .calls import Answer, Call
from .conversations import named_conversation
from .messages import named_message
from .pages import PageRequest, cut_page

PAGE_SIZE = 50


def list_receipts(call: Call) -> Answer:
    """
    ``GET {conversations}/{sid}/Messages/{message sid}/Receipts``.
    """
    conversation, message = named_message(call)
    page = PageRequest.decode(call.request, PAGE_SIZE)
    cut, meta = cut_page(list(message.receipts.values()), lambda receipt: receipt.number, page)
    bodies = [_receipt_body(call, conversation, message, receipt) for receipt in cut]
    return Answer(body={"delivery_receipts": bodies, "meta": meta})


def get_metadata(call: Call) -> Answer:
    """
    ``GET {conversations}/{sid}/Messages/{message sid}/ChannelMetadata``.
    """
    _, message = named_message(call)
    metadata = delivery.metadata_of(message)
    return Answer(body={"type": metadata.type, "data": metadata.data})


def list_recipients(call: Call) -> Answer:
    """
    ``GET {conversations}/{sid}/MessageRecipients``: of one message, or of all.

    Pages are made of messages, so that all recipients of one are together.
    """
    conversation = named_conversation(call)
    require_participant(conversation, call.caller)
    page = PageRequest.decode(call.request, PAGE_SIZE)
    sid = call.request.parameter("MessageSid")
    named = [messages.find(conversation, sid)] if sid else conversation.messages.values()
    addressed = [message for message in named if message.recipients]
    cut, meta = cut_page(addressed, lambda message: message.index, page)
    bodies = [
        _recipient_body(message, recipient) for message in cut for recipient in message.recipients
    ]
    return Answer(body={"message_recipients": bodies, "meta": meta})


def _receipt_body(
    call: Call, conversation: Conversation, message: Message, receipt: DeliveryReceipt
) -> JSONValue:
    return {
        "sid": receipt.sid,
        "account_sid": call.service.account,
        "conversation_sid": conversation.sid,
        "message_sid": message.sid,
        "channel_message_sid": receipt.channel_message_sid,
        "participant_sid": receipt.participant_sid,
        "status": receipt.status.value,
        "error_code": receipt.error_code or None,
        "date_created": iso_date(receipt.date_created),
        "date_updated": iso_date(receipt.date_updated),
    }


def _recipient_body(message: Message, recipient: Recipient) -> JSONValue:
    return {
        "message_sid": message.sid,
        "type": "email",
        "level": recipient.level,
        "name": recipient.name,
        "address": recipient.address,
    }
