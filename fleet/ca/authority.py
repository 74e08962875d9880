"""The certificate authority of one fleet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import ObjectIdentifier

from fleet.ca import certificates, files
from fleet.ca.csr import UnitPublicKey, check_unit_key
from fleet.ca.errors import IssuingExpired
from fleet.ca.holdings import Holdings, Issuer, digest, load_holdings, pem
from fleet.ca.revocation_list import Revoked, read_lists, revocation_list
from protocols.errors import InvalidId
from protocols.ids import check_unit_id
from protocols.joining import API_TLS_NAME, RootOffer
from protocols.topics import CONTROLLER_NAME

SERVER_NAME = "Muster server"
"""Common name of every server certificate; its blank keeps it from ever being a unit id."""
CANARY_PREFIX = "canary-"
"""Common names of canaries begin so, and go on with 16 hexadecimal digits."""
_API_DOMAIN = "." + API_TLS_NAME.split(".", 1)[1]


@dataclass(frozen=True, slots=True)
class Issued:
    """A unit's certificate. `chain_pem` is the leaf, then the issuing certificate; `serial` is below 2**159."""

    serial: int
    chain_pem: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class KeyAndChain:
    """A fresh private key (PKCS #8 PEM, never in the repr) and its chain: leaf, issuing certificate, and the cross
    certificate of its root if there is one. `serial` is below 2**159."""

    key_pem: bytes = field(repr=False)
    chain_pem: bytes
    not_after: datetime
    serial: int

    def write(self, key_path: Path, chain_path: Path) -> None:
        """Write both files, each in one step and readable by its owner only."""
        files.write_private(key_path, self.key_pem)
        files.write_private(chain_path, self.chain_pem)


