"""
From the items of Sync objects to snapshots.

Never raises: an odd member is read as "not told", and what the service adds is passed over
(docs/protocol/conversations.md, Sync objects).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from conversations.attributes import Attributes, JSONValue
from conversations.delivery import AggregatedDeliveryReceipt
from conversations.enums import (
    ConversationState,
    ConversationStatus,
    DeliveryAmount,
    MediaCategory,
    NotificationLevel,
)

from .snapshots import (
    ConversationSnapshot,
    MediaSnapshot,
    MessageSnapshot,
    ParticipantSnapshot,
    UserSnapshot,
)

Item = Mapping[str, JSONValue]

MAX_DIGITS = 18
"""Of a number in a text: it fits into 64 bits."""

_LISTED_MEMBERS = {
    "status": "status",
    "notification_level": "notificationLevel",
    "last_read_message_index": "lastConsumedMessageIndex",
}
_AMOUNTS = ("sent", "delivered", "undelivered", "read", "failed")
_LISTED_OBJECTS = {"conversation": "channel", "messages": "messages", "participants": "roster"}


def date(value: object) -> datetime | None:
    """
    An aware time in UTC, or ``None`` if there is none.

    It is ISO 8601 text; the time of reading can also be milliseconds since 1970.
    """
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # no date, or one beyond the calendar
        pass
    return None


def text(value: object) -> str | None:
    """
    The text, or ``None`` for anything else and for the empty string.
    """
    return value if isinstance(value, str) and value else None


def index(value: object) -> int | None:
    """
    A message index, or ``None`` for anything that is none.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def answered_index(value: object) -> int | None:
    """
    The index in the answer to sending a message, which may be a number in a text.
    """
    if isinstance(value, str) and len(value) <= MAX_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return index(value)


def mapping(value: object) -> Mapping[str, JSONValue]:
    """
    The object, or an empty one for anything else.
    """
    return value if isinstance(value, dict) else {}


def own_entry(item: Item) -> dict[str, Any]:
    """
    What the user's own entry of a conversation says: the changes it makes to a snapshot.
    """
    changes: dict[str, Any] = {}
    if text(item.get("status")):
        changes["status"] = ConversationStatus.from_wire(item["status"])
    if "notificationLevel" in item:
        changes["notification_level"] = NotificationLevel.from_wire(
            item["notificationLevel"] or NotificationLevel.DEFAULT.value
        )
    if "lastConsumedMessageIndex" in item:
        changes["last_read_message_index"] = index(item["lastConsumedMessageIndex"])
    return changes


def listed_item(entry: Item) -> Item:
    """
    An entry of the REST list of the user's conversations in the form that the map has.
    """
    sources = ((entry, _LISTED_MEMBERS), (mapping(entry.get("sync_objects")), _LISTED_OBJECTS))
    return {
        wire: source[listed]
        for source, members in sources
        for listed, wire in members.items()
        if listed in source
    }


def document(data: Item, owner: str) -> dict[str, Any]:
    """
    The changes that a conversation document makes. A member that is absent changes nothing.
    """
    changes: dict[str, Any] = {
        name: convert(data[wire])
        for wire, name, convert in (
            ("friendlyName", "friendly_name", text),
            ("uniqueName", "unique_name", text),
            ("createdBy", "created_by", text),
            ("dateCreated", "date_created", date),
            ("dateUpdated", "date_updated", date),
            ("bindings", "bindings", mapping),
        )
        if wire in data
    }
    if "attributes" in data:
        changes["attributes"] = Attributes.from_wire(data["attributes"], owner=owner)
    if "state" in data:
        state = mapping(data["state"])
        changes["state"] = ConversationState.from_wire(state.get("current"))
        changes["state_date_updated"] = date(state.get("dateUpdated"))
    if "lastMessage" in data:
        changes.update(_last_message(data["lastMessage"]))
    return changes


def _last_message(value: object) -> dict[str, Any]:
    """
    Null clears both; of an object each member counts by itself.
    """
    found = {
        "last_message_index": index(mapping(value).get("index")),
        "last_message_date": date(mapping(value).get("timestamp")),
    }
    if value is None:
        return dict(found)
    return {name: told for name, told in found.items() if told is not None}


def changed_conversation(
    snapshot: ConversationSnapshot, changes: Mapping[str, Any]
) -> ConversationSnapshot:
    """
    *snapshot* with *changes* applied.
    """
    return attrs.evolve(snapshot, **changes)


def participant(sid: str, item: Item) -> ParticipantSnapshot:
    """
    A participant from an item of the roster.
    """
    return ParticipantSnapshot(
        sid=sid,
        identity=text(item.get("identity")),
        channel=text(item.get("type")) or "chat",
        user_map=text(item.get("userInfo")),
        last_read_message_index=index(item.get("lastConsumedMessageIndex")),
        last_read_timestamp=date(item.get("lastConsumptionTimestamp")),
        attributes=_attributes(item.get("attributes"), sid),
        role_sid=text(item.get("roleSid")),
        bindings=mapping(item.get("bindings")),
        date_created=date(item.get("dateCreated")),
        date_updated=date(item.get("dateUpdated")),
    )


