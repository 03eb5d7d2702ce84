"""
Registering devices for push: the requests, byte for byte, and what becomes of them.
"""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from conversations._core.conversations.calls import Call
from conversations._core.conversations.push_commands import ChannelType
from conversations._core.conversations.service import ConversationsService
from conversations._core.promises import Promise
from conversations.errors import (
    ConversationsError,
    ForbiddenError,
    NotFoundError,
    RequestTimeoutError,
)
from tests.core.simulated_objects import Request, Response
from tests.core.simulated_world import World

REGISTERED = Response(201, {"id": "RG 1"})


def world_with_registrar(**answers: Response) -> World:
    world = World().ready()
    for method, response in {"POST": REGISTERED, "DELETE": Response(204), **answers}.items():
        world.service.fault("/v1/registrations", method, times=inf, response=response)
    world.take()
    return world


def begin(
    world: World,
    action: str,
    channel_type: ChannelType = "fcm",
    device: str = "device",
    **more: Any,
) -> Promise[None]:
    async def run(service: ConversationsService, call: Call) -> None:
        await getattr(service.push_commands, action)(call, channel_type, device)

    return world.call(run, **more)


def done(
    world: World, action: str, channel_type: ChannelType = "fcm", device: str = "device"
) -> None:
    promise = begin(world, action, channel_type, device)
    world.run_until(lambda: promise.is_settled)
    promise.result()
    world.settle()


def sent(world: World) -> list[Request]:
    return [one for one in world.service.requests if one.path.startswith("/v1/registrations")]


def asked(world: World) -> list[tuple[str, Any]]:
    return [(str(one), one.body) for one in sent(world)]


def failure(promise: Promise[None], world: World) -> ConversationsError:
    world.run_until(lambda: promise.is_settled)
    error = promise.error
    assert isinstance(error, ConversationsError)
    return error


@pytest.mark.parametrize(("channel_type", "version"), [("fcm", "3"), ("apn", "4")])
def test_registering_is_one_request_to_the_registrar(
    channel_type: ChannelType, version: str
) -> None:
    world = world_with_registrar()
    done(world, "register", channel_type, "de:vice")
    (request,) = sent(world)
    frame = next(
        frame
        for frame in world.connection.frames
        if frame.header.get("http_request", {}).get("path") == "/v1/registrations"
    )
    assert frame.header["active_grant"] == "ip_messaging"
    assert frame.header["payload_type"] == "application/json"
    assert frame.header["http_request"] == {
        "host": "ers.us1.twilio.com",
        "path": "/v1/registrations",
        "method": "POST",
        "params": {"productId": "ip_messaging"},
        "headers": {"Content-Type": "application/json"},
    }
    assert request.body == {
        "endpoint_platform": "python",
        "channel_type": channel_type,
        "version": version,
        "message_types": [
            "twilio.conversations.new_message",
            "twilio.conversations.added_to_conversation",
            "twilio.conversations.removed_from_conversation",
        ],
        "data": {"registration_id": "de:vice"},
    }
    assert world.words == ["PushTokenRegistered"]


def test_unregistering_names_the_device() -> None:
    world = world_with_registrar()
    done(world, "unregister", "apn", "00ff")
    body = {"binding_type": "apn", "address": "00ff"}
    assert asked(world) == [("DELETE /v1/registrations", body)]
    assert sent(world)[0].headers == {"Content-Type": "application/json"}
    assert sent(world)[0].params == {"productId": "ip_messaging"}
    assert world.words == []


def test_another_token_takes_the_place_of_the_one_before() -> None:
    world = world_with_registrar()
    done(world, "register", device="old")
    done(world, "register", "apn", "00")  # another kind of device: both stay
    done(world, "register", device="new")
    assert [str(one) for one in sent(world)] == [
        "POST /v1/registrations",
        "POST /v1/registrations",
        "DELETE /v1/registrations/RG%201",
        "POST /v1/registrations",
    ]
    assert sent(world)[2].payload == b"{}"


