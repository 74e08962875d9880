"""Technical advice: what could be fielded for a kind of deployment, when, and with whom."""

from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.advice import Advice
from protocols.api.deployments import DeploymentView, NewDeployment
from protocols.api.feed import DeploymentsChanged, Watch
from protocols.deployments import DeploymentKind
from tui.deployment_advice_asking import kind_options
from tui.deployment_advice_lines import advice_page
from tui.deployment_words import KIND_WORDS, Look
from tui.dialogs.choice import ChoiceDialog
from tui.dialogs.deployment_forms import NewDeploymentDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.page_room import PageRoom

_AHEAD = timedelta(hours=12)
_LASTS = timedelta(hours=12)


class DeploymentAdviceRoom(PageRoom):
    """One kind and twelve hours at a time."""

    ROOM = "deployments"
    RESERVED: ClassVar[dict[str, Reserved]] = {"new": Reserved("requesting a deployment", "work-deployment")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "kind", "kind", tooltip="another kind of deployment"),
        Binding("plus", "later(1)", "12 h later"),
        Binding("minus", "later(-1)", "earlier"),
        Binding("n", "new", "request", tooltip="request one of this kind"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, kind: DeploymentKind) -> None:
        super().__init__()
        self._kind: DeploymentKind = kind
        self._ahead = 0
        self._advice: Advice | None = None

    @property
    def _look(self) -> Look:
        clock = self.desk.server_clock
        return Look(self.me, clock.now(), clock.utc)

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        door, kind = self.desk.door, self._kind
        at = self.desk.server_clock.now().replace(microsecond=0) + self._ahead * _AHEAD
        self.ask("advice", lambda: door.advice(kind, at=at, until=at + _LASTS), self._arrived, background=background)

    def _arrived(self, advice: Advice) -> None:
        self._advice = advice
        self.show_page()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, deployments=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, DeploymentsChanged):
            self.soon("advice", lambda: self._ask(background=True))

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        if self._advice is None:
            return [(Span(f" {KIND_WORDS[self._kind]}", "title"), Span("   asking what could go …", "muted"))]
        return advice_page(self._advice, width, self._look)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is asked about the past."""
        if action == "later":
            return self._ahead + int(str(parameters[0])) >= 0
        return self.allows(action)

    def action_later(self, by: int) -> None:
        """Twelve hours later, or earlier."""
        self._ahead += by
        self._advice = None
        self.show_page()
        self.refresh_bindings()
        self._ask()

    async def action_kind(self) -> None:
        """Another kind."""
        await self.app.push_screen(ChoiceDialog("What could go, for", kind_options(), self._kind), self._of_kind)

    def _of_kind(self, kind: DeploymentKind | None) -> None:
        if kind is not None:
            self._kind, self._advice = kind, None
            self.show_page()
            self._ask()

    async def action_new(self) -> None:
        """Request one of this kind."""
        await self.app.push_screen(NewDeploymentDialog(self._look, self._kind), self._request)

    def _request(self, new: NewDeployment | None) -> None:
        if new is not None:
            request = self.desk.door.request_deployment
            self.do("requesting it", lambda: request(new), self._requested)

    def _requested(self, view: DeploymentView) -> None:
        self.desk.say(f"{view.row.deployment} is requested", "good")
        self.app.call_later(self.desk.open_deployment, view.row.deployment)
