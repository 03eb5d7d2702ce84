"""
The other side of the wire, small and without input and output: enough of Twilsock, Sync and
Conversations to drive a whole engine, and to misbehave on demand.

It knows nothing of the client's code but the frame codec. What is right here was checked
against the emulator, which is the one that the official SDKs run against.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import attrs

from conversations._core.twilsock.frames import Frame, decode_frame, encode_frame
from tests.core.simulated_channels import Channels
from tests.core.simulated_live import Live
from tests.core.simulated_objects import (
    DATE,
    PREFIXES,
    Event,
    Key,
    Request,
    Response,
    SyncObject,
    refusal,
)
from tests.core.simulated_routes import Routes

EVENT_DELAY = 0.01
"""Seconds between an answer and the events that follow it, if they do."""


@attrs.define(eq=False)
class Fault:
    """
    What happens to the next *times* requests that match, instead of the usual.

    Attributes:
        response: The answer; ``None`` for the usual one.
        is_silent: No answer comes.
        is_carried_out: Whether the request has its effect although the answer is another.
        delay: So much later comes the answer.
        twilsock: Status and error code with which Twilsock itself refuses.
        cut: The connection breaks: "before" the request arrives, or "after" it was carried
            out.
        raw: The answer's payload and its type, not JSON.
    """

    method: str | None
    path: str
    times: float
    response: Response | None = None
    is_silent: bool = False
    is_carried_out: bool = False
    delay: float = 0.0
    twilsock: tuple[int, int] | None = None
    cut: str | None = None
    raw: tuple[bytes, str] | None = None

    def matches(self, request: Request) -> bool:
        return (
            self.times > 0 and self.path in str(request) and self.method in {None, request.method}
        )


@attrs.define(eq=False)
class Connection:
    """
    One socket, seen from the server.
    """

    number: int
    send: Callable[[bytes], None] = attrs.field(repr=False)
    cut: Callable[[], None] = attrs.field(repr=False)
    identity: str | None = None
    token: str = ""
    is_closed: bool = False
    subscribed: set[str] = attrs.field(factory=set)
    frames: list[Frame] = attrs.field(factory=list, repr=False)


class Conversation:
    """
    The truth about one conversation.
    """

    def __init__(self, service: SimulatedService, sid: str, created_by: str) -> None:
        self._service = service
        self.sid = sid
        self.created_by = created_by
        self.document = service.object("document", f"{sid}.channel", {})
        self.messages = service.object("list", f"{sid}.messages")
        self.roster = service.object("map", f"{sid}.roster")
        self.members: dict[str, str] = {}  # participant sid by identity
        self.next_index = 0
        self.is_deleted = False

    def may_see(self, identity: str) -> bool:
        is_listed = self.sid in self._service.my_map(identity).items
        return is_listed or identity in self.members or identity == self.created_by


class SimulatedService:
    """
    The whole service for a handful of users.

    Attributes:
        requests: Every upstream request that arrived.
        events_after_replies: Whether the events a request causes follow its answer, some time
            after it.
        shortens_replays: Whether a replay has only the newest event for each item.
        page_size: Of the list of a user's conversations.
        recognises_mutations: Whether a repeated mutation gets the answer of the first.
        refused_tokens: Status and code for tokens that are not accepted.
        lists_created: Whether a conversation is in its creator's list before joining.
        channels: What it knows besides chat.
        live: What it knows of typing, reading, users and addresses.
        options: Of the configuration.
    """

    def __init__(self) -> None:
        self.now: Callable[[], float] = lambda: 0.0
        self.later: Callable[[float, Callable[[], None]], None] = lambda _, action: action()
        self.connections: list[Connection] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.objects: dict[str, SyncObject] = {}
        self.conversations: dict[str, Conversation] = {}
        self.users: dict[str, str] = {}
        self.events_after_replies = False
        self.shortens_replays = False
        self.recognises_mutations = False
        self.lists_created = True
        self.page_size = 100
        self.max_batch_size = 1000
        self.reachability = False
        self.configuration_changes: dict[str, Any] = {}
        self.refused_tokens: dict[str, tuple[int, int]] = {}
        self.refused_subscriptions: dict[str, tuple[int, int]] = {}
        self._answers: dict[str, Response] = {}
        self._held: list[tuple[Connection, bytes]] | None = None
        self._counter = 0
        self.routes = Routes(self)
        self.channels = Channels(self)
        self.live = Live(self)
        self.options: dict[str, Any] = {}

    # Making things

    def sid(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}{self._counter:032x}"

    def object(self, kind: str, name: str, data: Any = None) -> SyncObject:
        made = SyncObject(kind, self.sid(PREFIXES[kind]), name, data)
        self.objects[made.sid] = self.objects[name] = made
        return made

    def remake(self, name: str) -> SyncObject:
        """
        The object of that name is lost and made anew: another sid, no history.
        """
        old = self.objects[name]
        del self.objects[old.sid]
        old.is_removed = True
        made = self.object(old.kind, name, old.data)
        made.may_read = old.may_read
        for conversation in self.conversations.values():
            for role in ("document", "messages", "roster"):
                if getattr(conversation, role) is old:
                    setattr(conversation, role, made)
        for key, item in old.items.items():
            made.change("added", key, item.data)
        return made

    def user(self, identity: str) -> str:
        if identity not in self.users:
            self.users[identity] = self.sid("US")
            info = self.object("map", f"{self.users[identity]}.info")
            info.change("added", "friendlyName", {"value": identity})
            info.change("added", "attributes", {"value": "{}"})
            info.change("added", "reachability", {"online": False, "notifiable": False})
            self.object("map", f"{identity}.channels").may_read = lambda who: who == identity
        return self.users[identity]

    def info(self, identity: str) -> SyncObject:
        return self.objects[f"{self.user(identity)}.info"]

    def my_map(self, identity: str) -> SyncObject:
        self.user(identity)
        return self.objects[f"{identity}.channels"]

    def create(self, created_by: str = "system", *members: str, **data: Any) -> Conversation:
        """
        A conversation with members, complete before anybody hears of it.
        """
        conversation = Conversation(self, self.sid("CH"), created_by)
        self.conversations[conversation.sid] = conversation
        conversation.document.data = {
            "messages": conversation.messages.name,
            "roster": conversation.roster.name,
            "friendlyName": None,
            "uniqueName": None,
            "attributes": "{}",
            "createdBy": created_by,
            "dateCreated": DATE,
            "dateUpdated": DATE,
            "state": {"current": "active", "dateUpdated": DATE},
            **data,
        }
        conversation.document.may_read = conversation.may_see
        for contents in (conversation.messages, conversation.roster):
            contents.may_read = conversation.members.__contains__
        if created_by != "system" and self.lists_created and created_by not in members:
            self._put_entry(conversation, created_by, "notParticipating")
        for identity in members:
            self.add(conversation, identity)
        return conversation

    # What happens in conversations, in the order of docs/protocol/conversations.md

    def add(self, conversation: Conversation, identity: str, attributes: str = "{}") -> str:
        self.user(identity)
        sid = self.sid("MB")
        conversation.members[identity] = sid
        item = {
            "identity": identity,
            "type": "chat",
            "attributes": attributes,
            "userInfo": f"{self.users[identity]}.info",
            "roleSid": "RL" + "0" * 32,
            "dateCreated": DATE,
            "dateUpdated": DATE,
            "lastConsumedMessageIndex": None,
            "lastConsumptionTimestamp": None,
            "bindings": {},
        }
        self.change(conversation.roster, "added", sid, item)
        self._put_entry(conversation, identity, "joined")
        return sid

    def remove(
        self, conversation: Conversation, identity: str, *, keep_entry: bool = False
    ) -> None:
        sid = conversation.members.pop(identity)
        if keep_entry:
            self._put_entry(conversation, identity, "notParticipating")
        else:
            self.remove_entry(conversation, identity)
        self.change(conversation.roster, "removed", sid, conversation.roster.items[sid].data)

    def remove_entry(self, conversation: Conversation, identity: str) -> None:
        entries = self.my_map(identity)
        if conversation.sid in entries.items:
            self.change(entries, "removed", conversation.sid, entries.items[conversation.sid].data)

    def delete(self, conversation: Conversation) -> None:
        for identity in list(self.users):
            self.remove_entry(conversation, identity)
        conversation.is_deleted = True
        for contents in (conversation.document, conversation.messages, conversation.roster):
            self.remove_object(contents)

    def remove_object(self, contents: SyncObject) -> None:
        contents.is_removed = True
        contents.last_event_id += 1
        body = {f"{contents.kind}_sid": contents.sid, "id": contents.last_event_id}
        self._notify(contents, {"event_type": f"{contents.kind}_removed", "event": body})
        self.objects.pop(contents.sid, None)
        self.objects.pop(contents.name, None)

    def update(self, conversation: Conversation, **data: Any) -> None:
        self.change(conversation.document, "updated", None, {**conversation.document.data, **data})

    def set_entry(self, conversation: Conversation, identity: str, **data: Any) -> None:
        entries = self.my_map(identity)
        item = {**entries.items[conversation.sid].data, **data}
        self.change(entries, "updated", conversation.sid, item)

    def update_participant(self, conversation: Conversation, who: str, /, **data: Any) -> None:
        sid = conversation.members[who]
        item = {**conversation.roster.items[sid].data, **data}
        self.change(conversation.roster, "updated", sid, item)

    def send(self, conversation: Conversation, author: str, text: str | None, **data: Any) -> int:
        index = conversation.next_index
        conversation.next_index += 1
        item = {
            "sid": self.sid("IM"),
            "author": author,
            "memberSid": conversation.members.get(author),
            "type": "text",
            "text": text,
            "subject": None,
            "attributes": "{}",
            "timestamp": DATE,
            "dateUpdated": DATE,
            "lastUpdatedBy": None,
            **data,
        }
        self.change(conversation.messages, "added", index, item)
        self.update(conversation, lastMessage={"index": index, "timestamp": DATE})
        return index

    def edit(self, conversation: Conversation, index: int, **data: Any) -> None:
        item = {**conversation.messages.items[index].data, "lastUpdatedBy": "system", **data}
        self.change(conversation.messages, "updated", index, item)

    def remove_message(self, conversation: Conversation, index: int) -> None:
        data = conversation.messages.items[index].data
        self.change(conversation.messages, "removed", index, data)
        last = max(conversation.messages.items, default=None)
        entry = None if last is None else {"index": last, "timestamp": DATE}
        if conversation.document.data.get("lastMessage") != entry:
            self.update(conversation, lastMessage=entry)

    def update_user(self, identity: str, key: str, data: Any) -> None:
        self.change(self.info(identity), "updated", key, data)

    def change(self, changed: SyncObject, kind: str, key: Key | None, data: Any) -> Event:
        event = changed.change(kind, key, data)
        self._notify(changed, changed.envelope(event))
        return event

    def _put_entry(self, conversation: Conversation, identity: str, status: str) -> None:
        entries = self.my_map(identity)
        item = {
            "channel": conversation.document.name,
            "messages": conversation.messages.name,
            "roster": conversation.roster.name,
            "status": status,
            "notificationLevel": "default",
            "lastConsumedMessageIndex": None,
        }
        kind = "updated" if conversation.sid in entries.items else "added"
        self.change(entries, kind, conversation.sid, item)

    # Misbehaving

    def fault(
        self, path: str, method: str | None = None, *, times: float = 1, **what: Any
    ) -> Fault:
        """
        Plan a fault; *status* is short for a response with that status and no code.
        """
        status, headers = what.pop("status", None), what.pop("headers", {})
        if status is not None:
            what["response"] = attrs.evolve(refusal(status, 20000 + status), headers=headers)
        planned = Fault(method, path, times, **what)
        self.faults.append(planned)
        return planned

    def notify_raw(self, message_type: str, payload: Any, payload_type: str | None = None) -> None:
        """
        Send any notification to everybody.
        """
        for connection in self._open():
            self._notification(connection, message_type, payload, payload_type)

    def close_connections(self, status: int, code: int = 0) -> None:
        for connection in self._open():
            self._frame(
                connection, {"method": "close", "id": "TMclose", "status": _status(status, code)}
            )

    def announce_expiry(self) -> None:
        header = {"method": "client_update", "id": "TMupdate"}
        for connection in self._open():
            self._frame(connection, {**header, "client_update_type": "token_about_to_expire"})

    def ping(self) -> None:
        for connection in self._open():
            self._frame(connection, {"method": "ping", "id": "TMping"})

    def _open(self) -> Iterator[Connection]:
        return iter([one for one in self.connections if one.identity and not one.is_closed])

    # The wire

    def receive(self, connection: Connection, data: bytes) -> None:
        """
        One message of the client.
        """
        frame = decode_frame(data)
        connection.frames.append(frame)
        if frame.method == "init":
            self._init(connection, frame)
        elif frame.method == "update":
            self._update(connection, frame)
        elif frame.method == "message":
            self._message(connection, frame)
        elif frame.method == "close":
            connection.is_closed = True

    def _init(self, connection: Connection, frame: Frame) -> None:
        token = str(frame.header["token"])
        refused = self._token_refusal(connection, token)
        if refused is not None:
            self._reply(connection, frame, *refused)
            return
        connection.token, connection.identity = token, identity_of(token)
        self.user(connection.identity)
        self._reply(connection, frame, 200, capabilities=["client_update"])

    def _update(self, connection: Connection, frame: Frame) -> None:
        token = str(frame.header["token"])
        refused = self._token_refusal(connection, token)
        if refused is None:
            connection.token = token
        self._reply(connection, frame, *(refused or (200, 0)))

    def _token_refusal(self, connection: Connection, token: str) -> tuple[int, int] | None:
        if connection.identity is not None and identity_of(token) != connection.identity:
            return 401, 51215
        return self.refused_tokens.get(token)

    def _message(self, connection: Connection, frame: Frame) -> None:
        request = self._read(connection, frame)
        self.requests.append(request)
        fault = next((fault for fault in self.faults if fault.matches(request)), None)
        if fault is None:
            self._answer(connection, frame, request)
            return
        fault.times -= 1
        if fault.cut == "before":
            connection.cut()
        elif fault.twilsock is not None:
            self._reply(connection, frame, *fault.twilsock)
        elif fault.delay:
            self.later(fault.delay, lambda: self._faulty(connection, frame, request, fault))
        else:
            self._faulty(connection, frame, request, fault)

    def _faulty(self, connection: Connection, frame: Frame, request: Request, fault: Fault) -> None:
        if fault.cut == "after":
            self._carry_out(request)
            connection.cut()
        elif fault.is_silent:
            if fault.is_carried_out:
                self._carry_out(request)
        elif fault.raw is not None:
            header = {"method": "reply", "id": frame.id, "status": _status(200)}
            header |= {"http_status": {"code": 200, "status": "OK"}, "payload_type": fault.raw[1]}
            connection.send(encode_frame(header, fault.raw[0]))
        else:
            self._answer(connection, frame, request, fault)

    def _answer(
        self, connection: Connection, frame: Frame, request: Request, fault: Fault | None = None
    ) -> None:
        response = None if fault is None else fault.response
        if self.events_after_replies:
            self._held = []
        if response is None or (fault is not None and fault.is_carried_out):
            usual = self._carry_out(request)
            response = usual if response is None else response
        held, self._held = self._held or [], None
        header: dict[str, Any] = {"method": "reply", "id": frame.id, "status": _status(200)}
        header["http_status"] = {"code": response.status, "status": f"STATUS {response.status}"}
        header["http_headers"] = response.headers
        self._frame(connection, header, response.body)
        if held:
            self.later(EVENT_DELAY, lambda: self._release(held))
        if request.path == "/v4/Subscriptions" and response.status < 300:
            self._subscribe(connection, request)

    def _release(self, held: list[tuple[Connection, bytes]]) -> None:
        for connection, data in held:
            connection.send(data)

    def _carry_out(self, request: Request) -> Response:
        known = self._answers.get(request.mutation_id or "")
        if known is not None and self.recognises_mutations:
            return known
        response = self.routes.answer(request)
        if request.mutation_id is not None and response.status < 300:
            self._answers[request.mutation_id] = response
        return response

    def _read(self, connection: Connection, frame: Frame) -> Request:
        http: Any = frame.header["http_request"]
        payload = frame.payload
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return Request(
            identity=connection.identity or "",
            method=http["method"],
            path=http["path"],
            params={name: unquote(value) for name, value in http["params"].items()},
            headers=http["headers"],
            body=payload,
            payload=raw,
            at=self.now(),
        )

    def _reply(
        self, connection: Connection, frame: Frame, status: int, code: int = 0, **header: Any
    ) -> None:
        fields = {"method": "reply", "id": frame.id, "status": _status(status, code), **header}
        self._frame(connection, fields)

    def _frame(self, connection: Connection, header: dict[str, Any], payload: Any = None) -> None:
        body = b"" if payload is None else json.dumps(payload).encode()
        if body:
            header = {**header, "payload_type": "application/json"}
        data = encode_frame(header, body, crlf_after_payload=True)
        if self._held is not None and header["method"] == "notification":
            self._held.append((connection, data))
        else:
            connection.send(data)

    def notify(self, connection: Connection, message_type: str, payload: Any) -> None:
        """
        Send a notification to one connection.
        """
        self._notification(connection, message_type, payload)

    def _notification(
        self, connection: Connection, message_type: str, payload: Any, kind: str | None = None
    ) -> None:
        header = {"method": "notification", "id": "TMevent", "message_type": message_type}
        if kind is not None:
            connection.send(encode_frame({**header, "payload_type": kind}, payload))
        else:
            self._frame(connection, header, payload)

    def _notify(self, changed: SyncObject, envelope: dict[str, Any]) -> None:
        body = {"event_protocol_version": 4, **envelope}
        for connection in self._open():
            may_read = connection.identity is not None and changed.may_read(connection.identity)
            if may_read and changed.sid in connection.subscribed:
                self._notification(connection, f"com.twilio.rtd.cds.{changed.kind}", body)

    # Subscriptions

    def _subscribe(self, connection: Connection, request: Request) -> None:
        for entry in request.body["requests"]:
            sid = entry["object_sid"]
            found = self.objects.get(sid)
            if request.body["action"] == "cancel":
                connection.subscribed.discard(sid)
                self._outcome(connection, request, "canceled", {"object_sid": sid})
            elif found is None or sid in self.refused_subscriptions:
                status, code = self.refused_subscriptions.get(sid, (404, 54100))
                error = {"status": status, "code": code, "message": "refused"}
                self._outcome(connection, request, "failed", {"object_sid": sid, "error": error})
            elif not found.may_read(request.identity):
                error = {"status": 403, "code": 54007, "message": "refused"}
                self._outcome(connection, request, "failed", {"object_sid": sid, "error": error})
            else:
                self._replay(connection, request, found, entry["last_event_id"])

    def _replay(
        self, connection: Connection, request: Request, found: SyncObject, position: int | None
    ) -> None:
        is_interrupted = found.interruptions > 0
        found.interruptions -= is_interrupted
        missed: list[Event] = []
        if position is not None and not is_interrupted:
            missed = found.replay(position, is_shortened=self.shortens_replays)
        for event in missed:
            body = {**found.envelope(event), "correlation_id": request.body["correlation_id"]}
            self._notification(connection, "twilio.sync.event", body)
        if not is_interrupted:
            connection.subscribed.add(found.sid)
        outcome = {
            "object_sid": found.sid,
            "replay_status": "interrupted" if is_interrupted else "completed",
            "last_event_id": found.last_event_id,
        }
        self._outcome(connection, request, "established", outcome)

    def _outcome(
        self, connection: Connection, request: Request, kind: str, outcome: dict[str, Any]
    ) -> None:
        body = {
            "event_type": f"subscription_{kind}",
            "correlation_id": request.body["correlation_id"],
            "event_protocol_version": 4,
            "events": [outcome],
        }
        self._notification(connection, "twilio.sync.event", body)


def identity_of(token: str) -> str:
    """
    What a token says; nobody checks it here.
    """
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["grants"]["identity"])


def _status(code: int, error_code: int = 0) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": code, "status": f"STATUS {code}"}
    if error_code:
        fields |= {"errorCode": error_code, "description": f"words about {error_code}"}
    return fields
