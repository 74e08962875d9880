"""What every check of a controller works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fleet.checks.grants import Grants
from fleet.checks.session import Limits
from fleet.clock import Clock
from fleet.media.relay import Relay
from fleet.media.unit_stream import StreamSettings
from fleet.metrics import Metrics
from fleet.positions.sealing import PositionSeal
from fleet.readiness.limits import Limits as ReadinessLimits
from fleet.store.store import Store
from protocols.downlink import Body
from protocols.opening import DownSignal, IceServer
from protocols.topics import DownChannel


class Send(Protocol):
    """The downlink's `send`: False when a body can not be taken now."""

    def __call__(self, unit_id: str, session: str, channel: DownChannel, body: Body, expires_in_s: float) -> bool:
        """See `fleet.downlink.downlink`."""


class SignalPath:
    """The way to units, once there is one."""

    def __init__(self) -> None:
        self._send: Send | None = None

    def speak_over(self, send: Send) -> None:
        """Send over the downlink from now on; before, nothing can be sent."""
        self._send = send

    def send(self, unit_id: str, session: str, body: DownSignal, expires_in_s: float) -> bool:
        """Send on the unit's channel `signal`; False when it can not be taken now."""
        return self._send is not None and self._send(unit_id, session, "signal", body, expires_in_s)


IceFor = Callable[[str], Sequence[IceServer]]
"""The ICE servers for a name (an opening, or a browser that watches one), with credentials of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """`controller` is this controller's random name in the rows of its openings."""

    store: Store
    clock: Clock
    grants: Grants
    seal: PositionSeal
    relay: Relay
    stream: StreamSettings
    readiness: ReadinessLimits
    ice_for: IceFor
    path: SignalPath
    controller: str
    limits: Limits
    metrics: Metrics
