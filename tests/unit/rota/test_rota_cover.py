"""Cover: somebody in each position, there, competent, and able to sign; every boundary from both sides."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from fleet.rota.rules.cover import cover_findings
from protocols.people import APPROVING_ROLES, REQUESTING_ROLES, Role
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding, RuleName
from protocols.rota.member import Absence, AbsenceKind, Busy, Competence, Member, WorkingTerms
from protocols.rota.model import Position, Requirement, Restriction, Rota, Shift

ZONE = "Europe/London"
HOUR = timedelta(hours=1)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """In June 2026, when London is an hour ahead of UTC."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


START, END = at(1), at(8)


def member(
    person: str,
    role: Role = "engineer",
    *,
    competences: Sequence[Competence] = (),
    absences: Sequence[Absence] = (),
    elsewhere: Sequence[Busy] = (),
    term: tuple[datetime, datetime] = (at(1) - 1000 * 24 * HOUR, at(1) + 1000 * 24 * HOUR),
) -> Member:
    return Member(
        person=person,
        role=role,
        valid_from=term[0],
        valid_until=term[1],
        terms=WorkingTerms(competences=list(competences)),
        absences=list(absences),
        elsewhere=list(elsewhere),
    )


def absence(kind: AbsenceKind, starts_at: datetime, ends_at: datetime) -> Absence:
    return Absence(absence="a-1", kind=kind, starts_at=starts_at, ends_at=ends_at, zone=ZONE)


def shift(person: str, position: Position, starts_at: datetime = START, ends_at: datetime = END) -> Shift:
    return Shift(starts_at=starts_at, ends_at=ends_at, position=position, person=person, source="layer", about="l")


def book(
    members: Sequence[Member],
    *,
    cover: Sequence[Restriction] = (),
    requirements: Sequence[Requirement] = (),
    signers: bool = False,
    known_from: datetime = START,
    starts_at: datetime = START,
) -> RotaBook:
    return RotaBook(
        rota=Rota(
            rota="technical",
            name="Technical",
            zone=ZONE,
            layers=[],
            cover=list(cover),
            requirements=list(requirements),
            signers=signers,
        ),
        starts_at=starts_at,
        ends_at=END,
        known_from=known_from,
        as_of=START,
        members=list(members),
    )


def spans(findings: Iterable[Finding], rule: RuleName) -> list[tuple[datetime, datetime]]:
    return [(one.starts_at, one.ends_at) for one in findings if one.rule == rule]


PAIR = [member("ENG-01"), member("SUP-01", "supervisor")]
FULL = [shift("ENG-01", "primary"), shift("SUP-01", "secondary")]


def test_nothing_is_found_where_everything_is_covered() -> None:
    assert cover_findings(book(PAIR, signers=True), FULL) == []


def test_a_position_without_anybody_is_a_fault_from_hour_to_hour() -> None:
    primary = [shift("ENG-01", "primary", START, at(3, 9)), shift("ENG-01", "primary", at(3, 9, 1), END)]
    found = cover_findings(book(PAIR), [*primary, shift("SUP-01", "secondary")])
    assert spans(found, "cover") == [(at(3, 9), at(3, 9, 1))]
    assert found[0].answer == "fault"
    assert found[0].sentence == ("nobody is primary from Wed 3 Jun 2026 10:00 BST until Wed 3 Jun 2026 10:01 BST")


def test_only_hours_of_cover_need_somebody() -> None:
    # Monday to Friday 18:00–08:00 local are 17:00–07:00 UTC; Tuesday night is not taken.
    nights = Restriction(weekdays=[0, 1, 2, 3, 4], from_time=time(18), until_time=time(8))
    shifts = [shift("ENG-01", position, START, at(2, 12)) for position in ("primary", "secondary")]
    shifts += [shift("SUP-01", position, at(3, 12), END) for position in ("primary", "secondary")]
    found = cover_findings(book(PAIR, cover=[nights]), shifts)
    assert spans(found, "cover") == [(at(2, 17), at(3, 7))] * 2


