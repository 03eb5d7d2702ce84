"""
The programs that people copy do run: the README's and those under examples/.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conversations import ConversationsClient
from conversations.testing import RecordingListener
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

ROOT = Path(__file__).parent.parent
MARK = "<!-- The tests run this program. -->"


def run(*arguments: str) -> str:
    """
    Run a program that must end by itself, without a warning and without words on stderr.
    """
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=limit(60),
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def programs(page: str) -> list[str]:
    """
    The Python blocks of a page that come after the mark.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(re.escape(MARK) + r"\s*```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_readme_has_a_program() -> None:
    assert programs("README.md")


@pytest.mark.parametrize("program", programs("README.md"))
def test_the_programs_of_the_readme_run(program: str) -> None:
    assert run("-c", program)


def test_the_demo_runs() -> None:
    assert run("examples/demo.py")


def test_the_example_about_typing_and_reading_tells_its_story() -> None:
    lines = run("examples/typing_and_reading.py").splitlines()

    assert [line for line in lines if line.startswith("alice")] == [
        "alice  bob is online: False",
        "alice  bob is online: True",
        *("alice  alice has read up to 0", "alice  has 0 unread messages"),
        "alice  bob is typing in Lunch",
        "alice  bob has stopped typing in Lunch",
        "alice  bob says: Noodles at twelve?",
        "alice  has 1 unread messages",
        "alice  alice has read up to 1",
    ]


def test_the_example_with_a_loop_and_a_queue_tells_its_story() -> None:
    assert run("examples/event_loop.py").splitlines() == [
        "[MainThread] bob: 42.",
        "[MainThread] bob: 49.",
        "[MainThread] bob: Bye!",
        "bob has answered 3 messages",
    ]


def test_the_echo_bot_answers_until_it_is_interrupted(emulator: Emulator) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "examples/echo_bot.py", emulator.token("bot")],
        cwd=ROOT,
        env={**os.environ, "CONVERSATIONS_EMULATOR_URL": emulator.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as bot:
        try:
            emulator.wait_for_subscription("bot.channels", timeout=limit())
            talk_to_bot(emulator)
            bot.send_signal(signal.SIGINT)
            output, errors = bot.communicate(timeout=limit())
        except BaseException:
            bot.kill()
            print("the bot said:", *bot.communicate())  # noqa: T201  # shown with the failure
            raise

    assert errors == ""
    assert bot.returncode == 0
    assert "bot is ready" in output
    assert output.endswith("bye\n")


def talk_to_bot(emulator: Emulator) -> None:
    """
    Say something to the bot and wait for its answer.
    """
    heard = RecordingListener()
    with ConversationsClient.create(
        emulator.token("alice"), emulator.properties(), heard
    ) as client:
        conversation = client.create_conversation("with a bot")
        conversation.join()
        heard.wait_for("on_conversation_joined", timeout=limit())
        conversation.wait_for_synchronization(timeout=limit())
        conversation.add_participant_by_identity("bot")
        emulator.wait_for_subscription(
            f"{conversation.sid}.messages", identity="bot", timeout=limit()
        )
        conversation.send_message("hello")
        heard.wait_for(
            "on_message_added",
            lambda message: (message.author, message.body) == ("bot", "you said: hello"),
            timeout=limit(),
        )


def upload(emulator: Emulator, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "examples/media_upload.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "CONVERSATIONS_EMULATOR_URL": emulator.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_media_upload_sends_its_files(emulator: Emulator, tmp_path: Path) -> None:
    emulator.create_conversation(unique_name="files", identities=["alice"])
    (tmp_path / "notes.txt").write_bytes(b"notes")
    (tmp_path / "film.bin").write_bytes(bytes(1024 * 1024))
    paths = [str(tmp_path / name) for name in ("notes.txt", "film.bin")]

    with upload(emulator, emulator.token("alice"), "files", *paths) as program:
        output, errors = program.communicate(timeout=limit())

    assert errors == ""
    assert program.returncode == 0
    assert "film.bin: 100%" in output
    assert output.endswith("sent as message 0\n")
    sids = re.findall(r"uploaded as (ME\w+)", output)
    found = [emulator.get_media(sid) for sid in sids]
    assert [(one.filename, one.content_type, one.size) for one in found] == [
        ("notes.txt", "text/plain", 5),
        ("film.bin", "application/octet-stream", 1024 * 1024),
    ]
    assert all(one.message_sid for one in found)


def test_the_media_upload_is_cancelled_by_ctrl_c(emulator: Emulator, tmp_path: Path) -> None:
    emulator.create_conversation(unique_name="files", identities=["alice"])
    (tmp_path / "film.bin").write_bytes(bytes(16 * 1024 * 1024))
    with (
        emulator.hold_media("upload", after_bytes=1000) as held,
        upload(emulator, emulator.token("alice"), "files", str(tmp_path / "film.bin")) as program,
    ):
        try:
            held.wait_until_held(timeout=limit())
            program.send_signal(signal.SIGINT)
            output, errors = program.communicate(timeout=limit())
        except BaseException:
            program.kill()
            raise

    assert errors == ""
    assert program.returncode == 1
    assert "film.bin: CANCELLED: cancelled" in output
    assert output.endswith("not sent: CANCELLED: cancelled\n")


def test_the_media_upload_says_what_is_wrong(emulator: Emulator) -> None:
    emulator.create_conversation(unique_name="files", identities=["alice"])
    with upload(emulator, emulator.token("alice"), "files", "/no/such/file") as program:
        _, errors = program.communicate(timeout=limit())

    assert program.returncode == 1
    assert errors.startswith("not sent: ")
