"""
Decoding of notifications: changes of entities, and outcomes of subscription requests.

Whatever arrives, the result is decoded members; what is not understood is logged and left
out (docs/protocol/sync.md, Events).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Generic, TypeAlias, TypeVar, Union

import attrs

from conversations._logs import ClientLog

from .events import JSONObject
from .objects import ObjectType
from .wire import as_array, as_index, as_integer, as_object, as_text

logger = ClientLog("conversations.sync")

T = TypeVar("T")

MESSAGE_TYPES = (
    "twilio.sync.event",
    "com.twilio.rtd.cds.document",
    "com.twilio.rtd.cds.list",
    "com.twilio.rtd.cds.map",
)
"""
The Twilsock notification types of Sync, in the order of the init registration.
"""


@attrs.frozen(kw_only=True)
class ItemWritten:
    """
    An item was added or changed.
    """

    object_type: ObjectType
    sid: str
    id: int
    key: str | int
    data: JSONObject = attrs.field(repr=False)
    is_addition: bool


@attrs.frozen(kw_only=True)
class ItemDeleted:
    """
    An item was removed; *data* is its last content, if the event says so.
    """

    object_type: ObjectType
    sid: str
    id: int
    key: str | int
    data: JSONObject | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class DocumentWritten:
    """
    A document has new content.
    """

    object_type: ObjectType
    sid: str
    id: int
    data: JSONObject = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class NothingSeen:
    """
    Something happened that has an event id, but nothing that anybody here looks at.
    """

    object_type: ObjectType
    sid: str
    id: int


@attrs.frozen(kw_only=True)
class EntityDeleted:
    """
    The entity was removed. The one change that needs no id: it is always the last.
    """

    object_type: ObjectType
    sid: str


NumberedChange: TypeAlias = Union[ItemWritten, ItemDeleted, DocumentWritten, NothingSeen]
Change: TypeAlias = Union[NumberedChange, EntityDeleted]


class OutcomeKind(enum.Enum):
    """
    What became of one entry of a subscription request.
    """

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    CANCELED = "canceled"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Outcome:
    """
    The terminal event of one entry.

    Attributes:
        kind: What became of it.
        sid: The entity.
        last_event_id: With ``COMPLETED``: everything up to it has been sent.
        status: With ``FAILED``: HTTP-like status; 0 if there is none.
        code: With ``FAILED``: Twilio's code; 0 if there is none.
        message: With ``FAILED``: the server's words.
    """

    kind: OutcomeKind
    sid: str
    last_event_id: int | None = None
    status: int = 0
    code: int = 0
    message: str = ""


@attrs.frozen(kw_only=True)
class Notification(Generic[T]):
    """
    The members of one notification.

    Attributes:
        members: In their order.
        correlation_id: The request that caused it, if there is one.
        is_unsolicited: Whether it says expressly that no request caused it (``null``).
    """

    members: tuple[T, ...]
    correlation_id: int | None
    is_unsolicited: bool


@attrs.frozen(kw_only=True)
class Changes(Notification[Change]):
    """
    Changes of entities.
    """


@attrs.frozen(kw_only=True)
class Outcomes(Notification[Outcome]):
    """
    Terminal events of a subscription request.
    """


def decode_notification(payload: object) -> Changes | Outcomes | None:
    """
    The members of a notification that are understood; ``None`` if its type is unknown.
    """
    envelope = as_object(payload)
    event_type = as_text(envelope.get("event_type")) if envelope is not None else None
    if envelope is None or event_type is None:
        logger.warning("notification without an event type skipped")
        return None
    correlation_id = as_integer(envelope.get("correlation_id"))
    is_unsolicited = envelope.get("correlation_id", "") is None
    if event_type in _OUTCOME_TYPES:
        outcomes = (_decode_outcome(event_type, member) for member in _members(envelope))
        return Outcomes(
            members=tuple(outcome for outcome in outcomes if outcome is not None),
            correlation_id=correlation_id,
            is_unsolicited=is_unsolicited,
        )
    object_type = _OBJECT_TYPES.get(event_type.partition("_")[0])
    if object_type is None:
        logger.debug("notification of an unknown event type skipped")
        return None
    changes = (_decode_change(object_type, event_type, member) for member in _members(envelope))
    return Changes(
        members=tuple(change for change in changes if change is not None),
        correlation_id=correlation_id,
        is_unsolicited=is_unsolicited,
    )


def _members(envelope: JSONObject) -> Iterator[JSONObject]:
    members = as_array(envelope.get("events"))
    if members is None:
        members = [envelope.get("event")]
    for member in members:
        decoded = as_object(member)
        if decoded is None:
            logger.warning("event that is not an object skipped")
        else:
            yield decoded


_OBJECT_TYPES = {object_type.wire_name: object_type for object_type in ObjectType}

_OUTCOME_TYPES = frozenset(
    {"subscription_established", "subscription_canceled", "subscription_failed"}
)


def _decode_change(object_type: ObjectType, event_type: str, member: JSONObject) -> Change | None:
    sid = as_text(member.get(f"{object_type.wire_name}_sid"))
    if sid is None:
        logger.warning("event of a %s without its sid skipped", object_type.wire_name)
        return None
    if event_type == f"{object_type.wire_name}_removed":
        return EntityDeleted(object_type=object_type, sid=sid)
    event_id = as_integer(member.get("id"))
    if event_id is None:
        logger.warning("event of %s without an id skipped", sid)
        return None
    kind = event_type.removeprefix(f"{object_type.wire_name}_")
    change: NumberedChange | None = None
    if object_type is ObjectType.DOCUMENT:
        change = _decode_document_change(sid, event_id, kind, member)
    else:
        change = _decode_item_change(object_type, sid, event_id, kind, member)
    if change is None:
        # Its id counts nevertheless: later events must not wait for it.
        logger.debug("event %d of %s has nothing that is understood", event_id, sid)
        change = NothingSeen(object_type=object_type, sid=sid, id=event_id)
    return change


def _decode_document_change(
    sid: str, event_id: int, kind: str, member: JSONObject
) -> DocumentWritten | None:
    data = as_object(member.get("document_data"))
    if kind != "updated" or data is None:
        return None
    return DocumentWritten(object_type=ObjectType.DOCUMENT, sid=sid, id=event_id, data=data)


def _decode_item_change(
    object_type: ObjectType, sid: str, event_id: int, kind: str, member: JSONObject
) -> ItemWritten | ItemDeleted | None:
    key: str | int | None
    if object_type is ObjectType.MAP:
        key = as_text(member.get("item_key"))
    else:
        key = as_index(member.get("item_index"))
    data = as_object(member.get("item_data"))
    if key is None:
        return None
    if kind == "item_removed":
        return ItemDeleted(object_type=object_type, sid=sid, id=event_id, key=key, data=data)
    if kind not in {"item_added", "item_updated"} or data is None:
        return None
    return ItemWritten(
        object_type=object_type,
        sid=sid,
        id=event_id,
        key=key,
        data=data,
        is_addition=kind == "item_added",
    )


def _decode_outcome(event_type: str, member: JSONObject) -> Outcome | None:
    sid = as_text(member.get("object_sid"))
    if sid is None:
        logger.warning("%s without a sid skipped", event_type)
        return None
    if event_type == "subscription_canceled":
        return Outcome(kind=OutcomeKind.CANCELED, sid=sid)
    if event_type == "subscription_failed":
        error = as_object(member.get("error")) or {}
        return Outcome(
            kind=OutcomeKind.FAILED,
            sid=sid,
            status=as_integer(error.get("status")) or 0,
            code=as_integer(error.get("code")) or 0,
            message=as_text(error.get("message")) or "",
        )
    match member.get("replay_status"):
        case "completed":
            last_event_id = as_integer(member.get("last_event_id"))
            return Outcome(kind=OutcomeKind.COMPLETED, sid=sid, last_event_id=last_event_id)
        case "interrupted":
            return Outcome(kind=OutcomeKind.INTERRUPTED, sid=sid)
        case _:  # not terminal: the delivery watch asks again
            logger.warning("%s of %s without a known replay status skipped", event_type, sid)
            return None
