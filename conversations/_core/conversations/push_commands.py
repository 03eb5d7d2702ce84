"""
Registering devices for push notifications (docs/protocol/conversations.md, Push notifications).
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import quote

import attrs

from conversations._core.upstream import JSONValue, UpstreamRequest, UpstreamResponse, json_body
from conversations.enums import NotificationPayloadType
from conversations.errors import NotFoundError

from . import decoding
from .calls import Call
from .context import Context
from .events import PushTokenRegistered

ChannelType: TypeAlias = Literal["fcm", "apn"]

PLATFORM = "python"
VERSIONS: dict[ChannelType, str] = {"fcm": "3", "apn": "4"}
MESSAGE_TYPES: list[JSONValue] = [
    NotificationPayloadType.NEW_MESSAGE.value,
    NotificationPayloadType.ADDED_TO_CONVERSATION.value,
    NotificationPayloadType.REMOVED_FROM_CONVERSATION.value,
]


@attrs.frozen
class _Registration:
    """
    What this client has registered last for one kind of device.

    Attributes:
        token: The device's. A secret of its owner.
        id: The registrar's name for the registration; ``None`` if it did not say.
    """

    token: str = attrs.field(repr=False)
    id: str | None


class PushCommands:
    """
    Registering and unregistering. The registrar keeps a registration for a year, whatever
    becomes of the connection and of its access token.

    Args:
        context: The shared services.
        push_url: Of the registrar, without a slash at the end.
    """

    def __init__(self, context: Context, push_url: str) -> None:
        self._context = context
        self._url = f"{push_url}/v1/registrations"
        self._registered: dict[ChannelType, _Registration] = {}

    async def register(self, call: Call, channel_type: ChannelType, token: str) -> None:
        """
        Have notifications sent to a device, in the place of the one registered before.
        """
        before = self._registered.get(channel_type)
        if before is not None and before.token != token:
            await self._remove(call, channel_type, before)
        body: dict[str, JSONValue] = {
            "endpoint_platform": PLATFORM,
            "channel_type": channel_type,
            "version": VERSIONS[channel_type],
            "message_types": MESSAGE_TYPES,
            "data": {"registration_id": token},
        }
        answer = await self._send(call, "POST", "", body)
        answered_id = decoding.text(decoding.mapping(answer.body).get("id"))
        self._registered[channel_type] = _Registration(token, answered_id)
        self._context.emit(PushTokenRegistered())

    async def unregister(self, call: Call, channel_type: ChannelType, token: str) -> None:
        """
        Have none sent to a device any more, whoever has registered it.
        """
        await self._remove_device(call, channel_type, token)
        registered = self._registered.get(channel_type)
        if registered is not None and registered.token == token:
            del self._registered[channel_type]

    async def _remove(
        self, call: Call, channel_type: ChannelType, registration: _Registration
    ) -> None:
        try:
            if registration.id is None:
                await self._remove_device(call, channel_type, registration.token)
            else:
                await self._send(call, "DELETE", f"/{quote(registration.id, safe='')}", {})
        except NotFoundError:
            pass  # it is gone already
        if self._registered.get(channel_type) is registration:
            del self._registered[channel_type]

    async def _remove_device(self, call: Call, channel_type: ChannelType, token: str) -> None:
        body: dict[str, JSONValue] = {"binding_type": channel_type, "address": token}
        await self._send(call, "DELETE", "", body)

    async def _send(
        self, call: Call, method: Literal["POST", "DELETE"], path: str, body: dict[str, JSONValue]
    ) -> UpstreamResponse:
        request = UpstreamRequest(
            method=method,
            url=f"{self._url}{path}?productId=ip_messaging",
            headers={"Content-Type": "application/json"},
            body=json_body(body),
            description="the push registration",
        )
        return await self._context.exchange.idempotent(call, request, is_removal=method == "DELETE")
