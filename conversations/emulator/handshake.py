"""
Whether an ``init`` or ``update`` is accepted, and what is replied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from .._core.twilsock.frames import Frame
from .._core.upstream import JSONValue
from . import twilsock
from .domain import users
from .fault_kinds import Backoff, TwilsockStatus
from .journal import HandshakeRecord
from .tokens import TokenClaims, TokenRefused

if TYPE_CHECKING:
    from .backend import Backend

PRODUCTS = ("data_sync", "ip_messaging")
GRANTED = frozenset({"client_update", "offline_storage", "account_descriptor"})


@attrs.frozen(kw_only=True)
class Accepted:
    """
    The token is in force.

    Attributes:
        claims: What it says.
        reply_fields: What the reply has besides its status.
        capabilities: What the client asked for and gets.
        message_types: What it registered for.
    """

    claims: TokenClaims
    reply_fields: Mapping[str, JSONValue] = attrs.field(factory=dict, repr=False)
    capabilities: tuple[str, ...] = ()
    message_types: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Refused:
    """
    The connection ends after this reply.
    """

    status: TwilsockStatus
    backoff: Backoff | None = None


def accept_init(backend: Backend, frame: Frame, number: int) -> Accepted | Refused:
    """
    Check the first frame of a connection.
    """
    metadata = frame.header.get("metadata")
    record = HandshakeRecord(
        method="init",
        connection=number,
        identity=None,
        status=200,
        metadata=metadata if isinstance(metadata, dict) else {},
    )
    try:
        claims = backend.validate_token(frame.header.get("token"))
    except TokenRefused as error:
        status = twilsock.unauthorized(error.code, error.description)
        return _refused(backend, record, status, None)
    record = attrs.evolve(record, identity=claims.identity)
    refusal = backend.faults.for_init(claims.identity)
    if refusal is not None:
        return _refused(backend, record, refusal.status, refusal.backoff)
    users.ensure(backend.service, claims.identity, role_sid=claims.role_sid)
    return _accepted(backend, frame, claims, record)


def accept_update(
    backend: Backend, frame: Frame, number: int, current: TokenClaims | None
) -> Accepted | Refused:
    """
    Check a new token for a connection that has one.
    """
    record = HandshakeRecord(method="update", connection=number, identity=None, status=200)
    try:
        claims = backend.validate_token(frame.header.get("token"))
    except TokenRefused as error:
        status = twilsock.unauthorized(error.code, error.description)
        return _refused(backend, record, status, None)
    record = attrs.evolve(record, identity=claims.identity)
    if current is None or _holder(claims) != _holder(current):
        return _refused(backend, record, twilsock.OTHER_TOKEN, None)
    backend.journal.handshakes.append(record)
    return Accepted(claims=claims)


def _holder(claims: TokenClaims) -> tuple[str, str, str]:
    return (claims.account, claims.service, claims.identity)


def _refused(
    backend: Backend, record: HandshakeRecord, status: TwilsockStatus, backoff: Backoff | None
) -> Refused:
    backend.journal.handshakes.append(
        attrs.evolve(record, status=status.code, error_code=status.error_code)
    )
    backend.watch.changed()
    return Refused(status=status, backoff=backoff)


def _accepted(
    backend: Backend, frame: Frame, claims: TokenClaims, record: HandshakeRecord
) -> Accepted:
    continuation = backend.continuation_tokens.answer(
        frame.header.get("continuation_token"),
        identity=claims.identity,
        service=claims.service,
    )
    backend.journal.handshakes.append(
        attrs.evolve(record, continuation=continuation.reason or "ACCEPTED")
    )
    capabilities = tuple(
        capability
        for capability in _texts(frame.header.get("capabilities"))
        if capability in GRANTED
    )
    registrations = [
        entry for entry in _list(frame.header.get("registrations")) if isinstance(entry, dict)
    ]
    fields: dict[str, JSONValue] = {
        "capabilities": list(capabilities),
        "continuation_token": _damaged(backend, claims.identity, continuation.token),
        "continuation_token_status": continuation.status,
        "init_registrations": [_registration(backend, entry) for entry in registrations],
    }
    if "offline_storage" in capabilities:
        fields["offline_storage"] = {
            product: {"storage_id": backend.service.storage_id(claims.identity, product)}
            for product in PRODUCTS
        }
    if "account_descriptor" in capabilities:
        fields["account_descriptor"] = {
            "account_sid": claims.account,
            "identity": claims.identity,
            "instance_sids": {"chat": claims.service, "ip_messaging": claims.service},
        }
    return Accepted(
        claims=claims,
        reply_fields=fields,
        capabilities=capabilities,
        message_types=tuple(
            message_type
            for entry in registrations
            for message_type in _texts(entry.get("message_types"))
        ),
    )


def _damaged(backend: Backend, identity: str, token: str) -> str:
    """
    The token, or what a test wants the client to have instead.
    """
    return token.replace(".", "") if backend.faults.damages_continuation(identity) else token


def _registration(backend: Backend, entry: dict[str, JSONValue]) -> JSONValue:
    return {
        "notification_ctx_id": backend.ids.uuid(),
        "type": str(entry.get("type")),
        "product": str(entry.get("product")),
        "message_types": list(_texts(entry.get("message_types"))),
    }


def _list(value: JSONValue | None) -> list[JSONValue]:
    return value if isinstance(value, list) else []


def _texts(value: JSONValue | None) -> list[str]:
    return [entry for entry in _list(value) if isinstance(entry, str)]
