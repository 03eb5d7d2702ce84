"""
The options of a client, and the addresses that follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias
from urllib.parse import SplitResult, urlsplit

import attrs

from ._core.upstream import JSONValue
from .attributes import Attributes
from .errors import InvalidArgumentError
from .tokens import is_region

__all__ = ["EMULATOR_VARIABLE", "Endpoints", "Properties"]

EMULATOR_VARIABLE = "CONVERSATIONS_EMULATOR_URL"
"""
The environment variable that points clients at an emulator: ``http://127.0.0.1:8089``.
"""

DEFAULT_REGION = "us1"
TWILSOCK_PATH = "/v3/wsconnect"
LONGEST_DURATION = 30 * 365 * 86_400

_Field: TypeAlias = "attrs.Attribute[Any]"  # generic for type checkers only


def _refuse(name: str, what: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name} {what}")


def _is_flag(_: Properties, field: _Field, value: object) -> None:
    if not isinstance(value, bool):
        raise _refuse(field.name, f"is True or False, not {type(value).__name__}")


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(name, f"is a number of seconds, not {type(value).__name__}")
    if not abs(value) < LONGEST_DURATION:
        raise _refuse(name, "must be finite, and less than 30 years")
    return value


def _is_duration(_: Properties, field: _Field, value: object) -> None:
    if _seconds(field.name, value) <= 0:
        raise _refuse(field.name, "must be more than 0 seconds")


def _is_margin(_: Properties, field: _Field, value: object) -> None:
    if _seconds(field.name, value) < 0:
        raise _refuse(field.name, "must not be negative")


def _is_count(_: Properties, field: _Field, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse(field.name, f"is a whole number, not {type(value).__name__}")
    if value < 1:
        raise _refuse(field.name, "must be at least 1")


def _is_limit_or_none(owner: Properties, field: _Field, value: object) -> None:
    if value is not None and (isinstance(value, bool) or value != 0):
        _is_count(owner, field, value)


def _is_dispatcher_or_none(_: Properties, field: _Field, value: object) -> None:
    if value is not None and not callable(getattr(value, "call_soon", None)):
        raise _refuse(field.name, "has a method call_soon(fn)")


def _is_region_or_none(_: Properties, field: _Field, value: object) -> None:
    if value is not None and not is_region(value):
        raise _refuse(
            field.name, "consists of lower-case letters, digits and hyphens, such as 'ie1'"
        )


def _is_tls_context_or_none(_: Properties, field: _Field, value: object) -> None:
    if value is not None and not callable(getattr(value, "wrap_socket", None)):
        raise _refuse(field.name, f"is an ssl.SSLContext, not {type(value).__name__}")


def _split_url(name: str, url: object, schemes: tuple[str, ...]) -> SplitResult:
    """
    The parts of an absolute URL. Errors do not quote it: it may contain a password.
    """
    if not isinstance(url, str):
        raise _refuse(name, f"is a string, not {type(url).__name__}")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _refuse(name, "contains characters that do not belong into a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refuse(name, "is not a URL") from error
    if parts.scheme not in schemes:
        raise _refuse(name, f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or port == 0:
        raise _refuse(name, "names no host, or port 0")
    if "@" in parts.netloc:
        raise _refuse(name, "must not contain a user name or password")
    if parts.fragment:
        raise _refuse(name, "must not contain a fragment (#…)")
    return parts


def _is_twilsock_url_or_none(_: Properties, field: _Field, value: object) -> None:
    if value is not None:
        _split_url(field.name, value, ("wss", "ws"))


def _is_api_url_or_none(_: Properties, field: _Field, value: object) -> None:
    if value is not None and _split_url(field.name, value, ("https", "http")).query:
        raise _refuse(field.name, "must not contain a query (?…)")


def _frozen_metadata(value: object) -> Mapping[str, JSONValue]:
    message = "client_metadata is a mapping from names to JSON values"
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(message)
    try:
        members = Attributes(value).json_object
    except InvalidArgumentError as error:
        raise InvalidArgumentError(message) from error
    return MappingProxyType(members or {})


class Dispatcher(Protocol):
    """
    Hands the calls of listeners to a loop of the program's own, such as that of a GUI.
    """

    def call_soon(self, fn: Callable[[], None], /) -> object:
        """
        Have the loop run *fn* soon, after what was handed over before. Any thread may call it.
        """


@attrs.frozen(kw_only=True)
class Endpoints:
    """
    Where a client connects to, and which hosts its requests name.

    Requests travel inside the connection, so all but *twilsock_url* are names for the server
    at its other end to understand; nobody connects to them.

    Attributes:
        region: The region in effect.
        twilsock_url: The websocket.
        api_url: The Conversations service, without a slash at the end.
        sync_url: The Sync service, without a slash at the end.
    """

    region: str
    twilsock_url: str
    api_url: str
    sync_url: str

    @property
    def push_url(self) -> str:
        """
        The registrar of push tokens, without a slash at the end.
        """
        return f"https://ers.{self.region}.twilio.com"


@attrs.frozen(kw_only=True)
class Properties:
    """
    The options of a client. Immutable; one object can serve any number of clients.

    Durations are seconds.

    Attributes:
        region: The region part of every host name. ``None``: the one that the token was made
            for, else ``us1``.
        command_timeout: The default of every call's ``timeout``.
        defer_certificate_trust_to_platform: Whether the trust store of the platform decides
            about certificates, or only the one that comes with certifi. They are always
            verified.
        ssl_context: An ``ssl.SSLContext`` of your own, for own certificates or pinning.
        use_proxy: Whether ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` are honoured, also
            for the websocket.
        synchronize_on_startup: Whether the list of conversations is loaded by itself.
        dispatcher: Where listeners are called, if not on the client's own thread: an object
            with a method ``call_soon(fn)``, which any thread may call, and which has *fn* run
            by the loop of a GUI (docs/threads.md, Listener thread).
        user_infos_to_subscribe: So many users, the own one apart, are followed at a time.
            ``None``: as many as the service says.
        typing_indicator_timeout: The pause between two notices that the user types; one that
            is received lasts a second longer. ``None``: what the service says.
        http_cache_interval: How long an answer about counts is used again; 0 asks each time.
            ``None``: what the service says.
        client_metadata: Added to what the client tells about itself when it connects.
        api_url: Another address of the Conversations service.
        twilsock_url: Another address of the websocket. The only way to get an unencrypted
            one (``ws://``) besides ``CONVERSATIONS_EMULATOR_URL``.
        media_url: Another address of the media service: scheme and host, perhaps with a path
            that goes before the service's own.
        retry_when_throttled: Whether reading is also tried again when the service answers
            429 (too many requests).
        backoff_min: The pause before a call is tried again for the first time. It doubles
            with each further time.
        backoff_max: The longest pause.
        backoff_max_attempts: How often a call is tried at most, the first time included.
        channel_metadata_cache_capacity: Of so many messages the channel metadata are kept,
            those that were asked for longest ago least.
        message_recipients_cache_capacity: Of so many messages the recipients are kept.
        message_cache_limit: So many messages of a conversation are cached at a time, those
            fetched or announced longest ago least; ``None`` for any number.
        max_outstanding_requests: So many requests of the client's own may be unanswered
            during synchronization.
        worker_threads: So many threads run what is given to ``submit``, and transfer media,
            at most.
        token_refresh_margin: So long before the end of a token the client asks for a new one
            at the latest; for short-lived tokens a fifth of their lifetime, if that is less.

    Raises:
        InvalidArgumentError: A value has the wrong type or is out of range.
    """

    region: str | None = attrs.field(default=None, validator=_is_region_or_none)
    command_timeout: float = attrs.field(default=10.0, validator=_is_duration)
    defer_certificate_trust_to_platform: bool = attrs.field(default=True, validator=_is_flag)
    # Any, because only the network layer may import ssl: it is loaded when it is needed.
    ssl_context: Any = attrs.field(default=None, validator=_is_tls_context_or_none)
    use_proxy: bool = attrs.field(default=True, validator=_is_flag)
    synchronize_on_startup: bool = attrs.field(default=True, validator=_is_flag)
    dispatcher: Dispatcher | None = attrs.field(default=None, validator=_is_dispatcher_or_none)
    user_infos_to_subscribe: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_is_count)
    )
    typing_indicator_timeout: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_is_duration)
    )
    http_cache_interval: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_is_margin)
    )
    client_metadata: Mapping[str, JSONValue] = attrs.field(
        factory=dict, converter=_frozen_metadata, hash=False
    )
    api_url: str | None = attrs.field(default=None, validator=_is_api_url_or_none)
    twilsock_url: str | None = attrs.field(default=None, validator=_is_twilsock_url_or_none)
    media_url: str | None = attrs.field(default=None, validator=_is_api_url_or_none)
    retry_when_throttled: bool = attrs.field(default=True, validator=_is_flag)
    backoff_min: float = attrs.field(default=1.0, validator=_is_duration)
    backoff_max: float = attrs.field(default=4.0, validator=_is_duration)
    backoff_max_attempts: int = attrs.field(default=3, validator=_is_count)
    channel_metadata_cache_capacity: int = attrs.field(default=100, validator=_is_count)
    message_recipients_cache_capacity: int = attrs.field(default=1000, validator=_is_count)
    message_cache_limit: int | None = attrs.field(default=None, validator=_is_limit_or_none)
    max_outstanding_requests: int = attrs.field(default=1000, validator=_is_count)
    worker_threads: int = attrs.field(default=4, validator=_is_count)
    token_refresh_margin: float = attrs.field(default=120.0, validator=_is_margin)

    def __attrs_post_init__(self) -> None:
        """
        Check what concerns more than one value.
        """
        if self.backoff_min > self.backoff_max:
            message = "backoff_min must not be more than backoff_max"
            raise InvalidArgumentError(message)

    def endpoints(self, token_region: str | None, environ: Mapping[str, str]) -> Endpoints:
        """
        The addresses in effect.

        A URL given here wins over the environment, the region given here over the token's.

        Args:
            token_region: The region that the token was made for, if it says so.
            environ: The environment, for ``CONVERSATIONS_EMULATOR_URL``.

        Raises:
            InvalidArgumentError: That variable is not an ``http://`` or ``https://`` URL.
        """
        region = self.region or token_region or DEFAULT_REGION
        api_url = self.api_url or f"https://aim.{region}.twilio.com"
        return Endpoints(
            region=region,
            twilsock_url=(
                self.twilsock_url
                or _twilsock_url_of_emulator(environ)
                or f"wss://tsock.{region}.twilio.com{TWILSOCK_PATH}"
            ),
            api_url=api_url.rstrip("/"),
            sync_url=f"https://cds.{region}.twilio.com",
        )


def _twilsock_url_of_emulator(environ: Mapping[str, str]) -> str | None:
    url = environ.get(EMULATOR_VARIABLE, "").strip()
    if not url:
        return None
    parts = _split_url(EMULATOR_VARIABLE, url, ("http", "https"))
    if parts.query:
        raise _refuse(EMULATOR_VARIABLE, "must not contain a query (?…)")
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{TWILSOCK_PATH}"
