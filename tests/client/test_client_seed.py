"""
What Twilio's guides promise of its SDKs, one test for each promise.
"""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationStatus,
    ConversationSynchronizationStatus,
    InvalidArgumentError,
    SynchronizationStatus,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person, described
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def create(emulator: Emulator, listener: ConversationsClientListener) -> ConversationsClient:
    return ConversationsClient.create(
        emulator.token("alice"), emulator.properties(), listener, timeout=limit()
    )


def drop(emulator: Emulator, keep: list[object], heard: RecordingListener) -> int:
    """
    Make a client that nobody holds in the end, though *keep* holds what came from it.

    Returns:
        The line on which it was made.
    """
    client = create(emulator, heard)
    client.wait_for_synchronization(timeout=limit())
    [conversation] = client.my_conversations
    keep += [conversation, conversation.get_participants()[0], client.my_user]
    keep.append(conversation.get_last_messages()[0])
    return create.__code__.co_firstlineno + 1


def test_s1_a_client_lives_as_long_as_somebody_holds_it(emulator: Emulator, room: str) -> None:
    emulator.send_message(room, "hello", author="bob")
    heard = RecordingListener()
    kept: list[object] = []

    with pytest.warns(ResourceWarning, match=r"unclosed ConversationsClient \d+") as warned:
        line = drop(emulator, kept, heard)

    assert [(warning.filename, warning.lineno) for warning in warned] == [(__file__, line)]
    emulator.wait_for_connections(0, timeout=limit())
    conversation = kept[0]
    assert isinstance(conversation, Conversation)
    assert conversation.friendly_name == "room"
    assert conversation.client is None
    with pytest.raises(ClientShutdownError):
        conversation.send_message("is anybody there?")


def test_s1_a_listener_that_holds_its_client_does_not_keep_it_alive(emulator: Emulator) -> None:
    class Holder(RecordingListener):
        client: ConversationsClient

    holder = Holder()
    holder.client = create(emulator, holder)
    gone = weakref.ref(holder.client)

    del holder
    with pytest.warns(ResourceWarning, match="unclosed"):
        gc.collect()

    assert gone() is None
    emulator.wait_for_connections(0, timeout=limit())


def test_s2_shutdown_ends_everything_and_can_be_repeated(emulator: Emulator, room: str) -> None:
    emulator.send_message(room, "hello", author="bob")
    threads = set(threading.enumerate())
    heard = RecordingListener()
    client = create(emulator, heard)
    client.wait_for_synchronization(timeout=limit())
    [conversation] = client.my_conversations
    [message] = conversation.get_last_messages()
    participant = conversation.get_participants()[0]

    client.shutdown()

    assert set(threading.enumerate()) == threads
    client.shutdown()
    assert client.is_shutdown
    assert described(heard.calls()[-1]) == ("on_connection_state_change", "DISCONNECTED")
    emulator.wait_for_connections(0, timeout=limit())
    assert (conversation.friendly_name, message.body) == ("room", "hello")
    assert participant.identity in ("alice", "bob")
    for call in (
        lambda: client.get_conversation(room),
        lambda: conversation.send_message("too late"),
        message.remove,
        participant.remove,
    ):
        with pytest.raises(ClientShutdownError):
            call()


