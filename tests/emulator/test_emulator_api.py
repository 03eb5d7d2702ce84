"""
Configuration, lists and their pages, lookups, repeated mutations.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations.emulator import ManualClock, Settings
from conversations.emulator.api.calls import UpstreamCall
from conversations.emulator.domain import users
from conversations.emulator.domain.service import Service
from tests.emulator.recorder import Api, make_service


@pytest.fixture
def api(service: Service) -> Api:
    return Api(service)


def test_the_configuration(service: Service, api: Api) -> None:
    body = api.ok("alice", "GET", "/Client/v2/Configuration")
    user = service.users["alice"]
    base = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}"
    assert body["identity"] == "alice"
    assert body["url"] == "https://aim.us1.twilio.com/Client/v2/Configuration"
    assert body["sync_objects"] == {
        "my_conversations": "alice.channels",
        "my_user_info": f"{user.sid}.info",
    }
    media = f"http://127.0.0.1:8089/v1/Services/{service.sid}"
    assert body["links"] == {
        "my_conversations": f"{base}/Users/{user.sid}/Conversations",
        "conversations": f"{base}/Conversations",
        "users": f"{base}/Users",
        "current_user": f"{base}/Users/{user.sid}",
        "typing": f"https://aim.us1.twilio.com/v1/Instances/{service.sid}/Typing",
        "media_service": f"{media}/Media",
        "media_set_service": f"{media}/MediaSet",
        "messages_receipts": f"{base}/Conversations/%s/Messages/%s/Receipts",
    }
    assert body["options"] == {
        "consumption_report_interval": "PT1S",
        "http_cache_interval": "PT1S",
        "user_infos_to_subscribe": 100,
        "reachability_enabled": False,
        "my_conversations_page_size": 100,
        "media_attachments_count_limit": 10,
        "media_attachment_size_limit_in_mb": 150,
        "media_attachments_total_size_limit_in_mb": 150,
        "email_histories_allowed_mime_types": ["text/plain", "text/html"],
        "email_bodies_allowed_mime_types": ["text/plain", "text/html"],
    }


def test_links_have_the_host_of_the_request(api: Api) -> None:
    body = api.ok("alice", "GET", "/Client/v2/Configuration", host="localhost:99")
    assert body["links"]["users"].startswith("http://localhost:99/Client/v2/")


def make_conversations(api: Api, count: int) -> list[str]:
    return [
        str(api.ok("alice", "POST", "Conversations", {"unique_name": f"n{number}"})["sid"])
        for number in range(count)
    ]


def page(api: Api, **params: str) -> tuple[list[str], Any]:
    body = api.ok("alice", "GET", "Users/alice/Conversations", None, params)
    return [entry["conversation_sid"] for entry in body["conversations"]], body["meta"]


def test_the_own_list_shows_what_the_map_shows(service: Service, api: Api) -> None:
    (sid,) = make_conversations(api, 1)
    body = api.ok("alice", "GET", "Users/alice/Conversations")
    user = service.users["alice"]
    base = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}"
    expected = {
        "account_sid": service.account,
        "chat_service_sid": service.sid,
        "conversation_sid": sid,
        "participant_sid": None,
        "status": "notParticipating",
        "notification_level": "default",
        "last_read_message_index": None,
        "unread_messages_count": None,
        "friendly_name": None,
        "unique_name": "n0",
        "attributes": "{}",
        "created_by": "alice",
        "conversation_state": "active",
        "date_created": "2026-01-01T00:00:00.000Z",
        "date_updated": "2026-01-01T00:00:00.000Z",
        "url": f"{base}/Users/{user.sid}/Conversations/{sid}",
        "links": {"conversation": f"{base}/Conversations/{sid}"},
        "sync_objects": {
            "conversation": f"{sid}.channel",
            "messages": f"{sid}.messages",
            "participants": f"{sid}.roster",
        },
    }
    assert body == {
        "conversations": [expected],
        "meta": {"previous_token": None, "next_token": None},
    }
    added = api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "alice"})
    (entry,) = api.ok("alice", "GET", "Users/alice/Conversations")["conversations"]
    assert (entry["status"], entry["participant_sid"]) == ("joined", added["sid"])
    assert entry["links"]["participant"] == added["url"]


def test_the_own_list_comes_in_pages_forth_and_back(api: Api) -> None:
    sids = make_conversations(api, 5)
    first, meta = page(api, PageSize="2")
    assert (first, meta["previous_token"]) == (sids[:2], None)
    second, meta = page(api, PageSize="2", PageToken=meta["next_token"])
    assert second == sids[2:4]
    third, last = page(api, PageSize="2", PageToken=meta["next_token"])
    assert (third, last["next_token"]) == (sids[4:], None)
    back, _ = page(api, PageSize="2", PageToken=meta["previous_token"])
    assert back == sids[:2]
    assert "=" not in meta["next_token"]


def test_what_comes_and_goes_between_two_pages_moves_nothing(api: Api) -> None:
    sids = make_conversations(api, 4)
    first, meta = page(api, PageSize="2")
    assert first == sids[:2]
    api.ok("alice", "DELETE", f"Conversations/{sids[1]}")
    api.ok("alice", "DELETE", f"Conversations/{sids[0]}")
    (new,) = [api.ok("alice", "POST", "Conversations", {})["sid"]]
    second, meta = page(api, PageSize="2", PageToken=meta["next_token"])
    assert second == sids[2:]
    assert meta["previous_token"] is None
    third, _ = page(api, PageSize="2", PageToken=meta["next_token"])
    assert third == [new]


def test_the_size_of_a_page_is_a_setting(clock: ManualClock) -> None:
    settings = Settings(conversations_page_size=3)
    api = Api(make_service(clock, settings))
    sids = make_conversations(api, 4)
    assert page(api)[0] == sids[:3]
    assert page(api, PageSize="1000")[0] == sids


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PageSize": "0"}, 20007),
        ({"PageSize": "1001"}, 20007),
        ({"PageSize": "x"}, 20007),
        ({"PageToken": "x"}, 21481),
        ({"PageToken": "PTbm9uc2Vuc2U"}, 21481),
        ({"PageToken": "PT!"}, 21481),
    ],
)
def test_pages_without_sense_are_refused(params: Any, code: int, api: Api) -> None:
    refused = api.refused("alice", "GET", "Users/alice/Conversations", None, params)
    assert refused == (400, code)


def test_a_conversation_is_found_by_unique_name_in_the_own_list_only(api: Api) -> None:
    body: Any = {"unique_name": "a b/ö"}
    sid = api.ok("alice", "POST", "Conversations", body)["sid"]
    path = "Users/{}/Conversations/a%20b%2F%C3%B6"
    assert api.ok("alice", "GET", path.format("alice"))["conversation_sid"] == sid
    assert api.refused("bob", "GET", path.format("bob")) == (404, 50350)


def test_counts_are_those_of_now(api: Api) -> None:
    (sid,) = make_conversations(api, 1)
    path = f"Conversations/{sid}"
    api.ok("alice", "POST", f"{path}/Participants", {"identity": "alice"})
    api.ok("alice", "POST", f"{path}/Messages", {"body": "x"})
    body = api.ok("alice", "GET", path)
    assert (body["participants_count"], body["messages_count"]) == (1, 1)
    assert (body["status"], body["notification_level"]) == ("joined", "default")
    assert body["last_read_message_index"] is None


def test_a_user_is_found_by_identity_and_by_sid(service: Service, api: Api) -> None:
    user = users.ensure(service, "b/ö b")
    base = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}"
    expected = {
        "sid": user.sid,
        "account_sid": service.account,
        "chat_service_sid": service.sid,
        "role_sid": service.user_role_sid,
        "identity": "b/ö b",
        "friendly_name": "b/ö b",
        "attributes": "{}",
        "is_online": None,
        "is_notifiable": None,
        "date_created": "2026-01-01T00:00:00.000Z",
        "date_updated": "2026-01-01T00:00:00.000Z",
        "url": f"{base}/Users/{user.sid}",
        "links": {"user_conversations": f"{base}/Users/{user.sid}/Conversations"},
        "sync_objects": {"user_info_map": f"{user.sid}.info"},
    }
    assert api.ok("alice", "GET", "Users/b%2F%C3%B6%20b") == expected
    assert api.ok("alice", "GET", f"Users/{user.sid}") == expected
    assert api.refused("alice", "GET", "Users/nobody") == (404, 50200)
    assert api.refused("alice", "GET", f"Users/US{'0' * 32}") == (404, 50200)


def test_reachability_is_told_only_where_it_is_enabled(clock: ManualClock) -> None:
    service = make_service(clock, Settings(reachability_enabled=True))
    api = Api(service)
    users.set_online(service, users.ensure(service, "bob"), is_online=True)
    body = api.ok("alice", "GET", "Users/bob")
    assert (body["is_online"], body["is_notifiable"]) == (True, False)


# Repeated mutations --------------------------------------------------------------------------


def test_a_repeated_mutation_is_answered_with_the_first_result(service: Service, api: Api) -> None:
    body: Any = {"unique_name": "one"}
    first = api("alice", "POST", "Conversations", body, x_twilio_mutation_id="m1")
    again = api("alice", "POST", "Conversations", body, X_Twilio_Mutation_Id="m1")
    assert first.status == again.status == 201
    assert first.body == again.body
    assert len(service.conversations) == 1
    other = api("alice", "POST", "Conversations", body, x_twilio_mutation_id="m2")
    assert other.status == 409
    assert api("alice", "POST", "Conversations", {}, x_twilio_mutation_id="m2").status == 409


def test_mutation_ids_belong_to_a_user(service: Service, api: Api) -> None:
    for identity in ("alice", "bob"):
        api(identity, "POST", "Conversations", {}, x_twilio_mutation_id="m1")
    assert len(service.conversations) == 2


def test_a_bug_is_not_remembered(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("conversations.emulator.domain.conversations.create", lambda *_: 1 / 0)
        assert api("alice", "POST", "Conversations", {}, x_twilio_mutation_id="m").status == 500
    assert api("alice", "POST", "Conversations", {}, x_twilio_mutation_id="m").status == 201


# Decoding requests ---------------------------------------------------------------------------


def test_parameters_are_decoded_like_a_form() -> None:
    call = UpstreamCall.decode(
        {
            "method": "get",
            "path": "/a%20b/c%2Fd",
            "params": {"x%5B%5D": ["1%2B1", "a+b"], "empty": "", "n": 7, "none": None},
            "headers": {"X-A": ["1", "2"], "x-a": "3", "X-B": []},
        },
        b"",
    )
    assert call.method == "GET"
    assert call.host == "localhost"
    assert call.segments == ("a b", "c/d")
    assert call.query == {"x[]": ("1+1", "a b"), "empty": ("",), "n": ("7",)}
    assert call.headers == {"x-a": "1"}
    assert call.parameter("x[]") == "1+1"
    assert call.parameter("y") is None
