"""6 Kit: every item, how it stands, who has it, where or for what, when it is back, what is due on it."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.kit import ItemDetail, ItemPage, ItemView, KitStanding
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.kit_item import NewItemDialog
from tui.kit_lines import heads_line, item_detail, item_line, narrowed, title_line
from tui.kit_scan_lines import ScanSetting
from tui.kit_words import STANDINGS
from tui.paint import Line, Span
from tui.rooms.filtered import FilteredRoom
from tui.rooms.kit_deeds import KitDeeds
from tui.rooms.kit_item import KitItemRoom
from tui.rooms.kit_models import KitModelsRoom
from tui.rooms.kit_places import KitPlacesRoom
from tui.rooms.kit_scan import KitScanRoom
from tui.rooms.sites import SitesRoom

AT_ONCE = 500
MOST_ITEMS = 5_000
"""How many are listed; a unit with more has its filter at the controller: `fleet kit list`."""


class KitRoom(FilteredRoom[ItemView], KitDeeds):
    """The list of kit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="everything about the item"),
        Binding("s", "scan", "scan", tooltip="scan labels: out, in, hand-over"),
        Binding("slash", "filter", "filter", tooltip="only items with these words; | means or"),
        Binding("f", "standing", "standing", tooltip="only those that stand so"),
        Binding("c", "condition", "condition", tooltip="say what condition it is in"),
        Binding("v", "service", "service", tooltip="quarantine, repair, release, lost, disposed of"),
        Binding("n", "new_item", "new item"),
        Binding("m", "models", "models", tooltip="models and stock, what runs low"),
        Binding("P", "places", "places", tooltip="stores, vans and benches, and who keeps them"),
        Binding("o", "sites", "sites", tooltip="codes of where deployments are"),
        Binding("l", "label", "label", tooltip="the item's label as a QR code"),
        Binding("u", "unit", "unit", tooltip="the unit that it is"),
        Binding("escape", "back", "all"),
    ]
    HINT = "words in code, model, serial, person, place, deployment; | means or"

    def __init__(self) -> None:
        super().__init__()
        self._all: list[ItemView] = []
        self._total = 0
        self._standings: Mapping[str, int] = {}
        self._standing: KitStanding | None = None
        self.scanning = ScanSetting()

    @property
    @override
    def item(self) -> ItemView | None:
        """See KitDeeds."""
        return self.chosen

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if self.desk.may("see-deployments"):
            self.ask("kit", self._everything, self._arrived, background=background)

    async def _everything(self) -> ItemPage:
        """All of it, page by page."""
        door = self.desk.door
        page = await door.kit(limit=AT_ONCE)
        rows = page.rows
        while len(rows) < min(page.total, MOST_ITEMS):
            following = await door.kit(offset=len(rows), limit=AT_ONCE)
            if not following.rows:
                break
            rows = [*rows, *following.rows]
        return ItemPage(total=page.total, offset=0, rows=rows, standings=page.standings)

    def _arrived(self, page: ItemPage) -> None:
        self._all, self._total, self._standings = page.rows, page.total, page.standings
        self._is_known = True
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._is_known:
            self.show_items(narrowed(self._all, self.words, self._standing))

    @override
    def show_detail(self, detail: ItemDetail) -> None:
        """See KitDeeds."""
        known = {one.item: one for one in self._all} | {detail.row.item: detail.row}
        self._all = [known[code] for code in sorted(known)]
        self.show_filtered()
        self.refetch()

    @override
    def key_of(self, item: ItemView) -> str:
        """See ListingRoom."""
        return item.item

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @override
    def item_line(self, item: ItemView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return item_line(item, width, clock.now(), utc=clock.utc)

    @override
    def detail_lines(self, item: ItemView) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return item_detail(item, max(20, self.size.width), clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        shown = len(self._list.items) if self._is_known else None
        return title_line(shown, self._total, self._standings, self._standing, self.words)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self.words or self._standing:
            return [(Span("No item is so. esc shows all.", "muted"),)]
        return [
            (Span("No kit is on the books.", "muted"),),
            (Span("m, then n, lays down a model; P, then n, a place; n here then adds an item.", "muted"),),
        ]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the item under the cursor."""
        typing = self._field.has_focus
        match action:
            case "open":
                return not typing and self.chosen is not None
            case "back":
                return typing or bool(self.words) or self._standing is not None
        return not typing and self.can(action)

    @override
    def leave(self) -> None:
        """This is a first room: all of it, however it stands."""
        self._standing = None
        self.show_filtered()
        self.refresh_bindings()

    async def action_open(self) -> None:
        """Everything about the item."""
        if self.chosen is not None:
            await self.app.push_screen(KitItemRoom(self.chosen.item))

    async def action_scan(self) -> None:
        """Scan labels; what is set is kept for the next time."""
        await self.app.push_screen(KitScanRoom(self.scanning), self._scanned)

    def _scanned(self, setting: ScanSetting | None) -> None:
        if setting is not None:
            self.scanning = setting

    async def action_models(self) -> None:
        """Models and stock."""
        await self.app.push_screen(KitModelsRoom())

    async def action_places(self) -> None:
        """Stores, vans and benches."""
        await self.app.push_screen(KitPlacesRoom())

    async def action_sites(self) -> None:
        """Codes of where deployments are."""
        await self.app.push_screen(SitesRoom())

    async def action_standing(self) -> None:
        """Choose how they are to stand."""
        options: list[Option[KitStanding | Literal["any"]]] = [Option("*", "any standing", "", "any")]
        for number, word in enumerate(STANDINGS, 1):
            options.append(Option(str(number), word, str(self._standings.get(word, 0)), word))
        await self.app.push_screen(ChoiceDialog("Only those that are", options, self._standing or "any"), self._stood)

    def _stood(self, chosen: KitStanding | Literal["any"] | None) -> None:
        if chosen is not None:
            self._standing = None if chosen == "any" else chosen
            self.show_filtered()
            self.refresh_bindings()

    def action_new_item(self) -> None:
        """An item that is new to the books."""
        door, like = self.desk.door, self.chosen
        dialog = NewItemDialog(self.me, like.model if like else "", (like.place or "") if like else "")
        self.change_after(dialog, "adding it", door.add_kit, lambda new: f"a {new.model} is on the books")
