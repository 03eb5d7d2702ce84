"""
Streams to a server, by the rules that hold for all connections of a client: proxies, TLS.
"""

from __future__ import annotations

import ssl

from .opening import Attempt, OpeningStream, connect
from .proxies import connect_through_socks, proxy_for, tunnel


def open_stream(
    host: str,
    port: int,
    attempt: Attempt,
    *,
    ssl_context: ssl.SSLContext | None,
    use_proxy: bool,
) -> OpeningStream:
    """
    A stream to *host*. Blocks; for a worker thread.

    Args:
        host: Name or address.
        port: Of the server.
        attempt: What bounds it.
        ssl_context: From :func:`~conversations._net.tls.client_context`; ``None`` for an
            unencrypted stream.
        use_proxy: Whether to heed ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``. Any proxy
            is asked for a tunnel.

    Raises:
        SocketFailure: One of its subclasses, whatever happens.
    """
    proxy = proxy_for(host, port, is_secure=ssl_context is not None) if use_proxy else None
    if proxy is not None and proxy.scheme != "http":
        connection = connect_through_socks(proxy, host, port, attempt)
    elif proxy is not None:
        connection = connect(proxy.host, proxy.port, attempt)
    else:
        connection = connect(host, port, attempt)
    stream = OpeningStream(connection, attempt)
    try:
        if proxy is not None and proxy.scheme == "http":
            tunnel(stream, proxy, host, port)
        if ssl_context is not None:
            stream.start_tls(ssl_context, host)
    except BaseException:
        stream.close()
        raise
    return stream
