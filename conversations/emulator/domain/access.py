"""
Who may do what (docs/protocol/conversations.md, Access control): membership, without roles.
"""

from __future__ import annotations

from ..refusals import refusal
from .records import Caller, Conversation


def is_participant(conversation: Conversation, identity: str) -> bool:
    """
    Whether the user is a chat participant.
    """
    return identity in conversation.by_identity


def is_insider(conversation: Conversation, identity: str) -> bool:
    """
    Whether the user is a chat participant, or created the conversation.
    """
    return is_participant(conversation, identity) or identity == conversation.created_by


def require_participant(conversation: Conversation, caller: Caller) -> None:
    """
    Refuse everybody but chat participants.
    """
    if not caller.is_server and not is_participant(conversation, caller.identity):
        raise refusal(50430)


def require_insider(conversation: Conversation, caller: Caller) -> None:
    """
    Refuse everybody but chat participants and the creator.
    """
    if not caller.is_server and not is_insider(conversation, caller.identity):
        raise refusal(50430)


def require_open(conversation: Conversation) -> None:
    """
    Refuse any change of a closed conversation.
    """
    if conversation.is_closed:
        raise refusal(50377)
