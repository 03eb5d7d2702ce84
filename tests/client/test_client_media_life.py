"""
Media when the token changes, at shutdown, after a fork; and what must not be seen of them.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest

from conversations import (
    ClientShutdownError,
    ErrorReason,
    InvalidArgumentError,
    MediaError,
    Properties,
)
from conversations.emulator import Emulator
from tests.client.people import Connect
from tests.client.uploads import (
    LARGE,
    SECRET_CONTENT,
    SECRET_NAME,
    Outcome,
    Reports,
    posted,
    send,
)
from tests.net.raw_server import RawServer, in_background
from tests.net.web_server import answer, read_request
from tests.timing import limit


def serve_upload(connection: Any, sid: str) -> str | None:
    read_request(connection)
    body = json.dumps({"sid": sid, "links": {}}).encode()
    answer(connection, "201 Created", "Content-Type: application/json", body=body)
    token: str | None = connection.header("X-Twilio-Token")
    return token


def test_the_program_may_say_where_media_are_and_the_token_may_change_meanwhile(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    sids = [emulator.add_media(b"x", author="alice").sid for _ in range(2)]
    first, second = emulator.token("alice"), emulator.token("alice")
    with RawServer() as media_service:
        url = f"http://127.0.0.1:{media_service.port}/prefix"
        # One worker, so that both uploads use one connection.
        alice = connect("alice", token=first, media_url=url, worker_threads=1)
        lunch = alice.enter(room)
        sending = in_background(lambda: send(lunch, (b"a", "a/b"), (b"b", "a/b")))
        connection = media_service.accept()
        connection.request = connection.read_head()
        head = connection.request
        alice.client.update_token(second, timeout=limit())
        connection.read_exactly(1)
        body = json.dumps({"sid": sids[0], "links": {}}).encode()
        answer(connection, "201 Created", "Content-Type: application/json", body=body)
        token = serve_upload(connection, sids[1])
        message = sending.result(limit())

    assert head.startswith(b"POST /prefix/v1/Services/IS")
    assert f"X-Twilio-Token: {first}\r\n".encode() in head
    assert token == second
    assert [media.sid for media in message.attached_media] == sids


def test_shutdown_in_the_middle_of_an_upload(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice")
    lunch = alice.enter(room)
    outcome, reports = Outcome(), Reports()
    with emulator.hold_media("upload", after_bytes=100) as held:
        sending = in_background(
            lambda: lunch.send_message(
                media=[(LARGE, "text/plain", None, reports)], timeout=limit()
            )
        )
        job = alice.client.submit(send, lunch, (LARGE, "text/plain"))
        unsent = lunch.prepare_message().add_media(LARGE, "text/plain").build()
        unsent.send_in_background(outcome)
        held.wait_until_held(3, timeout=limit())
        alice.client.shutdown()

        assert isinstance(sending.exception(limit()), ClientShutdownError)
        assert isinstance(job.exception(limit()), ClientShutdownError)
        assert outcome.wait().reason is ErrorReason.CLIENT_SHUTDOWN
        assert reports.wait_for("failed")[1].reason is ErrorReason.CLIENT_SHUTDOWN
        numbers = [t.name for t in threading.enumerate() if t.name.startswith("conversations-w")]
        assert numbers == []
    assert posted(emulator) == []
    with pytest.raises(ClientShutdownError):
        unsent.send()
    with pytest.raises(ClientShutdownError):
        unsent.send_in_background(outcome)
    assert lunch.limits.media_attachments_count_limit == 10  # still readable


def test_shutdown_in_the_middle_of_a_download(
    emulator: Emulator, connect: Connect, room: str, tmp_path: Path
) -> None:
    alice = connect("alice")
    message = send(alice.enter(room), (LARGE, "text/plain"))
    (media,) = message.attached_media
    with emulator.hold_media("download", after_bytes=1000) as held:
        downloading = in_background(lambda: media.download_to(tmp_path / "file", timeout=limit()))
        held.wait_until_held(timeout=limit())
        alice.client.shutdown()

        assert isinstance(downloading.exception(limit()), ClientShutdownError)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ClientShutdownError):
        media.get_temporary_content_url()
    with pytest.raises(ClientShutdownError):
        message.get_temporary_content_urls_for_media([])
    assert media.size == len(LARGE)


def test_neither_tokens_nor_addresses_nor_names_are_logged_or_raised(
    emulator: Emulator,
    connect: Connect,
    room: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    token = emulator.token("alice")
    errors: list[BaseException] = []
    with caplog.at_level(logging.DEBUG):
        alice = connect("alice", token=token, backoff_min=0.01, backoff_max=0.01)
        lunch = alice.enter(room)
        message = send(lunch, (SECRET_CONTENT, "text/plain", SECRET_NAME))
        (media,) = message.attached_media
        url = media.get_temporary_content_url(timeout=limit())
        media.download(timeout=limit())
        message.download_media(tmp_path, timeout=limit())
        emulator.fail_requests("*/Media*", status=400, code=50512, times=1)
        emulator.interrupt_media("upload", after_bytes=5, times=1)
        emulator.interrupt_media("download", after_bytes=5, times=3)
        for call in (
            lambda: send(lunch, (SECRET_CONTENT, "text/plain", SECRET_NAME)),
            lambda: send(lunch, (SECRET_CONTENT, "text/plain", SECRET_NAME)),
            lambda: media.download(timeout=limit()),
        ):
            with pytest.raises(MediaError) as caught:
                call()
            errors.append(caught.value)
    signature = url.rpartition("Signature=")[2]
    assert signature
    shown = [f"{record.getMessage()} {record.args}" for record in caplog.records]
    for error in errors:
        shown += [repr(error), str(error), *traceback.format_exception(error)]
    shown += [repr(message), repr(media), repr(lunch.prepare_message())]
    everything = "\n".join(shown)

    assert "conversations.media" in {record.name for record in caplog.records}
    for secret in (token, signature, "Signature=", SECRET_CONTENT.decode(), SECRET_NAME):
        assert secret not in everything.replace(str(tmp_path), "")


def run(emulator: Emulator, program: str, *arguments: str) -> None:
    """
    Run a program that connects alice. It must end well.
    """
    start = """
