"""
What the frames of the server do.

Which code means what is in :mod:`.rules`; docs/protocol/twilsock.md has the tables.
"""

from __future__ import annotations

from functools import partial

from . import rules
from .credentials import Credentials
from .errors import ConnectionFailure, FailureKind, ReplyRefused
from .events import NotificationReceived, TokenAboutToExpire, TokenExpired
from .frames import Frame, MalformedFrame, decode_frame
from .link import Link
from .log import ConnectionLog
from .messages import (
    UNREADABLE_STATUS,
    AccountDescriptor,
    ReplyStatus,
    acknowledgement_frame,
    read_account,
    read_backoff_policy,
    read_capabilities,
    read_continuation_token,
    read_response,
    read_status,
)
from .requests import PendingRequest, Requests
from .states import SessionInput
from .updates import TokenUpdate, TokenUpdates


class Inbound:
    """
    Acknowledges the server's frames and carries out what they say.

    Attributes:
        init_id: The id of the ``init`` that is not answered yet.
        capabilities: What the server granted.
        account: Whose connection it is, if the server said so.
    """

    def __init__(
        self,
        link: Link,
        requests: Requests,
        updates: TokenUpdates,
        credentials: Credentials,
        log: ConnectionLog,
    ) -> None:
        self.init_id: str | None = None
        self.capabilities: frozenset[str] = frozenset()
        self.account: AccountDescriptor | None = None
        self._link = link
        self._requests = requests
        self._updates = updates
        self._credentials = credentials
        self._log = log
        self._handlers = {
            "notification": self._on_notification,
            "client_update": self._on_client_update,
            "close": self._on_close,
            "ping": _do_nothing,
        }

    def receive(self, data: bytes) -> None:
        """
        Handle one binary message of the current socket.
        """
        try:
            frame = decode_frame(data)
        except MalformedFrame as error:
            self._on_malformed_frame(error, len(data))
            return
        self._log.debug("received %.66a %.66a, %d bytes", frame.method, frame.id, len(data))
        if frame.method == "reply":
            self._on_reply(frame, read_status(frame))
            return
        self._link.send(acknowledgement_frame(frame.id))
        self._handlers.get(frame.method, self._on_unknown_method)(frame)

    def _on_malformed_frame(self, error: MalformedFrame, size: int) -> None:
        """
        Drop it. But whoever waits for this very reply need not wait any longer.
        """
        self._log.warning(
            "dropped a malformed frame: %s (%.66a %.66a, %d bytes)",
            error.reason,
            error.method,
            error.id,
            size,
        )
        if error.method == "reply" and error.id is not None:
            self._on_reply(Frame({"method": error.method, "id": error.id}), UNREADABLE_STATUS)

    def _on_notification(self, frame: Frame) -> None:
        message_type = frame.header.get("message_type")
        if isinstance(message_type, str):
            self._link.report(NotificationReceived(message_type, frame.payload))
        else:
            self._log.warning("ignored a notification without type: %.66a", frame.id)

    def _on_client_update(self, frame: Frame) -> None:
        if frame.header.get("client_update_type") == "token_about_to_expire":
            self._link.report(TokenAboutToExpire())

    def _on_unknown_method(self, frame: Frame) -> None:
        self._log.warning("ignored a frame of unknown method: %.66a", frame.method)

    def _on_close(self, frame: Frame) -> None:
        status = read_status(frame)
        cause = rules.close_input(status)
        policy = read_backoff_policy(frame.payload) if rules.is_offload(status) else None
        self._link.move(cause, _failure(FailureKind.CLOSE_FRAME, status), policy)
        if rules.close_says_expired(status, cause):
            self._report_expiry()

    def _on_reply(self, frame: Frame, status: ReplyStatus) -> None:
        if status.is_success:
            self._credentials.continue_with(read_continuation_token(frame))
        if frame.id == self.init_id:
            self.init_id = None
            self._on_init_reply(frame, status)
        elif (update := self._updates.take(frame.id)) is not None:
            self._on_update_reply(update, frame, status)
        elif (request := self._requests.take(frame.id)) is not None:
            self._on_request_reply(request, frame, status)
        else:
            self._log.debug("ignored a reply to nothing: %.66a", frame.id)

    def _on_init_reply(self, frame: Frame, status: ReplyStatus) -> None:
        cause = rules.init_input(status)
        if cause is SessionInput.INIT_ACCEPTED:
            self.capabilities = read_capabilities(frame)
            self.account = read_account(frame)
            self._link.move(cause)
            return
        if cause is SessionInput.INIT_DENIED:
            self._updates.fail_carried(partial(_refusal, frame, status))
        is_throttled = cause is SessionInput.INIT_THROTTLED
        policy = read_backoff_policy(frame.payload) if is_throttled else None
        self._link.move(cause, _failure(FailureKind.INIT_REFUSED, status), policy)
        self._look_for_expiry(status)

    def _on_update_reply(self, update: TokenUpdate, frame: Frame, status: ReplyStatus) -> None:
        cause = rules.update_input(status)
        if cause is SessionInput.UPDATE_ACCEPTED:
            update.complete()
            self._link.move(cause)
            return
        update.fail(partial(_refusal, frame, status))
        policy = None
        if cause is SessionInput.UPDATE_THROTTLED:
            self._credentials.was_not_heard(update.token)
            policy = read_backoff_policy(frame.payload)
        self._link.move(cause, _failure(FailureKind.UPDATE_REFUSED, status), policy)
        self._look_for_expiry(status)

    def _on_request_reply(self, request: PendingRequest, frame: Frame, status: ReplyStatus) -> None:
        response = read_response(frame) if status.is_success else None
        if response is not None:
            request.promise.resolve(response)
            return
        request.promise.reject(_refusal(frame, UNREADABLE_STATUS if status.is_success else status))
        cause = rules.request_input(status)
        if cause is SessionInput.REQUEST_DENIED:
            self._link.move(cause, _failure(FailureKind.REQUEST_REFUSED, status))
            self._look_for_expiry(status)
        elif cause is SessionInput.REQUEST_THROTTLED:
            self._link.move(cause, policy=read_backoff_policy(frame.payload))

    def _look_for_expiry(self, status: ReplyStatus) -> None:
        if rules.says_expired(status):
            self._report_expiry()

    def _report_expiry(self) -> None:
        if self._credentials.is_first_expiry():
            self._link.report(TokenExpired())


def _failure(kind: FailureKind, status: ReplyStatus) -> ConnectionFailure:
    return ConnectionFailure(
        kind, status=status.code, code=status.error_code, description=status.description
    )


def _refusal(frame: Frame, status: ReplyStatus) -> ReplyRefused:
    return ReplyRefused(
        code=status.code,
        status=status.status,
        description=status.description,
        error_code=status.error_code,
        payload=frame.payload,
    )


def _do_nothing(frame: Frame) -> None:
    """
    The acknowledgement was all.
    """
