"""
From a user's settings to the core of a client.
"""

from __future__ import annotations

import os
import platform
import random
import time

from conversations._core.backoff import ExponentialBackoff
from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.exchange import RetryPolicy
from conversations._core.engine import Engine, EngineSettings
from conversations._core.twilsock.config import SessionConfig
from conversations._version import __version__
from conversations.attributes import JSONValue
from conversations.properties import Properties


def new_engine(properties: Properties, *, has_token_provider: bool) -> Engine:
    """
    The core of a client with these settings, on this machine's clocks.
    """
    settings = EngineSettings(
        endpoints=lambda region: properties.endpoints(region, os.environ),
        session=SessionConfig(metadata={**_metadata(), **properties.client_metadata}),
        retry_policy=RetryPolicy(
            backoff=ExponentialBackoff(first=properties.backoff_min, cap=properties.backoff_max),
            max_attempts=properties.backoff_max_attempts,
            retry_when_throttled=properties.retry_when_throttled,
        ),
        max_outstanding_requests=properties.max_outstanding_requests,
        token_refresh_margin=properties.token_refresh_margin,
        has_token_provider=has_token_provider,
        load_conversations=properties.synchronize_on_startup,
        choices=Choices(
            user_infos_to_subscribe=properties.user_infos_to_subscribe,
            typing_indicator_timeout=properties.typing_indicator_timeout,
            http_cache_interval=properties.http_cache_interval,
            channel_metadata_cache_capacity=properties.channel_metadata_cache_capacity,
            message_recipients_cache_capacity=properties.message_recipients_cache_capacity,
            media_url=properties.media_url,
            message_cache_limit=properties.message_cache_limit,
        ),
    )
    return Engine(
        settings, now=time.monotonic(), time_of_day=time.time(), rng=random.SystemRandom()
    )


def _metadata() -> dict[str, JSONValue]:
    """
    What the client tells about itself (docs/protocol/twilsock.md, Init).
    """
    return {
        "ver": __version__,
        "env": "Python",
        "envv": platform.python_version(),
        "os": platform.system(),
        "osv": platform.release(),
        "osa": platform.machine(),
        "type": "conversations",
        "sdk": "Python",
        "sdkv": __version__,
    }
