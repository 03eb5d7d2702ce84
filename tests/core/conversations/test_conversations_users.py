"""
Users: asked for, followed up to a limit, left again; the own one always.
"""

from __future__ import annotations

import gc
from typing import Any

import pytest

from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.records import UserRecord
from conversations.enums import ErrorReason
from conversations.errors import ConversationsError, ForbiddenError, NotFoundError
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World

OTHERS = ("bob", "carol", "dave", "erin")


def world_with(**settings: Any) -> World:
    service = SimulatedService()
    service.reachability = True
    for identity in OTHERS:
        service.user(identity)
    world = World(service, **settings).ready()
    world.take()
    service.requests.clear()
    return world


def users(world: World) -> Any:
    return world.engine.ready_service().users


def subscribe(world: World, identity: str, name: str | None = None) -> UserRecord:
    return world.result(lambda s, call: s.user_commands.subscribe(call, identity, name))


def unsubscribe(world: World, record: UserRecord) -> None:
    world.result(lambda s, call: s.user_commands.unsubscribe(call, record))


def error(world: World, identity: str, name: str | None = None) -> Any:
    promise = world.call(lambda s, call: s.user_commands.subscribe(call, identity, name))
    world.settle()
    assert promise.is_settled
    return promise.error


def told(world: World) -> list[tuple[str, str]]:
    """
    What was told about users: the event, and whom it is about.
    """
    return [
        (word.replace("UserUpdated ", ""), record.snapshot.identity)
        for word, event in zip(world.words, world.told, strict=True)
        if isinstance(record := getattr(event, "user", getattr(event, "record", None)), UserRecord)
    ]


def take(world: World) -> list[tuple[str, str]]:
    found = told(world)
    world.take()
    return found


def identities(world: World) -> list[str]:
    return [record.snapshot.identity for record in users(world).records]


def sent(world: World) -> list[Request]:
    return [request for request in world.service.requests if "Subscriptions" not in request.path]


# Following others


def test_a_user_is_found_loaded_and_followed() -> None:
    world = world_with()
    world.service.update_user("bob", "attributes", {"value": '{"a": 1}'})
    world.service.update_user("bob", "reachability", {"online": True, "notifiable": False})
    bob = subscribe(world, "bob")
    snapshot = bob.snapshot
    assert (snapshot.identity, snapshot.friendly_name) == ("bob", "bob")
    assert snapshot.attributes.value == {"a": 1}
    assert (snapshot.is_online, snapshot.is_notifiable) == (True, False)
    assert snapshot.is_subscribed
    assert take(world) == [("UserSubscribed", "bob")]
    assert [str(request) for request in sent(world)] == [
        f"GET /Client/v2/Services/IS{'0' * 32}/Users/bob",
        f"GET /v3/Maps/{world.service.users['bob']}.info",
    ]
    world.settle()
    world.service.update_user("bob", "friendlyName", {"value": "Bob"})
    world.service.update_user("bob", "reachability", {"online": False, "notifiable": True})
    world.settle()
    assert take(world) == [
        ("FRIENDLY_NAME", "bob"),
        ("REACHABILITY_ONLINE REACHABILITY_NOTIFIABLE", "bob"),
    ]


def test_a_user_that_is_followed_needs_no_request() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    world.service.requests.clear()
    assert subscribe(world, "bob") is bob
    assert subscribe(world, "alice") is users(world).own.record
    assert sent(world) == []
    assert take(world) == [("UserSubscribed", "bob")]


def test_a_known_name_of_the_map_saves_the_search() -> None:
    world = world_with()
    subscribe(world, "bob", f"{world.service.users['bob']}.info")
    assert [request.path for request in sent(world)] == [
        f"/v3/Maps/{world.service.users['bob']}.info"
    ]


def test_identities_are_encoded() -> None:
    world = world_with()
    world.service.user("bo b/ö")
    assert subscribe(world, "bo b/ö").snapshot.identity == "bo b/ö"
    assert sent(world)[0].path.endswith("/Users/bo%20b%2F%C3%B6")


def test_a_user_asked_for_by_another_name_is_the_one_that_is_answered() -> None:
    world = world_with()
    body = {"identity": "bob", "sync_objects": {"user_info_map": world.service.info("bob").name}}
    world.service.fault("/Users/US9", "GET", times=2, response=Response(200, body))
    bob = subscribe(world, "US9")
    assert bob.snapshot.identity == "bob"
    assert subscribe(world, "bob") is bob
    assert subscribe(world, "US9") is bob
    assert identities(world) == ["alice", "bob"]


def test_an_unknown_user_is_not_found() -> None:
    world = world_with()
    found = error(world, "nobody")
    assert isinstance(found, NotFoundError)
    assert found.code == 50200
    assert take(world) == []


@pytest.mark.parametrize("body", [None, [], {}, {"sync_objects": {"user_info_map": 7}}])
def test_an_answer_without_a_map_is_not_understood(body: Any) -> None:
    world = world_with()
    world.service.fault("/Users/bob", "GET", response=Response(200, body))
    found = error(world, "bob")
    assert isinstance(found, ConversationsError)
    assert found.reason is ErrorReason.CANNOT_PARSE


