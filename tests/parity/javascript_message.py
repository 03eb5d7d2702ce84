"""
The official JavaScript SDK: messages, what they carry, and what becomes of them.
"""

from __future__ import annotations

from tests.parity.rows import Table, callback, member, method, name, none, prop

SINGLE_MEDIA = none("deprecated there: from the time of one attachment for each message")
FIELDS = none("a message to be is changed through its builder only")

TABLE: Table = {
    "Message": name("Message"),
    "Message.conversation": (prop("Message.conversation"), prop("Message.conversation_sid")),
    "Message.sid": prop("Message.sid"),
    "Message.author": prop("Message.author"),
    "Message.subject": prop("Message.subject"),
    "Message.contentSid": prop("Message.content_sid"),
    "Message.body": prop("Message.body"),
    "Message.dateUpdated": prop("Message.date_updated"),
    "Message.index": prop("Message.message_index"),
    "Message.lastUpdatedBy": prop("Message.last_updated_by"),
    "Message.dateCreated": prop("Message.date_created"),
    "Message.attributes": prop("Message.attributes"),
    "Message.type": none("a message may have a text and media; see attached_media"),
    "Message.media": SINGLE_MEDIA,
    "Message.attachedMedia": prop("Message.attached_media"),
    "Message.participantSid": prop("Message.participant_sid"),
    "Message.aggregatedDeliveryReceipt": prop("Message.aggregated_delivery_receipt"),
    "Message.getMediaByCategory(categories)": SINGLE_MEDIA,
    "Message.getMediaByCategories(categories)": method(
        "Message.get_media_by_categories", "categories"
    ),
    "Message.getEmailBody(type)": method("Message.get_email_body", "content_type"),
    "Message.getEmailHistory(type)": method("Message.get_email_history", "content_type"),
    "Message.getParticipant()": prop("Message.participant"),
    "Message.getDetailedDeliveryReceipts()": method("Message.get_detailed_delivery_receipt_list"),
    "Message.remove()": (
        method("Message.remove"),
        method("Conversation.remove_message", "message"),
    ),
    "Message.updateBody(body)": method("Message.update_body", "body"),
    "Message.updateAttributes(attributes)": method("Message.set_attributes", "attributes"),
    "Message.attachTemporaryUrlsFor(contentSet)": none(
        "deprecated there in favour of the three that follow"
    ),
    "Message.getTemporaryContentUrlsForMedia(contentSet)": method(
        "Message.get_temporary_content_urls_for_media", "media"
    ),
    "Message.getTemporaryContentUrlsForMediaSids(mediaSids)": method(
        "Message.get_temporary_content_urls_for_media_sids", "sids"
    ),
    "Message.getTemporaryContentUrlsForAttachedMedia()": method(
        "Message.get_temporary_content_urls_for_attached_media"
    ),
    "Message.getContentData()": method("Message.get_content_data"),
    "Message.getChannelMetadata()": method("Message.get_channel_metadata"),
    "Message.getMessageRecipients()": method("Message.get_message_recipients"),
    "Message on updated": callback("ConversationListener.on_message_updated", "message", "reason"),
    "MessageUpdateReason": (name("MessageUpdateReason"), prop("Message.UpdateReason")),
    'MessageUpdateReason = "body"': member("MessageUpdateReason.BODY"),
    'MessageUpdateReason = "lastUpdatedBy"': member("MessageUpdateReason.LAST_UPDATED_BY"),
    'MessageUpdateReason = "dateCreated"': member("MessageUpdateReason.DATE_CREATED"),
    'MessageUpdateReason = "dateUpdated"': member("MessageUpdateReason.DATE_UPDATED"),
    'MessageUpdateReason = "attributes"': member("MessageUpdateReason.ATTRIBUTES"),
    'MessageUpdateReason = "author"': member("MessageUpdateReason.AUTHOR"),
    'MessageUpdateReason = "deliveryReceipt"': member("MessageUpdateReason.DELIVERY_RECEIPT"),
    'MessageUpdateReason = "subject"': member("MessageUpdateReason.SUBJECT"),
    'MessageUpdateReason = "media"': member("MessageUpdateReason.MEDIA"),
    "MessageType": SINGLE_MEDIA,
    'MessageType = "text"': SINGLE_MEDIA,
    'MessageType = "media"': SINGLE_MEDIA,
    "MessageUpdatedEventArgs": none("each reason is a call of its own"),
    "MessageUpdatedEventArgs.message": callback(
        "ConversationListener.on_message_updated", "message", "reason"
    ),
    "MessageUpdatedEventArgs.updateReasons": callback(
        "ConversationListener.on_message_updated", "message", "reason"
    ),
    # Media.
    "Media": name("Media"),
    "Media.sid": prop("Media.sid"),
    "Media.filename": prop("Media.filename"),
    "Media.contentType": prop("Media.content_type"),
    "Media.size": prop("Media.size"),
    "Media.category": prop("Media.category"),
    "Media.getContentTemporaryUrl()": method("Media.get_temporary_content_url"),
    "MediaCategory": name("MediaCategory"),
    'MediaCategory = "media"': member("MediaCategory.MEDIA"),
    'MediaCategory = "body"': member("MediaCategory.BODY"),
    'MediaCategory = "history"': member("MediaCategory.HISTORY"),
    # Sending.
    "SendMediaOptions": method("MessageBuilder.add_media"),
    "SendMediaOptions.contentType": method("MessageBuilder.add_media", "content_type"),
    "SendMediaOptions.filename": method("MessageBuilder.add_media", "filename"),
    "SendMediaOptions.media": method("MessageBuilder.add_media", "source"),
    "SendEmailOptions": method("Conversation.send_message", "subject"),
    "SendEmailOptions.subject": method("Conversation.send_message", "subject"),
    "MessageBuilder": name("MessageBuilder"),
    "MessageBuilder.setBody(text)": method("MessageBuilder.set_body", "text"),
    "MessageBuilder.setSubject(subject)": method("MessageBuilder.set_subject", "text"),
    "MessageBuilder.setAttributes(attributes)": method(
        "MessageBuilder.set_attributes", "attributes"
    ),
    "MessageBuilder.setEmailBody(contentType, body)": method(
        "MessageBuilder.set_email_body", "content_type", "source"
    ),
    "MessageBuilder.setEmailHistory(contentType, history)": method(
        "MessageBuilder.set_email_history", "content_type", "source"
    ),
    "MessageBuilder.setContentTemplate(contentSid, contentVariables)": method(
        "MessageBuilder.set_content_template", "content_sid", "variables"
    ),
    "MessageBuilder.addMedia(payload)": method("MessageBuilder.add_media", "source"),
    "MessageBuilder.build()": method("MessageBuilder.build"),
    "MessageBuilder.buildAndSend()": method("MessageBuilder.build_and_send"),
    "UnsentMessage": name("UnsentMessage"),
    "UnsentMessage.text": FIELDS,
    "UnsentMessage.attributes": FIELDS,
    "UnsentMessage.mediaContent": FIELDS,
    "UnsentMessage.emailOptions": FIELDS,
    "UnsentMessage.contentSid": FIELDS,
    "UnsentMessage.contentVariables": FIELDS,
    "UnsentMessage.send()": (
        method("UnsentMessage.send"),
        method("UnsentMessage.send_in_background", "callback"),
    ),
    # Delivery.
    "AggregatedDeliveryReceipt": name("AggregatedDeliveryReceipt"),
    "AggregatedDeliveryReceipt.total": prop("AggregatedDeliveryReceipt.total"),
    "AggregatedDeliveryReceipt.sent": prop("AggregatedDeliveryReceipt.sent"),
    "AggregatedDeliveryReceipt.delivered": prop("AggregatedDeliveryReceipt.delivered"),
    "AggregatedDeliveryReceipt.read": prop("AggregatedDeliveryReceipt.read"),
    "AggregatedDeliveryReceipt.undelivered": prop("AggregatedDeliveryReceipt.undelivered"),
    "AggregatedDeliveryReceipt.failed": prop("AggregatedDeliveryReceipt.failed"),
    "DeliveryAmount": name("DeliveryAmount"),
    'DeliveryAmount = "none"': member("DeliveryAmount.NONE"),
    'DeliveryAmount = "some"': member("DeliveryAmount.SOME"),
    'DeliveryAmount = "all"': member("DeliveryAmount.ALL"),
    "DetailedDeliveryReceipt": name("DetailedDeliveryReceipt"),
    "DetailedDeliveryReceipt.sid": prop("DetailedDeliveryReceipt.sid"),
    "DetailedDeliveryReceipt.messageSid": prop("DetailedDeliveryReceipt.message_sid"),
    "DetailedDeliveryReceipt.conversationSid": prop("DetailedDeliveryReceipt.conversation_sid"),
    "DetailedDeliveryReceipt.channelMessageSid": prop(
        "DetailedDeliveryReceipt.channel_message_sid"
    ),
    "DetailedDeliveryReceipt.participantSid": prop("DetailedDeliveryReceipt.participant_sid"),
    "DetailedDeliveryReceipt.status": prop("DetailedDeliveryReceipt.status"),
    "DetailedDeliveryReceipt.errorCode": prop("DetailedDeliveryReceipt.error_code"),
    "DetailedDeliveryReceipt.dateCreated": prop("DetailedDeliveryReceipt.date_created"),
    "DetailedDeliveryReceipt.dateUpdated": prop("DetailedDeliveryReceipt.date_updated"),
    "DeliveryStatus": name("DeliveryStatus"),
    'DeliveryStatus = "sent"': member("DeliveryStatus.SENT"),
    'DeliveryStatus = "delivered"': member("DeliveryStatus.DELIVERED"),
    'DeliveryStatus = "failed"': member("DeliveryStatus.FAILED"),
    'DeliveryStatus = "read"': member("DeliveryStatus.READ"),
    'DeliveryStatus = "undelivered"': member("DeliveryStatus.UNDELIVERED"),
    'DeliveryStatus = "queued"': member("DeliveryStatus.QUEUED"),
    # What a channel knows of a message.
    "ChannelMetadata": name("ChannelMetadata"),
    "ChannelMetadata.type": prop("ChannelMetadata.type"),
    "ChannelMetadata.data": prop("ChannelMetadata.data"),
    "RecipientDescriptor": name("RecipientDescriptor"),
    "RecipientDescriptor | EmailRecipientDescriptor": name("EmailRecipientDescriptor"),
    "RecipientDescriptor | UnknownRecipientDescriptor": name("UnknownRecipientDescriptor"),
    "EmailRecipientDescriptor": name("EmailRecipientDescriptor"),
    "EmailRecipientDescriptor.type": prop("EmailRecipientDescriptor.type"),
    "EmailRecipientDescriptor.messageSid": prop("EmailRecipientDescriptor.message_sid"),
    "EmailRecipientDescriptor.level": prop("EmailRecipientDescriptor.level"),
    "EmailRecipientDescriptor.name": prop("EmailRecipientDescriptor.name"),
    "EmailRecipientDescriptor.address": prop("EmailRecipientDescriptor.address"),
    "UnknownRecipientDescriptor": name("UnknownRecipientDescriptor"),
    "UnknownRecipientDescriptor.type": prop("UnknownRecipientDescriptor.type"),
    "UnknownRecipientDescriptor.messageSid": prop("UnknownRecipientDescriptor.message_sid"),
    "UnknownRecipientDescriptor.rawData": prop("UnknownRecipientDescriptor.raw_data"),
    "EmailRecipientLevel": prop("EmailRecipientDescriptor.level"),
    'EmailRecipientLevel = "to"': prop("EmailRecipientDescriptor.level"),
    'EmailRecipientLevel = "from"': prop("EmailRecipientDescriptor.level"),
    'EmailRecipientLevel = "cc"': prop("EmailRecipientDescriptor.level"),
}
