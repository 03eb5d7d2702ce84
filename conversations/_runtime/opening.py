"""
One attempt to open a socket, on a worker thread, and what its failure means to the core.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations._logs import ClientLog
from conversations._net import failures
from conversations._net.opening import AbortHandle
from conversations._net.tls import client_context
from conversations._net.websocket import WebSocketTransport, open_socket
from conversations.properties import Properties

if TYPE_CHECKING:
    import ssl

Connect = Callable[[AbortHandle], WebSocketTransport]
"""
Opens the socket, on a worker thread.
"""

CONNECT_SECONDS = 60.0  # like the core's own limit, which calls the opening off

_log = ClientLog("conversations.connection")

_KINDS = {
    failures.NameResolutionFailure: FailureKind.NAME_RESOLUTION,
    failures.ConnectFailure: FailureKind.CONNECT,
    failures.TlsVerificationFailure: FailureKind.TLS_VERIFICATION,
    failures.TlsFailure: FailureKind.TLS,
    failures.UpgradeFailure: FailureKind.UPGRADE,
    failures.ConnectTimeout: FailureKind.CONNECT_TIMEOUT,
    failures.ConnectAborted: FailureKind.DISCONNECTED,
    failures.SocketLost: FailureKind.SOCKET,
}


def trusted_context(properties: Properties) -> Callable[[], ssl.SSLContext]:
    """
    The function that returns this client's TLS settings. It blocks: for worker threads.

    Args:
        properties: Say whom to trust.

    Raises:
        InvalidArgumentError: ``ssl_context`` would not verify certificates.
    """
    own = properties.ssl_context
    trusted = None if own is None else client_context(ssl_context=own)

    def context() -> ssl.SSLContext:
        nonlocal trusted
        if trusted is None:
            # Reading the trust store takes a while: here, on the worker, and only if needed.
            trusted = client_context(
                defer_certificate_trust_to_platform=properties.defer_certificate_trust_to_platform
            )
        return trusted

    return context


def connector(url: Callable[[], str], properties: Properties) -> Connect:
    """
    The function that opens this client's sockets.

    Args:
        url: Tells where, at the time of opening.
        properties: Say how.

    Raises:
        InvalidArgumentError: ``ssl_context`` would not verify certificates.
    """
    context = trusted_context(properties)

    def connect(abort: AbortHandle) -> WebSocketTransport:
        address = url()
        return open_socket(
            address,
            ssl_context=context() if address.startswith("wss:") else None,
            timeout=CONNECT_SECONDS,
            use_proxy=properties.use_proxy,
            abort=abort,
        )

    return connect


def connection_failure(failure: Exception) -> ConnectionFailure:
    """
    A failure of the socket in the words of the core.
    """
    return ConnectionFailure(
        _KINDS.get(type(failure), FailureKind.CONNECT),
        status=failure.status if isinstance(failure, failures.UpgradeFailure) else 0,
        description=str(failure),
        cause=failure,
    )


class Opening:
    """
    The attempt. It belongs to the network thread, but for :meth:`run`.

    Args:
        generation: The core's number of the socket.
        connect: Opens it.
        report: Called by the worker at the end; returns whether the network thread will
            look at the result, in :attr:`transport` and :attr:`failure`.
    """

    def __init__(
        self, generation: int, connect: Connect, report: Callable[[Opening], bool]
    ) -> None:
        self.generation = generation
        self.transport: WebSocketTransport | None = None
        self.failure: ConnectionFailure | None = None
        self.started = time.monotonic()
        self._connect = connect
        self._report = report
        self._abort = AbortHandle()

    def run(self) -> None:
        """
        Open the socket. Worker thread only.
        """
        try:
            self.transport = self._connect(self._abort)
        except failures.SocketFailure as failure:
            self.failure = connection_failure(failure)
        except Exception as error:  # noqa: BLE001  # a bug, but the core has to hear of it
            _log.exception("the connection could not be opened")
            self.failure = connection_failure(error)
        if not self._report(self):
            self.dispose()

    def abort(self) -> None:
        """
        Call it off: its transport, if it comes to that, is not wanted.
        """
        self._abort.abort()

    def take_transport(self) -> WebSocketTransport | None:
        """
        The transport, if the attempt was successful. The rest is released.
        """
        self._abort.close()
        transport, self.transport = self.transport, None
        return transport

    def dispose(self) -> None:
        """
        Release everything. The worker must be done.
        """
        transport = self.take_transport()
        if transport is not None:
            transport.close()

    def discard(self) -> None:
        """
        In a forked child: release what was inherited.
        """
        self._abort.discard()
        if self.transport is not None:
            self.transport.discard()
