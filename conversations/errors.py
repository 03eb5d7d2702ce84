"""
Everything that can go wrong, as the user sees it.

Each failed call raises one subclass of :class:`ConversationsError`. Listeners and callbacks
get the payload of the exception, an :class:`ErrorInfo`::

    ConversationsError (Exception)
    ├── InvalidArgumentError (ValueError)       wrong use, nothing was sent
    ├── ClientStateError (RuntimeError)
    │   ├── ClientShutdownError
    │   ├── ClientForkedError                   the client was inherited through fork
    │   ├── ReentrancyError                     a callback waits for a callback
    │   └── NotReadyError                       not synchronized
    ├── TransportError (ConnectionError)
    │   ├── ConnectError                        host not found, nobody answers
    │   ├── TlsError                            certificate or handshake
    │   └── ConnectionLostError                 the request may have been sent
    ├── RequestTimeoutError (TimeoutError)
    ├── TokenError
    │   ├── TokenRejectedError
    │   └── TokenExpiredError
    ├── ServiceError                            any answer that is not 2xx
    │   ├── BadRequestError                     400
    │   ├── UnauthorizedError                   401
    │   ├── ForbiddenError                      403
    │   ├── NotFoundError                       404
    │   ├── ConflictError                       409, 412
    │   ├── PayloadTooLargeError                413
    │   ├── RateLimitedError                    429
    │   └── ServerError                         5xx
    ├── MediaError
    └── OperationCancelledError (concurrent.futures.CancelledError)

Exceptions can be pickled; like all exceptions they lose their chain on the way. Messages
never contain a token or the body of a message.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

import attrs

from .enums import ErrorReason

__all__ = [
    "BadRequestError",
    "ClientForkedError",
    "ClientShutdownError",
    "ClientStateError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "ConversationsError",
    "ErrorInfo",
    "ForbiddenError",
    "InvalidArgumentError",
    "MediaError",
    "NotFoundError",
    "NotReadyError",
    "OperationCancelledError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "ReentrancyError",
    "RequestTimeoutError",
    "ServerError",
    "ServiceError",
    "TlsError",
    "TokenError",
    "TokenExpiredError",
    "TokenRejectedError",
    "TransportError",
    "UnauthorizedError",
]

RECOVERABLE_STATUSES = frozenset({429, 502, 503, 504})

_RECOVERABLE_REASONS = frozenset(
    {
        ErrorReason.TIMEOUT,
        ErrorReason.TRANSPORT_DISCONNECTED,
        ErrorReason.NETWORK_BECAME_UNREACHABLE,
        ErrorReason.TOO_MANY_REQUESTS,
        ErrorReason.COMMAND_RECOVERABLE_ERROR,
    }
)


@attrs.frozen(kw_only=True)
class ErrorInfo:
    """
    What is known about an error.

    Attributes:
        reason: What kind of error it is, from the client's point of view.
        status: HTTP-like status of the answer; 0 if the error arose in the client.
        code: Twilio's code, or one of the negative constants below; 0 if there is none.
        message: Describes the status.
        description: Describes the code.
        more_info: Address of an explanation; by default that of a positive code.
        request_id: The server's name for the request, for its support.
        cause: The exception behind it, if there is one. Not compared, shown or pickled.
    """

    CLIENT_ERROR: ClassVar[int] = 0
    """
    The status of errors that arise in the client.
    """
    CANNOT_GET_MESSAGE_BY_INDEX: ClassVar[int] = -4
    """
    There is no message with that index.
    """
    MISMATCHING_TOKEN_UPDATE: ClassVar[int] = -5
    """
    The new token is one of another identity.
    """
    CONVERSATION_NOT_SYNCHRONIZED: ClassVar[int] = -6
    """
    What was asked for is not loaded.
    """
    CONVERSATION_NOT_FOUND: ClassVar[int] = -8
    """
    There is no such conversation, or it is not visible to the user.
    """
    UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE: ClassVar[int] = -9
    """
    The service does not allow this type for the body of an e-mail.
    """
    UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE: ClassVar[int] = -10
    """
    The service does not allow this type for the history of an e-mail.
    """
    TOO_MANY_ATTACHMENTS: ClassVar[int] = -11
    """
    More attachments than the service allows.
    """
    MEDIA_UPLOAD_ERROR: ClassVar[int] = -12
    """
    Sending the media failed.
    """

    reason: ErrorReason = ErrorReason.UNKNOWN
    status: int = 0
    code: int = 0
    message: str = ""
    description: str = ""
    more_info: str | None = attrs.field()
    request_id: str | None = None
    cause: BaseException | None = attrs.field(default=None, eq=False, repr=False)

    @more_info.default
    def _explanation_of_code(self) -> str | None:
        return f"https://www.twilio.com/docs/errors/{self.code}" if self.code > 0 else None

    @property
    def is_recoverable(self) -> bool:
        """
        Whether the same may succeed later.
        """
        return self.reason in _RECOVERABLE_REASONS or self.status in RECOVERABLE_STATUSES

    @classmethod
    def of(cls, error: BaseException) -> ErrorInfo:
        """
        What a callback is told about *error*; reason ``UNKNOWN`` if it is not one of ours.
        """
        if isinstance(error, ConversationsError):
            return error.error_info
        return cls(message=str(error) or type(error).__name__, cause=error)

    def __str__(self) -> str:
        """
        Reason, status, code and words, as far as there are any.
        """
        parts = [self.reason.name] if self.reason is not ErrorReason.UNKNOWN else []
        parts += [f"status {self.status}"] if self.status else []
        parts += [f"code {self.code}"] if self.code else []
        texts = dict.fromkeys(text for text in (self.message, self.description) if text)
        return ": ".join(part for part in (", ".join(parts), *texts) if part)

    def __reduce__(self) -> tuple[Callable[[], ErrorInfo], tuple[()]]:
        """
        Leaves out the cause: an exception of a listener need not be picklable.
        """
        fields = attrs.asdict(self, recurse=False, filter=attrs.filters.exclude("cause"))
        return partial(type(self), **fields), ()


class ConversationsError(Exception):
    """
    The base of all errors that this package raises.

    Args:
        error_info: What is known; or words, with which the class makes it.
        operation: The call and its object, such as ``send_message to CH…``. May be set
            later, by whoever knows.
        reason: With words: instead of the reason of the class.
        code: With words: instead of the code of the class.

    Attributes:
        error_info: What is known about the error.
        operation: The call and its object, or an empty string.
    """

    _default_reason: ClassVar[ErrorReason] = ErrorReason.UNKNOWN
    _default_code: ClassVar[int] = 0
    _default_words: ClassVar[str] = ""

    # Everything but the first argument lives in __dict__, so that pickling works without
    # knowing the subclass: it calls the class with ``args`` and restores __dict__.

    def __init__(
        self,
        error_info: ErrorInfo | str | None = None,
        *,
        operation: str = "",
        reason: ErrorReason | None = None,
        code: int | None = None,
    ) -> None:
        if not isinstance(error_info, ErrorInfo):
            error_info = ErrorInfo(
                reason=self._default_reason if reason is None else reason,
                code=self._default_code if code is None else code,
                message=error_info or self._default_words,
            )
        super().__init__(error_info)
        self.error_info = error_info
        self.operation = operation

    @property
    def reason(self) -> ErrorReason:
        """
        What kind of error it is, from the client's point of view.
        """
        return self.error_info.reason

    @property
    def status(self) -> int:
        """
        HTTP-like status of the answer; 0 if the error arose in the client.
        """
        return self.error_info.status

    @property
    def code(self) -> int:
        """
        Twilio's code, or a negative code of the client; 0 if there is none.
        """
        return self.error_info.code

    def __str__(self) -> str:
        """
        The operation and its object, then reason, status, code and the server's words.
        """
        details = str(self.error_info) or type(self).__name__
        return f"{self.operation}: {details}" if self.operation else details


class InvalidArgumentError(ConversationsError, ValueError):
    """
    The call was used wrongly. Nothing was sent.
    """


class ClientStateError(ConversationsError, RuntimeError):
    """
    The client is not in a state in which this can be done.
    """


class ClientShutdownError(ClientStateError):
    """
    The client has been shut down, possibly while the call was waiting.
    """

    _default_reason = ErrorReason.CLIENT_SHUTDOWN
    _default_words = "the client has been shut down"


class ClientForkedError(ClientStateError):
    """
    The client was made before a fork and belongs to the parent process.
    """

    _default_words = (
        "the client was made in another process and inherited through fork; "
        "create a client of its own in each process, after the fork"
    )


class ReentrancyError(ClientStateError):
    """
    A callback waits for a callback, which could never come.
    """

    _default_words = "waiting for a callback inside a callback would never end"


class NotReadyError(ClientStateError):
    """
    What was asked for is not synchronized.
    """

    _default_code = ErrorInfo.CONVERSATION_NOT_SYNCHRONIZED


class TransportError(ConversationsError, ConnectionError):
    """
    There is no connection to the service.
    """


class ConnectError(TransportError):
    """
    The host name did not resolve, or nobody answered there.
    """

    _default_reason = ErrorReason.NETWORK_BECAME_UNREACHABLE


class TlsError(TransportError):
    """
    The certificate was not accepted, or there was no agreement about encryption.
    """

    _default_reason = ErrorReason.SSL_HANDSHAKE_ERROR


class ConnectionLostError(TransportError):
    """
    The connection was lost before the answer, and the request must not be repeated.

    Attributes:
        may_have_been_sent: Always true: it is open whether the server carried it out.
    """

    _default_reason = ErrorReason.TRANSPORT_DISCONNECTED
    may_have_been_sent: ClassVar[bool] = True


class RequestTimeoutError(ConversationsError, TimeoutError):
    """
    The call's time was over.

    Args:
        may_have_been_sent: As the attribute.

    Attributes:
        may_have_been_sent: Whether the server may have got the request.
    """

    _default_reason = ErrorReason.TIMEOUT

    def __init__(
        self,
        error_info: ErrorInfo | str | None = None,
        *,
        operation: str = "",
        reason: ErrorReason | None = None,
        code: int | None = None,
        may_have_been_sent: bool = False,
    ) -> None:
        super().__init__(error_info, operation=operation, reason=reason, code=code)
        self.may_have_been_sent = may_have_been_sent


class TokenError(ConversationsError):
    """
    The token could not be got, read, or put in the place of another.
    """

    _default_reason = ErrorReason.UPDATE_TOKEN_ERROR


class TokenRejectedError(TokenError):
    """
    The server does not accept the token, or would not.
    """

    _default_reason = ErrorReason.UNAUTHORIZED


class TokenExpiredError(TokenError):
    """
    The token is too old.
    """

    _default_reason = ErrorReason.TOKEN_EXPIRED


class ServiceError(ConversationsError):
    """
    The service answered, but not with success.

    Args:
        retry_after: As the attribute.

    Attributes:
        retry_after: Seconds after which the server wants to be asked again, if it said so.
    """

    _default_reason = ErrorReason.COMMAND_PERMANENT_ERROR

    def __init__(
        self,
        error_info: ErrorInfo | str | None = None,
        *,
        operation: str = "",
        reason: ErrorReason | None = None,
        code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(error_info, operation=operation, reason=reason, code=code)
        self.retry_after = retry_after


class BadRequestError(ServiceError):
    """
    Status 400: the request is wrong.
    """


class UnauthorizedError(ServiceError):
    """
    Status 401: the token does not allow it, or is not valid any more.
    """

    _default_reason = ErrorReason.UNAUTHORIZED


class ForbiddenError(ServiceError):
    """
    Status 403: the user lacks the permission, or a limit is reached.
    """


class NotFoundError(ServiceError):
    """
    Status 404, or the client itself knows that there is no such object.
    """


class ConflictError(ServiceError):
    """
    Status 409 or 412: it exists already, or was changed by someone else meanwhile.
    """


class PayloadTooLargeError(ServiceError):
    """
    Status 413: more than the server takes.
    """


class RateLimitedError(ServiceError):
    """
    Status 429: too many requests.
    """

    _default_reason = ErrorReason.TOO_MANY_REQUESTS


class ServerError(ServiceError):
    """
    Status 5xx: the server failed.
    """


class MediaError(ConversationsError):
    """
    Uploading or downloading of media failed.
    """

    _default_reason = ErrorReason.MEDIA_FETCH_ERROR


class OperationCancelledError(ConversationsError, concurrent.futures.CancelledError):
    """
    The call was cancelled.
    """

    _default_reason = ErrorReason.CANCELLED
    _default_words = "cancelled"


_CLASS_OF_STATUS: dict[int, type[ServiceError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    413: PayloadTooLargeError,
    429: RateLimitedError,
}


def service_error(
    status: int,
    *,
    code: int = 0,
    message: str = "",
    description: str = "",
    more_info: str | None = None,
    request_id: str | None = None,
    retry_after: float | None = None,
    reason: ErrorReason | None = None,
    operation: str = "",
) -> ServiceError:
    """
    The exception for an answer that is not 2xx: its class follows from the status.

    Args:
        status: HTTP-like status.
        code: Twilio's code; 0 if there is none.
        message: Describes the status; by default its usual name.
        description: Describes the code: the server's own words.
        more_info: Address of an explanation; by default that of the code.
        request_id: The server's name for the request.
        retry_after: Seconds after which the server wants to be asked again.
        reason: Instead of the one that follows from the status.
        operation: The call and its object.
    """
    fields: dict[str, Any] = {} if more_info is None else {"more_info": more_info}
    info = ErrorInfo(
        reason=_reason_of_status(status) if reason is None else reason,
        status=status,
        code=code,
        message=message or _name_of_status(status),
        description=description,
        request_id=request_id,
        **fields,
    )
    is_server_failure = 500 <= status <= 599  # noqa: PLR2004  # the HTTP class of server errors
    error_class = _CLASS_OF_STATUS.get(status, ServerError if is_server_failure else ServiceError)
    return error_class(info, operation=operation, retry_after=retry_after)


def _reason_of_status(status: int) -> ErrorReason:
    if status == HTTPStatus.UNAUTHORIZED:
        return ErrorReason.UNAUTHORIZED
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ErrorReason.TOO_MANY_REQUESTS
    if status in RECOVERABLE_STATUSES:
        return ErrorReason.COMMAND_RECOVERABLE_ERROR
    return ErrorReason.COMMAND_PERMANENT_ERROR


def _name_of_status(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
