"""
What has not been used for longest is forgotten.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.lru import LruCache


def test_none_is_a_value() -> None:
    cache: LruCache[str, int | None] = LruCache(1)

    cache["a"] = None

    assert "a" in cache
    assert cache["a"] is None
    with pytest.raises(KeyError):
        cache["b"]


def test_the_value_used_longest_ago_goes() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache["a"], cache["b"] = 1, 2
    assert cache["a"] == 1

    cache["c"] = 3

    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)


def test_a_new_value_takes_the_place_of_the_old_one_and_counts_as_used() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache["a"], cache["b"] = 1, 2

    cache["a"] = 4
    cache["c"] = 3

    assert (cache["a"], "b" in cache, len(cache)) == (4, False, 2)


def test_looking_whether_there_is_a_value_is_no_use() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache["a"], cache["b"] = 1, 2

    assert "a" in cache
    cache["c"] = 3

    assert "a" not in cache


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["get", "set"]), st.integers(0, 6))),
)
def test_it_equals_a_list_ordered_by_use(capacity: int, uses: list[tuple[str, int]]) -> None:
    cache: LruCache[int, int] = LruCache(capacity)
    model: list[int] = []
    for number, (use, key) in enumerate(uses):
        if use == "set":
            cache[key] = number
            model = [*(one for one in model if one != key), key][-capacity:]
        elif key in cache:
            cache[key]
            model = [*(one for one in model if one != key), key]
        assert len(cache) == len(model)
        assert all(one in cache for one in model)
