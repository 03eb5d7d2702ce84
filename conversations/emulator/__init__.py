"""
A local service that speaks the wire of Twilio Conversations.

For development and tests: clients of this package and the official SDKs use it unmodified
(docs/emulator.md). Needs the extra ``emulator``::

    from conversations import ConversationsClient
    from conversations.emulator import Emulator

    with Emulator() as emulator:
        token = emulator.token("alice")
        with ConversationsClient.create(token, emulator.properties()) as client:
            ...
"""

from __future__ import annotations

try:
    import aiohttp as _aiohttp  # noqa: F401  # tells early what is missing
except ImportError as error:
    _MESSAGE = "the emulator needs more: pip install 'conversations-client[emulator]'"
    raise ImportError(_MESSAGE) from error

from .clock import ManualClock
from .connections import ConnectionInfo
from .credentials import Credentials
from .domain.fields import UNSET
from .emulator import Emulator
from .handles import FaultHandle, HoldHandle
from .journal import HandshakeRecord, RequestRecord
from .refusals import Refusal
from .settings import Limits, PushSettings, Settings
from .views import (
    ConversationView,
    MediaView,
    MessageView,
    ParticipantView,
    PushRegistrationView,
    PushView,
    ReceiptView,
    RoleView,
    TemplateView,
    UserView,
)

__all__ = [
    "UNSET",
    "ConnectionInfo",
    "ConversationView",
    "Credentials",
    "Emulator",
    "FaultHandle",
    "HandshakeRecord",
    "HoldHandle",
    "Limits",
    "ManualClock",
    "MediaView",
    "MessageView",
    "ParticipantView",
    "PushRegistrationView",
    "PushSettings",
    "PushView",
    "ReceiptView",
    "Refusal",
    "RequestRecord",
    "RoleView",
    "Settings",
    "TemplateView",
    "UserView",
]
