from __future__ import annotations

import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

import pytest

from conversations._core.conversations.events import TokenWanted
from conversations._net.opening import AbortHandle
from conversations._net.websocket import WebSocketTransport
from conversations._runtime import runtime as module
from conversations._runtime.dispatcher import ListenerCall
from conversations._runtime.points import at_point
from conversations.errors import (
    ClientShutdownError,
    NotFoundError,
    ReentrancyError,
    RequestTimeoutError,
)
from tests.net.raw_server import BINARY, CLOSE, RawServer, close_data, frame, in_background
from tests.runtime.fakes import FakeEngine, Harness, Recorder, connect_to
from tests.timing import limit


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as running:
        yield running


class Gate:
    """
    Code of the user's that stays where it is until it is let go.
    """

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: object = None) -> None:
        self.entered.set()
        assert self.opened.wait(limit())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


# Calls


def test_a_call_returns_what_the_core_answers(harness: Harness) -> None:
    assert harness.call(lambda engine: engine.echo("answer")) == "answer"


def test_a_call_raises_what_the_core_answers(harness: Harness) -> None:
    with pytest.raises(NotFoundError):
        harness.call(lambda engine: engine.refuse(NotFoundError("no such thing")))


def test_a_call_raises_what_its_start_raises(harness: Harness) -> None:
    def broken(engine: FakeEngine) -> Any:
        raise LookupError("not even started")

    with pytest.raises(LookupError):
        harness.call(broken)


