"""
The official Android SDK: the members of its classes and the methods of its listeners.

There are no declarations to read: Android's SDK is closed. This is the list of what its
reference pages, its published libraries and programs that use it show, up to version 6.2.1.
Overloads, and the two forms of a date (text and object), are one row.
"""

from __future__ import annotations

from tests.parity.android_listeners import LISTENERS
from tests.parity.android_messages import MESSAGES
from tests.parity.rows import Row, Table, member, method, name, none, prop


def words(enum: str, *names: str) -> Table:
    """
    The members of an enum that has the same ones here.
    """
    rows: dict[str, Row] = {f"{enum}.{one}": member(f"{enum}.{one}") for one in names}
    return {enum: name(enum), **rows}


CLIENT: Table = {
    "ConversationsClient": name("ConversationsClient"),
    "ConversationsClient.create": (
        method("ConversationsClient.create", "token", "properties"),
        method("ConversationsClient.create_with_callback", "token", "properties", "callback"),
    ),
    "ConversationsClient.createAndSyncConversationsClient": method(
        "ConversationsClient.create_and_synchronize", "token", "properties"
    ),
    "ConversationsClient.shutdown": method("ConversationsClient.shutdown"),
    "ConversationsClient.getConnectionState": prop("ConversationsClient.connection_state"),
    "ConversationsClient.isReachabilityEnabled": prop(
        "ConversationsClient.is_reachability_enabled"
    ),
    "ConversationsClient.updateToken": method("ConversationsClient.update_token", "token"),
    "ConversationsClient.getMyIdentity": prop("ConversationsClient.my_identity"),
    "ConversationsClient.getMyUser": prop("ConversationsClient.my_user"),
    "ConversationsClient.addListener": method("ConversationsClient.add_listener", "listener"),
    "ConversationsClient.removeListener": method("ConversationsClient.remove_listener", "listener"),
    "ConversationsClient.removeAllListeners": method("ConversationsClient.remove_all_listeners"),
    "ConversationsClient.getSdkVersion": method("ConversationsClient.sdk_version"),
    "ConversationsClient.setLogLevel": method("ConversationsClient.set_log_level", "level"),
    "ConversationsClient.getMyConversations": prop("ConversationsClient.my_conversations"),
    "ConversationsClient.getConversation": method(
        "ConversationsClient.get_conversation", "sid_or_unique_name"
    ),
    "ConversationsClient.createConversation": method(
        "ConversationsClient.create_conversation", "friendly_name"
    ),
    "ConversationsClient.conversationBuilder": method("ConversationsClient.conversation_builder"),
    "ConversationsClient.getAndSubscribeUser": method(
        "ConversationsClient.get_and_subscribe_user", "identity"
    ),
    "ConversationsClient.getSubscribedUsers": method("ConversationsClient.get_subscribed_users"),
    "ConversationsClient.getTemporaryContentUrlsForMedia": method(
        "ConversationsClient.get_temporary_content_urls_for_media", "media"
    ),
    "ConversationsClient.getTemporaryContentUrlsForMediaSids": method(
        "ConversationsClient.get_temporary_content_urls_for_media_sids", "sids"
    ),
    "ConversationsClient.getContentTemplates": method("ConversationsClient.get_content_templates"),
    "ConversationsClient.registerFCMToken": method("ConversationsClient.register_fcm_token"),
    "ConversationsClient.unregisterFCMToken": method("ConversationsClient.unregister_fcm_token"),
    "ConversationsClient.handleNotification": method(
        "ConversationsClient.handle_notification", "payload"
    ),
    "ConversationsClient.waitForSynchronization": method(
        "ConversationsClient.wait_for_synchronization"
    ),
    "Properties": name("Properties"),
    "Properties.newBuilder": method("Properties.__init__"),
    "Properties.Builder.setRegion": prop("Properties.region"),
    "Properties.Builder.setCommandTimeout": prop("Properties.command_timeout"),
    "Properties.Builder.setDeferCertificateTrustToPlatform": prop(
        "Properties.defer_certificate_trust_to_platform"
    ),
    "Properties.Builder.setUseProxy": prop("Properties.use_proxy"),
    "Properties.Builder.setSynchronizeOnStartup": prop("Properties.synchronize_on_startup"),
    "Properties.Builder.createProperties": method("Properties.__init__"),
    "FCMToken": name("FCMToken"),
    "NotificationPayload": name("NotificationPayload"),
    "NotificationPayload.new": method("NotificationPayload.__init__", "data"),
    "NotificationPayload.getType": prop("NotificationPayload.type"),
    "NotificationPayload.getConversationSid": prop("NotificationPayload.conversation_sid"),
    "NotificationPayload.getConversationTitle": prop("NotificationPayload.conversation_title"),
    "NotificationPayload.getMessageSid": prop("NotificationPayload.message_sid"),
    "NotificationPayload.getMessageIndex": prop("NotificationPayload.message_index"),
    "NotificationPayload.getBody": prop("NotificationPayload.body"),
    "NotificationPayload.getSound": prop("NotificationPayload.sound"),
    "NotificationPayload.getMediaCount": prop("NotificationPayload.media_count"),
    "NotificationPayload.getMediaSid": prop("NotificationPayload.media_sid"),
    "NotificationPayload.getMediaFilename": prop("NotificationPayload.media_filename"),
    "NotificationPayload.getMediaContentType": prop("NotificationPayload.media_content_type"),
    "NotificationPayload.getMediaSize": prop("NotificationPayload.media_size"),
    **words(
        "NotificationPayloadType",
        "NEW_MESSAGE",
        "ADDED_TO_CONVERSATION",
        "REMOVED_FROM_CONVERSATION",
        "UNKNOWN",
    ),
    **words(
        "ConnectionState",
        "CONNECTING",
        "CONNECTED",
        "DISCONNECTED",
        "DENIED",
        "ERROR",
        "FATAL_ERROR",
    ),
    **words(
        "SynchronizationStatus",
        "STARTED",
        "CONVERSATIONS_COMPLETED",
        "COMPLETED",
        "FAILED",
        "SYNCHRONIZATION_DISABLED",
    ),
    **words("LogLevel", "SILENT", "ASSERT", "ERROR", "WARN", "INFO", "DEBUG", "VERBOSE"),
}

