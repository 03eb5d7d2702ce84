"""
Media: what is uploaded, and becomes part of a message (docs/protocol/conversations.md, Media).
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import attrs

from ..ids import is_sid
from ..refusals import refusal
from ..spool import Spool
from .access import require_participant
from .records import Caller, Conversation, Media, MediaCategory, Message
from .service import Service

MEGABYTE = 1024 * 1024
ANY_TYPE = "application/octet-stream"


@attrs.frozen(kw_only=True)
class Description:
    """
    What is said about a content before it comes.
    """

    content_type: str = ANY_TYPE
    filename: str | None = None
    category: MediaCategory = MediaCategory.MEDIA

    def check(self, service: Service) -> None:
        """
        Refuse content types that the category, or the service, does not take.
        """
        settings = service.settings
        plain = self.content_type.partition(";")[0].strip().lower()
        kind, slash, subtype = plain.partition("/")
        if not (kind and slash and subtype):
            raise refusal(50511)
        if any(fnmatchcase(plain, pattern) for pattern in settings.refused_media_types):
            raise refusal(50511)
        match self.category:
            case MediaCategory.BODY if plain not in settings.email_body_types:
                raise refusal(50511)
            case MediaCategory.HISTORY if plain not in settings.email_history_types:
                raise refusal(50511)


def category(name: str) -> MediaCategory:
    """
    The category of that name.
    """
    try:
        return MediaCategory(name)
    except ValueError:
        raise refusal(20001, "Category must be media, body or history") from None


def largest_size(service: Service) -> int:
    """
    Bytes that one media may have.
    """
    return service.limits.media_megabytes * MEGABYTE


def find(service: Service, sid: str) -> Media:
    """
    The media of that SID.
    """
    media = service.media.get(sid)
    if media is None:
        raise refusal(50507)
    return media


def read(service: Service, caller: Caller, sid: str) -> Media:
    """
    The media of that SID, for somebody who wants to see it.

    Once it is part of a message, only those in the conversation may. Until then whoever knows
    the SID.
    """
    media = find(service, sid)
    if media.conversation is not None:
        require_participant(media.conversation, caller)
    return media


def new_content(service: Service) -> Spool:
    """
    Where a content can be written to.
    """
    return Spool(service.settings.media_memory_bytes)


def store(service: Service, caller: Caller, description: Description, content: Spool) -> Media:
    """
    Keep a content that has come in full. Its type was checked before.
    """
    if content.size == 0:
        raise refusal(20001, "A media must not be empty")
    if content.size > largest_size(service):
        raise refusal(50512)
    return keep(service, caller.identity, description, content)


def keep(service: Service, author: str, description: Description, content: Spool) -> Media:
    """
    Make the record of a content.
    """
    now = service.now()
    media = Media(
        sid=service.ids.sid("ME"),
        author=author,
        content_type=description.content_type,
        filename=description.filename,
        category=description.category,
        content=content,
        date_created=now,
        date_updated=now,
    )
    service.media[media.sid] = media
    return media


def to_attach(service: Service, sids: Iterable[str]) -> tuple[Media, ...]:
    """
    The media that a new message names, if it may have them.
    """
    named: list[Media] = []
    for sid in sids:
        if not is_sid(sid, "ME"):
            raise refusal(50510)
        media = find(service, sid)
        if media.message_sid is not None or media in named:
            raise refusal(50508)
        named.append(media)
    attachments = [media for media in named if media.category is MediaCategory.MEDIA]
    limits = service.limits
    if len(attachments) > limits.media_attachments:
        raise refusal(20001, f"A message has at most {limits.media_attachments} attachments")
    total = sum(media.content.size for media in attachments)
    if total > limits.media_total_megabytes * MEGABYTE:
        raise refusal(50512)
    return tuple(named)


def attach(service: Service, conversation: Conversation, message: Message) -> None:
    """
    Mark the message's media as used.
    """
    for media in message.media:
        media.conversation = conversation
        media.message_sid = message.sid
        media.date_updated = service.now()


def remove_of(service: Service, conversation: Conversation) -> None:
    """
    Let the media of a conversation go, which is gone itself.
    """
    for media in [media for media in service.media.values() if media.conversation is conversation]:
        del service.media[media.sid]
        media.content.close()
