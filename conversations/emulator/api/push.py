"""
The push registrar: devices that want to be notified.
"""

from __future__ import annotations

from ..domain import push
from ..domain.records import PushRegistration
from ..refusals import refusal
from .bodies import json_object, text_or
from .calls import Answer, Call

LONGEST_PLATFORM = 128


def register(call: Call) -> Answer:
    """
    ``POST /v1/registrations``.
    """
    body = json_object(call)
    match body:
        case {
            "channel_type": "fcm" | "apn" as channel_type,
            "message_types": list(message_types),
            "data": {"registration_id": str(token)},
        } if token:
            registration = PushRegistration(
                id=call.service.ids.uuid(),
                identity=call.user.identity,
                channel_type=channel_type,
                token=token,
                message_types=tuple(str(message_type) for message_type in message_types),
                platform=text_or(body, "endpoint_platform", "")[:LONGEST_PLATFORM],
            )
            return Answer(status=201, body={"id": push.register(call.service, registration).id})
    raise refusal(20001, "channel_type, message_types and data.registration_id are needed")


def unregister(call: Call) -> Answer:
    """
    ``DELETE /v1/registrations/{id}``.
    """
    push.unregister(call.service, call.user.identity, call.arguments["registration"])
    return Answer(status=204)


def unregister_device(call: Call) -> Answer:
    """
    ``DELETE /v1/registrations``, which names the device in its body.
    """
    match call.request.body:
        case {"binding_type": str(channel_type), "address": str(token)}:
            push.unregister_device(call.service, call.user.identity, channel_type, token)
            return Answer(status=204)
    raise refusal(20001, "binding_type and address are needed")
