"""
What a message may carry.
"""

from __future__ import annotations

import attrs

__all__ = ["ConversationLimits"]


def _list_of(values: object) -> list[str]:
    return list(values)  # type: ignore[call-overload, no-any-return]  # any iterable of strings


@attrs.frozen(kw_only=True)
class ConversationLimits:
    """
    The limits of the service, from its configuration (:attr:`Conversation.limits`).

    What the service does not tell stands as Twilio documents it. A megabyte is 1024 · 1024
    bytes.

    Attributes:
        media_attachments_count_limit: Attachments of one message.
        media_attachment_size_limit_in_mb: Size of each.
        media_attachments_total_size_limit_in_mb: Size of all attachments of a message together.
        email_bodies_allowed_content_types: Content types that the body of an e-mail may have.
        email_histories_allowed_content_types: Content types that its history may have.
    """

    media_attachments_count_limit: int
    media_attachment_size_limit_in_mb: int
    media_attachments_total_size_limit_in_mb: int
    email_bodies_allowed_content_types: list[str] = attrs.field(converter=_list_of)
    email_histories_allowed_content_types: list[str] = attrs.field(converter=_list_of)
