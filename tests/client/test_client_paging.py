from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from conversations import Conversation, InvalidArgumentError, Message, Paginator
from tests.client.people import Person
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

COUNT = 250
REMOVED = (0, 1, 99, 100, 101, 149, 200, 248, 249)
INDEXES = [index for index in range(COUNT) if index not in REMOVED]


def indexes(messages: Any) -> list[int]:
    return [message.message_index for message in messages]


def item_requests(emulator: Emulator) -> int:
    return sum(request.path.endswith("/Items") for request in emulator.requests)


@pytest.fixture
def long(emulator: Emulator, alice: Person) -> Conversation:
    """
    A conversation with 250 messages that were there before alice looked.
    """
    sid = emulator.create_conversation(identities=["alice"]).sid

    def fill(backend: Any) -> None:
        from conversations.emulator.domain import conversations, messages
        from conversations.emulator.domain.fields import MessageFields
        from conversations.emulator.domain.records import SERVER

        found = conversations.look_up(backend.service, sid)
        for number in range(COUNT):
            messages.send(backend.service, SERVER, found, MessageFields(body=str(number)))

    emulator.call(fill)
    conversation = alice.enter(sid)
    emulator.clear_requests()
    return conversation


@pytest.fixture
def gappy(emulator: Emulator, long: Conversation) -> Conversation:
    """
    The same after some have been removed, at both ends and around the ends of pages.
    """
    for index in REMOVED:
        emulator.remove_message(long.sid, index)
    return long


@pytest.mark.parametrize("size", [1, 30, 100])
def test_pages_go_backwards_to_the_oldest_and_forward_again(
    emulator: Emulator, long: Conversation, size: int
) -> None:
    page = long.get_messages(size, timeout=limit())
    assert not page.has_next_page
    pages = [page]
    while page.has_prev_page and len(pages) < 12:
        page = page.prev_page(timeout=limit())
        assert page.has_next_page
        pages.append(page)

    read = [message for page in reversed(pages) for message in page.items]
    assert indexes(read) == list(range(COUNT))[-len(read) :]
    assert all(len(page) == size for page in pages[:-1])
    assert item_requests(emulator) == len(pages)

    again = [pages[-1]]
    while again[-1].has_next_page:
        again.append(again[-1].next_page(timeout=limit()))
    read_again = [message for page in again for message in page.items]
    assert len(read_again) == len(read)
    assert all(one is other for one, other in zip(read_again, read, strict=True))


@pytest.mark.parametrize("size", [30, 100])
def test_pages_go_forward_to_the_newest(emulator: Emulator, long: Conversation, size: int) -> None:
    page = long.get_messages(size, direction="forward", timeout=limit())
    assert not page.has_prev_page
    pages = [page]
    while page.has_next_page:
        page = page.next_page(timeout=limit())
        assert page.has_prev_page
        pages.append(page)

    assert indexes(message for page in pages for message in page.items) == list(range(COUNT))
    assert item_requests(emulator) == len(pages)
    assert pages[-1].prev_page(timeout=limit()).items == pages[-2].items[-size:]


@pytest.mark.parametrize("direction", ["backwards", "forward"])
@pytest.mark.parametrize("size", [7, 30, 100])
def test_iterating_skips_what_was_removed(gappy: Conversation, direction: Any, size: int) -> None:
    expected = INDEXES[::-1] if direction == "backwards" else INDEXES

    assert indexes(gappy.iter_messages(direction, page_size=size)) == expected
    assert indexes(gappy.get_messages(size, direction=direction, timeout=limit())) == expected


def test_iterating_begins_where_it_is_told(gappy: Conversation) -> None:
    assert indexes(gappy.iter_messages(start=103)) == [
        index for index in INDEXES[::-1] if index <= 103
    ]
    assert indexes(gappy.iter_messages("forward", 98)) == [
        index for index in INDEXES if index >= 98
    ]
    assert indexes(gappy.iter_messages("forward", 99, 1))[:3] == [102, 103, 104]
    assert indexes(gappy.iter_messages("backwards", 0)) == []
    assert indexes(gappy.iter_messages("forward", COUNT)) == []


def test_iterating_reads_one_page_ahead_at_most(emulator: Emulator, long: Conversation) -> None:
    messages = long.iter_messages(page_size=10)
    assert item_requests(emulator) == 0

    assert indexes(next(messages) for _ in range(10)) == list(range(249, 239, -1))
    assert item_requests(emulator) <= 2
    next(messages)
    assert item_requests(emulator) <= 3


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda c: c.get_messages_before(150, 5), [145, 146, 147, 148, 150]),
        (lambda c: c.get_messages_before(150, 5, inclusive=False), [144, 145, 146, 147, 148]),
        (lambda c: c.get_messages_before(100, 2), [97, 98]),
        (lambda c: c.get_messages_before(100, 2, inclusive=False), [97, 98]),
        (lambda c: c.get_messages_before(3, 30), [2, 3]),
        (lambda c: c.get_messages_before(1, 30), []),
        (lambda c: c.get_messages_before(0, inclusive=False), []),
        (lambda c: c.get_messages_before(10**9, 2), [246, 247]),
        (lambda c: c.get_messages_after(98, 3), [98, 102, 103]),
        (lambda c: c.get_messages_after(98, 3, inclusive=False), [102, 103, 104]),
        (lambda c: c.get_messages_after(99, 2), [102, 103]),
        (lambda c: c.get_messages_after(0, 2), [2, 3]),
        (lambda c: c.get_messages_after(246), [246, 247]),
        (lambda c: c.get_messages_after(247, inclusive=False), []),
        (lambda c: c.get_messages_after(10**9), []),
        (lambda c: c.get_last_messages(3), [245, 246, 247]),
        (lambda c: c.get_last_messages(), INDEXES[-30:]),
        (lambda c: c.get_last_messages(150), INDEXES[-150:]),
        (lambda c: c.get_last_messages(10_000), INDEXES),
        (lambda c: c.get_messages_before(200, 120), [i for i in INDEXES if i <= 200][-120:]),
        (lambda c: c.get_messages_after(20, 120), [i for i in INDEXES if i >= 20][:120]),
    ],
)
def test_counts_and_ends_are_exact(
    gappy: Conversation, read: Callable[[Conversation], list[Message]], expected: list[int]
) -> None:
    assert indexes(read(gappy)) == expected


