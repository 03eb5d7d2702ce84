"""
Start-up: what is asked for, in which order, how often; and that nothing can spoil it.
"""

from __future__ import annotations

from collections import Counter

import pytest

from conversations._core.conversations import events
from conversations._core.conversations.records import ConversationRecord
from conversations.enums import (
    ConnectionState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ErrorReason,
    SynchronizationStatus,
)
from conversations.errors import (
    ForbiddenError,
    NotFoundError,
    NotReadyError,
    RequestTimeoutError,
    ServerError,
)
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import LOST, START, World, make_token

Level = ConversationSynchronizationStatus

CONNECTED = [
    "CONNECTING",
    "CONNECTED",
    "STARTED",
    "UserSubscribed",
    "Initialized",
]


def service_with(number: int, **data: str) -> SimulatedService:
    """
    A service where alice is in so many conversations with bob.
    """
    service = SimulatedService()
    for position in range(number):
        service.create("bob", "alice", "bob", friendlyName=f"number {position}", **data)
    return service


def conversations(service: SimulatedService) -> list[Conversation]:
    return list(service.conversations.values())


def paths(service: SimulatedService) -> Counter[str]:
    return Counter(
        "Subscriptions" if "Subscriptions" in request.path else request.path.split("/")[2]
        for request in service.requests
    )


def added(world: World) -> list[ConversationRecord]:
    return [
        event.conversation for event in world.told if isinstance(event, events.ConversationAdded)
    ]


def test_the_first_events_come_in_the_promised_order() -> None:
    world = World(service_with(1)).ready()
    assert world.words == [
        *CONNECTED,
        "ConversationAdded",
        "ConversationJoined",
        "level ALL",  # METADATA, and ALL in the same moment
        "CONVERSATIONS_COMPLETED",
        "level ALL",
        "COMPLETED",
    ]


def test_values_are_there_before_the_events() -> None:
    service = service_with(1, uniqueName="x", attributes='{"a": 1}')
    world = World(service)
    creation = world.start()
    world.run_until(lambda: bool(added(world)))
    assert creation.is_settled
    (record,) = added(world)
    snapshot = record.snapshot
    assert (snapshot.friendly_name, snapshot.unique_name) == ("number 0", "x")
    assert snapshot.attributes.value == {"a": 1}
    assert snapshot.status is ConversationStatus.JOINED
    assert world.list.records == {record.sid: record}


@pytest.mark.parametrize("number", [10, 100])
def test_one_page_costs_3n_p_3_requests_and_five_round_trips(number: int) -> None:
    service = service_with(number)
    world = World(service, latency=1.0)
    world.start(timeout=60.0)
    world.settle()
    reads = [request for request in service.requests if "Subscriptions" not in request.path]
    assert len(reads) == 3 * number + 1 + 3
    subscriptions = [request for request in service.requests if "Subscriptions" in request.path]
    assert len(subscriptions) == 2
    assert sum(len(request.body["requests"]) for request in subscriptions) == 3 * number + 2
    # A round trip for the socket, one for init, then five; and the pause of one batch.
    assert world.heard_at - START == pytest.approx(1 + 1 + 5 + 0.015)
    assert world.list.is_completed


@pytest.mark.parametrize(
    ("number", "page_size", "pages"), [(1000, 100, 10), (30, 10, 3), (7, 7, 1)]
)
def test_each_further_page_costs_one_more_round_trip(
    number: int, page_size: int, pages: int
) -> None:
    service = service_with(number)
    service.page_size = page_size
    world = World(service, latency=1.0)
    world.start(timeout=60.0)
    world.settle()
    reads = [request for request in service.requests if "Subscriptions" not in request.path]
    assert len(reads) == 3 * number + pages + 3
    assert paths(service)["Subscriptions"] == pages + 1
    assert world.heard_at - START == pytest.approx(1 + 1 + 5 + (pages - 1) + 0.015)
    assert len(added(world)) == number


