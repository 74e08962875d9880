"""The console: rooms, the feed that keeps them true, and one timer that lets ages grow."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import date
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from typing_extensions import override

from fleet.client import ChangeFeed, FeedItem, FleetClient, LinkDown, LinkUp
from protocols.api.feed import SummaryChanged, Watch
from protocols.api.problems import Problem
from protocols.api.sessions import Whoami
from protocols.api.welfare import WelfareView
from protocols.api.wiring import DeploymentWiring
from tui.bars import Bar, shown_keys
from tui.desk import Desk
from tui.dialogs.dialog import Dialog
from tui.dialogs.goto import Destination, GotoDialog, destinations
from tui.dialogs.keys import KeysDialog
from tui.dialogs.problem import ProblemDialog
from tui.field import Field, TextField
from tui.paced_driver import PacedDriver
from tui.rooms.alarms import AlarmRoom, AlarmsRoom
from tui.rooms.authorities import AuthoritiesRoom
from tui.rooms.authority import AuthorityRoom
from tui.rooms.deployment import DeploymentRoom
from tui.rooms.deployment_incident import go_to_incident
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
from tui.rooms.room import Room
from tui.rooms.rota import RotaRoom
from tui.rooms.unit import UnitRoom
from tui.rooms.units import UnitsRoom
from tui.rooms.voucher import VoucherScreen
from tui.rooms.wiring import WiringRoom
from tui.rooms.wiring_given import WiringGivenRoom
from tui.rooms.wiring_harness import HarnessRoom
from tui.rooms_map import ROOMS, RoomName
from tui.saved import SavedFilters
from tui.settling import settled
from tui.wiring_asking import wiring_of_deployment, wiring_of_unit

TICK_S = 1.0

NIGHT = Theme(
    name="night",
    primary="#7aa6c2",
    secondary="#5b7f95",
    accent="#7aa6c2",
    foreground="#c3ccd4",
    background="#0e1217",
    surface="#141a21",
    panel="#1b232c",
    success="#8fb08c",
    warning="#d9a441",
    error="#e5705f",
    dark=True,
)


class ConsoleApp(Desk):
    """Everything on the screen. `door` is the signed-in client, `me` what it said about the person."""

    CSS_PATH = "console.tcss"
    TITLE = "Muster"
    ENABLE_COMMAND_PALETTE = False
    DEFAULT_MODE = "now"
    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(room.key, f"go('{room.name}')", room.title, show=False) for room in ROOMS],
        Binding("colon", "goto", "go to"),
        Binding("exclamation_mark", "incident", "critical incident", show=False),
        Binding("j", "joins", "joining queue", show=False),
        Binding("A", "alarms", "alarms", show=False),
        Binding("H", "handovers", "handover", show=False),
        Binding("F", "firmware", "firmware", show=False),
        Binding("W", "well", "I am well", show=False),
        Binding("z", "utc", "UTC/local", show=False),
        Binding("question_mark", "keys", "keys"),
        Binding("q", "quit", "quit"),
    ]

    class FeedArrived(Message):
        """An item of the feed; `handled` is set when it is on the screen, so that no two wait at once."""

        def __init__(self, item: FeedItem) -> None:
            super().__init__()
            self.item = item
            self.handled = asyncio.Event()

    def __init__(self, door: FleetClient, me: Whoami, saved: SavedFilters) -> None:
        super().__init__(door, me, PacedDriver)
        self._feed: ChangeFeed | None = None
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
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def on_mount(self) -> None:
        """Begin to follow the feed and to tick."""
        self.run_worker(self._follow(), group="feed", exit_on_error=True)
        self.set_interval(TICK_S, self._tick)

    async def _follow(self) -> None:
        """Hand each item of the feed to the screens, one at a time."""
        async with self.door.feed() as feed:
            self._feed = feed
            self.update_watch()
            async for item in feed:
                message = self.FeedArrived(item)
                if not self.post_message(message):
                    return
                await message.handled.wait()

    def on_console_app_feed_arrived(self, message: FeedArrived) -> None:
        """Put an item of the feed on the screen."""
        try:
            self._take(message.item)
        finally:
            message.handled.set()

    def _take(self, item: FeedItem) -> None:
        if isinstance(item, LinkUp | LinkDown):
            self._link_is(item)
            return
        if isinstance(item, SummaryChanged):
            self.summary = item.summary
            self.repaint_bars()
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.feed_arrived(item)

    def _link_is(self, link: LinkUp | LinkDown) -> None:
        before, self.link = self.link, link
        if isinstance(link, LinkDown) and not isinstance(before, LinkDown):
            self.say(f"{link.detail}; trying again", "bad")
        if isinstance(link, LinkUp) and isinstance(before, LinkDown):
            self.say("the link is back", "good")
            self._renew()
        self.screen.refresh_bindings()
        self.repaint_bars()

    def _renew(self) -> None:
        """Ask again for all that is shown, and what time it is."""
        room = self._room
        if room is not None:
            room.ask("whoami", self.door.whoami, self._i_am)
            room.refetch()

    def _i_am(self, me: Whoami) -> None:
        self.me = me
        self.server_clock.set(me.server_time)
        self.screen.refresh_bindings()

    def _signed_in(self, me: Whoami) -> None:
        self.say(f"signed in again as {me.person_id}", "good")
        self._i_am(me)

    @property
    def _room(self) -> Room | None:
        """The room on top, under any dialog."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Room):
                return screen
        return None

    @property
    def _seen(self) -> Sequence[Screen[Any]]:
        """The screens that are seen. What is under a room is not: painting there would paint the whole room again."""
        stack = self.screen_stack
        return stack[-2 if stack and stack[-1].is_modal else -1 :]

    def _tick(self) -> None:
        self.forget_old_note()
        for screen in self._seen:
            if isinstance(screen, Room | Dialog):
                screen.tick()

    async def on_event(self, event: events.Event) -> None:
        """Every key tells that somebody is here; after the session has ended it also signs in again.

        Keys are obeyed here, one after the other, and not on their way up from the focused widget: over a poor link
        they come in bursts, and `/van` must not have its `v` overtake the `/`. In a field only signs are left to the
        field, and what moves on from it waits for them, so that they stand in it first.
        """
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await settled(self)
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.touched()
            if isinstance(self.link, LinkDown) and self.link.signed_out and self._room is not None:
                self._room.do("signing in again", self.door.whoami, self._signed_in)
            is_in_field = isinstance(self.focused, Field | TextField)
            if not (is_in_field and event.is_printable) and await self._check_bindings(event.key):
                return
            if not is_in_field and isinstance(self.screen, Room):
                self.screen.say_whose(event.key)
        await super().on_event(event)

    @override
    def repaint_bars(self) -> None:
        """See Desk."""
        for screen in self._seen:
            for bar in screen.query(Bar):
                bar.repaint()

    @override
    def show_problem(self, problem: Problem, title: str = "Refused") -> None:
        """See Desk."""
        self.push_screen(ProblemDialog(problem, title))

    @override
    def update_watch(self) -> None:
        """See Desk."""
        room = self._room
        if self._feed is not None:
            self._feed.watch(room.watching() if room is not None else Watch(summary=True))

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

    async def action_go(self, room: RoomName) -> None:
        """Go to a room by its number."""
        await self.go(room)

    async def action_goto(self) -> None:
        """Go anywhere by name."""
        await self.push_screen(GotoDialog(destinations()), self._go_to)

    def _go_to(self, to: Destination | None) -> None:
        if to is None:
            return
        match to.kind:
            case "room":
                self.call_later(self.run_action, f"go('{to.value}')")
            case "joins":
                self.call_later(self.open_joins)
            case "unit":
                self.call_later(self.open_unit, to.value)
            case "action":
                self.call_later(self.run_action, to.value)

    async def action_joins(self) -> None:
        """The joining queue."""
        await self.open_joins()

    async def action_incident(self) -> None:
        """Go to a critical incident."""
        if self._room is not None:
            await go_to_incident(self._room)

    async def action_alarms(self) -> None:
        """All alarms."""
        await self.open_alarms()

    async def action_handovers(self) -> None:
        """Handover sheets."""
        await self.open_handovers()

    async def action_firmware(self) -> None:
        """Rollouts."""
        await self.open_firmware()

    async def action_releases(self) -> None:
        """What may be installed."""
        await self.open_releases()

    async def action_bench(self) -> None:
        """Serial ports of this machine."""
        await self.open_bench()

    def action_well(self) -> None:
        """Answer this person's welfare timer."""
        room, timer = self._room, self.welfare
        if room is None or timer is None:
            self.say("no welfare timer of yours runs", "fair")
            return
        room.do("saying that you are well", lambda: self.door.answer_welfare(timer.welfare), self._answered_well)

    def _answered_well(self, timer: WelfareView) -> None:
        self.take_welfare([timer])
        self.say(f"you are well; the next answer is due in {timer.every_min} min", "good")
        if self._room is not None:
            self._room.refetch()

    async def action_authorities(self) -> None:
        """What mandates rest on."""
        await self.open_authorities()

    def action_utc(self) -> None:
        """Times in UTC, or in the person's zone."""
        self.server_clock.utc = not self.server_clock.utc
        self.say("times are in UTC" if self.server_clock.utc else "times are local")
        self._tick()

    async def action_keys(self) -> None:
        """The keys that work here."""
        shared = {(":", "go to"), ("?", "keys"), ("q", "quit")}
        here = [pair for pair in shown_keys(self.screen, at_length=True) if pair not in shared]
        active = self.screen.active_bindings
        leading = [room.key for room in ROOMS if room.key not in active or active[room.key].node is self]
        everywhere = [
            (" ".join(leading), "rooms"),
            ("!", "incident"),
            ("j", "joining queue"),
            ("A", "alarms"),
            ("H", "handover"),
            ("F", "firmware"),
            ("W", "I am well"),
            (":", "go to"),
            ("esc", "out"),
            ("z", "UTC or local"),
            ("q", "quit"),
        ]
        room = self._room
        about_units = room is None or room.ROOM not in {
            "people",
            "mandates",
            "rota",
            "deployments",
            "wiring",
            "kit",
            "firmware",
        }
        legend = () if room is None else room.legend
        await self.push_screen(KeysDialog(here, everywhere, about_units=about_units, legend=legend))

    def action_help_quit(self) -> None:
        """Ctrl-C: say how to leave."""
        self.say("q quits")

    async def action_quit(self) -> None:
        """Leave, but not from a voucher: its text would be lost; nor from a draft before that was said."""
        if isinstance(self.screen, VoucherScreen):
            self.screen.say_how_to_leave()
        elif not isinstance(self.screen, Room) or self.screen.may_leave():
            self.exit()


def is_settled(app: ConsoleApp) -> bool:
    """Whether every question put to the controller has been answered."""
    return all(worker.is_finished or worker.group in {"feed", "preview", "ports"} for worker in app.workers)
