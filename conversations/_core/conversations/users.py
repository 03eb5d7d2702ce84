"""
The own user.
"""

from __future__ import annotations

import attrs

from conversations._core.sync.events import ItemAdded, ItemUpdated, SubscriptionRefused, SyncEvent
from conversations.enums import ErrorReason, UserUpdateReason

from . import decoding
from .context import Context
from .events import UserSubscribed, UserUpdated
from .records import UserRecord
from .snapshots import UserSnapshot, update_reasons


class OwnUser:
    """
    Keeps the record of the user that the client is connected as.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_told = False
        self.record = UserRecord(UserSnapshot(identity=context.configuration.identity))

    async def follow(self) -> None:
        """
        Open the user's map; the first filling is not an update.

        Raises:
            ConversationsError: It could not be opened.
        """
        configuration = self._context.configuration
        if configuration.my_user_info is None:
            return
        user_map = await self._context.sync.open_map(
            configuration.my_user_info, self._changed, include_items=True
        )
        self.record.snapshot = decoding.user(
            configuration.identity,
            {str(key): decoding.mapping(item.data) for key, item in user_map.items.items()},
            reachability=configuration.is_reachability_enabled,
        )

    def begin(self) -> None:
        """
        Say that the user is there; from now on updates are told.
        """
        self._is_told = True
        if self.record.snapshot.is_subscribed:
            self._context.emit(UserSubscribed(self.record))

    def _changed(self, event: SyncEvent) -> None:
        if isinstance(event, (ItemAdded, ItemUpdated)):
            before = self.record.snapshot
            changes = decoding.user_item(
                str(event.key),
                decoding.mapping(event.data),
                reachability=self._context.configuration.is_reachability_enabled,
            )
            self.record.snapshot = attrs.evolve(before, **changes)
            reasons = update_reasons(before, self.record.snapshot, UserUpdateReason)
            if reasons and self._is_told:
                self._context.emit(UserUpdated(self.record, reasons))
        elif isinstance(event, SubscriptionRefused):
            self._context.report(
                event.error, "following the own user", ErrorReason.OPEN_COLLECTION_ERROR
            )
