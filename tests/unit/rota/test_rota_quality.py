"""The score: full only when nothing is wrong, never raised by a finding more."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.fairness import loads
from fleet.rota.rules.quality import COVER_RULES, HOUSE_RULES, LAW_RULES, quality
from fleet.rota.rules.schedule import shifts_of
from protocols.rota.book import RotaBook
from protocols.rota.findings import Answer, Finding, Quality, QualityPart, RuleName
from protocols.rota.load import Load
from protocols.rota.member import Absence, Member, Wish
from protocols.rota.model import Layer, Position, Rota, Shift, TurnLength


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


START, END = at(1, 8), at(29, 8)
PEOPLE = ("ENG-01", "ENG-02", "ENG-03", "ENG-04")


def member(
    person: str, wishes: Sequence[Wish] = (), *, debt: Load | None = None, absences: Sequence[Absence] = ()
) -> Member:
    return Member(
        person=person,
        role="engineer",
        valid_from=at(-900),
        valid_until=at(900),
        wishes=list(wishes),
        debt=debt or Load(),
        absences=list(absences),
    )


def layer(position: Position, order: Sequence[str]) -> Layer:
    return Layer(
        layer=position,
        position=position,
        starts=datetime(2026, 6, 1, 9),  # noqa: DTZ001 - wall time
        turn=TurnLength(every=1, unit="weeks"),
        order=list(order),
    )


def book(*members: Member, order: Sequence[str] = PEOPLE, starts_at: datetime = START) -> RotaBook:
    """Four weeks, a turn as primary and one as secondary for each of four."""
    layers = [layer("primary", order), layer("secondary", [*order[1:], *order[:1]])]
    return RotaBook(
        rota=Rota(rota="technical", name="Technical", zone="Europe/London", layers=layers),
        starts_at=starts_at,
        ends_at=END,
        known_from=starts_at,
        as_of=starts_at,
        members=list(members) or [member(person) for person in PEOPLE],
    )


def finding(
    rule: RuleName, answer: Answer, starts_at: datetime = START, ends_at: datetime = START + timedelta(seconds=1)
) -> Finding:
    return Finding(
        key=f"{rule}:{starts_at}",
        rule=rule,
        regulation=None,
        answer=answer,
        persons=[],
        starts_at=starts_at,
        ends_at=ends_at,
        sentence="",
        remedy="",
    )


def score(a_book: RotaBook, *findings: Finding) -> Quality:
    return quality(a_book, shifts_of(a_book), findings)


def part(found: Quality, name: str) -> QualityPart:
    return next(one for one in found.parts if one.name == name)


def test_a_rota_with_nothing_wrong_has_all_points() -> None:
    found = score(book())
    assert found.score == 100
    assert [(one.name, one.points, one.of) for one in found.parts] == [
        ("cover", 40, 40),
        ("law", 25, 25),
        ("fairness", 20, 20),
        ("wishes", 10, 10),
        ("house", 5, 5),
    ]
    assert all(one.sentence for one in found.parts)
    assert [one.load for one in found.loads] == [one.load for one in loads(book(), shifts_of(book()))]


def test_a_part_is_full_only_when_nothing_at_all_is_wrong() -> None:
    assert part(score(book(), finding("cover", "fault")), "cover").points == 19.9
    assert part(score(book(), finding("run-of-days", "needs compensatory rest")), "law").points == 16.6
    assert part(score(book(), finding("handover", "warning")), "house").points == 4


def test_cover_is_by_the_hours_that_are_wrong_each_counted_once() -> None:
    week, half = timedelta(days=7), timedelta(days=14)
    one = finding("cover", "fault", START, START + week)
    same = finding("signers", "fault", START, START + week)
    rest = finding("leave", "fault", START + week, START + half)
    assert part(score(book(), one), "cover").points == 15
    assert part(score(book(), one, same), "cover").points == 15
    assert part(score(book(), one, same, rest), "cover").points == 10
    everything = finding("cover", "fault", START, END)
    assert part(score(book(), everything), "cover").points == 0


@pytest.mark.parametrize(
    ("answers", "points"),
    [
        (["breach"], 12.5),
        (["breach", "breach"], 8.3),
        (["needs compensatory rest", "needs compensatory rest"], 12.5),
        (["warning"], 20),
        (["ok"], 25),
    ],
)
def test_law_is_divided_by_what_was_found(answers: list[Answer], points: float) -> None:
    found = [finding("daily-rest", answer) for answer in answers]
    assert part(score(book(), *found), "law").points == points


def test_fairness_is_full_up_to_one_turn_apart_and_falls_beyond() -> None:
    # Four weeks among three: somebody has two turns of each, and that is as fair as whole turns can be.
    three = score(book(*(member(person) for person in PEOPLE[:3]), order=PEOPLE[:3]))
    assert three.spread["primary_h"] == 168
    assert part(three, "fairness").points == 20
    # One has it all, and the other nothing: four turns apart in every measure that there is.
    one = score(book(member("ENG-01"), member("ENG-02"), order=["ENG-01"]))
    assert one.spread["weekend_days"] == 8
    assert part(one, "fairness").points == 5


def test_a_debt_is_what_fairness_counts_in() -> None:
    indebted = [member("ENG-01", debt=Load(primary_h=-336)), *(member(person) for person in PEOPLE[1:])]
    found = score(book(*indebted))
    assert found.spread["primary_h"] == 336
    assert part(found, "fairness").points == 17.5  # one of four measures is two turns apart
    assert "hours as primary (336.0, a turn 168)" in part(found, "fairness").sentence


def test_days_away_may_be_one_deployment_apart() -> None:
    away = [
        Absence(absence=f"a-{i}", kind="away", starts_at=at(2 + 7 * i), ends_at=at(4 + 7 * i, 12), zone="Europe/London")
        for i in range(2)
    ]
    for count, points in ((1, 20.0), (2, 18.0)):
        people = [member("ENG-01", absences=away[:count]), *(member(person) for person in PEOPLE[1:])]
        assert part(score(book(*people)), "fairness").points == points


def wish(wants: str, starts_at: datetime, ends_at: datetime) -> Wish:
    return Wish(wish="w", wants="on" if wants == "on" else "off", starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize(
    ("wishes", "points"),
    [
        ([("on", at(1, 8), at(8, 8))], 10),
        ([("off", at(1, 8), at(8, 8))], 0),
        ([("off", at(8, 8), at(15, 8))], 10),
        ([("on", at(4, 20), at(11, 20))], 5),
        ([("off", at(1, 8), at(8, 8)), ("on", at(1, 8), at(8, 8))], 5),
        ([("off", at(-9), at(1, 8))], 10),
        ([("off", at(-9), at(1, 9))], 0),
    ],
)
def test_wishes_are_met_as_far_as_their_hours_are(wishes: list[tuple[str, datetime, datetime]], points: float) -> None:
    # ENG-01 is primary in the first week, and secondary in the last.
    wished = member("ENG-01", [wish(*one) for one in wishes])
    found = score(book(wished, *(member(person) for person in PEOPLE[1:])))
    assert part(found, "wishes").points == points


def test_a_rota_without_anything_has_nothing_to_share() -> None:
    empty = book(order=[])
    found = quality(empty, [], [])
    assert part(found, "fairness").points == 20
    assert set(found.spread.values()) == {0.0}


ANSWERS: tuple[Answer, ...] = ("breach", "fault", "needs compensatory rest", "warning", "ok")
RULES: tuple[RuleName, ...] = (*COVER_RULES, *LAW_RULES, *HOUSE_RULES)
FINDINGS = st.lists(
    st.builds(
        lambda rule, answer, first, length: finding(
            rule, answer, START + timedelta(hours=first), START + timedelta(hours=first + length)
        ),
        st.sampled_from(RULES),
        st.sampled_from(ANSWERS),
        st.integers(0, 600),
        st.integers(1, 72),
    ),
    max_size=12,
)


def test_every_rule_belongs_to_one_part() -> None:
    assert len(set(RULES)) == len(RULES)
    assert set(RULES) == set(RuleName.__args__)  # type: ignore[attr-defined]  # a Literal has them


@given(FINDINGS, FINDINGS)
def test_findings_more_never_raise_the_score(found: list[Finding], more: list[Finding]) -> None:
    before, after = score(book(), *found), score(book(), *found, *more)
    assert 0 <= after.score <= before.score <= 100
    for one, other in zip(before.parts, after.parts, strict=True):
        assert 0 <= other.points <= one.points <= one.of


@given(st.lists(st.sampled_from((*PEOPLE, "")), min_size=8, max_size=8))
def test_the_score_of_any_shifts_is_within_its_bounds(holders: list[str]) -> None:
    shifts = [
        Shift(
            starts_at=START + timedelta(days=7 * (i % 4)),
            ends_at=START + timedelta(days=7 * (i % 4) + 7),
            position="primary" if i < 4 else "secondary",
            person=person,
            source="layer",
            about="l",
        )
        for i, person in enumerate(holders)
        if person
    ]
    found = quality(book(), shifts, [])
    assert 0 <= found.score <= 100
    assert found.score == pytest.approx(sum(one.points for one in found.parts))
    assert all(0 <= one.points <= one.of for one in found.parts)
