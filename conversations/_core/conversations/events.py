"""
What the core tells the layers above, in the order in which it happened.

Updates can be merged while they wait to be delivered: same object, union of the reasons.
Nothing else is ever merged or dropped.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

from conversations.enums import (
    ConnectionState,
    ConversationUpdateReason,
    MessageUpdateReason,
    ParticipantUpdateReason,
    SynchronizationStatus,
    UserUpdateReason,
)
from conversations.errors import ErrorInfo

from .records import ConversationRecord, MessageRecord, ParticipantRecord, UserRecord

Record = TypeVar("Record", ConversationRecord, MessageRecord, ParticipantRecord, UserRecord)
Reason = TypeVar(
    "Reason",
    ConversationUpdateReason,
    MessageUpdateReason,
    ParticipantUpdateReason,
    UserUpdateReason,
)


@attrs.frozen
class ConnectionStateChanged:
    """
    The connection state that users see changed.
    """

    state: ConnectionState


@attrs.frozen
class ConnectionErrorOccurred:
    """
    An attempt failed, a socket broke, or init or a token update was refused.
    """

    error_info: ErrorInfo
    terminal: bool


@attrs.frozen
class ErrorOccurred:
    """
    An error that no call of the user's is there to receive.
    """

    error_info: ErrorInfo


@attrs.frozen
class TokenAboutToExpire:
    """
    The token in use will expire soon; once per token.
    """


@attrs.frozen
class TokenExpired:
    """
    The server ended the connection because of an expired token; once per token.
    """


@attrs.frozen
class TokenWanted:
    """
    For the runtime: ask the token provider for a new token.
    """


@attrs.frozen
class SynchronizationChanged:
    """
    The client's synchronization status changed.
    """

    status: SynchronizationStatus


@attrs.frozen
class Initialized:
    """
    The configuration and the own user are there.
    """


@attrs.frozen
class InitializationFailed:
    """
    The client could not be created; nothing comes after it.
    """

    error_info: ErrorInfo


@attrs.frozen
class ConversationAdded:
    """
    A conversation entered the user's list.
    """

    conversation: ConversationRecord


@attrs.frozen
class ConversationJoined:
    """
    The user is a participant now.
    """

    conversation: ConversationRecord


@attrs.frozen
class ConversationLeft:
    """
    The user was a participant and is no longer.
    """

    conversation: ConversationRecord


@attrs.frozen
class ConversationDeleted:
    """
    A conversation left the user's list; the last event about it.
    """

    conversation: ConversationRecord


@attrs.frozen
class ConversationSynchronizationChanged:
    """
    A conversation's synchronization status changed.
    """

    conversation: ConversationRecord


@attrs.frozen
class MessageAdded:
    """
    A message was added to a conversation whose messages are subscribed.
    """

    message: MessageRecord


@attrs.frozen
class MessageDeleted:
    """
    A cached message was removed.
    """

    message: MessageRecord


@attrs.frozen
class ParticipantAdded:
    """
    Someone entered a conversation whose roster is loaded.
    """

    participant: ParticipantRecord


@attrs.frozen
class ParticipantDeleted:
    """
    Someone left a conversation whose roster is loaded.
    """

    participant: ParticipantRecord


@attrs.frozen
class TypingStarted:
    """
    Someone began to type.
    """

    participant: ParticipantRecord


@attrs.frozen
class TypingEnded:
    """
    Someone who was typing is not any more.
    """

    participant: ParticipantRecord


@attrs.frozen
class UserSubscribed:
    """
    A user's data is loaded, its subscription on the way.
    """

    user: UserRecord


@attrs.frozen
class UserUnsubscribed:
    """
    A user is followed no more.
    """

    user: UserRecord


@attrs.frozen
class PushTokenRegistered:
    """
    The registrar has taken a device's token.
    """


@attrs.frozen
class PushTokenFailed:
    """
    It has not.
    """

    error_info: ErrorInfo


@attrs.frozen
class Updated(Generic[Record, Reason]):
    """
    Properties of one object changed, for one or more reasons in the order of their enum.
    """

    record: Record
    reasons: tuple[Reason, ...]

    @property
    def merge_key(self) -> Hashable:
        """
        Equal for updates of one object.
        """
        return id(self.record)

    def merged_with(self, later: Updated[Record, Reason]) -> Updated[Record, Reason]:
        """
        One update with the reasons of both.
        """
        wanted = {*self.reasons, *later.reasons}
        order: type[Reason] = type(self.reasons[0])
        return attrs.evolve(self, reasons=tuple(reason for reason in order if reason in wanted))


ConversationUpdated = Updated[ConversationRecord, ConversationUpdateReason]
MessageUpdated = Updated[MessageRecord, MessageUpdateReason]
ParticipantUpdated = Updated[ParticipantRecord, ParticipantUpdateReason]
UserUpdated = Updated[UserRecord, UserUpdateReason]
