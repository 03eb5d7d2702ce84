"""
What the client's frames say, and how those of the server are read.
"""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._core.twilsock.errors import LocalProtocolError
from conversations._core.twilsock.frames import Frame, decode_frame
from conversations._core.twilsock.messages import (
    UNREADABLE_STATUS,
    AccountDescriptor,
    BackoffPolicy,
    Registration,
    ReplyStatus,
    acknowledgement_frame,
    close_frame,
    init_frame,
    message_frame,
    read_account,
    read_backoff_policy,
    read_capabilities,
    read_continuation_token,
    read_response,
    read_status,
    update_frame,
)
from conversations._core.upstream import UpstreamRequest, UpstreamResponse
from tests.core.twilsock.frame_vectors import VECTORS
from tests.core.twilsock.harness import HighestRandom, LowestRandom, policy
from tests.core.twilsock.test_frames import JSON

URL = "https://aim.us1.twilio.com/Client/v2/Conversations"


def init(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "token": "a.b.c",
        "continuation_token": None,
        "metadata": {"env": "Python", "osa": 64},
        "registrations": [Registration()],
        "capabilities": ["client_update"],
    }
    return decode_frame(init_frame("TM1", **options | changes)).header


def message(url: str = URL, **options: Any) -> Frame:
    request = UpstreamRequest(method=options.pop("method", "GET"), url=url, **options)
    return decode_frame(message_frame("TM1", request, active_grant="ip_messaging"))


def http_request(url: str = URL, **options: Any) -> dict[str, Any]:
    request = message(url, **options).header["http_request"]
    assert isinstance(request, dict)
    return request


# Frames of the client


def test_init_says_who_the_client_is_and_what_it_wants() -> None:
    assert init() == {
        "id": "TM1",
        "method": "init",
        "token": "a.b.c",
        "metadata": {"env": "Python", "osa": 64},
        "registrations": [
            {
                "product": "ip_messaging",
                "type": "ers",
                "notification_protocol_version": 4,
                "message_types": [
                    "twilio.ipmsg.typing_indicator",
                    "twilio.sync.event",
                    "com.twilio.rtd.cds.document",
                    "com.twilio.rtd.cds.list",
                    "com.twilio.rtd.cds.map",
                ],
            }
        ],
        "capabilities": ["client_update"],
        "payload_size": 0,
    }


def test_init_carries_a_known_continuation_token() -> None:
    assert init(continuation_token="c-token")["continuation_token"] == "c-token"


def test_update_and_close_are_short() -> None:
    assert decode_frame(update_frame("TM1", "new")).header == {
        "id": "TM1",
        "method": "update",
        "token": "new",
        "payload_size": 0,
    }
    assert decode_frame(close_frame("TM1")).header == {
        "id": "TM1",
        "method": "close",
        "payload_size": 0,
    }


def test_the_acknowledgement_is_that_of_the_javascript_client() -> None:
    vector = VECTORS["V1"]
    frame_id = "TM00000000-0000-4000-8000-000000000001"
    assert acknowledgement_frame(frame_id) == base64.b64decode(vector.base64)


def test_a_request_becomes_a_message() -> None:
    frame = message(
        f"{URL}?Order=desc&PageSize=30",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Mutation-Id": "1"},
        body=b"a=1",
    )
    assert frame.header == {
        "id": "TM1",
        "method": "message",
        "active_grant": "ip_messaging",
        "payload_type": "application/x-www-form-urlencoded",
        "http_request": {
            "host": "aim.us1.twilio.com",
            "path": "/Client/v2/Conversations",
            "method": "POST",
            "params": {"Order": "desc", "PageSize": "30"},
            "headers": {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Mutation-Id": "1",
            },
        },
        "payload_size": 3,
    }
    assert frame.payload == b"a=1"


def test_the_payload_type_is_that_of_the_header_whatever_its_case() -> None:
    headers = {"X-Other": "1", "content-type": "text/plain"}
    assert message(headers=headers, body=b"text").payload == "text"


def test_a_body_without_content_type_is_json_and_no_body_has_no_type() -> None:
    assert message(body=b"{}").header["payload_type"] == "application/json"
    assert "payload_type" not in message().header


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("", {}),
        ("?", {}),
        ("?q=%D0%B6", {"q": "%D0%B6"}),
        ("?a%20b=c%26d%2Be%3D", {"a%20b": "c%26d%2Be%3D"}),
        ("?x=1&x=2&x=3", {"x": ["1", "2", "3"]}),
        ("?x=&x=", {"x": ["", ""]}),
        ("?token=abc==", {"token": "abc%3D%3D"}),
        ("?flag&&a=1", {"flag": "", "a": "1"}),
        ("?a=1#fragment", {"a": "1"}),
    ],
)
def test_parameters_stay_percent_encoded(query: str, params: dict[str, Any]) -> None:
    assert http_request(URL + query)["params"] == params


def test_host_and_path_are_taken_as_they_stand() -> None:
    request = http_request("http://127.0.0.1:8089/v3/Maps/a%2Fb%20c")
    assert (request["host"], request["path"]) == ("127.0.0.1:8089", "/v3/Maps/a%2Fb%20c")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path/alone",
        "https://host-without-path",
        "https:///path",
        "ftp://host/path",
        "https://[broken/path",
    ],
)
def test_what_is_no_absolute_url_is_refused(url: str) -> None:
    with pytest.raises(LocalProtocolError):
        message(url)


