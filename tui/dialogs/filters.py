"""Saved filters: apply one, save the one in use, remove one."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from tui.dialogs.confirm import TextDialog
from tui.dialogs.dialog import Dialog, Words
from tui.listing import ItemListing
from tui.paint import Line, Span, fit
from tui.saved import MAX_NAME, SavedFilter, SavedFilters
from tui.unit_columns import SORTS

BUILT_IN = (
    SavedFilter(name="not reporting", text="quiet|never", sort="last_report"),
    SavedFilter(name="stale", text="stale", sort="last_report"),
    SavedFilter(name="hottest first", text="", sort="temperature", descending=True),
    SavedFilter(name="fullest first", text="", sort="storage", descending=True),
    SavedFilter(name="alarms first", text="", sort="alarms", descending=True),
)
_SORT_WORDS = {sort: text for _key, sort, text in SORTS}


class FiltersDialog(Dialog[SavedFilter]):
    """Returns the filter to apply, None when closed."""

    TITLE = "Filters"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "apply", "apply"),
        Binding("s", "save", "save the one in use"),
        Binding("x", "remove", "remove"),
    ]

    def __init__(self, saved: SavedFilters, in_use: SavedFilter) -> None:
        super().__init__()
        self._saved = saved
        self._in_use = in_use
        self._listing: ItemListing[SavedFilter] = ItemListing(self._draw, lambda one: one.name)

    @override
    def content(self) -> ComposeResult:
        """The filters; saved ones first."""
        yield Words([(Span(f" in use: {_words_of(self._in_use)}", "muted"),), ()])
        yield self._listing

    def on_mount(self) -> None:
        """Show what there is."""
        super().on_mount()
        if self._saved.trouble:
            self.desk.say(self._saved.trouble, "fair")
        self._fill()
        self.set_focus(self._listing)

    def _fill(self) -> None:
        filters = [*self._saved.filters, *BUILT_IN]
        self._listing.styles.height = min(10, len(filters))
        self._listing.show(filters)
        self.refresh_bindings()

    def _draw(self, one: SavedFilter, _width: int) -> Line:
        own = one not in BUILT_IN
        return (Span(fit(one.name, 24), "strong" if own else "plain"), Span(" " + _words_of(one), "muted"))

    def on_listing_moved(self) -> None:
        """Only saved ones can be removed."""
        self.refresh_bindings()

    def on_listing_opened(self) -> None:
        """A click applies."""
        self.action_apply()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only saved ones can be removed."""
        if action == "remove":
            return self._listing.item in self._saved.filters
        return True

    def action_apply(self) -> None:
        """Use the filter under the cursor."""
        self.dismiss(self._listing.item)

    async def action_save(self) -> None:
        """Give the filter in use a name."""
        before: list[Line] = [(), (Span(f" {_words_of(self._in_use)}", "strong"),), ()]
        await self.app.push_screen(TextDialog("Save this filter as", before, least=1, most=MAX_NAME), self._named)

    def _named(self, name: str | None) -> None:
        if name:
            use = self._in_use
            trouble = self._saved.save(SavedFilter(name=name, text=use.text, sort=use.sort, descending=use.descending))
            self.desk.say(trouble or f"saved {name}", "bad" if trouble else "good")
            self._fill()

    def action_remove(self) -> None:
        """Forget the filter under the cursor."""
        one = self._listing.item
        if one is not None:
            trouble = self._saved.remove(one.name)
            self.desk.say(trouble or f"removed {one.name}", "bad" if trouble else "good")
            self._fill()


def _words_of(one: SavedFilter) -> str:
    words = f"“{one.text}”" if one.text else "all units"
    return f"{words}, by {_SORT_WORDS[one.sort]}{', highest first' if one.descending else ''}"
