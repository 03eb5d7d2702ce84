"""
Media by HTTP: uploads, records, contents, temporary URLs, and messages that have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversations.emulator import Emulator, Limits, ManualClock, Refusal, Settings
from tests.emulator.http_client import HttpClient
from tests.emulator.twilsock_client import TwilsockClient

Connect = Callable[..., TwilsockClient]

START = "2026-01-01T00:00:00.000Z"
UNKNOWN = "ME" + "0" * 32


@pytest.fixture
def alice(timed: Emulator) -> HttpClient:
    return HttpClient.user(timed)


def form(*parts: tuple[str, bytes], boundary: str = "x") -> bytes:
    """
    A multipart body of parts with their headers.
    """
    pieces = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


# Uploads ---------------------------------------------------------------------------------------


def test_a_raw_body_becomes_a_media(timed: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(b"abc", "text/plain", Category="media", Filename="a b.txt")
    url = f"{timed.url}{alice.media_path}/{record['sid']}"
    temporary = record["links"].pop("content_direct_temporary")
    assert temporary.startswith(f"{timed.url}/media/{record['sid']}?Expires=")
    assert record == {
        "sid": record["sid"],
        "service_sid": timed.credentials.service,
        "channel_sid": None,
        "message_sid": None,
        "date_created": START,
        "date_upload_updated": START,
        "date_updated": START,
        "size": 3,
        "content_type": "text/plain",
        "filename": "a b.txt",
        "author": "alice",
        "category": "media",
        "is_multipart_upstream": False,
        "url": url,
        "links": {"content": f"{url}/Content"},
    }


def test_category_and_type_have_defaults(alice: HttpClient) -> None:
    reply = alice.upload(b"\0", None)
    assert (reply.json["category"], reply.json["content_type"], reply.json["filename"]) == (
        "media",
        "application/octet-stream",
        None,
    )


def test_a_plus_in_the_file_name_is_a_space(alice: HttpClient) -> None:
    reply = alice("POST", f"{alice.media_path}?Category=media&Filename=%C3%A9+%2B.txt", b"x")
    assert reply.json["filename"] == "é +.txt"


def test_of_a_form_the_first_file_is_taken(alice: HttpClient) -> None:
    body = form(
        ('Content-Disposition: form-data; name="note"', b"no file"),
        (
            (
                'Content-Disposition: form-data; name="any"; filename="cat.png"\r\n'
                "Content-Type: image/png"
            ),
            b"\x89PNG",
        ),
        ('Content-Disposition: form-data; name="other"; filename="dog.png"', b"second"),
    )
    record = alice.uploaded(body, "multipart/form-data; boundary=x")
    assert (record["filename"], record["content_type"], record["size"]) == (
        "cat.png",
        "image/png",
        4,
    )
    assert alice("GET", record["links"]["content"]).data == b"\x89PNG"


def test_a_file_of_a_form_without_a_type_has_none_in_particular(alice: HttpClient) -> None:
    body = form(('Content-Disposition: form-data; name="f"; filename="f"', b"1"))
    record = alice.uploaded(body, "multipart/form-data; boundary=x")
    assert record["content_type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (
            form(('Content-Disposition: form-data; name="note"', b"x")),
            "multipart/form-data; boundary=x",
        ),
        (b"nothing of the kind", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (
            form(("Content-Type: multipart/mixed; boundary=y", form(boundary="y"))),
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_form_without_a_file_is_refused(
    body: bytes, content_type: str, alice: HttpClient
) -> None:
    assert alice.upload(body, content_type).error == (400, 20001)


@pytest.mark.parametrize(
    ("data", "content_type", "query", "expected"),
    [
        (b"", "text/plain", {}, (400, 20001)),
        (b"x", "text/plain", {"Category": "other"}, (400, 20001)),
        (b"x", "text", {}, (400, 50511)),
        (b"x", "/", {}, (400, 50511)),
        (b"x", "image/png", {"Category": "body"}, (400, 50511)),
        (b"x", "image/png", {"Category": "history"}, (400, 50511)),
        (b"x", "text/html; charset=utf-8", {"Category": "body"}, None),
        (b"x", "text/plain", {"Category": "history"}, None),
    ],
)
def test_what_an_upload_may_be(
    data: bytes, content_type: str, query: dict[str, str], expected: Any, alice: HttpClient
) -> None:
    reply = alice.upload(data, content_type, **query)
    if expected is None:
        assert reply.json["content_type"] == content_type
    else:
        assert reply.error == expected


def test_types_can_be_refused() -> None:
    with Emulator(settings=Settings(refused_media_types=("application/*",))) as emulator:
        alice = HttpClient.user(emulator)
        assert alice.upload(b"x", "application/zip").error == (400, 50511)
        assert alice.upload(b"x", "image/png").status == 201


MEGABYTE = 1024 * 1024


def test_a_media_has_a_largest_size() -> None:
    settings = Settings(limits=Limits(media_megabytes=1), media_memory_bytes=1000)
    with Emulator(settings=settings) as emulator:
        alice = HttpClient.user(emulator)
        assert alice.uploaded(bytes(MEGABYTE))["size"] == MEGABYTE
        assert alice.upload(bytes(MEGABYTE + 1)).error == (400, 50512)
        pieces = (bytes(MEGABYTE), b"x")
        assert alice.upload(iter(pieces)).error == (400, 50512)  # chunked: no size in advance
        assert emulator.call(lambda backend: len(backend.service.media)) == 1
        with pytest.raises(Refusal, match="50512"):
            emulator.add_media(bytes(MEGABYTE + 1))


def test_a_large_content_lies_in_a_file_and_a_small_one_in_memory(
    timed: Emulator, alice: HttpClient
) -> None:
    small, large = alice.uploaded(bytes(MEGABYTE)), alice.uploaded(bytes(MEGABYTE + 1))

    def are_in_files(backend: Any) -> list[bool]:
        media = backend.service.media
        return [media[sid].content.is_in_file for sid in (small["sid"], large["sid"])]

    assert timed.call(are_in_files) == [False, True]
    assert alice("GET", large["links"]["content"]).data == bytes(MEGABYTE + 1)


# Records and contents --------------------------------------------------------------------------


def test_a_record_can_be_read_again(alice: HttpClient, timed: Emulator) -> None:
    record = alice.uploaded(b"abc")
    again = alice("GET", f"{alice.media_path}/{record['sid']}")
    assert (again.status, again.json["sid"], again.json["size"]) == (200, record["sid"], 3)
    assert timed.get_media(record["sid"]).author == "alice"
    assert timed.read_media(record["sid"]) == b"abc"


@pytest.mark.parametrize("sid", [UNKNOWN, "x", "CH" + "0" * 32])
def test_an_unknown_sid_is_not_found(sid: str, alice: HttpClient) -> None:
    assert alice("GET", f"{alice.media_path}/{sid}").error == (404, 50507)
    assert alice("GET", f"{alice.media_path}/{sid}/Content").error == (404, 50507)


def test_another_service_is_not_found(alice: HttpClient) -> None:
    assert alice("GET", f"/v1/Services/IS1/Media/{UNKNOWN}").error == (404, 20404)
    assert alice("POST", "/v1/Services/IS1/Media", b"x").error == (404, 20404)


def test_many_records_come_in_the_order_asked_for(alice: HttpClient) -> None:
    first, second = (alice.uploaded(data)["sid"] for data in (b"1", b"22"))
    reply = alice.media_set(second, UNKNOWN, first)
    assert [entry["code"] for entry in reply.json] == [200, 404, 200]
    assert [entry["media_record"]["sid"] for entry in reply.json] == [second, UNKNOWN, first]
    url = reply.json[0]["media_record"]["links"]["content_direct_temporary"]
    assert HttpClient(alice.emulator)("GET", url).data == b"22"
    assert alice.media_set().json == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"command": "get"}',
        '{"command": "delete", "list": []}',
        '{"command": "get", "list": [7]}',
        '{"command": "get", "list": [{"media_sid": 7}]}',
    ],
)
def test_a_malformed_set_is_refused(body: str, alice: HttpClient) -> None:
    assert alice("POST", f"{alice.media_path}Set", body).error == (400, 20001)


def test_a_content_has_its_type_size_and_name(alice: HttpClient) -> None:
    record = alice.uploaded(b"abc", "text/html; charset=utf-8", Filename="é.html")
    reply = alice("GET", record["links"]["content"])
    assert reply.data == b"abc"
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-length"] == "3"
    assert reply.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%A9.html"
    assert reply.headers["x-content-type-options"] == "nosniff"


# Temporary URLs --------------------------------------------------------------------------------


def test_a_temporary_url_needs_no_credentials_and_ends(
    timed: Emulator, clock: ManualClock, alice: HttpClient
) -> None:
    nobody = HttpClient(timed)
    record = alice.uploaded(b"abc", "image/png")
    url = record["links"]["content_direct_temporary"]
    clock.advance(299)
    assert nobody("GET", url).data == b"abc"
    assert nobody("GET", url).headers["content-type"] == "image/png"
    clock.advance(1)
    assert nobody("GET", url).error == (403, 20403)
    fresh = alice("GET", f"{alice.media_path}/{record['sid']}").json
    assert nobody("GET", fresh["links"]["content_direct_temporary"]).data == b"abc"


def test_a_temporary_url_is_for_one_media_and_one_time(timed: Emulator, alice: HttpClient) -> None:
    nobody = HttpClient(timed)
    first, second = (alice.uploaded(data) for data in (b"1", b"2"))
    url = first["links"]["content_direct_temporary"]
    for wrong in (
        url.replace(first["sid"], second["sid"]),
        url.replace("Expires=1", "Expires=2"),
        url[:-1],
        url.partition("?")[0],
        url.replace("Signature=", "Signature=%FF"),
        url.replace("Expires=", "Expires=%F0%9F"),
    ):
        assert nobody("GET", wrong).error == (403, 20403)


def test_temporary_urls_can_be_ended(timed: Emulator, alice: HttpClient) -> None:
    record = alice.uploaded(b"1")
    timed.expire_media_urls()
    url = record["links"]["content_direct_temporary"]
    assert HttpClient(timed)("GET", url).error == (403, 20403)


def test_a_temporary_url_of_other_data_leads_nowhere(timed: Emulator, alice: HttpClient) -> None:
    url = alice.uploaded(b"1")["links"]["content_direct_temporary"]
    timed.reset_data()
    assert HttpClient(timed)("GET", url).error == (404, 50507)


def test_urls_name_the_host_that_was_asked(alice: HttpClient, timed: Emulator) -> None:
    record = alice("POST", alice.media_path, b"x", Host="media.example:99").json
    for url in (record["url"], *record["links"].values()):
        assert url.startswith("http://media.example:99/")
    record = alice(
        "POST",
        alice.media_path,
        b"x",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="chat.example",
    ).json
    assert record["url"].startswith("https://chat.example/v1/")


def test_urls_can_be_given_a_host(connect: Connect) -> None:
    with Emulator(settings=Settings(public_url="https://chat.example/")) as emulator:
        record = HttpClient.user(emulator).uploaded(b"x")
        assert record["url"].startswith("https://chat.example/v1/Services/")
        links = connect(emulator).request("GET", "/Client/v2/Configuration").body["links"]
        assert links["media_service"].startswith("https://chat.example/v1/Services/")


# Messages --------------------------------------------------------------------------------------


@pytest.fixture
def lunch(timed: Emulator) -> str:
    return timed.create_conversation(unique_name="lunch", identities=["alice", "bob"]).sid


def send(client: TwilsockClient, sid: str, **body: Any) -> Any:
    service = client.request("GET", "/Client/v2/Configuration").body["links"]["conversations"]
    path = service.partition(".com")[2]
    return client.request("POST", f"{path}/{sid}/Messages", body=body)


def stored_item(emulator: Emulator, sid: str, index: int = 0) -> Any:
    return emulator.call(
        lambda backend: backend.service.conversations[sid].list.items(index, index + 1)[0].data
    )


def test_a_message_takes_uploaded_media(
    timed: Emulator, alice: HttpClient, connect: Connect, lunch: str
) -> None:
    history = alice.uploaded(b"old", "text/plain", Category="history")
    first = alice.uploaded(b"abc", "text/plain", Filename="a.txt")
    second = alice.uploaded(b"12345", "image/png")
    sids = [history["sid"], first["sid"], second["sid"]]
    sent = send(connect(timed), lunch, media_sids=sids, attributes="{}").body
    assert sent["body"] is None
    assert sent["media"] == [
        {
            "sid": history["sid"],
            "size": 3,
            "content_type": "text/plain",
            "filename": None,
            "category": "history",
        },
        {
            "sid": first["sid"],
            "size": 3,
            "content_type": "text/plain",
            "filename": "a.txt",
            "category": "media",
        },
        {
            "sid": second["sid"],
            "size": 5,
            "content_type": "image/png",
            "filename": None,
            "category": "media",
        },
    ]
    item = stored_item(timed, lunch)
    assert item["type"] == "media"
    assert item["media"] == {
        "sid": first["sid"],
        "filename": "a.txt",
        "contentType": "text/plain",
        "size": 3,
    }
    assert [entry["category"] for entry in item["medias"]] == ["history", "media", "media"]
    assert item["medias"][2] == {
        "sid": second["sid"],
        "category": "media",
        "filename": None,
        "contentType": "image/png",
        "size": 5,
    }
    record = alice("GET", f"{alice.media_path}/{first['sid']}").json
    assert (record["channel_sid"], record["message_sid"]) == (lunch, sent["sid"])
    assert timed.get_messages(lunch)[0].media_sids == tuple(sids)


def test_a_body_alone_makes_no_media_message(timed: Emulator, lunch: str) -> None:
    body = timed.add_media(b"<b>", content_type="text/html", category="body")
    timed.send_message(lunch, media_sids=[body.sid])
    item = stored_item(timed, lunch)
    assert item["type"] == "text"
    assert "media" not in item
    assert len(item["medias"]) == 1


def test_a_message_without_media_says_nothing_of_them(timed: Emulator, lunch: str) -> None:
    timed.send_message(lunch, "hello")
    item = stored_item(timed, lunch)
    assert "medias" not in item
    assert "media" not in item
    assert "delivery" not in item


def test_media_are_for_one_message(timed: Emulator, connect: Connect, lunch: str) -> None:
    client = connect(timed)
    used, free = (timed.add_media(b"x").sid for _ in range(2))
    assert send(client, lunch, media_sids=[used]).status == 201
    assert send(client, lunch, media_sids=[free, used]).error == (400, 50508)
    assert send(client, lunch, media_sids=[free, free]).error == (400, 50508)
    assert send(client, lunch, media_sids=[UNKNOWN]).error == (404, 50507)
    assert timed.get_media(free).message_sid is None
    assert timed.get_conversation(lunch).messages_count == 1


def test_a_message_has_so_many_attachments_and_no_more(
    timed: Emulator, connect: Connect, lunch: str
) -> None:
    client = connect(timed)
    bodies = [timed.add_media(b"x", content_type="text/plain", category="body") for _ in range(2)]
    sids = [timed.add_media(b"x").sid for _ in range(11)]
    assert send(client, lunch, media_sids=sids).error == (400, 20001)
    others = [body.sid for body in bodies]
    assert send(client, lunch, media_sids=[*others, *sids[:10]]).status == 201


def test_attachments_have_a_largest_size_together(connect: Connect) -> None:
    limits = Limits(media_megabytes=1, media_total_megabytes=1)
    with Emulator(settings=Settings(limits=limits)) as emulator:
        sid = emulator.create_conversation(identities=["alice"]).sid
        half = MEGABYTE // 2
        sids = [emulator.add_media(bytes(size)).sid for size in (half, half, 1)]
        client = connect(emulator)
        assert send(client, sid, media_sids=sids).error == (400, 50512)
        assert send(client, sid, media_sids=sids[:2]).status == 201


def test_media_of_a_message_are_for_those_in_its_conversation(
    timed: Emulator, alice: HttpClient, lunch: str
) -> None:
    carol, bob = HttpClient.user(timed, "carol"), HttpClient.user(timed, "bob")
    record = alice.uploaded(b"abc")
    path = f"{alice.media_path}/{record['sid']}"
    assert carol("GET", path).status == 200  # still nobody's
    timed.send_message(lunch, author="alice", media_sids=[record["sid"]])
    assert bob("GET", path).status == 200
    assert bob("GET", f"{path}/Content").data == b"abc"
    assert carol("GET", path).error == (403, 50430)
    assert carol("GET", f"{path}/Content").error == (403, 50430)
    (entry,) = carol.media_set(record["sid"]).json
    assert entry == {"code": 403, "media_record": {"sid": record["sid"]}}
    assert HttpClient.server(timed)("GET", path).status == 200


def test_media_go_with_their_conversation(timed: Emulator, alice: HttpClient, lunch: str) -> None:
    used, free = timed.add_media(bytes(2 * MEGABYTE)), timed.add_media(b"x")
    timed.send_message(lunch, media_sids=[used.sid])
    content = timed.call(lambda backend: backend.service.media[used.sid].content)
    timed.remove_conversation(lunch)
    assert alice("GET", f"{alice.media_path}/{used.sid}").error == (404, 50507)
    assert alice("GET", f"{alice.media_path}/{free.sid}").status == 200
    assert content.is_closed


def test_contents_are_let_go_with_the_data(timed: Emulator) -> None:
    sid = timed.add_media(bytes(2 * MEGABYTE)).sid
    content = timed.call(lambda backend: backend.service.media[sid].content)
    timed.reset_data()
    assert content.is_closed
    kept = timed.add_media(bytes(2 * MEGABYTE)).sid
    content = timed.call(lambda backend: backend.service.media[kept].content)
    timed.stop()
    assert content.is_closed


def test_media_can_be_added_without_http(timed: Emulator) -> None:
    added = timed.add_media(b"abc", content_type="image/png", filename="a.png", author="bob")
    assert (added.size, added.content_type, added.filename) == (3, "image/png", "a.png")
    assert (added.category, added.author, added.conversation_sid) == ("media", "bob", None)
    with pytest.raises(Refusal, match="20001"):
        timed.add_media(b"")
    with pytest.raises(Refusal, match="50511"):
        timed.add_media(b"x", content_type="image/png", category="body")
    with pytest.raises(Refusal, match="20001"):
        timed.add_media(b"x", category="other")
    with pytest.raises(Refusal, match="50507"):
        timed.get_media(UNKNOWN)
