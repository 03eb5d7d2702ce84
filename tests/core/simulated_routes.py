"""
What the simulated service answers to upstream requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.core.simulated_live import TYPING_PATH
from tests.core.simulated_objects import API, SERVICE_SID, Request, Response, refusal

if TYPE_CHECKING:
    from tests.core.simulated_service import Conversation, SimulatedService


class Routes:
    """
    Finds the answer to a request, and has it carried out.
    """

    def __init__(self, service: SimulatedService) -> None:
        self._service = service

    def answer(self, request: Request) -> Response:  # noqa: PLR0911  # routes
        segments = [unquote(segment) for segment in request.path.strip("/").split("/")]
        if segments[:2] == ["Client", "v2"]:
            return self._rest(request, segments[2:])
        if request.path == TYPING_PATH:
            return self._service.live.typing(request)
        if segments == ["v4", "Subscriptions"]:
            body = {
                "estimated_delivery_in_ms": 10000,
                "max_batch_size": self._service.max_batch_size,
            }
            return Response(202, body)
        if segments[1:2] == ["Services"]:
            segments = [segments[0], *segments[3:]]
        found = self._service.objects.get(segments[2]) if segments[0] == "v3" else None
        if found is None:
            return refusal(404, 54100)
        if not found.may_read(request.identity):
            return refusal(403, 54007)
        if segments[3:] == ["Items"]:
            return Response(200, found.page(request.params))
        root = found.root()
        if request.params.get("Include") == "items":
            root["items"] = found.page({"PageSize": "50"})["items"]
        return Response(200, root)

    def _rest(self, request: Request, segments: list[str]) -> Response:  # noqa: PLR0911  # routes
        if segments == ["Configuration"]:
            return Response(200, self._configuration(request.identity))
        elsewhere = self._elsewhere(request, segments)
        if elsewhere is not None:
            return elsewhere
        resource = segments[2:]
        if resource[0] == "Users" and len(resource) > 2:
            return self._own(request, resource[3:])
        if resource[0] == "Users":
            return self._user(request, resource[1])
        if len(resource) == 1:
            return self._create(request)
        conversation = self._service.conversations.get(resource[1])
        if conversation is None or conversation.is_deleted:
            return refusal(404, 50350)
        if not conversation.may_see(request.identity):
            return refusal(403, 50430)
        if resource[2:3] == ["Participants"]:
            return self._participants(request, conversation, resource[3:])
        if resource[2:3] == ["Messages"]:
            return self._messages(request, conversation, resource[3:])
        return self._conversation(request, conversation)

    def _elsewhere(self, request: Request, segments: list[str]) -> Response | None:
        beside_chat = self._service.channels.answer(request, segments)
        return beside_chat or self._service.live.answer(request, segments[2:])

    def _configuration(self, identity: str) -> dict[str, Any]:
        base = f"{API}/Client/v2/Services/{SERVICE_SID}"
        user = self._service.user(identity)
        return {
            "identity": identity,
            "options": {
                "reachability_enabled": self._service.reachability,
                **self._service.options,
            },
            "sync_objects": {
                "my_conversations": f"{identity}.channels",
                "my_user_info": f"{user}.info",
            },
            "links": {
                "conversations": f"{base}/Conversations",
                "my_conversations": f"{base}/Users/{user}/Conversations",
                "users": f"{base}/Users",
                "typing": f"{API}{TYPING_PATH}",
                "messages_receipts": f"{base}/Conversations/%s/Messages/%s/Receipts",
            },
            **self._service.configuration_changes,
        }

    def entry(self, conversation: Conversation, identity: str) -> dict[str, Any]:
        item = self._service.my_map(identity).items[conversation.sid].data
        return {
            "conversation_sid": conversation.sid,
            "status": item["status"],
            "notification_level": item["notificationLevel"],
            "last_read_message_index": item["lastConsumedMessageIndex"],
            "unique_name": conversation.document.data["uniqueName"],
            "sync_objects": {
                "conversation": conversation.document.name,
                "messages": conversation.messages.name,
                "participants": conversation.roster.name,
            },
        }

    def _own(self, request: Request, rest: list[str]) -> Response:
        entries = self._service.my_map(request.identity)
        if rest:
            for sid in entries.items:
                conversation = self._service.conversations[str(sid)]
                if rest[0] in {sid, conversation.document.data["uniqueName"]}:
                    return Response(200, self.entry(conversation, request.identity))
            return refusal(404, 50350)
        # After a sid, so that nothing is left out if something goes away between two pages.
        start = request.params.get("PageToken", "")
        sids = sorted(str(sid) for sid in entries.items if str(sid) > start)
        page, rest = sids[: self._service.page_size], sids[self._service.page_size :]
        return Response(
            200,
            {
                "conversations": [self._listed(sid, request.identity) for sid in page],
                "meta": {"next_token": page[-1] if rest else None},
            },
        )

    def _listed(self, sid: str, identity: str) -> dict[str, Any]:
        conversation, live = self._service.conversations[sid], self._service.live
        counted = live.counted(conversation, identity) if live.lists_unread else {}
        return {**self.entry(conversation, identity), **counted}

    def _user(self, request: Request, identity: str) -> Response:
        if identity not in self._service.users:
            return refusal(404, 50200)
        for name, key in (("friendly_name", "friendlyName"), ("attributes", "attributes")):
            if name in request.body:
                self._service.update_user(identity, key, {"value": request.body[name]})
        return Response(200, {"identity": identity})

    def resource(self, conversation: Conversation) -> dict[str, Any]:
        return {
            "sid": conversation.sid,
            "unique_name": conversation.document.data["uniqueName"],
            "sync_objects": {
                "conversation": conversation.document.name,
                "messages": conversation.messages.name,
                "participants": conversation.roster.name,
            },
        }

    def _create(self, request: Request) -> Response:
        unique_name = request.body.get("unique_name")
        taken = {one.document.data["uniqueName"] for one in self._service.conversations.values()}
        if unique_name is not None and unique_name in taken:
            return refusal(409, 50353)
        conversation = self._service.create(
            request.identity,
            friendlyName=request.body.get("friendly_name"),
            uniqueName=unique_name,
            attributes=request.body["attributes"],
        )
        return Response(201, self.resource(conversation))

    def _conversation(self, request: Request, conversation: Conversation) -> Response:
        if request.method == "DELETE":
            self._service.delete(conversation)
            return Response(204)
        if request.method == "POST":
            names = {"friendly_name": "friendlyName", "unique_name": "uniqueName"}
            data = {names.get(name, name): value for name, value in request.body.items()}
            self._service.update(conversation, **data)
        return Response(200, self.resource(conversation))

    def _participants(
        self, request: Request, conversation: Conversation, rest: list[str]
    ) -> Response:
        members = conversation.members
        if not rest:
            identity = request.body["identity"]
            if identity in members:
                return refusal(409, 50433)
            sid = self._service.add(conversation, identity, request.body.get("attributes", "{}"))
            body = {"sid": sid, "identity": identity, "messaging_binding": None}
            return Response(201, {**body, "attributes": request.body.get("attributes", "{}")})
        found = next((who for who, sid in members.items() if rest[0] in {who, sid}), None)
        if found is None:
            return refusal(404, 50432)
        if request.method == "DELETE":
            self._service.remove(conversation, found)
            return Response(204)
        self._service.update_participant(conversation, found, attributes=request.body["attributes"])
        return Response(200, {"sid": members[found]})

    def message(self, conversation: Conversation, index: int) -> dict[str, Any]:
        item = conversation.messages.items[index].data
        return {
            "sid": item["sid"],
            "index": index,
            "author": item["author"],
            "participant_sid": item["memberSid"],
            "body": item["text"],
            "subject": item["subject"],
            "attributes": item["attributes"],
            "date_created": item["timestamp"],
            "date_updated": item["dateUpdated"],
        }

    def _messages(self, request: Request, conversation: Conversation, rest: list[str]) -> Response:
        if request.identity not in conversation.members:
            return refusal(403, 50430)
        if not rest:
            body = request.body
            data = {name: body[name] for name in ("attributes", "subject") if name in body}
            index = self._service.send(conversation, request.identity, body.get("body"), **data)
            return Response(201, self.message(conversation, index))
        items = conversation.messages.items
        index = next((key for key, item in items.items() if item.data["sid"] == rest[0]), None)
        if index is None:
            return refusal(404, 50500)
        if request.method == "DELETE":
            self._service.remove_message(conversation, index)
            return Response(204)
        names = {"body": "text"}
        self._service.edit(
            conversation, index, **{names.get(k, k): v for k, v in request.body.items()}
        )
        return Response(200, {"index": index})
