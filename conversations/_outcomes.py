"""
How a callback listener is told the outcome of work in the background.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from conversations._runtime.dispatcher import ListenerCall
from conversations.errors import ErrorInfo, OperationCancelledError
from conversations.listeners import CallbackListener, StatusListener

T = TypeVar("T")


def report(future: Future[T], callback: CallbackListener[T] | StatusListener) -> ListenerCall:
    """
    The call that tells *callback* how *future* ended.
    """
    name = type(callback).__name__
    if future.cancelled():
        error: BaseException | None = OperationCancelledError()
    else:
        error = future.exception()
    if error is not None:
        return ListenerCall(f"{name}.on_error", partial(callback.on_error, ErrorInfo.of(error)))
    if isinstance(callback, StatusListener):
        return ListenerCall(f"{name}.on_success", callback.on_success)
    return ListenerCall(f"{name}.on_success", partial(callback.on_success, future.result()))