def test_a_core_that_does_not_keep_the_time_is_not_waited_for_for_ever(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    abandoned = threading.Event()

    with pytest.raises(RequestTimeoutError, match=r"test: .*no result within 0") as raised:
        harness.call(lambda engine: engine.never(abandoned.set), timeout=0.0)

    assert raised.value.may_have_been_sent
    assert abandoned.wait(limit())


def test_a_call_without_a_limit(harness: Harness) -> None:
    assert harness.runtime.call(lambda engine: engine.echo(1), name="test", timeout=None) == 1  # type: ignore[attr-defined]


def test_ctrl_c_ends_the_wait_and_the_operation(harness: Harness) -> None:
    main = threading.main_thread().ident
    assert main is not None
    abandoned = threading.Event()

    def interrupt() -> None:
        harness.engine.started.wait_for("never")
        signal.pthread_kill(main, signal.SIGINT)

    interrupting = in_background(interrupt)
    with pytest.raises(KeyboardInterrupt):
        harness.call(lambda engine: engine.never(abandoned.set))

    interrupting.result(limit())
    assert abandoned.wait(limit())
    assert harness.call(lambda engine: engine.echo("still alive")) == "still alive"


def test_a_call_inside_a_callback_works(harness: Harness) -> None:
    answers: Recorder[str] = Recorder()
    harness.client.listeners.append(
        ("calling", lambda _: answers.add(harness.call(lambda engine: engine.echo("answer"))))
    )

    harness.emit("event")

    answers.wait_for("answer")


def test_a_call_inside_a_job_works(harness: Harness) -> None:
    future = harness.runtime.submit(lambda: harness.call(lambda engine: engine.echo("answer")))

    assert future.result(limit()) == "answer"


def test_a_call_on_the_network_thread_is_refused(harness: Harness) -> None:
    # A finalizer of the user's may run there.
    errors: Recorder[Exception] = Recorder()

    def call(_: object) -> None:
        try:
            harness.call(lambda engine: engine.echo(1))
        except ReentrancyError as error:
            errors.add(error)

    harness.runtime.post(call)

    errors.wait_until(lambda items: len(items) == 1)


def test_waiting_for_callbacks_is_refused_inside_a_callback_only(harness: Harness) -> None:
    outcomes: Recorder[str] = Recorder()

    def ask(_: object) -> None:
        try:
            harness.runtime.check_not_in_callback()
        except ReentrancyError:
            outcomes.add("refused")

    harness.client.listeners.append(("asking", ask))
    harness.emit("event")

    outcomes.wait_for("refused")
    harness.runtime.check_not_in_callback()


def test_many_threads_call_at_once(harness: Harness) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:

        def call_many(thread: int) -> list[tuple[int, int]]:
            return [
                harness.call(lambda engine, number=number: engine.echo((thread, number)))
                for number in range(100)
            ]

        futures = [in_background(partial(call_many, thread)) for thread in range(16)]
        for thread, future in enumerate(futures):
            assert future.result(limit(60)) == [(thread, number) for number in range(100)]
    finally:
        sys.setswitchinterval(interval)


# Jobs and what is told of them


def outcome(future: Future[Any], outcomes: Recorder[Any]) -> ListenerCall:
    def tell() -> None:
        if future.cancelled():
            outcomes.add("cancelled")
        else:
            outcomes.add(future.exception() or future.result())

    return ListenerCall("Callback", tell)


def test_the_outcome_of_a_job_is_told_once_on_the_listener_thread(harness: Harness) -> None:
    outcomes: Recorder[Any] = Recorder()
    error = LookupError()

    def broken() -> None:
        raise error

    report = partial(outcome, outcomes=outcomes)
    harness.runtime.submit(lambda: "result", report=report)
    outcomes.wait_for("result")
    harness.runtime.submit(broken, report=report)
    outcomes.wait_for("result", error)
    harness.runtime.submit(harness.runtime.check_not_in_callback, report=report)

    outcomes.wait_for("result", error, None)


def test_a_cancelled_job_is_told_as_well(harness: Harness) -> None:
    outcomes: Recorder[Any] = Recorder()
    gates = [Gate() for _ in range(4)]
    for gate in gates:
        harness.runtime.submit(gate)
    future = harness.runtime.submit(lambda: "never", report=partial(outcome, outcomes=outcomes))

    future.cancel()

    outcomes.wait_for("cancelled")
    for gate in gates:
        gate.opened.set()
    with pytest.raises(CancelledError):
        future.result()


def test_a_worker_knows_that_it_is_one(harness: Harness) -> None:
    assert harness.runtime.submit(lambda: harness.runtime.is_worker).result(limit())
    assert not harness.runtime.is_worker


def test_events_of_the_public_layer_queue_behind_those_of_the_core(harness: Harness) -> None:
    harness.emit(1)
    harness.call(lambda engine: engine.echo(None))
    harness.runtime.tell(2)
    harness.runtime.call_back(ListenerCall("call", lambda: harness.events.add(3)))

    harness.events.wait_for(1, 2, 3)
    assert harness.runtime.stats.events == 2


# Tokens


def provide(provider: Callable[[], object] | None) -> list[Any]:
    """
    What the core gets when it wants a token.
    """
    harness = Harness(token_provider=provider).start(None)
    harness.emit(TokenWanted())
    tokens = harness.engine.tokens.wait_until(lambda items: len(items) == 2)
    harness.runtime.shutdown()
    assert harness.events.items == ["closed"]  # the wish is not told to anybody else
    return tokens


def test_the_token_provider_runs_on_a_worker() -> None:
    first, name = provide(lambda: threading.current_thread().name)

    assert first is None
    assert name.startswith("conversations-worker-")


@pytest.mark.parametrize("error", [LookupError("no token"), SystemExit(1)])
def test_a_token_provider_that_raises(error: BaseException) -> None:
    def broken() -> str:
        raise error

    assert provide(broken) == [None, error]


def test_a_token_that_nobody_provides() -> None:
    assert isinstance(provide(None)[1], RuntimeError)


def test_a_token_provider_does_not_queue_behind_jobs() -> None:
    with Harness(token_provider=lambda: "fresh", worker_threads=1) as harness:
        gate = Gate()
        harness.runtime.submit(gate)

        harness.emit(TokenWanted())

        harness.engine.tokens.wait_for("token", "fresh")
        gate.opened.set()


def test_a_system_without_threads_is_told_to_the_core(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any, __: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(harness.runtime._pool, "start_thread", refuse)
    harness.emit(TokenWanted())

    harness.engine.tokens.wait_until(lambda items: isinstance(items[-1], RuntimeError))


# Shutting down


def assert_ended(harness: Harness) -> None:
    assert harness.runtime.is_shutdown
    assert harness.threads() == []
    with pytest.raises(ClientShutdownError):
        harness.call(lambda engine: engine.echo(1))
    with pytest.raises(ClientShutdownError):
        harness.runtime.submit(lambda: None)
    assert not harness.runtime.post(lambda _: None)


def test_shutdown_leaves_nothing_and_may_be_repeated(harness: Harness) -> None:
    harness.runtime.submit(lambda: None).result(limit())

    harness.runtime.shutdown()
    assert_ended(harness)
    harness.runtime.shutdown()

    assert_ended(harness)


def test_shutdown_says_goodbye() -> None:
    with RawServer() as server:
        harness = Harness(FakeEngine(connects=True), connect=connect_to(server.url)).start()
        connection = server.accept_websocket()
        harness.engine.inputs.wait_for(("opened", 1))

        ending = in_background(harness.runtime.shutdown)
        assert connection.read_frame() == (BINARY, b"goodbye")
        assert connection.read_frame() == (CLOSE, close_data(1000))
        connection.send(frame(CLOSE, close_data(1000)))
        assert connection.read_to_end() == b""
        ending.result(limit())
        assert_ended(harness)


def test_shutdown_does_not_wait_for_a_server_that_never_says_goodbye() -> None:
    with RawServer() as server:
        harness = Harness(FakeEngine(connects=True), connect=connect_to(server.url)).start()
        server.accept_websocket()
        harness.engine.inputs.wait_for(("opened", 1))

        harness.runtime.shutdown()

        assert_ended(harness)


@pytest.mark.parametrize("answers", ["never", "after the hello"])
def test_shutdown_during_an_opening_that_never_ends(answers: str) -> None:
    with RawServer() as server:
        url = server.url if answers == "never" else server.url.replace("ws:", "wss:")
        harness = Harness(FakeEngine(connects=True), connect=connect_to(url)).start()
        connection = server.accept()
        connection.read_exactly(1)

        harness.runtime.shutdown()

        assert_ended(harness)


def test_shutdown_during_a_name_lookup_that_takes_for_ever(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    gate = Gate()

    def connect(abort: AbortHandle) -> WebSocketTransport:
        gate()  # nothing can wake it
        return WebSocketTransport(ours)

    harness = Harness(FakeEngine(connects=True), connect=connect).start()
    assert gate.entered.wait(limit())

    harness.runtime.shutdown()

    (warning,) = warnings(caplog)
    assert warning.endswith("does not wait any longer for: opening the connection")
    gate.opened.set()
    theirs.settimeout(limit())
    assert theirs.recv(1) == b""  # what it brings in the end is closed
    theirs.close()


def test_shutdown_fails_what_waits(harness: Harness) -> None:
    waiting = [in_background(lambda: harness.call(lambda engine: engine.never())) for _ in range(5)]
    harness.engine.started.wait_for(*5 * ["never"])

    harness.runtime.shutdown()

    for future in waiting:
        assert isinstance(future.exception(limit()), ClientShutdownError)


def test_shutdown_fails_even_what_the_core_has_forgotten(harness: Harness) -> None:
    waiting = in_background(lambda: harness.call(lambda engine: engine.forgotten()))
    harness.engine.started.wait_for("forgotten")

    harness.runtime.shutdown()

    assert isinstance(waiting.exception(limit()), ClientShutdownError)


def test_a_call_that_meets_the_shutdown_is_not_lost(harness: Harness) -> None:
    # The call has been let in, the shutdown comes before it is queued.
    with (
        at_point("runtime.before_put", harness.runtime.shutdown),
        pytest.raises(ClientShutdownError, match="test"),
    ):
        harness.call(lambda engine: engine.never())


def test_a_call_that_is_queued_while_the_network_thread_ends_is_not_lost(
    harness: Harness,
) -> None:
    before_put, queued = Gate(), threading.Event()
    put = harness.runtime._network.put

    def put_and_tell(action: Any) -> bool:
        is_put = put(action)
        queued.set()
        return is_put

    harness.runtime._network.put = put_and_tell  # type: ignore[method-assign]
    with at_point("runtime.before_put", before_put):
        waiting = in_background(lambda: harness.call(lambda engine: engine.never()))
        assert before_put.entered.wait(limit())

        def let_in() -> None:
            before_put.opened.set()
            assert queued.wait(limit())

        with at_point("network.before_closing_inbox", let_in):
            harness.runtime.shutdown()

    assert isinstance(waiting.exception(limit()), ClientShutdownError)


def test_many_calls_that_meet_the_shutdown_all_end(harness: Harness) -> None:
    barrier = threading.Barrier(17)

    def call_until_the_end() -> bool:
        barrier.wait(limit())
        try:
            while True:
                harness.call(lambda engine: engine.echo(1))
        except ClientShutdownError:
            return True

    calling = [in_background(call_until_the_end) for _ in range(16)]
    barrier.wait(limit())
    harness.runtime.shutdown()

    assert all(future.result(limit()) for future in calling)


def test_shutdown_delivers_what_is_queued_and_then_nothing(harness: Harness) -> None:
    gate = Gate()
    harness.client.listeners.insert(0, ("gate", gate))
    harness.emit(1, 2, 3)
    assert gate.entered.wait(limit())

    ending = in_background(harness.runtime.shutdown)
    harness.engine.inputs.add("shutting down")
    gate.opened.set()
    ending.result(limit())

    assert harness.events.items == [1, 2, 3, "closed"]
    harness.runtime.tell("too late")
    harness.runtime.call_back(ListenerCall("late", lambda: harness.events.add("too late")))
    assert harness.events.items == [1, 2, 3, "closed"]


@pytest.mark.parametrize("times", [1, 2])
def test_shutdown_in_a_callback(harness: Harness, times: int) -> None:
    ended = threading.Event()

    def end(event: object) -> None:
        if event == "end":
            for _ in range(times):
                harness.runtime.shutdown()
            ended.set()

    harness.client.listeners.insert(0, ("ending", end))
    harness.emit("end", "after")

    assert ended.wait(limit())
    assert harness.runtime.is_shutdown
    harness.events.wait_for("end", "after", "closed")
    harness.runtime.shutdown()
    assert_ended(harness)


def test_a_second_shutdown_waits_for_the_callback_that_called_the_first(
    harness: Harness,
) -> None:
    gate = Gate()

    def end(event: object) -> None:
        if event == "end":
            harness.runtime.shutdown()
            gate()

    harness.client.listeners.insert(0, ("ending", end))
    harness.emit("end")
    assert gate.entered.wait(limit())

    ending = in_background(harness.runtime.shutdown)
    gate.opened.set()
    ending.result(limit())

    assert harness.events.items == ["end", "closed"]
    assert_ended(harness)


def test_shutdown_in_a_job(harness: Harness) -> None:
    harness.runtime.submit(harness.runtime.shutdown).result(limit())

    assert harness.runtime.is_shutdown
    harness.runtime.shutdown()
    assert harness.events.items == ["closed"]


def test_shutdown_on_the_network_thread(harness: Harness) -> None:
    # A finalizer of the user's may run there.
    harness.runtime.post(lambda _: harness.runtime.shutdown())

    harness.events.wait_for("closed")
    harness.runtime.shutdown()
    assert_ended(harness)


def test_shutdown_in_the_token_provider() -> None:
    def provider() -> str:
        harness.runtime.shutdown()
        return "nobody wants it"

    harness = Harness(token_provider=provider).start()
    harness.emit(TokenWanted())

    harness.events.wait_for("closed")
    harness.runtime.shutdown()
    assert_ended(harness)


def test_shutdown_by_many_threads_at_once(harness: Harness) -> None:
    barrier = threading.Barrier(8)

    def end() -> list[str]:
        barrier.wait(limit())
        harness.runtime.shutdown()
        return harness.threads()

    assert [each.result(limit()) for each in [in_background(end) for _ in range(8)]] == 8 * [[]]


@pytest.mark.parametrize("part", ["_dispatcher", "_pool"])
def test_shutdown_in_a_finalizer_that_interrupts_anything(harness: Harness, part: str) -> None:
    # The worst place: this thread holds a lock that the network thread wants.
    class Garbage:
        def __del__(self) -> None:
            harness.runtime.shutdown()

    garbage = Garbage()
    garbage.cycle = garbage  # type: ignore[attr-defined]
    del garbage
    with getattr(harness.runtime, part)._changed:
        gc.collect()

    assert harness.runtime.is_shutdown
    harness.events.wait_for("closed")
    harness.runtime.shutdown()
    assert_ended(harness)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_a_callback_that_ends_programs_ends_the_client(
    harness: Harness, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def quit_program(event: object) -> None:
        if event == "quit":
            raise error

    harness.client.listeners.append(("Quitting.on_event", quit_program))
    harness.emit("quit", "after")

    harness.events.wait_for("quit", "after", "closed")
    harness.runtime.shutdown()
    assert_ended(harness)
    assert "Quitting.on_event" in caplog.text


def test_a_callback_that_never_ends_is_named_and_left_behind(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.05)
    gate = Gate()
    harness.client.listeners.insert(0, ("Endless.on_event", gate))
    harness.emit(1, 2)
    assert gate.entered.wait(limit())

    harness.runtime.shutdown()

    (warning,) = warnings(caplog)
    assert warning.endswith("does not wait any longer for: Endless.on_event")
    gate.opened.set()
    assert harness.runtime._dispatcher._thread.join(limit()) is None
    assert harness.events.items == []  # no callback ever again


def test_a_job_that_never_ends_is_named_and_left_behind(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.05)
    gate = Gate()

    def endless_job() -> None:
        gate()

    harness.runtime.submit(endless_job)
    assert gate.entered.wait(limit())

    harness.runtime.shutdown()

    (warning,) = warnings(caplog)
    assert "endless_job" in warning
    gate.opened.set()


def test_jobs_under_way_are_told_before_the_end(harness: Harness) -> None:
    outcomes: Recorder[Any] = Recorder()
    future = harness.runtime.submit(
        lambda: harness.call(lambda engine: engine.never()),
        report=partial(outcome, outcomes=outcomes),
    )
    harness.engine.started.wait_for("never")

    harness.runtime.shutdown()

    assert isinstance(future.exception(0), ClientShutdownError)
    assert outcomes.items == [future.exception(0)]


def test_jobs_that_wait_are_told_before_the_end() -> None:
    harness = Harness(worker_threads=1).start()
    outcomes: Recorder[Any] = Recorder()
    names: Recorder[str] = Recorder()
    harness.runtime.submit(lambda: harness.call(lambda engine: engine.never()))
    harness.engine.started.wait_for("never")
    future = harness.runtime.submit(lambda: "never run", report=partial(outcome, outcomes=outcomes))
    future.add_done_callback(lambda _: names.add(threading.current_thread().name))

    harness.runtime.shutdown()

    assert isinstance(future.exception(0), ClientShutdownError)
    assert outcomes.items == [future.exception(0)]
    assert names.items == [f"conversations-listeners-{harness.runtime.number}"]


def test_jobs_that_wait_end_even_behind_a_callback_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.05)
    harness = Harness(worker_threads=1).start()
    callback, job = Gate(), Gate()
    harness.client.listeners.append(("gate", callback))
    harness.emit("event")
    harness.runtime.submit(job)
    assert callback.entered.wait(limit())
    assert job.entered.wait(limit())
    waiting = harness.runtime.submit(lambda: "never run")

    harness.runtime.shutdown()

    assert isinstance(waiting.exception(limit()), ClientShutdownError)
    callback.opened.set()
    job.opened.set()


def test_a_network_thread_that_never_ends_is_named(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.05)
    gate = Gate()
    harness.runtime.post(gate)
    assert gate.entered.wait(limit())

    harness.runtime.shutdown()

    assert "the network thread" in warnings(caplog)[0]
    gate.opened.set()


def test_shutdown_without_a_start() -> None:
    harness = Harness()

    harness.runtime.shutdown()

    assert harness.runtime.is_shutdown
    with pytest.raises(ClientShutdownError):
        harness.start()


def test_a_start_that_gets_no_thread_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if "network" in thread.name:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(RuntimeError):
        harness.start()
    harness.runtime.shutdown()

    assert harness.threads() == []


def test_the_representation_says_little(harness: Harness) -> None:
    assert repr(harness.runtime) == f"<Runtime {harness.runtime.number}>"
    harness.runtime.shutdown()
    assert repr(harness.runtime) == f"<Runtime {harness.runtime.number} (shut down)>"


# With the loop of a GUI


def test_shutdown_in_the_thread_of_the_loop() -> None:
    functions: Recorder[Callable[[], None]] = Recorder()

    class Loop:
        call_soon = staticmethod(functions.add)

    harness = Harness(loop=Loop()).start()
    harness.emit(1, 2)
    functions.wait_until(lambda items: len(items) == 1)

    harness.runtime.shutdown()  # this thread is the loop's

    assert harness.threads() == []
    for function in functions.items:
        function()
    assert harness.events.items == [1, 2, "closed"]


def test_two_hundred_clients_leave_nothing() -> None:
    for _ in range(200):
        harness = Harness().start()
        harness.call(lambda engine: engine.echo(1))
        harness.runtime.shutdown()
        assert harness.threads() == []


def test_names_are_those_of_the_documentation(harness: Harness) -> None:
    harness.runtime.submit(lambda: None).result(limit())
    number = harness.runtime.number

    assert harness.threads() == [
        f"conversations-listeners-{number}",
        f"conversations-network-{number}",
        f"conversations-worker-{number}-1",
    ]