def test_create_returns_two_round_trips_after_the_connection() -> None:
    world = World(service_with(1), latency=1.0)
    creation = world.start()
    world.run_until(lambda: creation.is_settled)
    assert world.now - START == pytest.approx(1 + 1 + 2)


def test_no_message_is_read() -> None:
    service = service_with(2)
    for conversation in conversations(service):
        service.send(conversation, "bob", "hello")
    world = World(service).ready()
    assert not any("Items" in request.path for request in service.requests)
    assert all(not list(world.model(one.sid).messages) for one in conversations(service))


def test_a_long_roster_is_read_to_its_end() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    for number in range(130):
        service.add(conversation, f"user {number}")
    world = World(service).ready()
    assert len(world.record(conversation.sid).participants) == 132
    assert sum("Items" in request.path for request in service.requests) == 1
    assert "ParticipantAdded" not in world.words


def test_a_conversation_that_is_not_joined_costs_its_document_alone() -> None:
    service = SimulatedService()
    conversation = service.create("alice")
    world = World(service).ready()
    reads = [request.path for request in service.requests if conversation.sid in request.path]
    assert reads == [f"/v3/Documents/{conversation.sid}.channel"]
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.synchronization_status is Level.METADATA
    assert snapshot.status is ConversationStatus.NOT_PARTICIPATING
    assert world.words[len(CONNECTED) :] == [
        "ConversationAdded",
        "level METADATA",
        "CONVERSATIONS_COMPLETED",
        "COMPLETED",
    ]


def test_an_empty_list_is_completed() -> None:
    world = World().ready()
    assert world.words == [*CONNECTED, "CONVERSATIONS_COMPLETED", "COMPLETED"]


def test_names_that_the_list_leaves_out_are_taken_from_the_document() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    service.objects["odd list"] = conversation.messages
    service.objects["odd roster"] = conversation.roster
    service.update(conversation, messages="odd list", roster="odd roster")
    entry = service.routes.entry

    def without_names(one: Conversation, identity: str) -> dict[str, object]:
        return {**entry(one, identity), "sync_objects": {}}

    service.routes.entry = without_names  # type: ignore[method-assign]
    world = World(service).ready()
    assert world.record(conversation.sid).snapshot.synchronization_status is Level.ALL
    asked = {request.path for request in service.requests}
    assert {"/v3/Lists/odd%20list", "/v3/Maps/odd%20roster"} <= asked


# Failures that pass


@pytest.mark.parametrize(
    "path",
    ["Configuration", "alice.channels", ".info", "Users/", ".channel", ".messages", ".roster"],
)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_passing_fault_delays_the_start_only(path: str, status: int) -> None:
    service = service_with(3)
    service.fault(path, "GET", status=status, times=2)
    world = World(service)
    world.start(timeout=60.0)
    world.settle()
    assert world.words[-1] == "COMPLETED"
    assert len(added(world)) == 3
    assert not any(isinstance(event, events.ErrorOccurred) for event in world.told)


def test_an_answer_that_never_comes_is_asked_for_again_after_30_seconds() -> None:
    service = service_with(1)
    service.fault(".roster", is_silent=True)
    world = World(service).ready()
    world.run(40.0)
    asked = [request.at for request in service.requests if ".roster" in request.path]
    assert asked[1] - asked[0] == pytest.approx(31.0)
    assert world.words[-1] == "COMPLETED"


def test_twilsock_saying_too_many_delays_the_start_only() -> None:
    service = service_with(2)
    service.fault(".channel", twilsock=(429, 51202))
    world = World(service).ready()
    assert world.words[-1] == "COMPLETED"


def messages_of_a_start() -> dict[str, int]:
    world = World(service_with(2)).ready()
    return dict(world.sent)


