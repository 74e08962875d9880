"""A person's year on a rota."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.rota.book import RotaBook
from protocols.rota.model import Rota
from tui.paint import Line, Span, joined
from tui.rooms.rota_period import RotaYear
from tui.rota_year_lines import YEAR_LEGEND, year_lines


class RotaYearRoom(RotaYear):
    """The page of a person's year; arrows sideways show another person's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step_person(-1)", "before", show=False),
        Binding("right", "step_person(1)", "next person", tooltip="the next member; ← the one before"),
        Binding("right_square_bracket", "step_year(1)", "next year", tooltip="the next year; [ the one before"),
        *RotaYear.YEAR_BINDINGS,
    ]

    def __init__(self, rota: Rota, person: str, year: int) -> None:
        super().__init__(rota, year)
        self._person = person if person in rota.members or not rota.members else rota.members[0]

    @property
    def legend(self) -> Sequence[tuple[str, str]]:
        """The signs of the page."""
        return YEAR_LEGEND

    @override
    def title_line(self) -> Line:
        """See RotaYear."""
        wide = self.size.width >= 120
        whose = " (you)" if self._person == self.me else ""
        return joined(
            [
                (
                    Span(" "),
                    Span(f"{self._person}{whose}", "title"),
                ),
                (Span(str(self.year), "strong"),),
                (Span(f"on {self.rota.rota}", "muted"),),
                (Span("← → others", "muted"),),
                (Span("P primary  S secondary  L leave  A away  c called out  ? all signs", "muted"),) if wide else (),
            ]
        )

    @override
    def book_lines(self, book: RotaBook, width: int) -> list[Line]:
        """See RotaYear."""
        return year_lines(book, self.shifts, self.found, self._person, self.year, width)

    def action_step_person(self, by: int) -> None:
        """Another member."""
        people = [member.person for member in self.book.members] if self.book is not None else self.rota.members
        if people:
            place = people.index(self._person) if self._person in people else 0
            self._person = people[(place + by) % len(people)]
            self.show_page()
