"""Choosing what to open of a unit, with the sentence that goes into the log; or why nothing can be opened."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.access_record import Modality
from protocols.api.checks import LiveMandate, NewCheck, UnitAccess
from protocols.lease import MAX_LEASE_S
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.listing import ItemListing
from tui.paint import Line, Span, Tone, fit, wrap
from tui.words import in_keys, moment, number, safe

_TOGETHER: tuple[tuple[Modality, ...], ...] = (("video", "audio"), ("video",), ("audio",), ("position",))
_LIST_MAX = 8
_NO_MANDATE = "No mandate of this unit is live: draft one and let two people sign it: fleet mandate draft"
_PLAIN: Tone = "plain"
_SPENT: Tone = "bad"
_CLOSES_WATCHED = " It closes by itself; leases of a minute are renewed while you watch."
_CLOSES_FOUND = " The unit says once where it is, and closes by itself within a minute."


class Choice(NamedTuple):
    """One way to open the unit."""

    mandate: LiveMandate
    modalities: tuple[Modality, ...]
    goes_on: bool = False

    @property
    def left(self) -> tuple[int, int]:
        """Minutes and openings that are left of the day, of the modality that has least of either."""
        budgets = [one for one in self.mandate.budgets if one.allowance.modality in self.modalities]
        minutes = min(one.allowance.minutes_per_day - one.used_s // 60 for one in budgets)
        return max(0, minutes), max(0, min(one.allowance.openings_per_day - one.openings for one in budgets))

    @property
    def used_up(self) -> str:
        """What of the day is used up, empty when it can be opened; a check that goes on can be joined."""
        minutes, openings = self.left
        if self.goes_on or (minutes and openings):
            return ""
        return "minutes" if not minutes else "openings"

    @property
    def wish(self) -> NewCheck:
        """What to ask the controller for."""
        return NewCheck(modalities=list(self.modalities), mandate=self.mandate.mandate)

    def sentence(self, unit_id: str, person_id: str) -> str:
        """What the log will say."""
        what = " and ".join(self.modalities)
        purpose = safe(self.mandate.purpose)
        return f"{what} of {unit_id} by {person_id} under {self.mandate.mandate}, purpose: {purpose}"


def choices(access: UnitAccess) -> list[Choice]:
    """What can be opened: of each live mandate first all that goes together, then each alone."""
    found: list[Choice] = []
    for mandate in access.mandates:
        covered = {budget.allowance.modality for budget in mandate.budgets}
        for together in _TOGETHER:
            if covered.issuperset(together):
                same = (one for one in access.open if one.mandate == mandate.mandate)
                goes_on = any(set(together) <= set(one.modalities) for one in same)
                found.append(Choice(mandate, together, goes_on))
    return found


def choice_line(choice: Choice, width: int) -> Line:
    """Modalities, mandate, and what is left of the day of the modality that has least, or that nothing is."""
    minutes, openings = choice.left
    told, tone = f"{number(minutes)} min, {number(openings)} openings left today", _PLAIN
    if choice.goes_on:
        told = "open now: watch too"
    elif choice.used_up:
        told, tone = f"not today: no {choice.used_up} left", _SPENT
    kind = "" if choice.mandate.kind == "field" else f"{choice.mandate.kind} "
    return (
        Span(fit(" + ".join(choice.modalities), 15), "muted" if choice.used_up else "strong"),
        Span(fit(f"{kind}{choice.mandate.mandate}", 22), "plain"),
        Span(fit(told, max(8, width - 37)), tone),
    )


class CheckDialog(Dialog[NewCheck]):
    """Returns what to open, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The list moves its own cursor; this only names the keys.
        Binding("↑↓", "choose", "choose"),
        Binding("y", "yes", "yes, open it"),
        Binding("y", "join", "yes, join it"),
    ]

    def __init__(self, unit_id: str, label: str, access: UnitAccess, person_id: str) -> None:
        super().__init__()
        self._unit_id = unit_id
        self._label = label
        self._person_id = person_id
        self._obstacles: Sequence[str] = access.obstacles
        found = [] if access.obstacles else choices(access)
        self._choices = found
        self._list: ItemListing[Choice] = ItemListing(choice_line, lambda choice: choice, id="choices")
        self._words = Words()

    @override
    def title_text(self) -> str:
        """See Dialog."""
        return f"Check {self._label or self._unit_id}"

    @override
    def content(self) -> ComposeResult:
        """The choices, then the sentence."""
        if self._choices:
            yield self._list
        yield self._words

    @override
    def on_mount(self) -> None:
        """Show what there is to choose."""
        super().on_mount()
        self._list.styles.height = min(_LIST_MAX, len(self._choices))
        self._list.show(self._choices)
        self._say()

    def on_listing_moved(self) -> None:
        """Another sentence."""
        self._say()

    async def on_listing_opened(self) -> None:
        """A second click is no `y`: opening is never an accident."""
        if self.check_action("yes", ()):
            self.desk.say("press y to open it", "fair")
        elif self.check_action("join", ()):
            self.desk.say("press y to join it", "fair")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be opened, or joined where it is open."""
        choice = self._list.item if self._choices else None
        match action:
            case "yes":
                return choice is not None and not choice.used_up and not choice.goes_on
            case "join":
                return choice is not None and choice.goes_on
            case "choose":
                return len(self._choices) > 1
        return True

    def _say(self) -> None:
        choice = self._list.item
        self.refresh_bindings()
        if choice is not None and choice.used_up:
            self._words.say([(), *_used_up(choice)])
            return
        if choice is not None:
            sentence = choice.sentence(self._unit_id, self._person_id)
            self._words.say([(), *log_sentence(sentence), (), (Span(self._closes(choice), "muted"),)])
            return
        said = [in_keys(one) for one in self._obstacles] or [in_keys(_NO_MANDATE)]
        lines: list[Line] = [()]
        for obstacle in said:
            lines += [*[(Span(" "), *line) for line in wrap(safe(obstacle), 68, "fair")], ()]
        self._words.say(lines)

    def _closes(self, choice: Choice) -> str:
        """When it closes by itself."""
        clock, ends_at = self.desk.server_clock, choice.mandate.ends_at
        if choice.modalities == ("position",):
            return _CLOSES_FOUND
        if (ends_at - clock.now()).total_seconds() > MAX_LEASE_S:
            return _CLOSES_WATCHED
        return f" It closes with the mandate at {moment(ends_at, clock.now(), utc=clock.utc)}, in less than a minute."

    def action_join(self) -> None:
        """Watch too what the cursor is on."""
        self.action_yes()

    def action_yes(self) -> None:
        """Open what the cursor is on."""
        if self._list.item is not None and not self._list.item.used_up:
            self.dismiss(self._list.item.wish)


def _used_up(choice: Choice) -> list[Line]:
    what = " and ".join(choice.modalities)
    said = f"The {choice.used_up} that {choice.mandate.mandate} allows for {what} today are used"
    lines = wrap(f"{said}: wait until tomorrow, or have a mandate with more signed (m).", 68, "fair")
    return [(Span(" "), *line) for line in lines]
