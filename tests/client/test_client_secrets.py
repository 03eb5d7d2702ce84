"""
Neither tokens nor what people write appear in logs, reprs or errors.
"""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from conversations import (
    Conversation,
    ConversationsClient,
    ConversationsError,
    ErrorInfo,
    Properties,
    RequestTimeoutError,
)
from conversations.testing import RecordingListener
from tests.client.people import Connect, Person, minted
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

BODY = "canary-body-5170"
SUBJECT = "canary-subject-5171"
ATTRIBUTE = "canary-attribute-5172"
KEY = "canary-key-5173"
ATTRIBUTES: dict[str, Any] = {KEY: [ATTRIBUTE, {KEY: ATTRIBUTE}]}


@attrs.define
class Watch:
    """
    Collects texts, and the tokens that must not be in them.
    """

    caplog: pytest.LogCaptureFixture
    tokens: list[str] = attrs.field(factory=list)
    texts: list[str] = attrs.field(factory=list)

    def token(self, token: str) -> str:
        self.tokens.append(token)
        return token

    def see(self, *values: object) -> None:
        for value in values:
            self.texts.append(repr(value))  # str() of attributes is what they contain
            if isinstance(value, (BaseException, ErrorInfo)):
                self.texts.append(str(value))
            if isinstance(value, BaseException):
                self.texts += traceback.format_exception(value)

    def fail(self, call: Callable[[], object]) -> ConversationsError:
        """
        The error of a call, every word of which is looked at.
        """
        with pytest.raises(ConversationsError) as caught:
            call()
        error = caught.value
        self.see(error, error.error_info, error.__cause__, pickle.loads(pickle.dumps(error)))  # noqa: S301  # our own
        return error

    def check(self) -> None:
        logged = [
            f"{record.name} {record.getMessage()} {record.exc_text or ''} {record.args}"
            for phase in ("setup", "call")
            for record in self.caplog.get_records(phase)
        ]
        names = {line.split()[0] for line in logged}
        assert {"conversations.twilsock", "conversations.connection"} <= names, "it proves nothing"
        secrets = [BODY, SUBJECT, ATTRIBUTE, KEY]
        for token in self.tokens:
            secrets += [token, *token.split(".")[1:]]
        for text in [*logged, *self.texts, self.caplog.text]:
            for secret in secrets:
                assert secret not in text


@pytest.fixture
def watch(caplog: pytest.LogCaptureFixture) -> Watch:
    caplog.set_level(logging.DEBUG)
    return Watch(caplog)


