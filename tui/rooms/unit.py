"""One unit: identity, freshness, health, history, events, settings, and asking it for a report."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError, FeedItem, LinkDown, Refused
from protocols.api.checks import NewCheck, UnitAccess
from protocols.api.events import EventPage, EventView
from protocols.api.feed import EventsChanged, UnitsChanged, Watch
from protocols.api.units import CommandView, History, SettingsChange, Standing, UnitDetail, UnitState
from protocols.commands import FINAL
from protocols.settings import UnitSettings
from tui.alarms import acknowledge_all
from tui.desk import Answered
from tui.dialogs.check import CheckDialog
from tui.dialogs.confirm import TextDialog
from tui.dialogs.settings import SettingsDialog
from tui.dialogs.standing import STANDING_WORDS, Deed, StandingDialog
from tui.lines import Page
from tui.needs import name_of
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.check import CheckRoom
from tui.rooms.plot import PlotRoom
from tui.rooms.room import Room
from tui.unit_page import SPARKED, Moment, UnitPicture, body_lines, telling_hours, top_lines
from tui.words import plural

RETRY_S = 3.0
EVENTS_ASKED = 20
ALARMS_ASKED = 100
FOLLOW_EVERY_S = 0.7
"""How often a command under way is asked about."""


class UnitRoom(Room):
    """The page of one unit."""

    ROOM = "units"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "check", "check", tooltip="open its picture, sound or position, under a live mandate"),
        Binding("r", "report", "report", tooltip="ask the unit for a report now"),
        Binding("a", "acknowledge", "ack", tooltip="take note, in your name, of its open alarms"),
        Binding("k", "quarantine", "quarantine", tooltip="let it report and open nothing"),
        Binding("u", "release", "release", tooltip="end its quarantine"),
        Binding("x", "revoke", "revoke", tooltip="end its life in the fleet, for good"),
        Binding("e", "settings", "settings", tooltip="edit its settings"),
        Binding("m", "mandates", "mandates", tooltip="its mandates: draft, sign, cancel"),
        Binding("p", "plot", "plot", tooltip="plot figures over time"),
        Binding("l", "log", "log", tooltip="its entries in the deployment log"),
        Binding("v", "events", "events", tooltip="all its events"),
        Binding("n", "label", "name", tooltip="give it another name"),
        Binding("escape", "back", "back"),
    ]
    """The weightiest first: on a narrow terminal the last are left to the help."""
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "check": Reserved("checking a unit", "check-unit"),
        "mandates": Reserved("seeing mandates", "see-mandates"),
        "log": Reserved("reading the log", "read-log"),
        "report": Reserved("asking for a report", "command-unit"),
        "settings": Reserved("changing settings", "change-settings"),
        "label": Reserved("naming a unit", "change-settings"),
        "acknowledge": Reserved("acknowledging", "acknowledge-event"),
        "quarantine": Reserved("quarantining", "revoke-unit"),
        "release": Reserved("releasing", "release-unit"),
        "revoke": Reserved("revoking", "revoke-unit"),
    }

    def __init__(self, unit_id: str) -> None:
        super().__init__()
        self.unit_id = unit_id
        self._detail: UnitDetail | None = None
        self._histories: dict[str, History] = {}
        self._histories_due = True
        self._events: EventPage | None = None
        self._alarms: EventPage | None = None
        self._commands: list[CommandView] | None = None
        self._access: UnitAccess | None = None
        self._top = Page(id="top")
        self._page = Page(id="page")

    @override
    def body(self) -> ComposeResult:
        """The top stays, the rest scrolls."""
        yield self._top
        yield self._page

    def on_mount(self) -> None:
        """Say which unit is coming."""
        self._page.can_focus = True
        self.set_focus(self._page)
        self._top.show([(Span(" "), Span(self.unit_id, "title"), Span("   asking the controller …", "muted")), ()])

    @override
    def refetch(self) -> None:
        """See Room."""
        self._histories_due = True
        self._ask_detail(background=False)
        self._ask_events(background=False)
        door, unit_id = self.desk.door, self.unit_id
        self.ask("commands", lambda: door.commands(unit_id), self._commands_arrived)
        self._ask_access(background=False)

    def _ask_access(self, *, background: bool) -> None:
        if self.desk.may("see-mandates"):
            door, unit_id = self.desk.door, self.unit_id
            self.ask("access", lambda: door.access(unit_id), self._access_arrived, background=background)

    def _access_arrived(self, access: UnitAccess) -> None:
        self._access = access
        self._draw()

    def _ask_detail(self, *, background: bool) -> None:
        door, unit_id = self.desk.door, self.unit_id
        self.ask(
            "detail", lambda: door.unit(unit_id), self._detail_arrived, failed=self._no_detail, background=background
        )

    def _no_detail(self, error: ClientError) -> None:
        """A refusal is shown; without a link the page says so, and asks again by itself."""
        if isinstance(error, Refused) or self._detail is not None:
            self.desk.explain(error)
            return
        words = "   no link: asks again by itself when it is back"
        self._top.show([(Span(" "), Span(self.unit_id, "title"), Span(words, "fair")), ()])
        self.soon_s("detail", RETRY_S, self._refetch_unknown)

    def _refetch_unknown(self) -> None:
        if self._detail is None and self.is_current:
            self.refetch()

    def _ask_events(self, *, background: bool) -> None:
        door, unit_id = self.desk.door, self.unit_id

        async def events() -> tuple[EventPage, EventPage]:
            return await asyncio.gather(
                door.events(unit_id=unit_id, limit=EVENTS_ASKED),
                door.events(unit_id=unit_id, severity="alarm", open_only=True, limit=ALARMS_ASKED),
            )

        self.ask("events", events, self._events_arrived, background=background)

    def _ask_histories(self, hours: int) -> None:
        door, unit_id = self.desk.door, self.unit_id

        async def histories() -> list[History]:
            return await asyncio.gather(*(door.history(unit_id, figure, hours) for figure in SPARKED))

        self.ask("histories", histories, self._histories_arrived)

    @override
    def watching(self) -> Watch:
        """This unit, and events."""
        return Watch(units=[self.unit_id], events=True, summary=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Its row changed: ask for the whole."""
        if isinstance(item, UnitsChanged) and any(row.unit_id == self.unit_id for row in item.rows):
            self.soon("detail", lambda: self._ask_detail(background=True))
            self.soon("access", lambda: self._ask_access(background=True))
        elif isinstance(item, EventsChanged) and any(event.unit_id == self.unit_id for event in item.events):
            self.soon("events", lambda: self._ask_events(background=True))

    @override
    def tick(self) -> None:
        """Ages have grown."""
        self._draw()
        super().tick()

    def on_resize(self) -> None:
        """Lines are made for a width."""
        self._draw()

    def _detail_arrived(self, detail: UnitDetail) -> None:
        self._detail = detail
        self._draw()
        self.refresh_bindings()
        if self._histories_due:
            self._histories_due = False
            self._ask_histories(telling_hours(self.desk.server_clock.now() - detail.joined_at))

    def _histories_arrived(self, histories: list[History]) -> None:
        self._histories = {history.figure: history for history in histories}
        self._draw()

    def _events_arrived(self, pages: tuple[EventPage, EventPage]) -> None:
        self._events, self._alarms = pages
        self._draw()
        self.refresh_bindings()

    def _commands_arrived(self, commands: list[CommandView]) -> None:
        self._commands = commands
        self._draw()

    def _draw(self) -> None:
        if self._detail is None:
            return
        clock = self.desk.server_clock
        when = Moment(clock.now(), clock.utc)
        events = self._events.events if self._events is not None else None
        alarms = self._open_alarms if self._alarms is not None else None
        picture = UnitPicture(self._detail, self._histories, events, self._commands, alarms, self._access)
        top = top_lines(self._detail, when, alarms, self._access)
        self._top.styles.height = len(top) + 1
        self._top.show(top)
        self._page.show(body_lines(picture, when, max(40, self._page.scrollable_size.width)))

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the role may do with this unit."""
        if not self.allows(action):
            return False
        match action:
            case "report":
                return self._is_active or isinstance(self.desk.link, LinkDown)
            case "settings" | "label" | "plot" | "events" | "log" | "check" | "mandates":
                return self._detail is not None
            case "acknowledge":
                return bool(self._open_alarms)
            case "quarantine":
                return self._is_active
            case "release":
                return self._state == "quarantined"
            case "revoke":
                return self._state in {"active", "quarantined"}
        return True

    @property
    def _state(self) -> UnitState | None:
        return self._detail.row.state if self._detail is not None else None

    @property
    def _is_active(self) -> bool:
        return self._state == "active"

    @property
    def _open_alarms(self) -> list[EventView]:
        return self._alarms.events if self._alarms is not None else []

    @property
    def _called(self) -> str:
        return name_of(self._detail.row.label, self.unit_id) if self._detail is not None else self.unit_id

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def action_check(self) -> None:
        """Ask what can be opened now, then which of it."""
        door, unit_id = self.desk.door, self.unit_id
        self.do(f"asking what can be opened of {self._called}", lambda: door.access(unit_id), self._may_open)

    def _may_open(self, access: UnitAccess) -> None:
        self.desk.say("choose what to open" if access.mandates else "nothing can be opened", "plain")
        self._access_arrived(access)
        label = self._detail.row.label if self._detail is not None else ""
        dialog = CheckDialog(self.unit_id, label, access, self.desk.me.person_id)
        self.app.push_screen(dialog, lambda wish: self._open(label, wish))

    def _open(self, label: str, wish: NewCheck | None) -> None:
        if wish is not None:
            self.app.push_screen(CheckRoom(self.unit_id, label, wish))

    async def action_mandates(self) -> None:
        """Its mandates."""
        await self.desk.open_mandates(self.unit_id)

    async def action_log(self) -> None:
        """Read this unit's entries in the log."""
        await self.desk.open_unit_log(self.unit_id)

    async def action_events(self) -> None:
        """Open this unit's events."""
        await self.desk.open_unit_events(self.unit_id, self._called)

    async def action_plot(self) -> None:
        """Plot a figure over time."""
        if self._detail is not None:
            await self.app.push_screen(PlotRoom(self._detail))

    def action_report(self) -> None:
        """Ask the unit for a report and follow what becomes of it."""
        if isinstance(self.desk.link, LinkDown):
            self.desk.say("no link to the controller: a report can not be asked for now", "fair")
            return
        self.do(f"asking {self._called} for a report", self._report_followed, self._report_over)

    async def _report_followed(self) -> CommandView:
        """Order a report and ask about it until it has ended or expired."""
        door = self.desk.door
        command = await door.request_report(self.unit_id)
        state = ""
        while command.state not in FINAL and self.desk.server_clock.now() < command.expires_at:
            if command.state != state:
                state = command.state
                self.desk.post_message(Answered(partial(self._report_is, state)))
            await asyncio.sleep(FOLLOW_EVERY_S)
            found = [one for one in await door.commands(self.unit_id) if one.command_id == command.command_id]
            command = found[0] if found else command
        return command

    def _report_is(self, state: str) -> None:
        self.desk.say(f"report from {self._called}: {state}", waiting=True)

    def _report_over(self, command: CommandView) -> None:
        reason = f": {command.reason}" if command.reason else ""
        good = command.state == "done"
        self.desk.say(f"report from {self._called}: {command.state}{reason}", "good" if good else "fair")
        self.refetch()

    def action_acknowledge(self) -> None:
        """Take note of the unit's open alarms."""
        alarms, door = self._open_alarms, self.desk.door
        if alarms:
            deed = f"acknowledging {plural(len(alarms), 'alarm')} of {self._called}"
            self.do(deed, lambda: acknowledge_all(door, alarms), self._acknowledged)

    def _acknowledged(self, taken: int) -> None:
        self.desk.say(f"acknowledged {plural(taken, 'alarm')} of {self._called}", "good")
        self.refetch()

    async def action_revoke(self) -> None:
        """End the unit's life in the fleet."""
        await self._ask_standing("revoke")

    async def action_quarantine(self) -> None:
        """Let the unit report and open nothing."""
        await self._ask_standing("quarantine")

    async def action_release(self) -> None:
        """End the unit's quarantine."""
        await self._ask_standing("release")

    async def _ask_standing(self, deed: Deed) -> None:
        if self._detail is not None:
            dialog = StandingDialog(deed, self._detail.row, self.desk.me.person_id)
            await self.app.push_screen(dialog, partial(self._standing_given, deed))

    def _standing_given(self, deed: Deed, reason: str | None) -> None:
        if not reason:
            return
        door, unit_id = self.desk.door, self.unit_id
        calls = {"revoke": door.revoke_unit, "quarantine": door.quarantine_unit, "release": door.release_unit}
        doing, done = STANDING_WORDS[deed]
        self.do(f"{doing} {self._called}", lambda: calls[deed](unit_id, reason), partial(self._standing_changed, done))

    def _standing_changed(self, done: str, _standing: Standing) -> None:
        self.desk.say(f"{self._called} ({self.unit_id}) {done}", "good")
        self.refetch()

    async def action_label(self) -> None:
        """Give the unit another name."""
        before: list[Line] = [
            (),
            (Span(" A short name for people. It must not say whom or where the unit serves.", "muted"),),
            (),
        ]
        label = self._detail.row.label if self._detail is not None else ""
        await self.app.push_screen(
            TextDialog(f"Name of {self.unit_id}", before, value=label, most=40), self._label_given
        )

    def _label_given(self, label: str | None) -> None:
        if label is None:
            return

        async def change() -> str:
            await self.desk.door.change_label(self.unit_id, label)
            return label

        self.do(f"naming {self.unit_id} “{label}”", change, self._labelled)

    def _labelled(self, label: str) -> None:
        self.desk.say(f"{self.unit_id} is now called “{label}”" if label else f"{self.unit_id} has no name now", "good")
        self._ask_detail(background=False)

    async def action_settings(self) -> None:
        """Edit what the unit should do."""
        if self._detail is not None:
            await self.app.push_screen(SettingsDialog(self._detail, self.desk.me.person_id), self._settings_given)

    def _settings_given(self, change: SettingsChange | None) -> None:
        if change is None:
            return
        deed = f"changing the settings of {self._called}"
        self.do(deed, lambda: self.desk.door.change_settings(self.unit_id, change), self._settings_changed)

    def _settings_changed(self, settings: UnitSettings) -> None:
        self.desk.say(f"{self._called} should run settings v{settings.version}; it says when it does", "good")
        self._ask_detail(background=False)
