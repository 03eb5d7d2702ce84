"""
The listeners of one client, and what each core event means to them.

Runs on the listener thread but for registering and removing. The client owns this; the
listener thread holds it weakly, so a listener that refers to its client keeps nothing alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

import attrs

from conversations._core.conversations import events
from conversations._core.conversations.records import (
    ConversationRecord,
    MessageRecord,
    ParticipantRecord,
    UserRecord,
)
from conversations._functions import FunctionListener
from conversations._objects import Objects
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.lifecycle import new_lock
from conversations.enums import (
    ConnectionState,
    ConversationStatus,
    NotificationPayloadType,
    SynchronizationStatus,
)
from conversations.errors import ErrorInfo, InvalidArgumentError
from conversations.listeners import (
    CallbackListener,
    ConversationListener,
    ConversationsClientListener,
    MediaUploadListener,
    StatusListener,
    takes_arguments,
    unknown_callbacks,
)
from conversations.push import NotificationPayload


class EventSink(Protocol):
    """
    Takes what the client's listeners are told, for whoever wants it on another thread.
    """

    def wants(self, callback: str) -> bool:
        """
        Whether calls of that callback are wanted.
        """

    def take(self, callback: str, arguments: tuple[Any, ...]) -> None:
        """
        Listener thread: take one call. May hold up what follows.
        """


@attrs.define(eq=False)
class Registration:
    """
    A listener, or a sink, in its place.

    It becomes active when the listener thread comes to the point in the queue at which it was
    added: what was queued before is not for it. ``announced`` are participants that a replay
    has told it about already.
    """

    listener: Any
    conversation: ConversationRecord | None
    replay: bool = False
    is_sink: bool = False
    is_greeted: bool = True
    is_active: bool = False
    is_removed: bool = False
    announced: set[ParticipantRecord] = attrs.field(factory=set)


@attrs.frozen
class ListenerAdded:
    """
    In the queue: from here on the listener takes part.
    """

    registration: Registration


@attrs.frozen
class NotificationHandled:
    """
    The program has handed over a push notification.
    """

    payload: NotificationPayload


@attrs.frozen
class _Callback:
    """
    One callback: for the client's listeners, then for those of a conversation.

    ``None`` as a name: that kind of listener has no such callback.
    """

    client_name: str | None
    client_arguments: tuple[object, ...] = ()
    conversation: ConversationRecord | None = None
    conversation_name: str | None = None
    conversation_arguments: tuple[object, ...] = ()
    announces: ParticipantRecord | None = None


class ListenerTable:
    """
    Keeps the listeners and plans the calls for each event.

    Args:
        first: A listener that is there before anything happens.
    """

    def __init__(self, first: ConversationsClientListener | None = None) -> None:
        self._lock = new_lock("listeners")
        # Guarded by _lock; replaced, never changed in place, so that iterating needs no lock.
        self._for_client: tuple[Registration, ...] = ()
        if first is not None:
            checked = _checked(first, ConversationsClientListener)
            self._for_client = (Registration(checked, None, is_active=True),)
        self._for_conversations: dict[ConversationRecord, tuple[Registration, ...]] = {}
        # Listener thread only: what has been told so far, for listeners that come later.
        self._connection_state: ConnectionState | None = None
        self._synchronization: SynchronizationStatus | None = None
        self._announced: dict[ConversationRecord, None] = {}

    def use(self, objects: Objects) -> None:
        """
        Give listeners the objects that *objects* makes. Called before the threads start.
        """
        self._objects = objects

    # Registering, from any thread

    def add(self, listener: ConversationsClientListener, *, replay: bool) -> None:
        """
        Register a listener of the client.
        """
        registration = Registration(_checked(listener, ConversationsClientListener), None, replay)
        with self._lock:
            self._for_client = _with(self._for_client, registration)
        self._objects.runtime.tell(ListenerAdded(registration), counts=False)

    def add_sink(self, sink: EventSink, *, is_greeted: bool) -> None:
        """
        Hand the client's events to *sink*.

        Args:
            sink: Stays until it is removed by itself: it is no listener of the user's.
            is_greeted: Whether it begins with what a listener is told when it is added.
        """
        registration = Registration(sink, None, is_sink=True, is_greeted=is_greeted)
        with self._lock:
            self._for_client = _with(self._for_client, registration)
        self._objects.runtime.tell(ListenerAdded(registration), counts=False)

    def add_to_conversation(
        self, conversation: ConversationRecord, listener: ConversationListener, *, replay: bool
    ) -> None:
        """
        Register a listener of one conversation.
        """
        registration = Registration(_checked(listener, ConversationListener), conversation, replay)
        with self._lock:
            registered = self._for_conversations.get(conversation, ())
            self._for_conversations[conversation] = _with(registered, registration)
        self._objects.runtime.tell(ListenerAdded(registration), counts=False)

    def remove(self, listener: object) -> None:
        """
        Take a listener of the client out; an unknown one is no error.
        """
        with self._lock:
            self._for_client = _without(self._for_client, listener)

    def remove_all(self) -> None:
        """
        Take all listeners of the client out.
        """
        with self._lock:
            left = []
            for registration in self._for_client:
                if registration.is_sink:
                    left.append(registration)
                else:
                    registration.is_removed = True
            self._for_client = tuple(left)

    def remove_from_conversation(self, conversation: ConversationRecord, listener: object) -> None:
        """
        Take a listener of one conversation out; an unknown one is no error.
        """
        with self._lock:
            left = _without(self._for_conversations.get(conversation, ()), listener)
            self._keep(conversation, left)

    def remove_all_from_conversation(self, conversation: ConversationRecord) -> None:
        """
        Take all listeners of one conversation out.
        """
        with self._lock:
            for registration in self._for_conversations.get(conversation, ()):
                registration.is_removed = True
            self._keep(conversation, ())

    def _keep(self, conversation: ConversationRecord, left: tuple[Registration, ...]) -> None:
        if left:
            self._for_conversations[conversation] = left
        else:
            self._for_conversations.pop(conversation, None)

    # Delivering, on the listener thread

    def plan(self, event: object) -> Iterator[ListenerCall]:
        """
        The calls that *event* means, each made up when its turn comes.
        """
        if isinstance(event, ListenerAdded):
            yield from self._welcome(event.registration)
            return
        self._note(event)
        for callback in self._callbacks(event):
            yield from self._calls(callback)
        if isinstance(event, events.ConversationDeleted):
            self.remove_all_from_conversation(event.conversation)

    def failed(self, call: ListenerCall, error: Exception) -> Iterator[ListenerCall]:
        """
        The calls that report a callback which raised; none for one that was such a report.
        """
        if call.name.endswith(".on_error"):
            return iter(())
        info = ErrorInfo(message=f"{call.name} raised {type(error).__name__}", cause=error)
        return self.plan(events.ErrorOccurred(info))

    def _note(self, event: object) -> None:
        if isinstance(event, events.ConnectionStateChanged):
            self._connection_state = event.state
        elif isinstance(event, events.SynchronizationChanged):
            self._synchronization = event.status
        elif isinstance(event, events.ConversationAdded):
            self._announced[event.conversation] = None
        elif isinstance(event, events.ConversationDeleted):
            self._announced.pop(event.conversation, None)

    def _welcome(self, registration: Registration) -> Iterator[ListenerCall]:
        registration.is_active = True
        for callback in self._greetings(registration) if registration.is_greeted else ():
            name = callback.client_name or callback.conversation_name or ""
            arguments = callback.client_arguments or callback.conversation_arguments
            if _is_called(registration, name, arguments):
                yield _call(registration, name, arguments)

    def _greetings(self, registration: Registration) -> Iterator[_Callback]:
        conversation = registration.conversation
        if conversation is not None:
            yield from self._conversation_greetings(registration, conversation)
            return
        if registration.replay and self._connection_state is not None:
            yield _Callback("on_connection_state_change", (self._connection_state,))
        if self._synchronization is not None and not registration.replay:
            yield _Callback("on_client_synchronization", (self._synchronization,))
        if not registration.replay:
            return
        for record in list(self._announced):
            known = self._objects.conversation(record)
            yield _Callback("on_conversation_added", (known,))
            if record.snapshot.status is ConversationStatus.JOINED:
                yield _Callback("on_conversation_joined", (known,))
        if self._synchronization is not None:
            yield _Callback("on_client_synchronization", (self._synchronization,))

    def _conversation_greetings(
        self, registration: Registration, conversation: ConversationRecord
    ) -> Iterator[_Callback]:
        known = self._objects.conversation(conversation)
        yield _Callback(
            None, conversation_name="on_synchronization_changed", conversation_arguments=(known,)
        )
        if registration.replay:
            for record in list(conversation.participants.values()):
                registration.announced.add(record)
                yield _Callback(
                    None,
                    conversation_name="on_participant_added",
                    conversation_arguments=(self._objects.participant(record),),
                )

    def _calls(self, callback: _Callback) -> Iterator[ListenerCall]:
        name, arguments = callback.client_name, callback.client_arguments
        if name is not None:
            for registration in self._for_client:
                if _is_called(registration, name, arguments):
                    yield _call(registration, name, arguments)
        name, arguments = callback.conversation_name, callback.conversation_arguments
        if callback.conversation is None or name is None:
            return
        for registration in self._for_conversations.get(callback.conversation, ()):
            if not _is_called(registration, name, arguments):
                continue
            if callback.announces in registration.announced:
                registration.announced.discard(callback.announces)
                continue
            yield _call(registration, name, arguments)

    # What each event means

    def _callbacks(self, event: object) -> Iterator[_Callback]:
        if isinstance(event, events.Updated):
            yield from self._update_callbacks(event)
            return
        if isinstance(event, NotificationHandled):
            yield from _push_callbacks(event.payload)
        elif isinstance(event, events.UserSubscribed):
            yield from self._user_callbacks("on_user_subscribed", event.user)
        elif isinstance(event, events.UserUnsubscribed):
            yield from self._user_callbacks("on_user_unsubscribed", event.user)
        plan = _PLANS.get(type(event))
        if plan is not None:
            yield plan(self._objects, event)

    def _update_callbacks(self, event: events.Updated[Any, Any]) -> Iterator[_Callback]:
        record = event.record
        for reason in event.reasons:
            if isinstance(record, ConversationRecord):
                known = (self._objects.conversation(record), reason)
                yield _Callback("on_conversation_updated", known, record, "on_updated", known)
            elif isinstance(record, MessageRecord):
                message = (self._objects.message(record), reason)
                yield _both("on_message_updated", message, record.conversation)
            elif isinstance(record, ParticipantRecord):
                participant = (self._objects.participant(record), reason)
                yield _both("on_participant_updated", participant, record.conversation)
            elif isinstance(record, UserRecord):
                yield from self._user_callbacks("on_user_updated", record, reason)

    def _user_callbacks(self, name: str, record: UserRecord, *more: object) -> Iterator[_Callback]:
        """
        For the client, then for each conversation that the user takes part in.
        """
        user = self._objects.user(record)
        yield _Callback(name, (user, *more))
        with self._lock:
            listened_to = list(self._for_conversations)
        for conversation in listened_to:
            for participant in conversation.participants.values():
                if participant.snapshot.identity == record.snapshot.identity:
                    known = self._objects.participant(participant)
                    yield _Callback(None, (), conversation, name, (known, user, *more))


def check_callback(callback: object) -> None:
    """
    Refuse what cannot be told the outcome of a call.

    Raises:
        InvalidArgumentError: It is neither kind of callback, or has an unknown ``on_…`` method.
    """
    kind = StatusListener if isinstance(callback, StatusListener) else CallbackListener
    if callback is not None:
        _checked(callback, kind)


def check_upload_listener(listener: object) -> None:
    """
    Refuse what cannot be told how an upload gets on.

    Raises:
        InvalidArgumentError: It is no :class:`MediaUploadListener`, or has an unknown ``on_…``
            method.
    """
    if listener is not None:
        _checked(listener, MediaUploadListener)


def _checked(listener: object, base: type) -> Any:
    if not isinstance(listener, base):
        message = f"a listener here must be a {base.__name__}, not {type(listener).__name__}"
        raise InvalidArgumentError(message)
    unknown = unknown_callbacks(listener, base)
    if unknown:
        names = ", ".join(unknown)
        message = f"{type(listener).__name__} has callbacks that nobody calls: {names}"
        raise InvalidArgumentError(message)
    return listener


def _with(registered: tuple[Registration, ...], new: Registration) -> tuple[Registration, ...]:
    if any(registration.listener is new.listener for registration in registered):
        message = "the listener is registered already"
        raise InvalidArgumentError(message)
    return (*registered, new)


def _without(registered: tuple[Registration, ...], listener: object) -> tuple[Registration, ...]:
    left = []
    for registration in registered:
        if registration.listener is listener:
            registration.is_removed = True
        else:
            left.append(registration)
    return tuple(left)


def _is_called(registration: Registration, name: str, arguments: tuple[object, ...]) -> bool:
    if not registration.is_active or registration.is_removed:
        return False
    if registration.is_sink:
        return bool(registration.listener.wants(name))
    return takes_arguments(registration.listener, name, arguments)


def _call(registration: Registration, name: str, arguments: tuple[object, ...]) -> ListenerCall:
    listener = registration.listener
    if registration.is_sink:
        take = partial(listener.take, name, arguments)
        return ListenerCall(f"EventQueue.{name}", take, is_ours=True)
    label = listener.label(name) if isinstance(listener, FunctionListener) else None
    return ListenerCall(
        f"{label or type(listener).__name__}.{name}", partial(getattr(listener, name), *arguments)
    )


def _both(
    name: str,
    arguments: tuple[object, ...],
    conversation: ConversationRecord,
    announces: ParticipantRecord | None = None,
) -> _Callback:
    return _Callback(name, arguments, conversation, name, arguments, announces)


def _conversation_callback(
    name: str, conversation_name: str | None = None
) -> Callable[[Objects, Any], _Callback]:
    def plan(objects: Objects, event: Any) -> _Callback:
        known = (objects.conversation(event.conversation),)
        return _Callback(name, known, event.conversation, conversation_name, known)

    return plan


def _message_callback(name: str) -> Callable[[Objects, Any], _Callback]:
    def plan(objects: Objects, event: Any) -> _Callback:
        return _both(name, (objects.message(event.message),), event.message.conversation)

    return plan


def _participant_callback(name: str) -> Callable[[Objects, Any], _Callback]:
    def plan(objects: Objects, event: Any) -> _Callback:
        record = event.participant
        arguments = (objects.participant(record),)
        is_added = isinstance(event, events.ParticipantAdded)
        return _both(name, arguments, record.conversation, record if is_added else None)

    return plan


def _push_callbacks(payload: NotificationPayload) -> Iterator[_Callback]:
    yield _Callback("on_push_notification", (payload,))
    kinds = NotificationPayloadType
    sid = payload.conversation_sid
    if payload.type is kinds.UNKNOWN:
        return
    if payload.type is kinds.NEW_MESSAGE:
        about = (sid, payload.message_sid, payload.message_index)
        yield _Callback("on_new_message_notification", about)
    elif payload.type is kinds.ADDED_TO_CONVERSATION:
        yield _Callback("on_added_to_conversation_notification", (sid,))
    elif payload.type is kinds.REMOVED_FROM_CONVERSATION:
        yield _Callback("on_removed_from_conversation_notification", (sid,))
    if payload.badge is not None:
        yield _Callback("on_badge_count_notification", (payload.badge,))


def _typing_callback(name: str) -> Callable[[Objects, Any], _Callback]:
    def plan(objects: Objects, event: Any) -> _Callback:
        record = event.participant
        arguments = (objects.conversation(record.conversation), objects.participant(record))
        return _both(name, arguments, record.conversation)

    return plan


_PLANS: dict[type, Callable[[Objects, Any], _Callback]] = {
    events.ConnectionStateChanged: lambda _, event: _Callback(
        "on_connection_state_change", (event.state,)
    ),
    events.SynchronizationChanged: lambda _, event: _Callback(
        "on_client_synchronization", (event.status,)
    ),
    events.Initialized: lambda _, __: _Callback("on_initialized"),
    events.InitializationFailed: lambda _, event: _Callback("on_init_failed", (event.error_info,)),
    events.ConnectionErrorOccurred: lambda _, event: _Callback(
        "on_connection_error", (event.error_info, event.terminal)
    ),
    events.ErrorOccurred: lambda _, event: _Callback("on_error", (event.error_info,)),
    events.TokenAboutToExpire: lambda _, __: _Callback("on_token_about_to_expire"),
    events.TokenExpired: lambda _, __: _Callback("on_token_expired"),
    events.ConversationAdded: _conversation_callback("on_conversation_added"),
    events.ConversationJoined: _conversation_callback("on_conversation_joined"),
    events.ConversationLeft: _conversation_callback("on_conversation_left"),
    events.ConversationDeleted: _conversation_callback("on_conversation_deleted", "on_deleted"),
    events.ConversationSynchronizationChanged: _conversation_callback(
        "on_conversation_synchronization_change", "on_synchronization_changed"
    ),
    events.MessageAdded: _message_callback("on_message_added"),
    events.MessageDeleted: _message_callback("on_message_deleted"),
    events.ParticipantAdded: _participant_callback("on_participant_added"),
    events.ParticipantDeleted: _participant_callback("on_participant_deleted"),
    events.PushTokenRegistered: lambda _, __: _Callback("on_notification_subscribed"),
    events.PushTokenFailed: lambda _, event: _Callback(
        "on_notification_failed", (event.error_info,)
    ),
    events.TypingStarted: _typing_callback("on_typing_started"),
    events.TypingEnded: _typing_callback("on_typing_ended"),
}
