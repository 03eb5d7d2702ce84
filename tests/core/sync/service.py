"""
A Sync server in one object: entities with their histories, subscriptions, replays.

It answers requests at once, unless told otherwise, and puts notifications into a queue from
which a test delivers them: all, some, late, twice, or never.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from conversations.errors import ServiceError, service_error

BASE_URL = "https://cds.us1.twilio.com"
REPLAY = "twilio.sync.event"
PREFIXES = {"document": "ET", "map": "MP", "list": "ES"}
KEYS = {"map": "key", "list": "index"}

sid_numbers = Counter[str]()


def new_sid(kind: str) -> str:
    """
    A sid that no other entity has.
    """
    sid_numbers[kind] += 1
    return f"{PREFIXES[kind]}{sid_numbers[kind]:032x}"


@attrs.frozen
class Event:
    """
    One change in an entity's history.
    """

    id: int
    kind: str  # item_added, item_updated, item_removed, updated, context_updated
    key: Any
    data: Any


@attrs.define(eq=False)
class Entity:
    """
    One entity on the server.
    """

    kind: str
    name: str | None
    data: Any = None
    sid: str = attrs.field(init=False)
    last_event_id: int = attrs.field(init=False)
    log: list[Event] = attrs.field(init=False, factory=list)
    items: dict[Any, tuple[Any, int]] = attrs.field(init=False, factory=dict)
    extra_root: dict[str, Any] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.sid = new_sid(self.kind)
        self.last_event_id = 0 if self.kind == "document" else -1

    def record(self, kind: str, key: Any = None, data: Any = None) -> Event:
        """
        Append to the history.
        """
        self.last_event_id += 1
        event = Event(self.last_event_id, kind, key, data)
        self.log.append(event)
        return event

    def put(self, key: Any, data: Any) -> Event:
        """
        Write an item.
        """
        kind = "item_updated" if key in self.items else "item_added"
        self.items[key] = (data, self.last_event_id + 1)
        return self.record(kind, key, data)

    def drop(self, key: Any) -> Event:
        """
        Remove an item.
        """
        data, _ = self.items.pop(key)
        return self.record("item_removed", key, data)

    def append(self, data: Any) -> Event:
        """
        Add an item to a list, under an index never used before.
        """
        used = [event.key for event in self.log if event.key is not None]
        return self.put(max(used, default=-1) + 1, data)

    def replace(self, data: Any) -> Event:
        """
        Write a document.
        """
        self.data = data
        return self.record("updated", None, data)

    def had(self, key: Any, position: int) -> bool:
        """
        Whether there was an item at *position*.
        """
        kinds = [event.kind for event in self.log if event.key == key and event.id <= position]
        return bool(kinds) and kinds[-1] != "item_removed"

    def replay(self, position: int | None, *, shortened: bool) -> list[Event]:
        """
        What a subscriber that knows *position* has missed.
        """
        if position is None:
            return []
        missed = [event for event in self.log if event.id > position]
        if not shortened:
            return missed
        newest = {event.key: event for event in missed}
        replayed = []
        for event in sorted(newest.values(), key=lambda event: event.id):
            kind = event.kind
            if kind in {"item_added", "item_updated"}:
                kind = "item_updated" if self.had(event.key, position) else "item_added"
            replayed.append(attrs.evolve(event, kind=kind))
        return replayed

    def payload(self, event: Event) -> dict[str, Any]:
        """
        A change as it stands in notifications.
        """
        payload: dict[str, Any] = {"id": event.id, f"{self.kind}_sid": self.sid}
        if event.kind == "updated":
            payload["document_data"] = event.data
        elif event.key is not None:
            payload[f"item_{KEYS[self.kind]}"] = event.key
            payload["item_data"] = event.data
        return payload

    def notification(self, event: Event) -> tuple[str, dict[str, Any]]:
        """
        The live notification of a change.
        """
        return f"com.twilio.rtd.cds.{self.kind}", {
            "event_type": f"{self.kind}_{event.kind}",
            "event_protocol_version": 4,
            "event": self.payload(event),
        }

    def root(self) -> dict[str, Any]:
        """
        The description that a GET returns.
        """
        url = f"{BASE_URL}/v3/Services/IS1/{self.kind.capitalize()}s/{self.sid}"
        root: dict[str, Any] = {
            "sid": self.sid,
            "unique_name": self.name,
            "url": url,
            "revision": "0",
            "last_event_id": self.last_event_id,
        }
        if self.kind == "document":
            root["data"] = self.data
        else:
            root["links"] = {"items": f"{url}/Items"}
        return {**root, **self.extra_root}

    def ordered_keys(self) -> list[Any]:
        """
        Keys in the server's order.
        """
        if self.kind == "map":
            return sorted(self.items, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return sorted(self.items)

    def item(self, key: Any) -> dict[str, Any]:
        """
        An item as it stands in pages.
        """
        data, event_id = self.items[key]
        return {KEYS[self.kind]: key, "data": data, "last_event_id": event_id, "revision": "0"}

    def page(self, parameters: dict[str, str]) -> dict[str, Any]:
        """
        The answer to an item query.
        """
        rank: Any = int
        if self.kind == "map":

            def rank(key: str) -> bytes:
                return key.encode("utf-16-be", "surrogatepass")

        keys = self.ordered_keys()
        if parameters.get("Order") == "desc":
            keys.reverse()
        start = 0
        if "From" in parameters:
            limit = rank(parameters["From"])
            is_desc = parameters.get("Order") == "desc"
            is_exclusive = parameters.get("Bounds") == "exclusive"
            before = [
                key
                for key in keys
                if (rank(key) > limit if is_desc else rank(key) < limit)
                or (is_exclusive and rank(key) == limit)
            ]
            start = len(before)
        end = start + min(int(parameters.get("PageSize", 50)), 100)
        return {
            "items": [self.item(key) for key in keys[start:end]],
            "meta": {
                "previous_token": "back" if start > 0 and keys else None,
                "next_token": "on" if end < len(keys) else None,
            },
        }


class FakeService:
    """
    The server as the client's ``read`` and ``post``.

    Attributes:
        reads: All GETs, in order.
        posts: The bodies of all POSTs, in order.
        queue: Notifications on their way to the client.
        answers: What GETs of a path get instead of what is right: errors are raised.
        reply: The reply to POSTs; an error is raised.
        confirms: Whether establish and cancel requests are confirmed.
        shortened: Whether replays keep only the newest event of each item.
        is_holding: Whether answers to GETs and replies to POSTs are kept back.
        held: Those that are kept back.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.entities: list[Entity] = []
        self.reads: list[UpstreamRequest] = []
        self.requests: list[UpstreamRequest] = []
        self.posts: list[dict[str, Any]] = []
        self.queue: deque[tuple[str, Any]] = deque()
        self.answers: dict[str, Any] = {}
        self.reply: Any = {
            "estimated_delivery_in_ms": 10000,
            "max_batch_size": 1000,
            "ttl_in_s": 86400,
        }
        self.confirms = True
        self.shortened = False
        self.forbidden: set[str] = set()
        self.interrupted: set[str] = set()
        self.is_holding = False
        self.held: list[Promise[None]] = []
        self.subscribed: set[str] = set()
        self.page_hook: Any = None

    def add(self, kind: str, name: str | None, data: Any = None) -> Entity:
        """
        Make an entity.
        """
        entity = Entity(kind, name, data)
        self.entities.append(entity)
        return entity

    def find(self, entity_id: str) -> Entity | None:
        """
        An entity by sid or name.
        """
        for entity in self.entities:
            if entity_id in {entity.sid, entity.name}:
                return entity
        return None

    def change(self, entity: Entity, event: Event) -> Event:
        """
        Send a change to the client if it listens.
        """
        if entity.sid in self.subscribed:
            self.queue.append(entity.notification(event))
        return event

    def put(self, entity: Entity, key: Any, data: Any) -> Event:
        """
        Write an item, and say so.
        """
        return self.change(entity, entity.put(key, data))

    def drop(self, entity: Entity, key: Any) -> Event:
        """
        Remove an item, and say so.
        """
        return self.change(entity, entity.drop(key))

    def append(self, entity: Entity, data: Any) -> Event:
        """
        Add an item to a list, and say so.
        """
        return self.change(entity, entity.append(data))

    def replace(self, entity: Entity, data: Any) -> Event:
        """
        Write a document, and say so.
        """
        return self.change(entity, entity.replace(data))

    def lose_connection(self) -> None:
        """
        Forget the subscriptions and what is on its way.
        """
        self.subscribed.clear()
        self.queue.clear()

    def release(self) -> None:
        """
        Let go of answers that were kept back.
        """
        held, self.held = self.held, []
        for promise in held:
            promise.resolve(None)

    async def read(self, request: UpstreamRequest) -> UpstreamResponse:
        """
        Answer a GET.
        """
        self.reads.append(request)
        self.requests.append(request)
        await self._hold()
        url = urlsplit(request.url)
        path = url.path
        answer = self.answers.get(path)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return UpstreamResponse(status=200, body=answer)
        return UpstreamResponse(status=200, body=self._body(path, url.query))

    async def post(self, request: UpstreamRequest) -> UpstreamResponse:
        """
        Answer a POST of subscriptions, and queue what follows from it.
        """
        self.requests.append(request)
        body = json.loads(request.body)
        self.posts.append(body)
        await self._hold()
        reply = self.reply
        if isinstance(reply, list):
            reply = reply.pop(0)
        if isinstance(reply, Exception):
            raise reply
        if self.confirms:
            self.confirm(body)
        return UpstreamResponse(status=202, body=reply)

    def confirm(self, body: dict[str, Any]) -> None:
        """
        Queue replays and terminal notifications of a request.
        """
        for entry in body["requests"]:
            self.queue.extend(self._answers_of(body, entry))

    def take(self) -> Iterator[tuple[str, Any]]:
        """
        Take the queued notifications out one by one.
        """
        while self.queue:
            yield self.queue.popleft()

    async def _hold(self) -> None:
        if self.is_holding:
            promise: Promise[None] = Promise(self.scheduler)
            self.held.append(promise)
            await promise

    def _body(self, path: str, query: str) -> Any:
        parts = path.split("/")
        if parts[2] == "Services":
            del parts[2:4]
        entity = self.find(unquote(parts[3]))
        if entity is None:
            raise not_found()
        parameters = dict(parse_qsl(query))
        if parts[4:] == ["Items"]:
            page = entity.page(parameters)
            if self.page_hook is not None:
                self.page_hook(page)
            return json.loads(json.dumps(page))
        root = entity.root()
        if parameters.get("Include") == "items":
            root["items"] = entity.page({})["items"]
        return json.loads(json.dumps(root))

    def _answers_of(self, body: dict[str, Any], entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        entity = self.find(entry["object_sid"])
        if body["action"] == "cancel":
            self.subscribed.discard(entry["object_sid"])
            yield terminal("canceled", body, entry)
        elif entity is None:
            yield failed(body, entry, 404, 54100)
        elif entity.sid in self.forbidden:
            yield failed(body, entry, 403, 54007)
        else:
            self.subscribed.add(entity.sid)
            replay = entity.replay(entry["last_event_id"], shortened=self.shortened)
            is_interrupted = entity.sid in self.interrupted
            for event in replay[: math.ceil(len(replay) / 2)] if is_interrupted else replay:
                payload = entity.notification(event)[1]
                yield REPLAY, {**payload, "correlation_id": body["correlation_id"]}
            status = "interrupted" if is_interrupted else "completed"
            yield terminal(
                "established",
                body,
                entry,
                replay_status=status,
                last_event_id=entity.last_event_id,
            )


def terminal(
    what: str, body: dict[str, Any], entry: dict[str, Any], **fields: Any
) -> tuple[str, Any]:
    """
    A terminal notification for one entry of a request.
    """
    member = {"object_sid": entry["object_sid"], "object_type": entry["object_type"], **fields}
    return REPLAY, {
        "event_type": f"subscription_{what}",
        "correlation_id": body["correlation_id"],
        "event_protocol_version": 4,
        "events": [member],
    }


def failed(
    body: dict[str, Any], entry: dict[str, Any], status: int, code: int = 0
) -> tuple[str, Any]:
    """
    The notification that one entry of a request failed.
    """
    error = {"status": status, "code": code, "message": "no"}
    return terminal("failed", body, entry, error=error)


def not_found() -> ServiceError:
    """
    The error of a GET of something that does not exist.
    """
    return service_error(404, code=54300, message="Unique name not found")
