"""What the rota's rooms say, worked out without a screen: days, boards, drafts, years, shares, forms, plans."""

from datetime import date, datetime, timedelta

import msgspec
import pytest

from fleet.rota.bank_holidays import bank_holidays
from fleet.rota.rules.assessment import assess
from fleet.rota.rules.comparison import compare
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import Turn, turns
from protocols.api.rotas import PlanView, RotaView, Solving
from protocols.rota.book import RotaBook
from protocols.rota.load import MEASURES
from protocols.rota.member import CompensatoryRest, Competence, Wish, WorkingTerms
from protocols.rota.model import Assigned, Requirement
from tests.support.rota_books import (
    LONDON,
    absence,
    book,
    call_out,
    change,
    layer,
    local,
    member,
    office_hours,
    rota,
    two_layers,
)
from tui.paint import Line, line_width
from tui.rota_below import candidate_lines, day_lines, kept_to, what_if_lines
from tui.rota_board import COMPACT_LINES, ROOMY_LINES, Look, heads_line, lines_a_week, week_lines
from tui.rota_compare import amount, comparison_lines
from tui.rota_days import RotaDay, counts_of, dates_of_turn, days_of, month_step, period_of, weeks_of
from tui.rota_draft import Draft, candidates
from tui.rota_fairness_lines import bar_lines, fairness_lines
from tui.rota_forms import Unclear, changed_rota_of, new_rota_of, requirements_of, requirements_text, solve_of
from tui.rota_holidays import holiday_name
from tui.rota_plan_lines import gap_words, plan_line, progress_lines, step_values
from tui.rota_words import day_line, finding_lines, held_words
from tui.rota_year_lines import expiry_words, year_lines

MARCH = date(2026, 3, 1)
NOW = local("2026-03-10T12:00")


def text_of(lines: Line | list[Line]) -> str:
    listed = lines if isinstance(lines, list) else [lines]
    return "\n".join("".join(span.text for span in line) for line in listed)


def month_book(month: date = MARCH, **changed: object) -> RotaBook:
    """The weeks of a month of the four people's rota, known for a while before."""
    window = period_of(*weeks_of(month), LONDON)
    known_from = window.starts_at - timedelta(weeks=4)
    made = book(starts_at=window.starts_at, ends_at=window.ends_at, known_from=known_from, as_of=NOW)
    return msgspec.structs.replace(made, **changed)


def month_days(of: RotaBook, month: date = MARCH) -> dict[date, RotaDay]:
    found = assess(of).findings
    days = days_of(of, shifts_of(of), found, *weeks_of(month), NOW)
    return {one.day: one for one in days}


def turn_at(of: RotaBook, wall: str, name: str = "primary-weeks") -> Turn:
    at = local(wall)
    (found,) = turns(
        next(one for one in of.rota.layers if one.layer == name), LONDON, Span(at, at + timedelta(hours=1))
    )
    return found


def test_every_bank_holiday_of_a_decade_that_comes_each_year_has_its_name() -> None:
    unnamed = [
        day for day in bank_holidays(date(2021, 1, 1), date(2032, 12, 31)) if holiday_name(day) == "bank holiday"
    ]
    jubilees = [date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8)]
    assert unnamed == jubilees
    assert holiday_name(date(2026, 12, 28)) == "Boxing Day, given instead"
    assert holiday_name(date(2027, 12, 27)) == "Christmas Day, given instead"
    assert holiday_name(date(2022, 12, 27)) == "Christmas Day, given instead"
    assert holiday_name(date(2024, 3, 29)) == "Good Friday"


def test_a_month_has_whole_weeks_and_steps_over_years() -> None:
    assert weeks_of(date(2026, 3, 31)) == (date(2026, 2, 23), date(2026, 4, 5))
    assert month_step(date(2026, 12, 24), 1) == date(2027, 1, 1)
    assert month_step(date(2026, 1, 24), -1) == date(2025, 12, 1)


def test_a_day_says_who_takes_over_and_what_is_special() -> None:
    of = month_book(bank_holidays=[date(2026, 4, 3)])
    days = month_days(of)
    monday, tuesday = days[date(2026, 3, 9)].held["primary"], days[date(2026, 3, 10)].held["primary"]
    assert (monday.person, monday.hands_over, monday.others) == ("TO-12", True, 1)
    assert (tuesday.person, tuesday.hands_over, tuesday.others) == ("TO-12", False, 0)
    assert days[date(2026, 3, 29)].extra_h == -1
    assert days[date(2026, 4, 3)].holiday == "Good Friday"
    assert "clocks go forward: 23 hours" in text_of(day_line(days[date(2026, 3, 29)], MARCH))
    assert "bank holiday: Good Friday" in text_of(day_line(days[date(2026, 4, 3)], MARCH))


