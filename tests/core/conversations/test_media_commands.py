"""
Uploads, addresses, downloads and messages that carry media: a whole engine, with somebody in
place of the workers who does what the test has written down.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from conversations._core.conversations.calls import Call
from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.exchange import RetryPolicy
from conversations._core.conversations.http import (
    HttpFailed,
    HttpFailureKind,
    HttpRequest,
)
from conversations._core.conversations.media_commands import Draft, Upload
from conversations._core.conversations.records import ConversationRecord, MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.conversations.snapshots import MediaSnapshot
from conversations._core.promises import Promise
from conversations._core.upstream import UpstreamResponse
from conversations.attributes import Attributes
from conversations.enums import ErrorReason, MediaCategory
from conversations.errors import (
    BadRequestError,
    ClientShutdownError,
    ConnectionLostError,
    ConversationsError,
    ErrorInfo,
    MediaError,
    OperationCancelledError,
    RequestTimeoutError,
    ServiceError,
)
from conversations.properties import Endpoints
from tests.core.simulated_objects import API, CDS, SERVICE_SID
from tests.core.simulated_service import SimulatedService
from tests.core.simulated_world import World, make_token

T = TypeVar("T")

MCS = f"https://mcs.us1.twilio.com/v1/Services/{SERVICE_SID}/Media"
SIGNED = "https://media.us1.twilio.com/ME1?Signature=canary-signature"
MB = 1024 * 1024


@attrs.define
class Source:
    """
    A content, for the core to hand on.
    """

    size: int | None = 3
    is_repeatable: bool = True


@attrs.define(eq=False)
class Observer:
    """
    What an upload's listener would be told, with the time.
    """

    world: World
    told: list[tuple[Any, ...]] = attrs.field(factory=list)
    times: list[float] = attrs.field(factory=list)

    def started(self) -> None:
        self._note("started")

    def progressed(self, bytes_sent: int) -> None:
        self._note("progress", bytes_sent)

    def completed(self, sid: str) -> None:
        self._note("completed", sid)

    def failed(self, error_info: ErrorInfo) -> None:
        self._note("failed", error_info.reason.name, error_info.code)

    def _note(self, *what: Any) -> None:
        self.told.append(what)
        self.times.append(self.world.engine.scheduler.now)


@attrs.define(kw_only=True)
class Outcome:
    """
    What becomes of one request.

    Attributes:
        progress: Bytes through, after how many seconds each.
        after: Seconds until the end; ``None``: there is none.
    """

    answer: UpstreamResponse | None = None
    failure: HttpFailed | None = None
    error: BaseException | None = None
    progress: Sequence[tuple[float, int]] = ()
    after: float | None = 0.1


class Workers:
    """
    Carries requests as a test has planned it.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.outcomes: deque[Outcome] = deque()
        self.requests: list[HttpRequest] = []
        self.stopped: list[HttpRequest] = []

    def plan(self, *outcomes: Outcome) -> None:
        self.outcomes.extend(outcomes)

    def carry(
        self, request: HttpRequest, progress: Callable[[int], None]
    ) -> Promise[UpstreamResponse]:
        self.requests.append(request)
        outcome = self.outcomes.popleft()
        promise: Promise[UpstreamResponse] = Promise(
            self._world.engine.scheduler, on_abandon=lambda: self.stopped.append(request)
        )
        for after, count in outcome.progress:
            self._at(after, partial(progress, count))
        if outcome.after is not None:
            self._at(outcome.after, partial(_settle, promise, outcome))
        return promise

    def _at(self, after: float, action: Callable[[], None]) -> None:
        def act() -> None:
            self._world.engine.scheduler.now = self._world.now  # as the network thread does
            action()

        self._world._soon(act, after)

    @property
    def urls(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.requests]


def _settle(promise: Promise[UpstreamResponse], outcome: Outcome) -> None:
    error = outcome.failure or outcome.error
    if error is not None:
        promise.reject(error)
    elif outcome.answer is not None:
        promise.resolve(outcome.answer)


def ok(body: Any, status: int = 200, **more: Any) -> Outcome:
    return Outcome(answer=UpstreamResponse(status=status, body=body), **more)


def uploaded(sid: str, **more: Any) -> Outcome:
    return ok({"sid": sid, "links": {}}, 201, **more)


def located(url: str | None = SIGNED, size: Any = 3) -> Outcome:
    return ok({"sid": "ME1", "size": size, "links": {"content_direct_temporary": url}})


