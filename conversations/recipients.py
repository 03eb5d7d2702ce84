"""
What other channels know of a message: their own data about it, and whom it was addressed to.
"""

from __future__ import annotations

from typing import Any

import attrs

from .attributes import Attributes

__all__ = [
    "ChannelMetadata",
    "EmailRecipientDescriptor",
    "RecipientDescriptor",
    "UnknownRecipientDescriptor",
]


def _json_value(value: Any) -> Attributes:
    """
    What is handed out is a copy of the reader's own; what is kept cannot be changed.
    """
    return Attributes.of(value)


@attrs.frozen(kw_only=True, repr=False)
class ChannelMetadata:
    """
    What a channel knows about a message (``Message.get_channel_metadata``).

    The ``repr`` has no data: it may be somebody's personal data.

    Attributes:
        type: The channel: ``whatsapp``, ``email`` and others.
    """

    type: str
    _data: Attributes = attrs.field(converter=_json_value, alias="data")

    @property
    def data(self) -> Any:
        """
        Its data, any JSON value, of the channel's own form. A copy, which may be changed.
        """
        return self._data.value

    def __repr__(self) -> str:
        return f"<ChannelMetadata {self.type}>"


@attrs.frozen(kw_only=True, repr=False)
class RecipientDescriptor:
    """
    Somebody whom a message was addressed to; the class tells over which channel.

    The ``repr`` names nobody: it may be somebody's personal data.

    Attributes:
        type: The channel.
        message_sid: ``IM…`` of the message.
    """

    type: str
    message_sid: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type} of {self.message_sid}>"


@attrs.frozen(kw_only=True, repr=False)
class EmailRecipientDescriptor(RecipientDescriptor):
    """
    A sender or receiver of an e-mail.

    Attributes:
        type: ``email``.
        message_sid: ``IM…`` of the message.
        level: ``to``, ``from`` or ``cc``.
        name: The name that stands with the address.
        address: The address.
    """

    type: str = attrs.field(default="email", init=False)
    level: str
    name: str | None = None
    address: str


@attrs.frozen(kw_only=True, repr=False)
class UnknownRecipientDescriptor(RecipientDescriptor):
    """
    Somebody on a channel that this version does not know.

    Attributes:
        type: The channel, as the service calls it.
        message_sid: ``IM…`` of the message.
        raw_data: All that the service said, as JSON text.
    """

    raw_data: str
