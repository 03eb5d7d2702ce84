"""
Roles and their permissions (docs/protocol/conversations.md, Access control).

Roles are always there and always assigned. Their permissions are enforced only if the settings
say so, because the rules of membership are enough for most programs.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..refusals import refusal
from .records import Caller, Conversation, Role, RoleType
from .service import Service

SERVICE_PERMISSIONS = frozenset(
    {
        *("addParticipant", "createConversation", "deleteAnyMessage", "deleteConversation"),
        *("editAnyMessage", "editAnyMessageAttributes", "editAnyUserInfo"),
        *("editConversationAttributes", "editConversationName", "editOwnMessage"),
        *("editOwnMessageAttributes", "editOwnUserInfo", "joinConversation"),
        "removeParticipant",
    }
)
CONVERSATION_PERMISSIONS = frozenset(
    {
        *("addParticipant", "deleteAnyMessage", "deleteConversation", "deleteOwnMessage"),
        *("editAnyMessage", "editAnyMessageAttributes", "editAnyUserInfo"),
        *("editConversationAttributes", "editConversationName", "editOwnMessage"),
        *("editOwnMessageAttributes", "editOwnUserInfo", "leaveConversation"),
        *("removeParticipant", "sendMediaMessage", "sendMessage"),
    }
)
# Seen in programs, of either kind.
FURTHER_PERMISSIONS = frozenset(
    {
        *("addNonChatParticipant", "editNotificationLevel"),
        *("editOwnParticipantAttributes", "editAnyParticipantAttributes", "readChannelMetadata"),
    }
)
SERVICE_ADMIN = "service admin"

# Name, type, permissions. The second, third and fourth are what users, creators and other
# participants get.
FIRST_ROLES: tuple[tuple[str, RoleType, frozenset[str]], ...] = (
    (SERVICE_ADMIN, RoleType.SERVICE, SERVICE_PERMISSIONS | FURTHER_PERMISSIONS),
    (
        "service user",
        RoleType.SERVICE,
        frozenset({"createConversation", "joinConversation", "editOwnUserInfo"}),
    ),
    (
        "channel admin",
        RoleType.CONVERSATION,
        CONVERSATION_PERMISSIONS | FURTHER_PERMISSIONS,
    ),
    (
        "channel user",
        RoleType.CONVERSATION,
        frozenset(
            {
                *("sendMessage", "sendMediaMessage", "leaveConversation", "editOwnMessage"),
                *("editOwnMessageAttributes", "deleteOwnMessage", "editOwnUserInfo"),
            }
        ),
    ),
)


def add_first_roles(service: Service) -> None:
    """
    What a new service has, and whom it gives them to.
    """
    admin, user, creator, participant = (add(service, *role) for role in FIRST_ROLES)
    service.admin_role_sid = admin.sid
    service.user_role_sid = user.sid
    service.creator_role_sid = creator.sid
    service.participant_role_sid = participant.sid


def add(
    service: Service, friendly_name: str, role_type: RoleType, permissions: Iterable[str]
) -> Role:
    """
    Make a role.
    """
    role = Role(
        sid=service.ids.sid("RL"),
        friendly_name=friendly_name,
        type=role_type,
        permissions=_checked(role_type, permissions),
    )
    service.roles[role.sid] = role
    return role


def update(role: Role, permissions: Iterable[str]) -> None:
    """
    Replace all permissions of a role. Whoever has it has the new ones from now on.
    """
    role.permissions = _checked(role.type, permissions)


def find(service: Service, sid_or_name: str, role_type: RoleType | None = None) -> Role:
    """
    The role of that SID or name, of that type if one is named.
    """
    for role in service.roles.values():
        if sid_or_name in {role.sid, role.friendly_name} and role_type in {None, role.type}:
            return role
    raise refusal(50100)


def require(
    service: Service, caller: Caller, conversation: Conversation | None, *permissions: str
) -> None:
    """
    Refuse whoever has none of *permissions*, by role in the conversation or in the service.
    """
    if caller.is_server or not service.settings.enforces_roles:
        return
    if not permissions_of(service, caller, conversation) & set(permissions):
        raise refusal(50107)


def is_admin(service: Service, identity: str) -> bool:
    """
    Whether the user may read and join every conversation.
    """
    user = service.users.get(identity)
    return (
        service.settings.enforces_roles
        and user is not None
        and user.role_sid == service.admin_role_sid
    )


def permissions_of(
    service: Service, caller: Caller, conversation: Conversation | None
) -> frozenset[str]:
    """
    What the roles of a user allow. A creator has the creator's role also without having joined.
    """
    sids = []
    user = service.users.get(caller.identity)
    if user is not None:
        sids.append(user.role_sid)
    if conversation is not None:
        participant = conversation.by_identity.get(caller.identity)
        if participant is not None:
            sids.append(participant.role_sid)
        elif caller.identity == conversation.created_by:
            sids.append(service.creator_role_sid)
    roles = [service.roles[sid] for sid in sids if sid in service.roles]
    return frozenset[str]().union(*(role.permissions for role in roles))


def _checked(role_type: RoleType, permissions: Iterable[str]) -> frozenset[str]:
    of_type = SERVICE_PERMISSIONS if role_type is RoleType.SERVICE else CONVERSATION_PERMISSIONS
    checked = frozenset(permissions)
    if not checked <= of_type | FURTHER_PERMISSIONS:
        raise refusal(50104)
    return checked