def test_who_could_take_a_gap_is_named_the_least_loaded_first() -> None:
    members = [
        *PAIR,
        member("ENG-02"),
        member("SUP-02", "supervisor", absences=[absence("annual", at(3), at(4))]),
        member("SUP-03", "supervisor", elsewhere=[Busy(rota="night", starts_at=at(2, 23), ends_at=at(3, 1))]),
        member("SUP-04", "supervisor", term=(at(3, 1), END)),
        member("SUP-05", "supervisor", absences=[absence("annual", at(3, 10), at(4))]),
        member("INS-01", "inspector"),
    ]
    gap = [
        shift("ENG-01", "primary"),
        shift("SUP-01", "secondary", START, at(3)),
        shift("SUP-01", "secondary", at(3, 10)),
    ]
    found = cover_findings(book(members, signers=True), gap)
    (only,) = [one for one in found if one.rule == "cover"]
    assert only.remedy.startswith("SUP-05 or SUP-01 are free and could take it; else ")
    assert [one.persons for one in found if one.rule == "signers"] == [["ENG-01"]]


def test_a_shadow_is_no_cover() -> None:
    found = cover_findings(book(PAIR), [shift("ENG-01", "primary"), shift("SUP-01", "shadow")])
    assert spans(found, "cover") == [(START, END)]
    away = [member("ENG-01"), member("SUP-01", absences=[absence("away", START, END)])]
    found = cover_findings(book(away), [shift("ENG-01", "primary"), shift("SUP-01", "shadow")])
    assert {one.rule for one in found} == {"cover"}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("annual", "leave"), ("sick", "leave"), ("family", "leave"), ("other", "leave"), ("away", "away")],
)
def test_who_is_absent_is_not_there(kind: AbsenceKind, rule: RuleName) -> None:
    absent = [member("ENG-01", absences=[absence(kind, at(3), at(4))]), PAIR[1]]
    found = cover_findings(book(absent, signers=True), FULL)
    assert spans(found, rule) == [(at(3), at(4))]
    assert spans(found, "signers") == [(at(3), at(4))]
    assert [one.persons for one in found if one.rule == "signers"] == [["SUP-01"]]
    assert found[0].shifts == [FULL[0]]
    assert len(found) == 2


def test_leave_that_only_touches_a_shift_is_none() -> None:
    absent = [member("ENG-01", absences=[absence("annual", at(3), at(4))]), PAIR[1]]
    around = [shift("ENG-01", "primary", START, at(3)), shift("ENG-01", "primary", at(4), END)]
    assert spans(cover_findings(book(absent), around), "leave") == []


def test_leaves_that_touch_are_one_and_kinds_of_rule_are_apart() -> None:
    absences = [
        absence("annual", at(3), at(4)),
        absence("sick", at(4), at(5)),
        absence("away", at(5), at(6)),
        absence("annual", at(6, 1), at(7)),
    ]
    found = cover_findings(book([member("ENG-01", absences=absences), PAIR[1]]), FULL)
    assert spans(found, "leave") == [(at(3), at(5)), (at(6, 1), at(7))]
    assert spans(found, "away") == [(at(5), at(6))]


def test_a_term_has_both_its_ends() -> None:
    found = cover_findings(book([member("ENG-01", term=(at(2), at(7))), PAIR[1]]), FULL)
    assert spans(found, "term") == [(START, at(2)), (at(7), END)]


def test_whose_term_has_begun_by_now_is_not_outside_it_before() -> None:
    given = book([member("ENG-01", term=(at(2), at(7))), PAIR[1]])
    assert spans(cover_findings(structs.replace(given, as_of=at(2)), FULL), "term") == [(at(7), END)]
    before = structs.replace(given, as_of=at(2) - HOUR)
    assert spans(cover_findings(before, FULL), "term") == [(START, at(2)), (at(7), END)]


