"""
Content templates.
"""

from __future__ import annotations

from ..._core.upstream import JSONValue, json_body
from ..clock import iso_date
from ..domain.records import ContentTemplate
from .calls import Answer, Call
from .pages import PageRequest, cut_page

PAGE_SIZE = 50


def list_templates(call: Call) -> Answer:
    """
    ``GET /Client/v2/ContentTemplates``.
    """
    page = PageRequest.decode(call.request, PAGE_SIZE)
    templates = list(call.service.templates.values())
    cut, meta = cut_page(templates, lambda template: template.number, page)
    return Answer(body={"templates": [_body(call, template) for template in cut], "meta": meta})


def _body(call: Call, template: ContentTemplate) -> JSONValue:
    return {
        "sid": template.sid,
        "account_sid": call.service.account,
        "friendly_name": template.friendly_name,
        "variables": json_body(dict(template.variables)).decode("ascii"),
        "variants": dict(template.variants),
        "date_created": iso_date(template.date_created),
        "date_updated": iso_date(template.date_updated),
    }
