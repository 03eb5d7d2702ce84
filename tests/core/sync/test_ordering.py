from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.scheduler import Scheduler
from conversations._core.sync.notifications import NothingSeen, NumberedChange
from conversations._core.sync.objects import ObjectType
from conversations._core.sync.ordering import GAP_PATIENCE, MAX_HELD, EventOrder


def change(event_id: int, sid: str = "ES1") -> NumberedChange:
    return NothingSeen(object_type=ObjectType.LIST, sid=sid, id=event_id)


class Ordered:
    """
    An order under test, and the ids that it delivered.
    """

    def __init__(self, position: int | None = 10, *, is_live: bool = True) -> None:
        self.scheduler = Scheduler(1000.0)
        self.delivered: list[int] = []
        self.gaps = 0
        self.order = EventOrder(self.scheduler, position, self._deliver, self._gap)
        if is_live:
            self.order.replay_completed(position)

    def live(self, *event_ids: int) -> list[int]:
        for event_id in event_ids:
            self.order.receive(change(event_id), is_replayed=False)
        return self.delivered

    def replayed(self, *event_ids: int) -> list[int]:
        for event_id in event_ids:
            self.order.receive(change(event_id), is_replayed=True)
        return self.delivered

    def wait(self, seconds: float) -> list[int]:
        self.scheduler.run(self.scheduler.now + seconds)
        return self.delivered

    def _deliver(self, delivered: NumberedChange) -> None:
        self.delivered.append(delivered.id)

    def _gap(self) -> None:
        self.gaps += 1


def test_live_changes_in_order_are_delivered_at_once() -> None:
    ordered = Ordered()
    assert ordered.live(11, 12, 13) == [11, 12, 13]
    assert ordered.order.position == 13
    assert ordered.scheduler.next_deadline() is None


def test_a_change_is_delivered_once() -> None:
    ordered = Ordered()
    assert ordered.live(11, 11, 10, 3, 12, 11) == [11, 12]


def test_receive_says_whether_the_change_is_new() -> None:
    ordered = Ordered()
    assert ordered.order.receive(change(11), is_replayed=False)
    assert not ordered.order.receive(change(11), is_replayed=False)
    assert ordered.order.receive(change(13), is_replayed=False)
    assert ordered.order.receive(change(13), is_replayed=False)  # still waiting


def test_changes_that_overtook_each_other_are_put_in_order() -> None:
    ordered = Ordered()
    assert ordered.live(12) == []
    assert ordered.live(11) == [11, 12]
    assert ordered.wait(5) == [11, 12]
    assert ordered.gaps == 0


def test_a_change_beyond_a_gap_waits_a_second_and_no_longer() -> None:
    ordered = Ordered()
    ordered.live(12)
    assert ordered.wait(GAP_PATIENCE - 0.01) == []
    assert ordered.wait(0.01) == [12]
    assert ordered.order.position == 10
    assert ordered.gaps == 1


def test_what_comes_after_the_patience_is_delivered_late_and_the_position_catches_up() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.wait(GAP_PATIENCE)
    assert ordered.live(11) == [12, 11]
    assert ordered.order.position == 12


def test_a_gap_that_was_given_up_holds_nothing_back_again() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.wait(GAP_PATIENCE)
    assert ordered.live(13, 14) == [12, 13, 14]
    assert ordered.order.position == 10


def test_each_gap_has_a_patience_of_its_own() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.wait(0.9)
    ordered.live(15)
    assert ordered.wait(0.1) == [12]
    assert ordered.live(13) == [12, 13]
    assert ordered.wait(0.8) == [12, 13]
    assert ordered.wait(0.1) == [12, 13, 15]
    assert ordered.gaps == 2


def test_a_timer_that_has_nothing_to_do_any_more_does_nothing() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.wait(0.5)
    ordered.live(14)
    ordered.live(11)
    assert ordered.wait(0.5) == [11, 12]
    assert ordered.gaps == 0
    assert ordered.wait(0.5) == [11, 12, 14]


def test_a_new_order_waits_for_its_first_replay() -> None:
    ordered = Ordered(is_live=False)
    assert ordered.live(11) == []
    assert ordered.wait(60) == []
    ordered.order.replay_completed(11)
    assert ordered.delivered == [11]


def test_a_live_change_that_overtakes_the_replay_and_is_not_repeated_is_kept() -> None:
    # The newest change can arrive live, before the replay, which then leaves it out.
    ordered = Ordered()
    ordered.order.replay_expected()
    assert ordered.live(14) == []
    assert ordered.replayed(11, 12, 13) == [11, 12, 13]
    ordered.order.replay_completed(14)
    assert ordered.delivered == [11, 12, 13, 14]
    assert ordered.order.position == 14


def test_a_live_change_is_delivered_before_a_later_replayed_one() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(12)
    assert ordered.replayed(11) == [11]
    assert ordered.replayed(13) == [11, 12, 13]