def test_who_is_not_in_the_book_is_outside_their_term() -> None:
    found = cover_findings(book(PAIR, signers=True), [shift("ENG-09", "primary"), FULL[1]])
    assert spans(found, "term") == [(START, END)]
    assert spans(found, "signers") == [(START, END)]


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("engineer", "supervisor", True),
        ("engineer", "approver", True),
        ("supervisor", "supervisor", True),
        ("supervisor", "approver", True),
        ("engineer", "engineer", False),
        ("approver", "approver", False),
        ("engineer", "inspector", False),
        ("administrator", "supervisor", False),
    ],
)
def test_one_may_request_and_the_other_approve(one: Role, other: Role, may: bool) -> None:
    for first, second in ((one, other), (other, one)):
        people = [member("AA-01", first), member("AA-02", second)]
        shifts = [shift("AA-01", "primary"), shift("AA-02", "secondary")]
        assert (cover_findings(book(people, signers=True), shifts) == []) is may
        assert cover_findings(book(people), shifts) == []


def test_one_person_can_not_sign_with_themselves() -> None:
    found = cover_findings(book(PAIR, signers=True), [shift("SUP-01", "primary"), shift("SUP-01", "secondary")])
    assert spans(found, "signers") == spans(found, "double") == [(START, END)]


def test_signers_are_one_finding_for_each_two_people() -> None:
    people = [member(f"ENG-0{i}") for i in range(1, 4)] + [PAIR[1]]
    turns = [
        shift("ENG-01", "primary", START, at(3)),
        shift("ENG-02", "primary", at(3), at(5)),
        shift("ENG-03", "primary", at(5), END),
        shift("ENG-02", "secondary", START, at(3)),
        shift("ENG-01", "secondary", at(3), END),
    ]
    found = [one for one in cover_findings(book(people, signers=True), turns) if one.rule == "signers"]
    assert [(one.persons, one.starts_at, one.ends_at) for one in found] == [
        (["ENG-01", "ENG-02"], START, at(5)),
        (["ENG-01", "ENG-03"], at(5), END),
    ]
    assert found[0].remedy.startswith("SUP-01 is free and could take it")


ELECTRICAL = Requirement(subject="electrical", level=3)


@pytest.mark.parametrize(("level", "met"), [(2, False), (3, True), (4, True)])
def test_a_level_is_met_by_it_and_those_above(level: int, met: bool) -> None:
    people = [member("ENG-01", competences=[Competence(subject="electrical", level=level)]), PAIR[1]]
    assert (cover_findings(book(people, requirements=[ELECTRICAL]), FULL) == []) is met


def test_a_competence_lasts_to_the_end_of_its_day_local() -> None:
    ends = Competence(subject="electrical", level=3, valid_until=date(2026, 6, 4))
    people = [member("ENG-01", competences=[ends]), PAIR[1]]
    found = cover_findings(book(people, requirements=[ELECTRICAL]), FULL)
    assert spans(found, "competence") == [(at(4, 23), END)]
    assert found[0].persons == ["ENG-01", "SUP-01"]
    renewed = [member("ENG-01", competences=[ends, Competence(subject="electrical", level=5)]), PAIR[1]]
    assert cover_findings(book(renewed, requirements=[ELECTRICAL]), FULL) == []
    never = Competence(subject="electrical", level=3, valid_until=date.max)
    assert cover_findings(book([member("ENG-01", competences=[never]), PAIR[1]], requirements=[ELECTRICAL]), FULL) == []


def test_each_has_to_have_what_each_needs() -> None:
    licence = Requirement(subject="driving-licence", who="each")
    has = [Competence(subject="driving-licence")]
    people = [member("ENG-01", competences=has), member("SUP-01", "supervisor"), member("ENG-02", competences=has)]
    found = cover_findings(book(people, requirements=[licence]), FULL)
    assert [(one.persons, one.starts_at, one.ends_at) for one in found] == [(["SUP-01"], START, END)]
    assert found[0].remedy.startswith("ENG-02 is free")
    both = [people[0], member("SUP-01", competences=has)]
    assert cover_findings(book(both, requirements=[licence]), FULL) == []


