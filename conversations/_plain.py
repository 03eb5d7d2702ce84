"""
Live objects as plain data, for logs, tests and storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cache

import attrs

from conversations.attributes import Attributes, JSONValue

LIVE = frozenset(
    {
        "cached_messages",
        "client",
        "conversation",
        "participant",
        "participants_list",
        "typing_participants",
    }
)
"""
Properties that lead to other live objects: they are no part of the data of this one.
"""


def plain_dict(thing: object) -> dict[str, JSONValue]:
    """
    The properties of a live object, by their names, with values ready for JSON.
    """
    kind: type = type(thing)
    return {name: plain(getattr(thing, name)) for name in plain_properties(kind)}


@cache
def plain_properties(kind: type) -> tuple[str, ...]:
    """
    The names of the properties that hold data, those of base classes first.
    """
    names: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, property) and not name.startswith("_") and name not in LIVE:
                names[name] = None
    return tuple(names)


def plain(value: object) -> JSONValue:
    """
    A value of a property, ready for JSON: dates as ISO 8601, enums as their values.

    Raises:
        TypeError: It is of a kind that has no such form.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        result: JSONValue = value
    elif isinstance(value, Enum):
        result = plain(value.value)
    elif isinstance(value, datetime):
        result = value.isoformat()
    elif isinstance(value, Attributes):
        result = value.value
    elif isinstance(value, Mapping):
        result = {str(key): plain(member) for key, member in value.items()}
    elif isinstance(value, (list, tuple)):
        result = [plain(member) for member in value]
    else:
        result = _plain_object(value)
    return result


def _plain_object(value: object) -> dict[str, JSONValue]:
    """
    An object of ours: its public fields and its properties.
    """
    kind: type = type(value)
    fields = [field.name for field in attrs.fields(kind)] if attrs.has(kind) else []
    public = {name: plain(getattr(value, name)) for name in fields if not name.startswith("_")}
    members = {**public, **plain_dict(value)}
    if not members:
        message = f"{kind.__name__} has no form in JSON"
        raise TypeError(message)
    return members
