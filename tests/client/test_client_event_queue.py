"""
Events as a queue: one class for each callback, handed out in order and once.
"""

from __future__ import annotations

import gc
import inspect
import re
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import conversations
from conversations import (
    ClientShutdownError,
    ClientStateError,
    ClientSynchronization,
    ConnectionState,
    ConnectionStateChange,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationUpdated,
    ErrorEvent,
    Event,
    EventQueue,
    InvalidArgumentError,
    MessageAdded,
    MessageDeleted,
    MessageUpdated,
    MessageUpdateReason,
    ParticipantAdded,
    ReentrancyError,
    RequestTimeoutError,
    SynchronizationStatus,
    UserUpdated,
)
from conversations.events import EVENT_CLASSES, event_of
from tests.client.people import Connect, Gate, Person, options
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

CALLBACKS = sorted(name for name in dir(ConversationsClientListener) if name.startswith("on_"))


def taken(queue: EventQueue, count: int) -> list[Event]:
    return [queue.get(limit()) for _ in range(count)]


def until(queue: EventQueue, matching: Callable[[Event], object]) -> list[Event]:
    """
    The events up to the first one that matches.
    """
    events = [queue.get(limit())]
    while not matching(events[-1]):
        events.append(queue.get(limit()))
    return events


def body(event: Event) -> str | None:
    return event.message.body if isinstance(event, MessageAdded) else None


# Classes


def test_there_is_one_class_for_each_callback() -> None:
    assert sorted(EVENT_CLASSES) == CALLBACKS


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_class_is_named_after_its_callback_and_has_its_arguments(callback: str) -> None:
    event_class = EVENT_CLASSES[callback]
    words = re.sub("_(.)", lambda match: match[1].upper(), callback.removeprefix("on"))
    suffix = "Event" if callback in {"on_error", "on_connection_error"} else ""
    assert event_class.__name__ == words + suffix
    assert issubclass(event_class, Event)
    assert getattr(conversations, event_class.__name__) is event_class
    assert event_class.__name__ in conversations.__all__

    method = getattr(ConversationsClientListener, callback)
    parameters = list(inspect.signature(method).parameters)[1:]
    names = [field.name for field in attrs.fields(event_class)]
    if {"message", "participant"} & set(parameters) and "conversation" not in parameters:
        parameters.insert(0, "conversation")
    assert names == parameters
    annotations = inspect.get_annotations(event_class)
    told = inspect.get_annotations(method)
    assert all(annotations[name] == told[name] for name in names if name in told)


@pytest.mark.parametrize("callback", CALLBACKS)
def test_an_event_is_made_from_the_arguments_of_its_callback(callback: str) -> None:
    class Thing:
        conversation = "the conversation"

    method = getattr(ConversationsClientListener, callback)
    things = tuple(Thing() for _ in list(inspect.signature(method).parameters)[1:])
    event = event_of(callback, things)
    values = attrs.astuple(event, recurse=False)
    assert values[-len(things) :] == things if things else values == ()
    assert values[: len(values) - len(things)] in {(), ("the conversation",)}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.conversation = None  # type: ignore[attr-defined]


# What comes


def test_a_queue_gets_what_a_listener_gets_in_the_same_order(
    connect: Connect, emulator: Emulator
) -> None:
    alice = connect("alice", synchronize=False)
    with alice.client.event_queue() as queue:
        alice.client.wait_for_synchronization(timeout=limit())
        heard = connect("alice").heard  # another client: only to compare kinds of events
        sid = emulator.create_conversation(identities=["alice", "bob"]).sid
        room = alice.enter(sid)
        recorder = type(alice.heard)()
        alice.client.add_listener(recorder)
        alice.catch_up()
        until(queue, lambda event: isinstance(event, UserUpdated))
        recorder.clear()
        room.send_message("hello")
        emulator.update_conversation(sid, friendly_name="new")
        emulator.remove_participant(sid, "bob")
        alice.catch_up()
        events = until(queue, lambda event: isinstance(event, UserUpdated))
        calls = recorder.calls()
        assert [type(event) for event in events] == [EVENT_CLASSES[one.callback] for one in calls]
        assert [attrs.astuple(event, recurse=False)[-1] for event in events] == [
            list(one.arguments.values())[-1] for one in calls
        ]
    assert heard is not recorder


