"""
Messages that carry media, e-mail content, or are made of a content template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Self

import attrs

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.configuration import MediaLimits
from conversations._core.conversations.http import Carrier
from conversations._core.conversations.media_commands import Draft
from conversations._core.conversations.media_failures import upload_refused
from conversations._core.conversations.records import ConversationRecord, MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.upstream import json_body
from conversations._listeners import check_callback
from conversations._objects import Objects
from conversations._outcomes import report
from conversations._runtime.dispatcher import ListenerCall
from conversations._uploads import EmailSource, MediaSource, Part, attachment, email_part
from conversations.attributes import Attributes, AttributesLike
from conversations.cancellation import CancellationToken
from conversations.content import ContentTemplateVariable
from conversations.enums import ErrorReason, MediaCategory
from conversations.errors import ErrorInfo, InvalidArgumentError
from conversations.listeners import CallbackListener, MediaUploadListener, StatusListener
from conversations.message import Message

__all__ = ["MessageBuilder", "UnsentMessage"]

Variables = Iterable[ContentTemplateVariable] | Mapping[str, str]

MEGABYTE = 1024 * 1024


@attrs.frozen(kw_only=True)
class _Content:
    """
    All that a message is to have.
    """

    body: str | None = attrs.field(default=None, repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    attributes: Attributes | None = None
    parts: tuple[Part, ...] = ()
    content_sid: str | None = None
    content_variables: str | None = attrs.field(default=None, repr=False)
    upload_attempts: int = 1


class MessageBuilder:
    """
    Puts one message together, step by step. Made by :meth:`Conversation.prepare_message`.

    Each method but the last returns the builder::

        message = (
            conversation.prepare_message()
            .set_body("The figures")
            .add_media("figures.pdf", "application/pdf")
            .build_and_send()
        )

    Threading: for one thread at a time. Only :meth:`build_and_send` blocks.
    """

    def __init__(self, objects: Objects, record: ConversationRecord) -> None:
        # Not for users: conversations make them.
        self._objects = objects
        self._record = record
        self._body: str | None = None
        self._subject: str | None = None
        self._attributes: Attributes | None = None
        self._attachments: list[Part] = []
        self._email_bodies: dict[str, Part] = {}
        self._email_histories: dict[str, Part] = {}
        self._content_sid: str | None = None
        self._content_variables: str | None = None
        self._upload_attempts = 1

    def set_body(self, text: str | None) -> Self:
        """
        Set the text.

        Args:
            text: Up to 32 KiB; may be empty; ``None`` for none.

        Raises:
            InvalidArgumentError: It is no string.
        """
        self._body = arguments.body(text, "text")
        return self

    def set_subject(self, text: str | None) -> Self:
        """
        Set the subject.

        Args:
            text: Up to 256 characters; ``None`` for none.

        Raises:
            InvalidArgumentError: It is empty or no string.
        """
        self._subject = arguments.optional_text(text, "text")
        return self

    def set_attributes(self, attributes: AttributesLike) -> Self:
        """
        Set the attributes; without this they are ``{}``.

        Args:
            attributes: Any JSON value, up to 4 KiB as text.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
        """
        self._attributes = Attributes.of(attributes)
        return self

    def add_media(
        self,
        source: MediaSource,
        content_type: str,
        filename: str | None = None,
        listener: MediaUploadListener | None = None,
    ) -> Self:
        """
        Add an attachment.

        Args:
            source: Bytes; the path of a file, which is opened when it is sent; or a binary
                file object, which is read from where it stands now to its end, on a worker
                thread, and not closed.
            content_type: Such as ``image/png``.
            filename: The name for those who download it; of a path by default its last part.
            listener: Told how the upload gets on.

        Raises:
            InvalidArgumentError: The source is empty or no file, or something has a wrong type.
        """
        self._attachments.append(attachment(source, content_type, filename, listener))
        return self

    def set_email_body(
        self,
        source: EmailSource,
        content_type: str,
        listener: MediaUploadListener | None = None,
    ) -> Self:
        """
        Set the body of an e-mail in one content type; a second one of that type replaces it.

        Args:
            source: The text itself; or bytes, a path object or a binary file as for
                :meth:`add_media`.
            content_type: One of ``Conversation.limits.email_bodies_allowed_content_types``.
            listener: Told how the upload gets on.

        Raises:
            InvalidArgumentError: The source is empty or no file, or something has a wrong type.
        """
        part = email_part(MediaCategory.BODY, source, content_type, listener)
        self._email_bodies[part.content_type] = part
        return self

    def set_email_history(
        self,
        source: EmailSource,
        content_type: str,
        listener: MediaUploadListener | None = None,
    ) -> Self:
        """
        Set the history of an e-mail in one content type; a second one of that type replaces it.

        Args:
            source: As for :meth:`set_email_body`.
            content_type: One of ``Conversation.limits.email_histories_allowed_content_types``.
            listener: Told how the upload gets on.

        Raises:
            InvalidArgumentError: The source is empty or no file, or something has a wrong type.
        """
        part = email_part(MediaCategory.HISTORY, source, content_type, listener)
        self._email_histories[part.content_type] = part
        return self

    def set_content_template(self, content_sid: str, variables: Variables = ()) -> Self:
        """
        Make it a rich message: the service then takes everything else from the template.

        Args:
            content_sid: ``HX…`` of the template.
            variables: What to put into its places: :class:`ContentTemplateVariable` objects,
                or a mapping from names to texts.

        Raises:
            InvalidArgumentError: *content_sid* is empty or no string, or a variable is of a
                wrong type.
        """
        sid = arguments.text(content_sid, "content_sid")
        self._content_variables = _variables_text(variables)
        self._content_sid = sid
        return self

    def set_upload_attempts(self, attempts: int) -> Self:
        """
        Try each upload more than once, with growing pauses, if it fails for a reason that may
        pass: a lost connection, status 429 or 5xx.

        Args:
            attempts: So often at most; 1 without this.

        Raises:
            InvalidArgumentError: It is less than 1.
        """
        self._upload_attempts = arguments.count(attempts, "attempts")
        return self

    def build(self) -> UnsentMessage:
        """
        Check everything against :attr:`Conversation.limits`. Nothing is sent.

        Returns:
            The message as it is now; the builder may go on.

        Raises:
            InvalidArgumentError: There is nothing to send; or a content type is not allowed
                for the body of an e-mail (code ``UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE``) or
                its history (``UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE``); or there is too much
                of something (``TOO_MANY_ATTACHMENTS``).
            MediaError: Something is too large, as far as sizes are known before sending
                (reason ``MEDIA_UPLOAD_ERROR``).
        """
        limits = self._objects.configuration().media_limits
        bodies, histories = list(self._email_bodies.values()), list(self._email_histories.values())
        _check_types(bodies, limits.email_body_types, _BODY_REFUSED)
        _check_types(histories, limits.email_history_types, _HISTORY_REFUSED)
        _check_count(bodies, len(limits.email_body_types), "bodies")
        _check_count(histories, len(limits.email_history_types), "histories")
        _check_count(self._attachments, limits.count, "attachments")
        _check_sizes(self._attachments, [*bodies, *histories], limits)
        content = _Content(
            body=self._body,
            subject=self._subject,
            attributes=self._attributes,
            parts=(*self._attachments, *bodies, *histories),
            content_sid=self._content_sid,
            content_variables=self._content_variables,
            upload_attempts=self._upload_attempts,
        )
        if content == _Content(upload_attempts=self._upload_attempts):
            message = "there is nothing to send; give body, subject, attributes or media"
            raise InvalidArgumentError(message)
        return UnsentMessage(self._objects, self._record, content)

    def build_and_send(self, *, timeout: float | None = None) -> Message:
        """
        :meth:`build`, then :meth:`UnsentMessage.send`.

        Args:
            timeout: As for :meth:`UnsentMessage.send`.

        Raises:
            ConversationsError: As both of them.
        """
        return self.build().send(timeout=timeout)

    def __repr__(self) -> str:
        return f"<MessageBuilder for {self._record.sid}>"


class UnsentMessage:
    """
    A message that is ready to be sent. Made by :meth:`MessageBuilder.build`.

    It may be sent more than once; each time the media are uploaded again, and it becomes
    another message. A source that cannot be wound back, such as a pipe, serves one time.

    Threading: any thread.
    """

    def __init__(self, objects: Objects, record: ConversationRecord, content: _Content) -> None:
        # Not for users: builders make them.
        self._objects = objects
        self._record = record
        self._content = content

    def send(self, *, timeout: float | None = None) -> Message:
        """
        Upload the media one after the other, in the order in which they were added, bodies
        and histories of e-mails last; then send the message.

        Args:
            timeout: Seconds for everything; by default the client's ``command_timeout``, with
                media for each stretch without progress.

        Returns:
            The message; ``on_message_added`` announces the same object, before or after.

        Raises:
            MediaError: An upload failed (code ``MEDIA_UPLOAD_ERROR``); no message is sent.
            ForbiddenError: The user is not in the conversation (50430).
            ConnectionLostError: The connection broke before the answer: it is open whether
                the message was sent. Sending is never repeated by itself.
            RequestTimeoutError: It took too long; ``may_have_been_sent`` tells the same.
            OperationCancelledError: It was called off, by ``Future.cancel()`` of ``submit``.
            ConversationsError: Anything else that went wrong.

        Threading: blocks; worker threads do the uploads.

        Wire: docs/protocol/conversations.md, Media.
        """
        record = self._objects.call_with_http(
            self._name, timeout, self._run, moves_media=bool(self._content.parts)
        )
        return self._objects.message(record)

    def send_in_background(
        self,
        callback: CallbackListener[Message] | StatusListener | None = None,
        *,
        timeout: float | None = None,
    ) -> CancellationToken:
        """
        The same without waiting.

        Args:
            callback: Exactly one of its methods is called, on the listener thread.
            timeout: As for :meth:`send`.

        Returns:
            Calls it off.

        Raises:
            InvalidArgumentError: *callback* is none.
            ClientShutdownError: The client is shut down; the callback is not called.
        """
        check_callback(callback)
        told = None if callback is None else _teller(self._objects, callback)
        return CancellationToken(
            self._objects.begin_with_http(
                self._name,
                timeout,
                self._run,
                moves_media=bool(self._content.parts),
                report=told,
            )
        )

    @property
    def _name(self) -> str:
        return f"send_message to {self._record.sid}"

    async def _run(
        self, service: ConversationsService, call: Call, carrier: Carrier
    ) -> MessageRecord:
        content, runtime = self._content, self._objects.runtime
        draft = Draft(
            body=content.body,
            subject=content.subject,
            attributes=arguments.attributes(content.attributes),
            uploads=tuple(part.upload(runtime, content.upload_attempts) for part in content.parts),
            content_sid=content.content_sid,
            content_variables=content.content_variables,
        )
        return await service.media_commands.send(call, carrier, self._record, draft)

    def __repr__(self) -> str:
        return f"<UnsentMessage to {self._record.sid} with {len(self._content.parts)} media>"


_BODY_REFUSED = (
    "body",
    ErrorReason.UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE,
    ErrorInfo.UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE,
)
_HISTORY_REFUSED = (
    "history",
    ErrorReason.UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE,
    ErrorInfo.UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE,
)


def _check_types(
    parts: Sequence[Part], allowed: Sequence[str], refusal: tuple[str, ErrorReason, int]
) -> None:
    what, reason, code = refusal
    for part in parts:
        if part.content_type not in allowed:
            types = ", ".join(allowed) or "nothing"
            message = f"{part.content_type} is not allowed as {what} of an e-mail, but {types}"
            raise InvalidArgumentError(message, reason=reason, code=code)


def _check_count(parts: Sequence[Part], limit: int, what: str) -> None:
    if len(parts) > limit:
        message = f"a message may have {limit} {what}, not {len(parts)}"
        raise InvalidArgumentError(
            message, reason=ErrorReason.TOO_MANY_ATTACHMENTS, code=ErrorInfo.TOO_MANY_ATTACHMENTS
        )


def _check_sizes(
    attachments: Sequence[Part], email_parts: Sequence[Part], limits: MediaLimits
) -> None:
    for part in (*attachments, *email_parts):
        size = part.source.size or 0
        if size > limits.size_in_mb * MEGABYTE:
            message = f"a media may have {limits.size_in_mb} MB, but one has {size} bytes"
            raise upload_refused(message)
    total = sum(part.source.size or 0 for part in attachments)
    if total > limits.total_size_in_mb * MEGABYTE:
        message = f"all media may have {limits.total_size_in_mb} MB, but they have {total} bytes"
        raise upload_refused(message)


def _variables_text(variables: Variables) -> str:
    """
    Variables of a template as the service wants them: JSON text of an object.
    """
    if isinstance(variables, Mapping):
        given = [ContentTemplateVariable(name, value) for name, value in variables.items()]
    else:
        given = arguments.iterable(variables, "variables")
    for variable in given:
        arguments.instance(variable, "each of variables", ContentTemplateVariable)
    return json_body({variable.name: variable.value for variable in given}).decode("ascii")


def _teller(
    objects: Objects, callback: CallbackListener[Message] | StatusListener
) -> Callable[[Future[MessageRecord]], ListenerCall]:
    """
    Makes the call that tells *callback* of a message that was sent in the background.
    """

    def tell(outcome: Future[MessageRecord]) -> ListenerCall:
        told: Future[Message] = Future()
        error = outcome.exception()
        if error is None:
            told.set_result(objects.message(outcome.result()))
        else:
            told.set_exception(error)
        return report(told, callback)

    return tell
