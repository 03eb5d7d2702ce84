"""
What the operator's own server does, for tests and demonstrations, without HTTP.

Everything here may be called from any thread and has taken effect when it returns: the
changes are on their way to the clients. Refusals are raised as
:class:`~conversations.emulator.refusals.Refusal`, with the codes of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._core.upstream import JSONValue, json_body
from .domain import conversations, messages, participants, reading, states, users
from .domain.fields import (
    UNSET,
    AttachedFields,
    BindingFields,
    ConversationFields,
    MessageFields,
    ReadingFields,
    Unset,
    UserFields,
)
from .domain.records import (
    SERVER,
    Caller,
    ChannelMetadata,
    Conversation,
    Message,
    NotificationLevel,
)
from .domain.service import Service
from .refusals import refusal
from .remote import Remote
from .views import ConversationView, MessageView, ParticipantView, UserView


class Acts(Remote):
    """
    Acts of the server. A conversation is named by SID or unique name, a participant by SID or
    identity, a message by SID or index. Attributes are JSON values.
    """

    # Conversations ---------------------------------------------------------------------------

    def create_conversation(
        self,
        *,
        friendly_name: str | None = None,
        unique_name: str | None = None,
        attributes: JSONValue | Unset = UNSET,
        created_by: str = SERVER.identity,
        identities: Iterable[str] = (),
        bindings: Mapping[str, JSONValue] | Unset = UNSET,
    ) -> ConversationView:
        """
        Make a conversation.

        Args:
            friendly_name: Its name for humans.
            unique_name: Its name for programs.
            attributes: Anything.
            created_by: The user who counts as creator, and sees it, or ``system``.
            identities: Users to add at once.
            bindings: What its document says about e-mail and the like, such as
                ``{"email": {"name": "Support", "projected_address": "support@example.com"}}``.
        """
        fields = ConversationFields(
            friendly_name=friendly_name,
            unique_name=unique_name,
            attributes=_json(attributes),
            bindings=bindings,
        )

        def create(service: Service) -> ConversationView:
            creator = SERVER
            if created_by != SERVER.identity:
                users.ensure(service, created_by)
                creator = Caller(identity=created_by, is_server=True)
            conversation = conversations.create(service, creator, fields)
            for identity in identities:
                participants.add_user(service, SERVER, conversation, identity)
            return ConversationView.of(conversation)

        return self._act(create)

    def get_conversation(self, conversation: str) -> ConversationView:
        """
        A conversation as it is now.
        """
        return self._act(
            lambda service: ConversationView.of(conversations.look_up(service, conversation))
        )

    def update_conversation(
        self,
        conversation: str,
        *,
        friendly_name: str | Unset | None = UNSET,
        unique_name: str | Unset | None = UNSET,
        attributes: JSONValue | Unset = UNSET,
        state: str | Unset = UNSET,
        bindings: Mapping[str, JSONValue] | Unset = UNSET,
    ) -> ConversationView:
        """
        Change names, attributes, bindings or state (``active``, ``inactive``, ``closed``).
        """
        fields = ConversationFields(
            friendly_name=friendly_name,
            unique_name=unique_name,
            attributes=_json(attributes),
            state=state if isinstance(state, Unset) else states.parse(state),
            bindings=bindings,
        )

        def update(service: Service) -> ConversationView:
            found = conversations.look_up(service, conversation)
            conversations.update(service, SERVER, found, fields)
            return ConversationView.of(found)

        return self._act(update)

    def remove_conversation(self, conversation: str) -> None:
        """
        Delete a conversation.
        """
        self._act(
            lambda service: conversations.remove(
                service, SERVER, conversations.look_up(service, conversation)
            )
        )

    # Participants ----------------------------------------------------------------------------

    def add_participant(
        self, conversation: str, identity: str, *, attributes: JSONValue | Unset = UNSET
    ) -> ParticipantView:
        """
        Add a user.
        """

        def add(service: Service) -> ParticipantView:
            found = conversations.look_up(service, conversation)
            text = _json(attributes)
            return ParticipantView.of(
                participants.add_user(
                    service, SERVER, found, identity, "{}" if isinstance(text, Unset) else text
                )
            )

        return self._act(add)

    def add_address(
        self,
        conversation: str,
        address: str,
        proxy_address: str,
        *,
        name: str | None = None,
        level: str | None = None,
    ) -> ParticipantView:
        """
        Add somebody outside the chat. *name* and *level* are for e-mail.
        """
        fields = BindingFields(address=address, proxy_address=proxy_address, name=name, level=level)
        return self._act(
            lambda service: ParticipantView.of(
                participants.add_address(
                    service, SERVER, conversations.look_up(service, conversation), fields
                )
            )
        )

    def get_participant(self, conversation: str, participant: str) -> ParticipantView:
        """
        A participant as it is now.
        """
        return self._act(
            lambda service: ParticipantView.of(
                participants.find(conversations.look_up(service, conversation), participant)
            )
        )

    def update_participant(
        self, conversation: str, participant: str, *, attributes: JSONValue
    ) -> ParticipantView:
        """
        Change a participant's attributes.
        """

        def update(service: Service) -> ParticipantView:
            found = conversations.look_up(service, conversation)
            changed = participants.find(found, participant)
            participants.update(service, SERVER, found, changed, str(_json(attributes)))
            return ParticipantView.of(changed)

        return self._act(update)

    def remove_participant(self, conversation: str, participant: str) -> None:
        """
        Remove a participant.
        """
        self._act(
            lambda service: participants.remove(
                service, SERVER, conversations.look_up(service, conversation), participant
            )
        )

    def set_read_horizon(self, conversation: str, identity: str, index: int | None) -> None:
        """
        Set how far a participant has read.
        """
        self._act(
            lambda service: reading.update(
                service,
                Caller(identity=identity),
                conversations.look_up(service, conversation),
                ReadingFields(last_read_index=index),
            )
        )

    def set_notification_level(self, conversation: str, identity: str, level: str) -> None:
        """
        Set whether a participant is notified: ``default`` or ``muted``.
        """
        self._act(
            lambda service: reading.update(
                service,
                Caller(identity=identity),
                conversations.look_up(service, conversation),
                ReadingFields(notification_level=NotificationLevel(level)),
            )
        )

    # Messages --------------------------------------------------------------------------------

    def send_message(
        self,
        conversation: str,
        body: str | None = None,
        *,
        author: str = SERVER.identity,
        subject: str | None = None,
        attributes: JSONValue | Unset = UNSET,
        media_sids: Iterable[str] = (),
        content_sid: str | None = None,
        content_variables: Mapping[str, str] | None = None,
        channel_metadata: tuple[str, JSONValue] | None = None,
    ) -> MessageView:
        """
        Send a message as anybody.

        Args:
            conversation: Where.
            body: What it says.
            author: An identity, the address of somebody outside the chat, or ``system``.
            subject: Its subject.
            attributes: Anything.
            media_sids: Media that were uploaded before, as by ``add_media``.
            content_sid: A content template to make it from.
            content_variables: For the template.
            channel_metadata: Type and content of what another channel knows about it.
        """
        fields = MessageFields(body=body, subject=subject, attributes=_json(attributes))
        attached = AttachedFields(
            media_sids=tuple(media_sids),
            content_sid=content_sid,
            content_variables=None
            if content_variables is None
            else json_body(dict(content_variables)).decode("ascii"),
            channel_metadata=None
            if channel_metadata is None
            else ChannelMetadata(type=channel_metadata[0], data=channel_metadata[1]),
        )
        return self._act(
            lambda service: MessageView.of(
                messages.send(
                    service,
                    Caller(identity=author, is_server=True),
                    conversations.look_up(service, conversation),
                    fields,
                    attached,
                )
            )
        )

    def get_messages(self, conversation: str) -> tuple[MessageView, ...]:
        """
        All messages, oldest first.
        """
        return self._act(
            lambda service: tuple(
                map(MessageView.of, conversations.look_up(service, conversation).messages.values())
            )
        )

    def update_message(
        self,
        conversation: str,
        message: str | int,
        *,
        body: str | Unset | None = UNSET,
        subject: str | Unset | None = UNSET,
        attributes: JSONValue | Unset = UNSET,
    ) -> MessageView:
        """
        Edit a message.
        """
        fields = MessageFields(body=body, subject=subject, attributes=_json(attributes))

        def update(service: Service) -> MessageView:
            found = conversations.look_up(service, conversation)
            edited = named_message(found, message)
            messages.edit(service, SERVER, found, edited, fields)
            return MessageView.of(edited)

        return self._act(update)

    def remove_message(self, conversation: str, message: str | int) -> None:
        """
        Remove a message.
        """

        def remove(service: Service) -> None:
            found = conversations.look_up(service, conversation)
            messages.remove(service, SERVER, found, named_message(found, message))

        self._act(remove)

    # Users -----------------------------------------------------------------------------------

    def create_user(
        self,
        identity: str,
        *,
        friendly_name: str | Unset | None = UNSET,
        attributes: JSONValue | Unset = UNSET,
    ) -> UserView:
        """
        Make a user, or change the one there is.
        """
        self._act(lambda service: users.ensure(service, identity))
        return self.update_user(identity, friendly_name=friendly_name, attributes=attributes)

    def get_user(self, identity: str) -> UserView:
        """
        A user as it is now, by identity or SID.
        """
        return self._act(lambda service: UserView.of(users.find(service, identity)))

    def update_user(
        self,
        identity: str,
        *,
        friendly_name: str | Unset | None = UNSET,
        attributes: JSONValue | Unset = UNSET,
    ) -> UserView:
        """
        Change what others see of a user.
        """
        fields = UserFields(friendly_name=friendly_name, attributes=_json(attributes))

        def update(service: Service) -> UserView:
            user = users.find(service, identity)
            users.update(service, SERVER, user, fields)
            return UserView.of(user)

        return self._act(update)


def _json(value: JSONValue | Unset) -> str | Unset:
    return value if isinstance(value, Unset) else json_body(value).decode("ascii")


def named_message(conversation: Conversation, message: str | int) -> Message:
    """
    A message by SID or index.
    """
    if isinstance(message, str):
        return messages.find(conversation, message)
    found = conversation.messages.get(message)
    if found is None:
        raise refusal(50500)
    return found
