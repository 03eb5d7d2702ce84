"""
What belongs to one participant alone: how far it has read, and whether it is notified.
"""

from __future__ import annotations

from ..refusals import refusal
from . import memberships, participants, users
from .access import require_open
from .fields import ReadingFields, Unset
from .records import Caller, Conversation, Membership, Participant
from .service import Service


def own_participant(conversation: Conversation, caller: Caller) -> Participant:
    """
    The caller's own participation.
    """
    participant = conversation.by_identity.get(caller.identity)
    if participant is None:
        raise refusal(50430)
    return participant


def update(
    service: Service, caller: Caller, conversation: Conversation, fields: ReadingFields
) -> None:
    """
    Change notification level and read horizon. The horizon may go back.
    """
    participant = own_participant(conversation, caller)
    require_open(conversation)
    fields.check()
    if not isinstance(fields.notification_level, Unset):
        participant.notification_level = fields.notification_level
        _show(service, conversation, caller)
    index = fields.last_read_index
    if isinstance(index, Unset) or index == participant.last_read_index:
        return
    now = service.now()
    participant.last_read_index = index
    participant.last_read_at = None if index is None else now
    participant.date_updated = now
    _show(service, conversation, caller)
    participants.publish(service, conversation, participant)


def _show(service: Service, conversation: Conversation, caller: Caller) -> None:
    user = users.find(service, caller.identity)
    memberships.show(conversation, user, Membership.JOINED)