import os, sys
from conversations import ConversationsClient, Properties
token, url, room = sys.argv[1:4]
client = ConversationsClient.create(token, Properties(twilsock_url=url, use_proxy=False))
client.wait_for_synchronization()
"""
    subprocess.run(
        [
            *(sys.executable, "-X", "dev", "-W", "error", "-c", start + program),
            *(emulator.token("alice"), emulator.twilsock_url, *arguments),
        ],
        check=True,
        timeout=limit(),
    )


def test_a_program_without_media_does_not_import_requests(emulator: Emulator, room: str) -> None:
    run(emulator, "client.shutdown(); assert 'requests' not in sys.modules", room)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are for Unix")
def test_a_forked_child_has_no_connection_and_the_parent_keeps_its_own(
    emulator: Emulator, room: str
) -> None:
    program = """
import stat
def sockets():
    modes = []
    for number in map(int, os.listdir("/dev/fd")):
        try:
            modes.append(os.fstat(number).st_mode)
        except OSError:
            pass
    return sum(map(stat.S_ISSOCK, modes))
lunch = client.get_conversation(room)
sent = lunch.send_message(media=[(b"one", "text/plain")])
assert sockets() >= 2
pid = os.fork()
if pid == 0:
    os._exit(sockets())
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert sent.attached_media[0].download() == b"one"
client.shutdown()
assert sockets() == 0
"""
    run(emulator, program, room)
    statuses = {request.status for request in emulator.requests if "Media" in request.path}
    assert statuses <= {200, 201}


@pytest.mark.parametrize(
    "url", ["", 5, "ws://host", "host", "https://host?query=1", "https://a@host", "https://h#f"]
)
def test_an_address_of_the_media_service_that_is_none_is_refused(url: Any) -> None:
    assert Properties(media_url="https://media.test/path").media_url == "https://media.test/path"
    with pytest.raises(InvalidArgumentError, match="media_url"):
        Properties(media_url=url)
