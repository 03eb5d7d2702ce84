"""
Push: the tokens of devices, what a notification says, and who is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from conversations import (
    APNToken,
    ClientShutdownError,
    ConversationsClient,
    ConversationsError,
    FCMToken,
    ForbiddenError,
    InvalidArgumentError,
    NotificationPayload,
    NotificationPayloadType,
    RequestTimeoutError,
)
from tests.client.people import Connect, Person, posts
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

NEW = "twilio.conversations.new_message"
ADDED = "twilio.conversations.added_to_conversation"
REMOVED = "twilio.conversations.removed_from_conversation"

FCM = {
    "twi_message_type": NEW,
    "twi_message_id": "RU1",
    "twi_title": "a title",
    "twi_body": "Lunch;bob: hello",
    "twi_sound": "bell",
    "twi_action": "open",
    "author": "bob",
    "conversation_sid": "CH1",
    "conversation_title": "Lunch",
    "message_sid": "IM1",
    "message_index": "42",
    "media_count": "2",
    "media": json.dumps(
        {"sid": "ME1", "filename": "a.png", "content_type": "image/png", "size": 7}
    ),
}
APNS = {
    "aps": {
        "alert": {"title": "a title", "body": "Lunch;bob: hello"},
        "sound": "bell",
        "badge": 3,
        "category": "open",
    },
    **{name: FCM[name] for name in FCM if not name.startswith("twi_")},
    "twi_message_type": NEW,
    "message_index": 42,
    "media_count": 2,
}
PUSH_CALLBACKS = (
    "on_push_notification",
    "on_new_message_notification",
    "on_added_to_conversation_notification",
    "on_removed_from_conversation_notification",
    "on_badge_count_notification",
    "on_notification_subscribed",
    "on_notification_failed",
)


def told(person: Person) -> list[tuple[Any, ...]]:
    return [
        (call.callback, *call.arguments.values()) for call in person.heard.calls(*PUSH_CALLBACKS)
    ]


def devices(emulator: Emulator) -> list[tuple[str, str, str]]:
    return [(one.identity, one.channel_type, one.token) for one in emulator.push_registrations]


# What a notification says


@pytest.mark.parametrize("data", [FCM, {"data": FCM}, APNS], ids=["flat", "data", "apns"])
def test_all_that_a_notification_says_can_be_read(data: dict[str, Any]) -> None:
    payload = NotificationPayload(data)
    assert attrs.asdict(payload) == {
        "type": NotificationPayloadType.NEW_MESSAGE,
        "raw_type": NEW,
        "title": "a title",
        "body": "Lunch;bob: hello",
        "sound": "bell",
        "badge": 3 if "aps" in data else None,
        "action": "open",
        "author": "bob",
        "conversation_sid": "CH1",
        "conversation_title": "Lunch",
        "message_sid": "IM1",
        "message_index": 42,
        "media_count": 2,
        "media_sid": "ME1",
        "media_filename": "a.png",
        "media_content_type": "image/png",
        "media_size": 7,
    }


def test_an_alert_may_be_a_text_alone() -> None:
    payload = NotificationPayload({"aps": {"alert": "words"}, "twi_message_type": ADDED})
    assert (payload.title, payload.body) == (None, "words")
    assert payload.type is NotificationPayloadType.ADDED_TO_CONVERSATION


def test_apns_counts_where_both_are_there() -> None:
    both = {"aps": {"alert": "apns"}, "twi_message_type": ADDED, "data": FCM}
    assert NotificationPayload(both).body == "apns"


@pytest.mark.parametrize("form", [lambda d: d, lambda d: {"data": d}, lambda d: {**d, "aps": {}}])
@pytest.mark.parametrize("value", [None, "", [], {}, True, -1, 1.5, "x" * 30, "-1", "\u0661"])
def test_what_makes_no_sense_is_left_out(
    form: Callable[[dict[str, Any]], dict[str, Any]], value: Any
) -> None:
    odd = dict.fromkeys(FCM, value) | {"twi_message_type": NEW}
    payload = NotificationPayload(form(odd))
    numbers = (payload.message_index, payload.media_count, payload.media_size, payload.badge)
    assert numbers == (None,) * 4
    assert payload.media_sid is None
    assert payload.conversation_sid in {None, value if isinstance(value, str) else None}


@pytest.mark.parametrize(
    "media", ["{", "[]", "7", "null", '{"sid": 7, "size": "big"}', "[" * 100_000, 7]
)
def test_malformed_media_are_left_out(media: Any) -> None:
    payload = NotificationPayload(FCM | {"media": media})
    assert (payload.media_sid, payload.media_size, payload.media_count) == (None, None, 2)


@pytest.mark.parametrize("badge", [0, -1, True, "many", None])
def test_a_badge_without_a_number_is_none(badge: Any) -> None:
    data = {"aps": {"badge": badge}, "twi_message_type": NEW}
    assert NotificationPayload(data).badge is None


def test_an_unknown_type_is_kept() -> None:
    payload = NotificationPayload({"twi_message_type": "twilio.conversations.reaction"})
    assert payload.type is NotificationPayloadType.UNKNOWN
    assert payload.raw_type == "twilio.conversations.reaction"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"data": {}},
        {"aps": {}},
        {"twi_message_type": ""},
        {"twi_message_type": 7},
        None,
        "x",
        [],
    ],
)
def test_what_is_no_notification_of_the_service_is_refused(data: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        NotificationPayload(data)


def test_a_notification_is_a_value_that_does_not_show_its_words() -> None:
    payload = NotificationPayload(FCM)
    assert payload == NotificationPayload({"data": FCM})
    assert payload != NotificationPayload(FCM | {"twi_body": "other"})
    assert hash(payload) == hash(NotificationPayload(FCM))
    assert repr(payload) == f"<NotificationPayload {NEW} CH1 IM1>"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        payload.body = "x"  # type: ignore[misc]


# Tokens


def test_tokens_are_checked_and_do_not_show_themselves() -> None:
    assert FCMToken("device").token == "device"
    assert APNToken(b"\x00\xff").token == "00ff"
    assert APNToken(bytearray(b"\x01")) == APNToken("01") == APNToken(memoryview(b"\x01"))
    assert APNToken("00FF").token == "00ff"
    assert "device" not in repr(FCMToken("device"))
    assert "00ff" not in repr(APNToken("00ff"))


@pytest.mark.parametrize("token", ["", None, b"device", 7])
def test_an_fcm_token_is_a_string(token: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="FCM token"):
        FCMToken(token)


@pytest.mark.parametrize("token", ["", b"", None, "0", "0g", "<00ff>", "00 ff", "00ff\n", 7])
def test_an_apns_token_is_bytes_or_hex(token: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="APNs token"):
        APNToken(token)


# Registering


def test_devices_are_registered_and_unregistered(alice: Person, emulator: Emulator) -> None:
    alice.client.register_fcm_token(FCMToken("phone"), timeout=limit())
    alice.client.register_apn_token(APNToken(b"\x00\xff"), timeout=limit())
    assert devices(emulator) == [("alice", "fcm", "phone"), ("alice", "apn", "00ff")]
    assert set(emulator.push_registrations[0].message_types) == {NEW, ADDED, REMOVED}
    alice.client.unregister_apn_token(APNToken("00FF"), timeout=limit())
    assert devices(emulator) == [("alice", "fcm", "phone")]
    alice.client.unregister_fcm_token(FCMToken("phone"), timeout=limit())
    assert devices(emulator) == []
    alice.catch_up()
    assert told(alice) == [("on_notification_subscribed",)] * 2


def test_another_token_takes_the_place_of_the_one_before(alice: Person, emulator: Emulator) -> None:
    for token in ("old", "new", "new"):
        alice.client.register_fcm_token(FCMToken(token), timeout=limit())
    assert devices(emulator) == [("alice", "fcm", "new")]


@pytest.mark.usefixtures("quick_reconnects")
def test_a_registration_outlives_the_connection_and_the_client(
    alice: Person, emulator: Emulator
) -> None:
    alice.client.register_fcm_token(FCMToken("phone"), timeout=limit())
    emulator.drop_connections()
    alice.client.wait_until(lambda: alice.client.stats.reconnections == 1, timeout=limit())
    alice.client.update_token(emulator.token("alice", ttl=7200), timeout=limit())
    assert devices(emulator) == [("alice", "fcm", "phone")]
    alice.client.register_fcm_token(FCMToken("other"), timeout=limit())
    assert devices(emulator) == [("alice", "fcm", "other")]
    alice.client.shutdown()
    assert devices(emulator) == [("alice", "fcm", "other")]


def test_a_registration_that_fails_is_told_and_raised(alice: Person, emulator: Emulator) -> None:
    emulator.fail_requests("*registrations*", status=403, code=20403)
    with pytest.raises(ForbiddenError, match="register_fcm_token") as caught:
        alice.client.register_fcm_token(FCMToken("phone"), timeout=limit())
    failed = alice.hear("on_notification_failed")
    assert failed["error_info"] == caught.value.error_info
    with pytest.raises(InvalidArgumentError):
        alice.client.register_fcm_token(APNToken("00"))  # type: ignore[arg-type]
    alice.catch_up()
    assert [one[0] for one in told(alice)] == ["on_notification_failed"]
    assert alice.heard.calls("on_error") == []


def test_a_registration_that_takes_too_long_is_told_too(
    connect: Connect, emulator: Emulator
) -> None:
    alice = connect("alice")
    with emulator.hold_requests("*registrations*"):
        with pytest.raises(RequestTimeoutError) as caught:
            alice.client.register_apn_token(APNToken("00"), timeout=0.1)
        failed = alice.hear("on_notification_failed")
        assert failed["error_info"] == caught.value.error_info


def test_unregistering_fails_like_any_call(alice: Person, emulator: Emulator) -> None:
    emulator.fail_requests("*registrations*", status=403, code=20403)
    with pytest.raises(ForbiddenError, match="unregister_fcm_token"):
        alice.client.unregister_fcm_token(FCMToken("phone"), timeout=limit())
    alice.catch_up()
    assert told(alice) == []


@pytest.mark.parametrize(
    ("method", "right"),
    [
        ("register_fcm_token", FCMToken("a")),
        ("unregister_fcm_token", FCMToken("a")),
        ("register_apn_token", APNToken("00")),
        ("unregister_apn_token", APNToken("00")),
    ],
)
def test_tokens_of_the_wrong_kind_are_refused(
    alice: Person, emulator: Emulator, method: str, right: Any
) -> None:
    call = getattr(alice.client, method)
    wrong = APNToken("00") if isinstance(right, FCMToken) else FCMToken("a")
    for token in (wrong, right.token, None):
        with pytest.raises(InvalidArgumentError, match="token must be"):
            call(token)
    assert not [one for one in emulator.requests if posts("/registrations")(one)]
    alice.client.shutdown()
    with pytest.raises(ClientShutdownError):
        call(right)


# Handling


@pytest.mark.parametrize(
    ("data", "calls"),
    [
        (FCM, [("on_new_message_notification", "CH1", "IM1", 42)]),
        (
            APNS,
            [
                ("on_new_message_notification", "CH1", "IM1", 42),
                ("on_badge_count_notification", 3),
            ],
        ),
        (FCM | {"twi_message_type": ADDED}, [("on_added_to_conversation_notification", "CH1")]),
        (
            APNS | {"twi_message_type": REMOVED},
            [
                ("on_removed_from_conversation_notification", "CH1"),
                ("on_badge_count_notification", 3),
            ],
        ),
        (APNS | {"twi_message_type": "new"}, []),
        ({"twi_message_type": NEW}, [("on_new_message_notification", None, None, None)]),
    ],
    ids=["fcm", "apns", "added", "removed", "unknown", "empty"],
)
def test_each_notification_has_its_callbacks(
    alice: Person, data: dict[str, Any], calls: list[tuple[Any, ...]]
) -> None:
    payload = NotificationPayload(data)
    alice.client.handle_notification(payload)
    alice.catch_up()
    assert told(alice) == [("on_push_notification", payload), *calls]


def test_handling_changes_nothing_and_asks_nobody(alice: Person, emulator: Emulator) -> None:
    before = alice.client.stats.requests
    alice.client.handle_notification(NotificationPayload(FCM))
    assert alice.client.my_conversations == []
    assert alice.client.stats.requests == before


@pytest.mark.parametrize("payload", [FCM, None, "x"])
def test_only_payloads_are_handled(alice: Person, payload: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="payload must be NotificationPayload"):
        alice.client.handle_notification(payload)


def test_a_client_that_is_shut_down_handles_nothing(alice: Person) -> None:
    alice.client.shutdown()
    with pytest.raises(ClientShutdownError):
        alice.client.handle_notification(NotificationPayload(FCM))
    assert told(alice) == []


@pytest.mark.parametrize("kind", ["fcm", "apn"])
def test_what_the_service_sends_is_understood(
    alice: Person, room: str, emulator: Emulator, kind: str
) -> None:
    register: Callable[[ConversationsClient], None] = {
        "fcm": lambda client: client.register_fcm_token(FCMToken("phone"), timeout=limit()),
        "apn": lambda client: client.register_apn_token(APNToken("00"), timeout=limit()),
    }[kind]
    register(alice.client)
    emulator.configure_push(badge=True)
    sent = emulator.send_message(room, "hello", author="bob")
    other = emulator.create_conversation(identities=["alice"]).sid
    emulator.remove_participant(other, "alice")
    emulator.wait_for_push(count=3, timeout=limit())
    for push in emulator.pushes:
        alice.client.handle_notification(NotificationPayload(push.payload))
    alice.catch_up()
    calls = [one for one in told(alice) if one[0] not in PUSH_CALLBACKS[:1]]
    assert [one for one in calls if one[0] != "on_badge_count_notification"] == [
        ("on_notification_subscribed",),
        ("on_new_message_notification", room, sent.sid, sent.index),
        ("on_added_to_conversation_notification", other),
        ("on_removed_from_conversation_notification", other),
    ]
    payload = NotificationPayload(emulator.pushes[0].payload)
    assert payload.body == "room;bob: hello"
    assert payload.author == "bob"
    assert payload.conversation_title == "room"


def test_no_device_is_ever_logged(
    alice: Person, caplog: pytest.LogCaptureFixture, emulator: Emulator
) -> None:
    caplog.set_level("DEBUG", "conversations")
    alice.client.register_fcm_token(FCMToken("canary"), timeout=limit())
    emulator.fail_requests("*registrations*", status=403)
    with pytest.raises(ConversationsError) as caught:
        alice.client.unregister_fcm_token(FCMToken("canary"), timeout=limit())
    alice.client.handle_notification(NotificationPayload(FCM | {"twi_body": "canary"}))
    alice.catch_up()
    assert "canary" not in caplog.text + str(caught.value) + repr(caught.value)
