"""
Peeking, getting or creating, making sure of a participant, addresses, closed conversations.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations.attributes import Attributes
from conversations.enums import (
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
)
from conversations.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    RequestTimeoutError,
)
from tests.core.simulated_objects import Request, Response, refusal
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

LIFE = ("ConversationAdded", "ConversationJoined", "ConversationLeft", "ConversationDeleted")


def world_with(*members: str, by: str = "carol", **data: Any) -> tuple[World, Conversation]:
    service = SimulatedService()
    conversation = service.create(by, *members, **data)
    world = World(service).ready()
    world.take()
    service.requests.clear()
    return world, conversation


def start_peek(world: World, sid: str) -> Any:
    return world.call(lambda s, call: s.conversation_commands.peek(call, sid))


def peek(world: World, sid: str) -> Any:
    return world.result(lambda s, call: s.conversation_commands.peek(call, sid))


def get_or_create(world: World, unique_name: str = "lunch", **more: Any) -> Any:
    arguments = {
        "friendly_name": "Lunch",
        "attributes": Attributes({"a": 1}),
        "access": None,
        **more,
    }
    return world.call(
        lambda s, call: s.conversation_commands.get_or_create(call, unique_name, **arguments)
    )


def ensure(world: World, conversation: Conversation, identity: str = "dave") -> Any:
    record = world.record(conversation.sid)
    return world.call(
        lambda s, call: s.conversation_commands.ensure_participant(call, record, identity)
    )


def sent(world: World) -> list[Request]:
    return [request for request in world.service.requests if "Subscriptions" not in request.path]


def life(world: World) -> list[str]:
    return [word for word in world.take_words() if word in LIFE]


# Peeking


def test_a_peeked_conversation_is_followed_but_not_announced() -> None:
    world, _ = world_with("alice")
    other = world.service.create("carol", "bob", friendlyName="Theirs")
    other.document.may_read = lambda _: True
    other.may_see = lambda _: True  # type: ignore[method-assign]
    record = peek(world, other.sid)
    world.settle()
    snapshot = record.snapshot
    assert snapshot.friendly_name == "Theirs"
    assert snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert snapshot.synchronization_status is ConversationSynchronizationStatus.METADATA
    assert world.take_words() == []
    assert other.sid not in world.list.records
    assert other.roster.sid not in world.connection.subscribed
    assert other.messages.sid not in world.connection.subscribed
    world.service.update(other, friendlyName="New")
    world.settle()
    assert record.snapshot.friendly_name == "New"
    assert world.take_words() == []
    world.service.requests.clear()
    assert peek(world, other.sid) is record  # it is known now
    assert sent(world) == []


def test_a_peeked_conversation_is_announced_when_the_user_is_added() -> None:
    world, _ = world_with("alice")
    other = world.service.create("carol", "bob")
    other.may_see = lambda _: True  # type: ignore[method-assign]
    other.document.may_read = lambda _: True
    record = peek(world, other.sid)
    world.service.add(other, "alice")
    world.settle()
    assert life(world) == ["ConversationAdded", "ConversationJoined"]
    assert world.record(other.sid) is record


def test_a_conversation_of_the_list_is_peeked_without_a_request() -> None:
    world, conversation = world_with("alice")
    assert peek(world, conversation.sid) is world.record(conversation.sid)
    assert sent(world) == []


def test_one_that_the_user_is_in_is_loaded_as_such() -> None:
    service = SimulatedService()
    conversation = service.create("carol", "alice")
    world = World(service, load_conversations=False).ready()
    world.take()
    record = peek(world, conversation.sid)
    world.settle()
    assert record.snapshot.status is ConversationStatus.JOINED
    assert life(world) == ["ConversationAdded", "ConversationJoined"]


@pytest.mark.parametrize("answered", [True, False])
def test_who_may_not_see_it_is_refused(*, answered: bool) -> None:
    world, _ = world_with("alice")
    other = world.service.create("carol", "bob")
    if answered:
        other.may_see = lambda _: True  # type: ignore[method-assign]
    peeking = start_peek(world, other.sid)
    world.settle()
    assert isinstance(peeking.error, ForbiddenError)
    assert peeking.error.code in {50430, 54007}


def test_what_is_not_there_is_not_found() -> None:
    world, _ = world_with("alice")
    peeking = start_peek(world, "CH" + "9" * 32)
    world.settle()
    assert isinstance(peeking.error, NotFoundError)
    assert peeking.error.code == 50350


# Getting or creating


def test_what_is_there_is_got() -> None:
    world, conversation = world_with("alice", uniqueName="lunch")
    getting = get_or_create(world)
    world.settle()
    assert getting.result() is world.record(conversation.sid)
    assert sent(world) == []


def test_what_is_not_there_is_created_and_nobody_joins() -> None:
    world, _ = world_with("alice")
    getting = get_or_create(world, access="restricted")
    world.settle()
    record = getting.result()
    assert record.snapshot.unique_name == "lunch"
    assert record.snapshot.friendly_name == "Lunch"
    assert record.snapshot.attributes.value == {"a": 1}
    assert record.snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert life(world) == ["ConversationAdded"]
    (created,) = [request for request in sent(world) if request.method == "POST"]
    assert created.body["access"] == "restricted"


def test_what_somebody_else_creates_in_this_moment_is_got() -> None:
    world, _ = world_with("alice")
    made = []

    def arrive(request: Request) -> Response:
        made.append(world.service.create("alice", "bob", uniqueName="lunch"))
        return usual(request)

    usual = world.service.routes.answer
    fault = world.service.fault("/Conversations/lunch", "GET", response=refusal(404, 50350))
    getting = get_or_create(world)
    world.run_until(lambda: fault.times == 0)
    world.service.routes.answer = arrive  # type: ignore[method-assign]
    world.run_until(lambda: bool(made))
    world.service.routes.answer = usual  # type: ignore[method-assign]
    world.settle()
    assert getting.result() is world.record(made[0].sid)


def test_a_name_of_a_conversation_that_the_user_cannot_see_is_taken() -> None:
    world, _ = world_with("alice")
    world.service.create("carol", "bob", uniqueName="lunch")
    getting = get_or_create(world)
    world.settle()
    assert isinstance(getting.error, ConflictError)
    assert getting.error.code == 50353


def test_a_name_that_looks_like_a_sid_is_refused() -> None:
    world, conversation = world_with("alice")
    getting = get_or_create(world, conversation.sid)
    world.settle()
    assert isinstance(getting.error, InvalidArgumentError)
    assert sent(world) == []


def test_other_errors_come_through() -> None:
    world, _ = world_with("alice")
    world.service.fault("/Conversations", "POST", response=refusal(400, 50003))
    getting = get_or_create(world)
    world.settle()
    assert isinstance(getting.error, BadRequestError)


# Making sure of a participant


def test_who_is_in_is_found_without_a_request() -> None:
    world, conversation = world_with("alice", "dave")
    ensuring = ensure(world, conversation)
    world.settle()
    record = world.record(conversation.sid)
    assert ensuring.result() is record.participants[conversation.members["dave"]]
    assert sent(world) == []


def test_who_is_not_in_is_added() -> None:
    world, conversation = world_with("alice")
    ensuring = ensure(world, conversation)
    world.settle()
    assert ensuring.result().snapshot.identity == "dave"
    assert world.take_words() == ["ParticipantAdded"]
    again = ensure(world, conversation)
    world.settle()
    assert again.result() is ensuring.result()


def test_who_is_added_in_this_moment_is_found_with_the_event() -> None:
    world, conversation = world_with("alice")
    ensurings = [ensure(world, conversation) for _ in range(2)]
    world.run(0.06)  # the questions have arrived, the answers are under way
    assert not any(ensuring.is_settled for ensuring in ensurings)
    world.settle()
    assert len({id(ensuring.result()) for ensuring in ensurings}) == 1
    assert world.take_words() == ["ParticipantAdded"]


def test_the_event_may_come_after_the_conflict() -> None:
    world, conversation = world_with("alice")
    world.service.fault("/Participants", "POST", response=refusal(409, 50433))
    ensuring = ensure(world, conversation)
    world.run(1.0)
    assert not ensuring.is_settled
    world.service.add(conversation, "erin")
    world.service.add(conversation, "dave")
    world.settle()
    assert ensuring.result().snapshot.sid == conversation.members["dave"]
    assert world.take_words() == ["ParticipantAdded", "ParticipantAdded"]


def test_an_event_that_does_not_come_is_not_waited_for_for_ever() -> None:
    world, conversation = world_with("alice")
    world.service.fault("/Participants", "POST", response=refusal(409, 50433))
    ensuring = ensure(world, conversation)
    world.settle()
    assert isinstance(ensuring.error, RequestTimeoutError)
    assert isinstance(ensuring.error.__cause__, ConflictError)
    world.service.add(conversation, "dave")
    world.settle()
    assert world.take_words() == ["ParticipantAdded"]


def test_the_creator_can_make_sure_from_outside() -> None:
    world, conversation = world_with("bob", by="alice")
    ensuring = ensure(world, conversation)
    world.settle()
    assert ensuring.result().snapshot.identity == "dave"
    again = ensure(world, conversation)
    world.settle()
    assert isinstance(again.error, ConflictError)  # it is in, but cannot be shown


# Addresses


def add_address(world: World, conversation: Conversation, **binding: Any) -> Any:
    record = world.record(conversation.sid)
    return world.call(
        lambda s, call: s.conversation_commands.add_address(
            call, record, binding, Attributes({"a": 1})
        )
    )


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("+15550001", "sms"),
        ("whatsapp:+15550001", "whatsapp"),
        ("bo@example.com", "email"),
        ("apple:x", "apple"),
    ],
)
def test_an_address_is_added_and_is_one_object_told_once(address: str, channel: str) -> None:
    world, conversation = world_with("alice")
    binding = {"address": address, "proxy_address": "+15559999"}
    adding = add_address(world, conversation, **binding)
    world.run_until(lambda: adding.is_settled)
    record = adding.result()
    answered = record.snapshot
    world.settle()
    assert record.snapshot.identity is None
    assert record.snapshot.channel == answered.channel == channel
    assert record.snapshot.bindings == answered.bindings == {channel: binding}
    assert record.snapshot.attributes.value == {"a": 1}
    assert world.take_words() == ["ParticipantAdded"]
    (request,) = [request for request in sent(world) if request.method == "POST"]
    assert request.body == {"attributes": '{"a":1}', "messaging_binding": binding}


def test_name_and_level_of_an_email_are_bindings() -> None:
    world, conversation = world_with("alice")
    binding = {
        "address": "bo@example.com",
        "proxy_address": "us@example.com",
        "name": "Bo",
        "level": "cc",
    }
    adding = add_address(world, conversation, **binding)
    world.settle()
    assert adding.result().snapshot.bindings == {"email": binding}


def test_an_address_that_is_in_use_is_a_conflict() -> None:
    world, conversation = world_with("alice")
    world.service.live.add_address(conversation, "+15550001")
    adding = add_address(world, conversation, address="+15550001", proxy_address="+1")
    world.settle()
    assert isinstance(adding.error, ConflictError)
    assert adding.error.code == 50416


# Closed conversations


def close(world: World, conversation: Conversation) -> None:
    """
    As the service does it: the document says so, then it leaves every list.
    """
    state = {"current": "closed", "dateUpdated": "2026-05-02T00:00:00.000Z"}
    world.service.update(conversation, state=state)
    for identity in list(conversation.members):
        world.service.remove_entry(conversation, identity)


def test_a_closed_conversation_leaves_the_list_and_stays_readable() -> None:
    world, conversation = world_with("alice", "bob")
    world.service.send(conversation, "bob", "hello")
    world.settle()
    record = world.record(conversation.sid)
    world.take()
    close(world, conversation)
    world.settle()
    assert [word for word in world.take_words() if "level" not in word] == [
        "ConversationUpdated STATE",
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]
    assert record.snapshot.state is ConversationState.CLOSED
    assert record.snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert conversation.sid not in world.list.records
    page = world.result(
        lambda s, call: s.message_commands.page(call, record, start=None, count=9, order="desc")
    )
    assert [message.snapshot.body for message in page.messages] == ["hello"]
    people = world.result(lambda s, call: s.conversation_commands.participants(call, record))
    assert [one.snapshot.identity for one in people] == ["alice", "bob"]
    world.settle()
    assert life(world) == []


def test_a_closed_conversation_is_found_but_not_in_the_list() -> None:
    world, conversation = world_with("alice", "bob")
    before = world.record(conversation.sid)
    close(world, conversation)
    world.settle()
    world.take()
    found = world.result(lambda s, call: s.conversation_commands.get(call, conversation.sid))
    assert found is not before
    assert found.snapshot.state is ConversationState.CLOSED
    assert found.snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert life(world) == []
    assert conversation.sid not in world.list.records


def test_operations_on_a_closed_conversation_are_refused() -> None:
    world, conversation = world_with("alice", "bob")
    record = world.record(conversation.sid)
    close(world, conversation)
    world.settle()
    world.service.fault(conversation.sid, "POST", times=9, response=refusal(400, 50377))
    sending = world.call(
        lambda s, call: s.message_commands.send(
            call, record, body="x", attributes=Attributes.DEFAULT, subject=None
        )
    )
    moving = world.call(lambda s, call: s.reading_commands.set_horizon(call, record, 1))
    world.settle()
    for call in (sending, moving):
        assert isinstance(call.error, BadRequestError)
        assert call.error.code == 50377
