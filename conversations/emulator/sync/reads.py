"""
What the REST side of Sync answers: roots, items, pages (docs/protocol/sync.md).
"""

from __future__ import annotations

import attrs

from ..._core.upstream import JSONValue
from ..page_tokens import decode_page_token, encode_page_token
from .errors import SyncError
from .objects import Item, SyncCollection, SyncDocument, SyncList, SyncObject

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE = 100


@attrs.frozen(kw_only=True)
class ItemQuery:
    """
    A query of items, decoded.

    Attributes:
        key: One item by its key or index; then nothing else counts.
        page_token: A token of an earlier page; then *start* does not count.
        start: The key or index at which the page begins. It need not exist.
        exclusive: Leave the item at *start* out.
        page_size: At most so many items.
        descending: Largest first.
        backwards: The page that ends at *start*, in the order asked for; only in tokens.
    """

    key: str | int | None = None
    page_token: str | None = None
    start: str | int | None = None
    exclusive: bool = False
    page_size: int = DEFAULT_PAGE_SIZE
    descending: bool = False
    backwards: bool = False


def root(target: SyncObject, base_url: str) -> dict[str, JSONValue]:
    """
    The description of an object; a document's content is part of it.
    """
    body: dict[str, JSONValue] = {
        "sid": target.sid,
        "unique_name": target.unique_name,
        "account_sid": target.owner.account,
        "service_sid": target.owner.service,
        "url": target.url(base_url),
        "revision": target.revision,
        "last_event_id": target.position,
        "date_created": target.date_created,
        "date_updated": target.date_updated,
        "date_expires": None,
        "created_by": target.created_by,
        "type": target.kind,
    }
    if isinstance(target, SyncDocument):
        body["data"] = target.data
    else:
        body["links"] = {"items": f"{target.url(base_url)}/Items"}
    return body


def item_body(target: SyncCollection, item: Item, base_url: str) -> dict[str, JSONValue]:
    """
    One item with its content.
    """
    return {
        f"{target.kind}_sid": target.sid,
        "index" if isinstance(target, SyncList) else "key": item.key,
        "url": target.item_url(base_url, item.key),
        "revision": f"{item.event_id:x}",
        "last_event_id": item.event_id,
        "date_created": item.date_created,
        "date_updated": item.date_updated,
        "date_expires": None,
        "data": item.data,
    }


def items_page(target: SyncCollection, query: ItemQuery, base_url: str) -> dict[str, JSONValue]:
    """
    The items that a query asks for, and whether others lie before and after them.
    """
    if query.key is not None:
        item = target.get(query.key)
        return _page(target, [item] if item else [], base_url, previous=None, following=None)
    query = _with_token(target, query)
    first, stop = _places(target, query)
    items = target.items(first, stop)
    is_before, is_after = first > 0, stop < target.size
    if query.descending:
        items.reverse()
        is_before, is_after = is_after, is_before
    return _page(
        target,
        items,
        base_url,
        previous=_neighbour_token(items, query, backwards=True) if is_before else None,
        following=_neighbour_token(items, query, backwards=False) if is_after else None,
    )


def first_items(target: SyncCollection, base_url: str) -> list[JSONValue]:
    """
    What ``Include=items`` adds to a root: the first page, in key order.
    """
    return [item_body(target, item, base_url) for item in target.items(0, LARGEST_PAGE)]


def _places(target: SyncCollection, query: ItemQuery) -> tuple[int, int]:
    """
    Where the page begins and ends in ascending order.
    """
    size = min(query.page_size, LARGEST_PAGE)
    if query.descending != query.backwards:
        stop = target.size
        if query.start is not None:
            stop = target.index_of(query.start, after=not query.exclusive)
        return max(stop - size, 0), stop
    first = 0
    if query.start is not None:
        first = target.index_of(query.start, after=query.exclusive)
    return first, min(first + size, target.size)


def _with_token(target: SyncCollection, query: ItemQuery) -> ItemQuery:
    """
    Translate a page token into the query that it stands for.
    """
    if query.page_token is None:
        return query
    key_type = int if isinstance(target, SyncList) else str
    match decode_page_token(query.page_token):
        case [key, bool(exclusive), int(size), bool(descending), bool(backwards)] if (
            type(key) is key_type and 0 < size <= LARGEST_PAGE
        ):
            return ItemQuery(
                start=key,
                exclusive=exclusive,
                page_size=size,
                descending=descending,
                backwards=backwards,
            )
    raise SyncError(400, 20001, "Invalid PageToken")


def _neighbour_token(items: list[Item], query: ItemQuery, *, backwards: bool) -> str:
    """
    A token for the page after the given one, or *backwards* the one before, in the same order.
    """
    key, exclusive = query.start, not query.exclusive
    if items:
        key, exclusive = items[0 if backwards else -1].key, True
    size = min(query.page_size, LARGEST_PAGE)
    return encode_page_token([key, exclusive, size, query.descending, backwards])


def _page(
    target: SyncCollection,
    items: list[Item],
    base_url: str,
    *,
    previous: str | None,
    following: str | None,
) -> dict[str, JSONValue]:
    return {
        "items": [item_body(target, item, base_url) for item in items],
        "meta": {
            "previous_token": previous,
            "next_token": following,
            "encode_token": False,
            "direct_token": True,
        },
    }
