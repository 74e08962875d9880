"""Joining: the voucher a person hands to a unit, and the messages between the unit and the controller.

A voucher text is `MUSTER1-` and unpadded base32 of: secret (16 bytes), SHA-256 of the root certificate (32), SHA-256
of the people list (32), expiry (4, Unix seconds, big-endian), the controller's URL (UTF-8), and the first 4 bytes of
the SHA-256 of all that as a guard against typing errors. Capitals and digits keep its QR code small.
"""

import re
from base64 import b32decode, b32encode
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Meta

from protocols.errors import InvalidVoucher
from protocols.ids import UnitId
from protocols.settings import UnitSettings
from protocols.text import ShortText

VOUCHER_LIFE_S = 24 * 3600

API_TLS_NAME = "api.muster.internal"
"""The name for which every certificate of the API is made, and which clients check whatever address they reach it
by: a broker's certificate of the same authority does not carry it, so a broker's host can not stand in for the API."""
_PREFIX = "MUSTER1-"
_FIXED_BYTES = 16 + 32 + 32 + 4
_CHECK_BYTES = 4
_MAX_URL_BYTES = 200
_MAX_TEXT = 600
_URL = re.compile(r"https://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._/\-]*)?", re.ASCII)

KeyProtection = Literal["soft", "tpm", "pkcs11"]
RefusalCode = Literal[
    "voucher-unknown",
    "voucher-expired",
    "voucher-used",
    "voucher-wrong-key",
    "voucher-withdrawn",
    "joins-full",
    "joins-too-fast",
    "csr-invalid",
    "join-refused",
    "certificate-unknown",
    "certificate-superseded",
    "certificate-ended",
    "certificate-valid",
    "key-unknown",
    "key-known",
    "unit-quarantined",
    "unit-revoked",
]


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """What the voucher text carries. `expires_at_s` in Unix seconds; both hashes are 32 raw bytes."""

    secret: bytes
    ca_sha256: bytes
    people_sha256: bytes
    expires_at_s: int
    url: str

    def text(self) -> str:
        """The text to print, type or draw as a QR code."""
        packed = (
            self.secret + self.ca_sha256 + self.people_sha256 + self.expires_at_s.to_bytes(4, "big") + self.url.encode()
        )
        packed += sha256(packed).digest()[:_CHECK_BYTES]
        return _PREFIX + b32encode(packed).decode().rstrip("=")

    def __repr__(self) -> str:
        return f"Voucher(url={self.url!r}, expires_at_s={self.expires_at_s})"

    @staticmethod
    def read(text: str) -> "Voucher":
        """Read a voucher text, forgiving case, blanks and line ends; raises InvalidVoucher."""
        compact = "".join(text.split()).upper()
        if len(compact) > _MAX_TEXT or not compact.startswith(_PREFIX):
            raise InvalidVoucher(f"not a voucher: it must begin with {_PREFIX} and have at most {_MAX_TEXT} signs")
        body = compact.removeprefix(_PREFIX)
        try:
            packed = b32decode(body + "=" * (-len(body) % 8))
        except ValueError as error:
            raise InvalidVoucher("the voucher has a sign that does not belong; copy it again") from error
        data, check = packed[:-_CHECK_BYTES], packed[-_CHECK_BYTES:]
        if len(data) <= _FIXED_BYTES or sha256(data).digest()[:_CHECK_BYTES] != check:
            raise InvalidVoucher("the voucher is damaged or incomplete; copy it again")
        try:
            url = data[_FIXED_BYTES:].decode("ascii")
        except UnicodeDecodeError as error:
            raise InvalidVoucher("the voucher's address is not readable") from error
        if len(url) > _MAX_URL_BYTES or _URL.fullmatch(url) is None:
            raise InvalidVoucher(f"the voucher's address {url[:80]!r} is not an https address")
        return Voucher(
            secret=data[:16],
            ca_sha256=data[16:48],
            people_sha256=data[48:80],
            expires_at_s=int.from_bytes(data[80:84], "big"),
            url=url,
        )


def fingerprint(key: PublicKeyTypes) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo, as 32 colon-separated hexadecimal pairs."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).digest().hex(":")


def display_fingerprint(colon_hex: str) -> list[str]:
    """The fingerprint in four lines of four groups of two bytes, to be compared aloud or by eye."""
    pairs = colon_hex.split(":")
    groups = ["".join(pairs[i : i + 2]) for i in range(0, len(pairs), 2)]
    return [" ".join(groups[i : i + 4]) for i in range(0, len(groups), 4)]


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /join`. Sent again unchanged until it is answered with JoinAccepted; `secret` in hexadecimal."""

    secret: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    csr_pem: Annotated[str, Meta(max_length=4096)]
    key_protection: KeyProtection
    model: ShortText = ""
    agent_version: ShortText = ""

    def __repr__(self) -> str:
        return f"JoinRequest(model={self.model!r}, key_protection={self.key_protection!r})"


class JoinPending(msgspec.Struct, frozen=True, kw_only=True, tag="pending", tag_field="state"):
    """A person has to compare `fingerprint` and accept; ask again after `poll_after_s`."""

    fingerprint: str
    poll_after_s: float


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the unit reports. `mqtt` is the protocol version to speak."""

    host: Annotated[str, Meta(min_length=1, max_length=255)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    mqtt: Literal["3.1.1", "5"] = "5"


class JoinAccepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted", tag_field="state"):
    """All a unit needs. Certificates are PEM, leaf first; `controller_keys` are raw Ed25519 keys in hexadecimal;
    `people_list` is the exact text whose SHA-256 the voucher carries."""

    unit_id: str
    certificate_chain_pem: str
    controller_keys: Annotated[list[str], Meta(min_length=1, max_length=8)]
    broker: BrokerAddress
    people_list: str
    settings: UnitSettings


JoinReply = JoinPending | JoinAccepted


class RenewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /unit/renew` over mutual TLS with the certificate in force: a successor for a new key.

    The CSR is of the new key, which is on the unit's disk before the first attempt; it is sent again unchanged until
    it is answered. Answered with Renewed or JoinRefusal.
    """

    csr_pem: Annotated[str, Meta(max_length=4096)]
    key_protection: KeyProtection
    agent_version: ShortText = ""


class RejoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /unit/rejoin`, no client certificate: a unit whose certificate has ended asks for another one for the same
    key, which the CSR proves. A person compares the fingerprint and accepts. Sent again unchanged until answered with
    Renewed; JoinPending meanwhile."""

    unit_id: UnitId
    csr_pem: Annotated[str, Meta(max_length=4096)]
    key_protection: KeyProtection
    model: ShortText = ""
    agent_version: ShortText = ""


class RootOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A root that units should trust. `cross_pem` is the same key and subject signed by the root before it; None for a
    root that came with a voucher. A unit takes a root it does not know only through `cross_pem`."""

    root_pem: str
    cross_pem: str | None = None


class Renewed(msgspec.Struct, frozen=True, kw_only=True, tag="renewed", tag_field="state"):
    """A new certificate, and what may have changed since the last: `roots` are all the fleet's roots in force (the
    unit drops others), `controller_keys` those still in use (the unit takes none that it does not know), `broker` and
    `url` as at joining."""

    unit_id: str
    certificate_chain_pem: str
    roots: Annotated[list[RootOffer], Meta(min_length=1, max_length=4)]
    controller_keys: Annotated[list[str], Meta(min_length=1, max_length=8)]
    broker: BrokerAddress
    url: str


RejoinReply = JoinPending | Renewed


class JoinRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every refused join: `code` to act on, `message` and `remedy` to read."""

    code: RefusalCode
    message: str
    remedy: str
