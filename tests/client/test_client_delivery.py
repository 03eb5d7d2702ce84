"""
Messages to SMS, WhatsApp and e-mail: receipts, channel metadata, recipients.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    AggregatedDeliveryReceipt,
    ChannelMetadata,
    ClientShutdownError,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    DeliveryAmount,
    DeliveryStatus,
    EmailRecipientDescriptor,
    ForbiddenError,
    InvalidArgumentError,
    Message,
    MessageUpdateReason,
    NotFoundError,
    Paginator,
    RequestTimeoutError,
)
from tests.client.people import Connect, Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

PHONES = ["+15550101", "+15550102"]


@pytest.fixture
def phones(emulator: Emulator, room: str) -> list[str]:
    """
    Two telephones in the conversation; their sids.
    """
    return [emulator.add_address(room, phone, "+15550199").sid for phone in PHONES]


@pytest.fixture
def mailbox(emulator: Emulator, room: str) -> str:
    """
    An e-mail address in the conversation; its sid.
    """
    return emulator.add_address(
        room, "bo@example.com", "room@example.com", name="Bo", level="to"
    ).sid


def asked(emulator: Emulator, part: str) -> list[str]:
    return [request.path for request in emulator.requests if part in request.path]


# Receipts


def test_a_message_to_nobody_outside_has_no_receipts(lunch: Conversation) -> None:
    message = lunch.send_message("hello", timeout=limit())

    assert message.aggregated_delivery_receipt is None
    assert message.get_detailed_delivery_receipt_list(timeout=limit()) == []


def test_the_aggregated_receipt_follows_what_the_channels_report(
    emulator: Emulator, room: str, phones: list[str], alice: Person, lunch: Conversation
) -> None:
    lunch.send_message("hello", timeout=limit())
    message = alice.hear("on_message_added")["message"]
    assert message.aggregated_delivery_receipt == AggregatedDeliveryReceipt(
        total=2,
        sent=DeliveryAmount.ALL,
        delivered=DeliveryAmount.NONE,
        undelivered=DeliveryAmount.NONE,
        read=DeliveryAmount.NONE,
        failed=DeliveryAmount.NONE,
    )

    seen: list[DeliveryAmount] = []
    for phone in phones:
        emulator.update_delivery(room, message.sid, phone, "delivered")
        alice.catch_up()
        seen.append(message.aggregated_delivery_receipt.delivered)

    assert seen == [DeliveryAmount.SOME, DeliveryAmount.ALL]
    told = alice.heard.calls("on_message_updated")
    assert [call["message"] for call in told] == [message, message]
    assert [call["reason"] for call in told] == [MessageUpdateReason.DELIVERY_RECEIPT] * 2


def test_an_update_that_changes_no_amount_is_not_told(
    emulator: Emulator, room: str, phones: list[str], alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    emulator.update_delivery(room, message.sid, phones[0], "delivered")
    alice.catch_up()
    alice.heard.clear()

    emulator.update_delivery(room, message.sid, phones[0], "delivered")
    alice.catch_up()

    assert alice.heard.calls("on_message_updated") == []


def test_receipts_missed_while_the_connection_was_down_are_told(
    emulator: Emulator,
    room: str,
    phones: list[str],
    quick_reconnects: None,
    connect: Connect,
) -> None:
    alice = connect("alice")
    message = alice.enter(room).send_message("hello", timeout=limit())
    alice.hear("on_message_added")
    refusal = emulator.refuse_init(code=503, status="UNAVAILABLE", error_code=None)
    emulator.drop_connections("alice")
    alice.hear("on_connection_error")
    emulator.update_delivery(room, message.sid, phones[0], "read")
    refusal.lift()

    reason = alice.hear("on_message_updated")["reason"]

    assert reason is MessageUpdateReason.DELIVERY_RECEIPT
    assert message.aggregated_delivery_receipt is not None
    assert message.aggregated_delivery_receipt.read is DeliveryAmount.SOME


def test_detailed_receipts_name_everyone_reached(
    emulator: Emulator, room: str, phones: list[str], lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    emulator.update_delivery(room, message.sid, phones[0], "delivered")
    emulator.update_delivery(room, message.sid, phones[1], "undelivered", error_code=30003)

    first, second = message.get_detailed_delivery_receipt_list(timeout=limit())

    assert first.sid.startswith("DY")
    assert first.message_sid == message.sid
    assert first.conversation_sid == lunch.sid
    assert first.channel_message_sid is not None
    assert first.channel_message_sid.startswith("SM")
    assert first.participant_sid == phones[0]
    assert (first.status, first.error_code) == (DeliveryStatus.DELIVERED, 0)
    assert first.date_created is not None
    assert first.date_created.tzinfo is UTC
    assert first.date_updated is not None
    assert second.participant_sid == phones[1]
    assert (second.status, second.error_code) == (DeliveryStatus.UNDELIVERED, 30003)


def test_detailed_receipts_of_more_than_one_page_are_all_there() -> None:
    from conversations.emulator import Emulator, Limits, Settings

    crowded = Settings(limits=Limits(non_chat_participants=120))
    with (
        Emulator(settings=crowded) as emulator,
        ConversationsClient.create(emulator.token("alice"), emulator.properties()) as client,
    ):
        sid = emulator.create_conversation(identities=["alice"]).sid
        for number in range(120):
            emulator.add_address(sid, f"+1555{number:04}", "+15550199")
        message = client.get_conversation(sid).send_message("hello", timeout=limit())

        receipts = message.get_detailed_delivery_receipt_list(timeout=limit())

        assert len({receipt.participant_sid for receipt in receipts}) == len(receipts) == 120
        assert len(asked(emulator, "/Receipts")) == 3


def test_detailed_receipts_of_a_removed_message_are_not_found(
    alice: Person, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    message.remove(timeout=limit())

    name = f"get_detailed_delivery_receipt_list of {message.sid}"
    with pytest.raises(NotFoundError, match=name) as caught:
        message.get_detailed_delivery_receipt_list(timeout=limit())

    assert caught.value.code == 50500


# Channel metadata


def test_a_chat_message_has_no_channel_metadata_and_is_not_asked_about(
    emulator: Emulator, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    emulator.clear_requests()

    assert message.get_channel_metadata(timeout=limit()) is None
    assert emulator.requests == ()


def test_channel_metadata_are_asked_for_once(
    emulator: Emulator, room: str, alice: Person, lunch: Conversation
) -> None:
    data = {"context": {"forwarded": True}, "numbers": [1, None]}
    emulator.send_message(room, "hello", channel_metadata=("whatsapp", data))
    message = alice.hear("on_message_added")["message"]

    metadata = message.get_channel_metadata(timeout=limit())

    assert metadata == ChannelMetadata(type="whatsapp", data=data)
    assert (metadata.type, metadata.data) == ("whatsapp", data)
    assert message.get_channel_metadata(timeout=limit()) == metadata
    assert len(asked(emulator, "/ChannelMetadata")) == 1


def test_that_there_are_none_after_all_is_asked_for_once_too(
    emulator: Emulator, room: str, alice: Person, lunch: Conversation
) -> None:
    emulator.send_message(room, "hello", channel_metadata=("whatsapp", {}))
    message = alice.hear("on_message_added")["message"]
    fault = emulator.fail_requests("*/ChannelMetadata", status=404, code=50530)
    assert message.get_channel_metadata(timeout=limit()) is None
    fault.lift()

    assert message.get_channel_metadata(timeout=limit()) is None
    assert len(asked(emulator, "/ChannelMetadata")) == 1


def test_the_program_chooses_of_how_many_messages_channel_metadata_are_kept(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    alice = connect("alice", channel_metadata_cache_capacity=1)
    alice.enter(room)
    for number in range(2):
        emulator.send_message(room, "hello", channel_metadata=("whatsapp", number))
    alice.hear("on_message_added", count=2)
    messages = [call["message"] for call in alice.heard.calls("on_message_added")]

    found = [messages[index].get_channel_metadata(timeout=limit()).data for index in (0, 0, 1, 0)]

    assert found == [0, 0, 1, 0]
    assert len(asked(emulator, "/ChannelMetadata")) == 3


# Recipients


def mails(found: Any) -> list[tuple[str, str, str | None, str]]:
    return [(one.message_sid, one.level, one.name, one.address) for one in found]


def test_recipients_of_an_e_mail_are_asked_for_once(
    emulator: Emulator, room: str, mailbox: str, lunch: Conversation
) -> None:
    emulator.update_conversation(
        room, bindings={"email": {"name": "Room", "projected_address": "room@example.com"}}
    )
    message = lunch.send_message("hello", timeout=limit())

    recipients = message.get_message_recipients(timeout=limit())

    assert all(isinstance(one, EmailRecipientDescriptor) for one in recipients)
    assert {one.type for one in recipients} == {"email"}
    assert mails(recipients) == [
        (message.sid, "from", "Room", "room@example.com"),
        (message.sid, "to", "Bo", "bo@example.com"),
    ]
    recipients.clear()
    assert len(message.get_message_recipients(timeout=limit())) == 2
    assert len(asked(emulator, "/MessageRecipients")) == 1


def test_that_there_are_no_recipients_is_asked_for_again(
    emulator: Emulator, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())

    assert message.get_message_recipients(timeout=limit()) == []
    assert message.get_message_recipients(timeout=limit()) == []
    assert len(asked(emulator, "/MessageRecipients")) == 2


def test_recipients_of_all_messages_come_page_by_page(
    emulator: Emulator, mailbox: str, lunch: Conversation
) -> None:
    sent = [lunch.send_message(f"m{number}", timeout=limit()) for number in range(3)]

    first = lunch.get_message_recipients(2, timeout=limit())

    assert isinstance(first, Paginator)
    assert [one.message_sid for one in first.items] == [sent[0].sid, sent[1].sid]
    assert (first.has_next_page, first.has_prev_page) == (True, False)
    second = first.next_page(timeout=limit())
    assert [one.message_sid for one in second.items] == [sent[2].sid]
    assert (second.has_next_page, second.has_prev_page) == (False, True)
    assert [one.message_sid for one in second.prev_page(timeout=limit())][:2] == [
        message.sid for message in sent[:2]
    ]
    assert [one.message_sid for one in first] == [message.sid for message in sent]
    with pytest.raises(InvalidArgumentError, match="no next page"):
        second.next_page()


def test_listing_recipients_twice_keeps_them_once(
    emulator: Emulator, mailbox: str, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    for _ in range(2):
        assert len(lunch.get_message_recipients(timeout=limit())) == 1
    emulator.clear_requests()

    assert mails(message.get_message_recipients(timeout=limit())) == [
        (message.sid, "to", "Bo", "bo@example.com")
    ]
    assert emulator.requests == ()


def test_the_program_chooses_of_how_many_messages_recipients_are_kept(
    emulator: Emulator, room: str, mailbox: str, connect: Connect
) -> None:
    alice = connect("alice", message_recipients_cache_capacity=1)
    conversation = alice.enter(room)
    sent = [conversation.send_message(f"m{number}", timeout=limit()) for number in range(2)]

    for index in (0, 0, 1, 0):
        assert len(sent[index].get_message_recipients(timeout=limit())) == 1

    assert len(asked(emulator, "/MessageRecipients")) == 3


@pytest.mark.parametrize("size", [0, -1, 101, "5", True, 1.0])
def test_a_page_of_recipients_has_1_to_100_messages(
    emulator: Emulator, lunch: Conversation, size: Any
) -> None:
    emulator.clear_requests()

    with pytest.raises(InvalidArgumentError, match="page_size"):
        lunch.get_message_recipients(size)

    assert emulator.requests == ()


# Whatever is asked


def everything(message: Message) -> list[Any]:
    return [
        message.get_detailed_delivery_receipt_list,
        message.get_channel_metadata,
        message.get_message_recipients,
        message.conversation.get_message_recipients,
    ]


@pytest.fixture
def message(emulator: Emulator, room: str, alice: Person, lunch: Conversation) -> Message:
    """
    A message of which everything is to be asked.
    """
    emulator.send_message(room, "hello", channel_metadata=("whatsapp", {}))
    found = alice.hear("on_message_added")["message"]
    assert isinstance(found, Message)
    return found


def test_who_is_not_in_it_is_refused(
    emulator: Emulator, room: str, alice: Person, message: Message
) -> None:
    emulator.remove_participant(room, "alice")
    alice.hear("on_conversation_left")

    for ask in everything(message):
        with pytest.raises(ForbiddenError) as caught:
            ask(timeout=limit())
        assert caught.value.code == 50430


def test_all_of_it_ends_in_time(emulator: Emulator, message: Message) -> None:
    emulator.hold_requests("*/Conversations/CH*", method="GET")

    for ask in everything(message):
        with pytest.raises(RequestTimeoutError) as caught:
            ask(timeout=0.05)
        assert not caught.value.may_have_been_sent


def test_all_of_it_can_be_asked_in_a_callback(
    emulator: Emulator, room: str, connect: Connect
) -> None:
    alice = connect("alice")
    alice.enter(room)
    answers: list[Any] = []

    class Asking(ConversationsClientListener):
        def on_message_added(self, message: Message) -> None:
            answers.extend(ask(timeout=limit()) for ask in everything(message))

    alice.client.add_listener(Asking())
    emulator.send_message(room, "hello", channel_metadata=("whatsapp", 1))
    alice.catch_up()

    receipts, metadata, recipients, page = answers
    assert (receipts, metadata.data, recipients, page.items) == ([], 1, [], [])


def test_after_the_shutdown_values_stay_and_calls_raise(alice: Person, message: Message) -> None:
    alice.client.shutdown()

    assert message.aggregated_delivery_receipt is None
    assert message.content_sid is None
    for ask in everything(message):
        with pytest.raises(ClientShutdownError):
            ask(timeout=limit())
