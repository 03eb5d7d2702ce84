"""
The window over the client's own requests.
"""

from __future__ import annotations

import itertools

import pytest

from conversations._core.conversations.window import INITIAL_SIZE, RequestWindow, Ticket
from conversations._core.promises import Promise, spawn
from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamRequest
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World


class Gate:
    """
    A window and those who want to pass it.
    """

    def __init__(self, cap: int = 1000) -> None:
        self.scheduler = Scheduler()
        self.window = RequestWindow(self.scheduler, cap)
        self.entrances: list[Promise[Ticket]] = []

    def come(self, number: int = 1, url: str = "https://x/a") -> None:
        for _ in range(number):
            request = UpstreamRequest(method="GET", url=url)
            self.entrances.append(self.window.enter(request))

    def admitted(self) -> list[Ticket]:
        """
        Those that have passed since the last time.
        """
        passed = [one.result() for one in self.entrances if one.is_settled]
        self.entrances = [one for one in self.entrances if not one.is_settled]
        return passed


def test_it_starts_at_300_or_the_cap() -> None:
    for cap, size in ((1000, INITIAL_SIZE), (50, 50), (1, 1)):
        gate = Gate(cap)
        gate.come(400)
        assert len(gate.admitted()) == gate.window.size == gate.window.in_flight == size


def test_it_is_first_come_first_served() -> None:
    gate = Gate(1)
    gate.come(3)
    first, second, third = gate.entrances
    assert (first.is_settled, second.is_settled) == (True, False)
    gate.window.answered(first.result())
    assert (second.is_settled, third.is_settled) == (True, False)


def test_each_answer_lets_it_grow_up_to_the_cap() -> None:
    gate = Gate(302)
    gate.come(310)
    tickets = gate.admitted()
    sizes = []
    for ticket in tickets[:4]:
        gate.window.answered(ticket)
        sizes.append(gate.window.size)
    assert sizes == [301, 302, 302, 302]


def test_many_refusals_of_one_round_trip_halve_it_once() -> None:
    gate = Gate()
    gate.come(600)
    tickets = gate.admitted()
    for ticket in tickets:
        gate.window.throttled(ticket, None)
    assert gate.window.size == 150
    later = gate.admitted()
    assert len(later) == 150
    # A refusal of what was sent after that halves it again.
    gate.window.throttled(later[0], None)
    gate.window.throttled(later[1], None)
    assert gate.window.size == 75


def test_it_never_closes() -> None:
    gate = Gate(1)
    for _ in range(5):
        gate.come()
        (ticket,) = gate.admitted()
        gate.window.throttled(ticket, None)
    assert gate.window.size == 1


def test_after_halving_it_grows_by_one_a_round_trip() -> None:
    gate = Gate(100)
    gate.come(200)
    gate.window.throttled(gate.admitted()[0], None)
    assert gate.window.size == 50
    tickets = [Ticket(1) for _ in range(51)]
    for ticket in tickets:
        gate.window._in_flight += 1
        gate.window.answered(ticket)
    assert gate.window.size == 51


def test_what_had_no_answer_leaves_it_as_it_is() -> None:
    gate = Gate(2)
    gate.come(3)
    first, _ = gate.admitted()
    gate.window.dropped(first)
    assert gate.window.size == 2
    assert len(gate.admitted()) == 1


def test_retry_after_stops_everything_for_that_time() -> None:
    gate = Gate(4)
    gate.come(6)
    first, second, third, _ = gate.admitted()
    gate.window.throttled(first, 5.0)
    gate.window.throttled(second, 3.0)  # the longest counts
    gate.window.answered(third)
    gate.scheduler.run(4.9)
    assert gate.admitted() == []
    gate.scheduler.run(5.0)
    assert len(gate.admitted()) == 1
    gate.come(2)
    assert gate.admitted() == []


def test_a_longer_pause_replaces_a_shorter_one() -> None:
    gate = Gate(4)
    gate.come(9)
    first, second, *_ = gate.admitted()
    gate.window.throttled(first, 1.0)
    gate.window.throttled(second, 2.0)
    gate.scheduler.run(1.5)
    assert gate.admitted() == []


