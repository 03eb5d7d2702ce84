"""
Renewing tokens: by hand, by a provider, in time and too late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ChatGrant,
    ConnectionState,
    Conversation,
    ConversationsClient,
    ConversationsError,
    ErrorInfo,
    ErrorReason,
    InvalidArgumentError,
    RequestTimeoutError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
)
from conversations._core import token_keeper
from conversations._core.backoff import ExponentialBackoff
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person, minted
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

pytestmark = pytest.mark.usefixtures("quick_reconnects")

LONG_AGO = 1_600_000_000
LONG_AFTER = 4_000_000_000


class Provider:
    """
    A token function that notes how often and where it was called.

    Args:
        make: What it returns, or raises, by the number of the call, from 1.
    """

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._changed = threading.Condition()
        self.threads: list[str] = []

    def __call__(self) -> Any:
        with self._changed:
            self.threads.append(threading.current_thread().name)
            number = len(self.threads)
            self._changed.notify_all()
        return self._make(number)

    @property
    def count(self) -> int:
        return len(self.threads)

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.threads) >= count, limit())


@pytest.fixture
def quick_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A provider that failed is asked again very soon.
    """
    monkeypatch.setattr(token_keeper, "RETRY", ExponentialBackoff(first=0.01, cap=0.02))


@contextmanager
def denied(person: Person) -> Iterator[None]:
    """
    The person's connection is broken and its token refused, until the end of the block.
    """
    refusal = person.emulator.refuse_init(identity=person.identity)
    person.emulator.drop_connections(person.identity)
    person.hear("on_connection_state_change", lambda state: state.name == "DENIED")
    try:
        yield
    finally:
        refusal.lift()


def updates(emulator: Emulator) -> list[int]:
    return [one.status for one in emulator.handshakes if one.method == "update"]


# By hand


def test_a_connected_client_sends_its_new_token(emulator: Emulator, alice: Person) -> None:
    alice.client.update_token(emulator.token("alice", ttl=7200), timeout=limit())

    assert updates(emulator) == [200]
    assert alice.told("on_connection_state_change") == [
        ("on_connection_state_change", "CONNECTING"),
        ("on_connection_state_change", "CONNECTED"),
    ]
    assert alice.client.connection_state is ConnectionState.CONNECTED


def test_the_same_token_costs_no_traffic(emulator: Emulator) -> None:
    token = emulator.token("alice")
    with ConversationsClient.create(token, emulator.properties(), timeout=limit()) as client:
        client.update_token(token, timeout=limit())

    assert updates(emulator) == []


def test_the_end_of_the_token_in_use_can_be_read(emulator: Emulator, connect: Connect) -> None:
    alice = connect("alice", token=emulator.token("alice", ttl=1000))
    before = alice.client.token_expires_at

    alice.client.update_token(emulator.token("alice", ttl=5000), timeout=limit())
    after = alice.client.token_expires_at

    assert before is not None
    assert after is not None
    assert before.tzinfo is not None
    assert (after - before).total_seconds() == pytest.approx(4000, abs=60)
    assert before.timestamp() == pytest.approx(time.time() + 1000, abs=60)


def test_a_token_of_somebody_else_is_refused_and_the_old_one_stays(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with pytest.raises(TokenError, match="another identity") as caught:
        alice.client.update_token(emulator.token("bob"), timeout=limit())

    assert caught.value.code == ErrorInfo.MISMATCHING_TOKEN_UPDATE == -5
    assert caught.value.reason is ErrorReason.UPDATE_TOKEN_ERROR
    assert type(caught.value) is TokenError
    assert updates(emulator) == []
    assert alice.client.my_identity == "alice"
    assert lunch.send_message("still alice", timeout=limit()).author == "alice"
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "CONNECTED", count=2)


@pytest.mark.parametrize(
    ("token", "error_class"), [("no token", TokenRejectedError), ("a.b.c", TokenRejectedError)]
)
def test_what_is_no_token_is_refused_and_the_old_one_stays(
    emulator: Emulator, alice: Person, token: str, error_class: type[TokenError]
) -> None:
    with pytest.raises(error_class):
        alice.client.update_token(token, timeout=limit())

    assert updates(emulator) == []
    assert alice.client.connection_state is ConnectionState.CONNECTED


