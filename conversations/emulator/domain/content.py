"""
Content templates, and the messages that are made from them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import attrs

from ..._core.upstream import JSONValue, json_body
from ..ids import is_sid
from ..refusals import refusal
from . import media
from .records import ContentTemplate, Media, MediaCategory
from .service import Service

TEXT = "twilio/text"
RICH_TYPE = "application/x-vnd.com.twilio.rich."

_PLACE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")

# The templates of a new service, so that they can be tried: a text, one with answers to choose
# from, a card.
FIRST_TEMPLATES: tuple[tuple[str, Mapping[str, str], Mapping[str, JSONValue]], ...] = (
    ("greeting", {"1": "there"}, {TEXT: {"body": "Hi {{1}}"}}),
    (
        "appointment",
        {"1": "Monday"},
        {
            TEXT: {"body": "Does {{1}} suit you?"},
            "twilio/quick-reply": {
                "body": "Does {{1}} suit you?",
                "actions": [{"title": "Yes", "id": "yes"}, {"title": "No", "id": "no"}],
            },
        },
    ),
    (
        "offer",
        {"1": "Tea", "2": "green"},
        {
            "twilio/card": {
                "title": "{{1}}",
                "subtitle": "Today: {{2}}",
                "media": ["https://example.com/{{2}}.png"],
                "actions": [
                    {"type": "URL", "title": "See it", "url": "https://example.com/{{2}}"},
                    {"type": "PHONE_NUMBER", "title": "Call us", "phone": "+15550100"},
                    {"type": "QUICK_REPLY", "title": "I take it", "id": "take"},
                ],
            }
        },
    ),
)


@attrs.frozen(kw_only=True)
class Rendered:
    """
    A template with its variables filled in.

    Attributes:
        body: What clients show that know no templates.
        content_type: Of the media that holds the content.
        content: Its bytes.
    """

    body: str | None
    content_type: str
    content: bytes


def add_first_templates(service: Service) -> None:
    """
    What a new service has.
    """
    for friendly_name, variables, variants in FIRST_TEMPLATES:
        add(service, friendly_name, variables, variants)


def add(
    service: Service,
    friendly_name: str,
    variables: Mapping[str, str],
    variants: Mapping[str, JSONValue],
) -> ContentTemplate:
    """
    Make a template.
    """
    if not variants:
        raise refusal(20001, "A template has at least one variant")
    now = service.now()
    template = ContentTemplate(
        sid=service.ids.sid("HX"),
        number=next(service.template_numbers),
        friendly_name=friendly_name,
        variables=dict(variables),
        variants=dict(variants),
        date_created=now,
        date_updated=now,
    )
    service.templates[template.sid] = template
    return template


def find(service: Service, sid: str) -> ContentTemplate:
    """
    The template of that SID.
    """
    template = service.templates.get(sid)
    if template is None:
        unknown = "There is no content template of that SID" if is_sid(sid, "HX") else None
        raise refusal(50526, unknown)
    return template


def check_variables(service: Service, text: str) -> dict[str, str]:
    """
    The variables of a message: a JSON text of an object, within the limits.
    """
    limits = service.limits
    if len(text) > limits.content_variables_characters:
        raise refusal(50529)
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        raise refusal(50527) from None  # the error would quote the content
    if not isinstance(decoded, dict):
        raise refusal(50527)
    values = {name: _text(value) for name, value in decoded.items()}
    if any(len(name) > limits.content_variable_name_characters for name in values):
        raise refusal(50540)
    if any(len(value) > limits.content_variable_characters for value in values.values()):
        raise refusal(50541)
    return values


def render(template: ContentTemplate, variables: Mapping[str, str]) -> Rendered:
    """
    Fill a template in. Of several variants the richest is the first that is not plain text.
    """
    values = {**template.variables, **variables}
    kind = next((kind for kind in template.variants if kind != TEXT), TEXT)
    data = _fill(template.variants[kind], values)
    shown = _fill(template.variants[TEXT], values) if TEXT in template.variants else data
    return Rendered(
        body=_first_text(shown, "body", "title"),
        content_type=f"{RICH_TYPE}{kind.replace('/', '.')}",
        content=json_body({"data": data}),
    )


def keep(service: Service, author: str, rendered: Rendered) -> Media:
    """
    The media by which clients get at the content of a message.
    """
    content = media.new_content(service)
    content.append(rendered.content)
    description = media.Description(content_type=rendered.content_type, category=MediaCategory.BODY)
    return media.keep(service, author, description, content)


def _fill(value: JSONValue, values: Mapping[str, str]) -> JSONValue:
    """
    Replace the places of variables in every text. Those without a value stay.
    """
    if isinstance(value, str):
        return _PLACE.sub(lambda place: values.get(place[1], place[0]), value)
    if isinstance(value, list):
        return [_fill(entry, values) for entry in value]
    if isinstance(value, dict):
        return {name: _fill(entry, values) for name, entry in value.items()}
    return value


def _first_text(data: JSONValue, *names: str) -> str | None:
    if isinstance(data, dict):
        for name in names:
            found = data.get(name)
            if isinstance(found, str):
                return found
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
