"""
Single messages of a conversation and those that are cached, as a part of its class.
"""

from __future__ import annotations

from collections.abc import Callable

from conversations import _arguments as arguments
from conversations._conversation_base import ConversationBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._waiting import wait_for_event
from conversations.events import Event, MessageAdded
from conversations.message import Message


class ConversationCache(ConversationBase):
    """
    One message by its index, the cache, and waiting for a message.

    A message is cached once it was fetched, announced or sent; from then on it is kept up to
    date, and ``on_message_updated`` and ``on_message_deleted`` fire for it.
    """

    __slots__ = ()

    def get_message_by_index(
        self, index: int, *, nearest: bool = False, timeout: float | None = None
    ) -> Message:
        """
        The message with exactly that index. No traffic if it is cached.

        Args:
            index: From 0 on. There are gaps where messages were removed.
            nearest: Whether the one nearest to a gap is handed out instead; of two equally
                near ones, the later.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative.
            NotFoundError: There is none (code ``CANNOT_GET_MESSAGE_BY_INDEX``).
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        wanted, record = arguments.index(index), self._record
        is_near_enough = arguments.flag(nearest, "nearest")

        async def run(service: ConversationsService, call: Call) -> MessageRecord:
            return await service.message_commands.by_index(
                call, record, wanted, nearest=is_near_enough
            )

        return self._objects.message(self._call("get_message_by_index of", timeout, run))

    def get_message_for_read_index(
        self, index: int, *, timeout: float | None = None
    ) -> Message | None:
        """
        The message that a read horizon points to: the one with that index, or, if that was
        removed, the next one after it. No traffic if it is cached.

        Args:
            index: From 0 on.
            timeout: Seconds.

        Returns:
            ``None`` if there is no message from that index on.

        Raises:
            InvalidArgumentError: *index* is negative.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        wanted, record = arguments.index(index), self._record

        async def run(service: ConversationsService, call: Call) -> MessageRecord | None:
            return await service.message_commands.from_index(call, record, wanted)

        found = self._call("get_message_for_read_index of", timeout, run)
        return None if found is None else self._objects.message(found)

    @property
    def cached_messages(self) -> list[Message]:
        """
        The messages that are cached, by rising index; no traffic.
        """
        records = list(self._record.messages.values())  # in one step: it changes meanwhile
        records.sort(key=lambda record: record.snapshot.message_index)
        return [self._objects.message(record) for record in records]

    def evict_messages(self, keep_last: int = 0) -> None:
        """
        Drop cached messages, to save memory.

        They become unknown: no callback tells of their changes any more, and when they are
        fetched again they are new objects. One that was sent and is not announced yet stays.
        None is announced a second time.

        Args:
            keep_last: So many of the newest stay.

        Raises:
            InvalidArgumentError: *keep_last* is negative.
            ClientShutdownError: The client is shut down.
        """
        kept, sid = arguments.index(keep_last, "keep_last"), self.sid

        async def run(service: ConversationsService, _call: Call) -> None:
            service.message_commands.evict(sid, kept)

        self._call("evict_messages of", None, run)

    def wait_for_message(
        self,
        predicate: Callable[[Message], object] | None = None,
        *,
        after: int | None = None,
        timeout: float | None = None,
    ) -> Message:
        """
        Wait for a message that is announced after the call.

        With *after*, cached messages above that index count too, so that an answer which was
        faster is not missed::

            question = conversation.send_message("How are you?")
            answer = conversation.wait_for_message(after=question.message_index)

        Args:
            predicate: Returns whether this is the one; by default, any is. Called in the
                waiting thread; what it raises ends the waiting.
            after: Only messages above that index count.
            timeout: Seconds.

        Returns:
            The first that counts, by rising index.

        Raises:
            InvalidArgumentError: *predicate* cannot be called, or *after* is negative.
            ReentrancyError: Called inside a callback.
            RequestTimeoutError: None came in time.
            ClientShutdownError: The client is shut down, possibly meanwhile.
        """
        if predicate is not None:
            arguments.function(predicate, "predicate")
        floor = -1 if after is None else arguments.index(after, "after")

        def counts(event: Event) -> object:
            if not isinstance(event, MessageAdded) or event.conversation is not self:
                return False
            if event.message.message_index <= floor:
                return False
            return True if predicate is None else predicate(event.message)

        def present() -> list[Event]:
            if after is None:
                return []
            return [MessageAdded(message.conversation, message) for message in self.cached_messages]

        found = wait_for_event(
            self._objects,
            frozenset({"on_message_added"}),
            counts,
            name=f"wait_for_message in {self.sid}",
            timeout=timeout,
            present=present,
        )
        assert isinstance(found, MessageAdded)  # noqa: S101  # nothing else counts
        return found.message
