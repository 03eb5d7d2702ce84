"""
What belongs to one participant alone: how far it has read, and whether it is notified.
"""

from __future__ import annotations

from conversations.emulator.refusals import refusal

from . import memberships, participants, users
from .access import require_open
from .records import Caller, Conversation, Membership, NotificationLevel, Participant
from .service import Service


def own_participant(conversation: Conversation, caller: Caller) -> Participant:
    """
    The caller's own participation.
    """
    participant = conversation.by_identity.get(caller.identity)
    if participant is None:
        raise refusal(50430)
    return participant


def set_horizon(
    service: Service, caller: Caller, conversation: Conversation, index: int | None
) -> None:
    """
    Set or unset the index up to which the caller has read. It may go back.
    """
    participant = own_participant(conversation, caller)
    require_open(conversation)
    if index is not None and index < 0:
        raise refusal(50406)
    if index == participant.last_read_index:
        return
    now = service.now()
    participant.last_read_index = index
    participant.last_read_at = None if index is None else now
    participant.date_updated = now
    _show(service, conversation, caller)
    participants.publish(service, conversation, participant)


def set_level(
    service: Service, caller: Caller, conversation: Conversation, level: NotificationLevel
) -> None:
    """
    Choose whether the caller is notified.
    """
    participant = own_participant(conversation, caller)
    require_open(conversation)
    participant.notification_level = level
    _show(service, conversation, caller)


def unread_count(service: Service, conversation: Conversation, identity: str) -> int | None:
    """
    Messages after the user's horizon, of any author; ``None`` while it has none.
    """
    participant = conversation.by_identity.get(identity)
    if participant is None or participant.last_read_index is None:
        return None
    unread = conversation.count_after(participant.last_read_index)
    return min(unread, service.limits.unread_count)


def _show(service: Service, conversation: Conversation, caller: Caller) -> None:
    user = users.find(service, caller.identity)
    memberships.show(conversation, user, Membership.JOINED)
