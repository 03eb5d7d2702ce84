"""
Looking at a client from outside: numbers, short forms, plain data, log lines.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from conversations import (
    ClientStats,
    Conversation,
    ConversationsClient,
    InvalidArgumentError,
    LogLevel,
    Message,
    Participant,
    User,
)
from conversations._plain import LIVE, plain, plain_properties
from conversations.media import Media
from tests.client.people import Connect, Person, held_up
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

LIVE_CLASSES = [Conversation, Message, Participant, User, Media]


# Numbers


def test_stats_count_requests(alice: Person, lunch: Conversation, emulator: Emulator) -> None:
    seen = len([one for one in emulator.requests if one.identity == "alice"])
    before = alice.client.stats
    assert before.requests == seen
    lunch.send_message("hello")
    alice.client.wait_until(lambda: True)
    assert alice.client.stats.requests == seen + 1
    assert before.requests == seen  # a value, not a view


@pytest.mark.usefixtures("quick_reconnects")
def test_stats_count_reconnections(alice: Person, emulator: Emulator) -> None:
    assert alice.client.stats.reconnections == 0
    for number in (1, 2):
        emulator.drop_connections()
        alice.client.wait_until(
            lambda number=number: alice.client.stats.reconnections == number, timeout=limit()
        )


def test_stats_count_events_and_those_that_wait(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    alice.catch_up()
    assert alice.client.stats.queue_length == 0
    with held_up(alice, lunch.sid):
        before = alice.client.stats
        for number in range(3):
            emulator.update_user("alice", friendly_name=f"n{number}")
        alice.client.wait_until(
            lambda: alice.client.stats.queue_length >= before.queue_length + 3, timeout=limit()
        )
        stats = alice.client.stats  # nothing is taken out meanwhile
        assert stats.events - before.events == stats.queue_length - before.queue_length
    assert stats.high_water_marks == 0


def test_a_listener_that_is_added_is_no_event(alice: Person) -> None:
    alice.catch_up()
    before = alice.client.stats.events
    alice.client.add_callbacks(on_error=print)
    assert alice.client.stats.events == before


def test_stats_can_be_read_at_any_time_and_not_be_changed(alice: Person) -> None:
    alice.client.shutdown()
    stats = alice.client.stats
    assert isinstance(stats, ClientStats)
    names = ["requests", "reconnections", "events", "queue_length", "high_water_marks"]
    assert [field.name for field in attrs.fields(ClientStats)] == names
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        stats.requests = 0  # type: ignore[misc]


# Short forms


def test_objects_have_short_forms_without_anything_secret(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    message = lunch.send_message("secret", attributes={"secret": "secret"}, subject="secret")
    lunch.set_attributes({"secret": 1})
    me, other = sorted(lunch.get_participants(), key=lambda one: str(one.identity))
    with alice.client.event_queue() as queue:
        shown = {
            repr(message): rf"<Message {message.sid} #0 by alice>",
            repr(lunch): rf"<Conversation {lunch.sid} 'the-room' joined>",
            repr(me): rf"<Participant {me.sid} alice>",
            repr(other): rf"<Participant {other.sid} bob>",
            repr(alice.client.my_user): "<User alice>",
            repr(alice.client): "<ConversationsClient alice CONNECTED>",
            repr(queue): r"<EventQueue \d+ waiting>",
            repr(alice.client.conversation_builder()): "<ConversationBuilder>",
            repr(lunch.get_messages()): "<Paginator 1 items>",
        }
    for text, expected in shown.items():
        assert re.fullmatch(expected, text)
        assert "secret" not in text
    assert emulator.token("alice") not in repr(alice.client)


# Plain data


@pytest.mark.parametrize("kind", LIVE_CLASSES)
def test_every_property_is_data_or_leads_to_a_live_object(kind: type) -> None:
    properties = {
        name
        for name in dir(kind)
        if isinstance(getattr(kind, name), property) and not name.startswith("_")
    }
    assert properties - LIVE == set(plain_properties(kind))
    assert next(iter(plain_properties(kind))) in {"sid", "identity"}


def test_plain_data_are_those_of_the_properties(
    alice: Person, lunch: Conversation, emulator: Emulator
) -> None:
    emulator.update_conversation(lunch.sid, attributes={"a": [1, None]})
    alice.client.wait_until(lambda: lunch.attributes.value == {"a": [1, None]}, timeout=limit())
    message = lunch.send_message("hello", attributes={"b": True})
    alice.client.wait_until(lambda: lunch.last_message_index == 0, timeout=limit())
    participant = lunch.get_participants()[0]
    user = alice.client.my_user
    for thing in (lunch, message, participant, user):
        data = thing.to_dict()
        assert json.loads(json.dumps(data)) == data
        assert list(data) == list(plain_properties(type(thing)))
        for name, value in data.items():
            assert plain(getattr(thing, name)) == value

    shown = lunch.to_dict()
    assert (shown["sid"], shown["unique_name"], shown["status"]) == (
        lunch.sid,
        "the-room",
        "joined",
    )
    assert shown["attributes"] == {"a": [1, None]}
    assert shown["synchronization_status"] == "all"
    assert shown["last_message_index"] == 0
    assert datetime.fromisoformat(str(shown["date_created"])) == lunch.date_created
    assert shown["limits"] == {
        name: plain(getattr(lunch.limits, name)) for name in plain_limits(lunch.limits)
    }
    written = message.to_dict()
    assert (written["body"], written["author"], written["attributes"]) == (
        "hello",
        "alice",
        {"b": True},
    )
    assert written["is_own"] is True
    assert written["conversation_sid"] == lunch.sid
    assert participant.to_dict()["channel_type"] == "chat"
    assert user.to_dict()["is_online"] is None


def plain_limits(limits: Any) -> list[str]:
    return [name for name in dir(limits) if name.endswith(("_limit", "_in_mb", "_types"))]


def test_plain_data_can_be_read_when_the_client_is_gone(alice: Person, lunch: Conversation) -> None:
    message = lunch.send_message("hello")
    alice.client.shutdown()
    assert message.to_dict()["body"] == "hello"
    assert lunch.to_dict()["sid"] == lunch.sid


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", [object()], {"a": object()}])
def test_what_has_no_form_in_json_is_a_mistake(value: Any) -> None:
    with pytest.raises(TypeError, match="has no form in JSON"):
        plain(value)


# Log lines


@pytest.fixture
def _log_level() -> Iterator[None]:
    logger = logging.getLogger("conversations")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.mark.usefixtures("_log_level")
@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (LogLevel.SILENT, logging.CRITICAL + 10),
        (LogLevel.ASSERT, logging.CRITICAL),
        (LogLevel.ERROR, logging.ERROR),
        (LogLevel.WARN, logging.WARNING),
        (LogLevel.INFO, logging.INFO),
        (LogLevel.DEBUG, logging.DEBUG),
        (LogLevel.VERBOSE, logging.DEBUG),
    ],
)
def test_the_log_level_is_that_of_the_logger(level: LogLevel, expected: int) -> None:
    ConversationsClient.set_log_level(level)
    assert logging.getLogger("conversations").level == expected
    assert logging.getLogger("conversations.twilsock").getEffectiveLevel() == expected


@pytest.mark.usefixtures("_log_level")
@pytest.mark.parametrize("level", ["debug", logging.DEBUG, None])
def test_the_log_level_is_one_of_ours(level: Any) -> None:
    before = logging.getLogger("conversations").level
    with pytest.raises(InvalidArgumentError, match="level must be LogLevel"):
        ConversationsClient.set_log_level(level)
    assert logging.getLogger("conversations").level == before


def test_each_line_says_which_client_it_is_about(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "conversations")
    alice, bob = connect("alice"), connect("bob")
    numbers = {person.client._runtime.number for person in (alice, bob)}
    for person in (alice, bob):
        person.client.shutdown()
    lines = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("conversations.emulator")
    ]
    found = {re.match(r"\[(\d+)(?:#\d+)?\] ", line) for line in lines}
    assert None not in found, [line for line in lines if not re.match(r"\[\d", line)]
    assert {int(match[1]) for match in found if match is not None} == numbers
    for number in numbers:
        assert f"[{number}] connection: CONNECTED" in lines
        assert any(line.startswith(f"[{number}] start: configuration after") for line in lines)