def refused(status: int, code: int = 0, headers: dict[str, str] | None = None) -> Outcome:
    body = {"status": status, "code": code, "message": "its words"}
    return Outcome(answer=UpstreamResponse(status=status, body=body, headers=headers or {}))


def broken(kind: HttpFailureKind = HttpFailureKind.LOST) -> Outcome:
    return Outcome(failure=HttpFailed(kind, kind.value))


@attrs.define(eq=False)
class Scene:
    """
    Alice in a conversation with bob, and her workers.
    """

    world: World
    workers: Workers
    record: ConversationRecord

    def begin(
        self,
        operation: Callable[[ConversationsService, Call, Workers], Coroutine[Any, Any, T]],
        *,
        timeout: float = 10.0,
        is_extended: bool = True,
    ) -> Promise[T]:
        engine = self.world.engine

        async def run(call: Call) -> T:
            return await operation(engine.ready_service(), call, self.workers)

        promise = engine.call("call", timeout, run, is_extended=is_extended)
        self.world.run(0.0)
        return promise

    def result(self, operation: Any, **more: Any) -> Any:
        promise = self.begin(operation, **more)
        self.world.run_until(lambda: promise.is_settled)
        return promise.result()

    def error(self, operation: Any, **more: Any) -> ConversationsError:
        with pytest.raises(ConversationsError) as caught:
            self.result(operation, **more)
        return caught.value

    def observer(self) -> Observer:
        return Observer(self.world)

    @property
    def posts(self) -> list[Any]:
        """
        The bodies of the messages that were sent.
        """
        return [
            request.body
            for request in self.world.service.requests
            if request.method == "POST" and request.path.endswith("/Messages")
        ]


def scene_with(media: Any = MCS, *, options: Any = None, **settings: Any) -> Scene:
    service = SimulatedService()
    conversation = service.create("bob", "alice", "bob")
    base = f"{API}/Client/v2/Services/{SERVICE_SID}"
    service.configuration_changes["links"] = {
        "conversations": f"{base}/Conversations",
        "my_conversations": f"{base}/Users/{service.user('alice')}/Conversations",
        "users": f"{base}/Users",
        "media_service": media,
        "media_set_service": None,
    }
    if options is not None:
        service.configuration_changes["options"] = options
    world = World(service, **settings).ready()
    return Scene(world, Workers(world), world.record(conversation.sid))


@pytest.fixture
def scene() -> Scene:
    return scene_with()


def upload(
    source: Source | None = None,
    category: MediaCategory = MediaCategory.MEDIA,
    content_type: str = "text/plain",
    **more: Any,
) -> Upload:
    return Upload(category=category, content_type=content_type, source=source or Source(), **more)


def uploading(what: Upload) -> Any:
    return lambda service, call, carrier: service.media_commands.upload(call, carrier, what)


def sending(scene: Scene, **draft: Any) -> Any:
    return lambda service, call, carrier: service.media_commands.send(
        call, carrier, scene.record, Draft(**draft)
    )


def finding(*sids: str) -> Any:
    return lambda service, call, carrier: service.media_commands.temporary_urls(
        call, carrier, list(sids)
    )


def locating(sid: str = "ME1") -> Any:
    return lambda service, call, carrier: service.media_commands.temporary_url(call, carrier, sid)


def downloading(target: Source | None = None, size: int | None = 3) -> Any:
    snapshot = MediaSnapshot(sid="ME1", size=size)
    return lambda service, call, carrier: service.media_commands.download(
        call, carrier, snapshot, target or Source()
    )


# Uploading


def test_an_upload_is_a_post_with_category_and_name(scene: Scene) -> None:
    scene.workers.plan(uploaded("ME1"))
    source = Source()

    sid = scene.result(
        uploading(upload(source, filename="a b&c=ü.txt", content_type="text/plain; x=y"))
    )

    (request,) = scene.workers.requests
    parts = urlsplit(request.url)
    assert sid == "ME1"
    assert request.method == "POST"
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == MCS
    assert parts.query == "Category=media&Filename=a+b%26c%3D%C3%BC.txt"
    assert dict(parse_qsl(parts.query))["Filename"] == "a b&c=ü.txt"
    assert request.headers == {
        "X-Twilio-Token": make_token(),
        "Content-Type": "text/plain; x=y",
    }
    assert request.source is source
    assert request.max_size == 150 * MB
    assert request.patience > 10


