"""
Adding, changing and removing participants.
"""

from __future__ import annotations

from ..ids import is_sid
from ..refusals import refusal
from . import memberships, push, roles, states, users
from .access import require_insider, require_open, require_participant
from .conversations import require_reader
from .fields import BindingFields, check_attributes, check_identity
from .items import conversation_document, roster_item
from .records import Binding, Caller, Conversation, Membership, Participant, Role, User
from .service import Service


def find(conversation: Conversation, sid_or_identity: str) -> Participant:
    """
    The participant of that SID or identity.
    """
    table = conversation.participants if is_sid(sid_or_identity, "MB") else conversation.by_identity
    participant = table.get(sid_or_identity)
    if participant is None:
        raise refusal(50432)
    return participant


def by_author(conversation: Conversation, author: str) -> Participant | None:
    """
    The participant who writes under that identity or address.
    """
    by_identity = conversation.by_identity.get(author)
    if by_identity is not None:
        return by_identity
    for participant in conversation.participants.values():
        if participant.binding is not None and participant.binding.address == author:
            return participant
    return None


def add_user(
    service: Service,
    caller: Caller,
    conversation: Conversation,
    identity: str,
    attributes: str = "{}",
) -> Participant:
    """
    Add a user, or join. An identity that nobody has used yet becomes a user.
    """
    if identity == caller.identity and not caller.is_server:
        _check_joining(service, conversation, caller)
    else:
        require_insider(conversation, caller)
        roles.require(service, caller, conversation, "addParticipant")
    require_open(conversation)
    check_identity(identity, service.limits)
    check_attributes(attributes, service.limits.participant_attributes_bytes)
    if identity in conversation.by_identity:
        raise refusal(50433)
    if len(conversation.participants) >= service.limits.participants:
        raise refusal(50417)
    user = users.ensure(service, identity)
    _check_not_in_too_many(service, user)
    participant = _record(service, conversation, identity=identity, attributes=attributes)
    conversation.by_identity[identity] = participant
    publish(service, conversation, participant)
    # The roster first, so that the new member loads one that already contains it.
    memberships.show(conversation, user, Membership.JOINED)
    _note_activity(service, conversation)
    if identity != caller.identity:
        push.participant_added(service, conversation, identity)
    return participant


def add_address(
    service: Service,
    caller: Caller,
    conversation: Conversation,
    fields: BindingFields,
    attributes: str = "{}",
) -> Participant:
    """
    Add somebody outside the chat.
    """
    require_insider(conversation, caller)
    roles.require(service, caller, conversation, "addParticipant", "addNonChatParticipant")
    require_open(conversation)
    binding = fields.check(service.limits)
    check_attributes(attributes, service.limits.participant_attributes_bytes)
    _check_pair_is_free(service, binding)
    outside = len(conversation.participants) - len(conversation.by_identity)
    if outside >= service.limits.non_chat_participants:
        raise refusal(50422)
    if len(conversation.participants) >= service.limits.participants:
        raise refusal(50417)
    participant = _record(service, conversation, binding=binding, attributes=attributes)
    publish(service, conversation, participant)
    _note_activity(service, conversation)
    return participant


def update(
    service: Service,
    caller: Caller,
    conversation: Conversation,
    participant: Participant,
    attributes: str,
) -> None:
    """
    Change a participant's attributes.
    """
    require_participant(conversation, caller)
    if participant.identity != caller.identity:
        roles.require(service, caller, conversation, "editAnyParticipantAttributes")
    require_open(conversation)
    check_attributes(attributes, service.limits.participant_attributes_bytes)
    participant.attributes = attributes
    participant.date_updated = service.now()
    publish(service, conversation, participant)


def remove(
    service: Service, caller: Caller, conversation: Conversation, sid_or_identity: str
) -> None:
    """
    Remove a participant, or leave.

    The user's list changes before the roster, so that a leaver learns that it has left rather
    than seeing itself leave. After that it hears nothing more of what it may not read.
    """
    require_insider(conversation, caller)
    participant = find(conversation, sid_or_identity)
    is_leaving = participant.identity == caller.identity
    roles.require(
        service, caller, conversation, "leaveConversation" if is_leaving else "removeParticipant"
    )
    require_open(conversation)
    del conversation.participants[participant.sid]
    if participant.identity is not None:
        del conversation.by_identity[participant.identity]
        memberships.hide(conversation, users.find(service, participant.identity))
    conversation.roster.remove_item(participant.sid)
    for target in (conversation.document, conversation.list, conversation.roster):
        target.drop_strangers()
    if participant.identity is not None and not is_leaving:
        push.participant_removed(service, conversation, participant.identity)


def set_role(
    service: Service, conversation: Conversation, participant: Participant, role: Role
) -> None:
    """
    Give a participant another role.
    """
    participant.role_sid = role.sid
    participant.date_updated = service.now()
    publish(service, conversation, participant)


def _check_joining(service: Service, conversation: Conversation, caller: Caller) -> None:
    """
    Only the creator may come back or in without being added.
    """
    if caller.identity in conversation.by_identity:
        raise refusal(50433)
    require_reader(service, caller, conversation)
    roles.require(service, caller, conversation, "joinConversation")


def _check_not_in_too_many(service: Service, user: User) -> None:
    joined = sum(1 for status in user.memberships.values() if status is Membership.JOINED)
    if joined >= service.limits.conversations_of_user:
        raise refusal(50214)


def _check_pair_is_free(service: Service, binding: Binding) -> None:
    for conversation in service.conversations.values():
        if conversation.is_closed:
            continue
        for participant in conversation.participants.values():
            other = participant.binding
            if other is not None and (other.address, other.proxy_address) == (
                binding.address,
                binding.proxy_address,
            ):
                message = (
                    "A binding for this participant and proxy address already exists in "
                    f"Conversation {conversation.sid}"
                )
                raise refusal(50416, message)


def _record(
    service: Service,
    conversation: Conversation,
    *,
    identity: str | None = None,
    binding: Binding | None = None,
    attributes: str,
) -> Participant:
    now = service.now()
    is_creator = identity is not None and identity == conversation.created_by
    participant = Participant(
        sid=service.ids.sid("MB"),
        identity=identity,
        binding=binding,
        role_sid=service.creator_role_sid if is_creator else service.participant_role_sid,
        attributes=attributes,
        date_created=now,
        date_updated=now,
    )
    conversation.participants[participant.sid] = participant
    return participant


def publish(service: Service, conversation: Conversation, participant: Participant) -> None:
    """
    Write the participant's item of the roster.
    """
    user = service.users.get(participant.identity) if participant.identity is not None else None
    info = user.info.unique_name if user else None
    conversation.roster.set_item(participant.sid, roster_item(participant, info))


def _note_activity(service: Service, conversation: Conversation) -> None:
    if states.note_activity(service, conversation):
        conversation.document.set_data(conversation_document(conversation))
