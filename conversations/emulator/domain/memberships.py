"""
The list of conversations of one user: the records and the user's map, kept in step.
"""

from __future__ import annotations

from .items import membership_item
from .records import Conversation, Membership, User
from .service import Service


def show(conversation: Conversation, user: User, membership: Membership) -> None:
    """
    Add or update the conversation in the user's list.
    """
    user.memberships[conversation.sid] = membership
    participant = conversation.by_identity.get(user.identity)
    user.channels.set_item(conversation.sid, membership_item(conversation, membership, participant))


def hide(conversation: Conversation, user: User) -> None:
    """
    Take the conversation off the user's list.
    """
    user.memberships.pop(conversation.sid, None)
    user.channels.remove_item(conversation.sid)


def hide_from_all(service: Service, conversation: Conversation) -> None:
    """
    Take the conversation off the list of every member and of its creator.
    """
    for identity in dict.fromkeys([*conversation.by_identity, conversation.created_by]):
        user = service.users.get(identity)
        if user is not None:
            hide(conversation, user)


def listed(service: Service, user: User) -> list[Conversation]:
    """
    The user's list in order of creation.
    """
    found = [service.conversations[sid] for sid in user.memberships]
    return sorted(found, key=lambda conversation: conversation.number)


def unread_count(service: Service, conversation: Conversation, identity: str) -> int | None:
    """
    Messages after the user's horizon, of any author; ``None`` while it has none.
    """
    participant = conversation.by_identity.get(identity)
    if participant is None or participant.last_read_index is None:
        return None
    unread = conversation.count_after(participant.last_read_index)
    return min(unread, service.limits.unread_count)
