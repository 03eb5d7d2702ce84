"""
Whatever the server sends, the client lives on.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from conversations._core.twilsock.frames import decode_frame, encode_frame
from conversations.enums import ConversationStatus, ErrorReason
from tests.core.simulated_objects import Response
from tests.core.simulated_service import Connection, Conversation, SimulatedService
from tests.core.simulated_world import World

ODD: list[Any] = [None, True, 3, "", "odd", [], [1], {}, {"a": 1}]


def service_with_one() -> tuple[SimulatedService, Conversation]:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob", friendlyName="fine")
    service.send(conversation, "bob", "m0")
    return service, conversation


def assert_alive(world: World, conversation: Conversation) -> None:
    """
    Everything still works.
    """
    world.settle()
    world.take()
    world.service.send(conversation, "bob", "are you there?")
    world.service.update(conversation, friendlyName="alive")
    world.settle()
    assert any(word.startswith("MessageAdded") for word in world.words)
    assert world.record(conversation.sid).snapshot.friendly_name == "alive"


@pytest.mark.parametrize("odd", ODD)
def test_odd_pages_of_the_list(odd: Any) -> None:
    service, _ = service_with_one()
    for body in (
        odd,
        {"conversations": odd},
        {"conversations": [odd], "meta": odd},
        {"conversations": [], "meta": {"next_token": odd}},
        {"conversations": [{"conversation_sid": odd}]},
        {"conversations": [{"conversation_sid": "CHodd", "status": odd, "sync_objects": odd}]},
    ):
        service.faults.clear()
        service.fault("/Users/", "GET", response=Response(200, body), times=2)
        world = World(service)
        world.start()
        world.run(100.0)
        assert "COMPLETED" in world.words or "FAILED" in world.words


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("path", ["channel", "messages", "roster"])
def test_odd_roots_of_a_conversations_objects(path: str, odd: Any) -> None:
    service, conversation = service_with_one()
    fine = service.create("bob", "alice")
    for body in (
        odd,
        {"sid": odd},
        {"sid": "XX1", "last_event_id": odd, "data": odd, "items": odd},
    ):
        service.faults.clear()
        service.fault(f"{conversation.sid}.{path}", response=Response(200, body))
        world = World(service)
        world.start()
        world.run(30.0)
        assert "COMPLETED" in world.words
        assert_alive(world, fine)


@pytest.mark.parametrize("odd", ODD)
def test_odd_data_of_a_document(odd: Any) -> None:
    service, conversation = service_with_one()
    world = World(service).ready()
    for name in list(conversation.document.data):
        service.update(conversation, **{name: odd})
    service.change(conversation.document, "updated", None, odd)
    world.settle()
    service.change(conversation.document, "updated", None, {"friendlyName": "back"})
    assert_alive(world, conversation)


@pytest.mark.parametrize("odd", ODD)
def test_odd_entries_of_the_users_list(odd: Any) -> None:
    service, conversation = service_with_one()
    entries = service.my_map("alice")
    world = World(service).ready()
    for name in ("channel", "messages", "roster", "notificationLevel", "lastConsumedMessageIndex"):
        service.set_entry(conversation, "alice", **{name: odd})
    service.change(entries, "added", "odd key", odd)
    service.change(entries, "updated", "odd key", {"status": odd})
    service.change(entries, "removed", "odd key", odd)
    assert_alive(world, conversation)


def test_an_unknown_status_counts_as_not_joined() -> None:
    service, conversation = service_with_one()
    world = World(service).ready()
    world.take()
    service.set_entry(conversation, "alice", status="lurking")
    world.settle()
    assert world.words[:2] == ["ConversationUpdated STATUS", "ConversationLeft"]
    assert world.record(conversation.sid).snapshot.status is ConversationStatus.UNKNOWN
    service.set_entry(conversation, "alice", status="joined")
    assert_alive(world, conversation)


@pytest.mark.parametrize("odd", ODD)
def test_odd_messages(odd: Any) -> None:
    service, conversation = service_with_one()
    world = World(service).ready()
    item = conversation.messages.items[0].data
    for index, name in enumerate(item, start=1):
        service.change(conversation.messages, "added", index, {**item, name: odd})
    service.change(conversation.messages, "added", 100, odd)
    world.settle()
    for index in (1, 2, 3):
        service.change(conversation.messages, "updated", index, odd)
    service.change(conversation.messages, "removed", 4, odd)
    conversation.next_index = 200
    assert_alive(world, conversation)
    announced = [m.snapshot.message_index for m in world.model(conversation.sid).messages]
    assert announced == sorted(announced)


@pytest.mark.parametrize("odd", ODD)
def test_odd_participants(odd: Any) -> None:
    service, conversation = service_with_one()
    world = World(service).ready()
    service.change(conversation.roster, "added", "MB9", odd)
    for name in ("identity", "type", "attributes", "roleSid", "bindings", "userInfo"):
        service.update_participant(conversation, "bob", **{name: odd})
    service.change(conversation.roster, "updated", "MB9", {"identity": odd})
    service.change(conversation.roster, "removed", "MB9", odd)
    assert_alive(world, conversation)
    # And when it is loaded with them.
    service.change(conversation.roster, "added", "MB9", {"identity": odd, "attributes": odd})
    assert_alive(World(service).ready(), conversation)


@pytest.mark.parametrize("odd", ODD)
def test_odd_items_of_the_own_user(odd: Any) -> None:
    service, conversation = service_with_one()
    for key in ("friendlyName", "attributes", "reachability", "other"):
        service.change(service.info("alice"), "added", key, {"value": odd, "online": odd})
    world = World(service).ready()
    for key in ("friendlyName", "attributes", "reachability", "other"):
        service.change(service.info("alice"), "updated", key, odd)
    assert_alive(world, conversation)


@pytest.mark.parametrize("odd", ODD)
def test_odd_pages_of_messages(odd: Any) -> None:
    service, conversation = service_with_one()
    world = World(service).ready()
    record = world.record(conversation.sid)
    for body in (odd, {"items": odd}, {"items": [odd]}, {"items": [{"index": odd, "data": odd}]}):
        service.fault("Items", response=Response(200, body))
        reading = world.call(
            lambda s, call: s.message_commands.page(call, record, start=None, count=3, order="desc")
        )
        world.settle()
        error: Any = reading.error
        assert error is None or error.reason is ErrorReason.CANNOT_PARSE
    assert_alive(world, conversation)


def test_an_unusable_address_in_an_answer_is_an_error() -> None:
    service, conversation = service_with_one()
    root = conversation.roster.root()
    items = [{"key": f"MB{n}", "data": {}, "last_event_id": 0} for n in range(60)]
    body = {**root, "items": items, "links": {"items": "nowhere"}}
    service.fault(".roster", response=Response(200, body))
    world = World(service).ready()
    (told,) = [event for event in world.told if type(event).__name__ == "ErrorOccurred"]
    assert told.error_info.reason is ErrorReason.OPEN_COLLECTION_ERROR
    assert world.engine._exchange._window.in_flight == 0


def test_without_a_usable_address_of_the_list_the_synchronization_fails() -> None:
    service, _ = service_with_one()
    links = service.routes._configuration("alice")["links"]
    service.configuration_changes = {"links": {**links, "my_conversations": "https://nowhere"}}
    world = World(service).ready()
    assert world.words[-1] == "FAILED"


class Scrambler:
    """
    Changes what the server says at random.
    """

    def __init__(self, seed: int, share: float) -> None:
        self.random = random.Random(seed)
        self.share = share

    def scrambled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self._odd() if self._hits() else self.scrambled(item)
                for key, item in value.items()
                if not self._hits()
            }
        if isinstance(value, list):
            return [self.scrambled(item) for item in value]
        return self._odd() if self._hits() else value

    def _hits(self) -> bool:
        return self.random.random() < self.share

    def _odd(self) -> Any:
        return self.random.choice([*ODD, -1, 1.5, 2**70, "CH1", "\ud800", {"value": []}])

    def frame(self, data: bytes) -> bytes:
        frame = decode_frame(data)
        if frame.method not in {"reply", "notification"} or frame.payload is None:
            return data
        payload = json.dumps(self.scrambled(frame.payload)).encode()
        return encode_frame(frame.header, payload)


@pytest.mark.parametrize("seed", range(40))
def test_scrambled_answers_and_notifications_are_survived(seed: int) -> None:
    service, conversation = service_with_one()
    other = service.create("bob", "alice", "bob")
    world = World(service)
    scrambler = Scrambler(seed, 0.03)

    def scrambled(connection: Connection) -> None:
        send = connection.send
        connection.send = lambda data: send(scrambler.frame(data))

    opened = world._open

    def opening(generation: int) -> None:
        opened(generation)
        scrambled(service.connections[-1])

    world._open = opening  # type: ignore[method-assign]
    creation = world.start(timeout=60.0)
    world.run(5.0)
    for number in range(20):
        service.send(conversation, "bob", f"m{number}")
        service.update(other, friendlyName=f"n{number}")
        service.set_entry(other, "alice", lastConsumedMessageIndex=number)
        if number % 7 == 0:
            world.cut()
        world.run(0.3)
    world.run(200.0)
    assert creation.is_settled
    # As long as frames are whole the connection lives, and the client with it.
    assert world.engine.connection_state.name == "CONNECTED"
    announced = [
        (event.message.conversation, event.message.snapshot.message_index)
        for event in world.told
        if type(event).__name__ == "MessageAdded"
    ]
    assert len(announced) == len(set(announced))