COUNTS = messages_of_a_start()


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        *(("before", number + 1) for number in range(COUNTS["client"])),
        *(("after", number + 1) for number in range(COUNTS["client"])),
        *(("reply", number + 1) for number in range(COUNTS["server"])),
    ],
)
def test_a_connection_lost_at_any_step_delays_the_start_only(moment: str, number: int) -> None:
    service = service_with(2)
    world = World(service)
    world.cut_at = (moment, number)
    creation = world.start(timeout=60.0)
    world.settle()
    creation.result()
    assert world.cuts == 1
    assert world.words.count("COMPLETED") == 1
    assert sorted(record.sid for record in added(world)) == sorted(service.conversations)
    assert world.words.count("Initialized") == world.words.count("STARTED") == 1
    assert all(
        record.snapshot.synchronization_status is Level.ALL
        for record in world.list.records.values()
    )
    for conversation in conversations(service):
        assert service.connections[-1].subscribed >= {
            conversation.document.sid,
            conversation.messages.sid,
            conversation.roster.sid,
        }


def test_a_connection_that_breaks_again_and_again_delays_the_start_only() -> None:
    service = service_with(5)
    world = World(service)
    world.start(timeout=100.0)
    for _ in range(20):
        world.run(0.55)
        world.cut()
    world.settle()
    assert "COMPLETED" in world.words
    assert len(added(world)) == 5


# Failures that stay


@pytest.mark.parametrize("part", ["channel", "messages", "roster"])
@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_conversation_that_cannot_be_opened_does_not_fail_the_client(
    part: str, status: int
) -> None:
    service = service_with(2)
    broken, fine = conversations(service)
    service.fault(f"{broken.sid}.{part}", status=status, times=99)
    world = World(service).ready()
    assert world.words[-1] == "COMPLETED"
    assert world.record(broken.sid).snapshot.synchronization_status is Level.FAILED
    assert world.record(fine.sid).snapshot.synchronization_status is Level.ALL
    (told,) = [event for event in world.told if isinstance(event, events.ErrorOccurred)]
    assert broken.sid in told.error_info.message
    assert told.error_info.status == status
    is_document = part == "channel"
    assert told.error_info.reason is (
        ErrorReason.OPEN_DOCUMENT_ERROR if is_document else ErrorReason.OPEN_COLLECTION_ERROR
    )
    # Only what has a document is announced.
    assert {record.sid for record in added(world)} == (
        {fine.sid} if is_document else {fine.sid, broken.sid}
    )
    assert len(world.list.records) == 2
    asked = [request for request in service.requests if f"{broken.sid}.{part}" in request.path]
    assert len(asked) == 1


def test_a_document_that_is_refused_fails_at_once_whatever_the_rest_does() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    service.fault(f"{conversation.sid}.channel", status=404, times=99)
    service.fault(".messages", status=503, times=99)
    world = World(service)
    world.start()
    world.run(0.7)
    assert world.record(conversation.sid).snapshot.synchronization_status is Level.FAILED
    world.settle()
    assert sum(".messages" in request.path for request in service.requests) == 1


def test_a_list_that_is_refused_does_not_keep_the_document_from_being_told() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    service.fault(".messages", status=403, times=99)
    service.fault(f"{conversation.sid}.channel", status=503)
    world = World(service).ready()
    assert world.words[len(CONNECTED) :] == [
        "ConversationAdded",
        "ConversationJoined",
        "level FAILED",  # METADATA, and FAILED in the same moment
        "ErrorOccurred",
        "level FAILED",
        "CONVERSATIONS_COMPLETED",
        "COMPLETED",
    ]