CONVERSATION: Table = {
    "Conversation": name("Conversation"),
    "Conversation.getSid": prop("Conversation.sid"),
    "Conversation.getFriendlyName": prop("Conversation.friendly_name"),
    "Conversation.getUniqueName": prop("Conversation.unique_name"),
    "Conversation.getAttributes": prop("Conversation.attributes"),
    "Conversation.getCreatedBy": prop("Conversation.created_by"),
    "Conversation.getDateCreated": prop("Conversation.date_created"),
    "Conversation.getDateUpdated": prop("Conversation.date_updated"),
    "Conversation.getLastMessageDate": prop("Conversation.last_message_date"),
    "Conversation.getLastMessageIndex": prop("Conversation.last_message_index"),
    "Conversation.getLastReadMessageIndex": prop("Conversation.last_read_message_index"),
    "Conversation.getNotificationLevel": prop("Conversation.notification_level"),
    "Conversation.getStatus": prop("Conversation.status"),
    "Conversation.getState": prop("Conversation.state"),
    "Conversation.getStateDateUpdated": prop("Conversation.state_date_updated"),
    "Conversation.getSynchronizationStatus": prop("Conversation.synchronization_status"),
    "Conversation.getLimits": prop("Conversation.limits"),
    "Conversation.getParticipantsList": (
        prop("Conversation.participants_list"),
        method("Conversation.get_participants"),
    ),
    "Conversation.setFriendlyName": method("Conversation.set_friendly_name", "name"),
    "Conversation.setUniqueName": method("Conversation.set_unique_name", "name"),
    "Conversation.setAttributes": method("Conversation.set_attributes", "attributes"),
    "Conversation.setNotificationLevel": method("Conversation.set_notification_level", "level"),
    "Conversation.join": method("Conversation.join"),
    "Conversation.leave": method("Conversation.leave"),
    "Conversation.destroy": method("Conversation.destroy"),
    "Conversation.typing": method("Conversation.typing"),
    "Conversation.getParticipantByIdentity": method(
        "Conversation.get_participant_by_identity", "identity"
    ),
    "Conversation.getParticipantBySid": method("Conversation.get_participant_by_sid", "sid"),
    "Conversation.addParticipantByIdentity": method(
        "Conversation.add_participant_by_identity", "identity", "attributes"
    ),
    "Conversation.addParticipantByAddress": method(
        "Conversation.add_participant_by_address", "address", "proxy_address", "attributes"
    ),
    "Conversation.removeParticipant": method("Conversation.remove_participant", "participant"),
    "Conversation.removeParticipantByIdentity": method(
        "Conversation.remove_participant_by_identity", "identity"
    ),
    "Conversation.getLastMessages": method("Conversation.get_last_messages", "count"),
    "Conversation.getMessagesBefore": method("Conversation.get_messages_before", "index", "count"),
    "Conversation.getMessagesAfter": method("Conversation.get_messages_after", "index", "count"),
    "Conversation.getMessageByIndex": method("Conversation.get_message_by_index", "index"),
    "Conversation.sendMessage": method("Conversation.send_message", "body"),
    "Conversation.prepareMessage": method("Conversation.prepare_message"),
    "Conversation.removeMessage": method("Conversation.remove_message", "message"),
    "Conversation.setLastReadMessageIndex": method(
        "Conversation.set_last_read_message_index", "index"
    ),
    "Conversation.advanceLastReadMessageIndex": method(
        "Conversation.advance_last_read_message_index", "index"
    ),
    "Conversation.setAllMessagesRead": method("Conversation.set_all_messages_read"),
    "Conversation.setAllMessagesUnread": method("Conversation.set_all_messages_unread"),
    "Conversation.getUnreadMessagesCount": method("Conversation.get_unread_messages_count"),
    "Conversation.getMessagesCount": method("Conversation.get_messages_count"),
    "Conversation.getParticipantsCount": method("Conversation.get_participants_count"),
    "Conversation.addListener": method("Conversation.add_listener", "listener"),
    "Conversation.removeListener": method("Conversation.remove_listener", "listener"),
    "Conversation.removeAllListeners": method("Conversation.remove_all_listeners"),
    "Conversation.waitForSynchronization": method("Conversation.wait_for_synchronization"),
    "Conversation.UpdateReason": prop("Conversation.UpdateReason"),
    "Conversation.SynchronizationStatus": prop("Conversation.SynchronizationStatus"),
    "Conversation.NotificationLevel": prop("Conversation.NotificationLevel"),
    "ConversationBuilder": name("ConversationBuilder"),
    "ConversationBuilder.withFriendlyName": method(
        "ConversationBuilder.with_friendly_name", "name"
    ),
    "ConversationBuilder.withUniqueName": method("ConversationBuilder.with_unique_name", "name"),
    "ConversationBuilder.withAttributes": method(
        "ConversationBuilder.with_attributes", "attributes"
    ),
    "ConversationBuilder.build": method("ConversationBuilder.build"),
    "ConversationLimits": name("ConversationLimits"),
    "ConversationLimits.getMediaAttachmentsCountLimit": prop(
        "ConversationLimits.media_attachments_count_limit"
    ),
    "ConversationLimits.getMediaAttachmentSizeLimitInMb": prop(
        "ConversationLimits.media_attachment_size_limit_in_mb"
    ),
    "ConversationLimits.getMediaAttachmentsTotalSizeLimitInMb": prop(
        "ConversationLimits.media_attachments_total_size_limit_in_mb"
    ),
    "ConversationLimits.getEmailBodiesAllowedContentTypes": prop(
        "ConversationLimits.email_bodies_allowed_content_types"
    ),
    "ConversationLimits.getEmailHistoriesAllowedContentTypes": prop(
        "ConversationLimits.email_histories_allowed_content_types"
    ),
    **words("ConversationSynchronizationStatus", "NONE", "IDENTIFIER", "METADATA", "ALL", "FAILED"),
    **words("ConversationStatus", "JOINED", "NOT_PARTICIPATING"),
    **words("ConversationState", "UNDEFINED", "ACTIVE", "INACTIVE", "CLOSED"),
    **words("NotificationLevel", "DEFAULT", "MUTED"),
    **words(
        "ConversationUpdateReason",
        "ATTRIBUTES",
        "FRIENDLY_NAME",
        "LAST_MESSAGE",
        "LAST_READ_MESSAGE_INDEX",
        "NOTIFICATION_LEVEL",
        "STATE",
        "STATUS",
        "UNIQUE_NAME",
    ),
}

