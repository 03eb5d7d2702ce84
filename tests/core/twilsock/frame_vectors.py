"""
Frames whose exact bytes are known. V1, V2, V3, V5 and V6 are what the JavaScript client writes.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Vector:
    """
    Attributes:
        header: The header as it stands in the frame, ``payload_size`` last.
        payload: The payload's bytes.
        base64: The whole frame.
        sha256: Of the whole frame.
        crlf_after_payload: Written by a server.
    """

    header: str
    payload: bytes
    base64: str
    sha256: str
    crlf_after_payload: bool = False


VECTORS = {
    "V1": Vector(
        header=(
            '{"id":"TM00000000-0000-4000-8000-000000000001","method":"reply","payload_type":"'
            'application/json","status":{"code":200,"status":"OK"},"payload_size":0}'
        ),
        payload=b"",
        base64=(
            "VFdJTFNPQ0sgVjMuMCAxNTENCnsiaWQiOiJUTTAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAw"
            "MDAwMSIsIm1ldGhvZCI6InJlcGx5IiwicGF5bG9hZF90eXBlIjoiYXBwbGljYXRpb24vanNvbiIsInN0"
            "YXR1cyI6eyJjb2RlIjoyMDAsInN0YXR1cyI6Ik9LIn0sInBheWxvYWRfc2l6ZSI6MH0NCg=="
        ),
        sha256="cd32c13532802adab180f897d917aa2779b14125507d3439ad07d6eefb6433db",
    ),
    "V2": Vector(
        header=(
            '{"id":"TM00000000-0000-4000-8000-000000000002","method":"init","token":"a.b.c","'
            'continuation_token":null,"metadata":{"ver":"1.0.0","env":"Python","app":"Чат"},"'
            'registrations":[{"product":"ip_messaging","type":"ers","notification_protocol_ve'
            'rsion":4,"message_types":["twilio.sync.event"]}],"tweaks":null,"capabilities":["'
            'client_update"],"payload_size":0}'
        ),
        payload=b"",
        base64=(
            "VFdJTFNPQ0sgVjMuMCAzNTYNCnsiaWQiOiJUTTAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAw"
            "MDAwMiIsIm1ldGhvZCI6ImluaXQiLCJ0b2tlbiI6ImEuYi5jIiwiY29udGludWF0aW9uX3Rva2VuIjpu"
            "dWxsLCJtZXRhZGF0YSI6eyJ2ZXIiOiIxLjAuMCIsImVudiI6IlB5dGhvbiIsImFwcCI6ItCn0LDRgiJ9"
            "LCJyZWdpc3RyYXRpb25zIjpbeyJwcm9kdWN0IjoiaXBfbWVzc2FnaW5nIiwidHlwZSI6ImVycyIsIm5v"
            "dGlmaWNhdGlvbl9wcm90b2NvbF92ZXJzaW9uIjo0LCJtZXNzYWdlX3R5cGVzIjpbInR3aWxpby5zeW5j"
            "LmV2ZW50Il19XSwidHdlYWtzIjpudWxsLCJjYXBhYmlsaXRpZXMiOlsiY2xpZW50X3VwZGF0ZSJdLCJw"
            "YXlsb2FkX3NpemUiOjB9DQo="
        ),
        sha256="c48d0e8db329d4076e3fb8020d0986f4f2cc56ad2debbb2e0c3c2973f52c766b",
    ),
    "V3": Vector(
        header=(
            '{"id":"TM00000000-0000-4000-8000-000000000003","method":"message","active_grant"'
            ':"ip_messaging","payload_type":"application/json; charset=utf-8","http_request":'
            '{"host":"aim.us1.twilio.com","path":"/Client/v1/Conversations/CH1/Messages","met'
            'hod":"POST","params":{"q":"%D0%B6"},"headers":{"Content-Type":"application/json;'
            ' charset=utf-8"}},"payload_size":31}'
        ),
        payload=b'{"body":"Gr\xc3\xbc\xc3\x9fe, \xd0\xbc\xd0\xb8\xd1\x80 \xf0\x9f\x98\x80"}',
        base64=(
            "VFdJTFNPQ0sgVjMuMCAzNTYNCnsiaWQiOiJUTTAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAw"
            "MDAwMyIsIm1ldGhvZCI6Im1lc3NhZ2UiLCJhY3RpdmVfZ3JhbnQiOiJpcF9tZXNzYWdpbmciLCJwYXls"
            "b2FkX3R5cGUiOiJhcHBsaWNhdGlvbi9qc29uOyBjaGFyc2V0PXV0Zi04IiwiaHR0cF9yZXF1ZXN0Ijp7"
            "Imhvc3QiOiJhaW0udXMxLnR3aWxpby5jb20iLCJwYXRoIjoiL0NsaWVudC92MS9Db252ZXJzYXRpb25z"
            "L0NIMS9NZXNzYWdlcyIsIm1ldGhvZCI6IlBPU1QiLCJwYXJhbXMiOnsicSI6IiVEMCVCNiJ9LCJoZWFk"
            "ZXJzIjp7IkNvbnRlbnQtVHlwZSI6ImFwcGxpY2F0aW9uL2pzb247IGNoYXJzZXQ9dXRmLTgifX0sInBh"
            "eWxvYWRfc2l6ZSI6MzF9DQp7ImJvZHkiOiJHcsO8w59lLCDQvNC40YAg8J+YgCJ9"
        ),
        sha256="4104a104afd133ee33083b3c1f74e1e2a5a4cddfbabe6a9cdb96dffa9fd5f47f",
    ),
    "V4": Vector(
        header=(
            '{"method":"notification","id":"TM00000000000040008000000000000004","payload_type'
            '":"application/json","message_type":"twilio.ipmsg.typing_indicator","notificatio'
            'n_ctx_id":"","payload_size":38}'
        ),
        payload=b'{"identity":"Zo\xc3\xab","typing_timeout":6}',
        base64=(
            "VFdJTFNPQ0sgVjMuMCAxOTENCnsibWV0aG9kIjoibm90aWZpY2F0aW9uIiwiaWQiOiJUTTAwMDAwMDAw"
            "MDAwMDQwMDA4MDAwMDAwMDAwMDAwMDA0IiwicGF5bG9hZF90eXBlIjoiYXBwbGljYXRpb24vanNvbiIs"
            "Im1lc3NhZ2VfdHlwZSI6InR3aWxpby5pcG1zZy50eXBpbmdfaW5kaWNhdG9yIiwibm90aWZpY2F0aW9u"
            "X2N0eF9pZCI6IiIsInBheWxvYWRfc2l6ZSI6Mzh9DQp7ImlkZW50aXR5IjoiWm/DqyIsInR5cGluZ190"
            "aW1lb3V0Ijo2fQ0K"
        ),
        sha256="3735cd75fc7894bf1b260372c415e71fefdc13a424f7fd16aca475f1b09e443c",
        crlf_after_payload=True,
    ),
    "V5": Vector(
        header=(
            '{"method":"reply","id":"TM00000000-0000-4000-8000-000000000002","status":{"code"'
            ':401,"status":"UNAUTHORIZED","description":"Токен истёк","errorCode":20104},"pay'
            'load_size":0}'
        ),
        payload=b"",
        base64=(
            "VFdJTFNPQ0sgVjMuMCAxODMNCnsibWV0aG9kIjoicmVwbHkiLCJpZCI6IlRNMDAwMDAwMDAtMDAwMC00"
            "MDAwLTgwMDAtMDAwMDAwMDAwMDAyIiwic3RhdHVzIjp7ImNvZGUiOjQwMSwic3RhdHVzIjoiVU5BVVRI"
            "T1JJWkVEIiwiZGVzY3JpcHRpb24iOiLQotC+0LrQtdC9INC40YHRgtGR0LoiLCJlcnJvckNvZGUiOjIw"
            "MTA0fSwicGF5bG9hZF9zaXplIjowfQ0K"
        ),
        sha256="f8dd97b473b2c332fcbcccfb9ca696a8967a6b7223ff993779e3c710af5d351b",
    ),
    "V6": Vector(
        header=(
            '{"method":"reply","id":"TM00000000-0000-4000-8000-000000000006","payload_type":"'
            'text/plain","status":{"code":200,"status":"OK"},"http_status":{"code":200,"statu'
            's":"OK"},"http_headers":{"content-type":"text/plain"},"payload_size":12}'
        ),
        payload=b"a\r\nb \xe2\x80\x94 \xe2\x9c\x93",
        base64=(
            "VFdJTFNPQ0sgVjMuMCAyMzINCnsibWV0aG9kIjoicmVwbHkiLCJpZCI6IlRNMDAwMDAwMDAtMDAwMC00"
            "MDAwLTgwMDAtMDAwMDAwMDAwMDA2IiwicGF5bG9hZF90eXBlIjoidGV4dC9wbGFpbiIsInN0YXR1cyI6"
            "eyJjb2RlIjoyMDAsInN0YXR1cyI6Ik9LIn0sImh0dHBfc3RhdHVzIjp7ImNvZGUiOjIwMCwic3RhdHVz"
            "IjoiT0sifSwiaHR0cF9oZWFkZXJzIjp7ImNvbnRlbnQtdHlwZSI6InRleHQvcGxhaW4ifSwicGF5bG9h"
            "ZF9zaXplIjoxMn0NCmENCmIg4oCUIOKckw=="
        ),
        sha256="533c5d4377c47c39083129cb0bfe82bae617745cfcc9c5848b1302d82d3fd3f0",
    ),
}