def test_a_fault_that_lasts_fails_after_90_seconds_of_connected_time() -> None:
    service = service_with(2)
    broken, _ = conversations(service)
    service.fault(f"{broken.sid}.messages", status=503, times=1000)
    world = World(service)
    world.start()
    world.run(40.0)
    assert world.record(broken.sid).snapshot.synchronization_status is Level.METADATA
    world.attempts.extend([LOST] * 12)
    world.cut()  # this time does not count
    world.run(0.1)
    world.run_until(lambda: world.engine.connection_state is ConnectionState.CONNECTED)
    offline = world.now - START - 40.0
    assert offline > 60.0
    world.settle()
    (told,) = [
        event.error_info
        for event in world.told
        if isinstance(event, events.ErrorOccurred) and event.error_info.status == 503
    ]
    assert told.reason is ErrorReason.OPEN_COLLECTION_ERROR
    assert world.record(broken.sid).snapshot.synchronization_status is Level.FAILED
    asked = [r.at for r in service.requests if f"{broken.sid}.messages" in r.path]
    assert 70.0 < asked[-1] - asked[0] - offline <= 90.5
    assert world.words[-1] == "COMPLETED"


def test_a_list_that_cannot_be_read_fails_the_synchronization() -> None:
    service = service_with(1)
    service.fault("/Users/", "GET", status=500, times=1)
    world = World(service).ready()
    assert world.words == [*CONNECTED, "ErrorOccurred", "FAILED"]
    waiting = world.engine.call("wait", 5.0, world.engine.wait_for_synchronization)
    world.run(0.1)
    assert isinstance(waiting.error, ServerError)
    world.take()

    # synchronize() runs it again, from STARTED.
    world.engine.ready_service().load_conversations()
    again = world.engine.call("wait", 5.0, world.engine.wait_for_synchronization)
    world.settle()
    again.result()
    assert world.words[0] == "STARTED"
    assert world.words[-1] == "COMPLETED"


def test_errors_that_are_kept_are_raised_as_copies() -> None:
    service = service_with(1)
    service.fault("/Users/", "GET", status=500, times=1)
    world = World(service).ready()
    waiting = [
        world.engine.call(f"wait {number}", 5.0, world.engine.wait_for_synchronization)
        for number in range(2)
    ]
    world.run(0.1)
    first, second = (promise.error for promise in waiting)
    assert isinstance(first, ServerError)
    assert isinstance(second, ServerError)
    assert first is not second
    assert (first.operation, second.operation) == ("wait 0", "wait 1")


def test_a_second_page_that_fails_fails_the_synchronization() -> None:
    service = service_with(3)
    service.page_size = 2
    world = World(service)
    world.start()
    world.run_until(lambda: any("/Users/" in str(request) for request in service.requests))
    service.fault("/Users/", "GET", status=400)
    world.settle()
    assert "FAILED" in world.words
    assert "CONVERSATIONS_COMPLETED" not in world.words
    assert len(added(world)) == 2  # what was read before goes on


# What changes while the list is read


def slow_list(service: SimulatedService) -> World:
    """
    A world in which the list has been answered, but the answer is on its way for long.
    """
    service.fault("/Users/", "GET", delay=2.0, response=answer_now(service))
    world = World(service)
    world.start(timeout=60.0)
    world.run(1.0)
    return world


def test_an_answer_older_than_a_removal_brings_nothing_back() -> None:
    service = service_with(2)
    gone, stays = conversations(service)
    world = slow_list(service)
    service.remove(gone, "alice")
    world.settle()
    assert list(world.list.records) == [stays.sid]
    assert [record.sid for record in added(world)] == [stays.sid]


def test_a_conversation_removed_after_the_list_came_is_deleted() -> None:
    service = service_with(2)
    gone, stays = conversations(service)
    world = World(service, latency=1.0)
    world.start(timeout=60.0)
    world.run_until(lambda: world.engine.service is not None and len(world.list.records) == 2)
    service.remove(gone, "alice")
    world.settle()
    assert list(world.list.records) == [stays.sid]
    # It was never opened, so nobody was told of it.
    assert [record.sid for record in added(world)] == [stays.sid]
    assert "ErrorOccurred" not in world.words
    assert world.words[-1] == "COMPLETED"


