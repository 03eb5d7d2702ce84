"""
The caller's own list of conversations.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.upstream import JSONValue
from ..domain import conversations, memberships, reading
from ..domain.fields import UNSET, ReadingFields, Unset
from ..domain.records import Conversation, Membership, NotificationLevel
from ..refusals import refusal
from .bodies import json_object
from .calls import Answer, Call
from .pages import PageRequest, cut_page
from .resources import own_conversation_body


def list_own_conversations(call: Call) -> Answer:
    """
    ``GET {my_conversations}``: the same conversations as in the user's map.
    """
    call.require_own_user()
    page = PageRequest.decode(call.request, call.service.settings.conversations_page_size)
    listed = memberships.listed(call.service, call.user)
    cut, meta = cut_page(listed, lambda conversation: conversation.number, page)
    entries: list[JSONValue] = [
        own_conversation_body(call, conversation, call.user.memberships[conversation.sid])
        for conversation in cut
    ]
    return Answer(body={"conversations": entries, "meta": meta})


def get_own_conversation(call: Call) -> Answer:
    """
    ``GET {my_conversations}/{sid or unique name}``.
    """
    call.require_own_user()
    conversation = conversations.look_up(call.service, call.arguments["conversation"])
    membership = call.user.memberships.get(conversation.sid)
    if membership is None:
        raise refusal(50350)
    return Answer(body=own_conversation_body(call, conversation, membership))


def update_own_conversation(call: Call) -> Answer:
    """
    ``POST {my_conversations}/{sid}``: notification level, read horizon.
    """
    call.require_own_user()
    conversation = conversations.find(call.service, call.arguments["conversation"])
    reading.own_participant(conversation, call.caller)
    body = json_object(call)
    fields = ReadingFields(notification_level=_level(body), last_read_index=_horizon(body))
    reading.update(call.service, call.caller, conversation, fields)
    return Answer(body=_as_member(call, conversation))


def _as_member(call: Call, conversation: Conversation) -> dict[str, JSONValue]:
    membership = call.user.memberships.get(conversation.sid, Membership.NOT_PARTICIPATING)
    return own_conversation_body(call, conversation, membership)


def _level(body: Mapping[str, JSONValue]) -> NotificationLevel | Unset:
    match body.get("notification_level", UNSET):
        case Unset.UNSET:
            return UNSET
        case "default" | "muted" as level:
            return NotificationLevel(level)
    raise refusal(50210)


def _horizon(body: Mapping[str, JSONValue]) -> int | Unset | None:
    index = body.get("last_read_message_index", UNSET)
    if index is None or isinstance(index, Unset):
        return index
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    raise refusal(50406)
