"""What each kind of certificate says. Pure: keys, names and times in, certificate out.

A root (10 years, path length 2) is what vouchers pin; it signs issuing certificates (2 years, path length 0), and
those sign leaves. A root also signs the key and name of the root after it: such a cross certificate (path length 1)
lets a unit that knows the old root only verify what is signed under the new one. A leaf serves one purpose only,
client or server, so that neither can stand in for the other.

Names of roots and issuing certificates end in the beginning of their key's identifier: verifiers look issuers and
revocation lists up by name, and two of one name would have them try the wrong one.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH

ROOT_LIFE = timedelta(days=3650)
ISSUING_LIFE = timedelta(days=730)
UNIT_LIFE = timedelta(days=30)
SERVER_LIFE = timedelta(days=90)
CONTROLLER_LIFE = timedelta(days=90)
TAKEOVER_LIFE = timedelta(minutes=1)
CANARY_LIFE = timedelta(minutes=10)
ROOT_PATH_LENGTH = 2
BACKDATED_BY = timedelta(minutes=5)
"""How far a certificate starts in the past, for units whose clocks are a little slow."""

SubjectKey = EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the name that becomes the issuer, and its key (never in the repr)."""

    name: x509.Name
    key: EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf says: `subject` becomes the common name, `purpose` is CLIENT or SERVER, `names` are the host
    names and addresses of its subject alternative name."""

    subject: str
    key: SubjectKey
    purpose: x509.ObjectIdentifier
    life: timedelta
    names: tuple[str, ...] = ()


def common_name(name: str) -> x509.Name:
    """A subject of one common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def whole_second(now: datetime) -> datetime:
    """`now` in UTC without microseconds; raises ValueError when it has no time zone."""
    if now.tzinfo is None:
        raise ValueError("a certificate's time needs a time zone")
    return now.astimezone(UTC).replace(microsecond=0)


def issuing_name(key: EllipticCurvePublicKey) -> x509.Name:
    """The name of the issuing certificate of `key`."""
    return common_name(f"Muster issuing {_beginning(key)}")


def root_certificate(key: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """The self-signed root of `key`."""
    signer = Signer(common_name(f"Muster root {_beginning(key.public_key())}"), key)
    builder = _builder(signer.name, key.public_key(), now, whole_second(now) + ROOT_LIFE, signer)
    return _as_authority(builder, path_length=ROOT_PATH_LENGTH).sign(key, SHA256())


def cross_certificate(root: x509.Certificate, now: datetime, old: x509.Certificate, signer: Signer) -> x509.Certificate:
    """The name and key of `root`, signed by the root before it: `old`, whose name and key `signer` has.

    It ends with whichever of the two roots ends first.
    """
    key = root.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError("a root of this fleet has an EC key")
    last = min(root.not_valid_after_utc, old.not_valid_after_utc)
    builder = _builder(root.subject, key, now, last, signer)
    return _as_authority(builder, path_length=1).sign(signer.key, SHA256())


def issuing_certificate(
    key: EllipticCurvePublicKey, now: datetime, root: Signer, last: datetime | None = None
) -> x509.Certificate:
    """The issuing certificate of `key`, signed by the root; it does not go beyond `last`."""
    end = whole_second(now) + ISSUING_LIFE
    builder = _builder(issuing_name(key), key, now, end if last is None else min(end, last), root)
    return _as_authority(builder, path_length=0).sign(root.key, SHA256())


def leaf_certificate(leaf: Leaf, now: datetime, issuing: Signer, last: datetime) -> x509.Certificate:
    """The certificate that says `leaf`, from shortly before `now`, and never beyond `last`."""
    not_after = min(whole_second(now) + leaf.life, last)
    builder = (
        _builder(common_name(leaf.subject), leaf.key, now, not_after, issuing)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        # Not critical: verifiers that hold to the public web's profile, cryptography's among them, refuse it so.
        .add_extension(x509.ExtendedKeyUsage([leaf.purpose]), critical=False)
    )
    if leaf.names:
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in leaf.names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(issuing.key, SHA256())


def _beginning(key: EllipticCurvePublicKey) -> str:
    return x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()[:8]


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, key: SubjectKey, now: datetime, not_after: datetime, signer: Signer
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(whole_second(now) - BACKDATED_BY)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )


def _as_authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True).add_extension(
        _key_usage(signs_certificates=True), critical=True
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
