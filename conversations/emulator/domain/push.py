"""
Push notifications: who wants them, and what would be sent (docs/protocol/conversations.md).

Nothing is sent anywhere. Tests and demonstrations can look at what would have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Template

import attrs

from ..._core.upstream import JSONValue, json_body
from . import memberships, users
from .records import (
    Conversation,
    Membership,
    Message,
    NotificationLevel,
    Push,
    PushRegistration,
    User,
)
from .service import Service

NEW_MESSAGE = "twilio.conversations.new_message"
ADDED = "twilio.conversations.added_to_conversation"
REMOVED = "twilio.conversations.removed_from_conversation"
APN = "apn"


@attrs.frozen(kw_only=True)
class Notice:
    """
    One occasion, before it is put into the form of a device's service.

    Attributes:
        type: What happened.
        id: Number of the notice.
        body: Words.
        sound: Name of the sound.
        facts: What else is said: SIDs, numbers.
    """

    type: str
    id: str
    body: str
    sound: str
    facts: Mapping[str, JSONValue]


# Registrations -------------------------------------------------------------------------------


def register(service: Service, registration: PushRegistration) -> PushRegistration:
    """
    Keep a device. The same device of the same user keeps its registration, renewed.
    """
    for known in service.push_registrations.values():
        if _device(known) == _device(registration):
            registration = attrs.evolve(registration, id=known.id)
            break
    service.push_registrations[registration.id] = registration
    _show(service, registration.identity)
    return registration


def unregister(service: Service, identity: str, registration_id: str) -> None:
    """
    Forget a registration of the user. An unknown one is forgotten already.
    """
    known = service.push_registrations.get(registration_id)
    if known is not None and known.identity == identity:
        del service.push_registrations[registration_id]
        _show(service, identity)


def unregister_device(service: Service, identity: str, channel_type: str, token: str) -> None:
    """
    Forget the user's registration of a device.
    """
    for known in list(service.push_registrations.values()):
        if _device(known) == (identity, channel_type, token):
            unregister(service, identity, known.id)


def _device(registration: PushRegistration) -> tuple[str, str, str]:
    return (registration.identity, registration.channel_type, registration.token)


def _show(service: Service, identity: str) -> None:
    user = users.find(service, identity)
    is_notifiable = any(known.identity == identity for known in service.push_registrations.values())
    users.set_notifiable(service, user, is_notifiable=is_notifiable)


# Occasions -----------------------------------------------------------------------------------


def message_added(service: Service, conversation: Conversation, message: Message) -> None:
    """
    Notify everybody in the chat but the author, and but those who have muted it.
    """
    settings = service.push_settings
    if not settings.new_message:
        return
    template = settings.new_message_template
    facts: dict[str, JSONValue] = {
        "author": message.author,
        "message_sid": message.sid,
        "message_index": message.index,
    }
    attachments = message.attachments
    if attachments:
        first = attachments[0]
        facts["media_count"] = len(attachments)
        facts["media"] = {
            "sid": first.sid,
            "filename": first.filename,
            "content_type": first.content_type,
            "size": first.content.size,
        }
        if settings.new_media_message:
            template = settings.new_media_message_template
    words = {
        "PARTICIPANT": _name(service, message.author),
        "MESSAGE": message.body or "",
        "MEDIA_COUNT": str(len(attachments)),
    }
    listeners = [
        identity
        for identity, participant in conversation.by_identity.items()
        if identity != message.author
        and participant.notification_level is NotificationLevel.DEFAULT
    ]
    notice = _notice(service, conversation, NEW_MESSAGE, template, words=words, facts=facts)
    _send(service, listeners, notice)


def participant_added(service: Service, conversation: Conversation, identity: str) -> None:
    """
    Notify a user of a new conversation.
    """
    if service.push_settings.added:
        template = service.push_settings.added_template
        _send(service, [identity], _notice(service, conversation, ADDED, template))


def participant_removed(service: Service, conversation: Conversation, identity: str) -> None:
    """
    Notify a user that it is no longer in a conversation.
    """
    if service.push_settings.removed:
        template = service.push_settings.removed_template
        _send(service, [identity], _notice(service, conversation, REMOVED, template))


def _notice(
    service: Service,
    conversation: Conversation,
    notice_type: str,
    template: str,
    *,
    words: Mapping[str, str] | None = None,
    facts: Mapping[str, JSONValue] | None = None,
) -> Notice:
    title = conversation.friendly_name or conversation.sid
    return Notice(
        type=notice_type,
        id=service.ids.sid("RU"),
        body=Template(template).safe_substitute({"CONVERSATION": title, **(words or {})}),
        sound=service.push_settings.sound,
        facts={
            **(facts or {}),
            "conversation_sid": conversation.sid,
            "conversation_title": title,
        },
    )


def _name(service: Service, identity: str) -> str:
    user = service.users.get(identity)
    return (user.friendly_name if user else None) or identity


# Forms ---------------------------------------------------------------------------------------


def _send(service: Service, identities: Iterable[str], notice: Notice) -> None:
    wanted = set(identities)
    for registration in service.push_registrations.values():
        if registration.identity in wanted and notice.type in registration.message_types:
            if registration.channel_type == APN:
                payload = _apn_payload(service, users.find(service, registration.identity), notice)
            else:
                payload = _fcm_payload(notice)
            service.pushes.append(
                Push(registration=registration, type=notice.type, payload=payload)
            )
    service.surroundings.changed()


def _fcm_payload(notice: Notice) -> dict[str, JSONValue]:
    """
    A data message. All values are texts.
    """
    data: dict[str, JSONValue] = {
        "twi_message_type": notice.type,
        "twi_message_id": notice.id,
        "twi_body": notice.body,
        "twi_sound": notice.sound,
    }
    for name, value in notice.facts.items():
        data[name] = value if isinstance(value, str) else json_body(value).decode("ascii")
    return {"data": data}


def _apn_payload(service: Service, user: User, notice: Notice) -> dict[str, JSONValue]:
    aps: dict[str, JSONValue] = {
        "alert": notice.body,
        "sound": notice.sound,
        "category": notice.type,
    }
    if service.push_settings.badge:
        aps["badge"] = _unread_conversations(service, user)
    facts = dict(notice.facts)
    if "media" in facts:
        facts["media"] = json_body(facts["media"]).decode("ascii")
    return {"aps": aps, "twi_message_type": notice.type, "twi_message_id": notice.id, **facts}


def _unread_conversations(service: Service, user: User) -> int:
    joined = [sid for sid, status in user.memberships.items() if status is Membership.JOINED]
    return sum(
        bool(memberships.unread_count(service, service.conversations[sid], user.identity))
        for sid in joined
    )
