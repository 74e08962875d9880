"""`python -m tests.fault.sequencer`: kill -9 of whichever controller sequences the log, at random moments under load.

Two processes run the real sequencer and publisher beside a real witness on PostgreSQL with fsync, and writers go on
committing changes with an entry each: some roll back, some take long, so that ids commit out of order. Afterwards every
committed change must have exactly one entry and one leaf, of one tree that every checkpoint ever signed is a prefix of.

The last line of standard output is JSON; exit code 0 only when that holds.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from fleet.demo.postgres import PostgresServer
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import UnitLabelled
from fleet.log.key import LogKey
from fleet.store.log import LogStore
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.note import read_note
from tests.bench.lines import say, tell
from tests.bench.log import Scene
from tests.support.log_tree import Tree, checked_tree
from tests.support.waiting import until
from tests.support.witness import RunningWitness, running_witness

_WRITERS = 6
_LONGEST_PAUSE_S = 0.03
_LONGEST_REIGN_S = 1.0
_LEADER_LIMIT_S = 60.0
_SETTLE_LIMIT_S = 120.0
_CHANGES = """
CREATE TABLE campaign_change (entry_id bigint PRIMARY KEY);
GRANT INSERT ON campaign_change TO muster_controller;
"""


class Controllers:
    """Two controllers; one that was killed is started again at once."""

    def __init__(self, home: Path, scene: Scene, dsn: str) -> None:
        told = scene.controller(dsn)
        self.signed = home / "signed"
        self._command = [sys.executable, "-m", "tests.fault.log_controller", told["settings"], told["key"]]
        self._log = (home / "controllers.log").open("ab")
        self._running: list[asyncio.subprocess.Process] = []
        self._readers: set[asyncio.Task[None]] = set()
        self._leads: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()

    async def start(self) -> None:
        """Start one more."""
        process = await asyncio.create_subprocess_exec(
            *self._command, str(self.signed), stdout=asyncio.subprocess.PIPE, stderr=self._log
        )
        self._running.append(process)
        reader = asyncio.create_task(self._read(process))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)

    async def leader(self) -> asyncio.subprocess.Process:
        """Whoever is the next to begin to sequence."""
        async with asyncio.timeout(_LEADER_LIMIT_S):
            return await self._leads.get()

    async def kill(self, process: asyncio.subprocess.Process) -> bool:
        """SIGKILL, and start another; False when it had ended by itself."""
        alive = process.returncode is None
        if alive:
            process.kill()
        await process.wait()
        self._running.remove(process)
        await self.start()
        return alive

    async def end(self) -> None:
        """Kill all."""
        for process in self._running:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.gather(*self._readers)
        self._log.close()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if line == b"leads\n":
                self._leads.put_nowait(process)


async def write(dsn: str, number: int, chance: random.Random, stop: asyncio.Event) -> None:
    """Commit changes with an entry each until told to stop: some are rolled back, some take long."""
    connection = await asyncpg.connect(dsn, server_settings={"role": "muster_controller"})
    log = LogStore(connection)
    while not stop.is_set():
        transaction = connection.transaction()
        await transaction.start()
        for _ in range(chance.choice((1, 1, 1, 4))):
            entry = UnitLabelled(
                at=datetime.now(UTC),
                actor="TO-12",
                unit=f"unit-writer{number:02}" if chance.random() < 0.8 else None,
                label=HashedText("a label"),
            )
            await connection.execute("INSERT INTO campaign_change VALUES ($1)", await log.append(entry))
        await asyncio.sleep(chance.uniform(0, 0.8) if chance.random() < 0.02 else 0)
        if chance.random() < 0.05:
            await transaction.rollback()
        else:
            await transaction.commit()
        await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_S))
    await connection.close()


@asynccontextmanager
async def _writing(dsn: str, chance: random.Random) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(_WRITERS):
            group.create_task(write(dsn, number, random.Random(chance.random()), stop))
        try:
            yield
        finally:
            stop.set()


async def campaign(kills: int, seed: int) -> dict[str, Any]:
    """Run the whole campaign; returns what is to be told."""
    chance = random.Random(seed)
    key = LogKey.new()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-fault-")))
        server = await asyncio.to_thread(lambda: PostgresServer.create(durable=True))
        stack.push_async_callback(asyncio.to_thread, server.remove)
        witness = await stack.enter_async_context(running_witness(RunningWitness(home / "witness", [key.verifier])))
        scene = Scene(home, server, witness, key)
        dsn = await scene.database("campaign")
        owner = await asyncpg.connect(dsn)
        stack.push_async_callback(owner.close)
        await owner.execute(_CHANGES)
        controllers = Controllers(home, scene, dsn)
        stack.push_async_callback(controllers.end)
        for _ in range(2):
            await controllers.start()
        done = 0
        async with _writing(dsn, chance):
            while done < kills:
                leader = await controllers.leader()
                await asyncio.sleep(chance.uniform(0, _LONGEST_REIGN_S))
                done += await controllers.kill(leader)
                if done % 20 == 0:
                    say(f"  {done} of {kills} kills")
        await _settle(owner)
        return {"kills": done, **await _count(owner, controllers.signed, witness), "seed": seed}


async def _settle(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until every entry is in the tree, and the tree under a cosigned checkpoint."""

    async def settled() -> bool:
        return bool(
            await owner.fetchval(
                "SELECT NOT EXISTS (SELECT FROM log_entry WHERE leaf_index IS NULL)"
                " AND EXISTS (SELECT FROM log_checkpoint JOIN log_tree USING (size) WHERE cosigned)"
            )
        )

    await until(settled, _SETTLE_LIMIT_S)


