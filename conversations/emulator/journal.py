"""
What clients have asked for: methods, paths and outcomes, never bodies or tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class RequestRecord:
    """
    One request, by Twilsock or by ordinary HTTP.

    Attributes:
        method: ``GET``, ``POST``, ``DELETE``, ``PUT``.
        path: Percent-encoded, without the query.
        query: Decoded parameters with all their values.
        identity: Who asked: a user, ``system`` for a server program, or ``None`` for somebody
            unknown, as those are who use a temporary URL.
        connection: Number of the connection it came by; ``None`` for ordinary HTTP.
        mutation_id: Its ``X-Twilio-Mutation-Id``.
        is_repeated: It was answered with the result of an earlier one with the same id.
        status: HTTP status of the answer; ``None`` while there is none, and for good if
            Twilsock itself refused the request.
    """

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    identity: str | None
    connection: int | None
    mutation_id: str | None = None
    is_repeated: bool = False
    status: int | None = None


@attrs.frozen(kw_only=True)
class HandshakeRecord:
    """
    One ``init`` or ``update``, accepted or not.

    Attributes:
        method: ``init`` or ``update``.
        connection: Number of the connection.
        identity: Whose token it was, if that could be read.
        status: Status of the reply.
        error_code: Twilio's code of a refusal.
        continuation: What became of the continuation token: ``ACCEPTED`` or the reason for a
            new one. Only for an accepted ``init``.
        metadata: What the client said about itself.
    """

    method: str
    connection: int
    identity: str | None
    status: int
    error_code: int | None = None
    continuation: str | None = None
    metadata: Mapping[str, object] = attrs.field(factory=dict, repr=False)


class Journal:
    """
    The records in order of arrival. Emulator thread only.
    """

    def __init__(self) -> None:
        self.requests: list[RequestRecord] = []
        self.handshakes: list[HandshakeRecord] = []

    def add_request(self, record: RequestRecord) -> int:
        """
        Note a request. Returns its place, to note the outcome later.
        """
        self.requests.append(record)
        return len(self.requests) - 1

    def replace(self, place: int, earlier: RequestRecord, record: RequestRecord) -> RequestRecord:
        """
        Note more about a request. Nothing happens if the journal was cleared meanwhile.
        """
        if place < len(self.requests) and self.requests[place] is earlier:
            self.requests[place] = record
        return record

    def clear(self) -> None:
        """
        Forget everything.
        """
        self.requests.clear()
        self.handshakes.clear()