def test_s3_no_message_is_fetched_at_the_start(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    emulator.send_message(room, "hello", author="bob")

    alice = connect("alice")
    alice.enter(room)

    assert not [one for one in emulator.requests if one.path.endswith("messages/Items")]
    assert alice.heard.calls("on_message_added") == []


def test_s4_messages_are_loaded_on_demand_then_cached_and_updated(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "helo", author="bob")
    [message] = lunch.get_last_messages(timeout=limit())
    emulator.clear_requests()

    emulator.update_message(lunch.sid, 0, body="hello")
    alice.hear("on_message_updated", lambda changed, reason: reason.name == "BODY")

    assert message.body == "hello"
    assert lunch.get_message_by_index(0) is message
    assert emulator.requests == ()


def test_s5_pages_have_30_items_and_100_at_most(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    for number in range(31):
        emulator.send_message(lunch.sid, str(number))

    assert len(lunch.get_messages().items) == 30
    assert len(lunch.get_last_messages()) == 30
    assert len(lunch.get_messages(100).items) == 31
    with pytest.raises(InvalidArgumentError):
        lunch.get_messages(101)


def test_s6_create_returns_at_the_first_step_and_synchronization_is_the_second(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    held = emulator.hold_requests("*/Users/*/Conversations")

    alice = connect("alice", synchronize=False)
    started = alice.client.synchronization_status
    assert started is SynchronizationStatus.STARTED
    assert alice.client.my_conversations == []
    held.release()
    alice.client.wait_for_synchronization(timeout=limit())

    assert alice.client.synchronization_status is SynchronizationStatus.COMPLETED
    assert [one.sid for one in alice.client.my_conversations] == [room]


def test_s7_after_completed_all_conversations_are_followed_and_can_be_queried(
    emulator: Emulator, connect: Connect
) -> None:
    rooms = [emulator.create_conversation(identities=["alice", "bob"]).sid for _ in range(3)]
    alice = connect("alice")

    assert {one.sid for one in alice.client.my_conversations} == set(rooms)
    for conversation in alice.client.my_conversations:
        assert conversation.synchronization_status is ConversationSynchronizationStatus.ALL
        assert len(conversation.participants_list) == 2
        assert conversation.get_last_messages() == []
    for sid in rooms:
        alice.enter(sid)
        emulator.send_message(sid, sid, author="bob")
    alice.hear("on_message_added", count=3)
    assert alice.bodies() == rooms


def test_s8_the_start_subscribes_to_the_own_user_and_the_conversations_only(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice")
    alice.enter(room)
    own = alice.client.my_user

    [connection] = emulator.connections
    assert set(connection.subscriptions) == {
        "alice.channels",
        f"{emulator.get_user('alice').sid}.info",
        f"{room}.channel",
        f"{room}.messages",
        f"{room}.roster",
    }
    assert own.is_subscribed
    bobs_map = f"{emulator.get_user('bob').sid}.info"
    assert not [one for one in emulator.requests if bobs_map in one.path]


def test_s9_other_users_are_not_fetched_by_themselves(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.update_user("bob", friendly_name="Bobby")
    alice.catch_up()

    assert not [one for one in emulator.requests if "/Users/bob" in one.path]
    assert {call["user"].identity for call in alice.heard.calls("on_user_updated")} == {"alice"}


def test_s10_the_application_is_told_in_time_to_update_the_token(
    emulator: Emulator, alice: Person
) -> None:
    emulator.announce_token_expiry()
    alice.hear("on_token_about_to_expire")

    alice.client.update_token(emulator.token("alice", ttl=7200))

    assert [one.method for one in emulator.handshakes] == ["init", "update"]
    assert {one.status for one in emulator.handshakes} == {200}


@pytest.mark.usefixtures("quick_reconnects")
def test_s11_a_lost_connection_comes_back_by_itself_with_what_happened_meanwhile(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    refusal = emulator.refuse_connections()
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")

    emulator.send_message(lunch.sid, "are you there?", author="bob")
    emulator.update_conversation(lunch.sid, friendly_name="renamed")
    emulator.add_participant(lunch.sid, "carol")
    refusal.lift()
    alice.client.wait_until_connected(timeout=limit())

    alice.hear("on_message_added", lambda message: message.body == "are you there?")
    alice.hear("on_conversation_updated", lambda _, reason: reason.name == "FRIENDLY_NAME")
    alice.hear("on_participant_added", lambda participant: participant.identity == "carol")
    assert lunch.friendly_name == "renamed"
    assert alice.client.get_conversation(lunch.sid) is lunch


def test_s12_the_local_object_changes_with_the_event(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    seen: list[str | None] = []

    class Reader(ConversationsClientListener):
        def on_conversation_updated(self, conversation: Conversation, reason: object) -> None:
            seen.append(conversation.friendly_name)

    alice.client.add_listener(Reader())
    lunch.set_friendly_name("dinner", timeout=limit())
    alice.hear("on_conversation_updated", lambda _, reason: reason.name == "FRIENDLY_NAME")
    alice.catch_up()

    assert lunch.friendly_name == "dinner"
    assert set(seen) == {"dinner"}


def test_s13_list_and_events_contain_the_same_objects(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice")
    announced = alice.hear("on_conversation_added")["conversation"]
    joined = alice.hear("on_conversation_joined")["conversation"]

    late = RecordingListener()
    alice.client.add_listener(late, replay=True)
    replayed = late.wait_for("on_conversation_added", timeout=limit())["conversation"]

    [listed] = alice.client.my_conversations
    assert listed is announced is joined is replayed is alice.client.get_conversation("the-room")


def test_s16_a_creation_takes_few_round_trips(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice")
    alice.enter(room)

    steps = [one.path.rpartition("/")[2] for one in emulator.requests]
    assert steps[0] == "Configuration"
    reads = [one for one in emulator.requests if one.method == "GET"]
    # Configuration, own user, map of conversations, list; document, roster, messages.
    assert len(reads) == 7
    assert {one.status for one in emulator.requests} <= {200, 202}
    assert alice.client.get_conversation(room).status is ConversationStatus.JOINED
