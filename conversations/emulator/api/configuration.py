"""
What a client asks for first: who it is, where everything lies, and the limits.
"""

from __future__ import annotations

from ..._core.upstream import JSONValue
from .calls import Answer, Call


def get_configuration(call: Call) -> Answer:
    """
    ``GET /Client/v2/Configuration``.

    All links are absolute: clients use them as they are. The media links go the way the
    connection went, because media travel by ordinary HTTP.
    """
    api, base = call.client_api, call.request.base_url
    media = f"{call.media_base_url}/v1/Services/{call.service.sid}"
    own = f"{api}/Users/{call.user.sid}"
    return Answer(
        body={
            "identity": call.user.identity,
            "url": f"{base}/Client/v2/Configuration",
            "options": _options(call),
            "sync_objects": {
                "my_conversations": call.user.channels.unique_name,
                "my_user_info": call.user.info.unique_name,
            },
            "links": {
                "my_conversations": f"{own}/Conversations",
                "conversations": f"{api}/Conversations",
                "users": f"{api}/Users",
                "current_user": own,
                "typing": f"{base}/v1/Instances/{call.service.sid}/Typing",
                "media_service": f"{media}/Media",
                "media_set_service": f"{media}/MediaSet",
                "messages_receipts": f"{api}/Conversations/%s/Messages/%s/Receipts",
            },
        }
    )


def _options(call: Call) -> dict[str, JSONValue]:
    settings, limits = call.service.settings, call.service.limits
    return {
        "consumption_report_interval": settings.consumption_report_interval,
        "http_cache_interval": settings.http_cache_interval,
        "user_infos_to_subscribe": settings.user_infos_to_subscribe,
        "reachability_enabled": settings.reachability_enabled,
        "my_conversations_page_size": settings.conversations_page_size,
        "media_attachments_count_limit": limits.media_attachments,
        "media_attachment_size_limit_in_mb": limits.media_megabytes,
        "media_attachments_total_size_limit_in_mb": limits.media_total_megabytes,
        "email_histories_allowed_mime_types": list(settings.email_history_types),
        "email_bodies_allowed_mime_types": list(settings.email_body_types),
    }
