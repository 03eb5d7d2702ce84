"""
What holds the parts of the Sync layer together: entities, subscriptions, recovery.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from typing import Any

from conversations._core.ids import Ids
from conversations._core.promises import Promise, spawn
from conversations._core.scheduler import Scheduler
from conversations._logs import ClientLog
from conversations.errors import ConversationsError, ServiceError

from .entities import SyncEntity
from .events import EntityRemoved, Observer, SubscriptionRefused, SyncEvent
from .queries import Reader, Send
from .recovery import Recovery
from .registry import Registry
from .subscriptions import Subscriptions

logger = ClientLog("conversations.sync")


class Hub:
    """
    Tells each part what it must know of the others.

    Args: as of :class:`~conversations._core.sync.client.SyncClient`.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ids: Ids,
        rng: random.Random,
        *,
        base_url: str,
        read: Send,
        post: Send,
        first_correlation_id: int,
        on_error: Callable[[str, ServiceError], None],
    ) -> None:
        self.scheduler = scheduler
        self.reader = Reader(ids, base_url, read)
        self.registry = Registry()
        self.subscriptions = Subscriptions(
            scheduler,
            ids,
            rng,
            url=f"{base_url}/v4/Subscriptions",
            post=post,
            first_correlation_id=first_correlation_id,
            host=self,
        )
        self._recovery = Recovery(self, self.reader)
        self._on_error = on_error

    def notify(self, observer: Observer, entity: SyncEntity, event: SyncEvent) -> None:
        """
        Call an observer. The one place where its exceptions end: they are bugs, and must not
        keep the next event from the next observer.
        """
        try:
            observer(event)
        except Exception:
            logger.exception("an observer of %s failed with %s", entity.sid, type(event).__name__)

    # what entities say

    def entity_attached(self, entity: SyncEntity) -> None:
        """
        The entity has its first observer.
        """
        self.registry.add(entity, entity.opened_as)
        self.subscriptions.want(entity)

    def entity_closed(self, entity: SyncEntity) -> None:
        """
        The entity has lost its last observer.
        """
        self.registry.remove(entity)
        self.subscriptions.unwant(entity)

    def entity_renamed(self, entity: SyncEntity, old_sid: str) -> None:
        """
        The entity was made anew by the server, and has another sid.
        """
        logger.info("%s was made anew as %s", old_sid, entity.sid)
        self.registry.rename(entity, old_sid)
        self.subscriptions.rename(entity, old_sid)

    def entity_removed(self, entity: SyncEntity) -> None:
        """
        The entity does not exist any more. What still waits is told before that.
        """
        entity.replay_abandoned()
        if entity.is_closed:
            return
        logger.info("%s was removed", entity.sid)
        entity.finish()
        self.registry.remove(entity)
        self.subscriptions.forget(entity)
        entity.emit(EntityRemoved())
        entity.close()

    def gap_found(self, entity: SyncEntity) -> None:
        """
        Live events were told although some before them are missing: have them replayed.
        """
        logger.info("events of %s are missing", entity.sid)
        self.subscriptions.repeat(entity)

    def content_missed(self, entity: SyncEntity) -> None:
        """
        A replay has ended without the newest content: read it.
        """
        self._run(self._recovery.refresh(entity))

    # what subscriptions say

    def subscription_refused(self, entity: SyncEntity, error: ServiceError) -> None:
        """
        The server does not allow to subscribe.
        """
        entity.replay_abandoned()
        entity.emit(SubscriptionRefused(error))

    def history_lost(self, entity: SyncEntity, *, is_missing: bool) -> None:
        """
        There will be no replay.
        """
        self._run(self._recovery.recover(entity, is_missing=is_missing))

    def request_refused(self, error: ServiceError) -> None:
        """
        The server refuses subscription requests as such.
        """
        self._report("subscribe", error)

    # what the recovery says

    def is_open(self, sid: str) -> bool:
        """
        Whether there is an entity with this sid.
        """
        return self.registry.by_sid(sid) is not None

    def entity_recovered(self, entity: SyncEntity, *, is_done: bool) -> None:
        """
        The entity can be subscribed again.
        """
        self.subscriptions.recovered(entity, is_done=is_done)

    def recovery_refused(self, entity: SyncEntity, error: ServiceError) -> None:
        """
        The entity may not be read any more.
        """
        self.subscriptions.refuse(entity)
        self.subscription_refused(entity, error)

    def recovery_failed(self, entity: SyncEntity, error: ConversationsError) -> None:
        """
        The entity could not be read.
        """
        if isinstance(error, ServiceError):
            self._report(f"read {entity.object_type.wire_name} {entity.sid} again", error)

    def _report(self, what: str, error: ServiceError) -> None:
        try:
            self._on_error(what, error)
        except Exception:
            logger.exception("reporting an error failed")

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        spawn(self.scheduler, coroutine).add_done_callback(_log_bug)


def _log_bug(finished: Promise[None]) -> None:
    if finished.error is not None:
        logger.error("reading an entity again failed", exc_info=finished.error)
