"""
A conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from conversations import _arguments as arguments
from conversations import enums
from conversations._core.conversations.calls import Call
from conversations._core.conversations.messages import MessagePage
from conversations._core.conversations.records import (
    ConversationRecord,
    MessageRecord,
    ParticipantRecord,
)
from conversations._core.conversations.service import ConversationsService
from conversations._core.sync.queries import Order
from conversations._objects import Objects
from conversations.attributes import Attributes, AttributesLike, JSONValue
from conversations.errors import InvalidArgumentError, NotReadyError
from conversations.listeners import ConversationListener
from conversations.message import Message
from conversations.paginator import Paginator
from conversations.participant import Participant

if TYPE_CHECKING:
    from conversations.client import ConversationsClient

T = TypeVar("T")

Direction = Literal["backwards", "forward"]


class Conversation:
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

    __slots__ = ("__weakref__", "_objects", "_record")

    def __init__(self, objects: Objects, record: ConversationRecord) -> None:
        self._objects = objects
        self._record = record

    # Properties

    @property
    def sid(self) -> str:
        """
        ``CH…``.
        """
        return self._record.sid

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
        How other channels reach it: ``email``, ``sms``.
        """
        return dict(self._record.snapshot.bindings)

    @property
    def participants_list(self) -> list[Participant]:
        """
        Everybody in it, as far as known; no traffic. :meth:`get_participants` waits instead.

        Raises:
            NotReadyError: The participants are not loaded: the status is not ``ALL``.
        """
        status = self.synchronization_status
        if status is not enums.ConversationSynchronizationStatus.ALL:
            message = (
                f"the participants of {self.sid} are not loaded (status {status.name}); "
                "call get_participants() or wait_for_synchronization() first"
            )
            raise NotReadyError(message)
        return [self._objects.participant(record) for record in self._record.participants.values()]

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

    # Participants

    def get_participants(self, *, timeout: float | None = None) -> list[Participant]:
        """
        Everybody in it; waits until the roster is loaded.

        Args:
            timeout: Seconds.

        Raises:
            ForbiddenError: The user is not in it, and the server says no.
            ConversationsError: Anything else that went wrong.
        """
        record = self._record

        async def run(service: ConversationsService, call: Call) -> list[ParticipantRecord]:
            return await service.conversation_commands.participants(call, record)

        records = self._call("get_participants of", timeout, run)
        return [self._objects.participant(participant) for participant in records]

    def get_participant_by_identity(
        self, identity: str, *, timeout: float | None = None
    ) -> Participant | None:
        """
        The participant of that identity, or ``None`` if there is none.

        Args:
            identity: Of a user.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
            ConversationsError: The roster could not be loaded.
        """
        wanted = arguments.text(identity, "identity")
        found = (one for one in self.get_participants(timeout=timeout) if one.identity == wanted)
        return next(found, None)

    def get_participant_by_sid(
        self, sid: str, *, timeout: float | None = None
    ) -> Participant | None:
        """
        The participant of that sid, or ``None`` if there is none.

        Args:
            sid: ``MB…``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *sid* is empty or no string.
            ConversationsError: The roster could not be loaded.
        """
        wanted = arguments.text(sid, "sid")
        found = (one for one in self.get_participants(timeout=timeout) if one.sid == wanted)
        return next(found, None)

    def add_participant_by_identity(
        self,
        identity: str,
        attributes: AttributesLike | None = None,
        *,
        timeout: float | None = None,
    ) -> Participant:
        """
        Add a user. ``on_participant_added`` fires once, with the same object.

        Args:
            identity: Of the user; unknown to the service, it becomes one.
            attributes: Any JSON value; by default ``{}``.
            timeout: Seconds.

        Returns:
            The participant as the server answered.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
            ConflictError: The user is in it already (50433).
            ForbiddenError: The user may not do this, or it is full.
            ConversationsError: Anything else that went wrong.
        """
        name, value = arguments.text(identity, "identity"), arguments.attributes(attributes)
        record = self._record

        async def run(service: ConversationsService, call: Call) -> ParticipantRecord:
            return await service.conversation_commands.add_participant(call, record, name, value)

        return self._objects.participant(self._call("add_participant to", timeout, run))

    def remove_participant(
        self, participant: Participant | str, *, timeout: float | None = None
    ) -> None:
        """
        Take somebody out; ``on_participant_deleted`` follows.

        Args:
            participant: The participant, or its sid (``MB…``).
            timeout: Seconds.

        Raises:
            InvalidArgumentError: It is neither, or of another conversation.
            NotFoundError: There is no such participant.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        if isinstance(participant, Participant):
            if participant.conversation is not self:
                message = "participant belongs to another conversation"
                raise InvalidArgumentError(message)
            self._remove(participant.sid, timeout)
        else:
            self._remove(arguments.text(participant, "participant"), timeout)

    def remove_participant_by_identity(
        self, identity: str, *, timeout: float | None = None
    ) -> None:
        """
        Take a user out; ``on_participant_deleted`` follows.

        Args:
            identity: Of the user.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
            NotFoundError: There is no such participant.
            ForbiddenError: The user may not do this.
            ConversationsError: Anything else that went wrong.
        """
        self._remove(arguments.text(identity, "identity"), timeout)

    def _remove(self, sid_or_identity: str, timeout: float | None) -> None:
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.remove_participant(call, sid, sid_or_identity)

        self._call("remove_participant of", timeout, run)

    # Messages

    def send_message(
        self,
        body: str | None = None,
        *,
        attributes: AttributesLike | None = None,
        subject: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """
        Send a message and wait until the server has it.

        Args:
            body: The text, up to 32 KiB; may be empty.
            attributes: Any JSON value, up to 4 KiB as text; by default ``{}``.
            subject: Up to 256 characters.
            timeout: Seconds.

        Returns:
            The message; ``on_message_added`` announces the same object, before or after.

        Raises:
            InvalidArgumentError: There is nothing to send, or a wrong type.
            ForbiddenError: The user is not in the conversation (50430).
            ConnectionLostError: The connection broke before the answer: it is open whether
                the message was sent. Sending is never repeated by itself.
            RequestTimeoutError: No answer in time; ``may_have_been_sent`` tells the same.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Messages.
        """
        text = arguments.body(body, "body")
        title = arguments.optional_text(subject, "subject")
        value = arguments.attributes(attributes)
        if text is None and title is None and attributes is None:
            message = "there is nothing to send; give body, subject or attributes"
            raise InvalidArgumentError(message)
        record = self._record

        async def run(service: ConversationsService, call: Call) -> MessageRecord:
            return await service.message_commands.send(
                call, record, body=text, attributes=value, subject=title
            )

        return self._objects.message(self._call("send_message to", timeout, run))

    def get_last_messages(self, count: int = 30, *, timeout: float | None = None) -> list[Message]:
        """
        The newest messages, by rising index.

        Args:
            count: How many at most; more than 100 take several requests.
            timeout: Seconds, for all of them.

        Raises:
            InvalidArgumentError: *count* is less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        number = arguments.count(count, "count")
        return self._read("get_last_messages of", timeout, None, number, "desc")

    def get_messages_before(
        self,
        index: int,
        count: int = 30,
        *,
        inclusive: bool = True,
        timeout: float | None = None,
    ) -> list[Message]:
        """
        The messages that end with *index*, by rising index.

        Args:
            index: Where to end; need not exist.
            count: How many at most.
            inclusive: Whether the message of *index* itself counts.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative, or *count* less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        start, number = arguments.index(index), arguments.count(count, "count")
        return self._read(
            "get_messages_before of",
            timeout,
            start,
            number,
            "desc",
            inclusive=arguments.flag(inclusive, "inclusive"),
        )

    def get_messages_after(
        self,
        index: int,
        count: int = 30,
        *,
        inclusive: bool = True,
        timeout: float | None = None,
    ) -> list[Message]:
        """
        The messages that begin with *index*, by rising index.

        Args:
            index: Where to begin; need not exist.
            count: How many at most.
            inclusive: Whether the message of *index* itself counts.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative, or *count* less than 1.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        start, number = arguments.index(index), arguments.count(count, "count")
        return self._read(
            "get_messages_after of",
            timeout,
            start,
            number,
            "asc",
            inclusive=arguments.flag(inclusive, "inclusive"),
        )

    def get_messages(
        self,
        page_size: int = 30,
        anchor: int | None = None,
        direction: Direction = "backwards",
        *,
        timeout: float | None = None,
    ) -> Paginator[Message]:
        """
        The first page of messages. Items always rise by index.

        Args:
            page_size: 1 to 100.
            anchor: Index to begin with, included; ``None``: the newest message backwards,
                the first one forward.
            direction: ``"backwards"``: older pages follow by ``prev_page``; ``"forward"``:
                newer ones by ``next_page``.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: A value is out of range.
            ForbiddenError: The user is not in the conversation.
            ConversationsError: Anything else that went wrong.
        """
        size = arguments.page_size(page_size)
        start = None if anchor is None else arguments.index(anchor, "anchor")
        arguments.choice(direction, "direction", ("backwards", "forward"))
        order: Order = "desc" if direction == "backwards" else "asc"
        page = self._page("get_messages of", timeout, start, size, order)
        return self._paginator(page, size, order)

    def iter_messages(
        self,
        direction: Direction = "backwards",
        start: int | None = None,
        page_size: int = 30,
    ) -> Iterator[Message]:
        """
        All messages, one page read ahead at most.

        Args:
            direction: ``"backwards"``: newest first; ``"forward"``: oldest first.
            start: Index to begin with, included; ``None``: at the end of the direction.
            page_size: 1 to 100.

        Raises:
            InvalidArgumentError: A value is out of range; at once, not with the first item.
            ConversationsError: While iterating: a page could not be read.
        """
        size = arguments.page_size(page_size)
        anchor = None if start is None else arguments.index(start, "start")
        arguments.choice(direction, "direction", ("backwards", "forward"))

        def messages() -> Iterator[Message]:
            yield from self.get_messages(size, anchor, direction)

        return messages()

    def get_message_by_index(self, index: int, *, timeout: float | None = None) -> Message:
        """
        The message with exactly that index. No traffic if it is cached.

        Args:
            index: From 0 on.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *index* is negative.
            NotFoundError: There is none (code ``CANNOT_GET_MESSAGE_BY_INDEX``).
            ConversationsError: Anything else that went wrong.
        """
        wanted, record = arguments.index(index), self._record

        async def run(service: ConversationsService, call: Call) -> MessageRecord:
            return await service.message_commands.by_index(call, record, wanted)

        return self._objects.message(self._call("get_message_by_index of", timeout, run))

    def remove_message(self, message: Message, *, timeout: float | None = None) -> None:
        """
        Remove a message for everybody; ``on_message_deleted`` follows.

        Args:
            message: Of this conversation.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: It is no message of this conversation.
            ForbiddenError: The user may not remove it.
            ConversationsError: Anything else that went wrong.
        """
        if not isinstance(message, Message) or message.conversation is not self:
            wrong = "message must be a message of this conversation"
            raise InvalidArgumentError(wrong)
        message.remove(timeout=timeout)

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

    # Inside

    def _call(
        self,
        name: str,
        timeout: float | None,
        operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, T]],
    ) -> T:
        return self._objects.call(f"{name} {self.sid}", timeout, operation)

    def _change(self, name: str, timeout: float | None, change: dict[str, JSONValue]) -> None:
        sid = self.sid

        async def run(service: ConversationsService, call: Call) -> None:
            await service.conversation_commands.update(call, sid, change)

        self._call(name, timeout, run)

    def _page(
        self,
        name: str,
        timeout: float | None,
        start: int | None,
        count: int,
        order: Order,
        *,
        inclusive: bool = True,
    ) -> MessagePage:
        record = self._record

        async def run(service: ConversationsService, call: Call) -> MessagePage:
            return await service.message_commands.page(
                call, record, start=start, count=count, order=order, inclusive=inclusive
            )

        return self._call(name, timeout, run)

    def _read(
        self,
        name: str,
        timeout: float | None,
        start: int | None,
        count: int,
        order: Order,
        *,
        inclusive: bool = True,
    ) -> list[Message]:
        page = self._page(name, timeout, start, count, order, inclusive=inclusive)
        return [self._objects.message(record) for record in page.messages]

    def _paginator(self, page: MessagePage, size: int, order: Order) -> Paginator[Message]:
        messages = [self._objects.message(record) for record in page.messages]

        def newer(timeout: float | None) -> Paginator[Message]:
            last = messages[-1].message_index
            following = self._page("next_page of", timeout, last, size, "asc", inclusive=False)
            return self._paginator(following, size, order)

        def older(timeout: float | None) -> Paginator[Message]:
            first = messages[0].message_index
            preceding = self._page("prev_page of", timeout, first, size, "desc", inclusive=False)
            return self._paginator(preceding, size, order)

        return Paginator(
            messages,
            next_page=newer if page.has_newer and messages else None,
            prev_page=older if page.has_older and messages else None,
            is_backwards=order == "desc",
        )

    def __repr__(self) -> str:
        name = f" {self.unique_name!r}" if self.unique_name else ""
        return f"<Conversation {self.sid}{name} {self.status.value}>"
