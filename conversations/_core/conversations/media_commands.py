"""
Media over plain HTTP: upload, addresses, download; and messages that are made of uploads.

Tokens and addresses are secrets: neither is logged, and no error has them in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

import attrs

from conversations._core.promises import Cancelled
from conversations._core.upstream import JSON_TYPE, UpstreamResponse, json_body
from conversations._logs import ClientLog
from conversations.attributes import Attributes
from conversations.enums import ErrorReason, MediaCategory
from conversations.errors import ConversationsError, ErrorInfo, MediaError

from . import decoding
from .calls import Call
from .context import Context
from .failures import answer_error
from .http import Carrier, HttpFailed, HttpFailureKind, HttpRequest, Source, Target
from .media_failures import (
    fetch_error,
    is_worth_repeating,
    no_use,
    retry_after,
    upload_error,
    upload_refused,
)
from .message_commands import MessageCommands
from .records import ConversationRecord, MessageRecord
from .snapshots import MediaSnapshot

_log = ClientLog("conversations.media")

OK = 200
FORBIDDEN = 403
THROTTLED = 429

PROGRESS_INTERVAL = 0.1
"""Seconds between two reports of progress to whoever listens, at least."""

GRACE = 5.0
"""Seconds by which a socket is more patient than the call that waits for it."""

LONGEST_SILENCE = 3600.0
"""Seconds after which a socket gives up, however long the call would wait."""

_CANCELLED = ErrorInfo(reason=ErrorReason.CANCELLED, message="cancelled")


class UploadObserver(Protocol):
    """
    Told how an upload gets on. Every upload that has started completes or fails.
    """

    def started(self) -> None:
        """
        It begins.
        """

    def progressed(self, bytes_sent: int) -> None:
        """
        So many bytes are through.
        """

    def completed(self, sid: str) -> None:
        """
        The service has it.
        """

    def failed(self, error_info: ErrorInfo) -> None:
        """
        It will not come to that.
        """


@attrs.frozen(kw_only=True)
class Upload:
    """
    What is to be uploaded.

    Attributes:
        category: What it is of the message.
        content_type: Its type.
        filename: Its name, for those who download it.
        source: The content.
        observer: Told how it gets on.
        attempts: So often it is tried, at most.
    """

    category: MediaCategory
    content_type: str
    filename: str | None = attrs.field(default=None, repr=False)
    source: Source
    observer: UploadObserver | None = None
    attempts: int = 1


@attrs.frozen(kw_only=True)
class Draft:
    """
    A message that is to be sent, all of it.

    Attributes:
        uploads: In the order in which they are uploaded; the message names them so.
        content_variables: JSON text.
    """

    body: str | None = attrs.field(default=None, repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    attributes: Attributes = Attributes.DEFAULT
    uploads: tuple[Upload, ...] = ()
    content_sid: str | None = None
    content_variables: str | None = attrs.field(default=None, repr=False)


class MediaCommands:
    """
    What a user can ask of the media service.

    Every method gets the call that it belongs to, and the carrier of that call.
    """

    def __init__(self, context: Context, messages: MessageCommands) -> None:
        self._context = context
        self._scheduler = context.scheduler
        self._exchange = context.exchange
        self._configuration = context.configuration
        self._messages = messages

    # Messages

    async def send(
        self, call: Call, carrier: Carrier, record: ConversationRecord, draft: Draft
    ) -> MessageRecord:
        """
        Upload one media after the other, then send the message, once.

        Raises:
            MediaError: An upload failed; no message is sent.
        """
        sids = [await self.upload(call, carrier, upload) for upload in draft.uploads]
        return await self._messages.send(
            call,
            record,
            body=draft.body,
            attributes=draft.attributes,
            subject=draft.subject,
            media_sids=sids,
            content_sid=draft.content_sid,
            content_variables=draft.content_variables,
        )

    # Upload

    async def upload(self, call: Call, carrier: Carrier, upload: Upload) -> str:
        """
        Bring a content to the service. Returns the sid that it gets there.

        Raises:
            MediaError: It failed as often as it may be tried.
        """
        watch = _Watch(upload.observer)
        watch.started()
        try:
            sid = await self._upload(call, carrier, upload, watch)
        except Cancelled:
            watch.failed(call.ended_by.error_info if call.ended_by is not None else _CANCELLED)
            raise
        except ConversationsError as error:
            watch.failed(error.error_info)
            raise
        watch.completed(sid)
        return sid

    async def _upload(self, call: Call, carrier: Carrier, upload: Upload, watch: _Watch) -> str:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = await self._attempt_upload(call, carrier, upload, watch)
            except HttpFailed as failed:
                error = upload_error(failed)
            else:
                if answer.is_success:
                    return _sid_of(answer)
                error = upload_error(answer_error(answer))
            call.last_error = error
            may_help = is_worth_repeating(error) or error.status >= 500  # noqa: PLR2004  # HTTP's class of server errors
            if not may_help or attempt >= upload.attempts or not upload.source.is_repeatable:
                raise error
            await self._exchange.pause(call, error, attempt, retry_after=retry_after(error))

    async def _attempt_upload(
        self, call: Call, carrier: Carrier, upload: Upload, watch: _Watch
    ) -> UpstreamResponse:
        limit = self._configuration.media_limits.size_in_mb * 1024 * 1024
        query = {"Category": upload.category.value}
        if upload.filename is not None:
            query["Filename"] = upload.filename
        request = HttpRequest(
            method="POST",
            url=f"{self._link(self._configuration.links.media)}?{urlencode(query)}",
            headers={**self._credentials(), "Content-Type": upload.content_type},
            source=upload.source,
            max_size=limit,
            patience=_patience(call),
            about="the upload",
        )
        return await self._ask(
            call, carrier, request, lambda sent: watch.progressed(sent, self._scheduler.now)
        )

    # Addresses

    async def temporary_url(self, call: Call, carrier: Carrier, sid: str) -> str:
        """
        A fresh address of a media's content.

        Raises:
            MediaError: The service gives none.
        """
        url, _ = await self._located(call, carrier, sid)
        return url

    async def temporary_urls(
        self, call: Call, carrier: Carrier, sids: Sequence[str]
    ) -> dict[str, str]:
        """
        A fresh address for each sid, with one request; without one for none.

        Raises:
            MediaError: The service gives none for one of them.
        """
        if not sids:
            return {}

        def ask() -> HttpRequest:
            return HttpRequest(
                method="POST",
                url=self._link(self._configuration.links.media_set),
                headers={**self._credentials(), "Content-Type": JSON_TYPE},
                body=json_body({"command": "get", "list": [{"media_sid": sid} for sid in sids]}),
                patience=_patience(call),
                about="the media",
            )

        answer = await self._fetch(call, carrier, ask)
        entries = answer.body if isinstance(answer.body, list) else []
        urls = dict(_url_of_entry(decoding.mapping(entry)) for entry in entries)
        return {sid: self._usable(urls.get(sid), sid) for sid in sids}

    async def _located(self, call: Call, carrier: Carrier, sid: str) -> tuple[str, int | None]:
        """
        Address and size of a content, as they are now.
        """

        def ask() -> HttpRequest:
            return HttpRequest(
                method="GET",
                url=f"{self._link(self._configuration.links.media)}/{quote(sid, safe='')}",
                headers=self._credentials(),
                patience=_patience(call),
                about=sid,
            )

        media = decoding.mapping((await self._fetch(call, carrier, ask)).body)
        return self._usable(_url_of(media), sid), decoding.index(media.get("size"))

    # Download

    async def download(
        self, call: Call, carrier: Carrier, media: MediaSnapshot, target: Target
    ) -> None:
        """
        Bring a content into *target*, complete or not at all.

        An address that is refused is replaced by a new one, once.

        Raises:
            MediaError: The content cannot be had, or is not as long as it should be.
        """
        attempt, is_renewed = 1, False
        while True:
            try:
                answer = await self._attempt_download(call, carrier, media, target)
            except HttpFailed as failed:
                error = fetch_error(failed)
            else:
                if answer.status == OK:
                    return
                error = fetch_error(answer_error(answer))
            call.last_error = error
            if error.status == FORBIDDEN and not is_renewed:
                is_renewed = True
                continue
            if not target.is_repeatable or not self._may_repeat(error, attempt):
                raise error
            await self._exchange.pause(call, error, attempt, retry_after=retry_after(error))
            attempt += 1

    async def _attempt_download(
        self, call: Call, carrier: Carrier, media: MediaSnapshot, target: Target
    ) -> UpstreamResponse:
        url, size = await self._located(call, carrier, media.sid)
        request = HttpRequest(
            method="GET",
            url=url,
            target=target,
            size=media.size if size is None else size,
            patience=_patience(call),
            about=media.sid,
        )
        return await self._ask(call, carrier, request)

    # Asking

    async def _fetch(
        self, call: Call, carrier: Carrier, ask: Callable[[], HttpRequest]
    ) -> UpstreamResponse:
        """
        Read something, as often as reading may be repeated. Each attempt has the newest token.
        """
        attempt = 1
        while True:
            try:
                answer = await self._ask(call, carrier, ask())
            except HttpFailed as failed:
                error = fetch_error(failed)
            else:
                if answer.is_success:
                    return answer
                error = fetch_error(answer_error(answer))
            call.last_error = error
            if not self._may_repeat(error, attempt):
                raise error
            await self._exchange.pause(call, error, attempt, retry_after=retry_after(error))
            attempt += 1

    def _may_repeat(self, error: MediaError, attempt: int) -> bool:
        policy = self._exchange.policy
        if error.status == THROTTLED and not policy.retry_when_throttled:
            return False
        return is_worth_repeating(error) and attempt < policy.max_attempts

    async def _ask(
        self,
        call: Call,
        carrier: Carrier,
        request: HttpRequest,
        progress: Callable[[int], None] = lambda _: None,
    ) -> UpstreamResponse:
        def progressed(count: int) -> None:
            call.progressed(self._scheduler.now)
            call.step = f"the answer about {request.about}"
            progress(count)

        call.step = "a free worker thread"
        began = self._scheduler.now
        answer = await carrier.carry(request, progressed)
        call.progressed(self._scheduler.now)
        _log.debug(
            "%s %s: %d after %.3f s",
            request.method,
            request.about,
            answer.status,
            self._scheduler.now - began,
        )
        return answer

    def _credentials(self) -> dict[str, str]:
        return {"X-Twilio-Token": self._context.token() or ""}

    def _link(self, link: str | None) -> str:
        if link is None:
            raise HttpFailed(HttpFailureKind.ANSWER, "the service has not said where media are")
        if not self._is_allowed(link):
            raise HttpFailed(HttpFailureKind.ANSWER, "the media service has no encrypted address")
        return link

    def _usable(self, url: str | None, sid: str) -> str:
        if url is None or not self._is_allowed(url):
            raise no_use(f"address of {sid}")
        return url

    def _is_allowed(self, url: str) -> bool:
        """
        Whether it is an address of the web; an unencrypted one only if the program wants it.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        allowed = {"https", "http"} if self._context.allows_plain_http else {"https"}
        return parts.scheme in allowed and bool(parts.netloc)


