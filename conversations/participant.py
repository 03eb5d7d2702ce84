"""
A participant of a conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import ParticipantRecord, UserRecord
from conversations._core.conversations.service import ConversationsService
from conversations._objects import Objects
from conversations._plain import plain_dict
from conversations.attributes import Attributes, AttributesLike, JSONValue
from conversations.enums import ChannelType, ParticipantUpdateReason
from conversations.errors import ConversationsError
from conversations.user import User

if TYPE_CHECKING:
    from conversations.conversation import Conversation


class Participant:
    """
    Somebody in a conversation: a user of the service, or a phone number or address.

    Reading never blocks and shows the last known values.

    Threading: any thread.
    """

    UpdateReason = ParticipantUpdateReason

    __slots__ = ("__weakref__", "_objects", "_record")

    def __init__(self, objects: Objects, record: ParticipantRecord) -> None:
        self._objects = objects
        self._record = record

    @property
    def sid(self) -> str:
        """
        ``MB…``.
        """
        return self._record.snapshot.sid

    @property
    def identity(self) -> str | None:
        """
        The user's identity; ``None`` for whoever takes part over another channel.
        """
        return self._record.snapshot.identity

    @property
    def conversation(self) -> Conversation:
        """
        The conversation.
        """
        return self._objects.conversation(self._record.conversation)

    @property
    def attributes(self) -> Attributes:
        """
        Free data; ``{}`` if nobody has set any.
        """
        return self._record.snapshot.attributes

    @property
    def date_created(self) -> datetime | None:
        """
        When the participant was added, in UTC.
        """
        return self._record.snapshot.date_created

    @property
    def date_updated(self) -> datetime | None:
        """
        When the participant last changed, in UTC.
        """
        return self._record.snapshot.date_updated

    @property
    def last_read_message_index(self) -> int | None:
        """
        The read horizon; ``None`` until it is set.
        """
        return self._record.snapshot.last_read_message_index

    @property
    def last_read_timestamp(self) -> datetime | None:
        """
        When the horizon was last moved, in UTC.
        """
        return self._record.snapshot.last_read_timestamp

    @property
    def channel(self) -> str:
        """
        The server's word for how the participant takes part, such as ``chat`` or ``sms``.
        """
        return self._record.snapshot.channel

    @property
    def channel_type(self) -> ChannelType:
        """
        The same as an enum; ``OTHER`` for a word that this version does not know.
        """
        return ChannelType.from_wire(self.channel)

    @property
    def role_sid(self) -> str | None:
        """
        ``RL…``.
        """
        return self._record.snapshot.role_sid

    @property
    def bindings(self) -> Mapping[str, JSONValue]:
        """
        Addresses by channel; empty for ``chat``.
        """
        return dict(self._record.snapshot.bindings)

    @property
    def is_typing(self) -> bool:
        """
        Whether the participant is typing now; never true of the user.
        """
        return self._record in self._record.conversation.typing

    def get_and_subscribe_user(self, *, timeout: float | None = None) -> User:
        """
        The user behind the participant, kept up to date from now on.

        As :meth:`ConversationsClient.get_and_subscribe_user`.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            ConversationsError: The participant is no user (:attr:`channel` is not ``chat``),
                or whatever went wrong.

        Wire: docs/protocol/conversations.md, Users.
        """
        snapshot = self._record.snapshot
        identity = snapshot.identity
        if identity is None or snapshot.channel != "chat":
            message = f"{snapshot.sid} takes part over {snapshot.channel} and is no user"
            raise ConversationsError(message)

        async def run(service: ConversationsService, call: Call) -> UserRecord:
            return await service.user_commands.subscribe(call, identity, snapshot.user_map)

        return self._objects.user(
            self._objects.call(f"get_and_subscribe_user of {snapshot.sid}", timeout, run)
        )

    def set_attributes(self, attributes: AttributesLike, *, timeout: float | None = None) -> None:
        """
        Replace all attributes; ``on_participant_updated`` follows.

        Args:
            attributes: Any JSON value.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Participants.
        """
        value = Attributes.of(attributes)
        conversation_sid, sid = self._record.conversation.sid, self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.set_participant_attributes(
                call, conversation_sid, sid, value
            )

        self._objects.call(f"set_attributes of {sid}", timeout, run)

    def remove(self, *, timeout: float | None = None) -> None:
        """
        Take the participant out; ``on_participant_deleted`` follows.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            ForbiddenError: The user may not do this.
            NotFoundError: The participant is out already.
            ConversationsError: Anything else that went wrong.
        """
        conversation_sid, sid = self._record.conversation.sid, self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.remove_participant(call, conversation_sid, sid)

        self._objects.call(f"remove {sid}", timeout, run)

    def to_dict(self) -> dict[str, JSONValue]:
        """
        Its data as of now, ready for JSON: by the names of the properties, dates as ISO 8601,
        enums as their values, attributes as plain JSON. Other live objects are left out.
        """
        return plain_dict(self)

    def __repr__(self) -> str:
        return f"<Participant {self.sid} {self.identity or self.channel}>"