@pytest.mark.parametrize("category", [MediaCategory.BODY, MediaCategory.HISTORY])
def test_an_upload_without_a_name_has_none(scene: Scene, category: MediaCategory) -> None:
    scene.workers.plan(uploaded("ME1"))

    scene.result(uploading(upload(category=category)))

    assert scene.workers.urls == [f"POST {MCS}?Category={category.value}"]


def test_the_limit_of_the_service_bounds_what_is_read() -> None:
    scene = scene_with(options={"media_attachment_size_limit_in_mb": 2})
    scene.workers.plan(uploaded("ME1"))

    scene.result(uploading(upload()))

    assert scene.workers.requests[0].max_size == 2 * MB


def test_the_token_is_the_one_in_force_at_each_request(scene: Scene) -> None:
    scene.workers.plan(uploaded("ME1", after=5.0), uploaded("ME2"))
    promise = scene.begin(sending(scene, uploads=(upload(), upload())))
    new = make_token(lifetime=7200.0)
    update = scene.world.call(lambda _, call: scene.world.engine.update_token(call, new))
    scene.world.run_until(lambda: promise.is_settled)

    assert update.error is None
    assert [one.headers["X-Twilio-Token"] for one in scene.workers.requests] == [make_token(), new]


def test_a_token_that_was_refused_is_never_sent(scene: Scene) -> None:
    new = make_token(lifetime=7200.0)
    scene.world.service.refused_tokens[new] = (401, 20101)
    scene.world.call(lambda _, call: scene.world.engine.update_token(call, new))
    scene.world.run(2.0)
    scene.workers.plan(uploaded("ME1"))

    scene.result(uploading(upload()))

    assert scene.workers.requests[0].headers["X-Twilio-Token"] == make_token()


def test_the_observer_is_told_rising_numbers_and_not_too_many(scene: Scene) -> None:
    observer = scene.observer()
    progress = [(step / 100, step * 10) for step in range(100)]
    scene.workers.plan(uploaded("ME1", progress=[*progress, (0.999, 1000)], after=1.0))

    scene.result(uploading(upload(observer=observer)))

    kinds = [what[0] for what in observer.told]
    counts = [what[1] for what in observer.told if what[0] == "progress"]
    assert kinds == ["started", *["progress"] * len(counts), "completed"]
    assert counts == sorted(set(counts))
    assert counts[-1] == 1000
    assert 5 <= len(counts) <= 11
    gaps = [
        after - before
        for before, after in zip(observer.times[1:-3], observer.times[2:-2], strict=True)
    ]
    assert min(gaps) >= 0.1
    assert observer.told[-1] == ("completed", "ME1")


def test_an_upload_that_says_nothing_on_its_way_tells_nothing(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(uploaded("ME1"))

    scene.result(uploading(upload(observer=observer)))

    assert observer.told == [("started",), ("completed", "ME1")]


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [(400, 50512, BadRequestError), (401, 20104, ServiceError), (500, 20500, ServiceError)],
)
def test_a_refused_upload_is_a_media_error_with_the_words_of_the_service(
    scene: Scene, status: int, code: int, cause: type[ServiceError]
) -> None:
    observer = scene.observer()
    scene.workers.plan(refused(status, code, {"twilio-request-id": "RQ1"}))

    error = scene.error(uploading(upload(observer=observer)))

    assert type(error) is MediaError
    assert (error.reason, error.status) == (ErrorReason.MEDIA_UPLOAD_ERROR, status)
    assert error.code == ErrorInfo.MEDIA_UPLOAD_ERROR == -12
    assert str(error).endswith(f"its words: code {code}")
    assert error.error_info.more_info == f"https://www.twilio.com/docs/errors/{code}"
    assert error.error_info.request_id == "RQ1"
    assert isinstance(error.__cause__, cause)
    assert error.__cause__.code == code
    assert error.error_info.cause is error.__cause__
    assert observer.told == [("started",), ("failed", "MEDIA_UPLOAD_ERROR", -12)]
    assert len(scene.workers.requests) == 1


@pytest.mark.parametrize("kind", list(HttpFailureKind))
def test_an_upload_that_does_not_get_there_is_a_media_error(
    scene: Scene, kind: HttpFailureKind
) -> None:
    observer = scene.observer()
    scene.workers.plan(broken(kind))

    error = scene.error(uploading(upload(observer=observer)))

    assert type(error) is MediaError
    assert (error.reason, error.status, error.code) == (ErrorReason.MEDIA_UPLOAD_ERROR, 0, -12)
    assert kind.value in str(error)
    assert isinstance(error.__cause__, HttpFailed)
    assert observer.told[-1][0] == "failed"


