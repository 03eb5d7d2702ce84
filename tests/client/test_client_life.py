"""
The end of a client: by hand, by dropping it, with the process, in a fork.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conversations import (
    ClientShutdownError,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationsError,
)
from tests.client.people import Person, options
from tests.net.raw_server import in_background
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

ROOT = Path(__file__).parent.parent.parent


def create(emulator: Emulator, **arguments: Any) -> ConversationsClient:
    return ConversationsClient.create(
        emulator.token("alice"), emulator.properties(), timeout=limit(), **arguments
    )


def run(emulator: Emulator, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """
    Run a program against the emulator in a process of its own.
    """
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(program), *arguments],
        cwd=ROOT,
        env={**os.environ, "CONVERSATIONS_EMULATOR_URL": emulator.url},
        capture_output=True,
        text=True,
        timeout=limit(60),
        check=False,
    )


# The emulator's sockets are not in the process that counts.
COUNTING = """
import gc, os, sys, threading, weakref
from conversations import ConversationsClient, ConversationsError

def left():
    gc.collect()
    return threading.active_count(), sorted(os.listdir("/proc/self/fd"))

def check(live, count):
    live()  # whatever is made only once
    before = left()
    references = [live() for _ in range(count)]
    assert left() == before, (left(), before)
    alive = [one for one in references if one is not None and one() is not None]
    assert not alive, alive
    print("nothing is left")
"""


def test_two_hundred_clients_leave_nothing_behind(emulator: Emulator, room: str) -> None:
    result = run(
        emulator,
        f"""{COUNTING}
def live():
    with ConversationsClient.create(sys.argv[1], timeout=20) as client:
        client.wait_for_synchronization(timeout=20)
        client.get_conversation(sys.argv[2]).get_participants(timeout=20)
        return weakref.ref(client)

check(live, 200)
""",
        emulator.token("alice"),
        room,
    )

    assert (result.stdout, result.stderr) == ("nothing is left\n", "")


@pytest.mark.parametrize("how", ["refused", "closed", "too slow"])
def test_creations_that_fail_leave_nothing_behind(emulator: Emulator, how: str) -> None:
    if how == "refused":
        emulator.refuse_init()
    elif how == "closed":
        emulator.refuse_connections(status=None)
    else:
        emulator.hold_requests("*/Configuration")

    result = run(
        emulator,
        f"""{COUNTING}
def live():
    try:
        ConversationsClient.create(sys.argv[1], timeout=20 if sys.argv[2] == "refused" else 0.1)
    except ConversationsError:
        return None
    raise AssertionError

