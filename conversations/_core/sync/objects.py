"""
The kinds of Sync entities, and their items as they are read and cached.
"""

from __future__ import annotations

import enum
from typing import Generic, TypeAlias, TypeVar

import attrs

from .events import JSONObject

K = TypeVar("K", str, int)


class ObjectType(enum.Enum):
    """
    A kind of entity: its name in subscriptions and events, and its collection's in URLs.
    """

    DOCUMENT = ("document", "Documents")
    MAP = ("map", "Maps")
    LIST = ("list", "Lists")

    def __init__(self, wire_name: str, collection: str) -> None:
        self.wire_name = wire_name
        self.collection = collection


@attrs.frozen(kw_only=True)
class Item(Generic[K]):
    """
    One item of a map or list.

    Attributes:
        key: Key in a map, index in a list.
        data: Content.
        event_id: The event that wrote this content.
    """

    key: K
    data: JSONObject = attrs.field(repr=False)
    event_id: int


MapItem: TypeAlias = Item[str]
ListItem: TypeAlias = Item[int]


@attrs.frozen(kw_only=True)
class ItemPage(Generic[K]):
    """
    Some neighbouring items, in the order that was asked for.

    Attributes:
        items: Can be fewer than asked for, also in the middle of a collection.
        has_next: Whether an item follows in the order asked for.
        has_previous: Whether an item precedes in the order asked for.
        last_key: Where the next page starts: the last key that the server sent.
    """

    items: tuple[Item[K], ...]
    has_next: bool
    has_previous: bool
    last_key: K | None


def order_of_keys(key: str) -> bytes:
    """
    Sort key of map keys: the server's order is that of UTF-16 code units.
    """
    return key.encode("utf-16-be", "surrogatepass")