def test_a_map_that_cannot_be_opened_is_an_error() -> None:
    world = world_with()
    world.service.info("bob").may_read = lambda _: False
    assert isinstance(error(world, "bob"), ForbiddenError)
    assert identities(world) == ["alice"]
    assert take(world) == []


def test_a_user_with_many_items_is_loaded_completely() -> None:
    world = world_with()
    info = world.service.info("bob")
    for number in range(200):
        info.change("added", f"a{number:03}", {"value": number})
    bob = subscribe(world, "bob")
    assert bob.snapshot.friendly_name == "bob"
    assert bob.snapshot.is_online is False


def test_a_call_that_gives_up_while_items_are_loaded_leaves_nothing_open() -> None:
    world = world_with()
    info = world.service.info("bob")
    for number in range(200):
        info.change("added", f"a{number:03}", {"value": number})
    world.service.fault("/Items", "GET", is_silent=True)
    call = world.call(lambda s, call: s.user_commands.subscribe(call, "bob"), timeout=2.0)
    world.settle()
    assert call.error is not None
    assert info.sid not in world.connection.subscribed
    assert identities(world) == ["alice"]


def test_calls_for_one_user_at_the_same_time_get_one_object() -> None:
    world = world_with()
    calls = [world.call(lambda s, call: s.user_commands.subscribe(call, "bob")) for _ in range(3)]
    world.settle()
    assert len({id(call.result()) for call in calls}) == 1
    assert take(world) == [("UserSubscribed", "bob")]
    assert calls[0].result().snapshot.is_subscribed
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    world.settle()
    assert take(world) == [("FRIENDLY_NAME", "bob")]


def test_a_user_is_found_ahead_of_what_the_client_reads_by_itself() -> None:
    service = SimulatedService()
    for identity in OTHERS:
        service.user(identity)
    for _ in range(30):
        service.create("bob", "alice")
    service.fault("/Documents/", "GET", delay=5.0, times=100)
    world = World(service, max_outstanding_requests=2)
    world.start()
    world.run_until(lambda: len(service.requests) > 8)
    before = world.now
    subscribe(world, "bob")
    assert world.now - before < 1.0


# The limit


def test_one_more_than_the_limit_takes_the_place_of_the_oldest() -> None:
    world = world_with(choices=Choices(user_infos_to_subscribe=2))
    bob, carol = subscribe(world, "bob"), subscribe(world, "carol")
    subscribe(world, "bob")  # asking again does not make it younger
    take(world)
    subscribe(world, "dave")
    assert take(world) == [("UserUnsubscribed", "bob"), ("UserSubscribed", "dave")]
    assert identities(world) == ["alice", "carol", "dave"]
    assert not bob.snapshot.is_subscribed
    assert bob.snapshot.friendly_name == "bob"
    world.settle()
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    world.service.update_user("carol", "friendlyName", {"value": "C"})
    world.settle()
    assert take(world) == [("FRIENDLY_NAME", "carol")]
    assert bob.snapshot.friendly_name == "bob"
    assert world.service.info("bob").sid not in world.connection.subscribed
    assert subscribe(world, "bob") is bob
    assert not carol.snapshot.is_subscribed


def test_the_limit_of_the_service_holds_without_one_of_the_program() -> None:
    service = SimulatedService()
    service.options = {"user_infos_to_subscribe": 1}
    for identity in OTHERS:
        service.user(identity)
    world = World(service).ready()
    for identity in OTHERS:
        subscribe(world, identity)
    assert identities(world) == ["alice", "erin"]


def test_many_at_the_same_time_keep_to_the_limit() -> None:
    world = world_with(choices=Choices(user_infos_to_subscribe=2))
    calls = [
        world.call(lambda s, call, who=who: s.user_commands.subscribe(call, who))  # type: ignore[misc]
        for who in OTHERS
    ]
    world.settle()
    assert all(call.result() for call in calls)
    assert identities(world) == ["alice", "dave", "erin"]


# Leaving them


def test_unsubscribing_ends_the_updates_and_keeps_the_values() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    world.settle()
    take(world)
    unsubscribe(world, bob)
    unsubscribe(world, bob)  # does nothing
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    world.settle()
    assert take(world) == [("UserUnsubscribed", "bob")]
    assert identities(world) == ["alice"]
    assert bob.snapshot.friendly_name == "bob"
    assert world.service.info("bob").sid not in world.connection.subscribed


def test_a_user_followed_again_is_the_same_object_and_tells_what_it_missed() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    unsubscribe(world, bob)
    world.settle()
    take(world)
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    assert subscribe(world, "bob") is bob
    assert bob.snapshot.is_subscribed
    assert take(world) == [("UserSubscribed", "bob"), ("FRIENDLY_NAME", "bob")]


def test_a_user_that_nobody_holds_is_forgotten() -> None:
    world = world_with()
    unsubscribe(world, subscribe(world, "bob"))
    world.take()
    world.settle()
    gc.collect()
    assert list(users(world)._known) == []
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    subscribe(world, "bob")
    assert take(world) == [("UserSubscribed", "bob")]