def test_live_changes_of_a_reconnection_wait_for_what_was_missed() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(13, 14)
    ordered.replayed(11, 12)
    ordered.order.replay_completed(12)
    assert ordered.delivered == [11, 12, 13, 14]


def test_a_shortened_replay_has_gaps_and_the_end_of_it_closes_them() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    assert ordered.replayed(13, 17) == []
    ordered.order.replay_completed(18)
    assert ordered.delivered == [13, 17]
    assert ordered.order.position == 18
    assert ordered.live(19) == [13, 17, 19]


def test_a_long_shortened_replay_does_not_wait_for_its_end() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.replayed(13)
    assert ordered.wait(GAP_PATIENCE) == [13]
    assert ordered.order.position == 10
    assert ordered.gaps == 0


def test_a_change_that_a_replay_passed_over_is_delivered_late() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.order.replay_completed(13)
    assert ordered.live(12, 12) == [12]
    assert ordered.order.position == 13


def test_confirmation_without_an_id_ends_the_waiting() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.replayed(12)
    ordered.live(13, 15)
    ordered.order.replay_completed(None)
    assert ordered.delivered == [12, 13]
    assert ordered.wait(GAP_PATIENCE) == [12, 13, 15]
    assert ordered.order.position == 13


def test_a_confirmation_never_lowers_the_position() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.order.replay_completed(4)
    assert ordered.order.position == 10


def test_an_interrupted_replay_counts_as_far_as_it_came_without_a_gap() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.replayed(11, 13)
    ordered.live(20)
    ordered.order.replay_interrupted()
    assert ordered.delivered == [11, 13]
    assert ordered.order.position == 11
    ordered.order.replay_expected()
    ordered.replayed(13, 14, 20)
    ordered.order.replay_completed(20)
    assert ordered.delivered == [11, 13, 14, 20]


def test_an_interrupted_replay_that_brought_nothing_changes_nothing() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(12)
    ordered.order.replay_interrupted()
    assert ordered.delivered == []
    assert ordered.order.position == 10


def test_giving_up_a_replay_delivers_what_waits_but_the_position_stays() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(12, 15)
    ordered.order.replay_abandoned()
    assert ordered.delivered == [12, 15]
    assert ordered.order.position == 10
    ordered.order.replay_expected()
    ordered.replayed(11, 12, 13, 14, 15, 16)
    assert ordered.delivered == [12, 15, 11, 13, 14, 16]
    assert ordered.order.position == 16


def test_a_lost_connection_suspends_the_patience() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.order.replay_expected()
    assert ordered.wait(60) == []
    ordered.replayed(11)
    ordered.order.replay_completed(12)
    assert ordered.delivered == [11, 12]


def test_the_replayed_form_of_a_waiting_change_wins() -> None:
    received: list[NumberedChange] = []
    order = EventOrder(Scheduler(0.0), 10, received.append, lambda: None)
    order.receive(change(11, "live"), is_replayed=False)
    order.receive(change(12, "live"), is_replayed=False)
    order.receive(change(12, "replayed"), is_replayed=True)
    assert [each.sid for each in received] == ["live", "replayed"]


def test_a_duplicate_of_a_waiting_live_change_is_ignored() -> None:
    received: list[NumberedChange] = []
    order = EventOrder(Scheduler(0.0), 10, received.append, lambda: None)
    order.receive(change(12, "first"), is_replayed=False)
    order.receive(change(12, "second"), is_replayed=False)
    order.replay_completed(12)
    assert [each.sid for each in received] == ["first"]


def test_so_many_changes_wait_and_no_more() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(*range(12, 12 + MAX_HELD))
    assert ordered.delivered == []
    assert ordered.live(12 + MAX_HELD) == [12]


def test_a_flood_beyond_a_gap_moves_the_position_in_the_end() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.wait(GAP_PATIENCE)
    ordered.live(*range(13, 12 + MAX_HELD))
    assert ordered.order.position == 10
    ordered.live(12 + MAX_HELD)
    assert ordered.order.position == 12 + MAX_HELD


def test_without_a_position_the_first_change_is_delivered_and_orders_the_next() -> None:
    ordered = Ordered(None)
    assert ordered.live(20) == [20]
    assert ordered.live(22) == [20]
    assert ordered.live(21) == [20, 21, 22]
    assert ordered.order.position is None


def test_without_a_position_the_confirmation_gives_one() -> None:
    ordered = Ordered(None, is_live=False)
    ordered.live(-1, 0)
    ordered.order.replay_completed(0)
    assert ordered.delivered == [-1, 0]
    assert ordered.order.position == 0


def test_a_confirmation_without_an_id_leaves_a_missing_position_missing() -> None:
    ordered = Ordered(None, is_live=False)
    ordered.order.replay_completed(None)
    assert ordered.order.position is None


