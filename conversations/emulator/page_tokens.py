"""
Page tokens: opaque to clients, and free of characters that a query would have to escape.
"""

from __future__ import annotations

import base64
import binascii
import json

from .._core.upstream import JSONValue, json_body


def encode_page_token(position: JSONValue) -> str:
    """
    A token for a position in a list.
    """
    return "PT" + base64.urlsafe_b64encode(json_body(position)).decode("ascii").rstrip("=")


def decode_page_token(token: str) -> JSONValue:
    """
    The position that a token stands for; ``None`` for a text that is no token.
    """
    encoded = token.removeprefix("PT")
    if encoded == token:
        return None
    try:
        decoded = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        position: JSONValue = json.loads(decoded)
    except (binascii.Error, ValueError):
        return None
    return position
