"""
Requests that travel inside Twilsock, and their answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Union

import attrs

JSONScalar = Union[str, int, float, bool, None]
JSONValue = Union[JSONScalar, "list[JSONValue]", "dict[str, JSONValue]"]

JSON_TYPE = "application/json; charset=utf-8"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@attrs.frozen(kw_only=True)
class UpstreamRequest:
    """
    One HTTP request to the services behind Twilsock.

    Attributes:
        method: ``GET``, ``POST`` or ``DELETE``.
        url: Absolute, path and query percent-encoded.
        headers: Sent as they are. ``Content-Type`` also becomes the frame's payload type.
        body: Empty for none.
        description: What it is for, in words that may be logged and shown ("the roster of
            CH…"); never a secret.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    description: str = ""


@attrs.frozen(kw_only=True)
class UpstreamResponse:
    """
    The answer of the service, whatever its status.

    Attributes:
        status: HTTP status code of the service.
        reason: Its text.
        headers: Names in lower case.
        body: Parsed JSON, text, raw bytes, or ``None`` without a body.
    """

    status: int
    reason: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: JSONValue | bytes = attrs.field(default=None, repr=False)

    @property
    def is_success(self) -> bool:
        """
        Whether the status is 2xx.
        """
        return 200 <= self.status < 300  # noqa: PLR2004  # the HTTP success class


def json_body(value: JSONValue) -> bytes:
    """
    Compact ASCII JSON: no question of bytes against characters, lone surrogates escaped.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode(
        "ascii"
    )


def json_text(value: JSONValue) -> str:
    """
    Compact JSON for reading: characters stand for themselves, as far as they are whole.

    Never raises: what is nested too deeply to be written is ``null``.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return "null"
    return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
