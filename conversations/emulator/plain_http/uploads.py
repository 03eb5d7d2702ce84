"""
Taking a content in, piece by piece, however large it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from ..domain import media
from ..domain.media import ANY_TYPE, Description
from ..domain.records import Media, MediaCategory
from ..fault_kinds import Direction
from ..refusals import refusal
from .calls import HttpCall
from .transfers import Transfer

PIECE_BYTES = 64 * 1024


async def receive(call: HttpCall, category: MediaCategory, filename: str | None) -> Media:
    """
    Read the request's body and keep it. What is refused, or breaks off, leaves nothing behind.
    """
    request = call.request
    if request.content_type.startswith("multipart/"):
        part = await _first_file(request)
        description = Description(
            content_type=part.headers.get(hdrs.CONTENT_TYPE, ANY_TYPE),
            filename=part.filename or filename,
            category=category,
        )
        pieces = _pieces_of_part(part)
    else:
        description = Description(
            content_type=request.headers.get(hdrs.CONTENT_TYPE, ANY_TYPE),
            filename=filename,
            category=category,
        )
        if (request.content_length or 0) > media.largest_size(call.service):
            raise refusal(50512)
        pieces = request.content.iter_chunked(PIECE_BYTES)
    description.check(call.service)
    return await _keep(call, description, pieces)


async def _keep(call: HttpCall, description: Description, pieces: AsyncIterator[bytes]) -> Media:
    service, largest = call.service, media.largest_size(call.service)
    content = media.new_content(service)
    transfer = Transfer.begin(call, Direction.UPLOAD)
    try:
        async for piece in pieces:
            if content.size + len(piece) > largest:
                raise refusal(50512)
            await transfer.allow(content.size, len(piece))
            content.append(piece)
        stored = media.store(service, call.known_caller, description, content)
    except BaseException:
        content.close()
        raise
    if service is not call.service:  # the data were reset meanwhile
        content.close()
        raise refusal(50507)
    return stored


async def _first_file(request: web.Request) -> BodyPartReader:
    try:
        form = await request.multipart()
        while (part := await form.next()) is not None:
            if isinstance(part, MultipartReader):
                continue
            if part.filename is not None:
                return part
    except (ValueError, KeyError, AssertionError):  # what aiohttp raises for a broken form
        raise refusal(20001, "The form cannot be read") from None
    raise refusal(20001, "The form has no file")


async def _pieces_of_part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(PIECE_BYTES):
        yield bytes(piece)
