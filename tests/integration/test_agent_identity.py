"""A real agent against the real controller: its certificate renewed, asked for again, its people list followed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from edge_agent.certificate import read_own
from edge_agent.identity import Identity, IdentityStore
from edge_agent.people_keeping import carried_version
from fleet.ca import certificates
from fleet.ca.files import key_to_pem, write_private
from fleet.ca.holdings import pem
from fleet.client import FleetClient, connect
from fleet.settings import BrokerSettings
from fleet.store.store import Store
from protocols.joining import BrokerAddress
from protocols.people import read_list
from protocols.settings import UnitSettings
from tests.support.agent_peer import AgentProcess
from tests.support.controller import RunningApi, running_api
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import enter_certificate, register, running_ingest, until
from tests.support.tls import ClientFiles, Pki

UNIT = "unit-abcdefgh"
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

DUE_AND_GOOD_FOR_A_MINUTE = timedelta(seconds=90)
"""Certificates begin 5 minutes in the past: of these 6.5 minutes, three quarters are over."""

ENDED = timedelta(seconds=-1)


@dataclass
class Place:
    """A controller on a broker, a person's way in, and a unit that joined when the people list was its anchor."""

    api: RunningApi
    broker: MosquittoBroker
    owner: Owner
    store: Store
    door: FleetClient
    home: Path
    runs: int = 0

    @property
    def state_dir(self) -> Path:
        return self.home / "unit"

    @property
    def identity(self) -> Identity:
        return IdentityStore(self.state_dir).load()

    @property
    def serial(self) -> str:
        return read_own(self.identity.certificate_chain_pem).serial

    @property
    def keys(self) -> set[str]:
        return {path.name for path in self.state_dir.glob("key*.pem")}

    def agent(self, *arguments: str) -> AgentProcess:
        self.runs += 1
        environ = {"MUSTER_AGENT_STATE_DIR": str(self.state_dir), "MUSTER_AGENT_ACK_TIMEOUT_S": "2"}
        return AgentProcess(self.home / f"run-{self.runs}", environ, *arguments)

    async def join(self, life: timedelta) -> None:
        """Let the unit have joined, with a certificate that ends `life` from now."""
        self.state_dir.mkdir(mode=0o700)
        key_file = self.state_dir / "key.pem"
        key = generate_private_key(SECP256R1())
        write_private(key_file, key_to_pem(key))
        issuer = self.api.credentials.authority.holdings.issuers[0]
        leaf = certificates.leaf_certificate(
            certificates.Leaf(UNIT, key.public_key(), certificates.CLIENT, life),
            datetime.now(UTC),
            certificates.Signer(issuer.certificate.subject, issuer.key),
            issuer.certificate.not_valid_after_utc,
        )
        chain_pem = (pem(leaf) + pem(issuer.certificate)).decode()
        chain_file = self.home / "first.crt"
        chain_file.write_text(chain_pem)
        await register(self.owner, [UNIT])
        await enter_certificate(self.owner, UNIT, ClientFiles(key_file, chain_file))
        async with self.store.transaction() as transaction:
            anchor = await transaction.people.newest_anchor()
        assert anchor is not None
        identity = Identity(
            unit_id=UNIT,
            certificate_chain_pem=chain_pem,
            roots_pem=[self.api.credentials.authority.root_pem.decode()],
            controller_keys=[self.api.credentials.down_public_hex],
            broker=BrokerAddress(host=self.broker.host, port=self.broker.unit_port),
            people_list=anchor.text,
            controller_url=self.api.url,
        )
        IdentityStore(self.state_dir).save(identity, UnitSettings(version=1, report_every_s=1))

    async def connected(self, serial: str) -> bool:
        """Whether a proof with this certificate has been accepted."""
        query = "SELECT connected_at IS NOT NULL FROM certificate WHERE serial = $1"
        return bool(await self.owner.fetchval(query, serial))

    async def status(self) -> dict[str, Any]:
        async with self.agent("status", "--json") as agent:
            await agent.ended()
        status: dict[str, Any] = msgspec.json.decode(agent.said)
        return status

    async def event_kinds(self) -> list[str]:
        rows = await self.owner.fetch("SELECT kind FROM event WHERE source = 'unit' ORDER BY seq")
        return [row["kind"] for row in rows]


@pytest.fixture
async def place(store: Store, dsn: str, owner: Owner, tmp_path: Path) -> AsyncIterator[Place]:
    broker = MosquittoBroker(Pki.create(tmp_path / "not yet"))
    async with AsyncExitStack() as stack:
        told = BrokerSettings(unit_port=broker.unit_port)
        api = await stack.enter_async_context(running_api(store, dsn, tmp_path / "fleet", broker=told))
        broker.pki = Pki(tmp_path / "fleet", api.credentials.authority)
        await stack.enter_async_context(broker)
        await stack.enter_async_context(running_ingest(store, broker, down_key=api.credentials.down_key))
        door = await stack.enter_async_context(connect(await api.add_person("TO-12", "engineer")))
        yield Place(api, broker, owner, store, door, tmp_path)


async def test_a_certificate_is_renewed_proved_and_its_old_key_removed(place: Place) -> None:
    await place.join(DUE_AND_GOOD_FOR_A_MINUTE)
    first = place.serial
    async with place.agent() as agent:
        await until(lambda: place.serial != first or not agent.running)
        await until(lambda: place.connected(place.serial))
        await until(lambda: place.keys == {"key-2.pem"})
        renewed = place.serial
        kinds = place.event_kinds
        await until(lambda: _contains(kinds, "certificate-renewed"))
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


async def _contains(kinds: Any, kind: str) -> bool:
    return kind in await kinds()


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
        assert join.fingerprint in said.said
        assert join.rejoins == UNIT
        await place.door.accept_join(join.join_id, join.fingerprint)
        await until(lambda: place.serial != first)
        await until(lambda: place.connected(place.serial))
        await until(lambda: _contains(place.event_kinds, "rejoin-asked"))
        assert await agent.terminate() == 0
    assert place.keys == {"key.pem"}
    assert (await place.event_kinds()).count("rejoin-asked") == 1
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
        await until(lambda: _contains(place.event_kinds, "renewal-refused"))
        assert await agent.terminate() == 0
    assert agent.logged.count("renewal refused") == 1
    assert "unit-revoked" in agent.logged
