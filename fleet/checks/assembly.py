"""Putting a controller's checks together from its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.checks.browsers import Browsers
from fleet.checks.carrying import Carrying
from fleet.checks.desk import CheckDesk, new_controller_name
from fleet.checks.grants import Grants, Receipts
from fleet.checks.session import Limits
from fleet.checks.tools import IceFor, SignalPath, Tools
from fleet.client.files import read_small
from fleet.clock import Clock
from fleet.credentials import Credentials
from fleet.errors import SettingsInvalid
from fleet.feed.hub import Hub
from fleet.media.ice import turn_server
from fleet.media.peers import PeerSettings
from fleet.media.relay import Relay, RelaySettings
from fleet.media.unit_stream import StreamSettings
from fleet.metrics import Metrics
from fleet.positions.sealing import PositionSeal
from fleet.readiness.limits import Limits as ReadinessLimits
from fleet.settings import MediaSettings, Settings
from fleet.store.store import Store
from protocols.opening import IceServer


@dataclass(frozen=True, slots=True)
class Checks:
    """What the API works with, and the way to units, which is there once somebody sets it."""

    desk: CheckDesk
    browsers: Browsers
    carrying: Carrying


def assemble_checks(
    settings: Settings,
    store: Store,
    credentials: Credentials,
    hub: Hub,
    clock: Clock,
    receipts: Receipts,
    metrics: Metrics,
) -> Checks:
    """The checks of one controller. Raises SettingsInvalid when the TURN server's secret can not be used."""
    controller = new_controller_name()
    stream = StreamSettings(peer=PeerSettings(addresses=tuple(settings.media.addresses)))
    readiness = ReadinessLimits()
    grants = Grants(store, clock, receipts, credentials.down_key, controller)
    path = SignalPath()
    tools = Tools(
        store=store,
        clock=clock,
        grants=grants,
        seal=PositionSeal(credentials.down_key),
        relay=Relay(RelaySettings(stream=stream, readiness=readiness, max_streams=settings.media.max_streams)),
        stream=stream,
        readiness=readiness,
        ice_for=ice_servers(settings.media, clock),
        path=path,
        controller=controller,
        limits=Limits(),
        metrics=metrics,
    )
    desk = CheckDesk(tools, hub)
    return Checks(desk, Browsers(tools, desk, settings.api.url), Carrying(store, clock, grants, metrics))


def ice_servers(media: MediaSettings, clock: Clock) -> IceFor:
    """What gives each opening its ICE servers; raises SettingsInvalid when the secret can not be used."""
    stun = [IceServer(urls=list(media.stun_urls))] if media.stun_urls else []
    if media.turn_secret_file is None:
        return lambda _opening: stun
    path = Path(media.turn_secret_file)
    try:
        secret = read_small(path).decode("ascii").strip()
        turn_server(media.turn_urls, secret, "trial", 0)
    except (OSError, ValueError) as error:
        raise SettingsInvalid("media.turn_secret_file", f"{path}: {error}") from error

    def servers(opening: str) -> Sequence[IceServer]:
        return [*stun, turn_server(media.turn_urls, secret, opening, int(clock().timestamp()))]

    return servers
