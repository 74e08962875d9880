"""Errors of the embedded broker.

    EmbeddedBrokerError (a FleetError)
    ├── NotLoopback        asked to listen where other hosts could connect
    ├── TlsUnusable        certificate or key files missing or not belonging together
    └── PortTaken          the address is in use
    PeerFault              what a client did; its connection is closed, the broker goes on

Facts are attributes; messages say what to do. PeerFault's `reason` is a stable word, kebab-case.
"""

from pathlib import Path

from fleet.errors import FleetError


class EmbeddedBrokerError(FleetError):
    """Base of what keeps the embedded broker from starting."""


class NotLoopback(EmbeddedBrokerError):
    """`host` is not a loopback address."""

    def __init__(self, host: str) -> None:
        super().__init__(f"the embedded broker listens on loopback addresses only, not on {host!r}: use 127.0.0.1")
        self.host = host


class TlsUnusable(EmbeddedBrokerError):
    """The files in `directory` can not serve TLS; `detail` says which and why."""

    def __init__(self, directory: Path, detail: str) -> None:
        super().__init__(f"{directory} needs ca.crt, crl.pem, server.crt and server.key that belong together: {detail}")
        self.directory = directory
        self.detail = detail


class PortTaken(EmbeddedBrokerError):
    """`host`:`port` can not be bound; `detail` is the system's reason."""

    def __init__(self, host: str, port: int, detail: str) -> None:
        super().__init__(f"can not listen on {host}:{port} ({detail}); choose another port, or 0 for a free one")
        self.host = host
        self.port = port
        self.detail = detail


class PeerFault(Exception):
    """A client did what it may not; `detail` is for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
