from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import tracemalloc
import weakref
from pathlib import Path

import pytest

from conversations._runtime import lifecycle
from conversations._runtime.lifecycle import CreationSite, creation_site, own
from conversations._runtime.waiters import Deadline
from tests.net.raw_server import BINARY, CLOSE, RawServer, close_data
from tests.runtime.fakes import Harness
from tests.timing import limit

ROOT = Path(__file__).parents[2]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


# Dropping


class Client:
    """
    Owns a runtime, like a client.
    """

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        harness.runtime.own(self, creation_site())


def test_a_dropped_client_ends_with_a_warning_that_names_its_creation() -> None:
    harness = Harness().start()
    client = Client(harness)

    with pytest.warns(ResourceWarning) as caught:
        del client

    harness.events.wait_for("closed")
    harness.runtime.wait_for_end(Deadline(limit()))
    assert harness.runtime.is_shutdown
    assert harness.threads() == []
    (warning,) = caught
    assert warning.filename == __file__
    number = harness.runtime.number
    line = warning.lineno
    assert str(warning.message) == f"unclosed Client {number}, created at {__file__}:{line}"
    assert "harness.runtime.own(self" in Path(__file__).read_text().splitlines()[line - 1]


def test_with_tracemalloc_the_warning_has_the_whole_way_to_the_creation() -> None:
    harness = Harness().start()
    tracemalloc.start()
    try:
        client = Client(harness)
    finally:
        tracemalloc.stop()

    with pytest.warns(ResourceWarning) as caught:
        del client

    assert "test_with_tracemalloc_the_warning_has" in str(caught[0].message)
    harness.runtime.shutdown()


def test_a_client_that_is_only_in_a_cycle_ends_too() -> None:
    harness = Harness().start()
    client = Client(harness)
    client.itself = client  # type: ignore[attr-defined]

    del client
    with pytest.warns(ResourceWarning):
        gc.collect()

    harness.events.wait_for("closed")
    harness.runtime.shutdown()


def test_a_client_that_was_shut_down_is_dropped_in_silence() -> None:
    harness = Harness().start()
    client = Client(harness)
    harness.runtime.shutdown()

    del client
    gc.collect()


def test_threads_do_not_keep_the_listeners_alive() -> None:
    harness = Harness().start()
    harness.emit("event")
    harness.events.wait_for("event")
    harness.call(lambda engine: engine.echo(1))
    reference = weakref.ref(harness.client)

    del harness.client
    gc.collect()

    assert reference() is None
    harness.runtime.shutdown()


def test_dropping_on_the_listener_thread() -> None:
    # The callback holds the last reference.
    harness = Harness().start()
    done = threading.Event()
    clients = [Client(harness)]

    def drop(_: object) -> None:
        with pytest.warns(ResourceWarning):
            clients.clear()
        done.set()

    harness.client.listeners.append(("dropping", drop))
    harness.emit("event")

    assert done.wait(limit())
    harness.events.wait_for("event", "closed")
    harness.runtime.shutdown()
    assert harness.threads() == []


def test_the_creation_site_is_the_first_line_outside_the_package() -> None:
    site = creation_site()

    assert site.filename == __file__
    assert site.stack == ""


def test_a_creation_that_has_no_line_outside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_is_ours", lambda _: True)

    assert creation_site() == CreationSite("<unknown>", 0)


class Ended:
    """
    A runtime that has ended by itself.
    """

    number = -1
    is_shutdown = True

    def request_shutdown(self) -> None:
        raise AssertionError

    def wait_for_end(self, deadline: Deadline) -> None:
        raise AssertionError

    def become_inherited(self) -> None:
        raise AssertionError


def test_a_runtime_that_ended_by_itself_is_dropped_in_silence() -> None:
    client = threading.Event()
    own(client, Ended(), CreationSite("x.py", 1))

    del client


# Exit and fork: each in a process of its own, with warnings as errors and silence expected


