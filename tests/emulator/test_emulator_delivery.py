"""
Messages outside the chat: participants by address, receipts, recipients, metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations.emulator import Emulator, Refusal
from tests.emulator.twilsock_client import Reply, TwilsockClient

Connect = Callable[..., TwilsockClient]

START = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:00:05.000Z"


@pytest.fixture
def lunch(timed: Emulator) -> str:
    """
    A conversation of alice and bob.
    """
    return timed.create_conversation(identities=["alice", "bob"]).sid


@pytest.fixture
def phone(timed: Emulator, lunch: str) -> str:
    return timed.add_address(lunch, "+15550001", "+15559999").sid


@pytest.fixture
def mail(timed: Emulator, lunch: str) -> str:
    return timed.add_address(lunch, "bo@example.com", "in@example.com", name="Bo", level="cc").sid


@pytest.fixture
def ask(timed: Emulator, connect: Connect, lunch: str) -> Callable[..., Reply]:
    """
    Read something of the conversation, as alice unless somebody else is named.
    """
    clients: dict[str, TwilsockClient] = {}

    def ask(path: str, identity: str = "alice", **query: str) -> Reply:
        client = clients.get(identity) or clients.setdefault(identity, connect(timed, identity))
        service = timed.credentials.service
        return client.request(
            "GET", f"/Client/v2/Services/{service}/Conversations/{lunch}/{path}", query
        )

    return ask


def item(emulator: Emulator, sid: str, index: int) -> Any:
    return emulator.call(lambda backend: backend.service.conversations[sid].list.get(index).data)


# Receipts --------------------------------------------------------------------------------------


def test_a_message_among_users_has_no_receipts(
    timed: Emulator, lunch: str, ask: Callable[..., Reply]
) -> None:
    message = timed.send_message(lunch, "hello", author="alice")
    assert message.delivery is None
    assert "delivery" not in item(timed, lunch, 0)
    assert ask(f"Messages/{message.sid}/Receipts").body == {
        "delivery_receipts": [],
        "meta": {"previous_token": None, "next_token": None},
    }


def test_everybody_outside_the_chat_but_the_author_has_a_receipt(
    timed: Emulator, lunch: str, phone: str, mail: str, ask: Callable[..., Reply]
) -> None:
    message = timed.send_message(lunch, "hello", author="alice")
    body = ask(f"Messages/{message.sid}/Receipts").body
    first = body["delivery_receipts"][0]
    assert first == {
        "sid": first["sid"],
        "account_sid": timed.credentials.account,
        "conversation_sid": lunch,
        "message_sid": message.sid,
        "channel_message_sid": first["channel_message_sid"],
        "participant_sid": phone,
        "status": "sent",
        "error_code": None,
        "date_created": START,
        "date_updated": START,
    }
    assert (first["sid"][:2], first["channel_message_sid"][:2]) == ("DY", "SM")
    assert [receipt["participant_sid"] for receipt in body["delivery_receipts"]] == [phone, mail]
    answer = timed.send_message(lunch, "yes", author="+15550001")
    receipts = timed.get_delivery_receipts(lunch, answer.index)
    assert [receipt.participant_sid for receipt in receipts] == [mail]


def test_receipts_come_in_pages(
    timed: Emulator, lunch: str, phone: str, mail: str, ask: Callable[..., Reply]
) -> None:
    path = f"Messages/{timed.send_message(lunch, 'x').sid}/Receipts"
    first = ask(path, PageSize="1").body
    second = ask(path, PageToken=first["meta"]["next_token"], PageSize="1").body
    assert first["delivery_receipts"][0]["participant_sid"] == phone
    assert second["delivery_receipts"][0]["participant_sid"] == mail
    assert second["meta"]["next_token"] is None
    assert ask(path, PageSize="0").error == (400, 20007)


def test_receipts_are_summed_up(timed: Emulator, lunch: str, phone: str, mail: str) -> None:
    timed.send_message(lunch, "hello", author="alice")
    none = dict.fromkeys(("sent", "delivered", "read", "undelivered", "failed"), "none")
    for statuses, expected in {
        ("sent", "sent"): {"sent": "all"},
        ("queued", "sent"): {"sent": "some"},
        ("delivered", "sent"): {"sent": "all", "delivered": "some"},
        ("read", "delivered"): {"sent": "all", "delivered": "all", "read": "some"},
        ("read", "read"): {"sent": "all", "delivered": "all", "read": "all"},
        ("undelivered", "read"): {
            "sent": "all",
            "delivered": "some",
            "read": "some",
            "undelivered": "some",
        },
        ("failed", "failed"): {"failed": "all"},
        ("queued", "queued"): {},
    }.items():
        timed.update_delivery(lunch, 0, phone, statuses[0])
        timed.update_delivery(lunch, 0, "bo@example.com", statuses[1])
        assert item(timed, lunch, 0)["delivery"] == {"total": 2, **none, **expected}


def test_a_receipt_is_changed_and_told(
    timed: Emulator, clock: Any, lunch: str, phone: str, ask: Callable[..., Reply]
) -> None:
    message = timed.send_message(lunch, "hello")
    before = timed.call(lambda backend: backend.service.conversations[lunch].list.position)
    clock.advance(5)
    view = timed.update_delivery(lunch, message.sid, "+15550001", "failed", error_code=30003)
    assert (view.status, view.error_code, view.participant_sid) == ("failed", 30003, phone)
    after = timed.call(lambda backend: backend.service.conversations[lunch].list.position)
    assert after == before + 1
    (receipt,) = ask(f"Messages/{message.sid}/Receipts").body["delivery_receipts"]
    assert (receipt["status"], receipt["error_code"]) == ("failed", 30003)
    assert (receipt["date_created"], receipt["date_updated"]) == (START, LATER)
    assert item(timed, lunch, 0)["dateUpdated"] == START


def test_a_closed_conversation_still_hears_of_delivery(
    timed: Emulator, lunch: str, phone: str
) -> None:
    timed.send_message(lunch, "hello")
    timed.update_conversation(lunch, state="closed")
    assert timed.update_delivery(lunch, 0, phone, "read").status == "read"


def test_there_are_no_receipts_of_others(
    timed: Emulator, lunch: str, phone: str, ask: Callable[..., Reply]
) -> None:
    timed.send_message(lunch, "hello")
    later = timed.add_address(lunch, "+15550002", "+15559999").sid
    for participant, status, code in (
        (later, "read", 50432),
        ("alice", "read", 50432),
        ("+15550003", "read", 50432),
        (phone, "lost", 20001),
    ):
        with pytest.raises(Refusal, match=str(code)):
            timed.update_delivery(lunch, 0, participant, status)
    assert ask(f"Messages/IM{'0' * 32}/Receipts").error == (404, 50500)
    sid = timed.get_messages(lunch)[0].sid
    assert ask(f"Messages/{sid}/Receipts", "carol").error == (403, 50430)


# Who writes ------------------------------------------------------------------------------------


def test_somebody_outside_the_chat_writes(timed: Emulator, lunch: str, phone: str) -> None:
    media = timed.add_media(b"x", content_type="image/png")
    timed.send_message(lunch, "look", author="+15550001", media_sids=[media.sid])
    written = item(timed, lunch, 0)
    assert (written["author"], written["memberSid"]) == ("+15550001", phone)
    assert (written["text"], written["type"]) == ("look", "media")


# Recipients ------------------------------------------------------------------------------------


def test_recipients_are_told_by_message_and_for_all(
    timed: Emulator, lunch: str, mail: str, ask: Callable[..., Reply]
) -> None:
    timed.update_conversation(
        lunch, bindings={"email": {"name": "Support", "projected_address": "us@example.com"}}
    )
    timed.add_address(lunch, "li@example.com", "in@example.com")
    message = timed.send_message(lunch, "hello", author="alice")
    answer = timed.send_message(lunch, "thanks", author="bo@example.com")
    timed.add_address(lunch, "+15550001", "+15559999")

    def of(sid: str, level: str, name: str | None, address: str) -> dict[str, Any]:
        return {
            "message_sid": sid,
            "type": "email",
            "level": level,
            "name": name,
            "address": address,
        }

    first = [
        of(message.sid, "from", "Support", "us@example.com"),
        of(message.sid, "cc", "Bo", "bo@example.com"),
        of(message.sid, "to", None, "li@example.com"),
    ]
    second = [
        of(answer.sid, "from", "Bo", "bo@example.com"),
        of(answer.sid, "to", None, "li@example.com"),
    ]
    body = ask("MessageRecipients", MessageSid=message.sid).body
    assert body["message_recipients"] == first
    assert ask("MessageRecipients").body["message_recipients"] == first + second
    page = ask("MessageRecipients", PageSize="1").body  # of messages
    rest = ask("MessageRecipients", PageToken=page["meta"]["next_token"]).body
    assert (page["message_recipients"], rest["message_recipients"]) == (first, second)
    assert rest["meta"]["next_token"] is None


def test_without_e_mail_there_are_no_recipients(
    timed: Emulator, lunch: str, phone: str, ask: Callable[..., Reply]
) -> None:
    sid = timed.send_message(lunch, "hello", author="alice").sid
    assert ask("MessageRecipients", MessageSid=sid).body["message_recipients"] == []
    assert ask("MessageRecipients").body["message_recipients"] == []
    assert ask("MessageRecipients", MessageSid="IM1").error == (404, 50500)
    assert ask("MessageRecipients", "carol").error == (403, 50430)


@pytest.mark.parametrize("binding", [None, "x", {}, {"projected_address": 7}])
def test_a_conversation_without_an_address_is_no_sender(
    binding: Any, timed: Emulator, lunch: str, mail: str, ask: Callable[..., Reply]
) -> None:
    timed.update_conversation(lunch, bindings={"email": binding})
    timed.send_message(lunch, "hello", author="alice")
    recipients = ask("MessageRecipients").body["message_recipients"]
    assert [recipient["level"] for recipient in recipients] == ["cc"]


def test_bindings_stand_in_the_document_and_the_roster(
    timed: Emulator, lunch: str, mail: str
) -> None:
    email = {"name": "Support", "projected_address": "us@example.com"}
    made = timed.create_conversation(bindings={"email": email}).sid
    documents = timed.call(
        lambda backend: [
            backend.service.conversations[sid].document.data["bindings"] for sid in (made, lunch)
        ]
    )
    assert documents == [{"email": email}, {}]
    roster = timed.call(lambda backend: backend.service.conversations[lunch].roster.get(mail).data)
    assert (roster["identity"], roster["type"]) == (None, "email")
    assert roster["bindings"] == {
        "email": {"name": "Bo", "address": "bo@example.com", "level": "cc"}
    }


# Channel metadata ------------------------------------------------------------------------------


def test_metadata_of_another_channel(
    timed: Emulator, lunch: str, ask: Callable[..., Reply]
) -> None:
    known = timed.send_message(lunch, "a", channel_metadata=("whatsapp", {"forwarded": True}))
    plain = timed.send_message(lunch, "b")
    assert item(timed, lunch, 0)["channelMetadata"] is True
    assert item(timed, lunch, 1)["channelMetadata"] is False
    assert ask(f"Messages/{known.sid}/ChannelMetadata").body == {
        "type": "whatsapp",
        "data": {"forwarded": True},
    }
    assert ask(f"Messages/{plain.sid}/ChannelMetadata").error == (404, 50530)
    timed.set_channel_metadata(lunch, plain.index, ("email", None))
    timed.set_channel_metadata(lunch, known.index, None)
    assert ask(f"Messages/{plain.sid}/ChannelMetadata").body == {"type": "email", "data": None}
    assert ask(f"Messages/{known.sid}/ChannelMetadata").error == (404, 50530)
    assert item(timed, lunch, 1)["channelMetadata"] is True
    assert ask(f"Messages/{known.sid}/ChannelMetadata", "carol").error == (403, 50430)
