"""
A subscriber without a connection, and requests without sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from conversations._core.upstream import JSONValue
from conversations.emulator import ManualClock, Settings
from conversations.emulator.api.calls import Answer, UpstreamCall
from conversations.emulator.api.dispatch import Dispatcher, Origin
from conversations.emulator.deliveries import Deliveries
from conversations.emulator.domain import roles, users
from conversations.emulator.domain.service import Service
from conversations.emulator.faults import Faults
from conversations.emulator.ids import ServiceIds
from conversations.emulator.sync.objects import Subscriber, Subscription, SyncObject
from conversations.emulator.watch import Watch
from tests.emulator.twilsock_client import Notification

BASE = "https://cds.us1.twilio.com"


@attrs.define(eq=False)
class Recorder:
    """
    Keeps what it is notified of, in order.
    """

    identity: str = "alice"
    notifications: list[Notification] = attrs.field(factory=list)

    def notify(self, message_type: str, payload: bytes) -> None:
        self.notifications.append(Notification(type=message_type, body=json.loads(payload)))

    def take(self) -> list[Notification]:
        taken, self.notifications = self.notifications, []
        return taken

    def subscribe(self, *targets: SyncObject, version: int = 4) -> None:
        for target in targets:
            target.subscribe(Subscription(subscriber=self, version=version, base_url=BASE))

    def subscribe_to_all(self, service: Service) -> None:
        """
        Hear everything, whether allowed or not.
        """
        self.subscribe(*service.store)

    def changes(self, service: Service) -> list[str]:
        """
        What happened since the last time: object and kind, in order. SIDs of conversations are
        left out, keys that are SIDs are shortened to their prefix.
        """
        names = {target.sid: target.unique_name for target in service.store}
        told = []
        for notification in self.take():
            for event in notification.events:
                sid = next(value for name, value in event.items() if name.endswith("_sid"))
                name = names.get(sid, "gone")
                key = event.get("item_key", event.get("item_index", ""))
                short = name.split(".")[-1] if name.startswith("CH") else name
                key = key[:2] if str(key).startswith(("MB", "CH")) else key
                what = notification.kind.split("_")[-1]
                told.append(f"{short} {what} {key}".strip())
        return told


class Api:
    """
    Asks the service as users do, without sockets.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.faults = Faults()
        deliveries = Deliveries(self.faults, service.surroundings.call_later, Watch())
        self.dispatcher = Dispatcher(service, self.faults, deliveries)
        self.subscribers: dict[str, Recorder] = {}

    def __call__(
        self,
        identity: str,
        method: str,
        path: str,
        body: JSONValue = None,
        params: Mapping[str, JSONValue] | None = None,
        *,
        host: str = "aim.us1.twilio.com",
        **headers: str,
    ) -> Answer:
        """
        One request. A path without a slash in front is relative to the service.
        """
        if not path.startswith("/"):
            path = f"/Client/v2/Services/{self.service.sid}/{path}"
        request = UpstreamCall.decode(
            {
                "host": host,
                "method": method,
                "path": path,
                "params": dict(params or {}),
                "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            },
            body,
        )
        subscriber = self.subscribers.setdefault(identity, Recorder(identity))
        origin = Origin(
            user=users.ensure(self.service, identity),
            subscriber=subscriber,
            media_base_url="http://127.0.0.1:8089",
        )
        answer = self.dispatcher.earlier_answer(request, identity)
        return answer or self.dispatcher.answer(request, origin)

    def ok(self, *arguments: Any, **options: Any) -> Any:
        """
        The body of a request that succeeds.
        """
        answer = self(*arguments, **options)
        assert 200 <= answer.status < 300, answer.body
        return answer.body

    def refused(self, *arguments: Any, **options: Any) -> tuple[int, int]:
        """
        Status and code of a request that is refused.
        """
        answer = self(*arguments, **options)
        body: Any = answer.body
        assert answer.status == body["status"]
        return answer.status, body["code"]


@attrs.define(eq=False)
class Alarm:
    """
    Something that would happen, if nobody cancels it.
    """

    at: float
    callback: Callable[[], None] | None

    def cancel(self) -> None:
        self.callback = None


@attrs.define(eq=False)
class Surroundings:
    """
    What a service without an emulator has around it. Time passes when a test says so.
    """

    clock: ManualClock
    alarms: list[Alarm] = attrs.field(factory=list)
    notified: list[tuple[str, str, JSONValue]] = attrs.field(factory=list)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Alarm:
        alarm = Alarm(self.clock.monotonic() + delay, callback)
        self.alarms.append(alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        """
        Let time pass and what falls due happen.
        """
        self.clock.advance(seconds)
        due = [alarm for alarm in self.alarms if alarm.at <= self.clock.monotonic()]
        for alarm in sorted(due, key=lambda alarm: alarm.at):
            self.alarms.remove(alarm)
            if alarm.callback is not None:
                alarm.callback()

    def notify_user(self, identity: str, message_type: str, payload: JSONValue) -> None:
        self.notified.append((identity, message_type, payload))

    def carry_event(
        self, name: str, subscriber: Subscriber, message_type: str, payload: bytes
    ) -> None:
        subscriber.notify(message_type, payload)

    def changed(self) -> None:
        pass


def make_service(clock: ManualClock, settings: Settings | None = None, seed: int = 1) -> Service:
    """
    A service without connections.
    """
    service = Service(settings or Settings(), clock, ServiceIds(seed), Surroundings(clock))
    roles.add_first_roles(service)
    return service