def test_who_is_cut_where_the_book_begins_takes_nothing_over() -> None:
    of = month_book(known_from=local("2026-02-25T00:00"), starts_at=local("2026-02-25T00:00"))
    held = month_days(of)[date(2026, 2, 25)].held["primary"]
    assert held.person == "TO-14"
    assert not held.hands_over


def test_a_gap_is_loud_from_now_on_and_quiet_once_it_is_over() -> None:
    nobody = [
        Assigned(layer="primary-weeks", starts_at=local(f"2026-03-{day}T09:00"), person=None) for day in ("02", "16")
    ]
    days = month_days(month_book(assigned=nobody))
    assert days[date(2026, 3, 4)].held["primary"].gap == "was"
    assert days[date(2026, 3, 16)].held["primary"].gap == "gap"
    words = held_words(days[date(2026, 3, 16)].held["primary"], date(2026, 3, 16), LONDON, utc=False)
    assert words == "TO-12 until 09:00 by primary-weeks, then NOBODY"
    assert held_words(days[date(2026, 3, 18)].held["primary"], date(2026, 3, 18), LONDON, utc=False).startswith(
        "nobody"
    )


def test_a_change_by_hand_says_so() -> None:
    one = change("override", "TO-14", local("2026-03-11T09:00"), local("2026-03-12T09:00"), name="c-7")
    day = month_days(month_book(changes=[one]))[date(2026, 3, 11)]
    assert (
        "TO-12 until 09:00 by primary-weeks, then TO-14 from 09:00 until Thu 12 Mar 09:00 by override c-7"
        in text_of(day_lines(day, MARCH, LONDON, 100, utc=False))
    )


def test_leave_while_on_call_is_marked_and_explained() -> None:
    people = [member(one) for one in ("TO-11", "TO-13", "TO-14")]
    away = absence(local("2026-03-10T00:00"), local("2026-03-12T00:00"))
    of = month_book(members=[*people, member("TO-12", absences=[away])])
    day = month_days(of)[date(2026, 3, 11)]
    shown = text_of(week_lines([day] * 7, Look(MARCH, NOW.date(), MARCH), 80, COMPACT_LINES))
    assert "TO-12L" in shown
    told = text_of(day_lines(day, MARCH, LONDON, 79, utc=False, remedy=True))
    assert "fault: TO-12 is on call and on leave" in " ".join(told.split())
    assert "→" in told


def test_averages_over_weeks_are_told_where_they_end() -> None:
    members = [member(one, hours=office_hours("06:00", "20:00")) for one in ("TO-11", "TO-12", "TO-13", "TO-14")]
    of = month_book(members=members, known_from=local("2025-09-01T00:00"))
    days = month_days(of).values()
    with_average = [one.day for one in days if any(found.rule == "weekly-average" for found in one.findings)]
    assert with_average
    assert all(day.weekday() in {0, 6} for day in with_average)


