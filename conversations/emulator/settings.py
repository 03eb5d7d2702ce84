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

    KB values are bytes of UTF-8, the others count characters.
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
    participants: int = 1000
    non_chat_participants: int = 50
    conversations_of_user: int = 1000
    unread_count: int = 1000


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
    limits: Limits = attrs.field(factory=Limits)
