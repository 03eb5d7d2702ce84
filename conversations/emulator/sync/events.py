"""
What happened to an object, and how it reads on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from ..._core.upstream import JSONValue

if TYPE_CHECKING:
    from .objects import SyncObject

REPLAY_ENVELOPE_SIZE = 100  # events in one message; the number is free
ARRAYS_SINCE_VERSION = 4


@attrs.frozen(kw_only=True)
class Event:
    """
    One change, as the object's history keeps it.

    Attributes:
        id: Number of the change within its object, without gaps.
        kind: ``item_added``, ``item_updated``, ``item_removed``, ``updated`` or ``removed``.
        time: When it happened, as a date of the wire.
        key: Key or index of the item, for changes of items.
        data: The content after the change; of a removal the content before it.
    """

    id: int
    kind: str
    time: str
    key: str | int | None = None
    data: JSONValue = None


def event_body(target: SyncObject, event: Event, base_url: str) -> dict[str, JSONValue]:
    """
    The ``event`` member of an envelope (docs/protocol/sync.md).
    """
    prefix = target.kind
    body: dict[str, JSONValue] = {"id": event.id, f"{prefix}_sid": target.sid}
    if event.kind == "removed":
        body["date_created"] = event.time
        return body
    if event.kind != "item_removed":
        body[f"{prefix}_unique_name"] = target.unique_name
    body[f"{prefix}_revision"] = target.revision_at(event.id)
    if event.kind == "updated":
        body["document_data"] = event.data
    else:
        body["item_index" if target.kind == "list" else "item_key"] = event.key
        body["item_revision"] = f"{event.id:x}"
        body["item_data"] = event.data
    body["date_created"] = event.time
    if event.kind != "item_removed":
        if event.key is not None:
            body["item_url"] = target.item_url(base_url, event.key)
        body["date_expires"] = None
    return body


def envelope(
    target: SyncObject,
    events: list[Event],
    base_url: str,
    *,
    version: int,
    correlation_id: JSONValue = None,
) -> dict[str, JSONValue]:
    """
    One notification's payload for *events*, all of one kind.

    A single one stands in ``event``, several in ``events``. *correlation_id* marks a replay.
    """
    message: dict[str, JSONValue] = {"event_type": f"{target.kind}_{events[0].kind}"}
    if correlation_id is not None:
        message["correlation_id"] = correlation_id
    message["event_protocol_version"] = version
    if len(events) == 1:
        message["event"] = event_body(target, events[0], base_url)
    else:
        message["events"] = [event_body(target, event, base_url) for event in events]
    return message


def replay_messages(
    target: SyncObject,
    events: Iterable[Event],
    base_url: str,
    *,
    version: int,
    correlation_id: JSONValue,
) -> Iterator[dict[str, JSONValue]]:
    """
    The notifications of a replay: neighbours of one kind share a message, in version 4.
    """
    size = REPLAY_ENVELOPE_SIZE if version >= ARRAYS_SINCE_VERSION else 1
    for _, group in groupby(events, key=lambda event: event.kind):
        same_kind = list(group)
        for start in range(0, len(same_kind), size):
            yield envelope(
                target,
                same_kind[start : start + size],
                base_url,
                version=version,
                correlation_id=correlation_id,
            )
