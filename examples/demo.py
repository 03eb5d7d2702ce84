"""
Two users, one conversation, one lost connection: the whole life of a client in a few seconds.

    python examples/demo.py

Everything runs on this machine: the program starts an emulator, connects alice and bob to it
like two separate programs, and prints what each of them is told. The exit status is 0 only if
all of it happened.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from conversations import (
    ConnectionState,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationStatus,
    ErrorInfo,
    Message,
    Participant,
    SynchronizationStatus,
)
from conversations.emulator import Emulator

PATIENCE = 20.0
"""Seconds after which something that should have happened counts as missing."""


class Timeline:
    """
    Prints who was told what, and lets the program wait until something has been told.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told: list[tuple[str, str]] = []
        self._changed = threading.Condition()

    def tell(self, who: str, what: str) -> None:
        """
        Print one line and remember it.
        """
        with self._changed:
            self._told.append((who, what))
            print(f"{time.monotonic() - self._began:7.3f}  {who:<9} {what}", flush=True)
            self._changed.notify_all()

    def wait_for(self, who: str, what: str) -> None:
        """
        Wait until *who* has been told *what*.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: (who, what) in self._told, PATIENCE):
                raise Missing(f"{who} was never told: {what}")

    def count(self, who: str, what: str) -> int:
        """
        How often *who* has been told *what*.
        """
        with self._changed:
            return self._told.count((who, what))


class Missing(Exception):
    """
    Something that should have happened did not.
    """


class Reporter(ConversationsClientListener):
    """
    One user's listener: each callback becomes a line of the timeline.
    """

    def __init__(self, who: str, timeline: Timeline) -> None:
        self._tell: Callable[[str], None] = lambda what: timeline.tell(who, what)

    def on_connection_state_change(self, state: ConnectionState) -> None:
        """
        The connection came, went, or is being made again.
        """
        self._tell(f"connection {state.name}")

    def on_client_synchronization(self, status: SynchronizationStatus) -> None:
        """
        The client's own start-up.
        """
        self._tell(f"synchronization {status.name}")

    def on_conversation_joined(self, conversation: Conversation) -> None:
        """
        The user is in a conversation now.
        """
        self._tell(f"joined {conversation.friendly_name!r}")

    def on_participant_added(self, participant: Participant) -> None:
        """
        Somebody else is, too.
        """
        self._tell(f"sees {participant.identity} come in")

    def on_message_added(self, message: Message) -> None:
        """
        A message, one's own included.
        """
        self._tell(f"message {message.message_index} from {message.author}: {message.body}")

    def on_token_about_to_expire(self) -> None:
        """
        Time for a new token.
        """
        self._tell("token is about to expire")

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        Something went wrong in the background.
        """
        self._tell(f"error {error_info.reason.name}")


def converse(emulator: Emulator, timeline: Timeline) -> None:
    """
    The story, from the first connection to the last goodbye.
    """
    settings = emulator.properties()
    with (
        ConversationsClient.create(
            emulator.token("alice"), settings, Reporter("alice", timeline)
        ) as alice,
        ConversationsClient.create(
            emulator.token("bob"), settings, Reporter("bob", timeline)
        ) as bob,
    ):
        alice.wait_for_synchronization()
        bob.wait_for_synchronization()

        timeline.tell("*", "alice makes a conversation and invites bob")
        lunch = alice.create_conversation("Lunch", attributes={"place": "the usual"})
        lunch.join()
        lunch.wait_for_synchronization()
        lunch.add_participant_by_identity("bob")
        timeline.wait_for("bob", "joined 'Lunch'")
        timeline.wait_for("alice", "sees bob come in")

        timeline.tell("*", "they talk")
        same_lunch = bob.get_conversation(lunch.sid)
        same_lunch.wait_for_synchronization()
        lunch.send_message("Noodles at twelve?")
        timeline.wait_for("bob", "message 0 from alice: Noodles at twelve?")
        same_lunch.send_message("Gern, 🍜!", attributes={"mood": "hungry"})
        timeline.wait_for("alice", "message 1 from bob: Gern, 🍜!")

        timeline.tell("*", "bob's connection is cut, and he cannot come back at once")
        refusal = emulator.refuse_init(
            code=503, status="UNAVAILABLE", error_code=None, identity="bob"
        )
        emulator.drop_connections("bob")
        timeline.wait_for("bob", "connection ERROR")
        while_away = ["Are you there?", "Twelve it is.", "Hurry!"]
        for text in while_away:
            lunch.send_message(text)
        timeline.tell("*", "bob may come back")
        refusal.lift()
        for index, text in enumerate(while_away, start=2):
            timeline.wait_for("bob", f"message {index} from alice: {text}")
        check_messages(bob, same_lunch, timeline, while_away)

        timeline.tell("*", "bob's token is replaced while he is connected")
        emulator.announce_token_expiry("bob")
        timeline.wait_for("bob", "token is about to expire")
        bob.update_token(emulator.token("bob"))
        same_lunch.send_message("On my way.")
        timeline.wait_for("alice", "message 5 from bob: On my way.")
        timeline.tell("*", "both say goodbye")
    for who in ("alice", "bob"):
        timeline.wait_for(who, "connection DISCONNECTED")


def check_messages(
    bob: ConversationsClient, lunch: Conversation, timeline: Timeline, while_away: list[str]
) -> None:
    """
    Nothing is missing, nothing came twice, and bob is still where he was.
    """
    for index, text in enumerate(while_away, start=2):
        if timeline.count("bob", f"message {index} from alice: {text}") != 1:
            raise Missing(f"message {index} did not come exactly once")
    bodies = [message.body for message in lunch.get_last_messages(len(while_away))]
    if bodies != while_away:
        raise Missing(f"the server has {bodies}")
    if (
        lunch.status is not ConversationStatus.JOINED
        or bob.get_conversation(lunch.sid) is not lunch
    ):
        raise Missing("bob's conversation is not what it was")


def main() -> int:
    """
    Run the story; say whether all of it happened.
    """
    timeline = Timeline()
    threads_before = set(threading.enumerate())
    try:
        with Emulator() as emulator:
            timeline.tell("emulator", f"listening on {emulator.url}")
            converse(emulator, timeline)
    except Missing as missing:
        timeline.tell("*", f"FAILED: {missing}")
        return 1
    left = set(threading.enumerate()) - threads_before
    if left:
        timeline.tell("*", f"FAILED: threads are left: {', '.join(t.name for t in left)}")
        return 1
    timeline.tell("*", "all of it happened, and no thread is left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
