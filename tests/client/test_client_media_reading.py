"""
Reading and downloading media, against the emulator.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from conversations import (
    Conversation,
    ErrorReason,
    InvalidArgumentError,
    Media,
    MediaCategory,
    MediaError,
    MessageUpdateReason,
)
from conversations.emulator import Emulator
from conversations.emulator.domain.items import message_item
from tests.client.people import Connect, Person
from tests.client.uploads import (
    CONTENT,
    send,
)
from tests.net.raw_server import in_background
from tests.timing import limit

# Downloading


@pytest.fixture
def media(emulator: Emulator, alice: Person, lunch: Conversation) -> Media:
    """
    A media of a message that bob has sent.
    """
    added = emulator.add_media(CONTENT, content_type="image/png", filename="cat.png", author="bob")
    emulator.send_message(lunch.sid, "look", author="bob", media_sids=[added.sid])
    message = alice.hear("on_message_added")["message"]
    (found,) = message.attached_media
    assert isinstance(found, Media)
    return found


def test_what_is_known_of_a_media(media: Media) -> None:
    assert media.sid.startswith("ME")
    assert (media.filename, media.content_type, media.size) == ("cat.png", "image/png", 102_400)
    assert media.category is MediaCategory.MEDIA
    assert repr(media) == f"<Media {media.sid} media image/png 102400 bytes>"
    assert media != media.sid
    assert json.loads(json.dumps(media.to_dict())) == {
        "sid": media.sid,
        "category": "media",
        "content_type": "image/png",
        "filename": "cat.png",
        "size": 102_400,
    }


def test_downloading_into_memory(media: Media) -> None:
    assert media.download(timeout=limit()) == CONTENT


def test_downloading_into_a_file(media: Media, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"before")

    media.download_to(path, timeout=limit())
    assert path.read_bytes() == CONTENT
    media.download_to(str(path), timeout=limit())
    assert path.read_bytes() == CONTENT
    with path.open("r+b") as file:
        file.seek(10)
        media.download_to(file, timeout=limit())
        assert not file.closed
    assert path.read_bytes() == CONTENT[:10] + CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_downloading_all_of_a_message(lunch: Conversation, tmp_path: Path) -> None:
    message = send(
        lunch,
        (b"1", "text/plain", "../../etc/passwd"),
        (b"2", "text/plain", "a.txt"),
        (b"3", "text/plain", "A.TXT"),
        (b"4", "image/png"),
        (b"5", "text/plain", "..."),
        email_body="not this one",
    )
    (tmp_path / "passwd").write_bytes(b"mine")

    paths = message.download_media(tmp_path, timeout=limit())

    sids = [media.sid for media in message.attached_media]
    assert [path.name for path in paths] == [
        f"passwd-{sids[0]}",
        "a.txt",
        f"A-{sids[2]}.TXT",
        f"{sids[3]}.png",
        f"{sids[4]}.txt",
    ]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3", b"4", b"5"]
    assert {path.parent for path in paths} == {tmp_path}
    assert (tmp_path / "passwd").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 6
    assert lunch.send_message("text", timeout=limit()).download_media(tmp_path) == []


def test_an_address_that_has_expired_meanwhile_is_renewed(
    emulator: Emulator, alice: Person, media: Media
) -> None:
    with emulator.hold_requests("/media/*", times=1) as held:
        downloading = in_background(lambda: media.download(timeout=limit()))
        held.wait_until_held(timeout=limit())
        emulator.expire_media_urls()

    assert downloading.result(limit()) == CONTENT
    statuses = [request.status for request in emulator.requests if "/media/" in request.path]
    assert statuses == [403, 200]


def test_a_download_that_breaks_off_is_made_again(
    emulator: Emulator, connect: Connect, room: str, tmp_path: Path
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.01)
    message = send(alice.enter(room), (CONTENT, "text/plain"))
    emulator.interrupt_media("download", after_bytes=1000, times=1)
    path = tmp_path / "file"

    message.attached_media[0].download_to(path, timeout=limit())

    assert path.read_bytes() == CONTENT


def test_a_download_that_keeps_breaking_off(
    emulator: Emulator, connect: Connect, room: str, tmp_path: Path
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.01)
    message = send(alice.enter(room), (CONTENT, "text/plain"))
    path = tmp_path / "file"
    with (
        emulator.interrupt_media("download", after_bytes=1000, times=None),
        pytest.raises(MediaError) as caught,
    ):
        message.attached_media[0].download_to(path, timeout=limit())

    assert caught.value.reason is ErrorReason.MEDIA_FETCH_ERROR
    assert caught.value.operation == f"download of {message.attached_media[0].sid}"
    assert list(tmp_path.iterdir()) == []


def test_a_media_that_does_not_exist(emulator: Emulator, alice: Person, media: Media) -> None:
    emulator.fail_requests("*/Media/ME*", status=404, code=50507)

    for call in (media.download, media.get_temporary_content_url):
        with pytest.raises(MediaError) as caught:
            call(timeout=limit())
        assert (caught.value.status, caught.value.code) == (404, 50507)
        assert caught.value.reason is ErrorReason.MEDIA_FETCH_ERROR


@pytest.mark.parametrize("target", ["", "/no/such/folder/file", None, 5, io.StringIO()])
def test_targets_that_cannot_be(emulator: Emulator, media: Media, target: Any) -> None:
    emulator.clear_requests()

    with pytest.raises(InvalidArgumentError):
        media.download_to(target)
    assert emulator.requests == ()


@pytest.mark.parametrize("folder", ["", "/no/such/folder", None, 5, __file__])
def test_folders_that_cannot_be(lunch: Conversation, folder: Any) -> None:
    message = lunch.send_message("text", timeout=limit())

    with pytest.raises(InvalidArgumentError):
        message.download_media(folder)


# Addresses


def test_addresses_one_by_one_and_together(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    message = send(lunch, (b"1", "text/plain"), (b"2", "text/plain"), email_body="body")
    attached = message.attached_media
    body = message.get_email_body()
    assert body is not None
    emulator.clear_requests()

    single = attached[0].get_temporary_content_url(timeout=limit())
    of_message = message.get_temporary_content_urls_for_attached_media(timeout=limit())
    of_media = message.get_temporary_content_urls_for_media([body, body], timeout=limit())
    of_sids = message.get_temporary_content_urls_for_media_sids([body.sid], timeout=limit())
    client = alice.client
    by_client = client.get_temporary_content_urls_for_media(iter(attached), timeout=limit())
    by_sids = client.get_temporary_content_urls_for_media_sids(
        [attached[1].sid, attached[0].sid], timeout=limit()
    )

    assert single.startswith(f"{emulator.url}/media/{attached[0].sid}?")
    sids = [media.sid for media in attached]
    assert list(of_message) == list(by_client) == sids
    assert list(by_sids) == sids[::-1]
    assert list(of_media) == list(of_sids) == [body.sid]
    assert all(f"/{sid}?" in url for sid, url in {**of_message, **of_media}.items())
    assert [request.path.rpartition("/")[2] for request in emulator.requests[1:]] == [
        "MediaSet"
    ] * 5


def test_no_media_take_no_request(emulator: Emulator, alice: Person, lunch: Conversation) -> None:
    message = lunch.send_message("text", timeout=limit())
    emulator.clear_requests()

    assert alice.client.get_temporary_content_urls_for_media([]) == {}
    assert alice.client.get_temporary_content_urls_for_media_sids([]) == {}
    assert message.get_temporary_content_urls_for_media(()) == {}
    assert message.get_temporary_content_urls_for_media_sids(iter(())) == {}
    assert emulator.requests == ()


def test_one_unknown_sid_fails_them_all(alice: Person, media: Media) -> None:
    unknown = "ME" + "0" * 32

    with pytest.raises(MediaError, match=unknown) as caught:
        alice.client.get_temporary_content_urls_for_media_sids([media.sid, unknown])

    assert caught.value.reason is ErrorReason.MEDIA_FETCH_ERROR
    assert caught.value.status == 404


def test_wrong_media_and_sids_are_refused(
    emulator: Emulator, alice: Person, bob: Person, media: Media
) -> None:
    client, other = alice.client, bob.client
    message = alice.hear("on_message_added")["message"]
    emulator.clear_requests()
    wrong: list[Any] = [
        lambda: client.get_temporary_content_urls_for_media(media),  # type: ignore[arg-type]
        lambda: client.get_temporary_content_urls_for_media([media.sid]),  # type: ignore[list-item]
        lambda: other.get_temporary_content_urls_for_media([media]),
        lambda: client.get_temporary_content_urls_for_media_sids(media.sid),
        lambda: client.get_temporary_content_urls_for_media_sids([""]),
        lambda: client.get_temporary_content_urls_for_media_sids([media]),  # type: ignore[list-item]
        lambda: message.get_temporary_content_urls_for_media(None),
        lambda: message.get_media_by_categories(["media"]),
        lambda: message.get_media_by_categories("media"),
        lambda: message.get_email_body(""),
        lambda: message.get_email_history(None),
        lambda: media.get_temporary_content_url(timeout="soon"),  # type: ignore[arg-type]
    ]

    for call in wrong:
        with pytest.raises(InvalidArgumentError):
            call()
    assert emulator.requests == ()


# Events


def test_a_change_of_media_is_told(
    emulator: Emulator, alice: Person, lunch: Conversation, media: Media
) -> None:
    message = alice.hear("on_message_added")["message"]

    def strip(backend: Any) -> None:
        found = backend.service.conversations[lunch.sid]
        item = message_item(found.messages[message.message_index])
        found.list.set_item(message.message_index, {**item, "medias": [], "media": None})

    emulator.call(strip)

    heard = alice.hear("on_message_updated", lambda _, reason: reason is MessageUpdateReason.MEDIA)
    assert heard["message"] is message
    assert message.attached_media == []
