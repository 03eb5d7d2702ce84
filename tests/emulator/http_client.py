"""
Ordinary HTTP to a test's emulator, as plain as it gets.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

from conversations.emulator import Emulator
from tests.timing import limit

Body = bytes | str | Iterable[bytes] | None


@attrs.frozen(kw_only=True)
class HttpReply:
    """
    An answer: status, headers with names in lower case, body.
    """

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"].startswith("application/json")
        return json.loads(self.data)

    @property
    def error(self) -> tuple[int, int]:
        """
        Status and code of an error answer.
        """
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


@attrs.define
class HttpClient:
    """
    Asks as one user, as a server program, or as nobody.
    """

    emulator: Emulator
    headers: dict[str, str] = attrs.field(factory=dict)

    @classmethod
    def user(cls, emulator: Emulator, identity: str = "alice") -> HttpClient:
        return cls(emulator, {"X-Twilio-Token": emulator.token(identity)})

    @classmethod
    def server(cls, emulator: Emulator, name: str = "", password: str = "") -> HttpClient:
        credentials = emulator.credentials
        pair = f"{name or credentials.account}:{password or credentials.auth_token}"
        encoded = base64.b64encode(pair.encode()).decode()
        return cls(emulator, {"Authorization": f"Basic {encoded}"})

    @property
    def media_path(self) -> str:
        return f"/v1/Services/{self.emulator.credentials.service}/Media"

    def __call__(
        self,
        method: str,
        target: str,
        body: Body = None,
        *,
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> HttpReply:
        """
        One request on a connection of its own. *target* is a path or an absolute URL.
        """
        parts = urlsplit(target)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if query:
            path = f"{path}?{urlencode(query)}"
        connection = HTTPConnection("127.0.0.1", self.emulator.port, timeout=limit())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {**self.headers, **named})
            with connection.getresponse() as response:
                return HttpReply(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.getheaders()},
                    data=response.read(),
                )
        finally:
            connection.close()

    def upload(
        self, data: Body, content_type: str | None = "text/plain", **query: str
    ) -> HttpReply:
        headers = {} if content_type is None else {"Content_Type": content_type}
        return self("POST", self.media_path, data, query=query, **headers)

    def uploaded(self, data: Body, content_type: str = "text/plain", **query: str) -> Any:
        """
        The record of a content that is taken.
        """
        reply = self.upload(data, content_type, **query)
        assert reply.status == 201, reply.data
        return reply.json

    def media_set(self, *sids: str) -> HttpReply:
        body = {"command": "get", "list": [{"media_sid": sid} for sid in sids]}
        return self(
            "POST", f"{self.media_path}Set", json.dumps(body), Content_Type="application/json"
        )
