"""
The log lines of a connection: method, id, sizes and status; never tokens or payloads.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from conversations._logs import thread_label


class ConnectionLog(logging.LoggerAdapter[logging.Logger]):
    """
    Puts the session's label, or else the thread's, and the number of the connection before
    each line.
    """

    def __init__(self, logger_name: str, label: str) -> None:
        super().__init__(logging.getLogger(logger_name))
        self._label = label.replace("%", "")
        self.generation = 0

    def process(
        self, msg: str, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """
        Prefix the message.
        """
        return f"[{self._label or thread_label()}#{self.generation}] {msg}", kwargs
