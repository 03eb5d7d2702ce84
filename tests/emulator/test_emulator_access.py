"""
Who may do what (docs/protocol/conversations.md, Access control).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import ManualClock
from tests.emulator.recorder import Api, make_service

NOT_IN_IT = (403, 50430)
ALLOWED = None


@attrs.frozen
class Place:
    """
    A conversation that the creator has not joined, with bob in it and one message of his.
    """

    api: Api
    sid: str
    bob: str
    message: str

    def attempt(self, identity: str, method: str, path: str, body: JSONValue) -> Any:
        names = {"sid": self.sid, "bob": self.bob, "message": self.message, "me": identity}
        path = path.format(**names)
        if isinstance(body, str):
            body = body.format(**names)
        answer = self.api(identity, method, path, body)
        if 200 <= answer.status < 300:
            return ALLOWED
        refused: Any = answer.body
        return answer.status, refused["code"]


NewPlace = Callable[[], Place]


@pytest.fixture
def new_place(clock: ManualClock) -> NewPlace:
    """
    Make one in a service of its own.
    """

    def new_place() -> Place:
        api = Api(make_service(clock))
        sid = api.ok("creator", "POST", "Conversations", {})["sid"]
        path = f"Conversations/{sid}"
        bob = api.ok("creator", "POST", f"{path}/Participants", {"identity": "bob"})["sid"]
        message = api.ok("bob", "POST", f"{path}/Messages", {"body": "x"})["sid"]
        return Place(api, sid, bob, message)

    return new_place


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    return new_place()


@pytest.mark.parametrize(
    ("method", "path", "body", "creator", "member", "stranger"),
    [
        ("GET", "Conversations/{sid}", None, ALLOWED, ALLOWED, NOT_IN_IT),
        ("POST", "Conversations/{sid}", {"friendly_name": "x"}, ALLOWED, ALLOWED, NOT_IN_IT),
        ("DELETE", "Conversations/{sid}", None, ALLOWED, ALLOWED, NOT_IN_IT),
        (
            "POST",
            "Conversations/{sid}/Participants",
            {"identity": "new"},
            ALLOWED,
            ALLOWED,
            NOT_IN_IT,
        ),
        (
            "POST",
            "Conversations/{sid}/Participants",
            {"messaging_binding": {"address": "+1", "proxy_address": "+2"}},
            ALLOWED,
            ALLOWED,
            NOT_IN_IT,
        ),
        (
            "POST",
            "Conversations/{sid}/Participants/{bob}",
            {"attributes": "1"},
            NOT_IN_IT,
            ALLOWED,
            NOT_IN_IT,
        ),
        ("DELETE", "Conversations/{sid}/Participants/{bob}", None, ALLOWED, ALLOWED, NOT_IN_IT),
        (
            "DELETE",
            "Conversations/{sid}/Participants/{me}",
            None,
            (404, 50432),
            ALLOWED,
            NOT_IN_IT,
        ),
        ("POST", "Conversations/{sid}/Messages", {"body": "x"}, NOT_IN_IT, ALLOWED, NOT_IN_IT),
        (
            "POST",
            "Conversations/{sid}/Messages/{message}",
            {"body": "x"},
            NOT_IN_IT,
            ALLOWED,
            NOT_IN_IT,
        ),
        ("DELETE", "Conversations/{sid}/Messages/{message}", None, NOT_IN_IT, ALLOWED, NOT_IN_IT),
        (
            "POST",
            "Users/{me}/Conversations/{sid}",
            {"notification_level": "muted"},
            NOT_IN_IT,
            ALLOWED,
            NOT_IN_IT,
        ),
        (
            "GET",
            "Users/{me}/Conversations/{sid}",
            None,
            ALLOWED,
            ALLOWED,
            (404, 50350),
        ),
        (
            "GET",
            "Conversations/{sid}/Messages/{message}/Receipts",
            None,
            NOT_IN_IT,
            ALLOWED,
            NOT_IN_IT,
        ),
        (
            "GET",
            "Conversations/{sid}/Messages/{message}/ChannelMetadata",
            None,
            NOT_IN_IT,
            (404, 50530),
            NOT_IN_IT,
        ),
        ("GET", "Conversations/{sid}/MessageRecipients", None, NOT_IN_IT, ALLOWED, NOT_IN_IT),
        (
            "POST",
            "/v1/Instances/IS00000000000000000000000000000003/Typing",
            "ChannelSid={sid}",
            NOT_IN_IT,
            ALLOWED,
            NOT_IN_IT,
        ),
        ("GET", "/v3/Documents/{sid}.channel", None, ALLOWED, ALLOWED, (403, 54007)),
        ("GET", "/v3/Lists/{sid}.messages", None, (403, 54007), ALLOWED, (403, 54007)),
        ("GET", "/v3/Maps/{sid}.roster/Items", None, (403, 54007), ALLOWED, (403, 54007)),
        ("GET", "/v3/Maps/bob.channels", None, (403, 54007), ALLOWED, (403, 54007)),
        ("GET", "Users/bob", None, ALLOWED, ALLOWED, ALLOWED),
        ("POST", "Users/bob", {"friendly_name": "x"}, (403, 50107), ALLOWED, (403, 50107)),
        ("GET", "Users/bob/Conversations", None, (403, 50107), ALLOWED, (403, 50107)),
        ("GET", "Users/nobody/Conversations", None, (404, 50200), (404, 50200), (404, 50200)),
    ],
)
def test_membership_decides(
    *,
    method: str,
    path: str,
    body: JSONValue,
    creator: Any,
    member: Any,
    stranger: Any,
    new_place: NewPlace,
) -> None:
    for identity, expected in [("creator", creator), ("bob", member), ("stranger", stranger)]:
        assert new_place().attempt(identity, method, path, body) == expected, identity


def test_only_the_creator_joins_by_itself(place: Place) -> None:
    path = "Conversations/{sid}/Participants"
    assert place.attempt("stranger", "POST", path, {"identity": "stranger"}) == NOT_IN_IT
    assert place.attempt("creator", "POST", path, {"identity": "creator"}) is ALLOWED
    assert place.attempt("creator", "POST", path, {"identity": "creator"}) == (409, 50433)
    assert place.attempt("bob", "POST", path, {"identity": "bob"}) == (409, 50433)


def test_a_conversation_that_does_not_exist_is_not_found(place: Place) -> None:
    for method, path, body in [
        ("GET", "Conversations/CHx", None),
        ("POST", "Conversations/CHx", {}),
        ("DELETE", f"Conversations/CH{'0' * 32}", None),
        ("POST", "Conversations/CHx/Participants", {"identity": "a"}),
        ("POST", "Conversations/CHx/Messages", {}),
        ("GET", "Users/bob/Conversations/nothing", None),
        ("POST", "Users/bob/Conversations/nothing", {}),
    ]:
        assert place.attempt("bob", method, path, body) == (404, 50350)


def test_user_maps_are_for_everybody(place: Place) -> None:
    name = place.api.ok("stranger", "GET", "Users/bob")["sync_objects"]["user_info_map"]
    assert place.attempt("stranger", "GET", f"/v3/Maps/{name}", None) is ALLOWED
