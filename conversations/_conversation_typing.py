"""
Who is typing in a conversation, as a part of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conversations._conversation_base import ConversationBase
from conversations._core.engine import Engine
from conversations.participant import Participant


class ConversationTyping(ConversationBase):
    """
    Telling the others that the user types, and seeing who else does.
    """

    __slots__ = ()

    @property
    def typing_participants(self) -> list[Participant]:
        """
        Who is typing now, in the order in which they began; never the user.
        """
        return [self._objects.participant(record) for record in self._record.typing]

    def typing(self) -> None:
        """
        Tell the others that the user is typing. Call it with each key press.

        It needs no end: the others see it end some seconds after the last call, or with the
        message. Nothing is sent within ``Properties.typing_indicator_timeout`` after the last
        notice for this conversation that the service took; by default within the time that
        the service said, 5 s at first.

        Threading: any thread; does not block. What goes wrong, a missing connection included,
        is logged and nothing else.

        Raises:
            ClientShutdownError: The client is shut down.

        Wire: docs/protocol/conversations.md, Typing.
        """
        self._objects.runtime.check_usable()
        sid = self.sid
        self._post_typing(lambda engine: engine.ready_service().typing_commands.typing(sid))

    @contextmanager
    def typing_scope(self) -> Iterator[None]:
        """
        A ``with`` block in which the user is shown as typing, however long it takes.

        The client repeats the notice by itself. After the end of the block the others see it
        end after some seconds, or with the message; it also ends with the conversation.

        Threading: any thread; does not block. What goes wrong is logged and nothing else.

        Raises:
            ClientShutdownError: The client is shut down; at the beginning of the block only.

        Example::

            with conversation.typing_scope():
                answer = think_for_a_while(message)
            conversation.send_message(answer)
        """
        self._objects.runtime.check_usable()
        sid = self.sid
        self._post_typing(lambda engine: engine.ready_service().typing_commands.keep(sid))
        try:
            yield
        finally:
            self._post_typing(lambda engine: engine.ready_service().typing_commands.release(sid))

    def _post_typing(self, action: Callable[[Engine], None]) -> None:
        self._objects.runtime.post(action)
