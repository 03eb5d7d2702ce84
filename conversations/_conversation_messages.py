"""
The messages of a conversation, as a part of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from conversations import _arguments as arguments
from conversations._conversation_base import ConversationBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.channel_commands import RecipientsPage
from conversations._core.conversations.messages import MessagePage
from conversations._core.conversations.service import ConversationsService
from conversations._core.sync.queries import Order
from conversations.errors import InvalidArgumentError
from conversations.message import Message
from conversations.paginator import Paginator
from conversations.recipients import RecipientDescriptor

Direction = Literal["backwards", "forward"]


class ConversationMessages(ConversationBase):
    """
    Reading and removing messages.
    """

    __slots__ = ()

    def get_last_messages(self, count: int = 30, *, timeout: float | None = None) -> list[Message]:
        """
        The newest messages, by rising index.

        Args:
            count: How many at most; more than 100 take several requests.
            timeout: Seconds, for all of them.

        Raises:
            InvalidArgumentError: *count* is less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        number = arguments.count(count, "count")
        return self._read("get_last_messages of", timeout, None, number, "desc")

    def get_messages_before(
        self,
        index: int,
        count: int = 30,
        *,
        inclusive: bool = True,
        timeout: float | None = None,
    ) -> list[Message]:
        """
        The messages that end with *index*, by rising index.

        Args:
            index: Where to end; need not exist.
            count: How many at most.
            inclusive: Whether the message of *index* itself counts.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative, or *count* less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        start, number = arguments.index(index), arguments.count(count, "count")
        return self._read(
            "get_messages_before of",
            timeout,
            start,
            number,
            "desc",
            inclusive=arguments.flag(inclusive, "inclusive"),
        )

    def get_messages_after(
        self,
        index: int,
        count: int = 30,
        *,
        inclusive: bool = True,
        timeout: float | None = None,
    ) -> list[Message]:
        """
        The messages that begin with *index*, by rising index.

        Args:
            index: Where to begin; need not exist.
            count: How many at most.
            inclusive: Whether the message of *index* itself counts.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative, or *count* less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        start, number = arguments.index(index), arguments.count(count, "count")
        return self._read(
            "get_messages_after of",
            timeout,
            start,
            number,
            "asc",
            inclusive=arguments.flag(inclusive, "inclusive"),
        )

    def get_messages(
        self,
        page_size: int = 30,
        anchor: int | None = None,
        direction: Direction = "backwards",
        *,
        timeout: float | None = None,
    ) -> Paginator[Message]:
        """
        The first page of messages. Items always rise by index.

        Args:
            page_size: 1 to 100.
            anchor: Index to begin with, included; ``None``: the newest message backwards,
                the first one forward.
            direction: ``"backwards"``: older pages follow by ``prev_page``; ``"forward"``:
                newer ones by ``next_page``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: A value is out of range.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        size = arguments.page_size(page_size)
        start = None if anchor is None else arguments.index(anchor, "anchor")
        arguments.choice(direction, "direction", ("backwards", "forward"))
        order: Order = "desc" if direction == "backwards" else "asc"
        page = self._page("get_messages of", timeout, start, size, order)
        return self._paginator(page, size, order)

    def iter_messages(
        self,
        direction: Direction = "backwards",
        start: int | None = None,
        page_size: int = 30,
    ) -> Iterator[Message]:
        """
        All messages, one page read ahead at most.

        Args:
            direction: ``"backwards"``: newest first; ``"forward"``: oldest first.
            start: Index to begin with, included; ``None``: at the end of the direction.
            page_size: 1 to 100.

        Raises:
            InvalidArgumentError: A value is out of range; at once, not with the first item.
            ConversationsError: While iterating: a page could not be read.
        """
        size = arguments.page_size(page_size)
        anchor = None if start is None else arguments.index(start, "start")
        arguments.choice(direction, "direction", ("backwards", "forward"))

        def messages() -> Iterator[Message]:
            yield from self.get_messages(size, anchor, direction)

        return messages()

    def remove_message(self, message: Message, *, timeout: float | None = None) -> None:
        """
        Remove a message for everybody; ``on_message_deleted`` follows.

        Args:
            message: Of this conversation.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: It is no message of this conversation.
            ForbiddenError: The user may not remove it.
            ConversationsError: Anything else that went wrong.
        """
        if not isinstance(message, Message) or not self._is_same(message.conversation):
            wrong = "message must be a message of this conversation"
            raise InvalidArgumentError(wrong)
        message.remove(timeout=timeout)

    def get_message_recipients(
        self, page_size: int | None = None, *, timeout: float | None = None
    ) -> Paginator[RecipientDescriptor]:
        """
        Whom the messages were addressed to, on channels that have addresses.

        What is read here is not asked for again by ``Message.get_message_recipients``.

        Args:
            page_size: How many messages a page is about, 1 to 100, however many recipients
                they have; ``None`` leaves it to the service.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *page_size* is out of range.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Recipients.
        """
        size = None if page_size is None else arguments.page_size(page_size)
        return self._recipients("get_message_recipients of", timeout, page_size=size)

    def _recipients(
        self,
        name: str,
        timeout: float | None,
        *,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Paginator[RecipientDescriptor]:
        record = self._record

        async def run(service: ConversationsService, call: Call) -> RecipientsPage:
            return await service.channel_commands.recipients_of_conversation(
                call, record, page_size=page_size, page_token=page_token
            )

        def page_of(
            name: str, token: str | None
        ) -> Callable[[float | None], Paginator[RecipientDescriptor]] | None:
            if token is None:
                return None
            # The size is in the first request alone, as in those of the official SDK.
            return lambda timeout: self._recipients(name, timeout, page_token=token)

        page = self._call(name, timeout, run)
        return Paginator(
            page.recipients,
            next_page=page_of("next_page of", page.next_token),
            prev_page=page_of("prev_page of", page.previous_token),
        )

    def _page(
        self,
        name: str,
        timeout: float | None,
        start: int | None,
        count: int,
        order: Order,
        *,
        inclusive: bool = True,
    ) -> MessagePage:
        record = self._record

        async def run(service: ConversationsService, call: Call) -> MessagePage:
            return await service.message_commands.page(
                call, record, start=start, count=count, order=order, inclusive=inclusive
            )

        return self._call(name, timeout, run)

    def _read(
        self,
        name: str,
        timeout: float | None,
        start: int | None,
        count: int,
        order: Order,
        *,
        inclusive: bool = True,
    ) -> list[Message]:
        page = self._page(name, timeout, start, count, order, inclusive=inclusive)
        return [self._objects.message(record) for record in page.messages]

    def _paginator(self, page: MessagePage, size: int, order: Order) -> Paginator[Message]:
        messages = [self._objects.message(record) for record in page.messages]

        def newer(timeout: float | None) -> Paginator[Message]:
            last = messages[-1].message_index
            following = self._page("next_page of", timeout, last, size, "asc", inclusive=False)
            return self._paginator(following, size, order)

        def older(timeout: float | None) -> Paginator[Message]:
            first = messages[0].message_index
            preceding = self._page("prev_page of", timeout, first, size, "desc", inclusive=False)
            return self._paginator(preceding, size, order)

        return Paginator(
            messages,
            next_page=newer if page.has_newer and messages else None,
            prev_page=older if page.has_older and messages else None,
            is_backwards=order == "desc",
        )
