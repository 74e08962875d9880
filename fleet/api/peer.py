"""Client certificates: asked for by the API's TLS, required by the few handlers that units use once they have one."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from cryptography import x509

_REQUIRED = ssl.CERT_OPTIONAL
"""A person's client has no certificate, so that TLS can not insist; a certificate that is shown must be good."""


def ask_for_certificate(context: ssl.SSLContext, trust_pem: bytes) -> None:
    """Let `context` ask clients for a certificate under one of `trust_pem` (roots and issuing certificates).

    May be called again, for new connections, when there are more to trust. Sessions are not resumed: each connection
    proves its key anew.
    """
    context.load_verify_locations(cadata=trust_pem.decode("ascii"))
    context.verify_mode = _REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0


def tls_extension(transport: asyncio.BaseTransport) -> dict[object, object]:
    """The part `tls` of a connection's ASGI extensions, of which only the client's own certificate is filled in
    (https://asgi.readthedocs.io/en/latest/specs/tls.html)."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    return {"client_cert_chain": [] if der is None else [ssl.DER_cert_to_PEM_cert(der)]}


def certificate_of(scope: Mapping[str, Any]) -> x509.Certificate | None:
    """The certificate that the client of an ASGI connection has proved the key of; None when it showed none."""
    chain: list[str] = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", [])
    return x509.load_pem_x509_certificate(chain[0].encode("ascii")) if chain else None
