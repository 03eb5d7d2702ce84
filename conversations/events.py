"""
What happens to a client, as objects instead of callbacks.

One class for each callback of :class:`~conversations.ConversationsClientListener`, with the
callback's arguments as attributes, and with ``conversation`` wherever there is one. They come
out of :meth:`ConversationsClient.event_queue` and :meth:`ConversationsClient.wait_for`; when
each of them comes is told where its callback is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from conversations.conversation import Conversation
    from conversations.enums import (
        ConnectionState,
        ConversationUpdateReason,
        MessageUpdateReason,
        ParticipantUpdateReason,
        SynchronizationStatus,
        UserUpdateReason,
    )
    from conversations.errors import ErrorInfo
    from conversations.message import Message
    from conversations.participant import Participant
    from conversations.push import NotificationPayload
    from conversations.user import User


@attrs.frozen
class Event:
    """
    Something that happened. Its class says what.
    """


# The client.


@attrs.frozen
class ConnectionStateChange(Event):
    """
    ``on_connection_state_change``
    """

    state: ConnectionState


@attrs.frozen
class ClientSynchronization(Event):
    """
    ``on_client_synchronization``
    """

    status: SynchronizationStatus


@attrs.frozen
class Initialized(Event):
    """
    ``on_initialized``
    """


@attrs.frozen
class InitFailed(Event):
    """
    ``on_init_failed``
    """

    error_info: ErrorInfo


@attrs.frozen
class ConnectionErrorEvent(Event):
    """
    ``on_connection_error``
    """

    error_info: ErrorInfo
    terminal: bool


@attrs.frozen
class ErrorEvent(Event):
    """
    ``on_error``
    """

    error_info: ErrorInfo


@attrs.frozen
class TokenAboutToExpire(Event):
    """
    ``on_token_about_to_expire``
    """


@attrs.frozen
class TokenExpired(Event):
    """
    ``on_token_expired``
    """


# Conversations.


@attrs.frozen
class ConversationAdded(Event):
    """
    ``on_conversation_added``
    """

    conversation: Conversation


@attrs.frozen
class ConversationJoined(Event):
    """
    ``on_conversation_joined``
    """

    conversation: Conversation


@attrs.frozen
class ConversationLeft(Event):
    """
    ``on_conversation_left``
    """

    conversation: Conversation


@attrs.frozen
class ConversationUpdated(Event):
    """
    ``on_conversation_updated``
    """

    conversation: Conversation
    reason: ConversationUpdateReason


@attrs.frozen
class ConversationDeleted(Event):
    """
    ``on_conversation_deleted``
    """

    conversation: Conversation


@attrs.frozen
class ConversationSynchronizationChange(Event):
    """
    ``on_conversation_synchronization_change``
    """

    conversation: Conversation


# Messages, participants, typing.


@attrs.frozen
class MessageAdded(Event):
    """
    ``on_message_added``
    """

    conversation: Conversation
    message: Message


@attrs.frozen
class MessageUpdated(Event):
    """
    ``on_message_updated``
    """

    conversation: Conversation
    message: Message
    reason: MessageUpdateReason


@attrs.frozen
class MessageDeleted(Event):
    """
    ``on_message_deleted``
    """

    conversation: Conversation
    message: Message


@attrs.frozen
class ParticipantAdded(Event):
    """
    ``on_participant_added``
    """

    conversation: Conversation
    participant: Participant


@attrs.frozen
class ParticipantUpdated(Event):
    """
    ``on_participant_updated``
    """

    conversation: Conversation
    participant: Participant
    reason: ParticipantUpdateReason


@attrs.frozen
class ParticipantDeleted(Event):
    """
    ``on_participant_deleted``
    """

    conversation: Conversation
    participant: Participant


@attrs.frozen
class TypingStarted(Event):
    """
    ``on_typing_started``
    """

    conversation: Conversation
    participant: Participant


@attrs.frozen
class TypingEnded(Event):
    """
    ``on_typing_ended``
    """

    conversation: Conversation
    participant: Participant


# Users.


@attrs.frozen
class UserUpdated(Event):
    """
    ``on_user_updated``
    """

    user: User
    reason: UserUpdateReason


@attrs.frozen
class UserSubscribed(Event):
    """
    ``on_user_subscribed``
    """

    user: User


@attrs.frozen
class UserUnsubscribed(Event):
    """
    ``on_user_unsubscribed``
    """

    user: User


# Push.


@attrs.frozen
class PushNotification(Event):
    """
    ``on_push_notification``
    """

    payload: NotificationPayload


@attrs.frozen
class NewMessageNotification(Event):
    """
    ``on_new_message_notification``
    """

    conversation_sid: str | None
    message_sid: str | None
    message_index: int | None


@attrs.frozen
class AddedToConversationNotification(Event):
    """
    ``on_added_to_conversation_notification``
    """

    conversation_sid: str | None


@attrs.frozen
class RemovedFromConversationNotification(Event):
    """
    ``on_removed_from_conversation_notification``
    """

    conversation_sid: str | None


@attrs.frozen
class BadgeCountNotification(Event):
    """
    ``on_badge_count_notification``
    """

    count: int


@attrs.frozen
class NotificationSubscribed(Event):
    """
    ``on_notification_subscribed``
    """


@attrs.frozen
class NotificationFailed(Event):
    """
    ``on_notification_failed``
    """

    error_info: ErrorInfo


EVENT_CLASSES: Mapping[str, type[Event]] = MappingProxyType(
    {
        "on_connection_state_change": ConnectionStateChange,
        "on_client_synchronization": ClientSynchronization,
        "on_initialized": Initialized,
        "on_init_failed": InitFailed,
        "on_connection_error": ConnectionErrorEvent,
        "on_error": ErrorEvent,
        "on_token_about_to_expire": TokenAboutToExpire,
        "on_token_expired": TokenExpired,
        "on_conversation_added": ConversationAdded,
        "on_conversation_joined": ConversationJoined,
        "on_conversation_left": ConversationLeft,
        "on_conversation_updated": ConversationUpdated,
        "on_conversation_deleted": ConversationDeleted,
        "on_conversation_synchronization_change": ConversationSynchronizationChange,
        "on_message_added": MessageAdded,
        "on_message_updated": MessageUpdated,
        "on_message_deleted": MessageDeleted,
        "on_participant_added": ParticipantAdded,
        "on_participant_updated": ParticipantUpdated,
        "on_participant_deleted": ParticipantDeleted,
        "on_typing_started": TypingStarted,
        "on_typing_ended": TypingEnded,
        "on_user_updated": UserUpdated,
        "on_user_subscribed": UserSubscribed,
        "on_user_unsubscribed": UserUnsubscribed,
        "on_push_notification": PushNotification,
        "on_new_message_notification": NewMessageNotification,
        "on_added_to_conversation_notification": AddedToConversationNotification,
        "on_removed_from_conversation_notification": RemovedFromConversationNotification,
        "on_badge_count_notification": BadgeCountNotification,
        "on_notification_subscribed": NotificationSubscribed,
        "on_notification_failed": NotificationFailed,
    }
)
"""
The class for each callback of a client's listeners.
"""


def event_of(callback: str, arguments: tuple[Any, ...]) -> Event:
    """
    The event that says what a callback would say.

    Args:
        callback: Its name.
        arguments: What it would be given.
    """
    event_class = EVENT_CLASSES[callback]
    if len(arguments) < len(attrs.fields(event_class)):
        # A conversation that is no argument: its message or participant knows it.
        arguments = (arguments[0].conversation, *arguments)
    return event_class(*arguments)