def test_events_carry_the_objects_of_the_client(alice: Person, lunch: Conversation) -> None:
    with alice.client.event_queue([MessageAdded, MessageUpdated, MessageDeleted]) as queue:
        message = lunch.send_message("hello")
        assert taken(queue, 1) == [MessageAdded(lunch, message)]
        message.update_body("changed")
        (first,) = taken(queue, 1)
        assert isinstance(first, MessageUpdated)
        assert first.conversation is lunch
        assert first.message is message
        assert isinstance(first.reason, MessageUpdateReason)
        message.remove()
        rest = until(queue, lambda event: isinstance(event, MessageDeleted))
        assert rest[-1] == MessageDeleted(lunch, message)


def test_a_queue_begins_with_the_current_status_as_a_listener_does(alice: Person) -> None:
    with alice.client.event_queue() as queue:
        assert queue.get(limit()) == ClientSynchronization(SynchronizationStatus.COMPLETED)
    with alice.client.event_queue([MessageAdded]) as queue:
        alice.catch_up()
        assert len(queue) == 0


def test_only_the_types_that_are_wanted_come(
    alice: Person, room: str, lunch: Conversation, emulator: Emulator
) -> None:
    with alice.client.event_queue(MessageAdded) as one, alice.client.event_queue(Event) as every:
        with alice.client.event_queue({MessageAdded, ParticipantAdded}) as two:
            emulator.send_message(room, "first")
            emulator.add_participant(room, "carol")
            emulator.send_message(room, "second")
            alice.catch_up()
            assert [type(event) for event in taken(one, 2)] == [MessageAdded, MessageAdded]
            kinds = [type(event) for event in taken(two, 3)]
            assert sorted(kinds, key=str) == [MessageAdded, MessageAdded, ParticipantAdded]
        assert len(one) == 0
        assert {ClientSynchronization, ConversationUpdated} < {
            type(event) for event in taken(every, len(every))
        }
    assert lunch.last_message_index == 1


def test_a_callback_that_fails_shows_as_an_error(alice: Person, room: str) -> None:
    class Broken(ConversationsClientListener):
        def on_user_updated(self, *_: Any) -> None:
            raise LookupError

    broken = Broken()
    alice.client.add_listener(broken)
    with alice.client.event_queue([ErrorEvent]) as queue:
        alice.catch_up()
        (event,) = taken(queue, 1)
        assert isinstance(event, ErrorEvent)
        assert isinstance(event.error_info.cause, LookupError)
        assert len(queue) == 0
    alice.client.remove_listener(broken)


def test_an_event_shows_what_it_is(alice: Person, lunch: Conversation) -> None:
    with alice.client.event_queue([MessageAdded]) as queue:
        message = lunch.send_message("secret words")
        (event,) = taken(queue, 1)
    assert repr(event) == f"MessageAdded(conversation={lunch!r}, message={message!r})"
    assert "secret" not in repr(event)
    assert re.fullmatch(r"<EventQueue closed>", repr(queue))


# Taking


