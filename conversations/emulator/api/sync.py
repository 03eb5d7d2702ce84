"""
The Sync side: reading objects and items, and subscribing to them.

Conversations never writes through Sync, and neither may anybody here.
"""

from __future__ import annotations

from functools import partial

from ..sync.errors import SyncError
from ..sync.objects import (
    SyncCollection,
    SyncDocument,
    SyncList,
    SyncMap,
    SyncObject,
)
from ..sync.reads import (
    DEFAULT_PAGE_SIZE,
    ItemQuery,
    first_items,
    item_body,
    items_page,
    root,
)
from ..sync.store import ObjectType
from ..sync.subscriptions import (
    Subscribing,
    SubscriptionsRequest,
    accepted_body,
)
from .calls import Answer, Call, UpstreamCall
from .pages import page_size

MISSING_ITEM_CODES = {"list": 54151, "map": 54201}


def get_document(call: Call) -> Answer:
    """
    ``GET /v3/Documents/{id}``.
    """
    return _root(call, _named(call, SyncDocument))


def get_map(call: Call) -> Answer:
    """
    ``GET /v3/Maps/{id}``.
    """
    return _root(call, _named(call, SyncMap))


def get_list(call: Call) -> Answer:
    """
    ``GET /v3/Lists/{id}``.
    """
    return _root(call, _named(call, SyncList))


def get_map_items(call: Call) -> Answer:
    """
    ``GET /v3/Maps/{id}/Items``.
    """
    return _items(call, _named(call, SyncMap), "Key")


def get_list_items(call: Call) -> Answer:
    """
    ``GET /v3/Lists/{id}/Items``.
    """
    return _items(call, _named(call, SyncList), "Index")


def get_map_item(call: Call) -> Answer:
    """
    ``GET /v3/Maps/{id}/Items/{key}``.
    """
    return _item(call, _named(call, SyncMap), call.arguments["item"])


def get_list_item(call: Call) -> Answer:
    """
    ``GET /v3/Lists/{id}/Items/{index}``.
    """
    return _item(call, _named(call, SyncList), _index(call.arguments["item"]))


def refuse_write(_call: Call) -> Answer:
    """
    Every POST, PUT and DELETE of objects and items.
    """
    raise SyncError.no_writes()


def subscribe(call: Call) -> Answer:
    """
    ``POST /v4/Subscriptions``: accepted at once, carried out when the answer is on its way.
    """
    body = call.request.body
    request = SubscriptionsRequest.decode(None if isinstance(body, bytes) else body)
    work = Subscribing(
        call.service.store,
        call.subscriber,
        call.request.base_url,
        cut_replay=call.faults.cut_replay,
        tell_outcome=call.deliveries.outcome,
    )
    return Answer(
        status=202,
        body=accepted_body(call.faults.max_batch_size, call.faults.estimated_delivery_ms),
        afterwards=partial(work.run, request),
    )


def _named(call: Call, object_type: type[ObjectType]) -> ObjectType:
    return call.service.store.read(
        object_type, call.arguments["object"], identity=call.user.identity
    )


def _root(call: Call, target: SyncObject) -> Answer:
    base_url = call.request.base_url
    body = root(target, base_url)
    if isinstance(target, SyncMap) and call.request.parameter("Include") == "items":
        body["items"] = first_items(target, base_url)
    return Answer(body=body, headers={"etag": f'"{target.revision}"'})


def _items(call: Call, target: SyncCollection, key_parameter: str) -> Answer:
    query = _query(call.request, key_parameter)
    return Answer(body=items_page(target, query, call.request.base_url))


def _item(call: Call, target: SyncCollection, key: str | int) -> Answer:
    item = target.get(key)
    if item is None:
        raise SyncError(404, MISSING_ITEM_CODES[target.kind], "Item not found")
    return Answer(body=item_body(target, item, call.request.base_url))


def _query(request: UpstreamCall, key_parameter: str) -> ItemQuery:
    key, start = request.parameter(key_parameter), request.parameter("From")
    size = page_size(request, DEFAULT_PAGE_SIZE)
    if size < 1:
        raise SyncError(400, 20007, "Invalid page size")
    order = request.parameter("Order") or "asc"
    bounds = request.parameter("Bounds") or "inclusive"
    if order not in {"asc", "desc"} or bounds not in {"inclusive", "exclusive"}:
        raise SyncError(400, 20001, "Order or Bounds has an unknown value")
    is_list = key_parameter == "Index"
    return ItemQuery(
        key=_index(key) if is_list and key is not None else key,
        page_token=request.parameter("PageToken"),
        start=_index(start) if is_list and start is not None else start,
        exclusive=bounds == "exclusive",
        page_size=size,
        descending=order == "desc",
    )


def _index(text: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        raise SyncError(400, 20001, "An index is a number")
    return int(text)
