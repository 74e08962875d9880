"""The page of one deployment: its steps, what stops the next one, and everything that belongs to it."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.deployments import DeploymentView
from protocols.api.log import LogQuery
from tui.deployment_page import deployment_page
from tui.deployment_words import OVER
from tui.paint import Line
from tui.role_words import Reserved, whose
from tui.rooms.deployment_checklist import DeploymentChecklistRoom
from tui.rooms.deployment_deeds import DeploymentDeeds
from tui.rooms.deployment_kit import DeploymentKitRoom
from tui.rooms.deployment_plan_deeds import DeploymentPlanDeeds
from tui.rooms.deployment_readiness import DeploymentReadinessRoom
from tui.rooms.deployment_visits import DeploymentVisitsRoom
from tui.rooms.log import LogRoom
from tui.rooms.page_room import ViewRoom

_PLANNING = ("plan", "visits", "kit", "authorities")
_WORK = Reserved("working on a deployment", "work-deployment")


class DeploymentLogRoom(LogRoom):
    """The entries about a deployment; `esc` goes back to its page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, deployment_id: str) -> None:
        super().__init__(LogQuery(deployment=deployment_id))


class DeploymentRoom(ViewRoom[DeploymentView], DeploymentDeeds, DeploymentPlanDeeds):
    """The page."""

    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "plan": _WORK,
        "paper": Reserved("making up for paperwork", "work-deployment"),
        "authorities": _WORK,
        "readiness": Reserved("judging readiness", "work-deployment"),
        "log": Reserved("reading the log", "read-log"),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "step", "next step", tooltip="go the next step, or see what refuses it"),
        Binding("c", "checklist", "checklist", tooltip="the next step's checklist, with evidence"),
        Binding("p", "plan", "plan", tooltip="title, site, times, lead, rota, what it wants"),
        Binding("v", "visits", "visits", tooltip="who goes there when"),
        Binding("k", "kit", "kit", tooltip="the kit that is kept for it"),
        Binding("u", "authorities", "authorities", tooltip="what it rests on"),
        Binding("r", "readiness", "readiness", tooltip="judge its units now"),
        Binding("w", "paper", "paperwork", tooltip="say that the paperwork of a step is there"),
        Binding("h", "wiring", "wiring", tooltip="its harnesses: as designed and as fitted"),
        Binding("m", "maintain", "maintain", tooltip="take it out of service for work, or put it back"),
        Binding("f", "file", "file", tooltip="save the deployment file as PDF or JSON: an entry in the log"),
        Binding("l", "log", "log", tooltip="its entries in the log"),
        Binding("x", "cancel", "cancel", tooltip="end it before anything is fitted"),
        Binding("escape", "back", "back"),
    ]

    @property
    @override
    def legend(self) -> Sequence[tuple[str, str]]:
        """See Room."""
        return (
            ("✓", "done, or nothing against it"),
            ("●", "where it is"),
            ("✗", "refused by a rule; below it who decides and what would make it possible"),
            ("!", "a warning: who goes on all the same says why"),
            ("◌", "gone past on the fast path: its paper is owed"),
        )

    @override
    def fetch(self) -> Awaitable[DeploymentView]:
        """See ViewRoom."""
        return self.desk.door.deployment(self._about)

    @override
    def view_lines(self, view: DeploymentView, width: int) -> list[Line]:
        """See ViewRoom."""
        return deployment_page(view, width, self.look)

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        view = self.chosen
        if view is None or not self.allows(action):
            return False
        if action in {"step", "maintain", "cancel"}:
            return self.may_go(action)
        if action == "paper":
            return view.row.owed > 0
        if action in {"plan", "authorities", "readiness"}:
            return view.row.state not in OVER
        return True

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return True if action == "back" or action.startswith("app.") else self.can(action)

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: why."""
        view = self.chosen
        for binding in self._bindings.key_to_bindings.get(key, ()):
            if binding.action in {"step", "maintain", "cancel"}:
                self.say_why_not(binding.action)
            elif view is not None and not self.allows(binding.action):
                self.desk.say(whose(self.RESERVED[binding.action]), "fair")
            elif view is not None and binding.action == "paper":
                self.desk.say("no paperwork is owed", "fair")
            elif view is not None and view.row.state in OVER:
                self.desk.say(f"it is {view.row.state}: nothing of it changes any more", "fair")

    @override
    def arrived(self, view: DeploymentView) -> None:
        """See ViewRoom. An answer that was overtaken by the answer to a deed is out of date."""
        if self._view is None or view.version >= self._view.version:
            super().arrived(view)

    @override
    def show_changed(self, view: DeploymentView) -> None:
        """See DeedsRoom."""
        self.arrived(view)

    async def action_checklist(self) -> None:
        """The checklists, the next step's first."""
        if self.chosen is not None:
            await self.app.push_screen(DeploymentChecklistRoom(self.chosen))

    async def action_visits(self) -> None:
        """Who goes there when."""
        if self.chosen is not None:
            await self.app.push_screen(DeploymentVisitsRoom(self.chosen))

    async def action_kit(self) -> None:
        """What is kept for it."""
        if self.chosen is not None:
            await self.app.push_screen(DeploymentKitRoom(self.chosen))

    async def action_wiring(self) -> None:
        """Its harnesses."""
        await self.desk.open_deployment_wiring(self._about)

    async def action_readiness(self) -> None:
        """Judge its units, and show the lines of their certificates."""
        if self.chosen is not None:
            await self.app.push_screen(DeploymentReadinessRoom(self.chosen))

    async def action_log(self) -> None:
        """Its entries in the log."""
        await self.app.push_screen(DeploymentLogRoom(self._about))
