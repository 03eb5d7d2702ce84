"""
One request by ordinary HTTP as an endpoint sees it, and what it answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
from aiohttp import web

from ..._core.upstream import JSONValue
from ..domain.records import Caller, Media
from ..domain.service import Service
from ..refusals import refusal

if TYPE_CHECKING:
    from ..backend import Backend


@attrs.frozen
class RequestLine:
    """
    What of a request decides whether a fault applies.
    """

    method: str
    path: str

    @classmethod
    def of(cls, request: web.Request) -> RequestLine:
        """
        Method, and the path still percent-encoded.
        """
        return cls(request.method.upper(), request.rel_url.raw_path)


@attrs.frozen(kw_only=True)
class HttpCall:
    """
    A request that has found its route.

    Attributes:
        request: The request, its body not read yet.
        arguments: What stands in the places of the route's variables.
        backend: The emulator.
        caller: Who asks; ``None`` where nobody needs to say so.
    """

    request: web.Request
    arguments: Mapping[str, str]
    backend: Backend
    caller: Caller | None

    @property
    def service(self) -> Service:
        """
        The state of the service.
        """
        return self.backend.service

    @property
    def known_caller(self) -> Caller:
        """
        Who asks, where it must be known.
        """
        if self.caller is None:
            raise refusal(20003)
        return self.caller

    @property
    def base_url(self) -> str:
        """
        Scheme and host for the URLs of the answer.
        """
        return base_url(self.backend, self.request)

    async def json(self) -> JSONValue:
        """
        The body, which must be JSON.
        """
        try:
            body: JSONValue = json.loads(await self.request.read())
        except (ValueError, RecursionError):
            raise refusal(20001, "The body must be JSON") from None
        return body


@attrs.frozen
class Download:
    """
    The answer that is a content.
    """

    media: Media


def base_url(backend: Backend, request: web.Request) -> str:
    """
    Scheme and host under which the client has reached this emulator, perhaps past a proxy.
    """
    if backend.settings.public_url is not None:
        return backend.settings.public_url.rstrip("/")
    scheme = request.headers.get("X-Forwarded-Proto", "https" if request.secure else "http")
    host = request.headers.get("X-Forwarded-Host", request.host)
    return f"{scheme}://{host}"
