"""
The whole core as one object: bytes, commands and time in; bytes, events and results out.

Whoever drives it calls it from one thread only, and :meth:`Engine.on_time` after every batch
of inputs and commands. It never waits, and knows no socket (docs/threads.md; ``tests/core``
drives it with scripted bytes and a clock of its own).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import attrs

from conversations._core.conversations import failures, typing_participants
from conversations._core.conversations.calls import Call, Calls, shut_down
from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.events import (
    ConnectionErrorOccurred,
    ConnectionStateChanged,
    ErrorOccurred,
    InitializationFailed,
    TokenAboutToExpire,
    TokenExpired,
    TokenWanted,
)
from conversations._core.conversations.exchange import ConnectedTime, Exchange, RetryPolicy
from conversations._core.conversations.service import ConversationsService, start_service
from conversations._core.conversations.window import RequestWindow
from conversations._core.creation import HOPELESS_AT_FIRST, Creation, creation_error
from conversations._core.ids import Ids
from conversations._core.promises import Cancelled, Promise, Task, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.sync.client import SyncClient
from conversations._core.token_keeper import TokenKeeper, provider_error
from conversations._core.twilsock import events as twilsock
from conversations._core.twilsock.config import SessionConfig
from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    LocalProtocolError,
    TwilsockError,
)
from conversations._core.twilsock.session import Session
from conversations._core.twilsock.states import OPEN_STATES, SessionState, published_states
from conversations._logs import ClientLog
from conversations.enums import ConnectionState, ErrorReason
from conversations.errors import (
    ConversationsError,
    NotReadyError,
    TokenError,
    TransportError,
)
from conversations.properties import Endpoints

_log = ClientLog("conversations.connection")

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class EngineSettings:
    """
    What the core needs to know at its creation.

    Attributes:
        endpoints: Where the service is, given the region that the first token names.
        session: Of the connection.
        retry_policy: Of the requests that belong to calls.
        max_outstanding_requests: Cap of the window over the client's own requests.
        token_refresh_margin: Seconds before expiry at which the next token is wanted.
        has_token_provider: Whether :class:`~.events.TokenWanted` is answered.
        load_conversations: Whether the list is loaded at start.
        choices: What the program has chosen instead of the service.
    """

    endpoints: Callable[[str | None], Endpoints]
    session: SessionConfig
    retry_policy: RetryPolicy = RetryPolicy()
    max_outstanding_requests: int = 1000
    token_refresh_margin: float = 120.0
    has_token_provider: bool = False
    load_conversations: bool = True
    choices: Choices = Choices()


class Engine:
    """
    Connection, Sync and conversations together.

    Args:
        settings: What it is to do.
        now: The time on the clock that drives it, in seconds.
        time_of_day: The same moment in seconds since 1970.
        rng: Source of ids and jitter.
    """

    def __init__(
        self, settings: EngineSettings, *, now: float, time_of_day: float, rng: random.Random
    ) -> None:
        self._settings = settings
        self.scheduler = Scheduler(now)
        self._rng = rng
        self._ids = Ids(rng)
        self._session = Session(self.scheduler, self._ids, rng, settings.session)
        self._connected_time = ConnectedTime(self.scheduler)
        self._exchange = Exchange(
            self.scheduler,
            self._session,
            ids=self._ids,
            rng=rng,
            window=RequestWindow(self.scheduler, settings.max_outstanding_requests),
            policy=settings.retry_policy,
            connected_time=self._connected_time,
            is_token_coming=self._is_token_coming,
        )
        self._sync: SyncClient | None = None
        self._first_correlation_id = int(time_of_day * 1000)
        self.tokens = TokenKeeper(
            self.scheduler,
            rng=rng,
            clock_offset=time_of_day - now,
            margin=settings.token_refresh_margin,
            has_provider=settings.has_token_provider,
            ask=lambda: self._emit(TokenWanted()),
            use=self._use_provided_token,
            about_to_expire=lambda: self._emit(TokenAboutToExpire()),
            report=self._token_provider_failed,
        )
        self._calls = Calls(self.scheduler)
        self._events: list[object] = []
        self._is_silent = False
        self.connection_state = ConnectionState.DISCONNECTED
        self.service: ConversationsService | None = None
        self.endpoints: Endpoints | None = None
        self._creation = Creation(self.scheduler)
        self._starting: Task[ConversationsService] | None = None
        self._token_updates = 0
        self._connections = 0
        self._connection_waiters: list[Promise[None]] = []

    # Driving it

    def start(self, now: float, token: str | None) -> None:
        """
        Begin to connect; without a token, the provider is asked for one first.
        """
        self.on_time(now)
        if token is None:
            self._creation.step = "the token provider"
            self.tokens.want()
        else:
            self._begin(token)
        self.on_time(now)

    def socket_opened(self, now: float, generation: int) -> None:
        """
        The socket of that generation is open.
        """
        self._set_time(now)
        self._session.socket_opened(generation)
        self._handle_session_events()

    def socket_failed(self, now: float, generation: int, failure: ConnectionFailure) -> None:
        """
        The socket of that generation could not be opened, or is lost.
        """
        self._set_time(now)
        self._session.socket_failed(generation, failure)
        self._handle_session_events()

    def receive_data(self, now: float, generation: int, data: bytes) -> None:
        """
        One binary websocket message came in.
        """
        self._set_time(now)
        self._session.receive_data(generation, data)
        self._handle_session_events()

    def socket_active(self, now: float, generation: int) -> None:
        """
        Something other than a binary message came in.
        """
        self._set_time(now)
        self._session.socket_active(generation)
        self._handle_session_events()

    def _set_time(self, now: float) -> None:
        """
        What has come in counts before the timers: it may have waited here for a while.
        """
        self.scheduler.now = max(self.scheduler.now, now)

    def on_time(self, now: float) -> None:
        """
        Do what is due, and what follows from the inputs and commands before.
        """
        while True:
            self._handle_session_events()
            self.scheduler.run(now)
            if not self._handle_session_events():
                return

    def outputs(self) -> list[twilsock.SocketOutput]:
        """
        What the socket is to do, in order; each only once.
        """
        return self._session.outputs()

    def events(self) -> list[object]:
        """
        What the layers above are told, in order; each only once.
        """
        events, self._events = self._events, []
        return events

    def next_deadline(self) -> float | None:
        """
        When :meth:`on_time` has something to do.
        """
        return self.scheduler.next_deadline()

    def close(self, now: float) -> None:
        """
        End everything: calls fail, the socket is closed, no event comes after the last.
        """
        self._set_time(now)
        self.tokens.close()
        self._session.close()
        self._handle_session_events()
        error = shut_down("create")
        if not self._creation.is_over:
            self._emit(InitializationFailed(error.error_info))
        self._is_silent = True
        self._creation.fail(error)
        self._calls.close()
        if self.service is not None:
            self.service.close()
        if self._starting is not None:
            self._starting.cancel()
        self._connected_time.given_up(error)
        self.on_time(now)

    def tell(self, event: object) -> None:
        """
        Put *event* in its place among those that the layers above are told.
        """
        self._events.append(event)

    @property
    def sent_requests(self) -> int:
        """
        So many requests went over the connection. Readable from anywhere.
        """
        return self._session.sent_requests

    @property
    def reconnections(self) -> int:
        """
        So often there was a connection after the first one. Readable from anywhere.
        """
        return max(0, self._connections - 1)

    def twilsock_url(self) -> str:
        """
        Where the socket is to be opened. There is an address once there is a token.
        """
        if self.endpoints is None:
            raise LocalProtocolError("no token has been used yet")
        return self.endpoints.twilsock_url

    # Calls

    def call(
        self,
        name: str,
        timeout: float,
        operation: Callable[[Call], Coroutine[Any, Any, T]],
        *,
        is_extended: bool = False,
    ) -> Promise[T]:
        """
        Start a call of the user's; its promise is settled within *timeout* seconds.

        Args:
            name: Operation and object, as errors name it.
            timeout: Seconds.
            operation: Gets the call.
            is_extended: Whether *timeout* bounds each stretch without progress instead.
        """
        return self._calls.start(name, timeout, operation, is_extended=is_extended)

    def cancel(self, promise: Promise[Any]) -> None:
        """
        Call off the call with that promise, as far as it can still be.
        """
        self._calls.cancel(promise)

    def ready_service(self) -> ConversationsService:
        """
        The conversations layer.

        Raises:
            NotReadyError: Start-up has not come that far.
        """
        if self.service is None:
            message = "the client is still being created"
            raise NotReadyError(message)
        return self.service

    def created(self, timeout: float) -> Promise[None]:
        """
        Settled when the client can be used, or cannot be created.
        """
        promise = self._calls.start("create", timeout, self._creation.wait)
        promise.add_done_callback(self._creation_ended)
        return promise

    async def update_token(self, call: Call, token: str) -> None:
        """
        Take a new token into use; see ``ConversationsClient.update_token``.
        """
        self.tokens.check(token)
        call.step = "the answer to the token update"
        self._token_updates += 1
        try:
            await self._take_token(token)
        except TwilsockError as error:
            raise _token_update_error(error) from error
        finally:
            self._token_updates -= 1

    async def _take_token(self, token: str) -> None:
        promise = self._session.update_token(token)
        if self._session.state is not SessionState.FAILED:
            self.tokens.now_in_use(token)
        await promise
        if self._connected_time.is_connected:
            self.tokens.accepted()

    async def wait_until_connected(self, call: Call) -> None:
        """
        Wait for a connection.

        Raises:
            TokenError: The token is refused or expired; it takes a new one.
            TransportError: There will be no connection.
        """
        call.step = "a connection"
        while self.connection_state is not ConnectionState.CONNECTED:
            if self.connection_state in (ConnectionState.DENIED, ConnectionState.FATAL_ERROR):
                raise failures.connection_error(self._session.failure)
            promise: Promise[None] = Promise(self.scheduler)
            self._connection_waiters.append(promise)
            await promise

    async def wait_for_synchronization(self, call: Call) -> None:
        """
        Wait until the conversations are loaded.

        Raises:
            NotReadyError: Nobody has asked for that.
            ConversationsError: They could not be loaded.
        """
        call.step = "the synchronization of the conversations"
        conversations = self.ready_service().conversations
        await conversations.outcome()
        if conversations.failure is not None:
            raise failures.copied(conversations.failure)
        if not conversations.is_completed:
            message = "the conversations are not loaded at start; call synchronize() first"
            raise NotReadyError(message)

    # Tokens from the provider

    def token_provided(self, token: object) -> None:
        """
        The provider answered :class:`~.events.TokenWanted`.
        """
        error = self.tokens.provided(token)
        if error is not None:
            self._provider_failed_creation(error)

    def token_failed(self, cause: BaseException) -> None:
        """
        The provider raised.
        """
        error = provider_error(cause)
        self.tokens.failed(error)
        self._provider_failed_creation(error)

    def _provider_failed_creation(self, error: ConversationsError) -> None:
        if not self._creation.is_over:
            refusal = self._creation.last_failure
            if error.__cause__ is None and refusal is not None:
                error.__cause__ = failures.connection_error(refusal)
            self._creation.fail(error)

    def _use_provided_token(self, token: str) -> None:
        if self._session.state is SessionState.IDLE:
            self._begin(token)
            return
        task = spawn(self.scheduler, self._take_token(token))

        def ended(update: Promise[None]) -> None:
            # What went wrong is told as a failure of the connection. If that is still there,
            # it goes on with the token before: another attempt may succeed.
            if update.error is not None and self._connected_time.is_connected:
                self.tokens.not_heard()

        task.add_done_callback(ended)

    def _is_token_coming(self) -> bool:
        return self._session.state is SessionState.DENIED and self.tokens.has_provider

    def _token_provider_failed(self, error: ConversationsError) -> None:
        if not self._creation.is_awaited:
            self._emit(ErrorOccurred(error.error_info))

    def _begin(self, token: str) -> None:
        """
        Connect for the first time; the token may name the region.
        """
        self._creation.step = "a connection"
        try:
            self.tokens.check(token)
            self.tokens.now_in_use(token)
            claims = self.tokens.claims
            self.endpoints = self._settings.endpoints(claims.region if claims is not None else None)
        except ConversationsError as error:
            self._creation.fail(error)
            return
        self._sync = SyncClient(
            self.scheduler,
            self._ids,
            self._rng,
            base_url=self.endpoints.sync_url,
            read=self._exchange.background,
            post=self._exchange.once,
            first_correlation_id=self._first_correlation_id,
            on_error=self._sync_failed,
        )
        self._session.connect(token)

    # What the session tells

    def _handle_session_events(self) -> bool:
        handled = False
        while (event := self._session.next_event()) is not None:
            handled = True
            if isinstance(event, twilsock.NotificationReceived):
                self._notification_received(event)
            elif isinstance(event, twilsock.StateChanged):
                self._state_changed(event)
            elif isinstance(event, twilsock.ConnectionFailed):
                self._connection_failed(event)
            elif isinstance(event, twilsock.TokenAboutToExpire):
                self.tokens.announce()
            else:
                self._emit(TokenExpired())
        return handled

    def _notification_received(self, event: twilsock.NotificationReceived) -> None:
        if event.message_type == typing_participants.MESSAGE_TYPE:
            if self.service is not None:
                self.service.typing_noticed(event.payload)
        elif not isinstance(event.payload, bytes):
            self._the_sync.receive(event.message_type, event.payload)

    @property
    def _the_sync(self) -> SyncClient:
        assert self._sync is not None  # noqa: S101  # made before connecting
        return self._sync

    def _state_changed(self, event: twilsock.StateChanged) -> None:
        for state in published_states(event.state):
            if state is not self.connection_state:
                self.connection_state = state
                _log.info("connection: %s", state.name)
                self._emit(ConnectionStateChanged(state))
        if event.state is SessionState.INITIALIZING:
            self._creation.step = "the answer to init"
        elif event.state is SessionState.CONNECTED and event.previous is SessionState.INITIALIZING:
            self._connected()
        elif event.previous in (SessionState.CONNECTED, SessionState.THROTTLED) and (
            event.state not in (SessionState.CONNECTED, SessionState.THROTTLED)
        ):
            self._connected_time.disconnected()
            self._the_sync.disconnected()
        if event.state is SessionState.DENIED:
            self._denied()
        elif event.state is SessionState.FAILED:
            self._connected_time.given_up(failures.connection_error(self._session.failure))
        waiters, self._connection_waiters = self._connection_waiters, []
        for waiter in waiters:
            waiter.resolve(None)

    def _connected(self) -> None:
        self._connections += 1
        self.tokens.accepted()
        self._calls.connected()
        self._creation.connected()
        self._connected_time.connected()
        self._the_sync.connected()
        if self._starting is None:
            assert self.endpoints is not None  # noqa: S101  # known before connecting
            start = start_service(
                self.scheduler,
                self._exchange,
                self._the_sync,
                api_url=self.endpoints.api_url,
                push_url=self.endpoints.push_url,
                emit=self._emit,
                load_conversations=self._settings.load_conversations,
                choices=self._settings.choices,
                token=lambda: self.tokens.in_force,
                allows_plain_http=self._allows_plain_http(self.endpoints),
                progress=self._creation.waits_for,
                opened=self._service_opened,
            )
            self._starting = spawn(self.scheduler, start)
            self._starting.add_done_callback(self._service_started)

    def _allows_plain_http(self, endpoints: Endpoints) -> bool:
        """
        Whether the program itself has chosen to do without encryption.
        """
        media_url = self._settings.choices.media_url or ""
        return endpoints.twilsock_url.startswith("ws:") or media_url.startswith("http:")

    def _service_started(self, starting: Promise[ConversationsService]) -> None:
        error = starting.error
        if error is None:
            self._creation.succeed()
        elif not isinstance(error, Cancelled):
            self._creation.fail(creation_error(error))

    def _service_opened(self, service: ConversationsService) -> None:
        self.service = service

    def _connection_failed(self, event: twilsock.ConnectionFailed) -> None:
        failure = event.failure
        info = failures.failure_info(failure)
        is_awaited = self._creation.is_awaited or self._token_updates > 0
        is_first_attempt = self._creation.last_failure is None and self._starting is None
        self._creation.failed_attempt(failure)
        if self._session.state not in OPEN_STATES:
            self._calls.connection_failed(failures.connection_error(failure))
        self._emit(ConnectionErrorOccurred(info, event.terminal))
        if not is_awaited:
            self._emit(ErrorOccurred(info))
        if event.terminal and failure.kind is not FailureKind.CLOSED:
            denied = failures.is_about_the_token(failure)
            if not (denied and self.tokens.has_provider and self._creation.may_ask_again()):
                self._creation.fail(failures.connection_error(failure))
        elif is_first_attempt and failure.kind in HOPELESS_AT_FIRST:
            self._creation.fail(failures.connection_error(failure))

    def _denied(self) -> None:
        if self.tokens.has_provider:
            self.tokens.rejected()

    def _sync_failed(self, what: str, error: ConversationsError) -> None:
        info = error.error_info
        self._emit(ErrorOccurred(attrs.evolve(info, message=f"{what}: {info.message}")))

    def _creation_ended(self, promise: Promise[None]) -> None:
        error = promise.error
        self._creation.is_over = True
        if isinstance(error, ConversationsError):
            self._emit(InitializationFailed(error.error_info))
            self._is_silent = True

    def _emit(self, event: object) -> None:
        if not self._is_silent:
            self._events.append(event)


def _token_update_error(error: TwilsockError) -> ConversationsError:
    mapped = failures.transport_error(error, "the token update")
    if isinstance(mapped, (TokenError, TransportError)):
        return mapped
    return TokenError(attrs.evolve(mapped.error_info, reason=ErrorReason.UPDATE_TOKEN_ERROR))


__all__ = ["Engine", "EngineSettings"]
