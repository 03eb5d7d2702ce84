"""
The events of a client as a queue, for programs that prefer a loop to callbacks.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Self

from conversations import _arguments as arguments
from conversations._objects import Objects
from conversations._runtime.mailbox import Mailbox, MailboxEnded
from conversations._runtime.waiters import Deadline, WaitExpired
from conversations.errors import (
    ClientShutdownError,
    ClientStateError,
    InvalidArgumentError,
    RequestTimeoutError,
)
from conversations.events import EVENT_CLASSES, Event, event_of

EventTypes = type[Event] | Iterable[type[Event]]
"""One class of events, or several; a base class stands for all that it is the base of."""


class EventReader:
    """
    Takes events on the listener thread and hands them to other threads.

    Args:
        objects: Of the client.
        callbacks: Those whose events are wanted.
        capacity: With so many events in it the listener thread waits; 0 for no limit.
    """

    def __init__(self, objects: Objects, callbacks: frozenset[str], capacity: int = 0) -> None:
        self._objects = objects
        self._callbacks = callbacks
        self.mailbox: Mailbox[Event] = objects.runtime.mailbox(capacity)
        self.owner: weakref.ref[EventQueue] | None = None

    def start(self, *, is_greeted: bool = False) -> None:
        """
        From now on events are taken.
        """
        self._objects.listeners.add_sink(self, is_greeted=is_greeted)

    def stop(self) -> None:
        """
        Nothing is taken any more, and what is left is forgotten.
        """
        self.mailbox.close()
        table = self._objects.listeners_or_none
        if table is not None:
            table.remove(self)

    def wants(self, callback: str) -> bool:
        """
        Whether events of that callback are taken.
        """
        return callback in self._callbacks

    def take(self, callback: str, arguments: tuple[Any, ...]) -> None:
        """
        Listener thread: take one event.
        """
        self.mailbox.put(event_of(callback, arguments))
        if self.mailbox.is_closed:  # forgotten, and nobody has stopped it
            self.stop()


class EventQueue:
    """
    The events of a client, in order, each handed out once.

    Made by :meth:`ConversationsClient.event_queue`. An iterator that waits for the next event
    and ends when the client is shut down, or when the queue is closed, as it is at the end of
    its ``with`` block. What came before the shutdown is handed out first.

    Threading: any thread but inside a callback; several threads may share the work.

    Example::

        with client.event_queue([MessageAdded]) as queue:
            for event in queue:
                print(event.message.author, event.message.body)
    """

    def __init__(self, objects: Objects, callbacks: frozenset[str], maxsize: int) -> None:
        # Not for users: event_queue() checks the arguments.
        self._objects = objects
        self._reader = EventReader(objects, callbacks, maxsize)
        mailbox = self._reader.mailbox
        # A queue that is forgotten must neither grow nor hold up callbacks. Its reader holds
        # this reference, which works as long as the reader is there.
        self._reader.owner = weakref.ref(self, lambda _: mailbox.close())
        self._reader.start(is_greeted=True)

    def get(self, timeout: float | None = None) -> Event:
        """
        Wait for the next event.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: *timeout* is no number of seconds.
            RequestTimeoutError: None came in time.
            ClientShutdownError: The client is shut down, and nothing is left.
            ClientStateError: The queue is closed.
            ReentrancyError: Called inside a callback.
        """
        seconds = arguments.timeout(timeout, self._objects.command_timeout)
        try:
            return self._take(Deadline(seconds))
        except WaitExpired:
            message = f"no event came within {seconds:g} s"
            raise RequestTimeoutError(message, operation="get") from None
        except MailboxEnded:
            if self._reader.mailbox.is_closed:
                message = "the event queue is closed"
                raise ClientStateError(message, operation="get") from None
            raise ClientShutdownError(operation="get") from None

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            return self._take(Deadline(None))
        except MailboxEnded:
            raise StopIteration from None

    def _take(self, deadline: Deadline) -> Event:
        runtime = self._objects.runtime
        runtime.check_process()
        runtime.check_not_in_callback()
        return self._reader.mailbox.take(deadline)

    def __len__(self) -> int:
        """
        How many events wait in it now.
        """
        return len(self._reader.mailbox)

    def __bool__(self) -> bool:
        """
        True, also while nothing waits in it.
        """
        return True

    def close(self) -> None:
        """
        Take no more events and forget those that are left. Safe to call twice.

        Threading: any thread; those that wait for an event wait no longer.
        """
        self._reader.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._reader.mailbox.is_closed else f"{len(self)} waiting"
        return f"<EventQueue {state}>"


def callbacks_of(types: EventTypes | None) -> frozenset[str]:
    """
    The callbacks whose events have one of these types; all of them for ``None``.

    Raises:
        InvalidArgumentError: It is no class of events, or there is none.
    """
    if types is None:
        return frozenset(EVENT_CLASSES)
    wanted = (types,) if isinstance(types, type) else _listed(types)
    for one in wanted:
        if not (isinstance(one, type) and issubclass(one, Event)):
            message = f"types must be classes of events, not {one!r}"
            raise InvalidArgumentError(message)
    if not wanted:
        message = "types names no class of events"
        raise InvalidArgumentError(message)
    return frozenset(
        callback
        for callback, event_class in EVENT_CLASSES.items()
        if issubclass(event_class, wanted)
    )


def _listed(types: object) -> tuple[Any, ...]:
    if not isinstance(types, Iterable):
        message = f"types must be classes of events, not {type(types).__name__}"
        raise InvalidArgumentError(message)
    return tuple(types)
