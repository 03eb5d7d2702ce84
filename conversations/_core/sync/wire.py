"""
Careful looks at parsed JSON: the value if it is what it should be, else ``None``.
"""

from __future__ import annotations

from typing import cast

from .events import JSONObject


def as_object(value: object) -> JSONObject | None:
    """
    *value* if it is a JSON object.
    """
    return cast("JSONObject", value) if isinstance(value, dict) else None


def as_array(value: object) -> list[object] | None:
    """
    *value* if it is a JSON array.
    """
    return value if isinstance(value, list) else None


def as_text(value: object) -> str | None:
    """
    *value* if it is a string with something in it.
    """
    return value if isinstance(value, str) and value else None


def as_integer(value: object) -> int | None:
    """
    *value* if it is a whole number: 12 or 12.0, but neither "12" nor true.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_index(value: object) -> int | None:
    """
    *value* if it is a list index; decimal digits in a string count too.
    """
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdigit():  # noqa: PLR2004  # fits 64 bits
        return int(value)
    return as_integer(value)


def as_positive(value: object) -> float | None:
    """
    *value* if it is a finite number above zero.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < 1e15 else None  # noqa: PLR2004  # beyond any time or size
