"""
Helpers for the tests of programs that use this package.

Together with the emulator they make such tests short and free of sleeping::

    listener = RecordingListener()
    with Emulator() as emulator:
        client = ConversationsClient.create(
            emulator.token("alice"), emulator.properties(), listener
        )
        ...
        listener.wait_for("on_message_added", lambda message: message.body == "hello")
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from .errors import InvalidArgumentError
from .listeners import ConversationListener, ConversationsClientListener

if TYPE_CHECKING:
    from .emulator import ManualClock as FakeClock

__all__ = ["FakeClock", "RecordedCall", "RecordingListener"]


def __getattr__(name: str) -> Any:
    # A clock that an emulator runs by. Only it needs the emulator's extra to be installed.
    if name == "FakeClock":
        from .emulator import ManualClock  # noqa: PLC0415  # see above

        return ManualClock
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@attrs.frozen
class RecordedCall:
    """
    One callback that came.

    Attributes:
        callback: Its name, such as ``on_message_added``.
        arguments: What it was given, by the names of its parameters.
        thread: Name of the thread that it ran on.
    """

    callback: str
    arguments: Mapping[str, Any]
    thread: str

    def __getitem__(self, name: str) -> Any:
        """
        The argument *name*.
        """
        return self.arguments[name]


class RecordingListener(ConversationsClientListener, ConversationListener):  # type: ignore[misc]  # it takes both forms of on_user_…
    """
    Records every callback, and lets a test wait for one.

    It can be added to a client, to a conversation, or to both, and then gets some of the
    callbacks twice; those about users have a participant as well when they come from a
    conversation. Reading and waiting work in every thread but the listener thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: list[RecordedCall] = []  # guarded by _changed

    def calls(self, *callbacks: str) -> list[RecordedCall]:
        """
        What has come so far, in order.

        Args:
            callbacks: Only the callbacks with these names; with none, all.
        """
        for callback in callbacks:
            _check_name(callback)
        with self._changed:
            return [call for call in self._calls if not callbacks or call.callback in callbacks]

    def wait_for(
        self,
        callback: str,
        matching: Callable[..., object] | None = None,
        *,
        count: int = 1,
        timeout: float = 10.0,
    ) -> RecordedCall:
        """
        Wait until a callback has come. It may have come before this is called.

        Args:
            callback: Its name.
            matching: Called with the arguments of each such callback; only those count for
                which it returns something true.
            count: Which of those to wait for.
            timeout: Seconds after which to give up.

        Returns:
            The callback that was waited for.

        Raises:
            AssertionError: It did not come. The message lists what did.
        """
        _check_name(callback)

        def found() -> list[RecordedCall]:
            return [
                call
                for call in self._calls
                if call.callback == callback
                and (matching is None or matching(*call.arguments.values()))
            ]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout):
                came = ", ".join(call.callback for call in self._calls) or "nothing"
                message = f"{callback} did not come within {timeout:g} s; what came: {came}"
                raise AssertionError(message)
            return found()[count - 1]

    def clear(self) -> None:
        """
        Forget what has come so far.
        """
        with self._changed:
            self._calls.clear()

    def _record(self, callback: str, arguments: Mapping[str, Any]) -> None:
        with self._changed:
            self._calls.append(
                RecordedCall(
                    callback, MappingProxyType(dict(arguments)), threading.current_thread().name
                )
            )
            self._changed.notify_all()


def _recorder(name: str, signatures: list[inspect.Signature]) -> Callable[..., None]:
    def record(self: RecordingListener, *arguments: Any, **named: Any) -> None:
        count = len(arguments) + len(named) + 1
        fitting = (one for one in signatures if len(one.parameters) == count)
        bound = next(fitting, signatures[0]).bind(self, *arguments, **named)
        bound.arguments.pop("self")
        self._record(name, bound.arguments)

    record.__name__ = name
    record.__qualname__ = f"{RecordingListener.__name__}.{name}"
    return record


_CALLBACKS = {
    name: [
        inspect.signature(getattr(kind, name))
        for kind in (ConversationsClientListener, ConversationListener)
        if hasattr(kind, name)
    ]
    for name in dir(RecordingListener)
    if name.startswith("on_")
}
for _name, _signatures in _CALLBACKS.items():
    setattr(RecordingListener, _name, _recorder(_name, _signatures))


def _check_name(callback: str) -> None:
    if callback not in _CALLBACKS:
        message = f"no listener has a callback {callback}"
        raise InvalidArgumentError(message)