class CertificateAuthority:
    """The roots and issuing certificates of one fleet, with the issuing keys at hand (`fleet.ca.holdings`).

    The newest issuing certificate signs; those before it sign their revocation lists until they end. No root key is
    needed: it is used by `create` and by `fleet ca` only.
    """

    def __init__(self, directory: Path, holdings: Holdings) -> None:
        """The authority in `directory`, which holds `holdings`."""
        self._directory = directory
        self._holdings = holdings

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
                "root.crt": pem(root),
                "root.key": files.key_to_pem(root_key),
                "issuing.crt": pem(issuing),
                "issuing.key": files.key_to_pem(key),
            },
        )
        return cls.load(directory)

    @classmethod
    def load(cls, directory: Path) -> "CertificateAuthority":
        """Read the authority in `directory`; raises AuthorityUnreadable, KeyExposed or TokenUnusable."""
        return cls(directory, load_holdings(directory))

    def reload(self) -> bool:
        """Take what the directory holds now; True when certificates came or went.

        Raises what `load` raises, and then goes on with what it had.
        """
        before, self._holdings = self._holdings, load_holdings(self._directory)
        return _certificates(before) != _certificates(self._holdings)

    @property
    def holdings(self) -> Holdings:
        """Everything in force, newest first."""
        return self._holdings

    @property
    def root_pem(self) -> bytes:
        """The root under which leaves are signed now, PEM."""
        return pem(self._signing.root.certificate)

    @property
    def roots_pem(self) -> bytes:
        """All roots in force, newest first, PEM."""
        return b"".join(pem(root.certificate) for root in self._holdings.roots)

    @property
    def trust_pem(self) -> bytes:
        """All roots and issuing certificates in force, PEM: what a server needs to check clients."""
        return self.roots_pem + b"".join(pem(issuer.certificate) for issuer in self._holdings.issuers)

    @property
    def ca_sha256(self) -> bytes:
        """SHA-256 of the DER of the root under which leaves are signed now, 32 bytes: what vouchers pin.

        It is the newest root, except between the installation of a new one and of the first issuing certificate
        under it: who pinned the new root then could not verify a server.
        """
        return digest(self._signing.root.certificate)

    @property
    def roots_sha256(self) -> tuple[bytes, ...]:
        """SHA-256 of the DER of each root in force, newest first: what a person's client may have pinned."""
        return tuple(digest(root.certificate) for root in self._holdings.roots)

    @property
    def issuing_not_after(self) -> datetime:
        """When the issuing certificate that signs now ends; no leaf outlives it."""
        return self._signing.certificate.not_valid_after_utc

    def root_offers(self) -> list[RootOffer]:
        """All roots in force, newest first, as units are told of them."""
        return [
            RootOffer(
                root_pem=pem(root.certificate).decode("ascii"),
                cross_pem=None if root.cross is None else pem(root.cross).decode("ascii"),
            )
            for root in self._holdings.roots
        ]

    def issue_unit(self, unit_id: str, public_key: UnitPublicKey, now: datetime) -> Issued:
        """A 30-day client certificate naming `public_key` as `unit_id`, starting 5 minutes before `now`.

        Raises InvalidId for what is no unit id (names beginning like the controllers' and canaries' included,
        because a broker would confuse their client ids), InvalidCsr for a key that is neither P-256 nor Ed25519,
        IssuingExpired.
        """
        issuer = self._signing
        name, key = _unit_name(unit_id), check_unit_key(public_key)
        leaf = _sign(issuer, certificates.Leaf(name, key, certificates.CLIENT, certificates.UNIT_LIFE), now)
        chain = pem(leaf) + pem(issuer.certificate)
        return Issued(leaf.serial_number, chain.decode("ascii"), leaf.not_valid_before_utc, leaf.not_valid_after_utc)

    def issue_takeover(self, unit_id: str, now: datetime) -> KeyAndChain:
        """A fresh key and one-minute client certificate with a unit's name, to close that unit's session.

        Raises InvalidId as `issue_unit`, IssuingExpired.
        """
        return self._fresh(_unit_name(unit_id), certificates.CLIENT, now, certificates.TAKEOVER_LIFE)

    def issue_canary(self, now: datetime) -> KeyAndChain:
        """A fresh key and ten-minute client certificate that has no rights, to be put on the revocation list at once:
        a broker that refuses it has read the list. Raises IssuingExpired."""
        return self._fresh(CANARY_PREFIX + token_hex(8), certificates.CLIENT, now, certificates.CANARY_LIFE)

    def issue_server(self, names: list[str], now: datetime) -> KeyAndChain:
        """A fresh key and 90-day certificate for a broker, with host names and IP addresses `names` (at least one).

        Raises ValueError for no name, one that is not ASCII, and one under which the API is known to its clients;
        IssuingExpired.
        """
        if any(name.lower().rstrip(".").endswith(_API_DOMAIN) for name in names):
            raise ValueError(f"{API_TLS_NAME} and its neighbours are the API's: a broker must not carry them")
        return self._fresh(SERVER_NAME, certificates.SERVER, now, certificates.SERVER_LIFE, _some(names))

    def issue_api(self, names: list[str], now: datetime) -> KeyAndChain:
        """As `issue_server`, for the API: `names` and the name that its clients check."""
        named = (*_some(names), API_TLS_NAME)
        return self._fresh(SERVER_NAME, certificates.SERVER, now, certificates.SERVER_LIFE, named)

    def issue_controller(self, now: datetime) -> KeyAndChain:
        """A fresh key and 90-day client certificate named CONTROLLER_NAME; raises IssuingExpired."""
        return self._fresh(CONTROLLER_NAME, certificates.CLIENT, now, certificates.CONTROLLER_LIFE)

    def crl_pem(self, revoked: Sequence[Revoked], number: int, now: datetime) -> bytes:
        """One revocation list for each issuing certificate that has not ended, PEM, concatenated.

        Every list has all of `revoked`: serial numbers are random, so one of another issuer does no harm. Good for 30
        days; `number`, 0 or more, must grow from list to list. Raises IssuingExpired when all have ended.
        """
        return b"".join(revocation_list(revoked, number, now, _signer(issuer)) for issuer in self._in_use(now))

    def complete_lists(self, content: bytes, now: datetime) -> bytes:
        """The revocation lists `content` and, for issuing certificates that have none there, one that says the same
        under the same number; `content` itself when none is missing.

        A broker refuses every certificate whose issuer has no list, so a new issuing certificate needs one before its
        first leaf. Raises ValueError for damaged lists, IssuingExpired.
        """
        lists = read_lists(content)
        missing = [issuer for issuer in self._in_use(now) if issuer.certificate.subject not in lists.issuers]
        added = [revocation_list(lists.revoked, lists.number, now, _signer(issuer)) for issuer in missing]
        return content + b"".join(added)

    def _in_use(self, now: datetime) -> list[Issuer]:
        in_use = [each for each in self._holdings.issuers if each.certificate.not_valid_after_utc > now]
        if not in_use:
            raise _expired(self._signing.certificate)
        return in_use

    @property
    def _signing(self) -> Issuer:
        return self._holdings.issuers[0]

    def _fresh(
        self, subject: str, purpose: ObjectIdentifier, now: datetime, life: timedelta, names: tuple[str, ...] = ()
    ) -> KeyAndChain:
        issuer = self._signing
        key = generate_private_key(SECP256R1())
        leaf = _sign(issuer, certificates.Leaf(subject, key.public_key(), purpose, life, names), now)
        chain = pem(leaf) + pem(issuer.certificate) + (pem(issuer.root.cross) if issuer.root.cross else b"")
        return KeyAndChain(files.key_to_pem(key), chain, leaf.not_valid_after_utc, leaf.serial_number)


def _sign(issuer: Issuer, leaf: certificates.Leaf, now: datetime) -> x509.Certificate:
    issuing = issuer.certificate
    end = issuing.not_valid_after_utc
    if not issuing.not_valid_before_utc <= certificates.whole_second(now) < end:
        raise _expired(issuing)
    return certificates.leaf_certificate(leaf, now, _signer(issuer), end)


def _expired(issuing: x509.Certificate) -> IssuingExpired:
    return IssuingExpired(issuing.not_valid_before_utc, issuing.not_valid_after_utc)


def _signer(issuer: Issuer) -> certificates.Signer:
    return certificates.Signer(issuer.certificate.subject, issuer.key)


def _unit_name(unit_id: str) -> str:
    if check_unit_id(unit_id).startswith((CONTROLLER_NAME, CANARY_PREFIX)):
        raise InvalidId("unit id: it begins like the controllers' or a canary's name", unit_id)
    return unit_id


def _some(names: list[str]) -> tuple[str, ...]:
    if not names:
        raise ValueError("a server certificate needs at least one host name or address")
    return tuple(names)


def _certificates(holdings: Holdings) -> list[x509.Certificate | None]:
    found = [certificate for root in holdings.roots for certificate in (root.certificate, root.cross)]
    return [*found, *(issuer.certificate for issuer in holdings.issuers)]
