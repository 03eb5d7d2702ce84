"""
Every endpoint there is: one row each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..refusals import refusal
from . import (
    configuration,
    conversations,
    messages,
    own_conversations,
    participants,
    sync,
    users,
)
from .calls import Answer, Call

Handler = Callable[[Call], Answer]

_SERVICE = "/Client/v2/Services/{service}"
_CONVERSATION = f"{_SERVICE}/Conversations/{{conversation}}"
_OWN = f"{_SERVICE}/Users/{{user}}/Conversations"

CLIENT_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/Client/v2/Configuration", configuration.get_configuration),
    ("GET", _OWN, own_conversations.list_own_conversations),
    ("GET", f"{_OWN}/{{conversation}}", own_conversations.get_own_conversation),
    ("POST", f"{_OWN}/{{conversation}}", own_conversations.update_own_conversation),
    ("POST", f"{_SERVICE}/Conversations", conversations.create_conversation),
    ("GET", _CONVERSATION, conversations.get_conversation),
    ("POST", _CONVERSATION, conversations.update_conversation),
    ("DELETE", _CONVERSATION, conversations.delete_conversation),
    ("POST", f"{_CONVERSATION}/Participants", participants.add_participant),
    ("POST", f"{_CONVERSATION}/Participants/{{participant}}", participants.update_participant),
    ("DELETE", f"{_CONVERSATION}/Participants/{{participant}}", participants.remove_participant),
    ("POST", f"{_CONVERSATION}/Messages", messages.send_message),
    ("POST", f"{_CONVERSATION}/Messages/{{message}}", messages.edit_message),
    ("DELETE", f"{_CONVERSATION}/Messages/{{message}}", messages.remove_message),
    ("GET", f"{_SERVICE}/Users/{{user}}", users.get_user),
    ("POST", f"{_SERVICE}/Users/{{user}}", users.update_user),
    ("POST", "/v4/Subscriptions", sync.subscribe),
)

SYNC_PREFIXES = ("/v3", "/v3/Services/{sync_service}")
SYNC_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/Documents/{object}", sync.get_document),
    ("GET", "/Maps/{object}", sync.get_map),
    ("GET", "/Maps/{object}/Items", sync.get_map_items),
    ("GET", "/Maps/{object}/Items/{item}", sync.get_map_item),
    ("GET", "/Lists/{object}", sync.get_list),
    ("GET", "/Lists/{object}/Items", sync.get_list_items),
    ("GET", "/Lists/{object}/Items/{item}", sync.get_list_item),
)

SYNC_WRITES: tuple[tuple[str, str], ...] = (
    ("POST", ""),
    ("POST", "/{object}"),
    ("DELETE", "/{object}"),
    ("POST", "/{object}/Items"),
    ("POST", "/{object}/Items/{item}"),
    ("PUT", "/{object}/Items/{item}"),
    ("DELETE", "/{object}/Items/{item}"),
)


@attrs.frozen(kw_only=True)
class Route:
    """
    One endpoint: a method, a path with variables in braces, and what handles it.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler

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
        return arguments


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(method=method, parts=tuple(path.strip("/").split("/")), handler=handler)


ROUTES: tuple[Route, ...] = (
    *(_route(*row) for row in CLIENT_ROUTES),
    *(
        _route(method, f"{prefix}{path}", handler)
        for prefix in SYNC_PREFIXES
        for method, path, handler in SYNC_ROUTES
    ),
    *(
        _route(method, f"{prefix}/{collection}{path}", sync.refuse_write)
        for prefix in SYNC_PREFIXES
        for collection in ("Documents", "Maps", "Lists")
        for method, path in SYNC_WRITES
    ),
)


def find_route(method: str, segments: tuple[str, ...]) -> tuple[Handler, Mapping[str, str]]:
    """
    What handles a request, and the variables of its path.

    Raises:
        Refusal: No such path, or not with this method.
    """
    is_known = False
    for route in ROUTES:
        arguments = route.match(segments)
        if arguments is None or "" in arguments.values():
            continue
        if route.method == method:
            return route.handler, arguments
        is_known = True
    if is_known:
        raise refusal(20004)
    raise refusal(20404, f"The requested resource /{'/'.join(segments)} was not found")
