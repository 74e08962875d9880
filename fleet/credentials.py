"""The controller's keys and certificates in its state directory.

ca/             the certificate authority (`fleet.ca`)
tls/            server.key/.crt for the API, controller.key/.crt to show the broker
broker/         server.key/.crt, ca.crt (roots and issuing) and crl.pem for the broker beside this controller
down.key        the Ed25519 key that signs everything sent to units
log.key         the Ed25519 key that signs the log's checkpoints
release.key     the Ed25519 key that signs snapshot and timestamp of releases
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.ca.authority import CertificateAuthority, KeyAndChain
from fleet.ca.expiry import Expiring, needs_new
from fleet.ca.files import write_private
from fleet.ca.revocation_list import read_lists
from fleet.downlink.key import create_key, load_key
from fleet.errors import SettingsInvalid
from fleet.log.key import LOG_KEY_FILE, LogKey, load_log_key, write_log_key
from fleet.releases.key import load_or_make_release_key
from protocols.joining import API_TLS_NAME


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a running controller holds. Keys are never in the repr."""

    authority: CertificateAuthority
    down_key: Ed25519PrivateKey = field(repr=False)
    directory: Path
    api_names: tuple[str, ...]
    broker_names: tuple[str, ...]
    log_key: LogKey
    release_key: Ed25519PrivateKey = field(repr=False)
    _broker_contexts: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    @property
    def down_public_hex(self) -> str:
        """The raw public half of the key that signs what units are sent, hexadecimal."""
        return self.down_key.public_key().public_bytes_raw().hex()

    @property
    def server_files(self) -> tuple[Path, Path]:
        """Key and certificate chain of the API."""
        return self.directory / "tls" / "server.key", self.directory / "tls" / "server.crt"

    @property
    def crl_path(self) -> Path:
        """The revocation lists that the broker reads."""
        return self.directory / "broker" / "crl.pem"

    def broker_tls(self) -> ssl.SSLContext:
        """A context that proves this is a controller, and trusts brokers of this fleet's authority only.

        New connections show the newest certificate: `reload_broker_tls` changes the context in place.
        """
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=self.authority.roots_pem.decode())
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.directory / "tls" / "controller.crt", self.directory / "tls" / "controller.key")
        self._broker_contexts.append(context)
        return context

    def reload_broker_tls(self) -> None:
        """Give every context of `broker_tls` the certificate that is in the files now, and roots that are new.

        A root that was retired stays trusted by them until the controller starts again.
        """
        for context in self._broker_contexts:
            context.load_cert_chain(
                self.directory / "tls" / "controller.crt", self.directory / "tls" / "controller.key"
            )
            context.load_verify_locations(cadata=self.authority.roots_pem.decode())

    def refresh(self, now: datetime) -> bool:
        """Write what the broker needs, and make certificates of API, controller and broker anew where they are
        missing, damaged, near their end (30 days), or not of the newest issuing certificate; True when one was made.

        Raises IssuingExpired, TokenUnusable or OSError; what was written until then stands.
        """
        for folder in ("tls", "broker"):
            (self.directory / folder).mkdir(mode=0o700, exist_ok=True)
        _replace(self.directory / "broker" / "ca.crt", self.authority.trust_pem)
        # Before any leaf of a new issuing certificate: a broker refuses what has no list.
        self._complete_lists(now)
        api, controller, broker = (self.directory / name for name in ("tls/server", "tls/controller", "broker/server"))
        made = [
            self._keep(api, (*self.api_names, API_TLS_NAME), lambda: self._issue_api(now), now),
            self._keep(controller, (), lambda: self.authority.issue_controller(now), now),
            self._keep(broker, self.broker_names, lambda: self._issue_broker(now), now),
        ]
        return any(made)

    def expiring(self) -> list[Expiring]:
        """Everything here that ends: roots, issuing certificates, revocation lists, and own certificates.

        Of issuing certificates only the newest: those before it have to end. Raises ValueError or OSError when a file
        can not be read.
        """
        held = self.authority.holdings
        issuing = held.issuers[0]
        found = [
            Expiring("root", f"root certificate {root.number}", root.certificate.not_valid_after_utc)
            for root in held.roots
            if root == issuing.root or root == held.roots[0]
        ]
        found.append(
            Expiring("issuing", f"issuing certificate {issuing.number}", issuing.certificate.not_valid_after_utc)
        )
        next_update = read_lists(self.crl_path.read_bytes()).next_update
        if next_update is not None:
            found.append(Expiring("crl", "the revocation list", next_update))
        for name in ("tls/server", "tls/controller", "broker/server"):
            leaf = _read(self.directory / f"{name}.crt")
            found.append(Expiring("own", f"certificate {name}.crt", leaf.not_valid_after_utc))
        return found

    def _complete_lists(self, now: datetime) -> None:
        # Empty at first, until the revoker has seen the database.
        content = self.crl_path.read_bytes() if self.crl_path.exists() else b""
        try:
            complete = self.authority.complete_lists(content, now)
        except ValueError:
            # Damaged: left to the revoker, who knows what was on it. One of ours would say that nothing is revoked.
            return
        # Never what was there: the revoker may have written another one since.
        if complete != content:
            write_private(self.crl_path, complete)

    def _issue_api(self, now: datetime) -> KeyAndChain:
        return self.authority.issue_api(list(self.api_names), now)

    def _issue_broker(self, now: datetime) -> KeyAndChain:
        return self.authority.issue_server(list(self.broker_names), now)

    def _keep(self, stem: Path, names: tuple[str, ...], issue: Callable[[], KeyAndChain], now: datetime) -> bool:
        key_path, chain_path = stem.with_suffix(".key"), stem.with_suffix(".crt")
        issuer = self.authority.holdings.issuers[0].certificate
        if _usable(key_path, chain_path) and not needs_new(_read(chain_path), names, issuer, now):
            return False
        issue().write(key_path, chain_path)
        return True


