"""
Starting and stopping, addresses, and the program.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conversations.emulator import Credentials, Emulator, ManualClock, Settings
from conversations.emulator.__main__ import main
from conversations.emulator.server import is_loopback
from tests.emulator.twilsock_client import TwilsockClient
from tests.timing import limit

Connect = Callable[..., TwilsockClient]

ROOT = Path(__file__).parent.parent.parent


def test_the_real_port_is_reported_and_reachable(emulator: Emulator) -> None:
    assert emulator.port > 0
    assert emulator.url == f"http://127.0.0.1:{emulator.port}"
    assert emulator.twilsock_url == f"ws://127.0.0.1:{emulator.port}/v3/wsconnect"
    assert emulator.is_running
    assert repr(emulator) == f"<Emulator {emulator.url}>"
    socket.create_connection(("127.0.0.1", emulator.port), limit()).close()


def test_nothing_is_there_before_the_start_and_after_the_end() -> None:
    emulator = Emulator()
    assert repr(emulator) == "<Emulator not started>"
    with pytest.raises(RuntimeError):
        _ = emulator.port
    with pytest.raises(RuntimeError):
        _ = emulator.requests
    emulator.stop()
    with emulator.start() as started:
        assert started is emulator
        port = emulator.port
    emulator.stop()
    emulator.wait()
    assert not emulator.is_running
    with pytest.raises(RuntimeError):
        _ = emulator.requests
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), limit())
    with pytest.raises(RuntimeError):
        emulator.start()


def test_a_port_in_use_is_an_error_at_once(emulator: Emulator) -> None:
    with pytest.raises(OSError, match=str(emulator.port)):
        Emulator(emulator.port).start()


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="192"):
        Emulator(host="192.0.2.1").start()


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_an_error(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        Emulator(port)


def test_clients_are_told_when_it_stops(connect: Connect) -> None:
    with Emulator() as emulator:
        client = connect(emulator)
        closer = threading.Thread(target=emulator.stop)
        closer.start()
        closed = client.wait_until_closed()
        client.socket.shutdown()
        closer.join()
    assert closed.code == 1001


def test_a_client_that_does_nothing_does_not_keep_it_alive(connect: Connect) -> None:
    with Emulator() as emulator:
        connect(emulator)
    assert not emulator.is_running


def test_whoever_waits_is_told_when_it_stops() -> None:
    with Emulator() as emulator:
        future = emulator.call(lambda backend: backend.watch.add(lambda: None))
    assert str(future.exception(limit())) == "the emulator was stopped"


def test_a_call_on_the_emulators_own_thread_runs_at_once(emulator: Emulator) -> None:
    assert emulator.call(lambda _backend: emulator.requests) == ()


def test_other_http_requests_are_not_found(emulator: Emulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{emulator.url}/favicon.ico", timeout=limit())  # noqa: S310  # our own address
    with raised.value as answer:
        assert answer.code == 404
        assert b'"code": 20404' in answer.read()


def test_a_websocket_is_taken_on_any_path(emulator: Emulator) -> None:
    with TwilsockClient(f"ws://127.0.0.1:{emulator.port}/any/path?at=all") as client:
        assert client.init(emulator.token("alice")).header["status"] == {
            "code": 200,
            "status": "OK",
        }


def test_media_links_go_the_way_the_connection_went(emulator: Emulator) -> None:
    with TwilsockClient(f"ws://localhost:{emulator.port}/v3/wsconnect") as client:
        client.init(emulator.token("alice"))
        links = client.request("GET", "/Client/v2/Configuration").body["links"]
    assert links["media_service"].startswith(f"http://localhost:{emulator.port}/v1/Services/IS")
    assert links["conversations"].startswith("https://aim.us1.twilio.com/")


def test_the_credentials_can_be_named_one_by_one() -> None:
    emulator = Emulator(
        account="AC1",
        settings=Settings(credentials=Credentials(key="SK1", account="AC2"), ping_interval=1),
    )
    assert emulator.credentials.account == "AC1"
    assert emulator.credentials.key == "SK1"
    assert emulator.credentials.service == Credentials().service
    assert not emulator.credentials.is_development
    assert Emulator().credentials.is_development
    assert emulator.settings.ping_interval == 1


def test_a_seed_makes_sids_repeatable() -> None:
    sids = []
    for seed in (7, 7, 8):
        with Emulator(rng_seed=seed) as emulator:
            sids.append(emulator.create_conversation().sid)
    assert sids[0] == sids[1] != sids[2]


def test_properties_point_a_client_here(emulator: Emulator) -> None:
    assert emulator.properties().twilsock_url == emulator.twilsock_url


def test_an_address_for_everybody_is_reached_by_this_machine_and_said() -> None:
    emulator = Emulator(host="0.0.0.0")  # noqa: S104  # not started
    emulator._port = 1
    assert emulator.url == "http://127.0.0.1:1"
    for host, expected in [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104  # not bound
        ("192.0.2.1", False),
        ("bad..name", False),
    ]:
        assert is_loopback(host) == expected
    emulator.host = "::1"
    assert emulator.twilsock_url == "ws://[::1]:1/v3/wsconnect"


def test_a_clock_moved_by_hand_serves_the_emulators_that_have_it() -> None:
    clock = ManualClock()
    with Emulator(clock=clock) as first, Emulator(clock=clock):
        clock.advance(10)
        first.token("alice")
    clock.advance(10)
    assert clock.time() == 1_767_225_620
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


# The program ---------------------------------------------------------------------------------


class Program:
    """
    ``python -m conversations.emulator`` in a process of its own.
    """

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "conversations.emulator", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if "Ctrl-C" in line:
                break
        self.text = "\n".join(self.lines)

    def end(self, number: int) -> tuple[int, str]:
        """
        Send a signal, return the exit code and what was printed after it.
        """
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=limit())
        return self.process.returncode, rest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_says_where_it_is_and_ends_cleanly(number: int) -> None:
    program = Program("--seed", "1")
    match = re.search(r"ws://127\.0\.0\.1:\d+/v3/wsconnect", program.text)
    assert match is not None
    ours = Credentials()
    for value in (ours.account, ours.key, ours.secret, ours.service):
        assert value in program.text
    assert "PERMISSIVE" not in program.text
    with TwilsockClient(match[0]) as client:
        reply: Any = client.init(Emulator().token("alice"))
        assert reply.header["status"]["code"] == 200
        assert program.end(number) == (0, "")


def test_the_program_takes_other_credentials_and_keeps_their_secret() -> None:
    secret = "a secret of my own, of 32 letters"
    program = Program(
        *("--account", "AC9", "--key", "SK9", "--secret", secret, "--service", "IS9"),
        "--permissive",
    )
    assert secret not in program.text
    assert "AC9" in program.text
    assert "PERMISSIVE" in program.text
    assert program.end(signal.SIGTERM) == (0, "")


def test_the_program_says_when_others_can_connect() -> None:
    program = Program("--host", "0.0.0.0")  # noqa: S104  # to see that it is said
    assert "NOT ONLY THIS MACHINE" in program.text
    code, _ = program.end(signal.SIGTERM)
    assert code == 0


def test_the_program_ends_with_an_error_when_the_port_is_taken(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        assert main(["--port", str(emulator.port)]) == 1
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_the_program_refuses_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--port", "65536"])
    assert "port" in capsys.readouterr().err
