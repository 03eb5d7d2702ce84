"""
The JavaScript SDK and this package read the same 250 messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conversations import Conversation
from tests.interop.js_client import JsClient, Start, follow
from tests.interop.ours import Ours

if TYPE_CHECKING:
    from conversations.emulator import Emulator

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


@pytest.mark.parametrize("direction", ["backwards", "forward"])
@pytest.mark.parametrize("page_size", [30, 100])
def test_pages_are_the_same_in_every_direction_and_size(
    fresh: JsClient, shared: Conversation, many: list[int], page_size: int, direction: str
) -> None:
    is_forward = direction == "forward"
    anchor = {"anchor": 0} if is_forward else {}
    ours = shared.get_messages(page_size, direction=direction)  # type: ignore[arg-type]
    theirs = fresh.messages(shared.sid, page_size, direction=direction, **anchor)
    read: list[int] = []
    while True:
        indexes = [message.message_index for message in ours.items]
        assert indexes == [message["index"] for message in theirs["items"]]
        assert [message.body for message in ours.items] == [
            message["body"] for message in theirs["items"]
        ]
        assert (ours.has_prev_page, ours.has_next_page) == (
            theirs["hasPrevPage"],
            theirs["hasNextPage"],
        )
        read = read + indexes if is_forward else indexes + read
        if not (ours.has_next_page if is_forward else ours.has_prev_page):
            break
        ours = ours.next_page() if is_forward else ours.prev_page()
        theirs = fresh.call("nextPage" if is_forward else "prevPage", page=theirs["page"])

    assert read == many


def test_a_page_turned_back_is_the_page_before(
    fresh: JsClient, shared: Conversation, many: list[int]
) -> None:
    ours = shared.get_messages(30).prev_page()
    theirs = fresh.call("prevPage", page=fresh.messages(shared.sid, 30)["page"])

    ours_again, theirs_again = ours.next_page(), fresh.call("nextPage", page=theirs["page"])

    assert [one.message_index for one in ours_again.items] == many[-30:]
    assert [one["index"] for one in theirs_again["items"]] == many[-30:]


@pytest.mark.parametrize("direction", ["backwards", "forward"])
@pytest.mark.parametrize("anchor", [5, 77, 130])
def test_pages_begin_anywhere_also_in_a_gap(
    fresh: JsClient, shared: Conversation, many: list[int], anchor: int, direction: str
) -> None:
    ours = shared.get_messages(10, anchor, direction)  # type: ignore[arg-type]
    theirs = fresh.messages(shared.sid, 10, anchor=anchor, direction=direction)

    indexes = [message.message_index for message in ours.items]
    assert indexes == [message["index"] for message in theirs["items"]]
    before = [index for index in many if index <= anchor][-10:]
    after = [index for index in many if index >= anchor][:10]
    assert indexes == (after if direction == "forward" else before)


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