class _Watch:
    """
    Tells the observer of an upload what it is to hear: rising numbers, and not too many.
    """

    def __init__(self, observer: UploadObserver | None) -> None:
        self._observer = observer
        self._sent = 0
        self._told = 0
        self._told_at: float | None = None

    def started(self) -> None:
        if self._observer is not None:
            self._observer.started()

    def progressed(self, sent: int, now: float) -> None:
        self._sent = max(self._sent, sent)
        if self._told_at is None or now - self._told_at >= PROGRESS_INTERVAL:
            self._tell()
            self._told_at = now

    def completed(self, sid: str) -> None:
        self._tell()
        if self._observer is not None:
            self._observer.completed(sid)

    def failed(self, error_info: ErrorInfo) -> None:
        if self._observer is not None:
            self._observer.failed(error_info)

    def _tell(self) -> None:
        if self._sent > self._told:
            self._told = self._sent
            if self._observer is not None:
                self._observer.progressed(self._sent)


def _patience(call: Call) -> float:
    return min(call.timeout, LONGEST_SILENCE) + GRACE


def _sid_of(answer: UpstreamResponse) -> str:
    sid = decoding.text(decoding.mapping(answer.body).get("sid"))
    if sid is None:
        raise upload_refused("the answer has no usable sid")
    return sid


def _url_of(media: decoding.Item) -> str | None:
    links = decoding.mapping(media.get("links"))
    return decoding.text(links.get("content_direct_temporary"))


def _url_of_entry(entry: decoding.Item) -> tuple[str, str | None]:
    media = decoding.mapping(entry.get("media_record"))
    sid, code = decoding.text(media.get("sid")) or "a media", decoding.index(entry.get("code"))
    if code != OK:
        answer = UpstreamResponse(status=code or 0, reason=f"there is no address of {sid}")
        raise fetch_error(answer_error(answer))
    return sid, _url_of(media)
