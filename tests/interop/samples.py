"""
Texts and JSON values that must arrive exactly as they were sent.
"""

from __future__ import annotations

from typing import Any

TEXTS = [
    "plain",
    "",
    "naïve café, Ελληνικά, עברית, हिन्दी, 日本語",
    "👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f9ff",
    "line\nline\r\nline\u2028line\u2029end",
    "quotes \" ' \\ / and \x00 \x1f controls",
    "half a pair: \ud83d",
]

VALUES: list[Any] = [
    {},
    {"nested": {"list": [1, 2.5, -3e-7, True, False, None, "é", {}]}, "": "empty key"},
    [],
    [1, [2, [3]]],
    "text",
    "",
    0,
    -1.25,
    9007199254740991,
    True,
    False,
    None,
]

BYTES = bytes(range(256)) * 300
"""Every byte there is, and more than one piece of a transfer."""
