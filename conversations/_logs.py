"""
Log lines that say which client they are about.

A program may have many clients. Each thread that works for one carries its number, and the
lines written on it begin with that: ``[3] connection: CONNECTED``.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

_label: ContextVar[str] = ContextVar("client", default="")


def label_thread(label: str) -> None:
    """
    Have the lines that the calling thread writes from now on begin with *label*.
    """
    _label.set(label)


def thread_label() -> str:
    """
    What the lines of the calling thread begin with; empty for a thread of the user's.
    """
    return _label.get()


class ClientLog(logging.LoggerAdapter[logging.Logger]):
    """
    A logger of the package whose lines begin with the thread's label.

    Args:
        name: Of the logger, below ``conversations``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name))

    def process(
        self, msg: str, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """
        Prefix the message.
        """
        label = thread_label()
        return (f"[{label}] {msg}" if label else msg), kwargs
