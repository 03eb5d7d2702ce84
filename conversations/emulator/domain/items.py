"""
What the records look like in the replicated objects (docs/protocol/conversations.md, Sync
objects). Every item is written whole on every change.
"""

from __future__ import annotations

from collections.abc import Collection

from ..._core.upstream import JSONValue
from ..clock import iso_date
from .records import (
    Conversation,
    DeliveryReceipt,
    DeliveryStatus,
    Media,
    Membership,
    Message,
    Participant,
    User,
)


def user_item(user: User, key: str) -> JSONValue:
    """
    One item of a user's map.
    """
    match key:
        case "friendlyName":
            return {"value": user.friendly_name}
        case "attributes":
            return {"value": user.attributes}
        case _:
            return {"online": user.is_online, "notifiable": user.is_notifiable}


USER_ITEMS = ("friendlyName", "attributes", "reachability")


def membership_item(
    conversation: Conversation, membership: Membership, participant: Participant | None
) -> JSONValue:
    """
    One item of a user's map of conversations: always these six members.
    """
    return {
        "channel": conversation.document.unique_name,
        "messages": conversation.list.unique_name,
        "roster": conversation.roster.unique_name,
        "status": membership.value,
        "notificationLevel": (participant.notification_level.value if participant else "default"),
        "lastConsumedMessageIndex": participant.last_read_index if participant else None,
    }


def conversation_document(conversation: Conversation) -> JSONValue:
    """
    The content of a conversation's document. Nothing in it depends on who reads it.
    """
    last = conversation.last_message
    data: dict[str, JSONValue] = {
        "messages": conversation.list.unique_name,
        "roster": conversation.roster.unique_name,
        "friendlyName": conversation.friendly_name,
        "uniqueName": conversation.unique_name,
        "attributes": conversation.attributes,
        "createdBy": conversation.created_by,
        "dateCreated": iso_date(conversation.date_created),
        "dateUpdated": iso_date(conversation.date_updated),
        "state": {
            "current": conversation.state.value,
            "dateUpdated": iso_date(conversation.state_changed),
        },
        "bindings": dict(conversation.bindings),
        "type": "private",
    }
    if last is not None:
        data["lastMessage"] = {"index": last.index, "timestamp": iso_date(last.date_created)}
    elif conversation.list.next_index > 0:  # there was one: absence would not clear it
        data["lastMessage"] = None
    return data


def roster_item(participant: Participant, info: str | None) -> JSONValue:
    """
    One item of a roster. *info* is the name of the user's map, for chat participants.
    """
    data: dict[str, JSONValue] = {
        "identity": participant.identity,
        "type": participant.binding.type if participant.binding else "chat",
        "roleSid": participant.role_sid,
        "attributes": participant.attributes,
        "dateCreated": iso_date(participant.date_created),
        "dateUpdated": iso_date(participant.date_updated),
        "lastConsumedMessageIndex": participant.last_read_index,
        "lastConsumptionTimestamp": (
            None if participant.last_read_at is None else iso_date(participant.last_read_at)
        ),
        "bindings": _bindings(participant),
    }
    if info is not None:
        data["userInfo"] = info
    return data


def message_item(message: Message) -> JSONValue:
    """
    One item of a messages list. Members without a value that may be absent are left out.

    ``media`` is what older clients read: the first attachment alone.
    """
    attachments = message.attachments
    data: dict[str, JSONValue] = {
        "sid": message.sid,
        "author": message.author,
        "type": "media" if attachments else "text",
        "subject": message.subject,
        "contentSid": message.content_sid,
        "attributes": message.attributes,
        "timestamp": iso_date(message.date_created),
        "dateUpdated": iso_date(message.date_updated),
        "lastUpdatedBy": message.last_updated_by,
        "channelMetadata": message.channel_metadata is not None,
    }
    if message.participant_sid is not None:
        data["memberSid"] = message.participant_sid
    if message.body is not None:
        data["text"] = message.body
    if message.media:
        data["medias"] = [
            {**_media(media), "category": media.category.value} for media in message.media
        ]
    if attachments:
        data["media"] = _media(attachments[0])
    if message.receipts:
        data["delivery"] = delivery_summary(message.receipts.values())
    return data


def delivery_summary(receipts: Collection[DeliveryReceipt]) -> dict[str, JSONValue]:
    """
    How far a message has come with all its receivers outside the chat together.

    What was read was delivered too, and what was delivered, or lost on the way, was sent.
    """
    summary: dict[str, JSONValue] = {"total": len(receipts)}
    for name, statuses in COUNTED.items():
        count = sum(receipt.status in statuses for receipt in receipts)
        summary[name] = "none" if not count else "all" if count == len(receipts) else "some"
    return summary


COUNTED: dict[str, frozenset[DeliveryStatus]] = {
    "sent": frozenset(
        {
            DeliveryStatus.SENT,
            DeliveryStatus.DELIVERED,
            DeliveryStatus.READ,
            DeliveryStatus.UNDELIVERED,
        }
    ),
    "delivered": frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ}),
    "read": frozenset({DeliveryStatus.READ}),
    "undelivered": frozenset({DeliveryStatus.UNDELIVERED}),
    "failed": frozenset({DeliveryStatus.FAILED}),
}


def _media(media: Media) -> dict[str, JSONValue]:
    return {
        "sid": media.sid,
        "filename": media.filename,
        "contentType": media.content_type,
        "size": media.content.size,
    }


def _bindings(participant: Participant) -> JSONValue:
    binding = participant.binding
    if binding is None:
        return {}
    if binding.type == "email":
        return {"email": {"name": binding.name, "address": binding.address, "level": binding.level}}
    return {binding.type: {"address": binding.address, "proxy_address": binding.proxy_address}}