@pytest.mark.parametrize(
    ("anchor", "direction", "items", "has_older", "has_newer"),
    [
        (149, "backwards", [147, 148], True, True),
        (149, "forward", [150, 151], True, True),
        (2, "backwards", [2], False, True),
        (247, "forward", [247], True, False),
        (0, "forward", [2, 3], False, True),
        (249, "backwards", [246, 247], True, False),
    ],
)
def test_an_anchor_is_included_and_may_be_missing(
    *,
    gappy: Conversation,
    anchor: int,
    direction: Any,
    items: list[int],
    has_older: bool,
    has_newer: bool,
) -> None:
    page = gappy.get_messages(2, anchor, direction, timeout=limit())

    assert indexes(page.items) == items
    if page.has_prev_page:
        assert (
            indexes(page.prev_page(timeout=limit()).items)
            == [index for index in INDEXES if index < items[0]][-2:]
        )
    else:
        assert not has_older
    if page.has_next_page:
        assert (
            indexes(page.next_page(timeout=limit()).items)
            == [index for index in INDEXES if index > items[-1]][:2]
        )
    else:
        assert not has_newer


def test_a_page_is_a_sequence(long: Conversation) -> None:
    page = long.get_messages(3, timeout=limit())

    assert len(page) == 3
    assert page[0] is page.items[0]
    assert page[-1].message_index == 249
    with pytest.raises(IndexError):
        page[3]
    page.items.clear()  # a copy
    assert len(page) == 3
    assert repr(page) == "<Paginator 3 items>"
    assert isinstance(page, Paginator)


def test_a_page_that_does_not_exist_is_refused(
    emulator: Emulator, alice: Person, long: Conversation
) -> None:
    newest = long.get_messages(2, timeout=limit())
    oldest = long.get_messages(2, direction="forward", timeout=limit())
    empty = alice.enter(emulator.create_conversation(identities=["alice"]).sid).get_messages()

    with pytest.raises(InvalidArgumentError, match="next page"):
        newest.next_page()
    with pytest.raises(InvalidArgumentError, match="previous page"):
        oldest.prev_page()
    for turn in (empty.next_page, empty.prev_page):
        with pytest.raises(InvalidArgumentError):
            turn()
    assert (list(empty), len(empty), empty.items) == ([], 0, [])


def test_a_newer_page_appears_when_it_is_asked_for_again(
    emulator: Emulator, long: Conversation
) -> None:
    before = long.get_messages(2, timeout=limit())
    emulator.send_message(long.sid, "newest")

    after = long.get_messages(2, timeout=limit())

    assert indexes(before.items) == [248, 249]
    assert indexes(after.items) == [249, 250]
    assert after[0] is before[1]


def test_removal_of_a_whole_neighbouring_page_does_not_end_the_iteration(
    emulator: Emulator, long: Conversation
) -> None:
    messages = long.iter_messages(page_size=10)
    newest = [next(messages) for _ in range(10)]
    for index in range(200, 240):
        emulator.remove_message(long.sid, index)

    assert indexes([*newest, *messages]) == [*range(249, 239, -1), *range(199, -1, -1)]


def test_removal_of_the_page_in_hand_does_not_lose_the_way(
    emulator: Emulator, long: Conversation
) -> None:
    page = long.get_messages(10, 149, timeout=limit())
    for index in indexes(page.items):
        emulator.remove_message(long.sid, index)

    assert indexes(page.prev_page(timeout=limit()).items) == list(range(130, 140))
    assert indexes(page.next_page(timeout=limit()).items) == list(range(150, 160))


@pytest.mark.parametrize("limit_of_server", [1, 20])
def test_a_failed_page_raises_and_can_be_asked_for_again(
    emulator: Emulator, long: Conversation, limit_of_server: int
) -> None:
    page = long.get_messages(limit_of_server, timeout=limit())
    fault = emulator.fail_requests("*/Items", status=500, code=20500)

    with pytest.raises(Exception, match=r"prev_page of CH.*20500"):
        page.prev_page(timeout=limit())
    with pytest.raises(Exception, match="20500"):
        list(page)
    fault.lift()

    assert page.prev_page(timeout=limit()).has_next_page


def test_everything_that_was_read_is_kept_up_to_date(
    emulator: Emulator, alice: Person, long: Conversation
) -> None:
    oldest = next(iter(long.iter_messages("forward")))

    emulator.update_message(long.sid, 0, body="edited")
    alice.hear("on_message_updated", lambda message, reason: reason.name == "BODY")

    assert oldest.body == "edited"
