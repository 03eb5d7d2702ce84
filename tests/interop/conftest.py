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

import pytest

from tests.interop.js_client import Create, JsClient, JsProcess, Start, follow

if TYPE_CHECKING:
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


@pytest.fixture
def js(node: None) -> Iterator[JsProcess]:
    """
    A Node process for this test alone.
    """
    with JsProcess() as process:
        yield process


@pytest.fixture
def start(js: JsProcess, emulator: Emulator) -> Start:
    """
    Start a client of the JavaScript SDK on the test's emulator, by identity, and wait until it
    is initialized. A second client of one identity needs a name of its own.
    """

    def start(identity: str, *, name: str | None = None) -> JsClient:
        client = js.client(identity, emulator.token(identity), emulator.twilsock_url, name=name)
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
