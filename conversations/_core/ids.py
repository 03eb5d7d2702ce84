"""
Identifiers that the client makes up. Randomness is injected, so tests can repeat a run.
"""

from __future__ import annotations

import random
import uuid


class Ids:
    """
    Makes the identifiers of frames, requests and mutations.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def frame(self) -> str:
        """
        ``TM`` and a UUID: the id of a Twilsock frame, unique on its connection.
        """
        return f"TM{self._uuid()}"

    def request(self) -> str:
        """
        ``RQ`` and 32 hex digits: one logical Sync request, the same for its repetitions.
        """
        return f"RQ{self._uuid().hex}"

    def mutation(self) -> str:
        """
        A UUID: one logical change through REST, the same for its repetitions.
        """
        return str(self._uuid())

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)
