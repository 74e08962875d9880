"""One rollout: its rings on top, its units below, a key for one state of them."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Literal, get_args

from textual.binding import Binding, BindingType
from textual.widget import Widget
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import RolloutsChanged
from protocols.api.rollouts import RolloutRow, RolloutUnitRow, RolloutView
from protocols.rollouts import UnitUpdateState
from tui.dialogs.choice import ChoiceDialog, Option
from tui.firmware_lines import LEGEND
from tui.firmware_rollout_lines import top_lines, unit_detail, unit_heads, unit_line
from tui.firmware_words import progress_words
from tui.lines import Page
from tui.paint import Line, Span, joined
from tui.rooms.filtered import FilteredRoom
from tui.rooms.firmware_deeds import FirmwareDeeds
from tui.words import number, plural

PAGE = 500
MOST_PAGES = 40
ASK_MORE_WITHIN = 30
SLOW_FOLLOW_S = 5.0
"""Many pages are not asked for again at every change."""
State = Literal["any", UnitUpdateState]
_STATE_KEYS = "wgodfbrl"

_All = tuple[RolloutView, int, list[RolloutUnitRow]]


class RolloutRoom(FilteredRoom[RolloutUnitRow], FirmwareDeeds):
    """The page of one rollout."""

    HINT = "words in unit, label, ring or why"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "unit", tooltip="the unit's page"),
        Binding("p", "pause", "pause", tooltip="tell no further unit; those that were told go on"),
        Binding("r", "resume", "resume", tooltip="let it go on after it was paused or stopped by itself"),
        Binding("x", "cancel", "cancel", tooltip="end it: units that wait are left out"),
        Binding("s", "state", "state", tooltip="only units in one state"),
        Binding("slash", "filter", "filter", tooltip="only units with these words"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, rollout_id: str) -> None:
        super().__init__()
        self.rollout_id = rollout_id
        self._view: RolloutView | None = None
        self._units: list[RolloutUnitRow] = []
        self._total = 0
        self._pages = 1
        self._state: State = "any"
        self._top = Page(id="rings")

    @property
    @override
    def legend(self) -> tuple[tuple[str, str], ...]:
        """See Room."""
        return LEGEND

    @property
    @override
    def rollout(self) -> RolloutRow | None:
        """See FirmwareDeeds."""
        return self._view.row if self._view is not None else None

    @override
    def above(self) -> Iterable[Widget]:
        """The rings, then filter and heads."""
        return (self._top, *super().above())

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("rollout", self._load, self._arrived, background=background)

    async def _load(self) -> _All:
        door, about, state = self.desk.door, self.rollout_id, self._state
        view, page = await asyncio.gather(door.rollout(about), door.rollout_units(about, state=state, limit=PAGE))
        units, wanted = list(page.rows), MOST_PAGES if self.words else self._pages
        for _ in range(wanted - 1):
            if len(units) >= page.total or not page.rows:
                break
            page = await door.rollout_units(about, state=state, offset=len(units), limit=PAGE)
            units += page.rows
        return view, page.total, units

    def _arrived(self, answer: _All) -> None:
        self._view, self._total, self._units = answer
        self.show_filtered()

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RolloutsChanged):
            pause_s = 0.5 if len(self._units) <= PAGE else SLOW_FOLLOW_S
            self.soon_s("anew", pause_s, lambda: self.ask_anew(background=True))

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._view is not None:
            words = self.words.lower().split()
            self.show_items([row for row in self._units if all(word in _text(row) for word in words)])

    @override
    def show_rest(self) -> None:
        """Also the rings."""
        self._show_rings()
        super().show_rest()

    def _show_rings(self) -> None:
        lines: list[Line] = []
        if self._view is not None:
            clock, size = self.desk.server_clock, self.size
            most = max(6, size.height - 16)
            lines = top_lines(self._view, max(40, size.width), most, clock.now(), utc=clock.utc)
        self._top.styles.height = len(lines) + 1
        self._top.show(lines)

    @override
    def tick(self) -> None:
        """See Room."""
        self._show_rings()
        super().tick()

    @override
    def on_resize(self) -> None:
        """Lines are made for a width."""
        super().on_resize()
        self._show_rings()

    @override
    def show_rollout(self, view: RolloutView) -> None:
        """See FirmwareDeeds."""
        self._view = view
        self.show_rest()
        self.refetch()

    @override
    def moved(self) -> None:
        """Near the end of those asked for: ask for more."""
        is_near = self._list.cursor >= len(self._list.items) - ASK_MORE_WITHIN
        if is_near and len(self._units) < self._total and self._pages * PAGE <= len(self._units):
            self._pages += 1
            self.ask_anew()

    @override
    def key_of(self, item: RolloutUnitRow) -> str:
        """See ListingRoom."""
        return item.unit

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return unit_heads(width)

    @override
    def item_line(self, item: RolloutUnitRow, width: int) -> Line:
        """See ListingRoom."""
        return unit_line(item, width, self.desk.server_clock.now())

    @override
    def detail_lines(self, item: RolloutUnitRow) -> list[Line]:
        """See ListingRoom."""
        return unit_detail(item, max(20, self.size.width), self.desk.server_clock.now())

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        if self._view is None:
            return (Span(f" ROLLOUT {self.rollout_id}  ", "muted"), Span("…", "strong"))
        shown = len(self._list.items)
        count = plural(self._total, "unit")
        only = f"only {self._state}" if self._state != "any" else ""
        words = f"with “{self.words}”" if self.words else ""
        return joined(
            [
                (Span(" ROLLOUT  ", "muted"), Span(count if shown == self._total else f"{number(shown)} of {count}")),
                (Span(only, "accent"),) if only else (),
                (Span(words, "accent"),) if words else (),
            ]
        )

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No unit of it is so; esc shows all.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "back":
            return True
        if self._field.has_focus:
            return False
        return self.chosen is not None if action == "open" else self.can(action)

    @override
    def on_input_submitted(self, message: object) -> None:
        """Words are looked for in all units, not only in those that have come."""
        super().on_input_submitted(message)  # type: ignore[arg-type]  # Textual hands in what the base names
        self.ask_anew()

    @override
    def leave(self) -> None:
        """All states; once they are shown, back."""
        if self._state != "any":
            self._only("any")
        else:
            self.dismiss()

    async def action_open(self) -> None:
        """The unit's page."""
        if self.chosen is not None:
            await self.desk.open_unit(self.chosen.unit)

    async def action_state(self) -> None:
        """Choose a state."""
        counts: dict[str, int] = {}
        for ring in self._view.rings if self._view is not None else ():
            for state, count in ring.states.items():
                counts[state] = counts.get(state, 0) + count
        options: list[Option[State]] = [Option("*", "any state", "", "any")]
        for key, word in zip(_STATE_KEYS, get_args(UnitUpdateState), strict=True):
            options.append(Option(key, word, number(counts.get(word, 0)), word))
        await self.app.push_screen(ChoiceDialog("Only units that are", options, self._state), self._stated)

    def _stated(self, state: State | None) -> None:
        if state is not None and state != self._state:
            self._only(state)

    def _only(self, state: State) -> None:
        self._state, self._pages = state, 1
        self._list.move_to(0)
        self.ask_anew()


def _text(row: RolloutUnitRow) -> str:
    return f"{row.unit} {row.label} {row.ring} {row.state} {progress_words(row)}".lower()
