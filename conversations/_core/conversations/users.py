"""
Users: the own one, and those that the program has asked for.

A user is followed through its map (docs/protocol/conversations.md, Users).
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

import attrs

from conversations._core.promises import Task, spawn
from conversations._core.sync.events import (
    EntityRemoved,
    ItemAdded,
    ItemUpdated,
    SubscriptionRefused,
    SyncEvent,
)
from conversations._core.sync.maps import SyncMap
from conversations.enums import ErrorReason, UserUpdateReason
from conversations.errors import ConversationsError

from . import decoding
from .context import Context
from .events import UserSubscribed, UserUnsubscribed, UserUpdated
from .records import UserRecord
from .snapshots import UserSnapshot, update_reasons


class FollowedUser:
    """
    One user whose map is open, or was.

    Args:
        context: The shared services.
        record: What others see of the user.
        on_lost: Called when the map is followed no more although nobody has closed it, with
            the reason if the service said one.
    """

    def __init__(
        self,
        context: Context,
        record: UserRecord,
        on_lost: Callable[[FollowedUser, ConversationsError | None], None],
    ) -> None:
        self._context = context
        self._on_lost = on_lost
        self._map: SyncMap | None = None
        self.record = record
        self.is_told = False

    async def open(self, name: str) -> UserSnapshot:
        """
        Open the user's map and subscribe to it.

        Returns:
            What is known now, for :meth:`begin`.

        Raises:
            ConversationsError: It could not be opened.
        """
        user_map = await self._context.sync.open_map(name, self._changed, include_items=True)
        try:
            await user_map.load_all()
        except BaseException:
            user_map.close(self._changed)
            raise
        self._map = user_map
        return decoding.user(
            self.record.snapshot.identity,
            {str(key): decoding.mapping(item.data) for key, item in user_map.items.items()},
            reachability=self._context.configuration.is_reachability_enabled,
        )

    def begin(self, snapshot: UserSnapshot) -> None:
        """
        Say that the user is followed, and what has changed since it was followed before.
        """
        before, self.record.snapshot = self.record.snapshot, snapshot
        self._context.emit(UserSubscribed(self.record))
        if self.is_told:
            self._tell_update(before)
        self.is_told = True

    def close(self) -> None:
        """
        Follow the user no more. What is known stays.
        """
        if self._map is not None:
            self._map.close(self._changed)
            self._map = None

    def end(self) -> None:
        """
        The same, and say so.
        """
        self.close()
        if self.record.snapshot.is_subscribed:
            self.record.snapshot = attrs.evolve(self.record.snapshot, is_subscribed=False)
            self._context.emit(UserUnsubscribed(self.record))

    def _changed(self, event: SyncEvent) -> None:
        if isinstance(event, (ItemAdded, ItemUpdated)):
            before = self.record.snapshot
            changes = decoding.user_item(
                str(event.key),
                decoding.mapping(event.data),
                reachability=self._context.configuration.is_reachability_enabled,
            )
            self.record.snapshot = attrs.evolve(before, **changes)
            if self.is_told:
                self._tell_update(before)
        elif isinstance(event, EntityRemoved):
            self._on_lost(self, None)
        elif isinstance(event, SubscriptionRefused):
            self._on_lost(self, event.error)

    def _tell_update(self, before: UserSnapshot) -> None:
        reasons = update_reasons(before, self.record.snapshot, UserUpdateReason)
        if reasons:
            self._context.emit(UserUpdated(self.record, reasons))


class Users:
    """
    All users that are followed: the own one always, others up to a limit.

    Attributes:
        own: The own user.
        records: The own one first, then in the order of subscription; replaced as a whole,
            readable from anywhere.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._others: dict[str, FollowedUser] = {}  # oldest subscription first
        # A user that the program still holds is the same object when it is followed again.
        self._known: WeakValueDictionary[str, UserRecord] = WeakValueDictionary()
        self._reopening: Task[None] | None = None
        self.own = FollowedUser(
            context,
            UserRecord(UserSnapshot(identity=context.configuration.identity)),
            on_lost=self._own_lost,
        )
        self.records: tuple[UserRecord, ...] = (self.own.record,)

    # The own user

    async def follow(self) -> None:
        """
        Open the own user's map; the first filling is not an update.

        Raises:
            ConversationsError: It could not be opened.
        """
        name = self._context.configuration.my_user_info
        if name is not None:
            self.own.record.snapshot = await self.own.open(name)

    def begin(self) -> None:
        """
        Say that the own user is there; from now on updates are told.
        """
        if self.own.record.snapshot.is_subscribed:
            self.own.begin(self.own.record.snapshot)

    def _own_lost(self, _: FollowedUser, error: ConversationsError | None) -> None:
        if error is not None:
            self._context.report(error, "following the own user", ErrorReason.OPEN_COLLECTION_ERROR)

    async def _reopen(self, name: str) -> None:
        self.own.begin(await self.own.open(name))

    # Others

    def find(self, identity: str) -> UserRecord | None:
        """
        The user of that identity, if it is followed.
        """
        if identity == self.own.record.snapshot.identity:
            return self.own.record
        followed = self._others.get(identity)
        return None if followed is None else followed.record

    async def subscribe(self, identity: str, map_name: str) -> UserRecord:
        """
        Follow one more user; the one followed longest makes room for it.

        Raises:
            ConversationsError: Its map could not be opened.
        """
        record = self._known.get(identity)
        is_known = record is not None
        if record is None:
            record = UserRecord(UserSnapshot(identity=identity))
        followed = FollowedUser(self._context, record, on_lost=self._lost)
        snapshot = await followed.open(map_name)
        rival = self.find(identity)  # another call was faster
        if rival is not None:
            followed.close()
            return rival
        while len(self._others) >= self._context.configuration.users_to_subscribe:
            self._drop(next(iter(self._others)))
        followed.is_told = is_known
        self._others[identity] = followed
        self._known[identity] = record
        self._publish()
        followed.begin(snapshot)
        return record

    async def unsubscribe(self, record: UserRecord) -> None:
        """
        Follow a user no more; the own one is followed again at once.

        Raises:
            ConversationsError: The own user's map could not be opened again.
        """
        identity = record.snapshot.identity
        if record is not self.own.record:
            followed = self._others.get(identity)
            if followed is not None and followed.record is record:
                self._drop(identity)
            return
        name = self._context.configuration.my_user_info
        if name is None:
            return
        if self._reopening is None or self._reopening.is_settled:
            self.own.end()
            self._reopening = spawn(self._context.scheduler, self._reopen(name))
            self._context.watch(self._reopening, "following the own user")
        await self._reopening

    def _drop(self, identity: str) -> None:
        followed = self._others.pop(identity)
        self._publish()
        followed.end()

    def _lost(self, followed: FollowedUser, error: ConversationsError | None) -> None:
        identity = followed.record.snapshot.identity
        if self._others.get(identity) is not followed:
            return
        if error is not None:
            self._context.report(
                error, f"following the user {identity}", ErrorReason.OPEN_COLLECTION_ERROR
            )
        self._drop(identity)

    def _publish(self) -> None:
        others = (followed.record for followed in self._others.values())
        self.records = (self.own.record, *others)
