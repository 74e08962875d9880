"""Choosing the kit that is kept for a deployment."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FleetClient
from protocols.api.deployments import DeploymentView, SetKit
from protocols.api.kit import ItemView
from tui.deployment_kit_lines import choosable, kept_sentence, matches, tick_line, title_line
from tui.deployment_page import missing_of, wanted_words
from tui.deployment_ticks import TickList
from tui.deployment_words import OVER
from tui.dialogs.confirm import ConfirmDialog
from tui.kit_scan_lines import ScanSetting, Way
from tui.paint import Line, Span, fit, wrap
from tui.role_words import Reserved
from tui.rooms.deployment_following import DeploymentFollowing
from tui.rooms.filtered import FilteredRoom
from tui.rooms.kit_scan import KitScanRoom

AT_ONCE = 500
MOST = 5000
_KEEPING = Reserved("keeping kit for a deployment", "work-deployment")

_Loaded = tuple[DeploymentView, list[ItemView]]


async def kit_for(door: FleetClient, deployment_id: str) -> _Loaded:
    """The deployment, and all kit as far as MOST items. Raises ClientError."""
    view, page = await door.deployment(deployment_id), await door.kit(limit=AT_ONCE)
    items = list(page.rows)
    while len(items) < min(page.total, MOST):
        more = await door.kit(offset=len(items), limit=AT_ONCE)
        if not more.rows:
            break
        items += more.rows
    return view, items


class DeploymentKitRoom(FilteredRoom[ItemView], DeploymentFollowing):
    """Space ticks; nothing is kept or let go before enter and the sentence for the log."""

    HINT = "words in code, kind, model, unit, store"
    CLICKED = "tick"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "tick": _KEEPING,
        "pick": _KEEPING,
        "save": _KEEPING,
        "scan": Reserved("scanning kit", "keep-kit"),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "pick", "pick for me", tooltip="let the controller choose what it wants, from what can go out"),
        Binding("enter", "save", "keep", tooltip="keep what is ticked, and let go what is not"),
        Binding("s", "scan", "scan", tooltip="scan its labels out, or back in"),
        Binding("slash", "filter", "filter", tooltip="only those with these words"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, view: DeploymentView) -> None:
        super().__init__()
        self._view = view
        self._items: list[ItemView] = []
        self._ticked = {one.item for one in view.items}
        self._is_leaving = False
        self._list = TickList(self.item_line, self.key_of, id="list")

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door, about = self.desk.door, self._view.row.deployment
        self.ask("kit", lambda: kit_for(door, about), self._arrived, background=background)

    def _arrived(self, loaded: _Loaded) -> None:
        before = {one.item for one in self._view.items}
        if loaded[0].version < self._view.version:
            return  # it was overtaken by the answer to a deed
        self._view, items = loaded
        if self._ticked == before:
            self._ticked = {one.item for one in self._view.items}
        self._items = choosable(self._view, items)
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        self.show_items([one for one in self._items if matches(one, self.words)])

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        room = max(12, min(34, width - 53))
        heads = (("", 5), ("item", 8), ("kind", 10), ("what", room + 1), ("standing", 12), ("who or where", 14))
        return tuple(Span(fit(name, size), "muted") for name, size in heads)

    @override
    def key_of(self, item: ItemView) -> object:
        """See ListingRoom."""
        return item.item

    @override
    def item_line(self, item: ItemView, width: int) -> Line:
        """See ListingRoom."""
        return tick_line(item, width, self._ticked)

    @override
    def detail_lines(self, item: ItemView) -> list[Line]:
        """See ListingRoom."""
        due = item.next_maintenance
        serviced = f"{due.what}: {due.standing.replace('-', ' ')}" if due is not None else "no maintenance by rule"
        reserved = f"kept for {item.reserved_for}" if item.reserved_for else "kept for nothing"
        wants = wanted_words(self._view.wants) or "nothing"
        lines: list[Line] = [
            (Span(f" {item.item}  {item.model_name}", "strong"), Span(f"   {item.serial or 'no serial'}", "muted")),
            (Span(f" {item.condition}, {serviced}, {reserved}", "muted"),),
            (Span(f" {self._view.row.deployment} wants {wants}", "muted"),),
        ]
        return [*lines, (Span(f" {item.why}", "fair"),)] if item.why else lines

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return title_line(self._view, self._items, self._ticked)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        words = "No kit has these words; esc shows all." if self.words else "No kit can go out now: 6 says why."
        return wrap(words, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done."""
        if action == "scan":
            return self.allows(action) and not self._field.has_focus
        if action == "filter":
            return not self._field.has_focus
        if action in {"tick", "pick", "save"}:
            changes = action != "save" or self._is_changed
            may = self.allows(action) and self._view.row.state not in OVER
            return may and changes and not self._field.has_focus and (action != "tick" or self.chosen is not None)
        return True

    @property
    def _is_changed(self) -> bool:
        return self._ticked != {one.item for one in self._view.items}

    @override
    def may_leave(self) -> bool:
        """What is ticked and not kept is lost only when that is wanted."""
        if self._is_changed:
            self.desk.say("what you ticked is not kept: enter keeps it, esc again lets it go", "fair")
        return not self._is_changed

    @override
    def leave(self) -> None:
        """Close the room; the second time when something was ticked and not kept."""
        if self._is_leaving or self.may_leave():
            self.dismiss()
        self._is_leaving = True

    def action_tick(self) -> None:
        """Keep the item under the cursor, or do not; what is out for it stays."""
        item = self.chosen
        if item is None:
            return
        if item.deployment == self._view.row.deployment:
            self.desk.say(f"{item.item} is out for it: it is scanned back in, not let go", "fair")
            return
        self._ticked ^= {item.item}
        self._is_leaving = False
        self._list.repaint()
        self.show_rest()

    async def action_save(self) -> None:
        """Keep what is ticked, once the sentence was seen."""
        about = self._view.row.deployment
        asked = SetKit(based_on=self._view.version, items=sorted(self._ticked))
        sentence = kept_sentence(self.me, self._view, self._ticked)
        dialog = ConfirmDialog(f"Kit for {about}", [], sentence)
        await self.app.push_screen(dialog, lambda yes: self._set(asked) if yes else None)

    async def action_scan(self) -> None:
        """Scan labels out for it, or back in once it is recovered."""
        row = self._view.row
        way: Way = "in" if row.state == "recovered" else "out"
        await self.app.push_screen(KitScanRoom(ScanSetting(way=way, deployment=row.deployment)))

    async def action_pick(self) -> None:
        """Let the controller choose what is missing."""
        about = self._view.row.deployment
        asked = SetKit(based_on=self._view.version, items=sorted(self._ticked), pick=True)
        lacks = wanted_words(missing_of(self._view)) or "nothing"
        before: list[Line] = [(Span(f" missing: {lacks}; chosen from what can go out", "muted"),)]
        sentence = f"deployment.kit-kept: {self.me} keeps what the controller picks for {about}"
        await self.app.push_screen(
            ConfirmDialog(f"Kit for {about}", before, sentence), lambda yes: self._set(asked) if yes else None
        )

    def _set(self, asked: SetKit) -> None:
        door, about = self.desk.door, self._view.row.deployment
        self.do("keeping kit", lambda: door.set_kit(about, asked), self._kept)

    def _kept(self, view: DeploymentView) -> None:
        missing = missing_of(view)
        told = f"kept; missing {wanted_words(missing)}" if missing else "kept: nothing is missing"
        self.desk.say(told, "fair" if missing else "good")
        self._view = view
        self._ticked = {one.item for one in view.items}
        self._items = choosable(view, self._items)
        self.show_filtered()
