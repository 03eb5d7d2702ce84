"""
The three kinds of requests that calls are made of.
"""

from __future__ import annotations

import attrs

from conversations._core.upstream import JSONValue, UpstreamRequest, UpstreamResponse, json_body

from .calls import Call
from .exchange import Exchange


@attrs.frozen
class Requests:
    """
    Reading, changing and removing through REST, for a call of the user's.
    """

    exchange: Exchange

    async def get(
        self, call: Call, url: str, *, about: str, is_cached: bool = False
    ) -> UpstreamResponse:
        """
        Read a resource.

        Args:
            call: The user's call.
            url: Absolute.
            about: The object, as errors name it.
            is_cached: Whether an answer of the last seconds does, too.
        """
        request = UpstreamRequest(method="GET", url=url, description=about)
        if is_cached:
            return await self.exchange.read_cached(call, request)
        return await self.exchange.read(call, request)

    async def post(
        self,
        call: Call,
        url: str,
        body: dict[str, JSONValue],
        *,
        about: str,
        is_repeatable: bool,
    ) -> UpstreamResponse:
        """
        Create or change something.

        Args:
            call: The user's call.
            url: Absolute.
            body: JSON object.
            about: The object, as errors name it.
            is_repeatable: False for whatever makes something new.
        """
        request = UpstreamRequest(method="POST", url=url, body=json_body(body), description=about)
        return await self.exchange.command(call, request, is_repeatable=is_repeatable)

    async def delete(self, call: Call, url: str, *, about: str) -> None:
        """
        Remove something. That somebody did it already is no error on a repetition.
        """
        request = UpstreamRequest(method="DELETE", url=url, body=b"{}", description=about)
        await self.exchange.command(call, request, is_repeatable=True, is_removal=True)
