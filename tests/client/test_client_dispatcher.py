"""
Listeners in the loop of a GUI: everything that holds on the listener thread holds there too.

The tests of the guarantees are those of :mod:`tests.client.test_client_listeners`, with a loop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    CallbackListener,
    ConnectionState,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ErrorInfo,
    InvalidArgumentError,
    Message,
    MessageAdded,
    Properties,
    ReentrancyError,
    RequestTimeoutError,
)
from conversations.testing import RecordingListener
from tests.client import test_client_listeners as guarantees
from tests.client.people import Connect, Person, options
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

ON_THE_LISTENER_THREAD = {"test_all_callbacks_come_on_one_thread_one_at_a_time"}  # see below

globals().update(
    {
        name: test
        for name, test in vars(guarantees).items()
        if name.startswith("test_") and name not in ON_THE_LISTENER_THREAD
    }
)


class Loop:
    """
    What a GUI's loop is: functions, one after the other, on the thread that runs it.
    """

    def __init__(self) -> None:
        self._functions: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def call_soon(self, fn: Callable[[], None]) -> None:
        self._functions.put(fn)

    @property
    def length(self) -> int:
        return self._functions.qsize()

    def run(self) -> None:
        """
        Run until :meth:`quit`.
        """
        while (function := self._functions.get()) is not None:
            function()
            del function  # it holds the listener

    def run_one(self) -> None:
        """
        Run the next function, which is waited for.
        """
        function = self._functions.get(timeout=limit())
        assert function is not None
        function()

    def run_until(self, is_true: Callable[[], object]) -> None:
        """
        Run functions until something is so.
        """
        while not is_true():
            self.run_one()

    def run_what_is_there(self) -> None:
        """
        Run what has been handed over so far.
        """
        self.quit()
        self.run()

    def quit(self) -> None:
        self._functions.put(None)

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="gui", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.quit()
        if self._thread is not None:
            self._thread.join(limit())
            assert not self._thread.is_alive()


@pytest.fixture
def loop() -> Iterator[Loop]:
    """
    A loop that runs in a thread of its own.
    """
    running = Loop()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def connect(loop: Loop, connect: Connect) -> Connect:
    def connect_with_loop(identity: str, **more: Any) -> Person:
        return connect(identity, **{"dispatcher": loop, **more})

    return connect_with_loop  # type: ignore[return-value]


@pytest.fixture
def own(emulator: Emulator) -> Iterator[tuple[Loop, ConversationsClient, RecordingListener]]:
    """
    A loop that the test's thread runs itself, and a client made on it.
    """
    here, heard = Loop(), RecordingListener()
    client = ConversationsClient.create(
        emulator.token("alice"), options(emulator, dispatcher=here), heard, timeout=limit()
    )
    with client:
        yield here, client, heard


# Where and when


def test_all_callbacks_come_on_the_thread_of_the_loop_one_at_a_time(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    depth: list[int] = []

    class Nested(ConversationsClientListener):
        def on_message_added(self, message: Message) -> None:
            depth.append(1)
            lunch.set_friendly_name(str(message.body))  # causes callbacks, which come later
            assert depth == [1]
            depth.pop()

    outcome: Future[str] = Future()

    class Told(CallbackListener[int]):
        def on_success(self, result: int) -> None:
            outcome.set_result(threading.current_thread().name)

    alice.client.add_listener(Nested())
    for number in range(5):
        emulator.send_message(lunch.sid, f"m{number}")
    alice.client.submit(lunch.get_messages_count, callback=Told())
    alice.catch_up()
    assert {call.thread for call in alice.heard.calls()} == {"gui"}
    assert outcome.result(limit()) == "gui"
    assert alice.heard.calls("on_error") == []


def test_the_next_callback_is_handed_over_when_the_one_before_has_returned(
    own: tuple[Loop, ConversationsClient, RecordingListener], emulator: Emulator
) -> None:
    here, client, _ = own
    waiting: list[int] = []
    for _ in range(2):
        client.add_callbacks(on_user_updated=lambda *_: waiting.append(here.length))
    emulator.update_user("alice", friendly_name="one")
    emulator.update_user("alice", friendly_name="two")
    client.wait_until(lambda: client.my_user.friendly_name == "two", timeout=limit())
    here.run_until(lambda: len(waiting) == 4)
    assert waiting == [0] * 4


def test_a_client_can_be_made_and_used_on_the_loop_s_own_thread(
    own: tuple[Loop, ConversationsClient, RecordingListener], emulator: Emulator
) -> None:
    here, client, heard = own
    assert heard.calls() == []  # the loop has not run yet
    client.wait_for_synchronization(timeout=limit())  # needs no callback
    room = client.create_conversation("room", timeout=limit())
    room.join(timeout=limit())
    client.wait_until(lambda: room.status.value == "joined", timeout=limit())
    message = room.send_message("hello", timeout=limit())
    room.set_friendly_name("new", timeout=limit())
    client.wait_until(lambda: room.friendly_name == "new", timeout=limit())
    assert heard.calls() == []
    here.run_until(lambda: heard.calls("on_message_added"))
    names = [call.callback for call in heard.calls()]
    first = ["on_connection_state_change"] * 2 + ["on_client_synchronization", "on_user_subscribed"]
    assert names[:5] == [*first, "on_initialized"]
    assert heard.calls("on_message_added")[0]["message"] is message
    assert {call.thread for call in heard.calls()} == {threading.current_thread().name}


def test_the_outcome_of_a_creation_is_told_in_the_loop(emulator: Emulator, loop: Loop) -> None:
    told: Future[tuple[ConversationsClient, str]] = Future()

    class Created(CallbackListener[ConversationsClient]):
        def on_success(self, result: ConversationsClient) -> None:
            told.set_result((result, threading.current_thread().name))

    future = ConversationsClient.create_with_callback(
        emulator.token("alice"), options(emulator, dispatcher=loop), Created()
    )
    client, thread = told.result(limit())
    assert thread == "gui"
    assert future.result(limit()) is client
    client.shutdown()


def test_a_failed_creation_on_the_loop_s_own_thread_leaves_nothing(emulator: Emulator) -> None:
    here, heard = Loop(), RecordingListener()
    emulator.hold_requests()
    with pytest.raises(RequestTimeoutError):
        ConversationsClient.create(
            emulator.token("alice"), options(emulator, dispatcher=here), heard, timeout=0.2
        )
    here.run_what_is_there()
    assert heard.calls("on_init_failed")


# Waiting


@pytest.mark.parametrize("way", ["wait_until", "wait_for", "wait_for_message", "queue"])
def test_a_callback_in_the_loop_cannot_wait_for_callbacks(
    alice: Person, lunch: Conversation, way: str
) -> None:
    raised: list[BaseException] = []
    events = alice.client.event_queue([MessageAdded])
    ways: dict[str, Callable[[], object]] = {
        "wait_until": lambda: alice.client.wait_until(lambda: True),
        "wait_for": lambda: alice.client.wait_for(lambda _: True),
        "wait_for_message": lunch.wait_for_message,
        "queue": events.get,
    }

    def wait(_: Message) -> None:
        try:
            ways[way]()
        except ReentrancyError as error:
            raised.append(error)

    alice.client.add_callbacks(on_message_added=wait)
    lunch.send_message("hello")
    alice.catch_up()
    assert len(raised) == 1
    events.close()


def test_events_can_be_waited_for_on_the_loop_s_thread_between_callbacks(
    emulator: Emulator,
) -> None:
    here = Loop()
    client = ConversationsClient.create(
        emulator.token("alice"), options(emulator, dispatcher=here), timeout=limit()
    )
    with client, client.event_queue([MessageAdded]) as events:
        room = client.create_conversation("room", timeout=limit())
        room.join(timeout=limit())
        room.wait_for_synchronization(timeout=limit())
        emulator.wait_for_subscription(f"{room.sid}.messages", timeout=limit())
        sent = room.send_message("hello", timeout=limit())
        emulator.send_message(room.sid, "answer")
        # No listener needs the loop, which does not run now.
        assert room.wait_for_message(after=sent.message_index, timeout=limit()).body == "answer"
        assert events.get(limit()) == MessageAdded(room, sent)


# The end


def test_shutdown_on_the_loop_s_thread_does_not_wait_for_the_loop(
    own: tuple[Loop, ConversationsClient, RecordingListener],
) -> None:
    here, client, heard = own
    here.run_until(lambda: heard.calls("on_client_synchronization"))
    before = len(heard.calls())
    client.shutdown()
    assert len(heard.calls()) == before
    here.run_what_is_there()  # the rest may come after it
    last = heard.calls()[-1]
    assert last.callback == "on_connection_state_change"
    assert last["state"] is ConnectionState.DISCONNECTED


def test_shutdown_inside_a_callback_in_the_loop(alice: Person, lunch: Conversation) -> None:
    ended = threading.Event()

    def end(_: Message) -> None:
        alice.client.shutdown()
        ended.set()

    alice.client.add_callbacks(on_message_added=end)
    alice.emulator.send_message(lunch.sid, "the end")
    assert ended.wait(limit())
    alice.hear("on_connection_state_change", lambda state: state is ConnectionState.DISCONNECTED)


def test_a_loop_that_never_runs_does_not_keep_the_client_from_ending(emulator: Emulator) -> None:
    heard = RecordingListener()
    client = ConversationsClient.create(
        emulator.token("alice"), options(emulator, dispatcher=Loop()), heard, timeout=limit()
    )
    client.wait_for_synchronization(timeout=limit())
    client.shutdown()
    assert heard.calls() == []


def test_an_exception_in_the_loop_is_reported_and_spares_the_loop(
    alice: Person, lunch: Conversation, loop: Loop
) -> None:
    errors: list[ErrorInfo] = []

    def fail(_: Message) -> None:
        raise LookupError

    alice.client.add_callbacks(on_message_added=fail, on_error=errors.append)
    lunch.send_message("hello")
    alice.catch_up()
    assert [type(error.cause) for error in errors] == [LookupError]


@pytest.mark.parametrize("dispatcher", [7, "loop", object(), threading.Thread])
def test_a_dispatcher_has_a_method_for_it(dispatcher: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="dispatcher has a method call_soon"):
        Properties(dispatcher=dispatcher)
