"""Overrides, take-overs and swaps through the API: who asks, agrees and approves, what is refused, what is undone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fleet.cli.rota_shifts import Held, shift_named
from fleet.client import Refused
from fleet.errors import Conflict
from fleet.rota.change_desk import MAX_WAITING
from fleet.store.store import Store
from protocols.api.people import LeaveOut
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.api.rota_people import NewAbsence
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.people import put_in_force
from tests.support.rota_house import NOW, RotaHouse, rota_house, week

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROTA = "technical"
# By the order TO-12 has the primary now, TO-13 week 0, TO-11 the next, then TO-12; SU-02 the secondary, then AP-01,
# SU-01, SU-02.


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


def cover(person: str = "TO-11", gives: str | None = "TO-13", **changes: Any) -> NewChange:
    """TO-11 takes over the primary of the first day of week 0 from TO-13, where nothing else is said."""
    fields: dict[str, Any] = {
        "kind": "take-over",
        "position": "primary",
        "person": person,
        "gives": gives,
        "starts_at": week(0),
        "ends_at": week(0) + DAY,
    }
    return NewChange(**{**fields, **changes})


def swap(**changes: Any) -> NewChange:
    """TO-11 has week 0 of TO-13, who has week 1 of TO-11."""
    fields: dict[str, Any] = {
        "kind": "swap",
        "ends_at": week(1),
        "back_position": "primary",
        "back_starts_at": week(1),
        "back_ends_at": week(2),
        "reason": "a wedding",
    }
    return cover(**{**fields, **changes})


async def who(house: RotaHouse, at: datetime) -> dict[str, str | None]:
    """Who is on call at an instant, by position; the clock is put there and back."""
    now, house.clock.now = house.clock.now, at
    (rota,) = await house["TO-11"].on_call()
    house.clock.now = now
    return {one.position: one.person for one in rota.positions}


async def asked(house: RotaHouse, person: str, new: NewChange) -> ChangeView:
    return await house[person].ask_rota_change(ROTA, new)


async def summaries(owner: Owner) -> list[str]:
    rows = await owner.fetch("SELECT summary FROM event WHERE kind = 'rota-change' ORDER BY event_id")
    return [row["summary"] for row in rows]


async def test_a_swap_needs_the_other_and_a_supervisor_and_is_undone_in_both_halves(
    house: RotaHouse, owner: Owner
) -> None:
    new = await asked(house, "TO-11", swap())
    assert (new.state, new.waits_for, new.asked_by, new.asked_at) == ("asked", "TO-13", "TO-11", NOW)
    assert new.brings == [] == new.stands_above
    assert await refusal(house["SU-01"].approve_rota_change(new.change)) == (409, "change-not-agreed")
    assert (await who(house, week(0)))["primary"] == "TO-13"
    agreed = await house["TO-13"].agree_rota_change(new.change)
    assert (agreed.state, agreed.agreed_by, agreed.waits_for) == ("agreed", "TO-13", "supervisor")
    done = await house["SU-01"].approve_rota_change(new.change)
    assert (done.state, done.decided_by, done.decided_at, done.waits_for) == ("approved", "SU-01", NOW, "")
    assert [(await who(house, week(at)))["primary"] for at in range(3)] == ["TO-11", "TO-13", "TO-12"]
    house.clock.now = week(0) + 2 * DAY
    undone = await house["SU-02"].undo_rota_change(new.change)
    assert (undone.state, undone.undone_by, undone.undone_at) == ("undone", "SU-02", house.clock.now)
    at = [week(0), week(0) + 2 * DAY - HOUR, week(0) + 2 * DAY, week(1)]
    assert [(await who(house, one))["primary"] for one in at] == ["TO-11", "TO-11", "TO-13", "TO-11"]
    assert await refusal(house["SU-01"].undo_rota_change(new.change)) == (409, "change-not-in-force")
    told = await entries(owner, "rota.change")
    assert [(one["kind"], one["actor"]) for one in told] == [
        ("rota.change-asked", "TO-11"),
        ("rota.change-agreed", "TO-13"),
        ("rota.change-approved", "SU-01"),
        ("rota.change-undone", "SU-02"),
    ]
    assert {one["change"] for one in told} == {new.change}
    assert (told[0]["person"], told[0]["gives"], told[0]["duty"], told[0]["back_duty"]) == (
        "TO-11",
        "TO-13",
        "primary",
        "primary",
    )
    assert "wedding" not in str(told)
    assert (told[2]["brought"], told[2]["despite"]) == (0, None)
    said = await summaries(owner)
    assert len(said) == 4
    assert all("TO-11" in one and "TO-13" in one for one in said)


async def test_a_supervisors_override_and_take_over_by_others_are_in_force_at_once(
    house: RotaHouse, owner: Owner
) -> None:
    taken = await asked(house, "SU-01", cover("TO-11", None))
    assert (taken.state, taken.gives, taken.decided_by, taken.agreed_by) == ("approved", "TO-13", "SU-01", None)
    over = await asked(house, "SU-02", cover("TO-12", None, kind="override", starts_at=week(0) - 6 * HOUR))
    assert (over.state, over.gives, over.stands_above) == ("approved", None, [taken.change])
    assert [(await who(house, week(0) + one * HOUR))["primary"] for one in (-7, -6, 0, 23, 24)] == [
        "TO-12",
        "TO-12",
        "TO-12",
        "TO-12",
        "TO-13",
    ]
    house.clock.go_on(seconds=1)
    later = await asked(house, "SU-01", cover("TO-13", None, kind="override", starts_at=week(0) + HOUR))
    assert later.stands_above == sorted([taken.change, over.change])
    assert (await house["TO-11"].rota_change(taken.change)).stands_above == []
    told = await entries(owner, "rota.change")
    assert [(one["kind"], one["change_kind"], one["actor"]) for one in told] == [
        ("rota.change-approved", "take-over", "SU-01"),
        ("rota.change-approved", "override", "SU-02"),
        ("rota.change-approved", "override", "SU-01"),
    ]
    assert f"it stands above {taken.change}" in (await summaries(owner))[1]
    listed = await house["IN-01"].rota_changes(ROTA)
    assert {one.change for one in listed} == {taken.change, over.change, later.change}
    assert [one.change for one in await house["TO-11"].rota_changes(ROTA, limit=1)] == [listed[0].change]
    assert await house["TO-11"].rota_changes(ROTA, "undone") == []
    assert await house["TO-11"].rota_changes(ROTA, until=week(0) - DAY) == []
    assert await refusal(house["TO-11"].rota_changes("other")) == (404, "rota-unknown")


async def test_an_override_begins_now_at_the_earliest(house: RotaHouse) -> None:
    house.clock.go_on(seconds=90)
    over = await asked(house, "SU-01", cover("TO-11", None, kind="override", starts_at=NOW, ends_at=NOW + 2 * HOUR))
    assert over.starts_at == house.clock.now
    early = cover("TO-11", None, kind="override", starts_at=NOW - HOUR, ends_at=NOW + 2 * HOUR)
    assert await refusal(asked(house, "SU-01", early)) == (409, "change-too-late")
    house.clock.go_on(hours=3)
    assert await refusal(house["SU-01"].undo_rota_change(over.change)) == (409, "change-over")


async def test_who_gives_a_time_away_asks_too_and_a_supervisor_acts_for_others(house: RotaHouse, owner: Owner) -> None:
    given_away = await asked(house, "TO-13", cover())
    assert (given_away.state, given_away.waits_for) == ("asked", "TO-11")
    assert (await house["SU-01"].agree_rota_change(given_away.change)).agreed_by == "SU-01"
    for_both = await asked(house, "SU-01", swap(starts_at=week(0) + DAY))
    assert (for_both.state, for_both.agreed_by, for_both.waits_for) == ("agreed", "SU-01", "supervisor")
    assert (await house["SU-01"].approve_rota_change(for_both.change, reason="agreed by word")).state == "approved"
    (agreed,) = await entries(owner, "rota.change-agreed")
    assert (agreed["actor"], agreed["person"]) == ("SU-01", "TO-11")


async def test_a_supervisor_does_not_decide_their_own(house: RotaHouse) -> None:
    own = cover("SU-01", "AP-01", position="secondary")
    waits = await asked(house, "SU-01", own)
    assert (waits.state, waits.waits_for) == ("asked", "AP-01")
    assert await refusal(house["SU-01"].agree_rota_change(waits.change)) == (409, "own-change")
    await house["AP-01"].agree_rota_change(waits.change)
    assert await refusal(house["SU-01"].approve_rota_change(waits.change)) == (409, "own-change")
    assert (await house["SU-02"].approve_rota_change(waits.change)).state == "approved"


async def test_who_may_not_says_so(house: RotaHouse) -> None:
    assert await refusal(asked(house, "TO-12", cover())) == (403, "role-not-allowed")
    assert await refusal(asked(house, "TO-11", cover(kind="override"))) == (403, "role-not-allowed")
    assert await refusal(asked(house, "IN-01", cover())) == (403, "role-not-allowed")
    new = await asked(house, "TO-11", cover(reason="a wedding"))
    for person, deed in (
        ("TO-12", house["TO-12"].agree_rota_change(new.change)),
        ("TO-11", house["TO-11"].agree_rota_change(new.change)),
        ("TO-12", house["TO-12"].refuse_rota_change(new.change)),
        ("TO-13", house["TO-13"].approve_rota_change(new.change)),
        ("TO-13", house["TO-13"].undo_rota_change(new.change)),
        ("AP-01", house["AP-01"].agree_rota_change(new.change)),
    ):
        assert await refusal(deed) == (403, "role-not-allowed"), person
    for person in ("TO-12", "TO-11"):
        with pytest.raises(Refused, match=f"{new.change} waits for TO-13 to agree") as refused:
            await house[person].agree_rota_change(new.change)
        assert "let TO-13 agree; a supervisor" in refused.value.problem.remedy
    reasons = {one: (await house[one].rota_change(new.change)).reason for one in ("TO-11", "TO-13", "SU-02", "TO-12")}
    assert reasons == {"TO-11": "a wedding", "TO-13": "a wedding", "SU-02": "a wedding", "TO-12": ""}


async def test_whole_days_of_a_shift_are_midnights_on_its_clock_the_last_day_left_out(house: RotaHouse) -> None:
    door = house["TO-13"]
    (named,) = await door.rotas()
    part = await shift_named(door, named, Held("TO-13", "2026-02-10/2026-02-12"), NOW)
    assert (part.starts_at, part.ends_at) == (datetime(2026, 2, 10, tzinfo=UTC), datetime(2026, 2, 12, tzinfo=UTC))
    with pytest.raises(Conflict, match="that shift of TO-13 is until Mon 16 Feb 2026 09:00"):
        await shift_named(door, named, Held("TO-13", "2026-02-14/2026-02-17"), NOW)


async def test_what_can_not_be_asked_for_says_why(house: RotaHouse) -> None:
    half: dict[str, Any] = {"starts_at": week(0) - DAY, "ends_at": week(0) + DAY}
    back: dict[str, Any] = {"back_position": "primary", "back_starts_at": week(1), "back_ends_at": week(2)}
    cases: list[tuple[str, NewChange, tuple[int, str]]] = [
        ("TO-11", cover("TO-11", "TO-11"), (400, "same-person")),
        ("TO-13", cover("TO-13", None), (409, "own-shift")),
        ("TO-11", cover("TO-11", "TO-12"), (409, "shift-not-theirs")),
        ("TO-11", cover("TO-11", "TO-13", **half), (409, "shift-not-theirs")),
        ("TO-11", cover("TO-11", None, **half), (409, "several-have-it")),
        ("SU-01", cover("IN-01", "TO-13"), (409, "not-a-member")),
        ("SU-01", cover("TO-99", "TO-13"), (409, "not-a-member")),
        ("TO-11", cover(ends_at=week(0)), (400, "ends-before-start")),
        ("TO-11", cover(ends_at=week(0) + 93 * DAY), (400, "too-long")),
        ("TO-11", cover(starts_at=week(-300)), (400, "time-unlikely")),
        ("TO-11", cover("TO-11", "TO-12", starts_at=NOW, ends_at=NOW + HOUR), (409, "change-too-late")),
        ("TO-11", cover(**back), (400, "not-a-swap")),
        ("TO-11", cover(kind="swap"), (400, "swap-incomplete")),
        ("TO-11", swap(back_position=None), (400, "swap-incomplete")),
        ("TO-11", swap(gives=None), (400, "swap-incomplete")),
        ("TO-11", swap(back_starts_at=week(0) + HOUR, back_ends_at=week(0) + 2 * HOUR), (400, "swap-overlaps")),
        ("TO-11", swap(back_starts_at=week(2), back_ends_at=week(3)), (409, "shift-not-theirs")),
        ("TO-11", swap(back_position="secondary"), (409, "shift-not-theirs")),
    ]
    for person, new, why in cases:
        assert await refusal(asked(house, person, new)) == why, new
    assert await house["SU-01"].rota_changes(ROTA) == []
    assert await refusal(house["SU-01"].ask_rota_change("other", cover())) == (404, "rota-unknown")
    for deed in (
        house["SU-01"].rota_change("S-000000000000"),
        house["SU-01"].agree_rota_change("S-000000000000"),
        house["SU-01"].approve_rota_change("S-000000000000"),
        house["SU-01"].refuse_rota_change("S-000000000000"),
        house["SU-01"].undo_rota_change("S-000000000000"),
    ):
        assert await refusal(deed) == (404, "change-unknown")
    await house.put(1, positions=["primary"])
    assert await refusal(asked(house, "TO-11", cover(position="secondary"))) == (409, "no-such-position")
    await house["SU-01"].end_rota(ROTA)
    assert await refusal(asked(house, "TO-11", cover())) == (409, "rota-ended")


async def test_somebody_asks_for_no_more_than_may_wait(house: RotaHouse) -> None:
    for hour in range(MAX_WAITING):
        at = week(0) + hour * HOUR
        await asked(house, "TO-11", cover(starts_at=at, ends_at=at + HOUR))
    assert await refusal(asked(house, "TO-11", cover())) == (409, "changes-full")
    assert (await asked(house, "TO-12", cover("TO-12"))).state == "asked"


async def test_what_breaks_rules_is_refused_and_shown_before_and_needs_a_reason(house: RotaHouse, owner: Owner) -> None:
    leave = NewAbsence(
        person="TO-11",
        kind="sick",
        starts_at=week(0) - DAY,
        ends_at=week(0) + 3 * DAY,
        zone="Europe/London",
    )
    await house["TO-11"].add_absence(leave)
    new = await asked(house, "TO-13", cover())
    assert {one.rule for one in new.brings} == {"leave", "signers"}
    assert all(one.starts_at == week(0) and one.ends_at == week(0) + DAY for one in new.brings)
    await house["TO-11"].agree_rota_change(new.change)
    with pytest.raises(Refused) as caught:
        await house["SU-01"].approve_rota_change(new.change)
    assert (caught.value.status, caught.value.problem.code) == (409, "change-breaks-rules")
    assert "TO-11 is on call and on leave" in caught.value.problem.message
    assert (await house["SU-01"].rota_change(new.change)).state == "agreed"
    done = await house["SU-01"].approve_rota_change(new.change, despite="nobody else is there")
    assert (done.state, {one.rule for one in done.brings}) == ("approved", {"leave", "signers"})
    (told,) = await entries(owner, "rota.change-approved")
    assert told["brought"] == 2
    assert told["despite"].keys() == {"sha256"}
    # What is so already is not brought by another change.
    same = cover("TO-11", None, kind="override", starts_at=week(0) + HOUR, ends_at=week(0) + 2 * HOUR)
    assert await refusal(asked(house, "SU-01", same)) == (409, "own-shift")
    wrong = cover("TO-11", "TO-13", starts_at=week(0) + DAY, ends_at=week(0) + 2 * DAY)
    assert await refusal(asked(house, "SU-01", wrong)) == (409, "change-breaks-rules")


async def test_an_approval_looks_anew_at_who_has_what(house: RotaHouse) -> None:
    new = await asked(house, "TO-11", cover())
    await house["TO-13"].agree_rota_change(new.change)
    over = await asked(house, "SU-02", cover("TO-12", None, kind="override"))
    assert await refusal(house["SU-01"].approve_rota_change(new.change)) == (409, "shift-not-theirs")
    # Who has it by an override can not give it in a way that stands below.
    below = cover("TO-11", "TO-12")
    assert await refusal(asked(house, "SU-01", below)) == (409, "override-above")
    await house["SU-01"].undo_rota_change(over.change)
    assert (await house["SU-01"].approve_rota_change(new.change)).state == "approved"


async def test_a_gap_is_filled_by_whoever_asks_when_a_supervisor_approves(house: RotaHouse) -> None:
    plan = await house.plan([])
    await house["SU-01"].discard_rota_plan(plan.plan)
    await house.put(1, positions=["primary", "secondary"], layers=[])
    new = await asked(house, "TO-11", cover("TO-11", None))
    assert (new.state, new.gives, new.waits_for) == ("agreed", None, "supervisor")
    assert (await house["SU-01"].approve_rota_change(new.change)).state == "approved"
    assert await who(house, week(0)) == {"primary": "TO-11", "secondary": None}


async def test_what_was_refused_or_taken_back_stays_so(house: RotaHouse, owner: Owner) -> None:
    first, second = [await asked(house, "TO-11", cover()) for _ in range(2)]
    refused = await house["TO-13"].refuse_rota_change(first.change, "no")
    assert (refused.state, refused.decided_by, refused.waits_for) == ("refused", "TO-13", "")
    assert (await house["TO-11"].refuse_rota_change(second.change)).decided_by == "TO-11"
    for deed in (
        house["TO-13"].agree_rota_change(first.change),
        house["SU-01"].approve_rota_change(first.change),
        house["SU-01"].refuse_rota_change(first.change),
    ):
        assert await refusal(deed) == (409, "change-closed")
    assert await refusal(house["SU-01"].undo_rota_change(first.change)) == (409, "change-not-in-force")
    told = await entries(owner, "rota.change-refused")
    assert [one["reason"] is None for one in told] == [False, True]


async def test_nothing_is_agreed_once_its_time_has_come(house: RotaHouse) -> None:
    new = await asked(house, "TO-11", cover())
    other = await asked(house, "TO-11", swap())
    await house["TO-13"].agree_rota_change(other.change)
    house.clock.now = week(0)
    assert await refusal(house["TO-13"].agree_rota_change(new.change)) == (409, "change-too-late")
    assert await refusal(house["SU-01"].approve_rota_change(other.change)) == (409, "change-too-late")


async def test_of_two_who_decide_at_once_one_does(house: RotaHouse, owner: Owner) -> None:
    async def status(asking: Awaitable[ChangeView]) -> object:
        try:
            return (await asking).state
        except Refused as error:
            return error.problem.code

    one = await asked(house, "SU-01", swap())
    both = await asyncio.gather(*(status(house[who].approve_rota_change(one.change)) for who in ("SU-01", "SU-02")))
    assert sorted(map(str, both)) == ["approved", "change-closed"]
    assert len(await entries(owner, "rota.change-approved")) == 1
    # Two changes that take the same hours from the same person: the second finds that they are gone.
    rivals = [
        await asked(house, "SU-01", swap(person=person, gives="TO-12", starts_at=week(2), ends_at=week(3), **times))
        for person, times in (
            ("TO-11", {"back_starts_at": week(4), "back_ends_at": week(5)}),
            ("TO-13", {"back_starts_at": week(3), "back_ends_at": week(4)}),
        )
    ]
    ends = await asyncio.gather(*(status(house["SU-02"].approve_rota_change(rival.change)) for rival in rivals))
    assert sorted(map(str, ends)) == ["approved", "shift-not-theirs"]


async def test_who_left_may_be_given_nothing(house: RotaHouse) -> None:
    await put_in_force(house.api.services.people, LeaveOut(person_id="TO-11"))
    new = await asked(house, "TO-13", cover())
    assert "term" in {one.rule for one in new.brings}
    assert await refusal(asked(house, "SU-01", cover("TO-11", None, kind="override"))) == (409, "change-breaks-rules")
