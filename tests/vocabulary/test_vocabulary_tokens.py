"""
Tokens: the same as those of Twilio's libraries, and a clear word about what is wrong with one.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import hmac
import json
import pickle
import time
from datetime import UTC, datetime, timedelta, timezone

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.errors import (
    InvalidArgumentError,
    TokenExpiredError,
    TokenRejectedError,
)
from conversations.tokens import AccessToken, ChatGrant, Claims, Secret, check_token, read_claims

NOW = 1767225600  # 2026-01-01T00:00:00Z
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
KEY = "SKfedcba9876543210fedcba9876543210"
SECRET = "0123456789abcdefghijklmnopqrstuv"
SERVICE = "IS00112233445566778899aabbccddeeff"
ROLE = "RL0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CREDENTIAL = "CRffeeddccbbaa99887766554433221100"

V1 = "eyJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHlwIjoiSldUIn0.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiY2hhdCI6eyJzZXJ2aWNlX3NpZCI6IklTMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYifSwiaWRlbnRpdHkiOiJhbGljZSJ9LCJpc3MiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwIiwiZXhwIjoxNzY3MjI5MjAwLCJuYmYiOjE3NjcyMjU2MDAsInN1YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYifQ.olONylxvBKWrKhUa8mJQgx1sl0w7ao5lfGkjiQAiQ1w"
V2 = "eyJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHdyIjoiaWUxIiwidHlwIjoiSldUIn0.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiY2hhdCI6eyJzZXJ2aWNlX3NpZCI6IklTMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJlbmRwb2ludF9pZCI6ImVwLTEiLCJkZXBsb3ltZW50X3JvbGVfc2lkIjoiUkwwZjFlMmQzYzRiNWE2OTc4ODc5NmE1YjRjM2QyZTFmMCIsInB1c2hfY3JlZGVudGlhbF9zaWQiOiJDUmZmZWVkZGNjYmJhYTk5ODg3NzY2NTU0NDMzMjIxMTAwIn0sImRhdGFfc3luYyI6eyJzZXJ2aWNlX3NpZCI6IklTMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJlbmRwb2ludF9pZCI6ImVwLTIifSwiaWRlbnRpdHkiOiJiXHUwMGY2YkBleGFtcGxlLmNvbSJ9LCJpc3MiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwIiwiZXhwIjoxNzY3MzEyMDAwLCJuYmYiOjE3NjcyMjU2MDAsInN1YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYifQ.03na_uG5ZqYR4pjLJgJFkk60wmo-52A1QV3i7j3I-FI"
V3 = "eyJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHlwIjoiSldUIn0.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiY2hhdCI6eyJzZXJ2aWNlX3NpZCI6IklTMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYifSwiaWRlbnRpdHkiOiJhbGljZSJ9LCJpc3MiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwIiwiZXhwIjoxNzY3MjI2MjAwLCJzdWIiOiJBQzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIn0.xmb-HzD1mmgaV9Bg21YjU2YDPPoePAeXEiqhDnao6sA"
V7 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImNoYXQiOnsic2VydmljZV9zaWQiOiJJUzAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIn19LCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMCwiaXNzIjoiU0tmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMCIsInN1YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYifQ.EiB2bqleLkvzg_zx1Qlrxosd8U2mAq0_j0Df6cI0ccw"
V8 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJTS2ZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwLTE3NjcyMjU2MDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImNoYXQiOnsic2VydmljZV9zaWQiOiJJUzAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIn19LCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMCwiaXNzIjoiU0tmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMCIsInN1YiI6IkFDMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYifQ.OpiupVfcn-pS4OUcJtZLvZRbzTlRBctAcdZ_pC-RS8A"
# Of these the vectors give the signature alone; it proves header and payload.
V4_SIGNATURE = "E2UdSi8YPwnKUm1k-P9JDhVhqd5ArVfPPfFysyxrj_4"
V5_SIGNATURE = "jrlM9GU_BSX1JR3xkayAApkPGHPFxX-moPog7kq0H1g"
V6_SIGNATURE = "r57_n12QbDt8DwqmtrV1jbjKwsOSHEMtQt7quNXXxcY"


class SyncGrant:
    key = "data_sync"

    def to_payload(self):
        return {"service_sid": SERVICE, "endpoint_id": "ep-2"}


@pytest.fixture(autouse=True)
def frozen_time(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOW + 0.75)


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def access_token(**changes):
    arguments = {"identity": "alice", "grants": [ChatGrant(service_sid=SERVICE)]} | changes
    return AccessToken(ACCOUNT, KEY, SECRET, **arguments)


def encode(value):
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def sign(header, payload):
    signed = f"{encode(header)}.{encode(payload)}"
    signature = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def vector(signature, *, grants, exp=NOW + 3600, nbf=NOW):
    """
    The token that the vector describes; its signature says whether it is exactly that one.
    """
    header = {"alg": "HS256", "cty": "twilio-fpa;v=1", "typ": "JWT"}
    token = sign(
        header,
        {
            "jti": f"{KEY}-{NOW}",
            "grants": grants,
            "iss": KEY,
            "exp": exp,
            "nbf": nbf,
            "sub": ACCOUNT,
        },
    )
    assert token.endswith("." + signature)
    return token


CHAT = {"chat": {"service_sid": SERVICE}, "identity": "alice"}
V4 = vector(V4_SIGNATURE, grants=CHAT, exp=NOW + 7200, nbf=NOW + 3600)
V5 = vector(V5_SIGNATURE, grants={})
V6 = vector(V6_SIGNATURE, grants={"chat": {}, "identity": "alice"}, exp=NOW + 60)


def decoded(token):
    """
    Header and payload of a token whose signature is right.
    """
    payload = jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    return jwt.get_unverified_header(token), payload


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: access_token().to_jwt(), V1),
        (
            lambda: access_token(
                identity="böb@example.com",
                ttl=86400,
                region="ie1",
                grants=[ChatGrant(SERVICE, "ep-1", ROLE, CREDENTIAL), SyncGrant()],
            ).to_jwt(),
            V2,
        ),
        (lambda: access_token(nbf=None, valid_until=NOW + 600).to_jwt(), V3),
        (lambda: access_token(nbf=NOW + 3600, ttl=7200).to_jwt(), V4),
        (lambda: AccessToken(ACCOUNT, KEY, SECRET).to_jwt(), V5),
        (lambda: access_token(grants=[ChatGrant()]).to_jwt(ttl=60), V6),
    ],
    ids=["V1", "V2", "V3", "V4", "V5", "V6"],
)
def test_tokens_are_those_of_the_vectors(made, expected):
    assert decoded(made()) == decoded(expected)


def test_the_lifetime_of_one_token_wins_over_everything_given_before():
    token = access_token(valid_until=NOW + 5)
    assert decoded(token.to_jwt(ttl=60))[1]["exp"] == NOW + 60
    assert decoded(token.to_jwt())[1]["exp"] == NOW + 5


def test_a_grant_can_be_added_later():
    token = access_token(grants=None)
    token.add_grant(ChatGrant(SERVICE))
    assert decoded(token.to_jwt())[1]["grants"] == CHAT


def test_the_list_of_grants_given_is_not_changed():
    grants = [ChatGrant(SERVICE)]
    access_token(grants=grants).add_grant(SyncGrant())
    assert len(grants) == 1


def test_an_empty_identity_is_left_out():
    assert decoded(access_token(identity="").to_jwt())[1]["grants"] == {"chat": CHAT["chat"]}


@pytest.mark.parametrize(
    "arguments",
    [
        {"grants": ["chat"]},
        {"grants": [ChatGrant]},
        {"identity": 7},
        {"ttl": "3600"},
        {"ttl": True},
        {"valid_until": 1.5},
        {"nbf": "now"},
        {"region": "IE1"},
        {"region": "evil.example.com/"},
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(InvalidArgumentError):
        access_token(**arguments)


def test_account_and_key_must_be_there():
    for arguments in [("", KEY, SECRET), (ACCOUNT, "", SECRET), (None, KEY, SECRET)]:
        with pytest.raises(InvalidArgumentError):
            AccessToken(*arguments)


def test_an_empty_secret_signs_nothing():
    token = AccessToken(ACCOUNT, KEY, "")
    with pytest.raises(ValueError, match="empty secret"):
        token.to_jwt()
    with pytest.raises(InvalidArgumentError):
        access_token().to_jwt(ttl="60")


def test_neither_secret_nor_token_are_shown():
    token = access_token()
    for text in (repr(token), str(token), repr(vars(token)), f"{Secret(SECRET)}"):
        assert SECRET not in text
        assert "eyJ" not in text
    with pytest.raises(InvalidArgumentError) as caught:
        token.add_grant(SECRET)
    assert SECRET not in str(caught.value)


def test_a_secret_is_revealed_by_name_only():
    secret = Secret(SECRET)
    assert secret.reveal() == SECRET
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        pickle.dumps(access_token())


@pytest.mark.parametrize(
    ("arguments", "ttl"),
    [
        ({}, None),
        ({"ttl": 60}, None),
        ({"nbf": None}, None),
        ({"nbf": NOW - 5, "valid_until": NOW + 30}, None),
        ({"valid_until": NOW + 30, "region": "au1"}, 90),
        ({"identity": None}, None),
        ({"identity": "bob 😀"}, None),
    ],
    ids=str,
)
def test_tokens_equal_those_of_the_official_library(arguments, ttl):
    official = pytest.importorskip("twilio.jwt.access_token")
    grants = pytest.importorskip("twilio.jwt.access_token.grants")
    grant = {
        "service_sid": SERVICE,
        "endpoint_id": "ep",
        "deployment_role_sid": ROLE,
        "push_credential_sid": CREDENTIAL,
    }
    arguments = {"identity": "alice"} | arguments
    theirs = official.AccessToken(ACCOUNT, KEY, SECRET, **arguments)
    theirs.add_grant(grants.ChatGrant(**grant))
    theirs.add_grant(grants.SyncGrant(SERVICE))
    ours = AccessToken(ACCOUNT, KEY, SECRET, **arguments)
    ours.add_grant(ChatGrant(**grant))
    ours.add_grant(grants.SyncGrant(SERVICE))
    assert decoded(ours.to_jwt(ttl)) == decoded(theirs.to_jwt(ttl))
    assert read_claims(ours.to_jwt(ttl)) == read_claims(theirs.to_jwt(ttl))


def test_claims_of_the_rest_libraries_are_read():
    assert read_claims(V1) == Claims(
        identity="alice",
        service_sid=SERVICE,
        account_sid=ACCOUNT,
        signing_key_sid=KEY,
        not_before=moment(NOW),
        expires_at=moment(NOW + 3600),
        has_chat_grant=True,
    )
    assert read_claims(V2).identity == "böb@example.com"
    assert read_claims(V2).region == "ie1"
    assert read_claims(V3).not_before is None
    assert read_claims(V7).issued_at == moment(NOW)
    assert read_claims(V7).raw["grants"] == CHAT


def test_claims_do_not_show_everything():
    claims = read_claims(V1)
    assert "jti" not in repr(claims)
    assert hash(claims) == hash(read_claims(V1))


@pytest.mark.parametrize("token", [V1, V2, V3, V4, V7, V8], ids=[1, 2, 3, 4, 7, 8])
def test_a_token_that_may_be_accepted_passes(token):
    assert check_token(token, moment(NOW + 100)).service_sid == SERVICE


def test_the_legacy_name_of_the_grant_is_accepted():
    token = sign({"alg": "HS256"}, {"grants": {"ip_messaging": CHAT["chat"], "identity": "a"}})
    assert check_token(token, moment(NOW)).service_sid == SERVICE


@pytest.mark.parametrize(
    ("grants", "hint"),
    [
        ({}, "no chat grant"),
        ({"chat": None, "identity": "a"}, "no chat grant"),
        ("all", "no chat grant"),
        ({"chat": {"service_sid": SERVICE}}, "no identity"),
        ({"chat": {"service_sid": SERVICE}, "identity": ""}, "no identity"),
        ({"chat": {"service_sid": SERVICE}, "identity": 7}, "no identity"),
        ({"chat": {}, "identity": "alice"}, "names no service"),
        ({"chat": {"service_sid": 7}, "identity": "alice"}, "names no service"),
    ],
    ids=str,
)
def test_a_token_without_the_right_grants_is_rejected_with_a_hint(grants, hint):
    with pytest.raises(TokenRejectedError, match=hint) as caught:
        check_token(sign({"alg": "HS256"}, {"grants": grants}), moment(NOW))
    assert caught.value.code == 20106


def test_a_token_is_expired_from_its_last_second_on():
    assert check_token(V1, moment(NOW + 3599))
    with pytest.raises(TokenExpiredError) as caught:
        check_token(V1, moment(NOW + 3600).astimezone(timezone(timedelta(hours=2))))
    assert caught.value.code == 20104
    assert str(caught.value) == (
        "TOKEN_EXPIRED, code 20104: the token expired at 2026-01-01 01:00:00 UTC and it is "
        "2026-01-01 01:00:00 UTC by the clock of this machine; get a new token from your "
        "server, or set the clock"
    )


@pytest.mark.parametrize("region", ["IE1", "", "a.b", "evil.example.com/", 7, None, "a\n"])
def test_a_region_that_is_none_is_ignored(region):
    assert read_claims(sign({"alg": "HS256", "twr": region}, {})).region is None


@pytest.mark.parametrize("exp", ["soon", True, None, 10**400, -(10**20), [], 1e308])
def test_a_time_that_is_none_is_ignored(exp):
    claims = read_claims(sign({"alg": "HS256"}, {"exp": exp, "iat": NOW + 0.5}))
    assert claims.expires_at is None
    assert claims.issued_at == moment(NOW + 0.5)


@pytest.mark.parametrize("token", [None, 7, b"bytes", "", ["a"], Secret(V1)], ids=repr)
def test_what_is_no_text_is_wrong_use(token):
    with pytest.raises(InvalidArgumentError):
        read_claims(token)


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "a.b.c",
        "a.b",
        f"Bearer {V1}",
        f"{V1}\n",
        f'"{V1}"',
        f"{V1}=",
        V1.rpartition(".")[0] + ".",
        f"{encode([])}.{encode({})}.c2ln",
        f"{encode({'alg': 'HS256'})}.{encode([])}.c2ln",
        f"{encode({'alg': 'HS256'})}.{encode('text')}.c2ln",
        f"{encode({'alg': 'HS256'})}.{'W1tb' * 100_000}.c2ln",
        f"{encode({'alg': 'HS256'})}._w.c2ln",
    ],
    ids=lambda token: token[:12],
)
def test_what_is_no_jwt_is_rejected_without_quoting_it(token):
    with pytest.raises(TokenRejectedError, match="JSON web token") as caught:
        read_claims(token)
    assert caught.value.code == 20101
    assert token not in str(caught.value)


@given(
    st.text(min_size=1)
    | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", fullmatch=True)
    | st.builds(
        sign,
        st.dictionaries(st.sampled_from(["alg", "typ", "twr", "kid"]), st.text() | st.integers()),
        st.dictionaries(
            st.sampled_from(["grants", "exp", "nbf", "iat", "iss", "sub"]),
            st.none() | st.integers() | st.text() | st.lists(st.integers()),
        ),
    )
)
def test_any_text_gives_claims_or_is_rejected(token):
    with contextlib.suppress(TokenRejectedError):
        assert isinstance(read_claims(token), Claims)
