"""
Start-up of the conversations layer: configuration, own user, the user's conversations.

Two round trips after the connection the client is usable: the configuration, then the map of
the user's conversations and the own user's map together. The list is read after that
(docs/protocol/conversations.md, Start-up).
"""

from __future__ import annotations

from collections.abc import Callable

from conversations._core.promises import Promise, gather, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.sync.client import SyncClient
from conversations._core.upstream import JSONValue, UpstreamRequest
from conversations._logs import ClientLog
from conversations.enums import SynchronizationStatus

from .channel_commands import ChannelCommands
from .configuration import Choices, Configuration, decode_configuration
from .content_commands import ContentCommands
from .context import Context
from .conversation_commands import ConversationCommands
from .conversation_list import ConversationList
from .events import Initialized
from .exchange import Exchange
from .listing_commands import ListingCommands
from .media_commands import MediaCommands
from .message_commands import MessageCommands
from .push_commands import PushCommands
from .reading_commands import ReadingCommands
from .typing_commands import TypingCommands
from .typing_participants import decode_notice
from .user_commands import UserCommands
from .users import FollowedUser, Users

_log = ClientLog("conversations.client")


class ConversationsService:
    """
    All of the conversations layer once the configuration is known.

    Args:
        context: What its parts share.
        api_url: Base of the REST API, without a slash at the end.
        push_url: The registrar of push tokens, the same way.
    """

    def __init__(self, context: Context, api_url: str, push_url: str) -> None:
        self._context = context
        self.configuration: Configuration = context.configuration
        self.typing_commands = TypingCommands(context)
        self.conversations = ConversationList(context, on_forgotten=self.typing_commands.forget)
        self.users = Users(context)
        self.conversation_commands = ConversationCommands(context, self.conversations)
        self.message_commands = MessageCommands(context, self.conversation_commands)
        self.media_commands = MediaCommands(context, self.message_commands)
        self.reading_commands = ReadingCommands(
            context, self.conversation_commands, self.message_commands
        )
        self.listing_commands = ListingCommands(context, self.conversations)
        self.push_commands = PushCommands(context, push_url)
        self.user_commands = UserCommands(context, self.users)
        self.content_commands = ContentCommands(context, self.media_commands, api_url)
        self.channel_commands = ChannelCommands(context)
        self._loading: Promise[None] | None = None

    async def open(self) -> None:
        """
        Open the own user's map and the map of conversations, at the same time.

        Raises:
            ConversationsError: One of the two could not be opened.
        """
        parts = [self.conversations.follow(), self.users.follow()]
        await gather(self._context.scheduler, parts)
        self.users.begin()
        self._context.emit(Initialized())
        self.conversations.begin()

    @property
    def own_user(self) -> FollowedUser:
        """
        The user that the client is connected as.
        """
        return self.users.own

    def typing_noticed(self, payload: JSONValue | bytes) -> None:
        """
        The service says that somebody is typing; what is not understood is passed over.
        """
        notice = decode_notice(payload)
        if notice is not None:
            self.conversations.typing_noticed(notice)

    def close(self) -> None:
        """
        The client ends: nobody is shown as typing any more, and nothing is sent about it.
        """
        self.typing_commands.close()
        self.conversations.close()

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
    push_url: str,
    emit: Callable[[object], None],
    load_conversations: bool,
    choices: Choices | None = None,
    token: Callable[[], str | None] = lambda: None,
    allows_plain_http: bool = False,
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
        push_url: The registrar of push tokens, the same way.
        emit: Takes events for the layers above.
        load_conversations: Whether the list is loaded (``Properties.synchronize_on_startup``).
        choices: What the program has chosen instead of the service.
        token: Returns the access token in force.
        allows_plain_http: Whether media may travel unencrypted.
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
    configuration = decode_configuration(await exchange.background(request), choices)
    exchange.answers.lifetime = configuration.cache_interval
    _log.info("start: configuration after %.3f s", scheduler.now - began)
    context = Context(
        scheduler=scheduler,
        exchange=exchange,
        sync=sync,
        configuration=configuration,
        emit=emit,
        token=token,
        allows_plain_http=allows_plain_http,
    )
    service = ConversationsService(context, api_url, push_url)
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
