"""
A cache that forgets what has not been used for longest.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """
    Up to *capacity* values by their keys. Core thread only.

    Args:
        capacity: At least 1.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: dict[Key, Value] = {}  # the one used longest ago first

    def __contains__(self, key: object) -> bool:
        """
        Whether there is a value, also ``None``; that is no use of it.
        """
        return key in self._values

    def __len__(self) -> int:
        """
        How many values there are.
        """
        return len(self._values)

    def __getitem__(self, key: Key) -> Value:
        """
        The value, which counts as used now.

        Raises:
            KeyError: There is none.
        """
        value = self._values.pop(key)
        self._values[key] = value
        return value

    def __setitem__(self, key: Key, value: Value) -> None:
        """
        Keep a value in the place of what was there; the oldest goes if there are too many.
        """
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._capacity:
            del self._values[next(iter(self._values))]
