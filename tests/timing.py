"""
How long tests wait for something real before they give up.
"""

from __future__ import annotations

import os

TIME_FACTOR = float(os.environ.get("CONVERSATIONS_TEST_TIME_FACTOR", "1"))
"""Stretches every limit in real time, for a machine that is slow or busy."""


def limit(seconds: float = 15.0) -> float:
    """
    A generous limit for something that normally takes a fraction of it.
    """
    return seconds * TIME_FACTOR
