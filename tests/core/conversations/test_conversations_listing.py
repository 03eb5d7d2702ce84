"""
The user's conversations page by page, from the map, in the order of its keys.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.conversations.calls import Call
from conversations._core.conversations.listing_commands import ConversationPage
from conversations._core.conversations.service import ConversationsService
from conversations.enums import ConversationSynchronizationStatus, SynchronizationStatus
from conversations.errors import ForbiddenError, RequestTimeoutError
from tests.core.simulated_objects import refusal
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World

Level = ConversationSynchronizationStatus


def service_with(count: int) -> tuple[SimulatedService, list[str]]:
    """
    Alice is in so many conversations; their sids rise.
    """
    service = SimulatedService()
    return service, [service.create("bob", "alice", "bob").sid for _ in range(count)]


def page(world: World, start: str | None = None, size: int = 2, **more: Any) -> ConversationPage:
    async def run(service: ConversationsService, call: Call) -> ConversationPage:
        return await service.listing_commands.page(call, start=start, page_size=size, **more)

    return world.result(run)


def sids(found: ConversationPage) -> list[str]:
    return [record.sid for record in found.records]


def map_reads(world: World) -> list[dict[str, str]]:
    name = world.service.my_map("alice").sid
    return [
        request.params
        for request in world.service.requests
        if request.path.endswith(f"/Maps/{name}/Items")
    ]


def test_pages_follow_each_other_in_the_order_of_keys() -> None:
    service, known = service_with(5)
    world = World(service).ready()
    first = page(world)
    assert sids(first) == known[:2]
    assert (first.previous, first.following) == (None, known[1])
    second = page(world, first.following)
    assert sids(second) == known[2:4]
    assert (second.previous, second.following) == (known[2], known[3])
    third = page(world, second.following)
    assert sids(third) == known[4:]
    assert (third.previous, third.following) == (known[4], None)
    back = page(world, second.previous, order="desc")
    assert sids(back) == known[:2]
    assert (back.previous, back.following) == (None, known[1])
    between = page(world, third.previous, order="desc")
    assert sids(between) == known[2:4]
    assert (between.previous, between.following) == (known[2], known[3])


def test_the_requests_are_those_of_the_map() -> None:
    service, known = service_with(3)
    world = World(service).ready()
    first = page(world, size=50)
    page(world, first.records[0].sid, size=7, order="desc")
    assert map_reads(world) == [
        {"HideExpired": "true", "PageSize": "50", "Order": "asc"},
        {
            "HideExpired": "true",
            "From": known[0],
            "Bounds": "exclusive",
            "PageSize": "7",
            "Order": "desc",
        },
    ]


def test_an_empty_list_is_one_empty_page() -> None:
    world = World().ready()
    found = page(world)
    assert (found.records, found.previous, found.following) == ([], None, None)


def test_it_works_before_the_list_is_loaded() -> None:
    service, known = service_with(3)
    service.fault("Users/US", "GET", delay=60.0)  # the REST list
    world = World(service)
    world.start()
    world.run_until(lambda: "Initialized" in world.words)
    found = page(world, size=10)
    assert sids(found) == known
    assert world.list.status is SynchronizationStatus.STARTED
    assert [record.snapshot.synchronization_status for record in found.records] != []
    assert all(
        record.snapshot.synchronization_status.is_at_least(Level.METADATA)
        for record in found.records
    )
    added = [event.conversation.sid for event in world.told if _is_added(event)]
    assert sorted(added) == known
    world.settle()
    assert world.list.status is SynchronizationStatus.COMPLETED
    assert len([event for event in world.told if _is_added(event)]) == 3  # once each


def test_it_works_without_any_list() -> None:
    service, known = service_with(2)
    world = World(service, load_conversations=False).ready()
    assert world.list.status is SynchronizationStatus.SYNCHRONIZATION_DISABLED
    found = page(world)
    assert sids(found) == known
    service.update(service.conversations[known[0]], friendlyName="new")
    world.settle()
    assert found.records[0].snapshot.friendly_name == "new"
    assert found.records[0] is world.record(known[0])


def test_the_objects_are_those_that_are_known() -> None:
    service, known = service_with(2)
    world = World(service).ready()
    assert page(world).records == [world.record(sid) for sid in known]
    world.take()
    page(world)
    world.settle()
    assert world.words == []


def test_what_cannot_be_opened_is_left_out_and_reported() -> None:
    service, known = service_with(3)
    broken = service.conversations[known[1]]
    service.fault(broken.document.name, "GET", times=99, response=refusal(403, 54007))
    world = World(service, load_conversations=False).ready()
    found = page(world, size=2)
    assert sids(found) == [known[0]]
    assert found.following == known[1]  # the next page begins where it does all the same
    assert world.words.count("ErrorOccurred") == 1


def test_one_without_its_messages_is_there() -> None:
    service, known = service_with(1)
    messages = service.conversations[known[0]].messages
    service.fault(messages.name, "GET", times=99, response=refusal(403, 54007))
    world = World(service).ready()
    assert world.record(known[0]).snapshot.synchronization_status is Level.FAILED
    assert sids(page(world)) == known


def test_one_that_goes_away_meanwhile_is_left_out() -> None:
    service, known = service_with(2)
    gone = service.conversations[known[0]]
    service.fault(gone.document.name, "GET", delay=5.0)
    world = World(service, load_conversations=False).ready()
    service.later(2.0, lambda: service.remove(gone, "alice"))
    assert sids(page(world)) == known[1:]


def test_a_page_that_is_refused_raises() -> None:
    service, _ = service_with(1)
    world = World(service).ready()
    service.fault("/Items", "GET", response=refusal(403, 54007))
    with pytest.raises(ForbiddenError):
        page(world)


def test_a_page_is_repeated_by_the_rules_of_calls() -> None:
    service, known = service_with(1)
    world = World(service).ready()
    service.fault("/Items", "GET", times=2, status=503)
    assert sids(page(world)) == known
    service.fault("/Items", "GET", times=9, is_silent=True)
    with pytest.raises(RequestTimeoutError):
        page(world)


def _is_added(event: Any) -> bool:
    return type(event).__name__ == "ConversationAdded"
