"""
Users of an emulator, each with a client and a listener that records what it is told.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from conversations import (
    AccessToken,
    ChatGrant,
    Conversation,
    ConversationListener,
    ConversationsClient,
    ConversationsClientListener,
    Properties,
    StatusListener,
)
from conversations.testing import RecordedCall, RecordingListener
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator, RequestRecord

_marks = itertools.count(1)

Request = Callable[["RequestRecord"], bool]


@attrs.frozen
class Person:
    """
    A connected user.
    """

    identity: str
    client: ConversationsClient
    heard: RecordingListener
    emulator: Emulator = attrs.field(repr=False)

    def hear(
        self, callback: str, matching: Callable[..., object] | None = None, *, count: int = 1
    ) -> RecordedCall:
        """
        Wait for a callback, which may have come before.
        """
        return self.heard.wait_for(callback, matching, count=count, timeout=limit())

    def enter(self, sid: str) -> Conversation:
        """
        A conversation once it is loaded completely and everything of it is followed.
        """
        conversation = self.client.get_conversation(sid, timeout=limit())
        conversation.wait_for_synchronization(timeout=limit())
        for part in ("channel", "messages", "roster"):
            self.emulator.wait_for_subscription(
                f"{sid}.{part}", identity=self.identity, timeout=limit()
            )
        return conversation

    def catch_up(self) -> None:
        """
        Wait until whatever happened before this call has been told to the listener.

        A change of the user's own name goes the same way, after all of it.
        """
        mark = f"mark {next(_marks)}"
        self.emulator.update_user(self.identity, friendly_name=mark)
        self.hear("on_user_updated", lambda user, _: user.friendly_name == mark)
        outcome = Outcome()  # comes when all listeners have been told of it
        self.client.submit(int, callback=outcome)
        outcome.wait()

    def told(self, *callbacks: str) -> list[tuple[str, ...]]:
        """
        What was told, each call as its name and what tells its arguments apart.
        """
        return [described(call) for call in self.heard.calls(*callbacks)]

    def bodies(self) -> list[str | None]:
        """
        The bodies of the messages that were announced.
        """
        return [call["message"].body for call in self.heard.calls("on_message_added")]


class Outcome(StatusListener):
    """
    Waits for being told that a job is done.
    """

    def __init__(self) -> None:
        self._told = threading.Event()

    def on_success(self) -> None:
        self._told.set()

    def wait(self) -> None:
        assert self._told.wait(limit())


class Connect(Protocol):
    """
    Connects a user of the test's emulator and synchronizes.
    """

    def __call__(
        self,
        identity: str,
        *,
        token: str | Callable[[], str] | None = None,
        listener: ConversationsClientListener | None = None,
        synchronize: bool = True,
        **options: Any,
    ) -> Person: ...


def options(emulator: Emulator, **changes: Any) -> Properties:
    """
    The properties that point at *emulator*, with *changes*.
    """
    return attrs.evolve(emulator.properties(), **changes)


def minted(emulator: Emulator, **changes: Any) -> str:
    """
    A token of the emulator's account for alice, with something changed.
    """
    credentials = emulator.credentials
    arguments: dict[str, Any] = {
        "secret": credentials.secret,
        "identity": "alice",
        "grants": [ChatGrant(service_sid=credentials.service)],
        **changes,
    }
    return AccessToken(credentials.account, credentials.key, **arguments).to_jwt()


def described(call: RecordedCall) -> tuple[str, ...]:
    """
    The name of a callback and the words that tell its arguments apart.
    """
    return (call.callback, *(_word(value) for value in call.arguments.values()))


def _word(value: object) -> str:
    for name in ("name", "body", "identity", "friendly_name", "reason"):
        word = getattr(value, name, None)
        if isinstance(word, str):
            return word
        if word is not None and name == "reason":
            return str(word.name)
    return str(value)


class Gate(ConversationsClientListener, ConversationListener):  # type: ignore[misc]  # users differ
    """
    A listener that stays in one callback until the test lets it go on.
    """

    def __init__(self, matching: Callable[..., object] = lambda *_: True) -> None:
        self._matching = matching
        self._entered = threading.Event()
        self._open = threading.Event()

    def on_message_added(self, message: Any) -> None:
        if self._matching(message) and not self._entered.is_set():
            self._entered.set()
            assert self._open.wait(limit())

    def wait_until_entered(self) -> None:
        assert self._entered.wait(limit())

    def open(self) -> None:
        self._open.set()


@contextmanager
def held_up(person: Person, conversation: str) -> Iterator[None]:
    """
    Inside, the person's listener thread stands still.
    """
    gate = Gate(lambda message: message.body == "the gate")
    person.client.add_listener(gate)
    person.emulator.send_message(conversation, "the gate")
    gate.wait_until_entered()
    try:
        yield
    finally:
        gate.open()
        person.client.remove_listener(gate)


def posts(path_end: str, identity: str | None = None) -> Request:
    """
    Chooses requests that change something, by the end of their path.
    """
    return lambda request: (
        request.method == "POST"
        and request.path.endswith(path_end)
        and identity in (None, request.identity)
    )


def answered(chosen: Request) -> Request:
    """
    Chooses of these those that have their answer.
    """
    return lambda request: request.status is not None and chosen(request)