def test_an_old_object_of_a_user_does_not_end_the_new_one() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    stranger = UserRecord(bob.snapshot)
    take(world)
    unsubscribe(world, stranger)
    assert take(world) == []


def test_the_own_user_is_followed_again_at_once() -> None:
    world = world_with()
    own = users(world).own.record
    unsubscribe(world, own)
    assert own.snapshot.is_subscribed
    assert take(world) == [("UserUnsubscribed", "alice"), ("UserSubscribed", "alice")]
    world.settle()
    world.service.update_user("alice", "friendlyName", {"value": "A"})
    world.settle()
    assert take(world) == [("FRIENDLY_NAME", "alice")]
    assert identities(world) == ["alice"]


def test_what_the_own_user_misses_meanwhile_is_told() -> None:
    world = world_with()
    own = users(world).own.record
    call = world.call(lambda s, call: s.user_commands.unsubscribe(call, own))
    again = world.call(lambda s, call: s.user_commands.unsubscribe(call, own))
    assert not own.snapshot.is_subscribed
    world.service.info("alice").change("updated", "friendlyName", {"value": "A"})  # not notified
    world.settle()
    assert call.error is None
    assert again.error is None
    assert take(world) == [
        ("UserUnsubscribed", "alice"),
        ("UserSubscribed", "alice"),
        ("FRIENDLY_NAME", "alice"),
    ]


def test_an_own_user_that_cannot_be_followed_again_is_an_error_and_can_be_tried_again() -> None:
    world = world_with()
    own = users(world).own.record
    world.service.fault(".info", "GET", status=403)
    call = world.call(lambda s, call: s.user_commands.unsubscribe(call, own))
    world.settle()
    assert isinstance(call.error, ForbiddenError)
    assert not own.snapshot.is_subscribed
    unsubscribe(world, own)
    assert own.snapshot.is_subscribed
    assert take(world) == [("UserUnsubscribed", "alice"), ("UserSubscribed", "alice")]


def test_giving_up_the_call_does_not_leave_the_own_user_alone() -> None:
    world = world_with()
    own = users(world).own.record
    world.service.fault(".info", "GET", delay=5.0)
    call = world.call(lambda s, call: s.user_commands.unsubscribe(call, own), timeout=1.0)
    world.settle()
    assert call.error is not None
    assert own.snapshot.is_subscribed


def test_an_own_user_without_a_map_has_nothing_to_unsubscribe() -> None:
    service = SimulatedService()
    service.configuration_changes = {
        "sync_objects": {"my_conversations": "alice.channels"},
    }
    world = World(service).ready()
    own = users(world).own.record
    assert not own.snapshot.is_subscribed
    unsubscribe(world, own)
    assert told(world) == []


# What the service does


def test_a_user_that_is_removed_is_followed_no_more() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    world.settle()
    take(world)
    world.service.remove_object(world.service.info("bob"))
    world.settle()
    assert take(world) == [("UserUnsubscribed", "bob")]
    assert not bob.snapshot.is_subscribed
    assert identities(world) == ["alice"]


def test_a_user_that_may_not_be_followed_is_reported_and_left() -> None:
    world = world_with()
    info = world.service.info("bob")
    world.service.refused_subscriptions[info.sid] = (403, 54007)
    bob = subscribe(world, "bob")
    assert bob.snapshot.is_subscribed  # the subscription is on the way
    world.settle()
    assert not bob.snapshot.is_subscribed
    (reported,) = [event for event in world.told if "ErrorOccurred" in type(event).__name__]
    assert reported.error_info.reason is ErrorReason.OPEN_COLLECTION_ERROR
    assert reported.error_info.code == 54007
    assert take(world) == [("UserSubscribed", "bob"), ("UserUnsubscribed", "bob")]


def test_what_happens_while_the_connection_is_down_is_told_after_it() -> None:
    world = world_with()
    subscribe(world, "bob")
    world.settle()
    take(world)
    world.cut()
    world.service.update_user("bob", "friendlyName", {"value": "B"})
    world.settle()
    assert take(world) == [("FRIENDLY_NAME", "bob")]


def test_who_is_online_is_not_known_while_reachability_is_off() -> None:
    world = world_with()
    world.service.reachability = False
    world = World(world.service).ready()
    bob = subscribe(world, "bob")
    world.settle()
    world.service.update_user("bob", "reachability", {"online": True, "notifiable": True})
    world.settle()
    assert (bob.snapshot.is_online, bob.snapshot.is_notifiable) == (None, None)
    assert ("REACHABILITY_ONLINE", "bob") not in told(world)


def test_a_lost_user_that_was_left_already_is_not_told_again() -> None:
    world = world_with()
    bob = subscribe(world, "bob")
    followed = users(world)._others["bob"]
    unsubscribe(world, bob)
    take(world)
    users(world)._lost(followed, None)
    world.run(0.1)
    assert take(world) == []
