"""The rules of the house: handover hours, notice, turns one after the other, long deployments away."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Literal

import pytest

from fleet.rota.rules.house import house_findings
from fleet.rota.rules.schedule import shifts_of
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding, RuleName
from protocols.rota.member import Absence, Member
from protocols.rota.model import Assigned, Change, Layer, Position, Rota, RotaPolicy, Shift, TurnLength

ZONE = "Europe/London"
SECOND = timedelta(seconds=1)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # only numbers are given


START, END = at(2026, 6, 1), at(2026, 6, 29)


def shift(
    person: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    position: Position = "primary",
    source: Literal["layer", "override", "swap", "take-over"] = "layer",
    known_at: datetime | None = START - timedelta(days=100),
) -> Shift:
    return Shift(
        starts_at=starts_at,
        ends_at=ends_at,
        position=position,
        person=person,
        source=source,
        about="l",
        known_at=known_at,
    )


def layer(order: Sequence[str] = (), position: Position = "primary") -> Layer:
    return Layer(
        layer=position,
        position=position,
        starts=datetime(2026, 6, 1, 9),  # noqa: DTZ001 - wall time
        turn=TurnLength(every=1, unit="weeks"),
        order=list(order),
    )


def book(
    layers: Sequence[Layer] = (),
    *,
    policy: RotaPolicy | None = None,
    absences: Sequence[Absence] = (),
    assigned: Sequence[Assigned] = (),
    changes: Sequence[Change] = (),
    starts_at: datetime = START,
    as_of: datetime = START,
) -> RotaBook:
    people = [
        Member(person=person, role="engineer", valid_from=at(2020, 1, 1), valid_until=at(2030, 1, 1))
        for person in ("ENG-02", "ENG-03")
    ]
    away = Member(
        person="ENG-01",
        role="engineer",
        valid_from=at(2020, 1, 1),
        valid_until=at(2030, 1, 1),
        absences=list(absences),
    )
    return RotaBook(
        rota=Rota(rota="technical", name="Technical", zone=ZONE, layers=list(layers), policy=policy or RotaPolicy()),
        starts_at=starts_at,
        ends_at=END,
        known_from=START,
        as_of=as_of,
        members=[away, *people],
        assigned=list(assigned),
        changes=list(changes),
    )


def of(findings: Sequence[Finding], rule: RuleName) -> list[Finding]:
    return [one for one in findings if one.rule == rule]


@pytest.mark.parametrize(
    ("handover", "warned"),
    [
        (at(2026, 6, 8, 5, 59, 59), True),
        (at(2026, 6, 8, 6), False),  # 07:00 in London
        (at(2026, 6, 8, 18), False),
        (at(2026, 6, 8, 18, 0, 1), True),
    ],
)
def test_a_handover_is_within_its_hours_both_ends_counted_in(handover: datetime, warned: bool) -> None:
    found = house_findings(book(), [shift("ENG-01", START, handover), shift("ENG-02", handover, END)])
    assert [(one.rule, one.persons, one.starts_at) for one in found] == (
        [("handover", ["ENG-01", "ENG-02"], handover)] if warned else []
    )


@pytest.mark.parametrize(("hour", "warned"), [(20, True), (21, False), (1, False), (5, False), (6, True), (12, True)])
def test_handover_hours_can_go_over_midnight(hour: int, warned: bool) -> None:
    policy = RotaPolicy(handover_from=time(22), handover_until=time(6))
    handover = at(2026, 6, 8, hour)
    found = house_findings(book(policy=policy), [shift("ENG-01", START, handover), shift("ENG-02", handover, END)])
    assert bool(found) is warned


def test_handover_hours_of_the_same_time_twice_are_always() -> None:
    policy = RotaPolicy(handover_from=time(9), handover_until=time(9))
    night = at(2026, 6, 8, 1)
    assert house_findings(book(policy=policy), [shift("ENG-01", START, night), shift("ENG-02", night, END)]) == []


def test_a_handover_is_from_one_person_to_another_without_a_gap() -> None:
    night = at(2026, 6, 8, 1)
    alone = [shift("ENG-01", START, night), shift("ENG-01", night, END)]
    after_a_gap = [shift("ENG-01", START, night - SECOND), shift("ENG-02", night, END)]
    other_position = [shift("ENG-01", START, night), shift("ENG-02", night, END, position="secondary")]
    shadows = [shift("ENG-01", START, night, position="shadow"), shift("ENG-02", night, END, position="shadow")]
    for shifts in (alone, after_a_gap, other_position, shadows):
        assert house_findings(book(), shifts) == []


def test_a_handover_on_the_night_clocks_change_is_judged_by_the_wall_clock() -> None:
    early = RotaBook(
        rota=Rota(rota="one", name="One", zone=ZONE, layers=[]),
        starts_at=at(2026, 3, 27),
        ends_at=at(2026, 4, 2),
        known_from=at(2026, 3, 27),
        as_of=at(2026, 3, 27),
        members=[],
    )
    # 06:30 UTC is 06:30 in London the day before the clocks go forward, and 07:30 the day of it.
    for handover, warned in ((at(2026, 3, 28, 6, 30), True), (at(2026, 3, 29, 6, 30), False)):
        shifts = [shift("ENG-01", at(2026, 3, 27), handover), shift("ENG-02", handover, at(2026, 4, 2))]
        assert bool(house_findings(early, shifts)) is warned


NOTICE = at(2026, 6, 8, 9)


@pytest.mark.parametrize(("known_at", "warned"), [(at(2026, 5, 25, 9), False), (at(2026, 5, 25, 9, 0, 1), True)])
def test_notice_of_exactly_so_many_days_is_enough(known_at: datetime, warned: bool) -> None:
    found = house_findings(book(), [shift("ENG-01", NOTICE, END, known_at=known_at)])
    assert [one.rule for one in found] == (["notice"] if warned else [])
    if warned:
        assert (found[0].measured, found[0].limit, found[0].unit) == (13.99, 14, "days")


def test_days_of_notice_are_of_the_wall_clock() -> None:
    autumn = RotaBook(
        rota=Rota(rota="one", name="One", zone=ZONE, layers=[]),
        starts_at=at(2026, 10, 1),
        ends_at=at(2026, 11, 9),
        known_from=at(2026, 10, 1),
        as_of=at(2026, 10, 1),
        members=[],
    )
    begins = at(2026, 11, 2, 9)  # 14 days before 09:00 GMT is 09:00 BST, 08:00 UTC
    for known_at, warned in ((at(2026, 10, 19, 8), False), (at(2026, 10, 19, 8, 0, 1), True)):
        shifts = [shift("ENG-01", begins, at(2026, 11, 9), known_at=known_at)]
        assert bool(house_findings(autumn, shifts)) is warned


def test_what_is_only_planned_would_be_known_now() -> None:
    planned = [shift("ENG-01", NOTICE, END, known_at=None)]
    assert len(house_findings(book(as_of=at(2026, 5, 25, 9, 0, 1)), planned)) == 1
    assert house_findings(book(as_of=at(2026, 5, 25, 9)), planned) == []


@pytest.mark.parametrize(("source", "warned"), [("layer", 1), ("override", 1), ("swap", 0), ("take-over", 0)])
def test_what_was_agreed_needs_no_notice(
    source: Literal["layer", "override", "swap", "take-over"], warned: int
) -> None:
    assert len(house_findings(book(), [shift("ENG-01", NOTICE, END, source=source, known_at=START)])) == warned


def test_short_notice_is_one_finding_for_a_person_and_what_was_told_at_once() -> None:
    days = [at(2026, 6, day, 9) for day in (2, 3, 5, 6, 8)]
    shifts = [shift("ENG-01", day, day + timedelta(hours=8), known_at=START) for day in days]
    shifts.append(shift("ENG-02", at(2026, 6, 4), at(2026, 6, 5), known_at=START))
    shifts.append(shift("ENG-01", at(2026, 6, 10), at(2026, 6, 11), known_at=START + timedelta(hours=1)))
    found = of(house_findings(book(), shifts), "notice")
    assert [(one.persons, len(one.shifts)) for one in found] == [(["ENG-01"], 5), (["ENG-02"], 1), (["ENG-01"], 1)]
    assert "and 2 more" in found[0].sentence
    assert found[0].starts_at == days[0]
    assert found[0].ends_at == days[-1] + timedelta(hours=8)


def test_a_rotation_needs_no_notice_and_a_plan_does() -> None:
    rotation = layer(["ENG-01", "ENG-02"])
    late = Assigned(layer="primary", starts_at=at(2026, 6, 8, 8), person="ENG-03")
    one = book([rotation], assigned=[late], as_of=at(2026, 6, 1))
    assert [each.persons for each in of(house_findings(one, shifts_of(one)), "notice")] == [["ENG-03"]]


def _runs(order: Sequence[str], limit: int = 1, position: Position = "primary") -> list[Finding]:
    one = book([layer(order, position)], policy=RotaPolicy(turns_in_a_row=limit))
    return of(house_findings(one, shifts_of(one)), "turns-in-a-row")


def test_turns_in_a_row_are_one_finding_with_their_shifts() -> None:
    found = _runs(["ENG-01", "ENG-01", "ENG-02", "ENG-03"])
    (only,) = found
    assert (only.persons, only.measured, only.limit) == (["ENG-01"], 2, 1)
    assert (only.starts_at, only.ends_at) == (at(2026, 6, 1, 8), at(2026, 6, 15, 8))
    assert len(only.shifts) == 2
    assert _runs(["ENG-01", "ENG-01", "ENG-02", "ENG-03"], limit=2) == []
    assert _runs(["ENG-01", "ENG-01", "ENG-02"], position="shadow") == []
    assert _runs([]) == []


def test_turns_of_several_layers_are_not_one_after_the_other() -> None:
    layers = [layer(["ENG-01", "ENG-02"]), layer(["ENG-02", "ENG-01"], "secondary")]
    one = book(layers)
    assert of(house_findings(one, shifts_of(one)), "turns-in-a-row") == []


def test_an_assigned_turn_makes_or_breaks_a_run_and_a_change_does_not() -> None:
    turn = at(2026, 6, 8, 8)
    rotation = layer(["ENG-01", "ENG-02", "ENG-03"])
    given = Assigned(layer="primary", starts_at=turn, person="ENG-01", published_at=at(2026, 1, 1))
    made = book([rotation], assigned=[given])
    assert len(of(house_findings(made, shifts_of(made)), "turns-in-a-row")) == 1
    swap = Change(
        change="s-1",
        kind="swap",
        position="primary",
        person="ENG-01",
        starts_at=turn,
        ends_at=turn + timedelta(days=7),
        decided_at=START,
    )
    swapped = book([rotation], changes=[swap])
    assert of(house_findings(swapped, shifts_of(swapped)), "turns-in-a-row") == []


def test_a_run_that_ended_before_the_period_is_not_told() -> None:
    order = ["ENG-01", "ENG-01", "ENG-02", "ENG-03"]
    for starts_at, told in ((at(2026, 6, 15, 8) - SECOND, 1), (at(2026, 6, 15, 8), 0)):
        one = book([layer(order)], starts_at=starts_at)
        assert len(of(house_findings(one, shifts_of(one)), "turns-in-a-row")) == told


def _away(starts_at: datetime, ends_at: datetime, kind: Literal["away", "annual"] = "away") -> list[Finding]:
    one = Absence(absence="a-1", kind=kind, starts_at=starts_at, ends_at=ends_at, zone=ZONE)
    return house_findings(book(absences=[one]), [])


def test_a_deployment_away_may_touch_so_many_local_dates() -> None:
    begins = at(2026, 6, 1, 22, 59)  # 23:59 in London, on the 1st
    assert _away(begins, at(2026, 6, 5, 23)) == []  # until midnight: the 1st to the 5th
    (found,) = _away(begins, at(2026, 6, 5, 23, 1))
    assert (found.rule, found.persons, found.measured, found.limit) == ("length-away", ["ENG-01"], 6, 5)
    assert _away(begins, at(2026, 6, 12), "annual") == []


def test_a_long_deployment_is_told_where_it_overlaps_the_period() -> None:
    assert _away(at(2026, 5, 1), START) == []
    (found,) = _away(at(2026, 5, 1), START + SECOND)
    assert found.ends_at == START + SECOND
    (found,) = _away(END - SECOND, at(2026, 7, 30))
    assert found.ends_at == END
    assert _away(END, at(2026, 7, 30)) == []
