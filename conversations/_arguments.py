"""
Checks of what users pass in: everything wrong is refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from conversations.attributes import Attributes, AttributesLike
from conversations.errors import InvalidArgumentError

MAX_PAGE_SIZE = 100
"""Most messages or conversations in one page; the service gives no more."""


def text(value: object, name: str) -> str:
    """
    A string that is not empty.
    """
    if not isinstance(value, str):
        raise _refused(name, f"must be a string, not {type(value).__name__}")
    if not value:
        raise _refused(name, "must not be empty")
    return value


def optional_text(value: object, name: str) -> str | None:
    """
    A string that is not empty, or ``None``.
    """
    return None if value is None else text(value, name)


def body(value: object, name: str) -> str | None:
    """
    Any string, or ``None``.
    """
    if value is not None and not isinstance(value, str):
        raise _refused(name, f"must be a string or None, not {type(value).__name__}")
    return value


def count(value: object, name: str) -> int:
    """
    A whole number from 1 on.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(name, f"must be a whole number, not {type(value).__name__}")
    if value < 1:
        raise _refused(name, f"must be at least 1, not {value}")
    return value


def page_size(value: object) -> int:
    """
    The size of a page: 1 to 100.
    """
    size = count(value, "page_size")
    if size > MAX_PAGE_SIZE:
        raise _refused("page_size", f"must be at most {MAX_PAGE_SIZE}, not {size}")
    return size


def index(value: object, name: str = "index") -> int:
    """
    The index of a message: a whole number from 0 on.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(name, f"must be a whole number, not {type(value).__name__}")
    if value < 0:
        raise _refused(name, f"must not be negative, but is {value}")
    return value


def flag(value: object, name: str) -> bool:
    """
    True or False.
    """
    if not isinstance(value, bool):
        raise _refused(name, f"must be True or False, not {type(value).__name__}")
    return value


def timeout(value: object, default: float) -> float:
    """
    Seconds; ``None`` stands for the client's default.
    """
    if value is None:
        return default
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _refused("timeout", f"must be a number of seconds, not {type(value).__name__}")
    if not isfinite(value) or value < 0:
        raise _refused("timeout", f"must be a finite number from 0 on, not {value}")
    return float(value)


def attributes(value: AttributesLike | None) -> Attributes:
    """
    Any JSON value; ``None`` stands for the empty object.
    """
    return Attributes.DEFAULT if value is None else Attributes.of(value)


def choice(value: object, name: str, allowed: tuple[str, ...]) -> str:
    """
    One of a few words.
    """
    if value not in allowed:
        words = " or ".join(repr(word) for word in allowed)
        raise _refused(name, f"must be {words}")
    return str(value)


def function(value: object, name: str) -> None:
    """
    Anything that can be called.
    """
    if not callable(value):
        raise _refused(name, f"must be callable, but is a {type(value).__name__}")


def instance(value: object, name: str, kind: type) -> None:
    """
    An object of a class of ours.
    """
    if not isinstance(value, kind):
        raise _refused(name, f"must be {kind.__name__}, not {type(value).__name__}")


def iterable(value: object, name: str) -> list[Any]:
    """
    The items of anything that has some; a single text is none.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise _refused(name, f"must be an iterable, not {type(value).__name__}")
    return list(value)


def _refused(name: str, what: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name} {what}")
