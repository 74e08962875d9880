"""A unit's position: found inside a lease, looked at within a budget, gone with its mandate, and shown nowhere else."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.access_records.chain_keeping import ToldRecord, keep_records
from fleet.checks.grants import Receipts
from fleet.client import ControllerFailed, Refused
from fleet.demo.postgres import PostgresServer
from fleet.errors import NotLoggedYet
from fleet.log.receipts import LoggedEntry
from fleet.positions.sealing import PositionSeal
from fleet.store.store import Store
from protocols.access_record import GENESIS, AccessRecord, What
from protocols.api.checks import CarriedRequest
from protocols.ids import new_opening_id
from protocols.lease import read_lease
from protocols.opening import Degrees, NonceMade, PositionFound
from tests.support.check_house import BOOT, LATITUDE, LONGITUDE, CheckHouse
from tests.support.mandate_house import UNIT, refusal
from tests.support.reporting import until


async def _rule(house: CheckHouse, person: str = "TO-12") -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await house[person].position(UNIT)
    return caught.value.status, caught.value.problem.code


async def _tables_with(owner: "asyncpg.Connection[asyncpg.Record]", words: list[str]) -> list[str]:
    """The tables in which a row says one of `words`."""
    names = await owner.fetch("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'")
    found = []
    for name in sorted(str(row["relname"]) for row in names):
        rows = await owner.fetch(f'SELECT t::text AS row FROM "{name}" AS t')
        bodies = [row["row"] for row in rows]
        if any(word in body or word.encode().hex() in body for body in bodies for word in words):
            found.append(name)
    return found


async def test_a_position_is_found_looked_at_within_its_budget_and_gone_with_its_mandate(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]", capfd: pytest.CaptureFixture[str]
) -> None:
    assert await _rule(house) == (404, "no-position")
    mandate = await house.mandate(["position"], openings_per_day=2)
    begun = await house.begin("position")
    found = await house.stands(begun.opening, "closed")
    assert found.reason == "found"
    view = await house.door.position(UNIT)
    assert (view.latitude_deg, view.longitude_deg, view.satellites) == (LATITUDE, LONGITUDE, 9)
    assert view.opening == begun.opening
    assert str(LATITUDE) not in repr(view)
    [came] = await house.entries("media.began")  # what its unit records of it or not
    assert (came["opening"], came["modality"]) == (begun.opening, "position")
    assert (await house["SU-01"].position(UNIT, mandate)).hdop == view.hdop
    assert await _rule(house) == (409, "over-openings")
    assert (await _rule(house, "IN-01"))[0] == 403
    reads = await house.entries("position.read")
    assert [(one["actor"], one["dpa"], one["opening"]) for one in reads] == [
        ("TO-12", "consultation", begun.opening),
        ("SU-01", "consultation", begun.opening),
    ]
    refused = await house.entries("lease.refused")
    assert [(one["actor"], one["modalities"], one["rule"]) for one in refused] == [
        ("TO-12", ["position"], "over-openings")
    ]
    assert await _tables_with(owner, [str(LATITUDE), str(LONGITUDE)]) == []
    out, err = capfd.readouterr()
    assert str(LATITUDE) not in out + err
    await house.door.cancel_mandate(mandate, "kit is back")
    await until(lambda: _is_gone(owner))
    assert await _rule(house) == (404, "no-position")


async def test_an_older_checks_position_is_not_kept_and_no_look_at_a_later_one(house: CheckHouse) -> None:
    mandate = await house.mandate(["position"], openings_per_day=3)
    older = await house.begin("position")
    await house.stands(older.opening, "closed")
    later = await house.begin("position")
    await house.stands(later.opening, "closed")
    assert await refusal(house.door.position(UNIT, mandate, older.opening)) == (404, "position-not-kept")
    assert await house.entries("position.read") == []
    assert (await house.door.position(UNIT, mandate, later.opening)).opening == later.opening


async def _is_gone(owner: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await owner.fetchval("SELECT count(*) = 0 FROM unit_position"))


async def test_neither_the_tables_pages_nor_a_dump_hold_a_coordinate(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]", dsn: str, postgres: PostgresServer
) -> None:
    await house.mandate(["position"], openings_per_day=3)
    for _ in range(3):
        await house.stands((await house.begin("position")).opening, "closed")
    sealed: bytes = await owner.fetchval("SELECT sealed FROM unit_position")
    await owner.execute("CREATE EXTENSION pageinspect")
    pages: bytes = await owner.fetchval("SELECT get_raw_page('unit_position', 0)")
    dump = (await asyncio.to_thread(postgres.run, "pg_dump", f"--dbname={dsn}")).stdout
    assert sealed in pages
    assert sealed.hex() in dump
    for degrees in (LATITUDE, LONGITUDE):
        assert struct.pack("<d", degrees) not in pages
        assert str(degrees) not in dump


async def test_what_another_controllers_key_sealed_is_refused_and_no_look(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    mandate = await house.mandate(["position"], openings_per_day=1)
    begun = await house.begin("position")
    await house.stands(begun.opening, "closed")
    own: bytes = await owner.fetchval("SELECT sealed FROM unit_position")
    at = Degrees(latitude_deg=LATITUDE, longitude_deg=LONGITUDE)
    other = PositionSeal(Ed25519PrivateKey.generate())
    sealed = other.seal(at, unit_id=UNIT, opening=begun.opening, mandate_id=mandate)
    await owner.execute("UPDATE unit_position SET sealed = $1", sealed)
    assert await _rule(house) == (409, "position-sealed")
    assert await house.entries("position.read") == []
    await owner.execute("UPDATE unit_position SET sealed = $1", own)
    assert (await house.door.position(UNIT)).latitude_deg == LATITUDE


async def test_a_position_outside_a_live_opening_is_not_kept(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await house.mandate(["video", "position"])
    begun = await house.begin("video")
    await house.stands(begun.opening, "live")
    at = Degrees(latitude_deg=LATITUDE, longitude_deg=LONGITUDE)
    for opening in (begun.opening, new_opening_id()):
        await house.unit.say(PositionFound(opening=opening, at=at, hdop=1.0))
    await house.unit.shut()
    await house.stands(begun.opening, "closed")
    assert await _is_gone(owner)


def _request(house: CheckHouse, mandate: str, **changes: object) -> CarriedRequest:
    """What the unit asks for on its own network."""
    made = NonceMade(opening=new_opening_id(), nonce="5a" * 16, boot_id=BOOT)
    fields = {
        "unit": UNIT,
        "opening": made.opening,
        "nonce": made.nonce,
        "modalities": ["video"],
        "mandate": mandate,
        "sealed": house.unit.sealed(made),
    }
    return msgspec.structs.replace(CarriedRequest(**fields), **changes)  # type: ignore[arg-type] # fields by name


async def test_a_lease_can_be_carried_for_what_the_unit_asked_and_once(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    mandate = await house.mandate(["video"])
    await owner.execute("UPDATE unit_live SET session_up = false WHERE unit_id = $1", UNIT)
    request = _request(house, mandate)
    carried = await house.door.carried_lease(request)
    lease = read_lease(carried.grant.logged.lease, house.unit.keys)
    assert (lease.carried, lease.lasts_s, lease.boot_id) == (True, 600, BOOT)
    assert carried.grant.mandate.text
    [entry] = await house.entries("lease.granted")
    assert (entry["carried"], entry["nonce"], entry["actor"]) == (True, request.nonce, "TO-12")
    assert msgspec.json.decode(carried.grant.logged.leaf)["lease_sha256"] == entry["lease_sha256"]
    assert (await house.door.check(request.opening)).state == "opening"
    for asked, status in [
        (request, 409),
        (msgspec.structs.replace(request, nonce="00" * 16), 400),
        (msgspec.structs.replace(request, opening=new_opening_id()), 400),
    ]:
        with pytest.raises(Refused) as caught:
            await house.door.carried_lease(asked)
        assert caught.value.status == status
    assert len(await house.entries("lease.granted")) == 1


async def test_what_no_unit_opens_by_a_carried_lease_is_refused_without_one(house: CheckHouse) -> None:
    field, bench = await house.mandate(["video", "position"]), await house.signed(None)
    for request in (
        _request(house, field, modalities=["position"]),
        _request(house, field, modalities=["video", "position"]),
        _request(house, bench.mandate_id),
    ):
        assert await refusal(house.door.carried_lease(request)) == (409, "not-carried")
    assert await house.entries("lease.granted") == []
    assert [one["rule"] for one in await house.entries("lease.refused")] == ["not-carried"] * 3
    assert (await house.door.carried_lease(_request(house, field))).grant


class MeanwhileReceipts:
    """The log's receipts, before each of which something happens."""

    def __init__(self, receipts: Receipts, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._receipts = receipts
        self._meanwhile = meanwhile

    async def receipt(self, entry_id: int) -> LoggedEntry:
        """See Receipts."""
        await self._meanwhile()
        return await self._receipts.receipt(entry_id)


async def test_a_lease_whose_mandate_is_cancelled_while_it_is_confirmed_is_not_handed_out(
    house: CheckHouse,
) -> None:
    mandate = await house.mandate(["video"])
    grants = house.api.services.carrying._grants
    grants._receipts = MeanwhileReceipts(grants._receipts, lambda: house.door.cancel_mandate(mandate, "found"))
    request = _request(house, mandate)
    assert await refusal(house.door.carried_lease(request)) == (409, "mandate-cancelled")
    view = await house.door.check(request.opening)
    assert (view.state, view.reason) == ("refused", "mandate-cancelled")
    assert [entry["rule"] for entry in await house.entries("lease.refused")] == ["mandate-cancelled"]


async def test_a_lease_that_the_log_does_not_confirm_stands_in_nobodys_way(house: CheckHouse) -> None:
    mandate = await house.mandate(["video"])
    grants = house.api.services.carrying._grants

    async def nothing_comes() -> None:
        raise NotLoggedYet(in_tree=True)

    kept = grants._receipts
    grants._receipts = MeanwhileReceipts(kept, nothing_comes)
    with pytest.raises(ControllerFailed):
        await house.door.carried_lease(_request(house, mandate))
    grants._receipts = kept
    carried = await house.door.carried_lease(_request(house, mandate))
    assert carried.grant.logged.receipt


@pytest.mark.parametrize(("what", "state", "left"), [("closed", "closed", 1), ("refused", "refused", 0)])
async def test_the_unit_s_record_tells_how_a_carried_lease_came_out(
    house: CheckHouse, store: Store, what: What, state: str, left: int
) -> None:
    mandate = await house.mandate(["video"])
    request = _request(house, mandate)
    await house.door.carried_lease(request)
    with pytest.raises(Refused):
        await house.begin("video")
    record = AccessRecord(
        number=1,
        prior=GENESIS,
        at_ms=0,
        boot_id=BOOT,
        boot_ms=1,
        what=what,
        modality="video",
        opening=request.opening,
        reason="asked",
        open_s=7 if what == "closed" else None,
    )
    async with store.transaction() as transaction:
        now = datetime.now(UTC)
        assert await keep_records(transaction, [ToldRecord(UNIT, record.text(), now)], now) == []
    view = await house.door.check(request.opening)
    assert (view.state, view.reason, view.open_s) == (state, "asked", 7 * left)
    [live] = (await house.door.access(UNIT)).mandates
    [video] = live.budgets
    assert video.openings == left
    assert video.used_s <= 7 * left
