"""F Firmware: rollouts, those that stopped by themselves first; releases and the bench are a key away."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.rollouts import RolloutRow, RolloutView
from protocols.rollouts import RolloutState
from tui.firmware_lines import LEGEND, heads_line, rollout_detail, rollout_line, rollouts_title
from tui.firmware_words import manifest_name
from tui.paint import Line, Span, wrap
from tui.role_words import Reserved
from tui.rooms.filtered import FilteredRoom
from tui.rooms.firmware_deeds import FirmwareDeeds
from tui.rooms.firmware_rollout import RolloutRoom

_ORDER: dict[RolloutState, int] = {"stopped": 0, "running": 1, "paused": 1, "done": 2, "cancelled": 2}


class FirmwareRoom(FilteredRoom[RolloutRow], FirmwareDeeds):
    """The list."""

    SEEING = Reserved("seeing rollouts", "see-releases")
    HINT = "words in title, id, manifest, ring, state or who began it"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="its rings, its units, why they wait"),
        Binding("p", "pause", "pause", tooltip="tell no further unit; those that were told go on"),
        Binding("r", "resume", "resume", tooltip="let one go on that is paused or has stopped by itself"),
        Binding("x", "cancel", "cancel", tooltip="end it: units that wait are left out"),
        Binding("n", "new", "new", tooltip="roll out a manifest, ring by ring"),
        Binding("t", "releases", "releases", tooltip="what may be installed; drafts that wait for signatures"),
        Binding("b", "bench", "bench", tooltip="devices on this machine's own serial ports"),
        Binding("slash", "filter", "filter", tooltip="only those with these words"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[RolloutRow] | None = None

    @property
    @override
    def legend(self) -> tuple[tuple[str, str], ...]:
        """See Room."""
        return LEGEND

    @property
    @override
    def rollout(self) -> RolloutRow | None:
        """See FirmwareDeeds."""
        return self.chosen

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if self.may_see:
            self.ask("rollouts", self.desk.door.rollouts, self._arrived, background=background)

    def _arrived(self, rows: list[RolloutRow]) -> None:
        self._rows = sorted(rows, key=lambda row: _ORDER[row.state])
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._rows is not None:
            words = self.words.lower().split()
            self.show_items([row for row in self._rows if all(word in _text(row) for word in words)])

    @override
    def show_rollout(self, view: RolloutView) -> None:
        """See FirmwareDeeds; a new one is under the cursor at once."""
        others = [row for row in self._rows or [] if row.rollout != view.row.rollout]
        self._rows = sorted([view.row, *others], key=lambda row: _ORDER[row.state])
        self.show_first(view.row)
        self.refetch()

    @override
    def key_of(self, item: RolloutRow) -> str:
        """See ListingRoom."""
        return item.rollout

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @override
    def item_line(self, item: RolloutRow, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return rollout_line(item, width, clock.now(), utc=clock.utc)

    @override
    def detail_lines(self, item: RolloutRow) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return rollout_detail(item, max(20, self.size.width), clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return rollouts_title(self._rows if self.may_see else [], len(self._list.items))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self.words:
            return [(Span("No rollout has these words; esc shows all.", "muted"),)]
        how = "n begins one of a manifest in force; " if self.allows("new") else ""
        said = f"No rollout has begun yet: {how}t shows what is in force and what waits for signatures."
        return wrap(said, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the rollout under the cursor."""
        if action == "back":
            return True
        if self._field.has_focus or (not self.may_see and action != "bench"):
            return False
        return self.chosen is not None if action == "open" else self.can(action)

    async def action_open(self) -> None:
        """Its page."""
        if self.chosen is not None:
            await self.app.push_screen(RolloutRoom(self.chosen.rollout))

    async def action_releases(self) -> None:
        """What may be installed."""
        await self.desk.open_releases()

    async def action_bench(self) -> None:
        """Devices on this machine's ports."""
        await self.desk.open_bench()


def _text(row: RolloutRow) -> str:
    return f"{row.title} {row.rollout} {manifest_name(row.manifest)} {row.ring} {row.state} {row.made_by}".lower()
