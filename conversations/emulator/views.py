"""
What acts of the server return: records as they stand at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .._core.upstream import JSONValue
from .domain.items import delivery_summary
from .domain.records import (
    ContentTemplate,
    Conversation,
    DeliveryReceipt,
    Media,
    Message,
    Participant,
    Push,
    PushRegistration,
    Role,
    User,
)


@attrs.frozen(kw_only=True)
class ConversationView:
    """
    A conversation. *participants* are the SIDs of all, *identities* those of the users.
    """

    sid: str
    friendly_name: str | None
    unique_name: str | None
    attributes: str = attrs.field(repr=False)
    created_by: str
    state: str
    participants: tuple[str, ...]
    identities: tuple[str, ...]
    messages_count: int

    @classmethod
    def of(cls, conversation: Conversation) -> ConversationView:
        """
        The conversation as it is now.
        """
        return cls(
            sid=conversation.sid,
            friendly_name=conversation.friendly_name,
            unique_name=conversation.unique_name,
            attributes=conversation.attributes,
            created_by=conversation.created_by,
            state=conversation.state.value,
            participants=tuple(conversation.participants),
            identities=tuple(conversation.by_identity),
            messages_count=len(conversation.messages),
        )


@attrs.frozen(kw_only=True)
class ParticipantView:
    """
    A participant.
    """

    sid: str
    identity: str | None
    type: str
    attributes: str = attrs.field(repr=False)
    last_read_index: int | None
    notification_level: str

    @classmethod
    def of(cls, participant: Participant) -> ParticipantView:
        """
        The participant as it is now.
        """
        return cls(
            sid=participant.sid,
            identity=participant.identity,
            type=participant.binding.type if participant.binding else "chat",
            attributes=participant.attributes,
            last_read_index=participant.last_read_index,
            notification_level=participant.notification_level.value,
        )


@attrs.frozen(kw_only=True)
class MessageView:
    """
    A message. *delivery* is how far it has come outside the chat, with all together.
    """

    sid: str
    index: int
    author: str
    body: str | None = attrs.field(repr=False)
    subject: str | None = attrs.field(repr=False)
    attributes: str = attrs.field(repr=False)
    participant_sid: str | None
    last_updated_by: str | None
    content_sid: str | None
    media_sids: tuple[str, ...]
    delivery: Mapping[str, JSONValue] | None

    @classmethod
    def of(cls, message: Message) -> MessageView:
        """
        The message as it is now.
        """
        return cls(
            sid=message.sid,
            index=message.index,
            author=message.author,
            body=message.body,
            subject=message.subject,
            attributes=message.attributes,
            participant_sid=message.participant_sid,
            last_updated_by=message.last_updated_by,
            content_sid=message.content_sid,
            media_sids=tuple(media.sid for media in message.media),
            delivery=delivery_summary(message.receipts.values()) if message.receipts else None,
        )


@attrs.frozen(kw_only=True)
class UserView:
    """
    A user. *conversations* are the SIDs of the user's list with their status.
    """

    sid: str
    identity: str
    friendly_name: str | None
    attributes: str = attrs.field(repr=False)
    is_online: bool
    is_notifiable: bool
    conversations: dict[str, str]

    @classmethod
    def of(cls, user: User) -> UserView:
        """
        The user as it is now.
        """
        return cls(
            sid=user.sid,
            identity=user.identity,
            friendly_name=user.friendly_name,
            attributes=user.attributes,
            is_online=user.is_online,
            is_notifiable=user.is_notifiable,
            conversations={sid: status.value for sid, status in user.memberships.items()},
        )


@attrs.frozen(kw_only=True)
class MediaView:
    """
    An uploaded content. *conversation_sid* and *message_sid* are there once a message has it.
    """

    sid: str
    size: int
    content_type: str
    filename: str | None
    category: str
    author: str
    conversation_sid: str | None
    message_sid: str | None

    @classmethod
    def of(cls, media: Media) -> MediaView:
        """
        The media as it is now.
        """
        return cls(
            sid=media.sid,
            size=media.content.size,
            content_type=media.content_type,
            filename=media.filename,
            category=media.category.value,
            author=media.author,
            conversation_sid=media.conversation.sid if media.conversation else None,
            message_sid=media.message_sid,
        )


@attrs.frozen(kw_only=True)
class ReceiptView:
    """
    How far a message has come towards one participant outside the chat.
    """

    sid: str
    participant_sid: str
    channel_message_sid: str
    status: str
    error_code: int

    @classmethod
    def of(cls, receipt: DeliveryReceipt) -> ReceiptView:
        """
        The receipt as it is now.
        """
        return cls(
            sid=receipt.sid,
            participant_sid=receipt.participant_sid,
            channel_message_sid=receipt.channel_message_sid,
            status=receipt.status.value,
            error_code=receipt.error_code,
        )


@attrs.frozen(kw_only=True)
class TemplateView:
    """
    A content template.
    """

    sid: str
    friendly_name: str
    variables: Mapping[str, str]
    variants: Mapping[str, JSONValue] = attrs.field(repr=False)

    @classmethod
    def of(cls, template: ContentTemplate) -> TemplateView:
        """
        The template as it is now.
        """
        return cls(
            sid=template.sid,
            friendly_name=template.friendly_name,
            variables=template.variables,
            variants=template.variants,
        )


@attrs.frozen(kw_only=True)
class PushRegistrationView:
    """
    A device that is registered for push notifications.
    """

    id: str
    identity: str
    channel_type: str
    token: str = attrs.field(repr=False)
    message_types: tuple[str, ...]
    platform: str

    @classmethod
    def of(cls, registration: PushRegistration) -> PushRegistrationView:
        """
        The registration as it is now.
        """
        return cls(
            id=registration.id,
            identity=registration.identity,
            channel_type=registration.channel_type,
            token=registration.token,
            message_types=registration.message_types,
            platform=registration.platform,
        )


@attrs.frozen(kw_only=True)
class PushView:
    """
    A push notification that would have been sent. *type* is its ``twi_message_type``, *payload*
    what a device of the *channel_type* would get.
    """

    identity: str
    channel_type: str
    token: str = attrs.field(repr=False)
    type: str
    payload: Mapping[str, JSONValue] = attrs.field(repr=False)

    @classmethod
    def of(cls, push: Push) -> PushView:
        """
        The notification.
        """
        return cls(
            identity=push.registration.identity,
            channel_type=push.registration.channel_type,
            token=push.registration.token,
            type=push.type,
            payload=push.payload,
        )


@attrs.frozen(kw_only=True)
class RoleView:
    """
    A role of users (*type* ``service``) or participants (``conversation``).
    """

    sid: str
    friendly_name: str
    type: str
    permissions: frozenset[str]

    @classmethod
    def of(cls, role: Role) -> RoleView:
        """
        The role as it is now.
        """
        return cls(
            sid=role.sid,
            friendly_name=role.friendly_name,
            type=role.type.value,
            permissions=role.permissions,
        )
