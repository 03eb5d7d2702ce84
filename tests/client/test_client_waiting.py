"""
Waiting: for a state, for an event, for a message; without missing anything.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    ClientSynchronization,
    Conversation,
    ConversationJoined,
    ConversationsClientListener,
    Event,
    InvalidArgumentError,
    Message,
    MessageAdded,
    OperationCancelledError,
    ReentrancyError,
    RequestTimeoutError,
    SynchronizationStatus,
)
from tests.client.people import Connect, Person, held_up
from tests.client.test_client_life import run
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

Wait = Callable[[Conversation, float], object]


def on_state(conversation: Conversation, seconds: float) -> None:
    assert conversation.client is not None
    conversation.client.wait_until(lambda: False, timeout=seconds)


def on_event(conversation: Conversation, seconds: float) -> Event:
    assert conversation.client is not None
    return conversation.client.wait_for(lambda _: False, timeout=seconds)


def on_message(conversation: Conversation, seconds: float) -> Message:
    return conversation.wait_for_message(lambda _: False, timeout=seconds)


WAYS = pytest.mark.parametrize("wait", [on_state, on_event, on_message])
NAMES = {on_state: "wait_until", on_event: "wait_for", on_message: "wait_for_message in CH"}


class Asked:
    """
    A predicate that tells a test that it was asked.
    """

    def __init__(self, answer: Callable[..., object] = lambda *_: False) -> None:
        self._answer = answer
        self._asked = threading.Semaphore(0)
        self.threads: set[str] = set()
        self.arguments: list[Any] = []

    def __call__(self, *arguments: Any) -> object:
        self.threads.add(threading.current_thread().name)
        self.arguments += arguments
        answer = self._answer(*arguments)
        self._asked.release()
        return answer

    def wait(self) -> None:
        assert self._asked.acquire(timeout=limit())


def hear(person: Person, asked: Asked) -> None:
    """
    Cause events until the predicate is asked about one: from then on none is missed.
    """
    while not asked.arguments:
        person.catch_up()


# For a state


def test_a_state_that_is_there_needs_no_waiting(alice: Person) -> None:
    alice.client.wait_until(lambda: True, timeout=0)


def test_a_setter_can_be_read_after_waiting(lunch: Conversation) -> None:
    client = lunch.client
    assert client is not None
    for number in range(20):
        lunch.set_friendly_name(f"n{number}")
        client.wait_until(
            lambda number=number: lunch.friendly_name == f"n{number}", timeout=limit()
        )


def test_a_state_is_looked_at_again_after_each_event(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    asked = Asked(lambda: lunch.friendly_name == "new")
    waiting = in_background(lambda: alice.client.wait_until(asked, timeout=limit()))
    asked.wait()
    emulator.send_message(lunch.sid, "something else")
    asked.wait()
    emulator.update_conversation(lunch.sid, friendly_name="new")
    waiting.result(limit())
    assert asked.threads == {"test-background"}


def test_waiting_for_a_state_does_not_wait_for_listeners(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    with held_up(alice, lunch.sid):
        emulator.update_conversation(lunch.sid, friendly_name="new")
        alice.client.wait_until(lambda: lunch.friendly_name == "new", timeout=limit())


def test_what_a_listener_has_done_counts_as_state(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    seen: list[Message] = []
    alice.client.add_callbacks(on_message_added=seen.append)
    for number in range(10):
        emulator.send_message(lunch.sid, f"m{number}")
    alice.client.wait_until(lambda: len(seen) == 10, timeout=limit())


def test_a_state_of_the_client_itself_can_be_waited_for(connect: Connect) -> None:
    client = connect("alice", synchronize=False).client
    client.wait_until(
        lambda: client.synchronization_status is SynchronizationStatus.COMPLETED, timeout=limit()
    )


# For an event


def test_the_first_event_that_counts_is_returned(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    asked = Asked(lambda event: isinstance(event, MessageAdded) and event.message.body == "two")
    waiting = in_background(lambda: alice.client.wait_for(asked, timeout=limit()))
    hear(alice, asked)
    for body in ("one", "two", "three"):
        emulator.send_message(lunch.sid, body)
    event = waiting.result(limit())
    assert isinstance(event, MessageAdded)
    assert event.conversation is lunch
    assert event is asked.arguments[-1]
    assert ClientSynchronization not in {type(one) for one in asked.arguments}
    assert asked.threads == {"test-background"}


def test_what_was_told_before_the_call_is_no_event(alice: Person, lunch: Conversation) -> None:
    lunch.send_message("old")
    alice.catch_up()
    with pytest.raises(RequestTimeoutError):
        alice.client.wait_for(lambda event: isinstance(event, MessageAdded), timeout=0.05)


def test_the_event_of_a_call_in_another_thread_is_got(alice: Person, emulator: Emulator) -> None:
    sid = emulator.create_conversation(created_by="alice").sid
    room = alice.client.get_conversation(sid, timeout=limit())
    asked = Asked(lambda event: isinstance(event, ConversationJoined))
    waiting = in_background(lambda: alice.client.wait_for(asked, timeout=limit()))
    hear(alice, asked)
    room.join()
    assert waiting.result(limit()) == ConversationJoined(room)


# For a message


def test_the_first_message_that_counts_is_returned(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    other = emulator.create_conversation(identities=["alice"]).sid
    alice.enter(other)
    asked = Asked(lambda message: message.body == "yes")
    waiting = in_background(lambda: lunch.wait_for_message(asked, timeout=limit()))
    alice.client.wait_until(lambda: len(alice.client._listeners._for_client) > 1, timeout=limit())
    emulator.send_message(other, "yes")
    emulator.send_message(lunch.sid, "no")
    emulator.send_message(lunch.sid, "yes")
    message = waiting.result(limit())
    assert (message.body, message.message_index) == ("yes", 1)
    assert message is lunch.cached_messages[1]
    assert [one.body for one in asked.arguments] == ["no", "yes"]
    assert asked.threads == {"test-background"}


def test_an_answer_that_was_faster_is_not_missed(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    question = lunch.send_message("How are you?")
    emulator.send_message(lunch.sid, "fine")
    alice.hear("on_message_added", lambda message: message.body == "fine")
    answer = lunch.wait_for_message(after=question.message_index, timeout=0)
    assert answer.body == "fine"


def test_every_answer_in_a_dialogue_is_got(alice: Person, bob: Person, lunch: Conversation) -> None:
    room = bob.enter(lunch.sid)
    index = lunch.send_message("the beginning").message_index

    def answer() -> None:
        last = index
        for _ in range(20):
            question = room.wait_for_message(
                lambda message: message.author == "alice", after=last, timeout=limit()
            )
            last = question.message_index
            room.send_message(f"re: {question.body}")

    answering = in_background(answer)
    for number in range(20):
        question = lunch.send_message(f"q{number}")
        reply = lunch.wait_for_message(after=question.message_index, timeout=limit())
        assert reply.body == f"re: q{number}"
    answering.result(limit())


def test_the_own_message_does_not_count_as_its_answer(alice: Person, lunch: Conversation) -> None:
    question = lunch.send_message("anybody?")
    with pytest.raises(RequestTimeoutError):
        lunch.wait_for_message(after=question.message_index, timeout=0)
    alice.catch_up()


def test_without_an_index_cached_messages_do_not_count(alice: Person, lunch: Conversation) -> None:
    lunch.send_message("old")
    alice.catch_up()
    with pytest.raises(RequestTimeoutError):
        lunch.wait_for_message(timeout=0.05)


# For all of them


@WAYS
def test_what_does_not_come_times_out(lunch: Conversation, wait: Wait) -> None:
    with pytest.raises(RequestTimeoutError, match=NAMES[wait]) as caught:
        wait(lunch, 0)
    assert not caught.value.may_have_been_sent
    assert "within 0 s" in str(caught.value)


def test_the_command_timeout_is_the_default(connect: Connect, room: str) -> None:
    alice = connect("alice", synchronize=False, command_timeout=0.05)
    conversation = alice.enter(room)
    ways: list[Callable[[], object]] = [
        lambda: alice.client.wait_until(lambda: False),
        lambda: alice.client.wait_for(lambda _: False),
        lambda: conversation.wait_for_message(lambda _: False),
    ]
    for wait in ways:
        with pytest.raises(RequestTimeoutError, match=r"within 0\.05 s"):
            wait()


@WAYS
def test_shutdown_ends_it(alice: Person, lunch: Conversation, wait: Wait) -> None:
    waiting = in_background(lambda: wait(lunch, limit(60)))
    alice.client.wait_until(lambda: alice.client._runtime._bell._latches, timeout=limit())
    alice.client.shutdown()
    with pytest.raises(ClientShutdownError, match=NAMES[wait]):
        waiting.result(limit())
    with pytest.raises(ClientShutdownError):
        wait(lunch, limit())


@WAYS
def test_shutdown_inside_a_callback_ends_it(
    alice: Person, lunch: Conversation, emulator: Emulator, wait: Wait
) -> None:
    alice.client.add_callbacks(on_message_added=lambda _: alice.client.shutdown())
    waiting = in_background(lambda: wait(lunch, limit(60)))
    emulator.send_message(lunch.sid, "the end")
    with pytest.raises(ClientShutdownError):
        waiting.result(limit())


@WAYS
def test_a_callback_cannot_wait_for_callbacks(
    alice: Person, lunch: Conversation, wait: Wait
) -> None:
    raised: list[BaseException] = []

    class Waiting(ConversationsClientListener):
        def on_message_added(self, message: Message) -> None:
            try:
                wait(lunch, limit())
            except ReentrancyError as error:
                raised.append(error)

    alice.client.add_listener(Waiting())
    lunch.send_message("hello")
    alice.catch_up()
    assert len(raised) == 1


@WAYS
def test_what_a_predicate_raises_reaches_the_caller(
    alice: Person, lunch: Conversation, wait: Wait
) -> None:
    def fail(*_: Any) -> bool:
        raise LookupError

    calls: dict[Wait, Callable[[], object]] = {
        on_state: lambda: alice.client.wait_until(fail),
        on_event: lambda: alice.client.wait_for(fail, timeout=limit()),
        on_message: lambda: lunch.wait_for_message(fail, timeout=limit()),
    }
    waiting = in_background(calls[wait])
    while not waiting.done():  # whatever comes after the call
        lunch.send_message("hello")
    with pytest.raises(LookupError):
        waiting.result(limit())
    assert len(alice.client._listeners._for_client) == 1  # nothing is left behind


@WAYS
def test_a_job_that_waits_can_be_cancelled(alice: Person, lunch: Conversation, wait: Wait) -> None:
    future = alice.client.submit(wait, lunch, limit(60))
    alice.client.wait_until(lambda: len(alice.client._runtime._bell._latches) > 1, timeout=limit())
    assert future.cancel()
    with pytest.raises(CancelledError) as caught:
        future.result(limit())
    assert isinstance(caught.value, OperationCancelledError)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_nothing(emulator: Emulator, room: str) -> None:
    result = run(
        emulator,
        """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads, from 3.12 on
        from conversations import ClientForkedError, ConversationsClient, MessageAdded

        client = ConversationsClient.create(sys.argv[1])
        conversation = client.get_conversation(sys.argv[2])
        conversation.wait_for_synchronization()
        queue = client.event_queue([MessageAdded])
        forked = []

        def fork():
            if not forked:
                forked.append(os.fork())
            return forked[0] != 0

        refused = 0
        try:
            client.wait_until(fork)  # the child comes out of it with an error
        except ClientForkedError:
            refused += 1
        if forked[0] == 0:
            for use in (
                lambda: client.wait_until(lambda: True),
                lambda: client.wait_for(lambda _: True),
                conversation.wait_for_message,
                queue.get,
                lambda: next(queue),
                client.event_queue,
                lambda: client.add_callbacks(on_error=print),
                conversation.evict_messages,
                lambda: client.stats,
                lambda: next(client.iter_conversations()),
            ):
                try:
                    use()
                except ClientForkedError as error:
                    refused += "fork" in str(error)
            queue.close()
            os._exit(refused)
        _, status = os.waitpid(forked[0], 0)
        print("refused", os.waitstatus_to_exitcode(status))
        message = conversation.send_message("from the parent")
        print(queue.get().message is message)
        client.shutdown()
        """,
        emulator.token("alice"),
        room,
    )
    assert result.stderr == ""
    assert result.stdout == "refused 11\nTrue\n"


def test_wrong_arguments_are_refused_at_once(alice: Person, lunch: Conversation) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: alice.client.wait_until(True),  # type: ignore[arg-type]
        lambda: alice.client.wait_for(None),  # type: ignore[arg-type]
        lambda: lunch.wait_for_message("hello"),  # type: ignore[arg-type]
        lambda: lunch.wait_for_message(after=-1),
        lambda: lunch.wait_for_message(after="1"),  # type: ignore[arg-type]
        lambda: alice.client.wait_until(lambda: True, timeout=-1),
        lambda: alice.client.wait_for(lambda _: True, timeout=float("nan")),
        lambda: lunch.wait_for_message(timeout=True),
    ]
    for call in wrong:
        with pytest.raises(InvalidArgumentError):
            call()
