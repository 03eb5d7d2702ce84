"""
Every endpoint by ordinary HTTP: one row each. Below ``/v1`` it must be known who asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..api.calls import Answer
from ..routing import Route
from ..temporary_urls import PREFIX
from . import media
from .calls import Download, HttpCall

Handler = Callable[[HttpCall], Awaitable[Answer | Download]]

_MEDIA = "/v1/Services/{service}/Media"

ROUTES: tuple[Route[Handler], ...] = (
    Route.of("POST", _MEDIA, media.upload),
    Route.of("GET", f"{_MEDIA}/{{media}}", media.get_media),
    Route.of("GET", f"{_MEDIA}/{{media}}/Content", media.get_content),
    Route.of("POST", f"{_MEDIA}Set", media.get_media_set),
    Route.of("GET", f"/{PREFIX}/{{media}}", media.get_temporary),
)
