"""
Typing, and who is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.upstream import JSONValue, json_body
from conversations.emulator import Emulator, ManualClock, Refusal, Settings
from tests.emulator.recorder import Api, Surroundings, make_service
from tests.emulator.twilsock_client import Reply, TwilsockClient, decode_reply

OpenSocket = Callable[[Emulator], TwilsockClient]

TYPE = "twilio.ipmsg.typing_indicator"
HEARING: list[JSONValue] = [
    {"product": "ip_messaging", "type": "ers", "message_types": ["x", TYPE]},
]


@pytest.fixture
def lunch(timed: Emulator) -> str:
    return timed.create_conversation(identities=["alice", "bob", "carol"]).sid


@pytest.fixture
def hearing(timed: Emulator, open_socket: OpenSocket) -> Callable[[str], TwilsockClient]:
    """
    A client of a user that has registered for typing.
    """

    def hearing(identity: str) -> TwilsockClient:
        client = open_socket(timed)
        client.init(timed.token(identity), registrations=HEARING)
        return client

    return hearing


def report(client: TwilsockClient, service: str, body: bytes, content_type: str) -> Reply:
    frame_id = client.send(
        "message",
        body,
        active_grant="ip_messaging",
        payload_type=content_type,
        http_request={
            "host": "aim.us1.twilio.com",
            "path": f"/v1/Instances/{service}/Typing",
            "method": "POST",
            "params": {},
            "headers": {"Content-Type": content_type},
        },
    )
    return decode_reply(client.reply_to(frame_id))


def start_typing(emulator: Emulator, client: TwilsockClient, sid: str) -> Reply:
    return report(
        client,
        emulator.credentials.service,
        f"ChannelSid={sid}".encode(),
        "application/x-www-form-urlencoded",
    )


def hears_nothing(client: TwilsockClient) -> bool:
    """
    Ask something; whatever was on its way has come before the answer.
    """
    client.request("GET", "/Client/v2/Configuration")
    return not client.notifications


def test_the_other_participants_are_told(
    timed: Emulator, hearing: Callable[[str], TwilsockClient], lunch: str
) -> None:
    alice, other_alice, bob, other_bob = map(hearing, ("alice", "alice", "bob", "bob"))
    dave = hearing("dave")
    reply = start_typing(timed, alice, lunch)
    assert (reply.status, reply.body) == (200, {"typing_timeout": 5})
    for client in (bob, other_bob):
        notification = client.next_notification()
        assert notification.type == TYPE
        assert notification.body == {
            "channel_sid": lunch,
            "identity": "alice",
            "typing_timeout": 6,
        }
    assert all(map(hears_nothing, (alice, other_alice, dave, bob)))


def test_only_who_has_registered_is_told(
    timed: Emulator, connect: Any, hearing: Callable[[str], TwilsockClient], lunch: str
) -> None:
    alice, bob = hearing("alice"), connect(timed, "bob")
    start_typing(timed, alice, lunch)
    assert hears_nothing(bob)
    context: dict[str, JSONValue] = {"product_id": "ip_messaging", "message_types": [TYPE]}
    bob.reply_to(bob.send("put_notification_ctx", json_body(context), notification_ctx_id="1"))
    start_typing(timed, alice, lunch)
    assert bob.next_notification().body["identity"] == "alice"
    bob.reply_to(bob.send("delete_notification_ctx", notification_ctx_id="1"))
    start_typing(timed, alice, lunch)
    assert hears_nothing(bob)


def test_a_test_can_let_somebody_type(
    timed: Emulator, hearing: Callable[[str], TwilsockClient], lunch: str
) -> None:
    alice = hearing("alice")
    timed.start_typing(lunch, "bob")
    assert alice.next_notification().body["identity"] == "bob"
    with pytest.raises(Refusal, match="50430"):
        timed.start_typing(lunch, "dave")


def test_who_may_not_type(
    timed: Emulator, hearing: Callable[[str], TwilsockClient], lunch: str
) -> None:
    alice, dave = hearing("alice"), hearing("dave")
    service = timed.credentials.service
    form = "application/x-www-form-urlencoded"
    assert start_typing(timed, dave, lunch).error == (403, 50430)
    assert start_typing(timed, alice, "CH" + "0" * 32).error == (404, 50350)
    for body in (b"", b"ChannelSid=", b"Other=1", b"\xff\xfe"):
        assert report(alice, service, body, form).error == (400, 50351)
    assert report(alice, service, b"{}", "application/json").error == (400, 50351)
    assert report(alice, "IS" + "0" * 32, b"ChannelSid=x", form).error == (404, 20404)
    timed.update_conversation(lunch, state="closed")
    assert start_typing(timed, alice, lunch).error == (400, 50377)


def test_the_time_can_be_chosen_and_text_is_taken_for_a_form(clock: ManualClock) -> None:
    service = make_service(clock, Settings(typing_timeout=9))
    api = Api(service)
    sid = api.ok("alice", "POST", "Conversations", {})["sid"]
    for identity in ("alice", "bob"):
        api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": identity})
    path = f"/v1/Instances/{service.sid}/Typing"
    assert api.ok("alice", "POST", path, f"ChannelSid={sid}") == {"typing_timeout": 9}
    assert isinstance(service.surroundings, Surroundings)
    assert service.surroundings.notified == [
        ("bob", TYPE, {"channel_sid": sid, "identity": "alice", "typing_timeout": 10})
    ]
