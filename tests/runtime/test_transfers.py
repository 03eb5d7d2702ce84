"""
HTTP requests of the core on the workers: who makes them, what comes back, how they end.
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import attrs
import pytest

from conversations._core.conversations.http import HttpFailed, HttpFailureKind, HttpRequest
from conversations._core.promises import Promise
from conversations._net import failures
from conversations._net.http import HttpAnswer, HttpCall
from conversations._net.interruption import Interruption
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.runtime import Runtime
from conversations._runtime.sources import source_of
from conversations._runtime.targets import MemoryTarget, target_of
from conversations._runtime.transfers import TransferCarrier
from conversations.errors import (
    ClientShutdownError,
    ConversationsError,
    OperationCancelledError,
)
from tests.net.raw_server import in_background
from tests.runtime.fakes import FakeClient, FakeEngine, Recorder, no_connect
from tests.timing import limit

PLAIN = HttpRequest(method="GET", url="https://x.test/", patience=5.0, about="it")
Answer = Callable[[HttpCall], HttpAnswer]


def said(body: bytes = b"", status: int = 200) -> HttpAnswer:
    return HttpAnswer(
        status=status, reason="", headers={"content-type": "application/json"}, body=body
    )


class FakeHttp:
    """
    Makes no requests: a function answers them.
    """

    def __init__(self) -> None:
        self.answer: Answer = lambda _: said()
        self.calls: Recorder[HttpCall] = Recorder()
        self.threads: Recorder[str] = Recorder()
        self.released: Recorder[str] = Recorder()
        self.is_discarded = False

    def interruption(self) -> Interruption:
        return Interruption(threading.Lock())

    def send(self, call: HttpCall, interruption: Interruption) -> HttpAnswer:
        interruption.check()
        self.threads.add(threading.current_thread().name)
        self.calls.add(call)
        answer = self.answer(call)
        interruption.check()
        return answer

    def release_thread(self) -> None:
        self.released.add(threading.current_thread().name)

    def discard(self) -> None:
        self.is_discarded = True


class CancellingEngine(FakeEngine):
    """
    A core whose calls can be called off.
    """

    def cancel(self, promise: Promise[Any]) -> None:
        promise.reject(OperationCancelledError())


@attrs.define(eq=False)
class Scene:
    runtime: Runtime
    http: FakeHttp
    engine: CancellingEngine
    client: FakeClient

    def call(self, request: HttpRequest = PLAIN, progress: Any = None) -> Any:
        def start(_: Any, carrier: TransferCarrier) -> Promise[Any]:
            return carrier.carry(request, progress or (lambda count: None))

        return self.runtime.call_with_http(start, name="test")

    def error(self, request: HttpRequest = PLAIN) -> HttpFailed:
        with pytest.raises(HttpFailed) as caught:
            self.call(request)
        return caught.value


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running() as scene:
        yield scene


@contextlib.contextmanager
def running(worker_threads: int = 4) -> Iterator[Scene]:
    http, engine, client = FakeHttp(), CancellingEngine(), FakeClient()
    runtime = Runtime(
        engine,  # type: ignore[arg-type]  # all of it that the runtime uses
        target=weakref.ref(client),
        connect=no_connect,
        worker_threads=worker_threads,
        http=http,  # type: ignore[arg-type]  # the same
    )
    runtime.start("token")
    try:
        yield Scene(runtime, http, engine, client)
    finally:
        runtime.shutdown()


class Gate:
    """
    An answer that does not come before it is let go.
    """

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: HttpCall) -> HttpAnswer:
        self.entered.set()
        assert self.opened.wait(limit())
        return said()


# Who makes them


def test_a_request_is_made_on_a_worker(scene: Scene) -> None:
    scene.http.answer = lambda _: said(b'{"a": 1}', 201)

    answer = scene.call()

    assert (answer.status, answer.body) == (201, {"a": 1})
    (name,) = scene.http.threads.items
    assert name.startswith(f"conversations-worker-{scene.runtime.number}-")


def test_a_job_makes_its_requests_itself() -> None:
    with running(worker_threads=1) as scene:

        def job() -> tuple[str, int]:
            return threading.current_thread().name, scene.call().status

        name, status = scene.runtime.submit(job).result(limit())

        assert status == 200
        assert scene.http.threads.items == [name]


def test_as_many_jobs_as_workers_do_not_wait_for_one_another() -> None:
    with running(worker_threads=2) as scene:
        both = threading.Barrier(2)

        def answer(_: HttpCall) -> HttpAnswer:
            both.wait(limit())
            return said()

        scene.http.answer = answer
        jobs = [scene.runtime.submit(scene.call) for _ in range(2)]

        assert [job.result(limit()).status for job in jobs] == [200, 200]


def test_a_request_waits_for_a_free_worker() -> None:
    with running(worker_threads=1) as scene:
        gate = Gate()
        busy = scene.runtime.submit(lambda: gate(HttpCall(method="GET", url="", patience=1.0)))
        assert gate.entered.wait(limit())
        calling = in_background(scene.call)
        gate.opened.set()

        assert calling.result(limit()).status == 200
        busy.result(limit())


def test_what_a_thread_keeps_open_is_closed_at_its_end(scene: Scene) -> None:
    scene.call()
    scene.runtime.shutdown()

    assert set(scene.http.threads.items) <= set(scene.http.released.items)


def test_a_runtime_without_http_says_so() -> None:
    client = FakeClient()
    runtime = Runtime(
        CancellingEngine(),  # type: ignore[arg-type]  # all of it that the runtime uses
        target=weakref.ref(client),
        connect=no_connect,
    )
    runtime.start("token")
    try:
        with pytest.raises(RuntimeError, match="no HTTP"):
            runtime.call_with_http(lambda _, carrier: carrier.carry(PLAIN, print), name="test")
    finally:
        runtime.shutdown()


# What comes back


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (failures.NameResolutionFailure("w"), HttpFailureKind.NAME_RESOLUTION),
        (failures.ConnectFailure("w"), HttpFailureKind.CONNECT),
        (failures.ConnectTimeout("w"), HttpFailureKind.SILENCE),
        (failures.TlsVerificationFailure("w"), HttpFailureKind.TLS_VERIFICATION),
        (failures.TlsFailure("w"), HttpFailureKind.TLS),
        (failures.SocketLost("w"), HttpFailureKind.LOST),
        (failures.HttpTimeout("w"), HttpFailureKind.SILENCE),
        (failures.HttpLost("w"), HttpFailureKind.LOST),
        (failures.HttpStopped("w"), HttpFailureKind.STOPPED),
        (failures.BadAnswer("w"), HttpFailureKind.ANSWER),
    ],
)
def test_failures_are_told_in_the_words_of_the_core(
    scene: Scene, failure: Exception, kind: HttpFailureKind
) -> None:
    def fail(_: HttpCall) -> HttpAnswer:
        raise failure from OSError("below")

    scene.http.answer = fail
    error = scene.error()

    assert (error.kind, str(error)) == (kind, "w")
    assert isinstance(error.__cause__, OSError)


def test_a_bug_ends_the_request_and_is_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: HttpCall) -> HttpAnswer:
        raise LookupError("a bug")

    scene.http.answer = fail
    with caplog.at_level(logging.ERROR), pytest.raises(LookupError):
        scene.call()

    assert "it failed unexpectedly" in caplog.text


def test_a_request_is_handed_on_as_it_is(scene: Scene) -> None:
    request = HttpRequest(
        method="POST",
        url="https://x.test/a?b=c",
        headers={"A": "b"},
        body=b"body",
        size=7,
        patience=3.0,
    )

    scene.call(request)

    (call,) = scene.http.calls.items
    assert call == HttpCall(
        method="POST",
        url="https://x.test/a?b=c",
        headers={"A": "b"},
        body=b"body",
        size=7,
        patience=3.0,
    )


def test_a_source_is_read_on_the_worker(scene: Scene) -> None:
    sent: list[bytes] = []
    told: list[int] = []

    def answer(call: HttpCall) -> HttpAnswer:
        sent.extend(call.body)  # type: ignore[arg-type]  # it is no bytes
        return said()

    scene.http.answer = answer
    content = bytes(100_000)
    request = attrs.evolve(PLAIN, source=source_of(io.BytesIO(content)))

    scene.call(request, told.append)

    assert b"".join(sent) == content
    assert told[0] == 0
    assert told[-1] == len(content)
    assert told == sorted(told)


def test_a_source_that_cannot_be_opened(scene: Scene, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    request = attrs.evolve(PLAIN, source=source_of(path))
    path.unlink()

    error = scene.error(request)

    assert error.kind is HttpFailureKind.SOURCE
    assert isinstance(error.__cause__, FileNotFoundError)
    assert scene.http.calls.items == []


def test_a_source_that_is_used_up(scene: Scene) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    request = attrs.evolve(PLAIN, source=source_of(Stream(b"x")))
    scene.call(request)

    assert scene.error(request).kind is HttpFailureKind.SOURCE


def test_a_source_that_is_too_long(scene: Scene) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    def answer(call: HttpCall) -> HttpAnswer:
        list(call.body)  # type: ignore[arg-type]  # it is no bytes
        return said()

    scene.http.answer = answer
    request = attrs.evolve(PLAIN, source=source_of(Stream(bytes(100))), max_size=99)

    assert "more than 99 bytes" in str(scene.error(request))


def written(call: HttpCall, *pieces: bytes) -> HttpAnswer:
    assert call.into is not None
    with call.into() as write:
        for piece in pieces:
            write(piece)
    return said()


def test_a_target_is_written_on_the_worker(scene: Scene) -> None:
    scene.http.answer = lambda call: written(call, b"ab", b"c")
    target, told = MemoryTarget(), []  # type: MemoryTarget, list[int]

    scene.call(attrs.evolve(PLAIN, target=target), told.append)

    assert target.content == b"abc"
    assert told[-1] == 3


def test_a_target_that_cannot_be_written(scene: Scene, tmp_path: Any) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    target = target_of(folder / "file")
    folder.rmdir()
    scene.http.answer = lambda call: written(call, b"ab")

    error = scene.error(attrs.evolve(PLAIN, target=target))

    assert error.kind is HttpFailureKind.TARGET


# How they end


def test_whoever_waits_on_a_thread_of_the_program_gets_the_file_back(scene: Scene) -> None:
    """
    A call that was ended from outside waits for its worker, so that the file is free again.
    """
    gate, is_free = Gate(), threading.Event()

    def answer(call: HttpCall) -> HttpAnswer:
        gate.entered.set()
        assert gate.opened.wait(limit())
        is_free.set()
        return said()

    scene.http.answer = answer
    refused: list[Promise[Any]] = []

    def start(engine: Any, carrier: TransferCarrier) -> Promise[Any]:
        carrier.carry(PLAIN, lambda _: None)
        refused.append(Promise(engine.scheduler))
        return refused[0]

    calling = in_background(lambda: scene.runtime.call_with_http(start, name="test"))
    assert gate.entered.wait(limit())
    scene.runtime.post(lambda _: refused[0].reject(OperationCancelledError()))
    gate.opened.set()

    assert isinstance(calling.exception(limit()), OperationCancelledError)
    assert is_free.is_set()


def test_an_abandoned_request_is_interrupted(scene: Scene) -> None:
    gate, abandoned = Gate(), threading.Event()
    scene.http.answer = gate
    carried: list[Promise[Any]] = []

    def start(engine: Any, carrier: TransferCarrier) -> Promise[Any]:
        promise = carrier.carry(PLAIN, lambda _: None)
        promise.add_done_callback(print)
        carried.append(promise)
        outer: Promise[Any] = Promise(engine.scheduler)
        carried.append(outer)
        return outer

    calling = in_background(lambda: scene.runtime.call_with_http(start, name="test"))
    assert gate.entered.wait(limit())

    def abandon(_: Any) -> None:
        carried[0].remove_done_callback(print)
        carried[1].reject(OperationCancelledError())
        abandoned.set()

    scene.runtime.post(abandon)
    assert abandoned.wait(limit())
    gate.opened.set()
    calling.exception(limit())
    scene.runtime.call(lambda engine: engine.echo(0), name="behind it", timeout=None)  # type: ignore[attr-defined]  # a fake one

    assert isinstance(carried[0].error, HttpFailed)
    assert carried[0].error.kind is HttpFailureKind.STOPPED


def test_a_queued_request_ends_with_the_client() -> None:
    with running(worker_threads=1) as scene:
        gate = Gate()
        scene.runtime.submit(lambda: gate(HttpCall(method="GET", url="", patience=1.0)))
        assert gate.entered.wait(limit())

        def start(engine: Any, carrier: TransferCarrier) -> Promise[Any]:
            carrier.carry(PLAIN, lambda _: None)
            promise: Promise[Any] = engine.never()
            return promise

        calling = in_background(lambda: scene.runtime.call_with_http(start, name="test"))
        scene.engine.started.wait_for("never")
        ending = in_background(scene.runtime.shutdown)
        assert isinstance(calling.exception(limit()), ClientShutdownError)
        gate.opened.set()
        ending.result(limit())

    assert scene.http.calls.items == []


def test_no_request_is_begun_after_the_end(scene: Scene) -> None:
    carriers: list[TransferCarrier] = []

    def start(engine: Any, carrier: TransferCarrier) -> Promise[Any]:
        carriers.append(carrier)
        promise: Promise[Any] = engine.echo(None)
        return promise

    scene.runtime.call_with_http(start, name="test")
    scene.runtime.shutdown()

    assert isinstance(carriers[0].carry(PLAIN, print).error, ClientShutdownError)
    with pytest.raises(ClientShutdownError):
        scene.call()


def test_a_child_process_closes_what_it_has_inherited(scene: Scene) -> None:
    scene.runtime.become_inherited()

    assert scene.http.is_discarded


# In the background


def told(heard: Recorder[Any]) -> Callable[[Future[Any]], ListenerCall]:
    def report(outcome: Future[Any]) -> ListenerCall:
        what = outcome.exception() or outcome.result()
        return ListenerCall("told", lambda: heard.add((threading.current_thread().name, what)))

    return report


def test_the_outcome_is_told_on_the_listener_thread(scene: Scene) -> None:
    heard: Recorder[Any] = Recorder()

    scene.runtime.begin_with_http(
        lambda _, carrier: carrier.carry(PLAIN, lambda _: None), name="test", report=told(heard)
    )

    ((thread, answer),) = heard.wait_until(bool)
    assert thread == f"conversations-listeners-{scene.runtime.number}"
    assert answer.status == 200


def test_calling_off_is_told_once_and_too_late_not_at_all(scene: Scene) -> None:
    heard: Recorder[Any] = Recorder()
    cancel = scene.runtime.begin_with_http(
        lambda engine, _: engine.never(),  # type: ignore[attr-defined]  # a fake one
        name="test",
        report=told(heard),
    )

    assert cancel()
    ((_, error),) = heard.wait_until(bool)
    assert isinstance(error, OperationCancelledError)
    assert not cancel()
    assert len(heard.items) == 1


def test_what_fails_to_start_is_told(scene: Scene) -> None:
    heard: Recorder[Any] = Recorder()

    def broken(_: Any, __: Any) -> Promise[Any]:
        raise ConversationsError("not even begun")

    scene.runtime.begin_with_http(broken, name="test", report=told(heard))

    ((_, error),) = heard.wait_until(bool)
    assert "not even begun" in str(error)


def test_nobody_need_be_told(scene: Scene) -> None:
    scene.runtime.begin_with_http(
        lambda _, carrier: carrier.carry(PLAIN, lambda _: None), name="test", report=None
    )

    scene.http.threads.wait_until(bool)


def test_the_end_of_the_client_is_told(scene: Scene) -> None:
    heard: Recorder[Any] = Recorder()
    scene.runtime.begin_with_http(
        lambda engine, _: engine.never(),  # type: ignore[attr-defined]  # a fake one
        name="test",
        report=told(heard),
    )
    scene.engine.started.wait_for("never")
    scene.runtime.shutdown()

    assert isinstance(heard.items[0][1], ClientShutdownError)
    with pytest.raises(ClientShutdownError):
        scene.runtime.begin_with_http(
            lambda engine, _: engine.never(),  # type: ignore[attr-defined]  # a fake one
            name="test",
            report=None,
        )


# Cancelling the future of a job


def test_a_job_that_waits_in_a_call_is_called_off(scene: Scene) -> None:
    job = scene.runtime.submit(
        lambda: scene.runtime.call(
            lambda engine: engine.never(),  # type: ignore[attr-defined]  # a fake one
            name="test",
            timeout=None,
        )
    )
    scene.engine.started.wait_for("never")

    assert job.cancel()

    assert isinstance(job.exception(limit()), OperationCancelledError)
    assert not job.cancel()


def test_a_job_that_makes_a_request_is_called_off(scene: Scene) -> None:
    gate = Gate()
    scene.http.answer = gate
    job = scene.runtime.submit(scene.call)
    assert gate.entered.wait(limit())

    assert job.cancel()
    gate.opened.set()

    assert isinstance(job.exception(limit()), OperationCancelledError)


def test_a_job_that_is_in_no_call_goes_on(scene: Scene) -> None:
    gate = Gate()
    job = scene.runtime.submit(lambda: gate(HttpCall(method="GET", url="", patience=1.0)))
    assert gate.entered.wait(limit())

    assert not job.cancel()
    gate.opened.set()

    assert job.result(limit()).status == 200
