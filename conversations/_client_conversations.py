"""
The conversations of a client, as a part of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conversations import _arguments as arguments
from conversations._client_base import ClientBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.listing_commands import ConversationPage
from conversations._core.conversations.records import ConversationRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.sync.queries import Order
from conversations.attributes import AttributesLike
from conversations.conversation import Conversation
from conversations.paginator import Paginator


class ClientConversations(ClientBase):
    """
    Listing, looking up, creating.
    """

    @property
    def my_conversations(self) -> list[Conversation]:
        """
        What is known now of the user's conversations, newest message first; no traffic.

        Complete from ``CONVERSATIONS_COMPLETED`` on. Those without messages come last.
        """
        records = sorted(self._service.conversations.records.values(), key=_newest_first)
        return [self._objects.conversation(record) for record in records]

    def get_subscribed_conversations(
        self, page_size: int = 30, *, timeout: float | None = None
    ) -> Paginator[Conversation]:
        """
        The user's conversations page by page, in the order of the server's keys.

        Each is loaded to ``METADATA`` at least. One that cannot be opened is left out, so a
        page may hold fewer. Does not wait for the synchronization, and works without it.

        Args:
            page_size: 1 to 100.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *page_size* is out of range.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        size = arguments.page_size(page_size)
        return self._subscribed("get_subscribed_conversations", timeout, size, None, "asc")

    def iter_conversations(self) -> Iterator[Conversation]:
        """
        All conversations of the user, in the order of the server's keys, as they arrive.

        Page by page, so that the first ones can be used before the last ones are loaded.

        Raises:
            ConversationsError: While iterating: a page could not be read.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        yield from self.get_subscribed_conversations(arguments.MAX_PAGE_SIZE)

    def _subscribed(
        self, name: str, timeout: float | None, size: int, start: str | None, order: Order
    ) -> Paginator[Conversation]:
        async def run(service: ConversationsService, call: Call) -> ConversationPage:
            return await service.listing_commands.page(
                call, start=start, page_size=size, order=order
            )

        def page_from(
            name: str, key: str | None, order: Order
        ) -> Callable[[float | None], Paginator[Conversation]] | None:
            if key is None:
                return None
            return lambda timeout: self._subscribed(name, timeout, size, key, order)

        page = self._objects.call(name, timeout, run)
        return Paginator(
            [self._objects.conversation(record) for record in page.records],
            next_page=page_from("next_page", page.following, "asc"),
            prev_page=page_from("prev_page", page.previous, "desc"),
        )

    def get_conversation(
        self, sid_or_unique_name: str, *, timeout: float | None = None
    ) -> Conversation:
        """
        A conversation by sid (``CH…``) or unique name, loaded to ``METADATA`` at least.

        Known ones need no request and do not wait for the rest of the list.

        Args:
            sid_or_unique_name: Which.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: It is empty or no string.
            NotFoundError: There is none, or the user may not see it.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        name = arguments.text(sid_or_unique_name, "sid_or_unique_name")

        async def run(service: ConversationsService, call: Call) -> ConversationRecord:
            return await service.conversation_commands.get(call, name)

        return self._objects.conversation(
            self._objects.call(f"get_conversation {name}", timeout, run)
        )

    def peek_conversation(self, sid: str, *, timeout: float | None = None) -> Conversation:
        """
        A conversation by sid, also one that the user is not in, if the user may see it.

        Its names, attributes and state are loaded and followed; participants and messages
        are not. It does not enter the user's list, and no callback tells of it until the user
        is added or joins.

        Args:
            sid: ``CH…``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *sid* is empty or no string.
            ForbiddenError: The user may not see it (50430).
            NotFoundError: There is none (50350).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        wanted = arguments.text(sid, "sid")

        async def run(service: ConversationsService, call: Call) -> ConversationRecord:
            return await service.conversation_commands.peek(call, wanted)

        return self._objects.conversation(
            self._objects.call(f"peek_conversation {wanted}", timeout, run)
        )

    def create_conversation(
        self,
        friendly_name: str | None = None,
        *,
        unique_name: str | None = None,
        attributes: AttributesLike | None = None,
        access: str | None = None,
        timeout: float | None = None,
    ) -> Conversation:
        """
        Make a conversation. The user is not in it until :meth:`Conversation.join`.

        ``on_conversation_added`` fires once, with the same object.

        Args:
            friendly_name: The name to show, up to 256 characters.
            unique_name: A name that no other conversation of the service has.
            attributes: Any JSON value, up to 16 KiB as text; by default ``{}``.
            access: ``"restricted"`` in services with restricted users.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: An empty string or a wrong type.
            ConflictError: The unique name is taken (50353).
            ConnectionLostError: The connection broke before the answer: it is open whether it
                was made.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        shown = arguments.optional_text(friendly_name, "friendly_name")
        unique = arguments.optional_text(unique_name, "unique_name")
        value = arguments.attributes(attributes)
        allowed = arguments.optional_text(access, "access")

        async def run(service: ConversationsService, call: Call) -> ConversationRecord:
            return await service.conversation_commands.create(
                call, friendly_name=shown, unique_name=unique, attributes=value, access=allowed
            )

        return self._objects.conversation(self._objects.call("create_conversation", timeout, run))

    def get_or_create_conversation(
        self,
        unique_name: str,
        friendly_name: str | None = None,
        *,
        attributes: AttributesLike | None = None,
        access: str | None = None,
        timeout: float | None = None,
    ) -> Conversation:
        """
        The conversation with that unique name; made now if there is none. Nobody joins it.

        Two programs may call this at the same time: both get the same conversation.

        Args:
            unique_name: Must not look like a sid.
            friendly_name: Of a new one; as for :meth:`create_conversation`.
            attributes: Of a new one.
            access: Of a new one.
            timeout: Seconds for all of it.

        Raises:
            InvalidArgumentError: An empty string or a wrong type.
            ConflictError: The name belongs to a conversation that the user cannot see.
            ConnectionLostError: The connection broke while it was made: call it again.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        unique = arguments.text(unique_name, "unique_name")
        shown = arguments.optional_text(friendly_name, "friendly_name")
        value = arguments.attributes(attributes)
        allowed = arguments.optional_text(access, "access")

        async def run(service: ConversationsService, call: Call) -> ConversationRecord:
            return await service.conversation_commands.get_or_create(
                call, unique, friendly_name=shown, attributes=value, access=allowed
            )

        return self._objects.conversation(
            self._objects.call(f"get_or_create_conversation {unique}", timeout, run)
        )

    def get_total_unread_messages_count(self, *, timeout: float | None = None) -> int:
        """
        The unread messages of all conversations of the user together.

        Those whose read horizon was never set count as 0. One request for each page of the
        list, and one for each conversation that the list tells no count of.

        Args:
            timeout: Seconds for all of it.

        Raises:
            ConversationsError: What went wrong.

        Wire: docs/protocol/conversations.md, Read horizon and counts.
        """

        async def run(service: ConversationsService, call: Call) -> int:
            return await service.reading_commands.total_unread(call)

        return self._objects.call("get_total_unread_messages_count", timeout, run)


def _newest_first(record: ConversationRecord) -> tuple[bool, float]:
    sent = record.snapshot.last_message_date
    return (sent is None, 0.0 if sent is None else -sent.timestamp())