PEOPLE: Table = {
    "Participant": name("Participant"),
    "Participant.getSid": prop("Participant.sid"),
    "Participant.getIdentity": prop("Participant.identity"),
    "Participant.getConversation": prop("Participant.conversation"),
    "Participant.getAttributes": prop("Participant.attributes"),
    "Participant.getDateCreated": prop("Participant.date_created"),
    "Participant.getDateUpdated": prop("Participant.date_updated"),
    "Participant.getLastReadMessageIndex": prop("Participant.last_read_message_index"),
    "Participant.getLastReadTimestamp": prop("Participant.last_read_timestamp"),
    "Participant.getChannel": prop("Participant.channel"),
    "Participant.channelType": prop("Participant.channel_type"),
    "Participant.setAttributes": method("Participant.set_attributes", "attributes"),
    "Participant.getAndSubscribeUser": method("Participant.get_and_subscribe_user"),
    "Participant.remove": method("Participant.remove"),
    "Participant.getType": none("renamed there to getChannel"),
    **words("ChannelType", "UNSET", "OTHER", "CHAT", "SMS", "WHATSAPP"),
    **words(
        "ParticipantUpdateReason", "LAST_READ_MESSAGE_INDEX", "LAST_READ_TIMESTAMP", "ATTRIBUTES"
    ),
    "User": name("User"),
    "User.getIdentity": prop("User.identity"),
    "User.getFriendlyName": prop("User.friendly_name"),
    "User.getAttributes": prop("User.attributes"),
    "User.isOnline": prop("User.is_online"),
    "User.isNotifiable": prop("User.is_notifiable"),
    "User.isSubscribed": prop("User.is_subscribed"),
    "User.setFriendlyName": method("User.set_friendly_name", "name"),
    "User.setAttributes": method("User.set_attributes", "attributes"),
    "User.unsubscribe": method("User.unsubscribe"),
    **words(
        "UserUpdateReason",
        "FRIENDLY_NAME",
        "ATTRIBUTES",
        "REACHABILITY_ONLINE",
        "REACHABILITY_NOTIFIABLE",
    ),
    "Attributes": name("Attributes"),
    "Attributes.new": method("Attributes.__init__", "value"),
    "Attributes.DEFAULT": prop("Attributes.DEFAULT"),
    "Attributes.getType": prop("Attributes.type"),
    "Attributes.getJSONObject": prop("Attributes.json_object"),
    "Attributes.getJSONArray": prop("Attributes.json_array"),
    "Attributes.getString": prop("Attributes.string"),
    "Attributes.getNumber": prop("Attributes.number"),
    "Attributes.getBoolean": prop("Attributes.boolean"),
    "Attributes.toString": method("Attributes.__str__"),
    **words("AttributesType", "OBJECT", "ARRAY", "STRING", "NUMBER", "BOOLEAN", "NULL"),
}

