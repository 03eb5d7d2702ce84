"""
Proxies of the environment, found by the rules that requests has for HTTP.
"""

from __future__ import annotations

import base64
import importlib
import re
import socket
from http import HTTPStatus
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import attrs

from .failures import ConnectFailure
from .opening import Attempt, OpeningStream

_DEFAULT_PORTS = {"http": 80, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n")


@attrs.frozen(kw_only=True)
class Proxy:
    """
    A proxy and how to talk to it.
    """

    scheme: str
    host: str
    port: int
    user: str | None = attrs.field(default=None, repr=False, eq=False)
    password: str | None = attrs.field(default=None, repr=False, eq=False)


def proxy_for(host: str, port: int, *, is_secure: bool) -> Proxy | None:
    """
    The proxy through which the environment wants *host* to be reached, if any.

    Raises:
        ConnectFailure: It names one that cannot be used.
    """
    if not getproxies():
        return None
    from requests.utils import get_environ_proxies, select_proxy  # noqa: PLC0415  # slow to import

    name = f"[{host}]" if ":" in host else host
    url = f"{'https' if is_secure else 'http'}://{name}:{port}"
    found = select_proxy(url, get_environ_proxies(url))
    return _parse(found) if found else None


def _parse(url: str) -> Proxy:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError as error:
        message = "the environment names a proxy whose address cannot be read"
        raise ConnectFailure(message) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        message = f"a proxy of the kind {parts.scheme!r} cannot be used"
        raise ConnectFailure(message)
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _DEFAULT_PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def status_of(head: bytes) -> tuple[int, str]:
    """
    Status and reason of an HTTP answer; 0 if it is none.
    """
    match = _STATUS_LINE.match(head)
    if match is None:
        return 0, ""
    return int(match[1]), (match[2] or b"").decode("latin-1")


def tunnel(stream: OpeningStream, proxy: Proxy, host: str, port: int) -> None:
    """
    Ask an HTTP proxy, to which *stream* leads, for a tunnel.

    Raises:
        ConnectFailure: It refused.
    """
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    if proxy.user is not None:
        credentials = f"{proxy.user}:{proxy.password or ''}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(credentials).decode('ascii')}")
    stream.send("\r\n".join([*lines, "", ""]).encode("utf-8"))
    status, reason = status_of(stream.read_head())
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        message = f"the proxy {proxy.host}:{proxy.port} refused: {status} {reason}"
        raise ConnectFailure(message)


def connect_through_socks(proxy: Proxy, host: str, port: int, attempt: Attempt) -> socket.socket:
    """
    A connection through a SOCKS proxy, made by python-socks (extra ``proxy``).

    It is bounded by the deadline, but an abort is noticed at its end only.

    Raises:
        ConnectFailure: The proxy is not there or refused, or python-socks is missing.
    """
    try:
        socks = importlib.import_module("python_socks")
        make_proxy = importlib.import_module("python_socks.sync").Proxy
    except ImportError as error:
        message = "a SOCKS proxy needs python-socks: pip install 'conversations-client[proxy]'"
        raise ConnectFailure(message) from error
    kind = socks.ProxyType.SOCKS4 if "socks4" in proxy.scheme else socks.ProxyType.SOCKS5
    resolves_names = proxy.scheme in {"socks4a", "socks5h"}
    try:
        connection: socket.socket = make_proxy(
            kind, proxy.host, proxy.port, proxy.user, proxy.password, resolves_names
        ).connect(host, port, timeout=attempt.remaining())
    except (OSError, ValueError, socks.ProxyError) as error:
        attempt.remaining()
        message = f"no connection through the proxy {proxy.host}:{proxy.port}: {error}"
        raise ConnectFailure(message) from error
    return connection
