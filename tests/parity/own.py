"""
What neither the JavaScript nor the Android SDK has, and everything that can be imported.
"""

from __future__ import annotations

from tests.parity.rows import Table, callback, member, method, name, prop

_EXPORTS = """
ConversationsClient Properties ConversationBuilder ClientStats

Conversation Message MessageBuilder UnsentMessage Media Participant User Attributes Paginator
ConversationLimits AggregatedDeliveryReceipt DetailedDeliveryReceipt ChannelMetadata
RecipientDescriptor EmailRecipientDescriptor UnknownRecipientDescriptor NotificationPayload
FCMToken APNToken

ContentTemplate ContentTemplateVariable ContentData ContentDataText ContentDataMedia
ContentDataLocation ContentDataQuickReply ContentDataReply ContentDataCallToAction
ContentDataListPicker ContentDataListItem ContentDataCard ContentDataOther ContentDataAction
ContentDataActionUrl ContentDataActionPhone ContentDataActionReply ContentDataActionOther

ConversationsClientListener ConversationListener CallbackListener StatusListener
MediaUploadListener CancellationToken

ConnectionState SynchronizationStatus ConversationSynchronizationStatus ConversationStatus
ConversationState NotificationLevel ConversationUpdateReason MessageUpdateReason
ParticipantUpdateReason UserUpdateReason MediaCategory ChannelType AttributesType DeliveryAmount
DeliveryStatus NotificationPayloadType LogLevel ErrorReason

EventQueue Event

ErrorInfo ConversationsError InvalidArgumentError ClientStateError ClientShutdownError
ClientForkedError ReentrancyError NotReadyError TransportError ConnectError TlsError
ConnectionLostError RequestTimeoutError TokenError TokenRejectedError TokenExpiredError
ServiceError BadRequestError UnauthorizedError ForbiddenError NotFoundError ConflictError
PayloadTooLargeError RateLimitedError ServerError MediaError OperationCancelledError

AccessToken ChatGrant read_claims

JSONValue JSONObject JSONArray
"""
EXPORTS = _EXPORTS.split()
"""What programs may import; the classes of events come on top."""

DISPATCH = "ConversationsClientListener"

