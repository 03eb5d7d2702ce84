"""
The official JavaScript SDK and this package in one conversation.

Alice uses this package, Bob the JavaScript SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conversations import (
    Attributes,
    Conversation,
    ConversationSynchronizationStatus,
    ForbiddenError,
)
from tests.interop.js_client import Create, JsClient
from tests.interop.ours import Ours
from tests.interop.samples import TEXTS, VALUES
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def test_each_sees_the_other_as_a_participant(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    ours = {one.identity: (one.sid, one.attributes.value) for one in shared.get_participants()}
    theirs = {
        one["identity"]: (one["sid"], one["attributes"])
        for one in bob.call("participants", shared.sid)
    }

    assert ours == theirs
    assert ours.keys() == {"alice", "bob"}
    assert ours["bob"][1] == ["guest"]


def test_both_see_the_same_conversation(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    theirs = bob.call("conversation", shared.sid)

    assert theirs["friendlyName"] == shared.friendly_name == "Lunch ☕"
    assert theirs["attributes"] == shared.attributes.value == {"from": "alice"}
    assert theirs["createdBy"] == shared.created_by == "alice"
    assert shared.date_created is not None
    assert theirs["dateCreated"] == shared.date_created.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )


def test_texts_go_both_ways_unchanged_and_in_one_order(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    for text in TEXTS:
        shared.send_message(text)
        bob.send(shared.sid, f"{text} back")
    expected = [body for text in TEXTS for body in (text, f"{text} back")]

    ours = alice.hear("on_message_added", len(expected))
    bob.wait_for("messageAdded", count=len(expected))
    theirs = bob.events("messageAdded")

    assert [message.body for message in ours] == expected
    assert [message["body"] for message in theirs] == expected
    assert [message.sid for message in ours] == [message["sid"] for message in theirs]
    assert [message.message_index for message in ours] == list(range(len(expected)))
    assert [message.author for message in ours] == ["alice", "bob"] * len(TEXTS)
    assert [message["author"] for message in theirs] == ["alice", "bob"] * len(TEXTS)


def test_attributes_of_every_json_type_go_both_ways(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    for value in VALUES:
        shared.send_message("ours", attributes=Attributes(value))
        bob.send(shared.sid, "theirs", attributes=value)
    expected = [value for value in VALUES for _ in range(2)]

    ours = alice.hear("on_message_added", len(expected))
    bob.wait_for("messageAdded", count=len(expected))

    assert [message.attributes.value for message in ours] == expected
    assert [message["attributes"] for message in bob.events("messageAdded")] == expected


def test_edits_and_removals_go_both_ways(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    mine = shared.send_message("mine")
    bob.send(shared.sid, "his")
    his = alice.hear("on_message_added", 2)[1]
    bob.wait_for("messageAdded", count=2)

    mine.update_body("mine, edited")
    edited = bob.wait_for("messageUpdated", lambda event: "body" in event["updateReasons"])
    assert edited["message"]["body"] == "mine, edited"
    assert edited["message"]["lastUpdatedBy"] == "alice"

    bob.call("setBody", shared.sid, message=1, value="his, edited")
    alice.heard.wait_for(
        "on_message_updated",
        lambda message, _: message is his and message.body == "his, edited",
        timeout=limit(),
    )

    bob.call("removeMessage", shared.sid, message=1)
    alice.heard.wait_for("on_message_deleted", lambda message: message is his, timeout=limit())
    mine.remove()
    bob.wait_for("messageRemoved", count=2)
    assert shared.get_last_messages() == []
    assert bob.messages(shared.sid)["items"] == []


def test_changes_of_the_conversation_go_both_ways(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    shared.set_friendly_name("Dinner")
    bob.wait_for(
        "conversationUpdated", lambda event: event["conversation"]["friendlyName"] == "Dinner"
    )

    bob.call("setAttributes", shared.sid, value={"where": "outside"})
    alice.heard.wait_for(
        "on_conversation_updated",
        lambda conversation, _: conversation.attributes.value == {"where": "outside"},
        timeout=limit(),
    )


def test_what_he_sends_while_we_are_away_arrives_once_and_in_order(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    bob.send(shared.sid, "before")
    alice.hear("on_message_added")

    # Bob is connected already and stays so; only new connections are refused.
    with emulator.refuse_connections():
        emulator.drop_connections("alice")
        for number in range(3):
            bob.send(shared.sid, f"meanwhile {number}")
    alice.client.wait_until_connected(timeout=limit())
    bob.send(shared.sid, "after")

    heard = alice.hear("on_message_added", 5)
    expected = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2", "after"]
    assert [message.body for message in heard] == expected
    assert shared.send_message("we are back").message_index == 5


def test_what_we_send_while_he_is_away_arrives_once_and_in_order(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    with emulator.refuse_connections():
        emulator.drop_connections("bob")
        for number in range(3):
            shared.send_message(f"meanwhile {number}")

    bob.wait_for("messageAdded", count=3)
    assert [message["body"] for message in bob.events("messageAdded")] == [
        f"meanwhile {number}" for number in range(3)
    ]


def test_we_are_added_and_removed_by_him(
    alice: Ours, bob: JsClient, create: Create, emulator: Emulator
) -> None:
    sid = create(bob, friendlyName="his")

    bob.call("add", sid, identity="alice", attributes={"n": 1})
    conversation = alice.enter(sid)
    bob.wait_for("participantJoined")

    assert conversation.friendly_name == "his"
    assert conversation.synchronization_status is ConversationSynchronizationStatus.ALL
    me = conversation.get_participant_by_identity("alice")
    assert me is not None
    assert me.attributes.value == {"n": 1}

    bob.call("removeParticipant", sid, participant="alice")
    alice.heard.wait_for("on_conversation_left", timeout=limit())
    alice.heard.wait_for("on_conversation_deleted", timeout=limit())
    assert alice.client.my_conversations == []
    with pytest.raises(ForbiddenError):
        conversation.send_message("am I still in?")
    assert bob.wait_for("participantLeft")["identity"] == "alice"


def test_he_leaves_and_is_seen_leaving(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    bob.call("leave", shared.sid)

    left = alice.heard.wait_for("on_participant_deleted", timeout=limit())["participant"]
    assert left.identity == "bob"
    bob.wait_for("conversationRemoved")
    assert [one.identity for one in shared.get_participants()] == ["alice"]


def test_he_is_removed_by_us(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    shared.remove_participant_by_identity("bob")

    bob.wait_for("conversationLeft")
    bob.wait_for("conversationRemoved")
    alice.heard.wait_for("on_participant_deleted", timeout=limit())


def test_both_page_through_the_same_messages(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    for number in range(25):
        bob.send(shared.sid, f"message {number}")
    alice.hear("on_message_added", 25)

    ours = shared.get_messages(10)
    theirs = bob.messages(shared.sid, 10)
    while True:
        assert [message.sid for message in ours.items] == [
            message["sid"] for message in theirs["items"]
        ]
        assert (ours.has_prev_page, ours.has_next_page) == (
            theirs["hasPrevPage"],
            theirs["hasNextPage"],
        )
        if not ours.has_prev_page:
            break
        ours = ours.prev_page()
        theirs = bob.call("prevPage", page=theirs["page"])
    assert ours.items[0].message_index == 0
