"""
A Sync client under test: a clock that stands still, a server that answers from memory.
"""

from __future__ import annotations

import random
from collections.abc import Coroutine
from typing import Any, TypeVar

from conversations._core.ids import Ids
from conversations._core.promises import Task, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.sync import SyncClient, SyncDocument, SyncEvent, SyncList, SyncMap
from tests.core.sync.service import BASE_URL, Entity, FakeService

FIRST_CORRELATION_ID = 1_709_287_205_123
START = 1000.0

T = TypeVar("T")


class LowestRandom(random.Random):
    """
    Every draw gives the lowest value: delays without jitter.
    """

    def uniform(self, a: float, b: float) -> float:
        return a


class World:
    """
    The client, its server, and what its observers were told.
    """

    def __init__(self, *, is_connected: bool = True) -> None:
        self.scheduler = Scheduler(START)
        self.service = FakeService(self.scheduler)
        self.errors: list[tuple[str, int]] = []
        self.client = SyncClient(
            self.scheduler,
            Ids(random.Random(1)),
            LowestRandom(1),
            base_url=BASE_URL,
            read=self.service.read,
            post=self.service.post,
            first_correlation_id=FIRST_CORRELATION_ID,
            on_error=lambda what, error: self.errors.append((what, error.status)),
        )
        if is_connected:
            self.client.connected()

    def run(self, seconds: float = 0.0) -> None:
        """
        Let time pass, and everything happen that is due by then.
        """
        end = self.scheduler.now + seconds
        while (deadline := self.scheduler.next_deadline()) is not None and deadline < end:
            self.scheduler.run(deadline)
        self.scheduler.run(end)

    def deliver(self, count: int | None = None) -> None:
        """
        Bring queued notifications to the client: all, or the first few.
        """
        for number, (message_type, payload) in enumerate(self.service.take(), start=1):
            self.client.receive(message_type, payload)
            if number == count:
                break
        self.run()

    def settle(self) -> None:
        """
        Let subscriptions be sent and answered.
        """
        for _ in range(10):
            self.run(0.02)
            self.deliver()

    def reconnect(self) -> None:
        """
        Lose the connection and get another.
        """
        self.drop_connection()
        self.client.connected()
        self.run()

    def drop_connection(self) -> None:
        """
        Lose the connection.
        """
        self.client.disconnected()
        self.service.lose_connection()
        self.run()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Task[T]:
        """
        Run an operation as far as it goes.
        """
        task = spawn(self.scheduler, coroutine)
        self.run()
        return task

    def get(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        The result of an operation that needs no more than answers to requests.
        """
        return self.start(coroutine).result()

    def open_map(
        self, entity: Entity | str, *, include_items: bool = False
    ) -> tuple[SyncMap, list[SyncEvent]]:
        """
        Open a map, and the list to which its events are appended.
        """
        events: list[SyncEvent] = []
        entity_id = entity if isinstance(entity, str) else entity.name or entity.sid
        opened = self.get(
            self.client.open_map(entity_id, events.append, include_items=include_items)
        )
        return opened, events

    def open_list(self, entity: Entity | str) -> tuple[SyncList, list[SyncEvent]]:
        """
        Open a list, and the list to which its events are appended.
        """
        events: list[SyncEvent] = []
        entity_id = entity if isinstance(entity, str) else entity.name or entity.sid
        return self.get(self.client.open_list(entity_id, events.append)), events

    def open_document(self, entity: Entity | str) -> tuple[SyncDocument, list[SyncEvent]]:
        """
        Open a document, and the list to which its events are appended.
        """
        events: list[SyncEvent] = []
        entity_id = entity if isinstance(entity, str) else entity.name or entity.sid
        return self.get(self.client.open_document(entity_id, events.append)), events

    @property
    def posts(self) -> list[dict[str, Any]]:
        """
        The bodies of all subscription requests.
        """
        return self.service.posts

    def actions(self) -> list[tuple[str, list[str]]]:
        """
        What the subscription requests asked for, and about which sids.
        """
        return [
            (body["action"], [entry["object_sid"] for entry in body["requests"]])
            for body in self.posts
        ]
