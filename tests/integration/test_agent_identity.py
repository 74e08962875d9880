"""A real agent against the real controller: its certificate renewed, asked for again, its people list followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from edge_agent.identity import IdentityStore
from edge_agent.keys.hardware import HardwareKeyStore
from edge_agent.people_keeping import carried_version
from fleet.client import FleetClient, connect
from fleet.renewal.renewals import Renewals
from fleet.settings import BrokerSettings
from fleet.store.store import Store
from protocols.joining import JoinRefusal, Renewed, RenewRequest, display_fingerprint, fingerprint
from protocols.people import read_list
from tests.support.controller import RunningApi, running_api
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import LIMIT_S, running_ingest, until
from tests.support.softhsm import SoftHsm, hsm
from tests.support.tls import Pki
from tests.support.unit_place import BROKERS, DUE_AND_GOOD_FOR_A_MINUTE, ENDED, UNIT, Kind, Owner, UnitPlace

__all__ = ["hsm"]


@dataclass(kw_only=True)
class Place(UnitPlace):
    """A controller on a broker, a person's way in, and a unit that joined when the people list was its anchor."""

    api: RunningApi
    door: FleetClient


@pytest.fixture
async def place(
    store: Store, dsn: str, owner: Owner, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Place]:
    """On Mosquitto, unless a test asks for another kind of broker."""
    kind: Kind = getattr(request, "param", MosquittoBroker)
    broker = kind(Pki.create(tmp_path / "not yet"))
    async with AsyncExitStack() as stack:
        told = BrokerSettings(unit_port=broker.unit_port, mqtt="5" if broker.mqtt == "5" else "3.1.1")
        api = await stack.enter_async_context(running_api(store, dsn, tmp_path / "fleet", broker=told))
        broker.pki = Pki(tmp_path / "fleet", api.credentials.authority)
        await stack.enter_async_context(broker)
        await stack.enter_async_context(running_ingest(store, broker, down_key=api.credentials.down_key))
        door = await stack.enter_async_context(connect(await api.add_person("TO-12", "engineer")))
        yield Place(
            api=api,
            credentials=api.credentials,
            url=api.url,
            broker=broker,
            owner=owner,
            store=store,
            door=door,
            home=tmp_path,
        )


@pytest.mark.parametrize("place", BROKERS, indirect=True)
async def test_a_certificate_is_renewed_proved_and_its_old_key_removed(place: Place) -> None:
    await place.join(DUE_AND_GOOD_FOR_A_MINUTE)
    first = place.serial
    async with place.agent() as agent:
        await until(lambda: place.serial != first or not agent.running)
        await until(lambda: place.connected(place.serial))
        await until(lambda: place.keys == {"key-2.pem"})
        renewed = place.serial
        await place.told("certificate-renewed")
        assert await agent.terminate() == 0
    assert "Traceback" not in agent.logged
    row = await place.owner.fetchrow("SELECT state, predecessor FROM unit, certificate WHERE serial = $1", renewed)
    assert row is not None
    assert (row["state"], row["predecessor"]) == ("active", first)
    async with place.agent() as again:
        await until(lambda: "link up" in again.logged)
        assert await again.terminate() == 0
    assert place.serial == renewed, "once is enough"
    status = await place.status()
    assert (status["certificate"]["serial"], status["asking"], status["key_protection"]) == (renewed, None, "soft")
    assert [root["sha256"] for root in status["roots"]] == [place.api.credentials.authority.ca_sha256.hex()]


async def test_a_unit_that_dies_before_it_hears_of_its_new_certificate_gets_the_same_one_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew, committed, lost = Renewals.renew, asyncio.Event(), asyncio.Event()

    async def renew_in_vain(
        self: Renewals, shown: x509.Certificate | None, request: RenewRequest, came_from: str
    ) -> Renewed | JoinRefusal:
        answer = await renew(self, shown, request, came_from)
        committed.set()
        await lost.wait()
        return answer

    await place.join(DUE_AND_GOOD_FOR_A_MINUTE)
    first = place.serial
    with monkeypatch.context() as patched:
        patched.setattr(Renewals, "renew", renew_in_vain)
        async with place.agent() as agent:
            async with asyncio.timeout(LIMIT_S):
                await committed.wait()
            (successor,) = await place.successors(first)
            await agent.kill()
        lost.set()
    assert place.serial == first
    async with place.agent() as agent:
        await until(lambda: place.serial != first or not agent.running)
        await until(lambda: place.connected(successor))
        await until(lambda: place.keys == {"key-2.pem"})
        await place.reports(agent)
        assert await agent.terminate() == 0
    assert "Traceback" not in agent.logged
    assert place.serial == successor
    assert await place.successors(first) == [successor]
    assert await place.successors(successor) == []
    assert await place.state() == "active"


