"""
Who is typing in a conversation, as the service's notices tell
(docs/protocol/conversations.md, Typing).
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TypeAlias

import attrs

from conversations._core.scheduler import Scheduler, Timer
from conversations._core.upstream import JSONValue

from .configuration import DEFAULT_TYPING_TIMEOUT
from .decoding import mapping, text
from .events import TypingEnded, TypingStarted
from .records import ConversationRecord, MessageRecord, ParticipantRecord

MESSAGE_TYPE = "twilio.ipmsg.typing_indicator"

ALLOWANCE = 1.0
"""Seconds that a notice lasts longer than the pause between two of them."""

ANONYMOUS_CHANNEL = "apple"
"""Notices about participants of this channel do not name them."""

Tell: TypeAlias = Callable[[object], None]


@attrs.frozen(kw_only=True)
class TypingNotice:
    """
    What the service sends when somebody types.

    Attributes:
        conversation_sid: Where.
        identity: Who, if it is a user.
        seconds: How long it lasts unless another notice follows.
    """

    conversation_sid: str
    identity: str | None
    seconds: float


def decode_notice(payload: JSONValue | bytes) -> TypingNotice | None:
    """
    The notice, or ``None`` for what is none.
    """
    body = mapping(payload)
    conversation_sid = text(body.get("channel_sid"))
    if conversation_sid is None:
        return None
    return TypingNotice(
        conversation_sid=conversation_sid,
        identity=text(body.get("identity")),
        seconds=typing_timeout(body.get("typing_timeout")) or DEFAULT_TYPING_TIMEOUT + ALLOWANCE,
    )


def typing_timeout(value: JSONValue) -> float | None:
    """
    A positive number of seconds, or ``None`` for anything else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            return None
        return seconds if isfinite(seconds) and seconds > 0 else None
    return None


class TypingParticipants:
    """
    Keeps ``conversation.typing`` in step with the notices, and ends each in time.

    Args:
        scheduler: Runs the timers.
        conversation: Whose participants they are.
        tell: Takes the events.
    """

    def __init__(self, scheduler: Scheduler, conversation: ConversationRecord, tell: Tell) -> None:
        self._scheduler = scheduler
        self._conversation = conversation
        self._tell = tell
        self._timers: dict[ParticipantRecord, Timer] = {}  # in the order of their beginning

    def noticed(self, identity: str | None, seconds: float) -> None:
        """
        The service says that *identity* is typing, for so many seconds from now.
        """
        for participant in self._conversation.participants.values():
            snapshot = participant.snapshot
            is_named = identity is not None and snapshot.identity == identity
            if is_named or snapshot.channel == ANONYMOUS_CHANNEL:
                self._began(participant, seconds)

    def _began(self, participant: ParticipantRecord, seconds: float) -> None:
        running = self._timers.get(participant)
        if running is not None:
            running.cancel()
        self._timers[participant] = self._scheduler.call_later(
            seconds, lambda: self.ended(participant)
        )
        if running is None:
            self._publish()
            self._tell(TypingStarted(participant))

    def ended(self, participant: ParticipantRecord) -> None:
        """
        That participant is not typing any more, if it was.
        """
        timer = self._timers.pop(participant, None)
        if timer is not None:
            timer.cancel()
            self._publish()
            self._tell(TypingEnded(participant))

    def message_added(self, message: MessageRecord) -> None:
        """
        A message is about to be announced: its author has typed it.
        """
        author, sid = message.snapshot.author, message.snapshot.participant_sid
        for participant in tuple(self._timers):
            snapshot = participant.snapshot
            if snapshot.sid == sid or (author is not None and snapshot.identity == author):
                self.ended(participant)

    def end_all(self) -> None:
        """
        Nobody is typing any more, as when the user cannot see it.
        """
        for participant in tuple(self._timers):
            self.ended(participant)

    def close(self) -> None:
        """
        Stop without a word: nothing is told of the conversation any more.
        """
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._publish()

    def _publish(self) -> None:
        self._conversation.typing = tuple(self._timers)
