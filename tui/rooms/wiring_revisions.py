"""The revisions of a harness, and what is different between two of them."""

import asyncio
from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.difference_lines import difference_lines
from fleet.wiring.rules.reading import read_plan
from protocols.api.wiring import HarnessView, RevisionRow
from protocols.wiring.policy import WiringPolicy
from tui.paint import Line, Span, fit
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import PageRoom
from tui.wiring_marks import lines_of
from tui.words import full_moment, plural

_Two = tuple[HarnessView, HarnessView, WiringPolicy]


class WiringDifferenceRoom(PageRoom):
    """What is different from one revision of a harness to another, and what that means for the rules."""

    ROOM = "wiring"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, name: str, harness: str, before: int, after: int) -> None:
        super().__init__()
        self._harness_name = name
        self._harness = harness
        self._pair = (before, after)
        self._two: _Two | None = None

    @override
    def refetch(self) -> None:
        """See Room."""
        door, about = self.desk.door, self._harness
        before, after = self._pair

        async def both() -> _Two:
            return await asyncio.gather(door.harness(about, before), door.harness(about, after), door.wiring_policy())

        self.ask("two revisions", both, self._arrived)

    def _arrived(self, two: _Two) -> None:
        self._two = two
        self.show_page()

    @override
    def tick(self) -> None:
        """See Room. It never changes."""

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        before, after = self._pair
        head: list[Line] = [
            (Span(" "), Span(self._harness_name, "title"), Span(f"  revision {before} → {after}", "strong")),
            (),
        ]
        if self._two is None:
            return [*head, (Span(" asking the controller …", "muted"),)]
        first, second, policy = self._two
        plans = [read_plan(view.text).plan for view in (first, second)]
        if plans[0] is None or plans[1] is None:
            return [*head, (Span(" one of them can not be read by this console: update it", "fair"),)]
        assessed = (assess(plans[0], policy), assess(plans[1], policy))
        return [*head, *lines_of(difference_lines(plans[0], plans[1], width - 2, assessed))]


class WiringRevisionsRoom(ListingRoom[RevisionRow]):
    """Newest first. Returns the revision to open, None when closed."""

    ROOM = "wiring"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="the plan as it was at this revision"),
        Binding("d", "difference", "what changed", tooltip="from the marked one to this, else from the one before it"),
        Binding("t", "mark", "mark", tooltip="mark it: d then compares others with it"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, view: HarnessView) -> None:
        super().__init__()
        self._view = view
        self._marked: int | None = None

    @override
    def refetch(self) -> None:
        """See Room."""
        door, about = self.desk.door, self._view.row.harness

        def ask() -> Awaitable[HarnessView]:
            return door.harness(about)

        self.ask("revisions", ask, self._arrived)

    def _arrived(self, view: HarnessView) -> None:
        self._view = view
        self.show_items(view.revisions)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = plural(len(self._view.revisions), "revision")
        return (Span(" "), Span(self._view.row.name, "title"), Span(f"  {count}", "strong"))

    @override
    def key_of(self, item: RevisionRow) -> object:
        """See ListingRoom."""
        return item.revision

    @override
    def item_line(self, item: RevisionRow, width: int) -> Line:
        """See ListingRoom."""
        marked = Span("marked", "accent") if item.revision == self._marked else Span("")
        return (
            Span(fit(f"revision {item.revision}", 14), "strong"),
            Span(fit(full_moment(item.kept_at, utc=self.desk.server_clock.utc), 30)),
            Span(fit(f"by {item.kept_by}", 12)),
            Span(fit(item.sha256[:12], 14), "muted"),
            marked,
        )

    @override
    def detail_lines(self, item: RevisionRow) -> list[Line]:
        """See ListingRoom."""
        before = self._before(item.revision)
        what = f"d shows what changed from revision {before}" if before else "the first: it changed nothing"
        return [(Span(f" sha256 of its text {item.sha256}", "muted"),), (Span(f" {what}"),)]

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("There is none.", "muted"),)]

    def _before(self, revision: int) -> int | None:
        if self._marked is not None and self._marked != revision:
            return self._marked
        return revision - 1 if revision > 1 else None

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the one under the cursor."""
        if action == "difference":
            return self.chosen is not None and self._before(self.chosen.revision) is not None
        return action == "back" or self.chosen is not None

    def action_open(self) -> None:
        """Open the plan as it was."""
        if self.chosen is not None:
            self.dismiss(self.chosen.revision)

    def action_mark(self) -> None:
        """Mark it, or take the mark away."""
        if self.chosen is not None:
            self._marked = None if self._marked == self.chosen.revision else self.chosen.revision
            self._list.repaint()
            self.show_rest()

    async def action_difference(self) -> None:
        """What is different, from the older to the newer."""
        if self.chosen is None:
            return
        other = self._before(self.chosen.revision)
        if other is not None:
            before, after = sorted((other, self.chosen.revision))
            row = self._view.row
            await self.app.push_screen(WiringDifferenceRoom(row.name, row.harness, before, after))
