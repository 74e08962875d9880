"""The part of a long list that is held here: a few pages of rows, the rest at the controller. Pure."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar


class _Keyed(Protocol):
    @property
    def unit_id(self) -> str: ...


Row = TypeVar("Row", bound=_Keyed)


class PageWanted(NamedTuple):
    """A page to ask for: rows `offset` … `offset + limit` of the list as of `generation`."""

    generation: int
    offset: int
    limit: int


class RowWindow(Generic[Row]):
    """Pages of a list of `total` rows, at most `max_pages` of them, the least recently shown dropped first.

    A new query starts a new generation and drops everything; a refresh keeps the old rows on show until the new ones
    are there. Answers to an older generation are ignored.
    """

    def __init__(self, page_rows: int = 100, max_pages: int = 8) -> None:
        self.page_rows = page_rows
        self.total = 0
        self.is_known = False
        self._max_pages = max(2, max_pages)
        self._generation = 0
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._fresh: set[int] = set()
        self._asked: set[int] = set()

    @property
    def generation(self) -> int:
        """Grows with each new query and each refresh."""
        return self._generation

    def restart(self) -> None:
        """Another query: forget every row and the total."""
        self._pages.clear()
        self.total = 0
        self.is_known = False
        self.refresh()

    def refresh(self) -> None:
        """The list may have changed: ask again for what is shown, and show the old rows meanwhile."""
        self._generation += 1
        self._fresh.clear()
        self._asked.clear()

    def row(self, index: int) -> Row | None:
        """Row `index`, None when it is not here."""
        page = self._pages.get(index // self.page_rows)
        within = index % self.page_rows
        return page[within] if page is not None and 0 <= within < len(page) else None

    def wanted(self, first: int, last: int) -> list[PageWanted]:
        """The pages that rows `first` … `last` need and that have not been asked for; they now count as asked for.

        Before the total is known only the first page is asked for.
        """
        end = min(last, self.total - 1) if self.is_known else 0
        numbers = range(max(0, first) // self.page_rows, max(0, end) // self.page_rows + 1)
        if not self.is_known:
            numbers = range(1)
        wanted = []
        for number in numbers:
            if number in self._pages:
                self._pages.move_to_end(number)
            if number not in self._fresh and number not in self._asked:
                self._asked.add(number)
                wanted.append(PageWanted(self._generation, number * self.page_rows, self.page_rows))
        return wanted

    def put(self, page: PageWanted, total: int, rows: Sequence[Row]) -> bool:
        """Take in the answer to `page`; False when it is out of date. Rows beyond the page are dropped."""
        if page.generation != self._generation:
            return False
        number = page.offset // self.page_rows
        self._asked.discard(number)
        self.total = total
        self.is_known = True
        self._pages[number] = list(rows[: self.page_rows])
        self._pages.move_to_end(number)
        self._fresh.add(number)
        for beyond in [held for held in self._pages if held * self.page_rows >= max(1, total)]:
            self._drop(beyond)
        while len(self._pages) > self._max_pages:
            self._drop(next(iter(self._pages)))
        return True

    def failed(self, page: PageWanted) -> None:
        """`page` was not answered: it may be asked for again."""
        if page.generation == self._generation:
            self._asked.discard(page.offset // self.page_rows)

    def update(self, row: Row) -> int | None:
        """Replace the row of the same unit where it stands; its index, None when it is not held."""
        index = self.index_of(row.unit_id)
        if index is not None:
            self._pages[index // self.page_rows][index % self.page_rows] = row
        return index

    def index_of(self, unit_id: str) -> int | None:
        """Where a unit stands, None when it is not held; the pages shown last are looked through first."""
        for number, page in reversed(self._pages.items()):
            for within, held in enumerate(page):
                if held.unit_id == unit_id:
                    return number * self.page_rows + within
        return None

    @property
    def held_rows(self) -> int:
        """How many rows are held."""
        return sum(len(page) for page in self._pages.values())

    def _drop(self, number: int) -> None:
        del self._pages[number]
        self._fresh.discard(number)
