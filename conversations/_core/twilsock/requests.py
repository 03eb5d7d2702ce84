"""
Requests that wait: for a connection, or for their reply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler, Timer
from conversations._core.upstream import UpstreamResponse

from .errors import ConnectionFailure, ReplyTimeout, TransportLost, TransportUnavailable


class RequestPromise(Promise[UpstreamResponse]):
    """
    The answer to a request, whatever its HTTP status.

    Attributes:
        was_sent: Whether the server may have seen the request.
    """

    def __init__(self, scheduler: Scheduler, on_abandon: Callable[[], None] | None = None) -> None:
        super().__init__(scheduler, on_abandon)
        self.was_sent = False
        self._on_sent: list[Callable[[], None]] = []

    def when_sent(self, callback: Callable[[], None]) -> None:
        """
        Call *callback* at the moment of sending, or now if that has passed.

        It is called in the middle of sending: it may take notes, but not use the session.
        """
        if self.was_sent:
            callback()
        else:
            self._on_sent.append(callback)

    def mark_sent(self) -> None:
        """
        The request goes out now.
        """
        self.was_sent = True
        callbacks, self._on_sent = self._on_sent, []
        for callback in callbacks:
            callback()


@attrs.define(eq=False, kw_only=True)
class PendingRequest:
    """
    One request without an answer.

    Attributes:
        frame_id: Its id, and that of its reply.
        data: The frame; emptied when it is sent.
        description: What it is for; may be logged.
        reply_timeout: Seconds to wait for the reply once it is sent, ``None`` for no limit.
        promise: Where the answer goes.
    """

    frame_id: str
    data: bytes = attrs.field(repr=False)
    description: str
    reply_timeout: float | None
    promise: RequestPromise = attrs.field(repr=False)
    timer: Timer | None = attrs.field(default=None, repr=False)


class Requests:
    """
    The queue of requests that are not sent yet, first in, first out, and those that are sent.

    A request leaves when it is answered, when its time is over, or when nobody waits for it
    any more. Then a late reply finds nothing and is ignored.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._queued: dict[str, PendingRequest] = {}
        self._sent: dict[str, PendingRequest] = {}

    def queue(
        self, frame_id: str, data: bytes, *, description: str, reply_timeout: float | None
    ) -> RequestPromise:
        """
        Add a request to the end of the queue.
        """
        promise = RequestPromise(self._scheduler, on_abandon=partial(self._abandon, frame_id))
        self._queued[frame_id] = PendingRequest(
            frame_id=frame_id,
            data=data,
            description=description,
            reply_timeout=reply_timeout,
            promise=promise,
        )
        return promise

    def send_next(self) -> tuple[PendingRequest, bytes] | None:
        """
        The first request of the queue, which counts as sent from now on, and its frame.
        """
        if not self._queued:
            return None
        frame_id = next(iter(self._queued))
        request = self._queued.pop(frame_id)
        self._sent[frame_id] = request
        request.promise.mark_sent()
        data, request.data = request.data, b""
        if request.reply_timeout is not None:
            request.timer = self._scheduler.call_later(
                request.reply_timeout, partial(self._time_out, frame_id)
            )
        return request, data

    def take(self, frame_id: str) -> PendingRequest | None:
        """
        The sent request with this id, which is answered now.
        """
        request = self._sent.pop(frame_id, None)
        if request is not None:
            _cancel(request)
        return request

    def fail_sent(self, failure: ConnectionFailure) -> None:
        """
        The connection is lost: no reply comes any more.
        """
        sent, self._sent = self._sent, {}
        for request in sent.values():
            _cancel(request)
            request.promise.reject(TransportLost(failure, was_sent=True))

    def fail_queued(self, failure: ConnectionFailure) -> None:
        """
        No connection comes any more.
        """
        queued, self._queued = self._queued, {}
        for request in queued.values():
            request.promise.reject(TransportUnavailable(failure))

    def _time_out(self, frame_id: str) -> None:
        self._sent.pop(frame_id).promise.reject(ReplyTimeout())

    def _abandon(self, frame_id: str) -> None:
        self._queued.pop(frame_id, None)
        self.take(frame_id)


def _cancel(request: PendingRequest) -> None:
    if request.timer is not None:
        request.timer.cancel()
