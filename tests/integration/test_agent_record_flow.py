"""Records from a real agent's disk over a real broker into the database and the log; and hands on the unit's disk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from edge_agent.access_record.chain_text import FILE_NAME, Tip, verify
from edge_agent.access_record.keeper import open_keeper
from edge_agent.clock import SystemClock
from edge_agent.errors import AccessChainBroken
from edge_agent.identity import IdentityStore
from fleet.clock import utc_now
from fleet.commands.chain_watch import ChainWatch
from fleet.commands.dispatcher import Dispatcher
from fleet.feed.hub import Hub
from fleet.store.store import Store
from protocols.access_record import GENESIS
from tests.support.agent_peer import AgentProcess, JoinedUnit
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import DOWN_KEY, OWNER_ID, enter_certificate, register, running_ingest, until
from tests.support.tls import ClientFiles, Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT = "unit-23456789"
OPENING = "0123456789abcdef01234567"


class Place:
    """A unit's disk, a broker, and what the controller knows."""

    def __init__(self, owner: Owner, unit: JoinedUnit, home: Path) -> None:
        self.owner = owner
        self.unit = unit
        self.home = home
        self.runs = 0

    @property
    def path(self) -> Path:
        return self.unit.state_dir / FILE_NAME

    def agent(self, *arguments: str) -> AgentProcess:
        self.runs += 1
        return AgentProcess(self.home / f"run-{self.runs}", self.unit.environ, *arguments)

    async def record(self, what: Any, **facts: Any) -> None:
        """Append to the chain while the agent is stopped, as who opens something does."""
        keeper = await open_keeper(self.unit.state_dir, SystemClock(), "boot-of-the-supervisor")
        await keeper.append(what=what, modality="video", opening=OPENING, person=OWNER_ID, **facts)
        await keeper.close()

    async def run_until_proven(self) -> None:
        """Run the agent until what it has on its disk then is proved, claimed and, if whole, arrived."""
        async with self.agent() as agent:
            await until(self._is_known)
            assert await agent.terminate() == 0, agent.logged

    async def _is_known(self) -> bool:
        chain = await self.owner.fetchrow("SELECT * FROM access_chain")
        try:
            tip = verify(self.path).tip
        except AccessChainBroken:
            return False
        if chain is None or (chain["records"] < tip.records and not await self.causes()):
            return False
        proven, claimed = Tip(chain["proven"], chain["proven_head"]), Tip(chain["claimed"], chain["claimed_head"])
        return proven == claimed == tip

    async def entries(self) -> list[dict[str, Any]]:
        rows = await self.owner.fetch(
            "SELECT body FROM log_entry WHERE kind LIKE 'modality.%' OR kind = 'unit.started' ORDER BY entry_id"
        )
        return [msgspec.json.decode(row["body"]) for row in rows]

    async def causes(self) -> set[str]:
        return {row["cause"] for row in await self.owner.fetch("SELECT cause FROM error_report")}

    async def said(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `edge-agent record`."""
        async with self.agent("record", *arguments) as agent:
            return await agent.ended(), agent.said


@asynccontextmanager
async def _controller(store: Store, broker: MosquittoBroker) -> AsyncIterator[None]:
    async with running_ingest(store, broker) as running:
        hub = Hub(store)
        dispatcher = Dispatcher(store, utc_now, hub, running.downlink.send_command)
        watch = ChainWatch(store, utc_now, ask_after=timedelta(seconds=0.2), every_s=0.2)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(part.run()) for part in (hub, dispatcher, watch)]
            yield
            for task in working:
                task.cancel()


@pytest.fixture
async def place(store: Store, owner: Owner, tmp_path: Path) -> AsyncIterator[Place]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as broker:
        unit = JoinedUnit(broker, UNIT, tmp_path / "unit", DOWN_KEY)
        await register(owner, [UNIT])
        chain_file = tmp_path / "unit.crt"
        chain_file.write_text(IdentityStore(unit.state_dir).load().certificate_chain_pem)
        await enter_certificate(owner, UNIT, ClientFiles(unit.state_dir / "key.pem", chain_file))
        async with _controller(store, broker):
            yield Place(owner, unit, tmp_path)


async def test_what_a_unit_records_arrives_and_is_logged_and_what_was_lost_is_asked_for(place: Place) -> None:
    await place.run_until_proven()
    (started,) = await place.entries()
    assert (started["kind"], started["record"], started["actor"], started["unit"]) == ("unit.started", 1, "unit", UNIT)
    assert await place.owner.fetchval("SELECT body FROM access_record") + "\n" == place.path.read_text()
    event = await place.owner.fetchrow("SELECT severity, summary FROM event WHERE kind = 'access-started'")
    assert event is not None
    assert tuple(event) == ("info", "record 1: the agent started")
    code, said = await place.said()
    assert (code, "record 1: the agent started" in said, verify(place.path).tip.head in said) == (0, True, True)

    await place.record("opened", mandate="M-1", authority="A/2026/44")
    await place.record("closed", reason="expiry", open_s=20)
    await place.run_until_proven()
    entries = sorted(await place.entries(), key=lambda entry: entry["record"])
    assert [entry["kind"] for entry in entries] == [
        "unit.started",
        "modality.opened",
        "modality.closed",
        "unit.started",
    ]
    assert [(entry["person"], entry["opening"]) for entry in entries[1:3]] == [(OWNER_ID, OPENING)] * 2
    assert entries[2]["open_s"] == 20
    states = await place.owner.fetch("SELECT state, reason FROM command WHERE order_kind = 'send-records'")
    assert ("done", "3 records") in {tuple(state) for state in states}
    assert await place.causes() == set()
    assert await place.owner.fetchval("SELECT missing_since FROM access_chain") is None


def _keep_lines(path: Path, count: int) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:count]))


@pytest.mark.parametrize(
    ("meddle", "causes", "first_code"),
    [
        (lambda path: _keep_lines(path, 1), {"record-went-back", "record-forked"}, 0),
        (lambda path: path.write_text(path.read_text().replace("expiry", "coffee")), {"record-forked"}, 1),
    ],
    ids=["rolled back", "edited"],
)
async def test_a_chain_that_was_changed_on_the_units_disk_shows_at_the_controller(
    place: Place, meddle: Callable[[Path], object], causes: set[str], first_code: int
) -> None:
    await place.run_until_proven()
    await place.record("opened")
    await place.record("closed", reason="expiry", open_s=20)
    await place.run_until_proven()
    assert await place.causes() == set()
    meddle(place.path)
    assert (await place.said("--verify"))[0] == first_code
    await place.run_until_proven()

    async def is_found() -> bool:
        return causes <= await place.causes()

    await until(is_found)
    alarms = await place.owner.fetchval("SELECT count(*) FROM event WHERE kind = 'error-report' AND severity = 'alarm'")
    assert alarms == len(causes)
    code, said = await place.said("--verify", "--json")
    view = msgspec.json.decode(said)
    assert (view["problem"], view["chain"]) == (None, []), "what goes on now is a chain again"
    assert code == first_code, "and says for ever that another was moved aside"
    if first_code:
        assert msgspec.json.decode(place.path.read_text().splitlines()[0])["prior"] == GENESIS
        aside = place.path.with_name(view["moved_aside"][0])
        assert "coffee" in aside.read_text()
        told = await place.owner.fetchval("SELECT severity FROM event WHERE kind = 'access-record-broken'")
        assert told == "alarm"
