"""The desk's part that opens rooms: which screen is shown for what a person asks to see."""

from collections.abc import Awaitable
from datetime import date

from textual.screen import Screen
from typing_extensions import override

from protocols.api.wiring import DeploymentWiring
from tui.desk_feed import FeedDesk
from tui.rooms.alarms import AlarmRoom, AlarmsRoom
from tui.rooms.authorities import AuthoritiesRoom
from tui.rooms.authority import AuthorityRoom
from tui.rooms.deployment import DeploymentRoom
from tui.rooms.deployments import DeploymentsRoom
from tui.rooms.events import EventsRoom, UnitEventsRoom
from tui.rooms.firmware import FirmwareRoom
from tui.rooms.firmware_bench import BenchRoom
from tui.rooms.firmware_releases import ReleasesRoom
from tui.rooms.firmware_rollout import RolloutRoom
from tui.rooms.handover import HandoverRoom, HandoversRoom
from tui.rooms.joins import JoinsRoom
from tui.rooms.kit import KitRoom
from tui.rooms.kit_item import KitItemRoom
from tui.rooms.log import LogRoom, UnitLogRoom
from tui.rooms.mandate import MandateRoom
from tui.rooms.mandates import MandatesRoom
from tui.rooms.now import NowRoom
from tui.rooms.people import PeopleRoom
from tui.rooms.rota import RotaRoom
from tui.rooms.unit import UnitRoom
from tui.rooms.units import UnitsRoom
from tui.rooms.wiring import WiringRoom
from tui.rooms.wiring_given import WiringGivenRoom
from tui.rooms.wiring_harness import HarnessRoom
from tui.rooms_map import RoomName
from tui.saved import SavedFilters
from tui.wiring_asking import wiring_of_deployment, wiring_of_unit


class RoomsDesk(FeedDesk):
    """Opens the rooms. Each of those with a number has a stack of screens of its own."""

    def add_rooms(self, saved: SavedFilters) -> None:
        """Make known the first screen of each room that has a number."""
        self.add_mode("now", NowRoom)
        self.add_mode("units", lambda: UnitsRoom(saved, self.server_clock))
        self.add_mode("log", LogRoom)
        self.add_mode("people", PeopleRoom)
        self.add_mode("events", EventsRoom)
        self.add_mode("mandates", MandatesRoom)
        self.add_mode("rota", RotaRoom)
        self.add_mode("deployments", DeploymentsRoom)
        self.add_mode("wiring", WiringRoom)
        self.add_mode("kit", KitRoom)

    @override
    async def go(self, room: RoomName) -> None:
        """See Desk."""
        await self._go(room)

    async def _go(self, room: RoomName) -> Screen[object]:
        """Show a room's first screen."""
        await self.switch_mode(room)
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        return self.screen

    @override
    async def open_unit(self, unit_id: str) -> None:
        """See Desk."""
        await self.push_screen(UnitRoom(unit_id))

    @override
    async def open_joins(self) -> None:
        """See Desk."""
        if not isinstance(self.screen, JoinsRoom):
            await self.push_screen(JoinsRoom())

    @override
    async def open_mandates(self, unit_id: str | None = None) -> None:
        """See Desk."""
        if unit_id is None:
            await self._go("mandates")
        else:
            await self.push_screen(MandatesRoom(unit_id))

    @override
    async def open_mandate(self, mandate_id: str) -> None:
        """See Desk."""
        await self.push_screen(MandateRoom(mandate_id))

    @override
    async def open_authorities(self, authority_id: str | None = None) -> None:
        """See Desk."""
        if authority_id is not None:
            await self.push_screen(AuthorityRoom(authority_id))
        elif not isinstance(self.screen, AuthoritiesRoom):
            await self.push_screen(AuthoritiesRoom())

    @override
    async def open_rota(self, rota_id: str | None = None, day: date | None = None) -> None:
        """See Desk."""
        room = await self._go("rota")
        if isinstance(room, RotaRoom) and rota_id is not None:
            room.show_rota(rota_id)
            if day is not None:
                room.show_day(day)

    @override
    async def open_deployment(self, deployment_id: str) -> None:
        """See Desk."""
        await self.push_screen(DeploymentRoom(deployment_id))

    @override
    async def open_alarms(self, alarm_id: str | None = None) -> None:
        """See Desk."""
        if alarm_id is not None:
            await self.push_screen(AlarmRoom(alarm_id))
        elif not isinstance(self.screen, AlarmsRoom):
            await self.push_screen(AlarmsRoom())

    @override
    async def open_handovers(self, about: str | None = None) -> None:
        """See Desk."""
        if about is not None and about.startswith("HO-"):
            await self.push_screen(HandoverRoom(about))
        elif not isinstance(self.screen, HandoversRoom):
            await self.push_screen(HandoversRoom())

    @override
    async def open_firmware(self, rollout_id: str | None = None) -> None:
        """See Desk."""
        if rollout_id is not None:
            await self.push_screen(RolloutRoom(rollout_id))
        elif not isinstance(self.screen, FirmwareRoom):
            await self.push_screen(FirmwareRoom())

    @override
    async def open_releases(self) -> None:
        """See Desk."""
        if not isinstance(self.screen, ReleasesRoom):
            await self.push_screen(ReleasesRoom())

    @override
    async def open_bench(self) -> None:
        """See Desk."""
        if not isinstance(self.screen, BenchRoom):
            await self.push_screen(BenchRoom())

    @override
    async def open_item(self, code: str) -> None:
        """See Desk."""
        await self.push_screen(KitItemRoom(code))

    @override
    async def open_harness(self, harness_id: str, revision: int = 0) -> None:
        """See Desk."""
        await self.push_screen(HarnessRoom(harness_id, revision))

    @override
    async def open_deployment_wiring(self, deployment_id: str) -> None:
        """See Desk."""

        def load() -> Awaitable[list[DeploymentWiring]]:
            return wiring_of_deployment(self.door, deployment_id)

        await self.push_screen(WiringGivenRoom(deployment_id, load, deployment_id))

    @override
    async def open_unit_wiring(self, unit_id: str) -> None:
        """See Desk."""
        await self.push_screen(WiringGivenRoom(unit_id, lambda: wiring_of_unit(self.door, unit_id)))

    @override
    async def open_unit_events(self, unit_id: str, label: str) -> None:
        """See Desk."""
        await self.push_screen(UnitEventsRoom(unit_id, label))

    @override
    async def open_unit_log(self, unit_id: str) -> None:
        """See Desk."""
        await self.push_screen(UnitLogRoom(unit_id))

    @override
    async def open_units_filtered(self, text: str) -> None:
        """See Desk."""
        room = await self._go("units")
        if isinstance(room, UnitsRoom):
            room.set_filter(text)
