"""A rota's plans: what is being solved, drafts, and what was published."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import RotasChanged, Watch
from protocols.api.rotas import PlanView
from tui.dialogs.confirm import ConfirmDialog
from tui.paint import Line, Span, joined
from tui.role_words import Reserved
from tui.rooms.listing_room import ListingRoom
from tui.rota_plan_lines import plan_line, plan_lines
from tui.rota_words import period_words


class RotaPlansRoom(ListingRoom[PlanView]):
    """Returns the plan to open, None when left."""

    ROOM = "rota"
    CLICKED = "open"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="a draft is shown on the board, a solver's progress as it goes on"),
        Binding("x", "discard", "discard", tooltip="give the plan up"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {"discard": Reserved("giving up a plan", "manage-rota")}

    def __init__(self, rota_id: str, zone: str) -> None:
        super().__init__()
        self._rota_id = rota_id
        self._zone = zone

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged):
            self.soon("anew", lambda: self._ask(background=True))

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        door = self.desk.door
        self.ask("plans", lambda: door.rota_plans(self._rota_id), self.show_items, background=background)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        waiting = sum(plan.state == "draft" for plan in self._list.items)
        name = (
            Span(" "),
            Span(f"PLANS OF {self._rota_id}", "title"),
        )
        told = (Span(f"{waiting} to be published or given up", "fair" if waiting else "muted"),)
        return joined([name, told if self._is_known else ()])

    @override
    def key_of(self, item: PlanView) -> str:
        """See ListingRoom."""
        return item.plan

    @override
    def item_line(self, item: PlanView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return plan_line(item, width, clock.now(), self._zone, utc=clock.utc)

    @override
    def detail_lines(self, item: PlanView) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return plan_lines(item, clock.now(), max(40, self.size.width - 2), utc=clock.utc)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("There is no plan: e on the board drafts one, S has one solved.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is over is only looked at."""
        plan = self.chosen
        match action:
            case "open":
                return plan is not None and plan.state in {"draft", "solving"}
            case "discard":
                return plan is not None and plan.state == "draft" and self.allows(action)
        return True

    def action_open(self) -> None:
        """Open the plan under the cursor: a list has no turns, so it is asked for."""
        plan, door = self.chosen, self.desk.door
        if plan is not None:
            self.ask("plan", lambda: door.rota_plan(plan.plan), self._chosen)

    def _chosen(self, plan: PlanView) -> None:
        self.dismiss(plan)

    async def action_discard(self) -> None:
        """Give the plan up."""
        plan = self.chosen
        if plan is None:
            return
        period = period_words(plan.starts_at, plan.ends_at, self._zone)
        before: list[Line] = [(Span(f" plan {plan.plan} for {period}", "strong"),)]
        sentence = f"rota.plan-discarded: {self.me} discards plan {plan.plan} of {plan.rota}"
        await self.app.push_screen(
            ConfirmDialog("Give up a plan", before, sentence), lambda yes: self._discard(plan.plan) if yes else None
        )

    def _discard(self, plan_id: str) -> None:
        discard = self.desk.door.discard_rota_plan
        self.do("giving the plan up", lambda: discard(plan_id), self._discarded)

    def _discarded(self, plan: PlanView) -> None:
        self.desk.say(f"plan {plan.plan} is given up", "good")
        self.refetch()
