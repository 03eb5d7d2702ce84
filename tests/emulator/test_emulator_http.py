"""
Ordinary HTTP on the emulator's port: who asks, pages of other origins, and faults.
"""

from __future__ import annotations

import base64
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from conversations.emulator import Emulator, ManualClock, Settings
from tests.emulator.http_client import HttpClient
from tests.emulator.twilsock_client import TwilsockClient
from tests.timing import limit

Connect = Callable[..., TwilsockClient]

MEGABYTE = 1024 * 1024


@pytest.fixture
def alice(emulator: Emulator) -> HttpClient:
    return HttpClient.user(emulator)


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as executor:
        yield executor


def open_descriptors_of_files(emulator: Emulator) -> int:
    return emulator.call(lambda backend: len(backend.service.media))


# Who asks --------------------------------------------------------------------------------------


def test_the_tokens_of_media_are_those_of_connections(emulator: Emulator) -> None:
    client = HttpClient(emulator, {"X-Twilio-Token": "nonsense"})
    reply = client.upload(b"x")
    assert reply.error == (401, 20101)
    assert reply.json["message"] == "Invalid Access Token"
    assert "www-authenticate" not in reply.headers  # a browser would ask the user
    assert emulator.requests[-1].identity is None


def test_an_expired_token_is_refused(timed: Emulator, clock: ManualClock) -> None:
    alice = HttpClient.user(timed)
    assert alice.upload(b"x").status == 201
    clock.advance(3600)
    assert alice.upload(b"x").error == (401, 20104)


def test_tokens_that_a_test_ends_end_here_too(emulator: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(b"x")
    emulator.expire_token("alice")
    assert alice("GET", record["url"]).error == (401, 20104)


def test_server_programs_use_account_or_key(emulator: Emulator) -> None:
    credentials = emulator.credentials
    for name, password in (
        (credentials.account, credentials.auth_token),
        (credentials.key, credentials.secret),
    ):
        server = HttpClient.server(emulator, name, password)
        assert server.uploaded(b"x")["author"] == "system"
    assert emulator.requests[-1].identity == "system"


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("AC" + "0" * 32, "x", "Authenticate"),
        ("SK00000000000000000000000000000002", "wrong", "Authenticate"),
        ("AC00000000000000000000000000000001", "é", "Authenticate"),
        ("alice", "x", "Authentication Error - invalid username"),
    ],
)
def test_other_credentials_are_refused(
    name: str, password: str, message: str, emulator: Emulator
) -> None:
    reply = HttpClient.server(emulator, name, password).upload(b"x")
    assert reply.error == (401, 20003)
    assert reply.json["message"] == message
    assert reply.headers["www-authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        "Basic",
        "Basic %",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    ],
)
def test_what_is_no_basic_authentication_names_nobody(header: str, emulator: Emulator) -> None:
    reply = HttpClient(emulator, {"Authorization": header}).upload(b"x")
    assert reply.error == (401, 20003)


def test_without_credentials_not_even_paths_are_told(emulator: Emulator) -> None:
    nobody = HttpClient(emulator)
    for path in ("/v1", "/v1/Services/IS1/Media", "/v1/what/ever"):
        reply = nobody("GET", path)
        assert reply.error == (401, 20003)
        assert reply.json["message"] == "Authentication Error - No credentials provided"
    assert nobody("GET", "/other").error == (404, 20404)


def test_a_permissive_emulator_takes_any_credentials() -> None:
    with Emulator(settings=Settings(permissive_tokens=True)) as emulator:
        assert HttpClient.server(emulator, "AC" + "9" * 32, "x").upload(b"x").status == 201
        assert HttpClient.server(emulator, "SK" + "9" * 32, "x").upload(b"x").status == 201
        assert HttpClient.server(emulator, "alice", "x").upload(b"x").error == (401, 20003)


def test_other_methods_are_refused(alice: HttpClient) -> None:
    assert alice("PUT", alice.media_path).error == (405, 20004)
    assert alice("GET", alice.media_path).error == (405, 20004)
    assert alice("DELETE", f"{alice.media_path}/ME1").error == (405, 20004)


# Pages of other origins ------------------------------------------------------------------------


def test_a_browser_may_ask_before_it_asks(emulator: Emulator) -> None:
    reply = HttpClient(emulator)(
        "OPTIONS",
        "/v1/Services/IS1/Media",
        Origin="http://page.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type,x-twilio-token",
    )
    assert (reply.status, reply.data) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "POST" in reply.headers["access-control-allow-methods"]
    allowed = reply.headers["access-control-allow-headers"].lower()
    assert {"x-twilio-token", "content-type"} <= set(allowed.split(", "))


