"""Certificates from a real CertificateAuthority, in files, for brokers and clients under test."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fleet.ca.authority import CertificateAuthority
from fleet.ca.files import key_to_pem, write_private
from fleet.ca.revocation_list import Revoked

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"]


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """A client's key and chain."""

    key: Path
    chain: Path


class Pki:
    """An authority in `directory/ca`, and what it has issued beside it."""

    def __init__(self, directory: Path, authority: CertificateAuthority) -> None:
        self.directory = directory
        self.authority = authority

    @classmethod
    def create(cls, directory: Path) -> Self:
        """A new authority, valid now; `directory` need not exist."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory, CertificateAuthority.create(directory / "ca", datetime.now(UTC)))

    def unit(self, unit_id: str) -> ClientFiles:
        """A fresh key and certificate for `unit_id`."""
        key = generate_private_key(SECP256R1())
        issued = self.authority.issue_unit(unit_id, key.public_key(), datetime.now(UTC))
        files = self._paths(unit_id)
        write_private(files.key, key_to_pem(key))
        write_private(files.chain, issued.chain_pem.encode())
        return files

    def controller(self) -> ClientFiles:
        """A fresh key and certificate for a controller."""
        files = self._paths("controller")
        self.authority.issue_controller(datetime.now(UTC)).write(files.key, files.chain)
        return files

    def server(self, directory: Path) -> ClientFiles:
        """Write ca.crt, crl.pem, server.crt and server.key for a broker on this host into `directory`; returns the
        last two."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "ca.crt").write_bytes(self.authority.trust_pem)
        self.revoke(directory)
        files = ClientFiles(directory / "server.key", directory / "server.crt")
        self.authority.issue_server(LOOPBACK_NAMES, datetime.now(UTC)).write(files.key, files.chain)
        return files

    def api(self, directory: Path) -> ClientFiles:
        """Write server.crt and server.key for an API on this host into `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        files = ClientFiles(directory / "server.key", directory / "server.crt")
        self.authority.issue_api(LOOPBACK_NAMES, datetime.now(UTC)).write(files.key, files.chain)
        return files

    def revoke(self, directory: Path, *revoked: ClientFiles, number: int = 1) -> None:
        """Write crl.pem into `directory`, with the certificates in `revoked` on it and no others."""
        now = datetime.now(UTC)
        leaves = [x509.load_pem_x509_certificate(files.chain.read_bytes()) for files in revoked]
        listed = [Revoked(leaf.serial_number, now) for leaf in leaves]
        write_private(directory / "crl.pem", self.authority.crl_pem(listed, number, now))

    def context(self, files: ClientFiles | None) -> ssl.SSLContext:
        """A client context that trusts this authority's roots, and shows the certificate in `files` if any."""
        context = ssl.create_default_context(cadata=self.authority.roots_pem.decode())
        if files is not None:
            context.load_cert_chain(files.chain, files.key)
        return context

    def _paths(self, name: str) -> ClientFiles:
        return ClientFiles(self.directory / f"{name}.key", self.directory / f"{name}.crt")
