"""
What the operator's own server does, from Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations.emulator import Emulator, Refusal
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]


def code(act: Callable[[], object]) -> tuple[int, int]:
    with pytest.raises(Refusal) as raised:
        act()
    return raised.value.status, raised.value.code


def test_a_conversation_from_its_beginning_to_its_end(emulator: Emulator) -> None:
    made = emulator.create_conversation(
        friendly_name="Lunch", unique_name="lunch", attributes={"a": [1]}, identities=["alice"]
    )
    assert (made.friendly_name, made.unique_name, made.created_by) == ("Lunch", "lunch", "system")
    assert (made.attributes, made.state, made.identities) == ('{"a":[1]}', "active", ("alice",))
    changed = emulator.update_conversation(
        "lunch", friendly_name=None, unique_name="tea", attributes=None, state="inactive"
    )
    assert (changed.friendly_name, changed.attributes) == (None, "null")
    assert changed.state == "inactive"
    assert emulator.get_conversation("tea").sid == made.sid
    emulator.remove_conversation(made.sid)
    assert code(lambda: emulator.get_conversation("tea")) == (404, 50350)
    assert code(lambda: emulator.get_conversation(made.sid)) == (404, 50350)
    assert emulator.get_user("alice").conversations == {}


def test_a_conversation_may_count_as_made_by_a_user(emulator: Emulator) -> None:
    made = emulator.create_conversation(created_by="alice")
    assert made.created_by == "alice"
    assert emulator.get_user("alice").conversations == {made.sid: "notParticipating"}


def test_participants(emulator: Emulator) -> None:
    sid = emulator.create_conversation().sid
    alice = emulator.add_participant(sid, "alice", attributes={"x": 1})
    assert (alice.identity, alice.type, alice.attributes) == ("alice", "chat", '{"x":1}')
    mail = emulator.add_address(sid, "a@b.example", "c@d.example", name="Bo", level="cc")
    assert (mail.identity, mail.type) == (None, "email")
    changed = emulator.update_participant(sid, "alice", attributes=[])
    assert (changed.sid, changed.attributes) == (alice.sid, "[]")
    emulator.send_message(sid, "x")
    emulator.set_read_horizon(sid, "alice", 0)
    assert emulator.get_participant(sid, alice.sid).last_read_index == 0
    emulator.remove_participant(sid, "alice")
    emulator.remove_participant(sid, mail.sid)
    assert emulator.get_conversation(sid).participants == ()
    assert code(lambda: emulator.remove_participant(sid, "alice")) == (404, 50432)


def test_messages_of_anybody(emulator: Emulator) -> None:
    sid = emulator.create_conversation(identities=["alice"]).sid
    sms = emulator.add_address(sid, "+15550001", "+15559999")
    alice = emulator.get_participant(sid, "alice")
    first = emulator.send_message(sid, "one", subject="S", attributes=7)
    second = emulator.send_message(sid, "two", author="alice")
    third = emulator.send_message(sid, "three", author="+15550001")
    assert [message.author for message in (first, second, third)] == [
        "system",
        "alice",
        "+15550001",
    ]
    assert [message.participant_sid for message in (first, second, third)] == [
        None,
        alice.sid,
        sms.sid,
    ]
    assert (first.index, first.subject, first.attributes) == (0, "S", "7")
    edited = emulator.update_message(sid, 0, body="ONE", subject=None, attributes={})
    assert (edited.body, edited.subject, edited.attributes) == ("ONE", None, "{}")
    assert edited.last_updated_by == "system"
    emulator.remove_message(sid, second.sid)
    assert [message.index for message in emulator.get_messages(sid)] == [0, 2]
    assert code(lambda: emulator.update_message(sid, 1, body="x")) == (404, 50500)
    assert code(lambda: emulator.remove_message(sid, second.sid)) == (404, 50500)
    assert code(lambda: emulator.send_message(sid, "x" * 40_000)) == (400, 50504)


def test_users(emulator: Emulator) -> None:
    made = emulator.create_user("zoë", friendly_name="Zoë", attributes={"x": 1})
    assert (made.friendly_name, made.attributes) == ("Zoë", '{"x":1}')
    assert emulator.create_user("zoë") == made
    assert emulator.update_user("zoë", friendly_name=None).friendly_name is None
    assert emulator.get_user(made.sid).identity == "zoë"
    assert code(lambda: emulator.get_user("nobody")) == (404, 50200)


def test_a_state_must_be_one(emulator: Emulator) -> None:
    sid = emulator.create_conversation().sid
    assert code(lambda: emulator.update_conversation(sid, state="odd")) == (400, 50378)
    emulator.update_conversation(sid, state="closed")
    assert code(lambda: emulator.send_message(sid, "x")) == (400, 50377)


def test_clients_see_what_the_server_does(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    root: Any = client.request("GET", "/v3/Maps/alice.channels").body
    client.subscribe({root["sid"]: ("map", -1)})
    assert client.next_notification().kind == "subscription_established"
    sid = emulator.create_conversation(identities=["alice"]).sid
    added = client.next_notification()
    assert (added.kind, added.body["event"]["item_key"]) == ("map_item_added", sid)


def test_what_is_shown_of_a_message_has_no_content(emulator: Emulator) -> None:
    sid = emulator.create_conversation().sid
    message = emulator.send_message(sid, "canary body", attributes="canary attributes")
    assert "canary" not in repr(message)
