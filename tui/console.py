"""The console: its keys, and what they do."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.theme import Theme

from fleet.client import FleetClient, LinkDown
from protocols.api.sessions import Whoami
from protocols.api.welfare import WelfareView
from tui.bars import shown_keys
from tui.desk_rooms import RoomsDesk
from tui.dialogs.goto import Destination, GotoDialog, destinations
from tui.dialogs.keys import KeysDialog
from tui.field import Field, TextField
from tui.paced_driver import PacedDriver
from tui.rooms.deployment_incident import go_to_incident
from tui.rooms.room import Room
from tui.rooms.voucher import VoucherScreen
from tui.rooms_map import ROOMS, RoomName
from tui.saved import SavedFilters
from tui.settling import settled
from tui.stylesheet import ParsedOnce

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

_KEYS_SHOWN = 5
"""So many keys of rooms fit their column of the help; of more, the first and the last are named."""


class ConsoleApp(RoomsDesk):
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

    def __init__(self, door: FleetClient, me: Whoami, saved: SavedFilters) -> None:
        super().__init__(door, me, PacedDriver)
        self.add_rooms(saved)
        self.register_theme(NIGHT)
        self.theme = NIGHT.name
        self.stylesheet = ParsedOnce(variables=self.get_css_variables())

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
            if isinstance(self.link, LinkDown) and self.link.signed_out and self.room_on_top is not None:
                self.room_on_top.do("signing in again", self.door.whoami, self._signed_in)
            is_in_field = isinstance(self.focused, Field | TextField)
            if not (is_in_field and event.is_printable) and await self._check_bindings(event.key):
                return
            if not is_in_field and isinstance(self.screen, Room):
                self.screen.say_whose(event.key)
        await super().on_event(event)

    def _signed_in(self, me: Whoami) -> None:
        self.say(f"signed in again as {me.person_id}", "good")
        self.take_me(me)

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
        if self.room_on_top is not None:
            await go_to_incident(self.room_on_top)

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
        room, timer = self.room_on_top, self.welfare
        if room is None or timer is None:
            self.say("no welfare timer of yours runs", "fair")
            return
        room.do("saying that you are well", lambda: self.door.answer_welfare(timer.welfare), self._answered_well)

    def _answered_well(self, timer: WelfareView) -> None:
        self.take_welfare([timer])
        self.say(f"you are well; the next answer is due in {timer.every_min} min", "good")
        if self.room_on_top is not None:
            self.room_on_top.refetch()

    async def action_authorities(self) -> None:
        """What mandates rest on."""
        await self.open_authorities()

    def action_utc(self) -> None:
        """Times in UTC, or in the person's zone."""
        self.server_clock.utc = not self.server_clock.utc
        self.say("times are in UTC" if self.server_clock.utc else "times are local")
        self.tick()

    async def action_keys(self) -> None:
        """The keys that work here."""
        shared = {(":", "go to"), ("?", "keys"), ("q", "quit")}
        here = [pair for pair in shown_keys(self.screen, at_length=True) if pair not in shared]
        active = self.screen.active_bindings
        leading = [room.key for room in ROOMS if room.key not in active or active[room.key].node is self]
        everywhere = [
            (" ".join(leading) if len(leading) <= _KEYS_SHOWN else f"{leading[0]} … {leading[-1]}", "rooms"),
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
        room = self.room_on_top
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
        """Leave, but not from a voucher: its text would be lost; nor while a device at the bench is updated, nor from a
        draft before that was said."""
        if isinstance(self.screen, VoucherScreen):
            self.screen.say_how_to_leave()
        elif self.bench.running is not None:
            self.say("a device is being updated: wait, or break it off at the bench (F b x)", "fair")
        elif not isinstance(self.screen, Room) or self.screen.may_leave():
            self.exit()


def is_settled(app: ConsoleApp) -> bool:
    """Whether every question put to the controller has been answered."""
    return all(worker.is_finished or worker.group in {"feed", "preview", "ports"} for worker in app.workers)
