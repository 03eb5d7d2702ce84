"""
Access tokens: looking into one, and making one for a user of your program.

A token is a JSON web token, signed with the secret of an API key (docs/protocol/tokens.md).
Whoever has the token is the user, whoever has the secret can be anyone: neither is ever
part of a ``repr``, a log line or an error message of this package.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar, NoReturn, Protocol, cast, runtime_checkable

import attrs

from ._core.upstream import JSONValue
from .errors import InvalidArgumentError, TokenExpiredError, TokenRejectedError

__all__ = ["AccessToken", "ChatGrant", "Claims", "Secret", "check_token", "read_claims"]

# PyJWT is imported where it is used: with its cryptography it would be most of the time
# that ``import conversations`` takes.

INVALID_TOKEN = 20101
TOKEN_EXPIRED = 20104
INVALID_GRANTS = 20106

_CHAT_GRANTS = ("chat", "ip_messaging")
_REGION = re.compile(r"[a-z0-9-]+")
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Secret:
    """
    A text that shows itself only when asked by name.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """
        The text.
        """
        return self._value

    def __repr__(self) -> str:
        """
        Nothing of the text, not even its length.
        """
        return "Secret(…)"

    def __copy__(self) -> Secret:
        """
        The same object: it cannot change.
        """
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        """
        The same object: it cannot change.
        """
        return self

    def __reduce__(self) -> NoReturn:
        """
        Refused: a pickle would carry the text in clear.
        """
        message = "a secret cannot be pickled"
        raise TypeError(message)


def is_region(word: object) -> bool:
    """
    Whether *word* may become part of a host name.
    """
    return isinstance(word, str) and _REGION.fullmatch(word) is not None


@attrs.frozen(kw_only=True)
class Claims:
    """
    What a token says. Nobody has checked its signature.

    Attributes:
        identity: Whose token it is.
        service_sid: The Conversations service (``IS…``) of its chat grant.
        account_sid: ``AC…``.
        signing_key_sid: The API key (``SK…``) it was signed with.
        issued_at: When it was made; most tokens do not say.
        not_before: When it becomes valid.
        expires_at: When it ends.
        region: The region it was made for.
        has_chat_grant: Whether it allows Conversations at all.
        raw: All claims, as they stand in the token.
    """

    identity: str | None = None
    service_sid: str | None = None
    account_sid: str | None = None
    signing_key_sid: str | None = None
    issued_at: datetime | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    region: str | None = None
    has_chat_grant: bool = False
    raw: Mapping[str, JSONValue] = attrs.field(factory=dict, repr=False, eq=False)


def read_claims(token: str) -> Claims:
    """
    Look into a token without checking anything but its form.

    What the token does not say, or says in another form than usual, is ``None``.

    Args:
        token: The JWT.

    Returns:
        What it says.

    Raises:
        InvalidArgumentError: *token* is not a string, or empty.
        TokenRejectedError: *token* is not a JWT.
    """
    header, payload = _decode(token)
    grants = _mapping(payload.get("grants"))
    chat_grants = [_mapping(grants[name]) for name in _CHAT_GRANTS if _is_mapping(grants, name)]
    chat = chat_grants[0] if chat_grants else {}
    region = header.get("twr")
    return Claims(
        identity=_text(grants.get("identity")),
        service_sid=_text(chat.get("service_sid")),
        account_sid=_text(payload.get("sub")),
        signing_key_sid=_text(payload.get("iss")),
        issued_at=_moment(payload.get("iat")),
        not_before=_moment(payload.get("nbf")),
        expires_at=_moment(payload.get("exp")),
        region=cast("str", region) if is_region(region) else None,
        has_chat_grant=bool(chat_grants),
        raw=payload,
    )


