"""
What acts of the server return: records as they stand at that moment.
"""

from __future__ import annotations

import attrs

from .domain.records import Conversation, Message, Participant, User


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
    A message.
    """

    sid: str
    index: int
    author: str
    body: str | None = attrs.field(repr=False)
    subject: str | None = attrs.field(repr=False)
    attributes: str = attrs.field(repr=False)
    participant_sid: str | None
    last_updated_by: str | None

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
            conversations={sid: status.value for sid, status in user.memberships.items()},
        )
