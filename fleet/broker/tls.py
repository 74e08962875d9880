"""The embedded broker's TLS: 1.2 or newer, and no client without a certificate of our authority that is not revoked."""

import re
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509

from fleet.broker.errors import NotLoopback, TlsUnusable

CA_FILE, CRL_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.crt", "crl.pem", "server.crt", "server.key"

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


class Trust(NamedTuple):
    """What the files said when they were read: the context of new connections, and the serials that are revoked."""

    context: ssl.SSLContext
    revoked: frozenset[int]


class AlertingObject(ssl.SSLObject):
    """A handshake whose refusal the client is told.

    asyncio (3.11 to 3.13) closes a connection whose handshake failed without sending the alert that OpenSSL has made.
    It sends it when told that the handshake waits for the client; the next thing the client says or does, or the end
    of the handshake's time, then ends the connection.
    """

    _fault: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """As SSLObject's; raises a refusal one call later."""
        if self._fault is not None:
            raise self._fault
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as fault:
            self._fault = fault
            raise ssl.SSLWantReadError(fault.errno, "the client is told first") from fault


class NewestContext(ssl.SSLContext):
    """Stands for the context in `current`, whichever that is when a connection begins."""

    current: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """A connection of the current context."""
        return self.current.wrap_bio(*arguments, **named)


def newest_context(current: ssl.SSLContext) -> NewestContext:
    """A context that stands for `current` until it is given another."""
    context = NewestContext(ssl.PROTOCOL_TLS_SERVER)
    context.current = current
    return context


def load_trust(directory: Path) -> Trust:
    """Read ca.crt (who may connect), crl.pem (who may not), server.crt and server.key; raises TlsUnusable.

    OpenSSL also checks that a client's certificate is for clients, and refuses one whose issuer has no list that is in
    force. No session tickets: each connection shows its certificate again.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.sslobject_class = AlertingObject
    try:
        revoked = _revoked((directory / CRL_FILE).read_bytes(), (directory / CA_FILE).read_bytes())
        context.load_verify_locations(directory / CA_FILE)
        context.load_verify_locations(directory / CRL_FILE)
        context.load_cert_chain(directory / CERTIFICATE_FILE, directory / KEY_FILE)
    except (OSError, ValueError) as error:
        raise TlsUnusable(directory, str(error)) from error
    return Trust(context, revoked)


def serial_of(tls: ssl.SSLObject | None) -> int | None:
    """The serial number of a connection's client certificate; None when there is none."""
    certificate = tls.getpeercert() if tls is not None else None
    return int(str(certificate["serialNumber"]), 16) if certificate else None


def _revoked(lists_pem: bytes, authorities_pem: bytes) -> frozenset[int]:
    """The serials on the lists, each of which must be signed by one of the authorities; raises ValueError."""
    lists = [x509.load_pem_x509_crl(each) for each in _LIST.findall(lists_pem)]
    if not lists or len(lists) != lists_pem.count(b"-----BEGIN"):
        raise ValueError(f"{CRL_FILE} is empty or damaged")
    authorities = x509.load_pem_x509_certificates(authorities_pem)
    for each in lists:
        if not any(_signed(each, authority) for authority in authorities):
            raise ValueError(f"{CRL_FILE} is not signed by an authority in {CA_FILE}")
    return frozenset(entry.serial_number for each in lists for entry in each)


def _signed(revocation_list: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key: Any = authority.public_key()
    return revocation_list.issuer == authority.subject and revocation_list.is_signature_valid(key)


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
