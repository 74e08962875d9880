"""The checklists of a deployment: evidence entered by keys, item by item."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.checklists import ChecklistView, NewEvidence
from protocols.api.deployments import DeploymentView
from protocols.deployments import ChecklistItem, Step
from tui.deployment_checklist_lines import (
    ASKS,
    checklist_line,
    detail_lines,
    evidence_of,
    evidence_sentence,
    first_step,
    title_line,
)
from tui.deployment_ticks import TickList
from tui.deployment_words import owed_steps, step_word
from tui.dialogs.deployment_evidence import EvidenceDialog
from tui.paint import Line, Span, wrap
from tui.role_words import Reserved
from tui.rooms.deployment_following import DeploymentFollowing
from tui.rooms.listing_room import ListingRoom

_FINDING = Reserved("giving evidence", "work-deployment")
_NUMBER_KEYS = {digit: digit for digit in "0123456789"} | {"minus": "-"}


class Found(NamedTuple):
    """An item of a checklist, with the checklist."""

    item: ChecklistItem
    view: ChecklistView


class DeploymentChecklistRoom(ListingRoom[Found], DeploymentFollowing):
    """One step's checklist at a time; the next step's comes first, then those whose paper is owed."""

    RESERVED: ClassVar[Mapping[str, Reserved]] = {"tick": _FINDING, "find": _FINDING}
    CLICKED = "find"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "find", "found", tooltip="what was found: a tick, words or a number; digits begin one"),
        Binding("right_square_bracket", "other(1)", "next list", tooltip="the checklist of another step"),
        Binding("left_square_bracket", "other(-1)", "list before", show=False),
        *[Binding(key, f"number('{sign}')", show=False) for key, sign in _NUMBER_KEYS.items()],
        Binding("escape", "back", "back"),
    ]

    def __init__(self, view: DeploymentView) -> None:
        super().__init__()
        self._view = view
        self._checklists: Sequence[ChecklistView] = ()
        self._step: Step | None = None
        self._list = TickList(self.item_line, self.key_of, id="list")

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door, about = self.desk.door, self._view.row.deployment
        self.ask("checklists", lambda: door.checklists(about), self._arrived, background=background)

    def _arrived(self, checklists: list[ChecklistView]) -> None:
        self._checklists = [one for one in checklists if one.items]
        if self._step is None or all(one.step != self._step for one in self._checklists):
            owed = [one.step for one in owed_steps(self._view)]
            self._step = first_step(self._checklists, self._view.row.next_step, owed)
        self._show()

    def _show(self) -> None:
        view = self._shown
        self.show_items([Found(item, view) for item in view.items] if view is not None else [])

    @property
    def _shown(self) -> ChecklistView | None:
        return next((one for one in self._checklists if one.step == self._step), None)

    @override
    def key_of(self, item: Found) -> object:
        """See ListingRoom."""
        return (item.view.step, item.item.key)

    @override
    def item_line(self, item: Found, width: int) -> Line:
        """See ListingRoom."""
        return checklist_line(item.item, item.view, width)

    @override
    def detail_lines(self, item: Found) -> list[Line]:
        """See ListingRoom."""
        lines = detail_lines(item.item, item.view, max(40, self.size.width - 2), self.look)
        if item.item.evidence == "tick" and self.allows("tick"):
            evidence = evidence_of(item.view, item.item.key)
            found = "not so any more" if evidence is not None and evidence.ticked else "so"
            said = evidence_sentence(self.me, self._view.row.deployment, item.view.step, item.item, found)
            lines += [(Span(" "), *line) for line in wrap(f"space logs “{said}”", self.size.width - 3, "accent")]
        return lines

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return title_line(self._view.row.deployment, self._checklists, self._step, self._view.row.next_step)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return wrap("No step of it has a checklist.", 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what fits the item under the cursor."""
        found = self.chosen
        match action:
            case "tick":
                return found is not None and found.item.evidence == "tick" and self.allows(action)
            case "find":
                return found is not None and self.allows(action)
            case "other":
                return len(self._checklists) > 1
        return True

    def action_other(self, by: int) -> None:
        """The checklist of another step."""
        steps = [one.step for one in self._checklists]
        if self._step in steps:
            self._step = steps[(steps.index(self._step) + by) % len(steps)]
            self._list.move_to(0)
            self._show()

    def action_tick(self) -> None:
        """It is so; pressed again, it is not."""
        found = self.chosen
        if found is not None:
            before = evidence_of(found.view, found.item.key)
            ticked = before is None or not before.ticked
            self._give(NewEvidence(step=found.view.step, key=found.item.key, ticked=ticked))

    async def action_find(self) -> None:
        """Ask what was found; a tick is just a tick."""
        found = self.chosen
        if found is not None and found.item.evidence == "tick":
            self.action_tick()
        elif found is not None:
            await self._ask_what(found, "")

    async def action_number(self, sign: str) -> None:
        """A digit begins the number of the item under the cursor."""
        found = self.chosen
        if found is None or not self.allows("find"):
            return
        if found.item.evidence == "number":
            await self._ask_what(found, sign)
        else:
            self.desk.say("this item is no number: " + ASKS[found.item.evidence], "fair")

    async def _ask_what(self, found: Found, typed: str) -> None:
        dialog = EvidenceDialog(self._view.row.deployment, found.view.step, found.item, self.look, typed)
        await self.app.push_screen(dialog, lambda new: self._give(new) if new is not None else None)

    def _give(self, new: NewEvidence) -> None:
        door, about = self.desk.door, self._view.row.deployment
        self.do(f"keeping {new.key}", lambda: door.give_evidence(about, new), self._given)

    def _given(self, view: ChecklistView) -> None:
        left = len(view.missing)
        said = f"kept; {left} missing for {step_word(view.step)}" if left else f"{step_word(view.step)}: all met"
        self.desk.say(said, "good")
        self._checklists = [view if one.step == view.step else one for one in self._checklists]
        self._show()
