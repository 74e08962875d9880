"""Everything that is found in a book at once, and what another book would change."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from fleet.rota.redaction import assessment_for, book_for
from fleet.rota.rules.assessment import assess, assess_cover, ordered
from fleet.rota.rules.comparison import compare
from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.findings import ANSWER_ORDER
from protocols.rota.load import Load
from protocols.rota.member import Absence, CallOut, Member, WorkingDay, WorkingTerms
from protocols.rota.model import Assigned, Layer, Rota, TurnLength

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
DUTY = [WorkingDay(weekday=day, from_time=time(9), until_time=time(17)) for day in range(5)]


def member(person: str, absences: Sequence[Absence] = ()) -> Member:
    return Member(
        person=person,
        role="supervisor" if person.startswith("SUP") else "engineer",
        valid_from=START - 100 * WEEK,
        valid_until=START + 100 * WEEK,
        terms=WorkingTerms(hours=DUTY),
        absences=list(absences),
    )


def book(
    *,
    secondary: Sequence[str] = ("SUP-01", "SUP-02"),
    absences: Sequence[Absence] = (),
    call_outs: Sequence[CallOut] = (),
    assigned: Sequence[Assigned] = (),
) -> RotaBook:
    week = TurnLength(every=1, unit="weeks")
    starts = datetime(2026, 6, 1, 9)  # noqa: DTZ001 - wall time
    layers = [
        Layer(layer="first", position="primary", starts=starts, turn=week, order=["ENG-01", "ENG-02"]),
        Layer(layer="second", position="secondary", starts=starts, turn=week, order=list(secondary)),
    ]
    people = [member("ENG-02"), member("SUP-01"), member("SUP-02")]
    return RotaBook(
        rota=Rota(rota="technical", name="Technical", zone="Europe/London", layers=layers),
        starts_at=START,
        ends_at=START + 4 * WEEK,
        known_from=START,
        as_of=START + 4 * WEEK,
        members=[member("ENG-01", absences), *people],
        bank_holidays=[date(2026, 5, 25)],
        call_outs=list(call_outs),
        assigned=list(assigned),
    )


LEAVE = Absence(
    absence="a-1", kind="annual", starts_at=START + WEEK / 7, ends_at=START + WEEK / 7 * 2, zone="Europe/London"
)
NIGHT = CallOut(
    call_out="c-1",
    person="SUP-01",
    left_home_at=START + timedelta(hours=17),
    returned_at=START + timedelta(hours=19, minutes=30),
)


def test_a_good_rota_has_no_findings_and_loses_no_points_for_any() -> None:
    found = assess(book())
    assert found.findings == []
    # Who is always primary has two turns more of it than who is always secondary: half of two measures of four.
    assert {part.name: part.of - part.points for part in found.quality.parts if part.points < part.of} == {
        "fairness": 5
    }
    assert [one.person for one in found.people] == ["ENG-01", "ENG-02", "SUP-01", "SUP-02"]


def test_findings_of_every_kind_come_by_time_the_worst_first() -> None:
    found = assess(book(absences=[LEAVE], call_outs=[NIGHT], secondary=("SUP-01", "SUP-01", "SUP-02")))
    assert {"daily-rest", "leave", "signers", "turns-in-a-row"} <= {one.rule for one in found.findings}
    places = [(one.starts_at, ANSWER_ORDER.index(one.answer)) for one in found.findings]
    assert places == sorted(places)
    assert ordered(reversed(found.findings)) == found.findings
    assert found.quality.score < 100


def test_cover_alone_is_what_the_whole_says_of_it() -> None:
    one = book(absences=[LEAVE], call_outs=[NIGHT], secondary=("SUP-01", "SUP-01", "SUP-02"))
    cover = [each for each in assess(one).findings if each.answer in ("fault", "warning")]
    assert assess_cover(one) == cover


def test_keys_tell_findings_apart() -> None:
    found = assess(book(absences=[LEAVE], call_outs=[NIGHT], secondary=("SUP-01",))).findings
    assert len({one.key for one in found}) == len(found) > 2


def test_the_same_book_compares_as_no_change() -> None:
    found = assess(book(absences=[LEAVE]))
    same = compare(found, found)
    assert (same.come, same.go, same.changed, same.loads) == ([], [], [], [])
    assert same.score_before == same.score_after == found.quality.score
    assert set(same.parts.values()) == {0.0}


def test_a_comparison_says_what_comes_what_goes_and_whose_load_changes() -> None:
    before = assess(book(absences=[LEAVE]))
    given = Assigned(layer="first", starts_at=START, person="ENG-02", published_at=START - 4 * WEEK)
    after = assess(book(absences=[LEAVE], assigned=[given]))
    what = compare(before, after)
    assert {one.rule for one in what.go} == {"leave", "signers"}
    assert {one.rule for one in what.come} == {"turns-in-a-row"}
    assert {one.person: one.load for one in what.loads} == {
        "ENG-01": Load(primary_h=-168, weekend_days=-2, nights=-7),
        "ENG-02": Load(primary_h=168, weekend_days=2, nights=7),
    }
    assert what.score_after > what.score_before
    assert what.parts["cover"] > 0 > what.parts["house"]
    back = compare(after, before)
    assert (back.come, back.go) == (what.go, what.come)


def test_a_finding_that_lasts_longer_is_a_changed_one() -> None:
    longer = Absence(
        absence="a-1", kind="annual", starts_at=LEAVE.starts_at, ends_at=LEAVE.ends_at + WEEK / 7, zone="Europe/London"
    )
    what = compare(assess(book(absences=[LEAVE])), assess(book(absences=[longer])))
    assert what.come == what.go == []
    assert {one.rule for one in what.changed} == {"leave", "signers"}
    assert {one.ends_at for one in what.changed} == {longer.ends_at}


def test_who_may_not_see_others_working_time_is_told_that_the_score_leaves_it_out() -> None:
    night = CallOut(call_out="C-1", person="ENG-01", left_home_at=START + 18 * HOUR, returned_at=START + 21 * HOUR)
    made = book(call_outs=[night])
    readers: list[tuple[str, Role]] = [("SUP-01", "supervisor"), ("ENG-01", "engineer"), ("ENG-02", "engineer")]
    found = [assessment_for(assess(book_for(made, who, role)), who, role) for who, role in readers]
    whole, own, others = ({one.name: one.sentence for one in seen.quality.parts} for seen in found)
    assert "divided" in whole["law"]
    assert "divided" in own["law"]
    assert others["law"] == "no finding of working time; others' working time is not shown to you"
    assert [name for name, sentence in own.items() if "shown to you" in sentence] == ["law", "fairness", "wishes"]
    assert "shown to you" not in "".join(whole.values())
