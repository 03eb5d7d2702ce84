"""
What is wanted and how the server is told: rounds, batches, answers.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from conversations._core.promises import spawn
from conversations._core.sync import (
    EntityRemoved,
    ItemAdded,
    SubscriptionRefused,
    SyncEvent,
    SyncList,
)
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from conversations.errors import (
    ConnectionLostError,
    ForbiddenError,
    service_error,
)
from tests.core.sync.harness import FIRST_CORRELATION_ID, World
from tests.core.sync.service import BASE_URL, REPLAY, failed, terminal


def sent(world: World, number: int = -1) -> dict[str, Any]:
    return world.posts[number]


def answer(world: World, what: str, number: int = -1, **fields: Any) -> None:
    """
    Answer every entry of a request.
    """
    body = sent(world, number)
    for entry in body["requests"]:
        world.client.receive(*terminal(what, body, entry, **fields))
    world.run()


def fail(world: World, status: int, number: int = -1) -> None:
    body = sent(world, number)
    for entry in body["requests"]:
        world.client.receive(*failed(body, entry, status))
    world.run()


def silent_world() -> tuple[World, SyncList, list[SyncEvent]]:
    """
    A world with one list, whose server accepts subscriptions and says no more.
    """
    world = World()
    world.service.confirms = False
    opened, events = world.open_list(world.service.add("list", "l"))
    world.run(0.02)
    return world, opened, events


# requests


def test_the_request_of_a_subscription() -> None:
    world = World()
    document = world.service.add("document", "d", {})
    messages = world.service.add("list", "l")
    messages.append({})
    world.open_document(document)
    world.open_list(messages)
    world.run(0.02)
    request = world.service.requests[-1]
    assert request.method == "POST"
    assert request.url == f"{BASE_URL}/v4/Subscriptions"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Twilio-Request-Id"].startswith("RQ")
    assert sent(world) == {
        "event_protocol_version": 4,
        "action": "establish",
        "correlation_id": FIRST_CORRELATION_ID,
        "retried_requests": 0,
        "ttl_in_s": -1,
        "requests": [
            {"object_sid": document.sid, "object_type": "document", "last_event_id": 0},
            {"object_sid": messages.sid, "object_type": "list", "last_event_id": 0},
        ],
    }


def test_a_root_without_position_is_subscribed_from_null() -> None:
    world = World()
    entity = world.service.add("list", "l")
    entity.extra_root = {"last_event_id": None}
    opened, _ = world.open_list(entity)
    assert opened.position is None
    world.settle()
    assert sent(world)["requests"][0]["last_event_id"] is None
    assert opened.position == -1


def test_the_request_of_a_cancellation() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    opened.close()
    world.settle()
    assert sent(world) == {
        "event_protocol_version": 4,
        "action": "cancel",
        "correlation_id": FIRST_CORRELATION_ID + 1,
        "retried_requests": 0,
        "ttl_in_s": -1,
        "requests": [{"object_sid": opened.sid, "object_type": "list"}],
    }


# rounds


def test_a_wave_of_openings_shares_a_request() -> None:
    world = World()
    entities = [world.service.add("list", f"l{number}") for number in range(5)]
    for entity in entities:
        world.open_list(entity)
        world.run(0.002)
    assert world.posts == []
    world.run(0.015)
    assert world.actions() == [("establish", [entity.sid for entity in entities])]


def test_opening_and_closing_within_a_wave_sends_nothing() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    opened.close()
    world.settle()
    assert world.posts == []


def test_establish_and_cancel_leave_together() -> None:
    world = World()
    first, _ = world.open_list(world.service.add("list", "l1"))
    world.settle()
    second, _ = world.open_list(world.service.add("list", "l2"))
    first.close()
    world.run(0.02)
    assert world.actions()[1:] == [("establish", [second.sid]), ("cancel", [first.sid])]


def test_the_limit_of_a_reply_divides_later_requests_which_leave_at_once() -> None:
    world = World()
    world.service.reply["max_batch_size"] = 2
    world.open_list(world.service.add("list", "first"))
    world.settle()
    for number in range(5):
        world.open_list(world.service.add("list", f"l{number}"))
    world.run(0.02)
    assert [len(body["requests"]) for body in world.posts] == [1, 2, 2, 1]
    ids = [body["correlation_id"] for body in world.posts]
    assert ids == list(range(FIRST_CORRELATION_ID, FIRST_CORRELATION_ID + 4))


def test_the_first_requests_have_up_to_a_thousand_entries() -> None:
    world = World(is_connected=False)
    for number in range(1001):
        world.open_list(world.service.add("list", f"l{number}"))
    world.client.connected()
    world.run()
    assert [len(body["requests"]) for body in world.posts] == [1000, 1]


@pytest.mark.parametrize("limit", [0, -5, None, "2", True])
def test_a_nonsensical_limit_is_ignored(limit: object) -> None:
    world = World()
    world.service.reply = {"max_batch_size": limit}
    world.open_list(world.service.add("list", "first"))
    world.settle()
    for number in range(5):
        world.open_list(world.service.add("list", f"l{number}"))
    world.settle()
    assert len(world.posts) == 2


def test_nothing_is_sent_while_disconnected() -> None:
    world = World(is_connected=False)
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.run(60)
    assert world.posts == []
    world.client.connected()
    world.run()
    assert world.actions() == [("establish", [opened.sid])]


# answers


def test_notifications_may_overtake_the_reply() -> None:
    world = World()
    world.service.confirms = False
    entity = world.service.add("list", "l")
    opened, events = world.open_list(entity)
    world.service.is_holding = True
    world.run(0.02)
    entity.append({"n": 0})
    world.service.confirm(sent(world))
    world.deliver()
    assert [event.key for event in events if isinstance(event, ItemAdded)] == [0]
    world.service.release()
    world.run(120)
    assert len(world.posts) == 1
    assert opened.position == 0


def test_a_live_subscription_is_left_alone() -> None:
    world = World()
    world.open_list(world.service.add("list", "l"))
    world.settle()
    world.run(600)
    assert len(world.posts) == 1


def test_answers_for_another_request_are_dropped() -> None:
    world, opened, _ = silent_world()
    body = {**sent(world), "correlation_id": FIRST_CORRELATION_ID + 77}
    world.client.receive(*failed(body, body["requests"][0], 403))
    without_id = dict(failed(sent(world), body["requests"][0], 403)[1])
    del without_id["correlation_id"]
    world.client.receive(REPLAY, without_id)
    other = {"object_sid": "ES_other", "object_type": "list"}
    world.client.receive(*failed(sent(world), other, 403))
    world.run()
    assert not opened.is_closed
    answer(world, "established", replay_status="completed", last_event_id=5)
    assert opened.position == 5


def test_a_cancel_answer_for_an_establish_is_no_answer() -> None:
    world, opened, _ = silent_world()
    answer(world, "canceled")
    answer(world, "established", replay_status="completed", last_event_id=5)
    assert opened.position == 5


def test_an_established_answer_for_a_cancel_is_no_answer() -> None:
    world, opened, _ = silent_world()
    answer(world, "established", replay_status="completed", last_event_id=-1)
    opened.close()
    world.run(0.02)
    answer(world, "established", replay_status="completed", last_event_id=-1)
    world.run(10)
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "cancel"]


def test_a_cancel_that_fails_is_done() -> None:
    world, opened, _ = silent_world()
    answer(world, "established", replay_status="completed", last_event_id=-1)
    opened.close()
    world.run(0.02)
    fail(world, 404)
    world.run(600)
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


# the delivery watch


def test_an_unanswered_establish_is_sent_again_after_the_estimated_delivery() -> None:
    world, opened, _ = silent_world()
    world.run(9.9)
    assert len(world.posts) == 1
    world.run(0.1)
    assert world.actions() == [("establish", [opened.sid])] * 2
    assert sent(world)["retried_requests"] == 1
    assert sent(world)["correlation_id"] == FIRST_CORRELATION_ID + 1


def test_only_those_without_an_answer_are_sent_again() -> None:
    world = World()
    world.service.confirms = False
    first, _ = world.open_list(world.service.add("list", "l1"))
    second, _ = world.open_list(world.service.add("list", "l2"))
    world.run(0.02)
    body = sent(world)
    established = {"replay_status": "completed", "last_event_id": -1}
    world.client.receive(*terminal("established", body, body["requests"][0], **established))
    third, _ = world.open_list(world.service.add("list", "l3"))
    world.service.reply = {"estimated_delivery_in_ms": 60000}
    world.run(12)
    assert world.actions() == [
        ("establish", [first.sid, second.sid]),
        ("establish", [third.sid]),
        ("establish", [second.sid]),
    ]
    assert sent(world)["retried_requests"] == 1


def test_the_watch_waits_as_long_as_something_arrives() -> None:
    world = World()
    world.service.confirms = False
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.run(0.02)
    for number in range(4):
        world.run(8)
        message_type, payload = entity.notification(entity.append({"n": number}))
        payload["correlation_id"] = FIRST_CORRELATION_ID
        world.client.receive(message_type, payload)
    world.run(9.9)
    assert len(world.posts) == 1
    world.run(0.1)
    assert len(world.posts) == 2
    assert sent(world)["requests"][0]["last_event_id"] == 3
    assert opened.position == 3


@pytest.mark.parametrize("delivery", [None, 0, -1, "10000", True])
def test_without_an_estimate_ten_seconds_are_waited(delivery: object) -> None:
    world = World()
    world.service.confirms = False
    world.service.reply = {"estimated_delivery_in_ms": delivery}
    world.open_list(world.service.add("list", "l"))
    world.run(0.02)
    world.run(9.9)
    assert len(world.posts) == 1
    world.run(0.1)
    assert len(world.posts) == 2


def test_a_reply_that_is_not_json_counts_as_accepted() -> None:
    world = World()
    world.service.reply = b""
    world.open_list(world.service.add("list", "l"))
    world.settle()
    world.run(600)
    assert len(world.posts) == 1


def test_an_unknown_replay_status_is_asked_for_again() -> None:
    world, opened, _ = silent_world()
    answer(world, "established", replay_status="pending", last_event_id=5)
    world.run(10)
    assert len(world.posts) == 2
    assert opened.position == -1


def test_an_unanswered_cancel_is_sent_again() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    world.service.confirms = False
    opened.close()
    world.run(0.02)
    world.run(10)
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "cancel"]
    assert sent(world)["retried_requests"] == 1
    answer(world, "canceled")
    world.run(600)
    assert len(world.posts) == 3


def test_closing_without_an_answer_ends_in_a_cancel() -> None:
    world, opened, _ = silent_world()
    opened.close()
    world.run(1)
    assert len(world.posts) == 1  # never two requests for one sid
    world.run(9)
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


def test_live_events_wait_for_the_watch_at_most() -> None:
    world, _, events = silent_world()
    entity = world.service.entities[0]
    world.client.receive(*entity.notification(entity.append({"n": 0})))
    world.run(9.9)
    assert events == []
    world.run(0.1)
    assert len(events) == 1


# closing and opening again


def test_a_closed_entity_is_canceled_once_established() -> None:
    world, opened, events = silent_world()
    opened.close()
    world.run(0.02)
    assert len(world.posts) == 1
    answer(world, "established", replay_status="completed", last_event_id=-1)
    assert world.actions()[1:] == [("cancel", [opened.sid])]
    assert events == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_closed_entity_that_fails_is_forgotten(status: int) -> None:
    world, opened, events = silent_world()
    opened.close()
    fail(world, status)
    world.run(600)
    assert len(world.posts) == 1
    assert events == []
    assert len(world.service.reads) == 1


def test_a_closed_entity_whose_replay_is_interrupted_is_forgotten() -> None:
    world, opened, _ = silent_world()
    opened.close()
    answer(world, "established", replay_status="interrupted")
    world.run(600)
    assert len(world.posts) == 1


def test_an_entity_closed_by_what_an_interrupted_replay_brought_is_forgotten() -> None:
    world = World()
    world.service.confirms = False
    entity = world.service.add("list", "l")
    events: list[SyncEvent] = []

    def close(event: SyncEvent) -> None:
        events.append(event)
        opened.close()

    opened = world.get(world.client.open_list("l", close))
    world.run(0.02)
    entity.append({})
    entity.append({})
    message_type, payload = entity.notification(entity.log[1])
    payload["correlation_id"] = FIRST_CORRELATION_ID
    world.client.receive(message_type, payload)
    answer(world, "established", replay_status="interrupted")
    world.run(600)
    assert len(events) == 1
    assert len(world.posts) == 1


def test_reopening_a_live_entity_establishes_from_the_new_position() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.settle()
    opened.close()
    entity.append({})
    again, _ = world.open_list(entity)
    assert again is not opened
    world.settle()
    assert world.actions() == [("establish", [entity.sid])] * 2
    assert sent(world)["requests"][0]["last_event_id"] == 0


def test_reopening_waits_for_the_pending_answer_and_does_not_take_it_as_its_own() -> None:
    world, opened, _ = silent_world()
    entity = world.service.entities[0]
    opened.close()
    again, events = world.open_list(entity)
    lost = entity.notification(entity.append({"n": 0}))[1]
    lost["correlation_id"] = FIRST_CORRELATION_ID
    world.client.receive(REPLAY, lost)  # of the old replay: no proof that nothing is missing
    world.run(0.02)
    assert len(world.posts) == 1
    world.service.confirms = True
    answer(world, "established", replay_status="completed", last_event_id=9)
    assert again.position == -1
    world.settle()
    assert world.actions() == [("establish", [entity.sid])] * 2
    assert sent(world)["requests"][0]["last_event_id"] == -1
    assert again.position == 0
    assert len(events) == 1


def test_reopening_while_canceling_establishes_after_the_answer() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.settle()
    world.service.confirms = False
    opened.close()
    world.run(0.02)
    world.open_list(entity)
    world.run(0.02)
    assert len(world.posts) == 2
    world.service.confirms = True
    answer(world, "canceled")
    world.settle()
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "establish"]


def test_reopening_while_canceling_without_an_answer_establishes_after_the_watch() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.settle()
    world.service.confirms = False
    opened.close()
    world.run(0.02)
    world.open_list(entity)
    world.run(10)
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "establish"]


# failures of one entry


def test_a_refused_entity_is_not_asked_for_again_until_it_is_reopened() -> None:
    world = World()
    entity = world.service.add("list", "l")
    world.service.forbidden.add(entity.sid)
    opened, events = world.open_list(entity)
    world.settle()
    (refused,) = events
    assert isinstance(refused, SubscriptionRefused)
    assert isinstance(refused.error, ForbiddenError)
    assert (refused.error.status, refused.error.code) == (403, 54007)
    assert entity.sid in str(refused.error)
    assert not opened.is_closed
    world.reconnect()
    world.run(600)
    assert len(world.posts) == 1
    opened.close()
    world.settle()
    assert len(world.posts) == 1
    world.service.forbidden.clear()
    world.open_list(entity)
    world.settle()
    assert len(world.posts) == 2


@pytest.mark.parametrize("status", [400, 401, 410])
def test_other_refusals_are_final_too(status: int) -> None:
    world, _, events = silent_world()
    fail(world, status)
    world.run(600)
    assert len(world.posts) == 1
    assert isinstance(events[0], SubscriptionRefused)


def test_what_waits_is_told_before_the_refusal() -> None:
    world, _, events = silent_world()
    entity = world.service.entities[0]
    world.client.receive(*entity.notification(entity.append({})))
    fail(world, 403)
    assert [type(event) for event in events] == [ItemAdded, SubscriptionRefused]


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_a_passing_failure_is_tried_again_with_growing_pauses(status: int) -> None:
    world, _, events = silent_world()
    for number, pause in enumerate([0.1, 0.2, 0.4, 0.8], start=1):
        fail(world, status)
        world.run(pause - 0.01)
        assert len(world.posts) == number
        world.run(0.01)
        assert len(world.posts) == number + 1
    answer(world, "established", replay_status="completed", last_event_id=-1)
    world.run(600)
    assert len(world.posts) == 5
    assert events == []


def test_the_pause_of_one_entity_does_not_hold_back_another() -> None:
    world, _, _ = silent_world()
    for _ in range(4):
        fail(world, 503)
        world.run(1)
    fail(world, 503)
    before = len(world.posts)
    other, _ = world.open_list(world.service.add("list", "other"))
    world.run(0.02)
    assert world.actions()[before:] == [("establish", [other.sid])]


# failures of the whole request


@pytest.mark.parametrize("error", [service_error(500), ConnectionLostError(), ValueError("bug")])
def test_a_failed_request_is_repeated_with_growing_pauses(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    good = {"max_batch_size": 1000}
    world.service.reply = [error, error, error, good]
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.run(0.015)
    for number, pause in enumerate([0.1, 0.2, 0.4], start=1):
        world.run(pause - 0.01)
        assert len(world.posts) == number
        world.run(0.01)
        assert len(world.posts) == number + 1
    world.settle()
    assert world.actions() == [("establish", [opened.sid])] * 4
    ids = {request.headers["Twilio-Request-Id"] for request in world.service.requests}
    assert len(ids) == 5
    assert sent(world)["retried_requests"] == 0
    assert world.errors == []
    bugs = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(bugs) == (3 if isinstance(error, ValueError) else 0)


def test_pauses_are_two_minutes_at_most_and_start_again_after_success() -> None:
    world = World()
    world.service.reply = [service_error(503)] * 14 + [{}, service_error(503), {}]
    world.open_list(world.service.add("list", "l1"))
    world.run(0.02)
    world.run(sum(min(0.1 * 2**number, 120) for number in range(12)))
    assert len(world.posts) == 13
    world.run(119)
    assert len(world.posts) == 13
    world.run(1)
    world.run(120)
    assert len(world.posts) == 15
    world.settle()
    world.open_list(world.service.add("list", "l2"))
    world.run(0.02)
    world.run(0.1)
    assert len(world.posts) == 17


def test_the_server_may_say_how_long_to_wait() -> None:
    world = World()
    world.service.reply = [service_error(429, retry_after=7.0), {}]
    world.open_list(world.service.add("list", "l1"))
    world.run(0.02)
    world.open_list(world.service.add("list", "l2"))
    world.run(6.9)
    assert len(world.posts) == 1
    world.run(0.1)
    assert len(world.posts) == 2
    assert len(sent(world)["requests"]) == 2


@pytest.mark.parametrize(("status", "is_reported"), [(403, True), (401, True), (503, False)])
def test_a_refusal_of_requests_as_such_is_reported_once(status: int, is_reported: bool) -> None:
    world = World()
    world.service.reply = [service_error(status)] * 3 + [{}]
    world.open_list(world.service.add("list", "l"))
    world.run(0.02)
    world.run(5)
    assert len(world.posts) == 4
    assert world.errors == ([("subscribe", status)] if is_reported else [])


def test_a_failing_report_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    def report(what: str, error: Exception) -> None:
        raise KeyError(what)

    world.client._hub._on_error = report
    world.service.reply = [service_error(403), {}]
    world.open_list(world.service.add("list", "l"))
    world.run(0.02)
    world.run(1)
    assert len(world.posts) == 2
    assert "reporting an error failed" in caplog.text


def test_a_failed_cancel_is_repeated() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    world.service.reply = [service_error(503), {}]
    opened.close()
    world.settle()
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "cancel"]


def test_a_failed_cancel_of_what_was_reopened_meanwhile_is_not_repeated() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, _ = world.open_list(entity)
    world.settle()
    world.service.is_holding = True
    world.service.reply = [service_error(503), {}, {}]
    opened.close()
    world.run(0.02)
    task = spawn(world.scheduler, world.client.open_list("l", lambda event: None))
    world.run()
    read = world.service.held.pop()
    read.resolve(None)
    world.run()
    assert task.is_settled
    world.service.is_holding = False
    world.service.release()
    world.settle()
    assert [action for action, _ in world.actions()] == ["establish", "cancel", "establish"]


def test_a_closed_entity_whose_request_failed_is_forgotten() -> None:
    world = World()
    world.service.is_holding = True
    world.service.reply = [service_error(503)]
    task = spawn(world.scheduler, world.client.open_list("l", lambda event: None))
    world.service.add("list", "l")
    world.run()
    world.service.release()
    world.run(0.02)
    task.result().close()
    world.service.release()
    world.settle()
    assert len(world.posts) == 1


# interruption


def test_an_interrupted_replay_that_got_somewhere_goes_on_at_once() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, events = world.open_list(entity)
    world.service.interrupted.add(entity.sid)
    world.run()
    for number in range(8):
        entity.append({"n": number})
    world.run(0.02)  # establish
    for _ in range(3):  # 4 of 8, 2 of 4, 1 of 2
        world.deliver()
    assert [body["requests"][0]["last_event_id"] for body in world.posts] == [-1, 3, 5, 6]
    world.service.interrupted.clear()
    world.settle()
    assert [event.key for event in events if isinstance(event, ItemAdded)] == [
        *range(8),
    ]
    assert opened.position == 7


def test_a_replay_interrupted_without_progress_pauses() -> None:
    world, _, _ = silent_world()
    for number, pause in enumerate([0.1, 0.2, 0.4, 0.8], start=1):
        answer(world, "established", replay_status="interrupted")
        world.run(pause - 0.01)
        assert len(world.posts) == number
        world.run(0.01)
        assert len(world.posts) == number + 1
    assert len(world.service.reads) == 1


# the connection


def test_a_reconnection_establishes_everything_from_its_position_at_once() -> None:
    world = World()
    messages = world.service.add("list", "l")
    roster = world.service.add("map", "m")
    world.open_list(messages)
    world.open_map(roster)
    world.settle()
    world.service.append(messages, {})
    world.deliver()
    world.reconnect()
    assert len(world.posts) == 2
    positions = [entry["last_event_id"] for entry in sent(world)["requests"]]
    assert positions == [0, -1]
    assert "reason" not in sent(world)


def test_a_second_connection_event_without_a_loss_is_a_reconnection_too() -> None:
    world = World()
    world.open_list(world.service.add("list", "l"))
    world.settle()
    world.client.connected()
    world.settle()
    assert len(world.posts) == 2


def test_a_reconnection_forgets_what_was_to_be_canceled() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    other, _ = world.open_list(world.service.add("list", "other"))
    world.settle()
    world.drop_connection()
    opened.close()
    world.client.connected()
    world.settle()
    assert world.actions()[1:] == [("establish", [other.sid])]


def test_answers_to_requests_of_an_earlier_connection_count_for_nothing() -> None:
    world, opened, _ = silent_world()
    world.reconnect()
    answer(world, "established", 0, replay_status="completed", last_event_id=5)
    assert opened.position == -1
    answer(world, "established", 1, replay_status="completed", last_event_id=6)
    assert opened.position == 6


@pytest.mark.parametrize("reply", [{"max_batch_size": 1}, ConnectionLostError()])
def test_replies_to_requests_of_an_earlier_connection_count_for_nothing(reply: Any) -> None:
    world = World()
    world.service.confirms = False
    world.open_list(world.service.add("list", "l1"))
    world.open_list(world.service.add("list", "l2"))
    world.service.is_holding = True
    world.service.reply = [reply, {}]
    world.run(0.02)
    world.reconnect()
    world.service.release()
    world.run(9)
    assert [len(body["requests"]) for body in world.posts] == [2, 2]


def test_a_reconnection_ends_pauses() -> None:
    world = World()
    world.service.reply = [service_error(429, retry_after=600.0), {}]
    world.open_list(world.service.add("list", "l"))
    world.run(0.02)
    world.reconnect()
    assert len(world.posts) == 2


def test_live_events_wait_for_the_next_connection_however_its_loss_is_noticed() -> None:
    world = World()
    entity = world.service.add("list", "l")
    _, events = world.open_list(entity)
    world.settle()
    world.service.is_holding = True
    world.service.reply = [ConnectionLostError(), {}]
    world.reconnect()
    entity.append({"n": 0})
    world.client.receive(*entity.notification(entity.append({"n": 1})))
    world.service.is_holding = False
    world.service.release()  # the request fails before we are told that we are disconnected
    world.run()
    assert events == []
    world.reconnect()
    world.settle()
    assert [event.key for event in events if isinstance(event, ItemAdded)] == [0, 1]


def test_a_lost_connection_leaves_no_timer_behind() -> None:
    world = World()
    world.open_list(world.service.add("list", "l"))
    world.settle()
    world.drop_connection()
    assert world.scheduler.next_deadline() is None


# lifetime


def test_when_the_lifetime_is_over_everything_is_established_again_and_says_why() -> None:
    world = World()
    world.service.reply["ttl_in_s"] = 60
    world.service.reply["max_batch_size"] = 1
    first, _ = world.open_list(world.service.add("list", "l1"))
    world.settle()
    second, _ = world.open_list(world.service.add("list", "l2"))
    world.settle()
    world.run(59)
    assert len(world.posts) == 2
    world.run(1)
    world.settle()
    assert world.actions()[2:] == [("establish", [first.sid]), ("establish", [second.sid])]
    assert [body.get("reason") for body in world.posts] == [None, None, "ttl", None]
    world.run(60)
    world.settle()
    assert [body.get("reason") for body in world.posts[4:]] == ["ttl", None]


def test_only_what_is_live_is_established_again_when_the_lifetime_is_over() -> None:
    world = World()
    world.service.reply["ttl_in_s"] = 60
    live, _ = world.open_list(world.service.add("list", "live"))
    forbidden = world.service.add("list", "forbidden")
    world.service.forbidden.add(forbidden.sid)
    world.open_list(forbidden)
    world.settle()
    world.run(60)
    world.settle()
    assert world.actions()[1:] == [("establish", [live.sid])]


def test_the_lifetime_starts_with_the_first_reply_that_names_it() -> None:
    world = World()
    world.service.reply["ttl_in_s"] = 60
    world.open_list(world.service.add("list", "l1"))
    world.settle()
    world.run(30)
    world.open_list(world.service.add("list", "l2"))
    world.settle()
    world.run(30)
    assert sent(world)["reason"] == "ttl"


def test_a_lifetime_without_live_subscriptions_sends_nothing() -> None:
    world = World()
    world.service.reply["ttl_in_s"] = 60
    opened, _ = world.open_list(world.service.add("list", "l1"))
    world.settle()
    opened.close()
    world.settle()
    world.run(60)
    world.open_list(world.service.add("list", "l2"))
    world.settle()
    assert [body.get("reason") for body in world.posts] == [None, None, None]


def test_a_reconnection_stops_the_lifetime() -> None:
    world = World()
    world.service.reply["ttl_in_s"] = 60
    world.open_list(world.service.add("list", "l1"))
    world.settle()
    world.run(50)
    world.reconnect()
    world.settle()
    world.run(50)
    assert len(world.posts) == 2
    world.run(10)
    assert sent(world)["reason"] == "ttl"


# cancellation by the server


def cancel_by_server(world: World, sid: str, **fields: Any) -> None:
    payload = {
        "event_type": "subscription_canceled",
        "event_protocol_version": 4,
        "events": [{"object_sid": sid, "object_type": "list"}],
        **fields,
    }
    world.client.receive(REPLAY, payload)
    world.run()


def test_what_the_server_cancels_is_established_again_at_once() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    cancel_by_server(world, opened.sid, correlation_id=None)
    assert world.actions() == [("establish", [opened.sid])] * 2


def test_a_cancellation_without_any_correlation_id_is_late() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    cancel_by_server(world, opened.sid)
    cancel_by_server(world, "ES_unknown", correlation_id=None)
    world.settle()
    assert len(world.posts) == 1


def test_a_server_that_cancels_again_and_again_is_asked_less_and_less() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    for pause in [0.0, 0.1, 0.2, 0.4, 0.8]:
        before = len(world.posts)
        cancel_by_server(world, opened.sid, correlation_id=None)
        if pause:
            world.run(pause - 0.01)
            assert len(world.posts) == before
            world.run(0.01)
        assert len(world.posts) == before + 1
        world.deliver()
    world.run(10)
    cancel_by_server(world, opened.sid, correlation_id=None)
    assert len(world.posts) == 7


def test_a_cancellation_by_the_server_while_we_ask_is_ignored() -> None:
    world, opened, _ = silent_world()
    cancel_by_server(world, opened.sid, correlation_id=None)
    assert len(world.posts) == 1
    answer(world, "established", replay_status="completed", last_event_id=-1)
    opened.close()
    world.run(0.02)
    cancel_by_server(world, opened.sid, correlation_id=None)
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


# gaps


def test_live_events_that_never_came_are_replayed_by_establishing_again() -> None:
    world = World()
    entity = world.service.add("list", "l")
    opened, events = world.open_list(entity)
    world.settle()
    world.run(60)
    lost = world.service.append(entity, {"n": "lost"})
    world.service.queue.clear()
    world.service.append(entity, {"n": "seen"})
    world.deliver()
    world.run(1)
    assert [event.key for event in events if isinstance(event, ItemAdded)] == [1]
    assert sent(world)["requests"][0]["last_event_id"] == lost.id - 1
    world.settle()
    assert [event.key for event in events if isinstance(event, ItemAdded)] == [1, 0]
    assert opened.position == 1
    world.run(600)
    assert len(world.posts) == 2


def gap(world: World) -> None:
    """
    Lose one event, see the next, and be patient.
    """
    entity = world.service.entities[0]
    world.service.append(entity, {})
    world.service.queue.clear()
    world.service.append(entity, {})
    world.deliver()
    world.run(1)


def test_gaps_make_a_live_subscription_repeat_every_ten_seconds_at_most() -> None:
    world = World()
    world.open_list(world.service.add("list", "l"))
    world.settle()
    gap(world)
    gap(world)
    assert len(world.posts) == 1
    world.run(10)
    world.settle()
    assert len(world.posts) == 2
    world.run(60)
    assert len(world.posts) == 2


def test_a_repetition_that_was_overtaken_by_the_connection_or_the_end_is_dropped() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    gap(world)
    world.reconnect()
    world.settle()
    world.run(60)
    assert len(world.posts) == 2
    world.reconnect()
    world.settle()
    gap(world)
    opened.close()
    world.settle()
    world.run(60)
    assert [action for action, _ in world.actions()] == [*["establish"] * 3, "cancel"]


def test_a_repetition_of_what_is_being_canceled_is_dropped() -> None:
    world = World()
    opened, _ = world.open_list(world.service.add("list", "l"))
    world.settle()
    gap(world)
    world.service.confirms = False
    opened.close()
    world.run(9.5)
    assert [action for action, _ in world.actions()] == ["establish", "cancel"]


def test_a_gap_while_a_replay_is_asked_for_asks_for_no_other() -> None:
    world = World()
    world.open_list(world.service.add("list", "l"))
    world.settle()
    world.run(60)
    entity = world.service.entities[0]
    world.service.append(entity, {})
    world.service.queue.clear()
    world.service.append(entity, {})
    world.service.reply = [service_error(503, retry_after=5.0), {}]
    cancel_by_server(world, entity.sid, correlation_id=None)
    world.deliver()
    world.run(2)
    assert len(world.posts) == 2
    world.run(5)
    world.settle()
    assert len(world.posts) == 3


# robustness


def test_a_removal_while_a_request_is_pending_is_safe() -> None:
    world, opened, events = silent_world()
    world.client.receive(
        "com.twilio.rtd.cds.list",
        {"event_type": "list_removed", "event": {"id": 1, "list_sid": opened.sid}},
    )
    assert events == [EntityRemoved()]
    assert opened.is_closed
    fail(world, 404)
    world.run(600)
    assert len(world.posts) == 1


def test_other_notifications_are_none_of_our_business() -> None:
    world, opened, events = silent_world()
    world.client.receive("twilio.ipmsg.typing_indicator", {"event_type": "list_removed"})
    world.client.receive("other", {"event_type": "list_removed", "event": {"list_sid": opened.sid}})
    world.client.receive(REPLAY, None)
    world.client.receive(REPLAY, b"\x00")
    assert events == []


def test_a_post_that_never_returns_does_not_keep_others_from_leaving() -> None:
    world = World()

    async def post(request: UpstreamRequest) -> UpstreamResponse:
        world.service.requests.append(request)
        if len(world.service.requests) == 2:
            await spawn(world.scheduler, never(world))
        return UpstreamResponse(status=202, body={})

    world.client._hub.subscriptions._requests._post = post
    world.open_list(world.service.add("list", "l1"))
    world.run(0.02)
    world.open_list(world.service.add("list", "l2"))
    world.run(0.02)
    assert [request.method for request in world.service.requests] == ["GET", "POST"] * 2


async def never(world: World) -> None:
    await spawn(world.scheduler, world.service._hold())


def test_logs_say_which_and_how_many_but_no_content(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="conversations.sync")
    world = World()
    entity = world.service.add("list", "l")
    world.open_list(entity)
    world.settle()
    world.service.append(entity, {"text": "canary"})
    world.deliver()
    world.client.receive(
        REPLAY, {"event_type": "list_canary", "event": {"text": "canary", "list_sid": "ES9"}}
    )
    world.reconnect()
    world.settle()
    assert "1 subscriptions" in caplog.text
    assert "canary" not in caplog.text
