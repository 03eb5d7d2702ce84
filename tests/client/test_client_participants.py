from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from conversations import (
    Attributes,
    BadRequestError,
    ChannelType,
    ConflictError,
    Conversation,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
)
from tests.client.people import Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

UNKNOWN_SID = "MB" + "0" * 32


def test_everything_of_a_participant_can_be_read(emulator: Emulator, alice: Person) -> None:
    sid = emulator.create_conversation(identities=["alice"]).sid
    emulator.add_participant(sid, "bob", attributes={"guest": True})
    emulator.send_message(sid, "hello")
    emulator.set_read_horizon(sid, "bob", 0)
    conversation = alice.enter(sid)

    bob = conversation.get_participant_by_identity("bob")

    assert bob is not None
    assert bob.sid.startswith("MB")
    assert bob.identity == "bob"
    assert bob.conversation is conversation
    assert bob.attributes == Attributes({"guest": True})
    for moment in (bob.date_created, bob.date_updated, bob.last_read_timestamp):
        assert moment is not None
        assert moment.tzinfo is UTC
    assert bob.last_read_message_index == 0
    assert (bob.channel, bob.channel_type) == ("chat", ChannelType.CHAT)
    assert bob.role_sid is not None
    assert bob.role_sid.startswith("RL")
    assert bob.bindings == {}
    assert repr(bob) == f"<Participant {bob.sid} bob>"


def test_who_never_read_has_no_horizon(lunch: Conversation) -> None:
    bob = lunch.get_participant_by_identity("bob")

    assert bob is not None
    assert bob.last_read_message_index is None
    assert bob.last_read_timestamp is None
    assert bob.attributes == Attributes.DEFAULT


def test_a_participant_of_another_channel_has_no_identity(
    emulator: Emulator, alice: Person
) -> None:
    sid = emulator.create_conversation(identities=["alice"]).sid
    emulator.add_address(sid, "+15550001", "+15550002")
    conversation = alice.enter(sid)

    other = next(one for one in conversation.participants_list if one.identity is None)

    assert (other.channel, other.channel_type) == ("sms", ChannelType.SMS)
    assert other.bindings["sms"] == {"address": "+15550001", "proxy_address": "+15550002"}
    assert repr(other) == f"<Participant {other.sid} sms>"


def test_participants_are_found_by_identity_and_sid_without_a_request(
    emulator: Emulator, lunch: Conversation
) -> None:
    emulator.clear_requests()
    everybody = lunch.get_participants()

    assert everybody == lunch.participants_list
    for one in everybody:
        assert one.identity is not None
        assert lunch.get_participant_by_identity(one.identity) is one
        assert lunch.get_participant_by_sid(one.sid) is one
    assert lunch.get_participant_by_identity("nobody") is None
    assert lunch.get_participant_by_sid(UNKNOWN_SID) is None
    assert emulator.requests == ()


def test_participants_wait_for_the_roster(emulator: Emulator, alice: Person, bob: Person) -> None:
    sid = emulator.create_conversation(identities=["bob"]).sid
    held = emulator.hold_requests(f"*{sid}.roster", identity="alice")
    emulator.add_participant(sid, "alice")
    conversation = alice.hear("on_conversation_added")["conversation"]
    reading = alice.client.submit(conversation.get_participants, timeout=limit())
    held.wait_until_held(timeout=limit())
    assert not reading.done()
    held.release()

    assert {one.identity for one in reading.result(limit())} == {"alice", "bob"}


