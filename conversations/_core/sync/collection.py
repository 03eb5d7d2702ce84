"""
What maps and lists have in common: items somewhere else, and events in order.
"""

from __future__ import annotations

from abc import abstractmethod

from .entities import EntityHost, SyncEntity
from .notifications import NumberedChange
from .objects import ItemPage, K
from .ordering import EventOrder
from .queries import Order, Send
from .roots import PageDecoder, Root


class SyncCollection(SyncEntity):
    """
    A replicated map or list.
    """

    def __init__(self, host: EntityHost, root: Root, opened_as: str) -> None:
        super().__init__(host, root, opened_as)
        self._order = self._new_order(root)
        self._items_url = host.reader.items_url(self.object_type, root)
        # Set until it is read again: a replay did not bring everything after this event.
        self._missing_after: int | None = None

    @property
    def position(self) -> int | None:
        """
        All events up to this id are known; ``None`` if nothing is known about the order.
        """
        return self._order.position

    def finish(self) -> None:
        """
        Go out of use.
        """
        super().finish()
        self._order.close()

    def replay_expected(self) -> None:
        """
        A replay from the position is asked for, or will be: live events wait for its end.
        """
        self._order.replay_expected()

    def replay_completed(self, last_event_id: int | None) -> None:
        """
        The replay has ended with the event *last_event_id*; the subscription is live.
        """
        self.was_reopened = False
        position = self._order.position
        if not self._order.replay_completed(last_event_id) and self._missing_after is None:
            self._missing_after = position
        if self._missing_after is not None:
            self._host.content_missed(self)

    def replay_interrupted(self) -> None:
        """
        The replay has ended too early, another will follow.
        """
        self._order.replay_interrupted()

    def replay_abandoned(self) -> None:
        """
        The replay does not come, at least not for a while: nothing waits for it any more.
        """
        self._order.replay_abandoned()

    def _receive_numbered(self, change: NumberedChange, *, is_replayed: bool) -> None:
        self._order.receive(change, is_replayed=is_replayed)

    @abstractmethod
    def _apply(self, change: NumberedChange) -> None:
        """
        Take a change whose turn has come.
        """

    @property
    def _complete_through(self) -> int | None:
        """
        The event after which some may be missing that will not be replayed.
        """
        return self.position if self._missing_after is None else self._missing_after

    def _continue_at(self, root: Root) -> None:
        """
        Go on from the position of *root*; what waits and is older is delivered before.
        """
        self._missing_after = None
        if root.sid == self.sid:
            self._order.restart(root.position)
        else:  # event ids mean something else from now on
            self._order.close()
            self._order = self._new_order(root)
        self._items_url = self._host.reader.items_url(self.object_type, root)
        self._rename(root)

    def _new_order(self, root: Root) -> EventOrder:
        return EventOrder(
            self._host.scheduler,
            root.position,
            deliver=self._apply,
            on_gap=lambda: self._host.gap_found(self),
        )

    async def _read_page(
        self,
        decoder: PageDecoder[K],
        items_url: str,
        *,
        from_: K | None,
        inclusive: bool,
        page_size: int,
        order: Order,
        send: Send | None = None,
    ) -> ItemPage[K]:
        return await self._host.reader.page(
            decoder,
            items_url,
            f"items of {self.object_type.wire_name} {self.sid}",
            from_=from_,
            inclusive=inclusive,
            page_size=page_size,
            order=order,
            send=send,
        )
