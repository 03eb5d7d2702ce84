"""
Tokens of the official REST library on the emulator, and ours beside them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import websocket
from twilio.jwt.access_token import AccessToken as OfficialToken
from twilio.jwt.access_token.grants import ChatGrant as OfficialChatGrant
from twilio.jwt.access_token.grants import SyncGrant as OfficialSyncGrant

from conversations import ConversationsClient
from conversations._core.twilsock.frames import decode_frame, encode_frame
from conversations.tokens import AccessToken, ChatGrant, read_claims
from tests.interop.js_client import JsProcess
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

KEY_OF_NOBODY = "SKffffffffffffffffffffffffffffffff"
SECRET_OF_NOBODY = "another secret, long enough for HS256"
SERVICE_OF_NOBODY = "ISffffffffffffffffffffffffffffffff"


def official(emulator: Emulator, identity: str | None, **options: Any) -> OfficialToken:
    """
    A token of the official library for the emulator's development account.
    """
    ours = emulator.credentials
    account, key, secret = (
        options.pop(name, getattr(ours, name)) for name in ("account", "key", "secret")
    )
    service = options.pop("service", ours.service)
    token = OfficialToken(account, key, secret, identity=identity, **options)
    token.add_grant(OfficialChatGrant(service_sid=service))
    return token


@contextlib.contextmanager
def init_reply(emulator: Emulator, token: str) -> Iterator[dict[str, Any]]:
    """
    Header of the emulator's reply to an ``init`` with this token.
    """
    url = emulator.twilsock_url
    socket = websocket.create_connection(url, timeout=limit())
    try:
        frame = encode_frame(
            {
                "method": "init",
                "id": "TM1",
                "token": token,
                "continuation_token": None,
                "capabilities": ["client_update"],
                "metadata": {"sdk": "test"},
                "registrations": None,
            }
        )
        socket.send_binary(frame)
        yield dict(decode_frame(socket.recv()).header)
    finally:
        socket.close()


def test_the_official_library_makes_tokens_that_connect(emulator: Emulator) -> None:
    token = official(emulator, "alice")
    token.add_grant(OfficialSyncGrant(service_sid=emulator.credentials.service))

    with init_reply(emulator, token.to_jwt()) as reply:
        assert reply["id"] == "TM1"
        assert reply["status"]["code"] == 200


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param({"key": KEY_OF_NOBODY}, 20103, id="unknown key"),
        pytest.param({"account": "ACffffffffffffffffffffffffffffffff"}, 20103, id="other account"),
        pytest.param({"secret": SECRET_OF_NOBODY}, 20107, id="wrong secret"),
        pytest.param({"ttl": -1}, 20104, id="expired"),
        pytest.param({"ttl": 86_500}, 20157, id="longer than a day"),
        pytest.param({"nbf": int(time.time()) + 3000}, 20105, id="not yet valid"),
        pytest.param({"identity": None}, 20106, id="no identity"),
        pytest.param({"service": None}, 20106, id="no service"),
        pytest.param({"service": SERVICE_OF_NOBODY}, 51101, id="unknown service"),
    ],
)
def test_what_is_wrong_with_a_token_is_answered_with_its_code(
    emulator: Emulator, options: dict[str, Any], code: int
) -> None:
    token = official(emulator, **{"identity": "alice", **options})

    with init_reply(emulator, token.to_jwt()) as reply:
        assert reply["status"]["code"] == 401
        assert reply["status"]["errorCode"] == code


def test_the_official_clients_and_tokens_work_together(js: JsProcess, emulator: Emulator) -> None:
    uri = emulator.twilsock_url
    token = official(emulator, "zoë@example.com", ttl=600).to_jwt()

    client = js.client("zoë", token, uri).wait_until_initialized()

    assert client.call("state")["user"]["identity"] == "zoë@example.com"


def test_our_client_works_with_the_official_librarys_tokens(emulator: Emulator) -> None:
    token = official(emulator, "zoë@example.com", ttl=600).to_jwt()

    with ConversationsClient.create(token, emulator.properties(), timeout=limit()) as client:
        assert client.my_identity == "zoë@example.com"
        assert client.token_expires_at == read_claims(token).expires_at
        client.update_token(official(emulator, "zoë@example.com", ttl=1200).to_jwt())
        assert client.create_conversation("ours").created_by == "zoë@example.com"


@pytest.mark.parametrize(
    "options",
    [
        {"identity": "alice"},
        {"identity": "böb@example.com", "ttl": 86_400, "region": "ie1"},
        {"identity": "alice", "nbf": None, "valid_until": 1_900_000_000},
        {"identity": "alice", "nbf": 1_800_000_000},
        {},
    ],
    ids=["plain", "everything", "no nbf", "nbf", "no identity"],
)
def test_our_tokens_are_those_of_the_official_library(options: dict[str, Any]) -> None:
    account, key, secret = (
        "AC0123456789abcdef0123456789abcdef",
        "SKfedcba9876543210fedcba9876543210",
        "0123456789abcdefghijklmnopqrstuv",
    )
    grant = {
        "service_sid": "IS00112233445566778899aabbccddeeff",
        "endpoint_id": "ep-1",
        "deployment_role_sid": "RL0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "push_credential_sid": "CRffeeddccbbaa99887766554433221100",
    }
    ours = AccessToken(account, key, secret, **options)
    ours.add_grant(ChatGrant(**grant))
    theirs = OfficialToken(account, key, secret, **options)
    theirs.add_grant(OfficialChatGrant(**grant))

    mine, official_one = _decoded(ours.to_jwt(), secret), _decoded(theirs.to_jwt(), secret)

    assert mine["header"] == official_one["header"]
    # Made one after the other, a second may have passed in between.
    for payload in (mine["payload"], official_one["payload"]):
        assert payload.pop("jti").startswith(f"{key}-")
    for name in ("nbf", "exp"):
        assert mine["payload"].pop(name, 0) == pytest.approx(
            official_one["payload"].pop(name, 0), abs=limit(5)
        )
    assert mine["payload"] == official_one["payload"]


def test_we_can_read_the_official_librarys_tokens(emulator: Emulator) -> None:
    claims = read_claims(official(emulator, "alice").to_jwt())

    assert claims.identity == "alice"
    assert claims.service_sid == emulator.credentials.service


def _decoded(token: str, secret: str) -> dict[str, Any]:
    options: Any = {"verify_exp": False, "verify_nbf": False}
    return jwt.decode_complete(token, secret, algorithms=["HS256"], options=options)
