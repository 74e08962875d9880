"""Errors of revocation.

RevocationError (a FleetError)
├── BrokerAway        the units' listener of the broker can not be reached, or breaks off
├── ListNotRead       the broker does not refuse a certificate that is on the list
├── TakeoverRefused   the broker does not let a unit's session be taken over
└── ListNotWritten    the revocation list can not be made or written
"""

from pathlib import Path

from fleet.errors import FleetError


class RevocationError(FleetError):
    """Base of what delays a revocation. It is tried again."""


class BrokerAway(RevocationError):
    """The broker can not be reached at `address`; `detail` says why."""

    def __init__(self, address: str, detail: str) -> None:
        super().__init__(f"the broker's listener for units, {address}, can not be reached: {detail}")
        self.address = address
        self.detail = detail


class ListNotRead(RevocationError):
    """The broker has not read revocation list `number` within `limit_s` seconds."""

    def __init__(self, number: int, limit_s: float) -> None:
        super().__init__(
            f"the broker has not refused what is on revocation list {number} within {limit_s:g} s: it must read "
            "broker/crl.pem again when that changes, as docker/mosquitto/supervise sees to"
        )
        self.number = number
        self.limit_s = limit_s


class TakeoverRefused(RevocationError):
    """The broker answered the CONNECT in the name of `unit_id` as `detail` says."""

    def __init__(self, unit_id: str, detail: str) -> None:
        super().__init__(f"the broker does not let the session of {unit_id} be taken over: {detail}")
        self.unit_id = unit_id
        self.detail = detail


class ListNotWritten(RevocationError):
    """The revocation list can not be made or written to `path`; `detail` says why."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"the revocation list {path} can not be renewed: {detail}")
        self.path = path
        self.detail = detail
