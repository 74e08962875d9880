"""Whether anything of what a camera, a microphone or a receiver gave lies on a disk afterwards.

    python -m tests.openings.canary --sessions 100

A whole fleet of processes, whose temporary folders lie in one folder with all else. Each session opens picture and
sound of a camera that shows a canary's texture and plays its tones, watches it as a terminal and as a browser do, then
finds the position and looks at it. Known to the campaign, in memory only: every encoded picture and all samples, as
they left the camera; rows of decoded pictures; Opus and H.264 as the relay hands them on; the JPEG pictures of the
terminal; the coordinates as text and as doubles.

Then a physical backup and dumps are made, everything is stopped, and every file is searched: the database with its
WAL, the unit's state with its spool and access record, the controller's state, logs, sockets' and temporary folders,
the backup and the dump, which leaves nothing out. The last position lies in its row all the while, sealed: that row is
found in the table's file and in the dump, and not in WAL or backup, as the table is UNLOGGED. It, a pattern planted in
the database and one of each kind planted in a file prove that the search finds what is there.

One line of JSON on standard output; exit code 0 only when what was planted was found, and nothing else.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.lines import say, tell
from tests.openings.canary_patterns import Found, Patterns
from tests.openings.canary_taps import CameraTap, learn_jpeg, learn_relayed, learn_stream
from tests.support.open_house import SMALL, OpenHouse, open_house
from tests.support.open_house_papers import authority, begin_soon, close, mandate, stands, watching

SEED = 20261122
_PICTURES, _RELAYED = 3, 15
_SESSIONS_A_MANDATE = 40
_KINDS = ("nal", "pcm", "row", "rgb", "jpeg", "opus", "position")
_RECEIVER_TEXTS = (b"4852.60000", b"12323.60000")


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """A folder in which this process and all it starts keep what is temporary."""
    before = {name: os.environ.get(name) for name in ("TMPDIR", "TMP", "TEMP")}
    with tempfile.TemporaryDirectory(prefix="mc-") as root:
        Path(root).chmod(0o711)  # PostgreSQL, as another user, walks through
        tempfile.tempdir = root
        os.environ.update(dict.fromkeys(before, root))
        try:
            yield Path(root)
        finally:
            tempfile.tempdir = None
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def written_elsewhere(root: Path) -> set[str]:
    """Regular files outside of `root` that the programs with their temporary folder in it have open to write."""
    mark = f"TMPDIR={root}".encode()
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is another user's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.update(_written_by(process))
    return {name for name in found if not Path(name).is_relative_to(root)}


def _written_by(process: Path) -> Iterator[str]:
    for link in (process / "fd").iterdir():
        with suppress(OSError):
            flags = int((process / "fdinfo" / link.name).read_text().partition("flags:")[2].split()[0], 8)
            if flags & (os.O_WRONLY | os.O_RDWR) and link.is_file():
                yield str(link.readlink())


async def session(house: OpenHouse, tap: CameraTap, under: str, patterns: Patterns) -> set[str]:
    """One check of picture and sound and one of the position; what was seen is added to `patterns`. Returns the files
    outside of the temporary folder that were open to be written meanwhile."""
    opening = (await begin_soon(house, house.unit, under, "video", "audio")).opening
    async with watching(house, opening, keep=_PICTURES) as watcher:
        await watcher.sees(_PICTURES)
        await learn_relayed(patterns, house, opening, _RELAYED)
        elsewhere = await asyncio.to_thread(written_elsewhere, Path(tempfile.gettempdir()))
        await close(house, opening)
        kept = watcher.kept
    for picture in kept:
        learn_jpeg(patterns, picture)
    for stream in tap.take():
        await asyncio.to_thread(learn_stream, patterns, stream)
    found = (await begin_soon(house, house.unit, under, "position")).opening
    view = await stands(house, found, "closed", "refused")
    if view.reason != "found":
        raise AssertionError(f"no position was found: {view}")
    position = await house.door.position(house.unit.unit_id)
    for degrees in (position.latitude_deg, position.longitude_deg):
        patterns.add_degrees(degrees)
    return elsewhere


async def backups(house: OpenHouse, planted: bytes) -> bytes:
    """Plant a pattern in the database, make a backup and a dump beside it; returns the last position, sealed."""
    owner = await asyncpg.connect(house.server.dsn())
    try:
        (sealed,) = [bytes(row["sealed"]) for row in await owner.fetch("SELECT sealed FROM unit_position")]
        await owner.execute("CREATE TABLE planted (held bytea NOT NULL)")
        await owner.execute("INSERT INTO planted VALUES ($1)", planted)
        await owner.execute("CHECKPOINT")
    finally:
        await owner.close()
    home = house.server.home
    run = house.server.run
    await asyncio.to_thread(run, "pg_basebackup", "-D", str(home / "backup"), "-X", "stream", "-c", "fast")
    await asyncio.to_thread(run, "pg_dump", "-f", str(home / "dump.sql"), "postgres")
    return sealed


def search(root: Path, patterns: Patterns) -> tuple[list[Found], int, int]:
    """What lies in the files under `root`, how many files, and how many bytes."""
    found: list[Found] = []
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in files:
        found += patterns.search(path)
    return found, len(files), sum(path.stat().st_size for path in files)


def finds_all_kinds(root: Path, patterns: Patterns, planted: bytes) -> bool:
    """Whether one window of each kind, between other bytes in one file, is found there."""
    file = root / "planted.bin"
    wanted = {kind: patterns.example(kind) for kind in patterns.counts}
    file.write_bytes(b"".join(secrets.token_bytes(1013) + window for window in wanted.values()) + planted)
    found = {one.kind for one in patterns.search(file)}
    file.unlink()
    return found == set(wanted) and set(_KINDS) <= found


async def campaign(sessions: int) -> dict[str, Any]:
    """The whole of it; the result."""
    began_s = time.monotonic()
    patterns = Patterns()
    planted = secrets.token_bytes(32)
    patterns.add_exact("planted", planted)
    patterns.add_exact("planted", planted.hex().encode())  # as dumps write it
    for text in _RECEIVER_TEXTS:
        patterns.add_exact("position", text)
    with own_temporary_folder() as root:
        async with open_house(camera=(*SMALL, "--canary-seed", str(SEED))) as house:
            elsewhere = await _sessions(house, sessions, patterns)
            sealed = await backups(house, planted)
            await house.parts.stop()
            await asyncio.to_thread(house.server.stop)
            works = await asyncio.to_thread(finds_all_kinds, root, patterns, planted)
            for form in (sealed, sealed.hex().encode()):  # the second as dumps write it
                patterns.add_exact("sealed", form)
            found, files, size = await asyncio.to_thread(search, root, patterns)
    inside = [one for one in found if one.kind == "planted"]
    rows = [one for one in found if one.kind == "sealed"]
    leaked = [one for one in found if one.kind not in {"planted", "sealed"}]
    return {
        "sessions": sessions,
        "patterns": dict(patterns.counts),
        "files": files,
        "mb_searched": round(size / 1e6, 1),
        "planted_found": works and _is_in(inside, "base") and _is_in(inside, "pg_wal") and _is_in(inside, "dump.sql"),
        "sealed_found": _is_in(rows, "base") and _is_in(rows, "dump.sql"),
        "sealed_in_wal_or_backup": _is_in(rows, "pg_wal") or _is_in(rows, "backup"),
        "written_elsewhere": sorted(elsewhere),
        "found": len(leaked),
        "where": dict(Counter(f"{one.kind} in {one.file.relative_to(root)}" for one in leaked).most_common(10)),
        "seconds": round(time.monotonic() - began_s),
    }


async def _sessions(house: OpenHouse, sessions: int, patterns: Patterns) -> set[str]:
    recorded = await authority(house)
    elsewhere: set[str] = set()
    under = ""
    async with CameraTap(house.unit.devices.camera).listening() as tap:
        for number in range(sessions):
            if number % _SESSIONS_A_MANDATE == 0:
                under = await mandate(house, house.unit, recorded)
            elsewhere |= await session(house, tap, under, patterns)
            if number % 10 == 9:
                say(f"  {number + 1} of {sessions} sessions, {sum(patterns.counts.values())} patterns")
    return elsewhere


def _is_in(found: list[Found], folder: str) -> bool:
    return any(folder in one.file.parts for one in found)


def passed(result: dict[str, Any]) -> bool:
    """Whether what was planted was found, the sealed position where it belongs, and nothing else."""
    searched = result["planted_found"] and result["sealed_found"] and not result["written_elsewhere"]
    return bool(searched and not result["sealed_in_wal_or_backup"] and result["found"] == 0)


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=100)
    result = asyncio.run(campaign(parser.parse_args().sessions))
    tell(json.dumps(result))
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
