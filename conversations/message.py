"""
A message.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from conversations import _arguments as arguments
from conversations._core.conversations.calls import Call
from conversations._core.conversations.service import ConversationsService
from conversations._message_details import MessageDetails
from conversations._message_media import MessageMedia
from conversations._plain import plain_dict
from conversations.attributes import Attributes, AttributesLike, JSONValue
from conversations.enums import MessageUpdateReason

if TYPE_CHECKING:
    from conversations.conversation import Conversation
    from conversations.participant import Participant


class Message(MessageMedia, MessageDetails):
    """
    A message of a conversation. While it is known, there is one object for it.

    Reading never blocks and shows the last known values; setters are commands: they return
    when the server has accepted the change, and ``on_message_updated`` follows.

    Threading: any thread.
    """

    UpdateReason = MessageUpdateReason

    __slots__ = ()

    @property
    def message_index(self) -> int:
        """
        The place in the conversation, rising from 0, with gaps where messages were removed.
        """
        return self._record.snapshot.message_index

    @property
    def author(self) -> str | None:
        """
        An identity, a phone number or an address; free text if set through the REST API.
        """
        return self._record.snapshot.author

    @property
    def body(self) -> str | None:
        """
        The text.
        """
        return self._record.snapshot.body

    @property
    def subject(self) -> str | None:
        """
        The subject.
        """
        return self._record.snapshot.subject

    @property
    def attributes(self) -> Attributes:
        """
        Free data; ``{}`` if nobody has set any.
        """
        return self._record.snapshot.attributes

    @property
    def date_created(self) -> datetime | None:
        """
        When it was sent, in UTC.
        """
        return self._record.snapshot.date_created

    @property
    def date_updated(self) -> datetime | None:
        """
        When it was last changed, in UTC.
        """
        return self._record.snapshot.date_updated

    @property
    def last_updated_by(self) -> str | None:
        """
        The identity that last changed it.
        """
        return self._record.snapshot.last_updated_by

    @property
    def conversation(self) -> Conversation:
        """
        The conversation it belongs to.
        """
        return self._objects.conversation(self._record.conversation)

    @property
    def conversation_sid(self) -> str:
        """
        ``CH…``.
        """
        return self._record.conversation.sid

    @property
    def participant_sid(self) -> str | None:
        """
        ``MB…`` of the author; ``None`` for messages made through the REST API.
        """
        return self._record.snapshot.participant_sid

    @property
    def participant(self) -> Participant | None:
        """
        The author in the conversation's roster, by sid, else by identity.

        ``None`` if he has left, never was one, or the roster is not loaded. No traffic.
        """
        roster = self._record.conversation.participants
        found = roster.get(self.participant_sid or "")
        if found is None and self.author is not None:
            authors = (entry for entry in roster.values() if entry.snapshot.identity == self.author)
            found = next(authors, None)
        return None if found is None else self._objects.participant(found)

    @property
    def is_own(self) -> bool:
        """
        Whether the author is the user of this client.
        """
        client = self._objects.client
        return client is not None and self.author == client.my_identity

    def update_body(self, body: str, *, timeout: float | None = None) -> None:
        """
        Replace the text.

        Args:
            body: The new text; may be empty.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: *body* is no string.
            ForbiddenError: The user may not edit it.
            NotFoundError: It is removed.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Messages.
        """
        if arguments.body(body, "body") is None:
            body = arguments.text(body, "body")
        self._change("update_body of", timeout, {"body": body})

    def set_attributes(self, attributes: AttributesLike, *, timeout: float | None = None) -> None:
        """
        Replace all attributes.

        Args:
            attributes: Any JSON value.
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
            ForbiddenError: The user may not edit it.
            ConversationsError: Anything else that went wrong.
        """
        wire = Attributes.of(attributes).to_wire()
        self._change("set_attributes of", timeout, {"attributes": wire})

    def remove(self, *, timeout: float | None = None) -> None:
        """
        Remove it for everybody; ``on_message_deleted`` follows. Other indexes stay.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            ForbiddenError: The user may not remove it.
            NotFoundError: It is removed already.
            ConversationsError: Anything else that went wrong.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> None:
            await service.message_commands.remove(call, record)

        self._call("remove", timeout, run)

    def _change(self, name: str, timeout: float | None, change: dict[str, JSONValue]) -> None:
        record = self._record

        async def run(service: ConversationsService, call: Call) -> None:
            await service.message_commands.update(call, record, change)

        self._call(name, timeout, run)

    def to_dict(self) -> dict[str, JSONValue]:
        """
        Its data as of now, ready for JSON: by the names of the properties, dates as ISO 8601,
        enums as their values, attributes as plain JSON. Other live objects are left out.
        """
        return plain_dict(self)

    def __repr__(self) -> str:
        return f"<Message {self.sid} #{self.message_index} by {self.author}>"
