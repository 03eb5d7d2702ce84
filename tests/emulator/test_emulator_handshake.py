"""
Opening a connection: ``init``, ``update``, and what ends both.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.twilsock.frames import encode_frame
from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator, ManualClock, Settings
from tests.emulator.twilsock_client import REGISTRATIONS, SocketClosed, TwilsockClient

OpenSocket = Callable[[Emulator], TwilsockClient]
Connect = Callable[..., TwilsockClient]

NOT_ACCEPTABLE: JSONValue = {
    "code": 406,
    "status": "NOT_ACCEPTABLE_MESSAGE",
    "description": "Not acceptable message",
    "errorCode": 51214,
}


def closed_for_nothing(client: TwilsockClient) -> None:
    """
    The server sends the close frame for something unacceptable, then closes.
    """
    frame = client.receive()
    assert (frame.method, frame.header["status"]) == ("close", NOT_ACCEPTABLE)
    client.send("close")
    assert client.wait_until_closed().code == 1000


def test_the_init_reply_has_everything_in_its_header(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(emulator)
    reply = client.init(
        emulator.token("alice"),
        capabilities=["client_update", "offline_storage", "account_descriptor", "telemetry.v1"],
    )
    header: Any = reply.header
    assert reply.payload is None
    assert header["status"] == {"code": 200, "status": "OK"}
    assert header["capabilities"] == ["client_update", "offline_storage", "account_descriptor"]
    assert header["continuation_token_status"] == {
        "reissued": True,
        "reissue_reason": "MISSING",
        "reissue_message": "Continuation token is not provided",
    }
    assert len(header["offline_storage"]["ip_messaging"]["storage_id"]) == 40
    service = emulator.credentials.service
    assert header["account_descriptor"] == {
        "account_sid": emulator.credentials.account,
        "identity": "alice",
        "instance_sids": {"chat": service, "ip_messaging": service},
    }
    (registration,) = header["init_registrations"]
    uuid.UUID(registration.pop("notification_ctx_id"))
    assert registration == {
        "type": "ers",
        "product": "ip_messaging",
        "message_types": REGISTRATIONS[0]["message_types"],
    }


def test_what_was_not_asked_for_is_not_in_the_init_reply(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(emulator)
    reply = client.init(emulator.token("alice"), capabilities=None, registrations=None)
    assert reply.header["capabilities"] == []
    assert reply.header["init_registrations"] == []
    assert "offline_storage" not in reply.header
    assert "account_descriptor" not in reply.header


def test_an_accepted_continuation_token_is_kept(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    token = emulator.token("alice")
    first = open_socket(emulator).init(token).header["continuation_token"]
    again = open_socket(emulator).init(token, continuation_token=first)
    assert again.header["continuation_token"] == first
    assert again.header["continuation_token_status"] == {"reissued": False}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda token: "", "MISSING"),
        (lambda token: 7, "MALFORMED"),
        (lambda token: "nonsense", "MALFORMED"),
        (lambda token: "no.thing", "MALFORMED"),
        (lambda token: token[:-4] + "AAAA", "WRONG_SIGNATURE"),
        (lambda token: "e30." + token.split(".")[1], "WRONG_SIGNATURE"),
    ],
)
def test_a_bad_continuation_token_is_replaced_and_no_error(
    spoil: Callable[[str], JSONValue], reason: str, emulator: Emulator, open_socket: OpenSocket
) -> None:
    token = emulator.token("alice")
    good = str(open_socket(emulator).init(token).header["continuation_token"])
    reply: Any = open_socket(emulator).init(token, continuation_token=spoil(good))
    assert reply.header["status"]["code"] == 200
    assert reply.header["continuation_token_status"]["reissue_reason"] == reason
    assert reply.header["continuation_token"] != good


def test_a_continuation_token_of_another_user_is_replaced(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    of_alice = open_socket(emulator).init(emulator.token("alice")).header["continuation_token"]
    reply: Any = open_socket(emulator).init(emulator.token("bob"), continuation_token=of_alice)
    assert reply.header["continuation_token_status"] == {
        "reissued": True,
        "reissue_reason": "DIFFERENT_IDENTITY",
        "reissue_message": "Different identity",
    }


def test_the_storage_id_is_that_of_the_user_and_the_data(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    def storage_id(identity: str) -> str:
        reply: Any = open_socket(emulator).init(emulator.token(identity))
        return str(reply.header["offline_storage"]["ip_messaging"]["storage_id"])

    first = storage_id("alice")
    assert storage_id("alice") == first
    assert storage_id("bob") != first
    emulator.reset_data()
    assert storage_id("alice") != first


def test_a_refused_token_is_answered_with_its_code_and_the_connection_ends(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(emulator)
    reply = client.init("nonsense")
    assert reply.header["status"] == {
        "code": 401,
        "status": "UNAUTHORIZED",
        "description": "Invalid Access Token",
        "errorCode": 20101,
    }
    assert client.wait_until_closed().code == 1000


@pytest.mark.parametrize("token", [None, 7, {}])
def test_a_token_that_is_no_text_is_refused(
    token: JSONValue, emulator: Emulator, open_socket: OpenSocket
) -> None:
    reply: Any = open_socket(emulator).init(token)
    assert reply.header["status"]["errorCode"] == 20101


def test_a_refused_client_that_closes_by_itself_is_answered_at_once(
    timed: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(timed)
    client.init("nonsense")
    client.send("close")
    assert client.wait_until_closed().code == 1000


def test_a_connection_without_init_is_closed(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    client = open_socket(timed)
    clock.advance(9.9)
    assert len(timed.connections) == 1
    clock.advance(0.1)
    closed = client.wait_until_closed()
    assert (closed.code, closed.reason) == (1000, "no-init-from-client")


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.send("update", token="x"),
        lambda client: client.send_request("GET", "/Client/v2/Configuration"),
        lambda client: client.send("reply", status={"code": 200}),
        lambda client: client.socket.send_binary(b"GET / HTTP/1.1\r\n\r\n"),
        lambda client: client.socket.send_binary(b""),
        lambda client: client.socket.send(encode_frame({"method": "init", "id": "1"}).decode()),
        lambda client: client.socket.send_binary(b"TWILSOCK V3.0 4\r\nnull\r\n"),
    ],
)
def test_anything_but_init_first_is_not_acceptable(
    send: Callable[[TwilsockClient], object], emulator: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(emulator)
    send(client)
    closed_for_nothing(client)


def test_a_client_that_does_not_close_is_closed_after_a_moment(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    client = open_socket(timed)
    client.socket.send_binary(b"nothing good")
    assert client.receive().method == "close"
    clock.advance(1.9)
    assert [connection.state for connection in timed.connections] == ["closing"]
    clock.advance(0.2)
    assert client.wait_until_closed().code == 1000
    assert timed.connections == ()


def test_a_second_init_is_a_bad_request(emulator: Emulator, connect: Connect) -> None:
    reply: Any = connect(emulator).init(emulator.token("alice"))
    assert reply.header["status"] == {"code": 400, "status": "BAD_REQUEST"}


def test_several_connections_of_one_user_live_side_by_side(
    emulator: Emulator, connect: Connect
) -> None:
    first, second = connect(emulator), connect(emulator)
    for client in (first, second):
        assert client.request("GET", "/Client/v2/Configuration").status == 200
    assert [connection.identity for connection in emulator.connections] == ["alice", "alice"]


# Replacing the token -------------------------------------------------------------------------


def test_a_new_token_of_the_same_user_is_accepted_on_the_same_socket(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    reply = client.reply_to(client.send("update", token=emulator.token("alice")))
    assert reply.header["status"] == {"code": 200, "status": "OK"}
    assert client.request("GET", "/Client/v2/Configuration").status == 200


def test_a_token_of_somebody_else_is_refused_and_ends_the_connection(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    reply = client.reply_to(client.send("update", token=emulator.token("bob")))
    assert reply.header["status"] == {
        "code": 401,
        "status": "UNAUTHORIZED",
        "description": (
            "Can't update token, new token was issued for other identity/instance/product."
        ),
        "errorCode": 51215,
    }
    assert client.wait_until_closed().code == 1000


def test_an_expired_token_is_refused_in_an_update_too(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    client, short = connect(timed), timed.token("alice", ttl=5)
    clock.advance(5)
    reply: Any = client.reply_to(client.send("update", token=short))
    assert reply.header["status"]["errorCode"] == 20104


# The end of a token --------------------------------------------------------------------------


def test_the_end_of_a_token_is_announced_and_comes(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    timed.stop_pings()
    client = open_socket(timed)
    client.init(timed.token("alice", ttl=3600))
    clock.advance(3359)
    assert client.request("GET", "/Client/v2/Configuration").status == 200
    clock.advance(1)
    frame = client.receive()
    assert frame.method == "client_update"
    assert frame.header["client_update_type"] == "token_about_to_expire"
    assert frame.header["client_update_message"] == (
        "Your token is about to expire. Time left: less than 240000 ms"
    )
    assert frame.payload is None
    clock.advance(239)
    assert client.request("GET", "/Client/v2/Configuration").status == 200
    clock.advance(1)
    closing = client.receive()
    assert (closing.method, closing.header["status"]) == (
        "close",
        {
            "code": 410,
            "status": "TOKEN_EXPIRED",
            "description": "Token expired",
            "errorCode": 51207,
        },
    )


def test_a_short_token_is_announced_at_half_its_time(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    timed.stop_pings()
    client = connect(timed)
    reply = client.reply_to(client.send("update", token=timed.token("alice", ttl=100)))
    assert reply.header["status"] == {"code": 200, "status": "OK"}
    clock.advance(49)
    assert client.request("GET", "/Client/v2/Configuration").status == 200
    clock.advance(1)
    assert client.receive().method == "client_update"
    clock.advance(50)
    assert client.receive().method == "close"


def test_a_new_token_takes_the_place_of_the_old_ones_end(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    timed.stop_pings()
    client = open_socket(timed)
    client.init(timed.token("alice", ttl=100))
    clock.advance(50)
    assert client.receive().method == "client_update"
    client.reply_to(client.send("update", token=timed.token("alice", ttl=3600)))
    clock.advance(60)
    assert client.request("GET", "/Client/v2/Configuration").status == 200


def test_only_clients_that_listen_are_told_of_the_end(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    timed.stop_pings()
    client = open_socket(timed)
    client.init(timed.token("alice", ttl=100), capabilities=[])
    clock.advance(100)
    assert client.receive().method == "close"


def test_the_permissive_mode_takes_foreign_tokens(open_socket: OpenSocket) -> None:
    settings = Settings(permissive_tokens=True)
    with (
        Emulator(account="AC" + "1" * 32, secret="s" * 32) as foreign,
        Emulator(settings=settings) as emulator,
    ):
        reply = open_socket(emulator).init(foreign.token("eve"))
        assert reply.header["status"] == {"code": 200, "status": "OK"}


def test_handshakes_are_noted_without_tokens(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    token = emulator.token("bob")
    client.reply_to(client.send("update", token=token))
    first, second = emulator.handshakes
    assert (first.method, first.identity, first.status) == ("init", "alice", 200)
    assert (first.continuation, first.metadata) == ("MISSING", {"sdk": "Test"})
    assert (second.method, second.identity, second.status, second.error_code) == (
        "update",
        "bob",
        401,
        51215,
    )
    assert token not in repr(emulator.handshakes)


def test_an_aborted_client_is_gone_for_the_server_too(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    client.socket.shutdown()
    assert emulator.wait_for_connections(0) == ()
    with pytest.raises((SocketClosed, OSError)):
        client.receive()
