"""
From a request to its answer, whatever happens on the way.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping

import attrs

from ..deliveries import Deliveries
from ..domain.records import User
from ..domain.service import Service
from ..fault_kinds import FailedRequest
from ..faults import Faults
from ..refusals import Refusal, refusal
from ..routing import find_route
from ..sync.objects import Subscriber
from .calls import MUTATION_ID_HEADER, Answer, Call, UpstreamCall
from .routes import ROUTES

_logger = logging.getLogger("conversations.emulator")

REMEMBERED_MUTATIONS = 10_000


@attrs.frozen(kw_only=True)
class Origin:
    """
    Where a request comes from.

    Attributes:
        user: Who asks.
        subscriber: The connection.
        media_base_url: Scheme and host of the connection's handshake.
    """

    user: User
    subscriber: Subscriber
    media_base_url: str


class Dispatcher:
    """
    Answers requests; knows the results of earlier mutations.
    """

    def __init__(self, service: Service, faults: Faults, deliveries: Deliveries) -> None:
        self._service = service
        self._faults = faults
        self._deliveries = deliveries
        self._mutations: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    def earlier_answer(self, request: UpstreamCall, identity: str) -> Answer | None:
        """
        What the same mutation of the same user was answered before.
        """
        mutation_id = request.headers.get(MUTATION_ID_HEADER)
        return None if mutation_id is None else self._mutations.get((identity, mutation_id))

    def answer(self, request: UpstreamCall, origin: Origin) -> Answer:
        """
        Carry a request out. Errors become answers; a bug becomes a 500 and a log line.
        """
        try:
            answer = self._handle(request, origin)
        except Refusal as error:
            answer = Answer(status=error.status, body=error.body)
        except Exception:  # the connection and everybody else's must survive
            _logger.exception("%s %s failed", request.method, request.path)
            failure = refusal(20500)
            return Answer(status=failure.status, body=failure.body)
        self._remember(request, origin.user.identity, answer)
        return answer

    def _handle(self, request: UpstreamCall, origin: Origin) -> Answer:
        handler, arguments = find_route(ROUTES, request.method, request.segments)
        self._check_service(request, arguments)
        return handler(
            Call(
                request=request,
                arguments=arguments,
                service=self._service,
                user=origin.user,
                subscriber=origin.subscriber,
                media_base_url=origin.media_base_url,
                faults=self._faults,
                deliveries=self._deliveries,
            )
        )

    def _check_service(self, request: UpstreamCall, arguments: Mapping[str, str]) -> None:
        if arguments.get("service", self._service.sid) != self._service.sid:
            raise refusal(20404, f"The requested resource {request.path} was not found")

    def _remember(self, request: UpstreamCall, identity: str, answer: Answer) -> None:
        mutation_id = request.headers.get(MUTATION_ID_HEADER)
        if mutation_id is not None:
            self._mutations[identity, mutation_id] = answer
            while len(self._mutations) > REMEMBERED_MUTATIONS:
                self._mutations.popitem(last=False)


def ordered_failure(failure: FailedRequest) -> Answer:
    """
    The error answer that a test has ordered.
    """
    headers = {} if failure.retry_after is None else {"retry-after": str(failure.retry_after)}
    error = Refusal(failure.status, failure.code, "Ordered by a test")
    return Answer(status=failure.status, body=error.body, headers=headers)
