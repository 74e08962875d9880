"""From a person's word to a closed session: the revoker with real brokers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from fleet.ca.authority import KeyAndChain
from fleet.ca.revocation_list import Revoked, read_lists
from fleet.entries.entry import CONTROLLER
from fleet.revocation.errors import TakeoverRefused
from fleet.revocation.units_listener import TakenOver, UnitsListener
from fleet.store.store import Store
from tests.support.mqtt import connect_packet, wire
from tests.support.reporting import OWNER_ID
from tests.support.revoking import BROKERS, BrokerKind, RevokingFleet, WantingBack, revoking_fleet
from tests.support.waiting import until

UNIT, OTHER = "unit-revoked1", "unit-staying1"


@pytest.fixture(params=BROKERS)
def kind(request: pytest.FixtureRequest) -> BrokerKind:
    kind: BrokerKind = request.param
    return kind


@pytest.fixture
async def fleet(store: Store, dsn: str, tmp_path: Path, kind: BrokerKind) -> AsyncIterator[RevokingFleet]:
    async with revoking_fleet(store, dsn, tmp_path, kind) as running:
        yield running


def met(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return condition()

    return asked


def cut_off(fleet: RevokingFleet, unit_id: str) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return await fleet.cut_off_at(unit_id) is not None

    return asked


async def logged(fleet: RevokingFleet, unit_id: str) -> list[tuple[str, str]]:
    rows = await fleet.owner.fetch("SELECT kind, actor FROM log_entry WHERE unit_id = $1 ORDER BY entry_id", unit_id)
    return [(row["kind"], row["actor"]) for row in rows]


@asynccontextmanager
async def trying(*clients: WantingBack) -> AsyncIterator[None]:
    """Units at work, each with a session."""
    tasks = [asyncio.create_task(one.run(), name=f"unit {one.unit_id}") for one in clients]
    try:
        await until(met(lambda: all(one.connected_at for one in clients)))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_revoked_unit_is_put_out_and_stays_out_and_another_stays_in(fleet: RevokingFleet) -> None:
    revoked, staying = [fleet.wanting_back(name, await fleet.add_unit(name)) for name in (UNIT, OTHER)]
    await fleet.owner.execute("UPDATE unit_live SET session_up = true")
    async with fleet.revoking(), trying(revoked, staying):
        await fleet.revoke(UNIT)
        await until(cut_off(fleet, UNIT))
        await until(met(lambda: len(revoked.refused_at) >= 5))
    assert (len(revoked.connected_at), len(revoked.closed_at)) == (1, 1)
    assert (len(staying.connected_at), len(staying.closed_at)) == (1, 0)
    assert await logged(fleet, UNIT) == [("unit.revoked", OWNER_ID), ("unit.cut-off", CONTROLLER)]
    up = await fleet.owner.fetch("SELECT unit_id FROM unit_live WHERE session_up")
    assert [row["unit_id"] for row in up] == [OTHER]


async def test_a_unit_with_several_certificates_gets_in_with_none(fleet: RevokingFleet) -> None:
    first = await fleet.add_unit(UNIT)
    second = await fleet.add_certificate(UNIT)
    clients = [fleet.wanting_back(UNIT, files) for files in (first, second)]
    async with fleet.revoking():
        await fleet.revoke(UNIT)
        await until(cut_off(fleet, UNIT))
        tasks = [asyncio.create_task(one.run()) for one in clients]
        await until(met(lambda: all(one.refused_at for one in clients)))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert not any(one.connected_at for one in clients)


async def test_what_a_dead_controller_left_is_done_by_the_next(fleet: RevokingFleet) -> None:
    unit = fleet.wanting_back(UNIT, await fleet.add_unit(UNIT))
    async with trying(unit):
        await fleet.revoke(UNIT)
        assert await fleet.cut_off_at(UNIT) is None
        async with fleet.revoking():
            await until(cut_off(fleet, UNIT))
            await until(met(lambda: bool(unit.refused_at)))
    assert len(unit.connected_at) == 1


async def test_a_broker_that_is_away_delays_and_is_told_of_once(fleet: RevokingFleet) -> None:
    await fleet.add_unit(UNIT)
    await fleet.broker.kill()
    async with fleet.revoking():
        await fleet.revoke(UNIT)

        async def told() -> bool:
            delays = await fleet.owner.fetch("SELECT FROM event WHERE kind = 'revocation-delayed'")
            return len(delays) == 1

        await until(told)
        assert await fleet.cut_off_at(UNIT) is None
        await fleet.broker.start()
        await until(cut_off(fleet, UNIT))
    events = await fleet.owner.fetch("SELECT severity, count, summary FROM event")
    assert [(event["severity"], event["count"]) for event in events] == [("warning", 1)]
    assert "can not be reached" in events[0]["summary"]


async def test_a_unit_that_can_not_be_taken_over_holds_up_no_other(
    fleet: RevokingFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first by its id."""
    stuck, others = "unit-a-stuck", ["unit-b-other", "unit-c-other", "unit-d-other"]
    take_over = UnitsListener.take_over

    async def refusing(self: UnitsListener, unit_id: str, shown: KeyAndChain, roots_pem: bytes) -> TakenOver:
        if unit_id == stuck:
            raise TakeoverRefused(unit_id, "no answer in time")
        return await take_over(self, unit_id, shown, roots_pem)

    monkeypatch.setattr(UnitsListener, "take_over", refusing)
    for unit_id in (stuck, *others):
        await fleet.add_unit(unit_id)
        await fleet.revoke(unit_id)
    async with fleet.revoking():
        for unit_id in others:
            await until(cut_off(fleet, unit_id))
    assert await fleet.cut_off_at(stuck) is None


