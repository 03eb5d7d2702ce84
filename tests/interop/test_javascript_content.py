"""
The official JavaScript SDK on the emulator: media, e-mail, rich content, delivery, recipients.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.js_client import JsError, Pair, Start
from tests.interop.samples import BYTES, VARIANTS

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def file(data: bytes, content_type: str, filename: str | None = None) -> dict[str, Any]:
    named = {} if filename is None else {"filename": filename}
    return {"base64": encoded(data), "contentType": content_type, **named}


def test_media_arrive_byte_for_byte(pair: Pair) -> None:
    alice, bob, sid = pair

    alice.call(
        "sendMedia",
        sid,
        **file(BYTES, "application/x-bytes", "größe & mehr?.bin"),
        attributes={"with": "media"},
    )

    message = bob.wait_for("messageAdded")
    assert message["type"] == "media"
    assert message["attributes"] == {"with": "media"}
    (media,) = bob.call("media", sid, message=0, categories=["media"])
    assert message["media"] == [{name: media[name] for name in message["media"][0]}]
    assert media["base64"] == encoded(BYTES)
    assert media["contentType"] == "application/x-bytes"
    assert media["filename"] == "größe & mehr?.bin"
    assert media["size"] == len(BYTES)


def test_a_message_has_text_attachments_and_email(pair: Pair) -> None:
    alice, bob, sid = pair

    index = alice.call(
        "build",
        sid,
        body="see below",
        subject="report",
        attributes=[1, 2],
        media=[file(b"one", "text/plain", "one.txt"), file(b"\x00\xff", "image/png", "two.png")],
        bodies=[file(b"plain body", "text/plain"), file(b"<p>html</p>", "text/html")],
        histories=[file(b"what was said", "text/plain")],
    )

    message = bob.wait_for("messageAdded")
    assert (message["index"], message["body"], message["subject"]) == (index, "see below", "report")
    assert message["attributes"] == [1, 2]
    assert [one["filename"] for one in message["media"]] == ["one.txt", "two.png"]
    everything = bob.call("media", sid, message=index, categories=["media", "body", "history"])
    assert [(one["category"], base64.b64decode(one["base64"])) for one in everything] == [
        ("media", b"one"),
        ("media", b"\x00\xff"),
        ("body", b"plain body"),
        ("body", b"<p>html</p>"),
        ("history", b"what was said"),
    ]
    html = bob.call("emailBody", sid, message=index, contentType="text/html")
    assert base64.b64decode(html["base64"]) == b"<p>html</p>"
    history = bob.call("emailHistory", sid, message=index, contentType="text/plain")
    assert base64.b64decode(history["base64"]) == b"what was said"
    assert bob.call("emailHistory", sid, message=index, contentType="text/html") is None


def test_urls_of_media_come_in_one_request(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    alice.call("build", sid, media=[file(b"one", "text/plain"), file(b"two", "text/plain")])
    sids = [media["sid"] for media in bob.wait_for("messageAdded")["media"]]
    emulator.clear_requests()

    attached = bob.call("attachedMediaUrls", sid, message=0)
    by_sid = bob.call("mediaUrls", sids=sids)

    assert list(attached) == list(by_sid) == sids
    paths = [record.path for record in emulator.requests if record.connection is None]
    assert [path.rsplit("/", 1)[1] for path in paths] == ["MediaSet", "MediaSet"]
    with pytest.raises(JsError):
        bob.call("mediaUrls", sids=["ME" + "0" * 32])


def test_media_of_others_cannot_be_sent_or_read(pair: Pair, start: Start) -> None:
    alice, bob, sid = pair
    alice.call("sendMedia", sid, **file(b"for us", "text/plain"))
    media_sid = bob.wait_for("messageAdded")["media"][0]["sid"]
    mallory = start("mallory")

    with pytest.raises(JsError):
        mallory.call("mediaUrls", sids=[media_sid])


def test_the_templates_of_the_beginning_are_listed(start: Start, emulator: Emulator) -> None:
    alice = start("alice")

    templates = alice.call("contentTemplates")

    assert [one["sid"] for one in templates] == [one.sid for one in emulator.content_templates]
    kinds = {kind for one in templates for kind in one["variants"]}
    assert {"twilio/text", "twilio/quick-reply", "twilio/card"} <= kinds
    assert templates[0]["variants"].keys() == {"twilio/text"}
    assert len(templates[0]["variables"]) == 1


def test_no_template_and_many_templates_are_listed(start: Start, emulator: Emulator) -> None:
    emulator.clear_content_templates()
    nothing = start("alice")
    assert nothing.call("contentTemplates") == []

    for number in range(203):  # three pages
        emulator.add_content_template(f"number {number}", {"twilio/text": {"body": "hello"}})
    fresh = start("alice", name="alice elsewhere")

    names = [one["friendlyName"] for one in fresh.call("contentTemplates")]
    assert names == [f"number {number}" for number in range(203)]


def test_rich_messages_are_filled_in_and_understood(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    text = {"twilio/text": {"body": "Hi {{1}}"}}

    for number, (kind, (template, expected)) in enumerate(VARIANTS.items()):
        made = emulator.add_content_template(kind, {**text, kind: template}, variables={"1": "you"})
        alice.call("build", sid, contentSid=made.sid, variables={"1": "Bo"})

        message = bob.wait_for("messageAdded", count=number + 1)
        assert message["contentSid"] == made.sid
        assert message["body"] == "Hi Bo"
        data = bob.call("contentData", sid, message=number)
        assert {name: data[name] for name in expected} == expected


def test_an_ordinary_message_has_no_content_data(pair: Pair) -> None:
    alice, _, sid = pair
    alice.send(sid, "plain")
    alice.wait_for("messageAdded")

    assert alice.call("contentData", sid, message=0) is None


def test_delivery_is_reported_in_sum_and_in_detail(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    phones = [
        emulator.add_address(sid, f"+1555000{number}", "+15559999").sid for number in range(2)
    ]
    alice.send(sid, "to phones too")
    assert bob.wait_for("messageAdded")["delivery"] == {
        "total": 2,
        "sent": "all",
        "delivered": "none",
        "read": "none",
        "undelivered": "none",
        "failed": "none",
    }

    emulator.update_delivery(sid, 0, phones[0], "delivered")
    emulator.update_delivery(sid, 0, phones[1], "failed", error_code=30008)

    event = bob.wait_for(
        "messageUpdated", lambda event: event["message"]["delivery"]["failed"] == "some"
    )
    assert event["updateReasons"] == ["deliveryReceipt"]
    assert event["message"]["delivery"]["delivered"] == "some"
    receipts = {one["participantSid"]: one for one in bob.call("receipts", sid, message=0)}
    assert [receipts[phone]["status"] for phone in phones] == ["delivered", "failed"]
    assert [receipts[phone]["errorCode"] for phone in phones] == [0, 30008]
    assert {one["conversationSid"] for one in receipts.values()} == {sid}


def test_a_message_from_outside_comes_with_what_its_channel_knows(
    pair: Pair, emulator: Emulator
) -> None:
    _, bob, sid = pair
    phone = emulator.add_address(sid, "+15550001", "+15559999")

    emulator.send_message(
        sid, "from a phone", author="+15550001", channel_metadata=("sms", {"carrier": "acme"})
    )

    message = bob.wait_for("messageAdded")
    assert (message["author"], message["participant"]) == ("+15550001", phone.sid)
    assert bob.call("channelMetadata", sid, message=0) == {
        "type": "sms",
        "data": {"carrier": "acme"},
    }


def test_a_message_without_channel_metadata_is_not_asked_for(
    pair: Pair, emulator: Emulator
) -> None:
    alice, bob, sid = pair
    alice.send(sid, "plain")
    emulator.send_message(sid, "flagged", channel_metadata=("sms", {}))
    emulator.set_channel_metadata(sid, 1, None)
    bob.wait_for("messageAdded", count=2)
    emulator.clear_requests()

    assert [bob.call("channelMetadata", sid, message=index) for index in (0, 1)] == [None, None]

    asked = [record for record in emulator.requests if record.path.endswith("/ChannelMetadata")]
    assert [record.status for record in asked] == [404]


def test_recipients_of_email_are_listed(pair: Pair, emulator: Emulator) -> None:
    alice, bob, sid = pair
    emulator.update_conversation(
        sid, bindings={"email": {"name": "Support", "projected_address": "support@example.com"}}
    )
    for name, level in (("Bo", "to"), ("Cy", "cc")):
        emulator.add_address(
            sid, f"{name.lower()}@example.com", "support@example.com", name=name, level=level
        )
    for number in range(3):
        alice.send(sid, f"mail {number}")
    bob.wait_for("messageAdded", count=3)

    of_one = bob.call("recipients", sid, message=0)
    assert {(one["level"], one["name"], one["address"]) for one in of_one} == {
        ("from", "Support", "support@example.com"),
        ("to", "Bo", "bo@example.com"),
        ("cc", "Cy", "cy@example.com"),
    }

    page = bob.call("recipientsOfAll", sid, pageSize=2)
    found = page["items"]
    while page["hasNextPage"]:
        page = bob.call("nextPage", page=page["page"])
        found += page["items"]
    assert len({one["messageSid"] for one in found}) == 3
    assert len(found) == 9


def test_there_are_no_recipients_without_email(pair: Pair) -> None:
    alice, _, sid = pair
    alice.send(sid, "plain")
    alice.wait_for("messageAdded")

    assert alice.call("recipients", sid, message=0) == []
