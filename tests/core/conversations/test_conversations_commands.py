"""
Calls of the user's: what each sends, what is repeated, how each fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from conversations._core.backoff import ExponentialBackoff
from conversations._core.conversations.calls import Call
from conversations._core.conversations.exchange import RetryPolicy
from conversations._core.conversations.service import ConversationsService
from conversations._core.promises import Promise
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations.attributes import Attributes
from conversations.enums import ConversationSynchronizationStatus, ErrorReason
from conversations.errors import (
    BadRequestError,
    ClientShutdownError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    ConversationsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    NotReadyError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    ServiceError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
    UnauthorizedError,
)
from tests.core.simulated_objects import API, Request, Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import LOST, World, make_token

Operation = Callable[[ConversationsService, Call], Coroutine[Any, Any, Any]]

BASE = "/Client/v2/Services/IS" + "0" * 32
REFUSED = ConnectionFailure(FailureKind.CONNECT, description="refused")


def world_with(**settings: Any) -> tuple[World, Conversation]:
    """
    Alice and bob are in a conversation with two messages.
    """
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    service.send(conversation, "alice", "m0")
    service.send(conversation, "bob", "m1")
    world = World(service, **settings).ready()
    world.take()
    service.requests.clear()
    return world, conversation


def start(world: World, operation: Operation, **more: Any) -> Promise[Any]:
    return world.call(operation, **more)


def error(world: World, operation: Operation, **more: Any) -> Any:
    """
    The error that the call ends with.
    """
    promise = world.call(operation, **more)
    world.settle()
    assert promise.is_settled
    return promise.error


def set_name(sid: str) -> Operation:
    return lambda s, call: s.conversation_commands.update(call, sid, {"friendly_name": "n"})


def remove(sid: str, who: str = "bob") -> Operation:
    return lambda s, call: s.conversation_commands.remove_participant(call, sid, who)


def join(sid: str) -> Operation:
    return lambda s, call: s.conversation_commands.join(call, sid)


def look_up(name: str) -> Operation:
    return lambda s, call: s.conversation_commands.get(call, name)


async def create(service: ConversationsService, call: Call) -> Any:
    return await service.conversation_commands.create(
        call, friendly_name="f", unique_name=None, attributes=Attributes.DEFAULT, access=None
    )


def sent(world: World) -> list[Request]:
    return [r for r in world.service.requests if "Subscriptions" not in r.path]


# What is sent


def test_requests_of_the_commands() -> None:
    world, conversation = world_with()
    sid, attributes = conversation.sid, Attributes({"ä": ['"']})
    core = world.engine.ready_service()
    people, messages, users = core.conversation_commands, core.message_commands, core.user_commands
    record = world.record(sid)
    message = world.result(lambda _, call: messages.by_index(call, record, 0))
    bob = conversation.members["bob"]
    text = '{"ä":["\\""]}'
    rows: list[tuple[Operation, str, str, Any]] = [
        (
            lambda _, call: people.create(
                call, friendly_name="f", unique_name="u", attributes=attributes, access="restricted"
            ),
            "POST",
            f"{BASE}/Conversations",
            {
                "friendly_name": "f",
                "unique_name": "u",
                "attributes": text,
                "access": "restricted",
            },
        ),
        (
            lambda _, call: people.update(call, sid, {"unique_name": ""}),
            "POST",
            f"{BASE}/Conversations/{sid}",
            {"unique_name": ""},
        ),
        (
            lambda _, call: people.add_participant(call, record, "x/y ä", attributes),
            "POST",
            f"{BASE}/Conversations/{sid}/Participants",
            {"identity": "x/y ä", "attributes": text},
        ),
        (
            lambda _, call: people.remove_participant(call, sid, "x/y ä"),
            "DELETE",
            f"{BASE}/Conversations/{sid}/Participants/x%2Fy%20%C3%A4",
            {},
        ),
        (
            lambda _, call: people.set_participant_attributes(call, sid, bob, attributes),
            "POST",
            f"{BASE}/Conversations/{sid}/Participants/{bob}",
            {"attributes": text},
        ),
        (
            lambda _, call: messages.send(
                call, record, body="hello", attributes=attributes, subject="s"
            ),
            "POST",
            f"{BASE}/Conversations/{sid}/Messages",
            {"body": "hello", "attributes": text, "subject": "s"},
        ),
        (
            lambda _, call: messages.send(
                call, record, body=None, attributes=Attributes.DEFAULT, subject=None
            ),
            "POST",
            f"{BASE}/Conversations/{sid}/Messages",
            {"attributes": "{}"},
        ),
        (
            lambda _, call: messages.update(call, message, {"body": ""}),
            "POST",
            f"{BASE}/Conversations/{sid}/Messages/{message.snapshot.sid}",
            {"body": ""},
        ),
        (
            lambda _, call: messages.remove(call, message),
            "DELETE",
            f"{BASE}/Conversations/{sid}/Messages/{message.snapshot.sid}",
            {},
        ),
        (
            lambda _, call: users.update(call, "alice", {"friendly_name": "Al"}),
            "POST",
            f"{BASE}/Users/alice",
            {"friendly_name": "Al"},
        ),
        (
            lambda _, call: people.leave(call, sid),
            "DELETE",
            f"{BASE}/Conversations/{sid}/Participants/alice",
            {},
        ),
        (
            lambda _, call: people.destroy(call, sid),
            "DELETE",
            f"{BASE}/Conversations/{sid}",
            {},
        ),
    ]
    mutations = set()
    conversation.created_by = "alice"  # may do everything
    for operation, method, path, body in rows:
        before = len(world.service.requests)
        world.result(operation)
        request = next(
            r for r in world.service.requests[before:] if "/Client/" in r.path and r.method != "GET"
        )
        assert (request.method, request.path, request.params) == (method, path, {})
        assert json.loads(request.payload) == body
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        mutations.add(request.mutation_id)
        world.settle()
    assert len(mutations) == len(rows)
    assert None not in mutations


def test_joining_sends_the_own_identity() -> None:
    world, _ = world_with()
    new = world.service.create("alice")
    world.settle()
    world.service.requests.clear()
    world.result(join(new.sid))
    request = sent(world)[0]
    assert (request.method, request.path) == (
        "POST",
        f"{BASE}/Conversations/{new.sid}/Participants",
    )
    assert request.body == {"identity": "alice"}


def test_looking_up_quotes_names() -> None:
    world, _ = world_with()
    assert isinstance(error(world, look_up("a/b c?d")), NotFoundError)
    (request,) = sent(world)
    assert request.path == f"{BASE}/Users/{world.service.user('alice')}/Conversations/a%2Fb%20c%3Fd"
    assert (request.method, request.headers) == ("GET", {})


# Refusals


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, BadRequestError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (401, UnauthorizedError, ErrorReason.UNAUTHORIZED),
        (403, ForbiddenError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (404, NotFoundError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (409, ConflictError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (412, ConflictError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (413, PayloadTooLargeError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (418, ServiceError, ErrorReason.COMMAND_PERMANENT_ERROR),
        (500, ServerError, ErrorReason.COMMAND_PERMANENT_ERROR),
    ],
)
def test_a_refusal_is_raised_with_the_servers_words_and_not_repeated(
    status: int, kind: type[ServiceError], reason: ErrorReason
) -> None:
    world, conversation = world_with()
    world.service.fault(
        "/Conversations/", "POST", status=status, headers={"twilio-request-id": "RQ1"}, times=9
    )
    refused = error(world, set_name(conversation.sid), name="set_friendly_name of CH")
    assert type(refused) is kind
    assert (refused.status, refused.code, refused.reason) == (status, 20000 + status, reason)
    assert refused.error_info.message == f"words about {20000 + status}"
    assert refused.error_info.request_id == "RQ1"
    assert refused.operation == "set_friendly_name of CH"
    assert len(sent(world)) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(401, TokenRejectedError), (403, TokenRejectedError), (400, BadRequestError)]
)
def test_a_refusal_of_twilsock_itself(code: int, kind: type[ConversationsError]) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", twilsock=(code, 51000))
    refused = error(world, set_name(conversation.sid))
    assert type(refused) is kind
    assert (refused.status, refused.code) == (code, 51000)


def test_a_refusal_of_twilsock_because_the_token_expired() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", twilsock=(401, 20104))
    assert isinstance(error(world, set_name(conversation.sid)), TokenExpiredError)
    assert "TokenExpired" in world.words
    assert world.engine.connection_state.name == "DENIED"


@pytest.mark.parametrize("raw", [(b"{", "application/json"), (b"\xff", "text/plain")])
def test_an_answer_that_cannot_be_read_at_all(raw: tuple[bytes, str]) -> None:
    world, _ = world_with()
    world.service.fault("/Conversations/x", raw=raw)
    unread = error(world, look_up("x"))
    assert unread.reason is ErrorReason.CANNOT_PARSE


@pytest.mark.parametrize(
    "raw", [(b"text", "text/plain"), (b"\x00", "image/png"), (b"[1]", "application/json")]
)
def test_an_answer_of_another_kind_lacks_what_it_must_have(raw: tuple[bytes, str]) -> None:
    world, _ = world_with()
    world.service.fault("/Conversations/x", raw=raw)
    unread = error(world, look_up("x"))
    assert unread.reason is ErrorReason.CANNOT_PARSE
    assert "conversation sid" in str(unread)


def test_an_error_body_of_another_kind_leaves_the_status() -> None:
    for body in ("text", [1], {"code": "x", "message": 3, "more_info": 4, "description": []}):
        world, conversation = world_with()
        world.service.fault("/Conversations/", "POST", response=Response(409, body))
        refused = error(world, set_name(conversation.sid))
        assert isinstance(refused, ConflictError)
        assert (refused.status, refused.code) == (409, 0)
        assert refused.error_info.message == "STATUS 409"


def test_an_error_body_with_more_is_passed_on() -> None:
    world, conversation = world_with()
    body = {"code": 7, "message": "m", "description": "d", "more_info": "https://x/"}
    world.service.fault("/Conversations/", "POST", response=Response(400, body))
    refused = error(world, set_name(conversation.sid))
    assert refused.error_info.description == "d"
    assert refused.error_info.more_info == "https://x/"


@pytest.mark.parametrize("body", [{}, {"sid": None}, [], "x", None])
def test_creating_without_a_sid_in_the_answer_is_not_understood(body: Any) -> None:
    world, _ = world_with()
    world.service.fault("/Conversations", "POST", response=Response(201, body))
    unread = error(world, create)
    assert unread.reason is ErrorReason.CANNOT_PARSE


# What is repeated


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_can_be_repeated_is_tried_three_times_with_the_same_mutation_id(status: int) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=status, times=2)
    began = world.now
    world.result(set_name(conversation.sid))
    requests = sent(world)
    assert len(requests) == 3
    assert len({request.mutation_id for request in requests}) == 1
    assert [round(r.at - began, 2) for r in requests] == [0.05, 1.15, 3.25]


def test_after_the_last_attempt_the_answer_is_raised() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=503, times=99)
    refused = error(world, set_name(conversation.sid))
    assert isinstance(refused, ServerError)
    assert refused.error_info.is_recoverable
    assert len(sent(world)) == 3


def test_the_number_of_attempts_and_the_pauses_are_settings() -> None:
    policy = RetryPolicy(backoff=ExponentialBackoff(first=0.1, cap=0.3), max_attempts=5)
    world, conversation = world_with(retry_policy=policy)
    world.service.fault("/Conversations/", "POST", status=503, times=99)
    began = world.now
    error(world, set_name(conversation.sid))
    assert [round(r.at - began, 2) for r in sent(world)] == [0.05, 0.25, 0.55, 0.95, 1.35]


def test_too_many_requests_can_be_left_unrepeated() -> None:
    world, conversation = world_with(retry_policy=RetryPolicy(retry_when_throttled=False))
    world.service.fault("/Conversations/", "POST", status=429, times=99)
    assert isinstance(error(world, set_name(conversation.sid)), RateLimitedError)
    assert len(sent(world)) == 1
    world.service.requests.clear()
    world.service.faults.clear()
    world.service.fault("/Conversations/", "POST", status=503, times=99)
    assert isinstance(error(world, set_name(conversation.sid)), ServerError)
    assert len(sent(world)) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("what", ["create", "join", "send", "add"])
def test_what_creates_is_never_repeated(what: str, status: int) -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    operations: dict[str, Operation] = {
        "create": create,
        "join": join(conversation.sid),
        "send": lambda s, call: s.message_commands.send(
            call, record, body="x", attributes=Attributes.DEFAULT, subject=None
        ),
        "add": lambda s, call: s.conversation_commands.add_participant(
            call, record, "dave", Attributes.DEFAULT
        ),
    }
    world.service.fault("/Conversations", "POST", status=status, times=9)
    refused = error(world, operations[what])
    assert refused.status == status
    assert refused.error_info.is_recoverable
    assert len(sent(world)) == 1
    # Nor after a lost connection.
    world.service.faults.clear()
    world.service.requests.clear()
    world.service.fault("/Conversations", "POST", cut="after", times=9)
    lost = error(world, operations[what])
    assert isinstance(lost, ConnectionLostError)
    assert lost.may_have_been_sent
    assert lost.reason is ErrorReason.TRANSPORT_DISCONNECTED
    assert sum(request.method == "POST" for request in sent(world)) == 1


@pytest.mark.parametrize("retry_after", ["2.5", "0"])
def test_retry_after_wins(retry_after: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=429, headers={"retry-after": retry_after})
    began = world.now
    world.result(set_name(conversation.sid))
    first, second = sent(world)
    assert second.at - first.at == pytest.approx(float(retry_after) + 0.1)
    assert world.now - began < 5.0


@pytest.mark.parametrize("retry_after", ["soon", "-1", "inf", "nan"])
def test_an_odd_retry_after_counts_as_none(retry_after: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=429, headers={"retry-after": retry_after})
    world.result(set_name(conversation.sid))
    first, second = sent(world)
    assert second.at - first.at == pytest.approx(1.1)


def test_an_attempt_that_would_begin_too_late_is_not_waited_for() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=429, headers={"retry-after": "60"})
    began = world.now
    promise = start(world, set_name(conversation.sid), timeout=5.0)
    world.run_until(lambda: promise.is_settled)
    assert isinstance(promise.error, RateLimitedError)
    assert promise.error.retry_after == 60.0
    assert world.now - began < 1.0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_can_be_repeated_survives_a_lost_connection(moment: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", cut=moment)
    world.result(set_name(conversation.sid))
    requests = sent(world)
    assert len(requests) == 2
    assert len({request.mutation_id for request in requests}) == 1
    world.settle()
    assert world.record(conversation.sid).snapshot.friendly_name == "n"


def test_connections_lost_again_and_again_are_an_error() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", cut="before", times=9)
    lost = error(world, set_name(conversation.sid), timeout=60.0)
    assert isinstance(lost, ConnectionLostError)
    assert len(sent(world)) == 3


def test_reads_survive_a_lost_connection() -> None:
    world, _ = world_with()
    hidden = world.service.create("alice", uniqueName="u")
    world.service.remove_entry(hidden, "alice")
    world.settle()
    world.service.requests.clear()
    world.service.fault("/Conversations/u", "GET", cut="before")
    assert isinstance(error(world, look_up("u")), NotFoundError)
    assert len(sent(world)) == 2


def test_a_404_to_a_repeated_removal_means_that_it_is_done() -> None:
    world, conversation = world_with()
    world.service.fault("/Participants/", "DELETE", cut="after")
    world.result(remove(conversation.sid))
    first, second = sent(world)
    assert first.mutation_id == second.mutation_id
    assert first.body == second.body == {}


def test_a_404_to_a_removal_that_was_not_repeated_is_an_error() -> None:
    world, conversation = world_with()
    assert isinstance(error(world, remove(conversation.sid, "nobody")), NotFoundError)


def test_a_404_to_a_repeated_setting_is_an_error() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=503)
    world.service.fault("/Conversations/", "POST", status=404)
    assert isinstance(error(world, set_name(conversation.sid)), NotFoundError)


# 202


@pytest.mark.parametrize(
    "url",
    [f"{API}{BASE}/Conversations/x", f"{BASE}/Conversations/x", f"{BASE}/Conversations/x/"[1:]],
)
def test_a_202_means_that_the_result_stands_elsewhere(url: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations", "POST", response=Response(202, {"resource_url": url}))
    resource = world.service.routes.resource(conversation)
    world.service.fault("/Conversations/x", "GET", response=Response(200, resource))
    record = world.result(create)
    assert record is world.record(conversation.sid)
    _, read = sent(world)
    assert read.path == f"{BASE}/Conversations/x"


@pytest.mark.parametrize("body", [None, {}, {"resource_url": ""}, {"resource_url": 3}, "text"])
def test_a_202_without_an_address_is_done(body: Any) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", response=Response(202, body))
    world.result(set_name(conversation.sid))
    assert len(sent(world)) == 1


@pytest.mark.parametrize("url", ["http://", "https://[/x", "http://nowhere"])
def test_a_202_with_an_address_that_is_none(url: str) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", response=Response(202, {"resource_url": url}))
    assert error(world, set_name(conversation.sid)).reason is ErrorReason.CANNOT_PARSE


# Time


def test_a_call_that_was_never_sent_says_so() -> None:
    world, conversation = world_with()
    world.attempts.extend([REFUSED] * 20)
    world.cut()
    world.run(0.1)
    late = error(world, set_name(conversation.sid), timeout=5.0, name="set_friendly_name of CH")
    assert isinstance(late, RequestTimeoutError)
    assert not late.may_have_been_sent
    assert "it waited for a connection" in str(late)
    assert str(late).startswith("set_friendly_name of CH: TIMEOUT: no result within 5 s")
    # The newest connection error is the cause.
    assert isinstance(late.__cause__, ConnectError)
    assert "refused" in str(late.__cause__)
    assert not sent(world)


def test_a_call_without_an_answer_says_that_it_may_have_been_sent() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", is_silent=True)
    late = error(world, set_name(conversation.sid), timeout=5.0)
    assert isinstance(late, RequestTimeoutError)
    assert late.may_have_been_sent
    assert f"the answer about {conversation.sid}" in str(late)
    assert late.__cause__ is None


def test_a_read_is_never_said_to_have_been_sent() -> None:
    world, _ = world_with()
    world.service.fault("/Conversations/x", is_silent=True)
    late = error(world, look_up("x"), timeout=5.0)
    assert isinstance(late, RequestTimeoutError)
    assert not late.may_have_been_sent


@pytest.mark.parametrize(
    ("first", "may_have_been_sent"),
    [
        ({"status": 429}, False),
        ({"twilsock": (503, 0)}, False),
        ({"status": 503}, True),
        ({"cut": "after"}, True),
    ],
)
def test_whether_it_may_have_been_sent_depends_on_all_attempts(
    first: dict[str, Any], *, may_have_been_sent: bool
) -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", **first)
    world.attempts.extend([REFUSED] * 20)
    promise = start(world, set_name(conversation.sid), timeout=5.0)
    world.run(0.5)
    world.cut()  # so that the second attempt is never sent
    world.run(10.0)
    assert isinstance(promise.error, RequestTimeoutError)
    assert promise.error.may_have_been_sent is may_have_been_sent
    assert len(sent(world)) == 1


def test_a_call_between_two_attempts_names_the_status() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", status=503, headers={"retry-after": "4"})
    world.service.fault("/Conversations/", "POST", is_silent=True)
    promise = start(world, set_name(conversation.sid), timeout=5.0)
    world.run(2.0)
    steps = [call.step for call, _ in world.engine._calls._under_way.values()]
    assert steps == ["another attempt after status 503"]
    world.settle()
    late = promise.error
    assert isinstance(late, RequestTimeoutError)
    assert isinstance(late.__cause__, ServerError)


def test_creating_that_ends_while_the_conversation_is_opened_may_have_been_sent() -> None:
    world, _ = world_with()
    world.service.fault(".channel", "GET", is_silent=True)
    late = error(world, create, timeout=5.0)
    assert isinstance(late, RequestTimeoutError)
    assert late.may_have_been_sent
    assert "the synchronization of CH" in str(late)


# States in which nothing can be done


def test_a_call_without_a_valid_token_fails_at_once() -> None:
    world, conversation = world_with()
    world.service.close_connections(401, 20003)
    world.settle()
    assert world.engine.connection_state.name == "DENIED"
    began = world.now
    refused = error(world, set_name(conversation.sid))
    assert isinstance(refused, TokenRejectedError)
    assert world.now == began
    assert not sent(world)


def test_a_call_after_the_end_of_the_token_fails_at_once() -> None:
    world, conversation = world_with()
    world.service.close_connections(410)
    world.settle()
    assert isinstance(error(world, set_name(conversation.sid)), TokenExpiredError)


def test_a_call_without_hope_of_a_connection_fails_at_once() -> None:
    world, conversation = world_with()
    world.service.close_connections(406)
    world.settle()
    assert world.engine.connection_state.name == "FATAL_ERROR"
    refused = error(world, set_name(conversation.sid))
    assert isinstance(refused, TransportError)
    assert refused.reason is ErrorReason.CLOSE_MESSAGE_RECEIVED


def test_a_call_under_way_when_hope_ends_fails() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", is_silent=True, times=9)
    promise = start(world, set_name(conversation.sid))
    world.run(0.2)
    world.service.close_connections(406)
    world.run(0.2)
    assert isinstance(promise.error, TransportError)


def test_a_call_that_ends_in_two_ways_at_once_ends_once() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", is_silent=True, times=9)
    promise = start(world, set_name(conversation.sid), timeout=5.0)
    world.run(1.0)
    calls = world.engine._calls

    def end(_: Promise[Any]) -> None:
        calls._end(promise, NotReadyError())

    promise.add_done_callback(end)
    world.settle()
    calls._end(promise, NotReadyError())
    assert isinstance(promise.error, RequestTimeoutError)


def test_calls_end_with_the_client() -> None:
    world, conversation = world_with()
    world.service.fault("/Conversations/", "POST", is_silent=True, times=9)
    promise = start(world, set_name(conversation.sid), name="set_friendly_name of CH")
    world.run(0.2)
    world.engine.close(world.now)
    world._look()
    assert isinstance(promise.error, ClientShutdownError)
    assert promise.error.operation == "set_friendly_name of CH"
    later = start(world, set_name(conversation.sid), name="later")
    assert isinstance(later.error, ClientShutdownError)


def test_a_call_that_nobody_waits_for_is_given_up() -> None:
    world, conversation = world_with()
    world.cut()
    world.run(0.05)
    promise = start(world, set_name(conversation.sid))

    def ignore(_: Promise[Any]) -> None:
        pass

    promise.add_done_callback(ignore)
    promise.remove_done_callback(ignore)
    world.settle()
    assert not sent(world)


def test_what_goes_wrong_unexpectedly_is_an_error_all_the_same() -> None:
    world, _ = world_with()

    async def broken(_service: ConversationsService, _call: Call) -> None:
        raise KeyError("x")

    unexpected = error(world, broken, name="call")
    assert type(unexpected) is ConversationsError
    assert unexpected.reason is ErrorReason.UNKNOWN
    assert isinstance(unexpected.__cause__, KeyError)
    assert str(unexpected) == "call: unexpected KeyError"


def test_a_message_that_is_too_large_for_a_frame_is_the_callers_fault() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    refused = error(
        world,
        lambda s, call: s.message_commands.send(
            call, record, body="x" * (17 << 20), attributes=Attributes.DEFAULT, subject=None
        ),
    )
    assert isinstance(refused, InvalidArgumentError)
    assert conversation.sid in str(refused)
    assert not sent(world)


# A token that is under way


@pytest.mark.parametrize("status", [401, 410])
def test_calls_wait_for_the_token_that_a_provider_is_asked_for(status: int) -> None:
    tokens = iter([make_token(issued=0), make_token(issued=1)])
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    world = World(service, provider=lambda: next(tokens)).ready()
    service.close_connections(status)
    world.run(0.06)
    assert world.engine.connection_state.name == "DENIED"
    world.result(set_name(conversation.sid))
    assert world.engine.connection_state.name == "CONNECTED"


def test_a_call_that_was_refused_for_its_token_is_repeated_with_the_next() -> None:
    tokens = iter([make_token(issued=0), make_token(issued=1)])
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    world = World(service, provider=lambda: next(tokens)).ready()
    service.fault("/Messages", "POST", twilsock=(401, 20104))
    record = world.record(conversation.sid)
    sending = start(
        world,
        lambda s, call: s.message_commands.send(
            call, record, body="x", attributes=Attributes.DEFAULT, subject=None
        ),
    )
    world.settle()
    assert sending.result().snapshot.message_index == 0
    assert sum("/Messages" in r.path for r in service.requests if r.method == "POST") == 2


def test_a_call_ends_in_time_if_no_token_comes() -> None:
    def fail() -> str:
        raise OSError("no")

    answers = [make_token(), None]
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    world = World(service, provider=lambda: answers.pop(0) or fail()).ready()
    answers.extend([None] * 99)
    service.close_connections(410)
    world.run(0.1)
    late = error(world, set_name(conversation.sid), timeout=5.0)
    assert isinstance(late, RequestTimeoutError)
    assert not late.may_have_been_sent
    assert "a new token" in str(late)
    assert isinstance(late.__cause__, TokenExpiredError)


def test_connection_losses_before_a_call_do_not_concern_it() -> None:
    world, conversation = world_with()
    world.cut()
    world.settle()
    world.service.fault("/Conversations/", "POST", is_silent=True)
    late = error(world, set_name(conversation.sid), timeout=5.0)
    assert late.__cause__ is None
    assert LOST.description == "reset by peer"


def test_levels_that_can_be_waited_for() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    for level in list(ConversationSynchronizationStatus)[1:4]:
        world.result(
            lambda s, call, level=level: s.conversation_commands.wait_for(call, record, level)
        )
