"""
What the SDK calls when something happens: subclass, and override what you need.

All callbacks of one client run on its listener thread, one at a time and in order. The
objects have their new values when a callback runs. Every method of the SDK may be called
from a callback, but a blocking call there holds up the callbacks that follow.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from .conversation import Conversation
    from .enums import (
        ConnectionState,
        ConversationUpdateReason,
        MessageUpdateReason,
        ParticipantUpdateReason,
        SynchronizationStatus,
        UserUpdateReason,
    )
    from .errors import ErrorInfo
    from .message import Message
    from .participant import Participant
    from .push import NotificationPayload
    from .user import User

__all__ = [
    "CallbackListener",
    "ConversationListener",
    "ConversationsClientListener",
    "MediaUploadListener",
    "StatusListener",
]

T_contra = TypeVar("T_contra", contravariant=True)


class ConversationsClientListener:
    """
    What happens to a client, and to all its conversations and users.

    Of one event, the client's listeners are told first, in the order in which they were
    added, then those of the conversation.
    """

    # The client.

    def on_connection_state_change(self, state: ConnectionState) -> None:
        """
        ``connection_state`` has changed. The first one is ``CONNECTING``.
        """

    def on_client_synchronization(self, status: SynchronizationStatus) -> None:
        """
        Loading the user's conversations has come further.

        Each status comes once at most, and the present one also to a listener that is added
        later.
        """

    def on_initialized(self) -> None:
        """
        The own user and the configuration are there; ``create`` is about to return.
        """

    def on_init_failed(self, error_info: ErrorInfo) -> None:
        """
        The client could not be created; ``create`` raises the same error. The last callback.
        """

    def on_connection_error(self, error_info: ErrorInfo, terminal: bool) -> None:
        """
        An attempt to connect failed, the connection broke, or a token was refused.

        Args:
            error_info: Its ``status`` is the HTTP-like one, 0 if there is none.
            terminal: There will be no further attempt by itself.
        """

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        An error that no call is there to raise.

        Loading in the background failed, a subscription was refused, the connection broke
        (after :meth:`on_connection_error`), or a callback raised an exception.
        """

    def on_token_about_to_expire(self) -> None:
        """
        It is time for ``update_token``. Once for each token.
        """

    def on_token_expired(self) -> None:
        """
        The token is too old and the connection is gone; ``update_token`` brings it back.

        Once for each token. ``connection_state`` is ``DENIED`` already.
        """

    # Conversations.

    def on_conversation_added(self, conversation: Conversation) -> None:
        """
        The conversation has come to the user's list, or the user has created it.

        Also for each one that is in the list from the start. Comes before every other
        callback about it. Names, attributes and state are loaded.
        """

    def on_conversation_joined(self, conversation: Conversation) -> None:
        """
        The user is a participant now: directly after it was added, or later.
        """

    def on_conversation_left(self, conversation: Conversation) -> None:
        """
        The user was a participant and is none any more, for whatever reason.

        If the conversation also leaves the user's list, :meth:`on_conversation_deleted`
        follows. Otherwise the object stays, and a later join is announced with it.
        """

    def on_conversation_updated(
        self, conversation: Conversation, reason: ConversationUpdateReason
    ) -> None:
        """
        Something of the conversation has changed. One call for each reason.
        """

    def on_conversation_deleted(self, conversation: Conversation) -> None:
        """
        The conversation has left the user's list. The last callback about it.

        The object keeps its last values. If the user is added again, it is a new object.
        """

    def on_conversation_synchronization_change(self, conversation: Conversation) -> None:
        """
        Its ``synchronization_status`` has changed.
        """

    # Messages and participants of all conversations.

    def on_message_added(self, message: Message) -> None:
        """
        There is a new message, the user's own included. Once for each, by rising index.
        """

    def on_message_updated(self, message: Message, reason: MessageUpdateReason) -> None:
        """
        Something of a message that is cached has changed. One call for each reason.
        """

    def on_message_deleted(self, message: Message) -> None:
        """
        A message that was cached is gone.
        """

    def on_participant_added(self, participant: Participant) -> None:
        """
        Someone has been added to a conversation whose participants are loaded already.
        """

    def on_participant_updated(
        self, participant: Participant, reason: ParticipantUpdateReason
    ) -> None:
        """
        Something of a participant has changed. One call for each reason.

        Frequent: it is called whenever someone reads.
        """

    def on_participant_deleted(self, participant: Participant) -> None:
        """
        Someone has left or was removed.
        """

    def on_typing_started(self, conversation: Conversation, participant: Participant) -> None:
        """
        Someone else has begun to type. Once until it ends.
        """

    def on_typing_ended(self, conversation: Conversation, participant: Participant) -> None:
        """
        Someone is not typing any more: for a while, or because the message is there (it comes
        next), or because the participant has left (that comes next).
        """

    # Users.

    def on_user_updated(self, user: User, reason: UserUpdateReason) -> None:
        """
        Something of a subscribed user has changed. One call for each reason.
        """

    def on_user_subscribed(self, user: User) -> None:
        """
        A user is loaded and will be kept up to date; the own user while the client starts.
        """

    def on_user_unsubscribed(self, user: User) -> None:
        """
        A user is no longer kept up to date, by ``unsubscribe`` or for the limit's sake.
        """

    # Push notifications.

    def on_push_notification(self, payload: NotificationPayload) -> None:
        """
        ``handle_notification`` was given this payload. Comes before the specific callback.
        """

    def on_new_message_notification(
        self,
        conversation_sid: str | None,
        message_sid: str | None,
        message_index: int | None,
    ) -> None:
        """
        ``handle_notification`` was given a payload of type ``NEW_MESSAGE``.

        What the payload does not say is ``None``.
        """

    def on_added_to_conversation_notification(self, conversation_sid: str | None) -> None:
        """
        ``handle_notification`` was given a payload of type ``ADDED_TO_CONVERSATION``.
        """

    def on_removed_from_conversation_notification(self, conversation_sid: str | None) -> None:
        """
        ``handle_notification`` was given a payload of type ``REMOVED_FROM_CONVERSATION``.
        """

    def on_badge_count_notification(self, count: int) -> None:
        """
        The payload that ``handle_notification`` was given had a number for the badge.
        """

    def on_notification_subscribed(self) -> None:
        """
        A push token was registered with the server.
        """

    def on_notification_failed(self, error_info: ErrorInfo) -> None:
        """
        Registering a push token failed; the call raises the same error.
        """


