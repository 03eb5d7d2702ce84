"""
Reading: the horizon, the notification level, counts and how long an answer is used again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from conversations._core.conversations.answer_cache import AnswerCache
from conversations._core.conversations.calls import Call
from conversations._core.conversations.configuration import Choices, decode_configuration
from conversations._core.conversations.durations import duration
from conversations._core.conversations.reading_commands import PARALLEL_COUNTS
from conversations._core.conversations.service import ConversationsService
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamResponse
from conversations.enums import NotificationLevel
from conversations.errors import ForbiddenError, NotFoundError, ServerError
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

Operation = Callable[[ConversationsService, Call], Coroutine[Any, Any, Any]]


def world_with(messages: int = 3, **settings: Any) -> tuple[World, Conversation]:
    service = SimulatedService()
    conversation = service.create("carol", "alice", "bob")
    for number in range(messages):
        service.send(conversation, "bob", f"m{number}")
    world = World(service, **settings).ready()
    world.take()
    service.requests.clear()
    return world, conversation


def reading(world: World) -> Any:
    return world.engine.ready_service().reading_commands


def sent(world: World) -> list[Request]:
    return [request for request in world.service.requests if "Subscriptions" not in request.path]


def error(world: World, operation: Operation) -> Any:
    promise = world.call(operation)
    world.settle()
    assert promise.is_settled
    return promise.error


def set_to(world: World, conversation: Conversation, index: int | None) -> int | None:
    record = world.record(conversation.sid)
    return world.result(lambda _, call: reading(world).set_horizon(call, record, index))


def advance(world: World, conversation: Conversation, index: int) -> int | None:
    record = world.record(conversation.sid)
    return world.result(lambda _, call: reading(world).advance_horizon(call, record, index))


def read_all(world: World, conversation: Conversation) -> int | None:
    record = world.record(conversation.sid)
    return world.result(lambda _, call: reading(world).read_all(call, record))


def unread(world: World, conversation: Conversation) -> int | None:
    return world.result(lambda _, call: reading(world).unread(call, conversation.sid))


def posted(world: World) -> list[Any]:
    return [request.body for request in sent(world) if request.method == "POST"]


# The horizon


def test_the_horizon_goes_where_it_is_put_and_the_answer_counts() -> None:
    world, conversation = world_with()
    assert set_to(world, conversation, 1) == 1
    assert set_to(world, conversation, 2) == 0
    assert set_to(world, conversation, 0) == 2
    assert set_to(world, conversation, 99) == 0
    assert set_to(world, conversation, None) is None
    assert posted(world) == [{"last_read_message_index": index} for index in (1, 2, 0, 99, None)]
    (path,) = {request.path for request in sent(world)}
    assert path.endswith(f"/Users/{world.service.users['alice']}/Conversations/{conversation.sid}")
    world.settle()
    assert world.record(conversation.sid).snapshot.last_read_message_index is None


def test_a_moved_horizon_is_told_of_the_conversation_and_of_the_participant() -> None:
    world, conversation = world_with()
    set_to(world, conversation, 1)
    world.settle()
    assert world.take_words() == [
        "ConversationUpdated LAST_READ_MESSAGE_INDEX",
        "ParticipantUpdated LAST_READ_MESSAGE_INDEX",
    ]


def test_advancing_never_goes_back() -> None:
    world, conversation = world_with()
    assert advance(world, conversation, 1) == 1
    world.settle()
    assert advance(world, conversation, 0) == 1
    assert advance(world, conversation, 2) == 0
    assert posted(world) == [{"last_read_message_index": index} for index in (1, 1, 2)]


def test_advancing_knows_what_was_accepted_before_any_event_tells_of_it() -> None:
    world, conversation = world_with()
    world.service.set_entry = lambda *_, **__: None  # type: ignore[method-assign]
    advance(world, conversation, 2)
    advance(world, conversation, 1)
    set_to(world, conversation, 0)
    advance(world, conversation, 1)
    set_to(world, conversation, None)
    advance(world, conversation, 0)
    assert posted(world) == [{"last_read_message_index": index} for index in (2, 2, 0, 1, None, 0)]


def test_a_horizon_that_another_device_moved_counts_more_than_an_accepted_one() -> None:
    world, conversation = world_with()
    advance(world, conversation, 2)
    world.settle()
    world.service.live.read(conversation, "alice", 0)
    world.settle()
    advance(world, conversation, 1)
    assert posted(world)[-1] == {"last_read_message_index": 1}


def test_an_update_of_something_else_does_not_forget_an_accepted_horizon() -> None:
    world, conversation = world_with()
    model = world.model(conversation.sid)
    model.horizon_accepted(7)
    model.list_entry({"status": model.record.snapshot.status})
    assert model.horizon == 7
    model.list_entry({"last_read_message_index": 3})
    assert model.horizon == 3


def test_reading_all_asks_the_service_for_the_newest_message() -> None:
    world, conversation = world_with()
    assert read_all(world, conversation) == 0
    asking, moving = sent(world)
    assert (asking.method, asking.params["Order"]) == ("GET", "desc")
    assert moving.body == {"last_read_message_index": 2}


def test_reading_all_of_nothing_changes_nothing() -> None:
    world, conversation = world_with(0)
    assert read_all(world, conversation) == 0
    assert posted(world) == []


def test_reading_all_does_not_go_back() -> None:
    world, conversation = world_with()
    set_to(world, conversation, 50)
    read_all(world, conversation)
    assert posted(world)[-1] == {"last_read_message_index": 50}


def test_who_is_not_in_cannot_move_a_horizon() -> None:
    world, _ = world_with()
    other = world.service.create("alice", "bob")
    world.settle()
    record = world.record(other.sid)
    for operation in (
        lambda _, call: reading(world).set_horizon(call, record, 1),
        lambda _, call: reading(world).advance_horizon(call, record, 1),
        lambda _, call: reading(world).read_all(call, record),
        lambda _, call: reading(world).set_notification_level(
            call, other.sid, NotificationLevel.MUTED
        ),
    ):
        assert isinstance(error(world, operation), ForbiddenError)


def test_a_horizon_of_a_conversation_that_is_gone_is_asked_of_the_service() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    world.service.delete(conversation)
    world.settle()
    for operation in (
        lambda _, call: reading(world).set_horizon(call, record, 1),
        lambda _, call: reading(world).advance_horizon(call, record, 1),
    ):
        assert isinstance(error(world, operation), NotFoundError)


def test_a_horizon_can_be_moved_where_the_conversation_is_not_known_any_more() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    world.list.forget(world.model(conversation.sid))
    world.service.set_entry = lambda *_, **__: None  # type: ignore[method-assign]
    world.result(lambda _, call: reading(world).set_horizon(call, record, 1))
    world.result(lambda _, call: reading(world).advance_horizon(call, record, 0))
    assert posted(world) == [{"last_read_message_index": index} for index in (1, 0)]


def test_moving_a_horizon_may_be_repeated() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=503, times=2)
    assert set_to(world, conversation, 1) == 1
    assert len({request.mutation_id for request in sent(world)}) == 1
    assert len(posted(world)) == 3


# The notification level


def test_the_notification_level_is_set_for_the_user() -> None:
    world, conversation = world_with()
    world.result(
        lambda _, call: reading(world).set_notification_level(
            call, conversation.sid, NotificationLevel.MUTED
        )
    )
    world.settle()
    assert posted(world) == [{"notification_level": "muted"}]
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.notification_level is NotificationLevel.MUTED
    assert world.take_words() == ["ConversationUpdated NOTIFICATION_LEVEL"]


# Counts


def test_counts_are_the_services() -> None:
    world, conversation = world_with()
    assert unread(world, conversation) is None
    sid = conversation.sid
    assert world.result(lambda _, call: reading(world).unread_or_all(call, sid)) == 3
    assert world.result(lambda _, call: reading(world).messages(call, sid)) == 3
    assert world.result(lambda _, call: reading(world).participants(call, sid)) == 2
    set_to(world, conversation, 0)
    assert unread(world, conversation) == 2
    assert world.result(lambda _, call: reading(world).unread_or_all(call, sid)) == 2


@pytest.mark.parametrize("odd", [None, "3", -1, True, 1.5, [], "absent"])
def test_odd_counts_count_as_not_told(odd: Any) -> None:
    world, conversation = world_with()
    body = {"conversation_sid": conversation.sid}
    names = ("unread_messages_count", "messages_count", "participants_count")
    if odd != "absent":
        body |= dict.fromkeys(names, odd)
    world.service.fault("/Conversations/", "GET", times=9, response=Response(200, body))
    assert unread(world, conversation) is None
    sid = conversation.sid
    assert world.result(lambda _, call: reading(world).messages(call, sid)) == 0
    assert world.result(lambda _, call: reading(world).participants(call, sid)) == 0


@pytest.mark.parametrize("body", [None, {}, {"conversation_sid": "CH1"}])
def test_an_answer_about_another_conversation_means_that_it_is_not_in_the_list(body: Any) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "GET", response=Response(200, body))
    found = error(world, lambda _, call: reading(world).unread(call, conversation.sid))
    assert isinstance(found, NotFoundError)
    assert "not in the user's list" in str(found)


def test_counts_of_a_conversation_that_is_not_in_the_list_are_not_found() -> None:
    world, _ = world_with()
    other = world.service.create("carol", "bob")
    found = error(world, lambda _, call: reading(world).unread(call, other.sid))
    assert isinstance(found, NotFoundError)
    found = error(world, lambda _, call: reading(world).messages(call, other.sid))
    assert isinstance(found, ForbiddenError)


def test_counts_work_before_the_conversation_is_loaded() -> None:
    service = SimulatedService()
    conversation = service.create("carol", "alice")
    service.fault(".channel", "GET", times=1000, status=503)
    world = World(service)
    world.start()
    world.run_until(lambda: world.engine.service is not None)
    assert unread(world, conversation) is None


# The total


def world_of(numbers: list[int | None], **settings: Any) -> World:
    """
    Alice is in one conversation for each number, with so many unread messages.
    """
    service = SimulatedService()
    for number in numbers:
        conversation = service.create("carol", "alice", "bob")
        for _ in range((number or 0) + 1):
            service.send(conversation, "bob", "m")
        if number is not None:
            service.live.read(conversation, "alice", 0)
    service.create("alice", "bob")  # hers, but she is not in it
    world = World(service, **settings).ready()
    service.requests.clear()
    return world


def total(world: World) -> int:
    return world.result(lambda _, call: reading(world).total_unread(call))


@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_the_total_is_taken_from_the_list(page_size: int) -> None:
    world = world_of([2, None, 0, 5])
    world.service.page_size = page_size
    assert total(world) == 7
    assert len(sent(world)) == -(-5 // page_size)


def test_what_the_list_does_not_tell_is_asked_for() -> None:
    world = world_of([2, None, 0, 5])
    world.service.live.lists_unread = False
    assert total(world) == 7
    assert len(sent(world)) == 1 + 3  # not for the one without a horizon, nor for the outsider


def test_so_many_at_a_time_are_asked_for_and_no_more() -> None:
    world = world_of([1] * (PARALLEL_COUNTS * 2 + 5))
    world.service.live.lists_unread = False
    world.service.fault("/Conversations/CH", "GET", times=1000, delay=1.0)
    assert total(world) == PARALLEL_COUNTS * 2 + 5
    arrivals = [round(request.at, 3) for request in sent(world)[1:]]
    waves = [arrivals.count(at) for at in sorted(set(arrivals))]
    assert waves == [PARALLEL_COUNTS, PARALLEL_COUNTS, 5]


def test_a_conversation_that_leaves_the_list_meanwhile_counts_nothing() -> None:
    world = world_of([2, 3])
    world.service.live.lists_unread = False
    gone = next(iter(world.service.conversations))
    world.service.fault(gone, "GET", status=404)
    assert total(world) == 3


def test_a_total_that_cannot_be_told_is_an_error() -> None:
    world = world_of([1] * 60)
    world.service.live.lists_unread = False
    world.service.fault("/Conversations/CH", "GET", times=1000, status=500)
    found = error(world, lambda _, call: reading(world).total_unread(call))
    assert isinstance(found, ServerError)
    assert len(sent(world)) == 1 + PARALLEL_COUNTS  # the rest was not asked for


@pytest.mark.parametrize("body", [None, {"conversations": "many"}, {"conversations": [None, 3]}])
def test_an_odd_list_counts_nothing(body: Any) -> None:
    world = world_of([2])
    world.service.fault("/Conversations", "GET", response=Response(200, body))
    assert total(world) == 0


def test_a_list_that_names_the_same_page_again_has_an_end() -> None:
    world = world_of([2])
    again = {"conversations": [{"unread_messages_count": 1}], "meta": {"next_token": "x"}}
    world.service.fault("/Conversations", "GET", times=99, response=Response(200, again))
    assert total(world) == 2


# Answers that are used again


def test_a_count_is_not_asked_for_again_within_the_interval() -> None:
    world, conversation = world_with(choices=Choices(http_cache_interval=4.0))
    for _ in range(3):
        assert unread(world, conversation) is None
        world.run(1.0)
    assert len(sent(world)) == 1
    world.run(2.0)
    unread(world, conversation)
    assert len(sent(world)) == 2


def test_counts_of_one_conversation_come_from_one_answer() -> None:
    world, conversation = world_with()
    sid = conversation.sid
    world.result(lambda _, call: reading(world).messages(call, sid))
    world.result(lambda _, call: reading(world).participants(call, sid))
    assert len(sent(world)) == 1


def test_no_interval_means_that_each_time_is_asked() -> None:
    world, conversation = world_with(choices=Choices(http_cache_interval=0.0))
    unread(world, conversation)
    unread(world, conversation)
    assert len(sent(world)) == 2


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("PT1S", 1.0), ("PT0S", 0.0), ("PT2M", 120.0), (None, 5.0), ("soon", 5.0), (3, 5.0)],
)
def test_the_interval_is_the_services_as_meant(told: Any, seconds: float) -> None:
    service = SimulatedService()
    service.options = {"http_cache_interval": told}
    world = World(service).ready()
    configuration = world.engine.ready_service().configuration
    assert configuration.cache_interval == seconds


def test_errors_are_not_used_again() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "GET", status=500)
    operation = lambda _, call: reading(world).unread(call, conversation.sid)  # noqa: E731
    assert isinstance(error(world, operation), ServerError)
    assert unread(world, conversation) is None


def test_what_the_client_changes_is_not_hidden_by_an_older_answer() -> None:
    world, conversation = world_with()
    other = world.service.create("carol", "alice")
    assert unread(world, conversation) is None
    assert unread(world, other) is None
    set_to(world, conversation, 0)
    world.service.requests.clear()
    assert unread(world, conversation) == 2
    assert unread(world, other) is None
    assert len(sent(world)) == 1  # about the other one nothing was changed


def test_a_change_that_failed_may_have_happened() -> None:
    world, conversation = world_with()
    unread(world, conversation)
    world.service.fault("/Conversations/", "POST", status=500, is_carried_out=True)
    record = world.record(conversation.sid)
    error(world, lambda _, call: reading(world).set_horizon(call, record, 0))
    assert unread(world, conversation) == 2


def test_an_answer_that_is_overtaken_by_a_change_is_not_kept() -> None:
    world, conversation = world_with()
    world.service.fault(
        "/Conversations/",
        "GET",
        delay=1.0,
        response=Response(
            200,
            {
                "conversation_sid": conversation.sid,
                "unread_messages_count": 77,
            },
        ),
    )
    slow = world.call(lambda _, call: reading(world).unread(call, conversation.sid))
    set_to(world, conversation, 0)
    world.run_until(lambda: slow.is_settled)
    assert slow.result() == 77
    assert unread(world, conversation) == 2


def test_old_answers_are_forgotten() -> None:
    scheduler = Scheduler()
    cache = AnswerCache(scheduler)
    cache.lifetime = 5.0
    for number in range(3):
        scheduler.run(float(number))
        cache.keep(f"https://x/{number}", UpstreamResponse(status=200), changes=0)
    scheduler.run(5.5)
    assert cache.get("https://x/0") is None
    assert cache.get("https://x/1") is not None
    cache.keep("https://x/1", UpstreamResponse(status=201), changes=0)
    scheduler.run(8.0)
    found = cache.get("https://x/1")
    assert found is not None
    assert found.status == 201
    cache.keep("https://x/9", UpstreamResponse(status=200), changes=0)
    assert list(cache._kept) == ["https://x/1", "https://x/9"]


def test_changes_elsewhere_drop_nothing() -> None:
    cache = AnswerCache(Scheduler())
    cache.lifetime = 5.0
    url = f"https://x/Conversations/CH{'1' * 32}"
    cache.keep(url, UpstreamResponse(status=200), changes=0)
    cache.changed("https://x/Users/bob")
    cache.changed(f"https://x/Conversations/CH{'2' * 32}/Messages")
    assert cache.get(url) is not None
    cache.changed(f"https://x/Conversations/CH{'1' * 32}/Messages")
    assert cache.get(url) is None


# Durations and the configuration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1S", 1.0),
        ("PT5S", 5.0),
        ("PT0.5S", 0.5),
        ("PT0,25S", 0.25),
        ("PT1M30S", 90.0),
        ("PT2H", 7200.0),
        ("P1D", 86_400.0),
        ("P1W", 604_800.0),
        ("P1DT1H1M1S", 90_061.0),
        ("P1Y", 31_536_000.0),
        ("P2M", 5_184_000.0),
        ("PT0S", 0.0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1DT", "5", "1S", "PT1", "pt1s", "PT-1S", "-PT1S", "PT1S ", "PT1S\n"),
        *("P1S", "PT1M1H", "PT" + "9" * 400 + "S", "PT\uff11S", None, 5, 5.0, True, ["PT1S"]),
    ],
)
def test_what_is_no_duration_is_none(text: Any) -> None:
    assert duration(text) is None


@pytest.mark.parametrize(
    ("told", "limit"), [(7, 7), (None, 100), (0, 100), (-1, 100), ("7", 100), (True, 100)]
)
def test_the_limit_of_users_is_the_services(told: Any, limit: int) -> None:
    assert decode(user_infos_to_subscribe=told).users_to_subscribe == limit
    chosen = Choices(user_infos_to_subscribe=3, typing_indicator_timeout=2.0)
    configuration = decode(chosen, user_infos_to_subscribe=told)
    assert configuration.users_to_subscribe == 3
    assert configuration.typing_timeout == 2.0


def decode(choices: Choices | None = None, /, **options: Any) -> Any:
    links = dict.fromkeys(("conversations", "my_conversations", "users"), "https://x/y")
    body: dict[str, Any] = {
        "identity": "alice",
        "sync_objects": {"my_conversations": "alice.channels"},
        "links": links,
        "options": options,
    }
    return decode_configuration(UpstreamResponse(status=200, body=body), choices)
