"""
Sending, reading single ones, changing and removing messages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    Attributes,
    BadRequestError,
    Conversation,
    ErrorInfo,
    ForbiddenError,
    InvalidArgumentError,
    Message,
    NotFoundError,
)
from tests.client.people import Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def test_a_sent_message_is_complete_and_the_announced_object(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message(
        "Noodles?", attributes={"urgent": True}, subject="Food", timeout=limit()
    )

    assert alice.hear("on_message_added")["message"] is message
    assert message.sid.startswith("IM")
    assert message.message_index == 0
    assert (message.author, message.body, message.subject) == ("alice", "Noodles?", "Food")
    assert message.attributes == Attributes({"urgent": True})
    assert message.date_created is not None
    assert message.date_created.tzinfo is UTC
    assert message.date_updated is not None
    assert message.last_updated_by is None
    assert message.conversation is lunch
    assert message.conversation_sid == lunch.sid
    assert message.is_own
    participant = lunch.get_participant_by_identity("alice")
    assert participant is not None
    assert message.participant is participant
    assert message.participant_sid == participant.sid
    assert repr(message) == f"<Message {message.sid} #0 by alice>"
    assert lunch.get_message_by_index(0) is message
    assert lunch.get_last_messages(timeout=limit()) == [message]
    alice.catch_up()
    assert alice.bodies() == ["Noodles?"]
    assert alice.heard.calls("on_message_updated") == []


def test_a_sent_message_is_the_announced_object_when_the_event_was_first(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    replies = emulator.hold_replies("*/Messages", method="POST")
    sending = alice.client.submit(lunch.send_message, "hello", timeout=limit())
    replies.wait_until_held(timeout=limit())
    announced = alice.hear("on_message_added")["message"]
    replies.release()

    assert sending.result(limit()) is announced
    alice.catch_up()
    assert alice.bodies() == ["hello"]


@pytest.mark.parametrize(
    ("arguments", "body", "subject", "attributes"),
    [
        ({"body": ""}, "", None, {}),
        ({"body": "text"}, "text", None, {}),
        ({"body": "ünïcödé 🍜\u0000\n\r\t"}, "ünïcödé 🍜\u0000\n\r\t", None, {}),
        ({"subject": "only"}, None, "only", {}),
        ({"attributes": [1, "two"]}, None, None, [1, "two"]),
        ({"body": "x", "attributes": Attributes("text")}, "x", None, "text"),
        ({"body": "x", "attributes": 0}, "x", None, 0),
        ({"body": "x", "attributes": False}, "x", None, False),
    ],
)
def test_whatever_can_be_said_arrives_unchanged(
    *,
    emulator: Emulator,
    alice: Person,
    bob: Person,
    lunch: Conversation,
    arguments: dict[str, Any],
    body: str | None,
    subject: str | None,
    attributes: Any,
) -> None:
    bob.enter(lunch.sid)

    sent = lunch.send_message(**arguments, timeout=limit())

    received = bob.hear("on_message_added")["message"]
    for message in (sent, received):
        assert (message.body, message.subject) == (body, subject)
        assert message.attributes.value == attributes
    assert received.author == "alice"
    assert not received.is_own
    assert received.participant is not None
    assert received.participant.identity == "alice"


def test_nothing_to_send_is_refused(emulator: Emulator, lunch: Conversation) -> None:
    emulator.clear_requests()

    with pytest.raises(InvalidArgumentError, match="nothing to send"):
        lunch.send_message()

    assert emulator.requests == ()


def test_who_is_not_in_it_cannot_send(emulator: Emulator, alice: Person) -> None:
    conversation = alice.client.create_conversation("not joined", timeout=limit())

    with pytest.raises(ForbiddenError, match=f"send_message to {conversation.sid}") as caught:
        conversation.send_message("hello", timeout=limit())

    assert (caught.value.status, caught.value.code) == (403, 50430)
    assert "hello" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"body": "x" * (32 * 1024 + 1)}, 50504),
        ({"body": "ä" * (16 * 1024 + 1)}, 50504),
        ({"body": "", "subject": "x" * 257}, 20001),
        ({"body": "", "attributes": "x" * 4 * 1024}, 50303),
    ],
    ids=["body", "bytes of the body", "subject", "attributes"],
)
def test_what_is_too_long_is_a_bad_request(
    lunch: Conversation, arguments: dict[str, Any], code: int
) -> None:
    with pytest.raises(BadRequestError) as caught:
        lunch.send_message(**arguments, timeout=limit())

    assert (caught.value.status, caught.value.code) == (400, code)
    assert "xxx" not in str(caught.value)


def test_the_longest_body_is_taken(alice: Person, lunch: Conversation) -> None:
    body = "x" * 32 * 1024

    assert lunch.send_message(body, timeout=limit()).body == body


def test_messages_of_the_server_have_no_participant(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "notice", author="system")

    message = alice.hear("on_message_added")["message"]

    assert (message.author, message.participant_sid, message.participant) == ("system", None, None)
    assert not message.is_own


def test_a_message_of_somebody_who_left_has_no_participant(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "bye", author="bob")
    message = alice.hear("on_message_added")["message"]
    assert message.participant is lunch.get_participant_by_identity("bob")

    emulator.remove_participant(lunch.sid, "bob")
    alice.hear("on_participant_deleted")

    assert message.participant is None
    assert message.participant_sid is not None


def test_a_message_is_found_by_index(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    for body in ("zero", "one", "two"):
        emulator.send_message(lunch.sid, body)
    emulator.remove_message(lunch.sid, 1)

    assert lunch.get_message_by_index(2, timeout=limit()).body == "two"
    assert lunch.get_message_by_index(0, timeout=limit()).body == "zero"
    for index in (1, 3, 2**40):
        with pytest.raises(NotFoundError, match=f"index {index}") as caught:
            lunch.get_message_by_index(index, timeout=limit())
        assert caught.value.code == ErrorInfo.CANNOT_GET_MESSAGE_BY_INDEX
        assert caught.value.status == 0


def test_a_message_can_be_changed(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)
    message = lunch.send_message("helo", timeout=limit())
    theirs = bob.hear("on_message_added")["message"]

    message.update_body("hello", timeout=limit())
    message.set_attributes({"edited": 1}, timeout=limit())

    for person in (alice, bob):
        person.hear("on_message_updated", lambda _, reason: reason.name == "BODY")
        person.hear("on_message_updated", lambda _, reason: reason.name == "ATTRIBUTES")
    for one in (message, theirs):
        assert one.body == "hello"
        assert one.attributes.value == {"edited": 1}
        assert one.last_updated_by == "alice"

    message.update_body("", timeout=limit())
    bob.hear("on_message_updated", lambda _, reason: reason.name == "BODY", count=2)
    assert theirs.body == ""


def test_a_change_that_is_too_long_is_a_bad_request(lunch: Conversation) -> None:
    message = lunch.send_message("hello", timeout=limit())

    with pytest.raises(BadRequestError, match=f"update_body of {message.sid}") as caught:
        message.update_body("x" * (32 * 1024 + 1), timeout=limit())
    assert caught.value.code == 50504
    with pytest.raises(BadRequestError, match=f"set_attributes of {message.sid}") as caught:
        message.set_attributes("x" * 4 * 1024, timeout=limit())
    assert caught.value.code == 50303
    assert message.body == "hello"


def test_messages_are_removed_in_two_ways(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)
    first, second, third = (lunch.send_message(body, timeout=limit()) for body in "abc")
    bob.hear("on_message_added", count=3)

    lunch.remove_message(first, timeout=limit())
    third.remove(timeout=limit())

    for person in (alice, bob):
        person.hear("on_message_deleted", count=2)
        assert person.told("on_message_deleted") == [
            ("on_message_deleted", "a"),
            ("on_message_deleted", "c"),
        ]
    assert lunch.get_last_messages(timeout=limit()) == [second]
    assert (second.message_index, first.body) == (1, "a")
    alice.hear(
        "on_conversation_updated",
        lambda one, reason: reason.name == "LAST_MESSAGE" and one.last_message_index == 1,
    )


def test_what_is_removed_can_be_neither_changed_nor_removed(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    message.remove(timeout=limit())
    alice.hear("on_message_deleted")

    calls: list[Callable[[], object]] = [
        message.remove,
        lambda: lunch.remove_message(message),
        lambda: message.update_body("again"),
        lambda: message.set_attributes({}),
    ]
    for call in calls:
        with pytest.raises(NotFoundError, match=message.sid) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (404, 50500)
    assert message.body == "hello"


def test_messages_of_other_conversations_and_clients_are_refused(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    other = alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    theirs = bob.enter(lunch.sid)
    lunch.send_message("hello", timeout=limit())
    messages = [
        other.send_message("elsewhere", timeout=limit()),
        theirs.get_last_messages(timeout=limit())[0],
    ]
    emulator.clear_requests()

    for message in (*messages, "IM" + "0" * 32, None):
        with pytest.raises(InvalidArgumentError, match="message of this conversation"):
            lunch.remove_message(message)  # type: ignore[arg-type]
    assert emulator.requests == ()


def test_who_was_removed_can_no_longer_change_messages(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    emulator.remove_participant(lunch.sid, "alice")
    alice.hear("on_conversation_deleted")

    calls: list[Callable[[], object]] = [
        message.remove,
        lambda: message.update_body("again"),
        lunch.get_last_messages,
        lambda: lunch.get_message_by_index(0),
        lunch.get_messages,
    ]
    for call in calls:
        with pytest.raises(ForbiddenError) as caught:
            call()
        assert caught.value.code in (50430, 54007)
    assert (message.body, message.conversation) == ("hello", lunch)


def test_an_update_of_a_message_that_is_not_cached_fires_nothing(
    emulator: Emulator, alice: Person, room: str
) -> None:
    emulator.send_message(room, "before alice looked")
    conversation = alice.enter(room)

    emulator.update_message(room, 0, body="changed")
    emulator.remove_message(room, 0)
    alice.catch_up()

    assert alice.heard.calls("on_message_updated", "on_message_deleted") == []
    assert conversation.get_last_messages(timeout=limit()) == []


def test_a_message_keeps_its_identity_as_long_as_it_is_known(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    sent = lunch.send_message("hello", timeout=limit())

    found: list[Message] = [
        alice.hear("on_message_added")["message"],
        lunch.get_message_by_index(0),
        *lunch.get_last_messages(timeout=limit()),
        *lunch.get_messages_before(5, timeout=limit()),
        *lunch.get_messages_after(0, timeout=limit()),
        *lunch.get_messages(timeout=limit()).items,
        *lunch.iter_messages(),
    ]

    assert len(found) == 7
    assert all(message is sent for message in found)
