"""Rotas through the API: laying them down, their book, and what the rules say, as far as each person may know."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.client import LinkUp
from fleet.store.store import Store
from protocols.api.feed import RotasChanged, Watch
from protocols.api.rota_changes import NewChange
from protocols.api.rota_people import NewAbsence
from protocols.api.rotas import SetRota
from protocols.rota.load import Load
from protocols.rota.member import Competence, OptOut, Regulation21, WorkingTerms
from protocols.rota.model import Rota
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_books import layer, office_hours
from tests.support.rota_house import (
    ENGINEERS,
    MEMBERS,
    NOW,
    PRIMARY,
    SECONDARY,
    RotaHouse,
    given,
    rota_house,
    technical,
    week,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TERMS = WorkingTerms(
    competences=[Competence(subject="electrical", level=3)],
    hours=office_hours(),
    regulation_21=Regulation21(reason="continuity of service", since=date(2026, 1, 1)),
    opt_outs=[OptOut(signed_on=date(2025, 12, 1), since=date(2026, 1, 1))],
)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_rota_is_laid_down_changed_and_ended_with_every_version_kept(house: RotaHouse, owner: Owner) -> None:
    view = await house["TO-11"].rota("technical")
    assert (view.rota, view.version, view.changed_by, view.ended_at) == (technical(), 1, "SU-01", None)
    house.clock.go_on(hours=1)
    changed = await house["SU-02"].put_rota(technical(name="Technical, nights"), 1)
    assert (changed.version, changed.changed_by, changed.changed_at) == (2, "SU-02", NOW + HOUR)
    rows = await owner.fetch("SELECT version, document FROM rota_version ORDER BY version")
    kept = {row["version"]: msgspec.json.decode(row["document"], type=Rota).name for row in rows}
    assert kept == {1: "Technical on-call", 2: "Technical, nights"}
    summary = (await house["IN-01"].rotas())[0]
    assert (summary.rota, summary.version, summary.members, summary.published_until) == ("technical", 2, 6, None)
    ended = await house["SU-01"].end_rota("technical")
    assert ended.ended_at == NOW + HOUR
    assert (await house["TO-11"].rotas())[0].ended_at == NOW + HOUR
    book = await house["SU-01"].rota_book("technical", week(0), week(2))
    assert [one.ends for one in book.rota.layers] == [(NOW + HOUR).replace(tzinfo=None)] * 2
    assert (await house["SU-01"].rota("technical")).rota.layers[0].ends is None
    told = await entries(owner, "rota.")
    assert [(one["kind"], one["actor"], one["version"]) for one in told] == [
        ("rota.defined", "SU-01", 1),
        ("rota.defined", "SU-02", 2),
        ("rota.ended", "SU-01", 2),
    ]
    assert [(one["past_from"], one["allowance_permille"]) for one in told[:2]] == [(None, 0)] * 2
    assert [one["sha256"] for one in told[:2]] == [sha256(row["document"].encode()).hexdigest() for row in rows]


async def test_what_can_not_be_laid_down_says_why(house: RotaHouse, owner: Owner) -> None:
    await owner.execute("UPDATE person SET ended_at = $1 WHERE person_id = 'AD-92'", NOW)
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"zone": "Europe/Camelot"}, (400, "zone-unknown")),
        ({"members": [*MEMBERS, "TO-99"]}, (404, "person-unknown")),
        ({"members": [*MEMBERS, "IN-01"]}, (409, "role-may-not-serve")),
        ({"members": [*MEMBERS, "AD-92"]}, (409, "not-in-force")),
        ({"members": list(ENGINEERS)}, (400, "not-a-member")),
        ({"layers": [layer(), layer()]}, (400, "layer-twice")),
        ({"layers": [layer(starts="1066-10-14T09:00", order=ENGINEERS)]}, (400, "out-of-years")),
    ]
    for changes, expected in cases:
        assert await refusal(house.put(1, **changes)) == expected, changes
    assert await refusal(house.put(0)) == (409, "rota-exists")
    assert await refusal(house.put(7)) == (409, "rota-changed")
    assert await refusal(house.put(3, rota="nowhere")) == (404, "rota-unknown")
    assert await refusal(house["TO-11"].put_rota(technical(), 1)) == (403, "role-not-allowed")
    assert await refusal(house["IN-01"].end_rota("technical")) == (403, "role-not-allowed")
    assert await refusal(house["TO-11"].rota("nowhere")) == (404, "rota-unknown")
    session = house["SU-01"]._session
    body = SetRota(rota=technical(), version=0)
    assert await refusal(session.request("PUT", "/api/rotas/other", Rota, body=body)) == (400, "rota-differs")
    await house["SU-01"].end_rota("technical")
    assert await refusal(house.put(1)) == (409, "rota-ended")
    assert await refusal(house["SU-01"].end_rota("technical")) == (409, "rota-ended")
    assert len(await owner.fetch("SELECT FROM rota_version")) == 1


async def test_who_has_left_may_stay_a_member_until_somebody_takes_them_out(house: RotaHouse) -> None:
    await house.api.services.people.end("TO-13", "AD-91")
    await house.put(1, name="still with TO-13")
    book = await house["SU-01"].rota_book("technical", week(0), week(1))
    assert {one.person: one.valid_until for one in book.members}["TO-13"] == NOW


async def test_of_two_supervisors_at_once_one_is_asked_to_look_again(house: RotaHouse, owner: Owner) -> None:
    for version, changes in ((1, {}), (0, {"rota": "other"})):
        both = [house[one].put_rota(technical(name=f"of {one}", **changes), version) for one in ("SU-01", "SU-02")]
        answers = await asyncio.gather(*both, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, Exception)]
        assert len(refused) == 1, answers
        assert "rota-" in str(refused[0]) or "there is a rota" in str(refused[0]) or "in force" in str(refused[0])
    assert len(await owner.fetch("SELECT FROM rota_version")) == 3


async def test_who_tells_the_past_otherwise_says_so_in_the_log(house: RotaHouse, owner: Owner) -> None:
    later = [layer(PRIMARY, order=ENGINEERS, ends="2026-02-09T09:00"), technical().layers[1]]
    await house.put(1, layers=[*later, layer("anew", starts="2026-02-09T09:00", order=["TO-11"])])
    await house.put(2, layers=[layer(PRIMARY, order=["TO-11", "TO-13", "TO-12"]), technical().layers[1]])
    await house.put(3, allowance_permille=125, layers=[])
    told = await entries(owner, "rota.defined")
    second = week(-4).isoformat().replace("+00:00", "Z")
    first = week(-5).isoformat().replace("+00:00", "Z")
    assert [one["past_from"] for one in told] == [None, None, second, first]
    assert told[-1]["allowance_permille"] == 125


async def test_a_rota_that_the_rules_could_not_judge_is_not_laid_down(house: RotaHouse) -> None:
    hours = [layer(f"hours-{i}", every=1, unit="hours", order=ENGINEERS) for i in range(7)]
    assert await refusal(house.put(1, layers=hours)) == (400, "too-much-work")
    await house.put(1, layers=hours[:5])
    assert (await house["SU-01"].check_rota("technical", week(0), week(13))).quality


async def _keep_records(owner: Owner) -> None:
    await owner.execute("SET session_replication_role = replica")  # without their entries
    await owner.execute(
        "INSERT INTO rota_terms VALUES ('TO-12', 1, '{}', 'SU-01', $1), ('TO-12', 2, $2, 'SU-01', $1),"
        " ('TO-11', 1, $2, 'SU-01', $1)",
        NOW,
        msgspec.json.encode(TERMS).decode(),
    )
    absence = (
        "INSERT INTO absence (absence_id, person_id, kind, starts_at, ends_at, zone, reference, recorded_by,"
        " recorded_at) VALUES ($1, $2, $3, $4, $5, 'Europe/London', $6, 'SU-01', $4)"
    )
    await owner.execute(absence, "a-1", "TO-12", "sick", week(1), week(2), "")
    await owner.execute(absence, "a-2", "TO-12", "away", week(2), week(3), "D-26-12")
    await owner.execute(absence, "a-3", "TO-12", "annual", week(9), week(10), "")
    await owner.execute("UPDATE absence SET withdrawn_by = 'SU-01', withdrawn_at = $1 WHERE absence_id = 'a-3'", NOW)
    await owner.execute("INSERT INTO wish VALUES ('w-1', 'TO-12', 'off', $1, $2, $1, NULL)", week(0), week(1))
    for person in ("TO-12", "TO-11"):
        await owner.execute(
            "INSERT INTO call_out (call_out_id, rota_id, person_id, left_home_at, returned_at, break_min, reference,"
            " source, recorded_by, recorded_at) VALUES ($1, 'technical', $2, $3, $4, 0, '', 'hand', 'SU-01', $3)",
            f"c-{person}",
            person,
            NOW - 2 * DAY,
            NOW - 2 * DAY + 3 * HOUR,
        )
        for table, record in (("work_done (work_id, break_min, ", "'k-'"), ("compensatory_rest (rest_id, ", "'r-'")):
            zero = "0, " if "work" in table else ""
            await owner.execute(
                f"INSERT INTO {table} person_id, starts_at, ends_at, recorded_by, recorded_at)"
                f" VALUES ({record} || $1, {zero} $1, $2, $3, 'SU-01', $2)",
                person,
                NOW - DAY,
                NOW - DAY + HOUR,
            )


async def test_the_book_has_all_that_is_known_for_whoever_may_see_working_time(house: RotaHouse, owner: Owner) -> None:
    await _keep_records(owner)
    book = await house["IN-01"].rota_book("technical", week(0), week(4))
    assert (book.starts_at, book.ends_at, book.as_of) == (week(0), week(4), NOW)
    assert book.known_from == week(-5)  # since the rota began, on 5 January
    of = {one.person: one for one in book.members}
    assert list(of) == list(MEMBERS)
    assert (of["TO-12"].role, of["AP-01"].role, of["TO-12"].terms) == ("engineer", "approver", TERMS)
    kinds = [(one.absence, one.kind, one.reference) for one in of["TO-12"].absences]
    assert kinds == [("a-1", "sick", ""), ("a-2", "away", "D-26-12")]
    assert [one.wish for one in of["TO-12"].wishes] == ["w-1"]
    for records in (book.call_outs, book.work_done, book.rests):
        assert [one.person for one in records] == ["TO-11", "TO-12"]
    assert book.bank_holidays == []
    easter = await house["IN-01"].rota_book("technical", week(4), week(10))
    assert easter.bank_holidays == [date(2026, 4, 3), date(2026, 4, 6)]
    far = await house["IN-01"].rota_book("technical", week(60), week(61))
    assert far.known_from == week(60) - timedelta(weeks=28)


async def test_the_book_of_somebody_else_has_their_own_working_time_and_no_others(
    house: RotaHouse, owner: Owner
) -> None:
    await _keep_records(owner)
    book = await house["TO-11"].rota_book("technical", week(0), week(4))
    of = {one.person: one for one in book.members}
    assert of["TO-11"].terms == TERMS
    assert of["TO-12"].terms == WorkingTerms(competences=TERMS.competences)
    kinds = [(one.absence, one.kind, one.reference) for one in of["TO-12"].absences]
    assert kinds == [("a-1", "other", ""), ("a-2", "away", "")]
    assert [one for member in book.members for one in member.wishes] == []
    for records in (book.call_outs, book.work_done, book.rests):
        assert [one.person for one in records] == ["TO-11"]
    found = await house["TO-11"].check_rota("technical", week(0), week(4))
    assert [one.person for one in found.people] == ["TO-11"]
    assert found.people[0].opted_out
    whole = await house["SU-01"].check_rota("technical", week(0), week(4))
    assert {one.person for one in whole.people} == set(MEMBERS)
    faults = [(one.rule, one.persons) for one in whole.findings if one.answer == "fault"]
    assert faults == [("away", ["TO-12"]), ("signers", ["SU-02"])]


async def test_debts_are_what_somebody_had_beyond_their_share_in_the_year_before(house: RotaHouse) -> None:
    # Weeks 0 … 4 from 5 January: TO-11 and TO-12 had two of the five, TO-13 one.
    book = await house["SU-01"].rota_book("technical", week(0), week(3))
    debts = {one.person: one.debt for one in book.members}
    primary = {person: debts[person].primary_h for person in ENGINEERS}
    assert primary["TO-11"] == primary["TO-12"] == primary["TO-13"] + 168
    assert sum(debt.primary_h for debt in debts.values()) == 0
    assert debts["TO-11"].weekend_days > debts["TO-13"].weekend_days
    began = await house["SU-01"].rota_book("technical", week(-5), week(0))
    assert {one.debt for one in began.members} == {Load()}


async def test_nobody_can_tell_from_debts_which_absence_was_sick_leave(house: RotaHouse) -> None:
    leave = NewAbsence(
        person="TO-12", kind="annual", starts_at=week(0), ends_at=week(2), zone="Europe/London", reference=""
    )
    seen: list[object] = []
    whole: list[object] = []
    for kind in ("annual", "sick"):
        kept = await house["TO-12"].add_absence(msgspec.structs.replace(leave, kind=kind))
        book = await house["TO-11"].rota_book("technical", week(3), week(6))
        seen.append([msgspec.structs.replace(one, absences=[]) for one in book.members])
        seen.append((await house["TO-11"].check_rota("technical", week(3), week(6))).quality)
        whole.append([one.debt for one in (await house["SU-01"].rota_book("technical", week(3), week(6))).members])
        await house["TO-12"].withdraw_absence(kept.absence)
    assert whole[0] != whole[1]
    assert seen[:2] == seen[2:]


async def test_the_book_says_when_people_are_on_call_elsewhere(house: RotaHouse) -> None:
    nights = [layer("nights", starts="2026-02-16T09:00", order=["TO-11"], ends="2026-02-23T09:00")]
    await house["SU-01"].put_rota(technical(rota="nights", layers=nights), 0)
    book = await house["SU-01"].rota_book("technical", week(0), week(4))
    elsewhere = {one.person: one.elsewhere for one in book.members if one.elsewhere}
    assert {person: [(one.rota, one.starts_at, one.ends_at) for one in busy] for person, busy in elsewhere.items()} == {
        "TO-11": [("nights", week(1), week(2))]
    }
    found = await house["SU-01"].check_rota("nights", week(0), week(4))
    assert [(one.persons, one.starts_at) for one in found.findings if one.rule == "double"] == [(["TO-11"], week(1))]
    await house["SU-01"].end_rota("nights")
    book = await house["SU-01"].rota_book("technical", week(0), week(4))
    assert [one.elsewhere for one in book.members] == [[]] * len(MEMBERS)


async def test_changes_by_hand_hold_until_they_are_undone_and_a_swap_is_two(house: RotaHouse, owner: Owner) -> None:
    add = (
        "INSERT INTO rota_change (change_id, rota_id, kind, state, position, person_id, starts_at, ends_at, gives,"
        " back_position, back_starts_at, back_ends_at, asked_by, asked_at, decided_by, decided_at, undone_by,"
        " undone_at) VALUES ($1, 'technical', $2, $3, 'primary', $4, $5, $6, $7, $8, $9, $10, $4, $11, 'SU-01', $11,"
        " $12, $13)"
    )
    swap = (
        "SW-1",
        "swap",
        "approved",
        "TO-12",
        week(0),
        week(1),
        "TO-13",
        "primary",
        week(1),
        week(2),
        NOW,
        None,
        None,
    )
    await owner.execute("SET session_replication_role = replica")  # without their entries
    await owner.execute(add, *swap)
    half = week(2) + 3 * DAY
    undone = ("OV-1", "override", "undone", "SU-01", week(2), week(3), None, None, None, None, NOW, "SU-01", half)
    await owner.execute(add, *undone)
    never = ("OV-2", "override", "undone", "SU-01", week(3), week(4), None, None, None, None, NOW, "SU-01", NOW)
    await owner.execute(add, *never)
    asked = ("OV-3", "override", "asked", "SU-01", week(3), week(4), None, None, None, None, NOW, None, None)
    await owner.execute(add, *asked)
    book = await house["SU-01"].rota_book("technical", week(0), week(4))
    assert [(one.change, one.person, one.gives, one.starts_at, one.ends_at) for one in book.changes] == [
        ("OV-1", "SU-01", None, week(2), half),
        ("SW-1", "TO-12", "TO-13", week(0), week(1)),
        ("SW-1", "TO-13", "TO-12", week(1), week(2)),
    ]


async def test_nobody_has_a_place_by_hand_once_the_rota_has_ended(house: RotaHouse) -> None:
    for first, last in ((week(0) - 7 * DAY, week(0)), (week(1), week(2))):
        new = NewChange(kind="override", position="primary", person="TO-13", starts_at=max(first, NOW), ends_at=last)
        await house["SU-01"].ask_rota_change("technical", new)
    ended = house.clock.go_on(hours=6)
    await house["SU-01"].end_rota("technical")
    book = await house["SU-01"].rota_book("technical", week(-1), week(4))
    assert [(one.person, one.ends_at) for one in book.changes] == [("TO-13", ended)]
    report = await house["SU-01"].rota_hours("technical", week(0), week(4))
    assert report.rows == []


async def test_periods_that_are_none_or_too_much_are_refused(house: RotaHouse) -> None:
    ask, check = house["TO-11"].rota_book, house["TO-11"].check_rota
    assert await refusal(ask("nowhere", week(0), week(1))) == (404, "rota-unknown")
    assert await refusal(ask("technical", week(1), week(0))) == (400, "period-unusable")
    assert await refusal(ask("technical", week(0), week(0))) == (400, "period-unusable")
    assert await refusal(check("technical", week(0), week(0) + 801 * DAY)) == (400, "period-unusable")
    assert await refusal(ask("technical", week(0).replace(year=1969), week(0))) == (400, "time-unlikely")
    assert await refusal(ask("technical", week(0), week(0).replace(year=9999))) == (400, "time-unlikely")
    assert await refusal(check("technical", week(0), week(1), "P-000000000000")) == (404, "plan-unknown")
    hours = [layer(name, every=1, unit="hours", order=ENGINEERS) for name in ("one", "other")]
    await house["SU-01"].put_rota(technical(rota="hourly", layers=hours), 0)
    assert await refusal(check("hourly", week(0), week(0) + 799 * DAY)) == (400, "too-much-work")


async def test_the_check_of_a_plan_is_of_what_publishing_it_would_make(house: RotaHouse) -> None:
    before = await house["TO-11"].check_rota("technical", week(0), week(4))
    assert [one for one in before.findings if one.answer in {"breach", "fault"}] == []
    nobody = await house.plan([given(PRIMARY, 1, None), given(SECONDARY, 0, "TO-11")])
    found = await house["TO-11"].check_rota("technical", week(0), week(4), nobody.plan)
    rules = {one.rule for one in found.findings if one.answer == "fault"}
    assert {"cover", "signers"} <= rules
    assert await house["TO-11"].check_rota("technical", week(0), week(4)) == before
    await house["SU-01"].put_rota(technical(rota="other"), 0)
    assert await refusal(house["TO-11"].check_rota("other", week(0), week(4), nobody.plan)) == (404, "plan-unknown")


async def test_consoles_that_watch_rotas_are_told_of_a_change(house: RotaHouse) -> None:
    feed = house["TO-11"].feed()
    feed.watch(Watch(rotas=True))
    async with asyncio.timeout(60), feed:
        told, changed = 0, False
        async for item in feed:
            if isinstance(item, LinkUp) and not changed:
                changed = True
                await house.put(1, name="renamed")
            told += isinstance(item, RotasChanged)
            if told and changed:
                break
    assert (await house["TO-11"].rota("technical")).version == 2
