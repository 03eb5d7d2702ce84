"""
The official JavaScript SDK: the client, its options, its events, and push notifications.
"""

from __future__ import annotations

from tests.parity.rows import Table, callback, member, method, name, none, prop

WIRING = none("wires several JavaScript SDKs to one connection; this package has one")
REMOVED_PRODUCT = none("the options of a product that no longer exists")
EVENT = none("a callback is a method to override, or a function given to add_callbacks")
DISPATCH = "ConversationsClientListener"

TABLE: Table = {
    "Client": name("ConversationsClient"),
    "Client.version": method("ConversationsClient.sdk_version"),
    "Client.connectionState": prop("ConversationsClient.connection_state"),
    "Client.new(fpaToken, options)": (
        method("ConversationsClient.create", "token", "properties"),
        method("ConversationsClient.create_with_callback", "token", "properties", "callback"),
    ),
    "Client.user": (
        prop("ConversationsClient.my_user"),
        prop("ConversationsClient.my_identity"),
    ),
    "Client.reachabilityEnabled": prop("ConversationsClient.is_reachability_enabled"),
    "Client.token": none("deprecated there; a token is not handed out, only looked into"),
    "Client.create(token, options)": method("ConversationsClient.create", "token", "properties"),
    "Client.parsePushNotification(notificationPayload)": method(
        "NotificationPayload.__init__", "data"
    ),
    "Client.populateInitRegistrations(reg)": WIRING,
    "Client.shutdown()": method("ConversationsClient.shutdown"),
    "Client.updateToken(token)": method("ConversationsClient.update_token", "token"),
    "Client.getConversationBySid(conversationSid)": method(
        "ConversationsClient.get_conversation", "sid_or_unique_name"
    ),
    "Client.peekConversationBySid(conversationSid)": method(
        "ConversationsClient.peek_conversation", "sid"
    ),
    "Client.getConversationByUniqueName(uniqueName)": method(
        "ConversationsClient.get_conversation", "sid_or_unique_name"
    ),
    "Client.getSubscribedConversations()": method(
        "ConversationsClient.get_subscribed_conversations"
    ),
    "Client.createConversation(options)": (
        method("ConversationsClient.create_conversation"),
        method("ConversationsClient.conversation_builder"),
    ),
    "Client.setPushRegistrationId(channelType, registrationId)": (
        method("ConversationsClient.register_fcm_token"),
        method("ConversationsClient.register_apn_token"),
    ),
    "Client.unsetPushRegistrationId(channelType)": none("deprecated there"),
    "Client.removePushRegistrations(channelType, registrationId)": (
        method("ConversationsClient.unregister_fcm_token"),
        method("ConversationsClient.unregister_apn_token"),
    ),
    "Client.parsePushNotification": name("NotificationPayload"),
    "Client.handlePushNotification(notificationPayload)": method(
        "ConversationsClient.handle_notification", "payload"
    ),
    "Client.getUser(identity)": method("ConversationsClient.get_and_subscribe_user", "identity"),
    "Client.getSubscribedUsers()": method("ConversationsClient.get_subscribed_users"),
    "Client.getTemporaryContentUrlsForMediaSids(mediaSids)": method(
        "ConversationsClient.get_temporary_content_urls_for_media_sids", "sids"
    ),
    "Client.getTemporaryContentUrlsForMedia(contentSet)": method(
        "ConversationsClient.get_temporary_content_urls_for_media", "media"
    ),
    "Client.getContentTemplates()": method("ConversationsClient.get_content_templates"),
    "Client on conversationAdded": callback(f"{DISPATCH}.on_conversation_added", "conversation"),
    "Client on conversationJoined": callback(f"{DISPATCH}.on_conversation_joined", "conversation"),
    "Client on conversationLeft": callback(f"{DISPATCH}.on_conversation_left", "conversation"),
    "Client on conversationRemoved": callback(
        f"{DISPATCH}.on_conversation_deleted", "conversation"
    ),
    "Client on conversationUpdated": callback(
        f"{DISPATCH}.on_conversation_updated", "conversation", "reason"
    ),
    "Client on participantJoined": callback(f"{DISPATCH}.on_participant_added", "participant"),
    "Client on participantLeft": callback(f"{DISPATCH}.on_participant_deleted", "participant"),
    "Client on participantUpdated": callback(
        f"{DISPATCH}.on_participant_updated", "participant", "reason"
    ),
    "Client on messageAdded": callback(f"{DISPATCH}.on_message_added", "message"),
    "Client on messageRemoved": callback(f"{DISPATCH}.on_message_deleted", "message"),
    "Client on messageUpdated": callback(f"{DISPATCH}.on_message_updated", "message", "reason"),
    "Client on tokenAboutToExpire": callback(f"{DISPATCH}.on_token_about_to_expire"),
    "Client on tokenExpired": callback(f"{DISPATCH}.on_token_expired"),
    "Client on typingEnded": callback(f"{DISPATCH}.on_typing_ended", "conversation", "participant"),
    "Client on typingStarted": callback(
        f"{DISPATCH}.on_typing_started", "conversation", "participant"
    ),
    "Client on pushNotification": (
        callback(f"{DISPATCH}.on_push_notification", "payload"),
        callback(
            f"{DISPATCH}.on_new_message_notification",
            "conversation_sid",
            "message_sid",
            "message_index",
        ),
        callback(f"{DISPATCH}.on_added_to_conversation_notification", "conversation_sid"),
        callback(f"{DISPATCH}.on_removed_from_conversation_notification", "conversation_sid"),
        callback(f"{DISPATCH}.on_badge_count_notification", "count"),
    ),
    "Client on userSubscribed": callback(f"{DISPATCH}.on_user_subscribed", "user"),
    "Client on userUnsubscribed": callback(f"{DISPATCH}.on_user_unsubscribed", "user"),
    "Client on userUpdated": callback(f"{DISPATCH}.on_user_updated", "user", "reason"),
    "Client on stateChanged": none("deprecated there in favour of the two that follow"),
    "Client on initialized": callback(f"{DISPATCH}.on_initialized"),
    "Client on initFailed": callback(f"{DISPATCH}.on_init_failed", "error_info"),
    "Client on connectionStateChanged": callback(f"{DISPATCH}.on_connection_state_change", "state"),
    "Client on connectionError": callback(
        f"{DISPATCH}.on_connection_error", "error_info", "terminal"
    ),
    # What the start of a client came to.
    "State": none("of the deprecated stateChanged"),
    'State = "failed"': callback(f"{DISPATCH}.on_init_failed", "error_info"),
    'State = "initialized"': callback(f"{DISPATCH}.on_initialized"),
    "ConnectionState": name("ConnectionState"),
    'ConnectionState = "unknown"': none("a client begins as DISCONNECTED"),
    'ConnectionState = "disconnecting"': member("ConnectionState.DISCONNECTED", is_renamed=True),
    'ConnectionState = "disconnected"': member("ConnectionState.DISCONNECTED"),
    'ConnectionState = "retrying"': member("ConnectionState.CONNECTING", is_renamed=True),
    'ConnectionState = "connecting"': member("ConnectionState.CONNECTING"),
    'ConnectionState = "connected"': member("ConnectionState.CONNECTED"),
    'ConnectionState = "denied"': member("ConnectionState.DENIED"),
    'ConnectionState = "error"': member("ConnectionState.ERROR"),
    "ConnectionError": name("ErrorInfo"),
    "ConnectionError.terminal": callback(
        f"{DISPATCH}.on_connection_error", "error_info", "terminal"
    ),
    "ConnectionError.message": prop("ErrorInfo.message"),
    # Options.
    "ClientOptions": name("Properties"),
    "ClientOptions.logLevel": method("ConversationsClient.set_log_level", "level"),
    "ClientOptions.channelMetadataCacheCapacity": prop(
        "Properties.channel_metadata_cache_capacity"
    ),
    "ClientOptions.messageRecipientsCacheCapacity": prop(
        "Properties.message_recipients_cache_capacity"
    ),
    "ClientOptions.region": prop("Properties.region"),
    "ClientOptions.productId": none("names the product behind a shared transport"),
    "ClientOptions.twilsockClient": WIRING,
    "ClientOptions.transport": WIRING,
    "ClientOptions.notificationsClient": WIRING,
    "ClientOptions.syncClient": WIRING,
    "ClientOptions.typingIndicatorTimeoutOverride": prop("Properties.typing_indicator_timeout"),
    "ClientOptions.consumptionReportIntervalOverride": none("read there, but never used"),
    "ClientOptions.httpCacheIntervalOverride": prop("Properties.http_cache_interval"),
    "ClientOptions.userInfosToSubscribeOverride": prop("Properties.user_infos_to_subscribe"),
    "ClientOptions.retryWhenThrottledOverride": prop("Properties.retry_when_throttled"),
    "ClientOptions.backoffConfigOverride": (
        prop("Properties.backoff_min"),
        prop("Properties.backoff_max"),
        prop("Properties.backoff_max_attempts"),
    ),
    "ClientOptions.Chat": REMOVED_PRODUCT,
    "ClientOptions.IPMessaging": REMOVED_PRODUCT,
    "ClientOptions.Sync": prop("Properties.api_url"),
    "ClientOptions.Notification": none("nothing in it concerns an application"),
    "ClientOptions.Twilsock": prop("Properties.twilsock_url"),
    "ClientOptions.clientMetadata": prop("Properties.client_metadata"),
    "ClientOptions.initRegistrations": WIRING,
    "ClientOptions.disableDeepClone": none("options are immutable: nothing needs a copy"),
    "ClientOptions.typingUri": prop("Properties.api_url"),
    "ClientOptions.apiUri": prop("Properties.api_url"),
    "ClientOptions.throwErrorsAlways": none("errors of the start are always raised"),
    "CreateConversationOptions": method("ConversationsClient.create_conversation"),
    "CreateConversationOptions.attributes": method(
        "ConversationsClient.create_conversation", "attributes"
    ),
    "CreateConversationOptions.friendlyName": method(
        "ConversationsClient.create_conversation", "friendly_name"
    ),
    "CreateConversationOptions.uniqueName": method(
        "ConversationsClient.create_conversation", "unique_name"
    ),
    "CreateConversationOptions.access": method("ConversationsClient.create_conversation", "access"),
    "LogLevel": name("LogLevel"),
    'LogLevel = "trace"': member("LogLevel.VERBOSE", is_renamed=True),
    'LogLevel = "debug"': member("LogLevel.DEBUG"),
    'LogLevel = "info"': member("LogLevel.INFO"),
    'LogLevel = "warn"': member("LogLevel.WARN"),
    'LogLevel = "error"': member("LogLevel.ERROR"),
    'LogLevel = "silent"': member("LogLevel.SILENT"),
    # What every object of the SDK inherits, and what its calls return.
    "ReplayEventEmitter": (
        name("ConversationsClientListener"),
        name("ConversationListener"),
    ),
    "ReplayEventEmitter.new()": EVENT,
    "ReplayEventEmitter.on(event, listener)": (
        method("ConversationsClient.add_listener", "listener"),
        method("Conversation.add_listener", "listener"),
        method("ConversationsClient.add_callbacks"),
        method("ConversationsClient.listen", "callback_name"),
    ),
    "ReplayEventEmitter.once(event, listener)": (
        method("ConversationsClient.wait_for", "predicate"),
        method("Conversation.wait_for_message", "predicate"),
    ),
    "ReplayEventEmitter.off(event, listener)": (
        method("ConversationsClient.remove_listener", "listener"),
        method("Conversation.remove_listener", "listener"),
    ),
    "ReplayEventEmitter.emit(event, ...args)": none("only the SDK tells of events"),
    "ReplayEventEmitter.addListener(event, listener)": (
        method("ConversationsClient.add_listener", "listener"),
        method("Conversation.add_listener", "listener"),
    ),
    "ReplayEventEmitter.removeListener(event, listener)": (
        method("ConversationsClient.remove_listener", "listener"),
        method("Conversation.remove_listener", "listener"),
        method("ConversationsClient.remove_all_listeners"),
        method("Conversation.remove_all_listeners"),
    ),
    "ReplayEventEmitter.addListenerWithReplay(event, listener)": (
        method("ConversationsClient.add_listener", "listener", "replay"),
        method("Conversation.add_listener", "listener", "replay"),
    ),
    "ReplayEventEmitter.onWithReplay(event, listener)": (
        method("ConversationsClient.add_listener", "listener", "replay"),
        method("Conversation.add_listener", "listener", "replay"),
    ),
    "ReplayEventEmitter.onceWithReplay(event, listener)": (
        method("ConversationsClient.wait_until", "predicate"),
    ),
    "CancellablePromise": name("CancellationToken"),
    "CancellablePromise.new(executor)": none("only the SDK makes them"),
    "CancellablePromise.cancel()": method("CancellationToken.cancel"),
    # Push notifications.
    "PushNotification": name("NotificationPayload"),
    "PushNotification.title": prop("NotificationPayload.title"),
    "PushNotification.body": prop("NotificationPayload.body"),
    "PushNotification.sound": prop("NotificationPayload.sound"),
    "PushNotification.badge": prop("NotificationPayload.badge"),
    "PushNotification.action": prop("NotificationPayload.action"),
    "PushNotification.type": prop("NotificationPayload.type"),
    "PushNotification.data": none("its members are members of the payload itself"),
    "PushNotificationType": name("NotificationPayloadType"),
    'PushNotificationType = "twilio.conversations.new_message"': member(
        "NotificationPayloadType.NEW_MESSAGE"
    ),
    'PushNotificationType = "twilio.conversations.added_to_conversation"': member(
        "NotificationPayloadType.ADDED_TO_CONVERSATION"
    ),
    'PushNotificationType = "twilio.conversations.removed_from_conversation"': member(
        "NotificationPayloadType.REMOVED_FROM_CONVERSATION"
    ),
    "PushNotificationDescriptor": method("NotificationPayload.__init__", "data"),
    "PushNotificationDescriptor.title": prop("NotificationPayload.title"),
    "PushNotificationDescriptor.body": prop("NotificationPayload.body"),
    "PushNotificationDescriptor.sound": prop("NotificationPayload.sound"),
    "PushNotificationDescriptor.badge": prop("NotificationPayload.badge"),
    "PushNotificationDescriptor.action": prop("NotificationPayload.action"),
    "PushNotificationDescriptor.type": prop("NotificationPayload.type"),
    "PushNotificationDescriptor.data": none("its members are members of the payload itself"),
    "PushNotificationData": name("NotificationPayload"),
    "PushNotificationData.conversationSid": prop("NotificationPayload.conversation_sid"),
    "PushNotificationData.conversationTitle": prop("NotificationPayload.conversation_title"),
    "PushNotificationData.messageIndex": prop("NotificationPayload.message_index"),
    "PushNotificationData.messageSid": prop("NotificationPayload.message_sid"),
    "PushNotificationData.media": (
        prop("NotificationPayload.media_sid"),
        prop("NotificationPayload.media_filename"),
        prop("NotificationPayload.media_content_type"),
        prop("NotificationPayload.media_size"),
    ),
    "PushNotificationData.mediaCount": prop("NotificationPayload.media_count"),
    "NotificationTypes": name("NotificationPayloadType"),
    "NotificationTypes.TYPING_INDICATOR": none("of the connection, not of push"),
    "NotificationTypes.NEW_MESSAGE": member("NotificationPayloadType.NEW_MESSAGE"),
    "NotificationTypes.ADDED_TO_CONVERSATION": member(
        "NotificationPayloadType.ADDED_TO_CONVERSATION"
    ),
    "NotificationTypes.REMOVED_FROM_CONVERSATION": member(
        "NotificationPayloadType.REMOVED_FROM_CONVERSATION"
    ),
    "NotificationTypes.CONSUMPTION_UPDATE": none("the service pushes nothing of this type"),
    "NotificationsChannelType": (name("FCMToken"), name("APNToken")),
    'NotificationsChannelType = "twilsock"': none("the connection itself, not of push"),
    'NotificationsChannelType = "apn"': name("APNToken"),
    'NotificationsChannelType = "fcm"': name("FCMToken"),
}
