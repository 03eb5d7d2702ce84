"""
What a session may be configured with.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.twilsock.config import MAX_TOKEN_LENGTH, SessionConfig
from conversations._core.twilsock.errors import LocalProtocolError
from conversations._core.twilsock.frames import decode_frame


@pytest.mark.parametrize("metadata", [{"app": object()}, {"app": float("inf")}, {"app": b"x"}])
def test_metadata_that_is_no_json_is_refused(metadata: Any) -> None:
    with pytest.raises(LocalProtocolError, match="not JSON"):
        SessionConfig(metadata=metadata)


def test_metadata_that_fills_a_frame_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="exceed"):
        SessionConfig(metadata={"app": "x" * 200_000})


@pytest.mark.parametrize("name", ["connect_timeout", "init_timeout", "update_timeout", "watchdog"])
def test_times_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        SessionConfig(**{name: 0})


def test_the_longest_tokens_and_metadata_fit_a_frame() -> None:
    longest = "\U0001f600" * MAX_TOKEN_LENGTH
    config = SessionConfig(metadata={"app": "x" * 120_000})
    data = config.init_frame("TM1", token=longest, continuation_token=longest)
    assert decode_frame(data).header["token"] == longest
