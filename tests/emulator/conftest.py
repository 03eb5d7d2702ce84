"""
Clients of the test's emulator, and a service without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conversations.emulator import Emulator, ManualClock
from conversations.emulator.domain.service import Service
from tests.emulator.recorder import make_service
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(clock: ManualClock) -> Service:
    """
    A service without connections, and with a clock that stands still.
    """
    return make_service(clock)


@pytest.fixture
def timed(clock: ManualClock) -> Iterator[Emulator]:
    """
    An emulator with a clock that stands still.
    """
    with Emulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def open_socket() -> Iterator[Callable[[Emulator], TwilsockClient]]:
    """
    Open a websocket to an emulator, without ``init``.
    """
    clients: list[TwilsockClient] = []

    def open_socket(emulator: Emulator) -> TwilsockClient:
        client = TwilsockClient(emulator.twilsock_url)
        clients.append(client)
        return client

    yield open_socket
    for client in clients:
        client.socket.shutdown()


@pytest.fixture
def connect(open_socket: Callable[[Emulator], TwilsockClient]) -> Connect:
    """
    A connected client of a user.
    """

    def connect(emulator: Emulator, identity: str = "alice") -> TwilsockClient:
        client = open_socket(emulator)
        reply = client.init(emulator.token(identity))
        assert reply.header["status"] == {"code": 200, "status": "OK"}
        return client

    return connect
