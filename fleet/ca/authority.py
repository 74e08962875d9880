"""The certificate authority of one fleet."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier

from fleet.ca import certificates, files
from fleet.ca.csr import UnitPublicKey, check_unit_key
from fleet.ca.errors import AuthorityUnreadable, IssuingExpired
from protocols.errors import InvalidId
from protocols.ids import check_unit_id
from protocols.topics import CONTROLLER_NAME

SERVER_NAME = "Muster server"
"""Common name of every server certificate; its blank keeps it from ever being a unit id."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A unit's certificate. `chain_pem` is the leaf, then the issuing certificate; `serial` is below 2**159."""

    serial: int
    chain_pem: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class KeyAndChain:
    """A fresh private key (PKCS #8 PEM, never in the repr) and its chain (leaf, then issuing certificate)."""

    key_pem: bytes = field(repr=False)
    chain_pem: bytes
    not_after: datetime

    def write(self, key_path: Path, chain_path: Path) -> None:
        """Write both files, each in one step and readable by its owner only."""
        files.write_private(key_path, self.key_pem)
        files.write_private(chain_path, self.chain_pem)


class CertificateAuthority:
    """Root and issuing certificate of one fleet, with the issuing key in memory.

    Files: root.crt, root.key, issuing.crt, issuing.key. `root.key` is used by `create` only: once the authority
    exists it may be moved off the host.
    """

    def __init__(self, root: x509.Certificate, issuing: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
        """An authority whose `issuing` certificate holds `key` and is signed by `root`."""
        self._root = root
        self._issuing = issuing
        self._key = key

    def __repr__(self) -> str:
        return f"CertificateAuthority(ca_sha256={self.ca_sha256.hex()})"

    @classmethod
    def create(cls, directory: Path, now: datetime) -> "CertificateAuthority":
        """Make a new authority in `directory` (0700, keys 0600), whole or not at all.

        Raises AuthorityExists when `directory` holds anything; it must not be a mount point.
        """
        root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        root = certificates.root_certificate(root_key, now)
        issuing = certificates.issuing_certificate(key.public_key(), now, certificates.Signer(root.subject, root_key))
        files.create_directory(
            directory,
            {
                "root.crt": _pem(root),
                "root.key": files.key_to_pem(root_key),
                "issuing.crt": _pem(issuing),
                "issuing.key": files.key_to_pem(key),
            },
        )
        return cls(root, issuing, key)

    @classmethod
    def load(cls, directory: Path) -> "CertificateAuthority":
        """Read the authority in `directory`; raises AuthorityUnreadable or KeyExposed."""
        try:
            root = x509.load_pem_x509_certificate(files.read_certificate_file(directory, "root.crt"))
            issuing = x509.load_pem_x509_certificate(files.read_certificate_file(directory, "issuing.crt"))
            root.verify_directly_issued_by(root)
            issuing.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature, x509.InvalidVersion) as error:
            raise AuthorityUnreadable(directory, "root.crt and issuing.crt are damaged or do not match") from error
        key = files.read_key_file(directory, "issuing.key")
        if key.public_key() != issuing.public_key():
            raise AuthorityUnreadable(directory, "issuing.key does not belong to issuing.crt")
        return cls(root, issuing, key)

    @property
    def root_pem(self) -> bytes:
        """The root certificate, PEM."""
        return _pem(self._root)

    @property
    def trust_pem(self) -> bytes:
        """Root and issuing certificate, PEM: what a server needs to check clients."""
        return _pem(self._root) + _pem(self._issuing)

    @property
    def ca_sha256(self) -> bytes:
        """SHA-256 of the root certificate's DER, 32 bytes: what vouchers pin."""
        return sha256(self._root.public_bytes(Encoding.DER)).digest()

    @property
    def issuing_not_after(self) -> datetime:
        """When the issuing certificate ends; no leaf outlives it."""
        return self._issuing.not_valid_after_utc

    def issue_unit(self, unit_id: str, public_key: UnitPublicKey, now: datetime) -> Issued:
        """A 30-day client certificate naming `public_key` as `unit_id`, starting 5 minutes before `now`.

        Raises InvalidId for what is no unit id (names beginning with the controllers' included, because a broker
        would confuse their client ids), InvalidCsr for a key that is neither P-256 nor Ed25519, IssuingExpired.
        """
        if check_unit_id(unit_id).startswith(CONTROLLER_NAME):
            raise InvalidId("unit id: it begins like the controllers' name", unit_id)
        leaf = certificates.Leaf(unit_id, check_unit_key(public_key), certificates.CLIENT, certificates.UNIT_LIFE)
        certificate = self._sign(leaf, now)
        return Issued(
            certificate.serial_number,
            self._chain(certificate).decode("ascii"),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def issue_server(self, names: list[str], now: datetime) -> KeyAndChain:
        """A fresh key and 90-day server certificate for host names and IP addresses `names` (at least one).

        Raises ValueError for no name or one that is not ASCII, IssuingExpired.
        """
        if not names:
            raise ValueError("a server certificate needs at least one host name or address")
        return self._fresh(SERVER_NAME, certificates.SERVER, now, certificates.SERVER_LIFE, tuple(names))

    def issue_controller(self, now: datetime) -> KeyAndChain:
        """A fresh key and 90-day client certificate named CONTROLLER_NAME; raises IssuingExpired."""
        return self._fresh(CONTROLLER_NAME, certificates.CLIENT, now, certificates.CONTROLLER_LIFE)

    def _fresh(
        self, subject: str, purpose: ObjectIdentifier, now: datetime, life: timedelta, names: tuple[str, ...] = ()
    ) -> KeyAndChain:
        key = generate_private_key(SECP256R1())
        certificate = self._sign(certificates.Leaf(subject, key.public_key(), purpose, life, names), now)
        return KeyAndChain(files.key_to_pem(key), self._chain(certificate), certificate.not_valid_after_utc)

    def _sign(self, leaf: certificates.Leaf, now: datetime) -> x509.Certificate:
        start, end = self._issuing.not_valid_before_utc, self._issuing.not_valid_after_utc
        if not start <= certificates.whole_second(now) < end:
            raise IssuingExpired(start, end)
        return certificates.leaf_certificate(leaf, now, certificates.Signer(self._issuing.subject, self._key), end)

    def _chain(self, leaf: x509.Certificate) -> bytes:
        return _pem(leaf) + _pem(self._issuing)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