def test_a_pause_of_nothing_is_none() -> None:
    gate = Gate(4)
    gate.come(9)
    tickets = gate.admitted()
    for ticket in tickets:
        gate.window.throttled(ticket, 0.0)
    assert len(gate.admitted()) == 2


def test_what_is_urgent_passes_even_a_full_window_and_a_pause() -> None:
    gate = Gate(1)
    gate.come()
    (ticket,) = gate.admitted()
    gate.window.throttled(ticket, 60.0)
    gate.come(2, "https://x/slow")
    gate.come(1, "https://x/urgent")
    with gate.window.expedited(lambda request: request.url.endswith("urgent")):
        (passed,) = gate.admitted()
        gate.come(1, "https://x/urgent")  # also what comes only now
        assert len(gate.admitted()) == 1
        assert gate.window.in_flight == 0  # it does not count
    gate.come(1, "https://x/urgent")
    assert gate.admitted() == []
    gate.window.answered(passed)
    assert gate.window.in_flight == 0


def test_whoever_gives_up_waiting_leaves_the_queue() -> None:
    gate = Gate(1)

    async def wait() -> Ticket:
        return await gate.window.enter(UpstreamRequest(method="GET", url="https://x/"))

    gate.come(1)
    task = spawn(gate.scheduler, wait())
    gate.scheduler.run(0.0)
    task.cancel()
    gate.scheduler.run(0.0)
    (ticket,) = gate.admitted()
    gate.window.answered(ticket)
    assert gate.window.in_flight == 0


def test_a_permission_granted_in_the_moment_of_giving_up_is_given_back() -> None:
    gate = Gate(1)
    request = UpstreamRequest(method="GET", url="https://x/")
    granted, waiting = gate.window.enter(request), gate.window.enter(request)
    gate.window.abandoned(granted)
    assert waiting.is_settled
    gate.window.abandoned(gate.window.enter(request))  # not granted: nothing to give back
    assert gate.window.in_flight == 1


# In the whole


def in_flight_maximum(world: World) -> int:
    window = world.engine._exchange._window
    highest = 0
    while not (world.engine.service and world.list.is_completed):
        world._step()
        highest = max(highest, window.in_flight)
    return highest


def service_with(number: int) -> SimulatedService:
    service = SimulatedService()
    for _ in range(number):
        service.create("bob", "alice")
    return service


def test_never_more_than_the_cap_are_under_way() -> None:
    world = World(service_with(30), latency=1.0, max_outstanding_requests=7)
    world.start(timeout=60.0)
    assert in_flight_maximum(world) == 7


def test_at_the_start_300_are_under_way_and_more_with_each_answer() -> None:
    world = World(service_with(400), latency=1.0)
    world.service.page_size = 1000
    world.start(timeout=60.0)
    assert in_flight_maximum(world) > 600


@pytest.mark.parametrize("is_twilsock", [False, True])
def test_a_service_that_is_asked_too_much_halves_the_window(*, is_twilsock: bool) -> None:
    service = service_with(100)
    if is_twilsock:
        service.fault(".roster", twilsock=(429, 51202), times=30)
    else:
        service.fault(".roster", status=429, times=30, headers={"retry-after": "2"})
    world = World(service, latency=1.0)
    world.start(timeout=60.0)
    sizes = [world.engine._exchange._window.size]
    while not (world.engine.service and world.list.is_completed):
        world._step()
        sizes.append(world.engine._exchange._window.size)
    halved = [after for before, after in itertools.pairwise(sizes) if after < before]
    assert len(halved) == 1
    assert 150 < halved[0] < 300
    assert world.words[-1] == "COMPLETED"
    assert "ErrorOccurred" not in world.words


def test_nothing_stays_counted_whatever_is_cancelled() -> None:
    service = service_with(3)
    world = World(service, latency=0.1, max_outstanding_requests=2).ready()
    for _ in range(30):
        new = service.create("bob", "alice")
        world.run(0.06)
        service.remove(new, "alice", keep_entry=True)
        world.run(0.03)
        service.add(new, "alice")
    world.settle()
    assert world.engine._exchange._window.in_flight == 0
