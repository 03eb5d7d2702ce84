from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import trustme

from conversations import (
    AccessToken,
    ChatGrant,
    ClientShutdownError,
    ConnectError,
    ConversationsClient,
    ConversationsError,
    ErrorReason,
    Properties,
    RequestTimeoutError,
    TlsError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
)
from conversations._runtime.points import at_point
from conversations.testing import RecordingListener
from tests.client.people import Connect, described, minted, options
from tests.net.raw_server import RawServer, in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

SHORT = 0.4
"""Seconds that a creation gets which cannot succeed."""


@attrs.frozen
class Failure:
    """
    A creation that failed, and what the listener was told of it.
    """

    error: ConversationsError
    heard: RecordingListener

    @property
    def told(self) -> list[tuple[str, ...]]:
        return [described(call) for call in self.heard.calls()]

    def check_end(self) -> None:
        """
        The last callback says what was raised, and nobody was told of it elsewhere.
        """
        last = self.heard.calls()[-1]
        assert last.callback == "on_init_failed"
        assert last["error_info"] == self.error.error_info
        assert len(self.heard.calls("on_init_failed")) == 1
        assert self.heard.calls("on_error", "on_initialized") == []


def fail(
    token: str | Callable[[], str],
    properties: Properties,
    timeout: float | None = None,
    listener: RecordingListener | None = None,
) -> Failure:
    """
    Create a client, which must fail and leave no thread behind when it raises.
    """
    threads = set(threading.enumerate())
    heard = listener or RecordingListener()
    with pytest.raises(ConversationsError) as caught:
        ConversationsClient.create(
            token, properties, heard, timeout=limit() if timeout is None else timeout
        )
    left = [thread for thread in threading.enumerate() if thread not in threads]
    assert [thread.name for thread in left if thread.name.startswith("conversations-")] == []
    return Failure(caught.value, heard)


