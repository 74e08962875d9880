"""The page of a harness: its plan from every side, its revisions, and where it is."""

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.problems import Problem
from protocols.api.wiring import DeploymentWiring, HarnessView
from protocols.wiring.policy import WiringPolicy
from tui.dialogs.wiring_pick import given_dialog
from tui.paint import Line, Span
from tui.rooms.wiring_deeds import GivesHarness
from tui.rooms.wiring_edit import WiringEditRoom
from tui.rooms.wiring_fitting import open_fitting
from tui.rooms.wiring_given import WiringGivenRoom
from tui.rooms.wiring_revisions import WiringRevisionsRoom
from tui.rooms.wiring_view import VIEW_BINDINGS, WiringViewRoom
from tui.wiring_asking import wiring_of_harness
from tui.wiring_findings import unsafe_words
from tui.words import moment

_Loaded = tuple[HarnessView, WiringPolicy]


class HarnessRoom(WiringViewRoom, GivesHarness):
    """Revision `revision` of a harness; 0: the newest, as it comes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit", tooltip="change its newest revision as text"),
        Binding("g", "give", "give", tooltip="give this revision to a deployment that goes on"),
        Binding("f", "fitted", "as fitted", tooltip="enter what was measured at a deployment that has it"),
        Binding("v", "revisions", "revisions", tooltip="its revisions, and what each changed"),
        Binding("m", "where", "where", tooltip="the deployments that have it, and what was measured"),
        Binding("w", "write", "write a file", tooltip="write its text into a file here"),
        *VIEW_BINDINGS,
        Binding("escape", "back", "back"),
    ]

    def __init__(self, harness: str, revision: int = 0) -> None:
        super().__init__()
        self._harness = harness
        self._wanted = revision
        self._shown: HarnessView | None = None

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door, about, revision = self.desk.door, self._harness, self._wanted

        async def both() -> _Loaded:
            return await asyncio.gather(door.harness(about, revision), door.wiring_policy())

        self.ask("harness", both, self._arrived, background=background)

    def _arrived(self, loaded: _Loaded) -> None:
        view, self.policy = loaded
        self.show_harness(view)

    def show_harness(self, view: HarnessView) -> None:
        """This is how it stands; an answer that was overtaken is out of date."""
        before = self._shown
        if before is not None and before.row.revision > view.row.revision:
            return
        self._shown = view
        if before is None or before.text != view.text or self.seen is None:
            self.judge(view.text)
        self.show_title()
        self.refresh_bindings()

    @override
    def head_line(self) -> Line:
        """See WiringViewRoom."""
        view = self._shown
        if view is None:
            return (Span(self._harness, "title"), Span("  asking the controller …", "muted"))
        clock = self.desk.server_clock
        kept = f"by {view.revision.kept_by} {moment(view.revision.kept_at, clock.now(), utc=clock.utc)}"
        newest = view.row.revision
        older = (Span(f"  the newest is {newest}", "fair"),) if view.revision.revision < newest else ()
        return (
            Span(view.row.name, "title"),
            Span(f"  revision {view.revision.revision}", "strong"),
            *older,
            Span(f"  {kept}", "muted"),
        )

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        if action in {"edit", "give", "fitted", "revisions", "where", "write"}:
            return self._shown is not None and self.allows(action)
        return True

    async def action_edit(self) -> None:
        """Change the newest revision as text."""
        view = self._shown
        if view is None:
            return
        if view.revision.revision != view.row.revision:
            self.desk.say(
                f"this is revision {view.revision.revision}: v opens the newest, which can be changed", "fair"
            )
            return
        await self.app.push_screen(WiringEditRoom(view.text, self.policy, view), self._edited)

    def _edited(self, view: HarnessView | None) -> None:
        if view is not None:
            self._wanted = 0
            self.show_harness(view)

    def action_give(self) -> None:
        """Give it to a deployment; one that is not safe is refused with the rules named."""
        view, seen = self._shown, self.seen
        if view is None or seen is None:
            return
        assessment = seen.assessment
        if assessment is not None and not assessment.may_be_fitted:
            self.desk.show_problem(
                Problem(
                    code="wiring-unsafe",
                    message=f"{view.row.name} may not be fitted: {unsafe_words(assessment)}",
                    remedy="e changes the plan; f9 there puts advised sizes into it",
                )
            )
            return
        self.ask_where(self._harness, view.revision.revision, view.row.name)

    @override
    def given(self, wiring: DeploymentWiring) -> None:
        """See GivesHarness."""
        self.refetch()

    def action_fitted(self) -> None:
        """Enter what was measured; asked where, when more than one deployment has it."""
        door, about = self.desk.door, self._harness
        self.ask("where", lambda: wiring_of_harness(door, about), self._measure_at)

    def _measure_at(self, given: list[DeploymentWiring]) -> None:
        there = [one for one in given if one.withdrawn_at is None]
        if not there:
            self.desk.say("no deployment has it: g gives it to one", "fair")
        elif len(there) == 1:
            open_fitting(self, there[0], lambda _after: self.refetch())
        else:
            self.app.push_screen(given_dialog(there), lambda one: self._measure_at([one]) if one is not None else None)

    async def action_revisions(self) -> None:
        """Its revisions."""
        if self._shown is not None:
            await self.app.push_screen(WiringRevisionsRoom(self._shown), self._open_revision)

    def _open_revision(self, revision: int | None) -> None:
        if revision is not None:
            self._wanted = revision
            self._shown = None
            self.ask_anew()

    async def action_where(self) -> None:
        """The deployments that have it."""
        view = self._shown
        if view is not None:
            door, about = self.desk.door, self._harness
            await self.app.push_screen(WiringGivenRoom(view.row.name, lambda: wiring_of_harness(door, about)))
