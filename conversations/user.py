"""
A user of the service.
"""

from __future__ import annotations

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import UserRecord
from conversations._core.conversations.service import ConversationsService
from conversations._objects import Objects
from conversations._plain import plain_dict
from conversations.attributes import Attributes, AttributesLike, JSONValue
from conversations.enums import UserUpdateReason


class User:
    """
    A user of the service, followed as long as it is subscribed.

    Reading never blocks and shows the last known values; setters are commands: they return
    when the server has accepted the change, and ``on_user_updated`` follows.

    Threading: any thread.
    """

    UpdateReason = UserUpdateReason

    __slots__ = ("__weakref__", "_objects", "_record")

    def __init__(self, objects: Objects, record: UserRecord) -> None:
        self._objects = objects
        self._record = record

    @property
    def identity(self) -> str:
        """
        The name that its tokens carry.
        """
        return self._record.snapshot.identity

    @property
    def friendly_name(self) -> str | None:
        """
        The name to show.
        """
        return self._record.snapshot.friendly_name

    @property
    def attributes(self) -> Attributes:
        """
        Free data; ``{}`` if nobody has set any.
        """
        return self._record.snapshot.attributes

    @property
    def is_online(self) -> bool | None:
        """
        Whether the user is connected; ``None`` while reachability is off for the service.
        """
        return self._record.snapshot.is_online

    @property
    def is_notifiable(self) -> bool | None:
        """
        Whether push reaches the user; ``None`` while reachability is off for the service.
        """
        return self._record.snapshot.is_notifiable

    @property
    def is_subscribed(self) -> bool:
        """
        Whether changes arrive; if not, the values are the last known.
        """
        return self._record.snapshot.is_subscribed

    def set_friendly_name(self, name: str | None, *, timeout: float | None = None) -> None:
        """
        Set the name to show.

        Args:
            name: Up to 256 characters; ``None`` clears it.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: *name* is empty or no string.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Users.
        """
        value = arguments.optional_text(name, "name") or ""
        self._change("set_friendly_name of", timeout, {"friendly_name": value})

    def set_attributes(self, attributes: AttributesLike, *, timeout: float | None = None) -> None:
        """
        Replace all attributes.

        Args:
            attributes: Any JSON value.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        wire = Attributes.of(attributes).to_wire()
        self._change("set_attributes of", timeout, {"attributes": wire})

    def unsubscribe(self, *, timeout: float | None = None) -> None:
        """
        Keep the user up to date no more; ``on_user_unsubscribed`` fires. The values stay.

        Does nothing if it is not subscribed. The own user is subscribed again at once: this
        returns when it is.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            ConversationsError: The own user could not be subscribed again.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> None:
            await service.user_commands.unsubscribe(call, record)

        self._objects.call(f"unsubscribe user {self.identity}", timeout, run)

    def _change(self, name: str, timeout: float | None, change: dict[str, JSONValue]) -> None:
        identity = self.identity

        async def run(service: ConversationsService, call: Call) -> None:
            await service.user_commands.update(call, identity, change)

        self._objects.call(f"{name} user {identity}", timeout, run)

    def to_dict(self) -> dict[str, JSONValue]:
        """
        Its data as of now, ready for JSON: by the names of the properties, dates as ISO 8601,
        enums as their values, attributes as plain JSON. Other live objects are left out.
        """
        return plain_dict(self)

    def __repr__(self) -> str:
        return f"<User {self.identity}>"
