from __future__ import annotations

import pytest

from conversations._core.sync.wire import (
    as_array,
    as_index,
    as_integer,
    as_object,
    as_positive,
    as_text,
)


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (5, 5),
        (-1, -1),
        (5.0, 5),
        (5.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("5", None),
        (None, None),
    ],
)
def test_whole_numbers(value: object, integer: int | None) -> None:
    assert as_integer(value) == integer


@pytest.mark.parametrize(
    ("value", "index"),
    [("12", 12), (12, 12), ("-1", None), ("", None), ("٣", None), ("1" * 19, None), (True, None)],
)
def test_indexes_may_be_digits(value: object, index: int | None) -> None:
    assert as_index(value) == index


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (10000, 10000.0),
        (0.5, 0.5),
        (0, None),
        (-5, None),
        (True, None),
        ("5", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_positive_numbers(value: object, number: float | None) -> None:
    assert as_positive(value) == number


def test_objects_arrays_and_texts() -> None:
    assert as_object({"a": 1}) == {"a": 1}
    assert as_object([]) is None
    assert as_array([1]) == [1]
    assert as_array({}) is None
    assert as_text("a") == "a"
    assert as_text("") is None
    assert as_text(5) is None
