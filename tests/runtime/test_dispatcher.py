from __future__ import annotations

import gc
import logging
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import attrs
import pytest

from conversations._runtime import dispatcher as module
from conversations._runtime.dispatcher import Dispatcher, DispatcherStats, ListenerCall
from conversations._runtime.waiters import Deadline
from tests.net.raw_server import in_background
from tests.runtime.fakes import FakeClient, Recorder
from tests.timing import limit


@attrs.frozen
class Updated:
    merge_key: str
    reasons: tuple[int, ...]

    def merged_with(self, later: Updated) -> Updated:
        return Updated(self.merge_key, self.reasons + later.reasons)


class Setting:
    """
    A running dispatcher with a client whose only listener records.
    """

    def __init__(self, **options: Any) -> None:
        self.client = FakeClient()
        self.events: Recorder[Any] = Recorder()
        self.client.listeners.append(("Recording.on_event", self.events.add))
        self.fatal: Recorder[str] = Recorder()
        self.dispatcher = Dispatcher(
            number=7,
            target=weakref.ref(self.client),
            on_fatal=lambda: self.fatal.add("fatal"),
            **options,
        )
        self.dispatcher.start()

    def listen(self, name: str, function: Callable[[Any], None]) -> None:
        self.client.listeners.append((name, function))

    def close(self) -> None:
        self.dispatcher.close()
        assert self.dispatcher.join(Deadline(limit()))


@pytest.fixture
def setting() -> Iterator[Setting]:
    made = Setting()
    yield made
    made.close()


class Gate:
    """
    A listener that stays inside its callback until it is opened.
    """

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: object = None) -> None:
        self.entered.set()
        assert self.opened.wait(limit())


def fail_on(event: object, error: BaseException) -> Callable[[object], None]:
    def listener(received: object) -> None:
        if received == event:
            raise error

    return listener


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == level and record.name == "conversations.events"
    ]


def test_events_come_in_order_on_the_listener_thread(setting: Setting) -> None:
    names: Recorder[str] = Recorder()
    setting.listen("names", lambda _: names.add(threading.current_thread().name))

    for number in range(50):
        setting.dispatcher.put(number)

    setting.events.wait_for(*range(50))
    assert set(names.wait_until(lambda items: len(items) == 50)) == {"conversations-listeners-7"}


def test_calls_of_one_event_come_in_the_order_of_the_plan(setting: Setting) -> None:
    order: Recorder[str] = Recorder()
    for name in "abc":
        setting.listen(name, lambda _, name=name: order.add(name))

    setting.dispatcher.put("event")

    order.wait_for("a", "b", "c")


def test_a_listener_removed_before_its_turn_is_not_called(setting: Setting) -> None:
    order: Recorder[str] = Recorder()
    last = ("last", lambda _: order.add("last"))

    def remove(_: object) -> None:
        with suppress(ValueError):
            setting.client.listeners.remove(last)
        order.add("remover")

    setting.listen("remover", remove)
    setting.client.listeners.append(last)

    setting.dispatcher.put("event")
    setting.dispatcher.put("another")

    order.wait_for("remover", "remover")


def test_a_listener_added_in_a_callback_starts_with_the_next_event(setting: Setting) -> None:
    late: Recorder[object] = Recorder()

    def add(event: object) -> None:
        if event == 1:
            setting.listen("late", late.add)

    setting.listen("adder", add)
    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    setting.events.wait_for(1, 2)
    late.wait_for(2)


def test_single_calls_keep_their_place_among_events(setting: Setting) -> None:
    setting.dispatcher.put("before")
    setting.dispatcher.put_call(ListenerCall("call", lambda: setting.events.add("call")))
    setting.dispatcher.put_job(lambda: setting.events.add("job"))
    setting.dispatcher.put(ListenerCall("call as event", lambda: setting.events.add("as event")))
    setting.dispatcher.put("after")

    setting.events.wait_for("before", "call", "job", "as event", "after")


