"""
HTTP requests of the core on their way through the workers.

A call that needs HTTP has a carrier of its own. It hands each request to a worker; but a
call that is made on a worker does its requests itself while it waits, so that no job ever
waits for another.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import attrs

from conversations._core.conversations.http import (
    HttpFailed,
    HttpFailureKind,
    HttpRequest,
    http_answer,
)
from conversations._core.promises import Promise
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamResponse
from conversations._logs import ClientLog
from conversations._net import failures
from conversations._net.http import HttpCall, HttpTransport
from conversations.errors import ConversationsError
from conversations.properties import Properties

from .lifecycle import new_lock
from .opening import trusted_context
from .sources import OpenableSource, SourceBody
from .targets import GuardedTarget, OpenableTarget

if TYPE_CHECKING:
    from conversations._core.engine import Engine

PROGRESS_INTERVAL = 0.05
"""Seconds between two reports to the core: it need not hear of every piece."""

Post = Callable[[Callable[["Engine"], None]], bool]

HandOut = Callable[[Callable[[], None]], "concurrent.futures.Future[None] | None"]
"""
Has a worker run a job. Returns its future, unless the calling thread is to run it itself.
"""

_log = ClientLog("conversations.media")

_KINDS = {
    failures.NameResolutionFailure: HttpFailureKind.NAME_RESOLUTION,
    failures.ConnectFailure: HttpFailureKind.CONNECT,
    failures.ConnectTimeout: HttpFailureKind.SILENCE,
    failures.ConnectAborted: HttpFailureKind.STOPPED,
    failures.TlsVerificationFailure: HttpFailureKind.TLS_VERIFICATION,
    failures.TlsFailure: HttpFailureKind.TLS,
    failures.UpgradeFailure: HttpFailureKind.CONNECT,
    failures.SocketLost: HttpFailureKind.LOST,
    failures.HttpTimeout: HttpFailureKind.SILENCE,
    failures.HttpLost: HttpFailureKind.LOST,
    failures.HttpStopped: HttpFailureKind.STOPPED,
    failures.BadAnswer: HttpFailureKind.ANSWER,
    failures.SourceFailure: HttpFailureKind.SOURCE,
    failures.TargetFailure: HttpFailureKind.TARGET,
}


def http_transport(properties: Properties) -> HttpTransport:
    """
    The way to the servers that these properties choose.

    Raises:
        InvalidArgumentError: ``ssl_context`` would not verify certificates.
    """
    return HttpTransport(
        ssl_context=trusted_context(properties),
        use_proxy=properties.use_proxy,
        new_lock=lambda: new_lock("interruption"),
    )


class TransferCarrier:
    """
    The carrier of one call. Network thread only, but for :meth:`wait_for_end`.

    Args:
        scheduler: The core's.
        http: Makes the requests.
        post: Has the network thread do something.
        hand_out: Has a worker do something.
    """

    def __init__(
        self, scheduler: Scheduler, *, http: HttpTransport, post: Post, hand_out: HandOut
    ) -> None:
        self._scheduler = scheduler
        self._http = http
        self._post = post
        self._hand_out = hand_out
        self._jobs: list[concurrent.futures.Future[None]] = []

    def carry(
        self, request: HttpRequest, progress: Callable[[int], None]
    ) -> Promise[UpstreamResponse]:
        """
        Begin a request; see :class:`~conversations._core.conversations.http.Carrier`.
        """
        transfer = _Transfer(request, progress, self._scheduler, http=self._http, post=self._post)
        try:
            job = self._hand_out(transfer.run)
        except ConversationsError as error:  # the client ends
            transfer.promise.reject(error)
        else:
            if job is not None:
                transfer.queued_as(job)
                self._jobs.append(job)
        return transfer.promise

    def wait_for_end(self, timeout: float) -> None:
        """
        Wait until no worker uses the call's files any more, for a while.
        """
        running = [job for job in list(self._jobs) if job.running()]
        concurrent.futures.wait(running, timeout)


class _Transfer:
    """
    One request. Made on the network thread, run on a worker.
    """

    def __init__(
        self,
        request: HttpRequest,
        progress: Callable[[int], None],
        scheduler: Scheduler,
        *,
        http: HttpTransport,
        post: Post,
    ) -> None:
        self._request = request
        self._progress = progress
        self._http = http
        self._post = post
        self._interruption = http.interruption()
        self._job: concurrent.futures.Future[None] | None = None
        self.promise: Promise[UpstreamResponse] = Promise(scheduler, on_abandon=self._stop)
        # Worker only:
        self._count = 0
        self._told_at = time.monotonic()

    def run(self) -> None:
        """
        Make the request and tell the network thread what came of it. Worker thread only.
        """
        self._tell_progress()  # it has begun
        try:
            answer = self._perform()
        except (failures.HttpFailure, failures.SocketFailure) as failure:
            error: BaseException = _failed(failure)
        except Exception as unexpected:  # noqa: BLE001  # a bug, but the call has to hear of it
            _log.exception("%s failed unexpectedly", self._request.about)
            error = unexpected
        else:
            self._tell_progress()
            self._post(lambda _: self.promise.resolve(answer))
            return
        self._post(lambda _: self.promise.reject(error))

    def queued_as(self, job: concurrent.futures.Future[None]) -> None:
        """
        A worker will run it, as that job.
        """
        self._job = job
        job.add_done_callback(self._job_ended)

    def _job_ended(self, job: concurrent.futures.Future[None]) -> None:
        """
        The job is over. It has failed only if it was never run.
        """
        error = None if job.cancelled() else job.exception()
        if error is not None:
            self._post(lambda _: self.promise.reject(error))

    def _stop(self) -> None:
        """
        Nobody wants the answer any more.
        """
        self._interruption.interrupt()
        if self._job is not None:
            self._job.cancel()

    def _perform(self) -> UpstreamResponse:
        self._interruption.check()
        request = self._request
        call = HttpCall(
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=request.body,
            size=request.size,
            patience=request.patience,
        )
        # The core passes on what the workers' side has made.
        source = cast("OpenableSource | None", request.source)
        target = cast("OpenableTarget | None", request.target)
        with contextlib.ExitStack() as files:
            if source is not None:
                try:
                    reading = files.enter_context(source.opened())
                except failures.SourceFailure:
                    raise
                except Exception as error:  # the user's file
                    message = f"the source cannot be read: {type(error).__name__}"
                    raise failures.SourceFailure(message) from error
                body = SourceBody(reading, max_size=request.max_size, count=self._counted)
                call = attrs.evolve(call, body=body)
            if target is not None:
                self._count = 0
                call = attrs.evolve(call, into=lambda: GuardedTarget(target, self._counted))
            answer = self._http.send(call, self._interruption)
        return http_answer(answer.status, answer.reason, answer.headers, answer.body)

    def _counted(self, length: int) -> None:
        self._count += length
        if time.monotonic() - self._told_at >= PROGRESS_INTERVAL:
            self._tell_progress()

    def _tell_progress(self) -> None:
        self._told_at = time.monotonic()
        count = self._count
        self._post(lambda _: self._progress(count))


def _failed(failure: Exception) -> HttpFailed:
    """
    A failure of the network in the words of the core.
    """
    failed = HttpFailed(_KINDS.get(type(failure), HttpFailureKind.LOST), str(failure))
    failed.__cause__ = failure.__cause__
    return failed