# What the server says


def frame(**header: Any) -> Frame:
    return Frame({"method": "reply", "id": "TM1", **header})


def test_a_status_is_read() -> None:
    status = {"code": 401, "status": "UNAUTHORIZED", "description": "expired", "errorCode": 20104}
    assert read_status(frame(status=status)) == ReplyStatus(
        code=401, status="UNAUTHORIZED", description="expired", error_code=20104
    )
    assert read_status(frame(status={"code": 200})) == ReplyStatus(code=200)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"status": None},
        {"status": "OK"},
        {"status": {}},
        {"status": {"code": "200"}},
        {"status": {"code": True}},
        {"status": {"code": 200.0}},
    ],
)
def test_a_status_without_code_is_unreadable(header: dict[str, Any]) -> None:
    assert read_status(frame(**header)) is UNREADABLE_STATUS
    assert not UNREADABLE_STATUS.is_success


def test_odd_words_in_a_status_count_as_not_said() -> None:
    status = {"code": 500, "status": 1, "description": [], "errorCode": "x"}
    assert read_status(frame(status=status)) == ReplyStatus(code=500)


def test_the_answer_of_the_service_is_read() -> None:
    answer = Frame(
        {
            "method": "reply",
            "id": "TM1",
            "http_status": {"code": 404, "status": "Not Found"},
            "http_headers": {"ETag": '"2"', "many": ["a", 1, "b"], "odd": 5, "none": []},
        },
        {"code": 50300},
    )
    assert read_response(answer) == UpstreamResponse(
        status=404,
        reason="Not Found",
        headers={"etag": '"2"', "many": "a, b"},
        body={"code": 50300},
    )


def test_without_a_status_of_the_service_it_counts_as_success() -> None:
    assert read_response(frame()) == UpstreamResponse(status=200, reason="OK")


@pytest.mark.parametrize("http_status", [None, 200, {}, {"code": "200"}])
def test_an_odd_status_of_the_service_cannot_be_read(http_status: Any) -> None:
    assert read_response(frame(http_status=http_status)) is None


def test_continuation_token_and_capabilities_are_read() -> None:
    assert read_continuation_token(frame(continuation_token="c")) == "c"
    assert read_capabilities(frame(capabilities=["a", 1, "b"])) == {"a", "b"}
    for odd in (None, "", 5, []):
        assert read_continuation_token(frame(continuation_token=odd)) is None
        assert read_capabilities(frame(capabilities=odd)) == frozenset()
    assert read_continuation_token(frame()) is None


def test_the_account_is_read() -> None:
    account = {"account_sid": "AC1", "identity": "alice", "instance_sids": {"chat": "IS1", "x": 1}}
    assert read_account(frame(account_descriptor=account)) == AccountDescriptor(
        account_sid="AC1", identity="alice", instance_sids={"chat": "IS1"}
    )
    without_instances = {"account_sid": "AC1", "identity": "alice"}
    assert read_account(frame(account_descriptor=without_instances)) == AccountDescriptor(
        account_sid="AC1", identity="alice"
    )


@pytest.mark.parametrize(
    "account", [None, [], {}, {"account_sid": "AC1"}, {"identity": "a", "account_sid": 1}]
)
def test_an_incomplete_account_counts_as_none(account: Any) -> None:
    assert read_account(frame(account_descriptor=account)) is None


@pytest.mark.parametrize(
    ("payload", "shortest", "longest"),
    [
        (policy(1000, 5000), 1.0, 5.0),
        (policy(0, 0.5), 0.0, 0.0005),
        (policy(5000, 1000), 5.0, 5.0),
        (policy(5000, None), 5.0, 5.0),
        (policy(None, 5000), 1.0, 5.0),
        (policy(None, 500), 1.0, 1.0),
        (policy(-1, True), 1.0, 2.0),
        (policy("1000", [1]), 1.0, 2.0),
        (policy(10**400, float("inf")), 1.0, 2.0),
        ({"backoff_policy": 5}, 1.0, 2.0),
        ({}, 1.0, 2.0),
        (None, 1.0, 2.0),
        (b"bytes", 1.0, 2.0),
    ],
)
def test_a_policy_is_read_and_drawn_from(payload: Any, shortest: float, longest: float) -> None:
    read = read_backoff_policy(payload)
    assert read.draw(LowestRandom()) == shortest
    assert read.draw(HighestRandom()) == longest


@given(st.dictionaries(st.text(), JSON), JSON)
def test_whatever_the_server_says_can_be_read(header: dict[str, Any], payload: Any) -> None:
    said = Frame(header, payload)
    for name in ("status", "http_status", "http_headers", "account_descriptor"):
        said.header.setdefault(name, payload)
    read_status(said)
    read_response(said)
    read_continuation_token(said)
    read_capabilities(said)
    read_account(said)
    assert isinstance(read_backoff_policy(payload), BackoffPolicy)
    assert read_backoff_policy(payload).draw(random.Random(1)) >= 0
