from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from conversations import (
    CallbackListener,
    ConnectionState,
    ConversationsClient,
    ConversationsClientListener,
    ErrorInfo,
    ErrorReason,
    InvalidArgumentError,
    Properties,
    StatusListener,
    SynchronizationStatus,
    TokenRejectedError,
    User,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, described, options
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator


class Outcome(CallbackListener[ConversationsClient]):
    """
    Keeps what ``create_with_callback`` ended with, and which thread it was told on.
    """

    def __init__(self, log: RecordingListener | None = None) -> None:
        self.told: list[tuple[object, ...]] = []
        self.thread = ""
        self.calls_before: list[tuple[str, ...]] = []
        self._log = log
        self._came = threading.Event()

    def on_success(self, result: ConversationsClient) -> None:
        self._note("success", result)

    def on_error(self, error_info: ErrorInfo) -> None:
        self._note("error", error_info)

    def wait(self) -> None:
        assert self._came.wait(limit())

    def _note(self, *told: object) -> None:
        self.told.append(told)
        self.thread = threading.current_thread().name
        if self._log is not None:
            self.calls_before = [described(call) for call in self._log.calls()]
        self._came.set()


BEGINNING = [
    ("on_connection_state_change", "CONNECTING"),
    ("on_connection_state_change", "CONNECTED"),
    ("on_client_synchronization", "STARTED"),
    ("on_user_subscribed", "alice"),
    ("on_initialized",),
]


def test_create_returns_a_connected_client_that_knows_its_user(connect: Connect) -> None:
    alice = connect("alice", synchronize=False).client

    assert alice.connection_state is ConnectionState.CONNECTED
    assert alice.my_identity == "alice"
    assert alice.my_user.identity == "alice"
    assert alice.my_user.friendly_name == "alice"
    assert alice.my_user.is_subscribed
    assert alice.synchronization_status is not None
    assert not alice.is_shutdown
    assert not alice.is_reachability_enabled


def test_the_first_callbacks_come_in_the_promised_order(connect: Connect, room: str) -> None:
    alice = connect("alice")
    alice.hear("on_client_synchronization", lambda status: status.name == "COMPLETED")

    assert alice.told()[: len(BEGINNING)] == BEGINNING
    about_the_room = [
        ("on_conversation_added", "room"),
        ("on_conversation_joined", "room"),
        ("on_client_synchronization", "CONVERSATIONS_COMPLETED"),
    ]
    assert [call for call in alice.told() if call in about_the_room] == about_the_room
    assert alice.told()[-1] == ("on_client_synchronization", "COMPLETED")


def test_the_own_user_is_complete_before_the_first_callback_and_never_updated(
    emulator: Emulator, connect: Connect
) -> None:
    emulator.create_user("alice", friendly_name="Alice L.", attributes={"shoe size": 38})
    seen: list[object] = []

    class Early(ConversationsClientListener):
        def on_user_subscribed(self, user: User) -> None:
            seen.append((user.friendly_name, user.attributes.value))

        def on_user_updated(self, user: User, reason: object) -> None:
            seen.append(reason)

    alice = connect("alice", listener=Early())

    assert seen == [("Alice L.", {"shoe size": 38})]
    assert alice.client.my_user.attributes.value == {"shoe size": 38}


def test_with_shuts_the_client_down_whatever_happens(emulator: Emulator) -> None:
    heard = RecordingListener()

    with (
        pytest.raises(ZeroDivisionError),
        ConversationsClient.create(
            emulator.token("alice"), emulator.properties(), heard, timeout=limit()
        ) as client,
    ):
        1 / 0  # noqa: B018  # something goes wrong

    assert client.is_shutdown
    assert described(heard.calls()[-1]) == ("on_connection_state_change", "DISCONNECTED")
    emulator.wait_for_connections(0, timeout=limit())


def test_create_with_callback_tells_the_client_before_any_conversation(
    emulator: Emulator, room: str
) -> None:
    heard = RecordingListener()
    outcome = Outcome(heard)

    future = ConversationsClient.create_with_callback(
        emulator.token("alice"), emulator.properties(), outcome, heard
    )
    with future.result(limit()) as client:
        client.wait_for_synchronization(timeout=limit())
        outcome.wait()

    assert outcome.told == [("success", client)]
    assert outcome.calls_before == BEGINNING
    assert outcome.thread.startswith("conversations-listeners-")
    assert ("on_conversation_added", "room") in [described(call) for call in heard.calls()]


def test_create_with_callback_tells_an_error_exactly_once(emulator: Emulator) -> None:
    heard = RecordingListener()
    outcome = Outcome(heard)
    emulator.refuse_init()

    future = ConversationsClient.create_with_callback(
        emulator.token("alice"), emulator.properties(), outcome, heard
    )
    error = future.exception(limit())
    outcome.wait()

    assert isinstance(error, TokenRejectedError)
    assert outcome.told == [("error", error.error_info)]
    assert outcome.calls_before[-1] == ("on_init_failed", "UNAUTHORIZED")
    emulator.wait_for_connections(0, timeout=limit())


def test_create_with_callback_takes_a_status_listener_or_none(emulator: Emulator) -> None:
    class Status(StatusListener):
        def __init__(self) -> None:
            self.came = threading.Event()

        def on_success(self) -> None:
            self.came.set()

    status = Status()
    futures: list[Future[ConversationsClient]] = [
        ConversationsClient.create_with_callback(
            emulator.token("alice"), emulator.properties(), callback
        )
        for callback in (status, None)
    ]

    for future in futures:
        with future.result(limit()) as client:
            assert client.my_identity == "alice"
    assert status.came.wait(limit())


def test_create_with_callback_refuses_wrong_arguments_at_once(emulator: Emulator) -> None:
    outcome = Outcome()

    with pytest.raises(InvalidArgumentError):
        ConversationsClient.create_with_callback("", emulator.properties(), outcome)
    with pytest.raises(TokenRejectedError):
        ConversationsClient.create_with_callback("no token", emulator.properties(), outcome)
    with pytest.raises(InvalidArgumentError):
        ConversationsClient.create_with_callback(
            emulator.token("alice"),
            emulator.properties(),
            "not a callback",  # type: ignore[arg-type]
        )

    assert outcome.told == []
    assert emulator.handshakes == ()


def test_a_callback_of_creation_may_shut_the_client_down(emulator: Emulator) -> None:
    class Impatient(Outcome):
        def on_success(self, result: ConversationsClient) -> None:
            result.shutdown()
            super().on_success(result)

    outcome = Impatient()
    future = ConversationsClient.create_with_callback(
        emulator.token("alice"), emulator.properties(), outcome
    )
    outcome.wait()

    assert future.result(limit()).is_shutdown


def test_create_and_synchronize_returns_with_everything_loaded(
    emulator: Emulator, room: str
) -> None:
    heard = RecordingListener()

    with ConversationsClient.create_and_synchronize(
        emulator.token("alice"), emulator.properties(), heard, timeout=limit()
    ) as client:
        assert client.synchronization_status is SynchronizationStatus.COMPLETED
        [conversation] = client.my_conversations
        assert {one.identity for one in conversation.participants_list} == {"alice", "bob"}


def test_create_and_synchronize_shuts_the_client_down_when_loading_fails(
    emulator: Emulator,
) -> None:
    heard = RecordingListener()
    emulator.fail_requests("*/Users/*/Conversations", status=404, code=20404)

    with pytest.raises(Exception, match="20404") as caught:
        ConversationsClient.create_and_synchronize(
            emulator.token("alice"), emulator.properties(), heard, timeout=limit()
        )

    assert caught.value.status == 404  # type: ignore[attr-defined]
    heard.wait_for("on_client_synchronization", lambda status: status.name == "FAILED")
    errors = heard.calls("on_error")
    assert [call["error_info"].code for call in errors] == [20404]
    emulator.wait_for_connections(0, timeout=limit())


def test_the_environment_points_at_an_emulator(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERSATIONS_EMULATOR_URL", emulator.url)

    with ConversationsClient.create(emulator.token("alice"), timeout=limit()) as client:
        assert client.my_identity == "alice"


def test_a_url_in_the_properties_wins_over_the_environment(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERSATIONS_EMULATOR_URL", "http://127.0.0.1:1")

    with ConversationsClient.create(
        emulator.token("alice"), emulator.properties(), timeout=limit()
    ) as client:
        assert client.my_identity == "alice"


def test_the_client_tells_the_server_about_itself(emulator: Emulator, connect: Connect) -> None:
    connect("alice", client_metadata={"type": "bot", "flavour": "vanilla"})

    [init] = emulator.handshakes
    assert init.metadata["sdk"] == "Python"
    assert init.metadata["sdkv"] == ConversationsClient.sdk_version()
    assert init.metadata["type"] == "bot"
    assert init.metadata["flavour"] == "vanilla"


def test_two_clients_of_one_process_do_not_share_threads(connect: Connect) -> None:
    alice, bob = connect("alice"), connect("bob")

    alice.catch_up()
    bob.catch_up()

    threads = [{call.thread for call in one.heard.calls()} for one in (alice, bob)]
    assert [len(names) for names in threads] == [1, 1]
    assert threads[0] != threads[1]


def test_the_repr_names_user_and_connection_only(connect: Connect) -> None:
    alice = connect("alice").client

    assert repr(alice) == "<ConversationsClient alice CONNECTED>"


def test_synchronizing_can_be_left_for_later(connect: Connect, room: str) -> None:
    alice = connect("alice", synchronize=False, synchronize_on_startup=False)

    assert alice.client.synchronization_status is SynchronizationStatus.SYNCHRONIZATION_DISABLED
    assert alice.client.my_conversations == []
    with pytest.raises(Exception, match="synchronize"):
        alice.client.wait_for_synchronization()
    assert alice.told("on_client_synchronization") == [
        ("on_client_synchronization", "SYNCHRONIZATION_DISABLED")
    ]

    conversation = alice.client.get_conversation(room)
    alice.client.synchronize()
    alice.client.wait_for_synchronization(timeout=limit())

    assert alice.client.my_conversations == [conversation]
    alice.hear("on_client_synchronization", lambda status: status.name == "COMPLETED")
    assert alice.told("on_client_synchronization")[1:] == [
        ("on_client_synchronization", "STARTED"),
        ("on_client_synchronization", "CONVERSATIONS_COMPLETED"),
        ("on_client_synchronization", "COMPLETED"),
    ]
    assert alice.told("on_conversation_added") == [("on_conversation_added", "room")]
    alice.client.synchronize()  # does nothing any more
    alice.catch_up()
    assert len(alice.told("on_client_synchronization")) == 4


def test_with_synchronizing_off_additions_are_announced_all_the_same(
    emulator: Emulator, connect: Connect
) -> None:
    alice = connect("alice", synchronize=False, synchronize_on_startup=False)

    sid = emulator.create_conversation(friendly_name="news", identities=["alice"]).sid

    added = alice.hear("on_conversation_added")["conversation"]
    assert added.sid == sid
    alice.hear("on_conversation_joined")


def test_a_failed_list_is_loaded_again_by_synchronize(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    fault = emulator.fail_requests("*/Users/*/Conversations", status=403, code=20403)
    alice = connect("alice", synchronize=False)
    alice.hear("on_client_synchronization", lambda status: status.name == "FAILED")
    with pytest.raises(Exception, match="20403"):
        alice.client.wait_for_synchronization(timeout=limit())
    fault.lift()

    alice.client.synchronize()
    alice.client.wait_for_synchronization(timeout=limit())
    alice.hear("on_client_synchronization", lambda status: status.name == "COMPLETED")

    assert [one.sid for one in alice.client.my_conversations] == [room]
    assert [name for _, name in alice.told("on_client_synchronization")] == [
        "STARTED",
        "FAILED",
        "STARTED",
        "CONVERSATIONS_COMPLETED",
        "COMPLETED",
    ]


@pytest.mark.parametrize(
    ("region", "expected"), [(None, "us1"), ("ie1", "ie1")], ids=["default", "given"]
)
def test_requests_name_hosts_of_the_region(
    emulator: Emulator, region: str | None, expected: str
) -> None:
    properties = options(emulator, region=region)

    assert properties.endpoints(None, {}).api_url == f"https://aim.{expected}.twilio.com"
    with ConversationsClient.create(emulator.token("alice"), properties, timeout=limit()) as client:
        assert client.my_identity == "alice"


def test_wrong_arguments_are_refused_before_anything_is_sent(emulator: Emulator) -> None:
    token = emulator.token("alice")
    properties = emulator.properties()

    wrong: list[Callable[[], object]] = [
        lambda: ConversationsClient.create("", properties),
        lambda: ConversationsClient.create(None, properties),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(17, properties),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(b"token", properties),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(token, {"region": "us1"}),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(token, properties, object()),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(token, properties, timeout=-1),
        lambda: ConversationsClient.create(token, properties, timeout="soon"),  # type: ignore[arg-type]
        lambda: ConversationsClient.create(token, properties, timeout=float("nan")),
    ]
    for call in wrong:
        with pytest.raises(InvalidArgumentError) as caught:
            call()
        assert isinstance(caught.value, ValueError)
        assert caught.value.reason is ErrorReason.UNKNOWN

    assert emulator.handshakes == ()
    assert emulator.connections == ()


def test_a_listener_with_a_misspelt_callback_is_refused_before_connecting(
    emulator: Emulator,
) -> None:
    class Misspelt(ConversationsClientListener):
        def on_mesage_added(self, message: object) -> None: ...

    with pytest.raises(InvalidArgumentError, match="on_mesage_added"):
        ConversationsClient.create(emulator.token("alice"), Properties(), Misspelt())

    assert emulator.handshakes == ()
