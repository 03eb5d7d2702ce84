"""
Decoding of what is read from the server: roots of entities, and pages of items.
"""

from __future__ import annotations

from typing import Generic, Protocol

import attrs

from conversations._core.upstream import JSONValue
from conversations._logs import ClientLog
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError

from .events import JSONObject
from .objects import Item, ItemPage, K, ListItem, MapItem
from .wire import as_array, as_index, as_integer, as_object, as_text

logger = ClientLog("conversations.sync")


@attrs.frozen(kw_only=True)
class Root:
    """
    The description of an entity.

    Attributes:
        sid: Identity.
        unique_name: The other id, if it has one.
        position: ``last_event_id``; ``None`` if the server did not say.
        items_url: Where its items are, if it has any.
        data: Content of a document.
        items: Items that came along; ``None`` if none were sent.
        sent_items: How many came along, those that were not understood included.
    """

    sid: str
    unique_name: str | None
    position: int | None
    items_url: str | None = None
    data: JSONObject = attrs.field(factory=dict, repr=False)
    items: tuple[MapItem, ...] | None = attrs.field(default=None, repr=False)
    sent_items: int = 0


class ItemDecoder(Protocol[K]):
    """
    Makes an item of JSON, or ``None`` if it is not understood.
    """

    def __call__(self, value: object) -> Item[K] | None:
        """
        Decode one item.
        """


def not_understood(what: str) -> ConversationsError:
    """
    The error for an answer with success in which the essential is missing.
    """
    message = "the answer was not understood"
    return ConversationsError(message, reason=ErrorReason.CANNOT_PARSE, operation=what)


def decode_root(body: JSONValue | bytes, description: str) -> Root:
    """
    The root in *body*; raises the error of :func:`not_understood` without a sid.
    """
    root = as_object(body) or {}
    sid = as_text(root.get("sid"))
    if sid is None:
        raise not_understood(description)
    sent_items = as_array(root.get("items"))
    return Root(
        sid=sid,
        unique_name=as_text(root.get("unique_name")),
        position=as_integer(root.get("last_event_id")),
        items_url=as_text((as_object(root.get("links")) or {}).get("items")),
        data=as_object(root.get("data")) or {},
        items=None if sent_items is None else _decode_items(sent_items, decode_map_item),
        sent_items=len(sent_items or ()),
    )


def decode_map_item(value: object) -> MapItem | None:
    """
    One item of a map.
    """
    raw = as_object(value) or {}
    return _decode_item(raw, as_text(raw.get("key")))


def decode_list_item(value: object) -> ListItem | None:
    """
    One item of a list.
    """
    raw = as_object(value) or {}
    return _decode_item(raw, as_index(raw.get("index")))


@attrs.frozen
class PageDecoder(Generic[K]):
    """
    Makes pages of items of one kind.
    """

    decode_item: ItemDecoder[K]

    def __call__(self, body: JSONValue | bytes, description: str) -> ItemPage[K]:
        """
        The page in *body*; raises the error of :func:`not_understood` without items.
        """
        page = as_object(body) or {}
        sent_items = as_array(page.get("items"))
        if sent_items is None:
            raise not_understood(description)
        meta = as_object(page.get("meta")) or {}
        items = _decode_items(sent_items, self.decode_item)
        return ItemPage(
            items=items,
            has_next=bool(meta.get("next_token")),
            has_previous=bool(meta.get("previous_token")),
            last_key=items[-1].key if items else None,
        )


def _decode_item(raw: JSONObject, key: K | None) -> Item[K] | None:
    data = as_object(raw.get("data"))
    if key is None or data is None:
        logger.warning("item without a key or content skipped")
        return None
    return Item(key=key, data=data, event_id=as_integer(raw.get("last_event_id")) or 0)


def _decode_items(sent_items: list[object], decode_item: ItemDecoder[K]) -> tuple[Item[K], ...]:
    decoded = (decode_item(value) for value in sent_items)
    return tuple(item for item in decoded if item is not None)
