"""The visits of a deployment: who goes there when, and whether they are right for it."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.deployments import DeploymentView, NewVisit, SetVisits, VisitView
from tui.deployment_blocks import blocker_block
from tui.deployment_forms import again
from tui.deployment_page import visit_line
from tui.deployment_words import OVER
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.deployment_forms import VisitDialog
from tui.paint import Line, Span, joined, wrap
from tui.role_words import Reserved
from tui.rooms.deeds import DeedsRoom
from tui.rooms.deployment_following import DeploymentFollowing
from tui.rooms.listing_room import ListingRoom
from tui.words import plural

_PLANNING = Reserved("planning visits", "work-deployment")


class DeploymentVisitsRoom(ListingRoom[VisitView], DeploymentFollowing, DeedsRoom[VisitView]):
    """Those that have begun stay; the others can be planned anew."""

    RESERVED: ClassVar[Mapping[str, Reserved]] = {"new": _PLANNING, "edit": _PLANNING, "remove": _PLANNING}
    CLICKED = "edit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new visit", tooltip="plan who goes there when"),
        Binding("enter", "edit", "change", tooltip="plan it otherwise"),
        Binding("x", "remove", "give up", tooltip="it does not take place"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, view: DeploymentView) -> None:
        super().__init__()
        self._view = view

    def on_mount(self) -> None:
        """They are known from the page."""
        super().on_mount()
        self._arrived(self._view)

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door, about = self.desk.door, self._view.row.deployment
        self.ask("view", lambda: door.deployment(about), self._arrived, background=background)

    def _arrived(self, view: DeploymentView) -> None:
        if view.version < self._view.version:
            return  # it was overtaken by the answer to a deed
        self._view = view
        self.show_items(sorted(view.visits, key=lambda one: one.starts_at))

    @override
    def key_of(self, item: VisitView) -> object:
        """See ListingRoom."""
        return item.visit

    @override
    def item_line(self, item: VisitView, width: int) -> Line:
        """See ListingRoom."""
        return visit_line(item, self.look)

    @override
    def detail_lines(self, item: VisitView) -> list[Line]:
        """What the rules say of its people."""
        width = max(40, self.size.width - 2)
        if item.findings:
            return blocker_block(item.findings, width)
        return [(Span(" Its people are right for it, as of now.", "good"),)]

    @override
    def title_line(self) -> Line:
        """How many, and how many are refused."""
        refused = sum(any(told.answer == "refused" for told in one.findings) for one in self._view.visits)
        return joined(
            [
                (Span(f" VISITS  {self._view.row.deployment}  ", "muted"), Span(str(len(self._view.visits)), "strong")),
                (Span(f"{refused} with people who can not go", "bad"),) if refused else (),
            ]
        )

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return wrap("No visit is planned: n plans who goes there, when and to do what.", 70, "muted")

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        if not self.allows(action) or self._view.row.state in OVER:
            return False
        return action == "new" or (self.chosen is not None and self._is_to_come(self.chosen))

    def _is_to_come(self, visit: VisitView) -> bool:
        return visit.starts_at > self.look.now

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the one under the cursor."""
        return self.can(action) if action in {"new", "edit", "remove"} else True

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: why."""
        if self.allows("edit") and self.chosen is not None and key in {"enter", "x"}:
            self.desk.say("it has begun: what was, stays", "fair")
        else:
            super().say_whose(key)

    @override
    def show_changed(self, view: VisitView) -> None:
        """See DeedsRoom: all of the deployment is asked for again."""
        self.refetch()

    async def action_new(self) -> None:
        """Plan a visit."""
        dialog = VisitDialog(self._view, self.look)
        await self.app.push_screen(dialog, lambda visit: self._set(None, visit) if visit is not None else None)

    async def action_edit(self) -> None:
        """Plan it otherwise."""
        before = self.chosen
        if before is not None:
            dialog = VisitDialog(self._view, self.look, before)
            await self.app.push_screen(dialog, lambda visit: self._set(before, visit) if visit is not None else None)

    async def action_remove(self) -> None:
        """It does not take place."""
        before = self.chosen
        if before is None:
            return
        sentence = (
            f"deployment.visits-set: {self.me} gives up the visit to {before.kind} of {self._view.row.deployment}"
        )
        dialog = ConfirmDialog("Give up a visit", [visit_line(before, self.look)], sentence)
        await self.app.push_screen(dialog, lambda yes: self._set(before, None) if yes else None)

    def _set(self, before: VisitView | None, visit: NewVisit | None) -> None:
        """Plan all that are to come, with `visit` in the place of `before`."""
        gone = before.visit if before is not None else None
        visits = [again(one) for one in self._view.visits if self._is_to_come(one) and one.visit != gone]
        visits += [visit] if visit is not None else []
        asked = SetVisits(based_on=self._view.version, visits=visits)
        door, about = self.desk.door, self._view.row.deployment
        self.do("planning its visits", lambda: door.set_visits(about, asked), self._planned)

    def _planned(self, view: DeploymentView) -> None:
        refused = [told for one in view.visits for told in one.findings if told.answer == "refused"]
        if refused:
            self.desk.say(f"planned, and {plural(len(refused), 'rule refuses', 'rules refuse')} its people", "fair")
        else:
            self.desk.say("planned", "good")
        self._arrived(view)
