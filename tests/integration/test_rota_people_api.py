"""Terms, absences and wishes through the API: who may keep and see which, and what the log says of them."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.store.store import Store
from protocols.api.rota_people import NewAbsence, NewWish, SetTerms
from protocols.rota.member import AbsenceKind, Competence, OptOut, Regulation21, WorkingDay, WorkingTerms
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_books import LONDON, local
from tests.support.rota_house import NOW, RotaHouse, rota_house

DAY = timedelta(days=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


def terms(**changes: Any) -> WorkingTerms:
    hours = [WorkingDay(weekday=day, from_time=time(9), until_time=time(17)) for day in range(5)]
    return msgspec.structs.replace(WorkingTerms(hours=hours), **changes)


def absence(
    person: str = "TO-11", kind: AbsenceKind = "annual", first: int = 10, days: int = 5, **changes: Any
) -> NewAbsence:
    starts_at = NOW + first * DAY
    fields: dict[str, Any] = {"starts_at": starts_at, "ends_at": starts_at + days * DAY, "zone": LONDON}
    return NewAbsence(person=person, kind=kind, **{**fields, **changes})


def wish(first: int = 10, days: int = 7) -> NewWish:
    return NewWish(wants="off", starts_at=NOW + first * DAY, ends_at=NOW + (first + days) * DAY)


async def test_a_supervisor_keeps_terms_version_by_version(house: RotaHouse, owner: Owner) -> None:
    first = await house["SU-01"].set_terms("TO-11", SetTerms(version=0, terms=terms()))
    assert (first.version, first.terms, first.changed_by, first.changed_at) == (1, terms(), "SU-01", NOW)
    again = house["SU-02"].set_terms("TO-11", SetTerms(version=0, terms=terms(share_percent=50)))
    assert await refusal(again) == (409, "terms-changed")
    second = await house["SU-02"].set_terms("TO-11", SetTerms(version=1, terms=terms(share_percent=50)))
    assert (second.version, second.terms.share_percent, second.role) == (2, 50, "engineer")
    told = await entries(owner, "terms.set")
    assert [(one["person"], one["version"], one["actor"]) for one in told] == [
        ("TO-11", 1, "SU-01"),
        ("TO-11", 2, "SU-02"),
    ]
    assert told[0]["sha256"] == sha256(msgspec.json.encode(terms())).hexdigest()
    assert "09:00" not in str(told)
    rows = await owner.fetch("SELECT version FROM rota_terms WHERE person_id = 'TO-11' ORDER BY version")
    assert [row["version"] for row in rows] == [1, 2]


async def test_terms_are_seen_by_oneself_and_by_those_who_may_see_working_time(house: RotaHouse) -> None:
    await house["SU-01"].set_terms("TO-12", SetTerms(version=0, terms=terms(share_percent=70)))
    assert [(one.person, one.version) for one in await house["TO-11"].rota_people()] == [("TO-11", 0)]
    assert [one.terms.share_percent for one in await house["TO-12"].rota_people()] == [70]
    everybody = ["AP-01", "SU-01", "SU-02", "TO-11", "TO-12", "TO-13"]
    assert [one.person for one in await house["SU-02"].rota_people()] == everybody
    assert [one.person for one in await house["IN-01"].rota_people()] == sorted([*everybody, "IN-01"])
    changes = house["TO-11"].set_terms("TO-11", SetTerms(version=0, terms=terms()))
    assert await refusal(changes) == (403, "role-not-allowed")
    unknown = house["SU-01"].set_terms("TO-99", SetTerms(version=0, terms=terms()))
    assert await refusal(unknown) == (404, "person-unknown")
    outside = house["SU-01"].set_terms("IN-01", SetTerms(version=0, terms=terms()))
    assert await refusal(outside) == (409, "role-not-on-rotas")


async def test_terms_that_would_make_a_rotas_book_unusable_are_refused(house: RotaHouse) -> None:
    cases = {
        "break-too-long": terms(hours=[WorkingDay(weekday=0, from_time=time(9), until_time=time(10), break_min=60)]),
        "ends-before-start": terms(
            opt_outs=[OptOut(signed_on=date(2026, 1, 1), since=date(2026, 2, 1), until=date(2026, 1, 1))]
        ),
        "out-of-years": terms(regulation_21=Regulation21(reason="surveillance", since=date(1066, 10, 14))),
    }
    for reason, asked in cases.items():
        assert await refusal(house["SU-01"].set_terms("TO-11", SetTerms(version=0, terms=asked))) == (400, reason)
    assert (await house["TO-11"].rota_people())[0].version == 0
    assert len((await house["TO-11"].rota_book("technical", NOW, NOW + 7 * DAY)).members) == 6


async def test_competences_that_end_soon_are_warned_of(house: RotaHouse) -> None:
    today = NOW.date()
    competences = [
        Competence(subject="electrical", level=3, evidence="BTEC L3", valid_until=today + 60 * DAY),
        Competence(subject="unit:van-kit", valid_until=today + 61 * DAY),
        Competence(subject="driving-licence", valid_until=today),
        Competence(subject="first-aid", valid_until=today + DAY),
        Competence(subject="wiring-regulations", valid_until=today - DAY),
        Competence(subject="radio"),
    ]
    await house["SU-01"].set_terms("TO-11", SetTerms(version=0, terms=terms(competences=competences)))
    (own,) = await house["TO-11"].rota_people()
    assert own.warnings == [
        "wiring-regulations ended on 2026-02-03",
        "driving-licence ends on 2026-02-04, today",
        "first-aid ends on 2026-02-05, tomorrow",
        "electrical (BTEC L3) ends on 2026-04-05, in 60 days",
    ]


async def test_people_record_their_own_leave_and_a_supervisor_anybodys(house: RotaHouse, owner: Owner) -> None:
    own = await house["TO-11"].add_absence(absence(kind="sick"))
    assert (own.person, own.kind, own.recorded_by, own.withdrawn_at) == ("TO-11", "sick", "TO-11", None)
    for_another = await house["SU-01"].add_absence(absence("TO-12", "away", reference="URN-26/7"))
    assert (for_another.kind, for_another.reference, for_another.recorded_by) == ("away", "URN-26/7", "SU-01")
    assert await refusal(house["TO-11"].add_absence(absence("TO-12", first=40))) == (403, "role-not-allowed")
    assert await refusal(house["IN-01"].add_absence(absence("IN-01"))) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].add_absence(absence("TO-99"))) == (404, "person-unknown")
    told = await entries(owner, "absence.")
    assert [(one["person"], one["away"], one["actor"]) for one in told] == [
        ("TO-11", False, "TO-11"),
        ("TO-12", True, "SU-01"),
    ]
    assert "sick" not in str(told)
    assert "URN" not in str(told)


async def test_the_kind_of_leave_is_for_the_person_and_those_who_may_see_working_time(house: RotaHouse) -> None:
    await house["TO-11"].add_absence(absence(kind="sick", reference="flu"))
    await house["SU-01"].add_absence(absence("TO-12", "away", reference="URN-26/7", first=20))
    seen = {
        person: [(one.person, one.kind, one.reference) for one in await house[person].absences()]
        for person in ("TO-11", "TO-12", "TO-13", "AP-01", "SU-02", "IN-01")
    }
    whole = [("TO-11", "sick", "flu"), ("TO-12", "away", "URN-26/7")]
    nobodys = [("TO-11", "other", ""), ("TO-12", "away", "")]
    assert seen == {
        "TO-11": [whole[0], nobodys[1]],
        "TO-12": [nobodys[0], whole[1]],
        "TO-13": nobodys,
        "AP-01": nobodys,
        "SU-02": whole,
        "IN-01": whole,
    }


async def test_absences_are_asked_for_by_person_and_time(house: RotaHouse) -> None:
    await house["TO-11"].add_absence(absence(first=10, days=5))
    await house["TO-11"].add_absence(absence(first=15, days=5))
    await house["TO-12"].add_absence(absence("TO-12"))
    door = house["SU-01"]
    assert len(await door.absences()) == 3
    assert len(await door.absences("TO-11")) == 2
    assert len(await door.absences("TO-11", since=NOW + 15 * DAY)) == 1
    assert len(await door.absences("TO-11", until=NOW + 15 * DAY)) == 1
    assert await refusal(door.absences(since=NOW, until=NOW)) == (400, "period-unusable")


async def test_nobody_is_absent_twice_at_once(house: RotaHouse) -> None:
    first = await house["TO-11"].add_absence(absence())
    for asked in (absence(), absence(kind="away", first=14, days=1), absence(first=0, days=30)):
        assert await refusal(house["TO-11"].add_absence(asked)) == (409, "absence-overlaps")
    await house["TO-11"].add_absence(absence(first=15, days=1))
    withdrawn = await house["TO-11"].withdraw_absence(first.absence)
    assert withdrawn.withdrawn_at == NOW
    assert await refusal(house["TO-11"].withdraw_absence(first.absence)) == (409, "withdrawn-already")
    await house["TO-11"].add_absence(absence(days=2))
    assert [one.withdrawn_at for one in await house["TO-11"].absences()].count(None) == 2


async def test_absences_that_can_not_be_are_refused(house: RotaHouse) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"days": 801}, "too-long"),
        ({"days": 0}, "ends-before-start"),
        ({"days": -1}, "ends-before-start"),
        ({"zone": "Europe/Atlantis"}, "zone-unknown"),
        ({"starts_at": NOW.replace(year=2126)}, "time-unlikely"),
    ]
    for changes, reason in cases:
        assert await refusal(house["TO-11"].add_absence(absence(**changes))) == (400, reason), changes
    assert (await house["TO-11"].add_absence(absence(days=800))).ends_at == NOW + 810 * DAY


async def test_only_ones_own_absence_is_withdrawn_but_by_a_supervisor(house: RotaHouse, owner: Owner) -> None:
    kept = await house["TO-11"].add_absence(absence())
    assert await refusal(house["TO-12"].withdraw_absence(kept.absence)) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].withdraw_absence("L-000000000000")) == (404, "absence-unknown")
    assert (await house["SU-01"].withdraw_absence(kept.absence)).kind == "annual"
    (entry,) = await entries(owner, "absence.withdrawn")
    assert (entry["absence"], entry["person"], entry["actor"]) == (kept.absence, "TO-11", "SU-01")


async def test_leave_is_in_the_rotas_book_until_it_is_withdrawn(house: RotaHouse) -> None:
    kept = await house["TO-11"].add_absence(absence())

    async def known() -> list[str]:
        book = await house["SU-01"].rota_book("technical", NOW, NOW + 28 * DAY)
        return [one.absence for member in book.members for one in member.absences]

    assert await known() == [kept.absence]
    await house["TO-11"].withdraw_absence(kept.absence)
    assert await known() == []


async def test_people_wish_for_themselves(house: RotaHouse, owner: Owner) -> None:
    made = await house["TO-11"].add_wish(wish())
    assert (made.person, made.wants, made.starts_at) == ("TO-11", "off", NOW + 10 * DAY)
    await house["TO-12"].add_wish(wish())
    assert [one.person for one in await house["TO-11"].wishes()] == ["TO-11"]
    assert {one.person for one in await house["SU-01"].wishes()} == {"TO-11", "TO-12"}
    assert await refusal(house["TO-11"].wishes("TO-12")) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].withdraw_wish(made.wish)) == (404, "wish-unknown")
    assert (await house["TO-11"].withdraw_wish(made.wish)).withdrawn_at == NOW
    assert await refusal(house["TO-11"].withdraw_wish(made.wish)) == (409, "withdrawn-already")
    assert await house["TO-11"].wishes() == []
    assert await refusal(house["TO-11"].add_wish(wish(first=-10))) == (400, "wish-over")
    kinds = [(one["kind"], one["actor"]) for one in await entries(owner, "wish.")]
    assert kinds == [("wish.made", "TO-11"), ("wish.made", "TO-12"), ("wish.withdrawn", "TO-11")]


async def test_wishes_are_fifty_at_most(house: RotaHouse) -> None:
    made = [await house["TO-11"].add_wish(wish(first=day, days=1)) for day in range(50)]
    assert await refusal(house["TO-11"].add_wish(wish())) == (409, "wishes-full")
    await house["TO-11"].withdraw_wish(made[0].wish)
    await house["TO-11"].add_wish(wish())


async def test_times_of_another_zone_are_kept_in_utc(house: RotaHouse) -> None:
    summer = local("2026-07-01T09:00")
    asked = absence(starts_at=datetime.fromisoformat("2026-07-01T09:00:00.5+01:00"), ends_at=summer + DAY)
    kept = await house["TO-11"].add_absence(asked)
    assert kept.starts_at == summer
    assert str(kept.starts_at.tzinfo) == "UTC"
