"""Solving: what it keeps to, what it finds fair, and that it finds the best there is."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise, product

import pytest
from msgspec import structs

from fleet.rota.rules.assessment import assess
from fleet.rota.rules.fairness import beyond_share, loads
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.solver.problem import with_assigned
from fleet.rota.solver.solve import solve
from fleet.rota.solver.weights import SCALE, WEIGHTS
from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding
from protocols.rota.load import Load
from protocols.rota.member import Competence, Member, Regulation21, Wish, WorkingTerms
from protocols.rota.model import Assigned, Layer, Requirement
from protocols.rota.solving import Progress, Solved, SolveLimits
from tests.bench.rota_years import year_book
from tests.support.rota_books import (
    FOUR,
    absence,
    book,
    change,
    layer,
    local,
    member,
    office_hours,
    rota,
    weekdays,
)

AS_OF = local("2026-01-01T00:00")
STARTS = local("2026-02-02T09:00")
PRIMARY = layer(order=())
SECONDARY = layer("secondary-weeks", position="secondary", order=())


def week(number: int) -> datetime:
    """When the turn of a week begins."""
    return local((datetime.fromisoformat("2026-02-02T09:00") + timedelta(weeks=number)).isoformat())


def weeks_book(
    weeks: int,
    layers: Sequence[Layer] = (PRIMARY,),
    *,
    people: Sequence[str] = FOUR,
    members: Sequence[Member] | None = None,
    assigned: Sequence[Assigned] = (),
    signers: bool = False,
) -> RotaBook:
    of = structs.replace(rota(list(layers), members=people), signers=signers)
    if len(layers) == 1:
        of = structs.replace(of, positions=["primary"])
    return book(of, starts_at=STARTS, ends_at=week(weeks), as_of=AS_OF, members=members, assigned=assigned)


def solved(given: RotaBook, *, seed: int = 1, work_limit: float = 30) -> Solved:
    limits = SolveLimits(seed=seed, work_limit=work_limit)
    return solve(given, limits=limits, on_progress=lambda _: None, should_stop=lambda: False)


def taken(given: RotaBook, found: Solved, layer_name: str = "primary-weeks") -> list[str | None]:
    return [one.person for one in found.assigned if one.layer == layer_name]


def wrong(given: RotaBook, found: Solved) -> list[Finding]:
    """Breaches and faults of what was found."""
    findings = assess(with_assigned(given, found.assigned)).findings
    return [one for one in findings if one.answer in ("breach", "fault")]


def test_every_turn_is_taken_evenly_and_never_twice_in_a_row() -> None:
    given = weeks_book(8, (PRIMARY, SECONDARY))
    found = solved(given)
    assert found.ended == "optimal"
    assert found.objective == found.bound
    assert found.conflicts == []
    for name in ("primary-weeks", "secondary-weeks"):
        had = taken(given, found, name)
        assert Counter(had) == dict.fromkeys(FOUR, 2)
        assert all(one != after for one, after in pairwise(had))
    assert wrong(given, found) == []


def test_leave_of_an_hour_is_respected() -> None:
    off = [
        absence(week(number) + timedelta(hours=1), week(number) + timedelta(hours=2), name=f"a-{number}")
        for number in range(6)
        if number != 3
    ]
    given = weeks_book(6, members=[member(FOUR[0], absences=off), *(member(person) for person in FOUR[1:])])
    found = solved(given)
    assert [i for i, person in enumerate(taken(given, found)) if person == FOUR[0]] == [3]
    assert wrong(given, found) == []


def test_what_is_fixed_has_begun_or_was_changed_stays() -> None:
    fixed = [Assigned(layer=PRIMARY.layer, starts_at=week(i), person=FOUR[0], fixed=True) for i in (3, 4)]
    begun = Assigned(layer=PRIMARY.layer, starts_at=week(0), person=FOUR[1])
    nobody = Assigned(layer=PRIMARY.layer, starts_at=week(1), person=None, fixed=True)
    given = structs.replace(
        weeks_book(8, (PRIMARY, SECONDARY), assigned=[begun, nobody, *fixed]),
        as_of=week(0) + timedelta(hours=1),
        changes=[change("override", FOUR[2], week(6), week(7))],
    )
    found = solved(given)
    assert {begun, nobody, *fixed} <= set_of(found)
    assert week(6) not in {one.starts_at for one in found.assigned if one.layer == PRIMARY.layer}, "it is taken whole"
    had = {one.starts_at: one.person for one in found.assigned if one.layer == SECONDARY.layer}
    assert had[week(3)] != FOUR[0]
    assert had[week(6)] != FOUR[2]
    empty = [(one.rule, one.starts_at) for one in wrong(given, found)]
    assert empty == [("cover", week(0)), ("cover", week(1))], (
        "who had no secondary when it began, and nobody on purpose"
    )


def set_of(found: Solved) -> set[Assigned]:
    return set(found.assigned)


def test_debts_are_worked_off() -> None:
    owes = structs.replace(member(FOUR[0]), debt=Load(primary_h=-168, nights=-7, weekend_days=-2))
    had = structs.replace(member(FOUR[1]), debt=Load(primary_h=168, nights=7, weekend_days=2))
    given = weeks_book(8, members=[owes, had, *(member(person) for person in FOUR[2:])])
    assert Counter(taken(given, solved(given))) == {FOUR[0]: 3, FOUR[1]: 1, FOUR[2]: 2, FOUR[3]: 2}


def test_special_days_go_to_those_who_had_fewest() -> None:
    starts = local("2026-11-30T09:00")
    debt = Load(festive_days=2, bank_holidays=2)
    people = [structs.replace(member(person), debt=debt) for person in FOUR if person != "TO-13"]
    given = structs.replace(
        weeks_book(8, members=[*people, member("TO-13")]),
        starts_at=starts,
        known_from=starts,
        ends_at=local("2027-01-04T09:00"),
        bank_holidays=[date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)],
    )
    found = {one.starts_at: one.person for one in solved(given).assigned}
    assert found[local("2026-12-21T09:00")] == "TO-13", "25 and 26 December, of which all others owe none"


def test_shares_are_by_percent() -> None:
    half = structs.replace(member(FOUR[0]), terms=WorkingTerms(share_percent=50))
    given = weeks_book(7, members=[half, *(member(person) for person in FOUR[1:])])
    assert Counter(taken(given, solved(given))) == {FOUR[0]: 1, FOUR[1]: 2, FOUR[2]: 2, FOUR[3]: 2}


def test_wishes_decide_where_fairness_does_not() -> None:
    on = Wish(wish="w-1", wants="on", starts_at=week(2), ends_at=week(3))
    off = [Wish(wish=f"w-{i}", wants="off", starts_at=week(i), ends_at=week(i + 1)) for i in (0, 1, 3)]
    members = [member(person) for person in FOUR]
    members[1] = structs.replace(members[1], wishes=[on])
    members[3] = structs.replace(members[3], wishes=[*off[:2]])
    members[2] = structs.replace(members[2], wishes=[off[2]])
    given = weeks_book(4, members=members)
    had = taken(given, solved(given))
    assert had[2] == FOUR[1]
    assert had[3] == FOUR[3]
    assert set(had) == set(FOUR)


def test_what_was_published_stays_where_another_is_no_fairer() -> None:
    told = [FOUR[2], FOUR[0], FOUR[3], FOUR[1]]
    published = [
        Assigned(layer=PRIMARY.layer, starts_at=week(i), person=person, published_at=AS_OF)
        for i, person in enumerate(told)
    ]
    assert solved(weeks_book(4, assigned=published)).assigned == published
    away = absence(week(0), week(1))
    members = [member(person, absences=[away] if person == told[0] else []) for person in FOUR]
    given = weeks_book(4, assigned=published, members=members)
    found = solved(given)
    assert sum(one in published for one in found.assigned) == 2, "who is off changes with one other"
    assert [one.published_at for one in found.assigned if one not in published] == [None, None]


def with_roles(*roles: Role) -> list[Member]:
    return [member(person, role=role) for person, role in zip(FOUR, roles, strict=True)]


def test_two_who_may_sign_together_are_always_there() -> None:
    given = weeks_book(
        6, (PRIMARY, SECONDARY), members=with_roles("engineer", "engineer", "approver", "approver"), signers=True
    )
    found = solved(given)
    assert found.ended == "optimal"
    assert wrong(given, found) == []


def test_a_competence_that_expires_counts_until_its_day_is_over() -> None:
    held = [Competence(subject="electrical", level=3, valid_until=week(2).date())]
    always = [Competence(subject="electrical", level=4)]
    members = [member(FOUR[0], competences=held), member(FOUR[1], competences=always), *map(member, FOUR[2:])]
    given = weeks_book(4, (PRIMARY, SECONDARY), members=members)
    given = structs.replace(
        given, rota=structs.replace(given.rota, requirements=[Requirement(subject="electrical", level=3)])
    )
    found = solved(given)
    assert wrong(given, found) == []
    for number in (2, 3):
        assert FOUR[1] in {one.person for one in found.assigned if one.starts_at == week(number)}


def test_a_layer_above_takes_its_hours_and_the_one_below_the_rest() -> None:
    nights = layer("weekends", order=(), restrictions=[weekdays([5, 6], "00:00", "00:00")])
    given = weeks_book(4, (PRIMARY, nights))
    found = solved(structs.replace(given, rota=structs.replace(given.rota, positions=["primary"])))
    assert {one.layer for one in found.assigned} == {"primary-weeks", "weekends"}
    for number in range(4):
        assert len({one.person for one in found.assigned if one.starts_at == week(number)}) in (1, 2)
    assert None not in {one.person for one in found.assigned}
    spread = assess(with_assigned(given, found.assigned)).quality.spread
    assert spread["weekend_days"] == 0


def cost(given: RotaBook, people: Sequence[str]) -> float:
    """What giving the weeks to `people` costs, straight from the definition of a share."""
    assigned = [Assigned(layer=PRIMARY.layer, starts_at=week(i), person=one) for i, one in enumerate(people)]
    whole = with_assigned(given, assigned)
    each = loads(whole, shifts_of(whole))
    return sum(
        SCALE * of.points * (beyond_share(one, measure) / of.per) ** 2
        for measure, of in WEIGHTS.items()
        for one in each
        if measure not in ("secondary_h", "festive_days")  # no turn counts for them here
    )


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_cheaper_than_what_it_proves_the_best(seed: int) -> None:
    debts = year_book(4, 6, seed).members
    members = [structs.replace(member(person), debt=one.debt) for person, one in zip(FOUR, debts, strict=True)]
    members[0] = member(FOUR[0], absences=[absence(week(1), week(2))])
    given = structs.replace(weeks_book(5, members=members), bank_holidays=[date(2026, 2, 11), date(2026, 2, 24)])
    every = [
        people
        for people in product(FOUR, repeat=5)
        if people[1] != FOUR[0] and all(one != after for one, after in pairwise(people))
    ]
    found = solved(given)
    assert found.ended == "optimal"
    assert found.objective == pytest.approx(min(cost(given, people) for people in every), abs=20)
    assert cost(given, [str(one) for one in taken(given, found)]) == pytest.approx(found.objective, abs=20)


@pytest.mark.parametrize("work_limit", [0.001, 30])
def test_the_same_seed_and_book_give_the_same_answer_even_at_a_limit(work_limit: float) -> None:
    given = year_book(6, 8, 3)
    first, again = (solved(given, seed=7, work_limit=work_limit) for _ in "12")
    assert first.assigned == again.assigned
    assert (first.objective, first.ended, first.work) == (again.objective, again.ended, again.work)


def test_a_limit_ends_it_with_a_rota_nevertheless() -> None:
    found = solved(year_book(12, 40, 2), work_limit=0.001)
    assert found.ended == "limit"
    assert len(found.assigned) == 80


def test_stopping_gives_the_best_so_far() -> None:
    given = year_book(12, 52, 1)
    told: list[Progress] = []
    found = solve(
        given,
        limits=SolveLimits(),
        on_progress=told.append,
        should_stop=lambda: bool(told) and told[-1].broken == 0,
    )
    assert found.ended == "stopped"
    assert found.conflicts == []
    assert wrong(given, found) == []
    assert [one.seconds for one in told] == sorted(one.seconds for one in told)
    assert [one.assigned for one in told if one.assigned is not None][-1] == found.assigned


@pytest.mark.parametrize("seed", range(4))
def test_random_units_get_rotas_without_a_fault_or_are_told_why_not(seed: int) -> None:
    given = year_book(6 + seed, 8, seed)
    found = solved(given)
    assert found.ended in ("optimal", "infeasible")
    assert bool(wrong(given, found)) == bool(found.conflicts) == (found.ended == "infeasible")


def workplace(people: int, days: int) -> RotaBook:
    """Six-hour watches round the clock at the workplace, so many people without other duty, a limit on everybody."""
    names = [f"TO-{i:02}" for i in range(10, 10 + people)]
    watch = layer("watch", starts="2026-02-02T00:00", every=6, unit="hours", order=())
    of = structs.replace(rota([watch], members=names), standby="workplace", signers=False, positions=["primary"])
    starts = local("2026-02-02T00:00")
    return book(of, starts_at=starts, ends_at=starts + timedelta(days=days), as_of=AS_OF)


def test_watches_at_the_workplace_are_within_the_law() -> None:
    given = workplace(6, 7)
    found = solved(given)
    assert found.ended == "optimal"
    assert found.conflicts == []
    assert wrong(given, found) == []


def test_who_has_ordinary_duty_gets_no_watch_that_leaves_no_rest() -> None:
    given = workplace(6, 7)
    busy = [member(given.members[0].person, hours=office_hours()), *given.members[1:]]
    given = structs.replace(given, members=busy)
    found = solved(given)
    assert found.ended == "optimal"
    assert wrong(given, found) == []
    theirs = [one.starts_at for one in found.assigned if one.person == busy[0].person]
    assert {(at.weekday() < 5, at.hour) for at in theirs} <= {
        (True, 6),
        (True, 12),
        (False, 6),
        (False, 12),
        (False, 18),
    }


def test_regulation_21_lets_people_take_what_others_can_not() -> None:
    given = workplace(6, 7)
    long = structs.replace(given.rota.layers[0], turn=structs.replace(given.rota.layers[0].turn, every=24))
    claim = Regulation21(reason="round the clock", since=date(2026, 1, 1))
    members = [
        structs.replace(one, terms=WorkingTerms(regulation_21=claim)) if i < 4 else one
        for i, one in enumerate(given.members)
    ]
    given = structs.replace(given, rota=structs.replace(given.rota, layers=[long]), members=members)
    found = solved(given)
    assert {one.person for one in found.assigned} == {one.person for one in members[:4]}
    assert wrong(given, found) == []


def test_what_is_not_the_solvers_to_give_comes_back_as_it_was() -> None:
    shadow = layer("shadow", position="shadow", order=())
    theirs = Assigned(layer="shadow", starts_at=week(1), person=FOUR[3], published_at=AS_OF)
    covered = Assigned(layer=PRIMARY.layer, starts_at=week(2), person=FOUR[0], published_at=AS_OF)
    given = weeks_book(4, (PRIMARY, shadow), assigned=[theirs, covered])
    given = structs.replace(
        given,
        rota=structs.replace(given.rota, positions=["primary"]),
        changes=[change("override", FOUR[1], week(2), week(3))],
    )
    found = solved(given)
    assert {theirs, covered} <= set(found.assigned)
    assert [one.starts_at for one in found.assigned if one.layer == "shadow"] == [week(1)]
    assert wrong(given, found) == []