class ConversationListener:
    """
    What happens to one conversation.
    """

    def on_message_added(self, message: Message) -> None:
        """
        There is a new message, the user's own included. Once for each, by rising index.
        """

    def on_message_updated(self, message: Message, reason: MessageUpdateReason) -> None:
        """
        Something of a message that is cached has changed. One call for each reason.
        """

    def on_message_deleted(self, message: Message) -> None:
        """
        A message that was cached is gone.
        """

    def on_participant_added(self, participant: Participant) -> None:
        """
        Someone has been added after the participants were loaded.
        """

    def on_participant_updated(
        self, participant: Participant, reason: ParticipantUpdateReason
    ) -> None:
        """
        Something of a participant has changed. One call for each reason.

        Frequent: it is called whenever someone reads.
        """

    def on_participant_deleted(self, participant: Participant) -> None:
        """
        Someone has left or was removed.
        """

    def on_typing_started(self, conversation: Conversation, participant: Participant) -> None:
        """
        Someone else has begun to type. Once until it ends.
        """

    def on_typing_ended(self, conversation: Conversation, participant: Participant) -> None:
        """
        Someone is not typing any more: for a while, or because the message is there (it comes
        next), or because the participant has left (that comes next).
        """

    def on_synchronization_changed(self, conversation: Conversation) -> None:
        """
        Its ``synchronization_status`` has changed; also once after the listener is added.
        """

    def on_updated(self, conversation: Conversation, reason: ConversationUpdateReason) -> None:
        """
        Something of the conversation has changed. One call for each reason.
        """

    def on_deleted(self, conversation: Conversation) -> None:
        """
        The conversation has left the user's list. The last callback about it.
        """

    # The users behind the participants. An object that is a listener of a client and of a
    # conversation gets those calls of the two kinds whose arguments its method takes.

    def on_user_updated(
        self, participant: Participant, user: User, reason: UserUpdateReason
    ) -> None:
        """
        Something of the user behind a participant has changed, if it is subscribed. One call
        for each reason.
        """

    def on_user_subscribed(self, participant: Participant, user: User) -> None:
        """
        The user behind a participant is loaded and will be kept up to date.
        """

    def on_user_unsubscribed(self, participant: Participant, user: User) -> None:
        """
        The user behind a participant is no longer kept up to date.
        """


