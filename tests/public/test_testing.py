from __future__ import annotations

import threading
from typing import Any

import pytest

from conversations import testing
from conversations.emulator import Emulator
from conversations.errors import ErrorInfo, InvalidArgumentError
from conversations.listeners import ConversationListener, ConversationsClientListener
from conversations.testing import FakeClock, RecordingListener
from conversations.tokens import read_claims


def test_it_records_every_callback_of_both_kinds_with_named_arguments() -> None:
    listener = RecordingListener()
    info = ErrorInfo(message="broken")

    listener.on_connection_error(info, terminal=True)
    listener.on_initialized()

    first, second = listener.calls()
    assert (first.callback, dict(first.arguments)) == (
        "on_connection_error",
        {"error_info": info, "terminal": True},
    )
    assert first["error_info"] is info
    assert first.thread == threading.current_thread().name
    assert (second.callback, dict(second.arguments)) == ("on_initialized", {})
    for kind in (ConversationsClientListener, ConversationListener):
        for name in vars(kind):
            if name.startswith("on_"):
                assert name in vars(RecordingListener)


def test_waiting_finds_what_came_before_and_what_comes_later() -> None:
    listener = RecordingListener()
    anything: Any = "updated"
    listener.on_deleted(anything)

    assert listener.wait_for("on_deleted", timeout=0)["conversation"] == "updated"

    other = threading.Thread(target=lambda: [listener.on_deleted(n) for n in range(3)])  # type: ignore[arg-type, func-returns-value]
    other.start()
    assert listener.wait_for("on_deleted", lambda number: number == 2)["conversation"] == 2
    assert listener.wait_for("on_deleted", count=3)["conversation"] == 1
    other.join()


def test_waiting_in_vain_says_what_came_instead() -> None:
    listener = RecordingListener()
    listener.on_initialized()

    with pytest.raises(AssertionError, match=r"on_deleted did not come .* came: on_initialized"):
        listener.wait_for("on_deleted", timeout=0)


def test_calls_can_be_chosen_and_forgotten() -> None:
    listener = RecordingListener()
    listener.on_initialized()
    listener.on_token_expired()

    assert [call.callback for call in listener.calls("on_token_expired")] == ["on_token_expired"]
    listener.clear()
    assert listener.calls() == []


def test_a_callback_that_does_not_exist_is_refused() -> None:
    listener = RecordingListener()

    with pytest.raises(InvalidArgumentError, match="on_mesage_added"):
        listener.wait_for("on_mesage_added")
    with pytest.raises(InvalidArgumentError, match="on_mesage_added"):
        listener.calls("on_mesage_added")


def test_the_fake_clock_moves_the_emulator_by_hand() -> None:
    clock = FakeClock()

    with Emulator(clock=clock) as emulator:
        before = read_claims(emulator.token("alice")).expires_at
        clock.advance(3600)
        after = read_claims(emulator.token("alice")).expires_at

    assert before is not None
    assert after is not None
    assert (after - before).total_seconds() == 3600


def test_other_names_are_not_in_the_module() -> None:
    with pytest.raises(AttributeError, match="FakeClok"):
        testing.FakeClok  # noqa: B018  # reading it is the test
