"""
What is known of an object at one moment: frozen, replaced as a whole, compared for updates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import attrs

from conversations.attributes import Attributes, JSONValue
from conversations.delivery import AggregatedDeliveryReceipt
from conversations.enums import (
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    MediaCategory,
    MessageUpdateReason,
    NotificationLevel,
    ParticipantUpdateReason,
    UserUpdateReason,
)

Reason = TypeVar("Reason", bound=Enum)


def _reported_as(reason: Enum, default: Any) -> Any:
    return attrs.field(default=default, metadata={"reason": reason})


@attrs.frozen(kw_only=True)
class ConversationSnapshot:
    """
    One conversation as the user sees it: its document and the user's own entry for it.
    """

    sid: str
    synchronization_status: ConversationSynchronizationStatus = (
        ConversationSynchronizationStatus.IDENTIFIER
    )
    attributes: Attributes = _reported_as(ConversationUpdateReason.ATTRIBUTES, Attributes.DEFAULT)
    friendly_name: str | None = _reported_as(ConversationUpdateReason.FRIENDLY_NAME, None)
    last_message_index: int | None = _reported_as(ConversationUpdateReason.LAST_MESSAGE, None)
    last_message_date: datetime | None = _reported_as(ConversationUpdateReason.LAST_MESSAGE, None)
    last_read_message_index: int | None = _reported_as(
        ConversationUpdateReason.LAST_READ_MESSAGE_INDEX, None
    )
    notification_level: NotificationLevel = _reported_as(
        ConversationUpdateReason.NOTIFICATION_LEVEL, NotificationLevel.DEFAULT
    )
    state: ConversationState = _reported_as(
        ConversationUpdateReason.STATE, ConversationState.UNDEFINED
    )
    state_date_updated: datetime | None = _reported_as(ConversationUpdateReason.STATE, None)
    status: ConversationStatus = _reported_as(
        ConversationUpdateReason.STATUS, ConversationStatus.NOT_PARTICIPATING
    )
    unique_name: str | None = _reported_as(ConversationUpdateReason.UNIQUE_NAME, None)
    created_by: str | None = _reported_as(ConversationUpdateReason.CREATED_BY, None)
    date_created: datetime | None = _reported_as(ConversationUpdateReason.DATE_CREATED, None)
    date_updated: datetime | None = _reported_as(ConversationUpdateReason.DATE_UPDATED, None)
    bindings: Mapping[str, JSONValue] = _reported_as(ConversationUpdateReason.BINDINGS, {})


@attrs.frozen(kw_only=True)
class ParticipantSnapshot:
    """
    One entry of a conversation's roster.
    """

    sid: str
    identity: str | None = None
    channel: str = "chat"
    user_map: str | None = None
    last_read_message_index: int | None = _reported_as(
        ParticipantUpdateReason.LAST_READ_MESSAGE_INDEX, None
    )
    last_read_timestamp: datetime | None = _reported_as(
        ParticipantUpdateReason.LAST_READ_TIMESTAMP, None
    )
    attributes: Attributes = _reported_as(ParticipantUpdateReason.ATTRIBUTES, Attributes.DEFAULT)
    role_sid: str | None = _reported_as(ParticipantUpdateReason.ROLE_SID, None)
    bindings: Mapping[str, JSONValue] = _reported_as(ParticipantUpdateReason.BINDINGS, {})
    date_created: datetime | None = _reported_as(ParticipantUpdateReason.DATE_CREATED, None)
    date_updated: datetime | None = _reported_as(ParticipantUpdateReason.DATE_UPDATED, None)


@attrs.frozen(kw_only=True)
class MediaSnapshot:
    """
    One media of a message.

    Attributes:
        category_word: The category as the service says it.
        size: In bytes; ``None`` if the service did not tell.
    """

    sid: str
    category_word: str = MediaCategory.MEDIA.value
    content_type: str = ""
    filename: str | None = attrs.field(default=None, repr=False)
    size: int | None = None

    @property
    def category(self) -> MediaCategory:
        """
        The category; ``UNKNOWN`` for a word that this version does not know.
        """
        return MediaCategory.from_wire(self.category_word)


@attrs.frozen(kw_only=True)
class MessageSnapshot:
    """
    One message of a conversation. ``body`` and ``attributes`` stay out of the repr.
    """

    sid: str
    message_index: int
    participant_sid: str | None = None
    content_sid: str | None = None
    has_channel_metadata: bool = False
    body: str | None = attrs.field(
        default=None, repr=False, metadata={"reason": MessageUpdateReason.BODY}
    )
    attributes: Attributes = _reported_as(MessageUpdateReason.ATTRIBUTES, Attributes.DEFAULT)
    aggregated_delivery_receipt: AggregatedDeliveryReceipt | None = _reported_as(
        MessageUpdateReason.DELIVERY_RECEIPT, None
    )
    subject: str | None = attrs.field(
        default=None, repr=False, metadata={"reason": MessageUpdateReason.SUBJECT}
    )
    media: tuple[MediaSnapshot, ...] = _reported_as(MessageUpdateReason.MEDIA, ())
    author: str | None = _reported_as(MessageUpdateReason.AUTHOR, None)
    last_updated_by: str | None = _reported_as(MessageUpdateReason.LAST_UPDATED_BY, None)
    date_created: datetime | None = _reported_as(MessageUpdateReason.DATE_CREATED, None)
    date_updated: datetime | None = _reported_as(MessageUpdateReason.DATE_UPDATED, None)


@attrs.frozen(kw_only=True)
class UserSnapshot:
    """
    One user: the items of its map.
    """

    identity: str
    is_subscribed: bool = False
    friendly_name: str | None = _reported_as(UserUpdateReason.FRIENDLY_NAME, None)
    attributes: Attributes = _reported_as(UserUpdateReason.ATTRIBUTES, Attributes.DEFAULT)
    is_online: bool | None = _reported_as(UserUpdateReason.REACHABILITY_ONLINE, None)
    is_notifiable: bool | None = _reported_as(UserUpdateReason.REACHABILITY_NOTIFIABLE, None)


def update_reasons(before: Any, after: Any, order: type[Reason]) -> tuple[Reason, ...]:
    """
    The reasons for which *after* differs from *before*, in the order of their enum.

    Both are snapshots of one class; fields without a reason of their own are not compared.
    """
    changed = {
        field.metadata["reason"]
        for field in attrs.fields(type(after))
        if "reason" in field.metadata and getattr(before, field.name) != getattr(after, field.name)
    }
    return tuple(reason for reason in order if reason in changed)
