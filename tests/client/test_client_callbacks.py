"""
Functions instead of listener classes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ConversationsClientListener,
    ErrorInfo,
    InvalidArgumentError,
    Message,
    SynchronizationStatus,
    User,
)
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def test_functions_are_called_with_the_arguments_of_their_callbacks(
    alice: Person, lunch: Conversation
) -> None:
    messages: list[Message] = []
    users: list[tuple[User, Any]] = []
    alice.client.add_callbacks(
        on_message_added=messages.append,
        on_user_updated=lambda user, reason: users.append((user, reason)),
    )
    message = lunch.send_message("hello")
    alice.catch_up()
    assert messages == [message]
    assert [user for user, _ in users] == [alice.client.my_user]


def test_a_new_one_is_told_the_current_status(alice: Person) -> None:
    statuses: list[SynchronizationStatus] = []
    alice.client.add_callbacks(on_client_synchronization=statuses.append)
    alice.catch_up()
    assert statuses == [SynchronizationStatus.COMPLETED]


def test_the_listener_can_be_removed(alice: Person, lunch: Conversation) -> None:
    messages: list[Message] = []
    listener = alice.client.add_callbacks(on_message_added=messages.append)
    assert isinstance(listener, ConversationsClientListener)
    lunch.send_message("one")
    alice.catch_up()
    alice.client.remove_listener(listener)
    lunch.send_message("two")
    alice.catch_up()
    assert [message.body for message in messages] == ["one"]
    with pytest.raises(InvalidArgumentError, match="already"):
        alice.client.add_listener(alice.heard)
    alice.client.add_listener(listener)  # it is one like any other
    lunch.send_message("three")
    alice.catch_up()
    assert [message.body for message in messages] == ["one", "three"]


def test_functions_come_in_the_order_in_which_they_were_added(
    alice: Person, lunch: Conversation
) -> None:
    order: list[str] = []
    for name in ("first", "second"):
        alice.client.add_callbacks(on_message_added=lambda _, name=name: order.append(name))
    lunch.send_message("hello")
    alice.catch_up()
    assert order == ["first", "second"]


def test_a_decorator_adds_one_function_and_leaves_it_as_it_is(
    alice: Person, lunch: Conversation
) -> None:
    messages: list[Message] = []

    @alice.client.listen("on_message_added")
    def note(message: Message) -> str:
        messages.append(message)
        return "told"

    message = lunch.send_message("hello")
    alice.catch_up()
    assert messages == [message]
    assert note(message) == "told"


def test_a_function_may_be_added_as_often_as_one_likes(alice: Person, lunch: Conversation) -> None:
    messages: list[Message] = []

    @alice.client.listen("on_message_added")
    @alice.client.listen("on_message_deleted")
    def note(message: Message) -> None:
        messages.append(message)

    alice.client.add_callbacks(on_message_added=note)
    message = lunch.send_message("hello")
    alice.hear("on_message_added")
    message.remove()
    alice.hear("on_message_deleted")
    alice.catch_up()
    assert messages == [message] * 3


@pytest.mark.parametrize(
    "name", ["on_mesage_added", "message_added", "on_", "", "add_listener", "__init__", "label"]
)
def test_a_name_that_is_no_callback_is_refused(alice: Person, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="callback"):
        alice.client.add_callbacks(**{name: print})
    with pytest.raises(InvalidArgumentError, match="callback"):
        alice.client.listen(name)


@pytest.mark.parametrize("function", [None, 7, "print"])
def test_what_is_no_function_is_refused(alice: Person, function: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="on_message_added must be callable"):
        alice.client.add_callbacks(on_message_added=function)
    with pytest.raises(InvalidArgumentError, match="on_message_added must be callable"):
        alice.client.listen("on_message_added")(function)


def test_no_function_at_all_is_refused(alice: Person) -> None:
    with pytest.raises(InvalidArgumentError, match="no function"):
        alice.client.add_callbacks()
    with pytest.raises(InvalidArgumentError):
        alice.client.listen(None)  # type: ignore[arg-type]


def test_a_refusal_adds_nothing(alice: Person, lunch: Conversation) -> None:
    messages: list[Message] = []
    with pytest.raises(InvalidArgumentError):
        alice.client.add_callbacks(on_message_added=messages.append, on_mesage_added=print)
    lunch.send_message("hello")
    alice.catch_up()
    assert messages == []


def test_a_function_that_fails_is_named_and_reported(
    alice: Person, lunch: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[ErrorInfo] = []

    def break_down(_: Message) -> None:
        raise LookupError

    alice.client.add_callbacks(on_message_added=break_down, on_error=errors.append)
    lunch.send_message("hello")
    alice.catch_up()
    assert [type(error.cause) for error in errors] == [LookupError]
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "break_down.on_message_added raised an exception" in line.getMessage()


def test_an_on_error_that_fails_is_only_logged(
    alice: Person, lunch: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[ErrorInfo] = []

    def on_error(info: ErrorInfo) -> None:
        calls.append(info)
        raise LookupError

    def on_message_added(_: Message) -> None:
        raise KeyError

    alice.client.add_callbacks(on_message_added=on_message_added, on_error=on_error)
    lunch.send_message("hello")
    alice.catch_up()
    assert len(calls) == 1
    assert len([one for one in caplog.records if one.levelno == logging.ERROR]) == 2


def test_objects_that_can_be_called_will_do(alice: Person, lunch: Conversation) -> None:
    class Counter:
        count = 0

        def __call__(self, _: Message) -> None:
            self.count += 1

    counter = Counter()
    alice.client.listen("on_message_added")(counter)
    lunch.send_message("hello")
    alice.catch_up()
    assert counter.count == 1


def test_nothing_can_be_added_after_the_end(connect: Connect, emulator: Emulator) -> None:
    client = connect("alice", synchronize=False).client
    client.shutdown()
    with pytest.raises(ClientShutdownError):
        client.add_callbacks(on_error=print)
    with pytest.raises(ClientShutdownError):
        client.listen("on_error")(print)
    emulator.wait_for_connections(0, timeout=limit())
