"""
Delivery receipts: how far a message has come with the participants of channels other than chat.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .enums import DeliveryAmount, DeliveryStatus

__all__ = ["AggregatedDeliveryReceipt", "DetailedDeliveryReceipt"]


@attrs.frozen(kw_only=True)
class AggregatedDeliveryReceipt:
    """
    How a message fares with all of them together (``Message.aggregated_delivery_receipt``).

    Attributes:
        total: To how many participants it was sent over channels other than chat.
        sent: For how many of them it has left the service.
        delivered: To how many it was delivered.
        undelivered: To how many it could not be delivered.
        read: How many have read it.
        failed: For how many sending failed.
    """

    total: int
    sent: DeliveryAmount
    delivered: DeliveryAmount
    undelivered: DeliveryAmount
    read: DeliveryAmount
    failed: DeliveryAmount


@attrs.frozen(kw_only=True)
class DetailedDeliveryReceipt:
    """
    How a message fares with one participant (``Message.get_detailed_delivery_receipt_list``).

    Attributes:
        sid: ``DY…``.
        message_sid: ``IM…``.
        conversation_sid: ``CH…``.
        channel_message_sid: The message in its channel, such as ``SM…``; ``None`` if it has
            none there.
        participant_sid: ``MB…`` of the participant; ``None`` if the service did not say.
        status: How far it has come.
        error_code: Twilio's code for what went wrong; 0 if nothing did.
        date_created: When the receipt was made, in UTC.
        date_updated: When it last changed, in UTC.
    """

    sid: str
    message_sid: str
    conversation_sid: str
    channel_message_sid: str | None = None
    participant_sid: str | None = None
    status: DeliveryStatus = DeliveryStatus.QUEUED
    error_code: int = 0
    date_created: datetime | None = None
    date_updated: datetime | None = None