def answered_participant(body: Item) -> ParticipantSnapshot:
    """
    A participant from the answer to adding it.
    """
    binding = mapping(body.get("messaging_binding"))
    channel = text(binding.get("type")) or "chat"
    sid = text(body.get("sid")) or ""
    return ParticipantSnapshot(
        sid=sid,
        identity=text(body.get("identity")),
        channel=channel,
        attributes=_attributes(body.get("attributes"), sid),
        role_sid=text(body.get("role_sid")),
        bindings={channel: _without_type(binding)} if binding else {},
        date_created=date(body.get("date_created")),
        date_updated=date(body.get("date_updated")),
    )


def _without_type(binding: Item) -> dict[str, JSONValue]:
    """
    A binding as it stands in the roster, where the type is the key.
    """
    return {name: value for name, value in binding.items() if name != "type"}


def message(
    message_index: int, item: Item, before: MessageSnapshot | None = None
) -> MessageSnapshot:
    """
    A message from an item of the messages list.

    Args:
        message_index: Its index.
        item: Its data.
        before: What was known of it: a delivery receipt stays when an item brings none that
            can be used.
    """
    body, sid = item.get("text"), text(item.get("sid")) or ""
    known_receipt = None if before is None else before.aggregated_delivery_receipt
    return MessageSnapshot(
        sid=sid,
        message_index=message_index,
        participant_sid=text(item.get("memberSid")),
        content_sid=text(item.get("contentSid")),
        has_channel_metadata=item.get("channelMetadata") is True,
        body=body if isinstance(body, str) else None,
        attributes=_attributes(item.get("attributes"), sid),
        aggregated_delivery_receipt=_aggregated_receipt(item.get("delivery")) or known_receipt,
        subject=text(item.get("subject")),
        media=_media(item),
        author=text(item.get("author")),
        last_updated_by=text(item.get("lastUpdatedBy")),
        date_created=date(item.get("timestamp")),
        date_updated=date(item.get("dateUpdated")),
    )


def answered_message(message_index: int, body: Item) -> MessageSnapshot:
    """
    A message from the answer to sending it.
    """
    sent, sid = body.get("body"), text(body.get("sid")) or ""
    return MessageSnapshot(
        sid=sid,
        message_index=message_index,
        participant_sid=text(body.get("participant_sid")),
        content_sid=text(body.get("content_sid")),
        body=sent if isinstance(sent, str) else None,
        attributes=_attributes(body.get("attributes"), sid),
        subject=text(body.get("subject")),
        media=_listed_media(body.get("media"), type_member="content_type"),
        author=text(body.get("author")),
        date_created=date(body.get("date_created")),
        date_updated=date(body.get("date_updated")),
    )


def _media(item: Item) -> tuple[MediaSnapshot, ...]:
    """
    The media of an item. A message of old has one, without a category.
    """
    if item.get("medias") is None:
        return _listed_media([item.get("media")], type_member="contentType")
    return _listed_media(item["medias"], type_member="contentType")


def _listed_media(value: JSONValue, *, type_member: str) -> tuple[MediaSnapshot, ...]:
    entries = map(mapping, value if isinstance(value, list) else ())
    return tuple(
        MediaSnapshot(
            sid=sid,
            category_word=text(entry.get("category")) or MediaCategory.MEDIA.value,
            content_type=text(entry.get(type_member)) or "",
            filename=text(entry.get("filename")),
            size=index(entry.get("size")),
        )
        for entry in entries
        if (sid := text(entry.get("sid"))) is not None
    )


def _aggregated_receipt(value: JSONValue) -> AggregatedDeliveryReceipt | None:
    """
    ``None`` for one that is incomplete, or about nobody.
    """
    item = mapping(value)
    total = index(item.get("total"))
    amounts = {
        name: DeliveryAmount.from_wire(item[name]) for name in _AMOUNTS if text(item.get(name))
    }
    if not total or len(amounts) < len(_AMOUNTS):
        return None
    return AggregatedDeliveryReceipt(total=total, **amounts)


def user_item(key: str, item: Item, *, reachability: bool) -> dict[str, Any]:
    """
    The changes that one item of a user map makes; other keys than the known make none.
    """
    if key == "friendlyName":
        return {"friendly_name": text(item.get("value"))}
    if key == "attributes":
        return {"attributes": _attributes(item.get("value"), "a user")}
    if key == "reachability" and reachability:
        online, notifiable = item.get("online"), item.get("notifiable")
        return {
            "is_online": online if isinstance(online, bool) else None,
            "is_notifiable": notifiable if isinstance(notifiable, bool) else None,
        }
    return {}


def user(identity: str, items: Mapping[str, Item], *, reachability: bool) -> UserSnapshot:
    """
    A subscribed user from all items of its map.
    """
    changes: dict[str, Any] = {}
    for key, item in items.items():
        changes.update(user_item(key, item, reachability=reachability))
    return UserSnapshot(identity=identity, is_subscribed=True, **changes)


def _attributes(wire: JSONValue, owner: str) -> Attributes:
    """
    Those of everything but a conversation: always a text.
    """
    return Attributes.from_wire(wire, owner=owner or "an object", text_only=True)
