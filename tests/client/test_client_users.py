"""
Other users, against an emulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    Conversation,
    ConversationListener,
    ConversationsClientListener,
    ConversationsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UserUpdateReason,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """
    One that tells who is online, and at once.
    """
    from conversations.emulator import Emulator, Settings

    settings = Settings(reachability_enabled=True, reachability_grace=0.0)
    with Emulator(settings=settings) as running:
        yield running


def test_a_user_is_loaded_and_followed(emulator: Emulator, alice: Person) -> None:
    emulator.create_user("bob", friendly_name="Bob B.", attributes={"shoe size": 46})

    bob = alice.client.get_and_subscribe_user("bob", timeout=limit())

    assert (bob.identity, bob.friendly_name) == ("bob", "Bob B.")
    assert bob.attributes.value == {"shoe size": 46}
    assert bob.is_subscribed
    assert alice.hear("on_user_subscribed", count=2)["user"] is bob
    emulator.update_user("bob", friendly_name="Bobby")
    told = alice.hear("on_user_updated", lambda user, _: user is bob)
    assert told["reason"] is UserUpdateReason.FRIENDLY_NAME
    assert bob.friendly_name == "Bobby"
    assert alice.client.get_and_subscribe_user("bob", timeout=limit()) is bob
    assert alice.client.get_subscribed_users() == [alice.client.my_user, bob]


def test_the_own_user_needs_no_request(emulator: Emulator, alice: Person) -> None:
    before = len(emulator.requests)

    assert alice.client.get_and_subscribe_user("alice") is alice.client.my_user
    assert alice.client.get_subscribed_users() == [alice.client.my_user]

    assert len(emulator.requests) == before


def test_an_unknown_user_is_not_found(alice: Person) -> None:
    with pytest.raises(NotFoundError) as caught:
        alice.client.get_and_subscribe_user("nobody", timeout=limit())

    assert caught.value.code == 50200


def test_the_oldest_gives_way_at_the_limit(emulator: Emulator, connect: Connect) -> None:
    for identity in ("bob", "carol", "dave"):
        emulator.create_user(identity)
    alice = connect("alice", user_infos_to_subscribe=2)

    bob, carol, dave = (
        alice.client.get_and_subscribe_user(identity, timeout=limit())
        for identity in ("bob", "carol", "dave")
    )

    assert alice.hear("on_user_unsubscribed")["user"] is bob
    assert [one.is_subscribed for one in (bob, carol, dave)] == [False, True, True]
    assert alice.client.get_subscribed_users() == [alice.client.my_user, carol, dave]
    assert alice.client.get_and_subscribe_user("bob", timeout=limit()) is bob
    assert bob.is_subscribed
    assert not carol.is_subscribed


def test_unsubscribing_ends_the_updates(emulator: Emulator, alice: Person) -> None:
    emulator.create_user("bob")
    bob = alice.client.get_and_subscribe_user("bob", timeout=limit())

    bob.unsubscribe(timeout=limit())

    assert not bob.is_subscribed
    assert alice.hear("on_user_unsubscribed")["user"] is bob
    emulator.update_user("bob", friendly_name="Bobby")
    alice.catch_up()
    assert bob.friendly_name == "bob"
    bob.unsubscribe(timeout=limit())  # does nothing
    assert alice.client.get_subscribed_users() == [alice.client.my_user]


def test_the_own_user_is_subscribed_again_at_once(emulator: Emulator, alice: Person) -> None:
    alice.client.my_user.unsubscribe(timeout=limit())

    assert alice.client.my_user.is_subscribed
    alice.hear("on_user_subscribed", count=2)
    alice.catch_up()
    about_users = ("on_user_subscribed", "on_user_unsubscribed")
    assert [call.callback for call in alice.heard.calls(*about_users)] == [
        "on_user_subscribed",
        "on_user_unsubscribed",
        "on_user_subscribed",
    ]


def test_names_and_attributes_of_others_need_a_permission(
    emulator: Emulator, alice: Person
) -> None:
    emulator.create_user("bob")
    bob = alice.client.get_and_subscribe_user("bob", timeout=limit())
    bob.unsubscribe(timeout=limit())

    with pytest.raises(ForbiddenError):  # sent all the same
        bob.set_friendly_name("mine now", timeout=limit())


def test_users_come_and_go(emulator: Emulator, alice: Person, connect: Connect) -> None:
    assert alice.client.is_reachability_enabled
    emulator.create_user("bob")
    user = alice.client.get_and_subscribe_user("bob", timeout=limit())
    assert (user.is_online, user.is_notifiable) == (False, False)

    with connect("bob").client:
        alice.hear(
            "on_user_updated",
            lambda who, reason: (who, reason) == (user, UserUpdateReason.REACHABILITY_ONLINE),
        )
        assert user.is_online
    alice.hear(
        "on_user_updated",
        lambda who, reason: (who, reason) == (user, UserUpdateReason.REACHABILITY_ONLINE),
        count=2,
    )
    assert user.is_online is False


def test_a_participant_leads_to_its_user(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    participant = lunch.get_participant_by_identity("bob", timeout=limit())
    assert participant is not None
    before = len(emulator.requests)

    bob = participant.get_and_subscribe_user(timeout=limit())

    assert bob.identity == "bob"
    assert alice.client.get_and_subscribe_user("bob", timeout=limit()) is bob
    assert not [one for one in emulator.requests[before:] if "/Users/" in one.path]
    own = lunch.get_participant_by_identity("alice", timeout=limit())
    assert own is not None
    assert own.get_and_subscribe_user(timeout=limit()) is alice.client.my_user


def test_somebody_from_outside_the_chat_is_no_user(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    participant = lunch.add_participant_by_address("+15550001", "+15559999", timeout=limit())

    with pytest.raises(ConversationsError, match="no user"):
        participant.get_and_subscribe_user(timeout=limit())


def test_a_conversation_tells_of_the_users_behind_its_participants(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    class Hearing(ConversationListener):
        def __init__(self) -> None:
            self.told: list[tuple[Any, ...]] = []

        def on_user_subscribed(self, participant: Any, user: Any) -> None:
            self.told.append(("subscribed", participant, user))

        def on_user_updated(self, participant: Any, user: Any, reason: Any) -> None:
            self.told.append(("updated", participant, user, reason))

        def on_user_unsubscribed(self, participant: Any, user: Any) -> None:
            self.told.append(("unsubscribed", participant, user))

    here, elsewhere = Hearing(), Hearing()
    lunch.add_listener(here)
    other = alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    other.add_listener(elsewhere)
    participant = lunch.get_participant_by_identity("bob", timeout=limit())

    bob = alice.client.get_and_subscribe_user("bob", timeout=limit())
    emulator.wait_for_subscription(f"{emulator.get_user('bob').sid}.info", timeout=limit())
    emulator.update_user("bob", friendly_name="Bobby", attributes={"a": 1})
    alice.hear("on_user_updated", lambda _, reason: reason is UserUpdateReason.ATTRIBUTES)
    bob.unsubscribe(timeout=limit())
    alice.hear("on_user_unsubscribed")
    alice.catch_up()
    alice.catch_up()

    assert [call for call in here.told if call[2] is bob] == [
        ("subscribed", participant, bob),
        ("updated", participant, bob, UserUpdateReason.FRIENDLY_NAME),
        ("updated", participant, bob, UserUpdateReason.ATTRIBUTES),
        ("unsubscribed", participant, bob),
    ]
    assert {call[2] for call in elsewhere.told} == {alice.client.my_user}


def test_the_client_hears_of_a_user_before_the_conversations(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    order: list[str] = []

    class Client(ConversationsClientListener):
        def on_user_updated(self, user: Any, reason: Any) -> None:
            order.append("client")

    class Listening(ConversationListener):
        def on_user_updated(self, participant: Any, user: Any, reason: Any) -> None:
            order.append("conversation")

    lunch.add_listener(Listening())
    alice.client.add_listener(Client())
    for _ in range(3):
        alice.catch_up()

    assert order[:4] == ["client", "conversation"] * 2


def test_a_listener_of_both_kinds_gets_what_its_methods_take(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    class OfTheClient(ConversationsClientListener, ConversationListener):  # type: ignore[misc]
        told = 0

        def on_user_updated(self, user: Any, reason: Any) -> None:
            self.told += 1

    class OfTheConversation(ConversationsClientListener, ConversationListener):  # type: ignore[misc]
        told = 0

        def on_user_updated(self, participant: Any, user: Any, reason: Any) -> None:
            self.told += 1

    both = [OfTheClient(), OfTheConversation(), RecordingListener()]
    for listener in both:
        alice.client.add_listener(listener)
        lunch.add_listener(listener)
    alice.catch_up()
    both[2].wait_for("on_user_updated", count=2, timeout=limit())  # type: ignore[union-attr]

    assert [listener.told for listener in both[:2]] == [1, 1]  # type: ignore[union-attr]
    recorded = both[2].calls("on_user_updated")  # type: ignore[union-attr]
    assert [list(call.arguments) for call in recorded] == [
        ["user", "reason"],
        ["participant", "user", "reason"],
    ]
    assert alice.told("on_error") == []


def test_the_participants_of_a_user_are_found_everywhere(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    second = alice.enter(emulator.create_conversation(identities=["alice", "bob"]).sid)
    alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    before = len(emulator.requests)

    found = alice.client.get_participants_by_identity("bob")

    assert {one.conversation for one in found} == {lunch, second}
    assert {one.identity for one in found} == {"bob"}
    assert len(alice.client.get_participants_by_identity("alice")) == 3
    assert alice.client.get_participants_by_identity("nobody") == []
    assert len(emulator.requests) == before


@pytest.mark.parametrize("wrong", ["", None, 7, b"bob"])
def test_wrong_identities_are_refused(alice: Person, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        alice.client.get_and_subscribe_user(wrong)
    with pytest.raises(InvalidArgumentError):
        alice.client.get_participants_by_identity(wrong)
