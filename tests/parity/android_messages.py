"""
The official Android SDK: messages, media, delivery and rich content.
"""

from __future__ import annotations

from tests.parity.rows import Table, member, method, name, none, prop

SINGLE_MEDIA = none("gone from Android's SDK since a message may have several attachments")

MESSAGES: Table = {
    "Message": name("Message"),
    "Message.getSid": prop("Message.sid"),
    "Message.getMessageIndex": prop("Message.message_index"),
    "Message.getAuthor": prop("Message.author"),
    "Message.getBody": prop("Message.body"),
    "Message.getSubject": prop("Message.subject"),
    "Message.getAttributes": prop("Message.attributes"),
    "Message.getContentSid": prop("Message.content_sid"),
    "Message.getDateCreated": prop("Message.date_created"),
    "Message.getDateUpdated": prop("Message.date_updated"),
    "Message.getLastUpdatedBy": prop("Message.last_updated_by"),
    "Message.getConversation": prop("Message.conversation"),
    "Message.getConversationSid": prop("Message.conversation_sid"),
    "Message.getParticipantSid": prop("Message.participant_sid"),
    "Message.getParticipant": prop("Message.participant"),
    "Message.getAttachedMedia": prop("Message.attached_media"),
    "Message.getMediaByCategories": method("Message.get_media_by_categories", "categories"),
    "Message.getEmailBody": method("Message.get_email_body", "content_type"),
    "Message.getEmailHistory": method("Message.get_email_history", "content_type"),
    "Message.getAggregatedDeliveryReceipt": prop("Message.aggregated_delivery_receipt"),
    "Message.getDetailedDeliveryReceiptList": method("Message.get_detailed_delivery_receipt_list"),
    "Message.updateBody": method("Message.update_body", "body"),
    "Message.setAttributes": method("Message.set_attributes", "attributes"),
    "Message.getTemporaryContentUrlsForAttachedMedia": method(
        "Message.get_temporary_content_urls_for_attached_media"
    ),
    "Message.getTemporaryContentUrlsForMedia": method(
        "Message.get_temporary_content_urls_for_media", "media"
    ),
    "Message.getTemporaryContentUrlsForMediaSids": method(
        "Message.get_temporary_content_urls_for_media_sids", "sids"
    ),
    "Message.getContentData": method("Message.get_content_data"),
    "Message.UpdateReason": prop("Message.UpdateReason"),
    "Message.Type": SINGLE_MEDIA,
    "Message.hasMedia": SINGLE_MEDIA,
    "Message.getMediaSid": SINGLE_MEDIA,
    "Message.getMediaContentTemporaryUrl": SINGLE_MEDIA,
    "Message.options": none("gone from Android's SDK in favour of prepareMessage"),
    "MessageUpdateReason": name("MessageUpdateReason"),
    "MessageUpdateReason.BODY": member("MessageUpdateReason.BODY"),
    "MessageUpdateReason.ATTRIBUTES": member("MessageUpdateReason.ATTRIBUTES"),
    "MessageUpdateReason.DELIVERY_RECEIPT": member("MessageUpdateReason.DELIVERY_RECEIPT"),
    "MessageUpdateReason.SUBJECT": member("MessageUpdateReason.SUBJECT"),
    "MessageBuilder": name("MessageBuilder"),
    "MessageBuilder.setBody": method("MessageBuilder.set_body", "text"),
    "MessageBuilder.setSubject": method("MessageBuilder.set_subject", "text"),
    "MessageBuilder.setAttributes": method("MessageBuilder.set_attributes", "attributes"),
    "MessageBuilder.addMedia": method(
        "MessageBuilder.add_media", "source", "content_type", "filename", "listener"
    ),
    "MessageBuilder.setEmailBody": method(
        "MessageBuilder.set_email_body", "source", "content_type", "listener"
    ),
    "MessageBuilder.setEmailHistory": method(
        "MessageBuilder.set_email_history", "source", "content_type", "listener"
    ),
    "MessageBuilder.setContentTemplate": method(
        "MessageBuilder.set_content_template", "content_sid", "variables"
    ),
    "MessageBuilder.build": method("MessageBuilder.build"),
    "MessageBuilder.buildAndSend": method("MessageBuilder.build_and_send"),
    "UnsentMessage": name("UnsentMessage"),
    "UnsentMessage.send": (
        method("UnsentMessage.send"),
        method("UnsentMessage.send_in_background", "callback"),
    ),
    "CancellationToken": name("CancellationToken"),
    "CancellationToken.cancel": method("CancellationToken.cancel"),
    "Media": name("Media"),
    "Media.getSid": prop("Media.sid"),
    "Media.getContentType": prop("Media.content_type"),
    "Media.getFilename": prop("Media.filename"),
    "Media.getSize": prop("Media.size"),
    "Media.getCategory": prop("Media.category"),
    "Media.getTemporaryContentUrl": method("Media.get_temporary_content_url"),
    "MediaCategory": name("MediaCategory"),
    "MediaCategory.MEDIA": member("MediaCategory.MEDIA"),
    "MediaCategory.BODY": member("MediaCategory.BODY"),
    "MediaCategory.HISTORY": member("MediaCategory.HISTORY"),
    "AggregatedDeliveryReceipt": name("AggregatedDeliveryReceipt"),
    "AggregatedDeliveryReceipt.getTotal": prop("AggregatedDeliveryReceipt.total"),
    "AggregatedDeliveryReceipt.getSent": prop("AggregatedDeliveryReceipt.sent"),
    "AggregatedDeliveryReceipt.getDelivered": prop("AggregatedDeliveryReceipt.delivered"),
    "AggregatedDeliveryReceipt.getUndelivered": prop("AggregatedDeliveryReceipt.undelivered"),
    "AggregatedDeliveryReceipt.getRead": prop("AggregatedDeliveryReceipt.read"),
    "AggregatedDeliveryReceipt.getFailed": prop("AggregatedDeliveryReceipt.failed"),
    "DeliveryAmount": name("DeliveryAmount"),
    "DeliveryAmount.NONE": member("DeliveryAmount.NONE"),
    "DeliveryAmount.SOME": member("DeliveryAmount.SOME"),
    "DeliveryAmount.ALL": member("DeliveryAmount.ALL"),
    "DetailedDeliveryReceipt": name("DetailedDeliveryReceipt"),
    "DetailedDeliveryReceipt.getSid": prop("DetailedDeliveryReceipt.sid"),
    "DetailedDeliveryReceipt.getMessageSid": prop("DetailedDeliveryReceipt.message_sid"),
    "DetailedDeliveryReceipt.getConversationSid": prop("DetailedDeliveryReceipt.conversation_sid"),
    "DetailedDeliveryReceipt.getChannelMessageSid": prop(
        "DetailedDeliveryReceipt.channel_message_sid"
    ),
    "DetailedDeliveryReceipt.getParticipantSid": prop("DetailedDeliveryReceipt.participant_sid"),
    "DetailedDeliveryReceipt.getStatus": prop("DetailedDeliveryReceipt.status"),
    "DetailedDeliveryReceipt.getErrorCode": prop("DetailedDeliveryReceipt.error_code"),
    "DetailedDeliveryReceipt.getDateCreated": prop("DetailedDeliveryReceipt.date_created"),
    "DetailedDeliveryReceipt.getDateUpdated": prop("DetailedDeliveryReceipt.date_updated"),
    "DeliveryStatus": name("DeliveryStatus"),
    "DeliveryStatus.READ": member("DeliveryStatus.READ"),
    "DeliveryStatus.UNDELIVERED": member("DeliveryStatus.UNDELIVERED"),
    "DeliveryStatus.DELIVERED": member("DeliveryStatus.DELIVERED"),
    "DeliveryStatus.FAILED": member("DeliveryStatus.FAILED"),
    "DeliveryStatus.SENT": member("DeliveryStatus.SENT"),
    "DeliveryStatus.QUEUED": member("DeliveryStatus.QUEUED"),
    "ContentTemplate": name("ContentTemplate"),
    "ContentTemplateVariable": name("ContentTemplateVariable"),
    "ContentData": name("ContentData"),
    "ContentDataAction": name("ContentDataAction"),
}