async def test_several_controllers_cut_a_unit_off_once(fleet: RevokingFleet) -> None:
    units = [f"unit-several{number}" for number in range(6)]
    for unit_id in units:
        await fleet.add_unit(unit_id)
    async with fleet.revoking(), fleet.revoking(), fleet.revoking():
        for unit_id in units:
            await fleet.revoke(unit_id)
        for unit_id in units:
            await until(cut_off(fleet, unit_id))
    for unit_id in units:
        assert [kind for kind, _ in await logged(fleet, unit_id)] == ["unit.revoked", "unit.cut-off"]


async def test_a_connection_kept_back_before_connect_does_not_bring_the_unit_back(fleet: RevokingFleet) -> None:
    """Its handshake was done before the list was read, so only what comes after can put it out."""
    files = await fleet.add_unit(UNIT)
    async with AsyncExitStack() as stack:
        tls = fleet.broker.pki.context(files)
        kept = [await stack.enter_async_context(wire("127.0.0.1", fleet.broker.unit_port, tls)) for _ in range(3)]
        await stack.enter_async_context(fleet.revoking())
        await fleet.revoke(UNIT)
        await until(cut_off(fleet, UNIT))
        for bare in kept:
            bare.send(connect_packet(UNIT))
            with suppress(OSError):
                while await bare.read() is not None:
                    pass


async def test_a_list_that_was_lost_or_spoilt_is_written_again(fleet: RevokingFleet) -> None:
    await fleet.add_unit(UNIT)
    path = fleet.credentials.crl_path
    async with fleet.revoking():
        await fleet.revoke(UNIT)
        await until(cut_off(fleet, UNIT))
        revoked = set(read_lists(path.read_bytes()).revoked)
        assert len(revoked) == 2
        for spoil in (path.unlink, lambda: path.write_bytes(b"spoilt"), lambda: fleet.broker.pki.revoke(path.parent)):
            spoil()
            await until(met(lambda: path.exists() and listed(path) >= revoked))


def listed(path: Path) -> set[Revoked]:
    try:
        return set(read_lists(path.read_bytes()).revoked)
    except ValueError:
        return set()
