"""
The official JavaScript SDK as a fixture.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from tests.interop.js_client import Create, JsClient, JsProcess, Pair, Start, follow
from tests.interop.ours import Ours, connect, share

if TYPE_CHECKING:
    from conversations import Conversation
    from conversations.emulator import Emulator

FOLDER = Path(__file__).parent
OLDEST_NODE = 20


def _what_is_missing() -> str | None:
    node = shutil.which("node")
    if node is None:
        return "there is no Node on this machine"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        return f"Node here is {version.strip()}"
    wanted = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    for package, wanted_version in wanted.items():
        installed = FOLDER / "node_modules" / package / "package.json"
        if not installed.is_file():
            return f"{package} is not installed: `make test` does that"
        version = json.loads(installed.read_text(encoding="utf-8"))["version"]
        if version != wanted_version:
            return f"{package} is {version}, not {wanted_version}: `make test` mends that"
    return None


@pytest.fixture(scope="session")
def node() -> None:
    """
    Skip, or under CI fail, where the JavaScript SDK cannot run.
    """
    missing = _what_is_missing()
    if missing is not None:
        message = (
            f"the official JavaScript SDK needs Node {OLDEST_NODE} or newer, and npm: {missing}"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@attrs.define
class Shared:
    """
    The Node process that the tests share: starting one takes longer than most tests.
    """

    process: JsProcess


@pytest.fixture(scope="session")
def shared_node(node: None) -> Iterator[Shared]:
    """
    Holds the process until the end of the session.
    """
    shared = Shared(JsProcess())
    yield shared
    shared.process.close()


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """
    A running emulator for the test; ``parametrize("emulator", [Settings(...)], indirect=True)``
    gives it settings.
    """
    from conversations.emulator import Emulator

    with Emulator(settings=getattr(request, "param", None)) as running:
        yield running


@pytest.fixture
def js(shared_node: Shared, emulator: Emulator) -> Iterator[JsProcess]:
    """
    A Node process without clients. The clients of the test end with the test, before the
    emulator does.
    """
    yield shared_node.process
    try:
        shared_node.process.end_clients()
    except BaseException:
        shared_node.process.close()
        shared_node.process = JsProcess()
        raise


@pytest.fixture
def own_js(node: None, emulator: Emulator) -> Iterator[JsProcess]:
    """
    A Node process for this test alone, for clients that may never be initialized.
    """
    with JsProcess() as process:
        yield process


@pytest.fixture
def start(js: JsProcess, emulator: Emulator) -> Start:
    """
    Start a client of the JavaScript SDK on the test's emulator, by identity, and wait until it
    is initialized. A second client of one identity needs a name of its own.
    """

    def start(identity: str, *, name: str | None = None, **options: Any) -> JsClient:
        token = emulator.token(identity)
        client = js.client(identity, token, emulator.twilsock_url, name=name, **options)
        return client.wait_until_initialized()

    return start


@pytest.fixture
def create(emulator: Emulator) -> Create:
    """
    Create a conversation, join it, and wait until its messages and participants are followed.
    """

    def create(client: JsClient, **options: Any) -> str:
        sid: str = client.call("create", **options)["sid"]
        client.call("join", sid)
        follow(emulator, client, sid)
        return sid

    return create


@pytest.fixture
def pair(start: Start, create: Create, emulator: Emulator) -> Pair:
    """
    Two clients of the JavaScript SDK, Alice and Bob, and a conversation that both follow.
    """
    alice, bob = start("alice"), start("bob")
    sid = create(alice, friendlyName="Lunch", uniqueName="lunch")
    alice.call("add", sid, identity="bob")
    follow(emulator, bob, sid)
    alice.wait_for("participantJoined")
    return alice, bob, sid


@pytest.fixture
def alice(emulator: Emulator) -> Iterator[Ours]:
    """
    Alice uses this package.
    """
    with connect(emulator, "alice") as alice:
        yield alice


@pytest.fixture
def bob(start: Start) -> JsClient:
    """
    Bob uses the JavaScript SDK.
    """
    return start("bob")


@pytest.fixture
def shared(alice: Ours, bob: JsClient, emulator: Emulator) -> Conversation:
    """
    A conversation that Alice has made and Bob was added to; both follow it.
    """
    return share(alice, bob, emulator)
