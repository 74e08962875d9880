"""Changes by hand, typed times, call-outs and the line of who is on call, worked out without a screen."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from protocols.api.call_outs import CallOutView
from protocols.api.duties import Duty
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.api.rotas import OnCallNow, OnCallPerson
from protocols.rota.book import RotaBook
from protocols.rota.member import Competence, WorkingTerms
from protocols.rota.model import Requirement
from tests.support.rota_books import FOUR, LONDON, absence, book, call_out, change, local, member, office_hours, rota
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tui.duty_words import duty_text
from tui.on_call_line import on_call_lines
from tui.paint import Line, line_width
from tui.rooms import now as now_room
from tui.rota_call_out_lines import call_out_line, call_out_page, findings_of, rest_suggested
from tui.rota_change_lines import (
    Sight,
    brings_lines,
    change_detail,
    change_line,
    change_page,
    in_order,
    it_stands,
    may_decide,
    new_sentence,
    what_follows,
)
from tui.rota_changing import Slot, Way, judge, returns_of, slots_of, takers, ways_of
from tui.rota_forms import Unclear
from tui.rota_record_forms import absence_of, call_out_of, rest_of, wish_of
from tui.rota_times import read_at, read_day, stamp, stretch

NOW = local("2026-02-04T12:00")
WEEK = Span(local("2026-02-09T09:00"), local("2026-02-16T09:00"))
"""TO-12 is primary and TO-13 secondary in it."""
HOUR = timedelta(hours=1)


def text_of(lines: Line | list[Line]) -> str:
    listed = lines if isinstance(lines, list) else [lines]
    return "\n".join("".join(span.text for span in line) for line in listed)


def spring(**changed: Any) -> RotaBook:
    """Thirteen weeks of the rota of four, from a week before NOW."""
    made = book(starts_at=local("2026-01-26T00:00"), ends_at=local("2026-04-27T00:00"), as_of=NOW)
    return msgspec.structs.replace(made, **changed)


def sight(me: str = "TO-12", *, manages: bool = False, now: datetime = NOW, utc: bool = False) -> Sight:
    return Sight(me, manages, LONDON, now, utc)


def view(**changed: Any) -> ChangeView:
    """TO-12 asks TO-13 to take their week over."""
    made = ChangeView(
        change="S-1",
        rota="technical",
        kind="take-over",
        state="asked",
        position="primary",
        person="TO-13",
        starts_at=WEEK.starts_at,
        ends_at=WEEK.ends_at,
        gives="TO-12",
        back_position=None,
        back_starts_at=None,
        back_ends_at=None,
        reason="",
        asked_by="TO-12",
        asked_at=NOW,
        agreed_by=None,
        decided_by=None,
        decided_at=None,
        waits_for="TO-13",
    )
    return msgspec.structs.replace(made, **changed)


def _times(span: Span) -> dict[str, datetime]:
    return {"starts_at": span.starts_at, "ends_at": span.ends_at}


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("02:00", "2026-11-22T02:00"),
        ("17:00", "2026-11-21T17:00"),
        ("now", "2026-11-22T16:30"),
        ("21 Nov 02:00", "2026-11-21T02:00"),
        ("sat 21 nov 02:00", "2026-11-21T02:00"),
        ("2026-06-11 23:10", "2026-06-11T23:10"),
        ("28 Nov", "2026-11-28T00:00"),
        ("3 Jan 2027 09:00", "2027-01-03T09:00"),
    ],
)
def test_a_time_is_read_as_people_type_it(typed: str, means: str) -> None:
    now = local("2026-11-22T16:30")
    at = read_at(typed, "back", LONDON, now, utc=False)
    assert at == local(means)
    assert read_at(stamp(at, LONDON, now, utc=False), "back", LONDON, now, utc=False) == at
    assert read_at(stamp(at, LONDON, now, utc=True), "back", LONDON, now, utc=True) == at


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "02:00"),
        ("soon", "is no time"),
        ("25:00", "no time of day"),
        ("31 Feb 09:00", "no such date"),
        ("Sun 21 Nov 02:00", "is a Sat"),
        ("25 Oct 01:30", "comes twice: type 01:30 BST or 01:30 GMT"),
        ("29 Mar 01:30", "does not come: clocks go forward"),
        ("11 Jun 09:00 GMT", "is in BST"),
    ],
)
def test_what_is_no_time_or_more_than_one_is_asked_about(typed: str, says: str) -> None:
    with pytest.raises(Unclear, match=says):
        read_at(typed, "back", LONDON, local("2026-11-22T16:30"), utc=False)


def test_an_hour_that_comes_twice_is_told_by_its_zone() -> None:
    now = local("2026-11-22T16:30")
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert read_at("25 Oct 01:30 bst", "back", LONDON, now, utc=False) == first
    assert read_at("25 Oct 01:30 GMT", "back", LONDON, now, utc=False) == second
    assert stamp(second, LONDON, now, utc=False) == "Sun 25 Oct 01:30 GMT"
    assert stretch(Span(first, second), LONDON, now, utc=False) == "Sun 25 Oct 01:30 BST – 01:30 GMT"
    assert stamp(second, LONDON, now, utc=True) == "Sun 25 Oct 01:30"


def test_a_return_is_the_first_such_time_after_leaving() -> None:
    left, now = local("2026-11-21T23:10"), local("2026-11-22T16:30")
    assert read_at("02:00", "back", LONDON, now, utc=False, after=left) == local("2026-11-22T02:00")
    assert read_at("23:50", "back", LONDON, now, utc=False, after=left) == local("2026-11-21T23:50")
    night = local("2026-10-24T23:00")
    with pytest.raises(Unclear, match="comes twice"):
        read_at("01:30", "back", LONDON, now, utc=False, after=night)


def test_a_day_alone_has_no_time() -> None:
    assert read_day("28 Nov", "from", date(2026, 11, 22)) == date(2026, 11, 28)
    with pytest.raises(Unclear, match="is no date"):
        read_day("28 Nov 09:00", "from", date(2026, 11, 22))


def test_slots_of_a_day_are_whole_shifts_from_now_on_and_its_gaps() -> None:
    made = spring()
    shifts = shifts_of(made)
    assert slots_of(made, shifts, date(2026, 2, 11), NOW) == [
        Slot("primary", WEEK, "TO-12"),
        Slot("secondary", WEEK, "TO-13"),
    ]
    today = slots_of(made, shifts, date(2026, 2, 4), NOW)
    assert [(slot.person, slot.span) for slot in today] == [
        ("TO-11", Span(NOW, WEEK.starts_at)),
        ("TO-12", Span(NOW, WEEK.starts_at)),
    ]
    assert slots_of(made, shifts, date(2026, 2, 1), NOW) == []
    without = [shift for shift in shifts if (shift.position, shift.starts_at) != ("primary", WEEK.starts_at)]
    assert slots_of(made, without, date(2026, 2, 11), NOW)[0] == Slot("primary", WEEK, None)


def test_people_change_their_own_shifts_and_take_others_and_supervisors_do_anything() -> None:
    slots = [Slot("primary", WEEK, "TO-12"), Slot("secondary", WEEK, None)]

    def ways(me: str, *, manages: bool = False) -> list[tuple[str | None, str, str | None]]:
        return [(way.slot.person, way.kind, way.taker) for way in ways_of(slots, me, FOUR, manages=manages)]

    assert ways("TO-12") == [
        (None, "take-over", "TO-12"),
        ("TO-12", "take-over", None),
        ("TO-12", "swap", None),
    ]
    assert ways("TO-14") == [
        (None, "take-over", "TO-14"),
        ("TO-12", "take-over", "TO-14"),
        ("TO-12", "swap", "TO-14"),
    ]
    assert ways("TO-99") == []
    assert ways("SU-01", manages=True) == [
        (None, "override", None),
        ("TO-12", "take-over", None),
        ("TO-12", "swap", None),
        ("TO-12", "override", None),
    ]


def test_who_is_free_comes_first_and_the_others_are_told_why() -> None:
    needed = msgspec.structs.replace(rota(), requirements=[Requirement(subject="electrical", level=3, who="each")])
    able = [Competence(subject="electrical", level=3)]
    members = [
        member("TO-11", absences=[absence(WEEK.starts_at, WEEK.ends_at)], competences=able),
        member("TO-12", competences=able),
        member("TO-13", competences=able),
        member("TO-14"),
    ]
    made = spring(rota=needed, members=members)
    found = takers(made, shifts_of(made), Way(Slot("primary", WEEK, "TO-12"), "take-over"))
    assert {one.person: one.hinders for one in found} == {
        "TO-11": "on leave",
        "TO-13": "has the other position",
        "TO-14": "lacks electrical at level 3",
    }
    free = spring(members=[member(person) for person in FOUR])
    first, *_others = takers(free, shifts_of(free), Way(Slot("primary", WEEK, "TO-12"), "take-over"))
    assert (first.person, first.hinders) in {("TO-11", ""), ("TO-14", "")}


def test_who_may_not_sign_with_the_other_is_told() -> None:
    roles = {"TO-11": "engineer", "TO-12": "supervisor", "TO-13": "engineer", "TO-14": "supervisor"}
    made = spring(members=[member(person, role=role) for person, role in roles.items()])  # type: ignore[arg-type] # two of the roles
    found = takers(made, shifts_of(made), Way(Slot("primary", WEEK, "TO-12"), "take-over"))
    assert [(one.person, one.hinders) for one in found if one.person != "TO-13"] == [
        ("TO-14", ""),
        ("TO-11", "no two who may sign"),
    ]


def test_what_comes_back_in_a_swap_is_a_coming_shift_of_the_other() -> None:
    made = spring()
    way, shifts = Way(Slot("primary", WEEK, "TO-12"), "swap"), shifts_of(made)
    free = returns_of(made, shifts, way, "TO-14", NOW)
    assert {one.slot.person for one in free} == {"TO-14"}
    assert {one.hinders for one in free} == {""}
    assert all(one.slot.span.starts_at > NOW and one.slot.span.ends_at < made.ends_at for one in free)
    first, *others = returns_of(made, shifts, way, "TO-13", NOW)
    assert first.slot == Slot("secondary", WEEK, "TO-13"), "who has the other position gives that"
    assert (first.hinders, {one.hinders for one in others}) == ("", {"TO-13 has the other position"})


def test_a_change_is_judged_on_the_spot_with_and_without_others_working_time() -> None:
    leave = [absence(WEEK.starts_at, WEEK.starts_at + 24 * HOUR)]
    out = call_out("TO-14", WEEK.starts_at - 6 * HOUR, WEEK.starts_at - 3 * HOUR)
    members = [
        *[member(person) for person in FOUR[:3]],
        member("TO-14", absences=leave, terms=WorkingTerms(hours=office_hours())),
    ]
    made = spring(members=members, call_outs=[out])
    new = NewChange(
        kind="take-over",
        position="primary",
        person="TO-14",
        gives="TO-12",
        starts_at=WEEK.starts_at,
        ends_at=WEEK.ends_at,
    )
    found = judge(made, new, "TO-12", sees_all=True)
    assert {one.rule for one in found.grave} >= {"leave", "signers"}
    assert "breach" not in {one.answer for one in found.grave}, "what is so already is not brought"
    told = text_of(brings_lines(found, 70, 6, sees_all=False))
    assert "faults" in told
    assert "the controller tells" in told
    cut = brings_lines(found, 70, 4, sees_all=True)
    assert len(cut) == 4
    assert "on its page" in text_of(cut)
    assert judge(made, msgspec.structs.replace(new, person="TO-11"), "TO-12", sees_all=True).grave == []


def test_the_sentence_for_the_log_says_who_has_what_and_for_whom_it_waits() -> None:
    swap = NewChange(
        kind="swap",
        position="primary",
        person="TO-13",
        gives="TO-12",
        starts_at=WEEK.starts_at,
        ends_at=WEEK.ends_at,
        back_position="secondary",
        back_starts_at=WEEK.ends_at,
        back_ends_at=WEEK.ends_at + 24 * HOUR,
    )
    assert new_sentence(swap, "technical", sight()) == (
        "rota.change-asked: TO-12 asks (swap on technical) that TO-13 has primary Mon 9 Feb 09:00 – Mon 16 Feb 09:00, "
        "which TO-12 gives, and TO-12 has secondary Mon 16 Feb 09:00 – Tue 17 Feb 09:00 in return"
    )
    assert what_follows(swap, sight()) == "waits for TO-13 to agree, then for a supervisor"
    assert what_follows(swap, sight("SU-01", manages=True)) == "waits for a supervisor who is neither of the two"
    gap = msgspec.structs.replace(swap, kind="take-over", gives=None, person="TO-12", back_position=None)
    assert what_follows(gap, sight()) == "waits for a supervisor who is neither of the two"
    override = msgspec.structs.replace(gap, kind="override")
    assert what_follows(override, sight("SU-01", manages=True)) == "in force at once"
    assert new_sentence(override, "technical", sight("SU-01", manages=True)).startswith("rota.change-approved: SU-01")


def test_what_waits_for_me_comes_first_and_what_is_over_last() -> None:
    waits = view()
    agreed = view(change="S-2", state="agreed", waits_for="supervisor")
    holds = view(change="S-3", state="approved", waits_for="", decided_by="SU-01", decided_at=NOW)
    refused = view(change="S-4", state="refused", waits_for="", asked_at=NOW - HOUR)
    undone = view(change="S-5", state="undone", waits_for="")
    shuffled = [refused, holds, agreed, undone, waits]
    assert [one.change for one in in_order(shuffled, sight("TO-13"))] == ["S-1", "S-2", "S-3", "S-5", "S-4"]
    first = in_order(shuffled, sight("SU-01", manages=True))[0]
    assert first.change == "S-2"
    assert may_decide(agreed, sight("SU-01", manages=True))
    assert not may_decide(agreed, sight("TO-13", manages=True)), "neither of the two approves"
    assert may_decide(waits, sight("SU-01", manages=True)), "a supervisor agrees for the other"
    assert not may_decide(waits, sight("TO-12"))
    assert not may_decide(waits, sight("TO-13", now=WEEK.starts_at)), "its time has come"
    assert it_stands(waits, sight("TO-13")) == "it waits for you"
    assert it_stands(waits, sight("TO-13", now=WEEK.starts_at)) == "it came too late"
    assert it_stands(holds, sight("TO-13")) == "it is approved"
    assert it_stands(holds, sight("TO-13", now=WEEK.starts_at)) == "it is in force"
    assert it_stands(holds, sight("TO-13", now=WEEK.ends_at)) == "it is over"


@pytest.mark.parametrize("width", [78, 158])
def test_changes_and_their_pages_fit(width: int) -> None:
    back = {"back_position": "secondary", "back_starts_at": WEEK.ends_at, "back_ends_at": WEEK.ends_at + 24 * HOUR}
    swap = view(kind="swap", reason="a course", stands_above=["S-9"], **back)
    for one in (swap, view(state="agreed", waits_for="supervisor"), view(state="approved", waits_for="", gives=None)):
        for who in (sight("TO-13"), sight("SU-01", manages=True), sight(utc=True)):
            lines = [change_line(one, width, who), *change_detail(one, who), *change_page(one, width, who)]
            assert max(line_width(line) for line in lines) <= width
            assert "…" not in text_of(change_line(one, width, who))
    page = text_of(change_page(swap, width, sight("TO-13")))
    assert "TO-13 has primary" in page
    assert "TO-12 has secondary" in page
    assert "a course" in page
    assert "stands above S-9" in page
    assert "waits for you" in page


def call_out_view(**changed: Any) -> CallOutView:
    made = CallOutView(
        call_out="C-1",
        rota="technical",
        person="TO-12",
        position="primary",
        left_home_at=local("2026-02-03T23:10"),
        returned_at=local("2026-02-04T02:00"),
        break_min=0,
        reference="",
        source="hand",
        recorded_by="TO-12",
        recorded_at=NOW,
        withdrawn_at=None,
    )
    return msgspec.structs.replace(made, **changed)


def test_a_call_out_says_its_rest_and_what_it_breaks() -> None:
    left, back = local("2026-02-03T23:10"), local("2026-02-04T02:00")
    people = [member(person, hours=office_hours()) for person in FOUR]
    made = spring(members=people, call_outs=[call_out("TO-12", left, back)], starts_at=left)
    found = findings_of(made, "TO-12")
    (daily,) = [one for one in found if one.rule == "daily-rest"]
    assert (daily.answer, daily.regulation, daily.measured) == ("breach", "10(1)", 7.0)
    page = text_of(call_out_page(call_out_view(), found, 78, sight()))
    assert "no duty before Wed 4 Feb 13:00" in page
    assert "breach, reg. 10(1)" in page
    assert "of compensatory rest owed" in page
    assert rest_suggested(call_out_view(), found) == Span(local("2026-02-04T09:00"), local("2026-02-04T13:00"))
    assert findings_of(made, "TO-99") == []
    assert "rest till" in text_of(call_out_line(call_out_view(), 78, sight()))
    is_out = call_out_view(returned_at=None)
    assert "not back" in text_of(call_out_line(is_out, 78, sight()))
    assert rest_suggested(is_out, found) is None


def test_a_call_out_is_read_from_two_times() -> None:
    values = {"who": "to-12", "left": "23:10", "back": "02:00", "break": "15", "reference": ""}
    new = call_out_of(values, "technical", sight())
    assert (new.person, new.left_home_at, new.returned_at) == (
        "TO-12",
        local("2026-02-03T23:10"),
        local("2026-02-04T02:00"),
    )
    assert (new.break_min, new.source) == (15, "hand")
    assert call_out_of(values | {"back": ""}, "technical", sight()).returned_at is None
    for wrong, field in (({"who": "Jane"}, "who"), ({"break": "many"}, "break"), ({"back": "5 Feb 02:00"}, "back")):
        with pytest.raises(Unclear) as unclear:
            call_out_of(values | wrong, "technical", sight())
        assert unclear.value.field == field


def test_leave_wishes_and_rest_are_read() -> None:
    days = {"from": "28 Feb", "until": "1 Mar"}
    leave = absence_of({"who": "TO-12", "kind": "ann", "reference": "", **days}, sight())
    assert (leave.kind, leave.starts_at, leave.ends_at) == (
        "annual",
        local("2026-02-28T00:00"),
        local("2026-03-02T00:00"),
    )
    one_day = absence_of({"who": "TO-12", "kind": "away", "reference": "URN/1", "from": "28 Feb", "until": ""}, sight())
    assert one_day.ends_at - one_day.starts_at == 24 * HOUR
    with pytest.raises(Unclear, match="only where somebody is away"):
        absence_of({"who": "TO-12", "kind": "annual", "reference": "URN/1", **days}, sight())
    assert wish_of({"wants": "off", **days}, sight()).wants == "off"
    with pytest.raises(Unclear, match="a time to come"):
        wish_of({"wants": "on", "from": "1 Feb", "until": "2 Feb"}, sight())
    rest = rest_of({"who": "TO-12", "from": "5 Feb 09:00", "until": "12:30"}, sight())
    assert rest.ends_at == local("2026-02-05T12:30")


def on_call(**changed: Any) -> OnCallNow:
    monday = WEEK.starts_at
    made = OnCallNow(
        rota="technical",
        name="Technical on-call",
        zone=LONDON,
        at=NOW,
        positions=[
            OnCallPerson(position="primary", person="TO-07", until=monday, next_person="TO-12"),
            OnCallPerson(position="secondary", person="TO-15", until=monday, next_person=None),
        ],
        signers=["TO-07", "TO-15"],
        gap_at=None,
        gap="",
    )
    return msgspec.structs.replace(made, **changed)


def test_who_is_on_call_is_one_line_and_a_gap_is_loud() -> None:
    (line,) = on_call_lines([on_call()], "TO-12", NOW, 80, utc=True)
    assert text_of(line) == " ON CALL  primary TO-07 until Mon 09:00   secondary TO-15   signers 2"
    assert on_call_lines([], "TO-12", NOW, 80, utc=True) == []
    nobody = OnCallPerson(position="primary", person=None, until=WEEK.starts_at, next_person="TO-12")
    gap = on_call(positions=[nobody], signers=[], gap_at=NOW, gap="nobody is primary")
    first, second = on_call_lines([gap], "TO-12", NOW, 80, utc=True)
    assert ("NOBODY", "loud") in first
    assert [span.text for span in second if span.tone == "loud"] == [" GAP NOW "]
    later = on_call(gap_at=NOW + 100 * HOUR, gap="nobody is primary from then on and for very long indeed, " * 3)
    _, told = on_call_lines([later], "TO-07", NOW, 80, utc=True)
    assert "in 4 d" in text_of(told)
    assert line_width(told) <= 80


def test_a_duty_of_a_rota_is_told_in_few_words() -> None:
    def told(kind: Any, sentence: str) -> str:
        at = NOW + 16 * HOUR
        duty = Duty(kind=kind, about="x", name="T", unit=None, sentence=sentence, due_at=at, is_alarm=False, rota="t")
        return duty_text(duty, NOW)

    gap = "nobody is primary from Mon 30 Nov 2026 09:00 GMT until Mon 7 Dec 2026 09:00 GMT: TO-12 is free"
    assert told("cover-gap", gap) == "nobody is primary until Mon 7 Dec 2026 09:00 GMT: TO-12 is free"
    assert told("shift-soon", "you are primary of T from Mon 23 Nov 2026 09:00 GMT") == "you are primary in 16 h"
    assert told("swap-asked", "TO-11 asks that TO-12 has primary: do you agree?").startswith("do you agree? TO-12 has")


def test_more_rotas_than_fit_are_counted_and_those_with_a_gap_come_first() -> None:
    several = [on_call(rota=f"rota-{number}") for number in range(5)]
    several[4] = on_call(rota="rota-4", gap_at=NOW, gap="nobody is primary")
    lines = on_call_lines(several, "TO-12", NOW, 80, utc=True)
    assert "rota-4" in text_of(lines[0])
    assert "and 2 more rotas" in text_of(lines[-1])
    assert max(line_width(line) for line in lines) <= 80


def test_an_override_in_force_stands_in_the_slots_by_itself() -> None:
    monday = WEEK.starts_at
    made = spring(changes=[change("override", "TO-14", monday + 24 * HOUR, monday + 48 * HOUR)])
    slots = slots_of(made, shifts_of(made), date(2026, 2, 10), NOW)
    assert [slot.person for slot in slots if slot.position == "primary"] == ["TO-12", "TO-14"]


@pytest.mark.parametrize("size", SIZES)
async def test_who_is_on_call_is_asked_for_again_and_again(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(now_room, "ASK_EVERY_S", 0.05)
    client = StubClient()
    client.on_call_list = [on_call(positions=[on_call().positions[0]], signers=[])]
    async with console(client, tmp_path, size) as screen:
        await screen.sees("ON CALL  primary TO-07", "signers 0")
        client.on_call_list = [on_call(gap_at=client.now - HOUR, gap="nobody is primary")]
        await screen.sees("GAP NOW", "nobody is primary", "secondary TO-15")
        client.on_call_list = []
        await screen.misses("ON CALL")
