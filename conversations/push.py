"""
Push notifications: the tokens of devices, and what a notification says.

A program that runs where notifications arrive, such as the bridge of a mobile app, registers
the device's token (:meth:`ConversationsClient.register_fcm_token`) and hands what the device
receives to :meth:`ConversationsClient.handle_notification`.

Wire: docs/protocol/conversations.md, Push notifications.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from conversations.enums import NotificationPayloadType
from conversations.errors import InvalidArgumentError

__all__ = ["APNToken", "FCMToken", "NotificationPayload"]

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_NUMBER = re.compile(r"[0-9]{1,18}")


def _fcm_token(value: object) -> str:
    if not isinstance(value, str) or not value:
        message = f"an FCM token is a string that is not empty, not {type(value).__name__}"
        raise InvalidArgumentError(message)
    return value


def _apn_token(value: object) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).hex()
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        message = "an APNs token is the bytes of the device token, or the same as hex digits"
        raise InvalidArgumentError(message)
    return value.lower()


@attrs.frozen
class FCMToken:
    """
    The registration token of a device at Firebase Cloud Messaging.

    Attributes:
        token: As Firebase gives it out.

    Raises:
        InvalidArgumentError: It is empty or no string.
    """

    token: str = attrs.field(converter=_fcm_token, repr=False)


@attrs.frozen
class APNToken:
    """
    The token of a device at Apple's push service.

    Attributes:
        token: Made from ``bytes`` or from hex digits; read as hex digits in lower case.

    Raises:
        InvalidArgumentError: It is empty, or neither.
    """

    token: str = attrs.field(converter=_apn_token, repr=False)


@attrs.frozen(init=False, repr=False)
class NotificationPayload:
    """
    What a push notification of the service says. Immutable.

    What the notification does not say, or says in a form that makes no sense, is ``None``.

    Args:
        data: The data of an FCM message, flat or under ``data``, or the dictionary of an APNs
            notification, which has ``aps``.

    Attributes:
        type: What it is about; ``UNKNOWN`` for a type that this version does not know.
        raw_type: The service's word for it.
        title: A title to show.
        body: A text to show.
        sound: Name of the sound.
        badge: The number for the app's icon; APNs only.
        action: What a tap is to do: FCM's click action, APNs' category.
        author: Who has written the message.
        conversation_sid: ``CH…``.
        conversation_title: Friendly name of the conversation, or its sid.
        message_sid: ``IM…``; of new messages.
        message_index: Index of the message.
        media_count: How many attachments the message has.
        media_sid: ``ME…`` of the first attachment.
        media_filename: Its name.
        media_content_type: Its type.
        media_size: Its bytes.

    Raises:
        InvalidArgumentError: It is no mapping, or no notification of this service: there is
            no ``twi_message_type``.
    """

    type: NotificationPayloadType
    raw_type: str
    title: str | None
    body: str | None
    sound: str | None
    badge: int | None
    action: str | None
    author: str | None
    conversation_sid: str | None
    conversation_title: str | None
    message_sid: str | None
    message_index: int | None
    media_count: int | None
    media_sid: str | None
    media_filename: str | None
    media_content_type: str | None
    media_size: int | None

    def __init__(self, data: Mapping[str, Any]) -> None:
        _check_mapping(data)
        aps = data.get("aps")
        if isinstance(aps, Mapping):
            members, shown = data, _shown_by_apns(aps)
        else:
            inner = data.get("data")
            members = inner if isinstance(inner, Mapping) else data
            shown = _shown_by_fcm(members)
        raw_type = _text(members.get("twi_message_type"))
        if raw_type is None:
            message = "it is no notification of Twilio Conversations: it has no twi_message_type"
            raise InvalidArgumentError(message)
        media = _mapping(members.get("media"))
        self.__attrs_init__(
            type=NotificationPayloadType.from_wire(raw_type),
            raw_type=raw_type,
            title=_text(shown.title),
            body=_text(shown.body),
            sound=_text(shown.sound),
            badge=_number(shown.badge) or None,  # 0 stands for none
            action=_text(shown.action),
            author=_text(members.get("author")),
            conversation_sid=_text(members.get("conversation_sid")),
            conversation_title=_text(members.get("conversation_title")),
            message_sid=_text(members.get("message_sid")),
            message_index=_number(members.get("message_index")),
            media_count=_number(members.get("media_count")),
            media_sid=_text(media.get("sid")),
            media_filename=_text(media.get("filename")),
            media_content_type=_text(media.get("content_type")),
            media_size=_number(media.get("size")),
        )

    def __repr__(self) -> str:
        """
        What it is about, without the words of the message.
        """
        about = (self.raw_type, self.conversation_sid, self.message_sid)
        return f"<NotificationPayload {' '.join(word for word in about if word)}>"


def _check_mapping(data: object) -> None:
    if not isinstance(data, Mapping):
        message = f"a notification is a mapping, not {type(data).__name__}"
        raise InvalidArgumentError(message)


@attrs.frozen(kw_only=True)
class _Shown:
    """
    What a device shows, as received.
    """

    title: object
    body: object
    sound: object
    badge: object = None
    action: object


def _shown_by_fcm(data: Mapping[str, Any]) -> _Shown:
    return _Shown(
        title=data.get("twi_title"),
        body=data.get("twi_body"),
        sound=data.get("twi_sound"),
        action=data.get("twi_action"),
    )


def _shown_by_apns(aps: Mapping[str, Any]) -> _Shown:
    alert = aps.get("alert")
    parts = alert if isinstance(alert, Mapping) else {"body": alert}
    return _Shown(
        title=parts.get("title"),
        body=parts.get("body"),
        sound=aps.get("sound"),
        badge=aps.get("badge"),
        action=aps.get("category"),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    """
    A whole number from 0 on. FCM has texts only.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    """
    A JSON object, mostly written as text.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
