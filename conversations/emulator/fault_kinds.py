"""
What can be ordered to go wrong: one class for each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Protocol
from urllib.parse import quote, unquote

import attrs


class Request(Protocol):
    """
    What of a request decides whether a fault applies.
    """

    @property
    def method(self) -> str:
        """
        In capitals.
        """
        ...

    @property
    def path(self) -> str:
        """
        Still percent-encoded.
        """
        ...


@attrs.define(eq=False, kw_only=True)
class Fault:
    """
    Something to go wrong a number of times.

    Attributes:
        remaining: How often still; ``None`` for until it is lifted.
        identity: Only for this user.
    """

    remaining: int | None = None
    identity: str | None = None

    @property
    def is_spent(self) -> bool:
        """
        Whether it has happened as often as ordered.
        """
        return self.remaining == 0

    @property
    def is_over(self) -> bool:
        """
        Whether it can be forgotten.
        """
        return self.is_spent

    def lift(self) -> None:
        """
        Let it not happen any more.
        """
        self.remaining = 0

    def concerns(self, identity: str | None) -> bool:
        """
        Whether it can still happen to this user.
        """
        return not self.is_spent and (self.identity is None or self.identity == identity)

    def use(self) -> None:
        """
        It happens now.
        """
        if self.remaining is not None:
            self.remaining -= 1


@attrs.frozen(kw_only=True)
class Backoff:
    """
    When a client shall come back, in milliseconds.
    """

    min_ms: int = 1000
    max_ms: int = 2000


@attrs.frozen(kw_only=True)
class TwilsockStatus:
    """
    The ``status`` of a reply or close frame.
    """

    code: int
    status: str
    error_code: int | None = None
    description: str | None = None


@attrs.define(eq=False, kw_only=True)
class InitRefusal(Fault):
    """
    The answer to ``init`` instead of an acceptance.
    """

    status: TwilsockStatus
    backoff: Backoff | None = None


@attrs.define(eq=False, kw_only=True)
class ConnectionRefusal(Fault):
    """
    The answer to the websocket handshake; without a status the socket is cut.
    """

    status: int | None = None


@attrs.define(eq=False, kw_only=True)
class RequestFault(Fault):
    """
    Something that happens to requests of a path, and perhaps a method.
    """

    path_pattern: str = "*"
    method: str | None = None

    def matches(self, request: Request, identity: str | None) -> bool:
        """
        Whether it happens to this request.
        """
        return (
            self.concerns(identity)
            and (self.method is None or self.method == request.method)
            and fnmatchcase(unquote(request.path), self.path_pattern)
        )


@attrs.define(eq=False, kw_only=True)
class FailedRequest(RequestFault):
    """
    An error answer of the service instead of the real one.

    Attributes:
        is_executed: The request is carried out nevertheless; only its answer is lost.
    """

    status: int
    code: int
    retry_after: int | None = None
    is_executed: bool = False


@attrs.define(eq=False, kw_only=True)
class Throttle(RequestFault):
    """
    A refusal by Twilsock itself, with 429.
    """

    backoff: Backoff | None = None


class HoldKind(Enum):
    """
    What waits: a request before anything is done for it, its reply alone, an ``init`` or
    ``update``, whose method then stands in place of a request's, an event of an object, whose
    name then stands in place of a path, the outcome of subscriptions, or a content in the
    middle of its way.
    """

    REQUEST = "request"
    REPLY = "reply"
    HANDSHAKE = "handshake"
    EVENT = "event"
    OUTCOME = "outcome"
    TRANSFER = "transfer"


@attrs.frozen
class Target:
    """
    What a fault can be about without being a request: an ``init`` or ``update`` by its method,
    an event by the name of its object.
    """

    method: str
    path: str = ""


def named(name: str) -> Target:
    """
    Something that has a name in place of a path.
    """
    return Target("", quote(name, errors="surrogatepass"))


@attrs.define(eq=False, kw_only=True)
class Hold(RequestFault):
    """
    Something that waits until it is released.

    Attributes:
        kind: What waits.
        waiting: What goes on upon release.
        is_released: Whether that has come.
    """

    kind: HoldKind
    waiting: list[Callable[[], None]] = attrs.field(factory=list)
    is_released: bool = False

    @property
    def is_over(self) -> bool:
        """
        Only once it was released: until then something may wait.
        """
        return self.is_released

    def release(self) -> None:
        """
        Let go what waits, in order, and hold nothing more.
        """
        self.lift()
        self.is_released = True
        waiting, self.waiting = self.waiting, []
        for proceed in waiting:
            proceed()


@attrs.define(eq=False, kw_only=True)
class ReplayCut(Fault):
    """
    Replays that are interrupted after some events.
    """

    after_events: int = 0


@attrs.define(eq=False, kw_only=True)
class DamagedContinuation(Fault):
    """
    A continuation token that is given out damaged.
    """


class EventTrouble(Enum):
    """
    What happens to an event on its way.
    """

    LATE = "late"
    TWICE = "twice"
    SWAPPED = "swapped"
    LOST = "lost"


@attrs.define(eq=False, kw_only=True)
class EventFault(RequestFault):
    """
    Something that happens to live events of objects, whose name stands in place of a path.

    Attributes:
        trouble: What it is.
        seconds: How late.
    """

    trouble: EventTrouble
    seconds: float = 0.0


@attrs.define(eq=False, kw_only=True)
class LostOutcome(Fault):
    """
    A notification about the outcome of subscriptions that is not sent.
    """


class Direction(Enum):
    """
    Which way a content goes.
    """

    UPLOAD = "upload"
    DOWNLOAD = "download"


@attrs.define(eq=False, kw_only=True)
class TransferCut(Fault):
    """
    A content whose connection is cut in the middle.
    """

    direction: Direction
    after_bytes: int


@attrs.define(eq=False, kw_only=True)
class TransferHold(Hold):
    """
    A content that stands still in the middle.
    """

    kind: HoldKind = HoldKind.TRANSFER
    direction: Direction
    after_bytes: int


@attrs.define(eq=False, kw_only=True)
class SlowTransfer(Fault):
    """
    A content that goes slowly.
    """

    direction: Direction
    bytes_per_second: float


@attrs.frozen(kw_only=True)
class TransferFaults:
    """
    What happens to one content.
    """

    cut: TransferCut | None = None
    hold: TransferHold | None = None
    slow: SlowTransfer | None = None
