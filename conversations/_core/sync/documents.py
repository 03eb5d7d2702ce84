"""
Documents: one JSON object.
"""

from __future__ import annotations

from typing import ClassVar

from .entities import EntityHost, SyncEntity
from .events import DocumentUpdated, JSONObject
from .notifications import DocumentWritten, NumberedChange
from .objects import ObjectType
from .roots import Root


class SyncDocument(SyncEntity):
    """
    A replicated JSON object.

    Every event carries the whole content, so the newest one wins and nothing waits for
    events before it.
    """

    object_type: ClassVar[ObjectType] = ObjectType.DOCUMENT

    def __init__(self, host: EntityHost, root: Root, opened_as: str) -> None:
        super().__init__(host, root, opened_as)
        self._position = root.position
        self._data = root.data

    @property
    def position(self) -> int | None:
        """
        The event that wrote the content.
        """
        return self._position

    @property
    def data(self) -> JSONObject:
        """
        The whole content. Replaced, never changed.
        """
        return self._data

    def merge(self, root: Root) -> None:
        """
        Another reading is of no use: events bring what is newer.
        """

    async def adopt(self, root: Root) -> None:
        """
        Take over what was read, if it is newer or the document was made anew.
        """
        if root.sid != self.sid:
            self._rename(root)
            self._write(root.data, root.position)
        elif root.position is not None and self._is_newer(root.position):
            self._write(root.data, root.position)

    def replay_expected(self) -> None:
        """
        Nothing waits.
        """

    def replay_completed(self, last_event_id: int | None) -> None:
        """
        The replay has ended; if it kept the newest content back, that is read.
        """
        self.was_reopened = False
        if last_event_id is not None and self._is_newer(last_event_id):
            self._host.content_missed(self)

    def replay_interrupted(self) -> None:
        """
        Nothing waits.
        """

    def replay_abandoned(self) -> None:
        """
        Nothing waits.
        """

    def _receive_numbered(self, change: NumberedChange, *, is_replayed: bool) -> None:  # noqa: ARG002  # makes no difference to a document
        if isinstance(change, DocumentWritten) and self._is_newer(change.id):
            self._write(change.data, change.id)

    def _is_newer(self, event_id: int) -> bool:
        return self._position is None or event_id > self._position

    def _write(self, data: JSONObject, event_id: int | None) -> None:
        previous, self._data = self._data, data
        self._position = event_id
        if data != previous:
            self.emit(DocumentUpdated(data=data, previous=previous))
