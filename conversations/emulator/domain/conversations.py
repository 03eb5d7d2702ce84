"""
Creating, finding, changing and deleting conversations.
"""

from __future__ import annotations

from typing import TypeVar

from ..ids import is_sid
from ..refusals import refusal
from ..sync.objects import SyncDocument, SyncList, SyncMap
from . import media, memberships, roles, states
from .access import is_insider, is_participant, require_insider, require_open
from .fields import ConversationFields, Unset
from .items import conversation_document
from .records import Caller, Conversation, Membership
from .service import Service

Value = TypeVar("Value")


def find(service: Service, sid: str) -> Conversation:
    """
    The conversation of that SID.
    """
    conversation = service.conversations.get(sid)
    if conversation is None:
        raise refusal(50350)
    return conversation


def look_up(service: Service, sid_or_unique_name: str) -> Conversation:
    """
    The conversation of that SID or unique name.
    """
    if is_sid(sid_or_unique_name, "CH"):
        return find(service, sid_or_unique_name)
    conversation = service.unique_names.get(sid_or_unique_name)
    if conversation is None:
        raise refusal(50350)
    return conversation


def create(service: Service, caller: Caller, fields: ConversationFields) -> Conversation:
    """
    Make a conversation. Its creator, unless it is the server, sees it but is not in it.
    """
    roles.require(service, caller, None, "createConversation")
    fields.check(service.limits)
    unique_name = _value(fields.unique_name, None) or None
    if unique_name in service.unique_names:
        raise refusal(50353)
    now = service.now()
    conversation = Conversation(
        sid=service.ids.sid("CH"),
        number=next(service.conversation_numbers),
        created_by=caller.identity,
        friendly_name=_value(fields.friendly_name, None),
        unique_name=unique_name,
        attributes=_value(fields.attributes, "{}"),
        bindings=_value(fields.bindings, {}),
        state_changed=now,
        date_created=now,
        date_updated=now,
    )
    _create_objects(service, conversation)
    service.conversations[conversation.sid] = conversation
    if unique_name is not None:
        service.unique_names[unique_name] = conversation
    creator = service.users.get(caller.identity)
    if creator is not None:
        memberships.show(conversation, creator, Membership.NOT_PARTICIPATING)
    states.begin(service, conversation)
    return conversation


def update(
    service: Service, caller: Caller, conversation: Conversation, fields: ConversationFields
) -> None:
    """
    Change names, attributes or state. A request without any of them changes nothing.
    """
    require_insider(conversation, caller)
    _require_permissions(service, caller, conversation, fields)
    require_open(conversation)
    fields.check(service.limits)
    _rename(service, conversation, fields.unique_name)
    conversation.friendly_name = _value(fields.friendly_name, conversation.friendly_name)
    conversation.attributes = _value(fields.attributes, conversation.attributes)
    conversation.bindings = _value(fields.bindings, conversation.bindings)
    if fields == ConversationFields():
        return
    conversation.date_updated = service.now()
    if isinstance(fields.state, Unset):
        conversation.document.set_data(conversation_document(conversation))
    else:
        states.change(service, conversation, fields.state)


def remove(service: Service, caller: Caller, conversation: Conversation) -> None:
    """
    Delete a conversation with everything in it, closed or not.

    The users' lists change first: removing the document first would cost them the notice
    that they have left.
    """
    require_insider(conversation, caller)
    roles.require(service, caller, conversation, "deleteConversation")
    states.end(conversation)
    memberships.hide_from_all(service, conversation)
    del service.conversations[conversation.sid]
    if conversation.unique_name is not None:
        del service.unique_names[conversation.unique_name]
    service.store.remove(conversation.document)
    service.store.remove(conversation.list)
    service.store.remove(conversation.roster)
    media.remove_of(service, conversation)


def require_reader(service: Service, caller: Caller, conversation: Conversation) -> None:
    """
    Refuse everybody but insiders, and those who may read every conversation.
    """
    if not roles.is_admin(service, caller.identity):
        require_insider(conversation, caller)


def _require_permissions(
    service: Service, caller: Caller, conversation: Conversation, fields: ConversationFields
) -> None:
    names = (fields.friendly_name, fields.unique_name)
    if any(not isinstance(name, Unset) for name in names):
        roles.require(service, caller, conversation, "editConversationName")
    if not isinstance(fields.attributes, Unset):
        roles.require(service, caller, conversation, "editConversationAttributes")


def _create_objects(service: Service, conversation: Conversation) -> None:
    def for_insiders(identity: str) -> bool:
        return is_insider(conversation, identity) or roles.is_admin(service, identity)

    def for_participants(identity: str) -> bool:
        return is_participant(conversation, identity) or roles.is_admin(service, identity)

    creator, name = conversation.created_by, conversation.sid
    conversation.document = service.store.create(
        SyncDocument, f"{name}.channel", created_by=creator, may_read=for_insiders
    )
    conversation.list = service.store.create(
        SyncList, f"{name}.messages", created_by=creator, may_read=for_participants
    )
    conversation.roster = service.store.create(
        SyncMap, f"{name}.roster", created_by=creator, may_read=for_participants
    )
    conversation.document.data = conversation_document(conversation)


def _rename(service: Service, conversation: Conversation, unique_name: str | Unset | None) -> None:
    if isinstance(unique_name, Unset):
        return
    wanted = unique_name or None
    holder = service.unique_names.get(wanted) if wanted else None
    if holder is not None and holder is not conversation:
        raise refusal(50353)
    if conversation.unique_name is not None:
        del service.unique_names[conversation.unique_name]
    if wanted is not None:
        service.unique_names[wanted] = conversation
    conversation.unique_name = wanted


def _value(given: Value | Unset, otherwise: Value) -> Value:
    return otherwise if isinstance(given, Unset) else given
