"""
Conversations, as everybody sees them.
"""

from __future__ import annotations

from ..domain import conversations
from ..domain.fields import ConversationFields
from ..domain.records import Conversation
from .bodies import json_object, optional_text, text
from .calls import Answer, Call
from .resources import conversation_body, seen_conversation_body


def named_conversation(call: Call) -> Conversation:
    """
    The conversation that the path names.
    """
    return conversations.find(call.service, call.arguments["conversation"])


def create_conversation(call: Call) -> Answer:
    """
    ``POST {conversations}``.
    """
    created = conversations.create(call.service, call.caller, _fields(call))
    return Answer(status=201, body=conversation_body(call, created))


def get_conversation(call: Call) -> Answer:
    """
    ``GET {conversations}/{sid}``.
    """
    conversation = named_conversation(call)
    conversations.require_reader(call.service, call.caller, conversation)
    return Answer(body=seen_conversation_body(call, conversation))


def update_conversation(call: Call) -> Answer:
    """
    ``POST {conversations}/{sid}``.
    """
    conversation = named_conversation(call)
    conversations.update(call.service, call.caller, conversation, _fields(call))
    return Answer(body=conversation_body(call, conversation))


def delete_conversation(call: Call) -> Answer:
    """
    ``DELETE {conversations}/{sid}``.
    """
    conversations.remove(call.service, call.caller, named_conversation(call))
    return Answer(status=204)


def _fields(call: Call) -> ConversationFields:
    body = json_object(call)
    return ConversationFields(
        friendly_name=optional_text(body, "friendly_name"),
        unique_name=optional_text(body, "unique_name"),
        attributes=text(body, "attributes"),
    )