@pytest.mark.parametrize("body", [None, {}, {"sid": None}, {"sid": ""}, [], "x"])
def test_an_answer_without_a_sid_is_of_no_use(scene: Scene, body: Any) -> None:
    scene.workers.plan(ok(body, 201))

    error = scene.error(uploading(upload()))

    assert (error.reason, error.code) == (ErrorReason.MEDIA_UPLOAD_ERROR, -12)


def test_what_ends_the_client_is_not_called_an_upload_error(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(Outcome(error=ClientShutdownError()))

    error = scene.error(uploading(upload(observer=observer)))

    assert isinstance(error, ClientShutdownError)
    assert observer.told[-1] == ("failed", "CLIENT_SHUTDOWN", 0)


# Attempts


@pytest.mark.parametrize("first", [broken(), broken(HttpFailureKind.CONNECT), refused(503)])
def test_by_default_an_upload_is_tried_once(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(first)

    assert scene.error(uploading(upload())).code == -12
    assert len(scene.workers.requests) == 1


@pytest.mark.parametrize(
    "first",
    [
        broken(),
        broken(HttpFailureKind.CONNECT),
        broken(HttpFailureKind.SILENCE),
        broken(HttpFailureKind.NAME_RESOLUTION),
        refused(429),
        refused(500),
        refused(502),
        refused(503),
    ],
)
def test_an_upload_is_tried_as_often_as_it_may(scene: Scene, first: Outcome) -> None:
    observer = scene.observer()
    scene.workers.plan(first, uploaded("ME2"))
    began = scene.world.now

    sid = scene.result(uploading(upload(attempts=2, observer=observer)))

    assert sid == "ME2"
    assert observer.told == [("started",), ("completed", "ME2")]
    assert scene.world.now - began == pytest.approx(1.2)  # the pause between two attempts


def test_attempts_come_to_an_end(scene: Scene) -> None:
    scene.workers.plan(*[broken()] * 3)

    assert scene.error(uploading(upload(attempts=3))).code == -12
    assert len(scene.workers.requests) == 3


@pytest.mark.parametrize(
    "first",
    [
        refused(400, 50511),
        refused(401),
        refused(403),
        refused(404),
        refused(413),
        broken(HttpFailureKind.SOURCE),
        broken(HttpFailureKind.TLS_VERIFICATION),
        broken(HttpFailureKind.ANSWER),
    ],
)
def test_what_another_attempt_cannot_help_is_not_tried_again(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(first)

    assert scene.error(uploading(upload(attempts=5))).code == -12
    assert len(scene.workers.requests) == 1


def test_a_source_that_is_used_up_is_not_tried_again(scene: Scene) -> None:
    scene.workers.plan(broken())

    scene.error(uploading(upload(Source(is_repeatable=False), attempts=5)))

    assert len(scene.workers.requests) == 1


def test_the_service_says_when_to_try_again(scene: Scene) -> None:
    scene.workers.plan(refused(503, headers={"retry-after": "7"}), uploaded("ME1"))
    began = scene.world.now

    scene.result(uploading(upload(attempts=2)))

    assert scene.world.now - began == pytest.approx(7.2)


def test_an_attempt_that_would_come_too_late_is_not_made(scene: Scene) -> None:
    scene.workers.plan(refused(503, headers={"retry-after": "60"}))

    assert scene.error(uploading(upload(attempts=2))).status == 503
    assert len(scene.workers.requests) == 1


def test_progress_rises_over_all_attempts(scene: Scene) -> None:
    observer = scene.observer()
    first = attrs.evolve(broken(), progress=[(0.1, 50), (0.3, 90)], after=0.4)
    again = uploaded("ME1", progress=[(0.1, 20), (0.3, 60), (0.5, 95)], after=0.6)
    scene.workers.plan(first, again)

    scene.result(uploading(upload(attempts=2, observer=observer)))

    counts = [what[1] for what in observer.told if what[0] == "progress"]
    assert counts == [50, 90, 95]


# Messages


def test_a_message_is_sent_after_its_media(scene: Scene) -> None:
    scene.workers.plan(uploaded("ME1"), uploaded("ME2"), uploaded("ME3"))
    parts = (
        upload(filename="a.txt"),
        upload(category=MediaCategory.BODY),
        upload(category=MediaCategory.HISTORY, content_type="text/html"),
    )

    message: MessageRecord = scene.result(
        sending(scene, body="b", subject="s", attributes=Attributes({"a": 1}), uploads=parts)
    )

    assert [urlsplit(request.url).query for request in scene.workers.requests] == [
        "Category=media&Filename=a.txt",
        "Category=body",
        "Category=history",
    ]
    assert scene.posts == [
        {
            "body": "b",
            "subject": "s",
            "attributes": '{"a":1}',
            "media_sids": ["ME1", "ME2", "ME3"],
        }
    ]
    assert message.snapshot.body == "b"


def test_uploads_come_one_after_the_other(scene: Scene) -> None:
    first, second = scene.observer(), scene.observer()
    scene.workers.plan(uploaded("ME1"), uploaded("ME2"))

    scene.result(sending(scene, uploads=(upload(observer=first), upload(observer=second))))

    assert first.times[-1] <= second.times[0]


def test_a_template_goes_along(scene: Scene) -> None:
    scene.result(sending(scene, content_sid="HX1", content_variables='{"1":"x"}'))

    assert scene.posts == [
        {
            "attributes": "{}",
            "media_sids": [],
            "content_sid": "HX1",
            "content_variables": '{"1":"x"}',
        }
    ]


@pytest.mark.parametrize("failing", [0, 1])
def test_when_an_upload_fails_nothing_is_sent(scene: Scene, failing: int) -> None:
    outcomes = [uploaded("ME1"), uploaded("ME2")]
    outcomes[failing] = refused(400, 50511)
    scene.workers.plan(*outcomes)

    error = scene.error(sending(scene, body="b", uploads=(upload(), upload())))

    assert isinstance(error, MediaError)
    assert scene.posts == []
    assert len(scene.workers.requests) == failing + 1


def test_the_message_itself_is_never_sent_twice(scene: Scene) -> None:
    scene.workers.plan(uploaded("ME1"))
    scene.world.service.fault("/Messages", "POST", cut="after")

    error = scene.error(sending(scene, uploads=(upload(),)))

    assert isinstance(error, ConnectionLostError)
    assert len(scene.posts) == 1


# Time


def test_only_a_stretch_without_progress_is_too_long(scene: Scene) -> None:
    progress = [(float(second), second) for second in range(0, 60, 9)]
    scene.workers.plan(uploaded("ME1", progress=progress, after=62.0))
    began = scene.world.now

    assert scene.result(uploading(upload())) == "ME1"
    assert scene.world.now - began == pytest.approx(62.0)


def test_a_stretch_without_progress_ends_the_call(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(
        Outcome(progress=[(3.0, 5), (6.0, 10)], after=None),
    )
    began = scene.world.now

    error = scene.error(uploading(upload(observer=observer)))

    assert isinstance(error, RequestTimeoutError)
    assert scene.world.now - began == pytest.approx(16.0)
    assert (
        str(error)
        == "call: TIMEOUT: no progress for 10 s; it waited for the answer about the upload"
    )
    assert not error.may_have_been_sent
    scene.world.run(0.0)
    assert observer.told[-1] == ("failed", "TIMEOUT", 0)
    assert scene.workers.stopped == scene.workers.requests


def test_waiting_for_a_worker_is_no_progress(scene: Scene) -> None:
    scene.workers.plan(Outcome(after=None))

    error = scene.error(uploading(upload()))

    assert "no progress for 10 s; it waited for a free worker thread" in str(error)


def test_a_timeout_of_its_own_covers_everything(scene: Scene) -> None:
    progress = [(float(second), second) for second in range(60)]
    scene.workers.plan(Outcome(progress=progress, after=None))
    began = scene.world.now

    error = scene.error(uploading(upload()), timeout=20.0, is_extended=False)

    assert isinstance(error, RequestTimeoutError)
    assert "no result within 20 s" in str(error)
    assert scene.world.now - began == pytest.approx(20.0)


def test_a_timeout_tells_what_went_wrong_before(scene: Scene) -> None:
    scene.workers.plan(broken(), Outcome(after=None))

    error = scene.error(uploading(upload(attempts=2)))

    assert isinstance(error, RequestTimeoutError)
    assert isinstance(error.__cause__, MediaError)


# Calling it off


def test_an_upload_is_called_off(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(Outcome(progress=[(0.1, 5)], after=None))
    promise = scene.begin(sending(scene, body="b", uploads=(upload(observer=observer), upload())))
    scene.world.run(1.0)

    scene.world.engine.cancel(promise)
    scene.world.run(1.0)

    assert isinstance(promise.error, OperationCancelledError)
    assert (promise.error.reason, promise.error.operation) == (ErrorReason.CANCELLED, "call")
    assert observer.told[-1] == ("failed", "CANCELLED", 0)
    assert scene.workers.stopped == scene.workers.requests
    assert scene.posts == []


def test_a_pause_between_two_attempts_is_called_off(scene: Scene) -> None:
    scene.workers.plan(broken())
    promise = scene.begin(uploading(upload(attempts=2)))
    scene.world.run(0.5)

    scene.world.engine.cancel(promise)
    scene.world.run(5.0)

    assert isinstance(promise.error, OperationCancelledError)
    assert len(scene.workers.requests) == 1


def test_a_message_that_waits_for_a_connection_is_called_off(scene: Scene) -> None:
    scene.workers.plan(uploaded("ME1"))
    scene.world.cut()
    promise = scene.begin(sending(scene, uploads=(upload(),)))
    scene.world.run(0.15)

    scene.world.engine.cancel(promise)
    scene.world.run(10.0)

    assert isinstance(promise.error, OperationCancelledError)
    assert scene.posts == []


def test_a_message_that_is_on_its_way_is_not_called_off(scene: Scene) -> None:
    promise = scene.begin(sending(scene, body="b"))
    scene.world.run(0.01)

    scene.world.engine.cancel(promise)
    scene.world.run(1.0)

    assert promise.result().snapshot.body == "b"
    scene.world.engine.cancel(promise)  # too late
    assert promise.error is None


def test_nobody_waits_any_more(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(Outcome(after=None))
    promise = scene.begin(uploading(upload(observer=observer)))

    def gone(_: object) -> None:
        raise AssertionError

    promise.add_done_callback(gone)
    promise.remove_done_callback(gone)
    scene.world.run(1.0)

    assert observer.told == [("started",), ("failed", "CANCELLED", 0)]
    assert scene.workers.stopped == scene.workers.requests


def test_a_client_that_ends_calls_everything_off(scene: Scene) -> None:
    observer = scene.observer()
    scene.workers.plan(Outcome(after=None))
    promise = scene.begin(uploading(upload(observer=observer)))
    scene.world.run(1.0)

    scene.world.engine.close(scene.world.now)

    assert isinstance(promise.error, ClientShutdownError)
    assert observer.told[-1] == ("failed", "CLIENT_SHUTDOWN", 0)
    assert scene.workers.stopped == scene.workers.requests


# Addresses


def test_an_address_is_asked_for_anew_each_time(scene: Scene) -> None:
    scene.workers.plan(located(), located("https://media.test/2"))

    assert scene.result(locating()) == SIGNED
    assert scene.result(locating()) == "https://media.test/2"
    assert scene.workers.urls == [f"GET {MCS}/ME1"] * 2
    assert scene.workers.requests[0].headers == {"X-Twilio-Token": make_token()}


def test_sids_are_encoded(scene: Scene) -> None:
    scene.workers.plan(located())

    scene.result(locating("../x y"))

    assert scene.workers.urls == [f"GET {MCS}/..%2Fx%20y"]


@pytest.mark.parametrize(
    "url",
    [None, "", "ftp://x/y", "nonsense", "http://media.test/unencrypted", "https://", "http://["],
)
def test_an_answer_without_an_address_is_of_no_use(scene: Scene, url: str | None) -> None:
    scene.workers.plan(located(url))

    error = scene.error(locating())

    assert type(error) is MediaError
    assert error.reason is ErrorReason.MEDIA_FETCH_ERROR
    assert "no usable address of ME1" in str(error)


def test_many_addresses_take_one_request(scene: Scene) -> None:
    scene.workers.plan(
        ok(
            [
                {
                    "code": 200,
                    "media_record": {
                        "sid": sid,
                        "links": {"content_direct_temporary": f"https://media.test/{sid}"},
                    },
                }
                for sid in ("ME2", "ME1")
            ]
        )
    )

    found = scene.result(finding("ME1", "ME2"))

    assert list(found.items()) == [
        ("ME1", "https://media.test/ME1"),
        ("ME2", "https://media.test/ME2"),
    ]
    (request,) = scene.workers.requests
    assert f"{request.method} {request.url}" == f"POST {MCS}Set"
    assert request.body == b'{"command":"get","list":[{"media_sid":"ME1"},{"media_sid":"ME2"}]}'
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["X-Twilio-Token"] == make_token()


def test_no_sids_take_no_request(scene: Scene) -> None:
    assert scene.result(finding()) == {}
    assert scene.workers.requests == []


@pytest.mark.parametrize(
    ("entry", "status", "words"),
    [
        ({"code": 404, "media_record": {"sid": "ME2"}}, 404, "there is no address of ME2"),
        ({"code": 404}, 404, "there is no address of a media"),
        ({"code": 200, "media_record": {"sid": "ME2", "links": {}}}, 0, "address of ME2"),
        ({"code": 200, "media_record": {"sid": "ME3", "links": {}}}, 0, "address of ME2"),
        ({}, 0, "address of a media"),
        (None, 0, "address of a media"),
    ],
)
def test_one_that_is_missing_fails_them_all(
    scene: Scene, entry: Any, status: int, words: str
) -> None:
    good = {
        "code": 200,
        "media_record": {"sid": "ME1", "links": {"content_direct_temporary": SIGNED}},
    }
    scene.workers.plan(ok([good, entry]))

    error = scene.error(finding("ME1", "ME2"))

    assert type(error) is MediaError
    assert (error.reason, error.status) == (ErrorReason.MEDIA_FETCH_ERROR, status)
    assert words in str(error)


@pytest.mark.parametrize("body", [None, {}, "x", []])
def test_an_odd_set_has_no_addresses(scene: Scene, body: Any) -> None:
    scene.workers.plan(ok(body))

    assert scene.error(finding("ME1")).reason is ErrorReason.MEDIA_FETCH_ERROR


def test_a_refusal_keeps_the_code_of_the_service(scene: Scene) -> None:
    scene.workers.plan(refused(404, 50507))

    error = scene.error(locating())

    assert type(error) is MediaError
    assert (error.reason, error.status, error.code) == (ErrorReason.MEDIA_FETCH_ERROR, 404, 50507)
    assert isinstance(error.__cause__, ServiceError)


@pytest.mark.parametrize("first", [refused(429), refused(502), refused(503), broken()])
def test_reading_is_repeated(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(first, first, located())

    assert scene.result(locating()) == SIGNED
    assert len(scene.workers.requests) == 3


def test_reading_is_not_repeated_for_ever(scene: Scene) -> None:
    scene.workers.plan(*[refused(503)] * 3)

    assert scene.error(locating()).status == 503
    assert len(scene.workers.requests) == 3


@pytest.mark.parametrize("first", [refused(500), refused(404), broken(HttpFailureKind.TLS)])
def test_reading_is_repeated_only_where_that_may_help(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(first)

    assert scene.error(locating()).reason is ErrorReason.MEDIA_FETCH_ERROR
    assert len(scene.workers.requests) == 1


def test_a_client_that_is_throttled_may_give_up_at_once() -> None:
    scene = scene_with(retry_policy=RetryPolicy(retry_when_throttled=False))
    scene.workers.plan(refused(429))

    assert scene.error(locating()).status == 429
    assert len(scene.workers.requests) == 1


# Downloading


def test_a_content_comes_from_a_fresh_address_without_credentials(scene: Scene) -> None:
    target = Source()
    scene.workers.plan(located(size=5), ok(None))

    scene.result(downloading(target, size=3))

    assert scene.workers.urls == [f"GET {MCS}/ME1", f"GET {SIGNED}"]
    content = scene.workers.requests[1]
    assert content.headers == {}
    assert content.target is target
    assert content.size == 5  # what the service says now


@pytest.mark.parametrize(("told", "expected"), [(None, 3), ("5", 3), (0, 0)])
def test_the_size_of_the_message_does_where_the_service_tells_none(
    scene: Scene, told: Any, expected: int
) -> None:
    scene.workers.plan(located(size=told), ok(None))

    scene.result(downloading(size=3))

    assert scene.workers.requests[1].size == expected


def test_an_address_that_is_refused_is_renewed_once(scene: Scene) -> None:
    scene.workers.plan(located(), refused(403), located("https://media.test/2"), ok(None))
    began = scene.world.now

    scene.result(downloading())

    assert scene.workers.urls[2:] == [f"GET {MCS}/ME1", "GET https://media.test/2"]
    assert scene.world.now - began == pytest.approx(0.4)  # without a pause


def test_an_address_that_is_refused_twice_is_given_up(scene: Scene) -> None:
    scene.workers.plan(located(), refused(403), located(), refused(403))

    error = scene.error(downloading())

    assert type(error) is MediaError
    assert (error.reason, error.status) == (ErrorReason.MEDIA_FETCH_ERROR, 403)
    assert len(scene.workers.requests) == 4


@pytest.mark.parametrize("first", [broken(), refused(503), broken(HttpFailureKind.SILENCE)])
def test_a_download_is_repeated(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(located(), first, located(), ok(None))

    scene.result(downloading())

    assert len(scene.workers.requests) == 4


def test_a_target_that_is_used_up_is_not_written_again(scene: Scene) -> None:
    scene.workers.plan(located(), broken())

    error = scene.error(downloading(Source(is_repeatable=False)))

    assert error.reason is ErrorReason.MEDIA_FETCH_ERROR
    assert len(scene.workers.requests) == 2


@pytest.mark.parametrize(
    "first",
    [
        broken(HttpFailureKind.ANSWER),
        broken(HttpFailureKind.TARGET),
        refused(404),
        ok(None, 206),
        ok(None, 302),
    ],
)
def test_a_download_that_cannot_be_helped_fails_at_once(scene: Scene, first: Outcome) -> None:
    scene.workers.plan(located(), first)

    assert scene.error(downloading()).reason is ErrorReason.MEDIA_FETCH_ERROR
    assert len(scene.workers.requests) == 2


def test_a_media_that_is_gone_is_not_downloaded(scene: Scene) -> None:
    scene.workers.plan(refused(404, 50507))

    assert scene.error(downloading()).code == 50507
    assert len(scene.workers.requests) == 1


def test_a_download_is_called_off(scene: Scene) -> None:
    scene.workers.plan(located(), Outcome(progress=[(0.1, 1)], after=None))
    promise = scene.begin(downloading())
    scene.world.run(1.0)

    scene.world.engine.cancel(promise)
    scene.world.run(0.0)

    assert isinstance(promise.error, OperationCancelledError)
    assert scene.workers.stopped == scene.workers.requests[1:]


# Where media may be


@pytest.mark.parametrize("operation", [locating(), finding("ME1"), downloading()])
def test_a_service_that_does_not_say_where_media_are(operation: Any) -> None:
    scene = scene_with(None)

    error = scene.error(operation)

    assert type(error) is MediaError
    assert error.reason is ErrorReason.MEDIA_FETCH_ERROR
    assert "has not said where media are" in str(error)
    assert "has not said where media are" in str(scene.error(uploading(upload())))


def test_the_token_is_not_sent_without_encryption() -> None:
    scene = scene_with("http://mcs.test/Media")

    for operation in (uploading(upload()), locating(), finding("ME1")):
        assert "no encrypted address" in str(scene.error(operation))
    assert scene.workers.requests == []


def unencrypted(region: str | None) -> Endpoints:
    return Endpoints(region=region or "us1", twilsock_url="ws://x/", api_url=API, sync_url=CDS)


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoints": unencrypted},
        {"choices": Choices(media_url="http://127.0.0.1:8089")},
    ],
)
def test_unless_the_program_has_chosen_that(settings: dict[str, Any]) -> None:
    scene = scene_with("http://mcs.test/Media", **settings)
    scene.workers.plan(uploaded("ME1"), located("http://mcs.test/content"))

    assert scene.result(uploading(upload())) == "ME1"
    assert scene.result(locating()) == "http://mcs.test/content"


# Secrets


def test_neither_tokens_nor_addresses_nor_names_are_logged_or_raised(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        scene.workers.plan(uploaded("ME1"), refused(400, 50512), located(), refused(404), broken())
        scene.result(uploading(upload(filename="canary-name")))
        errors = [
            scene.error(uploading(upload(filename="canary-name"))),
            scene.error(downloading()),
            scene.error(uploading(upload(filename="canary-name"))),
        ]

    shown = caplog.text + "".join(f"{error!r} {error} {error.__cause__!r}" for error in errors)
    shown += "".join(repr(request) for request in scene.workers.requests)
    shown += repr(upload(filename="canary-name")) + repr(Draft(body="canary-body"))
    assert "canary" not in shown
    assert make_token() not in shown
    assert "POST the upload: 201" in caplog.text
