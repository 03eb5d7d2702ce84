"""
The background pool: users' jobs, and threads for what must not queue behind them.
"""

from __future__ import annotations

import functools
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import attrs

from conversations._logs import label_thread
from conversations.errors import ClientForkedError, ClientShutdownError

from .lifecycle import is_interrupted, new_lock
from .waiters import Deadline

IDLE_SECONDS = 5.0

_log = logging.getLogger("conversations.client")

T = TypeVar("T")


class JobFuture(Future[T]):
    """
    The future of a job. What the job waits for can be called off with it.

    Attributes:
        call_off: Calls off the call of the client's that the job is in, if it is in one;
            returns whether that may have been in time. Set and unset by the job's thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self.call_off: Callable[[], bool] | None = None

    def cancel(self) -> bool:
        """
        Keep the job from running; or if it runs, call off the call that it is in.

        Returns:
            Whether one of the two was done. A call that is called off raises
            :class:`OperationCancelledError` inside the job, unless its end was faster, or a
            change is on its way that cannot be taken back.
        """
        if super().cancel():
            return True
        call_off = self.call_off
        return call_off is not None and not self.done() and call_off()


@attrs.frozen(eq=False)
class _Job:
    """
    A function and where its result goes.
    """

    future: JobFuture[Any]
    function: Callable[[], Any]

    @property
    def name(self) -> str:
        """
        For warnings.
        """
        function: Any = self.function
        while isinstance(function, functools.partial):
            function = function.func
        return getattr(function, "__qualname__", None) or type(function).__name__

    def run(self) -> None:
        """
        Run it, unless its future has been cancelled.
        """
        future = self.future
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = self.function()
        except BaseException as error:  # noqa: BLE001  # the future carries it, whatever it is
            future.set_exception(error)
            del future, self  # the error's traceback holds this frame
        else:
            future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """
        Fail it without having run.
        """
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class WorkerPool:
    """
    Daemon threads that start when there is work and end when there is none for a while.

    Args:
        number: The client's.
        size: So many jobs run at the same time, at most.
        on_quiet: Called after :meth:`close` when the last job has ended. Must not wait.
        idle_seconds: So long a thread waits for the next job.
        on_thread_end: Called by each thread as its last act. Must not raise.
    """

    def __init__(
        self,
        *,
        number: int,
        size: int,
        on_quiet: Callable[[], None],
        idle_seconds: float = IDLE_SECONDS,
        on_thread_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._number = number
        self._size = size
        self._on_quiet = on_quiet
        self._idle_seconds = idle_seconds
        self._on_thread_end = on_thread_end
        self._thread_numbers = itertools.count(1)
        self._changed = threading.Condition(new_lock("workers"))
        # Guarded by _changed:
        self._jobs: deque[_Job] = deque()
        self._worker_count = 0
        self._idle_count = 0
        self._running: dict[threading.Thread, _Job] = {}
        self._left_out: set[threading.Thread] = set()
        self._threads: dict[threading.Thread, str] = {}  # with their purpose; ended ones linger
        self._is_closed = False

    # Any thread

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """
        Have a worker call *function*.

        Raises:
            ClientShutdownError: The pool is closed.
        """
        future: JobFuture[T] = JobFuture()
        with self._changed:
            if self._is_closed:
                raise ClientShutdownError
            self._jobs.append(_Job(future, function))
            needs_thread = self._idle_count < len(self._jobs) and self._worker_count < self._size
            self._worker_count += needs_thread
            self._changed.notify()
        if needs_thread:
            self._start_worker()
        return future

    def start_thread(self, function: Callable[[], None], purpose: str) -> None:
        """
        Run *function*, which must not raise, in a thread of its own, at once.

        Raises:
            RuntimeError: The system gives no more threads.
        """
        self._start(function, purpose)

    @property
    def is_worker(self) -> bool:
        """
        Whether the calling thread is one of these: it need not hand a job to another.
        """
        return threading.current_thread() in self._threads

    @property
    def current_future(self) -> JobFuture[Any] | None:
        """
        That of the job that the calling thread is in, if it is in one.
        """
        job = self._running.get(threading.current_thread())  # nobody else sets this key
        return None if job is None else job.future

    @property
    def is_interrupted(self) -> bool:
        """
        Whether a finalizer asks, on a thread that this must not be waited for on.
        """
        return is_interrupted(self._changed)

    @property
    def is_quiet(self) -> bool:
        """
        Whether no job runs or waits, those of :meth:`leave_out` aside.
        """
        with self._changed:
            return not self._jobs and self._running.keys() <= self._left_out

    def leave_out(self) -> None:
        """
        Do not wait for the job that this thread is in, if it is a worker: it is waiting itself.
        """
        # No lock: a finalizer may be calling, on a thread that holds it. Both operations are
        # atomic, and nobody but this thread adds or removes this key.
        thread = threading.current_thread()
        if thread in self._running:
            self._left_out.add(thread)
            self._on_quiet()

    def close(self) -> None:
        """
        Take no more jobs. Threads end after the job they are in.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def fail_waiting(self, error: BaseException) -> None:
        """
        Fail the jobs that have not started. Runs done-callbacks: not for the network thread.
        """
        with self._changed:
            jobs = list(self._jobs)
            self._jobs.clear()
        for job in jobs:
            job.fail(error)
        self._on_quiet()

    def join(self, deadline: Deadline) -> list[str]:
        """
        Wait for the end of all threads but the calling one.

        Returns:
            What those that have not ended are doing.
        """
        others = [
            (thread, purpose)
            for thread, purpose in list(self._threads.items())
            if not _is_this(thread) and thread.ident is not None
        ]
        for thread, _ in others:
            thread.join(deadline.remaining())
        running = self._running.copy()
        stuck = [
            running[thread].name if thread in running else purpose
            for thread, purpose in others
            if thread.is_alive()
        ]
        return [name for name in stuck if name]  # a worker without a job is just ending

    def become_inherited(self) -> None:
        """
        In a forked child: fail all futures, whatever state they and their locks are in.

        A job that has forked itself goes on, alone. Takes no lock, for the thread that forked
        may hold it.
        """
        lost = [job for thread, job in self._running.items() if not _is_this(thread)]
        for job in [*self._jobs, *lost]:
            if not job.future.done():
                job.future.__init__()  # type: ignore[misc]  # a fresh lock: nobody unlocks the old one
                job.future.set_exception(ClientForkedError())
        self._jobs.clear()
        self._running.clear()
        self._threads.clear()
        self._is_closed = True

    # Inside

    def _start_worker(self) -> None:
        try:
            self._start(self._work, "")
        except RuntimeError as error:
            with self._changed:
                self._worker_count -= 1
                has_workers = self._worker_count > 0
            if not has_workers:
                self.fail_waiting(error)

    def _start(self, function: Callable[[], None], purpose: str) -> None:
        number = next(self._thread_numbers)

        def run() -> None:
            label_thread(str(self._number))
            try:
                function()
            except BaseException:  # noqa: BLE001  # the thread's root
                _log.exception("[%d] the thread for %s failed", self._number, purpose)
            finally:
                self._on_thread_end()

        thread = threading.Thread(
            target=run, name=f"conversations-worker-{self._number}-{number}", daemon=True
        )
        with self._changed:
            for other in [other for other in self._threads if _has_ended(other)]:
                del self._threads[other]
            self._threads[thread] = purpose
        try:
            thread.start()
        except RuntimeError:
            with self._changed:
                del self._threads[thread]
            raise

    def _work(self) -> None:
        while True:
            job = self._take()
            if job is None:
                return
            job.run()
            self._finished()
            del job  # it may be the last to hold the user's objects

    def _take(self) -> _Job | None:
        with self._changed:
            self._idle_count += 1
            deadline = Deadline(self._idle_seconds)
            while not self._jobs and not self._is_closed:
                if deadline.remaining() == 0:
                    break
                self._changed.wait(deadline.remaining())
            self._idle_count -= 1
            if not self._jobs or self._is_closed:
                self._worker_count -= 1
                return None
            job = self._jobs.popleft()
            self._running[threading.current_thread()] = job
            return job

    def _finished(self) -> None:
        with self._changed:
            self._running.pop(threading.current_thread(), None)
            self._left_out.discard(threading.current_thread())
            is_closed = self._is_closed
        if is_closed:
            self._on_quiet()


def _has_ended(thread: threading.Thread) -> bool:
    return thread.ident is not None and not thread.is_alive()


def _is_this(thread: threading.Thread) -> bool:
    return thread is threading.current_thread()
