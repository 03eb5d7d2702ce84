"""
Requests and answers as values.
"""

from __future__ import annotations

import pytest

from conversations._core.upstream import UpstreamRequest, UpstreamResponse, json_body


@pytest.mark.parametrize(
    ("status", "success"), [(199, False), (200, True), (204, True), (299, True), (300, False)]
)
def test_success_is_2xx(status: int, success: bool) -> None:
    assert UpstreamResponse(status=status).is_success is success


def test_bodies_and_headers_are_not_shown() -> None:
    request = UpstreamRequest(
        method="POST",
        url="https://aim.us1.twilio.com/x",
        headers={"X-Twilio-Token": "secret"},
        body=b"secret",
        description="a test",
    )
    response = UpstreamResponse(status=200, headers={"x": "secret"}, body="secret")
    assert "secret" not in repr((request, response))


def test_json_is_compact_ascii() -> None:
    assert json_body({"a": [1, None], "b": "ж\ud800"}) == rb'{"a":[1,null],"b":"\u0436\ud800"}'


def test_what_is_no_json_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_body(float("nan"))
