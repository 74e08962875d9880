"""The agent as a process of its own: killed at any moment, on a full disk, told to stop, against the real ingest."""

import asyncio
import resource
import stat
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.access_record.chain_text import FILE_NAME, verify
from edge_agent.identity import IdentityStore
from fleet.store.store import Store
from protocols.commands import ReportNow
from protocols.joining import BrokerAddress
from tests.support.agent_peer import AgentProcess, JoinedUnit, Peer, peer_on
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import DOWN_KEY, register, running_ingest, until
from tests.support.tls import Pki

KILLS = 8
OWN_BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBrokerProcess]:
    async with EmbeddedBrokerProcess(Pki.create(tmp_path / "pki")) as running:
        yield running


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def unit(broker: EmbeddedBrokerProcess, tmp_path: Path, key: Ed25519PrivateKey) -> JoinedUnit:
    return JoinedUnit(broker, f"unit-{uuid4().hex[:8]}", tmp_path / "unit", key)


@pytest.fixture
def agent(unit: JoinedUnit, tmp_path: Path) -> AgentProcess:
    return AgentProcess(tmp_path / "output", unit.environ)


async def _keep_busy(peer: Peer) -> None:
    """Ask for one report after another, so that the agent is always in the middle of something."""
    while True:
        command_id = await peer.command(ReportNow())
        await peer.until(partial(_is_done, peer, command_id))


def _is_done(peer: Peer, command_id: str) -> bool:
    return (command_id, "done") in peer.results


async def _killed_while_busy(peer: Peer, agent: AgentProcess, after_messages: int) -> None:
    announced, heard = len(peer.announcements), len(peer.messages)
    agent.start()
    await peer.until(lambda: len(peer.announcements) > announced)
    busy = asyncio.create_task(_keep_busy(peer))
    await peer.until(lambda: len(peer.messages) >= heard + after_messages)
    await agent.kill()
    while not busy.done():  # asyncio.wait_for, which aiomqtt uses, forgets a cancellation at times
        busy.cancel()
        await asyncio.wait({busy}, timeout=0.05)


@pytest.mark.long
async def test_killed_at_any_moment_it_loses_nothing_and_numbers_nothing_twice(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, agent: AgentProcess, key: Ed25519PrivateKey
) -> None:
    chance = Random()
    next_seq = 1
    async with peer_on(broker, unit.unit_id, key) as peer:
        for _ in range(KILLS):
            await _killed_while_busy(peer, agent, chance.randrange(40))
            spool_id = unit.spool().spool_id
            gone = set(range(1, unit.spool().next_seq)) - unit.waiting()
            assert gone <= peer.seqs(spool_id), "only what the controller has is gone"
            assert unit.spool().next_seq >= next_seq
            assert unit.spool().dropped == 0
            next_seq = unit.spool().next_seq
        await peer.until(lambda: len(peer.ended) == KILLS)
        agent.start()
        await peer.until(lambda: set(range(1, next_seq)) <= peer.seqs(spool_id))
        await until(lambda: not unit.waiting() & set(range(1, next_seq)))
        await peer.until(lambda: peer.event_kinds.count("agent-started") == KILLS + 1)
        assert await agent.terminate() == 0
    assert verify(unit.state_dir / FILE_NAME).tip.records == KILLS + 1, "each start is in one whole chain"
    assert {its_spool for its_spool, _ in peer.committed} == {spool_id}
    assert not peer.conflicts


@pytest.mark.long
async def test_a_full_disk_is_told_and_recovers_by_itself(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, agent: AgentProcess, key: Ed25519PrivateKey
) -> None:
    async with peer_on(broker, unit.unit_id, key) as peer, agent:
        await peer.until(lambda: len(peer.committed) >= 3)
        spool_id = unit.spool().spool_id
        _, ceiling = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (16_384, ceiling))
        await peer.until(lambda: "spool-unwritable" in peer.event_kinds)
        (in_memory,) = {its_spool for its_spool, _ in peer.committed} - {spool_id}
        await peer.until(lambda: len(peer.seqs(in_memory)) >= 3)
        gone = set(range(1, unit.spool().next_seq)) - unit.waiting()
        assert gone <= peer.seqs(spool_id)
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (ceiling, ceiling))
        await peer.until(lambda: "spool-recovered" in peer.event_kinds)
        await until(lambda: unit.spool().unspooled > 0)
        wanted = set(range(1, unit.spool().next_seq))
        await peer.until(lambda: wanted <= peer.seqs(spool_id))
        assert await agent.terminate() == 0
    assert not peer.conflicts


async def test_told_to_stop_it_says_goodbye_and_leaves_nothing_behind(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, agent: AgentProcess, key: Ed25519PrivateKey
) -> None:
    async with peer_on(broker, unit.unit_id, key) as peer, agent:
        await peer.until(lambda: len(peer.committed) >= 2)
        spool_files = list(unit.state_dir.glob("spool.db*"))
        assert len(spool_files) >= 2
        assert {stat.S_IMODE(file.stat().st_mode) for file in spool_files} == {0o600}
        assert await agent.terminate() == 0
        await peer.until(lambda: len(peer.ended) == 1)
        assert peer.ended[0].session == peer.session
    assert not list(unit.state_dir.glob("spool.db-*")), "the spool was closed"
    assert "Traceback" not in agent.logged


