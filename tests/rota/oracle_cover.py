"""Cover and the house's own rules, asked at each step by itself."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple

from protocols.people import APPROVING_ROLES, REQUESTING_ROLES
from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from protocols.rota.model import Requirement, Shift
from tests.rota.oracle_grid import DAY, Grid, instant, runs
from tests.rota.oracle_on_call import DUTY, Held, Holding, shifts, steps_of, turned
from tests.rota.oracle_work import dates_touched


class Said(NamedTuple):
    """Something that is not as it should be, of whom, from when to when, and by how much."""

    rule: str
    answer: str
    persons: tuple[str, ...]
    begins: datetime
    ends: datetime
    measured: float | None = None


class Cover:
    """The steps that have to be covered, and who is really there in each."""

    def __init__(self, book: RotaBook, rows: Held, grid: Grid) -> None:
        self.book, self.rows, self.grid = book, rows, grid
        self.members = {member.person: member for member in book.members}
        self.judged = range(grid.first, grid.count)
        self.needed = grid.within(book.rota.cover).intersection(self.judged).intersection(self.begun())
        self.out = {person: self.absences(member) for person, member in self.members.items()}
        for row in (rows[position] for position in DUTY):
            for person in {holding.person for holding in row if holding is not None}.difference(self.members):
                self.out[person] = {"term": set(range(grid.count))}

    def begun(self) -> set[int]:
        """From where the first layer begins that is not of shadows."""
        zone = self.book.rota.zone
        began = [instant(zone, one.starts) for one in self.book.rota.layers if one.position != "shadow"]
        return {step for step in self.judged if not began or self.grid.at(step) >= min(began)}

    def absences(self, member: Member) -> dict[str, set[int]]:
        """Why and when a member can not be on call."""
        grid, found = self.grid, defaultdict[str, set[int]](set)
        known = member.valid_from <= self.book.as_of
        since = datetime.min.replace(tzinfo=UTC) if known else member.valid_from
        found["term"] = {step for step in range(grid.count) if not since <= grid.at(step) < member.valid_until}
        for one in member.absences:
            rule = "away" if one.kind == "away" else "leave"
            found[rule].update(grid.steps(one.starts_at, one.ends_at))
        return found

    def on_duty(self, step: int) -> set[str]:
        """Who has primary or secondary."""
        holdings = (self.rows[position][step] for position in DUTY)
        return {holding.person for holding in holdings if holding is not None}

    def there(self, step: int) -> list[Member]:
        """Who of them is neither on leave nor away nor outside their term."""
        return [
            self.members[person]
            for person in sorted(self.on_duty(step))
            if person in self.members and not any(step in out for out in self.out[person].values())
        ]

    def signed(self, step: int) -> bool:
        """Whether one there may request a mandate, and another approve it."""
        there = self.there(step)
        return any(
            asking.person != signing.person and asking.role in REQUESTING_ROLES and signing.role in APPROVING_ROLES
            for asking in there
            for signing in there
        )

    def said(self, rule: str, answer: str, persons: tuple[str, ...], where: Iterable[int]) -> Iterator[Said]:
        for first, last in runs(where):
            yield Said(rule, answer, persons, self.grid.at(first), self.grid.at(last))

    def gaps(self) -> Iterator[Said]:
        for position in self.book.rota.positions:
            yield from self.said(
                "cover", "fault", (), {step for step in self.needed if self.rows[position][step] is None}
            )

    def not_there(self) -> Iterator[Said]:
        for person, reasons in self.out.items():
            on_duty = steps_of(self.rows, person).intersection(self.judged)
            for rule, out in reasons.items():
                yield from self.said(rule, "fault", (person,), on_duty & out)

    def signers(self) -> Iterator[Said]:
        if self.book.rota.signers:
            unsigned = (step for step in self.needed if not self.signed(step))
            yield from self.by_persons("signers", ((self.there(step), step) for step in unsigned))

    def competence(self) -> Iterator[Said]:
        for requirement in self.book.rota.requirements:
            lacking = []
            for step in self.needed:
                there = self.there(step)
                without = [one for one in there if not self.has(one, requirement, step)]
                if requirement.who == "each":
                    lacking += [([one], step) for one in without]
                elif there and without == there:
                    lacking.append((there, step))
            yield from self.by_persons("competence", lacking)

    def by_persons(self, rule: str, where: Iterable[tuple[list[Member], int]]) -> Iterator[Said]:
        """A fault at steps, those of the same people together."""
        found = defaultdict[tuple[str, ...], set[int]](set)
        for members, step in where:
            found[tuple(member.person for member in members)].add(step)
        for persons, steps in found.items():
            yield from self.said(rule, "fault", persons, steps)

    def has(self, member: Member, requirement: Requirement, step: int) -> bool:
        return any(
            one.subject == requirement.subject
            and one.level >= requirement.level
            and (one.valid_until is None or self.grid.days[step] <= one.valid_until)
            for one in member.terms.competences
        )

    def double(self) -> Iterator[Said]:
        for person in self.out:
            primary, secondary = (steps_of(self.rows, person, (position,)) for position in DUTY)
            yield from self.said("double", "fault", (person,), (primary & secondary).intersection(self.judged))
            elsewhere = defaultdict[str, set[int]](set)
            for busy in self.members[person].elsewhere if person in self.members else ():
                elsewhere[busy.rota].update(self.grid.steps(busy.starts_at, busy.ends_at))
            for steps in elsewhere.values():
                both = (primary | secondary) & steps
                yield from self.said("double", "fault", (person,), both.intersection(self.judged))


def handovers(cover: Cover) -> Iterator[Said]:
    """Shifts taken over from another person at an hour at which nobody should have to."""
    grid, policy = cover.grid, cover.book.rota.policy
    for position in DUTY:
        row = cover.rows[position]
        for step in cover.judged:
            before, now = row[step - 1] if step else None, row[step]
            if before is not None and now is not None and before.person != now.person:
                at = grid.at(step)
                if not between(grid.local[step].time(), policy.handover_from, policy.handover_until):
                    persons = tuple(sorted((before.person, now.person)))
                    yield Said("handover", "warning", persons, at, grid.at(end_of_shift(row, step)))


def end_of_shift(row: list[Holding | None], step: int) -> int:
    last = step
    while last < len(row) and row[last] == row[step]:
        last += 1
    return last


def between(of_day: time, first: time, last: time) -> bool:
    """Whether a time of day lies in a span, which may go over midnight, ends counted in; always when they are one."""
    if first < last:
        return first <= of_day <= last
    return of_day >= first or of_day <= last


def notices(cover: Cover) -> Iterator[Said]:
    """Shifts that their person could not know long enough before: what was told them at once is told together."""
    book, grid = cover.book, cover.grid
    late = defaultdict[tuple[str, datetime], list[Shift]](list)
    for shift in duty_shifts(cover):
        if shift.source in ("layer", "override") and shift.starts_at >= book.starts_at:
            known_at = shift.known_at or book.as_of
            wall = grid.local[grid.exact(shift.starts_at)]
            if known_at > instant(grid.zone, wall - timedelta(days=book.rota.policy.notice_days)):
                late[shift.person, known_at].append(shift)
    for (person, known_at), told in late.items():
        begins = min(shift.starts_at for shift in told)
        days = max(timedelta(), begins - known_at) // (DAY / 100) / 100
        yield Said("notice", "warning", (person,), begins, max(shift.ends_at for shift in told), days)


def duty_shifts(cover: Cover) -> list[Shift]:
    return [shift for shift in shifts(cover.rows, cover.grid) if shift.position in DUTY]


def turns_in_a_row(cover: Cover) -> Iterator[Said]:
    book, grid = cover.book, cover.grid
    for layer in [one for one in book.rota.layers if one.position in DUTY]:
        turns = [turn for turn in turned(book, layer, grid.end) if turn.ends > grid.begin]
        for person, same in groupby(turns, key=lambda turn: turn.person):
            row = list(same)
            if person is not None and len(row) > book.rota.policy.turns_in_a_row and row[-1].ends > book.starts_at:
                yield Said(
                    "turns-in-a-row", "warning", (person,), row[0].begins, min(row[-1].ends, book.ends_at), len(row)
                )


def days_away(cover: Cover) -> Iterator[Said]:
    book, grid = cover.book, cover.grid
    for person, member in cover.members.items():
        for absence in member.absences:
            if absence.kind == "away" and absence.ends_at > book.starts_at and absence.starts_at < book.ends_at:
                days = len(dates_touched(grid, absence.starts_at, absence.ends_at))
                if days > book.rota.policy.away_days:
                    yield Said(
                        "length-away", "warning", (person,), absence.starts_at, min(absence.ends_at, book.ends_at), days
                    )


COVER_RULES: tuple[Callable[[Cover], Iterator[Said]], ...] = (
    Cover.gaps,
    Cover.not_there,
    Cover.signers,
    Cover.competence,
    Cover.double,
)
HOUSE_RULES = (handovers, notices, turns_in_a_row, days_away)
