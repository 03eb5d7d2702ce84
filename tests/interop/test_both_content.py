"""
The JavaScript SDK and this package: media, e-mail, rich content, delivery, push.

Alice uses this package, Bob the JavaScript SDK.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ChannelMetadata,
    ContentData,
    Conversation,
    DeliveryAmount,
    DeliveryStatus,
    EmailRecipientDescriptor,
    FCMToken,
    MediaCategory,
    Message,
    MessageUpdateReason,
    NotificationPayload,
    NotificationPayloadType,
)
from conversations.emulator import Settings
from tests.interop.js_client import JsClient
from tests.interop.ours import Ours
from tests.interop.samples import BYTES, FILENAMES, VARIANTS
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

ALL_CATEGORIES = ["media", "body", "history"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def described(message: Message) -> list[dict[str, Any]]:
    """
    The media of a message, as the driver describes them.
    """
    return [
        {
            "sid": media.sid,
            "filename": media.filename,
            "contentType": media.content_type,
            "size": media.size,
            "category": media.category.value,
            "base64": encoded(media.download(timeout=limit())),
        }
        for media in message.get_media_by_categories(list(MediaCategory))
    ]


# Media


def test_media_of_every_category_go_to_him(
    alice: Ours, bob: JsClient, shared: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "on disk.bin"
    path.write_bytes(BYTES)
    sent = (
        shared.prepare_message()
        .set_body("see below")
        .set_subject("report")
        .set_attributes([1, 2])
        .add_media(path, "application/x-bytes")
        .add_media(b"\x00\xff", "image/png", "two.png")
        .add_media(io.BytesIO(b"three"), "text/plain")
        .set_email_body("plain body", "text/plain")
        .set_email_body("<p>html ☕</p>", "text/html")
        .set_email_history(b"what was said", "text/plain")
        .build_and_send(timeout=limit())
    )

    received = bob.wait_for("messageAdded")
    assert (received["body"], received["subject"]) == ("see below", "report")
    assert received["attributes"] == [1, 2]
    assert (received["type"], received["sid"]) == ("media", sent.sid)
    theirs = bob.call("media", shared.sid, message=0, categories=ALL_CATEGORIES)
    assert theirs == described(sent)
    assert [(one["category"], base64.b64decode(one["base64"])) for one in theirs] == [
        ("media", BYTES),
        ("media", b"\x00\xff"),
        ("media", b"three"),
        ("body", b"plain body"),
        ("body", "<p>html ☕</p>".encode()),
        ("history", b"what was said"),
    ]
    assert [one["filename"] for one in theirs][:3] == ["on disk.bin", "two.png", None]
    html = bob.call("emailBody", shared.sid, message=0, contentType="text/html")
    assert base64.b64decode(html["base64"]).decode() == "<p>html ☕</p>"


def test_media_of_every_category_come_from_him(
    alice: Ours, bob: JsClient, shared: Conversation, tmp_path: Path
) -> None:
    bob.call(
        "build",
        shared.sid,
        body="see below",
        media=[{"base64": encoded(BYTES), "contentType": "application/x-bytes"}],
        bodies=[{"base64": encoded(b"plain body"), "contentType": "text/plain"}],
        histories=[{"base64": encoded(b"<p>said</p>"), "contentType": "text/html"}],
    )

    (message,) = alice.hear("on_message_added")
    assert described(message) == bob.call("media", shared.sid, message=0, categories=ALL_CATEGORIES)
    (media,) = message.attached_media
    media.download_to(tmp_path / "downloaded", timeout=limit())
    assert (tmp_path / "downloaded").read_bytes() == BYTES
    body, history = message.get_email_body(), message.get_email_history("text/html")
    assert body is not None
    assert history is not None
    assert body.download(timeout=limit()) == b"plain body"
    assert history.download(timeout=limit()) == b"<p>said</p>"
    assert message.get_email_body("text/html") is None


def test_names_of_files_go_both_ways(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    theirs = {"base64": encoded(b"theirs"), "contentType": "text/plain"}
    for filename in FILENAMES:
        shared.send_message(media=[(b"ours", "text/plain", filename)], timeout=limit())
        bob.call("sendMedia", shared.sid, **theirs, filename=filename)
    expected = [filename for filename in FILENAMES for _ in range(2)]

    heard = alice.hear("on_message_added", len(expected))
    bob.wait_for("messageAdded", count=len(expected))
    assert [message.attached_media[0].filename for message in heard] == expected
    told = bob.events("messageAdded")
    assert [message["media"][0]["filename"] for message in told] == expected


def test_urls_of_media_are_good_at_both_sides(
    alice: Ours, bob: JsClient, shared: Conversation
) -> None:
    media = [(b"one", "text/plain"), (b"two", "text/plain")]
    sent = shared.send_message(media=media, timeout=limit())
    sids = [one.sid for one in sent.attached_media]
    bob.wait_for("messageAdded")

    assert list(alice.client.get_temporary_content_urls_for_media_sids(sids)) == sids
    assert list(sent.get_temporary_content_urls_for_attached_media()) == sids
    assert list(bob.call("attachedMediaUrls", shared.sid, message=0)) == sids
    assert list(bob.call("mediaUrls", sids=sids)) == sids


# Rich content


def test_the_same_templates_are_listed(alice: Ours, bob: JsClient, emulator: Emulator) -> None:
    for kind, (variant, _) in VARIANTS.items():
        emulator.add_content_template(kind, {kind: variant}, variables={"1": "you", "2": ""})

    ours = alice.client.get_content_templates()
    theirs = bob.call("contentTemplates")

    assert len(ours) == len(emulator.content_templates)
    for mine, his in zip(ours, theirs, strict=True):
        assert (mine.sid, mine.friendly_name) == (his["sid"], his["friendlyName"])
        assert [{"name": one.name, "value": one.value} for one in mine.variables] == his[
            "variables"
        ]
        assert mine.variants.keys() == his["variants"].keys()
        for kind, data in mine.variants.items():
            agree(data, his["variants"][kind])


def agree(ours: ContentData, theirs: dict[str, Any]) -> None:
    """
    Compare rich content, member by member under the names of the JavaScript SDK.
    """
    assert ours.type == theirs["type"]
    for name, value in theirs.items():
        if name == "rawData":
            continue
        mine = getattr(ours, name)
        if isinstance(value, list):
            assert len(mine) == len(value)
            for one, other in zip(mine, value, strict=True):
                if isinstance(other, str):
                    assert one == other
                    continue
                for inner, word in other.items():
                    if inner != "rawData":
                        assert getattr(one, inner) == word
        else:
            assert mine == value


def test_rich_messages_are_understood_alike(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    text = {"twilio/text": {"body": "Hi {{1}}"}}
    made = [
        emulator.add_content_template(kind, {**text, kind: variant}).sid
        for kind, (variant, _) in VARIANTS.items()
    ]
    for sid in made:
        shared.send_message(content_sid=sid, content_variables={"1": "Bo"})
        bob.call("build", shared.sid, contentSid=sid, variables={"1": "Bo"})

    heard = alice.hear("on_message_added", 2 * len(made))
    bob.wait_for("messageAdded", count=2 * len(made))
    for message in heard:
        assert (message.content_sid, message.body) == (made[message.message_index // 2], "Hi Bo")
        data = message.get_content_data(timeout=limit())
        assert data is not None
        agree(data, bob.call("contentData", shared.sid, message=message.message_index))


def test_an_ordinary_message_is_not_rich(alice: Ours, bob: JsClient, shared: Conversation) -> None:
    bob.send(shared.sid, "plain")

    (message,) = alice.hear("on_message_added")

    assert message.content_sid is None
    assert message.get_content_data() is None


# Other channels


def test_delivery_is_reported_alike(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    phones = [shared.add_participant_by_address(f"+1555000{n}", "+15559999") for n in range(2)]
    mine = shared.send_message("to phones too")
    assert mine.aggregated_delivery_receipt is not None
    assert mine.aggregated_delivery_receipt.total == 2

    emulator.update_delivery(shared.sid, 0, phones[0].sid, "read")
    emulator.update_delivery(shared.sid, 0, phones[1].sid, "failed", error_code=30008)

    alice.wait_for(
        "on_message_updated",
        lambda message, reason: (
            reason is MessageUpdateReason.DELIVERY_RECEIPT
            and message.aggregated_delivery_receipt.failed is DeliveryAmount.SOME
        ),
    )
    theirs = bob.wait_for(
        "messageUpdated", lambda event: event["message"]["delivery"]["failed"] == "some"
    )["message"]["delivery"]
    receipt = mine.aggregated_delivery_receipt
    assert theirs == {
        "total": receipt.total,
        **{
            name: getattr(receipt, name).value
            for name in ("sent", "delivered", "read", "undelivered", "failed")
        },
    }
    ours = {one.sid: one for one in mine.get_detailed_delivery_receipt_list()}
    for one in bob.call("receipts", shared.sid, message=0):
        same = ours.pop(one["sid"])
        assert (same.participant_sid, same.channel_message_sid) == (
            one["participantSid"],
            one["channelMessageSid"],
        )
        assert (same.status, same.error_code) == (
            DeliveryStatus(one["status"]),
            one["errorCode"],
        )
    assert ours == {}


def test_what_a_channel_knows_is_told_alike(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    phone = shared.add_participant_by_address("+15550001", "+15559999")
    emulator.send_message(
        shared.sid, "from a phone", author="+15550001", channel_metadata=("sms", {"by": ["acme"]})
    )
    emulator.send_message(shared.sid, "from nowhere", author="support")

    by_phone, by_nobody = alice.hear("on_message_added", 2)
    bob.wait_for("messageAdded", count=2)

    assert by_phone.participant is phone
    assert by_nobody.participant is None
    assert by_phone.get_channel_metadata() == ChannelMetadata(type="sms", data={"by": ["acme"]})
    assert bob.call("channelMetadata", shared.sid, message=0) == {
        "type": "sms",
        "data": {"by": ["acme"]},
    }
    assert by_nobody.get_channel_metadata() is None


def test_recipients_are_listed_alike(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    for name, level in (("Bo", "to"), ("Cy", "cc")):
        shared.add_participant_by_address(
            f"{name.lower()}@example.com",
            "support@example.com",
            email_name=name,
            email_level=level,  # type: ignore[arg-type]
        )
    emulator.update_conversation(
        shared.sid, bindings={"email": {"name": "Help", "projected_address": "support@example.com"}}
    )
    for number in range(3):
        shared.send_message(f"mail {number}")
    bob.wait_for("messageAdded", count=3)

    def plain(found: list[Any]) -> list[dict[str, Any]]:
        assert all(isinstance(one, EmailRecipientDescriptor) for one in found)
        return [
            {
                "messageSid": one.message_sid,
                "type": one.type,
                "level": one.level,
                "name": one.name,
                "address": one.address,
            }
            for one in found
        ]

    first = shared.get_last_messages()[0]
    assert plain(first.get_message_recipients()) == bob.call("recipients", shared.sid, message=0)
    theirs = bob.call("recipientsOfAll", shared.sid, pageSize=2)
    ours = shared.get_message_recipients(2)
    while theirs["hasNextPage"]:
        assert plain(ours.items) == theirs["items"]
        assert ours.has_next_page
        theirs, ours = bob.call("nextPage", page=theirs["page"]), ours.next_page()
    assert plain(ours.items) == theirs["items"]
    assert not ours.has_next_page


# Push


@pytest.mark.parametrize(
    "emulator", [Settings(reachability_enabled=True, reachability_grace=0.0)], indirect=True
)
def test_push_registrations_make_both_notifiable(
    alice: Ours, bob: JsClient, shared: Conversation, emulator: Emulator
) -> None:
    bob.call("user", identity="alice")
    his = alice.client.get_and_subscribe_user("bob")
    assert his.is_notifiable is False

    alice.client.register_fcm_token(FCMToken("device of alice"))
    bob.call("registerPush", channelType="fcm", token="device of bob")
    bob.wait_for("userUpdated", lambda event: event["user"]["isNotifiable"] is True)
    alice.client.wait_until(lambda: his.is_notifiable, timeout=limit())
    assert {(one.identity, one.token) for one in emulator.push_registrations} == {
        ("alice", "device of alice"),
        ("bob", "device of bob"),
    }

    emulator.configure_push()
    bob.send(shared.sid, "hello")
    payload = emulator.wait_for_push(lambda push: push.identity == "alice").payload
    parsed = NotificationPayload(payload)
    theirs = bob.call("parsePush", payload=payload)
    assert parsed.type is NotificationPayloadType.NEW_MESSAGE
    assert parsed.body == theirs["body"] == "Lunch ☕;bob: hello"
    assert parsed.conversation_sid == theirs["data"]["conversationSid"] == shared.sid
    assert parsed.message_index == theirs["data"]["messageIndex"] == 0
    alice.client.handle_notification(parsed)
    told = alice.wait_for("on_new_message_notification")
    assert told["message_index"] == 0

    alice.client.unregister_fcm_token(FCMToken("device of alice"))
    bob.call("removePush", channelType="fcm", token="device of bob")
    alice.client.wait_until(lambda: his.is_notifiable is False, timeout=limit())
    assert emulator.push_registrations == ()
