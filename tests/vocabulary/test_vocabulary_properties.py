"""
Properties: defaults, refusal of what cannot work, and the addresses that follow.
"""

from __future__ import annotations

import ssl

import attrs
import pytest

from conversations.errors import InvalidArgumentError
from conversations.properties import EMULATOR_VARIABLE, Endpoints, Properties


def test_defaults_are_the_documented_ones():
    assert attrs.asdict(Properties()) == {
        "region": None,
        "command_timeout": 10.0,
        "defer_certificate_trust_to_platform": True,
        "ssl_context": None,
        "use_proxy": True,
        "synchronize_on_startup": True,
        "dispatcher": None,
        "user_infos_to_subscribe": None,
        "typing_indicator_timeout": None,
        "http_cache_interval": None,
        "client_metadata": {},
        "api_url": None,
        "twilsock_url": None,
        "media_url": None,
        "retry_when_throttled": True,
        "backoff_min": 1.0,
        "backoff_max": 4.0,
        "backoff_max_attempts": 3,
        "channel_metadata_cache_capacity": 100,
        "message_recipients_cache_capacity": 1000,
        "message_cache_limit": None,
        "max_outstanding_requests": 1000,
        "worker_threads": 4,
        "token_refresh_margin": 120.0,
    }


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("region", ["", "US1", "us1.evil", "us 1", 1, "us1\n"]),
        *[
            (name, [0, -1.0, "10", None, True, float("nan"), float("inf"), 10**400])
            for name in ("command_timeout", "backoff_min", "backoff_max")
        ],
        ("typing_indicator_timeout", [0, -1.0, "10", True, float("nan"), float("inf")]),
        ("http_cache_interval", [-1, "PT5S", False, float("inf")]),
        ("user_infos_to_subscribe", [0, -1, 1.0, "1", True]),
        ("channel_metadata_cache_capacity", [0, -1, 1.0, "1", None, True]),
        ("message_recipients_cache_capacity", [0, -1, 1.0, "1", None, True]),
        ("token_refresh_margin", [-1, "1", None, False, float("nan")]),
        *[
            (name, [0, -1, 1.0, "1", None, True])
            for name in ("backoff_max_attempts", "max_outstanding_requests", "worker_threads")
        ],
        *[
            (name, [None, 0, 1, "yes"])
            for name in (
                "defer_certificate_trust_to_platform",
                "use_proxy",
                "synchronize_on_startup",
                "retry_when_throttled",
            )
        ],
        ("ssl_context", [True, "context", {}]),
        ("client_metadata", [None, [], {"a": object()}, {1: "a"}, "text"]),
        (
            "twilsock_url",
            [
                "",
                7,
                "https://host/path",
                "wss://",
                "wss:///path",
                "wss://:443/",
                "wss://host:port/",
                "wss://host:99999/",
                "wss://host:0/",
                "wss://user:password@host/",
                "wss://host/#fragment",
                "wss://ho st/",
                "wss://host/\r\nHeader: x",
                "wss://hösť/",
                "wss://[::1/",
                "tsock.us1.twilio.com",
            ],
        ),
        ("api_url", ["", 7, "ws://host", "host", "https://host?query=1", "https://a@host"]),
    ],
)
def test_what_cannot_work_is_refused_by_name(name, values):
    for value in values:
        with pytest.raises(InvalidArgumentError, match=name):
            Properties(**{name: value})


def test_an_error_about_a_url_does_not_quote_it():
    with pytest.raises(InvalidArgumentError) as caught:
        Properties(twilsock_url="wss://user:password@host/")
    assert "wss://user" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_shortest_pause_is_not_longer_than_the_longest():
    assert Properties(backoff_min=2, backoff_max=2).backoff_max == 2
    with pytest.raises(InvalidArgumentError, match="backoff_min"):
        Properties(backoff_min=5)


def test_options_have_names_and_cannot_be_changed():
    with pytest.raises(TypeError):
        Properties("us1")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Properties().region = "us1"


def test_metadata_is_copied_and_frozen():
    source = {"app": "Chat", "osa": 64}
    properties = Properties(client_metadata=source)
    source["app"] = "other"
    assert properties.client_metadata == {"app": "Chat", "osa": 64}
    with pytest.raises(TypeError):
        properties.client_metadata["app"] = "other"


def test_equal_options_are_equal_and_hash_alike():
    first, second = (Properties(client_metadata={"a": 1}, region="ie1") for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Properties(client_metadata={"a": 2}, region="ie1")
    assert attrs.evolve(first, region=None).client_metadata == {"a": 1}


def test_a_real_ssl_context_is_accepted():
    context = ssl.create_default_context()
    assert Properties(ssl_context=context).ssl_context is context


def test_endpoints_are_those_of_the_default_region():
    assert Properties().endpoints(None, {}) == Endpoints(
        region="us1",
        twilsock_url="wss://tsock.us1.twilio.com/v3/wsconnect",
        api_url="https://aim.us1.twilio.com",
        sync_url="https://cds.us1.twilio.com",
    )


def test_the_region_given_wins_over_that_of_the_token():
    assert Properties().endpoints("ie1", {}).sync_url == "https://cds.ie1.twilio.com"
    assert Properties(region="au1").endpoints("ie1", {}) == Endpoints(
        region="au1",
        twilsock_url="wss://tsock.au1.twilio.com/v3/wsconnect",
        api_url="https://aim.au1.twilio.com",
        sync_url="https://cds.au1.twilio.com",
    )


@pytest.mark.parametrize(
    ("variable", "twilsock_url"),
    [
        ("http://127.0.0.1:8089", "ws://127.0.0.1:8089/v3/wsconnect"),
        ("http://127.0.0.1:8089/", "ws://127.0.0.1:8089/v3/wsconnect"),
        (" http://[::1]:8089 ", "ws://[::1]:8089/v3/wsconnect"),
        ("https://emulator.example", "wss://emulator.example/v3/wsconnect"),
        ("https://example/emulator/", "wss://example/emulator/v3/wsconnect"),
        ("", "wss://tsock.us1.twilio.com/v3/wsconnect"),
    ],
)
def test_the_environment_moves_the_websocket_and_nothing_else(variable, twilsock_url):
    endpoints = Properties().endpoints(None, {EMULATOR_VARIABLE: variable})
    assert endpoints == attrs.evolve(Properties().endpoints(None, {}), twilsock_url=twilsock_url)


@pytest.mark.parametrize(
    "variable", ["ws://127.0.0.1:8089", "127.0.0.1:8089", "http://", "http://host?a=b", "nonsense"]
)
def test_a_wrong_variable_is_named(variable):
    with pytest.raises(InvalidArgumentError, match=EMULATOR_VARIABLE):
        Properties().endpoints(None, {EMULATOR_VARIABLE: variable})


def test_urls_given_win_over_everything():
    properties = Properties(twilsock_url="ws://10.0.0.1:8089/x?y=z", api_url="http://api.local/")
    endpoints = properties.endpoints("ie1", {EMULATOR_VARIABLE: "nonsense"})
    assert endpoints.twilsock_url == "ws://10.0.0.1:8089/x?y=z"
    assert endpoints.api_url == "http://api.local"
    assert endpoints.sync_url == "https://cds.ie1.twilio.com"
