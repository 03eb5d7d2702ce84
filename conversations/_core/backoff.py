"""
How long to wait before trying again: value objects, jitter added to what they return.
"""

from __future__ import annotations

import random

import attrs


@attrs.frozen(kw_only=True)
class FibonacciBackoff:
    """
    0, 1, 1, 2, 3, 5, 8 … times *unit*, at most *cap*, plus up to *jitter* of it at random.

    The cap is applied before the jitter; the jitter never feeds into the next delay.
    """

    unit: float = 1.0
    cap: float = 45.0
    jitter: float = 0.2

    def delay(self, failures: int, rng: random.Random) -> float:
        """
        Seconds to wait after *failures* earlier failures in a row (0: the first wait).
        """
        current, following = 0, 1
        for _ in range(failures):
            if current * self.unit >= self.cap:
                break
            current, following = following, current + following
        return min(current * self.unit, self.cap) * (1 + rng.uniform(0, self.jitter))


@attrs.frozen(kw_only=True)
class ExponentialBackoff:
    """
    *first*, then doubling, at most *cap*, plus up to *jitter* of it at random.
    """

    first: float
    cap: float
    jitter: float = 0.2

    def delay(self, failures: int, rng: random.Random) -> float:
        """
        Seconds to wait after *failures* earlier failures in a row (0: the first wait).
        """
        exponent = min(failures, 32)  # far beyond any cap; keeps the number small
        return min(self.first * 2.0**exponent, self.cap) * (1 + rng.uniform(0, self.jitter))