# What the token itself shows


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("no token", "not a JSON web token"),
        ("a.b", "not a JSON web token"),
        ("a.b.c", "cannot be decoded"),
        (" spaced.out.token ", "no spaces"),
    ],
)
def test_what_is_no_jwt_is_refused_without_connecting(
    emulator: Emulator, token: str, words: str
) -> None:
    with pytest.raises(TokenRejectedError, match=words) as caught:
        ConversationsClient.create(token, emulator.properties())

    assert caught.value.reason is ErrorReason.UNAUTHORIZED
    assert caught.value.code == 20101
    assert isinstance(caught.value, TokenError)
    assert emulator.handshakes == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identity": None}, "no identity"),
        ({"grants": []}, "no chat grant"),
        ({"grants": [ChatGrant()]}, "names no service"),
    ],
    ids=["no identity", "no grant", "no service"],
)
def test_a_token_that_lacks_something_is_refused_without_connecting(
    emulator: Emulator, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(TokenRejectedError, match=words) as caught:
        ConversationsClient.create(minted(emulator, **changes), emulator.properties())

    assert caught.value.code == 20106
    assert emulator.handshakes == ()


def test_a_token_that_is_over_by_the_local_clock_is_refused_without_connecting(
    emulator: Emulator,
) -> None:
    token = minted(emulator, valid_until=int(time.time()) - 10)

    with pytest.raises(TokenExpiredError, match=r"expired at .* UTC") as caught:
        ConversationsClient.create(token, emulator.properties())

    assert caught.value.reason is ErrorReason.TOKEN_EXPIRED
    assert caught.value.code == 20104
    assert emulator.handshakes == ()


# What the server refuses


@pytest.mark.parametrize(
    ("refusal", "error_class", "reason"),
    [
        ({"code": 401, "error_code": 20101}, TokenRejectedError, ErrorReason.UNAUTHORIZED),
        ({"code": 403, "error_code": 20403}, TokenRejectedError, ErrorReason.UNAUTHORIZED),
        ({"code": 401, "error_code": 51215}, TokenRejectedError, ErrorReason.UNAUTHORIZED),
        ({"code": 401, "error_code": 20104}, TokenExpiredError, ErrorReason.TOKEN_EXPIRED),
    ],
    ids=["401", "403", "51215", "20104"],
)
def test_a_token_that_the_server_refuses_ends_the_creation_at_once(
    emulator: Emulator,
    refusal: dict[str, int],
    error_class: type[TokenError],
    reason: ErrorReason,
) -> None:
    emulator.refuse_init(**refusal, description="not this one")  # type: ignore[arg-type]

    failure = fail(emulator.token("alice"), emulator.properties())

    assert type(failure.error) is error_class
    assert failure.error.reason is reason
    assert failure.error.status == refusal["code"]
    assert failure.error.code == refusal["error_code"]
    assert str(failure.error).startswith("create: ")
    assert "not this one" in str(failure.error)
    expired = [("on_token_expired",)] if error_class is TokenExpiredError else []
    assert failure.told == [
        ("on_connection_state_change", "CONNECTING"),
        ("on_connection_error", reason.name, "True"),
        ("on_connection_state_change", "DENIED"),
        *expired,
        ("on_init_failed", reason.name),
    ]
    failure.check_end()
    assert len(emulator.handshakes) == 1


def test_a_token_of_another_account_is_refused_by_the_server(emulator: Emulator) -> None:
    token = AccessToken(
        "AC" + "0" * 32,
        "SK" + "0" * 32,
        "a wrong secret of the right length",
        identity="alice",
        grants=[ChatGrant(service_sid=emulator.credentials.service)],
    ).to_jwt()

    failure = fail(token, emulator.properties())

    assert type(failure.error) is TokenRejectedError
    assert failure.error.status in (401, 403)
    failure.check_end()


@pytest.mark.parametrize("code", [406, 417])
def test_a_connection_that_is_closed_for_good_ends_the_creation_at_once(
    emulator: Emulator, code: int
) -> None:
    held = emulator.hold_requests("*/Configuration")
    creation = in_background(lambda: fail(emulator.token("alice"), emulator.properties()))
    held.wait_until_held(timeout=limit())

    emulator.close_connections(code=code, status="NO", description="speak differently")
    failure = creation.result(limit())
    held.release()

    assert type(failure.error) is TransportError
    assert failure.error.reason is ErrorReason.CLOSE_MESSAGE_RECEIVED
    assert failure.error.status == code
    assert "speak differently" in str(failure.error)
    assert ("on_connection_state_change", "FATAL_ERROR") in failure.told
    failure.check_end()


# Nobody there


def test_a_host_that_does_not_exist_ends_the_creation_at_once(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    properties = options(emulator, twilsock_url="ws://nowhere.invalid/v3/wsconnect")

    failure = fail(emulator.token("alice"), properties)

    assert type(failure.error) is ConnectError
    assert isinstance(failure.error, ConnectionError)
    assert failure.error.reason is ErrorReason.NETWORK_BECAME_UNREACHABLE
    assert failure.error.status == 0
    assert "nowhere.invalid" in str(failure.error)
    assert failure.error.__cause__ is not None
    failure.check_end()


def test_a_port_where_nobody_listens_ends_the_creation_at_once(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    properties = options(emulator, twilsock_url=f"ws://127.0.0.1:{port}/v3/wsconnect")

    failure = fail(emulator.token("alice"), properties)

    assert type(failure.error) is ConnectError
    assert failure.error.reason is ErrorReason.NETWORK_BECAME_UNREACHABLE
    assert f"127.0.0.1:{port}" in str(failure.error)
    assert failure.heard.calls("on_connection_error")
    failure.check_end()


@pytest.mark.usefixtures("quick_reconnects")
def test_a_creation_that_fails_before_anybody_waits_for_it_is_told_in_one_place_all_the_same(
    emulator: Emulator,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    properties = options(emulator, twilsock_url=f"ws://127.0.0.1:{port}/v3/wsconnect")
    heard = RecordingListener()

    def wait() -> None:
        heard.wait_for("on_connection_error", count=3, timeout=limit())

    with at_point("runtime.before_put", wait):
        failure = fail(emulator.token("alice"), properties, listener=heard)

    assert type(failure.error) is ConnectError
    failure.check_end()


def test_a_certificate_that_nobody_trusts_ends_the_creation_at_once(emulator: Emulator) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def serve(server: RawServer) -> None:
        with pytest.raises(OSError, match=r"(?i)alert|closed|reset|EOF"):
            server.accept()

    with RawServer(context=context) as server:
        serving = in_background(lambda: serve(server))
        failure = fail(emulator.token("alice"), options(emulator, twilsock_url=server.url))
        serving.result(limit())

    assert type(failure.error) is TlsError
    assert failure.error.reason is ErrorReason.HOSTNAME_UNVERIFIED
    assert ("on_connection_state_change", "FATAL_ERROR") in failure.told
    failure.check_end()


def test_a_server_without_tls_ends_the_creation_at_once(emulator: Emulator) -> None:
    url = emulator.twilsock_url.replace("ws:", "wss:")

    failure = fail(emulator.token("alice"), options(emulator, twilsock_url=url))

    assert type(failure.error) is TlsError
    assert failure.error.reason is ErrorReason.SSL_HANDSHAKE_ERROR
    failure.check_end()


# What is tried again until the time is over


def test_an_upgrade_answered_503_is_tried_until_the_time_is_over(emulator: Emulator) -> None:
    emulator.refuse_connections(status=503)

    failure = fail(emulator.token("alice"), emulator.properties(), SHORT)

    error = failure.error
    assert type(error) is RequestTimeoutError
    assert isinstance(error, TimeoutError)
    assert error.reason is ErrorReason.TIMEOUT
    assert not error.may_have_been_sent
    assert str(error).startswith("create: ")
    assert "it waited for a connection" in str(error)
    assert isinstance(error.__cause__, TransportError)
    assert error.__cause__.status == 503
    attempts = failure.heard.calls("on_connection_error")
    assert len(attempts) >= 2
    assert {(call["error_info"].status, call["terminal"]) for call in attempts} == {(503, False)}
    failure.check_end()


@pytest.mark.usefixtures("quick_reconnects")
@pytest.mark.parametrize(
    "refusal",
    [
        {"code": 429, "status": "TOO_MANY_REQUESTS", "error_code": 51201, "backoff": (1, 2)},
        {"code": 500, "status": "INTERNAL", "error_code": None},
        {"code": 503, "status": "UNAVAILABLE", "error_code": None},
    ],
    ids=["429", "500", "503"],
)
def test_an_init_that_fails_for_now_is_tried_again(
    emulator: Emulator, connect: Connect, refusal: dict[str, Any]
) -> None:
    emulator.refuse_init(**refusal, times=2)

    alice = connect("alice")

    alice.hear("on_connection_state_change", lambda state: state.name == "CONNECTED")
    errors = alice.heard.calls("on_connection_error")
    assert [call["error_info"].status for call in errors] == [refusal["code"]] * 2
    assert not any(call["terminal"] for call in errors)
    assert alice.heard.calls("on_error") == []  # create was there to be told
    assert alice.told("on_connection_state_change") == [
        ("on_connection_state_change", name)
        for name in ["CONNECTING", *["ERROR", "CONNECTING"] * 2, "CONNECTED"]
    ]


@pytest.mark.usefixtures("quick_reconnects")
def test_a_connection_that_is_lost_during_start_is_made_again(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    held = emulator.hold_requests("*/Configuration", times=1)
    creation = in_background(lambda: connect("alice"))
    held.wait_until_held(timeout=limit())

    emulator.drop_connections()
    alice = creation.result(limit())

    assert [one.sid for one in alice.client.my_conversations] == [room]
    assert len(alice.heard.calls("on_initialized")) == 1


@pytest.mark.parametrize(
    ("pattern", "step"),
    [
        ("*/Configuration", "the configuration"),
        ("*/Maps/*", "the own user and the map of conversations"),
    ],
    ids=["configuration", "own user"],
)
def test_a_creation_that_takes_too_long_names_the_step_it_waited_for(
    emulator: Emulator, pattern: str, step: str
) -> None:
    with emulator.hold_requests(pattern):
        failure = fail(emulator.token("alice"), emulator.properties(), SHORT)

    assert type(failure.error) is RequestTimeoutError
    assert f"it waited for {step}" in str(failure.error)
    failure.check_end()


def test_a_server_that_does_not_answer_init_is_named(emulator: Emulator) -> None:
    with RawServer() as server:
        creation = in_background(
            lambda: fail(emulator.token("alice"), options(emulator, twilsock_url=server.url), SHORT)
        )
        server.accept_websocket()
        failure = creation.result(limit())

    assert type(failure.error) is RequestTimeoutError
    assert "it waited for the answer to init" in str(failure.error)
    failure.check_end()


def test_a_server_that_does_not_answer_the_upgrade_is_named(emulator: Emulator) -> None:
    with RawServer() as server:
        failure = fail(emulator.token("alice"), options(emulator, twilsock_url=server.url), SHORT)

    assert type(failure.error) is RequestTimeoutError
    assert "it waited for a connection" in str(failure.error)
    failure.check_end()


# What nothing helps against


@pytest.mark.parametrize(
    ("pattern", "status", "code"),
    [
        ("*/Configuration", 404, 50050),
        ("*/Configuration", 500, 20500),
        ("*.channels", 403, 54007),
        ("*.info", 400, 54009),
    ],
    ids=["no service", "broken service", "no list", "no user"],
)
def test_a_start_that_the_service_refuses_says_so(
    emulator: Emulator, pattern: str, status: int, code: int
) -> None:
    emulator.fail_requests(pattern, status=status, code=code)

    failure = fail(emulator.token("alice"), emulator.properties())

    assert type(failure.error) is ConversationsError
    assert failure.error.reason is ErrorReason.CREATE_CLIENT_ERROR
    assert (failure.error.status, failure.error.code) == (status, code)
    assert isinstance(failure.error.__cause__, ConversationsError)
    assert failure.error.__cause__.status == status
    failure.check_end()


def test_ctrl_c_during_creation_leaves_nothing_behind(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from conversations._runtime.waiters import Waiter

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Waiter, "wait", interrupted)
    threads = set(threading.enumerate())

    with pytest.raises(KeyboardInterrupt):
        ConversationsClient.create(emulator.token("alice"), emulator.properties())

    assert set(threading.enumerate()) <= threads


def test_a_creation_that_is_called_off_by_a_listener_raises(emulator: Emulator) -> None:
    clients: list[ConversationsClient] = []

    class Impatient(RecordingListener):
        def on_connection_state_change(self, state: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(ClientShutdownError):
        clients.append(
            ConversationsClient.create(
                emulator.token("alice"), emulator.properties(), Impatient(), timeout=limit()
            )
        )

    assert clients == []
    emulator.wait_for_connections(0, timeout=limit())
