"""Errors of a witness.

    WitnessError
    ├── PlaceTaken        `init` found something where the witness should go
    ├── PlaceUnusable     a file of the witness's directory can not be read, written or understood
    │   └── MemoryDamaged what it remembers of a log is not there or not as it wrote it
    ├── HostUnusable      a host that can not be in a certificate
    ├── NotALogKey        a verifier key that no log signs with
    ├── AlreadyRunning    another process holds the directory
    ├── CannotListen      the address or port can not be had, or must not be used like that
    └── InvalidRequest    a request that is not one of C2SP tlog-witness

Messages say what to do; facts are attributes. No error carries key material.
"""

from pathlib import Path


class WitnessError(Exception):
    """Base of everything raised by `fleet.witness`."""


class PlaceTaken(WitnessError):
    """`path` is there already, so no witness is made in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not empty: name a directory that is not there yet")
        self.path = path


class PlaceUnusable(WitnessError):
    """`path` can not be used; `detail` says why and what to do."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path} {detail}")
        self.path = path
        self.detail = detail


class MemoryDamaged(PlaceUnusable):
    """What the witness remembers of a log is damaged or gone. It must not begin anew: it could cosign a second view."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            path, f"{what}: the witness must not forget what it cosigned; bring the file back, or retire this witness"
        )


class HostUnusable(WitnessError):
    """`host` is neither a DNS name nor an IP address."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host[:80]!r} is no DNS name or IP address; an international name is written as xn--…")
        self.host = host


class NotALogKey(WitnessError):
    """`name` is that of a key for another use, such as a witness's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:80]} is not the key of a log: a log's verifier key is of type 1, plain Ed25519")
        self.name = name


class AlreadyRunning(WitnessError):
    """Another process holds `directory`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is in use by a running witness: stop that one first")
        self.directory = directory


class CannotListen(WitnessError):
    """`address` can not be listened on; `detail` says why."""

    def __init__(self, address: str, detail: str) -> None:
        super().__init__(f"can not listen on {address}: {detail}")
        self.address = address
        self.detail = detail


class InvalidRequest(WitnessError):
    """Bytes that are no `add-checkpoint` request; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