def test_an_exception_ends_that_call_alone(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    error = LookupError("my fault")
    setting.client.listeners.insert(0, ("Broken.on_event", fail_on(1, error)))

    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    setting.events.wait_for(1, 2)
    setting.client.reports.wait_for(("Broken.on_event", error))
    assert messages(caplog, logging.ERROR) == ["[7] Broken.on_event raised an exception"]
    assert caplog.records[-1].exc_info is not None
    assert "in listener" in caplog.text


def test_an_exception_in_the_report_is_only_logged(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(error: Exception) -> None:
        raise ValueError("on_error is broken, too")

    setting.client.on_error = broken
    setting.client.listeners.insert(0, ("Broken.on_event", fail_on(1, LookupError())))

    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    setting.events.wait_for(1, 2)
    assert len(setting.client.reports.items) == 1
    assert messages(caplog, logging.ERROR) == [
        "[7] Broken.on_event raised an exception",
        "[7] on_error raised an exception",
    ]


def test_an_exception_in_a_single_call_is_reported(setting: Setting) -> None:
    error = LookupError()

    def broken() -> None:
        raise error

    setting.dispatcher.put_call(ListenerCall("Callback.on_success", broken))

    setting.client.reports.wait_for(("Callback.on_success", error))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_an_exception_that_ends_programs_ends_the_client(
    setting: Setting, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    setting.client.listeners.insert(0, ("Quitting.on_event", fail_on(1, error)))

    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    setting.events.wait_for(1, 2)
    assert setting.fatal.items == ["fatal"]
    assert setting.client.reports.items == []
    assert messages(caplog, logging.ERROR) == [
        f"[7] Quitting.on_event raised {type(error).__name__}"
    ]


def test_other_exceptions_outside_the_usual_tree_are_only_logged(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(BaseException):
        pass

    setting.client.listeners.insert(0, ("Odd.on_event", fail_on(1, Odd())))

    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    setting.events.wait_for(1, 2)
    assert setting.fatal.items == []
    assert messages(caplog, logging.ERROR) == ["[7] Odd.on_event raised Odd"]


def test_a_broken_plan_does_not_end_the_thread(
    setting: Setting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: object) -> Iterator[ListenerCall]:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(setting.client, "plan", broken)
    setting.dispatcher.put(1)
    setting.dispatcher.put_job(monkeypatch.undo)
    setting.dispatcher.put(2)

    setting.events.wait_for(2)
    assert messages(caplog, logging.ERROR) == ["[7] an event could not be delivered"]


def test_a_slow_callback_is_named(
    setting: Setting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW_SECONDS", -1.0)

    setting.dispatcher.put(1)
    setting.events.wait_for(1)
    setting.close()

    (message,) = messages(caplog, logging.WARNING)
    assert message.startswith("[7] Recording.on_event took ")


def test_the_calling_thread_knows_whether_it_is_in_a_callback(setting: Setting) -> None:
    seen: Recorder[bool] = Recorder()
    setting.listen("asking", lambda _: seen.add(setting.dispatcher.is_in_callback))

    setting.dispatcher.put(1)
    seen.wait_for(True)
    setting.dispatcher.put_job(lambda: seen.add(setting.dispatcher.is_in_callback))

    seen.wait_for(True, False)
    assert not setting.dispatcher.is_in_callback


def test_another_thread_is_not_in_the_callback(setting: Setting) -> None:
    gate = Gate()
    setting.listen("gate", gate)
    setting.dispatcher.put(1)
    assert gate.entered.wait(limit())

    assert not setting.dispatcher.is_in_callback
    assert setting.dispatcher.running == "gate"
    gate.opened.set()


def test_closing_delivers_what_is_queued_and_nothing_after() -> None:
    setting = Setting()
    gate = Gate()
    setting.listen("gate", gate)
    setting.dispatcher.put(1)
    setting.dispatcher.put(2)
    assert gate.entered.wait(limit())

    setting.dispatcher.close()
    setting.dispatcher.put("too late")
    setting.dispatcher.put_call(ListenerCall("late", lambda: setting.events.add("too late")))
    gate.opened.set()

    assert setting.dispatcher.join(Deadline(limit()))
    assert setting.events.items == [1, 2]


def test_what_the_last_callbacks_cause_is_delivered_too() -> None:
    setting = Setting()
    gate = Gate()
    setting.dispatcher.put_call(ListenerCall("gate", gate))
    setting.dispatcher.put_job(
        lambda: setting.dispatcher.put_call(
            ListenerCall("caused", lambda: setting.events.add("caused"))
        )
    )
    assert gate.entered.wait(limit())

    setting.dispatcher.close()
    gate.opened.set()

    assert setting.dispatcher.join(Deadline(limit()))
    assert setting.events.items == ["caused"]


def test_abandoning_ends_after_the_call_under_way() -> None:
    setting = Setting()
    gate = Gate()
    setting.client.listeners.insert(0, ("gate", gate))
    setting.dispatcher.put(1)
    setting.dispatcher.put(2)
    assert gate.entered.wait(limit())

    setting.dispatcher.abandon()
    assert not setting.dispatcher.join(Deadline(0.0))
    gate.opened.set()

    assert setting.dispatcher.join(Deadline(limit()))
    assert setting.events.items == []


def test_joining_on_the_listener_thread_itself_does_not_wait(setting: Setting) -> None:
    joined: Recorder[bool] = Recorder()

    setting.dispatcher.put_job(lambda: joined.add(setting.dispatcher.join(Deadline(None))))

    joined.wait_for(True)


def test_a_dispatcher_that_never_started_has_ended() -> None:
    client = FakeClient()
    dispatcher = Dispatcher(number=1, target=weakref.ref(client), on_fatal=lambda: None)

    dispatcher.close()

    assert dispatcher.join(Deadline(0.0))


def test_events_for_a_client_that_is_gone_are_dropped_and_calls_are_not() -> None:
    setting = Setting()
    setting.client.listeners.clear()
    del setting.client
    gc.collect()

    def broken() -> None:
        setting.events.add("call")
        raise LookupError

    setting.dispatcher.put("event")
    setting.dispatcher.put_call(ListenerCall("call", broken))

    setting.events.wait_for("call")
    setting.close()


class Thing:
    pass


@pytest.mark.parametrize("way", ["event", "call", "job"])
def test_an_idle_thread_holds_nothing_of_the_users(setting: Setting, way: str) -> None:
    collected = threading.Event()
    thing = Thing()
    weakref.finalize(thing, collected.set)
    setting.client.listeners.clear()
    gc.disable()
    try:
        if way == "event":
            setting.dispatcher.put(thing)
        elif way == "call":
            setting.dispatcher.put_call(ListenerCall("holding", lambda thing=thing: None))
        else:
            setting.dispatcher.put_job(lambda thing=thing: None)
        del thing

        assert collected.wait(limit())
    finally:
        gc.enable()


def test_more_events_than_normal_are_warned_of_once_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    setting = Setting(high_water_mark=4)
    gate = Gate()
    setting.client.listeners.insert(0, ("Slow.on_event", gate))
    setting.dispatcher.put("first")
    assert gate.entered.wait(limit())

    for number in range(3):
        setting.dispatcher.put(Updated("a", (number,)))
    setting.dispatcher.put("added")
    assert setting.dispatcher.stats == DispatcherStats(events=5, queue_length=4, high_water_marks=0)
    setting.dispatcher.put(Updated("a", (3,)))
    setting.dispatcher.put(Updated("a", (4,)))

    assert setting.dispatcher.stats == DispatcherStats(events=7, queue_length=2, high_water_marks=1)
    (warning,) = messages(caplog, logging.WARNING)
    assert "2 wait for Slow.on_event" in warning
    gate.opened.set()
    setting.events.wait_for("first", Updated("a", (0, 1, 2, 3, 4)), "added")
    setting.close()


# With the loop of a GUI


class Loop:
    """
    A GUI's loop, on whatever thread runs it.
    """

    def __init__(self) -> None:
        self.functions: queue.Queue[Callable[[], None]] = queue.Queue()

    def call_soon(self, function: Callable[[], None]) -> None:
        self.functions.put(function)

    def run_one(self) -> None:
        self.functions.get(timeout=limit())()

    def run_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                self.functions.get_nowait()()


def test_a_loop_gets_one_call_at_a_time() -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    setting.listen("second", lambda event: setting.events.add(("second", event)))
    setting.dispatcher.put(1)
    setting.dispatcher.put(2)

    loop.run_one()
    assert setting.events.items == [1]
    second = loop.functions.get(timeout=limit())
    assert loop.functions.empty()  # not before the call is made
    second()
    loop.run_one()
    loop.run_one()

    assert setting.events.items == [1, ("second", 1), 2, ("second", 2)]
    setting.close()


def test_in_a_loop_the_caller_is_the_loops_thread() -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    seen: list[object] = []

    def ask(_: object) -> None:
        seen.append((setting.dispatcher.is_in_callback, threading.current_thread()))

    setting.listen("asking", ask)
    setting.dispatcher.put(1)
    loop.run_one()
    loop.run_one()

    assert seen == [(True, threading.current_thread())]
    assert not setting.dispatcher.is_in_callback
    setting.close()


def test_an_exception_does_not_reach_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    setting.client.listeners.insert(0, ("Broken.on_event", fail_on(1, LookupError())))
    setting.dispatcher.put(1)

    loop.run_one()
    loop.run_one()

    assert setting.events.items == [1]
    assert messages(caplog, logging.ERROR) == ["[7] Broken.on_event raised an exception"]
    setting.close()


def test_closing_hands_the_rest_to_the_loop_without_waiting_for_it() -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    setting.listen("second", lambda event: setting.events.add(("second", event)))
    setting.dispatcher.put(1)
    setting.dispatcher.put(2)
    first = loop.functions.get(timeout=limit())

    setting.close()  # on the loop's own thread: nothing runs meanwhile
    assert setting.events.items == []
    first()
    loop.run_all()

    assert setting.events.items == [1, ("second", 1), 2, ("second", 2)]


def test_closing_inside_a_callback_in_the_loop() -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    setting.listen("closing", lambda _: setting.close())
    setting.dispatcher.put(1)

    loop.run_one()
    loop.run_one()

    assert setting.events.items == [1]


def test_a_loop_that_has_ended_costs_its_events_only(caplog: pytest.LogCaptureFixture) -> None:
    class Ended:
        def call_soon(self, function: Callable[[], None]) -> None:
            raise RuntimeError("main thread is not in main loop")

    setting = Setting(loop=Ended())
    done = threading.Event()

    setting.dispatcher.put(1)
    setting.dispatcher.put_job(done.set)

    assert done.wait(limit())
    assert messages(caplog, logging.ERROR) == ["[7] an event could not be delivered"]
    setting.close()


def test_many_threads_may_put_at_once() -> None:
    setting = Setting(high_water_mark=10)
    barrier = threading.Barrier(8)

    def put(thread: int) -> None:
        barrier.wait(limit())
        for number in range(200):
            setting.dispatcher.put((thread, number))

    for future in [in_background(lambda thread=thread: put(thread)) for thread in range(8)]:
        future.result(limit())
    received = setting.events.wait_until(lambda items: len(items) == 1600)

    for thread in range(8):
        assert [number for each, number in received if each == thread] == list(range(200))
    setting.close()


def test_calls_of_our_own_are_made_on_the_listener_thread_in_their_place() -> None:
    loop = Loop()
    setting = Setting(loop=loop)
    ours: list[object] = []
    done = threading.Event()

    def take() -> None:
        ours.append((threading.current_thread().name, setting.events.items))
        done.set()

    setting.dispatcher.put(1)
    setting.dispatcher.put_call(ListenerCall("ours", take, is_ours=True))
    loop.run_one()
    assert done.wait(limit())

    assert ours == [("conversations-listeners-7", [1])]
    setting.close()


def test_progress_is_told_after_each_item_with_all_its_calls_and_at_the_end() -> None:
    progress: Recorder[object] = Recorder()
    setting = Setting(on_progress=lambda: progress.add(list(setting.events.items)))
    setting.dispatcher.put(1)
    progress.wait_for([1])
    setting.dispatcher.put(2)
    progress.wait_for([1], [1, 2])
    assert not setting.dispatcher.is_over
    setting.close()
    assert progress.items == [[1], [1, 2], [1, 2]]
    assert setting.dispatcher.is_over
