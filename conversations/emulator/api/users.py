"""
Users of the service.
"""

from __future__ import annotations

from ..domain import users
from ..domain.fields import UserFields
from .bodies import json_object, optional_text, text
from .calls import Answer, Call
from .resources import user_body


def get_user(call: Call) -> Answer:
    """
    ``GET {users}/{identity or user sid}``.
    """
    return Answer(body=user_body(call, users.find(call.service, call.arguments["user"])))


def update_user(call: Call) -> Answer:
    """
    ``POST {users}/{own identity}``.
    """
    user = users.find(call.service, call.arguments["user"])
    body = json_object(call)
    fields = UserFields(
        friendly_name=optional_text(body, "friendly_name"), attributes=text(body, "attributes")
    )
    users.update(call.service, call.caller, user, fields)
    return Answer(body=user_body(call, user))
