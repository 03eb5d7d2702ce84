"""
Messages of a conversation. Clients read them through Sync.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.upstream import JSONValue
from ..domain import messages
from ..domain.access import require_open, require_participant
from ..domain.fields import AttachedFields, MessageFields
from ..domain.records import Conversation, Message
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
    fields = MessageFields(
        body=optional_text(body, "body"),
        subject=optional_text(body, "subject"),
        attributes=text(body, "attributes"),
    )
    attached = AttachedFields(
        media_sids=_media_sids(body.get("media_sids")),
        content_sid=_text_or_none(body, "content_sid", 50526),
        content_variables=_text_or_none(body, "content_variables", 50527),
    )
    message = messages.send(call.service, call.caller, conversation, fields, attached)
    return Answer(status=201, body=message_body(call, conversation, message))


def edit_message(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}/Messages/{message sid}``.
    """
    conversation, message = named_message(call)
    body = json_object(call)
    fields = MessageFields(body=text(body, "body"), attributes=text(body, "attributes"))
    messages.edit(call.service, call.caller, conversation, message, fields)
    return Answer(body=message_body(call, conversation, message))


def remove_message(call: Call) -> Answer:
    """
    ``DELETE {conversations}/{sid}/Messages/{message sid}``.
    """
    conversation, message = named_message(call)
    messages.remove(call.service, call.caller, conversation, message)
    return Answer(status=204)


def named_message(call: Call) -> tuple[Conversation, Message]:
    """
    Conversation and message that the path names, for somebody who is in it.
    """
    conversation = named_conversation(call)
    require_participant(conversation, call.caller)
    return conversation, messages.find(conversation, call.arguments["message"])


def _media_sids(sids: JSONValue) -> tuple[str, ...]:
    if sids is None:
        return ()
    if not isinstance(sids, list):
        raise refusal(20001, "media_sids must be an array")
    named = [sid for sid in sids if isinstance(sid, str)]
    if len(named) < len(sids):
        raise refusal(50510)
    return tuple(named)


def _text_or_none(body: Mapping[str, JSONValue], name: str, code: int) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise refusal(code)
