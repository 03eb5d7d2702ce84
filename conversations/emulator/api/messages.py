"""
Messages of a conversation. Clients read them through Sync.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..._core.upstream import JSONValue
from ..domain import messages
from ..domain.access import require_open, require_participant
from ..domain.fields import MessageFields
from ..domain.records import Conversation, Message
from ..ids import is_sid
from ..refusals import refusal
from .bodies import json_object, optional_text, text
from .calls import Answer, Call
from .conversations import named_conversation
from .resources import message_body


def send_message(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}/Messages``.
    """
    conversation = named_conversation(call)
    require_participant(conversation, call.caller)
    require_open(conversation)
    body = json_object(call)
    _check_media(body.get("media_sids"))
    _check_content(body, call.service.limits.content_variable_characters)
    fields = MessageFields(
        body=optional_text(body, "body"),
        subject=optional_text(body, "subject"),
        attributes=text(body, "attributes"),
    )
    message = messages.send(call.service, call.caller, conversation, fields)
    return Answer(status=201, body=message_body(call, conversation, message))


def edit_message(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}/Messages/{message sid}``.
    """
    conversation, message = _named_message(call)
    body = json_object(call)
    fields = MessageFields(body=text(body, "body"), attributes=text(body, "attributes"))
    messages.edit(call.service, call.caller, conversation, message, fields)
    return Answer(body=message_body(call, conversation, message))


def remove_message(call: Call) -> Answer:
    """
    ``DELETE {conversations}/{sid}/Messages/{message sid}``.
    """
    conversation, message = _named_message(call)
    messages.remove(call.caller, conversation, message)
    return Answer(status=204)


def _named_message(call: Call) -> tuple[Conversation, Message]:
    conversation = named_conversation(call)
    require_participant(conversation, call.caller)
    return conversation, messages.find(conversation, call.arguments["message"])


def _check_media(sids: JSONValue) -> None:
    """
    There is no media service yet, so whatever is named does not exist.
    """
    if sids is None:
        return
    if not isinstance(sids, list):
        raise refusal(20001, "media_sids must be an array")
    for sid in sids:
        raise refusal(50507 if isinstance(sid, str) and is_sid(sid, "ME") else 50510)


def _check_content(body: Mapping[str, JSONValue], variable_limit: int) -> None:
    """
    There are no content templates yet: variables are checked, and every template is unknown.
    """
    content_sid, variables = body.get("content_sid"), body.get("content_variables")
    if variables is not None:
        if content_sid is None:
            raise refusal(50528)
        _check_variables(variables, variable_limit)
    if content_sid is not None:
        raise refusal(50526)


def _check_variables(variables: JSONValue, limit: int) -> None:
    try:
        decoded = json.loads(variables) if isinstance(variables, str) else None
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise refusal(50527)
    if any(len(str(value)) > limit for value in decoded.values()):
        raise refusal(50541)
