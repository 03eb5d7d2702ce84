"""
This package's side of a conversation with the JavaScript SDK.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from conversations import Conversation, ConversationsClient, Message
from conversations.testing import RecordedCall, RecordingListener
from tests.interop.js_client import JsClient, follow
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@attrs.frozen
class Ours:
    """
    A client of this package, and what it was told.
    """

    client: ConversationsClient
    heard: RecordingListener

    def enter(self, sid: str, *, time: int = 1) -> Conversation:
        """
        Wait until the conversation is joined, for the first or a later *time*, and loaded.
        """
        call = self.heard.wait_for(
            "on_conversation_joined",
            lambda conversation: conversation.sid == sid,
            count=time,
            timeout=limit(),
        )
        conversation: Conversation = call["conversation"]
        conversation.wait_for_synchronization(timeout=limit())
        return conversation

    def hear(self, callback: str, count: int = 1) -> list[Message]:
        """
        Wait for so many callbacks about messages; all messages they told of, in order.
        """
        self.heard.wait_for(callback, count=count, timeout=limit())
        return [call["message"] for call in self.heard.calls(callback)]

    def wait_for(self, callback: str, *matching: Any, count: int = 1) -> RecordedCall:
        """
        Wait for a callback; *matching* as in `RecordingListener.wait_for`.
        """
        return self.heard.wait_for(callback, *matching, count=count, timeout=limit())


@contextmanager
def connect(emulator: Emulator, identity: str, **options: Any) -> Iterator[Ours]:
    """
    A synchronized client of this package. Options: those of `Properties`.
    """
    heard = RecordingListener()
    properties = attrs.evolve(emulator.properties(), **options)
    with ConversationsClient.create(
        emulator.token(identity), properties, heard, timeout=limit()
    ) as client:
        client.wait_for_synchronization(timeout=limit())
        yield Ours(client, heard)


def share(ours: Ours, theirs: JsClient, emulator: Emulator) -> Conversation:
    """
    Make a conversation and add the other one; both follow it when this returns.
    """
    conversation = ours.client.create_conversation("Lunch ☕", attributes={"from": "alice"})
    conversation.join()
    ours.enter(conversation.sid)
    conversation.add_participant_by_identity(theirs.identity, ["guest"])
    follow(emulator, theirs, conversation.sid)
    ours.wait_for(
        "on_participant_added", lambda participant: participant.identity == theirs.identity
    )
    for name in ("messages", "roster"):
        emulator.wait_for_subscription(
            f"{conversation.sid}.{name}", identity=ours.client.my_identity
        )
    return conversation
