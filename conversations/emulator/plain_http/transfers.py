"""
Contents on their way, with what tests have ordered for them: slow, standing still, cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

import attrs
from aiohttp import hdrs, web

from ..domain.records import Media
from ..fault_kinds import Direction, Hold, TransferFaults
from .calls import HttpCall

if TYPE_CHECKING:
    from ..backend import Backend

PIECE_BYTES = 64 * 1024


class TransferEnded(ConnectionError):
    """
    The connection was cut in the middle of a content.
    """


@attrs.define(kw_only=True)
class Transfer:
    """
    One content on its way in or out.
    """

    call: HttpCall
    faults: TransferFaults

    @classmethod
    def begin(cls, call: HttpCall, direction: Direction) -> Transfer:
        """
        See what is ordered for it.
        """
        identity = call.caller.identity if call.caller else None
        return cls(call=call, faults=call.backend.faults.for_transfer(direction, identity))

    def until_fault(self, done: int, count: int) -> int:
        """
        How many of the next *count* bytes may go before something happens; all if nothing does.
        """
        marks = [
            fault.after_bytes - done
            for fault in (self.faults.cut, self.faults.hold)
            if fault is not None and done < fault.after_bytes
        ]
        return min([count, *marks])

    async def allow(self, done: int, count: int) -> None:
        """
        Wait, or end, before the next *count* bytes go, after *done* of them.

        Raises:
            TransferEnded: The connection was cut.
        """
        cut, hold, slow = self.faults.cut, self.faults.hold, self.faults.slow
        if cut is not None and done + count > cut.after_bytes:
            self.cut()
        if hold is not None and done + count > hold.after_bytes and not hold.is_released:
            await wait_for_release(self.call.backend, hold)
        if slow is not None:
            await _pass_time(self.call.backend, count / slow.bytes_per_second)

    def cut(self) -> NoReturn:
        """
        Cut the connection.

        Raises:
            TransferEnded: Always.
        """
        transport = self.call.request.transport
        if transport is not None:
            transport.abort()
        raise TransferEnded("cut in the middle")


async def send(call: HttpCall, media: Media, headers: Mapping[str, str]) -> web.StreamResponse:
    """
    Answer with a content, piece by piece, as fast as the client takes it.
    """
    content = media.content
    response = web.StreamResponse(
        headers={
            **headers,
            hdrs.CONTENT_TYPE: media.content_type,
            hdrs.CONTENT_LENGTH: str(content.size),
            hdrs.CONTENT_DISPOSITION: _disposition(media.filename),
            "X-Content-Type-Options": "nosniff",
        }
    )
    transfer = Transfer.begin(call, Direction.DOWNLOAD)
    await response.prepare(call.request)
    done = 0
    while done < content.size:
        count = transfer.until_fault(done, min(PIECE_BYTES, content.size - done))
        await transfer.allow(done, count)
        piece = content.read(done, count)
        if not piece:
            transfer.cut()
        await response.write(piece)
        done += len(piece)
    await response.write_eof()
    return response


async def wait_for_release(backend: Backend, hold: Hold) -> None:
    """
    Wait as long as a test wants.
    """
    released = asyncio.get_running_loop().create_future()
    hold.waiting.append(lambda: _settle(released))
    backend.changed()
    await released


async def _pass_time(backend: Backend, seconds: float) -> None:
    """
    Wait by the emulator's clock.
    """
    passed = asyncio.get_running_loop().create_future()
    backend.timers.call_later(seconds, lambda: _settle(passed))
    await passed


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _disposition(filename: str | None) -> str:
    return "inline" if filename is None else f"inline; filename*=UTF-8''{quote(filename, safe='')}"
