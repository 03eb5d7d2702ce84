"""
Users: they come into being by connecting, or by being added to a conversation.
"""

from __future__ import annotations

from ..ids import is_sid
from ..refusals import refusal
from ..sync.objects import SyncMap
from . import roles
from .fields import Unset, UserFields
from .items import USER_ITEMS, user_item
from .records import Caller, User
from .service import Service


def ensure(service: Service, identity: str, *, role_sid: str | None = None) -> User:
    """
    The user of that identity, made if there is none yet.

    Args:
        service: Where.
        identity: Whom.
        role_sid: Role that the token names for a user that it creates.
    """
    known = service.users.get(identity)
    if known is not None:
        return known
    sid, now = service.ids.sid("US"), service.now()
    user = User(
        sid=sid,
        identity=identity,
        role_sid=role_sid or service.user_role_sid,
        friendly_name=identity,
        date_created=now,
        date_updated=now,
        info=service.store.create(
            SyncMap, f"{sid}.info", created_by="system", may_read=lambda _identity: True
        ),
        channels=service.store.create(
            SyncMap,
            f"{identity}.channels",
            created_by="system",
            may_read=lambda reader: reader == identity,
        ),
    )
    for key in USER_ITEMS:
        user.info.set_item(key, user_item(user, key))
    service.users[identity] = user
    return user


def find(service: Service, identity_or_sid: str) -> User:
    """
    The user of that identity or SID.
    """
    found = service.users.get(identity_or_sid)
    if found is None and is_sid(identity_or_sid, "US"):
        found = next((user for user in service.users.values() if user.sid == identity_or_sid), None)
    if found is None:
        raise refusal(50200)
    return found


def update(service: Service, caller: Caller, user: User, fields: UserFields) -> None:
    """
    Change what others see of a user. Users change nobody but themselves, unless roles count and
    one of theirs allows it.
    """
    is_own = caller.identity == user.identity
    if not (caller.is_server or is_own or service.settings.enforces_roles):
        raise refusal(50107)
    permissions = ("editOwnUserInfo", "editAnyUserInfo") if is_own else ("editAnyUserInfo",)
    roles.require(service, caller, None, *permissions)
    fields.check(service.limits)
    user.date_updated = service.now()
    if not isinstance(fields.friendly_name, Unset):
        user.friendly_name = fields.friendly_name
        user.info.set_item("friendlyName", user_item(user, "friendlyName"))
    if not isinstance(fields.attributes, Unset):
        user.attributes = fields.attributes
        user.info.set_item("attributes", user_item(user, "attributes"))


def set_notifiable(service: Service, user: User, *, is_notifiable: bool) -> None:
    """
    Show whether a device of the user takes push notifications, if the service does that.
    """
    if service.settings.reachability_enabled and user.is_notifiable != is_notifiable:
        user.is_notifiable = is_notifiable
        user.info.set_item("reachability", user_item(user, "reachability"))


def set_online(service: Service, user: User, *, is_online: bool) -> None:
    """
    Show the user online or offline, if the service does that at all.
    """
    if service.settings.reachability_enabled and user.is_online != is_online:
        user.is_online = is_online
        user.info.set_item("reachability", user_item(user, "reachability"))
