"""
What the service needs of the emulator around it: timers, and a way to the users' connections.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..._core.upstream import JSONValue
from ..sync.objects import Subscriber


class Alarm(Protocol):
    """
    Something that will happen.
    """

    def cancel(self) -> None:
        """
        Let it not happen.
        """
        ...


class Surroundings(Protocol):
    """
    The emulator, as the service sees it.
    """

    def call_later(self, delay: float, callback: Callable[[], None]) -> Alarm:
        """
        Run *callback* in *delay* seconds.
        """
        ...

    def notify_user(self, identity: str, message_type: str, payload: JSONValue) -> None:
        """
        Send a notification to the user's connections that have registered for its type.
        """
        ...

    def carry_event(
        self, name: str, subscriber: Subscriber, message_type: str, payload: bytes
    ) -> None:
        """
        Bring an event of the object of that name to a subscriber.
        """
        ...

    def changed(self) -> None:
        """
        Something happened that a test may wait for.
        """
        ...
