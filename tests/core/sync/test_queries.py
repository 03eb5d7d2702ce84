from __future__ import annotations

import random
from typing import Any

import pytest

from conversations._core.ids import Ids
from conversations._core.sync.objects import Item, ObjectType
from conversations._core.sync.queries import Reader, item_query
from conversations._core.sync.roots import (
    PageDecoder,
    decode_list_item,
    decode_map_item,
    decode_root,
)
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError
from tests.core.sync.harness import World


def test_the_url_of_a_page() -> None:
    def url(**changes: Any) -> str:
        arguments = {"from_": None, "inclusive": False, "page_size": 50, "order": "asc"}
        return item_query("https://x/Items", **{**arguments, **changes})

    assert url() == "https://x/Items?HideExpired=true&PageSize=50&Order=asc"
    assert (
        url(from_="a b/&=é", page_size=100)
        == "https://x/Items?HideExpired=true&From=a%20b%2F%26%3D%C3%A9&Bounds=exclusive"
        "&PageSize=100&Order=asc"
    )
    assert (
        url(from_=0, inclusive=True, order="desc")
        == "https://x/Items?HideExpired=true&From=0&PageSize=50&Order=desc"
    )


def test_a_link_that_has_parameters_already_keeps_them() -> None:
    url = item_query("https://x/Items?a=1", from_=None, inclusive=True, page_size=1, order="asc")
    assert url == "https://x/Items?a=1&HideExpired=true&PageSize=1&Order=asc"


@pytest.mark.parametrize(
    ("object_type", "collection"),
    [
        (ObjectType.DOCUMENT, "Documents"),
        (ObjectType.MAP, "Maps"),
        (ObjectType.LIST, "Lists"),
    ],
)
def test_a_root_is_asked_for_by_its_encoded_id(object_type: ObjectType, collection: str) -> None:
    requests: list[UpstreamRequest] = []

    async def read(request: UpstreamRequest) -> UpstreamResponse:
        requests.append(request)
        return UpstreamResponse(status=200, body={"sid": "X", "last_event_id": 4})

    reader = Reader(Ids(random.Random(1)), "https://cds", read)
    world = World()
    root = world.get(reader.root(object_type, "a/ü@b"))
    assert (root.sid, root.position, root.unique_name) == ("X", 4, None)
    (request,) = requests
    assert request.method == "GET"
    assert request.url == f"https://cds/v3/{collection}/a%2F%C3%BC%40b"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Twilio-Request-Id"].startswith("RQ")
    assert len(request.headers) == 2
    assert request.body == b""


def test_items_are_asked_for_along_with_the_root_and_each_request_has_its_id() -> None:
    world = World()
    entity = world.service.add("map", "m")
    world.open_map(entity, include_items=True)
    world.open_list(world.service.add("list", "l"))
    assert world.service.reads[0].url.endswith("/v3/Maps/m?Include=items")
    ids = {request.headers["Twilio-Request-Id"] for request in world.service.requests}
    assert len(ids) == 2


def test_items_are_where_the_link_says_or_where_they_usually_are() -> None:
    reader = Reader(Ids(random.Random(1)), "https://cds", World().service.read)
    linked = decode_root({"sid": "MP1", "links": {"items": "http://elsewhere/x"}}, "map")
    bare = decode_root({"sid": "MP1"}, "map")
    assert reader.items_url(ObjectType.MAP, linked) == "http://elsewhere/x"
    assert reader.items_url(ObjectType.MAP, bare) == "https://cds/v3/Maps/MP1/Items"


@pytest.mark.parametrize("body", [None, b"", [], {}, {"sid": 5}, {"sid": ""}])
def test_a_root_without_a_sid_is_an_error(body: Any) -> None:
    with pytest.raises(ConversationsError) as caught:
        decode_root(body, "map m")
    assert caught.value.reason is ErrorReason.CANNOT_PARSE
    assert "map m" in str(caught.value)


def test_a_root_is_decoded_as_far_as_it_is_understood() -> None:
    root = decode_root(
        {
            "sid": "ET1",
            "unique_name": 5,
            "last_event_id": "x",
            "links": [],
            "data": 7,
            "items": [{"key": "a", "data": {}}, 5],
        },
        "document",
    )
    assert (root.unique_name, root.position, root.items_url) == (None, None, None)
    assert root.data == {}
    assert root.items == (Item(key="a", data={}, event_id=0),)
    assert root.sent_items == 2
    assert "data" not in repr(root)


@pytest.mark.parametrize("body", [None, b"", [], {}, {"items": 5}])
def test_a_page_without_items_is_an_error(body: Any) -> None:
    with pytest.raises(ConversationsError):
        PageDecoder(decode_map_item)(body, "items")


def test_a_page_skips_what_it_does_not_understand() -> None:
    body: Any = {
        "items": [
            {"index": 3, "data": {"a": 1}, "last_event_id": 9},
            {"index": "4", "data": {}},
            {"index": None, "data": {}},
            {"index": 5},
            None,
        ],
        "meta": {"next_token": "x", "previous_token": None},
    }
    page = PageDecoder(decode_list_item)(body, "items")
    assert page.items == (
        Item(key=3, data={"a": 1}, event_id=9),
        Item(key=4, data={}, event_id=0),
    )
    assert (page.has_next, page.has_previous, page.last_key) == (True, False, 4)


def test_an_empty_page_without_meta_has_no_neighbours() -> None:
    page = PageDecoder(decode_map_item)({"items": []}, "items")
    assert (page.items, page.has_next, page.has_previous, page.last_key) == ((), False, False, None)


def test_reading_a_page_can_go_another_way() -> None:
    world = World()
    entity = world.service.add("list", "l")
    entity.append({"n": 1})
    messages, _ = world.open_list(entity)
    other: list[UpstreamRequest] = []

    async def send(request: UpstreamRequest) -> UpstreamResponse:
        other.append(request)
        return await world.service.read(request)

    before = len(world.service.reads)
    page = world.get(messages.query(send=send))
    assert [item.key for item in page.items] == [0]
    assert len(other) == 1
    assert len(world.service.reads) == before + 1
