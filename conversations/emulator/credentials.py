"""
The development credentials: the one account whose tokens the emulator takes.
"""

from __future__ import annotations

import attrs

DEVELOPMENT_ACCOUNT = "AC00000000000000000000000000000001"
DEVELOPMENT_AUTH_TOKEN = "emulator-development-auth-token"  # noqa: S105  # as public as the secret
DEVELOPMENT_KEY = "SK00000000000000000000000000000002"
DEVELOPMENT_SECRET = "emulator-development-secret-0001"  # noqa: S105  # public on purpose: it opens nothing but a local emulator
DEVELOPMENT_SERVICE = "IS00000000000000000000000000000003"


@attrs.frozen(kw_only=True)
class Credentials:
    """
    An account with its auth token, one API key of it with its secret, and one Conversations
    service. Server programs name themselves by account and auth token, or by key and secret.

    The defaults are constants, so that any other tool can mint tokens for an emulator that was
    started without options. The secret is long enough for HS256 (32 bytes).
    """

    account: str = DEVELOPMENT_ACCOUNT
    key: str = DEVELOPMENT_KEY
    secret: str = attrs.field(default=DEVELOPMENT_SECRET, repr=False)
    service: str = DEVELOPMENT_SERVICE
    auth_token: str = attrs.field(default=DEVELOPMENT_AUTH_TOKEN, repr=False)

    @property
    def is_development(self) -> bool:
        """
        Whether these are the public constants.
        """
        return self == Credentials()
