"""
The service's configuration: who the user is, where things are, what the limits are.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import attrs

from conversations._core.upstream import JSONValue, UpstreamResponse

from .decoding import mapping, text
from .exchange import missing


@attrs.frozen(kw_only=True)
class Links:
    """
    Absolute URLs of the collections, without a slash at the end.
    """

    conversations: str
    my_conversations: str
    users: str

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


@attrs.frozen(kw_only=True)
class Configuration:
    """
    What ``GET /Client/v2/Configuration`` says (docs/protocol/conversations.md, Configuration).
    """

    identity: str
    my_conversations: str
    my_user_info: str | None
    links: Links
    is_reachability_enabled: bool = False


def decode_configuration(response: UpstreamResponse) -> Configuration:
    """
    Read the answer.

    Raises:
        ConversationsError: A member is missing without which nothing works.
    """
    body = mapping(response.body)
    sync_objects = mapping(body.get("sync_objects"))
    links = mapping(body.get("links"))
    options = mapping(body.get("options"))
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
        ),
        is_reachability_enabled=options.get("reachability_enabled") is True,
    )


def _required(value: JSONValue, what: str) -> str:
    found = text(value)
    if found is None:
        raise missing(what)
    return found


def _link(value: JSONValue, name: str) -> str:
    url = _required(value, f"link {name}").rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise missing(f"link {name}") from error
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise missing(f"link {name}")
    return url
