"""
Who owns a client's threads, and how they end when nobody ends them: dropped, exit, fork.

The only state of the process that belongs to the package is here: the clients and the locks
that live, both held weakly. See docs/threads.md.
"""

from __future__ import annotations

import atexit
import inspect
import itertools
import os
import threading
import traceback
import tracemalloc
import warnings
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Protocol

import attrs

from .waiters import Deadline

EXIT_SECONDS = 2.0
LOCK_SECONDS = 0.5

_PACKAGE = __name__.partition(".")[0]

_numbers = itertools.count(1)
_locks: weakref.WeakKeyDictionary[threading.Lock, str] = weakref.WeakKeyDictionary()
_fork = threading.local()  # what the thread that forks holds meanwhile
# Not a WeakSet: valuerefs() copies in one step, whatever other threads add meanwhile.
_runtimes: weakref.WeakValueDictionary[int, Owned] = weakref.WeakValueDictionary()


class Owned(Protocol):
    """
    What this module does with a runtime.
    """

    @property
    def number(self) -> int:
        """
        The client's number in this process.
        """

    @property
    def is_shutdown(self) -> bool:
        """
        Whether the end has begun.
        """

    def request_shutdown(self) -> None:
        """
        Begin the end and return at once. Works in a finalizer, on any thread.
        """

    def wait_for_end(self, deadline: Deadline) -> None:
        """
        Wait until the threads have ended.
        """

    def become_inherited(self) -> None:
        """
        Called in a forked child, which must not use it.
        """


def new_lock(name: str) -> threading.Lock:
    """
    A lock for one class's own fields, not reentrant. Forking waits until it is free.

    Hold it for moments only.

    Args:
        name: What it guards, for whoever looks at the registry in a debugger.
    """
    lock = threading.Lock()
    _locks[lock] = name
    return lock


def is_interrupted(lock: threading.Condition) -> bool:
    """
    Whether the calling code is a finalizer in the middle of a section that holds *lock*.

    Garbage collection may run one anywhere. All sections are short, so a lock that cannot be
    had for long is held by the calling thread itself.
    """
    if not lock.acquire(timeout=LOCK_SECONDS):
        return True
    lock.release()
    return False


def next_number() -> int:
    """
    The number of the next client of this process, for thread names and log lines.
    """
    return next(_numbers)


@attrs.frozen
class CreationSite:
    """
    Where the user's code made a client.

    Attributes:
        filename: The file, for the warning's location.
        line: The line.
        stack: How it came there, if tracemalloc is on; else empty.
    """

    filename: str
    line: int
    stack: str = attrs.field(default="", repr=False)


def creation_site() -> CreationSite:
    """
    Where the package was called from. Call it on the user's thread.
    """
    frame = inspect.currentframe()
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    if frame is None:  # a thread of the package's own
        return CreationSite("<unknown>", 0)
    stack = "".join(traceback.format_stack(frame)) if tracemalloc.is_tracing() else ""
    return CreationSite(frame.f_code.co_filename, frame.f_lineno, stack)


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name == _PACKAGE or name.startswith(f"{_PACKAGE}.")


def register(runtime: Owned) -> None:
    """
    From now on exit and fork are looked after. Called when its threads start.
    """
    _runtimes[runtime.number] = runtime


def unregister(runtime: Owned) -> None:
    """
    Its threads have ended.
    """
    _runtimes.pop(runtime.number, None)


def own(owner: object, runtime: Owned, site: CreationSite) -> Callable[[], object]:
    """
    End *runtime* with a :class:`ResourceWarning` when *owner* is collected.

    Returns:
        Takes that back. To be called once the owner has been shut down properly.
    """
    finalizer = weakref.finalize(owner, _dropped, runtime, site, type(owner).__name__)
    finalizer.atexit = False  # the hook below does it, in bounded time and without a warning
    return finalizer.detach


def _dropped(runtime: Owned, site: CreationSite, name: str) -> None:
    # May run on any thread, in the middle of anything: nothing here takes a lock that this
    # thread could hold, or waits.
    if runtime.is_shutdown:
        return
    runtime.request_shutdown()
    message = f"unclosed {name} {runtime.number}, created at {site.filename}:{site.line}"
    if site.stack:
        message = f"{message}\nStack of its creation (most recent call last):\n{site.stack}"
    warnings.warn_explicit(message, ResourceWarning, site.filename, site.line)


def _living() -> list[Owned]:
    return [runtime for reference in _runtimes.valuerefs() if (runtime := reference()) is not None]


def _shut_down_at_exit() -> None:
    """
    All ends begin at once, so together they take no longer than one.
    """
    deadline = Deadline(EXIT_SECONDS)
    runtimes = _living()
    for runtime in runtimes:
        runtime.request_shutdown()
    for runtime in runtimes:
        runtime.wait_for_end(deadline)


def _before_fork() -> None:
    """
    Take all locks, so that no other thread is in the middle of anything.

    One that cannot be had is held by this thread itself: a signal handler forks, or a
    finalizer. It stays with the thread, which goes on in both processes.
    """
    _fork.held = [lock for lock in list(_locks) if lock.acquire(timeout=LOCK_SECONDS)]


def _after_fork() -> None:
    for lock in getattr(_fork, "held", ()):
        lock.release()
    _fork.held = []


def _after_fork_in_child() -> None:
    _after_fork()
    for runtime in _living():
        runtime.become_inherited()
    _runtimes.clear()


atexit.register(_shut_down_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
