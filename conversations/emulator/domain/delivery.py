"""
What becomes of messages outside the chat: receipts, recipients, metadata.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..._core.upstream import JSONValue
from ..refusals import refusal
from .items import message_item
from .records import (
    Binding,
    ChannelMetadata,
    Conversation,
    DeliveryReceipt,
    DeliveryStatus,
    Message,
    Participant,
    Recipient,
)
from .service import Service

EMAIL = "email"


def begin(service: Service, conversation: Conversation, message: Message) -> None:
    """
    Note to whom outside the chat a new message goes. Whoever comes later is not told.
    """
    now = service.now()
    outside = [
        participant
        for participant in conversation.participants.values()
        if participant.binding is not None and participant.sid != message.participant_sid
    ]
    for number, participant in enumerate(outside):
        message.receipts[participant.sid] = DeliveryReceipt(
            sid=service.ids.sid("DY"),
            number=number,
            participant_sid=participant.sid,
            channel_message_sid=service.ids.sid("SM"),
            date_created=now,
            date_updated=now,
        )
    message.recipients = _recipients(conversation, message, outside)


def update(
    service: Service,
    conversation: Conversation,
    message: Message,
    participant: Participant,
    *,
    status: DeliveryStatus,
    error_code: int,
) -> DeliveryReceipt:
    """
    Note how far a message has come. The other channel reports it, so also of a closed
    conversation.
    """
    receipt = message.receipts.get(participant.sid)
    if receipt is None:
        raise refusal(50432, "The message does not go to this participant")
    receipt.status = status
    receipt.error_code = error_code
    receipt.date_updated = service.now()
    conversation.list.set_item(message.index, message_item(message))
    return receipt


def set_metadata(
    conversation: Conversation, message: Message, metadata: ChannelMetadata | None
) -> None:
    """
    Say what another channel knows about a message.
    """
    message.channel_metadata = metadata
    conversation.list.set_item(message.index, message_item(message))


def metadata_of(message: Message) -> ChannelMetadata:
    """
    What another channel knows about a message.
    """
    if message.channel_metadata is None:
        raise refusal(50530)
    return message.channel_metadata


def _recipients(
    conversation: Conversation, message: Message, outside: Iterable[Participant]
) -> tuple[Recipient, ...]:
    """
    From whom and to whom a message goes by e-mail; nobody if no e-mail address is concerned.
    """
    receivers = [
        Recipient(level=binding.level or "to", name=binding.name, address=binding.address)
        for binding in _email_bindings(outside)
    ]
    author = conversation.participants.get(message.participant_sid or "")
    senders = [
        Recipient(level="from", name=binding.name, address=binding.address)
        for binding in _email_bindings([author] if author else [])
    ]
    if not receivers and not senders:
        return ()
    return (*(senders or _own_address(conversation)), *receivers)


def _email_bindings(participants: Iterable[Participant]) -> list[Binding]:
    return [
        participant.binding
        for participant in participants
        if participant.binding is not None and participant.binding.type == EMAIL
    ]


def _own_address(conversation: Conversation) -> list[Recipient]:
    """
    The address under which the conversation itself writes, if it has one.
    """
    binding: JSONValue = conversation.bindings.get(EMAIL)
    if not isinstance(binding, dict):
        return []
    name, address = binding.get("name"), binding.get("projected_address")
    if not isinstance(address, str):
        return []
    return [Recipient(level="from", name=name if isinstance(name, str) else None, address=address)]
