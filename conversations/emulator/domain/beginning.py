"""
What a new service comes with.
"""

from __future__ import annotations

from . import content, roles
from .service import Service


def furnish(service: Service) -> None:
    """
    Put in the first roles and the first content templates.
    """
    roles.add_first_roles(service)
    content.add_first_templates(service)
