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
from conversations.enums import ConversationState, ConversationStatus, NotificationLevel

from .snapshots import ConversationSnapshot, MessageSnapshot, ParticipantSnapshot, UserSnapshot

Item = Mapping[str, JSONValue]


def date(value: object) -> datetime | None:
    """
    An aware time in UTC from ISO 8601 text, or ``None`` if there is none.
    """
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def text(value: object) -> str | None:
    """
    The text, or ``None`` for anything else and for the empty string.
    """
    return value if isinstance(value, str) and value else None


def index(value: object) -> int | None:
    """
    A message index, or ``None`` for anything that is none.
    """
    is_index = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_index else None  # type: ignore[return-value]  # checked in the line above


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


def listed_entry(entry: Item) -> dict[str, Any]:
    """
    The same from an entry of the REST list of the user's conversations.
    """
    return own_entry(
        {
            wire: entry[listed]
            for listed, wire in (
                ("status", "status"),
                ("notification_level", "notificationLevel"),
                ("last_read_message_index", "lastConsumedMessageIndex"),
            )
            if listed in entry
        }
    )


def document(data: Item) -> dict[str, Any]:
    """
    The changes that a conversation document makes. A member that is absent changes nothing.
    """
    changes: dict[str, Any] = {}
    for wire, name, convert in (
        ("friendlyName", "friendly_name", text),
        ("uniqueName", "unique_name", text),
        ("createdBy", "created_by", text),
        ("dateCreated", "date_created", date),
        ("dateUpdated", "date_updated", date),
        ("bindings", "bindings", mapping),
        ("attributes", "attributes", Attributes.from_wire),
    ):
        if wire in data:
            changes[name] = convert(data[wire])
    if "state" in data:
        state = mapping(data["state"])
        changes["state"] = ConversationState.from_wire(state.get("current"))
        changes["state_date_updated"] = date(state.get("dateUpdated"))
    if "lastMessage" in data:
        last_message = mapping(data["lastMessage"])
        changes["last_message_index"] = index(last_message.get("index"))
        changes["last_message_date"] = date(last_message.get("timestamp"))
    return changes


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
        attributes=Attributes.from_wire(item.get("attributes", "{}")),
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
    return ParticipantSnapshot(
        sid=text(body.get("sid")) or "",
        identity=text(body.get("identity")),
        channel=channel,
        attributes=Attributes.from_wire(body.get("attributes", "{}")),
        role_sid=text(body.get("role_sid")),
        bindings={channel: dict(binding)} if binding else {},
        date_created=date(body.get("date_created")),
        date_updated=date(body.get("date_updated")),
    )


def message(message_index: int, item: Item) -> MessageSnapshot:
    """
    A message from an item of the messages list.
    """
    body = item.get("text")
    return MessageSnapshot(
        sid=text(item.get("sid")) or "",
        message_index=message_index,
        participant_sid=text(item.get("memberSid")),
        body=body if isinstance(body, str) else None,
        attributes=Attributes.from_wire(item.get("attributes", "{}")),
        subject=text(item.get("subject")),
        author=text(item.get("author")),
        last_updated_by=text(item.get("lastUpdatedBy")),
        date_created=date(item.get("timestamp")),
        date_updated=date(item.get("dateUpdated")),
    )


def answered_message(message_index: int, body: Item) -> MessageSnapshot:
    """
    A message from the answer to sending it.
    """
    sent = body.get("body")
    return MessageSnapshot(
        sid=text(body.get("sid")) or "",
        message_index=message_index,
        participant_sid=text(body.get("participant_sid")),
        body=sent if isinstance(sent, str) else None,
        attributes=Attributes.from_wire(body.get("attributes", "{}")),
        subject=text(body.get("subject")),
        author=text(body.get("author")),
        date_created=date(body.get("date_created")),
        date_updated=date(body.get("date_updated")),
    )


def user_item(key: str, item: Item, *, reachability: bool) -> dict[str, Any]:
    """
    The changes that one item of a user map makes; other keys than the known make none.
    """
    if key == "friendlyName":
        return {"friendly_name": text(item.get("value"))}
    if key == "attributes":
        return {"attributes": Attributes.from_wire(item.get("value", "{}"))}
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
