"""The one authority a client trusts."""

import ssl
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fleet.client.errors import InvalidClientSettings
from fleet.client.files import read_small

_BEGIN = "-----BEGIN CERTIFICATE-----"


class Pin(NamedTuple):
    """A TLS context that trusts the root certificate and nothing else, and the SHA-256 of its DER in hexadecimal."""

    context: ssl.SSLContext
    root_sha256_hex: str


def load_pin(ca_file: Path) -> Pin:
    """Read the root certificate in `ca_file` (PEM, one certificate); raises InvalidClientSettings."""
    try:
        pem = read_small(ca_file).decode("ascii")
        if pem.count(_BEGIN) != 1:
            raise InvalidClientSettings(str(ca_file), "must hold one certificate, the root of the controller")
        der = ssl.PEM_cert_to_DER_cert(pem[pem.index(_BEGIN) :].strip())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(cadata=der)
    except (OSError, ValueError) as error:
        raise InvalidClientSettings(str(ca_file), f"the root certificate can not be read: {error}") from error
    return Pin(context, sha256(der).hexdigest())
