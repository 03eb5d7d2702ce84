"""
The participants of a conversation, as a part of its class.
"""

from __future__ import annotations

from typing import Literal

from conversations import _arguments as arguments
from conversations import enums
from conversations._conversation_base import ConversationBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import ParticipantRecord
from conversations._core.conversations.service import ConversationsService
from conversations.attributes import AttributesLike, JSONValue
from conversations.errors import InvalidArgumentError, NotReadyError
from conversations.participant import Participant

EmailLevel = Literal["to", "cc"]


class ConversationParticipants(ConversationBase):
    """
    Who is in it: listing, adding, removing.
    """

    __slots__ = ()

    @property
    def participants_list(self) -> list[Participant]:
        """
        Everybody in it, as far as known; no traffic. :meth:`get_participants` waits instead.

        Raises:
            NotReadyError: The participants are not loaded: the status is not ``ALL``.
        """
        status = self._record.snapshot.synchronization_status
        if status is not enums.ConversationSynchronizationStatus.ALL:
            message = (
                f"the participants of {self.sid} are not loaded (status {status.name}); "
                "call get_participants() or wait_for_synchronization() first"
            )
            raise NotReadyError(message)
        return [self._objects.participant(record) for record in self._record.participants.values()]

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

    def add_participant_by_address(
        self,
        address: str,
        proxy_address: str,
        attributes: AttributesLike | None = None,
        *,
        email_name: str | None = None,
        email_level: EmailLevel | None = None,
        timeout: float | None = None,
    ) -> Participant:
        """
        Add somebody who is reached over SMS, WhatsApp, e-mail or another channel.

        ``on_participant_added`` fires once, with the same object.

        Args:
            address: Where the participant is: ``+15550001``, ``whatsapp:+15550001``,
                ``bo@example.com``.
            proxy_address: The service's own address, from which the participant is written
                to.
            attributes: Any JSON value; by default ``{}``.
            email_name: The participant's name in e-mails.
            email_level: Whether e-mails go ``"to"`` the participant or as a copy (``"cc"``).
            timeout: Seconds.

        Returns:
            The participant as the server answered. Its ``identity`` is ``None``.

        Raises:
            InvalidArgumentError: An empty string or a wrong type.
            BadRequestError: The service does not take an address (50407, 50408).
            ConflictError: The two addresses are in use in another conversation (50416).
            ForbiddenError: The user may not do this, or it is full (50422).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Participants.
        """
        binding: dict[str, JSONValue] = {
            "address": arguments.text(address, "address"),
            "proxy_address": arguments.text(proxy_address, "proxy_address"),
        }
        if email_name is not None:
            binding["name"] = arguments.text(email_name, "email_name")
        if email_level is not None:
            binding["level"] = arguments.choice(email_level, "email_level", ("to", "cc"))
        value, record = arguments.attributes(attributes), self._record

        async def run(service: ConversationsService, call: Call) -> ParticipantRecord:
            return await service.conversation_commands.add_address(call, record, binding, value)

        return self._objects.participant(self._call("add_participant to", timeout, run))

    def ensure_participant(self, identity: str, *, timeout: float | None = None) -> Participant:
        """
        The participant of that identity; added now if there is none.

        Args:
            identity: Of a user.
            timeout: Seconds for all of it.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
            ConflictError: There is one, but the user, not being in the conversation, may not
                see it.
            ForbiddenError: The user may not do this, or it is full.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Participants.
        """
        name, record = arguments.text(identity, "identity"), self._record

        async def run(service: ConversationsService, call: Call) -> ParticipantRecord:
            return await service.conversation_commands.ensure_participant(call, record, name)

        return self._objects.participant(self._call("ensure_participant of", timeout, run))

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
            if not self._is_same(participant.conversation):
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