@pytest.mark.parametrize(("width", "height", "lines"), [(80, 17, COMPACT_LINES), (160, 41, ROOMY_LINES)])
def test_every_line_of_a_board_fits(width: int, height: int, lines: int) -> None:
    days = list(month_days(month_book()).values())
    assert lines_a_week(width, height, len(days) // 7) == lines
    look = Look(MARCH, NOW.date(), date(2026, 3, 17), zone=LONDON)
    board = [line for week in range(6) for line in week_lines(days[week * 7 :][:7], look, width, lines)]
    assert len(board) == 6 * lines
    assert all(line_width(line) <= width for line in [heads_line(width, MARCH), *board])
    assert "▸17" in text_of(board)
    assert "▌TO-12" in text_of(board)


def test_the_days_of_one_person_stand_out() -> None:
    days = list(month_days(month_book()).values())[:7]
    look = Look(MARCH, NOW.date(), MARCH, person="TO-11", absent=frozenset({days[2].day}))
    lines = week_lines(days, look, 80, COMPACT_LINES)
    tones = {span.tone for line in lines for span in line if span.text == "TO-11"}
    assert tones == {"strong"}
    assert "ab" in text_of(lines)


def test_the_dates_of_a_turn_are_those_whose_noon_it_has() -> None:
    assert dates_of_turn(turn_at(month_book(), "2026-03-10T12:00"), LONDON) == (date(2026, 3, 9), date(2026, 3, 15))
    nights = rota([layer("nights", starts="2026-01-05T20:00", every=12, unit="hours")])
    of = msgspec.structs.replace(month_book(), rota=nights)
    assert dates_of_turn(turn_at(of, "2026-03-10T22:00", "nights"), LONDON) == (date(2026, 3, 10), date(2026, 3, 10))


def test_a_draft_gives_undoes_and_does_again() -> None:
    of, draft = month_book(), Draft()
    turn = turn_at(of, "2026-03-18T12:00")
    assert draft.person(turn, of) == "TO-13"
    draft.give(turn, "TO-11", of)
    draft.give(turn, None, of)
    assert draft.person(turn, of) is None
    assert draft.is_unsaved
    assert draft.can_undo
    draft.undo()
    assert draft.person(turn, of) == "TO-11"
    draft.redo()
    assert draft.person(turn, of) is None
    draft.undo()
    draft.undo()
    assert draft.is_empty
    assert not draft.is_unsaved


def test_giving_a_turn_back_leaves_nothing_in_the_draft() -> None:
    of, draft = month_book(), Draft()
    turn = turn_at(of, "2026-03-18T12:00")
    draft.give(turn, "TO-11", of)
    draft.give(turn, "TO-13", of)
    assert draft.is_empty
    draft.fix(turn, of)
    (kept,) = draft.assigned
    assert (kept.person, kept.fixed) == ("TO-13", True)
    draft.fix(turn, of)
    assert draft.is_empty


def test_who_keeps_a_turn_knows_of_it_already() -> None:
    of, draft = month_book(), Draft()
    turn = turn_at(of, "2026-03-18T12:00")
    draft.fix(turn, of)
    rules = {one.rule for one in assess(draft.book(of)).findings}
    assert "notice" not in rules
    draft.give(turn, "TO-11", of)
    assert "notice" in {one.rule for one in assess(draft.book(of)).findings}


def test_a_draft_that_was_saved_is_for_the_period_it_was_made_for() -> None:
    of = month_book()
    shown = Span(of.starts_at, of.ends_at)
    later = local("2026-06-01T09:00")
    draft = Draft([Assigned(layer="primary-weeks", starts_at=later, person="TO-11")], plan="p")
    assert draft.plan == "p"
    assert not draft.is_unsaved
    assert draft.period(shown).starts_at == shown.starts_at
    assert draft.period(shown).ends_at > later


def test_members_who_can_not_take_a_turn_say_why() -> None:
    leave = absence(local("2026-03-17T00:00"), local("2026-03-18T00:00"))
    away = absence(local("2026-03-20T00:00"), local("2026-03-21T00:00"), kind="away")
    people = [
        member("TO-11", absences=[leave]),
        member("TO-12", absences=[away]),
        msgspec.structs.replace(member("TO-13"), valid_until=local("2026-03-19T00:00")),
        member("TO-14"),
    ]
    of = month_book(members=people)
    found = candidates(of, turn_at(of, "2026-03-18T12:00"), shifts_of(of))
    assert [(one.person, one.hinders) for one in found] == [
        ("TO-11", "leave"),
        ("TO-12", "away"),
        ("TO-13", "out of term"),
        ("TO-14", "secondary"),
    ]
    assert "1 TO-11 leave  2 TO-12" in text_of(candidate_lines(found, "TO-13", 79))


def test_what_a_draft_brings_and_ends() -> None:
    nobody = [Assigned(layer="primary-weeks", starts_at=local("2026-03-16T09:00"), person=None)]
    of, draft = month_book(assigned=nobody), Draft()
    draft.give(turn_at(of, "2026-03-18T12:00"), "TO-13", of)
    before, after = assess(of), assess(draft.book(of))
    lines = text_of(what_if_lines(compare(before, after), 79, is_checking=False))
    assert "ends 2 faults" in lines
    assert "− fault: nobody is primary" in lines
    told = comparison_lines(before, after, 78)
    assert max(line_width(line) for line in told) <= 78
    page = text_of(told)
    assert "LOAD BEYOND THE SHARE" in page
    assert "TO-13" in page
    assert "→ " in page


def test_long_lists_say_what_shows_the_rest() -> None:
    lines: list[Line] = [()] * 9
    assert len(kept_to(lines, 4, "w")) == 4
    assert "6 lines more: w shows all" in text_of(kept_to(lines, 4, "w"))
    assert kept_to(lines[:4], 4, "w") == lines[:4]


def test_hours_are_told_in_weeks() -> None:
    assert amount("primary_h", 84) == "0.5 wk"
    assert amount("nights", 7) == "7"
    assert amount("nights", -2.5, signed=True) == "-2.5"


def test_a_year_has_marks_answers_and_competences() -> None:
    expiring = Competence(subject="electrical", level=3, evidence="BTEC L3", valid_until=date(2026, 4, 1))
    one = member("TO-11", absences=[absence(local("2026-07-01T00:00"), local("2026-07-03T00:00"))])
    wish = Wish(wish="w", wants="off", starts_at=local("2026-08-05T00:00"), ends_at=local("2026-08-06T00:00"))
    one = msgspec.structs.replace(one, wishes=[wish], terms=WorkingTerms(competences=[expiring], hours=office_hours()))
    rest = CompensatoryRest(
        rest="r", person="TO-11", starts_at=local("2026-09-02T09:00"), ends_at=local("2026-09-02T17:00")
    )
    of = book(
        starts_at=local("2026-01-01T00:00"),
        ends_at=local("2027-01-01T00:00"),
        as_of=NOW,
        members=[one, *[member(person) for person in ("TO-12", "TO-13", "TO-14")]],
        call_outs=[call_out("TO-11", local("2026-01-07T23:00"), local("2026-01-08T03:00"))],
    )
    of = msgspec.structs.replace(of, rests=[rest])
    for width in (79, 159):
        text = text_of(year_lines(of, shifts_of(of), assess(of), "TO-11", 2026, width))
        rows = text.split("\n")
        assert rows[1].startswith(" Jan ")
        cell = 4 if width > 100 else 2
        assert rows[1][5 + 4 * cell] == "P"
        assert rows[1][5 + 6 * cell + 1] == "c"
        assert rows[7][5 + 1] == "L"
        assert rows[8][5 + 4 * cell + 1] == "−"
        assert rows[9][5 + 1 * cell + 1] == "R"
        assert "reg. 10(1)" in text
        assert "at least 11" in text
        assert "electrical level 3" in text
        assert "until 1 Apr 2026" in text
        assert [row for row in rows if len(row) > width] == []


def test_who_may_not_see_working_time_is_told_whose_it_is() -> None:
    of = month_book()
    found = msgspec.structs.replace(assess(of), people=[])
    assert "seen by themselves" in text_of(year_lines(of, shifts_of(of), found, "TO-12", 2026, 79))


def test_competences_that_end_say_so() -> None:
    assert expiry_words(date(2026, 3, 9), date(2026, 3, 10)).tone == "bad"
    assert expiry_words(date(2026, 3, 20), date(2026, 3, 10)).tone == "fair"
    assert expiry_words(date(2027, 3, 20), date(2026, 3, 10)).tone == "plain"
    assert expiry_words(None, date(2026, 3, 10)).text == "does not expire"


def test_bars_stand_beside_the_share() -> None:
    of = month_book()
    found = assess(of)
    lines = bar_lines(found.quality.loads, "nights", 79)
    assert all(line_width(line) <= 79 for line in lines)
    assert all("|" in text_of(line) for line in lines)
    assert text_of(lines[0]).count("▇") >= text_of(lines[-1]).count("▇")
    days = list(month_days(of).values())
    told = fairness_lines(found, days, MEASURES[0], 78)
    assert max(line_width(line) for line in told) <= 78
    page = text_of(told)
    assert "QUALITY" in page
    assert "Mar 2026" in page
    assert "apart" in page


def test_the_form_of_a_new_rota() -> None:
    values = {
        "rota": "technical",
        "name": "Technical on-call",
        "zone": LONDON,
        "starts": "2026-12-07",
        "handover": "09:00",
        "members": "to-12, TO-13 TO-14",
        "secondary": "yes",
        "allowance": "12.5",
    }
    made = new_rota_of(values)
    assert made.version == 0
    assert made.rota.members == ["TO-12", "TO-13", "TO-14"]
    primary, secondary = made.rota.layers
    assert (primary.order[1], primary.starts) == (secondary.order[0], datetime.fromisoformat("2026-12-07T09:00"))
    assert made.rota.allowance_permille == 125
    assert new_rota_of({**values, "secondary": "no"}).rota.positions == ["primary"]


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("rota", "T", "short name"),
        ("starts", "2026-12-08", "the next is 2026-12-14"),
        ("starts", "soon", "a date as"),
        ("handover", "9", "time of day"),
        ("members", "TO-12", "two ids or more"),
        ("members", "TO-12 TO-12", "twice"),
        ("members", "Jane Joe", "is no id"),
        ("zone", "Europe/Londen", "zone"),
        ("allowance", "7", "0, 5, 10, 12.5"),
        ("secondary", "maybe", "yes or no"),
        ("name", "", "name"),
    ],
)
def test_the_form_says_what_is_wrong(field: str, text: str, says: str) -> None:
    values = {
        "rota": "technical",
        "name": "Technical",
        "zone": LONDON,
        "starts": "2026-12-07",
        "handover": "09:00",
        "members": "TO-12 TO-13",
        "secondary": "no",
        "allowance": "5",
    }
    with pytest.raises(Unclear) as raised:
        new_rota_of({**values, field: text})
    assert says in raised.value.says
    assert raised.value.field == field


