"""
What a user can ask about reading: the read horizon, the notification level, counts.

Counts are always the service's (docs/protocol/conversations.md, Read horizon and counts).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from urllib.parse import quote

from conversations._core.promises import gather
from conversations._core.upstream import JSONValue
from conversations.enums import ConversationStatus, NotificationLevel
from conversations.errors import ErrorInfo, NotFoundError

from . import decoding
from .calls import Call
from .context import Context
from .conversation_commands import ConversationCommands
from .message_commands import MessageCommands
from .records import ConversationRecord
from .requests import Requests

PARALLEL_COUNTS = 20
"""Conversations whose unread messages are asked for at the same time."""


class ReadingCommands:
    """
    Moving the horizon, muting, counting.
    """

    def __init__(
        self, context: Context, conversations: ConversationCommands, messages: MessageCommands
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._messages = messages
        self._requests = Requests(context.exchange)
        self._links = context.configuration.links

    async def set_notification_level(self, call: Call, sid: str, level: NotificationLevel) -> None:
        """
        Whether push is sent to the user.
        """
        await self._change(call, sid, {"notification_level": level.value})

    async def set_horizon(
        self, call: Call, record: ConversationRecord, message_index: int | None
    ) -> int | None:
        """
        Put the read horizon anywhere; ``None`` removes it. Returns what is unread now.
        """
        change: dict[str, JSONValue] = {"last_read_message_index": message_index}
        unread = await self._change(call, record.sid, change)
        model = self._conversations.known(record.sid)
        if model is not None:
            model.horizon_accepted(message_index)
        return unread

    async def advance_horizon(
        self, call: Call, record: ConversationRecord, message_index: int
    ) -> int | None:
        """
        The same, but never backwards.
        """
        model = self._conversations.known(record.sid)
        horizon = record.snapshot.last_read_message_index if model is None else model.horizon
        furthest = message_index if horizon is None else max(horizon, message_index)
        return await self.set_horizon(call, record, furthest)

    async def read_all(self, call: Call, record: ConversationRecord) -> int | None:
        """
        Advance it to the newest message that the service has.
        """
        page = await self._messages.page(call, record, start=None, count=1, order="desc")
        if not page.messages:
            return 0
        newest = page.messages[-1].snapshot.message_index
        return await self.advance_horizon(call, record, newest)

    async def unread(self, call: Call, sid: str) -> int | None:
        """
        The number of messages behind the horizon; ``None`` without a horizon.

        Raises:
            NotFoundError: The conversation is not in the user's list.
        """
        url = self._links.my_conversation(sid)
        answer = await self._requests.get(call, url, about=sid, is_cached=True)
        body = decoding.mapping(answer.body)
        if body.get("conversation_sid") != sid:
            raise NotFoundError(
                ErrorInfo(
                    code=ErrorInfo.CONVERSATION_NOT_FOUND,
                    message="the conversation is not in the user's list",
                )
            )
        return decoding.index(body.get("unread_messages_count"))

    async def unread_or_all(self, call: Call, sid: str) -> int:
        """
        The same, where without a horizon everything is unread.
        """
        unread = await self.unread(call, sid)
        return await self.messages(call, sid) if unread is None else unread

    async def messages(self, call: Call, sid: str) -> int:
        """
        The number of all messages.
        """
        return await self._count(call, sid, "messages_count")

    async def participants(self, call: Call, sid: str) -> int:
        """
        The number of all participants.
        """
        return await self._count(call, sid, "participants_count")

    async def total_unread(self, call: Call) -> int:
        """
        The unread messages of all conversations in the user's list.

        The list tells them, if the service puts them there; the others are asked for one by
        one, a bounded number at a time.
        """
        total = 0
        untold: deque[str] = deque()
        url: str | None = self._links.my_conversations
        asked: set[str] = set()
        while url is not None and url not in asked:
            asked.add(url)
            answer = await self._requests.get(call, url, about="the list of conversations")
            body = decoding.mapping(answer.body)
            entries = body.get("conversations")
            counted, left = _counted(entries if isinstance(entries, list) else [])
            total += counted
            untold.extend(left)
            token = decoding.text(decoding.mapping(body.get("meta")).get("next_token"))
            base = self._links.my_conversations
            url = None if token is None else f"{base}?PageToken={quote(token, safe='')}"
        counters = [self._count_off(call, untold) for _ in range(min(PARALLEL_COUNTS, len(untold)))]
        return total + sum(await gather(self._context.scheduler, counters))

    async def _count_off(self, call: Call, sids: deque[str]) -> int:
        """
        Take one conversation after the other, side by side with others who do the same.
        """
        total = 0
        while sids:
            try:
                total += await self.unread(call, sids.popleft()) or 0
            except NotFoundError:
                continue  # it has left the list meanwhile
            except BaseException:
                sids.clear()  # the sum is lost, the rest need not be asked for
                raise
        return total

    async def _count(self, call: Call, sid: str, member: str) -> int:
        url = self._links.conversation(sid)
        answer = await self._requests.get(call, url, about=sid, is_cached=True)
        return decoding.index(decoding.mapping(answer.body).get(member)) or 0

    async def _change(self, call: Call, sid: str, change: dict[str, JSONValue]) -> int | None:
        url = self._links.my_conversation(sid)
        answer = await self._requests.post(call, url, change, about=sid, is_repeatable=True)
        return decoding.index(decoding.mapping(answer.body).get("unread_messages_count"))


def _counted(entries: Iterable[object]) -> tuple[int, list[str]]:
    """
    The sum of what the entries of the list tell, and the conversations that they leave open.
    """
    total = 0
    untold = []
    for entry in map(decoding.mapping, entries):
        sid = decoding.text(entry.get("conversation_sid"))
        if "unread_messages_count" in entry:
            total += decoding.index(entry["unread_messages_count"]) or 0
        elif sid is not None and not _has_no_horizon(entry):
            untold.append(sid)
    return total, untold


def _has_no_horizon(entry: decoding.Item) -> bool:
    status = ConversationStatus.from_wire(entry.get("status"))
    is_unset = "last_read_message_index" in entry and entry["last_read_message_index"] is None
    return is_unset or status is ConversationStatus.NOT_PARTICIPATING
