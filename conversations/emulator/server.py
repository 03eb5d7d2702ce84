"""
One loopback port, on an event loop in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from aiohttp import web

from .backend import Backend
from .clock import Clock, ManualClock
from .plain_http.door import CLOSE_TIMEOUT, Door
from .settings import Settings
from .timers import Timers

_logger = logging.getLogger("conversations.emulator")

Result = TypeVar("Result")

START_TIMEOUT = 10.0
STOP_TIMEOUT = 10.0
CALL_TIMEOUT = 60.0


class Server:
    """
    Runs a backend and its port on a thread. :meth:`call` is the way in for other threads.
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, host: str, port: int, seed: int | None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._host = host
        self._wanted_port = port
        self._seed = seed
        self._thread: threading.Thread | None = None
        self._started: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._backend: Backend | None = None
        self._is_stopping = False
        self._lock = threading.Lock()  # guards the two below; nothing is called under it
        self._pending: set[Future[Any]] = set()
        self._has_ended = False

    @property
    def is_running(self) -> bool:
        """
        Whether it can be called.
        """
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> int:
        """
        Listen, and return the port.

        Raises:
            OSError: The address cannot be bound.
            TimeoutError: The thread did not come up in time.
        """
        if self._thread is not None:
            raise RuntimeError("an emulator starts once; make a new one")
        self._thread = threading.Thread(
            target=self._run, name="conversations-emulator", daemon=True
        )
        self._thread.start()
        try:
            return self._started.result(START_TIMEOUT)
        except TimeoutError:
            self.stop()
            raise TimeoutError(f"the emulator did not come up within {START_TIMEOUT} s") from None

    def stop(self) -> None:
        """
        Close every connection and the port, and end the thread. Twice is once.
        """
        thread = self._thread
        if thread is None or not thread.is_alive():
            return
        self._is_stopping = True  # for a loop that only now comes up
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(stop.set)
        if thread is not threading.current_thread():
            thread.join(STOP_TIMEOUT)
            if thread.is_alive():
                _logger.warning("the emulator's thread does not end")

    def join(self) -> None:
        """
        Wait until it has ended.
        """
        if self._thread is not None:
            self._thread.join()

    def call(self, action: Callable[[Backend], Result]) -> Result:
        """
        Run *action* on the emulator's thread and return its result.
        """
        loop, backend = self._loop, self._backend
        if loop is None or backend is None:
            raise RuntimeError("the emulator was not started")
        if threading.current_thread() is self._thread:
            return action(backend)
        future: Future[Result] = Future()
        with self._lock:
            if self._has_ended:
                raise RuntimeError("the emulator was stopped")
            self._pending.add(future)
        loop.call_soon_threadsafe(self._answer, future, action, backend)
        try:
            return future.result(CALL_TIMEOUT)
        finally:
            with self._lock:
                self._pending.discard(future)

    @staticmethod
    def _answer(
        future: Future[Result], action: Callable[[Backend], Result], backend: Backend
    ) -> None:
        try:
            future.set_result(action(backend))
        except Exception as error:  # noqa: BLE001  # raised on the thread that waits
            future.set_exception(error)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._started.done():
                _logger.exception("the emulator has failed")
            else:
                self._started.set_exception(error)
        finally:
            with self._lock:
                self._has_ended = True
                pending, self._pending = self._pending, set()
            for future in pending:
                if not future.done():
                    future.set_exception(RuntimeError("the emulator was stopped"))

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        timers = Timers(loop, self._clock)
        backend = Backend(self._settings, self._clock, timers, self._seed)
        self._loop, self._stop, self._backend = loop, asyncio.Event(), backend
        if self._is_stopping:
            self._stop.set()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", Door(backend).enter)
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_TIMEOUT
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._wanted_port)
        observer = self._clock_moved
        try:
            await site.start()
            if isinstance(self._clock, ManualClock):
                self._clock.add_observer(observer)
            if not is_loopback(self._host):
                _logger.warning("the emulator listens on %s, not only for this machine", self._host)
            self._started.set_result(_port_of(runner))
            await self._stop.wait()
        finally:
            if isinstance(self._clock, ManualClock):
                self._clock.remove_observer(observer)
            for connection in backend.connections.all():
                connection.close_socket(1001, "the emulator stops")
            await asyncio.sleep(0)
            backend.release()
            await runner.cleanup()
            backend.close()
            timers.close()

    def _clock_moved(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended meanwhile
            self.call(lambda backend: backend.timers.run_due())


def _port_of(runner: web.AppRunner) -> int:
    address = runner.addresses[0]
    return int(address[1])


def is_loopback(host: str) -> bool:
    """
    Whether only this machine can connect to *host*.
    """
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return all(str(address).startswith("127.") or address == "::1" for address in found)
