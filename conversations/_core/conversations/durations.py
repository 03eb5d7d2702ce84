"""
Durations in the service's configuration: ISO 8601 text.
"""

from __future__ import annotations

import re

_NUMBER = r"\d{1,9}(?:[.,]\d{1,9})?"
_DURATION = re.compile(
    rf"P(?:(?P<years>{_NUMBER})Y)?(?:(?P<months>{_NUMBER})M)?"
    rf"(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?P<time>T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?"
    rf"(?:(?P<seconds>{_NUMBER})S)?)?",
    re.ASCII,
)

_DAY = 86_400.0
_SECONDS = {
    "years": 365 * _DAY,  # the two that depend on the calendar: nobody caches for that long
    "months": 30 * _DAY,
    "weeks": 7 * _DAY,
    "days": _DAY,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
}


def duration(value: object) -> float | None:
    """
    Seconds, or ``None`` for anything that is no duration: ``PT1S`` is 1.0, ``PT1M0.5S`` 60.5.
    """
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or found["time"] == "T":
        return None
    parts = {name: found[name] for name in _SECONDS if found[name] is not None}
    if not parts:
        return None
    return sum(float(text.replace(",", ".")) * _SECONDS[name] for name, text in parts.items())
