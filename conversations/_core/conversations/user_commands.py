"""
What a user can ask of users.
"""

from __future__ import annotations

from urllib.parse import quote

from conversations._core.upstream import JSONValue

from .calls import Call
from .context import Context
from .requests import Requests


class UserCommands:
    """
    Changing users.
    """

    def __init__(self, context: Context) -> None:
        self._requests = Requests(context.exchange)
        self._links = context.configuration.links

    async def update(self, call: Call, identity: str, change: dict[str, JSONValue]) -> None:
        """
        Set the friendly name or the attributes.
        """
        url = f"{self._links.users}/{quote(identity, safe='')}"
        await self._requests.post(call, url, change, about=identity, is_repeatable=True)
