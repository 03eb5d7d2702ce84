"""
Tables of endpoints: from a method and a path to what handles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import attrs

from .refusals import refusal

Handler = TypeVar("Handler")


@attrs.frozen(kw_only=True)
class Route(Generic[Handler]):
    """
    One endpoint: a method, a path with variables in braces, and what handles it.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler

    @classmethod
    def of(cls, method: str, path: str, handler: Handler) -> Route[Handler]:
        """
        A row of a table.
        """
        return cls(method=method, parts=tuple(path.strip("/").split("/")), handler=handler)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """
        What stands in the places of the variables, or ``None`` for another path.
        """
        if len(segments) != len(self.parts):
            return None
        arguments: dict[str, str] = {}
        for part, segment in zip(self.parts, segments, strict=True):
            if part.startswith("{"):
                arguments[part.strip("{}")] = segment
            elif part != segment:
                return None
        return None if "" in arguments.values() else arguments


def find_route(
    routes: Iterable[Route[Handler]], method: str, segments: tuple[str, ...]
) -> tuple[Handler, Mapping[str, str]]:
    """
    What handles a request, and the variables of its path.

    Raises:
        Refusal: No such path, or not with this method.
    """
    is_known = False
    for route in routes:
        arguments = route.match(segments)
        if arguments is None:
            continue
        if route.method == method:
            return route.handler, arguments
        is_known = True
    if is_known:
        raise refusal(20004)
    raise refusal(20404, f"The requested resource /{'/'.join(segments)} was not found")
