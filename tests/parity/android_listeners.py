"""
The official Android SDK: the methods of its listeners.
"""

from __future__ import annotations

from tests.parity.rows import Table, callback, name

CLIENT = "ConversationsClientListener"
CONVERSATION = "ConversationListener"

LISTENERS: Table = {
    "ConversationsClientListener": name(CLIENT),
    "ConversationsClientListener.onConnectionStateChange": callback(
        f"{CLIENT}.on_connection_state_change", "state"
    ),
    "ConversationsClientListener.onClientSynchronization": callback(
        f"{CLIENT}.on_client_synchronization", "status"
    ),
    "ConversationsClientListener.onError": callback(f"{CLIENT}.on_error", "error_info"),
    "ConversationsClientListener.onTokenAboutToExpire": callback(
        f"{CLIENT}.on_token_about_to_expire"
    ),
    "ConversationsClientListener.onTokenExpired": callback(f"{CLIENT}.on_token_expired"),
    "ConversationsClientListener.onConversationAdded": callback(
        f"{CLIENT}.on_conversation_added", "conversation"
    ),
    "ConversationsClientListener.onConversationUpdated": callback(
        f"{CLIENT}.on_conversation_updated", "conversation", "reason"
    ),
    "ConversationsClientListener.onConversationDeleted": callback(
        f"{CLIENT}.on_conversation_deleted", "conversation"
    ),
    "ConversationsClientListener.onConversationSynchronizationChange": callback(
        f"{CLIENT}.on_conversation_synchronization_change", "conversation"
    ),
    "ConversationsClientListener.onUserUpdated": callback(
        f"{CLIENT}.on_user_updated", "user", "reason"
    ),
    "ConversationsClientListener.onUserSubscribed": callback(
        f"{CLIENT}.on_user_subscribed", "user"
    ),
    "ConversationsClientListener.onUserUnsubscribed": callback(
        f"{CLIENT}.on_user_unsubscribed", "user"
    ),
    "ConversationsClientListener.onNewMessageNotification": callback(
        f"{CLIENT}.on_new_message_notification", "conversation_sid", "message_sid", "message_index"
    ),
    "ConversationsClientListener.onAddedToConversationNotification": callback(
        f"{CLIENT}.on_added_to_conversation_notification", "conversation_sid"
    ),
    "ConversationsClientListener.onRemovedFromConversationNotification": callback(
        f"{CLIENT}.on_removed_from_conversation_notification", "conversation_sid"
    ),
    "ConversationsClientListener.onNotificationSubscribed": callback(
        f"{CLIENT}.on_notification_subscribed"
    ),
    "ConversationsClientListener.onNotificationFailed": callback(
        f"{CLIENT}.on_notification_failed", "error_info"
    ),
    "ConversationListener": name(CONVERSATION),
    "ConversationListener.onMessageAdded": callback(f"{CONVERSATION}.on_message_added", "message"),
    "ConversationListener.onMessageUpdated": callback(
        f"{CONVERSATION}.on_message_updated", "message", "reason"
    ),
    "ConversationListener.onMessageDeleted": callback(
        f"{CONVERSATION}.on_message_deleted", "message"
    ),
    "ConversationListener.onParticipantAdded": callback(
        f"{CONVERSATION}.on_participant_added", "participant"
    ),
    "ConversationListener.onParticipantUpdated": callback(
        f"{CONVERSATION}.on_participant_updated", "participant", "reason"
    ),
    "ConversationListener.onParticipantDeleted": callback(
        f"{CONVERSATION}.on_participant_deleted", "participant"
    ),
    "ConversationListener.onTypingStarted": callback(
        f"{CONVERSATION}.on_typing_started", "conversation", "participant"
    ),
    "ConversationListener.onTypingEnded": callback(
        f"{CONVERSATION}.on_typing_ended", "conversation", "participant"
    ),
    "ConversationListener.onSynchronizationChanged": callback(
        f"{CONVERSATION}.on_synchronization_changed", "conversation"
    ),
    "CallbackListener": name("CallbackListener"),
    "CallbackListener.onSuccess": callback("CallbackListener.on_success", "result"),
    "CallbackListener.onError": callback("CallbackListener.on_error", "error_info"),
    "StatusListener": name("StatusListener"),
    "StatusListener.onSuccess": callback("StatusListener.on_success"),
    "StatusListener.onError": callback("StatusListener.on_error", "error_info"),
    "MediaUploadListener": name("MediaUploadListener"),
    "MediaUploadListener.onStarted": callback("MediaUploadListener.on_started"),
    "MediaUploadListener.onProgress": callback("MediaUploadListener.on_progress", "bytes_sent"),
    "MediaUploadListener.onCompleted": callback("MediaUploadListener.on_completed", "media_sid"),
    "MediaUploadListener.onFailed": callback("MediaUploadListener.on_failed", "error_info"),
}
