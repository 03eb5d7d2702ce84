"""
What the frames say: those of the client are built here, those of the server read here.

Readers never raise: what is absent or has an unexpected type counts as not said.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

import attrs

from conversations._core.upstream import JSONValue, UpstreamRequest, UpstreamResponse

from .errors import LocalProtocolError
from .frames import Frame, encode_frame

DEFAULT_MESSAGE_TYPES = (
    "twilio.ipmsg.typing_indicator",
    "twilio.sync.event",
    "com.twilio.rtd.cds.document",
    "com.twilio.rtd.cds.list",
    "com.twilio.rtd.cds.map",
)

_DEFAULT_MIN_MS = 1000.0
_DEFAULT_MAX_MS = 2000.0
_MAX_MS = 86_400_000.0  # a day: whatever asks for more is an error


@attrs.frozen(kw_only=True)
class Registration:
    """
    Notifications that this connection wants, part of ``init``.
    """

    product: str = "ip_messaging"
    type: str = "ers"
    notification_protocol_version: int = 4
    message_types: tuple[str, ...] = attrs.field(default=DEFAULT_MESSAGE_TYPES, converter=tuple)

    def to_json(self) -> JSONValue:
        """
        As it stands in ``init``.
        """
        return {
            "product": self.product,
            "type": self.type,
            "notification_protocol_version": self.notification_protocol_version,
            "message_types": list(self.message_types),
        }


@attrs.frozen(kw_only=True)
class ReplyStatus:
    """
    The ``status`` of a reply or a ``close``: the word of Twilsock itself.

    Attributes:
        code: HTTP-like, 0 if it could not be read.
        status: Its name.
        description: In words.
        error_code: Twilio's error code, 0 without one.
    """

    code: int
    status: str = ""
    description: str = ""
    error_code: int = 0

    @property
    def is_success(self) -> bool:
        """
        Whether it is 2xx.
        """
        return 200 <= self.code < 300  # noqa: PLR2004  # the HTTP success class


UNREADABLE_STATUS = ReplyStatus(code=0, description="the server's answer cannot be read")


@attrs.frozen(kw_only=True)
class AccountDescriptor:
    """
    Whose connection it is, as the server sees it.

    Attributes:
        account_sid: The account.
        identity: The user.
        instance_sids: Service sid by grant.
    """

    account_sid: str
    identity: str
    instance_sids: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class BackoffPolicy:
    """
    How long the server wants the client to stay away, in milliseconds.
    """

    min_ms: float = _DEFAULT_MIN_MS
    max_ms: float = _DEFAULT_MAX_MS

    def draw(self, rng: random.Random) -> float:
        """
        Seconds to wait, at random between the bounds.
        """
        return rng.uniform(self.min_ms, max(self.max_ms, self.min_ms)) / 1000


# Frames of the client


def init_frame(
    frame_id: str,
    *,
    token: str,
    continuation_token: str | None,
    metadata: Mapping[str, JSONValue],
    registrations: Iterable[Registration],
    capabilities: Iterable[str],
) -> bytes:
    """
    The first frame on a socket: who the client is and what it understands.
    """
    header: dict[str, JSONValue] = {"id": frame_id, "method": "init", "token": token}
    if continuation_token is not None:
        header["continuation_token"] = continuation_token
    header["metadata"] = dict(metadata)
    header["registrations"] = [registration.to_json() for registration in registrations]
    header["capabilities"] = list(capabilities)
    return encode_frame(header)


def update_frame(frame_id: str, token: str) -> bytes:
    """
    A new token for the open connection.
    """
    return encode_frame({"id": frame_id, "method": "update", "token": token})


def message_frame(frame_id: str, request: UpstreamRequest, *, active_grant: str) -> bytes:
    """
    An HTTP request to a service behind Twilsock.

    Raises:
        LocalProtocolError: The URL is not absolute ``http`` or ``https`` with a path, or the
            request is too large.
    """
    url = _split_url(request.url)
    header: dict[str, JSONValue] = {
        "id": frame_id,
        "method": "message",
        "active_grant": active_grant,
    }
    payload_type = _content_type(request)
    if payload_type is not None:
        header["payload_type"] = payload_type
    header["http_request"] = {
        "host": url.netloc,
        "path": url.path,
        "method": request.method,
        "params": _params(url.query),
        "headers": dict(request.headers),
    }
    return encode_frame(header, request.body)


def acknowledgement_frame(frame_id: str) -> bytes:
    """
    The answer to every frame of the server that is no reply itself.
    """
    return encode_frame(
        {
            "id": frame_id,
            "method": "reply",
            "payload_type": "application/json",
            "status": {"code": 200, "status": "OK"},
        }
    )


def close_frame(frame_id: str) -> bytes:
    """
    Says goodbye before the socket is closed.
    """
    return encode_frame({"id": frame_id, "method": "close"})


# What the server says


def read_status(frame: Frame) -> ReplyStatus:
    """
    The frame's own status, or ``UNREADABLE_STATUS`` without a code.
    """
    status = frame.header.get("status")
    if not isinstance(status, dict):
        return UNREADABLE_STATUS
    code = _integer(status.get("code"))
    if code is None:
        return UNREADABLE_STATUS
    return ReplyStatus(
        code=code,
        status=_text(status.get("status")) or "",
        description=_text(status.get("description")) or "",
        error_code=_integer(status.get("errorCode")) or 0,
    )


def read_response(frame: Frame) -> UpstreamResponse | None:
    """
    The answer of the service behind a successful reply; ``None`` if it cannot be read.

    A reply without ``http_status`` counts as 200, as in the native client.
    """
    status = frame.header.get("http_status", {"code": 200, "status": "OK"})
    code = _integer(status.get("code")) if isinstance(status, dict) else None
    if not isinstance(status, dict) or code is None:
        return None
    return UpstreamResponse(
        status=code,
        reason=_text(status.get("status")) or "",
        headers=_read_headers(frame.header.get("http_headers")),
        body=frame.payload,
    )


def read_continuation_token(frame: Frame) -> str | None:
    """
    The continuation token that comes with a reply, if there is one.
    """
    return _text(frame.header.get("continuation_token")) or None


def read_capabilities(frame: Frame) -> frozenset[str]:
    """
    What the server granted of the capabilities offered in ``init``.
    """
    names = frame.header.get("capabilities")
    return frozenset(name for name in _list(names) if isinstance(name, str))


def read_account(frame: Frame) -> AccountDescriptor | None:
    """
    The account descriptor of an init reply, if it is there and complete.
    """
    account = frame.header.get("account_descriptor")
    if not isinstance(account, dict):
        return None
    account_sid, identity = _text(account.get("account_sid")), _text(account.get("identity"))
    if account_sid is None or identity is None:
        return None
    return AccountDescriptor(
        account_sid=account_sid,
        identity=identity,
        instance_sids={
            grant: sid
            for grant, sid in _object(account.get("instance_sids")).items()
            if isinstance(sid, str)
        },
    )


def read_backoff_policy(payload: JSONValue | bytes) -> BackoffPolicy:
    """
    The policy in the payload of a 429 reply or of ``close`` 308; a missing or impossible
    bound counts as the default.
    """
    policy = _object(_object(payload).get("backoff_policy"))
    return BackoffPolicy(
        min_ms=_milliseconds(policy.get("reconnect_min_ms"), _DEFAULT_MIN_MS),
        max_ms=_milliseconds(policy.get("reconnect_max_ms"), _DEFAULT_MAX_MS),
    )


def _split_url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
    except ValueError as error:
        message = "not a URL"
        raise LocalProtocolError(message) from error
    if url.scheme not in {"http", "https"} or not url.netloc or not url.path:
        message = f"not an absolute http URL with a path: {text!r}"
        raise LocalProtocolError(message)
    return url


def _content_type(request: UpstreamRequest) -> str | None:
    for name, value in request.headers.items():
        if name.lower() == "content-type":
            return value
    return "application/json" if request.body else None


def _params(query: str) -> dict[str, JSONValue]:
    """
    Parameters by name, percent-encoded as in the URL; several values of one name as a list.
    """
    params: dict[str, JSONValue] = {}
    for piece in filter(None, query.split("&")):
        name, _, value = piece.partition("=")
        value = value.replace("=", "%3D")  # receivers cut at every "="
        known = params.get(name)
        if known is None:
            params[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            params[name] = [known, value]
    return params


def _read_headers(headers: JSONValue) -> dict[str, str]:
    read = {}
    for name, value in _object(headers).items():
        words = [word for word in (_list(value) or [value]) if isinstance(word, str)]
        if words:
            read[name.lower()] = ", ".join(words)
    return read


def _milliseconds(value: JSONValue, default: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _MAX_MS else default  # type: ignore[arg-type, operator]  # mypy loses is_number


def _object(value: JSONValue | bytes) -> dict[str, JSONValue]:
    return value if isinstance(value, dict) else {}


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: JSONValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
