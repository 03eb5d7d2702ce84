"""
Limits and malformed values, with their codes.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import Limits, ManualClock, Settings
from conversations.emulator.domain import conversations
from conversations.emulator.domain.fields import ConversationFields
from conversations.emulator.domain.records import SERVER, ConversationState
from conversations.emulator.domain.service import Service
from tests.emulator.recorder import Api, make_service

SMALL = Limits(participants=4, non_chat_participants=2, conversations_of_user=2)


@pytest.fixture
def api(service: Service) -> Api:
    return Api(service)


@pytest.fixture
def small(clock: ManualClock) -> Api:
    """
    A service with low limits.
    """
    return Api(make_service(clock, Settings(limits=SMALL)))


def joined(api: Api, identity: str = "alice") -> str:
    sid = str(api.ok(identity, "POST", "Conversations", {})["sid"])
    api.ok(identity, "POST", f"Conversations/{sid}/Participants", {"identity": identity})
    return sid


def text_of(size: int) -> str:
    """
    A JSON text of so many bytes.
    """
    return '"' + "x" * (size - 2) + '"'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"friendly_name": "x" * 256}, None),
        ({"friendly_name": "😀" * 256}, None),
        ({"friendly_name": "x" * 257}, 50003),
        ({"unique_name": "x" * 256}, None),
        ({"unique_name": "x" * 257}, 50004),
        ({"unique_name": "CH" + "a" * 32}, 50390),
        ({"unique_name": "CH" + "a" * 31}, None),
        ({"attributes": text_of(16384)}, None),
        ({"attributes": text_of(16385)}, 50303),
        ({"attributes": '"' + "é" * 8192 + '"'}, 50303),
        ({"attributes": "{"}, 50304),
        ({"attributes": "NaN"}, 50304),
        ({"attributes": ""}, 50304),
        ({"attributes": "[" * 10000}, 50304),
        ({"attributes": "null"}, None),
        ({"attributes": '"\ud83d"'}, None),
        ({"attributes": {"a": 1}}, 20001),
        ({"attributes": None}, 20001),
        ({"friendly_name": 7}, 20001),
        ({"unique_name": ["x"]}, 20001),
        ({"access": "restricted", "unknown": [1]}, None),
        ([], 20001),
        ("text", 20001),
        (None, 20001),
    ],
)
def test_conversations(body: JSONValue, code: int | None, api: Api) -> None:
    sid = joined(api)
    if code is None:
        created = api.ok("alice", "POST", "Conversations", body)["sid"]
        api.ok("alice", "DELETE", f"Conversations/{created}")
        api.ok("alice", "POST", f"Conversations/{sid}", body)
    else:
        for path in ("Conversations", f"Conversations/{sid}"):
            assert api.refused("alice", "POST", path, body) == (400, code)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"body": "x" * 32768}, None),
        ({"body": "x" * 32769}, (400, 50504)),
        ({"body": "é" * 16385}, (400, 50504)),
        ({"body": 7}, (400, 20001)),
        ({"body": None}, None),
        ({"subject": "x" * 257}, (400, 20001)),
        ({"attributes": text_of(4096)}, None),
        ({"attributes": text_of(4097)}, (400, 50303)),
        ({"attributes": "{"}, (400, 50304)),
        ({"media_sids": "ME"}, (400, 20001)),
        ({"media_sids": ["ME"]}, (400, 50510)),
        ({"media_sids": [7]}, (400, 50510)),
        ({"media_sids": ["ME" + "0" * 32]}, (404, 50507)),
        ({"content_sid": "HX"}, (400, 50526)),
        ({"content_variables": "{}"}, (400, 50528)),
        ({"content_sid": "HX" + "0" * 32, "content_variables": "[]"}, (400, 50527)),
        ({"content_sid": "HX" + "0" * 32, "content_variables": "{"}, (400, 50527)),
        ({"content_sid": "HX" + "0" * 32, "content_variables": {}}, (400, 50527)),
        (
            {"content_sid": "HX" + "0" * 32, "content_variables": '{"1":"%s"}' % ("x" * 257)},
            (400, 50541),
        ),
    ],
)
def test_messages(body: JSONValue, expected: Any, api: Api) -> None:
    path = f"Conversations/{joined(api)}/Messages"
    if expected is None:
        api.ok("alice", "POST", path, body)
    else:
        assert api.refused("alice", "POST", path, body) == expected
        assert api.ok("alice", "POST", path, {"body": "fine"})["index"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"body": "x" * 32769}, 50504),
        ({"body": None}, 20001),
        ({"attributes": "{"}, 50304),
        ({"attributes": text_of(4097)}, 50303),
        (None, 20001),
    ],
)
def test_edits(body: JSONValue, code: int, api: Api) -> None:
    path = f"Conversations/{joined(api)}/Messages"
    message = api.ok("alice", "POST", path, {"body": "x"})["sid"]
    assert api.refused("alice", "POST", f"{path}/{message}", body) == (400, code)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"friendly_name": "x" * 256}, None),
        ({"friendly_name": None}, None),
        ({"friendly_name": "x" * 257}, (400, 50003)),
        ({"attributes": text_of(4097)}, (400, 50303)),
        ({"attributes": "{"}, (400, 50304)),
        ({"attributes": 1}, (400, 20001)),
        ([], (400, 20001)),
    ],
)
def test_users(body: JSONValue, expected: Any, api: Api) -> None:
    if expected is None:
        api.ok("alice", "POST", "Users/alice", body)
    else:
        assert api.refused("alice", "POST", "Users/alice", body) == expected


SMS: dict[str, JSONValue] = {"address": "+15550001", "proxy_address": "+15559999"}
MAIL: dict[str, JSONValue] = {"address": "a@b.example", "proxy_address": "c@d.example"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, 50204)),
        ({"identity": ""}, (400, 50204)),
        ({"identity": None}, (400, 50204)),
        ({"identity": 7}, (400, 20001)),
        ({"identity": "system"}, (400, 50203)),
        ({"identity": "US" + "0" * 32}, (400, 50206)),
        ({"identity": "x" * 256}, None),
        ({"identity": "x" * 257}, (400, 50207)),
        ({"identity": "alice"}, (409, 50433)),
        ({"identity": "bob", "attributes": "{"}, (400, 50304)),
        ({"identity": "bob", "attributes": text_of(4097)}, (400, 50303)),
        ({"identity": "bob", "messaging_binding": SMS}, (400, 50211)),
        ({"identity": None, "messaging_binding": SMS}, None),
        ({"messaging_binding": 7}, (400, 20001)),
        ({"messaging_binding": {}}, (400, 50407)),
        ({"messaging_binding": SMS | {"address": "555"}}, (400, 50407)),
        ({"messaging_binding": SMS | {"address": "+x"}}, (400, 50407)),
        ({"messaging_binding": SMS | {"address": "+" + "1" * 256}}, (400, 50407)),
        ({"messaging_binding": SMS | {"address": "whatsapp:"}}, (400, 50407)),
        ({"messaging_binding": {"address": "+15550001"}}, (400, 50408)),
        ({"messaging_binding": SMS | {"proxy_address": "x"}}, (400, 50408)),
        ({"messaging_binding": SMS | {"proxy_address": "+15550001"}}, (400, 50409)),
        ({"messaging_binding": SMS | {"proxy_address": "a@b.example"}}, (400, 50414)),
        ({"messaging_binding": SMS | {"name": "Bo"}}, (400, 50420)),
        ({"messaging_binding": SMS | {"level": "cc"}}, (400, 50420)),
        ({"messaging_binding": SMS | {"name": None}}, None),
        ({"messaging_binding": MAIL | {"name": "Bo", "level": "to"}}, None),
        ({"messaging_binding": MAIL | {"level": "bcc"}}, (400, 50420)),
        ({"messaging_binding": MAIL | {"address": "@b"}}, (400, 50407)),
        ([], (400, 20001)),
    ],
)
def test_participants(body: JSONValue, expected: Any, api: Api) -> None:
    path = f"Conversations/{joined(api)}/Participants"
    if expected is None:
        api.ok("alice", "POST", path, body)
    else:
        assert api.refused("alice", "POST", path, body) == expected


def test_an_address_pair_is_used_once_among_the_open_conversations(api: Api) -> None:
    first, second = joined(api), joined(api)
    path = f"Conversations/{second}/Participants"
    body: JSONValue = {"messaging_binding": SMS}
    api.ok("alice", "POST", f"Conversations/{first}/Participants", body)
    refused: Any = api("alice", "POST", path, body).body
    assert (refused["status"], refused["code"]) == (409, 50416)
    assert refused["message"].endswith(f"already exists in Conversation {first}")
    conversations.update(
        api.service,
        SERVER,
        api.service.conversations[first],
        ConversationFields(state=ConversationState.CLOSED),
    )
    api.ok("alice", "POST", path, body)


def test_a_conversation_takes_so_many_participants(small: Api) -> None:
    path = f"Conversations/{joined(small)}/Participants"
    for number in range(2):
        binding = SMS | {"address": f"+{number}"}
        small.ok("alice", "POST", path, {"messaging_binding": binding})
    third: JSONValue = {"messaging_binding": SMS | {"address": "+9"}}
    assert small.refused("alice", "POST", path, third) == (403, 50422)
    small.ok("alice", "POST", path, {"identity": "bob"})
    assert small.refused("alice", "POST", path, {"identity": "carol"}) == (403, 50417)
    assert "carol" not in small.service.users


def test_a_full_conversation_takes_no_address_either(clock: ManualClock) -> None:
    limits = attrs.evolve(SMALL, participants=1)
    api = Api(make_service(clock, Settings(limits=limits)))
    path = f"Conversations/{joined(api)}/Participants"
    assert api.refused("alice", "POST", path, {"messaging_binding": SMS}) == (403, 50417)


def test_a_user_is_in_so_many_conversations(small: Api) -> None:
    joined(small)
    joined(small)
    sid = small.ok("alice", "POST", "Conversations", {})["sid"]
    path = f"Conversations/{sid}/Participants"
    assert small.refused("alice", "POST", path, {"identity": "alice"}) == (403, 50214)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"last_read_message_index": -1}, (400, 50406)),
        ({"last_read_message_index": 1.5}, (400, 50406)),
        ({"last_read_message_index": "1"}, (400, 50406)),
        ({"last_read_message_index": True}, (400, 50406)),
        ({"notification_level": "loud"}, (400, 50210)),
        ({"notification_level": None}, (400, 50210)),
        ([], (400, 20001)),
        ({}, None),
    ],
)
def test_horizon_and_level(body: JSONValue, expected: Any, api: Api) -> None:
    path = f"Users/alice/Conversations/{joined(api)}"
    if expected is None:
        api.ok("alice", "POST", path, body)
    else:
        assert api.refused("alice", "POST", path, body) == expected


def test_a_refused_request_changes_nothing(api: Api) -> None:
    sid = joined(api)
    path = f"Users/alice/Conversations/{sid}"
    body: JSONValue = {"notification_level": "muted", "last_read_message_index": -1}
    assert api.refused("alice", "POST", path, body) == (400, 50406)
    assert api.ok("alice", "GET", path)["notification_level"] == "default"
