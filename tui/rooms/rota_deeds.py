"""What can be done with a rota, wherever one is shown."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, NamedTuple

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import RotasChanged, Watch
from protocols.api.rotas import NewSolve, PlanView, RotaSummary, RotaView, SetRota
from protocols.rota.book import RotaBook
from protocols.rota.model import Shift
from tui.dialogs.rota_new import NewRotaDialog
from tui.dialogs.rota_settings import RotaSettingsDialog
from tui.dialogs.rota_solve import SolveDialog
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.rota_fairness import RotaFairnessRoom
from tui.rooms.rota_plan import RotaPlanRoom
from tui.rooms.rota_plans import RotaPlansRoom
from tui.rooms.rota_year import RotaYearRoom
from tui.rota_keys import DRAFTING

_SEEING = Reserved("seeing rotas", "see-rota")


class Shown(NamedTuple):
    """A rota, the book of the weeks shown, who is on call in them as it is published, and the weeks' first and last
    date. The book begins where the rota does, if that is later."""

    summary: RotaSummary
    view: RotaView
    book: RotaBook
    shifts: list[Shift]
    weeks: tuple[date, date]


class RotaDeeds(FollowingRoom):
    """A room with a rota and a day of it to act on. Subclasses know `shown` and `day`, and fill `open_draft` and
    `ask_anew`."""

    ROOM = "rota"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new": Reserved("defining a rota", "manage-rota"),
        "settings": Reserved("changing a rota", "manage-rota"),
        "edit": Reserved("drafting turns", "manage-rota"),
        "solve": Reserved("having turns solved", "manage-rota"),
        "plans": Reserved("seeing plans", "manage-rota"),
        "next_rota": _SEEING,
        **dict.fromkeys(DRAFTING, Reserved("drafting turns", "manage-rota")),
    }

    @property
    def shown(self) -> Shown | None:
        """The rota and what is shown of it, None until it has come or where there is none."""
        raise NotImplementedError

    @property
    def day(self) -> date:
        """The date under the cursor, in the rota's zone."""
        raise NotImplementedError

    @property
    def person_meant(self) -> str:
        """Whose year is meant: somebody on the board, or the person here."""
        raise NotImplementedError

    def show_rota(self, rota_id: str) -> None:
        """Show a rota, as soon as it has come."""
        raise NotImplementedError

    def open_draft(self, plan: PlanView) -> None:
        """Show a plan as a draft to be changed and published."""
        raise NotImplementedError

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def can(self, action: str) -> bool:
        """Whether `action` can be done now with what is shown."""
        if not self.allows(action):
            return False
        if action == "new":
            return True
        shown = self.shown
        if action in {"settings", "edit", "solve"}:
            return shown is not None and shown.view.ended_at is None
        return shown is not None

    async def action_new(self) -> None:
        """Define a rota."""
        await self.app.push_screen(NewRotaDialog(self.me, self.day), self._define)

    async def action_settings(self) -> None:
        """Members, requirements and policy."""
        if self.shown is not None:
            await self.app.push_screen(RotaSettingsDialog(self.me, self.shown.view), self._define)

    def _define(self, new: SetRota | None) -> None:
        if new is not None:
            put = self.desk.door.put_rota
            self.do(f"laying down {new.rota.rota}", lambda: put(new.rota, new.version), self._defined)

    def _defined(self, view: RotaView) -> None:
        self.desk.say(f"version {view.version} of {view.rota.rota} is in force", "good")
        self.show_rota(view.rota.rota)
        self.refetch()

    async def action_solve(self) -> None:
        """Have a period filled."""
        shown = self.shown
        if shown is None:
            return
        dialog = SolveDialog(self.me, shown.summary, self.desk.server_clock.now())
        await self.app.push_screen(dialog, lambda new: self._solve(shown, new))

    def _solve(self, shown: Shown, new: NewSolve | None) -> None:
        if new is not None:
            solve, rota = self.desk.door.solve_rota, shown.view.rota.rota
            self.do("setting the solver to work", lambda: solve(rota, new), self._solving)

    def _solving(self, plan: PlanView) -> None:
        self.desk.say("the solver is at work", "good")
        self._follow(plan)

    def _follow(self, plan: PlanView) -> None:
        if self.shown is not None:
            self.app.push_screen(RotaPlanRoom(plan, self.shown.view.rota.zone), self._plan_chosen)

    async def action_plans(self) -> None:
        """Plans that are not published yet, and those that were."""
        if self.shown is not None:
            rota = self.shown.view.rota
            await self.app.push_screen(RotaPlansRoom(rota.rota, rota.zone), self._plan_chosen)

    def _plan_chosen(self, plan: PlanView | None) -> None:
        if plan is None:
            return
        if plan.state == "solving":
            self._follow(plan)
        else:
            self.open_draft(plan)

    async def action_year(self) -> None:
        """A person's year."""
        if self.shown is not None:
            await self.app.push_screen(RotaYearRoom(self.shown.view.rota, self.person_meant, self.day.year))

    async def action_fairness(self) -> None:
        """Who has how much, and how well all is covered."""
        if self.shown is not None:
            await self.app.push_screen(RotaFairnessRoom(self.shown.view.rota, self.day.year))