check(live, 20)
""",
        emulator.token("alice"),
        how,
    )

    assert (result.stdout, result.stderr) == ("nothing is left\n", "")


def test_clients_that_are_dropped_leave_nothing_behind(emulator: Emulator, room: str) -> None:
    def drop() -> weakref.ref[ConversationsClient]:
        client = create(emulator)
        return weakref.ref(client)

    before = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        references = [drop() for _ in range(20)]
        gc.collect()
        emulator.wait_for_connections(0, timeout=limit())

    assert [one for one in references if one() is not None] == []
    assert sum(warning.category is ResourceWarning for warning in caught) == 20
    for thread in set(threading.enumerate()) - before:
        thread.join(limit())
    assert set(threading.enumerate()) <= before


def test_shutdown_from_many_threads_at_once(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    barrier = threading.Barrier(8)

    def shut_down() -> None:
        barrier.wait(limit())
        alice.client.shutdown()

    for ending in [in_background(shut_down) for _ in range(8)]:
        ending.result(limit())

    assert alice.client.is_shutdown
    told = [name for _, name in alice.told("on_connection_state_change")]
    assert told.count("DISCONNECTED") == 1
    assert told[-1] == "DISCONNECTED"


@pytest.mark.parametrize("pattern", ["*/Users/*/Conversations", "*.roster", "*/Subscriptions"])
def test_shutdown_while_conversations_are_loaded(
    emulator: Emulator, room: str, pattern: str
) -> None:
    with emulator.hold_requests(pattern) as held:
        with create(emulator) as client:
            held.wait_until_held(timeout=limit())
            waiting = in_background(lambda: client.wait_for_synchronization(timeout=limit()))
            ready = in_background(lambda: client.get_conversation(room, timeout=limit()))
            if pattern != "*/Subscriptions":
                assert not waiting.done()
        errors = [one.exception(limit()) for one in (waiting, ready)]

    assert all(error is None or isinstance(error, ClientShutdownError) for error in errors)


def test_shutdown_while_the_connection_is_being_made_again(
    emulator: Emulator, alice: Person
) -> None:
    emulator.refuse_connections()
    emulator.drop_connections()
    alice.hear("on_connection_error", count=2)

    alice.client.shutdown()

    told = [name for _, name in alice.told("on_connection_state_change")]
    assert told[-1] == "DISCONNECTED"
    assert alice.heard.calls()[-1].callback == "on_connection_state_change"


def test_a_shut_down_client_says_goodbye_properly(emulator: Emulator, alice: Person) -> None:
    closes: list[str] = []

    def listen(backend: Any) -> None:
        for connection in backend.connections.all():
            receive = connection._receive_ready

            def note(frame: Any, receive: Any = receive) -> None:
                closes.append(frame.method)
                receive(frame)

            connection._receive_ready = note

    emulator.call(listen)
    alice.client.shutdown()
    emulator.wait_for_connections(0, timeout=limit())

    assert closes[-1] == "close"


def test_an_exit_with_an_open_client_is_quick_and_silent(emulator: Emulator) -> None:
    result = run(
        emulator,
        """
        import sys
        from conversations import ConversationsClient
        client = ConversationsClient.create(sys.argv[1])
        client.wait_for_synchronization()
        print(client.my_identity)
        """,
        emulator.token("alice"),
    )

    assert (result.stdout, result.stderr, result.returncode) == ("alice\n", "", 0)
    emulator.wait_for_connections(0, timeout=limit())


def test_an_exit_in_a_callback_is_quick(emulator: Emulator) -> None:
    result = run(
        emulator,
        """
        import os, sys, threading
        from conversations import ConversationsClient, ConversationsClientListener

        ended = threading.Event()

        class Exit(ConversationsClientListener):
            def on_client_synchronization(self, status):
                if status.name == "COMPLETED":
                    sys.exit("enough")

            def on_connection_state_change(self, state):
                if state.name == "DISCONNECTED":
                    ended.set()

        client = ConversationsClient.create(sys.argv[1], listener=Exit())
        assert ended.wait(20)
        print(client.is_shutdown)
        """,
        emulator.token("alice"),
    )

    assert (result.stdout, result.returncode) == ("True\n", 0), result.stderr
    emulator.wait_for_connections(0, timeout=limit())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused_and_the_parent_goes_on(emulator: Emulator, room: str) -> None:
    result = run(
        emulator,
        """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads, from 3.12 on
        from conversations import ClientForkedError, ConversationsClient

        client = ConversationsClient.create(sys.argv[1])
        conversation = client.get_conversation(sys.argv[2])
        conversation.wait_for_synchronization()
        child = os.fork()
        if child == 0:
            refused = 0
            for use in (
                lambda: client.my_user,
                lambda: client.my_conversations,
                lambda: client.connection_state,
                lambda: client.get_conversation("the-room"),
                lambda: conversation.send_message("from the child"),
                lambda: client.submit(print),
                lambda: client.create_conversation("x"),
            ):
                try:
                    use()
                except ClientForkedError as error:
                    refused += "fork" in str(error)
            client.shutdown()
            with ConversationsClient.create(sys.argv[3]) as own:
                own.get_conversation(sys.argv[2]).send_message("the child's own client")
            os._exit(refused)
        _, status = os.waitpid(child, 0)
        print("refused", os.waitstatus_to_exitcode(status))
        print(conversation.send_message("from the parent").body)
        client.shutdown()
        """,
        emulator.token("alice"),
        room,
        emulator.token("bob"),
    )

    assert result.stderr == ""
    assert result.stdout == "refused 7\nfrom the parent\n"
    assert [(one.author, one.body) for one in emulator.get_messages(room)] == [
        ("bob", "the child's own client"),
        ("alice", "from the parent"),
    ]


def test_ctrl_c_in_a_waiting_call_gets_through(emulator: Emulator, room: str) -> None:
    held = emulator.hold_requests("*/Messages")
    program = """
        import signal, sys, threading
        from conversations import ConversationsClient

        with ConversationsClient.create(sys.argv[1]) as client:
            conversation = client.get_conversation(sys.argv[2])
            print("ready", flush=True)
            try:
                conversation.send_message("never answered", timeout=300)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
        """
    with subprocess.Popen(
        [
            sys.executable,
            "-X",
            "dev",
            "-c",
            textwrap.dedent(program),
            emulator.token("alice"),
            room,
        ],
        cwd=ROOT,
        env={**os.environ, "CONVERSATIONS_EMULATOR_URL": emulator.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            held.wait_until_held(timeout=limit(30))
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=limit(30))
        except BaseException:
            process.kill()
            raise

    assert (output, errors, process.returncode) == ("ready\ninterrupted\n", "", 0)


def test_a_client_without_a_listener_works(emulator: Emulator, room: str) -> None:
    with create(emulator, listener=None) as client:
        client.wait_for_synchronization(timeout=limit())
        assert client.get_conversation(room).send_message("hello", timeout=limit()).body == "hello"


def test_a_listener_that_does_nothing_works(emulator: Emulator, room: str) -> None:
    with create(emulator, listener=ConversationsClientListener()) as client:
        client.wait_for_synchronization(timeout=limit())
        with pytest.raises(ConversationsError):
            client.get_conversation("nothing of that name", timeout=limit())


def test_a_small_pool_does_not_hold_up_the_connection(emulator: Emulator) -> None:
    gate = threading.Event()
    with ConversationsClient.create(
        emulator.token("alice"), options(emulator, worker_threads=1), timeout=limit()
    ) as client:
        busy = client.submit(gate.wait, limit())
        emulator.drop_connections()
        emulator.wait_for_handshake(lambda one: one.method == "init", count=2, timeout=limit())
        client.wait_until_connected(timeout=limit())
        gate.set()
        assert busy.result(limit())
