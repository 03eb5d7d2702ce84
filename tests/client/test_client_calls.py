"""
What holds for every call: one clock, what is repeated, what an interruption means.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    CallbackListener,
    ClientShutdownError,
    ConnectionLostError,
    ConnectionState,
    Conversation,
    ConversationsClientListener,
    ConversationsError,
    ErrorInfo,
    ErrorReason,
    InvalidArgumentError,
    Message,
    NotFoundError,
    OperationCancelledError,
    RateLimitedError,
    ReentrancyError,
    RequestTimeoutError,
    ServerError,
    StatusListener,
    TransportError,
)
from tests.client.people import Connect, Person, answered, posts
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

SHORT = 0.2


# Time-outs


def test_a_change_that_may_have_been_carried_out_says_so(
    emulator: Emulator, lunch: Conversation
) -> None:
    for hold in (emulator.hold_requests, emulator.hold_replies):
        with (
            hold("*/Messages", method="POST"),
            pytest.raises(RequestTimeoutError, match=f"send_message to {lunch.sid}") as caught,
        ):
            lunch.send_message("hello", timeout=SHORT)

        assert isinstance(caught.value, TimeoutError)
        assert caught.value.reason is ErrorReason.TIMEOUT
        assert caught.value.may_have_been_sent
        assert caught.value.error_info.is_recoverable
        assert "no result within 0.2 s; it waited for the answer about" in str(caught.value)
        assert "hello" not in str(caught.value)


def test_a_change_that_was_never_sent_says_so(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.refuse_connections(status=503)
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")

    with pytest.raises(RequestTimeoutError) as caught:
        lunch.send_message("hello", timeout=SHORT)

    assert not caught.value.may_have_been_sent
    assert "it waited for a connection" in str(caught.value)
    assert isinstance(caught.value.__cause__, TransportError)
    assert emulator.get_messages(lunch.sid) == ()


def test_reading_never_may_have_been_sent(emulator: Emulator, lunch: Conversation) -> None:
    with (
        emulator.hold_requests("*/Items"),
        pytest.raises(RequestTimeoutError) as caught,
    ):
        lunch.get_last_messages(timeout=SHORT)

    assert not caught.value.may_have_been_sent


def test_a_time_out_of_zero_gives_up_at_once(emulator: Emulator, lunch: Conversation) -> None:
    with pytest.raises(RequestTimeoutError):
        lunch.get_last_messages(timeout=0)


@pytest.mark.parametrize("timeout", [3e6, 1e9, 1e300])
def test_a_time_out_may_be_longer_than_the_system_can_wait(
    emulator: Emulator, alice: Person, lunch: Conversation, timeout: float
) -> None:
    held = emulator.hold_requests("*/Messages")
    sending = alice.client.submit(lunch.send_message, "no hurry", timeout=timeout)
    held.wait_until_held(timeout=limit())
    alice.catch_up()
    held.release()

    assert sending.result(limit()).body == "no hurry"


def test_the_command_timeout_is_the_default(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", command_timeout=SHORT)
    conversation = alice.enter(room)

    with (
        emulator.hold_requests("*/Messages"),
        pytest.raises(RequestTimeoutError, match=r"within 0\.2 s"),
    ):
        conversation.send_message("hello")


def test_waiting_for_the_synchronization_counts_too(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    with emulator.hold_requests("*.roster"):
        alice = connect("alice", synchronize=False)
        conversation = alice.client.get_conversation(room, timeout=limit())
        for call in (
            conversation.get_participants,
            conversation.get_last_messages,
            conversation.wait_for_synchronization,
        ):
            with pytest.raises(RequestTimeoutError, match="it waited for the synchronization"):
                call(timeout=SHORT)
        with pytest.raises(RequestTimeoutError, match="the synchronization of the conversations"):
            alice.client.wait_for_synchronization(timeout=SHORT)


def test_an_answer_that_comes_too_late_changes_nothing(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    replies = emulator.hold_replies("*/Messages", method="POST")
    with pytest.raises(RequestTimeoutError):
        lunch.send_message("late", timeout=SHORT)
    replies.release()

    alice.catch_up()
    assert alice.bodies() == ["late"]
    assert lunch.send_message("next", timeout=limit()).message_index == 1


# A lost connection


@pytest.mark.usefixtures("quick_reconnects")
def test_sending_is_not_repeated_when_the_connection_is_lost(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    held = emulator.hold_replies("*/Messages", method="POST")
    sending = alice.client.submit(lunch.send_message, "once", timeout=limit())
    held.wait_until_held(timeout=limit())
    emulator.drop_connections()

    error = sending.exception(limit())

    assert isinstance(error, ConnectionLostError)
    assert isinstance(error, ConnectionError)
    assert error.may_have_been_sent
    assert error.reason is ErrorReason.TRANSPORT_DISCONNECTED
    assert error.error_info.is_recoverable
    assert f"send_message to {lunch.sid}" in str(error)
    alice.client.wait_until_connected(timeout=limit())
    alice.hear("on_message_added")
    alice.catch_up()
    assert alice.bodies() == ["once"]
    assert len([one for one in emulator.requests if posts("/Messages")(one)]) == 1


@pytest.mark.usefixtures("quick_reconnects")
@pytest.mark.parametrize("what", ["create", "add", "join"])
def test_nothing_that_adds_is_repeated_when_the_connection_is_lost(
    emulator: Emulator, alice: Person, lunch: Conversation, what: str
) -> None:
    mine = alice.client.create_conversation("mine", timeout=limit())
    calls: dict[str, Any] = {
        "create": lambda: alice.client.create_conversation("new", timeout=limit()),
        "add": lambda: lunch.add_participant_by_identity("carol", timeout=limit()),
        "join": lambda: mine.join(timeout=limit()),
    }
    held = emulator.hold_requests(method="POST", times=1)
    call: Future[object] = alice.client.submit(calls[what])
    held.wait_until_held(timeout=limit())
    emulator.drop_connections()

    assert isinstance(call.exception(limit()), ConnectionLostError)
    held.release()


@pytest.mark.usefixtures("quick_reconnects")
@pytest.mark.parametrize(
    ("method", "call", "check"),
    [
        (
            "POST",
            lambda one: one.set_friendly_name("renamed", timeout=limit()),
            lambda view: view.friendly_name == "renamed",
        ),
        (
            "POST",
            lambda one: one.set_attributes({"a": 1}, timeout=limit()),
            lambda view: view.attributes == '{"a":1}',
        ),
        (
            "DELETE",
            lambda one: one.remove_participant_by_identity("bob", timeout=limit()),
            lambda view: view.identities == ("alice",),
        ),
        (
            "DELETE",
            lambda one: one.leave(timeout=limit()),
            lambda view: view.identities == ("bob",),
        ),
    ],
    ids=["name", "attributes", "remove", "leave"],
)
def test_what_is_harmless_to_repeat_is_repeated_with_the_same_mutation_id(
    *,
    emulator: Emulator,
    alice: Person,
    lunch: Conversation,
    method: str,
    call: Any,
    check: Any,
) -> None:
    emulator.clear_requests()
    held = emulator.hold_replies("*/Conversations/*", method=method, times=1)
    change = alice.client.submit(call, lunch)
    held.wait_until_held(timeout=limit())
    emulator.drop_connections()

    change.result(limit())

    first, second = [one for one in emulator.requests if one.method == method][:2]
    assert first.mutation_id is not None
    assert first.mutation_id == second.mutation_id
    assert first.path == second.path
    assert first.connection != second.connection
    assert second.is_repeated
    assert check(emulator.get_conversation(lunch.sid))


@pytest.mark.usefixtures("quick_reconnects")
def test_a_removal_that_was_done_the_first_time_is_done(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    held = emulator.hold_requests("*/Messages/*", method="DELETE", times=1)
    removal = alice.client.submit(message.remove, timeout=limit())
    held.wait_until_held(timeout=limit())
    emulator.remove_message(lunch.sid, 0)  # so the repetition is answered with 404
    emulator.drop_connections()

    removal.result(limit())

    alice.hear("on_message_deleted")


@pytest.mark.usefixtures("quick_reconnects")
def test_reading_is_repeated_when_the_connection_is_lost(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "hello")
    held = emulator.hold_replies("*/Items", times=1)
    reading = alice.client.submit(lunch.get_last_messages, timeout=limit())
    held.wait_until_held(timeout=limit())
    emulator.drop_connections()

    assert [message.body for message in reading.result(limit())] == ["hello"]


@pytest.mark.usefixtures("quick_reconnects")
def test_a_call_waits_for_the_connection_to_come_back(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    refusal = emulator.refuse_connections()
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")
    sending = alice.client.submit(lunch.send_message, "patience", timeout=limit())
    alice.hear("on_connection_error", count=2)
    assert not sending.done()
    refusal.lift()

    assert sending.result(limit()).body == "patience"


# Answers that say: not now


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_is_repeated_when_the_service_is_busy(
    emulator: Emulator, connect: Connect, room: str, status: int
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.02)
    conversation = alice.enter(room)
    fault = emulator.fail_requests("*/Items", status=status, code=20503, times=2)

    assert conversation.get_last_messages(timeout=limit()) == []
    assert fault.remaining == 0


@pytest.mark.parametrize(
    ("status", "error_class"), [(429, RateLimitedError), (503, ServerError), (504, ServerError)]
)
def test_reading_gives_up_after_so_many_attempts(
    emulator: Emulator,
    connect: Connect,
    room: str,
    status: int,
    error_class: type[ConversationsError],
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.02, backoff_max_attempts=4)
    conversation = alice.enter(room)
    emulator.fail_requests("*/Items", status=status, code=20503)
    emulator.clear_requests()

    with pytest.raises(error_class) as caught:
        conversation.get_last_messages(timeout=limit())

    assert caught.value.error_info.is_recoverable
    assert len(emulator.requests) == 4


def test_a_busy_service_says_when_to_come_back(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.02)
    conversation = alice.enter(room)
    emulator.fail_requests("*/Items", status=429, code=20429, retry_after=3600)

    with pytest.raises(RateLimitedError) as caught:
        conversation.get_last_messages(timeout=limit())

    assert caught.value.retry_after == 3600
    assert caught.value.reason is ErrorReason.TOO_MANY_REQUESTS


def test_reading_is_not_repeated_on_429_if_that_is_switched_off(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", retry_when_throttled=False)
    conversation = alice.enter(room)
    emulator.fail_requests("*/Items", status=429, code=20429)
    emulator.clear_requests()

    with pytest.raises(RateLimitedError):
        conversation.get_last_messages(timeout=limit())

    assert len(emulator.requests) == 1


def test_sending_is_not_repeated_when_the_service_is_busy(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.fail_requests("*/Messages", status=503, code=20503, executed=True)

    with pytest.raises(ServerError) as caught:
        lunch.send_message("once", timeout=limit())

    assert caught.value.error_info.is_recoverable
    assert caught.value.status == 503
    alice.catch_up()
    assert alice.bodies() == ["once"]


def test_a_setter_is_repeated_when_the_service_is_busy(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.02)
    conversation = alice.enter(room)
    emulator.fail_requests("*/Conversations/*", status=503, code=20503, times=2)
    emulator.clear_requests()

    conversation.set_friendly_name("renamed", timeout=limit())

    assert emulator.get_conversation(room).friendly_name == "renamed"
    assert len({one.mutation_id for one in emulator.requests if one.method == "POST"}) == 1


def test_an_error_that_will_not_go_away_is_raised_at_once(
    emulator: Emulator, lunch: Conversation
) -> None:
    emulator.fail_requests("*/Items", status=500, code=20500)
    emulator.clear_requests()

    with pytest.raises(ServerError) as caught:
        lunch.get_last_messages(timeout=limit())

    assert (caught.value.status, caught.value.code) == (500, 20500)
    assert caught.value.error_info.request_id is not None
    assert len(emulator.requests) == 1


def test_twilsock_itself_may_ask_for_a_pause(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.02)
    conversation = alice.enter(room)
    fault = emulator.throttle("*/Items", backoff=(10, 20))

    assert conversation.get_last_messages(timeout=limit()) == []
    assert fault.remaining == 0
    assert alice.client.connection_state is ConnectionState.CONNECTED
    assert ("on_connection_state_change", "ERROR") not in alice.told()


# In a callback


class InCallback(ConversationsClientListener):
    """
    Runs something on the listener thread when a message comes.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self.outcome: Future[Any] = Future()

    def on_message_added(self, message: Message) -> None:
        if self.outcome.done():
            return
        try:
            self.outcome.set_result(self._function(message))
        except BaseException as error:  # noqa: BLE001  # the future carries it
            self.outcome.set_exception(error)


