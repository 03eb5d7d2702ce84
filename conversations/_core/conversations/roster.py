"""
The participants of one conversation.
"""

from __future__ import annotations

from types import MappingProxyType

from conversations._core.promises import Promise
from conversations._core.sync.events import ItemAdded, ItemRemoved, ItemUpdated, SyncEvent
from conversations._core.sync.maps import SyncMap
from conversations.enums import ParticipantUpdateReason

from . import decoding
from .context import Context
from .events import ParticipantAdded, ParticipantDeleted, ParticipantUpdated
from .records import ConversationRecord, ParticipantRecord
from .snapshots import ParticipantSnapshot, update_reasons
from .typing_participants import TypingParticipants


class Roster:
    """
    Keeps ``conversation.participants`` in step with the roster map.

    Loading tells nothing; whoever enters, changes or leaves afterwards is told. If the map is
    lost in between, the next loading tells the difference.

    Args:
        context: The shared services.
        conversation: Whose roster it is.
        typing: Told of those who leave.

    Attributes:
        is_loaded: Whether everybody is known and changes are followed.
    """

    def __init__(
        self, context: Context, conversation: ConversationRecord, typing: TypingParticipants
    ) -> None:
        self._context = context
        self._conversation = conversation
        self._typing = typing
        self._answered: dict[str, ParticipantRecord] = {}
        self._arrivals: list[tuple[str, Promise[ParticipantRecord]]] = []
        self._is_interrupted = False
        self.is_loaded = False

    def loaded(self, roster: SyncMap) -> None:
        """
        All items are there: publish them.
        """
        known = self._conversation.participants
        self.is_loaded = True
        if self._is_interrupted:
            self._is_interrupted = False
            for key in known.keys() - roster.items.keys():
                self.removed(ItemRemoved(key=key, event_id=0))
            for key, item in roster.items.items():
                self.added(ItemAdded(key=key, data=item.data, event_id=item.event_id))
            return
        participants: dict[str, ParticipantRecord] = {}
        for key, item in roster.items.items():
            snapshot = decoding.participant(key, decoding.mapping(item.data))
            record = known.get(key) or self._record(snapshot)
            record.snapshot = snapshot
            participants[key] = record
        self._publish(participants)
        for record in self._conversation.typing:
            if record not in participants.values():
                self._typing.ended(record)

    def unload(self) -> None:
        """
        The roster is followed no more: the user has left. What is known stays readable.
        """
        self.is_loaded = self._is_interrupted = False

    def interrupted(self) -> None:
        """
        The roster is not followed for now.
        """
        self._is_interrupted = self._is_interrupted or self.is_loaded
        self.is_loaded = False

    def map_changed(self, event: SyncEvent) -> None:
        """
        Take an event of the map. Until all is loaded they say nothing new.
        """
        if not self.is_loaded:
            return
        if isinstance(event, ItemAdded):
            self.added(event)
        elif isinstance(event, ItemUpdated):
            self.updated(event)
        elif isinstance(event, ItemRemoved):
            self.removed(event)

    def answered(self, snapshot: ParticipantSnapshot) -> ParticipantRecord:
        """
        The record of a participant that the service has accepted, announced already or not.
        """
        known = self._conversation.participants.get(snapshot.sid)
        if known is not None:
            return known
        record = self._answered[snapshot.sid] = self._record(snapshot)
        return record

    def with_identity(self, identity: str) -> ParticipantRecord | None:
        """
        The participant of that identity, if there is one.
        """
        for record in self._conversation.participants.values():
            if record.snapshot.identity == identity:
                return record
        return None

    def arrival(self, identity: str) -> Promise[ParticipantRecord]:
        """
        The participant of an identity that is known to be in: at once, or with its event.
        """
        promise: Promise[ParticipantRecord] = Promise(
            self._context.scheduler,
            on_abandon=lambda: self._arrivals.remove((identity, promise)),
        )
        self._arrivals.append((identity, promise))
        self._tell_arrivals()
        return promise

    def _tell_arrivals(self) -> None:
        waiting, self._arrivals = self._arrivals, []
        for identity, promise in waiting:
            record = self.with_identity(identity)
            if record is None:
                self._arrivals.append((identity, promise))
            else:
                promise.resolve(record)

    def added(self, event: ItemAdded) -> None:
        """
        The map says that someone entered.
        """
        snapshot = decoding.participant(str(event.key), decoding.mapping(event.data))
        if snapshot.sid in self._conversation.participants:
            self._replace(self._conversation.participants[snapshot.sid], snapshot)
            return
        record = self._record(snapshot)
        record.snapshot = snapshot
        self._publish({**self._conversation.participants, snapshot.sid: record})
        self._context.emit(ParticipantAdded(record))

    def updated(self, event: ItemUpdated) -> None:
        """
        The map says that someone changed.
        """
        record = self._conversation.participants.get(str(event.key))
        if record is None:
            self.added(ItemAdded(key=event.key, data=event.data, event_id=event.event_id))
            return
        self._replace(
            record, decoding.participant(record.snapshot.sid, decoding.mapping(event.data))
        )

    def removed(self, event: ItemRemoved) -> None:
        """
        The map says that someone left.
        """
        participants = dict(self._conversation.participants)
        record = participants.pop(str(event.key), None)
        if record is not None:
            self._publish(participants)
            self._typing.ended(record)
            self._context.emit(ParticipantDeleted(record))

    def _record(self, snapshot: ParticipantSnapshot) -> ParticipantRecord:
        answered = self._answered.pop(snapshot.sid, None)
        return answered or ParticipantRecord(self._conversation, snapshot)

    def _replace(self, record: ParticipantRecord, snapshot: ParticipantSnapshot) -> None:
        reasons = update_reasons(record.snapshot, snapshot, ParticipantUpdateReason)
        record.snapshot = snapshot
        if reasons:
            self._context.emit(ParticipantUpdated(record, reasons))

    def _publish(self, participants: dict[str, ParticipantRecord]) -> None:
        self._conversation.participants = MappingProxyType(participants)
        self._tell_arrivals()
