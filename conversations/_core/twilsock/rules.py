"""
What the codes of the server mean for the connection.

docs/protocol/twilsock.md, Codes has the same tables.
"""

from __future__ import annotations

from http import HTTPStatus

from .messages import ReplyStatus
from .states import SessionInput

TOKEN_EXPIRED_CODE = 20104
UPDATE_FORBIDDEN_CODE = 51232

_UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_THROTTLED = HTTPStatus.TOO_MANY_REQUESTS
_OFFLOAD = HTTPStatus.PERMANENT_REDIRECT
_CLOSE_INPUTS: dict[int, SessionInput] = {
    HTTPStatus.UNAUTHORIZED: SessionInput.CLOSE_DENIED,
    HTTPStatus.GONE: SessionInput.CLOSE_DENIED,
    HTTPStatus.NOT_ACCEPTABLE: SessionInput.CLOSE_FATAL,
    HTTPStatus.EXPECTATION_FAILED: SessionInput.CLOSE_FATAL,
}


def init_input(status: ReplyStatus) -> SessionInput:
    """
    What the reply to ``init`` means.
    """
    if status.is_success:
        return SessionInput.INIT_ACCEPTED
    if status.code in _REFUSED or status.error_code == TOKEN_EXPIRED_CODE:
        return SessionInput.INIT_DENIED
    if status.code == _THROTTLED:
        return SessionInput.INIT_THROTTLED
    return SessionInput.INIT_FAILED


def update_input(status: ReplyStatus) -> SessionInput:
    """
    What the reply to ``update`` means.
    """
    if status.is_success:
        return SessionInput.UPDATE_ACCEPTED
    if status.code in _REFUSED or status.error_code == TOKEN_EXPIRED_CODE:
        return SessionInput.UPDATE_DENIED
    if status.code == _THROTTLED:
        return SessionInput.UPDATE_THROTTLED
    return SessionInput.UPDATE_FAILED


def request_input(status: ReplyStatus) -> SessionInput | None:
    """
    What the reply to a request means for the connection; mostly nothing.
    """
    if status.is_success:
        return None
    if status.code == _UNAUTHORIZED or status.error_code == TOKEN_EXPIRED_CODE:
        return SessionInput.REQUEST_DENIED
    if status.code == _THROTTLED:
        return SessionInput.REQUEST_THROTTLED
    return None


def close_input(status: ReplyStatus) -> SessionInput:
    """
    What a ``close`` of the server means.
    """
    if is_offload(status) and status.error_code == UPDATE_FORBIDDEN_CODE:
        return SessionInput.CLOSE_DENIED
    return _CLOSE_INPUTS.get(status.code, SessionInput.CLOSE_RETRIED)


def is_offload(status: ReplyStatus) -> bool:
    """
    Whether a ``close`` sends the client to another instance, with a policy for the wait.
    """
    return status.code == _OFFLOAD


def says_expired(status: ReplyStatus) -> bool:
    """
    Whether a status that ends the connection says that the token has expired.
    """
    return status.error_code == TOKEN_EXPIRED_CODE


def close_says_expired(status: ReplyStatus, cause: SessionInput) -> bool:
    """
    Whether a ``close`` that denies the connection means that the token has expired.
    """
    return status.code == HTTPStatus.GONE or (
        cause is SessionInput.CLOSE_DENIED and says_expired(status)
    )
