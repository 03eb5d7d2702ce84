"""
Everything of one emulator but its sockets, on the emulator's thread.
"""

from __future__ import annotations

from collections.abc import Callable

from .._core.upstream import JSONValue, json_body
from .api.dispatch import Dispatcher
from .clock import Clock
from .connections import Connections
from .continuation import ContinuationTokens
from .deliveries import Deliveries
from .domain import beginning, users
from .domain.service import Service
from .faults import Faults
from .ids import ServiceIds
from .journal import Journal
from .settings import Settings
from .sync.objects import Subscriber
from .temporary_urls import TemporaryUrls
from .timers import Timer, Timers
from .tokens import TokenClaims, TokenRefused, validate
from .watch import Watch


class Backend:
    """
    What the connections share.
    """

    def __init__(self, settings: Settings, clock: Clock, timers: Timers, seed: int | None) -> None:
        self.settings = settings
        self.clock = clock
        self.timers = timers
        self.ids = ServiceIds(seed)
        self.faults = Faults()
        self.watch = Watch()
        self.deliveries = Deliveries(self.faults, timers.call_later, self.watch)
        self.journal = Journal()
        self.connections = Connections(self.watch)
        self.continuation_tokens = ContinuationTokens(self.ids)
        self.temporary_urls = TemporaryUrls(self.ids, clock, settings.media_url_lifetime)
        self._used_tokens: dict[str, set[str]] = {}  # fingerprints by identity
        self._expired_tokens: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self.service = Service(self.settings, self.clock, self.ids, self)
        beginning.furnish(self.service)
        self.dispatcher = Dispatcher(self.service, self.faults, self.deliveries)

    def reset(self) -> None:
        """
        Begin with no data. What clients know, down to every SID, is of another life.
        """
        self.service.close()
        self._begin()

    def release(self) -> None:
        """
        The end has come: let go whoever waits.
        """
        self.watch.close(RuntimeError("the emulator was stopped"))
        self.faults.clear()

    def close(self) -> None:
        """
        Nobody is there any more: let go of what is more than memory.
        """
        self.service.close()

    # What the service needs of the emulator ----------------------------------------------------

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """
        Run *callback* in *delay* seconds.
        """
        return self.timers.call_later(delay, callback)

    def notify_user(self, identity: str, message_type: str, payload: JSONValue) -> None:
        """
        Send a notification to the user's connections that have registered for its type.
        """
        for connection in self.connections.ready(identity):
            if connection.hears(message_type):
                connection.notify(message_type, json_body(payload))

    def carry_event(
        self, name: str, subscriber: Subscriber, message_type: str, payload: bytes
    ) -> None:
        """
        Bring an event of the object of that name to a subscriber.
        """
        self.deliveries.event(name, subscriber, message_type, payload)

    def changed(self) -> None:
        """
        Something happened that a test may wait for.
        """
        self.watch.changed()

    # Users and tokens --------------------------------------------------------------------------

    def validate_token(self, token: object) -> TokenClaims:
        """
        Check a token.

        Raises:
            TokenRefused: It is not taken.
        """
        if not isinstance(token, str):
            raise TokenRefused(20101)
        claims = validate(
            token,
            self.settings.credentials,
            self.clock.time(),
            is_permissive=self.settings.permissive_tokens,
        )
        if claims.fingerprint in self._expired_tokens:
            raise TokenRefused(20104)
        self._used_tokens.setdefault(claims.identity, set()).add(claims.fingerprint)
        return claims

    def expire_used_tokens(self, identity: str | None) -> None:
        """
        Count the tokens that a user, or anybody, has used so far as expired from now on.
        """
        for user, fingerprints in self._used_tokens.items():
            if identity in {None, user}:
                self._expired_tokens |= fingerprints

    def user_came(self, identity: str) -> None:
        """
        A connection of the user is ready.
        """
        user = self.service.users.get(identity)
        if user is not None:
            users.set_online(self.service, user, is_online=True)

    def user_went(self, identity: str) -> None:
        """
        A connection of the user has ended: the user is offline if none comes soon.
        """

        def check() -> None:
            user = self.service.users.get(identity)
            if user is not None and not self.connections.ready(identity):
                users.set_online(self.service, user, is_online=False)

        if self.settings.reachability_enabled:
            self.timers.call_later(self.settings.reachability_grace, check)
