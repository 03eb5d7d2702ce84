"""
A connection that breaks loses nothing and doubles nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ConnectionLostError,
    ConnectionState,
    Conversation,
    ConversationStatus,
    ConversationSynchronizationStatus,
)
from tests.client.people import Connect, Person
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

pytestmark = pytest.mark.usefixtures("quick_reconnects")

Break = Callable[["Emulator"], object]

BREAKS: dict[str, Break] = {
    "cut": lambda emulator: emulator.drop_connections("alice"),
    "websocket close": lambda emulator: emulator.drop_connections("alice", close=True),
    "websocket close 1000": lambda emulator: emulator.drop_connections("alice", close=1000),
    "websocket close 4000": lambda emulator: emulator.drop_connections("alice", close=4000),
    "offload": lambda emulator: emulator.close_connections("alice", code=308, backoff=(1, 5)),
    "close 503": lambda emulator: emulator.close_connections(
        "alice", code=503, status="UNAVAILABLE"
    ),
}


class Away:
    """
    Alice is away from the beginning to the end of the block.
    """

    def __init__(self, person: Person, how: Break = BREAKS["cut"]) -> None:
        self._person = person
        self._how = how
        self._errors = len(person.heard.calls("on_connection_error"))

    def __enter__(self) -> None:
        emulator = self._person.emulator
        self._refusal = emulator.refuse_init(
            code=503, status="UNAVAILABLE", error_code=None, identity=self._person.identity
        )
        self._how(emulator)
        self._person.hear("on_connection_error", count=self._errors + 1)

    def __exit__(self, *_: object) -> None:
        self._refusal.lift()
        self._person.client.wait_until_connected(timeout=limit())


def states(person: Person) -> list[str]:
    return [call["state"].name for call in person.heard.calls("on_connection_state_change")]


@pytest.fixture(params=BREAKS)
def how(request: pytest.FixtureRequest) -> Break:
    return BREAKS[request.param]


def test_whatever_broke_it_the_connection_comes_back(
    emulator: Emulator, alice: Person, lunch: Conversation, how: Break
) -> None:
    how(emulator)
    alice.hear("on_connection_state_change", lambda state: state.name == "CONNECTED", count=2)

    assert states(alice) == ["CONNECTING", "CONNECTED", "ERROR", "CONNECTING", "CONNECTED"]
    assert alice.client.connection_state is ConnectionState.CONNECTED
    [error] = alice.heard.calls("on_connection_error")
    assert not error["terminal"]
    # First on_connection_error, then on_error, with the same.
    names = [call.callback for call in alice.heard.calls("on_connection_error", "on_error")]
    assert names == ["on_connection_error", "on_error"]
    assert alice.heard.calls("on_error")[0]["error_info"] == error["error_info"]
    assert lunch.send_message("back again", timeout=limit()).message_index == 0


def test_whatever_broke_it_nothing_is_lost_and_nothing_doubled(
    emulator: Emulator, alice: Person, lunch: Conversation, how: Break
) -> None:
    emulator.send_message(lunch.sid, "before", author="bob")
    alice.hear("on_message_added")
    with Away(alice, how):
        for number in range(5):
            emulator.send_message(lunch.sid, f"{number}", author="bob")
        emulator.update_message(lunch.sid, 0, body="before, edited")
        emulator.update_message(lunch.sid, 2, body="1, edited")
        emulator.remove_message(lunch.sid, 3)
        emulator.update_conversation(lunch.sid, friendly_name="renamed")
        emulator.add_participant(lunch.sid, "carol")
        emulator.add_participant(lunch.sid, "dave")
        emulator.remove_participant(lunch.sid, "dave")
        emulator.remove_participant(lunch.sid, "bob")
        emulator.update_user("alice", friendly_name="A.")
        new = emulator.create_conversation(friendly_name="new", identities=["alice"]).sid
    emulator.send_message(lunch.sid, "after")
    alice.hear("on_message_added", lambda message: message.body == "after")
    alice.hear("on_conversation_added", lambda one: one.sid == new)
    alice.catch_up()

    added = [call["message"].message_index for call in alice.heard.calls("on_message_added")]
    assert [index for index in added if index != 3] == [0, 1, 2, 4, 5, 6]
    assert added == sorted(set(added))
    messages = {one.message_index: one.body for one in lunch.get_last_messages(timeout=limit())}
    assert messages == {
        0: "before, edited",
        1: "0",
        2: "1, edited",
        4: "3",
        5: "4",
        6: "after",
    }
    edits = alice.heard.calls("on_message_updated")
    assert 0 in {call["message"].message_index for call in edits}
    assert lunch.friendly_name == "renamed"
    assert {one.identity for one in lunch.participants_list} == {"alice", "carol"}
    assert alice.told("on_participant_added")[0] == ("on_participant_added", "carol")
    gone = [call["participant"].identity for call in alice.heard.calls("on_participant_deleted")]
    assert gone.count("bob") == 1
    names = [
        call["reason"].name
        for call in alice.heard.calls("on_conversation_updated")
        if call["conversation"] is lunch
    ]
    assert names.count("FRIENDLY_NAME") == 1
    assert len(alice.heard.calls("on_conversation_added")) == 2
    assert len([one for one in alice.told("on_user_updated") if one[1] == "alice"]) >= 1
    assert lunch.status is ConversationStatus.JOINED


def test_synchronization_is_not_told_again(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    before = alice.told("on_client_synchronization", "on_initialized", "on_user_subscribed")
    levels = alice.told("on_conversation_synchronization_change")
    for _ in range(2):
        with Away(alice):
            pass
        alice.catch_up()

    after = alice.told("on_client_synchronization", "on_initialized", "on_user_subscribed")
    assert after == before
    assert alice.told("on_conversation_synchronization_change") == levels


def test_being_removed_while_away_is_told(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with Away(alice):
        emulator.remove_participant(lunch.sid, "alice")
    alice.hear("on_conversation_deleted")

    assert lunch.status is ConversationStatus.NOT_PARTICIPATING
    assert alice.client.my_conversations == []
    alice.catch_up()
    calls = [call[0] for call in alice.told() if call[0].startswith("on_conversation_")]
    assert calls[-2:] == ["on_conversation_left", "on_conversation_deleted"]


def test_being_removed_and_added_again_while_away_is_told(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(lunch.sid, "before")
    alice.hear("on_message_added")
    with Away(alice):
        emulator.remove_participant(lunch.sid, "alice")
        emulator.send_message(lunch.sid, "alone", author="bob")
        emulator.add_participant(lunch.sid, "alice")
        emulator.send_message(lunch.sid, "together", author="bob")
    alice.catch_up()

    current = alice.client.get_conversation(lunch.sid, timeout=limit())
    current.wait_for_synchronization(timeout=limit())
    emulator.wait_for_subscription(f"{lunch.sid}.messages", identity="alice", timeout=limit())
    assert current.status is ConversationStatus.JOINED
    emulator.send_message(lunch.sid, "after", author="bob")
    alice.hear("on_message_added", lambda message: message.body == "after")
    alice.catch_up()
    bodies = alice.bodies()
    assert bodies.count("before") == bodies.count("after") == 1
    assert len(bodies) == len(set(bodies))
    assert [one.body for one in current.get_last_messages(timeout=limit())] == [
        "before",
        "alone",
        "together",
        "after",
    ]


def test_a_conversation_that_was_deleted_while_away_is_deleted(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with Away(alice):
        emulator.remove_conversation(lunch.sid)
    alice.hear("on_conversation_deleted")
    alice.catch_up()

    assert len(alice.heard.calls("on_conversation_deleted")) == 1
    assert len(alice.heard.calls("on_conversation_left")) == 1


@pytest.mark.parametrize("shortened", [True, False], ids=["shortened", "lost"])
def test_a_history_that_the_server_has_forgotten_is_read_again(
    emulator: Emulator, alice: Person, lunch: Conversation, shortened: bool
) -> None:
    for body in ("zero", "one", "two"):
        emulator.send_message(lunch.sid, body)
    alice.hear("on_message_added", count=3)
    with Away(alice):
        emulator.update_message(lunch.sid, 0, body="zero, edited")
        emulator.remove_message(lunch.sid, 1)
        for body in ("three", "four"):
            emulator.send_message(lunch.sid, body)
        emulator.add_participant(lunch.sid, "carol")
        emulator.remove_participant(lunch.sid, "bob")
        emulator.update_conversation(lunch.sid, friendly_name="renamed")
        emulator.forget_history(shortened=shortened)
    alice.hear("on_message_added", count=5)
    alice.hear("on_message_deleted")
    alice.hear("on_message_updated", lambda message, reason: reason.name == "BODY")
    alice.hear("on_participant_added")
    alice.hear("on_participant_deleted")
    alice.hear("on_conversation_updated", lambda _, reason: reason.name == "FRIENDLY_NAME")
    emulator.send_message(lunch.sid, "five")
    alice.hear("on_message_added", lambda message: message.body == "five")
    alice.catch_up()

    assert alice.bodies() == ["zero, edited", "one", "two", "three", "four", "five"]
    assert alice.told("on_message_deleted") == [("on_message_deleted", "one")]
    edited = [
        call for call in alice.heard.calls("on_message_updated") if call["reason"].name == "BODY"
    ]
    assert [call["message"].message_index for call in edited] == [0]
    assert alice.told("on_participant_added") == [("on_participant_added", "carol")]
    assert alice.told("on_participant_deleted") == [("on_participant_deleted", "bob")]
    assert {one.identity for one in lunch.participants_list} == {"alice", "carol"}


@pytest.mark.parametrize("after_events", [0, 1, 3])
def test_an_interrupted_replay_goes_on(
    emulator: Emulator, alice: Person, lunch: Conversation, after_events: int
) -> None:
    emulator.interrupt_replays(after_events=after_events, times=2)
    with Away(alice):
        for number in range(6):
            emulator.send_message(lunch.sid, f"{number}")
    alice.hear("on_message_added", count=6)
    alice.catch_up()

    assert alice.bodies() == [f"{number}" for number in range(6)]


def test_replays_in_many_small_batches_lose_nothing(emulator: Emulator, connect: Connect) -> None:
    emulator.set_max_batch_size(2)
    rooms = [emulator.create_conversation(identities=["alice"]).sid for _ in range(5)]
    alice = connect("alice")
    for sid in rooms:
        alice.enter(sid)
    with Away(alice):
        for sid in rooms:
            for number in range(3):
                emulator.send_message(sid, f"{sid} {number}")
    alice.hear("on_message_added", count=15)
    alice.catch_up()

    assert sorted(map(str, alice.bodies())) == sorted(
        f"{sid} {number}" for sid in rooms for number in range(3)
    )
    for sid in rooms:
        bodies = [body for body in alice.bodies() if body is not None and body.startswith(sid)]
        assert bodies == [f"{sid} {number}" for number in range(3)]


def test_a_connection_that_breaks_during_synchronization_delays_it(
    emulator: Emulator, connect: Connect
) -> None:
    rooms = {emulator.create_conversation(identities=["alice"]).sid for _ in range(5)}
    held = emulator.hold_requests("*.roster")
    alice = connect("alice", synchronize=False)
    held.wait_until_held(5, timeout=limit())
    for _ in range(3):
        with Away(alice):
            pass
    held.release()
    alice.client.wait_for_synchronization(timeout=limit())
    alice.hear("on_client_synchronization", lambda status: status.name == "COMPLETED")

    assert {one.sid for one in alice.client.my_conversations} == rooms
    levels = {one.synchronization_status for one in alice.client.my_conversations}
    assert levels == {ConversationSynchronizationStatus.ALL}
    assert [name for _, name in alice.told("on_client_synchronization")] == [
        "STARTED",
        "CONVERSATIONS_COMPLETED",
        "COMPLETED",
    ]
    assert len(alice.heard.calls("on_conversation_added")) == 5


def test_changes_during_the_synchronization_are_not_lost(
    emulator: Emulator, connect: Connect
) -> None:
    stays, goes = (
        emulator.create_conversation(friendly_name=name, identities=["alice"]).sid
        for name in ("stays", "goes")
    )
    held = emulator.hold_replies("*/Users/*/Conversations", times=1)
    alice = connect("alice", synchronize=False)
    held.wait_until_held(timeout=limit())
    emulator.remove_participant(goes, "alice")  # the list that is held still has it
    comes = emulator.create_conversation(friendly_name="comes", identities=["alice"]).sid
    emulator.update_conversation(stays, friendly_name="stays, renamed")
    held.release()
    alice.client.wait_for_synchronization(timeout=limit())
    alice.catch_up()

    assert {one.sid for one in alice.client.my_conversations} == {stays, comes}
    assert alice.client.get_conversation(stays).friendly_name == "stays, renamed"


def test_data_that_was_reset_is_read_again(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    refusal = emulator.refuse_connections()
    emulator.reset_data()
    alice.hear("on_connection_error")
    new = emulator.create_conversation(friendly_name="new world", identities=["alice"]).sid
    refusal.lift()
    alice.client.wait_until_connected(timeout=limit())

    alice.hear("on_conversation_added", lambda one: one.sid == new)
    alice.hear("on_conversation_deleted", lambda one: one is lunch)
    conversation = alice.enter(new)
    assert alice.client.my_conversations == [conversation]
    emulator.send_message(new, "hello")
    alice.hear("on_message_added", lambda message: message.body == "hello")


def test_sending_on_an_unsteady_connection_sends_each_message_once_at_most(
    emulator: Emulator, alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)
    sent, unknown = [], []
    for number in range(30):
        if number % 5 == 2:
            emulator.drop_connections("alice")
        try:
            sent.append(lunch.send_message(f"{number}", timeout=limit()).body)
        except ConnectionLostError:
            unknown.append(f"{number}")
    alice.client.wait_until_connected(timeout=limit())
    alice.catch_up()
    bob.catch_up()

    stored = [message.body for message in emulator.get_messages(lunch.sid)]
    assert len(stored) == len(set(stored))
    assert set(sent) <= set(stored)
    assert set(stored) <= {*sent, *unknown}
    assert bob.bodies() == stored
    assert alice.bodies() == stored


@pytest.mark.parametrize("seed", range(3))
def test_every_message_arrives_exactly_once_and_in_order_whatever_happens(
    emulator: Emulator, connect: Connect, seed: int
) -> None:
    """
    Five senders, 300 messages; the receiver's connection is broken all the time.
    """
    senders = [f"sender {number}" for number in range(5)]
    room = emulator.create_conversation(identities=["alice", *senders]).sid
    alice = connect("alice")
    lunch = alice.enter(room)
    rng = random.Random(seed)
    each = 60

    def send(identity: str) -> None:
        person = connect(identity)
        conversation = person.client.get_conversation(room, timeout=limit())
        for number in range(each):
            conversation.send_message(f"{identity}: {number}", timeout=limit())

    sending = [in_background(partial(send, who)) for who in senders]
    total = each * len(senders)
    breaks: list[str] = []
    ways: list[tuple[str, Callable[[], Any]]] = [
        *((name, partial(how, emulator)) for name, how in BREAKS.items()),
        ("interrupted", lambda: emulator.interrupt_replays(after_events=1)),
        ("shortened", lambda: emulator.forget_history(shortened=True)),
    ]
    # Each break waits for some progress, so that the connection is at very different points.
    while len(breaks) < 24:
        name, act = rng.choice(ways)
        act()
        breaks.append(name)
        progress = min(total, (len(breaks) * total) // 30)
        alice.hear("on_message_added", count=max(progress, 1))
    for future in sending:
        future.result(limit(60))
    alice.hear("on_message_added", count=total)
    alice.client.wait_until_connected(timeout=limit())
    alice.catch_up()

    added = [call["message"] for call in alice.heard.calls("on_message_added")]
    stored = emulator.get_messages(room)
    assert [message.message_index for message in added] == list(range(total)), breaks
    assert [message.body for message in added] == [message.body for message in stored]
    for identity in senders:
        own = [message.body for message in added if message.author == identity]
        assert own == [f"{identity}: {number}" for number in range(each)]
    assert len({id(message) for message in added}) == total
    assert alice.heard.calls("on_message_deleted") == []
    assert lunch.last_message_index == total - 1
    assert [one.message_index for one in lunch.get_last_messages(total, timeout=limit())] == [
        *range(total)
    ]
