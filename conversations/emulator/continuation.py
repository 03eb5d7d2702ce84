"""
Continuation tokens: by one of them the service recognizes an endpoint that comes back.

Opaque to clients: a JSON text, a dot, a signature with a key that nobody else has. A bad one
is never an error; the client gets a new one and is told why.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

import attrs

from .._core.upstream import JSONValue, json_body
from .ids import ServiceIds

FORMAT = "emulator-ct-1"

MESSAGES: dict[str, str] = {
    "MISSING": "Continuation token is not provided",
    "MALFORMED": "Continuation token is malformed",
    "WRONG_SIGNATURE": "Wrong signature",
    "DIFFERENT_IDENTITY": "Different identity",
    "DIFFERENT_GRANTS": "Different grants",
}


@attrs.frozen(kw_only=True)
class Continuation:
    """
    The continuation token of an init reply.

    Attributes:
        token: What the client shall send next time.
        reason: Why it is a new one; ``None`` if the client's own was accepted.
    """

    token: str = attrs.field(repr=False)
    reason: str | None = None

    @property
    def status(self) -> dict[str, JSONValue]:
        """
        The ``continuation_token_status`` of the reply.
        """
        if self.reason is None:
            return {"reissued": False}
        return {
            "reissued": True,
            "reissue_reason": self.reason,
            "reissue_message": MESSAGES[self.reason],
        }


class ContinuationTokens:
    """
    Makes and checks them.
    """

    def __init__(self, ids: ServiceIds) -> None:
        self._ids = ids
        self._key = ids.key()

    def answer(self, given: object, *, identity: str, service: str) -> Continuation:
        """
        Accept what the client sent, or make a new one.
        """
        reason = self._defect(given, identity=identity, service=service)
        if reason is None and isinstance(given, str):
            return Continuation(token=given)
        content = json_body(
            {
                "format": FORMAT,
                "endpoint_id": self._ids.uuid(),
                "identity": identity,
                "grants": {"ip_messaging": service},
            }
        )
        return Continuation(token=self._signed(content), reason=reason)

    def _defect(self, given: object, *, identity: str, service: str) -> str | None:
        if given is None or given == "":
            return "MISSING"
        content = _content(given)
        if content is None:
            return "MALFORMED"
        if given != self._signed(content):
            return "WRONG_SIGNATURE"
        decoded = json.loads(content)
        if decoded["identity"] != identity:
            return "DIFFERENT_IDENTITY"
        if decoded["grants"] != {"ip_messaging": service}:
            return "DIFFERENT_GRANTS"
        return None

    def _signed(self, content: bytes) -> str:
        signature = hmac.digest(self._key, content, hashlib.sha256)
        return f"{_encode(content)}.{_encode(signature)}"


def _content(given: object) -> bytes | None:
    """
    The signed part, or nothing if it is no such token.
    """
    if not isinstance(given, str) or given.count(".") != 1:
        return None
    encoded = given.partition(".")[0]
    try:
        content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        decoded = json.loads(content)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return content if isinstance(decoded, dict) else None


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
