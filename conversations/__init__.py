"""
A client SDK for Twilio Conversations: a user's own live connection, for threaded programs.

Everything public is here; import from nowhere deeper::

    from conversations import ConversationsClient, ConversationsClientListener
"""

from __future__ import annotations

import logging

from conversations._version import __version__
from conversations.attributes import Attributes, JSONArray, JSONObject, JSONValue
from conversations.client import ConversationsClient
from conversations.conversation import Conversation
from conversations.enums import (
    AttributesType,
    ChannelType,
    ConnectionState,
    ConversationState,
    ConversationStatus,
    ConversationSynchronizationStatus,
    ConversationUpdateReason,
    DeliveryAmount,
    DeliveryStatus,
    ErrorReason,
    LogLevel,
    MediaCategory,
    MessageUpdateReason,
    NotificationLevel,
    NotificationPayloadType,
    ParticipantUpdateReason,
    SynchronizationStatus,
    UserUpdateReason,
)
from conversations.errors import (
    BadRequestError,
    ClientForkedError,
    ClientShutdownError,
    ClientStateError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    ConversationsError,
    ErrorInfo,
    ForbiddenError,
    InvalidArgumentError,
    MediaError,
    NotFoundError,
    NotReadyError,
    OperationCancelledError,
    PayloadTooLargeError,
    RateLimitedError,
    ReentrancyError,
    RequestTimeoutError,
    ServerError,
    ServiceError,
    TlsError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
    UnauthorizedError,
)
from conversations.listeners import (
    CallbackListener,
    ConversationListener,
    ConversationsClientListener,
    StatusListener,
)
from conversations.message import Message
from conversations.paginator import Paginator
from conversations.participant import Participant
from conversations.properties import Properties
from conversations.tokens import AccessToken, ChatGrant, read_claims
from conversations.user import User

logging.getLogger("conversations").addHandler(logging.NullHandler())

__all__ = [
    "AccessToken",
    "Attributes",
    "AttributesType",
    "BadRequestError",
    "CallbackListener",
    "ChannelType",
    "ChatGrant",
    "ClientForkedError",
    "ClientShutdownError",
    "ClientStateError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "ConnectionState",
    "Conversation",
    "ConversationListener",
    "ConversationState",
    "ConversationStatus",
    "ConversationSynchronizationStatus",
    "ConversationUpdateReason",
    "ConversationsClient",
    "ConversationsClientListener",
    "ConversationsError",
    "DeliveryAmount",
    "DeliveryStatus",
    "ErrorInfo",
    "ErrorReason",
    "ForbiddenError",
    "InvalidArgumentError",
    "JSONArray",
    "JSONObject",
    "JSONValue",
    "LogLevel",
    "MediaCategory",
    "MediaError",
    "Message",
    "MessageUpdateReason",
    "NotFoundError",
    "NotReadyError",
    "NotificationLevel",
    "NotificationPayloadType",
    "OperationCancelledError",
    "Paginator",
    "Participant",
    "ParticipantUpdateReason",
    "PayloadTooLargeError",
    "Properties",
    "RateLimitedError",
    "ReentrancyError",
    "RequestTimeoutError",
    "ServerError",
    "ServiceError",
    "StatusListener",
    "SynchronizationStatus",
    "TlsError",
    "TokenError",
    "TokenExpiredError",
    "TokenRejectedError",
    "TransportError",
    "UnauthorizedError",
    "User",
    "UserUpdateReason",
    "__version__",
    "read_claims",
]
