"""
Participants: loaded silently, then told one by one.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations.records import ParticipantRecord
from conversations._core.conversations.snapshots import ParticipantSnapshot
from conversations._core.promises import Promise
from conversations._core.sync.events import ItemAdded, ItemRemoved, ItemUpdated
from conversations.attributes import Attributes
from conversations.enums import ConversationSynchronizationStatus as Level
from conversations.enums import ParticipantUpdateReason
from conversations.errors import ConflictError, ConversationsError, ForbiddenError
from tests.core.simulated_objects import Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

ALL_REASONS = " ".join(reason.name for reason in ParticipantUpdateReason)


def world_with(*members: str, by: str = "carol") -> tuple[World, Conversation]:
    service = SimulatedService()
    conversation = service.create(by, *members)
    world = World(service).ready()
    world.take()
    return world, conversation


def add(world: World, conversation: Conversation, identity: str = "dave") -> Promise[Any]:
    record = world.record(conversation.sid)
    return world.call(
        lambda s, call: s.conversation_commands.add_participant(
            call, record, identity, Attributes({"a": 1})
        )
    )


def participants(world: World, conversation: Conversation) -> list[ParticipantRecord]:
    record = world.record(conversation.sid)
    return world.result(lambda s, call: s.conversation_commands.participants(call, record))


def identities(world: World, conversation: Conversation) -> list[str | None]:
    people = world.record(conversation.sid).participants.values()
    return [record.snapshot.identity for record in people]


def words(world: World) -> list[str]:
    return [word for word in world.words if word.startswith("Participant")]


def test_participants_are_there_with_their_values() -> None:
    world, conversation = world_with("alice", "bob")
    record = world.record(conversation.sid).participants[conversation.members["bob"]]
    snapshot = record.snapshot
    assert (snapshot.sid, snapshot.identity) == (conversation.members["bob"], "bob")
    assert snapshot.channel == "chat"
    assert snapshot.role_sid == "RL" + "0" * 32
    assert snapshot.user_map == f"{world.service.users['bob']}.info"
    assert snapshot.date_created is not None
    assert record.conversation is world.record(conversation.sid)
    assert words(world) == []


def test_who_enters_changes_and_leaves_is_told() -> None:
    world, conversation = world_with("alice", "bob")
    service = world.service
    service.add(conversation, "dave")
    service.update_participant(
        conversation,
        "dave",
        lastConsumedMessageIndex=3,
        lastConsumptionTimestamp=1_800_000_000_500,
        attributes='{"a": 1}',
        roleSid="RL1",
        bindings={"email": {"name": "Dave"}},
        dateCreated="2026-02-01T00:00:00Z",
        dateUpdated="2026-02-02T00:00:00Z",
    )
    service.update_participant(conversation, "dave")
    service.remove(conversation, "dave")
    world.settle()
    assert words(world) == [
        "ParticipantAdded",
        f"ParticipantUpdated {ALL_REASONS}",
        "ParticipantDeleted",
    ]
    assert (
        len({id(getattr(e, "participant", getattr(e, "record", None))) for e in world.take()}) == 1
    )
    assert identities(world, conversation) == ["alice", "bob"]


@pytest.mark.parametrize("events_after_replies", [False, True])
def test_an_added_participant_is_one_object_told_once(*, events_after_replies: bool) -> None:
    world, conversation = world_with("alice")
    world.service.events_after_replies = events_after_replies
    adding = add(world, conversation)
    world.settle()
    record = adding.result()
    assert record.snapshot.identity == "dave"
    assert record.snapshot.attributes.value == {"a": 1}
    (told,) = [event for event in world.told if hasattr(event, "participant")]
    assert told.participant is record
    assert record.snapshot.role_sid is not None  # from the event
    assert words(world) == ["ParticipantAdded"]


def test_a_participant_added_before_joining_is_the_same_object_after() -> None:
    world, conversation = world_with(by="alice")
    adding = add(world, conversation)
    world.settle()
    record = adding.result()
    assert words(world) == []
    world.service.add(conversation, "alice")
    world.settle()
    assert world.record(conversation.sid).participants[record.snapshot.sid] is record
    assert words(world) == []


def test_adding_someone_who_is_in_is_a_conflict() -> None:
    world, conversation = world_with("alice", "dave")
    adding = add(world, conversation)
    world.settle()
    assert isinstance(adding.error, ConflictError)
    assert adding.error.code == 50433


def test_an_answer_without_a_sid_is_not_understood() -> None:
    for body in ({}, {"sid": 3}, None, [], "text"):
        world, conversation = world_with("alice")
        world.service.fault("/Participants", "POST", response=Response(201, body))
        adding = add(world, conversation)
        world.settle()
        assert isinstance(adding.error, ConversationsError)
        assert adding.error.reason.name == "CANNOT_PARSE"


def test_a_participant_of_another_channel_is_read_from_the_answer() -> None:
    world, conversation = world_with("alice")
    binding = {"type": "sms", "address": "+1555", "proxy_address": "+1666"}
    body = {"sid": "MB1", "identity": None, "messaging_binding": binding, "role_sid": "RL1"}
    world.service.fault("/Participants", "POST", response=Response(201, body))
    adding = add(world, conversation)
    world.settle()
    snapshot: ParticipantSnapshot = adding.result().snapshot
    assert (snapshot.identity, snapshot.channel) == (None, "sms")
    assert snapshot.bindings == {"sms": {"address": "+1555", "proxy_address": "+1666"}}


def test_a_participant_added_while_the_conversation_goes_away_is_returned() -> None:
    world, conversation = world_with("alice")
    world.service.fault("/Participants", "POST", delay=1.0, response=Response(201, {"sid": "MB1"}))
    adding = add(world, conversation)
    world.run(0.2)
    world.service.delete(conversation)
    world.settle()
    assert adding.result().snapshot.sid == "MB1"


def test_participants_are_waited_for() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    service.fault(".roster", status=503, times=2)
    world = World(service)
    world.start()
    world.run_until(lambda: bool(world.engine.service and world.list.records))
    people = participants(world, conversation)
    assert [one.snapshot.identity for one in people] == ["alice", "bob"]


def test_where_the_user_is_not_in_the_server_is_asked() -> None:
    world, conversation = world_with("bob", by="alice")
    record = world.record(conversation.sid)
    reading = world.call(lambda s, call: s.conversation_commands.participants(call, record))
    world.settle()
    assert isinstance(reading.error, ForbiddenError)
    conversation.roster.may_read = lambda _: True
    people = participants(world, conversation)
    assert [one.snapshot.identity for one in people] == ["bob"]
    assert not record.participants
    world.settle()
    assert conversation.roster.sid not in world.connection.subscribed


def test_the_participants_of_a_conversation_joined_anew_are_those_of_now() -> None:
    world, conversation = world_with("alice", "bob")
    before = world.record(conversation.sid)
    world.service.remove(conversation, "alice")
    world.service.remove(conversation, "bob")
    world.settle()
    world.service.add(conversation, "alice")
    world.settle()
    people = world.result(lambda s, call: s.conversation_commands.participants(call, before))
    assert [one.snapshot.identity for one in people] == ["alice"]
    assert len(before.participants) == 2  # as it was when the user left


def test_a_rejoin_loads_silently() -> None:
    world, conversation = world_with("alice", "bob")
    kept = world.record(conversation.sid).participants[conversation.members["bob"]]
    world.service.remove(conversation, "alice", keep_entry=True)
    world.service.add(conversation, "dave")
    world.service.update_participant(conversation, "bob", attributes='{"new": 1}')
    world.settle()
    assert words(world) == []
    world.service.add(conversation, "alice")
    world.settle()
    assert words(world) == []
    assert sorted(map(str, identities(world, conversation))) == ["alice", "bob", "dave"]
    assert world.record(conversation.sid).participants[conversation.members["bob"]] is kept
    assert kept.snapshot.attributes.value == {"new": 1}


def test_a_roster_whose_loading_was_broken_off_is_loaded_by_the_next_attempt() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    for number in range(120):
        service.add(conversation, f"user {number}")
    service.fault(f"{conversation.sid}.messages", status=404, delay=0.3)
    service.fault("Items", delay=5.0)
    world = World(service).ready()
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.synchronization_status is Level.FAILED
    assert not world.model(conversation.sid).roster.is_loaded
    assert len(participants(world, conversation)) == 122
    assert world.model(conversation.sid).roster.is_loaded
    world.take()
    service.add(conversation, "zoe")
    world.settle()
    assert words(world) == ["ParticipantAdded"]


def test_a_roster_that_is_refused_while_it_is_loaded_is_not_loaded() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    for number in range(120):
        service.add(conversation, f"user {number}")
    service.refused_subscriptions[conversation.roster.sid] = (403, 54007)
    service.fault("Items", delay=1.0)
    world = World(service).ready()
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.synchronization_status is Level.FAILED
    assert not world.model(conversation.sid).roster.is_loaded


@pytest.mark.parametrize("is_new_map", [False, True])
def test_a_roster_that_lost_its_history_tells_the_difference(*, is_new_map: bool) -> None:
    world, conversation = world_with("alice", "bob", "carol")
    world.cut()
    service = world.service
    service.remove(conversation, "bob")
    service.add(conversation, "dave")
    service.update_participant(conversation, "carol", attributes='{"new": 1}')
    if is_new_map:
        service.remake(conversation.roster.name)
    else:
        conversation.roster.interruptions = 5
    world.settle()
    assert sorted(words(world)) == [
        "ParticipantAdded",
        "ParticipantDeleted",
        "ParticipantUpdated ATTRIBUTES",
    ]
    assert sorted(map(str, identities(world, conversation))) == ["alice", "carol", "dave"]


def test_an_update_of_someone_unknown_counts_as_entering() -> None:
    world, conversation = world_with("alice")
    roster = world.model(conversation.sid).roster
    roster.map_changed(ItemUpdated(key="MB9", data={"identity": "zoe"}, event_id=9))
    roster.map_changed(ItemRemoved(key="MB10", event_id=10))
    world.settle()
    assert words(world) == ["ParticipantAdded"]
    assert "zoe" in identities(world, conversation)


def test_an_entrance_of_someone_known_counts_as_an_update() -> None:
    world, conversation = world_with("alice", "bob")
    sid = conversation.members["bob"]
    item = {**conversation.roster.items[sid].data, "attributes": '{"a": 1}'}
    world.model(conversation.sid).roster.map_changed(ItemAdded(key=sid, data=item, event_id=9))
    world.settle()
    assert words(world) == ["ParticipantUpdated ATTRIBUTES"]


def test_who_enters_while_the_roster_is_loaded_is_there_silently() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    for number in range(60):
        service.add(conversation, f"user {number}")
    service.fault("Items", delay=3.0)
    world = World(service)
    world.start()
    world.run(1.0)
    service.add(conversation, "zoe")
    service.remove(conversation, "user 0")
    world.settle()
    assert words(world) == []
    assert "zoe" in identities(world, conversation)
    assert "user 0" not in identities(world, conversation)


def test_the_horizon_of_others_moves() -> None:
    world, conversation = world_with("alice", "bob")
    world.service.update_participant(conversation, "bob", lastConsumedMessageIndex=0)
    world.settle()
    assert words(world) == ["ParticipantUpdated LAST_READ_MESSAGE_INDEX"]
