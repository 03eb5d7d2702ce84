"""
All connections there are.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import attrs

from .watch import Watch

if TYPE_CHECKING:
    from .connection import Connection


@attrs.frozen(kw_only=True)
class ConnectionInfo:
    """
    One connection as a test sees it.

    Attributes:
        number: Counts the connections of this emulator from 1.
        identity: Whose it is; ``None`` before its ``init`` was accepted.
        state: ``await_init``, ``ready`` or ``closing``.
        subscriptions: Names of the objects it is subscribed to.
        capabilities: What the client's ``init`` asked for.
        message_types: What it registered for.
        unanswered_pings: Pings without a reply so far.
    """

    number: int
    identity: str | None
    state: str
    subscriptions: tuple[str, ...]
    capabilities: tuple[str, ...]
    message_types: tuple[str, ...]
    unanswered_pings: int


class Connections:
    """
    The open ones, in order of their arrival. Emulator thread only.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._numbers = count(1)
        self._open: dict[int, Connection] = {}

    def next_number(self) -> int:
        """
        The number of the next connection.
        """
        return next(self._numbers)

    def add(self, connection: Connection) -> None:
        """
        A socket was opened.
        """
        self._open[connection.number] = connection
        self._watch.changed()

    def remove(self, connection: Connection) -> None:
        """
        A socket is gone.
        """
        self._open.pop(connection.number, None)
        self._watch.changed()

    def all(self, identity: str | None = None) -> list[Connection]:
        """
        The open connections, or those of one user.
        """
        return [
            connection
            for connection in self._open.values()
            if identity is None or connection.known_identity == identity
        ]

    def ready(self, identity: str | None = None) -> list[Connection]:
        """
        Those whose ``init`` was accepted.
        """
        return [connection for connection in self.all(identity) if connection.is_ready]
