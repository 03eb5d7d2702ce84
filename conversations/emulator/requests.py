"""
The requests of one connection: from a ``message`` frame to its reply.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import attrs

from .._core.twilsock.frames import Frame
from . import twilsock
from .api.calls import MUTATION_ID_HEADER, Answer, UpstreamCall
from .api.dispatch import Origin, ordered_failure
from .domain import users
from .fault_kinds import HoldKind
from .journal import RequestRecord
from .refusals import Refusal

if TYPE_CHECKING:
    from .connection import Connection

_logger = logging.getLogger("conversations.emulator")


class Requests:
    """
    Handles requests in order of arrival; each is done before the next is looked at.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._backend = connection.backend

    def ignores_body(self, frame: Frame) -> bool:
        """
        Whether the frame's request has a body that nobody reads.
        """
        request = frame.header.get("http_request")
        return isinstance(request, dict) and str(request.get("method")).upper() == "DELETE"

    def receive(self, frame: Frame) -> None:
        """
        Take one request, and answer it unless a test wants otherwise.
        """
        try:
            request = UpstreamCall.decode(frame.header.get("http_request"), frame.payload)
        except Refusal as error:
            answer = Answer(status=error.status, body=error.body)
            self._connection.send(twilsock.answer_reply(frame.id, answer, self._request_id({})))
            return
        record = RequestRecord(
            method=request.method,
            path=request.path,
            query=request.query,
            identity=self._connection.identity,
            connection=self._connection.number,
            mutation_id=request.headers.get(MUTATION_ID_HEADER),
        )
        place = self._backend.journal.add_request(record)
        hold = self._backend.faults.hold(HoldKind.REQUEST, request, self._connection.identity)
        proceed = partial(self._proceed, frame.id, request, record, place)
        if hold is None:
            proceed()
        else:
            hold.waiting.append(proceed)
        self._backend.watch.changed()

    def _proceed(
        self, frame_id: str, request: UpstreamCall, record: RequestRecord, place: int
    ) -> None:
        if not self._connection.is_ready:  # gone while it was held
            return
        identity = self._connection.identity
        throttle = self._backend.faults.throttle(request, identity)
        if throttle is not None:
            self._connection.send(
                twilsock.reply(frame_id, twilsock.TOO_MANY_REQUESTS, backoff=throttle.backoff)
            )
            return
        answer, record = self._answer(request, record, place)
        hold = self._backend.faults.hold(HoldKind.REPLY, request, identity)
        send = partial(self._send, frame_id, request, answer, record, place)
        if hold is None:
            send()
        else:
            hold.waiting.append(send)
        if answer.afterwards is not None:
            # Notifications overtake a held reply, which can happen on the real service too.
            answer.afterwards()
            self._backend.watch.changed()

    def _answer(
        self, request: UpstreamCall, record: RequestRecord, place: int
    ) -> tuple[Answer, RequestRecord]:
        failure = self._backend.faults.failure(request, self._connection.identity)
        if failure is not None and not failure.is_executed:
            return ordered_failure(failure), record
        answer = self._backend.dispatcher.earlier_answer(request, self._connection.identity)
        if answer is not None:
            record = self._backend.journal.replace(
                place, record, attrs.evolve(record, is_repeated=True)
            )
        else:
            answer = self._backend.dispatcher.answer(request, self._origin())
        if failure is not None:
            return attrs.evolve(ordered_failure(failure), afterwards=answer.afterwards), record
        return answer, record

    def _send(
        self,
        frame_id: str,
        request: UpstreamCall,
        answer: Answer,
        record: RequestRecord,
        place: int,
    ) -> None:
        if not self._connection.is_ready:
            return
        request_id = self._request_id(request.headers)
        self._connection.send(twilsock.answer_reply(frame_id, answer, request_id))
        self._backend.journal.replace(place, record, attrs.evolve(record, status=answer.status))
        self._backend.watch.changed()
        _logger.debug("%s %s -> %d", request.method, request.path, answer.status)

    def _origin(self) -> Origin:
        return Origin(
            user=users.ensure(self._backend.service, self._connection.identity),
            subscriber=self._connection,
            media_base_url=self._connection.base_url,
        )

    def _request_id(self, headers: Mapping[str, str]) -> str:
        """
        The client's own id of the request, or a new one.
        """
        return headers.get("twilio-request-id") or self._backend.ids.sid("RQ")
