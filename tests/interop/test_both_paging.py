"""
The JavaScript SDK and this package read the same 250 messages.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import pytest

from conversations import Conversation
from tests.interop.js_client import JsClient, Start, follow
from tests.interop.ours import Ours

if TYPE_CHECKING:
    from conversations.emulator import Emulator

Direction = Literal["backwards", "forward"]
DIRECTIONS: tuple[Direction, ...] = ("backwards", "forward")

COUNT = 250
REMOVED = {0, 77, 100, 101, 249}


@pytest.fixture
def many(alice: Ours, shared: Conversation, emulator: Emulator) -> list[int]:
    """
    Many messages by both, some of them removed again; the indexes that are left.
    """
    for number in range(COUNT):
        author = "alice" if number % 2 else "bob"
        emulator.send_message(shared.sid, f"message {number}", author=author)
    for index in sorted(REMOVED):
        emulator.remove_message(shared.sid, index)
    alice.hear("on_message_deleted", len(REMOVED))
    return [index for index in range(COUNT) if index not in REMOVED]


@pytest.fixture
def fresh(many: list[int], shared: Conversation, start: Start, emulator: Emulator) -> JsClient:
    """
    A client of Bob's that has seen none of this happen: the JavaScript SDK counts what it saw
    being removed as a message of the page.
    """
    client = start("bob", name="bob elsewhere")
    follow(emulator, client, shared.sid)
    return client


def test_pages_are_the_same_in_every_direction_and_size(
    fresh: JsClient, shared: Conversation, many: list[int]
) -> None:
    for page_size, direction in itertools.product((30, 100), DIRECTIONS):
        our_pages = read_ours(shared, page_size, direction)
        their_pages = read_theirs(fresh, shared.sid, page_size, direction)

        assert [index for page in our_pages for index in page] == many
        assert [index for page in their_pages for index in page] == many
        # It asks for one more than it needs, which is more than a page may have: 99 messages.
        if page_size < 100:
            assert our_pages == their_pages
        full = our_pages[:-1] if direction == "forward" else our_pages[1:]
        assert {len(page) for page in full} == {page_size}


def read_ours(conversation: Conversation, page_size: int, direction: Direction) -> list[list[int]]:
    """
    The indexes on all pages, in rising order.
    """
    page = conversation.get_messages(page_size, direction=direction)
    pages = [page]
    if direction == "forward":
        assert not page.has_prev_page
        while page.has_next_page:
            page = page.next_page()
            pages.append(page)
    else:
        assert not page.has_next_page
        while page.has_prev_page:
            page = page.prev_page()
            pages.insert(0, page)
    return [[message.message_index for message in one.items] for one in pages]


def read_theirs(
    client: JsClient, sid: str, page_size: int, direction: Direction
) -> list[list[int]]:
    anchor = {"anchor": 0} if direction == "forward" else {}
    page = client.messages(sid, page_size, direction=direction, **anchor)
    pages = [page]
    if direction == "forward":
        assert not page["hasPrevPage"]
        while page["hasNextPage"]:
            page = client.call("nextPage", page=page["page"])
            pages.append(page)
    else:
        assert not page["hasNextPage"]
        while page["hasPrevPage"]:
            page = client.call("prevPage", page=page["page"])
            pages.insert(0, page)
    return [[message["index"] for message in one["items"]] for one in pages]


def test_a_page_turned_back_is_the_page_before(
    fresh: JsClient, shared: Conversation, many: list[int]
) -> None:
    ours = shared.get_messages(30).prev_page()
    theirs = fresh.call("prevPage", page=fresh.messages(shared.sid, 30)["page"])

    ours_again, theirs_again = ours.next_page(), fresh.call("nextPage", page=theirs["page"])

    assert [one.message_index for one in ours_again.items] == many[-30:]
    assert [one["index"] for one in theirs_again["items"]] == many[-30:]


def test_pages_begin_anywhere_also_in_a_gap(
    fresh: JsClient, shared: Conversation, many: list[int]
) -> None:
    for anchor, direction in itertools.product((5, 77, 130), DIRECTIONS):
        ours = shared.get_messages(10, anchor, direction)
        theirs = fresh.messages(shared.sid, 10, anchor=anchor, direction=direction)

        indexes = [message.message_index for message in ours.items]
        before = [index for index in many if index <= anchor][-10:]
        after = [index for index in many if index >= anchor][:10]
        assert indexes == (after if direction == "forward" else before)
        assert indexes == [message["index"] for message in theirs["items"]]


def test_all_ways_of_reading_give_the_same(shared: Conversation, many: list[int]) -> None:
    assert [one.message_index for one in shared.get_last_messages(COUNT)] == many
    assert [one.message_index for one in shared.iter_messages()] == many[::-1]
    assert [one.message_index for one in shared.iter_messages("forward")] == many
    assert [one.message_index for one in shared.get_messages_before(102, 3)] == [98, 99, 102]
    assert [one.message_index for one in shared.get_messages_after(99, 2, inclusive=False)] == [
        102,
        103,
    ]
    assert shared.get_message_by_index(98) is shared.get_message_by_index(98)
