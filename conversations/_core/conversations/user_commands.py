"""
What a user can ask of users.
"""

from __future__ import annotations

from urllib.parse import quote

from conversations._core.upstream import JSONValue, UpstreamRequest

from . import decoding
from .calls import Call
from .context import Context
from .exchange import missing
from .records import UserRecord
from .requests import Requests
from .users import Users


class UserCommands:
    """
    Following users, and changing them.
    """

    def __init__(self, context: Context, users: Users) -> None:
        self._context = context
        self._users = users
        self._requests = Requests(context.exchange)
        self._links = context.configuration.links

    async def subscribe(self, call: Call, identity: str, map_name: str | None = None) -> UserRecord:
        """
        The user of that identity, followed from now on.

        Args:
            call: The user's call.
            identity: Whose.
            map_name: Of the user's map, if it is known already.
        """
        known = self._users.find(identity)
        if known is not None:
            return known
        if map_name is None:
            answer = await self._requests.get(call, self._links.user(identity), about=identity)
            body = decoding.mapping(answer.body)
            map_name = decoding.text(
                decoding.mapping(body.get("sync_objects")).get("user_info_map")
            )
            if map_name is None:
                raise missing("name of the user's map")
            identity = decoding.text(body.get("identity")) or identity
        segment = quote(map_name, safe="")

        def opens_it(request: UpstreamRequest) -> bool:
            return segment in request.url.partition("?")[0].split("/")

        call.step = f"the user {identity}"
        with self._context.exchange.expedited(opens_it):
            return await self._users.subscribe(identity, map_name)

    async def unsubscribe(self, call: Call, record: UserRecord) -> None:
        """
        Follow a user no more.
        """
        call.step = "following the own user again"
        await self._users.unsubscribe(record)

    async def update(self, call: Call, identity: str, change: dict[str, JSONValue]) -> None:
        """
        Set the friendly name or the attributes.
        """
        url = self._links.user(identity)
        await self._requests.post(call, url, change, about=identity, is_repeatable=True)
