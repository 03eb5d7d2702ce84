"""
Named points at which a test may hold a thread, to force one order of events.

Nothing is registered outside tests; passing a point then costs a look at an empty mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_actions: dict[str, Callable[[], None]] = {}


def pass_point(name: str) -> None:
    """
    The running thread comes to the point *name*.
    """
    if _actions:
        action = _actions.get(name)
        if action is not None:
            action()


@contextmanager
def at_point(name: str, action: Callable[[], None]) -> Iterator[None]:
    """
    For tests: have every thread that comes to the point run *action* there.
    """
    _actions[name] = action
    try:
        yield
    finally:
        del _actions[name]