def test_leaving_a_conversation_that_is_being_opened_does_not_hold_the_start_up() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    service.fault(".messages", is_silent=True)
    world = World(service)
    world.start()
    world.run(1.0)
    assert world.record(conversation.sid).snapshot.synchronization_status is Level.METADATA
    service.remove(conversation, "alice", keep_entry=True)
    world.settle()
    assert world.words[-1] == "COMPLETED"


def test_a_conversation_added_while_the_list_is_read_is_added_once() -> None:
    service = service_with(1)
    world = slow_list(service)
    new = service.create("bob", "alice")
    world.settle()
    assert sorted(record.sid for record in added(world)) == sorted(service.conversations)
    assert world.record(new.sid).snapshot.synchronization_status is Level.ALL
    assert world.words[-1] == "COMPLETED"


def test_what_the_map_says_counts_more_than_an_older_list() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    world = slow_list(service)
    service.set_entry(conversation, "alice", notificationLevel="muted", lastConsumedMessageIndex=7)
    world.settle()
    snapshot = world.record(conversation.sid).snapshot
    assert snapshot.notification_level.value == "muted"
    assert snapshot.last_read_message_index == 7


def test_a_removal_of_a_listed_conversation_is_noticed() -> None:
    service = service_with(1)
    (conversation,) = conversations(service)
    world = World(service).ready()
    record = world.record(conversation.sid)
    world.take()
    service.remove(conversation, "alice")
    world.settle()
    assert world.words == [
        "ConversationUpdated STATUS",
        "ConversationLeft",
        "ConversationDeleted",
    ]
    assert record.is_forgotten
    assert not world.list.records


def test_pages_that_lead_in_a_circle_end() -> None:
    service = service_with(1)
    page = answer_now(service)
    page.body["meta"] = {"next_token": "again"}
    service.fault("/Users/", "GET", response=page, times=99)
    world = World(service).ready()
    assert world.words[-1] == "COMPLETED"
    assert sum("/Users/" in str(request) for request in service.requests) == 2


def answer_now(service: SimulatedService) -> Response:
    """
    What the list says at this moment.
    """
    service.user("alice")
    return service.routes._own(Request("alice", "GET", "", {}, {}, None, b"", 0.0), [])


# Nothing about conversations before the client is initialized


def test_a_change_that_comes_before_the_own_user_waits() -> None:
    service = SimulatedService()
    service.fault(".info", status=503, times=2)
    world = World(service)
    creation = world.start(timeout=60.0)
    world.run(1.0)
    conversation = service.create("bob", "alice")
    service.update_user("alice", "friendlyName", {"value": "Al"})
    world.run(0.5)
    assert world.words == CONNECTED[:3]
    world.settle()
    creation.result()
    assert world.words[3:6] == ["UserSubscribed", "Initialized", "ConversationAdded"]
    assert world.record(conversation.sid).snapshot.status is ConversationStatus.JOINED
    assert world.engine.ready_service().own_user.record.snapshot.friendly_name == "Al"


def test_an_update_of_the_own_user_before_it_is_told_of_is_no_update() -> None:
    service = SimulatedService()
    service.fault("alice.channels", delay=2.0)
    world = World(service)
    creation = world.start(timeout=60.0)
    world.run(1.0)  # the own user is followed already
    service.update_user("alice", "friendlyName", {"value": "Al"})
    world.settle()
    creation.result()
    assert not any(word.startswith("UserUpdated") for word in world.words)
    assert world.engine.ready_service().own_user.record.snapshot.friendly_name == "Al"


# Without the list


def test_without_synchronization_the_list_is_not_read() -> None:
    service = service_with(2)
    world = World(service, load_conversations=False).ready()
    assert world.words == [
        "CONNECTING",
        "CONNECTED",
        "SYNCHRONIZATION_DISABLED",
        "UserSubscribed",
        "Initialized",
    ]
    assert not any("/Users/" in str(request) for request in service.requests)
    waiting = world.engine.call("wait", 5.0, world.engine.wait_for_synchronization)
    world.run(0.1)
    assert isinstance(waiting.error, NotReadyError)


