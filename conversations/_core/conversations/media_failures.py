"""
What goes wrong with media, as users see it.

An upload has the code ``MEDIA_UPLOAD_ERROR`` whatever went wrong; what the service said is
in the words, and as an error of its own in ``cause``. Fetching keeps the service's code.
"""

from __future__ import annotations

from conversations.enums import ErrorReason
from conversations.errors import RECOVERABLE_STATUSES, ErrorInfo, MediaError, ServiceError

from .http import REPEATABLE, HttpFailed


def upload_error(cause: HttpFailed | ServiceError) -> MediaError:
    """
    The error for an upload that failed.
    """
    if isinstance(cause, HttpFailed):
        return upload_refused(cause.message, cause)
    info = cause.error_info
    said = [f"code {info.code}" if info.code else "", info.description]
    error = MediaError(
        ErrorInfo(
            reason=ErrorReason.MEDIA_UPLOAD_ERROR,
            status=info.status,
            code=ErrorInfo.MEDIA_UPLOAD_ERROR,
            message=info.message,
            description=": ".join(part for part in said if part),
            more_info=info.more_info,
            request_id=info.request_id,
            cause=cause,
        )
    )
    error.__cause__ = cause
    return error


def upload_refused(message: str, cause: BaseException | None = None) -> MediaError:
    """
    The error for what is not sent, or did not get there.
    """
    error = MediaError(
        ErrorInfo(
            reason=ErrorReason.MEDIA_UPLOAD_ERROR,
            code=ErrorInfo.MEDIA_UPLOAD_ERROR,
            message=message,
            cause=cause,
        )
    )
    error.__cause__ = cause
    return error


def fetch_error(cause: HttpFailed | ServiceError) -> MediaError:
    """
    The error for a download, or for an address, that could not be had.
    """
    info = ErrorInfo(message=cause.message) if isinstance(cause, HttpFailed) else cause.error_info
    error = MediaError(
        ErrorInfo(
            reason=ErrorReason.MEDIA_FETCH_ERROR,
            status=info.status,
            code=info.code,
            message=info.message,
            description=info.description,
            more_info=info.more_info,
            request_id=info.request_id,
            cause=cause,
        )
    )
    error.__cause__ = cause
    return error


def no_use(what: str) -> MediaError:
    """
    The error for an answer without what is needed.
    """
    return MediaError(
        ErrorInfo(reason=ErrorReason.MEDIA_FETCH_ERROR, message=f"the answer has no usable {what}")
    )


def is_worth_repeating(error: MediaError) -> bool:
    """
    Whether the same request may succeed in a moment.
    """
    cause = error.__cause__
    if isinstance(cause, HttpFailed):
        return cause.kind in REPEATABLE
    return error.status in RECOVERABLE_STATUSES


def retry_after(error: MediaError) -> float | None:
    """
    When the service wants to be asked again, if it said so.
    """
    cause = error.__cause__
    return cause.retry_after if isinstance(cause, ServiceError) else None
