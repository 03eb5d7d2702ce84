"""
The official JavaScript SDK: conversations, participants, users, and pages of anything.
"""

from __future__ import annotations

from tests.parity.rows import Table, callback, member, method, name, none, prop

OPTIONS = "Conversation.add_participant_by_address"
REST_ANSWER = none("the raw answer of the service; here a Participant is made from it")

TABLE: Table = {
    "Conversation": name("Conversation"),
    "Conversation.sid": prop("Conversation.sid"),
    "Conversation.uniqueName": prop("Conversation.unique_name"),
    "Conversation.status": prop("Conversation.status"),
    "Conversation.friendlyName": prop("Conversation.friendly_name"),
    "Conversation.dateUpdated": prop("Conversation.date_updated"),
    "Conversation.dateCreated": prop("Conversation.date_created"),
    "Conversation.createdBy": prop("Conversation.created_by"),
    "Conversation.attributes": prop("Conversation.attributes"),
    "Conversation.lastReadMessageIndex": prop("Conversation.last_read_message_index"),
    "Conversation.lastMessage": (
        prop("Conversation.last_message_index"),
        prop("Conversation.last_message_date"),
    ),
    "Conversation.notificationLevel": prop("Conversation.notification_level"),
    "Conversation.bindings": prop("Conversation.bindings"),
    "Conversation.limits": prop("Conversation.limits"),
    "Conversation.state": (
        prop("Conversation.state"),
        prop("Conversation.state_date_updated"),
    ),
    "Conversation.add(identity, attributes)": (
        method("Conversation.add_participant_by_identity", "identity", "attributes"),
        method("Conversation.ensure_participant", "identity"),
    ),
    "Conversation.addNonChatParticipant(proxyAddress, address, attributes, bindingOptions)": method(
        OPTIONS, "proxy_address", "address", "attributes", "email_name", "email_level"
    ),
    "Conversation.advanceLastReadMessageIndex(index)": method(
        "Conversation.advance_last_read_message_index", "index"
    ),
    "Conversation.delete()": method("Conversation.destroy"),
    "Conversation.getAttributes()": (
        prop("Conversation.attributes"),
        method("Conversation.wait_for_synchronization", "status"),
    ),
    "Conversation.getMessages(pageSize, anchor, direction)": (
        method("Conversation.get_messages", "page_size", "anchor", "direction"),
        method("Conversation.get_last_messages", "count"),
        method("Conversation.get_messages_before", "index", "count"),
        method("Conversation.get_messages_after", "index", "count"),
        method("Conversation.get_message_by_index", "index"),
    ),
    "Conversation.getParticipants()": (
        method("Conversation.get_participants"),
        prop("Conversation.participants_list"),
    ),
    "Conversation.getParticipantsCount()": method("Conversation.get_participants_count"),
    "Conversation.getParticipantBySid(participantSid)": method(
        "Conversation.get_participant_by_sid", "sid"
    ),
    "Conversation.getParticipantByIdentity(identity)": method(
        "Conversation.get_participant_by_identity", "identity"
    ),
    "Conversation.getMessagesCount()": method("Conversation.get_messages_count"),
    "Conversation.getUnreadMessagesCount()": method("Conversation.get_unread_messages_count"),
    "Conversation.join()": method("Conversation.join"),
    "Conversation.leave()": method("Conversation.leave"),
    "Conversation.removeParticipant(participant)": (
        method("Conversation.remove_participant", "participant"),
        method("Conversation.remove_participant_by_identity", "identity"),
    ),
    "Conversation.sendMessage(message, messageAttributes, emailOptions)": method(
        "Conversation.send_message", "body", "media", "attributes", "subject"
    ),
    "Conversation.prepareMessage()": method("Conversation.prepare_message"),
    "Conversation.setAllMessagesRead()": method("Conversation.set_all_messages_read"),
    "Conversation.setAllMessagesUnread()": method("Conversation.set_all_messages_unread"),
    "Conversation.setUserNotificationLevel(notificationLevel)": method(
        "Conversation.set_notification_level", "level"
    ),
    "Conversation.typing()": method("Conversation.typing"),
    "Conversation.updateAttributes(attributes)": method(
        "Conversation.set_attributes", "attributes"
    ),
    "Conversation.updateFriendlyName(friendlyName)": method(
        "Conversation.set_friendly_name", "name"
    ),
    "Conversation.updateLastReadMessageIndex(index)": method(
        "Conversation.set_last_read_message_index", "index"
    ),
    "Conversation.updateUniqueName(uniqueName)": method("Conversation.set_unique_name", "name"),
    "Conversation.getMessageRecipients(options)": method(
        "Conversation.get_message_recipients", "page_size"
    ),
    "Conversation on participantJoined": callback(
        "ConversationListener.on_participant_added", "participant"
    ),
    "Conversation on participantLeft": callback(
        "ConversationListener.on_participant_deleted", "participant"
    ),
    "Conversation on participantUpdated": callback(
        "ConversationListener.on_participant_updated", "participant", "reason"
    ),
    "Conversation on messageAdded": callback("ConversationListener.on_message_added", "message"),
    "Conversation on messageRemoved": callback(
        "ConversationListener.on_message_deleted", "message"
    ),
    "Conversation on messageUpdated": callback(
        "ConversationListener.on_message_updated", "message", "reason"
    ),
    "Conversation on typingEnded": callback(
        "ConversationListener.on_typing_ended", "conversation", "participant"
    ),
    "Conversation on typingStarted": callback(
        "ConversationListener.on_typing_started", "conversation", "participant"
    ),
    "Conversation on updated": callback(
        "ConversationListener.on_updated", "conversation", "reason"
    ),
    "Conversation on removed": callback("ConversationListener.on_deleted", "conversation"),
    "ConversationBindings": prop("Conversation.bindings"),
    "ConversationBindings.email": prop("Conversation.bindings"),
    "ConversationBindings.sms": prop("Conversation.bindings"),
    "ConversationEmailBinding": prop("Conversation.bindings"),
    "ConversationEmailBinding.name": prop("Conversation.bindings"),
    "ConversationEmailBinding.projected_address": prop("Conversation.bindings"),
    "ConversationSmsBinding": prop("Conversation.bindings"),
    "ConversationSmsBinding.address": prop("Conversation.bindings"),
    "ConversationUpdateReason": (
        name("ConversationUpdateReason"),
        prop("Conversation.UpdateReason"),
    ),
    'ConversationUpdateReason = "attributes"': member("ConversationUpdateReason.ATTRIBUTES"),
    'ConversationUpdateReason = "createdBy"': member("ConversationUpdateReason.CREATED_BY"),
    'ConversationUpdateReason = "dateCreated"': member("ConversationUpdateReason.DATE_CREATED"),
    'ConversationUpdateReason = "dateUpdated"': member("ConversationUpdateReason.DATE_UPDATED"),
    'ConversationUpdateReason = "friendlyName"': member("ConversationUpdateReason.FRIENDLY_NAME"),
    'ConversationUpdateReason = "lastReadMessageIndex"': member(
        "ConversationUpdateReason.LAST_READ_MESSAGE_INDEX"
    ),
    'ConversationUpdateReason = "state"': member("ConversationUpdateReason.STATE"),
    'ConversationUpdateReason = "status"': member("ConversationUpdateReason.STATUS"),
    'ConversationUpdateReason = "uniqueName"': member("ConversationUpdateReason.UNIQUE_NAME"),
    'ConversationUpdateReason = "lastMessage"': member("ConversationUpdateReason.LAST_MESSAGE"),
    'ConversationUpdateReason = "notificationLevel"': member(
        "ConversationUpdateReason.NOTIFICATION_LEVEL"
    ),
    'ConversationUpdateReason = "bindings"': member("ConversationUpdateReason.BINDINGS"),
    "ConversationStatus": name("ConversationStatus"),
    'ConversationStatus = "notParticipating"': member("ConversationStatus.NOT_PARTICIPATING"),
    'ConversationStatus = "joined"': member("ConversationStatus.JOINED"),
    "NotificationLevel": name("NotificationLevel"),
    'NotificationLevel = "default"': member("NotificationLevel.DEFAULT"),
    'NotificationLevel = "muted"': member("NotificationLevel.MUTED"),
    "ConversationState": name("ConversationState"),
    "ConversationState.current": prop("Conversation.state"),
    "ConversationState.dateUpdated": prop("Conversation.state_date_updated"),
    "ConversationUpdatedEventArgs": none("each reason is a call of its own"),
    "ConversationUpdatedEventArgs.conversation": callback(
        "ConversationsClientListener.on_conversation_updated", "conversation", "reason"
    ),
    "ConversationUpdatedEventArgs.updateReasons": callback(
        "ConversationsClientListener.on_conversation_updated", "conversation", "reason"
    ),
    "LastMessage": (
        prop("Conversation.last_message_index"),
        prop("Conversation.last_message_date"),
    ),
    "LastMessage.index": prop("Conversation.last_message_index"),
    "LastMessage.dateCreated": prop("Conversation.last_message_date"),
    "ConversationLimits": name("ConversationLimits"),
    "ConversationLimits.mediaAttachmentsCountLimit": prop(
        "ConversationLimits.media_attachments_count_limit"
    ),
    "ConversationLimits.mediaAttachmentSizeLimitInMb": prop(
        "ConversationLimits.media_attachment_size_limit_in_mb"
    ),
    "ConversationLimits.mediaAttachmentsTotalSizeLimitInMb": prop(
        "ConversationLimits.media_attachments_total_size_limit_in_mb"
    ),
    "ConversationLimits.emailHistoriesAllowedContentTypes": prop(
        "ConversationLimits.email_histories_allowed_content_types"
    ),
    "ConversationLimits.emailBodiesAllowedContentTypes": prop(
        "ConversationLimits.email_bodies_allowed_content_types"
    ),
    # Participants.
    "Participant": name("Participant"),
    "Participant.conversation": prop("Participant.conversation"),
    "Participant.sid": prop("Participant.sid"),
    "Participant.attributes": prop("Participant.attributes"),
    "Participant.dateCreated": prop("Participant.date_created"),
    "Participant.dateUpdated": prop("Participant.date_updated"),
    "Participant.identity": prop("Participant.identity"),
    "Participant.isTyping": prop("Participant.is_typing"),
    "Participant.lastReadMessageIndex": prop("Participant.last_read_message_index"),
    "Participant.lastReadTimestamp": prop("Participant.last_read_timestamp"),
    "Participant.roleSid": prop("Participant.role_sid"),
    "Participant.type": (prop("Participant.channel"), prop("Participant.channel_type")),
    "Participant.bindings": prop("Participant.bindings"),
    "Participant.getUser()": method("Participant.get_and_subscribe_user"),
    "Participant.remove()": method("Participant.remove"),
    "Participant.updateAttributes(attributes)": method("Participant.set_attributes", "attributes"),
    "Participant on typingEnded": callback(
        "ConversationListener.on_typing_ended", "conversation", "participant"
    ),
    "Participant on typingStarted": callback(
        "ConversationListener.on_typing_started", "conversation", "participant"
    ),
    "Participant on updated": callback(
        "ConversationListener.on_participant_updated", "participant", "reason"
    ),
    "ParticipantUpdateReason": (
        name("ParticipantUpdateReason"),
        prop("Participant.UpdateReason"),
    ),
    'ParticipantUpdateReason = "attributes"': member("ParticipantUpdateReason.ATTRIBUTES"),
    'ParticipantUpdateReason = "dateCreated"': member("ParticipantUpdateReason.DATE_CREATED"),
    'ParticipantUpdateReason = "dateUpdated"': member("ParticipantUpdateReason.DATE_UPDATED"),
    'ParticipantUpdateReason = "roleSid"': member("ParticipantUpdateReason.ROLE_SID"),
    'ParticipantUpdateReason = "lastReadMessageIndex"': member(
        "ParticipantUpdateReason.LAST_READ_MESSAGE_INDEX"
    ),
    'ParticipantUpdateReason = "lastReadTimestamp"': member(
        "ParticipantUpdateReason.LAST_READ_TIMESTAMP"
    ),
    'ParticipantUpdateReason = "bindings"': member("ParticipantUpdateReason.BINDINGS"),
    "ParticipantType": name("ChannelType"),
    'ParticipantType = "chat"': member("ChannelType.CHAT"),
    'ParticipantType = "sms"': member("ChannelType.SMS"),
    'ParticipantType = "whatsapp"': member("ChannelType.WHATSAPP"),
    'ParticipantType = "email"': member("ChannelType.EMAIL"),
    "ParticipantUpdatedEventArgs": none("each reason is a call of its own"),
    "ParticipantUpdatedEventArgs.participant": callback(
        "ConversationListener.on_participant_updated", "participant", "reason"
    ),
    "ParticipantUpdatedEventArgs.updateReasons": callback(
        "ConversationListener.on_participant_updated", "participant", "reason"
    ),
    "ParticipantBindings": prop("Participant.bindings"),
    "ParticipantBindings.email": prop("Participant.bindings"),
    "ParticipantEmailBinding": (prop("Participant.bindings"), method(OPTIONS)),
    "ParticipantEmailBinding.name": (prop("Participant.bindings"), method(OPTIONS, "email_name")),
    "ParticipantEmailBinding.address": (prop("Participant.bindings"), method(OPTIONS, "address")),
    "ParticipantEmailBinding.level": (prop("Participant.bindings"), method(OPTIONS, "email_level")),
    "ParticipantEmailLevel": method(OPTIONS, "email_level"),
    'ParticipantEmailLevel = "to"': method(OPTIONS, "email_level"),
    'ParticipantEmailLevel = "cc"': method(OPTIONS, "email_level"),
    "ParticipantBindingOptions": method(OPTIONS, "email_name", "email_level"),
    "ParticipantBindingOptions.email": method(OPTIONS, "email_name", "email_level"),
    "ParticipantResponse": name("Participant"),
    "ParticipantResponse.account_sid": REST_ANSWER,
    "ParticipantResponse.chat_service_sid": REST_ANSWER,
    "ParticipantResponse.conversation_sid": prop("Participant.conversation"),
    "ParticipantResponse.role_sid": prop("Participant.role_sid"),
    "ParticipantResponse.sid": prop("Participant.sid"),
    "ParticipantResponse.attributes": prop("Participant.attributes"),
    "ParticipantResponse.date_created": prop("Participant.date_created"),
    "ParticipantResponse.date_updated": prop("Participant.date_updated"),
    "ParticipantResponse.identity": prop("Participant.identity"),
    "ParticipantResponse.messaging_binding": prop("Participant.bindings"),
    "ParticipantResponse.url": REST_ANSWER,
    "ParticipantResponse.links": REST_ANSWER,
    # Users.
    "User": name("User"),
    "User.identity": prop("User.identity"),
    "User.entityName": none("the name of a Sync object: internal, though not marked so"),
    "User.attributes": prop("User.attributes"),
    "User.friendlyName": prop("User.friendly_name"),
    "User.isOnline": prop("User.is_online"),
    "User.isNotifiable": prop("User.is_notifiable"),
    "User.isSubscribed": prop("User.is_subscribed"),
    "User.updateAttributes(attributes)": method("User.set_attributes", "attributes"),
    "User.updateFriendlyName(friendlyName)": method("User.set_friendly_name", "name"),
    "User.unsubscribe()": method("User.unsubscribe"),
    "User on updated": (
        callback("ConversationsClientListener.on_user_updated", "user", "reason"),
        callback("ConversationListener.on_user_updated", "participant", "user", "reason"),
    ),
    "User on userSubscribed": (
        callback("ConversationsClientListener.on_user_subscribed", "user"),
        callback("ConversationListener.on_user_subscribed", "participant", "user"),
    ),
    "User on userUnsubscribed": (
        callback("ConversationsClientListener.on_user_unsubscribed", "user"),
        callback("ConversationListener.on_user_unsubscribed", "participant", "user"),
    ),
    "UserUpdateReason": (name("UserUpdateReason"), prop("User.UpdateReason")),
    'UserUpdateReason = "friendlyName"': member("UserUpdateReason.FRIENDLY_NAME"),
    'UserUpdateReason = "attributes"': member("UserUpdateReason.ATTRIBUTES"),
    'UserUpdateReason = "reachabilityOnline"': member("UserUpdateReason.REACHABILITY_ONLINE"),
    'UserUpdateReason = "reachabilityNotifiable"': member(
        "UserUpdateReason.REACHABILITY_NOTIFIABLE"
    ),
    "UserUpdatedEventArgs": none("each reason is a call of its own"),
    "UserUpdatedEventArgs.user": callback(
        "ConversationsClientListener.on_user_updated", "user", "reason"
    ),
    "UserUpdatedEventArgs.updateReasons": callback(
        "ConversationsClientListener.on_user_updated", "user", "reason"
    ),
    # Pages.
    "Paginator": name("Paginator"),
    "Paginator.hasNextPage": prop("Paginator.has_next_page"),
    "Paginator.hasPrevPage": prop("Paginator.has_prev_page"),
    "Paginator.items": prop("Paginator.items"),
    "Paginator.nextPage()": method("Paginator.next_page"),
    "Paginator.prevPage()": method("Paginator.prev_page"),
    "RestPaginator": name("Paginator"),
    "RestPaginator.hasNextPage": prop("Paginator.has_next_page"),
    "RestPaginator.hasPrevPage": prop("Paginator.has_prev_page"),
    "RestPaginator.items": prop("Paginator.items"),
    "RestPaginator.nextPage()": method("Paginator.next_page"),
    "RestPaginator.prevPage()": method("Paginator.prev_page"),
    "PaginatorOptions": method("Conversation.get_message_recipients", "page_size"),
    "PaginatorOptions.pageSize": method("Conversation.get_message_recipients", "page_size"),
    # JSON.
    "JSONValue": name("JSONValue"),
    "JSONValue | JSONObject": name("JSONObject"),
    "JSONValue | JSONArray": name("JSONArray"),
    "JSONObject": name("JSONObject"),
    "JSONArray": name("JSONArray"),
}
