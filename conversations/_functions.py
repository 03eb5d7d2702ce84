"""
Functions in place of a listener class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conversations import _arguments as arguments
from conversations.errors import InvalidArgumentError
from conversations.listeners import ConversationsClientListener


class FunctionListener(ConversationsClientListener):
    """
    A listener whose callbacks are functions. Its other callbacks do nothing.

    Args:
        functions: By the names of the callbacks.

    Raises:
        InvalidArgumentError: There is no such callback, or one is no function.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        for name, function in functions.items():
            check_callback_name(name)
            arguments.function(function, name)
            setattr(self, name, function)

    def label(self, callback: str) -> str:
        """
        What log lines call the function behind a callback.
        """
        function = vars(self).get(callback)
        named = type(self) if function is None else function
        return getattr(named, "__qualname__", type(named).__name__)


def check_callback_name(name: object) -> str:
    """
    Refuse what is no callback of a client's listener.

    Raises:
        InvalidArgumentError: It is none.
    """
    text = arguments.text(name, "the name of a callback")
    if not (text.startswith("on_") and hasattr(ConversationsClientListener, text)):
        message = f"there is no callback {text!r}"
        raise InvalidArgumentError(message)
    return text