def check_token(token: str, now: datetime) -> Claims:
    """
    Look into a token and refuse it if the server certainly would.

    Args:
        token: The JWT.
        now: The current time, aware.

    Returns:
        What it says; identity and service are there.

    Raises:
        InvalidArgumentError: *token* is not a string, or empty.
        TokenRejectedError: It is not a JWT, or has no chat grant, identity or service sid.
        TokenExpiredError: Its time is over.
    """
    claims = read_claims(token)
    if claims.expires_at is not None and claims.expires_at <= now:
        message = (
            f"the token expired at {claims.expires_at:%Y-%m-%d %H:%M:%S} UTC and it is "
            f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC by the clock of this machine; get a "
            "new token from your server, or set the clock"
        )
        raise TokenExpiredError(message, code=TOKEN_EXPIRED)
    if not claims.has_chat_grant:
        message = "the token has no chat grant; add ChatGrant(service_sid=…) where it is made"
        raise TokenRejectedError(message, code=INVALID_GRANTS)
    if claims.identity is None:
        message = "the token has no identity; give AccessToken(identity=…) where it is made"
        raise TokenRejectedError(message, code=INVALID_GRANTS)
    if claims.service_sid is None:
        message = (
            "the chat grant of the token names no service; give ChatGrant(service_sid=…) the "
            "sid (IS…) of the Conversations service where the token is made"
        )
        raise TokenRejectedError(message, code=INVALID_GRANTS)
    return claims


def _decode(token: object) -> tuple[Mapping[str, JSONValue], Mapping[str, JSONValue]]:
    """
    Header and payload of a JWT.
    """
    if not isinstance(token, str):
        message = f"a token is a string, not {type(token).__name__}"
        raise InvalidArgumentError(message)
    if not token:
        message = "the token is empty; pass the access token that your server made for the user"
        raise InvalidArgumentError(message)
    if not _JWT.fullmatch(token):
        message = (
            "the token is not a JSON web token, which has three parts of letters and digits "
            "with dots between them and no spaces or quotes around it"
        )
        raise TokenRejectedError(message, code=INVALID_TOKEN)

    import jwt  # noqa: PLC0415  # see the top of this module

    try:
        header = jwt.get_unverified_header(token)
        payload = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        message = "the token is not a JSON web token: its parts cannot be decoded"
        raise TokenRejectedError(message, code=INVALID_TOKEN) from error
    return header, payload


def _is_mapping(members: Mapping[str, JSONValue], name: str) -> bool:
    return isinstance(members.get(name), dict)


def _mapping(value: JSONValue) -> Mapping[str, JSONValue]:
    return value if isinstance(value, dict) else {}


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: JSONValue) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):  # beyond the calendar
        return None


@runtime_checkable
class Grant(Protocol):
    """
    A permission that a token carries. Grants of Twilio's REST library fit, too.
    """

    @property
    def key(self) -> str:
        """
        Its name in the token.
        """
        ...

    def to_payload(self) -> Mapping[str, Any]:
        """
        Its members in the token.
        """
        ...


@attrs.frozen
class ChatGrant:
    """
    The permission to use one Conversations service.

    Attributes:
        service_sid: The service, ``IS…``.
        endpoint_id: A name for the device; not needed.
        deployment_role_sid: The role (``RL…``) that a new user gets.
        push_credential_sid: The push credential, ``CR…``.
    """

    service_sid: str | None = None
    endpoint_id: str | None = None
    deployment_role_sid: str | None = None
    push_credential_sid: str | None = None

    @property
    def key(self) -> str:
        """
        Its name in the token.
        """
        return "chat"

    def to_payload(self) -> dict[str, Any]:
        """
        Its members in the token: those that are set.
        """
        return attrs.asdict(self, filter=lambda _, value: bool(value))


class _Generate(Enum):
    NOW = "now"


