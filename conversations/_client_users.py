"""
The users that a client knows, as a part of its class.
"""

from __future__ import annotations

from conversations import _arguments as arguments
from conversations._client_base import ClientBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import UserRecord
from conversations._core.conversations.service import ConversationsService
from conversations.participant import Participant
from conversations.user import User


class ClientUsers(ClientBase):
    """
    The own user, and others.
    """

    @property
    def my_identity(self) -> str:
        """
        The identity of the user.
        """
        return self._service.configuration.identity

    @property
    def my_user(self) -> User:
        """
        The user. Always subscribed.
        """
        return self._objects.user(self._service.own_user.record)

    @property
    def is_reachability_enabled(self) -> bool:
        """
        Whether the service tells who is online; off by default for a service.

        While it is off, :attr:`User.is_online` and :attr:`User.is_notifiable` are ``None``.
        """
        return self._service.configuration.is_reachability_enabled

    def get_and_subscribe_user(self, identity: str, *, timeout: float | None = None) -> User:
        """
        A user, kept up to date from now on; ``on_user_subscribed`` fires.

        No request for the own user and for one that is subscribed already. At most
        ``Properties.user_infos_to_subscribe`` others are subscribed at a time: one more
        takes the place of the one that has been for longest, and ``on_user_unsubscribed``
        fires for that.

        Args:
            identity: Whose.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
            NotFoundError: The service knows no such user (50200).
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Users.
        """
        wanted = arguments.text(identity, "identity")

        async def run(service: ConversationsService, call: Call) -> UserRecord:
            return await service.user_commands.subscribe(call, wanted)

        return self._objects.user(
            self._objects.call(f"get_and_subscribe_user {wanted}", timeout, run)
        )

    def get_subscribed_users(self) -> list[User]:
        """
        The users that are kept up to date; no traffic.

        The own user first, then the others in the order in which they were subscribed.
        """
        return [self._objects.user(record) for record in self._service.users.records]

    def get_participants_by_identity(self, identity: str) -> list[Participant]:
        """
        What a user takes part in: one participant for each conversation of the own user's
        list in which the user is known to be; no traffic.

        Args:
            identity: Whose.

        Raises:
            InvalidArgumentError: *identity* is empty or no string.
        """
        wanted = arguments.text(identity, "identity")
        return [
            self._objects.participant(record)
            for conversation in self._service.conversations.records.values()
            for record in conversation.participants.values()
            if record.snapshot.identity == wanted
        ]