PREAMBLE = """
import logging, os, sys, threading
from tests.runtime.fakes import FakeEngine, Harness, connect_to
from conversations.errors import ClientForkedError
logging.getLogger("conversations").addHandler(logging.NullHandler())

def sockets():
    links = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            pass  # the listing's own
    return [link for link in links if link.startswith(("socket", "anon_inode"))]
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-X", "dev", "-W", "error"),
            *("-W", "ignore::DeprecationWarning"),  # 3.12 warns of fork with threads
            *("-c", PREAMBLE + textwrap.dedent(script), *arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_silent(process: subprocess.Popen[str], *lines: str) -> None:
    """
    It ends well, with these lines of output and none of errors.
    """
    output, errors = process.communicate(timeout=limit(60))
    assert errors == ""
    assert output.splitlines() == list(lines)
    assert process.returncode == 0


def test_exit_with_open_clients() -> None:
    process = start(
        """
        harnesses = [Harness().start() for _ in range(3)]
        harnesses[0].client.listeners.append(("last", lambda event: print(event)))
        """
    )

    assert_silent(process, "closed")


CONNECTED = """
    engine = FakeEngine(connects=True)
    harness = Harness(engine, connect=connect_to(sys.argv[1]), worker_threads=1).start()
    engine.inputs.wait_for(("opened", 1))
