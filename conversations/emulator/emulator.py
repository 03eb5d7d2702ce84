"""
The emulator as a program uses it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import attrs

from .acts import Acts
from .clock import Clock, SystemClock
from .content_acts import ContentActs
from .controls import Controls
from .credentials import Credentials
from .delivery_controls import DeliveryControls
from .observations import Observations
from .outside_acts import OutsideActs
from .role_acts import RoleActs
from .server import Server
from .settings import Settings
from .tokens import mint

if TYPE_CHECKING:
    from ..properties import Properties
    from .backend import Backend

Result = TypeVar("Result")

DEFAULT_TOKEN_LIFETIME = 3600.0
LARGEST_PORT = 65_535


class Emulator(Controls, DeliveryControls, Observations, Acts, ContentActs, OutsideActs, RoleActs):
    """
    A local Conversations service on a port of its own, with its thread.

    As a context manager it runs for the length of the block. Every method may be called from
    any thread.

    Args:
        port: Where to listen; 0 takes a free one.
        host: Address to listen on: this machine only, unless another is given.
        account: Account SID whose tokens are taken.
        key: API key SID.
        secret: Its secret.
        service: Conversations service SID.
        auth_token: What server programs use with the account SID.
        rng_seed: Makes SIDs and the like repeatable.
        clock: What time it is; a :class:`~conversations.emulator.clock.ManualClock` stands
            still until it is moved.
        settings: Everything else. Its credentials give way to those named here.

    Raises:
        ValueError: *port* is none.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        account: str | None = None,
        key: str | None = None,
        secret: str | None = None,
        service: str | None = None,
        auth_token: str | None = None,
        rng_seed: int | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
    ) -> None:
        if not 0 <= port <= LARGEST_PORT:
            raise ValueError(f"a port is a number from 0 to {LARGEST_PORT}, not {port}")
        settings = settings or Settings()
        named = {
            "account": account,
            "key": key,
            "secret": secret,
            "service": service,
            "auth_token": auth_token,
        }
        given = {name: value for name, value in named.items() if value is not None}
        self.settings = attrs.evolve(
            settings, credentials=attrs.evolve(settings.credentials, **given)
        )
        self.host = host
        self._clock = clock or SystemClock()
        self._port: int | None = None
        self._token_numbers = itertools.count(1)
        self._server = Server(self.settings, self._clock, host=host, port=port, seed=rng_seed)

    # Life ------------------------------------------------------------------------------------

    def start(self) -> Self:
        """
        Listen. Returns the emulator itself.

        Raises:
            OSError: The address cannot be bound.
            TimeoutError: It did not come up in time.
        """
        self._port = self._server.start()
        return self

    def stop(self) -> None:
        """
        Close every connection and end the thread. Twice is once.
        """
        self._server.stop()

    def wait(self) -> None:
        """
        Wait until it has been stopped.
        """
        self._server.join()

    def __enter__(self) -> Self:
        return self if self._server.is_running else self.start()

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Address and credentials -----------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """
        Whether it listens.
        """
        return self._server.is_running

    @property
    def port(self) -> int:
        """
        The port it listens on.
        """
        if self._port is None:
            raise RuntimeError("the emulator was not started")
        return self._port

    @property
    def url(self) -> str:
        """
        The address for ``CONVERSATIONS_EMULATOR_URL``.
        """
        return f"http://{self._authority}"

    @property
    def twilsock_url(self) -> str:
        """
        The address of the websocket.
        """
        return f"ws://{self._authority}/v3/wsconnect"

    @property
    def credentials(self) -> Credentials:
        """
        Whose tokens it takes.
        """
        return self.settings.credentials

    def token(self, identity: str, ttl: float = DEFAULT_TOKEN_LIFETIME) -> str:
        """
        An access token for *identity*, which lives for *ttl* seconds. Each one is new.
        """
        return mint(
            self.credentials,
            identity,
            now=self._clock.time(),
            ttl=ttl,
            number=next(self._token_numbers),
        )

    def properties(self) -> Properties:
        """
        The options that point a client here, past any proxy.
        """
        from ..properties import Properties  # noqa: PLC0415  # the emulator runs without a client

        return Properties(twilsock_url=self.twilsock_url, use_proxy=False)

    def call(self, action: Callable[[Backend], Result]) -> Result:
        """
        Run *action* on the emulator's thread, with everything there is, and return its result.

        For what neither controls nor acts offer.
        """
        return self._server.call(action)

    def __repr__(self) -> str:
        """
        Where it is.
        """
        where = self.url if self._port is not None else "not started"
        return f"<Emulator {where}>"

    @property
    def _authority(self) -> str:
        """
        Host and port of URLs. An address that means every interface is reached by this one.
        """
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