ERRORS: Table = {
    "TwilioException": name("ConversationsError"),
    "TwilioException.errorInfo": prop("ConversationsError.error_info"),
    "ErrorInfo": name("ErrorInfo"),
    "ErrorInfo.reason": prop("ErrorInfo.reason"),
    "ErrorInfo.status": prop("ErrorInfo.status"),
    "ErrorInfo.code": prop("ErrorInfo.code"),
    "ErrorInfo.message": prop("ErrorInfo.message"),
    "ErrorInfo.description": prop("ErrorInfo.description"),
    **{
        f"ErrorInfo.{constant}": prop(f"ErrorInfo.{constant}")
        for constant in (
            "CLIENT_ERROR",
            "CANNOT_GET_MESSAGE_BY_INDEX",
            "MISMATCHING_TOKEN_UPDATE",
            "CONVERSATION_NOT_SYNCHRONIZED",
            "CONVERSATION_NOT_FOUND",
            "UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE",
            "UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE",
            "TOO_MANY_ATTACHMENTS",
            "MEDIA_UPLOAD_ERROR",
        )
    },
    "ErrorReason": name("ErrorReason"),
    **{
        f"ErrorReason.{one}": member(f"ErrorReason.{ours}")
        for one, ours in {
            "Unknown": "UNKNOWN",
            "Cancelled": "CANCELLED",
            "Timeout": "TIMEOUT",
            "MediaUploadError": "MEDIA_UPLOAD_ERROR",
            "MediaFetchError": "MEDIA_FETCH_ERROR",
            "TooManyAttachments": "TOO_MANY_ATTACHMENTS",
            "UnsupportedEmailBodyContentType": "UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE",
            "UnsupportedEmailHistoryContentType": "UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE",
            "TransportDisconnected": "TRANSPORT_DISCONNECTED",
            "NetworkBecameUnreachable": "NETWORK_BECAME_UNREACHABLE",
            "Unauthorized": "UNAUTHORIZED",
            "TokenExpired": "TOKEN_EXPIRED",
            "TokenUpdatedLocally": "TOKEN_UPDATED_LOCALLY",
            "TooManyRequests": "TOO_MANY_REQUESTS",
            "HostnameUnverified": "HOSTNAME_UNVERIFIED",
            "SslHandshakeError": "SSL_HANDSHAKE_ERROR",
            "CloseMessageReceived": "CLOSE_MESSAGE_RECEIVED",
            "CannotParse": "CANNOT_PARSE",
            "RetrierReachedMaxAttempsCount": "RETRIER_REACHED_MAX_ATTEMPTS_COUNT",
            "RetrierReachedMaxTime": "RETRIER_REACHED_MAX_TIME",
            "ContentTemplatesFetchError": "CONTENT_TEMPLATES_FETCH_ERROR",
            "CommandRecoverableError": "COMMAND_RECOVERABLE_ERROR",
            "CommandPermanentError": "COMMAND_PERMANENT_ERROR",
            "NoContentSid": "NO_CONTENT_SID",
            "ContentMediaDownloadError": "CONTENT_MEDIA_DOWNLOAD_ERROR",
            "CreateClientError": "CREATE_CLIENT_ERROR",
            "UpdateTokenError": "UPDATE_TOKEN_ERROR",
            "OpenStreamError": "OPEN_STREAM_ERROR",
            "OpenDocumentError": "OPEN_DOCUMENT_ERROR",
            "OpenCollectionError": "OPEN_COLLECTION_ERROR",
            "MutateOperationAborted": "MUTATE_OPERATION_ABORTED",
            "MutateCollectionItemNotFound": "MUTATE_COLLECTION_ITEM_NOT_FOUND",
            "MismatchedLastUserAccount": "MISMATCHED_LAST_USER_ACCOUNT",
            "ClientShutdown": "CLIENT_SHUTDOWN",
            "IteratorError": "ITERATOR_ERROR",
        }.items()
    },
}

TABLE: Table = {**CLIENT, **CONVERSATION, **PEOPLE, **MESSAGES, **LISTENERS, **ERRORS}
