"""
What an operation may be given, and the checks of single values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Final, NoReturn

import attrs

from ..._core.upstream import JSONValue
from ..ids import is_sid
from ..refusals import refusal
from ..settings import Limits
from .records import Binding, ChannelMetadata, ConversationState, NotificationLevel


class Unset(Enum):
    """
    Stands for a value that was not given, which is not the same as ``None``.
    """

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@attrs.frozen(kw_only=True)
class ConversationFields:
    """
    What can be said about a conversation. ``None`` removes a name.
    """

    friendly_name: str | Unset | None = UNSET
    unique_name: str | Unset | None = UNSET
    attributes: str | Unset = UNSET
    state: ConversationState | Unset = UNSET
    bindings: Mapping[str, JSONValue] | Unset = UNSET

    def check(self, limits: Limits) -> None:
        """
        Refuse values outside the limits.
        """
        check_length(self.friendly_name, limits.friendly_name_characters, 50003)
        check_length(self.unique_name, limits.unique_name_characters, 50004)
        if isinstance(self.unique_name, str) and is_sid(self.unique_name, "CH"):
            raise refusal(50390)
        check_attributes(self.attributes, limits.conversation_attributes_bytes)


@attrs.frozen(kw_only=True)
class TimerFields:
    """
    When a conversation shall change by itself, in seconds. ``None`` and 0 stand for never.
    """

    inactive_after: float | Unset | None = UNSET
    closed_after: float | Unset | None = UNSET

    def check(self) -> None:
        """
        Refuse times that are too short.
        """
        if isinstance(self.inactive_after, float | int) and 0 < self.inactive_after < 60:  # noqa: PLR2004  # a minute
            raise refusal(50375)
        if isinstance(self.closed_after, float | int) and 0 < self.closed_after < 600:  # noqa: PLR2004  # ten minutes
            raise refusal(50376)


@attrs.frozen(kw_only=True)
class MessageFields:
    """
    What can be said about a message.
    """

    body: str | Unset | None = UNSET
    subject: str | Unset | None = UNSET
    attributes: str | Unset = UNSET

    def check(self, limits: Limits) -> None:
        """
        Refuse values outside the limits.
        """
        if isinstance(self.body, str) and _size(self.body) > limits.body_bytes:
            raise refusal(50504)
        check_length(self.subject, limits.subject_characters, 20001)
        check_attributes(self.attributes, limits.message_attributes_bytes)


@attrs.frozen(kw_only=True)
class AttachedFields:
    """
    What a message can be given at its beginning and never again.

    Attributes:
        media_sids: Uploaded media, of any category.
        content_sid: A template to make it from.
        content_variables: JSON text of an object, for the template.
        channel_metadata: What another channel knows about it.
    """

    media_sids: tuple[str, ...] = ()
    content_sid: str | None = None
    content_variables: str | None = None
    channel_metadata: ChannelMetadata | None = None


NOTHING_ATTACHED = AttachedFields()


@attrs.frozen(kw_only=True)
class UserFields:
    """
    What can be said about a user.
    """

    friendly_name: str | Unset | None = UNSET
    attributes: str | Unset = UNSET

    def check(self, limits: Limits) -> None:
        """
        Refuse values outside the limits.
        """
        check_length(self.friendly_name, limits.friendly_name_characters, 50003)
        check_attributes(self.attributes, limits.user_attributes_bytes)


@attrs.frozen(kw_only=True)
class ReadingFields:
    """
    What belongs to one participant alone. A horizon of ``None`` unsets it.
    """

    notification_level: NotificationLevel | Unset = UNSET
    last_read_index: int | Unset | None = UNSET

    def check(self) -> None:
        """
        Refuse a horizon before the first message.
        """
        if isinstance(self.last_read_index, int) and self.last_read_index < 0:
            raise refusal(50406)


@attrs.frozen(kw_only=True)
class BindingFields:
    """
    What can be said about a participant outside the chat.
    """

    address: str = ""
    proxy_address: str = ""
    name: str | None = None
    level: str | None = None

    def check(self, limits: Limits) -> Binding:
        """
        The binding, or a refusal.
        """
        binding_type = address_type(self.address)
        if not _is_address(self.address, limits):
            raise refusal(50407)
        if not _is_address(self.proxy_address, limits):
            raise refusal(50408)
        if self.address == self.proxy_address:
            raise refusal(50409)
        if binding_type != address_type(self.proxy_address):
            raise refusal(50414)
        is_email = binding_type == "email"
        if not is_email and not (self.name is None and self.level is None):
            raise refusal(50420)
        if self.level not in {None, "to", "cc"}:
            raise refusal(50420)
        return Binding(
            type=binding_type,
            address=self.address,
            proxy_address=self.proxy_address,
            name=self.name,
            level=self.level,
        )


def check_length(value: str | Unset | None, characters: int, code: int) -> None:
    """
    Refuse a text with more characters than allowed.
    """
    if isinstance(value, str) and len(value) > characters:
        raise refusal(code)


def check_attributes(text: str | Unset, limit_bytes: int) -> None:
    """
    Refuse attributes that are too long or no JSON text.
    """
    if isinstance(text, Unset):
        return
    if _size(text) > limit_bytes:
        raise refusal(50303)
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise refusal(50304) from None  # the error would quote the content


def check_identity(identity: str, limits: Limits) -> None:
    """
    Refuse what cannot be a user's identity.
    """
    if not identity:
        raise refusal(50204)
    if identity == "system":
        raise refusal(50203)
    if is_sid(identity, "US"):
        raise refusal(50206)
    check_length(identity, limits.identity_characters, 50207)


def address_type(address: str) -> str:
    """
    ``whatsapp`` and the like by prefix, else ``email`` or ``sms``.
    """
    prefix, colon, _ = address.partition(":")
    if colon:
        return prefix
    return "email" if "@" in address else "sms"


def _is_address(address: str, limits: Limits) -> bool:
    if len(address) > limits.identity_characters:
        return False
    match address_type(address):
        case "email":
            user, _, host = address.partition("@")
            return bool(user) and bool(host)
        case "sms":
            return address.startswith("+") and address[1:].isascii() and address[1:].isdigit()
        case prefix:
            return bool(prefix) and len(address) > len(prefix) + 1


def _size(text: str) -> int:
    """
    Bytes of UTF-8; half a surrogate pair counts as three.
    """
    return len(text.encode("utf-8", "surrogatepass"))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
