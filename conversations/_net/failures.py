"""
The ways in which a socket or an HTTP request fails, and nothing of the libraries that
noticed it.

Messages name the host at most: never a whole URL, whose user part may hold a password.
The exception of the library is chained.
"""

from __future__ import annotations


class SocketFailure(Exception):
    """
    The socket could not be opened, or an open one is of no use any more.
    """


class NameResolutionFailure(SocketFailure):
    """
    The host name has no address.
    """


class ConnectFailure(SocketFailure):
    """
    No address of the host, or of the proxy, took the connection.
    """


class TlsVerificationFailure(SocketFailure):
    """
    The certificate is not one of the host that was asked for, or nobody trusted vouches for it.
    """


class TlsFailure(SocketFailure):
    """
    The TLS handshake failed for another reason.
    """


class UpgradeFailure(SocketFailure):
    """
    The server did not agree to speak WebSocket.

    Args:
        message: What happened.
        status: The HTTP status of its answer; 0 if there is none that can be read.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message, status)
        self.message = message
        self.status = status

    def __str__(self) -> str:
        """
        What happened.
        """
        return self.message


class ConnectTimeout(SocketFailure):
    """
    The time for opening the socket was over.
    """


class ConnectAborted(SocketFailure):
    """
    The opening was called off by :meth:`~conversations._net.opening.AbortHandle.abort`.
    """


class SocketLost(SocketFailure):
    """
    An open connection ended, whoever ended it.

    Args:
        message: What happened.
        code: The code of the close frame that ended it, received or sent; 0 if there was none.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        """
        What happened.
        """
        return self.message


class HttpFailure(Exception):
    """
    There is no answer to an HTTP request, or none of use. The way to the server may also
    fail with a :class:`SocketFailure`.
    """


class HttpTimeout(HttpFailure):
    """
    The server was silent for too long.
    """


class HttpLost(HttpFailure):
    """
    The connection ended before the answer did.
    """


class BadAnswer(HttpFailure):
    """
    The answer is too long, too short, or none.
    """


class HttpStopped(HttpFailure):
    """
    The request was called off by :meth:`~conversations._net.interruption.Interruption.interrupt`.
    """


class SourceFailure(HttpFailure):
    """
    What was to be sent could not be read.
    """


class TargetFailure(HttpFailure):
    """
    What came could not be written.
    """