def test_two_at_a_time_leave_the_one_that_was_answered_last() -> None:
    world = world_with_registrar()
    done(world, "register", device="old")
    slow = world.service.fault(
        "/v1/registrations", "DELETE", delay=5.0, response=Response(204), is_carried_out=False
    )
    world.service.faults.insert(0, world.service.faults.pop(world.service.faults.index(slow)))
    first, second = begin(world, "register", device="a"), begin(world, "register", device="b")
    world.run_until(lambda: first.is_settled and second.is_settled)
    devices = [one.body["data"]["registration_id"] for one in sent(world) if one.method == "POST"]
    assert devices == ["old", "b", "a"]
    done(world, "register", device="a")
    assert [one.method for one in sent(world)] == ["POST", *["DELETE"] * 2, *["POST"] * 3]


def test_the_same_token_is_registered_again_without_more_ado() -> None:
    world = world_with_registrar()
    done(world, "register")
    done(world, "register")
    assert [one.method for one in sent(world)] == ["POST", "POST"]
    assert world.words == ["PushTokenRegistered", "PushTokenRegistered"]


def test_a_token_that_was_unregistered_is_not_replaced() -> None:
    world = world_with_registrar()
    done(world, "register", device="old")
    done(world, "unregister", device="other")  # does not concern the one of this client
    done(world, "unregister", device="old")
    done(world, "register", device="new")
    assert [str(one) for one in sent(world)][-1] == "POST /v1/registrations"
    assert [one.method for one in sent(world)] == ["POST", "DELETE", "DELETE", "POST"]


@pytest.mark.parametrize("body", [None, {}, {"id": 7}, {"id": ""}, [], "RG"])
def test_a_registration_without_an_id_is_removed_by_its_token(body: Any) -> None:
    world = world_with_registrar(POST=Response(201, body))
    done(world, "register", device="old")
    done(world, "register", device="new")
    removal = {"binding_type": "fcm", "address": "old"}
    assert asked(world)[1] == ("DELETE /v1/registrations", removal)


def test_a_registration_that_is_gone_already_is_replaced() -> None:
    world = world_with_registrar(DELETE=Response(404, {"status": 404, "code": 20404}))
    done(world, "register", device="old")
    done(world, "register", device="new")
    assert [one.method for one in sent(world)] == ["POST", "DELETE", "POST"]


def test_a_refusal_is_raised_and_changes_nothing() -> None:
    world = world_with_registrar()
    done(world, "register", device="old")
    world.take()
    world.service.faults.clear()
    world.service.fault("/v1/registrations", times=inf, response=Response(403, {"code": 20403}))
    assert isinstance(failure(begin(world, "register", device="new"), world), ForbiddenError)
    assert [one.method for one in sent(world)] == ["POST", "DELETE"]
    assert isinstance(failure(begin(world, "unregister", device="old"), world), ForbiddenError)
    assert world.words == []


def test_unregistering_what_is_unknown_is_the_registrars_to_judge() -> None:
    world = world_with_registrar(DELETE=Response(404, {"status": 404, "code": 20404}))
    assert isinstance(failure(begin(world, "unregister"), world), NotFoundError)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_both_are_repeated_when_the_connection_breaks(moment: str) -> None:
    for action in ("register", "unregister"):
        world = World().ready()
        world.service.fault("/v1/registrations", cut=moment, response=REGISTERED)
        world.service.fault("/v1/registrations", times=inf, response=REGISTERED)
        done(world, action)
        assert [one.method for one in sent(world)][-1] == {"register": "POST"}.get(action, "DELETE")
        assert world.cuts == 1


def test_a_registration_survives_connections_and_tokens() -> None:
    world = world_with_registrar()
    done(world, "register", device="old")
    world.cut()
    world.settle()
    assert len(sent(world)) == 1  # the registrar keeps it
    done(world, "register", device="new")
    assert [one.method for one in sent(world)] == ["POST", "DELETE", "POST"]


def test_no_answer_in_time_may_have_been_a_registration() -> None:
    world = World().ready()
    world.service.fault("/v1/registrations", is_silent=True)
    error = failure(begin(world, "register"), world)
    assert isinstance(error, RequestTimeoutError)
    assert error.may_have_been_sent
    assert "device" not in str(error)


def test_nothing_about_the_device_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    world = world_with_registrar()
    done(world, "register", device="canary")
    done(world, "unregister", device="canary")
    assert "the push registration" in caplog.text
    assert "canary" not in caplog.text
