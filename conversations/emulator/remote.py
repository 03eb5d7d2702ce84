"""
The way from any thread onto the emulator's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .domain.service import Service

if TYPE_CHECKING:
    from .backend import Backend

Result = TypeVar("Result")


class Remote:
    """
    What acts, controls and observations have in common.
    """

    def call(self, action: Callable[[Backend], Result]) -> Result:
        """
        Run *action* on the emulator's thread, with everything there is, and return its result.

        For what no method offers.
        """
        raise NotImplementedError

    def _act(self, act: Callable[[Service], Result]) -> Result:
        return self.call(lambda backend: act(backend.service))
