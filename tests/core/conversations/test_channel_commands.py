"""
Messages on other channels: receipts, what the channel knows, whom it was addressed to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import (
    AggregatedDeliveryReceipt,
    ChannelMetadata,
    DeliveryAmount,
    DeliveryStatus,
    DetailedDeliveryReceipt,
    EmailRecipientDescriptor,
    MessageUpdateReason,
    RecipientDescriptor,
    UnknownRecipientDescriptor,
)
from conversations._core.conversations import channels, decoding
from conversations._core.conversations.channel_commands import RecipientsPage
from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.records import MessageRecord
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, ForbiddenError, NotFoundError
from tests.core.simulated_channels import deliver
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

ODD: list[Any] = [None, True, 3, "", "odd", [], [1], {}, {"a": 1}]
RECEIPT = {"total": 2, "sent": "all", "delivered": "some", "read": "none"}
RECEIPT |= {"undelivered": "none", "failed": "none"}


class Scene:
    """
    Alice and bob in a conversation with so many messages, all of them known to alice.
    """

    def __init__(self, *messages: dict[str, Any], **settings: Any) -> None:
        self.service = SimulatedService()
        self.conversation: Conversation = self.service.create("bob", "alice", "bob")
        for number, data in enumerate(messages):
            self.service.send(self.conversation, "bob", f"m{number}", **data)
        self.world = World(self.service, **settings).ready()
        self.record = self.world.record(self.conversation.sid)
        page = self.world.result(
            lambda s, call: s.message_commands.page(
                call, self.record, start=None, count=100, order="desc"
            )
        )
        self.messages: list[MessageRecord] = page.messages
        self.world.take()
        self.service.requests.clear()

    def sid(self, index: int) -> str:
        return self.messages[index].snapshot.sid

    def asked(self, part: str) -> list[Request]:
        return [one for one in self.service.requests if part in one.path]

    def receipts(self, index: int = 0) -> list[DetailedDeliveryReceipt]:
        return self.world.result(
            lambda s, call: s.channel_commands.receipts(call, self.messages[index]),
            name="receipts",
        )

    def metadata(self, index: int = 0) -> ChannelMetadata | None:
        return self.world.result(
            lambda s, call: s.channel_commands.metadata(call, self.messages[index])
        )

    def recipients(self, index: int = 0) -> list[RecipientDescriptor]:
        return list(
            self.world.result(
                lambda s, call: s.channel_commands.recipients_of_message(call, self.messages[index])
            )
        )

    def all_recipients(self, **arguments: Any) -> RecipientsPage:
        return self.world.result(
            lambda s, call: s.channel_commands.recipients_of_conversation(
                call, self.record, **arguments
            )
        )


# The aggregated receipt


def aggregated(scene: Scene, index: int = 0) -> AggregatedDeliveryReceipt | None:
    return scene.messages[index].snapshot.aggregated_delivery_receipt


def test_a_message_brings_its_receipt() -> None:
    scene = Scene({"delivery": RECEIPT}, {})

    assert aggregated(scene) == AggregatedDeliveryReceipt(
        total=2,
        sent=DeliveryAmount.ALL,
        delivered=DeliveryAmount.SOME,
        read=DeliveryAmount.NONE,
        undelivered=DeliveryAmount.NONE,
        failed=DeliveryAmount.NONE,
    )
    assert aggregated(scene, 1) is None


def test_its_appearing_and_changing_is_told_once_each() -> None:
    scene = Scene({})
    for amounts in ({"sent": "some"}, {"sent": "all"}, {"sent": "all", "delivered": "some"}):
        deliver(scene.service, scene.conversation, 0, **amounts)
        scene.world.settle()
        [event] = scene.world.take()
        assert event.reasons == (MessageUpdateReason.DELIVERY_RECEIPT,)
    deliver(scene.service, scene.conversation, 0, sent="all", delivered="some")
    scene.world.settle()

    assert scene.world.take_words() == []
    receipt = aggregated(scene)
    assert receipt is not None
    assert receipt.delivered is DeliveryAmount.SOME


def test_it_stands_in_its_place_among_the_reasons() -> None:
    scene = Scene({})
    scene.service.edit(
        scene.conversation, 0, text="new", attributes='{"a":1}', delivery=RECEIPT, subject="s"
    )
    scene.world.settle()

    [event] = scene.world.take()
    names = [reason.name for reason in event.reasons]
    assert names == ["BODY", "ATTRIBUTES", "DELIVERY_RECEIPT", "SUBJECT", "LAST_UPDATED_BY"]


@pytest.mark.parametrize(
    "delivery",
    [
        *ODD,
        {**RECEIPT, "total": 0},
        {**RECEIPT, "total": None},
        {**RECEIPT, "total": "2"},
        {**RECEIPT, "total": -1},
        {**RECEIPT, "total": True},
        {**RECEIPT, "sent": None},
        {**RECEIPT, "read": ""},
        {**RECEIPT, "failed": 1},
        {name: value for name, value in RECEIPT.items() if name != "undelivered"},
    ],
)
def test_an_incomplete_receipt_or_one_about_nobody_is_ignored(delivery: Any) -> None:
    scene = Scene({"delivery": delivery}, {"delivery": RECEIPT})
    assert aggregated(scene, 0) is None
    before = aggregated(scene, 1)

    scene.service.edit(scene.conversation, 1, delivery=delivery, lastUpdatedBy=None)
    scene.world.settle()

    assert scene.world.take_words() == []
    assert aggregated(scene, 1) == before
    assert before is not None


def test_a_message_that_was_sent_keeps_the_receipt_of_its_first_event() -> None:
    item = {"sid": "IM1", "delivery": RECEIPT}
    known = decoding.message(0, item)

    assert decoding.message(0, {"sid": "IM1"}, known).aggregated_delivery_receipt is not None
    assert decoding.message(0, {"sid": "IM1"}).aggregated_delivery_receipt is None


def test_words_that_are_not_known_are_amounts_too() -> None:
    receipt = aggregated(Scene({"delivery": {**RECEIPT, "read": "most"}}))

    assert receipt is not None
    assert receipt.read is DeliveryAmount.UNKNOWN


# Detailed receipts


def wire_receipt(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "sid": f"DY{number}",
        "account_sid": "AC1",
        "conversation_sid": "CH1",
        "message_sid": "IM1",
        "channel_message_sid": "SM1",
        "participant_sid": "MB1",
        "status": "delivered",
        "error_code": None,
        "date_created": "2024-05-01T12:00:00.000Z",
        "date_updated": "2024-05-01T12:00:03.000Z",
        **changes,
    }


def test_a_receipt_is_read_in_full() -> None:
    scene = Scene({})
    scene.service.channels.receipts[scene.sid(0)] = [wire_receipt(1)]

    assert scene.receipts() == [
        DetailedDeliveryReceipt(
            sid="DY1",
            message_sid="IM1",
            conversation_sid="CH1",
            channel_message_sid="SM1",
            participant_sid="MB1",
            status=DeliveryStatus.DELIVERED,
            error_code=0,
            date_created=datetime(2024, 5, 1, 12, tzinfo=UTC),
            date_updated=datetime(2024, 5, 1, 12, 0, 3, tzinfo=UTC),
        )
    ]
    [request] = scene.asked("/Receipts")
    assert request.path.endswith(
        f"/Conversations/{scene.conversation.sid}/Messages/{scene.sid(0)}/Receipts"
    )
    assert request.params == {}


def test_all_pages_of_receipts_are_read() -> None:
    scene = Scene({})
    scene.service.channels.page_size = 2
    scene.service.channels.receipts[scene.sid(0)] = [wire_receipt(number) for number in range(5)]

    assert [receipt.sid for receipt in scene.receipts()] == [f"DY{n}" for n in range(5)]
    params = [request.params for request in scene.asked("/Receipts")]
    assert params == [{}, {"PageToken": "2/2"}, {"PageToken": "4/2"}]


def test_receipts_are_read_anew_each_time() -> None:
    scene = Scene({})
    assert scene.receipts() == []
    scene.service.channels.receipts[scene.sid(0)] = [wire_receipt(1)]

    assert len(scene.receipts()) == 1


def test_receipts_of_others_are_refused() -> None:
    scene = Scene({})
    scene.service.fault("/Receipts", response=Response(403, {"code": 50430}))

    with pytest.raises(ForbiddenError, match="receipts"):
        scene.receipts()


@pytest.mark.parametrize(
    "link", [None, "", "nothing", "https://x/one/%s", "ftp://x/%s/%s", "https://x/%s/%s?a=1", 5]
)
def test_without_their_address_there_is_a_clear_error(link: Any) -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    service.send(conversation, "bob", "m0")
    base = "https://aim.us1.twilio.com/Client/v2/Services/IS/"
    service.configuration_changes["links"] = {
        "conversations": f"{base}Conversations",
        "my_conversations": f"{base}Users/US{2:032x}/Conversations",
        "users": f"{base}Users",
        "messages_receipts": link,
    }
    world = World(service).ready()
    record = world.record(conversation.sid)
    message = world.result(lambda s, call: s.message_commands.by_index(call, record, 0))

    with pytest.raises(ConversationsError, match="messages_receipts") as caught:
        world.result(lambda s, call: s.channel_commands.receipts(call, message))

    assert caught.value.reason is ErrorReason.CANNOT_PARSE


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"status": "read"}, DeliveryStatus.READ, 0),
        ({"status": "undelivered", "error_code": 30003}, DeliveryStatus.UNDELIVERED, 30003),
        ({"status": "failed", "error_code": "30008"}, DeliveryStatus.FAILED, 30008),
        ({"status": "sent", "error_code": 0}, DeliveryStatus.SENT, 0),
        ({"status": "queued"}, DeliveryStatus.QUEUED, 0),
        ({"status": None}, DeliveryStatus.QUEUED, 0),
        ({"status": "lost"}, DeliveryStatus.UNKNOWN, 0),
        ({"status": 5, "error_code": "odd"}, DeliveryStatus.UNKNOWN, 0),
        ({"error_code": True}, DeliveryStatus.DELIVERED, 0),
    ],
)
def test_status_and_error_code(changes: dict[str, Any], status: DeliveryStatus, code: int) -> None:
    receipt = channels.detailed_receipt(wire_receipt(1, **changes), "CH1", "IM1")

    assert (receipt.status, receipt.error_code) == (status, code)


def test_a_receipt_without_anything_belongs_to_its_message() -> None:
    assert channels.detailed_receipt({}, "CH1", "IM1") == DetailedDeliveryReceipt(
        sid="", message_sid="IM1", conversation_sid="CH1"
    )


# Channel metadata

FLAGGED = {"channelMetadata": True}


def test_a_message_that_has_none_is_not_asked_about() -> None:
    for flag in ({}, {"channelMetadata": False}, {"channelMetadata": "yes"}):
        scene = Scene(flag)
        scene.service.channels.metadata[scene.sid(0)] = {"type": "whatsapp", "data": {}}

        assert scene.metadata() is None
        assert scene.service.requests == []


def test_metadata_are_asked_for_once() -> None:
    scene = Scene(FLAGGED)
    data = {"context": {"forwarded": True}}
    scene.service.channels.metadata[scene.sid(0)] = {"type": "whatsapp", "data": data}

    first = scene.metadata()

    assert first == ChannelMetadata(type="whatsapp", data=data)
    assert scene.metadata() is first
    [request] = scene.service.requests
    assert request.method == "GET"
    assert request.path.endswith(
        f"/{scene.conversation.sid}/Messages/{scene.sid(0)}/ChannelMetadata"
    )


def test_that_there_are_none_is_asked_for_once_too() -> None:
    scene = Scene(FLAGGED)

    assert scene.metadata() is None
    assert scene.metadata() is None

    assert len(scene.asked("/ChannelMetadata")) == 1


@pytest.mark.parametrize(
    ("status", "code", "error"), [(404, 50500, NotFoundError), (403, 50531, ForbiddenError)]
)
def test_other_refusals_are_errors_and_not_kept(
    status: int, code: int, error: type[Exception]
) -> None:
    scene = Scene(FLAGGED)
    scene.service.channels.metadata[scene.sid(0)] = {"type": "whatsapp", "data": {}}
    scene.service.fault("/ChannelMetadata", response=Response(status, {"code": code}))

    with pytest.raises(error):
        scene.metadata()

    assert scene.metadata() is not None


def test_metadata_used_longest_ago_are_forgotten_first() -> None:
    scene = Scene(*[FLAGGED] * 3, choices=Choices(channel_metadata_cache_capacity=2))
    scene.metadata(0)
    scene.metadata(1)
    scene.metadata(0)
    scene.metadata(2)
    assert len(scene.service.requests) == 3

    scene.metadata(0)
    scene.metadata(2)
    assert len(scene.service.requests) == 3
    scene.metadata(1)

    assert len(scene.service.requests) == 4


@pytest.mark.parametrize("body", [None, [], "odd", 5])
def test_an_answer_that_is_no_object_is_an_error(body: Any) -> None:
    scene = Scene(FLAGGED)
    scene.service.fault("/ChannelMetadata", response=Response(200, body))

    with pytest.raises(ConversationsError, match="channel metadata") as caught:
        scene.metadata()

    assert caught.value.reason is ErrorReason.CANNOT_PARSE


def test_metadata_nested_too_deeply_are_null(caplog: pytest.LogCaptureFixture) -> None:
    data: Any = "secret"
    for _ in range(300):
        data = [data]

    assert channels.channel_metadata({"type": "x", "data": data}, "IM1") == ChannelMetadata(
        type="x", data=None
    )
    assert "IM1" in caplog.text
    assert "secret" not in caplog.text


# Recipients


def mail(sid: str, address: str, **changes: Any) -> dict[str, Any]:
    wire = {"message_sid": sid, "type": "email", "level": "to", "name": "Bo", "address": address}
    return {**wire, **changes}


def test_recipients_of_a_message_are_asked_for_once() -> None:
    scene = Scene({}, {})
    sid = scene.sid(0)
    scene.service.channels.recipients = {
        sid: [mail(sid, "bo@x", level="from"), mail(sid, "al@x", name=None, level="cc")]
    }

    assert scene.recipients() == [
        EmailRecipientDescriptor(message_sid=sid, level="from", name="Bo", address="bo@x"),
        EmailRecipientDescriptor(message_sid=sid, level="cc", name=None, address="al@x"),
    ]
    assert scene.recipients() == scene.recipients()
    [request] = scene.service.requests
    assert request.path.endswith(f"/{scene.conversation.sid}/MessageRecipients")
    assert request.params == {"MessageSid": sid}


def test_that_there_are_no_recipients_is_asked_for_again() -> None:
    scene = Scene({})
    assert scene.recipients() == []
    scene.service.channels.recipients[scene.sid(0)] = [mail(scene.sid(0), "bo@x")]

    assert len(scene.recipients()) == 1


def test_recipients_of_all_messages_come_in_pages_with_the_size_in_the_first_request_alone() -> (
    None
):
    scene = Scene({}, {}, {})
    for index in range(3):
        sid = scene.sid(index)
        scene.service.channels.recipients[sid] = [mail(sid, "a@x"), mail(sid, "b@x")]

    first = scene.all_recipients(page_size=2)
    assert first.previous_token is None
    second = scene.all_recipients(page_token=first.next_token)

    assert [one.message_sid for one in first.recipients] == [scene.sid(0)] * 2 + [scene.sid(1)] * 2
    assert [one.message_sid for one in second.recipients] == [scene.sid(2)] * 2
    assert second.next_token is None
    back = scene.all_recipients(page_token=second.previous_token)
    assert back.recipients == first.recipients
    assert [request.params for request in scene.service.requests] == [
        {"PageSize": "2"},
        {"PageToken": "2/2"},
        {"PageToken": "0/2"},
    ]


def test_a_page_without_a_size_leaves_it_to_the_service() -> None:
    scene = Scene({})

    page = scene.all_recipients()

    assert page == RecipientsPage(recipients=(), previous_token=None, next_token=None)
    assert scene.service.requests[0].params == {}


def test_a_page_fills_the_cache_and_replaces_what_is_there() -> None:
    scene = Scene({}, {})
    one, two = scene.sid(0), scene.sid(1)
    scene.service.channels.recipients = {one: [mail(one, "old@x")], two: []}
    scene.recipients(0)
    scene.service.channels.recipients = {
        one: [mail(one, "a@x"), mail(one, "b@x")],
        two: [mail(two, "c@x")],
    }
    for _ in range(2):  # twice is not double
        scene.all_recipients()
    scene.service.requests.clear()

    assert [getattr(found, "address", "") for found in scene.recipients(0)] == ["a@x", "b@x"]
    assert [getattr(found, "address", "") for found in scene.recipients(1)] == ["c@x"]
    assert scene.service.requests == []


def test_recipients_used_longest_ago_are_forgotten_first() -> None:
    scene = Scene(*[{}] * 3, choices=Choices(message_recipients_cache_capacity=2))
    for index in range(3):
        scene.service.channels.recipients[scene.sid(index)] = [mail(scene.sid(index), "a@x")]
    scene.all_recipients()
    scene.service.requests.clear()

    scene.recipients(1)
    scene.recipients(2)
    assert scene.service.requests == []
    scene.recipients(0)

    assert len(scene.service.requests) == 1


def test_other_kinds_of_recipients_are_passed_on() -> None:
    item = {"type": "pigeon", "ring": "ü", "message_sid": "IM1"}

    assert channels.recipient(item) == UnknownRecipientDescriptor(
        type="pigeon",
        message_sid="IM1",
        raw_data='{"type":"pigeon","ring":"ü","message_sid":"IM1"}',
    )
    assert channels.recipient({}, "IM2") == UnknownRecipientDescriptor(
        type="", message_sid="IM2", raw_data="{}"
    )


@pytest.mark.parametrize("odd", ODD)
def test_odd_recipients_are_read_as_far_as_they_can(odd: Any) -> None:
    scene = Scene({})
    sid = scene.sid(0)
    for body in (
        odd,
        {"message_recipients": odd, "meta": odd},
        {"message_recipients": [odd, mail(sid, odd, level=odd, name=odd)]},
        {"message_recipients": [{"type": odd, "message_sid": odd}]},
    ):
        scene.service.fault("/MessageRecipients", response=Response(200, body), times=2)
        found = scene.recipients()
        assert all(isinstance(one, RecipientDescriptor) for one in found)
        page = scene.all_recipients()
        assert page.previous_token is None or page.previous_token == odd


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from([*wire_receipt(1), *mail("", ""), "data"]), json_values))
def test_any_json_is_some_receipt_recipient_and_metadata(item: dict[str, Any]) -> None:
    assert isinstance(channels.detailed_receipt(item, "CH1", "IM1"), DetailedDeliveryReceipt)
    assert isinstance(channels.recipient(item, "IM1"), RecipientDescriptor)
    assert isinstance(channels.channel_metadata(item, "IM1"), ChannelMetadata)