async def test_a_certificate_in_a_token_is_renewed_for_a_new_key_there(place: Place, hsm: SoftHsm) -> None:
    place.environ = hsm.agent_environ
    keys = HardwareKeyStore(hsm.address, "pkcs11")
    await place.join(DUE_AND_GOOD_FOR_A_MINUTE, keys)
    first = place.serial
    async with place.agent() as agent:
        await until(lambda: place.serial != first or not agent.running)
        await until(lambda: place.connected(place.serial))
        await until(lambda: not keys.exists("key"))
        await place.reports(agent)
        assert await agent.terminate() == 0
        assert hsm.pin not in agent.logged + agent.said
        assert "Traceback" not in agent.logged
    assert place.keys == set(), "no key is in a file"
    async with place.agent() as again:
        await place.reports(again)
        assert await again.terminate() == 0
    status = await place.status()
    assert (status["key_protection"], status["certificate"]["serial"]) == ("pkcs11", place.serial)
    assert status["fingerprint"] == fingerprint(keys.public_key("key-2"))
    shown = await place.door.unit(UNIT)
    assert (shown.key_protection, shown.fingerprint) == ("pkcs11", status["fingerprint"])
    assert await place.state() == "active"


@pytest.mark.parametrize("place", BROKERS, indirect=True)
async def test_a_unit_whose_certificate_has_ended_comes_back_when_a_person_accepts_its_key(place: Place) -> None:
    await place.join(ENDED)
    first = place.serial
    async with place.agent() as agent:
        await until(lambda: _waits(place.door))
        (join,) = await place.door.joins()
        status = await place.status()
        assert (status["asking"], status["fingerprint"]) == ("rejoin", join.fingerprint)
        async with place.agent("status") as said:
            await said.ended()
        assert "waiting for a person to accept this key's fingerprint" in said.said
        assert " ".join(display_fingerprint(join.fingerprint)) in said.said
        assert join.rejoins == UNIT
        await place.door.accept_join(join.join_id, join.fingerprint)
        await until(lambda: place.serial != first)
        await until(lambda: place.connected(place.serial))
        await place.told("rejoin-asked")
        assert await agent.terminate() == 0
    assert place.keys == {"key.pem"}
    assert (await place.event_kinds()).count("rejoin-asked") == 1
    assert "closed the connection instead of answering" in agent.logged, "noticed, not waited out"
    assert "Traceback" not in agent.logged


async def _waits(door: FleetClient) -> bool:
    return bool(await door.joins())


async def test_a_unit_that_joined_with_the_anchor_follows_the_people_list_and_every_change_of_it(place: Place) -> None:
    await place.join(timedelta(days=30))
    anchor = carried_version(place.identity.people_list)
    async with place.agent() as agent:
        await until(lambda: carried_version(place.identity.people_list) > anchor)
        assert await agent.terminate() == 0
    followed = carried_version(place.identity.people_list)
    for number in range(20, 38):
        await place.api.add_person(f"TO-{number}", "engineer")
    async with place.agent() as agent:
        await until(lambda: carried_version(place.identity.people_list) == followed + 18)
        assert await agent.terminate() == 0
    people = read_list(place.identity.people_list).people
    assert {"TO-12", "TO-20", "TO-37"} <= {person.person_id for person in people}
    assert (await place.status())["people_version"] == followed + 18


async def test_a_revoked_unit_goes_on_asking_slowly_and_says_so_once(place: Place) -> None:
    await place.join(DUE_AND_GOOD_FOR_A_MINUTE)
    await place.owner.execute("UPDATE certificate SET revoked_at = now()")
    async with place.agent() as agent:
        await until(lambda: "renewal refused" in agent.logged)
        await place.told("renewal-refused")
        assert await agent.terminate() == 0
    assert agent.logged.count("renewal refused") == 1
    assert "unit-revoked" in agent.logged


@pytest.mark.parametrize("command", ["run", "status"])
async def test_a_certificate_that_can_not_be_read_ends_the_program_with_one_line(place: Place, command: str) -> None:
    await place.join(timedelta(days=30))
    damaged = place.identity.certificate_chain_pem.replace("MII", "AII", 1)
    IdentityStore(place.state_dir).replace(msgspec.structs.replace(place.identity, certificate_chain_pem=damaged))
    async with place.agent(command) as agent:
        assert await agent.ended() == 1
    assert "identity.json: its own certificate can not be read; move it aside and join again" in agent.logged
    assert agent.logged.count("\n") == 1
