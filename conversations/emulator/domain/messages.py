"""
Sending, editing and removing messages.
"""

from __future__ import annotations

from ..refusals import refusal
from . import content, delivery, media, participants, push, roles, states
from .access import require_open, require_participant
from .content import Rendered
from .fields import NOTHING_ATTACHED, AttachedFields, MessageFields, Unset
from .items import conversation_document, message_item
from .records import Caller, Conversation, Message
from .service import Service


def find(conversation: Conversation, sid: str) -> Message:
    """
    The message of that SID.
    """
    message = conversation.message(sid)
    if message is None:
        raise refusal(50500)
    return message


def send(
    service: Service,
    caller: Caller,
    conversation: Conversation,
    fields: MessageFields,
    attached: AttachedFields = NOTHING_ATTACHED,
) -> Message:
    """
    Append a message. The conversation's own date and the read horizons stay as they are.

    The server may send for anybody: *caller* is then the author, by identity or by address. A
    message that is made from a template has the template's words, not those of *fields*.
    """
    require_participant(conversation, caller)
    roles.require(service, caller, conversation, "sendMessage")
    if attached.media_sids:
        roles.require(service, caller, conversation, "sendMediaMessage")
    require_open(conversation)
    fields.check(service.limits)
    named = media.to_attach(service, attached.media_sids)
    rendered = _render(service, attached)
    body = None if isinstance(fields.body, Unset) else fields.body
    if rendered is not None:
        body = rendered.body
        named = (*named, content.keep(service, caller.identity, rendered))
    now = service.now()
    participant = participants.by_author(conversation, caller.identity)
    message = Message(
        sid=service.ids.sid("IM"),
        index=conversation.list.next_index,
        author=caller.identity,
        participant_sid=participant.sid if participant else None,
        body=body,
        subject=None if isinstance(fields.subject, Unset) else fields.subject,
        attributes="{}" if isinstance(fields.attributes, Unset) else fields.attributes,
        date_created=now,
        date_updated=now,
        media=named,
        content_sid=attached.content_sid,
        channel_metadata=attached.channel_metadata,
    )
    media.attach(service, conversation, message)
    delivery.begin(service, conversation, message)
    conversation.messages[message.index] = message
    conversation.message_indexes[message.sid] = message.index
    conversation.list.append(message_item(message))
    states.note_activity(service, conversation)
    conversation.document.set_data(conversation_document(conversation))
    push.message_added(service, conversation, message)
    return message


def edit(
    service: Service,
    caller: Caller,
    conversation: Conversation,
    message: Message,
    fields: MessageFields,
) -> None:
    """
    Change body or attributes. A request without either changes nothing.
    """
    require_participant(conversation, caller)
    own = "Own" if message.author == caller.identity else "Any"
    if not (isinstance(fields.body, Unset) and isinstance(fields.subject, Unset)):
        roles.require(service, caller, conversation, f"edit{own}Message", "editAnyMessage")
    if not isinstance(fields.attributes, Unset):
        permissions = (f"edit{own}MessageAttributes", "editAnyMessageAttributes")
        roles.require(service, caller, conversation, *permissions)
    require_open(conversation)
    fields.check(service.limits)
    if fields == MessageFields():
        return
    if not isinstance(fields.body, Unset):
        message.body = fields.body
    if not isinstance(fields.subject, Unset):
        message.subject = fields.subject
    if not isinstance(fields.attributes, Unset):
        message.attributes = fields.attributes
    message.date_updated = service.now()
    message.last_updated_by = caller.identity
    conversation.list.set_item(message.index, message_item(message))


def remove(service: Service, caller: Caller, conversation: Conversation, message: Message) -> None:
    """
    Remove a message. Its index is not used again.
    """
    require_participant(conversation, caller)
    own = "Own" if message.author == caller.identity else "Any"
    roles.require(service, caller, conversation, f"delete{own}Message", "deleteAnyMessage")
    require_open(conversation)
    was_last = conversation.last_message is message
    del conversation.messages[message.index]
    del conversation.message_indexes[message.sid]
    conversation.list.remove_item(message.index)
    if was_last:
        conversation.document.set_data(conversation_document(conversation))


def _render(service: Service, attached: AttachedFields) -> Rendered | None:
    """
    The template that a message is made from, filled in.
    """
    if attached.content_sid is None:
        if attached.content_variables is not None:
            raise refusal(50528)
        return None
    variables: dict[str, str] = {}
    if attached.content_variables is not None:
        variables = content.check_variables(service, attached.content_variables)
    return content.render(content.find(service, attached.content_sid), variables)
