"""
The service's configuration: who the user is, where things are, what the limits are.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import attrs

from conversations._core.upstream import JSONValue, UpstreamResponse

from .decoding import index, mapping, text
from .durations import duration
from .exchange import missing

DEFAULT_USERS_TO_SUBSCRIBE = 100
DEFAULT_CACHE_INTERVAL = 5.0
DEFAULT_TYPING_TIMEOUT = 5.0
EMAIL_TYPES = ("text/plain", "text/html")


@attrs.frozen(kw_only=True)
class Choices:
    """
    What the program has chosen itself; ``None`` leaves it to the service.

    Attributes:
        user_infos_to_subscribe: Most users, the own one apart, that are followed at a time.
        typing_indicator_timeout: Seconds between two typing notices.
        http_cache_interval: Seconds for which an answer is used again.
        channel_metadata_cache_capacity: Of so many messages the channel metadata are kept.
        message_recipients_cache_capacity: Of so many messages the recipients are kept.
        message_cache_limit: So many messages of a conversation are cached.
        media_url: Where the media service is: scheme and host, perhaps with a path before
            its own.
    """

    user_infos_to_subscribe: int | None = None
    typing_indicator_timeout: float | None = None
    http_cache_interval: float | None = None
    channel_metadata_cache_capacity: int = 100
    message_recipients_cache_capacity: int = 1000
    message_cache_limit: int | None = None
    media_url: str | None = None


@attrs.frozen(kw_only=True)
class MediaLimits:
    """
    What a message may carry. What the service does not tell is as it is documented.

    Attributes:
        count: Attachments of one message.
        size_in_mb: Each of them, in units of 1024 · 1024 bytes.
        total_size_in_mb: All of them together.
        email_body_types: Content types for the body of an e-mail.
        email_history_types: Content types for its history.
    """

    count: int = 10
    size_in_mb: int = 150
    total_size_in_mb: int = 150
    email_body_types: tuple[str, ...] = EMAIL_TYPES
    email_history_types: tuple[str, ...] = EMAIL_TYPES


@attrs.frozen(kw_only=True)
class Links:
    """
    Absolute URLs of the collections, without a slash at the end.

    Attributes:
        media: The media service; its address as the service or the program names it.
        media_set: Its records, many at once.
    """

    conversations: str
    my_conversations: str
    users: str
    typing: str | None = None
    messages_receipts: str | None = None
    media: str | None = None
    media_set: str | None = None

    def conversation(self, sid: str) -> str:
        """
        The resource of one conversation.
        """
        return f"{self.conversations}/{quote(sid, safe='')}"

    def my_conversation(self, sid_or_unique_name: str) -> str:
        """
        The user's own entry of one conversation.
        """
        return f"{self.my_conversations}/{quote(sid_or_unique_name, safe='')}"

    def user(self, identity: str) -> str:
        """
        The resource of one user.
        """
        return f"{self.users}/{quote(identity, safe='')}"

    def message_receipts(self, conversation_sid: str, sid: str) -> str | None:
        """
        The delivery receipts of one message; ``None`` if the service has not said where.
        """
        before, _, rest = (self.messages_receipts or "").partition("%s")
        between, second, after = rest.partition("%s")
        if not second:
            return None
        conversation, message = (quote(name, safe="") for name in (conversation_sid, sid))
        return f"{before}{conversation}{between}{message}{after}"


@attrs.frozen(kw_only=True)
class Configuration:
    """
    What ``GET /Client/v2/Configuration`` says (docs/protocol/conversations.md, Configuration),
    and what the program has chosen instead.

    Attributes:
        typing_timeout: Chosen by the program, in seconds; ``None``: the service tells with
            each notice.
        cache_interval: Seconds for which an answer is used again.
        message_cache_limit: So many messages of a conversation are cached; ``None`` for any
            number.
        media_limits: What a message may carry.
    """

    identity: str
    my_conversations: str
    my_user_info: str | None
    links: Links
    is_reachability_enabled: bool = False
    users_to_subscribe: int = DEFAULT_USERS_TO_SUBSCRIBE
    typing_timeout: float | None = None
    cache_interval: float = DEFAULT_CACHE_INTERVAL
    channel_metadata_cache_capacity: int = 100
    message_recipients_cache_capacity: int = 1000
    message_cache_limit: int | None = None
    media_limits: MediaLimits = MediaLimits()


def decode_configuration(
    response: UpstreamResponse, choices: Choices | None = None
) -> Configuration:
    """
    Read the answer.

    Args:
        response: The answer.
        choices: Win over what it says.

    Raises:
        ConversationsError: A member is missing without which nothing works.
    """
    body = mapping(response.body)
    sync_objects = mapping(body.get("sync_objects"))
    links = mapping(body.get("links"))
    options = mapping(body.get("options"))
    chosen = choices or Choices()
    media, media_set = _media_links(links, chosen.media_url)
    return Configuration(
        identity=_required(body.get("identity"), "identity"),
        my_conversations=_required(
            sync_objects.get("my_conversations"), "name of the user's conversations"
        ),
        my_user_info=text(sync_objects.get("my_user_info")),
        links=Links(
            conversations=_link(links.get("conversations"), "conversations"),
            my_conversations=_link(links.get("my_conversations"), "my_conversations"),
            users=_link(links.get("users"), "users"),
            typing=_optional_link(links.get("typing")),
            messages_receipts=_optional_link(links.get("messages_receipts")),
            media=media,
            media_set=media_set,
        ),
        is_reachability_enabled=options.get("reachability_enabled") is True,
        users_to_subscribe=(
            chosen.user_infos_to_subscribe
            or _positive(options.get("user_infos_to_subscribe"))
            or DEFAULT_USERS_TO_SUBSCRIBE
        ),
        typing_timeout=chosen.typing_indicator_timeout,
        cache_interval=_first(
            chosen.http_cache_interval,
            duration(options.get("http_cache_interval")),
            DEFAULT_CACHE_INTERVAL,
        ),
        channel_metadata_cache_capacity=chosen.channel_metadata_cache_capacity,
        message_recipients_cache_capacity=chosen.message_recipients_cache_capacity,
        message_cache_limit=chosen.message_cache_limit,
        media_limits=_media_limits(options),
    )


def _media_links(
    links: Mapping[str, JSONValue], chosen: str | None
) -> tuple[str | None, str | None]:
    """
    The addresses of the media service and of its sets.
    """
    media = _optional_link(links.get("media_service"))
    media_set = _optional_link(links.get("media_set_service"))
    if media_set is None and media is not None:
        media_set = f"{media}Set"
    return _moved(media, chosen), _moved(media_set, chosen)


def _moved(link: str | None, chosen: str | None) -> str | None:
    """
    The same path where the program wants it.
    """
    if link is None or chosen is None:
        return link
    return f"{chosen.rstrip('/')}{urlsplit(link).path}"


def _media_limits(options: Mapping[str, JSONValue]) -> MediaLimits:
    usual = MediaLimits()
    return MediaLimits(
        count=_limit(options.get("media_attachments_count_limit"), usual.count),
        size_in_mb=_limit(options.get("media_attachment_size_limit_in_mb"), usual.size_in_mb),
        total_size_in_mb=_limit(
            options.get("media_attachments_total_size_limit_in_mb"), usual.total_size_in_mb
        ),
        email_body_types=_types(options.get("email_bodies_allowed_mime_types")),
        email_history_types=_types(options.get("email_histories_allowed_mime_types")),
    )


def _limit(value: JSONValue, usual: int) -> int:
    found = index(value)
    return usual if found is None else found


def _types(value: JSONValue) -> tuple[str, ...]:
    if not isinstance(value, list):
        return EMAIL_TYPES
    return tuple(entry for entry in value if isinstance(entry, str))


def _positive(value: JSONValue) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return None


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _required(value: JSONValue, what: str) -> str:
    found = text(value)
    if found is None:
        raise missing(what)
    return found


def _link(value: JSONValue, name: str) -> str:
    url = _optional_link(value)
    if url is None:
        raise missing(f"link {name}")
    return url


def _optional_link(value: JSONValue) -> str | None:
    """
    An absolute address, or ``None`` for anything that is none.
    """
    url = (text(value) or "").rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        return None
    return url
