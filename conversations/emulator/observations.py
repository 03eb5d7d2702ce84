"""
What a test can see of an emulator's clients, and wait for.

Everything here may be called from any thread. Waiting does not poll.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .connection import Connection
from .connections import ConnectionInfo
from .handles import WAIT_TIMEOUT, wait_for
from .journal import HandshakeRecord, RequestRecord
from .remote import Remote
from .views import PushRegistrationView, PushView

if TYPE_CHECKING:
    from .backend import Backend


class Observations(Remote):
    """
    What is there and what happened.
    """

    @property
    def connections(self) -> tuple[ConnectionInfo, ...]:
        """
        The open connections, in order of their arrival.
        """
        return self.call(
            lambda backend: tuple(_info(connection) for connection in backend.connections.all())
        )

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """
        Every request that came, in order.
        """
        return self.call(lambda backend: tuple(backend.journal.requests))

    @property
    def handshakes(self) -> tuple[HandshakeRecord, ...]:
        """
        Every ``init`` and ``update`` that came, in order.
        """
        return self.call(lambda backend: tuple(backend.journal.handshakes))

    @property
    def pushes(self) -> tuple[PushView, ...]:
        """
        The push notifications that would have been sent, in order. Nothing is sent.

        There are none until they are switched on, as with the real service: see
        ``Settings.push`` and ``configure_push``.
        """
        return self.call(lambda backend: tuple(map(PushView.of, backend.service.pushes)))

    @property
    def push_registrations(self) -> tuple[PushRegistrationView, ...]:
        """
        The devices that are registered.
        """
        return self.call(
            lambda backend: tuple(
                map(PushRegistrationView.of, backend.service.push_registrations.values())
            )
        )

    def clear_requests(self) -> None:
        """
        Forget the records of requests and handshakes.
        """
        self.call(lambda backend: backend.journal.clear())

    def wait_for_push(
        self,
        predicate: Callable[[PushView], bool] = lambda _push: True,
        timeout: float = WAIT_TIMEOUT,
        *,
        count: int = 1,
    ) -> PushView:
        """
        As :meth:`wait_for_request`, for push notifications.
        """

        def probe(backend: Backend) -> PushView | None:
            found = [push for push in map(PushView.of, backend.service.pushes) if predicate(push)]
            return found[count - 1] if len(found) >= count else None

        return wait_for(self, probe, timeout=timeout, what="the push notification")

    def wait_for_request(
        self,
        predicate: Callable[[RequestRecord], bool],
        timeout: float = WAIT_TIMEOUT,
        *,
        count: int = 1,
    ) -> RequestRecord:
        """
        Wait until *count* requests satisfy *predicate*, counting those that came before.

        A request is looked at when it comes, with status ``None``, and when it is answered.

        Args:
            predicate: Runs on the emulator's thread, so it must be quick.
            timeout: Seconds.
            count: How many.

        Returns:
            The last one of them.

        Raises:
            TimeoutError: They did not come in time.
        """

        def probe(backend: Backend) -> RequestRecord | None:
            found = [record for record in backend.journal.requests if predicate(record)]
            return found[count - 1] if len(found) >= count else None

        return wait_for(self, probe, timeout=timeout, what="the request")

    def wait_for_handshake(
        self,
        predicate: Callable[[HandshakeRecord], bool],
        timeout: float = WAIT_TIMEOUT,
        *,
        count: int = 1,
    ) -> HandshakeRecord:
        """
        As :meth:`wait_for_request`, for ``init`` and ``update``.
        """

        def probe(backend: Backend) -> HandshakeRecord | None:
            found = [record for record in backend.journal.handshakes if predicate(record)]
            return found[count - 1] if len(found) >= count else None

        return wait_for(self, probe, timeout=timeout, what="the handshake")

    def wait_for_connections(
        self, count: int = 1, *, identity: str | None = None, timeout: float = WAIT_TIMEOUT
    ) -> tuple[ConnectionInfo, ...]:
        """
        Wait until exactly *count* connections are ready.

        Raises:
            TimeoutError: That was not so in time.
        """

        def probe(backend: Backend) -> tuple[ConnectionInfo, ...] | None:
            ready = backend.connections.ready(identity)
            return tuple(map(_info, ready)) if len(ready) == count else None

        return wait_for(self, probe, timeout=timeout, what=f"{count} ready connections")

    def wait_for_subscription(
        self, name: str, *, identity: str | None = None, timeout: float = WAIT_TIMEOUT
    ) -> None:
        """
        Wait until somebody is subscribed to the object of that SID or unique name.

        Raises:
            TimeoutError: That was not so in time.
        """

        def probe(backend: Backend) -> bool | None:
            for target in backend.service.store:
                if name in {target.sid, target.unique_name}:
                    for subscriber in target.subscribers:
                        if identity in {None, subscriber.identity}:
                            return True
            return None

        wait_for(self, probe, timeout=timeout, what=f"a subscription to {name}")


def _info(connection: Connection) -> ConnectionInfo:
    return ConnectionInfo(
        number=connection.number,
        identity=connection.known_identity,
        state=connection.state.value,
        subscriptions=tuple(
            target.unique_name
            for target in connection.backend.service.store
            if connection in target.subscribers
        ),
        capabilities=connection.capabilities,
        message_types=connection.message_types,
        unanswered_pings=len(connection.unanswered_pings),
    )
