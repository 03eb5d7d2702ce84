"""
The token in its stages, and the continuation token.
"""

from __future__ import annotations

from .config import MAX_TOKEN_LENGTH
from .errors import LocalProtocolError


class Credentials:
    """
    Which token is stored, which one the server knows about. Never shown.

    Attributes:
        token: For the next ``init``.
        offered: The newest one that was put before the server; ``None`` if it had no time
            for that one.
    """

    __slots__ = ("_continuation", "_is_expiry_known", "offered", "token")

    def __init__(self) -> None:
        self.token: str | None = None
        self.offered: str | None = None
        self._continuation: str | None = None
        self._is_expiry_known = False

    @property
    def continuation_token(self) -> str | None:
        """
        The one the server gave last.
        """
        return self._continuation

    def store(self, token: str) -> None:
        """
        Use *token* from now on.
        """
        if token != self.token:
            self.token = token
            self._is_expiry_known = False

    def offer(self) -> str:
        """
        The stored token, which is put before the server now.
        """
        assert self.token is not None  # noqa: S101  # connecting starts with storing one
        self.offered = self.token
        return self.token

    def was_not_heard(self, token: str) -> None:
        """
        The server had no time for *token*: it counts as never offered.
        """
        if self.offered == token:
            self.offered = None

    def continue_with(self, continuation_token: str | None) -> None:
        """
        Keep the newest continuation token; an endless one is not worth keeping.
        """
        if continuation_token is not None and len(continuation_token) <= MAX_TOKEN_LENGTH:
            self._continuation = continuation_token

    def is_first_expiry(self) -> bool:
        """
        Whether the stored token is said to have expired for the first time.
        """
        is_known, self._is_expiry_known = self._is_expiry_known, True
        return not is_known


def check_token(token: str) -> None:
    """
    Refuse what cannot be a token, before it is stored.

    Raises:
        LocalProtocolError: It is empty, or too long for a frame.
    """
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        message = f"a token of {len(token)} characters"
        raise LocalProtocolError(message)