def test_who_is_to_bring_a_competence_has_it() -> None:
    has = [Competence(subject="electrical", level=3)]
    people = [*PAIR, member("SUP-02", "supervisor"), member("SUP-03", "supervisor", competences=has)]
    alone = [shift("ENG-01", "primary")]
    found = cover_findings(book(people, requirements=[ELECTRICAL], signers=True), alone)
    remedies = {one.rule: one.remedy.partition(" free")[0] for one in found}
    assert remedies == {"cover": "SUP-03 is", "signers": "SUP-03 is", "competence": "SUP-03 is"}


def test_where_nobody_is_there_no_competence_is_asked_for() -> None:
    found = cover_findings(book(PAIR, requirements=[ELECTRICAL]), [])
    assert {one.rule for one in found} == {"cover"}


def test_on_call_elsewhere_is_a_fault_where_it_overlaps() -> None:
    elsewhere = [Busy(rota="night", starts_at=at(2), ends_at=at(3)), Busy(rota="north", starts_at=at(3), ends_at=at(4))]
    people = [member("ENG-01", elsewhere=elsewhere), PAIR[1]]
    shifts = [shift("ENG-01", "primary", at(2, 12), at(3, 12)), FULL[1]]
    found = cover_findings(book(people), shifts)
    assert spans(found, "double") == [(at(2, 12), at(3)), (at(3), at(3, 12))]
    touching = [shift("ENG-01", "primary", at(4), END), FULL[1]]
    assert spans(cover_findings(book(people), touching), "double") == []


def test_a_key_stays_when_the_period_begins_later() -> None:
    keys = [
        [one.key for one in cover_findings(book(PAIR, starts_at=start), [FULL[0]])] for start in (START, at(2), at(5))
    ]
    assert keys[0] == keys[1] == keys[2] != []
    (only,) = cover_findings(book(PAIR, starts_at=at(5)), [FULL[0]])
    assert only.starts_at == at(5)


def test_what_was_before_the_period_is_not_told() -> None:
    late = [FULL[0], shift("SUP-01", "secondary", at(3), END)]
    assert len(cover_findings(book(PAIR, starts_at=at(3) - timedelta(seconds=1)), late)) == 1
    assert cover_findings(book(PAIR, starts_at=at(3)), late) == []


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_of_cover_in_which_clocks_change_has_its_real_hours(day: date, hours: int) -> None:
    sundays = Restriction(weekdays=[6], from_time=time(0), until_time=time(0))
    noon = datetime.combine(day, time(12), UTC)
    changed = RotaBook(
        rota=Rota(rota="one", name="One", zone=ZONE, layers=[], cover=[sundays], positions=["primary"], signers=False),
        starts_at=noon - 60 * HOUR,
        ends_at=noon + 60 * HOUR,
        known_from=noon - 60 * HOUR,
        as_of=noon,
        members=PAIR,
    )
    (only,) = cover_findings(changed, [])
    assert only.ends_at - only.starts_at == hours * HOUR


PEOPLE = ("ENG-01", "SUP-01", "ENG-02", "APP-01")
ROLES: tuple[Role, ...] = ("engineer", "supervisor", "engineer", "approver")
HOURS = 7 * 24
CUTS = st.lists(st.integers(1, HOURS - 1), max_size=8, unique=True).map(sorted)
PIECE = st.tuples(st.integers(0, HOURS - 1), st.integers(1, 40))


