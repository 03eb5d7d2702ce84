"""
Reports of typing.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from ..domain import conversations, typing_indicator
from ..refusals import refusal
from .calls import Answer, Call


def report_typing(call: Call) -> Answer:
    """
    ``POST {typing}``, with a form as its body.
    """
    sid = _form_field(call, "ChannelSid")
    if not sid:
        raise refusal(50351)
    conversation = conversations.find(call.service, sid)
    timeout = typing_indicator.start(call.service, call.caller, conversation)
    return Answer(body={"typing_timeout": timeout})


def _form_field(call: Call, name: str) -> str | None:
    body = call.request.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if not isinstance(body, str):
        return None
    values = parse_qs(body).get(name)
    return values[0] if values else None
