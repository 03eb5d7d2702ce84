"""
Plain HTTP as the core sees it: what is to be asked, and what came of it.

Media do not travel inside Twilsock (docs/protocol/conversations.md, Media). The core says
what it wants; a :class:`Carrier`, which belongs to one call, has it done on a worker thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Protocol

import attrs

from conversations._core.promises import Promise
from conversations._core.upstream import JSONValue, UpstreamResponse

JSON_TYPES = "application/json"


class HttpFailureKind(Enum):
    """
    Why there is no answer, or none of use.
    """

    NAME_RESOLUTION = "the name cannot be resolved"
    CONNECT = "nobody answers"
    TLS_VERIFICATION = "the certificate is not accepted"
    TLS = "the TLS handshake failed"
    SILENCE = "nothing came in time"
    LOST = "the connection was lost"
    ANSWER = "the answer cannot be used"
    SOURCE = "what was to be sent cannot be read"
    TARGET = "what came cannot be written"
    STOPPED = "it was called off"


REPEATABLE = frozenset(
    {
        HttpFailureKind.NAME_RESOLUTION,
        HttpFailureKind.CONNECT,
        HttpFailureKind.SILENCE,
        HttpFailureKind.LOST,
    }
)


class HttpFailed(Exception):
    """
    There is no answer, or none of use.

    Args:
        kind: Why.
        message: In words that may be shown: never an address beyond the host's name.
    """

    def __init__(self, kind: HttpFailureKind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        """
        What happened.
        """
        return self.message


class Source(Protocol):
    """
    What is to be sent: bytes, a file. The core never reads it.
    """

    @property
    def size(self) -> int | None:
        """
        In bytes; ``None`` if that is not known before it has been read.
        """

    @property
    def is_repeatable(self) -> bool:
        """
        Whether it can be sent (again).
        """


class Target(Protocol):
    """
    Where content goes: memory, a file. The core never writes it.
    """

    @property
    def is_repeatable(self) -> bool:
        """
        Whether content can be written (again).
        """


@attrs.frozen(kw_only=True)
class HttpRequest:
    """
    One request.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Absolute. A secret: it may be signed.
        headers: The access token is among them.
        body: A short content.
        source: A content of any length, instead.
        target: Where the content of an answer with status 200 goes, instead of its body.
        size: So many bytes must come for the target; ``None`` if that is not known.
        max_size: So many bytes may be read from a source of unknown size.
        patience: Seconds that the other side may be silent.
        about: What it is for, as it may be shown.
    """

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    source: Source | None = None
    target: Target | None = None
    size: int | None = None
    max_size: int | None = None
    patience: float
    about: str = ""


class Carrier(Protocol):
    """
    Has requests done for one call.
    """

    def carry(
        self, request: HttpRequest, progress: Callable[[int], None]
    ) -> Promise[UpstreamResponse]:
        """
        Begin; abandoning the promise calls it off.

        Args:
            request: What to ask.
            progress: Told now and then how many bytes of the content are through.

        Returns:
            The answer, whatever its status; or it is rejected with :class:`HttpFailed`.
        """


def http_answer(
    status: int, reason: str, headers: Mapping[str, str], body: bytes
) -> UpstreamResponse:
    """
    An answer with its JSON read; a body of another kind is passed over.

    Args:
        status: HTTP status code.
        reason: Its text.
        headers: Names in lower case.
        body: As it came.
    """
    content: JSONValue = None
    if headers.get("content-type", "").lower().startswith(JSON_TYPES):
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):  # it says what it is not
            content = None
    return UpstreamResponse(status=status, reason=reason, headers=headers, body=content)
