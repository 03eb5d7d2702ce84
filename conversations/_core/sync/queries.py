"""
Requests that read entities and pages of items.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from conversations._core.ids import Ids
from conversations._core.upstream import JSONValue, UpstreamRequest, UpstreamResponse

from .objects import ItemPage, K, ObjectType
from .roots import PageDecoder, Root, decode_root

Send: TypeAlias = Callable[[UpstreamRequest], Coroutine[Any, Any, UpstreamResponse]]
"""
Sends a request and returns the 2xx response, or raises a
:class:`~conversations.errors.ConversationsError`.
"""

Order: TypeAlias = Literal["asc", "desc"]

DEFAULT_PAGE_SIZE = 50
"""
What the server sends if the size is not given; also the size below which items that came
with a root are known to be all of them.
"""

MAX_PAGE_SIZE = 100
"""
More are never sent in one page.
"""


def sync_headers(ids: Ids) -> dict[str, str]:
    """
    The headers of a new logical request.
    """
    return {"Content-Type": "application/json", "Twilio-Request-Id": ids.request()}


def item_query(
    items_url: str, *, from_: str | int | None, inclusive: bool, page_size: int, order: Order
) -> str:
    """
    The URL of a page of items.
    """
    parameters = {"HideExpired": "true"}
    if from_ is not None:
        parameters["From"] = quote(str(from_), safe="")
        if not inclusive:
            parameters["Bounds"] = "exclusive"
    parameters["PageSize"] = str(page_size)
    parameters["Order"] = order
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{items_url}{'&' if '?' in items_url else '?'}{query}"


class Reader:
    """
    Reads entities and items.

    Args:
        ids: Makes request ids.
        base_url: Scheme and host of the Sync service.
        read: Sends the requests, and repeats them where that may help.
    """

    def __init__(self, ids: Ids, base_url: str, read: Send) -> None:
        self._ids = ids
        self._base_url = base_url
        self._read = read

    async def root(
        self, object_type: ObjectType, entity_id: str, *, include_items: bool = False
    ) -> Root:
        """
        Read an entity by its sid or unique name.
        """
        url = self._entity_url(object_type, entity_id)
        description = f"{object_type.wire_name} {entity_id}"
        body = await self._get(f"{url}?Include=items" if include_items else url, description)
        return decode_root(body, description)

    async def page(
        self,
        decoder: PageDecoder[K],
        items_url: str,
        description: str,
        *,
        from_: K | None,
        inclusive: bool,
        page_size: int,
        order: Order,
        send: Send | None = None,
    ) -> ItemPage[K]:
        """
        Read a page of items, by way of *send* if it is given.
        """
        url = item_query(
            items_url, from_=from_, inclusive=inclusive, page_size=page_size, order=order
        )
        return decoder(await self._get(url, description, send), description)

    def items_url(self, object_type: ObjectType, root: Root) -> str:
        """
        Where the items are: the link as the server gave it, else where they usually are.
        """
        return root.items_url or f"{self._entity_url(object_type, root.sid)}/Items"

    def _entity_url(self, object_type: ObjectType, entity_id: str) -> str:
        return f"{self._base_url}/v3/{object_type.collection}/{quote(entity_id, safe='')}"

    async def _get(self, url: str, description: str, send: Send | None = None) -> JSONValue | bytes:
        request = UpstreamRequest(
            method="GET", url=url, headers=sync_headers(self._ids), description=description
        )
        return (await (send or self._read)(request)).body
