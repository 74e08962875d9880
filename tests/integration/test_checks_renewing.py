"""In whose name a check goes on, and that it does when the unit is away for a moment; two who close it at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from fleet.checks.session import Limits
from fleet.client import FleetClient
from fleet.settings import MediaSettings
from fleet.store.store import Store
from protocols.api.checks import NewCheck, Verdict
from protocols.opening import NonceMade, Signal
from protocols.uplink import PositionMessage, SignalMessage
from tests.support.check_house import CheckHouse, check_house
from tests.support.mandate_house import UNIT
from tests.support.reporting import until

SOON_S = 20.0


@pytest.fixture
async def house(
    store: Store, dsn: str, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> AsyncIterator[CheckHouse]:
    """Leases are renewed all the time, and there is place for one stream."""
    media = MediaSettings(addresses=["127.0.0.1"], max_streams=1)
    async with check_house(store, dsn, owner, tmp_path, media) as made:
        desk = made.api.services.checks
        desk._tools = replace(desk._tools, limits=Limits(renew_below_s=59.0, unit_s=2.0))
        yield made


async def _watch(door: FleetClient, opening: str) -> None:
    async with door.preview(opening, frames_per_s=2) as preview:
        async for _ in preview:
            pass


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def live(house: CheckHouse) -> tuple[str, "asyncio.Task[None]"]:
    """An opening that TO-12 has begun and watches."""
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    watching = asyncio.create_task(_watch(house.door, opening))
    await house.stands(opening, "live")
    return opening, watching


async def test_a_renewed_lease_names_who_began_the_check_or_else_who_watches(house: CheckHouse) -> None:
    def named() -> list[str]:
        return [lease.person for lease in house.unit.leases]

    opening, watching = await live(house)
    other = asyncio.create_task(_watch(house["SU-01"], opening))
    await until(lambda: len(named()) > 2, SOON_S)
    assert set(named()) == {"TO-12"}
    await _end(watching)
    await until(lambda: named()[-1] == "SU-01", SOON_S)
    watching = asyncio.create_task(_watch(house.door, opening))
    await until(lambda: named()[-1] == "TO-12", SOON_S)
    granted = [entry["actor"] for entry in await house.entries("lease.granted")]
    assert granted[: len(named())] == named()
    assert (await house.door.check(opening)).person == "TO-12"
    await house.door.close_check(opening, Verdict())
    await asyncio.gather(watching, other)


async def test_no_lease_is_renewed_when_the_last_viewer_leaves_while_the_units_nonce_is_verified(
    house: CheckHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, watching = await live(house)
    runner = house.api.services.checks.runner(opening)
    assert runner is not None
    left = asyncio.Event()
    read = runner._line.read

    async def verified_late(message: SignalMessage | PositionMessage) -> Signal | None:
        signal = await read(message)
        if isinstance(signal, NonceMade) and not left.is_set():
            await _end(watching)
            await until(lambda: not runner.media.people)
            left.set()
        return signal

    monkeypatch.setattr(runner._line, "read", verified_late)
    await left.wait()
    await until(lambda: runner._session.viewers == 0)
    await until(lambda: runner._session._waits_for is None, SOON_S)
    granted = len(await house.entries("lease.granted"))
    watching = asyncio.create_task(_watch(house["SU-01"], opening))
    await until(lambda: house.unit.leases[-1].person == "SU-01", SOON_S)
    actors = [entry["actor"] for entry in await house.entries("lease.granted")]
    assert set(actors[granted:]) == {"SU-01"}
    await _end(watching)


async def test_whoever_only_waits_is_named_by_no_lease_and_keeps_no_check_open(house: CheckHouse) -> None:
    desk = house.api.services.checks
    desk._tools = replace(desk._tools, limits=Limits(renew_below_s=59.0, resume_s=1.0))
    opening, watching = await live(house)
    runner = desk.runner(opening)
    assert runner is not None
    waiting = runner.media.come("SU-01", "terminal")
    await _end(watching)
    view = await house.stands(opening, "closed")
    assert view.reason == "viewer-left"
    assert {lease.person for lease in house.unit.leases} == {"TO-12"}
    assert await house.entries("viewer.joined") == []
    runner.media.go(waiting)


async def test_a_renewal_that_can_not_be_asked_for_is_asked_for_again(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    opening, watching = await live(house)
    runner = house.api.services.checks.runner(opening)
    assert runner is not None
    await owner.execute("UPDATE unit_live SET session_up = false WHERE unit_id = $1", UNIT)
    since_s = asyncio.get_running_loop().time()
    await until(lambda: runner._session._asked_s > since_s, SOON_S)
    leases = len(house.unit.leases)
    await owner.execute("UPDATE unit_live SET session_up = true WHERE unit_id = $1", UNIT)
    await until(lambda: len(house.unit.leases) > leases + 1, SOON_S)
    assert (await house.door.check(opening)).state == "live"
    await _end(watching)


async def test_of_two_who_close_at_a_time_neither_is_left_out(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    opening, watching = await live(house)
    await asyncio.gather(
        house.door.close_check(opening, Verdict()),
        house["SU-01"].close_check(opening, Verdict(result="passed")),
    )
    assert await owner.fetchval("SELECT result FROM opening") == "passed"
    assert "SU-01" in {entry["actor"] for entry in await house.entries("check.judged")}
    await watching


async def test_a_check_for_which_the_controller_has_no_place_says_so(house: CheckHouse) -> None:
    _, watching = await live(house)
    await house.mandate(["audio"])
    begun = await house.door.begin_check(UNIT, NewCheck(modalities=["audio"]))
    view = await house.stands(begun.opening, "refused")
    assert view.reason == "too-many-open"

    async def entered() -> bool:
        return [entry["rule"] for entry in await house.entries("lease.refused")] == ["too-many-open"]

    await until(entered, SOON_S)
    await _end(watching)
