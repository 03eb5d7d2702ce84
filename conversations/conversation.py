"""
A conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from conversations import _arguments as arguments
from conversations import enums
from conversations._conversation_cache import ConversationCache
from conversations._conversation_messages import ConversationMessages
from conversations._conversation_participants import ConversationParticipants
from conversations._conversation_reading import ConversationReading
from conversations._conversation_sending import ConversationSending
from conversations._conversation_typing import ConversationTyping
from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations._plain import plain_dict
from conversations.attributes import Attributes, AttributesLike, JSONValue
from conversations.errors import InvalidArgumentError
from conversations.listeners import ConversationListener

if TYPE_CHECKING:
    from conversations.client import ConversationsClient


class Conversation(
    ConversationSending,
    ConversationMessages,
    ConversationCache,
    ConversationParticipants,
    ConversationReading,
    ConversationTyping,
):
    """
    A conversation. While it is known, there is one object for it.

    Reading never blocks and shows the last known values. Setters are commands: they return
    when the server has accepted the change; the property shows it once
    ``on_conversation_updated`` fires.

    Threading: any thread. Every method that talks to the server blocks, works inside
    listeners, and takes ``timeout`` in seconds, by default the client's ``command_timeout``.
    """

    ConversationState = enums.ConversationState
    ConversationStatus = enums.ConversationStatus
    NotificationLevel = enums.NotificationLevel
    SynchronizationStatus = enums.ConversationSynchronizationStatus
    UpdateReason = enums.ConversationUpdateReason

    __slots__ = ()

    # Properties

    @property
    def client(self) -> ConversationsClient | None:
        """
        The client; ``None`` when it is gone.
        """
        return self._objects.client

    @property
    def friendly_name(self) -> str | None:
        """
        The name to show.
        """
        return self._record.snapshot.friendly_name

    @property
    def unique_name(self) -> str | None:
        """
        A name that no other conversation of the service has.
        """
        return self._record.snapshot.unique_name

    @property
    def attributes(self) -> Attributes:
        """
        Free data; ``{}`` if nobody has set any.
        """
        return self._record.snapshot.attributes

    @property
    def created_by(self) -> str | None:
        """
        The identity that made it; ``system`` for the REST API.
        """
        return self._record.snapshot.created_by

    @property
    def date_created(self) -> datetime | None:
        """
        When it was made, in UTC.
        """
        return self._record.snapshot.date_created

    @property
    def date_updated(self) -> datetime | None:
        """
        When its own properties last changed, in UTC. New messages do not count.
        """
        return self._record.snapshot.date_updated

    @property
    def last_message_date(self) -> datetime | None:
        """
        When the newest message was sent, in UTC.
        """
        return self._record.snapshot.last_message_date

    @property
    def last_message_index(self) -> int | None:
        """
        The index of the newest message.
        """
        return self._record.snapshot.last_message_index

    @property
    def last_read_message_index(self) -> int | None:
        """
        The user's own read horizon; ``None`` until it is set.
        """
        return self._record.snapshot.last_read_message_index

    @property
    def notification_level(self) -> enums.NotificationLevel:
        """
        Whether push is sent to the user for this conversation.
        """
        return self._record.snapshot.notification_level

    @property
    def status(self) -> enums.ConversationStatus:
        """
        Whether the user is a participant.
        """
        return self._record.snapshot.status

    @property
    def state(self) -> enums.ConversationState:
        """
        Where it stands in its life.
        """
        return self._record.snapshot.state

    @property
    def state_date_updated(self) -> datetime | None:
        """
        When :attr:`state` last changed, in UTC.
        """
        return self._record.snapshot.state_date_updated

    @property
    def synchronization_status(self) -> enums.ConversationSynchronizationStatus:
        """
        How much of it is loaded.
        """
        return self._record.snapshot.synchronization_status

    @property
    def bindings(self) -> Mapping[str, JSONValue]:
        """
        How other channels (``email``, ``sms``) reach it.
        """
        return dict(self._record.snapshot.bindings)

    # Changing it

    def set_friendly_name(self, name: str | None, *, timeout: float | None = None) -> None:
        """
        Set the name to show; no request if it is that already.

        Args:
            name: Up to 256 characters; ``None`` clears it.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *name* is empty or no string.
            BadRequestError: It is too long.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Conversations.
        """
        value = arguments.optional_text(name, "name")
        self._objects.checked(timeout)
        if value != self.friendly_name:
            self._change("set_friendly_name of", timeout, {"friendly_name": value or ""})

    def set_unique_name(self, name: str | None, *, timeout: float | None = None) -> None:
        """
        Set the unique name; no request if it is that already.

        Args:
            name: Up to 256 characters; ``None`` clears it.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *name* is empty or no string.
            ConflictError: Another conversation has it.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        value = arguments.optional_text(name, "name")
        self._objects.checked(timeout)
        if value != self.unique_name:
            self._change("set_unique_name of", timeout, {"unique_name": value or ""})

    def set_attributes(self, attributes: AttributesLike, *, timeout: float | None = None) -> None:
        """
        Replace all attributes.

        Args:
            attributes: Any JSON value, up to 16 KiB as text.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
            BadRequestError: It is too long (50303).
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        wire = Attributes.of(attributes).to_wire()
        self._change("set_attributes of", timeout, {"attributes": wire})

    def join(self, *, timeout: float | None = None) -> None:
        """
        Become a participant; ``on_conversation_joined`` follows. No request if joined.

        Args:
            timeout: Seconds.

        Raises:
            ConflictError: Only the server knows that the user is in it already.
            ForbiddenError: The user may not join.
            ConversationsError: Anything else that went wrong.
        """
        self._objects.checked(timeout)
        if self.status is enums.ConversationStatus.JOINED:
            return
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.join(call, sid)

        self._call("join", timeout, run)

    def leave(self, *, timeout: float | None = None) -> None:
        """
        Stop being a participant; ``on_conversation_left`` follows. No request if not joined.

        Args:
            timeout: Seconds.

        Raises:
            ConversationsError: What went wrong.
        """
        self._objects.checked(timeout)
        if self.status is not enums.ConversationStatus.JOINED:
            return
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.leave(call, sid)

        self._call("leave", timeout, run)

    def destroy(self, *, timeout: float | None = None) -> None:
        """
        Delete it for everybody; ``on_conversation_deleted`` follows.

        Args:
            timeout: Seconds.

        Raises:
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.destroy(call, sid)

        self._call("destroy", timeout, run)

    # Listeners and waiting

    def add_listener(self, listener: ConversationListener, replay: bool = False) -> None:
        """
        Register a listener. It gets ``on_synchronization_changed`` once, then what follows.

        Args:
            listener: Held strongly until it is removed.
            replay: Whether it also gets ``on_participant_added`` for the known participants.

        Raises:
            InvalidArgumentError: It is registered already, is no
                :class:`ConversationListener`, or has an unknown ``on_…`` method.
            ClientShutdownError: The client is shut down.
        """
        self._objects.listeners.add_to_conversation(self._record, listener, replay=replay)

    def remove_listener(self, listener: ConversationListener) -> None:
        """
        Take a listener out: it gets nothing more, but a callback under way may finish.

        An unknown one is no error.
        """
        table = self._objects.listeners_or_none
        if table is not None:
            table.remove_from_conversation(self._record, listener)

    def remove_all_listeners(self) -> None:
        """
        Take all listeners of this conversation out.
        """
        table = self._objects.listeners_or_none
        if table is not None:
            table.remove_all_from_conversation(self._record)

    def wait_for_synchronization(
        self,
        status: enums.ConversationSynchronizationStatus = enums.ConversationSynchronizationStatus.ALL,
        *,
        timeout: float | None = None,
    ) -> None:
        """
        Wait until :attr:`synchronization_status` is at least *status*.

        In a conversation that the user is not in, ``METADATA`` is as far as it goes.

        Args:
            status: ``IDENTIFIER``, ``METADATA`` or ``ALL``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *status* is nothing that can be waited for.
            ReentrancyError: Called inside a callback.
            ConversationsError: The conversation could not be opened.
        """
        levels = enums.ConversationSynchronizationStatus
        if status not in (levels.IDENTIFIER, levels.METADATA, levels.ALL):
            message = "status must be IDENTIFIER, METADATA or ALL"
            raise InvalidArgumentError(message)
        self._objects.runtime.check_not_in_callback()
        record = self._record

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.wait_for(call, record, status)

        self._call("wait_for_synchronization of", timeout, run)

    def to_dict(self) -> dict[str, JSONValue]:
        """
        Its data as of now, ready for JSON: by the names of the properties, dates as ISO 8601,
        enums as their values, attributes as plain JSON. Other live objects are left out.
        """
        return plain_dict(self)

    def __repr__(self) -> str:
        name = f" {self.unique_name!r}" if self.unique_name else ""
        return f"<Conversation {self.sid}{name} {self.status.value}>"
