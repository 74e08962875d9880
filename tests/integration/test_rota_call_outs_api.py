"""Call-outs, work, rests and hours through the API: what is recorded once, what the rules say of it at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.client import Refused
from fleet.store.store import Store
from protocols.api.call_outs import NewCallOut, NewRest, NewWorkDone
from protocols.api.rota_people import NewAbsence, SetTerms
from protocols.rota.member import WorkingDay, WorkingTerms
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse, rota_house, technical, week

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


def call_out(
    person: str = "TO-12", left: datetime = NOW - 3 * HOUR, back: datetime | None = NOW - HOUR, **more: Any
) -> NewCallOut:
    """TO-12 is in primary and SU-02 in secondary this week."""
    return NewCallOut(rota="technical", person=person, left_home_at=left, returned_at=back, **more)


async def works_office_hours(house: RotaHouse, person: str) -> None:
    hours = [WorkingDay(weekday=day, from_time=time(9), until_time=time(17)) for day in range(5)]
    await house["SU-01"].set_terms(person, SetTerms(version=0, terms=WorkingTerms(hours=hours)))


async def test_a_call_out_is_recorded_with_the_position_that_its_person_had(house: RotaHouse, owner: Owner) -> None:
    made = await house["TO-12"].record_call_out(call_out(reference="URN-26/114", source="command", break_min=15))
    view = made.call_out
    assert (view.rota, view.person, view.position) == ("technical", "TO-12", "primary")
    assert (view.left_home_at, view.returned_at, view.break_min) == (NOW - 3 * HOUR, NOW - HOUR, 15)
    assert (view.reference, view.source, view.recorded_by, view.recorded_at) == ("URN-26/114", "command", "TO-12", NOW)
    assert made.earliest_start == NOW + 10 * HOUR
    assert made.findings == []
    secondary = await house["SU-01"].record_call_out(call_out("SU-02"))
    assert (secondary.call_out.position, secondary.call_out.recorded_by) == ("secondary", "SU-01")
    not_on_call = await house["TO-13"].record_call_out(call_out("TO-13"))
    assert not_on_call.call_out.position is None
    told = await entries(owner, "call-out.recorded")
    assert [one["duty"] for one in told] == ["primary", "secondary", None]
    assert (told[0]["person"], told[0]["rota"], told[0]["source"]) == ("TO-12", "technical", "command")
    assert "URN" not in str(told)
    assert set(told[0]["reference"]) == {"sha256"}
    assert told[1]["reference"] is None


async def test_the_next_duty_that_a_call_out_breaks_the_rest_before_is_told_at_once(house: RotaHouse) -> None:
    """Until one in the morning, and on duty at nine: eight hours of rest, and not eleven."""
    await works_office_hours(house, "TO-12")
    house.clock.now = datetime(2026, 2, 5, 1, 5, tzinfo=UTC)
    made = await house["TO-12"].record_call_out(call_out(left=datetime(2026, 2, 4, 23, tzinfo=UTC), back=None))
    assert made.earliest_start is None
    ended = await house["TO-12"].end_call_out(made.call_out.call_out, datetime(2026, 2, 5, 1, tzinfo=UTC))
    assert ended.earliest_start == datetime(2026, 2, 5, 12, tzinfo=UTC)
    (daily,) = [one for one in ended.findings if one.rule == "daily-rest"]
    assert (daily.answer, daily.regulation, daily.persons) == ("breach", "10(1)", ["TO-12"])
    assert (daily.measured, daily.owed_min) == (8.0, 180)
    rest = NewRest(
        person="TO-12", starts_at=datetime(2026, 2, 5, 9, tzinfo=UTC), ends_at=datetime(2026, 2, 5, 12, tzinfo=UTC)
    )
    await house["SU-01"].add_rest(rest)
    repeated = await house["TO-12"].end_call_out(made.call_out.call_out, datetime(2026, 2, 5, 1, tzinfo=UTC))
    assert [one for one in repeated.findings if one.rule == "daily-rest"] == []


async def test_who_is_called_away_from_duty_may_start_again_after_rest_from_that_duty(house: RotaHouse) -> None:
    await works_office_hours(house, "TO-12")
    made = await house["TO-12"].record_call_out(call_out(left=NOW - 3 * HOUR, back=NOW - HOUR))
    assert made.earliest_start == datetime(2026, 2, 5, 4, tzinfo=UTC)


async def test_the_same_again_is_the_record_that_there_is(house: RotaHouse, owner: Owner) -> None:
    first = await house["TO-12"].record_call_out(call_out(back=None))
    assert (await house["TO-12"].record_call_out(call_out(back=None))).call_out == first.call_out
    ended = await house["TO-12"].end_call_out(first.call_out.call_out, NOW - HOUR, 10)
    again = await house["TO-12"].end_call_out(first.call_out.call_out, NOW - HOUR, 10)
    late = await house["TO-12"].record_call_out(call_out(back=None))
    assert ended == again == late
    assert (await house["TO-12"].record_call_out(call_out(break_min=10))).call_out == ended.call_out
    assert await refusal(house["SU-01"].record_call_out(call_out(break_min=10))) == (409, "call-out-overlaps")
    assert await refusal(house["TO-12"].record_call_out(call_out(break_min=11))) == (409, "call-out-overlaps")
    assert await refusal(house["TO-12"].end_call_out(first.call_out.call_out, NOW)) == (409, "call-out-over")
    kinds = [one["kind"] for one in await entries(owner, "call-out.")]
    assert kinds == ["call-out.recorded", "call-out.ended"]


async def test_nobody_is_out_twice_at_once(house: RotaHouse) -> None:
    first = (await house["TO-12"].record_call_out(call_out())).call_out
    for left, back in ((-2, 0), (-4, -2), (-4, 0), (-2, None)):
        asked = call_out(left=NOW + left * HOUR, back=None if back is None else NOW + back * HOUR)
        with pytest.raises(Refused) as caught:
            await house["TO-12"].record_call_out(asked)
        assert (caught.value.status, caught.value.problem.code) == (409, "call-out-overlaps")
        assert first.call_out in caught.value.problem.message
        assert "from Wed 4 Feb 2026 09:00 GMT until Wed 4 Feb 2026 11:00 GMT" in caught.value.problem.message
    await house["TO-12"].record_call_out(call_out(left=NOW - HOUR, back=NOW))
    await house["TO-13"].record_call_out(call_out("TO-13", back=None))
    open_one = call_out("TO-13", left=NOW - HOUR, back=NOW)
    assert await refusal(house["TO-13"].record_call_out(open_one)) == (409, "call-out-open")


async def test_of_two_who_record_one_call_out_at_once_one_does(house: RotaHouse) -> None:
    asked = [house[person].record_call_out(call_out(source="hand")) for person in ("SU-01", "SU-02", "TO-12")]
    found = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in found if isinstance(one, Refused)]
    assert (len(found) - len(refused), {one.problem.code for one in refused}) == (1, {"call-out-overlaps"})
    assert len(await house["SU-01"].call_outs()) == 1


async def test_call_outs_that_can_not_be_are_refused(house: RotaHouse) -> None:
    cases: list[tuple[NewCallOut, tuple[int, str]]] = [
        (call_out(left=NOW + 6 * HOUR / 60, back=None), (400, "in-the-future")),
        (call_out(back=NOW + 6 * HOUR / 60), (400, "in-the-future")),
        (call_out(back=NOW - 3 * HOUR), (400, "ends-before-start")),
        (call_out(left=NOW - 4 * DAY), (400, "too-long")),
        (call_out(break_min=120), (400, "break-too-long")),
        (call_out(left=NOW - 61 * DAY, back=NOW - 61 * DAY + HOUR), (400, "too-long-ago")),
        (msgspec.structs.replace(call_out(), rota="other"), (404, "rota-unknown")),
    ]
    for asked, expected in cases:
        assert await refusal(house["TO-12"].record_call_out(asked)) == expected, asked
    assert await house["TO-12"].call_outs() == []
    assert await refusal(house["TO-11"].record_call_out(call_out())) == (403, "role-not-allowed")
    assert await refusal(house["IN-01"].record_call_out(call_out())) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].record_call_out(call_out("TO-99"))) == (404, "person-unknown")
    minutes_ahead = call_out(left=NOW + 4 * HOUR / 60, back=None)
    assert (await house["TO-12"].record_call_out(minutes_ahead)).call_out.position == "primary"


async def test_only_those_of_a_rota_are_called_out_for_it(house: RotaHouse, owner: Owner) -> None:
    await house.put(1, members=["TO-11", "TO-12", "SU-01", "SU-02", "AP-01"], layers=technical().layers[1:])
    assert await refusal(house["TO-13"].record_call_out(call_out("TO-13"))) == (409, "not-on-rota")
    assert await entries(owner, "call-out.") == []
    await house["SU-01"].end_rota("technical")
    assert await refusal(house["TO-12"].record_call_out(call_out(left=NOW, back=None))) == (409, "rota-ended")
    assert (await house["SU-02"].record_call_out(call_out("SU-02"))).call_out.position == "secondary"


async def test_who_has_left_a_rota_is_paid_for_what_they_did(house: RotaHouse) -> None:
    await house["TO-12"].record_call_out(call_out())
    there = await house["SU-01"].rota_hours("technical", week(-1), week(0))
    left = technical()
    layers = [msgspec.structs.replace(left.layers[0], order=["TO-11", "TO-13"]), left.layers[1]]
    await house.put(1, members=["TO-11", "TO-13", "SU-01", "SU-02", "AP-01"], layers=layers)
    report = await house["SU-01"].rota_hours("technical", week(-1), week(0))
    minutes = {one.person: one.call_out_min for one in there.rows}
    assert {one.person: one.call_out_min for one in report.rows}["TO-12"] == minutes["TO-12"] > 0


async def test_a_supervisor_records_what_is_long_ago(house: RotaHouse) -> None:
    long_ago = NOW - 20 * DAY - 41 * DAY
    made = await house["SU-01"].record_call_out(call_out(left=long_ago, back=long_ago + HOUR))
    assert made.call_out.position is None
    assert made.earliest_start == long_ago + 12 * HOUR


async def test_what_payroll_knows_long_since_is_withdrawn_by_a_supervisor(house: RotaHouse) -> None:
    made = (await house["TO-12"].record_call_out(call_out())).call_out.call_out
    house.clock.go_on(days=61)
    assert await refusal(house["TO-12"].withdraw_call_out(made, "after all")) == (400, "too-long-ago")
    assert (await house["SU-01"].withdraw_call_out(made, "after all")).withdrawn_at == house.clock.now


async def test_nobody_has_so_many_records_that_no_book_holds_them(house: RotaHouse, owner: Owner) -> None:
    await owner.execute("SET session_replication_role = replica")  # without their entries
    times = "'TO-12', t, t + interval '1 second'"
    series = "generate_series($1::timestamptz, $1::timestamptz + interval '999 minutes', interval '1 minute') t"
    for table, columns, values in (
        ("absence", "kind, zone, reference, absence_id", "'other', 'UTC', '', 'L-' || extract(epoch FROM t)::bigint"),
        ("work_done", "break_min, work_id", "0, 'K-' || extract(epoch FROM t)::bigint"),
        ("compensatory_rest", "rest_id", "'R-' || extract(epoch FROM t)::bigint"),
    ):
        await owner.execute(
            f"INSERT INTO {table} (person_id, starts_at, ends_at, {columns}, recorded_by, recorded_at)"
            f" SELECT {times}, {values}, 'TO-12', t FROM {series}",
            NOW - 10 * DAY,
        )
    await owner.execute(
        "INSERT INTO call_out (person_id, left_home_at, returned_at, rota_id, break_min, reference, source,"
        " call_out_id, recorded_by, recorded_at)"
        f" SELECT {times}, 'technical', 0, '', 'api', 'C-' || extract(epoch FROM t)::bigint, 'TO-12', t FROM {series}",
        NOW - 10 * DAY,
    )
    at: dict[str, Any] = {"person": "TO-12", "starts_at": NOW, "ends_at": NOW + HOUR}
    leave = NewAbsence(kind="other", zone="UTC", **at)
    assert await refusal(house["TO-12"].add_absence(leave)) == (409, "absence-full")
    assert await refusal(house["TO-12"].add_work(NewWorkDone(**at))) == (409, "work-full")
    assert await refusal(house["SU-01"].add_rest(NewRest(**at))) == (409, "rest-full")
    assert await refusal(house["TO-12"].record_call_out(call_out())) == (409, "call-out-full")
    assert (await house["SU-01"].rota_book("technical", NOW, NOW + DAY)).call_outs
    later = call_out("TO-13")
    assert (await house["TO-13"].record_call_out(later)).call_out.person == "TO-13"


async def test_what_was_wrong_is_withdrawn_and_recorded_anew(house: RotaHouse, owner: Owner) -> None:
    wrong = (await house["TO-12"].record_call_out(call_out())).call_out
    assert await refusal(house["TO-11"].withdraw_call_out(wrong.call_out, "no")) == (403, "role-not-allowed")
    withdrawn = await house["TO-12"].withdraw_call_out(wrong.call_out, "it was TO-13")
    assert withdrawn.withdrawn_at == NOW
    assert await refusal(house["TO-12"].withdraw_call_out(wrong.call_out, "again")) == (409, "withdrawn-already")
    assert await refusal(house["TO-12"].end_call_out(wrong.call_out, NOW)) == (409, "withdrawn-already")
    assert await refusal(house["TO-12"].withdraw_call_out("C-000000000000", "no")) == (404, "call-out-unknown")
    right = (await house["TO-12"].record_call_out(call_out())).call_out
    assert right.call_out != wrong.call_out
    (entry,) = await entries(owner, "call-out.withdrawn")
    assert (entry["call_out"], entry["person"], set(entry["reason"])) == (wrong.call_out, "TO-12", {"sha256"})


async def test_call_outs_are_seen_by_oneself_and_those_who_may_see_working_time(house: RotaHouse) -> None:
    await house["TO-12"].record_call_out(call_out(back=None))
    await house["TO-13"].record_call_out(call_out("TO-13"))
    earlier = call_out("TO-13", left=NOW - 9 * HOUR, back=NOW - 8 * HOUR)
    await house["TO-13"].record_call_out(earlier)
    assert [one.person for one in await house["TO-12"].call_outs()] == ["TO-12"]
    assert await house["TO-11"].call_outs() == []
    assert await refusal(house["TO-11"].call_outs(person="TO-12")) == (403, "role-not-allowed")
    for person in ("SU-01", "IN-01"):
        door = house[person]
        assert [one.left_home_at for one in await door.call_outs()] == [NOW - 3 * HOUR, NOW - 3 * HOUR, NOW - 9 * HOUR]
        assert [one.person for one in await door.call_outs(open_only=True)] == ["TO-12"]
        assert len(await door.call_outs(person="TO-13")) == 2
        assert len(await door.call_outs(until=NOW - 4 * HOUR)) == 1
        assert len(await door.call_outs(since=NOW)) == 1
        assert len(await door.call_outs(limit=1)) == 1
        assert len(await door.call_outs(rota="technical")) == 3
        assert await door.call_outs(rota="other") == []


async def test_work_beside_the_ordinary_hours_is_recorded_and_counts(house: RotaHouse, owner: Owner) -> None:
    asked = NewWorkDone(person="TO-12", starts_at=NOW + DAY, ends_at=NOW + DAY + 8 * HOUR, break_min=30)
    made = await house["TO-12"].add_work(asked)
    assert (made.person, made.break_min, made.recorded_by) == ("TO-12", 30, "TO-12")
    assert await house["TO-12"].add_work(asked) == made
    assert await refusal(house["SU-01"].add_work(asked)) == (409, "work-overlaps")
    assert await refusal(house["TO-11"].add_work(asked)) == (403, "role-not-allowed")
    book = await house["SU-01"].rota_book("technical", NOW, NOW + 7 * DAY)
    assert [one.work for one in book.work_done] == [made.work]
    assert [one.work for one in await house["SU-01"].work_done("TO-12", since=NOW)] == [made.work]
    assert await house["TO-11"].work_done() == []
    assert (await house["SU-01"].withdraw_work(made.work)).withdrawn_at == NOW
    assert await refusal(house["TO-12"].withdraw_work(made.work)) == (409, "withdrawn-already")
    assert await refusal(house["TO-12"].withdraw_work("K-000000000000")) == (404, "work-unknown")
    kinds = [(one["kind"], one["actor"]) for one in await entries(owner, "work.")]
    assert kinds == [("work.recorded", "TO-12"), ("work.withdrawn", "SU-01")]


async def test_a_supervisor_gives_compensatory_rest(house: RotaHouse, owner: Owner) -> None:
    asked = NewRest(person="TO-12", starts_at=NOW + DAY, ends_at=NOW + DAY + 3 * HOUR)
    assert await refusal(house["TO-12"].add_rest(asked)) == (403, "role-not-allowed")
    made = await house["SU-01"].add_rest(asked)
    assert await house["SU-01"].add_rest(asked) == made
    assert await refusal(house["SU-02"].add_rest(asked)) == (409, "rest-overlaps")
    assert [one.rest for one in await house["TO-12"].rests()] == [made.rest]
    assert await house["TO-11"].rests() == []
    assert await refusal(house["TO-12"].withdraw_rest(made.rest)) == (403, "role-not-allowed")
    assert (await house["SU-02"].withdraw_rest(made.rest)).withdrawn_at == NOW
    assert await refusal(house["SU-02"].withdraw_rest(made.rest)) == (409, "withdrawn-already")
    assert await refusal(house["SU-02"].withdraw_rest("R-000000000000")) == (404, "rest-unknown")
    kinds = [(one["kind"], one["person"]) for one in await entries(owner, "rest.")]
    assert kinds == [("rest.recorded", "TO-12"), ("rest.withdrawn", "TO-12")]


async def test_hours_are_told_to_who_may_see_them_and_that_is_entered(house: RotaHouse, owner: Owner) -> None:
    await house.put(1, allowance_permille=125)
    await house["TO-12"].record_call_out(call_out(break_min=20))
    monday = datetime(2026, 2, 2, 9, tzinfo=UTC)
    own = await house["TO-12"].rota_hours("technical", monday, monday + 7 * DAY)
    assert [(row.person, row.primary_min, row.allowance_permille) for row in own.rows] == [("TO-12", 7 * 24 * 60, 125)]
    assert (own.rows[0].call_outs, own.rows[0].call_out_min) == (1, 100)
    assert await entries(owner, "hours.") == []
    assert (await house["TO-11"].rota_hours("technical", monday, monday + 7 * DAY)).rows == []
    for person in ("SU-01", "IN-01"):
        report = await house[person].rota_hours("technical", monday, monday + 7 * DAY)
        assert (report.rota, report.zone, report.starts_at) == ("technical", "Europe/London", monday)
        assert {row.person: (row.primary_min, row.secondary_min) for row in report.rows} == {
            "TO-12": (7 * 24 * 60, 0),
            "SU-02": (0, 7 * 24 * 60),
        }
    told = await entries(owner, "hours.read")
    assert [(one["actor"], one["rota"], one["people"], one["dpa"]) for one in told] == [
        ("SU-01", "technical", 2, "consultation"),
        ("IN-01", "technical", 2, "consultation"),
    ]
    assert await refusal(house["SU-01"].rota_hours("other", monday, monday + DAY)) == (404, "rota-unknown")
    assert await refusal(house["SU-01"].rota_hours("technical", monday, monday)) == (400, "period-unusable")


async def test_a_call_out_for_another_rota_is_in_its_hours_only(house: RotaHouse) -> None:
    other = technical(rota="forensic", name="Forensic", layers=[])
    await house["SU-01"].put_rota(other, 0)
    await house["TO-12"].record_call_out(msgspec.structs.replace(call_out(), rota="forensic"))
    monday = datetime(2026, 2, 2, 9, tzinfo=UTC)
    counted = {
        rota: [
            (row.person, row.call_out_min)
            for row in (await house["TO-12"].rota_hours(rota, monday, monday + 7 * DAY)).rows
        ]
        for rota in ("technical", "forensic")
    }
    assert counted == {"technical": [("TO-12", 0)], "forensic": [("TO-12", 120)]}
