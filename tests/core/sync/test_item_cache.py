from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.sync.events import ItemAdded, ItemRemoved, ItemUpdated
from conversations._core.sync.item_cache import MAX_TOMBSTONES, ItemCache
from conversations._core.sync.objects import MapItem


def item(key: str, event_id: int, value: object = None) -> MapItem:
    return MapItem(key=key, data={"v": event_id if value is None else value}, event_id=event_id)


def contents(cache: ItemCache) -> Mapping[str, Any]:
    return {key: known.data["v"] for key, known in cache.items.items()}


def test_an_addition_of_an_unknown_item_adds_it() -> None:
    cache = ItemCache()
    assert cache.write(item("a", 1), is_addition=True) == ItemAdded(
        key="a", data={"v": 1}, event_id=1
    )


def test_an_update_of_an_unknown_item_is_stored_as_an_update() -> None:
    cache = ItemCache()
    assert cache.write(item("a", 1), is_addition=False) == ItemUpdated(
        key="a", data={"v": 1}, event_id=1
    )
    assert contents(cache) == {"a": 1}


def test_an_addition_of_a_known_item_is_an_update() -> None:
    cache = ItemCache()
    cache.read(item("a", 1))
    assert cache.write(item("a", 2), is_addition=True) == ItemUpdated(
        key="a", data={"v": 2}, event_id=2, previous={"v": 1}
    )


@pytest.mark.parametrize("event_id", [4, 5])
@pytest.mark.parametrize("is_addition", [True, False])
def test_what_is_not_newer_than_the_item_is_ignored(event_id: int, is_addition: bool) -> None:
    cache = ItemCache()
    cache.read(item("a", 5))
    assert cache.write(item("a", event_id, "old"), is_addition=is_addition) is None
    assert cache.read(item("a", event_id, "old")) is None
    assert cache.remove("a", event_id, None) is None
    assert contents(cache) == {"a": 5}


@pytest.mark.parametrize("event_id", [4, 5])
def test_what_is_not_newer_than_a_removal_is_ignored(event_id: int) -> None:
    cache = ItemCache()
    assert cache.remove("a", 5, None) is None
    assert cache.write(item("a", event_id), is_addition=True) is None
    assert cache.read(item("a", event_id)) is None
    assert contents(cache) == {}


def test_what_is_newer_than_a_removal_counts() -> None:
    cache = ItemCache()
    cache.read(item("a", 1))
    cache.remove("a", 5, None)
    assert isinstance(cache.write(item("a", 6), is_addition=True), ItemAdded)


def test_only_the_removal_of_a_live_item_is_told() -> None:
    cache = ItemCache()
    cache.read(item("a", 1))
    assert cache.remove("a", 5, None) == ItemRemoved(key="a", event_id=5, previous={"v": 1})
    assert cache.remove("a", 5, None) is None
    assert cache.remove("a", 6, None) is None
    assert cache.remove("a", 4, None) is None
    assert cache.write(item("a", 6), is_addition=True) is None


def test_a_removal_may_bring_the_last_content() -> None:
    cache = ItemCache()
    cache.read(item("a", 1))
    assert cache.remove("a", 5, {"v": 4}) == ItemRemoved(key="a", event_id=5, previous={"v": 4})


def test_a_read_item_is_silent_unless_it_is_newer_than_a_known_one() -> None:
    cache = ItemCache()
    assert cache.read(item("a", 1)) is None
    assert cache.read(item("a", 2)) == ItemUpdated(
        key="a", data={"v": 2}, event_id=2, previous={"v": 1}
    )


def test_items_come_by_utf_16_code_units_and_the_snapshot_does_not_change() -> None:
    cache = ItemCache()
    for number, key in enumerate(["\uffee", "\U0001f600", "b", "a", "\ud800"]):
        cache.read(item(key, number))
    before = cache.items
    assert list(before) == ["a", "b", "\ud800", "\U0001f600", "\uffee"]
    assert cache.items is before
    cache.remove("a", 10, None)
    cache.write(item("b", 11), is_addition=False)
    assert next(iter(before)) == "a"
    assert before["b"].event_id == 2
    assert cache.items["b"].event_id == 11
    assert "a" not in cache.items