def test_restarting_delivers_what_is_older_and_forgets_what_is_missing() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.live(13, 19)
    ordered.order.restart(15)
    assert ordered.delivered == [13]
    assert ordered.order.position == 15
    assert ordered.live(12, 14) == [13]
    ordered.order.replay_completed(19)
    assert ordered.delivered == [13, 19]


def test_restarting_without_a_position_keeps_the_old_one() -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.order.restart(None)
    assert ordered.order.position == 10


def test_closing_forgets_what_waits() -> None:
    ordered = Ordered()
    ordered.live(12)
    ordered.order.close()
    assert ordered.wait(GAP_PATIENCE) == []
    assert ordered.scheduler.next_deadline() is None


def test_closing_while_delivering_ends_the_delivery() -> None:
    delivered: list[int] = []

    def deliver(each: NumberedChange) -> None:
        delivered.append(each.id)
        order.close()

    order = EventOrder(Scheduler(0.0), 10, deliver, lambda: None)
    for event_id in (11, 12, 13):
        order.receive(change(event_id), is_replayed=False)
    order.replay_completed(13)
    assert delivered == [11]


@given(data=st.data())
def test_whatever_overtakes_whatever_within_a_second_is_delivered_once_in_order(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 12))
    arrivals = data.draw(st.permutations([*range(11, 11 + count), *range(11, 11 + count)]))
    ordered = Ordered()
    for event_id in arrivals:
        ordered.live(event_id)
        ordered.wait(data.draw(st.sampled_from([0.0, 0.01])))
    assert ordered.delivered == list(range(11, 11 + count))
    assert ordered.order.position == 10 + count


@given(data=st.data())
def test_any_reconnections_deliver_each_id_once_in_order(data: st.DataObject) -> None:
    """
    Against a server with the whole history: live events lost with the connection, overtaking
    each other and the replay, left out by the replay, repeated; replays in full, broken off
    by another loss, interrupted.
    """
    ordered = Ordered()
    newest = 10
    for _ in range(data.draw(st.integers(1, 6))):
        # live: some changes arrive, in any order; then the connection breaks
        fresh = list(range(newest + 1, newest + 1 + data.draw(st.integers(0, 4))))
        newest += len(fresh)
        arriving = data.draw(st.permutations(fresh))
        ordered.live(*arriving[: data.draw(st.integers(0, len(arriving)))])
        ordered.order.replay_expected()
        newest += data.draw(st.integers(0, 4))
        while True:
            position = ordered.order.position
            assert position is not None
            replay = list(range(position + 1, newest + 1))
            ordered.order.replay_expected()
            overtaking = data.draw(st.booleans()) and bool(replay)
            if overtaking:  # the newest comes live, first, and is not repeated
                ordered.live(replay.pop())
            end = data.draw(st.sampled_from(["completed", "completed", "interrupted", "lost"]))
            if end == "completed":
                ordered.replayed(*replay)
                ordered.order.replay_completed(newest)
                break
            ordered.replayed(*replay[: data.draw(st.integers(0, len(replay)))])
            if end == "interrupted":
                ordered.order.replay_interrupted()
    assert ordered.delivered == list(range(11, newest + 1))
    assert ordered.order.position == newest
    assert ordered.gaps == 0


@given(data=st.data())
def test_nothing_is_delivered_twice_and_what_has_arrived_is_delivered(
    data: st.DataObject,
) -> None:
    """
    Whatever happens in whatever order, waiting times included.
    """
    ordered = Ordered(data.draw(st.sampled_from([None, -1, 10])))
    arrived: set[int] = set()
    start = ordered.order.position
    for _ in range(data.draw(st.integers(0, 30))):
        step = data.draw(
            st.sampled_from(["live", "live", "live", "replayed", "wait", "expect", "end", "drop"])
        )
        event_id = data.draw(st.integers(0, 25))
        if step in {"live", "replayed"}:
            if step == "live":
                ordered.live(event_id)
            else:
                ordered.replayed(event_id)
            if start is None or event_id > start:
                arrived.add(event_id)
        elif step == "wait":
            ordered.wait(data.draw(st.sampled_from([0.1, 0.5, 1.0])))
        elif step == "expect":
            ordered.order.replay_expected()
        elif step == "drop":
            ordered.order.replay_interrupted()
        else:
            ordered.order.replay_completed(data.draw(st.sampled_from([None, event_id])))
    ordered.order.replay_completed(None)
    ordered.wait(GAP_PATIENCE)
    assert len(ordered.delivered) == len(set(ordered.delivered))
    if start is None:  # a position found on the way makes everything before it known
        assert set(ordered.delivered) <= arrived
    else:
        assert set(ordered.delivered) == arrived


@pytest.mark.parametrize("is_replayed", [False, True])
def test_the_position_is_never_above_what_is_known(is_replayed: bool) -> None:
    ordered = Ordered()
    ordered.order.replay_expected()
    ordered.order.receive(change(15), is_replayed=is_replayed)
    assert ordered.order.position == 10