def test_a_token_that_is_far_too_long_is_refused(emulator: Emulator, alice: Person) -> None:
    grant = ChatGrant(service_sid="IS" + "0" * 32, endpoint_id="x" * 100_000)
    token = minted(emulator, grants=[grant])

    with pytest.raises(InvalidArgumentError, match="characters"):
        alice.client.update_token(token, timeout=limit())
    assert alice.client.connection_state is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("wrong", "code", "error_class"),
    [
        ({"secret": "not the secret, but as long as one"}, 20107, TokenRejectedError),
        ({"nbf": LONG_AFTER, "valid_until": LONG_AFTER + 60}, 20157, TokenRejectedError),
        ({"nbf": None, "valid_until": LONG_AGO}, 20104, TokenExpiredError),
    ],
    ids=["signature", "lifetime", "expired"],
)
def test_a_token_that_the_server_refuses_denies_the_client_until_a_better_one_comes(
    *,
    emulator: Emulator,
    alice: Person,
    lunch: Conversation,
    wrong: dict[str, Any],
    code: int,
    error_class: type[TokenError],
) -> None:
    is_expired = error_class is TokenExpiredError
    reason = ErrorReason.TOKEN_EXPIRED if is_expired else ErrorReason.UNAUTHORIZED

    with pytest.raises(error_class, match="update_token") as caught:
        alice.client.update_token(minted(emulator, **wrong), timeout=limit())
    assert caught.value.code == code
    assert caught.value.reason is reason
    alice.hear("on_connection_state_change", lambda state: state.name == "DENIED")
    assert alice.client.connection_state is ConnectionState.DENIED
    [told] = alice.heard.calls("on_connection_error")
    assert told["terminal"]
    assert told["error_info"].code == code
    assert alice.heard.calls("on_error") == []  # update_token was there to be told
    with pytest.raises(error_class):
        alice.client.wait_until_connected(timeout=limit())
    with pytest.raises(TokenError):
        lunch.send_message("denied", timeout=limit())

    alice.client.update_token(emulator.token("alice"), timeout=limit())
    alice.client.wait_until_connected(timeout=limit())
    assert lunch.send_message("back", timeout=limit()).author == "alice"
    assert len(alice.heard.calls("on_token_expired")) == is_expired


def test_while_disconnected_a_new_token_is_kept_for_the_next_connection(
    emulator: Emulator, alice: Person
) -> None:
    refusal = emulator.refuse_connections()
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")

    alice.client.update_token(emulator.token("alice", ttl=7200), timeout=limit())
    expires = alice.client.token_expires_at
    refusal.lift()
    alice.client.wait_until_connected(timeout=limit())

    assert expires is not None
    assert expires.timestamp() == pytest.approx(time.time() + 7200, abs=60)
    assert updates(emulator) == []


