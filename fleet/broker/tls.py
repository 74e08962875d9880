"""The embedded broker's TLS: 1.2 or newer, and no client without a certificate of our authority."""

import ssl
from ipaddress import ip_address
from pathlib import Path

from fleet.broker.errors import NotLoopback, TlsUnusable

CA_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.crt", "server.crt", "server.key"


def server_context(directory: Path) -> ssl.SSLContext:
    """A server context from ca.crt (who may connect), server.crt and server.key; raises TlsUnusable.

    OpenSSL also checks that a client's certificate is for clients. No session tickets: each connection shows its
    certificate again.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    try:
        context.load_verify_locations(directory / CA_FILE)
        context.load_cert_chain(directory / CERTIFICATE_FILE, directory / KEY_FILE)
    except OSError as error:
        raise TlsUnusable(directory, str(error)) from error
    return context


def check_loopback(host: str) -> str:
    """Return `host` if it is a loopback address such as 127.0.0.1 or ::1, else raise NotLoopback.

    Names are refused: what they resolve to is decided elsewhere.
    """
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(host)
    return host
