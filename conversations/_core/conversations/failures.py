"""
From answers and connection failures to the errors that users see: one function for each.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import attrs

from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)
from conversations._core.upstream import UpstreamResponse
from conversations.enums import ErrorReason
from conversations.errors import (
    ConnectError,
    ConnectionLostError,
    ConversationsError,
    ErrorInfo,
    RequestTimeoutError,
    ServiceError,
    TlsError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
    service_error,
)

Failed = TypeVar("Failed", bound=ConversationsError)

UNAUTHORIZED = 401
FORBIDDEN = 403
OFFLOAD = 308
CLOSE_EXPIRED_STATUS = 410
EXPIRED_CODE = 20104
WRONG_INSTANCE_CODE = 51232

_REASONS = {
    FailureKind.NAME_RESOLUTION: ErrorReason.NETWORK_BECAME_UNREACHABLE,
    FailureKind.CONNECT: ErrorReason.NETWORK_BECAME_UNREACHABLE,
    FailureKind.TLS_VERIFICATION: ErrorReason.HOSTNAME_UNVERIFIED,
    FailureKind.TLS: ErrorReason.SSL_HANDSHAKE_ERROR,
    FailureKind.CONNECT_TIMEOUT: ErrorReason.TIMEOUT,
    FailureKind.INIT_TIMEOUT: ErrorReason.TIMEOUT,
    FailureKind.CLOSE_FRAME: ErrorReason.CLOSE_MESSAGE_RECEIVED,
    FailureKind.CLOSED: ErrorReason.CLIENT_SHUTDOWN,
}

_REFUSALS = frozenset(
    {FailureKind.INIT_REFUSED, FailureKind.UPDATE_REFUSED, FailureKind.REQUEST_REFUSED}
)


def answer_error(response: UpstreamResponse) -> ServiceError:
    """
    The error for an answer of the service that is not 2xx.
    """
    body = response.body if isinstance(response.body, dict) else {}
    code, message, description, more_info = (
        body.get(name) for name in ("code", "message", "description", "more_info")
    )
    return service_error(
        response.status,
        code=code if isinstance(code, int) else 0,
        message=message if isinstance(message, str) and message else response.reason,
        description=description if isinstance(description, str) else "",
        more_info=more_info if isinstance(more_info, str) else None,
        request_id=response.headers.get("twilio-request-id"),
        retry_after=retry_after(response),
    )


def retry_after(response: UpstreamResponse) -> float | None:
    """
    Seconds from the ``retry-after`` header, or ``None`` without a usable one.
    """
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def transport_error(error: BaseException, doing: str) -> ConversationsError:
    """
    The error for a request that Twilsock did not bring an answer to.

    Args:
        error: What the session rejected the request with.
        doing: What the request was for, as it may be shown.
    """
    result: ConversationsError
    if isinstance(error, TransportUnavailable):
        result = connection_error(error.failure)
    elif isinstance(error, TransportLost):
        info = failure_info(error.failure)
        result = ConnectionLostError(
            ErrorInfo(
                reason=ErrorReason.TRANSPORT_DISCONNECTED,
                status=info.status,
                code=info.code,
                message=f"the connection was lost before the answer about {doing} came",
                description=info.description,
            )
        )
    elif isinstance(error, ReplyTimeout):
        result = RequestTimeoutError(
            ErrorInfo(reason=ErrorReason.TIMEOUT, message=f"no answer about {doing} in time"),
            may_have_been_sent=True,
        )
    elif isinstance(error, ReplyRefused):
        result = refusal_error(error)
    elif isinstance(error, ConversationsError):
        return error
    else:
        result = ConversationsError(
            ErrorInfo(reason=ErrorReason.UNKNOWN, message=f"unexpected {type(error).__name__}")
        )
    result.__cause__ = error
    return result


def refusal_error(refused: ReplyRefused) -> ConversationsError:
    """
    The error for a frame that Twilsock itself refused (init, update or a request).
    """
    if not refused.code:
        return ConversationsError(
            ErrorInfo(reason=ErrorReason.CANNOT_PARSE, message="the answer cannot be read")
        )
    if refused.error_code == EXPIRED_CODE:
        return TokenExpiredError(_token_info(refused, ErrorReason.TOKEN_EXPIRED))
    if refused.code in (UNAUTHORIZED, FORBIDDEN):
        return TokenRejectedError(_token_info(refused, ErrorReason.UNAUTHORIZED))
    return service_error(
        refused.code,
        code=refused.error_code,
        message=refused.status,
        description=refused.description,
        reason=None if refused.code else ErrorReason.CANNOT_PARSE,
    )


def _token_info(refused: ReplyRefused, reason: ErrorReason) -> ErrorInfo:
    return ErrorInfo(
        reason=reason,
        status=refused.code,
        code=refused.error_code,
        message=refused.status or "the server refused the token",
        description=refused.description,
    )


def failure_info(failure: ConnectionFailure) -> ErrorInfo:
    """
    A connection failure in the words of users.
    """
    reason = _REASONS.get(failure.kind, ErrorReason.TRANSPORT_DISCONNECTED)
    if _says_expired(failure):
        reason = ErrorReason.TOKEN_EXPIRED
    elif _says_rejected(failure):
        reason = ErrorReason.UNAUTHORIZED
    elif failure.status == 429:  # noqa: PLR2004  # HTTP's "too many requests"
        reason = ErrorReason.TOO_MANY_REQUESTS
    return ErrorInfo(
        reason=reason,
        status=failure.status,
        code=failure.code,
        message=failure.description or failure.kind.value.replace("_", " "),
        description="",
        cause=failure.cause,
    )


def connection_error(failure: ConnectionFailure) -> ConversationsError:
    """
    The exception for a connection that cannot be had any more, or not now.
    """
    info = failure_info(failure)
    error: ConversationsError
    if _says_expired(failure):
        words = f"{info.message}; get a new token from your server"
        error = TokenExpiredError(attrs.evolve(info, message=words))
    elif _says_rejected(failure):
        words = f"{info.message}; check account, API key and service where the token is made"
        error = TokenRejectedError(attrs.evolve(info, message=words))
    elif failure.kind in (FailureKind.TLS_VERIFICATION, FailureKind.TLS):
        error = TlsError(info)
    elif failure.kind in (FailureKind.NAME_RESOLUTION, FailureKind.CONNECT):
        words = f"{info.message}; check the address, the network and the proxy settings"
        error = ConnectError(attrs.evolve(info, message=words))
    else:
        error = TransportError(info)
    error.__cause__ = failure.cause
    return error


def copied(error: Failed) -> Failed:
    """
    An error of its own for whoever raises it: a kept or shared one would collect the names
    and tracebacks of all.
    """
    result = copy.copy(error)
    result.__cause__ = error.__cause__
    return result


def with_reason(error: Failed, reason: ErrorReason) -> Failed:
    """
    The same error for an operation that has a reason of its own for whatever goes wrong.
    """
    result = copied(error)
    result.error_info = attrs.evolve(error.error_info, reason=reason)
    result.args = (result.error_info,)
    return result


def is_about_the_token(failure: ConnectionFailure) -> bool:
    """
    Whether another token may help.
    """
    return _says_expired(failure) or _says_rejected(failure)


def _says_expired(failure: ConnectionFailure) -> bool:
    if failure.kind is FailureKind.CLOSE_FRAME:
        return failure.status == CLOSE_EXPIRED_STATUS or (
            failure.code == EXPIRED_CODE and _says_rejected(failure)
        )
    return failure.code == EXPIRED_CODE


def _says_rejected(failure: ConnectionFailure) -> bool:
    """
    401 and 403 of init and update, 401 of a request, close 401 and 308 with 51232.
    """
    if failure.kind is FailureKind.CLOSE_FRAME:
        return failure.status == UNAUTHORIZED or (
            failure.status == OFFLOAD and failure.code == WRONG_INSTANCE_CODE
        )
    return failure.kind in _REFUSALS and failure.status in (UNAUTHORIZED, FORBIDDEN)
