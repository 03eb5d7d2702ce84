"""
The validator, with the vectors of docs/protocol/tokens.md.
"""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from conversations.emulator.credentials import Credentials
from conversations.emulator.tokens import TokenRefused, mint, validate

OURS = Credentials(
    account="AC0123456789abcdef0123456789abcdef",
    key="SKfedcba9876543210fedcba9876543210",
    secret="0123456789abcdefghijklmnopqrstuv",
    service="IS00112233445566778899aabbccddeeff",
)
MADE = 1767225600
NOW = 1767225700
HEADER = {"cty": "twilio-fpa;v=1"}
CHAT = {"service_sid": OURS.service}
V1_SIGNATURE = "olONylxvBKWrKhUa8mJQgx1sl0w7ao5lfGkjiQAiQ1w"
V7 = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJTS2ZlZGNiYTk4"
    "NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImNo"
    "YXQiOnsic2VydmljZV9zaWQiOiJJUzAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIn19LCJpYXQiOjE3Njcy"
    "MjU2MDAsImV4cCI6MTc2NzIyOTIwMCwiaXNzIjoiU0tmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMCIsInN1"
    "YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYifQ.EiB2bqleLkvzg_zx1Qlrxosd8U2mAq0_j0Df6"
    "cI0ccw"
)
V8 = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjE"
    "wLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImNoYXQiOnsic2VydmljZV9zaWQiOiJJUzA"
    "wMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIn19LCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMCw"
    "iaXNzIjoiU0tmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMCIsInN1YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjA"
    "xMjM0NTY3ODlhYmNkZWYifQ.OpiupVfcn-pS4OUcJtZLvZRbzTlRBctAcdZ_pC-RS8A"
)


def token(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """
    The first vector with other claims; ``...`` leaves one out.
    """
    payload = {
        "jti": f"{OURS.key}-{MADE}",
        "grants": {"chat": CHAT, "identity": "alice"},
        "iss": OURS.key,
        "exp": MADE + 3600,
        "nbf": MADE,
        "sub": OURS.account,
    }
    payload = {name: value for name, value in (payload | claims).items() if value is not ...}
    return jwt.encode(payload, OURS.secret, "HS256", HEADER if header is None else header)


def code(text: str, now: float = NOW, **options: Any) -> int | None:
    try:
        validate(text, options.pop("credentials", OURS), now, **options)
    except TokenRefused as error:
        return error.code
    return None


def test_the_first_vector_is_what_we_think() -> None:
    assert token().endswith(f".{V1_SIGNATURE}")


def test_a_valid_token_says_who_and_how_long() -> None:
    claims = validate(token(), OURS, NOW)
    assert (claims.identity, claims.account, claims.service) == (
        "alice",
        OURS.account,
        OURS.service,
    )
    assert claims.expires == MADE + 3600
    assert claims.role_sid is None


VECTOR_2 = {
    "grants": {
        "chat": CHAT | {"deployment_role_sid": "RL0f1e2d3c4b5a69788796a5b4c3d2e1f0"},
        "data_sync": {"service_sid": OURS.service, "endpoint_id": "ep-2"},
        "identity": "böb@example.com",
    },
    "exp": MADE + 86_400,
}


@pytest.mark.parametrize(
    "text",
    [
        token(),
        token(HEADER | {"twr": "ie1"}, **VECTOR_2),
        token(nbf=..., exp=1767226200),
        V7,
        token(grants={"ip_messaging": CHAT, "identity": "alice"}),
        token(nbf=NOW + 60),
    ],
    ids=["V1", "V2", "V3", "V7", "old grant name", "a minute early"],
)
def test_valid(text: str) -> None:
    assert code(text) is None


def test_the_role_of_a_new_user_is_read() -> None:
    claims = validate(token(**VECTOR_2), OURS, NOW)
    assert claims.role_sid == "RL0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    assert claims.identity == "böb@example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 20101),
        ("nonsense", 20101),
        ("a.b.c", 20101),
        (token() + " ", 20101),
        (token() + ".x", 20101),
        (V8, 20102),
        (token(HEADER | {"typ": "JWE"}), 20102),
        (token(iss="SK" + "0" * 32), 20103),
        (token(sub="AC" + "0" * 32), 20103),
        (token(iss=...), 20103),
        (token()[:-4] + "AAAA", 20107),
        (token().rpartition(".")[0] + ".", 20107),
        (token(exp=...), 20104),
        (token(exp=str(MADE + 3600)), 20104),
        (token(exp=float(MADE + 3600)), 20104),
        (token(exp=NOW), 20104),
        (token(**VECTOR_2 | {"exp": MADE + 86_401}), 20157),
        (token(nbf=..., exp=NOW + 86_401), 20157),
        (token(iat=MADE, nbf=..., exp=MADE + 86_401), 20157),
        (token(nbf=1767229200, exp=1767232800), 20105),
        (token(nbf=NOW + 61), 20105),
        (token(nbf="now"), 20105),
        (token(grants={}), 20106),
        (token(grants=[]), 20106),
        (token(grants={"chat": "x", "identity": "alice"}), 20106),
        (token(grants={"chat": {}, "identity": "alice"}, exp=NOW + 60), 20106),
        (token(grants={"chat": CHAT}), 20106),
        (token(grants={"chat": CHAT, "identity": ""}), 20106),
        (token(grants={"chat": CHAT, "identity": "a" * 257}), 20106),
        (token(grants={"chat": {"service_sid": "IS" + "0" * 32}, "identity": "alice"}), 51101),
    ],
)
def test_each_defect_has_its_code(text: str, expected: int) -> None:
    assert code(text) == expected