def test_without_synchronization_new_conversations_are_told_nevertheless() -> None:
    service = service_with(1)
    world = World(service, load_conversations=False).ready()
    new = service.create("bob", "alice")
    world.settle()
    assert [record.sid for record in added(world)] == [new.sid]


def test_without_synchronization_a_conversation_can_be_got() -> None:
    service = service_with(2)
    wanted, _ = conversations(service)
    world = World(service, load_conversations=False).ready()
    record = world.result(lambda s, call: s.conversation_commands.get(call, wanted.sid))
    assert record is world.record(wanted.sid)
    assert [one.sid for one in added(world)] == [wanted.sid]


def test_synchronize_loads_the_list_later_and_once() -> None:
    service = service_with(2)
    world = World(service, load_conversations=False).ready()
    world.take()
    core = world.engine.ready_service()
    core.load_conversations()
    core.load_conversations()
    waiting = world.engine.call("wait", 5.0, world.engine.wait_for_synchronization)
    world.settle()
    waiting.result()
    assert world.words[0] == "STARTED"
    assert world.words[-1] == "COMPLETED"
    assert len(added(world)) == 2
    core.load_conversations()
    world.settle()
    assert world.words.count("STARTED") == 1
    assert sum("/Users/" in str(request) for request in service.requests) == 1


def test_a_call_waits_for_synchronization_from_before_its_start() -> None:
    world = World(service_with(1))
    world.start()
    world.run_until(lambda: world.engine.service is not None)
    waiting = world.engine.call("wait", 5.0, world.engine.wait_for_synchronization)
    world.settle()
    waiting.result()


# The user's calls overtake


def test_a_users_call_overtakes_the_synchronization() -> None:
    service = service_with(60)
    world = World(service, latency=1.0, max_outstanding_requests=6)
    world.start(timeout=60.0)
    world.run_until(lambda: len(world.list.records) == 60 if world.engine.service else False)
    wanted = conversations(service)[-1]
    asked = world.now
    record = world.result(
        lambda s, call: s.conversation_commands.get(call, wanted.sid), timeout=5.0
    )
    assert record.snapshot.friendly_name == "number 59"
    assert world.now - asked == pytest.approx(1.0)


def test_a_users_call_overtakes_with_what_is_asked_only_later() -> None:
    service = service_with(60)
    wanted = conversations(service)[-1]
    for number in range(120):
        service.add(wanted, f"user {number}")
    service.fault(f"{wanted.sid}.roster", status=503)
    world = World(service, latency=1.0, max_outstanding_requests=6)
    world.start(timeout=60.0)
    world.run_until(lambda: len(world.list.records) == 60 if world.engine.service else False)
    asked = world.now
    people = world.result(
        lambda s, call: s.conversation_commands.participants(call, world.record(wanted.sid))
    )
    # Refused once, repeated after a second, then the root and two further pages.
    assert len(people) == 122
    assert world.now - asked == pytest.approx(1.0 + 1.0 + 1.0 + 1.0)


def test_a_look_up_does_not_wait_for_the_list() -> None:
    service = service_with(3)
    hidden = service.create("alice", uniqueName="support")
    service.fault("/Users/", "GET", delay=5.0)
    world = World(service)
    creation = world.start()
    world.run_until(lambda: creation.is_settled)
    record = world.result(lambda s, call: s.conversation_commands.get(call, "support"))
    assert record.sid == hidden.sid
    assert world.list.status is SynchronizationStatus.STARTED
    world.settle()
    assert [one.sid for one in added(world)].count(hidden.sid) == 1


def test_errors_of_creation_name_the_conversation_layer() -> None:
    service = SimulatedService()
    service.fault("Configuration", status=503, times=99)
    world = World(service)
    creation = world.start(token=make_token())
    world.settle()
    error = creation.error
    assert isinstance(error, RequestTimeoutError)
    assert "the configuration" in str(error)
    assert not isinstance(error, (ForbiddenError, NotFoundError))
