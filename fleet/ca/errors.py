"""Errors of the certificate authority.

    AuthorityError (a FleetError)
    ├── AuthorityExists        `create` found something where the authority should go
    ├── AuthorityUnreadable    `load` found files missing, damaged or not belonging together
    ├── KeyExposed             a private key that others on the host may read
    ├── IssuingExpired         the issuing certificate is not valid now
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


class IssuingExpired(AuthorityError):
    """The issuing certificate is valid from `not_before` to `not_after`, and that is not now."""

    def __init__(self, not_before: datetime, not_after: datetime) -> None:
        super().__init__(
            f"the issuing certificate is valid from {not_before:%Y-%m-%d %H:%M} to {not_after:%Y-%m-%d %H:%M} UTC "
            "and can not sign now; check this host's clock, or make a new issuing certificate with the root key"
        )
        self.not_before = not_before
        self.not_after = not_after


class InvalidCsr(AuthorityError):
    """A request that must not be answered; `reason` is a stable word, kebab-case."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"certificate signing request refused: {detail}")
        self.reason = reason
        self.detail = detail
