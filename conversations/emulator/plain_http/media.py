"""
Media over HTTP (docs/protocol/conversations.md, Media): upload, records, content.
"""

from __future__ import annotations

from ..._core.upstream import JSONValue
from ..api.calls import Answer
from ..clock import iso_date
from ..domain import media
from ..domain.records import Media, MediaCategory
from ..refusals import Refusal, refusal
from .calls import Download, HttpCall
from .uploads import receive

MULTIPART = "multipart/form-data"


async def upload(call: HttpCall) -> Answer:
    """
    ``POST /v1/Services/{IS}/Media``: raw content, or the first file of a form.
    """
    query = call.request.query
    category = media.category(query.get("Category", MediaCategory.MEDIA.value))
    stored = await receive(call, category, query.get("Filename") or None)
    return Answer(status=201, body=record(call, stored))


async def get_media(call: HttpCall) -> Answer:
    """
    ``GET /v1/Services/{IS}/Media/{ME}``, with a fresh temporary URL.
    """
    return Answer(body=record(call, _named(call)))


async def get_content(call: HttpCall) -> Download:
    """
    ``GET /v1/Services/{IS}/Media/{ME}/Content``.
    """
    return Download(_named(call))


async def get_temporary(call: HttpCall) -> Download:
    """
    ``GET /media/{ME}``: a temporary URL, which needs no credentials.
    """
    sid, query = call.arguments["media"], call.request.query
    call.backend.temporary_urls.check(sid, query.get("Expires", ""), query.get("Signature", ""))
    return Download(media.find(call.service, sid))


async def get_media_set(call: HttpCall) -> Answer:
    """
    ``POST /v1/Services/{IS}/MediaSet``: many records at once, each with a status of its own.
    """
    match await call.json():
        case {"command": "get", "list": list(entries)}:
            return Answer(body=[_set_entry(call, entry) for entry in entries])
    raise refusal(20001, "command must be get, and list an array")


def record(call: HttpCall, stored: Media) -> dict[str, JSONValue]:
    """
    What is known about a media.
    """
    url = f"{call.base_url}/v1/Services/{call.service.sid}/Media/{stored.sid}"
    return {
        "sid": stored.sid,
        "service_sid": call.service.sid,
        "channel_sid": stored.conversation.sid if stored.conversation else None,
        "message_sid": stored.message_sid,
        "date_created": iso_date(stored.date_created),
        "date_upload_updated": iso_date(stored.date_created),
        "date_updated": iso_date(stored.date_updated),
        "size": stored.content.size,
        "content_type": stored.content_type,
        "filename": stored.filename,
        "author": stored.author,
        "category": stored.category.value,
        "is_multipart_upstream": False,
        "url": url,
        "links": {
            "content": f"{url}/Content",
            "content_direct_temporary": call.backend.temporary_urls.make(call.base_url, stored.sid),
        },
    }


def _named(call: HttpCall) -> Media:
    return media.read(call.service, call.known_caller, call.arguments["media"])


def _set_entry(call: HttpCall, entry: JSONValue) -> JSONValue:
    match entry:
        case {"media_sid": str(sid)}:
            try:
                found = media.read(call.service, call.known_caller, sid)
            except Refusal as error:
                return {"code": error.status, "media_record": {"sid": sid}}
            return {"code": 200, "media_record": record(call, found)}
    raise refusal(20001, "Every entry of list needs a media_sid")
