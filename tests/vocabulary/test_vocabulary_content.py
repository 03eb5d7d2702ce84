"""
Rich content, receipts and recipients are values: frozen, comparable, quiet about their content.
"""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import pytest

import conversations
from conversations import (
    AggregatedDeliveryReceipt,
    Attributes,
    ChannelMetadata,
    ContentData,
    ContentDataAction,
    ContentDataActionOther,
    ContentDataActionPhone,
    ContentDataActionReply,
    ContentDataActionUrl,
    ContentDataCallToAction,
    ContentDataCard,
    ContentDataListItem,
    ContentDataListPicker,
    ContentDataLocation,
    ContentDataMedia,
    ContentDataOther,
    ContentDataQuickReply,
    ContentDataReply,
    ContentDataText,
    ContentTemplate,
    ContentTemplateVariable,
    DeliveryAmount,
    DeliveryStatus,
    DetailedDeliveryReceipt,
    EmailRecipientDescriptor,
    InvalidArgumentError,
    RecipientDescriptor,
    UnknownRecipientDescriptor,
)

SECRET = "canary"  # stands for anybody's words
URL = ContentDataActionUrl(title=SECRET, url=SECRET, raw_data=SECRET)
REPLY = ContentDataReply(title=SECRET, raw_data=SECRET)
ITEM = ContentDataListItem(id="1", item=SECRET, raw_data=SECRET)

CONTENTS: dict[type[ContentData], tuple[str, dict[str, Any]]] = {
    ContentDataText: ("text", {"body": SECRET}),
    ContentDataMedia: ("media", {"body": SECRET, "media": ["https://a"]}),
    ContentDataLocation: ("location", {"longitude": 1.5, "latitude": 2.5, "label": SECRET}),
    ContentDataQuickReply: ("quickReply", {"body": SECRET, "replies": [REPLY]}),
    ContentDataCallToAction: ("callToAction", {"body": SECRET, "actions": [URL]}),
    ContentDataListPicker: ("listPicker", {"body": SECRET, "button": "b", "items": [ITEM]}),
    ContentDataCard: (
        "card",
        {"title": SECRET, "subtitle": SECRET, "media": ["https://a"], "actions": [URL]},
    ),
    ContentDataOther: ("other", {}),
}
ACTIONS: dict[type[ContentDataAction], tuple[str, dict[str, Any]]] = {
    ContentDataActionUrl: ("url", {"title": SECRET, "url": SECRET}),
    ContentDataActionPhone: ("phone", {"title": SECRET, "phone": SECRET}),
    ContentDataActionReply: ("reply", {"title": SECRET, "id": SECRET, "index": 1}),
    ContentDataActionOther: ("other", {}),
}
PARTS: dict[type[Any], tuple[str, dict[str, Any]]] = {
    **CONTENTS,
    **ACTIONS,
    ContentDataReply: ("reply", {"title": SECRET, "id": SECRET}),
    ContentDataListItem: ("listItem", {"id": "1", "item": SECRET, "description": SECRET}),
}


def test_there_is_nothing_else() -> None:
    names = {name for name in conversations.__all__ if name.startswith("ContentData")}

    assert names == {kind.__name__ for kind in PARTS} | {"ContentData", "ContentDataAction"}
    assert all(issubclass(kind, ContentData) for kind in CONTENTS)
    assert all(issubclass(kind, ContentDataAction) for kind in ACTIONS)


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
class TestPart:
    def make(self, kind: type[Any], **changes: Any) -> Any:
        return kind(**{**PARTS[kind][1], "raw_data": SECRET, **changes})

    def test_it_has_its_fields_its_type_and_its_raw_data(self, kind: type[Any]) -> None:
        word, fields = PARTS[kind]

        made = self.make(kind)

        assert made.type == word
        assert made.raw_data == SECRET
        assert {name: getattr(made, name) for name in fields} == fields

    def test_it_is_a_value(self, kind: type[Any]) -> None:
        made = self.make(kind)

        assert made == self.make(kind)
        assert hash(made) == hash(self.make(kind))
        assert made != self.make(kind, raw_data="other")
        assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301  # its own

    def test_it_cannot_be_changed(self, kind: type[Any]) -> None:
        made = self.make(kind)

        for name, value in PARTS[kind][1].items():
            with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
                setattr(made, name, value)
            if isinstance(value, list):
                getattr(made, name).clear()
                assert getattr(made, name) == value

    def test_its_repr_has_no_content(self, kind: type[Any]) -> None:
        assert repr(self.make(kind)) == f"<{kind.__name__}, 6 characters>"


def test_lists_are_taken_from_anything_iterable() -> None:
    assert ContentDataMedia(media=(str(n) for n in range(2)), raw_data="").media == ["0", "1"]


