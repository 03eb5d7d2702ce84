"""
What clients can only observe: delivery outside the chat, typing, presence, time, push.
"""

from __future__ import annotations

import attrs

from .._core.upstream import JSONValue
from .acts import named_message
from .domain import conversations, delivery, participants, states, typing_indicator, users
from .domain.fields import UNSET, TimerFields, Unset
from .domain.records import (
    Caller,
    ChannelMetadata,
    Conversation,
    DeliveryStatus,
    Participant,
)
from .domain.service import Service
from .refusals import refusal
from .remote import Remote
from .views import ReceiptView


class OutsideActs(Remote):
    """
    Acts of other channels, of other clients, and of time.
    """

    # Delivery --------------------------------------------------------------------------------

    def get_delivery_receipts(
        self, conversation: str, message: str | int
    ) -> tuple[ReceiptView, ...]:
        """
        The receipts of a message: one for each participant outside the chat that it went to.
        """

        def get(service: Service) -> tuple[ReceiptView, ...]:
            found = named_message(conversations.look_up(service, conversation), message)
            return tuple(map(ReceiptView.of, found.receipts.values()))

        return self._act(get)

    def update_delivery(
        self,
        conversation: str,
        message: str | int,
        participant: str,
        status: str,
        *,
        error_code: int = 0,
    ) -> ReceiptView:
        """
        Report how far a message has come.

        Args:
            conversation: Where.
            message: Which.
            participant: To whom: SID or address.
            status: ``queued``, ``sent``, ``delivered``, ``read``, ``failed``, ``undelivered``.
            error_code: Why it failed.
        """

        def update(service: Service) -> ReceiptView:
            found = conversations.look_up(service, conversation)
            receipt = delivery.update(
                service,
                found,
                named_message(found, message),
                _participant(found, participant),
                status=_delivery_status(status),
                error_code=error_code,
            )
            return ReceiptView.of(receipt)

        return self._act(update)

    def set_channel_metadata(
        self, conversation: str, message: str | int, metadata: tuple[str, JSONValue] | None
    ) -> None:
        """
        Say what another channel knows about a message: type and content, or nothing.
        """

        def set_it(service: Service) -> None:
            found = conversations.look_up(service, conversation)
            known = metadata and ChannelMetadata(type=metadata[0], data=metadata[1])
            delivery.set_metadata(found, named_message(found, message), known)

        self._act(set_it)

    # Time ------------------------------------------------------------------------------------

    def set_timers(
        self,
        conversation: str,
        *,
        inactive: float | Unset | None = UNSET,
        closed: float | Unset | None = UNSET,
    ) -> None:
        """
        Let a conversation become inactive, or closed, by itself.

        Args:
            conversation: Which.
            inactive: Seconds without activity, 60 at least; ``None`` for never.
            closed: The same, 600 at least. Both count from the last activity, or from now.
        """
        fields = TimerFields(inactive_after=inactive, closed_after=closed)
        self._act(
            lambda service: states.set_timers(
                service, conversations.look_up(service, conversation), fields
            )
        )

    # Presence --------------------------------------------------------------------------------

    def start_typing(self, conversation: str, identity: str) -> None:
        """
        Let a participant type, as if a client of it had said so.
        """
        self._act(
            lambda service: typing_indicator.start(
                service, Caller(identity=identity), conversations.look_up(service, conversation)
            )
        )

    def set_online(self, identity: str, is_online: bool) -> None:
        """
        Show a user online or offline, whatever its connections. The next change of those
        shows the truth again. Needs ``Settings.reachability_enabled``.
        """
        self._act(
            lambda service: users.set_online(
                service, users.find(service, identity), is_online=is_online
            )
        )

    def configure_push(
        self,
        *,
        new_message: bool = True,
        new_media_message: bool = True,
        added: bool = True,
        removed: bool = True,
        badge: bool = False,
    ) -> None:
        """
        Switch push notifications on or off: ``pushes`` shows them, nothing is sent.
        """

        def configure(service: Service) -> None:
            service.push_settings = attrs.evolve(
                service.push_settings,
                new_message=new_message,
                new_media_message=new_media_message,
                added=added,
                removed=removed,
                badge=badge,
            )

        self._act(configure)


def _participant(conversation: Conversation, name: str) -> Participant:
    found = participants.by_author(conversation, name)
    return participants.find(conversation, name) if found is None else found


def _delivery_status(status: str) -> DeliveryStatus:
    try:
        return DeliveryStatus(status)
    except ValueError:
        raise refusal(20001, "There is no such delivery status") from None
