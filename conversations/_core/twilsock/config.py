"""
What a session is told at its creation.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs.validators import gt

from conversations._core.backoff import FibonacciBackoff
from conversations._core.upstream import JSONValue

from .errors import LocalProtocolError
from .frames import MAX_HEADER_BYTES
from .messages import Registration, init_frame

MAX_TOKEN_LENGTH = MAX_HEADER_BYTES // 32
"""
In characters, of which escaping makes at most twelve bytes: two tokens always fit a header.
"""

_MAX_FIXED_BYTES = MAX_HEADER_BYTES // 8


@attrs.frozen(kw_only=True)
class SessionConfig:
    """
    What stays the same for all connections of a session. Times are in seconds.

    Attributes:
        metadata: Describes the client, sent in ``init``.
        registrations: Which notifications are wanted.
        capabilities: What this client understands.
        active_grant: The grant of the token under which requests are made.
        connect_timeout: For opening the socket, name lookup to upgrade.
        init_timeout: For the reply to ``init``.
        update_timeout: For the reply to a token update.
        watchdog: So long nothing may come in.
        backoff: The waits between attempts.
        label: Names the session in log lines.

    Raises:
        LocalProtocolError: Metadata is not JSON, or too large for a frame.
    """

    metadata: Mapping[str, JSONValue] = attrs.field(factory=dict)
    registrations: tuple[Registration, ...] = attrs.field(
        default=(Registration(),), converter=tuple
    )
    capabilities: tuple[str, ...] = attrs.field(
        default=("client_update", "account_descriptor"), converter=tuple
    )
    active_grant: str = "ip_messaging"
    connect_timeout: float = attrs.field(default=60.0, validator=gt(0))
    init_timeout: float = attrs.field(default=10.0, validator=gt(0))
    update_timeout: float = attrs.field(default=30.0, validator=gt(0))
    watchdog: float = attrs.field(default=45.0, validator=gt(0))
    backoff: FibonacciBackoff = attrs.field(factory=FibonacciBackoff)
    label: str = ""

    def __attrs_post_init__(self) -> None:
        # Found out here, where the user's metadata comes in, and not on the network thread.
        if len(self.init_frame("", token="", continuation_token=None)) > _MAX_FIXED_BYTES:
            message = f"metadata and registrations exceed {_MAX_FIXED_BYTES} bytes"
            raise LocalProtocolError(message)

    def init_frame(self, frame_id: str, *, token: str, continuation_token: str | None) -> bytes:
        """
        The ``init`` frame for a connection with this configuration.
        """
        return init_frame(
            frame_id,
            token=token,
            continuation_token=continuation_token,
            metadata=self.metadata,
            registrations=self.registrations,
            capabilities=self.capabilities,
        )
