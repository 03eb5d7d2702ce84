"""
Lists that are read through REST page by page (docs/protocol/conversations.md, Pages).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import attrs

from conversations._core.upstream import UpstreamResponse

from .decoding import Item, mapping, text


@attrs.frozen(kw_only=True)
class RestPage:
    """
    One page.

    Attributes:
        entries: Its objects; what is none is left out.
        previous_token: Asks for the page before; ``None`` on the first one.
        next_token: Asks for the page after; ``None`` on the last one.
    """

    entries: list[Item]
    previous_token: str | None
    next_token: str | None


def decode_page(response: UpstreamResponse, member: str) -> RestPage:
    """
    Read an answer. Odd data is an empty page.

    Args:
        response: The answer.
        member: Its member that holds the list.
    """
    body = mapping(response.body)
    meta = mapping(body.get("meta"))
    entries = body.get(member)
    return RestPage(
        entries=[entry for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else [],
        previous_token=text(meta.get("previous_token")),
        next_token=text(meta.get("next_token")),
    )


async def all_entries(read: Callable[[str | None], Awaitable[RestPage]]) -> list[Item]:
    """
    The entries of all pages.

    Args:
        read: Reads the page of a token; ``None``: the first one.
    """
    entries: list[Item] = []
    used: set[str | None] = set()
    token: str | None = None
    while True:
        page = await read(token)
        entries += page.entries
        used.add(token)
        token = page.next_token
        if token is None or token in used:  # a token of before would go round in circles
            return entries


def with_query(url: str, arguments: Mapping[str, str | int | None]) -> str:
    """
    *url* with those *arguments* as its query that are not ``None``.
    """
    query = "&".join(
        f"{name}={quote(str(value), safe='')}"
        for name, value in arguments.items()
        if value is not None
    )
    return f"{url}?{query}" if query else url
