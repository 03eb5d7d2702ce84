"""
The subscription protocol, without sockets; the last ones with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator
from conversations.emulator.domain.service import Service
from conversations.emulator.sync.objects import SyncDocument, SyncList, SyncMap, SyncObject
from tests.emulator.recorder import Api, Recorder
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]
CORRELATION = 1_709_287_205_123


@pytest.fixture
def api(service: Service) -> Api:
    return Api(service)


@pytest.fixture
def targets(service: Service) -> list[Any]:
    """
    A document, a map and a list with some events.
    """

    def create(object_type: Any, name: str) -> Any:
        return service.store.create(
            object_type, name, created_by="system", may_read=lambda identity: identity == "alice"
        )

    document, mapped, listed = (
        create(SyncDocument, "d"),
        create(SyncMap, "m"),
        create(SyncList, "l"),
    )
    document.set_data({"x": 1})
    mapped.set_item("a", {})
    for _ in range(3):
        listed.append({})
    return [document, mapped, listed]


def entry(target: SyncObject, position: JSONValue = None) -> JSONValue:
    return {"object_sid": target.sid, "object_type": target.kind, "last_event_id": position}


def post(api: Api, *entries: JSONValue, identity: str = "alice", **fields: JSONValue) -> list[Any]:
    """
    Ask for subscriptions, return what was notified after the answer.
    """
    body: dict[str, JSONValue] = {
        "event_protocol_version": 4,
        "action": "establish",
        "correlation_id": CORRELATION,
        "retried_requests": 0,
        "ttl_in_s": -1,
        "requests": list(entries),
    }
    answer = api(identity, "POST", "/v4/Subscriptions", body | fields)
    assert answer.status == 202, answer.body
    assert answer.body == {
        "estimated_delivery_in_ms": 10000,
        "max_batch_size": 1000,
        "ttl_in_s": 86400,
    }
    recorder = api.subscribers[identity]
    assert recorder.notifications == []  # nothing overtakes the answer
    assert answer.afterwards is not None
    answer.afterwards()
    notifications = recorder.take()
    assert all(notification.type == "twilio.sync.event" for notification in notifications)
    assert all(notification.body["correlation_id"] == CORRELATION for notification in notifications)
    return notifications


def outcomes(notifications: list[Any]) -> list[tuple[str, str, str | None, int | None]]:
    return [
        (
            notification.kind.removeprefix("subscription_"),
            event["object_type"],
            event.get("replay_status"),
            event.get("last_event_id"),
        )
        for notification in notifications
        if notification.kind.startswith("subscription")
        for event in notification.events
    ]


def test_without_missed_events_each_is_established_at_its_position(
    api: Api, targets: list[Any]
) -> None:
    told = post(api, *(entry(target, target.position) for target in targets))
    assert len(told) == 1
    assert outcomes(told) == [
        ("established", "document", "completed", 1),
        ("established", "map", "completed", 0),
        ("established", "list", "completed", 2),
    ]


def test_missed_events_come_first_in_order_and_then_the_outcome(
    api: Api, targets: list[Any]
) -> None:
    listed = targets[2]
    listed.remove_item(1)
    told = post(api, entry(listed, 0))
    assert [notification.kind for notification in told] == [
        "list_item_added",
        "list_item_removed",
        "subscription_established",
    ]
    assert [event["id"] for event in told[0].body["events"]] == [1, 2]
    assert told[1].body["event"]["id"] == 3
    assert outcomes(told) == [("established", "list", "completed", 3)]


def test_live_events_follow_the_outcome_without_gap_or_repetition(
    api: Api, targets: list[Any]
) -> None:
    listed = targets[2]
    replayed = post(api, entry(listed, -1))
    listed.append({"new": True})
    (live,) = api.subscribers["alice"].take()
    assert [event["id"] for event in replayed[0].body["events"]] == [0, 1, 2]
    assert (live.type, live.body["event"]["id"]) == ("com.twilio.rtd.cds.list", 3)
    assert "correlation_id" not in live.body


def test_without_a_position_nothing_is_replayed(api: Api, targets: list[Any]) -> None:
    assert outcomes(post(api, entry(targets[2], None))) == [("established", "list", "completed", 2)]
    without: JSONValue = {"object_sid": targets[2].sid, "object_type": "list"}
    assert outcomes(post(api, without)) == [("established", "list", "completed", 2)]


def test_a_position_of_another_life_is_answered_with_the_real_one(
    api: Api, targets: list[Any]
) -> None:
    assert outcomes(post(api, entry(targets[2], 99))) == [("established", "list", "completed", 2)]


def test_each_object_that_cannot_be_had_fails_by_itself(api: Api, targets: list[Any]) -> None:
    unknown = [
        {"object_sid": f"{prefix}{'0' * 32}", "object_type": kind, "last_event_id": 0}
        for prefix, kind in [("ET", "document"), ("MP", "map"), ("ES", "list"), ("TO", "stream")]
    ]
    told = post(
        api,
        *unknown,
        entry(targets[0], 1),
        {"object_sid": "m", "object_type": "map"},  # a name does not count
        {"object_sid": targets[1].sid, "object_type": "list"},
        {"object_sid": targets[1].sid, "object_type": "map", "last_event_id": "1"},
    )
    established, failed = told
    assert [event["object_sid"] for event in established.events] == [targets[0].sid]
    assert [(event["error"]["status"], event["error"]["code"]) for event in failed.events] == [
        (404, 54100),
        (404, 54200),
        (404, 54150),
        (404, 54300),
        (404, 54200),
        (404, 54150),
        (400, 20001),
    ]
    assert failed.events[0]["error"]["message"] == "Document not found"


def test_who_may_not_read_is_refused(api: Api, targets: list[Any]) -> None:
    (failed,) = post(api, entry(targets[1], 0), identity="bob")
    error = failed.events[0]["error"]
    assert (failed.kind, error["status"], error["code"]) == ("subscription_failed", 403, 54007)
    targets[1].set_item("a", {})
    assert api.subscribers["bob"].take() == []


def test_subscribing_again_moves_on_under_the_new_correlation(api: Api, targets: list[Any]) -> None:
    post(api, entry(targets[1], 0))
    post(api, entry(targets[1], 0))
    targets[1].set_item("a", {})
    assert len(api.subscribers["alice"].take()) == 1


def test_a_cancel_is_confirmed_for_whatever_it_names(api: Api, targets: list[Any]) -> None:
    post(api, entry(targets[1], 0))
    gone: JSONValue = {"object_sid": "ES" + "0" * 32, "object_type": "list"}
    odd: JSONValue = {"object_sid": "x", "object_type": "y", "more": True}
    kept: JSONValue = {"object_sid": targets[1].sid, "object_type": "map"}
    (canceled,) = post(api, kept, gone, odd, action="cancel")
    assert canceled.body == {
        "event_type": "subscription_canceled",
        "correlation_id": CORRELATION,
        "event_protocol_version": 4,
        "events": [kept, gone, {"object_sid": "x", "object_type": "y"}],
    }
    targets[1].set_item("a", {})
    assert api.subscribers["alice"].take() == []


def test_version_3_has_one_message_for_each_object_and_event(api: Api, targets: list[Any]) -> None:
    told = post(api, entry(targets[2], -1), entry(targets[1], 0), event_protocol_version=3)
    assert [notification.kind for notification in told] == [
        *["list_item_added"] * 3,
        *["subscription_established"] * 2,
    ]
    assert all("event" in notification.body for notification in told)
    assert all(notification.body["event_protocol_version"] == 3 for notification in told)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"action": "dance", "correlation_id": 1, "requests": []},
        {"action": "establish", "requests": []},
        {"action": "establish", "correlation_id": 1},
        {"action": "establish", "correlation_id": 1, "requests": [7]},
        {"action": "establish", "correlation_id": 1, "requests": [{"object_sid": "x"}]},
    ],
)
def test_a_request_without_sense_is_refused_as_a_whole(body: JSONValue, api: Api) -> None:
    assert api.refused("alice", "POST", "/v4/Subscriptions", body) == (400, 20001)


def test_an_interrupted_replay_says_how_far_it_came(api: Api, targets: list[Any]) -> None:
    from conversations.emulator.fault_kinds import ReplayCut

    listed = targets[2]
    api.faults.add(ReplayCut(remaining=2, after_events=1))
    told = post(api, entry(listed, -1))
    assert [notification.kind for notification in told] == [
        "list_item_added",
        "subscription_established",
    ]
    assert outcomes(told) == [("established", "list", "interrupted", 0)]
    listed.append({})
    assert api.subscribers["alice"].take() == []  # not subscribed yet
    assert outcomes(post(api, entry(listed, 0))) == [("established", "list", "interrupted", 1)]
    assert outcomes(post(api, entry(listed, 1))) == [("established", "list", "completed", 3)]


def test_an_ended_connection_is_forgotten(service: Service, targets: list[Any]) -> None:
    recorder = Recorder()
    recorder.subscribe(*targets)
    service.store.unsubscribe_all(recorder)
    targets[1].set_item("a", {})
    assert recorder.take() == []


# With a socket -------------------------------------------------------------------------------


def test_the_answer_precedes_what_it_causes(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    conversation = emulator.create_conversation(identities=["alice"])
    emulator.send_message(conversation.sid, "hello")
    root = client.request("GET", f"/v3/Lists/{conversation.sid}.messages").body
    frame_id = client.send(
        "message",
        b'{"action":"establish","correlation_id":7,"event_protocol_version":4,"requests":'
        b'[{"object_sid":"%s","object_type":"list","last_event_id":-1}]}' % root["sid"].encode(),
        http_request={"host": "cds", "path": "/v4/Subscriptions", "method": "POST"},
    )
    kinds = [client._read() for _ in range(3)]
    assert kinds[0].method == "reply"
    assert kinds[0].id == frame_id
    assert kinds[0].header["http_status"] == {"code": 202, "status": "Accepted"}
    payloads: list[Any] = [frame.payload for frame in kinds[1:]]
    assert [payload["event_type"] for payload in payloads] == [
        "list_item_added",
        "subscription_established",
    ]
    assert kinds[1].header["notification_ctx_id"] == ""


def test_a_connection_that_comes_back_is_told_what_it_missed(
    emulator: Emulator, connect: Connect
) -> None:
    conversation = emulator.create_conversation(identities=["alice"])
    client = connect(emulator)
    root = client.request("GET", f"/v3/Lists/{conversation.sid}.messages").body
    client.subscribe({root["sid"]: ("list", root["last_event_id"])})
    assert client.next_notification().kind == "subscription_established"
    emulator.drop_connections("alice")
    emulator.send_message(conversation.sid, "missed")
    again = connect(emulator)
    again.subscribe({root["sid"]: ("list", root["last_event_id"])}, correlation=2)
    missed, established = again.next_notification(), again.next_notification()
    assert missed.kind == "list_item_added"
    assert missed.body["event"]["item_data"]["text"] == "missed"
    assert established.body["correlation_id"] == 2


def test_registrations_do_not_matter_for_sync(emulator: Emulator, connect: Connect) -> None:
    client = TwilsockClient(emulator.twilsock_url)
    with client:
        client.init(emulator.token("alice"), registrations=None)
        root = client.request("GET", "/v3/Maps/alice.channels").body
        client.subscribe({root["sid"]: ("map", -1)})
        assert client.next_notification().kind == "subscription_established"
        emulator.create_conversation(created_by="alice")
        assert client.next_notification().kind == "map_item_added"
