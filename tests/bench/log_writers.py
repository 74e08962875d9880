"""`python -m tests.bench.log_writers`: a process of writers, each with its own connection and one append at a time.

Reads a JSON line with what to do from standard input, says `ready`, begins at the next line, says as JSON when it
began and ended, and ends at one more line. How long each append took until it was committed, in milliseconds, goes into
the file `took_ms`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from fleet.entries.access import LeaseGranted, ModalityClosed, ModalityOpened
from fleet.entries.entry import UNIT, Entry, encode, kind_of
from fleet.entries.people_and_units import CommandIssued
from fleet.store.queries import load
from tests.bench.lines import tell

APPENDS = {
    "append": load("log")["append"],
    # The same row in the same one round trip, chained to the one before under the lock of one row.
    "row-lock": """
        WITH moved AS (
            UPDATE chain_head SET size = size + 1, hash = sha256(hash || $5) RETURNING size - 1 AS place, hash
        )
        INSERT INTO chained (kind, unit_id, actor, at, body, authority, deployment, person, opening, leaf_index, hash)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, place, hash FROM moved RETURNING entry_id
    """,
}
_UNITS = 200
_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def rows(first: int, count: int) -> list[tuple[object, ...]]:
    """What `append` is given for entries numbered from `first`: leases and what came of them, and commands."""
    return [_row(entry) for number in range(first, first + count // 4 + 1) for entry in _opening(number)][:count]


def _opening(number: int) -> list[Entry]:
    unit, opening, mandate = f"unit-{number % _UNITS:08}", f"op-{number:012}", f"md-{number % 50:08}"
    at = _AT + timedelta(milliseconds=number)
    about: dict[str, Any] = {"at": at, "unit": unit, "authority": f"AU-2026-{number % 40:04}", "deployment": "DP-17"}
    told = {**about, "actor": UNIT, "unit_at": at, "opening": opening, "modality": "video", "person": "TO-12"}
    return [
        CommandIssued(at=at, actor="TO-12", unit=unit, command=f"cm-{number:012}", order="send-logs", expires_at=at),
        LeaseGranted(
            **about,
            actor="TO-12",
            opening=opening,
            mandate=mandate,
            modalities=["video"],
            nonce=f"{number:032x}",
            expires_at=at + timedelta(seconds=60),
        ),
        ModalityOpened(**told, mandate=mandate, record=2 * number + 1),
        ModalityClosed(**told, reason="asked", open_s=41, record=2 * number + 2),
    ]


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        kind_of(entry),
        entry.unit,
        entry.actor,
        entry.at,
        encode(entry),
        entry.authority,
        entry.deployment,
        getattr(entry, "person", None),
        getattr(entry, "opening", None),
    )


async def _write(
    connection: "asyncpg.Connection[asyncpg.Record]", sql: str, share: Sequence[tuple[object, ...]]
) -> list[float]:
    append = await connection.prepare(sql)
    took_ms = []
    for row in share:
        began = time.perf_counter()
        await append.fetchval(*row)
        took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms


async def run(task: dict[str, Any]) -> None:
    """Do it; `writers` connections, each `each` appends, numbered from `first`."""
    writers, each = task["writers"], task["each"]
    everything = rows(task["first"], writers * each)
    session = {"role": "muster_controller", "timezone": "UTC"}
    connections = [await asyncpg.connect(task["dsn"], server_settings=session) for _ in range(writers)]
    tell("ready")
    await asyncio.to_thread(sys.stdin.readline)
    began = time.time()
    shares = [everything[place::writers] for place in range(writers)]
    took = await asyncio.gather(
        *(
            _write(connection, APPENDS[task["how"]], share)
            for connection, share in zip(connections, shares, strict=True)
        )
    )
    ended, cpu_s = time.time(), time.process_time()
    into = Path(task["took_ms"])
    await asyncio.to_thread(into.write_text, json.dumps([one for some in took for one in some]))
    tell(json.dumps({"began": began, "ended": ended, "cpu_s": cpu_s}))
    # Its connections stay open until then: a process that has ended can not be asked for its processor time.
    await asyncio.to_thread(sys.stdin.readline)
    for connection in connections:
        await connection.close()


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
