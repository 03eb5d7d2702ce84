"""
Every endpoint there is: one row each.
"""

from __future__ import annotations

from collections.abc import Callable

from ..routing import Route
from . import (
    configuration,
    conversations,
    delivery,
    messages,
    own_conversations,
    participants,
    push,
    sync,
    templates,
    typing_indicator,
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
    ("GET", f"{_CONVERSATION}/Messages/{{message}}/Receipts", delivery.list_receipts),
    ("GET", f"{_CONVERSATION}/Messages/{{message}}/ChannelMetadata", delivery.get_metadata),
    ("GET", f"{_CONVERSATION}/MessageRecipients", delivery.list_recipients),
    ("GET", "/Client/v2/ContentTemplates", templates.list_templates),
    ("POST", "/v1/Instances/{service}/Typing", typing_indicator.report_typing),
    ("POST", "/v1/registrations", push.register),
    ("DELETE", "/v1/registrations", push.unregister_device),
    ("DELETE", "/v1/registrations/{registration}", push.unregister),
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


_SYNC_ROWS: tuple[tuple[str, str, Handler], ...] = (
    *(
        (method, f"{prefix}{path}", handler)
        for prefix in SYNC_PREFIXES
        for method, path, handler in SYNC_ROUTES
    ),
    *(
        (method, f"{prefix}/{collection}{path}", sync.refuse_write)
        for prefix in SYNC_PREFIXES
        for collection in ("Documents", "Maps", "Lists")
        for method, path in SYNC_WRITES
    ),
)

ROUTES: tuple[Route[Handler], ...] = tuple(Route.of(*row) for row in (*CLIENT_ROUTES, *_SYNC_ROWS))
