"""`fleet rollout` against a controller: begun, listed, shown, watched, paused, resumed, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.rollout_house import Owner, RolloutHouse, plan, rollout_house
from tests.support.rota_cli import asked, fleet

A, B, C = "unit-aaaa1111", "unit-bbbb2222", "unit-cccc3333"


@pytest.fixture
async def house(store: Store, dsn: str, owner: Owner, tmp_path: Path) -> AsyncIterator[RolloutHouse]:
    async with rollout_house(store, dsn, owner, tmp_path) as made:
        await made.add(A, B, C)
        yield made


async def test_a_rollout_is_begun_and_carried_on_by_commands(house: RolloutHouse) -> None:
    assert (await fleet(house, "IN-01", "rollout", "list"))[1] == "there is no rollout\n"
    rings = ("--ring", f"bench:success=50%:units=of {B}", "--ring", "all")
    times = ("--from", "11:00", "--until", "13:00")
    code, out, err = await fleet(house, "SU-01", "rollout", "start", "--manifest", "autumn", *rings, *times)
    assert (code, err) == (0, "")
    assert "told      11:00 to 13:00, London" in out
    assert "1 is told next" in out
    view = await asked(house, "IN-01", "rollout", "show", "autumn")
    rollout, wanted = view["row"]["rollout"], view["plan"]
    assert [(ring["name"], ring["units"]) for ring in wanted["rings"]] == [("bench", [B]), ("all", [])]
    assert (wanted["at_once"], wanted["stop_bad_percent"], wanted["limit_s"]) == (20, 3.0, 3600)
    await house.runner.look()
    code, out, _ = await fleet(house, "IN-01", "rollout", "show", rollout[:6])
    assert (code, "1 told" in out, "2 wait for their ring to begin" in out) == (0, True, True)
    code, out, _ = await fleet(house, "IN-01", "rollout", "units", rollout, "--ring", "bench")
    assert [line.split()[0] for line in out.splitlines()] == ["unit", B]
    assert (await asked(house, "IN-01", "rollout", "units", rollout, "--state", "waiting"))["total"] == 2
    code, out, _ = await fleet(house, "SU-01", "rollout", "pause", rollout, "--reason", "a busy night")
    assert (code, out) == (0, f"{rollout} is paused: 0 of 3 done, 0 bad, 1 under way\n")
    code, _, err = await fleet(house, "TO-12", "rollout", "resume", rollout, "--reason", "it is over")
    assert (code, "may not do this" in err) == (3, True)
    assert (await asked(house, "SU-01", "rollout", "resume", rollout, "--reason", "over"))["row"]["state"] == "running"
    code, out, _ = await fleet(house, "SU-01", "rollout", "cancel", "autumn", "--reason", "another is better")
    assert (code, out.startswith(f"{rollout} is cancelled")) == (0, True)
    code, out, _ = await fleet(house, "IN-01", "rollout", "unit", f"of {A}")
    assert (code, "left-out" in out) == (0, True)
    code, out, _ = await fleet(house, "IN-01", "rollout", "list")
    assert (code, rollout in out, "cancelled" in out) == (0, True, True)


async def test_a_rollout_is_watched_until_it_has_ended(house: RolloutHouse) -> None:
    rollout = await house.start(plan())
    watching = asyncio.create_task(fleet(house, "IN-01", "rollout", "show", rollout, "--watch"))
    for unit in (A, B, C):
        await house.say(unit, "done")
    code, out, err = await watching
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{rollout} done, ring all: 3 of 3 done, 0 bad, 0 under way"


async def test_what_is_no_plan_is_refused_here(house: RolloutHouse) -> None:
    start = ("rollout", "start", "--manifest", "autumn")
    for wrong, code in (
        (("--ring", "few:10%:colour=red"), 3),
        (("--ring", "few:10%", "--ring", "few:20%"), 3),
        (("--from", "22:00"), 3),
        (("--from", "25:00"), 2),
        (("--at-once", "0"), 2),
        (("--stop-bad", "many"), 2),
        (("--unit", "unit-none"), 3),
        (("--ring", f"few:units={A}+{A}"), 3),
    ):
        found, out, err = await fleet(house, "SU-01", *start, *wrong)
        assert (found, out) == (code, ""), wrong
        assert err
    code, _, err = await fleet(house, "SU-01", "rollout", "show", "winter")
    assert (code, "fleet rollout list" in err) == (3, True)
