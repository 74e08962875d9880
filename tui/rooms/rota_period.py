"""A page about one year of a rota: its book, and what the rules say of it."""

from datetime import date
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FleetClient
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.wall import midnight
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.model import Rota, Shift
from tui.paint import Line, Span
from tui.rooms.page_room import PageRoom
from tui.rota_days import from_its_beginning
from tui.rota_judge import judged

_FIRST, _LAST = 2000, 2199


class RotaYear(PageRoom):
    """Subclasses fill `title_line` and `book_lines`."""

    ROOM = "rota"
    YEAR_BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "step_year(-1)", "year before", show=False),
        Binding("right_square_bracket", "step_year(1)", "] next year", show=False),
        Binding("r", "refetch", "refresh", show=False),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, rota: Rota, year: int) -> None:
        super().__init__()
        self.rota = rota
        self.year = year
        self.book: RotaBook | None = None
        self.shifts: list[Shift] = []
        self.found: Assessment | None = None

    def title_line(self) -> Line:
        """What the page is about."""
        raise NotImplementedError

    def book_lines(self, book: RotaBook, width: int) -> list[Line]:
        """The page below its title."""
        raise NotImplementedError

    @override
    def refetch(self) -> None:
        """See Room."""
        zone, year = self.rota.zone, self.year
        since, until = midnight(date(year, 1, 1), zone), midnight(date(year + 1, 1, 1), zone)
        door: FleetClient = self.desk.door
        self.ask("book", lambda: door.rota_book(self.rota.rota, since, until), self._book_arrived)

    def _book_arrived(self, book: RotaBook) -> None:
        self.book, self.shifts = from_its_beginning(book, self.desk.server_clock.now()), shifts_of(book)
        self.show_page()
        judging = self.book
        door, sees_all = self.desk.door, self.desk.may("see-working-time")
        self.ask("judge", lambda: judged(door, judging, sees_all=sees_all), self._judged)

    def _judged(self, found: Assessment) -> None:
        self.found = found
        self.show_page()
        self.refresh_bindings()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        if self.book is None:
            return [self.title_line(), (Span(" asking the controller …", "muted"),)]
        return [self.title_line(), *self.book_lines(self.book, width)]

    def action_step_year(self, by: int) -> None:
        """Another year."""
        self.year = max(_FIRST, min(_LAST, self.year + by))
        self.book = self.found = None
        self.show_page()
        self.refetch()

    def action_refetch(self) -> None:
        """Ask again."""
        self.refetch()