async def test_it_stops_also_in_the_middle_of_a_connection_attempt(unit: JoinedUnit, tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        _move_broker(unit, silent.sockets[0].getsockname()[1])
        async with AgentProcess(tmp_path / "output", unit.environ) as agent, asyncio.timeout(30):
            await reached.wait()
            assert await agent.terminate() == 0


def _move_broker(unit: JoinedUnit, port: int) -> None:
    store = IdentityStore(unit.state_dir)
    known = store.load()
    moved = msgspec.structs.replace(known, broker=BrokerAddress(host="127.0.0.1", port=port))
    store.save(moved, store.load_settings())


async def test_one_state_directory_serves_one_agent(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, agent: AgentProcess, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    async with peer_on(broker, unit.unit_id, key) as peer, agent:
        await peer.until(lambda: len(peer.announcements) >= 1)
        async with AgentProcess(tmp_path / "second", unit.environ) as second:
            assert await second.ended() == 7
            assert "another edge-agent uses" in second.logged
        async with AgentProcess(tmp_path / "status", unit.environ, "status") as status:
            assert await status.ended() == 0
            assert "agent running" in status.said
        async with AgentProcess(tmp_path / "spool", unit.environ, "spool", "--json") as spool:
            assert await spool.ended() == 0
            assert '"waiting_ranges":' in spool.said
        assert await agent.terminate() == 0


async def test_the_real_ingest_gets_everything_once(
    store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as broker:
        unit = JoinedUnit(broker, f"unit-{uuid4().hex[:8]}", tmp_path / "unit", DOWN_KEY)
        unit.fill_spool(250)
        await register(owner, [unit.unit_id])
        async with AgentProcess(tmp_path / "output", unit.environ) as agent:
            async with running_ingest(store, broker) as running:
                await until(lambda: running.counted("muster_rows_stored_total") > 253)
            await until(lambda: unit.spool().next_seq > 256)
            async with running_ingest(store, broker) as running:
                wanted = unit.spool().next_seq
                await until(lambda: not unit.waiting() & set(range(1, wanted)))
            await agent.kill()
    stored = {record["seq"] for record in await owner.fetch("SELECT seq FROM health_report")}
    stored |= {record["seq"] for record in await owner.fetch("SELECT seq FROM event WHERE source = 'unit'")}
    assert set(range(1, unit.spool().next_seq)) - unit.waiting() <= stored
    events = await owner.fetch("SELECT kind, count(*) FROM event WHERE source = 'unit' GROUP BY kind")
    assert {record["kind"]: record["count"] for record in events} == {"agent-started": 1, "access-started": 1}


async def test_a_broker_that_is_not_ours_learns_nothing(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    ours, strange = Pki.create(tmp_path / "ours"), Pki.create(tmp_path / "strange")
    async with EmbeddedBrokerProcess(strange) as broker:
        broker.pki = ours
        unit = JoinedUnit(broker, "unit-abcdefgh", tmp_path / "unit", key)
        async with AgentProcess(tmp_path / "output", unit.environ) as agent:
            await until(lambda: "certificate verify failed" in agent.logged)
            await until(lambda: unit.spool().waiting >= 3)
            assert await agent.terminate() == 0
    assert "link up" not in agent.logged


async def test_a_damaged_spool_is_moved_aside_and_told(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, agent: AgentProcess, key: Ed25519PrivateKey
) -> None:
    unit.fill_spool(50)
    spool = unit.state_dir / "spool.db"
    content = bytearray(spool.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    spool.write_bytes(content)
    async with peer_on(broker, unit.unit_id, key) as peer, agent:
        await peer.until(lambda: "spool-replaced" in peer.event_kinds)
        await peer.until(lambda: len(peer.committed) >= 3)
        assert await agent.terminate() == 0
    assert (unit.state_dir / "spool.db.damaged-1").read_bytes() == bytes(content)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run",), 4, "has not joined"),
        (("status",), 4, ""),
        (("spool",), 1, "there is no spool yet"),
        (("join",), 5, "no voucher"),
        (("join", "--voucher-file", "/nonexistent"), 5, "name the voucher's file"),
        (("run", "--config", "/nonexistent"), 2, "no such settings file"),
        (("dance",), 2, "Unknown command"),
        (("run", "--fast"), 2, "Unknown option"),
        (("version",), 0, ""),
    ],
)
async def test_each_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    environ = {"MUSTER_AGENT_STATE_DIR": str(tmp_path / "state")}
    async with AgentProcess(tmp_path / "output", environ, *arguments) as agent:
        assert await agent.ended() == code
    assert says in agent.logged
    assert agent.logged.count("\n") == (1 if says else 0)


async def test_an_unknown_setting_in_the_environment_is_refused(tmp_path: Path) -> None:
    async with AgentProcess(tmp_path / "output", {"MUSTER_AGENT_STATEDIR": "/x"}, "status") as agent:
        assert await agent.ended() == 2
    assert "MUSTER_AGENT_STATEDIR: is not a setting" in agent.logged


async def test_a_simulated_host_can_be_reported(
    broker: EmbeddedBrokerProcess, unit: JoinedUnit, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    trees = tmp_path / "trees"
    async with AgentProcess(tmp_path / "simulation", {}, "simulate-host", str(trees), "--hosts", "1") as simulation:
        await until((trees / "host-001").is_dir)
        environ = unit.environ | {"MUSTER_AGENT_ROOT": str(trees / "host-001")}
        async with peer_on(broker, unit.unit_id, key) as peer, AgentProcess(tmp_path / "output", environ) as agent:
            await peer.until(lambda: any(getattr(row, "soc_temp_c", None) for row in peer.committed.values()))
            assert peer.announcements[0].boot_id != OWN_BOOT_ID
            assert await agent.terminate() == 0
        assert await simulation.terminate() == 0
