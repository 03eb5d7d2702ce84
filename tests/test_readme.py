"""
Every complete Python block of the README runs, against an emulator.
"""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conversations import ConversationsClient, properties, read_claims
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^## ([^\n]+)$|^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def titled_blocks() -> list[Any]:
    """
    The Python blocks with the heading above each.
    """
    heading, found = "", []
    for title, block in BLOCKS:
        heading = title or heading
        if block:
            found.append(pytest.param(block, id=heading))
    return found


@pytest.fixture
def names(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """
    What the blocks presuppose. The clients they leave open are shut down at the end.
    """
    monkeypatch.setenv(properties.EMULATOR_VARIABLE, emulator.url)
    credentials = emulator.credentials
    names: dict[str, Any] = {
        "__name__": "readme",
        "token": emulator.token("alice"),
        "account_sid": credentials.account,
        "api_key_sid": credentials.key,
        "api_key_secret": credentials.secret,
        "service_sid": credentials.service,
        # From one block to the next the README does not import again.
        "ConversationsClient": ConversationsClient,
    }
    yield names
    for value in names.values():
        if isinstance(value, ConversationsClient):
            value.shutdown()
    names.clear()
    gc.collect()


def test_the_readme_has_blocks() -> None:
    assert len(titled_blocks()) >= 5


@pytest.mark.parametrize("block", titled_blocks())
def test_a_block_of_the_readme_runs(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102  # that is the test


def test_the_window_of_the_readme_holds_its_client(
    emulator: Emulator, names: dict[str, Any]
) -> None:
    [block] = [param.values[0] for param in titled_blocks() if param.id == "Hold the client"]
    exec(block, names)  # noqa: S102  # that is the test

    window = names["Window"](names["token"])

    assert window.client.my_identity == "alice"
    window.client.shutdown()


def test_the_listener_of_the_readme_prints_messages(
    emulator: Emulator, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    [block] = [param.values[0] for param in titled_blocks() if param.id == "Listening"]
    exec(block, names)  # noqa: S102  # that is the test
    client: ConversationsClient = names["client"]
    sid = emulator.create_conversation(identities=["alice"]).sid
    emulator.wait_for_subscription(f"{sid}.messages", identity="alice", timeout=limit())
    done = threading.Event()

    emulator.send_message(sid, "hello there", author="bob")
    client.get_conversation(sid).send_message("and back", timeout=limit())
    client.submit(done.set)
    assert done.wait(limit())
    client.shutdown()  # delivers what is queued

    printed = capsys.readouterr().out.splitlines()
    assert "bob: hello there" in printed
    assert printed[0] == "connection: CONNECTING"
    assert printed[-1] == "connection: DISCONNECTED"


def test_the_token_of_the_readme_is_taken(emulator: Emulator, names: dict[str, Any]) -> None:
    for param in titled_blocks():
        if param.id == "The real service" and "AccessToken" in param.values[0]:
            exec(param.values[0], names)  # noqa: S102  # that is the test

    assert read_claims(names["token"]).identity == "alice"
    with ConversationsClient.create(names["token"], timeout=limit()) as client:
        assert client.my_identity == "alice"