def test_so_many_removals_are_remembered_and_no_more() -> None:
    cache = ItemCache()
    for number in range(MAX_TOMBSTONES + 1):
        cache.remove(f"k{number}", 10, None)
    assert cache.read(item("k0", 1)) is None
    assert cache.read(item("k1", 1)) is None
    assert contents(cache) == {"k0": 1}


def test_replacing_tells_the_difference_removals_first_then_by_event() -> None:
    cache = ItemCache()
    for each in (item("same", 1), item("changed", 2), item("gone", 3)):
        cache.read(each)
    events = cache.replace(
        [item("added", 9), item("changed", 7), item("same", 1)], position=8, new_since=None
    )
    assert events == [
        ItemRemoved(key="gone", event_id=8, previous={"v": 3}),
        ItemUpdated(key="changed", data={"v": 7}, event_id=7, previous={"v": 2}),
        ItemAdded(key="added", data={"v": 9}, event_id=9),
    ]
    assert contents(cache) == {"same": 1, "changed": 7, "added": 9}
    assert cache.write(item("gone", 8), is_addition=True) is None


def test_replacing_an_incomplete_map_adds_only_what_was_written_since() -> None:
    cache = ItemCache()
    events = cache.replace([item("old", 3), item("new", 6)], position=8, new_since=5)
    assert events == [ItemAdded(key="new", data={"v": 6}, event_id=6)]
    assert contents(cache) == {"old": 3, "new": 6}


def test_replacing_without_a_position_still_buries_what_is_gone() -> None:
    cache = ItemCache()
    cache.read(item("gone", 3))
    events = cache.replace([], position=None, new_since=None)
    assert events == [ItemRemoved(key="gone", event_id=3, previous={"v": 3})]
    assert cache.read(item("gone", 3)) is None


def test_replacing_keeps_what_is_newer_than_what_was_read() -> None:
    cache = ItemCache()
    cache.read(item("a", 9))
    cache.remove("b", 9, None)
    assert cache.replace([item("a", 5), item("b", 5)], position=5, new_since=None) == []
    assert contents(cache) == {"a": 9}


def test_restarting_compares_content_because_event_ids_mean_nothing() -> None:
    cache = ItemCache()
    for each in (item("same", 100, "x"), item("changed", 101, "x"), item("gone", 102, "x")):
        cache.read(each)
    cache.remove("back", 103, None)
    events = cache.restart(
        [item("same", 0, "x"), item("changed", 1, "y"), item("back", 2, "z")], position=2
    )
    assert events == [
        ItemRemoved(key="gone", event_id=2, previous={"v": "x"}),
        ItemUpdated(key="changed", data={"v": "y"}, event_id=1, previous={"v": "x"}),
        ItemAdded(key="back", data={"v": "z"}, event_id=2),
    ]
    assert contents(cache) == {"same": "x", "changed": "y", "back": "z"}
    assert isinstance(cache.write(item("same", 3), is_addition=False), ItemUpdated)


def test_restarting_without_a_position_uses_the_last_known_event() -> None:
    cache = ItemCache()
    cache.read(item("gone", 7))
    events = cache.restart([], position=None)
    assert events == [ItemRemoved(key="gone", event_id=7, previous={"v": 7})]


@given(data=st.data())
def test_writes_and_removals_in_any_order_with_repetitions_give_the_newest_state(
    data: st.DataObject,
) -> None:
    history: list[tuple[int, str, bool]] = []
    live: set[str] = set()
    for event_id in range(data.draw(st.integers(0, 12))):
        key = data.draw(st.sampled_from("abc"))
        is_removal = key in live and data.draw(st.booleans())
        (live.discard if is_removal else live.add)(key)
        history.append((event_id, key, is_removal))
    cache = ItemCache()
    for event_id, key, is_removal in data.draw(st.permutations(history * 2)):
        if is_removal:
            cache.remove(key, event_id, None)
        else:
            cache.write(item(key, event_id), is_addition=True)
    newest = {key: (event_id, is_removal) for event_id, key, is_removal in history}
    expected = {key: event_id for key, (event_id, is_removal) in newest.items() if not is_removal}
    assert contents(cache) == expected
