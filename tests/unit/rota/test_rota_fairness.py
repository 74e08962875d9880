"""Fair shares: what a day and a night count for, and whose part of it is how much."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.fairness import (
    Tally,
    beyond_share,
    carried,
    contribution,
    dates_of,
    loads,
    marks,
    spread,
    weight,
)
from fleet.rota.rules.spans import Span
from protocols.rota.book import RotaBook
from protocols.rota.load import MEASURES, Load
from protocols.rota.member import Absence, AbsenceKind, Member, WorkingTerms
from protocols.rota.model import Position, Rota, Shift

PEOPLE = ("ENG-01", "ENG-02", "ENG-03")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # only numbers are given


def member(person: str, absences: Sequence[Absence] = (), *, share: int = 100, debt: Load | None = None) -> Member:
    return Member(
        person=person,
        role="engineer",
        valid_from=at(2020, 1, 1),
        valid_until=at(2032, 1, 1),
        terms=WorkingTerms(share_percent=share),
        absences=list(absences),
        debt=debt or Load(),
    )


def absence(kind: AbsenceKind, starts_at: datetime, ends_at: datetime) -> Absence:
    return Absence(absence="a-1", kind=kind, starts_at=starts_at, ends_at=ends_at, zone="Europe/London")


def book(
    starts_at: datetime, ends_at: datetime, members: Sequence[Member] = (), bank_holidays: Sequence[date] = ()
) -> RotaBook:
    return RotaBook(
        rota=Rota(rota="technical", name="Technical", zone="Europe/London", layers=[]),
        starts_at=starts_at,
        ends_at=ends_at,
        known_from=starts_at,
        as_of=starts_at,
        members=list(members) or [member(person) for person in PEOPLE],
        bank_holidays=list(bank_holidays),
    )


def shift(person: str, position: Position, starts_at: datetime, ends_at: datetime) -> Shift:
    return Shift(starts_at=starts_at, ends_at=ends_at, position=position, person=person, source="layer", about="l")


def _load(a_book: RotaBook, *shifts: Shift) -> Load:
    return loads(a_book, shifts)[0].load


def test_a_weekend_day_is_of_who_is_there_at_its_noon() -> None:
    week = book(at(2026, 6, 8), at(2026, 6, 15))
    saturday_noon = at(2026, 6, 13, 11)
    until_noon = shift("ENG-01", "primary", at(2026, 6, 13, 6), saturday_noon)
    from_noon = shift("ENG-01", "primary", saturday_noon, at(2026, 6, 13, 12))
    assert _load(week, until_noon) == Load(primary_h=5)
    assert _load(week, from_noon) == Load(primary_h=1, weekend_days=1)


def test_a_night_is_of_who_is_there_three_real_hours_after_midnight() -> None:
    week = book(at(2026, 6, 8), at(2026, 6, 15))
    assert _load(week, shift("ENG-01", "secondary", at(2026, 6, 9, 1), at(2026, 6, 9, 2))) == Load(secondary_h=1)
    hour = shift("ENG-01", "secondary", at(2026, 6, 9, 2), at(2026, 6, 9, 3))
    assert _load(week, hour) == Load(secondary_h=1, nights=1)


@pytest.mark.parametrize(
    ("midnight", "wall"), [(at(2026, 3, 29), "04:00"), (at(2026, 10, 24, 23), "02:00"), (at(2026, 6, 1, 23), "03:00")]
)
def test_a_night_in_which_clocks_change_counts_once(midnight: datetime, wall: str) -> None:
    whole = book(midnight - timedelta(days=3), midnight + timedelta(days=3))
    third = midnight + timedelta(hours=3)
    nights = [mark.at for mark in marks(whole) if mark.measure == "nights"]
    assert nights.count(third) == 1
    assert len(nights) == 6
    assert _load(whole, shift("ENG-01", "primary", third, third + timedelta(seconds=1))).nights == 1
    assert _load(whole, shift("ENG-01", "primary", midnight, third)).nights == 0


def test_christmas_on_a_weekend_has_festive_days_and_substitutes() -> None:
    substitutes = [date(2027, 12, 27), date(2027, 12, 28)]
    festive = book(at(2027, 12, 24), at(2028, 1, 2), bank_holidays=substitutes)
    all_of_it = shift("ENG-01", "primary", at(2027, 12, 24), at(2028, 1, 2))
    assert _load(festive, all_of_it) == Load(
        primary_h=216, weekend_days=3, bank_holidays=2, festive_days=3, nights=9, days_away=0
    )


def test_a_day_can_count_for_several_measures() -> None:
    christmas = book(at(2026, 12, 25), at(2026, 12, 26), bank_holidays=[date(2026, 12, 25)])
    load = _load(christmas, shift("ENG-01", "primary", at(2026, 12, 25), at(2026, 12, 26)))
    assert (load.bank_holidays, load.festive_days, load.weekend_days) == (1, 1, 0)


def test_who_has_both_positions_is_there_once() -> None:
    week = book(at(2026, 6, 8), at(2026, 6, 15))
    both = [shift("ENG-01", position, at(2026, 6, 13), at(2026, 6, 14)) for position in ("primary", "secondary")]
    assert _load(week, *both) == Load(primary_h=24, secondary_h=24, weekend_days=1, nights=1)


def test_a_shadow_counts_for_nothing() -> None:
    week = book(at(2026, 6, 8), at(2026, 6, 15))
    assert _load(week, shift("ENG-01", "shadow", at(2026, 6, 8), at(2026, 6, 15))) == Load()


def test_hours_are_real_and_rounded_down_at_the_end() -> None:
    change = book(at(2026, 3, 28), at(2026, 3, 31))
    # Saturday 09:00 to Sunday 09:00 by the wall clock are 23 hours.
    assert _load(change, shift("ENG-01", "primary", at(2026, 3, 28, 9), at(2026, 3, 29, 8))).primary_h == 23
    minutes = timedelta(minutes=59)
    pieces = [
        shift("ENG-01", "primary", at(2026, 3, 28, hour), at(2026, 3, 28, hour) + minutes) for hour in (9, 11, 13)
    ]
    assert _load(change, *pieces).primary_h == 2


def test_only_the_period_counts() -> None:
    week = book(at(2026, 6, 8), at(2026, 6, 15))
    assert _load(week, shift("ENG-01", "primary", at(2026, 6, 7), at(2026, 6, 8, 1))) == Load(primary_h=1)


def test_days_away_are_dates_touched_and_counted_once() -> None:
    away = [
        absence("away", at(2026, 6, 8, 10), at(2026, 6, 10, 23, 30)),  # until 00:30 on the 11th
        absence("away", at(2026, 6, 11, 10), at(2026, 6, 11, 12)),
        absence("annual", at(2026, 6, 12), at(2026, 6, 13)),
    ]
    week = book(at(2026, 6, 8), at(2026, 6, 15), [member("ENG-01", away)])
    assert _load(week).days_away == 4
    later = book(at(2026, 6, 10, 11), at(2026, 6, 15), [member("ENG-01", away)])
    assert _load(later).days_away == 2
    afternoon = book(at(2026, 6, 10, 11, 1), at(2026, 6, 15), [member("ENG-01", away)])
    assert _load(afternoon).days_away == 1


@pytest.mark.parametrize(("kind", "days"), [("annual", 10), ("other", 10), ("away", 10), ("sick", 8), ("family", 8)])
def test_only_sick_and_family_leave_make_a_share_less(kind: AbsenceKind, days: int) -> None:
    ten = book(at(2026, 6, 1), at(2026, 6, 11))
    # Leave from just after noon on the 2nd until just after noon on the 4th has two noons.
    one = member("ENG-01", [absence(kind, at(2026, 6, 2, 11, 1), at(2026, 6, 4, 11, 1))])
    assert weight(one, dates_of(ten)) == 100 * days


def test_a_share_is_by_percent_and_days_in_term() -> None:
    ten = book(at(2026, 6, 1), at(2026, 6, 11))
    half = member("ENG-01", share=50)
    assert weight(half, dates_of(ten)) == 500
    joins = Member(person="ENG-09", role="engineer", valid_from=at(2026, 6, 5, 11), valid_until=at(2030, 1, 1))
    assert weight(joins, dates_of(ten)) == 600
    gone = Member(person="ENG-09", role="engineer", valid_from=at(2020, 1, 1), valid_until=at(2026, 1, 1))
    assert weight(gone, dates_of(ten)) == 0


def test_a_debt_is_counted_in_and_carried_on() -> None:
    two = [member("ENG-01", debt=Load(primary_h=24)), member("ENG-02", debt=Load(primary_h=-24))]
    days = book(at(2026, 6, 1), at(2026, 6, 5), two)
    people = loads(days, [shift("ENG-02", "primary", at(2026, 6, 1), at(2026, 6, 5))])
    assert [one.share["primary_h"] for one in people] == [24, 72]
    assert spread(people)["primary_h"] == 48
    assert {person: debt.primary_h for person, debt in carried(people).items()} == {"ENG-01": -24, "ENG-02": 24}


def test_where_nobody_has_a_share_debts_stay() -> None:
    none = [member("ENG-01", share=0, debt=Load(nights=3)), member("ENG-02", share=0)]
    people = loads(book(at(2026, 6, 1), at(2026, 6, 5), none), [])
    assert [one.share["nights"] for one in people] == [-3, 0]
    assert carried(people)["ENG-01"].nights == 3


def test_without_people_there_is_nothing() -> None:
    assert spread([]) == dict.fromkeys(MEASURES, 0.0)
    assert carried([]) == {}


START = at(2026, 3, 20)
CUTS = st.lists(st.integers(1, 24 * 60 - 1), max_size=12, unique=True).map(sorted)


@st.composite
def rotas(draw: st.DrawFn) -> tuple[RotaBook, list[Shift]]:
    """Twenty days about a change of the clocks, handed over at any hours; some with both positions, some with none."""
    debts = st.builds(Load, primary_h=st.integers(-90, 90), nights=st.integers(-9, 9), weekend_days=st.integers(-9, 9))
    shares = st.sampled_from([0, 33, 50, 100])
    members = [member(person, share=draw(shares), debt=draw(debts)) for person in PEOPLE]
    shifts: list[Shift] = []
    for position in ("primary", "secondary"):
        edges = [0, *(cut for cut in draw(CUTS) if cut < 480), 480]
        for first, last in pairwise(edges):
            person = draw(st.sampled_from((*PEOPLE, None)))
            if person is not None:
                hours = START + timedelta(hours=first), START + timedelta(hours=last)
                shifts.append(shift(person, position, *hours))
    holidays = [date(2026, 3, 25), date(2026, 4, 3)]
    return book(START, START + timedelta(hours=480), members, holidays), shifts


@given(rotas())
def test_loads_are_what_counting_instant_by_instant_says(drawn: tuple[RotaBook, list[Shift]]) -> None:
    a_book, shifts = drawn
    for one in loads(a_book, shifts):
        mine = [each for each in shifts if each.person == one.person]
        hours = dict.fromkeys(("primary", "secondary"), 0)
        counts: dict[str, int] = {}
        for i in range(480):
            now = START + timedelta(hours=i)
            for each in mine:
                hours[each.position] += each.starts_at <= now < each.ends_at
        for mark in marks(a_book):
            there = any(each.starts_at <= mark.at < each.ends_at for each in mine)
            counts[mark.measure] = counts.get(mark.measure, 0) + there
        assert one.load == Load(primary_h=hours["primary"], secondary_h=hours["secondary"], **counts)


@given(rotas())
def test_contributions_add_up(drawn: tuple[RotaBook, list[Shift]]) -> None:
    a_book, shifts = drawn
    ordered = marks(a_book)
    for each in shifts:
        whole = contribution(Span(each.starts_at, each.ends_at), each.position, ordered)
        cut = each.starts_at + (each.ends_at - each.starts_at) / 3
        first = contribution(Span(each.starts_at, cut), each.position, ordered)
        rest = contribution(Span(cut, each.ends_at), each.position, ordered)
        assert first.plus(rest) == whole
        assert whole.less(rest) == first
        assert whole.plus(Tally()) == whole


@given(rotas())
def test_shares_are_all_of_the_total_and_what_is_carried_sums_to_nothing(drawn: tuple[RotaBook, list[Shift]]) -> None:
    people = loads(*drawn)
    if not any(one.terms.share_percent for one in drawn[0].members):
        return
    debts = carried(people)
    for measure in MEASURES:
        assert sum(one.share[measure] for one in people) == pytest.approx(
            sum(getattr(one.load, measure) for one in people)
        )
        assert sum(getattr(debts[one.person], measure) for one in people) == 0
        for one in people:
            assert abs(getattr(debts[one.person], measure) - beyond_share(one, measure)) < 1.000001
        assert spread(people)[measure] >= 0
