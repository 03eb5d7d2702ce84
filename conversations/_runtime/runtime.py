"""
One client's threads together: what the public objects hold and call.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from conversations._core.conversations.events import TokenWanted
from conversations._core.promises import Promise
from conversations.errors import (
    ClientForkedError,
    ClientShutdownError,
    OperationCancelledError,
    ReentrancyError,
    RequestTimeoutError,
)

from . import lifecycle
from .bell import Bell
from .commands import Command, ToldOutcome
from .dispatcher import CallSoon, Dispatcher, DispatcherStats, ListenerCall, Target
from .inbox import Action
from .mailbox import Mailbox
from .network import NetworkHooks, NetworkLoop
from .opening import Connect
from .points import pass_point
from .transfers import HandOut, TransferCarrier
from .waiters import Deadline, Waiter, WaitExpired, WorkingWaiter
from .workers import WorkerPool

if TYPE_CHECKING:
    from conversations._core.engine import Engine
    from conversations._net.http import HttpTransport

SHUTDOWN_SECONDS = 2.0
PATIENCE_SECONDS = 5.0  # beyond a call's own time-out, which the core minds
AFTERMATH_SECONDS = 1.0

_log = logging.getLogger("conversations.client")

T = TypeVar("T")


class Runtime:
    """
    Network thread, listener thread and workers of one client.

    It knows the client only weakly: threads and derived objects may hold it, and the client
    can be collected all the same.

    Args:
        engine: The core. Nobody else calls it from :meth:`start` on.
        target: Knows the listeners.
        connect: Opens a socket; called on a worker thread.
        token_provider: Called on a worker thread whenever the core wants a token.
        worker_threads: So many jobs run at the same time, at most.
        http: Makes the requests that do not travel inside the connection.
        loop: Where callbacks are made, if not on the listener thread.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        target: weakref.ref[Target],
        connect: Connect,
        token_provider: Callable[[], object] | None = None,
        worker_threads: int = 4,
        http: HttpTransport | None = None,
        loop: CallSoon | None = None,
    ) -> None:
        self.number = lifecycle.next_number()
        self._process = os.getpid()
        self._token_provider = token_provider
        self._waiters: set[Waiter[Any]] = set()  # adding and discarding are atomic
        self._disown: Callable[[], object] | None = None
        self._is_given_up = False
        self._http = http
        self._bell = Bell()
        self._dispatcher = Dispatcher(
            number=self.number,
            target=target,
            on_fatal=self.request_shutdown,
            loop=loop,
            on_progress=self._bell.ring,
        )
        self._pool = WorkerPool(
            number=self.number,
            size=worker_threads,
            on_quiet=lambda: self._network.wake(),  # noqa: PLW0108  # made below
            on_thread_end=_nothing if http is None else http.release_thread,
        )
        self._network = NetworkLoop(
            engine,
            number=self.number,
            hooks=NetworkHooks(
                connect=connect,
                start_thread=self._pool.start_thread,
                deliver=self._deliver,
                ending=self._ending,
                is_quiet=lambda: self._pool.is_quiet,
                ended=self._ended,
            ),
        )

    def __repr__(self) -> str:
        return f"<Runtime {self.number}{' (shut down)' if self.is_shutdown else ''}>"

    # Its life

    def start(self, token: str | None) -> None:
        """
        Start the threads, and on them the core.

        Args:
            token: The first one; ``None`` to ask the token provider.

        Raises:
            ClientShutdownError: It has been shut down before.
            RuntimeError: The system gives no more threads. None is left running.
        """
        self.check_usable()
        self._dispatcher.start()
        try:
            self._network.start(token)
        except RuntimeError:
            self._network.request_stop()
            self._dispatcher.close()
            raise
        lifecycle.register(self)

    def own(self, owner: object, site: lifecycle.CreationSite) -> None:
        """
        End with a :class:`ResourceWarning` when *owner*, made at *site*, is collected.
        """
        self._disown = lifecycle.own(owner, self, site)

    @property
    def is_shutdown(self) -> bool:
        """
        Whether the end has begun: nothing can be asked for any more.
        """
        return self._network.is_stopping

    @property
    def is_inherited(self) -> bool:
        """
        Whether this process is a fork of the one that made the client.
        """
        return self._process != os.getpid()

    def check_process(self) -> None:
        """
        Raises:
            ClientForkedError: It belongs to another process.
        """
        if self.is_inherited:
            raise ClientForkedError

    def check_usable(self) -> None:
        """
        Raises:
            ClientForkedError: It belongs to another process.
            ClientShutdownError: It has been shut down.
        """
        self.check_process()
        if self.is_shutdown:
            raise ClientShutdownError

    def check_not_in_callback(self) -> None:
        """
        Raises:
            ReentrancyError: The calling thread is inside a callback of this client.
        """
        if self._dispatcher.is_in_callback:
            raise ReentrancyError

    def shutdown(self) -> None:
        """
        End everything, from any thread, in bounded time. Does nothing when called again.

        Returns when the threads have ended and the descriptors are closed, apart from what
        the calling thread itself is in: a callback, a job. Does not wait in a finalizer that
        runs in the middle of the package's own code.
        """
        if self.is_inherited:
            return
        self._pool.leave_out()
        self.request_shutdown()
        self.wait_for_end(Deadline(SHUTDOWN_SECONDS))

    def request_shutdown(self) -> None:
        """
        Begin the end and return at once. Works in a finalizer, on any thread.
        """
        if self._disown is not None:
            self._disown()
        self._network.request_stop()

    def wait_for_end(self, deadline: Deadline) -> None:
        """
        Wait until the threads have ended, then give up those that have not.
        """
        if self._is_given_up or self._network.is_current_thread:
            return
        if self._dispatcher.is_interrupted or self._pool.is_interrupted:
            return
        stuck = []
        if not self._network.join(deadline):
            stuck.append("the network thread")
            self._dispatcher.close()
            self._pool.close()
        if not self._dispatcher.join(deadline):
            stuck.append(self._dispatcher.running or "the listener thread")
            self._dispatcher.abandon()
            self._bell.ring()
            self._pool.fail_waiting(ClientShutdownError())
        stuck += self._pool.join(deadline)
        if stuck:
            self._is_given_up = True
            _log.warning(
                "[%d] the client is shut down, but does not wait any longer for: %s",
                self.number,
                ", ".join(stuck),
            )
        if stuck or not (self._dispatcher.is_current_thread or self._pool.is_worker):
            lifecycle.unregister(self)

    def become_inherited(self) -> None:
        """
        In a forked child: let go of everything without a word to the server.
        """
        if self._disown is not None:
            self._disown()
        self._network.become_inherited()
        self._dispatcher.become_inherited()
        self._pool.become_inherited()
        self._bell.ring()
        if self._http is not None:
            self._http.discard()
        for waiter in list(self._waiters):
            waiter.fail(ClientForkedError())

    # What public objects ask for

    def call(
        self, operation: Callable[[Engine], Promise[T]], *, name: str, timeout: float | None
    ) -> T:
        """
        Have the core carry out *operation* and wait for the result. Not for the network thread.

        Args:
            operation: Starts it, on the network thread. The promise it returns is settled
                within *timeout*.
            name: Operation and object, as errors name it.
            timeout: Seconds; ``None`` for an operation that has no limit.

        Raises:
            ClientShutdownError: Also while it waits.
            ClientForkedError: Also while it waits.
            RequestTimeoutError: The core has not answered, which is a bug in it.
        """
        return self._wait_for(operation, Waiter(), name=name, timeout=timeout)

    def call_with_http(
        self, operation: Callable[[Engine, TransferCarrier], Promise[T]], *, name: str
    ) -> T:
        """
        The same for an operation that also makes HTTP requests, each on a worker thread.

        Made on a worker, the call does them itself: no job waits for another.

        Args:
            operation: Gets the carrier of its requests. The promise that it returns is settled
                in bounded time, or as long as it gets on.
            name: Operation and object, as errors name it.

        Raises:
            ClientShutdownError: Also while it waits.
            ClientForkedError: Also while it waits.
        """
        waiter: Waiter[T] = Waiter()
        hand_out: HandOut = self._pool.submit
        if self._pool.is_worker:
            working: WorkingWaiter[T] = WorkingWaiter()
            waiter, hand_out = working, working.hand_over
        carriers: list[TransferCarrier] = []

        def start(engine: Engine) -> Promise[T]:
            carriers.append(self._carrier(engine, hand_out))
            return operation(engine, carriers[0])

        try:
            return self._wait_for(start, waiter, name=name, timeout=None)
        finally:
            # What is the user's, such as an open file, is the user's alone again.
            for carrier in carriers:
                carrier.wait_for_end(AFTERMATH_SECONDS)

    def begin_with_http(
        self,
        operation: Callable[[Engine, TransferCarrier], Promise[T]],
        *,
        name: str,
        report: Callable[[Future[T]], ListenerCall] | None,
    ) -> Callable[[], bool]:
        """
        Begin such an operation and do not wait for its end.

        Args:
            operation: As for :meth:`call_with_http`.
            name: Operation and object, as errors name it.
            report: Makes the call with which a listener is told the outcome; used exactly
                once.

        Returns:
            Calls it off; whether that may have been in time.

        Raises:
            ClientShutdownError: Nothing is begun.
            ClientForkedError: Nothing is begun.
        """
        self.check_usable()
        outcome = ToldOutcome(self._dispatcher.put_call, report)
        command = Command(
            lambda engine: operation(engine, self._carrier(engine, self._pool.submit)),
            outcome,
            name,
        )
        if not self._network.put(Action(command.start, command.refuse)):
            raise ClientShutdownError(operation=name)
        return lambda: not outcome.is_settled and self.post(command.cancel)

    def _carrier(self, engine: Engine, hand_out: HandOut) -> TransferCarrier:
        if self._http is None:
            message = "this runtime makes no HTTP requests"
            raise RuntimeError(message)
        return TransferCarrier(engine.scheduler, http=self._http, post=self.post, hand_out=hand_out)

    def _wait_for(
        self,
        operation: Callable[[Engine], Promise[T]],
        waiter: Waiter[T],
        *,
        name: str,
        timeout: float | None,
    ) -> T:
        self.check_usable()
        if self._network.is_current_thread:
            message = f"{name} was called by a finalizer on the network thread"
            raise ReentrancyError(message)
        command = Command(operation, waiter, name)
        self._waiters.add(waiter)
        job = self._pool.current_future
        outer = None if job is None else job.call_off
        try:
            pass_point("runtime.before_put")
            if not self._network.put(Action(command.start, command.refuse)):
                raise ClientShutdownError(operation=name)
            if job is not None:
                job.call_off = lambda: not waiter.is_settled and self.post(command.cancel)
            patience = None if timeout is None else timeout + PATIENCE_SECONDS
            return waiter.wait(Deadline(patience))
        except WaitExpired:
            message = f"no result within {timeout} s"
            raise RequestTimeoutError(message, operation=name, may_have_been_sent=True) from None
        finally:
            if job is not None:
                job.call_off = outer
            self._waiters.discard(waiter)
            if not waiter.is_settled:  # expired, or interrupted by Ctrl-C
                self.post(lambda _: command.give_up())

    def wait_until(
        self, is_true: Callable[[], object], *, name: str, timeout: float | None
    ) -> None:
        """
        Wait, on the calling thread, until *is_true* returns something true.

        It is asked now, after each event has changed the state, and after the listeners were
        told of it.

        Args:
            is_true: Called on this thread; what it raises ends the waiting.
            name: The operation, as errors name it.
            timeout: Seconds; ``None`` for an operation that has no limit.

        Raises:
            ReentrancyError: The calling thread is inside a callback.
            ClientShutdownError: Also while it waits.
            ClientForkedError: It belongs to another process.
            RequestTimeoutError: It has not become true in time.
            OperationCancelledError: The job that waits was cancelled.
        """
        self.check_not_in_callback()
        job = self._pool.current_future
        outer = None if job is None else job.call_off
        is_called_off = False

        def call_off() -> bool:
            nonlocal is_called_off
            is_called_off = True
            self._bell.ring()
            return True

        def is_decided() -> object:
            self.check_process()
            if self.is_shutdown:
                raise ClientShutdownError(operation=name)
            if is_called_off:
                raise OperationCancelledError(operation=name)
            return is_true()

        try:
            if job is not None:
                job.call_off = call_off
            if not self._bell.wait_for(is_decided, Deadline(timeout)):
                message = f"what was waited for did not come within {timeout:g} s"
                raise RequestTimeoutError(message, operation=name)
        finally:
            if job is not None:
                job.call_off = outer

    def mailbox(self, capacity: int = 0) -> Mailbox[Any]:
        """
        A new mailbox for the listener thread to fill.

        Args:
            capacity: So many items may wait in it before the listener thread does; 0 for any
                number.
        """
        return Mailbox(
            self._bell,
            capacity=capacity,
            is_ending=lambda: self.is_shutdown,
            is_over=lambda: self._dispatcher.is_over,
        )

    def post(self, action: Callable[[Engine], None]) -> bool:
        """
        Have the network thread run *action*, which must not raise; does not wait.

        Returns:
            Whether it may still come to that.
        """
        return self._network.put(Action(action, _nothing))

    def tell(self, event: object, *, counts: bool = True) -> None:
        """
        Queue *event* for the listeners, behind what is queued already.

        Args:
            event: What happened.
            counts: Whether it is one for the statistics.
        """
        self._dispatcher.put(event, counts=counts)

    def call_back(self, call: ListenerCall) -> None:
        """
        Queue one call of the user's code, in order with the events.
        """
        self._dispatcher.put_call(call)

    def submit(
        self,
        function: Callable[[], T],
        *,
        report: Callable[[Future[T]], ListenerCall] | None = None,
    ) -> Future[T]:
        """
        Call *function* on a worker.

        Args:
            function: The job; it may block. A :func:`functools.partial` with its arguments.
            report: Makes the call with which a listener is told the outcome, from the
                finished or cancelled future; used exactly once.

        Raises:
            ClientShutdownError: Nothing is submitted.
            ClientForkedError: Nothing is submitted.
        """
        self.check_usable()
        future = self._pool.submit(function)
        if report is not None:
            future.add_done_callback(lambda done: self._dispatcher.put_call(report(done)))
        return future

    @property
    def is_worker(self) -> bool:
        """
        Whether the calling thread is a worker: a job that it wants done it does itself.
        """
        return self._pool.is_worker

    @property
    def stats(self) -> DispatcherStats:
        """
        Counters of the events.
        """
        return self._dispatcher.stats

    # On the network thread

    def _deliver(self, event: object) -> None:
        if isinstance(event, TokenWanted):
            self._want_token()
        else:
            self._dispatcher.put(event)
            self._bell.ring()

    def _want_token(self) -> None:
        try:
            self._pool.start_thread(self._provide_token, "the token provider")
        except RuntimeError as error:  # the system gives no more threads
            failure = error
            self.post(lambda engine: engine.token_failed(failure))

    def _ending(self) -> None:
        """
        What the workers have under way they may finish, and tell of it for a moment.
        """
        self._bell.ring()
        self._pool.close()
        # Failing a future runs its done-callbacks, which are the user's.
        self._dispatcher.put_job(lambda: self._pool.fail_waiting(ClientShutdownError()))

    def _ended(self) -> None:
        self._dispatcher.close()
        self._bell.ring()
        for waiter in list(self._waiters):  # none, unless the core has forgotten one
            waiter.fail(ClientShutdownError())

    # On a worker

    def _provide_token(self) -> None:
        try:
            if self._token_provider is None:
                message = "there is no token provider"
                raise RuntimeError(message)
            token = self._token_provider()
        except BaseException as error:  # noqa: BLE001  # the user's code
            failure = error
            self.post(lambda engine: engine.token_failed(failure))
        else:
            self.post(lambda engine: engine.token_provided(token))


def _nothing() -> None:
    """
    Nobody has to be told that an action was refused.
    """
