"""
Media in the items of messages, and what the configuration says about media.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations import decoding
from conversations._core.conversations.configuration import (
    Choices,
    Configuration,
    MediaLimits,
    decode_configuration,
)
from conversations._core.conversations.http import http_answer
from conversations._core.conversations.snapshots import MediaSnapshot, update_reasons
from conversations._core.upstream import UpstreamResponse
from conversations.enums import MediaCategory, MessageUpdateReason
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World

ITEM = {
    "sid": "ME1",
    "category": "media",
    "filename": "a.txt",
    "contentType": "text/plain",
    "size": 3,
}
MEDIA = "https://mcs.us1.twilio.com/v1/Services/IS1/Media"


def media_of(**item: Any) -> tuple[MediaSnapshot, ...]:
    return decoding.message(0, {"sid": "IM1", **item}).media


def test_the_media_of_an_item_keep_their_order() -> None:
    found = media_of(
        medias=[
            ITEM,
            {**ITEM, "sid": "ME2", "category": "body", "size": 5_000_000_000},
            {**ITEM, "sid": "ME3", "category": "history", "filename": None},
        ]
    )

    assert [media.category for media in found] == [
        MediaCategory.MEDIA,
        MediaCategory.BODY,
        MediaCategory.HISTORY,
    ]
    assert found[0] == MediaSnapshot(
        sid="ME1", content_type="text/plain", filename="a.txt", size=3, category_word="media"
    )
    assert found[1].size == 5_000_000_000
    assert found[2].filename is None


def test_the_single_media_of_an_old_message_is_an_attachment() -> None:
    old = {name: value for name, value in ITEM.items() if name != "category"}

    assert media_of(media=old) == media_of(medias=[ITEM])
    assert media_of(media=old, medias=None) == media_of(medias=[ITEM])
    assert media_of(media=old, medias=[]) == ()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, ()),
        ({"media": None, "medias": None}, ()),
        ({"medias": "ME1"}, ()),
        ({"medias": {"sid": "ME1"}}, ()),
        ({"medias": [None, 7, "x", {}, {"sid": 5}, {"sid": ""}]}, ()),
        ({"medias": [{"sid": "ME1"}]}, (MediaSnapshot(sid="ME1"),)),
        (
            {"medias": [{"sid": "ME1", "size": -1, "contentType": 5, "filename": []}]},
            (MediaSnapshot(sid="ME1"),),
        ),
        (
            {"medias": [{"sid": "ME1", "category": "hologram"}]},
            (MediaSnapshot(sid="ME1", category_word="hologram"),),
        ),
    ],
)
def test_odd_media_are_read_as_far_as_they_can_be(
    item: dict[str, Any], expected: tuple[MediaSnapshot, ...]
) -> None:
    assert media_of(**item) == expected


def test_a_category_that_is_not_known_keeps_its_word() -> None:
    (media,) = media_of(medias=[{**ITEM, "category": "hologram"}])

    assert media.category is MediaCategory.UNKNOWN
    assert media.category_word == "hologram"


def test_the_name_of_a_file_is_not_shown() -> None:
    (media,) = media_of(medias=[{**ITEM, "filename": "canary.txt"}])

    assert "canary" not in repr(media)


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        ([ITEM], [ITEM], False),
        ([ITEM], [{**ITEM, "extra": 1}], False),
        ([ITEM], [], True),
        ([], [ITEM], True),
        (None, [], False),
        ([ITEM], [{**ITEM, "size": 4}], True),
        ([ITEM], [{**ITEM, "filename": "b.txt"}], True),
        ([{**ITEM, "category": "x"}], [{**ITEM, "category": "y"}], True),
        ([ITEM, {**ITEM, "sid": "ME2"}], [{**ITEM, "sid": "ME2"}, ITEM], True),
    ],
)
def test_a_change_of_media_is_a_reason(before: Any, after: Any, is_told: bool) -> None:
    old, new = (decoding.message(0, {"sid": "IM1", "medias": medias}) for medias in (before, after))

    reasons = update_reasons(old, new, MessageUpdateReason)

    assert reasons == ((MessageUpdateReason.MEDIA,) if is_told else ())


def test_the_answer_to_sending_names_types_in_another_way() -> None:
    answer = {"sid": "IM1", "media": [{**ITEM, "contentType": None, "content_type": "text/plain"}]}

    assert decoding.answered_message(0, answer).media == media_of(medias=[ITEM])
    assert decoding.answered_message(0, {"sid": "IM1", "media": None}).media == ()


def test_an_update_is_told_and_the_new_media_are_there() -> None:
    service = SimulatedService()
    conversation = service.create("bob", "alice")
    index = service.send(conversation, "bob", "look")
    world = World(service).ready()
    record = world.record(conversation.sid)
    message = world.result(lambda service, call: service.message_commands.by_index(call, record, 0))
    world.take()

    service.edit(conversation, index, medias=[ITEM], lastUpdatedBy=None)
    world.settle()

    assert world.take_words() == ["MessageUpdated MEDIA"]
    assert [media.sid for media in message.snapshot.media] == ["ME1"]


# Configuration


def configuration(choices: Choices | None = None, **changes: Any) -> Configuration:
    links = {
        "conversations": "https://aim.test/Conversations",
        "my_conversations": "https://aim.test/Mine",
        "users": "https://aim.test/Users",
        "media_service": MEDIA,
        "media_set_service": f"{MEDIA}Set",
    }
    body = {
        "identity": "alice",
        "sync_objects": {"my_conversations": "alice.channels"},
        "links": {**links, **changes.pop("links", {})},
        **changes,
    }
    return decode_configuration(UpstreamResponse(status=200, body=body), choices)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({}, (MEDIA, f"{MEDIA}Set")),
        ({"media_service": f"{MEDIA}/"}, (MEDIA, f"{MEDIA}Set")),
        ({"media_set_service": None}, (MEDIA, f"{MEDIA}Set")),
        ({"media_set_service": "https://x.test/set"}, (MEDIA, "https://x.test/set")),
        ({"media_service": None}, (None, f"{MEDIA}Set")),
        ({"media_service": None, "media_set_service": None}, (None, None)),
        ({"media_service": "nonsense", "media_set_service": 5}, (None, None)),
    ],
)
def test_where_media_are(links: dict[str, Any], expected: tuple[str | None, str | None]) -> None:
    found = configuration(links=links).links

    assert (found.media, found.media_set) == expected


@pytest.mark.parametrize(
    ("chosen", "base"),
    [
        ("http://127.0.0.1:8089", "http://127.0.0.1:8089"),
        ("https://media.test/", "https://media.test"),
        ("https://media.test/behind/this/", "https://media.test/behind/this"),
    ],
)
def test_the_program_may_choose_where(chosen: str, base: str) -> None:
    found = configuration(Choices(media_url=chosen)).links

    assert found.media == f"{base}/v1/Services/IS1/Media"
    assert found.media_set == f"{base}/v1/Services/IS1/MediaSet"
    assert found.conversations == "https://aim.test/Conversations"


def test_the_limits_are_those_of_the_service() -> None:
    found = configuration(
        options={
            "media_attachments_count_limit": 3,
            "media_attachment_size_limit_in_mb": 4,
            "media_attachments_total_size_limit_in_mb": 5,
            "email_bodies_allowed_mime_types": ["text/plain"],
            "email_histories_allowed_mime_types": [],
        }
    )

    assert found.media_limits == MediaLimits(
        count=3,
        size_in_mb=4,
        total_size_in_mb=5,
        email_body_types=("text/plain",),
        email_history_types=(),
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"media_attachments_count_limit": None, "email_bodies_allowed_mime_types": "text/plain"},
        {"media_attachments_count_limit": -1, "media_attachment_size_limit_in_mb": "150"},
    ],
)
def test_limits_that_are_not_told_are_as_documented(options: dict[str, Any]) -> None:
    assert configuration(options=options).media_limits == MediaLimits(
        count=10,
        size_in_mb=150,
        total_size_in_mb=150,
        email_body_types=("text/plain", "text/html"),
        email_history_types=("text/plain", "text/html"),
    )


# Answers over HTTP


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/json; charset=utf-8", b"[]", []),
        ("Application/JSON", b"null", None),
        ("application/json", b"{", None),
        ("application/json", b"\xff\xfe", None),
        ("application/json", b"[" * 100_000, None),
        ("text/html", b'{"a": 1}', None),
    ],
)
def test_the_body_of_an_answer_is_read_if_it_is_json(
    content_type: str, body: bytes, expected: Any
) -> None:
    answer = http_answer(200, "OK", {"content-type": content_type}, body)

    assert answer.body == expected
    assert http_answer(200, "OK", {}, body).body is None
