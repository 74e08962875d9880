"""Drafting a rota's turns by keys: who has which, what that brings, keeping and publishing it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.rota.rules.comparison import compare
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import Turn, turns
from fleet.rota.rules.wall import local_date, on_date
from protocols.api.rotas import PlanView
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment, Comparison
from protocols.rota.model import Layer, Shift
from tui.dialogs.rota_person import RotaPersonDialog
from tui.rooms.rota_deeds import RotaDeeds
from tui.rota_days import POSITIONS, dates_of_turn
from tui.rota_draft import Candidate, Draft, candidates
from tui.rota_words import turn_words
from tui.words import plural

_NOON = time(12)
_INSTANT = timedelta(microseconds=1)
_WEEK = timedelta(days=7)


class RotaEditing(RotaDeeds):
    """The board's part that drafts. Subclasses call `begin_draft`, and fill `check_draft`, `draft_changed` and
    `show_day`."""

    DRAFT_BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "give_nth(1)", "…9 give", tooltip="1 … 9 give the turn to the member with that number"),
        *[Binding(str(number), f"give_nth({number})", "give", show=False) for number in range(2, 10)],
        Binding("w", "weigh", "what-if", tooltip="what would be different from what is published"),
        Binding("s", "save", "save", tooltip="keep the draft as a plan, in place of the one it was opened from"),
        Binding("P", "publish", "publish", tooltip="let the draft hold; you see first what goes into the log"),
        Binding("x", "clear", "nobody", tooltip="give the turn to nobody, on purpose"),
        Binding("enter", "give", "by id", tooltip="give the turn to somebody: type their id"),
        Binding("u", "undo", "undo", tooltip="take the last change back; ctrl+r does it again"),
        Binding("space", "fix", "fix", tooltip="a solver has to keep it, or may give it anew"),
        Binding(
            "plus",
            "give_next(1)",
            "next",
            tooltip="give it to the next member who is there; − the one before",
        ),
        Binding("equals_sign", "give_next(1)", "next", show=False),
        Binding("minus", "give_next(-1)", "before", show=False),
        Binding("ctrl+r", "redo", "redo", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None
        self.drafted_shifts: list[Shift] = []
        self.drafted: Assessment | None = None
        self.published: Assessment | None = None
        self._row = 0
        self._at: datetime | None = None
        self._is_leaving = False

    def check_draft(self, book: RotaBook) -> None:
        """Judge what the draft would make of what is shown."""
        raise NotImplementedError

    def draft_changed(self) -> None:
        """Show the draft anew."""
        raise NotImplementedError

    def show_day(self, day: date) -> None:
        """Put the cursor on a day."""
        raise NotImplementedError

    @property
    def rows(self) -> Sequence[Layer]:
        """The rota's layers in the order in which the cursor goes through them: position by position, the highest
        first."""
        shown = self.shown
        if shown is None:
            return []
        layers = list(reversed(shown.view.rota.layers))
        return sorted(layers, key=lambda layer: POSITIONS.index(layer.position))

    @property
    def turn(self) -> Turn | None:
        """The turn under the cursor, None without a draft or where the layer has none."""
        rows, shown = self.rows, self.shown
        if self.draft is None or shown is None or self._at is None or not rows:
            return None
        found = turns(rows[min(self._row, len(rows) - 1)], shown.book.rota.zone, Span(self._at, self._at + _INSTANT))
        return found[0] if found else None

    @property
    def comparison(self) -> Comparison | None:
        """What the draft would change in the weeks shown; None until it is judged."""
        if self.published is None or self.drafted is None:
            return None
        return compare(self.published, self.drafted)

    @property
    def candidates(self) -> list[Candidate]:
        """Who may be given the turn under the cursor."""
        turn, shown = self.turn, self.shown
        return [] if turn is None or shown is None else candidates(shown.book, turn, self.drafted_shifts)

    def action_edit(self) -> None:
        """Begin a draft of the weeks shown."""
        self.begin_draft(Draft())

    @override
    def open_draft(self, plan: PlanView) -> None:
        """See RotaDeeds."""
        period = Span(plan.starts_at, plan.ends_at)
        self.begin_draft(Draft(plan.assigned, plan.plan if plan.state == "draft" else None, period))
        if self.shown is not None:
            zone = self.shown.book.rota.zone
            self._at = max(plan.starts_at, on_date(local_date(plan.starts_at, zone), _NOON, zone))
            self.show_day(local_date(self._at, zone))

    def begin_draft(self, draft: Draft) -> None:
        """Change `draft` from now on."""
        shown = self.shown
        if shown is not None:
            self.draft, self.drafted, self._row, self._is_leaving = draft, None, 0, False
            self._at = on_date(self.day, _NOON, shown.book.rota.zone)
            self.redraw_draft()

    def redraw_draft(self) -> None:
        """Work out who would be on call, show it, and have it judged."""
        if self.draft is not None and self.shown is not None:
            book = self.draft.book(self.shown.book)
            self.drafted_shifts = shifts_of(book)
            self.check_draft(book)
        self.draft_changed()

    def move_turn(self, across: int, down: int) -> None:
        """Go to the turn before or after, or to the layer above or below: past the last, a week on."""
        shown, turn = self.shown, self.turn
        self._is_leaving = False
        if shown is None or self._at is None or not self.rows:
            return
        zone = shown.book.rota.zone
        if across:
            at = self._at + across * timedelta(days=1) if turn is None else self._beside(turn, across)
        else:
            weeks, self._row = divmod(self._row + down, len(self.rows))
            at = on_date(local_date(self._at, zone) + weeks * _WEEK, _NOON, zone)
        self._at = at
        self.show_day(local_date(at, zone))

    def _beside(self, turn: Turn, across: int) -> datetime:
        """An instant in the next turn or the one before: the first noon of it, else its beginning."""
        if self.shown is None:
            raise ValueError("a turn is of a rota that is shown")
        zone = self.shown.book.rota.zone
        at = turn.span.ends_at if across > 0 else turn.span.starts_at - _INSTANT
        found = turns(turn.layer, zone, Span(at, at + _INSTANT))
        if not found:
            self.desk.say(f"{turn.layer.layer} has no turn there", "fair")
            return self._at or at
        noon = on_date(dates_of_turn(found[0], zone)[0], _NOON, zone)
        return noon if found[0].span.starts_at <= noon < found[0].span.ends_at else found[0].span.starts_at

    def cursor_jumped(self, day: date) -> None:
        """The cursor was put on another day."""
        if self.draft is not None and self.shown is not None:
            self._at = on_date(day, _NOON, self.shown.book.rota.zone)

    def action_give_nth(self, number: int) -> None:
        """Give the turn to the member with that number."""
        people = self.candidates
        if number <= len(people):
            self._give(people[number - 1].person)
        else:
            self.desk.say(f"there are {plural(len(people), 'member')}", "fair")

    def action_give_next(self, by: int) -> None:
        """Give it to the next member who is there for all of it and has not the other position."""
        turn, draft, shown = self.turn, self.draft, self.shown
        able = [one.person for one in self.candidates if not one.hinders]
        if turn is None or draft is None or shown is None:
            return
        if not able:
            self.desk.say("nobody is free for all of it: enter gives it to anybody", "fair")
            return
        has = draft.person(turn, shown.book)
        order = [one.person for one in self.candidates]
        place = order.index(has) if has in order else -1 if by > 0 else len(order)
        for step in range(1, len(order) + 1):
            person = order[(place + by * step) % len(order)]
            if person in able:
                self._give(person)
                return

    async def action_give(self) -> None:
        """Give it to somebody whose id is typed."""
        turn, shown = self.turn, self.shown
        if turn is None or shown is None or self._has_begun(turn):
            return
        words = turn_words(turn, shown.book.rota.zone, utc=self.desk.server_clock.utc)
        loads = self.drafted.quality.loads if self.drafted is not None else []
        await self.app.push_screen(RotaPersonDialog(words, self.candidates, loads), self._given)

    def _given(self, person: str | None) -> None:
        if person is not None:
            self._give(person)

    def _give(self, person: str | None) -> None:
        turn, draft, shown = self.turn, self.draft, self.shown
        if turn is not None and draft is not None and shown is not None and not self._has_begun(turn):
            draft.give(turn, person, shown.book)
            self._changed()

    def _has_begun(self, turn: Turn) -> bool:
        """Whether it is too late to plan the turn; says so."""
        begun = turn.span.starts_at <= self.desk.server_clock.now()
        if begun:
            self.desk.say("this turn has begun: an override or a swap can change it, a plan can not", "fair")
        return begun

    def _changed(self) -> None:
        self._is_leaving = False
        self.redraw_draft()

    def action_clear(self) -> None:
        """Give it to nobody."""
        self._give(None)

    def action_fix(self) -> None:
        """Let a solver keep it, or not."""
        turn, draft, shown = self.turn, self.draft, self.shown
        if turn is not None and draft is not None and shown is not None and not self._has_begun(turn):
            draft.fix(turn, shown.book)
            is_fixed = draft.is_fixed(turn, shown.book)
            self.desk.say("fixed: a solver keeps it" if is_fixed else "not fixed: a solver may give it anew")
            self._changed()

    def action_undo(self) -> None:
        """Take the last change back."""
        if self.draft is not None:
            self.draft.undo()
            self._changed()

    def action_redo(self) -> None:
        """Do again what was taken back."""
        if self.draft is not None:
            self.draft.redo()
            self._changed()

    def may_leave(self) -> bool:
        """Whether nothing would be lost; says once that it would be."""
        if self.draft is None or not self.draft.is_unsaved or self._is_leaving:
            return True
        self._is_leaving = True
        many = self.draft.many if self.shown is None else self.draft.many_new(self.shown.book)
        self.desk.say(f"{plural(many, 'turn')} not saved: s saves, the same key again throws away", "fair")
        return False

    def end_draft(self) -> None:
        """Show again what is published."""
        self.draft = self.drafted = None
        self.draft_changed()
