"""
Typing: nothing is stored, the others are told.
"""

from __future__ import annotations

from .access import require_open, require_participant
from .records import Caller, Conversation
from .service import Service

TYPING_TYPE = "twilio.ipmsg.typing_indicator"


def start(service: Service, caller: Caller, conversation: Conversation) -> int:
    """
    Tell the other participants that this one types.

    Returns:
        Seconds until it may say so again. The others are told one more, for the way.
    """
    require_participant(conversation, caller)
    require_open(conversation)
    timeout = service.settings.typing_timeout
    for identity in conversation.by_identity:
        if identity != caller.identity:
            service.surroundings.notify_user(
                identity,
                TYPING_TYPE,
                {
                    "channel_sid": conversation.sid,
                    "identity": caller.identity,
                    "typing_timeout": timeout + 1,
                },
            )
    return timeout