def everything(root: object) -> Iterator[object]:
    """
    Whatever of this package can be reached from *root*, through all attributes.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
            continue
        if isinstance(value, (list, tuple, set, frozenset)):
            waiting += value
            continue
        if not type(value).__module__.startswith("conversations"):
            continue
        yield value
        names = set(getattr(value, "__dict__", ()))
        for base in type(value).__mro__:
            names.update(getattr(base, "__slots__", ()))
        waiting += [getattr(value, name, None) for name in names]


@pytest.mark.usefixtures("quick_reconnects")
def test_a_whole_life_betrays_nothing(
    emulator: Emulator, connect: Connect, watch: Watch, room: str
) -> None:
    alice = connect("alice", token=watch.token(emulator.token("alice")))
    bob = connect("bob", token=lambda: watch.token(emulator.token("bob")))
    lunch, theirs = alice.enter(room), bob.enter(room)
    lunch.set_attributes(ATTRIBUTES, timeout=limit())
    alice.client.my_user.set_attributes(ATTRIBUTES, timeout=limit())
    participant = lunch.get_participant_by_identity("bob")
    assert participant is not None
    participant.set_attributes(ATTRIBUTES, timeout=limit())
    message = lunch.send_message(BODY, attributes=ATTRIBUTES, subject=SUBJECT, timeout=limit())
    received = bob.hear("on_message_added")["message"]
    message.update_body(f"{BODY} again", timeout=limit())
    bob.hear("on_message_updated")
    assert received.body == f"{BODY} again"
    assert received.attributes.value == ATTRIBUTES

    emulator.interrupt_replays()
    emulator.drop_connections()
    alice.hear("on_connection_state_change", lambda state: state.name == "ERROR")
    lunch.send_message(BODY, timeout=limit())
    emulator.forget_history(shortened=False)
    emulator.drop_connections()
    alice.client.update_token(watch.token(emulator.token("alice")), timeout=limit())
    alice.client.wait_until_connected(timeout=limit())
    emulator.wait_for_connections(1, identity="bob", timeout=limit())
    emulator.announce_token_expiry("bob")
    bob.hear("on_token_about_to_expire")
    page = theirs.get_messages(timeout=limit())
    message.remove(timeout=limit())
    bob.catch_up()

    for person in (alice, bob):
        watch.see(person.client, person.client.my_user, person.client.my_conversations)
        watch.see(*person.client.my_conversations, *(call for call in person.heard.calls()))
        watch.see(*everything(person.client))
    watch.see(lunch, theirs, message, received, page, *lunch.participants_list)
    watch.see(emulator, *emulator.requests, *emulator.handshakes, *emulator.connections)
    watch.check()


def test_errors_betray_nothing(
    emulator: Emulator, connect: Connect, watch: Watch, room: str
) -> None:
    token = watch.token(emulator.token("alice"))
    alice = connect("alice", token=token, command_timeout=0.2)
    lunch = alice.enter(room)
    message = lunch.send_message(BODY, attributes=ATTRIBUTES, timeout=limit())
    long = BODY * 4000

    watch.fail(lambda: lunch.send_message(long, timeout=limit()))
    watch.fail(lambda: lunch.send_message(BODY, subject=SUBJECT * 20, timeout=limit()))
    watch.fail(lambda: lunch.send_message(BODY, attributes=[long], timeout=limit()))
    watch.fail(lambda: lunch.send_message(BODY, attributes={KEY: {ATTRIBUTE}}))  # type: ignore[dict-item]
    watch.fail(lambda: lunch.set_attributes({BODY: {ATTRIBUTE}}))  # type: ignore[dict-item]
    watch.fail(lambda: message.update_body(long, timeout=limit()))
    watch.fail(lambda: message.set_attributes(long, timeout=limit()))
    watch.fail(lambda: lunch.set_attributes(long, timeout=limit()))
    with emulator.hold_requests("*/Messages"):
        error = watch.fail(lambda: lunch.send_message(BODY, attributes=ATTRIBUTES))
    assert isinstance(error, RequestTimeoutError)
    with emulator.fail_requests("*/Messages", status=500):
        watch.fail(lambda: lunch.send_message(BODY, attributes=ATTRIBUTES, timeout=limit()))
    other = watch.token(emulator.token("bob"))
    watch.fail(lambda: alice.client.update_token(other))
    wrong = watch.token(minted(emulator, secret="a wrong secret that is long enough"))
    watch.fail(lambda: alice.client.update_token(wrong, timeout=limit()))
    watch.fail(lambda: lunch.send_message(BODY, attributes=ATTRIBUTES, timeout=limit()))
    alice.client.shutdown()
    watch.fail(lambda: lunch.send_message(BODY, attributes=ATTRIBUTES, timeout=limit()))
    watch.see(*(call for call in alice.heard.calls()))
    watch.check()


def test_creations_that_fail_betray_nothing(emulator: Emulator, watch: Watch) -> None:
    properties: Properties = emulator.properties()
    for wrong in (
        minted(emulator, secret="a wrong secret that is long enough"),
        minted(emulator, identity=None),
        minted(emulator, nbf=None, valid_until=1_600_000_000),
        f"{emulator.token('alice')}x",
        f" {emulator.token('alice')}",
    ):
        token = watch.token(wrong)
        for given in (token, partial(str, token)):
            heard = RecordingListener()
            create = partial(ConversationsClient.create, given, properties, heard)
            watch.fail(partial(create, timeout=limit()))
            watch.see(*heard.calls())
    watch.see(properties)
    watch.check()


def test_a_callback_that_raises_betrays_nothing_but_its_own_words(
    emulator: Emulator, watch: Watch, alice: Person, lunch: Conversation
) -> None:
    class Broken(RecordingListener):
        def on_message_added(self, message: Any) -> None:
            raise ZeroDivisionError("in a callback")

    alice.client.add_listener(Broken())
    emulator.send_message(lunch.sid, BODY, attributes=ATTRIBUTES)
    alice.hear("on_error")

    assert "in a callback" in watch.caplog.text
    watch.check()
