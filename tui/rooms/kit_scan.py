"""Scanning: a field that takes labels one after the other, and what came of each."""

from collections.abc import Sequence
from time import monotonic
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from fleet.client import ClientError, Refused
from protocols.api.deployments import DeploymentPage
from protocols.api.kit import PlaceView, Scan, ScanResult
from tui.dialogs.rota_pick import Pick, PickDialog
from tui.field import Field
from tui.kit_scan_lines import (
    HINT,
    ScanLine,
    ScanSetting,
    is_scanned,
    left_lines,
    read_line,
    scan_lines,
    setting_lines,
)
from tui.lines import Page
from tui.paint import EMPTY, Line, Span, wrap
from tui.rooms.room import Room
from tui.rota_forms import Unclear

MOST_LINES = 200


class KitScanRoom(Room):
    """Many labels, one after the other; returns what is set at the end. `typed` stands in the field at first."""

    ROOM = "kit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "way", "out/in/hand-over", tooltip="what is done with each label"),
        Binding("ctrl+t", "which", "for which, to where", tooltip="pick the deployment or the place"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, setting: ScanSetting | None = None, typed: str = "") -> None:
        super().__init__()
        self._setting = setting or ScanSetting()
        self._field = Field(typed, hint=HINT, most=240, enter="scan", id="scan")
        self._head = Page(id="scope")
        self._told = Page(id="page")
        self._lines: list[ScanLine] = []
        self._left: Sequence[str] | None = None
        self._unclear = ""
        self._begun_at = monotonic()

    @override
    def body(self) -> ComposeResult:
        """What is set, the field, what came of each label."""
        yield self._head
        yield self._field
        yield self._told

    def on_mount(self) -> None:
        """Ready for the first label."""
        self.set_focus(self._field)
        self._show()

    def on_resize(self) -> None:
        """Broken anew for another width."""
        self._show()

    @override
    def refetch(self) -> None:
        """Nothing is asked for: each scan tells how it stands."""

    @override
    def tick(self) -> None:
        """See Room."""
        self._show()
        super().tick()

    def _show(self) -> None:
        width, clock = max(40, self.size.width - 2), self.desk.server_clock
        now = clock.now()
        head = setting_lines(self._setting, self.me, width, now, utc=clock.utc)
        self._head.styles.height = len(head)
        self._head.show(head)
        told: list[Line] = [(Span(" "), *line) for line in wrap(self._unclear, width - 2, "fair")]
        told += left_lines(self._setting, self._left, width)
        told.append(EMPTY)
        for one in self._lines:
            told += scan_lines(one, width, now, utc=clock.utc, whole=one == self._lines[0])
        self._told.show(told)

    def on_input_changed(self, message: Input.Changed) -> None:
        """The first sign of a label has come."""
        message.stop()
        if len(message.value) <= 1:
            self._begun_at = monotonic()
        if message.value and self._unclear:
            self._unclear = ""
            self._show()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """A label, or another setting."""
        message.stop()
        text, clock = message.value.strip(), self.desk.server_clock
        try:
            read = read_line(text, self._setting, clock.now(), utc=clock.utc)
        except Unclear as unclear:
            self._unclear = unclear.says
        else:
            self._field.value = ""
            if isinstance(read, ScanSetting):
                self._set(read)
            else:
                scanned = is_scanned(text, monotonic() - self._begun_at)
                self._scan(msgspec.structs.replace(read, how="scan") if scanned else read)
        self._show()

    def _set(self, setting: ScanSetting) -> None:
        if setting.deployment != self._setting.deployment or setting.way != self._setting.way:
            self._left = None
        self._setting = setting
        self._show()

    def _scan(self, scan: Scan) -> None:
        """Put the label into the list at once; what came of it takes its place there."""
        number, door = len(self._lines) + 1, self.desk.door
        at = self.desk.server_clock.now()
        self._lines = [ScanLine(number, at, scan.item), *self._lines][:MOST_LINES]
        self._put(
            self.desk,
            f"scan {number} {scan.item}",
            lambda: door.scan_kit(scan),
            lambda result: self._scanned(number, result),
            lambda error: self._refused(number, error),
            exclusive=False,
        )

    def _scanned(self, number: int, result: ScanResult) -> None:
        of_deployment = self._setting.way == "out" and self._setting.deployment is not None
        if of_deployment or result.left_to_scan or self._left is not None:
            self._left = result.left_to_scan
        self._became(number, result.sentence, is_done=True)

    def _refused(self, number: int, error: ClientError) -> None:
        problem = error.problem if isinstance(error, Refused) else None
        self._became(number, problem.message if problem else str(error), problem.remedy if problem else "")
        self.app.bell()

    def _became(self, number: int, said: str, remedy: str = "", *, is_done: bool = False) -> None:
        self._lines = [
            one._replace(said=said, remedy=remedy, is_done=is_done) if one.number == number else one
            for one in self._lines
        ]
        if self.is_attached:
            self._show()

    def action_way(self) -> None:
        """Out, in, hand-over."""
        self._set(self._setting.next_way)

    def action_which(self) -> None:
        """The place they go to, or the deployment they are for."""
        door = self.desk.door
        if self._setting.way == "in":
            self.ask("places", door.kit_places, self._pick_place)
        elif self._setting.way == "out":
            self.ask("deployments", lambda: door.deployments(open_only=True, limit=200), self._pick_deployment)

    def _pick_place(self, places: list[PlaceView]) -> None:
        picks = [Pick(f"{one.place}  {one.name}", f"kept by {one.keeper}", "", one.place) for one in places]
        if not picks:
            self.desk.say("there is no place yet: P in the list of kit lays one down", "fair")
            return
        self.app.push_screen(PickDialog("Back to where?", picks), self._place_picked)

    def _place_picked(self, place: str | None) -> None:
        if place is not None:
            self._set(self._setting._replace(place=place))

    def _pick_deployment(self, page: DeploymentPage) -> None:
        picks = [Pick("the bench", "for no deployment", "", "")]
        picks += [Pick(f"{one.deployment}  {one.title}", one.state, "", one.deployment) for one in page.rows]
        self.app.push_screen(PickDialog("For which deployment?", picks), self._deployment_picked)

    def _deployment_picked(self, deployment: str | None) -> None:
        if deployment is not None:
            self._set(self._setting._replace(deployment=deployment or None))

    @override
    def action_back(self) -> None:
        """Back, with what is set."""
        self.dismiss(self._setting)
