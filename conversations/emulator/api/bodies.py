"""
Taking the members of a JSON body, with their types checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.upstream import JSONValue
from ..domain.fields import UNSET, Unset
from ..refusals import refusal
from .calls import Call


def json_object(call: Call) -> Mapping[str, JSONValue]:
    """
    The body, which must be a JSON object.
    """
    body = call.request.body
    if not isinstance(body, dict):
        raise refusal(20001, "The body must be a JSON object")
    return body


def text(body: Mapping[str, JSONValue], name: str) -> str | Unset:
    """
    A member that is a text if it is there.
    """
    value = body.get(name, UNSET)
    if isinstance(value, str | Unset):
        return value
    raise refusal(20001, f"{name} must be a string")


def optional_text(body: Mapping[str, JSONValue], name: str) -> str | Unset | None:
    """
    A member that is a text or ``null`` if it is there.
    """
    return None if body.get(name, UNSET) is None else text(body, name)


def text_or(body: Mapping[str, JSONValue], name: str, otherwise: str) -> str:
    """
    A text, or *otherwise* if it is not there.
    """
    value = text(body, name)
    return otherwise if isinstance(value, Unset) else value
