"""
Push notifications, as a part of the client's class.
"""

from __future__ import annotations

from conversations import _arguments as arguments
from conversations._client_base import ClientBase
from conversations._core.conversations.calls import Call
from conversations._core.conversations.events import PushTokenFailed
from conversations._core.conversations.push_commands import ChannelType
from conversations._core.conversations.service import ConversationsService
from conversations._listeners import NotificationHandled
from conversations.errors import ConversationsError
from conversations.push import APNToken, FCMToken, NotificationPayload


class ClientPush(ClientBase):
    """
    Registering devices, and telling listeners what a notification says.
    """

    def register_fcm_token(self, token: FCMToken, *, timeout: float | None = None) -> None:
        """
        Have notifications for this user sent to a device, by Firebase Cloud Messaging.

        New messages, being added to a conversation and being removed from one are notified.
        The server keeps the registration for a year, whatever becomes of the connection and
        the access token: register once after each start of the program. A token registered
        before by this client is unregistered, if it is another one. ``on_notification_subscribed``
        or ``on_notification_failed`` follows.

        Args:
            token: The device's.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *token* is no :class:`FCMToken`.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Push notifications.
        """
        arguments.instance(token, "token", FCMToken)
        self._register("register_fcm_token", "fcm", token.token, timeout)

    def register_apn_token(self, token: APNToken, *, timeout: float | None = None) -> None:
        """
        The same by Apple's push service.

        Args:
            token: The device's.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *token* is no :class:`APNToken`.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Push notifications.
        """
        arguments.instance(token, "token", APNToken)
        self._register("register_apn_token", "apn", token.token, timeout)

    def unregister_fcm_token(self, token: FCMToken, *, timeout: float | None = None) -> None:
        """
        Have no more notifications for this user sent to a device, whoever has registered it.

        Args:
            token: The device's.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *token* is no :class:`FCMToken`.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Push notifications.
        """
        arguments.instance(token, "token", FCMToken)
        self._unregister("unregister_fcm_token", "fcm", token.token, timeout)

    def unregister_apn_token(self, token: APNToken, *, timeout: float | None = None) -> None:
        """
        The same for Apple's push service.

        Args:
            token: The device's.
            timeout: Seconds.

        Raises:
            InvalidArgumentError: *token* is no :class:`APNToken`.
            ConversationsError: Anything else that went wrong.

        Wire: docs/protocol/conversations.md, Push notifications.
        """
        arguments.instance(token, "token", APNToken)
        self._unregister("unregister_apn_token", "apn", token.token, timeout)

    def handle_notification(self, payload: NotificationPayload) -> None:
        """
        Tell the listeners what a push notification says. Changes nothing else.

        ``on_push_notification`` comes first, then the callback for its type, and
        ``on_badge_count_notification`` if it has a number. For a type that this version does
        not know only the first one comes.

        Args:
            payload: Made from what the device received.

        Raises:
            InvalidArgumentError: It is no :class:`NotificationPayload`.
            ClientShutdownError: The client is shut down.

        Threading: any thread; does not wait.
        """
        arguments.instance(payload, "payload", NotificationPayload)
        self._objects.runtime.check_usable()
        self._objects.runtime.tell(NotificationHandled(payload))

    def _register(
        self, name: str, channel_type: ChannelType, token: str, timeout: float | None
    ) -> None:
        self._objects.checked(timeout)

        async def run(service: ConversationsService, call: Call) -> None:
            await service.push_commands.register(call, channel_type, token)

        try:
            self._objects.call(name, timeout, run)
        except ConversationsError as error:
            self._objects.runtime.tell(PushTokenFailed(error.error_info))
            raise

    def _unregister(
        self, name: str, channel_type: ChannelType, token: str, timeout: float | None
    ) -> None:
        async def run(service: ConversationsService, call: Call) -> None:
            await service.push_commands.unregister(call, channel_type, token)

        self._objects.call(name, timeout, run)
