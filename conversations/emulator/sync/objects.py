"""
Documents, maps and lists: their content, their event ids, and whom they tell of changes.

Changing the content, numbering the event, keeping it for replay and telling the subscribers is
one step on the emulator's thread, so a read after a delivered event shows its effect, and a
subscriber misses nothing between its replay and its first live event.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from typing import ClassVar, Protocol
from urllib.parse import quote

import attrs

from ..._core.upstream import JSONValue, json_body
from ..clock import Clock, iso_date
from .events import Event, envelope
from .history import History

LIVE_MESSAGE_TYPE = "com.twilio.rtd.cds.{kind}"


class Subscriber(Protocol):
    """
    One connection, as the objects see it.
    """

    identity: str

    def notify(self, message_type: str, payload: bytes) -> None:
        """
        Send one notification; never blocks.
        """
        ...


@attrs.frozen(kw_only=True)
class Subscription:
    """
    How one subscriber wants to be told.

    Attributes:
        subscriber: Whom.
        version: Event protocol version it asked for.
        base_url: Scheme and host that it used; the start of URLs in its events.
    """

    subscriber: Subscriber
    version: int
    base_url: str


@attrs.frozen(kw_only=True)
class Item:
    """
    One entry of a map or list, as it stands now.
    """

    key: str | int
    data: JSONValue
    event_id: int
    date_created: str
    date_updated: str


class Carrier(Protocol):
    """
    How events get to the subscribers.
    """

    def __call__(
        self, name: str, subscriber: Subscriber, message_type: str, payload: bytes
    ) -> None:
        """
        Bring an event of the object of that name to a subscriber.
        """
        ...


@attrs.frozen(kw_only=True)
class Ownership:
    """
    What every object of one service shares.
    """

    account: str
    service: str
    clock: Clock
    carry: Carrier


class SyncObject:
    """
    What documents, maps and lists have in common.

    Args:
        sid: Its SID.
        unique_name: Its name.
        owner: Account, service and clock.
        created_by: Identity, or ``system``.
        may_read: Whether an identity may read and subscribe.
    """

    kind: ClassVar[str]
    collection: ClassVar[str]
    not_found_code: ClassVar[int]
    first_position: ClassVar[int] = -1

    def __init__(
        self,
        *,
        sid: str,
        unique_name: str,
        owner: Ownership,
        created_by: str,
        may_read: Callable[[str], bool],
    ) -> None:
        self.sid = sid
        self.unique_name = unique_name
        self.owner = owner
        self.created_by = created_by
        self.may_read = may_read
        self.history = History(self.first_position)
        self.date_created = self.date_updated = iso_date(owner.clock.time())
        self._subscriptions: dict[Subscriber, Subscription] = {}

    @property
    def position(self) -> int:
        """
        The id of the newest event.
        """
        return self.history.position

    @property
    def revision(self) -> str:
        """
        The revision of the whole object, an opaque text to clients.
        """
        return self.revision_at(self.position)

    def revision_at(self, event_id: int) -> str:
        """
        The revision that the object had right after an event.
        """
        return f"{event_id - self.first_position:x}"

    def url(self, base_url: str) -> str:
        """
        The object's absolute URL for a client that uses the host of *base_url*.
        """
        return f"{base_url}/v3/Services/{self.owner.service}/{self.collection}/{self.sid}"

    def item_url(self, base_url: str, key: str | int) -> str:
        """
        The absolute URL of one item.
        """
        return f"{self.url(base_url)}/Items/{quote(str(key), safe='', errors='surrogatepass')}"

    @property
    def subscribers(self) -> Iterable[Subscriber]:
        """
        Who is subscribed.
        """
        return self._subscriptions.keys()

    def subscribe(self, subscription: Subscription) -> None:
        """
        Tell of every change from now on. Replaces an earlier subscription of the same one.
        """
        self._subscriptions[subscription.subscriber] = subscription

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """
        Stop telling. Nothing happens if it is not subscribed.
        """
        self._subscriptions.pop(subscriber, None)

    def drop_strangers(self) -> None:
        """
        Stop telling those who may not read any more, without a word to them.
        """
        for subscriber in list(self._subscriptions):
            if not self.may_read(subscriber.identity):
                del self._subscriptions[subscriber]

    def removed(self) -> None:
        """
        Tell that the object is gone, and whoever was subscribed no longer is.
        """
        self._publish("removed")
        self._subscriptions.clear()

    def _publish(self, kind: str, key: str | int | None = None, data: JSONValue = None) -> Event:
        event = Event(
            id=self.position + 1,
            kind=kind,
            time=iso_date(self.owner.clock.time()),
            key=key,
            data=data,
        )
        self.history.append(event)
        self.date_updated = event.time
        message_type = LIVE_MESSAGE_TYPE.format(kind=self.kind)
        payloads: dict[tuple[str, int], bytes] = {}
        for subscription in list(self._subscriptions.values()):
            form = (subscription.base_url, subscription.version)
            if form not in payloads:
                payloads[form] = json_body(
                    envelope(self, [event], subscription.base_url, version=subscription.version)
                )
            self.owner.carry(
                self.unique_name, subscription.subscriber, message_type, payloads[form]
            )
        return event


class SyncDocument(SyncObject):
    """
    One JSON object that is replaced as a whole.
    """

    kind = "document"
    collection = "Documents"
    not_found_code = 54100
    first_position = 0

    data: JSONValue = None

    def set_data(self, data: JSONValue) -> None:
        """
        Replace the content and tell the subscribers.
        """
        self.data = data
        self._publish("updated", data=data)


class SyncCollection(SyncObject):
    """
    What maps and lists have in common: items in an order.
    """

    def __init__(
        self,
        *,
        sid: str,
        unique_name: str,
        owner: Ownership,
        created_by: str,
        may_read: Callable[[str], bool],
    ) -> None:
        super().__init__(
            sid=sid, unique_name=unique_name, owner=owner, created_by=created_by, may_read=may_read
        )
        self._items: dict[str | int, Item] = {}
        self._order: list[tuple[bytes | int, str | int]] = []

    def get(self, key: str | int) -> Item | None:
        """
        The item, if there is one.
        """
        return self._items.get(key)

    @property
    def size(self) -> int:
        """
        How many items there are. Not ``len``, which would make an empty one false.
        """
        return len(self._items)

    def set_item(self, key: str | int, data: JSONValue) -> None:
        """
        Add the item or replace its content, and tell the subscribers.
        """
        known = self._items.get(key)
        event = self._publish("item_updated" if known else "item_added", key, data)
        self._items[key] = Item(
            key=key,
            data=data,
            event_id=event.id,
            date_created=known.date_created if known else event.time,
            date_updated=event.time,
        )
        if known is None:
            bisect.insort(self._order, (sort_key(key), key))

    def remove_item(self, key: str | int) -> None:
        """
        Remove the item, if there is one, and tell the subscribers.
        """
        item = self._items.pop(key, None)
        if item is not None:
            del self._order[bisect.bisect_left(self._order, (sort_key(key), key))]
            self._publish("item_removed", key, item.data)

    def index_of(self, key: str | int, *, after: bool = False) -> int:
        """
        How many items lie before *key*; with *after*, before or at it. It need not exist.
        """
        bisector = bisect.bisect_right if after else bisect.bisect_left
        return bisector(self._order, sort_key(key), key=lambda entry: entry[0])

    def items(self, start: int, stop: int) -> list[Item]:
        """
        The items at the given places of the ascending order.
        """
        return [self._items[key] for _, key in self._order[max(start, 0) : max(stop, 0)]]


class SyncMap(SyncCollection):
    """
    Items under text keys.
    """

    kind = "map"
    collection = "Maps"
    not_found_code = 54200


class SyncList(SyncCollection):
    """
    Items under numbers that only grow.
    """

    kind = "list"
    collection = "Lists"
    not_found_code = 54150

    next_index = 0

    def append(self, data: JSONValue) -> int:
        """
        Add an item at the next index, which is never used again.
        """
        index = self.next_index
        self.next_index += 1
        self.set_item(index, data)
        return index


def sort_key(key: str | int) -> bytes | int:
    """
    Lists sort by number, maps by key as JavaScript compares texts: by UTF-16 code units.
    """
    return key if isinstance(key, int) else key.encode("utf-16-be", "surrogatepass")
