"""
Sessions of requests whose connections are opened by this package.

requests builds requests, keeps connections for reuse and reads answers. Name lookup,
proxies and TLS are those of :mod:`.streams`, the same as for the WebSocket. What requests
and urllib3 see of an address is its host: a path may be signed, and both put what they see
into log lines and exceptions.

Importing this module imports requests, which takes a while: :mod:`.http` does it on the
first request.
"""

from __future__ import annotations

import socket
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

LIBRARY_ERRORS: tuple[type[Exception], ...] = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    ValueError,
)
"""What comes out of a session."""

KEPT_CONNECTIONS = 2  # the media service, and where contents come from


class Wire(Protocol):
    """
    The way to the server, for the request that the session is making.
    """

    @property
    def target(self) -> str:
        """
        Path and query of the request.
        """

    def open(self, host: str, port: int, *, is_secure: bool) -> socket.socket:
        """
        A connected socket, TLS included.
        """

    def use(self, connection: socket.socket) -> None:
        """
        The request goes over that connection, which may have served others before.
        """


class _PlainConnection(HTTPConnection):
    """
    A connection that the wire opens.
    """

    wire: ClassVar[Wire]
    is_secure: ClassVar[bool] = False

    def connect(self) -> None:
        """
        Open it.
        """
        self.sock = self.wire.open(
            self.host, self.port or self.default_port, is_secure=self.is_secure
        )
        self.sock.settimeout(self.timeout)
        self.wire.use(self.sock)

    def putrequest(
        self,
        method: str,
        url: str,  # noqa: ARG002  # not the whole address
        skip_host: bool = False,
        skip_accept_encoding: bool = False,
    ) -> None:
        """
        Begin a request, with the address that nobody else has seen.
        """
        if self.sock is not None:
            self.wire.use(self.sock)
        super().putrequest(method, self.wire.target, skip_host, skip_accept_encoding)


class _SecureConnection(_PlainConnection, HTTPSConnection):
    """
    The same with TLS. The certificate has been verified before there is a socket.
    """

    is_secure: ClassVar[bool] = True

    def connect(self) -> None:
        """
        Open it.
        """
        super().connect()
        self.is_verified = True


class _Adapter(HTTPAdapter):
    """
    Leaves connecting to the wire. Nothing is tried twice.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(KEPT_CONNECTIONS, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """
        Make the pools, with connections of ours.
        """
        super().init_poolmanager(*args, **options)
        own = {"wire": self._wire}
        plain = type("PlainConnection", (_PlainConnection,), own)
        secure = type("SecureConnection", (_SecureConnection,), own)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """
        Nothing: a list of certificates given here would be trusted besides the wire's.
        """


class _Session(requests.Session):
    """
    Follows no redirection.
    """

    def get_redirect_target(self, _: requests.Response) -> None:
        """
        Nowhere. To tell where one leads, the library would read its content, however long.
        """


def new_session(wire: Wire) -> requests.Session:
    """
    A session for one thread. It keeps no cookies, reads nothing from the environment, and
    adds no headers of its own.
    """
    session = _Session()
    session.trust_env = False  # nor a .netrc, whose passwords nobody here asked for
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _Adapter(wire)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
