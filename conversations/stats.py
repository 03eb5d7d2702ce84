"""
Numbers about a client.
"""

from __future__ import annotations

import attrs

__all__ = ["ClientStats"]


@attrs.frozen(kw_only=True)
class ClientStats:
    """
    What a client has done so far, and what waits now.

    Attributes:
        requests: So many requests went over the connection, the client's own included; media
            travels elsewhere and does not count.
        reconnections: So often a connection was made again.
        events: So many events came for the listeners.
        queue_length: So many of them wait now to be told.
        high_water_marks: So often too many waited: the listeners were too slow.
    """

    requests: int
    reconnections: int
    events: int
    queue_length: int
    high_water_marks: int
