"""
Enums: words of the server are read without ever failing, and steps are ordered.
"""

from __future__ import annotations

import logging
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import enums
from conversations.enums import (
    ChannelType,
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    DeliveryAmount,
    DeliveryStatus,
    ErrorReason,
    LogLevel,
    MediaCategory,
    MessageUpdateReason,
    NotificationLevel,
    NotificationPayloadType,
    ParticipantUpdateReason,
    SynchronizationStatus,
    UserUpdateReason,
)

SERVER_WORDS = {
    ChannelType: (ChannelType.OTHER, ChannelType.UNSET),
    ConversationState: (ConversationState.UNKNOWN, ConversationState.UNDEFINED),
    ConversationStatus: (ConversationStatus.UNKNOWN, ConversationStatus.UNKNOWN),
    DeliveryAmount: (DeliveryAmount.UNKNOWN, DeliveryAmount.UNKNOWN),
    DeliveryStatus: (DeliveryStatus.UNKNOWN, DeliveryStatus.QUEUED),
    MediaCategory: (MediaCategory.UNKNOWN, MediaCategory.MEDIA),
    NotificationLevel: (NotificationLevel.UNKNOWN, NotificationLevel.DEFAULT),
    NotificationPayloadType: (NotificationPayloadType.UNKNOWN, NotificationPayloadType.UNKNOWN),
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("enum", SERVER_WORDS)
def test_every_known_word_gives_its_member(enum):
    for member in enum:
        assert enum.from_wire(member.value) is member


@pytest.mark.parametrize(("enum", "fallbacks"), SERVER_WORDS.items())
def test_an_unknown_word_and_an_absent_one_give_the_documented_members(enum, fallbacks):
    unknown, absent = fallbacks
    assert enum.from_wire("a word of the future") is unknown
    assert enum.from_wire("JOINED") is unknown
    assert enum.from_wire(None) is absent


@pytest.mark.parametrize("enum", SERVER_WORDS)
@given(word=json_values)
def test_nothing_from_the_server_raises(enum, word):
    assert isinstance(enum.from_wire(word), enum)


def test_words_are_those_of_the_wire():
    assert ConversationStatus.NOT_PARTICIPATING.value == "notParticipating"
    assert ConversationStatus.from_wire("joined") is ConversationStatus.JOINED
    assert ChannelType.from_wire("whatsapp") is ChannelType.WHATSAPP
    assert (
        NotificationPayloadType.from_wire("twilio.conversations.new_message")
        is NotificationPayloadType.NEW_MESSAGE
    )


@pytest.mark.parametrize(
    ("enum", "names"),
    [
        (
            ConversationUpdateReason,
            (
                "ATTRIBUTES FRIENDLY_NAME LAST_MESSAGE LAST_READ_MESSAGE_INDEX NOTIFICATION_LEVEL "
                "STATE STATUS UNIQUE_NAME CREATED_BY DATE_CREATED DATE_UPDATED BINDINGS"
            ),
        ),
        (
            MessageUpdateReason,
            (
                "BODY ATTRIBUTES DELIVERY_RECEIPT SUBJECT MEDIA AUTHOR LAST_UPDATED_BY "
                "DATE_CREATED DATE_UPDATED"
            ),
        ),
        (
            ParticipantUpdateReason,
            (
                "LAST_READ_MESSAGE_INDEX LAST_READ_TIMESTAMP ATTRIBUTES ROLE_SID BINDINGS "
                "DATE_CREATED DATE_UPDATED"
            ),
        ),
        (
            UserUpdateReason,
            "FRIENDLY_NAME ATTRIBUTES REACHABILITY_ONLINE REACHABILITY_NOTIFIABLE",
        ),
    ],
)
def test_update_reasons_stand_in_the_order_of_their_delivery(enum, names):
    assert [reason.name for reason in enum] == names.split()


@pytest.mark.parametrize(
    ("enum", "steps", "dead_ends"),
    [
        (
            SynchronizationStatus,
            ["STARTED", "CONVERSATIONS_COMPLETED", "COMPLETED"],
            ["FAILED", "SYNCHRONIZATION_DISABLED"],
        ),
        (
            ConversationSynchronizationStatus,
            ["NONE", "IDENTIFIER", "METADATA", "ALL"],
            ["FAILED"],
        ),
    ],
)
def test_steps_are_ordered_and_dead_ends_are_at_least_themselves_only(enum, steps, dead_ends):
    assert [member.name for member in enum] == steps + dead_ends
    for status in enum:
        for other in enum:
            both_are_steps = status.name in steps and other.name in steps
            expected = (
                steps.index(status.name) >= steps.index(other.name)
                if both_are_steps
                else status is other
            )
            assert status.is_at_least(other) is expected


def test_error_reasons_have_the_numbers_of_android():
    assert [reason.value for reason in ErrorReason] == list(range(35))
    assert ErrorReason(21) is ErrorReason.COMMAND_RECOVERABLE_ERROR
    assert ErrorReason.ITERATOR_ERROR.value == 34


def test_log_levels_map_to_the_levels_of_logging():
    levels = [level.logging_level for level in LogLevel]
    assert levels[0] > logging.CRITICAL
    assert levels[1:] == [50, 40, 30, 20, 10, 10]


def test_every_value_is_a_text_that_is_used_once():
    for name in enums.__all__:
        enum = getattr(enums, name)
        assert issubclass(enum, Enum)
        assert len(enum.__members__) == len(list(enum)), f"{name} has aliases"
        if enum is not ErrorReason:
            assert all(isinstance(member.value, str) for member in enum)
