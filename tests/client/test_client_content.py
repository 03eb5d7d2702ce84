"""
Content templates, and messages that are made of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    ContentDataActionPhone,
    ContentDataActionReply,
    ContentDataActionUrl,
    ContentDataCallToAction,
    ContentDataCard,
    ContentDataListPicker,
    ContentDataLocation,
    ContentDataMedia,
    ContentDataOther,
    ContentDataQuickReply,
    ContentDataText,
    ContentTemplate,
    Conversation,
    ConversationsClientListener,
    ErrorReason,
    ForbiddenError,
    MediaError,
    Message,
    RequestTimeoutError,
)
from tests.client.people import Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator
    from conversations.emulator.backend import Backend

SendRich = Callable[[str], Message]

VARIANTS: dict[str, Any] = {
    "twilio/text": {"body": "Hi {{name}}"},
    "twilio/media": {"body": "see", "media": ["https://example.com/1.png"]},
    "twilio/location": {"longitude": -1.5, "latitude": 52, "label": "here"},
    "twilio/quick-reply": {"body": "Lunch?", "actions": [{"title": "Yes", "id": "yes"}]},
    "twilio/call-to-action": {
        "body": "Choose",
        "actions": [{"type": "URL", "title": "Open", "url": "https://example.com"}],
    },
    "twilio/list-picker": {
        "body": "Lunch",
        "button": "Menu",
        "items": [{"id": "1", "item": "Soup", "description": "hot"}],
    },
    "twilio/card": {
        "title": "T",
        "subtitle": "S",
        "media": ["https://example.com/2.png"],
        "actions": [
            {"type": "PHONE_NUMBER", "title": "Call", "phone": "+1"},
            {"type": "QUICK_REPLY", "title": "Say", "id": "say", "index": 3},
        ],
    },
    "whatsapp/flow": {"flow": 1},
}
KINDS = {
    "twilio/text": ContentDataText,
    "twilio/media": ContentDataMedia,
    "twilio/location": ContentDataLocation,
    "twilio/quick-reply": ContentDataQuickReply,
    "twilio/call-to-action": ContentDataCallToAction,
    "twilio/list-picker": ContentDataListPicker,
    "twilio/card": ContentDataCard,
    "whatsapp/flow": ContentDataOther,
}


def asked(emulator: Emulator, part: str) -> list[str]:
    return [request.path for request in emulator.requests if part in request.path]


# Templates


def test_the_templates_of_a_fresh_emulator_can_be_read(emulator: Emulator, alice: Person) -> None:
    templates = alice.client.get_content_templates(timeout=limit())

    assert [template.friendly_name for template in templates] == [
        template.friendly_name for template in emulator.content_templates
    ]
    assert [template.sid for template in templates] == [
        template.sid for template in emulator.content_templates
    ]
    for template in templates:
        assert isinstance(template, ContentTemplate)
        assert template.sid.startswith("HX")
        assert template.variables
        assert template.date_created is not None
        assert template.date_created.tzinfo is UTC
        assert template.date_updated is not None


def test_a_template_is_read_with_all_its_variants(emulator: Emulator, alice: Person) -> None:
    emulator.clear_content_templates()
    emulator.add_content_template("everything", VARIANTS, variables={"name": "Bo", "2": ""})

    [template] = alice.client.get_content_templates(timeout=limit())

    assert template.friendly_name == "everything"
    assert {one.name: one.value for one in template.variables} == {"name": "Bo", "2": ""}
    assert {key: type(variant) for key, variant in template.variants.items()} == KINDS
    card = template.variants["twilio/card"]
    assert isinstance(card, ContentDataCard)
    call, say = card.actions
    assert isinstance(call, ContentDataActionPhone)
    assert (call.title, call.phone) == ("Call", "+1")
    assert isinstance(say, ContentDataActionReply)
    assert (say.title, say.id, say.index) == ("Say", "say", 3)
    choose = template.variants["twilio/call-to-action"]
    assert isinstance(choose, ContentDataCallToAction)
    [link] = choose.actions
    assert isinstance(link, ContentDataActionUrl)
    assert link.url == "https://example.com"


def test_all_pages_of_templates_are_read_and_used_again(emulator: Emulator, alice: Person) -> None:
    emulator.clear_content_templates()
    for number in range(101):
        emulator.add_content_template(f"t{number}", {"twilio/text": {"body": str(number)}})

    first = alice.client.get_content_templates(timeout=limit())
    again = alice.client.get_content_templates(timeout=limit())

    assert {template.friendly_name for template in first} == {f"t{n}" for n in range(101)}
    assert len(first) == 101
    assert again == first
    assert len(asked(emulator, "/ContentTemplates")) == 2
    first.clear()
    assert len(alice.client.get_content_templates(timeout=limit())) == 101


def test_without_templates_there_are_none(emulator: Emulator, alice: Person) -> None:
    emulator.clear_content_templates()

    assert alice.client.get_content_templates(timeout=limit()) == []


def test_templates_that_cannot_be_read_have_a_reason_of_their_own(
    emulator: Emulator, alice: Person
) -> None:
    emulator.fail_requests("*/ContentTemplates", status=403, code=20403, times=1)

    with pytest.raises(ForbiddenError, match=r"^get_content_templates: ") as caught:
        alice.client.get_content_templates(timeout=limit())

    assert caught.value.reason is ErrorReason.CONTENT_TEMPLATES_FETCH_ERROR
    assert caught.value.code == 20403
    assert len(alice.client.get_content_templates(timeout=limit())) == len(
        emulator.content_templates
    )


def test_reading_templates_ends_in_time_and_with_the_client(
    emulator: Emulator, alice: Person
) -> None:
    emulator.hold_requests("*/ContentTemplates")
    with pytest.raises(RequestTimeoutError, match="get_content_templates") as caught:
        alice.client.get_content_templates(timeout=0.05)
    assert not caught.value.may_have_been_sent

    reading = alice.client.submit(alice.client.get_content_templates, timeout=limit())
    emulator.wait_for_request(
        lambda request: request.path.endswith("/ContentTemplates"), timeout=limit(), count=2
    )
    alice.client.shutdown()

    with pytest.raises(ClientShutdownError):
        reading.result(limit())
    with pytest.raises(ClientShutdownError):
        alice.client.get_content_templates()


# The content of messages


@pytest.fixture
def send_rich(emulator: Emulator, room: str, alice: Person, lunch: Conversation) -> SendRich:
    """
    Send a message made of a template with one variant; returns it as alice sees it.
    """

    def send_rich(kind: str) -> Message:
        template = emulator.add_content_template("one", {kind: VARIANTS[kind]})
        sent = emulator.send_message(
            room, author="bob", content_sid=template.sid, content_variables={"name": "Bo"}
        )
        message = alice.hear("on_message_added", lambda message: message.sid == sent.sid)["message"]
        assert isinstance(message, Message)
        assert message.content_sid == template.sid
        return message

    return send_rich


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_of_a_message_is_of_the_class_of_its_kind(
    send_rich: SendRich, kind: str
) -> None:
    content = send_rich(kind).get_content_data(timeout=limit())

    assert type(content) is KINDS[kind]
    filled_in = json.dumps(VARIANTS[kind]).replace("{{name}}", "Bo")
    assert json.loads(content.raw_data) == json.loads(filled_in)


def test_variables_are_filled_in(send_rich: SendRich) -> None:
    content = send_rich("twilio/text").get_content_data(timeout=limit())

    assert isinstance(content, ContentDataText)
    assert content.body == "Hi Bo"


def test_a_plain_message_has_no_content_and_makes_no_request(
    emulator: Emulator, lunch: Conversation
) -> None:
    message = lunch.send_message("hello", timeout=limit())
    emulator.clear_requests()

    assert message.content_sid is None
    assert message.get_content_data(timeout=limit()) is None
    assert emulator.requests == ()


def test_media_of_a_rich_type_make_no_rich_message(
    emulator: Emulator, room: str, alice: Person, lunch: Conversation
) -> None:
    media = emulator.add_media(
        b'{"data":{"body":"x"}}', content_type="application/x-vnd.com.twilio.rich.twilio.text"
    )
    emulator.send_message(room, "hello", media_sids=[media.sid])
    message = alice.hear("on_message_added")["message"]

    assert message.get_content_data(timeout=limit()) is None


def test_the_content_is_read_anew_each_time(emulator: Emulator, send_rich: SendRich) -> None:
    message = send_rich("twilio/card")

    first = message.get_content_data(timeout=limit())
    second = message.get_content_data(timeout=limit())

    assert first == second
    assert len(asked(emulator, "/media/")) == 2


def test_an_address_that_has_expired_is_renewed(emulator: Emulator, send_rich: SendRich) -> None:
    message = send_rich("twilio/card")
    emulator.fail_requests("/media/*", status=403, code=20403, times=1)

    assert isinstance(message.get_content_data(timeout=limit()), ContentDataCard)


@pytest.mark.parametrize("path", ["*/Media/ME*", "/media/*"])
def test_content_that_cannot_be_had_is_an_error_with_a_reason_of_its_own(
    emulator: Emulator, send_rich: SendRich, path: str
) -> None:
    message = send_rich("twilio/text")
    fault = emulator.fail_requests(path, status=404, code=50507)

    with pytest.raises(MediaError, match=f"^get_content_data of {message.sid}: ") as caught:
        message.get_content_data(timeout=limit())

    assert caught.value.reason is ErrorReason.CONTENT_MEDIA_DOWNLOAD_ERROR
    assert caught.value.status == 404
    fault.lift()
    assert message.get_content_data(timeout=limit()) is not None


def test_content_that_is_no_json_is_an_error(emulator: Emulator, send_rich: SendRich) -> None:
    message = send_rich("twilio/text")

    from conversations.emulator.spool import Spool

    def spoil(backend: Backend) -> None:
        for media in backend.service.media.values():
            spoilt = Spool(1000)
            spoilt.append(b"<html>secret</html>".ljust(media.content.size))
            media.content.close()
            media.content = spoilt

    emulator.call(spoil)

    with pytest.raises(MediaError, match=f"^get_content_data of {message.sid}: ") as caught:
        message.get_content_data(timeout=limit())

    assert caught.value.reason is ErrorReason.CONTENT_MEDIA_DOWNLOAD_ERROR
    assert "secret" not in str(caught.value)


def test_reading_content_ends_in_time_and_with_the_client(
    emulator: Emulator, send_rich: SendRich, alice: Person
) -> None:
    message = send_rich("twilio/text")
    emulator.hold_requests("/media/*")
    with pytest.raises(RequestTimeoutError, match="get_content_data of IM"):
        message.get_content_data(timeout=0.2)

    reading = alice.client.submit(message.get_content_data, timeout=limit())
    emulator.wait_for_request(
        lambda request: request.path.startswith("/media/"), timeout=limit(), count=2
    )
    alice.client.shutdown()

    with pytest.raises(ClientShutdownError):
        reading.result(limit())
    with pytest.raises(ClientShutdownError):
        message.get_content_data(timeout=limit())


def test_content_can_be_read_in_a_callback(
    emulator: Emulator, room: str, alice: Person, lunch: Conversation
) -> None:
    contents: list[Any] = []

    class Reading(ConversationsClientListener):
        def on_message_added(self, message: Message) -> None:
            contents.append(message.get_content_data(timeout=limit()))

    alice.client.add_listener(Reading())
    template = emulator.add_content_template("one", {"twilio/text": {"body": "x"}})
    emulator.send_message(room, content_sid=template.sid)
    alice.catch_up()

    assert [type(content) for content in contents] == [ContentDataText]
