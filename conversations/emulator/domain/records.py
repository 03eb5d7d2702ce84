"""
The records of the service.
"""

from __future__ import annotations

import bisect
from enum import StrEnum

import attrs

from ..sync.objects import SyncDocument, SyncList, SyncMap


class ConversationState(StrEnum):
    """
    Where a conversation is in its life.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class NotificationLevel(StrEnum):
    """
    Whether a participant wants push notifications of a conversation.
    """

    DEFAULT = "default"
    MUTED = "muted"


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
class Message:
    """
    One message. Its index is that of its item in the messages list.
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


@attrs.define(eq=False, kw_only=True)
class Conversation:
    """
    One conversation with everybody and everything in it.

    Attributes:
        number: Counts the conversations of the service, in order of creation.
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
