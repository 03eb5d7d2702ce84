"""
Push: devices, presence, and what would be sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator, ManualClock, PushSettings, Settings
from tests.emulator.twilsock_client import Reply, TwilsockClient

Connect = Callable[..., TwilsockClient]

PATH = "/v1/registrations"
NEW_MESSAGE = "twilio.conversations.new_message"
ADDED = "twilio.conversations.added_to_conversation"
REMOVED = "twilio.conversations.removed_from_conversation"
TYPES: list[JSONValue] = [NEW_MESSAGE, ADDED, REMOVED]


@pytest.fixture
def reachable(clock: ManualClock) -> Any:
    """
    An emulator that shows who is online and notifiable.
    """
    with Emulator(clock=clock, settings=Settings(reachability_enabled=True)) as emulator:
        yield emulator


def register(
    client: TwilsockClient, token: str, kind: str = "fcm", types: list[JSONValue] = TYPES
) -> Reply:
    body: JSONValue = {
        "endpoint_platform": "p" * 200,
        "channel_type": kind,
        "version": "3",
        "message_types": types,
        "data": {"registration_id": token},
    }
    return client.request("POST", PATH, {"productId": "ip_messaging"}, body)


def reachability(emulator: Emulator, identity: str) -> Any:
    return emulator.call(
        lambda backend: backend.service.users[identity].info.get("reachability").data
    )


# Devices ---------------------------------------------------------------------------------------


def test_a_device_is_registered(reachable: Emulator, connect: Connect) -> None:
    client = connect(reachable)
    reply = register(client, "device-1")
    assert reply.status == 201
    (registration,) = reachable.push_registrations
    assert reply.body == {"id": registration.id}
    assert (registration.identity, registration.channel_type) == ("alice", "fcm")
    assert (registration.token, registration.platform) == ("device-1", "p" * 128)
    assert registration.message_types == tuple(TYPES)
    assert "device-1" not in repr(registration)


def test_the_same_device_keeps_its_registration(timed: Emulator, connect: Connect) -> None:
    alice, bob = connect(timed), connect(timed, "bob")
    first = register(alice, "device-1").body["id"]
    assert register(alice, "device-1", types=[ADDED]).body["id"] == first
    assert timed.push_registrations[0].message_types == (ADDED,)
    others = {
        first,
        register(alice, "device-1", "apn").body["id"],
        register(alice, "device-2").body["id"],
        register(bob, "device-1").body["id"],
    }
    assert len(others) == len(timed.push_registrations) == 4


def test_a_device_is_forgotten_by_id(timed: Emulator, connect: Connect) -> None:
    alice, bob = connect(timed), connect(timed, "bob")
    path = f"{PATH}/{register(alice, 'device-1').body['id']}"
    assert bob.request("DELETE", path, body={}).status == 204
    assert len(timed.push_registrations) == 1
    assert alice.request("DELETE", path, body={}).status == 204
    assert timed.push_registrations == ()
    assert alice.request("DELETE", path, body={}).status == 204


def test_a_device_is_forgotten_by_token(timed: Emulator, connect: Connect) -> None:
    alice = connect(timed)
    for token, kind in (("1", "fcm"), ("1", "apn"), ("2", "fcm")):
        register(alice, token, kind)
    body: JSONValue = {"binding_type": "fcm", "address": "1"}
    for _ in range(2):
        assert alice.request("DELETE", PATH, body=body).status == 204
        left = [(known.token, known.channel_type) for known in timed.push_registrations]
        assert left == [("1", "apn"), ("2", "fcm")]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"channel_type": "other", "message_types": [], "data": {"registration_id": "x"}},
        {"channel_type": "fcm", "message_types": [], "data": {"registration_id": ""}},
        {"channel_type": "fcm", "message_types": [], "data": {}},
        {"channel_type": "fcm", "message_types": 7, "data": {"registration_id": "x"}},
    ],
)
def test_a_malformed_registration_is_refused(
    body: JSONValue, timed: Emulator, connect: Connect
) -> None:
    client = connect(timed)
    assert client.request("POST", PATH, body=body).error == (400, 20001)
    assert client.request("DELETE", PATH, body=body).error == (400, 20001)
    assert timed.push_registrations == ()


# Presence --------------------------------------------------------------------------------------


def test_a_user_with_a_device_is_notifiable(reachable: Emulator, connect: Connect) -> None:
    client = connect(reachable)
    register(client, "1")
    register(client, "2")
    assert reachability(reachable, "alice") == {"online": True, "notifiable": True}
    assert reachable.get_user("alice").is_notifiable
    for token in ("1", "2"):
        client.request("DELETE", PATH, body={"binding_type": "fcm", "address": token})
        expected = {"online": True, "notifiable": token == "1"}
        assert reachability(reachable, "alice") == expected


def test_nobody_is_shown_while_reachability_is_off(timed: Emulator, connect: Connect) -> None:
    register(connect(timed), "1")
    timed.set_online("alice", is_online=True)
    assert reachability(timed, "alice") == {"online": False, "notifiable": False}


def test_a_user_is_online_with_any_connection_and_a_moment_after(
    reachable: Emulator, clock: ManualClock, connect: Connect
) -> None:
    first, second = connect(reachable), connect(reachable)
    reachable.create_user("bob")
    assert reachability(reachable, "alice")["online"] is True
    assert reachability(reachable, "bob")["online"] is False
    first.socket.shutdown()
    reachable.wait_for_connections(1, identity="alice")
    clock.advance(10)
    assert reachability(reachable, "alice")["online"] is True
    second.socket.shutdown()
    reachable.wait_for_connections(0, identity="alice")
    clock.advance(1)
    assert reachability(reachable, "alice")["online"] is True
    connect(reachable).socket.shutdown()  # back in time, and gone again
    reachable.wait_for_connections(0, identity="alice")
    clock.advance(1.5)  # the first moment of grace is over, the second is not
    clock.advance(0.5)
    assert reachability(reachable, "alice")["online"] is False


def test_a_test_can_show_somebody_online(reachable: Emulator) -> None:
    reachable.create_user("bob")
    reachable.set_online("bob", is_online=True)
    assert reachability(reachable, "bob")["online"] is True
    reachable.set_online("bob", is_online=False)
    assert reachable.get_user("bob").is_online is False


# What would be sent ----------------------------------------------------------------------------


@pytest.fixture
def lunch(timed: Emulator, connect: Connect) -> str:
    """
    A conversation of alice and bob, who has two devices and is called Bobby.
    """
    bob = connect(timed, "bob")
    register(bob, "phone")
    register(bob, "tablet", "apn")
    timed.update_user("bob", friendly_name="Bobby")
    return timed.create_conversation(friendly_name="Lunch", identities=["alice", "bob"]).sid


def test_nothing_would_be_sent_until_it_is_switched_on(timed: Emulator, lunch: str) -> None:
    timed.send_message(lunch, "hello", author="alice")
    timed.remove_participant(lunch, "bob")
    assert timed.pushes == ()


def test_a_new_message(timed: Emulator, lunch: str) -> None:
    timed.configure_push()
    message = timed.send_message(lunch, "hello", author="alice")
    phone, tablet = timed.pushes
    assert (phone.identity, phone.channel_type, phone.token) == ("bob", "fcm", "phone")
    assert (phone.type, tablet.channel_type, tablet.token) == (NEW_MESSAGE, "apn", "tablet")
    data: Any = phone.payload["data"]
    number = data.pop("twi_message_id")
    assert number.startswith("RU")
    assert data == {
        "twi_message_type": NEW_MESSAGE,
        "twi_body": "Lunch;alice: hello",
        "twi_sound": "default",
        "author": "alice",
        "conversation_sid": lunch,
        "conversation_title": "Lunch",
        "message_sid": message.sid,
        "message_index": "0",
    }
    assert tablet.payload == {
        "aps": {"alert": "Lunch;alice: hello", "sound": "default", "category": NEW_MESSAGE},
        "twi_message_type": NEW_MESSAGE,
        "twi_message_id": number,
        "author": "alice",
        "conversation_sid": lunch,
        "conversation_title": "Lunch",
        "message_sid": message.sid,
        "message_index": 0,
    }


def test_who_is_not_notified(timed: Emulator, connect: Connect, lunch: str) -> None:
    timed.configure_push()
    register(connect(timed), "alices")
    register(connect(timed, "carol"), "carols", types=[REMOVED])
    timed.add_participant(lunch, "carol")
    timed.send_message(lunch, "hello", author="bob")
    assert [push.token for push in timed.pushes] == ["alices"]
    timed.set_notification_level(lunch, "alice", "muted")
    timed.send_message(lunch, "hello", author="bob")
    assert len(timed.pushes) == 1


def test_a_message_with_attachments(timed: Emulator, lunch: str) -> None:
    media = timed.add_media(b"abc", content_type="image/png", filename="a.png")
    other = timed.add_media(b"x")
    history = timed.add_media(b"x", content_type="text/plain", category="history")
    timed.configure_push()
    sids = [history.sid, media.sid, other.sid]
    timed.send_message(lunch, author="bob", media_sids=[timed.add_media(b"x").sid])
    timed.send_message(lunch, "look", author="alice", media_sids=sids)
    data: Any = timed.pushes[0].payload["data"]
    assert data["twi_body"] == "alice sent 2 file(s)"
    assert data["media_count"] == "2"
    assert json.loads(data["media"]) == {
        "sid": media.sid,
        "filename": "a.png",
        "content_type": "image/png",
        "size": 3,
    }
    apn: Any = timed.pushes[1].payload
    assert apn["media_count"] == 2
    assert json.loads(apn["media"])["sid"] == media.sid
    timed.configure_push(new_media_message=False)
    timed.send_message(lunch, "more", author="alice", media_sids=[timed.add_media(b"x").sid])
    data = timed.pushes[2].payload["data"]
    assert data["twi_body"] == "Lunch;alice: more"


def test_coming_and_going(timed: Emulator, connect: Connect, lunch: str) -> None:
    timed.configure_push(new_message=False)
    sid = timed.create_conversation(identities=["bob"]).sid
    timed.remove_participant(sid, "bob")
    added, _, removed, _ = timed.pushes
    data: Any = added.payload["data"]
    assert (added.type, data["twi_body"]) == (ADDED, f"You joined {sid}")
    assert data["conversation_title"] == sid
    assert "message_sid" not in data
    data = removed.payload["data"]
    assert (removed.type, data["twi_body"]) == (REMOVED, f"You left {sid}")
    client = connect(timed, "bob")
    path = f"/Client/v2/Services/{timed.credentials.service}/Conversations/{lunch}/Participants"
    assert client.request("DELETE", f"{path}/bob", body={}).status == 204
    assert len(timed.pushes) == 4  # by its own hand


def test_words_can_be_chosen_and_badges_count_conversations(connect: Connect) -> None:
    push = PushSettings(
        new_message=True,
        badge=True,
        sound="ding",
        new_message_template="${PARTICIPANT} ${UNKNOWN} ${MEDIA_COUNT}",
    )
    with Emulator(settings=Settings(push=push)) as emulator:
        register(connect(emulator, "bob"), "tablet", "apn")
        emulator.create_user("alice", friendly_name="Al")
        sids = [emulator.create_conversation(identities=["alice", "bob"]).sid for _ in range(3)]
        for sid in sids[:2]:
            emulator.set_read_horizon(sid, "bob", 0)
            for _ in range(2):
                emulator.send_message(sid, "x", author="alice")
        emulator.send_message(sids[2], "x", author="alice")
        aps: Any = emulator.pushes[-1].payload["aps"]
        assert aps == {
            "alert": "Al ${UNKNOWN} 0",
            "sound": "ding",
            "category": NEW_MESSAGE,
            "badge": 2,
        }


def test_a_test_waits_for_a_push(timed: Emulator, connect: Connect, lunch: str) -> None:
    timed.configure_push()
    alice = connect(timed)
    path = f"/Client/v2/Services/{timed.credentials.service}/Conversations/{lunch}/Messages"
    alice.send_request("POST", path, body={"body": "one"})
    push = timed.wait_for_push(lambda push: push.channel_type == "apn")
    assert push.token == "tablet"
    assert timed.wait_for_push(count=2) == push
    with pytest.raises(TimeoutError):
        timed.wait_for_push(count=3, timeout=0.01)
