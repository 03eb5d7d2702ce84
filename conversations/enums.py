"""
The enums of the public API.

The value of a member is a stable string: the word of the wire or of the official JavaScript
SDK where there is one. Only :class:`ErrorReason` has numbers, those of the Android SDK.

Enums of words that come from the server are read with ``from_wire``, which never raises:
the service may grow. What it does not know becomes ``UNKNOWN``, or the member that the
class names instead. The members of update reasons stand in the order of their delivery.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Self

__all__ = [
    "AttributesType",
    "ChannelType",
    "ConnectionState",
    "ConversationState",
    "ConversationStatus",
    "ConversationSynchronizationStatus",
    "ConversationUpdateReason",
    "DeliveryAmount",
    "DeliveryStatus",
    "ErrorReason",
    "LogLevel",
    "MediaCategory",
    "MessageUpdateReason",
    "NotificationLevel",
    "NotificationPayloadType",
    "ParticipantUpdateReason",
    "SynchronizationStatus",
    "UserUpdateReason",
]


class _ServerWord(Enum):
    """
    An enum whose values are words of the server.
    """

    @classmethod
    def from_wire(cls, word: object) -> Self:
        """
        The member for a word of the server, whatever that is. Never raises.

        Args:
            word: As decoded from JSON; ``None`` if the server left it out.
        """
        if word is None:
            return cls._for_absent()
        if isinstance(word, str):
            for member in cls:
                if member.value == word:
                    return member
        return cls._for_unknown()

    @classmethod
    def _for_unknown(cls) -> Self:
        return cls["UNKNOWN"]

    @classmethod
    def _for_absent(cls) -> Self:
        return cls._for_unknown()


class _Progress(Enum):
    """
    An enum whose members are steps, in order, and ways of never getting there.
    """

    @classmethod
    def _steps(cls) -> tuple[Self, ...]:
        """
        The members that follow one another.
        """
        raise NotImplementedError

    def is_at_least(self, other: Self) -> bool:
        """
        Whether this step is *other* or a later one.

        A member that is no step, such as ``FAILED``, is at least itself and nothing else,
        and no step is at least that.
        """
        steps = self._steps()
        if self not in steps or other not in steps:
            return self is other
        return steps.index(self) >= steps.index(other)


class ConnectionState(Enum):
    """
    What the user sees of the connection. A client starts as ``DISCONNECTED``.

    Attributes:
        CONNECTING: The first connection or a new one is tried, pauses between attempts
            included.
        CONNECTED: Accepted by the server.
        DISCONNECTED: Not connected and not trying: before the start and after shutdown.
        DENIED: The token was rejected or has expired; waits for ``update_token``.
        ERROR: The connection broke or an attempt failed. Followed by ``CONNECTING`` at once.
        FATAL_ERROR: Failed for good; only a new client helps.
    """

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    DENIED = "denied"
    ERROR = "error"
    FATAL_ERROR = "fatal_error"


class SynchronizationStatus(_Progress):
    """
    How far the client is with loading the user's conversations.

    Attributes:
        STARTED: The configuration is there, loading begins.
        CONVERSATIONS_COMPLETED: Every conversation of the user has an object with its names,
            attributes and status; participants are still missing.
        COMPLETED: Every conversation is opened, or is known to have failed.
        FAILED: The list could not be loaded and trying again does not help.
        SYNCHRONIZATION_DISABLED: ``Properties.synchronize_on_startup`` is false.
    """

    STARTED = "started"
    CONVERSATIONS_COMPLETED = "conversations_completed"
    COMPLETED = "completed"
    FAILED = "failed"
    SYNCHRONIZATION_DISABLED = "synchronization_disabled"

    @classmethod
    def _steps(cls) -> tuple[SynchronizationStatus, ...]:
        return (cls.STARTED, cls.CONVERSATIONS_COMPLETED, cls.COMPLETED)


class ConversationSynchronizationStatus(_Progress):
    """
    How much of one conversation is loaded.

    Attributes:
        NONE: A local object only.
        IDENTIFIER: The sid is known.
        METADATA: The document is loaded and subscribed: names, attributes, dates, state.
        ALL: Participants are loaded, participants and messages are subscribed.
        FAILED: It could not be opened; blocking methods try again.
    """

    NONE = "none"
    IDENTIFIER = "identifier"
    METADATA = "metadata"
    ALL = "all"
    FAILED = "failed"

    @classmethod
    def _steps(cls) -> tuple[ConversationSynchronizationStatus, ...]:
        return (cls.NONE, cls.IDENTIFIER, cls.METADATA, cls.ALL)


class ConversationStatus(_ServerWord):
    """
    Whether the user is a participant of the conversation.
    """

    JOINED = "joined"
    NOT_PARTICIPATING = "notParticipating"
    UNKNOWN = "unknown"


class ConversationState(_ServerWord):
    """
    The life cycle of a conversation.

    Attributes:
        UNDEFINED: The server did not tell.
        ACTIVE: The normal state.
        INACTIVE: By timer or API; a new message makes it active again.
        CLOSED: Final; no more updates, operations are refused.
        UNKNOWN: A word that this version does not know.
    """

    UNDEFINED = "undefined"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    UNKNOWN = "unknown"

    @classmethod
    def _for_absent(cls) -> ConversationState:
        return cls.UNDEFINED


class NotificationLevel(_ServerWord):
    """
    Whether the user gets push notifications of the conversation. Absent: ``DEFAULT``.
    """

    DEFAULT = "default"
    MUTED = "muted"
    UNKNOWN = "unknown"

    @classmethod
    def _for_absent(cls) -> NotificationLevel:
        return cls.DEFAULT


class ConversationUpdateReason(Enum):
    """
    What has changed of a conversation, in the order of delivery.

    Attributes:
        LAST_MESSAGE: The newest message was added or deleted; not for edits.
        LAST_READ_MESSAGE_INDEX: The user's own read horizon, from whatever device.
        STATUS: Comes before ``on_conversation_joined`` and ``on_conversation_left``.
    """

    ATTRIBUTES = "attributes"
    FRIENDLY_NAME = "friendlyName"
    LAST_MESSAGE = "lastMessage"
    LAST_READ_MESSAGE_INDEX = "lastReadMessageIndex"
    NOTIFICATION_LEVEL = "notificationLevel"
    STATE = "state"
    STATUS = "status"
    UNIQUE_NAME = "uniqueName"
    CREATED_BY = "createdBy"
    DATE_CREATED = "dateCreated"
    DATE_UPDATED = "dateUpdated"
    BINDINGS = "bindings"


class MessageUpdateReason(Enum):
    """
    What has changed of a message, in the order of delivery.

    Attributes:
        DELIVERY_RECEIPT: The aggregated receipt appeared or changed.
    """

    BODY = "body"
    ATTRIBUTES = "attributes"
    DELIVERY_RECEIPT = "deliveryReceipt"
    SUBJECT = "subject"
    MEDIA = "media"
    AUTHOR = "author"
    LAST_UPDATED_BY = "lastUpdatedBy"
    DATE_CREATED = "dateCreated"
    DATE_UPDATED = "dateUpdated"


class ParticipantUpdateReason(Enum):
    """
    What has changed of a participant, in the order of delivery.
    """

    LAST_READ_MESSAGE_INDEX = "lastReadMessageIndex"
    LAST_READ_TIMESTAMP = "lastReadTimestamp"
    ATTRIBUTES = "attributes"
    ROLE_SID = "roleSid"
    BINDINGS = "bindings"
    DATE_CREATED = "dateCreated"
    DATE_UPDATED = "dateUpdated"


class UserUpdateReason(Enum):
    """
    What has changed of a user, in the order of delivery.

    Attributes:
        REACHABILITY_ONLINE: Only while reachability is on for the service.
        REACHABILITY_NOTIFIABLE: The same.
    """

    FRIENDLY_NAME = "friendlyName"
    ATTRIBUTES = "attributes"
    REACHABILITY_ONLINE = "reachabilityOnline"
    REACHABILITY_NOTIFIABLE = "reachabilityNotifiable"


class MediaCategory(_ServerWord):
    """
    What a media of a message is: an attachment, or a body or history of an e-mail.

    Absent: ``MEDIA``, as for the single media of old messages.
    """

    MEDIA = "media"
    BODY = "body"
    HISTORY = "history"
    UNKNOWN = "unknown"

    @classmethod
    def _for_absent(cls) -> MediaCategory:
        return cls.MEDIA


class ChannelType(_ServerWord):
    """
    The channel through which a participant takes part.

    Attributes:
        UNSET: The server did not tell.
        OTHER: A word that this version does not know.
    """

    UNSET = "unset"
    OTHER = "other"
    CHAT = "chat"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"

    @classmethod
    def _for_unknown(cls) -> ChannelType:
        return cls.OTHER

    @classmethod
    def _for_absent(cls) -> ChannelType:
        return cls.UNSET


class AttributesType(Enum):
    """
    The JSON type of an :class:`~conversations.Attributes`.
    """

    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


class DeliveryAmount(_ServerWord):
    """
    How many of the participants a delivery status holds for.
    """

    NONE = "none"
    SOME = "some"
    ALL = "all"
    UNKNOWN = "unknown"


class DeliveryStatus(_ServerWord):
    """
    How far the delivery to one participant is. Absent: ``QUEUED``.
    """

    READ = "read"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    FAILED = "failed"
    SENT = "sent"
    QUEUED = "queued"
    UNKNOWN = "unknown"

    @classmethod
    def _for_absent(cls) -> DeliveryStatus:
        return cls.QUEUED


class NotificationPayloadType(_ServerWord):
    """
    What a push notification is about.
    """

    NEW_MESSAGE = "twilio.conversations.new_message"
    ADDED_TO_CONVERSATION = "twilio.conversations.added_to_conversation"
    REMOVED_FROM_CONVERSATION = "twilio.conversations.removed_from_conversation"
    UNKNOWN = "unknown"


class LogLevel(Enum):
    """
    How much the SDK logs.
    """

    SILENT = "silent"
    ASSERT = "assert"
    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    VERBOSE = "verbose"

    @property
    def logging_level(self) -> int:
        """
        The level of :mod:`logging` that it stands for; above all of them for ``SILENT``.
        """
        return _LOGGING_LEVELS[self]


_LOGGING_LEVELS = {
    LogLevel.SILENT: logging.CRITICAL + 10,
    LogLevel.ASSERT: logging.CRITICAL,
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.VERBOSE: logging.DEBUG,
}


class ErrorReason(Enum):
    """
    What kind of error it is, from the client's point of view.

    Members and numbers are those of the Android SDK. Some have a meaning in other SDKs only
    and exist for the numbers' sake.

    Attributes:
        UNKNOWN: Nothing else fits.
        CANCELLED: The user cancelled the call.
        TIMEOUT: The call's ``timeout`` is over.
        TRANSPORT_DISCONNECTED: The connection was lost while a request was under way that
            must not be repeated.
        NETWORK_BECAME_UNREACHABLE: The host name did not resolve, or nobody answered there.
        UNAUTHORIZED: The token was rejected, or a request was refused with status 401.
        TOKEN_EXPIRED: Code 20104, or the connection was closed with status 410.
        TOKEN_UPDATED_LOCALLY: Not an error for the user.
        TOO_MANY_REQUESTS: Status 429 after all retries.
        CLOSE_MESSAGE_RECEIVED: The server closed the connection.
        CANNOT_PARSE: An answer or a frame was not understood.
        COMMAND_RECOVERABLE_ERROR: Status 429, 502, 503 or 504.
        COMMAND_PERMANENT_ERROR: Any other status that is not 2xx.
        OPEN_DOCUMENT_ERROR: The document of a conversation could not be opened.
        OPEN_COLLECTION_ERROR: A roster, a message list or a user could not be opened.
        MISMATCHED_LAST_USER_ACCOUNT: The identity is not the one of the connection before.
    """

    UNKNOWN = 0
    CANCELLED = 1
    TIMEOUT = 2
    MEDIA_UPLOAD_ERROR = 3
    MEDIA_FETCH_ERROR = 4
    TOO_MANY_ATTACHMENTS = 5
    UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE = 6
    UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE = 7
    TRANSPORT_DISCONNECTED = 8
    NETWORK_BECAME_UNREACHABLE = 9
    UNAUTHORIZED = 10
    TOKEN_EXPIRED = 11
    TOKEN_UPDATED_LOCALLY = 12
    TOO_MANY_REQUESTS = 13
    HOSTNAME_UNVERIFIED = 14
    SSL_HANDSHAKE_ERROR = 15
    CLOSE_MESSAGE_RECEIVED = 16
    CANNOT_PARSE = 17
    RETRIER_REACHED_MAX_ATTEMPTS_COUNT = 18
    RETRIER_REACHED_MAX_TIME = 19
    CONTENT_TEMPLATES_FETCH_ERROR = 20
    COMMAND_RECOVERABLE_ERROR = 21
    COMMAND_PERMANENT_ERROR = 22
    NO_CONTENT_SID = 23
    CONTENT_MEDIA_DOWNLOAD_ERROR = 24
    CREATE_CLIENT_ERROR = 25
    UPDATE_TOKEN_ERROR = 26
    OPEN_STREAM_ERROR = 27
    OPEN_DOCUMENT_ERROR = 28
    OPEN_COLLECTION_ERROR = 29
    MUTATE_OPERATION_ABORTED = 30
    MUTATE_COLLECTION_ITEM_NOT_FOUND = 31
    MISMATCHED_LAST_USER_ACCOUNT = 32
    CLIENT_SHUTDOWN = 33
    ITERATOR_ERROR = 34
