"""
One request as an endpoint sees it, and what it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

import attrs

from ..._core.upstream import JSONValue
from ..deliveries import Deliveries
from ..domain import users
from ..domain.records import Caller, User
from ..domain.service import Service
from ..faults import Faults
from ..refusals import refusal
from ..sync.objects import Subscriber

MUTATION_ID_HEADER = "x-twilio-mutation-id"


@attrs.frozen(kw_only=True)
class UpstreamCall:
    """
    The ``http_request`` of a frame, decoded.

    Attributes:
        method: In capitals.
        host: As the client gave it, with a port if there was one. Not used for routing.
        path: Still percent-encoded.
        segments: Its parts, decoded.
        query: Every parameter with all its values, decoded.
        headers: Names in lower case; of repeated ones the first.
        body: Parsed JSON, text, or raw bytes; ``None`` without one.
    """

    method: str
    host: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: JSONValue | bytes = attrs.field(repr=False, default=None)

    @classmethod
    def decode(cls, http_request: JSONValue, payload: JSONValue | bytes) -> UpstreamCall:
        """
        Read a frame's ``http_request``. Values may be texts or arrays of texts.

        Raises:
            Refusal: It cannot be read.
        """
        fields = http_request if isinstance(http_request, dict) else {}
        method, path, host = fields.get("method"), fields.get("path"), fields.get("host")
        if not isinstance(method, str) or not isinstance(path, str):
            raise refusal(20001, "Malformed http_request")
        method = method.upper()
        return cls(
            method=method,
            host=host if isinstance(host, str) and host else "localhost",
            path=path,
            segments=tuple(unquote(part) for part in path.strip("/").split("/")),
            query=_decode_query(fields.get("params")),
            headers=_decode_headers(fields.get("headers")),
            body=payload,
        )

    @property
    def base_url(self) -> str:
        """
        Scheme and host for the URLs of the answer. The scheme does not travel in the frame.
        """
        scheme = "https" if self.host.endswith(".twilio.com") else "http"
        return f"{scheme}://{self.host}"

    def parameter(self, name: str) -> str | None:
        """
        The first value of a query parameter.
        """
        values = self.query.get(name)
        return values[0] if values else None


@attrs.frozen(kw_only=True)
class Call:
    """
    A request that has found its route.

    Attributes:
        request: The request.
        arguments: What stands in the places of the route's variables.
        service: The state of the service.
        user: Who asks.
        subscriber: The connection, for subscriptions.
        media_base_url: Scheme and host of the connection's own handshake, for what is
            fetched by ordinary HTTP.
        faults: What tests have ordered.
        deliveries: The way of notifications.
    """

    request: UpstreamCall
    arguments: Mapping[str, str]
    service: Service
    user: User
    subscriber: Subscriber
    media_base_url: str
    faults: Faults
    deliveries: Deliveries

    @property
    def caller(self) -> Caller:
        """
        Who asks, for the domain.
        """
        return Caller(identity=self.user.identity)

    @property
    def client_api(self) -> str:
        """
        The beginning of the URLs of this service's resources.
        """
        return f"{self.request.base_url}/Client/v2/Services/{self.service.sid}"

    def require_own_user(self) -> None:
        """
        Refuse a path that names somebody else's list.
        """
        named = self.arguments["user"]
        if named not in {self.user.sid, self.user.identity}:
            users.find(self.service, named)
            raise refusal(50107)


@attrs.frozen(kw_only=True)
class Answer:
    """
    What the service answers.

    Attributes:
        status: HTTP status.
        body: JSON; nothing for ``None``.
        headers: Besides type and length.
        afterwards: Runs when the answer is on its way.
    """

    status: int = 200
    body: JSONValue = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    afterwards: Callable[[], None] | None = None

    @property
    def reason(self) -> str:
        """
        The text of the status.
        """
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:  # a status of a test's invention
            return "Unknown"


def _decode_query(params: JSONValue) -> dict[str, tuple[str, ...]]:
    """
    Names and values travel percent-encoded, as they stood in the URL.
    """
    if not isinstance(params, dict):
        return {}
    pairs = [(name, value) for name, values in params.items() for value in _texts(values)]
    encoded = "&".join(f"{name}={value}" for name, value in pairs)
    return {
        name: tuple(values) for name, values in parse_qs(encoded, keep_blank_values=True).items()
    }


def _decode_headers(headers: JSONValue) -> dict[str, str]:
    if not isinstance(headers, dict):
        return {}
    decoded: dict[str, str] = {}
    for name, values in headers.items():
        for value in _texts(values)[:1]:
            decoded.setdefault(name.lower(), value)
    return decoded


def _texts(values: JSONValue) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [str(value) for value in listed if value is not None]
