"""
What the parts of the client's class share.
"""

from __future__ import annotations

from conversations._core.conversations.service import ConversationsService
from conversations._core.engine import Engine
from conversations._objects import Objects
from conversations._runtime.runtime import Runtime


class ClientBase:
    """
    A client's core and threads, and the way to them. The client itself makes them.
    """

    _engine: Engine
    _runtime: Runtime
    _objects: Objects

    @property
    def _service(self) -> ConversationsService:
        self._runtime.check_process()
        return self._engine.ready_service()
