"""
Hearing and waiting, as a part of the client's class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from conversations import _arguments as arguments
from conversations._client_base import ClientBase
from conversations._functions import FunctionListener, check_callback_name
from conversations._waiting import wait_for_event
from conversations.errors import InvalidArgumentError
from conversations.event_queue import EventQueue, EventTypes, callbacks_of
from conversations.events import EVENT_CLASSES, Event
from conversations.listeners import ConversationsClientListener

F = TypeVar("F", bound=Callable[..., Any])


class ClientEvents(ClientBase):
    """
    Functions in place of listeners, events as a queue, waiting for what the program needs.
    """

    def add_callbacks(self, **functions: Callable[..., Any]) -> ConversationsClientListener:
        """
        Register functions in place of a listener.

        Args:
            functions: By the names of the callbacks of
                :class:`ConversationsClientListener`, whose arguments they get.

        Returns:
            The listener that they make up, for :meth:`remove_listener`.

        Raises:
            InvalidArgumentError: There is no callback of that name, no function is given, or
                one is none.
            ClientShutdownError: The client is shut down.

        Example::

            client.add_callbacks(on_message_added=lambda message: print(message.body))
        """
        if not functions:
            message = "no function is given"
            raise InvalidArgumentError(message)
        listener = FunctionListener(functions)
        self._objects.listeners.add(listener, replay=False)
        return listener

    def listen(self, callback_name: str) -> Callable[[F], F]:
        """
        Decorator that registers a function for one callback, for as long as the client lives.

        Args:
            callback_name: Such as ``"on_message_added"``.

        Raises:
            InvalidArgumentError: There is no such callback.
            ClientShutdownError: The client is shut down.

        Example::

            @client.listen("on_message_added")
            def show(message):
                print(message.body)
        """
        name = check_callback_name(callback_name)

        def register(function: F) -> F:
            self.add_callbacks(**{name: function})
            return function

        return register

    def event_queue(self, types: EventTypes | None = None, maxsize: int = 0) -> EventQueue:
        """
        The events from now on as a queue, for a program that prefers a loop to callbacks.

        It begins with the current :class:`ClientSynchronization`, if there is one, as a new
        listener does.

        Args:
            types: The classes of events that are wanted; ``None`` for all.
            maxsize: With so many events in it, the queue holds up all later callbacks until
                one is taken out, as a slow listener does; 0 for no limit.

        Returns:
            The queue. Close it, best with ``with``.

        Raises:
            InvalidArgumentError: *types* holds something else, or nothing; *maxsize* is
                negative.
            ClientShutdownError: The client is shut down.
        """
        callbacks = callbacks_of(types)
        capacity = arguments.index(maxsize, "maxsize")
        return EventQueue(self._objects, callbacks, capacity)

    def wait_until(self, predicate: Callable[[], object], *, timeout: float | None = None) -> None:
        """
        Wait until something is the case.

        *predicate* is asked now and after each event, so that nothing can be missed: once
        when the state has changed, and again when the listeners have been told.
        ``client.wait_until(lambda: conversation.friendly_name == "x")`` after a setter
        returns when the new value can be read.

        Args:
            predicate: Returns whether it is so. Called in the waiting thread; what it raises
                ends the waiting.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *predicate* cannot be called.
            ReentrancyError: Called inside a callback.
            RequestTimeoutError: It was not so in time.
            ClientShutdownError: The client is shut down, possibly meanwhile.
        """
        arguments.function(predicate, "predicate")
        seconds = arguments.timeout(timeout, self._objects.command_timeout)
        self._objects.runtime.wait_until(predicate, name="wait_until", timeout=seconds)

    def wait_for(
        self, predicate: Callable[[Event], object], *, timeout: float | None = None
    ) -> Event:
        """
        Wait for an event that comes after the call.

        Args:
            predicate: Returns whether this is the one. Called with each event, in order, in
                the waiting thread; what it raises ends the waiting.
            timeout: Seconds.

        Returns:
            The first for which *predicate* is true.

        Raises:
            InvalidArgumentError: *predicate* cannot be called.
            ReentrancyError: Called inside a callback.
            RequestTimeoutError: None came in time.
            ClientShutdownError: The client is shut down, possibly meanwhile.

        Example::

            client.wait_for(lambda event: isinstance(event, ConversationJoined))
        """
        arguments.function(predicate, "predicate")
        return wait_for_event(
            self._objects,
            frozenset(EVENT_CLASSES),
            predicate,
            name="wait_for",
            timeout=timeout,
        )
