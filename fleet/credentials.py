"""The controller's keys and certificates in its state directory.

ca/             the certificate authority (`fleet.ca`)
tls/            server.key/.crt for the API, controller.key/.crt to show the broker
broker/         server.key/.crt, ca.crt (roots and issuing) and crl.pem for the broker beside this controller
down.key        the Ed25519 key that signs everything sent to units
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.ca.authority import CertificateAuthority, KeyAndChain
from fleet.ca.files import write_private
from fleet.downlink.key import create_key, load_key
from fleet.errors import SettingsInvalid

_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a running controller holds. Keys are never in the repr."""

    authority: CertificateAuthority
    down_key: Ed25519PrivateKey = field(repr=False)
    directory: Path

    @property
    def down_public_hex(self) -> str:
        """The raw public half of the key that signs what units are sent, hexadecimal."""
        return self.down_key.public_key().public_bytes_raw().hex()

    @property
    def server_files(self) -> tuple[Path, Path]:
        """Key and certificate chain of the API."""
        return self.directory / "tls" / "server.key", self.directory / "tls" / "server.crt"

    def broker_tls(self) -> ssl.SSLContext:
        """A context that proves this is a controller, and trusts brokers of this fleet's authority only."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=self.authority.root_pem.decode())
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.directory / "tls" / "controller.crt", self.directory / "tls" / "controller.key")
        return context


def create_credentials(directory: Path, now: datetime) -> None:
    """Make a new authority and signing key in `directory`; raises AuthorityExists when there is one."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    CertificateAuthority.create(directory / "ca", now)
    create_key(directory / "down.key")


def load_credentials(directory: Path, api_names: list[str], broker_names: list[str], now: datetime) -> Credentials:
    """Read the keys, and issue certificates for this controller and its broker where they are missing or near
    their end (30 days). Raises SettingsInvalid when `fleet init` has not been run here, AuthorityError when what it
    made can not be used."""
    if not (directory / "ca").exists():
        raise SettingsInvalid("state_dir", f"{directory} holds no fleet yet: make one with `fleet init`")
    authority = CertificateAuthority.load(directory / "ca")
    for folder in ("tls", "broker"):
        (directory / folder).mkdir(mode=0o700, exist_ok=True)
    write_private(directory / "broker" / "ca.crt", authority.trust_pem)
    if not (directory / "broker" / "crl.pem").exists():
        # Empty until the revoker has seen the database; without a list no broker starts.
        write_private(directory / "broker" / "crl.pem", authority.crl_pem([], 0, now))
    _keep(directory / "tls" / "server", lambda: authority.issue_server(api_names, now), now)
    _keep(directory / "tls" / "controller", lambda: authority.issue_controller(now), now)
    _keep(directory / "broker" / "server", lambda: authority.issue_server(broker_names, now), now)
    return Credentials(authority, load_key(directory / "down.key"), directory)


def _keep(stem: Path, issue: Callable[[], KeyAndChain], now: datetime) -> None:
    chain_path = stem.with_suffix(".crt")
    if chain_path.exists():
        leaf = x509.load_pem_x509_certificate(chain_path.read_bytes())
        if leaf.not_valid_after_utc - now > _RENEW_BEFORE:
            return
    issue().write(stem.with_suffix(".key"), chain_path)
