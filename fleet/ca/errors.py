"""Errors of the certificate authority.

    AuthorityError (a FleetError)
    ├── AuthorityExists        `create` found something where the authority should go
    ├── AuthorityUnreadable    `load` found files missing, damaged or not belonging together
    ├── KeyExposed             a private key that others on the host may read
    ├── TokenUnusable          a PKCS#11 token that does not give or use its key
    ├── IssuingExpired         the issuing certificate is not valid now
    ├── RootKeyAbsent          what only the root key can do, and it is not there
    ├── NotAccepted            a certificate or request from a file that does not fit this authority
    ├── LastRoot               the only root can not be retired
    ├── RootsFull              more roots than units are told of
    ├── BackupUnusable         a backup that is damaged, or whose passphrase is another
    └── InvalidCsr             a certificate signing request that must not be answered

Messages say what to do; facts are attributes. No error carries key material.
"""

from datetime import datetime
from pathlib import Path

from fleet.errors import FleetError


class AuthorityError(FleetError):
    """Base of everything raised by `fleet.ca`."""


class AuthorityExists(AuthorityError):
    """`directory` is not empty, so no authority is made there."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is not empty; load the authority in it, or name an empty directory")
        self.directory = directory


class AuthorityUnreadable(AuthorityError):
    """`directory` does not hold a usable authority; `detail` says which file and why."""

    def __init__(self, directory: Path, detail: str) -> None:
        super().__init__(f"no usable certificate authority in {directory}: {detail}; restore it from its backup")
        self.directory = directory
        self.detail = detail


class KeyExposed(AuthorityError):
    """The private key at `path` has file mode `mode`, which lets others read it."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(
            f"private key {path} has mode {mode:04o}; run chmod 600 on it, and replace it if others saw it"
        )
        self.path = path
        self.mode = mode


class TokenUnusable(AuthorityError):
    """The PKCS#11 token `token` does not give or use its key; `detail` says why, without the PIN."""

    def __init__(self, token: str, detail: str) -> None:
        super().__init__(f"PKCS#11 token {token}: {detail}")
        self.token = token
        self.detail = detail


class IssuingExpired(AuthorityError):
    """The issuing certificate is valid from `not_before` to `not_after`, and that is not now."""

    def __init__(self, not_before: datetime, not_after: datetime) -> None:
        super().__init__(
            f"the issuing certificate is valid from {not_before:%Y-%m-%d %H:%M} to {not_after:%Y-%m-%d %H:%M} UTC "
            "and can not sign now; check this host's clock, or make a new issuing certificate with the root key"
        )
        self.not_before = not_before
        self.not_after = not_after


class RootKeyAbsent(AuthorityError):
    """`directory` holds no private key of the root with `sha256` (hexadecimal, of its DER)."""

    def __init__(self, directory: Path, sha256: str) -> None:
        super().__init__(
            f"the private key of root {sha256[:16]} is not in {directory}; name the medium that holds it with --root, "
            "or use `fleet ca request` here and `fleet ca sign` on the machine that has it"
        )
        self.directory = directory
        self.sha256 = sha256


class NotAccepted(AuthorityError):
    """`path` holds something that does not fit this authority; `detail` says what and what to do."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class LastRoot(AuthorityError):
    """The root with `sha256` can not be retired; `detail` says why."""

    def __init__(self, sha256: str, detail: str) -> None:
        super().__init__(f"root {sha256[:16]} stays in force: {detail}")
        self.sha256 = sha256
        self.detail = detail


class RootsFull(AuthorityError):
    """There are `most` roots in force already, as many as a unit is told of."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} roots are in force, and units are told of no more; retire one with `fleet ca retire-root`"
        )
        self.most = most


class BackupUnusable(AuthorityError):
    """The backup at `path` can not be restored; `detail` says why."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"backup {path}: {detail}")
        self.path = path
        self.detail = detail


class InvalidCsr(AuthorityError):
    """A request that must not be answered; `reason` is a stable word, kebab-case."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"certificate signing request refused: {detail}")
        self.reason = reason
        self.detail = detail
