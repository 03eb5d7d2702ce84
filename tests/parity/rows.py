"""
What the rows of the parity tables say, and whether it is true.

A row maps a member of an official SDK to ours, or gives the reason why there is none. Ours is
named by its path from the package, such as ``Conversation.send_message``.
"""

from __future__ import annotations

import inspect
from enum import Enum, EnumMeta
from typing import Any

import attrs

import conversations
from conversations import (
    CallbackListener,
    ConversationListener,
    ConversationsClientListener,
)


@attrs.frozen
class Ours:
    """
    A name of this package.

    Attributes:
        kind: What it must be: ``name``, ``method``, ``property``, ``callback`` or ``member``.
        path: Where it is.
        parameters: What a method or a callback must take, under these names.
        is_renamed: The value of the member of an enum differs from the official word.
    """

    kind: str
    path: str
    parameters: tuple[str, ...] = ()
    is_renamed: bool = False


@attrs.frozen
class Without:
    """
    There is no counterpart.

    Attributes:
        reason: Why not.
    """

    reason: str


Row = Ours | Without | tuple[Ours, ...]
Table = dict[str, Row]


def name(path: str) -> Ours:
    """
    Something exported: a class, a function or a type.
    """
    return Ours("name", path)


def method(path: str, *parameters: str) -> Ours:
    """
    A method, with those of its parameters that stand for what the official one takes.
    """
    return Ours("method", path, parameters)


def prop(path: str) -> Ours:
    """
    A property, or a field of a value class.
    """
    return Ours("property", path)


def callback(path: str, *parameters: str) -> Ours:
    """
    A method that listeners override, with its parameters.
    """
    return Ours("callback", path, parameters)


def member(path: str, *, is_renamed: bool = False) -> Ours:
    """
    A member of an enum.
    """
    return Ours("member", path, is_renamed=is_renamed)


def none(reason: str) -> Without:
    """
    No counterpart, for a reason.
    """
    return Without(reason)


def problems(row: Row, value: str | None = None) -> list[str]:
    """
    What is wrong with a row. *value* is the word behind the official member, if it has one.
    """
    if isinstance(row, Without):
        return [] if row.reason.strip() else ["neither a name nor a reason"]
    each = row if isinstance(row, tuple) else (row,)
    return [problem for ours in each if (problem := _problem(ours, value)) is not None]


def _problem(ours: Ours, value: str | None) -> str | None:
    first, *rest = ours.path.split(".")
    if first not in conversations.__all__ or not hasattr(conversations, first):
        return f"{first} is not exported"
    owner, found = None, getattr(conversations, first)
    for part in rest:
        owner, found = found, _look_up(found, part)
        if found is None:
            return f"there is no {ours.path}"
    check = {
        "name": lambda: None if owner is None else "is not exported itself",
        "method": lambda: _missing_parameters(found, ours.parameters),
        "callback": lambda: _wrong_callback(owner, rest[-1], found, ours.parameters),
        "property": lambda: None if _is_property(owner, rest[-1], found) else "is no property",
        "member": lambda: _wrong_member(found, None if ours.is_renamed else value),
    }
    problem = check[ours.kind]()
    return problem and f"{ours.path} {problem}"


def _look_up(owner: Any, part: str) -> Any:
    """
    What stands for *part* in a class, or ``None``. Fields of value classes stand for themselves.
    """
    if not inspect.isclass(owner):
        return getattr(owner, part, None)
    if attrs.has(owner) and part in attrs.fields_dict(owner):
        return attrs.fields_dict(owner)[part]
    found = inspect.getattr_static(owner, part, None)
    if found is None and issubclass(owner, Exception) and part in vars(owner()):
        return owner  # an error has its details in its dictionary, for pickling
    if found is None and any(part in inspect.get_annotations(one) for one in owner.__mro__):
        return owner
    return found


def _missing_parameters(found: Any, wanted: tuple[str, ...]) -> str | None:
    function = found.__func__ if isinstance(found, staticmethod | classmethod) else found
    if not inspect.isfunction(function):
        return "is no method"
    there = inspect.signature(function).parameters
    missing = [one for one in wanted if one not in there]
    return f"has no parameter {', '.join(missing)}" if missing else None


def _wrong_callback(owner: Any, last: str, found: Any, wanted: tuple[str, ...]) -> str | None:
    bases = (ConversationsClientListener, ConversationListener, CallbackListener)
    listeners = (*bases, *_further_listeners())
    if owner not in listeners or not last.startswith("on_"):
        return "is no callback of a listener"
    if not inspect.isfunction(found):
        return "is no method"
    there = tuple(inspect.signature(found).parameters)[1:]
    return None if there == wanted else f"takes {there}, not {wanted}"


def _further_listeners() -> list[Any]:
    names = ("StatusListener", "MediaUploadListener")
    return [getattr(conversations, one) for one in names if one in conversations.__all__]


def _is_property(owner: Any, last: str, found: Any) -> bool:
    if isinstance(found, property | attrs.Attribute) or found is owner:
        return True
    if inspect.ismemberdescriptor(found) or isinstance(found, EnumMeta):
        return True
    # An attribute of the class itself, such as the word of its kind.
    return not callable(found) and not isinstance(found, staticmethod | classmethod)


def _wrong_member(found: Any, value: str | None) -> str | None:
    if not isinstance(found, Enum):
        return "is no member of an enum"
    if value is not None and found.value != value:
        return f"stands for {found.value!r}, not {value!r}"
    return None
