"""
Who is typing, how far everybody has read, and who is there.

    python examples/typing_and_reading.py

Two users of an emulator: bob thinks for a while about what to write, alice watches him do it,
reads it, and bob sees that she has.
"""

from __future__ import annotations

import queue

from conversations import (
    Conversation,
    ConversationListener,
    ConversationsClient,
    ConversationsClientListener,
    Message,
    Participant,
    ParticipantUpdateReason,
    User,
    UserUpdateReason,
)
from conversations.emulator import Emulator, Settings

PATIENCE = 20.0
"""Seconds after which something that should have happened counts as missing."""


class Watching(ConversationListener):
    """
    Prints what happens in a conversation, and hands it to the program.
    """

    def __init__(self, who: str) -> None:
        self._who = who
        self._seen: queue.Queue[str] = queue.Queue()

    def on_typing_started(self, conversation: Conversation, participant: Participant) -> None:
        """
        Somebody else has begun to type.
        """
        self._see(f"{participant.identity} is typing in {conversation.friendly_name}")

    def on_typing_ended(self, conversation: Conversation, participant: Participant) -> None:
        """
        And does not any more.
        """
        self._see(f"{participant.identity} has stopped typing in {conversation.friendly_name}")

    def on_message_added(self, message: Message) -> None:
        """
        The message is there.
        """
        self._see(f"{message.author} says: {message.body}")

    def on_participant_updated(
        self, participant: Participant, reason: ParticipantUpdateReason
    ) -> None:
        """
        Somebody has read something, among others.
        """
        if reason is ParticipantUpdateReason.LAST_READ_MESSAGE_INDEX:
            self._see(
                f"{participant.identity} has read up to {participant.last_read_message_index}"
            )

    def wait_for(self, what: str) -> None:
        """
        Wait until it has been seen, passing over what comes before.
        """
        while self._seen.get(timeout=PATIENCE) != what:
            pass

    def _see(self, what: str) -> None:
        # In one piece: the listener threads of both clients print.
        print(f"{self._who:<6} {what}\n", end="", flush=True)
        self._seen.put(what)


class Presence(ConversationsClientListener):
    """
    Waits until a user that is followed comes online.
    """

    def __init__(self) -> None:
        self.online: queue.Queue[User] = queue.Queue()

    def on_user_updated(self, user: User, reason: UserUpdateReason) -> None:
        """
        A name, the attributes, or whether the user is there.
        """
        if reason is UserUpdateReason.REACHABILITY_ONLINE and user.is_online:
            self.online.put(user)


def watch(client: ConversationsClient, sid: str) -> tuple[Conversation, Watching]:
    """
    A conversation of that client, loaded, and a listener to it.
    """
    conversation = client.get_conversation(sid)
    conversation.wait_for_synchronization()
    watching = Watching(client.my_identity)
    conversation.add_listener(watching)
    return conversation, watching


def main() -> None:
    """
    Run the story.
    """
    with Emulator(settings=Settings(reachability_enabled=True)) as emulator:
        room = emulator.create_conversation(friendly_name="Lunch", identities=["alice", "bob"])
        emulator.send_message(room.sid, "Welcome!")
        settings = emulator.properties()
        presence = Presence()
        with ConversationsClient.create(emulator.token("alice"), settings, presence) as alice:
            lunch, sees = watch(alice, room.sid)
            bob_as_alice_sees_him = alice.get_and_subscribe_user("bob")
            print(f"alice  bob is online: {bob_as_alice_sees_him.is_online}\n", end="")

            with ConversationsClient.create(emulator.token("bob"), settings) as bob:
                presence.online.get(timeout=PATIENCE)
                print(f"alice  bob is online: {bob_as_alice_sees_him.is_online}\n", end="")
                theirs, bob_sees = watch(bob, room.sid)

                lunch.set_all_messages_read()
                sees.wait_for("alice has read up to 0")
                print(f"alice  has {lunch.get_unread_messages_count()} unread messages\n", end="")
                bob_sees.wait_for("alice has read up to 0")

                with theirs.typing_scope():  # as long as it takes
                    sees.wait_for("bob is typing in Lunch")
                theirs.send_message("Noodles at twelve?")
                sees.wait_for("bob has stopped typing in Lunch")
                sees.wait_for("bob says: Noodles at twelve?")

                print(
                    f"alice  has {alice.get_total_unread_messages_count()} unread messages\n",
                    end="",
                )
                lunch.advance_last_read_message_index(1)
                sees.wait_for("alice has read up to 1")
                bob_sees.wait_for("alice has read up to 1")


if __name__ == "__main__":
    main()
