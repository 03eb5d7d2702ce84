"""
Everything about the emulator that can be chosen, with the real service's values as defaults.
"""

from __future__ import annotations

import attrs

from .credentials import Credentials


@attrs.frozen(kw_only=True)
class Limits:
    """
    The documented limits of the service (docs/protocol/conversations.md, Limits).

    KB values are bytes of UTF-8, the others count characters. A megabyte has 1024 times 1024
    bytes; those for media are told to the clients, which is why they are whole numbers.
    """

    friendly_name_characters: int = 256
    unique_name_characters: int = 256
    identity_characters: int = 256
    subject_characters: int = 256
    conversation_attributes_bytes: int = 16 * 1024
    participant_attributes_bytes: int = 4 * 1024
    message_attributes_bytes: int = 4 * 1024
    user_attributes_bytes: int = 4 * 1024
    body_bytes: int = 32 * 1024
    content_variable_characters: int = 256
    content_variable_name_characters: int = 16
    content_variables_characters: int = 27_801
    media_attachments: int = 10
    media_megabytes: int = 150
    media_total_megabytes: int = 150
    participants: int = 1000
    non_chat_participants: int = 50
    conversations_of_user: int = 1000
    unread_count: int = 1000


@attrs.frozen(kw_only=True)
class PushSettings:
    """
    Which push notifications the service makes, and their words.

    The real service makes none until its operator has switched them on, and neither does the
    emulator. Templates may contain ``${CONVERSATION}``, ``${PARTICIPANT}``, ``${MESSAGE}`` and
    ``${MEDIA_COUNT}``.

    Attributes:
        new_message: Whether of messages.
        new_media_message: Whether those with attachments have words of their own.
        added: Whether of being added to a conversation.
        removed: Whether of being removed from one.
        badge: Whether APNs payloads tell in how many conversations something is unread.
        sound: Name of the sound.
    """

    new_message: bool = False
    new_media_message: bool = False
    added: bool = False
    removed: bool = False
    badge: bool = False
    sound: str = "default"
    new_message_template: str = "${CONVERSATION};${PARTICIPANT}: ${MESSAGE}"
    new_media_message_template: str = "${PARTICIPANT} sent ${MEDIA_COUNT} file(s)"
    added_template: str = "You joined ${CONVERSATION}"
    removed_template: str = "You left ${CONVERSATION}"


EMAIL_TYPES = ("text/plain", "text/html")


@attrs.frozen(kw_only=True)
class Settings:
    """
    How one emulator behaves.

    Attributes:
        credentials: The account whose tokens are taken.
        permissive_tokens: Take tokens of anybody: no check of signature, issuer and lifetime.
        ping_interval: Seconds between two Twilsock pings. Below the 45 s after which clients
            give up a silent connection. A client that sends nothing for three intervals is
            disconnected.
        init_timeout: Seconds a new connection has for its ``init``.
        expiry_notice: Seconds before a token's end at which it is announced, or half of what
            is left if that is less.
        close_grace: Seconds a client has to close after a Twilsock ``close`` frame.
        message_limit_bytes: Size of the largest websocket message taken.
        outgoing_limit_bytes: What may wait for a client that does not read before it is dropped.
        conversations_page_size: Default page of the list of own conversations.
        reachability_enabled: Whether users are shown online and offline.
        reachability_grace: Seconds after the last connection before a user shows as offline.
        typing_timeout: Seconds between two reports of typing. The others are told one more.
        http_cache_interval: ISO 8601 duration, told to the clients.
        consumption_report_interval: The same.
        user_infos_to_subscribe: How many other users a client may follow, told to it.
        email_body_types: Content types of media of the category ``body``.
        email_history_types: Content types of media of the category ``history``.
        refused_media_types: Patterns of content types that uploads may not have.
        media_memory_bytes: Media up to this size are kept in memory, larger ones in files.
        media_url_lifetime: Seconds that a temporary URL of media is good for.
        public_url: Scheme and host for the URLs of media, if the one that a client connected
            to is not what it can reach.
        inactive_timer: Seconds without activity until a new conversation becomes inactive.
        closed_timer: Seconds without activity until a new conversation is closed.
        enforces_roles: Whether the permissions of roles count, besides membership.
        push: Push notifications that would be sent.
        limits: Limits that are enforced.
    """

    credentials: Credentials = attrs.field(factory=Credentials)
    permissive_tokens: bool = False
    ping_interval: float = 30.0
    init_timeout: float = 10.0
    expiry_notice: float = 240.0
    close_grace: float = 2.0
    message_limit_bytes: int = 16 * 1024 * 1024
    outgoing_limit_bytes: int = 64 * 1024 * 1024
    conversations_page_size: int = 100
    reachability_enabled: bool = False
    reachability_grace: float = 2.0
    typing_timeout: int = 5
    http_cache_interval: str = "PT1S"
    consumption_report_interval: str = "PT1S"
    user_infos_to_subscribe: int = 100
    email_body_types: tuple[str, ...] = EMAIL_TYPES
    email_history_types: tuple[str, ...] = EMAIL_TYPES
    refused_media_types: tuple[str, ...] = ()
    media_memory_bytes: int = 1024 * 1024
    media_url_lifetime: float = 300.0
    public_url: str | None = None
    inactive_timer: float | None = None
    closed_timer: float | None = None
    enforces_roles: bool = False
    push: PushSettings = attrs.field(factory=PushSettings)
    limits: Limits = attrs.field(factory=Limits)
