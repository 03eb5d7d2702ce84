"""
Content templates, and messages that are made from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conversations.emulator import Emulator, ManualClock, Refusal
from conversations.emulator.domain import content
from tests.emulator.http_client import HttpClient
from tests.emulator.recorder import Api, make_service
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]

TEMPLATES = "/Client/v2/ContentTemplates"
START = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def client(timed: Emulator, connect: Connect) -> TwilsockClient:
    return connect(timed)


@pytest.fixture
def lunch(timed: Emulator) -> str:
    return timed.create_conversation(identities=["alice", "bob"]).sid


@pytest.fixture
def messages_path(timed: Emulator, lunch: str) -> str:
    service = timed.credentials.service
    return f"/Client/v2/Services/{service}/Conversations/{lunch}/Messages"


def rich_content(emulator: Emulator, sid: str, index: int = 0) -> tuple[Any, Any, str]:
    """
    The item, its rich media, and the content of that.
    """
    item: Any = emulator.call(
        lambda backend: backend.service.conversations[sid].list.get(index).data
    )
    (media,) = item["medias"]
    return item, media, emulator.read_media(media["sid"]).decode()


def test_a_new_service_has_three_templates(timed: Emulator, client: TwilsockClient) -> None:
    body = client.request("GET", TEMPLATES, {"PageSize": "100"}).body
    assert body["meta"] == {"previous_token": None, "next_token": None}
    greeting, appointment, offer = body["templates"]
    assert greeting == {
        "sid": timed.content_templates[0].sid,
        "account_sid": timed.credentials.account,
        "friendly_name": "greeting",
        "variables": '{"1":"there"}',
        "variants": {"twilio/text": {"body": "Hi {{1}}"}},
        "date_created": START,
        "date_updated": START,
    }
    assert greeting["sid"].startswith("HX")
    assert set(appointment["variants"]) == {"twilio/text", "twilio/quick-reply"}
    assert set(offer["variants"]) == {"twilio/card"}


def test_templates_come_in_pages(client: TwilsockClient) -> None:
    names, token = [], None
    for _ in range(3):
        query = {"PageSize": "1"} | ({"PageToken": token} if token else {})
        body = client.request("GET", TEMPLATES, query).body
        names += [template["friendly_name"] for template in body["templates"]]
        token = body["meta"]["next_token"]
    assert names == ["greeting", "appointment", "offer"]
    assert token is None


def test_templates_can_be_replaced(timed: Emulator, client: TwilsockClient) -> None:
    timed.clear_content_templates()
    body = client.request("GET", TEMPLATES).body
    assert body == {"templates": [], "meta": {"previous_token": None, "next_token": None}}
    made = timed.add_content_template("new", {"twilio/text": {"body": "x"}}, variables={"a": "b"})
    assert timed.content_templates == (made,)
    assert client.request("GET", TEMPLATES).body["templates"][0]["variables"] == '{"a":"b"}'
    with pytest.raises(Refusal, match="20001"):
        timed.add_content_template("empty", {})


def test_a_message_from_a_text_template(
    timed: Emulator, client: TwilsockClient, messages_path: str, lunch: str
) -> None:
    sid = timed.content_templates[0].sid
    body = {"body": "not used", "media_sids": [], "content_sid": sid}
    sent = client.request("POST", messages_path, body=body).body
    assert (sent["body"], sent["content_sid"]) == ("Hi there", sid)
    item, media, data = rich_content(timed, lunch)
    assert (item["text"], item["contentSid"], item["type"]) == ("Hi there", sid, "text")
    assert "media" not in item
    assert media["category"] == "body"
    assert media["contentType"] == "application/x-vnd.com.twilio.rich.twilio.text"
    assert json.loads(data) == {"data": {"body": "Hi there"}}
    record = HttpClient.user(timed)("GET", f"{HttpClient(timed).media_path}/{media['sid']}").json
    url = record["links"]["content_direct_temporary"]
    assert json.loads(HttpClient(timed)("GET", url).data) == {"data": {"body": "Hi there"}}


def test_variables_are_filled_in_everywhere(
    timed: Emulator, client: TwilsockClient, messages_path: str, lunch: str
) -> None:
    body = {
        "content_sid": timed.content_templates[2].sid,
        "content_variables": '{"2": "black", "unknown": "x"}',
    }
    assert client.request("POST", messages_path, body=body).body["body"] == "Tea"
    _, media, data = rich_content(timed, lunch)
    assert media["contentType"] == "application/x-vnd.com.twilio.rich.twilio.card"
    card = json.loads(data)["data"]
    assert (card["title"], card["subtitle"]) == ("Tea", "Today: black")
    assert card["media"] == ["https://example.com/black.png"]
    assert card["actions"][0]["url"] == "https://example.com/black"


def test_the_richest_variant_is_the_content_and_the_text_one_the_body(
    timed: Emulator, lunch: str
) -> None:
    message = timed.send_message(
        lunch, content_sid=timed.content_templates[1].sid, content_variables={"1": "Friday"}
    )
    assert message.body == "Does Friday suit you?"
    _, media, data = rich_content(timed, lunch)
    assert media["contentType"].endswith(".twilio.quick-reply")
    assert json.loads(data)["data"]["actions"][1] == {"title": "No", "id": "no"}


def test_places_without_a_value_stay_and_nobody_needs_a_text(timed: Emulator, lunch: str) -> None:
    sid = timed.add_content_template("odd", {"other/kind": {"n": [1, "{{ x }}", None]}}).sid
    assert timed.send_message(lunch, content_sid=sid).body is None
    assert json.loads(rich_content(timed, lunch)[2]) == {"data": {"n": [1, "{{ x }}", None]}}
    timed.send_message(lunch, content_sid=sid, content_variables={"x": "{{x}}"})
    assert json.loads(rich_content(timed, lunch, 1)[2]) == {"data": {"n": [1, "{{x}}", None]}}


def test_a_template_can_go_with_attachments(timed: Emulator, lunch: str) -> None:
    media = timed.add_media(b"x")
    sent = timed.send_message(
        lunch, content_sid=timed.content_templates[0].sid, media_sids=[media.sid]
    )
    assert sent.media_sids[0] == media.sid
    assert len(sent.media_sids) == 2


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ('{"1": "%s"}' % ("x" * 256), None),
        ('{"1": "%s"}' % ("x" * 257), 50541),
        ('{"%s": "x"}' % ("n" * 16), None),
        ('{"%s": "x"}' % ("n" * 17), 50540),
        ('{"1": 7, "2": {"a": "b"}}', None),
        ("{" + " " * 27_800 + "}", 50529),
        ("[" * 20_000, 50527),
        ("7", 50527),
    ],
)
def test_variables_have_limits(variables: str, code: int | None, clock: ManualClock) -> None:
    api = Api(make_service(clock))
    content.add_first_templates(api.service)
    created = api.ok("alice", "POST", "Conversations", {})["sid"]
    api.ok("alice", "POST", f"Conversations/{created}/Participants", {"identity": "alice"})
    body = {"content_sid": next(iter(api.service.templates)), "content_variables": variables}
    path = f"Conversations/{created}/Messages"
    if code is None:
        api.ok("alice", "POST", path, body)
    else:
        assert api.refused("alice", "POST", path, body) == (400, code)
        assert api.service.media == {}
