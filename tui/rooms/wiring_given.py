"""Harnesses of deployments: as designed and as fitted."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.wiring import DeploymentWiring, HarnessPage, HarnessRow
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.wiring_pick import harness_dialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deployment_following import FollowsDeployments
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import PageRoom
from tui.rooms.wiring_deeds import GivesHarness
from tui.rooms.wiring_fitting import open_fitting
from tui.wiring_asking import every_harness
from tui.wiring_fitting import given_line, given_page
from tui.wiring_words import RESERVED, withdrawn_sentence
from tui.words import plural

Load = Callable[[], Awaitable[list[DeploymentWiring]]]


class WiringGivenPage(PageRoom, FollowsDeployments):
    """A harness of a deployment at length."""

    ROOM = "wiring"
    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fitted", "as fitted", tooltip="enter what was measured at one visit"),
        Binding("p", "plan", "plan", tooltip="the plan that it was given"),
        Binding("x", "withdraw", "withdraw", tooltip="it is not this deployment's any more"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, given: DeploymentWiring) -> None:
        super().__init__()
        self.given = given

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door, about = self.desk.door, self.given.deployment
        self.ask("wiring", lambda: door.deployment_wiring(about), self._arrived, background=background)

    def _arrived(self, wiring: list[DeploymentWiring]) -> None:
        same = [one for one in wiring if (one.harness, one.given_at) == (self.given.harness, self.given.given_at)]
        if same:
            self.show_given(same[-1])

    def show_given(self, given: DeploymentWiring) -> None:
        """This is how it stands."""
        self.given = given
        self.show_page()
        self.refresh_bindings()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        clock = self.desk.server_clock
        return given_page(self.given, width, clock.now(), utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        if action in {"fitted", "withdraw"}:
            return self.allows(action) and self.given.withdrawn_at is None
        return True

    def action_fitted(self) -> None:
        """Enter what was measured."""
        open_fitting(self, self.given, self.show_given)

    async def action_plan(self) -> None:
        """The plan that it was given."""
        await self.desk.open_harness(self.given.harness, self.given.revision)

    async def action_withdraw(self) -> None:
        """It is not this deployment's any more."""
        given, door = self.given, self.desk.door

        def withdraw() -> Awaitable[DeploymentWiring]:
            return door.withdraw_harness(given.deployment, given.harness)

        def withdrawn(after: DeploymentWiring) -> None:
            self.desk.say(f"{given.name} is withdrawn from {given.deployment}", "good")
            self.show_given(after)

        sentence = withdrawn_sentence(self.me, given.deployment, given.name, len(given.fittings))
        dialog = ConfirmDialog(f"Withdraw {given.name}", [], sentence)
        await self.app.push_screen(dialog, lambda yes: self.do("withdrawing it", withdraw, withdrawn) if yes else None)


class WiringGivenRoom(ListingRoom[DeploymentWiring], FollowsDeployments, GivesHarness):
    """What `load` asks for. With a `deployment`, harnesses can be given to it."""

    ROOM = "wiring"
    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="as designed, and everything that was measured"),
        Binding("f", "fitted", "as fitted", tooltip="enter what was measured at one visit"),
        Binding("g", "give", "give", tooltip="give it a harness"),
        Binding("p", "plan", "plan", tooltip="the plan that it was given"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, about: str, load: Load, deployment: str | None = None) -> None:
        super().__init__()
        self._about = about
        self._load = load
        self._deployment = deployment

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("wiring", self._load, self.show_items, background=background)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = plural(len(self._list.items), "harness", "harnesses") if self._is_known else "…"
        return (Span(" "), Span(self._about, "title"), Span("  wiring  ", "muted"), Span(count, "strong"))

    @override
    def key_of(self, item: DeploymentWiring) -> object:
        """See ListingRoom."""
        return (item.deployment, item.harness, item.given_at)

    @override
    def item_line(self, item: DeploymentWiring, width: int) -> Line:
        """See ListingRoom."""
        return given_line(item, width, self.desk.server_clock.now())

    @override
    def detail_lines(self, item: DeploymentWiring) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return given_page(item, max(40, self.size.width - 2), clock.now(), utc=clock.utc)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self._deployment is not None:
            return [(Span("It has no harness. g gives it one that is kept in 5 Wiring.", "muted"),)]
        return [(Span("No deployment that goes on has it.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the one under the cursor."""
        if action == "give":
            return self.allows(action) and self._deployment is not None
        if action == "fitted":
            return self.allows(action) and self.chosen is not None and self.chosen.withdrawn_at is None
        return action == "back" or self.chosen is not None

    async def action_open(self) -> None:
        """As designed, and everything that was measured."""
        if self.chosen is not None:
            await self.app.push_screen(WiringGivenPage(self.chosen))

    async def action_plan(self) -> None:
        """The plan that it was given."""
        if self.chosen is not None:
            await self.desk.open_harness(self.chosen.harness, self.chosen.revision)

    def action_fitted(self) -> None:
        """Enter what was measured."""
        if self.chosen is not None:
            open_fitting(self, self.chosen, lambda _after: self.refetch())

    def action_give(self) -> None:
        """Choose a harness for this deployment, of those that may be fitted."""
        door = self.desk.door
        self.ask("harnesses", lambda: every_harness(door), self._choose_harness)

    def _choose_harness(self, page: HarnessPage) -> None:
        deployment = self._deployment
        has = {one.harness for one in self._list.items if one.withdrawn_at is None}
        rows = [row for row in page.rows if row.may_be_fitted and row.harness not in has]
        if deployment is None:
            return
        if not rows:
            self.desk.say("no harness that may be fitted is kept: 5, then n, makes one", "fair")
            return

        def chosen(row: HarnessRow | None) -> None:
            if row is not None:
                self.ask_item(row.harness, row.revision, row.name, deployment)

        self.app.push_screen(harness_dialog(deployment, rows), chosen)

    @override
    def given(self, wiring: DeploymentWiring) -> None:
        """See GivesHarness."""
        self.refetch()
