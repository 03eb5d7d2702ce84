"""
Identifiers that the service makes up. A seed makes a run repeatable.
"""

from __future__ import annotations

import random
import re
import uuid

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


class ServiceIds:
    """
    Makes SIDs and the like from one source of randomness. Emulator thread only.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # identifiers, not secrets; repeatable on request

    def sid(self, prefix: str) -> str:
        """
        Two capital letters and 32 hex digits.
        """
        return f"{prefix}{self.hex(32)}"

    def hex(self, digits: int) -> str:
        """
        So many random lower-case hex digits.
        """
        return f"{self._rng.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """
        A random UUID, with dashes.
        """
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def key(self) -> bytes:
        """
        32 bytes for signing what only this emulator reads.
        """
        return self._rng.randbytes(32)


def is_sid(text: str, prefix: str | None = None) -> bool:
    """
    Whether *text* has the shape of a SID, of the given kind if one is named.
    """
    return _SID.fullmatch(text) is not None and (prefix is None or text.startswith(prefix))
