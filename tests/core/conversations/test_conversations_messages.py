"""
Messages: announced once, cached, read page by page; also when history is lost.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations import messages as module
from conversations._core.conversations.calls import Call
from conversations._core.conversations.conversation import ConversationModel, ObjectNames
from conversations._core.conversations.messages import Announced, MessagePage
from conversations._core.conversations.records import MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.promises import Promise
from conversations._core.sync.events import DocumentUpdated, HistoryLost, ItemAdded
from conversations.attributes import Attributes
from conversations.errors import (
    ConnectionLostError,
    ConversationsError,
    ForbiddenError,
    NotFoundError,
    RequestTimeoutError,
)
from tests.core.simulated_objects import Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World, bodies


def world_with(count: int = 0, *, latency: float = 0.1) -> tuple[World, Conversation]:
    """
    Alice and bob are in a conversation with so many messages, and nothing told is left over.
    """
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    for number in range(count):
        service.send(conversation, "bob", f"m{number}")
    world = World(service, latency=latency).ready()
    world.take()
    return world, conversation


def send(world: World, conversation: Conversation, text: str = "mine", **more: Any) -> Promise[Any]:
    record = world.record(conversation.sid)

    async def run(service: ConversationsService, call: Call) -> MessageRecord:
        return await service.message_commands.send(
            call, record, body=text, attributes=Attributes.DEFAULT, subject=None
        )

    return world.call(run, name="send_message", **more)


def page(world: World, conversation: Conversation, **arguments: Any) -> MessagePage:
    record = world.record(conversation.sid)
    usual: dict[str, Any] = {"start": None, "count": 30, "order": "desc"}
    return world.result(
        lambda s, call: s.message_commands.page(call, record, **{**usual, **arguments})
    )


def indexes(found: MessagePage) -> list[int]:
    return [record.snapshot.message_index for record in found.messages]


def added(world: World) -> list[str]:
    return [word for word in world.words if word.startswith("MessageAdded")]


def cached(world: World, conversation: Conversation) -> list[int]:
    return [one.snapshot.message_index for one in world.model(conversation.sid).messages]


# Announcements


def test_a_message_is_announced_once_with_its_values() -> None:
    world, conversation = world_with(2)
    world.service.send(
        conversation, "bob", "hello", subject="s", attributes='{"a": 1}', lastUpdatedBy="carol"
    )
    world.settle()
    assert added(world) == ["MessageAdded 2"]
    record = next(event.message for event in world.take() if hasattr(event, "message"))
    snapshot = record.snapshot
    assert snapshot.sid.startswith("IM")
    assert (snapshot.body, snapshot.author, snapshot.subject) == ("hello", "bob", "s")
    assert snapshot.participant_sid == conversation.members["bob"]
    assert snapshot.attributes.value == {"a": 1}
    assert snapshot.last_updated_by == "carol"
    assert snapshot.date_created == snapshot.date_updated
    assert record.conversation is world.record(conversation.sid)


def test_what_was_there_before_is_not_announced() -> None:
    world, conversation = world_with(3)
    world.cut()
    world.settle()
    assert added(world) == []
    assert cached(world, conversation) == []


@pytest.mark.parametrize("events_after_replies", [False, True])
def test_a_sent_message_is_one_object_announced_once(*, events_after_replies: bool) -> None:
    world, conversation = world_with()
    world.service.events_after_replies = events_after_replies
    sending = send(world, conversation)
    world.settle()
    record = sending.result()
    (told,) = [event for event in world.told if hasattr(event, "message")]
    assert told.message is record
    assert record.snapshot.body == "mine"
    assert world.words == ["MessageAdded 0", "ConversationUpdated LAST_MESSAGE"]
    assert cached(world, conversation) == [0]


def test_a_message_fetched_before_its_event_is_announced_nevertheless() -> None:
    world, conversation = world_with()
    world.service.fault("Items", "GET", delay=0.0)
    reading = world.call(
        lambda s, call: s.message_commands.page(
            call, world.record(conversation.sid), start=None, count=5, order="desc"
        )
    )
    # The page is answered while the subscription is not: hold its events back.
    world.connection.subscribed.discard(conversation.messages.sid)
    world.service.send(conversation, "bob", "early")
    world.settle()
    found = reading.result().messages
    assert added(world) == []
    world.cut()
    world.settle()
    (told,) = [event for event in world.told if hasattr(event, "message")]
    assert found == [told.message]
    assert added(world) == ["MessageAdded 0"]


def test_a_message_edited_before_the_replay_is_announced_as_it_is() -> None:
    for is_shortened in (False, True):
        world, conversation = world_with()
        world.service.shortens_replays = is_shortened
        world.cut()
        world.service.send(conversation, "bob", "first")
        world.service.edit(conversation, 0, text="second")
        world.settle()
        assert added(world) == ["MessageAdded 0"]
        record = world.model(conversation.sid).messages.get(0)
        assert record is not None
        assert record.snapshot.body == "second"


def test_a_message_removed_before_the_replay_is_not_announced() -> None:
    world, conversation = world_with()
    world.service.shortens_replays = True
    world.cut()
    world.service.send(conversation, "bob", "first")
    world.service.remove_message(conversation, 0)
    world.settle()
    assert added(world) == []
    assert cached(world, conversation) == []


def test_many_lost_connections_announce_every_message_once_and_in_order() -> None:
    world, conversation = world_with()
    for number in range(40):
        world.service.send(conversation, "bob", f"m{number}")
        world.run(0.07)
        if number % 5 == 0:
            world.cut()
    world.settle()
    assert added(world) == [f"MessageAdded {number}" for number in range(40)]


def test_a_cache_of_its_own_announces_without_anybody_typing() -> None:
    world, conversation = world_with()
    model = world.model(conversation.sid)
    cache = module.MessageCache(world.list._context, model.record, {})
    cache.added(ItemAdded(key=0, data={"sid": "IM1", "author": "bob"}, event_id=0))
    world.settle()
    assert added(world) == ["MessageAdded 0"]


def test_memory_of_announcements_is_bounded() -> None:
    announced = Announced()
    for number in range(module.ANNOUNCED_MEMORY + 500):
        announced.add(number)
    assert len(announced._indexes) <= module.ANNOUNCED_MEMORY
    assert 0 in announced
    assert module.ANNOUNCED_MEMORY + 499 in announced
    assert module.ANNOUNCED_MEMORY + 500 not in announced


def test_an_announcement_that_is_repeated_is_an_update() -> None:
    world, conversation = world_with()
    world.service.send(conversation, "bob", "x")
    world.settle()
    world.take()
    cache = world.model(conversation.sid).messages
    cache.added(ItemAdded(key=0, data={"sid": "IM1", "text": "y"}, event_id=5))
    assert [type(event).__name__ for event in world.engine.events()] == ["Updated"]


def test_an_evicted_message_is_announced_once_nevertheless() -> None:
    world, conversation = world_with()
    cache = world.model(conversation.sid).messages
    # Fetched before its event, and evicted again.
    world.connection.subscribed.discard(conversation.messages.sid)
    world.service.send(conversation, "bob", "x")
    page(world, conversation)
    cache.evict(0)
    assert cached(world, conversation) == []
    world.cut()
    world.settle()
    assert added(world) == ["MessageAdded 0"]
    # Announced, evicted, and replayed from an older position.
    cache.evict(0)
    cache.added(ItemAdded(key=0, data={"sid": "IM1"}, event_id=0))
    world.settle()
    assert added(world) == ["MessageAdded 0"]
    assert cached(world, conversation) == []
    # Unknown again: an update is not told, fetching makes it known.
    world.service.edit(conversation, 0, text="y")
    world.settle()
    assert not any("MessageUpdated" in word for word in world.words)
    assert bodies(page(world, conversation).messages) == ["y"]


def test_a_message_that_was_sent_and_not_announced_yet_is_not_evicted() -> None:
    world, conversation = world_with()
    world.service.events_after_replies = True
    sending = send(world, conversation)
    world.run_until(lambda: sending.is_settled)
    world.model(conversation.sid).messages.evict(0)
    world.settle()
    (told,) = [event for event in world.told if type(event).__name__ == "MessageAdded"]
    assert told.message is sending.result()


# Updates and removals


def test_cached_messages_are_updated_and_removed_others_are_not() -> None:
    world, conversation = world_with(4)
    page(world, conversation, start=1, count=2, order="asc")
    world.take()
    world.service.edit(
        conversation,
        1,
        text="new",
        subject="s",
        author="carol",
        attributes='{"a": 1}',
        timestamp="2026-01-01T00:00:00Z",
        dateUpdated="2026-07-01T00:00:00Z",
    )
    world.service.edit(conversation, 0, text="nobody sees it")
    world.service.remove_message(conversation, 2)
    world.service.remove_message(conversation, 3)
    world.settle()
    words = [word for word in world.take_words() if "Message" in word]
    assert words == [
        "MessageUpdated BODY ATTRIBUTES SUBJECT AUTHOR LAST_UPDATED_BY DATE_CREATED DATE_UPDATED",
        "MessageDeleted 2",
    ]
    assert cached(world, conversation) == [1]


def test_an_update_that_changes_nothing_is_not_told() -> None:
    world, conversation = world_with(1)
    page(world, conversation)
    world.service.edit(conversation, 0, lastUpdatedBy=None, unknown="member")
    world.settle()
    assert world.take_words() == []


def test_a_page_that_is_newer_than_the_events_updates_the_object() -> None:
    world, conversation = world_with(1)
    (record,) = page(world, conversation).messages
    world.connection.subscribed.discard(conversation.messages.sid)
    world.service.edit(conversation, 0, text="new")
    world.take()
    (again,) = page(world, conversation).messages
    assert again is record
    assert record.snapshot.body == "new"
    assert world.take_words() == ["MessageUpdated BODY LAST_UPDATED_BY"]
    # The event itself, later, tells nothing more.
    world.cut()
    world.settle()
    assert not [word for word in world.take_words() if "Message" in word]


def test_a_message_removed_while_further_pages_come_is_not_returned() -> None:
    world, conversation = world_with(150, latency=1.0)
    record = world.record(conversation.sid)
    reading = world.call(
        lambda s, call: s.message_commands.page(call, record, start=None, count=150, order="desc")
    )
    world.run(1.2)
    world.service.remove_message(conversation, 120)
    world.settle()
    assert indexes(reading.result()) == [number for number in range(150) if number != 120]
    assert 120 not in cached(world, conversation)


# Sending


def test_a_message_removed_before_the_answer_came_is_returned_but_not_cached() -> None:
    world, conversation = world_with()
    fault = world.service.fault("/Messages", "POST", delay=1.0)
    sending = send(world, conversation)
    world.run(0.06)
    # Carried out, and removed again, before the answer is written.
    world.service.send(conversation, "alice", "mine")
    sid = conversation.messages.items[0].data["sid"]
    world.run(0.2)
    world.service.remove_message(conversation, 0)
    fault.response = Response(201, {"sid": sid, "index": 0, "body": "mine"})
    world.settle()
    record = sending.result()
    assert record.snapshot.body == "mine"
    assert cached(world, conversation) == []
    assert [word for word in world.take_words() if "Message" in word][:2] == [
        "MessageAdded 0",
        "MessageDeleted 0",
    ]


@pytest.mark.parametrize("answered_after", [0.1, 2.0])
def test_a_message_sent_while_the_list_is_opened_is_looked_for(answered_after: float) -> None:
    # Sent and removed again before the list is read for the first time: no event tells of it.
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    world = World(service)
    world.start()
    world.run_until(lambda: bool(world.engine.service and world.list.records))
    service.fault(f"{conversation.sid}.messages", delay=0.5)
    fault = service.fault("/Messages", "POST", delay=answered_after)
    sending = send(world, conversation)
    service.send(conversation, "alice", "mine")
    fault.response = Response(201, service.routes.message(conversation, 0))
    service.remove_message(conversation, 0)
    world.settle()
    assert sending.result().snapshot.body == "mine"
    assert cached(world, conversation) == []
    assert added(world) == []


def test_an_answer_without_a_sid_waits_for_the_event() -> None:
    world, conversation = world_with()
    world.service.fault(
        "/Messages", "POST", response=Response(201, {"index": "0"}), is_carried_out=True
    )
    world.service.events_after_replies = True
    sending = send(world, conversation)
    world.settle()
    record = sending.result()
    assert record.snapshot.sid.startswith("IM")
    assert record is world.model(conversation.sid).messages.get(0)

    # The event may have been faster.
    world.service.events_after_replies = False
    world.service.fault(
        "/Messages", "POST", response=Response(201, {"index": 1}), is_carried_out=True
    )
    sending = send(world, conversation)
    world.settle()
    assert sending.result().snapshot.message_index == 1


def test_waiting_for_the_event_ends_with_the_calls_time() -> None:
    world, conversation = world_with()
    world.service.fault("/Messages", "POST", response=Response(201, {"index": 7}))
    sending = send(world, conversation, timeout=3.0)
    world.settle()
    error = sending.error
    assert isinstance(error, RequestTimeoutError)
    assert "the event of the sent message" in str(error)
    assert error.may_have_been_sent
    assert world.model(conversation.sid).messages._arrivals == {7: []}


@pytest.mark.parametrize("index", [None, -1, True, "x", "²", "1" * 40, 1.5, [], {}])
def test_an_answer_without_an_index_is_not_understood(index: Any) -> None:
    world, conversation = world_with()
    answer = Response(201, {"sid": "IM1", "index": index})
    world.service.fault("/Messages", "POST", response=answer)
    sending = send(world, conversation)
    world.settle()
    assert isinstance(sending.error, ConversationsError)
    assert sending.error.reason.name == "CANNOT_PARSE"


def test_a_message_sent_while_the_conversation_goes_away_is_returned() -> None:
    for body, is_returned in (({"sid": "IM1", "index": 3}, True), ({"index": 3}, False)):
        world, conversation = world_with()
        response = Response(201, body)
        world.service.fault("/Messages", "POST", delay=1.0, response=response)
        sending = send(world, conversation)
        world.run(0.1)
        world.service.remove(conversation, "alice")
        world.settle()
        if is_returned:
            assert sending.result().snapshot.sid == "IM1"
        else:
            assert isinstance(sending.error, ConversationsError)
            assert sending.error.reason.name == "CANNOT_PARSE"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_lost_while_sending_is_an_error_and_nothing_is_repeated(moment: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Messages", "POST", cut=moment)
    sending = send(world, conversation)
    world.settle()
    assert isinstance(sending.error, ConnectionLostError)
    assert sending.error.may_have_been_sent
    assert added(world) == (["MessageAdded 0"] if moment == "after" else [])
    assert (
        sum(
            request.method == "POST" and "/Messages" in request.path
            for request in world.service.requests
        )
        == 1
    )


def test_a_message_sent_without_a_connection_waits_for_one() -> None:
    world, conversation = world_with()
    world.cut()
    world.run(0.05)
    sending = send(world, conversation)
    world.settle()
    assert sending.result().snapshot.message_index == 0
    assert added(world) == ["MessageAdded 0"]


# Reading


def test_the_newest_messages_come_by_rising_index() -> None:
    world, conversation = world_with(35)
    found = page(world, conversation)
    assert indexes(found) == list(range(5, 35))
    assert (found.has_older, found.has_newer) == (True, False)
    assert bodies(found.messages)[:2] == ["m5", "m6"]
    again = page(world, conversation)
    assert all(one is other for one, other in zip(found.messages, again.messages, strict=True))


def test_pages_backwards_and_forwards() -> None:
    world, conversation = world_with(10)
    older = page(world, conversation, start=6, count=3, inclusive=False)
    assert indexes(older) == [3, 4, 5]
    assert (older.has_older, older.has_newer) == (True, True)
    first = page(world, conversation, start=3, count=30, inclusive=False)
    assert indexes(first) == [0, 1, 2]
    assert (first.has_older, first.has_newer) == (False, True)
    newer = page(world, conversation, start=6, count=3, order="asc")
    assert indexes(newer) == [6, 7, 8]
    assert (newer.has_older, newer.has_newer) == (True, True)
    last = page(world, conversation, start=8, count=3, order="asc", inclusive=False)
    assert indexes(last) == [9]
    assert (last.has_older, last.has_newer) == (True, False)


def test_requests_of_pages() -> None:
    world, conversation = world_with(10)
    page(world, conversation, start=6, count=3, inclusive=False)
    page(world, conversation, start=6, count=3, order="asc")
    one, other = world.service.requests[-2:]
    assert one.method == other.method == "GET"
    assert one.path.endswith(f"/Lists/{conversation.messages.sid}/Items")
    assert one.params == {
        "HideExpired": "true",
        "From": "6",
        "Bounds": "exclusive",
        "PageSize": "3",
        "Order": "desc",
    }
    assert other.params == {
        "HideExpired": "true",
        "From": "6",
        "PageSize": "3",
        "Order": "asc",
    }


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_more_than_a_hundred_messages_take_several_requests(order: str) -> None:
    world, conversation = world_with(250)
    before = len(world.service.requests)
    found = page(world, conversation, count=230, order=order)
    expected = range(230) if order == "asc" else range(20, 250)
    assert indexes(found) == list(expected)
    sizes = [request.params["PageSize"] for request in world.service.requests[before:]]
    assert sizes == ["100", "100", "30"]
    assert page(world, conversation, count=1000).messages[0].snapshot.message_index == 0


def test_gaps_do_not_matter() -> None:
    world, conversation = world_with(10)
    for index in (3, 4, 7):
        world.service.remove_message(conversation, index)
    assert indexes(page(world, conversation, start=7, count=3)) == [2, 5, 6]
    assert indexes(page(world, conversation, start=3, count=3, order="asc")) == [5, 6, 8]


def test_an_empty_conversation_has_an_empty_page() -> None:
    world, conversation = world_with()
    found = page(world, conversation)
    assert (found.messages, found.has_older, found.has_newer) == ([], False, False)


def items(world: World, conversation: Conversation, keys: list[int], **meta: Any) -> Response:
    listed = [conversation.messages.item(key) for key in keys]
    return Response(200, {"items": listed, "meta": meta})


def test_more_items_than_asked_for_are_left_out() -> None:
    world, conversation = world_with(5)
    answer = items(world, conversation, [4, 3, 2, 1])
    world.service.fault("Items", response=answer)
    found = page(world, conversation, count=2)
    assert indexes(found) == [3, 4]
    assert (found.has_older, found.has_newer) == (True, False)
    assert cached(world, conversation) == [3, 4]


def test_short_pages_in_the_middle_are_filled_up() -> None:
    world, conversation = world_with(5)
    world.service.fault("Items", response=items(world, conversation, [3], next_token="n"))
    found = page(world, conversation, start=3, count=3)
    assert indexes(found) == [1, 2, 3]


def test_a_service_that_repeats_itself_is_not_asked_for_ever() -> None:
    world, conversation = world_with(5)
    answer = items(world, conversation, [3], next_token="n")
    world.service.fault("Items", response=answer, times=99)
    before = len(world.service.requests)
    assert indexes(page(world, conversation, start=4, count=9, inclusive=False)) == [3, 3]
    assert len(world.service.requests) - before == 2
    empty = items(world, conversation, [], next_token="n")
    world.service.faults.insert(0, world.service.fault("Items", response=empty))
    assert indexes(page(world, conversation, count=9)) == []


def test_a_message_by_its_index() -> None:
    world, conversation = world_with(5)
    world.service.remove_message(conversation, 2)
    record = world.record(conversation.sid)

    def by_index(index: int) -> Promise[MessageRecord]:
        return world.call(lambda s, call: s.message_commands.by_index(call, record, index))

    found = by_index(3)
    world.settle()
    assert found.result().snapshot.body == "m3"
    before = len(world.service.requests)
    again = by_index(3)
    world.settle()
    assert again.result() is found.result()
    assert len(world.service.requests) == before
    for missing in (2, 99):
        searching = by_index(missing)
        world.settle()
        assert isinstance(searching.error, NotFoundError)
        assert searching.error.code == -4


def test_reading_waits_for_the_conversation_to_be_open() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    service.send(conversation, "bob", "hello")
    service.fault(f"{conversation.sid}.messages", status=503, times=2)
    world = World(service)
    world.start()
    world.run_until(lambda: bool(world.engine.service and world.list.records))
    assert bodies(page(world, conversation).messages) == ["hello"]


def test_where_the_user_is_not_in_the_server_is_asked() -> None:
    service = SimulatedService()
    conversation = service.create("alice", "bob")
    service.send(conversation, "bob", "secret")
    world = World(service).ready()
    reading = world.call(
        lambda s, call: s.message_commands.page(
            call, world.record(conversation.sid), start=None, count=1, order="desc"
        )
    )
    world.settle()
    assert isinstance(reading.error, ForbiddenError)
    assert world.take_words().count("ErrorOccurred") == 0

    # If it says yes, that is the answer; nothing is kept.
    conversation.messages.may_read = lambda _: True
    assert bodies(page(world, conversation).messages) == ["secret"]
    world.settle()
    assert cached(world, conversation) == []
    assert conversation.messages.sid not in world.connection.subscribed


def test_reading_from_a_conversation_that_is_gone_asks_the_server() -> None:
    world, conversation = world_with(2)
    record = world.record(conversation.sid)
    world.service.remove(conversation, "alice")
    world.settle()

    def read() -> Promise[MessagePage]:
        return world.call(
            lambda s, call: s.message_commands.page(call, record, start=None, count=9, order="desc")
        )

    reading = read()
    world.settle()
    assert isinstance(reading.error, (ForbiddenError, NotFoundError))
    assert reading.error.status == 403
    # Joined again, the old object still reads, from the conversation as it is now.
    world.service.add(conversation, "alice")
    world.settle()
    reading = read()
    world.settle()
    assert bodies(reading.result().messages) == ["m0", "m1"]


# History that is lost


def lose_history(world: World, conversation: Conversation, *, is_new_list: bool) -> None:
    """
    The replay after the next connection is impossible.
    """
    if is_new_list:
        world.service.remake(conversation.messages.name)
    else:
        conversation.messages.interruptions = 5


@pytest.mark.parametrize("is_new_list", [False, True])
def test_lost_history_is_made_up_for_by_reading(*, is_new_list: bool) -> None:
    world, conversation = world_with(8)
    for index in (2, 4, 5, 7):
        page(world, conversation, start=index, count=1)
    world.take()
    world.cut()
    service = world.service
    service.edit(conversation, 4, text="edited")
    service.edit(conversation, 0, text="nobody sees it")
    service.remove_message(conversation, 5)
    service.send(conversation, "bob", "new 8")
    service.send(conversation, "bob", "new 9")
    service.edit(conversation, 8, text="new 8, edited")
    service.send(conversation, "bob", "new 10")
    service.remove_message(conversation, 9)
    lose_history(world, conversation, is_new_list=is_new_list)
    world.settle()
    words = [word for word in world.words if word.startswith("Message")]
    assert words == [
        "MessageUpdated BODY LAST_UPDATED_BY",
        "MessageDeleted 5",
        "MessageAdded 8",
        "MessageAdded 10",
    ]
    assert cached(world, conversation) == [2, 4, 7, 8, 10]
    record = world.model(conversation.sid).messages.get(8)
    assert record is not None
    assert record.snapshot.body == "new 8, edited"
    # And life goes on.
    service.edit(conversation, 2, text="later")
    service.send(conversation, "bob", "new 11")
    world.settle()
    words = [word for word in world.words if word.startswith("Message")]
    assert words[-2:] == ["MessageUpdated BODY LAST_UPDATED_BY", "MessageAdded 11"]


def test_lost_history_of_many_messages_takes_several_pages() -> None:
    world, conversation = world_with(130)
    page(world, conversation, start=0, count=130, order="asc")
    world.take()
    world.cut()
    for number in range(130, 390):
        world.service.send(conversation, "bob", f"m{number}")
    lose_history(world, conversation, is_new_list=False)
    world.settle()
    assert added(world) == [f"MessageAdded {number}" for number in range(130, 390)]


def test_lost_history_where_nothing_is_known_reads_only_what_is_new() -> None:
    world, conversation = world_with(300)
    world.service.update(conversation, lastMessage=None)  # as if nobody knew how many there are
    world = World(world.service).ready()
    world.take()
    world.cut()
    world.service.send(conversation, "bob", "new")
    lose_history(world, conversation, is_new_list=False)
    before = len(world.service.requests)
    world.settle()
    assert added(world) == ["MessageAdded 300"]
    assert sum("Items" in str(r) for r in world.service.requests[before:]) == 1


def test_messages_that_come_while_the_list_is_read_again_are_announced_after_the_missed() -> None:
    world, conversation = world_with(2)
    page(world, conversation)
    world.take()
    world.cut()
    world.service.send(conversation, "bob", "missed")
    lose_history(world, conversation, is_new_list=False)
    world.service.fault("Items", delay=3.0)
    world.run(0.3)
    world.run_until(lambda: conversation.messages.sid in world.connection.subscribed)
    world.run(0.2)
    world.service.send(conversation, "bob", "live")
    world.service.edit(conversation, 0, text="edited")
    world.service.remove_message(conversation, 3)
    world.settle()
    words = [word for word in world.words if word.startswith("Message")]
    assert words == [
        "MessageUpdated BODY LAST_UPDATED_BY",
        "MessageAdded 2",
        "MessageAdded 3",
        "MessageDeleted 3",
    ]
    assert cached(world, conversation) == [0, 1, 2]


def test_history_lost_again_while_the_list_is_read_is_read_again() -> None:
    world, conversation = world_with(2)
    for number in range(3):
        world.cut()
        world.service.send(conversation, "bob", f"missed {number}")
        lose_history(world, conversation, is_new_list=False)
        world.service.fault("Items", delay=3.0)
        world.run(2.5)
    world.settle()
    assert added(world) == ["MessageAdded 2", "MessageAdded 3", "MessageAdded 4"]


def test_a_list_that_cannot_be_read_again_is_told_and_goes_on() -> None:
    world, conversation = world_with(2)
    world.cut()
    world.service.send(conversation, "bob", "missed")
    lose_history(world, conversation, is_new_list=False)
    world.service.fault("Items", status=500)
    world.settle()
    assert "ErrorOccurred" in world.words
    world.service.send(conversation, "bob", "later")
    world.settle()
    assert added(world) == ["MessageAdded 3"]


def test_leaving_while_the_list_is_read_again_ends_the_reading() -> None:
    world, conversation = world_with(2)
    world.cut()
    world.service.send(conversation, "bob", "missed")
    lose_history(world, conversation, is_new_list=False)
    world.service.fault("Items", delay=3.0)
    cache = world.model(conversation.sid).messages
    world.run_until(lambda: cache._rereading is not None)
    world.run(0.1)
    world.service.remove(conversation, "alice")
    world.settle()
    assert added(world) == []
    assert world.take_words().count("ErrorOccurred") == 1  # that of the connection


def test_a_page_read_while_history_is_lost_agrees_with_the_announcements() -> None:
    world, conversation = world_with(2)
    world.cut()
    world.service.send(conversation, "bob", "missed")
    lose_history(world, conversation, is_new_list=False)
    found = page(world, conversation)
    world.settle()
    assert indexes(found) == [0, 1, 2]
    (told,) = [event for event in world.told if type(event).__name__ == "MessageAdded"]
    assert told.message is found.messages[-1]


def test_odd_pages_while_reading_again_end_it() -> None:
    for answer in (
        Response(200, {"items": [], "meta": {"next_token": "n"}}),
        Response(200, {"items": "odd"}),
    ):
        world, conversation = world_with(3)
        page(world, conversation)
        world.cut()
        world.service.send(conversation, "bob", "missed")
        lose_history(world, conversation, is_new_list=False)
        world.service.fault("Items", response=answer)
        world.settle()
        world.service.send(conversation, "bob", "later")
        world.settle()
        assert "MessageAdded 4" in world.words


def test_a_message_removed_while_the_list_is_read_again_is_told_once() -> None:
    world, conversation = world_with(3)
    page(world, conversation)
    world.take()
    world.cut()
    lose_history(world, conversation, is_new_list=False)
    cache = world.model(conversation.sid).messages
    world.service.fault("Items", delay=0.0)
    world.service.fault("Items", delay=2.0)
    # It leaves the cache while the second page, that with the cached messages, is on its way.
    items = [request for request in world.service.requests if "Items" in request.path]
    world.run_until(lambda: cache._rereading is not None)
    world.run_until(
        lambda: sum("Items" in r.path for r in world.service.requests) == len(items) + 2
    )
    cache._removed(1)
    world.settle()
    assert cached(world, conversation) == [0, 2]
    assert [word for word in world.words if "Message" in word] == ["MessageDeleted 1"]


def test_events_of_another_kind_are_passed_over() -> None:
    world, conversation = world_with(1)
    model = world.model(conversation.sid)
    assert model.message_list is not None
    model.messages.list_changed(DocumentUpdated(data={}, previous={}), model.message_list)
    model.roster.map_changed(HistoryLost(3))
    model._document_changed(HistoryLost(3))
    world.list._changed(HistoryLost(3))
    world.engine.ready_service().own_user._changed(HistoryLost(3))
    world.settle()
    bare = ConversationModel(world.list._context, "CH1", ObjectNames(document="d"), lambda _: None)
    bare._messages_changed(HistoryLost(3))
    world.settle()
    assert world.take_words() == []


def test_messages_of_a_forgotten_conversation_stay_readable() -> None:
    world, conversation = world_with(1)
    (record,) = page(world, conversation).messages
    world.service.delete(conversation)
    world.settle()
    assert record.snapshot.body == "m0"
