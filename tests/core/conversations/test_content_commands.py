"""
Templates: all pages, kept for a few seconds; failures with a reason of their own.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from conversations import ContentTemplate
from conversations._core.promises import Promise
from conversations.enums import ErrorReason
from conversations.errors import (
    ClientShutdownError,
    ConnectionLostError,
    ForbiddenError,
    RequestTimeoutError,
    ServerError,
)
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World


def wire(number: int) -> dict[str, Any]:
    return {
        "sid": f"HX{number}",
        "friendly_name": f"t{number}",
        "variables": "{}",
        "variants": {"twilio/text": {"body": f"text {number}"}},
    }


def world_with(count: int) -> World:
    service = SimulatedService()
    service.channels.templates = [wire(number) for number in range(count)]
    return World(service).ready()


def start(world: World, **more: Any) -> Promise[tuple[ContentTemplate, ...]]:
    return world.call(lambda service, call: service.content_commands.templates(call), **more)


def templates(world: World, **more: Any) -> list[str]:
    promise = start(world, **more)
    world.run_until(lambda: promise.is_settled)
    return [template.sid for template in promise.result()]


def asked(world: World) -> list[Request]:
    return [one for one in world.service.requests if one.path == "/Client/v2/ContentTemplates"]


def test_all_pages_are_read() -> None:
    world = world_with(250)

    assert templates(world) == [f"HX{number}" for number in range(250)]
    assert [request.params for request in asked(world)] == [
        {"PageSize": "100"},
        {"PageSize": "100", "PageToken": "100/100"},
        {"PageSize": "100", "PageToken": "200/100"},
    ]
    assert all(request.method == "GET" for request in asked(world))


def test_without_templates_there_are_none() -> None:
    assert templates(world_with(0)) == []


def test_the_answer_is_used_again_for_five_seconds() -> None:
    world = world_with(1)
    assert templates(world) == ["HX0"]
    world.service.channels.templates.append(wire(1))
    world.run(4.9)
    assert templates(world) == ["HX0"]
    assert len(asked(world)) == 1

    world.run(0.2)

    assert templates(world) == ["HX0", "HX1"]
    assert len(asked(world)) == 2


def test_that_there_are_none_is_kept_too() -> None:
    world = world_with(0)
    templates(world)
    templates(world)

    assert len(asked(world)) == 1


def test_a_failure_is_not_kept_and_has_its_reason() -> None:
    world = world_with(1)
    world.service.fault("/ContentTemplates", status=403)

    with pytest.raises(ForbiddenError, match="get_content_templates") as caught:
        templates(world, name="get_content_templates")

    assert caught.value.reason is ErrorReason.CONTENT_TEMPLATES_FETCH_ERROR
    assert (caught.value.status, caught.value.code) == (403, 20403)
    assert isinstance(caught.value.__cause__, ForbiddenError)
    assert caught.value.__cause__.reason is ErrorReason.COMMAND_PERMANENT_ERROR
    assert pickle.loads(pickle.dumps(caught.value)).reason is caught.value.reason  # noqa: S301  # its own
    assert templates(world) == ["HX0"]


def test_it_is_read_again_as_any_reading() -> None:
    world = world_with(150)
    world.service.fault("/ContentTemplates", status=503, times=2)

    assert len(templates(world)) == 150
    assert len(asked(world)) == 4


def test_when_attempts_are_over_the_last_error_has_the_reason() -> None:
    world = world_with(1)
    world.service.fault("/ContentTemplates", status=503, times=3)

    with pytest.raises(ServerError) as caught:
        templates(world)

    assert caught.value.reason is ErrorReason.CONTENT_TEMPLATES_FETCH_ERROR
    assert caught.value.error_info.is_recoverable


def test_a_lost_connection_has_the_reason_too() -> None:
    world = world_with(1)
    world.service.fault("/ContentTemplates", cut="before", times=3)

    with pytest.raises(ConnectionLostError) as caught:
        templates(world, timeout=60.0)

    assert caught.value.reason is ErrorReason.CONTENT_TEMPLATES_FETCH_ERROR


def test_time_and_shutdown_keep_their_own_reasons() -> None:
    world = world_with(1)
    world.service.fault("/ContentTemplates", is_silent=True, times=9)
    with pytest.raises(RequestTimeoutError) as caught:
        templates(world, timeout=3.0)
    assert caught.value.reason is ErrorReason.TIMEOUT
    assert not caught.value.may_have_been_sent

    under_way = start(world)
    world.run(1.0)
    world.engine.close(world.now)
    world.settle()

    assert isinstance(under_way.error, ClientShutdownError)
    assert under_way.error.reason is ErrorReason.CLIENT_SHUTDOWN


@pytest.mark.parametrize(
    ("body", "sids"),
    [
        (None, []),
        ([], []),
        ({"templates": None}, []),
        ({"templates": [None, 5, {}, {"sid": None}, wire(3)], "meta": None}, ["HX3"]),
        ({"templates": [wire(3)], "meta": {"next_token": 5}}, ["HX3"]),
        ({"templates": [wire(3)], "meta": {"next_token": ""}}, ["HX3"]),
    ],
)
def test_odd_answers_are_read_as_far_as_they_can(body: Any, sids: list[str]) -> None:
    world = world_with(0)
    world.service.fault("/ContentTemplates", response=Response(200, body))

    assert templates(world) == sids


def test_tokens_that_go_round_in_circles_end_it() -> None:
    world = world_with(0)
    for token in ("a", "b", "a"):
        body = {"templates": [wire(0)], "meta": {"next_token": token}}
        world.service.fault("/ContentTemplates", response=Response(200, body))

    assert templates(world) == ["HX0", "HX0", "HX0"]
