"""
What the records look like in answers of the client API (docs/protocol/conversations.md).
"""

from __future__ import annotations

from ..._core.upstream import JSONValue
from ..clock import iso_date
from ..domain import memberships
from ..domain.records import (
    Conversation,
    Media,
    Membership,
    Message,
    Participant,
    User,
)
from .calls import Call


def conversation_url(call: Call, conversation: Conversation) -> str:
    """
    The conversation's own URL.
    """
    return f"{call.client_api}/Conversations/{conversation.sid}"


def sync_objects(conversation: Conversation) -> dict[str, JSONValue]:
    """
    The names of a conversation's replicated objects.
    """
    return {
        "conversation": conversation.document.unique_name,
        "messages": conversation.list.unique_name,
        "participants": conversation.roster.unique_name,
    }


def conversation_body(call: Call, conversation: Conversation) -> dict[str, JSONValue]:
    """
    A conversation, for anybody.
    """
    url = conversation_url(call, conversation)
    return {
        "account_sid": call.service.account,
        "chat_service_sid": call.service.sid,
        "messaging_service_sid": call.service.messaging_service_sid,
        "sid": conversation.sid,
        "friendly_name": conversation.friendly_name,
        "unique_name": conversation.unique_name,
        "attributes": conversation.attributes,
        "state": conversation.state.value,
        "created_by": conversation.created_by,
        "date_created": iso_date(conversation.date_created),
        "date_updated": iso_date(conversation.date_updated),
        "participants_count": len(conversation.participants),
        "messages_count": len(conversation.messages),
        "url": url,
        "sync_objects": sync_objects(conversation),
        "links": {"participants": f"{url}/Participants", "messages": f"{url}/Messages"},
    }


def seen_conversation_body(call: Call, conversation: Conversation) -> dict[str, JSONValue]:
    """
    A conversation, with what it is to the caller.
    """
    participant = conversation.by_identity.get(call.user.identity)
    is_joined = participant is not None and not conversation.is_closed
    membership = Membership.JOINED if is_joined else Membership.NOT_PARTICIPATING
    return {
        **conversation_body(call, conversation),
        "status": membership.value,
        "notification_level": participant.notification_level.value if participant else "default",
        "last_read_message_index": participant.last_read_index if participant else None,
    }


def own_conversation_body(
    call: Call, conversation: Conversation, membership: Membership
) -> dict[str, JSONValue]:
    """
    An entry of the caller's list.
    """
    participant = conversation.by_identity.get(call.user.identity)
    url = conversation_url(call, conversation)
    links: dict[str, JSONValue] = {"conversation": url}
    if participant is not None:
        links["participant"] = f"{url}/Participants/{participant.sid}"
    return {
        "account_sid": call.service.account,
        "chat_service_sid": call.service.sid,
        "conversation_sid": conversation.sid,
        "participant_sid": participant.sid if participant else None,
        "status": membership.value,
        "notification_level": participant.notification_level.value if participant else "default",
        "last_read_message_index": participant.last_read_index if participant else None,
        "unread_messages_count": memberships.unread_count(
            call.service, conversation, call.user.identity
        ),
        "friendly_name": conversation.friendly_name,
        "unique_name": conversation.unique_name,
        "attributes": conversation.attributes,
        "created_by": conversation.created_by,
        "conversation_state": conversation.state.value,
        "date_created": iso_date(conversation.date_created),
        "date_updated": iso_date(conversation.date_updated),
        "url": f"{call.client_api}/Users/{call.user.sid}/Conversations/{conversation.sid}",
        "links": links,
        "sync_objects": sync_objects(conversation),
    }


def participant_body(
    call: Call, conversation: Conversation, participant: Participant
) -> dict[str, JSONValue]:
    """
    A participant.
    """
    url = conversation_url(call, conversation)
    binding = participant.binding
    return {
        "account_sid": call.service.account,
        "chat_service_sid": call.service.sid,
        "conversation_sid": conversation.sid,
        "role_sid": participant.role_sid,
        "sid": participant.sid,
        "attributes": participant.attributes,
        "identity": participant.identity,
        "messaging_binding": None
        if binding is None
        else {
            "type": binding.type,
            "address": binding.address,
            "proxy_address": binding.proxy_address,
        },
        "date_created": iso_date(participant.date_created),
        "date_updated": iso_date(participant.date_updated),
        "url": f"{url}/Participants/{participant.sid}",
        "links": {"conversation": url},
    }


def message_body(call: Call, conversation: Conversation, message: Message) -> dict[str, JSONValue]:
    """
    A message.
    """
    url = conversation_url(call, conversation)
    own_url = f"{url}/Messages/{message.sid}"
    return {
        "account_sid": call.service.account,
        "chat_service_sid": call.service.sid,
        "conversation_sid": conversation.sid,
        "sid": message.sid,
        "index": message.index,
        "author": message.author,
        "participant_sid": message.participant_sid,
        "body": message.body,
        "subject": message.subject,
        "attributes": message.attributes,
        "content_sid": message.content_sid,
        "media": [_media(media) for media in message.media] or None,
        "date_created": iso_date(message.date_created),
        "date_updated": iso_date(message.date_updated),
        "url": own_url,
        "links": {"conversation": url, "messages_receipts": f"{own_url}/Receipts"},
    }


def _media(media: Media) -> JSONValue:
    return {
        "sid": media.sid,
        "size": media.content.size,
        "content_type": media.content_type,
        "filename": media.filename,
        "category": media.category.value,
    }


def user_body(call: Call, user: User) -> dict[str, JSONValue]:
    """
    A user.
    """
    url = f"{call.client_api}/Users/{user.sid}"
    is_shown = call.service.settings.reachability_enabled
    return {
        "sid": user.sid,
        "account_sid": call.service.account,
        "chat_service_sid": call.service.sid,
        "role_sid": user.role_sid,
        "identity": user.identity,
        "friendly_name": user.friendly_name,
        "attributes": user.attributes,
        "is_online": user.is_online if is_shown else None,
        "is_notifiable": user.is_notifiable if is_shown else None,
        "date_created": iso_date(user.date_created),
        "date_updated": iso_date(user.date_updated),
        "url": url,
        "links": {"user_conversations": f"{url}/Conversations"},
        "sync_objects": {"user_info_map": user.info.unique_name},
    }