"""


def test_exit_says_goodbye_to_the_server() -> None:
    with RawServer() as server:
        process = start(CONNECTED, server.url)
        connection = server.accept_websocket()

        assert connection.read_frame() == (BINARY, b"goodbye")
        assert connection.read_frame() == (CLOSE, close_data(1000))
        connection.close()
        assert_silent(process)


def test_exit_while_a_callback_runs_that_never_ends() -> None:
    process = start(
        """
        entered = threading.Event()
        def endless(event):
            entered.set()
            threading.Event().wait()
        harness = Harness().start()
        harness.client.listeners.append(("endless", endless))
        harness.emit("event")
        assert entered.wait(30)
        """
    )

    assert_silent(process)


def test_exit_while_a_job_and_a_call_run() -> None:
    process = start(
        """
        harness = Harness().start()
        harness.runtime.submit(lambda: harness.call(lambda engine: engine.never()))
        harness.engine.started.wait_for("never")
        """
    )

    assert_silent(process)


def test_exit_in_a_callback() -> None:
    process = start(
        """
        harness = Harness().start()
        harness.client.listeners.append(("quitting", lambda event: sys.exit(3)))
        harness.emit("event")
        harness.events.wait_for("event", "closed")
        """
    )

    assert_silent(process)


def test_exit_with_a_dropped_client_warns_of_it_alone() -> None:
    process = start(
        """
        import warnings
        from conversations._runtime.lifecycle import creation_site
        warnings.simplefilter("always")
        class Client: pass
        client = Client()
        harness = Harness().start()
        harness.runtime.own(client, creation_site())
        del client
        harness.events.wait_for("closed")
        """
    )

    _, errors = process.communicate(timeout=limit(60))
    assert process.returncode == 0
    line, *source = errors.splitlines()
    assert "ResourceWarning: unclosed Client 1, created at <string>:" in line
    assert [text.strip() for text in source] in (
        [],
        ["harness.runtime.own(client, creation_site())"],  # from Python 3.13 on
    )


@needs_fork
def test_a_forked_child_lets_go_and_the_parent_goes_on() -> None:
    script = (
        CONNECTED
        + """
    running = harness.runtime.submit(lambda: harness.call(lambda engine: engine.never()))
    engine.started.wait_for("never")
    waiting = harness.runtime.submit(list)
    child = os.fork()
    if child == 0:
        for use in (
            lambda: harness.call(lambda engine: engine.echo(1)),
            lambda: harness.runtime.submit(print),
            lambda: harness.runtime.check_process(),
            lambda: harness.runtime.start("token"),
            running.result,
            waiting.result,
        ):
            try:
                use()
            except ClientForkedError as error:
                assert "fork" in str(error)
            else:
                print("could be used")
        harness.runtime.shutdown()
        harness.runtime.tell("locks are free")
        assert not harness.runtime.post(print)
        assert sockets() == [], sockets()
        print("child is done", flush=True)
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    print(harness.call(lambda engine: engine.ask(b"still there?")).decode())
    harness.runtime.shutdown()
    """
    )
    with RawServer() as server:
        process = start(script, server.url)
        connection = server.accept_websocket()

        # Not a byte of the child's comes before the parent's.
        assert connection.read_frame() == (BINARY, b"still there?")
        connection.send_message(b"still there")
        assert connection.read_frame() == (BINARY, b"goodbye")
        assert connection.read_frame() == (CLOSE, close_data(1000))
        connection.close()
        assert_silent(process, "child is done", "still there")


@needs_fork
def test_a_fork_during_the_opening_leaves_nothing_in_the_child() -> None:
    script = """
    harness = Harness(FakeEngine(connects=True), connect=connect_to(sys.argv[1])).start()
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        assert sockets() == [], sockets()
        print("child is done", flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    harness.engine.inputs.wait_for(("opened", 1))
    harness.runtime.shutdown()
    """
    with RawServer() as server:
        process = start(script, server.url)
        connection = server.accept()
        connection.request = connection.read_head()
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout is not None
        assert process.stdout.readline() == "child is done\n"
        connection.send(connection.agreement())
        assert connection.read_frame() == (BINARY, b"goodbye")
        connection.close()
        assert_silent(process)


@needs_fork
def test_a_wait_that_a_fork_interrupts_ends_in_the_child() -> None:
    process = start(
        """
        import signal
        harness = Harness().start()
        def fork(*_):
            child = os.fork()
            if child:
                print("child ended with", os.waitpid(child, 0)[1], flush=True)
                harness.runtime.request_shutdown()
        signal.signal(signal.SIGUSR1, fork)
        def interrupt():
            harness.engine.started.wait_for("never")
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        threading.Thread(target=interrupt).start()
        try:
            harness.call(lambda engine: engine.never())
        except Exception as error:
            print(type(error).__name__, flush=True)
        """
    )

    assert_silent(process, "ClientForkedError", "child ended with 0", "ClientShutdownError")


@needs_fork
def test_locks_that_others_use_during_the_fork_are_free_in_the_child() -> None:
    process = start(
        """
        from conversations._runtime.lifecycle import new_lock
        lock = new_lock("test")
        done = threading.Event()
        def use():
            while not done.is_set():
                with lock:
                    pass
        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                with lock:
                    os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        done.set()
        """
    )

    assert_silent(process)


@needs_fork
def test_a_lock_that_the_forking_thread_holds_stays_with_it() -> None:
    # A signal handler may fork in the middle of anything.
    process = start(
        """
        harness = Harness().start()
        with harness.runtime._dispatcher._changed:
            child = os.fork()
        if child == 0:
            harness.runtime.tell("the lock is free")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        harness.runtime.shutdown()
        """
    )

    assert_silent(process)


@needs_fork
def test_an_inherited_client_is_dropped_in_silence() -> None:
    process = start(
        """
        from conversations._runtime.lifecycle import creation_site
        class Client: pass
        client = Client()
        harness = Harness().start()
        harness.runtime.own(client, creation_site())
        child = os.fork()
        if child == 0:
            del client
            print("dropped", flush=True)
            sys.exit()
        assert os.waitpid(child, 0)[1] == 0
        harness.runtime.shutdown()
        """
    )

    assert_silent(process, "dropped")


@needs_fork
@pytest.mark.parametrize("place", ["callback", "job"])
def test_a_fork_inside_the_users_code_on_our_threads(place: str) -> None:
    # The child goes on with that code, and ends with it.
    process = start(
        """
        harness = Harness().start()
        def fork(event=None):
            child = os.fork()
            if child == 0:
                try:
                    harness.call(lambda engine: engine.echo(1))
                except ClientForkedError:
                    print("in the child", flush=True)
                return
            assert os.waitpid(child, 0)[1] == 0
            harness.events.add("forked")
        if sys.argv[1] == "job":
            harness.runtime.submit(fork).result()
        else:
            harness.client.listeners.append(("forking", fork))
            harness.client.listeners.append(("printing", print))
            harness.emit("event")
        harness.events.wait_until(lambda items: "forked" in items)
        harness.client.listeners.clear()
        harness.runtime.shutdown()
        """,
        place,
    )

    printed = {"callback": ["event"], "job": []}
    assert_silent(process, "in the child", *printed[place])
