from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from conversations._runtime.backlog import Backlog


@attrs.frozen
class Added:
    name: str


@attrs.frozen
class Updated:
    merge_key: str | None
    reasons: frozenset[int]

    def merged_with(self, later: Updated) -> Updated:
        assert later.merge_key == self.merge_key
        return Updated(self.merge_key, self.reasons | later.reasons)


def updated(key: str | None, *reasons: int) -> Updated:
    return Updated(key, frozenset(reasons))


def drain(backlog: Backlog) -> list[object]:
    return [backlog.popleft() for _ in range(len(backlog))]


def test_below_the_mark_nothing_is_merged() -> None:
    backlog = Backlog(10)
    items = [updated("a", 1), updated("a", 2), Added("b"), updated("a", 1)]

    assert not any([backlog.append(item) for item in items])  # noqa: C419  # all of them

    assert drain(backlog) == items
    assert backlog.high_water_marks == 0


def test_passing_the_mark_merges_what_waits_into_the_earliest_place() -> None:
    backlog = Backlog(4)
    for item in (updated("a", 1), Added("x"), updated("b", 1), updated("a", 2)):
        backlog.append(item)

    assert backlog.append(updated("b", 3))

    assert drain(backlog) == [updated("a", 1, 2), Added("x"), updated("b", 1, 3)]
    assert backlog.high_water_marks == 1


def test_above_the_mark_later_updates_join_those_that_wait() -> None:
    backlog = Backlog(2)
    for item in (Added("x"), Added("y"), updated("a", 1), updated("a", 2), Added("z")):
        backlog.append(item)

    assert drain(backlog) == [Added("x"), Added("y"), updated("a", 1, 2), Added("z")]


def test_an_update_that_was_taken_is_not_merged_into() -> None:
    backlog = Backlog(2)
    for item in (updated("a", 1), Added("x"), Added("y"), Added("z")):
        backlog.append(item)

    assert backlog.popleft() == updated("a", 1)
    backlog.append(updated("a", 2))

    assert drain(backlog)[-1] == updated("a", 2)


def test_an_update_without_a_key_is_left_alone() -> None:
    backlog = Backlog(1)
    items = [updated(None, 1), updated(None, 2), updated(None, 3)]
    for item in items:
        backlog.append(item)

    assert drain(backlog) == items


def test_the_mark_is_passed_again_only_after_the_queue_was_short() -> None:
    backlog = Backlog(4)
    passed = [backlog.append(Added(str(number))) for number in range(6)]
    assert passed == [False, False, False, False, True, False]

    backlog.popleft()
    backlog.popleft()
    assert not backlog.append(Added("over again"))
    drain(backlog)

    assert [backlog.append(Added(str(number))) for number in range(5)][-1]
    assert backlog.high_water_marks == 2


def test_merging_stops_when_the_queue_is_short_again() -> None:
    backlog = Backlog(4)
    for number in range(5):
        backlog.append(Added(str(number)))
    drain(backlog)

    backlog.append(updated("a", 1))
    backlog.append(updated("a", 2))

    assert drain(backlog) == [updated("a", 1), updated("a", 2)]


def test_clearing_forgets_everything() -> None:
    backlog = Backlog(1)
    for item in (updated("a", 1), Added("x"), Added("y")):
        backlog.append(item)

    backlog.clear()
    backlog.append(updated("a", 2))

    assert drain(backlog) == [updated("a", 2)]


STEPS = st.lists(
    st.one_of(
        st.integers(0, 99).map(lambda number: Added(str(number))),
        st.builds(updated, st.sampled_from("abc"), st.integers(0, 5)),
        st.none(),  # take one
    ),
    max_size=80,
)


@given(steps=STEPS, mark=st.integers(1, 10))
def test_whatever_comes_and_goes_nothing_but_repeated_updates_is_lost(
    steps: list[Added | Updated | None], mark: int
) -> None:
    backlog = Backlog(mark)
    taken: list[object] = []
    for step in steps:
        if step is None:
            taken += [backlog.popleft()] if len(backlog) else []
        else:
            backlog.append(step)
    taken += drain(backlog)

    put = [step for step in steps if step is not None]
    assert [each for each in taken if isinstance(each, Added)] == [
        each for each in put if isinstance(each, Added)
    ]
    for key in "abc":
        reasons_put = [each.reasons for each in put if getattr(each, "merge_key", None) == key]
        reasons = [each.reasons for each in taken if getattr(each, "merge_key", None) == key]
        assert frozenset().union(*reasons) == frozenset().union(*reasons_put)
        assert len(reasons) <= len(reasons_put)
