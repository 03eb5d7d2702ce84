"""
Clients of the test's emulator, shut down at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from conversations import Conversation, ConversationsClient, ConversationsClientListener
from conversations._core.backoff import FibonacciBackoff
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person, options
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@pytest.fixture
def connect(emulator: Emulator) -> Iterator[Connect]:
    with ExitStack() as clients:

        def connect(
            identity: str,
            *,
            token: str | Callable[[], str] | None = None,
            listener: ConversationsClientListener | None = None,
            synchronize: bool = True,
            **changes: Any,
        ) -> Person:
            heard = listener if isinstance(listener, RecordingListener) else RecordingListener()
            client = ConversationsClient.create(
                token or emulator.token(identity),
                options(emulator, **changes),
                listener or heard,
                timeout=limit(),
            )
            clients.enter_context(client)
            if synchronize:
                client.wait_for_synchronization(timeout=limit())
            return Person(identity, client, heard, emulator)

        yield connect


@pytest.fixture
def alice(connect: Connect) -> Person:
    return connect("alice")


@pytest.fixture
def bob(connect: Connect) -> Person:
    return connect("bob")


@pytest.fixture
def room(emulator: Emulator) -> str:
    """
    The sid of a conversation that alice and bob are in.
    """
    return emulator.create_conversation(
        friendly_name="room", unique_name="the-room", identities=["alice", "bob"]
    ).sid


@pytest.fixture
def lunch(room: str, alice: Person) -> Conversation:
    """
    That conversation as alice sees it, loaded completely.
    """
    return alice.enter(room)


@pytest.fixture
def quick_reconnects(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Clients of the test wait hardly between two attempts to connect.
    """
    monkeypatch.setattr(
        FibonacciBackoff, "delay", lambda _, failures, rng: min(failures * 0.01, 0.05)
    )
