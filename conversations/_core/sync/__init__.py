"""
Sync: replicated objects, their subscriptions and their events.
"""

from __future__ import annotations

from .client import SyncClient
from .documents import SyncDocument
from .entities import SyncEntity
from .events import (
    DocumentUpdated,
    EntityRemoved,
    HistoryLost,
    ItemAdded,
    ItemRemoved,
    ItemUpdated,
    JSONObject,
    Observer,
    SubscriptionRefused,
    SyncEvent,
)
from .lists import SyncList
from .maps import SyncMap
from .notifications import MESSAGE_TYPES
from .objects import Item, ItemPage, ListItem, MapItem
from .queries import Order, Send

__all__ = [
    "MESSAGE_TYPES",
    "DocumentUpdated",
    "EntityRemoved",
    "HistoryLost",
    "Item",
    "ItemAdded",
    "ItemPage",
    "ItemRemoved",
    "ItemUpdated",
    "JSONObject",
    "ListItem",
    "MapItem",
    "Observer",
    "Order",
    "Send",
    "SubscriptionRefused",
    "SyncClient",
    "SyncDocument",
    "SyncEntity",
    "SyncEvent",
    "SyncList",
    "SyncMap",
]
