"""
Failures and errors of the transport: what they hold and how they read.
"""

from __future__ import annotations

from conversations._core.twilsock.errors import (
    ConnectionFailure,
    FailureKind,
    ReplyRefused,
    ReplyTimeout,
    TransportLost,
    TransportUnavailable,
)


def test_a_failure_reads_as_a_sentence() -> None:
    failure = ConnectionFailure(
        FailureKind.CLOSE_FRAME, status=410, code=51207, description="Token expired"
    )
    assert failure.summary == "closed by the server 410 (51207)"
    assert str(failure) == "closed by the server 410 (51207): Token expired"
    assert str(ConnectionFailure(FailureKind.SOCKET)) == "socket lost"


def test_the_cause_of_a_failure_is_chained_but_neither_shown_nor_compared() -> None:
    cause = OSError("secret")
    failure = ConnectionFailure(FailureKind.SOCKET, cause=cause)
    assert failure == ConnectionFailure(FailureKind.SOCKET)
    assert "secret" not in repr(failure)
    assert TransportLost(failure, was_sent=True).__cause__ is cause
    assert TransportUnavailable(failure).__cause__ is cause


def test_errors_say_what_happened() -> None:
    failure = ConnectionFailure(FailureKind.WATCHDOG)
    lost = TransportLost(failure, was_sent=True)
    assert (lost.failure, lost.was_sent) == (failure, True)
    assert str(lost) == "connection lost: no sign of life"
    assert str(TransportUnavailable(failure)) == "no connection: no sign of life"
    assert str(ReplyTimeout()) == "no reply in time"


def test_a_refusal_shows_its_numbers_and_words_but_not_its_payload() -> None:
    refused = ReplyRefused(429, "TOO_MANY_REQUESTS", "Slow down", 51202, {"x": "secret"})
    assert str(refused) == "refused by Twilsock: 429 (51202) TOO_MANY_REQUESTS Slow down"
    assert refused.payload == {"x": "secret"}
    assert "secret" not in repr(refused)
