"""
Start-up of the conversations layer: configuration, own user, the user's conversations.

Two round trips after the connection the client is usable: the configuration, then the map of
the user's conversations and the own user's map together. The list is read after that
(docs/protocol/conversations.md, Start-up).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from conversations._core.promises import Promise, gather, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.sync.client import SyncClient
from conversations._core.upstream import UpstreamRequest
from conversations.enums import SynchronizationStatus

from .configuration import Configuration, decode_configuration
from .context import Context
from .conversation_commands import ConversationCommands
from .conversation_list import ConversationList
from .events import Initialized
from .exchange import Exchange
from .message_commands import MessageCommands
from .user_commands import UserCommands
from .users import OwnUser

_log = logging.getLogger("conversations.client")


class ConversationsService:
    """
    All of the conversations layer once the configuration is known.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.configuration: Configuration = context.configuration
        self.conversations = ConversationList(context)
        self.own_user = OwnUser(context)
        self.conversation_commands = ConversationCommands(context, self.conversations)
        self.message_commands = MessageCommands(context, self.conversation_commands)
        self.user_commands = UserCommands(context)
        self._loading: Promise[None] | None = None

    async def open(self) -> None:
        """
        Open the own user's map and the map of conversations, at the same time.

        Raises:
            ConversationsError: One of the two could not be opened.
        """
        parts = [self.conversations.follow(), self.own_user.follow()]
        await gather(self._context.scheduler, parts)
        self.own_user.begin()
        self._context.emit(Initialized())
        self.conversations.begin()

    def load_conversations(self) -> None:
        """
        Load the list in the background; does nothing while that is under way or done.
        """
        is_running = self._loading is not None and not self._loading.is_settled
        if is_running or self.conversations.status is SynchronizationStatus.COMPLETED:
            return
        self._loading = spawn(self._context.scheduler, self.conversations.load())
        self._context.watch(self._loading, "loading the conversations")


async def start_service(
    scheduler: Scheduler,
    exchange: Exchange,
    sync: SyncClient,
    *,
    api_url: str,
    emit: Callable[[object], None],
    load_conversations: bool,
    progress: Callable[[str], None],
    opened: Callable[[ConversationsService], None],
) -> ConversationsService:
    """
    Read the configuration and open what ``create`` waits for.

    Args:
        scheduler: The core's.
        exchange: For REST.
        sync: For Sync objects.
        api_url: Base of the REST API, without a slash at the end.
        emit: Takes events for the layers above.
        load_conversations: Whether the list is loaded (``Properties.synchronize_on_startup``).
        progress: Told what is waited for next.
        opened: Given the service before the first event that says it is there.

    Raises:
        ConversationsError: Start-up failed for good.
    """
    began = scheduler.now
    progress("the configuration")
    request = UpstreamRequest(
        method="GET",
        url=f"{api_url}/Client/v2/Configuration",
        headers={"Content-Type": "application/json; charset=utf-8"},
        description="the configuration",
    )
    configuration = decode_configuration(await exchange.background(request))
    _log.info("start: configuration after %.3f s", scheduler.now - began)
    context = Context(
        scheduler=scheduler, exchange=exchange, sync=sync, configuration=configuration, emit=emit
    )
    service = ConversationsService(context)
    opened(service)
    if load_conversations:
        service.conversations.set_status(SynchronizationStatus.STARTED)
    else:
        service.conversations.set_status(SynchronizationStatus.SYNCHRONIZATION_DISABLED)
    progress("the own user and the map of conversations")
    await service.open()
    _log.info("start: own user after %.3f s", scheduler.now - began)
    if load_conversations:
        service.load_conversations()
    return service
