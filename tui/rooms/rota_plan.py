"""How far a solver is."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.rotas import PlanView
from tui.paint import Line
from tui.role_words import Reserved
from tui.rooms.page_room import PageRoom
from tui.rota_plan_lines import progress_lines

ASK_EVERY_S = 1.0


class RotaPlanRoom(PageRoom):
    """The progress of one plan; returns it when it is to be opened as a draft, None when left."""

    ROOM = "rota"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open as a draft", tooltip="show the plan on the board, to be changed and published"),
        Binding("x", "stop", "stop", tooltip="no more solving: the best so far stays"),
        Binding("escape", "back", "back", tooltip="back; a solver goes on meanwhile, and p lists its plan"),
    ]
    RESERVED: ClassVar[dict[str, Reserved]] = {"stop": Reserved("stopping a solver", "manage-rota")}

    def __init__(self, plan: PlanView, zone: str) -> None:
        super().__init__()
        self._plan = plan
        self._zone = zone

    @override
    def refetch(self) -> None:
        """See Room."""
        door = self.desk.door
        self.ask("plan", lambda: door.rota_plan(self._plan.plan), self._arrived)

    def _arrived(self, plan: PlanView) -> None:
        ended = self._plan.state == "solving" != plan.state
        self._plan = plan
        if ended:
            self.desk.say("solved: enter opens it as a draft" if plan.state == "draft" else f"it is {plan.state}")
        self.show_page()
        self.refresh_bindings()
        if plan.state == "solving":
            self.soon_s("plan", ASK_EVERY_S, self._ask_again)

    def _ask_again(self) -> None:
        if self.is_current:
            door = self.desk.door
            self.ask("plan", lambda: door.rota_plan(self._plan.plan), self._arrived, background=True)

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        return progress_lines(self._plan, self._zone, width)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stop what works; open what has come of it."""
        match action:
            case "stop":
                return self._plan.state == "solving" and self.allows(action)
            case "open":
                return self._plan.state == "draft"
        return True

    def action_stop(self) -> None:
        """No more solving."""
        stop = self.desk.door.stop_solving
        self.do("stopping the solver", lambda: stop(self._plan.plan), self._stopped)

    def _stopped(self, plan: PlanView) -> None:
        self.desk.say("stopped: the best so far stays", "good")
        self._arrived(plan)

    def action_open(self) -> None:
        """Open it as a draft."""
        self.dismiss(self._plan)
