"""
HTTP for media: requests on worker threads, with contents of any length in both directions.

A request is bounded by the silence of the other side, and can be called off from another
thread. Nothing is tried twice, nothing is redirected where credentials are given, no cookie
is kept. Neither addresses nor headers appear in log lines or exceptions: both hold secrets.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

import attrs

from .failures import (
    BadAnswer,
    ConnectAborted,
    HttpFailure,
    HttpLost,
    HttpTimeout,
    SocketFailure,
    SourceFailure,
)
from .interruption import Interruption
from .opening import Attempt
from .streams import open_stream
from .websocket import IDENTIFICATION

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 16 * 1024  # what one TLS record holds
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_REDIRECTS = 5
UNSENT_BYTES = 64 * 1024

Write = Callable[[bytes], None]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SYSTEM_MODULES = frozenset({"builtins", "http.client", "socket", "ssl"})


class Body(Protocol):
    """
    A content to be sent.
    """

    @property
    def size(self) -> int | None:
        """
        In bytes, more than 0; ``None`` if that is not known.
        """

    def __iter__(self) -> Iterator[bytes]:
        """
        Its pieces. May raise :class:`~.failures.SourceFailure`.
        """


@attrs.frozen(kw_only=True)
class HttpCall:
    """
    What is to be asked.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Absolute. A secret.
        headers: Secrets among them.
        body: Bytes or a content of any length.
        into: Opens what takes the pieces of the content of an answer with status 200. Without
            it they are gathered in :attr:`HttpAnswer.body`. May raise
            :class:`~.failures.TargetFailure`.
        size: So many bytes must come for *into*; ``None`` if that is not known.
        patience: Seconds: for opening the connection, and then for each silence.
    """

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes | Body = attrs.field(default=b"", repr=False)
    into: Callable[[], AbstractContextManager[Write]] | None = attrs.field(default=None, repr=False)
    size: int | None = None
    patience: float

    @property
    def host(self) -> str:
        """
        All of the address that may be shown.
        """
        try:
            return urlsplit(self.url).hostname or "nowhere"
        except ValueError:
            return "nowhere"


@attrs.frozen(kw_only=True)
class HttpAnswer:
    """
    An answer, whatever its status.

    Attributes:
        status: HTTP status code.
        reason: Its text.
        headers: Names in lower case. Secrets may be among them.
        body: Its content, unless that was written elsewhere.
    """

    status: int
    reason: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


class HttpTransport:
    """
    Makes requests, with a session for each thread.

    Args:
        ssl_context: Returns the context to use; called on the thread of the request.
        use_proxy: Whether to heed ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``.
        new_lock: Makes locks for interruptions.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        use_proxy: bool,
        new_lock: Callable[[], threading.Lock] = threading.Lock,
    ) -> None:
        self._ssl_context = ssl_context
        self._use_proxy = use_proxy
        self._new_lock = new_lock
        self._local = threading.local()
        # For forked children. Adding and discarding are atomic.
        self._under_way: set[Interruption] = set()
        self._sockets: weakref.WeakValueDictionary[int, socket.socket] = (
            weakref.WeakValueDictionary()
        )

    def interruption(self) -> Interruption:
        """
        The means to call a request off.
        """
        return Interruption(self._new_lock())

    def send(self, call: HttpCall, interruption: Interruption) -> HttpAnswer:
        """
        Make a request. Blocks until the answer is complete.

        Raises:
            HttpFailure: There is no answer, or none of use.
            SocketFailure: There is no way to the server.
        """
        self._under_way.add(interruption)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._send_once(call, interruption)
                target = _redirection(call, answer)
                if target is None:
                    return answer
                call = attrs.evolve(call, url=target)
            message = f"{call.host} sends from one address to the next"
            raise BadAnswer(message)
        finally:
            interruption.release()
            self._under_way.discard(interruption)

    def release_thread(self) -> None:
        """
        Close what the calling thread has kept open.
        """
        wire: _Wire | None = getattr(self._local, "wire", None)
        if wire is not None:
            del self._local.wire
            wire.session.close()

    def discard(self) -> None:
        """
        In a forked child: close what was inherited, without a word to the servers.
        """
        for interruption in list(self._under_way):
            interruption.discard()
        for reference in self._sockets.valuerefs():
            inherited = reference()
            if inherited is not None and inherited.fileno() >= 0:
                socket.close(inherited.detach())
        self._local = threading.local()

    def _send_once(self, call: HttpCall, interruption: Interruption) -> HttpAnswer:
        interruption.check()
        wire = self._wire()
        try:
            with wire.serving(call, interruption):
                return _exchange(wire, call)
        except HttpFailure:
            raise
        except SocketFailure as failure:
            if isinstance(failure, ConnectAborted):
                interruption.check()
            raise
        except _library_errors() as error:
            interruption.check()
            cause = _root(error)
        # Outside the handler, so that the library's error is nobody's context: it holds the
        # request, and with it the token.
        raise _failure(call, cause) from cause

    def _wire(self) -> _Wire:
        wire: _Wire | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = _Wire(self)
            self._local.wire = wire
        return wire

    def open(self, host: str, port: int, attempt: Attempt, *, is_secure: bool) -> socket.socket:
        """
        A connected socket.
        """
        stream = open_stream(
            host,
            port,
            attempt,
            ssl_context=self._ssl_context() if is_secure else None,
            use_proxy=self._use_proxy,
        )
        connection = stream.detach()
        self._sockets[id(connection)] = connection
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # What lies in the system's buffer would count as progress, megabytes of it.
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        return connection


