"""5 Wiring: every harness that the controller keeps, and what the rules say of it."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.wiring import HarnessPage, HarnessRow, HarnessView
from protocols.wiring.policy import WiringPolicy
from tui.dialogs.wiring_pick import template_dialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deployment_following import FollowsDeployments
from tui.rooms.filtered import FilteredRoom
from tui.rooms.wiring_harness import HarnessRoom
from tui.rooms.wiring_questions import WiringQuestionsRoom
from tui.wiring_asking import every_harness
from tui.wiring_lines import harness_detail, harness_line, heads_line, narrowed, title_line
from tui.wiring_words import RESERVED, SEEING

_Loaded = tuple[HarnessPage, WiringPolicy]


class WiringRoom(FilteredRoom[HarnessRow], FollowsDeployments):
    """The list of harnesses, by name."""

    ROOM = "wiring"
    SEEING = SEEING
    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED
    HINT = "words in name, title, system, verdict; | means or"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="its plan from every side"),
        Binding("n", "new", "new", tooltip="six questions for a new harness, checked as you type"),
        Binding("slash", "filter", "filter", tooltip="only harnesses with these words; | means or"),
        Binding("escape", "back", "all"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._all: list[HarnessRow] = []
        self._total = 0
        self._policy = WiringPolicy()

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door = self.desk.door

        async def both() -> _Loaded:
            return await asyncio.gather(every_harness(door), door.wiring_policy())

        if self.may_see:
            self.ask("wiring", both, self._arrived, background=background)

    def _arrived(self, loaded: _Loaded) -> None:
        page, self._policy = loaded
        self._all, self._total = page.rows, page.total
        self._is_known = True
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._is_known:
            self.show_items(narrowed(self._all, self.words))

    @override
    def key_of(self, item: HarnessRow) -> str:
        """See ListingRoom."""
        return item.harness

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @override
    def item_line(self, item: HarnessRow, width: int) -> Line:
        """See ListingRoom."""
        return harness_line(item, width)

    @override
    def detail_lines(self, item: HarnessRow) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return harness_detail(item, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return title_line(len(self._list.items) if self._is_known else None, self._total, self.words)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self.words:
            return [(Span("No harness is so. esc shows all.", "muted"),)]
        return [
            (Span("No harness is kept yet.", "muted"),),
            (Span("n makes one: choose a vehicle, answer six questions, see at once what holds.", "muted"),),
        ]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the harness under the cursor."""
        typing = self._field.has_focus
        match action:
            case "open":
                return not typing and self.chosen is not None
            case "back":
                return typing or bool(self.words)
        return not typing and self.allows(action)

    @override
    def leave(self) -> None:
        """This is a first room."""

    async def action_open(self) -> None:
        """Its plan from every side."""
        if self.chosen is not None:
            await self.app.push_screen(HarnessRoom(self.chosen.harness))

    async def action_new(self) -> None:
        """Choose the vehicle, then answer."""
        await self.app.push_screen(template_dialog(), self._chosen)

    def _chosen(self, name: str | None) -> None:
        if name is not None:
            self.call_later(self._ask_questions, name)

    async def _ask_questions(self, name: str) -> None:
        await self.app.push_screen(WiringQuestionsRoom(name, self._policy), self._kept)

    def _kept(self, view: HarnessView | None) -> None:
        if view is not None:
            self.call_later(self._open_kept, view.row.harness)

    async def _open_kept(self, harness: str) -> None:
        self.desk.room_shown = None  # what was said when it was kept stands on
        await self.app.push_screen(HarnessRoom(harness))