class AccessToken:
    """
    Makes tokens for one user of your program. Belongs on a server: it needs the secret.

    Arguments and tokens are those of Twilio's REST library.

    Args:
        account_sid: ``AC…``.
        signing_key_sid: The API key, ``SK…``.
        secret: The API key's secret.
        grants: What the token allows; normally one :class:`ChatGrant`.
        identity: The user.
        nbf: Unix time at which the token becomes valid; by default the time at which it is
            made, ``None`` for not saying it.
        ttl: Lifetime in seconds, at most 86,400.
        valid_until: Unix time at which it ends; instead of *ttl*.
        region: The region it is made for, such as ``ie1``.

    Raises:
        InvalidArgumentError: An argument has the wrong type or form.
    """

    GENERATE: ClassVar[_Generate] = _Generate.NOW
    """
    The default of *nbf*: the time at which the token is made.
    """

    def __init__(  # noqa: PLR0917  # the order of Twilio's REST library
        self,
        account_sid: str,
        signing_key_sid: str,
        secret: str,
        grants: Iterable[Grant] | None = None,
        identity: str | None = None,
        nbf: int | _Generate | None = _Generate.NOW,
        ttl: int = 3600,
        valid_until: int | None = None,
        region: str | None = None,
    ) -> None:
        self.account_sid = _checked_text("account_sid", account_sid)
        self.signing_key_sid = _checked_text("signing_key_sid", signing_key_sid)
        self._secret = Secret(_checked_text("secret", secret, may_be_empty=True))
        self.identity = (
            None if identity is None else _checked_text("identity", identity, may_be_empty=True)
        )
        self.nbf = nbf if isinstance(nbf, _Generate | None) else _checked_time("nbf", nbf)
        self.ttl = _checked_time("ttl", ttl)
        self.valid_until = (
            None if valid_until is None else _checked_time("valid_until", valid_until)
        )
        if region is not None and not is_region(region):
            message = "region consists of lower-case letters, digits and hyphens, such as 'ie1'"
            raise InvalidArgumentError(message)
        self.region = region
        self.grants: list[Grant] = []
        for grant in grants or ():
            self.add_grant(grant)

    def add_grant(self, grant: Grant) -> None:
        """
        Allow something more in the tokens that are made from now on.

        Raises:
            InvalidArgumentError: *grant* is not a grant.
        """
        if isinstance(grant, type) or not isinstance(grant, Grant):
            message = (
                f"a grant is something like ChatGrant(service_sid=…), not {type(grant).__name__}"
            )
            raise InvalidArgumentError(message)
        self.grants.append(grant)

    def to_jwt(self, ttl: int | None = None) -> str:
        """
        Make a token.

        Args:
            ttl: Lifetime in seconds, instead of the one (or the end) given before.

        Returns:
            The JWT.

        Raises:
            InvalidArgumentError: The secret is empty, or *ttl* is not a whole number.
        """
        if not self._secret.reveal():
            message = "a token cannot be signed with an empty secret"
            raise InvalidArgumentError(message)

        import jwt  # noqa: PLC0415  # see the top of this module

        now = int(time.time())
        headers = {"cty": "twilio-fpa;v=1"} | ({"twr": self.region} if self.region else {})
        payload = self._payload(now)
        if ttl is not None:
            payload["exp"] = now + _checked_time("ttl", ttl)
        return jwt.encode(payload, self._secret.reveal(), algorithm="HS256", headers=headers)

    def __repr__(self) -> str:
        """
        Whose tokens it makes; neither the secret nor a token.
        """
        return f"<AccessToken for {self.identity!r}, key {self.signing_key_sid}>"

    def _payload(self, now: int) -> dict[str, Any]:
        grants: dict[str, Any] = {grant.key: dict(grant.to_payload()) for grant in self.grants}
        if self.identity:
            grants["identity"] = self.identity
        payload = {
            "jti": f"{self.signing_key_sid}-{now}",
            "grants": grants,
            "iss": self.signing_key_sid,
            "exp": now + self.ttl if self.valid_until is None else self.valid_until,
        }
        if self.nbf is not None:
            payload["nbf"] = now if self.nbf is _Generate.NOW else self.nbf
        payload["sub"] = self.account_sid
        return payload


def _checked_text(name: str, value: object, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str):
        message = f"{name} is a string, not {type(value).__name__}"
        raise InvalidArgumentError(message)
    if not value and not may_be_empty:
        message = f"{name} is empty"
        raise InvalidArgumentError(message)
    return value


def _checked_time(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{name} is a whole number of seconds, not {type(value).__name__}"
        raise InvalidArgumentError(message)
    return value
