"""
Order, threads and exactly-once: what listeners can rely on.
"""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ConnectionState,
    Conversation,
    ConversationListener,
    ConversationsClient,
    ConversationsClientListener,
    ConversationUpdateReason,
    ErrorInfo,
    ErrorReason,
    InvalidArgumentError,
    Message,
)
from conversations._runtime import dispatcher
from conversations.testing import RecordingListener
from tests.client.people import Connect, Gate, Person, held_up
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

Log = list[tuple[str, ...]]


class Names(ConversationsClientListener, ConversationListener):  # type: ignore[misc]  # users differ
    """
    Writes its name and what it was told into a common log.
    """

    def __init__(self, name: str, log: Log) -> None:
        self._name = name
        self._log = log

    def on_message_added(self, message: Message) -> None:
        self._log.append((self._name, "added", str(message.body)))

    def on_conversation_updated(self, conversation: Conversation, reason: Any) -> None:
        self._log.append((self._name, "updated", reason.name))

    def on_updated(self, conversation: Conversation, reason: Any) -> None:
        self._log.append((self._name, "updated", reason.name))


class Acting(RecordingListener):
    """
    Does something when the first message comes.
    """

    def __init__(self, act: Callable[[Message], object]) -> None:
        super().__init__()
        self._act: Callable[[Message], object] | None = act

    def on_message_added(self, message: Message) -> None:
        act, self._act = self._act, None
        if act is not None:
            act(message)
        self._record("on_message_added", {"message": message})


def make_round_trip(conversation: Conversation) -> None:
    """
    Whatever the server has sent up to now is in the client, its callbacks at least queued.
    """
    conversation.get_last_messages(1, timeout=limit())


# G1, G5