NEW: Table = {
    "the end of a client": prop("ConversationsClient.is_shutdown"),
    "a client as a context manager": (
        method("ConversationsClient.__enter__"),
        method("ConversationsClient.__exit__"),
    ),
    "how far the client is": prop("ConversationsClient.synchronization_status"),
    "when the token ends": prop("ConversationsClient.token_expires_at"),
    "any call in the background": method("ConversationsClient.submit", "fn", "callback"),
    "replay to a late listener": method("ConversationsClient.add_listener", "listener", "replay"),
    "all conversations, as pages arrive": method("ConversationsClient.iter_conversations"),
    "participants of one identity (iOS)": method(
        "ConversationsClient.get_participants_by_identity", "identity"
    ),
    "loading the list later": method("ConversationsClient.synchronize"),
    "waiting for the list": method("ConversationsClient.wait_for_synchronization"),
    "waiting for the connection": method("ConversationsClient.wait_until_connected"),
    "waiting for a state": method("ConversationsClient.wait_until", "predicate"),
    "waiting for an event": method("ConversationsClient.wait_for", "predicate"),
    "events in a queue": (
        method("ConversationsClient.event_queue", "types", "maxsize"),
        method("EventQueue.get", "timeout"),
        method("EventQueue.__iter__"),
        method("EventQueue.__enter__"),
    ),
    "functions as listeners": (
        method("ConversationsClient.add_callbacks"),
        method("ConversationsClient.listen", "callback_name"),
    ),
    "unread messages of all conversations": method(
        "ConversationsClient.get_total_unread_messages_count"
    ),
    "a conversation in any case": method(
        "ConversationsClient.get_or_create_conversation", "unique_name"
    ),
    "numbers about a client": (
        prop("ConversationsClient.stats"),
        prop("ClientStats.requests"),
        prop("ClientStats.reconnections"),
        prop("ClientStats.events"),
        prop("ClientStats.queue_length"),
        prop("ClientStats.high_water_marks"),
    ),
    "options": (
        prop("Properties.ssl_context"),
        prop("Properties.dispatcher"),
        prop("Properties.twilsock_url"),
        prop("Properties.api_url"),
        prop("Properties.media_url"),
        prop("Properties.message_cache_limit"),
        prop("Properties.max_outstanding_requests"),
        prop("Properties.worker_threads"),
        prop("Properties.token_refresh_margin"),
    ),
    "callbacks of all conversations (iOS)": (
        callback(f"{DISPATCH}.on_badge_count_notification", "count"),
        callback(f"{DISPATCH}.on_conversation_joined", "conversation"),
        callback(f"{DISPATCH}.on_conversation_left", "conversation"),
    ),
    "callbacks about users in a conversation (iOS)": (
        callback("ConversationListener.on_user_updated", "participant", "user", "reason"),
        callback("ConversationListener.on_user_subscribed", "participant", "user"),
        callback("ConversationListener.on_user_unsubscribed", "participant", "user"),
    ),
    "order of progress": (
        method("SynchronizationStatus.is_at_least", "other"),
        method("ConversationSynchronizationStatus.is_at_least", "other"),
    ),
    "words that are not known yet": (
        member("ConversationStatus.UNKNOWN"),
        member("ConversationState.UNKNOWN"),
        member("NotificationLevel.UNKNOWN"),
        member("MediaCategory.UNKNOWN"),
        member("DeliveryAmount.UNKNOWN"),
        member("DeliveryStatus.UNKNOWN"),
        member("NotificationPayloadType.UNKNOWN"),
    ),
    "who is typing": prop("Conversation.typing_participants"),
    "typing for as long as a block runs": method("Conversation.typing_scope"),
    "whose conversation it is": prop("Conversation.client"),
    "messages without traffic": prop("Conversation.cached_messages"),
    "forgetting messages": method("Conversation.evict_messages", "keep_last"),
    "all messages, page by page": method(
        "Conversation.iter_messages", "direction", "start", "page_size"
    ),
    "reading without the message one has": (
        method("Conversation.get_messages_before", "inclusive"),
        method("Conversation.get_messages_after", "inclusive"),
    ),
    "a message or its neighbour": method("Conversation.get_message_by_index", "nearest"),
    "the message at a horizon (iOS)": method("Conversation.get_message_for_read_index", "index"),
    "unread, or all": method("Conversation.get_unread_messages_count", "or_all"),
    "sending anything in one call": method(
        "Conversation.send_message",
        "body",
        "attributes",
        "subject",
        "media",
        "email_body",
        "email_history",
        "content_sid",
        "content_variables",
    ),
    "waiting for a message": method("Conversation.wait_for_message", "predicate", "after"),
    "a participant in any case": method("Conversation.ensure_participant", "identity"),
    "one's own messages": prop("Message.is_own"),
    "all media of a message into a folder": method("Message.download_media"),
    "the bytes of media": (method("Media.download"), method("Media.download_to")),
    "uploading again": method("MessageBuilder.set_upload_attempts"),
    "plain values of attributes": (
        prop("Attributes.value"),
        method("Attributes.__getitem__"),
        method("Attributes.get"),
        method("Attributes.__contains__"),
        method("Attributes.__len__"),
        method("Attributes.__iter__"),
    ),
    "pages as sequences": (
        method("Paginator.__iter__"),
        method("Paginator.__len__"),
        method("Paginator.__getitem__"),
    ),
    "access of a new conversation": method("ConversationBuilder.with_access"),
    "the device tokens of Apple (iOS)": (
        name("APNToken"),
        method("ConversationsClient.register_apn_token"),
        method("ConversationsClient.unregister_apn_token"),
    ),
    "more about errors": (
        prop("ErrorInfo.is_recoverable"),
        prop("ErrorInfo.more_info"),
        prop("ErrorInfo.request_id"),
        prop("ConversationsError.reason"),
        prop("ConversationsError.status"),
        prop("ConversationsError.code"),
        prop("RequestTimeoutError.may_have_been_sent"),
        prop("ConnectionLostError.may_have_been_sent"),
        prop("RateLimitedError.retry_after"),
    ),
    "objects as JSON": (
        method("Conversation.to_dict"),
        method("Message.to_dict"),
        method("Participant.to_dict"),
        method("User.to_dict"),
        method("Media.to_dict"),
    ),
    "tokens on the server's side": (
        method(
            "AccessToken.__init__",
            "account_sid",
            "signing_key_sid",
            "secret",
            "grants",
            "identity",
            "nbf",
            "ttl",
            "valid_until",
            "region",
        ),
        method("AccessToken.add_grant"),
        method("AccessToken.to_jwt", "ttl"),
        method(
            "ChatGrant.__init__",
            "service_sid",
            "endpoint_id",
            "deployment_role_sid",
            "push_credential_sid",
        ),
    ),
    "enums at their owners": (
        prop("Conversation.UpdateReason"),
        prop("Message.UpdateReason"),
        prop("Participant.UpdateReason"),
        prop("User.UpdateReason"),
    ),
}
