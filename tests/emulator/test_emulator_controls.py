"""
Ordered faults and observations, each seen from a client.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import websocket

from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator, ManualClock, Settings
from tests.emulator.twilsock_client import Reply, TwilsockClient, decode_reply
from tests.timing import limit

Connect = Callable[..., TwilsockClient]
OpenSocket = Callable[[Emulator], TwilsockClient]

CONFIGURATION = "/Client/v2/Configuration"


def conversations_path(emulator: Emulator) -> str:
    return f"/Client/v2/Services/{emulator.credentials.service}/Conversations"


# Connections ---------------------------------------------------------------------------------


def test_a_dropped_connection_is_cut_without_a_word(emulator: Emulator, connect: Connect) -> None:
    alice, bob = connect(emulator), connect(emulator, "bob")
    assert emulator.drop_connections("alice") == 1
    assert [connection.identity for connection in emulator.connections] == ["bob"]
    assert alice.wait_until_closed().code is None
    assert bob.request("GET", CONFIGURATION).status == 200


@pytest.mark.parametrize(("close", "code"), [(True, 1001), (1011, 1011)])
def test_a_connection_can_be_closed_as_websockets_are(
    close: bool | int, code: int, emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    assert emulator.drop_connections(close=close) == 1
    assert emulator.connections == ()
    assert client.wait_until_closed().code == code


def test_a_close_frame_says_what_was_ordered(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    assert (
        emulator.close_connections(
            code=308, status="UPDATE_IS_FORBIDDEN", error_code=51232, backoff=(100, 200)
        )
        == 1
    )
    frame = client.receive()
    assert frame.method == "close"
    assert frame.header["status"] == {
        "code": 308,
        "status": "UPDATE_IS_FORBIDDEN",
        "errorCode": 51232,
    }
    assert frame.payload == {"backoff_policy": {"reconnect_min_ms": 100, "reconnect_max_ms": 200}}
    assert emulator.connections[0].state == "closing"
    client.send_request("GET", CONFIGURATION)  # too late
    client.send("close")
    assert client.wait_until_closed().code == 1000
    assert emulator.requests == ()


@pytest.mark.parametrize("status", [503, 401])
def test_refused_handshakes_have_the_ordered_status(
    status: int, emulator: Emulator, open_socket: OpenSocket
) -> None:
    emulator.refuse_connections(times=1, status=status)
    with pytest.raises(websocket.WebSocketBadStatusException) as raised:
        open_socket(emulator)
    assert raised.value.status_code == status
    open_socket(emulator)


def test_a_handshake_can_be_cut(emulator: Emulator, open_socket: OpenSocket) -> None:
    with (
        emulator.refuse_connections(status=None),
        pytest.raises((ConnectionError, websocket.WebSocketException)),
    ):
        open_socket(emulator)
    open_socket(emulator)


def test_a_refused_init_has_the_ordered_status(
    emulator: Emulator, open_socket: OpenSocket, connect: Connect
) -> None:
    handle = emulator.refuse_init(
        code=429,
        status="TOO_MANY_REQUESTS",
        error_code=51202,
        backoff=(1, 2),
        times=2,
        identity="alice",
    )
    client = open_socket(emulator)
    reply = client.init(emulator.token("alice"))
    assert reply.header["status"] == {
        "code": 429,
        "status": "TOO_MANY_REQUESTS",
        "errorCode": 51202,
    }
    assert reply.payload == {"backoff_policy": {"reconnect_min_ms": 1, "reconnect_max_ms": 2}}
    client.send("close")
    assert client.wait_until_closed().code == 1000
    connect(emulator, "bob")
    assert handle.remaining == 1
    handle.lift()
    connect(emulator, "alice")
    assert [record.status for record in emulator.handshakes] == [429, 200, 200]


# Tokens --------------------------------------------------------------------------------------


def test_the_end_of_a_token_can_be_announced_at_once(emulator: Emulator, connect: Connect) -> None:
    alice, bob = connect(emulator), connect(emulator, "bob")
    emulator.announce_token_expiry("alice")
    assert alice.receive().header["client_update_type"] == "token_about_to_expire"
    assert bob.request("GET", CONFIGURATION).status == 200


def test_an_expired_token_ends_the_connection_and_does_not_come_back(
    emulator: Emulator, open_socket: OpenSocket, connect: Connect
) -> None:
    token, spare = emulator.token("alice"), emulator.token("alice")
    client = open_socket(emulator)
    client.init(token)
    bob = connect(emulator, "bob")
    emulator.expire_token("alice")
    frame: Any = client.receive()
    assert (frame.method, frame.header["status"]["code"]) == ("close", 410)
    again: Any = open_socket(emulator).init(token)
    assert again.header["status"]["errorCode"] == 20104
    assert open_socket(emulator).init(spare).header["status"] == {"code": 200, "status": "OK"}
    assert bob.request("GET", CONFIGURATION).status == 200


def test_a_token_can_expire_while_its_user_is_away(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    token = emulator.token("alice")
    open_socket(emulator).init(token)
    emulator.drop_connections()
    emulator.expire_token("alice")
    reply: Any = open_socket(emulator).init(token)
    assert reply.header["status"]["errorCode"] == 20104


# Requests ------------------------------------------------------------------------------------


def test_a_failed_request_is_not_carried_out(emulator: Emulator, connect: Connect) -> None:
    client, path = connect(emulator), conversations_path(emulator)
    emulator.fail_requests("*/Conversations", status=503, code=20503, times=1, retry_after=7)
    reply = client.request("POST", path, body={"unique_name": "x"}, X_Twilio_Mutation_Id="m")
    assert reply.error == (503, 20503)
    assert reply.headers["retry-after"] == "7"
    reply = client.request("POST", path, body={"unique_name": "x"}, X_Twilio_Mutation_Id="m")
    assert reply.status == 201
    assert [(record.status, record.is_repeated) for record in emulator.requests] == [
        (503, False),
        (201, False),
    ]


def test_an_executed_request_can_lose_its_answer(emulator: Emulator, connect: Connect) -> None:
    client, path = connect(emulator), conversations_path(emulator)
    emulator.fail_requests(path, status=504, code=20504, times=1, executed=True)
    body: JSONValue = {"unique_name": "x"}
    assert client.request("POST", path, body=body, X_Twilio_Mutation_Id="m").status == 504
    assert client.request("POST", path, body=body, X_Twilio_Mutation_Id="m").status == 201
    assert emulator.requests[-1].is_repeated
    assert emulator.requests[-1].mutation_id == "m"
    assert client.request("POST", path, body=body).status == 409


def test_faults_choose_by_path_method_and_user(emulator: Emulator, connect: Connect) -> None:
    alice, bob = connect(emulator), connect(emulator, "bob")
    with emulator.fail_requests("/v3/Maps/*", method="GET", identity="alice", status=429):
        assert alice.request("GET", "/v3/Maps/alice%2Echannels").status == 429
        assert alice.request("GET", CONFIGURATION).status == 200
        assert alice.request("POST", "/v3/Maps/alice.channels", body={}).status == 403
        assert bob.request("GET", "/v3/Maps/bob.channels").status == 200
    assert alice.request("GET", "/v3/Maps/alice.channels").status == 200


def test_twilsock_itself_can_throttle(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    emulator.throttle(backoff=(5, 10))
    reply = client.reply_to(client.send_request("GET", CONFIGURATION))
    assert reply.header["status"] == {
        "code": 429,
        "status": "TOO_MANY_REQUESTS",
        "description": "Too many requests",
        "errorCode": 51202,
    }
    assert reply.payload == {"backoff_policy": {"reconnect_min_ms": 5, "reconnect_max_ms": 10}}
    assert client.request("GET", CONFIGURATION).status == 200
    assert [record.status for record in emulator.requests] == [None, 200]


def test_held_replies_wait_for_their_release_in_order(emulator: Emulator, connect: Connect) -> None:
    client, path = connect(emulator), conversations_path(emulator)
    hold = emulator.hold_replies(path)
    first = client.send_request("POST", path, body={"unique_name": "a"})
    second = client.send_request("POST", path, body={"unique_name": "b"})
    hold.wait_until_held(2)
    assert hold.held == 2
    assert emulator.get_conversation("a").created_by == "alice"  # carried out already
    assert client.request("GET", CONFIGURATION).status == 200
    assert [record.status for record in emulator.requests] == [None, None, 200]
    hold.release()
    assert decode_reply(client.reply_to(first)).status == 201
    assert decode_reply(client.reply_to(second)).status == 201
    assert client.request("POST", path, body={}).status == 201


def test_held_requests_are_not_carried_out(emulator: Emulator, connect: Connect) -> None:
    client, path = connect(emulator), conversations_path(emulator)
    with emulator.hold_requests(path, times=1) as hold:
        frame_id = client.send_request("POST", path, body={"unique_name": "a"})
        hold.wait_until_held()
        assert emulator.get_user("alice").conversations == {}
    assert decode_reply(client.reply_to(frame_id)).status == 201


def test_what_was_held_for_a_lost_connection_is_dropped(
    emulator: Emulator, connect: Connect
) -> None:
    client, path = connect(emulator), conversations_path(emulator)
    requests, replies = emulator.hold_requests(f"{path}/*"), emulator.hold_replies(path)
    client.send_request("DELETE", f"{path}/CH1")
    client.send_request("POST", path, body={})
    requests.wait_until_held()
    replies.wait_until_held()
    emulator.drop_connections()
    requests.release()
    replies.release()
    assert [record.status for record in emulator.requests] == [None, None]
    assert len(emulator.get_user("alice").conversations) == 1


def test_an_init_can_wait_for_its_answer(
    timed: Emulator, clock: ManualClock, open_socket: OpenSocket
) -> None:
    client = open_socket(timed)
    hold = timed.hold_handshakes(times=1)
    frame_id = client.send("init", token=timed.token("alice"))
    hold.wait_until_held()
    clock.advance(60)  # the time limit was for the init, not for its answer
    hold.release()
    assert client.reply_to(frame_id).header["status"] == {"code": 200, "status": "OK"}


def test_an_update_can_wait_for_its_answer_for_ever(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    with emulator.hold_handshakes("update") as hold:
        client.send("update", token=emulator.token("alice"))
        hold.wait_until_held()
        assert client.request("GET", CONFIGURATION).status == 200
        emulator.drop_connections()
    assert [record.method for record in emulator.handshakes] == ["init"]


def test_a_held_init_of_a_lost_connection_is_dropped(
    emulator: Emulator, open_socket: OpenSocket
) -> None:
    client = open_socket(emulator)
    with emulator.hold_handshakes() as hold:
        client.send("init", token=emulator.token("alice"))
        hold.wait_until_held()
        emulator.drop_connections()
    assert emulator.handshakes == ()
    assert emulator.connections == ()


def test_notifications_overtake_a_held_reply(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    root = client.request("GET", "/v3/Maps/alice.channels").body
    hold = emulator.hold_replies("/v4/Subscriptions")
    frame_id = client.send(
        "message",
        b'{"action":"establish","correlation_id":7,"requests":'
        b'[{"object_sid":"%s","object_type":"map","last_event_id":-1}]}' % root["sid"].encode(),
        http_request={"host": "cds", "path": "/v4/Subscriptions", "method": "POST"},
    )
    assert client.next_notification().kind == "subscription_established"
    hold.release()
    assert decode_reply(client.reply_to(frame_id)).status == 202


def test_waiting_for_what_does_not_come_ends(emulator: Emulator) -> None:
    hold = emulator.hold_replies()
    with pytest.raises(TimeoutError):
        hold.wait_until_held(timeout=0.01)
    with pytest.raises(TimeoutError):
        emulator.wait_for_request(lambda record: True, timeout=0.01)
    with pytest.raises(TimeoutError):
        emulator.wait_for_connections(1, timeout=0.01)
    with pytest.raises(TimeoutError):
        emulator.wait_for_subscription("x", timeout=0.01)
    with pytest.raises(TimeoutError):
        emulator.wait_for_handshake(lambda record: True, timeout=0.01)


# Sync ----------------------------------------------------------------------------------------


def opened_list(emulator: Emulator, client: TwilsockClient) -> tuple[str, str]:
    """
    A conversation of alice's with three messages, and the SID of its list.
    """
    conversation = emulator.create_conversation(identities=["alice"])
    for number in range(3):
        emulator.send_message(conversation.sid, str(number))
    name = f"{conversation.sid}.messages"
    return name, client.request("GET", f"/v3/Lists/{name}").body["sid"]


def test_replays_can_be_interrupted(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    _, sid = opened_list(emulator, client)
    emulator.interrupt_replays(after_events=2)
    client.subscribe({sid: ("list", -1)})
    replayed, outcome = client.next_notification(), client.next_notification()
    assert [event["id"] for event in replayed.events] == [0, 1]
    assert outcome.events[0]["replay_status"] == "interrupted"
    assert outcome.events[0]["last_event_id"] == 1
    assert emulator.connections[0].subscriptions == ()


def test_history_can_be_shortened_or_lost(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    name, sid = opened_list(emulator, client)
    emulator.update_message(name.removesuffix(".messages"), 0, body="edited")
    emulator.forget_history(name)
    client.subscribe({sid: ("list", -1)})
    told = [client.next_notification() for _ in range(2)]
    assert [event["id"] for event in told[0].events] == [1, 2, 3]
    assert told[0].kind == "list_item_added"
    emulator.forget_history(shortened=False)
    client.subscribe({sid: ("list", -1)})
    outcome = client.next_notification()
    assert outcome.events[0]["last_event_id"] == 3
    assert outcome.events[0]["replay_status"] == "completed"


def test_the_size_of_a_batch_can_be_set(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    emulator.set_max_batch_size(2)
    assert client.subscribe({}).body["max_batch_size"] == 2
    emulator.clear_faults()
    assert client.subscribe({}).body["max_batch_size"] == 1000


# The whole -----------------------------------------------------------------------------------


def test_pings_can_stop_and_silence_is_then_forgiven(
    timed: Emulator, clock: ManualClock, connect: Connect
) -> None:
    client = connect(timed)
    timed.stop_pings()
    clock.advance(300)
    assert client.request("GET", CONFIGURATION).status == 200
    timed.clear_faults()
    clock.advance(30)
    assert client.receive().method == "ping"


def test_anything_can_be_sent(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    emulator.send_frame(b"\x00nonsense")
    emulator.send_frame("text", "alice")
    emulator.send_frame("not for alice", "bob")
    assert client.socket.recv_data() == (websocket.ABNF.OPCODE_BINARY, b"\x00nonsense")
    assert client.socket.recv_data() == (websocket.ABNF.OPCODE_TEXT, b"text")
    assert client.request("GET", CONFIGURATION).status == 200


def test_a_reset_makes_another_life(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    emulator.create_conversation(unique_name="x")
    old = client.request("GET", "/v3/Maps/alice.channels").body["sid"]
    emulator.reset_data()
    assert client.wait_until_closed().code is None
    again = connect(emulator)
    assert again.request("GET", "/v3/Maps/alice.channels").body["sid"] != old
    again.subscribe({old: ("map", 0)})
    failed = again.next_notification()
    assert failed.events[0]["error"]["code"] == 54200
    emulator.create_conversation(unique_name="x")


def test_clearing_the_faults_lifts_them_all_and_releases_what_is_held(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    hold = emulator.hold_replies(CONFIGURATION, times=1)
    emulator.fail_requests("/v3/*")
    frame_id = client.send_request("GET", CONFIGURATION)
    hold.wait_until_held()
    emulator.clear_faults()
    assert decode_reply(client.reply_to(frame_id)).status == 200
    assert client.request("GET", "/v3/Maps/alice.channels").status == 200


def test_users_are_shown_online_while_they_are_connected(
    clock: ManualClock, connect: Connect
) -> None:
    settings = Settings(reachability_enabled=True)
    with Emulator(clock=clock, settings=settings) as emulator:
        connect(emulator)
        second = connect(emulator)
        assert emulator.get_user("alice").is_online
        emulator.drop_connections("alice")
        assert second.wait_until_closed().code is None
        clock.advance(1.9)
        assert emulator.get_user("alice").is_online
        third = connect(emulator)
        clock.advance(0.2)
        assert emulator.get_user("alice").is_online  # came back in time
        third.send("close")
        emulator.wait_for_connections(0)
        clock.advance(2)
        assert not emulator.get_user("alice").is_online


# Observations --------------------------------------------------------------------------------


def test_requests_are_seen_when_they_come_and_when_they_are_answered(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    hold = emulator.hold_requests(CONFIGURATION)
    seen: list[Any] = []

    def wait(*, answered: bool) -> None:
        seen.append(
            emulator.wait_for_request(
                lambda record: (record.status is not None) == answered, limit()
            )
        )

    threads = [
        threading.Thread(target=wait, kwargs={"answered": answered}) for answered in (False, True)
    ]
    for thread in threads:
        thread.start()
    client.send_request("GET", CONFIGURATION, {"a": "b"})
    threads[0].join(limit())
    assert [(record.method, record.path, record.status) for record in seen] == [
        ("GET", CONFIGURATION, None)
    ]
    hold.release()
    threads[1].join(limit())
    record = seen[1]
    assert (record.status, record.identity, record.connection) == (200, "alice", 1)
    assert record.query == {"a": ("b",)}


def test_waiting_counts_what_was_there_before(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    for number in range(3):
        client.request("GET", CONFIGURATION, {"n": str(number)})
    record = emulator.wait_for_request(lambda record: record.status == 200, count=3)
    assert record.query == {"n": ("2",)}
    assert emulator.wait_for_handshake(lambda record: record.method == "init").status == 200
    emulator.clear_requests()
    assert emulator.requests == ()
    assert emulator.handshakes == ()


def test_an_error_in_a_predicate_reaches_whoever_waits(
    emulator: Emulator, connect: Connect
) -> None:
    connect(emulator).request("GET", CONFIGURATION)
    with pytest.raises(ZeroDivisionError):
        emulator.wait_for_request(lambda record: record.connection == 1 // 0)


def test_connections_show_what_they_are_subscribed_to(emulator: Emulator, connect: Connect) -> None:
    client = connect(emulator)
    sid = client.request("GET", "/v3/Maps/alice.channels").body["sid"]
    client.subscribe({sid: ("map", -1)})
    emulator.wait_for_subscription("alice.channels", identity="alice")
    emulator.wait_for_subscription(sid)
    (connection,) = emulator.wait_for_connections(1, identity="alice")
    assert connection.number == 1
    assert connection.state == "ready"
    assert connection.subscriptions == ("alice.channels",)
    assert connection.capabilities == ("client_update", "offline_storage")
    assert connection.message_types == ("twilio.sync.event", "com.twilio.rtd.cds.map")


def test_a_request_after_the_records_were_cleared_disturbs_nothing(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(emulator)
    hold = emulator.hold_replies()
    frame_id = client.send_request("GET", CONFIGURATION)
    hold.wait_until_held()
    emulator.clear_requests()
    hold.release()
    reply: Reply = decode_reply(client.reply_to(frame_id))
    assert reply.status == 200
    assert emulator.requests == ()
