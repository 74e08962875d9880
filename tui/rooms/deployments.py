"""3 Deployments: every deployment on one line against its nearest deadline."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError, FeedItem, FleetClient
from protocols.api.deployments import DeploymentPage, DeploymentRow, DeploymentView, NewDeployment
from protocols.api.feed import DeploymentsChanged, Watch
from protocols.deployments import DeploymentKind
from tui.deployment_advice_asking import kind_options
from tui.deployment_blocks import next_block, owed_block
from tui.deployment_board_lines import (
    LEGEND,
    board_line,
    detail_lines,
    heads_line,
    matches,
    states_line,
    title_line,
)
from tui.deployment_words import Look
from tui.dialogs.choice import ChoiceDialog
from tui.dialogs.deployment_forms import NewDeploymentDialog
from tui.paint import Line, Span, wrap
from tui.role_words import Reserved, whose
from tui.rooms.deployment_advice import DeploymentAdviceRoom
from tui.rooms.filtered import FilteredRoom

AT_ONCE = 200
MOST = 1000
DETAIL_PAUSE_S = 0.3
_HIGH = 40
_DETAIL_ROWS, _HIGH_DETAIL_ROWS = 6, 18


async def board_of(door: FleetClient, *, open_only: bool) -> DeploymentPage:
    """The board as far as MOST rows of it, nearest deadline first. Raises ClientError."""
    page = await door.deployments(open_only=open_only, limit=AT_ONCE)
    rows = list(page.rows)
    while len(rows) < min(page.total, MOST):
        more = await door.deployments(open_only=open_only, offset=len(rows), limit=AT_ONCE)
        if not more.rows:
            break
        rows += more.rows
    return DeploymentPage(total=page.total, offset=0, rows=rows, states=page.states)


class DeploymentsRoom(FilteredRoom[DeploymentRow]):
    """The board."""

    ROOM = "deployments"
    SEEING = Reserved("seeing deployments", "see-deployments")
    HINT = "words in number, kind, title, state, site, lead, step, unit; blocked, owed, alarm"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new": Reserved("requesting a deployment", "work-deployment"),
        "app.incident": Reserved("going to a critical incident", "work-deployment"),
        "open": SEEING,
        "filter": SEEING,
        "open_only": SEEING,
        "advice": SEEING,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="its page: steps, what blocks them, kit, people"),
        Binding("n", "new", "request", tooltip="request a deployment"),
        Binding("exclamation_mark", "app.incident", "incident", tooltip="critical incident: go now, papers follow"),
        Binding("v", "advice", "what could go", tooltip="what could we field tonight, with whom"),
        Binding("o", "open_only", "open/all", tooltip="those that are not over, or all"),
        Binding("slash", "filter", "filter", tooltip="only those with these words"),
        Binding("escape", "back", "back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._board: DeploymentPage | None = None
        self._open_only = True
        self._view: DeploymentView | None = None

    @property
    def look(self) -> Look:
        """Who looks, and when."""
        clock = self.desk.server_clock
        return Look(self.me, clock.now(), clock.utc)

    @property
    @override
    def legend(self) -> Sequence[tuple[str, str]]:
        """See Room."""
        return LEGEND

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        if self.may_see:
            door, open_only = self.desk.door, self._open_only
            self.ask("board", lambda: board_of(door, open_only=open_only), self._arrived, background=background)

    def _arrived(self, board: DeploymentPage) -> None:
        self._board = board
        self.show_filtered()
        self._ask_detail()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, deployments=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, DeploymentsChanged):
            self.soon("board", lambda: self._ask(background=True))

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._board is not None:
            self.show_items([row for row in self._board.rows if matches(row, self.words)])

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @override
    def key_of(self, item: DeploymentRow) -> str:
        """See ListingRoom."""
        return item.deployment

    @override
    def item_line(self, item: DeploymentRow, width: int) -> Line:
        """See ListingRoom."""
        look = self.look
        return board_line(item, width, look.now, utc=look.utc)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        board = self._board
        if board is None:
            return (Span(" DEPLOYMENTS  ", "muted"), Span("…" if self.may_see else "", "strong"))
        return title_line(board.rows, board.total, self.look.now, open_only=self._open_only)

    @override
    def detail_lines(self, item: DeploymentRow) -> list[Line]:
        """The item under the cursor; where there is room, also what stops its next step."""
        look, width = self.look, max(40, self.size.width - 2)
        lines = detail_lines(item, look.now, utc=look.utc)
        if not self._is_high:
            return lines
        view = self._view
        if view is None or view.row.deployment != item.deployment:
            more: list[Line] = [(Span(" asking what stops it …", "muted"),)]
        else:
            more = [*next_block(view, width), *owed_block(view, width, look)]
        states = states_line(self._board.states) if self._board is not None else ()
        shown: list[Line] = [*lines, (), *more]
        return [*shown[: _HIGH_DETAIL_ROWS - 2], (Span(" "), *states)]

    @property
    def _is_high(self) -> bool:
        return self.size.height >= _HIGH

    def on_resize(self) -> None:
        """A high terminal has room for what stops the next step."""
        super().on_resize()
        self._detail.styles.height = _HIGH_DETAIL_ROWS if self._is_high else _DETAIL_ROWS

    @override
    def moved(self) -> None:
        """See ListingRoom."""
        self._ask_detail()

    def _ask_detail(self) -> None:
        if self._is_high and self.chosen is not None:
            self.soon_s("detail", DETAIL_PAUSE_S, self._detail_now)

    def _detail_now(self) -> None:
        row, door = self.chosen, self.desk.door
        is_here = self._view is not None and row is not None and self._view.row == row
        if row is not None and not is_here and self.is_current:
            about = row.deployment
            self.ask("detail", lambda: door.deployment(about), self._detail_arrived, failed=self._no_detail)

    def _detail_arrived(self, view: DeploymentView) -> None:
        self._view = view
        self.show_rest()

    def _no_detail(self, error: ClientError) -> None:
        self.desk.say(str(error), "fair")

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self.words:
            words = "No deployment has these words; esc shows all."
        elif not self.desk.may("work-deployment"):
            words = f"No deployment is open: {whose(self.RESERVED['new'])}."
        else:
            words = "No deployment is open: n requests one, ! is for a critical incident, v says what could go."
        return wrap(words, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done here."""
        typing = self._field.has_focus
        match action:
            case "open":
                return not typing and self.chosen is not None
            case "new" | "advice" | "filter" | "open_only":
                return not typing and self.allows(action)
            case "back":
                return typing or bool(self._field.value)
        return True

    @override
    def leave(self) -> None:
        """A room of its own key is not left."""

    async def action_open(self) -> None:
        """The page of the one under the cursor."""
        if self.chosen is not None:
            await self.desk.open_deployment(self.chosen.deployment)

    def action_open_only(self) -> None:
        """Those that are not over, or all."""
        self._open_only = not self._open_only
        self._board = None
        self.forget()
        self._ask()

    async def action_new(self) -> None:
        """Request a deployment."""
        await self.app.push_screen(NewDeploymentDialog(self.look), self._request)

    def _request(self, new: NewDeployment | None) -> None:
        if new is not None:
            request = self.desk.door.request_deployment
            self.do("requesting it", lambda: request(new), self._requested)

    def _requested(self, view: DeploymentView) -> None:
        self.desk.say(f"{view.row.deployment} is requested", "good")
        self.app.call_later(self.desk.open_deployment, view.row.deployment)

    async def action_advice(self) -> None:
        """What could go, of a kind that is chosen."""
        chosen = self.chosen.kind if self.chosen is not None else None
        await self.app.push_screen(ChoiceDialog("What could go, for", kind_options(), chosen), self._advise)

    def _advise(self, kind: DeploymentKind | None) -> None:
        if kind is not None:
            self.app.push_screen(DeploymentAdviceRoom(kind))