class _Wire:
    """
    One thread's session, and the request that it is making.
    """

    def __init__(self, transport: HttpTransport) -> None:
        from .sessions import new_session  # noqa: PLC0415  # slow to import

        self._transport = transport
        self._call: HttpCall | None = None
        self._interruption: Interruption | None = None
        self.session: requests.Session = new_session(self)

    @contextlib.contextmanager
    def serving(self, call: HttpCall, interruption: Interruption) -> Iterator[None]:
        """
        While a request is made.
        """
        before = self._call, self._interruption
        self._call, self._interruption = call, interruption
        try:
            yield
        finally:
            self._call, self._interruption = before

    @property
    def target(self) -> str:
        """
        Path and query of the request.
        """
        assert self._call is not None  # noqa: S101  # asked for by a request
        parts = urlsplit(self._call.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def open(self, host: str, port: int, *, is_secure: bool) -> socket.socket:
        """
        A connected socket, TLS included.
        """
        assert self._call is not None  # noqa: S101  # asked for by a request
        assert self._interruption is not None  # noqa: S101  # the same
        with self._interruption.opening() as handle:
            attempt = Attempt(time.monotonic() + self._call.patience, handle)
            return self._transport.open(host, port, attempt, is_secure=is_secure)

    def use(self, connection: socket.socket) -> None:
        """
        The request goes over that connection.
        """
        assert self._interruption is not None  # noqa: S101  # asked for by a request
        self._interruption.watch(connection)


class _StreamedBody:
    """
    A content in the form that requests understands; exactly as long as it says.
    """

    def __init__(self, body: Body, size: int) -> None:
        self._body = body
        self.len = size

    def __iter__(self) -> Iterator[bytes]:
        rest = self.len
        for piece in self._body:
            rest -= len(piece)
            if rest < 0:
                break
            yield piece
        if rest:
            message = "what is sent has changed its length meanwhile"
            raise SourceFailure(message)


def _exchange(wire: _Wire, call: HttpCall) -> HttpAnswer:
    body: Any = call.body
    if not isinstance(body, bytes) and body.size is not None:
        body = _StreamedBody(body, body.size)
    parts = urlsplit(call.url)
    response = wire.session.request(
        call.method,
        f"{parts.scheme}://{parts.netloc}/",  # the rest is put in at the last moment
        data=body or None,
        headers={"User-Agent": IDENTIFICATION, "Accept-Encoding": "identity", **call.headers},
        timeout=(call.patience, call.patience),
        allow_redirects=False,
        stream=True,
    )
    with contextlib.closing(response):
        answer = HttpAnswer(
            status=response.status_code,
            reason=response.reason or "",
            headers={name.lower(): value for name, value in response.headers.items()},
        )
        pieces = iter(lambda: response.raw.read(CHUNK_BYTES, decode_content=False), b"")
        if call.into is not None and answer.status == http.client.OK:
            expected = _expected_size(call, answer)
            with call.into() as write:
                _write(call, pieces, write, expected)
            return answer
        return attrs.evolve(answer, body=_gather(call, answer, pieces))


def _expected_size(call: HttpCall, answer: HttpAnswer) -> int | None:
    announced = _content_length(answer)
    if call.size is not None and announced not in (None, call.size):
        message = f"{call.host} has {announced} bytes instead of {call.size}"
        raise BadAnswer(message)
    return announced if call.size is None else call.size


def _write(call: HttpCall, pieces: Iterator[bytes], write: Write, expected: int | None) -> None:
    count = 0
    for piece in pieces:
        count += len(piece)
        if expected is not None and count > expected:
            message = f"{call.host} sends more than {expected} bytes"
            raise BadAnswer(message)
        write(piece)
    if expected is not None and count < expected:
        message = f"{call.host} has sent {count} bytes instead of {expected}"
        raise BadAnswer(message)


def _gather(call: HttpCall, answer: HttpAnswer, pieces: Iterator[bytes]) -> bytes:
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) > MAX_ANSWER_BYTES:
            message = f"the answer of {call.host} has no end"
            raise BadAnswer(message)
    announced = _content_length(answer)
    if announced is not None and len(gathered) < announced:
        message = f"the connection to {call.host} ended in the middle of the answer"
        raise HttpLost(message)
    return bytes(gathered)


def _content_length(answer: HttpAnswer) -> int | None:
    value = answer.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _redirection(call: HttpCall, answer: HttpAnswer) -> str | None:
    """
    Where to ask instead: only what needs no credentials, and never without encryption if
    the first address had it.
    """
    location = answer.headers.get("location")
    if answer.status not in _REDIRECTS or not location or call.into is None or call.headers:
        return None
    try:
        target = urljoin(call.url, location)
        parts, before = urlsplit(target), urlsplit(call.url)
    except ValueError:
        return None
    is_safe = parts.scheme == "https" or parts.scheme == before.scheme == "http"
    return target if is_safe and parts.netloc else None


def _library_errors() -> tuple[type[Exception], ...]:
    from .sessions import LIBRARY_ERRORS  # noqa: PLC0415  # slow to import, but it is there

    return LIBRARY_ERRORS


def _failure(call: HttpCall, cause: BaseException | None) -> HttpFailure:
    """
    Whatever a library raised, in words that name the host at most.
    """
    if isinstance(cause, TimeoutError):
        return HttpTimeout(f"{call.host} was silent for {call.patience:g} s")
    return HttpLost(f"the connection to {call.host} was lost")


def _root(error: BaseException) -> BaseException | None:
    """
    The error of the operating system behind one of a library.
    """
    seen: list[BaseException] = [error]
    for candidate in seen:
        if isinstance(candidate, OSError) and type(candidate).__module__ in _SYSTEM_MODULES:
            return candidate.with_traceback(None)
        nested = [candidate.__cause__, candidate.__context__, *candidate.args]
        seen += [one for one in nested if isinstance(one, BaseException) and one not in seen]
    return None