def create_credentials(directory: Path, now: datetime, log_key: LogKey | None = None) -> None:
    """Make a new authority and signing keys in `directory`, with `log_key` or another for the log; raises
    AuthorityExists when there is one."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    CertificateAuthority.create(directory / "ca", now)
    create_key(directory / "down.key")
    write_log_key(directory, log_key or LogKey.new())
    load_or_make_release_key(directory)


def complete_keys(directory: Path) -> bool:
    """Make the log's key for a fleet in `directory` that never had one; False when there was nothing to do."""
    if not (directory / "ca").exists() or (directory / LOG_KEY_FILE).exists():
        return False
    write_log_key(directory, LogKey.new())
    return True


def load_credentials(directory: Path, api_names: list[str], broker_names: list[str], now: datetime) -> Credentials:
    """Read the keys, and issue certificates for this controller and its broker where they are missing or near
    their end (30 days). Raises SettingsInvalid when `fleet init` has not been run here, AuthorityError when what it
    made can not be used."""
    if not (directory / "ca").exists():
        raise SettingsInvalid("state_dir", f"{directory} holds no fleet yet: make one with `fleet init`")
    authority = CertificateAuthority.load(directory / "ca")
    down_key = load_key(directory / "down.key")
    log_key = load_log_key(directory)
    release_key = load_or_make_release_key(directory)
    credentials = Credentials(
        authority, down_key, directory, tuple(api_names), tuple(broker_names), log_key, release_key
    )
    credentials.refresh(now)
    return credentials


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _usable(key_path: Path, chain_path: Path) -> bool:
    """Whether both files are there and belong together: power may have been cut between the two."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain_path, key_path)
    except OSError:
        return False
    return True


def _replace(path: Path, content: bytes) -> None:
    """Write only what is new: the broker is told of every change."""
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)
