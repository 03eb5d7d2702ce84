"""
The states of one subscription, as a table.

A missing entry is a bug: the code that uses the table has checked before that what happened
concerns the request which is pending.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Phase(enum.Enum):
    """
    How far the server and we agree about one entity.
    """

    IDLE = "idle"
    """
    The server is not asked yet, or to be asked again.
    """
    ESTABLISHING = "establishing"
    """
    Asked for; the replay is under way or to come.
    """
    ESTABLISHED = "established"
    """
    Live.
    """
    CANCELING = "canceling"
    """
    Asked to stop.
    """
    REFUSED = "refused"
    """
    The server does not allow it. Not asked again until the entity is opened again.
    """
    RECOVERING = "recovering"
    """
    The entity is read again first.
    """


class Input(enum.Enum):
    """
    What can happen to a subscription.
    """

    ESTABLISH_SENT = "establish sent"
    CANCEL_SENT = "cancel sent"
    POST_FAILED = "the request failed as a whole"
    COMPLETED = "established, replay completed"
    INTERRUPTED = "established, replay interrupted"
    UNAVAILABLE = "failed, may succeed later"
    FORBIDDEN = "failed for good"
    HISTORY_LOST = "failed with 404, or interrupted without progress"
    CANCELED = "canceled as asked"
    OUTDATED = "an answer for a previous opening of the entity"
    EXPIRED = "no answer in time"
    REPEATED = "to be established again: lifetime over, events missing, canceled by the server"
    REPLACED = "opened again"
    RECOVERED = "the entity was read again, or could not be for now"
    DISCONNECTED = "the connection is lost or new"


_TABLE: dict[Phase, dict[Input, Phase]] = {
    Phase.IDLE: {
        Input.ESTABLISH_SENT: Phase.ESTABLISHING,
        Input.REPLACED: Phase.IDLE,
        Input.DISCONNECTED: Phase.IDLE,
    },
    Phase.ESTABLISHING: {
        Input.POST_FAILED: Phase.IDLE,
        Input.COMPLETED: Phase.ESTABLISHED,
        Input.INTERRUPTED: Phase.IDLE,
        Input.UNAVAILABLE: Phase.IDLE,
        Input.FORBIDDEN: Phase.REFUSED,
        Input.HISTORY_LOST: Phase.RECOVERING,
        Input.OUTDATED: Phase.IDLE,
        Input.EXPIRED: Phase.IDLE,
        Input.DISCONNECTED: Phase.IDLE,
    },
    Phase.ESTABLISHED: {
        Input.CANCEL_SENT: Phase.CANCELING,
        Input.REPEATED: Phase.IDLE,
        Input.REPLACED: Phase.IDLE,
        Input.DISCONNECTED: Phase.IDLE,
    },
    Phase.CANCELING: {
        Input.POST_FAILED: Phase.ESTABLISHED,
        Input.CANCELED: Phase.IDLE,
        Input.OUTDATED: Phase.IDLE,
        Input.EXPIRED: Phase.ESTABLISHED,
        Input.DISCONNECTED: Phase.IDLE,
    },
    Phase.REFUSED: {
        Input.REPLACED: Phase.IDLE,
        Input.DISCONNECTED: Phase.REFUSED,
    },
    Phase.RECOVERING: {
        Input.REPLACED: Phase.IDLE,
        Input.FORBIDDEN: Phase.REFUSED,
        Input.RECOVERED: Phase.IDLE,
        Input.DISCONNECTED: Phase.RECOVERING,
    },
}

TRANSITIONS: Mapping[Phase, Mapping[Input, Phase]] = MappingProxyType(_TABLE)
