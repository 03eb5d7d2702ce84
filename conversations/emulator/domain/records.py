"""
The records of the service.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from enum import StrEnum

import attrs

from ..._core.upstream import JSONValue
from ..spool import Spool
from ..sync.objects import SyncDocument, SyncList, SyncMap
from .surroundings import Alarm


class ConversationState(StrEnum):
    """
    Where a conversation is in its life.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class RoleType(StrEnum):
    """
    Where a role counts.
    """

    SERVICE = "service"
    CONVERSATION = "conversation"


class NotificationLevel(StrEnum):
    """
    Whether a participant wants push notifications of a conversation.
    """

    DEFAULT = "default"
    MUTED = "muted"


class MediaCategory(StrEnum):
    """
    What a media is for: an attachment, or a form of the body or of an e-mail's history.
    """

    MEDIA = "media"
    BODY = "body"
    HISTORY = "history"


class DeliveryStatus(StrEnum):
    """
    How far a message has come towards somebody outside the chat.
    """

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNDELIVERED = "undelivered"


class Membership(StrEnum):
    """
    How a conversation stands in a user's list.
    """

    JOINED = "joined"
    NOT_PARTICIPATING = "notParticipating"


@attrs.frozen(kw_only=True)
class Caller:
    """
    Who asks for an operation.

    Attributes:
        identity: The user, or ``system``.
        is_server: Whether it is the operator's own server, which may do everything.
    """

    identity: str
    is_server: bool = False


SERVER = Caller(identity="system", is_server=True)


@attrs.define(eq=False, kw_only=True)
class Role:
    """
    A set of permissions that users, or participants, can be given.
    """

    sid: str
    friendly_name: str
    type: RoleType
    permissions: frozenset[str]


@attrs.define(eq=False, kw_only=True)
class User:
    """
    One user of the service.

    Attributes:
        memberships: The user's list of conversations, by SID: what the map *channels* shows.
    """

    sid: str
    identity: str
    role_sid: str
    friendly_name: str | None
    attributes: str = "{}"
    is_online: bool = False
    is_notifiable: bool = False
    date_created: float
    date_updated: float
    info: SyncMap
    channels: SyncMap
    memberships: dict[str, Membership] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Binding:
    """
    How a participant outside the chat is reached.

    Attributes:
        type: ``sms``, ``whatsapp``, ``email`` …
        address: Of the participant.
        proxy_address: The operator's own, which the participant talks to.
        name: With e-mail only.
        level: With e-mail only: ``to`` or ``cc``.
    """

    type: str
    address: str
    proxy_address: str
    name: str | None = None
    level: str | None = None


@attrs.define(eq=False, kw_only=True)
class Participant:
    """
    One participant of one conversation, by identity or by binding.
    """

    sid: str
    identity: str | None
    binding: Binding | None
    role_sid: str
    attributes: str
    date_created: float
    date_updated: float
    last_read_index: int | None = None
    last_read_at: float | None = None
    notification_level: NotificationLevel = NotificationLevel.DEFAULT


@attrs.define(eq=False, kw_only=True)
class Media:
    """
    One uploaded content. It belongs to nobody until a message names it.

    Attributes:
        author: Identity, or ``system``.
        conversation: Where the message is that names it.
        message_sid: That message.
    """

    sid: str
    author: str
    content_type: str
    filename: str | None
    category: MediaCategory
    content: Spool = attrs.field(repr=False)
    date_created: float
    date_updated: float
    conversation: Conversation | None = None
    message_sid: str | None = None


@attrs.define(eq=False, kw_only=True)
class DeliveryReceipt:
    """
    What became of one message on its way to one participant outside the chat.

    Attributes:
        number: Counts the receipts of the message.
        channel_message_sid: The message in the other channel.
        error_code: 0 for none.
    """

    sid: str
    number: int
    participant_sid: str
    channel_message_sid: str
    status: DeliveryStatus = DeliveryStatus.SENT
    error_code: int = 0
    date_created: float
    date_updated: float


@attrs.frozen(kw_only=True)
class ChannelMetadata:
    """
    What another channel knows about a message.
    """

    type: str
    data: JSONValue = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Recipient:
    """
    One party of a message that also went by e-mail: ``from``, ``to`` or ``cc``.
    """

    level: str
    name: str | None
    address: str


