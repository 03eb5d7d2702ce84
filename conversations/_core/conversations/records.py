"""
The core's live entries: one for each conversation, participant, message and user it knows.

A record keeps its identity while its snapshot is replaced. The network thread writes;
any thread may read ``snapshot`` and the read-only collections, which are replaced as a
whole too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .snapshots import ConversationSnapshot, MessageSnapshot, ParticipantSnapshot, UserSnapshot


class ParticipantRecord:
    """
    A participant of one conversation.
    """

    __slots__ = ("__weakref__", "conversation", "snapshot")

    def __init__(self, conversation: ConversationRecord, snapshot: ParticipantSnapshot) -> None:
        self.conversation = conversation
        self.snapshot = snapshot


class MessageRecord:
    """
    A message of one conversation.

    Attributes:
        event_id: Id of the newest Sync event that is part of the snapshot; negative while it
            comes from the answer to a command only.
        is_removed: Whether the message was removed while it was cached.
    """

    __slots__ = ("__weakref__", "conversation", "event_id", "is_removed", "snapshot")

    def __init__(
        self, conversation: ConversationRecord, snapshot: MessageSnapshot, event_id: int
    ) -> None:
        self.conversation = conversation
        self.snapshot = snapshot
        self.event_id = event_id
        self.is_removed = False


class UserRecord:
    """
    A user whose map has been opened.
    """

    __slots__ = ("__weakref__", "snapshot")

    def __init__(self, snapshot: UserSnapshot) -> None:
        self.snapshot = snapshot


class ConversationRecord:
    """
    A conversation, from the moment its sid is known until it leaves the user's list.

    Attributes:
        participants: By sid, in the order of the roster.
        messages: Those that are cached, by index, in no particular order. Alone among these it
            is changed in place, by the network thread: others may look up one index or make a
            list of the values, which takes one step, but not iterate.
        typing: Those who are typing now, in the order in which they began.
    """

    __slots__ = ("__weakref__", "is_forgotten", "messages", "participants", "snapshot", "typing")

    def __init__(self, snapshot: ConversationSnapshot) -> None:
        self.snapshot = snapshot
        self.participants: Mapping[str, ParticipantRecord] = MappingProxyType({})
        self.messages: dict[int, MessageRecord] = {}
        self.typing: tuple[ParticipantRecord, ...] = ()
        self.is_forgotten = False

    @property
    def sid(self) -> str:
        """
        ``CH…``; never changes.
        """
        return self.snapshot.sid