def test_all_callbacks_come_on_one_thread_one_at_a_time(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    inside, overlaps = threading.Lock(), []

    class Careful(RecordingListener):
        def _record(self, callback: str, arguments: Any) -> None:
            if not inside.acquire(blocking=False):
                overlaps.append(callback)
                return
            try:
                super()._record(callback, arguments)
            finally:
                inside.release()

    first, second = Careful(), Careful()
    alice.client.add_listener(first)
    lunch.add_listener(second)
    for number in range(20):
        emulator.send_message(lunch.sid, str(number))
        emulator.update_conversation(lunch.sid, friendly_name=str(number))
    alice.catch_up()

    threads = {call.thread for one in (first, second, alice.heard) for call in one.calls()}
    assert overlaps == []
    [thread] = threads
    assert thread.startswith("conversations-listeners-")
    assert thread != threading.current_thread().name


def test_listeners_are_called_in_order_the_client_s_before_the_conversation_s(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    log: Log = []
    lunch.add_listener(Names("conversation 1", log))
    alice.client.add_listener(Names("client 1", log))
    lunch.add_listener(Names("conversation 2", log))
    alice.client.add_listener(Names("client 2", log))

    emulator.send_message(lunch.sid, "a")
    emulator.send_message(lunch.sid, "b")
    alice.catch_up()

    order = ["client 1", "client 2", "conversation 1", "conversation 2"]
    added = [entry for entry in log if entry[1] == "added"]
    assert added == [(name, "added", body) for body in "ab" for name in order]


def test_listeners_of_one_conversation_hear_nothing_of_another(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    other = alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    heard = RecordingListener()
    other.add_listener(heard)

    emulator.send_message(lunch.sid, "not for you")
    emulator.add_participant(lunch.sid, "carol")
    alice.catch_up()

    assert heard.calls("on_message_added", "on_participant_added", "on_updated") == []


# G2


def test_events_of_one_object_come_in_the_server_s_order(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    expected: Log = []
    for number in range(30):
        emulator.send_message(lunch.sid, f"{number}")
        expected.append(("on_message_added", f"{number}"))
        if number % 3 == 0:
            emulator.update_message(lunch.sid, number, body=f"{number}!")
        if number % 5 == 0:
            emulator.remove_message(lunch.sid, number)
    alice.catch_up()

    added = [call["message"] for call in alice.heard.calls("on_message_added")]
    assert [message.message_index for message in added] == list(range(30))
    calls = alice.heard.calls("on_message_added", "on_message_updated", "on_message_deleted")
    for number in range(0, 30, 15):
        about = [call.callback for call in calls if call["message"].message_index == number]
        assert about[0] == "on_message_added"
        assert about[-1] == "on_message_deleted"
        assert set(about[1:-1]) == {"on_message_updated"}


# G3, G4


def test_there_is_one_call_for_each_reason_in_the_order_of_the_enum_with_all_values_set(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    seen: list[tuple[object, ...]] = []

    class Reader(ConversationsClientListener):
        def on_conversation_updated(
            self, conversation: Conversation, reason: ConversationUpdateReason
        ) -> None:
            values = (conversation.friendly_name, conversation.unique_name)
            seen.append((reason, *values, conversation.attributes.value))

    alice.client.add_listener(Reader())
    emulator.update_conversation(lunch.sid, friendly_name="F", unique_name="U", attributes=["A"])
    alice.catch_up()

    reasons = [entry[0] for entry in seen]
    assert reasons == [
        ConversationUpdateReason.ATTRIBUTES,
        ConversationUpdateReason.FRIENDLY_NAME,
        ConversationUpdateReason.UNIQUE_NAME,
        ConversationUpdateReason.DATE_UPDATED,
    ]
    assert {entry[1:3] for entry in seen} == {("F", "U")}
    assert all(entry[3] == ["A"] for entry in seen)


# G6


def test_a_conversation_s_callbacks_begin_with_added_and_end_with_deleted(
    emulator: Emulator, alice: Person
) -> None:
    sid = emulator.create_conversation(friendly_name="short", identities=["alice"]).sid
    conversation = alice.enter(sid)
    of_the_conversation = RecordingListener()
    conversation.add_listener(of_the_conversation)
    emulator.send_message(sid, "hello")
    emulator.update_conversation(sid, friendly_name="short")
    emulator.remove_conversation(sid)
    alice.hear("on_conversation_deleted")
    alice.catch_up()

    def is_about_it(call: Any) -> bool:
        values = list(call.arguments.values())
        about = getattr(values[0], "conversation", values[0]) if values else None
        return about is conversation

    about = [call.callback for call in alice.heard.calls() if is_about_it(call)]
    assert about[:2] == ["on_conversation_added", "on_conversation_joined"]
    assert about[-3:] == [
        "on_conversation_updated",
        "on_conversation_left",
        "on_conversation_deleted",
    ]
    assert about.count("on_conversation_deleted") == 1
    assert of_the_conversation.calls()[-1].callback == "on_deleted"


def test_a_conversation_that_is_merely_looked_up_has_no_callbacks(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    created = bob.client.create_conversation("looked at", timeout=limit())
    created.join(timeout=limit())
    bob.hear("on_conversation_joined", lambda one: one is created)
    created.leave(timeout=limit())
    bob.hear("on_conversation_deleted", lambda one: one is created)
    bob.heard.clear()

    again = bob.client.get_conversation(created.sid, timeout=limit())
    again.set_friendly_name("seen again", timeout=limit())
    bob.catch_up()

    assert again is not created
    assert again.status.name == "NOT_PARTICIPATING"
    assert {call.callback for call in bob.heard.calls()} == {"on_user_updated"}
    again.join(timeout=limit())
    assert bob.hear("on_conversation_added")["conversation"] is again
    assert bob.hear("on_conversation_joined")["conversation"] is again


# G10


def test_a_call_may_return_before_its_callback(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with held_up(alice, lunch.sid):
        message = lunch.send_message("later", timeout=limit())
        assert ("on_message_added", "later") not in alice.told()

    alice.hear("on_message_added", lambda one: one is message)


# G12


class Broken(RecordingListener):
    """
    Raises in every callback about messages and errors.
    """

    def on_message_added(self, message: Message) -> None:
        raise ZeroDivisionError("in on_message_added")

    def on_error(self, error_info: ErrorInfo) -> None:
        self._record("on_error", {"error_info": error_info})
        raise LookupError("in on_error")


def test_an_exception_in_a_callback_is_logged_and_reported_once_and_stops_nothing(
    emulator: Emulator, alice: Person, lunch: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    broken, after = Broken(), RecordingListener()
    alice.client.add_listener(broken)
    alice.client.add_listener(after)
    lunch.add_listener(after)

    emulator.send_message(lunch.sid, "hello")
    alice.catch_up()

    assert len(after.calls("on_message_added")) == 2
    for listener in (alice.heard, broken, after):
        [call] = listener.calls("on_error")
        info = call["error_info"]
        assert info.reason is ErrorReason.UNKNOWN
        assert isinstance(info.cause, ZeroDivisionError)
        assert "Broken.on_message_added" in info.message
        assert "ZeroDivisionError" in info.message
    raised = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage().split()[1] for record in raised] == [
        "Broken.on_message_added",
        "Broken.on_error",
    ]
    assert all(record.exc_info for record in raised)
    assert {record.name for record in raised} == {"conversations.events"}
    assert alice.client.connection_state is ConnectionState.CONNECTED
    assert alice.heard.calls("on_connection_error") == []
    assert lunch.send_message("still there", timeout=limit()).message_index == 1


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_callback_shuts_the_client_down(
    emulator: Emulator,
    alice: Person,
    lunch: Conversation,
    caplog: pytest.LogCaptureFixture,
    fatal: type[BaseException],
) -> None:
    def interrupt(_: Message) -> None:
        raise fatal

    alice.client.add_listener(Acting(interrupt))
    emulator.send_message(lunch.sid, "hello")

    emulator.wait_for_connections(0, timeout=limit())
    alice.hear("on_connection_state_change", lambda state: state.name == "DISCONNECTED")
    assert alice.client.is_shutdown
    assert any(fatal.__name__ in record.getMessage() for record in caplog.records)
    alice.client.shutdown()
    assert alice.heard.calls("on_error") == []


# G13


def test_an_added_listener_starts_with_the_next_event(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    for_client, for_conversation = RecordingListener(), RecordingListener()

    def add(_: Message) -> None:
        alice.client.add_listener(for_client)
        lunch.add_listener(for_conversation)

    alice.client.add_listener(Acting(add))
    emulator.send_message(lunch.sid, "first")
    alice.hear("on_message_added")
    emulator.send_message(lunch.sid, "second")
    alice.catch_up()

    for listener in (for_client, for_conversation):
        added = [call["message"].body for call in listener.calls("on_message_added")]
        assert added == ["second"]


def test_an_added_listener_gets_nothing_that_was_queued_before(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    late, late_for_conversation = RecordingListener(), RecordingListener()
    with held_up(alice, lunch.sid):
        lunch.send_message("before", timeout=limit())
        make_round_trip(lunch)
        alice.client.add_listener(late)
        lunch.add_listener(late_for_conversation)
    lunch.send_message("after", timeout=limit())
    alice.catch_up()

    for listener in (late, late_for_conversation):
        assert [call["message"].body for call in listener.calls("on_message_added")] == ["after"]


def test_a_removed_listener_gets_nothing_more(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    second, of_the_conversation = RecordingListener(), RecordingListener()

    def remove(_: Message) -> None:
        alice.client.remove_listener(second)
        lunch.remove_listener(of_the_conversation)

    alice.client.add_listener(Acting(remove))
    alice.client.add_listener(second)
    lunch.add_listener(of_the_conversation)
    emulator.send_message(lunch.sid, "hello")
    alice.catch_up()

    assert second.calls("on_message_added") == []
    assert of_the_conversation.calls("on_message_added") == []


def test_a_listener_that_removes_itself_is_not_called_again(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    once: Acting = Acting(lambda _: alice.client.remove_listener(once))
    alice.client.add_listener(once)
    after = RecordingListener()
    alice.client.add_listener(after)

    emulator.send_message(lunch.sid, "first")
    emulator.send_message(lunch.sid, "second")
    alice.catch_up()

    assert len(once.calls("on_message_added")) == 1
    assert len(after.calls("on_message_added")) == 2


def test_all_listeners_can_be_removed_at_once(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    others = [RecordingListener() for _ in range(3)]
    alice.client.add_listener(others[0])
    lunch.add_listener(others[1])
    lunch.add_listener(others[2])
    done = threading.Event()
    alice.catch_up()
    for one in (*others, alice.heard):
        one.clear()

    lunch.remove_all_listeners()
    alice.client.remove_all_listeners()

    class Last(ConversationsClientListener):
        def on_message_added(self, message: Message) -> None:
            done.set()

    alice.client.add_listener(Last())
    emulator.send_message(lunch.sid, "hello")
    assert done.wait(limit())
    assert [one.calls() for one in (*others, alice.heard)] == [[]] * 4


def test_the_same_listener_cannot_be_added_twice(alice: Person, lunch: Conversation) -> None:
    listener = RecordingListener()
    alice.client.add_listener(listener)
    lunch.add_listener(listener)  # in another place it is another registration

    with pytest.raises(InvalidArgumentError, match="already"):
        alice.client.add_listener(listener)
    with pytest.raises(InvalidArgumentError, match="already"):
        alice.client.add_listener(alice.heard)
    with pytest.raises(InvalidArgumentError, match="already"):
        lunch.add_listener(listener)

    alice.client.remove_listener(listener)
    alice.client.remove_listener(listener)  # unknown: no error
    lunch.remove_listener(listener)
    lunch.remove_listener(listener)
    alice.client.add_listener(listener)
    lunch.add_listener(listener)


def test_listeners_that_are_equal_are_not_the_same(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    class Equal(RecordingListener):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    first, second = Equal(), Equal()
    alice.client.add_listener(first)
    alice.client.add_listener(second)
    alice.client.remove_listener(first)
    emulator.send_message(lunch.sid, "hello")
    alice.catch_up()

    assert first.calls("on_message_added") == []
    assert len(second.calls("on_message_added")) == 1


def test_a_misspelt_callback_is_refused(alice: Person, lunch: Conversation) -> None:
    class Misspelt(ConversationsClientListener, ConversationListener):  # type: ignore[misc]  # users differ
        def on_messages_added(self, message: Message) -> None: ...

    for target in (alice.client, lunch):
        with pytest.raises(InvalidArgumentError, match="on_messages_added"):
            target.add_listener(Misspelt())


def test_listeners_are_held_until_they_are_removed(alice: Person, lunch: Conversation) -> None:
    listener: RecordingListener | None = RecordingListener()
    kept = weakref.ref(listener)
    alice.client.add_listener(listener)  # type: ignore[arg-type]
    alice.catch_up()
    del listener
    gc.collect()

    held = kept()
    assert held is not None
    held.wait_for("on_user_updated", timeout=limit())  # it comes after the one that catches up
    alice.client.remove_listener(held)
    alice.catch_up()
    del held
    gc.collect()
    assert kept() is None


# Greetings and replays


def test_an_added_listener_alone_is_told_the_present_status(
    alice: Person, lunch: Conversation
) -> None:
    alice.catch_up()
    told_before = alice.told("on_client_synchronization")
    late, late_for_conversation = RecordingListener(), RecordingListener()

    alice.client.add_listener(late)
    lunch.add_listener(late_for_conversation)
    alice.catch_up()
    late_for_conversation.wait_for("on_user_updated", timeout=limit())

    assert [call.callback for call in late.calls()][:1] == ["on_client_synchronization"]
    assert late.calls()[0]["status"].name == "COMPLETED"
    first = late_for_conversation.calls()[0]
    assert (first.callback, first["conversation"]) == ("on_synchronization_changed", lunch)
    assert [call.callback for call in late_for_conversation.calls()] == [
        "on_synchronization_changed",
        "on_user_updated",  # the mark
    ]
    assert alice.told("on_client_synchronization") == told_before


def test_a_replay_brings_a_late_listener_up_to_date(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    created = alice.client.create_conversation("created", timeout=limit())
    gone = alice.enter(emulator.create_conversation(identities=["alice"]).sid)
    emulator.remove_conversation(gone.sid)
    alice.hear("on_conversation_deleted")
    late, late_for_conversation = RecordingListener(), RecordingListener()

    alice.client.add_listener(late, replay=True)
    lunch.add_listener(late_for_conversation, replay=True)
    alice.catch_up()
    late_for_conversation.wait_for("on_user_updated", timeout=limit())

    calls = [(call.callback, *call.arguments.values()) for call in late.calls()]
    assert calls[0] == ("on_connection_state_change", ConnectionState.CONNECTED)
    assert {
        ("on_conversation_added", lunch),
        ("on_conversation_joined", lunch),
        ("on_conversation_added", created),
    } == set(calls[1:4])
    assert calls.index(("on_conversation_joined", lunch)) == 1 + calls.index(
        ("on_conversation_added", lunch)
    )
    assert calls[4][0] == "on_client_synchronization"
    assert calls[5][0] == "on_user_updated"

    calls = [(call.callback, *call.arguments.values()) for call in late_for_conversation.calls()]
    assert calls[0] == ("on_synchronization_changed", lunch)
    assert {call[0] for call in calls[1:-1]} == {"on_participant_added"}
    assert {call[1] for call in calls[1:-1]} == set(lunch.participants_list)
    assert calls[-1][0] == "on_user_updated"  # the mark


def test_a_replay_is_one_block_ahead_of_later_events(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    late = RecordingListener()
    with held_up(alice, lunch.sid):
        lunch.send_message("queued before", timeout=limit())
        make_round_trip(lunch)
        alice.client.add_listener(late, replay=True)
        second = lunch.send_message("queued after", timeout=limit())
        emulator.create_conversation(friendly_name="new", identities=["alice"])
    alice.hear("on_conversation_added", lambda one: one.friendly_name == "new")
    alice.catch_up()

    names = [call.callback for call in late.calls()]
    block = names[:4]
    assert block == [
        "on_connection_state_change",
        "on_conversation_added",
        "on_conversation_joined",
        "on_client_synchronization",
    ]
    messages = [call["message"] for call in late.calls("on_message_added")]
    assert messages == [second]
    assert len(late.calls("on_conversation_added")) == 2


def test_a_replay_announces_no_participant_twice(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    late = RecordingListener()
    with held_up(alice, lunch.sid):
        carol = lunch.add_participant_by_identity("carol", timeout=limit())
        make_round_trip(lunch)
        lunch.add_listener(late, replay=True)
        dave = lunch.add_participant_by_identity("dave", timeout=limit())
    alice.hear("on_participant_added", lambda one: one is dave)
    alice.catch_up()

    added = [call["participant"] for call in late.calls("on_participant_added")]
    assert len(added) == len(set(added)) == 4
    assert {carol, dave} <= set(added)


def test_a_listener_of_a_deleted_conversation_is_let_go(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    heard = RecordingListener()
    lunch.add_listener(heard)
    kept = weakref.ref(heard)
    lunch.destroy(timeout=limit())
    alice.hear("on_conversation_deleted")
    alice.catch_up()

    del heard
    gc.collect()
    assert kept() is None


# G14


def test_a_slow_callback_is_named_in_a_warning(
    emulator: Emulator,
    alice: Person,
    lunch: Conversation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher, "SLOW_SECONDS", -1.0)
    alice.client.add_listener(Acting(lambda _: None))
    emulator.send_message(lunch.sid, "hello")
    alice.catch_up()
    monkeypatch.undo()

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert any("Acting.on_message_added" in record.getMessage() for record in warnings)
    assert {record.name for record in warnings} == {"conversations.events"}


def test_above_the_high_water_mark_updates_are_merged_but_nothing_is_lost(
    emulator: Emulator,
    connect: Connect,
    room: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create = dispatcher.Dispatcher.__init__
    low_mark = {**(create.__kwdefaults__ or {}), "high_water_mark": 20}
    monkeypatch.setattr(create, "__kwdefaults__", low_mark)
    alice = connect("alice")
    lunch = alice.enter(room)
    with held_up(alice, room):
        for number in range(40):
            emulator.send_message(room, f"message {number}")
            emulator.update_conversation(room, friendly_name=f"name {number}")
            emulator.update_message(room, number + 1, body=f"edited {number}")
        for number in range(0, 40, 4):
            emulator.remove_message(room, number + 1)
        emulator.add_participant(room, "carol")
        emulator.remove_participant(room, "carol")
        lunch.send_message("the last one", timeout=limit())
        make_round_trip(lunch)
    alice.hear("on_message_added", lambda message: message.body == "the last one")
    alice.catch_up()

    added = [call["message"].message_index for call in alice.heard.calls("on_message_added")]
    assert added == list(range(42))
    deleted = [call["message"].message_index for call in alice.heard.calls("on_message_deleted")]
    assert deleted == [number + 1 for number in range(0, 40, 4)]
    assert len(alice.heard.calls("on_participant_added")) == 1
    assert len(alice.heard.calls("on_participant_deleted")) == 1
    names = [
        call
        for call in alice.heard.calls("on_conversation_updated")
        if call["reason"] is ConversationUpdateReason.FRIENDLY_NAME
    ]
    assert 1 <= len(names) < 40
    assert lunch.friendly_name == "name 39"
    warnings = [record.getMessage() for record in caplog.records]
    assert sum("slower than the events" in warning for warning in warnings) == 1


def test_a_listener_may_block_without_holding_up_the_connection(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    gate = Gate()
    alice.client.add_listener(gate)
    emulator.send_message(lunch.sid, "hello")
    gate.wait_until_entered()

    emulator.update_conversation(lunch.sid, friendly_name="changed meanwhile")
    assert lunch.get_last_messages(timeout=limit())[0].body == "hello"
    assert lunch.send_message("sent meanwhile", timeout=limit()).message_index == 1
    assert lunch.friendly_name == "changed meanwhile"
    gate.open()

    alice.hear("on_message_added", lambda message: message.body == "sent meanwhile")


def test_shutdown_delivers_what_is_queued_and_then_nothing(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    done: Future[None] = Future()

    def end() -> None:
        with held_up(alice, lunch.sid):
            lunch.send_message("queued", timeout=limit())
            make_round_trip(lunch)
            ending = alice.client.submit(alice.client.shutdown)
            emulator.wait_for_connections(0, timeout=limit())
        done.set_result(ending.result(limit()))

    end()
    done.result(limit())
    alice.hear("on_connection_state_change", lambda state: state.name == "DISCONNECTED")

    assert alice.bodies() == ["the gate", "queued"]
    assert alice.heard.calls()[-1].callback == "on_connection_state_change"


def test_a_listener_may_create_and_shut_down_another_client(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    outcome: Future[str] = Future()

    def create(_: Message) -> None:
        with ConversationsClient.create(
            emulator.token("bob"), emulator.properties(), timeout=limit()
        ) as other:
            other.wait_for_synchronization(timeout=limit())
            outcome.set_result(other.my_identity)

    alice.client.add_listener(Acting(create))
    emulator.send_message(lunch.sid, "go")

    assert outcome.result(limit()) == "bob"
