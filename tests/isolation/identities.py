"""Who knocks in the isolation matrix: honest peers, and certificates that no honest authority would issue.

The strange ones come from a second root that the broker under test is told to trust: what a fleet would be left with
if its authority could be talked into any name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleet.ca.files import key_to_pem, write_private
from protocols.topics import CONTROLLER_NAME
from tests.support.tls import ClientFiles, Pki

MALLORY, VICTIM, WITNESS = "unit-mallory0", "unit-victim00", "unit-witness0"
_A_DAY = timedelta(days=1)

STRANGE_NAMES = (
    "+",
    "#",
    "+/health",
    f"{VICTIM}/health",
    f"x/{VICTIM}",
    f"../{VICTIM}",
    f"{VICTIM}+",
    f"{VICTIM}#",
    VICTIM.upper(),
    f"{VICTIM} ",
    "$SYS",
    "$share/fleet",
    "$CONTROL",
    "%u",
    "%c",
    "controller-0000",
    f"{CONTROLLER_NAME}/x",
    "*",
    "-",
    "x" * 64,
)


@dataclass(frozen=True)
class Identity:
    """Somebody who knocks. `name` is what the certificate says; `enters` whether the door may open for it at all;
    `thorough` whether every topic is tried or the telling ones only."""

    label: str
    name: str
    files: ClientFiles | None
    enters: bool = True
    thorough: bool = False


class _Root:
    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of the isolation matrix")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder(self.name, self.name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - _A_DAY)
            .not_valid_after(now + _A_DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, SHA256())
        )

    def leaf(self, directory: Path, label: str, names: tuple[str, ...], *, expired: bool = False) -> ClientFiles:
        key = generate_private_key(SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False) for name in names])
        end = now - timedelta(minutes=5) if expired else now + _A_DAY
        certificate = (
            x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - _A_DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .sign(self.key, SHA256())
        )
        files = ClientFiles(directory / f"strange-{label}.key", directory / f"strange-{label}.crt")
        write_private(files.key, key_to_pem(key))
        write_private(files.chain, certificate.public_bytes(Encoding.PEM))
        return files

    def crl_pem(self) -> bytes:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(self.name, now - timedelta(minutes=1), now + _A_DAY)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)


class HostilePki(Pki):
    """A fleet's authority whose brokers also trust the matrix's own root. `revoked` is on every list they read."""

    root: _Root
    revoked: ClientFiles

    @classmethod
    def create(cls, directory: Path) -> Self:
        """As `Pki.create`."""
        made = super().create(directory)
        made.root = _Root()
        made.revoked = made.unit("unit-revoked0")
        return made

    def server(self, directory: Path) -> ClientFiles:
        """As `Pki.server`, and the matrix's root among those to be trusted."""
        files = super().server(directory)
        with (directory / "ca.crt").open("ab") as trusted:
            trusted.write(self.root.certificate.public_bytes(Encoding.PEM))
        return files

    def revoke(self, directory: Path, *revoked: ClientFiles, number: int = 1) -> None:
        """As `Pki.revoke`, with the revoked unit, and the list of the matrix's root."""
        super().revoke(directory, self.revoked, *revoked, number=number)
        with (directory / "crl.pem").open("ab") as lists:
            lists.write(self.root.crl_pem())

    def identities(self) -> list[Identity]:
        """Everybody who knocks."""
        foreign = Pki.create(self.directory / "foreign")
        root, here = self.root, self.directory
        canary = "canary-0123456789abcdef"
        barred = [
            Identity("no certificate", VICTIM, None, enters=False),
            Identity("foreign authority's unit", VICTIM, foreign.unit(VICTIM), enters=False),
            Identity("foreign authority's controller", CONTROLLER_NAME, foreign.controller(), enters=False),
            Identity("expired unit", VICTIM, root.leaf(here, "expired", (VICTIM,), expired=True), enters=False),
            Identity("server's certificate", "127.0.0.1", self.server(here / "server-as-client"), enters=False),
            Identity("revoked unit", "unit-revoked0", self.revoked, enters=False),
        ]
        odd = [
            Identity(f"certificate named {name!r}", name, root.leaf(here, f"name-{number}", (name,)))
            for number, name in enumerate(STRANGE_NAMES)
        ]
        return [
            Identity("unit", MALLORY, self.unit(MALLORY), thorough=True),
            Identity("controller", CONTROLLER_NAME, self.controller(), thorough=True),
            Identity("certificate without rights", canary, root.leaf(here, "canary", (canary,)), thorough=True),
            *barred,
            Identity("two names, the victim's last", MALLORY, root.leaf(here, "two-last", (MALLORY, VICTIM))),
            *odd,
        ]
