"""
Waiting for an event on the thread of the one who waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conversations import _arguments as arguments
from conversations._objects import Objects
from conversations.event_queue import EventReader
from conversations.events import Event


def wait_for_event(
    objects: Objects,
    callbacks: frozenset[str],
    predicate: Callable[[Event], object],
    *,
    name: str,
    timeout: float | None,
    present: Callable[[], Iterable[Event]] = tuple,
) -> Event:
    """
    The first event for which *predicate* is true.

    Args:
        objects: Of the client.
        callbacks: Those whose events count.
        predicate: Called on this thread, for each event in order.
        name: The operation, as errors name it.
        timeout: As given by the user.
        present: What has come before and counts too; asked once new events are not missed.

    Raises:
        ReentrancyError: Called inside a callback.
        RequestTimeoutError: None came in time.
        ClientShutdownError: The client is shut down, possibly meanwhile.
    """
    seconds = arguments.timeout(timeout, objects.command_timeout)
    objects.runtime.check_not_in_callback()
    reader = EventReader(objects, callbacks)
    reader.start()
    try:
        for event in present():
            if predicate(event):
                return event
        found: list[Event] = []

        def is_found() -> bool:
            while not found and (come := reader.mailbox.poll()):
                found.extend(event for event in come if predicate(event))
            return bool(found)

        objects.runtime.wait_until(is_found, name=name, timeout=seconds)
        return found[0]
    finally:
        reader.stop()
