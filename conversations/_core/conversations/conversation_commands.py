"""
What a user can ask of the client's conversations and of one of them.

One coroutine for each call, run by :class:`~.calls.Calls`. The public methods check their
arguments and wait; requests and answers are here.
"""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import quote

import attrs

from conversations._core.upstream import JSONValue
from conversations.attributes import Attributes
from conversations.enums import ConversationStatus, ConversationSynchronizationStatus
from conversations.errors import (
    ConflictError,
    ConversationsError,
    ErrorInfo,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
)

from . import decoding
from .calls import Call
from .context import Context, PassOver
from .conversation import ConversationModel
from .conversation_list import ConversationList
from .exchange import missing
from .records import ConversationRecord, ParticipantRecord
from .requests import Requests

Level: TypeAlias = ConversationSynchronizationStatus

_CONVERSATION_SID = re.compile(r"CH[0-9a-f]{32}")


class ConversationCommands:
    """
    Looking up, creating, changing, deleting; joining, leaving, adding and removing.
    """

    def __init__(self, context: Context, conversations: ConversationList) -> None:
        self._context = context
        self._conversations = conversations
        self._requests = Requests(context.exchange)
        self._links = context.configuration.links

    async def get(self, call: Call, sid_or_unique_name: str) -> ConversationRecord:
        """
        By sid or unique name: what is known, else what the service knows.
        """
        is_sid = _CONVERSATION_SID.fullmatch(sid_or_unique_name) is not None
        if is_sid:
            model = self._conversations.get(sid_or_unique_name)
        else:
            model = self._conversations.with_unique_name(sid_or_unique_name)
        try:
            if model is None:
                model = await self._look_up(call, sid_or_unique_name, is_sid=is_sid)
            await self.synchronized(call, model, Level.METADATA)
        except (NotFoundError, ForbiddenError) as error:
            raise _conversation_not_found(error) from error
        return _present(model)

    async def _look_up(
        self, call: Call, sid_or_unique_name: str, *, is_sid: bool
    ) -> ConversationModel:
        url = self._links.my_conversation(sid_or_unique_name)
        try:
            answer = await self._requests.get(call, url, about=sid_or_unique_name)
        except (NotFoundError, ForbiddenError):
            if not is_sid:
                raise
            return await self._peek(call, sid_or_unique_name)
        entry = decoding.mapping(answer.body)
        sid = decoding.text(entry.get("conversation_sid"))
        if sid is None:
            raise missing("conversation sid")
        return self._conversations.entry_answered(sid, entry)

    async def _peek(self, call: Call, sid: str) -> ConversationModel:
        answer = await self._requests.get(call, self._links.conversation(sid), about=sid)
        return self._conversations.conversation_answered(sid, decoding.mapping(answer.body))

    async def peek(self, call: Call, sid: str) -> ConversationRecord:
        """
        By sid, also where the user is not in. It does not enter the user's list by that.
        """
        model = self._conversations.get(sid)
        if model is None:
            answer = await self._requests.get(call, self._links.conversation(sid), about=sid)
            resource = decoding.mapping(answer.body)
            status = ConversationStatus.from_wire(resource.get("status"))
            if status is ConversationStatus.JOINED:  # then it is one of the list
                model = await self._look_up(call, sid, is_sid=True)
            else:
                model = self._conversations.conversation_answered(sid, resource)
        await self.synchronized(call, model, Level.METADATA)
        return _present(model)

    async def get_or_create(
        self,
        call: Call,
        unique_name: str,
        *,
        friendly_name: str | None,
        attributes: Attributes,
        access: str | None,
    ) -> ConversationRecord:
        """
        The conversation of that name, made now if there is none.

        Raises:
            ConflictError: The name belongs to a conversation that the user cannot see.
        """
        if _CONVERSATION_SID.fullmatch(unique_name) is not None:
            raise InvalidArgumentError("unique_name must not look like a sid")
        try:
            return await self.get(call, unique_name)
        except NotFoundError:
            pass
        try:
            return await self.create(
                call,
                friendly_name=friendly_name,
                unique_name=unique_name,
                attributes=attributes,
                access=access,
            )
        except ConflictError as taken:  # perhaps in this moment, by somebody else
            try:
                return await self.get(call, unique_name)
            except NotFoundError:
                raise taken from None

    async def create(
        self,
        call: Call,
        *,
        friendly_name: str | None,
        unique_name: str | None,
        attributes: Attributes,
        access: str | None,
    ) -> ConversationRecord:
        """
        Create one; the user is not in it until it joins.
        """
        members: dict[str, JSONValue] = {
            "friendly_name": friendly_name,
            "unique_name": unique_name,
            "attributes": attributes.to_wire(),
            "access": access,
        }
        answer = await self._requests.post(
            call,
            self._links.conversations,
            {name: value for name, value in members.items() if value is not None},
            about="the new conversation",
            is_repeatable=False,
        )
        resource = decoding.mapping(answer.body)
        sid = decoding.text(resource.get("sid"))
        if sid is None:
            raise missing("conversation sid")
        model = self._conversations.conversation_answered(sid, resource)
        self._conversations.publish(model)
        try:
            await self.synchronized(call, model, Level.METADATA)
        except NotFoundError:
            if not model.is_told_by_sync:  # else the user's list tells that it is gone
                self._conversations.forget(model)
            raise
        return _present(model)

    async def update(self, call: Call, sid: str, change: dict[str, JSONValue]) -> None:
        """
        Set one property of the conversation for everybody.
        """
        url = self._links.conversation(sid)
        await self._requests.post(call, url, change, about=sid, is_repeatable=True)

    async def destroy(self, call: Call, sid: str) -> None:
        """
        Delete it for everybody.
        """
        await self._requests.delete(call, self._links.conversation(sid), about=sid)

    async def join(self, call: Call, sid: str) -> None:
        """
        Become a participant.
        """
        body: dict[str, JSONValue] = {"identity": self._context.configuration.identity}
        await self._requests.post(
            call, self._participants_url(sid), body, about=sid, is_repeatable=False
        )
        model = self._conversations.get(sid)
        if model is not None:
            model.join_accepted()

    async def leave(self, call: Call, sid: str) -> None:
        """
        Stop being a participant.
        """
        await self.remove_participant(call, sid, self._context.configuration.identity)

    async def participants(self, call: Call, record: ConversationRecord) -> list[ParticipantRecord]:
        """
        Everybody in it, once the roster is loaded.

        In a conversation that the user is not in the server is asked, which mostly refuses.
        """
        model = await self.model(call, record)
        await self.synchronized(call, model, Level.ALL)
        if model.roster.is_loaded:
            return list(model.record.participants.values())
        observer = PassOver()
        call.step = f"the participants of {record.sid}"
        with self._context.exchange.expedited(model.concerns):
            roster = await self._context.sync.open_map(
                model.name_of_roster, observer, include_items=True
            )
        try:
            await roster.load_all()
            return [
                ParticipantRecord(record, decoding.participant(key, decoding.mapping(item.data)))
                for key, item in roster.items.items()
            ]
        finally:
            roster.close(observer)

    async def add_participant(
        self, call: Call, record: ConversationRecord, identity: str, attributes: Attributes
    ) -> ParticipantRecord:
        """
        Make another user a participant.
        """
        return await self._add(
            call, record, {"identity": identity, "attributes": attributes.to_wire()}
        )

    async def add_address(
        self,
        call: Call,
        record: ConversationRecord,
        binding: dict[str, JSONValue],
        attributes: Attributes,
    ) -> ParticipantRecord:
        """
        Make somebody a participant who is reached over another channel.
        """
        return await self._add(
            call, record, {"attributes": attributes.to_wire(), "messaging_binding": binding}
        )

    async def ensure_participant(
        self, call: Call, record: ConversationRecord, identity: str
    ) -> ParticipantRecord:
        """
        The participant of that identity, added now if there is none.

        Raises:
            ConflictError: There is one, but the user may not see it, not being in.
        """
        try:
            participants = await self.participants(call, record)
        except ForbiddenError:  # whoever is not in may add, but not look
            participants = []
        for participant in participants:
            if participant.snapshot.identity == identity:
                return participant
        try:
            return await self.add_participant(call, record, identity, Attributes.DEFAULT)
        except ConflictError:  # added in this moment, by somebody else
            model = self._conversations.get(record.sid)
            if model is None or not model.roster.is_loaded:
                raise
            call.step = f"the event about {identity} in {record.sid}"
            return await model.roster.arrival(identity)

    async def _add(
        self, call: Call, record: ConversationRecord, body: dict[str, JSONValue]
    ) -> ParticipantRecord:
        answer = await self._requests.post(
            call, self._participants_url(record.sid), body, about=record.sid, is_repeatable=False
        )
        snapshot = decoding.answered_participant(decoding.mapping(answer.body))
        if not snapshot.sid:
            raise missing("participant sid")
        model = self._conversations.get(record.sid)
        if model is None or model.record is not record:
            return ParticipantRecord(record, snapshot)
        return model.roster.answered(snapshot)

    async def remove_participant(self, call: Call, sid: str, sid_or_identity: str) -> None:
        """
        Take somebody out.
        """
        url = f"{self._participants_url(sid)}/{quote(sid_or_identity, safe='')}"
        await self._requests.delete(call, url, about=sid)

    async def set_participant_attributes(
        self, call: Call, conversation_sid: str, sid: str, attributes: Attributes
    ) -> None:
        """
        Replace a participant's attributes.
        """
        url = f"{self._participants_url(conversation_sid)}/{quote(sid, safe='')}"
        change: dict[str, JSONValue] = {"attributes": attributes.to_wire()}
        await self._requests.post(call, url, change, about=sid, is_repeatable=True)

    async def wait_for(self, call: Call, record: ConversationRecord, level: Level) -> None:
        """
        Wait until the conversation's status is at least *level*.
        """
        model = await self.model(call, record)
        await self.synchronized(call, model, level)
        _present(model)

    def known(self, sid: str) -> ConversationModel | None:
        """
        The model of that sid, if there is one.
        """
        return self._conversations.get(sid)

    async def model(self, call: Call, record: ConversationRecord) -> ConversationModel:
        """
        The model behind a record that a user holds, or that which has taken its place.

        Raises:
            NotFoundError: The conversation was forgotten, and the service has it no more.
            ForbiddenError: The same, and the service does not show it to the user.
        """
        model = self._conversations.get(record.sid)
        if model is not None:
            return model
        return await self._look_up(call, record.sid, is_sid=True)

    async def synchronized(self, call: Call, model: ConversationModel, level: Level) -> None:
        """
        Wait for *level*, ahead of the conversations that nobody waits for.
        """
        call.step = f"the synchronization of {model.sid}"
        with self._context.exchange.expedited(model.concerns):
            await model.synchronized(level)

    def _participants_url(self, sid: str) -> str:
        return f"{self._links.conversation(sid)}/Participants"


def _present(model: ConversationModel) -> ConversationRecord:
    """
    The record of *model*, unless the conversation went away while it was waited for.
    """
    if model.record.is_forgotten:
        raise _conversation_not_found(None)
    return model.record


def _conversation_not_found(refusal: ConversationsError | None) -> NotFoundError:
    words = "there is no such conversation, or the user may not see it; check the sid or name"
    if refusal is None:
        return NotFoundError(ErrorInfo(code=ErrorInfo.CONVERSATION_NOT_FOUND, message=words))
    info = refusal.error_info
    code = info.code or ErrorInfo.CONVERSATION_NOT_FOUND
    said = info.description or info.message
    return NotFoundError(attrs.evolve(info, code=code, message=words, description=said))