def test_an_added_participant_is_the_announced_object(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    carol = lunch.add_participant_by_identity("carol", {"guest": 1}, timeout=limit())

    announced = alice.hear("on_participant_added")["participant"]
    assert announced is carol
    assert (carol.identity, carol.attributes.value) == ("carol", {"guest": 1})
    assert carol.conversation is lunch
    assert lunch.get_participant_by_identity("carol") is carol
    alice.catch_up()
    assert len(alice.heard.calls("on_participant_added")) == 1
    assert emulator.get_participant(lunch.sid, "carol").sid == carol.sid


def test_an_added_participant_is_the_announced_object_when_the_event_was_first(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    replies = emulator.hold_replies("*/Participants", method="POST")
    adding = alice.client.submit(lunch.add_participant_by_identity, "carol", timeout=limit())
    replies.wait_until_held(timeout=limit())
    announced = alice.hear("on_participant_added")["participant"]
    replies.release()

    assert adding.result(limit()) is announced


def test_whoever_is_in_it_cannot_be_added(lunch: Conversation) -> None:
    with pytest.raises(ConflictError, match=f"add_participant to {lunch.sid}") as caught:
        lunch.add_participant_by_identity("bob", timeout=limit())

    assert (caught.value.status, caught.value.code) == (409, 50433)


@pytest.mark.parametrize(
    ("identity", "attributes", "code"),
    [("x" * 257, None, 50207), ("carol", "x" * 4 * 1024, 50303), ("system", None, 50203)],
    ids=["identity", "attributes", "reserved"],
)
def test_what_the_service_does_not_take_is_a_bad_request(
    lunch: Conversation, identity: str, attributes: str | None, code: int
) -> None:
    with pytest.raises(BadRequestError) as caught:
        lunch.add_participant_by_identity(identity, attributes, timeout=limit())

    assert caught.value.code == code
    assert "xxx" not in str(caught.value)


def test_participants_are_removed_by_object_sid_or_identity(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    added = {
        identity: lunch.add_participant_by_identity(identity, timeout=limit())
        for identity in ("carol", "dave", "erin", "frank")
    }
    alice.hear("on_participant_added", count=4)

    lunch.remove_participant(added["carol"], timeout=limit())
    lunch.remove_participant(added["dave"].sid, timeout=limit())
    lunch.remove_participant_by_identity("erin", timeout=limit())
    added["frank"].remove(timeout=limit())

    alice.hear("on_participant_deleted", count=4)
    left = [call["participant"] for call in alice.heard.calls("on_participant_deleted")]
    assert left == list(added.values())
    assert {one.identity for one in lunch.participants_list} == {"alice", "bob"}
    assert emulator.get_conversation(lunch.sid).identities == ("alice", "bob")
    assert added["carol"].identity == "carol"  # the last known values stay


def test_an_identity_with_odd_characters_is_added_and_removed(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    identity = "o'neil/ä b?c&d=é#%41"
    lunch.add_participant_by_identity(identity, timeout=limit())
    alice.hear("on_participant_added", lambda one: one.identity == identity)
    assert lunch.get_participant_by_identity(identity) is not None

    lunch.remove_participant_by_identity(identity, timeout=limit())

    alice.hear("on_participant_deleted", lambda one: one.identity == identity)


def test_whoever_is_not_in_it_cannot_be_removed(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    bob = lunch.get_participant_by_identity("bob")
    assert bob is not None
    emulator.remove_participant(lunch.sid, "bob")
    alice.hear("on_participant_deleted")

    calls: list[Callable[[], object]] = [
        bob.remove,
        lambda: lunch.remove_participant(bob),
        lambda: lunch.remove_participant(UNKNOWN_SID),
        lambda: lunch.remove_participant_by_identity("bob"),
        lambda: lunch.remove_participant_by_identity("nobody"),
        lambda: bob.set_attributes({}),
    ]
    for call in calls:
        with pytest.raises(NotFoundError) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (404, 50432)


def test_attributes_of_participants_can_be_set(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)
    participant = lunch.get_participant_by_identity("bob")
    assert participant is not None

    participant.set_attributes(["window seat"], timeout=limit())

    for person in (alice, bob):
        person.hear("on_participant_updated", lambda one, reason: reason.name == "ATTRIBUTES")
    assert participant.attributes.value == ["window seat"]
    with pytest.raises(BadRequestError) as caught:
        participant.set_attributes("x" * 4 * 1024, timeout=limit())
    assert caught.value.code == 50303


def test_who_is_not_in_it_may_not_change_participants(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    bob = lunch.get_participant_by_identity("bob")
    assert bob is not None
    emulator.remove_participant(lunch.sid, "alice")
    alice.hear("on_conversation_deleted")

    calls: list[Callable[[], object]] = [
        bob.remove,
        lambda: bob.set_attributes({}),
        lunch.get_participants,
    ]
    for call in calls:
        with pytest.raises(ForbiddenError) as caught:
            call()
        assert caught.value.code in (50430, 54007)
    assert (bob.identity, bob.conversation) == ("bob", lunch)


def test_participants_of_other_conversations_and_clients_are_refused(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    other = alice.enter(emulator.create_conversation(identities=["alice", "bob"]).sid)
    theirs = bob.enter(lunch.sid)
    emulator.clear_requests()

    for participant in (other.participants_list[0], theirs.participants_list[0]):
        with pytest.raises(InvalidArgumentError, match="another conversation"):
            lunch.remove_participant(participant)
    assert emulator.requests == ()


def test_the_roster_stays_readable_after_leaving(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    bob = lunch.get_participant_by_identity("bob")
    lunch.leave(timeout=limit())
    alice.hear("on_conversation_left")

    assert bob is not None
    assert (bob.identity, bob.conversation) == ("bob", lunch)