class CallbackListener(Generic[T_contra]):
    """
    Is told how one call ended. Exactly one of its methods is called, on the listener thread.
    """

    def on_success(self, result: T_contra) -> None:
        """
        The call returned *result*.
        """

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        The call raised an error. One that is not of this package has reason ``UNKNOWN``.
        """


class StatusListener:
    """
    Like :class:`CallbackListener`, for when the result does not matter.
    """

    def on_success(self) -> None:
        """
        The call returned.
        """

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        The call raised an error. One that is not of this package has reason ``UNKNOWN``.
        """


class MediaUploadListener:
    """
    Is told how one upload gets on, on the listener thread.

    Given to :meth:`MessageBuilder.add_media` and its relatives. ``on_started`` comes first,
    and exactly one of ``on_completed`` and ``on_failed`` last.
    """

    def on_started(self) -> None:
        """
        The upload begins.
        """

    def on_progress(self, bytes_sent: int) -> None:
        """
        So many bytes are sent. Rising; at most every 0.1 s, and once at the end.
        """

    def on_completed(self, media_sid: str) -> None:
        """
        The service has it. The message that it belongs to is not sent yet.
        """

    def on_failed(self, error_info: ErrorInfo) -> None:
        """
        It failed, or was cancelled (reason ``CANCELLED``). The message will not be sent.
        """


_LISTENER_CLASSES: tuple[type, ...] = (
    ConversationsClientListener,
    ConversationListener,
    CallbackListener,
    StatusListener,
    MediaUploadListener,
)


_TWO_FORMS = frozenset({"on_user_updated", "on_user_subscribed", "on_user_unsubscribed"})


def unknown_callbacks(listener: object, base: type) -> list[str]:
    """
    The methods ``on_…`` that nobody would ever call: nearly always misspelt ones.

    Args:
        listener: An object that is about to be added as a listener.
        base: What it is added as, such as :class:`ConversationListener`. An object may be
            listeners of several kinds at once; methods of the other kinds are known, too.

    Returns:
        Their names, sorted.
    """
    kinds = [base, *(kind for kind in _LISTENER_CLASSES if isinstance(listener, kind))]
    known = {name for kind in kinds for name in dir(kind)}
    return [
        name
        for name in sorted(dir(listener))
        if name.startswith("on_") and name not in known and _is_method(listener, name)
    ]


def takes_arguments(listener: object, callback: str, arguments: tuple[object, ...]) -> bool:
    """
    Whether a callback is to be called with these arguments.

    In question only for what is a listener of clients and of conversations at once: the
    callbacks about users have a participant as well in the second form, and one method can
    hardly have both.
    """
    is_both = isinstance(listener, ConversationsClientListener) and isinstance(
        listener, ConversationListener
    )
    if not is_both or callback not in _TWO_FORMS:
        return True
    try:
        inspect.signature(getattr(listener, callback)).bind(*arguments)
    except TypeError:
        return False
    return True


def _is_method(listener: object, name: str) -> bool:
    # Without running properties, which may be anything.
    member = inspect.getattr_static(listener, name, None)
    return callable(member) or isinstance(member, classmethod)