@attrs.define(eq=False, kw_only=True)
class Message:
    """
    One message. Its index is that of its item in the messages list.

    Attributes:
        media: What is attached to it, of every category.
        content_sid: The template that it was made from.
        receipts: By participant, of those outside the chat.
        recipients: If there are e-mail participants.
    """

    sid: str
    index: int
    author: str
    participant_sid: str | None
    body: str | None
    subject: str | None
    attributes: str
    date_created: float
    date_updated: float
    last_updated_by: str | None = None
    media: tuple[Media, ...] = ()
    content_sid: str | None = None
    receipts: dict[str, DeliveryReceipt] = attrs.field(factory=dict)
    recipients: tuple[Recipient, ...] = ()
    channel_metadata: ChannelMetadata | None = None

    @property
    def attachments(self) -> tuple[Media, ...]:
        """
        The media that are attachments.
        """
        return tuple(media for media in self.media if media.category is MediaCategory.MEDIA)


@attrs.define(kw_only=True)
class StateTimers:
    """
    When a conversation changes its state by itself.

    Attributes:
        inactive_after: Seconds without activity; ``None`` for never.
        closed_after: The same. Both count from the same moment.
        since: That moment, seconds since the epoch.
        alarm: What is planned next.
    """

    inactive_after: float | None = None
    closed_after: float | None = None
    since: float = 0.0
    alarm: Alarm | None = attrs.field(default=None, repr=False)


@attrs.define(eq=False, kw_only=True)
class Conversation:
    """
    One conversation with everybody and everything in it.

    Attributes:
        number: Counts the conversations of the service, in order of creation.
        bindings: What its document says about e-mail and the like.
    """

    sid: str
    number: int
    created_by: str
    friendly_name: str | None
    unique_name: str | None
    attributes: str
    state: ConversationState = ConversationState.ACTIVE
    state_changed: float
    date_created: float
    date_updated: float
    bindings: Mapping[str, JSONValue] = attrs.field(factory=dict)
    timers: StateTimers = attrs.field(factory=StateTimers)
    document: SyncDocument = attrs.field(init=False)
    list: SyncList = attrs.field(init=False)
    roster: SyncMap = attrs.field(init=False)
    participants: dict[str, Participant] = attrs.field(factory=dict)
    by_identity: dict[str, Participant] = attrs.field(factory=dict)
    messages: dict[int, Message] = attrs.field(factory=dict)
    message_indexes: dict[str, int] = attrs.field(factory=dict)

    @property
    def is_closed(self) -> bool:
        """
        Whether it is in its final state.
        """
        return self.state is ConversationState.CLOSED

    @property
    def last_message(self) -> Message | None:
        """
        The newest message there is.
        """
        return self.messages[next(reversed(self.messages))] if self.messages else None

    def message(self, sid: str) -> Message | None:
        """
        The message of that SID.
        """
        index = self.message_indexes.get(sid)
        return None if index is None else self.messages[index]

    def count_after(self, index: int) -> int:
        """
        How many messages have a greater index. Messages lie in ascending order.
        """
        indexes = list(self.messages)
        return len(indexes) - bisect.bisect_right(indexes, index)


@attrs.frozen(kw_only=True)
class ContentTemplate:
    """
    A template for messages.

    Attributes:
        number: Counts the templates of the service.
        variables: Names and what stands for them unless a message says otherwise.
        variants: Content by type (``twilio/text`` …), with ``{{name}}`` for a variable.
    """

    sid: str
    number: int
    friendly_name: str
    variables: Mapping[str, str]
    variants: Mapping[str, JSONValue] = attrs.field(repr=False)
    date_created: float
    date_updated: float


@attrs.frozen(kw_only=True)
class PushRegistration:
    """
    A device that wants to be notified.

    Attributes:
        channel_type: ``fcm`` or ``apn``.
        token: The device's token.
        message_types: What it wants to be notified of.
        platform: What it says about itself.
    """

    id: str
    identity: str
    channel_type: str
    token: str = attrs.field(repr=False)
    message_types: tuple[str, ...]
    platform: str


@attrs.frozen(kw_only=True)
class Push:
    """
    A push notification that would have been sent to a device.
    """

    registration: PushRegistration
    type: str
    payload: Mapping[str, JSONValue] = attrs.field(repr=False)
