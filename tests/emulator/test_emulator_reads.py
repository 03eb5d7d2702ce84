"""
Roots, items, and pages of items: what the REST side of Sync answers.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.emulator import ManualClock
from conversations.emulator.domain.service import Service
from conversations.emulator.sync.objects import SyncDocument, SyncList, SyncMap
from tests.emulator.recorder import Api, make_service

CDS = "cds.us1.twilio.com"


@pytest.fixture
def api(service: Service) -> Api:
    return Api(service)


def create(service: Service, object_type: Any, name: str) -> Any:
    return service.store.create(
        object_type, name, created_by="system", may_read=lambda identity: identity == "alice"
    )


def get(api: Api, path: str, **params: str) -> Any:
    return api.ok("alice", "GET", path, None, params, host=CDS)


def test_the_root_of_a_map(service: Service, api: Api) -> None:
    target = create(service, SyncMap, "a b/c")
    target.set_item("k", {})
    url = f"https://{CDS}/v3/Services/{service.sid}/Maps/{target.sid}"
    expected = {
        "sid": target.sid,
        "unique_name": "a b/c",
        "account_sid": service.account,
        "service_sid": service.sid,
        "url": url,
        "links": {"items": f"{url}/Items"},
        "revision": "1",
        "last_event_id": 0,
        "date_created": "2026-01-01T00:00:00.000Z",
        "date_updated": "2026-01-01T00:00:00.000Z",
        "date_expires": None,
        "created_by": "system",
        "type": "map",
    }
    for path in (
        "/v3/Maps/a%20b%2Fc",
        f"/v3/Maps/{target.sid}",
        f"/v3/Services/{service.sid}/Maps/{target.sid}",
        "/v3/Services/default/Maps/a%20b%2Fc",
    ):
        answer = api("alice", "GET", path, host=CDS)
        assert answer.body == expected
        assert answer.headers["etag"] == '"1"'


def test_urls_of_a_local_host_are_plain_http(service: Service, api: Api) -> None:
    create(service, SyncList, "l")
    body = api.ok("alice", "GET", "/v3/Lists/l", host="127.0.0.1:8089")
    assert body["url"].startswith("http://127.0.0.1:8089/v3/Services/")
    assert body["type"] == "list"


def test_a_document_has_its_content_and_no_links(service: Service, api: Api) -> None:
    target = create(service, SyncDocument, "d")
    target.set_data({"x": 1})
    body = get(api, "/v3/Documents/d")
    assert (body["data"], body["last_event_id"], body["revision"]) == ({"x": 1}, 1, "1")
    assert "links" not in body


def test_items_can_come_with_the_root(service: Service, api: Api) -> None:
    target = create(service, SyncMap, "m")
    for number in range(120):
        target.set_item(f"{number:03}", {"n": number})
    body = get(api, "/v3/Maps/m", Include="items")
    assert [item["key"] for item in body["items"]] == [f"{number:03}" for number in range(100)]
    assert "items" not in get(api, "/v3/Maps/m")


def test_an_item_is_complete(service: Service, api: Api, clock: ManualClock) -> None:
    mapped, listed = create(service, SyncMap, "m"), create(service, SyncList, "l")
    mapped.set_item("a b", {"x": 1})
    clock.advance(1)
    mapped.set_item("a b", {"x": 2})
    listed.append({"y": 1})
    base = f"https://{CDS}/v3/Services/{service.sid}"
    expected = {
        "map_sid": mapped.sid,
        "key": "a b",
        "url": f"{base}/Maps/{mapped.sid}/Items/a%20b",
        "revision": "1",
        "last_event_id": 1,
        "date_created": "2026-01-01T00:00:00.000Z",
        "date_updated": "2026-01-01T00:00:01.000Z",
        "date_expires": None,
        "data": {"x": 2},
    }
    meta = {
        "previous_token": None,
        "next_token": None,
        "encode_token": False,
        "direct_token": True,
    }
    assert get(api, "/v3/Maps/m/Items", Key="a%20b") == {"items": [expected], "meta": meta}
    assert get(api, "/v3/Maps/m/Items/a%20b") == expected
    item = get(api, "/v3/Lists/l/Items", Index="0")["items"][0]
    assert (item["index"], item["list_sid"]) == (0, listed.sid)
    assert get(api, "/v3/Lists/l/Items/0") == item


def test_a_missing_item_is_an_empty_page_or_a_404(service: Service, api: Api) -> None:
    create(service, SyncMap, "m")
    create(service, SyncList, "l")
    assert get(api, "/v3/Maps/m/Items", Key="x")["items"] == []
    assert get(api, "/v3/Lists/l/Items", Index="0")["items"] == []
    assert api.refused("alice", "GET", "/v3/Maps/m/Items/x") == (404, 54201)
    assert api.refused("alice", "GET", "/v3/Lists/l/Items/0") == (404, 54151)


def test_who_may_not_read_is_refused(service: Service, api: Api) -> None:
    create(service, SyncMap, "m")
    for path in ("/v3/Maps/m", "/v3/Maps/m/Items"):
        assert api.refused("bob", "GET", path) == (403, 54007)


def test_errors_have_the_form_of_sync(api: Api) -> None:
    assert api("alice", "GET", "/v3/Maps/nothing").body == {
        "status": 404,
        "code": 54300,
        "message": "Unique name not found",
        "description": "",
    }


def test_nobody_writes_through_sync(service: Service, api: Api) -> None:
    create(service, SyncMap, "m")
    for method, path in [
        ("POST", "/v3/Maps"),
        ("POST", "/v3/Maps/m"),
        ("DELETE", "/v3/Maps/m"),
        ("POST", "/v3/Maps/m/Items"),
        ("PUT", "/v3/Maps/m/Items/x"),
        ("POST", f"/v3/Services/{service.sid}/Maps/m/Items/x"),
        ("DELETE", "/v3/Lists/l/Items/0"),
        ("POST", "/v3/Documents"),
    ]:
        assert api.refused("alice", method, path, {"data": {}}) == (403, 54007)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PageSize": "0"}, 20007),
        ({"PageSize": "x"}, 20007),
        ({"PageSize": "-1"}, 20007),
        ({"Order": "sideways"}, 20001),
        ({"Bounds": "none"}, 20001),
        ({"PageToken": "PTnonsense"}, 20001),
        ({"PageToken": "x"}, 20001),
        ({"From": "x"}, 20001),
        ({"Index": "x"}, 20001),
    ],
)
def test_queries_without_sense_are_refused(
    params: dict[str, str], code: int, service: Service, api: Api
) -> None:
    create(service, SyncList, "l").append({})
    assert api.refused("alice", "GET", "/v3/Lists/l/Items", None, params) == (400, code)


def test_a_token_of_another_kind_of_object_is_refused(service: Service, api: Api) -> None:
    mapped, listed = create(service, SyncMap, "m"), create(service, SyncList, "l")
    for number in range(3):
        mapped.set_item(str(number), {})
        listed.append({})
    token = get(api, "/v3/Maps/m/Items", PageSize="1")["meta"]["next_token"]
    params = {"PageToken": token}
    assert api.refused("alice", "GET", "/v3/Lists/l/Items", None, params) == (400, 20001)


def test_keys_sort_as_in_javascript(service: Service, api: Api) -> None:
    target = create(service, SyncMap, "m")
    keys = ["Z", "a", "é", "\uffee", "😀", "10", "9", "\ud83d"]
    for key in keys:
        target.set_item(key, {})
    listed = [item["key"] for item in get(api, "/v3/Maps/m/Items")["items"]]
    assert listed == ["10", "9", "Z", "a", "é", "\ud83d", "😀", "\uffee"]


def test_a_page_has_50_items_and_at_most_100(service: Service, api: Api) -> None:
    target = create(service, SyncList, "l")
    for _ in range(150):
        target.append({})
    assert len(get(api, "/v3/Lists/l/Items")["items"]) == 50
    assert len(get(api, "/v3/Lists/l/Items", PageSize="100000")["items"]) == 100


def test_a_page_from_an_anchor_knows_what_lies_on_both_sides(service: Service, api: Api) -> None:
    target = create(service, SyncList, "l")
    for _ in range(10):
        target.append({})
    for index in (0, 4, 9):
        target.remove_item(index)  # left: 1 2 3 5 6 7 8

    def page(**params: str) -> tuple[list[int], bool, bool]:
        body = get(api, "/v3/Lists/l/Items", **params)
        meta = body["meta"]
        return (
            [item["index"] for item in body["items"]],
            meta["previous_token"] is not None,
            meta["next_token"] is not None,
        )

    assert page(PageSize="3") == ([1, 2, 3], False, True)
    assert page(PageSize="3", Order="desc") == ([8, 7, 6], False, True)
    assert page(From="4", PageSize="2") == ([5, 6], True, True)
    assert page(From="4", PageSize="2", Order="desc") == ([3, 2], True, True)
    assert page(From="3", PageSize="9", Order="desc") == ([3, 2, 1], True, False)
    assert page(From="3", PageSize="9", Order="desc", Bounds="exclusive") == ([2, 1], True, False)
    assert page(From="0", PageSize="7") == ([1, 2, 3, 5, 6, 7, 8], False, False)
    assert page(From="9") == ([], True, False)
    assert page(From="0", Order="desc") == ([], True, False)
    assert page(From="-1", PageSize="1") == ([1], False, True)
    assert page(Index="3", From="5", PageToken="x") == ([3], False, False)


@given(
    indexes=st.sets(st.integers(0, 30)),
    size=st.integers(1, 7),
    descending=st.booleans(),
    start=st.none() | st.integers(-2, 32),
    exclusive=st.booleans(),
)
def test_tokens_lead_through_everything_and_back(
    indexes: set[int], size: int, descending: bool, start: int | None, exclusive: bool
) -> None:
    clock = ManualClock()
    service = make_service(clock)
    api = Api(service)
    target = create(service, SyncList, "l")
    for index in range(31):
        target.append({})
        if index not in indexes:
            target.remove_item(index)
    ordered = sorted(indexes, reverse=descending)
    params = {"PageSize": str(size), "Order": "desc" if descending else "asc"}
    if start is not None:
        params |= {"From": str(start), "Bounds": "exclusive" if exclusive else "inclusive"}

    def read(**params: str) -> tuple[list[int], Any]:
        body = get(api, "/v3/Lists/l/Items", **params)
        return [item["index"] for item in body["items"]], body["meta"]

    def is_in(index: int) -> bool:
        if start is None:
            return True
        if index == start:
            return not exclusive
        return index < start if descending else index > start

    wanted = [index for index in ordered if is_in(index)]
    items, meta = read(**params)
    assert items == wanted[:size]
    first = meta
    while meta["next_token"] is not None:
        more, meta = read(PageToken=meta["next_token"])
        assert 0 < len(more) <= size
        items += more
    assert items == wanted
    before: list[int] = []
    meta = first
    while meta["previous_token"] is not None:
        more, meta = read(PageToken=meta["previous_token"])
        before = more + before
    assert before == [index for index in ordered if not is_in(index)]
