"""Who opened what, when, under which authority, and whether it was inside the mandate."""

from pathlib import Path
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import LogQuery, OpeningsPage, OpeningView
from tui.dialogs.confirm import TextDialog
from tui.dialogs.log_query import LogQueryDialog, query_words
from tui.lines import Page
from tui.listing import ItemListing
from tui.log_lines import fact_lines, opening_facts, opening_line
from tui.paint import Line, Span, Tone, joined
from tui.rooms.facts import FactsRoom
from tui.rooms.room import Room
from tui.saved_files import write_new
from tui.words import number

Form = Literal["csv", "pdf"]


class OpeningsRoom(Room):
    """Openings, newest first."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("slash", "search", "search"),
        Binding("x", "outside", "outside only", tooltip="only what was outside its mandate, or can not be told"),
        Binding("s", "save('csv')", "CSV", tooltip="save the report as a table"),
        Binding("d", "save('pdf')", "PDF", tooltip="save the report to be printed"),
        Binding("u", "unit", "unit"),
        Binding("r", "again", "read again"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, query: LogQuery) -> None:
        super().__init__()
        self._query = query
        self._page: OpeningsPage | None = None
        self._outside_only = False
        self._title = Page(id="title")
        self._scope = Page(id="scope")
        self._list: ItemListing[OpeningView] = ItemListing(
            self._draw, lambda one: (one.opening, one.modality, one.unit), id="list"
        )
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Counts, what is looked for, openings, the one under the cursor."""
        yield self._title
        yield self._scope
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._show_rest()

    @override
    def refetch(self) -> None:
        """Asked once; reading again is an entry, so it is the person's to ask for."""
        if self._page is None:
            self.action_again()

    def action_again(self) -> None:
        """Read anew."""
        query = self._query
        self.ask("openings", lambda: self.desk.door.openings(query), self._arrived)

    def _arrived(self, page: OpeningsPage) -> None:
        self._page = page
        self._show_list()

    def _show_list(self) -> None:
        openings = [] if self._page is None else self._page.openings
        self._list.show([one for one in openings if not self._outside_only or one.verdict != "inside"])
        self._show_rest()

    def _draw(self, opening: OpeningView, width: int) -> Line:
        clock = self.desk.server_clock
        return opening_line(opening, width, clock.now(), utc=clock.utc)

    def _show_rest(self) -> None:
        self._title.show([self._counts()])
        asked = query_words(self._query, utc=self.desk.server_clock.utc)
        parts: list[Line] = [(Span(f"{name} ", "muted"), Span(value, "accent")) for name, value in asked]
        if self._outside_only:
            parts.append((Span("not inside their mandate", "accent"),))
        self._scope.display = bool(parts)
        self._scope.show([joined([(Span(" only"),), *parts])])
        opening = self._list.item
        self._list.display = opening is not None
        self._empty.display = opening is None
        words = "asking the controller …" if self._page is None else "Nothing was opened."
        self._empty.show([(), (Span(f"   {words}", "muted"),)])
        self._detail.display = opening is not None
        if opening is not None:
            utc = self.desk.server_clock.utc
            self._detail.show(fact_lines(opening_facts(opening, utc=utc), max(30, self.size.width - 1)))
        self.refresh_bindings()

    def _counts(self) -> Line:
        head: Line = (Span(" WHO OPENED WHAT  ", "muted"),)
        if self._page is None:
            return (*head, Span("…", "strong"))
        verdicts = [one.verdict for one in self._page.openings]
        tones: tuple[tuple[str, Tone], ...] = (("outside", "bad"), ("unknown", "fair"), ("inside", "good"))
        counts: list[Line] = [
            (Span(f"{number(verdicts.count(word))} {word}", tone if word in verdicts else "muted"),)  # type: ignore[arg-type]  # the words are verdicts
            for word, tone in tones
        ]
        cut: Line = () if self._page.is_all else (Span("more than fit: narrow the search", "bad"),)
        return joined([(*head, Span(number(len(verdicts)), "strong")), *counts, cut])

    def on_listing_moved(self) -> None:
        """Another opening."""
        self._show_rest()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A page only where there is an opening."""
        return self._list.item is not None if action in {"unit", "open"} else True

    async def action_search(self) -> None:
        """Ask what to look for."""
        await self.app.push_screen(LogQueryDialog(self._query), self._asked)

    def _asked(self, query: LogQuery | None) -> None:
        if query is not None:
            self._query, self._page = query, None
            self._show_list()
            self.action_again()

    def action_outside(self) -> None:
        """Only what was not inside, or all."""
        self._outside_only = not self._outside_only
        self._show_list()

    async def action_open(self) -> None:
        """All about the opening."""
        opening = self._list.item
        if opening is not None:
            facts = opening_facts(opening, utc=self.desk.server_clock.utc)
            await self.app.push_screen(FactsRoom(f"OPENING  {opening.verdict} its mandate", facts))

    async def action_unit(self) -> None:
        """The unit's page."""
        opening = self._list.item
        if opening is not None:
            await self.desk.open_unit(opening.unit)

    async def action_save(self, form: Form) -> None:
        """Ask for a file name, then write the report there."""
        day = self.desk.server_clock.now()
        before: list[Line] = [
            (),
            (Span(" The report holds what is looked for; making it is an entry: report.made.", "muted"),),
            (),
        ]
        name = f"openings-{day:%Y-%m-%d}.{form}"
        dialog = TextDialog(f"Save the report as {form.upper()}", before, value=name, least=1, most=300)
        await self.app.push_screen(dialog, lambda path: self._save(form, path) if path else None)

    def _save(self, form: Form, name: str) -> None:
        query, path = self._query, Path(name).expanduser()

        async def save() -> str:
            return await write_new(path, await self.desk.door.openings_report(query, form))

        self.do(f"making {path.name}", save, lambda trouble: self._saved(path, trouble))

    def _saved(self, path: Path, trouble: str) -> None:
        self.desk.say(trouble or f"saved {path}", "bad" if trouble else "good")

    def action_back(self) -> None:
        """Back to the log."""
        self.dismiss()
