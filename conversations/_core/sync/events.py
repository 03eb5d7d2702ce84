"""
What the owner of a Sync entity is told about it.

Each entity's events come in the order of their event ids and at most once
(docs/protocol/sync.md, Order). Content is never part of a ``repr``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, Union

import attrs

from conversations._core.upstream import JSONValue
from conversations.errors import ServiceError

JSONObject: TypeAlias = Mapping[str, JSONValue]


@attrs.frozen(kw_only=True)
class DocumentUpdated:
    """
    The document has new content.

    Attributes:
        data: The whole new content.
        previous: The whole content before.
    """

    data: JSONObject = attrs.field(repr=False)
    previous: JSONObject = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ItemAdded:
    """
    The map or list has an item that it did not have.

    Attributes:
        key: Key in a map, index in a list.
        data: Content of the item.
        event_id: The event that wrote this content.
    """

    key: str | int
    data: JSONObject = attrs.field(repr=False)
    event_id: int


@attrs.frozen(kw_only=True)
class ItemUpdated:
    """
    An item has new content.

    Attributes:
        key: Key in a map, index in a list.
        data: The whole new content.
        event_id: The event that wrote this content.
        previous: The content before, if it is known.
    """

    key: str | int
    data: JSONObject = attrs.field(repr=False)
    event_id: int
    previous: JSONObject | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ItemRemoved:
    """
    An item is gone.

    Attributes:
        key: Key in a map, index in a list.
        event_id: The removal's event; where the removal was only noticed by reading the map
            again, the position of that reading.
        previous: The last content, if it is known.
    """

    key: str | int
    event_id: int
    previous: JSONObject | None = attrs.field(default=None, repr=False)


@attrs.frozen
class EntityRemoved:
    """
    The entity does not exist any more. The last event; the entity is closed already.
    """


@attrs.frozen
class SubscriptionRefused:
    """
    The user may not (or no longer) listen to the entity; nothing will come until it is closed
    and opened again.

    Attributes:
        error: What the server said.
    """

    error: ServiceError


@attrs.frozen
class HistoryLost:
    """
    Events of a list were lost for good; its owner reads again what it needs.

    Attributes:
        position: Events after this id may be missing. ``None``: the list was made anew, so
            nothing that is known about it counts, event ids included.
    """

    position: int | None


SyncEvent: TypeAlias = Union[
    DocumentUpdated,
    ItemAdded,
    ItemUpdated,
    ItemRemoved,
    EntityRemoved,
    SubscriptionRefused,
    HistoryLost,
]

Observer: TypeAlias = Callable[[SyncEvent], None]
