from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conversations._core.sync.known_ids import MAX_BEYOND_GAP, MAX_GAPS, KnownIds


def test_everything_up_to_the_position_is_known() -> None:
    known = KnownIds(5)
    assert 5 in known
    assert -1 in known
    assert 6 not in known
    assert known.highest == 5


def test_an_id_beyond_a_gap_does_not_move_the_position() -> None:
    known = KnownIds(5)
    known.add(7)
    assert known.position == 5
    assert known.highest == 7
    assert 6 not in known


def test_closing_the_gap_moves_the_position_over_all_that_follow() -> None:
    known = KnownIds(5)
    for event_id in (7, 8, 10, 6):
        known.add(event_id)
    assert known.position == 8
    assert known.highest == 10


def test_null_is_below_every_id() -> None:
    known = KnownIds(None)
    assert -1 not in known
    assert known.highest is None
    known.add(-1)
    assert -1 in known
    assert known.position is None


def test_advancing_from_null_gives_a_position_and_no_gap_to_look_for() -> None:
    known = KnownIds(None)
    known.add(3)
    known.advance(10)
    assert known.position == 10
    assert 9 in known


def test_ids_passed_over_by_advancing_can_still_come() -> None:
    known = KnownIds(5)
    known.add(8)
    known.advance(10)
    assert known.position == 10
    assert [event_id in known for event_id in range(5, 12)] == [
        *(True, False, False),
        *(True, False, False, False),
    ]
    known.add(6)
    known.add(9)
    assert [event_id in known for event_id in (6, 7, 9, 10)] == [True, False, True, False]


def test_adding_a_known_id_below_the_position_changes_nothing() -> None:
    known = KnownIds(5)
    known.advance(7)
    known.add(3)
    assert known.position == 7
    assert 6 not in known


def test_advancing_never_goes_back() -> None:
    known = KnownIds(5)
    known.advance(3)
    assert known.position == 5
    assert 4 in known


def test_advancing_absorbs_what_follows() -> None:
    known = KnownIds(5)
    known.add(8)
    known.advance(7)
    assert known.position == 8


def test_restarting_gives_up_what_is_missing() -> None:
    known = KnownIds(5)
    known.advance(7)
    known.add(10)
    known.restart(9)
    assert known.position == 10
    assert 6 in known


def test_restarting_without_a_position_keeps_the_old_one() -> None:
    known = KnownIds(5)
    known.restart(None)
    assert known.position == 5


def test_a_gap_is_given_up_when_too_much_lies_beyond_it() -> None:
    known = KnownIds(0)
    for event_id in range(2, MAX_BEYOND_GAP + 2):
        known.add(event_id)
    assert known.position == 0
    known.add(MAX_BEYOND_GAP + 2)
    assert known.position == MAX_BEYOND_GAP + 2
    assert 1 not in known


def test_the_oldest_gap_is_forgotten_when_there_are_too_many() -> None:
    known = KnownIds(0)
    for number in range(1, MAX_GAPS + 2):
        known.add(2 * number)
        known.advance(2 * number)
    assert 1 in known
    assert 3 not in known


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 30)), max_size=40))
def test_it_is_the_set_of_the_ids_added(steps: list[tuple[bool, int]]) -> None:
    known = KnownIds(0)
    added = set(range(-10, 1))
    position = 0
    for is_advance, event_id in steps:
        if is_advance:
            known.advance(event_id)
            position = max(position, event_id)
        else:
            known.add(event_id)
            added.add(event_id)
        while position + 1 in added:
            position += 1
        assert known.position == position
        assert known.highest == max(position, *added)
        assert {number for number in range(-10, 40) if number in known} == added
