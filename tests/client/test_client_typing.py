"""
Typing, between two clients and an emulator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ConversationListener,
    ConversationsClientListener,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person, answered, posts
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def is_sent(person: Person, count: int) -> None:
    """
    Wait until the service has answered so many typing notices of *person*.
    """
    person.emulator.wait_for_request(
        answered(posts("/Typing", person.identity)), limit(), count=count
    )


def notices(person: Person) -> int:
    return sum(posts("/Typing", person.identity)(request) for request in person.emulator.requests)


def test_the_other_is_told_who_types_and_sees_it(
    alice: Person, bob: Person, lunch: Conversation
) -> None:
    heard = RecordingListener()
    lunch.add_listener(heard)

    bob.enter(lunch.sid).typing()

    told = alice.hear("on_typing_started")
    participant = lunch.get_participant_by_identity("bob", timeout=limit())
    assert told["conversation"] is lunch
    assert told["participant"] is participant
    assert participant is not None
    assert participant.is_typing
    assert lunch.typing_participants == [participant]
    heard.wait_for("on_typing_started", timeout=limit())
    assert alice.told("on_typing_ended") == []


def test_typing_is_seen_inside_the_callbacks(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    seen: list[Any] = []

    class Looking(ConversationsClientListener):
        def on_typing_started(self, conversation: Any, participant: Any) -> None:
            seen.append((participant.is_typing, conversation.typing_participants == [participant]))

        def on_typing_ended(self, conversation: Any, participant: Any) -> None:
            seen.append((participant.is_typing, conversation.typing_participants))

        def on_message_added(self, message: Any) -> None:
            seen.append(message.body)

    alice.client.add_listener(Looking())
    emulator.start_typing(lunch.sid, "bob")
    alice.hear("on_typing_started")
    alice.catch_up()
    emulator.send_message(lunch.sid, "hello", author="bob")
    alice.hear("on_message_added")
    alice.catch_up()

    assert seen == [(True, True), (False, []), "hello"]


def test_a_message_ends_it_directly_before(alice: Person, bob: Person, lunch: Conversation) -> None:
    theirs = bob.enter(lunch.sid)
    theirs.typing()
    alice.hear("on_typing_started")

    theirs.send_message("hello", timeout=limit())

    alice.hear("on_message_added")
    about_it = ("on_typing_started", "on_typing_ended", "on_message_added")
    assert [call.callback for call in alice.heard.calls(*about_it)] == list(about_it)


def test_leaving_ends_it_directly_before(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.start_typing(lunch.sid, "bob")
    alice.hear("on_typing_started")

    emulator.remove_participant(lunch.sid, "bob")

    alice.hear("on_participant_deleted")
    about_it = ("on_typing_ended", "on_participant_deleted")
    assert [call.callback for call in alice.heard.calls(*about_it)] == list(about_it)


def test_it_ends_by_itself(emulator: Emulator, connect: Connect, room: str) -> None:
    alice = connect("alice", typing_indicator_timeout=0.05)
    lunch = alice.enter(room)

    emulator.start_typing(room, "bob")

    alice.hear("on_typing_started")
    ended = alice.hear("on_typing_ended")
    assert not ended["participant"].is_typing
    assert lunch.typing_participants == []


def test_the_user_is_not_told_of_its_own_typing(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation, connect: Connect
) -> None:
    elsewhere = connect("alice")
    elsewhere.enter(lunch.sid)
    bob.enter(lunch.sid)

    lunch.typing()

    bob.hear("on_typing_started")
    for one in (alice, elsewhere):
        one.catch_up()
        assert one.told("on_typing_started") == []
    assert lunch.typing_participants == []


def test_each_key_press_sends_no_notice_of_its_own(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    for _ in range(5):
        lunch.typing()
    is_sent(alice, 1)
    for _ in range(5):
        lunch.typing()
    lunch.get_messages_count(timeout=limit())  # what was asked before this has been sent

    assert notices(alice) == 1


def test_what_fails_is_logged_only_and_tried_again(
    emulator: Emulator, alice: Person, lunch: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    with emulator.fail_requests("*/Typing", status=403, code=50430):
        lunch.typing()
        is_sent(alice, 1)
        alice.catch_up()
    lunch.typing()
    is_sent(alice, 2)

    assert alice.told("on_error") == []
    assert [record.levelname for record in caplog.records if "typing" in record.message] == [
        "WARNING"
    ]


def test_a_scope_repeats_the_notice_until_its_end(connect: Connect, room: str) -> None:
    alice = connect("alice", typing_indicator_timeout=0.02)
    lunch = alice.enter(room)

    with lunch.typing_scope():
        is_sent(alice, 3)
    lunch.get_messages_count(timeout=limit())
    count = notices(alice)
    alice.catch_up()

    assert notices(alice) - count <= 1  # one may have been under way


def test_a_scope_ends_with_an_error_inside(alice: Person, lunch: Conversation) -> None:
    with pytest.raises(ZeroDivisionError), lunch.typing_scope():
        1 / 0  # noqa: B018  # something goes wrong
    with lunch.typing_scope(), lunch.typing_scope():
        is_sent(alice, 1)


def test_a_scope_may_outlive_the_client(alice: Person, lunch: Conversation) -> None:
    with lunch.typing_scope():
        is_sent(alice, 1)
        alice.client.shutdown()

    with pytest.raises(ClientShutdownError), lunch.typing_scope():
        pass
    with pytest.raises(ClientShutdownError):
        lunch.typing()


def test_typing_works_inside_a_callback(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    class Answering(ConversationListener):
        def on_message_added(self, message: Any) -> None:
            message.conversation.typing()

    lunch.add_listener(Answering())
    bob.enter(lunch.sid).send_message("hello", timeout=limit())

    bob.hear("on_typing_started", lambda _, participant: participant.identity == "alice")


def test_participants_of_the_apple_channel_are_shown_without_a_name(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.add_address(lunch.sid, "apple:urn:1", "apple:us")
    alice.hear("on_participant_added")

    emulator.start_typing(lunch.sid, "bob")

    alice.hear("on_typing_started", count=2)
    assert {one.channel for one in lunch.typing_participants} == {"chat", "apple"}
    assert [one.identity for one in lunch.typing_participants if one.channel == "apple"] == [None]


def test_after_shutdown_nobody_types(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.start_typing(lunch.sid, "bob")
    participant = alice.hear("on_typing_started")["participant"]

    alice.client.shutdown()

    assert not participant.is_typing
    assert alice.told("on_typing_ended") == []
