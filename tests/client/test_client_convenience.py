"""
Peeking, getting or creating, participants outside the chat, closed conversations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    BadRequestError,
    ChannelType,
    ConflictError,
    Conversation,
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    NotReadyError,
)
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

UNKNOWN = "CH" + "0" * 32


# Peeking


def test_a_peeked_conversation_is_not_announced(
    emulator: Emulator, connect: Connect, alice: Person
) -> None:
    elsewhere = connect("alice")
    created = elsewhere.client.create_conversation("Mine", timeout=limit())
    carol = emulator.create_conversation(friendly_name="C", created_by="carol").sid
    me = connect("carol", synchronize_on_startup=False, synchronize=False)

    conversation = me.client.peek_conversation(carol, timeout=limit())

    assert conversation.friendly_name == "C"
    assert conversation.status is ConversationStatus.NOT_PARTICIPATING
    assert conversation.synchronization_status is ConversationSynchronizationStatus.METADATA
    assert conversation not in me.client.my_conversations
    assert me.client.peek_conversation(carol) is conversation
    with pytest.raises(NotReadyError):
        conversation.participants_list  # noqa: B018  # raises
    me.catch_up()
    assert me.told("on_conversation_added") == []
    assert alice.client.peek_conversation(created.sid, timeout=limit()).sid == created.sid


def test_peeking_is_refused_to_those_who_may_not_see_it(emulator: Emulator, alice: Person) -> None:
    theirs = emulator.create_conversation(identities=["bob"]).sid

    with pytest.raises(ForbiddenError) as caught:
        alice.client.peek_conversation(theirs, timeout=limit())
    assert caught.value.code == 50430
    with pytest.raises(NotFoundError):
        alice.client.peek_conversation(UNKNOWN, timeout=limit())
    for wrong in ("", None, 7):
        with pytest.raises(InvalidArgumentError):
            alice.client.peek_conversation(wrong)  # type: ignore[arg-type]


# Getting or creating


def test_it_is_created_once_and_got_from_then_on(alice: Person, connect: Connect) -> None:
    created = alice.client.get_or_create_conversation(
        "support", "Support", attributes={"a": 1}, timeout=limit()
    )

    assert (created.unique_name, created.friendly_name) == ("support", "Support")
    assert created.attributes.value == {"a": 1}
    assert created.status is ConversationStatus.NOT_PARTICIPATING
    assert alice.client.get_or_create_conversation("support", timeout=limit()) is created
    elsewhere = connect("alice").client
    got = elsewhere.get_or_create_conversation("support", "Other", timeout=limit())
    assert (got.sid, got.friendly_name) == (created.sid, "Support")
    alice.hear("on_conversation_added")
    assert len(alice.told("on_conversation_added")) == 1


def test_a_name_of_others_is_taken(emulator: Emulator, alice: Person) -> None:
    emulator.create_conversation(unique_name="secret", identities=["bob"])

    with pytest.raises(ConflictError) as caught:
        alice.client.get_or_create_conversation("secret", timeout=limit())
    assert caught.value.code == 50353


@pytest.mark.parametrize("wrong", ["", None, 7, UNKNOWN])
def test_wrong_names_are_refused(alice: Person, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        alice.client.get_or_create_conversation(wrong, timeout=limit())


def test_two_clients_that_create_at_the_same_time_get_the_same(
    emulator: Emulator, connect: Connect
) -> None:
    people = [connect("alice"), connect("alice")]
    with emulator.hold_requests("*/Conversations/meeting"):
        futures = [
            one.client.submit(one.client.get_or_create_conversation, "meeting", timeout=limit())
            for one in people
        ]
        emulator.wait_for_request(
            lambda request: request.path.endswith("/meeting"), limit(), count=2
        )

    first, second = (future.result(limit()) for future in futures)

    assert first.sid == second.sid


# Participants


def test_a_participant_is_added_unless_it_is_in(alice: Person, lunch: Conversation) -> None:
    bob = lunch.ensure_participant("bob", timeout=limit())
    assert bob is lunch.get_participant_by_identity("bob", timeout=limit())

    carol = lunch.ensure_participant("carol", timeout=limit())

    assert carol.identity == "carol"
    assert alice.hear("on_participant_added")["participant"] is carol
    assert lunch.ensure_participant("carol", timeout=limit()) is carol
    assert len(alice.told("on_participant_added")) == 1
    with pytest.raises(InvalidArgumentError):
        lunch.ensure_participant("")


@pytest.mark.parametrize(
    ("address", "proxy_address", "channel"),
    [
        ("+15550001", "+15559999", ChannelType.SMS),
        ("whatsapp:+15550001", "whatsapp:+15559999", ChannelType.WHATSAPP),
        ("messenger:1", "messenger:9", ChannelType.OTHER),
    ],
)
def test_somebody_from_outside_the_chat_takes_part(
    alice: Person, lunch: Conversation, address: str, proxy_address: str, channel: ChannelType
) -> None:
    added = lunch.add_participant_by_address(address, proxy_address, {"vip": True}, timeout=limit())

    assert added.identity is None
    assert added.channel_type is channel
    assert added.attributes.value == {"vip": True}
    binding = added.bindings[added.channel]
    assert binding["address"] == address  # type: ignore[index,call-overload]
    assert binding["proxy_address"] == proxy_address  # type: ignore[index,call-overload]
    assert alice.hear("on_participant_added")["participant"] is added
    assert lunch.get_participant_by_sid(added.sid, timeout=limit()) is added
    assert lunch.get_participants_count(timeout=limit()) == 3
    added.remove(timeout=limit())
    assert alice.hear("on_participant_deleted")["participant"] is added


def test_an_email_has_a_name_and_a_level(alice: Person, lunch: Conversation) -> None:
    added = lunch.add_participant_by_address(
        "bo@example.com",
        "us@example.com",
        email_name="Bo",
        email_level="cc",
        timeout=limit(),
    )

    assert added.channel_type is ChannelType.EMAIL
    alice.hear("on_participant_added")
    binding = added.bindings["email"]
    assert isinstance(binding, dict)
    assert (binding["name"], binding["address"], binding["level"]) == (
        *("Bo", "bo@example.com", "cc"),
    )


def test_an_address_pair_is_used_once(lunch: Conversation) -> None:
    lunch.add_participant_by_address("+15550001", "+15559999", timeout=limit())

    with pytest.raises(ConflictError) as caught:
        lunch.add_participant_by_address("+15550001", "+15559999", timeout=limit())
    assert caught.value.code == 50416
    with pytest.raises(BadRequestError):
        lunch.add_participant_by_address("+15550002", "+15559999", email_name="Bo", timeout=limit())


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": ""},
        {"address": None},
        {"proxy_address": ""},
        {"email_name": ""},
        {"email_level": "bcc"},
        {"attributes": object()},
    ],
)
def test_wrong_addresses_are_refused_before_anything_is_sent(
    emulator: Emulator, lunch: Conversation, wrong: dict[str, Any]
) -> None:
    before = len(emulator.requests)

    with pytest.raises(InvalidArgumentError):
        lunch.add_participant_by_address(
            **{"address": "+15550001", "proxy_address": "+15559999", **wrong}
        )

    assert len(emulator.requests) == before


def test_messages_from_outside_have_their_participant(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    added = lunch.add_participant_by_address("+15550001", "+15559999", timeout=limit())
    alice.hear("on_participant_added")

    emulator.send_message(lunch.sid, "hello", author="+15550001")

    message = alice.hear("on_message_added")["message"]
    assert message.author == "+15550001"
    assert message.participant is added
    assert not message.is_own


# Closed conversations


def test_a_closed_conversation_leaves_the_list(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "before", author="bob")
    alice.hear("on_message_added")

    emulator.update_conversation(lunch.sid, state="closed")

    alice.hear("on_conversation_deleted")
    about_it = ("on_conversation_left", "on_conversation_deleted")
    assert [call.callback for call in alice.heard.calls(*about_it)] == list(about_it)
    assert lunch.state is ConversationState.CLOSED
    assert lunch.state_date_updated is not None
    assert lunch.status is ConversationStatus.NOT_PARTICIPATING
    assert alice.client.my_conversations == []


def test_a_closed_conversation_can_still_be_read(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "before", author="bob")
    emulator.update_conversation(lunch.sid, state="closed")
    alice.hear("on_conversation_deleted")

    assert [one.body for one in lunch.get_last_messages(timeout=limit())] == ["before"]
    people = lunch.get_participants(timeout=limit())
    assert {one.identity for one in people} == {"alice", "bob"}
    assert lunch.get_messages_count(timeout=limit()) == 1
    again = alice.client.get_conversation(lunch.sid, timeout=limit())
    assert again is not lunch
    assert again.state is ConversationState.CLOSED


def test_operations_on_a_closed_conversation_are_refused(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.update_conversation(lunch.sid, state="closed")
    alice.hear("on_conversation_deleted")

    for refused in (
        lambda: lunch.send_message("late", timeout=limit()),
        lambda: lunch.set_friendly_name("new", timeout=limit()),
        lambda: lunch.add_participant_by_identity("carol", timeout=limit()),
        lambda: lunch.add_participant_by_address("+15550001", "+15559999", timeout=limit()),
        lambda: lunch.set_last_read_message_index(0, timeout=limit()),
    ):
        with pytest.raises(BadRequestError) as caught:
            refused()
        assert caught.value.code == 50377


def test_an_inactive_conversation_stays(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.update_conversation(lunch.sid, state="inactive")
    alice.hear("on_conversation_updated", lambda _, reason: reason.name == "STATE")

    assert lunch.state is ConversationState.INACTIVE
    assert lunch in alice.client.my_conversations
    lunch.send_message("wake up", timeout=limit())
    alice.hear("on_conversation_updated", lambda _, reason: reason.name == "STATE", count=2)
    assert lunch.state is ConversationState.ACTIVE
