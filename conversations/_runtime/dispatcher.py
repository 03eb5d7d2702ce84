"""
The listener thread: calls listeners and callbacks in order, one at a time.

No callback of the user's runs anywhere else, and none can stop the thread: whatever it
raises ends that one call (docs/threads.md, Listener thread).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import attrs

from .backlog import Backlog
from .lifecycle import is_interrupted, new_lock
from .waiters import Deadline

HIGH_WATER_MARK = 1000
SLOW_SECONDS = 1.0

_log = logging.getLogger("conversations.events")


@attrs.frozen(eq=False)
class ListenerCall:
    """
    One call of the user's code.

    Attributes:
        name: For log lines: class and method.
        function: Makes the call.
        is_ours: It runs none of the user's code, and is made on the listener thread even if
            there is a loop.
    """

    name: str
    function: Callable[[], None] = attrs.field(repr=False)
    is_ours: bool = False


class Target(Protocol):
    """
    Knows the listeners. The dispatcher holds it weakly.
    """

    def plan(self, event: object) -> Iterator[ListenerCall]:
        """
        The calls that *event* means, in order. Each is made up when its turn comes, so a
        listener removed by the one before it is not called.
        """

    def failed(self, call: ListenerCall, error: Exception) -> Iterator[ListenerCall]:
        """
        The calls that report a call which raised; none for a report.
        """


class CallSoon(Protocol):
    """
    Hands calls to another thread's loop, such as that of a GUI.
    """

    def call_soon(self, function: Callable[[], None], /) -> object:
        """
        Run *function* in the loop, after those handed over before. Any thread may call it.
        """


@attrs.frozen
class DispatcherStats:
    """
    Counters of one client's events.

    Attributes:
        events: So many events came, merged ones included.
        queue_length: So many wait.
        high_water_marks: So often too many waited.
    """

    events: int
    queue_length: int
    high_water_marks: int


@attrs.frozen(eq=False)
class _Job:
    """
    Work of the runtime itself for the listener thread; no callback.
    """

    function: Callable[[], None]


class Dispatcher:
    """
    Owns the listener thread and its queue.

    Args:
        number: The client's.
        target: Returns who knows the listeners, or ``None`` if it is gone.
        on_fatal: Called when a callback raised ``KeyboardInterrupt`` or ``SystemExit``; must
            not wait.
        loop: Where to make the calls, if not on the listener thread itself.
        on_progress: Called on the listener thread after each event with its calls, and at
            the end of the thread; must not wait.
        high_water_mark: So many waiting events are normal.
    """

    def __init__(
        self,
        *,
        number: int,
        target: Callable[[], Target | None],
        on_fatal: Callable[[], None],
        loop: CallSoon | None = None,
        on_progress: Callable[[], None] = lambda: None,
        high_water_mark: int = HIGH_WATER_MARK,
    ) -> None:
        self._number = number
        self._target = target
        self._on_fatal = on_fatal
        self._loop = loop
        self._on_progress = on_progress
        self._has_ended = False
        self._changed = threading.Condition(new_lock("dispatcher"))
        # Guarded by _changed:
        self._backlog = Backlog(high_water_mark)
        self._events = 0
        self._is_closing = False
        self._is_abandoned = False
        # Written by the thread that makes the calls, read by anybody:
        self._caller: int | None = None
        self._running = ""
        self._thread = threading.Thread(
            target=self._run, name=f"conversations-listeners-{number}", daemon=True
        )

    # Any thread

    def start(self) -> None:
        """
        Start the listener thread.
        """
        self._thread.start()

    def put(self, event: object, *, counts: bool = True) -> None:
        """
        Queue *event* for the target's listeners.

        Args:
            event: What happened.
            counts: Whether it is one for the statistics.
        """
        self._put(event, is_event=counts)

    def put_call(self, call: ListenerCall) -> None:
        """
        Queue one call, in order with the events.
        """
        self._put(call)

    def put_job(self, function: Callable[[], None]) -> None:
        """
        Queue work of the runtime itself, which must not raise.
        """
        self._put(_Job(function))

    def close(self) -> None:
        """
        Let the thread end after what is queued. Closing twice does nothing.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """
        Let the thread end after the call it is in; what is queued is forgotten.
        """
        with self._changed:
            self._is_closing = self._is_abandoned = True
            self._backlog.clear()
            self._changed.notify_all()

    def become_inherited(self) -> None:
        """
        In a forked child: the same. Takes no lock, for the thread that forked may hold it.
        """
        self._is_closing = self._is_abandoned = True
        self._backlog.clear()

    def join(self, deadline: Deadline) -> bool:
        """
        Wait for the end of the thread; returns whether it has ended.

        On the listener thread itself it does not wait and counts as ended.
        """
        if self._thread.ident is None or self.is_current_thread:
            return True
        self._thread.join(deadline.remaining())
        return not self._thread.is_alive()

    @property
    def is_current_thread(self) -> bool:
        """
        Whether the calling thread is the listener thread.
        """
        return self._thread is threading.current_thread()

    @property
    def is_over(self) -> bool:
        """
        Whether no event will be handled any more.
        """
        return self._has_ended or self._is_abandoned

    @property
    def is_interrupted(self) -> bool:
        """
        Whether a finalizer asks, on a thread that this must not be waited for on.
        """
        return is_interrupted(self._changed)

    @property
    def is_in_callback(self) -> bool:
        """
        Whether the calling thread is inside a callback of this client.
        """
        return self._caller == threading.get_ident()

    @property
    def running(self) -> str:
        """
        The name of the call under way; empty if there is none.
        """
        return self._running

    @property
    def stats(self) -> DispatcherStats:
        """
        The counters now.
        """
        with self._changed:
            return DispatcherStats(
                events=self._events,
                queue_length=len(self._backlog),
                high_water_marks=self._backlog.high_water_marks,
            )

    def _put(self, item: object, *, is_event: bool = False) -> None:
        with self._changed:
            # Closing and not empty, the thread still takes what its own calls cause.
            is_refused = self._is_abandoned or (self._is_closing and not self.is_current_thread)
            if is_refused:
                return
            self._events += is_event
            is_too_much = self._backlog.append(item)
            length = len(self._backlog)
            self._changed.notify_all()
        if is_too_much:
            running = self._running
            _log.warning(
                "[%d] the listeners are slower than the events: %d wait%s; "
                "updates of one object are merged",
                self._number,
                length,
                f" for {running}" if running else "",
            )

    # The listener thread

    def _run(self) -> None:
        while True:
            item = self._take()
            if item is None:
                self._has_ended = True
                self._on_progress()
                return
            try:
                self._handle(item)
            except BaseException:  # noqa: BLE001  # the thread's root
                # Nothing of the user's: calls are guarded one by one. The next event may
                # well be handled.
                _log.exception("[%d] an event could not be delivered", self._number)
            del item  # it may be the last to hold the user's objects
            self._on_progress()

    def _take(self) -> object | None:
        with self._changed:
            while not self._backlog:
                if self._is_closing:
                    return None
                self._changed.wait()
            return self._backlog.popleft()

    def _handle(self, item: object) -> None:
        if isinstance(item, _Job):
            item.function()
        elif isinstance(item, ListenerCall):
            self._make(iter((item,)))
        else:
            target = self._target()
            if target is not None:
                self._make(target.plan(item))

    def _make(self, calls: Iterator[ListenerCall]) -> None:
        for call in calls:
            if self._loop is None or call.is_ours:
                self._call(call)
            else:
                self._hand_over(call, self._loop)
            if self._is_abandoned:
                return

    def _hand_over(self, call: ListenerCall, loop: CallSoon) -> None:
        """
        Make a call in another thread's loop and wait for its end.

        While the dispatcher is closing nothing is waited for: the loop's own thread may be
        the one that waits in ``shutdown()``.
        """
        is_done = False

        def make() -> None:
            nonlocal is_done
            try:
                self._call(call)
            finally:
                with self._changed:
                    is_done = True
                    self._changed.notify_all()

        loop.call_soon(make)
        with self._changed:
            while not is_done and not self._is_closing:
                self._changed.wait()

    # Whichever thread makes the calls

    def _call(self, call: ListenerCall) -> None:
        error = self._attempt(call)
        if error is None:
            return
        _log.error("[%d] %s raised an exception", self._number, call.name, exc_info=error)
        target = self._target()
        if target is None:
            return
        for report in target.failed(call, error):
            failure = self._attempt(report)
            if failure is not None:
                _log.error(
                    "[%d] %s raised an exception", self._number, report.name, exc_info=failure
                )

    def _attempt(self, call: ListenerCall) -> Exception | None:
        outer = self._caller, self._running
        self._running = call.name
        if not call.is_ours:  # which, at the end, may run beside a callback in the loop
            self._caller = threading.get_ident()
        started = time.monotonic()
        try:
            call.function()
        except Exception as error:  # noqa: BLE001  # the user's code
            return error
        except BaseException as error:  # noqa: BLE001  # the same
            _log.exception("[%d] %s raised %s", self._number, call.name, type(error).__name__)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                self._on_fatal()
        finally:
            if not call.is_ours:
                self._caller = outer[0]
            self._running = outer[1]
            duration = time.monotonic() - started
            if duration > SLOW_SECONDS:
                _log.warning(
                    "[%d] %s took %.1f s; it held up all other callbacks",
                    self._number,
                    call.name,
                    duration,
                )
        return None
