"""What can be done with a unit from its page."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from typing_extensions import override

from fleet.client import LinkDown
from protocols.api.checks import NewCheck, UnitAccess
from protocols.api.events import EventView
from protocols.api.units import CommandView, SettingsChange, Standing, UnitDetail, UnitState
from protocols.commands import FINAL
from protocols.settings import UnitSettings
from tui.alarms import acknowledge_all
from tui.desk import Answered
from tui.dialogs.check import CheckDialog
from tui.dialogs.confirm import TextDialog
from tui.dialogs.settings import SettingsDialog
from tui.dialogs.standing import STANDING_WORDS, Deed, StandingDialog
from tui.needs import name_of
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.check import CheckRoom
from tui.rooms.plot import PlotRoom
from tui.rooms.room import Room
from tui.words import plural

FOLLOW_EVERY_S = 0.7
"""How often a command under way is asked about."""


class UnitDeeds(Room):
    """A room with the unit `unit_id` to act on; what came of a deed is asked for again."""

    ROOM = "units"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "check": Reserved("checking a unit", "check-unit"),
        "mandates": Reserved("seeing mandates", "see-mandates"),
        "wiring": Reserved("seeing harnesses", "see-deployments"),
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

    @property
    def detail(self) -> UnitDetail | None:
        """The unit as it was last told, None until it was."""
        raise NotImplementedError

    @property
    def open_alarms(self) -> list[EventView]:
        """Its alarms that nobody has taken note of, as far as is known."""
        raise NotImplementedError

    def ask_detail(self, *, background: bool) -> None:
        """Ask for the unit again; in the `background` when nobody has asked to see it."""
        raise NotImplementedError

    def access_arrived(self, access: UnitAccess) -> None:
        """What can be opened of it was asked for, and is this."""
        raise NotImplementedError

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the role may do with this unit."""
        if not self.allows(action):
            return False
        match action:
            case "report":
                return self._is_active or isinstance(self.desk.link, LinkDown)
            case "settings" | "label" | "plot" | "events" | "log" | "check" | "mandates" | "wiring":
                return self.detail is not None
            case "acknowledge":
                return bool(self.open_alarms)
            case "quarantine":
                return self._is_active
            case "release":
                return self._state == "quarantined"
            case "revoke":
                return self._state in {"active", "quarantined"}
        return True

    @property
    def _state(self) -> UnitState | None:
        return self.detail.row.state if self.detail is not None else None

    @property
    def _is_active(self) -> bool:
        return self._state == "active"

    @property
    def _called(self) -> str:
        return name_of(self.detail.row.label, self.unit_id) if self.detail is not None else self.unit_id

    def action_check(self) -> None:
        """Ask what can be opened now, then which of it."""
        door, unit_id = self.desk.door, self.unit_id
        self.do(f"asking what can be opened of {self._called}", lambda: door.access(unit_id), self._may_open)

    def _may_open(self, access: UnitAccess) -> None:
        self.desk.say("nothing opens before y" if access.mandates else "nothing can be opened", "plain")
        self.access_arrived(access)
        label = self.detail.row.label if self.detail is not None else ""
        dialog = CheckDialog(self.unit_id, label, access, self.me)
        self.app.push_screen(dialog, lambda wish: self._open(label, wish))

    def _open(self, label: str, wish: NewCheck | None) -> None:
        if wish is not None:
            self.app.push_screen(CheckRoom(self.unit_id, label, wish))

    async def action_wiring(self) -> None:
        """The harnesses of the deployments that it is in."""
        await self.desk.open_unit_wiring(self.unit_id)

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
        if self.detail is not None:
            await self.app.push_screen(PlotRoom(self.detail))

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
        alarms, door = self.open_alarms, self.desk.door
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
        if self.detail is not None:
            dialog = StandingDialog(deed, self.detail.row, self.me)
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
        label = self.detail.row.label if self.detail is not None else ""
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
        self.ask_detail(background=False)

    async def action_settings(self) -> None:
        """Edit what the unit should do."""
        if self.detail is not None:
            await self.app.push_screen(SettingsDialog(self.detail, self.me), self._settings_given)

    def _settings_given(self, change: SettingsChange | None) -> None:
        if change is None:
            return
        deed = f"changing the settings of {self._called}"
        self.do(deed, lambda: self.desk.door.change_settings(self.unit_id, change), self._settings_changed)

    def _settings_changed(self, settings: UnitSettings) -> None:
        self.desk.say(f"{self._called} should run settings v{settings.version}; it says when it does", "good")
        self.ask_detail(background=False)
