"""Where not every rule can be kept: which, for whom and when, in words, and the rota that breaks fewest."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import structs

from fleet.rota.rules.assessment import assess
from fleet.rota.solver.problem import with_assigned
from fleet.rota.solver.solve import solve
from protocols.rota.book import RotaBook
from protocols.rota.member import Busy, Competence, Member
from protocols.rota.model import Assigned, Requirement
from protocols.rota.solving import Solved, SolveLimits
from tests.support.rota_books import absence, book, change, layer, local, member, rota

PEOPLE = ("EN-03", "EN-04", "SU-01", "AP-02")
STARTS, CHRISTMAS, ENDS = local("2026-12-07T09:00"), local("2026-12-21T09:00"), local("2027-01-04T09:00")
WEEK = "from Mon 21 Dec 2026 09:00 GMT until Mon 28 Dec 2026 09:00 GMT"
AS_OF = local("2026-11-01T00:00")
PRIMARY = layer("primary", order=())
SECONDARY = layer("secondary", position="secondary", order=())


def unit(*members: Member, requirements: Sequence[Requirement] = ()) -> RotaBook:
    of = rota([PRIMARY, SECONDARY], members=[one.person for one in members])
    of = structs.replace(of, requirements=list(requirements))
    return book(of, starts_at=STARTS, ends_at=ENDS, as_of=AS_OF, members=members)


def engineers() -> list[Member]:
    return [member(person, role="engineer") for person in PEOPLE[:2]]


def solved(given: RotaBook) -> Solved:
    return solve(given, limits=SolveLimits(work_limit=30), on_progress=lambda _: None, should_stop=lambda: False)


def faults(given: RotaBook, found: Solved) -> list[str]:
    findings = assess(with_assigned(given, found.assigned)).findings
    return [one.rule for one in findings if one.answer in ("breach", "fault")]


def test_nobody_who_may_approve_is_said_with_everybody_who_could() -> None:
    supervisor = member("SU-01", absences=[absence(CHRISTMAS, CHRISTMAS + timedelta(days=2))])
    away = absence(CHRISTMAS + timedelta(days=3), CHRISTMAS + timedelta(days=5), kind="away")
    given = unit(*engineers(), supervisor, member("AP-02", role="approver", absences=[away]))
    found = solved(given)
    assert found.ended == "infeasible"
    assert found.conflicts == [f"nobody who may approve is free {WEEK}: SU-01 is on leave and AP-02 is away"]
    assert None not in {one.person for one in found.assigned}
    assert faults(given, found) == ["signers"], "every other week is as it has to be"


def test_a_turn_that_nobody_can_take_stays_empty_and_says_why_of_each() -> None:
    busy = Busy(rota="other", starts_at=CHRISTMAS, ends_at=CHRISTMAS + timedelta(days=1))
    off = [absence(CHRISTMAS, CHRISTMAS + timedelta(days=1), name=f"a-{i}") for i in range(2)]
    members = [
        member("SU-01", absences=[off[0]]),
        structs.replace(member("SU-02"), elsewhere=[busy]),
        structs.replace(member("SU-03"), valid_until=CHRISTMAS + timedelta(days=3)),
        member("SU-04"),
    ]
    given = unit(*members)
    found = solved(given)
    empty = [one for one in found.assigned if one.person is None]
    assert found.ended == "infeasible"
    assert [one.starts_at for one in empty if one.starts_at == CHRISTMAS] == [CHRISTMAS]
    [gap] = [one for one in found.conflicts if "21 Dec" in one and one.startswith("nobody can be")]
    term = "SU-03 has a term in the people list that ends on Thu 24 Dec 2026"
    for why in ("SU-01 is on leave", "SU-02 is on call on other", term):
        assert why in gap
    assert "SU-04 is needed as" in gap


def test_those_with_the_same_reason_are_told_together() -> None:
    off = [absence(CHRISTMAS, CHRISTMAS + timedelta(days=2), name=f"a-{i}") for i in range(2)]
    ended = CHRISTMAS + timedelta(days=3)
    members = [
        *(structs.replace(member(f"SU-0{i}"), valid_until=ended) for i in (1, 2, 3)),
        *(member(f"AP-0{i}", role="approver", absences=[off[i]]) for i in (0, 1)),
    ]
    found = solved(unit(*engineers(), *members))
    [first] = [one for one in found.conflicts if one.startswith(f"nobody who may approve is free {WEEK}")]
    assert "SU-01, SU-02 and SU-03 have a term in the people list that ends on Thu 24 Dec 2026" in first
    assert "AP-00 and AP-01 are on leave" in first


def test_who_lacks_what_everybody_needs_is_better_than_nobody() -> None:
    licence = Requirement(subject="driving-licence", who="each")
    members = [
        structs.replace(one, terms=structs.replace(one.terms, competences=[Competence(subject="driving-licence")]))
        for one in (member("SU-01"), member("SU-02"), member("SU-03"))
    ]
    members[1] = structs.replace(members[1], absences=[absence(CHRISTMAS, CHRISTMAS + timedelta(days=7))])
    members[2] = structs.replace(members[2], absences=[absence(CHRISTMAS, CHRISTMAS + timedelta(days=7))])
    given = unit(*members, member("EN-03", role="engineer"), requirements=[licence])
    found = solved(given)
    assert found.ended == "infeasible"
    assert [one.starts_at for one in found.assigned if one.person == "EN-03"] == [CHRISTMAS]
    [said] = found.conflicts
    assert said.startswith("EN-03, who lacks driving-licence, is the best there is as ")
    assert said.endswith(" and SU-02 and SU-03 are on leave")
    assert faults(given, found) == ["competence"]


def test_a_competence_that_nobody_has_is_said_once() -> None:
    given = unit(*(member(f"SU-{i:02}") for i in range(1, 5)), requirements=[Requirement(subject="wiring", level=3)])
    found = solved(given)
    said = [one for one in found.conflicts if "wiring at level 3" in one]
    assert len(said) == 4, "for each week's pair"
    assert all(one.endswith("the rota has no member who could") for one in said)


def test_who_has_a_turn_after_their_term_is_nobody_who_may_sign() -> None:
    gone = structs.replace(member("SU-01"), valid_until=CHRISTMAS)
    given = unit(*engineers(), gone, member("AP-02", role="approver"))
    fixed = Assigned(layer="primary", starts_at=CHRISTMAS, person="SU-01", fixed=True)
    given = structs.replace(given, assigned=[fixed])
    found = solved(given)
    assert found.ended == "infeasible"
    [said] = [one for one in found.conflicts if one.startswith(f"no two people who may sign are free {WEEK}")]
    assert "SU-01 has a term in the people list that ends on Mon 21 Dec 2026" in said
    assert faults(given, found) == ["signers", "term"]


def test_what_is_fixed_can_be_what_conflicts() -> None:
    given = unit(*engineers(), member("SU-01"), member("AP-02", role="approver"))
    fixed = [
        Assigned(layer=name, starts_at=CHRISTMAS, person=person, fixed=True)
        for name, person in (("primary", "EN-03"), ("secondary", "EN-04"))
    ]
    found = solved(structs.replace(given, assigned=fixed))
    assert set(fixed) <= set(found.assigned)
    assert found.conflicts == [f"nobody who may approve is free {WEEK}: no turn that could be given to anybody is then"]


def test_a_change_by_somebody_on_leave_does_not_count_as_there() -> None:
    leave = absence(CHRISTMAS, CHRISTMAS + timedelta(days=7))
    given = unit(*engineers(), member("SU-01", absences=[leave]), member("AP-02", role="approver"))
    override = change("override", "SU-01", CHRISTMAS, CHRISTMAS + timedelta(days=7))
    found = solved(structs.replace(given, changes=[override]))
    assert any(one.startswith("no two people who may sign are free from Mon 21 Dec") for one in found.conflicts)
    assert set(faults(structs.replace(given, changes=[override]), found)) == {"leave", "signers"}


def test_a_watch_too_long_for_the_law_is_said_and_not_hidden() -> None:
    people = [f"SU-{i:02}" for i in range(1, 7)]
    long = layer("watch", starts="2026-12-07T09:00", every=12, unit="hours", order=())
    of = structs.replace(rota([long], members=people), standby="workplace", signers=False, positions=["primary"])
    given = book(of, starts_at=STARTS, ends_at=STARTS + timedelta(days=3), as_of=AS_OF)
    found = solved(given)
    assert found.ended == "infeasible"
    assert None not in {one.person for one in found.assigned}
    assert len(found.conflicts) == len(found.assigned)
    assert all(
        ", who would work longer than 6 h without a break, is the best there is" in one for one in found.conflicts
    )
    assert set(faults(given, found)) == {"break"}