def in_callback(person: Person, conversation: Conversation, function: Any) -> Any:
    """
    What *function* returns or raises when it is called inside a callback.
    """
    listener = InCallback(function)
    person.client.add_listener(listener)
    person.emulator.send_message(conversation.sid, "go")
    return listener.outcome.result(limit())


def test_every_kind_of_call_works_in_a_callback(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    def everything(message: Message) -> list[object]:
        conversation = message.conversation
        answer = conversation.send_message("answer", timeout=limit())
        answer.update_body("better answer", timeout=limit())
        conversation.set_friendly_name("renamed", timeout=limit())
        carol = conversation.add_participant_by_identity("carol", timeout=limit())
        carol.remove(timeout=limit())
        created = alice.client.create_conversation("new", timeout=limit())
        created.join(timeout=limit())
        created.get_participants(timeout=limit())
        alice.client.my_user.set_friendly_name("A.", timeout=limit())
        alice.client.update_token(emulator.token("alice"), timeout=limit())
        read = conversation.get_last_messages(timeout=limit())
        created.destroy(timeout=limit())
        return [answer in read, alice.client.get_conversation(conversation.sid)]

    assert in_callback(alice, lunch, everything) == [True, lunch]
    assert emulator.get_conversation(lunch.sid).friendly_name == "renamed"


@pytest.mark.parametrize(
    "wait",
    [
        lambda client, _: client.wait_until_connected(),
        lambda client, _: client.wait_for_synchronization(),
        lambda _, conversation: conversation.wait_for_synchronization(),
    ],
    ids=["connected", "synchronization", "conversation"],
)
def test_waiting_for_a_callback_in_a_callback_is_refused(
    alice: Person, lunch: Conversation, wait: Any
) -> None:
    with pytest.raises(ReentrancyError) as caught:
        in_callback(alice, lunch, lambda _: wait(alice.client, lunch))

    assert isinstance(caught.value, RuntimeError)


def test_one_client_may_be_waited_for_in_a_callback_of_another(
    alice: Person, bob: Person, lunch: Conversation
) -> None:
    def wait(_: Message) -> str:
        bob.client.wait_for_synchronization(timeout=limit())
        return bob.client.my_identity

    assert in_callback(alice, lunch, wait) == "bob"


def test_shutdown_in_a_callback_ends_the_client_after_it(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    def shut_down(_: Message) -> bool:
        alice.client.shutdown()
        return alice.client.is_shutdown

    assert in_callback(alice, lunch, shut_down)
    emulator.wait_for_connections(0, timeout=limit())
    alice.hear("on_connection_state_change", lambda state: state.name == "DISCONNECTED")
    alice.client.shutdown()


# In the background


class Outcome(CallbackListener[Any]):
    def __init__(self) -> None:
        self.told: Future[tuple[str, Any, str]] = Future()

    def on_success(self, result: Any) -> None:
        self.told.set_result(("success", result, threading.current_thread().name))

    def on_error(self, error_info: ErrorInfo) -> None:
        self.told.set_result(("error", error_info, threading.current_thread().name))


def test_submit_runs_a_call_in_the_background_and_tells_its_result(
    alice: Person, lunch: Conversation
) -> None:
    outcome = Outcome()

    future = alice.client.submit(lunch.send_message, "hello", subject="s", callback=outcome)

    message = future.result(limit())
    kind, result, thread = outcome.told.result(limit())
    assert (kind, result) == ("success", message)
    assert message.subject == "s"
    assert thread.startswith("conversations-listeners-")


def test_submit_tells_an_error_of_a_call(alice: Person, lunch: Conversation) -> None:
    outcome = Outcome()

    future = alice.client.submit(lunch.get_message_by_index, 7, callback=outcome)

    error = future.exception(limit())
    kind, info, _ = outcome.told.result(limit())
    assert isinstance(error, NotFoundError)
    assert (kind, info) == ("error", error.error_info)


def test_submit_runs_any_function_and_reports_any_exception(alice: Person) -> None:
    outcome = Outcome()

    def broken() -> None:
        raise ZeroDivisionError("never mind")

    future = alice.client.submit(broken, callback=outcome)

    assert isinstance(future.exception(limit()), ZeroDivisionError)
    kind, info, _ = outcome.told.result(limit())
    assert (kind, info.reason, info.message) == ("error", ErrorReason.UNKNOWN, "never mind")
    assert info.cause is future.exception()


def test_a_status_listener_is_told_without_a_result(alice: Person) -> None:
    told: Future[str] = Future()

    class Status(StatusListener):
        def on_success(self) -> None:
            told.set_result("success")

        def on_error(self, error_info: ErrorInfo) -> None:
            told.set_result("error")

    alice.client.submit(len, "abc", callback=Status())

    assert told.result(limit()) == "success"


def test_a_cancelled_future_is_reported_as_cancelled(connect: Connect) -> None:
    alice = connect("alice", worker_threads=1)
    begun, gate = threading.Event(), threading.Event()
    outcome = Outcome()

    def occupy() -> bool:
        begun.set()
        return gate.wait(limit())

    busy = alice.client.submit(occupy)
    assert begun.wait(limit())
    future = alice.client.submit(len, "abc", callback=outcome)

    assert future.cancel()
    gate.set()

    kind, info, _ = outcome.told.result(limit())
    assert (kind, info.reason) == ("error", ErrorReason.CANCELLED)
    assert busy.result(limit())
    with pytest.raises(CancelledError):
        future.result(limit())
    assert issubclass(OperationCancelledError, CancelledError)


def test_a_callback_with_a_misspelt_method_is_refused(alice: Person) -> None:
    class Misspelt(CallbackListener[int]):
        def on_sucess(self, result: int) -> None: ...

    with pytest.raises(InvalidArgumentError, match="on_sucess"):
        alice.client.submit(len, "abc", callback=Misspelt())


def test_shutdown_fails_the_calls_under_way(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    held = emulator.hold_requests("*/Messages")
    in_pool = alice.client.submit(lunch.send_message, "in the pool", timeout=limit())
    in_thread = in_background(lambda: lunch.send_message("in a thread", timeout=limit()))
    held.wait_until_held(2, timeout=limit())

    alice.client.shutdown()

    for call in (in_pool, in_thread):
        error = call.exception(limit())
        assert isinstance(error, ClientShutdownError)
        assert error.reason is ErrorReason.CLIENT_SHUTDOWN
        assert f"send_message to {lunch.sid}" in str(error)
    held.release()


def test_jobs_that_have_not_begun_fail_with_shutdown(connect: Connect) -> None:
    alice = connect("alice", worker_threads=1)
    begun, gate = threading.Event(), threading.Event()

    def occupy() -> None:
        begun.set()
        gate.wait(limit())

    busy = alice.client.submit(occupy)
    assert begun.wait(limit())
    waiting = alice.client.submit(len, "abc")
    ending = in_background(alice.client.shutdown)

    assert isinstance(waiting.exception(limit()), ClientShutdownError)
    gate.set()
    ending.result(limit())
    busy.result(limit())


@pytest.fixture
def restless() -> Iterator[None]:
    """
    Threads take turns as often as they can.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_calls_from_many_threads_at_once_do_not_disturb_each_other(
    alice: Person, lunch: Conversation
) -> None:
    threads = 8
    barrier = threading.Barrier(threads)

    def work(number: int) -> list[int]:
        barrier.wait(limit())
        sent = [lunch.send_message(f"{number}", timeout=limit()) for _ in range(10)]
        lunch.set_attributes({"by": number}, timeout=limit())
        lunch.get_last_messages(5, timeout=limit())
        return [message.message_index for message in sent]

    calls = [in_background(partial(work, number)) for number in range(threads)]
    found = [call.result(limit(60)) for call in calls]

    assert all(indexes == sorted(indexes) for indexes in found)
    assert sorted(index for indexes in found for index in indexes) == list(range(80))
    alice.hear("on_message_added", count=80)
    assert [call["message"].message_index for call in alice.heard.calls("on_message_added")] == [
        *range(80)
    ]


def test_a_call_that_is_interrupted_leaves_the_client_usable(
    emulator: Emulator,
    alice: Person,
    lunch: Conversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from conversations._runtime.waiters import Waiter

    held = emulator.hold_replies("*/Messages", method="POST", times=1)
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            held.wait_until_held(timeout=limit())
            raise KeyboardInterrupt

        patch.setattr(Waiter, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lunch.send_message("interrupted")
    held.release()

    assert lunch.send_message("next", timeout=limit()).message_index == 1
    request = emulator.wait_for_request(answered(posts("/Messages")), count=2, timeout=limit())
    assert request.status == 201
