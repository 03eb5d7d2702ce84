"""
Who asks: a user with an access token, or a server program with the account's credentials.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from ..domain.records import SERVER, Caller
from ..ids import is_sid
from ..refusals import Refusal, refusal
from ..tokens import TokenRefused

if TYPE_CHECKING:
    from ..backend import Backend

TOKEN_HEADER = "X-Twilio-Token"  # noqa: S105  # the name of a header
CHALLENGE = 'Basic realm="Twilio API"'


class NotAuthenticated(Refusal):
    """
    Nobody that is known. Asks for credentials, unless a token was given: browsers would show
    their own dialog instead of the page's.
    """

    def __init__(self, code: int, message: str, *, asks_for_credentials: bool = False) -> None:
        super().__init__(401, code, message)
        self.headers: Mapping[str, str] = (
            {hdrs.WWW_AUTHENTICATE: CHALLENGE} if asks_for_credentials else {}
        )


def authenticate(backend: Backend, request: web.Request) -> Caller:
    """
    Who asks.

    Raises:
        NotAuthenticated: Neither a good token nor good credentials.
    """
    token = request.headers.get(TOKEN_HEADER)
    if token is not None:
        try:
            return Caller(identity=backend.validate_token(token).identity)
        except TokenRefused as error:
            raise NotAuthenticated(error.code, error.description) from None
    given = request.headers.get(hdrs.AUTHORIZATION)
    if given is None:
        raise _refused("Authentication Error - No credentials provided")
    name, password = _decode(given)
    if not (is_sid(name, "AC") or is_sid(name, "SK")):
        raise _refused("Authentication Error - invalid username")
    if not (backend.settings.permissive_tokens or _is_known(backend, name, password)):
        raise _refused(refusal(20003).message)
    return SERVER


def _refused(message: str) -> NotAuthenticated:
    return NotAuthenticated(20003, message, asks_for_credentials=True)


def _is_known(backend: Backend, name: str, password: str) -> bool:
    credentials = backend.settings.credentials
    known = {
        credentials.account: credentials.auth_token,
        credentials.key: credentials.secret,
    }
    expected = known.get(name, "")
    is_same = hmac.compare_digest(_bytes(expected), _bytes(password))
    return name in known and is_same


def _decode(header: str) -> tuple[str, str]:
    """
    User name and password; empty ones if the header is no Basic authentication.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = decoded.partition(":")
    return name, password


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