def test_matching_finds_fields_and_lists() -> None:
    content: ContentData = ContentDataQuickReply(body="Lunch?", replies=[REPLY], raw_data="")

    match content:
        case ContentDataQuickReply(body=body, replies=[ContentDataReply(title=title)]):
            assert (body, title) == ("Lunch?", SECRET)
        case _:
            pytest.fail("not found")


# Templates


def test_a_template_hands_out_copies() -> None:
    text = ContentDataText(body="Hi {{1}}", raw_data="")
    template = ContentTemplate(
        sid="HX1",
        friendly_name="greeting",
        variables=[ContentTemplateVariable("1", "there")],
        variants={"twilio/text": text},
    )
    same = attrs.evolve(template, variants=template.variants)

    template.variables.clear()
    template.variants.clear()

    assert template.variables == [ContentTemplateVariable("1", "there")]
    assert template.variants == {"twilio/text": text}
    assert (template.date_created, template.date_updated) == (None, None)
    assert repr(template) == "<ContentTemplate HX1 'greeting'>"
    assert template == same
    assert hash(template) == hash(same)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        template.sid = "HX2"  # type: ignore[misc]


def test_a_variable_is_copied_with_another_value() -> None:
    variable = ContentTemplateVariable("1", "there")

    copy = variable.copy_with_value("Bo")

    assert (copy.name, copy.value) == ("1", "Bo")
    assert variable.value == "there"
    assert "Bo" not in repr(copy)


@pytest.mark.parametrize("arguments", [("", "x"), (1, "x"), (None, "x"), ("1", None), ("1", 5)])
def test_a_variable_is_made_of_texts(arguments: tuple[Any, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        ContentTemplateVariable(*arguments)


def test_a_value_that_is_no_text_is_refused_in_a_copy() -> None:
    with pytest.raises(InvalidArgumentError, match="value must be a string, not int"):
        ContentTemplateVariable("1", "").copy_with_value(1)  # type: ignore[arg-type]


# Receipts


def test_an_aggregated_receipt_is_a_value() -> None:
    amounts = {
        "sent": DeliveryAmount.ALL,
        "delivered": DeliveryAmount.SOME,
        "undelivered": DeliveryAmount.NONE,
        "read": DeliveryAmount.NONE,
        "failed": DeliveryAmount.SOME,
    }

    receipt = AggregatedDeliveryReceipt(total=2, **amounts)

    assert {name: getattr(receipt, name) for name in amounts} == amounts
    assert receipt == AggregatedDeliveryReceipt(total=2, **amounts)
    assert receipt != attrs.evolve(receipt, total=3)
    assert hash(receipt) == hash(AggregatedDeliveryReceipt(total=2, **amounts))


def test_a_detailed_receipt_is_queued_and_without_error_by_default() -> None:
    receipt = DetailedDeliveryReceipt(sid="DY1", message_sid="IM1", conversation_sid="CH1")

    assert receipt.status is DeliveryStatus.QUEUED
    assert receipt.error_code == 0
    assert receipt.channel_message_sid is None
    assert receipt.participant_sid is None
    assert receipt.date_created is None
    assert receipt.date_updated is None


# Channel metadata and recipients


def test_channel_metadata_hand_out_copies() -> None:
    metadata = ChannelMetadata(type="whatsapp", data={"a": [SECRET]})

    metadata.data["a"].append("x")

    assert metadata.data == {"a": [SECRET]}
    assert metadata == ChannelMetadata(type="whatsapp", data=Attributes({"a": [SECRET]}))
    assert hash(metadata) == hash(ChannelMetadata(type="whatsapp", data={"a": [SECRET]}))
    assert repr(metadata) == "<ChannelMetadata whatsapp>"


def test_recipients_are_told_apart_by_their_class() -> None:
    mail = EmailRecipientDescriptor(message_sid="IM1", level="cc", name=SECRET, address=SECRET)
    other = UnknownRecipientDescriptor(type="pigeon", message_sid="IM1", raw_data=SECRET)

    assert isinstance(mail, RecipientDescriptor)
    assert isinstance(other, RecipientDescriptor)
    assert (mail.type, mail.message_sid, mail.level) == ("email", "IM1", "cc")
    assert (mail.name, mail.address) == (SECRET, SECRET)
    assert (other.type, other.message_sid, other.raw_data) == ("pigeon", "IM1", SECRET)
    assert repr(mail) == "<EmailRecipientDescriptor email of IM1>"
    assert repr(other) == "<UnknownRecipientDescriptor pigeon of IM1>"
    assert EmailRecipientDescriptor(message_sid="IM1", level="to", address="a").name is None