def test_a_rota_is_changed_by_a_form_but_for_its_turns() -> None:
    view = RotaView(rota=rota(), version=3, changed_by="SU-02", changed_at=NOW, ended_at=None)
    values = {
        "name": "Technical",
        "members": "TO-11 TO-12 TO-13 TO-14 TO-15",
        "requirements": "electrical 3, driving-licence each",
        "signers": "no",
        "allowance": "10",
        "handover": "08:00-18:00",
        "notice_days": "7",
        "away_days": "4",
        "run_days": "10",
        "turns_in_a_row": "2",
        "weekly_rest": "fortnight",
        "remind_h": "48",
    }
    made = changed_rota_of(values, view)
    assert made.version == 3
    assert made.rota.layers == view.rota.layers
    assert made.rota.policy.run_days == 10
    assert requirements_text(made.rota.requirements) == "electrical 3 pair, driving-licence each"
    for field, text in (("members", "TO-11 TO-12"), ("run_days", "0"), ("weekly_rest", "month"), ("handover", "8")):
        with pytest.raises(Unclear) as raised:
            changed_rota_of({**values, field: text}, view)
        assert raised.value.field == field
    assert requirements_of("") == []
    assert requirements_of("unit:van-kit each") == [Requirement(subject="unit:van-kit", who="each")]
    with pytest.raises(Unclear):
        requirements_of("electrical sometimes")


