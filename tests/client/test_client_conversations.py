"""
Looking up, creating, changing, joining, leaving and deleting conversations.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from conversations import (
    Attributes,
    BadRequestError,
    ConflictError,
    Conversation,
    ConversationsClient,
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ErrorInfo,
    ErrorReason,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    NotificationLevel,
    NotReadyError,
)
from conversations.emulator import Emulator, ManualClock
from tests.client.people import Connect, Person, posts
from tests.timing import limit

UNKNOWN_SID = "CH" + "0" * 32


# Looking up


def test_a_known_conversation_is_found_by_sid_and_unique_name_without_a_request(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.clear_requests()

    assert alice.client.get_conversation(lunch.sid) is lunch
    assert alice.client.get_conversation("the-room") is lunch
    assert emulator.requests == ()


def test_a_conversation_is_found_before_the_list_is_loaded(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    held = emulator.hold_requests("*/Users/*/Conversations")
    alice = connect("alice", synchronize=False)

    by_name = alice.client.get_conversation("the-room", timeout=limit())
    by_name.wait_for_synchronization(timeout=limit())

    assert by_name.sid == room
    assert alice.client.my_conversations == [by_name]
    held.release()
    alice.client.wait_for_synchronization(timeout=limit())
    assert alice.client.get_conversation(room) is by_name
    assert len(alice.heard.calls("on_conversation_added")) == 1


@pytest.mark.parametrize("name", [UNKNOWN_SID, "nothing of that name", "übermäßig/komisch?x=1"])
def test_what_does_not_exist_is_not_found(alice: Person, name: str) -> None:
    with pytest.raises(NotFoundError, match="get_conversation") as caught:
        alice.client.get_conversation(name, timeout=limit())

    assert caught.value.status == 404
    assert caught.value.code in (50350, ErrorInfo.CONVERSATION_NOT_FOUND)


def test_what_the_user_may_not_see_is_not_found(emulator: Emulator, alice: Person) -> None:
    hidden = emulator.create_conversation(unique_name="hidden", identities=["bob"]).sid

    for name in (hidden, "hidden"):
        with pytest.raises(NotFoundError) as caught:
            alice.client.get_conversation(name, timeout=limit())
        assert caught.value.code in (50350, 50430, ErrorInfo.CONVERSATION_NOT_FOUND)

    assert alice.client.my_conversations == []
    assert alice.heard.calls("on_conversation_added") == []


def test_everything_of_a_conversation_can_be_read(
    emulator: Emulator, alice: Person, bob: Person
) -> None:
    sid = emulator.create_conversation(
        friendly_name="Mensa",
        unique_name="mensa",
        attributes={"seats": [1, 2.5, None]},
        identities=["alice"],
    ).sid
    emulator.send_message(sid, "first", author="alice")
    emulator.set_read_horizon(sid, "alice", 0)

    conversation = alice.enter(sid)

    assert conversation.sid == sid
    assert conversation.friendly_name == "Mensa"
    assert conversation.unique_name == "mensa"
    assert conversation.attributes == Attributes({"seats": [1, 2.5, None]})
    assert conversation.created_by == "system"
    now = datetime.now(UTC)
    for moment in (
        conversation.date_created,
        conversation.date_updated,
        conversation.last_message_date,
        conversation.state_date_updated,
    ):
        assert moment is not None
        assert moment.tzinfo is UTC
        assert abs((now - moment).total_seconds()) < 3600
    assert conversation.last_message_index == 0
    assert conversation.last_read_message_index == 0
    assert conversation.notification_level is NotificationLevel.DEFAULT
    assert conversation.status is ConversationStatus.JOINED
    assert conversation.state is ConversationState.ACTIVE
    assert conversation.synchronization_status is ConversationSynchronizationStatus.ALL
    assert conversation.bindings == {}
    assert conversation.client is alice.client
    assert repr(conversation) == f"<Conversation {sid} 'mensa' joined>"


def test_what_was_never_set_is_none(emulator: Emulator, alice: Person) -> None:
    conversation = alice.enter(emulator.create_conversation(identities=["alice"]).sid)

    assert conversation.friendly_name is None
    assert conversation.unique_name is None
    assert conversation.attributes == Attributes.DEFAULT
    assert conversation.last_message_index is None
    assert conversation.last_message_date is None
    assert conversation.last_read_message_index is None
    assert repr(conversation) == f"<Conversation {conversation.sid} joined>"


def test_the_newest_message_decides_the_order_of_the_list() -> None:
    clock = ManualClock(time.time())
    with Emulator(clock=clock) as emulator:
        quiet, old, new = (emulator.create_conversation(identities=["alice"]).sid for _ in range(3))
        for sid in (old, new):
            emulator.send_message(sid, "hello")
            clock.advance(1)
        with ConversationsClient.create_and_synchronize(
            emulator.token("alice"), emulator.properties(), timeout=limit()
        ) as client:
            assert [one.sid for one in client.my_conversations] == [new, old, quiet]


# Creating


def test_a_created_conversation_is_announced_once_and_not_joined(
    emulator: Emulator, alice: Person
) -> None:
    created = alice.client.create_conversation(
        "Lunch", unique_name="lunch", attributes=["anything"], timeout=limit()
    )

    announced = alice.hear("on_conversation_added")["conversation"]
    assert announced is created
    assert created.status is ConversationStatus.NOT_PARTICIPATING
    assert created.synchronization_status is ConversationSynchronizationStatus.METADATA
    assert (created.friendly_name, created.unique_name) == ("Lunch", "lunch")
    assert created.attributes.value == ["anything"]
    assert created.created_by == "alice"
    assert alice.client.my_conversations == [created]
    alice.catch_up()
    assert len(alice.heard.calls("on_conversation_added")) == 1
    assert alice.heard.calls("on_conversation_joined", "on_conversation_updated") == []
    assert emulator.get_conversation("lunch").sid == created.sid


def test_a_created_conversation_is_the_same_object_when_the_event_was_first(
    emulator: Emulator, alice: Person
) -> None:
    replies = emulator.hold_replies("*/Conversations", method="POST")
    future = alice.client.submit(alice.client.create_conversation, "Lunch", timeout=limit())
    replies.wait_until_held(timeout=limit())
    announced = alice.hear("on_conversation_added")["conversation"]
    replies.release()

    assert future.result(limit()) is announced
    alice.catch_up()
    assert len(alice.heard.calls("on_conversation_added")) == 1


def test_a_conversation_without_any_name_can_be_created(alice: Person) -> None:
    created = alice.client.create_conversation(timeout=limit())

    assert created.friendly_name is None
    assert created.unique_name is None
    assert created.attributes == Attributes.DEFAULT


def test_a_unique_name_that_is_taken_is_a_conflict(alice: Person, lunch: Conversation) -> None:
    with pytest.raises(ConflictError, match="create_conversation") as caught:
        alice.client.create_conversation(unique_name="the-room", timeout=limit())

    assert (caught.value.status, caught.value.code) == (409, 50353)
    other = alice.client.create_conversation("another", timeout=limit())
    with pytest.raises(ConflictError, match="set_unique_name"):
        other.set_unique_name("the-room", timeout=limit())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"friendly_name": "x" * 257}, 50003),
        ({"unique_name": "x" * 257}, 50004),
        ({"unique_name": UNKNOWN_SID}, 50390),
        ({"attributes": "x" * 16 * 1024}, 50303),
    ],
    ids=["friendly name", "unique name", "unique name like a sid", "attributes"],
)
def test_what_the_service_finds_too_long_is_a_bad_request(
    alice: Person, arguments: dict[str, Any], code: int
) -> None:
    with pytest.raises(BadRequestError) as caught:
        alice.client.create_conversation(**arguments, timeout=limit())

    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.reason is ErrorReason.COMMAND_PERMANENT_ERROR
    assert caught.value.error_info.more_info == f"https://www.twilio.com/docs/errors/{code}"
    assert "xxx" not in str(caught.value)
    assert alice.client.my_conversations == []


# Changing


def test_names_and_attributes_can_be_set_and_cleared(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    theirs = bob.enter(lunch.sid)

    lunch.set_friendly_name("Dinner", timeout=limit())
    lunch.set_unique_name("dinner", timeout=limit())
    lunch.set_attributes(Attributes({"courses": 3}), timeout=limit())
    for person in (alice, bob):
        person.hear("on_conversation_updated", lambda _, reason: reason.name == "ATTRIBUTES")
    for conversation in (lunch, theirs):
        assert (conversation.friendly_name, conversation.unique_name) == ("Dinner", "dinner")
        assert conversation.attributes.json_object == {"courses": 3}

    lunch.set_friendly_name(None, timeout=limit())
    lunch.set_unique_name(None, timeout=limit())
    lunch.set_attributes(None, timeout=limit())
    for person in (alice, bob):
        person.hear(
            "on_conversation_updated", lambda _, reason: reason.name == "ATTRIBUTES", count=2
        )
    for conversation in (lunch, theirs):
        assert (conversation.friendly_name, conversation.unique_name) == (None, None)
        assert conversation.attributes == Attributes(None)


def test_a_name_that_is_set_already_costs_no_request(
    emulator: Emulator, lunch: Conversation
) -> None:
    emulator.clear_requests()

    lunch.set_friendly_name("room")
    lunch.set_unique_name("the-room")

    assert emulator.requests == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: one.set_friendly_name("x" * 257), 50003),
        (lambda one: one.set_unique_name("x" * 257), 50004),
        (lambda one: one.set_attributes("x" * 16 * 1024), 50303),
    ],
    ids=["friendly name", "unique name", "attributes"],
)
def test_a_change_that_is_too_long_is_a_bad_request(
    lunch: Conversation, change: Any, code: int
) -> None:
    with pytest.raises(BadRequestError, match=lunch.sid) as caught:
        change(lunch)

    assert caught.value.code == code
    assert lunch.friendly_name == "room"


def test_who_is_not_in_it_may_not_change_it(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.remove_participant(lunch.sid, "alice")
    alice.hear("on_conversation_deleted")

    for call in (
        lambda: lunch.set_friendly_name("mine"),
        lambda: lunch.set_attributes({}),
        lambda: lunch.send_message("hello"),
        lambda: lunch.add_participant_by_identity("carol"),
        lambda: lunch.remove_participant_by_identity("bob"),
        lunch.destroy,
        lunch.join,
    ):
        with pytest.raises(ForbiddenError) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (403, 50430)


def test_what_is_deleted_cannot_be_changed(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.remove_conversation(lunch.sid)
    alice.hear("on_conversation_deleted")

    for call in (
        lambda: lunch.set_friendly_name("mine"),
        lambda: lunch.send_message("hello"),
        lunch.get_participants,
        lunch.get_last_messages,
        lunch.wait_for_synchronization,
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.status == 404
    assert lunch.friendly_name == "room"


def test_a_closed_conversation_takes_no_changes(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    held = emulator.hold_requests(f"*/{lunch.sid}/Messages")
    sending = alice.client.submit(lunch.send_message, "last words", timeout=limit())
    held.wait_until_held(timeout=limit())
    emulator.update_conversation(lunch.sid, state="closed")
    held.release()

    error = sending.exception(limit())

    assert isinstance(error, BadRequestError | ForbiddenError)
    assert error.code in (50377, 50430)
    alice.hear("on_conversation_left")


# Joining and leaving


def test_a_creator_joins_and_leaves(emulator: Emulator, alice: Person) -> None:
    conversation = alice.client.create_conversation("Lunch", timeout=limit())

    conversation.join(timeout=limit())
    joined = alice.hear("on_conversation_joined")["conversation"]
    conversation.wait_for_synchronization(timeout=limit())
    assert joined is conversation
    assert conversation.status.name == "JOINED"
    assert [one.identity for one in conversation.participants_list] == ["alice"]
    emulator.clear_requests()
    conversation.join()
    assert emulator.requests == ()

    conversation.leave(timeout=limit())
    assert alice.hear("on_conversation_left")["conversation"] is conversation
    assert conversation.status.name == "NOT_PARTICIPATING"
    alice.catch_up()
    emulator.clear_requests()
    conversation.leave()
    assert emulator.requests == ()


def test_joining_waits_for_everything_that_reading_needs(emulator: Emulator, alice: Person) -> None:
    conversation = alice.client.create_conversation("Lunch", timeout=limit())

    conversation.join(timeout=limit())
    participants = conversation.get_participants(timeout=limit())
    messages = conversation.get_last_messages(timeout=limit())

    assert [one.identity for one in participants] == ["alice"]
    assert messages == []


def test_a_conversation_that_only_the_server_knows_to_be_joined_is_a_conflict(
    emulator: Emulator, alice: Person
) -> None:
    conversation = alice.client.create_conversation("Lunch", timeout=limit())
    held = emulator.hold_requests(f"*/{conversation.sid}/Participants")
    joining = alice.client.submit(conversation.join, timeout=limit())
    held.wait_until_held(timeout=limit())
    emulator.add_participant(conversation.sid, "alice")
    held.release()

    error = joining.exception(limit())

    assert isinstance(error, ConflictError)
    assert error.code in (50404, 50433)
    alice.hear("on_conversation_joined")


def test_joining_without_being_invited_is_forbidden(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.remove_participant(lunch.sid, "alice")
    alice.hear("on_conversation_deleted")

    with pytest.raises(ForbiddenError, match=f"join {lunch.sid}") as caught:
        lunch.join(timeout=limit())

    assert caught.value.code == 50430


# Deleting


def test_destroying_takes_it_away_from_everybody(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    theirs = bob.enter(lunch.sid)

    lunch.destroy(timeout=limit())

    for person, conversation in ((alice, lunch), (bob, theirs)):
        assert person.hear("on_conversation_deleted")["conversation"] is conversation
        assert conversation.status is ConversationStatus.NOT_PARTICIPATING
        assert person.client.my_conversations == []
        assert conversation.friendly_name == "room"
    with pytest.raises(NotFoundError):
        alice.client.get_conversation(lunch.sid, timeout=limit())
    with pytest.raises(NotFoundError, match=f"destroy {lunch.sid}"):
        lunch.destroy(timeout=limit())


# Synchronization


def test_a_conversation_that_the_user_is_not_in_is_loaded_to_metadata(alice: Person) -> None:
    conversation = alice.client.create_conversation("Lunch", timeout=limit())
    levels = ConversationSynchronizationStatus

    conversation.wait_for_synchronization(levels.METADATA, timeout=limit())
    conversation.wait_for_synchronization(levels.IDENTIFIER, timeout=limit())
    conversation.wait_for_synchronization(timeout=limit())  # it is as far as it goes

    assert conversation.synchronization_status is levels.METADATA
    with pytest.raises(NotReadyError) as caught:
        _ = conversation.participants_list
    assert caught.value.code == ErrorInfo.CONVERSATION_NOT_SYNCHRONIZED
    assert conversation.sid in str(caught.value)


@pytest.mark.parametrize("status", ["NONE", "FAILED"])
def test_some_levels_cannot_be_waited_for(lunch: Conversation, status: str) -> None:
    with pytest.raises(InvalidArgumentError):
        lunch.wait_for_synchronization(ConversationSynchronizationStatus[status])


def test_what_is_not_a_level_cannot_be_waited_for(lunch: Conversation) -> None:
    with pytest.raises(InvalidArgumentError):
        lunch.wait_for_synchronization("ALL")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError):
        lunch.wait_for_synchronization([])  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["channel", "messages", "roster"])
def test_a_conversation_that_fails_to_open_does_not_fail_the_client(
    emulator: Emulator, connect: Connect, part: str
) -> None:
    broken = emulator.create_conversation(identities=["alice"]).sid
    whole = emulator.create_conversation(identities=["alice"]).sid
    fault = emulator.fail_requests(f"*/{broken}.{part}", status=500, code=20500)

    alice = connect("alice")

    status = {one.sid: one.synchronization_status.name for one in alice.client.my_conversations}
    assert status == {broken: "FAILED", whole: "ALL"}
    error = alice.hear("on_error")["error_info"]
    assert error.code == 20500
    assert broken in error.message
    expected = "OPEN_DOCUMENT_ERROR" if part == "channel" else "OPEN_COLLECTION_ERROR"
    assert error.reason.name == expected
    assert len(alice.heard.calls("on_error")) == 1
    conversation = next(one for one in alice.client.my_conversations if one.sid == broken)
    with pytest.raises(Exception, match="20500"):
        conversation.get_participants(timeout=limit())

    fault.lift()
    assert [one.identity for one in conversation.get_participants(timeout=limit())] == ["alice"]
    assert conversation.synchronization_status is ConversationSynchronizationStatus.ALL
    assert len(alice.heard.calls("on_error")) == 1  # the call was there to be told


def test_a_request_names_the_conversation_it_changes(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    lunch.set_friendly_name("Dinner", timeout=limit())

    request = emulator.wait_for_request(posts(lunch.sid, "alice"))
    assert request.mutation_id is not None
    assert request.status == 200
