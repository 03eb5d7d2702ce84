"""
From the JSON of templates and rich messages to content (docs/protocol/conversations.md, Rich
content).

JSON of whatever form is read as something. A missing text reads as the empty one, a missing list as the empty one; what
cannot be shown at all, such as a place without coordinates, is "other".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import NoReturn

from conversations._core.upstream import JSONValue, json_text
from conversations.content import (
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
from conversations.enums import ErrorReason, MediaCategory
from conversations.errors import MediaError

from .decoding import Item, date, index, mapping, text
from .snapshots import MediaSnapshot, MessageSnapshot

_UNREADABLE = object()

RICH_TYPE = "application/x-vnd.com.twilio.rich."
"""How the content type of a rich message's media begins; the kind of content follows."""


def rich_media(message: MessageSnapshot) -> MediaSnapshot | None:
    """
    The media that holds the content of a rich message; ``None`` if it has none.
    """
    if message.content_sid is None:
        return None
    rich = (
        media
        for media in message.media
        if media.category is MediaCategory.BODY and media.content_type.startswith(RICH_TYPE)
    )
    return next(rich, None)


def downloaded(content_type: str, data: bytes) -> ContentData:
    """
    The content that such a media holds.

    Args:
        content_type: Of the media.
        data: What was downloaded.

    Raises:
        MediaError: It is no JSON.
    """
    document = _parsed(data)
    if document is _UNREADABLE:
        raise MediaError("the content is no JSON", reason=ErrorReason.CONTENT_MEDIA_DOWNLOAD_ERROR)
    kind = content_type.removeprefix(RICH_TYPE).replace(".", "/", 1)
    return content(kind, mapping(document).get("data"))


def template(item: Item) -> ContentTemplate | None:
    """
    One template; ``None`` without a sid, because nothing could be made of it.
    """
    sid = text(item.get("sid"))
    if sid is None:
        return None
    return ContentTemplate(
        sid=sid,
        friendly_name=_words(item.get("friendly_name")),
        variables=_variables(item.get("variables")),
        variants={
            kind: content(kind, value) for kind, value in mapping(item.get("variants")).items()
        },
        date_created=date(item.get("date_created")),
        date_updated=date(item.get("date_updated")),
    )


def _variables(value: JSONValue) -> list[ContentTemplateVariable]:
    """
    They come as JSON text of an object.
    """
    values = _parsed(value) if isinstance(value, str) else value
    return [
        ContentTemplateVariable(name, _default(default))
        for name, default in mapping(values).items()
        if name
    ]


def _default(value: JSONValue) -> str:
    """
    A text, mostly; a number stands for itself.
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value)


def content(kind: str, value: JSONValue) -> ContentData:
    """
    The content of a kind, as Twilio's Content API names it.
    """
    read = _KINDS.get(kind)
    found = read(value, json_text(value)) if read is not None and isinstance(value, dict) else None
    return ContentDataOther(raw_data=json_text(value)) if found is None else found


def _text(item: Item, raw_data: str) -> ContentData:
    return ContentDataText(body=_words(item.get("body")), raw_data=raw_data)


def _media(item: Item, raw_data: str) -> ContentData:
    return ContentDataMedia(
        body=text(item.get("body")), media=_addresses(item.get("media")), raw_data=raw_data
    )


def _location(item: Item, raw_data: str) -> ContentData | None:
    longitude, latitude = _degrees(item.get("longitude")), _degrees(item.get("latitude"))
    if longitude is None or latitude is None:
        return None
    return ContentDataLocation(
        longitude=longitude, latitude=latitude, label=text(item.get("label")), raw_data=raw_data
    )


def _quick_reply(item: Item, raw_data: str) -> ContentData:
    replies = [
        ContentDataReply(
            title=_words(entry.get("title")), id=text(entry.get("id")), raw_data=json_text(entry)
        )
        for entry in _objects(item.get("actions"))
    ]
    return ContentDataQuickReply(body=_words(item.get("body")), replies=replies, raw_data=raw_data)


def _call_to_action(item: Item, raw_data: str) -> ContentData:
    return ContentDataCallToAction(
        body=_words(item.get("body")), actions=_actions(item.get("actions")), raw_data=raw_data
    )


def _list_picker(item: Item, raw_data: str) -> ContentData:
    items = [
        ContentDataListItem(
            id=_words(entry.get("id")),
            item=_words(entry.get("item")),
            description=text(entry.get("description")),
            raw_data=json_text(entry),
        )
        for entry in _objects(item.get("items"))
    ]
    return ContentDataListPicker(
        body=_words(item.get("body")),
        button=_words(item.get("button")),
        items=items,
        raw_data=raw_data,
    )


def _card(item: Item, raw_data: str) -> ContentData:
    return ContentDataCard(
        title=_words(item.get("title")),
        subtitle=text(item.get("subtitle")),
        media=_addresses(item.get("media")),
        actions=_actions(item.get("actions")),
        raw_data=raw_data,
    )


_KINDS: dict[str, Callable[[Item, str], ContentData | None]] = {
    "twilio/text": _text,
    "twilio/media": _media,
    "twilio/location": _location,
    "twilio/quick-reply": _quick_reply,
    "twilio/call-to-action": _call_to_action,
    "twilio/list-picker": _list_picker,
    "twilio/card": _card,
}


def _actions(value: JSONValue) -> list[ContentDataAction]:
    return [_action(entry) for entry in value] if isinstance(value, list) else []


def _action(value: JSONValue) -> ContentDataAction:
    item, raw_data = mapping(value), json_text(value)
    title = _words(item.get("title"))
    kind = item.get("type")
    if kind == "QUICK_REPLY":
        place = index(item.get("index")) or 0
        return ContentDataActionReply(
            title=title, id=text(item.get("id")), index=place, raw_data=raw_data
        )
    if kind == "PHONE_NUMBER":
        return ContentDataActionPhone(
            title=title, phone=_words(item.get("phone")), raw_data=raw_data
        )
    if kind == "URL":
        return ContentDataActionUrl(title=title, url=_words(item.get("url")), raw_data=raw_data)
    return ContentDataActionOther(raw_data=raw_data)


def _parsed(data: str | bytes) -> object:
    """
    The JSON value, or ``_UNREADABLE``: no exception that quotes the content is kept as context.
    """
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _words(value: JSONValue) -> str:
    """
    A text that must be there.
    """
    return value if isinstance(value, str) else ""


def _addresses(value: JSONValue) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _objects(value: JSONValue) -> Iterator[dict[str, JSONValue]]:
    entries = value if isinstance(value, list) else []
    return (entry for entry in entries if isinstance(entry, dict))


def _degrees(value: JSONValue) -> float | None:
    """
    A finite number. In templates it may be a text, because a variable can stand there.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
