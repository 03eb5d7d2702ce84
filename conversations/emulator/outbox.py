"""
One websocket: what waits to be written to it, and the task that writes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from aiohttp import web

_logger = logging.getLogger("conversations.emulator")


class Outbox:
    """
    A bounded queue of messages. Nobody waits for a client that does not read: it is dropped.

    Args:
        websocket: Where the messages go.
        limit_bytes: How much may wait.
        abort: Cuts the connection.
    """

    def __init__(
        self, websocket: web.WebSocketResponse, limit_bytes: int, abort: Callable[[], None]
    ) -> None:
        self._websocket = websocket
        self._limit = limit_bytes
        self._abort = abort
        self._waiting: deque[bytes | str] = deque()
        self._size = 0
        self._ending: tuple[int, str] | None = None
        self._is_lost = False
        self._wake_up = asyncio.Event()

    def put(self, data: bytes | str) -> None:
        """
        Queue one message.
        """
        if self._ending is not None or self._is_lost:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > self._limit:
            _logger.warning("a client does not read what it is sent and is dropped")
            self._waiting.clear()
            self._is_lost = True
            self._abort()
        self._wake_up.set()

    def close(self, code: int, reason: str) -> None:
        """
        Close the websocket after what is queued.
        """
        if self._ending is None:
            self._ending = (code, reason)
            self._wake_up.set()

    async def run(self) -> None:
        """
        Write until the websocket is closed or lost.
        """
        try:
            while True:
                while self._waiting:
                    await self._write(self._waiting.popleft())
                if self._ending is not None:
                    code, reason = self._ending
                    await self._websocket.close(code=code, message=reason.encode())
                    return
                self._wake_up.clear()
                await self._wake_up.wait()
        except (ConnectionError, RuntimeError):  # what aiohttp raises for a lost socket
            self._is_lost = True
            self._waiting.clear()

    async def _write(self, data: bytes | str) -> None:
        self._size -= len(data)
        if isinstance(data, str):
            await self._websocket.send_str(data)
        else:
            await self._websocket.send_bytes(data)


class WebsocketPort:
    """
    The socket of one connection.
    """

    def __init__(self, request: web.Request, websocket: web.WebSocketResponse, limit: int) -> None:
        self._transport = request.transport
        self.outbox = Outbox(websocket, limit, self.abort)

    def send(self, data: bytes | str) -> None:
        """
        Queue one message.
        """
        self.outbox.put(data)

    def close(self, code: int, reason: str) -> None:
        """
        Send what is queued, then close.
        """
        self.outbox.close(code, reason)

    def abort(self) -> None:
        """
        Cut the TCP connection.
        """
        if self._transport is not None:
            self._transport.abort()