def test_every_answer_is_for_any_origin(emulator: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(b"x")
    nobody = HttpClient(emulator)
    for reply in (
        alice("GET", record["url"]),
        alice("GET", record["links"]["content"]),
        nobody("GET", record["links"]["content_direct_temporary"]),
        nobody("GET", record["url"]),
        alice.media_set(record["sid"]),
        alice.upload(b""),
        nobody("GET", "/nothing"),
    ):
        assert reply.headers["access-control-allow-origin"] == "*"


# The journal -----------------------------------------------------------------------------------


def test_requests_by_http_are_noted(emulator: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(b"x", Filename="a b")
    noted = emulator.requests[-1]
    assert (noted.method, noted.path, noted.identity) == ("POST", alice.media_path, "alice")
    assert (noted.connection, noted.status) == (None, 201)
    assert noted.query == {"Filename": ("a b",)}
    HttpClient(emulator)("GET", record["links"]["content_direct_temporary"])
    emulator.wait_for_request(lambda request: request.path.startswith("/media/ME"))
    assert emulator.requests[-1].identity is None


def test_nothing_secret_is_logged(
    emulator: Emulator, alice: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    record = alice.uploaded(b"top secret", Filename="name")
    url = record["links"]["content_direct_temporary"]
    HttpClient(emulator)("GET", url)
    alice("GET", record["url"])
    ours = "".join(
        line.getMessage() for line in caplog.records if line.name.startswith("conversations")
    )
    assert f"POST {alice.media_path} -> 201" in ours
    for secret in (alice.headers["X-Twilio-Token"], "top secret", "Signature", url):
        assert secret not in ours


# Faults ----------------------------------------------------------------------------------------


def test_uploads_and_downloads_can_fail(emulator: Emulator, alice: HttpClient) -> None:
    emulator.fail_requests("/v1/Services/*/Media", status=503, code=20503, retry_after=7, times=1)
    reply = alice.upload(b"x")
    assert reply.error == (503, 20503)
    assert reply.headers["retry-after"] == "7"
    record = alice.uploaded(b"x")
    with emulator.fail_requests("/media/*", status=502, code=20500):
        url = record["links"]["content_direct_temporary"]
        assert HttpClient(emulator)("GET", url).error == (502, 20500)
        assert alice("GET", record["url"]).status == 200
    assert HttpClient(emulator)("GET", url).data == b"x"


def test_an_upload_can_succeed_and_its_answer_fail(emulator: Emulator, alice: HttpClient) -> None:
    emulator.fail_requests("*/Media", status=500, executed=True, times=1, method="POST")
    assert alice.upload(b"x").error == (500, 20500)
    assert emulator.call(lambda backend: len(backend.service.media)) == 1


def test_a_fault_of_one_user_leaves_the_others_alone(emulator: Emulator, alice: HttpClient) -> None:
    emulator.fail_requests("*/Media*", identity="bob")
    assert alice.upload(b"x").status == 201
    assert HttpClient.user(emulator, "bob").upload(b"x").error == (500, 20500)


def test_requests_and_replies_can_be_held(
    emulator: Emulator, alice: HttpClient, background: ThreadPoolExecutor
) -> None:
    count = lambda: emulator.call(lambda backend: len(backend.service.media))  # noqa: E731  # asked twice
    for hold, expected in ((emulator.hold_requests, 0), (emulator.hold_replies, 2)):
        held = hold("*/Media")
        answer = background.submit(alice.upload, b"x")
        held.wait_until_held(timeout=limit())
        assert count() == expected
        held.release()
        assert answer.result(limit()).status == 201


def test_a_bug_is_a_500_and_the_others_go_on(
    emulator: Emulator,
    alice: HttpClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("conversations.emulator.plain_http.media.media.read", lambda *_: 1 / 0)
    assert alice("GET", f"{alice.media_path}/ME1").error == (500, 20500)
    assert "failed" in caplog.text
    assert alice.upload(b"x").status == 201


def test_a_body_of_json_has_a_largest_size(alice: HttpClient) -> None:
    assert alice("POST", f"{alice.media_path}Set", b"x" * 2 * MEGABYTE).error == (413, 20413)


# In the middle of a content --------------------------------------------------------------------


def test_an_upload_can_be_cut(emulator: Emulator, alice: HttpClient) -> None:
    emulator.interrupt_media("upload", after_bytes=1000)
    with pytest.raises(OSError, match=r"reset|pipe|closed|without response"):
        alice.upload(bytes(4 * MEGABYTE))
    assert alice.upload(bytes(4 * MEGABYTE)).status == 201
    assert emulator.call(lambda backend: len(backend.service.media)) == 1


def test_a_download_can_be_cut(emulator: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(bytes(MEGABYTE))
    emulator.interrupt_media("download", after_bytes=100_000)
    with pytest.raises(OSError, match=r"reset|closed|IncompleteRead|without response"):
        raise OSError(str(_partial(alice, record["links"]["content"])))
    assert alice("GET", record["links"]["content"]).data == bytes(MEGABYTE)


def _partial(client: HttpClient, url: str) -> Exception:
    from http.client import HTTPException

    try:
        client("GET", url)
    except (OSError, HTTPException) as error:
        return error
    raise AssertionError("the download was not cut")


def test_contents_up_to_the_mark_are_not_cut(emulator: Emulator, alice: HttpClient) -> None:
    emulator.interrupt_media("upload", after_bytes=10)
    record = alice.uploaded(bytes(10))
    emulator.interrupt_media("download", after_bytes=10)
    assert alice("GET", record["links"]["content"]).data == bytes(10)


def test_an_upload_can_stand_still(
    emulator: Emulator, alice: HttpClient, background: ThreadPoolExecutor
) -> None:
    with emulator.hold_media("upload", after_bytes=MEGABYTE) as hold:
        answer = background.submit(alice.upload, bytes(32 * MEGABYTE))
        hold.wait_until_held(timeout=limit())
        assert not answer.done()
    assert answer.result(limit()).json["size"] == 32 * MEGABYTE


def test_a_download_can_stand_still(emulator: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(bytes(range(100)))
    path = record["links"]["content"].removeprefix(emulator.url)
    with (
        emulator.hold_media("download", after_bytes=40) as hold,
        socket.create_connection(("127.0.0.1", emulator.port), limit()) as connection,
        connection.makefile("rb") as answer,
    ):
        token = alice.headers["X-Twilio-Token"]
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Twilio-Token: {token}\r\n\r\n".encode()
        )
        while answer.readline() != b"\r\n":
            pass
        assert answer.read(40) == bytes(range(40))
        hold.wait_until_held(timeout=limit())
        hold.release()
        assert answer.read(60) == bytes(range(40, 100))


def test_contents_can_be_slow(
    timed: Emulator, clock: ManualClock, background: ThreadPoolExecutor
) -> None:
    alice = HttpClient.user(timed)
    slowed = threading.Event()
    timed.slow_media("upload", 1000)
    answer = background.submit(alice.upload, bytes(2000))
    timed.wait_for_request(lambda request: request.method == "POST", limit())
    while not answer.done():  # each turn lets everything that waits go on
        clock.advance(1)
        slowed.wait(0.001)
    assert answer.result().status == 201
    assert clock.monotonic() >= 2


def test_a_client_that_gives_up_leaves_nothing_behind(
    emulator: Emulator, alice: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    hold = emulator.hold_media("upload", after_bytes=0)
    with socket.create_connection(("127.0.0.1", emulator.port), limit()) as connection:
        token = alice.headers["X-Twilio-Token"]
        connection.sendall(
            f"POST {alice.media_path} HTTP/1.1\r\nHost: x\r\nX-Twilio-Token: {token}\r\n"
            "Content-Length: 1000\r\n\r\nhello".encode()
        )
        hold.wait_until_held(timeout=limit())
    hold.release()
    assert alice.upload(b"x").status == 201
    assert emulator.call(lambda backend: len(backend.service.media)) == 1
    assert not [line for line in caplog.records if line.levelno >= logging.ERROR]


def test_it_stops_in_the_middle_of_a_content(background: ThreadPoolExecutor) -> None:
    with Emulator() as emulator:
        alice = HttpClient.user(emulator)
        hold = emulator.hold_media("upload", after_bytes=2 * MEGABYTE)
        answer = background.submit(_outcome, lambda: alice.upload(bytes(64 * MEGABYTE)))
        hold.wait_until_held(timeout=limit())
    answer.result(limit())


def _outcome(action: Callable[[], object]) -> object:
    try:
        return action()
    except OSError as error:
        return error


def test_an_upload_into_data_that_are_gone_is_not_kept(
    emulator: Emulator, alice: HttpClient, background: ThreadPoolExecutor
) -> None:
    hold = emulator.hold_media("upload")
    answer = background.submit(alice.upload, b"x")
    hold.wait_until_held(timeout=limit())
    emulator.reset_data()
    hold.release()
    assert answer.result(limit()).error == (404, 50507)
    assert emulator.call(lambda backend: backend.service.media) == {}


def test_a_download_of_data_that_are_gone_is_cut(
    emulator: Emulator, alice: HttpClient, background: ThreadPoolExecutor
) -> None:
    url = alice.uploaded(bytes(MEGABYTE))["links"]["content"]
    hold = emulator.hold_media("download", after_bytes=1000)
    answer = background.submit(_partial, alice, url)
    hold.wait_until_held(timeout=limit())
    emulator.reset_data()
    hold.release()
    assert isinstance(answer.result(limit()), Exception)