def test_a_denied_client_is_revived_by_a_new_token(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with denied(alice):
        emulator.send_message(lunch.sid, "while alice was denied")
        assert len(alice.heard.calls("on_error")) == 2  # the cut, then the refusal

    alice.client.update_token(emulator.token("alice"), timeout=limit())
    alice.client.wait_until_connected(timeout=limit())

    alice.hear("on_message_added", lambda message: message.body == "while alice was denied")
    alice.catch_up()
    assert len(alice.bodies()) == 1
    states = [name for _, name in alice.told("on_connection_state_change")]
    assert states[-3:] == ["DENIED", "CONNECTING", "CONNECTED"]


def test_the_same_token_does_not_revive_a_denied_client(emulator: Emulator) -> None:
    token = emulator.token("alice")
    heard = RecordingListener()
    with ConversationsClient.create(token, emulator.properties(), heard, timeout=limit()) as client:
        emulator.expire_token()
        heard.wait_for("on_token_expired", timeout=limit())
        emulator.clear_requests()
        client.update_token(token, timeout=limit())

        assert client.connection_state is ConnectionState.DENIED
        assert emulator.handshakes == ()


def test_calls_of_a_denied_client_fail_at_once_with_the_reason(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with denied(alice):
        for call in (
            lambda: lunch.send_message("x", timeout=limit()),
            lambda: lunch.get_last_messages(timeout=limit()),
            lambda: alice.client.create_conversation(timeout=limit()),
            lambda: alice.client.wait_until_connected(timeout=limit()),
        ):
            with pytest.raises(TokenRejectedError):
                call()


def test_a_client_that_has_failed_for_good_takes_no_token(
    emulator: Emulator, alice: Person
) -> None:
    emulator.close_connections(code=406, status="NOT_ACCEPTABLE")
    alice.hear("on_connection_state_change", lambda state: state.name == "FATAL_ERROR")

    for call in (
        lambda: alice.client.update_token(emulator.token("alice"), timeout=limit()),
        lambda: alice.client.wait_until_connected(timeout=limit()),
        lambda: alice.client.create_conversation(timeout=limit()),
    ):
        with pytest.raises(TransportError):
            call()
    [told] = alice.heard.calls("on_connection_error")
    assert told["terminal"]


def test_an_update_that_is_not_answered_times_out(emulator: Emulator, alice: Person) -> None:
    held = emulator.hold_handshakes(method="update")

    with pytest.raises(RequestTimeoutError, match="the answer to the token update"):
        alice.client.update_token(emulator.token("alice"), timeout=0.2)

    held.release()
    assert alice.client.connection_state in (ConnectionState.CONNECTED, ConnectionState.CONNECTING)


def test_a_token_of_another_instance_denies(emulator: Emulator, alice: Person) -> None:
    emulator.close_connections(code=308, status="WRONG", error_code=51232)

    alice.hear("on_connection_state_change", lambda state: state.name == "DENIED")
    alice.client.update_token(emulator.token("alice"), timeout=limit())
    alice.client.wait_until_connected(timeout=limit())


# Expiry


def test_the_end_is_told_in_the_promised_order(emulator: Emulator, alice: Person) -> None:
    emulator.announce_token_expiry()
    emulator.announce_token_expiry()
    alice.hear("on_token_about_to_expire")
    emulator.expire_token()
    alice.hear("on_token_expired")
    alice.client.shutdown()

    wanted = {
        "on_token_about_to_expire",
        "on_connection_error",
        "on_error",
        "on_token_expired",
        "on_connection_state_change",
    }
    told = [call for call in alice.told() if call[0] in wanted][2:-1]
    assert told == [
        ("on_token_about_to_expire",),
        ("on_connection_error", "TOKEN_EXPIRED", "True"),
        ("on_error", "TOKEN_EXPIRED"),
        ("on_connection_state_change", "DENIED"),
        ("on_token_expired",),
    ]


def test_each_token_is_announced_once(emulator: Emulator, alice: Person) -> None:
    for count in (1, 2):
        emulator.announce_token_expiry()
        emulator.announce_token_expiry()
        alice.catch_up()
        assert len(alice.heard.calls("on_token_about_to_expire")) == count
        alice.client.update_token(emulator.token("alice"), timeout=limit())


def test_the_client_watches_the_end_of_a_short_life_itself(
    emulator: Emulator, connect: Connect
) -> None:
    def forbid(backend: Any) -> None:
        for connection in backend.connections.all():
            connection.announce_expiry = lambda *_: None

    token = emulator.token("alice", ttl=3)
    alice = connect("alice", token=token, synchronize=False)
    emulator.call(forbid)  # the server would announce it at half of its time

    alice.hear("on_token_about_to_expire")

    assert alice.client.connection_state is ConnectionState.CONNECTED
    assert alice.heard.calls("on_token_expired") == []
    alice.client.update_token(emulator.token("alice"), timeout=limit())


def test_an_announcement_in_time_allows_to_stay_connected(
    emulator: Emulator, connect: Connect
) -> None:
    class Renewing(RecordingListener):
        client: ConversationsClient

        def on_token_about_to_expire(self) -> None:
            self._record("on_token_about_to_expire", {})
            self.client.update_token(emulator.token("alice"), timeout=limit())

    renewing = Renewing()
    alice = connect("alice", listener=renewing)
    renewing.client = alice.client

    emulator.announce_token_expiry()
    alice.hear("on_token_about_to_expire")
    alice.catch_up()

    assert updates(emulator) == [200]
    assert alice.heard.calls("on_connection_error") == []


# Provider


def test_a_provider_is_asked_at_the_start_on_a_thread_of_its_own(
    emulator: Emulator, connect: Connect
) -> None:
    provider = Provider(lambda _: emulator.token("alice"))

    alice = connect("alice", token=provider)

    assert alice.client.my_identity == "alice"
    assert provider.count == 1
    [thread] = provider.threads
    assert thread.startswith("conversations-worker-")
    assert alice.client.token_expires_at is not None


def test_a_provider_is_asked_before_the_token_ends(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    provider = Provider(lambda _: emulator.token("alice"))
    alice = connect("alice", token=provider)

    emulator.announce_token_expiry()
    provider.wait_for(2)
    emulator.wait_for_handshake(lambda one: one.method == "update", timeout=limit())

    assert alice.hear("on_token_about_to_expire")
    assert updates(emulator) == [200]
    assert alice.heard.calls("on_connection_error", "on_error") == []
    alice.enter(room)
    assert provider.count == 2


def test_a_provider_keeps_a_client_with_very_short_tokens_connected(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    provider = Provider(lambda number: emulator.token("alice", ttl=2))
    alice = connect("alice", token=provider)

    emulator.wait_for_handshake(
        lambda one: (one.method, one.status) == ("update", 200), count=2, timeout=limit()
    )

    assert provider.count >= 3
    assert alice.heard.calls("on_token_expired") == []
    assert alice.client.connection_state is ConnectionState.CONNECTED


def test_a_provider_is_asked_again_when_its_token_is_refused_at_the_start(
    emulator: Emulator, connect: Connect
) -> None:
    emulator.refuse_init(times=1)
    provider = Provider(lambda _: emulator.token("alice"))

    alice = connect("alice", token=provider)

    assert provider.count == 2
    assert [name for _, name in alice.told("on_connection_state_change")] == [
        "CONNECTING",
        "DENIED",
        "CONNECTING",
        "CONNECTED",
    ]


def test_a_provider_whose_tokens_are_refused_twice_fails_the_creation(
    emulator: Emulator,
) -> None:
    emulator.refuse_init()
    provider = Provider(lambda _: emulator.token("alice"))
    heard = RecordingListener()

    with pytest.raises(TokenRejectedError):
        ConversationsClient.create(provider, emulator.properties(), heard, timeout=limit())

    assert provider.count == 2
    assert heard.calls()[-1].callback == "on_init_failed"


@pytest.mark.usefixtures("quick_questions")
def test_a_provider_revives_a_client_whose_token_is_refused_later(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    provider = Provider(lambda _: emulator.token("alice"))
    alice = connect("alice", token=provider)
    lunch = alice.enter(room)
    emulator.refuse_init(times=3)
    emulator.drop_connections()

    alice.hear("on_connection_state_change", lambda state: state.name == "CONNECTED", count=2)

    assert provider.count == 4
    assert lunch.send_message("back", timeout=limit()).author == "alice"
    errors = [call["error_info"].reason for call in alice.heard.calls("on_error")]
    assert errors.count(ErrorReason.UNAUTHORIZED) == 3


def test_a_provider_revives_a_client_whose_token_expired(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    provider = Provider(lambda _: emulator.token("alice"))
    alice = connect("alice", token=provider)
    lunch = alice.enter(room)

    emulator.expire_token()
    alice.hear("on_token_expired")
    alice.client.get_conversation(room)

    assert lunch.send_message("back", timeout=limit()).author == "alice"
    assert provider.count == 2
    assert len(alice.heard.calls("on_token_expired")) == 1


def test_a_call_waits_for_the_token_that_the_provider_is_asked_for(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    gate = threading.Event()

    def make(number: int) -> str:
        if number > 1:
            assert gate.wait(limit())
        return emulator.token("alice")

    provider = Provider(make)
    alice = connect("alice", token=provider)
    lunch = alice.enter(room)
    emulator.expire_token()
    provider.wait_for(2)
    sending = alice.client.submit(lunch.send_message, "patience", timeout=limit())
    gate.set()

    assert sending.result(limit()).body == "patience"


def test_what_a_provider_raises_at_the_start_is_chained(emulator: Emulator) -> None:
    failure = OSError("no token server")

    def raise_it(_: int) -> str:
        raise failure

    provider = Provider(raise_it)
    heard = RecordingListener()
    with pytest.raises(TokenError, match="the token provider raised OSError") as caught:
        ConversationsClient.create(provider, emulator.properties(), heard, timeout=limit())

    assert caught.value.__cause__ is failure
    assert caught.value.reason is ErrorReason.UPDATE_TOKEN_ERROR
    assert provider.count == 1
    assert [call.callback for call in heard.calls()][-1] == "on_init_failed"
    assert emulator.handshakes == ()


@pytest.mark.parametrize(
    ("garbage", "error_class"),
    [
        (None, ConversationsError),
        (17, ConversationsError),
        (b"token", ConversationsError),
        ("", ConversationsError),
        ("garbage", TokenRejectedError),
    ],
)
def test_what_a_provider_must_not_return_at_the_start_fails_the_creation(
    emulator: Emulator, garbage: Any, error_class: type[ConversationsError]
) -> None:
    provider = Provider(lambda _: garbage)

    with pytest.raises(error_class) as caught:
        ConversationsClient.create(provider, emulator.properties(), timeout=limit())

    assert isinstance(caught.value, (InvalidArgumentError, TokenError))
    assert emulator.handshakes == ()


@pytest.mark.usefixtures("quick_questions")
@pytest.mark.parametrize(
    ("wrong", "reason", "code"),
    [
        (OSError("down"), ErrorReason.UPDATE_TOKEN_ERROR, 0),
        (None, ErrorReason.UNKNOWN, 0),
        ("garbage", ErrorReason.UNAUTHORIZED, 20101),
        ("bob", ErrorReason.UPDATE_TOKEN_ERROR, -5),
        ("the same", ErrorReason.UPDATE_TOKEN_ERROR, 0),
    ],
    ids=["raises", "none", "garbage", "somebody else's", "the same"],
)
def test_a_provider_that_fails_later_is_reported_and_asked_again(
    emulator: Emulator,
    connect: Connect,
    wrong: Any,
    reason: ErrorReason,
    code: int,
) -> None:
    first = emulator.token("alice")
    answers = {"bob": emulator.token("bob"), "the same": first}

    def make(number: int) -> Any:
        if number == 1:
            return first
        if number <= 3:
            if isinstance(wrong, Exception):
                raise wrong
            return answers.get(wrong, wrong)
        return emulator.token("alice")

    provider = Provider(make)
    alice = connect("alice", token=provider)
    emulator.announce_token_expiry()
    emulator.wait_for_handshake(
        lambda one: (one.method, one.status) == ("update", 200), timeout=limit()
    )

    alice.hear("on_error", count=2)
    alice.catch_up()
    errors = [call["error_info"] for call in alice.heard.calls("on_error")]
    assert [(one.reason, one.code) for one in errors] == [(reason, code)] * 2
    if isinstance(wrong, Exception):
        assert errors[0].cause is wrong or "OSError" in errors[0].message
    assert provider.count == 4
    assert alice.client.connection_state is ConnectionState.CONNECTED
    assert updates(emulator) == [200]


def test_a_provider_that_hangs_does_not_hang_the_shutdown(
    emulator: Emulator, connect: Connect
) -> None:
    gate = threading.Event()

    def make(number: int) -> str:
        if number > 1:
            gate.wait(limit())
        return emulator.token("alice")

    provider = Provider(make)
    alice = connect("alice", token=provider)
    emulator.announce_token_expiry()
    provider.wait_for(2)
    ending = in_background(alice.client.shutdown)
    emulator.wait_for_connections(0, timeout=limit())
    gate.set()

    ending.result(limit())


def test_a_provider_that_hangs_at_the_start_is_named(emulator: Emulator) -> None:
    gate = threading.Event()
    provider = Provider(lambda _: gate.wait(limit()))
    heard = RecordingListener()
    creation = in_background(
        lambda: ConversationsClient.create(provider, emulator.properties(), heard, timeout=0.2)
    )

    heard.wait_for("on_init_failed", timeout=limit())
    gate.set()  # it gives up after its time, but gives the thread a moment to end

    error = creation.exception(limit())
    assert isinstance(error, RequestTimeoutError)
    assert "it waited for the token provider" in str(error)


def test_update_token_works_besides_a_provider(emulator: Emulator, connect: Connect) -> None:
    provider = Provider(lambda _: emulator.token("alice"))
    alice = connect("alice", token=provider)

    alice.client.update_token(emulator.token("alice", ttl=7200), timeout=limit())

    assert updates(emulator) == [200]
    assert provider.count == 1