@st.composite
def books(draw: st.DrawFn) -> tuple[RotaBook, list[Shift]]:
    members = []
    kinds: st.SearchStrategy[AbsenceKind] = st.sampled_from(("annual", "away"))
    for person, role in zip(PEOPLE, ROLES, strict=True):
        absences = [
            absence(draw(kinds), START + first * HOUR, START + (first + length) * HOUR)
            for first, length in draw(st.lists(PIECE, max_size=2))
        ]
        elsewhere = [
            Busy(rota="other", starts_at=START + first * HOUR, ends_at=START + (first + length) * HOUR)
            for first, length in draw(st.lists(PIECE, max_size=1))
        ]
        until = draw(st.sampled_from((None, date(2026, 6, 3), date(2026, 5, 1))))
        competences = [Competence(subject="electrical", level=draw(st.integers(2, 4)), valid_until=until)]
        members.append(member(person, role, competences=competences, absences=absences, elsewhere=elsewhere))
    shifts: list[Shift] = []
    for position in ("primary", "secondary"):
        for first, last in pairwise([0, *draw(CUTS), HOURS]):
            holder = draw(st.sampled_from((*PEOPLE, None)))
            if holder is not None:
                shifts.append(shift(holder, position, START + first * HOUR, START + last * HOUR))
    cover = [Restriction(weekdays=[0, 1, 5], from_time=time(9), until_time=time(2))] if draw(st.booleans()) else []
    requirements = [ELECTRICAL, Requirement(subject="electrical", level=2, who="each")]
    return book(members, cover=cover, requirements=requirements, signers=True), sorted(shifts)


def _by_hour(a_book: RotaBook, shifts: list[Shift], now: datetime) -> set[tuple[str, str]]:
    """What is wrong in one hour, asked directly."""
    members = {one.person: one for one in a_book.members}
    local = now + HOUR
    covered = not a_book.rota.cover or (
        (local.weekday() in (0, 1, 5) and local.hour >= 9) or (local.weekday() in (1, 2, 6) and local.hour < 2)
    )
    on_call = [(one.person, one.position) for one in shifts if one.starts_at <= now < one.ends_at]
    wrong: set[tuple[str, str]] = set()
    there = {person for person, _ in on_call}
    for person in sorted(there):
        for one in members[person].absences:
            if one.starts_at <= now < one.ends_at:
                wrong.add(("away" if one.kind == "away" else "leave", person))
                there.discard(person)
        busy = any(one.starts_at <= now < one.ends_at for one in members[person].elsewhere)
        if busy or len([each for each, _ in on_call if each == person]) > 1:
            wrong.add(("double", person))
    if not covered:
        return wrong
    wrong |= {("cover", "") for position in ("primary", "secondary") if position not in {each for _, each in on_call}}
    roles = {person: members[person].role for person in there}
    if not any(
        one != other and roles[one] in REQUESTING_ROLES and roles[other] in APPROVING_ROLES
        for one in there
        for other in there
    ):
        wrong.add(("signers", " ".join(sorted(there))))

    def has(person: str, level: int) -> bool:
        (one,) = members[person].terms.competences
        return one.level >= level and (one.valid_until is None or local.date() <= one.valid_until)

    if there and not any(has(person, 3) for person in there):
        wrong.add(("competence", " ".join(sorted(there))))
    return wrong | {("competence", person) for person in there if not has(person, 2)}


@given(books())
@settings(max_examples=60)
def test_findings_are_what_asking_hour_by_hour_says(drawn: tuple[RotaBook, list[Shift]]) -> None:
    a_book, shifts = drawn
    found = cover_findings(a_book, shifts)
    assert len({one.key for one in found}) == len(found)
    for i in range(HOURS):
        now = START + i * HOUR
        told = {(one.rule, " ".join(one.persons)) for one in found if one.starts_at <= now < one.ends_at}
        assert told == _by_hour(a_book, shifts, now)


@given(books())
@settings(max_examples=60)
def test_findings_of_a_kind_never_touch(drawn: tuple[RotaBook, list[Shift]]) -> None:
    found = cover_findings(*drawn)
    for one in found:
        assert START <= one.starts_at < one.ends_at <= END
        for other in found:
            same = one.key.rsplit(":", 1)[0] == other.key.rsplit(":", 1)[0]
            assert one is other or not same or one.ends_at < other.starts_at or other.ends_at < one.starts_at
