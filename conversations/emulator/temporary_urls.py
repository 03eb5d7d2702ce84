"""
Temporary URLs: whoever has one may download a content for a while, without any credentials.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from urllib.parse import urlencode

from .clock import Clock
from .ids import ServiceIds
from .refusals import refusal

PREFIX = "media"


class TemporaryUrls:
    """
    Makes and checks them. Emulator thread only.

    Args:
        ids: Where the signing key comes from.
        clock: By which they end.
        lifetime: Seconds that one is good for.
    """

    def __init__(self, ids: ServiceIds, clock: Clock, lifetime: float) -> None:
        self._ids = ids
        self._clock = clock
        self._lifetime = lifetime
        self._key = ids.key()

    def make(self, base_url: str, sid: str) -> str:
        """
        A new URL for the media of that SID.
        """
        expires = str(math.ceil(self._clock.time() + self._lifetime))
        query = urlencode({"Expires": expires, "Signature": self._signature(sid, expires)})
        return f"{base_url}/{PREFIX}/{sid}?{query}"

    def check(self, sid: str, expires: str, signature: str) -> None:
        """
        Refuse what was not made here, or has ended.
        """
        given = signature.encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(self._signature(sid, expires).encode(), given):
            raise refusal(20403, "The signature of this URL is wrong")
        if self._clock.time() >= int(expires):
            raise refusal(20403, "This URL has expired")

    def end_all(self) -> None:
        """
        Let every URL that was made so far be wrong.
        """
        self._key = self._ids.key()

    def _signature(self, sid: str, expires: str) -> str:
        text = f"{sid}\n{expires}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256).hex()
