"""
What one client is told of what another, or the server, has done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    BadRequestError,
    Conversation,
    ConversationStatus,
    ForbiddenError,
    MessageUpdateReason,
    ParticipantUpdateReason,
    UserUpdateReason,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@pytest.fixture
def theirs(lunch: Conversation, bob: Person) -> Conversation:
    """
    The room as bob sees it, loaded completely; nothing has been told of it yet.
    """
    conversation = bob.enter(lunch.sid)
    bob.catch_up()
    bob.heard.clear()
    return conversation


def reasons(person: Person, callback: str) -> list[str]:
    return [call["reason"].name for call in person.heard.calls(callback)]


# Conversations


def test_being_added_announces_the_conversation_and_that_it_is_joined(
    emulator: Emulator, alice: Person, bob: Person
) -> None:
    lunch = alice.client.create_conversation("Lunch", timeout=limit())
    lunch.join(timeout=limit())
    lunch.add_participant_by_identity("bob", timeout=limit())

    added = bob.hear("on_conversation_added")["conversation"]
    joined = bob.hear("on_conversation_joined")["conversation"]
    bob.hear(
        "on_conversation_synchronization_change",
        lambda one: one.synchronization_status.name == "ALL",
    )

    assert added is joined
    assert added is not lunch
    assert added == bob.client.get_conversation(lunch.sid)
    assert added.sid == lunch.sid
    assert (added.friendly_name, added.status) == ("Lunch", ConversationStatus.JOINED)
    assert {one.identity for one in added.participants_list} == {"alice", "bob"}
    bob.catch_up()
    assert bob.heard.calls("on_participant_added") == []  # the roster itself fires nothing
    assert bob.heard.calls("on_conversation_updated") == []


def test_being_removed_tells_left_then_deleted(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation, theirs: Conversation
) -> None:
    lunch.remove_participant_by_identity("bob", timeout=limit())

    assert bob.hear("on_conversation_deleted")["conversation"] is theirs
    bob.catch_up()
    calls = [call for call in bob.told() if call[0] != "on_user_updated"]
    assert calls == [
        ("on_conversation_updated", "room", "STATUS"),
        ("on_conversation_left", "room"),
        ("on_conversation_deleted", "room"),
    ]
    assert theirs.status is ConversationStatus.NOT_PARTICIPATING
    assert theirs.friendly_name == "room"
    assert bob.client.my_conversations == []
    assert alice.hear("on_participant_deleted")["participant"].identity == "bob"


def test_being_added_again_brings_a_new_object(
    emulator: Emulator, bob: Person, lunch: Conversation, theirs: Conversation
) -> None:
    lunch.remove_participant_by_identity("bob", timeout=limit())
    bob.hear("on_conversation_deleted")
    lunch.add_participant_by_identity("bob", timeout=limit())

    again = bob.hear("on_conversation_added")["conversation"]

    assert again is not theirs
    assert again.sid == theirs.sid
    assert again.status is ConversationStatus.JOINED
    assert theirs.status is ConversationStatus.NOT_PARTICIPATING
    again.wait_for_synchronization(timeout=limit())
    emulator.wait_for_subscription(f"{again.sid}.messages", identity="bob", timeout=limit())
    lunch.send_message("welcome back", timeout=limit())
    assert bob.hear("on_message_added")["message"].conversation is again
    # The object of before does its work all the same: it is the same conversation.
    [message] = theirs.get_last_messages(timeout=limit())
    assert message.conversation is again
    assert theirs.send_message("thanks", timeout=limit()).message_index == 1
    theirs.remove_message(message, timeout=limit())
    participant = theirs.get_participant_by_identity("alice", timeout=limit())
    assert participant is not None
    theirs.remove_participant(participant, timeout=limit())
    bob.hear("on_participant_deleted", lambda one: one is participant)


def test_a_creator_who_leaves_and_joins_keeps_what_the_server_keeps(
    emulator: Emulator, alice: Person
) -> None:
    lunch = alice.client.create_conversation("Lunch", timeout=limit())
    for time in (1, 2):
        current = alice.client.get_conversation(lunch.sid, timeout=limit())
        current.join(timeout=limit())
        alice.hear("on_conversation_joined", count=time)
        current.wait_for_synchronization(timeout=limit())
        assert [one.identity for one in current.participants_list] == ["alice"]
        assert current.send_message("hello", timeout=limit()).message_index == time - 1
        current.leave(timeout=limit())
        alice.hear("on_conversation_left", count=time)
        assert current.status is ConversationStatus.NOT_PARTICIPATING


def test_an_entry_that_says_not_participating_is_left_but_stays_known(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    def set_membership(status: str) -> None:
        def change(backend: Any) -> None:
            from conversations.emulator.domain import memberships
            from conversations.emulator.domain.records import Membership

            conversation = backend.service.conversations[lunch.sid]
            user = backend.service.users["alice"]
            memberships.show(conversation, user, Membership(status))

        emulator.call(change)

    set_membership("notParticipating")
    assert alice.hear("on_conversation_left")["conversation"] is lunch
    assert lunch.status is ConversationStatus.NOT_PARTICIPATING
    assert alice.client.my_conversations == [lunch]
    alice.catch_up()
    assert alice.heard.calls("on_conversation_deleted") == []

    set_membership("joined")
    assert alice.hear("on_conversation_joined", count=2)["conversation"] is lunch
    assert len(alice.heard.calls("on_conversation_added")) == 1
    lunch.wait_for_synchronization(timeout=limit())
    assert reasons(alice, "on_conversation_updated") == ["STATUS", "STATUS"]


@pytest.mark.parametrize(
    ("change", "expected", "value"),
    [
        ({"friendly_name": "renamed"}, "FRIENDLY_NAME", lambda one: one.friendly_name),
        ({"unique_name": "renamed"}, "UNIQUE_NAME", lambda one: one.unique_name),
        ({"attributes": "renamed"}, "ATTRIBUTES", lambda one: one.attributes.value),
    ],
)
def test_a_changed_property_is_told_with_its_reason(
    *,
    emulator: Emulator,
    bob: Person,
    theirs: Conversation,
    change: dict[str, Any],
    expected: str,
    value: Any,
) -> None:
    of_the_conversation = RecordingListener()
    theirs.add_listener(of_the_conversation)

    emulator.update_conversation(theirs.sid, **change)
    bob.catch_up()

    assert reasons(bob, "on_conversation_updated") == [expected, "DATE_UPDATED"]
    assert value(theirs) == "renamed"
    updated = of_the_conversation.calls("on_updated")
    assert [call["reason"].name for call in updated] == [expected, "DATE_UPDATED"]
    assert all(call["conversation"] is theirs for call in updated)


def test_a_changed_state_is_told(emulator: Emulator, bob: Person, theirs: Conversation) -> None:
    before = theirs.state_date_updated

    emulator.update_conversation(theirs.sid, state="inactive")
    bob.hear("on_conversation_updated", lambda _, reason: reason.name == "STATE")

    assert theirs.state.name == "INACTIVE"
    assert theirs.state_date_updated is not None
    assert before is not None
    assert theirs.state_date_updated >= before
    emulator.send_message(theirs.sid, "wake up")
    bob.hear("on_conversation_updated", lambda _, reason: reason.name == "STATE", count=2)
    assert theirs.state.name == "ACTIVE"


def test_a_closed_conversation_is_left(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.update_conversation(theirs.sid, state="closed")

    assert bob.hear("on_conversation_left")["conversation"] is theirs
    assert bob.hear("on_conversation_deleted")["conversation"] is theirs
    assert theirs.status is ConversationStatus.NOT_PARTICIPATING
    with pytest.raises((ForbiddenError, BadRequestError)):
        theirs.send_message("too late", timeout=limit())


def test_the_newest_message_is_told_as_a_change_of_the_conversation(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.send_message(theirs.sid, "first")
    emulator.send_message(theirs.sid, "second")
    bob.hear("on_conversation_updated", lambda one, reason: reason.name == "LAST_MESSAGE", count=2)
    assert theirs.last_message_index == 1
    emulator.update_message(theirs.sid, 1, body="edited")
    bob.catch_up()
    assert reasons(bob, "on_conversation_updated") == ["LAST_MESSAGE"] * 2

    emulator.remove_message(theirs.sid, 1)
    bob.hear("on_conversation_updated", lambda one, reason: reason.name == "LAST_MESSAGE", count=3)
    assert theirs.last_message_index == 0
    emulator.remove_message(theirs.sid, 0)
    bob.hear("on_conversation_updated", lambda one, reason: reason.name == "LAST_MESSAGE", count=4)
    assert [theirs.last_message_index, theirs.last_message_date] == [None, None]


def test_the_own_horizon_moved_elsewhere_is_told(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation, theirs: Conversation
) -> None:
    emulator.send_message(theirs.sid, "hello")

    emulator.set_read_horizon(theirs.sid, "bob", 0)
    bob.catch_up()
    alice.catch_up()

    assert theirs.last_read_message_index == 0
    assert "LAST_READ_MESSAGE_INDEX" in reasons(bob, "on_conversation_updated")
    assert reasons(bob, "on_participant_updated") == [
        "LAST_READ_MESSAGE_INDEX",
        "LAST_READ_TIMESTAMP",
        "DATE_UPDATED",
    ]
    assert lunch.last_read_message_index is None
    participant = lunch.get_participant_by_identity("bob")
    assert participant is not None
    assert participant.last_read_message_index == 0
    emulator.set_read_horizon(theirs.sid, "bob", None)
    bob.catch_up()
    assert theirs.last_read_message_index is None


def test_what_is_set_to_what_it_is_tells_nothing_but_the_date(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.update_conversation(theirs.sid, friendly_name="room", attributes={})
    bob.catch_up()

    assert set(reasons(bob, "on_conversation_updated")) <= {"DATE_UPDATED"}


def test_each_step_of_a_conversation_s_synchronization_is_told(
    emulator: Emulator, bob: Person
) -> None:
    levels: list[str] = []

    class Reader(RecordingListener):
        def on_conversation_synchronization_change(self, conversation: Conversation) -> None:
            levels.append(conversation.synchronization_status.name)

    bob.client.add_listener(Reader())
    conversation = bob.client.create_conversation("new", timeout=limit())
    conversation.join(timeout=limit())
    conversation.wait_for_synchronization(timeout=limit())
    bob.catch_up()

    # METADATA for the creation, IDENTIFIER, METADATA and ALL for the joining; a listener that
    # is slower than the steps sees the level that it has come to meanwhile.
    assert len(levels) == 4
    assert levels[-1] == "ALL"
    assert set(levels) <= {"IDENTIFIER", "METADATA", "ALL"}
    told = [one.callback for one in bob.heard.calls()]
    assert told.count("on_conversation_synchronization_change") == 4


# Participants


def test_participants_come_change_and_go(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    of_the_conversation = RecordingListener()
    theirs.add_listener(of_the_conversation)

    emulator.add_participant(theirs.sid, "carol", attributes={"n": 1})
    emulator.update_participant(theirs.sid, "carol", attributes={"n": 2})
    emulator.remove_participant(theirs.sid, "carol")
    bob.hear("on_participant_deleted")

    for listener in (bob.heard, of_the_conversation):
        calls = [call for call in listener.calls() if call.callback.startswith("on_participant")]
        names = [call.callback for call in calls]
        assert (names[0], names[-1]) == ("on_participant_added", "on_participant_deleted")
        assert set(names[1:-1]) == {"on_participant_updated"}
        assert {call["participant"].identity for call in calls} == {"carol"}
        assert len({id(call["participant"]) for call in calls}) == 1
        told = [call["reason"] for call in calls[1:-1]]
        assert told[0] is ParticipantUpdateReason.ATTRIBUTES
        assert set(told[1:]) <= {ParticipantUpdateReason.DATE_UPDATED}  # if a millisecond passed
        assert calls[0]["participant"].attributes.value == {"n": 2}
        assert calls[0]["participant"].conversation is theirs


def test_a_participant_who_comes_back_is_another_one(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.remove_participant(theirs.sid, "alice")
    gone = bob.hear("on_participant_deleted")["participant"]
    emulator.add_participant(theirs.sid, "alice")
    back = bob.hear("on_participant_added")["participant"]

    assert (gone.identity, back.identity) == ("alice", "alice")
    assert gone is not back
    assert gone.sid != back.sid
    assert theirs.get_participant_by_identity("alice") is back


def test_participants_of_other_channels_are_told_too(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.add_address(theirs.sid, "+15550001", "+15550002")

    assert bob.hear("on_participant_added")["participant"].channel == "sms"


# Messages


def test_messages_come_change_and_go(
    emulator: Emulator, bob: Person, lunch: Conversation, theirs: Conversation
) -> None:
    of_the_conversation = RecordingListener()
    theirs.add_listener(of_the_conversation)

    message = lunch.send_message("helo", timeout=limit())
    message.update_body("hello", timeout=limit())
    message.set_attributes({"n": 1}, timeout=limit())
    message.remove(timeout=limit())
    bob.hear("on_message_deleted")

    for listener in (bob.heard, of_the_conversation):
        calls = [call for call in listener.calls() if call.callback.startswith("on_message")]
        names = [call.callback for call in calls]
        assert names[0] == "on_message_added"
        assert names[-1] == "on_message_deleted"
        assert set(names[1:-1]) == {"on_message_updated"}
        assert len({id(call["message"]) for call in calls}) == 1
        told = [call["reason"] for call in calls[1:-1]]
        assert told[0] is MessageUpdateReason.BODY
        assert MessageUpdateReason.ATTRIBUTES in told
        assert MessageUpdateReason.LAST_UPDATED_BY in told
        assert MessageUpdateReason.SUBJECT not in told
    received = bob.heard.calls("on_message_added")[0]["message"]
    assert received is not message
    assert (received.sid, received.body, received.last_updated_by) == (
        message.sid,
        "hello",
        "alice",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"body": ""}, "BODY"),
        ({"attributes": {"a": 1}}, "ATTRIBUTES"),
        ({"subject": "new"}, "SUBJECT"),
    ],
)
def test_a_changed_message_is_told_with_its_reason(
    emulator: Emulator, bob: Person, theirs: Conversation, change: dict[str, Any], expected: str
) -> None:
    emulator.send_message(theirs.sid, "hello", author="alice")
    message = bob.hear("on_message_added")["message"]

    emulator.update_message(theirs.sid, 0, **change)
    bob.catch_up()

    told = reasons(bob, "on_message_updated")
    assert told[0] == expected
    assert set(told) - {expected} <= {"LAST_UPDATED_BY", "DATE_UPDATED"}
    order = [reason.name for reason in MessageUpdateReason]
    assert told == sorted(told, key=order.index)
    assert all(call["message"] is message for call in bob.heard.calls("on_message_updated"))


def test_attributes_are_compared_as_values(
    emulator: Emulator, bob: Person, theirs: Conversation
) -> None:
    emulator.send_message(theirs.sid, "hello", attributes={"a": 1, "b": [2]})
    bob.hear("on_message_added")

    emulator.update_message(theirs.sid, 0, attributes={"b": [2], "a": 1})
    bob.catch_up()

    assert "ATTRIBUTES" not in reasons(bob, "on_message_updated")


def test_messages_that_were_there_before_are_not_announced(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    emulator.send_message(room, "old")
    alice = connect("alice")
    lunch = alice.enter(room)
    assert [one.body for one in lunch.get_last_messages(timeout=limit())] == ["old"]
    emulator.send_message(room, "new")
    alice.catch_up()

    assert alice.bodies() == ["new"]


def test_reading_a_message_first_does_not_prevent_its_announcement(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "hello")
    [read] = lunch.get_last_messages(timeout=limit())

    assert alice.hear("on_message_added")["message"] is read
    alice.catch_up()
    assert alice.bodies() == ["hello"]


# Users


def test_changes_of_the_own_user_are_told(emulator: Emulator, alice: Person) -> None:
    user = alice.client.my_user

    emulator.update_user("alice", friendly_name="Alice L.", attributes={"n": 1})
    alice.hear("on_user_updated", count=2)

    assert reasons(alice, "on_user_updated") == ["FRIENDLY_NAME", "ATTRIBUTES"]
    assert all(call["user"] is user for call in alice.heard.calls("on_user_updated"))
    assert (user.friendly_name, user.attributes.value) == ("Alice L.", {"n": 1})


def test_the_own_user_can_be_changed(emulator: Emulator, connect: Connect) -> None:
    one, other = connect("alice"), connect("alice")

    one.client.my_user.set_friendly_name("Alice L.", timeout=limit())
    one.client.my_user.set_attributes([1], timeout=limit())

    for person in (one, other):
        person.hear("on_user_updated", lambda _, reason: reason is UserUpdateReason.ATTRIBUTES)
        assert person.client.my_user.friendly_name == "Alice L."
        assert person.client.my_user.attributes.value == [1]
    assert repr(one.client.my_user) == "<User alice>"
    assert one.client.my_user.is_online is None
    assert one.client.my_user.is_notifiable is None
    one.client.my_user.set_friendly_name(None, timeout=limit())
    other.hear("on_user_updated", lambda user, _: user.friendly_name is None)
    with pytest.raises(BadRequestError) as caught:
        one.client.my_user.set_attributes("x" * 4 * 1024, timeout=limit())
    assert caught.value.code == 50303
    with pytest.raises(BadRequestError) as caught:
        one.client.my_user.set_friendly_name("x" * 257, timeout=limit())
    assert caught.value.code == 50003


# Several clients of one user


def test_two_clients_of_one_user_see_the_same(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    one, other = connect("alice"), connect("alice")
    mine, same = one.enter(room), other.enter(room)

    sent = mine.send_message("hello", timeout=limit())
    received = other.hear("on_message_added")["message"]
    assert received.is_own
    assert received.sid == sent.sid
    assert received is not sent

    created = one.client.create_conversation("new", timeout=limit())
    assert other.hear("on_conversation_added", lambda c: c.sid == created.sid)
    created.join(timeout=limit())
    other.hear("on_conversation_joined", lambda c: c.sid == created.sid)
    same.leave(timeout=limit())
    one.hear("on_conversation_left", lambda c: c is mine)


# Uniqueness of objects


def test_every_object_is_the_same_wherever_it_comes_from(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    carol = lunch.add_participant_by_identity("carol", timeout=limit())
    message = lunch.send_message("hello", timeout=limit())
    lunch.set_friendly_name("renamed", timeout=limit())
    alice.hear("on_participant_added")
    alice.hear("on_message_added")
    alice.catch_up()

    client = alice.client
    for conversation in (
        client.get_conversation(lunch.sid),
        client.get_conversation("the-room"),
        client.my_conversations[0],
        message.conversation,
        carol.conversation,
        alice.heard.calls("on_conversation_added")[0]["conversation"],
        alice.heard.calls("on_conversation_updated")[0]["conversation"],
        alice.heard.calls("on_conversation_synchronization_change")[0]["conversation"],
    ):
        assert conversation is lunch
    for participant in (
        lunch.get_participant_by_identity("carol"),
        lunch.get_participant_by_sid(carol.sid),
        next(one for one in lunch.participants_list if one.identity == "carol"),
        alice.heard.calls("on_participant_added")[0]["participant"],
    ):
        assert participant is carol
    assert client.my_user is client.my_user
    assert client.my_user is alice.heard.calls("on_user_subscribed")[0]["user"]
    assert client.my_user is alice.heard.calls("on_user_updated")[0]["user"]
    assert lunch.client is client


@pytest.mark.usefixtures("quick_reconnects")
def test_objects_stay_the_same_across_reconnections(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    participants = lunch.participants_list
    user = alice.client.my_user
    for _ in range(3):
        emulator.drop_connections()
        alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")
        alice.client.wait_until_connected(timeout=limit())
        alice.catch_up()

    assert alice.client.get_conversation(lunch.sid, timeout=limit()) is lunch
    assert lunch.get_last_messages(timeout=limit()) == [message]
    assert lunch.get_participants(timeout=limit()) == participants
    assert alice.client.my_user is user