def test_the_form_of_a_solver() -> None:
    values = {"from": "2026-12-07", "until": "26 weeks", "seed": "1", "work": "60", "keep": "yes"}
    made = solve_of(values, LONDON)
    assert made.starts_at == local("2026-12-07T00:00")
    assert made.ends_at == local("2027-06-07T00:00")
    assert made.keep
    for field, text in (("until", "2026-12-07"), ("until", "120 weeks"), ("work", "0"), ("seed", "-1"), ("from", "x")):
        with pytest.raises(Unclear) as raised:
            solve_of({**values, field: text}, LONDON)
        assert raised.value.field == field


def a_plan(solving: Solving | None, state: str = "solving") -> PlanView:
    return PlanView(
        plan="plan-1",
        rota="technical",
        starts_at=local("2026-12-07T00:00"),
        ends_at=local("2027-06-07T00:00"),
        based_on=1,
        state=state,  # type: ignore[arg-type]  # the states below are right
        made_by="SU-02",
        made_at=NOW,
        assigned=[],
        solving=solving,
        counts=None,
        quality=None,
        published_by=None,
        published_at=None,
    )


def test_progress_says_how_good_it_can_still_get() -> None:
    none_yet = Solving(seed=1, elapsed_s=0.4, found=0, objective=None, bound=None, ended=None)
    assert gap_words(none_yet) == "—"
    assert "cost      —" in text_of(progress_lines(a_plan(none_yet), LONDON, 79))
    trace = [(1.0, 900.0), (2.0, 500.0), (4.0, 400.0)]
    some = Solving(seed=1, elapsed_s=8.0, found=3, objective=400.0, bound=360.0, ended="infeasible", trace=trace)
    some = msgspec.structs.replace(some, conflicts=["leave of TO-12 and cover of 24 Dec can not both be kept"])
    assert gap_words(some) == "10.0 %"
    assert step_values(trace, 8.0, 4) == [500.0, 400.0, 400.0, 400.0]
    text = text_of(progress_lines(a_plan(some, "draft"), LONDON, 79))
    assert "not every rule can be kept" in text
    assert "! leave of TO-12 and cover" in text
    assert "score —" in text_of(plan_line(a_plan(some), 79, NOW, LONDON, utc=False))


def test_counts_leave_out_what_is_ok() -> None:
    found = assess(month_book(rota=rota(two_layers(), members=("TO-11", "TO-12", "TO-13", "TO-14"))))
    assert "ok" not in counts_of(found.findings)


def test_a_finding_is_broken_and_its_answer_stands_first() -> None:
    nobody = [Assigned(layer="primary-weeks", starts_at=local("2026-03-16T09:00"), person=None)]
    finding = next(one for one in assess(month_book(assigned=nobody)).findings if one.rule == "cover")
    lines = finding_lines(finding, 60, sign="+ ", remedy=True)
    assert text_of(lines).startswith(" + fault: nobody is primary")
    assert all(line_width(line) <= 60 for line in lines)