def test_iterating_waits_and_ends_with_the_client(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    queue = alice.client.event_queue([MessageAdded, ConnectionStateChange])
    reading = in_background(lambda: list(queue))
    emulator.send_message(lunch.sid, "one")
    alice.hear("on_message_added", lambda message: message.body == "one")
    alice.client.shutdown()
    events = reading.result(limit())
    assert [body(event) for event in events] == ["one", None]
    assert events[-1] == ConnectionStateChange(ConnectionState.DISCONNECTED)
    assert list(queue) == []
    with pytest.raises(ClientShutdownError, match="get"):
        queue.get()


def test_what_is_left_at_the_end_is_handed_out_first(alice: Person, lunch: Conversation) -> None:
    queue = alice.client.event_queue([MessageAdded])
    lunch.send_message("one")
    lunch.send_message("two")
    alice.hear("on_message_added", lambda message: message.body == "two")
    alice.client.shutdown()
    assert body(queue.get()) == "one"
    assert [body(event) for event in queue] == ["two"]


def test_getting_gives_up_in_time(connect: Connect) -> None:
    alice = connect("alice")
    with alice.client.event_queue([MessageAdded]) as queue:
        with pytest.raises(
            RequestTimeoutError, match=r"get: .* no event came within 0 s"
        ) as caught:
            queue.get(timeout=0)
        assert not caught.value.may_have_been_sent
        with pytest.raises(InvalidArgumentError):
            queue.get(timeout=-1)


def test_getting_waits_for_the_command_timeout(connect: Connect) -> None:
    client = connect("alice", command_timeout=0.05, synchronize=False).client
    queue = client.event_queue([MessageAdded])
    with pytest.raises(RequestTimeoutError, match=r"within 0\.05 s"):
        queue.get()


def test_closing_ends_everybody(alice: Person, lunch: Conversation) -> None:
    with alice.client.event_queue([MessageAdded]) as queue:
        reading = in_background(lambda: list(queue))
        getting = in_background(lambda: queue.get(limit()))
    assert reading.result(limit()) == []
    with pytest.raises(ClientStateError, match="closed"):
        getting.result(limit())
    queue.close()  # again
    lunch.send_message("hello")
    alice.catch_up()
    assert len(queue) == 0
    assert list(queue) == []
    with pytest.raises(ClientStateError, match="closed"):
        queue.get()
    assert queue  # never empty in the sense of false


def test_several_threads_share_the_events(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    with alice.client.event_queue([MessageAdded]) as queue:
        readers = [in_background(lambda: [body(event) for event in queue]) for _ in range(4)]
        for number in range(20):
            emulator.send_message(lunch.sid, f"m{number}")
        alice.hear("on_message_added", lambda message: message.body == "m19")
        alice.client.shutdown()
        found = [one for reader in readers for one in reader.result(limit())]
    assert sorted(found, key=str) == sorted((f"m{number}" for number in range(20)), key=str)


# Holding up


def test_a_full_queue_holds_up_later_callbacks_until_one_is_taken(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    queue = alice.client.event_queue([MessageAdded], maxsize=2)
    after = type(alice.heard)()
    alice.client.add_listener(after)  # comes after the queue
    for number in range(4):
        emulator.send_message(lunch.sid, f"m{number}")
    after.wait_for("on_message_added", lambda message: message.body == "m1", timeout=limit())
    alice.hear("on_message_added", lambda message: message.body == "m2")  # before the queue
    assert [one["message"].body for one in after.calls("on_message_added")] == ["m0", "m1"]
    assert len(queue) == 2
    # The state goes on, and so does whoever waits for it.
    alice.client.wait_until(lambda: lunch.last_message_index == 3, timeout=limit())
    assert body(queue.get(limit())) == "m0"
    after.wait_for("on_message_added", lambda message: message.body == "m2", timeout=limit())
    assert [body(event) for event in taken(queue, 3)] == ["m1", "m2", "m3"]
    queue.close()


def test_a_full_queue_does_not_hold_up_the_shutdown(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    queue = alice.client.event_queue([MessageAdded], maxsize=1)
    for number in range(3):
        emulator.send_message(lunch.sid, f"m{number}")
    alice.hear("on_message_added", lambda message: message.body == "m1")
    alice.client.wait_until(lambda: lunch.last_message_index == 2, timeout=limit())
    alice.client.shutdown()
    assert [body(event) for event in queue] == ["m0", "m1", "m2"]
    assert alice.heard.calls()[-1]["state"] is ConnectionState.DISCONNECTED


@pytest.mark.parametrize("maxsize", [0, 1])
def test_a_queue_that_is_forgotten_holds_up_nobody(
    alice: Person, lunch: Conversation, emulator: Emulator, maxsize: int
) -> None:
    queue = alice.client.event_queue([MessageAdded], maxsize=maxsize)
    emulator.send_message(lunch.sid, "m0")
    emulator.send_message(lunch.sid, "m1")
    alice.hear("on_message_added", lambda message: message.body == "m1")
    mailbox = weakref.ref(queue._reader)
    del queue
    gc.collect()
    emulator.send_message(lunch.sid, "m2")
    emulator.send_message(lunch.sid, "m3")
    alice.catch_up()
    assert alice.bodies() == ["m0", "m1", "m2", "m3"]
    alice.client.wait_until(lambda: mailbox() is None, timeout=limit())


# Where it may be used


def test_a_callback_cannot_wait_for_events(alice: Person, lunch: Conversation) -> None:
    raised: list[BaseException] = []
    made: list[EventQueue] = []
    queue = alice.client.event_queue([MessageAdded])

    class Waiting(ConversationsClientListener):
        def on_message_added(self, message: Any) -> None:
            made.append(alice.client.event_queue([MessageAdded]))  # for another thread
            for wait in (queue.get, lambda: next(queue)):
                try:
                    wait()
                except ReentrancyError as error:
                    raised.append(error)

    alice.client.add_listener(Waiting())
    lunch.send_message("one")
    assert body(queue.get(limit())) == "one"
    alice.catch_up()
    assert len(raised) == 2
    lunch.send_message("two")
    assert body(made[0].get(limit())) == "two"
    for one in (queue, *made):
        one.close()


def test_removing_all_listeners_leaves_queues(alice: Person, lunch: Conversation) -> None:
    with alice.client.event_queue([MessageAdded]) as queue:
        alice.client.remove_all_listeners()
        lunch.send_message("hello")
        assert body(queue.get(limit())) == "hello"


def test_a_queue_does_not_keep_the_client_alive(emulator: Emulator) -> None:
    client = ConversationsClient.create(emulator.token("alice"), options(emulator))
    queue = client.event_queue([ConnectionStateChange])
    with pytest.warns(ResourceWarning):  # noqa: PT031  # the last reference goes
        del client
        gc.collect()
    assert list(queue) == []
    emulator.wait_for_connections(0, timeout=limit())


def test_a_client_that_is_shut_down_has_no_queues(alice: Person) -> None:
    alice.client.shutdown()
    with pytest.raises(ClientShutdownError):
        alice.client.event_queue()


def test_a_slow_reader_behind_a_stuck_callback_ends_with_the_client(
    alice: Person, lunch: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations._runtime.runtime.SHUTDOWN_SECONDS", 0.05)
    gate = Gate()
    alice.client.add_listener(gate)
    queue = alice.client.event_queue([MessageAdded])
    lunch.send_message("stuck")
    gate.wait_until_entered()
    reading = in_background(lambda: list(queue))
    alice.client.shutdown()
    assert reading.result(limit()) == []
    gate.open()


@pytest.mark.parametrize(
    "types",
    [str, [MessageAdded, str], [], 7, ["MessageAdded"], [MessageAdded(None, None)]],  # type: ignore[arg-type]
)
def test_types_are_classes_of_events(alice: Person, types: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="types"):
        alice.client.event_queue(types)


@pytest.mark.parametrize("maxsize", [-1, True, "1", 1.5, None])
def test_the_size_is_a_whole_number(alice: Person, maxsize: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="maxsize"):
        alice.client.event_queue(maxsize=maxsize)


def test_threads_may_open_and_close_queues_while_events_come(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            with alice.client.event_queue(maxsize=1) as queue:
                queue.get(limit())  # at least the status

    workers = [in_background(churn) for _ in range(3)]
    for number in range(30):
        emulator.send_message(lunch.sid, f"m{number}")
    alice.catch_up()
    stop.set()
    for worker in workers:
        worker.result(limit())
    assert alice.bodies() == [f"m{number}" for number in range(30)]
