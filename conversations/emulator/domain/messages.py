"""
Sending, editing and removing messages.
"""

from __future__ import annotations

from ..refusals import refusal
from .access import require_open, require_participant
from .conversations import wake
from .fields import MessageFields, Unset
from .items import conversation_document, message_item
from .records import Caller, Conversation, Message, Participant
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
    service: Service, caller: Caller, conversation: Conversation, fields: MessageFields
) -> Message:
    """
    Append a message. The conversation's own date and the read horizons stay as they are.

    The server may send for anybody: *caller* is then the author, by identity or by address.
    """
    require_participant(conversation, caller)
    require_open(conversation)
    fields.check(service.limits)
    now = service.now()
    participant = _participant_of(conversation, caller.identity)
    message = Message(
        sid=service.ids.sid("IM"),
        index=conversation.list.next_index,
        author=caller.identity,
        participant_sid=participant.sid if participant else None,
        body=None if isinstance(fields.body, Unset) else fields.body,
        subject=None if isinstance(fields.subject, Unset) else fields.subject,
        attributes="{}" if isinstance(fields.attributes, Unset) else fields.attributes,
        date_created=now,
        date_updated=now,
    )
    conversation.messages[message.index] = message
    conversation.message_indexes[message.sid] = message.index
    conversation.list.append(message_item(message))
    wake(service, conversation)
    conversation.document.set_data(conversation_document(conversation))
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


def remove(caller: Caller, conversation: Conversation, message: Message) -> None:
    """
    Remove a message. Its index is not used again.
    """
    require_participant(conversation, caller)
    require_open(conversation)
    was_last = conversation.last_message is message
    del conversation.messages[message.index]
    del conversation.message_indexes[message.sid]
    conversation.list.remove_item(message.index)
    if was_last:
        conversation.document.set_data(conversation_document(conversation))


def _participant_of(conversation: Conversation, author: str) -> Participant | None:
    by_identity = conversation.by_identity.get(author)
    if by_identity is not None:
        return by_identity
    for participant in conversation.participants.values():
        if participant.binding is not None and participant.binding.address == author:
            return participant
    return None
