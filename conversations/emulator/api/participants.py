"""
Participants of a conversation.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.upstream import JSONValue
from ..domain import participants
from ..domain.access import require_participant
from ..domain.fields import UNSET, BindingFields, Unset
from ..domain.records import Conversation, Participant
from ..refusals import refusal
from .bodies import json_object, optional_text, text_or
from .calls import Answer, Call
from .conversations import named_conversation
from .resources import participant_body


def add_participant(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}/Participants``: join, add a user, add an address.
    """
    conversation = named_conversation(call)
    added = _add(call, conversation, json_object(call))
    return Answer(status=201, body=participant_body(call, conversation, added))


def update_participant(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}/Participants/{participant sid}``.
    """
    conversation = named_conversation(call)
    require_participant(conversation, call.caller)
    participant = participants.find(conversation, call.arguments["participant"])
    body = json_object(call)
    if "attributes" in body:
        participants.update(
            call.service, call.caller, conversation, participant, text_or(body, "attributes", "{}")
        )
    return Answer(body=participant_body(call, conversation, participant))


def remove_participant(call: Call) -> Answer:
    """
    ``DELETE {conversations}/{sid}/Participants/{participant sid or identity}``.
    """
    conversation = named_conversation(call)
    participants.remove(call.service, call.caller, conversation, call.arguments["participant"])
    return Answer(status=204)


def _add(call: Call, conversation: Conversation, body: Mapping[str, JSONValue]) -> Participant:
    identity = optional_text(body, "identity")
    binding = body.get("messaging_binding")
    attributes = text_or(body, "attributes", "{}")
    if binding is None:
        return participants.add_user(
            call.service, call.caller, conversation, _text(identity), attributes
        )
    if isinstance(identity, str):
        raise refusal(50211)
    if not isinstance(binding, dict):
        raise refusal(20001, "messaging_binding must be an object")
    fields = BindingFields(
        address=_text(optional_text(binding, "address")),
        proxy_address=_text(optional_text(binding, "proxy_address")),
        name=_text_or_none(optional_text(binding, "name")),
        level=_text_or_none(optional_text(binding, "level")),
    )
    return participants.add_address(call.service, call.caller, conversation, fields, attributes)


def _text(value: str | Unset | None) -> str:
    return value if isinstance(value, str) else ""


def _text_or_none(value: str | Unset | None) -> str | None:
    return None if value is UNSET else value
