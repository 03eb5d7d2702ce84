"""
Sending messages into a conversation, as a part of its class.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, Union

from conversations import _arguments as arguments
from conversations._conversation_base import ConversationBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._uploads import EmailSource, MediaSource
from conversations.attributes import AttributesLike
from conversations.errors import InvalidArgumentError
from conversations.limits import ConversationLimits
from conversations.listeners import MediaUploadListener
from conversations.message import Message
from conversations.message_builder import MessageBuilder, Variables

MediaItem: TypeAlias = Union[
    tuple[MediaSource, str],
    tuple[MediaSource, str, Union[str, None]],
    tuple[MediaSource, str, Union[str, None], Union[MediaUploadListener, None]],
    Mapping[str, Any],
]
"""
The arguments of :meth:`MessageBuilder.add_media`, in order or by name.
"""

EmailItem: TypeAlias = Union[
    EmailSource,
    tuple[EmailSource, str],
    tuple[EmailSource, str, Union[MediaUploadListener, None]],
    Mapping[str, EmailSource],
]
"""
Plain text or its source; source, content type and perhaps a listener; or sources by their
content types.
"""

PLAIN_TEXT = "text/plain"


class ConversationSending(ConversationBase):
    """
    Sending messages, and what they may carry.
    """

    __slots__ = ()

    @property
    def limits(self) -> ConversationLimits:
        """
        What a message may carry. No traffic.
        """
        limits = self._objects.configuration().media_limits
        return ConversationLimits(
            media_attachments_count_limit=limits.count,
            media_attachment_size_limit_in_mb=limits.size_in_mb,
            media_attachments_total_size_limit_in_mb=limits.total_size_in_mb,
            email_bodies_allowed_content_types=limits.email_body_types,
            email_histories_allowed_content_types=limits.email_history_types,
        )

    def prepare_message(self) -> MessageBuilder:
        """
        A builder for one message. Nothing is sent before the builder is told to.
        """
        return MessageBuilder(self._objects, self._record)

    def send_message(
        self,
        body: str | None = None,
        *,
        attributes: AttributesLike | None = None,
        subject: str | None = None,
        media: Iterable[MediaItem] = (),
        email_body: EmailItem | None = None,
        email_history: EmailItem | None = None,
        content_sid: str | None = None,
        content_variables: Variables | None = None,
        timeout: float | None = None,
    ) -> Message:
        """
        Send a message and wait until the server has it; media are uploaded first.

        The short form of :meth:`prepare_message`.

        Args:
            body: The text, up to 32 KiB; may be empty.
            attributes: Any JSON value, up to 4 KiB as text; by default ``{}``.
            subject: Up to 256 characters.
            media: The attachments: for each a tuple of what :meth:`MessageBuilder.add_media`
                takes, such as ``("cat.jpg", "image/jpeg")``, or a mapping with the names of
                its arguments.
            email_body: The body of an e-mail: a text or another source in ``text/plain``; a
                tuple of what :meth:`MessageBuilder.set_email_body` takes; or a mapping from
                content types to sources.
            email_history: The history of an e-mail, given in the same ways.
            content_sid: ``HX…`` of a content template: makes it a rich message.
            content_variables: For the template; see
                :meth:`MessageBuilder.set_content_template`.
            timeout: Seconds for everything. Without it, and with media, the client's
                ``command_timeout`` bounds each stretch without progress.

        Returns:
            The message; ``on_message_added`` announces the same object, before or after.

        Raises:
            InvalidArgumentError: There is nothing to send, a wrong type, or too much.
            MediaError: An upload failed (code ``MEDIA_UPLOAD_ERROR``); no message is sent.
            ForbiddenError: The user is not in the conversation (50430).
            ConnectionLostError: The connection broke before the answer: it is open whether
                the message was sent. Sending is never repeated by itself.
            RequestTimeoutError: No answer in time; ``may_have_been_sent`` tells the same.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Messages.
        """
        items = arguments.iterable(media, "media")
        if items or email_body is not None or email_history is not None or content_sid is not None:
            builder = self.prepare_message().set_body(body).set_subject(subject)
            if attributes is not None:
                builder.set_attributes(attributes)
            for item in items:
                _add_media(builder, item)
            for source, *rest in _email_parts(email_body, "email_body"):
                builder.set_email_body(source, *rest)
            for source, *rest in _email_parts(email_history, "email_history"):
                builder.set_email_history(source, *rest)
            if content_sid is not None:
                builder.set_content_template(content_sid, content_variables or ())
            return builder.build_and_send(timeout=timeout)
        return self._send_text(body, attributes, subject, content_variables, timeout)

    def _send_text(
        self,
        body: str | None,
        attributes: AttributesLike | None,
        subject: str | None,
        content_variables: Variables | None,
        timeout: float | None,
    ) -> Message:
        text = arguments.body(body, "body")
        title = arguments.optional_text(subject, "subject")
        value = arguments.attributes(attributes)
        if content_variables is not None:
            message = "content_variables need a content_sid"
            raise InvalidArgumentError(message)
        if text is None and title is None and attributes is None:
            message = "there is nothing to send; give body, subject, attributes or media"
            raise InvalidArgumentError(message)
        record = self._record

        async def run(service: ConversationsService, call: Call) -> MessageRecord:
            return await service.message_commands.send(
                call, record, body=text, attributes=value, subject=title
            )

        return self._objects.message(self._call("send_message to", timeout, run))


def _add_media(builder: MessageBuilder, item: object) -> None:
    """
    Add an attachment that was given as arguments.
    """
    values = item if isinstance(item, tuple) else ()
    names = item if isinstance(item, Mapping) else {}
    try:
        inspect.signature(builder.add_media).bind(*values, **names)
    except TypeError as error:  # too few or too many, or an unknown name
        message = "each of media must be a tuple (source, content_type, filename, listener)"
        raise InvalidArgumentError(message) from error
    builder.add_media(*values, **names)


def _email_parts(item: object, name: str) -> list[tuple[Any, ...]]:
    """
    What of an e-mail was given, as arguments of the builder's method.
    """
    if item is None:
        return []
    if isinstance(item, Mapping):
        return [(source, content_type) for content_type, source in item.items()]
    if not isinstance(item, tuple):
        return [(item, PLAIN_TEXT)]
    if len(item) not in (2, 3):
        message = f"{name} must be a source, or a tuple (source, content_type, listener)"
        raise InvalidArgumentError(message)
    return [item]
