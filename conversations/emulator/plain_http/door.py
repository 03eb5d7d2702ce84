"""
Where everything comes in: websockets on any path, and requests by ordinary HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

import attrs
from aiohttp import WSMsgType, hdrs, web

from ..api.calls import MUTATION_ID_HEADER, Answer
from ..api.dispatch import ordered_failure
from ..connection import Connection
from ..fault_kinds import HoldKind
from ..journal import RequestRecord
from ..outbox import WebsocketPort
from ..refusals import Refusal, refusal
from ..routing import find_route
from .authentication import NotAuthenticated, authenticate
from .calls import Download, HttpCall, RequestLine, base_url
from .routes import ROUTES, Handler
from .transfers import send, wait_for_release

if TYPE_CHECKING:
    from ..backend import Backend

_logger = logging.getLogger("conversations.emulator")

CLOSE_TIMEOUT = 1.0

# Pages of any origin may ask, and see every answer.
OPEN_TO_ALL: Mapping[str, str] = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*"}
PREFLIGHT: Mapping[str, str] = {
    **OPEN_TO_ALL,
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, DELETE, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "X-Twilio-Token, Authorization, Content-Type",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}


class Door:
    """
    Lets in what comes to the port.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """
        One HTTP request, whatever it wants.
        """
        websocket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT,
            max_msg_size=self._backend.settings.message_limit_bytes,
            compress=False,
        )
        if not websocket.can_prepare(request):
            return await Visit(self._backend, request).answer()
        refused = self._backend.faults.for_connection()
        if refused is not None:
            if refused.status is None and request.transport is not None:
                request.transport.abort()
            return web.Response(status=refused.status or 503)
        await self._converse(request, websocket)
        return websocket

    async def _converse(self, request: web.Request, websocket: web.WebSocketResponse) -> None:
        port = WebsocketPort(request, websocket, self._backend.settings.outgoing_limit_bytes)
        connection = Connection(self._backend, port, base_url(self._backend, request))
        writer = None
        try:
            await websocket.prepare(request)
            writer = asyncio.create_task(port.outbox.run())
            async for message in websocket:
                if message.type is WSMsgType.BINARY:
                    connection.receive(message.data)
                elif message.type is WSMsgType.TEXT:
                    connection.receive_text()
        finally:
            connection.socket_lost()
            port.close(1000, "")
            if writer is not None:
                await writer


class Visit:
    """
    One request by ordinary HTTP: who asks, what tests have ordered for it, the answer.
    """

    def __init__(self, backend: Backend, request: web.Request) -> None:
        self._backend = backend
        self._request = request
        self._line = RequestLine.of(request)
        self._record = RequestRecord(
            method=self._line.method,
            path=self._line.path,
            query={name: tuple(request.query.getall(name)) for name in request.query},
            identity=None,
            connection=None,
            mutation_id=request.headers.get(MUTATION_ID_HEADER),
        )
        self._place = -1

    async def answer(self) -> web.StreamResponse:
        """
        The answer, already on its way if it is a content.
        """
        if self._line.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers=PREFLIGHT)
        headers: Mapping[str, str] = {}
        result: Answer | Download
        try:
            call, handle = self._admit()
            result = await self._carry_out(call, handle)
            if isinstance(result, Download):
                self._note_status(200)
                return await send(call, result.media, OPEN_TO_ALL)
        except Refusal as error:
            result = Answer(status=error.status, body=error.body)
            if isinstance(error, NotAuthenticated):
                headers = error.headers
        except web.HTTPRequestEntityTooLarge:
            too_large = refusal(20413)
            result = Answer(status=too_large.status, body=too_large.body)
        except ConnectionError:  # nobody is there to be answered
            _logger.debug("%s %s broke off", self._line.method, self._line.path)
            return web.Response(status=400)
        except Exception:  # everybody else's requests must survive
            _logger.exception("%s %s failed", self._line.method, self._line.path)
            failure = refusal(20500)
            result = Answer(status=failure.status, body=failure.body)
        self._note_status(result.status)
        return _response(result, headers)

    def _admit(self) -> tuple[HttpCall, Handler]:
        """
        Find the route and see who asks. What lies below ``/v1`` is nobody's business who has
        no credentials, not even whether it is there.
        """
        segments = tuple(unquote(part) for part in self._line.path.strip("/").split("/"))
        caller = None
        try:
            if segments[0] == "v1":
                caller = authenticate(self._backend, self._request)
        finally:
            identity = caller.identity if caller else None
            self._record = attrs.evolve(self._record, identity=identity)
            self._place = self._backend.journal.add_request(self._record)
            self._backend.changed()
        handle, arguments = find_route(ROUTES, self._line.method, segments)
        service = self._backend.service.sid
        if arguments.get("service", service) != service:
            raise refusal(20404, f"The requested resource {self._line.path} was not found")
        call = HttpCall(
            request=self._request, arguments=arguments, backend=self._backend, caller=caller
        )
        return call, handle

    async def _carry_out(self, call: HttpCall, handle: Handler) -> Answer | Download:
        faults, identity = self._backend.faults, self._record.identity
        hold = faults.hold(HoldKind.REQUEST, self._line, identity)
        if hold is not None:
            await wait_for_release(self._backend, hold)
        failure = faults.failure(self._line, identity)
        result: Answer | Download
        if failure is not None and not failure.is_executed:
            result = ordered_failure(failure)
        else:
            result = await handle(call)
            if failure is not None:
                result = ordered_failure(failure)
        hold = faults.hold(HoldKind.REPLY, self._line, identity)
        if hold is not None:
            await wait_for_release(self._backend, hold)
        return result

    def _note_status(self, status: int) -> None:
        record = attrs.evolve(self._record, status=status)
        self._record = self._backend.journal.replace(self._place, self._record, record)
        self._backend.changed()
        _logger.debug("%s %s -> %d", self._line.method, self._line.path, status)


def _response(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    headers = {**OPEN_TO_ALL, **answer.headers, **headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.json_response(answer.body, status=answer.status, headers=headers)
