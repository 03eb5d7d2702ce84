"""
The user's conversations page by page, and making one step by step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    Attributes,
    ClientShutdownError,
    ConflictError,
    Conversation,
    ConversationBuilder,
    ConversationStatus,
    ConversationSynchronizationStatus,
    InvalidArgumentError,
    Paginator,
    SynchronizationStatus,
)
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

METADATA = ConversationSynchronizationStatus.METADATA


def rooms(emulator: Emulator, count: int) -> list[str]:
    """
    The sids of so many conversations of alice, in the order of keys.
    """
    return sorted(emulator.create_conversation(identities=["alice"]).sid for _ in range(count))


def sids(page: Paginator[Conversation]) -> list[str]:
    return [conversation.sid for conversation in page.items]


def test_pages_follow_each_other_in_the_order_of_keys(emulator: Emulator, connect: Connect) -> None:
    known = rooms(emulator, 5)
    client = connect("alice").client
    first = client.get_subscribed_conversations(2, timeout=limit())
    assert sids(first) == known[:2]
    assert (first.has_prev_page, first.has_next_page) == (False, True)
    second = first.next_page(timeout=limit())
    third = second.next_page(timeout=limit())
    assert (sids(second), sids(third)) == (known[2:4], known[4:])
    assert (third.has_prev_page, third.has_next_page) == (True, False)
    back = third.prev_page(timeout=limit())
    assert sids(back) == known[2:4]
    assert sids(back.prev_page(timeout=limit())) == known[:2]
    with pytest.raises(InvalidArgumentError):
        third.next_page()
    with pytest.raises(InvalidArgumentError):
        first.prev_page()
    assert [one.sid for one in first] == known
    assert set(first.items) <= set(client.my_conversations)


def test_the_usual_page_has_thirty(emulator: Emulator, connect: Connect) -> None:
    rooms(emulator, 31)
    page = connect("alice").client.get_subscribed_conversations(timeout=limit())
    assert len(page) == 30
    assert page.has_next_page


@pytest.mark.parametrize("size", [0, 101, -1, True, "30", None])
def test_a_page_has_one_to_a_hundred(alice: Person, size: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="page_size"):
        alice.client.get_subscribed_conversations(size)


def test_all_can_be_iterated_over_before_they_are_loaded(
    emulator: Emulator, connect: Connect
) -> None:
    known = rooms(emulator, 8)
    with emulator.hold_requests("*/Users/*/Conversations", identity="alice"):
        alice = connect("alice", synchronize=False)
        found = list(alice.client.iter_conversations())
        assert [one.sid for one in found] == known
        assert alice.client.synchronization_status is SynchronizationStatus.STARTED
        assert all(one.synchronization_status.is_at_least(METADATA) for one in found)
        assert all(one.status is ConversationStatus.JOINED for one in found)
        assert set(alice.client.my_conversations) == set(found)
    alice.client.wait_for_synchronization(timeout=limit())
    assert set(alice.client.my_conversations) == set(found)
    alice.catch_up()
    added = [call["conversation"] for call in alice.heard.calls("on_conversation_added")]
    assert len(added) == len(set(added)) == 8


def test_all_can_be_iterated_over_without_loading_them(
    emulator: Emulator, connect: Connect
) -> None:
    known = rooms(emulator, 3)
    alice = connect("alice", synchronize=False, synchronize_on_startup=False)
    assert alice.client.my_conversations == []
    assert [one.sid for one in alice.client.iter_conversations()] == known
    assert len(alice.client.my_conversations) == 3


def test_more_than_a_page_can_be_iterated_over(emulator: Emulator, connect: Connect) -> None:
    known = rooms(emulator, 130)
    client = connect("alice", synchronize=False).client
    assert [one.sid for one in client.iter_conversations()] == known


def test_a_user_without_conversations_has_none(alice: Person) -> None:
    assert list(alice.client.iter_conversations()) == []
    assert alice.client.get_subscribed_conversations().items == []


def test_a_client_that_is_shut_down_lists_nothing(emulator: Emulator, connect: Connect) -> None:
    rooms(emulator, 3)
    client = connect("alice").client
    page = client.get_subscribed_conversations(1, timeout=limit())
    client.shutdown()
    for call in (page.next_page, client.get_subscribed_conversations):
        with pytest.raises(ClientShutdownError):
            call()
    with pytest.raises(ClientShutdownError):
        next(client.iter_conversations())


# Made step by step


def test_a_builder_makes_a_conversation(alice: Person) -> None:
    builder = alice.client.conversation_builder()
    assert isinstance(builder, ConversationBuilder)
    made = (
        builder.with_friendly_name("Lunch")
        .with_unique_name("lunch")
        .with_attributes({"topic": "food"})
        .with_access("restricted")
        .build(timeout=limit())
    )
    assert (made.friendly_name, made.unique_name) == ("Lunch", "lunch")
    assert made.attributes.value == {"topic": "food"}
    assert made.status is ConversationStatus.NOT_PARTICIPATING
    added = alice.hear("on_conversation_added")
    assert added["conversation"] is made
    assert repr(builder) == "<ConversationBuilder lunch>"
    with pytest.raises(ConflictError, match="create_conversation"):
        builder.build(timeout=limit())


def test_a_builder_passes_on_what_it_was_given() -> None:
    class Creator:
        def create_conversation(self, *arguments: Any, **named: Any) -> Any:
            return arguments, named

    builder = ConversationBuilder(Creator())  # type: ignore[arg-type]
    builder.with_friendly_name("a").with_unique_name("b").with_attributes(None).with_access("c")
    assert builder.build(timeout=3) == (
        ("a",),
        {"unique_name": "b", "attributes": Attributes(None), "access": "c", "timeout": 3},
    )


def test_a_builder_needs_nothing(alice: Person) -> None:
    made = alice.client.conversation_builder().build(timeout=limit())
    assert (made.friendly_name, made.unique_name, made.attributes.value) == (None, None, {})


@pytest.mark.parametrize(
    "method", ["with_friendly_name", "with_unique_name", "with_access", "with_attributes"]
)
def test_a_builder_refuses_at_once(alice: Person, method: str) -> None:
    builder = alice.client.conversation_builder()
    for wrong in (None, "", 7) if method != "with_attributes" else (object(), {1, 2}, float("nan")):
        with pytest.raises(InvalidArgumentError):
            getattr(builder, method)(wrong)
