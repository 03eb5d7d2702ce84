"""
What a user can ask of a conversation's messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from conversations._core.sync.lists import SyncList
from conversations._core.sync.queries import Order
from conversations._core.upstream import JSONValue, UpstreamRequest, UpstreamResponse
from conversations.attributes import Attributes
from conversations.enums import ConversationSynchronizationStatus

from . import decoding
from .calls import Call
from .context import Context, PassOver
from .conversation_commands import ConversationCommands
from .exchange import missing
from .messages import FROM_ANSWER, MessageCache, MessagePage, no_such_message, read_messages
from .records import ConversationRecord, MessageRecord
from .requests import Requests

T = TypeVar("T")

Level: TypeAlias = ConversationSynchronizationStatus


class MessageCommands:
    """
    Reading, sending, changing and removing messages.
    """

    def __init__(self, context: Context, conversations: ConversationCommands) -> None:
        self._context = context
        self._conversations = conversations
        self._requests = Requests(context.exchange)
        self._links = context.configuration.links

    async def page(
        self,
        call: Call,
        record: ConversationRecord,
        *,
        start: int | None,
        count: int,
        order: Order,
        inclusive: bool = True,
    ) -> MessagePage:
        """
        Up to *count* messages from *start* on; see :func:`~.messages.read_messages`.
        """

        async def send(request: UpstreamRequest) -> UpstreamResponse:
            return await self._context.exchange.read(call, request)

        async def read(cache: MessageCache, messages: SyncList) -> MessagePage:
            return await read_messages(
                cache, messages, send, start=start, count=count, order=order, inclusive=inclusive
            )

        return await self._with_list(call, record, read)

    async def by_index(
        self, call: Call, record: ConversationRecord, message_index: int, *, nearest: bool = False
    ) -> MessageRecord:
        """
        The message with exactly that index.

        Args:
            call: The user's call.
            record: The conversation.
            message_index: Which.
            nearest: Whether, if there is none, the nearest one does; the later of two.
        """
        found = await self.from_index(call, record, message_index)
        distance = None if found is None else found.snapshot.message_index - message_index
        if found is not None and distance == 0:
            return found
        if not nearest:
            raise no_such_message(message_index)
        page = await self.page(
            call, record, start=message_index, count=1, order="desc", inclusive=False
        )
        before = page.messages[0] if page.messages else None
        if before is None or (
            distance is not None and distance <= message_index - before.snapshot.message_index
        ):
            if found is None:
                raise no_such_message(message_index)
            return found
        return before

    async def from_index(
        self, call: Call, record: ConversationRecord, message_index: int
    ) -> MessageRecord | None:
        """
        The message with that index, else the next one after it.
        """
        model = await self._conversations.model(call, record)
        cached = model.messages.fetch(message_index)
        if cached is not None:
            return cached
        page = await self.page(call, record, start=message_index, count=1, order="asc")
        return page.messages[0] if page.messages else None

    def evict(self, sid: str, keep_last: int) -> None:
        """
        Forget the cached messages of a conversation but the newest.
        """
        model = self._conversations.known(sid)
        if model is not None:
            model.messages.evict(keep_last)

    async def send(
        self,
        call: Call,
        record: ConversationRecord,
        *,
        body: str | None,
        attributes: Attributes,
        subject: str | None,
        media_sids: Sequence[str] | None = None,
        content_sid: str | None = None,
        content_variables: str | None = None,
    ) -> MessageRecord:
        """
        Send a message; the result is the record that its event announces, too.

        What is ``None`` is not sent.
        """
        members: dict[str, JSONValue] = {
            "body": body,
            "attributes": attributes.to_wire(),
            "subject": subject,
            "media_sids": None if media_sids is None else list(media_sids),
            "content_sid": content_sid,
            "content_variables": content_variables,
        }
        model = self._conversations.known(record.sid)
        followed = None if model is None else model.message_list
        answer = await self._requests.post(
            call,
            self._messages_url(record.sid),
            {name: value for name, value in members.items() if value is not None},
            about=record.sid,
            is_repeatable=False,
        )
        resource = decoding.mapping(answer.body)
        message_index = decoding.answered_index(resource.get("index"))
        if message_index is None:
            raise missing("message index")
        snapshot = decoding.answered_message(message_index, resource)
        model = self._conversations.known(record.sid)
        if snapshot.sid:
            if model is None:  # it left the list meanwhile; the message was sent all the same
                return MessageRecord(record, snapshot, FROM_ANSWER)
            sent = model.messages.sent(message_index, snapshot)
            if model.message_list is not None and model.message_list is not followed:
                model.messages.check(model.message_list)  # opened meanwhile: it may be older
            return sent
        if model is None:
            raise missing("message sid")
        # The index is the one member that can be relied upon; the event brings the rest.
        call.step = "the event of the sent message"
        return await model.messages.arrival(message_index)

    async def update(
        self, call: Call, message: MessageRecord, change: dict[str, JSONValue]
    ) -> None:
        """
        Change the body or the attributes.
        """
        await self._requests.post(
            call, self._message_url(message), change, about=message.snapshot.sid, is_repeatable=True
        )

    async def remove(self, call: Call, message: MessageRecord) -> None:
        """
        Remove it for everybody.
        """
        await self._requests.delete(call, self._message_url(message), about=message.snapshot.sid)

    async def _with_list(
        self,
        call: Call,
        record: ConversationRecord,
        read: Callable[[MessageCache, SyncList], Awaitable[T]],
    ) -> T:
        """
        Read from the subscribed list; where the user is not in, from one opened for this.
        """
        model = await self._conversations.model(call, record)
        await self._conversations.synchronized(call, model, Level.ALL)
        if model.message_list is not None:
            return await read(model.messages, model.message_list)
        observer = PassOver()
        call.step = f"the messages of {record.sid}"
        with self._context.exchange.expedited(model.concerns):
            messages = await self._context.sync.open_list(model.name_of_messages, observer)
        try:
            return await read(MessageCache(self._context, record, {}), messages)
        finally:
            messages.close(observer)

    def _messages_url(self, sid: str) -> str:
        return f"{self._links.conversation(sid)}/Messages"

    def _message_url(self, message: MessageRecord) -> str:
        sid = quote(message.snapshot.sid, safe="")
        return f"{self._messages_url(message.conversation.sid)}/{sid}"
