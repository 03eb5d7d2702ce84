"""
Roles: who may do what, if the settings say that it counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from .domain import conversations, participants, roles, users
from .domain.records import RoleType
from .domain.service import Service
from .refusals import refusal
from .remote import Remote
from .views import RoleView


class RoleActs(Remote):
    """
    Acts of the server on roles, which are named by SID or friendly name.

    Permissions count with ``Settings.enforces_roles`` alone.
    """

    @property
    def roles(self) -> tuple[RoleView, ...]:
        """
        The roles: at first *service admin*, *service user* for users, *channel admin* for
        creators, *channel user* for other participants.
        """
        return self._act(lambda service: tuple(map(RoleView.of, service.roles.values())))

    def create_role(
        self, friendly_name: str, role_type: str, permissions: Iterable[str]
    ) -> RoleView:
        """
        Make a role.

        Args:
            friendly_name: Its name.
            role_type: ``service`` or ``conversation``.
            permissions: Such as ``sendMessage``.
        """
        named = tuple(permissions)
        return self._act(
            lambda service: RoleView.of(
                roles.add(service, friendly_name, _role_type(role_type), named)
            )
        )

    def update_role(self, role: str, permissions: Iterable[str]) -> RoleView:
        """
        Replace all permissions of a role.
        """
        named = tuple(permissions)

        def update(service: Service) -> RoleView:
            found = roles.find(service, role)
            roles.update(found, named)
            return RoleView.of(found)

        return self._act(update)

    def set_user_role(self, identity: str, role: str) -> None:
        """
        Give a user another role of the type ``service``.
        """

        def set_it(service: Service) -> None:
            found = roles.find(service, role, RoleType.SERVICE)
            users.find(service, identity).role_sid = found.sid

        self._act(set_it)

    def set_participant_role(self, conversation: str, participant: str, role: str) -> None:
        """
        Give a participant another role of the type ``conversation``.
        """

        def set_it(service: Service) -> None:
            where = conversations.look_up(service, conversation)
            found = roles.find(service, role, RoleType.CONVERSATION)
            participants.set_role(service, where, participants.find(where, participant), found)

        self._act(set_it)


def _role_type(name: str) -> RoleType:
    try:
        return RoleType(name)
    except ValueError:
        raise refusal(50105) from None
