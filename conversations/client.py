"""
The client: a user's own live connection.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from conversations import _arguments as arguments
from conversations import enums
from conversations._client_content import ClientContent
from conversations._client_conversations import ClientConversations
from conversations._client_events import ClientEvents
from conversations._client_media import ClientMedia
from conversations._client_push import ClientPush
from conversations._client_users import ClientUsers
from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations._core.engine import Engine
from conversations._core.promises import Promise
from conversations._engines import new_engine
from conversations._listeners import ListenerTable, check_callback
from conversations._objects import ObjectClasses, Objects
from conversations._outcomes import report
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.lifecycle import creation_site
from conversations._runtime.opening import connector
from conversations._runtime.runtime import Runtime
from conversations._runtime.transfers import http_transport
from conversations._version import __version__
from conversations.conversation import Conversation
from conversations.conversation_builder import ConversationBuilder
from conversations.listeners import (
    CallbackListener,
    ConversationsClientListener,
    StatusListener,
)
from conversations.message import Message
from conversations.participant import Participant
from conversations.properties import Properties
from conversations.stats import ClientStats
from conversations.tokens import check_token
from conversations.user import User

P = ParamSpec("P")
T = TypeVar("T")

Token = str | Callable[[], str]
"""An access token, or a function without arguments that returns one."""

_CLASSES = ObjectClasses(
    conversation=Conversation, message=Message, participant=Participant, user=User
)


class ConversationsClient(
    ClientConversations, ClientUsers, ClientMedia, ClientContent, ClientEvents, ClientPush
):
    """
    A user's live connection to Twilio Conversations.

    Made by :meth:`create`. The program must hold the client for as long as it wants to hear
    anything: when the last reference is gone, it shuts down with a :class:`ResourceWarning`.
    Holding a conversation or a listener is not enough. :meth:`shutdown`, or the end of a
    ``with`` block, ends it properly.

    Threading: any thread. Methods that talk to the server block, work inside listeners, and
    take ``timeout`` in seconds, by default ``Properties.command_timeout``. Listeners are called
    on one thread of the client's own, one at a time, in order.

    Example::

        with ConversationsClient.create(token, listener=MyListener()) as client:
            client.wait_for_synchronization()
            client.get_conversation("support").send_message("hello")
    """

    ConnectionState = enums.ConnectionState
    SynchronizationStatus = enums.SynchronizationStatus

    def __init__(
        self, token: Token, properties: Properties, listener: ConversationsClientListener | None
    ) -> None:
        # Not for users: create() checks the arguments and waits.
        self._properties = properties
        self._engine = new_engine(properties, has_token_provider=callable(token))
        self._listeners = ListenerTable(listener)
        self._runtime = Runtime(
            self._engine,
            target=weakref.ref(self._listeners),
            connect=connector(self._engine.twilsock_url, properties),
            token_provider=token if callable(token) else None,
            worker_threads=properties.worker_threads,
            http=http_transport(properties),
            loop=properties.dispatcher,
        )
        engine = self._engine  # the function must not hold the client
        self._objects = Objects(
            self._runtime,
            properties.command_timeout,
            _CLASSES,
            lambda: engine.ready_service().configuration,
        )
        self._objects.belong_to(self, self._listeners)
        self._listeners.use(self._objects)
        self._runtime.own(self, creation_site())
        self._runtime.start(token if isinstance(token, str) else None)

    # Creating

    @staticmethod
    def create(
        token: Token,
        properties: Properties | None = None,
        listener: ConversationsClientListener | None = None,
        *,
        timeout: float | None = None,
    ) -> ConversationsClient:
        """
        Connect as the user of *token*.

        Returns when the client is connected and the own user is known; the conversations load
        in the background (:meth:`wait_for_synchronization`).

        Args:
            token: A JWT; or a function without arguments that returns one. The function is
                called at the start, before the token expires, and when it is refused; it runs
                on a background thread.
            properties: Settings; by default ``Properties()``.
            listener: Registered before anything happens, so that it misses nothing.
            timeout: Seconds for all of it.

        Raises:
            InvalidArgumentError: No token or an empty one, or wrong types.
            TokenRejectedError: It is no access token for Conversations, or was refused.
            TokenExpiredError: Its time is over.
            TokenError: The token function raised.
            ConnectError: The host was not found, or nobody answers there.
            TlsError: The certificate is wrong.
            TransportError: The server closed the connection for good.
            RequestTimeoutError: It took too long; says what it waited for.
            ConversationsError: Anything else, with reason ``CREATE_CLIENT_ERROR``.

        Wire: docs/protocol/conversations.md, Start-up.
        """
        client, seconds = _prepared(token, properties, listener, timeout)
        try:
            client._runtime.call(  # noqa: SLF001  # its own
                lambda engine: engine.created(seconds), name="create", timeout=seconds
            )
        except BaseException:
            client._runtime.shutdown()  # noqa: SLF001  # its own
            raise
        return client

    @staticmethod
    def create_with_callback(
        token: Token,
        properties: Properties | None = None,
        callback: CallbackListener[ConversationsClient] | StatusListener | None = None,
        listener: ConversationsClientListener | None = None,
    ) -> Future[ConversationsClient]:
        """
        The same without waiting.

        Exactly one of ``callback.on_success(client)`` and ``callback.on_error(error_info)`` is
        called, on the listener thread, before any callback about a conversation.

        Args:
            token: As for :meth:`create`.
            properties: As for :meth:`create`.
            callback: Told the outcome.
            listener: As for :meth:`create`.

        Returns:
            A future of the client. It holds the client, so whoever keeps it keeps the client.

        Raises:
            InvalidArgumentError: Wrong arguments; everything else comes through the future.
            TokenRejectedError: The token is no access token for Conversations.
            TokenExpiredError: Its time is over.
        """
        check_callback(callback)
        client, seconds = _prepared(token, properties, listener, None)
        future: Future[ConversationsClient] = Future()
        future.set_running_or_notify_cancel()

        def begin(engine: Engine) -> None:
            engine.created(seconds).add_done_callback(
                lambda outcome: engine.tell(
                    ListenerCall(
                        "the outcome of create_with_callback",
                        lambda: _tell_outcome(client, outcome, future, callback),
                    )
                )
            )

        client._runtime.post(begin)  # noqa: SLF001  # its own
        return future

    @staticmethod
    def create_and_synchronize(
        token: Token,
        properties: Properties | None = None,
        listener: ConversationsClientListener | None = None,
        *,
        timeout: float | None = None,
    ) -> ConversationsClient:
        """
        :meth:`create`, then wait until all conversations are loaded.

        Args:
            token: As for :meth:`create`.
            properties: As for :meth:`create`.
            listener: As for :meth:`create`.
            timeout: Seconds for each of the two.

        Raises:
            ConversationsError: As :meth:`create` and :meth:`wait_for_synchronization`; the
                client is shut down then.
        """
        client = ConversationsClient.create(token, properties, listener, timeout=timeout)
        try:
            client.wait_for_synchronization(timeout=timeout)
        except BaseException:
            client.shutdown()
            raise
        return client

    # Life and connection

    def shutdown(self) -> None:
        """
        End the client: close the connection, end the threads. Safe to call twice.

        What is queued for listeners up to now is delivered, and one last
        ``on_connection_state_change(DISCONNECTED)``; then no callback ever again. Calls under
        way raise :class:`ClientShutdownError`. Conversations, messages and participants stay
        readable.

        Threading: any thread, callbacks included; waits for the threads to end, but not for
        the one it is called on, and not for ever.
        """
        self._runtime.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    @property
    def is_shutdown(self) -> bool:
        """
        Whether :meth:`shutdown` has been called.
        """
        return self._runtime.is_shutdown

    @property
    def connection_state(self) -> enums.ConnectionState:
        """
        How the connection stands.
        """
        self._runtime.check_process()
        return self._engine.connection_state

    @property
    def synchronization_status(self) -> enums.SynchronizationStatus | None:
        """
        How far the conversations are loaded; ``None`` before ``STARTED``.
        """
        self._runtime.check_process()
        service = self._engine.service
        return None if service is None else service.conversations.status

    @property
    def token_expires_at(self) -> datetime | None:
        """
        When the token in use ends, by its own words, in UTC.
        """
        self._runtime.check_process()
        return self._engine.tokens.expires_at

    def update_token(self, token: str, *, timeout: float | None = None) -> None:
        """
        Replace the access token.

        Connected: waits until the server has taken it. Not connected: it is used for the next
        connection; a client that was ``DENIED`` connects again.

        Args:
            token: A JWT for the same identity. The one in use: nothing happens.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: No token, or an empty one.
            TokenError: It is one of another identity (code ``MISMATCHING_TOKEN_UPDATE``): the
                one in use stays; or the update failed for another reason.
            TokenRejectedError: The server refused it; the client is ``DENIED`` now.
            TokenExpiredError: Its time is over.
            TransportError: The connection is lost for good.

        Wire: docs/protocol/tokens.md, Renewal.
        """
        value = arguments.text(token, "token")
        seconds = arguments.timeout(timeout, self._properties.command_timeout)
        self._runtime.call(
            lambda engine: engine.call(
                "update_token", seconds, lambda call: engine.update_token(call, value)
            ),
            name="update_token",
            timeout=seconds,
        )

    def wait_until_connected(self, *, timeout: float | None = None) -> None:
        """
        Wait until :attr:`connection_state` is ``CONNECTED``.

        Args:
            timeout: Seconds.

        Raises:
            TokenError: The token was refused or has expired.
            TransportError: There will be no connection.
            ReentrancyError: Called inside a callback.
            RequestTimeoutError: It took too long.
        """
        self._wait("wait_until_connected", timeout, lambda engine: engine.wait_until_connected)

    def wait_for_synchronization(self, *, timeout: float | None = None) -> None:
        """
        Wait until all conversations are loaded (``COMPLETED``).

        Args:
            timeout: Seconds.

        Raises:
            NotReadyError: ``synchronize_on_startup`` is off and :meth:`synchronize` was not
                called.
            ReentrancyError: Called inside a callback.
            RequestTimeoutError: It took too long.
            ConversationsError: The list could not be loaded.
        """
        self._wait(
            "wait_for_synchronization", timeout, lambda engine: engine.wait_for_synchronization
        )

    def synchronize(self) -> None:
        """
        Load the list of conversations, if that was switched off or has failed.

        Returns when it has started; does nothing while it is under way or done.

        Raises:
            ClientShutdownError: The client is shut down.
        """

        async def run(service: ConversationsService, _call: Call) -> None:
            service.load_conversations()

        self._objects.call("synchronize", None, run)

    def _wait(
        self,
        name: str,
        timeout: float | None,
        method: Callable[[Engine], Callable[[Call], Coroutine[Any, Any, None]]],
    ) -> None:
        self._runtime.check_not_in_callback()
        seconds = arguments.timeout(timeout, self._properties.command_timeout)
        self._runtime.call(
            lambda engine: engine.call(name, seconds, method(engine)), name=name, timeout=seconds
        )

    # Listeners

    def add_listener(self, listener: ConversationsClientListener, replay: bool = False) -> None:
        """
        Register a listener.

        It alone gets ``on_client_synchronization`` with the current status, if there is one.

        Args:
            listener: Held strongly until it is removed.
            replay: Whether it also gets, before that, ``on_connection_state_change`` and
                ``on_conversation_added`` (and ``_joined``) for every known conversation.

        Raises:
            InvalidArgumentError: It is registered already, is no
                :class:`ConversationsClientListener`, or has an unknown ``on_…`` method.
            ClientShutdownError: The client is shut down.
        """
        self._objects.listeners.add(listener, replay=replay)

    def remove_listener(self, listener: ConversationsClientListener) -> None:
        """
        Take a listener out: it gets nothing more, but a callback under way may finish.

        An unknown one is no error.
        """
        self._listeners.remove(listener)

    def remove_all_listeners(self) -> None:
        """
        Take all listeners of the client out; those of conversations stay.
        """
        self._listeners.remove_all()

    def submit(
        self,
        fn: Callable[..., T],
        *args: Any,
        callback: CallbackListener[T] | StatusListener | None = None,
        **kwargs: Any,
    ) -> Future[T]:
        """
        Run *fn*, mostly a blocking method of this package, in the background.

        Args:
            fn: Called with *args* and *kwargs* on a thread of the client's pool.
            args: For *fn*.
            callback: Exactly one of its methods is called, on the listener thread.
            kwargs: For *fn*.

        Returns:
            A future of what *fn* returns. Its ``cancel()`` keeps *fn* from being called; or if
            it runs, calls off the method of this package that it waits in, which then raises
            :class:`OperationCancelledError` there.

        Raises:
            InvalidArgumentError: *fn* cannot be called, or *callback* is none.
            ClientShutdownError: The client is shut down.
        """
        arguments.function(fn, "fn")
        check_callback(callback)
        job = partial(fn, *args, **kwargs)
        if callback is None:
            return self._runtime.submit(job)
        return self._runtime.submit(job, report=lambda future: report(future, callback))

    def conversation_builder(self) -> ConversationBuilder:
        """
        A builder, for a conversation that is made step by step.
        """
        return ConversationBuilder(self)

    # About it, and about the package

    @property
    def stats(self) -> ClientStats:
        """
        Numbers about what it has done so far, and what waits now.
        """
        self._runtime.check_process()
        told = self._runtime.stats
        return ClientStats(
            requests=self._engine.sent_requests,
            reconnections=self._engine.reconnections,
            events=told.events,
            queue_length=told.queue_length,
            high_water_marks=told.high_water_marks,
        )

    @staticmethod
    def sdk_version() -> str:
        """
        The version of this package.
        """
        return __version__

    @staticmethod
    def set_log_level(level: enums.LogLevel) -> None:
        """
        Choose how much all clients of the process log: the level of the logger
        ``conversations``. What is written where is for :mod:`logging` to decide.

        Args:
            level: ``SILENT`` for nothing at all.

        Raises:
            InvalidArgumentError: It is no :class:`LogLevel`.
        """
        arguments.instance(level, "level", enums.LogLevel)
        logging.getLogger("conversations").setLevel(level.logging_level)

    def __repr__(self) -> str:
        service = self._engine.service
        identity = "?" if service is None else service.configuration.identity
        return f"<ConversationsClient {identity} {self._engine.connection_state.name}>"


def _prepared(
    token: Token,
    properties: Properties | None,
    listener: ConversationsClientListener | None,
    timeout: float | None,
) -> tuple[ConversationsClient, float]:
    """
    A client that has begun to connect, from checked arguments.
    """
    settings = Properties() if properties is None else properties
    arguments.instance(settings, "properties", Properties)
    seconds = arguments.timeout(timeout, settings.command_timeout)
    if not callable(token):
        check_token(token, datetime.now(UTC))
    return ConversationsClient(token, settings, listener), seconds


def _tell_outcome(
    client: ConversationsClient,
    outcome: Promise[None],
    future: Future[ConversationsClient],
    callback: CallbackListener[ConversationsClient] | StatusListener | None,
) -> None:
    """
    Listener thread: settle the future and call the callback, in this order.
    """
    if outcome.error is None:
        future.set_result(client)
    else:
        future.set_exception(outcome.error)
        client.shutdown()
    if callback is not None:
        report(future, callback).function()
