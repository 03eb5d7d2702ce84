"""
Access tokens: whether one is taken, and why not; and making one for a test.

The checks, their order and their codes are in docs/protocol/tokens.md, Validation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import attrs
import jwt
from jwt.algorithms import HMACAlgorithm

from .credentials import Credentials

LONGEST_LIFETIME = 86_400
NOT_BEFORE_TOLERANCE = 60
LONGEST_IDENTITY = 256
CONTENT_TYPE = "twilio-fpa;v=1"

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

TITLES: dict[int, str] = {
    20101: "Invalid Access Token",
    20102: "Invalid Access Token header",
    20103: "Invalid Access Token issuer/subject",
    20104: "Access Token expired or expiration date invalid",
    20105: "Access Token not yet valid",
    20106: "Invalid Access Token grants",
    20107: "Invalid Access Token signature",
    20157: "Expiration Time Exceeds Maximum Time Allowed",
    51101: "Twilsock: Service instance not found",
}


class TokenRefused(Exception):
    """
    A token that is not taken.

    Attributes:
        code: Twilio's error code.
        description: Its title.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}: {TITLES[code]}")
        self.code = code
        self.description = TITLES[code]


@attrs.frozen(kw_only=True)
class TokenClaims:
    """
    What a valid token says.

    Attributes:
        identity: Who it is.
        account: ``AC…``.
        service: ``IS…``.
        expires: Seconds since the epoch.
        role_sid: Service role for a user that the token's first connection creates.
        fingerprint: Recognizes the token without keeping it.
    """

    identity: str
    account: str
    service: str
    expires: int
    role_sid: str | None = None
    fingerprint: str


def fingerprint(token: str) -> str:
    """
    A hash by which a token can be recognized.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def validate(
    token: str, credentials: Credentials, now: float, *, is_permissive: bool = False
) -> TokenClaims:
    """
    Check a token. The first failure wins.

    Args:
        token: The JWT.
        credentials: Whose tokens are taken.
        now: Seconds since the epoch.
        is_permissive: Skip issuer, signature, lifetime limit and service.

    Raises:
        TokenRefused: With the code of the failed check.
    """
    header, payload = _decode(token)
    _check_header(header)
    if not is_permissive:
        _check_issuer(payload, credentials)
        _check_signature(token, credentials)
    _check_times(payload, now, is_permissive=is_permissive)
    identity, chat = _check_grants(payload)
    service = chat["service_sid"]
    if not is_permissive and service != credentials.service:
        raise TokenRefused(51101)
    role_sid = chat.get("deployment_role_sid")
    return TokenClaims(
        identity=identity,
        account=credentials.account,
        service=credentials.service,
        expires=payload["exp"],
        role_sid=role_sid if isinstance(role_sid, str) else None,
        fingerprint=fingerprint(token),
    )


def mint(credentials: Credentials, identity: str, *, now: float, ttl: float, number: int) -> str:
    """
    A token for *identity*. No two are equal, however fast they are made.
    """
    issued = int(now)
    payload = {
        "jti": f"{credentials.key}-{issued}-{number}",
        "grants": {"chat": {"service_sid": credentials.service}, "identity": identity},
        "iss": credentials.key,
        "exp": issued + int(ttl),
        "nbf": issued,
        "sub": credentials.account,
    }
    return jwt.encode(payload, credentials.secret, algorithm="HS256", headers={"cty": CONTENT_TYPE})


def _decode(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if not _JWT.fullmatch(token):
        raise TokenRefused(20101)
    try:
        decoded = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenRefused(20101) from None  # the error could quote the token
    return decoded["header"], decoded["payload"]


def _check_header(header: Mapping[str, Any]) -> None:
    if (
        header.get("alg") != "HS256"
        or header.get("cty") != CONTENT_TYPE
        or header.get("typ", "JWT") != "JWT"
    ):
        raise TokenRefused(20102)


def _check_issuer(payload: Mapping[str, Any], credentials: Credentials) -> None:
    if (payload.get("iss"), payload.get("sub")) != (credentials.key, credentials.account):
        raise TokenRefused(20103)


def _check_signature(token: str, credentials: Credentials) -> None:
    signed, _, signature = token.rpartition(".")
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    try:
        is_valid = algorithm.verify(
            signed.encode("ascii"),
            algorithm.prepare_key(credentials.secret),
            jwt.utils.base64url_decode(signature),
        )
    except ValueError:
        is_valid = False
    if not is_valid:
        raise TokenRefused(20107)


def _check_times(payload: Mapping[str, Any], now: float, *, is_permissive: bool) -> None:
    expires = payload.get("exp")
    if not isinstance(expires, int) or isinstance(expires, bool) or expires <= now:
        raise TokenRefused(20104)
    not_before = _number(payload.get("nbf"))
    if not is_permissive:
        start = _number(payload.get("iat"))
        if start is None and not_before is not None and not_before <= now:
            start = not_before
        if expires - (now if start is None else start) > LONGEST_LIFETIME:
            raise TokenRefused(20157)
    is_early = not_before is None or not_before > now + NOT_BEFORE_TOLERANCE
    if payload.get("nbf") is not None and is_early:
        raise TokenRefused(20105)


def _check_grants(payload: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    grants = payload.get("grants")
    if not isinstance(grants, dict):
        raise TokenRefused(20106)
    chat = grants.get("chat", grants.get("ip_messaging"))
    if not isinstance(chat, dict):
        raise TokenRefused(20106)
    identity = grants.get("identity")
    if not isinstance(identity, str) or not 0 < len(identity) <= LONGEST_IDENTITY:
        raise TokenRefused(20106)
    service = chat.get("service_sid")
    if not isinstance(service, str) or not service:
        raise TokenRefused(20106)
    return identity, chat


def _number(value: object) -> float | None:
    """
    The value if it is a number that can be compared with a time.
    """
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