def test_the_algorithm_must_be_hs256() -> None:
    for algorithm in ("none", "HS512"):
        secret = OURS.secret * 2 if algorithm == "HS512" else None
        text = jwt.encode(
            jwt.decode(token(), options={"verify_signature": False}), secret, algorithm, HEADER
        )
        assert code(text) == 20102


def test_expiry_is_exact() -> None:
    assert code(token(), MADE + 3600 - 0.001) is None
    assert code(token(), MADE + 3600) == 20104


def test_another_secret_signs_nothing() -> None:
    other = Credentials(account=OURS.account, key=OURS.key, secret="wrong", service=OURS.service)
    assert code(token(), credentials=other) == 20107


def test_the_first_failure_wins() -> None:
    assert code(token({"cty": "x"}, iss="SK1", exp=1)) == 20102
    assert code(token(iss="SK1", exp=1)) == 20103
    assert code(token(exp=1, grants={})) == 20104
    assert code(token(nbf=NOW + 3600, exp=NOW + 90_000, grants={})) == 20157
    assert code(token(nbf=NOW + 3600, exp=NOW + 7200, grants={})) == 20105


def test_the_permissive_mode_takes_tokens_of_anybody_but_not_of_nobody() -> None:
    foreign = jwt.encode(
        {
            "iss": "SK1",
            "exp": NOW + 10_000_000,
            "grants": {"chat": {"service_sid": "IS1"}, "identity": "eve"},
        },
        "a secret of somebody else, long enough",
        "HS256",
        HEADER,
    )
    claims = validate(foreign, OURS, NOW, is_permissive=True)
    assert (claims.identity, claims.account, claims.service) == ("eve", OURS.account, OURS.service)
    assert code(token(grants={"chat": CHAT}), is_permissive=True) == 20106
    assert code(token(exp=NOW), is_permissive=True) == 20104


def test_minted_tokens_are_valid_and_never_equal() -> None:
    first, second = (mint(OURS, "zoë", now=NOW, ttl=60, number=number) for number in (1, 2))
    assert first != second
    assert validate(first, OURS, NOW).identity == "zoë"
    assert validate(first, OURS, NOW).expires == NOW + 60


def test_credentials_do_not_show_the_secret() -> None:
    assert OURS.secret not in repr(OURS)
