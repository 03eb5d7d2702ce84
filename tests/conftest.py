"""
What holds for every test: it leaves no thread and no descriptor behind.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

# A machine that is busy for a moment is no reason to fail.
hypothesis.settings.register_profile("project", deadline=None, print_blob=True)
hypothesis.settings.load_profile("project")

# The pure core first: it is quick, and what fails there explains what fails above it.
ORDER = [
    "vocabulary",
    "core",
    "net",
    "runtime",
    "",
    "emulator",
    "client",
    "public",
    "parity",
    "interop",
    "stress",
]
DESCRIPTORS = Path("/proc/self/fd")  # Linux; elsewhere descriptors are not checked


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Run the tests in the order of the layers.
    """
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        folders = item.path.relative_to(root).parts[:-1]
        folder = folders[0] if folders else ""
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def no_leaked_threads(no_leaked_descriptors: None) -> Iterator[None]:
    """
    Fail if threads that the test started still run, some time after its end.
    """
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + limit(5)
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, deadline - time.monotonic()))
    leaked = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    if leaked:
        pytest.fail(
            "the test left threads running:\n\n" + "\n".join(map(_where, leaked)), pytrace=False
        )


@pytest.fixture(autouse=True)
def no_leaked_descriptors() -> Iterator[None]:
    """
    Fail if descriptors that the test opened are still open after its threads have ended.
    """
    before = _open_descriptors()
    yield
    leaked = _open_descriptors() - before
    if leaked:
        gc.collect()  # what only a reference cycle keeps open is closed, and warns, here
        leaked = _open_descriptors() - before
    if leaked:
        lines = "\n".join(f"  {number} -> {target}" for number, target in sorted(leaked))
        pytest.fail(f"the test left descriptors open:\n{lines}", pytrace=False)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """
    A running emulator of its own for the test, in this process, on a free port.
    """
    from conversations.emulator import Emulator

    with Emulator() as running:
        yield running


def _open_descriptors() -> set[tuple[int, str]]:
    descriptors = set()
    for descriptor in DESCRIPTORS.iterdir() if DESCRIPTORS.is_dir() else ():
        try:
            descriptors.add((int(descriptor.name), str(descriptor.readlink())))
        except OSError:  # the one that listing the folder needs itself
            continue
    return descriptors


def _where(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    stack = "".join(traceback.format_stack(frame)) if frame else "  (no frame)\n"
    return f"{thread.name}{' (daemon)' if thread.daemon else ''} is at:\n{stack}"
