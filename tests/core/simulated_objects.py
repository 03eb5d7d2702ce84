"""
What the simulated service is made of: Sync objects with their history, requests, answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

SERVICE_SID = "IS" + "0" * 32
API = "https://aim.us1.twilio.com"
CDS = "https://cds.us1.twilio.com"
DATE = "2026-05-01T12:00:00.000Z"
PREFIXES = {"document": "ET", "list": "ES", "map": "MP"}
COLLECTIONS = {"Documents": "document", "Lists": "list", "Maps": "map"}

Key = str | int


@attrs.frozen
class Request:
    """
    One upstream request.
    """

    identity: str
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any
    payload: bytes
    at: float

    @property
    def mutation_id(self) -> str | None:
        return self.headers.get("X-Twilio-Mutation-Id")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@attrs.frozen
class Response:
    status: int
    body: Any = None
    headers: dict[str, str] = attrs.field(factory=dict)


def refusal(status: int, code: int) -> Response:
    return Response(status, {"status": status, "code": code, "message": f"words about {code}"})


@attrs.define
class Item:
    data: Any
    event_id: int


@attrs.frozen
class Event:
    id: int
    kind: str  # added, updated, removed
    key: Key | None
    data: Any


class SyncObject:
    """
    A document, list or map with all its history.
    """

    def __init__(self, kind: str, sid: str, name: str, data: Any = None) -> None:
        self.kind = kind
        self.sid = sid
        self.name = name
        self.data = data
        self.items: dict[Key, Item] = {}
        self.log: list[Event] = []
        self.last_event_id = 0 if kind == "document" else -1
        self.is_removed = False
        self.interruptions = 0  # so many replays break off before their end
        self.may_read: Callable[[str], bool] = lambda _: True

    def change(self, kind: str, key: Key | None, data: Any) -> Event:
        self.last_event_id += 1
        event = Event(self.last_event_id, kind, key, data)
        self.log.append(event)
        if self.kind == "document":
            self.data = data
        elif kind == "removed":
            del self.items[key]  # type: ignore[arg-type]
        else:
            self.items[key] = Item(data, event.id)  # type: ignore[index]
        return event

    def root(self) -> dict[str, Any]:
        collection = next(name for name, kind in COLLECTIONS.items() if kind == self.kind)
        url = f"{CDS}/v3/Services/{SERVICE_SID}/{collection}/{self.sid}"
        root: dict[str, Any] = {
            "sid": self.sid,
            "unique_name": self.name,
            "url": url,
            "revision": f"{self.last_event_id + 1:x}",
            "last_event_id": self.last_event_id,
            "date_updated": DATE,
        }
        if self.kind == "document":
            return {**root, "data": self.data}
        return {**root, "links": {"items": f"{url}/Items"}}

    def page(self, params: dict[str, str]) -> dict[str, Any]:
        is_descending = params.get("Order") == "desc"
        keys = sorted(self.items, reverse=is_descending)
        before: list[Key] = []
        if "From" in params:
            start: Any = int(params["From"]) if self.kind == "list" else params["From"]
            is_inclusive = params.get("Bounds", "inclusive") == "inclusive"

            def is_after(key: Any) -> bool:
                if key == start:
                    return is_inclusive
                return bool(key < start) if is_descending else bool(key > start)

            before = [key for key in keys if not is_after(key)]
            keys = [key for key in keys if is_after(key)]
        size = min(int(params.get("PageSize", "50")), 100)
        page, rest = keys[:size], keys[size:]
        return {
            "items": [self.item(key) for key in page],
            "meta": {
                "previous_token": "p" if before else None,
                "next_token": "n" if rest else None,
            },
        }

    def item(self, key: Key) -> dict[str, Any]:
        found = self.items[key]
        name = "index" if self.kind == "list" else "key"
        return {name: key, "data": found.data, "last_event_id": found.event_id}

    def envelope(self, event: Event) -> dict[str, Any]:
        body: dict[str, Any] = {"id": event.id, f"{self.kind}_sid": self.sid, "date_created": DATE}
        if self.kind == "document":
            body["document_data"] = event.data
            return {"event_type": f"document_{event.kind}", "event": body}
        body["item_index" if self.kind == "list" else "item_key"] = event.key
        body["item_data"] = event.data
        return {"event_type": f"{self.kind}_item_{event.kind}", "event": body}

    def replay(self, position: int, *, is_shortened: bool) -> list[Event]:
        """
        The events after *position*: all of them, or the newest for each item, of the kind
        that is right from there.
        """
        missed = [event for event in self.log if event.id > position]
        if not is_shortened:
            return missed
        if self.kind == "document":
            return missed[-1:]
        newest = {event.key: event for event in missed}
        existed = set()
        for event in self.log:
            if event.id <= position:
                (existed.discard if event.kind == "removed" else existed.add)(event.key)
        return [
            event
            if event.kind == "removed"
            else attrs.evolve(event, kind="updated" if event.key in existed else "added")
            for event in sorted(newest.values(), key=lambda event: event.id)
        ]
