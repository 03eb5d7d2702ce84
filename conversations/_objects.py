"""
The public objects of one client: at most one for each conversation, participant, message, user.

Everything derived from a client holds this, and this holds neither the client nor any
listener: objects may outlive their client without keeping it alive (docs/threads.md,
Ownership).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.configuration import Configuration
from conversations._core.conversations.http import Carrier
from conversations._core.conversations.records import (
    ConversationRecord,
    MessageRecord,
    ParticipantRecord,
    UserRecord,
)
from conversations._core.conversations.service import ConversationsService
from conversations._core.engine import Engine
from conversations._core.promises import Promise
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.lifecycle import new_lock
from conversations._runtime.runtime import Runtime
from conversations.errors import ClientShutdownError

if TYPE_CHECKING:
    from conversations._listeners import ListenerTable
    from conversations.client import ConversationsClient
    from conversations.conversation import Conversation
    from conversations.message import Message
    from conversations.participant import Participant
    from conversations.user import User

T = TypeVar("T")

HttpOperation: TypeAlias = Callable[[ConversationsService, Call, Carrier], Coroutine[Any, Any, T]]
"""
An operation that also makes HTTP requests, through the carrier.
"""

Record = TypeVar("Record")
Facade = TypeVar("Facade")


@attrs.frozen(kw_only=True)
class ObjectClasses:
    """
    The classes of the public objects. Given by the client, because they import this module.
    """

    conversation: Callable[[Objects, ConversationRecord], Conversation]
    message: Callable[[Objects, MessageRecord], Message]
    participant: Callable[[Objects, ParticipantRecord], Participant]
    user: Callable[[Objects, UserRecord], User]


class Objects:
    """
    Makes the public objects and carries their calls to the network thread.

    Args:
        runtime: The client's threads.
        command_timeout: Default of every call's ``timeout``, in seconds.
        classes: What to make.
        configuration: Returns that of the service.
    """

    def __init__(
        self,
        runtime: Runtime,
        command_timeout: float,
        classes: ObjectClasses,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._classes = classes
        self.configuration = configuration
        self.runtime = runtime
        self.command_timeout = command_timeout
        self._client: weakref.ref[ConversationsClient] | None = None
        self._listeners: weakref.ref[ListenerTable] | None = None
        self._lock = new_lock("objects")
        # Guarded by _lock. A record lives as long as somebody holds its object.
        self._known: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()

    def belong_to(self, client: ConversationsClient, listeners: ListenerTable) -> None:
        """
        Note whose objects these are, weakly.
        """
        self._client = weakref.ref(client)
        self._listeners = weakref.ref(listeners)

    @property
    def client(self) -> ConversationsClient | None:
        """
        The client, or ``None`` if it is gone.
        """
        return self._client() if self._client is not None else None

    @property
    def listeners(self) -> ListenerTable:
        """
        Where listeners are registered.

        Raises:
            ClientForkedError: The client belongs to another process.
            ClientShutdownError: The client is shut down or gone.
        """
        self.runtime.check_usable()
        table = self.listeners_or_none
        if table is None:
            raise ClientShutdownError
        return table

    @property
    def listeners_or_none(self) -> ListenerTable | None:
        """
        The same, or ``None`` if the client is gone.
        """
        return self._listeners() if self._listeners is not None else None

    # Objects

    def conversation(self, record: ConversationRecord) -> Conversation:
        """
        The conversation of *record*.
        """
        return self._object(record, self._classes.conversation)

    def message(self, record: MessageRecord) -> Message:
        """
        The message of *record*.
        """
        return self._object(record, self._classes.message)

    def participant(self, record: ParticipantRecord) -> Participant:
        """
        The participant of *record*.
        """
        return self._object(record, self._classes.participant)

    def user(self, record: UserRecord) -> User:
        """
        The user of *record*.
        """
        return self._object(record, self._classes.user)

    def _object(self, record: Record, make: Callable[[Objects, Record], Facade]) -> Facade:
        with self._lock:
            reference = self._known.get(record)
            known: Facade | None = reference() if reference is not None else None
            if known is None:
                known = make(self, record)
                self._known[record] = weakref.ref(known)
            return known

    # Calls

    def checked(self, timeout: float | None) -> float:
        """
        The seconds that a call may take; also for one that turns out to need no request.

        Raises:
            InvalidArgumentError: *timeout* is no number of seconds.
            ClientShutdownError: The client is shut down.
        """
        seconds = arguments.timeout(timeout, self.command_timeout)
        self.runtime.check_usable()
        return seconds

    def call(
        self,
        name: str,
        timeout: float | None,
        operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]],
    ) -> T:
        """
        Run *operation* on the network thread and wait for its result.

        Args:
            name: Operation and object, as errors name it.
            timeout: As given by the user.
            operation: Gets the conversations layer and the call.

        Raises:
            ConversationsError: Whatever went wrong.
        """
        seconds = self.checked(timeout)

        def start(engine: Engine) -> Promise[T]:
            async def run(call: Call) -> T:
                return await operation(engine.ready_service(), call)

            return engine.call(name, seconds, run)

        return self.runtime.call(start, name=name, timeout=seconds)

    def call_with_http(
        self,
        name: str,
        timeout: float | None,
        operation: HttpOperation[T],
        *,
        moves_media: bool = True,
    ) -> T:
        """
        The same for an operation that also makes HTTP requests.

        Args:
            name: Operation and object, as errors name it.
            timeout: As given by the user.
            operation: Gets the conversations layer, the call, and who makes its requests.
            moves_media: Whether the default of *timeout* bounds each stretch without
                progress, not the whole.

        Raises:
            ConversationsError: Whatever went wrong.
        """
        start = self._starter(name, timeout, operation, moves_media=moves_media)
        return self.runtime.call_with_http(start, name=name)

    def begin_with_http(
        self,
        name: str,
        timeout: float | None,
        operation: HttpOperation[T],
        *,
        moves_media: bool = True,
        report: Callable[[Future[T]], ListenerCall] | None,
    ) -> Callable[[], object]:
        """
        Begin such an operation and do not wait for its end.

        Args:
            name: Operation and object, as errors name it.
            timeout: As for :meth:`call_with_http`.
            operation: The same.
            moves_media: The same.
            report: Makes the call with which a listener is told the outcome.

        Returns:
            Calls it off.

        Raises:
            ClientShutdownError: Nothing is begun.
        """
        start = self._starter(name, timeout, operation, moves_media=moves_media)
        return self.runtime.begin_with_http(start, name=name, report=report)

    def _starter(
        self,
        name: str,
        timeout: float | None,
        operation: HttpOperation[T],
        *,
        moves_media: bool,
    ) -> Callable[[Engine, Carrier], Promise[T]]:
        seconds = self.checked(timeout)

        def start(engine: Engine, carrier: Carrier) -> Promise[T]:
            async def run(call: Call) -> T:
                return await operation(engine.ready_service(), call, carrier)

            return engine.call(name, seconds, run, is_extended=moves_media and timeout is None)

        return start
