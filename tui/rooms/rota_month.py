"""A month of a rota as a board, and below it a day in words or a draft's turn: asked for, judged, painted."""

import asyncio
from collections.abc import Sequence
from datetime import date

from textual.app import ComposeResult
from typing_extensions import override

from fleet.client import FleetClient
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.wall import local_date
from protocols.api.rotas import RotaSummary
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from tui.field import Field
from tui.lines import Page
from tui.paint import Line, Span, wrap
from tui.role_words import Reserved, whose
from tui.rooms.rota_deeds import Shown
from tui.rooms.rota_publishing import RotaPublishing
from tui.rota_below import candidate_lines, day_lines, kept_to, unseen_lines, what_if_lines
from tui.rota_board import Look, heads_line, lines_a_week, week_lines
from tui.rota_checking import Checking
from tui.rota_days import RotaDay, dates_of_turn, days_of, from_its_beginning, period_of, weeks_of
from tui.rota_judge import judged
from tui.rota_seen import absent_dates, changed_days, member_meant
from tui.rota_title import draft_words, title_line
from tui.rota_words import LEGEND, turn_words

_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 1)
_LEAST_BELOW = 4


class RotaMonth(RotaPublishing):
    """The board without its keys."""

    SEEING = Reserved("seeing rotas", "see-rota")

    def __init__(self) -> None:
        super().__init__()
        self._rotas: list[RotaSummary] | None = None
        self._rota_id: str | None = None
        self._shown: Shown | None = None
        self._day: date | None = None
        self._days: list[RotaDay] = []
        self._title = Page(id="title")
        self._field = Field(hint="an id, or its number", id="filter", most=9)
        self._heads = Page(classes="heads")
        self._board = Page(id="board")
        self._below = Page(id="detail")
        self._empty = Page(id="empty")
        self._checking = Checking(self, self._draft_judged)

    @override
    def body(self) -> ComposeResult:
        """Title, board, and below it the day or the turn."""
        self._field.display = False
        yield self._title
        yield self._field
        yield self._heads
        yield self._board
        yield self._below
        yield self._empty

    @property
    @override
    def shown(self) -> Shown | None:
        """See RotaDeeds."""
        return self._shown

    @property
    @override
    def day(self) -> date:
        """See RotaDeeds."""
        return self._day or self._today

    @property
    def _today(self) -> date:
        zone = self._shown.book.rota.zone if self._shown is not None else "UTC"
        return local_date(self.desk.server_clock.now(), zone)

    @property
    def _month(self) -> date:
        return self.day.replace(day=1)

    @property
    def _person(self) -> str:
        """The one member whose id or number was typed, empty for nobody."""
        people = self._shown.view.rota.members if self._shown is not None else []
        return member_meant(people, self._field.value)

    @property
    @override
    def person_meant(self) -> str:
        """See RotaDeeds."""
        return self._person or self.me

    @property
    @override
    def legend(self) -> Sequence[tuple[str, str]]:
        """See Room."""
        return LEGEND

    @property
    def _may_see(self) -> bool:
        return self.desk.may(self.SEEING.permission)

    @property
    def _sees_all(self) -> bool:
        return self.desk.may("see-working-time")

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(None)
        self.paint()

    def on_resize(self) -> None:
        """The board fills what there is."""
        self.paint()

    @override
    def tick(self) -> None:
        """See Room."""
        self.paint()
        super().tick()

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if self._may_see:
            self.ask("rotas", self._load, self._arrived, background=background)

    async def _load(self) -> tuple[list[RotaSummary], Shown | None]:
        """The rotas, and the book of the weeks of the month shown."""
        door: FleetClient = self.desk.door
        rotas = await door.rotas()
        listed = sorted(rotas, key=lambda one: (one.ended_at is not None, one.rota))
        summary = next((one for one in listed if one.rota == self._rota_id), listed[0] if listed else None)
        if summary is None:
            return listed, None
        now = self.desk.server_clock.now()
        weeks = weeks_of(self._day or local_date(now, summary.zone))
        window = period_of(*weeks, summary.zone)
        view, book = await asyncio.gather(door.rota(summary.rota), door.rota_book(summary.rota, *window))
        book = from_its_beginning(book, now)
        return listed, Shown(summary, view, book, shifts_of(book), weeks)

    def _arrived(self, answer: tuple[list[RotaSummary], Shown | None]) -> None:
        self._rotas, shown = answer
        before, self._shown = self._shown, shown
        if before is None or shown is None or _about(before) != _about(shown):
            self.published = None
        if shown is not None:
            self._rota_id = shown.summary.rota
            self._day = self._day or self._today
            book, door, sees_all = shown.book, self.desk.door, self._sees_all
            self.ask("judge", lambda: judged(door, book, sees_all=sees_all), self._published_judged)
        if self.draft is not None:
            self.redraw_draft()
        self._work_out_days()
        self.refresh_bindings()

    def _published_judged(self, found: Assessment) -> None:
        self.published = found
        self._work_out_days()

    def _draft_judged(self, book: RotaBook, found: Assessment) -> None:
        shown, draft = self._shown, self.draft
        if shown is not None and draft is not None and book == draft.book(shown.book):
            self.drafted = found
            self._work_out_days()

    @override
    def check_draft(self, book: RotaBook) -> None:
        """See RotaEditing."""
        self._checking.check(book)

    @override
    def draft_changed(self) -> None:
        """See RotaEditing."""
        if self.draft is None:
            self._checking.drop()
        self._work_out_days()
        self.refresh_bindings()

    def _work_out_days(self) -> None:
        """The days of the weeks shown, as drafted where there is a draft; then paint them."""
        shown = self._shown
        if shown is not None:
            shifts = shown.shifts if self.draft is None else self.drafted_shifts
            found = self.published if self.draft is None else self.drafted or self.published
            findings = found.findings if found is not None else []
            self._days = days_of(shown.book, shifts, findings, *shown.weeks, self.desk.server_clock.now())
        self.paint()

    def paint(self) -> None:
        """Show everything that is known."""
        shown, is_known = self._shown, self._is_of_month
        for page in (self._heads, self._board, self._below):
            page.display = is_known
        self._empty.display = not is_known
        summary = shown.summary if shown is not None else None
        found = self.drafted or self.published
        drafted = draft_words(self.draft, shown.book) if self.draft is not None and shown is not None else ()
        rotas = len(self._rotas or ())
        self._title.show([title_line(summary, self._month, found, drafted, rotas, sees_all=self._sees_all)])
        if not is_known or shown is None:
            self._empty.show([(), *[(Span("   "), *line) for line in self._instead()]])
            return
        width, weeks = self.size.width, len(self._days) // 7
        room = self.size.height - 7 - int(self._field.display)
        lines = lines_a_week(width, room, weeks)
        look = self._look(shown)
        self._heads.show([heads_line(width, self._today)])
        board = [line for week in range(weeks) for line in week_lines(self._week(week), look, width, lines)]
        self._board.styles.height = len(board)
        self._board.show(board)
        below, key = self._below_lines(shown, width - 1), "enter" if self.draft is None else "w"
        unseen = unseen_lines() if found is not None and not self._sees_all else []
        height = max(_LEAST_BELOW, room - 1 - len(board))
        self._below.show([*kept_to(below, height - len(unseen), key), *unseen])

    @property
    def _is_of_month(self) -> bool:
        """Whether the days that have come are those of the month that is to be shown."""
        return self._shown is not None and any(day.day == self.day for day in self._days)

    def _week(self, week: int) -> list[RotaDay]:
        return self._days[week * 7 : week * 7 + 7]

    def _look(self, shown: Shown) -> Look:
        turn, zone = self.turn, shown.book.rota.zone
        is_changed = self.draft is not None and not self.draft.is_empty
        now = self.desk.server_clock.now()
        before = days_of(shown.book, shown.shifts, [], *shown.weeks, now) if is_changed else self._days
        return Look(
            month=self._month,
            zone=zone,
            today=self._today,
            cursor=self.day,
            position=turn.layer.position if turn is not None else None,
            turn=dates_of_turn(turn, zone) if turn is not None else None,
            person=self._person,
            absent=absent_dates(shown.book, self._person),
            changed=changed_days(before, self._days),
        )

    def _below_lines(self, shown: Shown, width: int) -> list[Line]:
        clock, zone = self.desk.server_clock, shown.book.rota.zone
        day = next(one for one in self._days if one.day == self.day)
        if self.draft is None:
            return day_lines(day, self._today, zone, width, utc=clock.utc)
        turn = self.turn
        if turn is None:
            return [(Span(" no turn of this layer here: ↑ ↓ go to another", "muted"),)]
        has = self.draft.person(turn, shown.book)
        fixed = "   fixed" if self.draft.is_fixed(turn, shown.book) else ""
        begun = "   has begun" if turn.span.starts_at <= clock.now() else ""
        words = turn_words(turn, zone, utc=clock.utc)
        return [
            (Span(f" {words}  ", "muted"), Span(has or "nobody", "strong"), Span(fixed + begun, "fair")),
            *candidate_lines(self.candidates, has, width),
            *what_if_lines(self.comparison, width, is_checking=self._checking.is_busy),
        ]

    def _instead(self) -> list[Line]:
        if not self._may_see:
            return [(Span(f"{whose(self.SEEING)}.", "muted"),)]
        if self._rotas is None or self._shown is not None:
            return [(Span("asking the controller …", "muted"),)]
        words = "There is no rota yet: nobody is on call."
        if self.allows("new"):
            words += " n defines one of weekly turns; for every other kind write a file: fleet rota set FILE."
        else:
            words += f" {whose(self.RESERVED['new']).capitalize()}."
        return wrap(words, 70, "muted")

    @override
    def show_day(self, day: date) -> None:
        """See RotaEditing; the weeks of another month are asked for."""
        before = self._month
        self._day = max(_FIRST, min(_LAST, day))
        if self._month != before and self._is_elsewhere:
            self.ask_anew()
        self.paint()

    @property
    def _is_elsewhere(self) -> bool:
        """Whether the weeks that have come are another month's than the cursor's."""
        first, _last = weeks_of(self._month)
        return not self._days or self._days[0].day != first

    @override
    def show_rota(self, rota_id: str) -> None:
        """See RotaDeeds."""
        if self.draft is None and rota_id != self._rota_id:
            self._rota_id, self._shown, self._days = rota_id, None, []
            self.paint()
            self.ask_anew()


def _about(shown: Shown) -> tuple[str, tuple[date, date]]:
    """What is shown, whatever it says: while the same is judged anew, what was found before stays."""
    return shown.summary.rota, shown.weeks
