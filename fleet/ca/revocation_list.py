"""Certificate revocation lists (RFC 5280, section 5). Pure: what is revoked and who signs in, PEM out, and back."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.ca.certificates import BACKDATED_BY, Signer, whole_second

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
CRL_LIFE = timedelta(days=30)
"""How long a list may be used; a broker with an older one lets nobody in."""


class Revoked(NamedTuple):
    """A certificate that must not be accepted any more."""

    serial: int
    revoked_at: datetime


class Lists(NamedTuple):
    """What a file of revocation lists says: who has signed one, all that is revoked, the highest number (0 for none),
    and when the first of the lists ends (None when there is none)."""

    issuers: frozenset[x509.Name]
    revoked: tuple[Revoked, ...]
    number: int
    next_update: datetime | None


def split_lists(content: bytes) -> list[x509.CertificateRevocationList]:
    """The concatenated PEM lists in `content`; signatures are not checked. Raises ValueError for damaged ones."""
    lists = [x509.load_pem_x509_crl(each) for each in _LIST.findall(content)]
    if not lists and content.strip():
        raise ValueError("no revocation list in PEM")
    return lists


def read_lists(content: bytes) -> Lists:
    """What the concatenated PEM lists in `content` say; raises what `split_lists` raises."""
    lists = split_lists(content)
    numbers = [each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for each in lists]
    ends = [each.next_update_utc for each in lists if each.next_update_utc is not None]
    entries = {Revoked(entry.serial_number, entry.revocation_date_utc) for each in lists for entry in each}
    return Lists(
        frozenset(each.issuer for each in lists),
        tuple(sorted(entries)),
        max(numbers, default=0),
        min(ends, default=None),
    )


def revocation_list(revoked: Sequence[Revoked], number: int, now: datetime, signer: Signer) -> bytes:
    """The PEM list of `revoked` (a serial twice counts from its earliest time), good from shortly before `now` for
    CRL_LIFE. `number`, 0 or more, grows with each list. Raises ValueError for a time without a zone."""
    at = whole_second(now)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.name)
        .last_update(at - BACKDATED_BY)
        .next_update(at + CRL_LIFE)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    first: dict[int, datetime] = {}
    for serial, revoked_at in revoked:
        first[serial] = min(revoked_at, first.get(serial, revoked_at))
    for serial, revoked_at in sorted(first.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(whole_second(revoked_at))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer.key, SHA256()).public_bytes(Encoding.PEM)
