"""
Paged lists of the client API: ``PageSize``, ``PageToken`` and the ``meta`` of the answer.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

from ..._core.upstream import JSONValue
from ..page_tokens import decode_page_token, encode_page_token
from ..refusals import refusal
from .calls import UpstreamCall

Entry = TypeVar("Entry")

LARGEST_PAGE = 1000


@attrs.frozen(kw_only=True)
class PageRequest:
    """
    Which page is asked for.

    Attributes:
        size: At most so many entries.
        after: Those with a greater number than this, or
        before: those with a smaller one, the nearest.
    """

    size: int
    after: int | None = None
    before: int | None = None

    @classmethod
    def decode(cls, request: UpstreamCall, default_size: int) -> PageRequest:
        """
        Read the query.
        """
        size = page_size(request, default_size)
        if not 1 <= size <= LARGEST_PAGE:
            raise refusal(20007)
        token = request.parameter("PageToken")
        match decode_page_token(token) if token else []:
            case ["after", int(number)]:
                return cls(size=size, after=number)
            case ["before", int(number)]:
                return cls(size=size, before=number)
            case []:
                return cls(size=size)
        raise refusal(21481)


def page_size(request: UpstreamCall, default: int) -> int:
    """
    The size asked for; 0 if it is no number.
    """
    given = request.parameter("PageSize")
    if given is None:
        return default
    return int(given) if given.isascii() and given.isdigit() else 0


def cut_page(
    entries: Sequence[Entry], number: Callable[[Entry], int], page: PageRequest
) -> tuple[Sequence[Entry], dict[str, JSONValue]]:
    """
    One page of *entries*, which ascend by *number*, and its ``meta``.

    Positions are numbers of entries, so what is added or removed between two pages makes
    none of the others repeat or vanish.
    """
    if page.before is not None:
        stop = bisect.bisect_left(entries, page.before, key=number)
        start = max(stop - page.size, 0)
    else:
        start = 0 if page.after is None else bisect.bisect_right(entries, page.after, key=number)
        stop = min(start + page.size, len(entries))
    cut = entries[start:stop]
    previous = following = None
    if start > 0:
        edge = number(cut[0]) if cut else number(entries[start - 1]) + 1
        previous = encode_page_token(["before", edge])
    if stop < len(entries):
        edge = number(cut[-1]) if cut else number(entries[stop]) - 1
        following = encode_page_token(["after", edge])
    return cut, {"previous_token": previous, "next_token": following}
