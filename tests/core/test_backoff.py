"""
Waits between attempts.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.backoff import ExponentialBackoff, FibonacciBackoff


def test_the_fibonacci_series_starts_at_once_and_ends_at_the_cap() -> None:
    backoff, rng = FibonacciBackoff(jitter=0.0), random.Random(1)
    waits = [backoff.delay(failures, rng) for failures in range(13)]
    assert waits == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 45, 45, 45]


def test_the_exponential_series_doubles_up_to_the_cap() -> None:
    backoff, rng = ExponentialBackoff(first=1.0, cap=4.0, jitter=0.0), random.Random(1)
    assert [backoff.delay(failures, rng) for failures in range(5)] == [1, 2, 4, 4, 4]


def test_a_series_can_be_scaled() -> None:
    backoff = FibonacciBackoff(unit=0.5, cap=2.0, jitter=0.0)
    assert backoff.delay(3, random.Random(1)) == 1.0
    assert backoff.delay(9, random.Random(1)) == 2.0


@pytest.mark.parametrize("failures", [10**6, 10**9])
def test_any_number_of_failures_is_quick(failures: int) -> None:
    rng = random.Random(1)
    assert FibonacciBackoff(jitter=0.0).delay(failures, rng) == 45.0
    assert ExponentialBackoff(first=1.0, cap=60.0, jitter=0.0).delay(failures, rng) == 60.0


@given(st.integers(0, 100), st.floats(0, 1), st.randoms(use_true_random=False))
def test_jitter_lies_on_top_of_the_capped_wait(
    failures: int, jitter: float, rng: random.Random
) -> None:
    for plain, shaken in (
        (FibonacciBackoff(jitter=0.0), FibonacciBackoff(jitter=jitter)),
        (
            ExponentialBackoff(first=0.5, cap=30.0, jitter=0.0),
            ExponentialBackoff(first=0.5, cap=30.0, jitter=jitter),
        ),
    ):
        base = plain.delay(failures, rng)
        assert base <= shaken.delay(failures, rng) <= base * (1 + jitter)
