"""
The frames that the server sends.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._core.twilsock.frames import encode_frame
from .._core.upstream import JSONValue, json_body
from .api.calls import Answer
from .fault_kinds import Backoff, TwilsockStatus

OK = TwilsockStatus(code=200, status="OK")
BAD_REQUEST = TwilsockStatus(code=400, status="BAD_REQUEST")
INTERNAL_ERROR = TwilsockStatus(code=500, status="INTERNAL_SERVER_ERROR")
TOO_MANY_REQUESTS = TwilsockStatus(
    code=429, status="TOO_MANY_REQUESTS", error_code=51202, description="Too many requests"
)
NOT_ACCEPTABLE = TwilsockStatus(
    code=406,
    status="NOT_ACCEPTABLE_MESSAGE",
    error_code=51214,
    description="Not acceptable message",
)
TOKEN_EXPIRED = TwilsockStatus(
    code=410, status="TOKEN_EXPIRED", error_code=51207, description="Token expired"
)
OTHER_TOKEN = TwilsockStatus(
    code=401,
    status="UNAUTHORIZED",
    error_code=51215,
    description=("Can't update token, new token was issued for other identity/instance/product."),
)
OFFLOAD = TwilsockStatus(code=308, status="OFFLOAD", description="Connect again")

JSON = "application/json"


def unauthorized(code: int, description: str) -> TwilsockStatus:
    """
    A token was refused.
    """
    return TwilsockStatus(code=401, status="UNAUTHORIZED", error_code=code, description=description)


def status_fields(status: TwilsockStatus) -> dict[str, JSONValue]:
    """
    The ``status`` member of a header. The one place with a name in camel case.
    """
    fields: dict[str, JSONValue] = {"code": status.code, "status": status.status}
    if status.description is not None:
        fields["description"] = status.description
    if status.error_code is not None:
        fields["errorCode"] = status.error_code
    return fields


def reply(
    frame_id: str,
    status: TwilsockStatus,
    *,
    backoff: Backoff | None = None,
    fields: Mapping[str, JSONValue] | None = None,
) -> bytes:
    """
    A reply by Twilsock itself.
    """
    header: dict[str, JSONValue] = {
        "method": "reply",
        "id": frame_id,
        "status": status_fields(status),
        **(fields or {}),
    }
    return _with_payload(header, _backoff_payload(backoff))


def answer_reply(frame_id: str, answer: Answer, request_id: str) -> bytes:
    """
    The answer of the service behind Twilsock.
    """
    payload = b"" if answer.body is None else json_body(answer.body)
    headers: dict[str, JSONValue] = {**answer.headers, "twilio-request-id": request_id}
    if payload:
        headers = {"content-type": JSON, "content-length": str(len(payload)), **headers}
    header: dict[str, JSONValue] = {
        "method": "reply",
        "id": frame_id,
        "status": status_fields(OK),
        "http_status": {"code": answer.status, "status": answer.reason},
        "http_headers": headers,
    }
    return _with_payload(header, payload)


def close(frame_id: str, status: TwilsockStatus, backoff: Backoff | None = None) -> bytes:
    """
    The end of a connection, and why.
    """
    header: dict[str, JSONValue] = {
        "method": "close",
        "id": frame_id,
        "status": status_fields(status),
    }
    return _with_payload(header, _backoff_payload(backoff))


def ping(frame_id: str) -> bytes:
    """
    A sign of life.
    """
    return encode_frame({"method": "ping", "id": frame_id})


def token_about_to_expire(frame_id: str, notice: float) -> bytes:
    """
    The announcement that the token ends soon.
    """
    return encode_frame(
        {
            "method": "client_update",
            "id": frame_id,
            "client_update_type": "token_about_to_expire",
            "client_update_message": (
                f"Your token is about to expire. Time left: less than {round(notice * 1000)} ms"
            ),
        }
    )


def notification(frame_id: str, message_type: str, payload: bytes) -> bytes:
    """
    Something for the client's upper layers.
    """
    header: dict[str, JSONValue] = {
        "method": "notification",
        "id": frame_id,
        "message_type": message_type,
        "notification_ctx_id": "",
    }
    return _with_payload(header, payload)


def _backoff_payload(backoff: Backoff | None) -> bytes:
    if backoff is None:
        return b""
    policy: dict[str, JSONValue] = {
        "reconnect_min_ms": backoff.min_ms,
        "reconnect_max_ms": backoff.max_ms,
    }
    return json_body({"backoff_policy": policy})


def _with_payload(header: dict[str, JSONValue], payload: bytes) -> bytes:
    if payload:
        header["payload_type"] = JSON
    return encode_frame(header, payload, crlf_after_payload=True)
