"""The window on a long list: bounded, never showing one generation's answer for another's question."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tui.window import PageWanted, RowWindow

PAGE = 10
MAX_PAGES = 3


@dataclass(frozen=True)
class Row:
    unit_id: str
    edition: int


class WindowMachine(RuleBasedStateMachine):
    """A controller with a list that changes, a person who scrolls, answers that come late, out of order or never."""

    @initialize(total=st.integers(0, 200))
    def start(self, total: int) -> None:
        self.window: RowWindow[Row] = RowWindow(PAGE, MAX_PAGES)
        self.fleet = [Row(f"unit-{number:04}", 0) for number in range(total)]
        self.open: list[PageWanted] = []
        self.updated: dict[str, int] = {}

    @rule(first=st.integers(0, 220), height=st.integers(1, 20))
    def look(self, first: int, height: int) -> None:
        wanted = self.window.wanted(first, first + height - 1)
        assert all(page.generation == self.window.generation for page in wanted)
        assert not set(wanted) & set(self.open)
        assert len(wanted) <= height // PAGE + 2
        self.open += wanted

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        page = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        rows = self.fleet[page.offset : page.offset + page.limit]
        taken = self.window.put(page, len(self.fleet), rows)
        assert taken == (page.generation == self.window.generation)
        if taken:
            assert self.window.total == len(self.fleet)
            for within, row in enumerate(rows):
                assert self.window.row(page.offset + within) == row

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        page = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        self.window.failed(page)
        if page.generation == self.window.generation and self.window.is_known and page.offset < self.window.total:
            assert page in self.window.wanted(page.offset, page.offset)
            self.open.append(page)

    @rule(joined=st.integers(0, 30))
    def fleet_grows(self, joined: int) -> None:
        start = len(self.fleet)
        self.fleet = [Row(f"new-{start + number:05}", 0) for number in range(joined)] + self.fleet
        self.window.refresh()

    @rule()
    def other_query(self) -> None:
        self.fleet = self.fleet[::2]
        self.window.restart()
        assert self.window.held_rows == 0
        assert not self.window.is_known

    @precondition(lambda self: self.fleet)
    @rule(data=st.data(), edition=st.integers(1, 1000))
    def unit_changes(self, data: st.DataObject, edition: int) -> None:
        number = data.draw(st.integers(0, len(self.fleet) - 1))
        row = Row(self.fleet[number].unit_id, edition)
        self.fleet[number] = row
        index = self.window.update(row)
        if index is not None:
            assert self.window.row(index) == row
            assert self.window.index_of(row.unit_id) == index

    @invariant()
    def is_bounded(self) -> None:
        assert self.window.held_rows <= PAGE * MAX_PAGES


WindowMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40)
TestWindow = WindowMachine.TestCase


def test_only_the_first_page_is_asked_for_before_the_total_is_known() -> None:
    window: RowWindow[Row] = RowWindow(PAGE)
    assert window.wanted(500, 520) == [PageWanted(0, 0, PAGE)]
    assert window.wanted(0, 5) == []


def test_old_rows_stay_on_show_until_the_new_ones_are_there() -> None:
    window: RowWindow[Row] = RowWindow(PAGE)
    (page,) = window.wanted(0, 0)
    window.put(page, 1, [Row("unit-old1", 0)])
    window.refresh()
    assert window.row(0) == Row("unit-old1", 0)
    (page,) = window.wanted(0, 0)
    window.put(page, 1, [Row("unit-new1", 0)])
    assert window.row(0) == Row("unit-new1", 0)
