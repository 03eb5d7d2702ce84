"""
Making a conversation step by step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from conversations import _arguments as arguments
from conversations.attributes import Attributes, AttributesLike

if TYPE_CHECKING:
    from conversations.client import ConversationsClient
    from conversations.conversation import Conversation

__all__ = ["ConversationBuilder"]


class ConversationBuilder:
    """
    Collects what a new conversation is to have; :meth:`build` makes it.

    Made by :meth:`ConversationsClient.conversation_builder`. Each ``with_…`` method returns
    the builder, so that calls can be chained::

        conversation = (
            client.conversation_builder()
            .with_friendly_name("Lunch")
            .with_attributes({"topic": "food"})
            .build()
        )

    Threading: one thread at a time; only :meth:`build` blocks.
    """

    def __init__(self, client: ConversationsClient) -> None:
        # Not for users: conversation_builder() makes it.
        self._client = client
        self._friendly_name: str | None = None
        self._unique_name: str | None = None
        self._attributes: Attributes | None = None
        self._access: str | None = None

    def with_friendly_name(self, name: str) -> Self:
        """
        Set the name to show, up to 256 characters.

        Raises:
            InvalidArgumentError: It is empty or no string.
        """
        self._friendly_name = arguments.text(name, "name")
        return self

    def with_unique_name(self, name: str) -> Self:
        """
        Set the name that no other conversation of the service has.

        Raises:
            InvalidArgumentError: It is empty or no string.
        """
        self._unique_name = arguments.text(name, "name")
        return self

    def with_attributes(self, attributes: AttributesLike) -> Self:
        """
        Set free data: any JSON value, up to 16 KiB as text.

        Raises:
            InvalidArgumentError: It cannot be written as JSON.
        """
        self._attributes = Attributes.of(attributes)
        return self

    def with_access(self, access: str) -> Self:
        """
        Set who gets in: ``"restricted"`` in services with restricted users.

        Raises:
            InvalidArgumentError: It is empty or no string.
        """
        self._access = arguments.text(access, "access")
        return self

    def build(self, *, timeout: float | None = None) -> Conversation:
        """
        Make the conversation, as :meth:`ConversationsClient.create_conversation` does.

        Args:
            timeout: Seconds; by default the client's ``command_timeout``.

        Raises:
            ConflictError: The unique name is taken (50353).
            ConnectionLostError: The connection broke before the answer: it is open whether it
                was made.
            ConversationsError: Anything else that went wrong.
        """
        return self._client.create_conversation(
            self._friendly_name,
            unique_name=self._unique_name,
            attributes=self._attributes,
            access=self._access,
            timeout=timeout,
        )

    def __repr__(self) -> str:
        return (
            f"<ConversationBuilder {self._unique_name or self._friendly_name or ''}".rstrip() + ">"
        )
