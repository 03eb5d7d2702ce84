"""
Everything of one emulator but its sockets, on the emulator's thread.
"""

from __future__ import annotations

from .api.dispatch import Dispatcher
from .clock import Clock
from .connections import Connections
from .continuation import ContinuationTokens
from .domain import users
from .domain.service import Service
from .faults import Faults
from .ids import ServiceIds
from .journal import Journal
from .settings import Settings
from .timers import Timers
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
        self.journal = Journal()
        self.watch = Watch()
        self.connections = Connections(self.watch)
        self.continuation_tokens = ContinuationTokens(self.ids)
        self._used_tokens: dict[str, set[str]] = {}  # fingerprints by identity
        self._expired_tokens: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """
        Begin with no data. What clients know, down to every SID, is of another life.
        """
        self.service = Service(self.settings, self.clock, self.ids)
        self.dispatcher = Dispatcher(self.service, self.faults)

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
