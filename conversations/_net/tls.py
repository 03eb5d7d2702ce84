"""
The TLS settings of every connection: certificates are always verified.
"""

from __future__ import annotations

import ssl

from conversations.errors import InvalidArgumentError


def client_context(
    *, defer_certificate_trust_to_platform: bool = True, ssl_context: ssl.SSLContext | None = None
) -> ssl.SSLContext:
    """
    The context with which connections are made. Reads files: not for the network thread.

    Args:
        defer_certificate_trust_to_platform: Trust what the platform trusts; otherwise what
            certifi lists.
        ssl_context: The user's own, with certificates of its own or pinned ones.

    Raises:
        InvalidArgumentError: *ssl_context* does not verify the certificate and host name.
    """
    if ssl_context is not None:
        if ssl_context.verify_mode != ssl.CERT_REQUIRED or not ssl_context.check_hostname:
            message = (
                "ssl_context must verify certificates: verify_mode=CERT_REQUIRED and "
                "check_hostname=True; load_verify_locations() adds a certificate to trust"
            )
            raise InvalidArgumentError(message)
        return ssl_context
    if defer_certificate_trust_to_platform:
        context = ssl.create_default_context()
    else:
        import certifi  # noqa: PLC0415  # comes with requests; only this choice needs it

        context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
