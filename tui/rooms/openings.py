"""Who opened what, when, under which authority, and whether it was inside the mandate."""

from pathlib import Path
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import LogQuery, OpeningsPage, OpeningView
from tui.dialogs.confirm import TextDialog
from tui.log_lines import fact_lines, opening_facts, opening_line
from tui.paint import Line, Span, Tone, joined
from tui.rooms.facts import FactsRoom
from tui.rooms.searched import SearchedRoom
from tui.saved_files import write_new
from tui.words import number, plural

Form = Literal["csv", "pdf"]
_NEVER_OPEN = ("refused", "unopened")
"""Verdicts of leases that opened nothing."""


class OpeningsRoom(SearchedRoom[OpeningView]):
    """Openings, newest first."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("slash", "search", "search"),
        Binding("x", "outside", "outside only", tooltip="only what was outside its mandate, or can not be told"),
        Binding("n", "never_open", "never open", tooltip="also leases that opened nothing: refused, or not taken up"),
        Binding("s", "save('csv')", "CSV", tooltip="save the report as a table"),
        Binding("d", "save('pdf')", "PDF", tooltip="save the report to be printed"),
        Binding("u", "unit", "unit"),
        Binding("r", "again", "read again"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, query: LogQuery) -> None:
        super().__init__(query)
        self._page: OpeningsPage | None = None
        self._outside_only = False
        self._shows_never_open = False

    @override
    def refetch(self) -> None:
        """Asked once; reading again is an entry, so it is the person's to ask for."""
        if not self._is_known:
            self.read()

    @override
    def read(self) -> None:
        """See SearchedRoom."""
        query = self._query
        self.ask("openings", lambda: self.desk.door.openings(query), self._arrived)

    def _arrived(self, page: OpeningsPage) -> None:
        self._page = page
        self._show_list()

    def _show_list(self) -> None:
        if self._page is None:
            self.show_rest()
        else:
            self.show_items([one for one in self._page.openings if self._is_listed(one)])

    def _is_listed(self, opening: OpeningView) -> bool:
        if self._outside_only:
            return opening.verdict in {"outside", "unknown"}
        return self._shows_never_open or opening.verdict not in _NEVER_OPEN

    @override
    def key_of(self, item: OpeningView) -> tuple[str, str, str]:
        """See ListingRoom."""
        return item.opening, item.modality, item.unit

    @override
    def item_line(self, item: OpeningView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return opening_line(item, width, clock.now(), utc=clock.utc)

    @override
    def narrowed(self) -> list[Line]:
        """See SearchedRoom."""
        return [(Span("not inside their mandate", "accent"),)] if self._outside_only else []

    @override
    def left_out(self) -> Line:
        """See SearchedRoom."""
        if self._outside_only or self._shows_never_open or not self._never_open:
            return ()
        told = plural(self._never_open, "lease that opened nothing is", "leases that opened nothing are")
        lists = "lists it" if self._never_open == 1 else "lists them"
        return (Span(f"{told} left out: ", "muted"), Span("n", "accent"), Span(f" {lists}", "muted"))

    @property
    def _never_open(self) -> int:
        return sum(one.verdict in _NEVER_OPEN for one in self._page.openings) if self._page is not None else 0

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        said = "Nothing was opened."
        if self._outside_only and self._page is not None and self._page.openings:
            said = "None of them was outside its mandate; x shows all."
        return [(Span(said, "muted"),)]

    @override
    def detail_lines(self, item: OpeningView) -> list[Line]:
        """See ListingRoom."""
        facts = opening_facts(item, utc=self.desk.server_clock.utc)
        return fact_lines(facts, max(30, self.size.width - 1))

    @override
    def title_line(self) -> Line:
        """How many openings, by their verdict."""
        head: Line = (Span(" WHO OPENED WHAT  ", "muted"),)
        if self._page is None:
            return (*head, Span("…", "strong"))
        verdicts = [one.verdict for one in self._page.openings]
        tones: tuple[tuple[str, Tone], ...] = (("outside", "bad"), ("unknown", "fair"), ("inside", "good"))
        tones += tuple((word, "muted") for word in _NEVER_OPEN if word in verdicts)
        counts: list[Line] = [
            (Span(f"{number(verdicts.count(word))} {word}", tone if word in verdicts else "muted"),)  # type: ignore[arg-type]  # the words are verdicts
            for word, tone in tones
        ]
        cut: Line = () if self._page.is_all else (Span("more than fit: narrow the search", "bad"),)
        return joined([(*head, Span(number(len(verdicts)), "strong")), *counts, cut])

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A page only where there is an opening."""
        if action == "never_open":
            return bool(self._never_open) and not self._outside_only
        return self.chosen is not None if action in {"unit", "open"} else True

    @override
    def look_for(self, query: LogQuery) -> None:
        """See SearchedRoom."""
        self._page = None
        super().look_for(query)

    def action_outside(self) -> None:
        """Only what was not inside, or all."""
        self._outside_only = not self._outside_only
        self._show_list()

    def action_never_open(self) -> None:
        """With what was never open, or without."""
        self._shows_never_open = not self._shows_never_open
        self._show_list()

    async def action_open(self) -> None:
        """All about the opening."""
        opening = self.chosen
        if opening is not None:
            facts = opening_facts(opening, utc=self.desk.server_clock.utc)
            await self.app.push_screen(FactsRoom(f"OPENING  {_standing(opening)}", facts))

    async def action_unit(self) -> None:
        """The unit's page."""
        opening = self.chosen
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


def _standing(opening: OpeningView) -> str:
    return opening.verdict if opening.verdict in _NEVER_OPEN else f"{opening.verdict} its mandate"
