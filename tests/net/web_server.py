"""
HTTP as a raw server speaks it: whole requests in, whole answers out.
"""

from __future__ import annotations

from tests.net.raw_server import RawConnection


def answer(connection: RawConnection, status: str, *lines: str, body: bytes = b"") -> None:
    head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "", ""]
    connection.send("\r\n".join(head).encode() + body)


def read_request(connection: RawConnection) -> bytes:
    """
    Read a whole request; its head goes to ``connection.request``. Returns the body.
    """
    connection.request = connection.read_head()
    length = connection.header("Content-Length")
    if length is not None:
        return connection.read_exactly(int(length))
    body = b""
    while connection.header("Transfer-Encoding") == "chunked":
        size = int(_line(connection), 16)
        body += connection.read_exactly(size)
        _line(connection)
        if size == 0:
            break
    return body


def _line(connection: RawConnection) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += connection.read_exactly(1)
    return line
