"""
What the simulated service knows of typing, reading, users and addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.core.simulated_objects import DATE, SERVICE_SID, Request, Response, refusal

if TYPE_CHECKING:
    from tests.core.simulated_service import Conversation, SimulatedService

TYPING_PATH = f"/v1/Instances/{SERVICE_SID}/Typing"
TYPING_TYPE = "twilio.ipmsg.typing_indicator"


def channel_of(address: str) -> str:
    """
    The channel that an address belongs to.
    """
    if ":" in address:
        return address.partition(":")[0]
    return "email" if "@" in address else "sms"


class Live:
    """
    Answers what concerns these, and lets them happen.

    Attributes:
        typing_timeout: Answered to typing notices; those sent say one second more.
        lists_unread: Whether the list of conversations tells unread counts.
    """

    def __init__(self, service: SimulatedService) -> None:
        self._service = service
        self.typing_timeout: Any = 5
        self.lists_unread = True

    # Answering

    def answer(self, request: Request, segments: list[str]) -> Response | None:
        """
        The answer, or ``None`` for what is none of this; *segments* begin with the collection.
        """
        match request.method, segments:
            case "GET", ["Users", identity]:
                return self._user(identity)
            case _, ["Users", _, "Conversations", name]:
                return self._own(request, name)
            case _, ["Conversations", sid, *resource]:
                conversation = self._service.conversations.get(sid)
                if conversation is not None and conversation.may_see(request.identity):
                    return self._conversation(request, conversation, resource)
        return None

    def _conversation(
        self, request: Request, conversation: Conversation, resource: list[str]
    ) -> Response | None:
        if conversation.is_deleted:
            return None
        if request.method == "GET" and not resource:
            return Response(200, self._resource(conversation, request.identity))
        if resource == ["Participants"] and "messaging_binding" in request.body:
            return self._add_address(request, conversation)
        return None

    def typing(self, request: Request) -> Response:
        sid = request.payload.decode().removeprefix("ChannelSid=")
        conversation = self._service.conversations.get(sid)
        if conversation is None:
            return refusal(404, 50350)
        if request.identity not in conversation.members:
            return refusal(403, 50430)
        self.notify_typing(conversation, request.identity)
        return Response(200, {"typing_timeout": self.typing_timeout})

    def _user(self, identity: str) -> Response:
        if identity not in self._service.users:
            return refusal(404, 50200)
        info = {"user_info_map": self._service.info(identity).name}
        return Response(200, {"identity": identity, "sync_objects": info})

    def _own(self, request: Request, name: str) -> Response | None:
        conversation = self._service.conversations.get(name)
        entries = self._service.my_map(request.identity).items
        if conversation is None or name not in entries:
            return None
        if request.method == "POST":
            if request.identity not in conversation.members:
                return refusal(403, 50430)
            if "notification_level" in request.body:
                level = request.body["notification_level"]
                self._service.set_entry(conversation, request.identity, notificationLevel=level)
            else:
                horizon = request.body["last_read_message_index"]
                self.read(conversation, request.identity, horizon)
        entry = self._service.routes.entry(conversation, request.identity)
        return Response(200, {**entry, **self.counted(conversation, request.identity)})

    def counted(self, conversation: Conversation, identity: str) -> dict[str, Any]:
        entry = self._service.my_map(identity).items[conversation.sid].data
        horizon = entry["lastConsumedMessageIndex"]
        if horizon is None:
            return {"unread_messages_count": None}
        unread = sum(index > horizon for index in conversation.messages.items)
        return {"unread_messages_count": unread}

    def _resource(self, conversation: Conversation, identity: str) -> dict[str, Any]:
        entry = self._service.my_map(identity).items.get(conversation.sid)
        return {
            **self._service.routes.resource(conversation),
            "status": "notParticipating" if entry is None else entry.data["status"],
            "messages_count": len(conversation.messages.items),
            "participants_count": len(conversation.roster.items),
        }

    def _add_address(self, request: Request, conversation: Conversation) -> Response:
        binding, attributes = request.body["messaging_binding"], request.body["attributes"]
        if binding["address"] in conversation.members:
            return refusal(409, 50416)
        sid = self.add_address(conversation, attributes=attributes, **binding)
        told = {**binding, "type": channel_of(binding["address"])}
        body = {"sid": sid, "identity": None, "messaging_binding": told}
        return Response(201, {**body, "attributes": attributes})

    # Letting it happen

    def add_address(
        self,
        conversation: Conversation,
        address: str,
        proxy_address: str = "+15559999",
        *,
        attributes: str = "{}",
        channel: str | None = None,
        **binding: Any,
    ) -> str:
        """
        Somebody who is reached over another channel; goes by the address.
        """
        channel = channel or channel_of(address)
        sid = self._service.sid("MB")
        conversation.members[address] = sid
        kept = {"address": address, "proxy_address": proxy_address, **binding}
        item = {
            "identity": None,
            "type": channel,
            "attributes": attributes,
            "dateCreated": DATE,
            "dateUpdated": DATE,
            "bindings": {channel: kept},
        }
        self._service.change(conversation.roster, "added", sid, item)
        return sid

    def read(self, conversation: Conversation, identity: str, horizon: int | None) -> None:
        """
        A user's read horizon moves.
        """
        service = self._service
        service.set_entry(conversation, identity, lastConsumedMessageIndex=horizon)
        service.update_participant(conversation, identity, lastConsumedMessageIndex=horizon)

    def notify_typing(
        self, conversation: Conversation, identity: str | None, seconds: Any = None
    ) -> None:
        """
        Somebody types; everybody else who is in hears of it.
        """
        lasts = self.typing_timeout + 1 if seconds is None else seconds
        payload = {
            "channel_sid": conversation.sid,
            "identity": identity,
            "typing_timeout": lasts,
        }
        for connection in self._service.connections:
            if connection.is_closed or connection.identity in {None, identity}:
                continue
            if connection.identity in conversation.members:
                self._service.notify(connection, TYPING_TYPE, payload)
