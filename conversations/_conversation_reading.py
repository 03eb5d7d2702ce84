"""
What has been read of a conversation, as a part of its class.
"""

from __future__ import annotations

from typing import Literal, overload

from conversations import _arguments as arguments
from conversations._conversation_base import ConversationBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations.enums import NotificationLevel
from conversations.errors import InvalidArgumentError


class ConversationReading(ConversationBase):
    """
    The user's read horizon, its notification level, and counts.

    The horizon is the index of the newest message that the user has read. It moves only when
    the program moves it: reading or sending messages does not. ``None`` until it is set for
    the first time. Counts are the server's; they need not be quite new, and nothing fires
    when they change.
    """

    __slots__ = ()

    def set_notification_level(
        self, level: NotificationLevel, *, timeout: float | None = None
    ) -> None:
        """
        Choose whether push is sent to the user for this conversation.

        Args:
            level: ``DEFAULT`` or ``MUTED``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *level* is neither.
            ForbiddenError: The user is not in the conversation (50430).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Read horizon and counts.
        """
        arguments.instance(level, "level", NotificationLevel)
        if level is NotificationLevel.UNKNOWN:
            message = "level must be DEFAULT or MUTED"
            raise InvalidArgumentError(message)
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.reading_commands.set_notification_level(call, sid, level)

        self._call("set_notification_level of", timeout, run)

    def set_last_read_message_index(
        self, index: int | None, *, timeout: float | None = None
    ) -> int | None:
        """
        Put the read horizon anywhere, also back.

        Args:
            index: Of a message, which need not exist; ``None`` as
                :meth:`set_all_messages_unread`.
            timeout: Seconds.

        Returns:
            The number of unread messages now, as the server answers; ``None`` if it says none.

        Raises:
            InvalidArgumentError: *index* is negative or no whole number.
            ForbiddenError: The user is not in the conversation (50430).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Read horizon and counts.
        """
        horizon = None if index is None else arguments.index(index)
        record = self._record

        async def run(service: ConversationsService, call: Call) -> int | None:
            return await service.reading_commands.set_horizon(call, record, horizon)

        return self._call("set_last_read_message_index of", timeout, run)

    def advance_last_read_message_index(
        self, index: int, *, timeout: float | None = None
    ) -> int | None:
        """
        Move the read horizon forwards. If it is further already, it stays where it is.

        Args:
            index: Of a message, which need not exist.
            timeout: Seconds.

        Returns:
            The number of unread messages now, as the server answers; ``None`` if it says none.

        Raises:
            InvalidArgumentError: *index* is negative or no whole number.
            ForbiddenError: The user is not in the conversation (50430).
            ConversationsError: Anything else that went wrong.
        """
        horizon, record = arguments.index(index), self._record

        async def run(service: ConversationsService, call: Call) -> int | None:
            return await service.reading_commands.advance_horizon(call, record, horizon)

        return self._call("advance_last_read_message_index of", timeout, run)

    def set_all_messages_read(self, *, timeout: float | None = None) -> int | None:
        """
        Move the read horizon to the newest message that the server has.

        Args:
            timeout: Seconds for all of it.

        Returns:
            The number of unread messages now, as the server answers; ``None`` if it says
            none. 0 without a change if there are no messages.

        Raises:
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> int | None:
            return await service.reading_commands.read_all(call, record)

        return self._call("set_all_messages_read of", timeout, run)

    def set_all_messages_unread(self, *, timeout: float | None = None) -> int | None:
        """
        Take the read horizon away, as if it had never been set.

        Args:
            timeout: Seconds.

        Returns:
            The number of unread messages now, if the server says one without a horizon.

        Raises:
            ForbiddenError: The user is not in the conversation (50430).
            ConversationsError: Anything else that went wrong.
        """
        return self.set_last_read_message_index(None, timeout=timeout)

    @overload
    def get_unread_messages_count(
        self, *, or_all: Literal[True], timeout: float | None = None
    ) -> int: ...

    @overload
    def get_unread_messages_count(
        self, *, or_all: bool = False, timeout: float | None = None
    ) -> int | None: ...

    def get_unread_messages_count(
        self, *, or_all: bool = False, timeout: float | None = None
    ) -> int | None:
        """
        The number of messages after the read horizon, of any author; at most 1000.

        An answer is used again for ``Properties.http_cache_interval`` seconds, unless this
        client changes something in the conversation. Works before the conversation is loaded.

        Args:
            or_all: Whether to count all messages if the horizon was never set.
            timeout: Seconds.

        Returns:
            The number; ``None`` if the horizon was never set, which is not the same as 0.

        Raises:
            NotFoundError: The conversation is not in the user's list.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Read horizon and counts.
        """
        counts_all, sid = arguments.flag(or_all, "or_all"), self.sid

        async def run(service: ConversationsService, call: Call) -> int | None:
            if counts_all:
                return await service.reading_commands.unread_or_all(call, sid)
            return await service.reading_commands.unread(call, sid)

        return self._call("get_unread_messages_count of", timeout, run)

    def get_messages_count(self, *, timeout: float | None = None) -> int:
        """
        The number of messages; 0 if the server does not say.

        An answer is used again as for :meth:`get_unread_messages_count`.

        Args:
            timeout: Seconds.

        Raises:
            ForbiddenError: The user may not see the conversation (50430).
            ConversationsError: Anything else that went wrong.
        """
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> int:
            return await service.reading_commands.messages(call, sid)

        return self._call("get_messages_count of", timeout, run)

    def get_participants_count(self, *, timeout: float | None = None) -> int:
        """
        The number of participants; 0 if the server does not say.

        An answer is used again as for :meth:`get_unread_messages_count`.

        Args:
            timeout: Seconds.

        Raises:
            ForbiddenError: The user may not see the conversation (50430).
            ConversationsError: Anything else that went wrong.
        """
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> int:
            return await service.reading_commands.participants(call, sid)

        return self._call("get_participants_count of", timeout, run)
