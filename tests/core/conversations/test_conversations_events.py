"""
What is told about conversations, and when.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations import events
from conversations._core.conversations.calls import Call
from conversations._core.conversations.conversation import ConversationModel, ObjectNames
from conversations._core.conversations.records import ConversationRecord
from conversations._core.conversations.service import ConversationsService
from conversations.attributes import Attributes
from conversations.enums import (
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    ErrorReason,
    NotificationLevel,
)
from conversations.errors import ForbiddenError, NotFoundError
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

Level = ConversationSynchronizationStatus


def world_in(*members: str, by: str = "bob", **data: Any) -> tuple[World, Conversation]:
    """
    Alice is ready; there is one conversation, and nothing told is left over.
    """
    service = SimulatedService()
    conversation = service.create(by, *members, **data)
    world = World(service).ready()
    world.take()
    return world, conversation


def level(world: World, conversation: Conversation) -> Level:
    return world.record(conversation.sid).snapshot.synchronization_status


async def create(service: ConversationsService, call: Call, **members: Any) -> ConversationRecord:
    usual: dict[str, Any] = {"friendly_name": None, "unique_name": None, "access": None}
    return await service.conversation_commands.create(
        call, **{**usual, "attributes": Attributes.DEFAULT, **members}
    )


# Updates


def test_one_event_has_all_reasons_in_the_order_of_the_enum() -> None:
    world, conversation = world_in("alice")
    world.service.update(
        conversation,
        bindings={"sms": {"address": "+1555"}},
        dateUpdated="2026-06-01T12:00:00.000Z",
        dateCreated="2026-04-01T12:00:00.000Z",
        createdBy="carol",
        uniqueName="u",
        state={"current": "inactive", "dateUpdated": "2026-06-01T12:00:00.000Z"},
        lastMessage={"index": 3, "timestamp": "2026-06-01T12:00:00.000Z"},
        friendlyName="f",
        attributes='{"a": 1}',
    )
    world.settle()
    (told,) = world.take()
    reasons = ConversationUpdateReason
    assert told.reasons == (
        reasons.ATTRIBUTES,
        reasons.FRIENDLY_NAME,
        reasons.LAST_MESSAGE,
        reasons.STATE,
        reasons.UNIQUE_NAME,
        reasons.CREATED_BY,
        reasons.DATE_CREATED,
        reasons.DATE_UPDATED,
        reasons.BINDINGS,
    )
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.state is ConversationState.INACTIVE
    assert snapshot.last_message_index == 3
    assert told.record is world.record(conversation.sid)


def test_the_own_entry_updates_horizon_and_level() -> None:
    world, conversation = world_in("alice")
    world.service.set_entry(
        conversation, "alice", lastConsumedMessageIndex=4, notificationLevel="muted"
    )
    world.settle()
    assert world.take_words() == ["ConversationUpdated LAST_READ_MESSAGE_INDEX NOTIFICATION_LEVEL"]
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.last_read_message_index == 4
    assert snapshot.notification_level is NotificationLevel.MUTED


def test_nothing_is_told_if_nothing_differs() -> None:
    world, conversation = world_in("alice")
    world.service.update(conversation)
    world.service.set_entry(conversation, "alice")
    world.service.update(conversation, dateUpdated="2026-05-01T14:00:00.000+02:00")
    world.settle()
    assert world.take_words() == []


def test_the_last_message_is_cleared_by_null_alone() -> None:
    world, conversation = world_in("alice")
    world.service.send(conversation, "bob", "x")
    world.settle()
    world.service.update(conversation, lastMessage={"index": 9})
    world.settle()
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.last_message_index == 9
    assert snapshot.last_message_date is not None
    world.service.update(conversation, lastMessage="odd")
    world.service.update(conversation, lastMessage=None)
    world.settle()
    snapshot = world.record(conversation.sid).snapshot
    assert (snapshot.last_message_index, snapshot.last_message_date) == (None, None)


def test_what_was_missed_while_offline_is_told_after_reconnecting() -> None:
    world, conversation = world_in("alice")
    world.cut()
    world.service.update(conversation, friendlyName="new")
    other = world.service.create("bob", "alice")
    world.service.send(conversation, "bob", "hello")
    world.settle()
    words = [word for word in world.take_words() if "Conv" in word or "Message" in word]
    assert sorted(words) == sorted(
        [
            "ConversationUpdated FRIENDLY_NAME",
            "MessageAdded 0",
            "ConversationUpdated LAST_MESSAGE",
            "ConversationAdded",
            "ConversationJoined",
        ]
    )
    assert level(world, other) is Level.ALL


# Being added, leaving


def test_being_added_brings_added_and_joined() -> None:
    world, _ = world_in("alice")
    new = world.service.create("bob", "bob")
    world.settle()
    assert world.take_words() == []
    world.service.add(new, "alice")
    world.settle()
    words = world.take_words()
    assert words[:2] == ["ConversationAdded", "ConversationJoined"]
    assert words[-1] == "level ALL"
    assert level(world, new) is Level.ALL


def test_being_removed_brings_left_and_deleted() -> None:
    world, conversation = world_in("alice")
    record = world.record(conversation.sid)
    world.service.send(conversation, "bob", "hello")
    world.settle()
    world.take()
    world.service.remove(conversation, "alice")
    world.settle()
    assert world.take_words() == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]
    assert record.snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert record.snapshot.last_message_index == 0  # keeps its last values
    assert record.is_forgotten
    assert world.list.get(conversation.sid) is None


def test_a_rejoin_after_removal_brings_a_new_object() -> None:
    world, conversation = world_in("alice")
    before = world.record(conversation.sid)
    world.service.remove(conversation, "alice")
    world.settle()
    world.take()
    world.service.add(conversation, "alice")
    world.settle()
    assert world.words[:2] == ["ConversationAdded", "ConversationJoined"]
    after = world.record(conversation.sid)
    assert after is not before
    assert world.list.records == {conversation.sid: after}
    assert level(world, conversation) is Level.ALL


def test_leaving_with_the_entry_kept_brings_left_alone_and_the_same_object_rejoins() -> None:
    world, conversation = world_in("alice", "bob")
    record = world.record(conversation.sid)
    world.service.send(conversation, "bob", "hello")
    world.settle()
    world.take()
    world.service.remove(conversation, "alice", keep_entry=True)
    world.settle()
    assert world.take_words() == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "level METADATA",
    ]
    assert not list(world.model(conversation.sid).messages)
    world.service.send(conversation, "bob", "not for alice")
    world.settle()
    assert "MessageAdded 1" not in world.take_words()
    world.service.add(conversation, "alice")
    world.settle()
    assert (
        world.take_words()
        == [
            "ConversationUpdated STATUS",
            "level IDENTIFIER",
            "ConversationJoined",
            "level METADATA",
            "ConversationUpdated LAST_MESSAGE",
            "level ALL",
        ]
        or level(world, conversation) is Level.ALL
    )
    assert world.record(conversation.sid) is record
    world.take()
    world.service.send(conversation, "bob", "for alice")
    world.settle()
    assert "MessageAdded 2" in world.take_words()


def test_leaving_while_it_is_opened_leaves_nothing_behind() -> None:
    world, _ = world_in("alice")
    new = world.service.create("alice", "alice", "bob")
    world.run(0.08)  # the opening is under way
    world.service.remove(new, "alice", keep_entry=True)
    world.settle()
    assert level(world, new) is Level.METADATA
    assert world.list.records[new.sid].snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert not world.connection.subscribed & {new.messages.sid, new.roster.sid}
    assert not any(isinstance(event, events.ErrorOccurred) for event in world.take())


def test_being_removed_while_it_is_opened_tells_nothing() -> None:
    world, _ = world_in("alice")
    new = world.service.create("bob", "alice", "bob")
    world.run(0.08)
    world.service.remove(new, "alice")
    world.settle()
    assert world.take_words() == []
    assert world.list.get(new.sid) is None


@pytest.mark.parametrize("moment", [0.0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.2, 0.3])
@pytest.mark.parametrize("keep_entry", [False, True])
def test_leaving_and_rejoining_at_any_moment_ends_joined(
    moment: float, *, keep_entry: bool
) -> None:
    world, _ = world_in("alice")
    new = world.service.create("bob", "alice", "bob")
    world.run(moment)
    world.service.remove(new, "alice", keep_entry=keep_entry)
    world.run(moment)
    world.service.add(new, "alice")
    world.settle()
    assert level(world, new) is Level.ALL
    record = world.record(new.sid)
    assert record.snapshot.status is ConversationStatus.JOINED
    told = [event for event in world.take() if getattr(event, "conversation", None) is record]
    kinds = [
        type(event).__name__ for event in told if "Synchronization" not in type(event).__name__
    ]
    assert kinds[:2] == ["ConversationAdded", "ConversationJoined"]
    assert kinds.count("ConversationJoined") == kinds.count("ConversationLeft") + 1


def test_deleting_for_everybody_brings_left_and_deleted_once() -> None:
    world, conversation = world_in("alice", "bob")
    world.service.delete(conversation)
    world.settle()
    assert world.take_words() == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]


def test_a_removed_document_ends_the_conversation() -> None:
    world, conversation = world_in("alice")
    world.service.remove_object(conversation.document)
    world.settle()
    assert world.take_words() == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]
    world.service.remove_entry(conversation, "alice")
    world.settle()
    assert world.take_words() == []


@pytest.mark.parametrize("part", ["messages", "roster"])
def test_a_removed_list_or_roster_is_opened_again_and_fails_if_there_is_none(part: str) -> None:
    world, conversation = world_in("alice", "bob")
    world.service.remove_object(getattr(conversation, part))
    world.settle()
    assert world.take_words() == ["level METADATA", "ErrorOccurred", "level FAILED"]


def test_a_list_or_roster_removed_just_before_the_conversation_tells_no_error() -> None:
    world, conversation = world_in("alice", "bob")
    world.service.remove_object(conversation.messages)
    world.service.remove_object(conversation.roster)
    world.service.delete(conversation)
    world.settle()
    assert [word for word in world.take_words() if not word.startswith("level")] == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]


def test_a_roster_removed_after_the_list_was_refused_makes_it_no_worse() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    service.refused_subscriptions[conversation.messages.sid] = (403, 54007)
    world = World(service).ready()
    assert level(world, conversation) is Level.FAILED
    world.take()
    service.remove_object(conversation.roster)
    world.settle()
    assert world.take_words() == []


def test_a_roster_that_was_removed_and_made_anew_tells_the_difference() -> None:
    world, conversation = world_in("alice", "bob", "carol")
    world.service.remove_object(conversation.roster)
    anew = world.service.object("map", conversation.roster.name)
    anew.may_read = conversation.roster.may_read
    for key, item in conversation.roster.items.items():
        anew.change("added", key, item.data)
    conversation.roster = anew
    world.service.remove(conversation, "carol")
    world.service.add(conversation, "dave")
    world.service.update_participant(conversation, "bob", attributes='{"a": 1}')
    world.settle()
    assert world.take_words() == [
        "level METADATA",
        "ParticipantDeleted",
        "ParticipantUpdated ATTRIBUTES",
        "ParticipantAdded",
        "level ALL",
    ]


# Created here


@pytest.mark.parametrize("events_after_replies", [False, True])
@pytest.mark.parametrize("lists_created", [False, True])
def test_creating_announces_the_conversation_once(
    *, events_after_replies: bool, lists_created: bool
) -> None:
    world, _ = world_in("alice")
    world.service.events_after_replies = events_after_replies
    world.service.lists_created = lists_created
    record = world.result(lambda s, call: create(s, call, friendly_name="mine"))
    world.settle()
    words = world.take_words()
    assert words.count("ConversationAdded") == 1
    assert "ConversationJoined" not in words
    assert record.snapshot.friendly_name == "mine"
    assert record.snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert world.list.records[record.sid] is record

    # Joining it: the same object.
    world.result(lambda s, call: s.conversation_commands.join(call, record.sid))
    world.settle()
    assert world.record(record.sid) is record
    words = world.take_words()
    assert "ConversationAdded" not in words
    assert words.count("ConversationJoined") == 1
    assert record.snapshot.synchronization_status is Level.ALL
    assert [one.snapshot.identity for one in record.participants.values()] == ["alice"]


def test_whoever_waits_for_all_after_joining_waits_for_the_event_too() -> None:
    world, conversation = world_in(by="alice")
    world.service.events_after_replies = True
    record = world.record(conversation.sid)

    async def join_and_wait(service: ConversationsService, call: Call) -> None:
        await service.conversation_commands.join(call, record.sid)
        await service.conversation_commands.wait_for(call, record, Level.ALL)

    world.result(join_and_wait)
    assert record.snapshot.synchronization_status is Level.ALL


def test_joining_without_a_known_conversation_is_nothing_special() -> None:
    world, _ = world_in("alice")
    hidden = world.service.create("alice")
    world.service.remove_entry(hidden, "alice")
    world.settle()
    world.service.events_after_replies = True  # so that it is still unknown
    world.result(lambda s, call: s.conversation_commands.join(call, hidden.sid))
    world.settle()
    assert level(world, hidden) is Level.ALL


def test_a_created_conversation_that_the_list_has_stays_there_though_it_cannot_be_opened() -> None:
    world, _ = world_in("alice")
    world.service.fault(".channel", "GET", status=404)
    creating = world.call(create)
    world.settle()
    assert isinstance(creating.error, NotFoundError)
    *_, new = world.service.conversations.values()
    assert level(world, new) is Level.FAILED


@pytest.mark.parametrize("lists_created", [False, True])
def test_a_conversation_deleted_before_creating_has_returned_is_not_found(
    *, lists_created: bool
) -> None:
    world, _ = world_in("alice")
    world.service.lists_created = lists_created
    world.service.fault(".channel", "GET", delay=1.0)
    creating = world.call(create)
    world.run_until(lambda: len(world.service.conversations) == 2)
    world.run(0.3)
    *_, new = world.service.conversations.values()
    world.service.delete(new)
    world.settle()
    assert isinstance(creating.error, NotFoundError)
    assert new.sid not in world.list.records


# Looking up


def test_looking_up_a_foreign_conversation_tells_nothing() -> None:
    world, _ = world_in("alice")
    foreign = world.service.create("alice")
    world.service.remove_entry(foreign, "alice")
    world.settle()
    world.take()
    record = world.result(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    again = world.result(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    assert record is again
    assert world.take_words() == []
    assert foreign.sid not in world.list.records
    world.service.update(foreign, friendlyName="seen")
    world.settle()
    assert record.snapshot.friendly_name == "seen"
    assert world.take_words() == []

    # Once the user joins it, it is told of like any other, and is the same object.
    world.service.add(foreign, "alice")
    world.settle()
    words = world.take_words()
    assert words[:2] == ["ConversationAdded", "ConversationJoined"]
    assert world.record(foreign.sid) is record
    assert record.snapshot.synchronization_status is Level.ALL


def test_a_foreign_conversation_that_enters_the_list_unjoined_is_added() -> None:
    world, _ = world_in("alice")
    foreign = world.service.create("alice")
    world.service.remove_entry(foreign, "alice")
    world.settle()
    world.result(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    world.take()
    world.service._put_entry(foreign, "alice", "notParticipating")
    world.settle()
    assert world.take_words() == ["ConversationAdded"]
    assert foreign.sid in world.list.records


def test_looking_up_what_nobody_may_see_is_not_found() -> None:
    world, _ = world_in("alice")
    foreign = world.service.create("bob", "bob")
    getting = world.call(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    world.settle()
    assert isinstance(getting.error, NotFoundError)
    assert (getting.error.status, getting.error.code) == (403, 50430)
    assert world.take_words() == []


def test_looking_up_what_does_not_exist_is_not_found() -> None:
    world, _ = world_in("alice")
    for wanted, requests in (("CH" + "f" * 32, 2), ("nobody", 1)):
        before = len(world.service.requests)
        getting = world.call(
            lambda s, call, wanted=wanted: s.conversation_commands.get(call, wanted)
        )
        world.settle()
        assert isinstance(getting.error, NotFoundError)
        assert getting.error.code == 50350
        assert len(world.service.requests) - before == requests


def test_looking_up_what_cannot_be_opened_is_not_found_and_told_to_the_caller_alone() -> None:
    world, _ = world_in("alice")
    foreign = world.service.create("alice")
    world.service.remove_entry(foreign, "alice")
    world.settle()
    world.take()
    world.service.fault(f"{foreign.sid}.channel", status=403)
    getting = world.call(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    world.settle()
    assert isinstance(getting.error, NotFoundError)
    assert world.take_words() == []
    # Blocking methods try again.
    record = world.result(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    assert record.snapshot.synchronization_status is Level.METADATA


def test_looking_up_by_unique_name_asks_only_if_it_is_unknown() -> None:
    world, conversation = world_in("alice", uniqueName="known")
    before = len(world.service.requests)
    record = world.result(lambda s, call: s.conversation_commands.get(call, "known"))
    assert record is world.record(conversation.sid)
    assert len(world.service.requests) == before


def test_a_stale_answer_to_a_look_up_brings_no_conversation_back() -> None:
    world, conversation = world_in(by="alice", uniqueName="old")
    entry = world.service.routes.entry(conversation, "alice")
    world.service.remove_entry(conversation, "alice")
    world.settle()
    world.take()
    from tests.core.simulated_objects import Response

    world.service.fault("Conversations/old", response=Response(200, entry))
    record = world.result(lambda s, call: s.conversation_commands.get(call, "old"))
    assert record.sid not in world.list.records
    assert world.take_words() == []


# Subscriptions that are refused


def test_a_list_that_was_removed_and_made_anew_goes_on_where_it_was() -> None:
    world, conversation = world_in("alice", "bob")
    world.service.send(conversation, "bob", "before")
    world.settle()
    world.take()
    world.service.remove_object(conversation.messages)
    anew = world.service.object("list", conversation.messages.name)
    anew.may_read = conversation.messages.may_read
    for key, item in conversation.messages.items.items():
        anew.change("added", key, item.data)
    conversation.messages = anew
    world.service.send(conversation, "bob", "after")
    record = world.record(conversation.sid)
    model = world.model(conversation.sid)
    world.settle()
    assert [word for word in world.take_words() if "Message" in word] == ["MessageAdded 1"]
    assert [one.snapshot.message_index for one in model.messages] == [0, 1]
    assert record.snapshot.synchronization_status is Level.ALL


@pytest.mark.parametrize("part", ["document", "messages", "roster"])
def test_a_refused_subscription_fails_the_conversation_once(part: str) -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    refused = getattr(conversation, part).sid
    service.refused_subscriptions[refused] = (403, 54007)
    world = World(service).ready()
    assert level(world, conversation) is Level.FAILED
    (told,) = [event for event in world.told if isinstance(event, events.ErrorOccurred)]
    assert told.error_info.status == 403
    assert told.error_info.reason is (
        ErrorReason.OPEN_DOCUMENT_ERROR if part == "document" else ErrorReason.OPEN_COLLECTION_ERROR
    )
    # A blocking method opens it again, and hears itself of the refusal.
    world.take()
    waiting = world.call(
        lambda s, call: s.conversation_commands.wait_for(
            call, world.record(conversation.sid), Level.ALL
        )
    )
    world.settle()
    assert waiting.is_settled
    assert level(world, conversation) is Level.FAILED

    service.refused_subscriptions.clear()
    service.send(conversation, "bob", "meanwhile")
    world.result(
        lambda s, call: s.conversation_commands.wait_for(
            call, world.record(conversation.sid), Level.ALL
        )
    )
    world.settle()
    assert level(world, conversation) is Level.ALL
    assert refused in world.connection.subscribed
    assert "MessageAdded 0" in world.take_words()
    service.send(conversation, "bob", "later")
    world.settle()
    assert "MessageAdded 1" in world.take_words()


def test_several_refusals_are_one_failure() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    for part in (conversation.document, conversation.messages, conversation.roster):
        service.refused_subscriptions[part.sid] = (403, 54007)
    world = World(service).ready()
    assert world.words.count("ErrorOccurred") == 1
    assert world.words.count("level FAILED") == 1


def test_a_refused_subscription_of_the_users_lists_is_told() -> None:
    service = SimulatedService()
    for name in (service.my_map("alice"), service.info("alice")):
        service.refused_subscriptions[name.sid] = (403, 54007)
    world = World(service).ready()
    messages = [e.error_info.message for e in world.told if isinstance(e, events.ErrorOccurred)]
    assert [message.partition(":")[0] for message in messages] == [
        "following the conversations",
        "following the own user",
    ]


def test_the_removal_of_the_users_list_is_survived() -> None:
    world, conversation = world_in("alice")
    world.service.remove_object(world.service.my_map("alice"))
    world.settle()
    assert world.take_words() == []
    assert level(world, conversation) is Level.ALL


def test_a_leaver_who_failed_to_open_falls_back() -> None:
    service = SimulatedService()
    conversation = service.create("alice", "alice")
    service.fault(".messages", status=404, times=9)
    world = World(service).ready()
    assert level(world, conversation) is Level.FAILED
    service.remove(conversation, "alice", keep_entry=True)
    world.settle()
    assert level(world, conversation) is Level.METADATA


def test_joining_after_a_failure_opens_again() -> None:
    service = SimulatedService()
    conversation = service.create("alice")
    service.fault(f"{conversation.sid}.channel", status=500)
    world = World(service).ready()
    assert level(world, conversation) is Level.FAILED
    assert "ConversationAdded" not in world.take_words()
    service.add(conversation, "alice")
    world.settle()
    assert level(world, conversation) is Level.ALL
    assert world.take_words()[:2] == ["ConversationAdded", "ConversationJoined"]


def test_a_refused_list_fails_the_conversation_also_before_its_document_is_there() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    service.refused_subscriptions[conversation.messages.sid] = (403, 54007)
    service.fault(f"{conversation.sid}.channel", status=503, times=2)
    world = World(service).ready()
    assert level(world, conversation) is Level.FAILED
    words = world.take_words()
    assert "ConversationAdded" in words
    assert "level METADATA" not in words
    assert words.count("ErrorOccurred") == 1


def test_forgetting_twice_is_forgetting_once() -> None:
    world, conversation = world_with_and_gone()
    world.list.forget(conversation)
    conversation.forget()
    world.settle()
    assert world.take_words() == []


def world_with_and_gone() -> tuple[World, ConversationModel]:
    world, conversation = world_in("alice")
    model = world.model(conversation.sid)
    world.service.remove(conversation, "alice")
    world.settle()
    world.take()
    return world, model


def test_a_conversation_forgotten_before_it_was_ever_opened_leaves_nothing() -> None:
    world, conversation = world_in("alice")
    context = world.list._context
    gone: list[ConversationModel] = []
    model = ConversationModel(context, "CH1", ObjectNames(document="d"), on_gone=gone.append)
    model.forget()
    world.settle()
    assert world.take_words() == []
    assert level(world, conversation) is Level.ALL


def test_a_foreign_conversation_whose_document_is_removed_is_forgotten_silently() -> None:
    world, _ = world_in("alice")
    foreign = world.service.create("alice")
    world.service.remove_entry(foreign, "alice")
    world.settle()
    record = world.result(lambda s, call: s.conversation_commands.get(call, foreign.sid))
    world.take()
    world.service.remove_object(foreign.document)
    world.settle()
    assert record.is_forgotten
    assert world.take_words() == []


def test_an_answer_before_the_map_is_followed_counts_as_listed() -> None:
    world, _ = world_in("alice")
    context = world.list._context
    conversations = type(world.list)(context, lambda _: None)
    hidden = world.service.create("alice")
    entry = world.service.routes.entry(hidden, "alice")
    model = conversations.entry_answered(hidden.sid, entry)
    assert model.is_listed
    world.settle()


# History that is lost


def test_a_map_that_lost_its_history_brings_the_difference() -> None:
    service = SimulatedService()
    stays = service.create("bob", "alice")
    goes = service.create("bob", "alice")
    world = World(service).ready()
    world.take()
    world.cut()
    entries = service.my_map("alice")
    service.remove(goes, "alice")
    comes = service.create("bob", "alice")
    service.set_entry(stays, "alice", lastConsumedMessageIndex=3)
    entries.interruptions = 100
    world.settle()
    assert sorted(world.list.records) == sorted([stays.sid, comes.sid])
    assert world.record(stays.sid).snapshot.last_read_message_index == 3
    words = world.take_words()
    assert words.count("ConversationDeleted") == words.count("ConversationAdded") == 1


def test_a_map_that_was_made_anew_brings_the_difference() -> None:
    service = SimulatedService()
    stays = service.create("bob", "alice")
    goes = service.create("bob", "alice")
    world = World(service).ready()
    world.take()
    world.cut()
    service.remove(goes, "alice")
    comes = service.create("bob", "alice")
    service.remake("alice.channels")
    world.settle()
    assert sorted(world.list.records) == sorted([stays.sid, comes.sid])
    words = world.take_words()
    assert words.count("ConversationDeleted") == words.count("ConversationAdded") == 1
    later = service.create("bob", "alice")
    world.settle()
    assert level(world, later) is Level.ALL


def test_a_document_that_was_made_anew_is_followed_again() -> None:
    world, conversation = world_in("alice")
    world.cut()
    world.service.update(conversation, friendlyName="meanwhile")
    world.service.remake(conversation.document.name)
    world.settle()
    assert world.record(conversation.sid).snapshot.friendly_name == "meanwhile"
    world.service.update(conversation, friendlyName="later")
    world.settle()
    assert world.record(conversation.sid).snapshot.friendly_name == "later"
    assert "ConversationDeleted" not in world.take_words()


# The own user


def test_own_user_updates_are_told_with_their_reasons() -> None:
    service = SimulatedService()
    service.reachability = True
    world = World(service).ready()
    world.take()
    record = world.engine.ready_service().own_user.record
    assert (record.snapshot.identity, record.snapshot.is_subscribed) == ("alice", True)
    service.update_user("alice", "friendlyName", {"value": "Al"})
    service.update_user("alice", "attributes", {"value": '{"a": 1}'})
    service.update_user("alice", "reachability", {"online": True, "notifiable": True})
    service.update_user("alice", "reachability", {"online": "odd", "notifiable": 1})
    world.settle()
    assert world.take_words() == [
        "UserUpdated FRIENDLY_NAME",
        "UserUpdated ATTRIBUTES",
        "UserUpdated REACHABILITY_ONLINE REACHABILITY_NOTIFIABLE",
        "UserUpdated REACHABILITY_ONLINE REACHABILITY_NOTIFIABLE",
    ]
    assert record.snapshot.friendly_name == "Al"
    assert record.snapshot.is_online is None


def test_other_items_of_a_user_and_removals_change_nothing() -> None:
    world, _ = world_in("alice")
    info = world.service.info("alice")
    world.service.change(info, "added", "other", {"value": 1})
    world.service.change(info, "updated", "reachability", {"online": True})
    world.service.change(info, "removed", "friendlyName", {"value": "alice"})
    world.settle()
    assert world.take_words() == []
    assert world.engine.ready_service().own_user.record.snapshot.friendly_name == "alice"


def test_the_removal_of_the_own_users_map_is_survived() -> None:
    world, _ = world_in("alice")
    world.service.remove_object(world.service.info("alice"))
    world.settle()
    assert "ErrorOccurred" not in world.take_words()
    assert world.engine.ready_service().own_user.record.snapshot.friendly_name == "alice"


def test_without_a_user_map_the_user_is_unknown() -> None:
    service = SimulatedService()
    service.configuration_changes = {"sync_objects": {"my_conversations": "alice.channels"}}
    world = World(service).ready()
    assert "UserSubscribed" not in world.words
    assert "Initialized" in world.words
    snapshot = world.engine.ready_service().own_user.record.snapshot
    assert (snapshot.identity, snapshot.is_subscribed) == ("alice", False)


def test_waiting_for_all_where_the_user_is_not_in_ends_at_metadata() -> None:
    world, conversation = world_in(by="alice")
    record = world.record(conversation.sid)
    world.result(lambda s, call: s.conversation_commands.wait_for(call, record, Level.ALL))
    assert record.snapshot.synchronization_status is Level.METADATA


def test_waiting_for_a_conversation_that_goes_away_ends() -> None:
    world, _ = world_in("alice")
    world.service.fault(".messages", "GET", status=503, times=9)
    new = world.service.create("bob", "alice", "bob")
    world.run(0.5)
    record = world.record(new.sid)
    waiting = world.call(lambda s, call: s.conversation_commands.wait_for(call, record, Level.ALL))
    world.run(0.1)
    world.service.remove(new, "alice")
    world.run(0.5)
    assert isinstance(waiting.error, NotFoundError)
    assert not isinstance(waiting.error, ForbiddenError)
