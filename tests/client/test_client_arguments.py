"""
Wrong use is refused at once, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ConversationListener,
    ConversationsClientListener,
    InvalidArgumentError,
    Message,
    Participant,
    Properties,
    User,
)
from conversations.testing import RecordingListener
from tests.client.people import Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


@attrs.frozen
class Objects:
    """
    One of everything.
    """

    client: Any
    conversation: Any
    message: Any
    participant: Any
    user: Any


@pytest.fixture
def objects(alice: Person, lunch: Conversation) -> Objects:
    message: Message = lunch.send_message("hello", timeout=limit())
    participant: Participant | None = lunch.get_participant_by_identity("bob")
    user: User = alice.client.my_user
    return Objects(alice.client, lunch, message, participant, user)


UNFIT: Any = object()
UNSERIALIZABLE = {"a set": {1, 2}}

WRONG: dict[str, Callable[[Objects], object]] = {
    "get_conversation empty": lambda o: o.client.get_conversation(""),
    "get_conversation none": lambda o: o.client.get_conversation(None),
    "get_conversation bytes": lambda o: o.client.get_conversation(b"CH"),
    "get_conversation object": lambda o: o.client.get_conversation(o.conversation),
    "create_conversation empty": lambda o: o.client.create_conversation(""),
    "create_conversation number": lambda o: o.client.create_conversation(7),
    "create_conversation unique_name": lambda o: o.client.create_conversation(unique_name=""),
    "create_conversation unique number": lambda o: o.client.create_conversation(unique_name=7),
    "create_conversation attributes": lambda o: o.client.create_conversation(
        attributes=UNSERIALIZABLE
    ),
    "create_conversation nan": lambda o: o.client.create_conversation(attributes=float("nan")),
    "create_conversation access": lambda o: o.client.create_conversation(access=""),
    "update_token empty": lambda o: o.client.update_token(""),
    "update_token none": lambda o: o.client.update_token(None),
    "update_token function": lambda o: o.client.update_token(lambda: "token"),
    "submit": lambda o: o.client.submit("not callable"),
    "submit callback": lambda o: o.client.submit(len, "abc", callback=print),
    "add_listener": lambda o: o.client.add_listener(UNFIT),
    "add_listener class": lambda o: o.client.add_listener(ConversationsClientListener),
    "add_listener of a conversation": lambda o: o.client.add_listener(ConversationListener()),
    "set_friendly_name empty": lambda o: o.conversation.set_friendly_name(""),
    "set_friendly_name number": lambda o: o.conversation.set_friendly_name(1),
    "set_unique_name empty": lambda o: o.conversation.set_unique_name(""),
    "set_unique_name number": lambda o: o.conversation.set_unique_name(1.5),
    "set_attributes": lambda o: o.conversation.set_attributes(UNSERIALIZABLE),
    "set_attributes object": lambda o: o.conversation.set_attributes(UNFIT),
    "get_participant_by_identity": lambda o: o.conversation.get_participant_by_identity(""),
    "get_participant_by_identity none": lambda o: o.conversation.get_participant_by_identity(None),
    "get_participant_by_sid": lambda o: o.conversation.get_participant_by_sid(""),
    "get_participant_by_sid number": lambda o: o.conversation.get_participant_by_sid(1),
    "add_participant empty": lambda o: o.conversation.add_participant_by_identity(""),
    "add_participant none": lambda o: o.conversation.add_participant_by_identity(None),
    "add_participant attributes": lambda o: o.conversation.add_participant_by_identity(
        "carol", UNSERIALIZABLE
    ),
    "remove_participant empty": lambda o: o.conversation.remove_participant(""),
    "remove_participant none": lambda o: o.conversation.remove_participant(None),
    "remove_participant user": lambda o: o.conversation.remove_participant(o.user),
    "remove_participant_by_identity": lambda o: o.conversation.remove_participant_by_identity(""),
    "remove_participant_by_identity none": (
        lambda o: o.conversation.remove_participant_by_identity(None)
    ),
    "send_message nothing": lambda o: o.conversation.send_message(),
    "send_message number": lambda o: o.conversation.send_message(1),
    "send_message bytes": lambda o: o.conversation.send_message(b"hello"),
    "send_message subject": lambda o: o.conversation.send_message("x", subject=""),
    "send_message subject number": lambda o: o.conversation.send_message("x", subject=1),
    "send_message attributes": lambda o: o.conversation.send_message("x", attributes=UNFIT),
    "get_last_messages zero": lambda o: o.conversation.get_last_messages(0),
    "get_last_messages negative": lambda o: o.conversation.get_last_messages(-1),
    "get_last_messages text": lambda o: o.conversation.get_last_messages("30"),
    "get_last_messages float": lambda o: o.conversation.get_last_messages(1.0),
    "get_last_messages bool": lambda o: o.conversation.get_last_messages(True),
    "get_messages_before negative": lambda o: o.conversation.get_messages_before(-1),
    "get_messages_before none": lambda o: o.conversation.get_messages_before(None),
    "get_messages_before count": lambda o: o.conversation.get_messages_before(1, 0),
    "get_messages_before inclusive": lambda o: o.conversation.get_messages_before(1, inclusive=2),
    "get_messages_after negative": lambda o: o.conversation.get_messages_after(-1),
    "get_messages_after text": lambda o: o.conversation.get_messages_after("1"),
    "get_messages_after count": lambda o: o.conversation.get_messages_after(1, -30),
    "get_messages_after inclusive": lambda o: o.conversation.get_messages_after(1, inclusive="no"),
    "get_messages zero": lambda o: o.conversation.get_messages(0),
    "get_messages 101": lambda o: o.conversation.get_messages(101),
    "get_messages text": lambda o: o.conversation.get_messages("30"),
    "get_messages anchor": lambda o: o.conversation.get_messages(30, -1),
    "get_messages anchor text": lambda o: o.conversation.get_messages(30, "0"),
    "get_messages direction": lambda o: o.conversation.get_messages(direction="up"),
    "get_messages direction list": lambda o: o.conversation.get_messages(direction=[]),
    "iter_messages direction": lambda o: o.conversation.iter_messages("sideways"),
    "iter_messages start": lambda o: o.conversation.iter_messages(start=-1),
    "iter_messages page_size": lambda o: o.conversation.iter_messages(page_size=101),
    "get_message_by_index negative": lambda o: o.conversation.get_message_by_index(-1),
    "get_message_by_index none": lambda o: o.conversation.get_message_by_index(None),
    "get_message_by_index bool": lambda o: o.conversation.get_message_by_index(False),
    "remove_message none": lambda o: o.conversation.remove_message(None),
    "remove_message sid": lambda o: o.conversation.remove_message(o.message.sid),
    "conversation listener": lambda o: o.conversation.add_listener(UNFIT),
    "conversation listener of a client": (
        lambda o: o.conversation.add_listener(ConversationsClientListener())
    ),
    "update_body none": lambda o: o.message.update_body(None),
    "update_body number": lambda o: o.message.update_body(1),
    "message attributes": lambda o: o.message.set_attributes(UNSERIALIZABLE),
    "participant attributes": lambda o: o.participant.set_attributes(UNSERIALIZABLE),
    "user friendly_name": lambda o: o.user.set_friendly_name(""),
    "user friendly_name number": lambda o: o.user.set_friendly_name(1),
    "user attributes": lambda o: o.user.set_attributes(UNSERIALIZABLE),
}

CALLS: dict[str, Callable[[Objects, Any], object]] = {
    "get_conversation": lambda o, t: o.client.get_conversation(o.conversation.sid, timeout=t),
    "create_conversation": lambda o, t: o.client.create_conversation("x", timeout=t),
    "wait_until_connected": lambda o, t: o.client.wait_until_connected(timeout=t),
    "wait_for_synchronization": lambda o, t: o.client.wait_for_synchronization(timeout=t),
    "set_friendly_name": lambda o, t: o.conversation.set_friendly_name("x", timeout=t),
    "set_friendly_name unchanged": lambda o, t: o.conversation.set_friendly_name("room", timeout=t),
    "set_unique_name": lambda o, t: o.conversation.set_unique_name("x", timeout=t),
    "set_unique_name unchanged": (
        lambda o, t: o.conversation.set_unique_name("the-room", timeout=t)
    ),
    "set_attributes": lambda o, t: o.conversation.set_attributes({}, timeout=t),
    "destroy": lambda o, t: o.conversation.destroy(timeout=t),
    "join though joined": lambda o, t: o.conversation.join(timeout=t),
    "leave": lambda o, t: o.conversation.leave(timeout=t),
    "get_participants": lambda o, t: o.conversation.get_participants(timeout=t),
    "get_participant_by_identity": (
        lambda o, t: o.conversation.get_participant_by_identity("bob", timeout=t)
    ),
    "get_participant_by_sid": (lambda o, t: o.conversation.get_participant_by_sid("MB", timeout=t)),
    "add_participant_by_identity": (
        lambda o, t: o.conversation.add_participant_by_identity("carol", timeout=t)
    ),
    "remove_participant": lambda o, t: o.conversation.remove_participant("MB", timeout=t),
    "remove_participant_by_identity": (
        lambda o, t: o.conversation.remove_participant_by_identity("bob", timeout=t)
    ),
    "send_message": lambda o, t: o.conversation.send_message("x", timeout=t),
    "get_last_messages": lambda o, t: o.conversation.get_last_messages(timeout=t),
    "get_messages_before": lambda o, t: o.conversation.get_messages_before(1, timeout=t),
    "get_messages_after": lambda o, t: o.conversation.get_messages_after(1, timeout=t),
    "get_messages": lambda o, t: o.conversation.get_messages(timeout=t),
    "get_message_by_index": lambda o, t: o.conversation.get_message_by_index(0, timeout=t),
    "remove_message": lambda o, t: o.conversation.remove_message(o.message, timeout=t),
    "wait_for_synchronization of": (
        lambda o, t: o.conversation.wait_for_synchronization(timeout=t)
    ),
    "update_body": lambda o, t: o.message.update_body("x", timeout=t),
    "message.set_attributes": lambda o, t: o.message.set_attributes({}, timeout=t),
    "message.remove": lambda o, t: o.message.remove(timeout=t),
    "participant.set_attributes": lambda o, t: o.participant.set_attributes({}, timeout=t),
    "participant.remove": lambda o, t: o.participant.remove(timeout=t),
    "user.set_friendly_name": lambda o, t: o.user.set_friendly_name("x", timeout=t),
    "user.set_attributes": lambda o, t: o.user.set_attributes({}, timeout=t),
}
"""Every blocking call, with valid arguments, as a function of its time-out."""


def refusal(name: str, call: Callable[..., object], *arguments: object) -> InvalidArgumentError:
    """
    The error with which *call* refuses, which is the only right one.
    """
    try:
        call(*arguments)
    except InvalidArgumentError as error:
        return error
    except BaseException as error:
        raise AssertionError(name) from error
    pytest.fail(f"nothing was refused: {name}")


def test_wrong_arguments_are_refused_before_anything_is_sent(
    emulator: Emulator, objects: Objects
) -> None:
    emulator.clear_requests()

    for name, call in WRONG.items():
        assert str(refusal(name, call, objects))

    assert emulator.requests == ()
    assert len(emulator.handshakes) == 0


def test_wrong_timeouts_are_refused_before_anything_is_sent(
    emulator: Emulator, objects: Objects
) -> None:
    emulator.clear_requests()

    for name, call in CALLS.items():
        for timeout in (-1, -0.001, "10", float("nan"), float("inf"), True, [1]):
            assert "timeout" in str(refusal(f"{name} with {timeout!r}", call, objects, timeout))

    assert emulator.requests == ()


@pytest.mark.parametrize("name", CALLS)
def test_after_shutdown_every_call_raises(objects: Objects, name: str) -> None:
    objects.client.shutdown()

    for timeout in (None, 0, 5):
        with pytest.raises(ClientShutdownError) as caught:
            CALLS[name](objects, timeout)
        assert isinstance(caught.value, RuntimeError)


def test_after_shutdown_listeners_and_tokens_are_refused(
    emulator: Emulator, objects: Objects
) -> None:
    token = emulator.token("alice")
    listener = RecordingListener()
    objects.client.shutdown()

    for call in (
        lambda: objects.client.add_listener(listener),
        lambda: objects.conversation.add_listener(listener),
        lambda: objects.client.update_token(token),
        lambda: objects.client.submit(len, "abc"),
        objects.client.synchronize,
        objects.conversation.get_messages,
        lambda: list(objects.conversation.iter_messages()),
    ):
        with pytest.raises(ClientShutdownError):
            call()
    objects.client.remove_listener(listener)
    objects.client.remove_all_listeners()
    objects.conversation.remove_listener(listener)
    objects.conversation.remove_all_listeners()
    assert listener.calls() == []


def test_after_shutdown_everything_stays_readable(objects: Objects) -> None:
    page = objects.conversation.get_messages(timeout=limit())
    before = _everything(objects)
    objects.client.shutdown()

    assert _everything(objects) == before
    assert page.items == [objects.message]
    assert objects.client.is_shutdown
    assert objects.client.connection_state.name == "DISCONNECTED"
    assert objects.client.my_conversations == [objects.conversation]
    assert objects.client.my_user is objects.user
    assert objects.client.token_expires_at is not None
    assert objects.conversation.client is objects.client
    assert objects.message.conversation is objects.conversation
    assert objects.participant.conversation is objects.conversation
    assert objects.participant in objects.conversation.participants_list


def _everything(objects: Objects) -> dict[str, object]:
    """
    The values of all properties.
    """
    found = {}
    for name, value in attrs.asdict(objects, recurse=False).items():
        if name == "client":
            continue
        for member in dir(type(value)):
            if not member.startswith("_") and isinstance(getattr(type(value), member), property):
                found[f"{name}.{member}"] = getattr(value, member)
        found[name] = repr(value)
    return found


def test_public_objects_have_no_setters(objects: Objects) -> None:
    for value, member in (
        (objects.conversation, "friendly_name"),
        (objects.message, "body"),
        (objects.participant, "attributes"),
        (objects.user, "friendly_name"),
        (objects.client, "my_identity"),
    ):
        with pytest.raises(AttributeError):
            setattr(value, member, "x")


def test_properties_of_a_client_are_checked_when_they_are_made() -> None:
    with pytest.raises(InvalidArgumentError, match="command_timeout"):
        Properties(command_timeout=0)
