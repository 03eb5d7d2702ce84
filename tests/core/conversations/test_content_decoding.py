"""
Rich content is read by its kind, and whatever arrives is read as something.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import (
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
)
from conversations._core.conversations.rich_content import (
    content,
    downloaded,
    rich_media,
    template,
)
from conversations._core.conversations.snapshots import MediaSnapshot, MessageSnapshot
from conversations._core.upstream import json_text
from conversations.enums import ErrorReason
from conversations.errors import MediaError

KINDS = {
    "twilio/text": ContentDataText,
    "twilio/media": ContentDataMedia,
    "twilio/location": ContentDataLocation,
    "twilio/quick-reply": ContentDataQuickReply,
    "twilio/call-to-action": ContentDataCallToAction,
    "twilio/list-picker": ContentDataListPicker,
    "twilio/card": ContentDataCard,
}
ODD: list[Any] = [None, True, 3, -1.5, "", "odd", [], [1], [None], {}, {"a": 1}]
MEMBERS = [
    *("body", "media", "longitude", "latitude", "label", "actions", "button", "items", "title"),
    *("subtitle", "id", "type", "item", "description", "url", "phone", "index"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(st.sampled_from(MEMBERS), inner)
    ),
)


def raw(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_text() -> None:
    data = {"body": "Hi 🍜", "new": 1}

    assert content("twilio/text", data) == ContentDataText(body="Hi 🍜", raw_data=raw(data))


def test_media() -> None:
    data = {"body": "see", "media": ["https://a", "https://b"]}

    assert content("twilio/media", data) == ContentDataMedia(
        body="see", media=["https://a", "https://b"], raw_data=raw(data)
    )
    without = content("twilio/media", {"media": ["https://a"]})
    assert isinstance(without, ContentDataMedia)
    assert without.body is None


def test_location() -> None:
    data = {"longitude": -1.5, "latitude": 52, "label": "here"}

    assert content("twilio/location", data) == ContentDataLocation(
        longitude=-1.5, latitude=52.0, label="here", raw_data=raw(data)
    )


def test_a_location_may_come_as_text() -> None:
    found = content("twilio/location", {"longitude": "-1.5", "latitude": "52"})

    assert isinstance(found, ContentDataLocation)
    assert (found.longitude, found.latitude, found.label) == (-1.5, 52.0, None)


@pytest.mark.parametrize(
    "value", [None, True, "", "{{1}}", "nan", "inf", [], {}, 10**400, float("inf"), float("nan")]
)
def test_a_location_without_coordinates_is_other(value: Any) -> None:
    for data in ({"longitude": value, "latitude": 1}, {"longitude": 1, "latitude": value}):
        assert isinstance(content("twilio/location", data), ContentDataOther)


def test_quick_reply() -> None:
    data = {"body": "Lunch?", "actions": [{"title": "Yes", "id": "yes"}, {"title": "No"}]}

    found = content("twilio/quick-reply", data)

    assert isinstance(found, ContentDataQuickReply)
    assert (found.body, found.raw_data) == ("Lunch?", raw(data))
    assert found.replies == [
        ContentDataReply(title="Yes", id="yes", raw_data=raw(data["actions"][0])),
        ContentDataReply(title="No", id=None, raw_data=raw(data["actions"][1])),
    ]


ACTIONS = [
    {"type": "URL", "title": "Open", "url": "https://a"},
    {"type": "PHONE_NUMBER", "title": "Call", "phone": "+1"},
    {"type": "QUICK_REPLY", "title": "Say", "id": "say", "index": 2},
    {"type": "QUICK_REPLY", "title": "Say"},
    {"type": "URL"},
    {"type": "PHONE_NUMBER"},
    {"type": "COPY_CODE", "title": "Copy"},
]
READ_ACTIONS: list[ContentDataAction] = [
    ContentDataActionUrl(title="Open", url="https://a", raw_data=raw(ACTIONS[0])),
    ContentDataActionPhone(title="Call", phone="+1", raw_data=raw(ACTIONS[1])),
    ContentDataActionReply(title="Say", id="say", index=2, raw_data=raw(ACTIONS[2])),
    ContentDataActionReply(title="Say", id=None, index=0, raw_data=raw(ACTIONS[3])),
    ContentDataActionUrl(title="", url="", raw_data=raw(ACTIONS[4])),
    ContentDataActionPhone(title="", phone="", raw_data=raw(ACTIONS[5])),
    ContentDataActionOther(raw_data=raw(ACTIONS[6])),
]


def test_call_to_action() -> None:
    data = {"body": "Choose", "actions": ACTIONS}

    assert content("twilio/call-to-action", data) == ContentDataCallToAction(
        body="Choose", actions=READ_ACTIONS, raw_data=raw(data)
    )


def test_list_picker() -> None:
    items = [{"id": "1", "item": "Soup", "description": "hot"}, {"id": "2", "item": "Bread"}]
    data = {"body": "Lunch", "button": "Menu", "items": items}

    found = content("twilio/list-picker", data)

    assert isinstance(found, ContentDataListPicker)
    assert (found.body, found.button, found.raw_data) == ("Lunch", "Menu", raw(data))
    assert found.items == [
        ContentDataListItem(id="1", item="Soup", description="hot", raw_data=raw(items[0])),
        ContentDataListItem(id="2", item="Bread", description=None, raw_data=raw(items[1])),
    ]


def test_card() -> None:
    data = {"title": "T", "subtitle": "S", "media": ["https://a"], "actions": ACTIONS}

    assert content("twilio/card", data) == ContentDataCard(
        title="T", subtitle="S", media=["https://a"], actions=READ_ACTIONS, raw_data=raw(data)
    )
    bare = content("twilio/card", {"title": "T"})
    assert isinstance(bare, ContentDataCard)
    assert (bare.subtitle, bare.media, bare.actions) == (None, [], [])


@pytest.mark.parametrize("kind", ["whatsapp/card", "twilio/carousel", "", "text", "TWILIO/TEXT"])
def test_unknown_kinds_are_other(kind: str) -> None:
    assert content(kind, {"body": "x"}) == ContentDataOther(raw_data='{"body":"x"}')


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, True, 3, "", "odd", [], [1]])
def test_what_is_no_object_is_other(kind: str, value: Any) -> None:
    assert content(kind, value) == ContentDataOther(raw_data=raw(value))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("odd", ODD)
def test_odd_members_are_read_as_missing(kind: str, odd: Any) -> None:
    data = {name: odd for name in MEMBERS if name not in {"longitude", "latitude"}}

    found = content(kind, {**data, "longitude": 1, "latitude": 2})

    assert isinstance(found, KINDS[kind])
    for value in vars_of(found):
        assert isinstance(value, (str, float, list, type(None)))


def vars_of(found: ContentData) -> list[Any]:
    names = ("body", "title", "subtitle", "label", "button", "media", "actions", "items", "replies")
    return [getattr(found, name) for name in names if hasattr(found, name)]


@given(st.sampled_from([*KINDS, "other/kind"]), json_values)
def test_any_json_is_some_content(kind: str, value: Any) -> None:
    found = content(kind, value)

    assert type(found) in {KINDS.get(kind), ContentDataOther}
    assert found.raw_data == json_text(value)
    found.raw_data.encode()
    repr(found)
    hash(found)


@given(json_values)
def test_any_json_is_some_action(value: Any) -> None:
    found = content("twilio/card", {"actions": [value, {"type": "URL", "title": value}]})

    assert isinstance(found, ContentDataCard)
    assert all(isinstance(action, ContentDataAction) for action in found.actions)
    assert isinstance(found.actions[1], ContentDataActionUrl)


def test_what_is_nested_too_deeply_to_be_written_has_no_raw_data() -> None:
    value: Any = "x"
    for _ in range(100_000):
        value = [value]

    found = content("twilio/text", {"body": "fine", "more": value})

    assert found == ContentDataText(body="fine", raw_data="null")


# Of a message


RICH = "application/x-vnd.com.twilio.rich."


def media(sid: str, content_type: str, category: str = "body") -> MediaSnapshot:
    return MediaSnapshot(sid=sid, content_type=content_type, category_word=category)


def test_the_content_is_the_first_rich_media_of_the_body() -> None:
    message = MessageSnapshot(
        sid="IM1",
        message_index=0,
        content_sid="HX1",
        media=(
            media("ME1", f"{RICH}twilio.text", "media"),
            media("ME2", f"{RICH}twilio.text", "history"),
            media("ME3", f"{RICH}twilio.text", "news"),
            media("ME4", "text/plain"),
            media("ME5", f"{RICH}twilio.card"),
            media("ME6", f"{RICH}twilio.text"),
        ),
    )

    assert rich_media(message) == message.media[4]
    assert rich_media(attrs.evolve(message, media=message.media[:4])) is None
    assert rich_media(attrs.evolve(message, content_sid=None)) is None


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("twilio.text", ContentDataText),
        ("twilio.quick-reply", ContentDataQuickReply),
        ("twilio.list-picker", ContentDataListPicker),
        ("twilio/text", ContentDataText),
        ("whatsapp.card.v2", ContentDataOther),
        ("", ContentDataOther),
    ],
)
def test_the_kind_stands_in_the_content_type(word: str, kind: type[ContentData]) -> None:
    found = downloaded(f"{RICH}{word}", b'{"data":{"body":"Hi"}}')

    assert type(found) is kind
    assert found.raw_data == '{"body":"Hi"}'


@pytest.mark.parametrize("data", [b"null", b"[]", b"5", b'"x"', b"{}", b'{"data":null}'])
def test_content_without_data_is_other(data: bytes) -> None:
    assert downloaded(f"{RICH}twilio.text", data) == ContentDataOther(raw_data="null")


@pytest.mark.parametrize(
    "data", [b"", b"<html>secret</html>", b"\xff\xfe\xfd", b"NaN", b"[" * 100_000]
)
def test_content_that_is_no_json_is_an_error_that_does_not_quote_it(data: bytes) -> None:
    with pytest.raises(MediaError, match="no JSON") as caught:
        downloaded(f"{RICH}twilio.text", data)

    assert caught.value.reason is ErrorReason.CONTENT_MEDIA_DOWNLOAD_ERROR
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


@given(st.binary())
def test_any_download_is_content_or_the_one_error(data: bytes) -> None:
    with suppress(MediaError):
        assert isinstance(downloaded(f"{RICH}twilio.card", data), ContentData)


# Templates

WIRE = {
    "sid": "HX1",
    "account_sid": "AC1",
    "friendly_name": "greeting",
    "variables": '{"1":"there","name":"Bo"}',
    "variants": {
        "twilio/text": {"body": "Hi {{1}}"},
        "twilio/quick-reply": {"body": "Hi {{1}}", "actions": [{"title": "Yes", "id": "yes"}]},
        "new/kind": {"a": 1},
    },
    "date_created": "2024-05-01T12:00:00.000Z",
    "date_updated": "2024-05-02T12:00:00.000Z",
}


def read(**changes: Any) -> ContentTemplate:
    found = template({**WIRE, **changes})
    assert found is not None
    return found


def test_a_template_is_read_in_full() -> None:
    found = read()

    assert (found.sid, found.friendly_name) == ("HX1", "greeting")
    assert found.variables == [
        ContentTemplateVariable("1", "there"),
        ContentTemplateVariable("name", "Bo"),
    ]
    assert [type(variant) for variant in found.variants.values()] == [
        ContentDataText,
        ContentDataQuickReply,
        ContentDataOther,
    ]
    assert list(found.variants) == ["twilio/text", "twilio/quick-reply", "new/kind"]
    assert found.date_created == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert found.date_updated == datetime(2024, 5, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("variables", "values"),
    [
        ("{}", {}),
        ({"1": "plain"}, {"1": "plain"}),
        ('{"1":2,"2":null,"3":[1],"":"unnamed"}', {"1": "2", "2": "", "3": "[1]"}),
        ("no json", {}),
        ("[" * 100_000, {}),
        ("[1]", {}),
        (None, {}),
        (7, {}),
    ],
)
def test_variables_are_read_as_far_as_they_can(variables: Any, values: dict[str, str]) -> None:
    found = read(variables=variables).variables

    assert {variable.name: variable.value for variable in found} == values


@pytest.mark.parametrize("sid", [None, "", 5, []])
def test_a_template_without_a_sid_is_none(sid: Any) -> None:
    assert template({**WIRE, "sid": sid}) is None


@given(st.dictionaries(st.sampled_from(sorted(WIRE)), json_values))
def test_any_json_is_a_template_or_none(changes: dict[str, Any]) -> None:
    found = template({**WIRE, **changes})

    if found is not None:
        assert isinstance(found.sid, str)
        assert isinstance(found.friendly_name, str)
        assert all(isinstance(one, ContentData) for one in found.variants.values())
        repr(found)
        hash(found)
