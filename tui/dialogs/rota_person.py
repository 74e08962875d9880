"""Giving a turn to somebody: their id is typed, and completed as soon as it can be only one."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from fleet.rota.rules.fairness import beyond_share
from protocols.rota.findings import PersonLoad
from tui.dialogs.dialog import Dialog, Words
from tui.field import Field
from tui.listing import ItemListing
from tui.paint import Line, Span, fit
from tui.rota_compare import amount
from tui.rota_draft import Candidate

_MOST = 12


def matching(people: Sequence[Candidate], typed: str) -> list[Candidate]:
    """Those whose id holds what was typed, whatever the case; those whose id or number begins with it first."""
    wanted = typed.strip().upper()
    found = [one for one in people if wanted in one.person]
    return sorted(found, key=lambda one: not one.person.startswith(wanted) and not one.person[3:].startswith(wanted))


class RotaPersonDialog(Dialog[str]):
    """Returns the id of a member, None when closed."""

    TITLE = "Give the turn to"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "give"),
        Binding("down", "move(1)", "next"),
        Binding("up", "move(-1)", "before", show=False),
    ]

    def __init__(self, turn: str, people: Sequence[Candidate], loads: Sequence[PersonLoad]) -> None:
        super().__init__()
        self._turn = turn
        self._people = people
        self._loads = {one.person: one for one in loads}
        self._field = Field("", hint="an id, or its number", most=9, enter="give")
        self._listing: ItemListing[Candidate] = ItemListing(self._draw, lambda one: one.person)

    @override
    def content(self) -> ComposeResult:
        """The turn, the field, the members."""
        yield Words([(), (Span(f" {self._turn}", "strong"),), (Span(" beyond their share in these weeks:", "muted"),)])
        yield self._field
        self._listing.styles.height = min(_MOST, max(1, len(self._people)))
        self._listing.can_focus = False
        yield self._listing

    def on_mount(self) -> None:
        """Everybody, before anything is typed."""
        super().on_mount()
        self.set_focus(self._field)
        self._listing.show(list(self._people))

    def _draw(self, one: Candidate, width: int) -> Line:
        load = self._loads.get(one.person)
        told = ""
        if load is not None:
            nights = amount("nights", round(beyond_share(load, "nights"), 1), signed=True)
            days = amount("weekend_days", round(beyond_share(load, "weekend_days"), 1), signed=True)
            told = f"nights {nights}, weekend days {days}"
        return (
            Span(f"{fit(one.person, 10)}", "strong" if not one.hinders else "muted"),
            Span(fit(told, max(0, width - 24)), "muted"),
            Span(fit(one.hinders or "free", 12), "fair" if one.hinders else "good"),
        )

    def on_input_changed(self, message: Input.Changed) -> None:
        """Narrow the list."""
        message.stop()
        self._listing.show(matching(self._people, message.value))
        self._listing.move_to(0)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in the field."""
        message.stop()
        self.action_pick()

    def on_listing_opened(self) -> None:
        """A click gives."""
        self.action_pick()

    def action_move(self, by: int) -> None:
        """Another line."""
        self._listing.action_move(by)

    def action_pick(self) -> None:
        """Give it to the member under the cursor."""
        if self._listing.item is not None:
            self.dismiss(self._listing.item.person)
        else:
            self.desk.say("no member of the rota has such an id", "fair")