async def _count(owner: "asyncpg.Connection[asyncpg.Record]", signed: Path, witness: RunningWitness) -> dict[str, Any]:
    entries = await owner.fetchval("SELECT count(*) FROM log_entry")
    changes = await owner.fetchval("SELECT count(*) FROM campaign_change")
    lost = await owner.fetchval(
        "SELECT count(*) FROM campaign_change LEFT JOIN log_entry USING (entry_id) WHERE leaf_index IS NULL"
    )
    try:
        tree = await checked_tree(owner)
    except AssertionError as error:
        say(f"  not one tree: {error}")
        return {"entries": entries, "leaves": 0, "changes": changes, "changes_without_leaf": lost, "one_tree": False}
    checkpoints = await _checkpoints(owner, signed, witness)
    strange = _strange(tree, checkpoints)
    return {
        "entries": entries,
        "leaves": len(tree.leaves),
        "changes": changes,
        "changes_without_leaf": lost,
        "checkpoints": len(checkpoints),
        "strange_checkpoints": strange,
        "alarms": await owner.fetchval(
            "SELECT count(*) FROM event WHERE kind IN ('log-split-view', 'log-rolled-back')"
        ),
        "one_tree": strange == 0,
    }


async def _checkpoints(
    owner: "asyncpg.Connection[asyncpg.Record]", signed: Path, witness: RunningWitness
) -> set[tuple[int, str]]:
    """Size and root of whatever was signed, stored, or is remembered by the witness."""
    found = set()
    for line in (await asyncio.to_thread(signed.read_text)).splitlines():
        size, root = line.split()
        found.add((int(size), root))
    for record in await owner.fetch("SELECT size, note FROM log_checkpoint"):
        found.add(_of_note(record["note"]))
    [remembered] = witness.place.logs().values()
    if remembered.latest is not None:
        found.add(_of_note(remembered.latest.note.text))
    return found


def _of_note(text: str) -> tuple[int, str]:
    checkpoint = read_checkpoint(read_note(text).body)
    return checkpoint.size, checkpoint.root.hex()


def _strange(tree: Tree, checkpoints: set[tuple[int, str]]) -> int:
    """How many checkpoints are no prefix of the tree."""
    roots = tree.roots({size for size, _ in checkpoints if size <= len(tree.leaves)})
    return sum(size not in roots or roots[size].hex() != root for size, root in checkpoints)


def passed(result: dict[str, Any]) -> bool:
    """Whether it all holds."""
    return bool(
        result["one_tree"]
        and result["entries"] == result["leaves"]
        and result["changes_without_leaf"] == 0
        and result["alarms"] == 0
        and 0 < result["changes"] <= result["entries"]
    )


def main() -> None:
    """Run, print the result, and end with whether it passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    result = asyncio.run(campaign(given.kills, given.seed))
    tell(json.dumps(result))
    sys.exit(0 if passed(result) else 1)


if __name__ == "__main__":
    main()
